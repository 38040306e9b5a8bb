"""Ten networks of 200 epochs, TensorFlow's start included: ours beside `model.fit`, one network."""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import time
from typing import Any

import numpy as np

from analysis_lib.files import PROJECT

EPOCHS, NETWORKS = 200, 10


def measure(rounds: int = 3) -> dict[str, Any]:
    """Time both in turn, as whole processes; return seconds of every round and the ratio.

    The peer trains one network, as notebooks do; the ratio is of the times per network.
    """
    seconds: dict[str, list[float]] = {"peer": [], "ours": []}
    for _ in range(rounds):
        for who, spent in seconds.items():
            spent.append(_timed(who))
    medians = {name: statistics.median(values) for name, values in seconds.items()}
    return {
        "what": f"{NETWORKS} networks, {EPOCHS} epochs of 30 patients, whole processes",
        "peer": "one network by keras.Model.fit (ratio per network)",
        "seconds": seconds,
        "medians": medians,
        "ratio": medians["ours"] / NETWORKS / medians["peer"],
    }


def rows() -> tuple[np.ndarray, np.ndarray]:
    """Return inputs as the study's are: 38 patients on 26 components of falling variance."""
    draws = np.random.default_rng(0)
    y = np.arange(38) % 2
    return draws.normal(size=(38, 26)) * np.linspace(30, 5, 26) + y[:, None], y


def ours() -> None:
    """Train ten networks and watch eight patients."""
    from analysis_lib.models.network import Network  # noqa: PLC0415  (each pays for its own)

    X, y = rows()
    network = Network((32, 16), epochs=EPOCHS, batch_size=8, seeds=range(NETWORKS))
    network.fit(X[:30], y[:30], validation=(X[30:], y[30:]))


def peer() -> None:
    """Train one network of the same design and watch the same patients."""
    from tensorflow import keras  # noqa: PLC0415  (each pays for its own)

    X, y = rows()
    dense = keras.layers.Dense
    model = keras.Sequential(
        [keras.Input((26,)), dense(32, "relu"), dense(16, "relu"), dense(1, "sigmoid")]
    )
    model.compile("adam", "binary_crossentropy", metrics=["accuracy"])
    watched = X[30:], y[30:]
    model.fit(X[:30], y[:30], validation_data=watched, epochs=EPOCHS, batch_size=8, verbose=0)


def _timed(who: str) -> float:
    started = time.perf_counter()
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "PYTHONPATH": str(PROJECT)}
    subprocess.run(
        [sys.executable, __file__, "--only", who],
        env=environment,
        stderr=subprocess.DEVNULL,
        check=True,
    )
    return time.perf_counter() - started


def main() -> None:
    """Measure from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", choices=["ours", "peer"], help="do one of the two, once")
    asked = parser.parse_args()
    if asked.only:
        {"ours": ours, "peer": peer}[asked.only]()
    else:
        print(measure(asked.rounds))


if __name__ == "__main__":
    main()

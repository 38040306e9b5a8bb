"""Ten networks, one for each seed: ours, which trains them together, beside `model.fit` in a loop.

Whole processes, TensorFlow's start included. The peer trains one network and says how long that
took; its start is counted once and its network ten times, since every network is a model of its own
that TensorFlow traces anew.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator

import numpy as np

from benchmarks.harness import Claim, Way, printed, whole

EPOCHS, NETWORKS = 200, 10
MODULE = (sys.executable, "-m", "benchmarks.train_networks")
RIGHT = 0.8
"""The accuracy on the patients they were trained on that both must reach."""


def claims(*, quick: bool) -> Iterator[Claim]:
    """Yield the claim about networks."""
    epochs = 5 if quick else EPOCHS

    def command(who: str) -> list[str]:
        return [*MODULE, who, "--epochs", str(epochs)]

    def peer() -> float:
        started = time.perf_counter()
        trained = float(printed(command("peer")).split()[0])
        return time.perf_counter() - started + (NETWORKS - 1) * trained

    def check() -> None:
        for who in () if quick else ("ours", "peer"):  # few epochs teach nothing
            accuracy = float(printed(command(who)).split()[1])
            if accuracy < RIGHT:
                raise ValueError(f"{who} learned nothing: accuracy {accuracy:.2f}")

    yield Claim(
        "train_networks",
        "Ten networks",
        f"{NETWORKS} networks, {epochs} epochs of 30 patients, TensorFlow's start included",
        "s",
        Way("Network.fit of ten seeds", whole(command("ours"))),
        [Way("model.fit, ten times", peer)],
        check,
        rounds=1 if quick else 5,
        notes=lambda: ["The peer trains one network, and the time of it is counted ten times."],
    )


def rows() -> tuple[np.ndarray, np.ndarray]:
    """Return inputs as the study's are: 38 patients on 26 components of falling variance."""
    draws = np.random.default_rng(0)
    y = np.arange(38) % 2
    return draws.normal(size=(38, 26)) * np.linspace(30, 5, 26) + y[:, None], y


def ours(epochs: int) -> float:
    """Train ten networks, watch eight patients, and return the accuracy on the others."""
    from analysis_lib.models.network import Network  # noqa: PLC0415  (each pays for its own)

    X, y = rows()
    network = Network((32, 16), epochs=epochs, batch_size=8, seeds=range(NETWORKS))
    network.fit(X[:30], y[:30], validation=(X[30:], y[30:]))
    return float((network.predict(X[:30]) == y[:30]).mean())


def peer(epochs: int) -> float:
    """Train one network of the same design, watch the same patients, and return its accuracy."""
    from tensorflow import keras  # noqa: PLC0415  (each pays for its own)

    X, y = rows()
    dense = keras.layers.Dense
    model = keras.Sequential(
        [keras.Input((26,)), dense(32, "relu"), dense(16, "relu"), dense(1, "sigmoid")]
    )
    model.compile("adam", "binary_crossentropy", metrics=["accuracy"])
    watched = X[30:], y[30:]
    model.fit(X[:30], y[:30], validation_data=watched, epochs=epochs, batch_size=8, verbose=0)
    return float(((model(X[:30]).numpy()[:, 0] > 0.5) == y[:30]).mean())


def main() -> None:
    """Do one of the two, once, and print the seconds of the training, and the accuracy."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("who", choices=["ours", "peer"])
    parser.add_argument("--epochs", type=int, default=EPOCHS)
    asked = parser.parse_args()
    if asked.who == "peer":
        import tensorflow  # noqa: F401, PLC0415  (its start is not the training's)
    started = time.perf_counter()
    accuracy = {"ours": ours, "peer": peer}[asked.who](asked.epochs)
    print(time.perf_counter() - started, accuracy)


if __name__ == "__main__":
    main()

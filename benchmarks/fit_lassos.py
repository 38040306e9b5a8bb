"""Fit one Lasso per gene, penalties cross-validated, beside scikit-learn one gene at a time.

48 samples, 15 features that go together, four folds, 100 penalties per gene. Ours fits all genes;
the peers fit some of them, in the same rounds, and their times are scaled to all. Compiled code is
loaded before anything is timed; how long that takes, and how long compiling took, is measured in
processes of their own, and so is the memory of a million genes.

    python benchmarks/fit_lassos.py --genes 12205 --rounds 5
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from analysis_lib.files import PROJECT
from analysis_lib.models.batch import bar
from analysis_lib.models.lasso import BatchLassoCV
from analysis_lib.models.lasso_paths import threads

SAMPLES, FEATURES, GENES, MANY = 48, 15, 12_205, 1_000_000
ROUNDS = 5
PEER_GENES = {
    "LassoCV": 10,
    "LassoCV, its own tol": 10,
    "LassoLarsCV": 50,
    "ours, coordinate descent": 50,
}
Tables = tuple[np.ndarray, np.ndarray]


def measure(rounds: int = ROUNDS, genes: int = GENES) -> dict[str, Any]:
    """Return the seconds of all in turn (peers scaled), and what compiling and memory cost."""
    X, Y = tables(genes)
    _check_equal(X, Y)
    ways: dict[str, Callable[[np.ndarray], Any]] = {
        "LassoCV": lambda Y: _lasso_cv(X, Y),
        "LassoCV, its own tol": lambda Y: _lasso_cv(X, Y, tol=1e-4),
        "LassoLarsCV": lambda Y: _lars_cv(X, Y),
        "ours, coordinate descent": lambda Y: _ours(X, Y, "descent"),
        "ours": lambda Y: _ours(X, Y),
    }
    draw = np.random.default_rng(1)
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, fit in ways.items():
            count = min(PEER_GENES.get(name, genes), genes)
            some = np.ascontiguousarray(Y[:, draw.choice(genes, count, replace=False)])
            seconds[name].append(_timed(lambda fit=fit, some=some: fit(some)) * genes / count)
    medians = {name: statistics.median(times) for name, times in seconds.items()}
    some_of = ", ".join(f"{name} {count}" for name, count in PEER_GENES.items())
    return {
        "what": f"{genes:,} Lassos with cross-validated penalties",
        "peer": "sklearn.linear_model.LassoCV to the same tolerance, gene by gene on one thread",
        "seconds": seconds,
        "medians": medians,
        "ratio": medians["ours"] / medians["LassoCV"],
        "notes": [
            f"ours on {threads()} threads; genes timed per round and scaled to all: {some_of}",
            *(
                f"{name} takes {medians[name] / medians['ours']:,.0f} times as long as ours"
                for name in PEER_GENES
            ),
            *_first_calls(),
            _memory(),
        ],
    }


def tables(genes: int, seed: int = 42) -> Tables:
    """Return features made of four hidden ones, in many units, and genes, of which half depend."""
    draws = np.random.default_rng(seed)
    hidden = draws.normal(size=(SAMPLES, 4))
    X = hidden @ draws.normal(size=(4, FEATURES)) + 0.4 * draws.normal(size=(SAMPLES, FEATURES))
    X = X * np.geomspace(0.01, 80, FEATURES) + np.linspace(-70, 200, FEATURES)
    Y = draws.normal(size=(SAMPLES, genes))
    for part in np.array_split(np.arange(genes), max(genes // 10_000, 1)):
        Y[:, part] += hidden @ (draws.normal(size=(4, len(part))) * (part % 2))
    return X, Y


def first_call() -> None:
    """Print the seconds until the first gene is fitted, numba's import included."""
    X, Y = tables(4)
    started = time.perf_counter()
    _ours(X, Y)
    print(time.perf_counter() - started)


def many() -> None:
    """Fit a million genes; print the seconds and the peak of the memory in gigabytes."""
    X, Y = tables(MANY)
    started = time.perf_counter()
    with bar() as progress:
        BatchLassoCV(standardize=False, keep_path=False, progress=progress).fit(X, Y)
    spent = time.perf_counter() - started
    print(
        f"{MANY:,} genes in {spent:.1f} s, at most {_peak():.2f} GB, {Y.nbytes / 1e9:.2f} the genes"
    )


def _peak() -> float:
    """Return the most memory this process has held, in gigabytes."""
    status = Path("/proc/self/status")
    if not status.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e9  # bytes on macOS
    # Not getrusage: on Linux that counts what the process held that started this one.
    (line,) = [each for each in status.read_text().splitlines() if each.startswith("VmHWM")]
    return int(line.split()[1]) * 1024 / 1e9


def _ours(X: np.ndarray, Y: np.ndarray, solver: Any = "homotopy") -> BatchLassoCV:
    return BatchLassoCV(standardize=False, solver=solver).fit(X, Y)


def _lasso_cv(X: np.ndarray, Y: np.ndarray, tol: float = 1e-8) -> list[Any]:
    from sklearn.linear_model import LassoCV  # noqa: PLC0415  (other processes need none)

    return [LassoCV(alphas=100, cv=4, tol=tol, max_iter=1_000_000).fit(X, y) for y in Y.T]


def _lars_cv(X: np.ndarray, Y: np.ndarray) -> list[Any]:
    from sklearn.linear_model import LassoLarsCV  # noqa: PLC0415  (other processes need none)

    return [LassoLarsCV(cv=4).fit(X, y) for y in Y.T]


def _check_equal(X: np.ndarray, Y: np.ndarray) -> None:
    ours = _ours(X, Y[:, :5])
    for gene, theirs in enumerate(_lasso_cv(X, Y[:, :5])):
        np.testing.assert_allclose(ours.alpha_[gene], theirs.alpha_, rtol=1e-10)
        np.testing.assert_allclose(ours.coef_[gene] * X.std(0), theirs.coef_ * X.std(0), atol=1e-6)


def _first_calls() -> list[str]:
    with tempfile.TemporaryDirectory() as folder:
        compiled, loaded = (float(_alone("first-call", NUMBA_CACHE_DIR=folder)) for _ in range(2))
    return [f"first call {compiled:.1f} s when it compiles, once; {loaded:.1f} s from then on"]


def _memory() -> str:
    return _alone("many").strip()


def _alone(part: str, **environment: str) -> str:
    done = subprocess.run(
        [sys.executable, __file__, "--only", part],
        env={**os.environ, "PYTHONPATH": str(PROJECT), **environment},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return done.stdout


def _timed(fit: Callable[[], Any]) -> float:
    started = time.perf_counter()
    fit()
    return time.perf_counter() - started


def main() -> None:
    """Measure and print, or do one part alone."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--genes", type=int, default=GENES)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--only", choices=["first-call", "many"], help="one part, in this process")
    asked = parser.parse_args()
    if asked.only:
        {"first-call": first_call, "many": many}[asked.only]()
        return
    result = measure(asked.rounds, asked.genes)
    print(result["what"])
    for name, times in result["seconds"].items():
        low, high = min(times), max(times)
        print(f"  {name}: median {result['medians'][name]:.3f} s (from {low:.3f} to {high:.3f})")
    for note in result["notes"]:
        print(f"  {note}")


if __name__ == "__main__":
    main()

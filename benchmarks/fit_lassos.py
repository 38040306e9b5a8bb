"""Fit one Lasso per gene, penalties cross-validated, beside others that take gene by gene.

48 samples, 15 features that go together, four folds, 100 penalties per gene. Ours fits all genes;
the peers fit some of them, in the same rounds, and their times are scaled to all. Compiled code is
loaded before anything is timed; how long that takes, and how long compiling took, is measured in
processes of their own, and so is the memory of a million genes.
"""

from __future__ import annotations

import argparse
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from analysis_lib.models.batch import bar
from analysis_lib.models.lasso import BatchLassoCV
from analysis_lib.models.lasso_paths import threads
from benchmarks import peers
from benchmarks.harness import Claim, Way, printed, timed

SAMPLES, FEATURES, GENES = 48, 15, 12_205
MANY = (1_000, 10_000, 100_000, 1_000_000)
QUICK_GENES = 50
TOL = 1e-8
Tables = tuple[np.ndarray, np.ndarray]


def claims(*, quick: bool) -> Iterator[Claim]:
    """Yield the claim about Lasso models."""
    genes, few = (QUICK_GENES, 2) if quick else (GENES, 10)
    X, Y = tables(genes)
    scaled = (X - X.mean(0)) / X.std(0)  # celer wants features of one size
    draw = np.random.default_rng(1)

    def some(count: int) -> np.ndarray:
        return np.ascontiguousarray(Y[:, draw.choice(genes, count, replace=False)])

    def in_part(fit: Callable[[np.ndarray], Any], count: int) -> Callable[[], float]:
        def cost() -> float:
            part = some(count)
            return timed(lambda: fit(part), genes / count)()

        return cost

    others = {
        "LassoCV": (lambda part: _lasso_cv(X, part), few),
        "LassoCV, its own tolerance": (lambda part: _lasso_cv(X, part, tol=1e-4), few),
        "LassoLarsCV": (lambda part: _lars_cv(X, part), 5 * few),
    }
    inputs = {"X": scaled, "Y": Y[:, :few], "tol": np.array(TOL)}
    with peers.at_work(peers.CELER, inputs, "lasso", install=not quick) as worker:
        there, absent = peers.ways(worker)
        there = [Way(way.name, lambda way=way: way.cost() * genes / few) for way in there]

        def check() -> None:
            _check_equal(X, Y)
            if isinstance(worker, peers.Worker):
                found, ours = worker.result(), _ours(scaled, Y[:, :few])
                np.testing.assert_allclose(ours.alpha_, found["alpha"], rtol=1e-6)
                np.testing.assert_allclose(ours.coef_, found["coef"], atol=1e-3)

        yield Claim(
            "fit_lassos",
            "Lasso of all genes",
            f"{genes:,} Lassos of {SAMPLES} samples × {FEATURES} features, penalties by "
            "cross-validation",
            "s",
            Way("BatchLassoCV", timed(lambda: _ours(X, Y))),
            [*(Way(name, in_part(*fit)) for name, fit in others.items()), *there],
            check,
            rounds=1 if quick else 5,
            absent=absent,
            notes=lambda: [
                f"Ours on {threads()} threads. Peers fit {few} genes a round (LassoLarsCV "
                f"{5 * few}), and the time is scaled to all.",
                *([] if quick else [*_first_calls(), *_growth()]),
            ],
        )


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


def many(genes: int) -> None:
    """Fit so many genes; print the seconds and the peak of the memory in gigabytes."""
    _ours(*tables(4))  # what is compiled is loaded before the clock runs
    X, Y = tables(genes)
    started = time.perf_counter()
    with bar() as progress:
        BatchLassoCV(standardize=False, keep_path=False, progress=progress).fit(X, Y)
    spent = time.perf_counter() - started
    print(
        f"{genes:,} genes in {spent:.2f} s, at most {_peak():.2f} GB, "
        f"of which {Y.nbytes / 1e9:.2f} are the genes."
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


def _lasso_cv(X: np.ndarray, Y: np.ndarray, tol: float = TOL) -> list[Any]:
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
        compiled, loaded = (float(_alone("first", NUMBA_CACHE_DIR=folder)) for _ in range(2))
    return [
        f"Its first call takes {compiled:.1f} s when it compiles, once; {loaded:.1f} s after that."
    ]


def _growth() -> list[str]:
    return [_alone("many", str(genes)).strip() for genes in MANY]


def _alone(*words: str, **environment: str) -> str:
    return printed([sys.executable, "-m", "benchmarks.fit_lassos", *words], **environment)


def main() -> None:
    """Do one part alone, in this process."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("part", choices=["first", "many"])
    parser.add_argument("genes", type=int, nargs="?", default=1_000_000)
    asked = parser.parse_args()
    if asked.part == "first":
        first_call()
    else:
        many(asked.genes)


if __name__ == "__main__":
    main()

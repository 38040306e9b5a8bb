"""Counts to log2(CPM + 1): ours on a sparse matrix beside a loop over cells in pandas.

The peer is what public notebooks do: a dense table, one cell at a time. Both normalise the same
counts, of the shape of GSE71585 and with as many zeros, in turns and in one process.

    python benchmarks/normalise_counts.py --rounds 5
"""

from __future__ import annotations

import argparse
import gc
import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse

from analysis_lib.datasets.counts import log_cpm

CELLS, GENES, ZEROS = 1_809, 24_057, 0.7
ROUNDS = 5


def measure(rounds: int = ROUNDS, cells: int = CELLS) -> dict[str, Any]:
    """Return the seconds of both, their medians and the ratio ours / peer."""
    values = counts(cells)
    table = pd.DataFrame(values.toarray().T)  # genes in rows, as such tables are published
    ways: dict[str, Callable[[], Any]] = {
        "peer": lambda: cell_by_cell(table),
        "ours": lambda: log_cpm(values),
    }
    # What is compared must be the same numbers.
    np.testing.assert_allclose(ways["ours"]().toarray().T, ways["peer"]().to_numpy(), rtol=1e-12)
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, normalise in ways.items():
            seconds[name].append(_timed(normalise))
    medians = {name: statistics.median(times) for name, times in seconds.items()}
    return {
        "what": f"log2(CPM + 1) of {cells:,} cells × {GENES:,} genes, {ZEROS:.0%} zeros",
        "peer": "a loop over cells in pandas",
        "rounds": rounds,
        "seconds": seconds,
        "medians": medians,
        "ratio": medians["ours"] / medians["peer"],
    }


def counts(cells: int) -> sparse.csr_array:
    """Return counts of cells by genes, most of them zero."""
    random = np.random.default_rng(42)
    values = np.floor(random.lognormal(4, 2, (cells, GENES)))
    values[random.random(values.shape) < ZEROS] = 0
    return sparse.csr_array(values)


def cell_by_cell(table: pd.DataFrame) -> pd.DataFrame:
    """Normalise one column after the other, as the public notebook does."""
    logged = {}
    for cell in table.columns:
        column = table[cell]
        cpm = column / column.sum() * 1e6
        logged[cell] = np.log2(cpm + 1)
    return pd.DataFrame(logged)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--cells", type=int, default=CELLS)
    options = parser.parse_args()
    result = measure(options.rounds, options.cells)
    print(f"{result['what']}, {result['rounds']} rounds in turns")
    for name, times in result["seconds"].items():
        print(
            f"  {name}: median {result['medians'][name]:.3f} s"
            f" (from {min(times):.3f} to {max(times):.3f})"
        )
    print(f"  ours / peer: {result['ratio']:.3f}")


def _timed(normalise: Callable[[], Any]) -> float:
    gc.collect()
    start = time.perf_counter()
    normalise()
    return time.perf_counter() - start


if __name__ == "__main__":
    main()

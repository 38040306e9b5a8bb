"""Counts to log2(CPM + 1): ours on a sparse matrix beside a loop over cells, and scanpy's recipe.

The loop is what public notebooks do: a dense table in pandas, one cell at a time. All normalise the
same counts, of the shape of GSE71585 and with as many zeros.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
from scipy import sparse

from analysis_lib.datasets.counts import log_cpm
from benchmarks import peers
from benchmarks.harness import Claim, Way, timed

CELLS, GENES, ZEROS = 1_809, 24_057, 0.7
QUICK_CELLS = 40


def claims(*, quick: bool) -> Iterator[Claim]:
    """Yield the claim about the normalisation of counts."""
    cells = QUICK_CELLS if quick else CELLS
    values = counts(cells)
    table = pd.DataFrame(values.toarray().T)  # genes in rows, as such tables are published
    parts = {"data": values.data, "indices": values.indices, "indptr": values.indptr}
    inputs = {**parts, "shape": np.array(values.shape)}
    with peers.at_work(peers.SCANPY, inputs, "cpm", install=not quick) as worker:
        there, absent = peers.ways(worker)

        def check() -> None:
            ours = log_cpm(values)
            np.testing.assert_allclose(ours.toarray().T, cell_by_cell(table), rtol=1e-12)
            if isinstance(worker, peers.Worker):  # its logarithm is the natural one
                np.testing.assert_allclose(ours.data * np.log(2), worker.result()["found"])

        yield Claim(
            "normalise_counts",
            "Normalising counts",
            f"log2(CPM + 1) of {cells:,} cells × {GENES:,} genes, {ZEROS:.0%} of them zero",
            "s",
            Way("log_cpm, sparse", timed(lambda: log_cpm(values))),
            [Way("a loop over cells in pandas", timed(lambda: cell_by_cell(table))), *there],
            check,
            rounds=1 if quick else 5,
            absent=absent,
        )


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

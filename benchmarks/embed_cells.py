"""Cells in the plane: ours beside UMAP as notebooks call it, and scanpy's recipe.

1,809 cells of eight planted types on their 2,000 most variable genes. The pictures are not the
same; all of them must keep the types together.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis_lib.embedding import neighbour_purity
from analysis_lib.embedding.components import components
from analysis_lib.embedding.maps import umap_of
from benchmarks import peers
from benchmarks.harness import Claim, Way, timed

CELLS, GENES, TYPES = 1_809, 2_000, 8
QUICK_CELLS, QUICK_GENES = 120, 60
COMPONENTS, NEIGHBOURS, SEED = 50, 15, 42
TOGETHER = 0.95
"""The share of a cell's neighbours in the picture that must be of its type."""

Points = NDArray[np.float64]


def claims(*, quick: bool) -> Iterator[Claim]:
    """Yield the claim about the embedding of cells."""
    table, types = cells(QUICK_CELLS, QUICK_GENES) if quick else cells(CELLS, GENES)
    values = table.to_numpy()
    with peers.at_work(peers.SCANPY, {"values": values}, "embedding", install=not quick) as worker:
        there, absent = peers.ways(worker)

        def check() -> None:
            found = [ours(table), plain(values)]
            found += [worker.result()["found"]] if isinstance(worker, peers.Worker) else []
            for points in found:
                if (purity := neighbour_purity(points, types, 5)) < TOGETHER:
                    raise ValueError(f"a picture tears the types apart: purity {purity:.3f}")

        yield Claim(
            "embed_cells",
            "Cells in the plane",
            f"UMAP of {len(table):,} cells × {values.shape[1]:,} genes",
            "s",
            Way("UMAP of components", timed(lambda: ours(table))),
            [Way("umap.UMAP of standardised genes", timed(lambda: plain(values))), *there],
            check,
            rounds=1 if quick else 5,
            absent=absent,
            notes=lambda: [
                "All with a seed, for which UMAP works in one thread; ours is the same picture "
                "with any number of threads."
            ],
        )


def cells(rows: int, genes: int) -> tuple[pd.DataFrame, Points]:
    """Return logarithms of expression, and the type of every cell."""
    draws = np.random.default_rng(SEED)
    types = np.arange(rows) % TYPES
    values = draws.normal(size=(TYPES, genes))[types] + draws.normal(size=(rows, genes))
    names = [f"gene{number}" for number in range(genes)]
    return pd.DataFrame(values, columns=names), types


def ours(table: pd.DataFrame) -> Points:
    """Return the picture that the report draws."""
    return umap_of(components(table, COMPONENTS), SEED, NEIGHBOURS, "pca")


def plain(values: Points) -> Points:
    """Return the picture that a public notebook draws."""
    from sklearn.preprocessing import StandardScaler  # noqa: PLC0415  (compiles when imported)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of its progress bars, and that a seed means one thread
        from umap import UMAP  # noqa: PLC0415  (compiles when imported)

        scaled = StandardScaler().fit_transform(values)
        model: Callable[..., Points] = UMAP(n_neighbors=NEIGHBOURS, random_state=SEED).fit_transform
        return model(scaled)

"""scanpy at work in an environment of its own: see `peers.py`. Nothing of this project is there."""

from __future__ import annotations

import json
import sys
import time
from importlib import metadata

import numpy as np
import scanpy
from anndata import AnnData
from scipy import sparse

SEED = 42


def cpm(counts: sparse.csr_matrix) -> sparse.csr_matrix:
    """Return log(CPM + 1) by scanpy's recipe."""
    cells = AnnData(counts.copy())
    scanpy.pp.normalize_total(cells, target_sum=1e6)
    scanpy.pp.log1p(cells)
    return cells.X


def embedding(values: np.ndarray) -> np.ndarray:
    """Return cells in the plane by scanpy's recipe: scale, components, neighbours, UMAP."""
    cells = AnnData(values.copy())
    scanpy.pp.scale(cells)
    scanpy.pp.pca(cells, n_comps=min(50, min(values.shape) - 1), random_state=SEED)
    scanpy.pp.neighbors(cells, n_neighbors=15, random_state=SEED)
    scanpy.tl.umap(cells, random_state=SEED)
    return cells.obsm["X_umap"]


def main() -> None:
    """Do the work named on the command line whenever a line comes."""
    with np.load(sys.argv[1], allow_pickle=False) as inputs:
        given = dict(inputs)
    if sys.argv[2] == "cpm":
        parts = given["data"], given["indices"], given["indptr"]
        counts = sparse.csr_matrix(parts, shape=tuple(given["shape"]))
        work = cpm, counts
    else:
        work = embedding, given["values"]
    print(json.dumps({"name": "scanpy", "version": metadata.version("scanpy")}), flush=True)
    for line in sys.stdin:
        started = time.perf_counter()
        found = work[0](work[1])
        seconds = time.perf_counter() - started
        if path := line.strip():
            np.savez(path, found=found.data if work[0] is cpm else found)
        print(json.dumps({"seconds": seconds}), flush=True)


if __name__ == "__main__":
    main()

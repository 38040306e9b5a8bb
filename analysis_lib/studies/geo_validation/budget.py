"""How much memory the counts may take, and how much of them can be worked on at a time."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from analysis_lib.errors import ParameterError

if TYPE_CHECKING:
    from scipy import sparse

_UNITS = {"M": 2**20, "G": 2**30}

_TABLES = 4
"""A map's table of cells by genes, and what its components are computed in: so many at a time."""


def size(words: str) -> int:
    """Return the bytes that a size such as 4G or 900M stands for.

    Examples
    --------
    >>> size("4G") == size("4096M") == 4 * 2**30
    True
    """
    return int(words[:-1]) * _UNITS[words[-1]]


def values_at_once(values: sparse.csr_array, words: str, top_genes: int) -> int:
    """Return how many values of the counts to work on at a time.

    The counts themselves are kept, and the dense table of the genes that a map sees; what the
    budget leaves beside them is for what is made of the counts some cells at a time.

    Parameters
    ----------
    values : csr_array
        Counts, cells × genes.
    words : str
        The budget, see `size`.
    top_genes : int
        How many genes a map sees at most.

    Raises
    ------
    ParameterError
        When the budget is too small, with the least that is enough.
    """
    from analysis_lib.datasets.counts import blocks, profiles

    cells, genes = values.shape
    kept = sum(part.nbytes for part in (values.data, values.indices, values.indptr))
    table = 8 * cells * min(top_genes, genes)
    fullest = int((values.indptr[1:] - values.indptr[:-1]).max())
    least = kept + max(_TABLES * table, table + profiles.BYTES_PER_VALUE * fullest)
    if size(words) < least:
        enough = f"{math.ceil(least / _UNITS['M']):,}".replace(",", "") + "M"
        raise ParameterError(
            "The budget is too small for these counts.",
            where="memory_budget",
            expected=f"at least {enough}: {_mb(kept)} for the counts of {cells:,} cells × "
            f"{genes:,} genes, {_mb(least - kept)} to work on them",
            got=words,
            remedy=f"Give more (memory_budget={enough}), or let maps see fewer genes (top_genes).",
        )
    left = size(words) - kept - table
    return int(min(left // profiles.BYTES_PER_VALUE, blocks.VALUES))


def _mb(taken: int) -> str:
    return f"{math.ceil(taken / _UNITS['M']):,} MB"

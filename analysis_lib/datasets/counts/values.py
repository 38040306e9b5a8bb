"""What counts must be, and what is made of repeated genes and of cells without counts."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from analysis_lib.datasets.counts.blocks import pieces_of, renamed
from analysis_lib.datasets.counts.tables import Matrix
from analysis_lib.datasets.identifiers import counted, examples
from analysis_lib.errors import TableError

HIGHEST = 2.0**53
"""Beyond, not every whole number is a float64."""

HIGHEST_LOG = 25.0
"""The log2 of 33 million: no logarithm of a count, or of one per million, is higher."""

MOST_EMPTY = 0.05
"""More cells without any count than this share are no accident."""


def is_count(values: NDArray[np.float64]) -> bool:
    """Tell whether all values can be counts, estimated ones included."""
    return not len(values) or bool(values.min() >= 0 and values.max() <= HIGHEST)


def estimated(values: NDArray[np.float64]) -> int:
    """Return how many values are no whole numbers."""
    return sum(int(np.count_nonzero(part != np.floor(part))) for part in pieces_of(values))


def checked(matrix: Matrix, where: str) -> tuple[sparse.csr_array, pd.Index, list[str]]:
    """Return counts by cells and distinct genes, and what is to be said of them.

    The values of the matrix are used up where a gene repeats.

    Raises
    ------
    TableError
        When a value is missing, infinite, negative or too high, or when the values look like
        logarithms.
    """
    values = matrix.values
    _refuse_other_than_counts(matrix)
    notes = []
    fractions = estimated(values.data)
    if fractions:
        _refuse_logarithms(values.data, fractions, where)
        notes.append(
            f"{fractions:,} of {values.nnz:,} counts above zero are no whole numbers: they are "
            "estimates, and are used as they are."
        )
    codes, genes = pd.factorize(pd.Series(matrix.genes, dtype="str"))
    if len(genes) < len(codes):
        notes.append(_repeats(matrix.genes))
        values = renamed(values, codes, len(genes))
    return values, pd.Index(genes, dtype="str", name="gene"), notes


def with_counts(
    values: sparse.csr_array, cells: Sequence[str], where: str
) -> tuple[NDArray[np.intp], list[str]]:
    """Return the positions of the cells that have any count, and what is said of the others.

    A cell without a single count cannot be normalised. One now and then is an empty well, and
    is left out; many are the sign of another mistake.
    """
    full = values.sum(axis=1) > 0
    empty = [cell for cell, some in zip(cells, full, strict=True) if not some]
    if len(empty) > max(1, MOST_EMPTY * len(cells)) or len(empty) == len(cells):
        raise TableError(
            f"{counted(len(empty), 'cell', 'has')} no count in any gene.",
            where=where,
            expected=f"counts in nearly all of the {len(cells):,} cells",
            got=examples(empty),
            remedy="Leave these cells out; or were genes left out that they do express?",
        )
    notes = []
    if empty:
        notes.append(
            f"{counted(len(empty), 'cell', 'has')} no count in any gene and "
            f"{'is' if len(empty) == 1 else 'are'} left out ({examples(empty)})."
        )
    return np.flatnonzero(full), notes


def _refuse_other_than_counts(matrix: Matrix) -> None:
    data = matrix.values.data
    if is_count(data):
        return
    wrong = np.flatnonzero(~((data >= 0) & (data <= HIGHEST)))
    cells = np.searchsorted(matrix.values.indptr, wrong, side="right") - 1
    genes = matrix.values.indices[wrong]
    first = np.lexsort((cells, genes))[0]  # genes are in rows as a rule: the first in the file
    value = float(data[wrong[first]])
    raise TableError(
        f"{counted(len(wrong), 'value', 'is')} {_kind(data[wrong])}.",
        where=matrix.place(int(cells[first]), int(genes[first])),
        expected="a count: a number from 0",
        got="a missing value" if np.isnan(value) else repr(value),
        remedy="Correct the table; where nothing was counted, write 0.",
    )


def _kind(wrong: NDArray[np.float64]) -> str:
    if np.isnan(wrong).all():
        return "missing"
    if (wrong < 0).all():
        return "negative"
    return "no count"


def _refuse_logarithms(data: NDArray[np.float64], fractions: int, where: str) -> None:
    highest = float(data.max())
    if highest <= HIGHEST_LOG and fractions > len(data) / 2:
        raise TableError(
            "The values look like logarithms, not like counts.",
            where=where,
            expected="counts as they were before they were normalised",
            got=f"{fractions:,} of {len(data):,} values above zero are no whole numbers, and "
            f"none is above {highest:.3g}",
            remedy="Give the table of counts.",
        )


def _repeats(genes: Sequence[str]) -> str:
    names = pd.Series(genes, dtype="str")
    again = names[names.duplicated()].unique().tolist()
    return (
        f"{counted(len(again), 'gene', 'stands')} in the table more than once "
        f"({examples(again)}): the counts of one name are added together."
    )

"""From counts to log2(CPM + 1), to the mean of every line, to the genes that vary most."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from analysis_lib.datasets.counts.blocks import VALUES, in_blocks
from analysis_lib.datasets.identifiers import counted
from analysis_lib.errors import ParameterError

if TYPE_CHECKING:
    from analysis_lib.datasets.counts import Counts

BYTES_PER_VALUE = 48
"""What a value takes at most while it is worked on, in the arrays that are made of it."""


@dataclass(frozen=True)
class LogCpm:
    """log2(CPM + 1) of some cells, made of their counts some cells at a time and not kept.

    However many cells are taken at a time, what is summed over them is summed in their order,
    and every result is the same to the last bit.

    Parameters
    ----------
    values : csr_array
        Counts, cells × genes.
    cells : array of int
        The positions of the cells in question.
    at_once : int
        How many values are worked on at a time, about; those of one cell at least.
    """

    values: sparse.csr_array
    cells: NDArray[np.intp]
    at_once: int = VALUES

    def __iter__(self) -> Iterator[sparse.csr_array]:
        """Yield the cells in order, some at a time."""
        for cells in in_blocks(self.values, self.cells, self.at_once):
            yield _logged(self.values[cells])

    @property
    def shape(self) -> tuple[int, int]:
        """How many cells and genes."""
        return len(self.cells), self.values.shape[1]

    def of(self, genes: NDArray[np.intp]) -> NDArray[np.float64]:
        """Return some genes of all cells, dense."""
        found, at = np.zeros((len(self.cells), len(genes))), 0
        for block in self:
            found[at : at + block.shape[0]] = block[:, genes].toarray()
            at += block.shape[0]
        return found


def log_cpm(values: sparse.csr_array) -> sparse.csr_array:
    """Return log2(CPM + 1): counts per million of a cell's counts. Zeros stay zeros.

    Parameters
    ----------
    values : csr_array
        Counts, cells × genes.

    Examples
    --------
    >>> log_cpm(sparse.csr_array([[1.0, 3.0, 0.0]])).toarray().round(2)
    array([[17.93, 19.52,  0.  ]])
    """
    return _logged(sparse.csr_array(values, dtype=np.float64, copy=True))


def _logged(logged: sparse.csr_array) -> sparse.csr_array:
    """Turn counts into log2(CPM + 1) in the place where they are."""
    logged.sum_duplicates()
    totals = logged.sum(axis=1)
    empty = int(np.count_nonzero(~(totals > 0)))
    if empty:
        raise ParameterError(
            f"{counted(empty, 'cell', 'has')} no counts to normalise by.",
            where="values",
            expected="some count in each of the " + counted(len(totals), "cell"),
            remedy="Leave those cells out.",
        )
    data = logged.data
    data /= np.repeat(totals, np.diff(logged.indptr))
    data *= 1e6
    data += 1.0
    np.log2(data, out=data)
    return logged


def line_means(
    data: Counts,
    chosen: NDArray[np.bool_] | None = None,
    *,
    least: int = 1,
    at_once: int = VALUES,
) -> pd.DataFrame:
    """Return each line's mean log2(CPM + 1), lines × genes.

    Parameters
    ----------
    chosen : array of bool, optional
        The cells to use, see `passed`; all, where not given.
    least : int
        Lines with fewer of these cells are left out, as are cells of no known line.
    at_once : int
        How many values are worked on at a time, see `LogCpm`.

    Raises
    ------
    ParameterError
        When no line has so many cells.
    """
    line = data.about["line"].to_numpy(object)
    used = (line != "") if chosen is None else (line != "") & chosen
    names, codes, sizes = np.unique(line[used], return_inverse=True, return_counts=True)
    enough = sizes >= least
    if not enough.any():
        most = f"{names[sizes.argmax()]} has {sizes.max():,}" if len(names) else "no cell at all"
        raise ParameterError(
            f"No line has {counted(least, 'cell')} or more.",
            where="least",
            got=f"{least}; of {counted(len(names), 'line')}, {most}",
            remedy="Ask for fewer cells.",
        )
    sums = np.zeros((len(names), data.values.shape[1]))
    of = iter(codes)
    for block in LogCpm(data.values, np.flatnonzero(used), at_once):
        for start, end in pairwise(block.indptr):
            sums[next(of), block.indices[start:end]] += block.data[start:end]
    index = pd.Index(names[enough], dtype="str", name="line")
    return pd.DataFrame(sums[enough] / sizes[enough, None], index, data.genes)


def most_variable(values: sparse.csr_array | LogCpm, top: int) -> NDArray[np.intp]:
    """Return the positions of the columns that vary most, the first most; at most `top`.

    Examples
    --------
    >>> most_variable(sparse.csr_array([[0.0, 5.0, 1.0], [9.0, 5.0, 0.0]]), 2).tolist()
    [0, 2]
    """
    if top < 1:
        raise ParameterError("At least one gene is needed.", where="top", got=str(top))
    blocks: Iterable[sparse.csr_array] = values if isinstance(values, LogCpm) else [values]
    rows, columns = values.shape
    sums, there = np.zeros(columns), np.zeros(columns, np.intp)
    for block in blocks:
        np.add.at(sums, block.indices, block.data)
        there += np.bincount(block.indices, minlength=columns)
    means, spread = sums / rows, np.zeros(columns)
    for block in blocks:
        np.add.at(spread, block.indices, (block.data - means[block.indices]) ** 2)
    variances = (spread + (rows - there) * means**2) / rows
    return np.argsort(-variances, kind="stable")[:top]

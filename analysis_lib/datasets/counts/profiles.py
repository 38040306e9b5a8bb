"""From counts to log2(CPM + 1), to the mean of every line, to the genes that vary most."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from analysis_lib.datasets.identifiers import counted
from analysis_lib.errors import ParameterError

if TYPE_CHECKING:
    from analysis_lib.datasets.counts import Counts


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
    logged = sparse.csr_array(values, dtype=np.float64, copy=True)
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
    data: Counts, chosen: NDArray[np.bool_] | None = None, *, least: int = 1
) -> pd.DataFrame:
    """Return each line's mean log2(CPM + 1), lines × genes.

    Parameters
    ----------
    chosen : array of bool, optional
        The cells to use, see `passed`; all, where not given.
    least : int
        Lines with fewer of these cells are left out, as are cells of no known line.

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
    members = sparse.csr_array(
        (np.ones(len(codes)), (codes, np.arange(len(codes)))), (len(names), len(codes))
    )
    sums = (members[enough] @ log_cpm(data.values[used])).toarray()
    index = pd.Index(names[enough], dtype="str", name="line")
    return pd.DataFrame(sums / sizes[enough, None], index, data.genes)


def most_variable(values: sparse.csr_array, top: int) -> NDArray[np.intp]:
    """Return the positions of the columns that vary most, the first most; at most `top`.

    Examples
    --------
    >>> most_variable(sparse.csr_array([[0.0, 5.0, 1.0], [9.0, 5.0, 0.0]]), 2).tolist()
    [0, 2]
    """
    if top < 1:
        raise ParameterError("At least one gene is needed.", where="top", got=str(top))
    rows, columns = values.shape
    means = np.bincount(values.indices, values.data, columns) / rows
    spread = np.bincount(values.indices, (values.data - means[values.indices]) ** 2, columns)
    zeros = rows - np.bincount(values.indices, minlength=columns)
    variances = (spread + zeros * means**2) / rows
    return np.argsort(-variances, kind="stable")[:top]

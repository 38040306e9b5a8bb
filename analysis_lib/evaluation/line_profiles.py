"""Predicted and measured profiles of the same lines, and how they correlate."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis_lib.errors import TableError

# Three lines have six orders, and no p-value below 1/6: whatever they look like, nothing can be
# said. Four have 24, and may reach 0.05.
LEAST_LINES = 4
LEAST_GENES = 10  # over ten, a correlation is beyond 0.63 by accident once in twenty times

_DIGITS = 10  # of a gene's largest value; further ones depend on the order of summation
_FLAT = 1e-9  # of the largest deviation: a profile this close to the mean is the mean
_EXAMPLES = 3


def common(predicted: pd.DataFrame, measured: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the lines and genes that are in both, in the order of `predicted`.

    Examples
    --------
    >>> genes = [f"gene {i}" for i in range(10)]
    >>> one = pd.DataFrame(1.0, index=["Sst", "Vip", "Pvalb", "Ntsr1"], columns=genes)
    >>> [list(table.index) for table in common(one, one[::-1])]
    [['Sst', 'Vip', 'Pvalb', 'Ntsr1'], ['Sst', 'Vip', 'Pvalb', 'Ntsr1']]
    """
    _check("predicted", predicted)
    _check("measured", measured)
    lines = predicted.index[predicted.index.isin(measured.index)]
    genes = predicted.columns[predicted.columns.isin(measured.columns)]
    if len(lines) < LEAST_LINES:
        raise _too_few("lines", predicted.index, measured.index, lines, LEAST_LINES)
    if len(genes) < LEAST_GENES:
        raise _too_few("genes", predicted.columns, measured.columns, genes, LEAST_GENES)
    return (
        _numbers("predicted", predicted.loc[lines, genes]),
        _numbers("measured", measured.loc[lines, genes]),
    )


def matrix(
    predicted: pd.DataFrame, measured: pd.DataFrame, *, centred: bool = True
) -> pd.DataFrame:
    """Return the correlation over the genes of every predicted line with every measured one.

    Parameters
    ----------
    predicted, measured : DataFrame of shape (lines, genes)
        Those in both are taken.
    centred : bool
        Whether every gene's mean over the lines is taken off first. Genes have levels of their
        own, so that without it any two profiles are alike.

    Returns
    -------
    pandas.DataFrame
        Predicted lines × measured lines. 0 for a profile that is the mean of all: it says
        nothing for or against any line.
    """
    predicted, measured = common(predicted, measured)
    found = correlated(predicted.to_numpy(), measured.to_numpy(), centred=centred)
    return pd.DataFrame(found, index=predicted.index, columns=measured.index)


def against_others(matrix: pd.DataFrame) -> pd.DataFrame:
    """Return each predicted line's correlation with its own measured line, and with the others.

    Parameters
    ----------
    matrix : DataFrame
        From `matrix`.

    Returns
    -------
    pandas.DataFrame
        Columns line, own, low, median, high (lowest, median and highest of the others).
    """
    values = matrix.to_numpy()
    lines = len(values)
    others = values[~np.eye(lines, dtype=bool)].reshape(lines, lines - 1)
    low, median, high = np.quantile(others, [0, 0.5, 1], axis=1)
    return pd.DataFrame(
        {
            "line": matrix.index,
            "own": np.diag(values),
            "low": low,
            "median": median,
            "high": high,
        }
    )


def correlations(predicted: pd.DataFrame, measured: pd.DataFrame) -> pd.DataFrame:
    """Return how far the predicted profile of each line is that of the measured one.

    Returns
    -------
    pandas.DataFrame
        Columns line; raw and raw_others: the correlation over the genes with its own measured
        line, and the median of those with all others; centred and centred_others: the same
        after taking off every gene's mean over the lines.
    """
    raw = against_others(matrix(predicted, measured, centred=False))
    centred = against_others(matrix(predicted, measured))
    return pd.DataFrame(
        {
            "line": raw["line"],
            "raw": raw["own"],
            "raw_others": raw["median"],
            "centred": centred["own"],
            "centred_others": centred["median"],
        }
    )


def correlated(
    predicted: NDArray[np.float64], measured: NDArray[np.float64], *, centred: bool
) -> NDArray[np.float64]:
    """Return the correlations of all rows of the one with all rows of the other."""
    one, other = (_directions(values, centred) for values in (predicted, measured))
    return np.asarray(np.clip(one @ other.T, -1.0, 1.0))


def settled(values: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return each column by its largest value, without the last digits, and that value.

    A gene for which every cell was predicted the same differs in the last digit between the
    means of 17 and of 30 cells: that is no difference.
    """
    largest = np.abs(values).max(axis=0)
    return (values / np.where(largest > 0, largest, 1.0)).round(_DIGITS), largest


def _directions(values: NDArray[np.float64], centred: bool) -> NDArray[np.float64]:
    """Return the rows less their means, with the length 1; 0 for those without a direction."""
    if centred:
        shares, largest = settled(values)
        varied = (shares != shares[0]).any(axis=0)
        values = shares * largest
        values = np.where(varied, values - values.mean(axis=0), 0.0)
    values = values - values.mean(axis=1, keepdims=True)
    length = np.sqrt((values**2).sum(axis=1, keepdims=True))
    sound = length > _FLAT * length.max()
    return np.asarray(np.divide(values, length, out=np.zeros_like(values), where=sound))


def _check(name: str, table: pd.DataFrame) -> None:
    for axis, labels in (("lines", table.index), ("genes", table.columns)):
        again = labels[labels.duplicated()].unique()
        if len(again):
            raise TableError(
                f"Some {axis} of the {name} profiles are there more than once.",
                where=_examples(again),
                expected="every name once",
                got=f"{len(again):,} of {labels.nunique():,} {axis} repeated",
            )


def _numbers(name: str, table: pd.DataFrame) -> pd.DataFrame:
    """Return the profiles as numbers, all of them finite."""
    text = [gene for gene, kind in table.dtypes.items() if not pd.api.types.is_numeric_dtype(kind)]
    if text:
        raise TableError(
            f"Some genes of the {name} profiles do not hold numbers.",
            where=_examples(pd.Index(text)),
            expected="log2(CPM + 1) of every gene",
            got=f"{len(text):,} of {table.shape[1]:,} genes with something else",
        )
    values = table.to_numpy(dtype=np.float64, na_value=np.nan)
    bad = ~np.isfinite(values)
    if bad.any():
        line, gene = (int(each[0]) for each in np.nonzero(bad))
        raise TableError(
            f"Some values of the {name} profiles are missing or infinite.",
            where=f"line {table.index[line]}, gene {table.columns[gene]}, the first of them",
            expected="finite numbers",
            got=f"{int(bad.sum()):,} of {bad.size:,} values without one",
            remedy="Leave those lines or genes out.",
        )
    return pd.DataFrame(values, index=table.index, columns=table.columns)


def _too_few(
    what: str, predicted: pd.Index, measured: pd.Index, both: pd.Index, least: int
) -> TableError:
    one, other = predicted.difference(both), measured.difference(both)
    return TableError(
        f"The predicted and the measured profiles have too few {what} in common.",
        expected=f"at least {least}",
        got=f"{len(both):,} of {len(predicted):,} predicted and {len(measured):,} measured {what}"
        f" (only predicted: {_examples(one)}; only measured: {_examples(other)})",
        remedy=f"Name the {what} the same in both, or give profiles of more of the same {what}.",
    )


def _examples(names: pd.Index) -> str:
    if names.empty:
        return "none"
    shown = ", ".join(map(str, names[:_EXAMPLES]))
    more = len(names) - _EXAMPLES
    return f"{shown} and {more:,} more" if more > 0 else shown

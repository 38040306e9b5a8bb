"""Expression of many genes in samples of two classes: your own tables, and what is made of them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis_lib.datasets.expression_labels import read_labels
from analysis_lib.datasets.expression_matrix import where_missing
from analysis_lib.datasets.expression_tables import read_own, read_samples
from analysis_lib.datasets.identifiers import counted
from analysis_lib.errors import ParameterError, TableError

__all__ = ["Expression", "Missing", "Transform", "own", "prepared", "read_samples", "transformed"]

Transform = Literal["raw", "log10"]
Missing = Literal["error", "drop", "impute"]

FLOOR, CEILING = 100.0, 16_000.0
"""Below, a microarray of that time measures noise; above, it is saturated."""

_CONTROL = "AFFX-"


@dataclass(frozen=True)
class Expression:
    """Samples by genes, with the class of every sample.

    Parameters
    ----------
    X : DataFrame
        float64, samples by genes; NaN where a value is missing.
    labels : Series
        The class of every sample.
    part : Series
        "train" or "test" where the data say so, else "".
    genes : DataFrame
        In the order of the columns of `X`: `gene`, `description` and `row`, the gene's place
        in the file, counted from 1.
    calls : DataFrame, optional
        A (absent), M (marginal) or P (present), shaped as `X`.
    notes : tuple of sentences
        What a reader of the results must know.
    """

    X: pd.DataFrame
    labels: pd.Series[str]
    part: pd.Series[str]
    genes: pd.DataFrame
    calls: pd.DataFrame | None
    notes: tuple[str, ...] = ()

    @property
    def classes(self) -> tuple[str, str]:
        """The two class names in sorted order."""
        first, second = sorted(self.labels.unique())
        return first, second

    @property
    def y(self) -> NDArray[np.intp]:
        """One label per sample: 1 is the second class."""
        return (self.labels == self.classes[1]).to_numpy().astype(np.intp)


def own(expression: Path, labels: Path) -> Expression:
    """Read your own expression table and the table of its samples' classes.

    Genes may be in rows, with a column of descriptions or without, or in columns; which it is
    tells where the sample names of the label table are found. Columns headed `call`, each
    right of its sample, are read as A/M/P calls.

    Parameters
    ----------
    expression, labels : path
        CSV or TSV, plain or gzip, or Parquet. For the label table see `read_labels`.

    Raises
    ------
    TableError
        When samples and labels do not match one to one, when a name repeats, when the classes
        are not two, or when a value is no number.
    """
    told = read_labels(Path(labels))
    matrix, note = read_own(Path(expression), told.index.tolist(), Path(labels))
    told = told.loc[matrix.X.index]
    return Expression(matrix.X, told["label"], told["part"], matrix.genes, matrix.calls, (note,))


def transformed(X: pd.DataFrame, transform: Transform) -> pd.DataFrame:
    """Return the values the models see: as measured, or the log10 of what is within 100–16,000.

    Examples
    --------
    >>> transformed(pd.DataFrame({"a": [-5.0, 1000.0, 1e6]}), "log10")["a"].round(2).tolist()
    [2.0, 3.0, 4.2]
    """
    if transform == "raw":
        return X
    return pd.DataFrame(np.log10(X.clip(FLOOR, CEILING)), X.index, X.columns)


def prepared(
    data: Expression,
    *,
    transform: Transform,
    min_present: int = 0,
    drop_controls: bool = False,
    missing: Missing = "error",
    judged_on: NDArray[np.intp] | None = None,
    where: str = "the expression table",
) -> Expression:
    """Leave out genes that should not count, see to missing values, and transform.

    Parameters
    ----------
    transform : "raw" or "log10"
        See `transformed`.
    min_present : int
        Keep genes called P in at least so many of the samples judged on.
    drop_controls : bool
        Leave out the array's control probes (`AFFX-…`).
    missing : "error", "drop" or "impute"
        Refuse missing values; leave out the genes that have any; or leave them to the models,
        which fill them inside their folds.
    judged_on : positions of samples, optional
        The training samples: test samples must not choose genes. All, where not given.
    where : str
        What to call the table in an error.

    Raises
    ------
    ParameterError
        When calls are asked for and there are none, when no gene is left, or when the
        transform makes all values alike.
    TableError
        When values are missing and `missing` is "error".
    """
    judged = np.arange(len(data.X)) if judged_on is None else np.asarray(judged_on, dtype=np.intp)
    if drop_controls:
        controls = data.genes["gene"].str.startswith(_CONTROL).to_numpy(bool)
        data = _without(data, controls, "{} left out: controls of the array ({}…).", _CONTROL)
    if min_present:
        rare = _present(data, judged, min_present) < min_present
        why = "{} left out: called present in fewer than {} of " + f"{len(judged):,} samples."
        data = _without(data, rare, why, min_present)
    data = _see_to_missing(data, missing, judged, where)
    if not data.X.shape[1]:
        raise ParameterError(
            "No gene is left to learn from.",
            where=_asked(min_present, drop_controls, missing),
            got=" ".join(data.notes),
            remedy="Ask for less.",
        )
    _refuse_log_of_log(data.X, transform)
    return replace(data, X=transformed(data.X, transform))


def _without(data: Expression, gone: NDArray[np.bool_], why: str, *words: object) -> Expression:
    """Return the data without some genes, and say why when there are any."""
    if not gone.any():
        return data
    note = why.format(f"{counted(int(gone.sum()), 'gene', 'is')}", *words)
    return replace(
        data,
        X=data.X.loc[:, ~gone],
        genes=data.genes[~gone].reset_index(drop=True),
        calls=None if data.calls is None else data.calls.loc[:, ~gone],
        notes=(*data.notes, note),
    )


def _present(data: Expression, judged: NDArray[np.intp], least: int) -> NDArray[np.intp]:
    """Return in how many of the samples judged on each gene is called present."""
    if data.calls is None:
        raise ParameterError(
            "Genes are to be kept by their calls (A, M, P), and the table has none.",
            where="min_present",
            got=str(least),
            remedy="Set it to 0, or give the table with its columns of calls.",
        )
    if not 0 < least <= len(judged):
        raise ParameterError(
            "No gene can be called present in so many samples.",
            where="min_present",
            expected=f"0 to {len(judged):,}, the samples trained on",
            got=str(least),
            remedy="Lower it.",
        )
    present = data.calls.to_numpy(object)[judged] == "P"
    return np.asarray(present.sum(axis=0), dtype=np.intp)


def _see_to_missing(
    data: Expression, missing: Missing, judged: NDArray[np.intp], where: str
) -> Expression:
    empty = data.X.isna().to_numpy()
    if not empty.any():
        return data
    genes = np.logical_or.reduce(empty, axis=0)
    if missing == "error":
        raise TableError(
            f"{counted(int(empty.sum()), 'value', 'is')} missing, in "
            f"{counted(int(genes.sum()), 'gene')} of {len(genes):,}.",
            where=where,
            got=where_missing(data.X),
            remedy="Fill them; or set missing to drop (leave those genes out) or to impute "
            "(fill with medians inside the folds).",
        )
    if missing == "drop":
        return _without(data, genes, "{} left out: a value is missing.")
    # Nothing tells what to fill in where no training sample has a value.
    nothing = np.logical_and.reduce(empty[judged], axis=0)
    data = _without(data, nothing, "{} left out: no sample to train on has a value.")
    values = int(empty[:, ~nothing].sum())
    if not values:
        return data
    note = (
        f"{counted(values, 'value', 'is')} missing, in "
        f"{counted(int(genes[~nothing].sum()), 'gene')}: filled with the median of the samples "
        "each model is trained on."
    )
    return replace(data, notes=(*data.notes, note))


def _refuse_log_of_log(X: pd.DataFrame, transform: Transform) -> None:
    """Raise when clipping would leave nothing: values that are logarithms already."""
    highest = float(np.nanmax(X.to_numpy()))
    if transform == "log10" and highest <= FLOOR:
        raise ParameterError(
            f"No value is above {FLOOR:g}, below which log10 clips.",
            where="transform",
            got=f"log10, and a highest value of {highest:g}",
            remedy="Set transform to raw when the values are on a log scale already.",
        )


def _asked(min_present: int, drop_controls: bool, missing: Missing) -> str:
    asked = {"min_present": min_present, "drop_controls": drop_controls, "missing": missing}
    return ", ".join(name for name, value in asked.items() if value and value != "error")

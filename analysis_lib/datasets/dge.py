"""Tables of differential expression: a loader that drops no row, and a simulator."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from analysis_lib import tables
from analysis_lib.datasets.dge_columns import MEANING, REQUIRED, ROLES, Columns, Role, recognise
from analysis_lib.datasets.identifiers import cut
from analysis_lib.datasets.magnitudes import refuse_too_large
from analysis_lib.errors import ParameterError, TableError
from analysis_lib.tables.records import show

__all__ = ["Columns", "DgeTable", "benjamini_hochberg", "load", "recognise", "simulate"]


@dataclass(frozen=True)
class DgeTable:
    """A table of differential expression, every row of it.

    Parameters
    ----------
    genes : DataFrame
        Columns `name`, `logFC`, `pvalue`, and `padj` and `baseMean` where they are known;
        numbers are float64, NaN where the table says nothing.
    columns : Columns, optional
        What was taken for what; None for simulated data.
    notes : tuple of sentences
        What a reader of the results must know about the table.
    log_mean : bool
        Whether `baseMean` is on a log2 scale, as limma and edgeR write it.
    """

    genes: pd.DataFrame
    columns: Columns | None
    missing_p: int
    missing_logFC: int  # noqa: N815
    notes: tuple[str, ...]
    log_mean: bool = False


def load(path: str | Path, columns: Mapping[str, str] | None = None) -> DgeTable:
    """Read a table of differential expression; no row is dropped.

    Gene names that repeat are kept and told apart (`A`, `A (2)`) and noted: symbols repeat in
    nearly every real table (paralogues, genes without a symbol), and no step joins rows by name.

    Parameters
    ----------
    path : path
        CSV or TSV, plain or gzip, or Parquet.
    columns : mapping of role to column, optional
        For tables whose columns are not recognised, see `recognise`.

    Raises
    ------
    TableError
        When a p-value is outside 0 to 1, a mean count is negative, or a required column holds
        no number at all.
    """
    path = Path(path)
    roles = recognise(tables.read_header(path), columns, where=str(path))
    numeric = {role: column for role in ROLES[1:] if (column := roles.of(role)) is not None}
    frame = tables.read_table(path, numbers=tuple(numeric.values()))
    notes: list[str] = []
    genes = pd.DataFrame({"name": _names(frame, roles, notes)})
    for role, column in numeric.items():
        genes[role] = frame[column].to_numpy(dtype=np.float64)
    _refuse_too_large(genes, numeric, path)
    for role in ("pvalue", "padj"):
        if role in genes:
            _check_probabilities(genes[role].to_numpy(), path, numeric[role])
    log_mean = _check_means(genes, roles, path)
    missing = {role: int(genes[role].isna().sum()) for role in numeric}
    for role in REQUIRED:
        if missing[role] == len(genes):
            raise _no_number(role, path, numeric[role], len(genes))
    notes += [
        f"{MEANING[role].capitalize()} is missing in {count:,} of {len(genes):,} rows."
        for role, count in missing.items()
        if count
    ]
    return DgeTable(genes, roles, missing["pvalue"], missing["logFC"], tuple(notes), log_mean)


def simulate(n_genes: int = 200, seed: int = 42) -> DgeTable:
    """Make a table in which strong fold changes have small p-values.

    The order of the draws is part of the contract: the defaults give the published table.

    Examples
    --------
    >>> simulate().genes.round(3).head(2)
         name  logFC  pvalue  baseMean
    0  Gene_1  1.242   0.877  3274.720
    1  Gene_2 -0.346   0.741   469.797
    """
    if n_genes < 1:
        raise ParameterError(
            "A table needs at least one gene.", where="n_genes", got=str(n_genes), expected="≥ 1"
        )
    random = np.random.RandomState(seed)
    fold = random.normal(0, 2.5, n_genes)
    p = random.uniform(0, 1, n_genes)
    mean = random.exponential(1000, n_genes)
    for strong in (fold > 1.5, fold < -1.5):
        p[strong] = random.uniform(0, 0.01, int(strong.sum()))
    genes = pd.DataFrame(
        {
            "name": pd.Series([f"Gene_{i}" for i in range(1, n_genes + 1)], dtype="str"),
            "logFC": fold,
            "pvalue": p,
            "baseMean": mean,
        }
    )
    return DgeTable(genes, None, 0, 0, ())


def benjamini_hochberg(p: ArrayLike) -> NDArray[np.float64]:
    """Adjust p-values for the false-discovery rate; missing ones stay missing and do not count.

    Examples
    --------
    >>> benjamini_hochberg([0.01, 0.04, float("nan"), 0.03]).tolist()
    [0.03, 0.04, nan, 0.04]
    """
    values = np.asarray(p, dtype=np.float64)
    adjusted = np.full(values.shape, np.nan)
    present = np.flatnonzero(~np.isnan(values))
    falling = present[np.argsort(-values[present], kind="stable")]
    n = len(falling)
    scaled = values[falling] * n / np.arange(n, 0, -1)
    adjusted[falling] = np.minimum(np.minimum.accumulate(scaled), 1.0)
    return adjusted


def _names(frame: pd.DataFrame, roles: Columns, notes: list[str]) -> pd.Series[str]:
    """Return one name per row, no two alike, and note what was done for that."""
    numbered = pd.Series([f"row {i}" for i in range(1, len(frame) + 1)], dtype="str")
    if roles.name is None:
        notes.append("The table names no genes: rows are numbered.")
        return numbered
    names = frame[roles.name].astype("str").reset_index(drop=True)
    empty = names.str.strip() == ""
    if empty.any():
        notes.append(
            f"Gene names are missing in {int(empty.sum()):,} of {len(names):,} rows: "
            "those are called by their number."
        )
        names = names.mask(empty, numbered)
    again = names.duplicated()
    if again.any():
        repeated = names[again].drop_duplicates()
        examples = ", ".join(map(cut, repeated.head(3)))
        notes.append(
            f"Gene names that stand on several rows: {len(repeated):,} ({examples}). "
            f"All rows are kept, the later ones numbered, as in “{cut(repeated.iloc[0])} (2)”."
        )
        names = _told_apart(names, again)
    return names


def _told_apart(names: pd.Series[str], again: pd.Series[bool]) -> pd.Series[str]:
    used = set(names)
    count: dict[str, int] = {}
    fresh: list[str] = []
    for name in names[again]:
        number = count.get(name, 1) + 1
        while f"{name} ({number})" in used:  # a gene may be called so already
            number += 1
        count[name] = number
        used.add(f"{name} ({number})")
        fresh.append(f"{name} ({number})")
    told = names.copy()
    told[again] = np.array(fresh, dtype=object)
    return told


def _refuse_too_large(genes: pd.DataFrame, columns: Mapping[Role, str], path: Path) -> None:
    roles = list(columns)
    refuse_too_large(
        genes[roles].to_numpy(np.float64), lambda row, at: _cell(path, row, columns[roles[at]])
    )


def _no_number(role: Role, path: Path, column: str, rows: int) -> TableError:
    return TableError(
        f"The column of {MEANING[role]} holds no number at all.",
        where=f"{path}, column {show(column)}",
        got=f"{rows:,} rows, all missing",
        remedy='Name another column: columns={"' + role + '": "…"}',
    )


def _check_probabilities(p: NDArray[np.float64], path: Path, column: str) -> None:
    outside = np.flatnonzero((p < 0) | (p > 1))
    if len(outside):
        raise TableError(
            f"P-values are outside 0 to 1 in {len(outside):,} of {len(p):,} rows.",
            where=_cell(path, outside[0], column),
            expected="a number from 0 to 1, or NA",
            got=repr(float(p[outside[0]])),
            remedy="Correct the table, or name the right column with columns={…}.",
        )


def _check_means(genes: pd.DataFrame, roles: Columns, path: Path) -> bool:
    """Return whether mean expression is on a log scale; refuse negative counts."""
    if roles.baseMean is None:
        return False
    negative = np.flatnonzero(genes["baseMean"].to_numpy() < 0)
    if roles.log_mean is None:
        return bool(len(negative))  # a column of your own: counts are never negative
    if len(negative) and not roles.log_mean:
        raise TableError(
            f"Means of counts are negative in {len(negative):,} of {len(genes):,} rows.",
            where=_cell(path, negative[0], roles.baseMean),
            expected="a number from 0, or NA",
            got=repr(float(genes["baseMean"].iloc[negative[0]])),
            remedy="Correct the table; a mean on a log scale is to be called AveExpr or logCPM.",
        )
    return roles.log_mean


def _cell(path: Path, row: int | np.intp, column: str) -> str:
    return f"{tables.place(path, int(row))}, column {show(column)}"

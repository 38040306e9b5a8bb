"""Cell types with their electrophysiology and their expression: what the models learn from."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis_lib.datasets.identifiers import counted, examples
from analysis_lib.datasets.neurons import cell_type_table
from analysis_lib.datasets.neurons import symbols as gene_symbols
from analysis_lib.datasets.neurons.paired_tables import read_pair
from analysis_lib.errors import ParameterError, TableError
from analysis_lib.tables.records import show

FEWEST = 8
"""Four folds of two: below two samples to test on, there is no R² to compare models by."""


@dataclass(frozen=True)
class CellTypes:
    """Features and expression of the same cell types.

    Parameters
    ----------
    features : DataFrame
        float64, cell types by features.
    expression : DataFrame
        float64, cell types by genes; the columns are ids, as text.
    symbols : Series
        The symbol of each gene, by id, in the order of `expression`; "" where there is none.
    about : DataFrame
        By cell type: `line` (see `line_key`), `layer` and `kind` ("exc" or "inh"), "" where
        unknown.
    notes : tuple of sentences
        What a reader of the results must know.
    """

    features: pd.DataFrame
    expression: pd.DataFrame
    symbols: pd.Series[str]
    about: pd.DataFrame
    notes: tuple[str, ...] = ()


def load(table: Path, symbols: Path) -> CellTypes:
    """Read the published table of cell types and the symbols of its genes.

    Parameters
    ----------
    table : path
        Cell types in columns; in rows the fifteen features, further rows of features, which are
        left out, and genes by their Entrez ids.
    symbols : path
        See `gene_symbols.read`.

    Returns
    -------
    CellTypes
        Features in the order of `FEATURES`, capacitance in pF.

    Raises
    ------
    TableError
        When a row or a column is called otherwise, when a feature or a value is missing, or when
        no gene has a symbol.
    """
    features, expression, notes = cell_type_table.read(Path(table))
    told, more = _symbols(expression.columns, Path(symbols), Path(table))
    return _checked(features, expression, told, (*notes, *more), str(table))


def own(features: Path, expression: Path, symbols: Path | None = None) -> CellTypes:
    """Read your own table of features and table of expression, each either way round.

    The first column and the header hold the names. Which of them are samples tells what the two
    tables share.

    Parameters
    ----------
    features, expression : path
        CSV or TSV, plain or gzip, or Parquet: numbers, but for the first column.
    symbols : path, optional
        See `gene_symbols.read`. Without it a gene's name is its symbol.

    Returns
    -------
    CellTypes
        Samples in the order of the table of features. A sample called as in the publication,
        `Sst-IRES-Cre__L5__inh`, is told its line, layer and kind by that.

    Raises
    ------
    TableError
        When the samples do not match one to one, when it cannot be told which names are samples,
        when they are fewer than `FEWEST`, when a value is missing, when a feature is constant,
        or when no gene has a symbol.
    """
    X, Y, note = read_pair(Path(features), Path(expression))
    more: tuple[str, ...] = ()
    told = pd.Series(Y.columns, Y.columns, dtype="str", name="symbol")
    if symbols is not None:
        told, more = _symbols(Y.columns, Path(symbols), Path(expression))
    return _checked(X, Y, told, (note, *more), f"{features} and {expression}")


def modelled(data: CellTypes, top: int | None = None) -> tuple[CellTypes, pd.DataFrame]:
    """Leave the genes to model: those that vary, have a symbol, and are alone with it.

    Parameters
    ----------
    top : int, optional
        How many of them to keep, the most variable first. All, where not given.

    Returns
    -------
    CellTypes, DataFrame
        The data with these genes, in the order they had; and how many were left after each
        `step`, as `genes`.

    Raises
    ------
    ParameterError
        When `top` is below 1.
    TableError
        When no gene is left.
    """
    if top is not None and top < 1:
        raise ParameterError(
            "At least one gene must be modelled.", where="top", got=str(top), remedy="Raise it."
        )
    Y = data.expression.to_numpy()
    names = data.symbols.to_numpy(object)
    varies = (Y[:1] != Y).any(axis=0)
    named = varies & (names != "")
    kept = _one_per_symbol(Y.mean(axis=0), names, named)
    steps = [("in the table", len(names)), ("vary among the samples", varies.sum())]
    steps += [("have a symbol", named.sum()), ("one per symbol", kept.sum())]
    notes = _why_left_out(data.symbols, varies, named, kept)
    if top is not None:
        spread = np.where(kept, Y.var(axis=0), -1.0)
        order = np.argsort(-spread, kind="stable")[:top]
        most = np.zeros(len(kept), bool)
        most[order] = True
        if kept.sum() > top:
            notes.append(f"Of {kept.sum():,} genes, the {top:,} that vary most are modelled.")
        kept &= most
        steps.append(("most variable", kept.sum()))
    funnel = pd.DataFrame(steps, columns=["step", "genes"]).astype({"genes": np.int64})
    if not kept.any():
        raise TableError(
            "No gene is left to model.",
            where="the table of expression",
            got="; ".join(f"{row.genes:,} {row.step}" for row in funnel.itertuples()),
            remedy="Give genes that differ between samples, and symbols for their ids.",
        )
    reduced = replace(
        data,
        expression=data.expression.loc[:, kept],
        symbols=data.symbols[kept],
        notes=(*data.notes, *notes),
    )
    return reduced, funnel


def _symbols(
    genes: pd.Index[str], symbols: Path, table: Path
) -> tuple[pd.Series[str], tuple[str, ...]]:
    """Return the symbols of these genes, and what is to be said of those of no gene here."""
    told = gene_symbols.read(symbols)
    here = told.index.isin(genes)
    if not here.any():
        raise TableError(
            "No gene of the table has a symbol.",
            where=f"{table} and {symbols}",
            expected=f"symbols of genes called {examples(genes)}",
            got=f"of genes called {examples(told.index)}",
            remedy="Name the genes by the same kind of id in both tables.",
        )
    found = told.reindex(genes).fillna("").astype("str").rename("symbol")
    if here.all():
        return found, ()
    strange = told[~here].tolist()
    what = counted(len(strange), "symbol", "belongs")
    return found, (f"{what} to no gene of the table: {examples(strange)}.",)


def _checked(
    features: pd.DataFrame,
    expression: pd.DataFrame,
    symbols: pd.Series[str],
    notes: tuple[str, ...],
    where: str,
) -> CellTypes:
    """Return the data, once it is sure that models can be fitted to them."""
    if len(features) < FEWEST:
        raise TableError(
            f"{counted(len(features), 'sample', 'is')} too few to learn from.",
            where=where,
            expected=f"at least {FEWEST}: two to test on in each of four folds",
            remedy="Add samples, to both tables.",
        )
    for frame, kind in ((features, "feature"), (expression, "gene")):
        _refuse_missing(frame, kind, where)
    values = features.to_numpy()
    alike: NDArray[np.bool_] = (values == values[:1]).all(axis=0)
    constant = features.columns[alike].tolist()
    if constant:
        raise TableError(
            f"{counted(len(constant), 'feature', 'is')} the same in every sample.",
            where=where,
            got=f"{examples(constant)}, of {len(features.columns):,}",
            remedy="Leave them out: what does not differ tells nothing.",
        )
    known = [cell_type_table.parsed(name) or ("", "", "") for name in features.index]
    about = pd.DataFrame(known, features.index, ["line", "layer", "kind"], dtype="str")
    return CellTypes(features, expression, symbols, about, notes)


def _refuse_missing(frame: pd.DataFrame, kind: str, where: str) -> None:
    empty = frame.isna().to_numpy()
    if not empty.any():
        return
    nowhere = frame.columns[np.flatnonzero(empty.all(axis=0))].tolist()
    if nowhere:
        raise TableError(
            f"{counted(len(nowhere), kind, 'has')} no value in any sample.",
            where=where,
            got=examples(nowhere),
            remedy=f"Leave out every {kind} without values.",
        )
    places = np.argwhere(empty)
    shown = "; ".join(
        f"{show(frame.columns[at])} of {show(frame.index[row])}" for row, at in places[:3]
    )
    raise TableError(
        f"{counted(len(places), 'value', 'is')} missing, in "
        f"{counted(int(empty.any(axis=0).sum()), kind)} of {len(frame.columns):,}.",
        where=where,
        got=shown + (f"; and {len(places) - 3:,} more" if len(places) > 3 else ""),
        remedy=f"Fill them, or leave out the {kind} or the sample.",
    )


def _one_per_symbol(
    mean: NDArray[np.float64], symbols: NDArray[Any], among: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """Return of each symbol its gene of highest mean, the first of equals."""
    order = np.argsort(-mean, kind="stable")
    order = order[among[order]]
    kept = np.zeros(len(among), bool)
    kept[order[~pd.Series(symbols[order]).duplicated().to_numpy()]] = True
    return kept


def _why_left_out(
    symbols: pd.Series[str],
    varies: NDArray[np.bool_],
    named: NDArray[np.bool_],
    kept: NDArray[np.bool_],
) -> list[str]:
    reasons = (
        (~varies, "the same value in every sample"),
        (varies & ~named, "no symbol"),
        (named & ~kept, "another gene of that symbol has as high a mean expression, or a higher"),
    )
    notes = []
    for gone, why in reasons:
        names = [
            gene if symbol in ("", gene) else f"{gene} ({symbol})"
            for gene, symbol in zip(symbols.index[gone], symbols[gone], strict=True)
        ]
        if names:
            what = counted(len(names), "gene", "is")
            notes.append(f"{what} left out: {why} ({examples(names)}).")
    return notes

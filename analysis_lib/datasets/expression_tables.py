"""Which way round is an expression table? Found by names that are known from elsewhere."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from analysis_lib import tables
from analysis_lib.datasets.expression_matrix import (
    Matrix,
    genes_in_rows,
    is_call,
    plain_names,
    samples_in_rows,
    unique_names,
    where_missing,
)
from analysis_lib.datasets.identifiers import (
    counted,
    examples,
    refuse_difference,
    refuse_repeats,
)
from analysis_lib.errors import TableError
from analysis_lib.tables.reading import MISSING
from analysis_lib.tables.records import show

_DESCRIPTION = "description"


def read_own(path: Path, known: Sequence[str], labels: Path) -> tuple[Matrix, str]:
    """Read an expression table whose samples a label table names, either way round.

    Returns
    -------
    Matrix, str
        The table, and a sentence on which way round it was.
    """
    sheet = _Sheet(path)
    names = set(known)
    in_rows = [name for name in sheet.names() if name in names]
    in_columns = [name for name in sheet.header[1:] if name in names]
    if in_rows and in_columns:
        raise TableError(
            "Samples of the label table are found in the rows and in the columns.",
            where=f"{path} and {labels}",
            got=f"rows called {examples(in_rows)}; columns called {examples(in_columns)}",
            remedy="Give the samples names that no gene has, in both tables.",
        )
    if not in_rows and not in_columns:
        raise TableError(
            f"None of the {len(known):,} samples of the label table is in the expression table.",
            where=f"{path} and {labels}",
            expected=f"samples called {examples(known)}",
            got=f"rows called {examples(sheet.names())}; "
            f"columns called {examples(sheet.header[1:])}",
            remedy="Call the samples alike in both tables.",
        )
    if in_rows:
        _refuse_unmatched(sheet.names(), known, path, labels)
        matrix = samples_in_rows(path, sheet.plain[0], sheet.plain[1:], plain_names(path))
    else:
        gene, *description = sheet.leading(names)
        samples = [name for name in sheet.header if name not in (gene, *description)]
        _refuse_unmatched(samples, known, path, labels)
        matrix = genes_in_rows(path, samples, gene, description, unique_names(path))
    where = ("rows", "columns") if in_rows else ("columns", "rows")
    note = (
        f"The expression table has its samples in the {where[0]} and its genes in the {where[1]}, "
        "found by the names in the label table."
    )
    return matrix, note


def read_samples(
    path: Path, genes: Sequence[str], *, allow_missing: bool = False
) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Read new samples for a model that was kept, either way round.

    Parameters
    ----------
    path : path
        CSV or TSV, plain or gzip, or Parquet.
    genes : sequence of str
        What the model was trained on, in its order.
    allow_missing : bool
        Whether a value may be missing (NaN).

    Returns
    -------
    DataFrame, tuple of sentences
        Samples by exactly these genes; and what else is in the table and is not used.

    Raises
    ------
    TableError
        When a gene is missing: nothing can stand in for it.
    """
    sheet = _Sheet(Path(path))
    wanted = set(genes)
    places = range(len(sheet.header[:2]))
    down = [sum(name in wanted for name in sheet.names(place)) for place in places]
    across = [name for name in sheet.plain if name in wanted]
    if len(across) > max(down):
        X, there = _samples_in_rows(sheet, genes, across), sheet.plain[1:]
        others: list[str] = []
    else:
        place = down.index(max(down))
        X, there = _samples_in_columns(sheet, genes, place), sheet.names(place)
        samples = set(X.index)
        others = [n for i, n in enumerate(sheet.header) if i != place and n not in samples]
    empty = int(X.isna().to_numpy().sum())
    if empty and not allow_missing:
        raise TableError(
            f"{counted(empty, 'value', 'is')} missing.",
            where=str(path),
            got=where_missing(X),
            remedy="Fill them: the model was trained without missing values.",
        )
    return X, _unused([name for name in there if name not in wanted], others)


def _unused(genes: Sequence[str], columns: Sequence[str]) -> tuple[str, ...]:
    """Say which genes a model does not know, and which columns are taken for descriptions."""
    told = []
    if genes:
        what = counted(len(genes), "gene", "is")
        told.append(f"{what} in the table alone, unknown to the model: {examples(genes)}.")
    if columns:
        what = counted(len(columns), "column", "describes")
        told.append(f"{what} the genes and {_is(columns)} not used: {examples(columns)}.")
    return tuple(told)


def _is(names: Sequence[str]) -> str:
    return "is" if len(names) == 1 else "are"


class _Sheet:
    """A table read as text, to find out what is where.

    Parameters
    ----------
    path : Path
        Of a table whose columns may be followed by their calls.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.plain: list[str] = []
        self.frame = tables.read_table(path, names=self._told_apart)
        columns = [str(name) for name in self.frame]
        self.header = [name for name in columns if not is_call(name, columns)]

    def _told_apart(self, header: list[str]) -> Sequence[str]:
        """Keep the names as written: where samples are in rows, `call` is a gene like others."""
        self.plain = [name.strip() for name in header]
        return unique_names(self.path)(header)

    def names(self, place: int = 0) -> list[str]:
        """Return what stands in a column."""
        return self.frame[self.header[place]].astype("str").str.strip().tolist()

    def leading(self, samples: Collection[str] = ()) -> list[str]:
        """Return the columns before the samples: the genes, and what they are if that is told."""
        first, second = [*self.header, ""][:2]
        if second and _DESCRIPTION in first.lower():
            return [second, first]  # published tables have the description first
        if second and second not in samples and self._describes(second):
            return [first, second]
        return [first]

    def _describes(self, name: str) -> bool:
        return _DESCRIPTION in name.lower() or _is_text(self.frame[name])


def _is_text(column: pd.Series[Any]) -> bool:
    """Tell whether a column holds words and no number."""
    cells = column.astype("object")
    words = cells[~cells.isin(MISSING)]
    return len(words) > 0 and bool(pd.to_numeric(words, errors="coerce").isna().all())


def _refuse_unmatched(
    samples: Sequence[str], known: Sequence[str], path: Path, labels: Path
) -> None:
    refuse_repeats(samples, "sample", str(path))
    refuse_difference(
        "Samples and labels do not match one to one.",
        ("without a label", samples),
        ("labelled but not in the expression table", known),
        where=f"{path} and {labels}",
        remedy="Give every sample one label, and every label its sample.",
    )


def _samples_in_rows(sheet: _Sheet, genes: Sequence[str], there: Sequence[str]) -> pd.DataFrame:
    _refuse_incomplete(sheet, genes, there)
    first = sheet.header[0]
    if first in there:
        raise TableError(
            "The first column should name the samples, and is a gene.",
            where=f"{sheet.path}, column {show(first)}",
            remedy="Put a column of sample names before it.",
        )
    return samples_in_rows(sheet.path, first, genes, plain_names(sheet.path)).X


def _samples_in_columns(sheet: _Sheet, genes: Sequence[str], place: int) -> pd.DataFrame:
    _refuse_incomplete(sheet, genes, sheet.names(place))
    gene = sheet.header[place]
    leading = {*sheet.header[: place + 1], *sheet.leading()}
    samples = [name for name in sheet.header if name not in leading]
    if not samples:
        raise TableError(
            "The table holds genes and no sample.",
            where=str(sheet.path),
            got=f"the columns {examples(sheet.header)}",
            remedy="Add a column of values per sample.",
        )
    matrix = genes_in_rows(sheet.path, samples, gene, [], unique_names(sheet.path))
    return matrix.X[list(genes)]


def _refuse_incomplete(sheet: _Sheet, genes: Sequence[str], there: Collection[str]) -> None:
    here = set(there)
    absent = [gene for gene in genes if gene not in here]
    if absent:
        seen = f"rows called {examples(sheet.names())}; columns called {examples(sheet.header)}"
        raise TableError(
            f"{counted(len(absent), 'gene', 'is')} missing, of the {len(genes):,} the model needs.",
            where=str(sheet.path),
            expected=f"among others {examples(absent)}",
            got=seen if len(absent) == len(genes) else f"{len(genes) - len(absent):,} of them",
            remedy="Add their values, by these names; nothing can stand in for them.",
        )

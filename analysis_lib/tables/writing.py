"""Writing a table so that it reads back equal, and knowing later that it still is what it was."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from analysis_lib import files
from analysis_lib.errors import TableError
from analysis_lib.tables.records import show

# Quoted are the other delimiters too, so that no reader can take one of them for the delimiter.
_NEEDS_QUOTES = re.compile('[",;\t\r\n\ufeff]')
_PLAIN_NAME = re.compile(r"[A-Za-z0-9_.() -]+")
_FORMULA = re.compile("[=+@\t\r\n＝＋－＠-]")  # the wide forms are signs to some spreadsheets
_UNWRITABLE = re.compile("[\0\ud800-\udfff]")
_ROWS_AT_ONCE = 50_000


@dataclass(frozen=True)
class TableFacts:
    """What is recorded of a written table: rows without the header, columns, SHA-256."""

    rows: int
    columns: int
    sha256: str


def write_table(frame: pd.DataFrame, path: str | Path, *, for_people: bool = False) -> TableFacts:
    r"""Write a table as CSV, whole or not at all; `read_table` reads the same values back.

    UTF-8 with LF line ends; floats in the shortest form that reads back equal, missing values
    as an empty field. The index is not written.

    Parameters
    ----------
    frame : DataFrame
        Columns of text, finite floats, integers or booleans.
    path : path
        What is there before stays as it is when anything goes wrong.
    for_people : bool
        Text that a spreadsheet would run as a formula gets a leading apostrophe; numbers stay.

    Returns
    -------
    TableFacts
        What `check_table` holds the file against.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "genes.csv"
    >>> facts = write_table(pd.DataFrame({"gene": ["=A1"], "p": [0.1]}), path, for_people=True)
    >>> path.read_text(), facts.rows
    ("gene,p\n'=A1,0.1\n", 1)
    """
    path = Path(path)
    names = [_disarmed(str(name)) if for_people else str(name) for name in frame.columns]
    _check_names(names, path)
    digest = hashlib.sha256()
    try:
        with files.atomic_path(path) as temporary, temporary.open("wb") as file:
            for piece in _pieces(frame, names, path, for_people):
                file.write(piece)
                digest.update(piece)
    except OSError as error:
        raise TableError(
            "The table could not be written; what was there before is untouched.",
            where=str(path),
            got=error.strerror or str(error),
            remedy="Check the free space and the permissions of the folder.",
        ) from error
    return TableFacts(len(frame), len(names), digest.hexdigest())


def check_table(path: str | Path, facts: TableFacts) -> None:
    """Raise unless a file is byte for byte the table whose facts were recorded."""
    path = Path(path)
    try:
        digest = files.sha256(path)
    except OSError as error:
        raise TableError(
            "A recorded table cannot be read.",
            where=str(path),
            expected=f"{facts.rows:,} rows",
            got=error.strerror or str(error),
            remedy="Run again what writes it.",
        ) from error
    if digest != facts.sha256:
        raise TableError(
            "A table is not what was recorded when it was written.",
            where=str(path),
            expected=f"{facts.rows:,} rows, SHA-256 {facts.sha256[:12]}…",
            got=f"{_rows_now(path)}, SHA-256 {digest[:12]}…",
            remedy="Run again what writes it.",
        )


def _rows_now(path: Path) -> str:
    from analysis_lib.tables.reading import read_table

    try:
        return f"{len(read_table(path)):,} rows"
    except TableError as error:
        return f"no readable table ({error.what})"


def _disarmed(text: str) -> str:
    return "'" + text if _FORMULA.match(text) else text


def _check_names(names: Sequence[str], path: Path) -> None:
    twice = sorted({name for name in names if names.count(name) > 1})
    if not names or twice or "" in names[1:]:
        got = f"{show(twice[0])} more than once" if twice else "a column without a name"
        raise TableError(
            "A table needs columns, and names that differ.",
            where=str(path),
            got=got if names else "no column at all",
            remedy="Name the columns before writing them; only the first may go without.",
        )


def _pieces(
    frame: pd.DataFrame, names: Sequence[str], path: Path, for_people: bool
) -> Iterable[bytes]:
    header = [_field(name) for name in names]
    if not _PLAIN_NAME.fullmatch(names[0]) and not header[0].startswith('"'):
        # No file may begin as another format does; a lone empty name would be a blank line.
        header[0] = f'"{names[0]}"' if names[0] or len(names) == 1 else ""
    _refuse_unwritable(header, f"{path}, name of column")
    yield (",".join(header) + "\n").encode()
    for start in range(0, len(frame), _ROWS_AT_ONCE):
        rows = frame.iloc[start : start + _ROWS_AT_ONCE]
        columns = []
        for place, name in enumerate(names):
            cells = _cells(rows.iloc[:, place], f"{path}, column {show(name)}", start, for_people)
            _refuse_unwritable(cells, f"{path}, column {show(name)}, row", start)
            columns.append(cells)
        if len(names) == 1:
            columns[0] = [cell or '""' for cell in columns[0]]
        lines = map(",".join, zip(*columns, strict=True))
        yield ("\n".join(lines) + "\n").encode()


def _cells(column: pd.Series[Any], where: str, start: int, for_people: bool) -> list[str]:
    if isinstance(column.dtype, pd.CategoricalDtype):
        column = column.astype(column.cat.categories.dtype)
    missing = column.isna().to_numpy()
    if pd.api.types.is_bool_dtype(column) or pd.api.types.is_integer_dtype(column):
        cells = [str(cell) for cell in column.tolist()]
    elif pd.api.types.is_float_dtype(column):
        values = column.to_numpy(np.float64, na_value=np.nan)
        infinite = np.flatnonzero(np.isinf(values))
        if len(infinite):
            raise TableError(
                "An infinite value has no form in a table.",
                where=f"{where}, row {start + infinite[0] + 1}",
                got=str(values[infinite[0]]),
                remedy="Leave the value out (NaN) or store what it stands for.",
            )
        cells = [repr(value) for value in values.tolist()]
    else:
        cells = _text_cells(column, missing, where, start, for_people)
    if missing.any():
        cells = ["" if gone else cell for cell, gone in zip(cells, missing, strict=True)]
    return cells


def _text_cells(
    column: pd.Series[Any], missing: Any, where: str, start: int, for_people: bool
) -> list[str]:
    cells = column.tolist()
    for row, (cell, gone) in enumerate(zip(cells, missing, strict=True), start + 1):
        if not gone and not isinstance(cell, str):
            raise TableError(
                "A column of text holds something else.",
                where=f"{where}, row {row}",
                expected="text",
                got=f"{type(cell).__name__}: {show(str(cell))}",
                remedy="Turn the column into text or into numbers.",
            )
    texts = ["" if gone else cell for cell, gone in zip(cells, missing, strict=True)]
    return [_field(_disarmed(text) if for_people else text) for text in texts]


def _field(text: str) -> str:
    return '"' + text.replace('"', '""') + '"' if _NEEDS_QUOTES.search(text) else text


def _refuse_unwritable(cells: Sequence[str], where: str, start: int = 0) -> None:
    """Raise for NUL and lone surrogates, which have no place in a text file."""
    text = "".join(cells)
    if _UNWRITABLE.search(text):
        bad = next(row for row, cell in enumerate(cells) if _UNWRITABLE.search(cell))
        raise TableError(
            "A text holds a character that no text file can hold.",
            where=f"{where} {start + bad + 1}",
            got=show(cells[bad]),
            remedy="Remove the character.",
        )

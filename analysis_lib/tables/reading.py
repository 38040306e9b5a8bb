"""Reading a table: which reader answers, and the checks on what it answered."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from analysis_lib.errors import TableError
from analysis_lib.tables.content import HEAD_BYTES, is_parquet, load
from analysis_lib.tables.exact import lines_of_rows, read_exactly
from analysis_lib.tables.fast import read_fast
from analysis_lib.tables.layout import Layout, Names, find_layout, glance
from analysis_lib.tables.parquet import ParquetTable
from analysis_lib.tables.records import show
from analysis_lib.tables.uniqueness import all_differ, repeated

MISSING = ("", "NA", "NaN", "nan", "N/A", "NULL", "null", "None")
"""What stands for a missing number unless the caller says otherwise."""

_NAMES_SHOWN = 30


def read_header(path: str | Path, *, names: Names = None) -> list[str]:
    """Return the column names of a table, from its beginning alone.

    Everything is checked that the beginning of a file can tell: that it is text or Parquet, its
    delimiter, and that the names are there and differ.

    Parameters
    ----------
    path : path
        CSV, TSV, semicolon-separated or Parquet; see `read_table`.
    names : texts or function, optional
        As for `read_table`.

    Returns
    -------
    list of str
        The first is "" where the header has no name for the first column.
    """
    path = Path(path)
    content = load(path, at_most=HEAD_BYTES)
    if not content.complete and not is_parquet(content.data):
        layout = glance(content.data, path, names)
        if layout:
            return list(layout.names)
    if not content.complete:
        content = load(path)
    if is_parquet(content.data):
        return list(ParquetTable(content.data, path, names).names)
    return list(find_layout(content.data, path, names).names)


def read_table(
    path: str | Path,
    *,
    numbers: Collection[str] = (),
    missing: Collection[str] = MISSING,
    unique: str | None = None,
    names: Names = None,
) -> pd.DataFrame:
    r"""Read a table strictly: as it is written, or not at all.

    Text is UTF-8, with or without BOM, plain or gzip. Comma, tab or semicolon separates columns,
    whichever gives every row the header's width; where none occurs there is one column. A field
    with a delimiter, a line break or a quote in it stands in quotes. A header one shorter than
    the rows, as R writes it, leaves the first column without a name (""). Blank lines are
    ignored at the end of a file and an error elsewhere. Parquet is held to the same rules;
    there, integers, floats, booleans and dates become text where no numbers are asked for.

    Parameters
    ----------
    path : path
        The file; what it is tells its content, not its name.
    numbers : names of columns
        Read as float64. A number is decimal, with a point; infinite values are an error.
    missing : texts
        What stands for a missing number (NaN). Texts are never missing: `NA` is a gene's name.
    unique : name of a column, optional
        Its values must not repeat.
    names : texts or function, optional
        Texts name the columns of a text file that has no header: its first line is a row. A
        function gets the header as it is written, repeated names and all, and returns the names
        to use. Either way they must be there and differ.

    Returns
    -------
    DataFrame
        The columns in `numbers` as float64, all others as text exactly as written.

    Raises
    ------
    TableError
        With file, line as an editor counts it, column, what was found and what to do.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "genes.csv"
    >>> _ = path.write_text("gene,logFC\nNA,1.5\n1E5,NA\n")
    >>> read_table(path, numbers=["logFC"])
      gene  logFC
    0   NA    1.5
    1  1E5    NaN
    >>> read_table(path, names=["first", "second"])["first"].tolist()
    ['gene', 'NA', '1E5']
    """
    path = Path(path)
    numbers = dict.fromkeys(numbers)  # asked for every column, and there may be thousands
    data = load(path).data
    layout: Layout | None = None
    columns: dict[str, Any]
    if is_parquet(data):
        table = ParquetTable(data, path, names)
        _require(numbers, unique, table.names, path)
        columns = table.columns(numbers)
    else:
        layout = find_layout(data, path, names)
        _require(numbers, unique, layout.names, path)
        fast = read_fast(data, layout, numbers, missing)
        columns = read_exactly(data, layout, path, numbers, missing) if fast is None else fast
    frame = _frame(columns)
    if unique is not None and not all_differ(frame[unique]):
        lines = lines_of_rows(data, layout, path) if layout else range(1, len(frame) + 1)
        raise repeated(frame[unique], path, lines, "line" if layout else "row")
    return frame


def place(path: str | Path, row: int, *, names: Names = None) -> str:
    """Say where a row of a table that was read stands: its line, or its number in Parquet.

    Parameters
    ----------
    row : int
        Counted from 0, as in the frame that `read_table` returns.
    names : texts or function, optional
        What `read_table` was given.
    """
    path = Path(path)
    data = load(path).data
    if is_parquet(data):
        return f"{path}, row {row + 1}"
    return f"{path}, line {lines_of_rows(data, find_layout(data, path, names), path)[row]}"


def _frame(columns: dict[str, Any]) -> pd.DataFrame:
    text = pd.StringDtype("pyarrow", na_value=np.nan)
    series = {
        name: cells if isinstance(cells, np.ndarray) else pd.array(cells, dtype=text)
        for name, cells in columns.items()
    }
    return pd.DataFrame(series, copy=False)


def _require(
    numbers: Collection[str], unique: str | None, names: Sequence[str], path: Path
) -> None:
    wanted = [*numbers] + ([] if unique is None else [unique])
    known = set(names)
    for name in wanted:
        if name in known:
            continue
        shown = ", ".join(show(other) for other in names[:_NAMES_SHOWN])
        more = f" and {len(names) - _NAMES_SHOWN} more" if len(names) > _NAMES_SHOWN else ""
        blanks = len(names) == 1 and " " in names[0].strip()
        raise TableError(
            f"There is no column {show(name)}.",
            where=str(path),
            got=f"the columns {shown}{more}",
            remedy="Separate columns by comma or tab, not by blanks (in R: write.csv)."
            if blanks
            else "Check the spelling, or name the column that is meant.",
        )

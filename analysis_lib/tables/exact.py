"""The exact reader: slow, in plain Python, and the definition of what a table says.

The fast reader may only answer what this one would. Where it cannot, this one reads the table
or finds the line, the column and the value that are wrong.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from itertools import islice
from operator import itemgetter
from pathlib import Path

import numpy as np
import numpy.typing as npt

from analysis_lib.errors import TableError
from analysis_lib.tables.content import decode
from analysis_lib.tables.layout import Layout
from analysis_lib.tables.numbers import explain, parse
from analysis_lib.tables.records import ANY_DELIMITER, DELIMITERS, Record, records, show

Column = list[str] | npt.NDArray[np.float64]
_ROWS_AT_ONCE = 10_000


def read_exactly(
    data: bytes, layout: Layout, path: Path, numbers: Collection[str], missing: Collection[str]
) -> dict[str, Column]:
    """Return the columns of a text table, or raise for what is wrong first in the file."""
    texts: dict[str, list[str]] = {name: [] for name in layout.names if name not in numbers}
    values: dict[str, list[npt.NDArray[np.float64]]] = {name: [] for name in numbers}
    rows = _body(data, layout, path)
    while batch := list(islice(rows, _ROWS_AT_ONCE)):
        wrong: list[tuple[int, str]] = []
        for name, cells in zip(layout.names, _columns(batch, layout, path), strict=True):
            if name in texts:
                texts[name].extend(cells)
            else:
                parsed, index = parse(cells, missing)
                values[name].append(parsed)
                wrong.extend([] if index is None else [(index, name)])
        if wrong:
            index, name = min(wrong, key=itemgetter(0))
            cell = batch[index].fields[layout.names.index(name)]
            where = f"{path}, line {batch[index].line}, column {show(name)}"
            raise _no_number(cell, where, missing)
    return {
        name: texts[name] if name in texts else np.concatenate(values[name])
        for name in layout.names
    }


def _columns(batch: list[Record], layout: Layout, path: Path) -> list[tuple[str, ...]]:
    for record in batch:
        if len(record.fields) != len(layout.names):
            raise _other_width(record, layout, path)
    return list(zip(*(record.fields for record in batch), strict=True))


def lines_of_rows(data: bytes, layout: Layout, path: Path) -> list[int]:
    """Return the number of the line in which each row begins."""
    return [record.line for record in _body(data, layout, path)]


def _body(data: bytes, layout: Layout, path: Path) -> Iterator[Record]:
    text = decode(data, path, layout.start, layout.line)
    return records(text, layout.delimiters, path, layout.line)


def _other_width(record: Record, layout: Layout, path: Path) -> TableError:
    width, found = len(layout.names), len(record.fields)
    row = show((layout.delimiters if width > 1 else ",").join(record.fields))
    header = "the header" if layout.headed else "the names given"
    fields = "field" if found == 1 else "fields"
    if width == 1 and layout.headed:
        remedy = "Remove lines above the header; quote text that holds a delimiter."
    elif found > width and layout.delimiters == ",":
        remedy = "Is it a decimal comma, or a comma in a text without quotes around it?"
    elif found > width:
        remedy = "Put quotes around text that holds a delimiter."
    else:
        remedy = "Is the file cut off, or does the line break inside a text without quotes?"
    by = "" if layout.delimiters == ANY_DELIMITER else f" by {DELIMITERS[layout.delimiters]}"
    return TableError(
        f"A row is {'wider' if found > width else 'narrower'} than {header}.",
        where=f"{path}, line {record.line}",
        expected=f"{width} {'field' if width == 1 else 'fields'}{by}, as in {header}",
        got=f"{found} {fields}: {row}",
        remedy=remedy,
    )


def _no_number(cell: str, where: str, missing: Collection[str]) -> TableError:
    got, remedy = explain(cell)
    spelled = ", ".join(repr(text) for text in missing)
    return TableError(
        "A column of numbers holds something else.",
        where=where,
        expected=f"a number{f', or one of {spelled}' if spelled else ''}",
        got=got,
        remedy=remedy,
    )

"""The fast reader: pyarrow on all cores, for tables that leave nothing to doubt."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Any

import numpy as np
import numpy.typing as npt

from analysis_lib.tables.content import BOM
from analysis_lib.tables.layout import Layout

_QUOTE, _LF, _CR = b'"\n\r'
_BLANK_LINE = re.compile(rb"\n\n|\n\r|\r\r")
_BLOCK_BYTES = 1 << 20, 1 << 28
_ROWS_PER_BLOCK = 1000
_QUOTES_AT_ONCE = 1 << 22
_BYTES_AT_ONCE = 1 << 18


def read_fast(
    data: bytes, layout: Layout, numbers: Collection[str], missing: Collection[str]
) -> dict[str, Any] | None:
    """Return the columns of a text table, or None where the exact reader must look."""
    import pyarrow as pa

    if len(layout.delimiters) > 1 or data.startswith(BOM, layout.start):
        # Of one column, pyarrow takes a blank line for an empty text; and it drops a BOM where
        # the rows begin, which is part of the first cell there.
        return None
    end = len(data)
    while end > layout.start and data[end - 1] in b"\r\n":
        end -= 1
    quoted = data.find(b'"', layout.start, end) >= 0
    body = pa.py_buffer(data).slice(layout.start, end - layout.start)
    text = np.frombuffer(body, np.uint8)
    # pyarrow makes a row of every blank line, and of a byte the memory of a row.
    doubtful = (
        not _strictly_quoted(text, layout.delimiters)
        if quoted
        else _mostly_blank(text) and bool(_BLANK_LINE.search(data, layout.start, end))
    )
    if doubtful:
        return None
    try:
        table = _parse(body, layout, numbers, missing, quoted)
    except pa.ArrowException:  # the exact reader says what and where
        return None
    if _may_have_blank_line(table.column(0)) and _BLANK_LINE.search(data, layout.start, end):
        return None
    columns = {}
    for name, column in zip(layout.names, table.columns, strict=True):
        # pyarrow lends what lies in one piece, and what is lent must not be written to.
        columns[name] = (
            np.require(column.to_numpy(), requirements="W") if name in numbers else column
        )
        # What is written as infinite, or as NaN without being called missing, is no number.
        if name in numbers and np.isfinite(columns[name]).sum() + column.null_count != len(column):
            return None
    return columns


def _parse(
    body: Any, layout: Layout, numbers: Collection[str], missing: Collection[str], quoted: bool
) -> Any:
    import pyarrow as pa
    from pyarrow import csv

    types = {name: pa.float64() if name in numbers else pa.string() for name in layout.names}
    # Each block of each column is a piece of memory: wide tables need larger blocks.
    smallest, largest = _BLOCK_BYTES
    block = min(max(smallest, _ROWS_PER_BLOCK * 10 * len(layout.names)), largest)
    return csv.read_csv(
        pa.BufferReader(body),
        read_options=csv.ReadOptions(column_names=list(layout.names), block_size=block),
        parse_options=csv.ParseOptions(
            delimiter=layout.delimiters,
            quote_char='"' if quoted else False,
            newlines_in_values=quoted,
            ignore_empty_lines=False,
        ),
        convert_options=csv.ConvertOptions(
            column_types=types, null_values=list(missing), strings_can_be_null=False
        ),
    )


def _strictly_quoted(body: npt.NDArray[np.uint8], delimiter: str) -> bool:
    """Tell whether every quote opens or closes a whole field, or is one of a doubled pair."""
    edge = np.zeros(256, bool)
    edge[[_QUOTE, ord("\r"), ord("\n"), ord(delimiter)]] = True
    opened = 0
    for start in range(0, len(body), _QUOTES_AT_ONCE):  # the place of a quote takes eight bytes
        quotes = np.flatnonzero(body[start : start + _QUOTES_AT_ONCE] == _QUOTE) + start
        opening, closing = quotes[opened::2], quotes[1 - opened :: 2]
        opening = opening[opening > 0]
        closing = closing[closing < len(body) - 1]
        if not (edge[body[opening - 1]].all() and edge[body[closing + 1]].all()):
            return False
        opened = (opened + len(quotes)) % 2
    return opened == 0


def _mostly_blank(body: npt.NDArray[np.uint8]) -> bool:
    """Tell whether blank lines may make up much of a text without quotes."""
    steps = range(0, len(body), _BYTES_AT_ONCE)
    pieces = (body[start : start + _BYTES_AT_ONCE] for start in steps)
    ends = sum(int(np.count_nonzero((piece == _LF) | (piece == _CR))) for piece in pieces)
    return 3 * ends > len(body)


def _may_have_blank_line(first: Any) -> bool:
    """Tell whether the first column is empty anywhere, as pyarrow reads a blank line."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_floating(first.type):
        return bool(first.null_count)
    return bool(pc.any(pc.equal(first, "")).as_py())

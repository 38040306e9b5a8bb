"""Rows of a table of counts, read as strictly as any, and kept as what is not zero."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse

from analysis_lib import tables
from analysis_lib.tables.content import is_parquet, load
from analysis_lib.tables.fast import read_fast
from analysis_lib.tables.layout import Names, find_layout
from analysis_lib.tables.reading import MISSING

BYTES = 1 << 25
"""How much of a text is read at a time."""

_ENDS = b"\r\n"


def read_rows(
    path: Path, numbers: Sequence[str], names: Names
) -> tuple[list[str], list[sparse.csc_array]]:
    """Return the names in the first column, and the columns of numbers, some rows at a time.

    The dense table is never in memory: where a text leaves nothing to doubt it is read piece by
    piece. Where it does, and Parquet, is read as a whole.
    """
    found = _text_rows(path, numbers, names)
    if found is not None:
        return found
    frame = tables.read_table(path, numbers=numbers, names=names)
    return _stripped(frame.iloc[:, 0]), [compressed(frame, numbers)]


def compressed(table: Any, columns: Sequence[str]) -> sparse.csc_array:
    """Return the columns of a table: what is not zero, allocated once."""
    ends = np.cumsum([np.count_nonzero(table[name]) for name in columns])
    whole = np.int32 if ends[-1:].sum() <= np.iinfo(np.int32).max else np.int64
    bounds = np.concatenate([[0], ends]).astype(whole)
    values = np.empty(bounds[-1], np.float64)
    rows = np.empty(bounds[-1], np.int32)
    length = 0
    for place, name in enumerate(columns):
        column = np.asarray(table[name])
        there = np.flatnonzero(column)
        values[bounds[place] : bounds[place + 1]] = column[there]
        rows[bounds[place] : bounds[place + 1]] = there
        length = len(column)
    return sparse.csc_array((values, rows, bounds), (length, len(columns)))


def _text_rows(
    path: Path, numbers: Sequence[str], names: Names
) -> tuple[list[str], list[sparse.csc_array]] | None:
    """Return the rows of a text in which every line is a row, None of any other file."""
    import pyarrow as pa

    data = load(path).data
    if is_parquet(data):
        return None
    layout = find_layout(data, path, names)
    if not set(numbers) <= set(layout.names):
        return None
    wanted, found, pieces = dict.fromkeys(numbers), [], []
    end = len(data)
    while end > layout.start and data[end - 1] in _ENDS:
        end -= 1
    start = layout.start
    while start < end:
        stop = _line_end(data, start + BYTES, end)
        if stop is None:
            return None
        # A piece that ends inside quotes is in doubt, too.
        table = read_fast(data[start:stop], replace(layout, start=0), wanted, MISSING)
        if table is None:
            return None
        found += _stripped(pd.Series(table[layout.names[0]].to_pandas()))
        pieces.append(compressed(table, numbers))
        del table
        pa.default_memory_pool().release_unused()  # or it keeps as much again for later
        start = stop
    return found, pieces


def _line_end(data: bytes, start: int, end: int) -> int | None:
    """Return where the line ends in which a byte stands; None where a blank line may follow."""
    if start >= end:
        return end
    stop = data.find(b"\n", start, end) + 1
    if not stop:
        return end
    # A piece is read without the blank lines at its end, which are an error amid a file.
    line = data[stop - 3 : stop].removesuffix(b"\n").removesuffix(b"\r")
    blank = line.endswith((b"\r", b"\n")) or data[stop] in _ENDS
    return None if blank else stop


def _stripped(names: pd.Series) -> list[str]:
    return names.astype("str").str.strip().tolist()

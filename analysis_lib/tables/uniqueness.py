"""Whether the values of a column differ, and which do not."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis_lib.errors import TableError
from analysis_lib.tables.records import show

_EXAMPLES = 3
_PLACES = 4
_WORD = 8  # bytes


def all_differ(column: pd.Series[Any]) -> bool:
    """Tell whether every value of a column stands in it once.

    Examples
    --------
    >>> all_differ(pd.Series(["a", "b"])), all_differ(pd.Series(["a", "b", "a"]))
    (True, False)
    """
    import pyarrow as pa

    if isinstance(column.dtype, pd.StringDtype):
        chunks = pa.chunked_array(column.array.__arrow_array__(pa.large_string())).chunks
        # Sorting numbers takes a fraction of the time of hashing texts.
        keys = np.sort(np.concatenate([_keys(chunk) for chunk in chunks]))
        if (keys[1:] != keys[:-1]).all():
            return True
    return bool(column.is_unique)


def repeated(column: pd.Series[Any], path: Path, lines: Sequence[int], place: str) -> TableError:
    """Return the error that names the values which stand more than once, and where."""
    again = column[column.duplicated(keep=False)]
    groups = again.groupby(again, sort=False, dropna=False).groups
    examples = [
        f"{show(str(value))} in {place}s {_listed([lines[row] for row in rows])}"
        for value, rows in list(groups.items())[:_EXAMPLES]
    ]
    others = len(groups) - len(examples)
    return TableError(
        f"{len(groups):,} {'value stands' if len(groups) == 1 else 'values stand'} more than once "
        "in a column whose values must differ.",
        where=f"{path}, column {show(str(column.name))}",
        got="; ".join(examples) + (f"; and {others:,} more" if others else ""),
        remedy="Keep one row of each.",
    )


def _keys(texts: Any) -> npt.NDArray[np.uint64]:
    """Return a number per text, made of its length, its first and its last eight bytes.

    Equal texts have equal numbers; different texts may.
    """
    _, offsets, data = texts.buffers()
    ends = np.frombuffer(offsets, np.int64)[texts.offset : texts.offset + len(texts) + 1]
    start, length = ends[:-1], np.diff(ends)
    letters = np.zeros(ends[-1] + _WORD, np.uint8)
    letters[: ends[-1]] = np.frombuffer(data, np.uint8, ends[-1]) if ends[-1] else 0
    # A word begins at every byte; of a short text the bytes beyond its end are blotted out.
    words = np.ndarray(ends[-1] + 1, "<u8", letters, strides=(1,))
    unused = 8 * (_WORD - np.minimum(length, _WORD)).astype(np.uint64)
    blot = np.where(length > 0, np.uint64(2**64 - 1) >> np.minimum(unused, 63), 0)
    first = words[start] & blot
    last = words[np.maximum(start + length - _WORD, start)] & blot
    odd_1, odd_2 = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xC2B2AE3D27D4EB4F)
    return first * odd_1 ^ (last + length.astype(np.uint64)) * odd_2


def _listed(lines: Sequence[int]) -> str:
    more = f" and {len(lines) - _PLACES} more" if len(lines) > _PLACES else ""
    return ", ".join(map(str, lines[:_PLACES])) + more

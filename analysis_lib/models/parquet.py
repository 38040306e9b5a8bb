"""Kept tables, read as data that somebody else may have made: bounded, and nothing interpreted."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

import pandas as pd

from analysis_lib.models.arrays import check_file

LARGEST_FILE = 100_000_000
LARGEST_TABLE = 200_000_000
"""Bytes that a kept table may have on disk, and those that it may take in memory."""

_CODECS = {"SNAPPY", "UNCOMPRESSED"}
"""What pyarrow writes unless told otherwise, and does not become more than 22 times as large."""


def read(path: Path) -> tuple[pd.DataFrame, Mapping[bytes, bytes]]:
    """Read a table of numbers and texts, and what is said of it; `failures` are what it raises."""
    import pyarrow.parquet as pq

    check_file(path, LARGEST_FILE)
    with pq.ParquetFile(path) as file:
        rows, kinds = file.metadata.num_rows, file.schema_arrow
        if 8 * rows * len(kinds) > LARGEST_TABLE:
            raise ValueError(f"{rows:,} rows of {len(kinds):,} columns are too many")
        _check_packing(file.metadata)
        texts = [field.name for field in kinds if _is_text(field)]
    # A text that stands there a million times is one text, until it is known to fit.
    table = pq.ParquetFile(path, read_dictionary=texts).read(use_pandas_metadata=False)
    _check_texts(table)
    metadata = table.schema.metadata or {}
    plain = [c.cast(c.type.value_type) if _is_packed(c) else c for c in table.columns]
    arrays = dict(zip(table.column_names, plain, strict=True))
    if len(arrays) < table.num_columns:
        raise ValueError("a column stands there twice")
    return pd.DataFrame({name: column.to_pandas() for name, column in arrays.items()}), metadata


def failures() -> tuple[type[Exception], ...]:
    """Return what reading a table raises that is not what it seems."""
    import pyarrow as pa

    damaged = (pa.ArrowException, OSError, ValueError, KeyError, TypeError)
    return (*damaged, RecursionError, MemoryError, NotImplementedError)


def no_number(text: str) -> NoReturn:
    """Refuse what JSON does not know and Python's reader of it does: NaN and Infinity."""
    raise ValueError(f"{text} is no number of JSON")


def _check_packing(metadata: Any) -> None:
    for group in range(metadata.num_row_groups):
        for column in range(metadata.num_columns):
            if (codec := metadata.row_group(group).column(column).compression) not in _CODECS:
                raise ValueError(f"it is packed by {codec}, not as kept tables are")


def _is_text(field: Any) -> bool:
    import pyarrow.types as kind

    known = kind.is_integer, kind.is_floating, kind.is_boolean, kind.is_string, kind.is_large_string
    if not any(test(field.type) for test in known):
        raise ValueError(f"column {field.name!r} holds {field.type}, not numbers or texts")
    return bool(kind.is_string(field.type) or kind.is_large_string(field.type))


def _is_packed(column: Any) -> bool:
    import pyarrow.types as kind

    return bool(kind.is_dictionary(column.type))


def _check_texts(table: Any) -> None:
    import pyarrow.compute as pc

    size = 0
    for column in filter(_is_packed, table.columns):
        for chunk in column.chunks:
            lengths = pc.cast(pc.binary_length(chunk.dictionary), "int64")
            size += pc.sum(lengths.take(chunk.indices)).as_py() or 0
    if size > LARGEST_TABLE:
        raise ValueError(f"its texts have {size:,} bytes")

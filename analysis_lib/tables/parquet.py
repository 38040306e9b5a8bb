"""Parquet tables, held to the same rules as text."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

import numpy as np

from analysis_lib.errors import TableError
from analysis_lib.tables.content import MAX_BYTES
from analysis_lib.tables.layout import Names, check_names, renamed
from analysis_lib.tables.records import show


class ParquetTable:
    """A Parquet file whose column names were checked.

    Parameters
    ----------
    data : bytes
        The whole file.
    path : Path
        Its name in error messages.
    names : function, optional
        From the names in the file to those to use. Such a file always has names, so it takes
        no list of them.
    """

    def __init__(self, data: bytes, path: Path, names: Names = None) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        self.path = path
        try:
            # A text that repeats stands in the file once: it is read so until its size is known.
            found = pq.read_metadata(pa.BufferReader(data))
            self._file = pq.ParquetFile(
                pa.BufferReader(data),
                metadata=found,
                read_dictionary=_may_unfold(found),
                page_checksum_verification=True,
            )
            header = list(self._file.schema_arrow.names)
        except _failures() as error:
            raise self._damaged(error) from error
        if names is not None and not callable(names):
            raise TableError(
                "A table without a header is expected, and a Parquet file names its columns.",
                where=str(path),
                got=", ".join(show(name) for name in header[:4]),
                remedy="Give the table as text (CSV or TSV).",
            )
        self.names = check_names(renamed(header, names), path)
        self._rows = rows = self._file.metadata.num_rows
        if rows == 0 or not header:
            raise TableError(
                "The table has no rows.", where=str(path), remedy="Export it again with its rows."
            )
        if max(rows * len(header) * 8, _unpacked(self._file.metadata)) > MAX_BYTES:
            raise self._too_large(f"{rows:,} rows of {len(header):,} columns")

    def columns(self, numbers: Collection[str]) -> dict[str, Any]:
        """Return the columns: numbers as float64 (missing: NaN), all others as text."""
        try:
            table = self._file.read(use_pandas_metadata=False)
            table.validate(full=True)  # letters that are no UTF-8, places outside a dictionary
            if table.num_rows != self._rows:
                raise self._damaged(
                    f"{self._rows:,} rows are promised, and {table.num_rows:,} are in it"
                )
            return {
                name: self._number(column, name) if name in numbers else self._text(column, name)
                for name, column in zip(self.names, table.columns, strict=True)
            }
        except _failures() as error:
            raise self._damaged(error) from error

    def _number(self, column: Any, name: str) -> Any:
        import pyarrow as pa

        kind = pa.types
        if not _is(column, kind.is_integer, kind.is_floating, kind.is_decimal, kind.is_null):
            raise self._wrong_type(column, name, "numbers")
        try:
            values = np.array(column.cast(pa.float64()).to_numpy())
        except pa.ArrowInvalid as error:
            raise TableError(
                "A number is too large to be read exactly.",
                where=f"{self.path}, column {show(name)}",
                got=str(error),
                remedy="Store the column as 64-bit floats.",
            ) from error
        infinite = np.flatnonzero(np.isinf(values))
        if len(infinite):
            raise TableError(
                "A column of numbers holds an infinite value.",
                where=f"{self.path}, row {infinite[0] + 1}, column {show(name)}",
                got=str(values[infinite[0]]),
                remedy="Store a number, or nothing where there is none.",
            )
        return values

    def _text(self, column: Any, name: str) -> Any:
        import pyarrow as pa
        import pyarrow.compute as pc

        kind = pa.types
        if kind.is_dictionary(column.type):
            size = sum(map(_unfolded, column.chunks))
            if size > MAX_BYTES:
                raise self._too_large(f"{size:,} bytes in column {show(name)}")
            column = column.cast(column.type.value_type)
        if kind.is_floating(column.type):
            # NaN is missing as null is; both are the empty text.
            cells = ["" if math.isnan(x) else repr(x) for x in column.fill_null(np.nan).to_pylist()]
            return pa.chunked_array([pa.array(cells, pa.string())])
        textual = kind.is_string, kind.is_large_string, kind.is_string_view
        exact = kind.is_integer, kind.is_boolean, kind.is_decimal, kind.is_temporal, kind.is_null
        if not _is(column, *textual, *exact):
            raise self._wrong_type(column, name, "text")
        return pc.fill_null(column.cast(pa.large_string()), "")

    def _too_large(self, got: str) -> TableError:
        return TableError(
            "The table is larger than a table may be.",
            where=str(self.path),
            expected=f"at most {MAX_BYTES:,} bytes in memory",
            got=got,
            remedy="Split it, or keep the columns you need.",
        )

    def _wrong_type(self, column: Any, name: str, expected: str) -> TableError:
        return TableError(
            f"A column is not of a type that holds {expected}.",
            where=f"{self.path}, column {show(name)}",
            expected=expected,
            got=str(column.type),
            remedy=f"Store the column as {expected}.",
        )

    def _damaged(self, error: object) -> TableError:
        return TableError(
            "The Parquet file is damaged.",
            where=str(self.path),
            got=str(error).splitlines()[0][:200] if str(error) else type(error).__name__,
            remedy="Download or write it again.",
        )


def _groups(found: Any) -> list[Any]:
    # Not their columns: where what is said of one is damaged, asking for it ends the process.
    return [found.row_group(group) for group in range(found.num_row_groups)]


def _unpacked(found: Any) -> int:
    """Return how many bytes the columns are said to take unpacked, repeated texts still once."""
    return sum(group.total_byte_size for group in _groups(found))


def _may_unfold(found: Any) -> list[str]:
    """Return the columns of text where each row's own copy of a text may take too much."""
    if all(group.num_rows * group.total_byte_size <= MAX_BYTES for group in _groups(found)):
        return []
    columns = [found.schema.column(place) for place in range(found.num_columns)]
    return [column.path for column in columns if column.physical_type == "BYTE_ARRAY"]


def _unfolded(chunk: Any) -> int:
    """Return how many bytes a piece of a folded column takes when each row has its own copy."""
    import pyarrow as pa
    import pyarrow.compute as pc

    kind = pa.types
    if not _is(chunk.dictionary, kind.is_string, kind.is_large_string, kind.is_binary):
        return 8 * len(chunk)
    lengths = pc.binary_length(chunk.dictionary).fill_null(0).to_numpy(zero_copy_only=False)
    times = np.bincount(chunk.indices.drop_null().to_numpy(), minlength=len(lengths))
    return int(times @ lengths.astype(np.int64))


def _is(column: Any, *kinds: Callable[[Any], bool]) -> bool:
    return any(kind(column.type) for kind in kinds)


def _failures() -> tuple[type[Exception], ...]:
    """Return what pyarrow raises for a file that is not what it seems."""
    import pyarrow as pa

    return (pa.ArrowException, OSError, ValueError, KeyError, NotImplementedError, MemoryError)

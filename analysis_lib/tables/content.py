"""From a path to the bytes of a text or Parquet table; everything else is refused by name."""

from __future__ import annotations

import gzip
import io
import os
import re
import stat
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, NamedTuple

from analysis_lib.errors import TableError

MAX_BYTES = 2 * 1024**3
"""A table has at most this many bytes, unpacked where it is packed."""

LONGEST_LINE = 1 << 26
"""A text table has a line end within its first so many bytes."""

HEAD_BYTES = 1 << 20
"""How much of a file its head is: enough to find the delimiter and the column names."""

BOM = b"\xef\xbb\xbf"
LINE_END = re.compile(rb"\r\n|\r|\n")
_GZIP = b"\x1f\x8b"
_ZIP = b"PK\x03\x04"
_NOTHING = re.compile(rb"(?:\xef\xbb\xbf)?[\r\n]*+")
_PAGE = re.compile(rb"(?:\xef\xbb\xbf)?\s*+<(!doctype|html|head|body|\?xml|svg|!--)", re.IGNORECASE)
_PIECE = 1 << 20
_SUSPECT_BYTES, _SUSPECT_RATIO = 1 << 26, 30  # no file of measured numbers is packed so well

_WORKBOOK = "an Excel workbook", "Open it and save the sheet as CSV (comma, UTF-8)."
_ARCHIVE = "a compressed archive", "Unpack it; plain text and gzip are read."
_R_DATA = "R's own data format", "Write it in R: write.csv(x, 'table.csv')."
_UTF_16 = (
    "text in UTF-16 or UTF-32 (Excel's 'Unicode text')",
    "Save it as CSV UTF-8 instead.",
)
# Every mark holds a byte that UTF-8 text cannot, or a whole phrase: no column is called so.
_FOREIGN: tuple[tuple[bytes, tuple[str, str]], ...] = (
    (b"\xff\xfe", _UTF_16),
    (b"\xfe\xff", _UTF_16),
    (b"\0\0\xfe\xff", _UTF_16),
    (b"\xd0\xcf\x11\xe0", _WORKBOOK),
    (_ZIP, _ARCHIVE),
    (b"BZh91AY&SY", _ARCHIVE),
    (b"\xfd7zXZ\0", _ARCHIVE),
    (b"\x28\xb5\x2f\xfd", _ARCHIVE),
    (b"7z\xbc\xaf", _ARCHIVE),
    (_GZIP, ("compressed with gzip twice", "Unpack it once.")),
    (b"X\n\0\0", _R_DATA),
    (b"RDX2\n", _R_DATA),
    (b"RDX3\nX\n\0", _R_DATA),
    (b"\x89HDF", ("an HDF5 file", "Export the table in it as CSV.")),
    (b"%PDF-", ("a PDF document", "Ask for the table as CSV.")),
    (
        b"version https://git-lfs",
        ("a Git LFS pointer, not the data itself", "Fetch the data: git lfs pull."),
    ),
)


class Content(NamedTuple):
    """The bytes of a file, unpacked, and whether they are all of it."""

    data: bytes
    complete: bool


def load(path: Path, at_most: int | None = None) -> Content:
    """Read a file, through gzip where its first bytes say so; `at_most` reads its head only."""
    try:
        mode = path.stat().st_mode
        if not stat.S_ISREG(mode):
            kind = "a folder" if stat.S_ISDIR(mode) else "no regular file"
            raise TableError(
                "A table is a file.", where=str(path), got=kind, remedy="Name the file itself."
            )
        with path.open("rb", buffering=0) as file:  # a buffer would copy the whole file
            packed = file.read(len(_GZIP)) == _GZIP
            file.seek(0)
            content = _unpack(file, path, at_most) if packed else _read(file, path, at_most)
    except FileNotFoundError as error:
        raise TableError(
            "There is no such file.", where=str(path), remedy="Check the path and the spelling."
        ) from error
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        raise TableError(
            "The file cannot be read.",
            where=str(path),
            got=str(getattr(error, "strerror", None) or error),
            remedy="Check its permissions and the path.",
        ) from error
    _refuse_foreign(content.data, path)
    return content


def is_parquet(data: bytes) -> bool:
    """Tell whether the bytes begin as Parquet does."""
    # The fifth byte opens a Thrift structure; without it a column called PAR1 would do.
    return data.startswith(b"PAR1\x15")


def decode(data: bytes, path: Path, start: int = 0, line: int = 1) -> str:
    """Return `data` from byte `start`, which stands in line `line`, as text."""
    try:
        return data[start:].decode("utf-8") if start else data.decode("utf-8")
    except UnicodeDecodeError as error:
        at = start + error.start
        line, column = _position(data, at, start, line)
        raise TableError(
            "The file is not UTF-8 text.",
            where=f"{path}, line {line}, byte {column} of the line",
            got=f"byte 0x{data[at]:02x} after {_before(data, at)!r}",
            remedy="Save it as UTF-8, or convert it: iconv -f LATIN1 -t UTF-8 OLD > NEW.",
        ) from error


def _read(file: IO[bytes], path: Path, at_most: int | None) -> Content:
    size = os.fstat(file.fileno()).st_size
    if at_most is None and size > MAX_BYTES:
        raise TableError(
            "The file is larger than a table may be.",
            where=str(path),
            expected=f"at most {MAX_BYTES:,} bytes",
            got=f"{size:,} bytes",
            remedy="Split it, or keep the columns you need.",
        )
    data = file.read() if at_most is None else file.read(at_most)
    return Content(data, at_most is None or not file.read(1))


def _unpack(file: IO[bytes], path: Path, at_most: int | None) -> Content:
    limit = MAX_BYTES if at_most is None else at_most
    unpacked, count = io.BytesIO(), 0
    try:
        for piece in _pieces(file, limit):
            unpacked.write(piece)
            count += len(piece)
            if count > max(_SUSPECT_BYTES, _SUSPECT_RATIO * file.tell()):
                # Perhaps a bomb: how much it is must be known before it takes any more memory.
                unpacked = io.BytesIO()
                file.seek(0)
                count = sum(map(len, _pieces(file, limit)))
                if count <= limit:
                    file.seek(0)
                    unpacked.writelines(_pieces(file, limit))
                break
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        cut_off = isinstance(error, EOFError)
        raise TableError(
            "The gzip file is cut off." if cut_off else "The gzip file is damaged.",
            where=str(path),
            got=f"{error} (after {count:,} unpacked bytes)",
            remedy="Download or copy it again.",
        ) from error
    complete = count <= limit
    if at_most is None and not complete:
        raise TableError(
            "The gzip file unpacks to more than a table may hold.",
            where=str(path),
            expected=f"at most {limit:,} bytes",
            remedy="Check where it comes from; split a table that is really so large.",
        )
    return Content(unpacked.getvalue()[:limit], complete)


def _pieces(file: IO[bytes], limit: int) -> Iterator[bytes]:
    """Unpack piece by piece, to one byte beyond the limit, which tells whether there is more."""
    left = limit + 1
    with gzip.GzipFile(fileobj=file) as stream:
        while piece := stream.read(min(_PIECE, left)):
            left -= len(piece)
            yield piece


def _refuse_foreign(data: bytes, path: Path) -> None:
    if _NOTHING.fullmatch(data):
        got = "only blank lines" if data.removeprefix(BOM) else "0 bytes"
        raise TableError(
            "The file is empty.", where=str(path), got=got, remedy="Export or download it again."
        )
    if is_parquet(data):
        return
    if data.startswith(_ZIP) and b"[Content_Types].xml" in data[:4096]:
        raise _foreign(_WORKBOOK, path)  # an .xlsx is a zip archive
    for mark, kind in _FOREIGN:
        if data.startswith(mark):
            raise _foreign(kind, path)
    if _PAGE.match(data):
        raise TableError(
            "The file is an HTML or XML page, not a table.",
            where=str(path),
            got=repr(data[:40].decode("utf-8", "replace")),
            remedy="Often a login or error page was saved: download the data again.",
        )
    if b"\0" in data:
        _refuse_binary(data, path)


def _foreign(kind: tuple[str, str], path: Path) -> TableError:
    what, remedy = kind
    return TableError(f"The file is {what}.", where=str(path), remedy=remedy)


def _refuse_binary(data: bytes, path: Path) -> None:
    head = data[:4096]
    if head.count(0) * 4 > len(head) and len(set(_places(head))) == 1:
        raise _foreign(_UTF_16, path)
    at = data.index(0)
    line, column = _position(data, at)
    raise TableError(
        "The file is binary, not text.",
        where=f"{path}, line {line}, byte {column} of the line",
        got="a NUL byte",
        remedy="Export the table as CSV or TSV, or write the file again.",
    )


def _places(head: bytes) -> list[int]:
    # Western text in UTF-16 has its NUL bytes all at even or all at odd places.
    return [place % 2 for place, byte in enumerate(head) if byte == 0]


def _position(data: bytes, at: int, start: int = 0, line: int = 1) -> tuple[int, int]:
    last = start
    for end in LINE_END.finditer(data, start, at):
        line, last = line + 1, end.end()
    return line, at - last + 1


def _before(data: bytes, at: int) -> str:
    return LINE_END.split(data[max(0, at - 20) : at])[-1].decode("utf-8", "replace")

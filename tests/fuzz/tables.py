"""The table reader: the right table, every cell as written, or one of its errors."""

from __future__ import annotations

import atexit
import csv
import gzip
import io
import math
import re
import shutil
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from analysis_lib.errors import TableError
from analysis_lib.tables import place, read_header, read_table
from analysis_lib.tables.content import BOM, is_parquet, load
from analysis_lib.tables.exact import read_exactly
from analysis_lib.tables.layout import Layout, find_layout
from analysis_lib.tables.reading import MISSING

_FOLDER = Path(tempfile.mkdtemp(prefix="fuzz-"))
atexit.register(shutil.rmtree, _FOLDER, ignore_errors=True)
_NUMBER = re.compile(r"[ \t]*[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?[ \t]*")
csv.field_size_limit(1 << 30)

WORDS = [
    *(b'"', b'""', b",", b"\t", b";", b"\n", b"\r\n", b"\r", b"\xef\xbb\xbf", b"\n\n", b'"\n"'),
    *(b"NA", b"nan", b"inf", b"1e5", b"-0.0", b"5e-324", b"1e309", b"0x1", b"1_0", b"1.5", b".5"),
    *("é".encode(), "\u2028".encode(), "１".encode(), "\u202e".encode(), b"\xff", b"\0"),
    *(b"gene,x\n", b"</script>", b"=cmd", b"PAR1", b"\x1f\x8b\x08", b"<html", b'"x","y"\n'),
]
"""What tables are made of, for those who put bytes together."""


def seeds() -> list[bytes]:
    """Return tables of every kind to begin with; the first byte says how they are read."""
    texts = [
        "gene,x,p\nTP53,1.5,NA\nBRCA1,-2e-3,0.1\n",
        "gene\tx\nA, or B\t1\n",
        "g;x\na;1,5\nb;2,5\n",
        '"","x"\r\n"a ""b"", c",1.5\r\n"",2\r\n',
        '"x" "y"\n"a" 1 2\n',
        '"x","y"\n"a",1,5\n',
        '\ufeffg,x\n"a\r\nb\nc",1\r\n\r\n\n',
        'g\n"a,b"\n""\n',
        'g\tx\n5" end\t1\n',
        "a;b,c\n1;2,3\n",
        "x,y\na,1\n\nb,2\n",
        "gene,x\n" + "".join(f"g{i},{i / 7}\n" for i in range(60)) + "last,1,2\n",
    ]
    packed = io.BytesIO()
    pq.write_table(pa.table({"g": ["a", "b"], "x": [1.5, 2.5]}), packed)
    forms = [text.encode() for text in texts]
    forms += [gzip.compress(forms[0], mtime=0), packed.getvalue(), "g,x\na,1\n".encode("utf-16")]
    return [bytes([way]) + form for form in forms for way in (0, 1, 7)]


def check(data: bytes) -> int:
    """Read the bytes in the way their first one says, and return how many rows they are.

    Raises
    ------
    AssertionError
        A cell is not what is written, a row is lost, or two readers do not agree.
    """
    way, body = (data[0] if data else 0), data[1:]
    path = _FOLDER / "table"
    path.write_bytes(body)
    names = (lambda header: [f"{n} {name}" for n, name in enumerate(header)]) if way & 2 else None
    try:
        content = load(path).data
        frame = read_table(path, names=names)
    except TableError as error:
        _check_error(error, path)
        return 0
    header = list(frame.columns)
    assert read_header(path, names=names) == header
    assert len(frame) > 0
    if not is_parquet(content):
        layout = find_layout(content, path, names)
        exact = read_exactly(content, layout, path, (), MISSING)
        assert {name: frame[name].tolist() for name in header} == exact
        _check_csv(content, layout, frame, given=names is not None)
        lines = 1 + len(re.findall(rb"\r\n|\r|\n", content))
        where = place(path, len(frame) - 1, names=names)
        assert int(where.removeprefix(f"{path}, line ")) <= lines
    if way & 1:
        _check_numbers(path, frame, names, unique=header[0] if way & 4 else None)
    return len(frame)


def _check_error(error: TableError, path: Path) -> None:
    told = str(error).splitlines()
    assert 1 < len(told) <= 5, told
    assert all(line.isprintable() for line in told), told
    assert str(path) in (error.where or ""), told


def _check_csv(content: bytes, layout: Layout, frame: pd.DataFrame, *, given: bool) -> None:
    """Hold the table against the standard library's reader."""
    text = content.removeprefix(BOM).decode()
    delimiter = layout.delimiters if len(layout.delimiters) == 1 else "\x01"
    if delimiter in "\x01" and delimiter in text:
        return
    # It is given line by line what ends a line: it would not take a bare return for one.
    theirs = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))
    while theirs and not theirs[-1]:
        theirs.pop()
    header, *rows = theirs
    if len(header) < len(frame.columns):
        header = ["", *header]
    assert given or header == list(frame.columns)
    assert rows == frame.to_numpy().tolist()


def _check_numbers(path: Path, frame: pd.DataFrame, names: object, unique: str | None) -> None:
    header = list(frame.columns)
    try:
        numbers = read_table(path, numbers=header[1:], names=names, unique=unique)
    except TableError as error:
        _check_error(error, path)
        return
    assert unique is None or frame[unique].nunique() == len(frame)
    assert list(numbers.columns) == header
    assert numbers[header[0]].tolist() == frame[header[0]].tolist()
    for name in header[1:]:
        if is_parquet(path.read_bytes()):
            continue
        expected = np.array([_number(cell) for cell in frame[name].tolist()])
        # Bit by bit: minus zero and the smallest numbers too.
        np.testing.assert_array_equal(numbers[name].to_numpy().view("u8"), expected.view("u8"))


def _number(cell: str) -> float:
    if cell in MISSING or cell.strip(" \t") in MISSING:
        return math.nan
    assert _NUMBER.fullmatch(cell), cell
    return float(cell)

"""Strict reading: what is read, and what is refused with which words."""

import gzip
import io
import math
import os
import zipfile
from functools import partial

import numpy as np
import pandas as pd
import pytest

from analysis_lib.errors import TableError
from analysis_lib.tables import content, read_header, read_table
from tests.table_files import refused, rows, write


@pytest.fixture
def table(tmp_path):
    return partial(write, tmp_path)


# What is read


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("g,x\na,1\n", [["g", "x"], ["a", "1"]]),
        ("g\tx\na\t1\n", [["g", "x"], ["a", "1"]]),
        ("g;x\na;1,5\nb;2,5\n", [["g", "x"], ["a", "1,5"], ["b", "2,5"]]),
        ("g\tx\na, b\t1\nc\t2\n", [["g", "x"], ["a, b", "1"], ["c", "2"]]),
        ("\ufeffg,x\na,1\n", [["g", "x"], ["a", "1"]]),
        ('\ufeff"g",x\na,1\n', [["g", "x"], ["a", "1"]]),
        ("g,x\r\na,1\nb,2\r\n", [["g", "x"], ["a", "1"], ["b", "2"]]),
        ("g,x\ra,1\rb,2", [["g", "x"], ["a", "1"], ["b", "2"]]),
        ("g,x\na,1\n\n\r\n\n", [["g", "x"], ["a", "1"]]),
        ("g,x\na,", [["g", "x"], ["a", ""]]),
        ("g,x\n,\n,\n", [["g", "x"], ["", ""], ["", ""]]),
        ('g,x\n"a,b",1\n', [["g", "x"], ["a,b", "1"]]),
        ('g,x\n"a\nb",1\n', [["g", "x"], ["a\nb", "1"]]),
        ('g,x\n"a\n\nb",1\n', [["g", "x"], ["a\n\nb", "1"]]),
        ('g,x\n"say ""a""",1\n', [["g", "x"], ['say "a"', "1"]]),
        ('g\tx\n5" end\t1\n', [["g", "x"], ['5" end', "1"]]),
        ('g,x\n"",""\n', [["g", "x"], ["", ""]]),
        ("g,x\n  a ,1\n", [["g", "x"], ["  a ", "1"]]),
        ("g, x \na,1\n", [["g", " x "], ["a", "1"]]),
        ("g,x\n\x0b\x0c\x1c\x85\u2028,1\n", [["g", "x"], ["\x0b\x0c\x1c\x85\u2028", "1"]]),
        (",x\na,1\n", [["", "x"], ["a", "1"]]),
        ('"","x"\n"a",1\n', [["", "x"], ["a", "1"]]),
        ('"x","y"\n"a",1,5\n', [["", "x", "y"], ["a", "1", "5"]]),
        ("x\ty\na\t1\t5\nb\t2\t6\n", [["", "x", "y"], ["a", "1", "5"], ["b", "2", "6"]]),
        ("x,y\na,1.5,0.1\n", [["", "x", "y"], ["a", "1.5", "0.1"]]),
        ("g\na\nb\n", [["g"], ["a"], ["b"]]),
        ('g\n"a,b"\n""\n', [["g"], ["a,b"], [""]]),
    ],
)
def test_read_as_written(table, text, expected):
    path = table(text)
    assert rows(read_table(path)) == expected
    assert read_header(path) == expected[0]
    assert rows(read_table(table(gzip.compress(text.encode())))) == expected


def test_text_columns_are_text_and_never_missing(table):
    names = ["NA", "nan", "1E5", "007", "None", "", "TRUE", "2026-01-01", "=1+1", "SEPT2"]
    frame = read_table(table("g,x\n" + "".join(f"{name},1\n" for name in names)), numbers=["x"])
    assert frame["g"].tolist() == names
    assert isinstance(frame["g"].dtype, pd.StringDtype)
    assert not frame["g"].isna().any()
    assert frame["x"].dtype == np.float64


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-300", 1e-300),
        ("1e-320", 1e-320),
        ("5e-324", 5e-324),
        ("1e-400", 0.0),
        ("0", 0.0),
        ("-0", -0.0),
        ("-1.5", -1.5),
        ("+2", 2.0),
        (" 3 ", 3.0),
        ("1.", 1.0),
        (".5", 0.5),
        ("1E+05", 1e5),
        ("0.1", 0.1),
        ("9007199254740993", 9007199254740992.0),
        ("1.7976931348623157e308", 1.7976931348623157e308),
        ("NA", math.nan),
        (" NA", math.nan),
        ("", math.nan),
        ("  ", math.nan),
        ('"1.5"', 1.5),
        ('"NA"', math.nan),
    ],
)
def test_numbers(table, text, value):
    got = read_table(table(f"g,x\na,{text}\n"), numbers=["x"])["x"].iloc[0]
    assert repr(float(got)) == repr(value)


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("1_000", "underscores"),
        ("0x10", "hexadecimal"),
        ("0x1.8p3", "hexadecimal"),
        ("inf", "an infinite value"),
        ("-Infinity", "an infinite value"),
        ("1e400", "too large"),
        ("NAN", "'NAN'"),
        ("nan(1)", "'nan(1)'"),
        ("-", "'-'"),
        ("1e", "'1e'"),
        ("1 000", "'1 000'"),
        ("１", "'１'"),
        ("<0.001", "'<0.001'"),
        ("TP53", "'TP53'"),
        ('"0,05"', "a decimal comma"),
        ('"1.234,5"', "a decimal comma"),
        ('"1,234.5"', "a comma between thousands"),
    ],
)
def test_what_is_no_number(table, text, part):
    path = table(f"g,x,y\na,1,2\nb,{text},3\n")
    refused(path, "line 3", "column 'x'", part, "a number, or one of '', 'NA'", numbers=["x", "y"])


def test_missing_is_what_the_caller_says(table):
    path = table("g,x\na,-999\nb,1\n")
    assert math.isnan(read_table(path, numbers=["x"], missing=["-999"])["x"][0])
    assert read_table(path, numbers=["x"], missing=[])["x"][0] == -999
    refused(table("g,x\na,NA\n"), "'NA'", numbers=["x"], missing=["-999"])
    refused(table("g,x\na,\n"), "an empty field", numbers=["x"], missing=[])


def test_the_first_fault_in_the_file_is_named(table):
    path = table("g,x,y\na,1,2\nb,1,bad\nc,worse,2\nd,1,2,3\n")
    refused(path, "line 5", "wider")
    path = table("g,x,y\na,1,2\nb,1,bad\nc,worse,2\n")
    refused(path, "line 3", "'bad'", numbers=["x", "y"])
    refused(path, "line 4", "'worse'", numbers=["x"])


def test_lines_are_counted_as_an_editor_shows_them(table):
    path = table('g,x\n"a\r\nb\nc",1\r\nd,bad\n')
    refused(path, "line 5", numbers=["x"])
    refused(table('g,x\n"a\n\n\nb",1\nc,2\n"a\n\n\nb",3\n'), "lines 2, 7", unique="g")


def test_unknown_columns_are_told_with_those_there_are(table):
    refused(table("g,x\na,1\n"), "no column 'p'", "'g', 'x'", numbers=["x", "p"])
    refused(table("g,x\na,1\n"), "no column 'id'", "'g', 'x'", unique="id")
    refused(table("log p\n1 2\n"), "no column 'p'", "not by blanks", numbers=["p"])
    wide = ",".join(f"c{i}" for i in range(50))
    refused(table(f"{wide}\n{wide}\n"), "'c29' and 20 more", numbers=["x"])


def test_repeated_values_are_named(table):
    path = table("g,x\na,1\nb,2\na,3\nc,4\nb,5\n" + "d,1\n" * 6 + "e,1\ne,1\n")
    error = refused(path, "column 'g'", "4 values stand more than once", unique="g")
    assert (
        error.got
        == "'a' in lines 2, 4; 'b' in lines 3, 6; 'd' in lines 7, 8, 9, 10 and 2 more; and 1 more"
    )
    assert read_table(path)["g"].size == 13
    refused(table("g,x\na,1\nb,1.0\n"), "'1.0' in lines 2, 3", numbers=["x"], unique="x")


# What is refused


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("g,x\na,1\nb,2,3\n", ["line 3", "wider", "2 fields by comma", "3 fields: 'b,2,3'"]),
        ("g\tx\ty\na\t1\t2\nb\t2\n", ["line 3", "narrower", "3 fields by tab", "2 fields"]),
        ("g,x,p\na,1,5,0,01\n", ["line 2", "wider", "decimal comma"]),
        ("g,x,p\na,1,5,2.0\nb,2,7,1.0\n", ["line 2", "a decimal comma, or a first column"]),
        ("x\n1,5\n2,5\n", ["line 2", "wider", "1 field", "2 fields"]),
        ("g,x\na,1,\nb,2,\n", ["line 2", "ends with a comma that the header lacks"]),
        ("# made by me\ng,x\na,1\n", ["line 2", "1 field", "lines above the header"]),
        ("g\na\nb,c\n", ["line 3", "1 field", "2 fields"]),
        ("g\na\nb\tc\n", ["line 3", "1 field", "2 fields"]),
        ("g,x\na,1\n\nb,2\n", ["line 3", "blank line"]),
        ("\ng,x\na,1\n", ["line 1", "blank line"]),
        ("g\na\n\nb\n", ["line 3", "blank line"]),
        ("g,x\na,1\n   \nb,2\n", ["line 3", "narrower", "'   '"]),
        ("g,x,x\na,1,2\n", ["line 1", "same name", "'x' in columns 2, 3"]),
        (
            "g" + ",c" * 7 + ",d,d\n" + "1," * 9 + "1\n",
            ["2, 3, 4, 5 and 3 more; 1 other names too"],
        ),
        ("g,,x\na,1,2\n", ["line 1, column 2", "no name"]),
        ("g,x,\na,1,\n", ["line 1, column 3", "no name"]),
        (",\na,b\n", ["line 1, column 2", "no name"]),
        ("", ["empty", "0 bytes"]),
        ("\ufeff", ["empty"]),
        ("\n\r\n\n", ["empty", "only blank lines"]),
        ("g,x\n", ["a header and no rows", "'g,x'"]),
        ("g\tx\n\n\n", ["a header and no rows", r"'g\tx'"]),
        ("g", ["a header and no rows"]),
        ('g,x\n"a,1\nb,2\n', ["line 2", "nothing closes it", "'\"a,1'"]),
        ('g,x\na,1\n"b",2\n"c,3\n', ["line 4", "nothing closes it"]),
        ('"g,x\na,1\n', ["line 1", "nothing closes it"]),
        ('g,x\n"a"b,1\n', ["line 2", "Text follows the quote"]),
        ('g,x\n"a,1\nb","2\n', ["line 3", "nothing closes it"]),
        ('"x" "y"\n"a" 1 2\n', ["line 1", "not by blanks"]),
        ("a;b,c\n1;2,3\n", ["more than one way", "2 by comma or 2 by semicolon"]),
        ("<!DOCTYPE html>\n<html></html>", ["HTML", "download"]),
        ("\ufeff \n<HTML><body>a,b</body>", ["HTML"]),
        ("<?xml version='1.0'?><a/>", ["XML"]),
        ("version https://git-lfs.github.com/spec/v1\noid x\n", ["Git LFS pointer"]),
    ],
)
def test_refused_text(table, text, parts):
    path = table(text)
    refused(path, *parts)
    refused(table(gzip.compress(text.encode()), "t.csv.gz"), *parts)


def workbook():
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
    return packed.getvalue()


@pytest.mark.parametrize(
    ("data", "parts"),
    [
        ("g,x\na,1\n".encode("utf-16"), ["UTF-16", "UTF-8"]),
        ("g,x\na,1\n".encode("utf-16-le"), ["UTF-16", "UTF-8"]),
        ("g,x\na,1\n".encode("utf-16-be"), ["UTF-16", "UTF-8"]),
        ("g,x\na,1\n".encode("utf-32"), ["UTF-16 or UTF-32"]),
        ("g,x\na,1\nné,2\n".encode("latin-1"), ["line 3, byte 2", "0xe9 after 'n'", "UTF-8"]),
        (b"g,x\r\n" + b"a,1\r\n" * 20 + b"b,\xff\n", ["line 22, byte 3", "0xff"]),
        (b"g,x\na,1\nb,\0\n", ["line 3, byte 3", "binary", "NUL"]),
        (b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x03\0", ["binary"]),
        (workbook(), ["an Excel workbook", "CSV"]),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", ["an Excel workbook", "CSV"]),
        (b"PK\x03\x04" + b"\0" * 40, ["archive", "Unpack"]),
        (b"BZh91AY&SY...", ["archive"]),
        (gzip.compress(gzip.compress(b"g,x\na,1\n")), ["twice"]),
        (gzip.compress(b"X\n\0\0\0\3"), ["R's own data format", "write.csv"]),
        (b"%PDF-1.7\n", ["PDF"]),
        (b"\x89HDF\r\n\x1a\n", ["HDF5"]),
        (b"PAR1\x15\x04", ["Parquet file is damaged"]),
        (gzip.compress(b""), ["empty"]),
        (gzip.compress(b"g,x\na,1\n" * 99)[:-12], ["gzip file is cut off", "again"]),
        (b"\x1f\x8b\x08", ["gzip file is cut off"]),
        (gzip.compress(b"g,x\na,1\n" * 99)[:-8] + b"\1" * 8, ["gzip file is damaged", "CRC"]),
        (b"\x1f\x8b" + b"\xff" * 40, ["gzip file is damaged"]),
        (gzip.compress(b"g,x\na,1\n") + b"g,x\n", ["gzip file is damaged"]),
    ],
)
def test_refused_bytes(table, data, parts):
    refused(table(data), *parts)


def test_gzip_in_several_members_is_one_file(table):
    path = table(gzip.compress(b"g,x\na,") + gzip.compress(b"1\n"), "t.txt")
    assert rows(read_table(path)) == [["g", "x"], ["a", "1"]]


def test_gzip_may_not_expand_without_end(table, monkeypatch):
    monkeypatch.setattr(content, "MAX_BYTES", 10_000)
    bomb = gzip.compress(b"g,x\n" + b"a,1\n" * 100_000)
    refused(table(bomb), "unpacks to more", "at most 10,000 bytes")
    fits = gzip.compress(b"g,x\n" + b"a,1\n" * 2_499)
    assert len(read_table(table(fits))) == 2_499


def test_a_path_that_holds_no_table(tmp_path, table):
    refused(tmp_path / "absent.csv", "no such file", "spelling")
    refused(tmp_path, "a folder", "Name the file itself")
    refused(table("g,x\na,1\n") / "below.csv", "cannot be read", "Not a directory")
    with pytest.raises(TableError, match="cannot be read"):
        read_table("a\0b")
    os.mkfifo(tmp_path / "pipe")
    refused(tmp_path / "pipe", "no regular file")


def test_messages_show_no_control_characters(table):
    error = refused(table("g,x\na,\x1b[31m\u202e1\n"), numbers=["x"])
    assert str(error).replace("\n", "").isprintable()

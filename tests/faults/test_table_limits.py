"""Tables at their limits: bombs, millions of rows, strange letters and numbers."""

import base64
import csv
import gzip
import io
import json
import math
import os
import subprocess
import sys
import zlib
from functools import partial

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from analysis_lib.errors import TableError
from analysis_lib.files import PROJECT
from analysis_lib.tables import read_header, read_table, write_table
from analysis_lib.tables.exact import read_exactly
from analysis_lib.tables.fast import read_fast
from analysis_lib.tables.layout import find_layout
from analysis_lib.tables.reading import MISSING
from tests.conftest import MEASURED
from tests.faults.guards import Guard
from tests.fuzz import tables as fuzzed
from tests.table_files import refused, rows, write

QUICK = settings(max_examples=200, deadline=None)

GUARDS = [
    Guard(
        "analysis_lib/tables/content.py",
        "if count > max(_SUSPECT_BYTES, _SUSPECT_RATIO * file.tell()):",
        "if False:",
        "test_a_gzip_bomb_is_refused_before_it_takes_memory[400 MB]",
    ),
    Guard(
        "analysis_lib/tables/parquet.py",
        "            if size > MAX_BYTES:\n",
        "            if False:\n",
        "test_a_parquet_file_that_unfolds_without_end_is_refused[300 MB]",
    ),
    Guard(
        "analysis_lib/tables/parquet.py",
        "            table.validate(full=True)",
        "            pass",
        "test_letters_of_a_parquet_file_are_checked",
    ),
    Guard(
        "analysis_lib/tables/parquet.py",
        "if table.num_rows != self._rows:",
        "if False:",
        "test_rows_that_are_not_there_are_missed",
    ),
    Guard(
        "analysis_lib/tables/records.py",
        "if sum(text.count(delimiter) for delimiter in delimiters) >= MAX_COLUMNS:",
        "if False:",
        "test_a_million_columns_are_refused",
    ),
    Guard(
        "analysis_lib/tables/fast.py",
        "        if name in numbers and np.isfinite(columns[name]).sum()"
        " + column.null_count != len(column):\n            return None\n",
        "",
        "test_what_is_no_number_is_refused_where_it_stands[inf]",
    ),
    Guard(
        "analysis_lib/tables/fast.py",
        " or data.startswith(BOM, layout.start)",
        "",
        "test_a_mark_before_the_first_cell_is_part_of_it[]",
    ),
]

CHILD = """
import json, re, sys, time
from pathlib import Path
import pandas, pyarrow.csv, pyarrow.parquet
from analysis_lib.errors import TableError
from analysis_lib.tables import content, parquet, read_header, read_table

def peak():  # not ru_maxrss: that is also the parent's
    found = re.search(r"VmHWM:\\s*(\\d+) kB", Path("/proc/self/status").read_text())
    return int(found[1]) / 1024

path, numbers, limit = sys.argv[1], sys.argv[2] == "numbers", int(sys.argv[3])
if limit:
    content.MAX_BYTES = parquet.MAX_BYTES = limit
start, before = time.monotonic(), peak()
try:
    names = read_header(path)
    frame = read_table(path, numbers=names[1:] if numbers else ())
    corners = [frame.iat[row, column] for row in (0, -1) for column in (0, -1)]
    told = {"shape": frame.shape, "corners": [str(cell) for cell in corners]}
except TableError as error:
    told = {"error": str(error)}
took = time.monotonic() - start
print(json.dumps({**told, "megabytes": peak() - before, "seconds": took}))
"""


@pytest.fixture
def table(tmp_path):
    return partial(write, tmp_path)


@pytest.fixture
def measured(record_property, request):
    """Read a table in a process of its own; return what came of it and the memory it took."""

    def read(path, kind="text", limit=0):
        done = subprocess.run(
            [sys.executable, "-c", CHILD, str(path), kind, str(limit)],
            cwd=PROJECT,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr[-2000:]
        told = json.loads(done.stdout)
        size = path.stat().st_size / 1e6
        path.unlink()  # some are large, and folders of tests are kept
        line = f"{size:.1f} MB, {told['seconds']:.1f} s, {told['megabytes']:.0f} MB of memory"
        record_property(MEASURED, f"{request.node.name}: {line}")
        return told

    return read


# Bombs


@pytest.mark.fault(
    "a gzip bomb",
    by="10 MB that unpack to 10 GB, in a process that is measured",
    survives="refused; limits of 2 GiB and 400 MB cost less than 250 MB",
)
@pytest.mark.parametrize(
    "limit",
    [pytest.param(0, marks=pytest.mark.long), 400_000_000],
    ids=["2 GiB", "400 MB"],
)
def test_a_gzip_bomb_is_refused_before_it_takes_memory(table, measured, limit):
    """Before: two gigabytes were unpacked into memory to find that it is too much."""
    piece = gzip.compress(b"a,1\n" * (1 << 18))
    told = measured(table(gzip.compress(b"g,x\n") + piece * 10_000), limit=limit)
    assert "unpacks to more than a table may hold" in told["error"]
    assert told["megabytes"] < 250


@pytest.mark.fault(
    "a table that is packed as well as a bomb",
    by="80 MB of one row, in 100 kB",
    survives="read right, every row",
)
def test_a_table_packed_very_well_is_no_bomb(table, measured):
    """Held from the start: what was feared is that the guard against bombs refuses tables."""
    packed = gzip.compress(b"g,x\n" + b"TP53,0\n" * 11_500_000)
    told = measured(table(packed), "numbers")
    assert told["shape"] == [11_500_000, 2]
    assert told["corners"] == ["TP53", "0.0"] * 2


@pytest.mark.fault(
    "a Parquet file that unfolds without end",
    by="3 kB: a text of a million letters, a million times; 33 kB for 300 MB",
    survives="refused by what its rows would take",
)
@pytest.mark.parametrize("case", ["folded", "plain", "300 MB"])
def test_a_parquet_file_that_unfolds_without_end_is_refused(tmp_path, measured, case):
    """Before: it was copied for every row until memory ended, and then called damaged."""
    path = tmp_path / "bomb.parquet"
    letters, count = (1_000, 300_000) if case == "300 MB" else (1_000_000, 1_000_000)
    once = pa.array(["x" * letters])
    column = pa.DictionaryArray.from_arrays(pa.array(np.zeros(count, np.int32)), once)
    file = pa.table({"g": column})
    pq.write_table(file, path, compression="zstd", store_schema=case != "plain")
    assert path.stat().st_size < 50_000
    told = measured(path, limit=100_000_000 if case == "300 MB" else 0)
    assert "larger than a table may be" in told["error"]
    assert f"{letters * count:,} bytes in column 'g'" in told["error"]
    assert told["megabytes"] < 200


@pytest.mark.fault(
    "a Parquet file that claims too much",
    by="pages of zeros that unpack to three times the limit; a column 101 groups deep",
    survives="refused before it is unpacked",
)
@pytest.mark.parametrize("kind", ["packed", "deep"])
def test_a_parquet_file_that_claims_too_much_is_refused(tmp_path, monkeypatch, kind):
    """Before: compressed pages were unpacked, whatever they would take."""
    monkeypatch.setattr("analysis_lib.tables.parquet.MAX_BYTES", 1_000_000)
    path = tmp_path / "claims.parquet"
    nested = pa.int64()
    for _ in range(101 if kind == "deep" else 0):
        nested = pa.struct([("a", nested)])
    column = pa.nulls(1, nested) if kind == "deep" else pa.array(["x" * 3_000_000])
    pq.write_table(pa.table({"g": column}), path, compression="zstd", use_dictionary=False)
    refused(path, "too deeply nested" if kind == "deep" else "larger than a table may be")


DAMAGED = zlib.decompress(
    base64.b64decode(
        "eNqVkjtLA0EQgGfP44ghxSW4yy5ccYUeCkk0okHkIM7p+cCoMShieQkhWqgxPmJhaekPs7C0sPRnWDp7l4uiIjjFzO"
        "w8vtlht4HNCjf5BJd1MlAAyE4yAIi0anHgBS6KlLG5xS2nCtOsJVmUz1N23DVIm4yNGVTg8smUYPsQy3stsebKd47M"
        "pJnUe68JmP4l+nOS8hdBWlftk85ZxE3guSlDsu4U1B2q4Vl9ugNhKkcVPXB4Ti2CZSsq4YYwxb14YJ7vZb6uovTFgB"
        "tAyibjUzcqD0wCakQ2RdzFiGcmXpj3zLxH9r9FfsyZsYZTxBOBvYx4NUA5MofN5t7RcrKifGOzWqqoZR8T2UYcYNDF"
        "dcQurnbjWBAg7mhnFXErDnxaTNwgHJ13Dwi6RE64lgRjSIgj0W6wgHiseRva4pBDmUM9l1o29T3iewWjvvU/eOfD+e"
        "HnKogg3V7Uv7zpXJfavV4p6vcvBu5tp391enHuzlfLc+WKKtLr6gcG+gkN+rMfEDF0Vw=="
    )
)
"""A Parquet file with one byte too many in what it says of a column's sizes."""


@pytest.mark.fault(
    "a damaged Parquet file",
    by="what is said of a column is changed, in a process of its own",
    survives="an error in words; the process goes on",
)
def test_a_damaged_column_does_not_end_the_process(table, measured):
    """Before: asking pyarrow about the column aborted the process (found by the fuzz run)."""
    assert "The Parquet file is damaged" in measured(table(DAMAGED))["error"]


@pytest.mark.fault(
    "a Parquet file that promises rows",
    by="its one group of rows is said to hold none",
    survives="an error with both counts",
)
def test_rows_that_are_not_there_are_missed(table):
    """Before: a table without rows was read, and nothing said (found by the fuzz run)."""
    packed = io.BytesIO()
    pq.write_table(pa.table({"g": ["a", "b"]}), packed)
    data = bytearray(packed.getvalue())
    rows = data.rindex(b"\x16\x04", 0, data.index(b"ARROW:schema"))
    data[rows + 1] = 0
    with pytest.raises(TableError, match=r"damaged(.|\n)*2 rows are promised, and 0"):
        read_table(table(bytes(data)))


@pytest.mark.fault(
    "letters of a Parquet file that are no UTF-8",
    by="a byte of a name is made 0x89",
    survives="an error that says so",
)
@pytest.mark.parametrize("folded", [True, False], ids=["each text once", "each row its own"])
def test_letters_of_a_parquet_file_are_checked(table, folded):
    """Before: such a table was read, and whatever used its names failed (found by the fuzz run)."""
    packed = io.BytesIO()
    pq.write_table(pa.table({"g": ["abc", "def"]}), packed, use_dictionary=folded)
    with pytest.raises(TableError, match=r"damaged(.|\n)*UTF"):
        read_table(table(packed.getvalue().replace(b"abc", b"a\x89c")))


# Long and wide


@pytest.mark.fault(
    "a million rows",
    by="a table of 10^6 genes; one of them with a field too many, at its end",
    survives="every row, or the line of the one that is wrong",
)
@pytest.mark.parametrize(
    "wrong",
    [False, pytest.param(True, marks=pytest.mark.long)],
    ids=["right", "wrong at the end"],
)
def test_a_million_rows(table, measured, wrong):
    """Held from the start: what was feared is that rows go, or the line is not found."""
    text = "gene,x\n" + "".join(f"g{i},{i}.5\n" for i in range(1_000_000))
    told = measured(table(text + "last,1,2\n" if wrong else text), "numbers")
    if wrong:
        assert "line 1000002" in told["error"]
    else:
        assert told["shape"] == [1_000_000, 2]
        assert told["corners"] == ["g0", "0.5", "g999999", "999999.5"]
    assert told["megabytes"] < 1_500


@pytest.mark.fault(
    "a hundred thousand columns", by="10^5 numbers in each of three rows", survives="every cell"
)
def test_a_hundred_thousand_columns(table, measured):
    """Held from the start: what was feared is a reader that takes columns one by one for hours."""
    count = 100_000
    header = ",".join(f"c{i}" for i in range(count))
    body = "".join(",".join(str(row * count + i) for i in range(count)) + "\n" for row in range(3))
    told = measured(table(f"{header}\n{body}"), "numbers")
    assert told["shape"] == [3, count]
    assert told["corners"] == ["0", "99999.0", "200000", "299999.0"]
    assert told["megabytes"] < 3_000


@pytest.mark.fault(
    "more columns than a table has",
    by="10^6 + 1 fields in the header; in a row; in quotes",
    survives="refused by their number, before they are cut apart",
)
def test_a_million_columns_are_refused(table):
    """Before: every field took fifty bytes and more, and gigabytes of memory were asked for."""
    for field in ("a", '"a"'):
        wide = ",".join([field] * 1_000_001)
        refused(table(f"{wide}\n{wide}\n"), "at most 1,000,000 fields")
        refused(table(f"g,x\na,1\n{wide}\n"), "line 3", "at most 1,000,000 fields")


@pytest.mark.fault(
    "a file of one line",
    by="500 MB without a line end, of letters and of commas",
    survives="refused after its first 64 MB, with little more memory than the file",
)
@pytest.mark.parametrize("piece", [b"abcdefgh", b"a,b,c,d,"], ids=["letters", "commas"])
def test_a_file_of_one_line_is_refused(tmp_path, measured, piece):
    """Before: 100 MB of commas took two gigabytes of memory, and 16 seconds."""
    path = tmp_path / "line.csv"
    with path.open("wb") as file:
        for _ in range(500):
            file.write(piece * (1_000_000 // len(piece)))
    told = measured(path)
    assert "no line end" in told["error"]
    assert told["megabytes"] < 1_200


@pytest.mark.fault(
    "millions of blank lines",
    by="40 MB of line ends between two rows",
    survives="refused with the number of the first",
)
@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"], ids=["LF", "CRLF", "CR"])
def test_blank_lines_do_not_eat_memory(table, measured, end):
    """Before: each byte became a row, and a gigabyte was asked for."""
    told = measured(table(b"g,x" + end + b"a,1" + end * (40_000_000 // len(end)) + b"b,2" + end))
    assert "line 3" in told["error"]
    assert "blank line" in told["error"]
    assert told["megabytes"] < 400


@pytest.mark.fault(
    "a file larger than a table may be",
    by="3 GB that take no room on the disk",
    survives="refused before a byte is read",
)
def test_a_file_too_large_is_not_read(tmp_path, measured):
    """Before: only packed files had a limit."""
    path = tmp_path / "large.csv"
    path.write_bytes(b"g,x\na,1\n" * (1 << 18))
    os.truncate(path, 3_000_000_000)
    told = measured(path)
    assert "larger than a table may be" in told["error"]
    assert "3,000,000,000 bytes" in told["error"]
    assert told["megabytes"] < 200


@pytest.mark.fault(
    "a hundred thousand equal names",
    by="a header of 10^5 `x`",
    survives="named once, with their count",
)
def test_a_header_of_equal_names_is_refused_in_few_words(table):
    """Held from the start: what was feared is an error of a megabyte, or one name for all."""
    path = table(",".join(["x"] * 100_000) + "\n" + ",".join(["1"] * 100_000) + "\n")
    error = refused(path, "same name", "'x' in columns 1, 2, 3, 4 and 99996 more")
    assert len(str(error)) < 500
    with pytest.raises(TableError, match="99996 more"):
        read_header(path)


# Letters

BROKEN = {
    "Latin-1": "né,2".encode("latin-1"),
    "Windows-1252": "n€,2".encode("cp1252"),
    "UTF-8 and Latin-1": "é,".encode() + "é".encode("latin-1"),
    "overlong": b"a\xc0\xafb,2",
    "overlong in three": b"a\xe0\x80\xaf,2",
    "a surrogate": b"a\xed\xa0\x80,2",
    "two surrogates": b"\xed\xa0\xbd\xed\xb8\x80,2",
    "beyond Unicode": b"a\xf4\x90\x80\x80,2",
    "a lone continuation": b"a\x80,2",
    "half a letter": b"a,\xe2\x82",
    "NUL": b"a\0,2",
    "UTF-16 amid UTF-8": "ab,2".encode("utf-16-le"),
}


@pytest.mark.fault(
    "letters that are no UTF-8",
    by="12 broken encodings in the header, the first row, after 1.2 MB",
    survives="refused with the line that holds the first of them",
)
@pytest.mark.parametrize("before", [0, 1, 200_000], ids=["header", "row", "far down"])
@pytest.mark.parametrize("kind", BROKEN)
def test_broken_letters_are_refused_where_they_stand(table, kind, before):
    """Before: pandas read some as Latin-1 and took half of others; names became other names."""
    text = b"g,x\n" + b"ab,1\n" * (before - 1) if before else b""
    path = table(text + BROKEN[kind] + b"\n" + b"ab,1\n" * 3)
    refused(path, f"line {before + 1}")


@pytest.mark.fault(
    "text in UTF-16 or UTF-32",
    by="with and without a mark, both ways round, Latin and Chinese",
    survives="refused, most by the name of the encoding",
)
@pytest.mark.parametrize("text", ["gene,x\nTP53,1\n", "基因,值\n甲,1\n"], ids=["Latin", "Chinese"])
@pytest.mark.parametrize("code", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-be"])
def test_wide_encodings_are_refused(table, text, code):
    """Before: names with a NUL after every letter."""
    data = text.encode(code)
    named = code in ("utf-16", "utf-32") or text.startswith("gene")
    for content in (data, gzip.compress(data)):
        error = refused(table(content))
        assert not named or "UTF-16 or UTF-32" in error.what or code == "utf-32-be"


HOSTILE = [
    *("</script><script>alert(1)</script>", "<img src=x onerror=alert(1)>", "{{ 7*7 }}", "{% x %}"),
    *("$x$", r"\href{javascript:alert(1)}{x}", "=cmd|' /C calc'!A0", "@SUM(1)", "+1", "-1", "%n"),
    *("a\nb", "a\r\nb", "a\rb", "\n", "\n\n", '"', '""', '"a"', "a,b", "a;b", "a\tb", ",", " ", ""),
    *("\u202ecba", "\u2066x\u2069", "\x07\x1b[31m", "\x01\x7f\x85", "\ufeffa", "\u2028", "\u200b"),
    *(
        "👩‍🔬",
        "é",
        "é",
        "İ",
        "NA",
        "nan",
        "None",
        "1E5",
        "007",
        "SEPT2",
        "PAR1",
        "\x1f\x8b",
        "x" * 300,
    ),
]
NAMES = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=12)
NAMES |= st.sampled_from(HOSTILE)


@pytest.mark.fault(
    "names that mean something elsewhere",
    by="controls, bidi, emoji, line ends, markup, formulas as names and cells, by csv",
    survives="every cell as written, every row",
)
@QUICK
@given(
    header=st.lists(NAMES.filter(bool), min_size=1, max_size=4, unique=True),
    data=st.data(),
    form=st.tuples(st.sampled_from(",\t;"), st.sampled_from(["\n", "\r\n", "\r"]), st.booleans()),
)
def test_every_name_is_read_as_written(tmp_path_factory, header, data, form):
    """Before: `NA` was missing, `1E5` a number, and a line end in quotes shifted the rows."""
    width, (delimiter, end, packed) = len(header), form
    cells = data.draw(
        st.lists(st.lists(NAMES, min_size=width, max_size=width), min_size=1, max_size=6)
    )
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=delimiter, lineterminator=end, quoting=csv.QUOTE_ALL)
    writer.writerows([header, *cells])
    content = text.getvalue().encode()
    path = tmp_path_factory.getbasetemp() / f"names-{os.getpid()}"
    path.write_bytes(gzip.compress(content) if packed else content)
    assert rows(read_table(path)) == [header, *cells]
    assert read_header(path) == header
    write_table(pd.DataFrame(cells, columns=header), path)
    assert rows(read_table(path)) == [header, *cells]


# Numbers

LARGEST = sys.float_info.max
EDGES = [
    *("0", "-0", "-0.0", "+0", "0e0", "0e999999", "-0e-999999", "00012", "1.", ".5", "-.5", "+1.5"),
    *("5e-324", "-5e-324", "4.9e-324", "2.4703282292062327e-324", "2.4703282292062328e-324"),
    *("2.2250738585072011e-308", "2.2250738585072014e-308", "1e-400", "1e-999999999999"),
    *("1.7976931348623157e308", "-1.7976931348623157E+308", "1.7976931348623158e308"),
    *("9007199254740992", "9007199254740993", "9007199254740993.0000000000000001", "0.1", "1e23"),
    *(
        "8.5e15",
        "1" + "0" * 308,
        "0." + "0" * 400 + "1",
        "9" * 300,
        "0" * 400 + "1",
        "1e0000000001",
    ),
    *(
        " 1",
        "1 ",
        "\t2",
        " 7 ",
        "123456789012345678901234567890e-20",
        "3.14159265358979323846264338",
    ),
]
NO_NUMBERS = [
    *("inf", "-inf", "+Infinity", "INF", "NAN", "-nan", "nan(1)", "1e309", "-1e309", "9" * 400),
    *(
        "0x10",
        "0x1.8p3",
        "0b1",
        "1_000",
        "1__0",
        "１",
        "１.５",
        "١",
        "٣.٥",
        "½",
        "²",
        "1,5",
        "1,234.5",
    ),
    *(
        "1e",
        "1e+",
        "e5",
        "+-1",
        "--1",
        "+",
        "-",
        ".",
        "1.2.3",
        "1 000",
        "1\u00a0000",
        "\u22121",
        "1d5",
    ),
    *(
        "1f",
        "1L",
        "1%",
        "$1",
        "(1)",
        "TRUE",
        "1e5.0",
        "1;5",
        "\u00a01",
        "1\u200b",
        "1'000",
        "#REF!",
    ),
]


def bits(values):
    return np.asarray(values, np.float64).view("u8").tolist()


def in_both(cells):
    """Return what the fast and the exact reader make of a column of numbers."""
    data = ("g,x\n" + "".join(f'a,"{cell}"\n' for cell in cells)).encode()
    layout = find_layout(data, "t")
    return [read(data, layout) for read in (fast_reader, exact_reader)]


def fast_reader(data, layout):
    found = read_fast(data, layout, ["x"], MISSING)
    return None if found is None else bits(found["x"])


def exact_reader(data, layout):
    try:
        return bits(read_exactly(data, layout, "t", ["x"], MISSING)["x"])
    except TableError:
        return None


@pytest.mark.fault(
    "numbers at the edges",
    by="zeros, denormals, the largest, halves, 400 digits",
    survives="the nearest float, bit by bit, from both readers",
)
@pytest.mark.parametrize("cell", EDGES, ids=lambda cell: cell[:24])
def test_numbers_at_the_edges(table, cell):
    """Before: minus zero lost its sign in pandas' fast parser, and last digits were off."""
    fast, exact = in_both([cell, "1"])
    assert exact == bits([float(cell), 1.0])
    assert fast in (None, exact)
    frame = read_table(table(f"g,x\na,{cell}\nb,1\n"), numbers=["x"])
    assert bits(frame["x"]) == exact


@pytest.mark.fault(
    "what other readers take for a number",
    by="infinite, hexadecimal, underscores, full-width, Arabic, thousands, `1e`, `+-1`",
    survives="refused with line, column and what stands there",
)
@pytest.mark.parametrize(
    "cell", NO_NUMBERS, ids=lambda cell: cell[:24].encode("unicode_escape").decode()
)
def test_what_is_no_number_is_refused_where_it_stands(table, cell):
    """Before: Python takes underscores and Arabic digits, C takes hexadecimal and infinity."""
    assert in_both(["1", cell]) == [None, None]
    refused(table(f'g,x\na,1\nb,"{cell}"\nc,2\n'), "line 3, column 'x'", numbers=["x"])


FORMS = (
    st.floats(allow_nan=False, allow_infinity=False).map(repr)
    | st.floats(width=32, allow_nan=False, allow_infinity=False).map(str)
    | st.decimals(allow_nan=False, allow_infinity=False).map(str)
    | st.integers(-(10**400), 10**400).map(str)
    | st.from_regex(
        r"[ \t]?[+-]?[0-9]{0,25}\.?[0-9]{0,25}([eE][+-]?[0-9]{1,4})?[ \t]?", fullmatch=True
    )
    | st.text("0123456789.eE+-_xinfaNA ,\t１٣", max_size=8)
    | st.sampled_from(EDGES + NO_NUMBERS + list(MISSING))
)


@pytest.mark.fault(
    "two readers of numbers that differ",
    by="columns of floats, decimals, long integers and near-numbers",
    survives="the same bits from both, and from Python, or the first that is none",
)
@QUICK
@given(st.lists(FORMS.filter(lambda cell: '"' not in cell), min_size=1, max_size=8))
@example(["1e22", "1e23", "-0.0"])
@example(["1", "0" * 500 + ".1"])
def test_both_readers_make_the_same_of_a_number(tmp_path_factory, cells):
    """Held from the start: the fast reader has a parser of its own, and may round another way."""
    fast, exact = in_both(cells)
    assert fast is None or fast == exact
    path = tmp_path_factory.getbasetemp() / f"numbers-{os.getpid()}"
    path.write_text("g,x\n" + "".join(f'a,"{cell}"\n' for cell in cells), encoding="utf-8")
    if exact is None:
        refused(path, "column 'x'", numbers=["x"])
        return
    missing = {*MISSING}
    expected = [math.nan if cell.strip(" \t") in missing else float(cell) for cell in cells]
    assert exact == bits(expected)
    assert bits(read_table(path, numbers=["x"])["x"]) == exact


# Whatever the bytes


@pytest.mark.fault(
    "a BOM where the rows begin",
    by="U+FEFF before the first cell, with and without one before the header",
    survives="the cell as written",
)
@pytest.mark.parametrize("before", ["", "\ufeff"])
def test_a_mark_before_the_first_cell_is_part_of_it(table, before):
    """Before: the fast reader dropped it in silence (found by the fuzz run)."""
    path = table(f"{before}g,x\n\ufeffA,1\n\ufeffB,2\n")
    assert rows(read_table(path)) == [["g", "x"], ["\ufeffA", "1"], ["\ufeffB", "2"]]
    assert rows(read_table(table("\ufeff\ufeffA,1\n"), names=["g", "x"]))[1] == ["\ufeffA", "1"]


@pytest.mark.fault(
    "bytes of every kind",
    by="pieces of tables and any bytes, as the fuzz target takes them",
    survives="the right table (held against csv and the exact reader), or one error",
)
@QUICK
@given(
    st.integers(0, 7),
    st.lists(st.sampled_from(fuzzed.WORDS) | st.binary(max_size=3), max_size=40).map(b"".join),
)
@example(7, b'g,x\n"a\r\nb",1\n\n')
def test_bytes_are_the_right_table_or_one_error(way, body):
    """Before: pandas padded short rows, guessed numbers and dropped blank lines."""
    fuzzed.check(bytes([way]) + body)

"""The fast reader, the exact one and Parquet: one and the same table, whatever the bytes."""

import gzip
import io
import math
from functools import partial

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from analysis_lib.errors import AnalysisError, TableError
from analysis_lib.tables import layout, read_header, read_table, reading, write_table
from analysis_lib.tables.exact import read_exactly
from analysis_lib.tables.fast import read_fast
from analysis_lib.tables.reading import MISSING
from analysis_lib.tables.uniqueness import all_differ
from tests.table_files import refused, rows, write

QUICK = settings(max_examples=150, deadline=None)


@pytest.fixture
def table(tmp_path):
    return partial(write, tmp_path)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("tables")


# The two readers, and the head


def test_an_ordinary_table_is_read_fast(table, monkeypatch):
    monkeypatch.setattr(reading, "read_exactly", None)
    plain = table("g,x,p\n" + "TP53,1.5,NA\n" * 100, "plain.csv")
    assert len(read_table(plain, numbers=["x", "p"])) == 100
    quoted = table('"","x","p"\r\n' + '"a ""b"", c",1.5,NA\r\n"",2,3\r\n' * 100, "quoted.csv")
    assert len(read_table(quoted, numbers=["x", "p"])) == 200


def test_what_is_read_can_be_changed(table):
    frame = read_table(table("g,x\na,1\n"), numbers=["x"])
    frame.loc[0, ["g", "x"]] = ["b", 2.0]
    assert rows(frame) == [["g", "x"], ["b", 2.0]]


def both_readers(data, numbers=("x",)):
    found = layout.find_layout(data, "t")
    numbers = [name for name in numbers if name in found.names]
    exact = read_exactly(data, found, "t", numbers, MISSING)
    fast = read_fast(data, found, numbers, MISSING)
    return exact, fast


PIECES = [
    "a",
    "b",
    "1",
    "2.5",
    "-",
    "e",
    "NA",
    "inf",
    "é",
    ",",
    ",",
    "\n",
    "\n",
    "\r",
    '"',
    " ",
    ";",
]


@QUICK
@given(st.lists(st.sampled_from(PIECES), max_size=25).map("".join))
@example('""\n\n1,2\n')
@example(',2\n"",""\n')
@example("1,1\n\n,2")
@example('1,"2\n"\n3')
def test_the_fast_reader_answers_as_the_exact_one(rest):
    data = f"a,x\n1,1\n{rest}".encode()
    try:
        exact, fast = both_readers(data)
    except TableError:
        try:
            found = layout.find_layout(data, "t")
        except TableError:
            return
        assert read_fast(data, found, {"x"} & {*found.names}, MISSING) is None
        return
    if fast is not None:
        assert fast["a"].to_pylist() == exact["a"]
        np.testing.assert_array_equal(fast["x"], exact["x"])


def test_the_head_is_enough_for_the_header(table, monkeypatch):
    monkeypatch.setattr(layout, "HEAD_BYTES", 64)
    monkeypatch.setattr(reading, "HEAD_BYTES", 64)
    text = "gene,logFC\n" + "".join(f"g{i},{i}.5\n" for i in range(1000)) + "last,1,2\n"
    for path in (table(text), table(gzip.compress(text.encode())[:-5], "t.gz")):
        assert read_header(path) == ["gene", "logFC"]
    refused(table(text), "line 1002", "wider")
    wide = ",".join(f"column {i}" for i in range(100))
    assert len(read_header(table(f"{wide}\n{wide}\n"))) == 100
    assert read_table(table(f"{wide}\n{wide}\n")).shape == (1, 100)
    broken = 'gene,text\na,"' + "line\n" * 100 + '"\n'
    assert read_header(table(broken)) == ["gene", "text"]
    assert len(read_table(table(broken))) == 1
    refused(table("g\n" + "a\n" * 100 + "b,c\n"), "line 102", "2 fields")


@pytest.mark.parametrize("size", [10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20])
def test_where_the_head_ends_does_not_matter(table, monkeypatch, size):
    monkeypatch.setattr(layout, "HEAD_BYTES", size)
    path = table('\ufeffé,x\r\nb,1\r\n"ü\r\n;",2\r\nd,3\r\n')
    assert rows(read_table(path))[1:] == [["b", "1"], ["ü\r\n;", "2"], ["d", "3"]]


def test_wide_and_long_tables(table):
    frame = pd.DataFrame(np.arange(60_000.0).reshape(20, 3000)).rename(columns=str)
    path = table("")
    write_table(frame, path)
    pd.testing.assert_frame_equal(read_table(path, numbers=frame.columns), frame)
    long = table("g,x\n" + f"{'a' * 200_000},1\n" * 10)
    assert read_table(long)["g"].str.len().tolist() == [200_000] * 10


@QUICK
@given(st.lists(st.text("ab\0é", max_size=20) | st.text(max_size=9), min_size=1, max_size=12))
@example(["12345678-a-12345678", "12345678-b-12345678"])
@example(["\0", ""])
@example(["a", "a\0"])
def test_values_differ_exactly_when_a_set_says_so(texts):
    column = pd.Series(texts, dtype="str")
    assert all_differ(column) == (len({*texts}) == len(texts))
    assert all_differ(column[1:]) == (len({*texts[1:]}) == len(texts[1:]))
    assert not all_differ(pd.concat([column, column[:1]]))


# Arbitrary bytes


@QUICK
@given(st.binary(max_size=200), st.booleans())
@example(b"\xef\xbb\xbf\xef\xbb\xbf,\n1,2", False)
@example(b"PAR1\x15\0PAR1", False)
@example(b"a\n\x1f\x8b", True)
def test_bytes_are_a_table_or_an_error(folder, data, packed):
    path = folder / "bytes"
    path.write_bytes(gzip.compress(data) if packed else data)
    assert len(outcome(path).splitlines()) <= 5


@QUICK
@given(st.data())
def test_a_damaged_table_is_a_table_or_an_error(folder, data):
    whole = b'\xef\xbb\xbfgene,"x"\r\n"T, ""P""",1e-5\r\nNA,NA\n\xc3\xa9;,3\n'
    form = data.draw(st.sampled_from([whole, gzip.compress(whole, mtime=0), parquet_bytes()]))
    damaged = bytearray(form)
    for _ in range(data.draw(st.integers(0, 3))):
        place = data.draw(st.integers(0, len(damaged) - 1))
        damaged[place] = data.draw(st.integers(0, 255))
    path = folder / "damaged"
    path.write_bytes(damaged[: data.draw(st.integers(0, len(damaged)))])
    assert len(outcome(path).splitlines()) <= 5


def outcome(path):
    """Read in every way; nothing but a frame or an AnalysisError may come of it."""
    try:
        names = read_header(path)
        frame = read_table(path)
        numbers = read_table(path, numbers=names, unique=names[0])
    except AnalysisError as error:
        return str(error)
    assert list(frame.columns) == list(numbers.columns) == names
    assert len(frame) == len(numbers) > 0
    assert np.isfinite(numbers.to_numpy()[~numbers.isna()]).all()
    return ""


# Parquet


def parquet_bytes():
    packed = io.BytesIO()
    pq.write_table(pa.table({"g": ["a", "b"], "x": [1.5, 2.5]}), packed)
    return packed.getvalue()


@pytest.fixture
def parquet(tmp_path):
    def write(columns):
        path = tmp_path / "t.csv"  # what it is tells its content
        pq.write_table(pa.table(columns), path)
        return path

    return write


def test_parquet_numbers(parquet):
    path = parquet(
        {
            "float": [1e-320, None, math.nan],
            "single": pa.array([0.5, 1.5, 2.5], pa.float32()),
            "int": [2**53, -1, None],
            "none": pa.nulls(3),
            "g": ["NA", "1E5", ""],
        }
    )
    numbers = ["float", "single", "int", "none"]
    frame = read_table(path, numbers=numbers, unique="g")
    assert read_header(path) == [*numbers, "g"]
    assert (frame[numbers].dtypes == np.float64).all()
    assert frame["float"].fillna(7).tolist() == [1e-320, 7, 7]
    assert frame["int"].fillna(7).tolist() == [2**53, -1, 7]
    assert frame["g"].tolist() == ["NA", "1E5", ""]


def test_parquet_text(parquet):
    columns = {
        "int": [2**63 - 1, 7, None],
        "float": [0.1, 1e-300, math.nan],
        "bool": [True, False, None],
        "text": ["a", None, "NA"],
        "coded": pa.array(["x", "y", "x"]).dictionary_encode(),
        "view": pa.array(["x", "y", ""], pa.string_view()),
    }
    frame = read_table(parquet(columns))
    assert frame["int"].tolist() == ["9223372036854775807", "7", ""]
    assert frame["float"].tolist() == ["0.1", "1e-300", ""]
    assert frame["bool"].tolist() == ["true", "false", ""]
    assert frame["text"].tolist() == ["a", "", "NA"]
    assert frame["coded"].tolist() == ["x", "y", "x"]
    assert all(isinstance(kind, pd.StringDtype) for kind in frame.dtypes)


@pytest.mark.parametrize(
    ("columns", "parts"),
    [
        ({"g": ["a"], "x": ["1.5"]}, ["column 'x'", "numbers", "string"]),
        ({"g": ["a"], "x": [True]}, ["column 'x'", "numbers", "bool"]),
        ({"g": ["a", "b"], "x": [1.0, math.inf]}, ["row 2, column 'x'", "infinite"]),
        ({"g": ["a"], "x": [2**53 + 1]}, ["column 'x'", "too large"]),
        ({"g": [b"a"], "x": [1.0]}, ["column 'g'", "text", "binary"]),
        ({"g": [["a"]], "x": [1.0]}, ["column 'g'", "text", "list"]),
        ({"g": ["a", "b", "a"], "x": [1.0, 2.0, 3.0]}, ["'a' in rows 1, 3"]),
        ({"g": pa.array([], pa.string()), "x": pa.array([], pa.float64())}, ["no rows"]),
        ({"g": ["a"], "": ["b"], "x": [1]}, ["column 2", "no name"]),
        ({"g": ["a"], "y": [1.0]}, ["no column 'x'", "'g', 'y'"]),
    ],
)
def test_parquet_refused(parquet, columns, parts):
    refused(parquet(columns), *parts, numbers=["x"], unique="g")


def test_parquet_names_and_size(tmp_path, parquet, monkeypatch):
    path = tmp_path / "twice.parquet"
    pq.write_table(pa.Table.from_arrays([pa.array([1]), pa.array([2])], names=["a", "a"]), path)
    refused(path, "same name")
    monkeypatch.setattr("analysis_lib.tables.parquet.MAX_BYTES", 100)
    refused(parquet({"g": ["a"] * 100}), "larger than", "100 rows of 1 columns")


def test_parquet_keeps_no_index_of_pandas(tmp_path):
    path = tmp_path / "t.parquet"
    pd.DataFrame({"x": [1.0]}, index=pd.Index(["a"], name="g")).to_parquet(path)
    assert rows(read_table(path, numbers=["x"])) == [["x", "g"], [1.0, "a"]]

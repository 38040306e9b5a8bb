"""What is written reads back equal, or is not written at all."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from analysis_lib.errors import TableError
from analysis_lib.tables import check_table, read_table, write_table

QUICK = settings(max_examples=150, deadline=None)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("tables")


# Writing


def test_what_is_written(tmp_path):
    frame = pd.DataFrame(
        {
            "name": ["a,b", 'say "x"', "line\nbreak"],
            "p": [1e-320, math.nan, 0.1],
            "n": [1, 2, 3],
            "up": [True, False, True],
            "k": pd.array([1, None, 3], "Int64"),
            "kind": pd.Categorical(["x", None, "y"]),
        }
    )
    path = tmp_path / "new folder" / "t.csv"
    facts = write_table(frame, path)
    assert path.read_bytes().decode() == (
        "name,p,n,up,k,kind\n"
        '"a,b",1e-320,1,True,1,x\n'
        '"say ""x""",,2,False,,\n'
        '"line\nbreak",0.1,3,True,3,y\n'
    )
    assert (facts.rows, facts.columns) == (3, 6)
    check_table(path, facts)
    assert [child.name for child in path.parent.iterdir()] == ["t.csv"]


@pytest.mark.parametrize(
    ("columns", "parts"),
    [
        ({"x": [1.0, math.inf]}, ["infinite", "column 'x', row 2"]),
        ({"x": ["a", "b\0"]}, ["no text file", "column 'x', row 2"]),
        ({"x": pd.Series(["\ud800"], dtype=object)}, ["no text file", "row 1"]),
        ({"x\0": ["a"]}, ["no text file", "name of column 1"]),
        ({"x": [[1]]}, ["list: '[1]'", "row 1"]),
        ({"x": ["a", 1]}, ["int: '1'", "row 2"]),
        ({"x": [1j]}, ["complex"]),
        ({"x": ["a"], "": ["b"]}, ["without a name"]),
        ({1: ["a"], "1": ["b"]}, ["'1' more than once"]),
        ({}, ["no column"]),
    ],
)
def test_what_cannot_be_written(tmp_path, columns, parts):
    path = tmp_path / "t.csv"
    path.write_text("before")
    with pytest.raises(TableError) as caught:
        write_table(pd.DataFrame(columns), path)
    for part in parts:
        assert part in str(caught.value)
    assert path.read_text() == "before"
    assert [child.name for child in tmp_path.iterdir()] == ["t.csv"]


def test_rows_are_counted_over_pieces(tmp_path, monkeypatch):
    monkeypatch.setattr("analysis_lib.tables.writing._ROWS_AT_ONCE", 2)
    frame = pd.DataFrame({"g": list("abcde"), "x": [1.0, 2.0, 3.0, 4.0, 5.0]})
    check_table(tmp_path / "t.csv", write_table(frame, tmp_path / "t.csv"))
    pd.testing.assert_frame_equal(read_table(tmp_path / "t.csv", numbers=["x"]), frame)
    frame.loc[3, "x"] = -math.inf
    with pytest.raises(TableError, match="row 4"):
        write_table(frame, tmp_path / "t.csv")


def test_a_table_without_rows_can_be_written_and_checked(tmp_path):
    path = tmp_path / "t.csv"
    facts = write_table(pd.DataFrame({"g": [], "x": []}), path)
    assert path.read_text() == "g,x\n"
    check_table(path, facts)


def test_names_that_become_one_for_people_are_refused(tmp_path):
    with pytest.raises(TableError, match="more than once"):
        write_table(pd.DataFrame({"=a": [1], "'=a": [2]}), tmp_path / "t.csv", for_people=True)


NAMES = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=8)
HOSTILE = st.sampled_from(
    ["=cmd|' /C calc'!A0", "\u202eexe", "NA", "1,5", 'a";"b', "<html>", "\ufeffid", "😀\t", "\r\n"]
)
TEXTS = NAMES | HOSTILE


@st.composite
def frames(draw):
    names = draw(st.lists(TEXTS.filter(bool), min_size=1, max_size=4, unique=True))
    if draw(st.booleans()):
        names[0] = ""
    size = draw(st.integers(1, 5))
    numeric = draw(st.lists(st.booleans(), min_size=len(names), max_size=len(names)))
    finite = st.floats(allow_nan=True, allow_infinity=False)
    columns = {
        name: np.array(draw(st.lists(finite, min_size=size, max_size=size)), dtype=float)
        if number
        else pd.array(draw(st.lists(TEXTS, min_size=size, max_size=size)), dtype="str")
        for name, number in zip(names, numeric, strict=True)
    }
    return pd.DataFrame(columns)


@QUICK
@given(frames())
@example(pd.DataFrame({"x": ["", "a"]}))
@example(pd.DataFrame({"": [math.nan]}))
@example(pd.DataFrame({"x": ["1"], "a;b": ["c;d"]}))
@example(pd.DataFrame({"PAR1\x15": ["1"]}))
@example(pd.DataFrame({"version https://git-lfs": ["1"]}))
@example(pd.DataFrame({"\x1f\x8b": ["1"], "b": ["-0.0"]}))
def test_what_is_written_reads_back_equal(folder, frame):
    path = folder / "round.csv"
    numbers = [name for name in frame.columns if frame[name].dtype == float]
    facts = write_table(frame, path)
    back = read_table(path, numbers=numbers)
    assert (facts.rows, facts.columns) == frame.shape
    pd.testing.assert_frame_equal(back, frame, check_exact=True)
    for name in numbers:  # the sign of zero too
        assert list(map(repr, back[name])) == list(map(repr, frame[name]))


@QUICK
@given(frames())
def test_for_people_no_text_begins_a_formula(folder, frame):
    path = folder / "people.csv"
    numbers = [name for name in frame.columns if frame[name].dtype == float]
    assume(not {"'" + name for name in frame.columns} & {*frame.columns})
    write_table(frame, path, for_people=True)
    back = read_table(path)
    for name, original in zip(back.columns, frame.columns, strict=True):
        assert name in (original, "'" + original)
        if original in numbers:
            continue
        for cell, before in zip(back[name], frame[original], strict=True):
            assert cell in (before, "'" + before)
            assert (cell != before) == before.startswith(tuple("=+-@\t\r\n＝＋－＠"))

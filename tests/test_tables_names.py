"""Names for columns: given where a file has no header, and changed where a header repeats one."""

import gzip
from functools import partial

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis_lib.errors import ParameterError
from analysis_lib.tables import layout, place, read_header, read_table, reading, write_table
from tests.real_data import ephys_folder
from tests.table_files import refused, rows, write

CALLS = "probe,1,call,2,call\nZyxin,5,P,7,A\nB,1,A,NA,M\n"


@pytest.fixture
def table(tmp_path):
    return partial(write, tmp_path)


def numbered(header):
    """Name every column after its place."""
    return [f"{place} {name}" for place, name in enumerate(header)]


# A header that repeats a name


def test_a_function_sees_the_header_as_written_and_names_the_columns(table):
    seen = []

    def names(header):
        seen.append(list(header))
        return numbered(header)

    frame = read_table(table(CALLS), names=names, numbers=["1 1", "3 2"])
    assert seen == [["probe", "1", "call", "2", "call"]]
    assert list(frame) == ["0 probe", "1 1", "2 call", "3 2", "4 call"]
    assert frame["4 call"].tolist() == ["A", "M"]
    assert frame["3 2"].isna().tolist() == [False, True]
    assert read_header(table(CALLS), names=numbered) == list(frame)


def test_without_a_function_a_repeated_name_is_refused_as_before(table):
    refused(table(CALLS), "same name", "'call' in columns 3, 5")


def test_names_that_still_repeat_are_refused(table):
    refused(table(CALLS), "same name", "'x' in columns 1, 2", names=lambda header: ["x"] * 5)
    refused(table(CALLS), "has no name", names=lambda header: ["a", "", "c", "d", "e"])


@pytest.mark.parametrize("new", [["a"], list("abcdef")], ids=["too few", "too many"])
def test_a_function_names_every_column(table, new):
    with pytest.raises(ParameterError, match=r"(?s)one name for each.*5 names"):
        read_table(table(CALLS), names=lambda header: new)


def test_renamed_tables_are_read_fast_and_errors_keep_their_lines(table, monkeypatch):
    path = table(CALLS)
    refused(table("g,x,x\na,1,2\nb,1,?\n"), "line 3, column '2 x'", names=numbered, numbers=["2 x"])
    refused(table("g,x,x\na,1,2\na,1,3\n"), "lines 2, 3", names=numbered, unique="0 g")
    assert place(table("g,x,x\na,1,2\nb,1,2\n"), 1, names=numbered) == f"{path}, line 3"
    monkeypatch.setattr(reading, "read_exactly", None)
    assert len(read_table(table(CALLS), names=numbered, numbers=["1 1"])) == 2


def test_row_names_of_r_reach_the_function_as_an_empty_name(table):
    path = table('"x","x"\n"a",1,5\n')
    assert list(read_table(path, names=numbered)) == ["0 ", "1 x", "2 x"]


def test_parquet_columns_are_renamed_too(tmp_path):
    path = tmp_path / "t.parquet"
    pd.DataFrame({"g": ["a"], "x": [1.0]}).to_parquet(path)
    assert read_header(path, names=numbered) == ["0 g", "1 x"]
    assert rows(read_table(path, names=numbered, numbers=["1 x"])) == [["0 g", "1 x"], ["a", 1.0]]


# A file without a header


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("11287,Pzp\n11298,Aanat\n", [["11287", "Pzp"], ["11298", "Aanat"]]),
        ("1\tNA\n", [["1", "NA"]]),
        ("\ufeff1;a,b\r\n2;c\r\n", [["1", "a,b"], ["2", "c"]]),
        ('"1","a\nb"\n2,c\n\n', [["1", "a\nb"], ["2", "c"]]),
        ("a,a\na,a\n", [["a", "a"], ["a", "a"]]),
    ],
)
def test_the_first_line_is_a_row(table, text, expected):
    names = ["entrez", "symbol"]
    path = table(text)
    assert rows(read_table(path, names=names)) == [names, *expected]
    assert read_header(path, names=names) == names
    assert rows(read_table(table(gzip.compress(text.encode())), names=names))[1:] == expected


def test_one_column_without_a_header(table):
    assert rows(read_table(table("a\nb\n"), names=["g"])) == [["g"], ["a"], ["b"]]
    refused(table("a\nb,c\n"), "line 2", "2 fields", names=["g"])


def test_numbers_missing_values_and_repeats_are_told_with_their_lines(table):
    path = table("1,a\n2,b\n")
    assert read_table(path, names=["x", "g"], numbers=["x"])["x"].tolist() == [1.0, 2.0]
    refused(table("1,a\n?,b\n"), "line 2, column 'x'", names=["x", "g"], numbers=["x"])
    refused(table("1,a\n1,b\n"), "lines 1, 2", names=["x", "g"], unique="x")
    assert place(path, 0, names=["x", "g"]) == f"{path}, line 1"


@pytest.mark.parametrize("names", [["a"], ["a", "b", "c"]], ids=["wider", "narrower"])
def test_rows_have_as_many_fields_as_there_are_names(table, names, request):
    kind = request.node.callspec.id
    refused(table("1,2\n3,4\n"), "line 1", kind, "as in the names given", names=names)
    refused(table('"1",2\n"3",4\n'), "line 1", kind, names=names)  # no row names of R either


def test_a_row_that_differs_is_found_wherever_it_stands(table):
    refused(table("1,2\n" * 99 + "3\n"), "line 100", "narrower", names=["a", "b"])
    refused(table('1,2\n"3,4\n'), "line 2", "nothing closes it", names=["a", "b"])
    refused(table('"1,2\n'), "line 1", "nothing closes it", names=["a", "b"])
    refused(table("1,2\n\n3,4\n"), "line 2", "blank line", names=["a", "b"])


def test_given_names_are_held_to_the_rules_of_a_header(table):
    refused(table("1,2\n"), "same name", names=["a", "a"])
    refused(table("1,2\n"), "no column 'c'", names=["a", "b"], numbers=["c"])


def test_a_parquet_file_has_names_of_its_own(tmp_path):
    path = tmp_path / "t.parquet"
    pd.DataFrame({"symbol": ["a"], "entrez": ["1"]}).to_parquet(path)
    refused(path, "without a header", "'symbol', 'entrez'", names=["entrez", "symbol"])


def test_the_head_of_a_long_file_is_enough(table, monkeypatch):
    monkeypatch.setattr(layout, "HEAD_BYTES", 64)
    monkeypatch.setattr(reading, "HEAD_BYTES", 64)
    path = table("".join(f"{i},g{i}\n" for i in range(1000)))
    assert read_header(path, names=["i", "g"]) == ["i", "g"]
    assert len(read_table(path, names=["i", "g"], numbers=["i"])) == 1000


CELLS = st.text('ab1 ,;\t\n\r"é', max_size=6)


@settings(max_examples=100, deadline=None)
@given(cells=st.lists(st.tuples(CELLS, CELLS), min_size=1, max_size=8))
def test_a_table_reads_the_same_with_its_header_taken_off(cells, tmp_path_factory):
    path = tmp_path_factory.mktemp("names") / "t.csv"
    write_table(pd.DataFrame(cells, columns=["a", "b"]), path)
    whole = rows(read_table(path))
    path.write_bytes(path.read_bytes().removeprefix(b"a,b\n"))
    assert rows(read_table(path, names=["a", "b"])) == whole


@pytest.mark.realdata
def test_the_real_file_without_a_header():
    path = ephys_folder() / "entrenz_symbol_s.csv"
    frame = read_table(path, names=["entrez", "symbol"])
    assert frame.shape == (12_210, 2)
    assert frame["entrez"].str.fullmatch("[0-9]+").all()

"""Tables that were cut, shifted, renamed or made into formulas in silence."""

import errno
import gzip
import os
import resource
from functools import partial

import numpy as np
import pandas as pd
import pytest

from analysis_lib.errors import TableError
from analysis_lib.tables import check_table, read_header, read_table, write_table
from tests.faults.guards import Guard
from tests.table_files import refused, rows, write

GUARDS = [
    Guard(
        "analysis_lib/tables/writing.py",
        'files.atomic_path(path) as temporary, temporary.open("wb") as file',
        'path.open("wb") as file',
        "test_a_full_disk_leaves_the_last_good_table",
    ),
    Guard(
        "analysis_lib/tables/writing.py",
        "    if digest != facts.sha256:\n",
        "    if False:\n",
        "test_a_table_cut_between_rows_is_noticed",
    ),
    Guard(
        "analysis_lib/tables/fast.py",
        "strings_can_be_null=False",
        "strings_can_be_null=True",
        "test_genes_called_na_and_1e5_stay_what_they_are",
    ),
]


@pytest.fixture
def table(tmp_path):
    return partial(write, tmp_path)


@pytest.fixture
def results():
    """Five thousand genes, as in the observation."""
    names = [f"GENE{number}" for number in range(5000)]
    return pd.DataFrame({"gene": names, "p": np.linspace(0, 1, 5000)})


# 5 — a full disk, a truncated table


@pytest.fixture
def small_disk():
    """Let no file grow beyond 50,000 bytes, which is how a write on a full disk fails."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.fault(
    "a disk that is full while a table is written",
    by="a limit of 50,000 bytes on every file",
    survives="the last good table to the byte; nothing half is left",
)
def test_a_full_disk_leaves_the_last_good_table(tmp_path, results, small_disk):
    """Before: the table was written in place, and half of it was left under its name."""
    path = tmp_path / "results.csv"
    good = write_table(results.head(100), path)
    with pytest.raises(TableError, match="could not be written") as caught:
        write_table(results, path)
    assert os.strerror(errno.EFBIG) in str(caught.value)
    assert "untouched" in str(caught.value)
    check_table(path, good)
    assert [child.name for child in tmp_path.iterdir()] == ["results.csv"]


@pytest.mark.fault(
    "a table whose writing is interrupted",
    by="Ctrl-C just before it gets its name",
    survives="neither a table nor a temporary file is left",
)
def test_a_write_that_is_interrupted_leaves_nothing(tmp_path, results, monkeypatch):
    """Before: Ctrl-C during `to_csv` left a table that read back with fewer rows."""

    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("analysis_lib.files.sync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write_table(results, tmp_path / "results.csv")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.fault(
    "a table cut between two rows",
    by="the first 1,655 of 5,000 rows",
    survives="counts and checksums differ from the record",
)
def test_a_table_cut_between_rows_is_noticed(tmp_path, results):
    """Before: a truncated CSV read back silently with 1,655 of 5,000 rows."""
    path = tmp_path / "results.csv"
    facts = write_table(results, path)
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:1656]))
    assert len(read_table(path)) == 1655  # as such it is a sound table
    with pytest.raises(TableError) as caught:
        check_table(path, facts)
    assert (facts.rows, caught.value.got[:10]) == (5000, "1,655 rows")
    assert "5,000 rows" in str(caught.value)


@pytest.mark.fault(
    "a table cut within a row",
    by="the last row cut short",
    survives="an error with the line",
)
def test_a_table_cut_within_a_row_is_noticed(tmp_path, results):
    """Before: the last row was padded and read back."""
    path = tmp_path / "results.csv"
    facts = write_table(results, path)
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:4999]) + b"GENE49")
    refused(path, "line 5000", "narrower", "cut off")
    with pytest.raises(TableError, match="no readable table"):
        check_table(path, facts)


@pytest.mark.fault(
    "a table that was changed or lost later",
    by="one name changed, or the file removed",
    survives="an error that names the remedy",
)
@pytest.mark.parametrize("change", ["a value", "gone"])
def test_a_table_that_changed_is_noticed(tmp_path, results, change):
    """Before: nothing but a look could tell that a result was edited or removed later."""
    path = tmp_path / "results.csv"
    facts = write_table(results, path)
    if change == "gone":
        path.unlink()
    else:
        path.write_bytes(path.read_bytes().replace(b"GENE7,", b"GENE8,", 1))
    with pytest.raises(TableError, match="Run again what writes it"):
        check_table(path, facts)


@pytest.mark.fault(
    "a compressed table that is cut off",
    by="half of a gzip file",
    survives="an error that says so",
)
def test_a_truncated_gzip_is_an_error(table):
    """Before: an EOFError that named neither the file nor what to do."""
    packed = gzip.compress(b"g,p\n" + b"A,0.1\n" * 50_000)
    refused(table(packed[: len(packed) // 2]), "cut off", numbers=["p"])


# 16 — formulas


FORMULAS = ["=cmd|' /C calc'!A0", "+1+1", "-2+3", "@SUM(A1)", "\t=1", "\r=1"]


@pytest.mark.fault(
    "text that a spreadsheet runs as a formula",
    by="cells and a heading that begin with `= + - @`, tab, CR",
    survives="the text, with an apostrophe before it; numbers stay numbers",
)
def test_formulas_are_disarmed_in_files_for_people(tmp_path):
    """Before: `to_csv` wrote `=cmd…` verbatim, and a spreadsheet ran it."""
    frame = pd.DataFrame({"=head()": FORMULAS, "p": -1.5})
    path = tmp_path / "top genes.csv"
    write_table(frame, path, for_people=True)
    back = read_table(path, numbers=["p"])
    assert list(back.columns) == ["'=head()", "p"]
    assert back["'=head()"].tolist() == ["'" + text for text in FORMULAS]
    assert back["p"].tolist() == [-1.5] * len(FORMULAS)  # a number is no formula
    write_table(frame, path)
    assert read_table(path, numbers=["p"])["=head()"].tolist() == FORMULAS


# 17 — what readers guess


@pytest.mark.fault(
    "genes with names like numbers and gaps",
    by="ten such names, among others and alone",
    survives="every name as it was written",
)
def test_genes_called_na_and_1e5_stay_what_they_are(table):
    """Before: `NA`, `nan`, `None` became missing, `1E5` and `2E3` became 100000 and 2000."""
    names = ["NA", "nan", "None", "1E5", "2E3", "007", "SEPT2", "1.0", "True", "inf"]
    path = table("gene,p\n" + "".join(f"{name},0.5\n" for name in names))
    frame = read_table(path, numbers=["p"], unique="gene")
    assert frame["gene"].tolist() == names
    only = table("gene,p\n1E5,0.5\n2E3,0.5\n")
    assert read_table(only, numbers=["p"])["gene"].tolist() == ["1E5", "2E3"]


@pytest.mark.fault(
    "a decimal comma",
    by="with commas, semicolons, tabs and quotes around it",
    survives="an error with line, column and remedy",
)
@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("gene,logFC,p\nA,1,5,0,01\nB,2,5,0,02\n", "line 2"),
        ("gene,logFC,p\nA,1,5,0.01\nB,2,5,0.02\n", "line 2"),
        ("gene;logFC;p\nA;1.5;0.01\nB;2.5;0,02\n", "line 3, column 'p'"),
        ("gene\tlogFC\tp\nA\t1,5\t0,01\n", "line 2, column 'logFC'"),
        ('gene,logFC,p\nA,1.5,"0,01"\n', "line 2, column 'p'"),
    ],
    ids=["two columns", "one column", "semicolon", "tab", "quoted"],
)
def test_a_decimal_comma_is_named(table, text, line):
    """Before: a decimal comma shifted the columns, or made a column of text, in silence."""
    error = refused(table(text), line, "decimal comma", numbers=["logFC", "p"])
    assert "decimal" in error.remedy


@pytest.mark.fault(
    "a row with a field too many",
    by="in the first, the second and the 100,001st line",
    survives="an error with the line",
)
def test_one_field_too_many_is_an_error(table):
    """Before: the first column became an index and all the others moved by one."""
    refused(table("gene,logFC,p\nA,1.5,0.1\nB,C,2.5,0.2\n"), "line 3", "4 fields", "wider")
    refused(table("gene,logFC,p\nA,1.5,0.1,\nB,2.5,0.2,\n"), "line 2", "ends with a comma")
    text = "gene,logFC,p\n" + "A,1.5,0.1\n" * 99_999 + "A,1.5,0.1,0\n"
    refused(table(text), "line 100001", "4 fields", numbers=["logFC", "p"])


@pytest.mark.fault(
    "a heading one name short, as R writes it",
    by="with commas, tabs and blanks",
    survives="understood, but for blanks, which are an error",
)
def test_row_names_of_r_are_no_fault(table):
    """Before, as now: the header that R's `write.table` leaves one short is understood."""
    text = '"logFC" "p"\n"A" 1.5 0.1\n"B" 2 NA\n'
    for delimiter in ",\t":
        path = table(text.replace(" ", delimiter))
        assert rows(read_table(path))[:2] == [["", "logFC", "p"], ["A", "1.5", "0.1"]]
        assert read_header(path) == ["", "logFC", "p"]
    refused(table(text), "not by blanks")


@pytest.mark.fault(
    "tabs in a file called `.csv`",
    by="a gene with a comma in its name",
    survives="all columns, and the name whole",
)
def test_a_tab_separated_table_called_csv_has_its_columns(table):
    """Before: a TSV read as CSV gave one column."""
    path = table("gene\tlogFC\tp\nA, or B\t1.5\t0.1\n", "results.csv")
    assert read_table(path, numbers=["logFC", "p"]).shape == (1, 3)


@pytest.mark.fault(
    "an HTML page in place of a table",
    by="plain and compressed",
    survives="an error that says so",
)
def test_a_page_is_no_table(table):
    """Before: an HTML page, such as a login form, gave an empty frame."""
    page = "\n<!doctype html>\n<html><body>Sign in</body></html>\n"
    refused(table(page), "HTML", "download")
    refused(table(gzip.compress(page.encode())), "HTML", "download")


@pytest.mark.fault(
    "a row with a field too few",
    by="in line 100,000",
    survives="an error with the line",
)
def test_short_rows_are_an_error(table):
    """Before: short rows were padded with missing values."""
    text = "gene,logFC,p\n" + "A,1.5,0.1\n" * 99_998 + "A,1.5\nA,1.5,0.1\n"
    refused(table(text), "line 100000", "narrower", "2 fields", numbers=["logFC", "p"])


@pytest.mark.fault(
    "names that stand there twice",
    by="of genes, and of columns",
    survives="an error with the lines or columns",
)
def test_repeated_names_are_told(table):
    """Before: a join on a name that stood twice multiplied the rows; `x` and `x` became `x.1`."""
    refused(table("gene,p\nA,1\nB,2\nA,3\n"), "column 'gene'", "'A' in lines 2, 4", unique="gene")
    refused(table("gene,p,p\nA,1,2\n"), "line 1", "'p' in columns 2, 3")


@pytest.mark.fault(
    "a word in a column of numbers",
    by="`O.1` in line 100,001, and what other readers take for numbers",
    survives="an error with line and column",
)
def test_what_is_no_number_is_never_missing(table):
    """Before: one word made a column of numbers a column of text, or a missing value."""
    text = "gene,p\n" + "A,0.1\n" * 99_999 + "A,O.1\n"
    refused(table(text), "line 100001, column 'p'", "'O.1'", numbers=["p"])
    for spelling in ("inf", "NaN()", "1_0", "0x1"):
        refused(table(f"gene,p\nA,{spelling}\n"), "line 2, column 'p'", numbers=["p"])

"""Symbols of genes: with a header or without, ids once, symbols as written."""

import pytest

from analysis_lib.datasets.neurons import symbols as gene_symbols
from analysis_lib.errors import TableError
from tests.real_data import ephys_folder
from tests.table_files import write

ROWS = "58520,0610007P14Rik\n66050,NA\n0012,1E5\n77,Sept2\n78,Sept2\n79,\n"


@pytest.mark.parametrize(
    "text",
    [
        ROWS,
        "entrez_id,gene_symbol\n" + ROWS,
        "gene,Symbol\n" + ROWS,
        ",symbol\n" + ROWS,
        "id,gene name\n" + ROWS,
        ROWS.replace(",", "\t"),
        ROWS.replace("\n", "\r\n"),
        ROWS.replace(",", " , "),
        "symbol,entrez\n" + "".join(f"{b},{a}\n" for a, b in (r.split(",") for r in ROWS.split())),
    ],
    ids=["plain", "header", "gene", "no id", "name", "tab", "crlf", "blanks", "other way round"],
)
def test_symbols_by_id_with_a_header_or_without(tmp_path, text):
    found = gene_symbols.read(write(tmp_path, text))
    assert found.index.tolist() == ["58520", "66050", "0012", "77", "78", "79"]
    assert found.tolist() == ["0610007P14Rik", "NA", "1E5", "Sept2", "Sept2", ""]
    assert found.name == "symbol"


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        (ROWS + "77,Sept3\n", ["1 gene stands more than once", "'77' (2 times)"]),
        (ROWS + ",Sept3\n", ["1 gene has no name"]),
        (ROWS + "80,a,b\n", ["line 7", "3 fields"]),
        ("58520\n58521\n", ["narrower", "2 fields"]),
        ("", ["empty"]),
    ],
    ids=["twice", "nameless", "three columns", "one column", "empty"],
)
def test_what_is_no_table_of_symbols_is_refused(tmp_path, text, parts):
    with pytest.raises(TableError) as caught:
        gene_symbols.read(write(tmp_path, text, "symbols.csv"))
    for part in ("symbols.csv", *parts):
        assert part in str(caught.value)


@pytest.mark.realdata
def test_the_real_file():
    found = gene_symbols.read(ephys_folder() / "entrenz_symbol_s.csv")
    assert len(found) == 12_210
    assert found["58520"] == "0610007P14Rik"
    assert found.is_unique
    assert (found != "").all()

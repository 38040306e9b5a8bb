"""Names of driver lines: spellings of one line have one key, and a key is its own."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis_lib.datasets.neurons.lines import line_key

LINES = {
    "Scnn1a-Tg3": ["Scnn1a-Tg3-Cre", "Scnn1a-Tg3", " Scnn1a-Tg3-Cre "],
    "Scnn1a-Tg2": ["Scnn1a-Tg2-Cre"],
    "Rbp4": ["Rbp4-Cre_KL100", "Rbp4-Cre", "Rbp4.Cre_KL100"],
    "Ntsr1": ["Ntsr1-Cre_GN220", "Ntsr1-Cre"],
    "Nkx2-1": ["Nkx2.1-CreERT2", "Nkx2-1-CreERT2", "Nkx2-1"],
    "Ctgf": ["Ctgf-T2A-dgCre", "Ctgf-2A-dgCre"],
    "Chat": ["Chat-IRES-Cre-neo", "Chat-IRES-Cre"],
    "Penk": ["Penk-IRES2-Cre-neo"],
    "Cux2": ["Cux2-CreERT2", "Cux2-CreER", "Cux2-CreERT"],
    "Rorb": ["Rorb-IRES2-Cre"],
    "Ndnf": ["Ndnf-IRES2-dgCre"],
    "Slc17a8": ["Slc17a8-iCre"],
    "Nos1|Sst": ["Nos1-CreERT2|Sst-IRES-FlpO", "Sst-IRES-FlpO | Nos1-CreERT2"],
    "Chrna2|Pvalb": ["Chrna2-Cre_OE25|Pvalb-T2A-Dre"],
    "Slc32a1|Vipr2": ["Slc32a1-T2A-FlpO|Vipr2-IRES2-Cre"],
    "wild type": ["wild type", "  wild type"],
    "Creb1": ["Creb1"],
    "Creb1-Tg": ["Creb1-Tg-Cre"],
    "Abc-Creb": ["Abc-Creb"],
    "Cre": ["Cre"],
    "-IRES-Cre": ["-IRES-Cre"],
    "my.line": ["my.line"],
    "": ["", " ", "|"],
}


@pytest.mark.parametrize(
    ("name", "key"), [(name, key) for key, names in LINES.items() for name in names]
)
def test_every_spelling_of_a_line_has_its_key(name, key):
    assert line_key(name) == key


_WORDS = ("Sst", "Nkx2", "1", "Tg3", "Cre", "cre", "dgCre", "CreERT2", "FlpO", "Dre", "IRES2")
_PIECES = st.sampled_from([*_WORDS, "T2A", "2A", "-", ".", "_", " ", "|", "__"])
NAMES = st.lists(_PIECES, max_size=9).map("".join) | st.text(max_size=12)


@given(NAMES)
def test_a_key_is_its_own_key(name):
    assert line_key(line_key(name)) == line_key(name)


@given(NAMES, NAMES)
def test_the_order_of_drivers_does_not_count(one, other):
    assert line_key(f"{one}|{other}") == line_key(f"{other}|{one}")


@given(st.text(alphabet="abgstz019 ", max_size=12))
def test_a_name_without_a_recombinase_stays_whole(name):
    assert line_key(name) == name.strip()

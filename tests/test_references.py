"""What the report cites: strict to read, plain to show, the same when written again."""

from __future__ import annotations

import ast
import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pybtex.database import parse_string

from analysis_lib.datasets import CATALOGUE
from analysis_lib.errors import SiteError
from analysis_lib.files import PROJECT
from analysis_lib.runs.engine import VERSIONS
from analysis_lib.site.bibliography import PACKAGES, load_references, to_bibtex

FILE = PROJECT / "book" / "references.bib"
REFERENCES = load_references(FILE)
ENTRIES = list(REFERENCES.entries.values())
PUBLISHED = [entry for entry in CATALOGUE.values() if entry.doi]
GOOD = {"author": "Ann Author", "title": "A title", "year": "2020", "doi": "10.1000/x"}


def by_key(reference) -> str:
    return reference.key


def entry(kind: str = "misc", key: str = "ann2020", **changed: str | None) -> str:
    fields = {name: value for name, value in (GOOD | changed).items() if value is not None}
    lines = ",\n".join(f"  {name} = {{{value}}}" for name, value in fields.items())
    return f"@{kind}{{{key},\n{lines}\n}}\n"


def read(folder: Path, text: str):
    path = folder / "book" / "references.bib"
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return load_references(path)


# The file of the report


@pytest.mark.parametrize("dataset", PUBLISHED, ids=lambda dataset: dataset.name)
def test_every_data_set_with_a_doi_can_be_cited_and_is_the_one_the_catalogue_means(dataset):
    reference = REFERENCES.of_doi(dataset.doi)
    assert f"{reference.names}, " in dataset.citation.replace("see ", "")
    assert reference.title.lower() in dataset.citation.lower()
    assert dataset.citation.endswith(reference.year)


@pytest.mark.parametrize("reference", ENTRIES, ids=by_key)
def test_every_entry_is_plain_text_that_leads_somewhere(reference):
    assert not re.search(r"[{}\\$~]|--|  ", reference.short + reference.text)
    assert reference.address.startswith("https://")
    assert re.fullmatch(r"[!-~]+", reference.address)
    assert reference.title in reference.text
    assert reference.html.count("<a ") == 1


def test_no_two_entries_are_named_alike_or_have_the_same_doi():
    shorts = [reference.short for reference in ENTRIES]
    dois = [reference.doi.lower() for reference in ENTRIES if reference.doi]
    assert len(set(shorts)) == len(shorts)
    assert len(set(dois)) == len(dois)


def test_what_is_written_reads_back_as_it_was():
    original = parse_string(FILE.read_text(encoding="utf-8"), "bibtex").entries
    again = parse_string(to_bibtex(ENTRIES), "bibtex").entries
    assert dict(again.items()) == dict(original.items())


@given(st.lists(st.sampled_from(ENTRIES), max_size=8))
def test_a_part_of_the_file_has_each_entry_once_in_the_order_of_the_keys(chosen):
    written = to_bibtex(chosen)
    keys = re.findall(r"^@\w+\{([^,]+),$", written, re.MULTILINE)
    assert keys == sorted({reference.key for reference in chosen})
    assert written == to_bibtex(reversed(chosen))


def marks_in_the_studies() -> list[str]:
    """Return every mark in a text of a study that is not documentation."""
    found = set()
    for path in sorted((PROJECT / "analysis_lib" / "studies").rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        documentation = {
            id(node.value)
            for node in ast.walk(tree)
            if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        }
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and id(node) not in documentation:
                found.update(re.findall(r"\[(?:@|pkg:)[^\]]*\]?", str(node.value)))
    return sorted(found)


@pytest.mark.parametrize("mark", marks_in_the_studies())
def test_what_the_studies_cite_is_there(mark):
    kind, name = re.fullmatch(r"\[(@|pkg:)([\w.:-]+)\]", mark).groups()
    if kind == "@":
        assert name in REFERENCES.entries
    else:
        assert name in PACKAGES
        assert {name, f"{name}-cpu"} & set(VERSIONS)


def test_every_package_has_an_entry():
    assert {key for _, key in PACKAGES.values()} <= set(REFERENCES.entries)


# One entry


@pytest.mark.parametrize(
    ("author", "names", "authors"),
    [
        ("Lloyd, Stuart P.", "Lloyd", "Lloyd SP"),
        ("Hui Zou and Trevor Hastie", "Zou and Hastie", "Zou H, Hastie T"),
        ("A. Ann and B. Ben and C. Cat", "Ann et al.", "Ann A, Ben B, Cat C"),
        ("Chollet, Fran{\\c{c}}ois and others", "Chollet et al.", "Chollet F, et al."),
        ("van der Maaten, Laurens", "van der Maaten", "van der Maaten L"),
        ("{The {Numba} and LLVM Team}", "The Numba and LLVM Team", "The Numba and LLVM Team"),
        ('B{\\"u}hlmann, Jean-Pierre', "Bühlmann", "Bühlmann JP"),
        (" and ".join(f"A{i}, B." for i in range(7)), "A0 et al.", "A0 B, A1 B, A2 B, et al."),
    ],
)
def test_authors_are_named_as_papers_name_them(tmp_path, author, names, authors):
    (reference,) = read(tmp_path, entry(author=author)).entries.values()
    assert (reference.names, reference.authors) == (names, authors)
    assert reference.short == f"{names} 2020"


@pytest.mark.parametrize(
    ("kind", "fields", "place"),
    [
        ("article", {"journal": "J", "volume": "1", "number": "2", "pages": "3--4"}, "J 1(2):3–4"),
        ("article", {"journal": "J", "volume": "1"}, "J 1"),
        ("article", {"journal": "J \\& K", "pages": "3"}, "J & K, 3"),
        ("inproceedings", {"booktitle": "P", "pages": "1--2"}, "In: P, 1–2"),
        ("inproceedings", {"booktitle": "P", "series": "S", "volume": "7"}, "In: P, S 7"),
        ("incollection", {"booktitle": "B", "pages": "1", "publisher": "U"}, "In: B, 1, U"),
        ("book", {"publisher": "U"}, "U"),
        ("misc", {"howpublished": "Zenodo"}, "Zenodo"),
        ("misc", {}, ""),
    ],
)
def test_where_it_appeared(tmp_path, kind, fields, place):
    (reference,) = read(tmp_path, entry(kind, **fields)).entries.values()
    assert reference.place == place
    assert reference.text == " ".join(
        filter(None, ["Author A (2020). A title.", place and f"{place}.", "doi:10.1000/x"])
    )


def test_two_that_would_be_named_alike_are_told_apart_by_a_letter(tmp_path):
    found = read(tmp_path, entry(key="b") + entry(key="a", doi="10.1000/y") + entry(key="c2019"))
    assert [r.short for r in found.entries.values()] == [
        "Author 2020a",
        "Author 2020b",
        "Author 2020c",
    ]
    assert "(2020b)" in found.entries["b"].text
    assert "year = {2020}" in found.entries["b"].bibtex


def test_a_doi_with_any_character_leads_to_its_page():
    reference = REFERENCES.entries["newcombe1998"]
    assert reference.address == (
        "https://doi.org/10.1002/(SICI)1097-0258(19980430)17:8%3C873::AID-SIM779%3E3.0.CO;2-I"
    )
    assert "doi:10.1002/(SICI)1097-0258(19980430)17:8&lt;873::" in reference.html


def test_an_entry_that_would_act_on_a_page_does_not():
    hostile = replace(ENTRIES[0], title="</script><img src=x onerror=alert(1)>", doi="", url="//e")
    assert "<img" not in hostile.html
    assert "<a" not in hostile.html


# Files that are refused


@pytest.mark.parametrize(
    ("text", "got"),
    [
        (entry("movie"), "ann2020: the type @movie"),
        (entry(doi=None), "ann2020: neither doi nor url"),
        (entry(doi="doi.org/10.1/x"), "ann2020: the doi doi.org/10.1/x"),
        (entry(doi=None, url="javascript:alert(1)"), "ann2020: the url javascript:alert"),
        (entry(title=None), "ann2020: no title"),
        (entry(author=None), "ann2020: no authors"),
        (entry(year="soon"), "ann2020: the year soon"),
        (entry(title="$x^2$ \\foo"), "ann2020: LaTeX that is not plain text"),
        (entry() + entry(), "ann2020"),
        (entry(title="{{A}") + entry(key="b"), "ann2020: "),
        (entry(key="b") + entry().replace("2020}", "2020") + entry(key="c"), "ann2020: "),
        (entry().replace("{A title}", "undefined_name"), "ann2020: "),
        (entry(author="A, B, C, D"), "A, B, C, D"),
    ],
    ids=lambda value: None if "\n" not in str(value) else "entry",
)
def test_an_entry_that_cannot_be_cited_is_an_error_that_names_file_and_entry(tmp_path, text, got):
    with pytest.raises(SiteError) as error:
        read(tmp_path, text)
    assert error.value.where == "book/references.bib"
    assert got in error.value.got
    assert len(str(error.value).splitlines()) <= 5


def test_a_file_that_is_not_there_or_no_text_is_an_error(tmp_path):
    with pytest.raises(SiteError, match="FileNotFoundError"):
        load_references(tmp_path / "references.bib")
    (tmp_path / "references.bib").write_bytes(b"\xff\xfe@misc{a}")
    with pytest.raises(SiteError, match="UnicodeDecodeError"):
        load_references(tmp_path / "references.bib")


def test_a_doi_that_is_not_there_is_an_error_that_names_it():
    with pytest.raises(SiteError, match=r"10\.1000/none"):
        REFERENCES.of_doi("10.1000/none")

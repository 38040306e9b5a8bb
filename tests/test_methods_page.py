"""The methods of a run in words: what they say, what they cite, how they stand on a page."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import nbformat
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis_lib import files
from analysis_lib.datasets import CATALOGUE
from analysis_lib.errors import SiteError
from analysis_lib.files import PROJECT
from analysis_lib.site import Book, DataRow, SiteRun
from analysis_lib.site.bibliography import BIBTEX, PACKAGES, load_references
from analysis_lib.site.methods import Methods, Prose, locked_packages, methods_of, publish, section
from analysis_lib.site.privacy import Privacy
from analysis_lib.site.study_page import page_notebook
from analysis_lib.site.summary import Summary
from tests.site.fixtures import HOSTILE, METRICS, STUDY, new_record, new_run, project

__all__ = ["project"]  # a fixture

REFERENCES = load_references(PROJECT / "book" / BIBTEX)
PRIVACY = Privacy(Path("/srv/ann"))
VERSIONS = {"python": "3.11.2", "numpy": "2.4.6", "scikit-learn": "1.9.1", "xgboost-cpu": "3.2.0"}
ROWS = tuple(
    DataRow(d.name, d.title, d.citation, d.doi, d.terms, d.files, (), "missing", d.studies)
    for d in CATALOGUE.values()
)


def prose() -> Prose:
    return Prose(SiteRun("dge", "default", None, None), VERSIONS, REFERENCES)


def data(dataset: str, kind: str, rows: int, *names: str, title: str = "") -> dict:
    described = [{"name": n, "address": None, "sha256": "0123456789abcdef" * 4} for n in names]
    title = title or CATALOGUE[dataset].title
    return {
        "dataset": dataset,
        "kind": kind,
        "title": title,
        "note": "",
        "rows": rows,
        "files": described,
    }


def found(*entries: dict, sentences: object = (), lock: Path | None = None, **facts) -> Methods:
    facts = {"versions": VERSIONS, "parameters": {"seed": 42}, **facts}
    run = SiteRun("dge", "default", Path(), new_record("default", data=list(entries), **facts))
    summary = Summary(run, {"methods": sentences} if sentences != () else {})
    methods = methods_of(summary, Book([run], [STUDY], ROWS), REFERENCES, lock)
    assert methods
    return methods


# Marks


@pytest.mark.parametrize(
    ("sentence", "written"),
    [
        ("Nothing is cited.", "Nothing is cited."),
        ("Genes voted [@golub1999].", "Genes voted (Golub et al. 1999)."),
        ("Genes voted[@golub1999].", "Genes voted (Golub et al. 1999)."),
        ("[@golub1999] did it.", "(Golub et al. 1999) did it."),
        ("A [@zou2005][@brier1950] b.", "A (Zou and Hastie 2005; Brier 1950) b."),
        ("A [@zou2005]\n [@zou2005] b.", "A (Zou and Hastie 2005) b."),
        ("A [@zou2005], b [@zou2005].", "A (Zou and Hastie 2005), b (Zou and Hastie 2005)."),
        ("A (that is, b [@brier1950]).", "A (that is, b [Brier 1950])."),
        ("A ([@brier1950]) b.", "A (Brier 1950) b."),
        ("A (C = 1) [@brier1950].", "A (C = 1; Brier 1950)."),
        ("By f(x) [@brier1950].", "By f(x) (Brier 1950)."),
        ("As 1 / (1 + n) [@brier1950].", "As 1 / (1 + n) (Brier 1950)."),
        ("Of Brier [@brier1950].", "Of Brier (1950)."),
        ("Brier's [@brier1950][@zou2005] b.", "Brier's (1950; Zou and Hastie 2005) b."),
        ("By [pkg:numpy].", "By NumPy 2.4.6 (Harris et al. 2020)."),
        ("By [pkg:xgboost].", "By XGBoost 3.2.0 (Chen and Guestrin 2016)."),
        ("By [pkg:numpy] or [pkg:numpy].", "By NumPy 2.4.6 (Harris et al. 2020) or NumPy."),
        (
            "[pkg:numpy] [pkg:scikit-learn]",
            "NumPy 2.4.6 (Harris et al. 2020) scikit-learn 1.9.1 (Pedregosa et al. 2011)",
        ),
        (
            "A [@brier1950][pkg:numpy] [@zou2005].",
            "A (Brier 1950) NumPy 2.4.6 (Harris et al. 2020; Zou and Hastie 2005).",
        ),
        ("A [0, 1] or [pkg] or @a.", "A [0, 1] or [pkg] or @a."),
    ],
)
def test_marks_become_citations(sentence, written):
    assert prose().sentence(sentence) == written


MARKS = st.sampled_from(["[@golub1999]", "[@zou2005]", "[pkg:numpy]", "[pkg:scikit-learn]"])
WORDS = st.text(st.characters(exclude_characters="[]()@:", categories=["L", "N", "P", "Zs"]))


@given(st.lists(st.tuples(WORDS, MARKS), max_size=6), WORDS)
def test_no_mark_and_no_word_is_lost_in_any_sentence(pieces, end):
    under_way = prose()
    written = under_way.sentence("".join(words + mark for words, mark in pieces) + end)
    assert "[" not in written
    rest = iter(written)
    for words in "".join(words for words, _ in pieces) + end:
        assert words.isspace() or words in rest  # in their order
    keys = {"[pkg:numpy]": "harris2020", "[pkg:scikit-learn]": "pedregosa2011"}
    cited = [keys.get(mark, mark[2:-1]) for _, mark in pieces]
    assert [reference.key for reference in under_way.cited] == list(dict.fromkeys(cited))
    assert all(reference.names in written for reference in under_way.cited)


@pytest.mark.parametrize(
    ("mark", "expected"),
    [
        ("[@golub1998]", "perhaps golub1999"),
        ("[@nobody]", "[@key] or [pkg:name]"),
        ("[pkg:sklearn]", "perhaps scikit-learn"),
        ("[pkg:tensorflow]", "[@key] or [pkg:name]"),  # of which the record has no version
        ("[pkg:python]", "[@key] or [pkg:name]"),
        ("[@golub1999; @zou2005]", "[@key] or [pkg:name]"),
        ("[@ golub1999]", "[@key] or [pkg:name]"),
        ("[@golub1999", "[@key] or [pkg:name]"),
        ("[pkg:]", "[@key] or [pkg:name]"),
    ],
)
def test_a_mark_that_means_nothing_is_an_error_that_names_run_and_mark(mark, expected):
    with pytest.raises(SiteError) as error:
        prose().sentence(f"Genes voted {mark}")
    assert "dge/default" in error.value.what
    assert (error.value.got, error.value.expected) == (mark, expected)


# The data


def test_real_data_are_cited_with_rows_and_how_they_were_checked():
    golub = CATALOGUE["golub"]
    methods = found(data("golub", "real", 72, *(file.name for file in golub.files)))
    assert methods.paragraphs[0] == (
        "The data set “Leukemia, ALL against AML: 72 patients on 7,129 probes” "
        "(Golub et al. 1999; 72 rows) was read from the published files "
        "data_set_ALL_AML_train.csv, data_set_ALL_AML_independent.csv and actual.csv, "
        "each verified by its checksum."
    )
    assert [(title, r.key) for title, r in methods.data] == [(golub.title, "golub1999")]


def test_nothing_is_called_verified_without_a_checksum_to_hold_it_against():
    file = CATALOGUE["tasic"].files[0]
    assert file.checksum is None
    words = found(data("tasic", "real", 1809, file.name)).paragraphs[0]
    assert "verified" not in words
    assert words.endswith(f"file {file.name}, whose SHA-256 digest is in the record of the run.")


def test_simulated_data_are_never_called_anything_else():
    methods = found(
        data("celltypes", "simulated", 48), data("dge_table", "simulated", 1), sentences=["A."]
    )
    assert methods.paragraphs[0] == (
        "No measurement stands behind the results: the data were simulated in the layout of "
        f"“{CATALOGUE['celltypes'].title}” (Bomkamp et al. 2019; 48 rows) and "
        "“Differential expression: one row per gene” (1 row)."
    )
    assert not re.search("read from|verified|published", methods.paragraphs[0])


def test_data_of_ones_own_are_named_by_their_files_and_cite_nobody():
    methods = found(data("golub", "yours", 1200, "expression.csv", "labels.csv"))
    assert methods.paragraphs[0] == (
        "Our own data were read from the files expression.csv (SHA-256 0123456789ab…) and "
        "labels.csv (SHA-256 0123456789ab…): 1,200 rows."
    )
    assert methods.data == ()
    assert "golub1999" not in {reference.key for reference in methods.references}


@pytest.mark.parametrize(
    ("kind", "made"),
    [
        ("simulated", "simulated data"),
        ("yours", "our own data"),
        ("real", "published measurements"),
    ],
)
def test_results_of_another_run_say_what_that_was_made_from(kind, made):
    entry = data("models", kind, 2000, "genes.parquet", title="The models of ephys_lasso/default")
    assert found(entry).paragraphs[0] == (
        f"Another run of this report, made from {made}, supplied "
        "“The models of ephys_lasso/default” (2,000 rows; genes.parquet, SHA-256 0123456789ab…)."
    )


def test_a_mark_in_the_name_of_a_file_is_a_name():
    name = "[@golub1999] [pkg:numpy] [@nobody]\nx.csv"
    methods = found(data("dge_table", "yours", 5, name))
    assert "[@golub1999] [pkg:numpy] [@nobody]\\nx.csv" in methods.paragraphs[0]
    assert {"golub1999"}.isdisjoint(reference.key for reference in methods.references)


# The software


def test_the_software_is_named_with_its_versions_and_the_run_with_its_key():
    versions = {**VERSIONS, "platform": "Linux x86_64", "papermill": "2.7.0", "plotly": "7.1.0"}
    versions |= {"pandas": "3.1.1", "analysis-lib": "0.1.0"}
    assert found(data("dge_table", "simulated", 200), versions=versions).paragraphs[-1] == (
        "The analysis was run as a parameterised notebook (Kluyver et al. 2016) with papermill "
        "2.7.0 (nteract contributors) under Python 3.11.2 (Linux x86_64). Tables and arrays were "
        "handled with NumPy 2.4.6 (Harris et al. 2020) and pandas 3.1.1 (McKinney 2010). Figures "
        "were drawn with Plotly 7.1.0 (Plotly Technologies Inc. 2015). The code was analysis-lib "
        "0.1.0 at commit 0123456789 with uncommitted changes. The run is dge/default; its key "
        "begins with 000000000000."
    )


def test_what_is_not_known_of_the_software_is_left_out():
    words = found(versions={"python": "3.12.1"}, git=None).text
    assert words == (
        "The analysis was run as a parameterised notebook (Kluyver et al. 2016) under Python "
        "3.12.1. The code was analysis-lib. The run is dge/default; its key begins with "
        "000000000000."
    )


def test_locked_packages_are_counted_when_the_run_was_made_with_this_lock_file(tmp_path):
    lock = tmp_path / "requirements.lock"
    lock.write_text("a==1 ; x == 'y' \\\n    --hash=sha256:0\n    # via b==2\nb.c-d==2\n# e==3\n")
    same = {"packages": files.sha256(lock)}
    assert "a lock file fixed the versions of 2 packages." in found(lock=lock, parts=same).text
    assert "lock file" not in found(lock=lock, parts={"packages": "0"}).text
    assert "lock file" not in found(lock=tmp_path / "none", parts=same).text
    assert locked_packages(new_record("x", parts=same), None) is None


# The whole


def test_the_studys_sentences_stand_between_data_and_software_and_cite_in_order():
    sentences = ["Lasso [@tibshirani1996] of [pkg:numpy].", "Then votes [@golub1999]."]
    methods = found(data("golub", "simulated", 72), sentences=sentences)
    assert methods.paragraphs[1] == (
        "Lasso (Tibshirani 1996) of NumPy 2.4.6 (Harris et al. 2020). "
        "Then votes (Golub et al. 1999)."
    )
    assert "handled with NumPy." in methods.paragraphs[2]
    assert [reference.key for reference in methods.references] == [
        "golub1999",
        "tibshirani1996",
        "harris2020",
        "kluyver2016",
    ]
    assert methods.text.split("\n\n") == list(methods.paragraphs)


@pytest.mark.parametrize("stored", ["one sentence", [1], {"a": "b"}, None])
def test_methods_that_are_no_sentences_are_an_error_that_names_the_run(stored):
    with pytest.raises(SiteError, match="dge/default"):
        found(sentences=stored)


def test_a_run_without_results_has_no_methods():
    run = SiteRun("dge", "broken", None, None, new_record("broken"))
    assert methods_of(Summary(run), Book([run], [STUDY], ROWS), REFERENCES) is None


def test_every_package_of_the_report_can_be_named():
    versions = dict.fromkeys(PACKAGES, "1.0") | {"python": "3.11.2"}
    under_way = Prose(SiteRun("dge", "default", None, None), versions, REFERENCES)
    for name, (title, _) in PACKAGES.items():
        assert under_way.sentence(f"[pkg:{name}]").startswith(f"{title} 1.0 (")


# The page


def section_of(methods: Methods) -> str:
    return section(SiteRun("dge", "default", Path(), None), methods, PRIVACY)


def test_the_section_is_closed_and_holds_text_to_copy_references_and_their_file():
    words = section_of(found(data("golub", "simulated", 72), sentences=["A [@brier1950]."]))
    assert words.startswith("\n\n## Methods\n\n\n:::{dropdown} Methods to paste&#44; with 4 ref")
    assert ":open:" not in words
    assert words.count('<div class="highlight"><pre>') == 1
    assert words.count("A (Brier 1950).&#10;&#10;The analysis") == 1
    assert words.count("<li>") == 4
    assert 'href="https://doi.org/10.1126/science.286.5439.531"' in words
    assert 'href="../../files/dge/default/references.bib"' in words


def test_hostile_names_stand_there_as_they_are_written_and_in_one_line():
    entry = data("dge_table", "yours", 5, HOSTILE)
    words = section_of(found(entry, sentences=[f"A {HOSTILE}"]))
    assert "<img" not in words
    assert "</script>" not in words
    (line,) = [line for line in words.splitlines() if "<pre>" in line]
    assert line.startswith("<div>")
    assert line.endswith("</div>")
    assert line.count("&lt;img src=x onerror=alert(1)&gt;") == 2


def test_no_folder_of_this_machine_is_published():
    words = section_of(found(sentences=["Read from /srv/ann/data/genes.csv."]))
    assert "/srv/ann" not in words
    assert "Read from data/genes.csv." in words


def test_a_page_has_its_methods_before_provenance_and_offers_both_files(project):
    metrics = {**METRICS, "methods": ["Genes voted [@golub1999]."]}
    run = new_run(project, metrics=metrics)
    summary, book = Summary.of(run), Book([run], [STUDY], ROWS, "The authors, 2026.")
    methods = methods_of(summary, book, REFERENCES)
    page = page_notebook(run, book, summary, PRIVACY, methods)
    words = nbformat.reads(page, as_version=4).cells[-1].source
    order = ["## Methods", "Genes voted (Golub et al. 1999).", "## Provenance", "## How to cite"]
    assert sorted(order, key=words.index) == order
    for name in ("run-again.zip", "references.bib"):
        assert f'<a href="../../files/dge/default/{name}" download="{name}">' in words


def test_how_to_cite_has_the_report_and_the_data_with_links(project):
    run = new_run(project, data=[data("golub", "real", 72, "actual.csv")])
    summary, book = Summary.of(run), Book([run], [STUDY], ROWS, "The authors, 2026.")
    page = page_notebook(run, book, summary, PRIVACY, methods_of(summary, book, REFERENCES))
    words = nbformat.reads(page, as_version=4).cells[-1].source.partition("## How to cite")[2]
    assert "<li>The report: The authors, 2026.</li>" in words
    assert f"<li>{CATALOGUE['golub'].title}: Golub TR, Slonim DK, Tamayo P, et al. (1999)." in words
    assert 'href="https://doi.org/10.1126/science.286.5439.531"' in words
    assert "modelled" not in words


# The files


def test_every_run_has_its_bibtex_and_the_book_has_that_of_all(tmp_path):
    run = SiteRun("dge", "default", Path(), new_record("default"))
    other, broken = replace(run, name="other"), SiteRun("dge", "broken", None, None)
    book = Book([run, other, broken], [STUDY], ROWS)
    methods = {
        run.id: found(data("golub", "simulated", 72)),
        other.id: found(sentences=["A [@brier1950]."]),
        broken.id: None,
    }
    publish(book, tmp_path, REFERENCES, methods)
    own, others, whole = (
        load_references(tmp_path / "files" / name / BIBTEX).entries
        for name in ("dge/default", "dge/other", "")
    )
    assert set(own) == {reference.key for reference in methods[run.id].references}
    assert "brier1950" in others
    assert {*own, *others, "soilandreyes2022"} <= set(whole)
    assert not (tmp_path / "files" / "dge" / "broken").exists()
    before = (tmp_path / "files" / BIBTEX).read_bytes()
    publish(replace(book, runs=book.runs[::-1]), tmp_path, REFERENCES, methods)
    assert (tmp_path / "files" / BIBTEX).read_bytes() == before


def test_sentences_come_from_the_runs_metrics(project):
    run = new_run(project, metrics={**METRICS, "methods": ["Genes voted."]})
    assert json.loads((run.folder / "metrics.json").read_text())["methods"] == ["Genes voted."]
    methods = methods_of(Summary.of(run), Book([run], [STUDY], ROWS), REFERENCES)
    assert methods.paragraphs[1] == "Genes voted."

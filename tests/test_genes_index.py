"""The gene index: what every run knows of a gene is found under its name, whole or not at all."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis_lib import results
from analysis_lib.errors import SiteError, visible
from analysis_lib.figures import embed, show_lookup
from analysis_lib.figures.lookup import script_content
from analysis_lib.site import Book, SiteRun, StudyPage, genes
from analysis_lib.site.check import find_faults
from analysis_lib.site.privacy import Privacy
from tests.lookup_tables import HOSTILE, lookup_tables

STUDIES = [StudyPage("dge", "Differential expression", ""), StudyPage("ephys", "Neurons", "")]
LABELS = {"lfc": "log2 fold change", "p": "adjusted p"}
# Letters whose other case is longer, another letter, or that have none; and what acts.
NAMES = st.text(
    st.sampled_from("aAbBßẞSsİiıIſςσΣŉǰﬃμµ1-. \u00a0\u202e\"'%#/&<\\🧬é\u0301\n"),
    min_size=1,
    max_size=5,
).filter(str.strip)


def new_run(folder: Path, run_id: str, names: Sequence[str], **columns: Any) -> SiteRun:
    """Leave what a run knows of some genes, as a notebook of it does."""
    study, name = run_id.split("/")
    run = SiteRun(study, name, folder / "runs" / run_id, None)
    run.folder.mkdir(parents=True)
    count = len(names)
    table = {
        "gene": pd.Series(list(names), dtype=object),
        "also": [""] * count,
        "role": ["up"] * count,
        "chosen": np.arange(count) % 2 == 0,
        "lfc": np.arange(count) / 8,
        "p": [0.01] * count,
    }
    words = columns.pop("words", f"p < 0.05 in {run_id}.")
    labels = columns.pop("labels", LABELS)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(results.FOLDER_VARIABLE, str(run.folder))
        results.save_genes(pd.DataFrame({**table, **columns}), words=words, labels=labels)
    return run


def keep_lookup(run: SiteRun, names: Sequence[str]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(results.FOLDER_VARIABLE, str(run.folder))
        patch.setattr(embed, "emit", lambda bundle: None)
        show_lookup(**lookup_tables(names))


def site_of(folder: Path, *runs: SiteRun) -> Path:
    """Publish the index of some runs, and an empty page for each of them."""
    html = folder / "html"
    genes.publish(Book(runs, STUDIES), html)
    for run in runs:
        for page in (run.page, f"genes/{run.id}"):
            (html / page).parent.mkdir(parents=True, exist_ok=True)
            (html / f"{page}.html").touch()
    return html


def content(html: Path, name: str) -> Any:
    return script_content((html / genes.FOLDER / f"{name}.js").read_text(encoding="utf-8"))


def facts_of(html: Path) -> dict[str, list[Any]]:
    """Return the name of every gene of a published index with its facts, read from the shards."""
    index = content(html, "index")
    names = index["genes"].split("\n")
    found: list[tuple[str, Any]] = []
    for number, start in enumerate(index["starts"][:-1]):
        shard = content(html, f"shard_{number:03}")
        assert start == len(found)
        found += zip(shard["genes"], shard["facts"], strict=True)
    assert [name for name, _ in found] == names
    assert index["starts"][-1] == len(names) == len(index["also"].split("\n"))
    return dict(found)


def called(fact: Sequence[Any], gene: str, runs: Sequence[Mapping[str, Any]]) -> str:
    """Return the name that the run of a fact has for the gene."""
    width = 3 + len(runs[fact[0]]["labels"])
    return fact[width] if len(fact) > width else gene


@given(st.lists(st.lists(NAMES, unique=True, min_size=1, max_size=12), min_size=1, max_size=4))
def test_every_gene_of_every_run_is_found_once_with_its_facts(tmp_path_factory, of_runs):
    folder = tmp_path_factory.mktemp("site")
    runs = [
        new_run(folder, f"{STUDIES[i % 2].name}/run{i}", names) for i, names in enumerate(of_runs)
    ]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(genes, "SHARD_BYTES", 150)
        html = site_of(folder, *runs)
    index, found = content(html, "index"), facts_of(html)
    ids = [run["page"].removeprefix("studies/").removesuffix(".html") for run in index["runs"]]
    told = sorted(
        (ids[fact[0]], called(fact, gene, index["runs"]), *fact[1:5])
        for gene, facts in found.items()
        for fact in facts
    )
    expected = sorted(
        (run.id, visible(name).strip(), int(at % 2 == 0), "up", results.short(at / 8), 0.01)
        for run, names in zip(runs, of_runs, strict=True)
        for at, name in enumerate(names)
    )
    assert told == expected
    for gene, facts in found.items():
        spelled = {called(fact, gene, index["runs"]) for fact in facts}
        assert {name.casefold() for name in spelled} == {gene.casefold()}
        at = index["genes"].split("\n").index(gene)
        assert {gene, *index["spellings"].get(str(at), [])} == spelled
    folded = [gene.casefold() for gene in found]
    assert folded == sorted(set(folded))
    names, faults = genes.published(html, genes.FOLDER)
    assert faults == []
    assert {visible(name).strip() for each in of_runs for name in each} <= set(names)
    assert len(names) == len(set(names))
    for path in (html / genes.FOLDER).glob("shard_*.js"):
        one = len(content(html, path.stem)["genes"]) == 1
        assert one or path.stat().st_size < 150 + 80  # and the words around the genes


def test_names_are_joined_by_spelling_and_each_run_keeps_its_own(tmp_path):
    human = new_run(tmp_path, "dge/default", ["PVALB", "GAD1"])
    mouse = new_run(tmp_path, "ephys/default", ["Pvalb", "Sst"])
    html = site_of(tmp_path, human, mouse)
    found, index = facts_of(html), content(html, "index")
    assert list(found) == ["GAD1", "PVALB", "Sst"]
    assert [(fact[0], *fact[5:]) for fact in found["PVALB"]] == [(0,), (1, "Pvalb")]
    assert index["spellings"] == {"1": ["Pvalb"]}


def test_two_genes_of_a_run_that_differ_in_case_are_shown_together(tmp_path):
    html = site_of(tmp_path, new_run(tmp_path, "dge/default", ["Abc", "ABC"]))
    assert [fact[5:] for fact in facts_of(html)["Abc"]] == [[], ["ABC"]]


def test_other_names_are_joined_and_told_once(tmp_path):
    one = new_run(tmp_path, "dge/default", ["X95735_at", "Sst"], also=["Zyxin", "sst"])
    two = new_run(tmp_path, "dge/strict", ["X95735_at", "Sst"], also=["Zyxin", "20604"])
    html = site_of(tmp_path, one, two)
    assert content(html, "index")["also"].split("\n") == ["20604", "Zyxin"]
    assert {"Zyxin", "20604", "Sst"} <= set(genes.published(html, genes.FOLDER)[0])


def test_the_table_of_runs_says_what_the_page_needs(tmp_path):
    run = new_run(
        tmp_path,
        "ephys/wide",
        ["Pvalb", "Sst"],
        words="<b> & $x$",
        count=[3, 40_000],
        labels={"count": "features\nkept", "p": "q"},
    )
    keep_lookup(run, ["Pvalb"])
    html = site_of(tmp_path, run)
    assert content(html, "index")["runs"] == [
        {
            "study": "Neurons",
            "name": "wide",
            "page": "studies/ephys/wide.html",
            "lookup": "genes/ephys/wide.html",
            "stamps": [["up to date", "ok"]],
            "words": "<b> & $x$",
            "labels": ["features\\nkept", "q"],
            "kinds": ["integer", "number"],
        }
    ]
    both = genes.CHOSEN + genes.LOOKED_UP
    assert facts_of(html) == {
        "Pvalb": [[0, both, "up", 3, 0.01]],
        "Sst": [[0, 0, "up", 40_000, 0.01]],
    }


def test_examples_are_those_of_the_lookups_then_what_many_runs_single_out(tmp_path):
    one = new_run(tmp_path, "dge/default", ["A", "B", "C"], chosen=[True, True, False])
    two = new_run(tmp_path, "dge/strict", ["A", "B", "C"], chosen=[False, True, False])
    mouse = new_run(tmp_path, "ephys/default", ["Sst", "Pvalb", "C"], chosen=[False, False, True])
    keep_lookup(mouse, ["Pvalb", "Never"])  # the run does not tell of the second
    html = site_of(tmp_path, one, two, mouse)
    assert content(html, "index")["examples"] == ["Pvalb", "B", "C"]


def test_the_page_names_every_run_with_its_genes(tmp_path):
    runs = [
        new_run(tmp_path, "ephys/default", ["Pvalb", "Sst", *HOSTILE]),
        new_run(tmp_path, "dge/default", ["PVALB"], words=HOSTILE[0]),
        SiteRun("dge", "none", None, None),
    ]
    part = genes.index_part(Book(runs, STUDIES))
    count = 2 + len(HOSTILE)
    assert f"{count} genes and probes of 2 runs can be found here." in part
    assert "needs JavaScript" in part
    places = [part.index(f'href="studies/{run.id}.html"') for run in runs[:2]]
    assert places == sorted(places, reverse=True), "in the order of the studies"
    assert "studies/dge/none" not in part
    assert part.count('class="stamp stamp-ok"') == 2
    assert f"<div>{count}</div>" in part
    assert not re.search(r"<(img|script|b)\b", part)


def test_examples_on_the_page_lead_to_places_that_are_there(tmp_path):
    run = new_run(tmp_path, "dge/default", list(HOSTILE), chosen=[True] * len(HOSTILE))
    part = genes.index_part(Book([run], STUDIES))
    links = re.findall(r'href="genes\.html#gene=([^"]*)"', part)
    assert links
    assert {unquote(link) for link in links} <= set(
        genes.published(site_of(tmp_path, run), genes.FOLDER)[0]
    )


@given(NAMES)
def test_the_address_of_a_gene_is_one_its_page_knows(name):
    start, _, place = genes.address(name, "../../").partition("#gene=")
    assert start == "../../genes.html"
    assert re.fullmatch(r"[\w.~%-]+", place, re.ASCII)
    assert unquote(place) == visible(name).strip()


def test_without_genes_there_is_no_index(tmp_path):
    book = Book([SiteRun("dge", "default", tmp_path, None)], STUDIES)
    assert genes.shown(book) == ()
    assert "No run of this report" in genes.index_part(book)
    genes.publish(book, tmp_path / "html")
    assert not (tmp_path / "html").exists()


def test_the_same_runs_give_the_same_bytes(tmp_path):
    def made(folder: Path) -> tuple[str, dict[str, bytes]]:
        runs = [
            new_run(folder, "dge/default", [f"G{i}" for i in range(3000)]),
            new_run(folder, "ephys/default", [f"g{i}" for i in range(1000)]),
        ]
        html = site_of(folder, *runs)
        scripts = {p.name: p.read_bytes() for p in (html / genes.FOLDER).iterdir()}
        return genes.index_part(Book(runs, STUDIES)), scripts

    first, second = made(tmp_path / "one"), made(tmp_path / "two")
    assert len(first[1]) > 2
    assert first == second


def test_genes_of_a_run_outside_the_report_are_left_out(tmp_path):
    known = new_run(tmp_path, "dge/default", ["Sst"])
    html = site_of(tmp_path, known, new_run(tmp_path, "other/default", ["Vip"]))
    assert list(facts_of(html)) == ["Sst"]


# What is damaged


@pytest.mark.parametrize("damage", ["{", '{"gene": ["Sst"]}', "null"])
def test_a_damaged_file_of_genes_names_its_run(tmp_path, damage):
    run = new_run(tmp_path, "dge/default", ["Sst"])
    (run.folder / "genes.json").write_text(damage)
    with pytest.raises(SiteError, match="dge/default") as caught:
        genes.index_part(Book([run], STUDIES))
    assert str(tmp_path) not in str(caught.value)
    assert "make run STUDY=dge NAME=default" in str(caught.value)


def test_a_damaged_lookup_names_its_run(tmp_path):
    run = new_run(tmp_path, "ephys/default", ["Sst"])
    keep_lookup(run, ["Sst"])
    (run.folder / "lookup" / "index.json").write_text("[]")
    with pytest.raises(SiteError, match="ephys/default"):
        genes.publish(Book([run], STUDIES), tmp_path / "html")


@pytest.fixture
def html(tmp_path, monkeypatch) -> Path:
    monkeypatch.setattr(genes, "SHARD_BYTES", 100)
    run = new_run(tmp_path, "dge/default", [f"G{i}" for i in range(9)])
    html = site_of(tmp_path, run)
    assert genes.published(html, genes.FOLDER)[1] == []
    return html


def test_the_sites_check_knows_every_gene_as_a_place(html):
    def faults(link: str) -> list[str]:
        page = f'<h1>Genes</h1><a href="{link}">a gene</a><div data-gene-index="files/genes"></div>'
        (html / "genes.html").write_text(f"<article>{page}</article>")
        found = find_faults(html, {"genes": (genes.SHOWN,)}, Privacy(html))
        return [fault for fault in found if fault.startswith("genes ")]

    assert faults(genes.address("G3")) == []
    (fault,) = faults(genes.address("nobody"))
    assert fault == "genes links to a place that is not there: genes.html#gene=nobody"
    (html / genes.FOLDER / "shard_000.js").unlink()
    (fault,) = faults(genes.address("G3"))
    assert "genes has no facts of" in fault


def test_a_missing_index_is_a_fault(html):
    (html / genes.FOLDER / "index.js").unlink()
    names, faults = genes.published(html, genes.FOLDER)
    assert names == []
    assert "has no index of genes: FileNotFoundError" in faults[0]
    assert str(html) not in faults[0]


def test_a_missing_shard_a_strange_file_and_a_missing_page_are_faults(html):
    (html / genes.FOLDER / "shard_001.js").unlink()
    (html / genes.FOLDER / "shard_900.js").touch()
    (html / "studies/dge/default.html").unlink()
    page, shard, strange = genes.published(html, genes.FOLDER)[1]
    assert "page is not there: studies/dge/default.html" in page
    assert "shard_001.js: FileNotFoundError" in shard
    assert strange.endswith("does not know: shard_900")


def test_a_shard_in_the_place_of_another_is_a_fault(html):
    folder = html / genes.FOLDER
    (folder / "shard_000.js").write_bytes((folder / "shard_001.js").read_bytes())
    (fault,) = genes.published(html, genes.FOLDER)[1]
    assert "shard_000.js: ValueError: it is about other genes" in fault


@pytest.mark.parametrize("fact", [[0, 1, "up", 0.1], [7, 1, "up", 0.1, 0.2], ["0"], [], None, 1])
def test_a_fact_that_is_not_whole_is_a_fault(html, fact):
    path = html / genes.FOLDER / "shard_000.js"
    start, _, rest = path.read_text().partition(", ")
    shard = json.loads(rest.removesuffix(");\n"))
    shard["facts"][0][0] = fact
    path.write_text(f"{start}, {json.dumps(shard)});\n")
    (fault,) = genes.published(html, genes.FOLDER)[1]
    assert "shard_000.js" in fault


@pytest.mark.parametrize(
    "part",
    [{"genes": None}, {"starts": []}, {"starts": [0]}, {"also": ""}, {"runs": 1}, {"runs": [{}]}],
    ids=str,
)
def test_an_index_that_is_not_whole_is_a_fault(html, part):
    path = html / genes.FOLDER / "index.js"
    start, _, rest = path.read_text().partition(", ")
    index = {**json.loads(rest.removesuffix(");\n")), **part}
    path.write_text(f"{start}, {json.dumps(index)});\n")
    assert genes.published(html, genes.FOLDER)[1]

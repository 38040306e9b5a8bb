"""Every gene of a run is kept, found again on its page, and published whole or not at all."""

from __future__ import annotations

import json
import math
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nbformat.v4 import new_output

from analysis_lib import results
from analysis_lib.errors import DataError, SiteError, visible
from analysis_lib.figures import embed, lookup, show_lookup
from analysis_lib.figures.lookup import LOOKUP_MIME, Index
from analysis_lib.runs.record import inventory
from analysis_lib.site import Book, SiteRun, StudyPage
from analysis_lib.site import lookup as pages
from analysis_lib.site.check import find_faults, read_page
from analysis_lib.site.contents import contents
from analysis_lib.site.outputs import Outputs
from analysis_lib.site.privacy import Privacy
from tests.lookup_tables import HOSTILE, lookup_tables

SYMBOLS = ["Sst", "Pvalb", "gad1", "Aars", *HOSTILE]
STUDY = StudyPage("ephys", "Ephys", "Which genes?")


@pytest.fixture
def shown(monkeypatch):
    bundles = []
    monkeypatch.setattr(embed, "emit", bundles.append)
    return bundles


@pytest.fixture
def folder(tmp_path, monkeypatch, shown):
    """The folder of a run."""
    monkeypatch.setenv(results.FOLDER_VARIABLE, str(tmp_path / "run"))
    monkeypatch.setattr(lookup, "GENES_PER_SHARD", 5)
    return tmp_path / "run"


@pytest.fixture
def run(folder) -> SiteRun:
    show_lookup(**lookup_tables(SYMBOLS))
    return SiteRun("ephys", "default", folder, None)


def stored(folder: Path, name: str = "index"):
    return json.loads((folder / "lookup" / f"{name}.json").read_text(encoding="utf-8"))


def changed(run: SiteRun, name: str, change) -> None:
    path = run.folder / "lookup" / f"{name}.json"
    document = stored(run.folder, name)
    change(document)
    path.write_text(json.dumps(document), encoding="utf-8")


# What is kept


def test_every_gene_is_in_one_shard_with_its_own_numbers(run):
    given = lookup_tables(SYMBOLS)
    index = Index.of(stored(run.folder))
    assert index.genes == sorted(map(visible, SYMBOLS), key=lambda s: (s.casefold(), s))
    by_name = {visible(symbol): symbol for symbol in SYMBOLS}
    seen = []
    for name, genes in index.shards():
        shard = stored(run.folder, name)
        index.check(shard, genes)
        for at, gene in enumerate(genes):
            symbol = by_name[gene]
            row = given["genes"].set_index("gene").loc[symbol]
            seen.append(gene)
            assert shard["facts"][at][2] == row["kept"]
            for numbers, exact in (
                (shard["facts"][at][:2], row[["r2", "q"]]),
                (shard["coefficients"][at], given["coefficients"].loc[symbol]),
                (shard["observed"][at], given["observed"][symbol]),
                (shard["predicted"][at], given["predicted"][symbol]),
            ):
                np.testing.assert_allclose(numbers, exact.astype(float), rtol=5.1e-4)
    assert seen == index.genes
    ids = dict(zip(given["genes"]["gene"].map(visible), given["genes"]["id"], strict=True))
    assert [ids[gene] for gene in index.genes] == index.ids


def test_the_index_says_what_the_page_must_know(run):
    index = Index.of(stored(run.folder))
    assert index.columns == ["R² (held out)", "FDR q", "Features kept"]
    assert index.kinds == ["number", "number", "integer"]
    assert index.features == ["rmp", "tau", "f_i_curve_slope"]
    assert index.groups == ["inh", "exc", "exc"] * 2
    assert (index.units, index.sample) == ("log2(CPM + 1)", "cell type")
    assert index.examples == ["Sst", "Pvalb"]


def test_rows_and_columns_may_come_in_any_order(folder, shown):
    given = lookup_tables(SYMBOLS)
    rng = np.random.default_rng(1)
    mixed = {
        **given,
        "genes": given["genes"].iloc[rng.permutation(len(SYMBOLS))],
        "coefficients": given["coefficients"].iloc[rng.permutation(len(SYMBOLS))],
        "predicted": given["predicted"].iloc[::-1, rng.permutation(len(SYMBOLS))],
        "groups": given["groups"].iloc[::-1],
    }
    show_lookup(**given)
    before = {p.name: p.read_bytes() for p in (folder / "lookup").iterdir()}
    for path in (folder / "lookup").iterdir():
        path.unlink()
    show_lookup(**mixed)
    assert before == {p.name: p.read_bytes() for p in (folder / "lookup").iterdir()}


def test_what_is_missing_is_null_and_counts_stay_exact(folder, shown):
    given = lookup_tables(["a", "b"])
    given["genes"]["r2"] = [np.nan, np.inf]
    given["genes"]["kept"] = pd.array([123_456, None], dtype="Int64")
    given["predicted"].iloc[0, 0] = np.nan
    show_lookup(**given)
    shard = stored(folder, "shard_000")
    assert [row[0] for row in shard["facts"]] == [None, None]
    assert [row[2] for row in shard["facts"]] == [123_456, None]
    assert shard["predicted"][0][0] is None


@given(st.floats())
def test_a_short_number_is_the_number(value):
    short = results.short(value)
    if not math.isfinite(value) or abs(value) > 1.797e308:
        assert short is None
        return
    assert math.isclose(short, value, rel_tol=5.1e-4, abs_tol=5e-324)
    digits = json.dumps(short).partition("e")[0].replace(".", "").strip("-0")
    assert len(digits) <= results.DIGITS


def test_a_notebook_has_words_and_the_page_the_rest(run, shown):
    (bundle,) = shown
    assert bundle[LOOKUP_MIME] == {"genes": len(SYMBOLS)}
    assert f"{len(SYMBOLS)} genes can be looked up" in bundle["text/plain"]
    files = inventory(run.folder)
    assert {f"lookup/shard_{i:03}.json" for i in range(3)} | {"lookup/index.json"} == set(files)


def test_without_a_run_the_first_genes_are_shown_and_nothing_is_stored(
    tmp_path, monkeypatch, shown
):
    monkeypatch.delenv(results.FOLDER_VARIABLE, raising=False)
    monkeypatch.chdir(tmp_path)
    show_lookup(**lookup_tables(SYMBOLS))
    (bundle,) = shown
    assert "R² (held out)" in bundle["text/html"]
    assert bundle["text/html"].count("<tr>") == 1 + 5
    assert "<img" not in bundle["text/html"]
    assert LOOKUP_MIME not in bundle
    assert not list(tmp_path.iterdir())


def test_a_run_has_one_lookup(run):
    with pytest.raises(ValueError, match="shown before"):
        show_lookup(**lookup_tables(SYMBOLS))


def test_12205_genes_take_less_than_12_megabytes(folder, shown, monkeypatch):
    monkeypatch.setattr(lookup, "GENES_PER_SHARD", 120)
    given = lookup_tables([f"Abcde{i}" for i in range(240)], types=48)
    fifteen = given["coefficients"].iloc[:, [0, 1, 2] * 5]
    given["coefficients"] = fifteen.set_axis([f"feature {i}" for i in range(15)], axis=1)
    show_lookup(**given)
    run = SiteRun("ephys", "default", folder, None)
    pages.publish_lookup(run, folder / "site")
    size = sum(path.stat().st_size for path in (folder / "site/lookup").iterdir())
    assert 12_205 / 240 * size < 12_000_000


def test_a_table_without_genes_is_kept_as_it_is(folder, shown):
    show_lookup(**lookup_tables([]))
    assert [path.name for path in (folder / "lookup").iterdir()] == ["index.json"]


TWICE = lookup_tables(["a", "b"])
FAULTS = {
    "a symbol twice": (
        {"genes": TWICE["genes"].assign(gene="a")},
        "symbols of the genes must be unique",
    ),
    "twice as shown": (
        {"genes": TWICE["genes"].assign(gene=["\n", "\\n"])},
        "symbols of the genes must be unique",
    ),
    "but for blanks": (
        {"genes": TWICE["genes"].assign(gene=["a", "a\u00a0"])},
        "symbols of the genes must be unique",
    ),
    "no symbol": ({"genes": TWICE["genes"].assign(gene=["a", None])}, "must all be known"),
    "a blank symbol": ({"genes": TWICE["genes"].assign(gene=["a", " "])}, "needs a symbol"),
    "an id twice": ({"genes": TWICE["genes"].assign(id="1")}, "ids of the genes must be unique"),
    "no such column": ({"columns": {"p": "P"}}, "lacks columns"),
    "a column of text": ({"columns": {"id": "Id"}}, "no numbers"),
    "other genes": ({"observed": TWICE["observed"].rename(columns={"a": "z"})}, "observed is not"),
    "fewer genes": ({"coefficients": TWICE["coefficients"].head(1)}, "coefficients is not"),
    "other samples": ({"predicted": TWICE["predicted"].head(5)}, "predicted is not"),
    "a sample twice": ({"groups": pd.concat([TWICE["groups"]] * 2)}, "groups must be unique"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_tables_that_do_not_belong_together_are_an_error_and_nothing_is_kept(folder, shown, fault):
    change, message = FAULTS[fault]
    with pytest.raises(DataError, match=message):
        show_lookup(**{**TWICE, **change})
    assert not folder.exists()
    assert not shown


names = st.text(min_size=1, max_size=12).filter(lambda text: visible(text).strip())


@settings(max_examples=40)
@given(st.lists(names, min_size=1, max_size=8, unique_by=visible))
def test_whatever_genes_are_called_only_json_ends_in_a_script(symbols):
    given = lookup_tables(symbols)
    index = Index(
        **{name: [] for name in ("columns", "kinds", "features", "samples", "groups")},
        **dict.fromkeys(("caption", "units", "coefficient_units", "sample"), ""),
        genes=[visible(symbol) for symbol in symbols],
        ids=list(given["genes"]["id"]),
        examples=[],
        genes_per_shard=3,
    )
    script = lookup.lookup_script("ephys/default", "index", json.dumps(asdict(index)))
    assert not set("<\u2028\u2029\n") & set(script[:-1])
    assert Index.of(lookup.script_content(script)) == index


# What the site makes of it


def test_the_page_stands_below_its_run_in_the_contents(run, tmp_path):
    other = SiteRun("ephys", "strict", tmp_path / "other", None)
    toc = json.loads(contents(Book([run, other], [STUDY]), ["index"]))
    (chapter,) = toc["parts"][0]["chapters"]
    assert chapter["file"] == "studies/ephys/default"
    first, second = chapter["sections"]
    assert first == {"file": "genes/ephys/default", "title": "Gene lookup"}
    assert second == {"file": "studies/ephys/strict", "title": "strict"}


def test_a_run_without_a_lookup_has_no_page(tmp_path):
    run = SiteRun("ephys", "default", tmp_path, None)
    assert not pages.kept(run)
    assert not pages.kept(SiteRun("ephys", "broken", None, None))
    assert "genes/" not in contents(Book([run], [STUDY]), ["index"])


def test_the_card_leads_to_the_page_and_nothing_in_it_acts(folder, shown):
    show_lookup(**{**lookup_tables(SYMBOLS), "examples": SYMBOLS, "caption": HOSTILE[0]})
    run = SiteRun("ephys", "default", folder, None)
    output = new_output("display_data", {LOOKUP_MIME: {"genes": 1}, "text/plain": "words"})
    html = Outputs(run, Privacy(Path("/srv"))).shown(output, 1).data["text/html"]
    assert 'id="lookup-card"' in html
    assert 'href="../../genes/ephys/default.html#gene=Pvalb"' in html
    assert 'href="../../genes/ephys/default.html#gene=50%25%20%26%20a%3Db%23c%3Fd%2Be"' in html
    for part in ("\n", "<img", "<script", "\u202e"):
        assert part not in html


def test_an_output_without_its_lookup_is_an_error(tmp_path):
    run = SiteRun("ephys", "default", tmp_path, None)
    output = new_output("display_data", {LOOKUP_MIME: {"genes": 1}, "text/plain": "words"})
    with pytest.raises(SiteError, match="ephys/default cannot be shown"):
        Outputs(run, Privacy(Path("/srv"))).shown(output, 1)


def test_the_page_names_the_run_its_data_and_its_scripts(run):
    text = pages.page(run, Book([run], [STUDY]), "\n\n:::{admonition} Simulated data\n:::\n\n")
    assert text.startswith("# Gene lookup&#58; Ephys\n")
    assert "{admonition} Simulated data" in text
    assert 'href="../../studies/ephys/default.html"' in text
    assert 'data-lookup="../../files/ephys/default/lookup"' in text


@pytest.mark.parametrize(
    ("name", "change", "got"),
    [
        ("index", lambda d: d.pop("units"), "units"),
        ("index", lambda d: d.update(extra=1), "extra"),
        ("index", lambda d: d["ids"].pop(), "not as many ids as genes"),
        ("index", lambda d: d["genes"].append(1), "genes is not what it should be"),
        ("index", lambda d: d.update(genes_per_shard=0), "genes_per_shard"),
        ("index", lambda d: d["examples"].append("Xyz"), "example"),
        ("shard_001", lambda d: d["genes"].reverse(), "other genes"),
        ("shard_001", lambda d: d["observed"][0].pop(), "observed are not complete"),
        ("shard_001", lambda d: d["facts"].pop(), "facts are not complete"),
        ("shard_001", lambda d: d["facts"][0].__setitem__(0, "<b>"), "facts are not complete"),
        ("shard_001", lambda d: d["facts"][0].__setitem__(0, math.nan), "not JSON compliant"),
        ("shard_001", lambda d: d.update(coefficients=None), "coefficients are not complete"),
        ("shard_001", lambda d: d.update(more=1), "no shard of genes"),
    ],
)
def test_a_lookup_that_is_not_whole_is_not_published(run, tmp_path, name, change, got):
    changed(run, name, change)
    with pytest.raises(SiteError) as error:
        pages.publish_lookup(run, tmp_path / "site")
    assert error.value.where == f"ephys/default/lookup/{name}.json"
    assert got in error.value.got


@pytest.mark.parametrize("content", ["[]", "null", "{", '{"genes": []}); alert(1); ({}', ""])
@pytest.mark.parametrize("name", ["index", "shard_000"])
def test_what_is_no_lookup_is_not_published(run, tmp_path, name, content):
    (run.folder / "lookup" / f"{name}.json").write_text(content)
    with pytest.raises(SiteError, match="ephys/default cannot be shown"):
        pages.publish_lookup(run, tmp_path / "site")


# What the finished site is checked for

PAGE = (
    '<html><head><title>Genes</title></head><body><article><h1>Genes</h1><a href="page.html">p</a>'
    '<div data-lookup="files/lookup"></div>{more}</article></body></html>'
)


@pytest.fixture
def site(run, tmp_path) -> Path:
    """A site of a lookup page and one other."""
    html = tmp_path / "site"
    pages.publish_lookup(run, html / "files")
    (html / "index.html").write_text(PAGE.format(more=""))
    (html / "page.html").write_text(
        "<article><h1>Page</h1>"
        "<a href='index.html#gene=Pvalb'>a</a><a href='index.html#gene=%3Cimg%20src%3Dx%20"
        "onerror%3Dalert%281%29%3E'>b</a><figure id='lookup-card'></figure></article>"
    )
    return html


EXPECTED = {"index": ("lookups/genes",), "page": ("lookups/card",)}


def faults(html: Path, expected=EXPECTED) -> list[str]:
    return list(find_faults(html, expected, Privacy(Path("/srv/ann"))))


def test_a_site_with_a_whole_lookup_has_no_faults(site):
    assert faults(site) == []
    assert read_page(site, "index").lookups == ["files/lookup"]


def test_a_link_to_a_gene_that_is_not_there_is_a_fault(site):
    page = site / "page.html"
    page.write_text(page.read_text().replace("Pvalb", "Pvlab"))
    assert faults(site) == ["page links to a place that is not there: index.html#gene=Pvlab"]


@pytest.mark.parametrize(
    ("harm", "fault"),
    [
        (lambda f: (f / "shard_001.js").unlink(), "has no numbers of 5 genes, shard_001.js"),
        (lambda f: (f / "index.js").write_text("alert(1)"), "has no index of genes"),
        (lambda f: (f / "index.js").unlink(), "has no index of genes: FileNotFoundError"),
        (
            lambda f: (f / "shard_000.js").write_bytes((f / "shard_001.js").read_bytes()),
            "other genes than the index says",
        ),
        (lambda f: (f / "shard_009.js").write_text(""), "its index does not know: shard_009"),
    ],
    ids=["no shard", "no script", "no index", "another shard", "one too many"],
)
def test_scripts_that_are_not_complete_are_a_fault(site, harm, fault):
    harm(site / "files/lookup")
    assert any(fault in found and found.startswith("index ") for found in faults(site))


def test_a_lookup_that_is_not_shown_is_a_fault(site):
    (site / "page.html").write_text("<article><h1>Page</h1></article>")
    assert faults(site) == ["page shows lookups/card 0 times instead of 1"]
    assert "page shows lookups/card 0 times instead of 1" not in faults(site, {"page": ()})

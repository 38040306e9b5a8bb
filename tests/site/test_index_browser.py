"""The gene index in a real browser: the page alone, in a built site, and of full size."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import nbformat
import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from nbformat.v4 import new_code_cell, new_output
from playwright.sync_api import Page, expect

from analysis_lib import results
from analysis_lib.figures import embed, show_lookup
from analysis_lib.figures.text import visible
from analysis_lib.files import PROJECT
from analysis_lib.site import Book, SiteRun, genes
from tests.lookup_tables import HOSTILE, lookup_tables
from tests.site.fixtures import CATALOGUE, STUDY, finished, new_project, new_run

SHOWN = [visible(name).strip() for name in HOSTILE]
FOLDED = ["straße-1", "İl2", "ıkb", "ﬁbrin", "ΣΑΣ"]
LABELS = {"lfc": "log2 fold change", "n": "samples"}
WORDS = "Called up: p < 0.05 <b>."
VIEWS = {
    "wide": {"viewport": {"width": 1280, "height": 900}, "color_scheme": "light"},
    "phone": {"viewport": {"width": 390, "height": 844}, "color_scheme": "dark"},
}
PATIENT = 20_000
SCRIPTS = ("", "-tables", "-names", "-search", "-gene", "-genes", "-index")


def save(folder: Path, names, also=None, labels=LABELS, **columns) -> None:
    """Leave what a run knows of some genes, as a notebook of it does."""
    count = len(names)
    table = {
        "gene": pd.Series(list(names), dtype=object),
        "also": pd.Series(also or [""] * count, dtype=object),
        "role": "up",
        "chosen": np.arange(count) % 2 == 0,
        "lfc": np.arange(count) / 8 - 1,
        "n": np.arange(count),
        **columns,
    }
    folder.mkdir(parents=True, exist_ok=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(results.FOLDER_VARIABLE, str(folder))
        results.save_genes(pd.DataFrame(table), words=WORDS, labels=labels)


def save_runs(first: Path, second: Path) -> dict:
    """Leave genes for two runs, the second with a lookup of some; return what that one shows."""
    shown: list[dict] = []
    human = ["PVALB", "GAD1", "GAD2", "KCNC2", "CD33", *FOLDED]
    probes = ["X95735_at", "M23197_at", "X1_at", "X2_at"]
    also = ["Zyxin", "CD33 antigen (differentiation)", "Kinase, alpha", "Kinase, beta"]
    save(first, [*human, *probes], [""] * len(human) + also)
    save(second, ["Pvalb", "Sst", "Abc", "ABC", *HOSTILE], labels={}, role="predictable <i>")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(results.FOLDER_VARIABLE, str(second))
        patch.setattr(embed, "emit", shown.append)
        show_lookup(**lookup_tables(["Pvalb", *HOSTILE], types=8))
    return shown[0]


def alone(folder: Path, book: Book) -> Path:
    """Publish the index in a site of nothing else; return its page."""
    shutil.copytree(PROJECT / "book" / "_static", folder / "_static")
    genes.publish(book, folder)
    scripts = "".join(f'<script src="_static/analysis{n}.js"></script>' for n in SCRIPTS)
    styles = "".join(
        f'<link rel="stylesheet" href="_static/{name}.css">' for name in ("analysis", "index")
    )
    path = folder / "genes.html"
    path.write_text(
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>Gene index</title>'
        f'<meta name="viewport" content="width=device-width">{styles}{scripts}'
        f"<body>{genes.index_part(book)}",
        encoding="utf-8",
    )
    return path


def small(folder: Path) -> Path:
    runs = [SiteRun("dge", name, folder / name, None) for name in ("default", "mouse")]
    save_runs(runs[0].folder, runs[1].folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(genes, "SHARD_BYTES", 300)
        return alone(folder, Book(runs, [STUDY]))


@pytest.fixture(scope="module")
def bare(tmp_path_factory) -> Path:
    """The index alone, without the theme; not to be written to."""
    return small(tmp_path_factory.mktemp("bare"))


@pytest.fixture
def page(bare, tab) -> Iterator[Page]:
    """The index, and a watch that nothing goes wrong on it."""
    tab.page.goto("about:blank")
    tab.page.goto(bare.as_uri())
    tab.page.wait_for_selector("#ar-gene")
    yield tab.page
    tab.quiet()


def position(page: Page, query: str) -> None:
    page.evaluate("place => { location.hash = place }", f"gene={quote(query, safe='')}")


def shows(page: Page, name: str) -> None:
    page.wait_for_function(
        "name => { const h = document.querySelector('.ar-gene-answer h2');"
        " return h && h.firstChild.data === name }",
        arg=name,
        timeout=PATIENT,
    )


def cards(page: Page) -> list[str]:
    return page.locator(".ar-fact h3 small").all_inner_texts()


def status(page: Page):
    return page.locator(".ar-gene-status")


# A gene and what every run knows of it


def test_a_gene_is_shown_with_what_every_run_knows_of_it(page):
    position(page, "PVALB")
    shows(page, "PVALB")
    assert cards(page) == ["default", "mouse"]
    expect(page.locator(".ar-gene-sum").first).to_have_text(
        "Known to 2 of 2 runs, singled out in 2."
    )
    first, second = page.locator(".ar-fact").all()
    assert first.locator("h3 a").get_attribute("href") == "studies/dge/default.html"
    assert first.locator("dt").all_inner_texts() == list(LABELS.values())
    assert first.locator("dd").all_inner_texts() == ["-1.000", "0"]
    assert first.locator(".ar-role strong").inner_text() == "up"
    assert first.locator(".stamp-singled").inner_text() == "singled out"
    assert first.locator(".ar-why").inner_text() == f"Singled out means here: {WORDS}"
    assert first.locator(".stamp-ok").inner_text() == "up to date"
    assert "called" not in first.inner_text()
    assert "called Pvalb here" in second.inner_text()
    assert second.locator("dl").count() == 0
    assert second.locator(".ar-role strong").inner_text() == "predictable <i>"
    link = second.get_by_role("link", name="Its model and its samples")
    assert link.get_attribute("href") == "genes/dge/mouse.html#gene=Pvalb"
    assert page.title() == "PVALB – Gene index"


def test_what_does_not_single_a_gene_out_is_told_and_who_does_not_know_it(page):
    position(page, "GAD1")
    shows(page, "GAD1")
    assert page.locator(".stamp-singled").count() == 0
    assert page.locator(".ar-why").inner_text() == f"Not singled out; that would mean: {WORDS}"
    sums = page.locator(".ar-gene-sum").all_inner_texts()
    assert sums == [
        "Known to 1 of 2 runs, singled out in none.",
        f"Not among the genes of {STUDY.title}, mouse.",
    ]
    assert page.locator(".ar-fact .ar-tools").count() == 0, "only a gene that it has"


def test_a_gene_that_a_lookup_does_not_have_has_no_link_to_it(page):
    position(page, "Sst")
    shows(page, "Sst")
    assert page.locator(".ar-fact .ar-tools").count() == 0


def test_two_genes_of_one_run_that_differ_in_case_are_both_shown(page):
    position(page, "ABC")
    shows(page, "Abc")
    assert cards(page) == ["mouse", "mouse"]
    expect(page.locator(".ar-gene-sum").first).to_have_text(
        "Known to 1 of 2 runs, singled out in 1."
    )
    assert page.locator(".ar-role small").all_inner_texts() == ["called ABC here"]


# By which names


@pytest.mark.parametrize(
    ("asked", "name"),
    [
        ("PVALB", "PVALB"),
        ("Pvalb", "PVALB"),
        ("pVaLb", "PVALB"),
        ("  pvalb ", "PVALB"),
        ("x95735_AT", "X95735_at"),
        ("Zyxin", "X95735_at"),
        ("zyxin", "X95735_at"),
        ("cd33", "CD33"),
        ("differentiation", "M23197_at"),
        ("ANTIGEN (differentiation)", "M23197_at"),
        ("straße-1", "straße-1"),
        ("STRASSE-1", "straße-1"),
        ("STRAẞE-1", "straße-1"),
        ("İL2", "İl2"),
        ("i̇l2", "İl2"),
        ("FIBRIN", "ﬁbrin"),
        ("σας", "ΣΑΣ"),
        ("ıkb", "ıkb"),
    ],
)
def test_a_gene_is_found_by_all_its_names(page, asked, name):
    position(page, asked)
    shows(page, name)
    assert page.locator("#ar-gene").input_value() == name


def test_others_that_are_described_by_a_gene_are_told(page):
    position(page, "CD33")
    shows(page, "CD33")
    link = page.locator(".ar-gene-answer > .ar-tools a")
    assert link.all_inner_texts() == ["M23197_at"]
    link.click()
    shows(page, "M23197_at")
    expect(page.locator(".ar-gene-answer h2 small")).to_have_text(
        "also CD33 antigen (differentiation)"
    )


def test_a_word_of_several_descriptions_offers_all_of_them(page):
    position(page, "kinase")
    expect(status(page)).to_have_text("“kinase” stands among the other names of 2 genes here.")
    assert page.locator(".ar-gene-answer a").all_inner_texts() == ["X1_at", "X2_at"]


@pytest.mark.parametrize(
    ("asked", "meant"),
    [("PVLAB", "PVALB"), ("kcnc", "KCNC2"), ("zyxn", "X95735_at"), ("5735_a", "X95735_at")],
)
def test_a_mistyped_name_is_told_with_what_may_be_meant(page, asked, meant):
    position(page, asked)
    expect(status(page)).to_contain_text(f"There is no gene “{asked}” among the")
    first = page.locator(".ar-gene-answer a").first
    assert first.inner_text() == meant
    first.press("Enter")
    shows(page, meant)
    assert page.evaluate("document.activeElement.tagName") == "H2"


def test_exact_then_beginnings_then_words_then_parts_then_what_is_much_the_same(page):
    ask = "query => new analysisReport.names.Names(...%s).suggest(query)"
    names = ["kin", "Skin", "KIN1", "kit", "A", "B", "unrelated"]
    others = ["", "", "", "", "a kinase", "kin", ""]
    suggest = ask % json.dumps([names, others])
    assert [names[i] for i in page.evaluate(suggest, "Kin")] == [
        "kin", "KIN1", "A", "B", "Skin", "kit",
    ]  # fmt: skip


def test_nothing_like_it_is_told(page):
    position(page, "qqqqqqqq")
    expect(page.locator(".ar-gene-answer")).to_have_text("No symbol here is written much the same.")


LETTERS = "aAbBßẞSsİiıIſςσΣŉǰﬁµμ1-. \"'%#/&<\\🧬é\u0301"
NAMES = st.lists(st.text(LETTERS, min_size=1, max_size=4), min_size=1, max_size=8, unique=True)


@given(NAMES, st.data())
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_name_is_found_as_written_and_in_other_case(page, names, data):
    others = data.draw(
        st.lists(st.text(LETTERS, max_size=6), min_size=len(names), max_size=len(names))
    )
    script = """([names, others, queries]) => {
        const all = new analysisReport.names.Names(names, others);
        return queries.map((query) => [all.meant(query), all.suggest(query)]);
    }"""

    def ask(queries):
        return page.evaluate(script, [names, others, queries])

    for i, (meant, suggested) in enumerate(ask(names)):
        assert meant == [i]
        assert i in suggested or len(suggested) == 8
    for changed in (str.upper, str.lower, str.swapcase):
        for i, (meant, _) in enumerate(ask([changed(name) for name in names])):
            assert i in meant or meant in [
                [k] for k, n in enumerate(names) if n == changed(names[i])
            ]
    for i, (meant, _) in enumerate(ask(others)):
        known = {
            k for k, name in enumerate(names) if name.upper().lower() == others[i].upper().lower()
        }
        assert i in meant or known or not others[i]


# Typing, the address, the keyboard


def test_an_address_is_an_answer_and_back_and_forward_lead_through_them(opened, bare):
    watched = opened(f"{bare.as_uri()}#gene=Sst")
    page = watched.page
    shows(page, "Sst")
    page.locator("#ar-gene").fill("gad2")
    page.locator("#ar-gene").press("Enter")
    shows(page, "GAD2")
    assert page.url.endswith("#gene=GAD2")
    position(page, "no such gene")
    expect(status(page)).to_contain_text("There is no gene “no such gene”")
    page.go_back()
    shows(page, "GAD2")
    page.go_forward()
    expect(status(page)).to_contain_text("There is no gene “no such gene”")
    page.go_back()
    shows(page, "GAD2")
    page.reload()
    shows(page, "GAD2")
    watched.quiet()


def test_the_keyboard_alone_will_do(page):
    page.locator("body").press("Tab")
    field, listed = page.get_by_label("Gene symbol, probe or description"), "#ar-gene-list"
    assert field.get_attribute("role") == "combobox"
    field.press_sequentially("gad")
    expect(page.locator(f"{listed} [role=option] span")).to_have_text(["GAD1", "GAD2"])
    field.press("ArrowDown")
    field.press("ArrowDown")
    active = page.locator(f"#{field.get_attribute('aria-activedescendant')}")
    assert active.locator("span").inner_text() == "GAD2"
    assert active.get_attribute("aria-selected") == "true"
    field.press("Enter")
    shows(page, "GAD2")
    assert page.locator(listed).is_hidden()
    field.press("Escape")
    assert field.input_value() == ""


def test_a_suggestion_says_its_other_names_and_can_be_clicked(page):
    page.locator("#ar-gene").press_sequentially("zyx")
    option = page.locator("#ar-gene-list [role=option]")
    expect(option).to_have_text("X95735_at Zyxin")
    option.click()
    shows(page, "X95735_at")


def test_what_is_typed_is_shown_as_soon_as_it_is_a_gene(page):
    page.locator("#ar-gene").press_sequentially("sst")
    shows(page, "Sst")
    assert page.url.endswith("#gene=Sst")
    page.locator("#ar-gene").fill("")
    expect(status(page)).to_contain_text("genes can be looked up")


def test_one_gene_after_the_other(page):
    names = page.evaluate(
        "() => [...document.querySelectorAll('.ar-gene-answer a')].map((a) => a.textContent)"
    )
    assert names, "examples to begin with"
    position(page, "GAD1")
    shows(page, "GAD1")
    page.locator("a[rel=next]").click()
    shows(page, "GAD2")
    page.locator("a[rel=prev]").press("Enter")
    shows(page, "GAD1")


# Text from a stranger


@pytest.mark.parametrize("name", SHOWN, ids=range(len(SHOWN)))
def test_a_hostile_name_is_text_and_is_found(page, name):
    position(page, name)
    shows(page, name)
    link = page.locator(".ar-fact .ar-tools a")
    assert link.get_attribute("href") == f"genes/dge/mouse.html#gene={encoded(page, name)}"
    page.locator("#ar-gene").fill(name[:4])
    assert name in page.locator("#ar-gene-list span").all_inner_texts()
    position(page, f"{name}x")
    expect(status(page)).to_contain_text("There is no gene")
    assert page.locator(".ar-genes img, .ar-genes script, .ar-genes i").count() == 0


def encoded(page: Page, text: str) -> str:
    return page.evaluate("text => encodeURIComponent(text)", text)


@pytest.mark.parametrize("hash_", ["%E0%A4%A", "%", "hasOwnProperty", "%3Cimg%20src%3Dx%3E", "é"])
def test_an_address_that_makes_no_sense_is_an_unknown_gene(page, hash_):
    page.evaluate("hash => { location.hash = hash }", f"gene={hash_}")
    expect(status(page)).to_contain_text("There is no gene “")
    page.evaluate("location.hash = 'somewhere-else'")
    expect(status(page)).to_contain_text("genes can be looked up")


# When something is missing


@pytest.fixture
def own(tmp_path) -> Path:
    """The index alone, to be damaged."""
    return small(tmp_path)


def test_facts_that_are_missing_are_told_and_asked_for_again(own, opened):
    folder = own.parent / genes.FOLDER
    content = {path: path.read_bytes() for path in folder.glob("shard_*.js")}
    for path in content:
        path.unlink()
    page = opened(f"{own.as_uri()}#gene=GAD1").page
    expect(status(page)).to_contain_text("The numbers of GAD1 cannot be shown here: shard_")
    for path, given_bytes in content.items():
        path.write_bytes(given_bytes)
    position(page, "GAD2")
    shows(page, "GAD2")
    position(page, "GAD1")
    shows(page, "GAD1")


def test_facts_of_other_genes_are_not_taken_for_these(own, opened):
    folder = own.parent / genes.FOLDER
    for path in folder.glob("shard_*.js"):
        if path.name != "shard_000.js":
            shutil.copy(folder / "shard_000.js", path)
    page = opened(f"{own.as_uri()}#gene=Sst").page
    expect(page.locator(".ar-message")).to_contain_text("is damaged")


@pytest.mark.parametrize("damage", [None, "analysisReport.lookup('x', {"])
def test_an_index_that_is_missing_or_damaged_is_told(own, opened, damage):
    path = own.parent / genes.FOLDER / "index.js"
    if damage:
        path.write_text(damage)
    else:
        path.unlink()
    page = opened(own.as_uri()).page
    expect(page.locator(".ar-message")).to_contain_text("Genes cannot be looked up here: index.js")


def test_without_scripts_the_page_says_what_it_needs_and_which_runs_there_are(bare, opened):
    page = opened(bare.as_uri(), java_script_enabled=False).page
    expect(page.locator(".ar-genes")).to_contain_text("needs JavaScript")
    runs = page.locator(".facts a")
    assert runs.first.get_attribute("href") == "studies/dge/default.html"


# In the report


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Path:
    """A built report of two runs that tell of their genes and one that does not."""
    project = new_project(tmp_path_factory.mktemp("genes") / "a project")
    runs = [new_run(project, name) for name in ("default", "mouse", "older")]
    output = new_output("display_data", save_runs(runs[0].folder, runs[1].folder))
    path = runs[1].folder / "notebook.ipynb"
    notebook = nbformat.read(path, as_version=4)
    notebook.cells.append(new_code_cell("show_lookup()", execution_count=9, outputs=[output]))
    nbformat.write(notebook, path)
    book = Book([*map(finished, runs[:2]), runs[2]], [STUDY], CATALOGUE)
    project.build(book)
    return project.target


@pytest.mark.parametrize("view", VIEWS)
def test_the_index_in_the_report(site, opened, view):
    watched = opened((site / "genes.html").as_uri(), **VIEWS[view])
    page = watched.page
    page.locator("#ar-gene").press_sequentially("pval")
    page.locator("#ar-gene").press("ArrowDown")
    page.locator("#ar-gene").press("Enter")
    shows(page, "PVALB")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    for name in (SHOWN[-1], SHOWN[0]):  # 300 letters without a blank
        position(page, name)
        shows(page, name)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert page.locator(".facts .stamp-simulated").count() == 2
    assert page.locator(".ar-fact .stamp-simulated").count() == 1
    position(page, "Pvalb")
    shows(page, "PVALB")
    watched.quiet()
    page.locator(".ar-fact a", has_text="Its model and its samples").click()
    page.wait_for_url("**/genes/dge/mouse.html#gene=Pvalb")
    expect(page.locator(".ar-gene-answer h2")).to_contain_text("Pvalb", timeout=PATIENT)
    watched.quiet()


def test_the_pages_of_runs_do_not_load_the_index(site, opened):
    watched = opened((site / "studies/dge/older.html").as_uri())
    assert not [url for url in watched.requests if genes.FOLDER in url]


# Of full size


def test_every_one_of_50000_genes_is_at_hand(tmp_path, opened):
    rng = np.random.default_rng(7)
    letters = np.array(list("abcdefghiklmnoprstuvwxyz0123456789"))
    symbols = sorted({f"G{''.join(word)}" for word in rng.choice(letters, (50_500, 5))})[:50_000]
    also = [f"protein {symbol[1:4]} of chain {i}" for i, symbol in enumerate(symbols[:7000])]
    runs = [SiteRun("dge", name, tmp_path / name, None) for name in ("default", "strict")]
    save(runs[0].folder, symbols, [*also, *[""] * 43_000])
    save(runs[1].folder, [symbol.upper() for symbol in symbols[:24_000]])
    path = alone(tmp_path, Book(runs, [STUDY]))
    folder = tmp_path / genes.FOLDER
    index = (folder / "index.js").stat().st_size
    largest = max(shard.stat().st_size for shard in folder.glob("shard_*.js"))
    assert index < 1_500_000
    assert largest < 60_000
    watched = opened(f"{path.as_uri()}#gene={symbols[6000].upper()}")
    page = watched.page
    shows(page, symbols[6000])
    first = page.evaluate("performance.now()")
    for symbol in (symbols[0], symbols[-1]):
        position(page, symbol)
        shows(page, symbol)
    wrong = f"{symbols[77][:2]}{symbols[77][3]}{symbols[77][2]}{symbols[77][4:]}"
    started = page.evaluate("performance.now()")
    position(page, wrong)
    expect(status(page)).to_contain_text("among the 50,000 genes here")
    similar = page.evaluate("performance.now()") - started
    assert symbols[77] in page.locator(".ar-gene-answer a").all_inner_texts()
    watched.quiet()
    print(
        f"first answer after {first:.0f} ms, similar names after {similar:.0f} ms, "
        f"index {index:,} bytes, largest shard {largest:,}"
    )

"""The gene lookup in a real browser: a built site from a folder on disk, and one of full size."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import nbformat
import numpy as np
import pytest
from nbformat.v4 import new_code_cell, new_output
from playwright.sync_api import Page, expect

from analysis_lib import results
from analysis_lib.figures import embed, lookup, show_lookup
from analysis_lib.figures.text import number, visible
from analysis_lib.files import PROJECT
from analysis_lib.site import Book, SiteRun
from analysis_lib.site import lookup as pages
from tests.lookup_tables import HOSTILE, lookup_tables
from tests.site.fixtures import CATALOGUE, STUDY, finished, new_project, new_run

GENES = ["Pvalb", "Sst", "Gad1", "Gad2", "Vip", "Kcnc2", "Abc", "ABC", "10003", *HOSTILE]
NAMES = sorted(map(visible, GENES), key=lambda name: (name.casefold(), name))
PLACE = "genes/dge/default.html"
VIEWS = {
    "wide": {"viewport": {"width": 1280, "height": 900}, "color_scheme": "light"},
    "phone": {"viewport": {"width": 390, "height": 844}, "color_scheme": "dark"},
}
PATIENT = 20_000


def tables() -> dict:
    given = lookup_tables(GENES, types=48)
    given["predicted"].iloc[3, 0] = np.nan  # of Pvalb
    given["predicted"].iloc[5, 0] = given["observed"].iloc[5, 0]
    given["coefficients"].loc["Pvalb"] = [0.5, 0.0, -0.25]
    given["coefficients"].loc["Vip"] = 0.0
    return given


def keep(folder: Path, given: dict, genes_per_shard: int) -> dict:
    """Show a lookup as a notebook of the run in `folder` does; return what it shows."""
    shown: list[dict] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(results.FOLDER_VARIABLE, str(folder))
        patch.setattr(embed, "emit", shown.append)
        patch.setattr(lookup, "GENES_PER_SHARD", genes_per_shard)
        show_lookup(**given)
    return shown[0]


def alone(folder: Path, given: dict, genes_per_shard: int) -> Path:
    """Publish a lookup in a site of nothing else; return its page."""
    run = SiteRun("dge", "default", folder / "run", None)
    keep(run.folder, given, genes_per_shard)
    shutil.copytree(PROJECT / "book" / "_static", folder / "_static")
    pages.publish_lookup(run, folder / run.files)
    names = ("", "-tables", "-names", "-search", "-gene", "-genes")
    scripts = "".join(f'<script src="../../_static/analysis{n}.js"></script>' for n in names)
    style = '<link rel="stylesheet" href="../../_static/analysis.css">'
    body = pages.page(run, Book([run], [STUDY]), "").partition("\n")[2]
    path = folder / PLACE
    path.parent.mkdir(parents=True)
    path.write_text(
        f'<!doctype html><meta charset="utf-8"><title>Genes</title>{style}{scripts}<body>{body}'
    )
    return path


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Path:
    """A built report of one run with a lookup and one without."""
    project = new_project(tmp_path_factory.mktemp("genes") / "a project")
    run = new_run(project)
    path = run.folder / "notebook.ipynb"
    notebook = nbformat.read(path, as_version=4)
    output = new_output("display_data", keep(run.folder, tables(), 5))
    cell = new_code_cell("show_lookup(genes)", execution_count=9, outputs=[output])
    notebook.cells.append(cell)
    nbformat.write(notebook, path)
    book = Book([finished(run), new_run(project, "strict")], [STUDY], CATALOGUE)
    project.build(book)
    return project.target


@pytest.fixture(scope="module")
def bare(tmp_path_factory) -> Path:
    """The lookup page alone, without the theme; not to be written to."""
    return alone(tmp_path_factory.mktemp("bare"), tables(), 5)


@pytest.fixture
def page(bare, tab) -> Iterator[Page]:
    """The lookup page, and a watch that nothing goes wrong on it."""
    tab.page.goto("about:blank")
    tab.page.goto(bare.as_uri())
    tab.page.wait_for_selector("#ar-gene")
    yield tab.page
    tab.quiet()


def shows(page: Page, name: str) -> None:
    """Wait until a gene is shown, in every place that names it."""
    title = page.locator(".ar-gene-answer h2")
    expect(title).to_have_text(re.compile(f"^{re.escape(name)}( id .*)?$"), timeout=PATIENT)
    expect(page.locator("#ar-gene")).to_have_value(name)
    expect(page.locator(".ar-gene-status")).to_contain_text(f"{name}: gene ")


def position(page: Page, name: str) -> None:
    page.evaluate("hash => { location.hash = hash }", f"gene={quote(name, safe='')}")


def points(page: Page) -> dict[str, tuple[float, float]]:
    found = page.locator(".ar-gene-plot > svg .ar-mark").evaluate_all(
        "marks => marks.map(m => [m.querySelector('title').textContent, "
        "m.transform.baseVal[0].matrix.e, m.transform.baseVal[0].matrix.f])"
    )
    return {told.partition(" (")[0]: (x, y) for told, x, y in found}


# One gene


@pytest.mark.parametrize("view", VIEWS)
def test_an_address_shows_a_gene_in_every_part(site, opened, view):
    watched = opened(f"{(site / PLACE).as_uri()}#gene=Pvalb", **VIEWS[view])
    page, given = watched.page, tables()
    shows(page, "Pvalb")
    row = given["genes"].iloc[0]
    facts = [number(results.short(row["r2"])), number(results.short(row["q"])), str(row["kept"])]
    assert page.locator(".ar-gene-facts dd").all_inner_texts() == facts
    assert page.locator(".ar-gene-bars .ar-num").all_inner_texts() == ["0.5000", "0", "-0.2500"]
    assert page.locator(".ar-gene-bars .ar-nought th").all_inner_texts() == ["tau"]
    widths = page.locator(".ar-bar").evaluate_all("bars => bars.map(b => b.style.width)")
    assert widths == ["50%", "0%", "25%"]
    page.locator(".ar-gene-samples summary").click()
    assert page.locator(".ar-gene-samples tbody tr").count() == 48
    assert page.locator(".ar-gene-samples tbody tr").nth(3).locator("td").last.inner_text() == "–"
    assert page.locator(".ar-gene-plot li").all_inner_texts() == ["exc", "inh"]
    width = page.evaluate("document.documentElement.clientWidth")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert watched.requested("lookup/index.js") == 1
    assert watched.requested("plotly.min.js") == 0
    assert sum("shard_" in url for url in watched.requests) == 1
    watched.quiet()


def test_the_plot_stands_where_the_numbers_are(page):
    position(page, "Pvalb")
    shows(page, "Pvalb")
    given, found = tables(), points(page)
    assert len(found) == 47
    assert "47 of 48 points have both values" in page.locator(".ar-gene-point").inner_text()
    known = list(found)
    across, up = np.array([found[name] for name in known]).T
    observed = given["observed"].loc[known, "Pvalb"].to_numpy()
    predicted = given["predicted"].loc[known, "Pvalb"].to_numpy()
    slope_x, start_x = np.polyfit(observed, across, 1)
    slope_y, start_y = np.polyfit(predicted, up, 1)
    np.testing.assert_allclose(across, slope_x * observed + start_x, atol=0.1)
    np.testing.assert_allclose(up, slope_y * predicted + start_y, atol=0.1)
    # A sample predicted as it was observed lies on the broken line, from corner to corner.
    x0, y0, x1, y1 = map(
        float, re.findall(r"[\d.]+", page.locator(".ar-identity").get_attribute("d"))
    )
    x, y = found[given["observed"].index[5]]
    assert (x - x0) / (x1 - x0) == pytest.approx((y - y0) / (y1 - y0), abs=0.005)


def test_a_point_says_its_name(page):
    position(page, "Sst")
    shows(page, "Sst")
    page.locator(".ar-gene-plot > svg .ar-mark").last.dispatch_event(
        "pointerover", {"bubbles": True}
    )
    words = page.locator(".ar-gene-point").inner_text()
    assert re.match(r"Line47-IRES-Cre__L3__exc \(exc\): observed \S+, predicted \S+$", words)


def test_a_gene_without_any_coefficient(page):
    position(page, "Vip")
    shows(page, "Vip")
    assert "0 of 3 are not zero" in page.locator(".ar-gene-bars caption").inner_text()


# Finding it


@pytest.mark.parametrize("query", ["PVALB", "pvalb", "  Pvalb ", "10000"])
def test_case_and_blanks_do_not_matter_and_an_id_will_do(page, query):
    before = page.evaluate("history.length")
    page.locator("#ar-gene").press_sequentially(query)
    expect(page.locator(".ar-gene-answer h2")).to_contain_text("Pvalb")
    assert page.evaluate("location.hash") == "#gene=Pvalb"
    assert page.evaluate("history.length") == before, "typing is no step back"
    assert page.title().startswith("Pvalb – ")


def test_an_emptied_field_is_the_start_again(page):
    page.locator("#ar-gene").fill("Pvalb")
    expect(page.locator(".ar-gene-answer h2")).to_contain_text("Pvalb")
    page.locator("#ar-gene").fill("")
    expect(page.locator(".ar-gene-status")).to_contain_text(f"{len(GENES)} genes can be looked up")
    assert page.evaluate("location.hash") == ""
    page.locator(".ar-gene-answer a", has_text="Sst").click()
    shows(page, "Sst")


def test_an_unknown_gene_is_told_and_similar_ones_are_links(page):
    position(page, "Pvlab")
    status = page.locator(".ar-gene-status")
    expect(status).to_have_text(f"There is no gene “Pvlab” among the {len(GENES)} genes here.")
    page.locator(".ar-gene-answer a").first.click()
    shows(page, "Pvalb")
    page.go_back()
    expect(status).to_contain_text("no gene “Pvlab”")
    page.go_forward()
    shows(page, "Pvalb")
    position(page, "Xylophone")
    expect(page.locator(".ar-gene-answer")).to_have_text("No symbol here is written much the same.")


def test_what_begins_so_comes_before_what_is_written_much_the_same(page):
    page.locator("#ar-gene").fill("gad")
    options = page.locator("#ar-gene-list [role=option] span")
    assert options.all_inner_texts()[:2] == ["Gad1", "Gad2"]
    page.locator("#ar-gene").fill("1000")
    assert options.all_inner_texts()[0] == "10003"  # a symbol, then those with such an id
    assert "Pvalb" in options.all_inner_texts()
    page.locator("#ar-gene").fill("Kncc2")
    assert options.all_inner_texts() == ["Kcnc2"]


def test_two_ways_to_write_a_symbol_are_both_offered(page):
    position(page, "abc")
    expect(page.locator(".ar-gene-status")).to_contain_text("“abc” is written in 2 ways here.")
    links = page.locator(".ar-gene-answer a")
    assert sorted(links.all_inner_texts()) == ["ABC", "Abc"]
    position(page, "ABC")
    shows(page, "ABC")


def test_a_symbol_that_is_the_id_of_another_gene_is_the_symbol(page):
    position(page, "10003")
    shows(page, "10003")


def test_one_gene_after_the_other(page):
    position(page, NAMES[0])
    shows(page, NAMES[0])
    assert page.locator("a[rel=prev]").is_hidden()
    for name in NAMES[1:]:
        page.locator("a[rel=next]").click()
        shows(page, name)
    assert page.locator("a[rel=next]").is_hidden()
    page.locator("a[rel=prev]").press("Enter")
    shows(page, NAMES[-2])


def test_the_keyboard_alone_will_do(page):
    field, listed = page.get_by_label("Gene symbol or id"), page.locator("#ar-gene-list")
    assert field.get_attribute("role") == "combobox"
    field.press_sequentially("ga")
    assert field.get_attribute("aria-expanded") == "true"
    field.press("ArrowDown")
    field.press("ArrowDown")
    active = field.get_attribute("aria-activedescendant")
    chosen = page.locator(f"#{active}")
    assert chosen.get_attribute("aria-selected") == "true"
    assert chosen.locator("span").inner_text() == "Gad2"
    field.press("ArrowUp")
    field.press("ArrowUp")  # the field itself again
    assert field.get_attribute("aria-activedescendant") is None
    field.press("ArrowUp")
    field.press("Escape")
    assert listed.is_hidden()
    assert field.get_attribute("aria-expanded") == "false"
    field.press("ArrowDown")
    assert listed.is_visible()
    field.press("Enter")
    shows(page, "Gad1")
    assert listed.is_hidden()
    assert page.evaluate("document.activeElement.id") == "ar-gene"
    field.press("Escape")
    assert field.input_value() == ""
    field.press_sequentially("Nothing like it")
    field.press("Enter")
    expect(page.locator(".ar-gene-status")).to_contain_text("There is no gene “Nothing like it”")


def test_a_name_in_the_list_can_be_clicked(page):
    page.locator("#ar-gene").press_sequentially("Kcn")
    page.locator("#ar-gene-list [role=option]", has_text="Kcnc2").click()
    shows(page, "Kcnc2")


def test_who_followed_a_link_in_the_answer_stands_in_the_next_answer(page):
    position(page, "Pvlab")
    page.locator(".ar-gene-answer a").first.press("Enter")
    shows(page, "Pvalb")
    assert page.evaluate("document.activeElement.tagName") == "H2"


# Text from a stranger


@pytest.mark.parametrize("name", [*map(visible, HOSTILE)], ids=range(len(HOSTILE)))
def test_a_hostile_symbol_is_text_and_is_found(page, name):
    position(page, name)
    shows(page, name)
    page.locator("#ar-gene").fill(name[:4])
    assert name in page.locator("#ar-gene-list span").all_inner_texts()
    position(page, f"{name}x")
    expect(page.locator(".ar-gene-status")).to_contain_text("There is no gene")
    expect(page.locator(".ar-gene-answer a").first).to_be_visible()
    assert page.locator(".ar-genes img, .ar-genes script").count() == 0


@pytest.mark.parametrize("hash_", ["%E0%A4%A", "%", "hasOwnProperty", "%3Cimg%20src%3Dx%3E", "é"])
def test_an_address_that_makes_no_sense_is_an_unknown_gene(page, hash_):
    page.evaluate("hash => { location.hash = hash }", f"gene={hash_}")
    expect(page.locator(".ar-gene-status")).to_contain_text("There is no gene “")
    page.evaluate("location.hash = 'somewhere-else'")
    expect(page.locator(".ar-gene-status")).to_contain_text("genes can be looked up")


# On the way there, and when something is missing


def test_the_card_on_the_page_of_the_run_leads_to_a_gene(site, opened):
    watched = opened((site / "studies/dge/default.html").as_uri())
    page = watched.page
    assert not any("lookup" in url for url in watched.requests), "it costs the run's page nothing"
    page.locator("#lookup-card input").fill("a<b>&#")
    page.locator("#lookup-card input").press("Enter")
    expect(page.locator(".ar-gene-status")).to_contain_text("There is no gene “a<b>&#”")
    page.go_back()
    page.locator("#lookup-card a", has_text="Pvalb").click()
    shows(page, "Pvalb")
    page.get_by_role("link", name="All figures and tables of this run").click()
    page.wait_for_url("**/studies/dge/default.html")
    page.locator(".bd-sidebar-primary a", has_text="Gene lookup").click()
    page.wait_for_selector("#ar-gene")
    # Figures that were on their way when the page was left count as failed requests.
    assert [fault for fault in watched.faults if not fault.startswith("failed: ")] == []
    assert watched.elsewhere() == []


def test_a_run_without_a_lookup_has_nothing_of_it(site):
    assert not (site / "genes/dge/strict.html").exists()
    assert not (site / "files/dge/strict/lookup").exists()
    assert "lookup-card" not in (site / "studies/dge/strict.html").read_text(encoding="utf-8")


def test_without_scripts_the_page_says_what_it_needs(site, opened):
    page = opened((site / PLACE).as_uri(), java_script_enabled=False).page
    expect(page.locator(".ar-genes")).to_contain_text("needs JavaScript")
    page.goto((site / "studies/dge/default.html").as_uri())
    assert page.locator("#lookup-card form").is_hidden()
    assert page.locator("#lookup-card a").first.is_visible()


@pytest.fixture
def small(tmp_path) -> Path:
    """The lookup page alone, to be damaged."""
    return alone(tmp_path, tables(), 5)


def test_numbers_that_are_missing_are_told_and_asked_for_again(small, opened):
    shard = small.parents[2] / "files/dge/default/lookup/shard_000.js"
    content = shard.read_bytes()
    shard.unlink()
    watched = opened(f"{small.as_uri()}#gene={quote(NAMES[0], safe='')}")
    status = watched.page.locator(".ar-gene-status")
    expect(status).to_contain_text("cannot be shown here: shard_000.js could not be loaded.")
    shard.write_bytes(content)
    position(watched.page, NAMES[1])
    shows(watched.page, NAMES[1])
    position(watched.page, NAMES[-1])
    shows(watched.page, NAMES[-1])


@pytest.mark.parametrize("name", ["index", "shard_000"])
def test_a_damaged_script_is_told(small, opened, name):
    folder = small.parents[2] / "files/dge/default/lookup"
    (folder / f"{name}.js").write_text("analysisReport.lookup('x', {\"genes\": []")
    page = opened(f"{small.as_uri()}#gene={quote(NAMES[0], safe='')}").page
    expect(page.locator(".ar-message")).to_contain_text(f"{name}.js is damaged")


def test_numbers_of_other_genes_are_not_taken_for_these(small, opened):
    folder = small.parents[2] / "files/dge/default/lookup"
    shutil.copy(folder / "shard_001.js", folder / "shard_000.js")
    page = opened(f"{small.as_uri()}#gene={quote(NAMES[0], safe='')}").page
    expect(page.locator(".ar-message")).to_contain_text("shard_000.js is damaged")


# Of full size


def test_every_one_of_12205_genes_is_at_hand(tmp_path, opened):
    rng = np.random.default_rng(7)
    letters = np.array(list("abcdefghiklmnoprstuvwxyz0123456789"))
    symbols = sorted({f"G{''.join(word)}" for word in rng.choice(letters, (12_400, 5))})[:12_205]
    path = alone(tmp_path, lookup_tables(symbols), lookup.GENES_PER_SHARD)
    assert next(tmp_path.rglob("index.js")).stat().st_size < 250_000
    watched = opened(f"{path.as_uri()}#gene={symbols[6000].upper()}")
    page = watched.page
    expect(page.locator(".ar-gene-plot .ar-identity")).to_be_visible(timeout=PATIENT)
    first = page.evaluate("performance.now()")
    shows(page, symbols[6000])
    for symbol in (symbols[0], symbols[-1]):
        position(page, symbol)
        shows(page, symbol)
    wrong = f"{symbols[77][:2]}{symbols[77][3]}{symbols[77][2]}{symbols[77][4:]}"
    started = page.evaluate("performance.now()")
    position(page, wrong)
    expect(page.locator(".ar-gene-status")).to_contain_text("among the 12,205 genes here")
    similar = page.evaluate("performance.now()") - started
    assert symbols[77] in page.locator(".ar-gene-answer a").all_inner_texts()
    watched.quiet()
    print(f"first answer after {first:.0f} ms, similar symbols after {similar:.0f} ms")

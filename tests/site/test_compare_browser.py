"""The page that compares runs: as it stands in the book, and in a real browser from a folder."""

from __future__ import annotations

import html
import json
import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from itertools import permutations
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from playwright.sync_api import Page, expect

from analysis_lib import files
from analysis_lib.figures.text import visible
from analysis_lib.files import PROJECT
from analysis_lib.runs.compare import EXPLANATION, Number, difference, verdict
from analysis_lib.site import Book, SiteRun, compare
from analysis_lib.site.check import HEAVIEST, read_page
from analysis_lib.site.privacy import Privacy
from tests.site.fixtures import DATA, HOSTILE, STUDY, new_record

VIEWS = {
    "wide": {"viewport": {"width": 1280, "height": 900}, "color_scheme": "light"},
    "phone": {"viewport": {"width": 390, "height": 844}, "color_scheme": "dark"},
}
VALUES = {  # value, low, high in each run
    "genes_up": ((46, None, None), (35, None, None), (46, None, None)),
    "accuracy": ((0.5, 0.4, 0.6), (0.9, 0.8, 1.0), (0.55, 0.45, 0.65)),
    "auc": ((0.5, 0.1, 0.95), (0.9, 0.8, 1.0), (None, None, None)),
    "same": ((1, None, None), (1, None, None), (1, None, None)),
}
RUNS = ("default", "strict", "mine")
GENES = ("TP53", "A2M", HOSTILE, "HLA-A/B #1 <i>")
CHOSEN = {"default": (0, 1, 2), "strict": (0, 3), "mine": (1,)}
FIGURES = {"default": ("volcano", "ma"), "strict": ("volcano", "ma"), "mine": ("volcano",)}
FIGURE = {"caption": f"Fold change {HOSTILE}", "alt": f"46 up {HOSTILE}", "height": 440}
PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010806000000"
    "1f15c4890000000d49444154789c6360606060000000050001a5f645400000000049454e44ae426082"
)
PARTS = ("parameters", "made", "metrics", "genes")
PRIVACY = Privacy(PROJECT)


def metrics_of(at: int) -> dict[str, Any]:
    return {
        name: {"label": f"{name} {HOSTILE}", "value": v[at][0], "low": v[at][1], "high": v[at][2]}
        for name, v in VALUES.items()
    }


def new_run(root: Path, name: str, metrics: dict[str, Any], **facts: Any) -> SiteRun:
    """Write what a comparison reads of a run."""
    folder = root / "runs" / name
    (folder / "figures").mkdir(parents=True)
    files.write_json(
        folder / "metrics.json",
        {"metrics": metrics, "headline": ["genes_up"], "picture": "volcano"},
    )
    for figure in FIGURES.get(name, ()):
        info = {**FIGURE, "name": figure}
        files.write_json(folder / "figures" / f"{figure}.info.json", info)
        (folder / "figures" / f"{figure}.png").write_bytes(PIXEL)
    if name in CHOSEN:
        blank = [""] * len(GENES)
        genes = {"words": f"p < 0.05 {HOSTILE}", "labels": [], "numbers": [], "gene": list(GENES)}
        genes |= {"also": blank, "role": blank, "chosen": list(CHOSEN[name])}
        files.write_json(folder / "genes.json", genes)
    parameters = {"p_threshold": 0.05, "data": None, **facts.pop("parameters", {})}
    record = new_record(name, parameters=parameters, data=[DATA], **facts)
    return SiteRun("dge", name, folder, record)


def new_book(root: Path) -> Book:
    strict = {"p_threshold": 0.01, "data": f"/somewhere/{HOSTILE}"}
    mine = {"data": f"/elsewhere/{HOSTILE}"}
    runs = [
        new_run(root, "default", metrics_of(0)),
        new_run(root, "strict", metrics_of(1), parameters=strict, changed=["p_threshold", "data"]),
        new_run(root, "mine", metrics_of(2), parameters=mine, changed=["data"]),
    ]
    runs[2] = replace(runs[2], stale=("the notebook",), listed=False)
    return Book(runs, [STUDY])


def publish(root: Path, book: Book) -> Path:
    """Put the comparing page of a book into a site of nothing else; return its address on disk."""
    shutil.copytree(PROJECT / "book" / "_static", root / "_static")
    compare.publish(book, root, PRIVACY)
    (root / "genes.html").write_text("<title>Genes</title>")
    for run in book.runs:
        shutil.copytree(run.folder / "figures", root / run.files / "figures")
        (root / run.page).parent.mkdir(parents=True, exist_ok=True)
        (root / f"{run.page}.html").write_text("<title>Run</title>")
    scripts = ("analysis", "analysis-tables", "analysis-gene", "analysis-genes", "analysis-compare")
    styles = ("analysis", "site", "compare")
    head = "".join(f'<link rel="stylesheet" href="../_static/{s}.css">' for s in styles)
    head += "".join(f'<script src="../_static/{name}.js"></script>' for name in scripts)
    head += '<meta name="viewport" content="width=device-width">'
    path = root / f"{compare.page_name('dge')}.html"
    path.parent.mkdir(parents=True)
    body = as_html(compare.page("dge", book, PRIVACY))
    path.write_text(f'<!doctype html><meta charset="utf-8"><title>x</title>{head}<body>{body}')
    return path


def as_html(markdown: str) -> str:
    """Return a page that is headings and blocks of HTML alone, as Markdown would write it."""
    _, _, content = markdown.split("---\n", 2)
    lines = [line for line in content.splitlines() if line and not line.startswith(":")]
    heading = re.compile(r"(#+) (.*)")
    return "".join(heading.sub(lambda m: f"<h{len(m[1])}>{m[2]}</h{len(m[1])}>", x) for x in lines)


@pytest.fixture(scope="module")
def book(tmp_path_factory) -> Book:
    return new_book(tmp_path_factory.mktemp("runs"))


@pytest.fixture(scope="module")
def place(tmp_path_factory, book) -> Path:
    """The page; not to be written to."""
    return publish(tmp_path_factory.mktemp("site"), book)


@pytest.fixture(params=VIEWS)
def view(request) -> dict[str, Any]:
    return VIEWS[request.param]


@pytest.fixture
def page(place, opened, view) -> Iterator[Page]:
    watched = opened(place.as_uri(), **view)
    expect(status(watched.page)).to_contain_text("beside")
    yield watched.page
    watched.page.wait_for_load_state("networkidle")
    width = watched.page.evaluate("document.documentElement.clientWidth")
    assert watched.page.evaluate("document.documentElement.scrollWidth") <= width
    watched.quiet()


def status(page: Page):
    return page.locator("[data-part=runs] [role=status]")


def box(page: Page, name: str):
    return page.get_by_role("checkbox", name=name, exact=True)


def reference(page: Page, name: str):
    return page.get_by_role("radio", name=f"reference: {name}", exact=True)


def written(page: Page, part: str) -> str:
    """Return the text of a part, however its lines break."""
    return re.sub(r"\s+", " ", page.locator(f"[data-part={part}]").text_content() or "").strip()


def position(page: Page, hash_: str) -> None:
    page.evaluate("hash => { location.hash = hash }", hash_)


# In the book


def test_a_study_is_compared_when_two_of_its_runs_have_results(book):
    one, other, _ = book.runs
    failed = replace(other, folder=None, record=None)
    assert compare.compared(book) == ["dge"]
    assert compare.compared(replace(book, runs=[one, failed])) == []


def test_the_page_is_the_same_twice_and_names_no_folder(book, tmp_path):
    pages = [compare.page("dge", book, PRIVACY) for _ in range(2)]
    assert pages[0] == pages[1]
    compare.publish(book, tmp_path, PRIVACY)
    script = (tmp_path / compare.FOLDER / "dge.js").read_text()
    for text in (*pages, script):
        assert "/somewhere" not in text
        assert "/elsewhere" not in text
    assert "<" not in script


def test_two_files_of_one_name_are_told_apart_without_their_folders(book):
    markdown = compare.page("dge", book, Privacy(Path("/srv")))
    name = json.dumps(Path(f"/x/{HOSTILE}").name, ensure_ascii=False)
    assert html.escape(visible(name)) in markdown
    assert html.escape(f"{visible(name)} (2)") in markdown


def test_the_page_holds_nothing_that_acts_and_no_figure_that_is_counted(place):
    read = read_page(place.parents[1], "compare/dge")
    acting = [what for what in read.acting if what != "script"]  # those of the head
    assert (acting, read.results, read.references) == ([], {}, [])
    assert "[a](javascript" in place.read_text()
    assert "javascript:alert(2)" not in {link[:19] for link in read.links}


def test_many_runs_with_many_metrics_make_no_heavy_page(tmp_path):
    metrics = {
        f"m{i}": {"label": f"Metric number {i}, without leaking features", "value": 0.123456}
        for i in range(150)
    }
    runs = [new_run(tmp_path, f"run-{i}", metrics) for i in range(12)]
    markdown = compare.page("dge", Book(runs, [STUDY]), PRIVACY)
    assert len(markdown) < HEAVIEST / 2
    assert f"the first {compare.SHOWN} of them" in markdown


def test_simulated_data_are_under_a_banner_that_names_the_runs(book):
    one, other, last = book.runs
    real = replace(last, record=replace(last.record, data=[{**DATA, "kind": "real"}]))
    mixed = compare.page("dge", replace(book, runs=[one, other, real]), PRIVACY)
    assert ":class: warning simulated" in mixed
    assert "stands behind default, strict:" in mixed
    only = [replace(run, record=real.record) for run in (real, replace(real, name="b"))]
    only[1] = replace(only[1], record=replace(real.record, run="b"))
    assert "simulated" not in compare.page("dge", replace(book, runs=only), PRIVACY)


# Without scripts


def test_the_page_is_whole_without_scripts_and_the_script_begins_with_the_same(place, opened, view):
    still = opened(place.as_uri(), java_script_enabled=False, **view).page
    alive = opened(place.as_uri(), **view).page
    expect(status(alive)).to_have_text("strict, mine beside default.")
    for part in PARTS:
        assert written(still, part) == written(alive, part)
        assert len(written(alive, part)) > 50
    sides = [p.locator(".ar-sides").first.text_content() for p in (still, alive)]
    assert sides[0] == sides[1]
    assert EXPLANATION in written(still, "metrics")
    assert still.locator(".ar-sides img").first.is_visible()
    links = still.locator("[data-part=runs] a").evaluate_all("all => all.map(a => a.textContent)")
    assert links == list(RUNS)
    for each in (still, alive):
        runs = written(each, "runs")
        assert runs.count("simulated data") == 3
        assert (runs.count("up to date"), runs.count("out of date")) == (2, 1)
        assert "Changed since: the notebook" in runs


# Choosing


def test_two_runs_of_an_address_are_shown_the_first_as_the_reference(page):
    position(page, "runs=strict,default")
    expect(status(page)).to_have_text("default beside strict.")
    heads = page.locator("[data-part=metrics] thead").first.locator("th").all_text_contents()
    assert heads == ["Metric", "strict (reference)", "default"]
    assert reference(page, "strict").is_checked()
    assert [box(page, name).is_checked() for name in RUNS] == [True, True, False]
    assert "p_threshold" in written(page, "parameters")


@pytest.mark.parametrize("pair", list(permutations(range(3), 2)), ids=str)
def test_every_two_runs_are_told_as_python_works_them_out(place, tab, pair):
    one, other = pair
    page = tab.page
    page.goto(f"{place.as_uri()}#runs={RUNS[one]},{RUNS[other]}")
    expect(status(page)).to_have_text(f"{RUNS[other]} beside {RUNS[one]}.")
    rows = page.locator("[data-part=metrics] tbody tr")
    said = {row.split(" ")[0]: row for row in rows.evaluate_all("r => r.map(x => x.textContent)")}
    assert set(said) == set(VALUES)
    for name, values in VALUES.items():
        numbers = [Number(*values[at]) for at in pair]
        change, words = difference(*numbers), verdict(*numbers)
        told = re.search(r"(?:([+−])([\d.]+) |[^+−\d.])([a-z]+( [a-z]+)?)$", said[name])
        assert told[3] == words
        if change:
            assert told[1] == ("+" if change > 0 else "−")
            assert float(told[2]) == pytest.approx(abs(change), rel=1e-3)
        else:
            assert told[2] is None
    counted = written(page, "metrics").partition(").")[0]
    verdicts = [verdict(Number(*v[one]), Number(*v[other])) for v in VALUES.values()]
    assert f"{sum(v != 'equal' for v in verdicts)} of 4 metrics differ" in counted


def test_runs_are_chosen_by_keyboard_and_the_address_says_which(page):
    box(page, "default").focus()
    page.keyboard.press("Space")
    expect(status(page)).to_have_text("mine beside strict.")
    expect(box(page, "default")).to_be_focused()
    assert reference(page, "strict").is_checked()
    assert page.url.endswith("#runs=strict,mine")
    for _ in range(6):  # the page of default, then strict, which the reference is
        page.keyboard.press("Tab")
        if reference(page, "strict").evaluate("field => field === document.activeElement"):
            break
    page.keyboard.press("ArrowDown")
    expect(status(page)).to_have_text("strict beside mine.")
    page.keyboard.press("ArrowDown")
    expect(status(page)).to_have_text("strict, mine beside default.")
    assert box(page, "default").is_checked(), "a reference is one of the runs"
    page.reload()
    expect(status(page)).to_have_text("strict, mine beside default.")


def test_one_run_is_not_compared_and_the_page_says_what_it_wants(page):
    for name in ("strict", "mine"):
        box(page, name).click()
    expect(status(page)).to_have_text("Choose two runs or more.")
    assert written(page, "metrics") == "–"
    assert page.locator("#ar-compare-figure").is_hidden()
    box(page, "default").click()
    expect(status(page)).to_have_text("Choose two runs or more.")
    box(page, "mine").click()
    box(page, "strict").click()
    expect(status(page)).to_have_text("strict beside mine.")


@pytest.mark.parametrize(
    ("hash_", "told"),
    [
        ("runs=default,strict,nobody", "There is no run “nobody” here. strict beside default."),
        ("runs=", "Choose two runs or more."),
        ("runs=default,default", "Choose two runs or more."),
        ("runs=constructor,default,mine", "There is no run “constructor” here. mine beside"),
        ("runs=default%2Cmine", "mine beside default."),
        ("runs=%E0%A4%A,default,mine", "mine beside default."),
        (
            f"runs={quote('<img src=x onerror=alert(1)>')},mine,strict",
            "<img src=x onerror=alert(1)",
        ),
        ("somewhere-else", "strict, mine beside default."),
        ("runs=default,mine&figure=constructor", "mine beside default."),
    ],
)
def test_an_address_that_makes_no_sense_is_told(tab, place, hash_, told):
    tab.page.goto(f"{place.as_uri()}#runs=default,strict&figure=ma")
    expect(status(tab.page)).to_have_text("strict beside default.")
    position(tab.page, hash_)
    expect(status(tab.page)).to_contain_text(told)
    tab.quiet()


# Genes and figures


def test_chosen_genes_lead_to_the_index_of_genes(page):
    position(page, "runs=strict,default")
    expect(status(page)).to_have_text("default beside strict.")
    assert "strict chose 2 genes and default 3: 1 in common, Jaccard index 0.25." in written(
        page, "genes"
    )
    links = page.locator("[data-part=genes] a")
    names = [visible(name).strip() for name in (GENES[3], *sorted(GENES[1:3], reverse=True))]
    assert sorted(links.all_text_contents()) == sorted(names)
    for link in links.all():
        name = quote(link.text_content(), safe="!'()*-._~")
        assert link.get_attribute("href") == f"../genes.html#gene={name}"
    links.first.click()
    page.wait_for_url("**/genes.html#gene=*")


def test_only_figures_of_all_chosen_runs_are_offered(page):
    options = page.locator("#ar-compare-figure option")
    assert options.all_text_contents() == ["volcano"]
    position(page, "runs=default,strict")
    expect(options).to_have_text(["volcano", "ma"])
    page.get_by_label("Figure", exact=True).select_option("ma")
    expect(page.locator(".ar-sides img")).to_have_count(2)
    sources = page.locator(".ar-sides img").evaluate_all("all => all.map(i => i.src)")
    assert [s.partition("/files/")[2] for s in sources] == [
        f"dge/{name}/figures/ma.png" for name in ("default", "strict")
    ]
    assert page.url.endswith("#runs=default,strict&figure=ma")
    page.wait_for_function(
        "[...document.querySelectorAll('.ar-sides img')].every(i => i.complete && i.naturalWidth)"
    )
    assert page.locator(".ar-sides a").first.get_attribute("href") == (
        "../studies/dge/default.html#figure-ma"
    )
    reference(page, "strict").click()
    expect(page.locator(".ar-sides b")).to_have_text(["strict", "default"])
    assert page.url.endswith("#runs=strict,default&figure=ma")


def test_figures_stand_beside_each_other_where_there_is_room(page, view):
    boxes = [each.bounding_box() for each in page.locator(".ar-sides figure").all()[:2]]
    beside = boxes[0]["y"] == boxes[1]["y"]
    assert beside == (view["viewport"]["width"] > 600)


def test_data_from_a_stranger_stands_there_and_does_nothing(page):
    for part in (*PARTS[:1], *PARTS[2:], "figures"):
        assert "<img src=x onerror=alert(1)>{{ 7*7 }}" in written(page, part)
    assert page.locator("img[src=x], [data-part] script").count() == 0


# When something is missing


@pytest.mark.parametrize("content", [None, "analysisReport.compare('dge/runs', {", "1;"])
def test_a_script_that_is_missing_or_damaged_leaves_the_page_as_it_was(
    tmp_path, book, opened, content
):
    path = publish(tmp_path, book)
    script = tmp_path / compare.FOLDER / "dge.js"
    if content is None:
        script.unlink()
    else:
        script.write_text(content)
    page = opened(path.as_uri()).page
    expect(page.locator(".ar-message")).to_contain_text("Other runs cannot be chosen here")
    assert "p_threshold" in written(page, "parameters")
    assert page.locator("[data-part=runs] table").is_visible()

"""Every figure of the built book, in a real browser, from disk: drawn, felt, taken, printed."""

from __future__ import annotations

import pytest
from playwright.sync_api import ElementHandle, Page

from tests.site import book
from tests.site.browsing import Watched

MARKS = ".scatterlayer .point, .barlayer .point path, .boxlayer path, .heatmaplayer image"
FELT = """plot => {
  plot.dataset.felt = "";
  plot.on("plotly_hover", () => (plot.dataset.felt = "yes"));
}"""
CENTRES = f"""plot => [...plot.querySelectorAll("{MARKS}")].slice(0, 40).map((mark) => {{
  const box = mark.getBoundingClientRect();
  return [box.x + box.width / 2, box.y + box.height / 2];
}})"""
STILLS = """() => [...document.querySelectorAll(".ar-figure")].filter((figure) => {
  const still = figure.querySelector(".ar-still");
  const box = still.getBoundingClientRect();
  return box.width < 100 || box.height < 50 || getComputedStyle(still).visibility === "hidden";
}).map((figure) => figure.id)"""


def test_there_is_a_book():
    book.needed()


@pytest.fixture
def watched(browser):
    context = browser.new_context(**book.VIEWS["wide"], offline=True)
    page = Watched(context.new_page())
    yield page
    page.quiet()
    context.close()


def visit(watched: Watched, name: str) -> Page:
    watched.page.goto((book.HTML / f"{name}.html").as_uri())
    return watched.page


def feel(page: Page, plot: ElementHandle) -> bool:
    """Move the mouse over a figure until it says something of a point."""
    plot.evaluate(FELT)
    box = plot.bounding_box()
    grid = [
        (box["x"] + box["width"] * across / 24, box["y"] + box["height"] * down / 16)
        for down in range(2, 15)
        for across in range(2, 23)
    ]
    for x, y in [*plot.evaluate(CENTRES), *grid]:
        page.mouse.move(x, y)
        if plot.get_attribute("data-felt"):
            return True
    page.wait_for_timeout(200)
    return bool(plot.get_attribute("data-felt"))


@pytest.mark.parametrize("name", book.studies())
def test_every_figure_answers_and_can_be_taken_away(watched, name):
    """It tells what is under the mouse, fills the screen, and leaves as PNG, SVG and CSV."""
    page = visit(watched, name)
    figures = page.locator(".ar-figure").evaluate_all("all => all.map(f => f.dataset.name)")
    assert sorted(figures) == book.results(name, "figures")
    unfelt = []
    for figure in figures:
        watched.drawn(figure)
        if not feel(page, page.query_selector(f"#figure-{figure} .ar-plot")):
            unfelt.append(figure)
        full = page.locator(f'#figure-{figure} button[data-do="full"]')
        full.click()
        page.wait_for_function("document.fullscreenElement !== null")
        full.click()
        page.wait_for_function("document.fullscreenElement === null")
        for kind, start in (("png", b"\x89PNG"), ("svg", b"<svg")):
            button = f'#figure-{figure} button[data-do="{kind}"]'
            picture = taken(page, button, f"{figure}.{kind}")
            assert picture.startswith(start)
            assert len(picture) > 2000
        data = taken(page, f"#figure-{figure} a[download]", f"{figure}.csv")
        assert data == (book.stored(name) / "figures" / f"{figure}.csv").read_bytes()
        assert data.count(b"\n") > 1
    assert unfelt == []


def taken(page: Page, place: str, name: str) -> bytes:
    """Press something that gives a file; return the file."""
    with page.expect_download() as download:
        page.click(place)
    assert download.value.suggested_filename == name
    return download.value.path().read_bytes()


@pytest.mark.parametrize("name", book.runs())
def test_every_table_is_whole_and_can_be_taken_away(watched, name):
    page = visit(watched, name)
    tables = page.locator("figure.ar-table")
    shown = tables.evaluate_all("all => all.map(t => t.id.replace('table-', ''))")
    assert sorted(shown) == book.results(name, "tables")
    for table in shown:
        place = page.locator(f"#table-{table}")
        assert place.locator("tbody tr").count() > 0
        data = taken(page, f"#table-{table} a[download]", f"{table}.csv")
        assert data == (book.stored(name) / "tables" / f"{table}.csv").read_bytes()


@pytest.mark.parametrize("name", book.runs()[:1])
def test_figures_follow_the_switch_of_the_theme(watched, name):
    page = visit(watched, name)
    figure = book.results(name, "figures")[0]
    watched.drawn(figure)
    ink = f"getComputedStyle(document.querySelector('#figure-{figure} .xtick text')).fill"
    seen = {page.evaluate(ink)}
    for _ in range(3):  # automatic, light, dark
        page.evaluate("scrollTo(0, 0)")
        page.locator(".theme-switch-button").first.click()
        page.wait_for_timeout(300)
        watched.drawn(figure)
        page.wait_for_timeout(300)
        seen.add(page.evaluate(ink))
    assert len(seen) == 2
    assert page.locator("[data-failed]").count() == 0


@pytest.mark.parametrize("name", book.runs())
def test_on_paper_every_figure_is_a_picture(watched, name):
    """Before: interactive figures that were never scrolled to were blank on paper."""
    page = visit(watched, name)
    assert len(page.pdf()) > 100_000
    page.emulate_media(media="print")
    assert page.evaluate(STILLS) == []
    page.wait_for_function(
        "[...document.querySelectorAll('.ar-still')].every(i => i.complete && i.naturalWidth > 0)"
    )
    hidden = page.locator(".bd-sidebar-primary, .ar-tools button, .bd-header-article")
    assert not any(hidden.nth(i).is_visible() for i in range(hidden.count()))

"""The built pages in a real browser, from a folder on disk."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.site.browsing import Watched
from tests.site.fixtures import HOSTILE, built_gallery, site

__all__ = ["site"]  # a fixture

RUNS = [f"studies/dge/{name}" for name in ("default", "strict", "older", "my-run")]
PAGES = [
    *("index", "genes", "data", "your-data", "how-it-works"),
    *("benchmarks", "clusters", "how-large"),
    *("studies/dge/broken", "compare/dge", *RUNS),
]
VIEWS = {
    "wide": {"viewport": {"width": 1280, "height": 900}, "color_scheme": "light"},
    "phone": {"viewport": {"width": 390, "height": 844}, "color_scheme": "dark"},
}


@pytest.fixture(params=VIEWS)
def page(request, browser: Browser) -> Iterator[Page]:
    context = browser.new_context(**VIEWS[request.param])
    watched = Watched(context.new_page())
    yield watched.page
    watched.quiet()
    context.close()


def visit(page: Page, site: Path, name: str) -> None:
    page.goto((site / f"{name}.html").as_uri())
    page.wait_for_load_state("load")


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_quiet_and_fits(page, site, name):
    visit(page, site, name)
    width = page.evaluate("document.documentElement.clientWidth")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.locator("article h1").count() == 1
    assert (
        page.locator("article img").evaluate_all(
            "images => images.filter(i => !i.alt).map(i => i.src)"
        )
        == []
    )


@pytest.mark.parametrize("name", RUNS[:1])
def test_every_figure_is_drawn_and_every_table_filled(page, site, name):
    visit(page, site, name)
    figures = page.locator("figure.ar-figure")
    assert figures.count() == 2
    for i in range(figures.count()):
        figures.nth(i).scroll_into_view_if_needed()
        page.wait_for_function(
            "i => document.querySelectorAll('.ar-figure')[i].dataset.drawn === 'true'", arg=i
        )
        assert figures.nth(i).locator("svg.main-svg").first.is_visible()
    assert page.locator("figure.ar-table tbody tr").count() == 10
    assert page.locator("figure[data-failed]").count() == 0


def test_the_landing_page_leads_to_the_study(page, site):
    visit(page, site, "index")
    picture = page.locator(".headline-figure")
    picture.scroll_into_view_if_needed()
    page.wait_for_function("document.querySelector('.headline-figure').naturalWidth > 0")
    page.locator(".studies .study").click()
    page.wait_for_url("**/studies/dge/default.html")


def test_data_from_a_stranger_stands_there_and_does_nothing(page, site):
    for name in ("studies/dge/broken", "studies/dge/my-run", "data"):
        visit(page, site, name)
        page.wait_for_timeout(200)
        assert HOSTILE.splitlines()[0] in page.locator("article").inner_text()
        assert page.locator("img[src='x']").count() == 0


def test_code_and_provenance_are_closed_until_they_are_asked_for(page, site):
    visit(page, site, "studies/dge/default")
    code = page.locator("div.cell details pre").first
    assert not code.is_visible()
    page.locator("div.cell details summary").first.click()
    assert code.is_visible()
    sheet = page.locator("#provenance details.sd-dropdown table").first
    assert not sheet.is_visible()
    page.locator("#provenance details.sd-dropdown summary").first.click()
    assert sheet.is_visible()


def test_the_search_works_from_a_folder_on_disk(page, site):
    page.goto((site / "search.html").as_uri() + "?q=leakage")
    found = page.locator("#search-results li a").first
    found.wait_for()
    assert "How it works" in page.locator("#search-results").inner_text()


def test_the_banner_of_simulated_data_is_the_first_thing_below_the_title(page, site):
    visit(page, site, "studies/dge/default")
    banner = page.locator(".admonition.simulated")
    assert banner.is_visible()
    assert banner.bounding_box()["y"] < 500


def test_the_pages_hold_together_when_scripts_are_off(browser, site):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    visit(page, site, "studies/dge/default")
    still = page.locator(".ar-still").first
    still.scroll_into_view_if_needed()
    assert still.is_visible()
    assert page.locator("figure.ar-table tbody tr").count() == 10
    context.close()


def test_the_gallery_has_a_page_for_every_file_of_html():
    target = built_gallery().target
    built = {
        p.relative_to(target).with_suffix("").as_posix()
        for p in target.rglob("*.html")
        if "_static" not in p.parts
    }
    assert built == {*PAGES, "search"}

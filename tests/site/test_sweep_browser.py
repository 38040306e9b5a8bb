"""The page of a sweep in a real browser, from a folder on disk."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Page

from analysis_lib import files
from analysis_lib.site import Book, SiteRun
from tests.site.browsing import Watched
from tests.site.fixtures import HOSTILE, METRICS, STUDY, finished, new_project, new_run
from tests.sweep_runs import genes_of, leave_run, metrics_of, new_sweep

pytestmark = pytest.mark.long
PAGE = "sweeps/dge/thresholds"
FIGURES = ("effect_1", "effect_2", "parallel")
GRID = {"p_threshold": [0.001, 0.01, 0.05, 0.2], "lfc_threshold": [0.5, 1.0, 2.0]}
VIEWS = {
    "wide": {"viewport": {"width": 1280, "height": 900}, "color_scheme": "light"},
    "phone": {"viewport": {"width": 390, "height": 844}, "color_scheme": "dark"},
}
DEFAULT = 13  # the number of the point in the middle
BRIGHT = """name => [...document.querySelectorAll(`#figure-${name} .scatterlayer .trace`)]
    .filter(trace => trace.querySelectorAll('path.point').length)
    .flatMap(trace => [...trace.querySelectorAll('path.point')]
        .map(point => point.style.opacity * (trace.style.opacity || 1)))
    .filter(opacity => opacity > 0.5).length"""


def published_default(project, sweep) -> SiteRun:
    """Give the default point of a sweep everything that a page of a run is made from."""
    values = {"p_threshold": 0.05, "lfc_threshold": 1.0, "data": None, "adjust": "none"}
    name = sweep.points[DEFAULT - 1].run.partition("/")[2]
    files.remove(project.root / "build" / "runs" / "dge" / name)
    metrics = {**METRICS, **metrics_of(values)}
    run = new_run(project, name, parameters=values, metrics=metrics)
    files.write_json(run.folder / "genes.json", genes_of(values))
    return replace(finished(run), listed=False)


@pytest.fixture(scope="module")
def html(tmp_path_factory) -> Path:
    """Build a book of 24 points; one failed, one waits, one has a page, a value is hostile."""
    project = new_project(tmp_path_factory.mktemp("sweep") / "a project")

    def leave(root, run, values):
        metrics = metrics_of(values)
        metrics["metrics"]["genes_up"]["value"] *= 2 if values["adjust"] == "none" else 1
        return leave_run(root, run, values, metrics=metrics)

    grid = {**GRID, "adjust": ["none", HOSTILE]}
    order = ("p_threshold", "lfc_threshold", "adjust")
    sweep = new_sweep(
        project.root / "build" / "runs", grid={name: grid[name] for name in order}, leave=leave
    )
    assert len(sweep.points) == 24
    points = list(sweep.points)
    points.insert(DEFAULT - 1, points.pop(14))  # at p 0.05, fold change 1, no adjustment
    points[4] = replace(points[4], status="failed", error=f"KeyError: {HOSTILE}")
    points[5] = replace(points[5], status="waiting")
    sweep = replace(sweep, points=points)
    run = published_default(project, sweep)
    project.build(Book([run], (STUDY,), citation="cite", sweeps=[sweep]))
    return project.target


@pytest.fixture(params=VIEWS)
def watched(request, browser) -> Iterator[Watched]:
    context = browser.new_context(**VIEWS[request.param])
    watched = Watched(context.new_page())
    yield watched
    watched.quiet()
    context.close()


def visit(page: Page, html: Path, name: str = PAGE) -> None:
    page.goto((html / f"{name}.html").as_uri())
    page.wait_for_load_state("load")


def test_the_page_fits_draws_everything_and_nothing_in_it_acts(watched, html):
    page = watched.page
    visit(page, html)
    for name in FIGURES:
        watched.drawn(name)
        assert page.locator(f"#figure-{name} svg.main-svg").first.is_visible()
    width = page.evaluate("document.documentElement.clientWidth")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.locator("figure[data-failed]").count() == 0
    text = page.locator("article").inner_text()
    assert "24 points: 22 good, 1 failed, 1 waiting." in text
    assert HOSTILE.splitlines()[0] in text
    assert page.locator("img[src='x']").count() == 0
    assert page.locator(".ar-plot a").count() == 0


def test_a_chosen_point_stands_out_in_every_figure(watched, html):
    page = watched.page
    visit(page, html)
    for name in FIGURES:
        watched.drawn(name)
    before = {name: page.evaluate(BRIGHT, name) for name in FIGURES}
    assert min(before.values()) >= 22
    page.locator("#figure-effect_1 select").select_option("point:3")
    for name, marks in (("effect_1", 3), ("effect_2", 3), ("parallel", 5)):
        page.wait_for_function(f"name => ({BRIGHT})(name) === {marks}", arg=name)
        assert page.locator(f"#figure-{name} select").input_value() == "point:3"
    told = page.locator("#figure-effect_1 .ar-chosen").inner_text()
    assert re.fullmatch(
        r"3: p_threshold 0\.001, lfc_threshold 1\.0, adjust none stands out\.", told
    )
    page.keyboard.press("Escape")
    for name in FIGURES:
        page.wait_for_function(f"name => ({BRIGHT})(name) === {before[name]}", arg=name)


def test_tables_are_sorted_and_points_lead_to_their_pages(browser, html):
    watched = Watched(browser.new_page())
    page = watched.page
    visit(page, html, "index")
    page.locator("#all-sweeps a", has_text="thresholds").click()
    page.wait_for_url(f"**/{PAGE}.html")
    genes = page.locator("#table-genes")
    assert genes.locator("tbody tr td").first.inner_text() == "TP53"
    genes.locator("th button", has_text="found").click()
    page.wait_for_function("document.querySelector('#table-genes th[aria-sort=ascending]')")
    assert genes.locator("tbody tr td").first.inner_text() == "EGFR"
    points = page.locator("#table-points")
    points.locator("th button", has_text="state").click()
    page.wait_for_function("document.querySelector('#table-points th[aria-sort=ascending]')")
    assert "failed" in points.locator("tbody tr").first.inner_text()
    with page.expect_download() as download:
        page.locator("article a", has_text="points.csv").click()
    assert download.value.path().read_text("utf-8").count("build/runs/") == 22
    page.locator("article a[href*='studies/dge/']").first.click()
    page.wait_for_url("**/studies/dge/thresholds-*.html")
    watched.quiet()
    page.close()


def test_without_scripts_there_are_still_pictures_and_the_first_rows(browser, html):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    visit(page, html)
    for name in FIGURES:
        still = page.locator(f"#figure-{name} .ar-still")
        still.scroll_into_view_if_needed()
        assert still.is_visible()
        assert len(still.get_attribute("alt") or "") > 40
    assert page.locator("#table-points tbody tr").count() == 10
    context.close()

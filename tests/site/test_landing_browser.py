"""The landing page and the look of all pages, in a real browser."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from analysis_lib.site import Book, SiteRun, StudyPage
from tests.site.browsing import Watched
from tests.site.fixtures import (
    CATALOGUE,
    DATA,
    METRICS,
    STUDY,
    Project,
    finished,
    new_failure,
    new_project,
    new_run,
    site,
)

__all__ = ["site"]  # a fixture

MADE = "2026-11-21T08:14:09Z"
WIDE, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}
TITLES = {
    "dge": "Differential expression",
    "leukemia_network": "Leukemia: a neural network",
    "leukemia_classical": "Leukemia: classical models",
    "ephys_lasso": "Neurons: expression from electrophysiology",
    "geo_validation": "Neurons: validation by sequencing",
}
QUESTION = "Which genes can be read off a neuron's electrophysiology, and which cannot?"
SERIOUS = {"serious", "critical"}


@pytest.fixture(scope="module")
def five(tmp_path_factory) -> Path:
    """The built site of a report of five studies, in five states."""
    project = new_project(tmp_path_factory.mktemp("five") / "a project")
    one, two, three, four = (of_study(project, name) for name in list(TITLES)[:4])
    older = replace(
        three, failure=replace(new_failure(project, "default"), study="leukemia_classical")
    )
    failed = replace(new_failure(project, "default"), study="geo_validation")
    runs = (
        one,
        replace(two, stale=("the notebook",)),
        older,
        four,
        SiteRun("geo_validation", "default", None, None, failed),
    )
    studies = [StudyPage(name, title, QUESTION, STUDY.parameters) for name, title in TITLES.items()]
    project.build(Book(runs, studies, CATALOGUE))
    return project.target


def of_study(project: Project, study: str) -> SiteRun:
    """Write a run of a study, with numbers that have long labels."""
    metrics = {
        "a": {"label": "Lasso, penalty chosen per gene, R² held out", "value": 0.468}
        | {"low": 0.285, "high": 0.665, "span": "half of the predictable genes"},
        "b": {"label": "Random forest, test accuracy", "value": 0.5, "low": 0.375, "high": 0.675},
    }
    file = {"name": "a.csv", "address": "https://example.org/a.csv", "sha256": "ab" * 32}
    data = [{**DATA, "kind": "real", "files": [file]}] if study == "ephys_lasso" else [DATA]
    run = new_run(
        project,
        study,
        data=data,
        metrics={**METRICS, "metrics": metrics, "headline": ["a", "b"]},
    )
    folder = run.folder.rename(run.folder.parent / f"of-{study}")
    record = replace(run.record, study=study, run="default")
    return finished(SiteRun(study, "default", folder, record))


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport=WIDE)
    watched = Watched(context.new_page())
    yield watched.page
    watched.quiet()
    context.close()


def visit(page: Page, site: Path, name: str = "index") -> None:
    page.goto((site / f"{name}.html").as_uri())
    page.wait_for_load_state("load")


# The first screen


def test_the_first_screen_has_every_study_and_what_came_of_published_numbers(page, five):
    visit(page, five)
    cards = page.locator(".studies > li")
    assert cards.count() == len(TITLES) + 1
    for card in cards.all():
        box = card.bounding_box()
        assert box["y"] + box["height"] <= WIDE["height"]
    assert page.locator(".tally").is_visible()


@pytest.mark.parametrize("width", [390, 800, 1280, 1900])
def test_the_cards_leave_no_gap(page, five, width):
    page.set_viewport_size({"width": width, "height": 900})
    visit(page, five)
    grid, last = (page.locator(where).bounding_box() for where in (".studies", ".tally"))
    assert last["x"] + last["width"] == pytest.approx(grid["x"] + grid["width"], abs=1)
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_a_card_leads_to_its_study_wherever_it_is_clicked(page, five):
    visit(page, five)
    page.locator(".study").nth(3).click(position={"x": 20, "y": 100})
    page.wait_for_url("**/studies/ephys_lasso/default.html")


def test_the_count_leads_to_the_table(page, five):
    visit(page, five)
    page.get_by_role("link", name="All 8 side by side").click()
    assert page.locator(".published").bounding_box()["y"] < WIDE["height"] / 2
    expect(
        page.get_by_role("heading", name="Reproduced against published").last
    ).to_be_in_viewport()


# Published numbers


@pytest.mark.parametrize("verdict", ["reproduced", "drifted"])
def test_the_keyboard_chooses_rows_by_verdict(page, five, verdict):
    visit(page, five)
    rows = page.locator(".published tbody tr[class^='is-']")
    assert page.locator(".published tbody tr.is-reproduced:visible").count() == 4
    page.locator(".verdicts input[value='all']").focus()
    for _ in range(["reproduced", "drifted"].index(verdict) + 1):
        page.keyboard.press("ArrowRight")
    shown = [row.get_attribute("class") for row in rows.all() if row.is_visible()]
    assert shown == [f"is-{verdict}"] * 4
    assert page.locator(".published tbody .group:visible").count() == 4  # not the failed study's


def test_nothing_is_chosen_that_is_not_there(page, five):
    visit(page, five)
    assert page.locator(".verdicts input[value='not-comparable']").is_disabled()


# Ages


@pytest.mark.parametrize(
    ("now", "words"),
    [
        ("2026-11-21T08:14:10Z", "just now"),
        ("2026-11-21T08:13:40Z", "just now"),  # clocks differ a little
        ("2026-11-21T08:15:09Z", "1 minute ago"),
        ("2026-11-21T10:20:00Z", "2 hours ago"),
        ("2026-11-22T09:00:00Z", "1 day ago"),
        ("2026-12-06T09:00:00Z", "2 weeks ago"),
        ("2027-02-01T00:00:00Z", "2 months ago"),
        ("2029-01-01T00:00:00Z", "2 years ago"),
        ("2026-11-20T00:00:00Z", "2026-11-21"),  # a clock that cannot be right
    ],
)
def test_the_age_of_a_run_is_told_by_the_readers_clock(page, five, now, words):
    page.clock.set_fixed_time(now)
    visit(page, five)
    made = page.locator(".made time").first
    expect(made).to_have_text(words)
    assert made.get_attribute("datetime") == MADE
    assert made.get_attribute("title") == "2026-11-21 08:14:09 UTC"


def test_the_age_grows_while_the_page_is_open(page, five):
    page.clock.install(time=MADE)
    visit(page, five)
    page.clock.fast_forward("05:00")
    expect(page.locator(".made time").first).to_have_text("5 minutes ago")


def test_on_paper_stands_the_date(page, five):
    page.clock.set_fixed_time("2026-11-21T10:20:00Z")
    visit(page, five)
    times = page.locator("time.age")
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    assert times.first.text_content() == "2026-11-21"
    page.evaluate("window.dispatchEvent(new Event('afterprint'))")
    assert times.first.text_content() == "2 hours ago"


def test_without_scripts_the_date_stands_and_rows_can_be_chosen(browser, five):
    context = browser.new_context(java_script_enabled=False, viewport=WIDE)
    page = context.new_page()
    visit(page, five)
    assert page.locator(".made time").first.text_content() == "2026-11-21"
    page.locator(".verdicts label", has_text="drifted").click()
    assert page.locator(".published .is-reproduced:visible").count() == 0
    context.close()


# Every page: contrast, names, sizes, paper, keyboard


def serious_faults(page: Page) -> list[tuple[str, list[str]]]:
    """Return what axe finds on a page at rest."""
    page.evaluate("Promise.all(document.getAnimations().map((each) => each.finished))")
    # Without its own copy of the style sheets, which a folder on disk does not give out.
    options = {"rules": {"target-size": {"enabled": True}}, "preload": False}
    return [
        (fault["id"], [node["html"][:200] for node in fault["nodes"]])
        for fault in Axe().run(page, options=options).response["violations"]
        if fault["impact"] in SERIOUS
    ]


@pytest.mark.parametrize(
    ("name", "scheme", "size"),  # what the built book has not; its own pages are tested, too
    [
        ("index", "light", PHONE),
        ("index", "dark", WIDE),
        ("studies/dge/broken", "light", WIDE),
        ("studies/dge/broken", "dark", PHONE),
    ],
)
def test_no_serious_fault_of_access(browser, site, name, scheme, size):
    context = browser.new_context(viewport=size, color_scheme=scheme)
    watched = Watched(context.new_page())
    visit(watched.page, site, name)
    for figure in watched.page.locator(".ar-figure").all():
        watched.drawn(figure.get_attribute("data-name"))
    assert serious_faults(watched.page) == []
    context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_serious_fault_of_access_on_cards_in_any_state(page, five, scheme):
    page.emulate_media(color_scheme=scheme)
    visit(page, five)
    assert serious_faults(page) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_paper_has_pictures_captions_and_provenance_and_nothing_to_press(page, site, scheme):
    page.emulate_media(color_scheme=scheme)
    visit(page, site, "studies/dge/default")
    page.emulate_media(media="print", color_scheme=scheme)
    for figure in page.locator(".ar-figure").all():
        assert figure.locator(".ar-still").is_visible()
        assert not figure.locator(".ar-plot").is_visible()
        assert figure.locator(".ar-caption").is_visible()
    for nothing in (
        "article button:not(th button)",
        ".ar-tools",
        ".prev-next-area",
        ".bd-sidebar-primary",
    ):
        assert page.locator(f"{nothing}:visible").count() == 0
    assert page.locator("#provenance table").first.is_visible()
    ink = page.locator("article p").first.evaluate("p => getComputedStyle(p).color")
    assert sum(map(int, ink[4:-1].split(","))) < 3 * 128  # dark, whatever the screen's colours


def test_titles_of_the_pages_before_and_after_fit_a_phone(page, five):
    page.set_viewport_size(PHONE)
    visit(page, five, "studies/geo_validation/default")
    titles = page.locator(".prev-next-title")
    assert titles.count() == 2
    for title in titles.all():
        box = title.bounding_box()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= PHONE["width"]
        assert title.evaluate("t => t.closest('a').scrollWidth <= t.closest('a').clientWidth")


def test_the_keyboard_reaches_the_search_the_pages_and_the_colours(page, site):
    visit(page, site, "studies/dge/default")
    reached = []
    for _ in range(150):  # the side bar is long
        page.keyboard.press("Tab")
        where = "e => [e.tagName, e.type, e.className, e.getAttribute('aria-label')].join(' ')"
        reached.append(page.locator(":focus").evaluate(where))
        if "theme-switch-button" in reached[-1]:
            break
    assert any("search" in each.lower() for each in reached)
    assert any("SUMMARY" in each and "Pages below" in each for each in reached)
    before = page.evaluate("document.documentElement.dataset.mode")
    page.keyboard.press("Enter")
    assert page.evaluate("document.documentElement.dataset.mode") != before

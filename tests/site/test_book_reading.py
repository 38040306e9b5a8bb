"""Every page of the built book as people read it: served, on a phone, by keyboard, by ear."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from analysis_lib.site.serving import serving
from tests.conftest import MEASURED
from tests.site import book
from tests.site.browsing import Watched

TABBABLE = "a[href], button, input, select, textarea, summary, [tabindex='0'], [contenteditable]"
REACHABLE = f"""() => [...document.querySelectorAll("{TABBABLE}")].filter((e) =>
  !e.disabled && e.tabIndex >= 0 && e.checkVisibility({{ checkVisibilityCSS: true }})
  && e.getBoundingClientRect().width > 0 && !e.closest("[inert]")
  && !(e.type === "radio" && !e.checked)
  && !e.closest(".bd-sidebar-secondary .nav .nav") // shown while its section is read
).map((e, i) => (e.dataset.stop = String(i)))"""
WIDER = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
PAINTED = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime"
PACKED = {".png", ".woff2", ".zip"}
SERIOUS = ("serious", "critical")


@pytest.fixture(scope="module")
def address(tmp_path_factory) -> Iterator[str]:
    """The book behind the server of `make serve`, with its policy of what a page may do."""
    book.needed()
    site = book.copy(tmp_path_factory.mktemp("book") / "html")
    with serving(site, port=0, say=lambda line: None) as started:
        yield started


def visiting(browser, view: str, home: str | None = None) -> Watched:
    return Watched(browser.new_context(**book.VIEWS[view]).new_page(), home)


def close(watched: Watched) -> None:
    watched.quiet()
    watched.page.context.close()


def first_paint(page: Page) -> float:
    """Return after how many milliseconds something was to be read; it can be after the load."""
    for _ in range(200):  # not `wait_for_function`, which the policy of served pages forbids
        if at := page.evaluate(PAINTED):
            return at
        page.wait_for_timeout(50)
    raise AssertionError("nothing was painted in ten seconds")


def barriers(page: Page) -> list[str]:
    """Return the serious and critical findings of axe-core on a page."""
    found = Axe().run(page, options={"preload": False}).response["violations"]
    return [
        f"{v['impact']}: {v['id']}: {node['target']} {node['html'][:160]}"
        for v in found
        if v["impact"] in SERIOUS
        for node in v["nodes"][:3]
    ]


@pytest.mark.parametrize("name", book.pages())
def test_a_served_page_is_light_fits_a_phone_and_keeps_nobody_out(
    browser, address, name, record_property
):
    """In dark colours, with every figure drawn; nothing asks another host, nothing scrolls off.

    A first visit loads 2.5 MB at most, compressed; how long it takes is told and not held.
    """
    watched = visiting(browser, "phone", address)
    page = watched.page
    page.goto(f"{address.rstrip('/')}/{name}.html")
    told = [f"first paint {first_paint(page) / 1000:.2f} s"]
    assert page.evaluate(WIDER) <= 0
    for figure in page.locator(".ar-figure").evaluate_all("all => all.map(f => f.dataset.name)"):
        watched.drawn(figure)
        if len(told) == 1:
            told.append(f"first figure {page.evaluate('performance.now()') / 1000:.2f} s")
    assert page.evaluate(WIDER) <= 0
    weight = sum(map(packed, {unquote(urlsplit(url).path) for url in watched.requests}))
    told.append(f"{weight / 1e6:.2f} MB")
    record_property(MEASURED, f"{name}: {', '.join(told)}")
    assert weight <= 2_500_000
    assert page.locator("[data-failed]").count() == 0
    if name in book.kinds() or name in book.runs():  # the rest is written like one of them
        assert barriers(page) == []
    close(watched)


@pytest.mark.parametrize("name", book.kinds())
def test_the_keyboard_reaches_everything(browser, name):
    """On one page of every kind, in light colours, from disk."""
    watched = visiting(browser, "wide")
    page = watched.page
    page.goto((book.HTML / f"{name}.html").as_uri())
    assert barriers(page) == []
    stops = set(page.evaluate(REACHABLE))
    reached, unseen = walk(page, len(stops))
    assert stops - reached == set()
    assert unseen == []
    close(watched)


def walk(page: Page, count: int) -> tuple[set[str], list[str]]:
    """Press Tab through a page; return what was reached, and what did not show that it was."""
    reached, unseen = set(), []
    page.evaluate("document.body.focus()")
    for _ in range(count + 40):
        page.keyboard.press("Tab")
        stop, shown, told = page.evaluate(
            """() => {
              const e = document.activeElement, s = getComputedStyle(e);
              const line = s.outlineStyle !== "none" && parseFloat(s.outlineWidth) > 0;
              const shown = line || s.boxShadow !== "none";
              return [e.dataset.stop ?? "", shown, e.outerHTML.slice(0, 120)];
            }"""
        )
        if stop and stop not in reached and not shown:
            unseen.append(told)
        reached.add(stop)
    return reached, unseen


@cache
def packed(path: str) -> int:
    """Return the bytes of a file as a server sends it, compressed where that pays."""
    file = book.HTML / path.lstrip("/")
    if not file.is_file():
        return 0
    content = file.read_bytes()
    return len(content) if Path(path).suffix in PACKED else len(gzip.compress(content, 6))

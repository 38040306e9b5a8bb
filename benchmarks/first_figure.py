"""A page of figures: what it weighs, and how soon its first figure is there, in a real browser.

Ours is the page of a run as the site has it. The peer's holds the same figures, by Plotly's own
renderer: one page of HTML with plotly.js in it, as a notebook is exported. Both come from a server
on this machine, to a browser that has seen neither; the first figure is scrolled to as soon as it
is in the page.
"""

from __future__ import annotations

import contextlib
import functools
import http.server
import shutil
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from analysis_lib import files
from benchmarks import rebuild
from benchmarks.harness import Claim, Way

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run")
WAIT = 60_000
"""Milliseconds after which a figure will not come any more."""

WATCH = """
window.benchmark = { first: null, drawn: 0 };
window.benchmarkDrawn = () => {
  window.benchmark.first = window.benchmark.first || performance.now();
  window.benchmark.drawn += 1;
};
let seen = null;
new MutationObserver((changes) => {
  const figure = document.querySelector(".ar-figure, .plotly-graph-div");
  if (figure && !seen) { seen = figure; figure.scrollIntoView(); }
  for (const { target, attributeName } of changes) {
    if (attributeName === "data-drawn" && target.dataset.drawn === "true") window.benchmarkDrawn();
  }
}).observe(document, { subtree: true, childList: true, attributes: true });
"""
"""Notes in a page when a figure is drawn: ours say so themselves, the peer's by a script."""


@dataclass(frozen=True)
class Visit:
    """What a first visit cost: seconds to the first figure, megabytes until then and in all."""

    first: float
    until: float
    whole: float


def claims(*, quick: bool) -> Iterator[Claim]:
    """Yield the claims about the pages of the site."""
    program = next(filter(None, map(shutil.which, PROGRAMS)), None)
    if not program:
        raise RuntimeError("there is no Chromium; on Debian: apt-get install chromium")
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        book = rebuild.Ours(root / "project", rebuild.NAMES[:1])
        book.timed(rebuild.Ours.forget)
        site = book.root / "book" / "_build" / "html"
        figures = sorted(
            (book.root / "build" / "runs" / "dge" / "default" / "figures").glob("*.json")
        )
        stored = [path for path in figures if not path.name.endswith(".info.json")]
        plain = site / "plain.html"
        files.write_text(plain, page(stored))
        addresses = {"ours": "studies/dge/default.html", "peer": plain.name}
        with _server(site) as home, _browser(program) as browser:
            visits: dict[str, list[Visit]] = {who: [] for who in addresses}

            def visit(who: str) -> Visit:
                return _visit(browser, f"{home}/{addresses[who]}", len(stored))

            def first(who: str) -> float:
                visits[who].append(visit(who))
                return visits[who][-1].first

            rounds = 1 if quick else 7
            of = f"on the first visit of a page of {len(stored)} figures"
            ours, peer = "the page of a run", "Plotly's renderer, one HTML file"

            def check() -> None:
                for who in addresses:
                    visit(who)  # waits until every figure is drawn

            yield Claim(
                "first_figure",
                "First figure",
                f"Seconds until the first figure is drawn, {of}",
                "s",
                Way(ours, lambda: first("ours")),
                [Way(peer, lambda: first("peer"))],
                check,
                rounds=rounds,
            )
            for name, title, what, attribute in (
                (
                    "weight_first",
                    "Weight, first figure",
                    "until its first figure is drawn",
                    "until",
                ),
                ("weight_whole", "Weight, all figures", "with every figure drawn", "whole"),
            ):
                told = {
                    who: iter([getattr(v, attribute) for v in of]) for who, of in visits.items()
                }
                yield Claim(
                    name,
                    title,
                    f"What is loaded {of}, {what}",
                    "MB",
                    Way(ours, functools.partial(next, told["ours"])),
                    [Way(peer, functools.partial(next, told["peer"]))],
                    check=lambda: None,
                    rounds=rounds,
                    notes=lambda: [
                        "Ours has the theme, navigation and search of a book; the peer's nothing "
                        "but the figures. Nothing is compressed on the way."
                    ],
                )


def page(figures: list[Path]) -> str:
    """Return one page with figures as Plotly writes them, plotly.js within."""
    from plotly import io  # noqa: PLC0415  (takes a second)

    parts = [
        io.to_html(
            io.from_json(path.read_text(encoding="utf-8")),
            full_html=False,
            include_plotlyjs=not at,
            post_script="window.benchmarkDrawn();",
            div_id=f"figure{at}",
        )
        for at, path in enumerate(figures)
    ]
    head = "<!DOCTYPE html><html><head><meta charset='utf-8'></head>"
    return f"{head}<body>{''.join(parts)}</body></html>"


class _Quiet(http.server.SimpleHTTPRequestHandler):
    """Serves a folder and says nothing."""

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@contextlib.contextmanager
def _server(folder: Path) -> Iterator[str]:
    handler = functools.partial(_Quiet, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


@contextlib.contextmanager
def _browser(program: str) -> Iterator[Any]:
    from playwright.sync_api import sync_playwright  # noqa: PLC0415  (starts a process)

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=list(ARGUMENTS))
        try:
            yield browser
        finally:
            browser.close()


def _visit(browser: Any, address: str, figures: int) -> Visit:
    context = browser.new_context(viewport={"width": 1280, "height": 860})  # with an empty cache
    try:
        tab = context.new_page()
        loaded: list[float] = []
        network = context.new_cdp_session(tab)
        network.send("Network.enable")
        network.on("Network.loadingFinished", lambda e: loaded.append(e["encodedDataLength"]))
        tab.add_init_script(WATCH)
        tab.goto(address, wait_until="commit")
        tab.wait_for_function("window.benchmark && window.benchmark.first", timeout=WAIT)
        first = tab.evaluate("window.benchmark.first")
        until = sum(loaded)
        places = tab.locator(".ar-figure, .plotly-graph-div")
        for at in range(places.count()):
            places.nth(at).scroll_into_view_if_needed()
        tab.wait_for_function(f"window.benchmark.drawn >= {figures}", timeout=WAIT)
        return Visit(first / 1e3, until / 1e6, sum(loaded) / 1e6)
    finally:
        context.close()

"""The local server in a real browser: what its policy lets through, and pages that renew."""

from __future__ import annotations

import contextlib
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import plotly
import pytest
from playwright.sync_api import Browser

from analysis_lib import files
from analysis_lib.site.key import MARK
from analysis_lib.site.serving import serve, serving, web
from tests import figure_tables
from tests.site.browsing import Watched
from tests.site.figure_page import FigurePage
from tests.site.fixtures import gallery, new_project, site

__all__ = ["site"]  # a fixture

PLANTED = "<script>document.title = 'planted'</script><img src=x onerror=\"alert(1)\">"
MET = "window.met = []; addEventListener('securitypolicyviolation', e => met.push(e.blockedURI))"


@pytest.fixture
def watched(browser: Browser) -> Iterator[Watched]:
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    context.add_init_script(MET)
    yield Watched(context.new_page())
    context.close()


def pages_of(folder: Path) -> list[str]:
    found = (path.relative_to(folder) for path in folder.rglob("*.html"))
    return sorted(path.as_posix() for path in found if path.parts[0] not in ("_static", "files"))


def quiet(watched: Watched, address: str) -> None:
    """Fail unless the page did all it wanted, at this address alone."""
    assert watched.page.evaluate("met") == []
    left = f"failed: {address}{web.EVENTS[1:]}"  # a page that is left stops listening
    assert [fault for fault in watched.faults if fault != left] == []
    asked = [url for url in watched.requests if not url.startswith(("data:", "blob:"))]
    assert [url for url in asked if not url.startswith(address)] == []


def test_no_page_asks_for_more_than_the_policy_allows(watched, site):
    with serving(site, port=0, say=pytest.fail) as address:
        for name in pages_of(site):
            watched.page.goto(f"{address}{name}", wait_until="load")
            for figure in watched.page.locator("figure.ar-figure").all():
                watched.drawn((figure.get_attribute("id") or "").removeprefix("figure-"))
            assert watched.page.evaluate("document.documentElement.dataset.mode") == "auto"
            quiet(watched, address)
        watched.page.goto(f"{address}search.html?q=leakage")
        watched.page.locator("#search-results li a").first.wait_for()
        quiet(watched, address)
        watched.page.goto("about:blank")


def kinds() -> dict[str, str]:
    """Return one figure for each kind of what Plotly draws."""
    return {
        "+".join(sorted({trace.type for trace in figure.data})): name
        for name, figure in figure_tables.every_figure().items()
    }


@pytest.mark.parametrize("evaluating", [False, True])
def test_every_kind_of_figure_is_drawn_and_downloaded(watched, tmp_path, evaluating):
    """Only points drawn by the graphics card need more; without it there was an empty figure."""
    page = FigurePage(tmp_path / "site")
    names = [name for kind, name in kinds().items() if evaluating or kind != "scattergl"]
    turning = kinds()["scatter3d"]
    for name in names:
        page.figure(figure_tables.every_figure()[name], name)
    page.write()
    (page.folder / "favicon.ico").touch()
    script = page.folder / "files" / "plotly.min.js"
    script.unlink()  # a link out of the site, which is not served
    shutil.copy(Path(plotly.__file__).parent / "package_data" / "plotly.min.js", script)
    (page.folder / MARK).write_text("{}")
    with serving(page.folder, port=0, say=pytest.fail) as address:
        answer = watched.page.goto(address)
        assert ("unsafe-eval" in answer.headers["content-security-policy"]) is evaluating
        for name in (*names, turning):
            watched.drawn(name)
        assert watched.page.locator(f"#figure-{turning} canvas").count() > 0
        for button, ending in (("PNG", ".png"), ("SVG", ".svg")):
            with watched.page.expect_download() as download:
                watched.page.locator(f"#figure-{turning}").get_by_role(
                    "button", name=button
                ).click()
            assert download.value.suggested_filename.endswith(ending)
            assert download.value.path().stat().st_size > 1000
        quiet(watched, address)
        watched.page.goto("about:blank")


def test_a_planted_script_does_not_run_and_nothing_evaluates_text(watched, site, tmp_path):
    """Without the policy both ran: a page on disk has nobody to forbid it."""
    folder = tmp_path / "site"
    shutil.copytree(site, folder)
    page = (folder / "index.html").read_text(encoding="utf-8")
    for place in ("<title>", "</article>"):
        page = page.replace(place, f"{PLANTED}{place}", 1)
    (folder / "index.html").write_text(page, encoding="utf-8")
    with serving(folder, port=0, say=pytest.fail) as address:
        watched.page.goto(address, wait_until="load")
        assert watched.page.title() != "planted"
        assert watched.page.evaluate("met").count("inline") == 4
        assert not [fault for fault in watched.faults if fault.startswith("dialog")]
        evaluated = "new Promise(done => { try { done(eval('1')) } catch (e) { done(e.name) } })"
        tag = f"({evaluated}).then(name => document.body.dataset.evaluated = name)"
        (folder / "try.js").write_text(tag)
        watched.page.add_script_tag(url=f"{address}try.js")
        watched.page.wait_for_selector("body[data-evaluated=EvalError]")
        assert web.version(folder)
        watched.page.goto("about:blank")


def test_another_origin_can_neither_frame_nor_load_what_is_served(watched, site):
    """Figures' data are scripts: any page open in the same browser could have loaded them."""
    with (
        serving(site, port=0, say=pytest.fail) as own,
        serving(site, port=0, say=pytest.fail) as other,
    ):
        watched.page.goto(own.replace("127.0.0.1", "localhost") + "no-such-page")
        name = next(site.glob("files/*/*/figures/*.js")).relative_to(site).as_posix()
        load = (
            "address => new Promise(done => { const s = document.createElement('script');"
            " s.src = address; s.onload = () => done('loaded'); s.onerror = () => done('refused');"
            " document.documentElement.append(s); })"
        )
        watched.page.goto("data:text/html,<p>another origin</p>")
        assert watched.page.evaluate(load, f"{other}{name}") == "refused"
        frame = (
            "address => new Promise(done => { const f = document.createElement('iframe');"
            " f.src = address; f.onload = () => done(true); document.body.append(f); })"
        )
        watched.page.evaluate(frame, other)
        assert watched.page.frames[-1].locator("article").count() == 0


def test_a_page_loads_itself_again_when_the_site_was_rebuilt(watched, tmp_path):
    project = new_project(tmp_path / "a project")
    book = gallery(project)
    project.build(book)
    built: list[int] = []
    ready, over = threading.Event(), threading.Event()
    address: list[str] = []

    def rebuild() -> None:
        if over.is_set():
            raise KeyboardInterrupt
        project.build(book)
        built.append(1)

    def run() -> None:
        with contextlib.suppress(KeyboardInterrupt):
            serve(
                project.target,
                rebuild=rebuild,
                watched=[project.root / "book", project.root / "_config.yml"],
                port=0,
                say=lambda line: None,
                ready=lambda served: (address.append(served), ready.set()),
            )

    thread = threading.Thread(target=run)
    thread.start()
    written = project.root / "book" / "how-it-works.md"
    before = written.read_text(encoding="utf-8")
    try:
        ready.wait()
        watched.page.goto(f"{address[0]}how-it-works.html#leakage")
        watched.page.evaluate("window.loadedOnce = true")
        files.write_text(written, f"{before}\nA sentence that was not there.\n")
        watched.page.get_by_text("A sentence that was not there.").wait_for(timeout=120_000)
        assert watched.page.evaluate("window.loadedOnce") is None
        assert watched.page.url.endswith("#leakage")
        watched.page.wait_for_timeout(3000)  # the build's own files start no other build
        assert len(built) == 1
        quiet(watched, address[0])
        watched.page.goto("about:blank")
    finally:
        over.set()
        while thread.is_alive():
            files.write_text(written, before)
            thread.join(0.5)

"""The site: what a reader finds is what was made, and nothing in it acts.

Faults 4, 10, 11, 12 and 14.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import nbformat
import psutil
import pytest
from nbformat.v4 import new_output

from analysis_lib import files
from analysis_lib.errors import SiteError
from analysis_lib.figures.embed import FIGURE_MIME
from analysis_lib.runs.lock import hold
from analysis_lib.runs.record import NOTEBOOK
from analysis_lib.site import Book, SiteRun
from tests.faults.guards import Guard
from tests.site.fixtures import (
    HOSTILE,
    STUDY,
    Project,
    finished,
    new_run,
    project,
    site,
)

GUARDS = [
    Guard(
        "analysis_lib/site/build.py",
        '"-W", "--keep-going"',
        '"--keep-going"',
        "test_a_warning_stops_the_build_and_is_told_in_one_line",
    ),
    Guard(
        "analysis_lib/site/outputs.py",
        "if _PLOTLY in output.data or not plain or plain.startswith(_UNSEEN):",
        "if False:",
        "test_a_figure_that_the_page_would_drop_stops_the_build",
    ),
]

__all__ = ["project", "site"]  # fixtures


def book(*runs: SiteRun) -> Book:
    return Book(runs, [STUDY])


def old_site(project: Project) -> dict[str, bytes]:
    """Put something in the place of the site, and return what must not change."""
    project.target.mkdir(parents=True)
    (project.target / "index.html").write_text("the old site")
    return contents(project.target)


def contents(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def showing(run: SiteRun, bundle: dict[str, object]) -> SiteRun:
    """Return a run whose last cell shows one thing more."""
    notebook = nbformat.read(run.folder / NOTEBOOK, as_version=4)
    notebook.cells[-1].outputs.append(new_output("display_data", bundle))
    nbformat.write(notebook, run.folder / NOTEBOOK)
    return finished(run)


# 4 — two builds in one folder


@pytest.mark.fault(
    "two builds at once",
    by="a lock that another process holds",
    survives="the second says who holds it, waits, and builds",
)
def test_a_second_build_says_who_holds_the_site_and_waits(project):
    """Before: two builds at once both exited 0, and the last writer won."""
    said, held, free = [], threading.Event(), threading.Event()

    def first_builder() -> None:
        with hold(project.root / "build" / "site.lock", "The site", lambda line: None):
            held.set()
            free.wait(60)

    first = threading.Thread(target=first_builder)
    first.start()
    held.wait(60)
    second = threading.Thread(target=lambda: project.build(book(new_run(project)), said.append))
    second.start()
    deadline = time.monotonic() + 30
    while not said and time.monotonic() < deadline:
        time.sleep(0.01)
    waited_for = list(said)
    built_meanwhile = project.target.exists()
    free.set()
    first.join()
    second.join()
    assert len(waited_for) == 1
    holder = rf"being written by process {os.getpid()} \(since \d\d:\d\d:\d\d\); waiting"
    assert re.search(holder, waited_for[0])
    assert not built_meanwhile
    assert (project.target / "index.html").exists()


# 10 — a page without its figures


@pytest.mark.fault(
    "a figure in a form that the page would drop",
    by="Plotly's own output in an executed notebook",
    survives="the build stops and names the cell; the old site stands",
)
def test_a_figure_that_the_page_would_drop_stops_the_build(project):
    """Before: Plotly's own output was dropped by myst-nb: no figure, and a green build."""
    bundle = {"application/vnd.plotly.v1+json": {"data": []}, "text/plain": "Figure()"}
    run = showing(new_run(project), bundle)
    before = old_site(project)
    with pytest.raises(SiteError, match="would not be seen") as error:
        project.build(book(run))
    assert error.value.where == "dge/default, cell 8"
    assert contents(project.target) == before


@pytest.mark.fault(
    "a figure that a run has made, and its page does not show",
    by="its output taken out of the notebook",
    survives="the build stops and names page and figure; the old site stands",
)
def test_figures_are_counted_on_the_built_page(project):
    """Before: nobody noticed that a figure the run had made was not on its page."""
    run = new_run(project)
    path = run.folder / NOTEBOOK
    notebook = nbformat.read(path, as_version=4)
    for cell in notebook.cells:
        if any(FIGURE_MIME in output.get("data", {}) for output in cell.get("outputs", [])):
            cell.outputs = []
            break
    nbformat.write(notebook, path)
    before = old_site(project)
    with pytest.raises(SiteError) as error:
        project.build(book(finished(run)))
    assert "studies/dge/default shows figures/volcano 0 times instead of 1" in error.value.got
    assert contents(project.target) == before
    assert [p.name for p in project.target.parent.iterdir()] == ["html"]


# 11 — a green build of a broken book


@pytest.mark.fault(
    "a missing page, a broken directive",
    by="both written into a page of the book",
    survives="the build stops, each is told in a line; the old site stands",
)
def test_a_warning_stops_the_build_and_is_told_in_one_line(project):
    """Before: a missing page and a broken directive were warnings, and the build was green."""
    page = project.root / "book" / "how-it-works.md"
    page.write_text(page.read_text() + "\n[a page](no-such-page.md)\n\n```{nosuch}\n```\n")
    before, said = old_site(project), []
    with pytest.raises(SiteError) as error:
        project.build(book(new_run(project)), said.append)
    assert "how-it-works.md" in error.value.got
    assert "WARNING" in error.value.got
    assert any("no-such-page.md" in line for line in said)
    assert any("nosuch" in line for line in said)
    assert not any(str(project.root) in line for line in said)
    assert contents(project.target) == before


@pytest.mark.fault(
    "a run that was taken out of the report",
    by="a second build without it",
    survives="no page, file or entry of the search is left of it",
)
def test_a_run_that_is_gone_leaves_no_page_behind(project):
    """Before: a page removed from the contents stayed in the output and in the search."""
    run, other = new_run(project), new_run(project, "other")
    project.build(book(run, other))
    assert (project.target / "studies/dge/other.html").exists()
    report = project.build(book(run))
    assert report.built
    assert not (project.target / "studies/dge/other.html").exists()
    assert not (project.target / "files/dge/other").exists()
    assert "studies/dge/other" not in (project.target / "searchindex.js").read_text()


@pytest.mark.fault(
    "a result that was changed after its run",
    by="a table overwritten",
    survives="the build stops and names the file; nothing is published",
)
def test_results_that_were_touched_are_not_published(project):
    """Before: a half-written or edited result was shown as if the run had made it."""
    run = new_run(project)
    (run.folder / "figures" / "volcano.csv").write_text("cut")
    with pytest.raises(SiteError, match="not those that were recorded") as error:
        project.build(book(run))
    assert error.value.where == "figures/volcano.csv"
    assert not project.target.exists()


@pytest.mark.fault(
    "Ctrl-C while Jupyter Book is running",
    by="SIGINT to the builder",
    survives="no process is left; the old site stands, byte by byte",
)
@pytest.mark.skipif(os.name != "posix", reason="signals")
def test_an_interrupted_build_leaves_the_old_site_and_no_process(project):
    """Before: Ctrl-C left Sphinx running, and half a site in the place of the old one."""
    new_run(project)
    before = old_site(project)
    code = (
        "from pathlib import Path\n"
        "from analysis_lib.runs.record import read_record\n"
        "from analysis_lib.site import Book, SiteRun\n"
        "from tests.site.fixtures import Project, STUDY\n"
        f"project = Project(Path({str(project.root)!r}))\n"
        "folder = project.root / 'build/runs/dge/default'\n"
        "project.build(Book([SiteRun('dge', 'default', folder, read_record(folder))], [STUDY]),\n"
        "              lambda line: print(line, flush=True))\n"
    )
    builder = subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=files.PROJECT,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert builder.stdout is not None
    while "Jupyter Book" not in builder.stdout.readline():
        assert builder.poll() is None
    children = wait_for_children(builder.pid)
    builder.send_signal(signal.SIGINT)
    assert builder.wait(5) != 0
    builder.stdout.close()
    _, alive = psutil.wait_procs(children, timeout=2)
    assert not alive
    assert contents(project.target) == before
    assert [p.name for p in project.target.parent.iterdir()] == ["html"]


def wait_for_children(pid: int) -> list[psutil.Process]:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        if children := psutil.Process(pid).children(recursive=True):
            return children
        time.sleep(0.01)
    raise AssertionError("Jupyter Book was not started")


# 12 — text that acts


@pytest.mark.fault(
    "output of a notebook that acts on the page",
    by="HTML, LaTeX, JavaScript and SVG with scripts",
    survives="the build stops and names the cell",
)
@pytest.mark.parametrize(
    "bundle",
    [
        {"text/html": f"<b>{HOSTILE}</b>", "text/plain": "<IPython.core.display.HTML object>"},
        {"text/html": f"<b>{HOSTILE}</b>"},
        {"text/latex": r"\href{javascript:alert(1)}{x}"},
        {"application/javascript": "alert(1)"},
        {"image/svg+xml": "<svg onload='alert(1)'/>"},
    ],
    ids=["HTML", "HTML alone", "LaTeX", "JavaScript", "SVG"],
)
def test_what_a_notebook_writes_itself_is_not_published(project, bundle):
    """Before: `HTML(f"…{gene}")`, `Markdown(…)` and `text/latex` ran scripts from gene names."""
    run = showing(new_run(project), bundle)
    with pytest.raises(SiteError, match="would not be seen on its page"):
        project.build(book(run))


@pytest.mark.fault(
    "text from data that acts in HTML, Markdown or MyST",
    by="it stands in names, parameters, errors and titles of runs",
    survives="it is on every page as text; nothing in any page or script acts",
)
def test_hostile_text_stands_on_the_pages_as_it_was_written(site):
    """Before: scripts ran from gene names, file names, error messages and titles."""
    pages = {path.stem: path.read_text() for path in site.rglob("*.html")}
    escaped = "&lt;/script&gt;&lt;img src=x onerror=alert(1)&gt;{{ 7*7 }} $x$ ```{raw} html"
    for name in ("default", "broken", "older", "my-run", "data"):
        assert escaped in pages[name]
    for text in pages.values():
        assert "<img src=x" not in text
        assert "49 $x$" not in text
        assert 'href="javascript:' not in text
    scripts = [path.read_text() for path in (site / "files").rglob("*/*/*/*.js")]
    assert scripts
    assert not any("</script>" in text for text in scripts)


# 14 — what is nobody's business


@pytest.mark.fault(
    "folders and user names in what is published",
    by="runs with paths of this machine in parameters and output",
    survives="no file of the site names a folder of this machine",
)
def test_no_local_path_is_published(site):
    """Before: `_sources/` and the notebooks told the builder's folders and user name."""
    assert not (site / "_sources").exists()
    project_folder = str(site.parents[2])
    for path in (p for p in site.rglob("*") if p.suffix in (".html", ".json", ".ipynb", ".js")):
        text = path.read_text()
        assert project_folder not in text, path
        assert str(files.PROJECT) not in text or path.name == "searchindex.js", path
    notebook = json.loads((site / "files/dge/my-run/notebook.ipynb").read_text())
    assert "papermill" not in notebook["metadata"]
    assert all("execution" not in cell["metadata"] for cell in notebook["cells"])
    parameters = json.loads((site / "files/dge/my-run/params.json").read_text())
    assert parameters["data"] == "data/genes.csv"

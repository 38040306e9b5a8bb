"""Runs and hand-written pages → Jupyter Book → a checked site, published in one step."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from analysis_lib import files
from analysis_lib.errors import SiteError, without_colours
from analysis_lib.runs import lock, processes, surroundings
from analysis_lib.site.facts import Book, SiteReport
from analysis_lib.site.key import is_current, page_count, site_key, write_mark

Say = Callable[[str], None]

SHOWN = 8
"""Warnings of Sphinx that are told at most."""

LIMIT = 900
"""Seconds that Jupyter Book may take."""

_JUPYTER_BOOK = "from jupyter_book.cli.main import main; main(prog_name='jupyter-book')"
_WARNING = re.compile(r"\b(WARNING|ERROR|CRITICAL|SEVERE|\w*Exception|\w*Error):")


def build_site(book: Book, *, project: Path, target: Path, say: Say = print) -> SiteReport:
    """Build the site of a report in `target`, or leave it alone when nothing changed.

    What fails leaves the site that was there as it was: the new one takes its place in one
    step, after it passed its checks. A failed run is no failure of the site; the report names it.

    Parameters
    ----------
    book : Book
        The runs, the studies and the data sets to show.
    project : Path
        The folder with `book/` and `_config.yml`; work is done in its `build/`.
    target : Path
        The folder of the published site.
    say : callable
        Called with every line for the user.
    """
    started, work = time.monotonic(), project / "build"
    failed = tuple(run.id for run in book.runs if run.status == "failed")

    def report(built: bool) -> SiteReport:
        seconds = round(time.monotonic() - started, 2)
        return SiteReport(target, built, page_count(target), seconds, failed)

    with files.told("The book could not be built; what was there is untouched.", work, SiteError):
        _end_left(work, target, say)
        key = site_key(book, project)
        if is_current(target, key, say) and not _litter(work, target):
            return report(built=False)
        with lock.hold(work / "site.lock", "The site", say):
            for path in _litter(work, target):
                files.remove(path)
            if is_current(target, key):  # another process built it while this one waited
                return report(built=False)
            _build(book, key, project, target, say)
        return report(built=True)


def _build(book: Book, key: str, project: Path, target: Path, say: Say) -> None:
    # Imported here, since a build with nothing to do needs none of it.
    from analysis_lib.site import incremental
    from analysis_lib.site.assemble import Material, assemble, publish
    from analysis_lib.site.check import check_site

    work, lock_file = project / "build", project / "requirements.lock"
    source, output = work / "book-src", work / "book-html"
    fresh = work / f"{files.TEMPORARY}book-src"
    html = target.parent / f"{files.TEMPORARY}{target.name}"
    try:
        say(f"site: assembling {len(book.runs)} runs")
        material = Material.of(book, project)
        expected = assemble(material, fresh)
        say("site: Jupyter Book")
        anew = not incremental.begin(fresh, source, output, lock_file, say)
        pages = jupyter_book(source, output, say, anew=anew)
        incremental.done(source, output, lock_file)
        shutil.copytree(pages, html)
        incremental.settle(html)
        publish(material, html)
        check_site(html, expected, project)
        write_mark(html, key)
        files.replace_folder(html, target)
    finally:
        files.remove(html)
        files.remove(fresh)


def _end_left(work: Path, target: Path, say: Say) -> None:
    """End what a killed driver left running: Jupyter Book, or the rebuild of a served book."""
    if left := processes.left_behind(target.parent, work / "book-html"):
        numbers = ", ".join(str(process.pid) for process in left)
        say(f"site: ending what a killed build left behind (processes {numbers})")
        processes.end(left)


def _litter(work: Path, target: Path) -> list[Path]:
    """Return what a killed build left half made; or one that is under way, which has the lock."""
    anything = f"{files.TEMPORARY}*"
    fresh = work.glob(f"{files.TEMPORARY}book-src")
    return [*fresh, *(work / "book-html").glob(anything), *target.parent.glob(anything)]


def jupyter_book(source: Path, output: Path, say: Say = print, *, anew: bool = True) -> Path:
    """Build the book in `source`; return the folder of its pages.

    A warning of Sphinx is an error: a page that is missing or broken must not go unnoticed.
    Of a book that is not built anew only the pages are made that changed.
    """
    output.mkdir(parents=True, exist_ok=True)
    done = _run(source, output, anew)
    html = output / "_build" / "html"
    if done.returncode == 0 and (html / "index.html").is_file():
        return html
    if refused := files.refusal(done.stdout):
        raise refused
    found = warnings_in(done.stdout, source)
    for line in found[:SHOWN]:
        say(f"site: {line}")
    raise SiteError(
        "Jupyter Book could not build the pages; the site that was there is untouched.",
        where=f"{source.parent.name}/{source.name}",
        got=found[0] if found else _last_words(done),
        remedy=f"Mend the first of {len(found)} warnings, then: make book" if found else None,
    )


def _last_words(done: subprocess.CompletedProcess[str]) -> str:
    if done.returncode < 0:
        return f"it was ended by {signal.Signals(-done.returncode).name}, perhaps for its memory"
    return f"exit status {done.returncode}: {done.stdout[-300:]}"


def warnings_in(log: str, source: Path) -> list[str]:
    r"""Return the warnings and errors in a log of Jupyter Book, each on one line.

    Examples
    --------
    >>> warnings_in("reading\n/b/book-src/a.md:3: WARNING: no such page\n", Path("/b/book-src"))
    ['a.md:3: WARNING: no such page']
    """
    lines = [line.strip() for line in without_colours(log).splitlines()]
    found = [line.replace(f"{source}/", "") for line in lines if _WARNING.search(line)]
    return list(dict.fromkeys(found))


def _run(source: Path, output: Path, anew: bool) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", _JUPYTER_BOOK, "build", str(source)]
    options = ["--path-output", str(output), "-W", "--keep-going", "-q"]
    options += ["--all"] if anew else []
    try:
        with processes.guarded():
            return subprocess.run(
                [*command, *options],
                cwd=output,
                env={
                    **surroundings.inherited(os.environ),
                    "NO_COLOR": "1",
                    **processes.marks(output),
                },
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                encoding="utf-8",
                errors="replace",
                timeout=LIMIT,
                check=False,
            )
    except subprocess.TimeoutExpired as error:
        raise SiteError(f"Jupyter Book took longer than {LIMIT} seconds.") from error

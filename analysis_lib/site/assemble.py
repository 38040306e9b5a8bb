"""The sources of the book, put together in a clean folder; and what is published beside it."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

from analysis_lib import files
from analysis_lib.errors import SiteError
from analysis_lib.site import lookup
from analysis_lib.site.contents import contents
from analysis_lib.site.facts import Book, SiteRun
from analysis_lib.site.pages import write_pages
from analysis_lib.site.privacy import Privacy
from analysis_lib.site.publish import publish_plotly, publish_run, shown_results, verify
from analysis_lib.site.study_page import banner, page_notebook
from analysis_lib.site.summary import Summary

CONFIG = "_config.yml"
_RENAMED = {"_static": "_assets"}  # why: see there


def assemble(book: Book, project: Path, source: Path) -> Mapping[str, tuple[str, ...]]:
    """Write the book's sources; return every page and the figures and tables it must show."""
    for run in book.runs:
        verify(run)
    _copy_written(project, source)
    privacy = Privacy(project)
    summaries = {run.id: Summary.of(run) for run in book.runs}
    written = write_pages(book, summaries, project / "book", source)
    for run in book.runs:
        page = page_notebook(run, book, summaries[run.id], privacy)
        files.write_text(source / f"{run.page}.ipynb", page)
    with_lookup = [run for run in book.runs if lookup.kept(run)]
    for run in with_lookup:
        page = lookup.page(run, book, banner(run))
        files.write_text(source / f"{lookup.page_name(run)}.md", page)
    files.write_text(source / "_toc.yml", contents(book, written))
    return (
        dict.fromkeys(written, ())
        | {run.page: _shown(run) for run in book.runs}
        | {lookup.page_name(run): ("lookups/genes",) for run in with_lookup}
    )


def publish(book: Book, project: Path, html: Path) -> None:
    """Put the files of every run, and plotly.js, beside the built pages."""
    privacy = Privacy(project)
    for run in book.runs:
        publish_run(run, html, privacy)
    publish_plotly(html)


def _copy_written(project: Path, source: Path) -> None:
    config, written = project / CONFIG, project / "book"
    for needed in (config, written / "index.md"):
        if not needed.is_file():
            raise SiteError(
                "The book has a part missing.",
                where=str(needed.relative_to(project)),
                remedy="Restore it: git checkout -- _config.yml book",
            )
    source.mkdir(parents=True)
    shutil.copy(config, source / CONFIG)
    for path in sorted(written.iterdir()):
        if path.is_dir() and path.name != "_build":
            shutil.copytree(path, source / _RENAMED.get(path.name, path.name))
        elif path.is_file() and path.suffix != ".md":
            shutil.copy(path, source / path.name)


def _shown(run: SiteRun) -> tuple[str, ...]:
    shown = [f"{kind}/{name}" for kind, names in shown_results(run).items() for name in names]
    return (*shown, "lookups/card") if lookup.kept(run) else tuple(shown)

"""The sources of the book, put together in a clean folder; and what is published beside it."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from analysis_lib import files
from analysis_lib.errors import SiteError
from analysis_lib.site import bundle, compare, crate, genes, lookup, methods, reference, sweep_page
from analysis_lib.site.benchmarks import PAGE as BENCHMARKS
from analysis_lib.site.benchmarks import BenchmarksPage
from analysis_lib.site.bibliography import BIBTEX, References, load_references
from analysis_lib.site.contents import contents
from analysis_lib.site.facts import Book, SiteRun
from analysis_lib.site.markup import block, link, tag, text
from analysis_lib.site.methods import Methods, methods_of
from analysis_lib.site.pages import write_pages
from analysis_lib.site.privacy import Privacy
from analysis_lib.site.publish import publish_plotly, publish_run, shown_results, verify
from analysis_lib.site.study_page import banner, page_notebook
from analysis_lib.site.summary import Summary
from analysis_lib.site.sweep_page import SweepPage

CONFIG = "_config.yml"
REFERENCE = "reference.md"
_RENAMED = {"_static": "_assets"}  # why: see there


@dataclass(frozen=True)
class Material:
    """What pages and files are both made from, read once.

    `summaries` and `methods` have every run by its id; a run without results has no methods.
    """

    book: Book
    project: Path
    privacy: Privacy
    references: References
    summaries: Mapping[str, Summary]
    methods: Mapping[str, Methods | None]
    sweeps: Sequence[SweepPage]
    benchmarks: BenchmarksPage | None

    @classmethod
    def of(cls, book: Book, project: Path) -> Material:
        """Read what belongs to the runs of a book, after making sure that it is as recorded."""
        for run in book.runs:
            verify(run)
        references = load_references(project / "book" / BIBTEX)
        lock = project / "requirements.lock"
        summaries = {run.id: Summary.of(run) for run in book.runs}
        said = {id_: methods_of(each, book, references, lock) for id_, each in summaries.items()}
        sweeps = [SweepPage.of(sweep, book, project) for sweep in book.sweeps]
        # A book without that page, as a small one for a test, has no benchmarks.
        there = (project / "book" / f"{BENCHMARKS}.md").is_file()
        measured = BenchmarksPage.of(project) if there else None
        privacy = Privacy(project)
        return cls(book, project, privacy, references, summaries, said, sweeps, measured)


def assemble(material: Material, source: Path) -> Mapping[str, tuple[str, ...]]:
    """Write the book's sources; return every page and the figures and tables it must show."""
    book, project = material.book, material.project
    _copy_written(project, source)
    # A book without that page has no reference, as a small one for a test.
    library = reference.pages() if (project / "book" / REFERENCE).is_file() else {}
    pages = {f"{name}.md": page for name, page in library.items()} | _pages(material)
    for name, page in pages.items():
        files.write_text(source / name, page)
    made = [name.rpartition(".")[0] for name in pages]
    more = {
        "genes": lambda: genes.index_part(book),
        "whole-book": _whole_book,
    } | ({"reference": reference.part} if library else {})
    measured = material.benchmarks
    if measured:
        more[BENCHMARKS] = measured.part
    written = write_pages(
        book,
        material.summaries,
        project / "book",
        source,
        more=more,
        others=made,
        sweeps=material.sweeps,
    )
    files.write_text(source / "_toc.yml", contents(book, written, list(library)))
    return (
        dict.fromkeys([*written, *made], ())
        | {run.page: _shown(run) for run in book.runs}
        | {lookup.page_name(run): ("lookups/genes",) for run in _with_lookup(book)}
        | {genes.PAGE: genes.shown(book)}
        | ({BENCHMARKS: measured.shown} if measured else {})
        | {sweep_page.page_name(page.sweep): page.shown for page in material.sweeps}
    )


def publish(material: Material, html: Path) -> None:
    """Put the files of every run, and what belongs to the whole book, beside the built pages."""
    book, project, privacy = material.book, material.project, material.privacy
    for run in book.runs:
        publish_run(run, html, privacy)
        bundle.write(run, project, html / run.files, privacy)
    publish_plotly(html)
    genes.publish(book, html)
    compare.publish(book, html, privacy)
    for page in material.sweeps:
        page.publish(html)
    if material.benchmarks:
        material.benchmarks.publish(html)
    methods.publish(book, html, material.references, material.methods)
    crate.write(book, html, project)  # last: it describes the others


def _whole_book() -> str:
    """Return links to what describes all of the book."""
    described = "an RO-Crate: which run read what, took how long with which versions, and left"
    return block(
        tag(
            "ul",
            tag(
                "li",
                link("ro-crate-metadata.json", "ro-crate-metadata.json"),
                text(f", {described} which files, with their sizes and checksums"),
            ),
            tag("li", link(f"files/{BIBTEX}", BIBTEX), text(", everything that any run cites")),
        )
    )


def _pages(material: Material) -> dict[str, str]:
    """Return the pages that are made from runs, by the names of their sources."""
    book, privacy = material.book, material.privacy
    return {
        **{
            f"{run.page}.ipynb": page_notebook(
                run, book, material.summaries[run.id], privacy, material.methods[run.id]
            )
            for run in book.runs
        },
        **{
            f"{lookup.page_name(run)}.md": lookup.page(run, book, banner(run))
            for run in _with_lookup(book)
        },
        **{
            f"{compare.page_name(study)}.md": compare.page(study, book, privacy)
            for study in compare.compared(book)
        },
        **{f"{sweep_page.page_name(page.sweep)}.md": page.page() for page in material.sweeps},
    }


def _with_lookup(book: Book) -> list[SiteRun]:
    return [run for run in book.runs if lookup.kept(run)]


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

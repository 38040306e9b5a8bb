"""Only the pages that changed are made again, and the site is the same as if all had been."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import pytest

from analysis_lib.errors import SiteError
from analysis_lib.site import Book, incremental
from analysis_lib.site.build import build_site
from tests.site.fixtures import CATALOGUE, METRICS, STUDY, Project, finished, new_run, project

__all__ = ["project"]  # a fixture


def two_runs(project: Project) -> Book:
    return Book([new_run(project), new_run(project, "strict")], [STUDY], CATALOGUE, "cite")


def another_sentence(book: Book, sentence: str = "A new sentence.") -> Book:
    """Return the book after its second run was made again with another summary."""
    run = book.runs[1]
    document = {**METRICS, "glance": [sentence]}
    (run.folder / "metrics.json").write_text(json.dumps(document), encoding="utf-8")
    return Book([book.runs[0], finished(run)], book.studies, book.data, book.citation)


def made(project: Project) -> dict[str, int]:
    """Return when Sphinx wrote every page that it keeps."""
    html = project.root / "build" / "book-html" / "_build" / "html"
    pages = (path for path in html.rglob("*.html") if "_static" not in path.parts)
    return {p.relative_to(html).with_suffix("").as_posix(): p.stat().st_mtime_ns for p in pages}


def newer(before: dict[str, int], after: dict[str, int]) -> set[str]:
    assert before.keys() == after.keys()
    return {page for page in after if after[page] != before[page]}


def bytes_below(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def built_anew(project: Project, book: Book, target: Path) -> dict[str, bytes]:
    """Return the same book, built where nothing is kept."""
    shutil.rmtree(project.root / "build" / "book-src")
    shutil.rmtree(project.root / "build" / "book-html")
    build_site(book, project=project.root, target=target, say=lambda line: None)
    return bytes_below(target)


def test_one_changed_run_makes_its_page_and_those_above_it(project, tmp_path):
    """Before: a change of one run built every page again."""
    book = two_runs(project)
    project.build(book)
    before = made(project)
    changed = another_sentence(book)
    assert project.build(changed).built
    again = newer(before, made(project))
    # Sphinx always writes its first page and the search, and the page of which it is a section.
    assert again == {"studies/dge/strict", "studies/dge/default", "index", "search"}
    assert {"data", "your-data", "how-it-works"} <= before.keys()
    page = (project.target / "studies/dge/strict.html").read_text(encoding="utf-8")
    assert "A new sentence." in page
    assert bytes_below(project.target) == built_anew(project, changed, tmp_path / "anew")


def test_a_changed_page_is_found_though_the_clock_jumped_back(project, monkeypatch):
    """Before: Sphinx compares times, and a page written "in the past" kept its old text."""

    def long_ago(source: Path, target: Path) -> None:
        shutil.copyfile(source, target)
        os.utime(target, (1, 1))

    book = two_runs(project)
    project.build(book)
    monkeypatch.setattr(incremental, "shutil", SimpleNamespace(copyfile=long_ago))
    project.build(another_sentence(book))
    page = (project.target / "studies/dge/strict.html").read_text(encoding="utf-8")
    assert "A new sentence." in page


def test_a_failed_build_is_not_built_upon(project):
    book = two_runs(project)
    project.build(book)
    page = project.root / "book" / "how-it-works.md"
    good = page.read_text(encoding="utf-8")
    page.write_text(good + "\n[a page](no-such-page.md)\n", encoding="utf-8")
    with pytest.raises(SiteError, match="could not build"):
        project.build(book)
    assert not (project.root / "build" / "book-html" / incremental.STATE).exists()
    with pytest.raises(SiteError, match="could not build"):  # and not quietly good the next time
        project.build(book)
    page.write_text(good, encoding="utf-8")
    assert not project.build(book).built  # the site that was there is the one asked for


# What is kept, without Jupyter Book: a book of two pages and what belongs to all of them


@dataclass(frozen=True)
class Shelf:
    """Sources as they are assembled, as they are kept, and what was made of them."""

    root: Path

    def __getattr__(self, name: str) -> Path:
        return self.root / name

    def assemble(self, **changed: str) -> None:
        notebook = {"cells": [{"source": ["# A run\n", changed.get("run", "text")]}]}
        for name, text in {
            "index.md": changed.get("index", "# Book\n\ntext\n"),
            "studies/run.ipynb": json.dumps(notebook),
            "_toc.yml": changed.get("toc", "{}"),
            "_assets/site.css": changed.get("css", "p {}"),
        }.items():
            path = self.fresh / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        self.lock.write_text(changed.get("lock", "numpy==2"), encoding="utf-8")

    def begin(self, **changed: str) -> bool:
        self.assemble(**changed)
        return incremental.begin(self.fresh, self.source, self.output, self.lock)

    def forgotten(self) -> set[str]:
        """Return the pages that Sphinx will read again."""
        trees = self.output / "_build" / ".doctrees"
        return {
            page for page in ("index", "studies/run") if not (trees / f"{page}.doctree").exists()
        }


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    shelf = Shelf(tmp_path)
    assert not shelf.begin()
    for page in ("index", "studies/run"):
        tree = shelf.output / "_build" / ".doctrees" / f"{page}.doctree"
        tree.parent.mkdir(parents=True, exist_ok=True)
        tree.write_text("read")
    incremental.done(shelf.source, shelf.output, shelf.lock)
    return shelf


def test_with_nothing_changed_the_first_page_is_made(shelf):
    """Before: with no page to make Sphinx copied no scripts and styles, and the build failed."""
    assert shelf.begin()
    assert shelf.forgotten() == {"index"}
    assert not shelf.fresh.exists()


@pytest.mark.parametrize(
    ("changed", "page"),
    [({"index": "# Book\n\nother\n"}, "index"), ({"run": "other"}, "studies/run")],
)
def test_a_changed_page_is_forgotten_alone(shelf, changed, page):
    assert shelf.begin(**changed)
    assert shelf.forgotten() == {page}
    assert "other" in "".join(p.read_text() for p in shelf.source.rglob("*.*"))


@pytest.mark.parametrize(
    "changed", [{"index": "# A book\n"}, {"toc": "[]"}, {"css": "a {}"}, {"lock": "numpy==3"}]
)
def test_what_stands_on_every_page_makes_every_page(shelf, changed):
    assert not shelf.begin(**changed)
    assert not shelf.output.exists()
    assert next(iter(changed.values())) in "".join(
        p.read_text() for p in shelf.root.rglob("*") if p.is_file()
    )


def test_another_set_of_pages_makes_every_page(shelf):
    shelf.assemble()
    (shelf.fresh / "more.md").write_text("# More\n")
    assert not incremental.begin(shelf.fresh, shelf.source, shelf.output, shelf.lock)


@pytest.mark.parametrize("content", [None, "", '{"shell": ', "[]", "null", '{"shell": "x"}'])
def test_what_a_killed_build_left_is_not_built_upon(shelf, content):
    state = shelf.output / incremental.STATE
    state.unlink() if content is None else state.write_text(content)
    assert not shelf.begin()


def test_the_state_is_gone_while_pages_are_made(shelf):
    assert shelf.begin()
    assert not (shelf.output / incremental.STATE).exists()
    assert not shelf.begin()


def test_a_kept_source_that_was_touched_or_lost_is_put_right(shelf):
    (shelf.source / "index.md").write_text("# Book\n\nanother\n")
    (shelf.source / "studies" / "run.ipynb").unlink()
    assert shelf.begin()
    assert shelf.forgotten() == {"index", "studies/run"}
    assert (shelf.source / "index.md").read_text() == "# Book\n\ntext\n"
    assert (shelf.source / "studies" / "run.ipynb").exists()

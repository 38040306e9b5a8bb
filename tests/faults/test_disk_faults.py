"""Full disks and read-only folders."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import re
import resource
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from analysis_lib import files
from analysis_lib.datasets import download
from analysis_lib.datasets.catalogue import DataSet, RemoteFile
from analysis_lib.datasets.transfer import Patience
from analysis_lib.errors import DataError, RunError, SiteError
from analysis_lib.runs.engine import Runs
from analysis_lib.runs.record import read_record
from analysis_lib.runs.report import make_all
from analysis_lib.runs.values import RunSpec
from analysis_lib.site import Book, incremental
from tests import local_server
from tests.conftest import MEASURED
from tests.faults.guards import Guard
from tests.faults.small_disk import Disk, small_disk
from tests.faults.small_project import SmallProject
from tests.site.fixtures import STUDY, project
from tests.test_hosting import PAGE as PAGE_OF_A_SITE
from tests.test_hosting import Small

__all__ = ["project"]  # a fixture


GUARDS = [
    Guard(
        "analysis_lib/files.py",
        "        raise kind(what, where=_place(error, where), **_reason(error)) from error\n",
        "        raise\n",
        "test_a_run_on_a_full_disk_leaves_the_last_good_one[0]",
    ),
]
PAGE = 4096  # what a tmpfs gives at a time

MEBI = 1 << 20
MORE_BYTES = 100_000
MORE = f"import analysis_lib.results as r; r.save_json('more', 'x' * {MORE_BYTES})"


@pytest.fixture
def disk(tmp_path: Path, record_property) -> Iterator[Disk]:
    """A small disk at the place where `toy` puts its project, so it must be asked for first."""
    with small_disk(tmp_path / "a project", 32 * MEBI) as disk:
        record_property(MEASURED, disk.told)
        yield disk


def sizes(quick: tuple[int, ...], more: tuple[int, ...]) -> list[object]:
    """Return the bytes that are left on the disk in every trial; most trials are long together."""
    return [*quick, *(pytest.param(size, marks=pytest.mark.long) for size in more)]


def bytes_below(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def told_in_few_lines(error: Exception, *parts: str) -> None:
    text = str(error)
    assert len(text.splitlines()) <= 5
    assert [part for part in parts if part not in text] == []
    assert files.TEMPORARY not in text


# Full disks


@pytest.mark.fault(
    "a disk that is full during a run",
    by="a tmpfs (or `RLIMIT_FSIZE`) with room for the first of its writes only",
    survives="the last good run; nothing half is left; the next try completes",
)
@pytest.mark.parametrize("pages", sizes((0, 12), (1, 2, 26, 27, 28, 29, 30, 31)))
def test_a_run_on_a_full_disk_leaves_the_last_good_one(disk, toy, pages):
    """Before: an OSError with its traceback, from which nobody learned what to do."""
    toy.notebook([MORE])
    undisturbed = toy.ensure().record.files
    before = bytes_below(toy.good())
    asked = RunSpec("toy", "default", {})
    with disk.filled(pages * PAGE):
        if pages * PAGE < MORE_BYTES:
            with pytest.raises(RunError) as caught:
                toy.runs.ensure(asked, force=True)
            told_in_few_lines(caught.value, disk.words, "remedy")
            assert bytes_below(toy.good()) == before
        else:  # it may just fit
            with contextlib.suppress(RunError):
                toy.runs.ensure(asked, force=True)
        assert toy.leftovers() == []
        assert read_record(toy.good()).files == undisturbed
    assert toy.runs.ensure(asked, force=True).record.files == undisturbed
    assert not toy.failed().exists()


@pytest.mark.fault(
    "a disk so full that a failure cannot be recorded",
    by="a tmpfs without room, and the runs of a report",
    survives="the command ends with an error, not with the old results as if new",
)
def test_a_failure_that_cannot_be_kept_ends_the_report(disk, toy):
    """Before: a run that could not be made was only told, and the book was built as if it was."""
    specs = [RunSpec("toy", "default", {})]
    assert make_all(toy.runs, specs)[0].failure is None
    with disk.filled(0), pytest.raises(RunError) as caught:
        make_all(toy.runs, [RunSpec("toy", "default", {"number": 2.0})])
    told_in_few_lines(caught.value, "failure of toy/default could not be kept", "remedy")
    assert make_all(toy.runs, specs)[0].failure is None


@pytest.mark.fault(
    "a run that could not be begun for want of room",
    by="a tmpfs without room for a moment",
    survives="its page says so, and the book counts it among the failed",
)
def test_a_run_that_could_not_be_begun_is_a_failed_run(disk, toy, monkeypatch):
    """Before: only runs whose notebook went wrong were kept as failed; others left no trace."""
    states = make_all(toy.runs, [RunSpec("toy", "default", {})])
    with_room = Runs._make

    def without_room(self, *given):
        with disk.filled(0):
            return with_room(self, *given)

    monkeypatch.setattr(Runs, "_make", without_room)
    states = make_all(toy.runs, [RunSpec("toy", "default", {"number": 2.0})])
    assert disk.words in states[0].failure.error.message
    assert states[0].record.parameters["number"] == 1.0


@pytest.mark.fault(
    "a disk that is full during a download",
    by="a tmpfs (or `RLIMIT_FSIZE`), a real server that tells the size or does not",
    survives="no half file has the name of a whole one; the next try completes",
)
@pytest.mark.parametrize("says_size", [True, False], ids=["size told", "size not told"])
@pytest.mark.parametrize("pages", [0, 1, 2, 5, 20, 40, 60, 70, 71, 72])
def test_a_download_on_a_full_disk_completes_later(disk, says_size, pages, monkeypatch):
    """Held from the start; feared was a table that is cut where the disk was full."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    content = b"gene,value\n" + b"A,1\n" * 74_000
    checksum = f"sha256:{hashlib.sha256(content).hexdigest()}"
    folder = disk.folder / "data"
    with local_server.serving(content) as site:
        if not says_size:
            site.behaviours = [local_server.ends_early(len(content))]
        entry = RemoteFile("genes.csv", site.address, None, checksum)
        toy = DataSet("toy", "Toy", "nobody", None, "free", (entry,), (), ("dge",), "toy")

        def fetch() -> Path:
            patience = Patience(attempts=1)
            return download.fetch(["toy"], folder, patience=patience, catalogue={"toy": toy})[0]

        with disk.filled(pages * PAGE):
            with pytest.raises(DataError) as caught:
                fetch()
            told_in_few_lines(caught.value, "remedy")
            assert re.search(rf"{disk.words}|room on the disk", str(caught.value))
            assert not list(folder.rglob("genes.csv"))
        assert fetch().read_bytes() == content
    assert sorted(p.name for p in folder.rglob("*") if p.is_file() and p.suffix != ".lock") == [
        "genes.csv"
    ]


@pytest.mark.fault(
    "a disk that is full while the book is published",
    by="a tmpfs (or `RLIMIT_FSIZE`) with room for a part of it",
    survives="what was published before; nothing half; the next try completes",
)
@pytest.mark.parametrize("pages", [0, 1, 2, 5, 10, 15, 17])
def test_publishing_on_a_full_disk_leaves_what_was_published(disk, pages):
    """Before: its lock could not be taken, which was a traceback."""
    small = Small(disk.folder)
    small.write("index.html", PAGE_OF_A_SITE.format("a" * 15 * PAGE))
    small.publish()
    before = bytes_below(small.target)
    small.write("index.html", PAGE_OF_A_SITE.format("b" * 15 * PAGE))
    with disk.filled(pages * PAGE):
        with pytest.raises(SiteError) as caught:
            small.publish()
        told_in_few_lines(caught.value, disk.words, "remedy")
        assert bytes_below(small.target) == before
        assert not list(disk.folder.rglob(f"{files.TEMPORARY}*"))
    small.publish()
    assert b"bbb" in bytes_below(small.target)["index.html"]


BOOKS = (0, 100_000, 1_500_000, 6_000_000, 8_000_000, 11_000_000)
"""Bytes left while a book is built: for assembling, for Jupyter Book, for copying and files."""


@pytest.mark.fault(
    "a disk that is full while the book is built",
    by="a small project on a tmpfs, room for one part after the other",
    survives="the last good site; an error that says so; the next `book` completes",
    trials=len(BOOKS),
)
@pytest.mark.long
def test_a_book_on_a_full_disk_leaves_the_last_good_one(tmp_path, new_project, record_property):
    """Before: tracebacks, or the 154 warnings of Sphinx; and once more, with room, a failure."""
    with small_disk(tmp_path / "p", 150 * MEBI) as disk:
        record_property(MEASURED, disk.told)
        (tmp_path / "logs").mkdir()
        (disk.folder / "logs").symlink_to(tmp_path / "logs")  # what is printed has room
        project = new_project(disk.folder)
        project.make("book")
        page = project.root / "book" / "your-data.md"
        text = page.read_text(encoding="utf-8")
        for trial, leaving in enumerate(BOOKS):
            before = project.bytes_of()
            page.write_text(f"{text}\n\nFor the {trial}. time.\n", encoding="utf-8")
            if leaving > 1_000_000:  # Jupyter Book needs all of its room, not that of last time
                files.remove(project.root / "build" / "book-html")
            with disk.filled(leaving):
                printed = command(project, "book", status=1)
                assert project.bytes_of() == before
            assert disk.words in printed
            assert "Traceback" not in printed
            assert "remedy" in printed
            command(project, "book")
            assert project.temporary() == []
            assert f"For the {trial}. time." in (project.site / "your-data.html").read_text()
        picture = project.picture()
        for kept in ("book-html", "book-src"):
            files.remove(project.root / "build" / kept)
        files.remove(project.site)
        project.make("book")
        assert project.picture() == picture


@pytest.mark.fault(
    "a disk that is full after the pages were made",
    by="a book whose copying fails, and then nothing else to make",
    survives="the next build completes",
)
def test_a_build_that_failed_after_its_pages_is_built_upon(project, monkeypatch):
    """Before: with no page to make Sphinx copied no styles, and the next build failed too."""
    book = Book([], [STUDY])

    def full(*_given):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(incremental, "settle", full)
        with pytest.raises(SiteError) as caught:
            project.build(book)
    told_in_few_lines(caught.value, "No space left on device", "room on the disk", "remedy")
    assert not project.target.exists()
    assert project.build(book).built


@pytest.mark.fault(
    "a disk that is full while Jupyter Book writes",
    by="the file size that a process may write",
    survives="an error that says so, in five lines instead of 154 warnings",
)
def test_what_the_system_refused_jupyter_book_is_told(project):
    """Before: "Mend the first of 154 warnings", the room on the disk being none of them."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, before[1]))
    said: list[str] = []
    try:
        with pytest.raises(SiteError) as caught:
            project.build(Book([], [STUDY]), said.append)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    told_in_few_lines(caught.value, os.strerror(errno.EFBIG), "room on the disk", "remedy")
    assert said == ["site: assembling 0 runs", "site: Jupyter Book"]
    assert not project.target.exists()


# Folders that may not be written


WITHOUT_RIGHTS = """\
import ctypes, os, sys
if os.geteuid() == 0:  # let go of what lets root write anywhere: CAP_DAC_OVERRIDE
    PR_CAPBSET_DROP = 24
    if ctypes.CDLL(None).prctl(PR_CAPBSET_DROP, 1, 0, 0, 0):
        sys.exit("root cannot let go of its rights here")
os.execvp(sys.argv[1], sys.argv[1:])
"""


def command(project: SmallProject, *words: str, status: int = 0) -> str:
    """Run the program in a project, as a user like any, and return what it printed."""
    program = [sys.executable, "-m", "analysis_lib", *words]
    making = project.start_command(sys.executable, "-c", WITHOUT_RIGHTS, *program)
    assert making.wait() == status, making.output
    return making.output


@contextlib.contextmanager
def read_only(place: Path) -> Iterator[None]:
    """Let nobody write into a folder while the block runs."""
    before = place.stat().st_mode
    place.chmod(0o555)
    try:
        yield
    finally:
        place.chmod(before)


@pytest.mark.fault(
    "a folder of runs that may not be written",
    by="a user (or root without its special right), and such a folder",
    survives="an error with the place and the remedy, before a kernel starts",
)
@pytest.mark.parametrize("place", [".", "build", "build/runs", "build/runs/dge"])
def test_a_run_in_a_read_only_folder_is_told(tmp_path, new_project, place):
    """Before: a PermissionError with its traceback."""
    project = new_project(tmp_path / "p", figure=False)
    for folder in (place, "logs"):
        (project.root / folder).mkdir(parents=True, exist_ok=True)
    with read_only(project.root / place):
        printed = command(project, "run", "dge", "--name", "mine", status=1)
    assert "Traceback" not in printed
    assert os.strerror(errno.EACCES) in printed
    assert f"where:    {project.root}" in printed
    assert "permissions" in printed
    assert "executing" not in printed


PLACES = ("build/runs/dge", "book/_build", "build/book-html")


@pytest.mark.fault(
    "folders of a built book that may not be written",
    by="a user (or root without its special right), folders of runs, pages, site",
    survives="runs and site; an error with the place; then the book completes",
    trials=len(PLACES) + 1,
)
@pytest.mark.long
def test_a_book_in_read_only_folders_is_told(tmp_path, new_project):
    """Before: a PermissionError with its traceback, or a warning of Sphinx."""
    project = new_project(tmp_path / "p")
    command(project, "book")
    for number, place in enumerate(PLACES):
        before = project.bytes_of()
        project.ask(0.02 + number / 1000)
        with (project.root / "book" / "your-data.md").open("a") as page:
            page.write(f"\nFor the {number}. time.\n")
        with read_only(project.root / place):
            printed = command(project, "book", status=1)
            assert project.bytes_of(project.site).items() <= before.items()
        assert "Traceback" not in printed
        assert os.strerror(errno.EACCES) in printed
    command(project, "book")
    assert project.temporary() == []
    (project.root / "tmp").mkdir()
    project.environment["TMPDIR"] = str(project.root / "tmp")
    with read_only(project.root / "notebooks"), read_only(project.root / "tmp"):
        command(project, "run", "dge", "--name", "strict", "--force")  # nothing is written there

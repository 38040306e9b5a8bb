"""One byte changed: in results, records, tables, downloads, pages and what is kept."""

from __future__ import annotations

import hashlib
import random
import re
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from analysis_lib import files
from analysis_lib.datasets import checking, download
from analysis_lib.datasets.catalogue import DataSet, RemoteFile
from analysis_lib.datasets.transfer import Patience
from analysis_lib.errors import RunError, SiteError
from analysis_lib.runs.engine import incomplete
from analysis_lib.runs.lock import hold
from analysis_lib.runs.record import REQUIRED
from analysis_lib.runs.report import as_they_are
from analysis_lib.runs.values import RunSpec
from analysis_lib.site import incremental
from analysis_lib.site.key import MARK, changed_files, is_current, read_mark
from tests import local_server
from tests.faults.guards import Guard
from tests.site.fixtures import project
from tests.test_hosting import Small
from tests.test_site_incremental import another_sentence, built_anew, shelf, two_runs

__all__ = ["project", "shelf"]  # fixtures


GUARDS = [
    Guard(
        "analysis_lib/site/key.py",
        "_digest(target / name) != digest",
        "not (target / name).exists()",
        "test_a_byte_of_the_site_is_found",
    ),
    Guard(
        "analysis_lib/site/incremental.py",
        "if before is not None and (changed := _damaged(before, now, source, output)):",
        "if before is not None and (changed := []):",
        "test_what_is_kept_is_not_built_upon_when_a_byte_changed[what Sphinx remembers]",
    ),
    Guard(
        "analysis_lib/files.py",
        'if text != to_json(value, indent=2) + "\\n":',
        "if False:",
        "test_a_byte_of_a_run_is_found",
    ),
]
PER_FILE = 40
ROUNDS = 3


@pytest.fixture
def dice() -> random.Random:
    """Chance, with a seed that a failing test shows."""
    seed = random.SystemRandom().randrange(2**32)
    print(f"seed: {seed}")
    return random.Random(seed)


def flip(path: Path, dice: random.Random) -> Callable[[], int]:
    """Change one byte of a file, and return what puts it back."""
    content = path.read_bytes()
    at, change = dice.randrange(len(content)), dice.randrange(1, 256)
    changed = bytearray(content)
    changed[at] ^= change
    print(f"{path.name}: byte {at} ^ {change}")
    path.write_bytes(changed)
    return lambda: path.write_bytes(content)


def below(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


# Runs


@pytest.mark.fault(
    "a byte of a result or of a run's record",
    by="random bytes of every file of a run, one at a time",
    survives="found and named; the run made again is the undisturbed one",
    trials=5 * PER_FILE,
)
def test_a_byte_of_a_run_is_found(toy, dice):
    """Before: blanks of a record could change; what else did was found from the start."""
    undisturbed = toy.ensure().record
    plan = toy.runs.plan(RunSpec("toy", "default", {}))
    paths = below(toy.good())
    assert len(paths) == 5
    for path in paths:
        for _ in range(PER_FILE):
            put_back = flip(path, dice)
            toy.said.clear()
            assert toy.runs.fresh(plan) is None
            (said,) = toy.said
            assert ("record" if path.name == "record.json" else path.name) in said
            put_back()
    record = toy.good() / "record.json"
    record.write_bytes(record.read_bytes().replace(b"\n  ", b"\n\t ", 1))  # JSON all the same
    assert toy.runs.fresh(plan) is None
    for path in paths:
        flip(path, dice)
    again = toy.ensure()
    assert again.did == "executed"
    assert again.record.files == undisturbed.files
    assert toy.runs.fresh(plan) == again.record


@pytest.mark.fault(
    "a byte of the record of a failed run",
    by="random bytes of that file",
    survives="told; the last good run is shown as it is",
    trials=PER_FILE,
)
def test_a_byte_of_the_record_of_a_failure_is_told(toy, dice):
    """Before: the book forgot the failure, and nobody was told."""
    toy.ensure()
    toy.notebook(["1/0"])
    with pytest.raises(RunError):
        toy.ensure()
    specs = [RunSpec("toy", "default", {})]
    assert as_they_are(toy.runs, specs)[0].failure
    for _ in range(PER_FILE):
        put_back = flip(toy.failed() / "record.json", dice)
        toy.said.clear()
        (state,) = as_they_are(toy.runs, specs)
        assert (state.failure, state.record.status) == (None, "ok")
        assert "toy/default.failed: left out of the book" in toy.said[0]
        put_back()


@pytest.mark.fault(
    "a byte of a user's table",
    by="a random byte of it",
    survives="it is other data: executed again, and recorded as such",
)
def test_a_byte_of_a_users_table_executes_again(toy, dice):
    """Held from the start; feared was a key made of times and sizes."""
    table = toy.root / "table.csv"
    table.write_text("gene,p\n" + "A,0.5\n" * 100)
    first = toy.ensure(data=str(table)).record
    flip(table, dice)
    again = toy.ensure(data=str(table))
    assert again.did == "executed"
    assert again.record.data[0]["files"][0]["sha256"] == files.sha256(table)
    assert again.record.key != first.key


@pytest.mark.fault(
    "nonsense in place of a result, from the notebook itself",
    by="results that are no JSON, or not as they should be",
    survives="a failed run, with the reason on its page",
)
@pytest.mark.parametrize("content", ["{", "[]", "null", "{}", '[{"files": 1}]', '["x"]', "\\xff"])
@pytest.mark.parametrize("name", ["params", "data"])
def test_results_that_cannot_be_read_are_a_failure(tmp_path, name, content):
    """Before: a ValueError with a traceback, when the driver read what the notebook had left."""
    for each in REQUIRED:
        (tmp_path / each).write_text("{}" if each != "data.json" else "[]")
    (tmp_path / f"{name}.json").write_bytes(content.encode("latin-1").replace(b"\\xff", b"\xff"))
    params = SimpleNamespace(as_json=lambda: {"number": 1.0})
    plan = SimpleNamespace(sources=[], params=params)
    failure = incomplete(tmp_path, plan)
    assert failure.message.startswith(("The notebook left results", "The notebook worked with"))


@pytest.mark.fault(
    "a byte in the file that names the holder of a lock",
    by="random bytes of it, while another waits",
    survives="who waits is told of a process, or of another one",
    trials=PER_FILE,
)
def test_a_byte_of_a_holders_name_does_no_harm(tmp_path, dice):
    """Before: a list where a record was expected was a TypeError."""
    path = tmp_path / "a.lock"
    holder = tmp_path / "a.lock.holder"

    def said() -> str:
        lines: list[str] = []
        with pytest.raises(RunError), hold(path, "A run", lines.append, wait=0):
            pass
        return lines[0]

    with hold(path, "A run", print):
        for _ in range(PER_FILE):
            put_back = flip(holder, dice)
            assert re.search(r"being written by (process|another process)", said())
            put_back()
        for content in ("[]", "1", "null", '"x"', ""):
            holder.write_text(content)
            assert "another process" in said()


# Downloads


@pytest.mark.fault(
    "a byte of a downloaded file",
    by="random bytes of it, with a published checksum and with a pin",
    survives="named, fetched again, and right",
    trials=2 * PER_FILE,
)
@pytest.mark.parametrize("published", [True, False], ids=["published", "pinned"])
def test_a_byte_of_a_download_is_found_and_fetched_again(
    tmp_path, dice, published, monkeypatch, capsys
):
    """Held from the start; feared was a file that is believed since it is there."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    content = b"gene,value\n" + b"A,1\n" * 1000
    digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
    with local_server.serving(content) as site:
        file = RemoteFile("genes.csv", site.address, None, digest if published else None)
        toy = DataSet("toy", "Toy", "nobody", None, "free", (file,), (), ("dge",), "toy")

        def fetch() -> Path:
            patience = Patience(attempts=1)
            return download.fetch(["toy"], tmp_path, patience=patience, catalogue={"toy": toy})[0]

        path = fetch()
        pins = checking.read_pins(tmp_path)
        for _ in range(PER_FILE):
            put_back = flip(path, dice)
            assert download.plan(file, path.parent, pins) == "redownload"
            put_back()
        assert download.plan(file, path.parent, pins) == "have"
        flip(path, dice)
        assert fetch().read_bytes() == content
    assert "genes.csv: the file here is damaged" in capsys.readouterr().err


# The site


@pytest.fixture
def small(tmp_path: Path) -> Small:
    """A small finished site: pages, records and a script."""
    return Small(tmp_path / "a project")


@pytest.mark.fault(
    "a byte of the site",
    by="random bytes of every file of a small site",
    survives="found and named; nothing of it is published",
    trials=ROUNDS * 6,
)
def test_a_byte_of_the_site_is_found(small, dice):
    """Before: only sizes were compared, and a changed page was "nothing changed" for ever."""
    names = sorted(n for n in read_mark(small.html)["files"] if (small.html / n).stat().st_size)
    assert len(names) == 6
    for name in names * ROUNDS:
        put_back = flip(small.html / name, dice)
        said: list[str] = []
        assert not is_current(small.html, "key", said.append)
        assert said == [f"site: not as it was built: {name}; it is built again"]
        with pytest.raises(SiteError) as caught:
            small.publish()
        assert (caught.value.where, caught.value.remedy) == (name, "make book")
        put_back()
    assert is_current(small.html, "key")


@pytest.mark.fault(
    "a byte of the list of a site's files",
    by="random bytes of it",
    survives="the site is built again",
    trials=PER_FILE,
)
def test_a_byte_of_the_mark_of_a_site_is_found(small, dice):
    """Before: blanks of it could change; anything else was found from the start."""
    for _ in range(PER_FILE):
        put_back = flip(small.html / MARK, dice)
        assert not is_current(small.html, "key")
        put_back()
    assert is_current(small.html, "key")


@pytest.mark.fault(
    "a byte of the site, and then `make book`",
    by="a random byte of every page, script, picture and zip at once",
    survives="named, made again, and the same as before",
    trials=190,
)
@pytest.mark.long
def test_a_changed_site_is_made_again_as_it_was(project, dice):
    """Before: "nothing changed", and the changed pages stayed."""
    book = two_runs(project)
    project.build(book)
    before = {path: path.read_bytes() for path in below(project.target)}
    digests = read_mark(project.target)["files"]
    changed = sorted(name for name in digests if (project.target / name).stat().st_size)
    assert len(changed) > 190
    for name in changed:
        flip(project.target / name, dice)
    assert changed_files(project.target, digests) == changed
    said: list[str] = []
    assert project.build(book, said.append).built
    assert said[0].startswith(f"site: not as it was built: {changed[0]}, {changed[1]}")
    assert {path: path.read_bytes() for path in below(project.target)} == before


# What is kept between two builds


KEPT = {
    "what Sphinx remembers": "output/_build/.doctrees/index.doctree",
    "a page that was made": "output/_build/html/index.html",
    "what stands on every page": "source/_toc.yml",
    "a style": "source/_assets/site.css",
    "the list of it all": "output/state.json",
}


@pytest.mark.fault(
    "a byte of what is kept between two builds",
    by="random bytes of each kind of file",
    survives="nothing of it is built upon",
    trials=len(KEPT) * 8,
)
@pytest.mark.parametrize("kind", KEPT)
def test_what_is_kept_is_not_built_upon_when_a_byte_changed(shelf, dice, kind):
    """Before: only sources were looked at; changed pickles were opened, changed pages copied."""
    page = shelf.output / "_build" / "html" / "index.html"
    for _ in range(8):
        shelf.begin()
        for path in (page, shelf.root / KEPT["what Sphinx remembers"]):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("made of a page\n")
        incremental.done(shelf.source, shelf.output, shelf.lock)
        flip(shelf.root / KEPT[kind], dice)
        shelf.assemble()
        said: list[str] = []
        anew = not incremental.begin(
            shelf.fresh, shelf.source, shelf.output, shelf.lock, said.append
        )
        if kind == "the list of it all":
            assert anew or shelf.forgotten()  # a page with another digest is made again
        else:
            assert anew
            assert Path(KEPT[kind]).name in said[0]
        assert (shelf.source / "_assets" / "site.css").read_text() == "p {}"


CHANGED = (
    "book-html/_build/.doctrees/environment.pickle",
    "book-html/_build/.doctrees/studies/dge/default.doctree",
    "book-html/_build/html/data.html",
    "book-src/_assets/site.css",
    "book-src/data.md",
    "book-html/state.json",
)


@pytest.mark.fault(
    "a byte of a kept page, pickle or source, in a real book",
    by="a random byte of each, then a changed run",
    survives="the same site as if nothing had been kept",
    trials=len(CHANGED),
)
@pytest.mark.long
def test_a_book_of_which_a_kept_byte_changed_is_the_same_book(project, dice, tmp_path):
    """Before: kept pages and pickles were not looked at: what lay there went into the site."""
    book = two_runs(project)
    project.build(book)
    for number, name in enumerate(CHANGED):
        flip(project.root / "build" / name, dice)
        book = another_sentence(book, f"For the {number}. time.")
        assert project.build(book).built
    site = {p.relative_to(project.target): p.read_bytes() for p in below(project.target)}
    anew = built_anew(project, book, tmp_path / "anew")
    assert {name.as_posix(): content for name, content in site.items()} == anew

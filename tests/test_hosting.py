"""Publishing: a checked folder for any host, never over anybody's files; and the workflow."""

from __future__ import annotations

import getpass
import json
import os
import re
import shutil
import socket
import zipfile
from html.parser import HTMLParser
from pathlib import Path

import pytest

from analysis_lib import files
from analysis_lib.errors import SiteError
from analysis_lib.files import PROJECT
from analysis_lib.runs.values import read_values
from analysis_lib.site import hosting
from analysis_lib.site.hosting import NOT_FOUND, PUBLISHED, publish
from analysis_lib.site.key import MARK, write_mark
from tests.site.fixtures import HOSTILE, built_gallery, site

__all__ = ["site"]  # a fixture

PAGE = "<html><body><a href='index.html'>i</a><article><h1 id='t'>T</h1>{}</article></body></html>"
OWN = [{"kind": "yours", "files": [{"name": "genes.csv"}, {"name": HOSTILE}]}]
REAL = [{"kind": "real", "files": [{"name": "train.csv"}]}, {"kind": "simulated", "files": []}]


class Small:
    """A small finished site, and everything that publishing it said."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.html = root / "book" / "_build" / "html"
        self.target = root / "build" / "publish"
        self.said: list[str] = []
        self.write("index.html", PAGE.format("one"))
        self.write("files/dge/default/record.json", json.dumps({"data": REAL}))
        self.write("files/dge/mine/record.json", json.dumps({"data": [*REAL, *OWN]}))
        self.write(".buildinfo", "config")
        self.write("_static/locales/de/LC_MESSAGES/booktheme.mo", "")
        self.write("_static/webpack-macros.html", "{% macro %}")
        self.write("_static/theme.js", "// as in file:///x")

    def write(self, name: str, content: str | bytes) -> Path:
        path = self.html / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        self.finish()
        return path

    def finish(self) -> None:
        (self.html / MARK).unlink(missing_ok=True)
        write_mark(self.html, "key")

    def publish(self, target: Path | None = None, **more):
        return publish(self.html, target or self.target, self.root, self.said.append, **more)


@pytest.fixture
def small(tmp_path: Path) -> Small:
    return Small(tmp_path / "ann's report")


def bytes_below(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*.*")}


# What is published


def test_a_finished_site_is_published_whole_and_without_what_is_private(small):
    published = small.publish()
    names = {p.relative_to(small.target).as_posix() for p in small.target.rglob("*") if p.is_file()}
    runs = {f"files/dge/{name}/record.json" for name in ("default", "mine")}
    assert names == {"index.html", "_static/theme.js", "404.html", ".nojekyll", PUBLISHED, *runs}
    for name in names & set(json.loads((small.html / MARK).read_text())["files"]):
        assert (small.target / name).read_bytes() == (small.html / name).read_bytes()
    assert published.files == len(names)
    sizes = [p.stat().st_size for p in small.target.rglob("*") if p.is_file()]
    assert published.bytes == sum(sizes)
    assert not list(small.target.parent.glob(".partial-*"))


def test_the_real_site_passes_and_says_whose_data_it_shows(site, tmp_path):
    said: list[str] = []
    project = built_gallery().root
    published = publish(site, tmp_path / "a", project, said.append, failed=["dge/broken"])
    assert published.own == ("dge/my-run",)
    assert any("your own files" in line and "dge/my-run" in line for line in said)
    assert "publish: These runs failed, and their pages say so: dge/broken" in said
    assert said[-1].startswith(f"publish: {published.files} files")
    assert said[-1].endswith(str(published.target))
    assert all(line.isprintable() for line in said)  # the name of its file is hostile
    shown = {path.relative_to(tmp_path / "a").parts for path in (tmp_path / "a").rglob("*")}
    hidden = {parts for parts in shown if any(part.startswith(".") for part in parts)}
    assert hidden == {(".nojekyll",), (PUBLISHED,)}


def test_twice_the_same_bytes(small, tmp_path):
    small.publish()
    small.publish(tmp_path / "elsewhere" / "deep")
    assert bytes_below(small.target) == bytes_below(tmp_path / "elsewhere" / "deep")
    before = bytes_below(small.target)
    small.publish()
    assert bytes_below(small.target) == before


def test_what_is_gone_from_the_site_is_gone_from_what_is_published(small):
    small.write("old.html", PAGE.format("old"))
    small.publish()
    assert (small.target / "old.html").exists()
    (small.html / "old.html").unlink()
    small.finish()
    small.publish()
    assert not (small.target / "old.html").exists()


def test_a_file_that_came_into_the_site_later_is_not_published(small):
    (small.html / "notes.txt").write_text("mine")
    small.publish()
    assert not (small.target / "notes.txt").exists()


# What is told


def test_data_of_ones_own_become_public_and_that_is_said(small):
    published = small.publish()
    assert published.own == ("dge/mine",)
    told = [line for line in small.said if "your own files" in line]
    assert len(told) == 1
    assert "dge/mine (genes.csv, " in told[0]
    assert told[0].isprintable()


def test_failed_runs_are_named_and_good_ones_are_not(small):
    small.publish()
    assert not any("runs failed" in line for line in small.said)
    assert small.publish(failed=("dge/a", "golub/b")).failed == ("dge/a", "golub/b")
    assert any("runs failed" in line and "dge/a, golub/b" in line for line in small.said)


def test_what_hosts_refuse_is_said(small, monkeypatch):
    small.write("files/big.csv", "x" * 5000)
    assert small.publish().warnings == small.publish().warnings
    monkeypatch.setattr(hosting, "LARGEST_FILE", 4999)
    monkeypatch.setattr(hosting, "LARGEST_SITE", 5001)
    warnings = small.publish().warnings
    assert any(w.startswith("files/big.csv has") and "refuses" in w for w in warnings)
    assert any(w.startswith("The site has") and "GitHub Pages" in w for w in warnings)
    assert not any("index.html" in w for w in warnings)


@pytest.mark.parametrize("whose", ["user", "machine"])
@pytest.mark.parametrize(
    ("name", "text"),
    [("zanthippe", "made by zanthippe."), ("zanthippe", "ssh zanthippe@host")],
)
def test_the_name_of_the_user_or_machine_is_pointed_out(small, monkeypatch, whose, name, text):
    called(monkeypatch, **{whose: name})
    small.write("about.html", PAGE.format(text))
    (warning,) = small.publish().warnings[1:]
    assert name in warning
    assert "about.html: see whether that is meant" in warning


@pytest.mark.parametrize(
    ("name", "text"), [("zanthippe", "zanthippes"), ("root", "root"), ("ann", "ann")]
)
def test_a_name_that_is_a_word_of_every_report_is_not(small, monkeypatch, name, text):
    called(monkeypatch, user=name, machine=name)
    small.write("about.html", PAGE.format(text))
    assert len(small.publish().warnings) == 1


def called(monkeypatch, user: str = "root", machine: str = "localhost") -> None:
    monkeypatch.setattr(getpass, "getuser", lambda: user)
    monkeypatch.setattr(socket, "gethostname", lambda: f"{machine}.lab.example")


# What is refused


def nothing_published(small: Small, match: str) -> None:
    before = bytes_below(small.target) if small.target.is_dir() else None
    with pytest.raises(SiteError, match=match):
        small.publish()
    assert (bytes_below(small.target) if small.target.is_dir() else None) == before
    assert not list(small.target.parent.glob(".partial-*"))


@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("page.html", "names a folder of this machine"),
        ("files/x.bib", "names a folder of this machine"),
        ("files/x.json", "names a folder of this machine"),
        ("_static/own.js", "names a folder of this machine"),
        ("files/run-again.zip", "run-again.zip: .*names a folder of this machine"),
    ],
)
def test_a_path_of_this_machine_is_not_published(small, name, fault, first):
    if not first:
        small.publish()
    text = PAGE.format(f"{small.root}/data/genes.csv")
    path = small.write(name, text)
    if path.suffix == ".zip":
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("notes/readme", text)
        small.finish()
    nothing_published(small, fault)


def test_the_name_of_a_file_within_a_zip_is_looked_at_too(small):
    path = small.write("files/run-again.zip", b"")
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(f"{small.root}/figure.png", b"\x89PNG")
    small.finish()
    nothing_published(small, "names a folder of this machine")
    path.write_bytes(b"no zip")
    small.finish()
    nothing_published(small, "damaged")


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        ("<a href='gone.html'>x</a>", "not there: gone.html"),
        ("<script src='https://cdn.example/x.js'></script>", "another host"),
        ("<a href='_static/webpack-macros.html'>x</a>", "not there"),
    ],
)
def test_the_pages_are_checked_as_they_are_published(small, content, fault):
    small.write("page.html", PAGE.format(content))
    nothing_published(small, fault)


@pytest.mark.parametrize("harm", ["no mark", "half a mark", "cut", "gone", "link", "linked folder"])
def test_only_a_finished_site_is_published(small, harm, tmp_path):
    record = small.html / "files/dge/mine/record.json"
    if harm == "no mark":
        (small.html / MARK).unlink()
    elif harm == "half a mark":
        (small.html / MARK).write_text('{"files": [')
    elif harm == "cut":
        record.write_text("{")
    elif harm == "gone":
        record.unlink()
    elif harm == "link":
        shutil.move(record, tmp_path / "record.json")
        record.symlink_to(tmp_path / "record.json")
    else:
        shutil.move(record.parent, tmp_path / "mine")
        record.parent.symlink_to(tmp_path / "mine")
    nothing_published(small, "no finished book" if "mark" in harm else "not as it was built")


@pytest.mark.parametrize("name", ["../secret.txt", "/etc/hostname", "a/../../secret.txt"])
def test_a_mark_that_names_files_elsewhere_brings_none_of_them(small, name, tmp_path):
    (small.html.parent / "secret.txt").write_text("secret")
    mark = json.loads((small.html / MARK).read_text())
    there = small.html / name
    digest = files.sha256(there) if there.exists() else "0" * 64
    files.write_json(small.html / MARK, {**mark, "files": mark["files"] | {name: digest}})
    nothing_published(small, "not as it was built")


def replaced(folder: Path, harm: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    if harm == "a file of the user":
        (folder / "thesis.txt").write_text("three years")
    elif harm == "a hidden file":
        (folder / ".git").mkdir()
        (folder / ".git" / "HEAD").write_text("ref")
    elif harm == "a changed page":
        (folder / "index.html").write_text("mended by hand")
    elif harm == "a link":
        (folder / "data").symlink_to("/")
    elif harm == "a link in place of a page":
        (folder / "index.html").unlink(missing_ok=True)
        (folder / "index.html").symlink_to("/etc/hostname")
    elif harm == "a pipe":
        os.mkfifo(folder / "pipe")
    elif harm == "a mark of another":
        (folder / PUBLISHED).write_text('["files"]')
        (folder / "thesis.txt").write_text("three years")


@pytest.mark.parametrize("ours", [True, False])
@pytest.mark.parametrize(
    "harm",
    [
        "a file of the user",
        "a hidden file",
        "a changed page",
        "a link",
        "a link in place of a page",
        "a pipe",
        "a mark of another",
    ],
)
def test_nothing_of_the_users_is_overwritten(small, harm, ours):
    """A folder that is a git work tree as well would have lost its history."""
    if ours:
        small.publish()
    replaced(small.target, harm)
    before = sorted(os.walk(small.target))
    with pytest.raises(SiteError, match="not replaced"):
        small.publish()
    assert sorted(os.walk(small.target)) == before


def test_an_empty_folder_is_taken_and_one_of_ours_replaced(small):
    small.target.mkdir(parents=True)
    small.publish()
    (small.target / "index.html").unlink()  # what is missing is nobody's loss
    small.publish()
    assert (small.target / "index.html").is_file()


@pytest.mark.parametrize("place", ["", "book", "book/public", "book/_build/html/x", "..", "file"])
def test_places_that_would_swallow_the_book_are_refused(small, place):
    (small.root / "file").write_text("x")
    before = bytes_below(small.root)
    with pytest.raises(SiteError, match="not replaced"):
        small.publish(small.root / place)
    assert {n: b for n, b in bytes_below(small.root).items() if "site.lock" not in n} == before


def test_a_link_is_not_followed(small, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    small.target.parent.mkdir(parents=True)
    small.target.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(SiteError, match="it is a link"):
        small.publish()
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_a_disk_that_takes_no_more_leaves_what_was_there(small, monkeypatch):
    small.publish()
    small.write("index.html", PAGE.format("two"))

    def full(*_a, **_k):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(shutil, "copyfile", full)
    nothing_published(small, "No space left")


# The page for what is not there


class Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, str]] = []
        self.tags: set[str] = set()

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.found += [(name, value) for name, value in attrs if name in ("href", "src")]


def test_the_page_for_lost_readers_works_at_any_depth():
    """With links from the root, a host that serves the book below a folder leads elsewhere."""
    from urllib.parse import urljoin

    links = Links()
    links.feed(NOT_FOUND)
    assert {"script", "img", "link", "base"} & links.tags == set()
    assert [value for _, value in links.found] == ["./", "../"]
    start = "https://ann.example/report/"
    for lost in ("gone.html", "gone", "studies/dge/gone.html", "a/b/c/d/e/"):
        address = urljoin(start + lost, "./")
        while address != start:  # every page on the way is this one again
            above = urljoin(address, "../")
            assert len(above) < len(address)
            address = above
    assert len(NOT_FOUND) < 1500


# The workflow


@pytest.fixture(scope="module")
def workflow() -> dict:
    return read_values(PROJECT / ".github" / "workflows" / "book.yml")


def steps(workflow: dict) -> list[dict]:
    return [step for job in workflow["jobs"].values() for step in job["steps"]]


def test_every_command_of_the_workflow_exists(workflow):
    targets = set(re.findall(r"^([a-z-]+):.*## ", (PROJECT / "Makefile").read_text(), re.M))
    commands = [step["run"] for step in steps(workflow) if "run" in step]
    tested, published = ["check-code", "book", "test", "test-long"], ["book", "publish"]
    assert commands == [f"make {verb}" for verb in (*tested, *published)]
    assert {command.removeprefix("make ") for command in commands} <= targets


def test_the_workflow_runs_on_changes_and_publishes_the_main_branch_only(workflow):
    assert workflow["on"].keys() == {"push", "pull_request", "workflow_dispatch"}
    assert workflow["on"]["push"] == {"branches": ["main"]}
    deploying = {
        name
        for name, job in workflow["jobs"].items()
        if any("deploy-pages" in step.get("uses", "") for step in job["steps"])
    }
    assert deploying == {"deploy"}
    deploy = workflow["jobs"]["deploy"]
    condition = "github.ref == 'refs/heads/main' && github.event_name != 'pull_request'"
    assert deploy["if"] == condition
    assert set(deploy["needs"]) == {"test", "book"}
    assert all("if" not in step for step in steps(workflow))


def test_the_workflow_may_do_no_more_than_it_must(workflow):
    assert workflow["permissions"] == {"contents": "read"}
    given = {name: job.get("permissions") for name, job in workflow["jobs"].items()}
    assert given.pop("deploy") == {"pages": "write", "id-token": "write"}
    assert set(given.values()) == {None}
    for step in steps(workflow):
        if "checkout" in step.get("uses", ""):
            assert step["with"]["persist-credentials"] is False
    text = (PROJECT / ".github" / "workflows" / "book.yml").read_text()
    assert "secrets." not in text
    # What a stranger writes (titles, branches) never becomes part of a command.
    assert all("${{" not in step.get("run", "") for step in steps(workflow))


def test_actions_are_pinned_and_githubs_own_and_every_job_ends(workflow):
    for step in steps(workflow):
        if "uses" in step:
            assert re.fullmatch(r"actions/[a-z-]+@(v\d+|[0-9a-f]{40})", step["uses"])
    assert all(job["timeout-minutes"] <= 60 for job in workflow["jobs"].values())
    assert "github.ref" in workflow["concurrency"]["group"]


def test_only_results_that_are_verified_come_from_a_cache(workflow):
    cached = [step["with"] for step in steps(workflow) if "actions/cache@" in step.get("uses", "")]
    assert [given["path"] for given in cached] == ["build/runs"]
    hashed = re.findall(r"'([^']+)'", cached[0]["key"])
    assert all(list(PROJECT.glob(pattern)) for pattern in hashed)
    uploaded = [s["with"]["path"] for s in steps(workflow) if "upload" in s.get("uses", "")]
    assert uploaded == ["build/publish"]


def test_files_are_written_by_their_own_rights_and_not_the_sources(small):
    (small.html / "index.html").chmod(0o600)
    small.publish()
    probe = small.root / "probe"
    files.write_text(probe, "")
    assert (small.target / "404.html").stat().st_mode == probe.stat().st_mode
    assert (small.target / "index.html").stat().st_mode == probe.stat().st_mode

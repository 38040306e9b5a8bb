"""What `make audit` says: of licences, of weak spots, and of a question that nobody answers."""

from __future__ import annotations

import csv
import importlib.metadata
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from markdown_it import MarkdownIt
from packaging.utils import canonicalize_name

from analysis_lib.files import PROJECT
from analysis_lib.tables import read_table
from tests import audit

KNOWN = {
    "id": "OSV-2026-1",
    "aliases": ["CVE-2026-1"],
    "summary": "Runs what it is given.",
    "affected": [
        {
            "package": {"name": "six", "ecosystem": "PyPI"},
            "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "99.0"}]}],
        }
    ],
}


class Database(BaseHTTPRequestHandler):
    """Answers as OSV's database does: with what is known of a package, or with nothing."""

    weak: frozenset[str] = frozenset()
    status = 200
    asked: list[str]

    def do_POST(self):
        question = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        name = question["package"]["name"]
        self.asked.append(f"{name}=={question['version']}")
        body = json.dumps({"vulns": [KNOWN]} if name in self.weak else {}).encode()
        self.send_response(self.status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        """Keep the tests' output clean."""


@contextmanager
def database(**how) -> Iterator[tuple[str, list[str]]]:
    asked: list[str] = []
    handler = type("Asked", (Database,), {**how, "asked": asked})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/v1/query", asked
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def lock(tmp_path):
    """A lock file of two packages, as the project's own has them."""
    packages = ("six", "tqdm")
    pinned = (f"{name}=={importlib.metadata.version(name)}" for name in packages)
    path = tmp_path / "requirements.lock"
    path.write_text("".join(f"{pin} \\\n    --hash=sha256:{'0' * 64}\n" for pin in pinned))
    return path


def audited(lock, tmp_path, capsys, address):
    status = audit.main(
        ["--lock", str(lock), "--target", str(tmp_path / "audit"), "--service", address]
    )
    return status, capsys.readouterr().out


def test_every_locked_package_is_asked_about(lock, tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with database() as (address, asked):
        status, said = audited(lock, tmp_path, capsys, address)
    pins = [line.split()[0] for line in lock.read_text().splitlines() if "==" in line]
    assert sorted(asked) == sorted(pins)
    assert status == 0
    assert "Known vulnerabilities: 0 in 2 packages." in said


@pytest.mark.fault(
    "A package of the lock file with a known vulnerability",
    by="a database on this machine that knows one of six",
    survives="exit status 1; package, names of the fault and the mending version are told",
)
def test_a_weak_package_is_named(lock, tmp_path, capsys, monkeypatch):
    """Before: nobody asked."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with database(weak=frozenset({"six"})) as (address, _):
        status, said = audited(lock, tmp_path, capsys, address)
    assert status == audit.WEAK
    assert "Known vulnerabilities: 1 in 2 packages." in said
    version = importlib.metadata.version("six")
    assert f"six {version}: CVE-2026-1, OSV-2026-1; mended in 99.0" in said


@pytest.mark.fault(
    "A vulnerability database that does not answer",
    by="a closed port, an error 503, and a service that knows no package at all",
    survives="exit status 3 and “could not be asked”; the licences are written all the same",
)
@pytest.mark.parametrize("how", ["closed", "503", "knows none"])
def test_silence_is_no_answer(lock, tmp_path, capsys, monkeypatch, how):
    """Before: pip-audit found “no known vulnerabilities” in packages it had all skipped."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with database(status=503 if how == "503" else 200) as (address, _):
        if how == "knows none":
            skipped = {"name": "six", "skip_reason": "Dependency not found on PyPI"}
            found = audit.answered({"dependencies": [skipped], "fixes": []})
            monkeypatch.setattr(audit, "weak_spots", lambda *_: found)
        if how != "closed":
            status, said = audited(lock, tmp_path, capsys, address)
    if how == "closed":
        status, said = audited(lock, tmp_path, capsys, address)
    assert status == audit.UNANSWERED
    assert "could not be asked" in said
    assert "Traceback" not in said
    assert (tmp_path / "audit" / "licences.csv").exists()


def test_a_package_that_was_not_looked_up_is_no_sound_one():
    looked_up = {"name": "six", "version": "1", "vulns": []}
    skipped = {"name": "tqdm", "skip_reason": "not found"}
    answer = audit.answered({"dependencies": [looked_up, skipped]})
    assert (answer.status, answer.skipped) == (audit.UNANSWERED, ("tqdm",))
    assert "not looked up: tqdm" in "\n".join(audit._told(answer))


def test_the_licences_of_all_that_is_locked_and_here_are_in_one_table(tmp_path):
    table = audit.licences(PROJECT / "requirements.lock")
    locked = {canonicalize_name(name) for name in audit.locked(PROJECT / "requirements.lock")}
    here = {canonicalize_name(d.metadata["Name"]) for d in importlib.metadata.distributions()}
    assert {canonicalize_name(name) for name in table["package"]} == locked & here
    known = table.set_index("package")
    assert known.loc["numpy", ["kind", "for"]].tolist() == ["permissive", "the report"]
    assert known.loc["pytest", ["licence", "kind", "for"]].tolist() == [
        "MIT",
        "permissive",
        "development",
    ]
    assert not table.eq("").to_numpy().any()


HOSTILE = "=cmd|'<img src=x onerror=alert(1)>' | [x](javascript:1)"


def test_what_a_package_says_of_itself_does_not_act(tmp_path, lock, monkeypatch, capsys):
    monkeypatch.setattr(audit, "licence_of", lambda _: (HOSTILE, "field"))
    monkeypatch.setattr(audit, "weak_spots", lambda *_: audit.Answer(2, (), ()))
    audit.main(["--lock", str(lock), "--target", str(tmp_path / "audit")])
    capsys.readouterr()
    with (tmp_path / "audit" / "licences.csv").open(newline="") as file:
        assert {row["licence"] for row in csv.DictReader(file)} == {f"'{HOSTILE}"}
    assert len(read_table(tmp_path / "audit" / "licences.csv")) == 2
    page = (tmp_path / "audit" / "licences.md").read_text()
    tokens = MarkdownIt("commonmark").enable("table").parse(page)
    kinds = {child.type for token in tokens for child in [token, *(token.children or ())]}
    assert "table_open" in kinds
    assert not kinds & {"html_inline", "html_block", "link_open", "image"}


@pytest.mark.parametrize(
    ("licence", "kind"),
    [
        ("MIT", "permissive"),
        ("Apache Software License", "permissive"),
        ("GNU General Public License v3 (GPLv3)", "copyleft"),
        ("AGPL-3.0-or-later", "copyleft"),
        ("GNU Lesser General Public License v2 (LGPLv2)", "weak copyleft"),
        ("Mozilla Public License 2.0 (MPL 2.0)", "weak copyleft"),
        ("MPL-2.0 AND MIT", "weak copyleft"),
        ("GPL-2.0-only OR BSD-2-Clause", "permissive"),
        ("BSD License; GNU General Public License (GPL)", "copyleft"),
        ("Ask the author", "unknown"),
        ("unknown", "unknown"),
    ],
)
def test_what_a_licence_asks(licence, kind):
    assert audit.kind(licence) == kind

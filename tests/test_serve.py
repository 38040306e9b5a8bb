"""The local server: what it gives, what it keeps to itself, when it builds anew, how it ends."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analysis_lib import files
from analysis_lib.errors import AnalysisError, ParameterError, SiteError
from analysis_lib.site.key import MARK
from analysis_lib.site.serving import in_new_process, serve, serving, web
from analysis_lib.site.serving import server as module
from analysis_lib.site.serving.watching import matters

PAGE = "<!DOCTYPE html><html><body><p>Gene {}</p></body></html>"
SECRET = b"nobody's business"


def write_site(folder: Path, text: str = "one") -> Path:
    """Write a small finished site."""
    contents = {
        "index.html": PAGE.format(text),
        "studies/dge/default.html": PAGE.format(text),
        "studies/index.html": PAGE.format(text),
        "_static/site.css": "p { color: red }",
        "files/dge/default/figures/volcano.js": "analysisReport.figure('dge/default', {});",
        "files/dge/default/tables/a b.csv": "gene\nNA\n",
        "files/plot.unknown": "?",
        "files/Größe.txt": "ü",
        ".buildinfo": "config",
    }
    for name, content in contents.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content, encoding="utf-8")
    (folder / MARK).write_text("{}")
    return folder


@pytest.fixture
def site(tmp_path: Path) -> Path:
    (tmp_path / "secret.txt").write_bytes(SECRET)
    (tmp_path / "html-of-another").mkdir()
    (tmp_path / "html-of-another" / "secret.html").write_bytes(SECRET)
    return write_site(tmp_path / "html")


@pytest.fixture
def address(site: Path) -> Iterator[str]:
    with serving(site, port=0, say=pytest.fail) as served:
        yield served


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def page(self) -> bytes:
        """The body without what the server put into it."""
        return re.sub(rb'<script src="/__reload.js"[^>]*></script>', b"", self.body)


def port_of(address: str) -> int:
    return int(address.rstrip("/").rpartition(":")[2])


def send(address: str, request: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", port_of(address))) as connection:
        connection.sendall(request)
        parts = []
        with contextlib.suppress(ConnectionResetError):
            while part := connection.recv(65536):
                parts.append(part)
        return b"".join(parts)


def ask(address: str, path: str, method: str = "GET", host: str = "", **headers: str) -> Answer:
    """Send a request as it is written, and read all of the answer."""
    host = host or f"127.0.0.1:{port_of(address)}"
    more = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    lines = f"{method} {path} HTTP/1.1\r\nHost: {host}\r\n{more}\r\n"
    head, _, body = send(address, lines.encode("utf-8", "surrogatepass")).partition(b"\r\n\r\n")
    first, *rest = head.decode("latin-1").split("\r\n")
    return Answer(int(first.split()[1]), dict(line.split(": ", 1) for line in rest), body)


@contextlib.contextmanager
def listening(address: str) -> Iterator[socket.socket]:
    """Open the stream of events, and wait for the beginning of its answer."""
    host = f"127.0.0.1:{port_of(address)}"
    with socket.create_connection(("127.0.0.1", port_of(address))) as connection:
        connection.sendall(f"GET /__events HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
        assert connection.recv(4, socket.MSG_PEEK)
        yield connection


# What it gives


@pytest.mark.parametrize(
    ("path", "name", "kind"),
    [
        ("/", "index.html", "text/html; charset=utf-8"),
        ("/index.html", "index.html", "text/html; charset=utf-8"),
        ("/?q=genes", "index.html", "text/html; charset=utf-8"),
        ("/studies/", "studies/index.html", "text/html; charset=utf-8"),
        ("/studies/dge/default.html", "studies/dge/default.html", "text/html; charset=utf-8"),
        ("/_static/site.css?v=1", "_static/site.css", "text/css; charset=utf-8"),
        (
            "/files/dge/default/figures/volcano.js",
            "files/dge/default/figures/volcano.js",
            "text/javascript; charset=utf-8",
        ),
        (
            "/files/dge/default/tables/a%20b.csv",
            "files/dge/default/tables/a b.csv",
            "text/csv; charset=utf-8",
        ),
        ("/files/Gr%C3%B6%C3%9Fe.txt", "files/Größe.txt", "text/plain; charset=utf-8"),
        ("/files/plot.unknown", "files/plot.unknown", "application/octet-stream"),
        ("//index.html", "index.html", "text/html; charset=utf-8"),
    ],
)
def test_a_file_is_given_with_its_type(site, address, path, name, kind):
    answer = ask(address, path)
    assert (answer.status, answer.headers["Content-Type"]) == (200, kind)
    assert answer.page == (site / name).read_bytes()
    assert int(answer.headers["Content-Length"]) == len(answer.body)


def test_only_pages_get_the_script_and_the_disk_does_not(site, address):
    before = {path: path.read_bytes() for path in site.rglob("*") if path.is_file()}
    page, style = ask(address, "/"), ask(address, "/_static/site.css")
    tag = f'<script src="/__reload.js" data-version="{web.version(site)}" defer></script></body>'
    assert tag.encode() in page.body
    assert style.body == before[site / "_static/site.css"]
    assert ask(address, "/__reload.js").body == web.RELOAD_SCRIPT
    assert before == {path: path.read_bytes() for path in site.rglob("*") if path.is_file()}


@pytest.mark.parametrize(
    "path", ["/", "/_static/site.css", "/studies", "/no.html", "/__reload.js", "/__events"]
)
def test_head_tells_the_same_without_the_body(address, path):
    head = ask(address, path, "HEAD")
    assert head.body == b""
    if path != "/__events":
        whole = ask(address, path)
        assert head.status == whole.status
        assert head.headers | {"Date": ""} == whole.headers | {"Date": ""}


def test_a_folder_leads_to_the_address_with_its_slash(address):
    answer = ask(address, "/studies?x=1")
    assert (answer.status, answer.headers["Location"]) == (301, "/studies/")


def test_a_file_that_is_known_is_not_sent_again_until_it_changed(site, address):
    first = ask(address, "/_static/site.css")
    again = ask(address, "/_static/site.css", If_None_Match=first.headers["ETag"])
    assert (again.status, again.body) == (304, b"")
    files.write_text(site / "_static/site.css", "p { color: tan }")
    assert ask(address, "/_static/site.css", If_None_Match=first.headers["ETag"]).status == 200


# What it keeps to itself


TRAVERSAL = [
    "/../secret.txt",
    "/studies/../../secret.txt",
    "/%2e%2e/secret.txt",
    "/%2E%2E%2Fsecret.txt",
    "/..%2fsecret.txt",
    "/%252e%252e/secret.txt",
    "/%252e%252e%252fsecret.txt",
    "/..%255csecret.txt",
    "/..;/secret.txt",
    "/%u002e%u002e/secret.txt",
    "/%EF%BC%8E%EF%BC%8E/secret.txt",
    "/" + "../" * 200 + "secret.txt",
    "/..%5csecret.txt",
    "/..\\secret.txt",
    "/\\..\\secret.txt",
    "/studies\\..\\index.html",
    "/%c0%ae%c0%ae/secret.txt",
    "/..%c0%afsecret.txt",
    "/index.html%00.css",
    "/%00",
    "/index.html%0a",
    "/%0d%0aSet-Cookie:x",
    "/./index.html",
    "/studies//index.html",
    "/studies/.",
    "/studies/..",
    "/..",
    "/...",
    "/../html-of-another/secret.html",
    "/../html/index.html",
    "//etc/passwd",
    "/etc/passwd",
    "/%2fetc/passwd",
    "///etc/passwd",
    "file:///etc/passwd",
    "http://127.0.0.1/index.html",
    "index.html",
    "*",
    "?",
    "/C:/secret.txt",
    f"/{MARK}",
    "/%2esite.json",
    "/.buildinfo",
    "/.partial-html/index.html",
    "/studies/dge/",
    "/studies/dge",
    "/files/",
    "/index.html/",
    "/index.html/x",
    "/%ff",
    "/" + "a" * 5000,
    "/" + "a/" * 3000,
    "/leaving.txt",
    "/leaving/secret.txt",
    "/circle",
    "/pipe",
    "/hidden.html",
]


@pytest.mark.fault(
    "Paths that lead out of the site",
    by=".. in every encoding, links, dot-files, %00, backslashes, absolute addresses",
    survives="404 and nothing else; a folder is never listed",
)
@pytest.mark.parametrize("path", TRAVERSAL, ids=lambda path: path[:30])
def test_nothing_outside_the_site_and_nothing_hidden_is_given(site, address, path, tmp_path):
    """Before: Python's own file server lists folders, follows links out, and shows dot-files."""
    (site / "leaving.txt").symlink_to(tmp_path / "secret.txt")
    (site / "leaving").symlink_to(tmp_path)
    (site / "circle").symlink_to(site / "circle")
    (site / ".private").mkdir()
    (site / ".private" / "x.html").write_text("x")
    (site / "hidden.html").symlink_to(site / ".private" / "x.html")
    os.mkfifo(site / "pipe")  # reading it would wait for ever
    answer = ask(address, path)
    if path == "/studies/dge":  # a folder: its slash is added, and then there is no list either
        assert (answer.status, answer.headers["Location"]) == (301, "/studies/dge/")
        return
    assert answer.status == 404
    assert answer.body == b"There is no such page.\n"


PIECES = st.one_of(
    st.sampled_from(
        "/ .. . %2e%2e %2f \\ %5c %00 html studies dge files index.html secret.txt ? # %25 ~ C: "
        f"html-of-another {MARK} default.html %c0%ae leaving _static site.css \x00 \u202e".split()
    ),
    st.text(max_size=4),
    st.binary(max_size=3).map(quote),
)


@pytest.mark.fault(
    "Any address at all",
    by="hypothesis: pieces of paths, encodings and controls",
    survives="only visible files of the site come back",
)
@given(pieces=st.lists(PIECES, max_size=8))
@settings(
    max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_whatever_is_asked_only_visible_files_of_the_site_come_back(site, address, pieces):
    """Before: Python's own file server gave whatever a path led to."""
    link = site / "leaving"
    if not link.is_symlink():
        link.symlink_to(site.parent)
    path = "/" + "".join(pieces)
    found = web.locate(site, path)
    assert found is None or found.is_relative_to(site.resolve())
    line = re.sub(r"[\s\ud800-\udfff]", "_", path)  # what is left of it in one line of a request
    answer = ask(address, line)
    inside = [
        file.read_bytes()
        for file in site.rglob("[!.]*")
        if file.is_file() and not file.is_relative_to(link)
    ]
    assert answer.status in (200, 301, 400, 404)
    assert answer.status != 200 or answer.page in inside
    assert SECRET not in answer.body


@pytest.mark.fault(
    "Another name for this machine: DNS rebinding",
    by="hosts of attackers, other ports, two of them, none",
    survives="421; the book is answered under its own names alone",
)
@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1:{}", 200),
        ("localhost:{}", 200),
        ("LocalHost:{}", 200),
        ("[::1]:{}", 200),
        ("localhost", 421),
        ("127.0.0.1:1", 421),
        ("attacker.example:{}", 421),
        ("localhost.attacker.example:{}", 421),
        ("localhost:{}.attacker.example", 421),
        ("attacker.example", 421),
        ("0.0.0.0:{}", 421),
        ("127.0.0.1:{}\r\nHost: attacker.example", 421),
        ("127.0.0.1:{0}\r\nHost: 127.0.0.1:{0}", 421),
    ],
)
def test_only_this_machines_own_names_are_answered(address, host, status):
    """Before: a name that an attacker turns to 127.0.0.1 made the book a page of the attacker's."""
    for path in ("/", "/__events", "/__reload.js", "/files/plot.unknown"):
        answer = ask(address, path, "HEAD", host=host.format(port_of(address)))
        assert answer.status == status
    if status == 421:
        refused = ask(address, "/", host=host.format(port_of(address)))
        assert refused.body == f"This book is served at {address} only.\n".encode()


def test_a_request_without_a_host_is_refused(address):
    assert b" 421 " in send(address, b"GET / HTTP/1.0\r\n\r\n").splitlines()[0]


@pytest.mark.fault(
    "Methods that write or tunnel",
    by="POST, PUT, DELETE, OPTIONS, TRACE, CONNECT, an unknown one",
    survives="405; nothing is changed",
)
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "TRACE", "CONNECT", "X"])
def test_it_can_only_be_read(site, address, method):
    """Held from the start; feared was a method of the base class that nobody thought of."""
    before = sorted(site.rglob("*"))
    answer = ask(address, "/index.html", method)
    assert (answer.status, answer.headers["Allow"]) == (405, "GET, HEAD")
    assert answer.body == b"This book can only be read.\n"
    assert sorted(site.rglob("*")) == before


@pytest.mark.parametrize(
    "request_line", [b"GET", b"\x00\xff", b"GET / HTTP/9.9", b"GET /" + b"a" * 70_000, b"GET / X Y"]
)
def test_what_is_no_request_is_refused_in_plain_text(address, request_line):
    answer = send(address, request_line + b"\r\n\r\n")
    assert b"<" not in answer
    assert re.search(rb" (4\d\d|505) |^(Bad Request|HTTP)", answer)
    assert ask(address, "/").status == 200


@pytest.mark.fault(
    "A page that loads, frames or guesses what it should not",
    by="every kind of answer, by GET and HEAD",
    survives="a policy without unsafe scripts, nosniff, no referrer, same origin",
)
@pytest.mark.parametrize(
    ("path", "method"),
    [
        ("/", "GET"),
        ("/_static/site.css", "GET"),
        ("/no", "GET"),
        ("/studies", "GET"),
        ("/", "POST"),
        ("/__reload.js", "GET"),
        ("/__events", "HEAD"),
    ],
)
def test_every_answer_says_what_a_browser_may_do_with_it(address, path, method):
    """Before: Python's own file server sends no such header."""
    headers = ask(address, path, method).headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Cache-Control"] == "no-cache"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert "Python" not in headers["Server"]
    assert "Access-Control-Allow-Origin" not in headers
    csp = dict(part.split(" ", 1) for part in headers["Content-Security-Policy"].split("; "))
    assert csp["default-src"] == "'self'"
    for closed in ("object-src", "base-uri", "frame-ancestors", "frame-src"):
        assert csp[closed] == "'none'"
    assert "unsafe" not in csp["script-src"]
    assert "*" not in headers["Content-Security-Policy"]


def sources(page: str) -> int:
    return web.policy(page.encode()).count("'sha256-")


@pytest.mark.fault(
    "A script planted in a page of the site",
    by="scripts like and unlike those of the theme",
    survives="only the few lines of the theme may run",
)
@pytest.mark.parametrize(
    ("page", "allowed"),
    [
        ("<script>DOCUMENTATION_OPTIONS.pagename = 'studies/dge/my-run';</script>", 1),
        ("<script>DOCUMENTATION_OPTIONS.search_as_you_type = false;</script>", 1),
        ("<script>DOCUMENTATION_OPTIONS.pagename = 'a'; alert(1);</script>", 0),
        ("<script>DOCUMENTATION_OPTIONS.pagename = 'a' + alert(1) + '';</script>", 0),
        ("<script>alert(1)</script>", 0),
        ("<script src='x.js'></script>", 0),
        ("<script src='x.js'>DOCUMENTATION_OPTIONS.a = true;</script>", 0),
        ("<SCRIPT>DOCUMENTATION_OPTIONS.a = true;</SCRIPT >", 1),
        (
            '<script data-cfasync="false">\n document.documentElement.dataset.mode = '
            'localStorage.getItem("mode") || "auto";\n document.documentElement.dataset.theme = '
            'localStorage.getItem("theme") || "auto";\n</script>',
            1,
        ),
        ("<script>DOCUMENTATION_OPTIONS.a = true;</script>" * 3, 1),
    ],
)
def test_an_inline_script_runs_only_when_the_theme_is_known_to_write_it(page, allowed):
    """Before: with the digest of whatever stands in a page, a planted script was allowed too."""
    assert sources(page) == allowed


@pytest.mark.fault(
    "Code made from text on every page",
    by="pages with and without points drawn by the graphics card",
    survives="unsafe-eval where Plotly cannot do without, nowhere else",
)
@pytest.mark.parametrize(
    ("figure", "plotly", "evaluating"),
    [
        ('{"type": "scattergl"}', "/** plotly.js v4.1.1", True),
        ('{"type": "scattergl"}', "/** plotly.js (strict - minified) v4.1.1", False),
        ('{"type": "scatter3d"}', "/** plotly.js v4.1.1", False),
    ],
)
def test_code_is_made_from_text_only_where_figures_need_it(
    site, address, figure, plotly, evaluating
):
    """Before: all pages or none; with none Plotly drew nothing in place of 60,000 genes."""
    (site / "files/plotly.min.js").write_text(plotly)
    (site / "files/dge/default/figures/volcano.js").write_text(f"analysisReport.figure({figure})")
    place = '<figure data-src="../../files/dge/default/figures/volcano.js">'
    (site / "studies/dge/default.html").write_text(PAGE.format(place))
    csp = ask(address, "/studies/dge/default.html").headers["Content-Security-Policy"]
    assert ("'unsafe-eval'" in csp) is evaluating
    assert "'unsafe-eval'" not in ask(address, "/").headers["Content-Security-Policy"]


# While the site is replaced


@pytest.mark.parametrize("at_once", [True, False])
def test_no_request_fails_while_the_site_is_replaced(site, address, tmp_path, monkeypatch, at_once):
    if not at_once:
        monkeypatch.setattr(files, "_exchange", lambda *_: False)
    done = threading.Event()
    answers: list[Answer] = []

    def read() -> None:
        while not done.is_set():
            answers.append(ask(address, "/studies/dge/default.html"))

    reader = threading.Thread(target=read)
    reader.start()
    try:
        for number in range(15):
            files.replace_folder(write_site(tmp_path / ".partial-html", str(number)), site)
    finally:
        done.set()
        reader.join()
    assert {answer.status for answer in answers} == {200}
    assert all(re.search(rb"<p>Gene (one|\d+)</p></body>", answer.page) for answer in answers)


def test_a_moment_without_a_site_is_waited_for(site, tmp_path, monkeypatch):
    """Between the two renames of a machine that cannot exchange folders, pages were missing."""
    site.rename(tmp_path / "away")
    monkeypatch.setattr(web.time, "sleep", lambda _: (tmp_path / "away").rename(site))
    path, file = web.open_file(site, "/index.html")
    file.close()
    assert path == site.resolve() / "index.html"
    monkeypatch.setattr(web.time, "sleep", lambda _: pytest.fail("it waited"))
    assert web.open_file(site, "/no.html") is None


def test_listeners_are_told_when_the_site_is_another(site, address, tmp_path):
    with listening(address) as connection:
        stream = connection.makefile("rb")
        assert b" 200 " in stream.readline()
        told = list(iter(stream.readline, b"\r\n"))
        assert b"Content-Type: text/event-stream\r\n" in told
        assert stream.readline() == f"data: {web.version(site)}\n".encode()
        files.replace_folder(write_site(tmp_path / ".partial-html", "two"), site)
        assert stream.readline() == b"\n"
        assert stream.readline() == f"data: {web.version(site)}\n".encode()


# Beginning and ending


@pytest.mark.fault(
    "A book that the whole network can read",
    by="listening to what is bound, and to names that are asked for",
    survives="127.0.0.1 alone, and no name is asked for",
)
def test_it_is_bound_to_this_machine_only(site, monkeypatch):
    """Held from the start; feared was the empty host, which is every address."""
    bound = []
    bind = socket.socket.bind
    monkeypatch.setattr(
        socket.socket, "bind", lambda self, at: (bound.append(at), bind(self, at))[1]
    )
    monkeypatch.setattr(socket, "getfqdn", lambda *_: pytest.fail("it asked for a name"))
    with serving(site, port=0, say=pytest.fail):
        pass
    assert [host for host, _ in bound] == ["127.0.0.1"]


@pytest.mark.fault(
    "Clients that say nothing, or half a request",
    by="thirty of them, with no time limit at all",
    survives="others are answered, and Ctrl-C ends at once",
)
def test_clients_that_say_nothing_or_half_a_request_hold_nobody_up(site, monkeypatch):
    """Before: the first of them was waited for, by its thread and so by Ctrl-C, for ever."""
    monkeypatch.setattr(module._Handler, "timeout", None)
    before = {*threading.enumerate()}
    with contextlib.ExitStack() as clients:
        with serving(site, port=0, say=pytest.fail) as address:
            for beginning in [b"", b"GET", b"GET / HTTP/1.1\r\nHost:"] * 10:
                client = socket.create_connection(("127.0.0.1", port_of(address)))
                clients.callback(client.close)
                client.sendall(beginning)
            assert ask(address, "/").status == 200
            clients.enter_context(listening(address))
        assert {*threading.enumerate()} <= before
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port_of(address)))


def test_clients_that_go_away_are_no_news(site, capfd):
    """Each was a traceback in the terminal: a reader who turned to the next page too soon."""
    (site / "files" / "large.csv").write_bytes(b"x" * 20_000_000)
    with serving(site, port=0, say=pytest.fail) as address:
        host = f"127.0.0.1:{port_of(address)}"
        for _ in range(5):
            with socket.create_connection(("127.0.0.1", port_of(address))) as client:
                client.sendall(f"GET /files/large.csv HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
                assert client.recv(8) == b"HTTP/1.0"
    assert capfd.readouterr().err == ""


def test_a_client_that_asks_too_slowly_is_let_go(site, monkeypatch):
    monkeypatch.setattr(module._Handler, "timeout", 0.1)
    with serving(site, port=0, say=pytest.fail) as address:
        assert send(address, b"GET / HT") == b""


def test_a_taken_port_leads_to_the_next_and_is_told(site):
    said: list[str] = []
    with serving(site, port=0, say=pytest.fail) as first:
        port = port_of(first)
        with serving(site, port=port, say=said.append) as second:
            assert port < port_of(second) < port + module.PORTS_TRIED
            assert ask(second, "/").status == 200
    assert said == [f"Port {port} is taken; this is {port_of(second)}."]


def test_no_port_that_can_be_used_is_an_error(site, monkeypatch):
    monkeypatch.setattr(module, "PORTS_TRIED", 1)
    with (
        serving(site, port=0, say=pytest.fail) as first,
        pytest.raises(ParameterError, match=f"All ports from {port_of(first)}"),
        serving(site, port=port_of(first), say=pytest.fail),
    ):
        pass
    for port in (-1, 65536):
        with pytest.raises(ParameterError, match=f"no port {port}"):
            serving(site, port=port, say=pytest.fail).__enter__()


def test_without_a_finished_site_there_is_nothing_to_serve(tmp_path):
    with pytest.raises(SiteError, match="make book"):
        serving(tmp_path, port=0, say=pytest.fail).__enter__()


# Building anew


BOOK = Path("/srv/.cache/report/book")


@pytest.mark.parametrize(
    ("path", "does"),
    [
        (BOOK / "index.md", True),
        (BOOK / "_static/site.css", True),
        (BOOK, True),
        (BOOK / "_build/html/index.html", False),
        (BOOK / ".index.md.swp", False),
        (BOOK / ".partial-x/index.md", False),
        (BOOK / "index.md~", False),
        (BOOK / "#index.md#", False),
        (BOOK / ".#index.md", False),
        (BOOK / "index.swx", False),
        (BOOK / "4913", False),
        (BOOK / "index.md.tmp", False),
        (BOOK / "x.lock", False),
        (BOOK / "__pycache__/a.cpython-311.pyc", False),
        (BOOK.parent / "report.yml", True),
        (BOOK.parent / "requirements.lock", True),
        (BOOK.parent / "README.md", False),
        (Path("/srv/.cache/report/booklet/index.md"), False),
    ],
)
def test_which_changes_matter(path, does):
    named = [BOOK.parent / "report.yml", BOOK.parent / "requirements.lock"]
    assert matters(path, [BOOK, *named]) is does


@dataclass
class Served:
    """A serving thread of a project, how often it built, and everything it said."""

    root: Path
    built: list[int]
    said: list[str]
    answer: Callable[[], None] = lambda: None

    def rebuild(self) -> None:
        self.built.append(len(self.built))
        self.answer()

    def until(self, act: Callable[[], object], count: int) -> None:
        """Act again and again until so many rebuilds have come of it."""
        while len(self.built) < count:
            act()
            time.sleep(0.5)

    def settle(self) -> int:
        """Return how many rebuilds there were once no more come."""
        before = -1
        while before != len(self.built):
            before = len(self.built)
            time.sleep(1)
        return before


@pytest.fixture
def served(site: Path) -> Iterator[Served]:
    root = site.parent
    (root / "book").mkdir()
    (root / "report.yml").write_text("a")
    state = Served(root, [], [])
    ready, ended = threading.Event(), []

    def run() -> None:
        try:
            serve(
                site,
                rebuild=state.rebuild,
                watched=[root / "book", root / "report.yml", root / "build" / "runs"],
                port=0,
                say=state.said.append,
                ready=lambda _address: ready.set(),
            )
        except KeyboardInterrupt:
            ended.append(True)

    def interrupt() -> None:
        raise KeyboardInterrupt

    before = {*threading.enumerate()}
    thread = threading.Thread(target=run)
    thread.start()
    ready.wait()
    yield state
    state.answer = interrupt
    while thread.is_alive():
        (root / "book" / "index.md").write_text("the end")
        thread.join(0.3)
    assert ended == [True]
    assert {*threading.enumerate()} <= before  # earlier tests may have left some of theirs


def test_a_change_is_built_once_and_the_builds_own_files_start_no_other(served):
    def build() -> None:
        for name in ("book/_build/html/x.html", "book/.partial-x/y", "build/runs/.dge.lock"):
            (served.root / name).parent.mkdir(parents=True, exist_ok=True)
            (served.root / name).write_text("built")

    served.answer = build
    served.until(lambda: (served.root / "book" / "page.md").write_text("changed"), 1)
    count = served.settle()
    (served.root / "book" / "page.md").write_text("changed again")
    served.until(lambda: None, count + 1)
    assert served.settle() == count + 1


def test_a_file_that_an_editor_replaces_is_noticed_every_time(served):
    """Watching the file itself ends with the first editor that writes beside it and renames."""
    report = served.root / "report.yml"
    ways = [
        lambda: files.write_text(report, "b"),
        lambda: report.unlink() or report.write_text("c"),
    ]
    for act in ways * 2:
        count = served.settle()
        served.until(act, count + 1)


def test_a_folder_that_comes_later_is_noticed_and_so_is_what_comes_into_it(served):
    run = served.root / "build" / "runs" / "dge" / "mine" / "record.json"
    run.parent.mkdir(parents=True)
    served.until(lambda: None, 1)
    for _ in range(2):
        count = served.settle()
        served.until(lambda: run.write_text("{}"), count + 1)


def test_a_rebuild_that_fails_is_told_and_the_server_goes_on(served):
    def fail() -> None:
        raise SiteError("A heading is wrong.", where="index.md")

    served.answer = fail
    served.until(lambda: (served.root / "book" / "index.md").write_text("x"), 1)
    served.settle()
    assert served.said[1].startswith("Error: A heading is wrong.\n  where:    index.md")
    address = re.search(r"http://\S+", served.said[0])[0]
    assert ask(address, "/").status == 200
    served.answer = lambda: None
    count = served.settle()
    served.until(lambda: (served.root / "book" / "index.md").write_text("y"), count + 1)


PROGRAM = """
import sys
from pathlib import Path
from analysis_lib.site.serving import serve
print("started", flush=True)
try:
    serve(Path(sys.argv[1]), rebuild=lambda: None, watched=[Path(sys.argv[1])], port=0,
          say=lambda line: None, ready=lambda address: print(address, flush=True))
except KeyboardInterrupt:
    sys.exit(130)
"""


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_it_at_once_with_pages_open(site, number, status):
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(site)], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout.readline() == "started\n"
        address = process.stdout.readline().strip()
        with listening(address):
            process.send_signal(number)
            assert process.wait() == status
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port_of(address)))


def test_a_rebuild_in_a_process_of_its_own_knows_the_library_as_it_is(tmp_path):
    command = [sys.executable, "-c", "import library; library.build()"]
    rebuild = in_new_process(command, tmp_path)
    for number in range(2):
        text = f"from pathlib import Path\ndef build(): Path('built').write_text('{number:03}')\n"
        (tmp_path / "library.py").write_text(text + "#" * number)
        rebuild()
        assert (tmp_path / "built").read_text() == f"{number:03}"
    (tmp_path / "library.py").write_text("raise SystemExit(3)  # in a hurry")
    with pytest.raises(AnalysisError, match="exit status 3"):
        rebuild()

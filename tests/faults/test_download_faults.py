"""Row 9: downloads that break off, lie, never end, or lead somewhere else."""

import email.utils
import errno
import gc
import gzip
import hashlib
import json
import os
import resource
import signal
import socket
import subprocess
import sys
import threading
import time

import pytest

from analysis_lib.datasets import download, transfer
from analysis_lib.datasets.catalogue import DataSet, RemoteFile
from analysis_lib.datasets.sources import choose
from analysis_lib.datasets.transfer import Patience
from analysis_lib.errors import DataError
from analysis_lib.files import PROJECT
from tests import local_server
from tests.faults.guards import Guard

GUARDS = [
    Guard(
        "analysis_lib/datasets/connection.py",
        "if self._came < self.least:",
        "if False:",
        "test_a_server_that_trickles_is_left[the body]",
    ),
    Guard(
        "analysis_lib/datasets/connection.py",
        "        return None\n",
        "        return super().get_redirect_target(resp)\n",
        "test_the_body_of_a_redirect_is_not_read",
    ),
    Guard(
        "analysis_lib/datasets/transfer.py",
        "if held > most:",
        "if False:",
        "test_a_body_without_end_is_cut_at_the_published_size[published]",
    ),
    Guard(
        "analysis_lib/datasets/download.py",
        "    if wrong:\n        forget(part)\n        raise wrong\n",
        "",
        "test_wrong_bytes_are_refused_with_both_checksums",
    ),
]

CONTENT = b"gene,value\n" + b"".join(b"G%d,%d\n" % (i, i) for i in range(20_000))
RIGHT = "sha256:" + hashlib.sha256(CONTENT).hexdigest()
PAGE = b"\n<!DOCTYPE html><html><body>Please log in</body></html>"
MEBI = 1 << 20


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


@pytest.fixture
def site():
    with local_server.serving(CONTENT) as served:
        yield served


@pytest.fixture
def get(site, tmp_path):
    """Fetch the toy file; the waits asked for are kept in a list, not waited."""

    def fetch(checksum=RIGHT, name="genes.csv", address=None, size=None, attempts=2, **pace):
        entry = toy(address or site.address, checksum, name, size)
        patience = Patience(attempts=attempts, sleep=waits.append, **pace)
        return download.fetch(["toy"], tmp_path, patience=patience, catalogue={"toy": entry})

    waits: list[float] = []
    fetch.waits = waits
    return fetch


def toy(address, checksum=RIGHT, name="genes.csv", size=None):
    file = RemoteFile(name, address, size, checksum)
    return DataSet("toy", "Toy", "nobody", None, "free", (file,), (), ("dge",), "toy")


def kept(folder):
    return sorted(path.name for path in folder.rglob("*") if not path.name.startswith("."))


@pytest.fixture
def dead_address():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    return f"http://127.0.0.1:{port}/genes.csv"


# Pages instead of files


@pytest.mark.fault(
    "a login page with status 200", by="a real server", survives="refused, nothing kept"
)
def test_a_login_page_with_status_200_is_refused(get, site, tmp_path):
    """Before: without a checksum the page became the data set."""
    site.behaviours = [local_server.answers(200, PAGE, Content_Type="text/html; charset=utf-8")]
    with pytest.raises(DataError, match="a page instead of the file") as error:
        get(None)
    assert error.value.where == site.address
    assert kept(tmp_path) == ["toy"]


@pytest.mark.fault(
    "a login page that calls itself data", by="a real server", survives="refused by its text"
)
def test_a_page_that_calls_itself_data_is_refused(get, site, tmp_path):
    """Before: portals label their page as the file that was asked for, and it was kept."""
    site.behaviours = [local_server.answers(200, PAGE, Content_Type="text/csv")]
    with pytest.raises(DataError, match="an HTML page"):
        get(None)
    assert kept(tmp_path) == ["toy"]


@pytest.mark.fault(
    "a login page in the middle of a download",
    by="a connection cut at 50 kB, then the page, as a page or called data",
    survives="what had come in before",
)
@pytest.mark.parametrize("kind", ["text/html", "text/csv"])
def test_a_login_page_does_not_cost_what_had_come_in(get, site, tmp_path, kind):
    """Before: a portal in the middle of a download threw its beginning away."""
    site.behaviours = [
        local_server.cut_after(50_000),
        local_server.answers(200, PAGE, Content_Type=kind),
    ]
    with pytest.raises(DataError, match=r"a page instead|another file"):
        get(size=len(CONTENT))
    assert (tmp_path / "toy" / "genes.csv.part").stat().st_size == 50_000


# Truncated, wrong, empty


@pytest.mark.fault(
    "a truncated download", by="a cut at 70 kB, then 503", survives="no file gets its name"
)
def test_a_truncated_file_never_gets_its_name(get, site, tmp_path):
    """Before: the short file was kept, and read back as fewer rows."""
    site.behaviours = [local_server.cut_after(70_000), local_server.answers(503)]
    with pytest.raises(DataError, match=r"(?s)2 attempts.*70 kB are kept"):
        get(None)
    assert not (tmp_path / "toy" / "genes.csv").exists()


@pytest.mark.fault(
    "a truncated download of unknown length",
    by="a server that names no length and hangs up",
    survives="found by the checksum",
)
def test_a_truncated_file_of_unknown_length_is_found_by_its_checksum(get, site, tmp_path):
    """Before: a server that names no length cannot be caught by counting; the file was kept."""
    site.behaviours = [local_server.ends_early(70_000)]
    with pytest.raises(DataError, match="not the published one") as error:
        get()
    assert error.value.expected == RIGHT
    assert error.value.got == "sha256:" + hashlib.sha256(CONTENT[:70_000]).hexdigest()
    assert kept(tmp_path) == ["toy"]


@pytest.mark.fault(
    "a truncated gzip file", by="a server that hangs up", survives="refused and not pinned"
)
def test_a_truncated_gzip_file_is_not_pinned(get, site, tmp_path):
    """Before: the pin would have made the short file the right one for ever."""
    site.content = gzip.compress(CONTENT)
    site.behaviours = [local_server.ends_early(10_000)]
    with pytest.raises(DataError, match="ends too early"):
        get(None, name="genes.csv.gz")
    assert kept(tmp_path) == ["toy"]


@pytest.mark.fault(
    "wrong bytes", by="another file of the same length", survives="refused, both checksums told"
)
def test_wrong_bytes_are_refused_with_both_checksums(get, site, tmp_path):
    """Before: another file of the same length passed."""
    site.content = CONTENT.replace(b"G", b"X")
    with pytest.raises(DataError, match="not the published one") as error:
        get(size=len(CONTENT))
    assert (error.value.expected, error.value.got) == (
        RIGHT,
        "sha256:" + hashlib.sha256(site.content).hexdigest(),
    )
    assert kept(tmp_path) == ["toy"]


@pytest.mark.fault("an empty file", by="a body of 0 bytes", survives="refused and not pinned")
def test_an_empty_file_is_refused(get, site, tmp_path):
    """Before: nothing at all was pinned as the data set."""
    site.content = b""
    with pytest.raises(DataError, match="an empty file"):
        get(None)
    assert kept(tmp_path) == ["toy"]


# A length that lies


def says_length(length):
    def behaviour(handler):
        handler.send_response(200)
        handler.send_header("Content-Length", length)
        handler.end_headers()
        handler.wfile.write(CONTENT)
        handler.close_connection = True

    return behaviour


@pytest.mark.fault(
    "a wrong Content-Length",
    by="a length too small, too large, negative, of words, two that differ",
    survives="the right file, or an error and no file",
)
@pytest.mark.parametrize(
    ("length", "said"),
    [
        ("70000", "not the published one"),
        (str(len(CONTENT) + 999), "broke off"),
        ("9" * 30, "broke off"),
        ("70000, 80000", "Content-Length"),
        ("-5", None),
        ("many", None),
        ("²", None),
        ("", None),
    ],
)
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_wrong_length_is_noticed(get, site, tmp_path, length, said):
    """Before: a length that is no number was a ValueError with a traceback."""
    site.behaviours = [says_length(length)]
    if said is None:  # read until the connection ends
        (path,) = get()
        assert path.read_bytes() == CONTENT
        return
    with pytest.raises(DataError, match=said):
        get()
    assert "genes.csv" not in kept(tmp_path)
    gc.collect()  # urllib3 leaves the socket to it when two lengths differ, and Python warns


@pytest.mark.fault(
    "a file of another size than published",
    by="a length too small and one too large, with a size in the catalogue",
    survives="refused before its body is read, both sizes told",
)
@pytest.mark.parametrize("length", [70_000, 7_000_000_000])
def test_another_size_is_refused_before_the_body(get, site, tmp_path, length):
    """Before: seven gigabytes were fetched to find that they have another checksum."""
    site.behaviours = [says_length(str(length))]
    with pytest.raises(DataError, match="another file than the published") as error:
        get(size=len(CONTENT))
    assert error.value.expected == f"{len(CONTENT):,} bytes"
    assert error.value.got == f"{length:,} bytes"
    assert kept(tmp_path) == ["toy"]


def head_of(status, **headers):
    def head(handler):
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name, value)

    return head


@pytest.mark.fault(
    "a body without end",
    by="64 MiB from a server that names no length, with and without a published size",
    survives="cut off at the size; at 1 MB (8 GiB in earnest) where none is published",
)
@pytest.mark.parametrize("size", [len(CONTENT), None], ids=["published", "unknown"])
def test_a_body_without_end_is_cut_at_the_published_size(get, site, tmp_path, monkeypatch, size):
    """Before: it was written until the disk was full."""
    monkeypatch.setattr(transfer, "LARGEST", 1_000_000)
    site.behaviours = [local_server.endless(head_of(200), bytes(MEBI // 16), 64 * MEBI)]
    with pytest.raises(DataError, match=r"another file|more than a data file"):
        get(size=size)
    assert site.taken < 32 * MEBI  # what the sockets hold comes on top
    assert kept(tmp_path) == ["toy"]


# Redirects


@pytest.mark.fault(
    "a redirect loop", by="a redirect to itself", survives="ends with an error in words"
)
def test_a_redirect_loop_ends(get, site, tmp_path):
    """Before: the error was a library's, twenty calls deep."""
    site.behaviours = [local_server.redirects_to_itself]
    with pytest.raises(DataError, match="leads in a circle"):
        get()
    assert kept(tmp_path) == ["toy"]


@pytest.mark.fault(
    "a redirect to what is no web address",
    by="file:, ftp:, javascript:, no host, bad brackets, bad UTF-8, a label of 70 letters",
    survives="refused in words, nothing read",
)
@pytest.mark.parametrize(
    "location",
    [
        "file:///etc/passwd",
        "FILE://127.0.0.1/etc/passwd",
        "ftp://127.0.0.1/genes.csv",
        "javascript:alert(1)",
        "data:text/csv,a",
        "http://[",
        "https:///genes.csv",
        "http://127.0.0.1:port/",
        "http://user@:80/",
        "\xff\xfe",
        f"http://{'a' * 70}.invalid/",
        "http://a\tb.invalid:99999/",
    ],
)
def test_a_redirect_leads_to_the_web_or_nowhere(get, site, tmp_path, location):
    """Before: bytes that are no UTF-8, and a label too long, were a traceback."""
    site.behaviours = [local_server.redirects_to(location)]
    with pytest.raises(DataError, match=r"no address on the web|cannot be fetched") as error:
        get()
    assert len(str(error.value).splitlines()) <= 5
    assert len(site.asked) == 1
    assert kept(tmp_path) == ["toy"]


@pytest.mark.fault(
    "a redirect to another host",
    by="two real servers; the second has the file, or another one",
    survives="followed; what comes is held against the same checksum",
)
@pytest.mark.parametrize("right", [True, False])
def test_a_redirect_to_another_host_changes_nothing(get, site, tmp_path, right):
    """Held from the start: the checksum is of the file, whoever hands it out."""
    with local_server.serving(CONTENT if right else CONTENT.replace(b"1", b"2")) as other:
        site.behaviours = [
            local_server.redirects_to(other.address.replace("127.0.0.1", "localhost"))
        ]
        if right:
            assert get()[0].read_bytes() == CONTENT
        else:
            with pytest.raises(DataError, match="not the published one"):
                get()
            assert kept(tmp_path) == ["toy"]


@pytest.mark.fault(
    "a redirect with a body without end",
    by="64 MiB that come with a redirect",
    survives="the file; the body of the redirect is not read",
)
def test_the_body_of_a_redirect_is_not_read(get, site):
    """Before: it was read into memory, and unpacked there when it was called packed."""
    head = head_of(302, Location="/moved")
    body = local_server.endless(head, bytes(MEBI // 16), 64 * MEBI)
    site.behaviours = [body, local_server.good]
    (path,) = get()
    assert path.read_bytes() == CONTENT
    assert site.taken < 32 * MEBI


# Overloaded, silent, slow


@pytest.mark.fault("503, then fine", by="a real server", survives="asked again, the file is whole")
def test_an_overloaded_server_is_asked_again(get, site):
    """Before: one 503 ended the download of all files."""
    site.behaviours = [local_server.answers(503), local_server.good]
    (path,) = get()
    assert path.read_bytes() == CONTENT
    assert get.waits == [1]


@pytest.mark.fault(
    "a server that says when to come back",
    by="Retry-After in seconds, as a date, and as nonsense",
    survives="waited for as long as is asked, up to two minutes",
)
@pytest.mark.parametrize(
    ("after", "waits"),
    [
        ("7", [7]),
        ("120", [120]),
        ("0", [1]),
        ("-5", [1]),
        ("soon", [1]),
        ("1e9", [1]),
        ("Wed, 21 Oct 2015 07:28:00 GMT", [1]),
        ("Wed, 99 Oct 9999999 07:28:00 GMT", [1]),
    ],
)
def test_a_server_that_says_when_to_come_back_is_heard(get, site, after, waits):
    """Before: it was asked again after a second, whatever it said."""
    site.behaviours = [local_server.answers(503, Retry_After=after), local_server.good]
    assert get()[0].read_bytes() == CONTENT
    assert get.waits == waits


@pytest.mark.fault(
    "a server that wants to be left alone for long",
    by="Retry-After of an hour, as seconds and as a date",
    survives="given up at once, with what it asked for",
)
@pytest.mark.parametrize("form", ["seconds", "date"])
def test_a_server_that_wants_an_hour_is_left_alone(get, site, form):
    """Before: it was asked three more times within seconds."""
    date = email.utils.formatdate(time.time() + 3_600, usegmt=True)
    after = "3600" if form == "seconds" else date
    site.behaviours = [local_server.answers(429, Retry_After=after)]
    with pytest.raises(DataError, match=r"left alone for 3,[56]\d\d s"):
        get(attempts=4)
    assert len(site.asked) == 1
    assert get.waits == []


OK = b"HTTP/1.1 200 OK\r\n"
SLOW = {
    "nothing is said": (b"", b""),
    "the head": (OK + b"X: ", b"a"),
    "100 Continue": (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "the body": (OK + b"Content-Length: %d\r\n\r\n" % len(CONTENT), b"g"),
    "a body of unknown length": (OK + b"\r\n", b"g"),
    "pieces": (OK + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\ng\r\n"),
    "the end of pieces": (OK + b"Transfer-Encoding: chunked\r\n\r\n0\r\n", b"X: a\r\n"),
    "a handshake": (b"\x16\x03\x03\x3f\xff", b"\x02"),
}


@pytest.mark.fault(
    "a server that says nothing, or a byte now and then",
    by="a raw socket that trickles: handshake, head, body, pieces, their end",
    survives="left when a minute (here half a second) brought too little",
)
@pytest.mark.parametrize("slow", SLOW)
def test_a_server_that_trickles_is_left(get, tmp_path, slow):
    """Before: every byte began the minute of silence anew, and a file could take years."""
    start, piece = SLOW[slow]
    end = CONTENT[100:] if slow == "the body" else b""
    with local_server.saying(local_server.trickling(start, piece, end)) as port:
        scheme = "https" if slow == "a handshake" else "http"
        with pytest.raises(DataError, match=r"less than 1 kB came in|timed out"):
            get(
                None,
                address=f"{scheme}://127.0.0.1:{port}/genes.csv",
                attempts=1,
                window=0.5,
                slowest=2_000,
            )
    assert not (tmp_path / "toy" / "genes.csv").exists()


@pytest.mark.fault(
    "a slow server that is of use",
    by="220 kB in pieces of 10 kB, through several windows of watching",
    survives="the whole file, in one go",
)
def test_a_slow_server_that_is_of_use_is_waited_for(get, site):
    """Held from the start: what was feared is that the watch cuts a good connection."""

    def slowly(handler):
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(CONTENT)))
        handler.end_headers()
        for start in range(0, len(CONTENT), 10_000):
            handler.wfile.write(CONTENT[start : start + 10_000])
            time.sleep(0.1)

    site.behaviours = [slowly]
    (path,) = get(window=1, slowest=50)
    assert path.read_bytes() == CONTENT
    assert len(site.asked) == 1


# TLS, with real servers and real certificates


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    folder = tmp_path_factory.mktemp("certificates")
    return {
        "right": local_server.certificate(folder / "right"),
        "expired": local_server.certificate(folder / "expired", days=-1),
        "another host": local_server.certificate(folder / "other", host="DNS:example.org"),
    }


@pytest.mark.fault(
    "TLS that proves nothing",
    by="a real TLS server: self-signed, expired, for another host",
    survives="refused at once, with the reason; no byte of the file is taken",
)
@pytest.mark.parametrize(
    "case",
    [
        ("right", False, "self-signed certificate"),
        ("expired", True, "certificate has expired"),
        ("another host", True, "certificate is not valid for '127.0.0.1'"),
    ],
    ids=["self-signed", "expired", "another host"],
)
def test_a_server_that_cannot_prove_who_it_is_is_no_source(
    get, certificates, monkeypatch, case, tmp_path
):
    """Before: a failed handshake was a traceback."""
    which, trusted, reason = case
    if trusted:
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificates[which]))
    with local_server.serving(CONTENT, certificates[which]) as safe:
        with pytest.raises(DataError, match=r"could not prove who it is \(TLS\)") as error:
            get(address=safe.address)
        assert reason.replace("-", " ") in error.value.got.replace("-", " ")
        assert safe.asked == []
    assert "clock, certificates and proxy" in error.value.remedy
    assert get.waits == []
    assert kept(tmp_path) == ["toy"]


@pytest.mark.fault(
    "a redirect from HTTPS to HTTP",
    by="a real TLS server that is trusted",
    survives="refused; without the redirect the file comes through TLS",
)
def test_no_way_from_a_safe_to_an_open_connection(get, site, certificates, monkeypatch, tmp_path):
    """Before: anybody on the way could choose what is pinned."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificates["right"]))
    with local_server.serving(CONTENT, certificates["right"]) as safe:
        safe.behaviours = [local_server.redirects_to(site.address), local_server.good]
        with pytest.raises(DataError, match="leads away from a safe connection"):
            get(None, address=safe.address)
        assert site.asked == []
        assert kept(tmp_path) == ["toy"]
        assert get(None, address=safe.address)[0].read_bytes() == CONTENT


@pytest.mark.fault("no TLS behind https:", by="a server without it", survives="refused in words")
def test_a_server_without_tls_is_no_source(get, site, tmp_path):
    """Before: a failed handshake was a traceback."""
    with pytest.raises(DataError, match=r"could not prove who it is \(TLS\)"):
        get(address=site.address.replace("http:", "https:"))
    assert kept(tmp_path) == ["toy"]


@pytest.mark.fault(
    "TLS that breaks off in the handshake",
    by="a server that hangs up, politely and by a reset, after the first message",
    survives="tried again, as any connection that broke off",
)
@pytest.mark.parametrize("reset", [False, True])
def test_a_handshake_that_breaks_off_is_tried_again(get, tmp_path, reset):
    """Before: the message was that the server could not prove who it is."""

    def talk(connection):
        met.append(connection.recv(1 << 16)[:1])
        if reset:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")

    met: list[bytes] = []
    with local_server.saying(talk) as port, pytest.raises(DataError, match="2 attempts"):
        get(address=f"https://127.0.0.1:{port}/genes.csv")
    assert met == [b"\x16", b"\x16"]  # a handshake's first byte
    assert kept(tmp_path) == ["toy"]


@pytest.mark.fault(
    "TLS that breaks off in the body",
    by="a real TLS server that ends the connection without saying so",
    survives="tried again, and found by the checksum",
)
def test_a_body_cut_under_tls_is_no_file(get, certificates, monkeypatch, tmp_path):
    """Held from the start: a cut without TLS's own farewell may look like an end."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificates["right"]))
    with local_server.serving(CONTENT, certificates["right"]) as safe:

        def cut(handler):
            handler.send_response(200)
            handler.end_headers()
            handler.wfile.write(CONTENT[:70_000])
            handler.close_connection = True
            socket.socket.shutdown(handler.connection, socket.SHUT_RDWR)  # beneath TLS

        safe.behaviours = [cut]
        with pytest.raises(DataError, match=r"2 attempts|not the published one"):
            get(address=safe.address)
    assert "genes.csv" not in kept(tmp_path)


# What else a server may say


@pytest.mark.fault(
    "a head of megabytes",
    by="a line of 70 kB, and 5,000 lines",
    survives="refused by the reader of heads, in words",
)
@pytest.mark.parametrize(("lines", "length"), [(1, 70_000), (5_000, 1_000)])
def test_a_head_of_megabytes_is_refused(get, site, tmp_path, lines, length):
    """Held from the start: what was feared is memory, or a traceback."""

    def behaviour(handler):
        handler.send_response(200)
        for number in range(lines):
            handler.send_header(f"X-{number}", "a" * length)
        handler.answer(200, CONTENT)

    site.behaviours = [behaviour]
    with pytest.raises(DataError, match=r"more than (65536 bytes|100 headers)|[Rr]eset|[Bb]roken"):
        get()
    assert kept(tmp_path) == ["toy"]


@pytest.mark.fault(
    "a gzip bomb as Content-Encoding",
    by="64 MiB of zeros in 64 kB, labelled as compressed",
    survives="stored as it came, 64 kB, and refused by its checksum",
)
def test_a_body_labelled_as_packed_is_not_unpacked(get, site, tmp_path, monkeypatch):
    """Held from the start: what was feared is that it grows on the way in."""
    bomb = gzip.compress(bytes(64 * MEBI), mtime=0)
    site.behaviours = [local_server.answers(200, bomb, Content_Encoding="gzip")]
    with pytest.raises(DataError, match="not the published one") as error:
        get()
    assert error.value.got == "sha256:" + hashlib.sha256(bomb).hexdigest()
    assert kept(tmp_path) == ["toy"]


@pytest.mark.fault(
    "hostile file names in the answer",
    by="Content-Disposition: up the tree, absolute, hidden, with a NUL",
    survives="ignored: a file has the catalogue's name",
)
@pytest.mark.parametrize("name", ["../../evil.csv", "/evil.csv", ".bashrc", "a%00b", "x" * 999])
def test_a_file_has_the_name_of_the_catalogue(get, site, tmp_path, name):
    """Held from the start: the name is never the server's."""
    disposition = f"attachment; filename=\"{name}\"; filename*=UTF-8''{name}"
    site.behaviours = [local_server.answers(200, CONTENT, Content_Disposition=disposition)]
    before = sorted(tmp_path.parent.iterdir())
    assert get() == [tmp_path / "toy" / "genes.csv"]
    assert kept(tmp_path) == ["genes.csv", "toy"]
    assert sorted(tmp_path.parent.iterdir()) == before


@pytest.mark.fault(
    "a status that acts on the terminal",
    by="escape codes in the reason of a 503",
    survives="shown as text, in the log and in the error",
)
def test_what_a_server_says_does_not_act_on_the_terminal(get, site, capsys):
    """Before: the log printed it as it came."""

    def behaviour(handler):
        handler.send_response(503, "\x1b[2J\x1b]0;mine\x07")
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    site.behaviours = [behaviour]
    with pytest.raises(DataError, match="2 attempts") as error:
        get()
    told = capsys.readouterr().err + str(error.value)
    assert r"\x1b[2J" in told
    assert "\x1b" not in told


# What is left on this machine


@pytest.mark.fault(
    "a note beside the partial file that is damaged",
    by="line breaks, letters no head can hold, other types, nested without end",
    survives="the file, fetched anew",
)
@pytest.mark.parametrize(
    "note",
    [
        b"\xff",
        b"[" * 100_000,
        b"[]",
        b'{"address": "ADDRESS", "validator": "a\\nX: y"}',
        b'{"address": "ADDRESS", "validator": 7}',
        b'{"address": "ADDRESS", "validator": "\\u20ac"}',
        b'{"address": "ADDRESS", "validator": ["a"]}',
    ],
    ids=["bytes", "nested", "a list", "a line break", "a number", "a euro", "a list inside"],
)
def test_a_damaged_note_costs_the_beginning_only(get, site, tmp_path, note):
    """Before: it went into the next question, and every later try was a traceback or refused."""
    part = tmp_path / "toy" / "genes.csv.part"
    part.parent.mkdir()
    part.write_bytes(CONTENT[:1_000])
    part.with_name(part.name + ".json").write_bytes(note.replace(b"ADDRESS", site.address.encode()))
    (path,) = get()
    assert path.read_bytes() == CONTENT
    assert kept(tmp_path) == ["genes.csv", "toy"]


@pytest.mark.fault(
    "a partial file changed by one byte",
    by="every bit of another byte of the 100 kB that are here",
    survives="found by the checksum, fetched anew in one piece",
)
@pytest.mark.parametrize("place", [0, 50_000, 99_999])
def test_a_partial_file_changed_by_one_byte_is_fetched_anew(get, site, tmp_path, place, capsys):
    """Held from the start: beginning and rest are held together against the checksum."""
    site.behaviours = [local_server.cut_after(100_000), local_server.answers(503)]
    with pytest.raises(DataError):
        get()
    part = tmp_path / "toy" / "genes.csv.part"
    held = bytearray(part.read_bytes())
    held[place] ^= 0xFF
    part.write_bytes(held)
    site.behaviours = [local_server.good]
    assert get()[0].read_bytes() == CONTENT
    assert "pieces do not fit together" in capsys.readouterr().err


CHILD = """
import sys
from analysis_lib.datasets import download
from analysis_lib.errors import AnalysisError
from tests.faults.test_download_faults import toy
try:
    download.fetch(["toy"], sys.argv[2], catalogue={"toy": toy(sys.argv[1])})
except AnalysisError as error:
    sys.exit(str(error))
"""


def child(site, folder):
    """Start a process of its own that fetches the toy file."""
    code = CHILD.replace("sys.argv[2]", "__import__('pathlib').Path(sys.argv[2])")
    return subprocess.Popen(
        [sys.executable, "-c", code, site.address, str(folder)],
        cwd=PROJECT,
        env={**os.environ, "NO_PROXY": "127.0.0.1"},
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.fixture
def held_up(site):
    """Let the server stop after 100,000 bytes; the event that is given lets it go on."""
    half, go_on = threading.Event(), threading.Event()

    def behaviour(handler):
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(CONTENT)))
        handler.send_header("ETag", site.etag)
        handler.end_headers()
        handler.wfile.write(CONTENT[:100_000])
        half.set()
        go_on.wait(60)
        handler.wfile.write(CONTENT[100_000:])

    site.behaviours = [behaviour, local_server.good]
    yield half, go_on
    go_on.set()


def until_held(part, size):
    deadline = time.monotonic() + 60
    while not (part.is_file() and part.stat().st_size >= size):
        assert time.monotonic() < deadline, "nothing comes in"
        time.sleep(0.01)


@pytest.mark.fault(
    "a download killed in the middle",
    by="SIGKILL, SIGTERM and Ctrl-C to a real process, then another process",
    survives="what had come in; the next process asks for the rest only",
)
@pytest.mark.parametrize(
    "end", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT], ids=lambda s: s.name
)
def test_a_killed_download_is_gone_on_with(site, held_up, tmp_path, end):
    """Held from the start: what was feared is a lock for ever, or a half file by the right name."""
    part = tmp_path / "toy" / "genes.csv.part"
    with child(site, tmp_path) as first:
        until_held(part, 100_000)
        first.send_signal(end)
        first.communicate(timeout=60)
    assert not (tmp_path / "toy" / "genes.csv").exists()
    assert part.stat().st_size == 100_000
    with child(site, tmp_path) as second:
        _, said = second.communicate(timeout=60)
    assert second.returncode == 0, said
    assert (tmp_path / "toy" / "genes.csv").read_bytes() == CONTENT
    assert site.asked[1]["Range"] == "bytes=100000-"
    assert kept(tmp_path) == ["genes.csv", "toy"]


@pytest.mark.fault(
    "two processes that download the same file",
    by="two real processes, the first held up in the middle",
    survives="the second leaves and says why, the first ends well",
)
def test_two_processes_do_not_write_to_one_file(site, held_up, tmp_path):
    """Before: both appended to the same partial file."""
    _, go_on = held_up
    with child(site, tmp_path) as first:
        until_held(tmp_path / "toy" / "genes.csv.part", 100_000)
        with child(site, tmp_path) as second:
            _, said = second.communicate(timeout=60)
        assert second.returncode == 1
        assert "Another download is writing to this folder" in said
        go_on.set()
        _, said = first.communicate(timeout=60)
    assert first.returncode == 0, said
    assert (tmp_path / "toy" / "genes.csv").read_bytes() == CONTENT


# No room, no network, damaged


@pytest.mark.fault(
    "a full disk", by="a partial file on /dev/full", survives="told, with what to do"
)
def test_a_full_disk_is_an_error_with_a_remedy(get, site, tmp_path):
    """Before: OSError: [Errno 28], and a half file under the right name."""
    part = tmp_path / "toy" / "genes.csv.part"
    part.parent.mkdir()
    part.symlink_to("/dev/full")
    note = {"address": site.address, "validator": site.etag}
    part.with_name("genes.csv.part.json").write_text(json.dumps(note))
    with pytest.raises(DataError, match="could not be written to disk") as error:
        get()
    assert error.value.got == os.strerror(errno.ENOSPC)
    assert "what has come in is kept" in error.value.remedy
    assert not (tmp_path / "toy" / "genes.csv").exists()


@pytest.mark.fault(
    "a disk that is full in the middle",
    by="RLIMIT_FSIZE at 100,000 bytes",
    survives="every byte that had room; with room again, the rest comes",
)
def test_a_disk_full_in_the_middle_keeps_what_had_room(get, site, tmp_path):
    """Before: the download began anew."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, before[1]))
    try:
        with pytest.raises(DataError, match="could not be written to disk") as error:
            get()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert error.value.got == os.strerror(errno.EFBIG)
    assert (tmp_path / "toy" / "genes.csv.part").stat().st_size == 100_000
    (path,) = get()
    assert path.read_bytes() == CONTENT
    assert site.asked[1]["Range"] == "bytes=100000-"


@pytest.mark.fault(
    "a disk too small", by="the free space is said to be 1 kB", survives="told before the download"
)
def test_a_disk_too_small_is_noticed_before_the_download(get, monkeypatch):
    """Before: gigabytes were fetched to fail at the last one."""
    room = transfer.shutil.disk_usage("/")._replace(free=1_000)
    monkeypatch.setattr(transfer.shutil, "disk_usage", lambda _: room)
    with pytest.raises(DataError, match="not enough room") as error:
        get()
    assert error.value.got == "1 kB free"


@pytest.mark.fault(
    "a folder that cannot be written", by="a file in its place", survives="named in the error"
)
def test_a_folder_that_cannot_be_written_is_named(site, tmp_path):
    """Before: an OSError, with a traceback."""
    folder = tmp_path / "a file, no folder"
    folder.write_bytes(b"")
    with pytest.raises(DataError, match="cannot be written") as error:
        download.fetch(["toy"], folder, catalogue={"toy": toy(site.address)})
    assert error.value.where == str(folder)


@pytest.mark.fault("a damaged file", by="one byte less", survives="fetched again")
def test_a_damaged_file_is_replaced_when_the_source_can_be_reached(get, tmp_path, capsys):
    """Before: the wrong file was believed because it was there."""
    (tmp_path / "toy").mkdir()
    (tmp_path / "toy" / "genes.csv").write_bytes(CONTENT[:-1])
    (path,) = get()
    assert path.read_bytes() == CONTENT
    assert "the file here is damaged" in capsys.readouterr().err


@pytest.mark.fault(
    "a damaged file, and no network", by="one byte less", survives="told with both checksums"
)
def test_a_damaged_file_offline_is_an_error_with_both_checksums(get, tmp_path, dead_address):
    """Before: offline, the wrong file was used without a word."""
    (tmp_path / "toy").mkdir()
    path = tmp_path / "toy" / "genes.csv"
    path.write_bytes(CONTENT[:-1])
    with pytest.raises(DataError, match="damaged or was changed") as error:
        get(address=dead_address)
    assert error.value.where == str(path)
    assert error.value.expected == RIGHT
    assert error.value.got == "sha256:" + hashlib.sha256(CONTENT[:-1]).hexdigest()
    assert "Connection refused" in error.value.remedy
    assert path.read_bytes() == CONTENT[:-1], "it stays until a right one is there"


@pytest.mark.fault(
    "a study given a damaged file", by="one byte changed", survives="refused before it is read"
)
def test_a_study_does_not_use_a_damaged_file(tmp_path, site):
    """Before: one changed byte went into the results."""
    (tmp_path / "toy").mkdir()
    (tmp_path / "toy" / "genes.csv").write_bytes(CONTENT[:-1] + b"#")
    with pytest.raises(DataError, match="damaged or was changed") as error:
        choose(toy(site.address), folders=[tmp_path])
    assert error.value.expected == RIGHT
    assert "make data STUDY=dge" in error.value.remedy


@pytest.mark.fault("no network", by="a port nobody listens on", survives="told in words")
def test_no_network_is_told_in_words(get, tmp_path, dead_address):
    """Before: the message was 'HTTPConnectionPool(…): Max retries exceeded with url'."""
    with pytest.raises(DataError, match="2 attempts") as error:
        get(address=dead_address)
    assert "Connection refused" in error.value.got
    assert error.value.remedy == "Check the network and try again."
    assert kept(tmp_path) == ["toy"]

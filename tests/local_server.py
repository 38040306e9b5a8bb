"""A real HTTP server on this machine that can misbehave in the ways servers do."""

from __future__ import annotations

import contextlib
import hashlib
import re
import socket
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

Behaviour = Callable[["Handler"], None]


class Handler(BaseHTTPRequestHandler):
    """Answers every request with the next behaviour of its site; the last one is repeated."""

    site: Site

    def do_GET(self):
        with self.site.turn:
            behaviour = self.site.behaviours[0]
            if len(self.site.behaviours) > 1:
                self.site.behaviours.pop(0)
            self.site.asked.append(dict(self.headers))
        behaviour(self)

    def log_message(self, *_):
        """Keep the tests' output clean."""

    def answer(self, status: int, body: bytes, sent: bytes | None = None, **headers: str):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body if sent is None else sent)
        self.close_connection = True


class Site:
    """What the server hands out, how, and what it was asked."""

    def __init__(self, address: str, content: bytes) -> None:
        self.address = address
        self.content = content
        self.behaviours: list[Behaviour] = [good]
        self.asked: list[dict[str, str]] = []
        self.taken = 0
        self.turn = threading.Lock()

    @property
    def etag(self) -> str:
        return f'"{hashlib.sha256(self.content).hexdigest()[:12]}"'


def good(handler: Handler) -> None:
    """Serve the file, or the rest of it when it is still the same."""
    site = handler.site
    asked = re.fullmatch(r"bytes=(\d+)-", handler.headers.get("Range", ""))
    same = handler.headers.get("If-Range", site.etag) == site.etag
    if asked is None or not same:
        handler.answer(200, site.content, ETag=site.etag)
    elif (start := int(asked[1])) >= len(site.content):
        handler.answer(416, b"")
    else:
        place = f"bytes {start}-{len(site.content) - 1}/{len(site.content)}"
        handler.answer(206, site.content[start:], Content_Range=place, ETag=site.etag)


def ignores_range(handler: Handler) -> None:
    handler.answer(200, handler.site.content)


def answers(status: int, body: bytes = b"", **headers: str) -> Behaviour:
    return lambda handler: handler.answer(status, body, **headers)


def cut_after(count: int, *, tagged: bool = True) -> Behaviour:
    """Promise the whole file and hang up after some bytes."""

    def behaviour(handler: Handler) -> None:
        site = handler.site
        headers = {"ETag": site.etag} if tagged else {}
        handler.answer(200, site.content, site.content[:count], **headers)

    return behaviour


def ends_early(count: int) -> Behaviour:
    """Hang up after some bytes without ever having said how many there are."""

    def behaviour(handler: Handler) -> None:
        handler.send_response(200)
        handler.end_headers()
        handler.wfile.write(handler.site.content[:count])
        handler.close_connection = True

    return behaviour


def redirects_to(address: str) -> Behaviour:
    return lambda handler: handler.answer(302, b"", Location=address)


def redirects_to_itself(handler: Handler) -> None:
    handler.answer(302, b"", Location=handler.path)


def endless(head: Callable[[Handler], None], piece: bytes, most: int) -> Behaviour:
    """Send a head, and then one piece after another until the client hangs up, or `most` bytes.

    How many bytes were taken from it is kept in `site.taken`.
    """

    def behaviour(handler: Handler) -> None:
        handler.close_connection = True
        head(handler)
        handler.end_headers()
        try:
            while handler.site.taken < most:
                handler.wfile.write(piece)
                handler.site.taken += len(piece)
        except OSError:
            pass  # the client has had enough

    return behaviour


@contextlib.contextmanager
def serving(content: bytes, certificate: Path | None = None) -> Iterator[Site]:
    """Serve some content on a free port of this machine, with a certificate through TLS."""
    handler = type("SiteHandler", (Handler,), {})
    with _Server(("127.0.0.1", 0), handler) as server:
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            server.socket = context.wrap_socket(server.socket, server_side=True)
        scheme = "https" if certificate else "http"
        site = Site(f"{scheme}://127.0.0.1:{server.server_port}/genes.csv", content)
        handler.site = site
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield site
        finally:
            server.shutdown()
            thread.join()


class _Server(ThreadingHTTPServer):
    def handle_error(self, *_):
        """A client that hangs up is what these tests are about."""


@contextlib.contextmanager
def saying(talk: Callable[[socket.socket], None]) -> Iterator[int]:
    """Listen on a free port, and let `talk` say what it likes to whoever connects."""

    def listen() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return  # closed: the test is over
            with connection, contextlib.suppress(OSError):
                talk(connection)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=listen)
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()


def trickling(start: bytes, piece: bytes, end: bytes = b"") -> Callable[[socket.socket], None]:
    """Say the start at once, then a piece twenty times a second for a while, then the end."""

    def talk(connection: socket.socket) -> None:
        connection.recv(1 << 16)
        connection.sendall(start)
        pause = threading.Event()
        for _ in range(100):
            connection.sendall(piece)
            pause.wait(0.05)
        connection.sendall(end)

    return talk


def certificate(folder: Path, *, host: str = "IP:127.0.0.1", days: int = 1) -> Path:
    """Make a certificate that vouches for itself, good for so many days from yesterday on."""
    folder.mkdir()
    (folder / "ca.cnf").write_text(
        "[ca]\ndefault_ca=ca\n[ca]\ndatabase=db\nnew_certs_dir=.\ndefault_md=sha256\npolicy=p\n"
        f"rand_serial=yes\nx509_extensions=e\n[p]\ncommonName=supplied\n"
        f"[e]\nsubjectAltName={host}\n"
    )
    (folder / "db").touch()
    start = datetime.now(UTC) - timedelta(days=10)
    end = datetime.now(UTC) + timedelta(days=days)
    dates = [f"{date:%Y%m%d%H%M%SZ}" for date in (start, end)]
    new = "req -new -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=toy"
    sign = f"ca -batch -notext -selfsign -startdate {dates[0]} -enddate {dates[1]}"
    for command in (
        f"{new} -keyout key.pem -out request.pem",
        f"{sign} -config ca.cnf -keyfile key.pem -in request.pem -out certificate.pem",
    ):
        subprocess.run(["openssl", *command.split()], cwd=folder, check=True, capture_output=True)
    both = folder / "both.pem"
    both.write_bytes((folder / "certificate.pem").read_bytes() + (folder / "key.pem").read_bytes())
    return both

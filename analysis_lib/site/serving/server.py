"""The site on this machine: to its own browser only, built anew when something changes."""

from __future__ import annotations

import contextlib
import errno
import io
import os
import shutil
import socket
import socketserver
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, BinaryIO

from analysis_lib.errors import PRINTED, AnalysisError, ParameterError, SiteError
from analysis_lib.runs import processes
from analysis_lib.site.key import MARK
from analysis_lib.site.serving import web
from analysis_lib.site.serving.watching import watching

Say = Callable[[str], None]

PORTS_TRIED = 20
PATIENCE = 10.0
"""Seconds that a client may take to ask, or to take a part of its answer."""

CONNECTIONS = 64
"""Clients at once; a browser opens six, and each open page listens on one of them."""

_ADDRESS = "127.0.0.1"
_HOSTS = (_ADDRESS, "localhost", "[::1]")
_LOOK = 0.25  # seconds between two looks at whether the site was replaced


def serve(
    site: Path,
    *,
    rebuild: Callable[[], None],
    watched: Sequence[Path],
    port: int = 8000,
    say: Say,
    ready: Callable[[str], None] | None = None,
) -> None:
    """Serve a built site to this machine until Ctrl-C or SIGTERM, and build it anew on changes.

    A rebuild that fails is told, and the last finished site goes on being served. An open page
    loads itself again when the site was replaced, whoever did that.

    Parameters
    ----------
    site : Path
        The folder of a finished site; nothing outside of it is ever served.
    rebuild : callable
        Builds the site anew; see `in_new_process`.
    watched : sequence of Path
        Files and folders whose change calls for a rebuild; they need not exist yet.
    port : int
        The port to listen on; the next free one when it is taken; 0 for any.
    say : callable
        Called with every line for the user.
    ready : callable, optional
        Called with the address of the landing page once it is served.
    """
    changed = threading.Event()
    with (
        processes.terminable(),
        serving(site, port=port, say=say) as address,
        watching(watched, changed, say),
    ):
        say(f"The book: {address} (for this machine only; Ctrl-C ends it)")
        if ready:
            ready(address)
        while True:
            changed.wait()
            changed.clear()
            try:
                rebuild()
            except AnalysisError as error:
                say(f"{PRINTED}{error}")
                say("The last finished site is served meanwhile; the next change tries again.")


def in_new_process(command: Sequence[str], project: Path) -> Callable[[], None]:
    """Return a rebuild by a command in a process of its own.

    This process knows the library as it was when it started; a new one knows it as it is, and
    pages must be made by the code whose digest is in the site's key.
    """

    def rebuild() -> None:
        with processes.guarded():
            done = subprocess.run(
                command,
                cwd=project,
                env={**os.environ, **processes.marks(project / "book" / "_build")},
                stdin=subprocess.DEVNULL,
                check=False,
            )
        if done.returncode:
            raise SiteError(
                "Renewing the book did not end well.",
                got=f"exit status {done.returncode}; what went wrong stands above",
            )

    return rebuild


@contextlib.contextmanager
def serving(site: Path, *, port: int, say: Say) -> Iterator[str]:
    """Serve a site while the block runs, and give its address; afterwards the port is free."""
    if not (site / MARK).is_file():
        raise SiteError(
            "There is no finished book to serve.", where=site.name, remedy="Build it: make book"
        )
    server = _listen(site, port, say)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield server.address
    finally:
        server.end()
        thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = False  # `end` waits for them
    request_queue_size = 64

    def __init__(self, site: Path, port: int) -> None:
        self.site = site
        self.stopping = threading.Event()
        self.connections: set[Any] = set()
        super().__init__((_ADDRESS, port), _Handler)

    def server_bind(self) -> None:
        # Not HTTPServer's, which asks the network for the name of this machine.
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = self.socket.getsockname()
        self.address = f"http://{_ADDRESS}:{self.server_port}/"
        endings = [f":{self.server_port}"] + [""] * (self.server_port == 80)
        self.hosts = {f"{host}{ending}" for host in _HOSTS for ending in endings}

    def process_request(self, request: Any, client_address: Any) -> None:
        if len(self.connections) >= CONNECTIONS:
            self.shutdown_request(request)
            return
        self.connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self.connections.discard(request)
        super().shutdown_request(request)

    def end(self) -> None:
        """Take no more requests, cut the open ones, and wait until all threads are done."""
        self.stopping.set()
        self.shutdown()
        for connection in list(self.connections):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        self.server_close()


class _Asked(io.RawIOBase):
    """What a client sends, all of it within some seconds: a byte now and then is not enough."""

    def __init__(self, connection: socket.socket, seconds: float | None) -> None:
        self._connection, self._seconds = connection, seconds
        self._end = time.monotonic() + (seconds or 0)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if self._seconds is not None:
            self._connection.settimeout(max(self._end - time.monotonic(), 0.001))
        count = self._connection.recv_into(buffer)
        self._connection.settimeout(self._seconds)
        return count


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    timeout = PATIENCE

    def setup(self) -> None:
        super().setup()
        self.rfile = io.BufferedReader(_Asked(self.connection, self.timeout))

    def handle(self) -> None:
        with contextlib.suppress(ConnectionError, TimeoutError):  # the client has gone
            super().handle()

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        asked = self.headers.get_all("Host", [])
        if len(asked) != 1 or asked[0].strip().lower() not in self.server.hosts:
            # Another name for this machine is how a page elsewhere would come to read this one.
            message = f"This book is served at {self.server.address} only."
            self._say(HTTPStatus.MISDIRECTED_REQUEST, message)
        elif path == web.EVENTS:
            self._events()
        elif path == web.RELOAD:
            self._send(HTTPStatus.OK, web.RELOAD_SCRIPT, web.TYPES[".js"])
        else:
            self._site()

    do_HEAD = do_GET  # noqa: N815 - the base class calls it by this name

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Answer what is no fit request in a line of plain text."""
        if code == HTTPStatus.NOT_IMPLEMENTED:
            more = {"Allow": "GET, HEAD"}
            self._say(HTTPStatus.METHOD_NOT_ALLOWED, "This book can only be read.", **more)
        else:
            self._say(HTTPStatus(code), f"{HTTPStatus(code).phrase}.")
        self.close_connection = True

    def version_string(self) -> str:
        return "analysis_lib"

    def log_message(self, format: str, *args: Any) -> None:
        """Keep the terminal for what matters."""

    def _site(self) -> None:
        site = self.server.site
        version = web.version(site)  # before the page is read: a later one reloads it
        found = web.open_file(site, self.path)
        if found is None:
            self._say(HTTPStatus.NOT_FOUND, "There is no such page.")
        elif isinstance(found, str):
            self._say(HTTPStatus.MOVED_PERMANENTLY, found, Location=found)
        else:
            path, file = found
            with file:
                if path.suffix == ".html":
                    page = web.reloading(file.read(), version)
                    policy = web.policy(page, evaluating=web.evaluates(site, path, page))
                    self._send(HTTPStatus.OK, page, web.TYPES[".html"], policy)
                else:
                    self._stream(file, web.TYPES.get(path.suffix, web.UNKNOWN))

    def _stream(self, file: BinaryIO, kind: str) -> None:
        facts = os.fstat(file.fileno())
        tag = f'"{facts.st_ino:x}-{facts.st_mtime_ns:x}"'
        if self.headers.get("If-None-Match") == tag:
            self._begin(HTTPStatus.NOT_MODIFIED, ETag=tag)
            return
        more = {"Content-Type": kind, "Content-Length": str(facts.st_size), "ETag": tag}
        self._begin(HTTPStatus.OK, **more)
        if self.command != "HEAD":
            shutil.copyfileobj(file, self.wfile)

    def _events(self) -> None:
        self._begin(HTTPStatus.OK, **{"Content-Type": "text/event-stream"})
        told, silent = None, 0.0
        while self.command != "HEAD" and not self.server.stopping.wait(_LOOK * bool(silent)):
            version = web.version(self.server.site)
            if version and version != told:
                self.wfile.write(f"data: {version}\n\n".encode())
                told, silent = version, 0.0
            elif silent > PATIENCE:
                self.wfile.write(b":\n\n")  # a client that has gone is noticed
                silent = 0.0
            silent += _LOOK

    def _say(self, status: HTTPStatus, words: str, **more: str) -> None:
        self._send(status, f"{words}\n".encode(), web.TEXT, **more)

    def _send(
        self, status: HTTPStatus, body: bytes, kind: str, policy: str | None = None, **more: str
    ) -> None:
        facts = {"Content-Type": kind, "Content-Length": str(len(body)), **more}
        self._begin(status, policy, **facts)
        if self.command != "HEAD":
            self.wfile.write(body)

    def _begin(self, status: HTTPStatus, policy: str | None = None, **more: str) -> None:
        self.send_response(status)
        csp = {"Content-Security-Policy": policy or web.policy()}
        for name, value in {**more, **web.HEADERS, **csp}.items():
            self.send_header(name, value)
        self.end_headers()


def _listen(site: Path, port: int, say: Say) -> _Server:
    if not 0 <= port <= 65535:
        raise ParameterError(f"There is no port {port}.", expected="0 to 65535; 0 means any")
    last = min(port + PORTS_TRIED, 65536) if port else 1
    for candidate in range(port, last):
        try:
            server = _Server(site, candidate)
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                continue
            raise ParameterError(
                f"The port {candidate} cannot be used.",
                got=error.strerror,
                remedy="Name another, from 1024 on.",
            ) from error
        if candidate != port:
            say(f"Port {port} is taken; this is {candidate}.")
        return server
    raise ParameterError(f"All ports from {port} to {last - 1} are taken.", remedy="Name another.")

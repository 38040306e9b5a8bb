"""A real HTTP server on this machine that can misbehave in the ways servers do."""

from __future__ import annotations

import contextlib
import hashlib
import re
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

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


@contextlib.contextmanager
def serving(content: bytes) -> Iterator[Site]:
    """Serve some content on a free port of this machine."""
    handler = type("SiteHandler", (Handler,), {})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        site = Site(f"http://127.0.0.1:{server.server_port}/genes.csv", content)
        handler.site = site
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield site
        finally:
            server.shutdown()
            thread.join()

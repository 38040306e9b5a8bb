"""Ask an address by HTTP: step by step through redirects, and never waiting without end."""

from __future__ import annotations

import contextlib
import socket
import threading
from types import TracebackType
from typing import Any
from urllib.parse import urljoin, urlsplit

from requests import Response, Session
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection

from analysis_lib.errors import DataError

_REDIRECTS = 20
_CONNECT = 10  # seconds


class Watch:
    """Breaks a connection off when less than `least` bytes come through it in `window` seconds.

    A limit of silence is not enough: a server that sends a byte now and then keeps it from
    being reached, in the handshake, in the head of its answer or in the body.
    """

    def __init__(self, window: float, least: float) -> None:
        self.window, self.least = window, least
        self.broke_off = False
        self._came = 0
        self._sockets: list[socket.socket] = []
        self._turn = threading.Lock()
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()
        for connection in self._sockets:
            connection.close()

    def over(self, connection: socket.socket) -> None:
        """Watch this connection too."""
        # A second handle on it stays good when TLS takes the first one over.
        with self._turn:
            self._sockets.append(connection.dup())
            if self.broke_off:
                self._cut()

    def came(self, count: int) -> None:
        """Count bytes of the file that have come in."""
        with self._turn:
            self._came += count

    def _look(self) -> None:
        while not self._done.wait(self.window):
            with self._turn:
                if self._came < self.least:
                    self.broke_off = True
                    return self._cut()
                self._came = 0

    def _cut(self) -> None:
        for connection in self._sockets:
            with contextlib.suppress(OSError):  # it is closed already
                connection.shutdown(socket.SHUT_RDWR)


class Connection:
    """One question to one address, and the answer at the end of its redirects.

    Parameters
    ----------
    watch : Watch
        What breaks the connection off.
    """

    def __init__(self, watch: Watch) -> None:
        self._watch = watch
        self._session = _StepByStep()
        adapter = _Watched(watch)
        self._session.mount("http://", adapter)
        self._session.mount("https://", adapter)

    def __enter__(self) -> Connection:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._session.close()

    def ask(self, address: str, headers: dict[str, str]) -> Response:
        """Return the answer, its body unread; redirects lead from HTTPS to HTTPS only."""
        here = address
        for _ in range(_REDIRECTS):
            response = self._session.get(
                here,
                headers=headers,
                stream=True,
                timeout=(_CONNECT, self._watch.window),
            )
            if not response.is_redirect:
                return response
            response.close()
            here = _next(here, response, address)
        raise DataError(
            "The address leads in a circle.",
            where=address,
            got="too many redirects",
            remedy="Try it in a browser; a network that wants a login does this.",
        )


def _next(here: str, response: Response, address: str) -> str:
    said = response.headers["Location"]
    try:
        # Headers are decoded as Latin-1, and addresses are UTF-8.
        there = urljoin(here, said.encode("latin-1").decode("utf-8"))
        to = urlsplit(there)
        allowed = {"https"} if address.startswith("https:") else {"http", "https"}
        host = to.hostname if to.scheme in allowed else None
    except ValueError:
        host = None
    if not host:
        leaves = address.startswith("https:") and said.lower().startswith("http:")
        raise DataError(
            "The server leads away from a safe connection."
            if leaves
            else "The server leads to what is no address on the web.",
            where=address,
            got=said[:200],
            remedy="Open the address in a browser; a network that wants a login does this.",
        )
    return there


class _StepByStep(Session):
    """Follows no redirect itself: it would read the body of each into memory, and unpack it."""

    def get_redirect_target(self, resp: Response) -> str | None:
        return None


class _Watched(HTTPAdapter):
    """Shows the watch every connection before anything is sent through it."""

    def __init__(self, watch: Watch) -> None:
        self._pools = _pools(watch)
        super().__init__()

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        super().init_poolmanager(*args, **options)
        self.poolmanager.pool_classes_by_scheme = self._pools

    def proxy_manager_for(self, *args: Any, **options: Any) -> Any:
        manager = super().proxy_manager_for(*args, **options)
        if not args[0].lower().startswith("socks"):  # its connections are of another kind
            manager.pool_classes_by_scheme = self._pools
        return manager


def _pools(watch: Watch) -> dict[str, type[HTTPConnectionPool]]:
    class Plain(HTTPConnection):
        def _new_conn(self) -> socket.socket:
            made = super()._new_conn()
            watch.over(made)
            return made

    class Safe(HTTPSConnection):
        def _new_conn(self) -> socket.socket:
            made = super()._new_conn()
            watch.over(made)
            return made

    class PlainPool(HTTPConnectionPool):
        ConnectionCls = Plain

    class SafePool(HTTPSConnectionPool):
        ConnectionCls = Safe

    return {"http": PlainPool, "https": SafePool}

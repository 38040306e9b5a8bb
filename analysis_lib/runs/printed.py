"""What a cell prints, as its kernel sends it: no more than a page can hold.

This runs in the kernel, so that what is left out costs nobody anything: neither the way to the
driver, nor its memory, nor the notebook. What sub-processes print comes this way too.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

import zmq
from ipykernel.iostream import OutStream

HEAD, TAIL = 700_000, 100_000
"""Characters kept of the beginning and of the end of what a cell prints on one stream."""

_CUT = "\n[… of what this cell prints from here on, the end is kept …]\n"
_OF_A_MESSAGE = 200
"""Every flush is a message of its own, which weighs more than the little it carries."""


@dataclass
class _Cell:
    """What a cell has printed so far: how much was sent, and the end of what was not."""

    sent: int = 0
    cut: bool = False
    left_out: int = 0
    last: list[str] = field(default_factory=list)
    kept: int = 0

    def keep(self, text: str) -> None:
        """Keep what is not sent; now and then all but its end is left out."""
        self.last.append(text)
        self.kept += len(text)
        if self.kept > 10 * TAIL:
            self._shorten()

    def end(self) -> str:
        """Return the end, after a line that says how much is missing before it."""
        self._shorten()
        text = "".join(self.last)
        self.last, self.kept = [], 0
        missing = f"[… {self.left_out:,} characters were left out …]\n" if self.left_out else ""
        return missing + text

    def _shorten(self) -> None:
        end = "".join(self.last)[-TAIL:]
        self.left_out += self.kept - len(end)
        self.last, self.kept = [end], len(end)


class Printed(OutStream):
    """Standard output or error of a kernel, which cuts what a cell prints beyond a limit."""

    def __init__(self, *arguments: Any, **more: Any) -> None:
        self._cells: defaultdict[str | None, _Cell] = defaultdict(_Cell)
        self._counting = threading.Lock()
        self._unsent = False
        super().__init__(*arguments, **more)  # type: ignore[no-untyped-call]

    def set_parent(self, parent: Any) -> None:
        """Begin a cell."""
        super().set_parent(parent)  # type: ignore[no-untyped-call]
        # Or messages are dropped, unseen, when the driver is slower than the kernel.
        socket = self.pub_thread.socket
        self.pub_thread.schedule(lambda: socket.setsockopt(zmq.SNDHWM, 0))

    def write(self, string: str) -> int:
        """Send a text on, or keep it for the end of the cell."""
        if not isinstance(string, str):
            raise TypeError(f"write() argument must be str, not {type(string)}")
        with self._counting:
            cell = self._cells[self.parent_header.get("msg_id")]
            room = 0 if cell.cut else max(HEAD - cell.sent, 0)
            cell.sent += len(string)
            if begins := len(string) > room and not cell.cut:
                cell.cut = True
            if cell.cut:
                cell.keep(string[room:])
        # Never while a lock is held: sending waits for a thread, which may be about to print.
        if begins:
            self._see_to_the_end(cell)
        if room or begins:
            self._unsent = True
            super().write(string[:room] + _CUT if begins else string)
        return len(string)

    def flush(self) -> None:
        """Send what was written; nothing when nothing was, however often it is asked for."""
        if self._unsent:
            self._unsent = False
            self._cells[self.parent_header.get("msg_id")].sent += _OF_A_MESSAGE
            super().flush()  # type: ignore[no-untyped-call]

    def _see_to_the_end(self, cell: _Cell) -> None:
        from IPython import get_ipython

        events = get_ipython().events

        def cell_ended(*_result: object) -> None:
            events.unregister("post_run_cell", cell_ended)
            super(Printed, self).write(cell.end())
            self._unsent = True
            self.flush()

        events.register("post_run_cell", cell_ended)

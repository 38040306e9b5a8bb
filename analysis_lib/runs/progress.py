"""How a run shows where it is: a line per finished cell, and in a terminal the present one."""

from __future__ import annotations

import sys
import time
from contextlib import ExitStack
from types import TracebackType

from analysis_lib.errors import visible
from analysis_lib.runs.lock import Say

_WIDTH = 44


class Cells:
    """Tells the cells of one run as they begin and end.

    Parameters
    ----------
    run : str
        The run's name within the report.
    say : callable
        Takes every line. What is only shown in a terminal does not go through it.
    """

    def __init__(self, run: str, say: Say) -> None:
        self.run = run
        self.say = say

    def __enter__(self) -> Cells:
        """Start the clock, and the moving line where somebody sees it move."""
        self._began = self._cell_began = time.monotonic()
        self._stack = ExitStack()
        self._status = None
        if sys.stdout.isatty():
            from rich.console import Console

            status = Console(file=sys.stdout, highlight=False).status("", spinner="dots")
            self._status = self._stack.enter_context(status)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Clear the moving line, whatever happened."""
        self._stack.close()

    def started(self, number: int, total: int, title: str) -> None:
        """Say that a cell has begun, for as long as it runs."""
        self._cell_began = time.monotonic()
        if self._status:
            from rich.text import Text

            self._status.update(Text(f"{self.run} {number}/{total}  {_short(title)} …"))

    def done(self, number: int, total: int, title: str) -> None:
        """Say that a cell is done, with its own seconds and those of the run so far."""
        now = time.monotonic()
        place = f"{number:>3}/{total}"
        times = f"{now - self._cell_began:5.1f} s  ({now - self._began:.0f} s)"
        self.say(f"  {self.run} {place}  {_short(title):<{_WIDTH}} {times}")


def _short(title: str) -> str:
    shown = visible(title)
    return shown if len(shown) <= _WIDTH else f"{shown[: _WIDTH - 1]}…"

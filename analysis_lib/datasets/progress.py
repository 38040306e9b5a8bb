"""How a download shows where it is: bars in a terminal, plain lines in a log."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Protocol, TextIO

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress


class Progress(Protocol):
    """Somebody who is told how a download goes."""

    def say(self, text: str) -> None:
        """Tell something in words."""

    def begin(self, name: str, done: int, total: int | None) -> None:
        """Start a file of which `done` of `total` bytes are there already."""

    def advance(self, count: int) -> None:
        """Count bytes that have come in."""

    def end(self) -> None:
        """Stop a file, whether or not it is complete."""


class Lines:
    """Plain lines, one for each quarter of a file, for logs."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self.stream = stream or sys.stderr
        self.name, self.done, self.total, self.told = "", 0, None, 0

    name: str
    done: int
    total: int | None
    told: int

    def say(self, text: str) -> None:
        """Print a line at once."""
        print(text, file=self.stream, flush=True)

    def begin(self, name: str, done: int, total: int | None) -> None:
        """Name the file and its size."""
        self.name, self.done, self.total = name, done, total
        self.told = self._quarters()
        whole = f", {megabytes(total)}" if total else ""
        self.say(f"{name}{whole}" + (f", {megabytes(done)} are here already" if done else ""))

    def advance(self, count: int) -> None:
        """Print a line when another quarter is there."""
        self.done += count
        if self._quarters() > self.told:
            self.told = self._quarters()
            self.say(f"{self.name} {25 * self.told} %")

    def end(self) -> None:
        """Nothing is left to close."""

    def _quarters(self) -> int:
        return 4 * self.done // self.total if self.total else 0


class Bars:
    """A bar per file, for terminals."""

    def __init__(self) -> None:
        from rich.console import Console

        self.console = Console(stderr=True)
        self.bar: RichProgress | None = None

    def say(self, text: str) -> None:
        """Print a line above the bar."""
        self.console.print(text, markup=False, highlight=False, soft_wrap=True)

    def begin(self, name: str, done: int, total: int | None) -> None:
        """Draw a bar."""
        from rich import progress as rich

        self.end()
        self.bar = rich.Progress(
            rich.TextColumn("{task.description}", markup=False),
            rich.BarColumn(),
            rich.DownloadColumn(),
            rich.TransferSpeedColumn(),
            rich.TimeRemainingColumn(),
            console=self.console,
        )
        self.bar.add_task(name, total=total, completed=done)
        self.bar.start()

    def advance(self, count: int) -> None:
        """Move the bar."""
        if self.bar:
            self.bar.advance(self.bar.task_ids[0], count)

    def end(self) -> None:
        """Leave the bar as it stands."""
        if self.bar:
            self.bar.stop()
            self.bar = None


def default() -> Progress:
    """Return bars when somebody watches, lines otherwise."""
    return Bars() if sys.stderr.isatty() else Lines()


def megabytes(count: int) -> str:
    """Write a number of bytes for people.

    Examples
    --------
    >>> megabytes(511), megabytes(176_371), megabytes(2_039_600)
    ('511 bytes', '176 kB', '2.0 MB')
    """
    if count < 1_000:
        return f"{count} bytes"
    return f"{count / 1_000:.0f} kB" if count < 1_000_000 else f"{count / 1_000_000:.1f} MB"

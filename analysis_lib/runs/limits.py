"""How long a run may take, how much memory, and how much its notebook may hold in the end."""

from __future__ import annotations

import contextlib
import math
import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import psutil

from analysis_lib.errors import ParameterError

TIME_VARIABLE = "ANALYSIS_TIME_LIMIT"
MEMORY_VARIABLE = "ANALYSIS_MEMORY_LIMIT"
"""What raises the limits of every run that a command starts, `make book` too."""

SECONDS = 3600.0
SHARE = 0.8
"""How much of the machine's memory a run may take when nobody says how much."""

SHOWN = 64 * 2**20
"""Bytes that a notebook may show in all. What it only prints is cut long before."""

_SIZE = re.compile(r"(?P<number>[0-9]+(\.[0-9]+)?) ?(?P<unit>[kmgt]?)(i?b)?", re.IGNORECASE)
_UNITS = {"": 2**20, "k": 2**10, "m": 2**20, "g": 2**30, "t": 2**40}

T = TypeVar("T")


@dataclass(frozen=True)
class Limits:
    """What a run may take, and one of its cells; beyond it the run is ended.

    Parameters
    ----------
    total : float
        Seconds of the whole run.
    cell : float, optional
        Seconds of each cell; half of `total` when it is not given.
    memory : int
        Bytes that the kernel and everything it started hold together.
    shown : int
        Bytes of all outputs of the notebook.
    """

    total: float = field(default_factory=lambda: _asked(TIME_VARIABLE, seconds, SECONDS))
    cell: float | None = None
    memory: int = field(default_factory=lambda: _asked(MEMORY_VARIABLE, size, share_of_machine()))
    shown: int = SHOWN

    @classmethod
    def asked(cls, time: str | None = None, memory: str | None = None) -> Limits:
        """Return the limits a user asks for in words; what is not said stays as it is."""
        given: dict[str, Any] = {}
        if time is not None:
            given["total"] = seconds(time, "--time-limit")
        if memory is not None:
            given["memory"] = size(memory, "--memory-limit")
        return cls(**given)

    @property
    def of_cell(self) -> float:
        """Seconds that one cell may take."""
        return self.total / 2 if self.cell is None else self.cell

    def too_long(self) -> str:
        """Say that the run took too long, and how it gets more time."""
        return f"The run took longer than {self.total:g} seconds. {_more_time(2 * self.total)}"

    def cell_too_long(self) -> str:
        """Say that a cell took too long, and how it gets more time."""
        more = _more_time(4 * self.of_cell)
        return f"A cell took longer than {self.of_cell:g} seconds. {more}"

    def too_much_memory(self, taken: int) -> str:
        """Say that the run took too much memory, and how it gets more."""
        return (
            f"The run took {_mb(taken)} of memory, more than its limit of {_mb(self.memory)}. "
            f"Give it more, if the machine has it: {MEMORY_VARIABLE}={_short(2 * self.memory)} "
            "before make, or --memory-limit."
        )

    def too_much_shown(self) -> str:
        """Say that the notebook shows too much."""
        return (
            f"The notebook shows more than {_mb(self.shown)} in all. "
            "Show a part of it, and save the rest as a table."
        )


def seconds(text: str, where: str | None = None) -> float:
    """Read a number of seconds.

    Examples
    --------
    >>> seconds("7200")
    7200.0
    """
    with contextlib.suppress(ValueError):
        if 0 < (value := float(text)) < math.inf:
            return value
    raise ParameterError(
        "This is no time limit.", where=where, expected="seconds, such as 7200", got=text
    )


def size(text: str, where: str | None = None) -> int:
    """Read a size of memory in bytes; a number without a unit is in MB.

    Examples
    --------
    >>> size("4G") == size("4096") == 4 * 2**30
    True
    """
    found = _SIZE.fullmatch(text.strip())
    value = int(float(found["number"]) * _UNITS[found["unit"].lower()]) if found else 0
    if not found or value <= 0:
        raise ParameterError(
            "This is no memory limit.",
            where=where,
            expected="a size such as 4G, 900M or 900 (MB)",
            got=text,
        )
    return value


def share_of_machine(root: Path = Path("/")) -> int:
    """Return the bytes of memory a run may take by itself: most of what there is."""
    there = [psutil.virtual_memory().total, *_of_control_groups(root)]
    return int(SHARE * min(there))


def _of_control_groups(root: Path) -> Iterator[int]:
    """Yield the limits that containers and services set on this process (Linux)."""
    with contextlib.suppress(OSError):
        for line in (root / "proc/self/cgroup").read_text().splitlines():
            _, controllers, place = line.split(":", 2)
            if controllers and "memory" not in controllers.split(","):
                continue
            top = root / ("sys/fs/cgroup/memory" if controllers else "sys/fs/cgroup")
            name = "memory.limit_in_bytes" if controllers else "memory.max"
            # A group is bound by every group above it; inside a container only the top is seen.
            folder = top / place.strip("/")
            for each in (folder, *folder.parents):
                with contextlib.suppress(OSError, ValueError):  # not there, or "max"
                    yield int((each / name).read_text())
                if each == top:
                    break


def _asked(variable: str, read: Callable[[str, str], T], default: T) -> T:
    text = os.environ.get(variable)
    return read(text, variable) if text else default


def _more_time(seconds: float) -> str:
    return f"Give it more: {TIME_VARIABLE}={seconds:g} before make, or --time-limit."


def _mb(size: int) -> str:
    return f"{size / 2**20:,.0f} MB"


def _short(size: int) -> str:
    return f"{math.ceil(size / 2**30)}G" if size >= 2**30 else f"{math.ceil(size / 2**20)}M"

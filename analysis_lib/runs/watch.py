"""What a run starts is watched: how much memory it takes, and how long."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

import psutil

from analysis_lib.runs import processes


class Watch:
    """Watch what a block starts: its peak memory, and a limit on its time.

    Past `limit` seconds every process it started is killed and `expired` is true.
    """

    def __init__(self, limit: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.limit = limit
        self.clock = clock
        self.peak_memory = 0
        self.expired = False
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Watch:
        """Start to watch."""
        self._before = set(psutil.Process().children(recursive=True))
        self._started = self.clock()
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop watching."""
        self._stop.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._stop.wait(0.1):
            tree = [p for p in psutil.Process().children(recursive=True) if p not in self._before]
            self.peak_memory = max(self.peak_memory, sum(_peak(process) for process in tree))
            if self.clock() - self._started > self.limit:
                self.expired = True
                processes.end(tree, patience=0.2)
                return


def _peak(process: psutil.Process) -> int:
    """Return the most memory a process had so far, in bytes; its present one if unknown."""
    with contextlib.suppress(OSError, IndexError):  # no /proc here, or the process has ended
        status = Path(f"/proc/{process.pid}/status").read_text()
        return int(status.split("VmHWM:")[1].split()[0]) * 1024
    with contextlib.suppress(psutil.Error):
        return int(process.memory_info().rss)
    return 0

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
from analysis_lib.runs.limits import Limits

_FIRST_TO_GO = "1000"
_HELD = ("Pss_Anon", "Pss_Shmem", "SwapPss")
"""Memory that cannot be had back: not what is read from files, shared pages by their share."""


class Watch:
    """Watch what a block starts: its peak memory, and its limits of time and memory.

    Past a limit every process it started is killed, and `ended` says why. Where the system lets
    us (Linux), they are also the first to go when the whole machine is out of memory.
    """

    def __init__(self, limits: Limits, clock: Callable[[], float] = time.monotonic) -> None:
        self.limits = limits
        self.clock = clock
        self.peak_memory = 0
        self.ended: str | None = None
        self._shared = 0
        self._seen: set[psutil.Process] = set()
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
            with contextlib.suppress(psutil.Error):  # one ended while it was looked at
                tree = self._tree()
                self.ended = self._too_much(tree) or self._too_long()
                if self.ended:
                    processes.end(tree, patience=0.2)
                    return

    def _tree(self) -> list[psutil.Process]:
        tree = [p for p in psutil.Process().children(recursive=True) if p not in self._before]
        for process in set(tree) - self._seen:
            self._seen.add(process)
            with contextlib.suppress(OSError):  # no /proc here, or it ended
                Path(f"/proc/{process.pid}/oom_score_adj").write_text(_FIRST_TO_GO)
        return tree

    def _too_long(self) -> str | None:
        late = self.clock() - self._started > self.limits.total
        return self.limits.too_long() if late else None

    def _too_much(self, tree: list[psutil.Process]) -> str | None:
        looks = [_memory(process) for process in tree]
        self.peak_memory = max(self.peak_memory, sum(peak for peak, _ in looks))
        # The quick look counts shared pages once per process, and pages of files: only when it is
        # over the limit by more than it was wrong by the last time, the slow one is worth while.
        quick = sum(now for _, now in looks)
        if quick - self._shared <= self.limits.memory:
            return None
        held = sum(_held(p, now) for p, (_, now) in zip(tree, looks, strict=True))
        self._shared = max(quick - held, 0)
        return self.limits.too_much_memory(held) if held > self.limits.memory else None


def _memory(process: psutil.Process) -> tuple[int, int]:
    """Return the most memory a process had so far, and what it has now, in bytes."""
    with contextlib.suppress(OSError, ValueError, KeyError):  # no /proc, or it ended
        facts = _facts(Path(f"/proc/{process.pid}/status"))
        return facts["VmHWM"], facts["VmRSS"] + facts.get("VmSwap", 0)
    with contextlib.suppress(psutil.Error):
        now = int(process.memory_info().rss)
        return now, now
    return 0, 0


def _held(process: psutil.Process, otherwise: int) -> int:
    """Return the memory that ending a process would free, in bytes; `otherwise` if unknown."""
    with contextlib.suppress(OSError, ValueError, KeyError):
        facts = _facts(Path(f"/proc/{process.pid}/smaps_rollup"))
        return sum(facts[name] for name in _HELD)
    return otherwise


def _facts(path: Path) -> dict[str, int]:
    """Read the sizes that the system tells of a process, in bytes."""
    rows = (line.partition(":") for line in path.read_text().splitlines())
    return {name: int(text.split()[0]) * 1024 for name, _, text in rows if text.endswith(" kB")}

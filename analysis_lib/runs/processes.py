"""No process is left behind: the tree below a run is found and ended."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import FrameType

import psutil

from analysis_lib.results import FOLDER_VARIABLE

DRIVER_VARIABLE = "ANALYSIS_DRIVER"
"""Process number and start time of the driver, inherited by everything a run starts."""

_SUBREAPER = 36  # PR_SET_CHILD_SUBREAPER


class Terminated(SystemExit):
    """SIGTERM came: leave in good order, with the exit status shells expect."""

    def __init__(self) -> None:
        super().__init__(128 + signal.SIGTERM)


def driver_mark() -> str:
    """Return what this process writes in the environment of the kernels it starts."""
    return f"{os.getpid()}:{psutil.Process().create_time():.2f}"


def adopt_orphans() -> None:
    """Become the parent of every orphan below this process (Linux), so that none escapes."""
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None, use_errno=True).prctl(_SUBREAPER, 1, 0, 0, 0)


@contextlib.contextmanager
def guarded() -> Iterator[None]:
    """Leave no process behind, however the block ends; SIGTERM raises `Terminated` in it."""
    adopt_orphans()
    before = set(psutil.Process().children(recursive=True))

    def terminate(_number: int, _frame: FrameType | None) -> None:
        raise Terminated

    main = threading.current_thread() is threading.main_thread()
    previous = signal.signal(signal.SIGTERM, terminate) if main else None
    try:
        yield
    finally:
        end([p for p in psutil.Process().children(recursive=True) if p not in before])
        if main:
            signal.signal(signal.SIGTERM, previous)


def end(processes: Sequence[psutil.Process], patience: float = 1.0) -> None:
    """End processes: ask first, then, after `patience` seconds, insist."""
    for act in (psutil.Process.terminate, psutil.Process.kill):
        for process in processes:
            with contextlib.suppress(psutil.NoSuchProcess):
                act(process)
        _, processes = psutil.wait_procs(processes, timeout=patience)


def left_behind(prefix: Path) -> list[psutil.Process]:
    """Return the processes of runs into folders that begin with `prefix` and have no driver."""
    found = []
    for process in psutil.process_iter():
        try:
            environment = process.environ()
        except (psutil.Error, OSError):
            continue  # it ended meanwhile, or belongs to somebody else
        folder, mark = environment.get(FOLDER_VARIABLE), environment.get(DRIVER_VARIABLE)
        if folder and mark and folder.startswith(str(prefix)) and not _alive(mark):
            found.append(process)
    return found


def _alive(mark: str) -> bool:
    number, _, started = mark.partition(":")
    try:
        return f"{psutil.Process(int(number)).create_time():.2f}" == started
    except (psutil.Error, ValueError):
        return False

"""No process is left behind: the tree below a run is found and ended."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import FrameType
from typing import Any

import psutil

from analysis_lib.results import FOLDER_VARIABLE

DRIVER_VARIABLE = "ANALYSIS_DRIVER"
"""Process number and start of the driver, inherited by everything it starts."""

WORK_VARIABLE = "ANALYSIS_WORK_FOLDER"
"""The folder in which a process works that is started for the site and not for a run."""

HANGING = 10.0
"""Seconds after which a second signal is no longer held back from a clean-up."""

_SUBREAPER = 36  # PR_SET_CHILD_SUBREAPER
_AGAIN = 0.2  # seconds between two looks at whether a signal is on its way out
_LOOK = 0.3  # seconds between two looks at whether the process that started this one is there
_ROUNDS = 5  # of ending what was started meanwhile


class Terminated(SystemExit):
    """A signal came: leave in good order, with the exit status shells expect."""

    def __init__(self, number: int = signal.SIGTERM) -> None:
        super().__init__(128 + number)
        self.signal = signal.Signals(number).name


class _Signals:
    """Raises for the first signal; those that follow would break the clean-up it began.

    What was raised can be lost on its way: in a finaliser, where Python raises nothing; in C code
    and in a bare `except:`, which take it for an error of their own. So it is looked for again and
    again, and raised anew where nobody is dealing with it.
    """

    def __init__(self) -> None:
        self.process = os.getpid()
        self.first = 0.0
        self.raised: KeyboardInterrupt | Terminated | None = None
        self.before: dict[int, Any] = {}

    def install(self) -> None:
        defaults = {
            signal.SIGTERM: signal.getsignal(signal.SIGTERM) or signal.SIG_DFL,
            signal.SIGHUP: signal.SIG_DFL,  # a terminal was closed; ignored under nohup
            signal.SIGINT: signal.default_int_handler,
        }
        for number, default in defaults.items():
            if signal.getsignal(number) == default:
                self.before[number] = signal.signal(number, self)
        self.before[signal.SIGALRM] = signal.signal(signal.SIGALRM, self.look)
        self.hook, sys.unraisablehook = sys.unraisablehook, self.lost

    def restore(self, ending: bool) -> None:
        signal.setitimer(signal.ITIMER_REAL, 0)
        deaf = ending and self.raised is not None
        for number, handler in self.before.items():
            signal.signal(number, signal.SIG_IGN if deaf else handler)
        if not deaf:
            sys.unraisablehook = self.hook

    def __call__(self, number: int, _frame: FrameType | None) -> None:
        if os.getpid() != self.process:  # a fork, which has nothing to tidy
            os._exit(128 + number)
        now = time.monotonic()
        if self.raised is not None and now - self.first < HANGING:
            return
        self.first = now
        signal.setitimer(signal.ITIMER_REAL, _AGAIN, _AGAIN)
        self.raised = KeyboardInterrupt() if number == signal.SIGINT else Terminated(number)
        raise self.raised

    def look(self, _number: int, _frame: FrameType | None) -> None:
        """Raise again what was raised, unless somebody is dealing with it."""
        if self.raised is None or self.raised in _behind(sys.exception()):
            return
        raise self.raised

    def lost(self, unraisable: Any) -> None:
        """Say nothing of what was lost in a finaliser: it is raised again.

        What other finalisers complain of is told unless a signal broke off what they end.
        """
        if self.raised is None:
            self.hook(unraisable)


_installed: list[_Signals] = []


@contextlib.contextmanager
def terminable(ending: bool = False) -> Iterator[None]:
    """Let SIGTERM and a closed terminal raise `Terminated` in the block, Ctrl-C as ever.

    Only the first signal raises: the clean-up that it began is not broken by the next ones, but
    for one that comes `HANGING` seconds later. Blocks may stand within each other.

    Parameters
    ----------
    ending : bool
        The process ends with the block, and when it was left by a signal it is deaf from then on:
        Python's own end would be broken too, and with it the exit status.
    """
    if _installed or threading.current_thread() is not threading.main_thread():
        yield
        return
    signals = _Signals()
    _installed.append(signals)
    try:
        signals.install()
        yield
    finally:
        signals.restore(ending)
        _installed.remove(signals)


@contextlib.contextmanager
def undisguised() -> Iterator[None]:
    """Let a signal leave the block as itself, whatever broke while it passed through.

    An archive that is being written cannot be closed then, and its error would hide the signal.
    """
    try:
        yield
    except BaseException as error:
        for behind in _behind(error):
            if isinstance(behind, KeyboardInterrupt | Terminated):
                raise behind from None
        raise


def _behind(error: BaseException | None) -> Iterator[BaseException]:
    """Yield an error, the one during whose handling it was raised, and so on."""
    while error is not None:
        yield error
        error = error.__context__


@contextlib.contextmanager
def following() -> Iterator[None]:
    """End this process by SIGTERM when what it was started by is gone: `make`, or a driver."""
    leader, over = _leader(), threading.Event()
    if leader is None:
        yield
        return

    def look() -> None:
        while not over.wait(_LOOK):
            if _gone(leader):
                os.kill(os.getpid(), signal.SIGTERM)
                return

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _leader() -> psutil.Process | None:
    """Return the process without which this one is not wanted; None when it stands for itself.

    That is the driver that started it, or a `make` above it in the same process group: who runs
    it in the background of a shell that `make` started, or detached, wants it to stay.
    """
    with contextlib.suppress(psutil.Error, OSError, ValueError):
        if mark := os.environ.get(DRIVER_VARIABLE):
            return psutil.Process(int(mark.partition(":")[0])) if _alive(mark) else None
        above = psutil.Process().parents() if os.environ.get("MAKELEVEL") else []
        for process in above:
            if process.name() in {"make", "gmake"}:
                return process if os.getpgid(process.pid) == os.getpgrp() else None
    return None


def _gone(process: psutil.Process) -> bool:
    try:
        return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    except psutil.Error:
        return True


def driver_mark() -> str:
    """Return what this process writes in the environment of the processes it starts."""
    return f"{os.getpid()}:{_started(os.getpid())}"


def marks(folder: Path) -> dict[str, str]:
    """Return the environment by which a process that works in a folder is known as this one's."""
    return {DRIVER_VARIABLE: driver_mark(), WORK_VARIABLE: str(folder)}


def adopt_orphans() -> None:
    """Become the parent of every orphan below this process (Linux), so that none escapes."""
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None, use_errno=True).prctl(_SUBREAPER, 1, 0, 0, 0)


@contextlib.contextmanager
def guarded() -> Iterator[None]:
    """Leave no process behind, however the block ends; it is `terminable`."""
    adopt_orphans()
    before = set(psutil.Process().children(recursive=True))
    with terminable():
        try:
            yield
        finally:
            for _ in range(_ROUNDS):  # what is ended may start another one meanwhile
                tree = psutil.Process().children(recursive=True)
                if not (started := [p for p in tree if p not in before]):
                    break
                end(started)


def end(processes: Sequence[psutil.Process], patience: float = 1.0) -> None:
    """End processes: ask first, then, after `patience` seconds, insist."""
    for act in (psutil.Process.terminate, psutil.Process.kill):
        for process in processes:
            with contextlib.suppress(psutil.NoSuchProcess):
                act(process)
        _, processes = psutil.wait_procs(processes, timeout=patience)


def left_behind(*prefixes: Path) -> list[psutil.Process]:
    """Return the processes that work in folders beginning with a prefix and have no driver."""
    begins = tuple(str(prefix) for prefix in prefixes)
    found = []
    for process in psutil.process_iter():
        if process.pid == os.getpid():
            continue
        try:
            environment = process.environ()
        except (psutil.Error, OSError):
            continue  # it ended meanwhile, or belongs to somebody else
        folders = (environment.get(name, "") for name in (WORK_VARIABLE, FOLDER_VARIABLE))
        mark = environment.get(DRIVER_VARIABLE)
        if mark and any(f.startswith(begins) for f in folders) and not _alive(mark):
            found.append(process)
    return found


def _alive(mark: str) -> bool:
    number, _, started = mark.partition(":")
    try:
        process = psutil.Process(int(number))
        return _started(process.pid) == started and process.status() != psutil.STATUS_ZOMBIE
    except (psutil.Error, ValueError):
        return False


def _started(number: int) -> str:
    """Return when a process was started, in a way that a clock that is set does not change."""
    with contextlib.suppress(OSError, IndexError):  # no /proc here, or the process has ended
        stat = Path(f"/proc/{number}/stat").read_text(encoding="utf-8", errors="replace")
        return stat.rpartition(")")[2].split()[19]  # in ticks since the machine was started
    return f"{psutil.Process(number).create_time():.2f}"

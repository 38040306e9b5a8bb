"""Runs made by this machine: one after the other in this process, or side by side in several."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Generator, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import NamedTuple

import psutil

from analysis_lib import files
from analysis_lib.errors import AnalysisError, RunError, printed
from analysis_lib.runs import processes, surroundings
from analysis_lib.runs.engine import FailedRunError, Runs
from analysis_lib.runs.limits import MEMORY_VARIABLE, Limits
from analysis_lib.runs.made import Hands, Made
from analysis_lib.runs.record import RECORD
from analysis_lib.runs.values import RunSpec

THREADS_VARIABLE = "NUMBA_NUM_THREADS"
"""What says how many threads the batch Lasso may use; all else in a kernel uses one."""

PATIENCE = 8.0
"""Seconds that a process has to end its kernel and to sweep up behind it."""

_TRIES = 2  # a process that is killed is started once more
_UNMADE = "The run {} could not be made."


def hands(runs: Runs, jobs: int) -> Hands:
    """Return what makes runs, so many at once."""
    return Processes(runs, jobs) if jobs > 1 else OneByOne(runs)


class OneByOne:
    """Makes runs one after the other, in this process, and tells of every cell."""

    def __init__(self, runs: Runs) -> None:
        self.runs = runs

    def make(self, specs: Sequence[RunSpec]) -> Iterator[Made]:
        """Make every run that is not there already."""
        for spec in specs:
            began = time.monotonic()
            try:
                made = Made(spec, self.runs.ensure(spec).did, seconds=time.monotonic() - began)
            except AnalysisError as error:
                made = Made(spec, "failed", error)
            yield made


class Processes:
    """Makes runs side by side, each by the command line in a process of its own.

    They share the machine: each may take its part of the memory and of the cores, unless the user
    said how much (`ANALYSIS_MEMORY_LIMIT`, `NUMBA_NUM_THREADS`). What a process prints is kept, and
    told when it failed.

    Parameters
    ----------
    runs : Runs
        The runs of the project that this library belongs to.
    jobs : int
        How many may be under way at once.
    """

    def __init__(self, runs: Runs, jobs: int) -> None:
        self.runs = runs
        self.jobs = jobs

    def make(self, specs: Sequence[RunSpec]) -> Iterator[Made]:
        """Make every run that is not there already."""
        missing = []
        for spec in specs:
            if made := self._without_a_process(spec):
                yield made
            else:
                missing.append(spec)
        if missing:
            yield from self._made(missing)

    def _without_a_process(self, spec: RunSpec) -> Made | None:
        """Return what became of a run that is there already, or cannot be made."""
        quiet = Runs(self.runs.project, say=lambda _line: None)  # its process says the same
        try:
            if quiet.fresh(quiet.plan(spec)):
                return Made(spec, self.runs.ensure(spec).did)
        except AnalysisError as error:
            return Made(spec, "failed", error)
        return None

    def _made(self, specs: Sequence[RunSpec]) -> Generator[Made, None, None]:
        count = f"{len(specs)} runs" if len(specs) > 1 else "one run"
        self.runs.say(f"{count} to make, {self.jobs} at once")
        with (
            tempfile.TemporaryDirectory() as folder,
            processes.guarded(),
            ThreadPoolExecutor(self.jobs) as pool,
            _Children(Path(folder), self._environment(Path(folder))) as children,
        ):
            try:
                made = [pool.submit(self._one, spec, children) for spec in specs]
                for each in as_completed(made):
                    yield each.result()
            finally:
                pool.shutdown(wait=False, cancel_futures=True)

    def _environment(self, folder: Path) -> dict[str, str]:
        cores = len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1
        shares = {
            THREADS_VARIABLE: str(max(1, cores // self.jobs)),
            MEMORY_VARIABLE: str(max(1, Limits().memory // self.jobs // 2**20)),
        }
        return shares | surroundings.inherited(os.environ) | processes.marks(folder)

    def _one(self, spec: RunSpec, children: _Children) -> Made:
        """Make one run in a process of its own; once more when a signal ended it."""
        began, before = time.monotonic(), self._kept_aside(spec)
        for left in reversed(range(_TRIES)):
            try:
                ended = children.run(spec)
            except OSError as error:
                return Made(spec, "failed", RunError(_UNMADE.format(spec.id), got=str(error)))
            if not (name := _signal(ended.status)):
                break
            self._end_left(spec)
            if not left:
                return Made(spec, "failed", _killed(spec, name))
            self.runs.say(f"{spec.id}: its process was ended by {name}; it is made once more")
        for line in ended.printed.splitlines():
            if line.startswith(f"{spec.id}: ") and not line.startswith(_expected(spec)):
                self.runs.say(line)
        if ended.status == 0:
            return Made(spec, "executed", seconds=time.monotonic() - began)
        kept = self._kept_aside(spec) != before
        return Made(spec, "failed", _error(spec, ended, kept=kept))

    def _kept_aside(self, spec: RunSpec) -> tuple[int, int] | None:
        """Return what changes when a failure of a run is recorded."""
        with contextlib.suppress(OSError):
            found = (self.runs.failed_folder(spec.study, spec.name) / RECORD).stat()
            return found.st_ino, found.st_mtime_ns
        return None

    def _end_left(self, spec: RunSpec) -> None:
        scratch = self.runs.root / spec.study / f"{files.TEMPORARY}{spec.name}."
        processes.end(processes.left_behind(scratch))


class _Ended(NamedTuple):
    """How a process ended, and what it said."""

    status: int
    printed: str
    complaint: str


class _Children:
    """The processes of a block, each with what it prints in files; none outlives the block."""

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self.folder = folder
        self.environment = environment
        self.running: set[int] = set()
        self.over = False
        self.starting = threading.Lock()

    def __enter__(self) -> _Children:
        return self

    def __exit__(self, *_error: object) -> None:
        with self.starting:
            self.over = True
        left = []
        for number in list(self.running):
            with contextlib.suppress(psutil.NoSuchProcess):
                left.append(psutil.Process(number))
        processes.end(left, PATIENCE)

    def run(self, spec: RunSpec) -> _Ended:
        """Make a run in a process, as a person types it, and wait for its end."""
        place = self.folder / spec.study / spec.name
        files.write_json(place / "parameters.json", dict(spec.values))
        said, complaint = place / "out", place / "err"
        command = [sys.executable, "-m", "analysis_lib", "run", "--", spec.study]
        options = [f"--name={spec.name}", f"--file={place / 'parameters.json'}"]
        with said.open("wb") as out, complaint.open("wb") as err:
            with self.starting:
                if self.over:
                    raise InterruptedError("it was interrupted")
                process = subprocess.Popen(
                    [*command, *options],
                    env=self.environment,
                    stdin=subprocess.DEVNULL,
                    stdout=out,
                    stderr=err,
                    start_new_session=True,  # Ctrl-C is ours to pass on
                )
                self.running.add(process.pid)
            status = process.wait()
            self.running.discard(process.pid)
        if self.over:  # ended by us
            raise InterruptedError("it was interrupted")
        texts = [path.read_text(encoding="utf-8", errors="replace") for path in (said, complaint)]
        return _Ended(status, *texts)


def _expected(spec: RunSpec) -> tuple[str, str]:
    return f"{spec.id}: executing", f"{spec.id}: done in "


def _signal(status: int) -> str | None:
    """Name the signal that ended a process, or that it left in good order for."""
    number = -status if status < 0 else status - 128
    return signal.Signals(number).name if number in set(signal.Signals) else None


def _killed(spec: RunSpec, name: str) -> RunError:
    return RunError(
        f"The process of the run {spec.id} was ended by {name}, {_TRIES} times.",
        remedy="If the machine had no memory left, ask for fewer at once: JOBS=1.",
    )


def _error(spec: RunSpec, ended: _Ended, *, kept: bool) -> AnalysisError:
    """Return the error that a process printed as it left."""
    told = printed(ended.complaint)
    if not told:
        lines = ended.complaint.strip().splitlines()
        return RunError(_UNMADE.format(spec.id), got=lines[-1] if lines else None)
    kind = RunError if ended.status == RunError.exit_status else AnalysisError
    return (FailedRunError if kept else kind)(**told)

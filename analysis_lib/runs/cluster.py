"""Runs made by the workers of a Dask cluster, which need the environment and share no disk."""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import psutil

from analysis_lib import cluster, files
from analysis_lib.cluster import DifferenceError, LostError
from analysis_lib.datasets.sources import FOLDER_VARIABLE as DATA_VARIABLE
from analysis_lib.errors import AnalysisError, RunError, printed
from analysis_lib.runs import parcel, processes, surroundings
from analysis_lib.runs.engine import FailedRunError, Plan, Runs, git_state
from analysis_lib.runs.limits import MEMORY_VARIABLE, SHARE, TIME_VARIABLE, Limits
from analysis_lib.runs.lock import hold
from analysis_lib.runs.made import Made
from analysis_lib.runs.parcel import Errand
from analysis_lib.runs.values import RunSpec

if TYPE_CHECKING:
    from distributed import Client, Future, Worker

RETRIES = 3
"""How often a run is tried again that was lost with a worker, or damaged on its way."""

_ROOM = "analysis"  # below the folder of a worker, which is removed with it
_LOOK = 0.3  # seconds between two looks at whether a run is still wanted


@dataclass(frozen=True)
class Brought:
    """What a worker brings back: the folder of a run, and the error of one that failed."""

    packed: bytes | None
    error: AnalysisError | None


@dataclass
class _Task:
    """A run that is to be made elsewhere: what was sent, or why nothing was; how often lost."""

    plan: Plan
    began: float
    sent: Errand | AnalysisError | None = None
    lost: int = 0


class Cluster:
    """Makes runs on a Dask cluster; what comes back is checked, and written here.

    Parameters
    ----------
    runs : Runs
        The runs of the project.
    address : str
        Of the scheduler: `tcp://host:8786`.
    """

    def __init__(self, runs: Runs, address: str) -> None:
        self.runs = runs
        self.address = address

    def make(self, specs: Sequence[RunSpec]) -> Iterator[Made]:
        """Make every run that is not there already, each as soon as a worker has a thread for it.

        A cluster that cannot be used, or goes while it is used, is a `ClusterError`; what was
        told before is on the disk.
        """
        waiting: deque[_Task] = deque()
        for spec in specs:
            try:
                with files.told(f"The run {spec.id} could not be made.", self.runs.root, RunError):
                    plan = self.runs.plan(spec)
                    fresh = self.runs.fresh(plan)
            except AnalysisError as error:
                yield Made(spec, "failed", error)
                continue
            if fresh:
                yield Made(spec, "nothing")
            else:
                waiting.append(_Task(plan, time.monotonic()))
        if waiting:
            with cluster.connect(self.address) as client:
                yield from _Errands(self, client, waiting).made()


class _Errands:
    """The runs that a cluster is asked for, while a client is connected to it."""

    def __init__(self, asking: Cluster, client: Client, waiting: deque[_Task]) -> None:
        self.runs, self.address = asking.runs, asking.address
        self.client, self.waiting = client, waiting
        self.sent: dict[str, Future[Any]] = {}
        self.refused: set[str] = set()

    def made(self) -> Iterator[Made]:
        flights = cluster.side_by_side(self.client, self.address, self.waiting, self.submit)
        for task, future in flights:
            try:
                yield self.landed(task, future)
            except LostError as error:
                task.lost += 1
                if task.lost > RETRIES:
                    yield Made(task.plan.spec, "failed", error)
                else:
                    self.waiting.append(task)
            except DifferenceError as error:  # of a worker that came later
                self.refuse(error)
                self.waiting.append(task)

    def submit(self, task: _Task) -> Future[Any]:
        """Send a run, and whatever it needs that was not sent before."""
        spec = task.plan.spec
        task.began = time.monotonic()
        token = f"{spec.study}-{spec.name}-{secrets.token_hex(4)}"
        try:
            with files.told(f"The run {spec.id} could not be sent.", self.runs.root, RunError):
                errand, here = parcel.pack(self.runs, task.plan)
                read = {d: parcel.read_content(here[d], d) for d in here if not self._there(d)}
        except AnalysisError as error:
            task.sent = error
            return self.client.submit(_nothing, key=token)
        task.sent = errand
        for digest, content in read.items():
            self.sent[digest] = self.client.scatter(content, broadcast=True, hash=False)
        return self.client.submit(
            carry_out,
            errand,
            {digest: self.sent[digest] for digest in here},
            cluster.facts(),
            _limits(),
            key=token,
            workers=self._welcome() if self.refused else None,
        )

    def landed(self, task: _Task, future: Future[Any]) -> Made:
        """Check what came back, and keep it."""
        spec, errand = task.plan.spec, task.sent
        if not isinstance(errand, Errand):
            return Made(spec, "failed", errand)
        what = f"The run {spec.id}"
        try:
            brought = cluster.outcome(self.client, self.address, what, future)
            with files.told(f"{what} could not be kept.", self.runs.root, RunError):
                did = self.kept(task.plan, errand, brought)
        except (LostError, DifferenceError):
            raise
        except AnalysisError as error:
            if self.client.status != "running":
                raise
            return Made(spec, "failed", error)
        return Made(spec, did, brought.error, time.monotonic() - task.began)

    def kept(self, plan: Plan, errand: Errand, brought: Brought) -> Literal["executed", "failed"]:
        """Write the results of a run, in one piece or not at all."""
        spec, runs = plan.spec, self.runs
        if brought.packed is None:
            return "failed"
        with runs.alone(spec), runs.scratch(spec) as folder:
            parcel.unpack_results(brought.packed, folder)
            record = parcel.believed(folder, errand)
            parcel.restore(folder, record, errand, plan, git_state(runs.project))
            if record.status == "failed":
                files.replace_folder(folder, runs.failed_folder(spec.study, spec.name))
                return "failed"
            files.replace_folder(folder, runs.folder(spec.study, spec.name))
            files.remove(runs.failed_folder(spec.study, spec.name))
        return "executed"

    def refuse(self, error: DifferenceError) -> None:
        """Give nothing more to a worker that is not like this process."""
        if error.where and error.where not in self.refused:
            self.refused.add(error.where)
            self.runs.say(f"{error}\n  It is given nothing.")
        if not self._welcome():
            raise error

    def _welcome(self) -> list[str]:
        with cluster.telling(self.address):
            return sorted(set(self.client.nthreads()) - self.refused)

    def _there(self, digest: str) -> bool:
        """Return whether workers have a content still: the last one that had it may have died."""
        return digest in self.sent and self.sent[digest].status == "finished"


def _nothing() -> None:
    """Do nothing: in place of a run that could not be sent."""


def _limits() -> dict[str, str]:
    """Return the limits that are asked for here."""
    asked = {name: os.environ.get(name, "") for name in (TIME_VARIABLE, MEMORY_VARIABLE)}
    return {name: text for name, text in asked.items() if text}


def carry_out(
    errand: Errand,
    contents: Mapping[str, bytes],
    here: Mapping[str, str],
    limits: Mapping[str, str],
) -> Brought:
    """Make a run on a worker, in a process below it.

    Parameters
    ----------
    errand : Errand
        The run.
    contents : mapping
        The content of every file it needs, by SHA-256.
    here : mapping
        The facts of who asks, which must be those of the worker.
    limits : mapping
        Limits of the run that are asked for, as variables of the environment.
    """
    from distributed import get_worker

    worker = get_worker()
    cluster.agree(here, cluster.facts(), worker.address)
    task = worker.get_current_task()
    room = Path(worker.local_directory) / _ROOM
    project = room / errand.project
    with files.told(f"The run {errand.id} could not be made on a worker.", room, RunError):
        with hold(room / ".lock", "The worker's folder", _silent):
            parcel.lay_out(errand, contents, room, _complete)
        with hold(project / f".{errand.study}-{errand.name}.lock", "The run", _silent):
            environment = _environment(errand, room, worker, limits)
            return _made(errand, room, environment, wanted(worker, task))


def wanted(worker: Worker, task: Any) -> Callable[[], bool]:
    """Return what tells whether somebody still waits for a task of a worker.

    Dask lets a function run on that was cancelled, or whose client or scheduler is gone: it only
    notes so.
    """

    def look() -> bool:
        known = worker.state.tasks.get(task)
        working = worker.status.name in ("running", "paused")
        return working and known is not None and known.state == "executing"

    return look


def _made(
    errand: Errand, room: Path, environment: Mapping[str, str], is_wanted: Callable[[], bool]
) -> Brought:
    runs = Runs(room / errand.project, say=_silent)
    good, failed = (f(errand.study, errand.name) for f in (runs.folder, runs.failed_folder))
    asked = room / f"{secrets.token_hex(8)}.json"
    log = asked.with_suffix(".log")
    words = ["-m", "analysis_lib", "run", errand.study, "--name", errand.name, "--file", str(asked)]
    try:
        files.write_json(asked, dict(errand.values))
        with log.open("wb") as output:
            child = subprocess.Popen(
                [sys.executable, *words],
                cwd=room,
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
            status = _waited(child, is_wanted)
        if status == 0:
            return Brought(parcel.pack_results(good), None)
        if status < 0 or status > 128:  # it, or a shell's way to say so, was ended by a signal
            raise LostError(f"The run {errand.id} was ended on a worker.", got=f"status {status}")
        text = log.read_text(encoding="utf-8", errors="replace")
        if not failed.is_dir():
            return Brought(None, error_told(text, errand))
        return Brought(parcel.pack_results(failed), error_told(text, errand, FailedRunError))
    finally:
        for path in (asked, log, good, failed):
            files.remove(path)


def _waited(child: subprocess.Popen[bytes], is_wanted: Callable[[], bool]) -> int:
    """Return a process's exit status; when nobody wants its work any longer, end it."""
    try:
        while is_wanted():
            try:
                return child.wait(_LOOK)
            except subprocess.TimeoutExpired:
                continue
        return child.wait(0) if child.poll() is not None else 1
    finally:
        if child.poll() is None:
            processes.end([psutil.Process(child.pid)], patience=processes.HANGING)
            child.wait()


def error_told(text: str, errand: Errand, kind: type[AnalysisError] = RunError) -> AnalysisError:
    """Return the error that the command line printed, with the user's paths."""
    text = parcel.renamed(text, errand)
    if told := printed(text):
        return kind(**told)
    lines = text.splitlines()
    return kind(f"The run {errand.id} failed.", got=" ".join(lines[-1:])[:300] or None)


def _environment(
    errand: Errand, room: Path, worker: Worker, limits: Mapping[str, str]
) -> dict[str, str]:
    """Return the environment of a run on a worker: nothing of the worker's own shows in it."""
    found = surroundings.inherited(os.environ)
    for name in (cluster.ADDRESS_VARIABLE, DATA_VARIABLE, TIME_VARIABLE, MEMORY_VARIABLE):
        found.pop(name, None)
    found |= limits
    found[MEMORY_VARIABLE] = f"{_memory(worker, limits) // 2**20}M"
    found[processes.DRIVER_VARIABLE] = processes.driver_mark()
    found["PYTHONPATH"] = str(room / errand.project)
    found["NUMBA_NUM_THREADS"] = "1"  # a thread of a worker stands for a core
    if errand.data:
        found[DATA_VARIABLE] = str(room / errand.data)
    return found


def _memory(worker: Worker, limits: Mapping[str, str]) -> int:
    """Return what a run may take: its share of the worker's memory, which Dask looks after."""
    from analysis_lib.runs.limits import size

    asked = size(limits[MEMORY_VARIABLE]) if MEMORY_VARIABLE in limits else Limits().memory
    whole = worker.memory_manager.memory_limit
    return min(asked, int(SHARE * whole / worker.state.nthreads)) if whole else asked


def _complete(project: Path) -> None:
    """Put the worker's own library into a project, with what is compiled of it."""
    shutil.copytree(
        files.PROJECT / "analysis_lib",
        project / "analysis_lib",
        copy_function=_copied,
        ignore=shutil.ignore_patterns("*.tmp*", "*.pyc.*"),
    )


def _copied(source: str, target: str) -> None:
    # What another process compiles meanwhile comes and goes.
    if Path(source).suffix == ".py" or Path(source).exists():
        shutil.copy2(source, target)


def _silent(_line: str) -> None:
    """Take a line that nobody reads on a worker."""

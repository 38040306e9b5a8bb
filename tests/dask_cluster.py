"""A real Dask cluster on this machine: a scheduler, and workers with nannies, in processes."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from analysis_lib.files import PROJECT
from tests.faults.small_project import wait_for

QUIET = {"DASK_DISTRIBUTED__WORKER__MEMORY__MONITOR_INTERVAL": "50ms"}
"""A nanny that looks often, so that nobody waits for it."""


@dataclass
class DaskCluster:
    """A scheduler and its workers; every process leads a session of its own."""

    folder: Path
    scheduler: subprocess.Popen[bytes]
    workers: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def address(self) -> str:
        """Where its scheduler listens."""
        return str(json.loads((self.folder / "scheduler.json").read_text())["address"])

    def add(self, name: str, *, memory: str = "auto", threads: int = 1, **variables: str) -> None:
        """Start a worker."""
        words = ["dask", "worker", self.address, "--name", name, "--nthreads", str(threads)]
        words += ["--host", "127.0.0.1", "--no-dashboard", "--memory-limit", memory]
        words += ["--local-directory", str(self.folder / name)]
        self.workers[name] = _start(self.folder / f"{name}.log", words, variables)

    def worker(self, name: str) -> psutil.Process:
        """Return the process that works, below its nanny."""
        nanny = psutil.Process(self.workers[name].pid)
        wait_for(lambda: self._children(nanny))
        return self._children(nanny)[-1]

    def _children(self, nanny: psutil.Process) -> list[psutil.Process]:
        return [p for p in nanny.children() if "spawn_main" in " ".join(p.cmdline())]

    def runs(self) -> list[psutil.Process]:
        """Return the processes that make runs on the workers, kernels too."""
        found = []
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error, OSError):
                words = " ".join(process.cmdline())
                ours = process.environ().get("TEST_CLUSTER") == str(self.folder)
                if ours and ("-m analysis_lib" in words or "ipykernel_launcher" in words):
                    found.append(process)
        return found

    def log(self, name: str) -> str:
        """Return what a process printed."""
        return (self.folder / f"{name}.log").read_text(encoding="utf-8", errors="replace")

    def end(self) -> None:
        """End everything, by number."""
        for process in [*self.workers.values(), self.scheduler]:
            tree = []
            with contextlib.suppress(psutil.Error):
                tree = psutil.Process(process.pid).children(recursive=True)
            for each in tree:
                with contextlib.suppress(psutil.Error):
                    each.kill()
            process.kill()
            process.wait()
        for each in self.runs():
            each.kill()


def take_memory(_settings: dict[str, Any], _X: object, _Y: object) -> tuple[Any, ...]:
    """Take memory until somebody ends the process."""
    taken = []
    while True:
        taken.append(bytearray(b"x" * 20_000_000))
        time.sleep(0.02)  # so that the nanny sees it before the machine is full


@contextlib.contextmanager
def dask_cluster(
    folder: Path, *names: str, failures: int = 3, **given: str
) -> Iterator[DaskCluster]:
    """Give a cluster with workers of these names, and end it.

    Parameters
    ----------
    failures : int
        How many workers may die over a task before Dask gives it up.
    """
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "scheduler.json"
    words = ["dask", "scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard"]
    allowed = {"DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": str(failures)}
    scheduler = _start(folder / "scheduler.log", [*words, "--scheduler-file", str(file)], allowed)
    cluster = DaskCluster(folder, scheduler)
    try:
        wait_for(lambda: file.exists() and file.read_text().rstrip().endswith("}"))
        for name in names:
            cluster.add(name, **given)
        for name in names:  # a client waits for its first worker, but not for ever
            wait_for(lambda name=name: "Registered to" in cluster.log(name))
        yield cluster
    finally:
        cluster.end()


def _start(log: Path, words: list[str], variables: dict[str, str]) -> subprocess.Popen[bytes]:
    inherited = {n: v for n, v in os.environ.items() if n != "DASK_SCHEDULER_ADDRESS"}
    ours = {"TEST_CLUSTER": str(log.parent), "PYTHONPATH": str(PROJECT), **QUIET, **variables}
    with log.open("wb") as output:
        return subprocess.Popen(
            [sys.executable, "-m", *words],
            cwd=log.parent,  # Python looks there before all, for modules too
            env={**inherited, **ours},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

"""Peers that the lock file does not have: installed on demand, each in an environment of its own.

They lie in `build/peers`, so that none of their versions meets ours, and do their work in a process
that is kept through all rounds: its start is not timed. A peer that cannot be installed is told,
with the reason.
"""

from __future__ import annotations

import contextlib
import json
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from analysis_lib import files
from benchmarks.harness import Absent, Way

FOLDER = files.PROJECT / "build" / "peers"
LIMIT = 300
"""Seconds that an installation may take."""

_MARK = "installed.txt"
_PLACE = re.compile(r"(?:\w+://|/)[^\s`'\")]+")


class AbsentError(Exception):
    """A peer that cannot be had; the message says why."""


@dataclass(frozen=True)
class Peer:
    """A program of others: its packages, as pip wants them, and our script that works with it.

    The script, beside this file, is `python <script> <inputs.npz> <work>`; it prints a line of JSON
    with its name and version when it is ready, and for every line that it reads one with the
    seconds of the work. A line with a path has the result written there as well, as an NPZ file.
    """

    name: str
    packages: tuple[str, ...]
    script: str


CELER = Peer("celer", ("celer==0.7.4", "scikit-learn<1.7"), "peer_celer.py")
"""Its cross-validation hands scikit-learn an argument that 1.9 no longer takes."""

SCANPY = Peer("scanpy", ("scanpy==1.11.5", "scikit-learn<1.8"), "peer_scanpy.py")


class Worker:
    """A process of a peer that waits for work."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        told = self._answer()
        self.name = f"{told['name']} {told['version']}"

    def cost(self) -> float:
        """Have the work done once, and return its seconds."""
        return float(self._ask("")["seconds"])

    def result(self) -> dict[str, np.ndarray]:
        """Have the work done once, and return what came of it."""
        with TemporaryDirectory() as folder:
            path = Path(folder) / "result.npz"
            self._ask(str(path))
            with np.load(path, allow_pickle=False) as arrays:
                return dict(arrays)

    def _ask(self, line: str) -> Mapping[str, Any]:
        self._process.stdin.write(f"{line}\n")
        self._process.stdin.flush()
        return self._answer()

    def _answer(self) -> Mapping[str, Any]:
        line = self._process.stdout.readline()
        if not line:
            raise AbsentError(f"it ended with exit status {self._process.wait()}")
        answer: Mapping[str, Any] = json.loads(line)
        return answer


@contextlib.contextmanager
def at_work(
    peer: Peer, inputs: Mapping[str, np.ndarray], work: str, *, install: bool
) -> Iterator[Worker | Absent]:
    """Give a worker of a peer that has read its inputs, or say why there is none."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "inputs.npz"
        np.savez(path, **inputs)
        try:
            python = environment(peer, install=install)
        except AbsentError as error:
            yield Absent(peer.name, str(error))
            return
        with subprocess.Popen(
            [str(python), "-W", "ignore", str(Path(__file__).parent / peer.script), path, work],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        ) as process:
            try:
                yield _started(peer, process)
            finally:
                process.kill()


def ways(*workers: Worker | Absent) -> tuple[list[Way], list[Absent]]:
    """Return those that are there as ways to measure, and the others."""
    there = [Way(worker.name, worker.cost) for worker in workers if isinstance(worker, Worker)]
    return there, [worker for worker in workers if isinstance(worker, Absent)]


def environment(peer: Peer, folder: Path = FOLDER, *, install: bool = True) -> Path:
    """Return the Python of a peer's environment, which is made when it is not there.

    Raises
    ------
    AbsentError
        When it cannot be made, or may not be.
    """
    home = folder / peer.name
    python, mark = home / "bin" / "python", home / _MARK
    wanted = "\n".join((sys.version, *peer.packages))
    if mark.is_file() and mark.read_text(encoding="utf-8") == wanted:
        return python
    if not install:
        raise AbsentError("the quick form installs nothing")
    files.remove(home)
    home.parent.mkdir(parents=True, exist_ok=True)
    uv = [sys.executable, "-m", "uv", "--quiet"]
    _do([*uv, "venv", "--python", sys.executable, str(home)])
    # Wheels alone: no code of a package runs before it is asked to.
    _do([*uv, "pip", "install", "--python", str(python), "--only-binary=:all:", *peer.packages])
    files.write_text(mark, wanted)
    return python


def why(text: str) -> str:
    """Return why an installation failed, on one line, without addresses and places on this machine.

    Examples
    --------
    >>> why("error: Failed to fetch: `https://me:secret@packages.example/simple/celer/`, 404")
    'could not be installed: error: Failed to fetch: `…`, 404'
    """
    words = " ".join(_PLACE.sub("…", text).split())
    return f"could not be installed: {words[:200] or 'it said nothing'}"


def _started(peer: Peer, process: subprocess.Popen[str]) -> Worker | Absent:
    try:
        return Worker(process)
    except (AbsentError, ValueError) as error:
        return Absent(peer.name, f"could not be started: {error}")


def _do(command: list[str]) -> None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=LIMIT)
    except subprocess.TimeoutExpired as error:
        raise AbsentError(f"could not be installed within {LIMIT} seconds") from error
    if done.returncode:
        raise AbsentError(why(done.stderr))

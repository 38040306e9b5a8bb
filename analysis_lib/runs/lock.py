"""One writer at a time: a lock that says who holds it."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import filelock

from analysis_lib import files
from analysis_lib.errors import RunError

Say = Callable[[str], None]


@contextlib.contextmanager
def hold(path: Path, what: str, say: Say, wait: float = -1) -> Iterator[None]:
    """Hold the lock `path` while the block runs.

    When another process has it, say who and wait: for ever, or `wait` seconds and then raise a
    `RunError`. The lock is the operating system's: it ends with the process, however that ends.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = filelock.FileLock(path)
    holder = path.with_name(path.name + ".holder")
    try:
        lock.acquire(timeout=0)
    except filelock.Timeout:
        say(f"{what} is being written by {_who(holder)}; waiting for it to finish.")
        try:
            lock.acquire(timeout=wait)
        except filelock.Timeout:
            raise RunError(
                f"{what} is still being written by {_who(holder)}.",
                where=str(path),
                remedy="Wait for that process, or end it by its number.",
            ) from None
    try:
        with contextlib.suppress(OSError):  # a courtesy, in no temporary file that a kill leaves
            facts = {"pid": os.getpid(), "since": f"{datetime.now():%H:%M:%S}"}
            holder.write_text(files.to_json(facts), encoding="utf-8")
        yield
    finally:
        holder.unlink(missing_ok=True)
        lock.release()


def _who(holder: Path) -> str:
    try:
        facts = json.loads(holder.read_text(encoding="utf-8"))
        return f"process {facts['pid']} (since {facts['since']})"
    except (OSError, ValueError, KeyError, TypeError):
        return "another process"  # it has the lock, and has not yet said its name

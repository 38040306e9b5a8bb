"""A disk with little room, to run the project on.

Where mounting is allowed the disk is a small one of its own (tmpfs). Elsewhere no file may grow
beyond what would be left on it (`RLIMIT_FSIZE`): a write then fails as on a full disk, with
"File too large". Which of both it was is told at the end of the tests.
"""

from __future__ import annotations

import contextlib
import os
import resource
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass
class Disk:
    """A folder with so much room, or as if.

    `mounted` is true for a disk of its own, and `words` are what the system says of a full one.
    """

    folder: Path
    mounted: bool

    @property
    def words(self) -> str:
        return os.strerror(28 if self.mounted else 27)  # ENOSPC, EFBIG

    @property
    def told(self) -> str:
        """Say how a full disk is made here."""
        return "a full disk: " + ("a tmpfs of its own" if self.mounted else "RLIMIT_FSIZE")

    @property
    def _ballast(self) -> Path:
        return self.folder / ".ballast"

    def fill(self, leaving: int) -> None:
        """Leave so many bytes of room, at most."""
        if not self.mounted:
            self._limit(leaving)
            return
        free = shutil.disk_usage(self.folder).free
        with self._ballast.open("ab") as file:
            os.posix_fallocate(file.fileno(), file.tell(), max(1, free - leaving))

    def empty(self) -> None:
        """Make room again."""
        if self.mounted:
            self._ballast.unlink(missing_ok=True)
        else:
            self._limit(resource.RLIM_INFINITY)

    @contextlib.contextmanager
    def filled(self, leaving: int) -> Iterator[None]:
        """Leave little room while the block runs."""
        self.fill(leaving)
        try:
            yield
        finally:
            self.empty()

    def _limit(self, count: int) -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (count, resource.RLIM_INFINITY))


@contextlib.contextmanager
def small_disk(folder: Path, size: int) -> Iterator[Disk]:
    """Give a disk of `size` bytes at `folder`, which is made, while the block runs."""
    folder.mkdir(parents=True, exist_ok=True)
    command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)]
    try:
        mounted = subprocess.run(command, capture_output=True, check=False).returncode == 0
    except OSError:
        mounted = False  # there is no such command
    disk = Disk(folder, mounted)
    try:
        yield disk
    finally:
        disk.empty()
        if mounted:
            subprocess.run(["umount", "--lazy", str(folder)], check=True)

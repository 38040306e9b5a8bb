"""Files that appear whole or not at all."""

from __future__ import annotations

import contextlib
import ctypes
import hashlib
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

TEMPORARY = ".partial-"
"""Prefix of every temporary name, so that left-overs can be told and swept."""

PROJECT = Path(__file__).resolve().parents[1]
"""The folder that holds the notebooks, the book and this package."""


@contextlib.contextmanager
def atomic_path(target: Path) -> Iterator[Path]:
    """Give a temporary path beside `target`; sync and rename it when the block ends well.

    On an error the temporary file is removed and `target` is what it was before.
    """
    target = Path(target)
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(
        prefix=TEMPORARY, suffix="".join(target.suffixes[-2:]), dir=target.parent
    )
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        temporary.chmod(0o666 & ~_umask())
        sync(temporary)
        temporary.replace(target)
        sync(target.parent)
    finally:
        temporary.unlink(missing_ok=True)


def write_bytes(target: Path, content: bytes) -> None:
    """Write bytes atomically."""
    with atomic_path(target) as temporary:
        temporary.write_bytes(content)


def write_text(target: Path, text: str) -> None:
    """Write text atomically, as UTF-8 with LF line ends."""
    write_bytes(target, text.encode("utf-8"))


def write_json(target: Path, value: Any) -> None:
    """Write JSON atomically, in one stable form: sorted keys, no NaN."""
    write_text(target, to_json(value, indent=2) + "\n")


def to_json(value: Any, indent: int | None = None) -> str:
    """Return the one stable JSON form of a value; NaN and infinity are an error.

    Examples
    --------
    >>> to_json({"b": 1, "a": "µ"})
    '{"a": "µ", "b": 1}'
    """
    return json.dumps(value, sort_keys=True, ensure_ascii=False, allow_nan=False, indent=indent)


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file's bytes."""
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sync(path: Path) -> None:
    """Flush a file or folder to disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_tree(folder: Path) -> None:
    """Flush every file and folder below `folder`, and itself, to disk."""
    for root, _, names in os.walk(folder):
        for name in names:
            sync(Path(root) / name)
        sync(Path(root))


def replace_folder(new: Path, target: Path) -> None:
    """Put the folder `new` in the place of `target`; the old one is gone afterwards.

    On Linux both are exchanged in one step, so that a reader never finds nothing.
    """
    sync_tree(new)
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.exists() and _exchange(new, target):
        remove(new)
    elif target.exists():
        old = Path(tempfile.mkdtemp(prefix=TEMPORARY, dir=target.parent)) / "old"
        target.rename(old)
        new.rename(target)
        remove(old.parent)
    else:
        new.rename(target)
    sync(target.parent)


def remove(path: Path) -> None:
    """Remove a file or a whole folder; nothing happens when it is not there."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _exchange(one: Path, other: Path) -> bool:
    if not sys.platform.startswith("linux"):
        return False
    libc = ctypes.CDLL(None, use_errno=True)
    if not hasattr(libc, "renameat2"):
        return False
    current_folder, exchange = -100, 2  # AT_FDCWD, RENAME_EXCHANGE
    done = libc.renameat2(
        current_folder, os.fsencode(one), current_folder, os.fsencode(other), exchange
    )
    return bool(done == 0)


def _umask() -> int:
    current = os.umask(0)
    os.umask(current)
    return current

"""Files that appear whole or not at all."""

from __future__ import annotations

import contextlib
import ctypes
import errno
import functools
import hashlib
import json
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from analysis_lib.errors import AnalysisError

TEMPORARY = ".partial-"
"""Prefix of every temporary name, so that left-overs can be told and swept."""

PROJECT = Path(__file__).resolve().parents[1]
"""The folder that holds the notebooks, the book and this package."""

NOT_IN_RESULTS = ("site", "__main__.py", "commands.py")
"""The rooms that a notebook may not import, so that they cannot change what it finds."""

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_FORBIDDEN = (errno.EACCES, errno.EPERM, errno.EROFS)
_NUMBER = re.compile(r"\[Errno (\d+)\]|Error\((\d+), ")  # as `str` and `repr` show it


@contextlib.contextmanager
def told(what: str, where: Path, kind: type[AnalysisError] = AnalysisError) -> Iterator[None]:
    """Tell what the operating system refuses in the block as one of our errors.

    Parameters
    ----------
    what : str
        What could not be done, as a sentence.
    where : Path
        The place to name when the system names none.
    kind : type
        The error to raise.
    """
    try:
        yield
    except OSError as error:
        raise kind(what, where=_place(error, where), **_reason(error)) from error


def refusal(log: str) -> OSError | None:
    """Return what the operating system refused a program, going by its log: room, or a right.

    Examples
    --------
    >>> refusal("WARNING: Failed to copy a.css: OSError(28, 'No space left on device')").errno
    28
    """
    found = next((n for n in _numbers(log) if n in (*_FULL, *_FORBIDDEN)), None)
    return None if found is None else OSError(found, os.strerror(found))


def _numbers(text: str) -> Iterator[int]:
    for found in _NUMBER.finditer(text):
        yield int(found[1] or found[2])


def _reason(error: OSError) -> dict[str, str | None]:
    """Return what was expected, what was got and what to do about it."""
    number = error.errno or next(_numbers(str(error)), 0)  # copytree only quotes what it met
    expected: str | None = None
    remedy = "Mend that, then do the same again."
    if number in _FULL:
        expected, remedy = "room on the disk", "Make room there, then do the same again."
    elif number in _FORBIDDEN:
        expected = "a place that this user may read and write"
        remedy = "Change its owner or permissions, then do the same again."
    got = os.strerror(number) if number else f"{type(error).__name__}: {error}"
    return {"expected": expected, "got": got, "remedy": remedy}


def _place(error: OSError, where: Path) -> str:
    """Return the path that the system named, up to what is temporary in it."""
    path = where if error.filename is None else Path(os.fsdecode(error.filename))
    for parent in path.parents:
        if parent.name.startswith(TEMPORARY):
            return str(parent.parent)
    return str(path)


@contextlib.contextmanager
def atomic_path(target: Path) -> Iterator[Path]:
    """Give a temporary path beside `target`; sync and rename it when the block ends well.

    On an error the temporary file is removed and `target` is what it was before.
    """
    target = Path(target)
    temporary: Path | None = None
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(
            prefix=TEMPORARY, suffix="".join(target.suffixes[-2:]), dir=target.parent
        )
        os.close(handle)
        temporary = Path(name)
        yield temporary
        temporary.chmod(0o666 & ~_umask())
        sync(temporary)
        temporary.replace(target)
        sync(target.parent)
    except OSError as error:
        if TEMPORARY in str(error.filename or TEMPORARY):  # a write does not name its file
            error.filename = str(target)
        raise
    finally:
        if temporary:
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


def read_json(path: Path) -> Any:
    """Read what `write_json` wrote, to the byte; anything else is a ValueError."""
    text = path.read_bytes().decode("utf-8")
    try:
        value = json.loads(text)
    except RecursionError as error:
        raise ValueError("it is nested deeper than anything that was written") from error
    if text != to_json(value, indent=2) + "\n":
        raise ValueError("it was changed after it was written")
    return value


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


@functools.cache
def code_digest(package: Path) -> str:
    """Return the digest of the package's source, but for the rooms no notebook can reach."""
    names = sorted(
        path.relative_to(package).as_posix()
        for path in package.rglob("*.py")
        if path.relative_to(package).parts[0] not in NOT_IN_RESULTS
    )
    told = to_json([[name, sha256(package / name)] for name in names])
    return hashlib.sha256(told.encode()).hexdigest()


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


@contextlib.contextmanager
def atomic_folder(target: Path) -> Iterator[Path]:
    """Give a temporary folder beside `target`, whose place it takes when the block ends well."""
    target.parent.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=f"{TEMPORARY}{target.name}.", dir=target.parent))
    try:
        folder.chmod(0o777 & ~_umask())
        yield folder
        replace_folder(folder, target)
    finally:
        remove(folder)


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

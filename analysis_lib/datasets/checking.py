"""Is this the right file? Checksums, pins, and contents that cannot be data."""

from __future__ import annotations

import gzip
import hashlib
import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from analysis_lib import files
from analysis_lib.datasets.catalogue import RemoteFile
from analysis_lib.errors import DataError

PART = ".part"
"""Ending of a file that has not arrived in full."""

State = Literal["verified", "unpinned", "damaged", "partial", "missing"]
Pins = Mapping[str, str]
"""Checksum by address, of files whose source publishes none."""

_PINS = "pins.json"
_CHUNK = 1 << 20


@dataclass(frozen=True)
class Verdict:
    """What stands in a file's place.

    Parameters
    ----------
    expected, got : str
        Checksums with their kind, empty where there is none; `got` may say in words what
        is wrong.
    size : int
        Bytes on disk.
    """

    state: State
    path: Path
    expected: str = ""
    got: str = ""
    size: int = 0


def part_of(path: Path) -> Path:
    """Return where a file grows while it is being downloaded."""
    return path.with_name(path.name + PART)


def judge(file: RemoteFile, folder: Path, pins: Pins) -> Verdict:
    """Say what stands in the place of a file: right, wrong, half or nothing.

    A file without a checksum and without a pin is "unpinned" when its contents can be data.
    """
    path = folder / file.name
    part = part_of(path)
    if not path.is_file():
        held = part.stat().st_size if part.is_file() else 0
        return Verdict("partial" if held else "missing", path, size=held)
    size = path.stat().st_size
    expected = expected_checksum(file, pins)
    if expected:
        got = checksum(path, expected.partition(":")[0])
        state: State = "verified" if got == expected else "damaged"
        return Verdict(state, path, expected, got, size)
    nonsense = trouble(path)
    return Verdict("damaged" if nonsense else "unpinned", path, "", nonsense, size)


def expected_checksum(file: RemoteFile, pins: Pins) -> str:
    """Return the checksum a file must have: the published one, its pin, or an empty text."""
    return file.checksum or pins.get(file.address, "")


def checksum(path: Path, kind: str) -> str:
    r"""Return a file's checksum as `kind:hex`.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "hello"
    >>> _ = path.write_bytes(b"hello\n")
    >>> checksum(path, "git-blob")  # what `git hash-object` prints
    'git-blob:ce013625030ba8dba906f756967f9e9ca394464a'
    """
    if kind == "sha256":
        return f"sha256:{files.sha256(path)}"
    if kind == "git-blob":
        # Git names contents by SHA-1 with a small head; that name is all the source publishes.
        digest = hashlib.sha1(f"blob {path.stat().st_size}\0".encode(), usedforsecurity=False)
        with path.open("rb") as stream:
            while chunk := stream.read(_CHUNK):
                digest.update(chunk)
        return f"git-blob:{digest.hexdigest()}"
    raise DataError(f"A checksum of kind {kind!r} is not known.", expected="sha256 or git-blob")


def trouble(path: Path) -> str:
    """Return why a file's contents cannot be data, or an empty text.

    A login page and a cut gzip file are the two that a server hands out with status 200.
    """
    with path.open("rb") as stream:
        head = stream.read(1024)
    if not head:
        return "an empty file"
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if start.startswith((b"<!doctype html", b"<html", b"<head", b"<?xml")):
        return "an HTML page"
    if path.name.removesuffix(PART).endswith(".gz"):
        return _gzip_trouble(path)
    return ""


def read_pins(folder: Path) -> dict[str, str]:
    """Return the pins kept in a data folder."""
    path = folder / _PINS
    if not path.is_file():
        return {}
    try:
        pins = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise _bad_pins(path) from error
    if not isinstance(pins, dict) or not all(isinstance(value, str) for value in pins.values()):
        raise _bad_pins(path)
    return pins


def write_pins(folder: Path, pins: Pins) -> None:
    """Store the pins of a data folder, atomically."""
    files.write_json(folder / _PINS, dict(pins))


def _gzip_trouble(path: Path) -> str:
    try:
        with gzip.open(path) as stream:
            while stream.read(_CHUNK):  # in pieces: neither size nor expansion costs memory
                pass
    except EOFError:
        return "a gzip file that ends too early"
    except (gzip.BadGzipFile, zlib.error):
        return "a broken gzip file"
    return ""


def _bad_pins(path: Path) -> DataError:
    return DataError(
        "The list of pinned checksums cannot be read.",
        where=str(path),
        expected='{"<address>": "sha256:…"}',
        remedy="Mend or delete it; files are then pinned anew at the next download.",
    )

"""Arrays of a kept model on disk: numbers and nothing else, of shapes known before they are read.

They are a plain `.npz` that holds nothing compressed, so that a file never becomes more in memory
than it is on disk.
"""

from __future__ import annotations

import io
import math
import stat
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
LARGEST = 2**30
"""Bytes that the arrays of a model may have."""

_AROUND = 1024  # bytes that the names and the header of an array take at most
_KIND = np.dtype("<f8")


def write(path: Path, arrays: Mapping[str, Any]) -> None:
    """Write arrays of numbers; equal ones are equal bytes."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, array in arrays.items():
            plain = np.ascontiguousarray(array, dtype=_KIND)
            with archive.open(zipfile.ZipInfo(f"{name}.npy"), "w") as member:
                np.lib.format.write_array(member, plain, allow_pickle=False)


def read(path: Path, shapes: Mapping[str, tuple[int, ...]]) -> dict[str, Floats]:
    """Read the arrays that a file must hold; anything else is a ValueError or an OSError.

    Parameters
    ----------
    path : Path
        What `write` wrote, or what somebody says it wrote.
    shapes : mapping of name to shape
        All arrays of the file. Nothing is read of a file that is larger than they are.
    """
    check_file(path, sum(map(_bytes, shapes.values())) + _AROUND * (len(shapes) + 1))
    expected = {f"{name}.npy": shape for name, shape in shapes.items()}
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
            if sorted(entry.filename for entry in entries) != sorted(expected):
                raise ValueError("it does not hold the arrays it should")
            for entry in entries:
                room = _bytes(expected[entry.filename]) + _AROUND
                if entry.compress_type != zipfile.ZIP_STORED or entry.file_size > room:
                    raise ValueError(f"{entry.filename} is compressed, or larger than it says")
            return {
                name: _array(archive.read(f"{name}.npy"), name, shapes[name]) for name in shapes
            }
    except (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError) as error:
        raise ValueError(f"it is no archive of arrays: {error}") from error


def check_file(path: Path, largest: int) -> None:
    """Raise an error for what is no plain file, such as a pipe, or for a larger one."""
    facts = path.stat()
    if not stat.S_ISREG(facts.st_mode):
        raise ValueError("it is no file")
    if facts.st_size > min(largest, LARGEST):
        raise ValueError(f"it has {facts.st_size:,} bytes; at most {min(largest, LARGEST):,} fit")


def _array(content: bytes, name: str, shape: tuple[int, ...]) -> Floats:
    header = io.BytesIO(content)
    if np.lib.format.read_magic(header) != (1, 0):
        raise ValueError(f"{name} is written in another format")
    found, by_columns, kind = np.lib.format.read_array_header_1_0(header)
    # Checked before any memory is taken: a header may claim any shape, and code as its kind.
    if (found, by_columns, kind) != (shape, False, _KIND):
        raise ValueError(f"{name} has the shape {found} of {kind}, not {shape} of {_KIND}")
    if len(content) - header.tell() != _bytes(shape):
        raise ValueError(f"{name} is cut off")
    return np.frombuffer(content, _KIND, offset=header.tell()).reshape(shape)


def _bytes(shape: tuple[int, ...]) -> int:
    return math.prod(shape) * _KIND.itemsize

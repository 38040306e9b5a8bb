"""HDF5 read with suspicion: nothing but the file itself, nothing larger than it may be.

HDF5 follows links into other files, borrows values from them, and declares sizes that nothing
in the file bears out. Here a member is reached by a hard link and its own name or not at all,
and its size is known before it is read.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from analysis_lib.datasets.identifiers import examples
from analysis_lib.errors import AnalysisError, TableError
from analysis_lib.tables.content import MAX_BYTES

SIGNATURE = b"\x89HDF\r\n\x1a\n"

TEXT_BYTES = 64
"""What a short text takes in memory, about."""

MAX_DENSE = 1 << 31
"""A dense matrix has at most this many values; it is read some rows at a time."""

_PIECE = 1 << 16
_FAILURES = (OSError, RuntimeError, LookupError, ValueError, TypeError, OverflowError, MemoryError)
"""What h5py raises for a file that is not what it seems."""


def is_hdf5(path: Path) -> bool:
    """Tell whether a file begins as HDF5 does; False where it cannot be read."""
    try:
        if not path.is_file():  # opening a pipe would wait for ever
            return False
        with path.open("rb") as file:
            return file.read(len(SIGNATURE)) == SIGNATURE
    except (OSError, ValueError):
        return False


@contextmanager
def opened(path: Path) -> Iterator[Group]:
    """Open a file for reading; whatever HDF5 stumbles over meanwhile is an error of ours."""
    import h5py

    try:
        with h5py.File(path, "r") as file:
            yield Group(file, path, "")
    except AnalysisError:
        raise
    except _FAILURES as error:
        raise TableError(
            "The HDF5 file is damaged or cut off.",
            where=str(path),
            got=f"{type(error).__name__}: {str(error).splitlines()[0][:200] if str(error) else ''}",
            remedy="Download or write it again.",
        ) from error


class Group:
    """A group of an HDF5 file.

    Parameters
    ----------
    handle : h5py.Group
        The group itself.
    path : Path
        The file, for messages.
    name : str
        Where in the file it is, "" for the top.
    """

    def __init__(self, handle: Any, path: Path, name: str) -> None:
        self._handle = handle
        self.path = path
        self.name = name

    @property
    def place(self) -> str:
        """The file and the group in it."""
        return f"{self.path}, {self.name}" if self.name else str(self.path)

    def names(self) -> list[str]:
        """Return the names of the members, without opening any."""
        return [name for name in self._handle if isinstance(name, str)]

    def unreadable_names(self) -> list[str]:
        """Return the names that are not UTF-8, with the bytes that are none written out."""
        names = [name for name in self._handle if not isinstance(name, str)]
        return [name.decode("utf-8", "backslashreplace") for name in names]

    def text(self, attribute: str) -> str:
        """Return an attribute that is one text, "" where there is none."""
        attributes = self._handle.attrs
        if attribute not in attributes:
            return ""
        value = attributes[attribute] if attributes.get_id(attribute).shape == () else None
        if isinstance(value, bytes):
            return value.decode()
        if isinstance(value, str):
            return value
        raise TableError(
            "An attribute in the HDF5 file is not a text.",
            where=f"{self.place}, attribute {attribute!r}",
            got="several values" if value is None else type(value).__name__,
            remedy="Write the file again with anndata.",
        )

    def shape(self) -> tuple[int, int] | None:
        """Return the attribute `shape` where it is two numbers."""
        attributes = self._handle.attrs
        if "shape" not in attributes or attributes.get_id("shape").shape != (2,):
            return None
        rows, columns = np.asarray(attributes["shape"]).tolist()
        return int(rows), int(columns)

    def group(self, name: str) -> Group | None:
        """Return a member that is a group, None where it is none."""
        import h5py

        member = self._member(name)
        found = isinstance(member, h5py.Group)
        return Group(member, self.path, self._below(name)) if found else None

    def array(self, name: str) -> Array | None:
        """Return a member that is an array, None where it is none."""
        import h5py

        member = self._member(name)
        found = isinstance(member, h5py.Dataset)
        return Array(member, self.path, self._below(name)) if found else None

    def _member(self, name: str) -> Any:
        """Open a member by its own name; None where there is none of that name."""
        import h5py

        links = self._handle.id.links
        # A slash would lead elsewhere; `in` and `get` would follow a link to see where it ends.
        if not name or "/" in name or name == "." or not links.exists(name.encode()):
            return None
        if links.get_info(name.encode()).type != h5py.h5l.TYPE_HARD:
            raise TableError(
                "A member of the HDF5 file is a link.",
                where=f"{self.path}, {self._below(name)}",
                expected="the data themselves",
                got="a soft or external link, which may lead into another file",
                remedy="Write the file again with what the link stands for.",
            )
        return self._handle[name]

    def _below(self, name: str) -> str:
        return f"{self.name}/{name}" if self.name else name


class Array:
    """An array of an HDF5 file, whose values are in the file and of a known size.

    Parameters
    ----------
    handle : h5py.Dataset
        The array itself.
    path : Path
        The file, for messages.
    name : str
        Where in the file it is.
    """

    def __init__(self, handle: Any, path: Path, name: str) -> None:
        import h5py

        self.place = f"{path}, {name}"
        self._handle = handle
        self._bytes = path.stat().st_size
        if handle.is_virtual or handle.external:
            raise TableError(
                "An array of the HDF5 file has its values in another file.",
                where=self.place,
                remedy="Write the file again with the values in it.",
            )
        if handle.shape is None:
            raise self.unfit("an array", "an empty data space")
        self.shape: tuple[int, ...] = handle.shape
        self.kind: str = handle.dtype.kind
        self.is_text = h5py.check_string_dtype(handle.dtype) is not None
        width = max(handle.dtype.itemsize, TEXT_BYTES if self.is_text else 8)
        sizes = " × ".join(f"{size:,}" for size in self.shape)
        memory = handle.size * width
        if len(self.shape) == 2 and handle.size <= MAX_DENSE:
            memory = self.rows_at_once(1) * self.shape[1] * width
        refuse_larger(memory, self.place, f"{sizes} values")

    def unfit(self, expected: str, got: str) -> TableError:
        """Return the error that says what the array should be and is not."""
        return TableError(
            "An array of the HDF5 file is not what it should be.",
            where=self.place,
            expected=expected,
            got=got,
            remedy="Write the file again with anndata.",
        )

    def require(self, kinds: str, length: int | None = None) -> None:
        """Raise unless it is one row of values of these kinds (as NumPy calls them)."""
        if len(self.shape) != 1 or (length is not None and self.shape[0] != length):
            raise self.unfit(
                "one row of values" if length is None else f"{length:,} values",
                " × ".join(f"{size:,}" for size in self.shape) or "one value",
            )
        if self.is_text or self.kind not in kinds:
            raise self.unfit("numbers", "text" if self.is_text else str(self._handle.dtype))

    def numbers(self, start: int = 0, stop: int | None = None) -> Any:
        """Return the values, or some of the rows."""
        return self._handle[start:stop]

    def rows_at_once(self, cells: int) -> int:
        """Return how many rows to read at a time: about so many values, and whole chunks."""
        chunk = self._handle.chunks[0] if self._handle.chunks else 1
        rows = max(1, cells // max(1, self.shape[1]))
        return max(chunk, rows // chunk * chunk)

    def texts(self) -> list[str]:
        """Return the values of an array of texts."""
        if len(self.shape) != 1 or not self.is_text:
            raise self.unfit("a row of texts", f"{self.shape} of {self._handle.dtype}")
        # All may be the same long text in the file; no text is longer than the file.
        step = min(_PIECE, max(1, MAX_BYTES // max(1, self._bytes)))
        found: list[str] = []
        length = 0
        for start in range(0, self.shape[0], step):
            piece = self._handle.asstr()[start : start + step].tolist()
            length += sum(map(len, piece))
            refuse_larger(length, self.place, "texts that long")
            found += piece
        return found


def refuse_larger(size: int, where: str, got: str) -> None:
    """Raise when what is to be read takes more memory than a table may."""
    if size > MAX_BYTES:
        raise TableError(
            "A part of the HDF5 file is larger than a table may be.",
            where=where,
            expected=f"at most {MAX_BYTES:,} bytes in memory",
            got=got,
            remedy="Keep the cells and columns you need; store counts sparse (CSR).",
        )


def members(group: Group) -> str:
    """Return up to three names of what is in a group, for messages."""
    return examples(group.names()) or "nothing"

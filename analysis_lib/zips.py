"""Zip archives: the same bytes for the same content, and nothing outside of their folder."""

from __future__ import annotations

import io
import re
import stat
import zipfile
from collections.abc import Collection, Iterable

_MEMBER = re.compile(r"(?!.*(?:^|/)\.{0,2}(?:/|$))[^\\:*?\"<>|]{1,240}")
"""The name of a member: no root, no drive, nothing that leads upwards, no empty part."""

_EARLIEST = (1980, 1, 1, 0, 0, 0)  # the first moment that a zip can name


def stays(name: str) -> bool:
    """Return whether a member of this name is unpacked to where it belongs, by any program.

    Examples
    --------
    >>> [stays(name) for name in ("tables/genes.csv", "../genes.csv", "/etc/passwd", "C:a")]
    [True, False, False, False]
    """
    return name.isprintable() and bool(_MEMBER.fullmatch(name))


def zipped(
    content: Iterable[tuple[str, bytes]], *, programs: Collection[str] = (), level: int = 6
) -> bytes:
    """Return a zip of plain files, in the order given.

    Parameters
    ----------
    content : iterable of (name, bytes)
        The files; whoever names them sees to it that they stay.
    programs : collection of str
        The names of those that can be executed.
    level : int
        How hard to compress, 1 to 9.
    """
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, each in content:
            entry = zipfile.ZipInfo(name, _EARLIEST)
            entry.external_attr = (stat.S_IFREG | (0o755 if name in programs else 0o644)) << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, each, compresslevel=level)
    return stream.getvalue()

"""The key of a run: everything its results can depend on, as one digest."""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from analysis_lib import files

if TYPE_CHECKING:
    from analysis_lib.datasets.sources import Source

PARTS = {
    "notebook": "the notebook",
    "parameters": "the parameters",
    "data": "the data",
    "code": "the library's code",
    "packages": "the locked packages",
    "python": "the Python version",
}
"""What a key is made of, in words."""


def parts(
    notebook: Path, parameters: Mapping[str, Any], sources: list[Source], project: Path
) -> dict[str, str]:
    """Return the digest of every part a key is made of."""
    data = [[s.dataset, s.kind, [[f.name, f.sha256] for f in s.files]] for s in sources]
    return {
        "notebook": files.sha256(notebook),
        "parameters": _digest(files.to_json(parameters)),
        "data": _digest(files.to_json(data)),
        "code": files.code_digest(project / "analysis_lib"),
        "packages": files.sha256(project / "requirements.lock"),
        "python": _digest(platform.python_version()),
    }


def key(digests: Mapping[str, str]) -> str:
    """Return the one digest of all parts."""
    return _digest(files.to_json(digests))


def differences(before: Mapping[str, str], now: Mapping[str, str]) -> tuple[str, ...]:
    """Name, in words, the parts that differ between two keys.

    Examples
    --------
    >>> differences({"data": "a", "code": "b"}, {"data": "a", "code": "c"})
    ("the library's code",)
    """
    return tuple(words for part, words in PARTS.items() if before.get(part) != now.get(part))


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()

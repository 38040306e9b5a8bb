"""No path of the machine that made a run is published."""

from __future__ import annotations

import re
import sys
import sysconfig
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any


class Privacy:
    """Takes this machine's folders out of text: what lies in the project becomes relative.

    Examples
    --------
    >>> Privacy(Path("/srv/ann/report")).clean("File /srv/ann/report/analysis_lib/tables.py")
    'File analysis_lib/tables.py'
    """

    def __init__(self, project: Path) -> None:
        own = {str(Path.home()): "~", str(project): "", str(project.resolve()): ""}
        shared = {
            tempfile.gettempdir(): "tmp",
            sysconfig.get_path("stdlib"): "python",
            sys.prefix: "python",
            sysconfig.get_path("purelib"): "site-packages",
        }
        self._own = _patterns(own)
        self._all = _patterns(shared | own)

    def clean(self, text: str) -> str:
        """Return text in which no folder of this machine is named."""
        text = text.replace("file:///", "/")
        for folder, name in self._all:
            text = folder.sub(f"{name}\\g<slash>" if name else "", text)
        return text

    def leak(self, text: str) -> str | None:
        """Return the first private folder, or address of a local file, that a text names."""
        if "file:///" in text:
            return "file:///"
        found = (folder.search(text) for folder, _ in self._own)
        return next((match[0] for match in found if match), None)

    def value(self, value: Any) -> Any:
        """Return a JSON value without folders; of a path elsewhere on this machine, its name."""
        if isinstance(value, Mapping):
            return {name: self.value(item) for name, item in value.items()}
        if isinstance(value, (list, tuple)):
            return [self.value(item) for item in value]
        if not isinstance(value, str):
            return value
        cleaned = self.clean(value)
        return Path(cleaned).name if Path(cleaned).is_absolute() else cleaned


def _patterns(folders: Mapping[str, str]) -> list[tuple[re.Pattern[str], str]]:
    # The longest first: a folder may lie within another. In JSON a line end is written \n.
    known = sorted((folder for folder in folders if len(folder) > 1), key=len, reverse=True)
    before, after = r"(?:(?<![\w.~-])|(?<=\\[nrt]))", r"(?P<slash>/|(?![\w.-]))"
    return [(re.compile(before + re.escape(f) + after), folders[f]) for f in known]

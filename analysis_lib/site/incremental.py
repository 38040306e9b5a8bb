"""What is kept between two builds, so that Jupyter Book makes only the pages that changed.

Sphinx tells a changed page by the time of its source. That fails when a clock jumps back, and
it knows nothing of the side bar, which stands on every page. So both are decided here: a page
whose source differs is forgotten, and where more than pages differ everything is.
"""

from __future__ import annotations

import hashlib
import json
import platform
import shutil
from pathlib import Path
from typing import Any

from analysis_lib import files

STATE = "state.json"
"""Beside the pages: what they were made from. It is gone while they are being made."""

_PAGES = (".md", ".ipynb")


def begin(fresh: Path, source: Path, output: Path, lock: Path) -> bool:
    """Bring the kept sources up to date; return whether the kept pages can be built upon.

    Parameters
    ----------
    fresh, source : Path
        The sources of now, which are used up, and the place in which Jupyter Book finds them.
    output : Path
        Where Jupyter Book keeps its pages and what it has read.
    lock : Path
        The list of locked packages, of which other versions write other pages.
    """
    now = _state(fresh, lock)
    before = _read(output / STATE)
    usable = before is not None and before["shell"] == now["shell"] and source.is_dir()
    (output / STATE).unlink(missing_ok=True)
    if not usable or before is None:
        files.remove(output)
        files.remove(source)
        fresh.rename(source)
        return False
    for name, digest in now["pages"].items():
        if before["pages"].get(name) != digest or _differs(source / name, digest):
            shutil.copyfile(fresh / name, source / name)
            _forget(name, output)
    files.remove(fresh)
    # Sphinx copies it anew; what is there before it starts gets other addresses on the pages.
    files.remove(output / "_build" / "html" / "_static")
    return True


def done(source: Path, output: Path, lock: Path) -> None:
    """Note that the pages in `output` are those of `source`, all of them and whole."""
    files.write_json(output / STATE, _state(source, lock))


def settle(html: Path) -> None:
    """Take out of the search what Sphinx knows only of the pages that it made just now.

    These are the entries of the printed index, which the book has not; the objects of the
    reference are found by their names, which stand elsewhere in the search.
    """
    path = html / "searchindex.js"
    start, end = "Search.setIndex(", ")"
    index = json.loads(path.read_text(encoding="utf-8").removeprefix(start).removesuffix(end))
    index["indexentries"] = {}
    path.write_text(start + json.dumps(index, ensure_ascii=False) + end, encoding="utf-8")


def _state(source: Path, lock: Path) -> dict[str, Any]:
    every = {p.relative_to(source).as_posix(): p for p in sorted(source.rglob("*")) if p.is_file()}
    pages = {name: path for name, path in every.items() if path.suffix in _PAGES}
    shell = {
        "titles": {name: _title(path) for name, path in pages.items()},
        "rest": {name: files.sha256(every[name]) for name in every.keys() - pages.keys()},
        "lock": files.sha256(lock) if lock.is_file() else "",
        "python": platform.python_version(),
    }
    return {
        "shell": hashlib.sha256(files.to_json(shell).encode()).hexdigest(),
        "pages": {name: files.sha256(path) for name, path in pages.items()},
    }


def _title(path: Path) -> str:
    """Return the line that becomes the title of a page, which other pages bear as well."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".ipynb":
        cells = json.loads(text)["cells"]
        text = "".join(cells[0]["source"]) if cells else ""
    return next((line for line in text.splitlines() if line.startswith("# ")), "")


def _read(path: Path) -> dict[str, Any] | None:
    try:
        state = json.loads(path.read_text(encoding="utf-8"))
        return state if {"shell", "pages"} <= state.keys() else None
    except (OSError, ValueError, AttributeError):
        return None  # no build, half a build, or something else: everything is made


def _differs(path: Path, digest: str) -> bool:
    return not path.is_file() or files.sha256(path) != digest


def _forget(name: str, output: Path) -> None:
    """Remove what Sphinx has read of a page, without which it reads the page again."""
    page = Path(name).with_suffix("")
    (output / "_build" / ".doctrees" / page.with_name(f"{page.name}.doctree")).unlink(
        missing_ok=True
    )

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
from analysis_lib.site.key import Say, first

STATE = "state.json"
"""Beside the pages: what they were made from. It is gone while they are being made."""

FIRST = "index.md"
"""The page that every book has."""

_PAGES = (".md", ".ipynb")
_COPIED = "_build/html/_static"  # by Sphinx, at every build


def begin(
    fresh: Path, source: Path, output: Path, lock: Path, say: Say = lambda line: None
) -> bool:
    """Bring the kept sources up to date; return whether the kept pages can be built upon.

    Parameters
    ----------
    fresh, source : Path
        The sources of now, which are used up, and the place in which Jupyter Book finds them.
    output : Path
        Where Jupyter Book keeps its pages and what it has read.
    lock : Path
        The list of locked packages, of which other versions write other pages.
    say : callable
        Told which of what was kept is damaged; then nothing of it is built upon.
    """
    now = _state(fresh, lock)
    before = _read(output / STATE)
    if before is not None and (changed := _damaged(before, now, source, output)):
        say(f"site: what was kept is not as it was left: {first(changed)}; all pages are made")
        before = None
    (output / STATE).unlink(missing_ok=True)
    if before is None or before["shell"] != now["shell"]:
        files.remove(output)
        files.remove(source)
        fresh.rename(source)
        return False
    changed = [
        name
        for name, digest in now["pages"].items()
        if before["pages"].get(name) != digest or _differs(source / name, digest)
    ]
    # With nothing to make, Sphinx leaves out the files that its extensions expect.
    for name in changed or [FIRST]:
        shutil.copyfile(fresh / name, source / name)
        _forget(name, output)
    files.remove(fresh)
    # Sphinx copies it anew; what is there before it starts gets other addresses on the pages.
    files.remove(output / _COPIED)
    return True


def done(source: Path, output: Path, lock: Path) -> None:
    """Note that the pages in `output` are those of `source`, all of them and whole."""
    files.write_json(output / STATE, {**_state(source, lock), "kept": _kept(output)})


def settle(html: Path) -> None:
    """Take out of the search what Sphinx knows only of the pages that it made just now.

    These are the entries of the printed index, which the book has not; the objects of the
    reference are found by their names, which stand elsewhere in the search.
    """
    path = html / "searchindex.js"
    start, end = "Search.setIndex(", ")"
    index = json.loads(path.read_text(encoding="utf-8").removeprefix(start).removesuffix(end))
    index["indexentries"] = {}
    for words in ("terms", "titleterms"):  # and words that no page has any more
        index[words] = {word: pages for word, pages in index[words].items() if pages != []}
    path.write_text(start + json.dumps(index, ensure_ascii=False) + end, encoding="utf-8")


def _state(source: Path, lock: Path) -> dict[str, Any]:
    every = {p.relative_to(source).as_posix(): p for p in sorted(source.rglob("*")) if p.is_file()}
    pages = {name: path for name, path in every.items() if path.suffix in _PAGES}
    rest = {name: files.sha256(every[name]) for name in sorted(every.keys() - pages.keys())}
    shell = {
        "titles": {name: _title(path) for name, path in pages.items()},
        "rest": rest,
        "lock": files.sha256(lock) if lock.is_file() else "",
        "python": platform.python_version(),
    }
    return {
        "shell": hashlib.sha256(files.to_json(shell).encode()).hexdigest(),
        "pages": {name: files.sha256(path) for name, path in pages.items()},
        "rest": rest,
    }


def _kept(output: Path) -> dict[str, str]:
    """Return the SHA-256 of every page made and of all that Sphinx remembers of it.

    Sphinx remembers by pickles, which are not to be opened unless they are its own.
    """
    names = {path.relative_to(output): path for path in sorted(output.rglob("*"))}
    return {
        name.as_posix(): files.sha256(path)
        for name, path in names.items()
        if path.is_file() and not name.is_relative_to(_COPIED) and name != Path(STATE)
    }


def _damaged(before: dict[str, Any], now: dict[str, Any], source: Path, output: Path) -> list[str]:
    """Return what differs from how the last build left it, but for pages, which are put right."""
    then, kept = before["kept"], _kept(output)
    changed = [name for name in sorted({*then, *kept}) if then.get(name) != kept.get(name)]
    rest = now["rest"].items() if now["shell"] == before["shell"] else ()
    return changed + [name for name, digest in rest if _differs(source / name, digest)]


def _title(path: Path) -> str:
    """Return the line that becomes the title of a page, which other pages bear as well."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".ipynb":
        cells = json.loads(text)["cells"]
        text = "".join(cells[0]["source"]) if cells else ""
    return next((line for line in text.splitlines() if line.startswith("# ")), "")


def _read(path: Path) -> dict[str, Any] | None:
    try:
        state = files.read_json(path)
        return state if {"shell", "pages", "kept"} <= state.keys() else None
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

"""The built book as the tests of its pages see it: its pages, and what each has to show."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from analysis_lib.files import PROJECT

HTML = Path(os.environ.get("ANALYSIS_BOOK") or PROJECT / "book" / "_build" / "html")
"""The site under test: the project's own, or another that was built."""

RUNS = HTML.parents[2] / "build" / "runs"
VIEWS = {
    "wide": {"viewport": {"width": 1280, "height": 900}, "color_scheme": "light"},
    "phone": {
        "viewport": {"width": 390, "height": 844},
        "color_scheme": "dark",
        "has_touch": True,
    },
}


def pages() -> list[str]:
    """Return every page; none when there is no book."""
    found = (path.relative_to(HTML) for path in HTML.rglob("*.html"))
    own = (path for path in found if path.parts[0] not in ("_static", "files"))
    return sorted(path.with_suffix("").as_posix() for path in own)


def runs() -> list[str]:
    """Return the pages of runs, which are those with figures."""
    return [page for page in pages() if page.startswith("studies/")]


def studies() -> list[str]:
    """Return the first run of every study: the others show the same figures."""
    return list({page.split("/")[1]: page for page in reversed(runs())}.values())


def kinds() -> list[str]:
    """Return one page of every kind: those at the top, and one of each folder there."""
    folders = {page.split("/")[0]: page for page in reversed(pages()) if "/" in page}
    return sorted({*folders.values(), *(page for page in pages() if "/" not in page)})


def results(page: str, kind: str, ending: str = ".js") -> list[str]:
    """Return the names of the figures or of the tables that a run published."""
    folder = HTML / "files" / page.removeprefix("studies/") / kind
    return sorted(path.stem for path in folder.glob(f"*{ending}"))


def stored(page: str) -> Path:
    """Return the folder of a run's results."""
    return RUNS / page.removeprefix("studies/")


def needed() -> None:
    """Skip without a book, or fail where CI has to have built it."""
    if pages():
        return
    message = "there is no book to look at: make book"
    if os.environ.get("CI"):
        pytest.fail(message)
    pytest.skip(message)


def copy(target: Path) -> Path:
    """Return a copy of the book that nobody builds anew meanwhile."""
    shutil.copytree(HTML, target)
    return target

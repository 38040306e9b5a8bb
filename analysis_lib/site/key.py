"""Whether the site is already what it would become: its key, and the list of its files.

Nothing heavy is imported here: a build that has nothing to do ends in here.
"""

from __future__ import annotations

import hashlib
import json
import platform
from dataclasses import asdict
from pathlib import Path
from typing import Any

from analysis_lib import files
from analysis_lib.runs.record import RECORD
from analysis_lib.site import bundle
from analysis_lib.site.facts import Book, SiteRun

MARK = ".site.json"
"""The file in a site that says what it was built from and what belongs to it."""


def site_key(book: Book, project: Path) -> str:
    """Return the digest of everything the pages depend on."""
    inputs = {
        "runs": [_run_facts(run) for run in book.runs],
        "studies": [asdict(study) for study in book.studies],
        "data": [asdict(row) for row in book.data],
        "citation": book.citation,
        "sources": {name: files.sha256(path) for name, path in _sources(project).items()},
        "python": platform.python_version(),
    }
    return hashlib.sha256(files.to_json(inputs).encode()).hexdigest()


def is_current(target: Path, key: str) -> bool:
    """Return whether the site in `target` was built for `key` and every file is still there."""
    try:
        mark = json.loads((target / MARK).read_text(encoding="utf-8"))
        sizes = mark["files"].items()
        return mark["key"] == key and all((target / n).stat().st_size == size for n, size in sizes)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return False  # no site, half a site, or something else: it is built


def page_count(target: Path) -> int:
    """Return how many pages a finished site has, the search among them."""
    mark = json.loads((target / MARK).read_text(encoding="utf-8"))
    return sum(Path(n).suffix == ".html" and not n.startswith("_static/") for n in mark["files"])


def write_mark(html: Path, key: str) -> None:
    """Write into a finished site what it was built from and every file's size."""
    sizes = {
        path.relative_to(html).as_posix(): path.stat().st_size
        for path in sorted(html.rglob("*"))
        if path.is_file()
    }
    files.write_json(html / MARK, {"key": key, "files": sizes})


def _run_facts(run: SiteRun) -> dict[str, Any]:
    return {
        "id": run.id,
        "record": files.sha256(run.folder / RECORD) if run.folder else None,
        "failure": asdict(run.failure) if run.failure else None,
        "stale": run.stale,
        "listed": run.listed,
    }


def _sources(project: Path) -> dict[str, Path]:
    """Return every file that the pages and the zips are made from, each of them once."""
    book, package = project / "book", Path(__file__).resolve().parents[1]
    found = dict(bundle.sources(project))
    for path in sorted(book.rglob("*")):
        if path.is_file() and path.relative_to(book).parts[0] != "_build":
            found[path.relative_to(project).as_posix()] = path
    if package != (project / package.name).resolve():  # a project built by another one's code
        for path in sorted(package.rglob("*.py")):
            found[f"package/{path.relative_to(package).as_posix()}"] = path
    return found

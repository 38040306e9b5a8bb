"""Whether the site is already what it would become: its key, and the list of its files.

Nothing heavy is imported here: a build that has nothing to do ends in here.
"""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from analysis_lib import files
from analysis_lib.runs.record import RECORD
from analysis_lib.site import bundle
from analysis_lib.site.facts import Book, SiteRun

MARK = ".site.json"
"""The file in a site that says what it was built from and what belongs to it."""

_SINGLE = ("_config.yml", "requirements.lock")


def site_key(book: Book, project: Path) -> str:
    """Return the digest of everything the pages depend on."""
    inputs = {
        "runs": [_run_facts(run) for run in book.runs],
        "studies": [asdict(study) for study in book.studies],
        "data": [asdict(row) for row in book.data],
        "citation": book.citation,
        "sources": {name: files.sha256(path) for name, path in _sources(project)},
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


def _sources(project: Path) -> Iterator[tuple[str, Path]]:
    package = Path(__file__).resolve().parents[1]
    folders = [
        ("package", package, "*.py"),  # the reference tells of all of it
        ("book", project / "book", "*"),
    ]
    for title, folder, pattern in folders:
        for path in sorted(folder.rglob(pattern)):
            name = path.relative_to(folder).as_posix()
            if path.is_file() and not name.startswith("_build/"):
                yield f"{title}/{name}", path
    yield from ((name, project / name) for name in _SINGLE if (project / name).is_file())
    yield from bundle.sources(project)

"""Whether the site is already what it would become: its key, and the list of its files.

Nothing heavy is imported here: a build that has nothing to do ends in here.
"""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from analysis_lib import files
from analysis_lib.errors import visible
from analysis_lib.runs.record import RECORD
from analysis_lib.runs.sweep_file import Sweep
from analysis_lib.site import bundle
from analysis_lib.site.facts import Book, SiteRun

MARK = ".site.json"
"""The file in a site that says what it was built from and what belongs to it."""

RESULTS = "benchmarks/results.json"
"""Where `make bench` leaves what it measured, in the project."""

SHOWN = 3
"""Names of a list that are told at most."""

Say = Callable[[str], None]


def site_key(book: Book, project: Path) -> str:
    """Return the digest of everything the pages depend on."""
    inputs = {
        "runs": [_run_facts(run) for run in book.runs],
        "studies": [asdict(study) for study in book.studies],
        "data": [asdict(row) for row in book.data],
        "citation": book.citation,
        "sweeps": [_sweep_facts(sweep, project) for sweep in book.sweeps],
        "sources": {name: files.sha256(path) for name, path in _sources(project).items()},
        "python": platform.python_version(),
    }
    return hashlib.sha256(files.to_json(inputs).encode()).hexdigest()


def is_current(target: Path, key: str, say: Say = lambda line: None) -> bool:
    """Return whether the site in `target` was built for `key` and every file is as it was built.

    When it is not, though it was built for `key`, the files are named.
    """
    try:
        mark = read_mark(target)
    except ValueError:
        return False  # no site, half a site, or something else: it is built
    if mark["key"] != key:
        return False
    if changed := changed_files(target, mark["files"]):
        say(f"site: not as it was built: {first(changed)}; it is built again")
    return not changed


def read_mark(target: Path) -> Mapping[str, Any]:
    """Return what a finished site was built from, and the SHA-256 of every file of it.

    A ValueError when there is no finished site in `target`.
    """
    try:
        mark = files.read_json(target / MARK)
        if isinstance(mark["key"], str) and isinstance(mark["files"], dict):
            return dict(mark)
    except (OSError, KeyError, TypeError) as error:
        raise ValueError("there is no finished site") from error
    raise ValueError("it was not written here")


def changed_files(target: Path, digests: Mapping[str, str]) -> list[str]:
    """Return the files of a site that are gone, or are not those that were built."""
    return sorted(name for name, digest in digests.items() if _digest(target / name) != digest)


def first(names: Sequence[str]) -> str:
    """Return a few names, and how many more there are."""
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(visible(name) for name in names[:SHOWN]) + more


def page_count(target: Path) -> int:
    """Return how many pages a finished site has, the search among them."""
    names = read_mark(target)["files"]
    return sum(Path(name).suffix == ".html" and not name.startswith("_static/") for name in names)


def write_mark(html: Path, key: str) -> None:
    """Write into a finished site what it was built from and the SHA-256 of every file."""
    digests = {
        path.relative_to(html).as_posix(): files.sha256(path)
        for path in sorted(html.rglob("*"))
        if path.is_file()
    }
    files.write_json(html / MARK, {"key": key, "files": digests})


def _digest(path: Path) -> str | None:
    try:
        return files.sha256(path)
    except OSError:
        return None


def _run_facts(run: SiteRun) -> dict[str, Any]:
    return {
        "id": run.id,
        "record": files.sha256(run.folder / RECORD) if run.folder else None,
        "failure": asdict(run.failure) if run.failure else None,
        "stale": run.stale,
        "listed": run.listed,
    }


def _sweep_facts(sweep: Sweep, project: Path) -> dict[str, Any]:
    from analysis_lib.site.sweep_points import digests

    return {"document": asdict(sweep), "runs": list(digests(sweep, project / "build" / "runs"))}


def _sources(project: Path) -> dict[str, Path]:
    """Return every file that the pages and the zips are made from, each of them once."""
    book, package = project / "book", Path(__file__).resolve().parents[1]
    found = dict(bundle.sources(project))
    if (measured := project / RESULTS).is_file():
        found[RESULTS] = measured
    for path in sorted(book.rglob("*")):
        if path.is_file() and path.relative_to(book).parts[0] != "_build":
            found[path.relative_to(project).as_posix()] = path
    if package != (project / package.name).resolve():  # a project built by another one's code
        for path in sorted(package.rglob("*.py")):
            found[f"package/{path.relative_to(package).as_posix()}"] = path
    return found

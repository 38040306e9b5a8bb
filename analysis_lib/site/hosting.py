"""The finished site as a folder that any host of static files can take."""

from __future__ import annotations

import getpass
import json
import re
import shutil
import socket
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from analysis_lib import files
from analysis_lib.errors import SiteError, visible
from analysis_lib.runs import lock
from analysis_lib.runs.record import RECORD
from analysis_lib.site.key import changed_files, first, read_mark
from analysis_lib.site.privacy import Privacy
from analysis_lib.site.sweep_page import READ

Say = Callable[[str], None]

PUBLISHED = ".published.json"
"""The file by which a folder is known to be ours: every file in it with its SHA-256."""

LARGEST_FILE = 100_000_000
LARGEST_SITE = 1_000_000_000
"""Bytes that GitHub takes as one file of a repository, and as one site."""

_NEEDLESS = re.compile(r"(?:^|.*/)\..*|_static/(?:.*\.(?:po|mo|map)|[^/]*webpack-macros\.html)")
_BINARY = {".png", ".ico", ".woff", ".woff2", ".ttf", ".mo", ".inv", ".npz", ".keras", ".zip"}
_OF_PACKAGES = ("_static/", "files/plotly")
_EVERYBODY = {"root", "admin", "user", "users", "runner", "local", "localhost", "home", "data"}
NOT_FOUND = """\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>Page not found</title>
<style>
:root { color-scheme: light dark; }
body { font: 1.1rem/1.6 system-ui, sans-serif; max-width: 34rem; margin: 15vh auto; }
body { padding: 0 1rem; }
li { margin: 0.6rem 0; }
</style>
</head>
<body>
<main>
<h1>Page not found</h1>
<p>This report has no page at this address. It may have been given another name, or its run may
have been removed.</p>
<ul>
<li><a href="./">The start of this folder</a></li>
<li><a href="../">One folder up</a>: step by step, this leads to the first page of the report</li>
</ul>
</main>
</body>
</html>
"""
"""Shown by hosts for any address that leads nowhere, at any depth, so it can name no other file."""


@dataclass(frozen=True)
class Published:
    """What was published: where, how much, and what the reader of the output should know.

    `own` names the runs made from files of one's own, `failed` those that failed.
    """

    target: Path
    files: int
    bytes: int
    own: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def publish(
    site: Path, target: Path, project: Path, say: Say = print, *, failed: Sequence[str] = ()
) -> Published:
    """Put a finished site into `target`, checked again, in one step.

    A folder that holds anything `publish` did not put there is refused, and stays as it is.

    Parameters
    ----------
    site : Path
        The folder of a finished and current site.
    target : Path
        The folder to make or to replace.
    project : Path
        The project, whose folder must not be named in what is published.
    say : callable
        Called with every line for the user.
    failed : sequence of str
        The runs of the site that failed; they are told once more.
    """
    untouched = "The folder could not be written; what was there is untouched."
    with (
        files.told(untouched, target, SiteError),
        lock.hold(project / "build" / "site.lock", "The site", say),
    ):
        names = _finished(site)
        _ours(target, site, project)
        new = target.parent / f"{files.TEMPORARY}{target.name}"
        files.remove(new)  # what a killed run left
        try:
            _copy(site, new, names)
            _check(new, project)
            files.write_text(new / ".nojekyll", "")
            files.write_text(new / "404.html", NOT_FOUND)
            files.write_json(new / PUBLISHED, {"files": _digests(new)})
            published = _described(new, target, tuple(failed))
            files.replace_folder(new, target)
        finally:
            files.remove(new)
    for line in _lines(published):
        say(f"publish: {line}")
    return published


def _finished(site: Path) -> list[str]:
    """Return the files of a finished site that a reader needs."""
    try:
        digests: Mapping[str, str] = read_mark(site)["files"]
    except ValueError as error:
        raise SiteError("There is no finished book to publish.", remedy="make book") from error
    foreign = [name for name in digests if not _inside(site, name)]
    if changed := foreign or changed_files(site, digests):
        raise SiteError(
            "The book is not as it was built.", where=first(changed), remedy="make book"
        )
    return sorted(name for name in digests if not _NEEDLESS.fullmatch(name))


def _inside(site: Path, name: str) -> bool:
    path = site / name
    links = [path, *path.parents][: len(Path(name).parts)]
    inside = ".." not in Path(name).parts and not Path(name).is_absolute()
    return inside and not any(link.is_symlink() for link in links)


def _ours(target: Path, site: Path, project: Path) -> None:
    """Raise a `SiteError` unless nothing of anybody's is lost when `target` is replaced."""

    def refuse(why: str, remedy: str = "Name another folder: make publish TO=...") -> None:
        raise SiteError("The folder is not replaced.", where=str(target), got=why, remedy=remedy)

    place = target.resolve()
    if target.is_symlink():
        refuse("it is a link to another place")
    if target.exists() and not target.is_dir():
        refuse("it is a file")
    for part in (site, project / "book"):
        if place.is_relative_to(part.resolve()) or part.resolve().is_relative_to(place):
            refuse("it holds the book, or lies within it")
    there = {p.relative_to(target).as_posix(): p for p in target.rglob("*")}
    alien = sorted(name for name, path in there.items() if path.is_symlink() or not path.is_dir())
    if not alien:
        return
    try:
        known = json.loads((target / PUBLISHED).read_text(encoding="utf-8"))["files"]
        alien = [n for n in alien if n != PUBLISHED and not _same(there[n], known.get(n))]
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        refuse(f"it holds files that were not published from here: {first(alien)}")
    if alien:
        refuse(
            f"files were added or changed since it was published: {first(alien)}",
            "Move them elsewhere, or name another folder: make publish TO=...",
        )


def _same(path: Path, digest: str | None) -> bool:
    known = digest is not None and path.is_file() and not path.is_symlink()
    return known and files.sha256(path) == digest


def _copy(site: Path, new: Path, names: Sequence[str]) -> None:
    for name in names:
        (new / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(site / name, new / name, follow_symlinks=False)


def _check(new: Path, project: Path) -> None:
    """Check all that is to be published: pages and links, and every text also within zips."""
    from analysis_lib.site.check import find_faults

    privacy = Privacy(project)
    faults = list(find_faults(new, {}, privacy))
    for name, text in _texts(new):
        # What is a package's, or source code in a zip, may speak of such addresses as a kind.
        of_code = name.startswith(_OF_PACKAGES) or ".zip: " in name
        if folder := privacy.leak(text.replace("file:///", "/") if of_code else text):
            faults.append(f"{name} names a folder of this machine: {folder}")
    if faults:
        raise SiteError(
            "The book did not pass its checks; nothing is published.",
            got=first(list(dict.fromkeys(faults))),
            remedy="This is a fault of the report, not of your data, unless a name above is yours.",
        )


def _texts(folder: Path) -> Iterator[tuple[str, str]]:
    """Yield the name and text of every text file, those within zip files too."""
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.suffix == ".zip":
            try:
                yield from ((f"{name}: {member}", text) for member, text in _members(path))
            except zipfile.BadZipFile as error:
                raise SiteError("A file is damaged.", where=name, remedy="make book") from error
        elif path.is_file() and path.suffix not in _BINARY:
            yield name, _text(path.read_bytes())


def _members(path: Path) -> Iterator[tuple[str, str]]:
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            yield (
                name,
                name if Path(name).suffix in _BINARY else f"{name}\n{_text(archive.read(name))}",
            )


def _text(content: bytes) -> str:
    return content.decode("utf-8", errors="replace")


def _digests(folder: Path) -> dict[str, str]:
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): files.sha256(path) for path in paths}


def _described(new: Path, target: Path, failed: tuple[str, ...]) -> Published:
    sizes = {p.relative_to(new).as_posix(): p.stat().st_size for p in new.rglob("*") if p.is_file()}
    own = {
        path.parent.relative_to(new / "files").as_posix(): names
        for path in sorted(
            [*new.glob(f"files/*/*/{RECORD}"), *new.glob(f"files/sweeps/*/*/{READ}")]
        )
        if (names := _own_files(path)) is not None
    }
    warnings = [
        f"Made from your own files, and public with what is published: {run} ({first(names)})"
        for run, names in own.items()
    ]
    warnings += [
        f"{name} has {size / 1e6:,.0f} MB; GitHub refuses files of more than 100 MB"
        for name, size in sorted(sizes.items())
        if size > LARGEST_FILE
    ]
    total = sum(sizes.values())
    if total > LARGEST_SITE:
        warnings.append(f"The site has {total / 1e9:,.1f} GB; GitHub Pages takes at most 1 GB")
    warnings += _personal(new)
    return Published(target, len(sizes), total, tuple(own), failed, tuple(warnings))


def _own_files(record: Path) -> list[str] | None:
    """Return the names of the files of one's own that a run read; None for data of others."""
    try:
        entries: list[dict[str, Any]] = json.loads(record.read_text(encoding="utf-8"))["data"]
        own = [entry for entry in entries if entry["kind"] == "yours"]
        names = [visible(file["name"]) for entry in own for file in entry["files"]]
    except (ValueError, KeyError, TypeError) as error:
        where = "/".join(record.parts[-4:])
        raise SiteError(
            "A run's record cannot be read.", where=where, remedy="make book"
        ) from error
    return names or ["no file named"] if own else None


def _personal(new: Path) -> Iterator[str]:
    """Say where the name of the user or of the machine stands; it may be meant to.

    An author may well be named. So this is told and not forbidden, and only of names that are
    hardly a word of the report.
    """
    own = {
        "Your user name": _user(),
        "The name of this machine": socket.gethostname().partition(".")[0],
    }
    for what, name in own.items():
        if len(name) < 4 or name.lower() in _EVERYBODY:
            continue
        word = re.compile(rf"(?<![\w-]){re.escape(name)}(?![\w-])")
        found = [
            place
            for place, text in _texts(new)
            if not place.startswith(_OF_PACKAGES) and word.search(text)
        ]
        if found:
            yield f"{what}, {visible(name)}, stands in {first(found)}: see whether that is meant"


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a number without a name, as in some containers
        return ""


def _lines(published: Published) -> Iterator[str]:
    yield from published.warnings
    if published.failed:
        yield f"These runs failed, and their pages say so: {', '.join(published.failed)}"
    size = f"{published.files:,} files, {published.bytes / 1e6:,.1f} MB"
    yield f"{size}, ready for any static host: {published.target}"

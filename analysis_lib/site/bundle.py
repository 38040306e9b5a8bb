"""A zip per run with all it takes to run it again elsewhere: code, lock file, parameters, inputs.

Nothing heavy is imported at the top, since the key of the site asks for `sources`.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from typing import Any

from analysis_lib import files, results, zips
from analysis_lib.errors import AnalysisError, SiteError, visible
from analysis_lib.runs.record import Record, read_record
from analysis_lib.runs.values import NAME_RULE
from analysis_lib.site.facts import SiteRun
from analysis_lib.site.privacy import Privacy

NAME = "run-again.zip"
_FINDER = ".ci/find-python"  # executable
LARGEST = 5_000_000
"""Bytes that a file of the user's own may have to be packed; a larger one is named."""

LARGEST_IN_ALL = 50_000_000
"""Bytes that all files of the user's own may have in one bundle."""

FILES = (
    *("Makefile", _FINDER, "pyproject.toml", "requirements.lock", "environment.yml"),
    *("_config.yml", "LICENSE", "CITATION.cff"),
)
"""The single files of the project that are packed."""

_FOLDERS = {
    "analysis_lib": {".py"},
    "book": {".md", ".bib", ".css", ".js", ".svg", ".png", ".woff2"},
    "notebooks": {".ipynb"},
}
_NOT_OURS = (".", "_build", "__pycache__")
_DOCUMENTS = ("params", "metrics", "record")
CHECKSUMS = "checksums.sha256"
"""The file in a bundle with the SHA-256 of every other one."""


@dataclass(frozen=True)
class Input:
    """A file of the user's own that a run read, and its place in the bundle.

    `content` is None, and `absent` says why, when its bytes are not packed.
    """

    name: str
    sha256: str
    place: str
    content: bytes | None
    absent: str


def write(run: SiteRun, project: Path, target: Path, privacy: Privacy) -> None:
    """Write the bundle of a run into the folder `target`; nothing for a run without results.

    Parameters
    ----------
    run : SiteRun
        The run. Where it works on the results of another one, that one is packed with it.
    project : Path
        The folder with `Makefile`, `notebooks/` and `analysis_lib/`.
    target : Path
        The folder of the run's files in the site.
    privacy : Privacy
        Takes this machine's folders out of what was recorded.
    """
    from analysis_lib.site.bundle_text import readme

    if not (run.folder and run.record):
        return
    line = _line(run.folder, run.record)
    records = [replace(record, run=_run_name(record.run)) for _, record in line]
    packed = {name: path.read_bytes() for name, path in _needed(project, records)}
    inputs = Inputs(project)
    values = [inputs.relocated(record, records[at + 1 :]) for at, record in enumerate(records)]
    packed |= {each.place: each.content for each in inputs.found if each.content is not None}
    expected = {
        f"expected/{record.id}/{name}.json": privacy.value(results.load_json(folder, name))
        for (folder, _), record in zip(line, records, strict=True)
        for name in _DOCUMENTS
    }
    written = {name: files.to_json(value, indent=2) + "\n" for name, value in expected.items()}
    written["report.yml"] = report(records, [privacy.value(each) for each in values])
    paragraphs = readme(run, records, inputs.found, privacy)
    written["README.md"] = "\n\n".join(paragraphs) + "\n"
    packed |= {name: text.encode() for name, text in written.items()}
    sums = (f"{hashlib.sha256(packed[name]).hexdigest()}  {name}\n" for name in sorted(packed))
    packed[CHECKSUMS] = "".join(sums).encode()
    files.write_bytes(target / NAME, _packed(safe(f"{run.study}-{run.name}"), packed))


def sources(project: Path) -> Iterator[tuple[str, Path]]:
    """Yield every file of the project that a bundle may hold, by its name in there.

    They are named by pattern, so that nothing else that lies about is published.
    """
    found = [(name, project / name) for name in FILES]
    for folder, endings in _FOLDERS.items():
        for path in sorted((project / folder).rglob("*")):
            name = path.relative_to(project)
            hidden = any(part.startswith(_NOT_OURS) for part in name.parts)
            if path.suffix in endings and zips.stays(name.as_posix()) and not hidden:
                found.append((name.as_posix(), path))
    inside = project.resolve()
    yield from (
        (name, path)
        for name, path in found
        if path.is_file() and path.resolve().is_relative_to(inside)
    )


def report(records: Sequence[Record], values: Sequence[Mapping[str, Any]]) -> str:
    """Return a `report.yml` that asks for these runs with these parameters, and for no other."""
    lines = ["# The runs of this folder: study → run name → parameters that differ from defaults."]
    for study in dict.fromkeys(record.study for record in records):
        lines.append(f"{study}:")
        for record, given in zip(records, values, strict=True):
            if record.study == study:
                # As JSON, which YAML includes: names and texts stay texts, whatever they look like.
                lines.append(f"  {json.dumps(record.run)}:{'' if given else ' {}'}")
                lines += [f"    {name}: {json.dumps(value)}" for name, value in given.items()]
    # The one character that JSON leaves as it is and YAML refuses.
    return "\n".join(lines).replace("\x7f", "\\u007f") + "\n"


def safe(name: str) -> str:
    """Return a file's name in letters that every system and every program to unpack knows.

    Examples
    --------
    >>> [safe(name) for name in ("Ma tablé «1».csv.gz", "../../.profile", "基因.csv")]
    ['Ma_table_1.csv.gz', 'table.profile', 'table.csv']
    """
    known = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    parts = (re.sub(r"[^\w-]+", "_", part).strip("_-")[:80] for part in known.split("."))
    first, *endings = parts
    return ".".join([first or "table", *filter(None, endings)])


class Inputs:
    """Finds the files of the user's own that runs read, and gives each a place in the bundle."""

    def __init__(self, project: Path) -> None:
        self.found: list[Input] = []
        self._project = project
        self._taken: set[str] = set()
        self._room = LARGEST_IN_ALL

    def relocated(self, record: Record, before: Sequence[Record]) -> dict[str, Any]:
        """Return what a run was asked for beyond defaults, with its own files at their new places.

        `before` are the runs whose results it works on: what those made is no input.
        """
        values = {name: record.parameters[name] for name in record.changed}
        paths = {
            name: self._project / _expanded(value)
            for name, value in values.items()
            if isinstance(value, str) and value and value not in {run.id for run in before}
        }
        folders: dict[str, str] = {}
        made = {Path(name).name for run in before for name in run.files}
        for file in _own(record, before):
            name, path = _where(file, paths)
            if path is None and file["name"] in made:
                continue  # of those runs as they were before they were made anew
            if path and path == paths[name]:
                del paths[name]  # a parameter that names a file names one
                place = values[name] = self._place(file["name"])
            elif path:
                values[name] = folders[name] = folders.get(name) or self._place(name)
                place = f"{folders[name]}/{safe(file['name'])}"
            else:
                place = self._place(file["name"])
            content, absent = _content(path, file["sha256"], self._room)
            self._room -= len(content or b"")
            self.found.append(Input(file["name"], file["sha256"], place, content, absent))
        return values

    def _place(self, name: str) -> str:
        stem, dot, ending = safe(name).partition(".")
        numbered = (f"{stem}{f'_{n}' if n > 1 else ''}{dot}{ending}" for n in count(1))
        # Some disks take upper and lower case for the same.
        place = next(each for each in numbered if each.lower() not in self._taken)
        self._taken.add(place.lower())
        return f"inputs/{place}"


def _own(record: Record, before: Sequence[Record]) -> list[Mapping[str, Any]]:
    made = {facts["sha256"] for run in before for facts in run.files.values()}
    return [
        file
        for entry in record.data
        for file in entry["files"]
        if entry["kind"] == "yours" and not file["address"] and file["sha256"] not in made
    ]


def _where(file: Mapping[str, Any], paths: Mapping[str, Path]) -> tuple[str, Path | None]:
    """Return which parameter led to a file, and its path: of several, the one with its bytes."""
    named = [(name, path) for name, path in paths.items() if path.name == file["name"]]
    inside = [(name, path / file["name"]) for name, path in paths.items() if _is_folder(path)]
    found: list[tuple[str, Path]] = [*named, *inside]
    if len(found) > 1:
        found.sort(key=lambda each: _digest(each[1]) != file["sha256"])
    return found[0] if found else ("", None)


def _content(path: Path | None, sha256: str, room: int) -> tuple[bytes | None, str]:
    """Return the bytes of a file, or why they are not packed."""
    try:
        if path is None or not path.is_file():
            return None, "it is no longer where it was"
        if (size := path.stat().st_size) > LARGEST:
            return None, f"it has {size / 1e6:,.1f} MB, more than {LARGEST / 1e6:.0f} MB"
        if size > room:
            return None, f"the files before it have nearly {LARGEST_IN_ALL / 1e6:.0f} MB together"
        content = path.read_bytes()
    except OSError as error:
        return None, f"it cannot be read ({error.strerror})"
    if hashlib.sha256(content).hexdigest() != sha256:
        return None, "it was changed since the run"
    return content, ""


def _is_folder(path: Path) -> bool:
    with contextlib.suppress(OSError):  # text that is too long for a path
        return path.is_dir()
    return False


def _digest(path: Path) -> str:
    with contextlib.suppress(OSError):
        return files.sha256(path)
    return ""


def _expanded(value: str) -> Path:
    with contextlib.suppress(RuntimeError):  # the home of somebody who is not known here
        return Path(value).expanduser()
    return Path(value)


def _line(folder: Path, record: Record) -> list[tuple[Path, Record]]:
    """Return a run, then the one whose results it works on, and so on: folder and record."""
    line = [(folder, record)]
    while (before := _before(line[-1][1], folder.parents[1])) and before[0] not in dict(line):
        line.append(before)
    return line


def _before(record: Record, root: Path) -> tuple[Path, Record] | None:
    for value in record.parameters.values():
        with contextlib.suppress(AnalysisError):  # most parameters do not name a run
            if isinstance(value, str):
                folder = results.of_run(value, root)
                return folder, read_record(folder)
    return None


def _run_name(name: str) -> str:
    # What another program called a folder below build/runs may be no name for a run.
    return name if re.fullmatch(NAME_RULE, name) else safe(name.replace(".", "_")).lower()[:64]


def _needed(project: Path, records: Sequence[Record]) -> Iterator[tuple[str, Path]]:
    notebooks = {f"notebooks/{record.study}.ipynb" for record in records}
    needed = {
        name: path
        for name, path in sources(project)
        if name in notebooks or not name.startswith("notebooks/")
    }
    if missing := sorted({*FILES, *notebooks} - set(needed)):
        raise SiteError(
            "A run cannot be packed to be run again: the project has a part missing.",
            where=", ".join(missing),
            remedy=f"Restore it: git checkout -- {missing[0]}",
        )
    yield from needed.items()


def _packed(top: str, content: Mapping[str, bytes]) -> bytes:
    """Return a zip with these files in one folder, which no program to unpack leaves."""
    named = {f"{top}/{name}": content[name] for name in sorted(content)}
    if bad := [name for name in named if not zips.stays(name)]:
        raise SiteError(
            "A run cannot be packed: a file's name would not stay in the folder it is unpacked to.",
            where=visible(bad[0])[:200],
            remedy="Rename the file, or the run.",
        )
    return zips.zipped(named.items(), programs={f"{top}/{_FINDER}"})

"""A zip per run with all it takes to run it again elsewhere: code, lock file, parameters, inputs.

Nothing heavy is imported at the top, since the key of the site asks for `sources`.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import re
import stat
import unicodedata
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from typing import Any

from analysis_lib import files, results
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
_CHECKSUMS = "checksums.sha256"
_MEMBER = re.compile(r"(?!.*(?:^|/)\.{0,2}(?:/|$))[^\\:*?\"<>|]{1,240}")
"""The name of a member: no root, no drive, nothing that leads upwards, no empty part."""

_EARLIEST = (1980, 1, 1, 0, 0, 0)  # the first moment that a zip can name
_MARKUP = re.compile(r"([\\`*_{}\[\]<>|#&~$])")


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
    paragraphs = _readme(run, records, inputs.found, privacy)
    written["README.md"] = "\n\n".join(paragraphs) + "\n"
    packed |= {name: text.encode() for name, text in written.items()}
    sums = (f"{hashlib.sha256(packed[name]).hexdigest()}  {name}\n" for name in sorted(packed))
    packed[_CHECKSUMS] = "".join(sums).encode()
    files.write_bytes(target / NAME, _zip(safe(f"{run.study}-{run.name}"), packed))


def sources(project: Path) -> Iterator[tuple[str, Path]]:
    """Yield every file of the project that a bundle may hold, by its name in there.

    They are named by pattern, so that nothing else that lies about is published.
    """
    found = [(name, project / name) for name in FILES]
    for folder, endings in _FOLDERS.items():
        for path in sorted((project / folder).rglob("*")):
            name = path.relative_to(project)
            hidden = any(part.startswith(_NOT_OURS) for part in name.parts)
            if path.suffix in endings and _stays(name.as_posix()) and not hidden:
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


def _stays(name: str) -> bool:
    """Return whether a member of this name is unpacked to where it belongs, by any program."""
    return name.isprintable() and bool(_MEMBER.fullmatch(name))


def _zip(top: str, packed: Mapping[str, bytes]) -> bytes:
    """Return a zip with these files in one folder, the same bytes for the same content.

    They are plain files, which no program to unpack puts anywhere but below that folder.
    """
    names = [f"{top}/{name}" for name in packed]
    if bad := [name for name in names if not _stays(name)]:
        raise SiteError(
            "A run cannot be packed: a file's name would not stay in the folder it is unpacked to.",
            where=visible(bad[0])[:200],
            remedy="Rename the file, or the run.",
        )
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name in sorted(packed):
            entry = zipfile.ZipInfo(f"{top}/{name}", _EARLIEST)
            entry.external_attr = (stat.S_IFREG | (0o755 if name == _FINDER else 0o644)) << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, packed[name], compresslevel=6)
    return stream.getvalue()


def _readme(
    run: SiteRun, records: Sequence[Record], inputs: Sequence[Input], privacy: Privacy
) -> Iterator[str]:
    """Yield the paragraphs of the bundle's README."""
    from analysis_lib.site.summary import commit, duration, moment

    # Before anything is escaped, which would hide a folder's name.
    records = [replace(record, data=privacy.value(record.data)) for record in records]
    record, *before = records
    yield f"# {_plain(record.id)}, to run again"
    yield (
        f"What the run {_code(record.id)} takes to be made again: the code, the notebook, the "
        "parameters, the lock file of all packages, and the checksums of its data. It was made on "
        f"{moment(record.started)} in {duration(record.seconds)}, with Python "
        f"{record.versions.get('python', '?')} on {record.versions.get('platform', '?')}, at "
        f"commit {commit(record)}."
    )
    for other in before:
        yield f"It works on the results of {_code(other.id)}, which is packed too and made first."
    if run.stale:
        yield (
            "**Out of date.** What is packed is not all that the results were made with, so that "
            "other numbers may come out. What differs: "
            f"{_plain(', '.join(map(privacy.clean, run.stale)))}."
        )
    yield from _steps(records)
    yield from _outcome(run, record, privacy, moved=bool(inputs))
    yield "## Data"
    yield "\n".join(_data(records, inputs))
    yield "## Whether all is here"
    yield (
        f"`sha256sum -c {_CHECKSUMS}` (macOS: `shasum -a 256 -c {_CHECKSUMS}`) compares every file "
        "with its checksum. Tests and benchmarks of the project are not packed."
    )


def _steps(records: Sequence[Record]) -> Iterator[str]:
    run = records[0].id
    public = [r.study for r in records if any(f["address"] for e in r.data for f in e["files"])]
    fetch = [f"make data STUDY={study}" for study in sorted(set(public))]
    compare = f"diff expected/{run}/metrics.json build/runs/{run}/metrics.json"
    yield "## Run it"
    yield "\n".join(f"    {line}" for line in (*fetch, "make book", compare))
    if fetch:
        yield "`make data` downloads the public data and verifies them."
    yield (
        "`make book` sets up an environment in `.venv`, for which it needs the network once, "
        f"executes the run into `build/runs/{run}/` and builds its page: "
        "`book/_build/html/index.html`. `diff` prints nothing when every number is the same. "
        "A machine needs Python 3.11, 3.12 or 3.13 and make: Linux or macOS."
    )


def _outcome(run: SiteRun, record: Record, privacy: Privacy, *, moved: bool) -> Iterator[str]:
    from analysis_lib.site.summary import Summary

    yield "## What must come out"
    yield "\n".join(
        f"- {_plain(privacy.clean(f'{metric.label}: {metric}'))}"
        + (f" ({_plain(metric.interval)})" if metric.interval else "")
        for metric in Summary.of(run).headline
    )
    yield (
        f"All numbers: `expected/{record.id}/metrics.json`. On a processor of another kind the "
        "last digits may differ."
    )
    again = " With the same version of Python, the same key stands in the new `record.json`."
    yield f"The key of the run: `{record.key}`." + ("" if run.stale or moved else again)


def _data(records: Sequence[Record], inputs: Sequence[Input]) -> Iterator[str]:
    entries = [entry for record in records for entry in record.data]
    for title in dict.fromkeys(e["title"] for e in entries if not e["files"]):
        yield f"- {_plain(title)}: simulated by the code; there is nothing to fetch."
    if any(not entry["files"] for entry in entries):
        yield (
            "- Real files are used instead of simulated ones wherever a study finds all it needs "
            "(`ANALYSIS_DATA_DIR`, `data/`, `build/downloads/`): leave them out."
        )
    public = [file for entry in entries for file in entry["files"] if file["address"]]
    for file in {file["sha256"]: file for file in public}.values():
        yield f"- {_code(file['name'])}, SHA-256 `{file['sha256']}`, from {_code(file['address'])}"
    for each in inputs:
        name, digest = _code(each.name), f"SHA-256 `{each.sha256}`"
        put = f"{name} is not packed: {each.absent}. Put the file with {digest} at `{each.place}`."
        yield f"- {put}" if each.absent else f"- `{each.place}` is {name}, {digest}"


def _plain(text: object) -> str:
    """Return text in which Markdown finds nothing."""
    return _MARKUP.sub(r"\\\1", visible(text))


def _code(text: str) -> str:
    """Return text as Markdown's code, between more backticks than it has itself."""
    shown = visible(text)
    fence = "`" * (max(map(len, re.findall("`+", shown)), default=0) + 1)
    return f"{fence} {shown} {fence}" if "`" in shown else f"`{shown}`"

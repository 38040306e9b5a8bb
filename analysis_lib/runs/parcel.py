"""What travels between a client and a worker of a cluster: inputs by their content, and results.

A file of the user's own, given by whatever path, lies elsewhere on a worker: there its parameter
has an alias, a path below the worker's folder that its content determines. When the results come
back every alias becomes what the user wrote, and nothing tells where a run was made.
"""

from __future__ import annotations

import hashlib
import io
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from analysis_lib import files, results, studies, zips
from analysis_lib.cluster import ClusterError, LostError
from analysis_lib.datasets.checking import read_pins
from analysis_lib.datasets.sources import data_folders
from analysis_lib.errors import AnalysisError, DataError, quoted
from analysis_lib.runs.key import differences, key, parts
from analysis_lib.runs.record import NOTEBOOK, Record, damaged, inventory, read_record

if TYPE_CHECKING:
    from analysis_lib.runs.engine import Plan, Runs

LARGEST = 2**30
"""Bytes that a file may have to travel, and the results of a run in all."""

PINS = "pins.json"


@dataclass(frozen=True)
class Errand:
    """A run that a worker is to make.

    Attributes
    ----------
    study, name, values
        The run, with aliases among its parameters.
    places : mapping
        Where files lie below the worker's folder, and the SHA-256 of their content. Those of one
        folder, `projects/…`, `inputs/…` or `data/…`, belong together and are as they are for ever.
    project, data : str
        The folders, below the worker's, of the project and of the real data; no data: "".
    parts : mapping
        What the key of its results must be made of.
    aliases : mapping
        The aliases, and what the user wrote.
    """

    study: str
    name: str
    values: Mapping[str, Any]
    places: Mapping[str, str]
    project: str
    data: str
    parts: Mapping[str, str]
    aliases: Mapping[str, str]

    @property
    def id(self) -> str:
        """The run's name within the report, `study/name`."""
        return f"{self.study}/{self.name}"


@dataclass
class _Packing:
    """Files that are being put together, by the folder in which they will lie."""

    here: dict[str, Path | bytes] = field(default_factory=dict)  # SHA-256 → what has the content
    places: dict[str, str] = field(default_factory=dict)

    def add(self, folder: str, content: Mapping[str, Path | bytes]) -> str:
        """Put files into a folder that is named after them, and return its path."""
        digests = {name: _digest(each) for name, each in content.items()}
        named = hashlib.sha256(files.to_json(digests).encode()).hexdigest()
        place = f"{folder}/{named}"
        self.places |= {f"{place}/{name}": digest for name, digest in digests.items()}
        self.here |= {digests[name]: each for name, each in content.items()}
        return place


def pack(runs: Runs, plan: Plan) -> tuple[Errand, Mapping[str, Path | bytes]]:
    """Return what a worker is asked to do, and where every content is, by its SHA-256."""
    packing = _Packing()
    before = _before(runs, plan)
    notebook = runs.project / "notebooks" / f"{plan.spec.study}.ipynb"
    # Whoever reads the results of another study looks whether its notebook is still the same.
    read = {name.partition("/")[0] for name in before}
    project: dict[str, Path | bytes] = {
        **{f"notebooks/{study}.ipynb": notebook.with_stem(study) for study in read},
        f"notebooks/{notebook.name}": notebook,
        "requirements.lock": runs.project / "requirements.lock",
        **{f"build/runs/{name}": path for name, path in before.items()},
    }
    given = plan.params.as_json()
    renamed: dict[str, str] = {}
    for name, path, content in _own(plan, set(before.values())):
        place = packing.add("inputs", content)
        renamed[name] = f"{place}/{path.name}" if path.name in content else place
    values = {name: renamed.get(name, value) for name, value in given.items()}
    expected = parts(notebook, values, plan.sources, runs.project)
    real = _real(plan)
    errand = Errand(
        study=plan.spec.study,
        name=plan.spec.name,
        values=values,
        # The code is that of the worker, which is the same; another code is another project.
        project=packing.add("projects", {**project, "code": plan.parts["code"].encode()}),
        data=packing.add("data", real) if real else "",
        places=packing.places,
        parts=expected,
        aliases={alias: given[name] for name, alias in renamed.items()},
    )
    return errand, packing.here


def _before(runs: Runs, plan: Plan) -> dict[str, Path]:
    """Return the files of the run that a study works on, by their places below `build/runs`."""
    named = studies.info(plan.spec.study).reads
    if named is None:
        return {}
    run = getattr(plan.params, named)
    folder = runs.good(run)
    found = sorted(path for path in folder.rglob("*") if path.is_file())
    return {f"{run}/{path.relative_to(folder).as_posix()}": path for path in found}


def _own(plan: Plan, made: set[Path]) -> Iterator[tuple[str, Path, dict[str, Path | bytes]]]:
    """Yield parameters that name files of the user's own, with their path and the files."""
    own = [file.path for s in plan.sources if s.kind == "yours" for file in s.files]
    left = {path for path in own if path.resolve() not in {each.resolve() for each in made}}
    for name, value in plan.params.as_json().items():
        if not isinstance(value, str) or not value:
            continue
        with suppress(RuntimeError):  # a text that begins with ~ and is no path
            path = Path(value).expanduser()
            inside = {file.name: file for file in own if file.parent == path}
            content = {path.name: path} if path in own else inside
            if content:
                left -= set(content.values())
                yield name, path, dict(content)
    if left:
        raise DataError(
            "A file cannot be sent to a cluster: no parameter names it.",
            where=str(sorted(left)[0]),
            remedy="Make this run on this machine.",
        )


def _real(plan: Plan) -> dict[str, Path | bytes]:
    """Return the real files that a study reads, as a data folder holds them, pins included."""
    sources = [source for source in plan.sources if source.kind == "real"]
    found: dict[str, Path | bytes] = {
        f"{source.dataset}/{file.name}": file.path for source in sources for file in source.files
    }
    known: dict[str, str] = {}
    for folder in data_folders() if found else []:
        inside = [f for s in sources for f in s.files if f.path.is_relative_to(folder)]
        pins = read_pins(folder) if inside else {}
        known |= {f.address: pins[f.address] for f in inside if f.address and f.address in pins}
    if known:
        found[PINS] = files.to_json(known).encode()
    return found


def read_content(where: Path | bytes, digest: str) -> bytes:
    """Return a content that is to travel, which must be what it was when it was packed."""
    if isinstance(where, Path) and where.stat().st_size > LARGEST:
        raise DataError(
            "A file is too large to be sent to a cluster.",
            where=str(where),
            expected=f"at most {LARGEST / 2**20:,.0f} MB",
            got=f"{where.stat().st_size / 2**20:,.0f} MB",
            remedy="Make this run on this machine.",
        )
    content = where if isinstance(where, bytes) else where.read_bytes()
    if hashlib.sha256(content).hexdigest() != digest:
        raise DataError("A file changed while it was sent to a cluster.", where=str(where))
    return content


def lay_out(
    errand: Errand,
    contents: Mapping[str, bytes],
    room: Path,
    complete: Callable[[Path], None],
) -> None:
    """Put what an errand needs below a worker's folder, where it is not there already.

    Parameters
    ----------
    contents : mapping
        By SHA-256; one that is another is refused.
    complete : callable
        Takes the folder of a new project, and puts in what did not travel.
    """
    folders: dict[str, dict[str, str]] = {}
    for place, digest in errand.places.items():
        kind, named, name = place.split("/", 2)
        folders.setdefault(f"{kind}/{named}", {})[name] = digest
    for folder, content in folders.items():
        if (room / folder).is_dir():
            continue
        with files.atomic_folder(room / folder) as new:
            for name, digest in content.items():
                if hashlib.sha256(contents[digest]).hexdigest() != digest:
                    raise LostError("An input was damaged on its way to a worker.", where=name)
                (new / name).parent.mkdir(parents=True, exist_ok=True)
                (new / name).write_bytes(contents[digest])
            if folder == errand.project:
                complete(new)


def pack_results(folder: Path) -> bytes:
    """Return the whole folder of a run as bytes."""
    found = sorted(path for path in folder.rglob("*") if path.is_file())
    content = ((path.relative_to(folder).as_posix(), path.read_bytes()) for path in found)
    return zips.zipped(content, level=1)


def unpack_results(packed: bytes, folder: Path) -> None:
    """Write results into an empty folder; names that lead out of it, and damage, are refused."""
    try:
        with zipfile.ZipFile(io.BytesIO(packed)) as archive:
            entries = archive.infolist()
            names = [entry.filename for entry in entries]
            bad = [name for name in names if not zips.stays(name)]
            if any(entry.compress_type != zipfile.ZIP_DEFLATED for entry in entries):
                raise _refused("another compression")
            if bad or len(set(names)) < len(names) or _size(entries) > LARGEST:
                raise _refused(quoted(bad[0]) if bad else "files twice, or too large")
            for entry in entries:
                target = folder / entry.filename
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(archive.read(entry))
    except (zipfile.BadZipFile, zlib.error, EOFError, ValueError, RuntimeError) as error:
        raise _refused(f"{type(error).__name__}: {error}") from None


def _size(entries: list[zipfile.ZipInfo]) -> int:
    return sum(entry.file_size for entry in entries)


def _refused(got: str) -> LostError:
    return LostError("The results of a worker are damaged, and are not taken.", got=got)


def believed(folder: Path, errand: Errand) -> Record:
    """Return the record of results that came back, when they are whole and of what was asked."""
    try:
        record = read_record(folder)
    except AnalysisError as error:
        raise _refused(error.got or error.what) from None
    if bad := damaged(folder, record) if record.status == "ok" else _changed(folder, record):
        raise _refused(", ".join(bad[:3]))
    if record.id != errand.id or record.key != key(errand.parts):
        other = ", ".join(differences(record.parts, errand.parts)) or record.id
        raise ClusterError(
            f"A worker made the run {errand.id} from something else than is here.",
            got=f"another state of: {other}",
            remedy="Start the workers again, with this state of the project.",
        )
    return record


def _changed(folder: Path, record: Record) -> list[str]:
    """Return what differs of a failed run, which need not be complete."""
    now = inventory(folder)
    return sorted(name for name in {*now, *record.files} if now.get(name) != record.files.get(name))


def restore(folder: Path, record: Record, errand: Errand, plan: Plan, git: Any) -> None:
    """Make results what they would be here: the user's paths, and the state of this project."""
    if errand.aliases:
        _restore_notebook(folder / NOTEBOOK, errand)
        params = folder / "params.json"
        if params.is_file():
            files.write_json(params, renamed(results.load_json(folder, "params"), errand))
    error = record.error
    if error:
        told = renamed([error.message, error.traceback], errand)
        error = replace(error, message=told[0], traceback=told[1])
    replace(
        record,
        key=plan.key,
        parts=plan.parts,
        parameters=plan.params.as_json(),
        git=git,
        files=inventory(folder),
        error=error,
    ).write(folder)


def _restore_notebook(path: Path, errand: Errand) -> None:
    import nbformat
    from papermill.translators import PythonTranslator

    notebook = nbformat.read(path, as_version=4)
    for cell in notebook.cells:
        if "injected-parameters" in cell.metadata.get("tags", []):
            for alias, given in errand.aliases.items():
                written, ours = map(PythonTranslator.translate, (alias, given))
                cell.source = cell.source.replace(written, ours)
        elif cell.cell_type == "code":
            cell.outputs = [nbformat.from_dict(renamed(o, errand)) for o in cell.outputs]
    files.write_text(path, nbformat.writes(notebook))


def renamed(value: Any, errand: Errand) -> Any:
    """Return a value with what the user wrote in place of every alias, in all its texts."""
    match value:
        case str():
            for alias, given in errand.aliases.items():
                value = value.replace(alias, given)
            return value
        case list():
            return [renamed(each, errand) for each in value]
        case dict():
            return {name: renamed(each, errand) for name, each in value.items()}
    return value


def _digest(content: Path | bytes) -> str:
    if isinstance(content, Path):
        return files.sha256(content)
    return hashlib.sha256(content).hexdigest()

"""The record of one run: what was asked, what was read, what came out."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from analysis_lib import files, results
from analysis_lib.errors import RunError

FORMAT = 1
RECORD = results.RECORD
NOTEBOOK = "notebook.ipynb"
REQUIRED = (NOTEBOOK, "params.json", "metrics.json", "data.json")


@dataclass(frozen=True)
class Failure:
    """Why a run failed: the cell (1-based, None when none was reached) and its traceback."""

    message: str
    cell: int | None = None
    traceback: str = ""


@dataclass(frozen=True)
class Record:
    """The facts of one run, as `record.json` holds them.

    `files` maps every result, by its path within the run's folder, to its size and SHA-256;
    `changed` names the parameters that differ from their defaults; `data` has one entry per
    data set, with its kind (real, yours or simulated); `parts` holds what the key is made of.
    """

    study: str
    run: str
    key: str
    parts: Mapping[str, str]
    status: Literal["ok", "failed"]
    started: str
    seconds: float
    peak_memory_mb: float
    parameters: Mapping[str, Any]
    changed: Sequence[str]
    versions: Mapping[str, str]
    git: Mapping[str, Any] | None
    data: Sequence[Mapping[str, Any]] = ()
    files: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    error: Failure | None = None

    @property
    def id(self) -> str:
        """The run's name within the report, `study/run`."""
        return f"{self.study}/{self.run}"

    def write(self, folder: Path) -> None:
        """Write `record.json` into the run's folder."""
        facts = {"format": FORMAT, **asdict(self)}
        files.write_json(folder / RECORD, {**facts, "seal": _seal(facts)})


def read_record(folder: Path) -> Record:
    """Read the record of a run; a damaged or foreign one is a `RunError`."""
    path = folder / RECORD
    try:
        fields = files.read_json(path)
        if fields.pop("seal") != _seal(fields):
            raise ValueError("it was changed after it was written")
        if fields.pop("format") != FORMAT:
            raise ValueError("another format")
        error = fields.pop("error")
        return Record(**fields, error=Failure(**error) if error else None)
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise RunError(
            "The record of a run cannot be read.",
            where=str(path),
            got=f"{type(error).__name__}: {error}",
            remedy="Run it again; the folder can be deleted.",
        ) from error


def _seal(facts: Mapping[str, Any]) -> str:
    return hashlib.sha256(files.to_json(facts).encode()).hexdigest()


def inventory(folder: Path) -> dict[str, dict[str, Any]]:
    """Return size and SHA-256 of every file below a run's folder but its record."""
    return {
        path.relative_to(folder).as_posix(): {
            "bytes": path.stat().st_size,
            "sha256": files.sha256(path),
        }
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != RECORD
    }


def damaged(folder: Path, record: Record) -> list[str]:
    """Return the results that are missing from a run's folder or differ from its record."""
    now = inventory(folder)
    names = {*record.files, *REQUIRED}
    return sorted(name for name in names if now.get(name) != record.files.get(name))

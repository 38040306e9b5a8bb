"""A sweep on disk: `build/sweeps/<study>/<name>.json`, its dimensions and its points."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from analysis_lib import files
from analysis_lib.errors import RunError
from analysis_lib.runs.lock import Say

FORMAT = 1

_OF_A_POINT = re.compile(r"-[0-9a-f]{8}$")


@dataclass(frozen=True)
class Point:
    """One point: its values of the dimensions, the run that holds its results, how it stands.

    `run` is `study/name`; the run may be one that was there before the sweep, under its own name.
    """

    values: Mapping[str, Any]
    run: str
    status: Literal["good", "failed", "waiting"]
    error: str | None = None


@dataclass(frozen=True)
class Sweep:
    """A study's results as parameters vary.

    `dimensions` maps every parameter that varies to the values it takes, in the order in which
    they were asked for; `fixed` are parameters that are the same at every point; `started` is a
    moment as in a run's record.
    """

    study: str
    name: str
    started: str
    dimensions: Mapping[str, Sequence[Any]]
    fixed: Mapping[str, Any]
    points: Sequence[Point]

    @property
    def id(self) -> str:
        """The sweep's name within the report, `study/name`."""
        return f"{self.study}/{self.name}"


def path_of(root: Path, study: str, name: str) -> Path:
    """Return where a sweep is kept; `root` is `build/sweeps`."""
    return root / study / f"{name}.json"


def write_sweep(root: Path, sweep: Sweep) -> None:
    """Keep a sweep, in one piece or not at all."""
    facts = {"format": FORMAT, **asdict(sweep)}
    facts["dimensions"] = [[name, values] for name, values in sweep.dimensions.items()]  # in order
    files.write_json(path_of(root, sweep.study, sweep.name), facts)


def read_sweep(path: Path) -> Sweep:
    """Read a sweep; a damaged or foreign one is a `RunError`."""
    try:
        fields = files.read_json(path)
        if fields.pop("format") != FORMAT:
            raise ValueError("another format")
        points = [Point(**point) for point in fields.pop("points")]
        dimensions = dict(fields.pop("dimensions"))
        return Sweep(**fields, dimensions=dimensions, points=points)
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise RunError(
            "The list of a sweep's points cannot be read.",
            where=str(path),
            got=f"{type(error).__name__}: {error}",
            remedy="Delete it and ask for the sweep again: points already made are not made again.",
        ) from error


def read_sweeps(root: Path, say: Say) -> list[Sweep]:
    """Read all sweeps of a project, by study and name; one that is damaged is told and left out."""
    found = []
    for path in sorted(root.glob("*/*.json")):
        if path.name.startswith(files.TEMPORARY):
            continue
        try:
            found.append(read_sweep(path))
        except RunError as error:
            say(f"A sweep is left out of the book. {error}")
    return found


def made_for(sweeps: Iterable[Sweep]) -> set[str]:
    """Return the runs that were made for sweeps alone, and not under a name that a user gave."""
    points = (point.run for sweep in sweeps for point in sweep.points)
    return {run for run in points if _OF_A_POINT.search(run)}


def run_name(sweep: str, parameters: Mapping[str, Any]) -> str:
    """Return what the run of a point is called, by all its parameters.

    Examples
    --------
    >>> run_name("sweep", {"seed": 1})
    'sweep-a4bbadc1'
    """
    return f"{sweep}-{hashlib.sha256(files.to_json(parameters).encode()).hexdigest()[:8]}"

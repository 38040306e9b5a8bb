"""What is known of the points of a sweep: each its run's numbers, as far as they are whole."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from analysis_lib import files, results
from analysis_lib.errors import AnalysisError
from analysis_lib.results import GeneFacts
from analysis_lib.runs.record import RECORD, Record, read_record
from analysis_lib.runs.sweep_file import Point, Sweep
from analysis_lib.site.facts import SiteRun
from analysis_lib.site.summary import Metric, Summary

READ = ("metrics.json", f"{results.GENES}.json")
"""What a sweep's page reads of a run beside its record."""


@dataclass(frozen=True)
class PointResult:
    """A point with what its run left; `summary` is empty unless it is good.

    A point whose run is gone, or is not as it was recorded, waits to be made again.
    """

    number: int
    point: Point
    status: Literal["good", "failed", "waiting"]
    summary: Summary

    @property
    def run(self) -> SiteRun:
        """The run that holds the results."""
        return self.summary.run

    @property
    def at_defaults(self) -> bool:
        """Whether every parameter that varies has its default here."""
        record = self.run.record
        return record is not None and not set(record.changed) & set(self.point.values)

    def metric(self, name: str) -> Metric | None:
        """Return one of the run's numbers; None without results and for what is no number."""
        stored = self.summary.document.get("metrics", {}).get(name)
        metric = Metric.of(stored) if stored else None
        return metric if metric and metric.value is not None else None

    def genes(self) -> GeneFacts | None:
        """Return what the run knows of its genes; None when that is nothing."""
        try:
            return results.load_genes(self.run.folder) if self.run.folder else None
        except ValueError:  # written by another version of the library, which is no damage
            return None


def read_points(sweep: Sweep, root: Path) -> list[PointResult]:
    """Return every point with what is known of it; `root` is `build/runs`."""
    return [_read(n, point, sweep, root) for n, point in enumerate(sweep.points, start=1)]


def numbers(points: Sequence[PointResult]) -> dict[str, str]:
    """Return the headline numbers of all runs and their labels, those of most runs first.

    Runs can have different ones: a study may put forward the model that it chose.
    """
    labels: dict[str, str] = {}
    counts: Counter[str] = Counter()
    for point in points:
        metrics = point.summary.document.get("metrics", {})
        for name in point.summary.document.get("headline", []):
            labels.setdefault(name, Metric.of(metrics[name]).label)
            counts[name] += 1
    return {name: labels[name] for name, _ in counts.most_common()}


def digests(sweep: Sweep, root: Path) -> Iterator[tuple[str, list[str | None]]]:
    """Yield every run of a sweep with the SHA-256 of what its page reads of it."""
    for point in sweep.points:
        try:
            folder = results.of_run(point.run, root)
        except AnalysisError:
            continue
        yield point.run, [_digest(folder / name) for name in (RECORD, *READ)]


def _read(number: int, point: Point, sweep: Sweep, root: Path) -> PointResult:
    study, _, name = point.run.partition("/")
    nothing = Summary(SiteRun(study, name, None, None))
    if point.status != "good":
        return PointResult(number, point, point.status, nothing)
    try:
        folder = results.of_run(point.run, root)
        record = read_record(folder)
        altered = any(_altered(folder, name, record.files) for name in READ)
        if record.status != "ok" or altered or not _is_of(record, point, sweep):
            return PointResult(number, point, "waiting", nothing)
        summary = Summary.of(SiteRun(study, name, folder, record))
        return PointResult(number, point, "good", summary)
    except (AnalysisError, OSError):
        return PointResult(number, point, "waiting", nothing)


def _is_of(record: Record, point: Point, sweep: Sweep) -> bool:
    """Return whether a run has a point's parameters: one that bears a user's name may be remade."""
    asked = {**sweep.fixed, **point.values}
    same = all(record.parameters.get(name) == value for name, value in asked.items())
    return same and set(record.changed) <= set(asked)


def _altered(folder: Path, name: str, recorded: object) -> bool:
    known = recorded.get(name) if isinstance(recorded, dict) else None
    return _digest(folder / name) != (known["sha256"] if known else None)


def _digest(path: Path) -> str | None:
    try:
        return files.sha256(path)
    except OSError:
        return None

"""What the site is told: the runs, the studies, the data sets, and what came of building it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol

from analysis_lib.runs.record import Record
from analysis_lib.runs.sweep_file import Sweep

Status = Literal["ok", "stale", "failed"]
Kind = Literal["simulated", "yours", "real"]


@dataclass(frozen=True)
class SiteRun:
    """One run: its last good results, if any, and its failure, if the last attempt failed.

    `stale` says in words what changed since the results were made; `listed` whether the run
    is one of the report's own (`report.yml`) or was added from the command line.
    """

    study: str
    name: str
    folder: Path | None
    record: Record | None
    failure: Record | None = None
    stale: tuple[str, ...] = ()
    listed: bool = True

    @property
    def id(self) -> str:
        """The run's name within the report, `study/run`."""
        return f"{self.study}/{self.name}"

    @property
    def page(self) -> str:
        """The run's page, as a path within the site without its ending."""
        return f"studies/{self.study}/{self.name}"

    @property
    def files(self) -> str:
        """The folder of the run's files within the site."""
        return f"files/{self.study}/{self.name}"

    @property
    def status(self) -> Status:
        """How much of the page a reader may believe to be of today."""
        if self.failure or not self.folder:
            return "failed"
        return "stale" if self.stale else "ok"

    @property
    def kind(self) -> Kind | None:
        """The least trustworthy kind of data the results were made from; None without results."""
        kinds = {entry["kind"] for entry in self.record.data} if self.record else set()
        known: tuple[Kind, ...] = ("simulated", "yours", "real")
        return next((kind for kind in known if kind in kinds), None)


class ParameterRow(Protocol):
    """One parameter of a study, as a table of them shows it."""

    @property
    def name(self) -> str:
        """Its name on the command line."""

    @property
    def type(self) -> str:
        """What kind of value it takes, in words."""

    @property
    def default(self) -> str:
        """Its default, as JSON."""

    @property
    def range(self) -> str:
        """Its limits or choices; empty when there are none."""

    @property
    def description(self) -> str:
        """What it decides."""

    @property
    def example(self) -> Any:
        """Another value worth trying; None for most."""


@dataclass(frozen=True)
class StudyPage:
    """What the site says of a study: its title, its question, its parameters in order."""

    name: str
    title: str
    question: str
    parameters: Sequence[ParameterRow] = ()


class DataFile(Protocol):
    """A file of a data set as the catalogue knows it."""

    @property
    def name(self) -> str:
        """Its name on disk."""

    @property
    def address(self) -> str:
        """Where it is published."""

    @property
    def size(self) -> int | None:
        """Its bytes, where known."""

    @property
    def checksum(self) -> str | None:
        """What its bytes are held against; None when the first download decides."""


@dataclass(frozen=True)
class DataRow:
    """One data set of the catalogue, and whether it is there."""

    dataset: str
    title: str
    citation: str
    doi: str | None
    terms: str
    files: tuple[DataFile, ...]
    columns: tuple[tuple[str, str], ...]
    state: str
    used_by: tuple[str, ...]


@dataclass(frozen=True)
class Book:
    """Everything that goes into the site: runs in the order of the report, studies, data, sweeps.

    Of the runs of a sweep only those are among `runs` that get pages of their own.
    """

    runs: Sequence[SiteRun]
    studies: Sequence[StudyPage]
    data: Sequence[DataRow] = ()
    citation: str = ""
    sweeps: Sequence[Sweep] = ()

    def of_study(self, study: str) -> list[SiteRun]:
        """Return the runs of a study, those of the report first, `default` before all."""
        runs = [run for run in self.runs if run.study == study]
        return sorted(runs, key=lambda run: (not run.listed, run.name != "default"))

    def study(self, name: str) -> StudyPage:
        """Return what the site was told of a study; its name must do when that is nothing."""
        return next((s for s in self.studies if s.name == name), StudyPage(name, name, ""))

    def title(self, run: SiteRun) -> str:
        """Return the title of a run's page."""
        title = self.study(run.study).title
        return title if run.name == "default" else f"{title}: {run.name}"


@dataclass(frozen=True)
class SiteReport:
    """What came of it: where the site is, whether it had to be built, which runs failed."""

    target: Path
    built: bool
    pages: int
    seconds: float
    failed: tuple[str, ...] = ()

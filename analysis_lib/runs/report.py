"""All runs of a report: those that `report.yml` asks for, and those found beside them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from analysis_lib import files, studies
from analysis_lib.errors import AnalysisError, RunError
from analysis_lib.runs.engine import FailedRunError, Runs
from analysis_lib.runs.made import Made
from analysis_lib.runs.record import RECORD, Failure, Record, damaged, read_record
from analysis_lib.runs.side_by_side import hands
from analysis_lib.runs.values import RunSpec


@dataclass(frozen=True)
class RunState:
    """Where a run stands: its last good results, its failure since, what changed since.

    `listed` tells the runs of `report.yml` from those a user made beside them.
    """

    study: str
    name: str
    folder: Path | None
    record: Record | None
    failure: Record | None
    stale: tuple[str, ...]
    listed: bool

    @property
    def id(self) -> str:
        """The run's name within the report, `study/name`."""
        return f"{self.study}/{self.name}"


def make_all(
    runs: Runs, specs: Sequence[RunSpec], *, jobs: int = 1, hidden: Collection[str] = ()
) -> list[RunState]:
    """Make every run that is asked for; one that fails does not stop the rest.

    Wrong parameters are an error before anything is executed.

    Parameters
    ----------
    runs : Runs
    specs : sequence of RunSpec
        What is asked for.
    jobs : int
        How many runs are made at once.
    hidden : collection of str
        Runs beside them that are not looked at, called `study/name`.
    """
    for spec in specs:
        studies.load(spec.study).Params.of(spec.values)
    # A study that works on the run of another one is made after it.
    for reads in (False, True):
        wave = [s for s in specs if (studies.info(s.study).reads is not None) == reads]
        for made in hands(runs, jobs).make(wave):
            _tell(runs, made, jobs)
    return as_they_are(runs, specs, hidden)


def as_they_are(
    runs: Runs, specs: Sequence[RunSpec], hidden: Collection[str] = ()
) -> list[RunState]:
    """Return where every run stands that is asked for or found, and execute nothing."""
    asked = [_state(runs, spec.study, spec.name, spec) for spec in specs]
    return asked + _others(runs, {spec.id for spec in specs} | set(hidden))


def _tell(runs: Runs, made: Made, jobs: int) -> None:
    """Tell what became of a run, where its process has not done so, and keep a failure."""
    spec, error = made.spec, made.error
    if made.did == "executed" and jobs > 1:
        runs.say(f"{spec.id}: done in {made.seconds or 0.0:.1f} s")
    if isinstance(error, FailedRunError):  # it is kept aside already
        runs.say(str(error))
    elif error:
        runs.say(f"{spec.id}: {error}")
        with files.told(f"The failure of {spec.id} could not be kept.", runs.root, RunError):
            _keep_failure(runs, spec, error)


def _keep_failure(runs: Runs, spec: RunSpec, error: AnalysisError) -> None:
    """Record a run that could not be made, so that its page can say why."""
    params = studies.load(spec.study).Params.of(spec.values)
    record = Record(
        study=spec.study,
        run=spec.name,
        key="",
        parts={},
        status="failed",
        started=f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
        seconds=0.0,
        peak_memory_mb=0.0,
        parameters=params.as_json(),
        changed=params.changed(),
        versions={},
        git=None,
        error=Failure(str(error)),
    )
    with files.atomic_folder(runs.failed_folder(spec.study, spec.name)) as folder:
        record.write(folder)


def _state(runs: Runs, study: str, name: str, spec: RunSpec | None) -> RunState:
    folder = runs.folder(study, name)
    record, failure = _whole(runs, folder), _readable(runs, runs.failed_folder(study, name))
    stale: tuple[str, ...] = ()
    if record:
        try:
            plan = runs.plan(spec or RunSpec(study, name, record.parameters))
            stale = runs.stale(plan, record)
        except AnalysisError as error:
            stale = (error.what,)
    return RunState(
        study=study,
        name=name,
        folder=folder if record else None,
        record=record,
        failure=failure,
        stale=stale,
        listed=spec is not None,
    )


def _others(runs: Runs, known: Collection[str]) -> list[RunState]:
    """Return the runs that lie on disk and are none of those known by their names."""
    found = sorted(runs.root.glob(f"*/*/{RECORD}"))
    names = {(path.parents[1].name, path.parent.name.removesuffix(".failed")) for path in found}
    states = [
        _state(runs, study, name, None)
        for study, name in sorted(names)
        if study in studies.STUDIES
        and f"{study}/{name}" not in known
        and not name.startswith(files.TEMPORARY)
    ]
    return [state for state in states if state.record or state.failure]


def _whole(runs: Runs, folder: Path) -> Record | None:
    """Return the record of a run whose results are all as they were recorded."""
    record = _readable(runs, folder)
    if record and (bad := damaged(folder, record)):
        runs.say(f"{record.id}: left out of the book, its results are damaged: {', '.join(bad)}")
        return None
    return record


def _readable(runs: Runs, folder: Path) -> Record | None:
    try:
        return read_record(folder) if (folder / RECORD).exists() else None
    except RunError as error:  # as good as not there: the next build makes it again
        runs.say(f"{folder.parent.name}/{folder.name}: left out of the book. {error.what}")
        return None

"""The run engine: decide whether a run is fresh, and make it when it is not."""

from __future__ import annotations

import os
import platform
import re
import secrets
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import nbformat

from analysis_lib import files, results, studies
from analysis_lib.errors import AnalysisError, RunError
from analysis_lib.runs import processes
from analysis_lib.runs.execute import Execution, execute
from analysis_lib.runs.key import differences, key, parts
from analysis_lib.runs.limits import Limits
from analysis_lib.runs.lock import Say, hold
from analysis_lib.runs.progress import Cells
from analysis_lib.runs.record import (
    NOTEBOOK,
    RECORD,
    REQUIRED,
    Failure,
    Record,
    damaged,
    inventory,
    read_record,
)
from analysis_lib.runs.values import RunSpec, check_name

if TYPE_CHECKING:
    from analysis_lib.datasets.sources import Source
    from analysis_lib.studies.params import StudyParams

VERSIONS = (
    *("numpy", "pandas", "pyarrow", "scipy", "scikit-learn", "xgboost", "xgboost-cpu"),
    *("tensorflow", "tensorflow-cpu", "umap-learn", "plotly", "seaborn", "papermill"),
    *("nbclient", "jupyter-book", "analysis-lib"),
)
"""The packages whose versions a record holds; the lock file holds them all."""

_WRITING = re.compile(rf"{re.escape(files.TEMPORARY)}([\w-]+)\.\w+")
# A run's folder while it is written, which is gone when somebody reads of it.


@dataclass(frozen=True)
class Plan:
    """A run that was asked for, checked and ready: its parameters, its data, its key.

    `before` says what is out of date about the run whose results it works on, if it does.
    """

    spec: RunSpec
    params: StudyParams
    sources: list[Source]
    parts: Mapping[str, str]
    key: str
    before: tuple[str, ...] = ()


class FailedRunError(RunError):
    """A run that was executed and went wrong; it is kept aside, with a record that says how."""


@dataclass(frozen=True)
class Outcome:
    """What became of a run that was asked for."""

    record: Record
    did: Literal["executed", "nothing"]


class Runs:
    """The runs of a project, below `<project>/build/runs`.

    Parameters
    ----------
    project : Path
        The folder with `notebooks/`, `analysis_lib/` and `requirements.lock`.
    say : callable
        Takes every line meant for the user.
    """

    def __init__(self, project: Path = files.PROJECT, say: Say = print) -> None:
        self.project = project
        self.root = project / "build" / "runs"
        self.say = say

    def folder(self, study: str, name: str) -> Path:
        """Return the folder of a run's last good results."""
        return self.root / study / name

    def failed_folder(self, study: str, name: str) -> Path:
        """Return the folder in which a failed run is kept aside."""
        return self.root / study / f"{name}.failed"

    def good(self, run: str) -> Path:
        """Return the folder of the good results of a run, called `study/name`, as they were made.

        An error when there are none, or when a file of them was changed since.
        """
        studies.info(run.partition("/")[0])
        folder = results.of_run(run, self.root)
        if bad := damaged(folder, read_record(folder)):
            raise RunError(
                f"The results of {run} are damaged.",
                where=str(folder),
                got=", ".join(bad[:3]),
                remedy=f"Make them again: {_command(run)}",
            )
        return folder

    def plan(self, spec: RunSpec) -> Plan:
        """Check everything that can be checked before a kernel starts."""
        check_name(spec.name)
        study = studies.load(spec.study)
        params = study.Params.of(spec.values)
        before = self._before(spec.study, params)
        sources = study.sources(params)
        digests = parts(self._notebook(spec.study), params.as_json(), sources, self.project)
        return Plan(spec, params, sources, digests, key(digests), before)

    def _before(self, study: str, params: StudyParams) -> tuple[str, ...]:
        """Say what is out of date about the run that a study works on, which must be a good one."""
        named = studies.info(study).reads
        if named is None:
            return ()
        run = getattr(params, named)
        record = read_record(self.good(run))
        try:
            plan = self.plan(RunSpec(record.study, record.run, record.parameters))
        except AnalysisError as error:  # its data are gone, say; its results are good all the same
            return (f"{run}, which it works on, cannot be made again: {error.what}",)
        if changed := self.stale(plan, record):
            return (f"{run}, which it works on, is out of date: {', '.join(changed)}",)
        return ()

    def fresh(self, plan: Plan) -> Record | None:
        """Return the record of a run whose results stand as they are; None when it must run."""
        folder = self.folder(plan.spec.study, plan.spec.name)
        if not (folder / RECORD).exists():
            return None
        try:
            record = read_record(folder)
        except RunError as error:
            self.say(f"{plan.spec.id}: {error.what} It is executed again.")
            return None
        if record.status != "ok" or record.key != plan.key:
            return None
        if bad := damaged(folder, record):
            self.say(f"{plan.spec.id}: damaged results ({', '.join(bad[:3])}); executed again.")
            return None
        return record

    def stale(self, plan: Plan, record: Record) -> tuple[str, ...]:
        """Say what changed since a run was recorded; nothing when it is as fresh as can be."""
        return differences(record.parts, plan.parts) + plan.before

    def ensure(
        self, spec: RunSpec, *, force: bool = False, limits: Limits | None = None
    ) -> Outcome:
        """Make a run unless it is there already; a failure is recorded and raised."""
        with files.told(f"The run {spec.id} could not be made.", self.root, RunError):
            plan = self.plan(spec)
            for words in plan.before:
                run = getattr(plan.params, studies.info(spec.study).reads or "")
                self.say(f"{spec.id}: {words.rstrip('.')}. Renew it: {_command(run)}")
            with self.alone(spec):
                self._tidy(spec)
                record = None if force else self.fresh(plan)
                if record:
                    files.remove(self.failed_folder(spec.study, spec.name))
                    return Outcome(record, "nothing")
                return Outcome(self._make(plan, limits or Limits()), "executed")

    def _make(self, plan: Plan, limits: Limits) -> Record:
        spec = plan.spec
        studies.load(spec.study).check(
            plan.params
        )  # a table no model can use: said before a kernel
        self.say(f"{spec.id}: executing")
        started = datetime.now(UTC)
        with self.scratch(spec) as folder:
            with Cells(spec.id, self.say) as cells:
                execution = execute(
                    self._notebook(spec.study),
                    plan.params.as_json(),
                    folder,
                    limits=limits,
                    cells=cells,
                )
            files.write_text(folder / NOTEBOOK, nbformat.writes(execution.notebook))
            failure = execution.failure or incomplete(folder, plan)
            record = self._record(plan, execution, failure, started, folder)
            record.write(folder)
            if failure:
                files.replace_folder(folder, self.failed_folder(spec.study, spec.name))
                raise self._failed(spec, failure)
            files.replace_folder(folder, self.folder(spec.study, spec.name))
        files.remove(self.failed_folder(spec.study, spec.name))
        self.say(f"{spec.id}: done in {record.seconds:.1f} s, {record.peak_memory_mb:.0f} MB")
        return record

    def _record(
        self,
        plan: Plan,
        execution: Execution,
        failure: Failure | None,
        started: datetime,
        folder: Path,
    ) -> Record:
        return Record(
            study=plan.spec.study,
            run=plan.spec.name,
            key=plan.key,
            parts=plan.parts,
            status="failed" if failure else "ok",
            started=f"{started:%Y-%m-%dT%H:%M:%SZ}",
            seconds=execution.seconds,
            peak_memory_mb=execution.peak_memory_mb,
            parameters=plan.params.as_json(),
            changed=plan.params.changed(),
            versions=versions(),
            git=git_state(self.project),
            data=[] if failure else results.load_json(folder, "data"),
            files=inventory(folder),
            error=failure,
        )

    def _failed(self, spec: RunSpec, failure: Failure) -> FailedRunError:
        kept = self.failed_folder(spec.study, spec.name).relative_to(self.project)
        return FailedRunError(
            f"The run {spec.id} failed.",
            where=f"code cell {failure.cell}" if failure.cell else None,
            got=_WRITING.sub(r"\1", failure.message.splitlines()[0])[:300],
            remedy=f"See {kept}/{NOTEBOOK}. The last good run, if any, stands as it was.",
        )

    @contextmanager
    def alone(self, spec: RunSpec) -> Iterator[None]:
        """Hold a run while the block lasts, so that nobody else writes it."""
        with hold(self.root / spec.study / f".{spec.name}.lock", f"The run {spec.id}", self.say):
            yield

    def _tidy(self, spec: RunSpec) -> None:
        """Clear what a killed driver left: its processes, and half-written folders."""
        if left := processes.left_behind(self._scratch_prefix(spec)):
            numbers = ", ".join(str(process.pid) for process in left)
            self.say(f"{spec.id}: ending what a killed run left behind (processes {numbers})")
            processes.end(left)
        for path in self._scratch_prefix(spec).parent.glob(f"{self._scratch_prefix(spec).name}*"):
            files.remove(path)

    def _scratch_prefix(self, spec: RunSpec) -> Path:
        return self.root / spec.study / f"{files.TEMPORARY}{spec.name}."

    @contextmanager
    def scratch(self, spec: RunSpec) -> Iterator[Path]:
        """Give a folder for the results of a run that is held; it is gone after the block."""
        prefix = self._scratch_prefix(spec)
        folder = prefix.with_name(f"{prefix.name}{secrets.token_hex(4)}")
        try:
            folder.mkdir(parents=True)
            yield folder
        finally:
            files.remove(folder)

    def _notebook(self, study: str) -> Path:
        return self.project / "notebooks" / f"{studies.info(study).name}.ipynb"


def incomplete(folder: Path, plan: Plan) -> Failure | None:
    """Return why the results of a run that came to its end are not to be believed, or None."""
    missing = [name for name in REQUIRED if not (folder / name).is_file()]
    if missing:
        return Failure(f"The notebook left no {', '.join(missing)} behind.")
    expected = {(s.dataset, s.kind, f.name, f.sha256) for s in plan.sources for f in s.files}
    try:
        params = results.load_json(folder, "params")
        read = {
            (entry["dataset"], entry["kind"], file["name"], file["sha256"])
            for entry in results.load_json(folder, "data")
            for file in entry["files"]
        }
    except (ValueError, KeyError, TypeError) as error:
        return Failure(f"The notebook left results that cannot be read: {error}")
    if params != plan.params.as_json():
        return Failure("The notebook worked with other parameters than it was given.")
    if read != expected:
        return Failure("A data file changed while the notebook was reading it.")
    return None


def _command(run: str) -> str:
    study, _, name = run.partition("/")
    return f"make run STUDY={study} NAME={name}."


@cache
def versions() -> dict[str, str]:
    """Return the versions of Python and of the packages a run's results depend on."""
    found = {
        "python": platform.python_version(),
        "platform": f"{platform.system()} {platform.machine()}",
    }
    for name in VERSIONS:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue  # the other build of the same package is installed
    return found


@cache
def git_state(project: Path) -> dict[str, Any] | None:
    """Return the commit of the project and whether its files differ from it; None without git."""
    command = ["git", "-C", str(project)]
    environment = {**os.environ, "GIT_OPTIONAL_LOCKS": "0"}
    try:
        commit, status = (
            subprocess.run(
                [*command, *words], capture_output=True, text=True, check=True, env=environment
            ).stdout.strip()
            for words in (["rev-parse", "HEAD"], ["status", "--porcelain", "--untracked-files=no"])
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    return {"commit": commit, "dirty": bool(status)}

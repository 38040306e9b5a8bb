"""Sweeps: every point checked, made when it is not there, and kept in one document."""

from __future__ import annotations

import contextlib
import statistics
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from analysis_lib import files, studies
from analysis_lib.errors import AnalysisError, ParameterError, RunError, quoted, visible
from analysis_lib.runs.engine import Plan, Runs
from analysis_lib.runs.grid import Asked
from analysis_lib.runs.lock import hold
from analysis_lib.runs.made import Hands, Made
from analysis_lib.runs.record import RECORD, read_record
from analysis_lib.runs.sweep_file import Point, Sweep, path_of, read_sweep, run_name, write_sweep
from analysis_lib.runs.values import RunSpec, check_name

NAME = "sweep"
"""What a sweep is called when nobody gives it a name."""

_LONGEST_NAME = 64 - len("-01234567")
_LONGEST_VALUE = 40


@dataclass(frozen=True)
class Wanted:
    """A point that was asked for and checked: its values of what varies, and the run it needs."""

    values: Mapping[str, Any]
    plan: Plan


def root_of(project: Path) -> Path:
    """Return where the sweeps of a project are kept."""
    return project / "build" / "sweeps"


def sweep(runs: Runs, study: str, asked: Asked, hands: Hands, *, jobs: int | None = None) -> Sweep:
    """Make every point of a sweep that is not there already, and return the sweep.

    A sweep of the same name that varies the same parameters is gone on with: its good points stay,
    its failed ones are tried again where they are asked for. One that varies others is an error,
    as is any wrong point, before anything is executed.

    Parameters
    ----------
    runs : Runs
        The runs of the project.
    study : str
    asked : Asked
        What varies, and what does not.
    hands : Hands
        What makes the runs.
    jobs : int, optional
        How many are made at once, for the estimate of the rest; seen from the pace by default.
    """
    name = asked.name or NAME
    _check_sweep_name(name)
    varied = {n for point in asked.points for n in point}
    if not varied:
        raise ParameterError(
            "Nothing varies in this sweep.", remedy="Let some of its points give a value."
        )
    if both := sorted(varied & set(asked.fixed)):
        raise ParameterError(
            f"The parameter {quoted(both[0])} is fixed, and varies too.", remedy="Give it once."
        )
    root = root_of(runs.project)
    path = path_of(root, study, name)
    wanted = _checked(runs, study, name, asked)
    with (
        files.told(f"The sweep {study}/{name} could not be made.", path, RunError),
        hold(path.with_name(f".{name}.lock"), f"The sweep {study}/{name}", runs.say),
    ):
        there = _there(runs, wanted)
        before = read_sweep(path) if path.exists() else None
        begun = _begun(before, name, asked.fixed, wanted, there)
        write_sweep(root, begun)
        missing = [w for w in wanted if w.plan.spec.id not in there]
        count = f"{len(wanted)} points" if len(wanted) > 1 else "one point"
        runs.say(f"{begun.id}: {count}, {len(there)} there already, {len(missing)} to make")
        return _made(runs, begun, missing, hands, _Progress(begun, len(wanted), len(there), jobs))


def _made(
    runs: Runs, sweep: Sweep, missing: Sequence[Wanted], hands: Hands, progress: _Progress
) -> Sweep:
    """Make what is missing, and write down every point as soon as it is done."""
    root = root_of(runs.project)
    try:
        for each in hands.make([w.plan.spec for w in missing]):
            made = _timed(runs, each)
            sweep = _with(sweep, made)
            write_sweep(root, sweep)
            runs.say(progress.line(next(p for p in sweep.points if p.run == made.spec.id), made))
    except BaseException:
        good = sum(p.status == "good" for p in sweep.points)
        runs.say(
            f"{sweep.id}: {good} of {len(sweep.points)} points are there; "
            "the same command goes on with the rest."
        )
        raise
    runs.say(progress.end())
    return sweep


def _checked(runs: Runs, study: str, name: str, asked: Asked) -> list[Wanted]:
    """Return every point once, with all that can be checked before a kernel starts checked."""
    of = studies.load(study).Params.of
    varied = list(dict.fromkeys(n for point in asked.points for n in point))
    found: dict[str, Wanted] = {}
    for number, point in enumerate(asked.points, start=1):
        given = {**asked.fixed, **point}
        try:
            parameters = of(given).as_json()
            run = run_name(name, parameters)
            if run in found and found[run].plan.params.as_json() != parameters:
                raise ParameterError(
                    "By a rare chance its run has the name of another point's.",
                    remedy="Leave out one of the two, or vary something else a little.",
                )
            if run not in found:
                values = {n: parameters[n] for n in varied}
                found[run] = Wanted(values, runs.plan(RunSpec(study, run, given)))
        except AnalysisError as error:
            place = f"point {number} of {len(asked.points)} ({words_of(point)})"
            raise type(error)(
                error.what,
                where=f"{place}: {error.where}" if error.where else place,
                expected=error.expected,
                got=error.got,
                remedy=error.remedy,
            ) from error
    if more := len(asked.points) - len(found):
        runs.say(f"{study}/{name}: {more} of {len(asked.points)} points are asked for twice")
    return list(found.values())


def _there(runs: Runs, wanted: Sequence[Wanted]) -> dict[str, str]:
    """Return which points have good results: the run of each, and the run that holds them.

    That may be one of another name: the same key means the same results.
    """
    study = wanted[0].plan.spec.study
    keys: dict[str, list[str]] = {}
    for path in sorted((runs.root / study).glob(f"*/{RECORD}")):
        if "." in path.parent.name:  # failed, or half written
            continue
        try:
            keys.setdefault(read_record(path.parent).key, []).append(path.parent.name)
        except RunError:  # as good as not there
            continue
    found = {}
    for plan in (w.plan for w in wanted):
        names = keys.get(plan.key, [])
        for name in sorted(names, key=lambda name: name != plan.spec.name):
            if runs.fresh(replace(plan, spec=replace(plan.spec, name=name))):
                found[plan.spec.id] = f"{study}/{name}"
                break
    return found


def _begun(
    before: Sweep | None,
    name: str,
    fixed_names: Collection[str],
    wanted: Sequence[Wanted],
    there: Mapping[str, str],
) -> Sweep:
    """Return the sweep as it stands before anything is executed."""
    study = wanted[0].plan.spec.study
    fixed = {n: wanted[0].plan.params.as_json()[n] for n in fixed_names}
    varied = wanted[0].values
    if before and (set(before.dimensions) != set(varied) or before.fixed != fixed):
        raise ParameterError(
            f"There is a sweep {study}/{name} that is another one.",
            expected=_described(before.dimensions, before.fixed),
            got=_described(varied, fixed),
            remedy="Give this one a name of its own: NAME=…",
        )
    points = {
        files.to_json(point.values): point
        for point in (before.points if before else ())
        if point.status == "good"
    }
    for each in wanted:
        run = each.plan.spec.id
        points[files.to_json(each.values)] = Point(
            each.values, there.get(run, run), "good" if run in there else "waiting"
        )
    return Sweep(
        study=study,
        name=name,
        started=before.started if before else f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
        dimensions={n: _once([p.values[n] for p in points.values()]) for n in varied},
        fixed=fixed,
        points=list(points.values()),
    )


def _with(sweep: Sweep, made: Made) -> Sweep:
    """Return the sweep with what became of a run."""
    became: dict[str, Any] = (
        {"status": "failed", "error": str(made.error)} if made.error else {"status": "good"}
    )
    points = [replace(p, **became) if p.run == made.spec.id else p for p in sweep.points]
    return replace(sweep, points=points)


def _timed(runs: Runs, made: Made) -> Made:
    """Return what became of a run with the seconds of its record, if nobody else knows any."""
    if made.did == "executed" and made.seconds is None:
        with contextlib.suppress(RunError):
            record = read_record(runs.folder(made.spec.study, made.spec.name))
            return replace(made, seconds=record.seconds)
    return made


class _Progress:
    """Counts points, and says how long the rest takes."""

    def __init__(self, sweep: Sweep, total: int, there: int, jobs: int | None) -> None:
        self.sweep = sweep
        self.total = total
        self.there = there
        self.jobs = jobs
        self.failed = 0
        self.executed = 0
        self.seconds: list[float] = []
        self.began = time.monotonic()

    def line(self, point: Point, made: Made) -> str:
        """Return the line about a point that is done."""
        if made.did == "failed":
            self.failed += 1
        elif made.did == "nothing":
            self.there += 1
        else:
            self.executed += 1
            self.seconds += [] if made.seconds is None else [made.seconds]
        done = self.there + self.failed + self.executed
        place = f"{self.sweep.id} {done:>{len(str(self.total))}}/{self.total}"
        parts = (place, words_of(point.values), _became(made), self._rest(self.total - done))
        return "  ".join(filter(None, parts))

    def end(self) -> str:
        """Return the last line: how many points are good, and where they are to be seen."""
        return (
            f"{self.sweep.id}: {self.executed} executed, {self.there} there already, "
            f"{self.failed} failed.   Its page: make book"
        )

    def _rest(self, points: int) -> str:
        if not points or not self.seconds:
            return ""
        passed = time.monotonic() - self.began
        at_once = self.jobs or max(1.0, sum(self.seconds) / max(passed, 0.1))
        return f"({_about(statistics.median(self.seconds) * points / at_once)} to go)"


def _became(made: Made) -> str:
    if made.error:
        return visible(" ".join(filter(None, ["failed:", made.error.what, made.error.got])))
    if made.did == "nothing":
        return "there already"
    return "done" if made.seconds is None else f"{made.seconds:.1f} s"


def words_of(values: Mapping[str, Any]) -> str:
    """Return values about as they are typed, cut where they get long.

    Examples
    --------
    >>> words_of({"p_threshold": 0.01, "models": ["logistic"], "data": "my genes.csv"})
    "p_threshold=0.01 models=[logistic] data='my genes.csv'"
    """
    return " ".join(f"{name}={_shown(value)}" for name, value in values.items())


def _shown(value: Any) -> str:
    match value:
        case str():
            text = quoted(value) if " " in value else visible(value)
        case list():
            text = f"[{','.join(_shown(each) for each in value)}]"
        case _:
            text = visible(files.to_json(value))
    return text if len(text) <= _LONGEST_VALUE else f"{text[: _LONGEST_VALUE - 1]}…"


def _about(seconds: float) -> str:
    """Return a time as one says it of what is not known exactly.

    Examples
    --------
    >>> _about(42), _about(300), _about(9000)
    ('about 42 s', 'about 5 min', 'about 2.5 h')
    """
    if seconds < 90:
        return f"about {seconds:.0f} s"
    return f"about {seconds / 60:.0f} min" if seconds < 5400 else f"about {seconds / 3600:.1f} h"


def _once(values: Sequence[Any]) -> list[Any]:
    """Return values in the order of their first appearance, each once."""
    return list({files.to_json(value): value for value in values}.values())


def _described(varied: Collection[str], fixed: Mapping[str, Any]) -> str:
    words = f"varied: {', '.join(sorted(varied))}"
    return f"{words}; fixed: {words_of(fixed)}" if fixed else words


def _check_sweep_name(name: object) -> None:
    if not isinstance(name, str) or len(name) > _LONGEST_NAME:
        raise ParameterError(
            f"A sweep cannot be called {quoted(name)}.",
            expected=f"a text of at most {_LONGEST_NAME} letters, for its runs are called after it",
            remedy="Choose another name.",
        )
    check_name(name)

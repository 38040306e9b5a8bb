"""Runs side by side: what each process may take, and what is made of how it ended."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis_lib.errors import AnalysisError, RunError
from analysis_lib.runs import side_by_side
from analysis_lib.runs.engine import FailedRunError
from analysis_lib.runs.limits import MEMORY_VARIABLE, Limits
from analysis_lib.runs.processes import DRIVER_VARIABLE, driver_mark
from analysis_lib.runs.report import make_all
from analysis_lib.runs.side_by_side import (
    THREADS_VARIABLE,
    OneByOne,
    Processes,
    _Ended,
    _error,
    hands,
)
from analysis_lib.runs.values import RunSpec
from tests.conftest import ToyProject

SPEC = RunSpec("toy", "default", {})
KILLED = _Ended(-9, "", "")


class Endings:
    """Stands for processes: each ends as it is told to."""

    def __init__(self, *endings: _Ended) -> None:
        self.endings = list(endings)

    def run(self, spec: RunSpec) -> _Ended:
        return self.endings.pop(0)


@pytest.fixture
def none_given(monkeypatch):
    for name in (THREADS_VARIABLE, MEMORY_VARIABLE):
        monkeypatch.delenv(name, raising=False)


def environment(toy: ToyProject, jobs: int) -> dict[str, str]:
    return Processes(toy.runs, jobs)._environment(toy.root)


@pytest.mark.usefixtures("none_given")
def test_memory_and_cores_are_divided_among_the_processes(toy):
    cores = len(os.sched_getaffinity(0))
    for jobs in (2, 3, 64):
        found = environment(toy, jobs)
        assert jobs * int(found[THREADS_VARIABLE]) <= max(cores, jobs)
        assert int(found[THREADS_VARIABLE]) >= 1
        assert jobs * int(found[MEMORY_VARIABLE]) * 2**20 <= Limits().memory


def test_what_a_user_gives_stays_and_a_process_knows_its_driver(toy, monkeypatch):
    monkeypatch.setenv(THREADS_VARIABLE, "7")
    monkeypatch.setenv(MEMORY_VARIABLE, "3G")
    found = environment(toy, 2)
    assert (found[THREADS_VARIABLE], found[MEMORY_VARIABLE]) == ("7", "3G")
    assert found[DRIVER_VARIABLE] == driver_mark()


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=30).map(
    lambda text: f"x{text}x"
)


@given(TEXTS, st.fixed_dictionaries({}, optional=dict.fromkeys(
    ("where", "expected", "got", "remedy"), TEXTS)))  # fmt: skip
def test_an_error_that_a_process_prints_is_told_as_it_was(what, details):
    for kind, status in ((AnalysisError, 2), (RunError, 1)):
        printed = f"a warning\nError: {kind(what, **details)}\n"
        found = _error(SPEC, _Ended(status, "", printed), kept=False)
        assert (type(found), str(found)) == (kind, str(kind(what, **details)))
    assert type(_error(SPEC, _Ended(1, "", printed), kept=True)) is FailedRunError


@pytest.mark.parametrize(
    ("printed", "got"), [("Traceback …\nImportError: no\n", "ImportError: no"), ("", None)]
)
def test_a_process_that_breaks_off_is_told_by_its_last_line(printed, got):
    found = _error(SPEC, _Ended(1, "", printed), kept=False)
    assert (found.what, found.got) == ("The run toy/default could not be made.", got)


@pytest.mark.fault(
    "The process of a run killed while others go on",
    by="SIGKILL once; each time",
    survives="made once more; then failed by name, and the rest goes on",
)
@pytest.mark.parametrize("status", [-9, 137, -11])
def test_a_killed_process_is_started_once_more_and_then_told(toy, status):
    """Before: there were no processes side by side; a killed `make run` was gone."""
    name = "SIGSEGV" if status == -11 else "SIGKILL"
    killed, good = _Ended(status, "", ""), _Ended(0, "", "")
    made = Processes(toy.runs, 2)._one(SPEC, Endings(killed, good))
    assert (made.did, made.error) == ("executed", None)
    assert toy.said == [f"toy/default: its process was ended by {name}; it is made once more"]
    made = Processes(toy.runs, 2)._one(SPEC, Endings(killed, killed))
    assert made.did == "failed"
    assert f"ended by {name}, 2 times" in str(made.error)


def test_notes_of_a_process_are_passed_on_and_its_cells_are_not(toy):
    printed = (
        "toy/default: executing\n  toy/default   1/4  Toy  0.1 s\n"
        "toy/default: toy/other, which it works on, is out of date\n"
        "toy/default: done in 1.0 s, 90 MB\nResults: build/runs/toy/default/\n"
    )
    Processes(toy.runs, 2)._one(SPEC, Endings(_Ended(0, printed, "")))
    assert toy.said == ["toy/default: toy/other, which it works on, is out of date"]


def test_what_is_there_or_cannot_be_made_needs_no_process(toy, monkeypatch):
    def no_process(_self: Processes, specs: object) -> Iterator[object]:
        pytest.fail(f"a process for {specs}")

    toy.ensure()
    monkeypatch.setattr(Processes, "_made", no_process)
    specs = [SPEC, RunSpec("toy", "gone", {"data": "none.csv"})]
    there, gone = Processes(toy.runs, 2).make(specs)
    assert (there.did, gone.did) == ("nothing", "failed")
    assert "does not exist" in str(gone.error)
    one, other = OneByOne(toy.runs).make(specs)
    assert (one.did, str(other.error)) == (there.did, str(gone.error))


def test_a_process_that_cannot_be_started_is_a_failed_run(toy, monkeypatch):
    monkeypatch.setattr(side_by_side.sys, "executable", str(toy.root / "no such program"))
    (made,) = Processes(toy.runs, 2).make([SPEC])
    assert made.did == "failed"
    assert "no such program" in str(made.error)


def test_one_job_needs_no_processes(toy):
    assert isinstance(hands(toy.runs, 1), OneByOne)
    assert isinstance(hands(toy.runs, 2), Processes)


def test_a_report_keeps_the_failure_that_a_process_told(toy, monkeypatch):
    """Of a run that has no record of its own, for which nothing was executed."""
    monkeypatch.setattr(side_by_side.sys, "executable", str(Path("/bin/false")))
    (state,) = make_all(toy.runs, [SPEC], jobs=2)
    assert state.failure is not None
    assert "could not be made" in state.failure.error.message

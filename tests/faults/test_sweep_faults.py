"""Sweeps that are killed, interrupted and asked for twice, on real processes."""

from __future__ import annotations

import contextlib
import re
import signal
from pathlib import Path

import psutil
import pytest

from analysis_lib import files
from analysis_lib.runs.record import damaged, read_record
from analysis_lib.runs.sweep_file import Sweep, path_of, read_sweep
from tests.faults.guards import Guard
from tests.faults.small_project import Making, SmallProject, wait_for

MANY = "GRID=p_threshold=" + ",".join(f"0.{n:02}" for n in range(1, 25))
FEW = "GRID=p_threshold=0.01,0.02,0.03,0.04"

GUARDS = [
    Guard(
        "analysis_lib/runs/sweep.py",
        "            sweep = _with(sweep, made)\n            write_sweep(root, sweep)\n",
        "            sweep = _with(sweep, made)\n",
        "tests/test_sweep.py::test_what_is_done_is_kept_when_it_is_interrupted",
    ),
    Guard(
        "analysis_lib/runs/sweep.py",
        "    if before and (set(before.dimensions)",
        "    if False and (set(before.dimensions)",
        "tests/test_sweep.py::"
        "test_a_sweep_of_the_same_name_over_other_parameters_is_not_written_over",
    ),
    Guard(
        "analysis_lib/runs/side_by_side.py",
        "_TRIES = 2",
        "_TRIES = 1",
        "tests/test_side_by_side.py::test_a_killed_process_is_started_once_more_and_then_told",
    ),
    Guard(
        "analysis_lib/runs/side_by_side.py",
        "Limits().memory // self.jobs",
        "Limits().memory",
        "tests/test_side_by_side.py::test_memory_and_cores_are_divided_among_the_processes",
    ),
    Guard(
        "analysis_lib/runs/grid.py",
        "    if count > most:",
        "    if False:",
        "tests/test_grid.py::test_a_slip_that_asks_for_very_many_points_is_told",
    ),
]


@pytest.fixture
def project(new_project, tmp_path) -> SmallProject:
    return new_project(tmp_path / "a project", figure=False)


def document(project: SmallProject) -> Sweep:
    return read_sweep(path_of(project.root / "build" / "sweeps", "dge", "sweep"))


def good(project: SmallProject) -> list[Path]:
    """Return the folders of the points that count as good, and see that they are."""
    folders = [project.runs / p.run for p in document(project).points if p.status == "good"]
    assert not [bad for folder in folders for bad in damaged(folder, read_record(folder))]
    return folders


def made(project: SmallProject) -> list[Path]:
    """Return the folders of the points that are made, whether or not the sweep knows it yet.

    One that is finished while its command is being killed stands in no document.
    """
    folders = sorted((project.runs / "dge").glob("sweep-*"))
    assert not [bad for folder in folders for bad in damaged(folder, read_record(folder))]
    return folders


def points_done(making: Making) -> int:
    return len(re.findall(r"^dge/sweep +\d+/\d+ ", making.output, re.MULTILINE))


def children(project: SmallProject) -> list[psutil.Process]:
    """Return the processes that make a point each."""
    found = []
    for process in project.drivers():
        with contextlib.suppress(psutil.Error):
            if "run" in process.cmdline():
                found.append(process)
    return found


@pytest.mark.long
@pytest.mark.fault(
    "One of two processes of a sweep killed in the middle",
    by="SIGKILL, while its kernel works",
    survives="24 good runs of 24 and a page; nothing half written, no process",
)
def test_a_sweep_of_24_points_survives_a_killed_process(project):
    """Before: there were no sweeps; a killed run of a series was seen at its end, if at all."""
    making = project.start("sweep", MANY, "JOBS=2")
    wait_for(lambda: points_done(making) >= 3 and project.kernels())
    victim = psutil.Process(project.kernels()[0].ppid())
    assert victim in children(project)
    victim.kill()
    assert making.wait(600) == 0, making.output
    assert making.output.count("SIGKILL; it is made once more") == 1, making.output
    assert "24 executed, 0 there already, 0 failed" in making.output
    assert len(good(project)) == 24
    assert len({folder.name for folder in good(project)}) == 24
    assert project.processes() == []
    assert project.temporary() == []
    assert "0 executed, 24 there already" in project.make("sweep", MANY, "JOBS=2")
    project.make("book", "JOBS=2")
    pages = [path for path in project.site.rglob("*.html") if "0.24" in path.read_text()]
    assert [path for path in pages if "sweep" in path.name], pages


@pytest.mark.long
@pytest.mark.fault(
    "A sweep interrupted or killed while two of its points are made",
    by="Ctrl-C in its terminal; SIGKILL of the command",
    survives="finished points, whole; no process; the same command makes only the rest",
)
@pytest.mark.parametrize("way", ["Ctrl-C", "KILL"])
def test_an_interrupted_sweep_goes_on_where_it_was(project, way):
    """Before: there were no sweeps; the runs of a series were started one by one, by hand."""
    making = project.start("sweep", FEW, "JOBS=2")
    wait_for(lambda: points_done(making) and project.kernels())
    if way == "Ctrl-C":
        making.signal_group(signal.SIGINT)
    else:
        own = {process.pid for process in children(project)}
        next(process for process in project.drivers() if process.pid not in own).kill()
    assert making.wait() != 0
    wait_for(lambda: not project.processes())
    if way == "Ctrl-C":
        assert "points are there; the same command goes on with the rest." in making.output
        assert "once more" not in making.output
        assert project.temporary() == []
    assert "Traceback" not in making.output
    there = len(made(project))
    assert 1 <= there < 4
    again = project.make("sweep", FEW, "JOBS=2")
    assert f"{4 - there} executed, {there} there already, 0 failed" in again
    assert len(good(project)) == 4
    assert project.temporary() == []
    assert not list(project.runs.glob(f"dge/{files.TEMPORARY}*"))

"""The page of a sweep: what is gone or damaged is not shown, and nothing else is lost with it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from analysis_lib.figures import picture
from analysis_lib.runs.sweep_file import Sweep
from analysis_lib.site import Book
from analysis_lib.site.sweep_choice import published
from analysis_lib.site.sweep_page import SweepPage
from tests.faults.guards import Guard
from tests.site.fixtures import HOSTILE, STUDY
from tests.sweep_runs import leave_run, new_sweep

GUARDS = [
    Guard(
        "analysis_lib/site/sweep_points.py",
        'if record.status != "ok" or altered or not',
        "if not",
        "test_a_point_whose_results_are_damaged_waits_and_the_others_are_shown[another number]",
    ),
    Guard(
        "analysis_lib/site/sweep_points.py",
        "or not _is_of(record, point, sweep):",
        "or False:",
        "test_a_run_that_was_made_again_with_other_parameters_is_no_point",
    ),
    Guard(
        "analysis_lib/site/sweep_points.py",
        "except (AnalysisError, OSError):",
        "except ZeroDivisionError:",
        "test_a_point_whose_results_are_damaged_waits_and_the_others_are_shown[no folder]",
    ),
    Guard(
        "analysis_lib/site/sweep_page.py",
        "check_name(name)  # they become folders",
        "name.strip()",
        "test_the_name_of_a_sweep_leads_nowhere_else",
    ),
    Guard(
        "analysis_lib/site/sweep_parts.py",
        "if not _WORD.fullmatch(word) or",
        "if",
        "test_no_value_of_a_sweep_becomes_a_command",
    ),
]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "build" / "runs"


@pytest.fixture(autouse=True)
def _no_stills(monkeypatch):
    monkeypatch.setattr(picture, "png", lambda figure: b"")


def page_of(sweep: Sweep, root: Path) -> SweepPage:
    return SweepPage.of(sweep, Book((), (STUDY,), sweeps=[sweep]), root.parents[1])


def other_number(run: Path) -> None:
    document = json.loads((run / "metrics.json").read_text(encoding="utf-8"))
    document["metrics"]["genes_up"]["value"] = 1_000_000
    (run / "metrics.json").write_text(json.dumps(document), encoding="utf-8")


def cut(name: str) -> Callable[[Path], None]:
    def shorten(run: Path) -> None:
        content = (run / name).read_bytes()
        (run / name).write_bytes(content[: len(content) // 2])

    return shorten


DAMAGES: dict[str, Callable[[Path], None]] = {
    "no folder": shutil.rmtree,
    "no record": lambda run: (run / "record.json").unlink(),
    "no numbers": lambda run: (run / "metrics.json").unlink(),
    "no genes": lambda run: (run / "genes.json").unlink(),
    "half a record": cut("record.json"),
    "half the numbers": cut("metrics.json"),
    "half the genes": cut("genes.json"),
    "another number": other_number,
}


@pytest.mark.fault(
    "A run of a sweep is gone or damaged when the book is built",
    by="its folder, record, numbers or genes removed, cut or changed",
    survives="that point is shown as waiting, every other one with its numbers",
)
@pytest.mark.parametrize("damage", DAMAGES)
def test_a_point_whose_results_are_damaged_waits_and_the_others_are_shown(root, damage):
    """Before: a number that was changed by hand stood on the page, and a hole ended the build."""
    sweep = new_sweep(root)
    DAMAGES[damage](root / sweep.points[4].run)
    page = page_of(sweep, root)
    assert [point.number for point in page.points if point.status == "waiting"] == [5]
    assert page.counts == {"good": 11, "waiting": 1}
    assert "1,000,000" not in page.page()
    assert "11 good, 1 waiting" in page.page()
    assert sweep.points[4].run not in published(sweep, root)
    page.publish(root.parent / "html")


@pytest.mark.fault(
    "A point's run is made again by its own name, with other parameters",
    by="a parameter that varies, or one that does not, is another one now",
    survives="that point is shown as waiting, for its numbers are none of the sweep's",
)
@pytest.mark.parametrize("other", [{"p_threshold": 0.011}, {"adjust": "bonferroni"}])
def test_a_run_that_was_made_again_with_other_parameters_is_no_point(root, other):
    """Before: the run's new numbers stood at the point's old values."""
    sweep = new_sweep(root)
    point = sweep.points[4]
    leave_run(root, point.run, {**point.values, **other})
    assert page_of(sweep, root).points[4].status == "waiting"
    assert page_of(sweep, root).counts == {"good": 11, "waiting": 1}


@pytest.mark.fault(
    "A sweep's document names a folder outside of the site",
    by="`../` in the name of a sweep, or of a run of it",
    survives="the build refuses the name; a run outside is a point that waits",
)
def test_the_name_of_a_sweep_leads_nowhere_else(root, tmp_path):
    """Before: the page and its files were written where the name said."""
    sweep = new_sweep(root)
    for name in ("../../elsewhere", "a/b", ".."):
        with pytest.raises(Exception, match="cannot be called"):
            page_of(replace(sweep, name=name), root)
    outside = tmp_path / "outside"
    shutil.copytree(root / sweep.points[0].run, outside)
    points = [replace(sweep.points[0], run="dge/../../../outside"), *sweep.points[1:]]
    assert page_of(replace(sweep, points=points), root).points[0].status == "waiting"


@pytest.mark.fault(
    "A value of a sweep is a command of a shell",
    by="quotes, `$(…)` and `;` in a text parameter",
    survives="the page gives a file to ask for the sweep again, and no line with the value in it",
)
def test_no_value_of_a_sweep_becomes_a_command(root):
    """Before: the line to copy had the value in it as it came, and a shell would run it."""
    for value in ("'; touch gone; '", "$(touch gone)", "a b", HOSTILE):
        sweep = new_sweep(root, grid={"adjust": [value, "none"]})
        page = page_of(sweep, root).page()
        assert "make sweep STUDY=dge NAME=thresholds F=sweep.json" in page
        assert "GRID=" not in page

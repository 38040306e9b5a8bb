"""What many tests share: a small project with a notebook that takes a second."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import nbformat
import pytest
from hypothesis import settings
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from analysis_lib import studies
from analysis_lib.runs.engine import Runs
from analysis_lib.runs.limits import Limits
from analysis_lib.runs.values import RunSpec
from tests import toy_study

# Machines are shared: speed is a matter of benchmarks. What CI says must be what it said before, so
# that it draws the same examples each time (hypothesis' own profile); elsewhere they are new ones.
settings.register_profile("unhurried", parent=settings.default, deadline=None)
settings.load_profile("ci" if os.environ.get("CI") else "unhurried")

# A shell starts background jobs with SIGINT ignored, and what the tests start would inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)


MEASURED = "measured"
"""The property of a test's report that is printed at the end."""


LONGEST = (
    *("test_same_twice.py", "test_kill_faults.py", "test_sweep_faults.py", "test_report.py"),
    *("test_leukemia_threads.py", "test_benchmarks.py"),
    *("test_book_reading.py", "test_book_figures.py", "test_frontend.py", "test_leukemia_real.py"),
    *("test_greedy_notebooks.py", "test_pages_browser.py", "test_reference.py"),
    *("test_execution_faults.py", "test_page_faults.py", "test_genes.py", "test_serve_browser.py"),
)
"""The files that take longest, in this order: begun first, so that workers end together."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes longest; the rest stays as it is collected."""
    items.sort(key=lambda item: [item.path.name != name for name in LONGEST])


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Name bytes by their argument: what gzip and zip pack bears the second it was packed in.

    Parallel workers collect at different seconds, and refuse to start when their lists differ.
    """
    return argname if isinstance(val, bytes) else None


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what tests measured and did not assert, whichever worker it was."""
    reports = [report for group in terminalreporter.stats.values() for report in group]
    properties = [p for report in reports for p in getattr(report, "user_properties", ())]
    told = sorted({value for name, value in properties if name == MEASURED})
    if told:
        terminalreporter.section("measured, not asserted")
        for line in told:
            terminalreporter.write_line(str(line))


PARAMETERS = 'number = 1.0\ntext = "a"\nnames = ["x"]\ndata = None'


@dataclass
class ToyProject:
    """A project with the one study `toy`, and everything the engine said."""

    root: Path
    said: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.runs = Runs(self.root, say=self.said.append)

    def notebook(self, cells: Sequence[str] = (), tags: Sequence[str] = ("parameters",)) -> Path:
        """Write the notebook: parameters, set-up, the given cells, and the saving of results."""
        first = new_code_cell(PARAMETERS, metadata={"tags": list(tags)})
        rest = [new_code_cell(text) for text in (toy_study.SETUP, *cells, toy_study.SAVE)]
        document = new_notebook(cells=[first, new_markdown_cell("# Toy"), *rest])
        for number, cell in enumerate(document.cells):
            cell.id = f"cell-{number}"
        path = self.root / "notebooks" / "toy.ipynb"
        path.parent.mkdir(exist_ok=True)
        path.write_text(nbformat.writes(document), encoding="utf-8")
        return path

    def ensure(self, name: str = "default", limits: Limits | None = None, **values: object):
        """Ask the engine for a run."""
        return self.runs.ensure(RunSpec("toy", name, values), limits=limits)

    def good(self, name: str = "default") -> Path:
        """Return the folder of the last good run."""
        return self.runs.folder("toy", name)

    def failed(self, name: str = "default") -> Path:
        """Return the folder of the failed run."""
        return self.runs.failed_folder("toy", name)

    def leftovers(self) -> list[str]:
        """Return temporary things below the project."""
        return [path.name for path in self.root.rglob(".partial-*")]


@pytest.fixture
def toy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ToyProject:
    info = studies.StudyInfo("toy", "Toy", "Does it run?", ())
    monkeypatch.setitem(studies.STUDIES, "toy", info)
    load = studies.load
    monkeypatch.setattr(
        studies, "load", lambda name: toy_study.study() if name == "toy" else load(name)
    )
    root = tmp_path / "a project"
    (root / "analysis_lib").mkdir(parents=True)
    (root / "analysis_lib" / "code.py").write_text("x = 1\n")
    (root / "requirements.lock").write_text("numpy==2\n")
    shutil.copy(toy_study.__file__, root / "toy_study.py")
    monkeypatch.chdir(root)
    project = ToyProject(root)
    project.notebook()
    return project

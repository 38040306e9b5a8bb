"""Clocks that jump, and folders with odd names."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import pytest

from analysis_lib.files import PROJECT
from analysis_lib.runs.record import read_record
from tests.faults.guards import Guard

GUARDS = [
    Guard(
        "Makefile",
        '\t@for file in $^; do if [ "$$file" -nt $(STAMP) ]; then '
        'touch -r "$$file" $(STAMP); fi; done\n',
        "",
        "test_the_environment_is_set_up_once_though_its_sources_are_of_tomorrow",
    ),
    Guard(
        "Makefile",
        ".PHONY: $(STAMP)\n",
        "",
        "test_a_changed_lock_file_is_seen_though_the_stamp_is_of_tomorrow",
    ),
]

DAY = 86_400
JUMPS = {"back": -DAY, "forth": DAY}


def dated(root: Path, seconds: float) -> None:
    """Date every file below a folder to so many seconds from now, the stamp of make with them."""
    then = time.time() + seconds
    for path in root.rglob("*"):
        if path.name == ".installed" or not (path.is_symlink() or ".venv" in path.parts):
            os.utime(path, (then, then))


# Make


STUB = """\
#!/bin/sh
# In place of Python: fits, makes an environment that holds only itself, and tells how often.
[ "$1 $2" = "-m venv" ] && { mkdir -p .venv/bin; cp "$0" .venv/bin/python; echo once >> set-ups; }
exit 0
"""


@pytest.fixture
def making(tmp_path):
    """Return how often an environment was set up after `make book`; what make says is checked."""
    for name in ("Makefile", "requirements.lock", "pyproject.toml", ".ci"):
        copy = shutil.copytree if (PROJECT / name).is_dir() else shutil.copy
        copy(PROJECT / name, tmp_path / name)
    python = tmp_path / "python"
    python.write_text(STUB)
    python.chmod(0o755)

    def make() -> int:
        counted = tmp_path / "set-ups"
        before = counted.read_text().count("once") if counted.exists() else 0
        done = subprocess.run(
            ["make", "book", f"PYTHON={python}"],
            cwd=tmp_path,
            env={k: v for k, v in os.environ.items() if not k.startswith(("MAKE", "MFLAGS"))},
            capture_output=True,
            text=True,
            check=True,
        )
        after = counted.read_text().count("once") if counted.exists() else 0
        assert ("Setting up .venv" in done.stdout) == (after > before)
        return after

    return make


@pytest.mark.fault(
    "a lock file of tomorrow",
    by="its time, as a clock that jumped back leaves it; three times `make`",
    survives="the environment is set up once, and make says so",
    trials=3,
)
def test_the_environment_is_set_up_once_though_its_sources_are_of_tomorrow(making, tmp_path):
    """Before: every `make book` set up the environment again, for minutes each time."""
    os.utime(tmp_path / "requirements.lock", (time.time() + DAY,) * 2)
    assert [making(), making(), making()] == [1, 1, 1]


@pytest.mark.fault(
    "an environment of tomorrow, and a lock file that changed since",
    by="the time of its stamp, as a clock that jumped back leaves it",
    survives="the environment is set up anew, and make says so",
)
def test_a_changed_lock_file_is_seen_though_the_stamp_is_of_tomorrow(making, tmp_path):
    """Before: the old packages were used until tomorrow, and nothing was said."""
    assert making() == 1
    os.utime(tmp_path / ".venv" / ".installed", (time.time() + DAY,) * 2)
    assert making() == 1
    with (tmp_path / "requirements.lock").open("a") as lock:
        lock.write("# another package\n")
    assert [making(), making()] == [2, 2]


# Runs and pages


@pytest.mark.fault(
    "files of tomorrow, and of last year",
    by="the times of every source and result",
    survives="nothing is executed; a change is",
    trials=2,
)
def test_times_of_files_say_nothing_about_runs(toy):
    """Held from the start: keys are made of contents; feared was a comparison of times."""
    table = toy.root / "table.csv"
    table.write_text("a,b\n1,2\n")
    toy.ensure(data=str(table))
    for seconds in (DAY, -365 * DAY):
        dated(toy.root, seconds)
        assert toy.ensure(data=str(table)).did == "nothing"
    before = table.stat()
    table.write_text("a,b\n1,3\n")
    os.utime(table, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert toy.ensure(data=str(table)).did == "executed"


@pytest.fixture(scope="module")
def clock(tmp_path_factory) -> Path:
    """A library that shifts the clock of every process it is loaded into."""
    target = tmp_path_factory.mktemp("clock") / "other_clock.so"
    compiler = shutil.which("cc") or shutil.which("gcc")
    if not compiler or sys.platform != "linux":
        pytest.fail("a C compiler is needed to shift the clock: apt-get install gcc")
    source = Path(__file__).with_name("other_clock.c")
    subprocess.run([compiler, "-shared", "-fPIC", "-o", target, source, "-ldl"], check=True)
    return target


CELL = """\
import time
before = time.time()
open("jump", "w").close()
time.sleep(1)
open("step", "w").write(str(time.time() - before))"""
RUN = """\
import sys
from pathlib import Path
sys.path[:0] = {paths!r}
from analysis_lib import studies
from tests import toy_study
studies.STUDIES["toy"] = studies.StudyInfo("toy", "Toy", "?", ())
studies.load = lambda name: toy_study.study()
from analysis_lib.runs.engine import Runs
from analysis_lib.runs.values import RunSpec
Runs(Path.cwd()).ensure(RunSpec("toy", "default", {{}}))
"""


@pytest.mark.fault(
    "a clock that jumps during a run",
    by="the system's clock, shifted by a day under driver and kernel at once",
    survives="the run ends well, its seconds are those that passed",
)
@pytest.mark.parametrize("jump", JUMPS)
def test_a_clock_that_jumps_during_a_run_does_no_harm(toy, clock, jump):
    """Held from the start; feared were time limits that end a run, and negative seconds."""
    toy.notebook([CELL])
    shifted = {"JUMP_WHEN": str(toy.root / "jump"), "JUMP_BY": str(JUMPS[jump])}
    done = subprocess.run(
        [sys.executable, "-c", RUN.format(paths=[str(toy.root), str(PROJECT)])],
        cwd=toy.root,
        env={**os.environ, "LD_PRELOAD": str(clock), **shifted},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert abs(float((toy.root / "step").read_text()) - JUMPS[jump]) < DAY / 2
    record = read_record(toy.good())
    assert 1 <= record.seconds < 600
    assert datetime.fromisoformat(record.started)
    assert toy.leftovers() == []
    assert toy.ensure().did == "nothing"


@pytest.mark.fault(
    "a clock that jumps between two builds",
    by="files of tomorrow and of last year; a clock a day back while pages are made",
    survives="no run is executed for it; every changed page has its new text",
    trials=4,
)
@pytest.mark.long
def test_a_clock_that_jumps_between_builds_does_no_harm(tmp_path, clock, new_project):
    """Before: Sphinx compares times, and a page written "in the past" kept its old text."""
    project = new_project(tmp_path / "p", figure=False)
    project.make("book")
    page = project.root / "book" / "your-data.md"
    for number, seconds in enumerate((DAY, -365 * DAY)):
        dated(project.root, seconds)
        printed = project.make("book")
        assert "nothing changed" in printed
        assert "Setting up" not in printed
        page.write_text(f"{page.read_text()}\nFor the {number}. time.\n", encoding="utf-8")
        shifted = {"LD_PRELOAD": str(clock), "JUMP_WHEN": "/", "JUMP_BY": str(-DAY)}
        project.environment |= shifted
        printed = project.make("book")
        project.environment = {
            name: value for name, value in project.environment.items() if name not in shifted
        }
        assert "executing" not in printed
        assert f"For the {number}. time." in (project.site / "your-data.html").read_text()


# Places


ODD = '-it\'s "my" own $HOME #1 100% [x] {y} ~ änderung-基因'
LONG = "/".join(["a-folder-of-a-project-with-a-very-long-name"] * 4)[:180]


def at_home_in(new_project, root: Path, commands: Sequence[Sequence[str]]) -> None:
    """Do what a user does in a project of that name, and see that everything came of it."""
    root.parent.mkdir(parents=True, exist_ok=True)
    project = new_project(root, figure=False)
    for words in commands:
        project.make(*words)
    assert read_record(project.runs / "dge" / "default").status == "ok"
    assert project.temporary() == []


@pytest.mark.fault(
    "a project in a folder with an odd name",
    by="quotes, blanks, `$`, `#`, `%`, brackets, a dash, other letters; 180 characters",
    survives="`make run` and its results",
)
@pytest.mark.parametrize("name", [ODD, LONG], ids=["odd", "long"])
def test_a_run_in_an_odd_place(tmp_path, new_project, name):
    """Held from the start; feared were shells, globs and sockets with long names."""
    at_home_in(new_project, tmp_path / name, [["run", "NAME=default"]])


@pytest.mark.fault(
    "a book in a folder with an odd name",
    by="the same two names, with `make book` and `make publish`",
    survives="the site, checked; nothing to do the second time",
)
@pytest.mark.long
@pytest.mark.parametrize("name", [ODD, LONG], ids=["odd", "long"])
def test_a_book_in_an_odd_place(tmp_path, new_project, name):
    """Held from the start; feared were links, globs and the search for private paths."""
    root = tmp_path / name
    at_home_in(new_project, root, [["book"], ["publish"]])
    assert (root / "build" / "publish" / "index.html").is_file()
    assert "site: " not in sorted((root / "logs").iterdir())[1].read_text()  # it was built before

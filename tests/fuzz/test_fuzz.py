"""The fuzz run itself: bounded, with what it finds kept, and replayed by a command."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from analysis_lib.files import PROJECT
from tests.conftest import MEASURED
from tests.fuzz import __main__ as fuzz

RUNS, SEED, SECONDS = 6_000, 7, 280
"""Much the same inputs each time, so that a change makes it fail and not chance."""


def run(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tests.fuzz", *words],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.long
def test_nothing_is_found_in_a_short_run(tmp_path, record_property):
    words = ("--runs", str(RUNS), "--seed", str(SEED), "--seconds", str(SECONDS))
    done = run(*words, "--folder", str(tmp_path))
    assert done.returncode == 0, done.stdout + done.stderr
    told = dict(re.findall(r"^(\w+): ([\d,]+) executions", done.stdout, re.MULTILINE))
    assert set(told) == {*fuzz.TARGETS}
    assert all(int(count.replace(",", "")) > 50 for count in told.values()), done.stdout
    guided = "coverage" in done.stdout
    assert guided == fuzz.has_atheris()
    assert guided or "atheris is not installed" in done.stdout
    for line in re.findall(r".*executions.*", done.stdout):
        record_property(MEASURED, f"fuzz {line}{'' if guided else ' (blind: without atheris)'}")


@pytest.mark.parametrize("name", fuzz.TARGETS)
def test_every_seed_is_as_it_should_be(name):
    module = fuzz.importlib.import_module(f"tests.fuzz.{name}")
    assert sum(module.check(seed) > 0 for seed in module.seeds()) >= 10
    assert module.check(b"") == 0


def test_a_kept_input_is_run_again(tmp_path, capsys):
    kept = tmp_path / "tables-crash-1"
    kept.write_bytes(b"\0g,x\na,1\nb,2\n")
    assert fuzz.replay(kept) == 0
    assert "2 rows" in capsys.readouterr().out
    assert fuzz.replay(tmp_path / "other") == 2


def test_what_a_target_raises_ends_the_run_with_a_kept_input(tmp_path):
    """The command must not pass over what it finds: here, a reader that loses rows."""
    broken = (
        "import sys; from tests.fuzz import __main__ as fuzz, tables; "
        "from analysis_lib.tables.reading import read_table as whole; "
        "tables.read_table = lambda *a, **o: whole(*a, **o).iloc[1:]; "
        "sys.argv[1:] = ['--child', 'tables', '--seconds', '20', '--folder', sys.argv[1]]; "
        "sys.exit(fuzz.main())"
    )
    (tmp_path / "tables" / "found").mkdir(parents=True)
    (tmp_path / "tables" / "corpus").mkdir()
    done = subprocess.run(
        [sys.executable, "-c", broken, str(tmp_path)],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != 0
    assert "AssertionError" in done.stdout + done.stderr
    (kept,) = (tmp_path / "tables" / "found").iterdir()
    assert fuzz.replay(kept) == 0, "the real reader loses none"

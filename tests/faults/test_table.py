"""The table of faults is what the tests say."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from analysis_lib.files import PROJECT

FAULTS = Path(__file__).parent
NO_FAULT = {"test_table.py", "test_guards.py", "test_small_project.py"}


def test_the_readme_is_made_from_the_tests():
    done = subprocess.run(
        [sys.executable, "-m", "tests.faults.table", "--check"],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    "path", sorted(set(FAULTS.glob("test_*.py")) - {FAULTS / n for n in NO_FAULT}), ids=str
)
def test_every_test_of_a_fault_stands_in_it(path):
    """A test without the mark would be a fault that the table does not know."""
    functions = [n for n in ast.parse(path.read_text()).body if isinstance(n, ast.FunctionDef)]
    tests = [n for n in functions if n.name.startswith("test_")]
    marked = [n for n in tests if any("mark.fault" in ast.unparse(d) for d in n.decorator_list)]
    assert [n.name for n in tests if n not in marked] == []
    assert [n.name for n in tests if not ast.get_docstring(n)] == []

"""No guard can be taken out unnoticed: each is, in a copy of the library, and a test must fail."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest

from analysis_lib.files import PROJECT
from tests.faults.guards import Guard, copy_of_project, run_test, without

pytestmark = pytest.mark.long
FAILED = 1  # pytest's status when tests ran and failed; 2 to 5 say that they did not run


def guards() -> list[tuple[Path, Guard]]:
    """Return every guard that a module of tests lists, with that module."""
    found = []
    for path in sorted(Path(__file__).parent.glob("test_*.py")):
        module = importlib.import_module(f"tests.faults.{path.stem}")
        found += [(path.relative_to(PROJECT), guard) for guard in getattr(module, "GUARDS", ())]
    return found


@pytest.fixture(scope="module")
def copy(tmp_path_factory) -> Path:
    return copy_of_project(tmp_path_factory.mktemp("guards") / "copy")


@pytest.mark.parametrize(
    ("module", "guard"), guards(), ids=lambda value: getattr(value, "test", None)
)
def test_without_its_guard_a_test_fails(copy, module, guard):
    before = without(guard, copy)
    try:
        done = run_test(module, guard.test, copy)
    finally:
        (copy / guard.file).write_text(before, encoding="utf-8")
    assert done.returncode == FAILED, done.stdout[-3000:]

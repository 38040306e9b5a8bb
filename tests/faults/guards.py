"""Guards of the library, and how to take one out of a copy of it."""

from __future__ import annotations

import compileall
import os
import py_compile
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from analysis_lib.files import PROJECT


@dataclass(frozen=True)
class Guard:
    """A piece of source that keeps a fault from happening, and the test that sees it missing.

    Parameters
    ----------
    file : str
        Path of the source in the project.
    old, new : str
        The guard, which stands there exactly once, and what stands there without it.
    test : str
        A test of the module that lists the guard, `test_name` or `test_name[case]`, or one
        elsewhere, `tests/test_engine.py::test_name`.
    """

    file: str
    old: str
    new: str
    test: str


def copy_of_project(root: Path) -> Path:
    """Copy the library and its tests, and link what only is read."""
    ignore = shutil.ignore_patterns("_build", "__pycache__", ".hypothesis")
    for name in ("analysis_lib", "tests", "notebooks", "book"):
        shutil.copytree(PROJECT / name, root / name, ignore=ignore)
    rest = ("pyproject.toml", "requirements.lock", "report.yml", "Makefile", "environment.yml")
    for name in (*rest, "_config.yml", "README.md", "CHANGELOG.md", "LICENSE", "CITATION.cff"):
        shutil.copy2(PROJECT / name, root / name)
    shutil.copytree(PROJECT / ".ci", root / ".ci")
    (root / ".venv").symlink_to(PROJECT / ".venv")
    # Compiled once for all guards, as the tests are by the first of them; a source that was changed
    # is known by its hash, not by a second.
    compileall.compile_dir(
        root / "analysis_lib",
        quiet=1,
        invalidation_mode=py_compile.PycInvalidationMode.CHECKED_HASH,
    )
    return root


def without(guard: Guard, root: Path) -> str:
    """Take a guard out of the copy, and return the source as it was."""
    path = root / guard.file
    before = path.read_text(encoding="utf-8")
    if (times := before.count(guard.old)) != 1:
        raise AssertionError(f"{guard.file} holds {guard.old!r} {times} times")
    path.write_text(before.replace(guard.old, guard.new), encoding="utf-8")
    return before


def run_test(module: Path, test: str, root: Path) -> subprocess.CompletedProcess[str]:
    """Run one test of the copy, with the library of the copy."""
    place = test if "::" in test else f"{module}::{test}"
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", place],
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(root)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )

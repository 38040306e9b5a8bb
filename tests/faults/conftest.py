"""What tests of several kinds of faults share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from tests.faults.small_project import SmallProject, new_small_project


@pytest.fixture
def new_project() -> Iterator[Callable[..., SmallProject]]:
    """Make small projects, of which no process outlives the test."""
    made: list[SmallProject] = []

    def make(root: Path, **more: bool) -> SmallProject:
        made.append(new_small_project(root, **more))
        return made[-1]

    yield make
    for project in made:
        project.end_all()


@pytest.fixture
def started_here() -> Callable[[], list[psutil.Process]]:
    """Return what asks for the processes that this test started and did not end.

    A browser that an earlier test has left may still be about to go.
    """
    before = {*psutil.Process().children(recursive=True)}
    return lambda: [p for p in psutil.Process().children(recursive=True) if p not in before]

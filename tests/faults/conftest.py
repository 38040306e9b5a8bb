"""What tests of several kinds of faults share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

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

"""Several at once: two and four builds of one book."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.faults.small_project import SmallProject, new_small_project


@pytest.fixture(scope="module")
def built(tmp_path_factory) -> Iterator[tuple[SmallProject, dict[str, str]]]:
    """A project, and what its runs and site are when nobody disturbs."""
    project = new_small_project(tmp_path_factory.mktemp("together") / "a project", figure=False)
    try:
        project.make("book")
        yield project, project.picture()
    finally:
        project.end_all()


@pytest.mark.long
@pytest.mark.fault(
    "Several `make book` at once",
    by="two and four of them in one folder, with nothing built",
    survives="all exit 0, each run is executed once, the site is that of one build",
)
@pytest.mark.parametrize("count", [2, 4])
def test_builds_at_once_make_one_book(built, count):
    """Before: both executed every run, and the last writer won."""
    project, undisturbed = built
    project.make("clean")
    makings = [project.start("book") for _ in range(count)]
    assert [making.wait() for making in makings] == [0] * count, [m.output for m in makings]
    said = "".join(making.output for making in makings)
    assert said.count("dge/default: executing") == 1, said
    assert said.count("dge/strict: executing") == 1, said
    assert said.count("site: Jupyter Book") == 1, said
    assert said.count("The book (") == count, said
    assert "is being written by process" in said, said
    assert "Traceback" not in said, said
    assert project.picture() == undisturbed
    assert project.temporary() == []
    assert project.processes() == []

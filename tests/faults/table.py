"""The table of faults in README.md, made from the tests: `python -m tests.faults.table`.

A test says what it provokes with `@pytest.mark.fault(what, by=…, survives=…)`; the first sentence
of its docstring says what happened before there was a guard.
"""

from __future__ import annotations

import contextlib
import io
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import pytest

README = Path(__file__).with_name("README.md")
TESTS = README.parents[1]

HEAD = """\
# Faults, how each is provoked, and what survives

Made from the tests that bear `@pytest.mark.fault`, by `make faults`; a test keeps it true. *Trials*
counts cases, for properties the examples that hypothesis draws. ◷ marks what runs with
`make test-long`, all or most of it; everything else runs with `make test`. *Before* is what
happened without the guard: `test_guards.py` takes guards out of a copy of the library, one at a
time, and sees that the test fails.
"""
COLUMNS = ("Fault", "Provoked by", "Trials", "What survives", "Before the guard", "Test")


@dataclass
class Row:
    """A test function that provokes a fault, and how many trials it makes."""

    module: ModuleType
    test: str
    fault: str
    by: str
    survives: str
    before: str
    trials: int
    long: bool


class Collected:
    """A plugin of pytest that keeps what was collected."""

    def __init__(self) -> None:
        self.items: list[pytest.Item] = []

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        self.items = list(items)


def collect() -> list[pytest.Item]:
    """Collect the tests of every file in which a fault is marked, in the order of the files."""
    kept = Collected()
    paths = [str(p) for p in sorted(TESTS.rglob("test_*.py")) if "mark.fault(" in p.read_text()]
    with contextlib.redirect_stdout(io.StringIO()) as said:
        status = pytest.main(["--collect-only", "-q", "-p", "no:cacheprovider", *paths], [kept])
    if status:
        raise SystemExit(said.getvalue())
    return sorted(kept.items, key=lambda item: item.path)


def rows(items: list[pytest.Item]) -> Iterator[Row]:
    """Yield a row for every function that bears the mark, with the trials of all its cases."""
    found: dict[object, Row] = {}
    for item in items:
        mark = item.get_closest_marker("fault")
        if mark is None:
            continue
        function = item.function
        if function not in found:
            found[function] = _row(item, mark)
        found[function].long |= item.get_closest_marker("long") is not None
        if "trials" not in mark.kwargs:
            found[function].trials += _examples(item)
    yield from found.values()


def _row(item: pytest.Item, mark: pytest.Mark) -> Row:
    function, (fault,) = item.function, mark.args
    said = " ".join((function.__doc__ or "").split("\n\n")[0].split())
    if not said:
        raise SystemExit(f"{item.nodeid}: the docstring says what happened before the guard")
    return Row(
        module=item.module,
        test=function.__name__,
        fault=fault,
        by=mark.kwargs["by"],
        survives=mark.kwargs["survives"],
        before=said.removeprefix("Before: "),
        trials=mark.kwargs.get("trials", 0),
        long=False,
    )


def _examples(item: pytest.Item) -> int:
    """Return how many examples hypothesis draws for a test; 1 of one that draws none."""
    function, case = item.function, getattr(item, "callspec", None)
    if case and "examples" in case.params:
        return int(case.params["examples"])
    settings = getattr(function, "_hypothesis_internal_use_settings", None)
    if not getattr(function, "is_hypothesis_test", False):
        return 1
    from hypothesis import settings as default

    return int((settings or default()).max_examples)


def text(found: list[Row]) -> str:
    """Return the page: a section for every module, a line for every fault."""
    parts = [HEAD]
    modules = list(dict.fromkeys(row.module for row in found))
    for module in modules:
        title = (module.__doc__ or module.__name__).strip().splitlines()[0].rstrip(".")
        parts.append(f"\n## {title}\n\n{_line(COLUMNS)}\n{_line(['---'] * len(COLUMNS))}\n")
        place = os.path.relpath(module.__file__ or "", README.parent)
        for row in (row for row in found if row.module is module):
            test = f"[{row.test.removeprefix('test_')}]({place}){' ◷' if row.long else ''}"
            cells = (row.fault, row.by, f"{row.trials:,}", row.survives, row.before, test)
            parts.append(_line(cells) + "\n")
    return "".join(parts)


def _line(cells: tuple[str, ...] | list[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def main() -> None:
    """Write the page, or with --check say whether it is the one the tests make."""
    page = text(list(rows(collect())))
    if "--check" not in sys.argv:
        README.write_text(page, encoding="utf-8")
    elif not README.is_file() or README.read_text(encoding="utf-8") != page:
        raise SystemExit("tests/faults/README.md is not what the tests make: make faults")


if __name__ == "__main__":
    main()

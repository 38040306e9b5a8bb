"""What every property holds a reader to."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis.strategies import SearchStrategy

from analysis_lib.errors import AnalysisError, ParameterError
from tests.strategies import told

LONGEST = 2_000
"""Letters of an error: five lines that a terminal can show."""

READ = [25, pytest.param(200, marks=pytest.mark.long)]
MODELLED = [6, pytest.param(40, marks=pytest.mark.long)]
"""Examples that are read, or modelled too: at every change, and with `make test-long`."""

Property = Callable[[Any, Path], None]


def hold(strategy: SearchStrategy[Any], property_: Property, folder: Path, examples: int) -> None:
    """Hold a property on so many examples; the smallest that breaks it is shown."""

    # No database: it would give one data set the examples of another.
    @settings(max_examples=examples, database=None, suppress_health_check=list(HealthCheck))
    @given(strategy)
    def every(drawn: Any) -> None:
        property_(drawn, folder)

    every()


def right_or_refused(read: Callable[[], object], paths: list[Path]) -> object | None:
    """Return what is read, or None where one of our errors names the file and the place."""
    refused = None
    try:
        return read()
    except AnalysisError as error:
        refused = error
    message = str(refused)
    assert 1 <= len(message.splitlines()) <= 5, message
    assert len(message) <= LONGEST + sum(len(str(path)) for path in paths), message[:LONGEST]
    assert refused.remedy or refused.expected or refused.got, message
    assert refused.where, message
    if not isinstance(refused, ParameterError):
        assert any(path.name in refused.where for path in paths), message
    return None


def same(found: object, cells: list[str]) -> bool:
    """Tell whether numbers are those of the cells, missing ones included."""
    return np.array_equal(np.asarray(found, float), told.numbers(cells), equal_nan=True)

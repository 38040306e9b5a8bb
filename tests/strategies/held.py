"""What every property holds a reader to."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from analysis_lib.errors import AnalysisError, ParameterError
from tests.strategies import told

LONGEST = 2_000
"""Letters of an error: five lines that a terminal can show."""


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

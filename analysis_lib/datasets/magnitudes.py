"""Numbers too large to be worked with: their squares would have no number."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from analysis_lib.errors import TableError

LARGEST = 1e60
"""Nothing that is measured is larger. The fourth power, as correlations take it, is a number."""


def refuse_too_large(values: NDArray[np.float64], place: Callable[[int, int], str]) -> None:
    """Raise when a value is further from zero than `LARGEST`; missing ones are not looked at.

    Parameters
    ----------
    values : array of shape (rows, columns)
        As they were read.
    place : function
        From the row and the column of a value to where it stands.

    Examples
    --------
    >>> refuse_too_large(np.array([[1.0, -1e300]]), lambda row, column: f"column {column + 1}")
    Traceback (most recent call last):
    analysis_lib.errors.TableError: A number is too large to be worked with.
      where:    column 2
      expected: at most 1e+60, above zero or below
      got:      -1e+300
      remedy:   Correct it, or write NA where nothing was measured.
    """
    # Two passes that make no copy, for tables of many millions.
    ends = np.fmin.reduce, np.fmax.reduce
    low, high = (end(values, axis=None, initial=0.0) for end in ends)
    if low >= -LARGEST and high <= LARGEST:
        return
    wrong = np.argwhere(np.abs(values) > LARGEST)
    row, column = (int(at) for at in wrong[0])
    more = f", and {len(wrong) - 1:,} more" if len(wrong) > 1 else ""
    raise TableError(
        "A number is too large to be worked with.",
        where=place(row, column),
        expected=f"at most {LARGEST:g}, above zero or below",
        got=f"{float(values[row, column])!r}{more}",
        remedy="Correct it, or write NA where nothing was measured.",
    )

"""Text into numbers, and what to say where it is none."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Sequence

import numpy as np
import numpy.typing as npt

from analysis_lib.tables.records import show

BLANKS = " \t"
_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_REASONS: tuple[tuple[re.Pattern[str], str, str], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), what, remedy)
    for pattern, what, remedy in (
        (
            r"[+-]?[0-9]{1,3}(?:,[0-9]{3})+\.[0-9]*(?:e[+-]?[0-9]+)?",
            "a comma between thousands",
            "Write 1234.5, without a comma.",
        ),
        (
            r"[+-]?(?:[0-9]+|[0-9]{1,3}(?:\.[0-9]{3})+)?,[0-9]+(?:e[+-]?[0-9]+)?",
            "a decimal comma",
            "Write numbers with a decimal point: 1.5, not 1,5.",
        ),
        (
            r"[+-]?inf(?:inity)?",
            "an infinite value",
            "Write a number, or NA where there is none.",
        ),
        (
            _NUMBER.pattern,
            "a number too large for a 64-bit float",
            "Write a number below 1.8e308.",
        ),
        (r"", "an empty field", "Fill it, or write what stands for a missing value."),
        (r"[+-]?0x.*", "a hexadecimal number", "Write it in decimal digits."),
        (r"[+-]?[0-9][0-9_]*", "a number with underscores", "Write the digits alone."),
    )
)


def parse(
    cells: Sequence[str], missing: Collection[str]
) -> tuple[npt.NDArray[np.float64], int | None]:
    """Return the numbers of a column, NaN where missing, and the index of the first that is none.

    A number is decimal digits with a point and an exponent at most; blanks around it are no harm.

    Examples
    --------
    >>> parse([" 1e-320", "NA"], ["NA"])
    (array([1.e-320,     nan]), None)
    >>> parse(["1", "0x10", "inf"], [])[1]
    1
    """
    spellings = frozenset(missing)
    values = np.full(len(cells), np.nan)
    for index, cell in enumerate(cells):
        if cell in spellings:
            continue
        text = cell.strip(BLANKS)
        if _NUMBER.fullmatch(text):
            values[index] = number = float(text)
            if math.isinf(number):
                return values, index
        elif text not in spellings:
            return values, index
    return values, None


def explain(cell: str) -> tuple[str, str]:
    """Return what a text that is no number is instead, and what to do about it.

    Examples
    --------
    >>> explain("0,05")[0]
    "'0,05', a decimal comma"
    """
    text = cell.strip(BLANKS)
    for pattern, what, remedy in _REASONS:
        if pattern.fullmatch(text):
            return f"{show(cell)}, {what}", remedy
    return show(cell), "Correct it, or write NA where there is no number."

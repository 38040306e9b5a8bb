"""What a file says, read in plain Python: the oracle that a loader is held to.

It knows nothing of the library: gzip, UTF-8, `csv`, and the one rule of what is a number.
"""

from __future__ import annotations

import csv
import gzip
import io
import math
import re
from collections.abc import Sequence
from pathlib import Path

MISSING = ("", "NA", "NaN", "nan", "N/A", "NULL", "null", "None")
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")


class NoNumberError(ValueError):
    """A text that had to be refused."""


def rows(path: Path, delimiter: str) -> list[list[str]]:
    """Return header and rows; where the rows are one wider, the header gets an empty name."""
    data = path.read_bytes()
    if data.startswith(b"\x1f\x8b"):
        data = gzip.decompress(data)
    text = data.decode("utf-8").removeprefix("\ufeff").rstrip("\r\n")
    found = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))
    found = [row or [""] for row in found]
    if all(len(row) == len(found[0]) + 1 for row in found[1:]):
        found[0].insert(0, "")
    widths = {len(row) for row in found}
    assert len(widths) == 1, f"rows of {widths} cells were read"
    return found


def number(cell: str) -> float:
    """Return a number, NaN where it is missing; raise where there is none."""
    text = cell.strip(" \t")
    if cell in MISSING or text in MISSING:
        return math.nan
    if not _NUMBER.fullmatch(text) or math.isinf(float(text)):
        raise NoNumberError(cell)
    return float(text)


def numbers(found: Sequence[str]) -> list[float]:
    """Return the numbers of cells."""
    return [number(cell) for cell in found]


def column(table: list[list[str]], name: str) -> list[str]:
    """Return the cells below a name, blanks around it and them removed."""
    at = [cell.strip() for cell in table[0]].index(name)
    return [row[at].strip() for row in table[1:]]


def left_out(notes: Sequence[str], what: str) -> int:
    """Return how many of something the notes say were left out."""
    pattern = re.compile(rf"([0-9,]+) (?:of [0-9,]+ )?{what}s? .*left out")
    counts = [match[1] for note in notes if (match := pattern.match(note))]
    return sum(int(count.replace(",", "")) for count in counts)

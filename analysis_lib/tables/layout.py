"""How a text table is laid out: its delimiter, its column names, where its rows begin."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice, pairwise
from pathlib import Path
from typing import TypeAlias

from analysis_lib.errors import ParameterError, TableError
from analysis_lib.tables.content import BOM, HEAD_BYTES, LINE_END, LONGEST_LINE, decode
from analysis_lib.tables.records import ANY_DELIMITER, DELIMITERS, Record, records, show

Names: TypeAlias = Sequence[str] | Callable[[list[str]], Sequence[str]] | None
"""Names for the columns of a file without a header, or a function of the header there is."""

_SAMPLE = 50
_DIGITS = re.compile(r"\s*[+-]?[0-9]+\s*")
_FRACTION = re.compile(r"\s*[0-9]+([eE][+-]?[0-9]+)?\s*")


@dataclass(frozen=True)
class Layout:
    """What the head of a text table tells.

    Parameters
    ----------
    delimiters : str
        The delimiter; of a table of one column all of them, none of which may occur.
    names : tuple of str
        Column names; the first is empty where the header has no name for it.
    start, line : int
        The byte at which the first row begins, and the number of its line.
    headed : bool
        Whether the file has a header; where not, its names were given.
    """

    delimiters: str
    names: tuple[str, ...]
    start: int
    line: int
    headed: bool = True


@dataclass(frozen=True)
class _Guess:
    """What the first records are, cut at one delimiter."""

    delimiter: str
    found: list[Record]
    sound: bool

    @property
    def header(self) -> int:
        return len(self.found[0].fields) if self.found else 0

    @property
    def widths(self) -> list[int]:
        return [len(record.fields) for record in self.found[1:]]

    @property
    def rank(self) -> tuple[bool, bool]:
        # A quote amid a field speaks against a delimiter: real quotes stand at its sides.
        clean = not any(record.stray for record in self.found)
        return self.fits(0), clean

    def fits(self, surplus: int) -> bool:
        return self.sound and self.header >= 2 and set(self.widths) == {self.header + surplus}

    @property
    def likeness(self) -> tuple[bool, float, int]:
        even = self.widths.count(self.header) / max(1, len(self.widths))
        return self.header >= 2, even, max([self.header, *self.widths])


def find_layout(data: bytes, path: Path, names: Names = None) -> Layout:
    """Find the layout of a text table from its first records.

    The delimiter is the one of comma, tab and semicolon that gives every record of the head
    the header's width, or one more (the row names of R's `write.table`). Where none does, the
    best guess is returned, and reading the rows will tell which of them does not fit.

    Raises
    ------
    TableError
        Two delimiters fit, a header stands alone, or the column names are not sound.
    """
    if len(data) > LONGEST_LINE and not LINE_END.search(data, 0, LONGEST_LINE):
        raise TableError(
            "The file has no line end, as a table has after its header.",
            where=str(path),
            expected=f"one within the first {LONGEST_LINE:,} bytes",
            got=show(data[:200].decode("utf-8", "replace")),
            remedy="Is it text at all, or one line that a tool has joined?",
        )
    layout = glance(data, path, names) if len(data) > HEAD_BYTES else None
    if layout:
        return layout
    skip = _bom(data)
    text = decode(data[skip:], path)
    return _lay_out(text, _choose(_samples(text, path, names), path), path, skip, names)


def glance(data: bytes, path: Path, names: Names = None) -> Layout | None:
    """Find the layout from the beginning of a file, or None where more of it must be read."""
    skip = _bom(data)
    cut = max(data.rfind(end, 0, HEAD_BYTES) for end in (b"\n", b"\r")) + 1
    text = decode(data[skip:cut], path)
    guesses = _samples(text, path, names)
    guess = _choose(guesses, path)
    one_column = all(other.sound and {other.header, *other.widths} == {1} for other in guesses)
    # What does not fit may be what the cut broke.
    if guess.found[1:] and (one_column or guess.fits(0) or guess.fits(1)):
        return _lay_out(text, guess, path, skip, names)
    return None


def _lay_out(text: str, guess: _Guess, path: Path, skip: int, names: Names) -> Layout:
    if len(guess.found) < 2:
        raise _header_alone(text, guess, path)
    headed = names is None or callable(names)
    header = list(guess.found[0].fields)
    if headed and guess.fits(1):
        _refuse_shifted(guess, text, path)
        header.insert(0, "")
    first = guess.found[1]
    return Layout(
        ANY_DELIMITER if guess.header == 1 else guess.delimiter,
        check_names(renamed(header, names), path),
        skip + len(text[: first.start].encode()),
        first.line,
        headed,
    )


def renamed(header: list[str], names: Names) -> list[str]:
    """Return what the columns of a header are to be called.

    Examples
    --------
    >>> renamed(["gene", "p", "p"], lambda header: ["gene", "p", "adjusted p"])
    ['gene', 'p', 'adjusted p']
    """
    if not callable(names):
        return header
    new = [str(name) for name in names(list(header))]
    if len(new) != len(header):
        raise ParameterError(
            "A function that renames columns gives one name for each.",
            where="names",
            expected=f"{len(header)} names",
            got=f"{len(new)}",
        )
    return new


def _bom(data: bytes) -> int:
    return len(BOM) if data.startswith(BOM) else 0


def check_names(names: Sequence[str], path: Path) -> tuple[str, ...]:
    """Return the column names; raise when one stands twice or one but the first is empty."""
    twice = [name for name, count in Counter(names).items() if count > 1 and name]
    if twice:
        name = twice[0]
        places = [str(place) for place, other in enumerate(names, 1) if other == name]
        more = f" and {len(places) - 4} more" if len(places) > 4 else ""
        others = f"; {len(twice) - 1} other names too" if len(twice) > 1 else ""
        raise TableError(
            "Two columns have the same name.",
            where=f"{path}, line 1",
            expected="every name once",
            got=f"{show(name)} in columns {', '.join(places[:4])}{more}{others}",
            remedy="Rename or remove all but one.",
        )
    empty = [place for place, name in enumerate(names[1:], 2) if not name]
    if empty:
        raise TableError(
            "A column has no name.",
            where=f"{path}, line 1, column {empty[0]}",
            expected="a name for every column; only the first may go without",
            remedy="Name the column, or remove it where it is empty.",
        )
    return tuple(names)


def _samples(text: str, path: Path, names: Names) -> list[_Guess]:
    # Given names stand where a header would.
    header = [] if names is None or callable(names) else [Record(1, 0, list(names), stray=False)]
    return [_sample(text, delimiter, path, header) for delimiter in DELIMITERS]


def _sample(text: str, delimiter: str, path: Path, header: list[Record]) -> _Guess:
    found = list(header)
    try:
        for record in islice(records(text, delimiter, path), _SAMPLE):
            found.append(record)
    except TableError:  # what came before it tells enough; reading the rows will raise it again
        return _Guess(delimiter, found, sound=False)
    return _Guess(delimiter, found, sound=True)


def _choose(guesses: list[_Guess], path: Path) -> _Guess:
    for surplus in (0, 1):
        fitting = [guess for guess in guesses if guess.fits(surplus)]
        best = max((guess.rank for guess in fitting), default=None)
        fitting = [guess for guess in fitting if guess.rank == best]
        if len(fitting) > 1:
            claims = " or ".join(f"{g.header} by {DELIMITERS[g.delimiter]}" for g in fitting)
            raise TableError(
                "The columns can be cut in more than one way.",
                where=f"{path}, line 1",
                got=f"as many columns in every row of the head: {claims}",
                remedy="Put quotes around fields that hold a comma, tab or semicolon.",
            )
        if fitting:
            return fitting[0]
    return max(guesses, key=lambda guess: guess.likeness)


def _header_alone(text: str, guess: _Guess, path: Path) -> TableError:
    header, *_ = records(text, guess.delimiter, path)  # or raise what ended the sample
    return TableError(
        "The table has a header and no rows.",
        where=str(path),
        got=f"line 1: {show(guess.delimiter.join(header.fields))}",
        remedy="Export it again with its rows.",
    )


def _refuse_shifted(guess: _Guess, text: str, path: Path) -> None:
    """Refuse rows one wider than the header for another reason than R's row names."""
    rows = guess.found[1:]
    if all(not record.fields[-1] for record in rows):
        raise TableError(
            f"Every row ends with a {DELIMITERS[guess.delimiter]} that the header lacks.",
            where=f"{path}, line {rows[0].line}",
            expected=f"{guess.header} fields as in the header",
            got=f"{guess.header + 1}, the last one empty",
            remedy=f"Remove the {DELIMITERS[guess.delimiter]} at the end of the rows.",
        )
    # R puts quotes around row names; a decimal comma follows digits that stand bare.
    named = all(text.startswith('"', record.start) for record in rows)
    if guess.delimiter == "," and not named:
        for record in rows:
            for left, right in pairwise(record.fields):
                if _DIGITS.fullmatch(left) and _FRACTION.fullmatch(right):
                    raise TableError(
                        "The rows have one field more than the header: a decimal comma, or a "
                        "first column without a name.",
                        where=f"{path}, line {record.line}",
                        expected=f"{guess.header} fields as in the header",
                        got=f"{guess.header + 1}, with {show(left + ',' + right)} among them",
                        remedy="Write numbers with a decimal point; or name the first column.",
                    )

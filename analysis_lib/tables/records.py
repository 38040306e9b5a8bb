"""Text into records: quotes, line ends and line numbers."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from operator import methodcaller
from pathlib import Path
from typing import NamedTuple

from analysis_lib.errors import TableError

DELIMITERS = {",": "comma", "\t": "tab", ";": "semicolon"}
ANY_DELIMITER = "".join(DELIMITERS)

_LINE_END = re.compile(r"\r\n|\r|\n")
_PLAIN_LINE = re.compile(r'([^"\r\n]*+)(\r\n|\r|\n|\Z)')
_QUOTED = re.compile(r'"[^"]*+(?:""[^"]*+)*+"')
_LONGEST_SHOWN = 40

MAX_COLUMNS = 1_000_000
"""More fields than this are no row of a table."""


class Record(NamedTuple):
    """One record: its first line's number, where it starts in the text, and its fields."""

    line: int
    start: int
    fields: list[str]
    stray: bool
    """Whether a quote stands inside a field that is not quoted; it is taken as written."""


def records(text: str, delimiters: str, path: Path, line: int = 1) -> Iterator[Record]:
    """Yield the records of a text; blank lines at its end are none, elsewhere an error.

    A field that begins with a quote ends with one, and a doubled quote in it is one quote.
    The text begins in line `line` of the file, which error messages name.

    Examples
    --------
    >>> [record.fields for record in records('a,"b ""c"", d"', ",", Path("t.csv"))]
    [['a', 'b "c", d']]
    """
    split = _splitter(delimiters)
    scanner = _Scanner(text, delimiters, path)
    position = 0
    while position < scanner.end:
        plain = _PLAIN_LINE.match(text, position, scanner.end)
        if plain is None:
            record, position, next_line = scanner.quoted(position, line)
        elif plain[1]:
            if len(plain[1]) >= MAX_COLUMNS:
                _refuse_endless(plain[1], delimiters, path, line)
            record = Record(line, position, split(plain[1]), stray=False)
            position, next_line = plain.end(), line + 1
        else:
            raise _blank_line(path, line)
        yield record
        line = next_line


def show(value: str) -> str:
    """Return a value from a file as a message shows it: quoted, and cut when it is long."""
    return repr(value if len(value) <= _LONGEST_SHOWN else value[:_LONGEST_SHOWN] + "…")


def _splitter(delimiters: str) -> Callable[[str], list[str]]:
    if len(delimiters) == 1:
        return methodcaller("split", delimiters)
    return re.compile(f"[{delimiters}]").split


class _Scanner:
    """Reads the records that hold quotes."""

    def __init__(self, text: str, delimiters: str, path: Path) -> None:
        self.text = text
        self.path = path
        self.end = len(text.rstrip("\r\n"))
        self._field = re.compile(
            rf"(?:({_QUOTED.pattern})|([^\"{delimiters}\r\n][^{delimiters}\r\n]*+)?)"
            rf"([{delimiters}]|\r\n|\r|\n|\Z)"
        )

    def quoted(self, position: int, line: int) -> tuple[Record, int, int]:
        """Return the record at a position, and position and line of the next one."""
        start, next_line = position, line + 1
        fields: list[str] = []
        stray = False
        while True:
            match = self._field.match(self.text, position, self.end)
            if match is None:
                raise self._error(position, next_line - 1)
            quoted, plain, terminator = match.groups()
            if quoted:
                next_line += len(_LINE_END.findall(quoted))
                fields.append(quoted[1:-1].replace('""', '"'))
            else:
                fields.append(plain or "")
                stray = stray or '"' in fields[-1]
            if len(fields) > MAX_COLUMNS:
                raise _too_many_fields(self.path, line)
            position = match.end()
            if terminator in ("", "\n", "\r", "\r\n"):
                return Record(line, start, fields, stray), position, next_line

    def _error(self, position: int, line: int) -> TableError:
        closed = _QUOTED.match(self.text, position, self.end)
        if closed is None:
            return TableError(
                "A quote opens a field and nothing closes it.",
                where=f"{self.path}, line {line}",
                got=show(_LINE_END.split(self.text[position : position + 2 * _LONGEST_SHOWN])[0]),
                remedy="Close the quote, or write one that is meant as text twice and in quotes.",
            )
        line += len(_LINE_END.findall(closed[0]))
        return TableError(
            "Text follows the quote that closes a field.",
            where=f"{self.path}, line {line}",
            got=show(self.text[closed.start() : closed.end() + 10]),
            remedy="Separate columns by comma or tab, not by blanks (in R: write.csv)."
            if self.text.startswith(" ", closed.end())
            else "Write a quote inside a quoted field twice, or remove the quotes.",
        )


def _refuse_endless(text: str, delimiters: str, path: Path, line: int) -> None:
    # Counted before they are cut: a field takes many times the memory of its delimiter.
    if sum(text.count(delimiter) for delimiter in delimiters) >= MAX_COLUMNS:
        raise _too_many_fields(path, line)


def _too_many_fields(path: Path, line: int) -> TableError:
    return TableError(
        "A row has more fields than a table has columns.",
        where=f"{path}, line {line}",
        expected=f"at most {MAX_COLUMNS:,} fields",
        remedy="Do the lines end? Turn a table round that has its rows side by side.",
    )


def _blank_line(path: Path, line: int) -> TableError:
    return TableError(
        "A blank line stands before or between the rows.",
        where=f"{path}, line {line}",
        remedy="Remove it; blank lines are ignored at the end of the file only.",
    )

"""Tables as rows of texts, what may happen to them, and how they get to the disk."""

from __future__ import annotations

import csv
import gzip
import io
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from tests.strategies import cells

Rows = list[list[str]]
Draw = Callable[[st.SearchStrategy[Any]], Any]
Damage = Callable[[Sequence["Sheet"]], st.SearchStrategy[list["Sheet"]]]


@dataclass(frozen=True)
class Sheet:
    """A table on its way to a file.

    Parameters
    ----------
    name : str
        Of the file.
    rows : list of rows
        The first is the header.
    delimiter, ends : str
        Between cells and after rows.
    spoil : function, optional
        What happens to the bytes; None where nothing does, and `rows` is what the file says.
    did : list of str
        What was done, for whoever reads a failing example.
    """

    name: str
    rows: Rows
    delimiter: str = ","
    ends: str = "\n"
    spoil: Callable[[bytes], bytes] | None = None
    did: tuple[str, ...] = field(default=())

    @property
    def content(self) -> bytes:
        """The bytes of the file."""
        out = io.StringIO(newline="")
        csv.writer(out, delimiter=self.delimiter, lineterminator=self.ends).writerows(self.rows)
        data = out.getvalue().encode("utf-8", "surrogatepass")
        return self.spoil(data) if self.spoil else data

    def write(self, folder: Path) -> Path:
        """Write the file and return its path."""
        path = folder / self.name
        path.write_bytes(self.content)
        return path

    def __repr__(self) -> str:
        text = self.content.decode("utf-8", "backslashreplace")
        return f"<{self.name}: {' + '.join(self.did) or 'right'}: {text[:1500]!r}>"


def _place(draw: Draw, length: int) -> int:
    return draw(st.integers(0, max(0, length - 1)))


def _cell(draw: Draw, rows: Rows) -> None:
    row = rows[_place(draw, len(rows))]
    if row:
        row[_place(draw, len(row))] = draw(cells.words)


def _value(draw: Draw, rows: Rows) -> None:
    """Put an edge of the numbers where a number stands, or a few of them in a column."""
    at = draw(st.integers(1, max(1, len(rows[0]) - 1))) if rows else 0
    body = [row for row in rows[1:] if len(row) > at]
    for _ in range(draw(st.integers(1, 3)) if body else 0):
        body[_place(draw, len(body))][at] = draw(cells.numbers)


def _gaps(draw: Draw, rows: Rows) -> None:
    """Leave numbers out here and there, in a few of the spellings of that."""
    text = draw(st.sampled_from(["", "NA", "nan", "None"]))
    wide = [row for row in rows[1:] if any(map(_is_number, row[1:]))]
    for row in draw(st.lists(st.sampled_from(wide), min_size=1, max_size=3)) if wide else ():
        places = [at for at, cell in enumerate(row) if at and _is_number(cell)]
        if places:
            row[draw(st.sampled_from(places))] = text


def _all_zero(draw: Draw, rows: Rows) -> None:
    """Make a row or a column of zeros."""
    at = draw(st.integers(1, max(1, len(rows[0]) - 1)))
    row = rows[-1]
    if draw(st.booleans()):
        row[1:] = ["0"] * len(row[1:])
        return
    for other in rows[1:]:
        if len(other) > at:
            other[at] = "0"


def _whole_column(draw: Draw, rows: Rows) -> None:
    at, text = _place(draw, len(rows[0]) if rows else 0), draw(cells.words)
    for row in rows[1:]:
        if len(row) > at:
            row[at] = text


def _whole_row(draw: Draw, rows: Rows) -> None:
    if len(rows) > 1:
        row, text = rows[draw(st.integers(1, len(rows) - 1))], draw(cells.words)
        row[1:] = [text] * (len(row) - 1)


def _name(draw: Draw, rows: Rows) -> None:
    if rows and rows[0]:
        rows[0][_place(draw, len(rows[0]))] = draw(cells.names)


def _row_name(draw: Draw, rows: Rows) -> None:
    row = rows[_place(draw, len(rows))]
    if row:
        row[0] = draw(cells.names)


def _again(draw: Draw, rows: Rows) -> None:
    rows.insert(_place(draw, len(rows)) + 1, list(rows[_place(draw, len(rows))]))


def _column_again(draw: Draw, rows: Rows) -> None:
    here, there = (_place(draw, len(rows[0])) for _ in range(2))
    for row in rows:
        if len(row) > here:
            row.insert(there, row[here])


def _without_row(draw: Draw, rows: Rows) -> None:
    del rows[_place(draw, len(rows))]


def _without_column(draw: Draw, rows: Rows) -> None:
    at = _place(draw, len(rows[0]))
    for row in rows:
        del row[at : at + 1]


def _few_rows(draw: Draw, rows: Rows) -> None:
    del rows[1 + draw(st.integers(0, 2)) :]


def _few_columns(draw: Draw, rows: Rows) -> None:
    left = draw(st.integers(1, 2))
    for row in rows:
        del row[left:]


def _ragged(draw: Draw, rows: Rows) -> None:
    row = rows[_place(draw, len(rows))]
    if row and draw(st.booleans()):
        row.pop()
    else:
        row.append(draw(cells.words))


def _turned(draw: Draw, rows: Rows) -> None:
    if len({len(row) for row in rows}) == 1:
        rows[:] = [list(column) for column in zip(*rows, strict=True)]


def _shuffled(draw: Draw, rows: Rows) -> None:
    order = draw(st.permutations(range(1, len(rows))))
    rows[1:] = [rows[place] for place in order]


def _other_case(draw: Draw, rows: Rows) -> None:
    row = rows[_place(draw, len(rows))]
    if row:
        at = _place(draw, len(row))
        row[at] = draw(st.sampled_from([str.upper, str.title, str.swapcase, " {} ".format]))(
            row[at]
        )


def _blank_line(draw: Draw, rows: Rows) -> None:
    rows.insert(draw(st.integers(0, len(rows))), [])


def _without_header(draw: Draw, rows: Rows) -> None:
    del rows[:1]


def _names_exchanged(draw: Draw, rows: Rows) -> None:
    here, there = (_place(draw, len(rows[0])) for _ in range(2))
    rows[0][here : here + 1], rows[0][there : there + 1] = (
        rows[0][there : there + 1],
        rows[0][here : here + 1],
    )


# What passes as a rule tells more than what never does, and comes more often.
DAMAGE = (
    *(*[_gaps] * 4, *[_value] * 3, _all_zero, _all_zero, _cell, _cell, _shuffled, _shuffled),
    *(_whole_column, _whole_row, _name, _row_name, _again, _column_again, _without_row),
    *(_without_row, _without_column, _few_rows, _few_columns, _ragged, _turned, _other_case),
    *(_blank_line, _without_header, _names_exchanged),
)

_HTML = b"<!DOCTYPE html><html><body>Please log in</body></html>\n"


def _flip(draw: Draw) -> Callable[[bytes], bytes]:
    share, byte = draw(st.floats(0, 1)), draw(st.integers(0, 255))

    def flipped(data: bytes) -> bytes:
        at = int(share * len(data))
        return data[:at] + bytes([byte]) + data[at + 1 :]

    return flipped


def _cut(draw: Draw) -> Callable[[bytes], bytes]:
    share = draw(st.floats(0, 1))
    return lambda data: data[: int(share * len(data))]


def _gzip_cut(draw: Draw) -> Callable[[bytes], bytes]:
    share = draw(st.floats(0, 0.99))

    def cut(data: bytes) -> bytes:
        packed = _packed(data)
        return packed[: int(share * len(packed))]

    return cut


def _packed(data: bytes) -> bytes:
    return gzip.compress(data, 1, mtime=0)


def _encoded(encoding: str) -> Callable[[bytes], bytes]:
    return lambda data: data.decode("utf-8", "replace").encode(encoding, "replace")


def _sure(spoil: Callable[[bytes], bytes]) -> Callable[[Draw], Callable[[bytes], bytes]]:
    return lambda draw: spoil


SPOIL: dict[str, Callable[[Draw], Callable[[bytes], bytes]]] = {
    "a byte": _flip,
    "cut off": _cut,
    "gzip": _sure(_packed),
    "gzip cut off": _gzip_cut,
    "byte order mark": _sure(lambda data: b"\xef\xbb\xbf" + data),
    "UTF-16": _sure(_encoded("utf-16")),
    "Latin-1": _sure(_encoded("latin-1")),
    "a page": _sure(lambda data: _HTML),
    "nothing": _sure(lambda data: b""),
    "noughts": _sure(lambda data: data[:40] + bytes(8) + data[48:]),
    "blank lines at the end": _sure(lambda data: data + b"\n\r\n\n"),
    "no line end": _sure(lambda data: data.rstrip(b"\r\n")),
}


@st.composite
def damaged(draw: Draw, sheet: Sheet, most: int = 3) -> Sheet:
    """Damage a sheet up to `most` times, or not at all; sometimes its bytes too."""
    rows, did = [list(row) for row in sheet.rows], []
    for _ in range(draw(st.sampled_from(range(most, -1, -1)))):
        damage = draw(st.sampled_from(DAMAGE))
        if rows and (rows[0] or damage in (_again, _blank_line)):
            damage(draw, rows)
            did.append(damage.__name__)
    sheet = replace(sheet, rows=rows)
    sheet = replace(sheet, delimiter=draw(st.sampled_from(",,,,\t;")))
    sheet = replace(sheet, ends=draw(st.sampled_from(["\n", "\n", "\n", "\r\n"])))
    if draw(st.integers(0, 6)) == 5:
        name = draw(st.sampled_from(sorted(SPOIL)))
        sheet = replace(sheet, spoil=SPOIL[name](draw))
        did.append(name)
    return replace(sheet, did=tuple(did))


@st.composite
def edged(draw: Draw, sheets: Sequence[Sheet]) -> list[Sheet]:
    """Put numbers at the edges into the first sheet, and leave everything else as it is right."""
    first, *rest = sheets
    rows = [list(row) for row in first.rows]
    wide = [row for row in rows[1:] if len(row) > 1]
    for _ in range(draw(st.integers(1, 4)) if wide else 0):
        row, text = wide[_place(draw, len(wide))], draw(cells.edges)
        places = [at for at, cell in enumerate(row) if _is_number(cell)]
        if places:
            row[draw(st.sampled_from(places))] = text
    if draw(st.integers(0, 5)) == 4:
        text = draw(st.sampled_from(["0", "1e-320", "1e-200", "1e60", "5", "NA"]))
        places = [at for at, cell in enumerate(wide[0] if wide else []) if _is_number(cell)]
        for row in wide:
            for at in places[:1]:
                row[at] = text
    return [replace(first, rows=rows, did=("edges",)), *rest]


def _is_number(cell: str) -> bool:
    try:
        return bool(cell) and math.isfinite(float(cell))
    except ValueError:
        return False


@st.composite
def all_damaged(draw: Draw, sheets: Sequence[Sheet]) -> list[Sheet]:
    """Damage one sheet of several, or all of them, or exchange the contents of two."""
    worst = draw(st.integers(-1, len(sheets) - 1))
    found = [
        draw(damaged(sheet)) if worst in (-1, place) else sheet
        for place, sheet in enumerate(sheets)
    ]
    if len(found) > 1 and draw(st.integers(0, 15)) == 9:
        one, other, *rest = found
        found = [replace(other, name=one.name), replace(one, name=other.name), *rest]
    return found

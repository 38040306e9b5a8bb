"""What the sequenced cells are: their table, and how it is joined to the counts by name."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis_lib import tables
from analysis_lib.datasets.identifiers import (
    counted,
    cut,
    examples,
    refuse_difference,
    refuse_nameless,
    refuse_repeats,
)
from analysis_lib.datasets.neurons.lines import line_key
from analysis_lib.errors import TableError
from analysis_lib.tables.reading import MISSING
from analysis_lib.tables.records import show

Unmatched = Literal["error", "drop"]

PUBLISHED = (
    "sample_title",
    "cre_driver_1",
    "tdTomato",
    "pass_qc_checks",
    "broad_type",
    "primary_type",
)
"""Columns of the published table that the study needs; the first names the cells."""

_ROLES = {
    "line": ("line", "cre_driver_1", "mouse_line"),
    "broad_type": ("broad_type",),
    "type": ("type", "primary_type"),
    "tdTomato": ("tdTomato",),
    "pass_qc_checks": ("pass_qc_checks",),
}
_ALWAYS = ("line", "broad_type", "type")


@dataclass(frozen=True)
class Match:
    """Which cell of the counts is which row of the cells table.

    Parameters
    ----------
    here, there : arrays of positions
        In the counts, in their order, and in the cells table.
    notes : tuple of sentences
        What a reader of the results must know.
    """

    here: NDArray[np.intp]
    there: NDArray[np.intp]
    notes: tuple[str, ...]


def read_cells(path: Path, needed: Sequence[str] = ()) -> pd.DataFrame:
    """Read a table of cells: named by the first column, or by the first of those needed."""
    header = tables.read_header(path)
    absent = [name for name in needed if name not in header]
    if absent:
        raise TableError(
            f"There is no column {absent[0]!r}: the file is not laid out as published.",
            where=f"{path}, line 1",
            expected="the columns " + ", ".join(needed),
            got=f"{counted(len(header), 'column')}: {examples(header)}",
            remedy="Give the table of clustering results; are the two files exchanged?",
        )
    frame = tables.read_table(path)
    id_column = needed[0] if needed else header[0]
    names = frame[id_column].astype("str").str.strip().tolist()
    refuse_nameless(names, "cell", f"{path}, column {show(id_column)}")
    refuse_repeats(names, "cell", f"{path}, column {show(id_column)}")
    about = frame.astype("str")
    about.index = pd.Index(names, dtype="str")
    return described(about, str(path))


def described(about: pd.DataFrame, where: str) -> pd.DataFrame:
    """Return what is told of each cell, with the columns that studies know it by.

    `line` becomes its key; what is unknown is "". `tdTomato` and `pass_qc_checks` are there
    where the table has them, however they are capitalised.
    """
    found = {role: _column(about, names) for role, names in _ROLES.items()}
    if found["line"] is None:
        raise TableError(
            "The table does not say which Cre line each cell is of.",
            where=where,
            expected="a column " + " or ".join(map(repr, _ROLES["line"])),
            got=f"the columns {examples(about.columns.tolist()) or 'of names alone'}",
            remedy="Add the column, or call the one that is meant 'line'; an .h5ad file may have "
            "a table of cells beside it.",
        )
    about = about.copy()
    for role, column in found.items():
        if column is not None:
            cells = about[column].str.strip()
            about[role] = cells.mask(cells.isin(MISSING), "")
        elif role in _ALWAYS:
            about[role] = ""
    keys = {line: line_key(line) if line else "" for line in about["line"].unique()}
    about["line"] = about["line"].map(keys)
    about.index.name = "cell"
    return about.astype("str")


def spelled_alike(name: str) -> str:
    """Return what two spellings of a cell's name share: R writes "." for "-".

    Examples
    --------
    >>> spelled_alike("Rbp4-cell_1") == spelled_alike("Rbp4.cell_1")
    True
    """
    return name.replace("-", ".")


def match(here: Sequence[str], there: Sequence[str], *, unmatched: Unmatched, where: str) -> Match:
    """Join the cells of the counts to those of the cells table, one to one and by name.

    Names that are equal are joined first; of the others, those that differ only in "-" and ".".

    Raises
    ------
    TableError
        When nothing tells which cell is meant, when no cell is in both, or when a cell is in
        one alone and `unmatched` is "error".
    """
    pairs = _equal(here, there)
    respelled = _respelled(here, there, pairs, where)
    pairs |= respelled
    if not pairs:
        raise TableError(
            "No cell of the counts is in the table of cells.",
            where=where,
            expected=f"cells called {examples(there)}",
            got=f"cells called {examples(here)}",
            remedy="Call the cells alike in both.",
        )
    taken = set(pairs.values())
    surplus = [name for i, name in enumerate(here) if i not in pairs]
    untold = [name for i, name in enumerate(there) if i not in taken]
    if unmatched == "error":
        refuse_difference(
            "The counts and the table of cells do not hold the same cells.",
            ("in the counts alone", surplus),
            ("in the table of cells alone", untold),
            where=where,
            remedy="Complete them; or set unmatched to drop to leave those cells out.",
        )
    notes = []
    if respelled:
        i, j = next(iter(respelled.items()))
        notes.append(
            f"{counted(len(respelled), 'cell', 'is')} spelled with “.” in one file and “-” in "
            f"the other ({cut(here[i])} and {cut(there[j])}): taken for the same."
        )
    for names, place in ((surplus, "counts"), (untold, "table of cells")):
        if names:
            notes.append(
                f"{counted(len(names), 'cell', 'is')} in the {place} alone and left out "
                f"({examples(names)})."
            )
    order = sorted(pairs)
    return Match(
        np.array(order, np.intp), np.array([pairs[i] for i in order], np.intp), tuple(notes)
    )


def _column(about: pd.DataFrame, names: Sequence[str]) -> str | None:
    """Return the first column that has one of the names, as spelled or else loosely."""
    loose = {_loose(column): column for column in reversed(about.columns.tolist())}
    for name in names:
        if name in about:
            return name
        if _loose(name) in loose:
            return loose[_loose(name)]
    return None


def _loose(name: str) -> str:
    return name.strip().replace(" ", "_").casefold()


def _equal(here: Sequence[str], there: Sequence[str]) -> dict[int, int]:
    at = {name: place for place, name in enumerate(there)}
    return {place: at[name] for place, name in enumerate(here) if name in at}


def _respelled(
    here: Sequence[str], there: Sequence[str], pairs: dict[int, int], where: str
) -> dict[int, int]:
    """Return the pairs of those left over whose names differ only in "-" and "."."""
    ours = _by_spelling(here, set(pairs))
    theirs = _by_spelling(there, set(pairs.values()))
    found = {}
    for key in ours:
        one, other = ours[key], theirs.get(key, [])
        if not other:
            continue
        if len(one) > 1 or len(other) > 1:
            raise TableError(
                "Cells cannot be told apart by their names.",
                where=where,
                expected="names that differ in more than “-” and “.”",
                got=f"in the counts {examples([here[i] for i in one])}; in the table of cells "
                f"{examples([there[j] for j in other])}",
                remedy="Spell these cells alike in both.",
            )
        found[one[0]] = other[0]
    return found


def _by_spelling(names: Sequence[str], without: set[int]) -> dict[str, list[int]]:
    groups: dict[str, list[int]] = defaultdict(list)
    for place, name in enumerate(names):
        if place not in without:
            groups[spelled_alike(name)].append(place)
    return groups

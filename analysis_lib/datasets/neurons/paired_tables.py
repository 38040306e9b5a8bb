"""Two tables of the same samples, each either way round, joined by the names they share."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd

from analysis_lib import tables
from analysis_lib.datasets.identifiers import (
    counted,
    examples,
    refuse_difference,
    refuse_nameless,
    refuse_repeats,
)
from analysis_lib.datasets.magnitudes import refuse_too_large
from analysis_lib.errors import TableError
from analysis_lib.tables.records import show


def read_pair(features: Path, expression: Path) -> tuple[pd.DataFrame, pd.DataFrame, str]:
    """Read features and expression of the same samples.

    The first column and the header of each table hold its names. What both have is samples.

    Parameters
    ----------
    features, expression : path
        Numbers, but for the first column.

    Returns
    -------
    DataFrame, DataFrame, str
        Samples by features, the same samples by genes, and a sentence on which way round the
        tables were. NaN where a value is missing.

    Raises
    ------
    TableError
        When the samples do not match one to one, when it cannot be told which names are samples,
        or when a name is missing or stands twice.
    """
    sheets = _Sheet(features, "feature"), _Sheet(expression, "gene")
    where = f"{features} and {expression}"
    sides = _shared_sides(*sheets, where)
    X, Y = (sheet.samples_in(side) for sheet, side in zip(sheets, sides, strict=True))
    refuse_difference(
        "The samples of the two tables do not match one to one.",
        ("only in the table of features", X.index),
        ("only in the table of expression", Y.index),
        where=where,
        remedy="Give every sample its features and its expression, under one name.",
    )
    note = (
        f"The table of features has its samples in the {sides[0]}, that of expression in the "
        f"{sides[1]}, found by the {counted(len(X), 'name')} they share."
    )
    return X, Y.loc[X.index], note


class _Sheet:
    """A table of numbers with names in its first column and in its header.

    Parameters
    ----------
    path : Path
        The file.
    kind : str
        What it tells of samples: a feature or a gene.
    """

    def __init__(self, path: Path, kind: str) -> None:
        self.path, self.kind = path, kind
        first, *columns = tables.read_header(path, names=_stripped)
        if not columns:
            raise TableError(
                "The table has a column of names and no numbers.",
                where=str(path),
                got=show(first),
                remedy="Add a column per sample or per " + kind + ".",
            )
        frame = tables.read_table(path, numbers=columns, names=_stripped)
        rows = pd.Index(frame[first].astype("str").str.strip().tolist(), dtype="str")
        values = frame[columns].to_numpy(np.float64)
        refuse_too_large(
            values, lambda i, j: f"{path}, row {show(rows[i])}, column {show(columns[j])}"
        )
        self.frame = pd.DataFrame(values, rows, pd.Index(columns, dtype="str"))

    def names(self, side: str) -> list[str]:
        """Return the names in the rows or in the columns."""
        return (self.frame.index if side == "rows" else self.frame.columns).tolist()

    def samples_in(self, side: str) -> pd.DataFrame:
        """Return samples by what the table tells of them, once it is known where they are."""
        frame = self.frame if side == "rows" else self.frame.T
        for names, kind in ((frame.index, "sample"), (frame.columns, self.kind)):
            refuse_nameless(names.tolist(), kind, str(self.path))
            refuse_repeats(names.tolist(), kind, str(self.path))
        return frame.rename_axis(index="sample")

    def found(self) -> str:
        """Return examples of the names, for an error."""
        rows, columns = examples(self.names("rows")), examples(self.names("columns"))
        return f"{self.path.name}: rows called {rows}; columns called {columns}"


def _stripped(header: list[str]) -> list[str]:
    return [name.strip() for name in header]


def _shared_sides(one: _Sheet, other: _Sheet, where: str) -> tuple[str, str]:
    """Return where the samples of each table are: those two sides share their names.

    A feature may be called as a gene is; all names alike weigh more than some.
    """
    every, some = [], []
    for here, there in product(("rows", "columns"), repeat=2):
        left, right = set(one.names(here)), set(other.names(there))
        if left == right:
            every.append((here, there))
        if left & right:
            some.append((here, there))
    fitting = every or some
    if len(fitting) == 1:
        return fitting[0]
    if not fitting:
        raise TableError(
            "The two tables have no sample in common.",
            where=where,
            expected="the same names of samples in both, in rows or in columns",
            got=f"{one.found()}; {other.found()}",
            remedy="Call the samples alike in both tables.",
        )
    ways = [
        f"the {left} of {one.path.name} and the {right} of {other.path.name}"
        for left, right in fitting
    ]
    raise TableError(
        "It cannot be told which names are samples: the tables share names in two ways.",
        where=where,
        got="names shared by " + "; by ".join(ways),
        remedy=f"Give the samples names that no feature and no {other.kind} has, in both tables.",
    )

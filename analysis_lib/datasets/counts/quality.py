"""Which sequenced cells count: labelled, sound, and neurons."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis_lib.datasets.identifiers import counted
from analysis_lib.errors import TableError
from analysis_lib.tables.records import show

if TYPE_CHECKING:
    from analysis_lib.datasets.counts import Counts

_BETWEEN = re.compile(r"[\s_-]+")
_YES = ("y", "yes", "true", "1")
_SHOWN = 4


@dataclass(frozen=True)
class Step:
    """One condition on a cell.

    Parameters
    ----------
    title : str
        As the table of steps calls it.
    column : str
        Where it is told.
    wanted : texts
        The values that pass; capitals, blanks and hyphens do not count.
    """

    title: str
    column: str
    wanted: Collection[str]


STEPS = (
    Step("tdTomato positive", "tdTomato", ("positive", *_YES)),
    Step("passes the quality checks", "pass_qc_checks", _YES),
    Step(
        "GABA-ergic or glutamatergic neuron",
        "broad_type",
        ("GABA-ergic Neuron", "Glutamatergic Neuron"),
    ),
)
"""In the order in which cells are left out."""


def passed(data: Counts) -> tuple[NDArray[np.bool_], pd.DataFrame]:
    """Tell which cells are labelled, pass the quality checks and are neurons.

    A condition whose column a table lacks, or has empty, is not applied, and its step says so.

    Returns
    -------
    array of bool, DataFrame
        One value per cell; and `step`, `cells` (left after it) and `removed` (by it).

    Raises
    ------
    TableError
        When no cell is left.
    """
    left = np.ones(len(data.cells), bool)
    rows = [("sequenced", len(left), 0)]
    for step in STEPS:
        if not _recorded(data.about, step.column):
            rows.append((f"{step.title} (not recorded)", int(left.sum()), 0))
            continue
        told = data.about[step.column]
        wanted = {_loose(value) for value in step.wanted}
        fits = left & told.map(_loose).isin(wanted).to_numpy(bool)
        if not fits.any():
            raise _nothing_left(step, told[left])
        rows.append((step.title, int(fits.sum()), int(left.sum() - fits.sum())))
        left = fits
    return left, pd.DataFrame(rows, columns=["step", "cells", "removed"])


def _recorded(about: pd.DataFrame, column: str) -> bool:
    return column in about and bool((about[column].str.strip() != "").any())


def _loose(value: str) -> str:
    return _BETWEEN.sub("", value).casefold()


def _nothing_left(step: Step, told: pd.Series[str]) -> TableError:
    seen = told.value_counts()
    shown = ", ".join(
        f"{show(str(value))} in {counted(n, 'cell')}" for value, n in seen[:_SHOWN].items()
    )
    more = f" and {len(seen) - _SHOWN:,} more values" if len(seen) > _SHOWN else ""
    return TableError(
        f"No cell is left after the step “{step.title}”.",
        where=f"the table of cells, column {step.column!r}",
        expected=" or ".join(map(repr, step.wanted)),
        got=f"{shown}{more}",
        remedy="Write these values in the cells to keep, or remove the column.",
    )

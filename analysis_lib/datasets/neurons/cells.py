"""Single cells with their electrophysiology: what expression is predicted from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis_lib import tables
from analysis_lib.datasets.identifiers import counted, examples, refuse_nameless, refuse_repeats
from analysis_lib.datasets.magnitudes import refuse_too_large
from analysis_lib.datasets.neurons.features import FEATURES, SOURCES, derived
from analysis_lib.datasets.neurons.lines import line_key
from analysis_lib.errors import TableError
from analysis_lib.tables.numbers import explain, parse
from analysis_lib.tables.reading import MISSING
from analysis_lib.tables.records import show

Missing = Literal["drop", "impute"]

_IDS = ("cell", "specimen_id", "name")
_SIDES = ("columns", "rows")
_NAMES_COMPARED = 500
_LINES = ("mouse_line", "line", "cre_line")


@dataclass(frozen=True)
class Cells:
    """Cells with every feature.

    Parameters
    ----------
    features : DataFrame
        float64, cells by features; the index is the cell's id, as text.
    about : DataFrame
        By cell: the table's other columns that have a name, as text; and `line` (see `line_key`)
        and `spines`, "" where unknown.
    missing : DataFrame
        Columns `feature` and `missing`: of how many of all cells the feature is not known.
    total : int
        All cells of the table, with those left out.
    notes : tuple of sentences
        What a reader of the results must know.
    """

    features: pd.DataFrame
    about: pd.DataFrame
    missing: pd.DataFrame
    total: int
    notes: tuple[str, ...] = ()


def load(path: Path, missing: Missing = "drop") -> Cells:
    """Read the published table of cells and derive the fifteen features.

    Parameters
    ----------
    path : path
        A row per cell: `specimen_id`, `mouse_line`, and what was measured.
    missing : "drop" or "impute"
        Leave out the cells that lack a feature, or fill in the median of the other cells.

    Raises
    ------
    TableError
        When columns are missing, a cell stands twice, a value is no number, or no cell is left.
    """
    path = Path(path)
    header = tables.read_header(path)
    absent = [name for name in ("specimen_id", "mouse_line") if name not in header]
    if absent:
        raise TableError(
            f"{counted(len(absent), 'column', 'is')} missing: the table is not laid out as "
            "published.",
            where=str(path),
            expected=f"among others {examples(absent)}",
            got=f"the columns {examples(header)}",
            remedy="Take the table as it is published, or give your own as your own.",
        )
    return _published(path, header, "specimen_id", list(FEATURES), missing)


def own(path: Path, features: Sequence[str], missing: Missing = "drop") -> Cells:
    """Read your own table of cells, either way round.

    Parameters
    ----------
    path : path
        CSV or TSV, plain or gzip, or Parquet. Cells are named by a column (or row)
        `cell`, `specimen_id` or `name`, or else by the first. A table laid out as the published
        one has its features derived.
    features : sequence of str
        The features to take, by their names in the table: those the models were trained on.
    missing : "drop" or "impute"
        As for `load`.

    Raises
    ------
    TableError
        When features are missing, a cell stands twice, a value is no number, or no cell is left.
    """
    path, wanted = Path(path), list(features)
    header = tables.read_header(path)
    text = tables.read_table(path)
    down = text[header[0]].astype("str").tolist()
    side = _side(wanted, header, down, path)
    if side == "rows":
        return _features_in_rows(path, text, wanted, missing)
    if set(wanted) - set(header) and set(wanted) <= set(FEATURES) and set(SOURCES) <= set(header):
        return _published(path, header, _id_column(header, wanted, path), wanted, missing)
    _refuse_absent(wanted, header if side else [*header, *down], path)
    cell = _id_column(header, wanted, path)
    frame = tables.read_table(path, numbers=wanted, unique=cell)
    others = frame.drop(columns=[cell, *wanted])
    return _finished(path, frame[cell], frame[wanted], others, missing=missing)


def _side(wanted: Sequence[str], header: Sequence[str], down: Sequence[str], path: Path) -> str:
    """Return where the features are, or "" where none is; all on one side outweigh some."""
    here = {
        side: set(wanted) & set(names) for side, names in zip(_SIDES, (header, down), strict=True)
    }
    every = [side for side, found in here.items() if len(found) == len(set(wanted))]
    some = every or [side for side, found in here.items() if found]
    if len(some) > 1:
        raise TableError(
            "Features are found in the rows and in the columns.",
            where=str(path),
            got=f"rows called {examples(sorted(here['rows']))}; "
            f"columns called {examples(sorted(here['columns']))}",
            remedy="Give the cells names that no feature has.",
        )
    return some[0] if some else ""


def _published(
    path: Path, header: Sequence[str], cell: str, wanted: list[str], missing: Missing
) -> Cells:
    numbers = [name for name in SOURCES if name in header]
    frame = tables.read_table(path, numbers=numbers, unique=cell)
    values = derived(frame, where=str(path))[wanted]
    notes = ["The features are derived from the published columns."]
    unmeasured = int((frame["ri"] <= 0).sum())
    if unmeasured:
        notes.append(
            f"{counted(unmeasured, 'cell', 'has')} an input resistance of zero or less: it is "
            "taken as missing, as is the capacitance from it."
        )
    others = frame.drop(columns=[cell, *numbers])
    return _finished(path, frame[cell], values, others, missing=missing, notes=notes)


def _features_in_rows(path: Path, text: pd.DataFrame, wanted: list[str], missing: Missing) -> Cells:
    """Read a table with a column per cell: a row per feature, and perhaps rows of words."""
    rows = text.iloc[:, 0].astype("str").tolist()
    refuse_nameless(rows, "row", str(path))
    refuse_repeats(rows, "row", str(path))
    _refuse_absent(wanted, rows, path)
    cells = [str(name) for name in text.columns[1:]]
    turned = pd.DataFrame(text.iloc[:, 1:].to_numpy(object).T, columns=rows).astype("str")
    named = next((name for name in _IDS if name in rows and name not in wanted), None)
    ids = pd.Series(cells, dtype="str") if named is None else turned[named]
    values = {}
    for name in wanted:
        values[name], wrong = parse(turned[name].tolist(), MISSING)
        if wrong is not None:
            got, remedy = explain(turned[name].iloc[wrong])
            raise TableError(
                "A row of numbers holds something else.",
                where=f"{tables.place(path, rows.index(name))}, column {show(cells[wrong])}",
                expected=f"a number, the {name} of a cell",
                got=got,
                remedy=remedy,
            )
    others = turned.drop(columns=[*wanted, *([] if named is None else [named])])
    return _finished(path, ids, pd.DataFrame(values), others, missing=missing)


def _id_column(header: Sequence[str], wanted: Sequence[str], path: Path) -> str:
    """Return the column that names the cells."""
    named = [name for name in _IDS if name in header and name not in wanted]
    if named:
        return named[0]
    if header[0] in wanted:
        raise TableError(
            "The first column should name the cells, and is a feature.",
            where=f"{path}, column {show(header[0])}",
            remedy="Put a column of names before it, or call one 'cell'.",
        )
    return header[0]


def _refuse_absent(wanted: Sequence[str], names: Sequence[str], path: Path) -> None:
    absent = [name for name in wanted if name not in names]
    if not absent:
        return
    spelled = {name.strip().lower(): name for name in names[:_NAMES_COMPARED] if name.strip()}
    near = {name: get_close_matches(name.strip().lower(), spelled, n=1) for name in absent}
    meant = [f"{show(spelled[close[0]])} to {name!r}" for name, close in near.items() if close]
    raise TableError(
        f"{counted(len(absent), 'feature', 'is')} missing, of the {len(wanted):,} wanted.",
        where=str(path),
        expected=f"among others {examples(absent)}",
        got=f"{len(wanted) - len(absent):,} of them, among {examples(names)}",
        remedy=f"Rename {', '.join(meant[:3])}, if the same is meant."
        if meant
        else "Add them, by these names; nothing can stand in for them.",
    )


def _finished(
    path: Path,
    cells: pd.Series[str],
    values: pd.DataFrame,
    others: pd.DataFrame,
    *,
    missing: Missing,
    notes: Sequence[str] = (),
) -> Cells:
    """Return the cells, once their names are sound and every feature is there or filled in."""
    names = cells.astype("str").str.strip().tolist()
    refuse_nameless(names, "cell", str(path))
    refuse_repeats(names, "cell", str(path))
    index = pd.Index(names, dtype="str", name="cell")
    features = values.set_axis(index).astype(np.float64)
    refuse_too_large(
        features.to_numpy(),
        lambda i, j: f"{path}, cell {show(names[i])}, {show(features.columns[j])}",
    )
    about = _about(others.set_axis(index))
    counts = features.isna().sum()
    told = pd.DataFrame({"feature": counts.index, "missing": counts.to_numpy(np.int64)})
    complete = features.notna().all(axis=1).to_numpy(bool)
    notes = [*notes, *_on_missing(counts, complete, missing)]
    _refuse_empty(counts, complete, missing, path)
    if missing == "impute":
        features = features.fillna(features.median())
    else:
        features, about = features[complete], about[complete]
    return Cells(features, about, told, len(names), tuple(notes))


def _about(others: pd.DataFrame) -> pd.DataFrame:
    about = others.drop(columns="", errors="ignore").astype("str")  # R's row names say nothing
    source = next((name for name in _LINES if name in about), None)
    lines = pd.Series("", about.index) if source is None else about[source]
    spines = about["spines"] if "spines" in about else pd.Series("", about.index)
    return about.assign(
        line=lines.mask(lines.isin(MISSING), "").map(line_key).astype("str"),
        spines=spines.mask(spines.isin(MISSING), "").astype("str"),
    )


def _on_missing(counts: pd.Series[int], complete: NDArray[np.bool_], missing: Missing) -> list[str]:
    if complete.all():
        return []
    lacking = counts[counts > 0].sort_values(ascending=False, kind="stable")
    by_feature = ", ".join(f"{name} in {count:,}" for name, count in lacking.items())
    if missing == "impute":
        what = counted(int(counts.sum()), "value", "is") + " missing and filled with the median"
        return [f"{what} of the other cells ({by_feature})."]
    gone = len(complete) - int(complete.sum())
    what = f"{gone:,} of {counted(len(complete), 'cell')} {'is' if gone == 1 else 'are'} left out"
    return [f"{what}: a feature is missing ({by_feature}; a cell may lack several)."]


def _refuse_empty(
    counts: pd.Series[int], complete: NDArray[np.bool_], missing: Missing, path: Path
) -> None:
    """Raise when a feature is known of no cell, or when none has all of them."""
    unknown = counts.index[counts == len(complete)].tolist()
    if unknown or (missing == "drop" and not complete.any()):
        most = counts.sort_values(ascending=False, kind="stable")
        raise TableError(
            f"{counted(len(unknown), 'feature', 'is')} missing in every cell."
            if unknown
            else "Every cell lacks a feature.",
            where=str(path),
            got=examples(unknown)
            if unknown
            else "missing " + ", ".join(f"{name!r} in {most[name]:,}" for name in most.index[:3]),
            remedy="Give the feature, or train on the others."
            if unknown
            else "Give more of the values, or fill them in with the median (impute).",
        )

"""The label table: which class every sample is of, and in which part of the data it is."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from analysis_lib import tables
from analysis_lib.datasets.identifiers import counted, examples, refuse_nameless, refuse_repeats
from analysis_lib.errors import TableError
from analysis_lib.tables.records import show

PARTS = ("train", "test")
_NO_LABEL = frozenset(["", "NA", "NaN", "nan", "N/A", "NULL", "null"])


def read_labels(path: Path, sample: str = "sample", label: str = "label") -> pd.DataFrame:
    """Read who is of which class; two classes, one label for every sample.

    Parameters
    ----------
    path : path
        A table with a column of sample names, a column of labels, and perhaps a column `part`
        that says `train` or `test`. Blanks around names and labels do not count.
    sample, label : str
        How the columns are called; where they are not, the first column names the samples and
        the second holds the labels.

    Returns
    -------
    DataFrame
        Columns `label` and `part` ("" without such a column), by sample.

    Raises
    ------
    TableError
        When a sample stands twice or has no label, or when the classes are not two.
    """
    columns = _columns(tables.read_header(path), sample, label, path)
    frame = tables.read_table(path)
    cells = {role: frame[name].astype("str").str.strip() for role, name in columns.items()}
    names = cells["sample"].tolist()
    refuse_nameless(names, "sample", str(path))
    refuse_repeats(names, "sample", str(path))
    found = pd.DataFrame({"label": cells["label"], "part": cells.get("part", "")})
    found.index = pd.Index(names, dtype="str", name="sample")
    _refuse_unlabelled(found["label"], path)
    _refuse_spellings(found["label"], path)
    _refuse_other_than_two(found["label"], path)
    if "part" in columns:
        found["part"] = found["part"].str.lower()
        _refuse_other_parts(found["part"], path)
    return found


def _columns(header: Sequence[str], sample: str, label: str, path: Path) -> dict[str, str]:
    plain = {name.strip().lower(): name for name in header}
    named = {role: plain[name] for role, name in _spelled(sample, label).items() if name in plain}
    rest = [name for name in header if name not in named.values()]
    for role in ("sample", "label"):
        if role not in named and not rest:
            raise TableError(
                "The label table needs two columns: samples and their labels.",
                where=str(path),
                got=f"the columns {examples(header)}" if len(header) > 1 else show(header[0]),
                remedy="Write one row per sample: its name, a comma, its class.",
            )
        if role not in named:
            named[role] = rest.pop(0)
    return named


def _spelled(sample: str, label: str) -> dict[str, str]:
    return {"sample": sample, "label": label, "part": "part"}


def _refuse_unlabelled(labels: pd.Series[Any], path: Path) -> None:
    without = labels.index[labels.isin(_NO_LABEL)]
    if len(without):
        raise TableError(
            f"{counted(len(without), 'sample', 'has')} no label.",
            where=str(path),
            expected=f"a label for each of the {len(labels):,} samples",
            got=examples(without),
            remedy="Label them, or leave them out of both tables.",
        )


def _refuse_spellings(labels: pd.Series[Any], path: Path) -> None:
    """Raise for one class written in two ways: nothing tells them from two classes."""
    counts = labels.value_counts()
    ways: dict[str, list[str]] = {}
    for name in counts.index:
        ways.setdefault(" ".join(name.casefold().split()), []).append(name)
    alike = [names for names in ways.values() if len(names) > 1]
    if alike:
        shown = ", ".join(
            f"{show(name)} ({counted(counts[name], 'sample')})" for name in alike[0][:3]
        )
        raise TableError(
            f"{counted(len(alike), 'label', 'is')} written in more than one way.",
            where=str(path),
            got=shown,
            remedy="Write every class in one way.",
        )


def _refuse_other_than_two(labels: pd.Series[Any], path: Path) -> None:
    counts = labels.value_counts()
    if len(counts) != 2:
        shown = ", ".join(f"{show(str(name))} {count:,}" for name, count in counts.head(3).items())
        more = f" and {len(counts) - 3:,} more" if len(counts) > 3 else ""
        raise TableError(
            f"The models tell two classes apart, and the labels have {len(counts):,}.",
            where=str(path),
            expected="two classes",
            got=shown + more,
            remedy="Keep the samples of two classes, in both tables.",
        )


def _refuse_other_parts(parts: pd.Series[Any], path: Path) -> None:
    other = parts[~parts.isin(PARTS)]
    if len(other):
        raise TableError(
            f"{counted(len(other), 'sample', 'is')} neither for training nor for testing.",
            where=f"{path}, column 'part'",
            expected="train or test for every sample",
            got=examples([f"{sample}: {part}" for sample, part in other.items()]),
            remedy="Fill the column, or remove it.",
        )
    absent = [part for part in PARTS if part not in parts.array]
    if absent:
        raise TableError(
            f"No sample is in the part {absent[0]!r}.",
            where=f"{path}, column 'part'",
            expected="samples to train on and samples to test on",
            got=f"{len(parts):,} samples, all {parts.iloc[0]}",
            remedy="Mark some of them, or remove the column.",
        )

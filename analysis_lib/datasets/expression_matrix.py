"""Expression tables as files have them: genes in rows or in columns, perhaps with A/M/P calls."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis_lib import tables
from analysis_lib.datasets.identifiers import (
    counted,
    cut,
    examples,
    refuse_nameless,
    refuse_repeats,
)
from analysis_lib.datasets.magnitudes import refuse_too_large
from analysis_lib.errors import TableError
from analysis_lib.tables.records import show

_CALL = re.compile(r"call(\.[0-9]+)?")  # pandas numbers the later ones when it saves a table
_CALLS = ("A", "M", "P")

Rename = Callable[[list[str]], list[str]]


@dataclass(frozen=True)
class Matrix:
    """What an expression table holds.

    Parameters
    ----------
    X : DataFrame
        Samples by genes, NaN where a value is missing.
    genes : DataFrame
        `gene`, `description` ("" without one) and `row`: its place in the file, from 1.
    calls : DataFrame, optional
        A (absent), M (marginal) or P (present), samples by genes.
    """

    X: pd.DataFrame
    genes: pd.DataFrame
    calls: pd.DataFrame | None


def call_of(sample: str) -> str:
    """Return what the column of a sample's calls is named here."""
    return f"call of {sample}"


def unique_names(path: Path) -> Rename:
    """Return what makes the names of a header differ: a `call` belongs to the column before it.

    Examples
    --------
    >>> unique_names(Path("t.csv"))(["probe", " 27", "call", "34", "call"])
    ['probe', '27', 'call of 27', '34', 'call of 34']
    """

    def names(header: list[str]) -> list[str]:
        plain = [name.strip() for name in header]
        told = plain[:1]
        for before, name in pairwise(plain):
            flags = _CALL.fullmatch(name) and not _CALL.fullmatch(before)
            told.append(call_of(before) if flags else name)
        # A call repeats where its sample does, and is no news then.
        plain = [name for name in told if not is_call(name, told)]
        refuse_repeats(plain, "column", f"{path}, line 1")
        return told

    return names


def plain_names(path: Path) -> Rename:
    """Return what takes blanks from names that must differ, and knows of no calls.

    Examples
    --------
    >>> plain_names(Path("t.csv"))(["sample", " TP53", "call"])
    ['sample', 'TP53', 'call']
    """

    def names(header: list[str]) -> list[str]:
        plain = [name.strip() for name in header]
        refuse_repeats(plain, "column", f"{path}, line 1")
        return plain

    return names


def is_call(name: str, header: Collection[str]) -> bool:
    """Tell whether a column, as named here, holds the calls of another one."""
    return name.startswith("call of ") and name.removeprefix("call of ") in header


def genes_in_rows(
    path: Path, samples: Sequence[str], gene: str, description: Sequence[str], names: Rename
) -> Matrix:
    """Read a table with a row per gene, a column per sample, and at most one of descriptions."""
    frame = tables.read_table(path, numbers=samples, names=names)
    ids = frame[gene].astype("str").str.strip()
    refuse_nameless(ids.tolist(), "gene", f"{path}, column {show(gene)}")
    refuse_repeats(ids.tolist(), "gene", f"{path}, column {show(gene)}")
    index = pd.Index(list(samples), dtype="str", name="sample")
    columns = pd.Index(ids.tolist(), dtype="str")
    X = pd.DataFrame(frame[list(samples)].to_numpy(np.float64).T, index, columns)
    words = [frame[name].astype("str").str.strip() for name in description]
    flags = _calls(frame, samples, path, names)
    calls = None if flags is None else pd.DataFrame(flags.T, index, columns, dtype=object)
    _refuse_too_large(X, path)
    return Matrix(X, _genes(ids, words), calls)


def samples_in_rows(path: Path, sample: str, genes: Sequence[str], names: Rename) -> Matrix:
    """Read a table with a row per sample and a column per gene."""
    frame = tables.read_table(path, numbers=genes, names=names)
    ids = frame[sample].astype("str").str.strip()
    refuse_nameless(ids.tolist(), "sample", f"{path}, column {show(sample)}")
    refuse_repeats(ids.tolist(), "sample", f"{path}, column {show(sample)}")
    columns = pd.Index(list(genes), dtype="str")
    index = pd.Index(ids.tolist(), dtype="str", name="sample")
    X = pd.DataFrame(frame[list(genes)].to_numpy(np.float64), index, columns)
    _refuse_too_large(X, path)
    return Matrix(X, _genes(pd.Series(columns), []), None)


def where_missing(X: pd.DataFrame) -> str:
    """Return the samples and genes of the first missing values, and how many more there are."""
    places = np.argwhere(X.isna().to_numpy())
    shown = [
        f"sample {cut(X.index[row])}, gene {cut(X.columns[column])}" for row, column in places[:3]
    ]
    more = len(places) - len(shown)
    return "; ".join(shown) + (f"; and {more:,} more" if more else "")


def _refuse_too_large(X: pd.DataFrame, path: Path) -> None:
    refuse_too_large(
        X.to_numpy(np.float64),
        lambda i, j: f"{path}, sample {show(X.index[i])}, gene {show(X.columns[j])}",
    )


def _genes(ids: pd.Series[str], words: Sequence[pd.Series[str]]) -> pd.DataFrame:
    described = words[0].array if words else ""
    genes = pd.DataFrame({"gene": ids.array, "description": described}).astype("str")
    return genes.assign(row=np.arange(1, len(ids) + 1))


def _calls(
    frame: pd.DataFrame, samples: Sequence[str], path: Path, names: Rename
) -> NDArray[np.object_] | None:
    """Return the calls, genes by samples; None when the table has none."""
    without = [sample for sample in samples if call_of(sample) not in frame]
    if len(without) == len(samples):
        return None
    if without:
        raise TableError(
            f"{counted(len(without), 'sample', 'has')} no column of calls, and others have one.",
            where=str(path),
            expected="a column headed 'call' right after every sample",
            got=examples(without),
            remedy="Put the calls beside their sample, or remove them all.",
        )
    calls = np.column_stack([frame[call_of(s)].str.strip().to_numpy(object) for s in samples])
    wrong = np.argwhere(~np.isin(calls.astype("U2"), _CALLS))
    if len(wrong):
        row, column = wrong[0]
        raise TableError(
            f"{counted(len(wrong), 'call', 'is')} not A, M or P.",
            where=f"{tables.place(path, int(row), names=names)}, {call_of(cut(samples[column]))}",
            expected="A (absent), M (marginal) or P (present)",
            got=examples([calls[row, column] for row, column in wrong]),
            remedy="Correct them, or remove the columns of calls.",
        )
    return calls

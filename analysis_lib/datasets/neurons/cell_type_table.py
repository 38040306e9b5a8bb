"""The published table of cell types: their features and their expression in one file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis_lib import tables
from analysis_lib.datasets.identifiers import counted, examples
from analysis_lib.datasets.magnitudes import refuse_too_large
from analysis_lib.datasets.neurons.features import FEATURES
from analysis_lib.datasets.neurons.lines import line_key
from analysis_lib.errors import TableError
from analysis_lib.tables.records import show

KINDS = ("exc", "inh")
"""Excitatory and inhibitory."""

_FORM = "<cre line>__<layer>__<exc or inh>, as in 'Sst-IRES-Cre__L5__inh'"
_GENE = "[0-9]+"
# What the publication adds to the features: their logarithms, their principal components, and how
# much the intervals between action potentials vary, which the table of single cells does not tell.
_SURPLUS = "log10.*|.+_log10|E_PC[0-9]+|isi_cv"
_PF_PER_NF = 1000
_LARGEST_NF = 5


def read(table: Path) -> tuple[pd.DataFrame, pd.DataFrame, tuple[str, ...]]:
    """Read the table as it is published: cell types in columns, features and genes in rows.

    Returns
    -------
    DataFrame, DataFrame, tuple of sentences
        Cell types by features, in the order of `FEATURES` and with the capacitance in pF; cell
        types by genes, in the order of the file; and what was done. NaN where a value is missing.

    Raises
    ------
    TableError
        When a row or a column is called otherwise, or when a feature or every gene is missing.
    """
    first, *types = tables.read_header(table)
    _refuse_other_types(types, table)
    frame = tables.read_table(table, numbers=types, unique=first)
    names = frame[first].astype("str")
    gene, surplus = _rows(names, table)
    values = frame[types].to_numpy(np.float64).T  # a row per cell type
    index = pd.Index(types, dtype="str", name="cell_type")
    refuse_too_large(values, lambda i, j: f"{tables.place(table, j)}, column {show(types[i])}")
    row = {name: place for place, name in enumerate(names)}
    features = pd.DataFrame(values[:, [row[name] for name in FEATURES]], index, list(FEATURES))
    _refuse_picofarads(features["cap"], table)
    features["cap"] *= _PF_PER_NF
    genes = pd.Index(names[gene].tolist(), dtype="str")
    expression = pd.DataFrame(np.ascontiguousarray(values[:, gene]), index, genes)
    notes = ["Capacitance (cap) is published in nF; it is taken times 1,000, in pF."]
    if surplus.any():
        left_out = names[surplus].tolist()
        notes.append(
            f"{counted(len(left_out), 'row', 'is')} left out, neither one of the {len(FEATURES)} "
            f"features nor a gene: {examples(left_out)}."
        )
    return features, expression, tuple(notes)


def parsed(name: str) -> tuple[str, str, str] | None:
    """Return line, layer and kind of a cell type, or None when it is not called so.

    Examples
    --------
    >>> parsed("Chat-IRES-Cre-neo__L2/3__inh")
    ('Chat', 'L2/3', 'inh')
    """
    parts = name.split("__")
    if len(parts) != 3 or not all(parts) or parts[2] not in KINDS:
        return None
    return line_key(parts[0]), parts[1], parts[2]


def _refuse_other_types(types: Sequence[str], table: Path) -> None:
    other = [name for name in types if parsed(name) is None]
    if other or not types:
        raise TableError(
            f"{counted(len(other), 'column', 'is')} not called as a cell type is."
            if types
            else "There is no cell type in the table.",
            where=f"{table}, line 1",
            expected=_FORM,
            got=examples(other) or "no column but the first",
            remedy="Take the table as it is published, or give your own as two tables.",
        )


def _rows(names: pd.Series[str], table: Path) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return which rows are genes and which are surplus; raise for rows that are nothing."""
    feature = names.isin(list(FEATURES)).to_numpy(bool)
    gene = names.str.fullmatch(_GENE).to_numpy(bool)
    surplus = names.str.fullmatch(_SURPLUS).to_numpy(bool)
    strange = np.flatnonzero(~(feature | gene | surplus))
    if len(strange):
        raise TableError(
            f"{counted(len(strange), 'row', 'is')} neither a feature nor a gene.",
            where=tables.place(table, int(strange[0])),
            expected=f"a feature ({examples(FEATURES)}) or an Entrez id, a whole number",
            got=examples(names.iloc[strange].tolist()),
            remedy="Take the table as it is published, or give your own as two tables.",
        )
    here = set(names[feature])
    absent = [name for name in FEATURES if name not in here]
    if absent or not gene.any():
        raise TableError(
            f"{counted(len(absent), 'feature', 'is')} missing."
            if absent
            else "There is no gene in the table.",
            where=str(table),
            expected=f"among others {examples(absent)}" if absent else "rows headed by Entrez ids",
            remedy="Take the table as it is published.",
        )
    return gene, surplus


def _refuse_picofarads(cap: pd.Series[float], table: Path) -> None:
    if (cap > _LARGEST_NF).any():
        raise TableError(
            "The capacitance is not in nF, as it is published.",
            where=f"{table}, row 'cap'",
            expected=f"at most {_LARGEST_NF} nF, more than any neuron has",
            got=f"up to {cap.max():g}",
            remedy="Give it in nF, or take the table as it is published.",
        )

"""Leukemia, ALL against AML: the three files as they are published, or copies of them."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd

from analysis_lib import tables
from analysis_lib.datasets.expression import Expression
from analysis_lib.datasets.expression_labels import read_labels
from analysis_lib.datasets.expression_matrix import (
    Matrix,
    Rename,
    call_of,
    genes_in_rows,
    is_call,
    unique_names,
)
from analysis_lib.datasets.identifiers import counted, examples, refuse_difference
from analysis_lib.errors import TableError

DESCRIPTION = "Gene Description"
ACCESSION = "Gene Accession Number"

_PATIENT = re.compile("[1-9][0-9]*")
_LAYOUT = f"'{DESCRIPTION}', '{ACCESSION}', then for each patient its number and 'call'"


def load(train: Path, independent: Path, actual: Path) -> Expression:
    """Read the leukemia data: patients by number, each joined to its label by that number.

    The order of patients, and of the probes in the second file, does not matter, nor do line
    ends and quotes.

    Parameters
    ----------
    train, independent : path
        Expression and calls: probes in rows, patients in columns.
    actual : path
        Columns `patient` and `cancer`.

    Returns
    -------
    Expression
        Patients in the order of their numbers; probes in the order of the training file.

    Raises
    ------
    TableError
        When a file is laid out otherwise, when patients and labels do not match one to one, or
        when the two files do not hold the same probes.
    """
    told = read_labels(Path(actual), sample="patient", label="cancer")
    first, second = _read(Path(train)), _read(Path(independent))
    patients = [*first.X.index, *second.X.index]
    _refuse_shared(first, second, f"{train} and {independent}")
    refuse_difference(
        "Patients and labels do not match one to one.",
        ("without a label", patients),
        ("labelled but in no expression file", told.index),
        where=f"{train}, {independent} and {actual}",
        remedy="Give every patient one label, by its number.",
    )
    refuse_difference(
        "The two expression files hold different probes.",
        (f"only in {Path(train).name}", first.X.columns),
        (f"only in {Path(independent).name}", second.X.columns),
        where=f"{train} and {independent}, column {ACCESSION!r}",
        remedy="Take both files from one source.",
    )
    order = sorted(patients, key=int)
    calls = [matrix.calls for matrix in (first, second) if matrix.calls is not None]
    part = pd.Series(["train"] * len(first.X) + ["test"] * len(second.X), patients, dtype="str")
    return Expression(
        X=_joined(first.X, second.X, order),
        labels=told["label"].loc[order],
        part=part.loc[order].rename_axis("sample"),
        genes=first.genes,
        calls=_joined(calls[0], calls[1], order),
    )


def _read(path: Path) -> Matrix:
    names = _names(path)
    header = tables.read_header(path, names=names)
    columns = [name for name in header if name not in (DESCRIPTION, ACCESSION)]
    patients = [name for name in columns if _PATIENT.fullmatch(name)]
    strange = [n for n in columns if n not in patients and not is_call(n, patients)]
    if strange or not patients:
        raise TableError(
            f"{counted(len(strange), 'column', 'is')} neither a patient's number nor its call."
            if strange
            else "There is no patient in the file.",
            where=f"{path}, line 1",
            expected=_LAYOUT,
            got=examples(strange or columns) or "no other column",
            remedy="Remove what else there is; a patient is headed by its number alone.",
        )
    without = [patient for patient in patients if call_of(patient) not in columns]
    if without:
        raise TableError(
            f"{counted(len(without), 'patient', 'is')} not followed by a column of calls.",
            where=f"{path}, line 1",
            expected=_LAYOUT,
            got=f"patients {examples(without)}",
            remedy="Put the column headed 'call' right after its patient.",
        )
    return genes_in_rows(path, patients, ACCESSION, [DESCRIPTION], names)


def _names(path: Path) -> Rename:
    """Return what names the columns, once it is sure that they are columns of this data set."""
    told_apart = unique_names(path)

    def names(header: list[str]) -> list[str]:
        plain = [name.strip() for name in header]
        absent = [name for name in (DESCRIPTION, ACCESSION) if name not in plain]
        if absent:
            raise TableError(
                f"There is no column {absent[0]!r}: the file is not laid out as published.",
                where=f"{path}, line 1",
                expected=_LAYOUT,
                got=f"{len(plain):,} columns: {examples(plain)}",
                remedy="Give probes in rows and patients in columns; is the table turned round?",
            )
        return told_apart(header)

    return names


def _refuse_shared(first: Matrix, second: Matrix, where: str) -> None:
    shared = [patient for patient in first.X.index if patient in second.X.index]
    if shared:
        raise TableError(
            f"{counted(len(shared), 'patient', 'stands')} in both expression files.",
            where=where,
            got=f"patients {examples(shared)}",
            remedy="Test on patients that were not trained on: leave them out of one file.",
        )


def _joined(first: pd.DataFrame, second: pd.DataFrame, order: list[str]) -> pd.DataFrame:
    """Return the patients of both files in one table."""
    return pd.concat([first, second[first.columns]]).loc[order]

"""What both leukemia studies leave behind: the patients in words, and every gene of their table."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis_lib.datasets.expression import CEILING, FLOOR
from analysis_lib.studies.leukemia import Patients
from analysis_lib.studies.sentences import listed, number, percent

ASIDE = "set aside by the filter"
"""The role of a gene that no model was given."""

_PLAIN = re.compile(r"\w[\w .+-]{0,29}")  # what can be no citation


def patients_sentences(patients: Patients) -> list[str]:
    """Say who learned and who was held out, and which values of which genes models were given."""
    how = "the data's own independent part"
    if patients.how == "split":
        how = f"a stratified {percent(patients.params.test_size)} of all, drawn at random"
    return [
        f"Models learned from {_people(patients, patients.train)} and were judged by "
        f"{_people(patients, patients.test)} that were held out: {how}.",
        f"{_genes(patients)} {_values(patients)}",
    ]


def every_gene(patients: Patients) -> pd.DataFrame:
    """Return a row per gene of the table: gene, also (its description), used (by the models)."""
    genes = patients.everything.genes
    return pd.DataFrame(
        {
            "gene": genes["gene"].astype(object),
            "also": genes["description"].fillna("").astype(object),
            "used": genes["gene"].isin(patients.X.columns).to_numpy(bool),
        }
    )


def second_class(patients: Patients) -> str:
    """Return the name of the second class, if it can be no citation."""
    name = patients.classes[1]
    return name if _PLAIN.fullmatch(name) else "the second class"


def _people(patients: Patients, positions: NDArray[np.intp]) -> str:
    plain = all(_PLAIN.fullmatch(name) for name in patients.classes)
    counts = np.bincount(patients.y[positions], minlength=2)
    told = patients.counts(positions) if plain else f"{counts[0]} and {counts[1]} of two classes"
    return f"{len(positions):,} patients ({told})"


def _genes(patients: Patients) -> str:
    params, table = patients.params, patients.everything
    used = patients.X.shape[1]
    reasons = []
    if params.drop_controls:
        reasons.append("the control probes of the array")
    if params.min_present:
        reasons.append(
            f"probes called present in fewer than {params.min_present:,} of the "
            f"{len(patients.train):,} training patients"
        )
    aside = table.X.drop(columns=patients.X.columns)
    if params.missing != "error" and aside.isna().to_numpy().any():
        lacking = "a value" if params.missing == "drop" else "any value among those trained on"
        reasons.append(f"genes that lacked {lacking}")
    if not reasons:
        return f"They were given all {used:,} genes of the table."
    return (
        f"They were given {used:,} of {table.X.shape[1]:,} genes: left out were {listed(reasons)}."
    )


def _values(patients: Patients) -> str:
    told = "Values were taken as measured"
    if patients.params.transform == "log10":
        told = (
            f"Values were clipped to {number(FLOOR)} to {number(CEILING)} and their logarithm to "
            "base 10 was taken"
        )
    filled = (
        ", and missing ones filled in with the gene's median among the patients at hand, of each "
        "fit those that it learned from"
    )
    return told + (filled if patients.impute else "") + "."

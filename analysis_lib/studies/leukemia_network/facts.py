"""What a run of the network knows of every gene."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from analysis_lib import results
from analysis_lib.studies.leukemia import Patients
from analysis_lib.studies.leukemia_report import ASIDE, every_gene

if TYPE_CHECKING:
    import pandas as pd

    from analysis_lib.evaluation.choice import Choice

_INPUT = "input, but not of the regularised network"
_OF_ALL = "input of every network"
LABELS = {"f": "F statistic among the training patients"}


def genes(patients: Patients, choice: Choice) -> pd.DataFrame:
    """Return one row per gene of the table, as `results.save_genes` takes it."""
    select = choice.pipeline["genes"]
    table = every_gene(patients).set_index("gene", drop=False)
    names = list(patients.X.columns)
    table["f"] = np.nan
    table.loc[names, "f"] = select.scores_
    table["chosen"] = False
    table.loc[names, "chosen"] = select.get_support()
    table["role"] = np.where(table["used"], _INPUT, ASIDE)
    table.loc[table["chosen"], "role"] = _OF_ALL
    return table.reset_index(drop=True).astype({"role": object})


def words(choice: Choice) -> str:
    """Say what makes a gene a chosen one."""
    count = int(choice.pipeline["genes"].get_support().sum())
    return (
        f"Input of the regularised network: the {count:,} genes with the largest F statistic, as "
        "many as cross-validation of the training patients chose."
    )


def save(patients: Patients, choice: Choice) -> None:
    """Leave behind what the run knows of every gene."""
    results.save_genes(genes(patients, choice), words=words(choice), labels=LABELS)

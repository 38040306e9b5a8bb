"""What a run of the study of electrophysiology knows of every gene that has a model."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from analysis_lib import results
from analysis_lib.models.gene_models import GeneModels
from analysis_lib.studies.ephys_lasso.neurons import Neurons, Params
from analysis_lib.studies.ephys_lasso.tables import UNITS

if TYPE_CHECKING:
    import pandas as pd

ROLES = {True: "predictable", False: "not predictable from these features"}


def genes(models: GeneModels) -> pd.DataFrame:
    """Return one row per gene with a model, as `results.save_genes` takes it."""
    table = models.genes
    chosen = table["discovered"].to_numpy(bool)
    return table[["gene", "r2_test", "rmse_test", "q", "features"]].assign(
        also=table["id"].where(table["id"] != table["gene"], "").astype(object),
        role=np.array([ROLES[bool(each)] for each in chosen], dtype=object),
        chosen=chosen,
    )


def labels(neurons: Neurons) -> dict[str, str]:
    """Return the numbers of a gene, each with what it is."""
    unit = f", {UNITS}" if neurons.kind != "yours" else ""
    return {
        "r2_test": "R², held out",
        "rmse_test": f"RMSE, held out{unit}",
        "q": "q",
        "features": "features kept",
    }


def words(params: Params) -> str:
    """Say what makes a gene a chosen one."""
    return (
        "Predicted from electrophysiology better than after shuffling it, at a false-discovery "
        f"rate of {params.fdr:g}."
    )


def save(neurons: Neurons, models: GeneModels) -> None:
    """Leave behind what the run knows of every gene."""
    results.save_genes(genes(models), words=words(neurons.params), labels=labels(neurons))

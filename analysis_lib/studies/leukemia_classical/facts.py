"""What a run of the classical models knows of every gene."""

from __future__ import annotations

import numpy as np
import pandas as pd

from analysis_lib import results
from analysis_lib.studies.leukemia import Patients
from analysis_lib.studies.leukemia_classical.lineup import GENES, OFTEN
from analysis_lib.studies.leukemia_classical.steps import Params, all_genes, coefficients, filled
from analysis_lib.studies.leukemia_report import ASIDE, every_gene, second_class


def genes(patients: Patients, params: Params, stability: pd.DataFrame) -> pd.DataFrame:
    """Return one row per gene of the table, as `results.save_genes` takes it.

    Parameters
    ----------
    stability : DataFrame
        From `lineup.stability`.
    """
    table = every_gene(patients).set_index("gene", drop=False)
    share = stability.set_index("gene")["share"].reindex(table.index)
    table["share"] = share.fillna(0.0).where(table["used"])
    told = coefficients(patients, all_genes(patients)).set_index("gene")["coefficient"]
    table["coefficient"] = told.reindex(table.index).fillna(0.0).where(table["used"])
    table["weight"] = signal_to_noise(patients).reindex(table.index)
    table["chosen"] = (table["share"] >= OFTEN).to_numpy(bool)
    draws = (table["share"].fillna(0.0) * params.resamples).round().astype(int)
    roles = [f"chosen in {n:,} of {params.resamples:,} draws" if n else _NEVER for n in draws]
    table["role"] = np.where(table["used"], roles, ASIDE)
    return table.reset_index(drop=True).astype({"role": object})


def signal_to_noise(patients: Patients) -> pd.Series[float]:
    """Return the weight with which each gene would vote; genes that do not vary have none."""
    from analysis_lib.models.voting import WeightedVoting

    X, y = patients.part(patients.train)
    values = filled(X)
    voting = WeightedVoting(genes=2 * X.shape[1]).fit(values.to_numpy(), y)
    return pd.Series(voting.weights_, index=X.columns[voting.chosen_])


def labels(patients: Patients) -> dict[str, str]:
    """Return the numbers of a gene, each with what it is."""
    side = f"above 0 for {second_class(patients)}"
    return {
        "share": f"share of draws among the {GENES} that vote",
        "weight": f"signal to noise, {side}",
        "coefficient": f"coefficient among all genes, {side}",
    }


def words(params: Params) -> str:
    """Say what makes a gene a chosen one."""
    return (
        f"Among the {GENES} genes of weighted voting in at least nine of ten of "
        f"{params.resamples:,} draws of four fifths of the training patients."
    )


def save(patients: Patients, params: Params, stability: pd.DataFrame) -> None:
    """Leave behind what the run knows of every gene."""
    table = genes(patients, params, stability)
    results.save_genes(table, words=words(params), labels=labels(patients))


_NEVER = "chosen in no draw"

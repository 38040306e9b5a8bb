"""Tidy tables for the figures of the study of electrophysiology, and for its gene lookup."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from analysis_lib.models.gene_models import GeneModels
from analysis_lib.studies.ephys_lasso.learning import KIND, LINEAR, OURS, PUBLISHED, of_model
from analysis_lib.studies.ephys_lasso.neurons import Neurons

if TYPE_CHECKING:
    from analysis_lib.evaluation.coefficients import Stability
    from analysis_lib.studies.ephys_lasso.learning import Found

UNITS = "log2(CPM + 1)"

_PARTS = {"train": "training", "test": "held out"}
_BINS = 60
_LEAST_R2 = -1.0
_RMSE_SHOWN = 0.99  # quantile of the errors beyond which the last bin holds everything
_CHANCE_SHOWN = 0.005
_FACTS = {
    "r2_test": "R², held out",
    "r2_train": "R², training",
    "rmse_test": "RMSE, held out",
    "linear_r2_test": "R² of linear regression, held out",
    "q": "False-discovery rate at which it is predictable (q)",
    "penalty": "Penalty",
    "features": "Features kept",
    "intercept": "Intercept",
    "mean": "Mean of the samples",
    "sd": "Standard deviation of the samples",
}


def side_by_side(compared: pd.DataFrame, measure: str) -> pd.DataFrame:
    """Return linear regression (x) and the run's own models (y), a row per gene and part."""
    linear, ours = (of_model(compared, model) for model in (LINEAR, OURS))
    parts = [
        pd.DataFrame(
            {
                "gene": ours.index,
                "part": name,
                "x": linear[f"{measure}_{part}"].to_numpy(),
                "y": ours[f"{measure}_{part}"].to_numpy(),
            }
        )
        for part, name in _PARTS.items()
    ]
    return pd.concat(parts, ignore_index=True)


def histograms(compared: pd.DataFrame, method: str) -> pd.DataFrame:
    """Count the genes by R² and by RMSE, for every model and part; the outer bins are open."""
    tables = []
    looks = {
        OURS: method,
        LINEAR: "linear",
        PUBLISHED: "Lasso, published",
        KIND: "Mean of the kind",
    }
    for measure, name in (("r2", "R²"), ("rmse", "RMSE")):
        inner = _edges(compared, measure)
        edges = np.concatenate([[-np.inf], inner[1:-1], [np.inf]])
        for model in dict.fromkeys(compared["model"]):
            of = of_model(compared, model)
            for part, words in _PARTS.items():
                counts, _ = np.histogram(of[f"{measure}_{part}"].dropna(), bins=edges)
                low, high = edges[:-1].copy(), edges[1:].copy()
                if measure == "r2":
                    high[-1] = 1.0  # nothing is better than perfect
                else:
                    low[0] = 0.0
                told = {"model": looks[model], "part": words, "measure": name}
                tables.append(pd.DataFrame({**told, "low": low, "high": high, "count": counts}))
    return pd.concat(tables, ignore_index=True)


def chance(found: Found) -> pd.DataFrame:
    """Return how the statistic is distributed, as it is and after shuffling: shares by bins."""
    observed = found.null.observed[np.isfinite(found.null.observed)]
    groups = {"observed": observed, "permuted": found.null.null.ravel()}
    low = min(float(np.quantile(values, _CHANCE_SHOWN)) for values in groups.values())
    edges = np.concatenate([[-np.inf], np.linspace(min(low, 0.0), 1, _BINS + 1)])
    tables = []
    for kind, values in groups.items():
        counts, _ = np.histogram(values, bins=edges)
        bins = {"kind": kind, "low": edges[:-1], "high": edges[1:], "share": counts / len(values)}
        tables.append(pd.DataFrame(bins))
    return pd.concat(tables, ignore_index=True)


def to_map(models: GeneModels) -> pd.DataFrame:
    """Return the standardised coefficients of the predictable genes; of all when there are none."""
    chosen = models.genes["discovered"].to_numpy(bool)
    return models.standardised[chosen] if chosen.any() else models.standardised


def draws(models: GeneModels, found: Stability, genes: list[str]) -> pd.DataFrame:
    """Return, for some genes, in which share of the draws every feature was kept, and its sign."""
    place = {gene: i for i, gene in enumerate(models.genes["gene"])}
    parts = [
        pd.DataFrame(
            {
                "gene": gene,
                "feature": models.names,
                "share": found.chosen[place[gene]],
                "sign": np.sign(found.coef[place[gene]]),
            }
        )
        for gene in genes
    ]
    columns = ["gene", "feature", "share", "sign"]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=columns)


def pairs(
    neurons: Neurons, held_out: pd.DataFrame, models: GeneModels, genes: list[str]
) -> pd.DataFrame:
    """Return predicted and observed expression of some genes, a row per sample."""
    scored = models.genes.set_index("gene")["r2_test"]
    observed = _observed(neurons)
    parts = [
        pd.DataFrame(
            {
                "gene": gene,
                "sample": observed.index,
                "group": neurons.types.about["kind"].to_numpy(),
                "observed": observed[gene].to_numpy(),
                "predicted": held_out[gene].to_numpy(),
                "r2": scored[gene],
            }
        )
        for gene in genes
    ]
    columns = ["gene", "sample", "group", "observed", "predicted", "r2"]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=columns)


def lookup(neurons: Neurons, models: GeneModels, held_out: pd.DataFrame) -> dict[str, Any]:
    """Return what the page that finds a gene by its symbol is made from."""
    name = "cell type" if neurons.types.about["kind"].any() else "sample"
    return {
        "genes": models.genes,
        "coefficients": models.standardised,
        "observed": _observed(neurons).rename_axis(name),
        "predicted": held_out.rename_axis(name),
        "groups": neurons.types.about["kind"],
        "columns": _FACTS,
        "units": UNITS if neurons.kind != "yours" else "expression",
        "coefficient_units": "expression per standard deviation of the feature",
    }


def genes(models: GeneModels) -> pd.DataFrame:
    """Return every gene's model as a table to read, the best predicted first."""
    table = models.genes.sort_values("r2_test", ascending=False, kind="stable", na_position="last")
    return pd.DataFrame(
        {
            "gene": table["gene"],
            "id": table["id"],
            "R² held out": table["r2_test"],
            "R² training": table["r2_train"],
            "RMSE held out": table["rmse_test"],
            "linear R² held out": table["linear_r2_test"],
            "q": table["q"],
            "predictable": np.where(table["discovered"], "yes", "no"),
            "features": table["features"],
            "penalty": table["penalty"],
            "sd": table["sd"],
        }
    )


def _observed(neurons: Neurons) -> pd.DataFrame:
    return neurons.types.expression.set_axis(neurons.genes, axis=1)


def _edges(compared: pd.DataFrame, measure: str) -> np.ndarray[Any, np.dtype[np.float64]]:
    if measure == "r2":
        return np.linspace(_LEAST_R2, 1, _BINS + 1)
    known = compared[[f"rmse_{part}" for part in _PARTS]].to_numpy(np.float64)
    high = float(np.nanquantile(known, _RMSE_SHOWN))
    return np.linspace(0, high or 1.0, _BINS + 1)

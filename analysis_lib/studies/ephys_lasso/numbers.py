"""The numbers of the study of electrophysiology, and those they are held against."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from analysis_lib import results
from analysis_lib.models.gene_models import GeneModels
from analysis_lib.studies.ephys_lasso import facts
from analysis_lib.studies.ephys_lasso.learning import LINEAR, OURS, PUBLISHED, Found, of_model
from analysis_lib.studies.ephys_lasso.methods import methods
from analysis_lib.studies.ephys_lasso.neurons import Neurons, records
from analysis_lib.studies.ephys_lasso.predictions import Predicted
from analysis_lib.studies.ephys_lasso.words import titles
from analysis_lib.studies.published import Published, held_against

_NOTEBOOK = "a public notebook on the same files"
_DATA = ("data", "features", "expression", "symbols", "cells")
PUBLISHED_NUMBERS = [
    Published("cells_complete", 888, 0, _NOTEBOOK, (*_DATA, "missing")),
    Published("genes_varying", 38_364, 0, _NOTEBOOK, _DATA),
    Published("genes_modelled", 12_205, 0, _NOTEBOOK, (*_DATA, "top_genes")),
    Published(
        "outside_published",
        0.619,
        0.05,
        _NOTEBOOK,
        (*_DATA, "top_genes", "cv_folds"),
        ": splits of its own, 75 to 25",
    ),
]
"""What was reported for these files."""

_HEADLINE = ("genes_predictable", "r2_predictable_ours", "r2_predictable_linear")


def metrics(
    neurons: Neurons,
    compared: pd.DataFrame,
    found: Found,
    models: GeneModels,
    predicted: Predicted | None,
) -> dict[str, dict[str, Any]]:
    """Return every number of the run, by name, with its label and its range."""
    said = titles(neurons.params)
    steps = neurons.funnel.set_index("step")["genes"]
    numbers: dict[str, dict[str, Any]] = {
        "samples": {"label": "samples learned from", "value": len(neurons.X)},
        "genes_varying": {"label": "genes that vary", "value": int(steps.iloc[1])},
        "genes_modelled": {"label": "genes with a model", "value": len(models.genes)},
        "genes_predictable": {
            "label": f"genes predicted beyond chance, FDR {neurons.params.fdr:g}",
            "value": int(found.table["discovered"].sum()),
        },
        "discovery_p": {
            "label": "probability of so many genes by shuffling",
            "value": found.discoveries.p_value,
        },
    }
    chosen = found.table["discovered"].to_numpy(bool)
    if chosen.any():
        for name in (OURS, LINEAR):
            numbers[f"r2_predictable_{name}"] = _spread(
                f"{said[name]}, R² held out",
                of_model(compared, name)["r2_test"][chosen],
                of="the predictable genes",
            )
    for name in (OURS, LINEAR, PUBLISHED):
        scored = of_model(compared, name)
        for part, words in (("test", "held out"), ("train", "training")):
            numbers[f"r2_{part}_{name}"] = _spread(
                f"{said[name]}, R² {words}", scored[f"r2_{part}"]
            )
        numbers[f"rmse_test_{name}"] = _spread(f"{said[name]}, RMSE held out", scored["rmse_test"])
        numbers[f"outside_{name}"] = {
            "label": f"{said[name]}, share of R² held out outside (−0.1, 1)",
            "value": float(scored["outside"].mean()),
        }
    if neurons.cells is not None and predicted is not None:
        numbers["cells"] = {"label": "cells in the table", "value": neurons.cells.total}
        if neurons.params.missing == "drop":
            complete = len(neurons.cells.features)
            numbers["cells_complete"] = {"label": "cells with every feature", "value": complete}
        numbers["cells_extrapolated"] = {
            "label": "cells beyond the samples in some feature",
            "value": predicted.extrapolated,
        }
    return numbers


def save(
    neurons: Neurons,
    models: GeneModels,
    numbers: dict[str, dict[str, Any]],
    sentences: Sequence[str],
) -> None:
    """Leave the run's numbers behind, what was done, what it knows of genes, and what it read."""
    results.save_metrics(
        numbers,
        headline=[name for name in _HEADLINE if name in numbers],
        glance=sentences,
        picture="against_r2",
        published=held_against(
            PUBLISHED_NUMBERS,
            numbers,
            neurons.params.changed(),
            comparable=all(source.kind == "real" for source in neurons.sources),
        ),
        methods=methods(neurons),
    )
    facts.save(neurons, models)
    results.save_json("data", records(neurons))


def _spread(label: str, values: pd.Series[float], of: str = "the genes") -> dict[str, Any]:
    low, middle, high = (float(values.quantile(q)) for q in (0.25, 0.5, 0.75))
    return {
        "label": f"{label} (median of {of})",
        "value": middle,
        "low": low,
        "high": high,
        "span": f"half of {of}",
    }

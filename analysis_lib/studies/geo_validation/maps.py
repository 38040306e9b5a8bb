"""Cells in the plane: as measured, as predicted, and by their electrophysiology alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from analysis_lib.datasets import counts
from analysis_lib.studies.geo_validation.cells import Validation
from analysis_lib.studies.geo_validation.profiles import (
    kinds_of_measured,
    kinds_of_predicted,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

VIEWS = {
    "before": "measured, all cells",
    "measured": "measured, cells that pass",
    "predicted": "predicted expression",
    "features": "electrophysiology",
}


def views(validation: Validation) -> tuple[dict[str, pd.DataFrame], pd.DataFrame]:
    """Return every map of cells by name, and what each is worth.

    Expression is that of the most variable genes, centred; features are standardised.

    Returns
    -------
    points : mapping of name to DataFrame
        Columns method, x, y, sample, line, kind, spines.
    quality : DataFrame
        Columns view, method, measure, labels, value, chance.
    """
    tables = {"measured": (_measured(validation, validation.passed), False)}
    if validation.params.quality and not validation.passed.all():
        every = np.ones_like(validation.passed)
        tables = {"before": (_measured(validation, every), False), **tables}
    tables["predicted"] = (_predicted(validation), False)
    tables["features"] = (validation.features, True)
    points, quality = {}, []
    for name, (X, standardise) in tables.items():
        labels = _labels(validation, X.index, predicted=name in ("predicted", "features"))
        points[name], measured = _drawn(validation, X, labels, standardise=standardise)
        quality.append(measured.assign(view=VIEWS[name]))
    columns = ["view", "method", "measure", "labels", "value", "chance"]
    return points, pd.concat(quality, ignore_index=True)[columns]


def _measured(validation: Validation, cells: NDArray[np.bool_]) -> pd.DataFrame:
    logged = validation.measured(cells)
    genes = counts.most_variable(logged, validation.params.top_genes)
    return pd.DataFrame(
        logged.of(genes), validation.counts.cells[cells], validation.counts.genes[genes]
    )


def _predicted(validation: Validation) -> pd.DataFrame:
    variances = validation.expression.var().sort_values(ascending=False, kind="stable")
    varied = variances[variances > 0].head(validation.params.top_genes)
    return validation.expression[varied.index]


def _drawn(
    validation: Validation, X: pd.DataFrame, labels: pd.DataFrame, *, standardise: bool
) -> tuple[pd.DataFrame, pd.DataFrame]:
    from analysis_lib.embedding import pictures

    params, rows = validation.params, len(X)
    return pictures(
        X,
        labels,
        seed=params.seed,
        components_kept=params.components,
        standardise=standardise,
        perplexity=min(params.perplexity, (rows - 1) / 3),
        neighbours=min(params.neighbours, (rows - 1) // 2),
    )


def _labels(validation: Validation, cells: pd.Index[str], *, predicted: bool) -> pd.DataFrame:
    if predicted:
        told = pd.DataFrame(
            {
                "line": validation.about["line"],
                "kind": kinds_of_predicted(validation),
                "spines": validation.about["spines"],
            }
        )
    else:
        told = pd.DataFrame(
            {
                "line": validation.counts.about["line"],
                "kind": kinds_of_measured(validation),
                "spines": "",
            },
            index=validation.counts.about.index,
        )
    return told.loc[cells]

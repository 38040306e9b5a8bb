"""What models learn of genes that go up or down: comparison, components, L1 model, chance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from analysis_lib.studies.dge.steps import CLASSES, Params, Rows, Study

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

    from analysis_lib.evaluation.resampling import PermutationTest

ALL, HONEST = "all", "without leaking"
"""Names of the two sets of features the models are compared on."""


@dataclass(frozen=True)
class Comparison:
    """All models on both sets of features, as tidy tables."""

    audit: pd.DataFrame
    leaking: list[str]
    scores: pd.DataFrame
    roc: pd.DataFrame
    confusion: pd.DataFrame
    unavailable: dict[str, str]

    def score(self, model: str, metric: str, features: str = ALL) -> pd.Series[float]:
        """Return one row of the scores: value, low, high."""
        of = self.scores
        chosen = of[
            (of["model"] == model) & (of["metric"] == metric) & (of["features"] == features)
        ]
        return chosen.iloc[0]

    def best(self, features: str = ALL) -> str | None:
        """Return the model with the best cross-validated accuracy; the test part has no say."""
        rows = self.scores.query("metric == 'cv_accuracy' and model != 'baseline'")
        rows = rows[rows["features"] == features]
        return str(rows["model"].iloc[rows["value"].argmax()]) if len(rows) else None


def compare(study: Study, rows: Rows) -> Comparison:
    """Audit every feature, then fit all models with and without those that give the label away."""
    from analysis_lib.evaluation import leakage
    from analysis_lib.models.lineup import lineup, unavailable

    audit = leakage.audit(rows.X, rows.y)
    leaking = leakage.leaking(audit)
    honest = [name for name in rows.features if name not in leaking]
    models = lineup([*study.params.models, "baseline"], study.params.seed)
    sets = {ALL: rows.features}
    if leaking and honest:
        sets[HONEST] = honest
    parts = [_evaluate(study.params, models, rows, *each) for each in sets.items()]
    scores, roc, confusion = (
        pd.concat(tables, ignore_index=True) for tables in zip(*parts, strict=True)
    )
    absent = {str(m): why for m, why in unavailable().items() if m in study.params.models}
    return Comparison(audit, leaking, scores, roc, confusion, absent)


def components(rows: Rows) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the principal components of the genes, with names and labels, and their variance."""
    from analysis_lib.embedding import pca

    points, explained = pca(rows.X)
    return points.assign(name=rows.names, label=np.array(CLASSES)[rows.y]), explained


def lasso(study: Study, rows: Rows) -> pd.DataFrame:
    """Return the coefficients of the L1 model of the training part, on standardised features."""
    from analysis_lib.models import lineup

    model = lineup.lasso(study.params.lasso_C, study.params.seed)
    return lineup.coefficients(model.fit(rows.X.iloc[rows.train], rows.y[rows.train]))


def box_values(rows: Rows, coefficients: pd.DataFrame, most: int = 6) -> pd.DataFrame:
    """Return the values of the features the L1 model kept, one row per feature and gene."""
    kept = coefficients.loc[coefficients["coefficient"] != 0, "feature"].head(most)
    values = rows.X[list(kept)].assign(label=np.array(CLASSES)[rows.y])
    return values.melt(id_vars="label", var_name="feature", value_name="value")


def permute(study: Study, rows: Rows, comparison: Comparison) -> PermutationTest:
    """Shuffle the labels and see what logistic regression scores with nothing to learn.

    Tested is what is left without the leaking features, where the answer is open.
    """
    from analysis_lib.evaluation.resampling import permutation_test
    from analysis_lib.models.lineup import lineup

    params = study.params
    honest = [name for name in rows.features if name not in comparison.leaking] or rows.features
    return permutation_test(
        lineup(["logistic"], params.seed)["logistic"],
        rows.X.iloc[rows.train][honest],
        rows.y[rows.train],
        folds=params.cv_folds,
        permutations=params.permutations,
        seed=params.seed,
    )


def acceleration() -> list[str]:
    """Say what this machine offers to make models faster."""
    from analysis_lib.models.acceleration import available

    return available()


def _evaluate(
    params: Params, models: dict[str, Pipeline], rows: Rows, name: str, features: list[str]
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Cross-validate on the training part, then look at the held-out part once."""
    from analysis_lib.evaluation import metrics, resampling
    from analysis_lib.models.lineup import decision_values

    X, y = rows.X[features], rows.y
    X_train, y_train, X_test, y_test = (
        X.iloc[rows.train],
        y[rows.train],
        X.iloc[rows.test],
        y[rows.test],
    )
    folds = resampling.repeated_cv(
        models,
        X_train,
        y_train,
        folds=params.cv_folds,
        repeats=params.cv_repeats,
        seed=params.seed,
    )
    scores, curves, matrices = [resampling.cv_rows(folds, name)], [], []
    for model, pipeline in models.items():
        fitted = pipeline.fit(X_train, y_train)
        predicted, decision = fitted.predict(X_test), decision_values(fitted, X_test)
        scores.append(
            metrics.score_rows(
                model,
                name,
                y_test,
                predicted,
                decision,
                seed=params.seed,
                n_bootstrap=params.bootstrap,
            )
        )
        curves.append(metrics.roc_table(model, y_test, decision))
        matrices.append(metrics.confusion_table(model, y_test, predicted, CLASSES))
    tables = (pd.concat(part, ignore_index=True) for part in (scores, curves, matrices))
    scored, roc, confusion = tables
    return scored, roc.assign(features=name), confusion.assign(features=name)

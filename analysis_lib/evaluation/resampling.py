"""Cross-validation, once and repeated, and the permutation test.

Every function takes unfitted pipelines and fits them, scaler included, on the rows of each
training fold only. Give them the training part: the test part is for the end.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from analysis_lib.evaluation import intervals
from analysis_lib.evaluation.metrics import SCORE_COLUMNS
from analysis_lib.evaluation.splits import check_classes

if TYPE_CHECKING:
    from sklearn.model_selection import StratifiedKFold
    from sklearn.pipeline import Pipeline

_ROUNDING = 1e-12  # the same fold scores summed in another order


@dataclass(frozen=True)
class PermutationTest:
    """What cross-validation gives when the labels mean nothing.

    Attributes
    ----------
    observed : float
        Cross-validated accuracy with the true labels.
    table : pandas.DataFrame
        Columns permutation and score: the same with shuffled labels.
    p_value : float
        (1 + number of shuffles that score at least `observed`) / (1 + number of shuffles):
        never zero, and right at any number of shuffles.
    """

    observed: float
    table: pd.DataFrame
    p_value: float


def repeated_cv(
    pipelines: Mapping[str, Pipeline],
    X: pd.DataFrame,
    y: ArrayLike,
    *,
    folds: int,
    repeats: int,
    seed: int,
) -> pd.DataFrame:
    """Return the accuracy of every model in every fold of repeated stratified cross-validation.

    Repeat 0 takes the rows in their order and so holds the scores that people publish; the
    others are shuffled. All models see the same folds.

    Returns
    -------
    pandas.DataFrame
        Columns model, repeat, fold, accuracy, n (rows predicted in that fold).
    """
    from sklearn.model_selection import cross_val_score

    check_classes(y, folds=folds)
    values, labels = X.to_numpy(), np.asarray(y)  # checking names again costs a third of the time
    parts = []
    for repeat in range(repeats):
        splits = list(_folds(folds, repeat, seed).split(values, labels))
        for model, pipeline in pipelines.items():
            scores = cross_val_score(pipeline, values, labels, cv=splits, error_score="raise")
            parts.append(
                pd.DataFrame(
                    {
                        "model": model,
                        "repeat": repeat,
                        "fold": range(folds),
                        "accuracy": scores,
                        "n": [len(test) for _, test in splits],
                    }
                )
            )
    return pd.concat(parts, ignore_index=True)


def cv_rows(fold_scores: pd.DataFrame, features: str) -> pd.DataFrame:
    """Summarise `repeated_cv` as score rows of the metric `cv_accuracy`, one per model.

    The value is that of repeat 0, as published numbers are. The interval is for the accuracy
    of the method on new rows when it is trained on as many as here: the wider one, on each
    side, of the corrected resampled t interval over all folds of all repeats and of the Wilson
    interval of as many rows as there are, each of which is predicted once per repeat.

    Returns
    -------
    pandas.DataFrame
        The columns of `metrics.score_rows`.
    """
    rows = []
    for model, scores in fold_scores.groupby("model", sort=False):
        first = scores[scores["repeat"] == 0]
        value, n = float(first["accuracy"].mean()), int(first["n"].sum())
        low, high = intervals.hull(
            intervals.corrected_resampled(
                scores["accuracy"].to_numpy(), test_to_train=1 / (len(first) - 1)
            ),
            intervals.wilson(value, n),
        )
        rows.append((model, features, "cv_accuracy", value, low, high, n, ""))
    return pd.DataFrame(rows, columns=SCORE_COLUMNS)


def permutation_test(
    pipeline: Pipeline, X: pd.DataFrame, y: ArrayLike, *, folds: int, permutations: int, seed: int
) -> PermutationTest:
    """Cross-validate with the labels shuffled, again and again, and see how often chance wins."""
    from sklearn.model_selection import permutation_test_score

    check_classes(y, folds=folds)
    observed, scores, _ = permutation_test_score(
        pipeline,
        X.to_numpy(),
        np.asarray(y),
        cv=folds,
        n_permutations=permutations,
        random_state=seed,
    )
    at_least = int((scores >= observed - _ROUNDING).sum())
    return PermutationTest(
        observed=float(observed),
        table=pd.DataFrame({"permutation": range(permutations), "score": scores}),
        p_value=(1 + at_least) / (1 + permutations),
    )


def _folds(folds: int, repeat: int, seed: int) -> StratifiedKFold:
    from sklearn.model_selection import StratifiedKFold

    if repeat == 0:
        return StratifiedKFold(folds)
    return StratifiedKFold(folds, shuffle=True, random_state=seed + repeat)

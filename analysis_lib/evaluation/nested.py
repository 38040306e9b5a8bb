"""Nested cross-validation: the choices are made inside the part that a fold may see.

Folds that choose the number of genes and then score the model reward luck. Here the outer folds
only score: for each of them `choice.choose` cross-validates within the outer training rows, so
that the scores are those of the whole procedure, choosing included.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from analysis_lib.errors import ParameterError
from analysis_lib.evaluation import intervals
from analysis_lib.evaluation.choice import Candidate, choose, in_words, shuffled_folds
from analysis_lib.evaluation.metrics import SCORE_COLUMNS
from analysis_lib.evaluation.probabilities import log_loss
from analysis_lib.evaluation.splits import check_classes

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

_Z = NormalDist().inv_cdf(0.975)


@dataclass(frozen=True)
class Nested:
    """What nested cross-validation gives.

    Attributes
    ----------
    folds : pandas.DataFrame
        Columns model, repeat, fold, accuracy, log_loss, n (rows predicted), chosen (the
        settings, as people read them).
    predictions : pandas.DataFrame
        Columns model, repeat, sample, truth, predicted, probability (of label 1): every row of
        the data once per model and repeat.
    """

    folds: pd.DataFrame
    predictions: pd.DataFrame


def nested_cv(
    candidates: Mapping[str, Candidate],
    X: pd.DataFrame,
    y: ArrayLike,
    *,
    folds: int,
    repeats: int,
    seed: int,
    inner_folds: int = 5,
) -> Nested:
    """Score candidates by repeated stratified cross-validation that chooses within each fold.

    All candidates see the same outer and the same inner folds.

    Parameters
    ----------
    candidates : mapping of name to Candidate
        What is fitted, and what is chosen about it.
    X : DataFrame of shape (rows, features)
        The training part; its index names the samples.
    y : array of 0 and 1
        The label of each row.
    folds, repeats : int
        The outer folds, shuffled anew in every repeat.
    seed : int
        The same seed gives the same folds.
    inner_folds : int
        Folds within the outer training rows, for the choice and for Platt's sigmoid.
    """
    check_classes(y, folds=folds)
    values, labels = np.ascontiguousarray(X), np.asarray(y)
    splits = [
        (repeat, fold, train, test)
        for repeat, division in enumerate(shuffled_folds(folds, repeats, seed))
        for fold, (train, test) in enumerate(division.split(values, labels))
    ]
    for _, _, train, _ in splits:
        check_classes(labels[train], folds=inner_folds)
    parts = []
    for model, candidate in candidates.items():
        for repeat, fold, train, test in splits:
            X_train, y_train, X_test = values[train], labels[train], values[test]
            choice = choose(candidate, X_train, y_train, folds=inner_folds, repeats=1, seed=seed)
            rows = {
                "model": model,
                "repeat": repeat,
                "fold": fold,
                "chosen": in_words(choice.params),
                "row": test,
                "truth": labels[test],
                "predicted": choice.pipeline.predict(X_test),
                "probability": probabilities(
                    choice.pipeline, X_train, y_train, X_test, folds=inner_folds, seed=seed
                ),
            }
            parts.append(pd.DataFrame(rows))
    predicted = pd.concat(parts, ignore_index=True)
    return Nested(folds=_fold_scores(predicted), predictions=_in_order(predicted, X.index))


def probabilities(
    fitted: Pipeline,
    X: pd.DataFrame | NDArray[np.float64],
    y: ArrayLike,
    X_new: pd.DataFrame | NDArray[np.float64],
    *,
    folds: int,
    seed: int,
) -> NDArray[np.float64]:
    """Return the probability of label 1 for new rows.

    A model without probabilities gets Platt's sigmoid: a logistic curve through the decision
    values that cross-validation of `X`, `y` gives. It may disagree with the model near one
    half: the label predicted is always the model's own.
    """
    from sklearn.calibration import CalibratedClassifierCV

    if not hasattr(fitted, "predict_proba"):
        (inner,) = shuffled_folds(folds, 1, seed)
        # With ensemble=False one sigmoid is learned on all the held-out decision values.
        fitted = CalibratedClassifierCV(fitted, method="sigmoid", ensemble=False, cv=inner)
        fitted.fit(X, y)
    return np.asarray(fitted.predict_proba(X_new)[:, 1], dtype=np.float64)


def summary(fold_scores: pd.DataFrame, features: str = "all") -> pd.DataFrame:
    """Summarise the folds of `nested_cv` as score rows, two per model.

    The values are means over all folds of all repeats. `nested_accuracy` has the wider one, on
    each side, of the corrected resampled t interval and of the Wilson interval of as many rows
    as there are; `nested_log_loss` has the corrected resampled t interval.

    Returns
    -------
    pandas.DataFrame
        The columns of `metrics.score_rows`.
    """
    rows = []
    for model, scores in fold_scores.groupby("model", sort=False):
        first = scores[scores["repeat"] == 0]
        n, ratio = int(first["n"].sum()), 1 / (len(first) - 1)
        accuracy, loss = scores["accuracy"].to_numpy(), scores["log_loss"].to_numpy()
        low, high = intervals.hull(
            intervals.corrected_resampled(accuracy, ratio),
            intervals.wilson(float(accuracy.mean()), n),
        )
        rows.append((model, features, "nested_accuracy", accuracy.mean(), low, high, n, ""))
        low, high = intervals.corrected_resampled(loss, ratio, most=math.inf)
        rows.append((model, features, "nested_log_loss", loss.mean(), low, high, n, ""))
    return pd.DataFrame(rows, columns=SCORE_COLUMNS)


def best(scores: pd.DataFrame, baseline: str = "baseline") -> str:
    """Return the model with the lowest nested log loss; the baseline is none.

    Parameters
    ----------
    scores : pandas.DataFrame
        What `summary` gave.
    baseline : str
        The name of the model that knows nothing.

    Examples
    --------
    >>> scores = pd.DataFrame({"model": ["baseline", "svm"], "metric": "nested_log_loss",
    ...     "value": [0.1, 0.3]})
    >>> best(scores)
    'svm'
    """
    losses = scores[(scores["metric"] == "nested_log_loss") & (scores["model"] != baseline)]
    if losses.empty:
        raise ParameterError(
            "There is no model to be the best one.",
            where="models",
            expected=f"at least one model besides {baseline}",
            got=", ".join(map(str, scores["model"].unique())) or "none",
        )
    return str(losses["model"].iloc[losses["value"].argmin()])


def chance_interval(y: ArrayLike, folds: int) -> intervals.Interval:
    """Return where cross-validated accuracy lies when the labels mean nothing.

    A model that has learned nothing still calls some share q of the n rows by the rarer class,
    whose share is p. Which rows it calls so is drawn without regard to the truth, so that the
    hits are hypergeometric, and its accuracy has

        mean 1 − p − q (1 − 2p)    and    variance 4 q (1 − q) p (1 − p) / (n − 1).

    Guessing the larger class (q = 0) has no variance, guessing evenly (q = 1/2) has mean 1/2.
    As models differ in q, the interval runs from the lowest to the highest of the ends, mean
    ± 1.96 standard deviations, over all q up to 1/2. Two things make cross-validation stray
    further than one draw: its folds share training rows, for which the variance gets Nadeau and
    Bengio's factor 1 + k/(k − 1); and what is above average in a fold is below average in its
    training rows, so that accuracy on noise tends to fall below that of guessing. The lower
    end, reached at even guesses, leaves room for that.

    Examples
    --------
    >>> low, high = chance_interval([0] * 27 + [1] * 11, folds=5)
    >>> round(low, 2), round(high, 2)
    (0.28, 0.8)
    """
    counts = check_classes(y, folds=folds)
    n = sum(counts.values())
    rarer = min(counts.values()) / n
    widened = 1 + folds / (folds - 1)
    reach = 2 * _Z * math.sqrt(widened * rarer * (1 - rarer) / (n - 1))
    # With q = (1 − cos a)/2 the upper end is 1/2 + ((1 − 2p) cos a + reach sin a)/2.
    return max(0.0, 0.5 - reach / 2), min(1.0, 0.5 + math.hypot(1 - 2 * rarer, reach) / 2)


def _fold_scores(rows: pd.DataFrame) -> pd.DataFrame:
    columns = ["model", "repeat", "fold", "accuracy", "log_loss", "n", "chosen"]
    scores = [
        (
            *place,
            float((fold["truth"] == fold["predicted"]).mean()),
            log_loss(fold["truth"], fold["probability"]),
            len(fold),
            fold["chosen"].iloc[0],
        )
        for place, fold in rows.groupby(["model", "repeat", "fold"], sort=False)
    ]
    return pd.DataFrame(scores, columns=columns)


def _in_order(rows: pd.DataFrame, samples: pd.Index) -> pd.DataFrame:
    """Return the rows in the order of the data, whichever fold they were in."""
    in_order = pd.concat(
        part.sort_values("row") for _, part in rows.groupby(["model", "repeat"], sort=False)
    )
    named = in_order.assign(sample=samples[in_order["row"]].astype(str))
    columns = ["model", "repeat", "sample", "truth", "predicted", "probability"]
    return named[columns].reset_index(drop=True)

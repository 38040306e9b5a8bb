"""Scores of predictions on a test part, as tidy tables.

Labels are 0 and 1; `decision` is a number per row that grows with the belief in label 1.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from analysis_lib.evaluation import intervals

SCORE_COLUMNS = ["model", "features", "metric", "value", "low", "high", "n", "note"]
"""The columns of every table of scores."""

_CELLS_AT_ONCE = 4_000_000  # of one bootstrap matrix: 32 MB


def score_rows(
    model: str,
    features: str,
    y: ArrayLike,
    predicted: ArrayLike,
    decision: ArrayLike,
    *,
    seed: int,
    n_bootstrap: int = 2000,
) -> pd.DataFrame:
    """Return accuracy, balanced accuracy and AUC of one model, each with a 95 % interval.

    An interval is the wider one, on each side, of a percentile bootstrap of the test rows and
    of a score interval (see `intervals`). The bootstrap draws within each class, because the
    split gave each class a fixed number of test rows. It says how the score would change with
    other test rows, not with other training rows.

    Parameters
    ----------
    model, features : str
        Copied into every row.
    y, predicted, decision : arrays of shape (rows,)
        The truth, the label predicted and the decision value.
    seed : int
        The same seed draws the same rows for every model.
    n_bootstrap : int
        Resamples.

    Returns
    -------
    pandas.DataFrame
        Columns model, features, metric, value, low, high, n, note. A value that does not exist
        is NaN, and `note` says why; otherwise `note` is empty.

    Examples
    --------
    >>> rows = score_rows("svm", "all", [0, 0, 1, 1], [0, 1, 1, 1], [-2, 1, 2, 3], seed=42)
    >>> rows[["metric", "value", "n"]].to_string(index=False, header=False).split()
    ['accuracy', '0.75', '4', 'balanced_accuracy', '0.75', '4', 'auc', '1.00', '4']
    """
    truth = np.asarray(y) == 1
    right = (np.asarray(predicted) == 1) == truth
    scores = np.asarray(decision, dtype=np.float64)
    draws = np.random.default_rng(seed)
    rows = [
        {"metric": "accuracy", **_accuracy(truth, right, n_bootstrap, draws)},
        {"metric": "balanced_accuracy", **_balanced(truth, right, n_bootstrap, draws)},
        {"metric": "auc", **_area(truth, scores, n_bootstrap, draws)},
    ]
    fixed = {"model": model, "features": features, "n": len(truth)}
    return pd.DataFrame([{**fixed, **row} for row in rows], columns=SCORE_COLUMNS)


def auc(y: ArrayLike, decision: ArrayLike) -> float:
    """Return the area under the ROC curve: the chance that a 1 is ranked above a 0.

    Ties count half. NaN when there is only one class or a decision value is not finite.

    Examples
    --------
    >>> auc([0, 0, 1, 1], [0.1, 0.4, 0.4, 0.8])
    0.875
    """
    truth = np.asarray(y) == 1
    scores = np.asarray(decision, dtype=np.float64)
    if why_unranked(truth, scores):
        return float("nan")
    _, group = np.unique(scores, return_inverse=True)
    groups = int(group.max()) + 1
    positive = np.bincount(group[truth], minlength=groups)
    negative = np.bincount(group[~truth], minlength=groups)
    return float(_area_of_counts(positive, negative))


def roc_table(model: str, y: ArrayLike, decision: ArrayLike) -> pd.DataFrame:
    """Return the corners of the ROC curve: model, fpr, tpr, threshold.

    The curve starts at (0, 0), where nothing is called 1 and the threshold is NaN. Without two
    classes or with decision values that are not finite there is no curve and no row.
    """
    from sklearn.metrics import roc_curve

    truth = np.asarray(y) == 1
    scores = np.asarray(decision, dtype=np.float64)
    if why_unranked(truth, scores):
        return pd.DataFrame(columns=["model", "fpr", "tpr", "threshold"])
    fpr, tpr, threshold = roc_curve(truth, scores)
    threshold[0] = np.nan
    return pd.DataFrame({"model": model, "fpr": fpr, "tpr": tpr, "threshold": threshold})


def confusion_table(
    model: str, y: ArrayLike, predicted: ArrayLike, classes: Sequence[str]
) -> pd.DataFrame:
    """Return how often each truth got each prediction: model, truth, predicted, count.

    Parameters
    ----------
    model : str
        Copied into every row.
    y, predicted : arrays of 0 and 1
        The truth and the label predicted.
    classes : two str
        The names of label 0 and of label 1.

    Examples
    --------
    >>> confusion_table("svm", [0, 1, 1], [0, 0, 1], ["down", "up"])["count"].tolist()
    [1, 0, 1, 1]
    """
    truth, guess = np.asarray(y) == 1, np.asarray(predicted) == 1
    rows = [
        (
            model,
            classes[is_one],
            classes[as_one],
            int(((truth == is_one) & (guess == as_one)).sum()),
        )
        for is_one in (False, True)
        for as_one in (False, True)
    ]
    return pd.DataFrame(rows, columns=["model", "truth", "predicted", "count"])


def why_unranked(truth: NDArray[np.bool_], scores: NDArray[np.float64]) -> str:
    """Return why a ranking of these rows says nothing about the classes; empty when it does."""
    if truth.all() or not truth.any():
        return "The test part has rows of one class only."
    if not np.isfinite(scores).all():
        return "The model gave decision values that are not finite."
    return ""


def _accuracy(
    truth: NDArray[np.bool_], right: NDArray[np.bool_], n: int, draws: np.random.Generator
) -> dict[str, object]:
    value = float(right.mean())
    # Drawing rows of a class with replacement, the number of right ones is binomial.
    resampled = sum(
        draws.binomial(part.size, part.mean(), size=n)
        for part in (right[truth], right[~truth])
        if part.size
    )
    bootstrap = intervals.percentiles(np.asarray(resampled) / len(right))
    return _row(value, intervals.hull(bootstrap, intervals.wilson(value, len(right))))


def _balanced(
    truth: NDArray[np.bool_], right: NDArray[np.bool_], n: int, draws: np.random.Generator
) -> dict[str, object]:
    ones, zeros = right[truth], right[~truth]
    if not (ones.size and zeros.size):
        return _nothing("The test part has rows of one class only.")
    shares = float(ones.mean()), float(zeros.mean())
    resampled = (
        draws.binomial(ones.size, shares[0], size=n) / ones.size
        + draws.binomial(zeros.size, shares[1], size=n) / zeros.size
    ) / 2
    score = intervals.mean_of_two(shares[0], ones.size, shares[1], zeros.size)
    return _row(sum(shares) / 2, intervals.hull(intervals.percentiles(resampled), score))


def _area(
    truth: NDArray[np.bool_], scores: NDArray[np.float64], n: int, draws: np.random.Generator
) -> dict[str, object]:
    reason = why_unranked(truth, scores)
    if reason:
        return _nothing(reason)
    value = auc(truth, scores)
    bootstrap = intervals.percentiles(_bootstrap_auc(truth, scores, n, draws))
    score = intervals.score_auc(value, int(truth.sum()), int((~truth).sum()))
    return _row(value, intervals.hull(bootstrap, score))


def _bootstrap_auc(
    truth: NDArray[np.bool_], scores: NDArray[np.float64], n: int, draws: np.random.Generator
) -> NDArray[np.float64]:
    _, group = np.unique(scores, return_inverse=True)
    groups = int(group.max()) + 1
    at_once = max(1, _CELLS_AT_ONCE // len(scores))
    parts = []
    for start in range(0, n, at_once):
        times = min(at_once, n - start)
        positive = _resampled_counts(group[truth], groups, times, draws)
        negative = _resampled_counts(group[~truth], groups, times, draws)
        parts.append(_area_of_counts(positive, negative))
    return np.concatenate(parts)


def _resampled_counts(
    group: NDArray[np.intp], groups: int, times: int, draws: np.random.Generator
) -> NDArray[np.intp]:
    """Return, for each resample of the rows, how many fall into each group of equal scores."""
    chosen = group[draws.integers(len(group), size=(times, len(group)))]
    chosen += groups * np.arange(times)[:, None]
    return np.bincount(chosen.ravel(), minlength=times * groups).reshape(times, groups)


def _area_of_counts(positive: NDArray[np.intp], negative: NDArray[np.intp]) -> NDArray[np.float64]:
    """Return the AUC from the numbers of ones and zeros in each group of rising scores."""
    twice_below = 2 * np.cumsum(negative, axis=-1) - negative
    pairs = positive.sum(axis=-1) * negative.sum(axis=-1)
    return np.asarray((positive * twice_below).sum(axis=-1) / (2 * pairs), dtype=np.float64)


def _row(value: float, interval: intervals.Interval) -> dict[str, object]:
    return {"value": value, "low": interval[0], "high": interval[1], "note": ""}


def _nothing(reason: str) -> dict[str, object]:
    nan = float("nan")
    return {"value": nan, "low": nan, "high": nan, "note": reason}

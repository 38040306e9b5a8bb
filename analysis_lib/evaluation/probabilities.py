"""What predictions are worth beyond right and wrong: precision, recall, and honest probabilities.

Labels are 0 and 1; probabilities are those of label 1. A percentile bootstrap here draws within
each class and is, as in `metrics`, joined with an interval that knows how little a few rows can
tell: numbers between 0 and 1 vary at most as a share with the same mean does, so that Wilson's
interval of that mean is never too narrow.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from analysis_lib.evaluation import intervals
from analysis_lib.evaluation.metrics import SCORE_COLUMNS, why_unranked

_EPSILON = float(np.finfo(np.float64).eps)
_CELLS_AT_ONCE = 4_000_000  # of one bootstrap matrix: 32 MB


def log_loss(y: ArrayLike, probability: ArrayLike) -> float:
    """Return the mean of minus the logarithm of the probability given to what was true.

    As in scikit-learn, a probability of exactly 0 or 1 counts as one that differs from it by
    the precision of a number, so that a single sure error costs 36 and not infinity.

    Examples
    --------
    >>> round(log_loss([0, 1], [0.5, 0.5]), 4)
    0.6931
    """
    truth = np.asarray(y) == 1
    p = np.clip(np.asarray(probability, dtype=np.float64), _EPSILON, 1 - _EPSILON)
    return float(-np.log(np.where(truth, p, 1 - p)).mean())


def precision_recall(model: str, y: ArrayLike, decision: ArrayLike) -> pd.DataFrame:
    """Return the corners of the precision-recall curve: model, recall, precision, threshold.

    Recall rises from the point where nothing is called 1, whose precision is 1 by agreement and
    whose threshold is NaN. Without two classes or with decision values that are not finite there
    is no curve and no row.

    Parameters
    ----------
    model : str
        Copied into every row.
    y, decision : arrays of shape (rows,)
        The truth, and a number per row that grows with the belief in label 1.
    """
    from sklearn.metrics import precision_recall_curve

    truth, scores = np.asarray(y) == 1, np.asarray(decision, dtype=np.float64)
    if why_unranked(truth, scores):
        return pd.DataFrame(columns=["model", "recall", "precision", "threshold"])
    precision, recall, threshold = precision_recall_curve(truth, scores)
    curve = {"recall": recall, "precision": precision, "threshold": np.append(threshold, np.nan)}
    return pd.DataFrame({"model": model, **curve}).iloc[::-1].reset_index(drop=True)


def average_precision_row(
    model: str,
    features: str,
    y: ArrayLike,
    decision: ArrayLike,
    *,
    seed: int,
    n_bootstrap: int = 2000,
) -> pd.DataFrame:
    """Return the average precision with its 95 % interval, as one row of scores.

    It is the mean, over the rows of label 1, of the precision at which each is found; Wilson's
    interval is that of as many rows as label 1 has. The value of a model that knows nothing is
    the share of label 1.

    Returns
    -------
    pandas.DataFrame
        The columns of `metrics.score_rows`; metric is `average_precision`.

    Examples
    --------
    >>> row = average_precision_row("svm", "all", [0, 0, 1, 1], [1, 4, 3, 5], seed=42)
    >>> round(row["value"].item(), 3)
    0.833
    """
    truth, scores = np.asarray(y) == 1, np.asarray(decision, dtype=np.float64)
    reason = why_unranked(truth, scores)
    if reason:
        return _row(model, features, "average_precision", len(truth), note=reason)
    once = np.ones((1, len(truth)), dtype=np.intp)
    value = float(_average_precision(truth, scores, once)[0])
    resampled = np.concatenate(
        [_average_precision(truth, scores, times) for times in _resampled(truth, n_bootstrap, seed)]
    )
    interval = intervals.hull(
        intervals.percentiles(resampled), intervals.wilson(value, int(truth.sum()))
    )
    return _row(model, features, "average_precision", len(truth), value=value, interval=interval)


def brier_row(
    model: str,
    features: str,
    y: ArrayLike,
    probability: ArrayLike,
    *,
    seed: int,
    n_bootstrap: int = 2000,
) -> pd.DataFrame:
    """Return the Brier score with its 95 % interval, as one row of scores.

    The mean squared difference of probability and truth: 0 for a model that is sure and right,
    1 for one that is sure and wrong.

    Returns
    -------
    pandas.DataFrame
        The columns of `metrics.score_rows`; metric is `brier`.
    """
    truth, p = np.asarray(y) == 1, np.asarray(probability, dtype=np.float64)
    n = len(truth)
    if not np.isfinite(p).all():
        note = "The model gave probabilities that are not finite."
        return _row(model, features, "brier", n, note=note)
    squares = (p - truth) ** 2
    value = float(squares.mean())
    resampled = np.concatenate([times @ squares for times in _resampled(truth, n_bootstrap, seed)])
    interval = intervals.hull(intervals.percentiles(resampled / n), intervals.wilson(value, n))
    return _row(model, features, "brier", n, value=value, interval=interval)


def calibration(model: str, y: ArrayLike, probability: ArrayLike, bins: int = 5) -> pd.DataFrame:
    """Return how often label 1 was true among rows with similar probabilities.

    The bins hold about as many rows each; rows with the same probability share a bin, so that
    there may be fewer bins than asked. Without finite probabilities there is no bin.

    Returns
    -------
    pandas.DataFrame
        Columns model, probability (the mean in the bin), share (of label 1), low, high
        (Wilson's interval of the share), n.

    Examples
    --------
    >>> calibration("svm", [0, 0, 0, 1], [0.1, 0.3, 0.7, 0.9], bins=2)["share"].tolist()
    [0.0, 0.5]
    """
    truth, p = np.asarray(y) == 1, np.asarray(probability, dtype=np.float64)
    if not np.isfinite(p).all():
        return pd.DataFrame(columns=["model", "probability", "share", "low", "high", "n"])
    inner_edges = np.quantile(p, np.arange(1, bins) / bins)
    place = np.searchsorted(inner_edges, p)
    rows = []
    for each in np.unique(place):
        inside = place == each
        share, n = float(truth[inside].mean()), int(inside.sum())
        rows.append((model, float(p[inside].mean()), share, *intervals.wilson(share, n), n))
    return pd.DataFrame(rows, columns=["model", "probability", "share", "low", "high", "n"])


def class_report(
    model: str,
    y: ArrayLike,
    predicted: ArrayLike,
    classes: Sequence[str],
    *,
    seed: int,
    n_bootstrap: int = 2000,
) -> pd.DataFrame:
    """Return precision, recall and F1 of each class, with 95 % intervals.

    Precision and recall are shares and have Wilson's interval. F1 has the wider one, on each
    side, of a bootstrap of the rows within their classes and of the interval that follows from
    Wilson's for the share of the rows, truly or allegedly of the class, that are both.

    Parameters
    ----------
    model : str
        Copied into every row.
    y, predicted : arrays of 0 and 1
        The truth and the label predicted.
    classes : two str
        The names of label 0 and of label 1.

    Returns
    -------
    pandas.DataFrame
        Columns model, class, measure ("precision", "recall", "f1"), value, low, high, n (the
        rows the value is a share of), note. A value that does not exist is NaN, and `note`
        says why.

    Examples
    --------
    >>> report = class_report("svm", [0, 1, 1, 1], [0, 0, 1, 1], ["ALL", "AML"], seed=42)
    >>> report["value"].round(2).tolist()
    [0.5, 1.0, 0.67, 1.0, 0.67, 0.8]
    """
    truth, guess = np.asarray(y) == 1, np.asarray(predicted) == 1
    draws = np.random.default_rng(seed)
    rows = []
    for label, name in enumerate(classes):
        of_class, called = truth == label, guess == label
        both, either = int((of_class & called).sum()), int((of_class | called).sum())
        precision = _share(both, int(called.sum()), f"The model never says {name}.")
        recall = _share(both, int(of_class.sum()), f"No row is of class {name}.")
        f1 = _share(both, either, f"No row is of class {name}, and the model never says so.")
        if either:
            interval = intervals.hull(
                (_f1(f1["low"]), _f1(f1["high"])),
                intervals.percentiles(_bootstrap_f1(of_class, called, n_bootstrap, draws)),
            )
            f1 |= {"value": _f1(f1["value"]), "low": interval[0], "high": interval[1]}
        measures = {"precision": precision, "recall": recall, "f1": f1}
        rows += [{"class": name, "measure": key, **row} for key, row in measures.items()]
    columns = ["model", "class", "measure", "value", "low", "high", "n", "note"]
    return pd.DataFrame([{"model": model, **row} for row in rows], columns=columns)


def _share(hits: int, n: int, otherwise: str) -> dict[str, Any]:
    if not n:
        return {"value": math.nan, "low": math.nan, "high": math.nan, "n": 0, "note": otherwise}
    low, high = intervals.wilson(hits / n, n)
    return {"value": hits / n, "low": low, "high": high, "n": n, "note": ""}


def _f1(overlap: float) -> float:
    """Return F1 from the share of the rows, truly or allegedly of a class, that are both."""
    return 2 * overlap / (1 + overlap)


def _bootstrap_f1(
    of_class: NDArray[np.bool_], called: NDArray[np.bool_], n: int, draws: np.random.Generator
) -> NDArray[np.float64]:
    # Drawing rows of a class with replacement, the number of those called so is binomial.
    hits, alarms = (
        draws.binomial(part.size, part.mean() if part.size else 0, size=n)
        for part in (called[of_class], called[~of_class])
    )
    rows = of_class.sum() + hits + alarms
    return np.asarray(2 * hits / np.maximum(rows, 1), dtype=np.float64)


def _average_precision(
    truth: NDArray[np.bool_], scores: NDArray[np.float64], times: NDArray[np.intp]
) -> NDArray[np.float64]:
    """Return the average precision when each row counts as often as `times` says."""
    order = np.argsort(-scores, kind="stable")
    last_of_ties = np.append(np.diff(scores[order]) != 0, True)
    called = np.cumsum(times[:, order], axis=1)[:, last_of_ties]
    hits = np.cumsum(times[:, order] * truth[order], axis=1)[:, last_of_ties]
    precision = hits / np.maximum(called, 1)
    found = np.diff(hits, axis=1, prepend=0)
    return np.asarray((found * precision).sum(axis=1) / hits[:, -1], dtype=np.float64)


def _resampled(truth: NDArray[np.bool_], n: int, seed: int) -> Iterator[NDArray[np.intp]]:
    """Yield, some at a time, how often each row is drawn in each of `n` bootstraps."""
    draws = np.random.default_rng(seed)
    at_once = max(1, _CELLS_AT_ONCE // len(truth))
    for start in range(0, n, at_once):
        times = np.zeros((min(at_once, n - start), len(truth)), dtype=np.intp)
        for part in (truth, ~truth):
            rows = int(part.sum())
            if rows:
                equal = np.full(rows, 1 / rows)
                times[:, part] = draws.multinomial(rows, equal, size=len(times))
        yield times


def _row(
    model: str,
    features: str,
    metric: str,
    n: int,
    *,
    value: float = math.nan,
    interval: intervals.Interval = (math.nan, math.nan),
    note: str = "",
) -> pd.DataFrame:
    row = (model, features, metric, value, *interval, n, note)
    return pd.DataFrame([row], columns=SCORE_COLUMNS)

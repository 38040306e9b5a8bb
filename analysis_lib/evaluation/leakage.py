"""The leakage audit: which single features already give the label away.

A label computed from a feature makes every model look perfect and every score empty. The audit
looks at one feature at a time, without any model: what does the best single cut achieve?

Verdicts, in this order:

- *determines* - a cut tells the class of every row;
- *nearly determines* - a cut gets right at least nine in ten of the rows that guessing the
  larger class gets wrong, so that an unequal share of the classes does not count as leakage;
- *informative* - the AUC is further from 0.5 than chance explains (Mann-Whitney test, 5 %
  divided by the number of features);
- *uninformative* - everything else.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from analysis_lib.evaluation.metrics import auc
from analysis_lib.evaluation.splits import check_classes, check_features

NEARLY = 0.1
"""Errors of the best cut, as a share of the errors of guessing, up to which it gives away."""

_LEAKING = ("determines", "nearly determines")


def audit(X: pd.DataFrame, y: ArrayLike) -> pd.DataFrame:
    """Return how well each feature alone tells the label.

    Parameters
    ----------
    X : DataFrame of shape (rows, features)
        Finite numbers.
    y : array of 0 and 1
        The label of each row.

    Returns
    -------
    pandas.DataFrame
        One row per feature, in their order: feature, auc, threshold_accuracy (of the best cut
        in either direction, never below guessing), verdict, why.

    Examples
    --------
    >>> X = pd.DataFrame({"logFC": [-2.0, -1, 1, 2], "pvalue": [0.1, 0.9, 0.2, 0.8]})
    >>> audit(X, [0, 0, 1, 1])[["feature", "verdict"]].to_dict("split")["data"]
    [['logFC', 'determines'], ['pvalue', 'uninformative']]
    """
    check_classes(y)
    check_features(X)
    truth = np.asarray(y) == 1
    rows = []
    for feature in X.columns:
        values = X[feature].to_numpy(dtype=np.float64)
        area, cut = auc(truth, values), _best_cut(values, truth)
        verdict, why = _judge(area, cut, truth, features=X.shape[1])
        rows.append((feature, area, cut.right / len(truth), verdict, why))
    return pd.DataFrame(rows, columns=["feature", "auc", "threshold_accuracy", "verdict", "why"])


def leaking(audited: pd.DataFrame) -> list[str]:
    """Return the features that determine the label or nearly do."""
    return list(audited.loc[audited["verdict"].isin(_LEAKING), "feature"])


@dataclass(frozen=True)
class _Cut:
    right: int
    at: float  # NaN when the best is to put all rows on one side
    above: int  # the label of the rows above the cut


def _best_cut(values: NDArray[np.float64], truth: NDArray[np.bool_]) -> _Cut:
    distinct, group = np.unique(values, return_inverse=True)
    ones = np.bincount(group[truth], minlength=len(distinct))
    zeros = np.bincount(group[~truth], minlength=len(distinct))
    # right[i]: rows told rightly by "label 1 above distinct[i]"; the mirror rule has the rest.
    right = np.cumsum(zeros) + ones.sum() - np.cumsum(ones)
    most = int(max(ones.sum(), zeros.sum()))
    best = int(np.abs(2 * right - len(truth)).argmax())
    told = int(max(right[best], len(truth) - right[best]))
    if told == most:
        return _Cut(right=most, at=math.nan, above=int(truth.sum() == most))
    above = int(right[best] == told)
    return _Cut(right=told, at=float(distinct[best] + distinct[best + 1]) / 2, above=above)


def _judge(area: float, cut: _Cut, truth: NDArray[np.bool_], features: int) -> tuple[str, str]:
    n, ones = len(truth), int(truth.sum())
    guessed = max(ones, n - ones)
    if n - cut.right <= NEARLY * (n - guessed):
        side = f"label {cut.above} above {cut.at:.3g}, label {1 - cut.above} below"
        verdict = "determines" if cut.right == n else "nearly determines"
        told = f"{cut.right:,} of {n:,}; guessing the larger class is right for {guessed:,}"
        return verdict, f"{side}: right for {told}."
    best = "no cut is better than guessing" if math.isnan(cut.at) else f"{cut.right:,} of {n:,}"
    return _against_chance(area, ones, n - ones, features, best)


def _against_chance(
    area: float, ones: int, zeros: int, features: int, best: str
) -> tuple[str, str]:
    # Standard deviation of the AUC when the ranks are random (ties only make it smaller).
    spread = math.sqrt((ones + zeros + 1) / (12 * ones * zeros))
    reach = NormalDist().inv_cdf(1 - 0.025 / features) * spread
    chance = f"what chance gives ({max(0.0, 0.5 - reach):.2f} to {min(1.0, 0.5 + reach):.2f})"
    if abs(area - 0.5) > reach:
        return "informative", f"AUC {area:.2f} is beyond {chance}; best cut: {best}."
    return "uninformative", f"AUC {area:.2f} is within {chance}; best cut: {best}."

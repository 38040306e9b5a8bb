"""95 % intervals that do not call a handful of right answers a certainty.

Resampling a test part without a single error gives the interval from 1 to 1, as if another
forty genes could not bring one; in simulations the percentile bootstrap of an AUC of 0.99 on
forty rows covers the truth 72 times in 100 instead of 95. Every interval reported here is
therefore the wider one, on each side, of a resampling interval and of a score interval, which
knows how little a few rows can tell (`hull`).
"""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Interval: TypeAlias = tuple[float, float]

_Z = NormalDist().inv_cdf(0.975)


def wilson(share: float, n: int) -> Interval:
    """Return the Wilson score interval of a share of `n` rows.

    Examples
    --------
    >>> low, high = wilson(1.0, 40)
    >>> round(low, 3), high
    (0.912, 1.0)
    """
    centre = (share + _Z**2 / (2 * n)) / (1 + _Z**2 / n)
    half = _Z * math.sqrt(share * (1 - share) / n + _Z**2 / (4 * n**2)) / (1 + _Z**2 / n)
    return max(0.0, min(share, centre - half)), min(1.0, max(share, centre + half))


def of_errors(count: int, n: int) -> Interval:
    """Return Wilson's interval of a number of errors among `n` rows, in errors.

    Examples
    --------
    >>> low, high = of_errors(1, 34)
    >>> round(low, 1), round(high, 1)
    (0.2, 5.1)
    """
    low, high = wilson(count / n, n)
    return low * n, high * n


def mean_of_two(one: float, n_one: int, other: float, n_other: int) -> Interval:
    """Return the interval of the mean of two independent shares (Newcombe 1998, from Wilson's)."""
    mean = (one + other) / 2
    (low, high), (low_other, high_other) = wilson(one, n_one), wilson(other, n_other)
    return (
        mean - math.hypot(one - low, other - low_other) / 2,
        mean + math.hypot(high - one, high_other - other) / 2,
    )


def score_auc(auc: float, n_positive: int, n_negative: int) -> Interval:
    """Return the score interval of an area under the ROC curve (Newcombe 2006, method 5).

    Its ends are the areas at which the observed one would just be 1.96 standard errors away,
    the standard error being that of the end and not of the observation.

    Examples
    --------
    >>> low, high = score_auc(1.0, 20, 20)
    >>> round(low, 3), high
    (0.899, 1.0)
    """
    return (
        _lower_auc(auc, n_positive, n_negative),
        1.0 - _lower_auc(1.0 - auc, n_positive, n_negative),
    )


def corrected_resampled(
    scores: NDArray[np.float64], test_to_train: float, most: float = 1.0
) -> Interval:
    """Return the interval of the mean of repeated cross-validation (Nadeau and Bengio 2003).

    The folds of all repeats share most of their training rows, so their scores are not
    independent: the variance gets `test_to_train`, the ratio of the two parts' sizes, on top
    of the 1/k of independent scores. More repeats therefore never make it arbitrarily narrow.
    Its ends are kept between 0 and `most`.
    """
    from scipy.stats import t

    mean, k = float(scores.mean()), len(scores)
    error = float(scores.std(ddof=1)) * math.sqrt(1 / k + test_to_train)
    half = float(t.ppf(0.975, k - 1)) * error
    return max(0.0, mean - half), min(most, mean + half)


def percentiles(replicates: NDArray[np.float64]) -> Interval:
    """Return the middle 95 % of bootstrap replicates."""
    low, high = np.quantile(replicates, [0.025, 0.975])
    return float(low), float(high)


def hull(one: Interval, other: Interval) -> Interval:
    """Return the interval from the lower low to the higher high."""
    return min(one[0], other[0]), max(one[1], other[1])


def _lower_auc(auc: float, n_positive: int, n_negative: int) -> float:
    from scipy.optimize import brentq

    def too_far(end: float) -> float:
        return auc - end - _Z * _auc_error(end, n_positive, n_negative)

    # At the observed value itself the error of a perfect score is zero: look just below it.
    just_below = auc - 1e-9
    return float(brentq(too_far, 0.0, just_below)) if just_below > 0 else 0.0


def _auc_error(auc: float, n_positive: int, n_negative: int) -> float:
    # Hanley and McNeil's variance; Newcombe takes the mean class size for both classes.
    others = (n_positive + n_negative) / 2 - 1
    pairs = 1 + others * (1 - auc) / (2 - auc) + others * auc / (1 + auc)
    return math.sqrt(auc * (1 - auc) * pairs / (n_positive * n_negative))

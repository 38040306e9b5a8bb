"""What the shape of a p-value histogram says about the test behind it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

_BINS = 20
_ALPHA = 0.001
Shape = Literal["signal", "uniform", "conservative", "two peaks", "uneven", "too few"]

_WORDS: dict[Shape, str] = {
    "signal": "The histogram falls from a peak near 0 to a flat part: as it should be when some "
    "genes change and the test is well calibrated.",
    "uniform": "The histogram is flat: it looks as if no gene changed at all.",
    "conservative": "The histogram rises towards 1: the test is too cautious (variances "
    "overestimated, or a confounder), and adjusted p-values will miss genes.",
    "two peaks": "The histogram has a peak near 0 and another near 1: one-sided tests, or many "
    "genes with hardly any counts. Filter those before adjusting p-values.",
    "uneven": "The histogram is neither flat nor does it fall steadily: p-values of dependent or "
    "discrete tests, or a table that was filtered by its p-values.",
    "too few": "There are too few p-values to judge the shape of their histogram.",
}


@dataclass(frozen=True)
class Diagnosis:
    """The shape of a p-value histogram, in a word and in a sentence.

    `null_share` estimates which share of the genes did not change (Storey's estimate at 0.5);
    NaN when there are too few p-values.
    """

    shape: Shape
    null_share: float
    words: str


def diagnose(p: ArrayLike) -> Diagnosis:
    """Judge the histogram of p-values; missing ones do not count.

    The bins near 0 and near 1 are held against the flat middle by binomial tests at level
    0.001, and so is the middle against a flat line.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> diagnose(rng.uniform(size=2000)).shape
    'uniform'
    >>> diagnose(np.r_[rng.uniform(size=2000), rng.uniform(0, 0.01, 300)]).shape
    'signal'
    """
    values = np.asarray(p, dtype=np.float64)
    values = values[np.isfinite(values)]
    if len(values) < 5 * _BINS:
        return Diagnosis("too few", float("nan"), _WORDS["too few"])
    counts, _ = np.histogram(values, bins=_BINS, range=(0.0, 1.0))
    shape = _shape(counts)
    share = min(1.0, float((values > 0.5).sum() / (0.5 * len(values))))
    return Diagnosis(shape, share, _WORDS[shape])


def _shape(counts: np.ndarray[tuple[int], np.dtype[np.intp]]) -> Shape:
    """Name the shape by which end stands above the middle, and whether the rest is flat."""
    left, right = _stands_out(counts, 0), _stands_out(counts, _BINS - 1)
    if left and right:
        return "two peaks"
    if left:
        return "signal"
    if right:
        return "conservative"
    flat = float(stats.chisquare(counts).pvalue) > _ALPHA
    return "uniform" if flat else "uneven"


def _stands_out(counts: np.ndarray[tuple[int], np.dtype[np.intp]], end: int) -> bool:
    # Against the quarter of the bins in the middle, where neither end reaches.
    middle = counts[8:13]
    total = int(counts[end] + middle.sum())
    if total == 0:
        return False
    share = 1 / (1 + len(middle))
    chance = stats.binomtest(int(counts[end]), total, share, alternative="greater")
    return bool(chance.pvalue < _ALPHA)

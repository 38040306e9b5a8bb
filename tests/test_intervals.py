"""Intervals cover what they claim to, also where the bootstrap is falsely sure."""

import numpy as np
import pytest
from scipy.stats import binomtest, norm

from analysis_lib.evaluation import intervals, metrics


@pytest.mark.parametrize(("right", "n"), [(0, 1), (0, 40), (1, 40), (39, 40), (40, 40), (500, 999)])
def test_wilson_is_scipys(right, n):
    expected = binomtest(right, n).proportion_ci(method="wilson")
    assert intervals.wilson(right / n, n) == pytest.approx((expected.low, expected.high))


@pytest.mark.parametrize("auc", [0.0, 0.3, 0.5, 0.9, 0.9975, 1.0])
def test_auc_ends_are_where_the_observed_value_is_just_too_far(auc):
    z = norm.ppf(0.975)
    low, high = intervals.score_auc(auc, 12, 30)
    assert 0 <= low <= auc <= high <= 1
    for end in {low, high} - {auc, 0.0, 1.0}:
        error = intervals._auc_error(end, 12, 30)
        assert abs(auc - end) == pytest.approx(z * error, abs=1e-6)


def test_auc_interval_is_symmetric_and_shrinks():
    low, high = intervals.score_auc(0.9, 20, 20)
    assert intervals.score_auc(0.1, 20, 20) == pytest.approx((1 - high, 1 - low))
    widths = [np.ptp(intervals.score_auc(1.0, n, n)) for n in (5, 20, 80, 320)]
    assert widths == sorted(widths, reverse=True)
    assert widths[-1] < 0.01


def test_mean_of_two_equal_shares_is_narrower_than_one_and_not_empty():
    low, high = intervals.mean_of_two(1.0, 20, 1.0, 20)
    assert intervals.wilson(1.0, 20)[0] < low < 1
    assert high == 1


def test_corrected_interval_does_not_vanish_with_more_repeats():
    draws = np.random.default_rng(0)
    few, many = (
        np.ptp(intervals.corrected_resampled(draws.normal(0.7, 0.05, k), 1 / 4)) for k in (50, 5000)
    )
    independent = 2 * norm.ppf(0.975) * 0.05 / np.sqrt(5000)
    assert many == pytest.approx(few, rel=0.3)
    assert many > 20 * independent


@pytest.mark.parametrize("true_auc", [0.8, 0.99])
def test_reported_auc_interval_covers_the_truth_where_the_bootstrap_alone_does_not(true_auc):
    draws = np.random.default_rng(1)
    y = np.repeat([0, 1], 20)
    covered = {"reported": 0, "bootstrap": 0}
    for seed in range(300):
        decision = draws.normal(y * np.sqrt(2) * norm.ppf(true_auc))
        row = metrics.score_rows("m", "all", y, y, decision, seed=seed, n_bootstrap=300).iloc[2]
        covered["reported"] += row["low"] <= true_auc <= row["high"]
        alone = metrics._bootstrap_auc(y == 1, decision, 300, np.random.default_rng(seed))
        low, high = intervals.percentiles(alone)
        covered["bootstrap"] += low <= true_auc <= high
    assert covered["reported"] >= 0.95 * 300
    if true_auc > 0.9:
        assert covered["bootstrap"] < 0.85 * 300

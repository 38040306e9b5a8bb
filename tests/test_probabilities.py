"""Curves and losses are scikit-learn's; intervals hold the truth; what does not exist says why."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as reference

from analysis_lib.evaluation import probabilities as p
from analysis_lib.evaluation.metrics import SCORE_COLUMNS


@st.composite
def decided(draw):
    n = draw(st.integers(4, 40))
    ones = draw(st.integers(1, n - 1))
    levels = st.integers(-4, 4).map(float) | st.floats(-1e6, 1e6)
    scores = draw(st.lists(levels, min_size=n, max_size=n))
    return np.repeat([0, 1], [n - ones, ones]), np.array(scores)


@st.composite
def called(draw):
    n = draw(st.integers(2, 30))
    labels = st.lists(st.integers(0, 1), min_size=n, max_size=n)
    return np.array(draw(labels)), np.array(draw(labels))


def predicted(seed, n=34, strength=1.5):
    """Return labels, and honest probabilities of them."""
    draws = np.random.default_rng(seed)
    probability = 1 / (1 + np.exp(-strength * draws.normal(size=n)))
    y = (draws.random(n) < probability).astype(int)
    y[:2] = 0, 1
    return y, probability


@settings(max_examples=60, deadline=None)
@given(decided())
def test_log_loss_is_scikit_learns_also_when_the_model_is_sure(case):
    y, decision = case
    probability = 1 / (1 + np.exp(-np.clip(decision, -700, 700)))
    probability[np.abs(decision) == 4] = decision[np.abs(decision) == 4] > 0
    expected = reference.log_loss(y, probability, labels=[0, 1])
    assert p.log_loss(y, probability) == pytest.approx(expected)


@settings(max_examples=60, deadline=None)
@given(decided())
def test_curve_and_average_precision_are_scikit_learns(case):
    y, decision = case
    table = p.precision_recall("m", y, decision)
    assert list(table) == ["model", "recall", "precision", "threshold"]
    precision, recall, threshold = reference.precision_recall_curve(y, decision)
    assert table["recall"].tolist() == pytest.approx(recall[::-1].tolist())
    assert table["precision"].tolist() == pytest.approx(precision[::-1].tolist())
    assert table["threshold"].tolist()[1:] == threshold[::-1].tolist()
    assert table["recall"].is_monotonic_increasing
    assert (table["recall"][0], table["precision"][0]) == (0, 1)
    assert np.isnan(table["threshold"][0])
    row = p.average_precision_row("m", "all", y, decision, seed=1, n_bootstrap=20).iloc[0]
    assert row["value"] == pytest.approx(reference.average_precision_score(y, decision))
    assert 0 <= row["low"] <= row["value"] <= row["high"] <= 1


@settings(max_examples=30, deadline=None)
@given(decided(), st.integers(0, 100))
def test_resampled_average_precision_is_that_of_the_repeated_rows(case, seed):
    y, decision = case
    (times,) = p._resampled(y == 1, 3, seed)
    found = p._average_precision(y == 1, decision, times)
    for value, often in zip(found, times, strict=True):
        assert often[y == 1].sum() == (y == 1).sum()  # each class keeps its size
        expected = reference.average_precision_score(
            np.repeat(y, often), np.repeat(decision, often)
        )
        assert value == pytest.approx(expected)


@pytest.mark.parametrize("y", [[1, 1, 1], [0, 0, 0]])
def test_one_class_has_no_curve_and_says_so(y):
    decision = [0.1, 0.2, 0.3]
    assert p.precision_recall("m", y, decision).empty
    row = p.average_precision_row("m", "all", y, decision, seed=1).iloc[0]
    assert row[["value", "low", "high"]].isna().all()
    assert "one class only" in row["note"]


def test_values_that_are_not_finite_are_no_numbers():
    assert p.precision_recall("m", [0, 1], [0.1, np.nan]).empty
    assert (
        "not finite" in p.average_precision_row("m", "all", [0, 1], [0, np.inf], seed=1)["note"][0]
    )
    row = p.brier_row("m", "all", [0, 1], [0.5, np.nan], seed=1).iloc[0]
    assert row[["value", "low", "high"]].isna().all()
    assert "not finite" in row["note"]
    assert p.calibration("m", [0, 1], [0.5, np.nan]).empty


def test_without_an_error_the_intervals_still_admit_one():
    y = np.repeat([0, 1], [20, 14])
    row = p.average_precision_row("m", "all", y, y + 0.0, seed=1).iloc[0]
    assert (row["value"], row["high"]) == (1, 1)
    assert 0.7 < row["low"] < 0.85
    row = p.brier_row("m", "all", y, y + 0.0, seed=1).iloc[0]
    assert (row["value"], row["low"]) == (0, 0)
    assert 0.05 < row["high"] < 0.15
    report = p.class_report("m", y, y, ["ALL", "AML"], seed=1)
    assert (report["value"] == 1).all()
    assert (report["high"] == 1).all()
    assert report["low"].between(0.7, 0.95).all()


def test_brier_is_scikit_learns():
    y, probability = predicted(seed=3)
    row = p.brier_row("m", "all", y, probability, seed=1).iloc[0]
    assert list(row.index) == SCORE_COLUMNS
    assert row["value"] == pytest.approx(reference.brier_score_loss(y, probability))
    assert row["low"] < row["value"] < row["high"]
    assert (row["metric"], row["n"], row["note"]) == ("brier", 34, "")


def test_intervals_hold_the_truth_as_often_as_they_claim():
    draws = np.random.default_rng(0)
    truth = draws.random(200_000) < 0.4
    decision = draws.normal(truth * 1.5)
    probability = 1 / (1 + np.exp(-(1.5 * decision - 1.125) - np.log(0.4 / 0.6)))
    precision = reference.average_precision_score(truth, decision)
    brier = reference.brier_score_loss(truth, probability)
    held = {"precision": 0, "brier": 0}
    for seed in range(200):
        rows = slice(seed * 34, seed * 34 + 34)
        y = truth[rows]
        row = p.average_precision_row("m", "all", y, decision[rows], seed=1, n_bootstrap=200)
        held["precision"] += (row["low"] <= precision).item() and (row["high"] >= precision).item()
        row = p.brier_row("m", "all", y, probability[rows], seed=1, n_bootstrap=200)
        held["brier"] += (row["low"] <= brier).item() and (row["high"] >= brier).item()
    assert min(held.values()) >= 0.93 * 200


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 1000), st.integers(1, 8), st.booleans())
def test_bins_hold_every_row_once_and_about_as_many_each(seed, bins, rounded):
    y, probability = predicted(seed)
    probability = probability.round(1) if rounded else probability
    table = p.calibration("m", y, probability, bins)
    assert list(table) == ["model", "probability", "share", "low", "high", "n"]
    assert table["n"].sum() == len(y)
    assert (table["share"] * table["n"]).sum() == pytest.approx(y.sum())
    assert (table["probability"] * table["n"]).sum() == pytest.approx(probability.sum())
    assert table["probability"].is_monotonic_increasing
    assert ((table["low"] <= table["share"]) & (table["share"] <= table["high"])).all()
    if not rounded:
        assert len(table) == bins
        assert table["n"].max() - table["n"].min() <= 2


def test_rows_with_the_same_probability_share_a_bin_whatever_their_order():
    probability = np.array([0.0] * 7 + [1.0] * 3)
    y = np.array([0, 0, 0, 0, 0, 1, 1, 1, 1, 0])
    table = p.calibration("m", y, probability)
    assert table["n"].tolist() == [7, 3]
    assert table["share"].tolist() == pytest.approx([2 / 7, 2 / 3])
    order = np.random.default_rng(0).permutation(10)
    assert p.calibration("m", y[order], probability[order]).equals(table)


def test_honest_probabilities_are_within_their_intervals():
    y, probability = predicted(seed=5, n=4000)
    table = p.calibration("m", y, probability, bins=10)
    assert table["probability"].between(table["low"], table["high"]).sum() >= 8
    assert (
        not p.calibration("m", 1 - y, probability)["probability"]
        .between(table["low"].iloc[0], table["high"].iloc[0])
        .all()
    )


@settings(max_examples=60, deadline=None)
@given(called())
def test_report_is_scikit_learns_where_that_is_defined(case):
    y, guess = case
    report = p.class_report("m", y, guess, ["ALL", "AML"], seed=1, n_bootstrap=20)
    values = reference.precision_recall_fscore_support(
        y, guess, labels=[0, 1], zero_division=np.nan
    )
    expected = np.array(values[:3]).T.ravel()
    assert report["value"].to_numpy() == pytest.approx(expected, nan_ok=True)
    assert report["class"].tolist() == ["ALL"] * 3 + ["AML"] * 3
    assert report["measure"].tolist() == ["precision", "recall", "f1"] * 2
    defined = report[report["value"].notna()]
    assert (defined["low"] <= defined["value"]).all()
    assert (defined["value"] <= defined["high"]).all()
    assert defined[["low", "high"]].to_numpy().min() >= 0
    assert defined[["low", "high"]].to_numpy().max() <= 1
    assert (defined["note"] == "").all()
    missing = report[report["value"].isna()]
    assert missing[["low", "high"]].isna().all(axis=None)
    assert (missing["note"] != "").all()


def test_a_class_never_predicted_has_no_precision_and_says_so():
    report = p.class_report("m", [0, 0, 1], [0, 0, 0], ["ALL", "AML"], seed=1)
    aml = report[report["class"] == "AML"].set_index("measure")
    assert np.isnan(aml.loc["precision", "value"])
    assert aml.loc["precision", "note"] == "The model never says AML."
    assert aml.loc["recall", ["value", "n"]].tolist() == [0, 1]
    assert aml.loc["f1", "value"] == 0
    assert aml.loc["f1", "high"] > 0


def test_a_class_that_is_neither_there_nor_predicted_has_nothing():
    report = p.class_report("m", [0, 0], [0, 0], ["ALL", "AML"], seed=1)
    aml = report[report["class"] == "AML"]
    assert aml["value"].isna().all()
    assert (aml["n"] == 0).all()


def test_the_same_seed_gives_the_same_intervals():
    y, probability = predicted(seed=1)

    def both(seed):
        rows = (
            p.average_precision_row("m", "all", y, probability, seed=seed),
            p.brier_row("m", "all", y, probability, seed=seed),
        )
        return pd.concat(rows), p.class_report("m", y, probability > 0.5, ["a", "b"], seed=seed)

    for one, same in zip(both(1), both(1), strict=True):
        pd.testing.assert_frame_equal(one, same, rtol=1e-12)

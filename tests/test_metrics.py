"""Scores equal scikit-learn's; what does not exist is NaN with a reason."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import (
    accuracy_score,
    auc,
    balanced_accuracy_score,
    confusion_matrix,
    roc_auc_score,
)

from analysis_lib import results
from analysis_lib.evaluation import metrics


@st.composite
def decided(draw):
    n = draw(st.integers(4, 40))
    ones = draw(st.integers(1, n - 1))
    levels = st.integers(-4, 4).map(float) | st.floats(-1e6, 1e6)
    scores = draw(st.lists(levels, min_size=n, max_size=n))
    return np.repeat([0, 1], [n - ones, ones]), np.array(scores)


@settings(max_examples=100, deadline=None)
@given(decided())
def test_auc_is_scikit_learns_and_the_area_of_the_curve(case):
    y, decision = case
    area = metrics.auc(y, decision)
    assert area == pytest.approx(roc_auc_score(y, decision))
    curve = metrics.roc_table("m", y, decision)
    assert auc(curve["fpr"], curve["tpr"]) == pytest.approx(area)


@settings(max_examples=50, deadline=None)
@given(decided(), st.randoms(use_true_random=False))
def test_auc_knows_only_the_order_and_is_mirrored_with_the_labels(case, random):
    y, decision = case
    order = random.sample(range(len(y)), len(y))
    area = metrics.auc(y, decision)
    assert metrics.auc(y[order], decision[order]) == area
    assert metrics.auc(1 - y, decision) == pytest.approx(1 - area)
    _, ranks = np.unique(decision, return_inverse=True)
    assert metrics.auc(y, np.exp(ranks / 10)) == area


@settings(max_examples=30, deadline=None)
@given(decided())
def test_rows_are_scikit_learns_scores_inside_their_intervals(case):
    y, decision = case
    predicted = (decision > 0).astype(int)
    rows = metrics.score_rows("m", "all", y, predicted, decision, seed=0, n_bootstrap=50)
    assert rows["metric"].tolist() == ["accuracy", "balanced_accuracy", "auc"]
    assert rows["value"].tolist() == pytest.approx(
        [
            accuracy_score(y, predicted),
            balanced_accuracy_score(y, predicted),
            roc_auc_score(y, decision),
        ]
    )
    assert (rows["low"] <= rows["value"]).all()
    assert (rows["value"] <= rows["high"]).all()
    assert rows[["low", "high"]].to_numpy().min() >= 0
    assert rows[["low", "high"]].to_numpy().max() <= 1
    assert (rows["n"] == len(y)).all()
    assert (rows["note"] == "").all()


def test_without_an_error_the_interval_still_admits_one():
    y = np.repeat([0, 1], 20)
    rows = metrics.score_rows("m", "all", y, y, y - 0.5, seed=42)
    assert (rows["value"] == 1).all()
    assert rows["low"].between(0.8, 0.95).all()
    assert (rows["high"] == 1).all()


def test_bootstrap_is_that_of_drawing_rows_one_by_one():
    draws = np.random.default_rng(5)
    y = np.repeat([0, 1], [15, 25])
    decision = np.round(draws.normal(y), 1)
    ours = metrics._bootstrap_auc(y == 1, decision, 4000, draws)
    slow = []
    for _ in range(1000):
        zeros, ones = draws.choice(15, 15), 15 + draws.choice(25, 25)
        rows = np.concatenate([zeros, ones])
        slow.append(roc_auc_score(y[rows], decision[rows]))
    assert ours.mean() == pytest.approx(np.mean(slow), abs=0.01)
    assert ours.std() == pytest.approx(np.std(slow), rel=0.1)


def test_bootstrap_in_parts_is_the_bootstrap(monkeypatch):
    y = np.repeat([0, 1], 10)
    decision = np.random.default_rng(1).normal(y)
    monkeypatch.setattr(metrics, "_CELLS_AT_ONCE", 60)
    parts = metrics._bootstrap_auc(y == 1, decision, 10, np.random.default_rng(0))
    assert len(parts) == 10
    assert np.isfinite(parts).all()


def test_same_seed_same_rows():
    y = np.repeat([0, 1], 20)
    decision = np.random.default_rng(0).normal(y)
    one, other = (
        metrics.score_rows("m", "all", y, decision > 0.5, decision, seed=7) for _ in range(2)
    )
    assert one.equals(other)


@pytest.mark.parametrize(
    ("y", "decision", "missing", "reason"),
    [
        ([1, 1, 1], [0.1, 0.2, 0.3], ["balanced_accuracy", "auc"], "one class only"),
        ([0, 0, 0], [0.1, 0.2, 0.3], ["balanced_accuracy", "auc"], "one class only"),
        ([0, 1, 1], [0.1, np.nan, 0.3], ["auc"], "not finite"),
        ([0, 1, 1], [0.1, np.inf, 0.3], ["auc"], "not finite"),
    ],
    ids=["only ones", "only zeros", "nan", "infinite"],
)
def test_what_does_not_exist_is_nan_with_a_reason(y, decision, missing, reason):
    rows = metrics.score_rows("m", "all", y, [1, 1, 1], decision, seed=0).set_index("metric")
    assert rows.index[rows["value"].isna()].tolist() == missing
    assert rows.loc[missing, ["low", "high"]].isna().all(axis=None)
    assert rows.loc[missing, "note"].str.contains(reason).all()
    assert np.isnan(metrics.auc(y, decision))
    assert metrics.roc_table("m", y, decision).empty


def test_missing_metric_is_stored_as_null(monkeypatch, tmp_path):
    monkeypatch.setenv(results.FOLDER_VARIABLE, str(tmp_path))
    rows = metrics.score_rows("m", "all", [1, 1], [1, 1], [0.1, 0.2], seed=0)
    results.save_json("scores", {"auc": rows["value"].iloc[2]})
    assert json.loads((tmp_path / "scores.json").read_text()) == {"auc": None}


def test_curve_starts_at_the_corner_without_a_threshold():
    curve = metrics.roc_table("m", [0, 1, 0, 1], [1, 2, 3, 4])
    assert curve.columns.tolist() == ["model", "fpr", "tpr", "threshold"]
    assert curve.iloc[0][["fpr", "tpr"]].tolist() == [0, 0]
    assert curve["threshold"].isna().tolist() == [True] + [False] * (len(curve) - 1)
    assert curve.iloc[-1][["fpr", "tpr"]].tolist() == [1, 1]


def test_confusion_is_scikit_learns_with_names():
    draws = np.random.default_rng(3)
    y, predicted = draws.integers(0, 2, 50), draws.integers(0, 2, 50)
    table = metrics.confusion_table("m", y, predicted, ["down", "up"])
    assert table["count"].tolist() == confusion_matrix(y, predicted).ravel().tolist()
    assert table["truth"].tolist() == ["down", "down", "up", "up"]
    assert table["predicted"].tolist() == ["down", "up", "down", "up"]

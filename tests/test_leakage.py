"""The audit is exact, indifferent to what cannot matter, and names what gives the label away."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis_lib.errors import TableError
from analysis_lib.evaluation import leakage


def _brute_force(values, y):
    cuts = [-np.inf, *values]
    right = [max(((values > cut) == y).mean(), ((values <= cut) == y).mean()) for cut in cuts]
    return max(right)


@st.composite
def labelled(draw):
    n = draw(st.integers(3, 30))
    ones = draw(st.integers(1, n - 1))
    numbers = st.integers(-3, 3).map(float) | st.floats(-1e9, 1e9)
    values = draw(st.lists(numbers, min_size=n, max_size=n))
    return np.array(values), draw(st.permutations([0] * (n - ones) + [1] * ones).map(np.array))


def _row(values, y):
    return leakage.audit(pd.DataFrame({"x": values}), y).iloc[0]


@settings(max_examples=200, deadline=None)
@given(labelled())
def test_threshold_accuracy_is_the_best_of_every_cut_in_both_directions(case):
    values, y = case
    assert _row(values, y)["threshold_accuracy"] == pytest.approx(_brute_force(values, y))


@settings(max_examples=60, deadline=None)
@given(labelled(), st.randoms(use_true_random=False))
def test_row_order_and_swapped_labels_do_not_matter(case, random):
    values, y = case
    order = random.sample(range(len(y)), len(y))
    row, shuffled, swapped = _row(values, y), _row(values[order], y[order]), _row(values, 1 - y)
    assert row.drop("why").equals(shuffled.drop("why"))
    assert swapped["auc"] == pytest.approx(1 - row["auc"])
    assert swapped["threshold_accuracy"] == row["threshold_accuracy"]
    assert swapped["verdict"] == row["verdict"]


@settings(max_examples=60, deadline=None)
@given(labelled())
def test_only_the_order_of_the_values_matters(case):
    values, y = case
    _, ranks = np.unique(values, return_inverse=True)
    row, other = _row(values, y), _row(np.exp(ranks / 5), y)
    columns = ["auc", "threshold_accuracy", "verdict"]
    assert row[columns].tolist() == other[columns].tolist()


@settings(max_examples=60, deadline=None)
@given(labelled(), st.sampled_from([-1, 1]))
def test_a_label_made_from_a_feature_is_found(case, sign):
    values, _ = case
    made = (sign * values > 0).astype(int)
    if made.min() == made.max():
        return
    row = _row(values, made)
    assert row["verdict"] == "determines"
    assert row["threshold_accuracy"] == 1


def test_cut_lies_between_the_classes_and_says_its_direction():
    assert (
        "label 1 above 1.5, label 0 below: right for 4 of 4"
        in _row([0, 1, 2, 3], [0, 0, 1, 1])["why"]
    )
    assert "label 0 above 1.5, label 1 below" in _row([0, 1, 2, 3], [1, 1, 0, 0])["why"]


@pytest.mark.parametrize(
    ("wrong", "verdict"), [(0, "determines"), (10, "nearly determines"), (11, "informative")]
)
def test_verdict_changes_where_documented(wrong, verdict):
    y = np.repeat([0, 1], 100)
    values = y.astype(float)
    values[:wrong] = 1
    row = _row(values, y)
    assert row["verdict"] == verdict
    assert row["threshold_accuracy"] == (200 - wrong) / 200


def test_unequal_classes_are_no_leakage():
    y = np.repeat([0, 1], [980, 20])
    row = _row(np.random.default_rng(0).normal(size=1000), y)
    assert row["threshold_accuracy"] >= 0.98
    assert row["verdict"] == "uninformative"


def test_noise_is_rarely_informative_however_many_features_there_are():
    draws = np.random.default_rng(0)
    y = np.repeat([0, 1], 25)
    found = 0
    for _ in range(40):
        X = pd.DataFrame(draws.normal(size=(50, 20)))
        found += (leakage.audit(X, y)["verdict"] != "uninformative").any()
    assert found <= 7  # 5 % of 40 is 2; more than 7 would be a chance of 1 in 1,000


def test_constant_feature_is_uninformative():
    row = _row(np.ones(10), np.arange(10) % 2)
    assert row["auc"] == 0.5
    assert row["threshold_accuracy"] == 0.5
    assert row["verdict"] == "uninformative"
    assert "no cut is better than guessing" in row["why"]


def test_sign_of_the_fold_change_leaks_and_the_rest_does_not():
    draws = np.random.default_rng(42)
    X = pd.DataFrame(
        {"logFC": draws.normal(size=300), "pvalue": draws.uniform(size=300), "twin": 0.0}
    )
    X["twin"] = X["logFC"] + draws.normal(scale=0.02, size=300)
    audited = leakage.audit(X, (X["logFC"] > 0).astype(int))
    assert audited.columns.tolist() == ["feature", "auc", "threshold_accuracy", "verdict", "why"]
    assert audited["verdict"].tolist() == ["determines", "uninformative", "nearly determines"]
    assert leakage.leaking(audited) == ["logFC", "twin"]


def test_missing_values_are_refused():
    with pytest.raises(TableError, match="column x, first in row 1"):
        leakage.audit(pd.DataFrame({"x": [1.0, np.nan, 3.0]}), [0, 1, 1])

"""Cross-validation is scikit-learn's, noise scores like noise, and p-values are honest."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binom
from sklearn.model_selection import cross_val_score

from analysis_lib.evaluation import resampling
from analysis_lib.models.lineup import lineup


def _data(n, shift, seed=0, features=2):
    draws = np.random.default_rng(seed)
    y = draws.permutation(np.arange(n) % 2)
    X = draws.normal(size=(n, features))
    X[:, 0] += shift * y
    return pd.DataFrame(X, columns=[f"x{i}" for i in range(features)]), y


def test_first_repeat_is_the_published_number():
    X, y = _data(60, shift=1)
    pipelines = lineup(["logistic", "svm"], seed=1)
    table = resampling.repeated_cv(pipelines, X, y, folds=5, repeats=3, seed=1)
    rows = resampling.cv_rows(table, "all").set_index("model")
    for model, pipeline in pipelines.items():
        expected = cross_val_score(pipeline, X, y, cv=5).mean()
        assert rows.loc[model, "value"] == pytest.approx(expected)


def test_table_holds_every_fold_once_and_models_share_folds():
    X, y = _data(47, shift=1)
    table = resampling.repeated_cv(
        lineup(["logistic", "baseline"], seed=1), X, y, folds=4, repeats=3, seed=1
    )
    assert len(table) == 2 * 3 * 4
    assert not table.duplicated(["model", "repeat", "fold"]).any()
    assert (table.groupby(["model", "repeat"])["n"].sum() == 47).all()
    sizes = table.pivot_table(index=["repeat", "fold"], columns="model", values="n")
    assert (sizes["logistic"] == sizes["baseline"]).all()


def test_repeats_differ_and_the_seed_repeats_them():
    X, y = _data(60, shift=0.5)
    pipelines = lineup(["logistic"], seed=1)
    one, same, other = (
        resampling.repeated_cv(pipelines, X, y, folds=5, repeats=3, seed=seed) for seed in (1, 1, 9)
    )
    assert one.equals(same)
    first, later = one["repeat"] == 0, one["repeat"] > 0
    assert one[first].equals(other[first])
    assert not one[later].equals(other[later])
    assert one[one["repeat"] == 1]["accuracy"].tolist() != one[first]["accuracy"].tolist()


def test_score_rows_have_the_columns_of_the_scores_table():
    X, y = _data(40, shift=9)
    table = resampling.repeated_cv(lineup(["logistic"], 1), X, y, folds=5, repeats=2, seed=1)
    row = resampling.cv_rows(table, "without leaking").iloc[0]
    assert list(row.index) == ["model", "features", "metric", "value", "low", "high", "n", "note"]
    assert (row["features"], row["metric"], row["n"]) == ("without leaking", "cv_accuracy", 40)
    assert row["value"] == 1
    assert 0.9 < row["low"] < 0.93  # forty right answers are not certainty
    assert row["high"] == 1


def test_on_noise_the_intervals_hold_chance_as_often_as_they_claim():
    pipelines = lineup(["logistic", "svm"], seed=1)
    parts = []
    for seed in range(24):
        X, y = _data(60, shift=0, seed=seed, features=3)
        folds = resampling.repeated_cv(pipelines, X, y, folds=5, repeats=3, seed=1)
        parts.append(resampling.cv_rows(folds, "all"))
    rows = pd.concat(parts)
    missed = ~((rows["low"] <= 0.5) & (rows["high"] >= 0.5))
    assert (missed.groupby(rows["model"]).sum() <= binom.ppf(0.99, 24, 0.05)).all()
    assert rows["value"].mean() == pytest.approx(0.5, abs=0.05)


def test_baseline_on_equal_classes_is_one_half():
    X, y = _data(40, shift=9)
    folds = resampling.repeated_cv(lineup(["baseline"], 1), X, y, folds=5, repeats=2, seed=1)
    row = resampling.cv_rows(folds, "all").iloc[0]
    assert row["value"] == 0.5
    assert row["low"] < 0.5 < row["high"]


def test_permutation_p_values_are_not_too_small_on_noise():
    p_values = []
    for seed in range(24):
        X, y = _data(16, shift=0, seed=seed)
        test = resampling.permutation_test(
            lineup(["logistic"], 1)["logistic"], X, y, folds=2, permutations=19, seed=seed
        )
        p_values.append(test.p_value)
    for level in (0.1, 0.25, 0.5):
        below = sum(p <= level for p in p_values)
        assert below <= binom.ppf(0.999, 24, level)
    assert np.mean(p_values) > 0.4
    assert min(p_values) >= 1 / 20


def test_permutation_p_value_is_the_smallest_possible_on_signal():
    X, y = _data(40, shift=9)
    test = resampling.permutation_test(
        lineup(["logistic"], 1)["logistic"], X, y, folds=5, permutations=30, seed=1
    )
    assert test.observed == 1
    assert test.p_value == 1 / 31
    assert test.table["permutation"].tolist() == list(range(30))
    assert test.table["score"].between(0, 1).all()


def test_ties_count_against_the_model():
    X, y = _data(40, shift=9)
    test = resampling.permutation_test(
        lineup(["baseline"], 1)["baseline"], X, y, folds=5, permutations=9, seed=1
    )
    assert test.p_value == 1

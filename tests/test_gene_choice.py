"""Genes that matter are chosen again; choosing before the folds makes noise look predictable."""

import numpy as np
import pandas as pd
import pytest
from sklearn.feature_selection import SelectKBest, f_classif
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from analysis_lib.errors import ParameterError, TableError
from analysis_lib.evaluation import genes

CLASSIFIER = make_pipeline(StandardScaler(), LogisticRegression())


def score(X, y):
    return f_classif(X, y)[0]


def data(first=24, second=16, *, features=60, informative=3, shift=3.0):
    draws = np.random.default_rng(0)
    y = draws.permutation(np.repeat([0, 1], [first, second]))
    X = draws.normal(size=(len(y), features))
    signs = np.where(np.arange(informative) % 2, -1, 1)
    X[:, :informative] += shift * np.outer(y, signs)
    return pd.DataFrame(X, columns=[f"g{i}" for i in range(features)]), y


def test_informative_genes_are_chosen_every_time_with_their_sign():
    X, y = data()
    table = genes.stability(genes.strongest(score, 5), X, y, resamples=40, seed=1)
    assert list(table) == ["gene", "share", "sign"]
    assert dict(zip(table["gene"][:3], table["sign"][:3], strict=True)) == {
        "g0": 1,
        "g1": -1,
        "g2": 1,
    }
    assert table["share"][:3].tolist() == [1, 1, 1]
    assert table["share"].is_monotonic_decreasing
    assert table["share"].between(0, 1, inclusive="right").all()
    assert table["share"].sum() == pytest.approx(5)


def test_on_noise_no_gene_is_chosen_much_more_often_than_any_other():
    X, y = data(features=400, shift=0)
    first, second = (
        genes.stability(genes.strongest(score, 20), X, y, resamples=60, seed=seed, share=0.5)
        for seed in (1, 2)
    )
    assert first["share"].max() < 0.9
    assert len(first) > 100
    assert not first.equals(second)


def test_every_draw_has_its_share_of_each_class_and_no_row_twice():
    X, y = data()
    X["g0"] = np.arange(40.0)
    seen = []

    def chooser(values, labels):
        seen.append((values[:, 0].astype(int), labels))
        return np.array([0]), np.array([1.0])

    genes.stability(chooser, X, y, resamples=30, seed=1, share=0.75)
    for rows, labels in seen:
        assert len(set(rows)) == len(rows) == 30
        assert labels.sum() == 12
        assert (y[rows] == labels).all()
    assert len({tuple(rows) for rows, _ in seen}) == 30


def test_the_sign_is_that_of_most_draws():
    X, y = data()
    sides = iter([-1.0, -1.0, 5.0])
    table = genes.stability(
        lambda *_: (np.array([7]), np.array([next(sides)])), X, y, resamples=3, seed=1
    )
    assert table.to_numpy().tolist() == [["g7", 1.0, -1]]


def test_genes_in_which_nothing_differs_are_never_chosen():
    X, y = data(features=6)
    values = X.assign(g4=1.0, g5=1.0).to_numpy()

    def scores(X, y):
        return np.array([9.0, 8.0, 1.0, np.nan, 0.0, 0.0])

    positions, sides = genes.strongest(scores, 6)(values, y)
    assert positions.tolist() == [0, 1, 2]
    assert np.sign(sides).tolist() == [1, -1, 1]
    with pytest.raises(TableError, match="No gene differs"):
        genes.strongest(lambda X, y: np.zeros(6), 3)(values, y)


def bias(X, y, **changed):
    named = {"chooser": genes.strongest(score, 10), "draws": 4, "folds": 4, "seed": 1} | changed
    return genes.selection_bias(CLASSIFIER, X, y, **named)


def test_choosing_before_the_folds_makes_noise_look_predictable():
    X, y = data(first=20, second=20, features=1500, shift=0)
    table = bias(X, y)
    assert list(table) == ["choice", "labels", "draw", "accuracy"]
    assert len(table) == 2 * 2 * 4
    means = table.groupby(["labels", "choice"])["accuracy"].mean()
    for labels in ("true", "shuffled"):  # the labels called true are noise as well
        assert means[labels, "outside the folds"] > 0.85
        assert means[labels, "inside the folds"] == pytest.approx(0.5, abs=0.15)


def test_true_labels_survive_the_honest_choice_and_shuffled_ones_do_not():
    X, y = data(features=300, informative=10)
    means = bias(X, y).groupby(["labels", "choice"])["accuracy"].mean()
    assert means["true", "inside the folds"] > 0.95
    assert means["shuffled", "inside the folds"] < 0.75


def test_inside_the_folds_it_is_scikit_learns_pipeline():
    X, y = data(features=200, shift=0.7)
    table = bias(X, y, draws=2)
    inside = table[(table["labels"] == "true") & (table["choice"] == "inside the folds")]
    pipeline = make_pipeline(SelectKBest(f_classif, k=10), CLASSIFIER)
    for draw, accuracy in zip(inside["draw"], inside["accuracy"], strict=True):
        cv = StratifiedKFold(4, shuffle=True, random_state=1 + draw)
        assert accuracy == pytest.approx(cross_val_score(pipeline, X.to_numpy(), y, cv=cv).mean())


def test_two_runs_give_the_same():
    X, y = data(features=100, shift=0.5)
    pd.testing.assert_frame_equal(bias(X, y), bias(X, y), rtol=1e-12)
    one, same = (
        genes.stability(genes.strongest(score, 5), X, y, resamples=9, seed=3) for _ in range(2)
    )
    pd.testing.assert_frame_equal(one, same, rtol=1e-12)


def test_a_class_smaller_than_the_folds_is_told():
    X, y = data(first=30, second=3)
    with pytest.raises(ParameterError, match="4 folds, 3 training rows"):
        bias(X, y)
    with pytest.raises(TableError, match="two classes"):
        genes.stability(genes.strongest(score, 5), X, np.zeros(33), resamples=3, seed=1)

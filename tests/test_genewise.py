"""Out-of-fold scores: exact in limiting cases, equal to a plain loop, blind to held-out rows."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.dummy import DummyRegressor
from sklearn.linear_model import LinearRegression
from sklearn.metrics import r2_score
from sklearn.model_selection import KFold

from analysis_lib.errors import ParameterError, TableError
from analysis_lib.evaluation import genewise


def _data(n=48, genes=12, features=3, noise=1.0, seed=0):
    draws = np.random.default_rng(seed)
    X = draws.normal(size=(n, features))
    slopes = draws.normal(size=(features, genes))
    return X, X @ slopes + noise * draws.normal(size=(n, genes)) + 5


class Constant:
    """Predicts one number, whatever it saw."""

    def __init__(self, value):
        self.value = value

    def fit(self, X, Y):
        self.genes = Y.shape[1]

    def predict(self, X):
        return np.full((len(X), self.genes), self.value)


def test_scores_are_those_of_a_plain_loop_over_repeats_folds_and_genes():
    X, Y = _data(n=30, genes=4)
    table = genewise.scores(LinearRegression, X, Y, folds=4, repeats=3, seed=7)
    assert table.columns.tolist() == list(genewise.COLUMNS)
    for gene in range(4):
        rows, single = [], []
        for repeat in range(3):
            squares = {"train": [0.0, 0.0, 0], "test": [0.0, 0.0, 0]}
            for train, test in KFold(4, shuffle=True, random_state=7 + repeat).split(X):
                model = LinearRegression().fit(X[train], Y[train, gene])
                mean = Y[train, gene].mean()
                for name, part in (("train", train), ("test", test)):
                    predicted = model.predict(X[part])
                    squares[name][0] += ((Y[part, gene] - predicted) ** 2).sum()
                    squares[name][1] += ((Y[part, gene] - mean) ** 2).sum()
                    squares[name][2] += len(part)
                single.append(r2_score(Y[test, gene], model.predict(X[test])))
            parts = [squares["train"], squares["test"]]
            rows.append([1 - e / t for e, t, _ in parts] + [(e / n) ** 0.5 for e, _, n in parts])
        expected = [*np.mean(rows, axis=0), np.mean([r2 <= -0.1 for r2 in single])]
        assert table.iloc[gene].tolist() == pytest.approx(expected)


def test_predicting_the_training_mean_scores_zero():
    X, Y = _data()
    table = genewise.scores(DummyRegressor, X, Y, seed=1)
    assert table["r2_train"].to_numpy() == pytest.approx(0, abs=1e-12)
    assert table["r2_test"].to_numpy() == pytest.approx(0, abs=1e-12)


def test_without_noise_everything_is_explained():
    X, Y = _data(noise=0)
    table = genewise.scores(LinearRegression, X, Y, seed=1)
    assert table["r2_test"].to_numpy() == pytest.approx(1)
    assert table["rmse_test"].to_numpy() == pytest.approx(0, abs=1e-9)
    assert (table["outside"] == 0).all()


def test_on_noise_training_scores_flatter_and_held_out_ones_do_not():
    draws = np.random.default_rng(3)
    X, Y = draws.normal(size=(48, 15)), draws.normal(size=(48, 300))
    table = genewise.scores(LinearRegression, X, Y, repeats=2, seed=1)
    assert table["r2_train"].mean() == pytest.approx(15 / 35, abs=0.02)
    assert table["r2_test"].mean() < -0.3
    assert table["outside"].mean() > 0.8
    assert (table["rmse_test"] > table["rmse_train"]).all()


@settings(max_examples=30, deadline=None)
@given(st.integers(8, 20), st.integers(2, 4), st.floats(0.01, 100), st.floats(-100, 100), st.data())
def test_scale_and_place_of_a_gene_do_not_matter(n, folds, scale, place, data):
    X, Y = _data(n=n, genes=2, features=2, seed=data.draw(st.integers(0, 99)))
    one, other = (
        genewise.scores(LinearRegression, X, Z, folds=folds, repeats=1, seed=1)
        for Z in (Y, scale * Y + place)
    )
    # Where a fold's R² is next to the limit, rounding may decide on which side it is.
    np.testing.assert_allclose(other[["r2_train", "r2_test"]], one[["r2_train", "r2_test"]], 1e-6)
    np.testing.assert_allclose(other["rmse_test"], scale * one["rmse_test"], 1e-6)


def test_genes_do_not_touch_each_other():
    X, Y = _data()
    order = np.random.default_rng(1).permutation(Y.shape[1])
    table = genewise.scores(LinearRegression, X, Y, seed=1)
    turned = genewise.scores(LinearRegression, X, Y[:, order], seed=1)
    np.testing.assert_allclose(turned, table.iloc[order])
    alone = genewise.scores(LinearRegression, X, Y[:, :1], seed=1)
    np.testing.assert_allclose(alone, table.iloc[:1])


@pytest.mark.parametrize("value", [0.0, 3.0, 0.1, 1e9 + 0.1])
def test_constant_genes_have_no_score(value):
    X, Y = _data()
    Y[:, 1] = value
    table = genewise.scores(LinearRegression, X, Y, seed=1)
    assert table.iloc[1].isna().all()
    assert table.drop(index=1).notna().all(axis=None)


def test_folds_without_spread_do_not_count_as_outside_or_inside():
    X, _ = _data(n=16)
    Y = np.zeros((16, 1))
    Y[3] = 1.0  # seen in one row: three of four folds have no R²
    table = genewise.scores(lambda: Constant(9.0), X, Y, folds=4, repeats=2, seed=1)
    assert table["outside"].tolist() == [1.0]
    assert table["r2_test"].notna().all()


def test_the_rows_to_predict_are_never_seen():
    X, Y = _data(n=20, genes=2)
    seen = []

    class Spy(LinearRegression):
        def fit(self, X, Y):
            seen.append(X[:, 0].copy())
            return super().fit(X, Y)

        def predict(self, X):
            if len(X) < 10:
                assert not set(X[:, 0]) & set(seen[-1])
            return super().predict(X)

    genewise.scores(Spy, X, Y, folds=4, repeats=2, seed=1)
    assert [len(rows) for rows in seen] == [15] * 8


def test_an_absurd_value_does_not_change_its_own_row_s_prediction():
    X, Y = _data()
    before = genewise.held_out(LinearRegression, X, Y, seed=5)
    Y[7] += 1e6
    after = genewise.held_out(LinearRegression, X, Y, seed=5)
    np.testing.assert_array_equal(before[7], after[7])
    assert (before != after).any()


def test_held_out_predictions_are_those_that_are_scored():
    X, Y = _data()
    predicted = genewise.held_out(LinearRegression, X, Y, folds=4, seed=5)
    assert predicted.shape == Y.shape
    table = genewise.scores(LinearRegression, X, Y, folds=4, repeats=1, seed=5)
    rmse = np.sqrt(((Y - predicted) ** 2).mean(axis=0))
    np.testing.assert_allclose(table["rmse_test"], rmse)


def test_the_seed_repeats_the_folds():
    X, Y = _data()
    one, same, other = (
        genewise.scores(LinearRegression, X, Y, repeats=2, seed=seed) for seed in (1, 1, 5)
    )
    assert one.equals(same)
    assert not one.equals(other)


@pytest.mark.parametrize(("n", "folds"), [(7, 4), (3, 2), (48, 1), (48, 25)])
def test_too_few_rows_for_the_folds_are_told_with_numbers(n, folds):
    X, Y = _data(n=n)
    for run in (genewise.scores, genewise.held_out):
        with pytest.raises(ParameterError, match=f"{folds} folds, {n} rows"):
            run(LinearRegression, X, Y, folds=folds, seed=1)


def test_repeats_are_at_least_one():
    with pytest.raises(ParameterError, match="repeats"):
        genewise.scores(LinearRegression, *_data(), repeats=0, seed=1)


def test_a_model_of_one_gene_is_refused():
    class First(LinearRegression):
        def predict(self, X):
            return super().predict(X)[:, :1]

    with pytest.raises(ParameterError, match=r"shape \(36, 12\)"):
        genewise.scores(First, *_data(), seed=1)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_values_no_model_can_use_are_told_with_their_place(bad):
    X, Y = _data()
    Y[3, 5] = bad
    with pytest.raises(TableError, match="row 4, column 6"):
        genewise.scores(LinearRegression, X, Y, seed=1)


@pytest.mark.parametrize(
    ("X", "Y"),
    [
        (np.ones((8, 0)), np.ones((8, 2))),
        (np.ones((8, 2)), np.ones((8, 0))),
        (np.ones((8, 2)), np.ones(8)),
        (np.ones((8, 2)), np.ones((9, 2))),
    ],
    ids=["no features", "no genes", "one gene as a line", "other rows"],
)
def test_tables_that_do_not_fit_are_refused(X, Y):
    with pytest.raises(TableError):
        genewise.check_matrices(X, Y)

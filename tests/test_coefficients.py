"""Stable coefficients are those of real effects, drivers are counts, order is order."""

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from scipy.spatial.distance import cosine

from analysis_lib.errors import ParameterError, TableError
from analysis_lib.evaluation.coefficients import drivers, ordered, stability


def soft(X, Y):
    """Covariances shrunk towards zero: a Lasso for features that are independent."""
    X, Y = X - X.mean(axis=0), Y - Y.mean(axis=0)
    slopes = (Y.T @ X) / (X**2).sum(axis=0)
    return np.sign(slopes) * np.maximum(np.abs(slopes) - 0.3, 0)


def _data(n=60, seed=0):
    draws = np.random.default_rng(seed)
    X = draws.normal(size=(n, 4))
    Y = np.c_[2 * X[:, 0], -2 * X[:, 1], np.zeros(n), np.zeros(n)]
    return X, Y + draws.normal(size=(n, 4))


def test_real_effects_come_back_and_others_do_not():
    found = stability(soft, *_data(), seed=1)
    assert found.chosen[0, 0] == found.chosen[1, 1] == 1
    assert found.same_sign[0, 0] == found.same_sign[1, 1] == 1
    assert (found.coef[0, 0], found.coef[1, 1]) == pytest.approx((1.7, -1.7), abs=0.4)
    assert found.chosen[2:].mean() < 0.4


def test_signs_are_counted_against_the_fit_on_all_rows():
    X, Y = _data()
    results = iter([[1.0, -1, 0, np.nan], [2, 1, 1, 1], [3, -1, 0, 0], [np.nan, -1, np.inf, -1]])

    def fit(X, Y):
        return np.tile(next(results), (1, 1))

    found = stability(fit, X, Y[:, :1], resamples=3, seed=1)
    assert found.chosen[0].tolist() == pytest.approx([2 / 3, 1, 1 / 3, 2 / 3])
    np.testing.assert_allclose(found.same_sign[0], [2 / 3, 2 / 3, np.nan, np.nan])


@pytest.mark.parametrize(("share", "rows"), [(0.5, 30), (0.8, 48), (0.99, 59)])
def test_resamples_are_distinct_rows_of_the_size_asked_for(share, rows):
    X, Y = _data()
    seen = []

    def fit(X, Y):
        seen.append(X[:, 0])
        return np.ones((Y.shape[1], X.shape[1]))

    stability(fit, X, Y, resamples=4, share=share, seed=1)
    assert [len(set(values)) for values in seen] == [60] + [rows] * 4
    assert len({tuple(values) for values in seen}) == 5


def test_the_seed_repeats_the_resamples():
    one, same, other = (stability(soft, *_data(), resamples=20, seed=s) for s in (1, 1, 2))
    np.testing.assert_array_equal(one.chosen, same.chosen)
    assert (one.chosen != other.chosen).any()


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"share": 0.0}, "share"),
        ({"share": 1.0}, "share"),
        ({"share": 0.01}, "0.01 of 60 rows"),
        ({"share": float("nan")}, "share"),
        ({"resamples": 0}, "resamples"),
    ],
)
def test_impossible_resamples_are_refused(wrong, words):
    with pytest.raises(ParameterError, match=words):
        stability(soft, *_data(), seed=1, **wrong)


def test_a_fit_of_another_shape_and_missing_values_are_refused():
    X, Y = _data()
    with pytest.raises(ParameterError, match=r"shape \(4, 4\)"):
        stability(lambda X, Y: soft(X, Y)[:1], X, Y, seed=1)
    Y[0, 0] = np.nan
    with pytest.raises(TableError):
        stability(soft, X, Y, seed=1)


numbers = arrays.arrays(
    np.float64,
    st.tuples(st.integers(1, 12), st.integers(1, 5)),
    elements=st.sampled_from([0.0, 0.0, -2.0, 0.5, 1.0]) | st.floats(-1e3, 1e3),
)


@given(numbers, st.data())
def test_drivers_count_signs_gene_by_gene(coef, data):
    among = data.draw(arrays.arrays(bool, len(coef)))
    names = [f"x{i}" for i in range(coef.shape[1])]
    table = drivers(coef, names, among).set_index("feature")
    assert sorted(table.index) == names
    assert (table["up"] + table["down"]).is_monotonic_decreasing
    for i, name in enumerate(names):
        values = [v for v, counted in zip(coef[:, i], among, strict=True) if counted and v != 0]
        row = table.loc[name]
        assert (row["up"], row["down"]) == (
            sum(v > 0 for v in values),
            sum(v < 0 for v in values),
        )
        expected = np.median(np.abs(values)) if values else np.nan
        assert row["median"] == pytest.approx(expected, nan_ok=True)


def test_coefficients_that_are_not_finite_count_as_none():
    table = drivers([[np.nan, 1.0], [np.inf, -1.0]], ["a", "b"])
    assert table.to_numpy().tolist()[0] == ["b", 1, 1, 1.0]
    assert table.iloc[1].tolist()[:3] == ["a", 0, 0]


@pytest.mark.parametrize(
    ("coef", "features", "among"),
    [
        (np.ones((3, 2)), ["a"], None),
        (np.ones(3), ["a"], None),
        (np.ones((3, 1)), ["a"], [True]),
        (np.ones((3, 1)), ["a"], [0.1, 0.2, 0.3]),
    ],
    ids=["a name missing", "no table", "other genes", "q instead of a choice"],
)
def test_drivers_of_tables_that_do_not_fit_are_refused(coef, features, among):
    with pytest.raises(ParameterError):
        drivers(coef, features, among)


def _frame(values):
    return pd.DataFrame(
        values,
        index=[f"g{i:03}" for i in range(len(values))],
        columns=[f"x{i}" for i in range(values.shape[1])],
    )


@settings(deadline=None)
@given(numbers, st.integers(1, 15), st.randoms(use_true_random=False))
def test_ordering_keeps_the_largest_and_loses_nothing(values, most, random):
    frame = _frame(values)
    got = ordered(frame, most)
    assert len(got) == min(most, len(frame))
    assert sorted(got.columns) == list(frame.columns)
    pd.testing.assert_frame_equal(got, frame.loc[got.index, got.columns])
    sizes = frame.abs().max(axis=1)
    left_out = sizes.drop(got.index)
    assert left_out.empty or left_out.max() <= sizes[got.index].min()
    shuffled = frame.iloc[random.sample(range(len(frame)), len(frame))]
    shuffled = shuffled.iloc[:, random.sample(range(frame.shape[1]), frame.shape[1])]
    pd.testing.assert_frame_equal(ordered(shuffled, most), got)


@given(numbers)
def test_rows_and_columns_of_zeros_come_last(values):
    got = ordered(_frame(values)).to_numpy()
    for sizes in (np.abs(got).max(axis=1), np.abs(got).max(axis=0)):
        assert (np.diff((sizes == 0).astype(int)) >= 0).all()


def test_groups_of_alike_genes_and_features_lie_together():
    draws = np.random.default_rng(0)
    rows, columns = draws.permutation(np.arange(60) % 3), draws.permutation(np.arange(9) % 3)
    values = np.where(rows[:, None] == columns, 1 + draws.uniform(size=(60, 9)), 0)
    frame = _frame(values)
    got = ordered(frame)
    for names, of in ((got.index, rows), (got.columns, columns)):
        positions = {name: i for i, name in enumerate(frame.axes[int(of is columns)])}
        group = of[[positions[name] for name in names]]
        assert (np.diff(group) != 0).sum() == 2
    assert _walk(got) < 0.5 * _walk(frame)


def _walk(frame):
    values = frame.to_numpy()
    return sum(cosine(a, b) for a, b in pairwise(values))


@pytest.mark.parametrize("size", [1e-200, 1.0, 1e200])
def test_size_does_not_change_the_order(size):
    frame = _frame(np.random.default_rng(0).normal(size=(20, 5)))
    assert ordered(frame * size).index.equals(ordered(frame).index)


def test_genes_without_a_fit_are_left_out_and_an_empty_map_is_refused():
    frame = _frame(np.array([[1.0, np.nan], [1.0, 2.0], [np.inf, 1.0]]))
    assert ordered(frame).index.tolist() == ["g001"]
    assert ordered(frame.iloc[:1]).empty
    with pytest.raises(ParameterError, match="most"):
        ordered(frame, most=0)

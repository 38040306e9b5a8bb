"""More rows help where there is something to learn, and the last point is the plain fit."""

import numpy as np
import pandas as pd
import pytest
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from analysis_lib.errors import ParameterError
from analysis_lib.evaluation import learning
from analysis_lib.evaluation.intervals import wilson

LOGISTIC = make_pipeline(StandardScaler(), LogisticRegression())
BASELINE = make_pipeline(DummyClassifier(strategy="most_frequent"))


def data(n, shift=1.0, seed=0):
    draws = np.random.default_rng(seed)
    y = draws.permutation(np.arange(n) % 3 == 0).astype(int)
    X = draws.normal(size=(n, 30))
    X[:, :10] += shift * y[:, None]
    return pd.DataFrame(X), y


def curve(shift=1.0, models=None, **changed):
    named = {"sizes": [6, 12, 24, 48], "draws": 15, "seed": 1} | changed
    models = models or {"logistic": LOGISTIC, "baseline": BASELINE}
    return learning.curve(models, *data(48, shift), *data(300, shift, seed=1), **named)


def test_accuracy_grows_with_the_rows_and_the_baseline_stays():
    table = curve()
    assert list(table) == ["model", "size", "value", "low", "high", "draws"]
    values = table.pivot(index="size", columns="model", values="value")
    assert values["logistic"].is_monotonic_increasing
    assert values["logistic"].iloc[-1] > values["logistic"].iloc[0] + 0.1
    assert values["baseline"].tolist() == pytest.approx([2 / 3] * 4)


def test_the_full_size_is_one_fit_on_all_rows_with_the_interval_of_the_test_rows():
    row = curve().query("model == 'logistic' and size == 48").iloc[0]
    (X, y), (X_test, y_test) = data(48), data(300, seed=1)
    expected = LOGISTIC.fit(X, y).score(X_test, y_test)
    assert row["value"] == pytest.approx(expected)
    assert (row["low"], row["high"]) == pytest.approx(wilson(expected, 300))
    assert row["draws"] == 1


def test_intervals_hold_the_values_and_are_never_narrower_than_the_test_rows_allow():
    table = curve()
    assert (table["low"] <= table["value"]).all()
    assert (table["value"] <= table["high"]).all()
    for row in table.itertuples():
        low, high = wilson(row.value, 300)
        assert row.low <= low
        assert row.high >= high
    small, large = (table[table["size"] == size].iloc[0] for size in (6, 48))
    assert small["high"] - small["low"] > large["high"] - large["low"]


def test_on_noise_more_rows_do_not_help():
    table = curve(shift=0.0, models={"logistic": LOGISTIC})
    assert table["value"].between(0.45, 0.68).all()


def test_every_model_sees_the_same_rows_in_the_classes_proportion():
    seen = []

    class Spy(DummyClassifier):
        def fit(self, X, y):
            seen.append((tuple(X[:, 0]), y.mean()))
            return super().fit(X, y)

    curve(models={"one": make_pipeline(Spy()), "other": make_pipeline(Spy())}, sizes=[12, 24])
    for start in (0, 30):
        assert seen[start : start + 15] == seen[start + 15 : start + 30]
    assert {share for _, share in seen} == {1 / 3}
    assert len({rows for rows, _ in seen}) == 30


def test_two_runs_give_the_same_and_another_seed_another_curve():
    one, same, other = (curve(seed=seed, sizes=[6, 12]) for seed in (1, 1, 2))
    pd.testing.assert_frame_equal(one, same, rtol=1e-12)
    assert not one.equals(other)


@pytest.mark.parametrize(("sizes", "told"), [([12, 49], "49"), ([3, 12], "3"), ([], "no size")])
def test_sizes_that_cannot_be_drawn(sizes, told):
    with pytest.raises(ParameterError, match="numbers of rows from 4 to 48") as error:
        curve(sizes=sizes)
    assert f"got:      {told}" in str(error.value)

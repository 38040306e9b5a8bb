"""Choices are made inside the folds: noise scores like noise, and no row judges its own choice."""

import math
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.calibration import CalibratedClassifierCV
from sklearn.dummy import DummyClassifier
from sklearn.feature_selection import SelectKBest, f_classif
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.model_selection import GridSearchCV, StratifiedKFold, cross_val_score
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier

from analysis_lib.errors import ParameterError
from analysis_lib.evaluation import nested
from analysis_lib.evaluation.choice import choose, in_words


@dataclass(frozen=True)
class Candidate:
    pipeline: object
    grid: dict = field(default_factory=dict)
    scoring: str = "neg_log_loss"

    def size(self, params):
        return tuple(params.values())


def logistic(scoring="neg_log_loss", **grid):
    pipeline = make_pipeline(SelectKBest(f_classif), StandardScaler(), LogisticRegression())
    grid = grid or {"selectkbest__k": [2, 5, 20], "logisticregression__C": [0.1, 10.0]}
    return Candidate(pipeline, grid, scoring)


def svm():
    pipeline = make_pipeline(StandardScaler(), SVC(kernel="linear"))
    return Candidate(pipeline, {"svc__C": [0.01, 1.0]}, "accuracy")


BASELINE = Candidate(make_pipeline(DummyClassifier(strategy="prior")))


def data(first=27, second=11, features=40, shift=0.0, seed=0):
    draws = np.random.default_rng(seed)
    y = draws.permutation(np.repeat([0, 1], [first, second]))
    X = draws.normal(size=(len(y), features))
    X[:, :5] += shift * y[:, None]
    names = [f"p{i}" for i in range(len(y))]
    return pd.DataFrame(X, index=names, columns=[f"g{i}" for i in range(features)]), y


def run(candidates, X, y, **changed):
    return nested.nested_cv(candidates, X, y, **{"folds": 4, "repeats": 2, "seed": 1} | changed)


@pytest.mark.parametrize("scoring", ["neg_log_loss", "accuracy"])
def test_shared_fits_give_the_scores_of_an_exhaustive_search(scoring):
    X, y = data(shift=0.8)
    candidate = logistic(scoring)
    found = choose(candidate, X, y, folds=5, repeats=1, seed=3)
    cv = StratifiedKFold(5, shuffle=True, random_state=3)
    search = GridSearchCV(candidate.pipeline, candidate.grid, scoring=scoring, cv=cv)
    search.fit(X.to_numpy(), y)
    splits = np.array([search.cv_results_[f"split{i}_test_score"] for i in range(5)])
    assert found.table["setting"].tolist() == [in_words(p) for p in search.cv_results_["params"]]
    assert found.table["score"].tolist() == pytest.approx(splits.mean(axis=0).tolist())
    assert found.table["error"].tolist() == pytest.approx(splits.std(axis=0, ddof=1) / math.sqrt(5))


@pytest.mark.parametrize("seed", range(6))
def test_the_smallest_within_one_standard_error_is_chosen(seed):
    X, y = data(shift=0.6, seed=seed)
    candidate = logistic()
    found = choose(candidate, X, y, folds=5, repeats=2, seed=seed)
    table = found.table
    best = table.loc[table["score"].idxmax()]
    assert (table["within"] == (table["score"] >= best["score"] - best["error"])).all()
    good = [
        params
        for params, within in zip(_settings(candidate), table["within"], strict=True)
        if within
    ]
    assert found.params == min(good, key=candidate.size)
    assert table.loc[table["chosen"], "setting"].tolist() == [in_words(found.params)]
    assert found.score == table.loc[table["chosen"], "score"].item()


def _settings(candidate):
    from sklearn.model_selection import ParameterGrid

    return list(ParameterGrid(candidate.grid))


def test_among_equally_simple_settings_the_better_score_decides():
    @dataclass(frozen=True)
    class Indifferent(Candidate):
        def size(self, params):
            return 0

    X, y = data(shift=0.8)
    candidate = logistic()
    found = choose(
        Indifferent(candidate.pipeline, candidate.grid), X, y, folds=5, repeats=1, seed=1
    )
    assert found.score == found.table["score"].max()


def test_repeats_do_not_shrink_the_standard_error():
    X, y = data(shift=0.4)
    one, many = (
        choose(logistic(), X, y, folds=5, repeats=repeats, seed=1).table["error"].mean()
        for repeats in (2, 8)
    )
    assert many > 0.6 * one


def test_without_a_choice_the_pipeline_is_just_fitted():
    X, y = data(first=3, second=2, shift=1)  # too few for any folds
    candidate = logistic(selectkbest__k=[3])
    found = choose(candidate, X, y, folds=5, repeats=1, seed=1)
    assert found.params == {"selectkbest__k": 3}
    assert math.isnan(found.score)
    assert found.table["chosen"].tolist() == [True]
    expected = candidate.pipeline.set_params(selectkbest__k=3).fit(X, y).predict_proba(X)
    assert found.pipeline.predict_proba(X) == pytest.approx(expected)


def test_the_chosen_pipeline_is_fitted_on_all_rows_and_knows_their_columns():
    X, y = data(shift=1)
    candidate = logistic()
    found = choose(candidate, X, y, folds=5, repeats=1, seed=1)
    assert list(found.pipeline.feature_names_in_) == list(X.columns)
    expected = candidate.pipeline.set_params(**found.params).fit(X, y)
    assert found.pipeline.predict_proba(X) == pytest.approx(expected.predict_proba(X))


class Spy(ClassifierMixin, BaseEstimator):
    """Writes down which rows it was shown; the first column is the row's number."""

    log: list = []  # noqa: RUF012 - clones share it on purpose

    def __init__(self, C=1.0):
        self.C = C

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        self.log.append(("fit", set(X[:, 0].astype(int))))
        return self

    def predict(self, X):
        self.log.append(("predict", set(X[:, 0].astype(int))))
        return np.zeros(len(X), dtype=int)

    def decision_function(self, X):
        self.log.append(("predict", set(X[:, 0].astype(int))))
        return X[:, 0]


def test_no_row_has_a_part_in_the_choice_that_it_judges():
    X, y = data(first=20, second=20)
    X["g0"] = np.arange(40.0)
    Spy.log.clear()
    run({"spy": Candidate(make_pipeline(Spy()), {"spy__C": [1, 2]}, "accuracy")}, X, y, repeats=1)
    judged = [set(t) for _, t in StratifiedKFold(4, shuffle=True, random_state=1).split(X, y)]
    fitted, judgements = [], 0
    for what, rows in Spy.log:
        if what == "fit":
            fitted.append(rows)
        elif rows in judged:
            assert fitted
            assert not set.union(*fitted) & rows
            fitted, judgements = [], judgements + 1
    assert judgements == 2 * len(judged)  # the label, and the probability


def test_every_sample_is_predicted_once_per_repeat_in_the_order_of_the_data():
    X, y = data(first=23, second=14, shift=1)
    found = run({"logistic": logistic(), "svm": svm()}, X, y, repeats=3)
    table = found.predictions
    assert list(table) == ["model", "repeat", "sample", "truth", "predicted", "probability"]
    parts = list(table.groupby(["model", "repeat"], sort=False))
    assert [place for place, _ in parts] == [(m, r) for m in ("logistic", "svm") for r in range(3)]
    for _, part in parts:
        assert part["sample"].tolist() == list(X.index)
        assert part["truth"].tolist() == y.tolist()
        assert part["probability"].between(0, 1).all()


def test_folds_hold_the_scores_of_their_predictions():
    X, y = data(first=20, second=20, shift=0.5)
    found = run({"logistic": logistic(), "baseline": BASELINE}, X, y)
    columns = ["model", "repeat", "fold", "accuracy", "log_loss", "n", "chosen"]
    assert list(found.folds) == columns
    assert len(found.folds) == 2 * 2 * 4
    predicted, folds = (t[t["model"] == "logistic"] for t in (found.predictions, found.folds))
    right = (predicted["truth"] == predicted["predicted"]).mean()
    assert folds["accuracy"].mean() == pytest.approx(right)  # the folds are of the same size
    assert folds["log_loss"].mean() == pytest.approx(
        log_loss(predicted["truth"], predicted["probability"])
    )
    assert folds["chosen"].str.fullmatch(r"C=(0\.1|10), genes=(2|5|20)").all()
    assert (found.folds.loc[found.folds["model"] == "baseline", "chosen"] == "").all()


def test_a_label_is_the_models_own_and_its_probability_is_learned_on_rows_it_did_not_see():
    X, y = data(first=30, second=30, features=300)
    candidate = Candidate(svm().pipeline)
    found = run({"svm": candidate}, X, y, repeats=1)
    for train, test in StratifiedKFold(4, shuffle=True, random_state=1).split(X, y):
        fitted = candidate.pipeline.fit(X.iloc[train], y[train])
        rows = found.predictions.iloc[test]
        assert rows["predicted"].tolist() == fitted.predict(X.iloc[test]).tolist()
        order = np.corrcoef(fitted.decision_function(X.iloc[test]), rows["probability"])
        assert abs(order[0, 1]) > 0.9
    # The classes are noise, yet apart in any training part: a sigmoid learned there is sure.
    own = CalibratedClassifierCV(
        candidate.pipeline, ensemble=False, cv=[(np.arange(60), np.arange(60))]
    )
    assert own.fit(X, y).predict_proba(X).max() > 0.95
    assert found.predictions["probability"].between(0.05, 0.95).all()
    assert found.folds["log_loss"].mean() < 1


def test_two_runs_give_the_same_and_another_seed_other_folds():
    X, y = data(shift=0.5)
    one, same, other = (
        run({"l": logistic(selectkbest__k=[2, 5]), "s": svm()}, X, y, repeats=1, seed=seed)
        for seed in (1, 1, 2)
    )
    pd.testing.assert_frame_equal(one.folds, same.folds, rtol=1e-12)
    pd.testing.assert_frame_equal(one.predictions, same.predictions, rtol=1e-12)
    assert not one.predictions.equals(other.predictions)


def test_on_labels_without_meaning_every_model_scores_like_chance():
    candidates = {"logistic": logistic(), "svm": svm(), "baseline": BASELINE}
    for seed in range(2):
        X, y = data(features=300, seed=seed)
        low, high = nested.chance_interval(y, folds=4)
        accuracy = run(candidates, X, y).folds.groupby("model")["accuracy"].mean()
        assert accuracy.between(low, high).all()


def test_a_signal_is_beyond_chance():
    X, y = data(features=300, shift=2.5)
    found = run({"logistic": logistic()}, X, y)
    assert found.folds["accuracy"].mean() > nested.chance_interval(y, folds=4)[1]


def test_choosing_on_the_judging_folds_would_promise_more():
    """What nesting is for: the best of many settings on noise looks good on its folds."""
    grid = {"decisiontreeclassifier__random_state": list(range(20))}
    pipeline = make_pipeline(DecisionTreeClassifier(max_features=1))
    promised, kept = [], []
    for seed in range(5):
        X, y = data(first=15, second=15, features=8, seed=seed)
        candidate = Candidate(pipeline, grid, "accuracy")
        promised.append(choose(candidate, X, y, folds=5, repeats=1, seed=1).table["score"].max())
        kept.append(run({"m": candidate}, X, y, repeats=1).folds["accuracy"].mean())
    assert np.mean(promised) > 0.6
    assert np.mean(kept) == pytest.approx(0.5, abs=0.08)


def test_summary_has_two_rows_per_model_with_the_columns_of_scores():
    X, y = data(shift=9)
    found = run({"logistic": logistic(), "baseline": BASELINE}, X, y)
    rows = nested.summary(found.folds)
    assert list(rows) == ["model", "features", "metric", "value", "low", "high", "n", "note"]
    assert rows["model"].tolist() == ["logistic"] * 2 + ["baseline"] * 2
    assert rows["metric"].tolist() == ["nested_accuracy", "nested_log_loss"] * 2
    means = found.folds.groupby("model", sort=False)[["accuracy", "log_loss"]].mean()
    assert rows["value"].tolist() == pytest.approx(means.to_numpy().ravel().tolist())
    assert (rows["low"] <= rows["value"]).all()
    assert (rows["value"] <= rows["high"]).all()
    assert (rows["n"] == len(y)).all()
    sure = rows.iloc[0]
    assert (sure["value"], sure["high"]) == (1, 1)
    assert 0.85 < sure["low"] < 0.95  # 38 right answers are not certainty


def test_a_log_loss_may_be_above_one():
    folds = pd.DataFrame(
        {"model": "m", "repeat": 0, "fold": range(4), "accuracy": 0.5, "n": 9}
    ).assign(log_loss=[2.0, 3.0, 4.0, 5.0])
    row = nested.summary(folds).iloc[1]
    assert row["value"] == 3.5
    assert row["high"] > 3.5
    assert row["low"] >= 0


def test_the_best_model_has_the_lowest_loss_and_is_not_the_baseline():
    X, y = data(shift=3)
    candidates = {
        "baseline": BASELINE,
        "logistic": logistic(),
        "one gene": logistic(selectkbest__k=[1]),
    }
    rows = nested.summary(run(candidates, X, y).folds)
    assert nested.best(rows) == "logistic"
    lower = rows["model"].eq("baseline") & rows["metric"].eq("nested_log_loss")
    assert nested.best(rows.assign(value=rows["value"].where(~lower, -1.0))) == "logistic"
    with pytest.raises(ParameterError, match="besides baseline"):
        nested.best(rows[rows["model"] == "baseline"])


@pytest.mark.parametrize(("first", "second", "folds"), [(27, 11, 5), (20, 20, 5), (18, 6, 3)])
def test_chance_interval_holds_what_models_score_on_noise(first, second, folds):
    y = np.repeat([0, 1], [first, second])
    low, high = nested.chance_interval(y, folds)
    models = {
        "even": LogisticRegression(class_weight="balanced"),
        "neighbour": KNeighborsClassifier(1),
        "tree": DecisionTreeClassifier(random_state=0),
    }
    for name, model in models.items():
        inside = []
        for seed in range(50):
            draws = np.random.default_rng(seed)
            cv = StratifiedKFold(folds, shuffle=True, random_state=seed)
            X = draws.normal(size=(len(y), 3))
            inside.append(
                low <= cross_val_score(model, X, draws.permutation(y), cv=cv).mean() <= high
            )
        assert np.mean(inside) >= 0.95, name


def test_chance_interval_is_the_extreme_over_all_rates_of_guessing():
    y, folds = np.repeat([0, 1], [27, 11]), 5
    n, p, q = 38, 11 / 38, np.linspace(0, 0.5, 100_001)
    mean = 1 - p - q * (1 - 2 * p)
    deviation = np.sqrt(4 * q * (1 - q) * p * (1 - p) / (n - 1) * (1 + folds / (folds - 1)))
    expected = (mean - 1.959964 * deviation).min(), (mean + 1.959964 * deviation).max()
    assert nested.chance_interval(y, folds) == pytest.approx(expected, abs=1e-6)


def test_guesses_have_the_mean_and_the_variance_of_the_docstring():
    draws = np.random.default_rng(0)
    truth, guess = np.repeat([0, 1], [27, 11]), np.repeat([0, 1], [30, 8])
    n, p, q = 38, 11 / 38, 8 / 38
    right = [(draws.permutation(truth) == guess).mean() for _ in range(20_000)]
    assert np.mean(right) == pytest.approx(1 - p - q * (1 - 2 * p), abs=0.002)
    assert np.var(right) == pytest.approx(4 * q * (1 - q) * p * (1 - p) / (n - 1), rel=0.05)


def test_chance_interval_shrinks_to_what_guessing_gives():
    low, high = nested.chance_interval(np.repeat([0, 1], [70_000, 30_000]), folds=5)
    assert (low, high) == pytest.approx((0.5, 0.7), abs=0.01)
    assert nested.chance_interval([0, 0, 0, 1, 1], folds=2)[1] <= 1


def test_a_class_smaller_than_the_folds_is_told_before_any_fit():
    X, y = data(first=30, second=4)
    with pytest.raises(ParameterError, match="5 folds, 4 training rows of class 1"):
        run({"m": replace(BASELINE, pipeline=None)}, X, y, folds=5)
    with pytest.raises(ParameterError, match="5 folds, 3 training rows of class 1"):
        run({"m": replace(BASELINE, pipeline=None)}, X, y, folds=4, inner_folds=5)
    with pytest.raises(ParameterError, match="5 folds, 4 training rows of class 1"):
        choose(svm(), X, y, folds=5, repeats=1, seed=1)

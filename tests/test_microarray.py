"""The line-up for thousands of genes chooses inside its pipelines and says what it used."""

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.feature_selection import SelectKBest, f_classif
from sklearn.model_selection import GridSearchCV, cross_val_score

from analysis_lib.datasets import golub
from analysis_lib.errors import ParameterError
from analysis_lib.models import lineup, microarray
from analysis_lib.models.centroids import NearestShrunkenCentroids
from analysis_lib.models.voting import WeightedVoting
from tests.real_data import golub_folder

SEED = 42
NAMES = list(microarray.METHODS)
CHOOSERS = [name for name in NAMES if microarray.candidates([name], SEED, 7129)[name].grid]


def patients(samples=36, genes=120, told_apart=6, seed=0):
    """Gene 0 … are higher in label 1; the names are hostile, and every fifth gene is constant."""
    draw = np.random.default_rng(seed)
    y = (np.arange(samples) % 3 == 0).astype(np.intp)
    X = draw.normal(3, 1, (samples, genes))
    X[:, :told_apart] += 1.5 * y[:, None]
    X[:, 4::5] = 0.1
    names = [f"<b>gene[{i}]</b>" for i in range(genes)]
    return pd.DataFrame(X, index=[str(i + 1) for i in range(samples)], columns=names), y


def fitted(name, X, y, **settings):
    candidate = microarray.candidates([name], SEED, X.shape[1])[name]
    return clone(candidate.pipeline).set_params(**settings).fit(X, y)


@given(st.integers(0, 1000), st.integers(2, 4))
def test_f_scores_are_scikit_learns(seed, classes):
    draw = np.random.default_rng(seed)
    X, y = draw.normal(10, 3, (20, 15)), np.arange(20) % classes
    assert microarray.f_scores(X, y) == pytest.approx(f_classif(X, y)[0], rel=1e-9, abs=1e-9)


def test_f_score_of_a_constant_gene_is_zero_and_of_a_flawless_one_infinite():
    y = np.arange(9) % 2
    X = np.column_stack([np.full(9, 0.1), y * 1.0, np.zeros(9)])
    assert microarray.f_scores(X, y).tolist() == [0.0, np.inf, 0.0]


def test_every_method_has_a_name_and_they_come_in_the_order_asked():
    assert list(microarray.candidates(NAMES, SEED, 7129)) == NAMES
    assert list(microarray.candidates(["voting", "forest", "voting"], SEED, 9)) == [
        "voting",
        "forest",
    ]


def test_methods_in_both_line_ups_have_one_name():
    shared = microarray.METHODS.keys() & lineup.LABELS.keys()
    assert {n: microarray.METHODS[n] for n in shared} == {n: lineup.LABELS[n] for n in shared}


def test_unknown_method_is_named_with_those_there_are():
    with pytest.raises(ParameterError) as told:
        microarray.candidates(["voting", "deep"], SEED, 7129)
    assert "deep" in str(told.value)
    assert all(name in str(told.value) for name in NAMES)


def test_xgboost_not_installed_is_left_out(monkeypatch):
    monkeypatch.setitem(sys.modules, "xgboost", None)
    assert list(microarray.candidates(["xgboost", "voting"], SEED, 7129)) == ["voting"]


@pytest.mark.parametrize("name", NAMES)
def test_a_method_tells_classes_apart_and_gives_the_same_twice(name):
    X, y = patients()
    one, other = (lineup.decision_values(fitted(name, X, y), X) for _ in range(2))
    assert one.tobytes() == other.tobytes()
    if name != "baseline":
        assert one[y == 1].mean() > one[y == 0].mean()
    model = fitted(name, X, y)[-1]
    assert model.get_params().get("n_jobs", 1) in (None, 1)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("n_genes", [1, 3, 60])
def test_no_more_genes_are_asked_for_than_there_are(name, n_genes):
    X, y = patients(genes=n_genes, told_apart=1)
    candidate = microarray.candidates([name], SEED, n_genes)[name]
    assert max(candidate.grid.get("genes__k", [0])) <= n_genes
    assert microarray.genes_used(candidate.pipeline.fit(X, y)) <= n_genes


@pytest.mark.parametrize("name", CHOOSERS)
def test_every_setting_of_the_grid_can_be_fitted_inside_folds(name):
    X, y = patients(genes=600)
    candidate = microarray.candidates([name], SEED, 600)[name]
    search = GridSearchCV(
        candidate.pipeline, candidate.grid, scoring=candidate.scoring, cv=2, error_score="raise"
    )
    search.fit(X.to_numpy(), y)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()


@pytest.mark.parametrize("name", NAMES)
def test_settings_are_compared_by_probabilities_where_there_are_any(name):
    candidate = microarray.candidates([name], SEED, 7129)[name]
    probabilities = hasattr(candidate.pipeline[-1], "predict_proba")
    assert candidate.scoring == ("neg_log_loss" if probabilities else "accuracy")


def test_size_counts_genes_first_and_then_the_penalty():
    candidate = microarray.candidates(["logistic_l2"], SEED, 7129)["logistic_l2"]
    settings = [(10, 0.1), (10, 10.0), (50, 0.1), (500, 10.0)]
    sizes = [candidate.size({"model__C": C, "genes__k": k}) for k, C in settings]
    assert sizes == sorted(sizes)
    assert len(set(sizes)) == len(sizes)


@pytest.mark.parametrize("name", ["logistic_l1", "logistic_elastic", "centroids"])
def test_a_larger_size_uses_at_least_as_many_genes(name):
    X, y = patients(genes=600)
    candidate = microarray.candidates([name], SEED, 600)[name]
    ((parameter, values),) = candidate.grid.items()
    sizes = [candidate.size({parameter: value}) for value in values]
    counts = [microarray.genes_used(fitted(name, X, y, **{parameter: v})) for v in values]
    assert sizes == sorted(sizes)
    assert counts == sorted(counts)
    assert counts[0] < counts[-1]


def test_nothing_is_chosen_about_the_fifty_genes_that_vote():
    X, y = patients()
    assert microarray.candidates(["voting"], SEED, 7129)["voting"].grid == {}
    assert microarray.genes_used(fitted("voting", X, y)) == 50


def test_genes_are_chosen_inside_the_folds():
    """Selection bias: on labels that mean nothing, choosing beforehand looks like knowledge."""
    draw = np.random.default_rng(0)
    X, y = draw.normal(0, 1, (40, 2000)), np.arange(40) % 2
    pipeline = microarray.candidates(["logistic_l2"], SEED, 2000)["logistic_l2"].pipeline
    before = SelectKBest(f_classif, k=10).fit_transform(X, y)
    outside = cross_val_score(clone(pipeline).set_params(genes__k="all"), before, y, cv=5).mean()
    assert outside > 0.85
    assert cross_val_score(pipeline, X, y, cv=5).mean() < 0.7


@pytest.mark.parametrize("name", NAMES)
def test_missing_values_are_filled_in_within_the_pipeline(name):
    X, y = patients()
    X.iloc[::4, 1] = np.nan
    X.iloc[:, 3] = np.nan  # in a fold, a gene may have no value at all
    candidate = microarray.candidates([name], SEED, X.shape[1], impute=True)[name]
    model = candidate.pipeline.fit(X, y)
    assert np.isfinite(lineup.decision_values(model, X)).all()
    used = microarray.used(model)
    assert used.shape == (X.shape[1],)
    assert not used[3]


def test_a_gap_is_filled_with_the_median_of_the_rows_fitted_on():
    X, y = patients()
    X.iloc[0, 0] = np.nan
    pipeline = microarray.candidates(["voting"], SEED, X.shape[1], impute=True)["voting"].pipeline
    filled = pipeline.fit(X.iloc[:20], y[:20])[0].transform(X.iloc[:1])
    assert filled[0, 0] == X.iloc[1:20, 0].median()


@pytest.mark.parametrize(
    ("name", "settings", "expected"),
    [
        ("logistic_l2", {"genes__k": 20}, 20),
        ("svm_linear", {"genes__k": 20}, 20),
        ("svm_rbf", {"genes__k": 20}, 20),
        ("voting", {"model__genes": 8}, 8),
        ("centroids", {"model__shrink": 1.0}, 0),
        ("centroids", {"model__shrink": 0.0}, 96),
        ("baseline", {}, 0),
    ],
)
def test_genes_used(name, settings, expected):
    X, y = patients()
    assert microarray.genes_used(fitted(name, X, y, **settings)) == expected


@pytest.mark.parametrize("name", ["logistic_l1", "logistic_elastic", "forest", "xgboost"])
def test_only_genes_with_a_part_in_the_decision_count(name):
    X, y = patients(genes=600)
    model = fitted(name, X, y)
    used = microarray.used(model)
    assert 0 < used.sum() < 400
    changed = X.copy()
    changed.loc[:, ~used] = 1e3
    assert lineup.decision_values(model, changed) == pytest.approx(lineup.decision_values(model, X))


@pytest.mark.parametrize("name", ["logistic_l2", "logistic_l1", "logistic_elastic", "svm_linear"])
def test_weights_go_back_to_the_names_of_the_genes(name):
    X, y = patients(samples=90)
    X = X.iloc[:, ::-1]  # positions and names must not be mistaken for each other
    table = microarray.weights(fitted(name, X, y), list(X.columns))
    higher = table["gene"].isin([f"<b>gene[{i}]</b>" for i in (0, 1, 2, 3, 5)])
    assert higher.sum() == 5
    assert (table["coefficient"][higher] > 0).all()
    size = table["coefficient"].abs()
    assert (size > 0).all()
    assert size.is_monotonic_decreasing


@pytest.mark.parametrize("name", ["logistic_l2", "svm_linear"])
def test_weights_are_per_standard_deviation(name):
    X, y = patients()
    one = microarray.weights(fitted(name, X, y), list(X.columns))
    X.iloc[:, 0] *= 1000
    other = microarray.weights(fitted(name, X, y), list(X.columns))
    pd.testing.assert_frame_equal(one, other)


def test_weights_keep_their_genes_when_one_has_no_value_at_all():
    X, y = patients()
    X.iloc[:, 0] = np.nan
    pipeline = microarray.candidates(["logistic_l2"], SEED, X.shape[1], impute=True)
    table = microarray.weights(pipeline["logistic_l2"].pipeline.fit(X, y), list(X.columns))
    assert table["gene"][0] in {f"<b>gene[{i}]</b>" for i in (1, 2, 3, 5)}


def test_a_model_without_coefficients_has_no_weights():
    X, y = patients()
    with pytest.raises(AttributeError, match="coef_"):
        microarray.weights(fitted("svm_rbf", X, y), list(X.columns))


@pytest.mark.parametrize("name", ["logistic_all", "svm_all"])
def test_plain_models_take_every_gene_that_varies(name):
    X, y = patients()
    assert microarray.genes_used(microarray.plain(name, SEED).fit(X, y)) == 96
    X.iloc[0, 0] = np.nan
    assert microarray.genes_used(microarray.plain(name, SEED, impute=True).fit(X, y)) == 96


@pytest.mark.parametrize("C", [0.1, 0.3, 1.0])
def test_elastic_net_is_near_its_optimum(C):
    X, y = patients(genes=600)
    model = fitted("logistic_elastic", X, y, model__C=C)
    exact = fitted("logistic_elastic", X, y, model__C=C, model__tol=1e-7, model__max_iter=100_000)

    def cost(pipeline):
        coefficients = pipeline[-1].coef_.ravel()
        surplus = np.where(y == 1, -1, 1) * pipeline.decision_function(X)
        penalty = 0.5 * np.abs(coefficients).sum() + 0.25 * (coefficients**2).sum()
        return C * np.logaddexp(0, surplus).sum() + penalty

    assert cost(model) == pytest.approx(cost(exact), rel=2e-3)


def test_heavy_libraries_are_imported_when_used():
    code = (
        "import sys, analysis_lib.models.microarray\n"
        "print(sorted({'sklearn', 'xgboost', 'scipy'} & set(sys.modules)))"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"


@pytest.fixture(scope="module")
def leukemia():
    """The real patients: the 38 and the 34, raw and log10, each with its labels."""
    folder = golub_folder()
    files = ("data_set_ALL_AML_train.csv", "data_set_ALL_AML_independent.csv", "actual.csv")
    data = golub.load(*(folder / name for name in files))
    train = (data.part == "train").to_numpy()
    values = {"raw": data.X, "log10": np.log10(data.X.clip(100, 16_000))}
    y = data.y
    return {k: (X[train], y[train], X[~train], y[~train]) for k, X in values.items()}


def errors(model, parts):
    X, y, X_test, y_test = parts
    return int((clone(model).fit(X, y).predict(X_test) != y_test).sum())


@pytest.mark.realdata
@pytest.mark.parametrize(
    ("name", "transform", "expected"),
    [("logistic_all", "raw", 6), ("logistic_all", "log10", 5), ("svm_all", "raw", 3)],
)
def test_published_errors_of_models_on_all_genes(leukemia, name, transform, expected):
    assert errors(microarray.plain(name, SEED), leukemia[transform]) == expected


@pytest.mark.realdata
def test_published_errors_of_models_on_chosen_genes(leukemia):
    chosen = microarray.candidates(["logistic_l2", "svm_linear"], SEED, 7129)
    logistic = chosen["logistic_l2"].pipeline.set_params(genes__k=50, model__C=10.0)
    svm = chosen["svm_linear"].pipeline.set_params(genes__k=100, model__C=0.1)
    assert errors(logistic, leukemia["log10"]) == 1
    assert errors(svm, leukemia["log10"]) == 2


@pytest.mark.realdata
def test_weighted_voting_calls_as_many_as_golub_did(leukemia):
    X, y, X_test, y_test = leukemia["raw"]
    model = WeightedVoting(genes=50).fit(X, y)
    strong = model.prediction_strength(X_test) > 0.3
    assert abs(strong.sum() - 29) <= 2
    assert (model.predict(X_test) != y_test)[strong].sum() <= 1
    assert "X95735_at" in X.columns[model.chosen_[-25:]]


@pytest.mark.realdata
def test_21_genes_are_left_and_2_errors_made_as_tibshirani_published(leukemia):
    X, y, *_ = leukemia["raw"]
    model = NearestShrunkenCentroids(shrink=0.7)
    assert model.fit(X, y).genes_used_ == 21
    assert errors(model, leukemia["raw"]) == 2

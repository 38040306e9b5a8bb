"""The line-up reproduces the published numbers and its L1 model is at its optimum."""

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from analysis_lib.errors import ParameterError
from analysis_lib.evaluation import metrics, resampling
from analysis_lib.evaluation.splits import stratified_split
from analysis_lib.models import lineup as models

SEED = 42


@pytest.fixture(scope="module")
def seed_table():
    """The seed study's simulated genes, split as it split them."""
    draw = np.random.RandomState(SEED)
    lfc, p, mean = draw.normal(0, 2.5, 200), draw.uniform(0, 1, 200), draw.exponential(1000, 200)
    for strong in (lfc > 1.5, lfc < -1.5):
        p[strong] = draw.uniform(0, 0.01, strong.sum())
    X = pd.DataFrame({"logFC": lfc, "pvalue": p, "baseMean": mean})
    y = (lfc > 0).astype(int)
    train, test = stratified_split(y, test_size=0.2, seed=SEED)
    return X.iloc[train], y[train], X.iloc[test], y[test]


@pytest.mark.parametrize(
    ("name", "accuracy", "cv_accuracy", "area"),
    [
        ("logistic", 0.9750, 1.0000, 1.0),
        ("svm", 0.9750, 0.9750, 0.9975),
        ("forest", 1.0000, 1.0000, 1.0),
        ("xgboost", 1.0000, 0.99375, 1.0),
        ("baseline", 0.5000, 0.5000, 0.5),
    ],
)
def test_published_numbers(seed_table, name, accuracy, cv_accuracy, area):
    X, y, X_test, y_test = seed_table
    pipeline = models.lineup([name], SEED)[name]
    folds = resampling.repeated_cv({name: pipeline}, X, y, folds=5, repeats=1, seed=SEED)
    assert folds["accuracy"].mean() == pytest.approx(cv_accuracy)
    fitted = pipeline.fit(X, y)
    assert fitted.score(X_test, y_test) == pytest.approx(accuracy)
    assert metrics.auc(y_test, models.decision_values(fitted, X_test)) == pytest.approx(area)


def test_published_coefficients_are_those_of_the_scaled_training_part(seed_table):
    X, y, *_ = seed_table
    table = models.coefficients(models.lasso(0.5, SEED).fit(X, y))
    assert table["feature"].tolist() == ["logFC", "baseMean", "pvalue"]
    assert table["coefficient"].tolist() == pytest.approx([7.117, -0.0127, 0], abs=5e-4)


@pytest.mark.parametrize("C", [0.01, 0.1, 0.5, 5.0])
def test_lasso_meets_its_optimality_conditions(seed_table, C):
    X, y, *_ = seed_table
    fitted = models.lasso(C, SEED).fit(X, y)
    weights, scaled = fitted[-1].coef_.ravel(), fitted[0].transform(X)
    surplus = 1 / (1 + np.exp(-(scaled @ weights + fitted[-1].intercept_))) - y
    gradient = C * scaled.T @ surplus
    kept = weights != 0
    assert gradient[kept] == pytest.approx(-np.sign(weights[kept]), abs=0.02)
    assert (np.abs(gradient[~kept]) <= 1.02).all()


def test_lasso_has_no_coefficients_when_the_penalty_outweighs_every_feature(seed_table):
    X, y, *_ = seed_table
    centred = (X - X.mean()) / X.std(ddof=0)
    strongest = np.abs(centred.to_numpy().T @ (y - 0.5)).max()
    assert (models.lasso(0.99 / strongest, SEED).fit(X, y)[-1].coef_ == 0).all()
    assert (models.lasso(1.01 / strongest, SEED).fit(X, y)[-1].coef_ != 0).any()


@pytest.mark.parametrize("name", list(models.LABELS))
def test_same_seed_same_decisions_on_one_thread(seed_table, name):
    X, y, X_test, _ = seed_table
    one, other = (
        models.decision_values(models.lineup([name], SEED)[name].fit(X, y), X_test)
        for _ in range(2)
    )
    assert one.tobytes() == other.tobytes()
    assert models.lineup([name], SEED)[name][-1].get_params().get("n_jobs", 1) in (None, 1)


@pytest.mark.parametrize("name", [name for name in models.LABELS if name != "baseline"])
def test_decision_values_grow_with_label_1(seed_table, name):
    X, y, X_test, y_test = seed_table
    decision = models.decision_values(models.lineup([name], SEED)[name].fit(X, y), X_test)
    assert decision[y_test == 1].mean() > decision[y_test == 0].mean()


def test_changed_test_rows_do_not_change_the_scaler(seed_table):
    X, y, X_test, _ = seed_table
    means = []
    for factor in (1, 1000):
        whole = pd.concat([X, X_test * factor])
        fitted = models.lineup(["logistic"], SEED)["logistic"].fit(whole.iloc[: len(X)], y)
        means.append(fitted[0].mean_)
    assert (means[0] == means[1]).all()
    assert means[0] == pytest.approx(X.mean().to_numpy())


def test_the_scaler_is_fitted_inside_every_fold():
    """Scaling before splitting would show in the fold that holds the outlier."""
    X = pd.DataFrame({"x": np.arange(20.0)})
    X.loc[0, "x"] = 1e6
    seen = []

    class Watched(type(models.lineup(["baseline"], 0)["baseline"][-1])):
        def fit(self, values, labels, sample_weight=None):
            seen.append(float(np.abs(values).max()))
            return super().fit(values, labels, sample_weight)

    pipeline = models.lineup(["baseline"], 0)["baseline"]
    pipeline.steps[-1] = ("watched", Watched())
    labels = np.arange(20) % 2
    resampling.repeated_cv({"watched": pipeline}, X, labels, folds=5, repeats=1, seed=0)
    assert seen[0] == pytest.approx(1.7, abs=0.2)
    assert min(seen[1:]) > 3


def test_order_is_as_asked_and_names_count_once():
    assert list(models.lineup(["svm", "logistic", "svm"], SEED)) == ["svm", "logistic"]


def test_labels_name_every_model():
    assert list(models.lineup(models.LABELS, SEED)) == list(models.LABELS)


def test_unknown_model_is_named_with_those_there_are():
    with pytest.raises(ParameterError) as told:
        models.lineup(["svm", "deep"], SEED)
    assert "deep" in str(told.value)
    assert "logistic, svm, forest, xgboost, baseline" in str(told.value)


def test_xgboost_not_installed_is_left_out_with_a_reason(monkeypatch):
    monkeypatch.setitem(sys.modules, "xgboost", None)
    assert list(models.lineup(["xgboost", "svm"], SEED)) == ["svm"]
    assert "not installed" in models.unavailable()["xgboost"]


def test_xgboost_that_does_not_load_is_told_without_local_paths(monkeypatch, tmp_path):
    (tmp_path / "xgboost.py").write_text("raise OSError('/home/someone/libxgboost.so: no libomp')")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "xgboost", raising=False)
    assert list(models.lineup(["xgboost"], SEED)) == []
    reason = models.unavailable()["xgboost"]
    assert "does not load (OSError)" in reason
    assert "/home" not in reason


def test_nothing_is_missing_here():
    assert models.unavailable() == {}


def test_heavy_libraries_are_imported_when_used():
    code = (
        "import sys, analysis_lib.models.lineup, analysis_lib.embedding\n"
        "from analysis_lib.evaluation import leakage, metrics, resampling, splits\n"
        "print(sorted({'sklearn', 'xgboost', 'scipy'} & set(sys.modules)))"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"

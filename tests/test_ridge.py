"""Many ridge regressions at once are scikit-learn's, one by one."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV, KFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from analysis_lib.errors import DataError, ParameterError
from analysis_lib.models import ridge
from analysis_lib.models.ridge import BatchRidgeCV

GRID = np.geomspace(1e-2, 1e4, 9)


def tables(seed=0, samples=40, features=6, targets=4):
    random = np.random.default_rng(seed)
    X = random.normal(size=(samples, features)) * np.geomspace(0.1, 30, features) + 50
    effects = random.normal(size=(features, targets)) * (random.random((features, targets)) < 0.4)
    return X, 5 + X @ effects + random.normal(0, 3, size=(samples, targets))


@pytest.mark.parametrize("standardize", [True, False])
@pytest.mark.parametrize("shape", [(40, 6), (12, 30)], ids=["tall", "wide"])
def test_every_target_is_scikit_learns(shape, standardize):
    X, Y = tables(samples=shape[0], features=shape[1])
    ours = BatchRidgeCV(alphas=GRID, standardize=standardize).fit(X, Y)
    steps = [StandardScaler(), Ridge()] if standardize else [Ridge()]
    for target, y in enumerate(Y.T):
        theirs = GridSearchCV(
            make_pipeline(*steps),
            {"ridge__alpha": GRID[::-1]},
            scoring="neg_mean_squared_error",
            cv=KFold(4),
        ).fit(X, y)
        errors = [-theirs.cv_results_[f"split{fold}_test_score"] for fold in range(4)]
        assert ours.alpha_[target] == theirs.best_params_["ridge__alpha"]
        assert ours.mse_path_[target] == pytest.approx(np.transpose(errors), rel=1e-8)
        assert ours.best_mse_[target] == pytest.approx(-theirs.best_score_, rel=1e-8)
        assert ours.predict(X)[:, target] == pytest.approx(theirs.predict(X), abs=1e-7)
        coef = theirs.best_estimator_[-1].coef_ / (X.std(axis=0) if standardize else 1)
        assert ours.coef_[target] == pytest.approx(coef, abs=1e-8)
    assert (ours.alphas_ == GRID[::-1]).all()


def test_folds_may_be_given():
    X, Y = tables(seed=1)
    pairs = list(KFold(3, shuffle=True, random_state=0).split(X))
    ours = BatchRidgeCV(alphas=GRID, folds=pairs).fit(X, Y)
    for fold, (train, test) in enumerate(pairs):
        model = make_pipeline(StandardScaler(), Ridge(GRID[-1])).fit(X[train], Y[train])
        errors = ((model.predict(X[test]) - Y[test]) ** 2).mean(axis=0)
        assert ours.mse_path_[:, 0, fold] == pytest.approx(errors)


def test_without_a_penalty_it_is_least_squares_even_of_repeated_features():
    X, Y = tables(seed=2)
    X = np.column_stack([X, X[:, 0], np.full(len(X), 0.1)])
    expected = np.linalg.lstsq(np.column_stack([np.ones(len(X)), X]), Y, rcond=None)[0]
    fitted = BatchRidgeCV(alphas=[0.0]).fit(X, Y)
    assert fitted.predict(X) == pytest.approx(expected[0] + X @ expected[1:], abs=1e-7)
    assert fitted.coef_[:, 6] * X[:, 0].std() == pytest.approx(fitted.coef_[:, 0] * X[:, 0].std())
    assert not fitted.coef_[:, 7].any()


def test_constant_targets_and_features():
    X, Y = tables(seed=3)
    Y[:, 1] = 0.1
    fitted = BatchRidgeCV(alphas=GRID).fit(X, Y)
    assert not fitted.coef_[1].any()
    assert fitted.intercept_[1] == 0.1
    assert fitted.best_mse_[1] == 0
    assert fitted.alpha_[1] == GRID[-1]
    X[:, 2] = 7.0
    padded = BatchRidgeCV(alphas=GRID).fit(X, Y)
    alone = BatchRidgeCV(alphas=GRID).fit(np.delete(X, 2, axis=1), Y)
    assert not padded.coef_[:, 2].any()
    assert padded.mse_path_ == pytest.approx(alone.mse_path_)


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 10**6), st.floats(1e-3, 1e5), st.floats(-100, 100))
def test_the_unit_and_the_origin_of_a_target_do_not_matter(seed, unit, origin):
    X, Y = tables(seed)
    one, other = (BatchRidgeCV(alphas=GRID).fit(X, values) for values in (Y, unit * (Y + origin)))
    assert other.mse_path_ == pytest.approx(unit**2 * one.mse_path_, rel=1e-6)
    assert (other.alpha_ == one.alpha_).all()
    assert other.coef_ == pytest.approx(unit * one.coef_, rel=1e-6, abs=unit * 1e-9)


def test_chunks_and_order_do_not_matter(monkeypatch):
    X, Y = tables(seed=4, targets=50)
    whole, told = BatchRidgeCV().fit(X, Y), []
    monkeypatch.setattr(ridge, "_CHUNK", 20)
    order = np.random.default_rng(0).permutation(50)
    parts = BatchRidgeCV(keep_path=False, progress=lambda *args: told.append(args)).fit(
        X, Y[:, order]
    )
    assert told == [(20, 50), (40, 50), (50, 50)]
    assert not hasattr(parts, "mse_path_")
    assert (parts.alpha_ == whole.alpha_[order]).all()
    assert parts.coef_ == pytest.approx(whole.coef_[order], rel=1e-9, abs=1e-12)


def test_what_cannot_be_fitted():
    X, Y = tables()
    with pytest.raises(ParameterError, match="alphas"):
        BatchRidgeCV(alphas=[-1.0]).fit(X, Y)
    with pytest.raises(ParameterError, match="folds"):
        BatchRidgeCV(folds=41).fit(X, Y)
    with pytest.raises(DataError, match="too large"):
        BatchRidgeCV().fit(X, Y * 1e200)
    Y[3, 1] = np.nan
    with pytest.raises(DataError, match="Y, row 3, column 1"):
        BatchRidgeCV().fit(X, Y)

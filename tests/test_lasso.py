"""Many Lassos at once are scikit-learn's, one by one, and minimise what they claim to minimise."""

import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.linear_model import ElasticNet, ElasticNetCV, Lasso, LassoCV
from sklearn.model_selection import GridSearchCV, KFold, ShuffleSplit
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from analysis_lib.errors import DataError, ParameterError
from analysis_lib.models import lasso
from analysis_lib.models.batch import bar
from analysis_lib.models.lasso import BatchLasso, BatchLassoCV

SURE = {"tol": 1e-13, "max_iter": 1_000_000}
OFFSETS = np.array([-70.0, 16, -38, 65, 0.4, 120])
UNITS = np.array([5.0, 6, 4, 8, 0.2, 60])


def tables(seed=0, samples=48, features=6, targets=5, noise=1.0):
    """Features in different units that go together, and targets of which some depend on them."""
    random = np.random.default_rng(seed)
    hidden = random.normal(size=(samples, 3))
    X = hidden @ random.normal(size=(3, features)) + 0.5 * random.normal(size=(samples, features))
    X = X * np.resize(UNITS, features) + np.resize(OFFSETS, features)
    effects = random.normal(size=(3, targets)) * (np.arange(targets) % 3 > 0)
    return X, 5 + hidden @ effects + noise * random.normal(size=(samples, targets))


def standardised(X):
    constant = X.max(axis=0) == X.min(axis=0)
    return np.where(constant, 0, X - X.mean(axis=0)) / np.where(constant, 1, X.std(axis=0))


def missed(X, y, coef, alpha, l1_ratio=1.0):
    """By how much the conditions of a minimum are missed, in standard deviations."""
    centred = X - X.mean(axis=0)
    gradient = centred.T @ (y - y.mean() - centred @ coef) / len(y)
    gradient = gradient - alpha * (1 - l1_ratio) * coef
    active = np.abs(gradient - np.sign(coef) * alpha * l1_ratio)
    inactive = np.maximum(np.abs(gradient) - alpha * l1_ratio, 0)
    return np.where(coef != 0, active, inactive).max() / (y.std() or 1)


def same_as(theirs, ours, target, coef=1e-6, errors=1e-5):
    assert ours.alpha_[target] == pytest.approx(theirs.alpha_, rel=1e-12)
    assert ours.alphas_[target] == pytest.approx(theirs.alphas_, rel=1e-12)
    assert ours.coef_[target] == pytest.approx(theirs.coef_, abs=coef)
    assert ours.intercept_[target] == pytest.approx(theirs.intercept_, rel=1e-6)
    assert ours.mse_path_[target] == pytest.approx(theirs.mse_path_, rel=errors)


# --- scikit-learn's, target by target


@pytest.mark.parametrize("solver", ["homotopy", "descent"])
def test_every_target_is_scikit_learns_lasso_cv(solver):
    X, Y = tables(features=15)
    ours = BatchLassoCV(standardize=False, solver=solver).fit(X, Y)
    for target, y in enumerate(Y.T):
        same_as(LassoCV(alphas=100, cv=4, tol=1e-8, max_iter=100_000).fit(X, y), ours, target)
    assert ours.converged_.all()
    assert ours.descended_.all() == (solver == "descent")


def test_against_a_sure_scikit_learn_little_is_left():
    X, Y = tables(seed=1)
    ours = BatchLassoCV(standardize=False, folds=5, n_alphas=40, eps=1e-4).fit(X, Y)
    for target, y in enumerate(Y.T):
        theirs = LassoCV(alphas=40, eps=1e-4, cv=5, **SURE).fit(X, y)
        same_as(theirs, ours, target, coef=1e-10, errors=1e-9)


def test_columns_are_standardised_inside_the_folds():
    X, Y = tables(seed=2)
    ours = BatchLassoCV(n_alphas=15).fit(X, Y)
    for target, y in enumerate(Y.T):
        grid = LassoCV(alphas=15, cv=4, **SURE).fit(StandardScaler().fit_transform(X), y).alphas_
        theirs = GridSearchCV(
            make_pipeline(StandardScaler(), Lasso(**SURE)),
            {"lasso__alpha": grid},
            scoring="neg_mean_squared_error",
            cv=KFold(4),
        ).fit(X, y)
        best = theirs.best_estimator_[-1]
        assert ours.alphas_[target] == pytest.approx(grid, rel=1e-12)
        assert ours.alpha_[target] == pytest.approx(best.alpha, rel=1e-12)
        assert ours.coef_[target] == pytest.approx(best.coef_ / X.std(axis=0), abs=1e-9)
        assert ours.predict(X)[:, target] == pytest.approx(theirs.predict(X), abs=1e-9)
        errors = [-theirs.cv_results_[f"split{fold}_test_score"] for fold in range(4)]
        assert ours.mse_path_[target] == pytest.approx(np.transpose(errors), rel=1e-9)
        assert ours.best_mse_[target] == pytest.approx(-theirs.best_score_, rel=1e-9)


@pytest.mark.parametrize("solver", ["homotopy", "descent"])
@pytest.mark.parametrize("l1_ratio", [0.9, 0.2])
def test_the_elastic_net_is_scikit_learns(l1_ratio, solver):
    X, Y = tables(seed=3, targets=3)
    ours = BatchLassoCV(
        l1_ratio=l1_ratio, standardize=False, n_alphas=30, tol=1e-11, solver=solver
    ).fit(X, Y)
    for target, y in enumerate(Y.T):
        theirs = ElasticNetCV(l1_ratio=l1_ratio, alphas=30, cv=4, **SURE).fit(X, y)
        same_as(theirs, ours, target)


def test_penalties_and_folds_may_be_given():
    X, Y = tables(seed=4)
    grid = [0.01, 3.0, 0.5, 0.2]
    draws = list(ShuffleSplit(6, test_size=0.3, random_state=0).split(X))
    # Drawn with replacement, some rows count twice.
    draws.append((np.random.default_rng(0).integers(0, 30, 48), np.arange(30, 48)))
    ours = BatchLassoCV(alphas=grid, folds=draws, standardize=False).fit(X, Y)
    for target, y in enumerate(Y.T):
        same_as(LassoCV(alphas=grid, cv=draws, **SURE).fit(X, y), ours, target)


def test_given_penalties_are_lassos():
    X, Y = tables(seed=5)
    own = np.array([0.01, 0.1, 0.3, 1.0, 4.0])
    ours = BatchLasso(own, standardize=False).fit(X, Y)
    shared = BatchLasso(0.01, standardize=False).fit(X, Y)
    within = BatchLasso(0.1).fit(X, Y)
    mixed = BatchLasso(0.1, l1_ratio=0.4, standardize=False).fit(X, Y)
    for target, (y, alpha) in enumerate(zip(Y.T, own, strict=True)):
        assert ours.coef_[target] == pytest.approx(Lasso(alpha, **SURE).fit(X, y).coef_, abs=1e-9)
        assert shared.coef_[target] == pytest.approx(Lasso(0.01, **SURE).fit(X, y).coef_, abs=1e-9)
        theirs = make_pipeline(StandardScaler(), Lasso(0.1, **SURE)).fit(X, y)
        assert within.predict(X)[:, target] == pytest.approx(theirs.predict(X), abs=1e-9)
        net = ElasticNet(0.1, l1_ratio=0.4, **SURE).fit(X, y)
        assert mixed.coef_[target] == pytest.approx(net.coef_, abs=1e-9)
        assert mixed.intercept_[target] == pytest.approx(net.intercept_, abs=1e-6)


def test_without_a_penalty_it_is_least_squares():
    X, Y = tables(seed=6)
    design = np.column_stack([np.ones(len(X)), X])
    expected = np.linalg.lstsq(design, Y, rcond=None)[0].T
    fitted = BatchLasso(0.0).fit(X, Y)
    assert fitted.coef_ == pytest.approx(expected[:, 1:], abs=1e-9)
    assert fitted.intercept_ == pytest.approx(expected[:, 0], abs=1e-7)


# --- what makes it a minimum

SMALL = st.integers(-2, 2).map(float)


@st.composite
def tied_tables(draw):
    """Few small whole numbers: tied, constant, repeated and dependent columns are common."""
    samples, features = draw(st.integers(4, 10)), draw(st.integers(1, 6))
    X = draw(arrays(float, (samples, features), elements=SMALL))
    return X, draw(arrays(float, (samples, 3), elements=SMALL))


@settings(deadline=None)
@given(tied_tables(), st.booleans(), st.sampled_from([1.0, 0.5]), st.integers(2, 4))
def test_any_tables_end_in_a_minimum(both, standardize, l1_ratio, folds):
    X, Y = both
    fitted = BatchLassoCV(l1_ratio=l1_ratio, n_alphas=12, folds=folds, standardize=standardize).fit(
        X, Y
    )
    assert fitted.converged_.all()
    assert np.isfinite(fitted.mse_path_).all()
    columns = standardised(X) if standardize else X
    for target, y in enumerate(Y.T):
        coef = fitted.coef_[target] * fitted.scale_
        assert missed(columns, y, coef, fitted.alpha_[target], l1_ratio) < 1e-9


@settings(deadline=None)
@given(tied_tables(), st.booleans())
def test_errors_on_the_way_are_those_of_models_fitted_one_by_one(both, standardize):
    X, Y = both
    fitted = BatchLassoCV(n_alphas=6, eps=0.01, folds=2, standardize=standardize).fit(X, Y)
    for fold, (train, test) in enumerate(KFold(2).split(X)):
        for step, alpha in enumerate(fitted.alphas_.T):
            one = BatchLasso(alpha, standardize=standardize).fit(X[train], Y[train])
            assert one.converged_.all()
            # Models of tied columns may differ in what no training row tells apart.
            apart = np.linalg.matrix_rank(X[train] - X[train].mean(axis=0)) == X.shape[1]
            if apart:
                errors = ((one.predict(X[test]) - Y[test]) ** 2).mean(axis=0)
                assert fitted.mse_path_[:, step, fold] == pytest.approx(errors, abs=1e-9)


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 10**6), st.integers(30, 60), st.integers(1, 12), st.floats(0.0, 3.0))
def test_both_solvers_find_the_same(seed, samples, features, noise):
    X, Y = tables(seed, samples, features, 3, noise)
    alpha = 0.05 * standardised(Y).std() * np.ones(3)
    followed = BatchLasso(alpha).fit(X, Y)
    descended = BatchLassoCV(alphas=[alpha[0]], tol=1e-12, solver="descent").fit(X, Y)
    assert followed.predict(X) == pytest.approx(descended.predict(X), abs=1e-6)
    for target, y in enumerate(Y.T):
        coef = followed.coef_[target] * followed.scale_
        assert missed(standardised(X), y, coef, alpha[0]) < 1e-9


@pytest.mark.parametrize("standardize", [True, False])
def test_the_grid_begins_where_the_first_coefficient_appears(standardize):
    X, Y = tables(seed=7)
    fitted = BatchLassoCV(standardize=standardize, n_alphas=5).fit(X, Y)
    first = fitted.alphas_[:, 0]
    columns = standardised(X) if standardize else X - X.mean(axis=0)
    largest = np.abs(columns.T @ (Y - Y.mean(axis=0))).max(axis=0) / len(X)
    assert first == pytest.approx(largest, rel=1e-12)
    assert not BatchLasso(first, standardize=standardize).fit(X, Y).coef_.any()
    below = BatchLasso(first * (1 - 1e-6), standardize=standardize).fit(X, Y)
    assert (np.count_nonzero(below.coef_, axis=1) == 1).all()


def test_fewer_samples_than_features():
    X, Y = tables(seed=8, samples=12, features=30)
    ours = BatchLassoCV(standardize=False, n_alphas=20).fit(X, Y)
    assert ours.converged_.all()
    for target, y in enumerate(Y.T):
        theirs = LassoCV(alphas=20, cv=4, tol=1e-10, max_iter=1_000_000).fit(X, y)
        same_as(theirs, ours, target, coef=1e-5, errors=1e-4)
        assert missed(X, y, ours.coef_[target], ours.alpha_[target]) < 1e-9


@pytest.mark.parametrize("power", [3, 5, 6, 8, 12])
def test_columns_that_nearly_depend_on_others(power):
    random = np.random.default_rng(power)
    X = random.normal(size=(40, 3)) @ random.normal(size=(3, 8))
    X += 10.0**-power * random.normal(size=X.shape)
    Y = X[:, :4] + random.normal(size=(40, 4))
    fitted = BatchLassoCV().fit(X, Y)
    assert fitted.converged_.all()
    for target, y in enumerate(Y.T):
        coef = fitted.coef_[target] * fitted.scale_
        assert missed(standardised(X), y, coef, fitted.alpha_[target]) < 1e-8


def test_coordinate_descent_takes_over_where_rounding_spoils_the_homotopy():
    random = np.random.default_rng(0)
    X = random.normal(size=(30, 4)) @ random.normal(size=(4, 60))
    X, Y = X + 1e-5 * random.normal(size=(30, 60)), random.normal(size=(30, 100))
    fitted = BatchLassoCV(tol=1e-3).fit(X, Y)
    assert 0 < fitted.descended_.sum() < 100
    assert fitted.converged_.all()
    for target, y in enumerate(Y.T):
        coef = fitted.coef_[target] * fitted.scale_
        slack = 0.05 if fitted.descended_[target] else 1e-9
        assert missed(standardised(X), y, coef, fitted.alpha_[target]) < slack


# --- what does not vary, and what varies together


def test_constant_targets():
    X, Y = tables(seed=9)
    values = [0.0, 0.1, -3.0, 1e9]
    Y = np.column_stack([Y, *(np.full(len(X), value) for value in values)])
    fitted = BatchLassoCV().fit(X, Y)
    assert not fitted.coef_[5:].any()
    assert fitted.intercept_[5:].tolist() == values
    assert fitted.best_mse_[5:].tolist() == [0.0] * 4
    assert not fitted.mse_path_[5:].any()
    theirs = LassoCV(alphas=100, cv=4).fit(X, Y[:, 5])
    assert fitted.alpha_[5:].tolist() == [theirs.alpha_] * 4
    assert fitted.alphas_[5:].tolist() == [theirs.alphas_.tolist()] * 4
    assert not BatchLasso(0.1).fit(X, Y).coef_[5:].any()


def test_targets_that_are_constant_in_all_folds_but_one():
    X, _ = tables(seed=10)
    y = np.zeros(48)
    y[3] = 1.0
    same_as(
        LassoCV(alphas=100, cv=4, **SURE).fit(X, y),
        BatchLassoCV(standardize=False).fit(X, y[:, None]),
        0,
    )


@pytest.mark.parametrize("standardize", [True, False])
def test_constant_features_change_nothing(standardize):
    X, Y = tables(seed=11)
    padded = np.insert(X, [0, 3, 6], [0.1, -1e6, 0.0], axis=1)
    alone = BatchLassoCV(standardize=standardize).fit(X, Y)
    fitted = BatchLassoCV(standardize=standardize).fit(padded, Y)
    kept = [1, 2, 3, 5, 6, 7]
    assert not np.delete(fitted.coef_, kept, axis=1).any()
    assert fitted.coef_[:, kept] == pytest.approx(alone.coef_, abs=1e-12)
    assert fitted.mse_path_ == pytest.approx(alone.mse_path_, rel=1e-12)
    assert np.delete(fitted.scale_, kept).tolist() == [1.0] * 3


def test_a_feature_that_is_constant_in_one_fold_only():
    X, Y = tables(seed=12)
    X[12:, 0] = 0.1  # the first twelve rows are the first fold held out
    ours = BatchLassoCV(standardize=False).fit(X, Y)
    for target, y in enumerate(Y.T):
        same_as(LassoCV(alphas=100, cv=4, **SURE).fit(X, y), ours, target)
    assert BatchLassoCV().fit(X, Y).converged_.all()


@pytest.mark.parametrize("repeat", ["same", "opposite", "sum"])
def test_dependent_features_predict_as_scikit_learns_do(repeat):
    X, Y = tables(seed=13)
    more = {"same": X[:, 0], "opposite": -X[:, 0], "sum": X[:, 0] + X[:, 1]}[repeat]
    X = np.column_stack([X, more])
    ours = BatchLassoCV(standardize=False).fit(X, Y)
    assert ours.converged_.all()
    for target, y in enumerate(Y.T):
        theirs = LassoCV(alphas=100, cv=4, tol=1e-12, max_iter=1_000_000).fit(X, y)
        assert ours.alpha_[target] == pytest.approx(theirs.alpha_, rel=1e-12)
        assert ours.mse_path_[target] == pytest.approx(theirs.mse_path_, rel=1e-6)
        assert ours.predict(X)[:, target] == pytest.approx(theirs.predict(X), abs=1e-6)
        assert missed(X, y, ours.coef_[target], ours.alpha_[target]) < 1e-9


def test_of_equal_errors_the_largest_penalty_is_taken():
    X, Y = tables(seed=14, targets=40, noise=50.0)
    fitted = BatchLassoCV(alphas=[0.1, 100.0, 1.0, 200.0, 150.0]).fit(X, Y)
    means = fitted.mse_path_.mean(axis=2)
    # Without any coefficient errors are equal to the last digit, and best for noise.
    assert (means[:, 0] == means[:, 2]).all()
    noise = means[:, 0] == fitted.best_mse_
    assert noise.any()
    assert (fitted.alpha_[noise] == 200.0).all()
    assert (fitted.alpha_ == fitted.alphas_[np.arange(40), means.argmin(axis=1)]).all()


# --- what must not matter


def test_neither_order_nor_company_changes_a_single_bit():
    X, Y = tables(seed=15, targets=700)
    together = BatchLassoCV(n_alphas=10).fit(X, Y)
    order = np.random.default_rng(0).permutation(700)
    shuffled = BatchLassoCV(n_alphas=10).fit(X, np.asfortranarray(Y[:, order]))
    alone = BatchLassoCV(n_alphas=10).fit(X, Y[:, 600:601])
    for name in ("alpha_", "coef_", "mse_path_", "best_mse_"):
        assert (getattr(shuffled, name) == getattr(together, name)[order]).all()
        assert (getattr(alone, name)[0] == getattr(together, name)[600]).all()


def test_the_number_of_threads_changes_not_a_single_bit(monkeypatch):
    from analysis_lib.models import lasso_paths

    X, Y = tables(seed=16, targets=600)
    results = []
    for threads in (1, 2, 5):
        monkeypatch.setattr(lasso_paths, "threads", lambda threads=threads: threads)
        results.append(BatchLassoCV(n_alphas=10).fit(X, Y))
    for other in results[1:]:
        for name in ("alpha_", "coef_", "intercept_", "mse_path_"):
            assert (getattr(other, name) == getattr(results[0], name)).all()


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 10**6), st.floats(1e-4, 1e6), st.floats(-100, 100), st.booleans())
def test_the_unit_and_the_origin_of_a_target_do_not_matter(seed, unit, origin, standardize):
    X, Y = tables(seed, targets=3)
    one = BatchLassoCV(n_alphas=20, standardize=standardize).fit(X, Y)
    other = BatchLassoCV(n_alphas=20, standardize=standardize).fit(X, unit * (Y + origin))
    assert other.alphas_ == pytest.approx(unit * one.alphas_, rel=1e-9)
    assert other.mse_path_ == pytest.approx(unit**2 * one.mse_path_, rel=1e-9)
    if other.alpha_ == pytest.approx(unit * one.alpha_):  # else two errors are all but equal
        assert other.coef_ == pytest.approx(unit * one.coef_, rel=1e-6, abs=unit * 1e-9)


def test_standardised_features_may_have_any_unit_origin_and_direction():
    X, Y = tables(seed=17)
    factors = np.array([1e-3, -1.0, 1e4, 7.0, -0.5, 1.0])
    one, other = BatchLassoCV().fit(X, Y), BatchLassoCV().fit(factors * X + 10, Y)
    assert other.coef_ * factors == pytest.approx(one.coef_, abs=1e-9)
    assert other.predict(factors * X + 10) == pytest.approx(one.predict(X), abs=1e-8)
    assert other.alpha_ == pytest.approx(one.alpha_, rel=1e-9)


def test_a_million_errors_need_not_be_kept():
    X, Y = tables(seed=18)
    kept, lean = BatchLassoCV().fit(X, Y), BatchLassoCV(keep_path=False).fit(X, Y)
    assert not hasattr(lean, "mse_path_")
    assert (lean.coef_ == kept.coef_).all()
    assert (lean.best_mse_ == kept.best_mse_).all()
    assert kept.best_mse_ == pytest.approx(kept.mse_path_.mean(axis=2).min(axis=1))


def test_no_targets_no_models():
    X, Y = tables()
    fitted = BatchLassoCV().fit(X, Y[:, :0])
    assert fitted.coef_.shape == (0, 6)
    assert fitted.predict(X).shape == (48, 0)
    assert fitted.alphas_.shape == (0, 100)


# --- progress and interruption


def test_progress_is_told_to_the_end(monkeypatch):
    monkeypatch.setattr(lasso, "_CHUNK", 10)
    told = []
    X, Y = tables(targets=35)
    BatchLassoCV(n_alphas=3, progress=lambda *args: told.append(args)).fit(X, Y)
    assert [done for done, _ in told] == sorted({done for done, _ in told})
    assert len(told) == 4
    assert told[-1] == (35, 35)


def test_an_interruption_ends_it(monkeypatch):
    monkeypatch.setattr(lasso, "_CHUNK", 1)
    told = []

    def interrupted(done, total):
        told.append(done)
        raise KeyboardInterrupt

    X, Y = tables(targets=200)
    with pytest.raises(KeyboardInterrupt):
        BatchLassoCV(progress=interrupted).fit(X, Y)
    assert told == [1]


def test_what_does_not_converge_says_so():
    random = np.random.default_rng(0)
    X = np.repeat(random.normal(size=(20, 1)), 4, axis=1) + 1e-3 * random.normal(size=(20, 4))
    Y = random.normal(size=(20, 2))
    with pytest.warns(RuntimeWarning, match=r"2 of 2 targets did not converge"):
        fitted = BatchLassoCV(alphas=[1e-9], tol=1e-14, solver="descent").fit(X, Y)
    assert not fitted.converged_.any()
    assert BatchLassoCV(alphas=[1e-9]).fit(X, Y).converged_.all()


# --- what cannot be fitted


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("name", ["X", "Y"])
def test_missing_values_are_located(name, value):
    both = dict(zip("XY", tables(), strict=True))
    both[name][7, 2] = value
    with pytest.raises(DataError, match=f"{name}, row 7, column 2"):
        BatchLassoCV().fit(**both)
    with pytest.raises(DataError, match="missing or infinite"):
        BatchLasso(0.1).fit(**both)


@pytest.mark.parametrize(
    ("X", "Y", "message"),
    [
        (np.ones((5, 2)), np.ones((4, 2)), "not of the same samples"),
        (np.ones((5, 2)), np.ones(5), "not a table"),
        (np.ones((1, 2)), np.ones((1, 2)), "nothing to learn from"),
        (np.ones((5, 0)), np.ones((5, 2)), "nothing to learn from"),
        ([["a"], ["b"]], np.ones((2, 1)), "not numbers"),
        (np.arange(8.0).reshape(4, 2) * 1e200, np.arange(4.0)[:, None], "too large"),
        (np.arange(8.0).reshape(4, 2), np.arange(4.0)[:, None] * 1e200, "too large"),
    ],
)
def test_tables_that_cannot_be_fitted(X, Y, message):
    with pytest.raises(DataError, match=message):
        BatchLassoCV(folds=2).fit(X, Y)


@pytest.mark.parametrize(
    "parameters",
    [
        {"l1_ratio": 0.0},
        {"l1_ratio": 1.1},
        {"tol": 0.0},
        {"n_alphas": 0},
        {"eps": 1.0},
        {"eps": 0.0},
        {"alphas": []},
        {"alphas": [1.0, -1.0]},
        {"alphas": [np.nan]},
        {"folds": 1},
        {"folds": 49},
        {"folds": []},
        {"folds": [([0, 1], [])]},
        {"folds": [([0, 1], [48])]},
        {"folds": [([-1, 1], [2])]},
        {"folds": [([0.5, 1.0], [2])]},
        {"solver": "magic"},
    ],
    ids=str,
)
def test_parameters_that_do_not_exist(parameters):
    with pytest.raises(ParameterError, match=next(iter(parameters))):
        BatchLassoCV(**parameters).fit(*tables())


@pytest.mark.parametrize("alpha", [-1.0, np.nan, [0.1, 0.2], [[0.1] * 5]], ids=str)
def test_penalties_that_do_not_exist(alpha):
    with pytest.raises(ParameterError, match=r"where: +alpha"):
        BatchLasso(alpha).fit(*tables())


def test_other_features_cannot_be_predicted_from():
    fitted = BatchLassoCV(n_alphas=2).fit(*tables())
    with pytest.raises(DataError, match="6 columns"):
        fitted.predict(np.ones((2, 5)))


class Terminal(io.StringIO):
    """A terminal, as far as anybody can tell."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("stream", "drawn"), [(Terminal(), True), (io.StringIO(), False)])
def test_a_bar_counts_the_genes_on_a_terminal_and_keeps_quiet_elsewhere(stream, drawn, monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    X, Y = np.random.default_rng(0).normal(size=(12, 2)), np.ones((12, 600))
    with bar("genes", stream) as progress:
        BatchLassoCV(keep_path=False, progress=progress).fit(X, Y)
    assert ("600/600" in stream.getvalue()) is drawn
    assert bool(stream.getvalue()) is drawn

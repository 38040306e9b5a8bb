"""One Lasso per target, thousands of targets on the same features, each with its own penalty."""

from __future__ import annotations

import warnings
from typing import Any, Literal, NamedTuple, Self, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analysis_lib import cluster
from analysis_lib.errors import ParameterError
from analysis_lib.models import blocks
from analysis_lib.models.batch import (
    BatchModel,
    Floats,
    Folds,
    Progress,
    Rows,
    UnitColumns,
    centres,
    check_errors,
    checked,
    in_chunks,
    penalties,
    splits,
)

Solver = Literal["homotopy", "descent"]
_CHUNK = 256
_LANES = 8
"""Columns are padded to a multiple of this: the compiled loops have no remainders then."""


class BatchLassoCV(BatchModel):
    """Lasso or elastic net of every target, the penalty chosen by cross-validation.

    What `LassoCV` and `ElasticNetCV` of scikit-learn find, target by target, they find together:
    the targets share their features, so that there is one Gram matrix per fold. Each path is
    followed exactly, from knot to knot; coordinate descent takes over where that does not meet
    the optimality conditions.

    Parameters
    ----------
    l1_ratio : float
        1 for the Lasso; above 0 and below 1 for the elastic net.
    n_alphas, eps : int, float
        Every target has a grid of so many penalties, evenly spaced in the logarithm, from the
        smallest that leaves no coefficient down to `eps` times that.
    alphas : sequence of float, optional
        Penalties for all targets instead.
    folds : int or list of pairs of row numbers
        Consecutive folds, or (rows to learn from, rows held out).
    standardize : bool
        Whether features have unit variance when they are penalised: among the rows learned from,
        in every fold.
    tol : float
        When coordinate descent stops: at steps so small, in standard deviations.
    keep_path : bool
        Whether to keep `mse_path_`: targets × penalties × folds numbers.
    progress : callable, optional
        Told now and then how many targets are done, and of how many; `batch.bar` draws a bar.
    solver : {"homotopy", "descent"}
        "descent" for coordinate descent alone, which is slower.

    Attributes
    ----------
    alpha_ : array of shape (targets,)
        The penalty with the smallest error; of equals, the largest.
    mse_path_ : array of shape (targets, penalties, folds)
        Mean squared errors of the rows held out; only when kept.
    best_mse_ : array of shape (targets,)
        Their mean over the folds at the chosen penalty.
    alpha_max_ : array of shape (targets,)
        The smallest penalty that leaves no coefficient; 0 for a constant target.
    descended_, converged_ : arrays of bool, shape (targets,)
        Where coordinate descent took over, and where the tolerance was reached.

    Notes
    -----
    Constant targets have no coefficients, their value as intercept, and no error. Constant
    features have the coefficient 0: everywhere, or in the fold in which they are.

    Examples
    --------
    >>> X = np.random.default_rng(0).normal(size=(40, 3))
    >>> fitted = BatchLassoCV().fit(X, np.column_stack([X[:, 0] - 2, np.full(40, 7.0)]))
    >>> fitted.coef_.round(2).tolist(), fitted.intercept_.round(2).tolist()
    ([[1.0, 0.0, 0.0], [0.0, 0.0, 0.0]], [-2.0, 7.0])
    """

    alpha_: Floats
    alpha_max_: Floats
    best_mse_: Floats
    mse_path_: Floats
    descended_: NDArray[np.bool_]
    converged_: NDArray[np.bool_]

    def __init__(
        self,
        *,
        l1_ratio: float = 1.0,
        n_alphas: int = 100,
        eps: float = 1e-3,
        alphas: ArrayLike | None = None,
        folds: Folds = 4,
        standardize: bool = True,
        tol: float = 1e-8,
        keep_path: bool = True,
        progress: Progress | None = None,
        solver: Solver = "homotopy",
    ) -> None:
        self.l1_ratio = l1_ratio
        self.n_alphas = n_alphas
        self.eps = eps
        self.alphas = alphas
        self.folds = folds
        self.standardize = standardize
        self.tol = tol
        self.keep_path = keep_path
        self.progress = progress
        self.solver = solver

    @property
    def alphas_(self) -> Floats:
        """The penalties tried, of shape (targets, penalties); made when asked for."""
        from analysis_lib.models.lasso_paths import SMALLEST

        grid = self._grid()
        if self.alphas is not None:
            return np.broadcast_to(grid, (len(self.alpha_), len(grid)))
        largest = self.alpha_max_[:, None]
        return np.where(largest > SMALLEST, largest * grid, SMALLEST)

    def fit(self, X: ArrayLike, Y: ArrayLike) -> Self:
        """Fit every column of Y on the columns of X."""
        from analysis_lib.models import lasso_paths

        features, targets = checked(X, Y)
        _check(self.l1_ratio, self.tol, self.solver)
        if cluster.asked():
            settings = {name: getattr(self, name) for name in _SETTINGS}
            parts = blocks.spread(
                _solve_block, settings, features, targets, chunk=_CHUNK, progress=self.progress
            )
            solved = _Solved(*parts)
        else:
            solved = self._solve(features, targets, lasso_paths.threads(), self.progress)
        self.alpha_max_, self.alpha_, self.best_mse_ = solved[:3]
        self.coef_, self.intercept_ = solved.coef, solved.intercept
        check_errors(self.best_mse_)
        if self.keep_path:
            self.mse_path_ = solved.paths
        unit = UnitColumns.of(features, np.arange(len(features)))
        self.mean_ = unit.mean
        self.scale_ = unit.deviation if self.standardize else np.ones(features.shape[1])
        self.descended_, self.converged_ = _outcomes(solved.states)
        return self

    def _solve(
        self, features: Floats, targets: Floats, threads: int, progress: Progress | None = None
    ) -> _Solved:
        """Solve all targets in this process."""
        from analysis_lib.models import lasso_paths

        grid, pairs = self._grid(), splits(self.folds, len(features))
        shared = _share(features, pairs, self.standardize)
        designs, held_out = lasso_paths.Designs(*shared.designs), lasso_paths.HeldOut(*shared.held)
        count, relative = targets.shape[1], self.alphas is None
        ways = float(self.l1_ratio), float(self.tol), self.solver == "homotopy"
        largest, chosen, best_mse = np.empty((3, count))
        coef, intercept = np.empty((count, features.shape[1])), np.empty(count)
        states = np.zeros(count, dtype=np.int8)
        paths = np.empty((count if self.keep_path else 0, len(grid), len(pairs)))

        def fit(part: slice) -> None:
            own, best, state = _rows(targets, part), chosen[part], states[part]
            most, errors, path = largest[part], best_mse[part], paths[part]
            lasso_paths.cross_validate(
                own, designs, held_out, grid, relative, *ways, most, best, errors, state, path
            )
            coefficients = coef[part]
            lasso_paths.fit_at(own, best, designs, held_out, *ways, coefficients, state)
            intercept[part] = shared.to_raw_units(coefficients, own)

        in_chunks(fit, count, _CHUNK, threads, progress)
        return _Solved(largest, chosen, best_mse, coef, intercept, states, paths)

    def _grid(self) -> Floats:
        if self.alphas is not None:
            return penalties(self.alphas)
        if self.n_alphas < 1 or not 0 < self.eps < 1:
            raise ParameterError(
                "The grid of penalties has no such length.",
                where="n_alphas, eps",
                expected="one penalty at least, and a share between 0 and 1",
                got=f"{self.n_alphas}, {self.eps:g}",
            )
        return np.geomspace(1.0, self.eps, self.n_alphas)


class _Solved(NamedTuple):
    """What is found of some targets: the fitted values of `BatchLassoCV`, a row for each."""

    alpha_max: Floats
    alpha: Floats
    best_mse: Floats
    coef: Floats
    intercept: Floats
    states: NDArray[np.int8]
    paths: Floats


_SETTINGS = (
    *("l1_ratio", "n_alphas", "eps", "alphas", "folds", "standardize", "tol", "keep_path"),
    "solver",
)


def _solve_block(settings: dict[str, Any], X: Floats, Y: Floats) -> _Solved:
    return BatchLassoCV(**settings)._solve(X, Y, threads=1)


class BatchLasso(BatchModel):
    """Lasso or elastic net of every target at a penalty that is given.

    Parameters
    ----------
    alpha : float or array of shape (targets,)
        One penalty for all, or each target's own.
    l1_ratio, standardize, tol
        As in `BatchLassoCV`.

    Examples
    --------
    >>> X = np.array([[1.0], [2.0], [3.0], [4.0]])
    >>> BatchLasso(0.25, standardize=False).fit(X, 2 * X).coef_.round(6)
    array([[1.8]])
    """

    alpha_: Floats
    descended_: NDArray[np.bool_]
    converged_: NDArray[np.bool_]

    def __init__(
        self,
        alpha: float | ArrayLike,
        *,
        l1_ratio: float = 1.0,
        standardize: bool = True,
        tol: float = 1e-8,
    ) -> None:
        self.alpha = alpha
        self.l1_ratio = l1_ratio
        self.standardize = standardize
        self.tol = tol

    def fit(self, X: ArrayLike, Y: ArrayLike) -> Self:
        """Fit every column of Y on the columns of X."""
        from analysis_lib.models import lasso_paths

        features, targets = checked(X, Y)
        _check(self.l1_ratio, self.tol)
        count = targets.shape[1]
        self.alpha_ = _per_target(self.alpha, count)
        shared = _share(features, [], self.standardize)
        designs, held_out = lasso_paths.Designs(*shared.designs), lasso_paths.HeldOut(*shared.held)
        ways = float(self.l1_ratio), float(self.tol), True
        self.coef_, self.intercept_ = np.empty((count, features.shape[1])), np.empty(count)
        states = np.zeros(count, dtype=np.int8)

        def fit(part: slice) -> None:
            own, coefficients = _rows(targets, part), self.coef_[part]
            chosen, state = self.alpha_[part], states[part]
            lasso_paths.fit_at(own, chosen, designs, held_out, *ways, coefficients, state)
            self.intercept_[part] = shared.to_raw_units(coefficients, own)

        in_chunks(fit, count, _CHUNK, lasso_paths.threads())
        check_errors(self.intercept_)
        self.mean_, self.scale_ = shared.mean, shared.scale
        self.descended_, self.converged_ = _outcomes(states)
        return self


class _Shared(NamedTuple):
    """What all targets have in common: the fields of the kernels' Designs and HeldOut."""

    designs: tuple[Floats, Floats, Floats, Floats]
    held: tuple[Floats, NDArray[np.int64], NDArray[np.int64]]
    mean: Floats
    scale: Floats
    deviation: Floats

    def to_raw_units(self, coefficients: Floats, targets: Floats) -> Floats:
        """Convert the coefficients of unit columns in place; return the intercepts."""
        coefficients /= self.deviation
        intercepts: Floats = centres(targets) - coefficients @ self.mean
        return intercepts


def _share(X: Floats, pairs: list[tuple[Rows, Rows]], standardize: bool) -> _Shared:
    samples, features = X.shape
    width = -(-features // _LANES) * _LANES
    largest = max((len(test) for _, test in pairs), default=0)
    gram = np.zeros((len(pairs) + 1, width, width))
    columns = np.zeros((len(pairs) + 1, width, samples))
    counts, weights = np.zeros((len(pairs) + 1, samples)), np.ones((len(pairs) + 1, width))
    test_x = np.zeros((max(len(pairs), 1), largest, width))
    test_rows = np.zeros((len(pairs), largest), dtype=np.int64)
    everything = np.arange(samples)
    for fold, (train, test) in enumerate([*pairs, (everything, everything[:0])]):
        unit = UnitColumns.of(X, train)
        counts[fold] = np.bincount(train, minlength=samples)
        columns[fold, :features] = (unit.values * (counts[fold] / len(train))[:, None]).T
        gram[fold, :features, :features] = columns[fold, :features] @ unit.values
        if not standardize:  # a raw coefficient is the unit column's over its deviation
            weights[fold, :features] = 1 / unit.deviation
        if fold < len(pairs):
            test_x[fold, : len(test), :features] = unit.values[test]
            test_rows[fold, : len(test)] = test
    sizes = np.array([len(test) for _, test in pairs], dtype=np.int64)
    scale = unit.deviation if standardize else np.ones(features)
    designs, held = (gram, columns, counts, weights), (test_x, test_rows, sizes)
    return _Shared(designs, held, unit.mean, scale, unit.deviation)


def _rows(targets: Floats, part: slice) -> Floats:
    return np.ascontiguousarray(targets[:, part].T)


def _per_target(alpha: float | ArrayLike, targets: int) -> Floats:
    values = np.asarray(alpha, dtype=np.float64)
    if values.shape not in ((), (targets,)) or not np.isfinite(values).all() or (values < 0).any():
        raise ParameterError(
            "This is no penalty.",
            where="alpha",
            expected=f"a finite number of at least 0, or one for each of {targets} targets",
            got=f"{values}" if not values.ndim else f"an array of shape {values.shape}",
        )
    return np.full(targets, values)


def _check(l1_ratio: float, tol: float, solver: str = "homotopy") -> None:
    if not 0 < l1_ratio <= 1:
        raise ParameterError(
            "The share of the absolute values in the penalty is none.",
            where="l1_ratio",
            expected="above 0, at most 1",
            got=f"{l1_ratio:g}",
            remedy="For 0 there is BatchRidgeCV.",
        )
    if not tol > 0:
        raise ParameterError(
            "The tolerance is none.", where="tol", expected="above 0", got=f"{tol:g}"
        )
    if solver not in get_args(Solver):
        raise ParameterError(
            "There is no such solver.",
            where="solver",
            expected=" or ".join(get_args(Solver)),
            got=str(solver),
        )


def _outcomes(states: NDArray[np.int8]) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    from analysis_lib.models.lasso_paths import FOLLOWED, UNSOLVED

    unsolved = int((states == UNSOLVED).sum())
    if unsolved:
        warnings.warn(
            f"{unsolved} of {len(states)} targets did not converge: some features are nearly sums "
            "of others. Leave those out, or accept a larger tol.",
            RuntimeWarning,
            stacklevel=3,
        )
    return states != FOLLOWED, states != UNSOLVED

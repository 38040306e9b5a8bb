"""One ridge regression per target, thousands of targets on the same features."""

from __future__ import annotations

from typing import Self

import numpy as np
from numpy.typing import ArrayLike

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
    constants,
    in_chunks,
    penalties,
    splits,
)

_CHUNK = 4096
ALPHAS = tuple(np.geomspace(1e-2, 1e5, 36).tolist())


class BatchRidgeCV(BatchModel):
    """Ridge regression of every target, the penalty chosen by cross-validation.

    One singular value decomposition per fold serves all targets and all penalties.

    Parameters
    ----------
    alphas : sequence of float
        Penalties of the squared coefficients beside the sum (not the mean) of squared errors, as
        in scikit-learn's `Ridge`.
    folds, standardize, keep_path, progress
        As in `BatchLassoCV`.

    Attributes
    ----------
    alpha_, best_mse_ : arrays of shape (targets,)
        The penalty with the smallest error (of equals, the largest), and that error.
    alphas_ : array of shape (targets, penalties)
        From the largest to the smallest, the same for all.
    mse_path_ : array of shape (targets, penalties, folds)
        Mean squared errors of the rows held out; only when kept.

    Examples
    --------
    >>> X = np.random.default_rng(0).normal(size=(40, 3))
    >>> BatchRidgeCV().fit(X, X[:, :1]).coef_.round(2).tolist()
    [[1.0, 0.0, 0.0]]
    """

    alpha_: Floats
    alphas_: Floats
    best_mse_: Floats
    mse_path_: Floats

    def __init__(
        self,
        *,
        alphas: ArrayLike = ALPHAS,
        folds: Folds = 4,
        standardize: bool = True,
        keep_path: bool = True,
        progress: Progress | None = None,
    ) -> None:
        self.alphas = alphas
        self.folds = folds
        self.standardize = standardize
        self.keep_path = keep_path
        self.progress = progress

    def fit(self, X: ArrayLike, Y: ArrayLike) -> Self:
        """Fit every column of Y on the columns of X."""
        features, targets = checked(X, Y)
        grid, pairs = penalties(self.alphas), splits(self.folds, len(features))
        folds = [(_Rotation(features, train, self.standardize), test) for train, test in pairs]
        whole = _Rotation(features, np.arange(len(features)), self.standardize)
        count = targets.shape[1]
        self.alpha_, self.best_mse_, self.intercept_ = np.empty((3, count))
        self.coef_ = np.empty((count, features.shape[1]))
        paths = np.empty((count if self.keep_path else 0, len(grid), len(folds)))

        def fit(part: slice) -> None:
            own = targets[:, part]
            constant = constants(own.T)
            errors = np.stack([fold.errors(own, test, grid) for fold, test in folds], axis=2)
            errors[constant] = 0.0
            means = errors.mean(axis=2)
            self.best_mse_[part] = means.min(axis=1)
            self.alpha_[part] = grid[means.argmin(axis=1)]
            self.coef_[part] = whole.coefficients(own, self.alpha_[part])
            self.coef_[part][constant] = 0.0
            self.intercept_[part] = centres(own.T) - self.coef_[part] @ whole.mean
            if self.keep_path:
                paths[part] = errors

        in_chunks(fit, count, _CHUNK, progress=self.progress)
        check_errors(self.best_mse_)
        if self.keep_path:
            self.mse_path_ = paths
        self.alphas_ = np.broadcast_to(grid, (count, len(grid)))
        self.mean_, self.scale_ = whole.mean, whole.scale
        return self


class _Rotation:
    """Training rows turned into directions that a ridge penalty shrinks each by itself."""

    def __init__(self, X: Floats, train: Rows, standardize: bool) -> None:
        unit = UnitColumns.of(X, train)
        values = unit.values if standardize else unit.values * unit.deviation
        self.mean, self.rows = unit.mean, train
        self.scale = unit.deviation if standardize else np.ones(X.shape[1])
        left, sizes, right = np.linalg.svd(values[train], full_matrices=False)
        kept = sizes > sizes.max() * max(values[train].shape) * np.finfo(np.float64).eps
        self.left, self.sizes = left[:, kept], sizes[kept]
        # What is constant has exactly no part in any direction.
        self.right = np.where(values[train].any(axis=0), right[kept], 0.0)
        self.directions = values @ self.right.T

    def errors(self, targets: Floats, test: Rows, grid: Floats) -> Floats:
        """Return mean squared errors of the rows held out: targets × penalties."""
        centre = targets[self.rows].mean(axis=0)
        along = self.left.T @ (targets[self.rows] - centre)
        truth, directions = targets[test] - centre, self.directions[test]
        errors = np.empty((targets.shape[1], len(grid)))
        with np.errstate(over="ignore", invalid="ignore"):
            for step, penalty in enumerate(grid):
                shrunken = self.sizes / (self.sizes**2 + penalty)
                missed = truth - (directions * shrunken) @ along
                errors[:, step] = (missed**2).mean(axis=0)
        return errors

    def coefficients(self, targets: Floats, chosen: Floats) -> Floats:
        """Return raw coefficients, targets × features, at each target's own penalty."""
        along = self.left.T @ (targets[self.rows] - targets[self.rows].mean(axis=0))
        shrunken = along * (self.sizes[:, None] / (self.sizes[:, None] ** 2 + chosen))
        coefficients: Floats = (self.right.T @ shrunken).T / self.scale
        return coefficients

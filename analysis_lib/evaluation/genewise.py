"""How well each of many genes is predicted, by models that never saw the rows they are judged by.

One model predicts all genes at once: anything with `fit(X, Y)` and `predict(X)`, given as a
factory, so that every fold begins anew and whatever is learned is learned from its training rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Protocol, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from analysis_lib.errors import ParameterError, TableError
from analysis_lib.evaluation.splits import LEAST_IN_TEST

LOWEST_INSIDE = -0.1
"""A single fold's R² at or below this is outside what people show as a prediction."""

COLUMNS = ("r2_train", "r2_test", "rmse_train", "rmse_test", "outside")

_Matrix: TypeAlias = NDArray[np.float64]
_Split: TypeAlias = tuple[NDArray[np.intp], NDArray[np.intp]]


class Model(Protocol):
    """What learns all genes at once."""

    def fit(self, X: _Matrix, Y: _Matrix) -> Any:
        """Learn from rows of features and of genes."""

    def predict(self, X: _Matrix) -> _Matrix:
        """Return one row per row of `X`, one column per gene."""


def scores(
    make: Callable[[], Model],
    X: ArrayLike,
    Y: ArrayLike,
    *,
    folds: int = 4,
    repeats: int = 5,
    seed: int,
) -> pd.DataFrame:
    """Score every gene by repeated, shuffled cross-validation.

    Parameters
    ----------
    make : callable
        Returns an unfitted model; called once per fold.
    X : array of shape (rows, features)
        What is learned from.
    Y : array of shape (rows, genes)
        What is predicted.
    folds, repeats : int
        Shuffled folds, drawn anew in every repeat; each holds at least two rows.
    seed : int
        The same seed draws the same folds.

    Returns
    -------
    pandas.DataFrame
        One row per gene, in the order of `Y`; a gene that is constant has NaN throughout.

        r2_train, r2_test, rmse_train, rmse_test
            Squares are summed over the folds of a repeat and the results averaged over the
            repeats. R² = 1 − SSE/SST with SST about the mean of each fold's *training* rows:
            predicting that mean gives 0, and below 0 the features did harm.
        outside
            Share of the single folds, over all repeats, whose test R² is not above −0.1. Here SST
            is about the mean of the fold's own held-out rows, as in the R² that people publish.
            Folds in which the held-out values are all the same have no R² and do not count.

    Examples
    --------
    >>> from sklearn.linear_model import LinearRegression
    >>> X = np.random.default_rng(0).normal(size=(20, 2))
    >>> Y = np.c_[X[:, 0] - X[:, 1], np.full(20, 3.0)]
    >>> scores(LinearRegression, X, Y, seed=42)[["r2_train", "r2_test", "outside"]].round(6)
       r2_train  r2_test  outside
    0       1.0      1.0      0.0
    1       NaN      NaN      NaN
    """
    X, Y = check_matrices(X, Y)
    _check_folds(folds, len(X))
    if repeats < 1:
        raise ParameterError(
            "Nothing is scored without a repeat.",
            where="repeats",
            expected="at least 1",
            got=f"{repeats:,}",
        )
    sums = np.zeros((4, Y.shape[1]))
    outside, told = np.zeros(Y.shape[1]), np.zeros(Y.shape[1])
    for repeat in range(repeats):
        trained, tested = _Squares(), _Squares()
        for train, test in _splits(len(X), folds, seed + repeat):
            model = _fitted(make, X[train], Y[train])
            mean = Y[train].mean(axis=0)
            trained.add(Y[train], _predicted(model, X[train], Y.shape[1]), mean)
            predicted = _predicted(model, X[test], Y.shape[1])
            tested.add(Y[test], predicted, mean)
            bad, known = _outside(Y[test], predicted)
            outside += bad
            told += known
        sums += np.stack([trained.r2(), tested.r2(), trained.rmse(), tested.rmse()])
    with np.errstate(invalid="ignore"):
        table = np.vstack([sums / repeats, outside / told])
    # Not by SST = 0: the mean of equal numbers may differ from them in the last digit.
    table[:, _constant(Y)] = np.nan
    return pd.DataFrame(table.T, columns=list(COLUMNS))


def held_out(
    make: Callable[[], Model], X: ArrayLike, Y: ArrayLike, *, folds: int = 4, seed: int
) -> _Matrix:
    """Return a prediction of every row by a model that never saw it.

    The folds are those of the first repeat of `scores` with the same seed.

    Returns
    -------
    array of shape (rows, genes)
    """
    X, Y = check_matrices(X, Y)
    _check_folds(folds, len(X))
    predicted = np.empty_like(Y)
    for train, test in _splits(len(X), folds, seed):
        predicted[test] = _predicted(_fitted(make, X[train], Y[train]), X[test], Y.shape[1])
    return predicted


def check_matrices(X: ArrayLike, Y: ArrayLike) -> tuple[_Matrix, _Matrix]:
    """Return features and genes as arrays; an error unless they are finite and have equal rows.

    Examples
    --------
    >>> check_matrices(np.ones((3, 2)), np.ones((4, 9)))
    Traceback (most recent call last):
    analysis_lib.errors.TableError: Features and genes do not have the same rows.
      got:      3 rows of features, 4 rows of genes
      remedy:   Choose the rows that both have, in one order.
    """
    tables = {
        "features": np.asarray(X, dtype=np.float64),
        "genes": np.asarray(Y, dtype=np.float64),
    }
    for name, table in tables.items():
        _check_table(name, table)
    features, genes = tables.values()
    if len(features) != len(genes):
        raise TableError(
            "Features and genes do not have the same rows.",
            got=f"{len(features):,} rows of features, {len(genes):,} rows of genes",
            remedy="Choose the rows that both have, in one order.",
        )
    return features, genes


class _Squares:
    """Squared errors and squared distances from the mean, gene by gene, summed over folds."""

    def __init__(self) -> None:
        self.errors: _Matrix | float = 0.0
        self.total: _Matrix | float = 0.0
        self.rows = 0

    def add(self, truth: _Matrix, predicted: _Matrix, mean: _Matrix) -> None:
        self.errors = self.errors + ((truth - predicted) ** 2).sum(axis=0)
        self.total = self.total + ((truth - mean) ** 2).sum(axis=0)
        self.rows += len(truth)

    def r2(self) -> _Matrix:
        spread = np.where(np.greater(self.total, 0), self.total, np.nan)
        return np.asarray(1 - self.errors / spread)

    def rmse(self) -> _Matrix:
        return np.asarray(np.sqrt(np.divide(self.errors, self.rows)))


def _outside(truth: _Matrix, predicted: _Matrix) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return which genes' R² on these rows is not above the limit, and which have an R²."""
    errors = ((truth - predicted) ** 2).sum(axis=0)
    total = ((truth - truth.mean(axis=0)) ** 2).sum(axis=0)
    known = ~_constant(truth) & np.isfinite(errors)
    return known & (errors >= (1 - LOWEST_INSIDE) * total), known


def _constant(Y: _Matrix) -> NDArray[np.bool_]:
    return np.asarray(Y.max(axis=0) == Y.min(axis=0))


def _fitted(make: Callable[[], Model], X: _Matrix, Y: _Matrix) -> Model:
    model = make()
    model.fit(X, Y)
    return model


def _predicted(model: Model, X: _Matrix, genes: int) -> _Matrix:
    predicted = np.asarray(model.predict(X), dtype=np.float64)
    # A shape that merely broadcasts would be scored without a word.
    if predicted.shape != (len(X), genes):
        raise ParameterError(
            "The model does not predict one column per gene.",
            where="make",
            expected=f"predictions of shape {(len(X), genes)}",
            got=f"shape {predicted.shape}",
            remedy="Give a model of many targets, such as scikit-learn's LinearRegression.",
        )
    return predicted


def _splits(n: int, folds: int, seed: int) -> Iterator[_Split]:
    from sklearn.model_selection import KFold

    yield from KFold(folds, shuffle=True, random_state=seed).split(np.empty((n, 0)))


def _check_folds(folds: int, n: int) -> None:
    most = n // LEAST_IN_TEST
    if not 2 <= folds <= most:
        raise ParameterError(
            "The rows cannot be divided into so many folds.",
            where="folds",
            expected=f"2 to {most:,}" if most >= 2 else f"at least {2 * LEAST_IN_TEST} rows",
            got=f"{folds:,} folds, {n:,} rows",
            remedy=f"Every fold needs {LEAST_IN_TEST} rows: choose other folds or give more rows.",
        )


def _check_table(name: str, table: _Matrix) -> None:
    if table.ndim != 2 or 0 in table.shape:
        raise TableError(
            f"The {name} are not a table with rows and columns.",
            expected="at least one row and one column",
            got=f"an array of shape {table.shape}",
        )
    bad = ~np.isfinite(table)
    if bad.any():
        row, column = np.argwhere(bad)[0]
        raise TableError(
            f"The {name} have values no model can use.",
            where=f"row {row + 1:,}, column {column + 1:,}, both counted from 1",
            expected="finite numbers",
            got=f"{bad.sum():,} of {table.size:,} missing or infinite",
            remedy="Leave those rows or columns out.",
        )

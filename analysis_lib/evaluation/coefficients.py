"""What the coefficients of many genes say: which stay when rows are left out, and which matter."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.cluster.hierarchy import leaves_list, linkage
from scipy.spatial.distance import pdist

from analysis_lib.errors import ParameterError
from analysis_lib.evaluation.genewise import check_matrices

_Matrix: TypeAlias = NDArray[np.float64]
Fit: TypeAlias = Callable[[_Matrix, _Matrix], _Matrix]
"""Takes X and Y, returns coefficients of shape (genes, features)."""

_DECIMALS = 12  # distances that differ by rounding only are ties


@dataclass(frozen=True)
class Stability:
    """Coefficients, and how far they outlast leaving rows out; arrays of genes × features.

    Attributes
    ----------
    coef : array
        Of the fit on all rows.
    chosen : array
        Share of the resamples in which the coefficient is not zero.
    same_sign : array
        Share of the resamples in which it has the sign that it has on all rows; NaN where it has
        none there.
    """

    coef: _Matrix
    chosen: _Matrix
    same_sign: _Matrix


def stability(
    fit: Fit,
    X: ArrayLike,
    Y: ArrayLike,
    *,
    resamples: int = 100,
    share: float = 0.5,
    seed: int,
) -> Stability:
    """Fit again and again on some of the rows, and see which coefficients come back.

    Rows are drawn without replacement (Meinshausen and Bühlmann 2010). In a bootstrap sample
    the same row would stand on both sides of a cross-validation inside `fit`.

    Parameters
    ----------
    fit : callable
        Takes X and Y, returns coefficients of shape (genes, features). A coefficient that is
        not finite counts as not chosen.
    X, Y : arrays of shape (rows, features) and (rows, genes)
        All genes see the same resamples.
    resamples : int
        How often rows are drawn.
    share : float
        Of the rows, in each resample.
    seed : int
        The same seed draws the same rows.

    Examples
    --------
    >>> def fit(X, Y):
    ...     slopes = np.linalg.lstsq(X, Y)[0].T
    ...     return np.where(abs(slopes) > 0.5, slopes, 0)
    >>> X = np.random.default_rng(0).normal(size=(40, 2))
    >>> found = stability(fit, X, -2 * X[:, :1], seed=42)
    >>> found.chosen, found.same_sign
    (array([[1., 0.]]), array([[ 1., nan]]))
    """
    X, Y = check_matrices(X, Y)
    rows = _rows_drawn(len(X), resamples, share)
    coef = _fitted(fit, X, Y)
    draws = np.random.default_rng(seed)
    chosen, same = np.zeros(coef.shape), np.zeros(coef.shape)
    for _ in range(resamples):
        drawn = np.sort(draws.choice(len(X), rows, replace=False))
        again = _signs(_fitted(fit, X[drawn], Y[drawn]))
        chosen += again != 0
        same += again == _signs(coef)
    signed = _signs(coef) != 0
    return Stability(coef, chosen / resamples, np.where(signed, same / resamples, np.nan))


def drivers(
    coef: ArrayLike, features: Sequence[str], among: ArrayLike | None = None
) -> pd.DataFrame:
    """Return for how many genes each feature has a coefficient, and how large it is.

    Parameters
    ----------
    coef : array of shape (genes, features)
        For standardised features, so that their sizes compare.
    features : sequence of str
        Their names.
    among : array of bool of shape (genes,), optional
        The genes that count, such as those discovered; all when not given.

    Returns
    -------
    pandas.DataFrame
        Columns feature, up and down (genes whose coefficient is above and below zero), median
        (of the absolute coefficients that are not zero; NaN where all are); the feature of most
        genes first. A coefficient that is not finite counts as zero.

    Examples
    --------
    >>> drivers([[1.0, 0.0], [-3.0, 0.5], [0.5, 0.0]], ["tau", "ri"])
      feature  up  down  median
    0     tau   2     1     1.0
    1      ri   1     0     0.5
    """
    values = np.asarray(coef, dtype=np.float64)
    kept = np.ones(values.shape[:1], dtype=bool) if among is None else np.asarray(among)
    _check_drivers(values, features, kept)
    values, signs = values[kept], _signs(values[kept])
    columns = [np.abs(values[signs[:, j] != 0, j]) for j in range(len(features))]
    table = pd.DataFrame(
        {
            "feature": pd.Series(list(features), dtype="str"),
            "up": (signs > 0).sum(axis=0),
            "down": (signs < 0).sum(axis=0),
            "median": [float(np.median(column)) if column.size else np.nan for column in columns],
        }
    )
    order = np.argsort(-(table["up"] + table["down"]).to_numpy(), kind="stable")
    return table.iloc[order].reset_index(drop=True)


def ordered(coef: pd.DataFrame, most: int = 200) -> pd.DataFrame:
    """Return the genes with the largest coefficients, alike ones beside each other.

    Rows and columns are in the order of an average-linkage clustering by cosine distance, with
    the leaves turned so that neighbours are as close as they can be. The cosine leaves zeros
    alone: a gene with one coefficient is like another with the same one. Rows and columns of
    zeros have no direction and come last. The order of the input does not matter.

    Parameters
    ----------
    coef : DataFrame of genes × features
        For standardised features. Genes with a missing or infinite coefficient are left out.
    most : int
        Genes kept, by their largest absolute coefficient; by name where these are equal.

    Examples
    --------
    >>> coef = pd.DataFrame({"ri": [0.0, 0, 1, -2], "tau": [1.0, 0, 0.1, 0.1]}, index=[*"abcd"])
    >>> ordered(coef, most=3)
        ri  tau
    d -2.0  0.1
    a  0.0  1.0
    c  1.0  0.1
    """
    if most < 1:
        raise ParameterError(
            "A heat map needs a gene.", where="most", expected="at least 1", got=f"{most:,}"
        )
    named = coef.iloc[_by_name(coef.index), _by_name(coef.columns)]
    values = named.to_numpy(dtype=np.float64)
    finite = np.flatnonzero(np.isfinite(values).all(axis=1))
    sizes = np.abs(values[finite]).max(axis=1, initial=0.0)
    chosen = np.sort(finite[np.argsort(-sizes, kind="stable")[:most]])
    kept = values[chosen]
    return named.iloc[chosen[_leaves(kept)], _leaves(kept.T)]


def _leaves(rows: _Matrix) -> NDArray[np.intp]:
    """Return the positions of the rows in the order of their clustering, rows of zeros last."""
    sizes = np.abs(rows).max(axis=1, initial=0.0)
    directed, rest = np.flatnonzero(sizes > 0), np.flatnonzero(sizes == 0)
    if len(directed) > 2:
        scaled = rows[directed] / sizes[directed, None]  # squares of tiny numbers would vanish
        distances = np.round(np.maximum(pdist(scaled, "cosine"), 0), _DECIMALS)
        tree = linkage(distances, "average", optimal_ordering=True)
        directed = directed[leaves_list(tree)]
    return np.concatenate([directed, rest])


def _by_name(names: pd.Index[str]) -> NDArray[np.intp]:
    return np.argsort(np.asarray(names.astype(str), dtype=object), kind="stable")


def _signs(coef: _Matrix) -> _Matrix:
    """Return −1, 0 or 1; what is not finite is no coefficient."""
    return np.where(np.isfinite(coef), np.sign(coef), 0.0)


def _fitted(fit: Fit, X: _Matrix, Y: _Matrix) -> _Matrix:
    coef = np.asarray(fit(X, Y), dtype=np.float64)
    expected = (Y.shape[1], X.shape[1])
    if coef.shape != expected:
        raise ParameterError(
            "The fit does not give a coefficient per gene and feature.",
            where="fit",
            expected=f"shape {expected}",
            got=f"shape {coef.shape}",
        )
    return coef


def _rows_drawn(n: int, resamples: int, share: float) -> int:
    if resamples < 1:
        raise ParameterError(
            "Nothing comes back without a resample.",
            where="resamples",
            expected="at least 1",
            got=f"{resamples:,}",
        )
    rows = round(share * n) if 0 < share < 1 else 0
    if not 2 <= rows < n:
        raise ParameterError(
            "That share of the rows is no resample of them.",
            where="share",
            expected=f"above 0 and below 1, and from 2 to {n - 1:,} rows",
            got=f"{share:g} of {n:,} rows",
        )
    return rows


def _check_drivers(values: _Matrix, features: Sequence[str], kept: NDArray[np.bool_]) -> None:
    if values.ndim != 2 or values.shape[1] != len(features):
        raise ParameterError(
            "The features are not the columns of the coefficients.",
            where="features",
            expected=f"one name per column of coefficients of shape {values.shape}",
            got=f"{len(features):,} names",
        )
    if kept.dtype != np.bool_ or kept.shape != (len(values),):
        raise ParameterError(
            "The choice of genes does not fit the coefficients.",
            where="among",
            expected=f"true or false for each of {len(values):,} genes",
            got=f"{kept.dtype} of shape {kept.shape}",
        )

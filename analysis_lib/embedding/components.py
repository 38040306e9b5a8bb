"""Principal components by full decomposition, the same on every day and with any threads."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis_lib.errors import TableError

Points: TypeAlias = NDArray[np.float64]

FEW_ROWS = 500  # up to here everything is computed exactly, as no time is lost with it

_EQUAL = 1e-6  # loadings this close are the same number computed in another order
_DECIMALS = 5  # of components of standardised features: what follows is exact enough with them


def pca(
    X: pd.DataFrame, n: int = 3, *, standardise: bool = True
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the principal components, by full decomposition.

    The signs are fixed, so that a rebuilt picture is not the mirror image of the last one.
    Features with one value in every row say nothing and are left out; there are as many
    components as asked, but no more than the features and rows allow.

    Parameters
    ----------
    X : DataFrame of shape (rows, features)
        Finite numbers.
    n : int
        Components wanted.
    standardise : bool
        Whether every feature counts the same. Features in units of their own need it; features
        in one unit, such as logarithms of expression, may be left as they are but for the mean.

    Returns
    -------
    scores : pandas.DataFrame
        Columns PC1, PC2, ... for the rows of `X`.
    explained : pandas.DataFrame
        Columns component, ratio (share of the variance), cumulative.

    Examples
    --------
    >>> X = pd.DataFrame({"a": [0.0, 1, 2, 3], "b": [0.0, 2, 4, 6], "c": [5.0, 5, 5, 5]})
    >>> scores, explained = pca(X)
    >>> list(scores), explained["ratio"].round(3).tolist()
    (['PC1', 'PC2'], [1.0, 0.0])
    """
    values = centred(X, standardise)
    names = [f"PC{i + 1}" for i in range(min(n, values.shape[1], len(X) - 1))]
    scores, ratio = _decomposed(values, len(names))
    explained = pd.DataFrame({"component": names, "ratio": ratio, "cumulative": np.cumsum(ratio)})
    return pd.DataFrame(scores, index=X.index, columns=names), explained


def components(X: pd.DataFrame, n: int | None = None, *, standardise: bool = True) -> Points:
    """Return the first `n` components, or all, in the unit of a feature's typical deviation."""
    values = in_one_unit(centred(X, standardise), standardise)
    wanted = min(n or len(X), values.shape[1], len(X) - 1)
    if wanted < 2:
        raise TableError(
            "There are too few rows or features for a picture in the plane.",
            expected="at least three rows and two features that vary",
            got=f"{len(X):,} rows, {values.shape[1]:,} features that vary",
        )
    # The last digits differ between processors, and must not decide where a row ends up.
    # A zero has a sign as well, which adding zero takes away.
    return _decomposed(values, wanted)[0].round(_DECIMALS) + 0.0


def centred(X: pd.DataFrame, standardise: bool) -> Points:
    """Return the features that vary, each with the mean 0 and, standardised, the variance 1."""
    from sklearn.preprocessing import StandardScaler

    check_numbers(X)
    varied = X.loc[:, X.max() > X.min()].astype(np.float64)
    if varied.empty:
        return np.zeros((len(X), 0))
    return np.asarray(StandardScaler(with_std=standardise).fit_transform(varied))


def in_one_unit(values: Points, standardised: bool) -> Points:
    """Return values whose mean variance is 1: as large as standardised ones, whatever the unit."""
    if standardised or not values.size:
        return values
    unit = float(np.sqrt(values.var(axis=0).mean()))
    return values / unit


def check_numbers(X: pd.DataFrame) -> None:
    """Refuse a table with anything but finite numbers."""
    text = [name for name, kind in X.dtypes.items() if not pd.api.types.is_numeric_dtype(kind)]
    if text:
        raise TableError(
            "Some columns do not hold numbers.",
            where=", ".join(map(str, text[:3])),
            expected="numbers in every column",
            got=f"{len(text):,} of {X.shape[1]:,} columns with something else",
        )
    bad = ~np.isfinite(X.to_numpy(dtype=np.float64, na_value=np.nan))
    if bad.any():
        row, column = (int(each[0]) for each in np.nonzero(bad))
        raise TableError(
            "Some values are missing or infinite.",
            where=f"row {X.index[row]}, column {X.columns[column]}, the first of them",
            expected="finite numbers",
            got=f"{int(bad.sum()):,} of {bad.size:,} values without one",
            remedy="Leave those rows or columns out, or fill the gaps.",
        )


def one_thread() -> AbstractContextManager[Any]:
    """Compute in one thread: shared sums end in other digits with each number of threads."""
    from threadpoolctl import threadpool_limits

    limits: AbstractContextManager[Any] = threadpool_limits(1)
    return limits


def _decomposed(values: Points, n: int) -> tuple[Points, NDArray[np.float64]]:
    """Return the first `n` components of centred values, and their shares of the variance."""
    from sklearn.decomposition import PCA

    if n < 1:
        return np.zeros((len(values), 0)), np.zeros(0)
    if len(values) <= FEW_ROWS:
        fitted = PCA(n_components=n, svd_solver="full")
        scores = np.asarray(fitted.fit_transform(values))
        return scores * _signs(fitted.components_), fitted.explained_variance_ratio_
    with one_thread():
        return _by_products(values, n)


def _by_products(values: Points, n: int) -> tuple[Points, NDArray[np.float64]]:
    """Return components from the products of rows or of features, whichever are fewer.

    For 888 rows with 12,205 features this takes a twentieth of the time of a decomposition of
    the values themselves. It squares them, so that components with less than about a ten
    millionth of the first one's deviation are noise, and set to zero.
    """
    from scipy.linalg import eigh

    wide = values.shape[0] < values.shape[1]
    products = values @ values.T if wide else values.T @ values
    size = len(products)
    few = n < size // 4  # one by one; more of them are found sooner all together
    roots, vectors = eigh(products, subset_by_index=[size - n, size - 1] if few else None)
    roots, vectors = roots[: -n - 1 : -1], vectors[:, : -n - 1 : -1]
    noise = max(values.shape) * np.finfo(np.float64).eps * roots[0]
    roots = np.where(roots > noise, roots, 0.0)
    deviations = np.sqrt(roots)
    if wide:
        inverse = np.divide(1.0, deviations, out=np.zeros(n), where=deviations > 0)
        loadings = (values.T @ vectors * inverse).T
        scores = vectors * deviations
    else:
        loadings = vectors.T
        scores = values @ vectors * (deviations > 0)
    return scores * _signs(loadings), roots / np.trace(products)


def _signs(loadings: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the signs that make the first of each component's largest loadings positive."""
    size = np.abs(loadings)
    # Two features always load equally: rounding must not choose between them.
    largest = (size >= size.max(axis=1, keepdims=True) * (1 - _EQUAL)).argmax(axis=1)
    signs: NDArray[np.float64] = np.sign(loadings[np.arange(len(loadings)), largest])
    return signs

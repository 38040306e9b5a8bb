"""Many features in a few dimensions."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

_EQUAL = 1e-6  # loadings this close are the same number computed in another order


def pca(X: pd.DataFrame, n: int = 3) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the principal components of standardised features, by full decomposition.

    The signs are fixed, so that a rebuilt picture is not the mirror image of the last one.
    Features with one value in every row say nothing and are left out; there are as many
    components as asked, but no more than the features and rows allow.

    Parameters
    ----------
    X : DataFrame of shape (rows, features)
        Finite numbers.
    n : int
        Components wanted.

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
    from sklearn.decomposition import PCA
    from sklearn.preprocessing import StandardScaler

    varied = X.loc[:, X.nunique() > 1]
    names = [f"PC{i + 1}" for i in range(min(n, varied.shape[1], len(X) - 1))]
    ratio = np.zeros(0)
    scores = np.zeros((len(X), 0))
    if names:
        fitted = PCA(n_components=len(names), svd_solver="full")
        scores = fitted.fit_transform(StandardScaler().fit_transform(varied))
        scores *= _signs(fitted.components_)
        ratio = fitted.explained_variance_ratio_
    explained = pd.DataFrame({"component": names, "ratio": ratio, "cumulative": np.cumsum(ratio)})
    return pd.DataFrame(scores, index=X.index, columns=names), explained


def _signs(loadings: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the signs that make the first of each component's largest loadings positive."""
    size = np.abs(loadings)
    # Two features always load equally: rounding must not choose between them.
    largest = (size >= size.max(axis=1, keepdims=True) * (1 - _EQUAL)).argmax(axis=1)
    signs: NDArray[np.float64] = np.sign(loadings[np.arange(len(loadings)), largest])
    return signs

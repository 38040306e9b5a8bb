"""Groups found without looking at the labels, and how far they agree with them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from analysis_lib.errors import ParameterError
from analysis_lib.evaluation.intervals import percentiles

_SINGLE_STARTS = 100


@dataclass(frozen=True)
class Clusters:
    """What k-means found, beside the labels it did not see.

    Attributes
    ----------
    table : pandas.DataFrame
        Columns sample, label, cluster (0 is the largest).
    purity : float
        Share of the rows whose label is the most frequent one of their cluster.
    floor : float
        Share of the largest class: no clustering, however bad, has a lower purity.
    chance : tuple of float
        The middle 95 % of the purity over shuffles of the labels.
    single_starts : tuple of float
        Lowest and highest purity over runs of k-means from one random start each: what a less
        patient search may report.
    adjusted_rand : float
        Agreement of pairs of rows, beyond chance: 1 is perfect, 0 what shuffled labels give.
    silhouette : float
        How much closer rows are to their own cluster than to the next, from −1 to 1; it knows
        nothing of the labels.
    """

    table: pd.DataFrame
    purity: float
    floor: float
    chance: tuple[float, float]
    single_starts: tuple[float, float]
    adjusted_rand: float
    silhouette: float


def k_means(
    X: pd.DataFrame,
    labels: ArrayLike,
    *,
    k: int = 2,
    seed: int,
    starts: int = 5000,
    shuffles: int = 1000,
) -> Clusters:
    """Divide the rows into `k` groups by k-means on standardised values.

    Parameters
    ----------
    X : DataFrame of shape (rows, features)
        Finite numbers; the index names the samples.
    labels : array of shape (rows,)
        The class of each row, of which k-means knows nothing.
    k : int
        Groups.
    seed : int
        The same seed gives the same groups.
    starts : int
        Of all, the result with the smallest squares is taken. On 38 patients with 7,129 genes
        almost every start ends in another local optimum, and ten starts differ by the seed.
    shuffles : int
        How often the labels are shuffled for `chance`.

    Examples
    --------
    >>> X = pd.DataFrame({"a": [0.0, 1, 2, 10, 11]})
    >>> found = k_means(X, ["ALL", "ALL", "AML", "AML", "AML"], seed=42, starts=50)
    >>> found.table["cluster"].tolist(), found.purity, found.floor
    ([0, 0, 0, 1, 1], 0.8, 0.6)
    """
    from sklearn.cluster import KMeans
    from sklearn.decomposition import PCA
    from sklearn.metrics import adjusted_rand_score, silhouette_score
    from sklearn.preprocessing import StandardScaler

    _check_k(k, X)
    # All components keep all distances, and there are fewer of them than of 7,129 genes.
    values = PCA(svd_solver="full").fit_transform(StandardScaler().fit_transform(X.to_numpy()))
    found = KMeans(k, n_init=starts, random_state=seed).fit_predict(values)
    names, truth = np.unique(np.asarray(labels), return_inverse=True)
    cluster = _largest_first(found)
    draws = np.random.default_rng(seed)
    by_chance = [_purity(draws.permutation(truth), cluster) for _ in range(shuffles)]
    hasty = [
        _purity(truth, KMeans(k, n_init=1, random_state=seed + start).fit_predict(values))
        for start in range(_SINGLE_STARTS)
    ]
    return Clusters(
        table=pd.DataFrame(
            {"sample": X.index.astype(str), "label": names[truth], "cluster": cluster}
        ),
        purity=_purity(truth, cluster),
        floor=float(np.bincount(truth).max() / len(truth)),
        chance=percentiles(np.array(by_chance)),
        single_starts=(min(hasty), max(hasty)),
        adjusted_rand=float(adjusted_rand_score(truth, cluster)),
        silhouette=float(silhouette_score(values, cluster)),
    )


def _check_k(k: int, X: pd.DataFrame) -> None:
    distinct = len(X.drop_duplicates())
    most = min(distinct, len(X) - 1)
    if not 2 <= k <= most:
        raise ParameterError(
            "The rows cannot be divided into so many clusters.",
            where="clusters",
            expected=f"2 to {most:,} clusters" if most >= 2 else "at least three rows that differ",
            got=f"{k:,} clusters, {len(X):,} rows, {distinct:,} of them different",
        )


def _largest_first(found: NDArray[np.int32]) -> NDArray[np.intp]:
    """Return cluster numbers by falling size; among equals that of the first row comes first."""
    _, first, number, size = np.unique(
        found, return_index=True, return_inverse=True, return_counts=True
    )
    order = np.lexsort((first, -size))
    return np.argsort(order)[number]


def _purity(truth: NDArray[np.intp], cluster: NDArray[np.intp]) -> float:
    counts = np.zeros((cluster.max() + 1, truth.max() + 1), dtype=np.intp)
    np.add.at(counts, (cluster, truth), 1)
    return float(counts.max(axis=1).sum() / len(truth))

"""What a picture is worth: whose neighbours it keeps, and how far labels lie apart in it.

Each has beside it what chance gives: a share of neighbours with the same label means little
without the share that any points would have.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from analysis_lib.embedding.components import Points, components
from analysis_lib.embedding.maps import check_neighbours


def trustworthiness(X: pd.DataFrame, points: Points, neighbours: int) -> float:
    """Return how far the neighbours in the plane are neighbours among the features as well.

    1 when they all are; rows that are drawn close though they are far apart lower it, the more
    the farther (Venna and Kaski 2001).
    """
    check_neighbours(neighbours, len(X))
    return trustworthiness_of(components(X), points, neighbours)


def trustworthiness_of(scores: Points, points: Points, neighbours: int) -> float:
    """Return the trustworthiness of a picture, given the components."""
    from sklearn.manifold import trustworthiness as measured

    return float(measured(scores, points, n_neighbors=neighbours))


def chance_trustworthiness(rows: int, neighbours: int) -> float:
    """Return the trustworthiness to be expected of points strewn at random.

    Examples
    --------
    >>> round(chance_trustworthiness(1000, 15), 3)
    0.503
    """
    n, k = rows, neighbours
    # Each of a row's k neighbours in the plane has a rank from 1 to n - 1 among the features,
    # all equally likely, and costs what that rank is above k.
    return 1 - (n - 1 - k) * (n - k) / ((n - 1) * (2 * n - 3 * k - 1))


def neighbour_purity(points: Points, labels: ArrayLike, neighbours: int) -> float:
    """Return the mean share of a row's nearest neighbours that have its label.

    Examples
    --------
    >>> points = np.array([[0.0, 0], [0, 1], [9, 0], [9, 1]])
    >>> neighbour_purity(points, ["ALL", "ALL", "AML", "AML"], neighbours=1)
    1.0
    """
    names = np.asarray(labels)
    return float((names[_nearest(points, neighbours)] == names[:, None]).mean())


def chance_purity(labels: ArrayLike) -> float:
    """Return the neighbour purity to be expected when position and label have nothing in common.

    Examples
    --------
    >>> round(chance_purity(["ALL"] * 47 + ["AML"] * 25), 2)
    0.54
    """
    _, counts = np.unique(np.asarray(labels), return_counts=True)
    n = counts.sum()
    return float((counts * (counts - 1)).sum() / (n * (n - 1)))


def silhouette(points: Points, labels: ArrayLike) -> float:
    """Return how much closer rows lie to their own label than to the next, from −1 to 1.

    The mean over the rows of (b − a) / max(a, b): a is the mean distance to the others of the
    same label, b that to the nearest other label. The only row of its label counts as 0
    (Rousseeuw 1987). NaN when all labels are the same, or all different.

    Examples
    --------
    >>> points = np.array([[0.0, 0], [0, 1], [9, 0], [9, 1]])
    >>> round(silhouette(points, ["ALL", "ALL", "AML", "AML"]), 2)
    0.89
    """
    numbers = pd.factorize(np.asarray(labels))[0]
    return _silhouette(_distances(points), numbers)


def chance_silhouette(points: Points, labels: ArrayLike, *, seed: int, shuffles: int = 20) -> float:
    """Return the mean silhouette over shuffles of the labels: below 0, the more so the more labels.

    By chance alone some other label always lies nearer than one's own.
    """
    draws = np.random.default_rng(seed)
    numbers = pd.factorize(np.asarray(labels))[0]
    distances = _distances(points)
    return float(
        np.mean([_silhouette(distances, draws.permutation(numbers)) for _ in range(shuffles)])
    )


def stability(pictures: Sequence[Points], neighbours: int) -> tuple[float, float, float]:
    """Return how far pictures of the same rows agree on who is whose neighbour.

    For each pair of pictures it is the mean Jaccard overlap of the rows' sets of nearest
    neighbours: 1 when all sets are the same, whatever is turned, mirrored or stretched.

    Returns
    -------
    mean, lowest, highest : float
        Over the pairs.
    """
    sets = []
    for points in pictures:
        member = np.zeros((len(points), len(points)), dtype=bool)
        np.put_along_axis(member, _nearest(points, neighbours), True, axis=1)
        sets.append(member)
    overlaps = [
        float(((one & other).sum(axis=1) / (one | other).sum(axis=1)).mean())
        for one, other in combinations(sets, 2)
    ]
    return float(np.mean(overlaps)), min(overlaps), max(overlaps)


def _nearest(points: Points, neighbours: int) -> NDArray[np.intp]:
    from sklearn.neighbors import NearestNeighbors

    found = NearestNeighbors(n_neighbors=neighbours).fit(points)
    return np.asarray(found.kneighbors(return_distance=False), dtype=np.intp)


def _distances(points: Points) -> NDArray[np.float64]:
    from scipy.spatial.distance import cdist

    return np.asarray(cdist(points, points))


def _silhouette(distances: NDArray[np.float64], numbers: NDArray[np.intp]) -> float:
    counts = np.bincount(numbers)
    if not 1 < len(counts) < len(numbers):
        return float("nan")
    rows = np.arange(len(numbers))
    member = (numbers[:, None] == np.arange(len(counts))).astype(np.float64)
    sums = distances @ member
    alone = counts[numbers] == 1
    own = sums[rows, numbers] / np.where(alone, 1, counts[numbers] - 1)
    means = sums / counts
    means[rows, numbers] = np.inf
    other = means.min(axis=1)
    larger = np.maximum(own, other)
    # Rows that all lie on one point are as close to one label as to the other.
    scores = np.divide(other - own, larger, out=np.zeros(len(rows)), where=larger > 0)
    return float(np.where(alone, 0.0, scores).mean())

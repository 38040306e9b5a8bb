"""Rows in the plane by t-SNE and UMAP: the same picture every time.

t-SNE takes smaller steps here than those in use for thousands of rows (an exaggeration of 12, and
steps that go with it): with those the points of 72 jump, and the order of the rows is enough to
change half of everyone's neighbours. Of 24 tables with 34 to 72 rows, expression and noise, all
fitted better with these (a divergence of 0.61 on average instead of 0.70), and the order of the
rows did not matter. So it is with many rows: three tables of 888 and 1,809 cells fitted better
(1.12 instead of 1.16), and after a change of order cells kept 94 to 99 % of their neighbours
instead of 53 to 60 %.
"""

from __future__ import annotations

import sys
import warnings
from contextlib import suppress
from functools import cache
from typing import Any, Literal, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis_lib.embedding.components import FEW_ROWS, Points, components, one_thread
from analysis_lib.errors import ParameterError

Start: TypeAlias = Literal["pca", "random"]

_TSNE_START = 1e-4  # the spread of the first points, as scikit-learn has it
_EXAGGERATION = 2.0  # of the attraction at first; scikit-learn's is 12
_STEPS = 16  # rows by learning rate; scikit-learn's "auto" is 48, but a rate of 50 at least
_OF_THE_GRAPH = ("smooth_knn_dist", "compute_membership_strengths")
_OF_THE_PICTURE = ("_nb_optimize_layout_euclidean_single_epoch",)
"""What UMAP compiles for one picture, by its own names."""

_SPARE = 5  # rows looked at beyond the nearest, for those that rounding puts in another order


def tsne(X: pd.DataFrame, *, seed: int, perplexity: float = 10.0, start: Start = "pca") -> Points:
    """Return the rows in the plane by t-SNE, computed exactly for up to 500 rows.

    Beyond, distant points repel one another in groups (Barnes and Hut), which takes seconds where
    the exact way takes a minute.

    Parameters
    ----------
    X : DataFrame of shape (rows, features)
        Finite numbers; they are standardised.
    seed : int
        Decides everything when the start is random, and nothing otherwise.
    perplexity : float
        About how many neighbours of a row count; at most a third of the others.
    start : "pca" or "random"
        Where the points are at first.
    """
    check_perplexity(perplexity, len(X))
    return tsne_of(components(X), seed, perplexity, start)


def umap(X: pd.DataFrame, *, seed: int, neighbours: int = 10, start: Start = "pca") -> Points:
    """Return the rows in the plane by UMAP, in one thread.

    Parameters
    ----------
    X : DataFrame of shape (rows, features)
        Finite numbers; they are standardised.
    seed : int
        Of the random draws, with either start.
    neighbours : int
        How many neighbours of a row count; fewer than half of the rows.
    start : "pca" or "random"
        Where the points are at first.
    """
    check_neighbours(neighbours, len(X))
    return umap_of(components(X), seed, neighbours, start)


def tsne_of(scores: Points, seed: int, perplexity: float, start: Start) -> Points:
    """Return the rows in the plane by t-SNE, given their components."""
    from sklearn.manifold import TSNE

    # Scikit-learn's own start from the components finds them by a random method.
    first = scores[:, :2] / scores[:, 0].std() * _TSNE_START
    model = TSNE(
        perplexity=perplexity,
        method="exact" if len(scores) <= FEW_ROWS else "barnes_hut",
        init=first if start == "pca" else "random",
        early_exaggeration=_EXAGGERATION,
        learning_rate=len(scores) / _STEPS,
        random_state=seed,
        n_jobs=1,
    )
    with one_thread():  # its `n_jobs` is for finding neighbours only
        return np.asarray(model.fit_transform(scores), dtype=np.float64)


def umap_of(scores: Points, seed: int, neighbours: int, start: Start) -> Points:
    """Return the rows in the plane by UMAP, given their components."""
    with warnings.catch_warnings():
        # Neighbours found here are not good for placing rows that come later: there are none.
        warnings.filterwarnings("ignore", message=r"precomputed_knn\[2\]")
        with one_thread():
            model = _umap_class()(
                n_neighbors=neighbours,
                precomputed_knn=nearest(scores, neighbours),
                init=scores[:, :2] if start == "pca" else "random",
                random_state=seed,
                n_jobs=1,
            )
            return np.asarray(model.fit_transform(scores), dtype=np.float64)


def nearest(scores: Points, n: int) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """Return every row's `n` nearest rows, itself first, and how far away they are.

    They are found by products of the rows, fast and for any number of them. Those round, so that
    a few more are asked for and put in the order of their exact distances.
    """
    from sklearn.neighbors import NearestNeighbors

    asked = min(n - 1 + _SPARE, len(scores) - 1)
    found = NearestNeighbors(n_neighbors=asked, algorithm="brute").fit(scores)
    others = np.sort(found.kneighbors(return_distance=False), axis=1)
    apart = np.stack([np.linalg.norm(scores - scores[each], axis=1) for each in others.T], axis=1)
    order = np.argsort(apart, axis=1, kind="stable")[:, : n - 1]
    itself = np.arange(len(scores))[:, np.newaxis]
    rows = np.hstack([itself, np.take_along_axis(others, order, axis=1)])
    distances = np.hstack([np.zeros(itself.shape), np.take_along_axis(apart, order, axis=1)])
    return rows.astype(np.int32), distances.astype(np.float32)


@cache
def _umap_class() -> type[Any]:
    """Return UMAP without what is not used of it, and compiled once for all processes.

    Importing it imports TensorFlow, for a variant of it; and what it compiles it keeps nowhere.
    Together that was 17 seconds of every process.
    """
    variant = "umap.parametric_umap"
    known = variant in sys.modules
    sys.modules.setdefault(variant, None)  # type: ignore[arg-type]  # "cannot be imported"
    try:
        with warnings.catch_warnings():
            # Its progress bars, which are never shown, miss a package of Jupyter's.
            warnings.filterwarnings("ignore", message="IProgress not found")
            warnings.filterwarnings("ignore", message="Tensorflow not installed")
            from umap import UMAP, layouts, umap_
    finally:
        if not known:
            del sys.modules[variant]
    for module, names in ((umap_, _OF_THE_GRAPH), (layouts, _OF_THE_PICTURE)):
        for name in names:
            with suppress(AttributeError):  # another version of UMAP
                getattr(module, name).enable_caching()
    umap_class: type[Any] = UMAP
    return umap_class


def check_perplexity(perplexity: float, rows: int) -> None:
    """Refuse a perplexity that so many rows do not allow."""
    most = (rows - 1) / 3
    if not 1 < perplexity <= most:
        raise _unfit(
            "perplexity", f"above 1, at most {most:.3g} (a third of the rest)", perplexity, rows
        )


def check_neighbours(neighbours: int, rows: int) -> None:
    """Refuse more neighbours than so many rows allow."""
    most = (rows - 1) // 2
    if not 2 <= neighbours <= most:
        raise _unfit("neighbours", f"from 2 to {most} (fewer than half)", neighbours, rows)


def _unfit(name: str, expected: str, got: float, rows: int) -> ParameterError:
    return ParameterError(
        "So many neighbours cannot be looked at among so few rows.",
        where=name,
        expected=expected,
        got=f"{got:g} with {rows:,} rows",
        remedy=f"Choose another value of {name}, or give more rows.",
    )

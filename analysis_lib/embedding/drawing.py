"""Pictures of the same rows by several methods, with what each is worth."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Literal, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from analysis_lib.embedding import quality
from analysis_lib.embedding.components import Points, centred, components
from analysis_lib.embedding.maps import Start, check_neighbours, check_perplexity, tsne_of, umap_of
from analysis_lib.errors import ParameterError, TableError

Method: TypeAlias = Literal["PCA", "t-SNE", "UMAP"]
METHODS: tuple[Method, ...] = ("PCA", "t-SNE", "UMAP")

_COLUMNS = ("method", "x", "y", "sample")
_MEASURED = 3000  # rows at most: measures look at every pair, and as many as these are enough


def embeddings(
    X: pd.DataFrame,
    labels: ArrayLike,
    *,
    seeds: Sequence[int],
    perplexity: float = 10.0,
    neighbours: int = 10,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the rows in the plane by PCA, t-SNE and UMAP, and what each picture is worth.

    The pictures are those of the first seed, which start from the principal components. With
    the other seeds t-SNE and UMAP start at random: what all of them show does not depend on it.

    Parameters
    ----------
    X : DataFrame of shape (rows, features)
        Finite numbers; the index names the samples.
    labels : array of shape (rows,)
        The class of each row, for the purity of the neighbourhoods; no method sees them.
    seeds : sequence of int
        At least two.
    perplexity : float
        Of t-SNE.
    neighbours : int
        Of UMAP and of all measures.

    Returns
    -------
    points : pandas.DataFrame
        Columns method ("PCA", "t-SNE", "UMAP"), x, y, sample, label.
    quality : pandas.DataFrame
        Columns method, measure ("trustworthiness", "neighbour purity", "stability"), value, low,
        high. Value is that of the picture, low and high are the extremes over the seeds; of
        stability they are mean and extremes over the pairs of seeds. PCA has no seed.
    """
    check_perplexity(perplexity, len(X))
    check_neighbours(neighbours, len(X))
    if len(seeds) < 2:
        raise ParameterError(
            "Whether a picture is stable is seen by drawing it again.",
            where="seeds",
            expected="at least two",
            got=f"{len(seeds)}",
        )
    scores = components(X)
    again: list[Start] = ["random"] * (len(seeds) - 1)
    starts: list[Start] = ["pca", *again]
    drawn = {
        "PCA": [scores[:, :2]],
        "t-SNE": [
            tsne_of(scores, seed, perplexity, start)
            for seed, start in zip(seeds, starts, strict=True)
        ],
        "UMAP": [
            umap_of(scores, seed, neighbours, start)
            for seed, start in zip(seeds, starts, strict=True)
        ],
    }
    names = np.asarray(labels)
    points = pd.concat(
        [
            _points(method, first, X.index).assign(label=names)
            for method, (first, *_) in drawn.items()
        ],
        ignore_index=True,
    )
    rows = [
        (method, measure, *values)
        for method, of_method in drawn.items()
        for measure, values in _over_seeds(scores, of_method, names, neighbours).items()
    ]
    return points, pd.DataFrame(rows, columns=["method", "measure", "value", "low", "high"])


def pictures(
    X: pd.DataFrame,
    labels: pd.DataFrame,
    *,
    seed: int,
    methods: Sequence[Method] = METHODS,
    components_kept: int = 50,
    standardise: bool = True,
    perplexity: float = 30.0,
    neighbours: int = 15,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return one picture per method of a large table, and how far it can be trusted.

    t-SNE and UMAP see the first components only; trustworthiness is about all features. Of more
    than 3,000 rows so many, drawn by lot, are measured.

    Parameters
    ----------
    X : DataFrame of shape (rows, features)
        Finite numbers; the index names the samples.
    labels : DataFrame of shape (rows, labellings)
        With the rows of `X`; a column for every way of naming them, such as type and line.
        No method sees them. Rows whose label is empty or missing are drawn, but count neither
        for nor against the measures of that labelling.
    seed : int
        Of UMAP, and of the shuffles of the labels.
    methods : sequence of "PCA", "t-SNE", "UMAP"
        Which pictures.
    components_kept : int
        At least two.
    standardise : bool
        Whether every feature counts the same; see `pca`.
    perplexity : float
        Of t-SNE.
    neighbours : int
        Of UMAP and of all measures.

    Returns
    -------
    points : pandas.DataFrame
        Columns method, x, y, sample, and those of `labels`.
    quality : pandas.DataFrame
        Columns method, measure, labels, value, chance: "trustworthiness" (`labels` is empty), and
        for every labelling "neighbour purity" and "silhouette", with what random points or
        shuffled labels give. NaN where there is nothing to measure, as with one label only.
    """
    check_perplexity(perplexity, len(X))
    check_neighbours(neighbours, min(len(X), _MEASURED))
    _check_labels(labels, X.index)
    _check_kept(components_kept)
    scores = components(X, components_kept, standardise=standardise)
    draw: dict[Method, Callable[[], Points]] = {
        "PCA": lambda: scores[:, :2],
        "t-SNE": lambda: tsne_of(scores, seed, perplexity, "pca"),
        "UMAP": lambda: umap_of(scores, seed, neighbours, "pca"),
    }
    drawn = {method: draw[method]() for method in methods}
    about = labels.reset_index(drop=True)
    points = [_points(method, each, X.index).join(about) for method, each in drawn.items()]
    some = _some(len(X), seed)
    trust = _trust(centred(X, standardise)[some], drawn, some, neighbours)
    rows: list[tuple[str, str, str, float, float]] = []
    for method, each in drawn.items():
        rows.append((method, "trustworthiness", "", *trust[method]))
        for name in labels:
            found = _of_labels(each[some], labels[name].iloc[some], neighbours, seed)
            rows += [(method, measure, str(name), *values) for measure, values in found]
    columns = ["method", "measure", "labels", "value", "chance"]
    return pd.concat(points, ignore_index=True), pd.DataFrame(rows, columns=columns)


def _points(method: str, points: Points, names: pd.Index) -> pd.DataFrame:
    return pd.DataFrame(
        {"method": method, "x": points[:, 0], "y": points[:, 1], "sample": names.astype(str)}
    )


def _over_seeds(
    scores: Points, drawn: list[Points], labels: NDArray[np.str_], neighbours: int
) -> dict[str, tuple[float, float, float]]:
    trust = [quality.trustworthiness_of(scores, points, neighbours) for points in drawn]
    purity = [quality.neighbour_purity(points, labels, neighbours) for points in drawn]
    return {
        "trustworthiness": (trust[0], min(trust), max(trust)),
        "neighbour purity": (purity[0], min(purity), max(purity)),
        "stability": quality.stability(drawn, neighbours) if len(drawn) > 1 else (1.0, 1.0, 1.0),
    }


def _some(rows: int, seed: int) -> NDArray[np.intp]:
    if rows <= _MEASURED:
        return np.arange(rows)
    return np.sort(np.random.default_rng(seed).choice(rows, _MEASURED, replace=False))


def _trust(
    values: Points, drawn: dict[Method, Points], some: NDArray[np.intp], neighbours: int
) -> dict[Method, tuple[float, float]]:
    from sklearn.manifold import trustworthiness
    from sklearn.metrics import pairwise_distances

    distances = pairwise_distances(values)  # once for all pictures
    chance = quality.chance_trustworthiness(len(some), neighbours)
    return {
        method: (
            float(
                trustworthiness(
                    distances, points[some], n_neighbors=neighbours, metric="precomputed"
                )
            ),
            chance,
        )
        for method, points in drawn.items()
    }


def _of_labels(
    points: Points, labels: pd.Series, neighbours: int, seed: int
) -> Iterator[tuple[str, tuple[float, float]]]:
    known = (labels.notna() & (labels.astype(str) != "")).to_numpy()
    names, points = labels[known].astype(str).to_numpy(), points[known]
    if len(names) <= neighbours:
        yield "neighbour purity", (float("nan"), float("nan"))
        yield "silhouette", (float("nan"), float("nan"))
        return
    purity = quality.neighbour_purity(points, names, neighbours)
    yield "neighbour purity", (purity, quality.chance_purity(names))
    width = quality.silhouette(points, names)
    yield "silhouette", (width, quality.chance_silhouette(points, names, seed=seed))


def _check_labels(labels: pd.DataFrame, names: pd.Index) -> None:
    if not labels.index.equals(names):
        same = len(names.intersection(labels.index))
        raise TableError(
            "The labels do not go with the rows.",
            where="labels",
            expected=f"the {len(names):,} rows of the table, in their order",
            got=f"{len(labels):,} rows, of which {same:,} are in the table",
        )
    taken = [name for name in _COLUMNS if name in labels]
    if taken:
        raise TableError(
            "A labelling has the name of something else.",
            where="labels",
            expected=f"no column called {', '.join(_COLUMNS)}",
            got=", ".join(taken),
        )


def _check_kept(kept: int) -> None:
    if kept < 2:
        raise ParameterError(
            "A picture in the plane needs two components.",
            where="components_kept",
            expected="2 or more",
            got=f"{kept:,}",
        )

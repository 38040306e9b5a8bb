"""Which genes are chosen again when the patients change, and what choosing them too early does."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from analysis_lib.errors import TableError
from analysis_lib.evaluation.choice import shuffled_folds
from analysis_lib.evaluation.splits import check_classes, sample

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

Score: TypeAlias = Callable[[NDArray[np.float64], NDArray[np.intp]], NDArray[np.float64]]
"""A number per column that grows with what it tells about the labels."""

Chosen: TypeAlias = tuple[NDArray[np.intp], NDArray[np.float64]]
"""Positions of columns, and for each a number above 0 when label 1 has more of it."""

Chooser: TypeAlias = Callable[[NDArray[np.float64], NDArray[np.intp]], Chosen]


def stability(
    chooser: Chooser,
    X: pd.DataFrame,
    y: ArrayLike,
    *,
    resamples: int,
    seed: int,
    share: float = 0.8,
) -> pd.DataFrame:
    """Return how often each gene is chosen when only some of the rows are looked at.

    Parameters
    ----------
    chooser : function of X and y
        What chooses: `strongest(score, 50)`, or a model that is fitted and asked for its genes.
    X : DataFrame of shape (rows, genes)
        The training part.
    y : array of 0 and 1
        The label of each row.
    resamples : int
        How often rows are drawn: `share` of them, without replacement, within each class.
    seed : int
        The same seed draws the same rows, for every chooser.

    Returns
    -------
    pandas.DataFrame
        Columns gene, share (of the resamples that chose it), sign (1 when label 1 mostly had
        more of it, else -1); only genes chosen at least once, the most frequent first.

    Examples
    --------
    >>> def difference(X, y):
    ...     return np.abs(X[y == 1].mean(axis=0) - X[y == 0].mean(axis=0))
    >>> X = pd.DataFrame({"a": [1.0, 2] * 6, "b": [0.0] * 6 + [5.0] * 6})
    >>> table = stability(strongest(difference, 1), X, [1] * 6 + [0] * 6, resamples=9, seed=42)
    >>> table.to_dict("split")["data"]
    [['b', 1.0, -1]]
    """
    check_classes(y)
    values, labels = np.ascontiguousarray(X), np.asarray(y)
    times, signs = np.zeros(X.shape[1], dtype=np.intp), np.zeros(X.shape[1])
    for draw in range(resamples):
        rows = sample(labels, round(share * len(labels)), seed + draw)
        positions, sides = chooser(values[rows], labels[rows])
        times[positions] += 1
        signs[positions] += np.sign(sides)
    table = pd.DataFrame(
        {
            "gene": X.columns.astype(str),
            "share": times / resamples,
            "sign": np.where(signs >= 0, 1, -1),
        }
    )
    often = table[times > 0].sort_values("share", ascending=False, kind="stable")
    return often.reset_index(drop=True)


def strongest(score: Score, genes: int) -> Chooser:
    """Return a chooser of the `genes` columns with the highest scores.

    Columns that score 0 or have no score are never chosen.
    """

    def chooser(X: NDArray[np.float64], y: NDArray[np.intp]) -> Chosen:
        scores = score(X, y)
        order = np.argsort(-scores, kind="stable")[:genes]
        positions = order[scores[order] > 0]
        if not positions.size:
            raise TableError(
                "No gene differs between the classes.",
                expected="at least one gene whose values vary",
                got=f"{X.shape[1]:,} genes and {len(X):,} samples in which none does",
                remedy="Look whether the table holds expression values, or loosen the filters.",
            )
        X = X[:, positions]
        return positions, X[y == 1].mean(axis=0) - X[y != 1].mean(axis=0)

    return chooser


def selection_bias(
    pipeline: Pipeline,
    X: pd.DataFrame,
    y: ArrayLike,
    *,
    chooser: Chooser,
    draws: int,
    folds: int,
    seed: int,
) -> pd.DataFrame:
    """Cross-validate with the genes chosen too early and in time, on true and shuffled labels.

    Genes chosen on all rows have already seen the rows that a fold will be
    judged by, so that even labels that mean nothing seem predictable (Ambroise and McLachlan
    2002). Chosen inside the folds they have not.

    Parameters
    ----------
    pipeline : Pipeline
        Unfitted; it is given the chosen genes only.
    X : DataFrame of shape (rows, genes)
        The training part.
    y : array of 0 and 1
        The label of each row.
    chooser : function of X and y
        What chooses the genes.
    draws : int
        How often the folds are drawn anew, and the labels shuffled anew.
    folds : int
        Stratified folds.
    seed : int
        The same seed draws the same.

    Returns
    -------
    pandas.DataFrame
        Columns choice ("outside the folds", "inside the folds"), labels ("true", "shuffled"),
        draw, accuracy.
    """
    from sklearn.base import clone

    check_classes(y, folds=folds)
    values, truth = np.ascontiguousarray(X), np.asarray(y)
    shuffles = np.random.default_rng(seed)
    rows = []
    for draw, division in enumerate(shuffled_folds(folds, draws, seed)):
        for kind, labels in (("true", truth), ("shuffled", shuffles.permutation(truth))):
            early, _ = chooser(values, labels)
            right = {"outside the folds": 0, "inside the folds": 0}
            for train, test in division.split(values, labels):
                in_time, _ = chooser(values[train], labels[train])
                for choice, chosen in zip(right, (early, in_time), strict=True):
                    fitted = clone(pipeline).fit(values[np.ix_(train, chosen)], labels[train])
                    predicted = fitted.predict(values[np.ix_(test, chosen)])
                    right[choice] += int((predicted == labels[test]).sum())
            rows += [(choice, kind, draw, n / len(truth)) for choice, n in right.items()]
    return pd.DataFrame(rows, columns=["choice", "labels", "draw", "accuracy"])

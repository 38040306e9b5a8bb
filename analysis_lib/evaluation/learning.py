"""How the accuracy grows with the number of rows that a model learns from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from analysis_lib.errors import ParameterError
from analysis_lib.evaluation import intervals
from analysis_lib.evaluation.splits import check_classes, sample

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

LEAST = 4
"""With fewer rows a class may have a single one, which has no spread."""


def curve(
    models: Mapping[str, Pipeline],
    X: pd.DataFrame,
    y: ArrayLike,
    X_test: pd.DataFrame,
    y_test: ArrayLike,
    *,
    sizes: Sequence[int],
    draws: int,
    seed: int,
) -> pd.DataFrame:
    """Return the accuracy on the test rows of models fitted on some of the training rows.

    Parameters
    ----------
    models : mapping of name to Pipeline
        Unfitted; every one sees the same rows.
    X, y : DataFrame and array of 0 and 1
        The training rows.
    X_test, y_test : DataFrame and array of 0 and 1
        The rows predicted, the same at every size.
    sizes : sequence of int
        Numbers of training rows, drawn with the classes in their proportion.
    draws : int
        How often rows are drawn at each size; all rows can be drawn in one way only.
    seed : int
        The same seed draws the same rows.

    Returns
    -------
    pandas.DataFrame
        Columns model, size, value (the mean of the draws), low, high, draws. The interval is
        the wider one, on each side, of the middle 95 % of the draws and of the Wilson interval
        of as many rows as are tested, which one fit on all rows has as well.
    """
    from sklearn.base import clone

    check_classes(y)
    _check_sizes(sizes, len(X))
    values, labels = np.ascontiguousarray(X), np.asarray(y)
    tested, truth = np.ascontiguousarray(X_test), np.asarray(y_test)
    rows = []
    for size in sizes:
        times = draws if size < len(labels) else 1
        drawn = [sample(labels, size, seed + draw) for draw in range(times)]
        for model, pipeline in models.items():
            fits = (clone(pipeline).fit(values[part], labels[part]) for part in drawn)
            right = np.array([(fitted.predict(tested) == truth).mean() for fitted in fits])
            value = float(right.mean())
            low, high = intervals.hull(
                intervals.percentiles(right), intervals.wilson(value, len(truth))
            )
            rows.append((model, size, value, low, high, times))
    table = pd.DataFrame(rows, columns=["model", "size", "value", "low", "high", "draws"])
    return table


def _check_sizes(sizes: Sequence[int], n: int) -> None:
    wrong = [size for size in sizes if not LEAST <= size <= n]
    if wrong or not sizes:
        raise ParameterError(
            "A model cannot be fitted on so many training rows.",
            where="sizes",
            expected=f"numbers of rows from {LEAST} to {n:,}",
            got=", ".join(f"{size:,}" for size in wrong[:3]) or "no size",
        )

"""Choosing a model's settings by cross-validation, the simplest of those that are good enough."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from analysis_lib.evaluation.probabilities import log_loss
from analysis_lib.evaluation.splits import check_classes

if TYPE_CHECKING:
    from sklearn.model_selection import StratifiedKFold
    from sklearn.pipeline import Pipeline

Settings = dict[str, Any]
_READ_AS = {"k": "genes"}


class Candidate(Protocol):
    """A pipeline, and what is to be chosen about it.

    Attributes
    ----------
    pipeline : Pipeline
        Unfitted.
    grid : mapping of `step__parameter` to values
        As in scikit-learn; empty when there is nothing to choose.
    scoring : "neg_log_loss" or "accuracy"
        What the choice is made by.
    """

    @property
    def pipeline(self) -> Pipeline: ...  # noqa: D102 - said above
    @property
    def grid(self) -> Mapping[str, Sequence[Any]]: ...  # noqa: D102
    @property
    def scoring(self) -> str: ...  # noqa: D102

    def size(self, params: Settings, /) -> Any:
        """Return a sort key: the smaller, the simpler is the model with these settings."""


@dataclass(frozen=True)
class Choice:
    """The settings chosen, and the pipeline fitted with them.

    Attributes
    ----------
    pipeline : Pipeline
        Fitted on all rows given.
    params : dict
        The settings chosen.
    score : float
        Their mean score in cross-validation; NaN when there was nothing to choose.
    table : pandas.DataFrame
        One row per setting, in the order of the grid: setting (as people read it), score, error
        (its standard error), within (one standard error of the best), chosen.
    """

    pipeline: Pipeline
    params: Settings
    score: float
    table: pd.DataFrame


def choose(
    candidate: Candidate,
    X: pd.DataFrame | NDArray[np.float64],
    y: ArrayLike,
    *,
    folds: int,
    repeats: int,
    seed: int,
) -> Choice:
    """Choose the simplest settings that are as good as the best, and fit them on all rows.

    The one-standard-error rule (Breiman et al. 1984): of the settings whose mean score is
    within one standard error of the best, the one with the smallest `size` is taken; among
    equals the better score decides, then the order of the grid. The standard error is that of
    a single cross-validation (standard deviation of the fold scores by the root of `folds`):
    repeats steady the means, but bring no new rows.

    Parameters
    ----------
    candidate : Candidate
        What to choose from. With a single setting nothing is cross-validated.
    X : DataFrame or array of shape (rows, features)
        The training part; the pipeline is fitted on it as it is given.
    y : array of 0 and 1
        The label of each row.
    folds, repeats : int
        Stratified folds, shuffled anew in every repeat.
    seed : int
        The same seed gives the same folds, for every candidate.
    """
    from sklearn.base import clone
    from sklearn.model_selection import ParameterGrid

    settings = list(ParameterGrid(dict(candidate.grid)))
    if len(settings) > 1:
        check_classes(y, folds=folds)
        scores = _grid_scores(candidate, settings, X, y, shuffled_folds(folds, repeats, seed))
        means, errors = scores.mean(axis=1), scores.std(axis=1, ddof=1) / math.sqrt(folds)
        within = means >= means.max() - errors[means.argmax()]
    else:
        means, errors, within = np.full(1, np.nan), np.full(1, np.nan), np.ones(1, dtype=bool)
    chosen = min(
        np.flatnonzero(within).tolist(), key=lambda i: (candidate.size(settings[i]), -means[i])
    )
    table = pd.DataFrame(
        {
            "setting": [in_words(params) for params in settings],
            "score": means,
            "error": errors,
            "within": within,
            "chosen": np.arange(len(settings)) == chosen,
        }
    )
    fitted = clone(candidate.pipeline).set_params(**settings[chosen]).fit(X, y)
    return Choice(fitted, settings[chosen], float(means[chosen]), table)


def in_words(params: Settings) -> str:
    """Return settings as people read them.

    Examples
    --------
    >>> in_words({"select__k": 50, "model__C": 10.0})
    'genes=50, C=10'
    """
    short = {name.split("__")[-1]: value for name, value in params.items()}
    return ", ".join(f"{_READ_AS.get(name, name)}={_number(v)}" for name, v in short.items())


def shuffled_folds(folds: int, repeats: int, seed: int) -> list[StratifiedKFold]:
    """Return one stratified division into shuffled folds for every repeat."""
    from sklearn.model_selection import StratifiedKFold

    return [
        StratifiedKFold(folds, shuffle=True, random_state=seed + repeat)
        for repeat in range(repeats)
    ]


@dataclass(frozen=True)
class _Fold:
    X_train: NDArray[np.float64]
    y_train: NDArray[np.intp]
    X_test: NDArray[np.float64]
    y_test: NDArray[np.intp]


def _grid_scores(
    candidate: Candidate,
    settings: list[Settings],
    X: pd.DataFrame | NDArray[np.float64],
    y: ArrayLike,
    divisions: list[StratifiedKFold],
) -> NDArray[np.float64]:
    """Return the score of every setting in every fold of every repeat."""
    from sklearn import config_context

    values, labels = np.ascontiguousarray(X), np.asarray(y)
    folds = (
        _Fold(values[train], labels[train], values[test], labels[test])
        for division in divisions
        for train, test in division.split(values, labels)
    )
    # Checking the same parameters in every one of some hundred fits takes a fifth of the time;
    # those chosen are checked when the pipeline is fitted for good.
    with config_context(skip_parameter_validation=True):
        columns = [
            _fold_scores(candidate.pipeline.steps, settings, fold, _SCORES[candidate.scoring])
            for fold in folds
        ]
    return np.column_stack(columns)


def _fold_scores(
    steps: Sequence[tuple[str, Any]],
    settings: list[Settings],
    fold: _Fold,
    score: Callable[[Any, _Fold], float],
) -> NDArray[np.float64]:
    """Return the score of every setting in one fold.

    Settings that agree in the first steps share their fitting: ranking 7,129 genes takes longer
    than the models that follow, and four penalties need it once. Scikit-learn's own search
    would rank them again for every setting.
    """
    from sklearn.base import clone

    (name, step), *rest = steps
    scores = np.empty(len(settings))
    for own, sharing in _by_step(settings, name):
        fitted = clone(step).set_params(**own).fit(fold.X_train, fold.y_train)
        if rest:
            passed_on = replace(
                fold,
                X_train=fitted.transform(fold.X_train),
                X_test=fitted.transform(fold.X_test),
            )
            below = [settings[i] for i in sharing]
            scores[sharing] = _fold_scores(rest, below, passed_on, score)
        else:
            scores[sharing] = score(fitted, fold)
    return scores


def _by_step(settings: list[Settings], name: str) -> list[tuple[Settings, list[int]]]:
    """Return each distinct setting of one step, with the positions that have it."""
    groups: list[tuple[Settings, list[int]]] = []
    for i, params in enumerate(settings):
        prefix = f"{name}__"
        own = {k.removeprefix(prefix): v for k, v in params.items() if k.startswith(prefix)}
        for known, positions in groups:
            if known == own:
                positions.append(i)
                break
        else:
            groups.append((own, [i]))
    return groups


def _number(value: Any) -> str:
    return f"{value:g}" if isinstance(value, int | float) else str(value)


def _accuracy(fitted: Any, fold: _Fold) -> float:
    return float((fitted.predict(fold.X_test) == fold.y_test).mean())


def _neg_log_loss(fitted: Any, fold: _Fold) -> float:
    return -log_loss(fold.y_test, fitted.predict_proba(fold.X_test)[:, 1])


_SCORES = {"accuracy": _accuracy, "neg_log_loss": _neg_log_loss}

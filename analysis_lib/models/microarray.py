"""Classifiers for few samples of thousands of genes, each with the settings to choose from.

The genes are chosen, and missing values filled in, within the pipeline: whoever fits it on the
training rows of a fold chooses on these rows alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np
import pandas as pd

from analysis_lib.models.lineup import usable

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from sklearn.pipeline import Pipeline

Scoring: TypeAlias = Literal["neg_log_loss", "accuracy"]

_ROUNDING = 1e-9  # of the largest coefficient

METHODS = {
    "logistic_l2": "Logistic regression (L2)",
    "logistic_l1": "Logistic regression (L1)",
    "logistic_elastic": "Logistic regression (elastic net)",
    "svm_linear": "SVM (linear)",
    "svm_rbf": "SVM (RBF)",
    "centroids": "Nearest shrunken centroids",
    "voting": "Weighted voting",
    "forest": "Random forest",
    "xgboost": "XGBoost",
    "baseline": "Majority class",
}
"""Every method of the line-up, in the order of display, with the name people read."""


@dataclass(frozen=True)
class Candidate:
    """An unfitted pipeline and the settings among which cross-validation chooses.

    Attributes
    ----------
    pipeline : Pipeline
        Fills in, chooses genes, scales and classifies.
    grid : dict
        Values of each parameter of the pipeline, from the simplest to the richest: from the
        fewest genes, from the strongest penalty. Empty when nothing is to be chosen.
    scoring : str
        How settings are compared: by probabilities where the model gives them.
    """

    pipeline: Pipeline
    grid: dict[str, list[Any]]
    scoring: Scoring

    def size(self, params: Mapping[str, Any]) -> tuple[int, ...]:
        """Return a key that sorts settings by the number of genes, then by the penalty."""
        return tuple(values.index(params[name]) for name, values in self.grid.items())


def candidates(
    names: Iterable[str], seed: int, n_genes: int, *, impute: bool = False
) -> dict[str, Candidate]:
    """Return the methods of the line-up, by name.

    All of them use one thread and give the same numbers every time. A method whose library
    cannot be imported is left out; `lineup.unavailable` says why.

    Parameters
    ----------
    names : iterable of str
        Keys of `METHODS`.
    seed : int
        Random state of every estimator that draws random numbers.
    n_genes : int
        Genes of the table: no more are ever asked for.
    impute : bool
        Fill missing values with the median of the gene among the rows fitted on.

    Examples
    --------
    >>> candidates(["logistic_l2"], seed=42, n_genes=80)["logistic_l2"].grid
    {'genes__k': [10, 50, 80], 'model__C': [0.1, 1.0, 10.0]}
    """
    return {
        name: _candidate(_RECIPES[name], seed, n_genes, impute) for name in usable(names, METHODS)
    }


def plain(name: str, seed: int, *, impute: bool = False) -> Pipeline:
    """Return `logistic_all` or `svm_all`: every gene, scaled, with the library's own settings."""
    from sklearn.preprocessing import StandardScaler

    return assembled([("scale", StandardScaler()), ("model", _PLAIN[name](seed))], impute)


def f_scores(X: NDArray[np.float64], y: NDArray[np.intp]) -> NDArray[np.float64]:
    """Return the F statistic of every gene; 0 for a gene with one value in every sample.

    The same numbers as scikit-learn's `f_classif`, which warns of such genes: where low values
    are clipped, there are a thousand of them.

    Parameters
    ----------
    X : array of shape (samples, genes)
        Finite numbers.
    y : array of shape (samples,)
        Two or more classes.

    Examples
    --------
    >>> X = np.array([[0.0, 5.0], [1.0, 5.0], [4.0, 5.0], [5.0, 5.0]])
    >>> f_scores(X, np.array([0, 0, 1, 1])).tolist()
    [32.0, 0.0]
    """
    classes = [X[y == name] for name in np.unique(y)]
    centre = X.mean(axis=0)
    between, within = np.zeros(X.shape[1]), np.zeros(X.shape[1])
    for rows in classes:
        mean = rows.mean(axis=0)
        between += len(rows) * (mean - centre) ** 2
        within += ((rows - mean) ** 2).sum(axis=0)
    # Compared exactly: sums of equal values leave a remainder that looks like spread.
    varied = X.max(axis=0) > X.min(axis=0)
    ratio = np.full(X.shape[1], np.inf)  # values that differ between the classes alone
    np.divide(between, within, out=ratio, where=within > 0)
    return np.where(varied, ratio, 0.0) * ((len(X) - len(classes)) / (len(classes) - 1))


def used(fitted: Pipeline) -> NDArray[np.bool_]:
    """Return which genes, of those it was given, a fitted pipeline uses."""
    mask = np.zeros(fitted.n_features_in_, dtype=np.bool_)
    offered = _offered(fitted)
    mask[offered] = _used_by(fitted[-1], len(offered))
    return mask


def genes_used(fitted: Pipeline) -> int:
    """Return how many genes a fitted pipeline uses."""
    return int(used(fitted).sum())


def weights(fitted: Pipeline, genes: Sequence[str]) -> pd.DataFrame:
    """Return gene and coefficient of a fitted linear pipeline, the largest first.

    The coefficients are per standard deviation of the gene among the training samples, so that
    they compare. Genes that were not chosen, or have the coefficient 0, are left out.

    Parameters
    ----------
    fitted : Pipeline
        A logistic regression or a linear SVM.
    genes : sequence of str
        The names of all genes the pipeline was fitted on, in their order.
    """
    coefficients = np.asarray(fitted[-1].coef_, dtype=np.float64).ravel()
    names = np.asarray(genes, dtype=object)[_offered(fitted)]
    table = pd.DataFrame({"gene": names, "coefficient": coefficients})
    table = table[_not_zero(coefficients)]
    order = table["coefficient"].abs().sort_values(ascending=False, kind="stable").index
    return table.loc[order].reset_index(drop=True)


def _offered(fitted: Pipeline) -> NDArray[np.intp]:
    """Return the positions of the genes that reach the last step."""
    if "genes" in fitted.named_steps:
        return np.flatnonzero(fitted.named_steps["genes"].get_support())
    return np.arange(fitted.n_features_in_)


def _not_zero(coefficients: NDArray[np.float64]) -> NDArray[np.bool_]:
    # Scaling leaves of a constant gene a remainder of rounding, and this its own coefficient.
    size = np.abs(coefficients)
    return np.asarray(size > _ROUNDING * size.max())


def _used_by(model: Any, offered: int) -> NDArray[np.bool_]:
    from sklearn.dummy import DummyClassifier

    if hasattr(model, "used_"):
        return np.asarray(model.used_)
    if hasattr(model, "coef_"):
        return _not_zero(model.coef_.ravel())
    if hasattr(model, "feature_importances_"):
        return np.asarray(model.feature_importances_ > 0)
    return np.full(offered, not isinstance(model, DummyClassifier))


@dataclass(frozen=True)
class _Recipe:
    """How a method is built: without `genes`, the model chooses and scales by its own rule."""

    build: Callable[[int], Any]
    genes: tuple[int, ...] = ()
    grid: dict[str, list[float]] = field(default_factory=dict)
    scoring: Scoring = "neg_log_loss"


def _candidate(recipe: _Recipe, seed: int, n_genes: int, impute: bool) -> Candidate:
    from sklearn.feature_selection import SelectKBest
    from sklearn.preprocessing import StandardScaler

    steps: list[tuple[str, Any]] = []
    grid: dict[str, list[Any]] = {}
    numbers = sorted({min(number, n_genes) for number in recipe.genes})
    if numbers:
        steps = [("genes", SelectKBest(f_scores, k=numbers[0])), ("scale", StandardScaler())]
    if len(numbers) > 1:
        grid["genes__k"] = numbers
    grid |= {f"model__{name}": list(values) for name, values in recipe.grid.items()}
    pipeline = assembled([*steps, ("model", recipe.build(seed))], impute)
    return Candidate(pipeline, grid, recipe.scoring)


def assembled(steps: list[tuple[str, Any]], impute: bool) -> Pipeline:
    """Return a pipeline of steps, with one before them that fills gaps by medians if asked for."""
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import Pipeline

    if impute:
        # A gene without any value in a fold stays, as a constant: the columns keep their places.
        filler = SimpleImputer(strategy="median", keep_empty_features=True)
        steps = [("impute", filler), *steps]
    return Pipeline(steps)


def _logistic_l2(seed: int) -> Any:
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(max_iter=5000, random_state=seed)


def _logistic_l1(seed: int) -> Any:
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(l1_ratio=1.0, solver="liblinear", max_iter=1000, random_state=seed)


def _logistic_elastic(seed: int) -> Any:
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(l1_ratio=0.5, solver="saga", max_iter=10_000, random_state=seed)


def _svm_linear(seed: int) -> Any:
    from sklearn.svm import SVC

    return SVC(kernel="linear", random_state=seed)


def _svm_rbf(seed: int) -> Any:
    from sklearn.svm import SVC

    return SVC(kernel="rbf", random_state=seed)


def _centroids(_: int) -> Any:
    from analysis_lib.models.centroids import NearestShrunkenCentroids

    return NearestShrunkenCentroids()


def _voting(_: int) -> Any:
    from analysis_lib.models.voting import WeightedVoting

    return WeightedVoting(genes=50)


def _forest(seed: int) -> Any:
    from sklearn.ensemble import RandomForestClassifier

    return RandomForestClassifier(n_estimators=200, n_jobs=1, random_state=seed)


def _xgboost(seed: int) -> Any:
    from xgboost import XGBClassifier

    return XGBClassifier(n_estimators=50, n_jobs=1, random_state=seed)


def _baseline(seed: int) -> Any:
    from sklearn.dummy import DummyClassifier

    # Predicts the larger class, and gives the training shares as probabilities.
    return DummyClassifier(strategy="prior", random_state=seed)


_ANY_NUMBER = (10, 50, 100, 500)
_RECIPES = {
    "logistic_l2": _Recipe(_logistic_l2, _ANY_NUMBER, {"C": [0.1, 1.0, 10.0]}),
    "logistic_l1": _Recipe(_logistic_l1, (500,), {"C": [0.1, 0.3, 1.0, 3.0, 10.0]}),
    # With more genes or a weaker penalty the solver takes ten times as long.
    "logistic_elastic": _Recipe(_logistic_elastic, (100,), {"C": [0.1, 0.3, 1.0]}),
    "svm_linear": _Recipe(_svm_linear, _ANY_NUMBER, {"C": [0.01, 0.1]}, "accuracy"),
    "svm_rbf": _Recipe(_svm_rbf, (50, 200, 500), {"C": [1.0, 10.0]}, "accuracy"),
    "centroids": _Recipe(_centroids, (), {"shrink": [0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1, 0.0]}),
    "voting": _Recipe(_voting, scoring="accuracy"),
    "forest": _Recipe(_forest, (500,)),
    "xgboost": _Recipe(_xgboost, (500,)),
    "baseline": _Recipe(_baseline),
}
_PLAIN = {"logistic_all": _logistic_l2, "svm_all": _svm_linear}

"""The classifiers a study compares, each behind a scaler that is fitted with it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from analysis_lib.errors import ParameterError

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from sklearn.pipeline import Pipeline

LABELS = {
    "logistic": "Logistic regression",
    "svm": "SVM (RBF)",
    "forest": "Random forest",
    "xgboost": "XGBoost",
    "baseline": "Majority class",
}
"""Every model there is, in the order of display, with the name people read."""


def lineup(names: Iterable[str], seed: int) -> dict[str, Pipeline]:
    """Build unfitted pipelines of a scaler and a classifier, by name.

    All of them use one thread and give the same numbers every time. A model whose library
    cannot be imported is left out; `unavailable` says why.

    Parameters
    ----------
    names : iterable of str
        Keys of `LABELS`.
    seed : int
        Random state of every estimator that draws random numbers.

    Examples
    --------
    >>> list(lineup(["logistic", "baseline"], seed=42))
    ['logistic', 'baseline']
    """
    return {name: _scaled(_ESTIMATORS[name](seed)) for name in usable(names, LABELS)}


def usable(names: Iterable[str], known: Iterable[str]) -> list[str]:
    """Return the models asked for that can be used here, each once; unknown ones are an error.

    Examples
    --------
    >>> usable(["svm", "svm"], LABELS)
    ['svm']
    """
    wanted, all_known = list(dict.fromkeys(names)), list(known)
    unknown = [name for name in wanted if name not in all_known]
    if unknown:
        raise ParameterError(
            "There is no such model.",
            where="models",
            expected="some of " + ", ".join(all_known),
            got=", ".join(map(str, unknown)),
        )
    missing = unavailable() if "xgboost" in wanted else {}
    return [name for name in wanted if name not in missing]


def unavailable() -> dict[str, str]:
    """Return the models that cannot be used on this machine, each with the reason."""
    try:
        import xgboost  # noqa: F401 - whether it loads is all that is asked
    except ModuleNotFoundError:
        return {"xgboost": "XGBoost is not installed; `pip install xgboost` adds it."}
    except Exception as problem:  # a missing OpenMP library surfaces as XGBoost's own error
        # The message itself would publish paths of this machine.
        return {"xgboost": f"XGBoost is installed but does not load ({type(problem).__name__})."}
    return {}


def lasso(C: float, seed: int) -> Pipeline:
    """Build a logistic regression with an L1 penalty, which sets useless coefficients to zero.

    Parameters
    ----------
    C : float
        Inverse strength of the penalty: the smaller, the fewer coefficients stay.
    seed : int
        Random state of the solver, which visits the coefficients in random order.
    """
    from sklearn.linear_model import LogisticRegression

    # The published coefficients are liblinear's. Unlike saga it penalises the intercept too:
    # of consequence only when the classes are very unequal.
    return _scaled(
        LogisticRegression(l1_ratio=1.0, C=C, solver="liblinear", max_iter=1000, random_state=seed)
    )


def coefficients(fitted: Pipeline) -> pd.DataFrame:
    """Return feature and coefficient of a fitted linear pipeline, the largest first.

    The coefficients are per standard deviation of the feature, so that they compare.
    """
    table = pd.DataFrame(
        {"feature": list(fitted.feature_names_in_), "coefficient": fitted[-1].coef_.ravel()}
    )
    order = table["coefficient"].abs().sort_values(ascending=False, kind="stable").index
    return table.loc[order].reset_index(drop=True)


def decision_values(fitted: Pipeline, X: pd.DataFrame | NDArray[np.float64]) -> NDArray[np.float64]:
    """Return one number per row that grows with the model's belief in label 1.

    Where there is a decision function it is used, because probabilities of a sure model round
    to 1 and become ties. Only the order of these numbers means something.
    """
    if hasattr(fitted, "decision_function"):
        return np.asarray(fitted.decision_function(X), dtype=np.float64)
    return np.asarray(fitted.predict_proba(X)[:, 1], dtype=np.float64)


def _scaled(estimator: Any) -> Pipeline:
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    return make_pipeline(StandardScaler(), estimator)


def _logistic(seed: int) -> Any:
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(max_iter=1000, random_state=seed)


def _svm(seed: int) -> Any:
    from sklearn.svm import SVC

    return SVC(kernel="rbf", random_state=seed)


def _forest(seed: int) -> Any:
    from sklearn.ensemble import RandomForestClassifier

    return RandomForestClassifier(n_estimators=100, n_jobs=1, random_state=seed)


def _xgboost(seed: int) -> Any:
    from xgboost import XGBClassifier

    return XGBClassifier(n_jobs=1, random_state=seed)


def _baseline(seed: int) -> Any:
    from sklearn.dummy import DummyClassifier

    return DummyClassifier(strategy="most_frequent", random_state=seed)


_ESTIMATORS: dict[str, Callable[[int], Any]] = {
    "logistic": _logistic,
    "svm": _svm,
    "forest": _forest,
    "xgboost": _xgboost,
    "baseline": _baseline,
}

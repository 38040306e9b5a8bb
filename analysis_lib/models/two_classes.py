"""What this project's own two-class estimators share with each other and with scikit-learn."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets, type_of_target
from sklearn.utils.validation import check_is_fitted, validate_data


class TwoClassEstimator(ClassifierMixin, BaseEstimator):  # type: ignore[misc]  # has no types
    """A classifier of two classes that works wherever scikit-learn's own do.

    A subclass gives `_learn(values, y)`, with labels 0 and 1, and `decision_function`, whose
    values are positive for the second class.
    """

    classes_: NDArray[Any]

    def fit(self, X: ArrayLike, y: ArrayLike) -> Self:
        """Learn from samples (rows) by genes (columns) and one label per sample."""
        values, labels = validate_data(self, X, y, dtype=np.float64)
        check_classification_targets(labels)
        # The words are scikit-learn's, which its own checks of an estimator look for.
        kind = type_of_target(labels, input_name="y")
        if kind != "binary":
            raise ValueError(
                f"Only binary classification is supported. The type of the target is {kind}."
            )
        self.classes_, codes = np.unique(labels, return_inverse=True)
        if len(self.classes_) != 2:
            raise ValueError("Two classes are told apart, and all labels are of one class.")
        self._learn(values, codes)
        return self

    def predict(self, X: ArrayLike) -> NDArray[Any]:
        """Return the class of every sample; the first class when nothing speaks for either."""
        second = self.decision_function(X) > 0
        return self.classes_[second.astype(np.intp)]

    def decision_function(self, X: ArrayLike) -> NDArray[np.float64]:
        """Return one number per sample, positive for the second class."""
        raise NotImplementedError

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_class = False
        return tags

    def _learn(self, values: NDArray[np.float64], y: NDArray[np.intp]) -> None:
        raise NotImplementedError

    def _values(self, X: ArrayLike) -> NDArray[np.float64]:
        check_is_fitted(self)
        values: NDArray[np.float64] = validate_data(self, X, dtype=np.float64, reset=False)
        return values

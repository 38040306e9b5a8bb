"""Weighted voting (Golub et al., Science 1999, doi 10.1126/science.286.5439.531)."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analysis_lib.errors import ParameterError, TableError
from analysis_lib.models.two_classes import TwoClassEstimator


class WeightedVoting(TwoClassEstimator):
    """Let the genes that tell the classes apart best vote on every sample.

    A gene's weight is its signal-to-noise, the difference of the class means over the sum of
    the classes' standard deviations. It votes with its weight times the distance of its value
    from the middle between the class means.

    Parameters
    ----------
    genes : int
        Genes that vote: the half with the lowest and the half with the highest weights. All
        vote when there are fewer.

    Attributes
    ----------
    chosen_ : array of int
        Positions of the voting genes, by increasing weight.
    weights_ : array of float
        Their weights: positive speaks for the second class.
    middles_ : array of float
        The middles between the class means of each.

    Examples
    --------
    >>> X = [[0.0, 7.0], [1.0, 9.0], [4.0, 9.0], [5.0, 6.0]]
    >>> fitted = WeightedVoting(genes=2).fit(X, ["ALL", "ALL", "AML", "AML"])
    >>> fitted.chosen_.tolist(), fitted.predict([[4.5, 8.0]]).tolist()
    ([1, 0], ['AML'])
    """

    chosen_: NDArray[np.intp]
    weights_: NDArray[np.float64]
    middles_: NDArray[np.float64]

    def __init__(self, genes: int = 50) -> None:
        self.genes = genes

    @property
    def used_(self) -> NDArray[np.bool_]:
        """Which genes vote."""
        return np.isin(np.arange(self.n_features_in_), self.chosen_)

    def decision_function(self, X: ArrayLike) -> NDArray[np.float64]:
        """Return the prediction strength of every sample, negative for the first class."""
        values = self._values(X)
        votes = self.weights_ * (values[:, self.chosen_] - self.middles_)
        cast = np.abs(votes).sum(axis=1)
        strength: NDArray[np.float64] = np.divide(
            votes.sum(axis=1), cast, out=np.zeros(len(votes)), where=cast > 0
        )
        return strength

    def prediction_strength(self, X: ArrayLike) -> NDArray[np.float64]:
        """Return, from 0 to 1, by how much of all votes the winning class is ahead.

        The paper leaves samples with a strength of 0.3 or less uncalled.
        """
        return np.abs(self.decision_function(X))

    def _learn(self, values: NDArray[np.float64], y: NDArray[np.intp]) -> None:
        if self.genes < 2 or self.genes % 2:
            raise ParameterError(
                "Half of the voting genes stand for each class.",
                where="genes",
                expected="an even number of at least 2",
                got=str(self.genes),
            )
        first, second = values[y == 0], values[y == 1]
        candidates = np.flatnonzero(_varies(first) | _varies(second))
        if not candidates.size:
            raise TableError(
                "No gene can vote: none varies within a class.",
                expected="genes that have more than one value among the samples of a class",
                got=f"{values.shape[1]:,} genes, {len(first)} and {len(second)} samples",
            )
        low, high = (part[:, candidates] for part in (first, second))
        weights = (high.mean(axis=0) - low.mean(axis=0)) / (_deviation(low) + _deviation(high))
        order = np.argsort(weights, kind="stable")
        if order.size > self.genes:
            half = self.genes // 2
            order = np.concatenate([order[:half], order[-half:]])
        self.chosen_, self.weights_ = candidates[order], weights[order]
        self.middles_ = (low.mean(axis=0) + high.mean(axis=0))[order] / 2


def _varies(values: NDArray[np.float64]) -> NDArray[np.bool_]:
    # Compared exactly: a standard deviation of equal values may come out as a tiny number.
    varied: NDArray[np.bool_] = values.max(axis=0) > values.min(axis=0)
    return varied


def _deviation(values: NDArray[np.float64]) -> NDArray[np.float64]:
    squares = ((values - values.mean(axis=0)) ** 2).sum(axis=0)
    deviation: NDArray[np.float64] = np.sqrt(squares / max(len(values) - 1, 1))
    return deviation

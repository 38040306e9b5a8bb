"""Nearest shrunken centroids (Tibshirani et al., PNAS 2002, doi 10.1073/pnas.082099299)."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analysis_lib.errors import ParameterError
from analysis_lib.models.two_classes import TwoClassEstimator


class NearestShrunkenCentroids(TwoClassEstimator):
    """Classify by the nearer of two class means that are shrunk toward the overall mean.

    Every gene's distance is in units of its standard deviation within the classes, plus the
    median of these over the genes: genes that hardly vary do not rule. Shrinking removes the
    genes whose class means lie close together.

    Parameters
    ----------
    shrink : float
        From 0 (nothing is shrunk: diagonal discriminant analysis) to 1 (no gene is left and
        the larger class is predicted): the threshold as a share of the largest distance
        between a class mean and the overall mean.

    Attributes
    ----------
    used_ : array of bool, shape (genes,)
        Genes whose class means differ after shrinking.
    centroids_ : array of shape (2, genes)
        The shrunken means, in the units of the values.
    scale_ : array of shape (genes,)
        The standard deviation within the classes, plus the median of these.
    priors_ : array of shape (2,)
        Share of each class among the training samples.

    Examples
    --------
    >>> X = [[0.0, 5.0], [1.0, 6.0], [4.0, 5.0], [5.0, 6.0]]
    >>> fitted = NearestShrunkenCentroids(shrink=0.5).fit(X, ["ALL", "ALL", "AML", "AML"])
    >>> fitted.used_.tolist(), fitted.predict([[0.2, 9.0]]).tolist()
    ([True, False], ['ALL'])
    """

    used_: NDArray[np.bool_]
    centroids_: NDArray[np.float64]
    scale_: NDArray[np.float64]
    priors_: NDArray[np.float64]

    def __init__(self, shrink: float = 0.3) -> None:
        self.shrink = shrink

    @property
    def genes_used_(self) -> int:
        """Number of genes left after shrinking."""
        return int(self.used_.sum())

    def decision_function(self, X: ArrayLike) -> NDArray[np.float64]:
        """Return the logarithm of the odds of the second class."""
        values = self._values(X)[:, self.used_]
        first, second = (
            (((values - centroid[self.used_]) / self.scale_[self.used_]) ** 2).sum(axis=1)
            for centroid in self.centroids_
        )
        log_odds: NDArray[np.float64] = (first - second) / 2 + np.log(
            self.priors_[1] / self.priors_[0]
        )
        return log_odds

    def predict_proba(self, X: ArrayLike) -> NDArray[np.float64]:
        """Return the probabilities of both classes, as the paper's discriminants give them."""
        from scipy.special import expit

        log_odds = self.decision_function(X)
        return np.column_stack([expit(-log_odds), expit(log_odds)])

    def _learn(self, values: NDArray[np.float64], y: NDArray[np.intp]) -> None:
        if not 0 <= self.shrink <= 1:
            raise ParameterError(
                "The shrinkage is a share.",
                where="shrink",
                expected="a number from 0 to 1",
                got=f"{self.shrink:g}",
            )
        counts = np.bincount(y)
        means = np.stack([values[y == label].mean(axis=0) for label in (0, 1)])
        overall = values.mean(axis=0)
        # Compared exactly: sums of equal values leave a remainder that looks like spread.
        varied = values.max(axis=0) > values.min(axis=0)
        self.priors_ = counts / len(y)
        self.scale_ = _scale(values - means[y], varied)
        unit = np.sqrt(1 / counts - 1 / len(y))[:, None] * self.scale_
        distances = np.where(varied, (means - overall) / unit, 0.0)
        threshold = self.shrink * np.abs(distances).max()
        left = np.sign(distances) * np.maximum(np.abs(distances) - threshold, 0.0)
        self.used_ = (left != 0).any(axis=0)
        self.centroids_ = overall + unit * left


def _scale(residuals: NDArray[np.float64], varied: NDArray[np.bool_]) -> NDArray[np.float64]:
    freedom = max(len(residuals) - 2, 1)
    within: NDArray[np.float64] = np.sqrt((residuals**2).sum(axis=0) / freedom)
    # Genes with one value in every sample would draw the median to zero; and where no gene
    # varies within the classes any unit serves.
    usual = float(np.median(within[varied])) if varied.any() else 0.0
    return within + (usual or 1.0)

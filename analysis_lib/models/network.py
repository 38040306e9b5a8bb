"""Small dense networks as one classifier: every seed trains one, and their mean decides."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from analysis_lib.models import training
from analysis_lib.models.microarray import assembled, f_scores
from analysis_lib.models.two_classes import TwoClassEstimator

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline
    from tensorflow import keras

Floats = NDArray[np.float64]
_HISTORY = ["loss", "accuracy"]


class Network(TwoClassEstimator):
    """Dense layers and a sigmoid, trained once per seed.

    Parameters
    ----------
    layers : sequence of int
        Units of each hidden layer; none of them makes it a logistic regression.
    activation : str
        Of the hidden layers, as Keras names it.
    dropout, l2, learning_rate, batch_size, epochs, patience
        See `training.Recipe`.
    balanced : bool
        Whether both classes count the same in the loss, however many rows they have.
    seeds : sequence of int
        One network each: first weights, order of the rows and dropout come from it.

    Attributes
    ----------
    weights_ : list of arrays
        See `training.Weights`.
    history_ : DataFrame
        Columns seed, epoch, part ("training" or "validation"), loss, accuracy.
    epochs_ : array of int
        The epoch whose weights each network has.
    """

    weights_: training.Weights
    history_: pd.DataFrame
    epochs_: NDArray[np.intp]

    def __init__(
        self,
        layers: Sequence[int] = (32, 16),
        *,
        activation: str = "relu",
        dropout: float = 0.0,
        l2: float = 0.0,
        learning_rate: float = 1e-3,
        batch_size: int = 8,
        epochs: int = 200,
        patience: int | None = None,
        balanced: bool = False,
        seeds: Sequence[int] = (0,),
    ) -> None:
        self.layers = layers
        self.activation = activation
        self.dropout = dropout
        self.l2 = l2
        self.learning_rate = learning_rate
        self.batch_size = batch_size
        self.epochs = epochs
        self.patience = patience
        self.balanced = balanced
        self.seeds = seeds

    def fit(
        self, X: ArrayLike, y: ArrayLike, validation: tuple[ArrayLike, ArrayLike] | None = None
    ) -> Self:
        """Train on rows X; `validation` rows are looked at after every epoch, never learned."""
        self._validation = validation
        try:
            return super().fit(X, y)
        finally:
            del self._validation

    def probabilities(self, X: ArrayLike) -> Floats:
        """Return the probability of the second class, of shape (rows, seeds)."""
        odds = training.logits(self.weights_, self.activation, self._values(X))
        # In this form no exponential overflows.
        return np.asarray(np.exp(-np.logaddexp(0, -odds)).T)

    def predict_proba(self, X: ArrayLike) -> Floats:
        """Return the mean probability of each class over the seeds."""
        second = self.probabilities(X).mean(axis=1)
        return np.stack([1 - second, second], axis=1)

    def decision_function(self, X: ArrayLike) -> Floats:
        """Return how far the mean probability of the second class is beyond one half."""
        return np.asarray(self.predict_proba(X)[:, 1] - 0.5)

    def as_keras(self) -> keras.Model:
        """Return one Keras model with the probability of every network as its outputs."""
        keras = training.tensorflow().keras
        inputs = keras.Input((self.n_features_in_,), dtype="float64", name="components")
        outputs = [self._member(number, inputs) for number in range(len(self.seeds))]
        joined = keras.layers.Concatenate(name="probabilities", dtype="float64")
        outcome = joined(outputs) if len(outputs) > 1 else outputs[0]
        return keras.Model(inputs, outcome, name="networks")

    def _member(self, number: int, inputs: Any) -> Any:
        keras = training.tensorflow().keras
        hidden, depth = inputs, len(self.layers)
        for layer in range(depth + 1):
            kernel, bias = self.weights_[2 * layer : 2 * layer + 2]
            dense = keras.layers.Dense(
                kernel.shape[2],
                activation="sigmoid" if layer == depth else self.activation,
                dtype="float64",
                name=f"network_{number + 1}_layer_{layer + 1}",
            )
            hidden = dense(hidden)
            dense.set_weights([kernel[number], bias[number, 0]])
        return hidden

    def _learn(self, values: Floats, y: NDArray[np.intp]) -> None:
        recipe = training.Recipe(
            **{name: getattr(self, name) for name in training.Recipe.__dataclass_fields__}
        )
        importance = len(y) / (2 * np.bincount(y)) if self.balanced else np.ones(2)
        seeds = list(self.seeds)
        trained = training.train(
            training.initial([values.shape[1], *self.layers, 1], seeds),
            seeds,
            recipe,
            training.Rows(values, y.astype(np.float64), importance[y]),
            self._validation_rows(importance),
        )
        self.weights_, self.epochs_ = trained.weights, trained.epochs
        self.history_ = _tidy(trained.history, seeds, watched=self._validation is not None)

    def _validation_rows(self, importance: Floats) -> training.Rows | None:
        if self._validation is None:
            return None
        X, y = self._validation
        codes = np.searchsorted(self.classes_, np.asarray(y))
        values = np.asarray(X, dtype=np.float64)
        return training.Rows(values, codes.astype(np.float64), importance[codes])


def pipeline(
    network: Network, *, variance: float, impute: bool = False, genes: bool = False
) -> Pipeline:
    """Return the steps impute, genes (both if asked for), scale, pca and network, unfitted.

    Parameters
    ----------
    variance : float
        Share of the variance that the principal components keep.
    impute : bool
        Fill missing values with the median of the gene.
    genes : bool
        Choose the genes with the largest F statistic first; how many is to be set.
    """
    from sklearn.decomposition import PCA
    from sklearn.feature_selection import SelectKBest
    from sklearn.preprocessing import StandardScaler

    steps: list[tuple[str, Any]] = [
        # The full decomposition: a randomised one differs with the number of threads.
        ("scale", StandardScaler()),
        ("pca", PCA(variance, svd_solver="full")),
        ("network", network),
    ]
    if genes:
        steps.insert(0, ("genes", SelectKBest(f_scores)))
    return assembled(steps, impute)


def fit_watched(
    steps: Pipeline, rows: tuple[pd.DataFrame, ArrayLike], watched: tuple[pd.DataFrame, ArrayLike]
) -> None:
    """Fit a pipeline on `rows` alone, and look at `watched` rows after every epoch."""
    prepare, network = steps[:-1], steps[-1]
    inputs = prepare.fit_transform(*rows)
    network.fit(inputs, rows[1], validation=(prepare.transform(watched[0]), watched[1]))


def _tidy(history: Floats, seeds: Sequence[int], *, watched: bool) -> pd.DataFrame:
    epochs = np.arange(1, len(history) + 1)
    parts = []
    # A loss that is no number stays: it says that a training has diverged.
    groups = {"training": history[..., :2]} | ({"validation": history[..., 2:]} if watched else {})
    for part, columns in groups.items():
        for number, seed in enumerate(seeds):
            table = pd.DataFrame(columns[:, number], columns=_HISTORY)
            parts.append(table.assign(seed=seed, epoch=epochs, part=part))
    tidy = pd.concat(parts, ignore_index=True)
    return tidy[["seed", "epoch", "part", *_HISTORY]]

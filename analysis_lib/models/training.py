"""Training of several small networks at once: one matrix product does a layer of all of them.

`keras.Model.fit` spends nearly all of its time around the arithmetic of so small a network. Here
the networks of all seeds are stacked, and TensorFlow sees one epoch of all of them as one graph.
Numbers are float64: another number of threads changes last digits, and hundreds of steps would
carry such a difference of float32 into the results.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Weights = list[Floats]
"""Kernel and bias of every layer in turn; the first axis of each counts the networks."""

_DRAWN_AT_ONCE = 1_000_000  # numbers: 8 MB
_BETA_1, _BETA_2, _EPSILON = 0.9, 0.999, 1e-7  # Adam as Keras has it


@dataclass(frozen=True)
class Recipe:
    """How networks are trained.

    Parameters
    ----------
    patience : int, optional
        Epochs without a better validation loss after which a network stops and takes back the
        weights of its best epoch. Nothing happens without validation rows.
    """

    activation: str = "relu"
    dropout: float = 0.0
    l2: float = 0.0
    learning_rate: float = 1e-3
    batch_size: int = 8
    epochs: int = 200
    patience: int | None = None


@dataclass(frozen=True)
class Rows:
    """Inputs of shape (rows, features), labels 0 and 1, and how much each row counts."""

    X: Floats
    y: Floats
    importance: Floats


@dataclass(frozen=True)
class Trained:
    """Weights, and how they came about.

    Parameters
    ----------
    history : array of shape (epochs, networks, 4)
        Loss and accuracy on the training rows, then on the validation rows (NaN without any),
        at the end of each epoch and without dropout. The penalty is not part of the loss.
    epochs : array of shape (networks,)
        The epoch, counted from 1, whose weights these are.
    """

    weights: Weights
    history: Floats
    epochs: NDArray[np.intp]


def tensorflow() -> Any:
    """Import TensorFlow, without what it says at every start."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")
    import tensorflow as tf

    return tf


def initial(sizes: Sequence[int], seeds: Sequence[int]) -> Weights:
    """Draw weights as Keras does unless told otherwise: Glorot's uniform kernels, zero biases.

    Examples
    --------
    >>> [part.shape for part in initial([30, 16, 1], seeds=[1, 2])]
    [(2, 30, 16), (2, 1, 16), (2, 16, 1), (2, 1, 1)]
    """
    draws = [np.random.default_rng([seed, 0]) for seed in seeds]
    weights: Weights = []
    for inputs, outputs in pairwise(sizes):
        reach = np.sqrt(6 / (inputs + outputs))
        weights.append(np.stack([d.uniform(-reach, reach, (inputs, outputs)) for d in draws]))
        weights.append(np.zeros((len(seeds), 1, outputs)))
    return weights


def train(
    weights: Weights,
    seeds: Sequence[int],
    recipe: Recipe,
    rows: Rows,
    validation: Rows | None = None,
) -> Trained:
    """Train every network on the same rows, each in an order of its own.

    What becomes of a network depends on its seed and not on those trained beside it.
    """
    tf = tensorflow()
    graph = _graph(recipe.activation)
    draws = [np.random.default_rng([seed, 1]) for seed in seeds]
    zeros = [np.zeros_like(part) for part in weights]
    state = weights, zeros, zeros, np.float64(0)
    settings = np.int64(recipe.batch_size), np.float64(recipe.learning_rate), np.float64(recipe.l2)
    groups = [rows] if validation is None else [rows, validation]
    scored = np.concatenate([group.X for group in groups])
    given = [tf.constant(part) for part in (rows.X, rows.y, rows.importance, scored)]
    best = _Best(weights, recipe.patience if validation else None)
    history, left, at_once = [], recipe.epochs, _at_once(recipe, rows, weights, best)
    while left and not best.enough:
        orders, masks = _drawn(draws, recipe, min(left, at_once), len(rows.y), weights)
        state, odds = graph.epochs(state, given, orders, masks, settings)
        history.append(_scores(odds.numpy(), groups))
        best.see(history[-1][:, :, 2], state[0])
        left -= len(orders)
    return Trained([np.asarray(w) for w in best.weights], np.concatenate(history), best.epochs)


def logits(weights: Weights, activation: str, X: Floats) -> Floats:
    """Return the log odds of label 1, of shape (networks, rows)."""
    return np.asarray(_graph(activation).forward(weights, X))


@dataclass
class _Best:
    """The weights to keep: each network's last, or with patience those of its best epoch."""

    weights: Any
    patience: int | None
    epoch: int = 0
    losses: Floats = field(init=False)
    epochs: NDArray[np.intp] = field(init=False)

    def __post_init__(self) -> None:
        networks = len(self.weights[0])
        self.losses = np.full(networks, np.inf)
        self.epochs = np.zeros(networks, dtype=np.intp)

    @property
    def enough(self) -> bool:
        """Whether every network has waited long enough for a better epoch."""
        return self.patience is not None and bool((self.epoch - self.epochs >= self.patience).all())

    def see(self, losses: Floats, weights: Any) -> None:
        """Take note of some epochs' losses, and of the weights after the last of them."""
        self.epoch += len(losses)
        if self.patience is None:
            self.weights, self.epochs[:] = weights, self.epoch
            return
        waiting = self.epoch - self.epochs <= self.patience
        better = (losses[-1] < self.losses) & waiting
        self.losses[better], self.epochs[better] = losses[-1][better], self.epoch
        self.weights = [
            np.where(better[:, None, None], new, old)
            for new, old in zip(weights, self.weights, strict=True)
        ]


def _at_once(recipe: Recipe, rows: Rows, weights: Weights, best: _Best) -> int:
    """Return how many epochs TensorFlow may do before it is asked again."""
    if best.patience is not None:
        return 1  # any of them may be the best
    units = sum(part.shape[2] for part in weights[:-2:2]) if recipe.dropout else 1
    return max(1, _DRAWN_AT_ONCE // (len(weights[0]) * len(rows.y) * max(units, 1)))


def _drawn(
    draws: Sequence[np.random.Generator], recipe: Recipe, epochs: int, rows: int, weights: Weights
) -> tuple[NDArray[np.intp], list[Floats]]:
    """Draw, for some epochs, the order of the rows and which hidden units see which row.

    The first two axes are epochs and networks; there are masks of every hidden layer, or none.
    """
    keep = 1 - recipe.dropout
    units = [part.shape[2] for part in weights[:-2:2]] if recipe.dropout else []
    orders = np.empty((epochs, len(draws), rows), dtype=np.intp)
    masks = [np.empty((epochs, len(draws), rows, n)) for n in units]
    for epoch in range(epochs):
        for network, draw in enumerate(draws):
            orders[epoch, network] = draw.permutation(rows)
            for mask, n in zip(masks, units, strict=True):
                # What is kept is made larger, so that the next layer sees as much as without.
                mask[epoch, network] = (draw.random((rows, n)) < keep) / keep
    return orders, masks


def _scores(odds: Floats, groups: Sequence[Rows]) -> Floats:
    """Return loss and accuracy on each group of rows: (epochs, networks, 4)."""
    scores = np.full((*odds.shape[:2], 4), np.nan)
    for place, group in enumerate(groups):
        own, odds = odds[..., : len(group.y)], odds[..., len(group.y) :]
        loss = np.logaddexp(0, np.where(group.y == 1, -own, own)) * group.importance
        scores[..., 2 * place] = loss.mean(axis=-1)
        scores[..., 2 * place + 1] = ((own > 0) == group.y).mean(axis=-1)
    return scores


@dataclass(frozen=True)
class _Graph:
    epochs: Any
    forward: Any


@cache
def _graph(activation: str) -> _Graph:
    """Return the compiled pass forward, and the compiled epochs of all networks."""
    tf = tensorflow()
    act = tf.keras.activations.get(activation)

    def forward(weights: Any, X: Any, masks: Any) -> Any:
        hidden = X
        for layer in range(0, len(weights) - 2, 2):
            hidden = act(hidden @ weights[layer] + weights[layer + 1])
            if masks:
                hidden *= masks[layer // 2]
        return (hidden @ weights[-2] + weights[-1])[..., 0]

    def step(weights: Any, batch: Any, masks: Any, l2: Any) -> Any:
        X, y, importance = batch
        with tf.GradientTape() as tape:
            tape.watch(weights)
            odds = forward(weights, X, masks)
            losses = tf.nn.sigmoid_cross_entropy_with_logits(labels=y, logits=odds)
            loss = tf.reduce_sum(tf.reduce_mean(losses * importance, axis=1))
            loss += l2 * tf.add_n([tf.reduce_sum(kernel**2) for kernel in weights[::2]])
        return tape.gradient(loss, weights)

    def epoch(state: Any, rows: Any, order: Any, masks: Any, settings: Any) -> Any:
        weights, first, second, steps = state
        size, rate, l2 = settings
        for start in tf.range(0, tf.shape(order, tf.int64)[1], size):
            chosen = order[:, start : start + size]
            batch = [tf.gather(part, chosen) for part in rows]
            slopes = step(weights, batch, [m[:, start : start + size] for m in masks], l2)
            steps += 1.0
            first = [_BETA_1 * m + (1 - _BETA_1) * g for m, g in zip(first, slopes, strict=True)]
            second = [
                _BETA_2 * v + (1 - _BETA_2) * g**2 for v, g in zip(second, slopes, strict=True)
            ]
            pace = rate * tf.sqrt(1 - _BETA_2**steps) / (1 - _BETA_1**steps)
            weights = [
                w - pace * m / (tf.sqrt(v) + _EPSILON)
                for w, m, v in zip(weights, first, second, strict=True)
            ]
        return weights, first, second, steps

    def epochs(state: Any, given: Any, orders: Any, masks: Any, settings: Any) -> Any:
        *rows, scored = given
        count = tf.shape(orders)[0]
        odds = tf.TensorArray(tf.float64, count)
        for number in tf.range(count):
            chosen = [mask[number] for mask in masks]
            state = epoch(state, rows, orders[number], chosen, settings)
            odds = odds.write(number, forward(state[0], scored, []))
        return state, odds.stack()

    return _Graph(
        tf.function(epochs, reduce_retracing=True),
        tf.function(lambda weights, X: forward(weights, X, []), reduce_retracing=True),
    )

"""What the learning curves of a network tell: too little, enough or too much training."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

Shape = Literal["diverged", "under-fitted", "over-fitted", "fitted", "not validated"]
_RISEN = 1.2
"""A validation loss so many times its lowest value has risen, not wavered."""
_LEARNED = 0.9
"""Training accuracy from which a network has learned its training rows."""


@dataclass(frozen=True)
class Diagnosis:
    """The shape of the curves and its meaning, over all seeds.

    Parameters
    ----------
    shape : str
        "diverged", "under-fitted", "over-fitted", "fitted" or "not validated".
    best_epoch : int
        The epoch with the lowest validation loss, the median of the seeds; 0 without validation.
    rise : float
        Last validation loss over the lowest one, the median of the seeds; NaN without.
    """

    shape: Shape
    best_epoch: int
    rise: float
    words: str


def diagnose(history: pd.DataFrame) -> Diagnosis:
    """Judge the curves of all seeds together.

    Parameters
    ----------
    history : DataFrame
        Columns seed, epoch, part ("training" or "validation"), loss, accuracy.

    Examples
    --------
    >>> rows = [(0, e, "training", 1 / e, 1.0) for e in (1, 2, 3)]
    >>> rows += [(0, e, "validation", loss, 0.5) for e, loss in [(1, 0.7), (2, 0.59), (3, 0.89)]]
    >>> columns = ["seed", "epoch", "part", "loss", "accuracy"]
    >>> found = diagnose(pd.DataFrame(rows, columns=columns))
    >>> found.shape, found.best_epoch, round(found.rise, 2)
    ('over-fitted', 2, 1.5)
    """
    history = history.reset_index(drop=True)
    training = history[history["part"] == "training"]
    validation = history[history["part"] == "validation"]
    # Networks that stopped early have fewer epochs than others: each one's last row counts.
    last = training.groupby("seed").tail(1)
    if not np.isfinite(last["loss"]).all():
        return Diagnosis("diverged", 0, float("nan"), _WORDS["diverged"])
    learned = float(last["accuracy"].median())
    if validation.empty:
        words = _WORDS["not validated"].format(learned=learned)
        return Diagnosis("not validated", 0, float("nan"), words)
    lowest = validation.loc[validation.groupby("seed")["loss"].idxmin()].set_index("seed")
    final = validation.groupby("seed").tail(1).set_index("seed")
    # A loss may be so near zero that a ratio of two says nothing.
    rises = (final["loss"] + 0.01) / (lowest["loss"] + 0.01)
    rise, best_epoch = float(rises.median()), int(lowest["epoch"].median())
    shape: Shape = "fitted"
    if rise >= _RISEN:
        shape = "over-fitted"
    elif learned < _LEARNED:
        shape = "under-fitted"
    words = _WORDS[shape].format(
        learned=learned,
        checked=float(final["accuracy"].median()),
        epochs=int(final["epoch"].max()),
        best=best_epoch,
        rise=rise,
    )
    return Diagnosis(shape, best_epoch, rise, words)


_WORDS: dict[Shape, str] = {
    "diverged": (
        "The training diverged: the loss is no longer a number. A smaller learning rate is needed."
    ),
    "under-fitted": (
        "Under-fitted: after {epochs} epochs the networks get {learned:.0%} of their own training "
        "rows right, and the validation loss still falls or stays. More epochs, more units or "
        "less of a penalty would show whether there is more to learn."
    ),
    "over-fitted": (
        "Over-fitted: the networks get {learned:.0%} of their training rows right, while the loss "
        "on the validation rows is lowest at epoch {best} of {epochs} and {rise:.1f} times that "
        "in the end (accuracy there: {checked:.0%}). What is learned after epoch {best} are the "
        "training rows themselves."
    ),
    "fitted": (
        "No sign of over-fitting in the curves: the networks get {learned:.0%} of their training "
        "rows and {checked:.0%} of the validation rows right, and the validation loss does not "
        "rise before epoch {epochs}."
    ),
    "not validated": (
        "The networks get {learned:.0%} of their training rows right; without validation rows the "
        "curves cannot say whether that is learning or memory."
    ),
}

"""Orders of things that mean nothing: all of them where there are few, a draw where many."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import permutations

import numpy as np
from numpy.typing import NDArray

from analysis_lib.errors import ParameterError

_ROUNDING = 1e-10  # the same correlations summed in another order


@dataclass(frozen=True)
class Orders:
    """Orders of `n` things, each a row of positions.

    Attributes
    ----------
    positions : array of shape (orders, n)
        Which thing stands at each place.
    exact : bool
        Whether these are all orders there are, the true one among them.
    """

    positions: NDArray[np.intp]
    exact: bool

    def p_value(self, observed: float, null: NDArray[np.float64]) -> float:
        """Return the share of the orders that give at least `observed`, the true one included.

        Never zero: of all orders the true one is one, and to drawn ones it is added,
        (1 + k) / (1 + B).
        """
        return float(self.p_values(int((null >= observed - _ROUNDING).sum())))

    def p_values(self, at_least: NDArray[np.intp] | int) -> NDArray[np.float64]:
        """Return the same given how many orders reach what was observed."""
        added = 0 if self.exact else 1
        return np.asarray((at_least + np.float64(added)) / (len(self.positions) + added))


def orders(groups: Sequence[NDArray[np.intp]], n: int, *, most: int, seed: int) -> Orders:
    """Return orders of `n` things in which only those of one group change places.

    Parameters
    ----------
    groups : sequence of arrays
        Positions, no one twice; what is in none stays where it is.
    n : int
        Things.
    most : int
        Orders drawn; when there are no more in all, each is taken once.
    seed : int
        The same seed draws the same.

    Examples
    --------
    >>> orders([np.array([0, 2])], 3, most=9, seed=0)
    Orders(positions=array([[0, 1, 2], [2, 1, 0]]), exact=True)
    """
    if most < 1:
        raise ParameterError(
            "Chance is known from orders that mean nothing.",
            where="permutations",
            expected="1 or more",
            got=f"{most:,}",
        )
    if math.prod(math.factorial(len(group)) for group in groups) <= most:
        return Orders(_all(groups, n), exact=True)
    draws = np.random.default_rng(seed)
    positions = np.tile(np.arange(n), (most, 1))
    for group in groups:
        positions[:, group] = draws.permuted(positions[:, group], axis=1)
    return Orders(positions, exact=False)


def _all(groups: Sequence[NDArray[np.intp]], n: int) -> NDArray[np.intp]:
    positions = np.arange(n)[None, :]
    for group in groups:
        ways = np.array(list(permutations(group.tolist())), dtype=np.intp)
        positions = np.repeat(positions, len(ways), axis=0)
        positions[:, group] = np.tile(ways, (len(positions) // len(ways), 1))
    return positions

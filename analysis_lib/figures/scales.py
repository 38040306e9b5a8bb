"""An axis for a column of values: where each stands, and what is written where."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from analysis_lib.figures import theme
from analysis_lib.figures.text import label, number

if TYPE_CHECKING:
    import pandas as pd

TICKS = 6
"""Values that are named along an axis, when there are no more."""

_DECADES = 2.0  # beyond which values may stand on a logarithmic axis
_APART = 0.09  # of an axis between two of its numbers
_VALUE = 14  # letters of a text value


@dataclass(frozen=True)
class Scale:
    """An axis for the values of one column: where each stands, what is written where."""

    places: NDArray[np.float64]
    ticks: list[float]
    texts: list[str]
    low: float
    high: float
    logarithmic: bool = False
    named: tuple[str, ...] = ()

    @classmethod
    def of(cls, column: pd.Series) -> Scale:
        """Return the axis of a column: numbers where they lie, texts in order of appearance."""
        if column.dtype.kind not in "iuf":
            names = list(dict.fromkeys(column))
            texts = theme.apart(label(name, _VALUE) for name in names)
            places = np.array([names.index(value) for value in column], dtype=np.float64)
            ticks = [float(i) for i in range(len(names))]
            return cls(places, ticks, texts, 0.0, max(len(names) - 1.0, 1.0), named=tuple(names))
        values = column.to_numpy(np.float64)
        known = np.unique(values[np.isfinite(values)])
        logarithmic = spaced_by_factors(known)
        places = np.log10(values) if logarithmic else values
        ends = places[np.isfinite(places)]
        low, high = (float(ends.min()), float(ends.max())) if ends.size else (0.0, 1.0)
        ticks = _ticks(known, logarithmic)
        texts = [_written(10**tick if logarithmic else tick) for tick in ticks]
        return cls(places, ticks, texts, low, high, logarithmic)

    def place(self, value: object) -> float | None:
        """Return where another value stands; None when the axis has no place for it."""
        if self.named:
            return float(self.named.index(str(value))) if value in self.named else None
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            return None
        if not self.logarithmic:
            return float(value)
        return float(np.log10(value)) if value > 0 else None


def spaced_by_factors(values: NDArray[np.float64]) -> bool:
    """Return whether sorted values belong on a logarithmic axis: more by their own spacing.

    Examples
    --------
    >>> spaced_by_factors(np.array([0.001, 0.01, 0.05, 1])), spaced_by_factors(np.arange(1, 999))
    (True, False)
    """
    if len(values) < 3 or values[0] <= 0 or np.log10(values[-1] / values[0]) <= _DECADES:
        return False
    steps, factors = np.diff(values), np.diff(np.log10(values))
    return bool(np.std(factors) / np.mean(factors) < np.std(steps) / np.mean(steps))


def _ticks(known: NDArray[np.float64], logarithmic: bool) -> list[float]:
    """Return where numbers are written along an axis: at the values, while there are few."""
    places = np.log10(known) if logarithmic else known
    if len(places) > TICKS:
        steps = np.linspace(places[0], places[-1], 5)
        if logarithmic:
            return [float(place) for place in steps]
        digits = 2 - int(np.floor(np.log10(places[-1] - places[0])))
        return [float(np.round(step, digits)) for step in steps]
    kept: list[float] = []
    span = float(places[-1] - places[0]) if len(places) else 0.0
    for place in places.tolist():
        if not kept or place - kept[-1] >= _APART * span:
            kept.append(place)
    return kept


def _written(value: float) -> str:
    """Return a number as it is read fastest: 0.05 and not 0.0500."""
    return number(value, 3) if abs(value) >= 1e6 or 0 < abs(value) < 1e-4 else f"{value:.3g}"

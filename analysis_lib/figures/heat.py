"""Tables as colours: the heat map that several figures are made of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from analysis_lib.figures import theme

if TYPE_CHECKING:
    from numpy.typing import NDArray

DIVERGING = [[0, theme.DOWN], [0.5, theme.PALE], [1, theme.UP]]
"""Below, at and above zero; the page brightens the ends in the dark."""
SEQUENTIAL = [[0, theme.PALE], [1, theme.BLUE]]


def heat(
    values: NDArray[np.float64],
    rows: Sequence[str],
    columns: Sequence[str],
    *,
    ends: tuple[float, float],
    words: str = "",
    gap: int = 1,
) -> dict[str, Any]:
    """Return a heat map; about zero its scale diverges.

    Parameters
    ----------
    values : array of rows × columns
        What is missing has no colour.
    rows, columns : names
        Escaped already, none of them twice.
    ends : two numbers
        Where the scale begins and ends; values beyond have the colour of its end.
    words : str
        What the scale is; no scale is shown without.
    gap : int
        Pixels between cells.
    """
    low, high = ends
    return {
        "type": "heatmap",
        # Half the bytes of a float64, and more digits than a colour has.
        "z": values.astype(np.float32),
        "x": list(columns),
        "y": list(rows),
        "zmin": low,
        "zmax": high,
        "colorscale": DIVERGING if low < 0 < high else SEQUENTIAL,
        "showscale": bool(words),
        "showlegend": False,
        "hoverongaps": False,
        "xgap": gap,
        "ygap": gap,
        "colorbar": {
            "orientation": "h",
            "thickness": 10,
            "len": 0.7,
            "x": 0.5,
            "xanchor": "center",
            "y": 0,
            "yref": "container",
            "yanchor": "bottom",
            "ypad": 0,
            "title": {"text": words, "side": "bottom"},
            "outlinewidth": 0,
            "nticks": 5,
        },
    }

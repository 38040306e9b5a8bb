"""Ours beside its peers: a bar for every ratio of what both cost."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from analysis_lib.figures import theme
from analysis_lib.figures.text import label, number

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go

_ROW = 46  # pixels
_LONGEST = 26  # letters of a name
_DECADES = 4  # with a number each; of more, every second or third has one
_WORDS = {"s": ("slower", "faster"), "MB": ("larger", "smaller")}
_LOOKS = (
    ("more than the peer", theme.VERMILION, "diamond", "▲"),
    ("less than the peer", theme.BLUE, "circle", "▼"),
)


def verdict(unit: str, median: float, low: float, high: float) -> str:
    """Return in words how ours stands beside a peer, going by the ratio ours / peer.

    Examples
    --------
    >>> verdict("s", 2.5, 2.4, 2.6), verdict("MB", 0.9, 0.8, 1.1)
    ('slower', 'smaller, within the spread')
    """
    if median == 1:
        return "equal"
    more, less = _WORDS[unit]
    certain = low > 1 or high < 1
    return f"{more if median > 1 else less}{'' if certain else ', within the spread'}"


def ratios(table: pd.DataFrame) -> go.Figure:
    """Return a bar for every peer, on a scale of powers of ten; what costs more stands first.

    Parameters
    ----------
    table : DataFrame
        A row per peer: columns title (of the claim), peer, unit, median, low, high (of the ratio
        ours / peer).
    """
    if table.empty:
        return theme.nothing(table, "Nothing was measured.")
    rows = table.sort_values("median", ascending=False, kind="stable").reset_index(drop=True)
    figure = theme.new("ours / peer", "", margin={"l": 8, "r": 8})
    figure.update_layout(height=120 + _ROW * len(rows), showlegend=True, bargap=0.45)
    theme.keep(figure, rows)
    logs = np.log10(rows[["median", "low", "high"]].to_numpy(np.float64))
    for (name, colour, symbol, sign), chosen in zip(
        _LOOKS, (logs[:, 0] > 0, logs[:, 0] <= 0), strict=True
    ):
        if not chosen.any():
            continue
        places, (centre, low, high) = np.flatnonzero(chosen), logs[chosen].T
        of_these = rows[chosen].to_dict("records")
        figure.add_bar(
            x=centre,
            y=places,
            orientation="h",
            name=f"{sign} {name}",
            marker={"color": colour},
            hoverinfo="skip",
        )
        figure.add_scatter(
            x=centre,
            y=places,
            mode="markers",
            showlegend=False,
            marker={"color": theme.INK, "symbol": symbol, "size": 7},
            error_x={
                "type": "data",
                "symmetric": False,
                "array": high - centre,
                "arrayminus": centre - low,
                "color": theme.INK,
                "thickness": 1.5,
                "width": 0,
            },
            customdata=[_told(row) for row in of_these],
            hovertemplate="%{customdata}<extra></extra>",
        )
    theme.line_at(figure, x=0)
    least, most = min(0.0, logs.min()) - 0.15, max(0.0, logs.max()) + 0.15
    step = 1 + int(most - least) // _DECADES
    decades = [at for at in range(math.ceil(least), math.floor(most) + 1) if at % step == 0]
    figure.update_xaxes(
        range=[least, most],
        tickmode="array",
        tickvals=decades,
        ticktext=[f"1/{10**-at:,}" if at < 0 else f"{10**at:,}" for at in decades],
        tickangle=0,
        zeroline=False,
    )
    names = [_name(row) for row in rows.to_dict("records")]
    figure.update_yaxes(theme.places_axis(names, showgrid=False))
    return figure


def _name(row: dict[Any, Any]) -> str:
    """Return what stands beside a bar: the claim with its number, and below it the peer."""
    sign = _LOOKS[row["median"] <= 1][-1]
    title = f"{label(row['title'], _LONGEST)} {sign} {number(row['median'], 2)}"
    return f"<b>{title}</b><br>{label(row['peer'], _LONGEST)}"


def _told(row: dict[Any, Any]) -> str:
    median, low, high = (row[each] for each in ("median", "low", "high"))
    return (
        f"<b>{label(row['title'])}</b><br>beside {label(row['peer'])}<br>"
        f"ours / peer {number(median, 3)} ({number(low, 3)} to {number(high, 3)}): "
        f"{verdict(row['unit'], median, low, high)}"
    )

"""Scores with their intervals: as bars, as whiskers, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from analysis_lib.figures import theme

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    import plotly.graph_objects as go


def bars(rows: pd.DataFrame, titles: Sequence[str], name: str, colour: str) -> dict[str, Any]:
    """Return the bars of one colour, with whiskers, and the value in each.

    Parameters
    ----------
    rows : DataFrame
        Columns value, low, high; a row per bar.
    titles : names
        Of the bars, escaped already; `<br>` breaks a line.
    name, colour : str
        Of all of them, for the legend.
    """
    values = rows["value"].to_numpy(np.float64)
    return {
        "type": "bar",
        "x": list(titles),
        "y": values,
        "name": name,
        "marker": {"color": colour},
        "error_y": {**whiskers(rows), "width": 3},
        "text": [f"{value:.3f}" if np.isfinite(value) else "" for value in values],
        "textposition": "inside",
        "insidetextanchor": "start",
        "textfont": {"size": 12, "color": "#111111" if colour != theme.BLUE else "#FFFFFF"},
        "customdata": words(rows),
        "hovertext": [title.replace("<br>", " ") for title in titles],
        "hovertemplate": (
            f"<b>{name}</b><br>%{{hovertext}} %{{y:.4f}}<br>%{{customdata}}<extra></extra>"
        ),
    }


def whiskers(rows: pd.DataFrame, colour: str = theme.INK, value: str = "value") -> dict[str, Any]:
    """Return the whiskers from `low` to `high` around the column `value`."""
    centre, low, high = (rows[c].to_numpy(np.float64) for c in (value, "low", "high"))
    return {
        "type": "data",
        "symmetric": False,
        "array": high - centre,
        "arrayminus": centre - low,
        "color": colour,
        "thickness": 1.5,
        "width": 0,
    }


def words(rows: pd.DataFrame, form: str = ".3f", name: str = "95 % interval") -> list[str]:
    """Return every row's interval in words, for hovering."""
    limits = rows[["low", "high"]].to_numpy(np.float64)
    return [
        f"{name} {low:{form}} to {high:{form}}" if np.isfinite([low, high]).all() else "no interval"
        for low, high in limits
    ]


def in_short(scores: pd.DataFrame, model: str) -> str:
    """Return a model's value and interval, for the legend."""
    of_model = scores.loc[scores["model"] == model, ["value", "low", "high"]].to_numpy(np.float64)
    if not len(of_model) or not np.isfinite(of_model[0, 0]):
        return "not defined"
    value, low, high = of_model[0]
    interval = f" ({low:.2f}–{high:.2f})" if np.isfinite([low, high]).all() else ""
    return f"{value:.3f}{interval}"


def unit_axis(figure: go.Figure) -> None:
    """Let bars of scores stand between 0 and 1."""
    figure.update_yaxes(range=[0, 1.04], tickformat=".1f")
    # On a phone a bar can be too narrow for its number: then it stands under the finger only.
    figure.update_layout(uniformtext={"minsize": 9, "mode": "hide"})

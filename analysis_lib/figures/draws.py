"""Figures of what chance does: a dot for every seed or draw."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from analysis_lib.figures import theme
from analysis_lib.figures.text import label

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go
    from numpy.typing import NDArray

_ROW = 74  # pixels
_APART = 0.13  # between equal values, in rows
_WIDEST = 0.76
_LABELS = {"true": "True labels", "shuffled": "Shuffled labels"}
_CHOICES = {
    "outside the folds": theme.Style("outside<br>the folds", theme.VERMILION, "diamond"),
    "inside the folds": theme.Style("inside<br>the folds", theme.BLUE, "circle"),
}


def spread(table: pd.DataFrame, *, reference: Mapping[str, float] | None = None) -> go.Figure:
    """Return the errors of every seed as dots, a row per model; equal ones beside each other.

    Parameters
    ----------
    table : DataFrame
        Columns model, seed, errors, n.
    reference : mapping of model to errors, optional
        Models without seeds: dashed lines, told in the legend.
    """
    if table.empty:
        return theme.nothing(table, "There are no errors to show.")
    styles = theme.models(table["model"])
    of = list(dict.fromkeys(table["n"]))
    figure = theme.new(f"errors of {of[0]}" if len(of) == 1 else "errors", "")
    figure.update_layout(height=130 + _ROW * len(styles), margin={"l": 8})
    theme.keep(figure, table)
    lines = reference or {}
    for model, style in theme.models(lines).items():
        figure.add_scatter(
            x=[lines[model]] * 2,
            y=[-0.5, len(styles) - 0.5],
            mode="lines",
            name=f"{style.title}: {lines[model]:g}",
            showlegend=True,
            line={"color": style.colour, "width": 2, "dash": "dash"},
            hovertemplate=f"<b>{style.title}</b>: {lines[model]:g} errors<extra></extra>",
        )
    for row, (model, style) in enumerate(styles.items()):
        rows = table[table["model"] == model]
        values = rows["errors"].to_numpy(np.float64)
        figure.add_scatter(
            x=values,
            y=row + _beside(values),
            mode="markers",
            name=style.title,
            showlegend=False,
            marker={"color": style.colour, "symbol": style.symbol, "size": 9, "opacity": 0.85},
            customdata=[
                f"seed {seed}<br>{errors} errors of {n}"
                for seed, errors, n in zip(rows["seed"], rows["errors"], rows["n"], strict=True)
            ],
            hovertemplate=f"<b>{style.title}</b>, %{{customdata}}<extra></extra>",
        )
    titles = [theme.wrapped(style.title, 16) for style in styles.values()]
    figure.update_yaxes(theme.places_axis(titles, showgrid=False))
    most = max([*table["errors"], *lines.values()])
    figure.update_xaxes(range=[-0.6, most + 0.6], zeroline=False, dtick=theme.whole_steps(most))
    return figure


def selection_bias(table: pd.DataFrame, *, majority: float) -> go.Figure:
    """Return accuracies with genes chosen outside and inside the folds, a dot per draw.

    Parameters
    ----------
    table : DataFrame
        Columns choice ("outside the folds" or "inside the folds"), labels ("true" or
        "shuffled"), draw, accuracy.
    majority : float
        The share of the larger class: what guessing reaches.
    """
    if table.empty:
        return theme.nothing(table, "There are no draws.")
    found = list(dict.fromkeys(table["labels"]))
    titles = [_LABELS.get(labels) or label(labels, theme.NAME_LENGTH) for labels in found]
    figure = theme.panels(titles, height=440)
    theme.keep(figure, table)
    choices = _choices(table)
    for column, labels in enumerate(found, start=1):
        of_labels = table[table["labels"] == labels]
        for place, (choice, style) in enumerate(choices.items()):
            values = of_labels.loc[of_labels["choice"] == choice, "accuracy"].to_numpy(np.float64)
            for trace in _draws(values, place, style, first=column == 1 and place == 0):
                figure.add_trace(trace, 1, column)
        guessing = {
            "type": "scatter",
            "x": [-0.5, len(choices) - 0.5],
            "y": [majority, majority],
            "mode": "lines",
            "name": f"Guessing the larger class: {majority:.3f}",
            "showlegend": column == 1,
            "line": {"color": theme.LINE, "width": 1.5, "dash": "dash"},
            "hoverinfo": "skip",
        }
        figure.add_trace(guessing, 1, column)
    names = [style.title for style in choices.values()]
    ticks = {"tickvals": list(range(len(names))), "ticktext": names, "tickmode": "array"}
    figure.update_xaxes(
        range=[-0.5, len(names) - 0.5], showgrid=False, zeroline=False, tickangle=0, **ticks
    )
    low = float(np.nanmin([majority, *table["accuracy"]]))
    figure.update_yaxes(range=[max(0.0, low - 0.06), 1.04])
    figure.update_yaxes(title_text="cross-validated accuracy", col=1)
    return figure


def _choices(table: pd.DataFrame) -> dict[str, theme.Style]:
    found = dict.fromkeys(table["choice"])
    known = {choice: style for choice, style in _CHOICES.items() if choice in found}
    others = {
        choice: theme.Style(label(choice, theme.NAME_LENGTH), theme.GREY, "x")
        for choice in found
        if choice not in known
    }
    return known | others


def _draws(
    values: NDArray[np.float64], place: int, style: theme.Style, *, first: bool
) -> list[dict[str, Any]]:
    if not len(values):
        return []
    name = style.title.replace("<br>", " ")
    mean = float(np.mean(values))
    dots = {
        "type": "scatter",
        "x": place + _beside(values),
        "y": values,
        "mode": "markers",
        "name": f"Genes chosen {name}",
        "showlegend": False,
        "marker": {"color": style.colour, "symbol": style.symbol, "size": 7, "opacity": 0.6},
        "hovertemplate": f"genes chosen {name}<br>accuracy %{{y:.3f}}<extra></extra>",
    }
    line = {
        "type": "scatter",
        "x": [place - 0.3, place + 0.3],
        "y": [mean, mean],
        "mode": "lines",
        "name": "Mean of the draws",
        "showlegend": first,
        "line": {"color": theme.INK, "width": 3},
        "hovertemplate": f"mean, genes chosen {name}: {mean:.3f}<extra></extra>",
    }
    return [dots, line]


def _beside(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return how far to move each of several equal values, so that all of them are seen."""
    moved = np.zeros(len(values))
    rounded = np.round(values, 6)
    different, counts = np.unique(rounded, return_counts=True)
    step = min(_APART, _WIDEST / max(1, counts.max() - 1))
    for value, n in zip(different, counts, strict=True):
        moved[rounded == value] = (np.arange(n) - (n - 1) / 2) * step
    return moved

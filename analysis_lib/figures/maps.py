"""Figures of samples as points on a map: embeddings, how good they are, and clusters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from analysis_lib.figures import intervals, theme
from analysis_lib.figures.text import label

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd
    import plotly.graph_objects as go

_SYMBOLS = ("circle", "diamond-open", "square", "triangle-up-open", "cross", "star")
_PARTS = {"": "", "train": "training", "test": "test"}
_MEASURES = {
    "trustworthiness": "Trustworthiness",
    "neighbour purity": "Neighbour<br>purity",
    "stability": "Stability<br>over seeds",
}
_METHODS = {"PCA": theme.BLUE, "t-SNE": theme.ORANGE, "UMAP": theme.GREEN}


def embeddings(points: pd.DataFrame) -> go.Figure:
    """Return the samples in two dimensions, a panel per method; colours are labels.

    Parameters
    ----------
    points : DataFrame
        Columns method, x, y, sample, label, and part ("train", "test" or "") when there are parts.
    """
    if points.empty:
        return theme.nothing(points, "There are no points.")
    methods = list(dict.fromkeys(points["method"]))
    titles = [label(method, theme.NAME_LENGTH) for method in methods]
    figure = theme.panels(titles, height=420, narrow_height=90 + 290 * len(methods), between=0.07)
    theme.keep(figure, points)
    points = points if "part" in points else points.assign(part="")
    listed: set[str] = set()
    for column, method in enumerate(methods, start=1):
        of_method = points[points["method"] == method]
        for trace in _groups(of_method, "label", "part", _part):
            first = trace["name"] not in listed
            listed.add(trace["name"])
            trace |= {"legendgroup": trace["name"], "showlegend": first}
            figure.add_trace(trace, 1, column)
    # The coordinates of t-SNE and UMAP have no meaning of their own.
    figure.update_xaxes(showticklabels=False, zeroline=False)
    figure.update_yaxes(showticklabels=False, zeroline=False)
    return figure


def quality(table: pd.DataFrame) -> go.Figure:
    """Return how good the embeddings are: a group of bars per measure, a colour per method.

    Parameters
    ----------
    table : DataFrame
        Columns method, measure, value, low, high (the range over seeds).
    """
    if table.empty:
        return theme.nothing(table, "Nothing was measured.")
    measures = list(dict.fromkeys(table["measure"]))
    titles = [_MEASURES.get(each) or label(each, theme.NAME_LENGTH) for each in measures]
    figure = theme.new("", "score", barmode="group", bargap=0.25, bargroupgap=0.06)
    theme.keep(figure, table)
    for method in dict.fromkeys(table["method"]):
        rows = table[table["method"] == method].set_index("measure").reindex(measures)
        name = label(method, theme.NAME_LENGTH)
        bars = intervals.bars(rows, titles, name, _METHODS.get(method, theme.GREY))
        bars["customdata"] = intervals.words(rows, name="over the seeds")
        figure.add_trace(bars)
    figure.update_xaxes(theme.names_axis(titles, showgrid=False))
    intervals.unit_axis(figure)
    return figure


def clusters(table: pd.DataFrame, *, x: str = "PC1", y: str = "PC2") -> go.Figure:
    """Return the samples with their class as colour and their cluster as symbol.

    Parameters
    ----------
    table : DataFrame
        Columns sample, label, cluster, x, y.
    x, y : str
        Titles of the axes.
    """
    if table.empty:
        return theme.nothing(table, "There are no points.")
    figure = theme.new(label(x), label(y), height=480)
    theme.keep(figure, table)
    for trace in _groups(table, "label", "cluster", lambda cluster: f"cluster {label(cluster)}"):
        figure.add_trace(trace)
    return figure


def _part(part: Any) -> str:
    return _PARTS[part] if part in _PARTS else label(part, theme.NAME_LENGTH)


def _groups(points: pd.DataFrame, colour: str, symbol: str, words: Any) -> Iterator[dict[str, Any]]:
    """Give the points of each pair of a class and something else a colour and a symbol."""
    others = sorted(dict.fromkeys(points[symbol]), key=str, reverse=symbol == "part")
    for cls, style in theme.classes(points[colour]).items():
        for i, other in enumerate(others):
            chosen = points[(points[colour] == cls) & (points[symbol] == other)]
            if chosen.empty:
                continue
            mark = _SYMBOLS[i % len(_SYMBOLS)]
            title = ", ".join(filter(None, (style.title, words(other))))
            yield {
                "type": "scattergl" if len(points) > theme.GL_FROM else "scatter",
                "x": chosen["x"].to_numpy(np.float64),
                "y": chosen["y"].to_numpy(np.float64),
                "mode": "markers",
                "name": f"{title} ({len(chosen):,})",
                "text": [label(sample) for sample in chosen["sample"]],
                "marker": {
                    "color": style.colour,
                    "symbol": mark,
                    "size": 9,
                    "opacity": 0.85,
                    "line": {"width": 1.8 if mark.endswith("-open") else 0},
                },
                "hovertemplate": f"<b>%{{text}}</b><br>{title}<extra></extra>",
            }

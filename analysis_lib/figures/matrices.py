"""Confusion matrices, side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from analysis_lib.figures import theme
from analysis_lib.figures.text import label

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go

_PER_ROW = 3
_NARROW_COLUMNS = 2
_TITLE = 22  # letters
_PALE = theme.PALE
_SCALE = [[0, _PALE], [1, theme.BLUE]]


def confusion(
    counts: pd.DataFrame,
    *,
    features: str = "all",
    names: dict[Any, str] | None = None,
    colourful: bool = False,
) -> go.Figure:
    """Return a confusion matrix per model, side by side, with counts and shares of each truth.

    Parameters
    ----------
    counts : DataFrame
        Columns model, truth, predicted, count, and features when there is more than one set.
    names : mapping of class to text, optional
        What to call the classes.
    colourful : bool
        Whether every true class has its own colour instead of one for all.
    """
    from plotly.subplots import make_subplots

    shown = counts[counts["features"] == features] if "features" in counts else counts
    if shown.empty:
        return theme.nothing(shown, "There are no predictions.")
    styles = theme.models(shown["model"])
    columns = max(1, min(_PER_ROW, len(styles)))
    rows = max(1, -(-len(styles) // columns))
    figure = make_subplots(
        rows=rows, cols=columns, horizontal_spacing=0.05, vertical_spacing=0.36 / rows
    )
    titles = [theme.wrapped(style.title, _TITLE) for style in styles.values()]
    margin = 20 + 16 * max(1 + title.count("<br>") for title in titles)
    theme.style(figure, height=110 + 200 * rows, margin={"t": margin})
    theme.keep(figure, shown)
    classes = theme.classes([*shown["truth"], *shown["predicted"]])
    found, colours = list(classes), [style.colour for style in classes.values()]
    called = [label((names or {}).get(each, each), theme.NAME_LENGTH) for each in found]
    for i, model in enumerate(styles):
        of_model = shown[shown["model"] == model]
        matrix = of_model.pivot_table(
            index="truth", columns="predicted", values="count", aggfunc="sum", fill_value=0
        ).reindex(index=found, columns=found, fill_value=0)
        row, column = i // columns + 1, i % columns + 1
        trace = _matrix(matrix.to_numpy(np.float64), called, styles[model].title)
        figure.add_trace(_by_truth(trace, colours) if colourful else trace, row, column)
    for axis, title in zip(theme.axes(len(styles)), titles, strict=True):
        theme.panel_title(figure, title, axis)
        plain = theme.names_axis(called, showgrid=False, ticks="")
        figure.layout[f"xaxis{axis}"].update(plain)
        figure.layout[f"yaxis{axis}"].update(plain | {"autorange": "reversed"})
    for name, words in _words(len(styles), columns).items():
        figure.layout[name].update(words)
    if columns > _NARROW_COLUMNS:
        rows = -(-len(styles) // _NARROW_COLUMNS)
        theme.narrow(
            figure,
            len(styles),
            height=90 + 200 * rows,
            columns=_NARROW_COLUMNS,
            between=0.36 / rows,
        )
        for name, words in _words(len(styles), _NARROW_COLUMNS).items():
            figure.layout.meta["narrow"]["axes"][name] |= words
    return figure


def _words(n: int, columns: int) -> dict[str, dict[str, Any]]:
    """Return what stands at the axes of `n` panels: words at the left and at the bottom only."""
    words: dict[str, dict[str, Any]] = {}
    for i, axis in enumerate(theme.axes(n)):
        left, below = i % columns == 0, i + columns >= n
        words[f"xaxis{axis}"] = {"title": {"text": "predicted" if below else ""}}
        words[f"yaxis{axis}"] = {"title": {"text": "true" if left else ""}, "showticklabels": left}
    return words


def _matrix(matrix: Any, names: list[str], title: str) -> dict[str, Any]:
    totals = matrix.sum(axis=1, keepdims=True)
    share = np.divide(matrix, totals, out=np.zeros_like(matrix), where=totals > 0)
    text = [
        [f"{int(count):,}<br>{part:.1%}" for count, part in zip(*both, strict=True)]
        for both in zip(matrix, share, strict=True)
    ]
    return {
        "type": "heatmap",
        "name": title,
        "z": share,
        "x": names,
        "y": names,
        "text": text,
        "texttemplate": "%{text}",
        "zmin": 0,
        "zmax": 1,
        "colorscale": _SCALE,
        "showscale": False,
        "xgap": 2,
        "ygap": 2,
        "hovertemplate": "true %{y}, predicted %{x}<br>%{text} of the true %{y}<extra></extra>",
    }


def _by_truth(matrix: dict[str, Any], colours: list[str]) -> dict[str, Any]:
    """Let the shares of the first truth run from 0 to 1, those of the next from 2 to 3."""
    last = 2 * len(colours) - 1
    stops = zip(colours, range(0, last, 2), strict=True)
    scale = [[at / last, c] for colour, i in stops for at, c in ((i, _PALE), (i + 1, colour))]
    shifted = matrix["z"] + 2 * np.arange(len(colours))[:, None]
    return {**matrix, "z": shifted, "zmax": last, "colorscale": scale}

"""Histograms of one number per gene, from bins counted before."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from analysis_lib.figures import grids, theme
from analysis_lib.figures.text import label, number

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go
    from numpy.typing import NDArray

PARTS = {
    "training": "Training",
    "train": "Training",
    "held out": "Held out",
    "test": "Held out",
}
"""What the samples are to a model, in words."""
_BEYOND = "The outermost bins hold everything beyond them."
_ROW = 230  # pixels
_FINE = 0.08  # shares below it need a decimal of a per cent


def score_histograms(table: pd.DataFrame) -> go.Figure:
    """Return how the scores of all genes are spread: a line per model, a panel per part.

    Parameters
    ----------
    table : DataFrame
        A row per bin: columns model, part ("training" or "held out"), measure (such as "R²"),
        low, high, count. The first bin may have no `low`, the last no `high` (missing or
        infinite): they hold everything beyond.
    """
    if table.empty:
        return theme.nothing(table, "There are no scores.")
    found = [
        (measure, part)
        for measure in dict.fromkeys(table["measure"])
        for part in dict.fromkeys(table["part"])
        if ((table["measure"] == measure) & (table["part"] == part)).any()
    ]
    measures = [label(measure, theme.NAME_LENGTH) for measure, _ in found]
    titles = [PARTS.get(part) or label(part, theme.NAME_LENGTH) for _, part in found]
    columns = len(set(titles)) if len(set(titles)) > 1 else len(found)
    figure = grids.grid(titles, columns=columns, row=_ROW, y="genes", legend=24, between=80)
    theme.keep(figure, table.replace([np.inf, -np.inf], np.nan))
    for i, ((measure, part), name) in enumerate(zip(found, measures, strict=True)):
        axis = theme.axes(len(found))[i]
        for title in (figure.layout, figure.layout.meta["narrow"]["axes"]):
            title[f"xaxis{axis}"]["title"] = {"text": name}
        rows = table[(table["measure"] == measure) & (table["part"] == part)]
        for model, style in theme.models(table["model"]).items():
            trace = _step(rows[rows["model"] == model], "count", style, _genes)
            if trace:
                first = not any(t.name == style.title for t in figure.data)
                figure.add_trace({**trace, **grids.place(i), "showlegend": first})
        top = 1.06 * max(1.0, float(rows["count"].max()))
        figure.layout[f"yaxis{axis}"].update(range=[0, top])
        figure.layout[f"xaxis{axis}"].update(range=_reach(rows))
    _say_beyond(figure, table)
    return figure


def null(
    table: pd.DataFrame, cut: float | None = None, *, statistic: str = "out-of-fold R²"
) -> go.Figure:
    """Return what all genes reach with the true rows, and with shuffled ones.

    Parameters
    ----------
    table : DataFrame
        A row per bin: columns kind ("observed" or "permuted"), low, high, share (of its kind).
        The first bin may have no `low`, the last no `high` (missing or infinite): they hold
        everything beyond.
    cut : float, optional
        What a gene has to reach at the accepted false discovery rate: a vertical line.
    statistic : str
        The title of the horizontal axis.
    """
    if table.empty:
        return theme.nothing(table, "Nothing was permuted.")
    figure = theme.new(label(statistic), "share of the genes", bargap=0, barmode="overlay")
    theme.keep(figure, table.replace([np.inf, -np.inf], np.nan))
    permuted, observed = (table[table["kind"] == kind] for kind in ("permuted", "observed"))
    if len(permuted):
        low, high = _edges(permuted)
        figure.add_bar(
            x=(low + high) / 2,
            y=permuted["share"],
            width=high - low,
            name="Permuted",
            marker={"color": theme.GREY},
            opacity=0.55,
            customdata=_spans(permuted, "share", _share),
            hovertemplate="<b>Permuted</b><br>%{customdata}<extra></extra>",
        )
    look = theme.Style("Observed", theme.BLUE)
    if trace := _step(observed, "share", look, _share):
        figure.add_trace(trace)
    if cut is not None and np.isfinite(cut):
        figure.add_scatter(
            x=[cut, cut],
            y=[0, 1.06 * float(table["share"].max())],
            mode="lines",
            name=f"FDR cut: {number(float(cut), 3)}",
            line={"color": theme.VERMILION, "width": 2.5, "dash": "dash"},
            hovertemplate="FDR cut %{x:.4g}<extra></extra>",
        )
    top = float(table["share"].max())
    figure.update_yaxes(tickformat=".0%" if top > _FINE else ".1%", rangemode="tozero")
    figure.update_xaxes(range=_reach(table))
    figure.update_layout(showlegend=True)
    _say_beyond(figure, table)
    return figure


def rank_histogram(
    table: pd.DataFrame,
    cut: float | None = None,
    *,
    statistic: str = "rank correlation over the lines",
) -> go.Figure:
    """Return every gene's rank correlation, observed against permuted; parameters as in `null`."""
    return null(table, cut, statistic=statistic)


def _step(rows: pd.DataFrame, column: str, style: theme.Style, words: Any) -> dict[str, Any]:
    """Return the outline of bins as one line: up at the first, down at the last."""
    if rows.empty:
        return {}
    rows = rows.sort_values("high", kind="stable")
    (low, high), values = _edges(rows), rows[column].to_numpy(np.float64)
    told = _spans(rows, column, words)
    corners = [(low[0], 0.0, told[0])]
    for i, value in enumerate(values):
        corners.append((low[i], value, told[i]))
        last = i + 1 == len(values)
        if last:
            corners.append((high[i], value, told[i]))
        # Where bins were left out, the line comes down to zero.
        if last or low[i + 1] > high[i] + 1e-9 * (high[i] - low[i]):
            corners.append((high[i], 0.0, told[i]))
    x, y, text = (list(each) for each in zip(*corners, strict=True))
    return {
        "type": "scatter",
        "mode": "lines",
        "x": x,
        "y": y,
        "name": style.title,
        "legendgroup": style.title,
        "line": {"color": style.colour, "dash": style.dash, "width": 2.2, "shape": "hv"},
        "customdata": text,
        "hovertemplate": f"<b>{style.title}</b><br>%{{customdata}}<extra></extra>",
    }


def _edges(rows: pd.DataFrame) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return where bins are drawn: one that is open is as wide as the narrowest other."""
    low, high = (rows[limit].to_numpy(np.float64) for limit in ("low", "high"))
    width = high - low
    closed = width[np.isfinite(width)]
    usual = float(closed.min()) if len(closed) else 1.0
    low_drawn = np.where(np.isfinite(low), low, np.where(np.isfinite(high), high - usual, 0.0))
    return low_drawn, np.where(np.isfinite(high), high, low_drawn + usual)


def _reach(rows: pd.DataFrame) -> list[float]:
    """Return a range with a little room, so that the ends of lines are seen."""
    low, high = _edges(rows)
    room = 0.015 * float(high.max() - low.min())
    return [float(low.min()) - room, float(high.max()) + room]


def _spans(rows: pd.DataFrame, column: str, words: Any) -> list[str]:
    return [
        f"{_span(low, high)}: {words(value)}"
        for low, high, value in rows[["low", "high", column]].to_numpy(np.float64).tolist()
    ]


def _span(low: float, high: float) -> str:
    if not np.isfinite(low):
        return f"below {number(high, 3)}"
    if not np.isfinite(high):
        return f"{number(low, 3)} and above"
    return f"{number(low, 3)} to {number(high, 3)}"


def _genes(count: float) -> str:
    return f"{count:,.0f} genes"


def _share(share: float) -> str:
    return f"{share:.2%} of the genes"


def _say_beyond(figure: go.Figure, table: pd.DataFrame) -> None:
    open_ended = not np.isfinite(table[["low", "high"]].to_numpy(np.float64)).all()
    theme.remember(figure, note=_BEYOND if open_ended else "")

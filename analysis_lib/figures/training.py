"""Figures of how models learn: over the epochs of a training, and from more and more samples."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from analysis_lib.figures import intervals, theme
from analysis_lib.figures.text import label

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go

_PARTS = {
    "training": theme.Style("Training", theme.BLUE, dash="solid"),
    "validation": theme.Style("Validation", theme.VERMILION, dash="dash"),
}
_FAINT = 0.4
_DODGE = 0.3  # of the distance between two sizes: room for the whiskers of all models


def curves(history: pd.DataFrame, *, stop: int | None = None) -> go.Figure:
    """Return accuracy and loss over the epochs; the first seed stands out from the others.

    Parameters
    ----------
    history : DataFrame
        Columns seed, epoch, part ("training" or "validation"), loss, accuracy.
    stop : int, optional
        The epoch at which training was, or would have been, stopped: a vertical line.
    """
    if history.empty:
        return theme.nothing(history, "Nothing was trained.")
    figure = theme.panels(["Accuracy", "Loss"], height=420, narrow_height=680)
    theme.keep(figure, history)
    first = history["seed"].iloc[0]
    others = history["seed"].nunique() - 1
    for column, measure in enumerate(("accuracy", "loss"), start=1):
        for part, style in _PARTS.items():
            of_part = history[history["part"] == part]
            bold, faint = of_part["seed"] == first, of_part["seed"] != first
            line = {"color": style.colour, "dash": style.dash, "width": 1}
            shown = {"type": "scatter", "mode": "lines", "showlegend": column == 1}
            if faint.any():
                x, y = _one_line(of_part[faint], measure)
                name = f"{style.title}, {others} other {'seed' if others == 1 else 'seeds'}"
                trace = {**shown, "x": x, "y": y, "name": name, "line": line, "opacity": _FAINT}
                figure.add_trace({**trace, "hoverinfo": "skip"}, 1, column)
            if bold.any():
                trace = {
                    **shown,
                    "x": of_part.loc[bold, "epoch"],
                    "y": of_part.loc[bold, measure],
                    "name": f"{style.title}, seed {label(first)}",
                    "line": {**line, "width": 2.5},
                    "hovertemplate": (
                        f"<b>{style.title}</b>, epoch %{{x}}<br>{measure} %{{y:.3f}}<extra></extra>"
                    ),
                }
                figure.add_trace(trace, 1, column)
        top = 1.03 if measure == "accuracy" else 1.05 * float(history["loss"].max())
        figure.update_yaxes(range=[0, top], col=column)
        if stop is not None:
            figure.add_trace(_stopped(stop, top, shown=column == 1), 1, column)
    figure.update_xaxes(title_text="epoch")
    return figure


def learning(table: pd.DataFrame) -> go.Figure:
    """Return a line per model: its accuracy after training on more and more samples.

    Parameters
    ----------
    table : DataFrame
        Columns model, size, value, low, high, draws (how many samples of that size were drawn).
    """
    if table.empty:
        return theme.nothing(table, "There is no learning curve.")
    figure = theme.new("training samples", "accuracy on the test samples", height=480)
    theme.keep(figure, table)
    sizes = sorted(set(table["size"]))
    styles = theme.models(table["model"])
    room = min(np.diff(sizes), default=1) * _DODGE
    for i, (model, style) in enumerate(styles.items()):
        rows = table[table["model"] == model].sort_values("size")
        # Beside one another, or the whiskers would hide each other.
        beside = (i - (len(styles) - 1) / 2) * room / max(1, len(styles) - 1)
        figure.add_scatter(
            x=rows["size"] + beside,
            y=rows["value"],
            mode="lines+markers",
            name=style.title,
            line={"color": style.colour, "dash": style.dash, "width": 2.5},
            marker={"color": style.colour, "symbol": style.symbol, "size": 9},
            error_y=intervals.whiskers(rows, style.colour),
            customdata=[
                f"trained on {size}<br>{words}<br>{draws} {'draws' if draws > 1 else 'draw'}"
                for size, words, draws in zip(
                    rows["size"], intervals.words(rows, name="from"), rows["draws"], strict=True
                )
            ],
            hovertemplate=(
                f"<b>{style.title}</b><br>accuracy %{{y:.3f}}<br>%{{customdata}}<extra></extra>"
            ),
        )
    figure.update_xaxes(
        tickmode="array", tickvals=sizes, ticktext=[f"{size}" for size in sizes], zeroline=False
    )
    lowest = float(np.nanmin(table[["value", "low"]].to_numpy(np.float64)))
    figure.update_yaxes(range=[max(0.0, lowest - 0.05), 1.03])
    return theme.room_for_legend(figure)


def _one_line(rows: pd.DataFrame, measure: str) -> tuple[Any, Any]:
    """Return the curves of all seeds as one line with gaps: one trace instead of many."""
    x, y = [], []
    for _, of_seed in rows.groupby("seed", sort=False):
        x += [*of_seed["epoch"].astype(float), np.nan]
        y += [*of_seed[measure].astype(float), np.nan]
    return np.array(x), np.array(y)


def _stopped(epoch: int, top: float, *, shown: bool) -> dict[str, Any]:
    return {
        "type": "scatter",
        "x": [epoch, epoch],
        "y": [0, top],
        "mode": "lines",
        "name": f"Early stopping: epoch {epoch}",
        "showlegend": shown,
        "line": {"color": theme.LINE, "width": 1.5, "dash": "dot"},
        "hoverinfo": "skip",
    }

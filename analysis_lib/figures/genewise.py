"""Figures of how well genes are predicted, one by one, and how many are left to predict."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from analysis_lib.figures import grids, theme
from analysis_lib.figures.histograms import PARTS
from analysis_lib.figures.text import label, number

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go

_MOST_PANELS = 8
_PER_ROW = 4
_ROW = 44  # pixels
_LONGEST = 44
_BEYOND = "Beyond the axes, drawn at the border"


def against(
    table: pd.DataFrame,
    x: str = "linear regression",
    y: str = "Lasso",
    *,
    measure: str = "R²",
    ends: tuple[float, float] | None = (-1.0, 1.0),
    limit: int = theme.LIMIT,
    seed: int = 0,
) -> go.Figure:
    """Return two scores of every gene against each other, a panel per part of the samples.

    Parameters
    ----------
    table : DataFrame
        Columns gene, part ("training" or "held out"), x, y.
    x, y : str
        What the columns x and y are the scores of: titles of the axes.
    measure : str
        What kind of score it is.
    ends : two numbers, optional
        Where both axes end. Points beyond stand at the border, with a mark of their own and the
        true values under the mouse. None: the axes hold everything.
    limit, seed : int
        Beyond so many points a sample of the genes is drawn, the same in all panels.
    """
    known = table[table[["x", "y"]].notna().all(axis=1)]
    if known.empty:
        return theme.nothing(table, "No gene has both scores.")
    parts = list(dict.fromkeys(known["part"]))
    titles = [PARTS.get(part) or label(part, theme.NAME_LENGTH) for part in parts]
    figure = theme.panels(titles, height=480, narrow_height=110 + 330 * len(parts), between=0.12)
    drawn, left_out = theme.some(known, "gene", limit // len(parts), seed)
    low, high = _ends(drawn) if ends is None else ends
    inside = drawn[["x", "y"]].clip(low, high).eq(drawn[["x", "y"]]).all(axis=1)
    kind = "scattergl" if len(drawn) > theme.GL_FROM else "scatter"
    for column, part in enumerate(parts, start=1):
        of_part = drawn["part"] == part
        figure.add_trace({**_equal(low, high), "showlegend": column == 1}, 1, column)
        for trace in (
            _cloud(drawn[of_part & inside], "Genes"),
            _at_border(drawn[of_part & ~inside], low, high),
        ):
            if len(trace["x"]):  # what is empty would hide its entry in the legend
                first = trace["name"] not in {each.name for each in figure.data}
                figure.add_trace({**trace, "type": kind, "showlegend": first}, 1, column)
    room = 0.04 * (high - low)
    across, up = (f"{label(measure)}, {label(title, _LONGEST)}" for title in (x, y))
    figure.update_xaxes(title_text=across, range=[low - room, high + room])
    figure.update_yaxes(range=[low - room, high + room])
    figure.update_yaxes(title_text=up, col=1)
    for axis in theme.axes(len(parts)):  # below each other on a narrow screen
        figure.layout.meta["narrow"]["axes"][f"yaxis{axis}"] |= {"title": {"text": up}}
    theme.keep(figure, drawn.replace([np.inf, -np.inf], np.nan))
    notes = [left_out, _beyond(int((~inside).sum()))]
    if missing := len(table) - len(known):
        notes.append(f"{missing:,} points without both scores are not drawn.")
    words = " ".join(filter(None, notes))
    theme.count(figure, total=len(known), drawn=len(drawn), missing=missing, note=words)
    return figure


def predicted_observed(table: pd.DataFrame, *, unit: str = "") -> go.Figure:
    """Return predicted against observed values of a few genes, a panel each.

    Parameters
    ----------
    table : DataFrame
        Columns gene, sample, group ("exc", "inh" or ""), observed, predicted, r2 (of the gene).
        At most eight genes, in order; that more were left out is said.
    unit : str
        What the values are, such as "log₂(CPM + 1)".
    """
    if table.empty:
        return theme.nothing(table, "There are no predictions.")
    genes = list(dict.fromkeys(table["gene"]))
    shown = table[table["gene"].isin(genes[:_MOST_PANELS])]
    titles = [
        f"{label(gene, 14)}, R² {_r2(rows['r2'].iloc[0])}"
        for gene, rows in shown.groupby("gene", sort=False)
    ]
    ending = f", {label(unit)}" if unit else ""
    figure = grids.grid(
        titles,
        columns=_PER_ROW,
        row=165,
        x=f"observed{ending}",
        y=f"predicted{ending}",
        narrow_columns=2,
        legend=24,
    )
    theme.keep(figure, shown)
    styles = theme.kinds(shown["group"])
    for i, (_, rows) in enumerate(shown.groupby("gene", sort=False)):
        low, high = _ends(rows[["observed", "predicted"]])
        figure.add_trace({**_equal(low, high), **grids.place(i), "showlegend": i == 0})
        room = 0.05 * (high - low)
        for axis in grids.place(i).values():
            name = f"{axis[0]}axis{axis[1:]}"
            figure.layout[name].update(range=[low - room, high + room], nticks=5)
        for group, style in styles.items():
            chosen = (rows["group"] == group).to_numpy()
            trace = _samples(rows[chosen], style, many=len(shown) > theme.GL_FROM)
            trace |= {"showlegend": i == 0, **grids.place(i)}
            figure.add_trace(trace)
    note = f"The first {_MOST_PANELS} of {len(genes):,} genes are shown."
    theme.remember(figure, note=note if len(genes) > _MOST_PANELS else "")
    return figure


def funnel(table: pd.DataFrame, *, unit: str = "genes") -> go.Figure:
    """Return how many are left after each step of a choice, the first step on top.

    Parameters
    ----------
    table : DataFrame
        A row per step: columns step, n or the unit (what is left after it), and removed where
        known.
    unit : str
        What is counted: "genes" or "cells".
    """
    if table.empty:
        return theme.nothing(table, f"There are no {label(unit)}.")
    left = table["n" if "n" in table else unit].to_numpy(np.int64)
    removed = table["removed"].to_numpy(np.float64) if "removed" in table else np.zeros(len(left))
    numbers = [
        f"{n:,}{f' (−{gone:,.0f})' if gone > 0 else ''}"
        for n, gone in zip(left.tolist(), removed.tolist(), strict=True)
    ]
    # The number stands below the name, where no bar can run into it.
    names = theme.apart(
        f"{theme.wrapped(label(step, _LONGEST), _LONGEST // 2)}<br><b>{words}</b>"
        for step, words in zip(table["step"], numbers, strict=True)
    )
    lines = sum(1 + name.count("<br>") for name in names)
    figure = theme.new(label(unit), "", height=80 + 12 * len(names) + 17 * lines, margin={"l": 8})
    theme.keep(figure, table)
    figure.add_bar(
        x=left,
        y=names,
        orientation="h",
        name=label(unit),
        showlegend=False,
        marker={"color": theme.SKY},
        customdata=[
            f"<b>{label(step)}</b><br>{words}"
            for step, words in zip(table["step"], numbers, strict=True)
        ],
        hovertemplate="%{customdata}<extra></extra>",
    )
    figure.update_xaxes(rangemode="tozero", nticks=5)
    figure.update_yaxes(theme.names_axis(names, autorange="reversed", showgrid=False))
    return figure


def _samples(rows: pd.DataFrame, style: theme.Style, *, many: bool) -> dict[str, Any]:
    return {
        "type": "scattergl" if many else "scatter",
        "x": rows["observed"].to_numpy(np.float64),
        "y": rows["predicted"].to_numpy(np.float64),
        "mode": "markers",
        "name": style.title,
        "legendgroup": style.title,
        "text": [label(sample) for sample in rows["sample"]],
        "marker": {"color": style.colour, "symbol": style.symbol, "size": 7, "opacity": 0.8},
        "hovertemplate": (
            f"<b>%{{text}}</b> ({style.title})<br>observed %{{x:.3f}}"
            "<br>predicted %{y:.3f}<extra></extra>"
        ),
    }


def _equal(low: float, high: float) -> dict[str, Any]:
    return {
        "type": "scatter",
        "x": [low, high],
        "y": [low, high],
        "mode": "lines",
        "name": "Equal",
        "legendgroup": "Equal",
        "line": {"color": theme.LINE, "width": 1.2, "dash": "dash"},
        "hoverinfo": "skip",
    }


def _cloud(rows: pd.DataFrame, name: str) -> dict[str, Any]:
    return {
        "x": rows["x"].to_numpy(np.float64),
        "y": rows["y"].to_numpy(np.float64),
        "mode": "markers",
        "name": name,
        "legendgroup": name,
        "text": [label(gene) for gene in rows["gene"]],
        "marker": {"color": theme.BLUE, "symbol": "circle", "size": 5, "opacity": 0.45},
        "hovertemplate": "<b>%{text}</b><br>%{x:.3f}, %{y:.3f}<extra></extra>",
    }


def _at_border(rows: pd.DataFrame, low: float, high: float) -> dict[str, Any]:
    true = rows[["x", "y"]].to_numpy(np.float64).tolist()
    return {
        **_cloud(rows.assign(**rows[["x", "y"]].clip(low, high)), _BEYOND),
        "marker": {
            "color": theme.VERMILION,
            "symbol": "diamond-open",
            "size": 7,
            "opacity": 0.8,
            "line": {"width": 1.5},
        },
        # As text: what is not finite would be nothing at all in JSON.
        "customdata": [f"{_true(x)}, {_true(y)}" for x, y in true],
        "hovertemplate": "<b>%{text}</b>, beyond the axes<br>%{customdata}<extra></extra>",
    }


def _true(value: float) -> str:
    return number(value) if np.isfinite(value) else f"{value:+}".replace("inf", "∞")


def _r2(value: float) -> str:
    return f"{value:.2f}" if np.isfinite(value) else "not defined"


def _ends(rows: pd.DataFrame) -> tuple[float, float]:
    """Return where axes begin and end that hold all finite values."""
    values = rows.select_dtypes("number").to_numpy(np.float64)
    values = values[np.isfinite(values)]
    if not len(values):
        return 0.0, 1.0
    low, high = float(values.min()), float(values.max())
    return (low, high) if high > low else (low - 0.5, high + 0.5)


def _beyond(n: int) -> str:
    if n == 1:
        return "1 point lies beyond the axes and stands at their border."
    return f"{n:,} points lie beyond the axes and stand at their border." * (n > 1)

"""Figures of lines predicted and lines measured: which is most like which, and in what genes."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from analysis_lib.figures import theme
from analysis_lib.figures.heat import heat
from analysis_lib.figures.text import label

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pandas as pd
    import plotly.graph_objects as go

_SHORT = 12  # letters of a line beside a matrix
_CELL = 20  # pixels
_ROW = 24
_PANELS = {"predicted": "Predicted", "measured": "Measured"}


def line_matrix(
    matrix: pd.DataFrame, *, words: str = "correlation, each gene centred over the lines"
) -> go.Figure:
    """Return how like each predicted line is to each measured one; a line's own has a square.

    Parameters
    ----------
    matrix : DataFrame
        Predicted lines (index) × measured lines (columns), correlations.
    words : str
        What the values are.
    """
    if matrix.empty:
        return theme.nothing(matrix, "There are no lines in both.")
    predicted, measured = _short(matrix.index), _short(matrix.columns)
    side = _CELL * max(len(predicted), len(measured), 9)
    figure = theme.new("measured line", "predicted line", height=230 + side, showlegend=False)
    # As wide as a narrow screen allows, and no higher than it is wide.
    theme.remember(figure, narrow={"height": 200 + min(side, 240), "axes": {}})
    theme.keep(figure, matrix.rename_axis("predicted").reset_index())
    trace = heat(matrix.to_numpy(np.float64), predicted, measured, ends=(-1, 1), words=label(words))
    told = "predicted <b>%{y}</b>, measured <b>%{x}</b><br>correlation %{z:.3f}<extra></extra>"
    figure.add_trace({**trace, "hovertemplate": told})
    places = dict(zip(matrix.columns, measured, strict=True))
    own = [
        (places[line], name)
        for line, name in zip(matrix.index, predicted, strict=True)
        if line in places
    ]
    figure.add_scatter(
        x=[x for x, _ in own],
        y=[y for _, y in own],
        mode="markers",
        name="Its own line",
        marker={"color": theme.INK, "symbol": "square-open", "size": 11, "line": {"width": 2}},
        hoverinfo="skip",
    )
    figure.update_xaxes(_all(measured, tickangle=-90, constrain="domain"))
    down = [len(predicted) - 0.5, -0.5]
    figure.update_yaxes(_all(predicted, range=down, scaleanchor="x"))
    figure.update_yaxes(constrain="domain", constraintoward="top")
    return figure


def markers(table: pd.DataFrame) -> go.Figure:
    """Return marker genes as predicted beside the same as measured, lines in rows.

    Parameters
    ----------
    table : DataFrame
        A row per gene and line: columns gene, line, kind ("exc", "inh" or ""), predicted,
        measured (0 to 1 within each gene), and predicted_raw, measured_raw where known.
    """
    if table.empty:
        return theme.nothing(table, "None of the marker genes is in both.")
    kinds = dict(zip(table["line"], table["kind"], strict=True))
    lines = sorted(kinds, key=lambda line: (kinds[line] or "~", line))
    genes = list(dict.fromkeys(table["gene"]))
    borders = [i + 0.5 for i, (a, b) in enumerate(pairwise(lines)) if kinds[a] != kinds[b]]
    rows, columns = _short(lines), theme.apart(label(gene, _SHORT) for gene in genes)
    high = 110 + _ROW * len(lines)
    figure = theme.panels(
        list(_PANELS.values()), height=90 + high, narrow_height=90 + 2 * high, between=45 / high
    )
    theme.keep(figure, table)
    for place, what in enumerate(_PANELS, start=1):
        values = _wide(table, what, lines, genes)
        raw = _wide(table, f"{what}_raw", lines, genes) if f"{what}_raw" in table else None
        trace = heat(
            values, rows, columns, ends=(0, 1), words="within each gene" if place == 1 else ""
        )
        told = f"<b>%{{x}}</b> in %{{y}}, {what}<br>%{{z:.2f}} of its range"
        if raw is not None:
            trace["customdata"] = raw
            told += "<br>%{customdata:.3f}"
        figure.add_trace({**trace, "hovertemplate": f"{told}<extra></extra>"}, 1, place)
    figure.update_xaxes(_all(columns, tickangle=-90))
    figure.update_yaxes(_all(rows, range=[len(rows) - 0.5, -0.5]))
    for border in borders:
        figure.add_hline(border, line={"color": theme.LINE, "width": 2.5}, row=1, col="all")
    theme.remember(figure, note="The grey line parts the kinds of neurons." if borders else "")
    figure.update_yaxes(showticklabels=False, col=2)
    figure.layout.meta["narrow"]["axes"]["yaxis2"] |= {"showticklabels": True}
    return figure


def own_and_others(table: pd.DataFrame) -> go.Figure:
    """Return how like each predicted line is to its own measured line, and to all others.

    Parameters
    ----------
    table : DataFrame
        A row per line, in the order in which to show them: columns line, own, low, median, high
        (of its correlations with the other lines).
    """
    if table.empty:
        return theme.nothing(table, "There are no lines in both.")
    names = theme.apart(label(line, theme.NAME_LENGTH) for line in table["line"])
    figure = theme.new("correlation", "", height=120 + _ROW * len(names), margin={"l": 8})
    theme.keep(figure, table)
    low, high = (table[column].to_numpy(np.float64) for column in ("low", "high"))
    places = np.arange(len(names), dtype=np.float64)
    gap = np.full(len(names), np.nan)
    told = [f"<b>{name}</b><br>" for name in names]
    figure.add_scatter(
        x=np.column_stack([low, high, gap]).ravel(),
        y=np.column_stack([places, places, gap]).ravel(),
        mode="lines",
        name="With other lines, lowest to highest",
        line={"color": theme.GREY, "width": 5},
        opacity=0.6,
        hoverinfo="skip",
    )
    for column, name, marker in (
        ("median", "With other lines, median", {"color": theme.INK, "symbol": "square", "size": 7}),
        ("own", "With its own line", {"color": theme.VERMILION, "symbol": "diamond", "size": 11}),
    ):
        figure.add_scatter(
            x=table[column].to_numpy(np.float64),
            y=places,
            mode="markers",
            name=name,
            marker=marker,
            text=told,
            customdata=[f"{a:.3f} to {b:.3f}" for a, b in zip(low, high, strict=True)],
            hovertemplate=(
                f"%{{text}}{name[0].lower()}{name[1:]}: %{{x:.3f}}"
                "<br>other lines: %{customdata}<extra></extra>"
            ),
        )
    figure.update_yaxes(theme.places_axis(names))
    return figure


def _all(names: list[str], **more: Any) -> dict[str, Any]:
    """Return an axis on which every name is seen, and nothing beside the cells."""
    plain = {"showgrid": False, "ticks": "", "dtick": 1, "tickfont": {"size": 10}}
    return theme.names_axis(names, **{"range": [-0.5, len(names) - 0.5], **plain, **more})


def _short(names: Iterable[object]) -> list[str]:
    return theme.apart(label(name, _SHORT) for name in names)


def _wide(table: pd.DataFrame, column: str, lines: list[Any], genes: list[Any]) -> Any:
    wide = table.pivot_table(index="line", columns="gene", values=column, aggfunc="mean")
    return wide.reindex(index=lines, columns=genes).to_numpy(np.float64)

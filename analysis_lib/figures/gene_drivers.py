"""Figures of what drives the predictions of genes: coefficients, how many, how stable."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from analysis_lib.figures import grids, theme
from analysis_lib.figures.heat import heat
from analysis_lib.figures.text import label, number

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go

_MOST_PANELS = 8
_PER_ROW = 4
_NAMED = 60  # rows of a map whose names can be read
_USUAL = 99  # per cent of the coefficients that the colours tell apart
_SIGNS = {
    1: theme.Style("Mostly positive", theme.UP, "diamond"),
    -1: theme.Style("Mostly negative", theme.DOWN, "square"),
    0: theme.Style("Neither", theme.GREY, "circle"),
}


def coefficient_map(
    table: pd.DataFrame,
    *,
    ends: float | None = None,
    words: str = "coefficient, per standard deviation",
    limit: int = theme.LIMIT,
) -> go.Figure:
    """Return coefficients of all genes as colours, genes in rows and features in columns.

    Parameters
    ----------
    table : DataFrame
        Genes × features, both in the order in which to show them.
    ends : float, optional
        Where the colours end on both sides of zero. Left out: at the largest value, or of many
        genes where 99 % of the values that are not zero end, which is said.
    words : str
        What the values are.
    limit : int
        Beyond so many genes an even choice of them is drawn.
    """
    if table.empty:
        return theme.nothing(table, "There are no coefficients.")
    every = -(-len(table) // limit)
    drawn = table.iloc[::every]
    values = drawn.to_numpy(np.float64)
    sizes = np.abs(values[np.isfinite(values) & (values != 0)])
    if not len(sizes):
        return theme.nothing(table, "Every coefficient is zero.")
    genes = theme.apart(label(gene, theme.NAME_LENGTH) for gene in drawn.index)
    features = theme.apart(label(feature, theme.NAME_LENGTH) for feature in drawn.columns)
    named = len(genes) <= _NAMED
    usual = float(np.percentile(sizes, 100 if named else _USUAL))
    end = usual if ends is None else ends
    height = 180 + (17 * len(genes) if named else 460)
    figure = theme.new("", "" if named else f"{len(genes):,} genes", height=height)
    theme.keep(figure, table.reset_index(names="gene"))
    trace = heat(
        values,
        genes,
        features,
        ends=(-end, end),
        words=label(words),
        gap=int(named),
    )
    figure.add_trace({**trace, "hovertemplate": "<b>%{y}</b>, %{x}<br>%{z:.4g}<extra></extra>"})
    names = theme.names_axis(genes, autorange="reversed", showgrid=False, ticks="")
    figure.update_yaxes({**names, "showticklabels": named, "tickfont": {"size": 11}})
    figure.update_xaxes(
        theme.names_axis(features, showgrid=False, ticks="", tickangle=-60, dtick=1)
    )
    notes = []
    if len(drawn) < len(table):
        notes.append(f"{len(drawn):,} of {len(table):,} genes are drawn, one in {every}.")
    if beyond := int((sizes > end).sum()):
        words = "coefficient is" if beyond == 1 else "coefficients are"
        notes.append(f"The colours end at ±{number(end, 2)}; {beyond:,} {words} beyond.")
    theme.count(figure, total=len(table), drawn=len(drawn), note=" ".join(notes))
    return figure


def drivers(table: pd.DataFrame) -> go.Figure:
    """Return how many genes each feature drives up and down, as bars to both sides.

    Parameters
    ----------
    table : DataFrame
        Columns feature, up, down (numbers of genes), in the order in which to show them.
    """
    if table.empty:
        return theme.nothing(table, "No feature drives any gene.")
    features = theme.apart(label(feature, theme.NAME_LENGTH) for feature in table["feature"])
    figure = theme.new("genes", "", height=110 + 28 * len(features), margin={"l": 8})
    theme.keep(figure, table)
    most = max(1, int(table[["up", "down"]].max().max()))
    for column, side, name, colour in (
        ("down", -1, "Lower with more of it", theme.DOWN),
        ("up", 1, "Higher with more of it", theme.UP),
    ):
        counts = table[column].to_numpy(np.int64)
        figure.add_bar(
            x=side * counts,
            y=features,
            orientation="h",
            name=name,
            marker={"color": colour},
            text=[f"{count:,}" if count else "" for count in counts],
            textposition="outside",
            cliponaxis=False,
            customdata=counts,
            hovertemplate=f"<b>%{{y}}</b><br>{name}: %{{customdata:,}} genes<extra></extra>",
        )
    figure.update_layout(barmode="overlay", bargap=0.25)
    ticks = _both_sides(most)
    figure.update_xaxes(
        range=[-1.24 * most, 1.24 * most],
        tickmode="array",
        tickvals=ticks,
        ticktext=[f"{abs(tick):,}" for tick in ticks],
    )
    figure.update_yaxes(theme.names_axis(features, autorange="reversed", showgrid=False))
    return figure


def gene_stability(table: pd.DataFrame) -> go.Figure:
    """Return how often each feature is chosen for each of a few genes, a panel per gene.

    Parameters
    ----------
    table : DataFrame
        Columns gene, feature, share (of the resamples in which its coefficient is not zero) and
        sign (above zero, below or zero). At most eight genes, in order; more are said.
    """
    if table.empty:
        return theme.nothing(table, "Nothing was resampled.")
    genes = list(dict.fromkeys(table["gene"]))
    features = list(dict.fromkeys(table["feature"]))
    places = {feature: i for i, feature in enumerate(features)}
    shown = table[table["gene"].isin(genes[:_MOST_PANELS])]
    panels = list(shown.groupby("gene", sort=False))
    figure = grids.grid(
        [label(gene, 16) for gene, _ in panels],
        columns=_PER_ROW,
        row=20 + 15 * len(features),
        x="share of draws",
        narrow_columns=2,
        shared=True,
        legend=24,
    )
    theme.keep(figure, shown)
    found = [sign for sign in _SIGNS if (np.sign(shown["sign"]) == sign).any()]
    for i, (gene, rows) in enumerate(panels):
        for sign in found:
            trace = _dots(rows[np.sign(rows["sign"]) == sign], _SIGNS[sign], places, label(gene))
            figure.add_trace({**trace, **grids.place(i), "showlegend": i == 0})
    names = theme.apart(label(feature, theme.NAME_LENGTH) for feature in features)
    figure.update_yaxes(theme.places_axis(names, tickfont={"size": 11}))
    figure.update_xaxes(range=[-0.06, 1.06], tickvals=[0, 0.5, 1], ticktext=["0", "50 %", "100 %"])
    note = f"The first {_MOST_PANELS} of {len(genes):,} genes are shown."
    theme.remember(figure, note=note if len(genes) > _MOST_PANELS else "")
    return figure


def _dots(
    rows: pd.DataFrame, style: theme.Style, places: dict[Any, int], gene: str
) -> dict[str, Any]:
    return {
        "type": "scatter",
        "x": rows["share"].to_numpy(np.float64),
        "y": [places[feature] for feature in rows["feature"]],
        "mode": "markers",
        "name": style.title,
        "legendgroup": style.title,
        "text": [label(feature) for feature in rows["feature"]],
        "marker": {"color": style.colour, "symbol": style.symbol, "size": 8},
        "hovertemplate": (
            f"<b>{gene}</b>, %{{text}}<br>chosen in %{{x:.0%}}, {style.title.lower()}"
            "<extra></extra>"
        ),
    }


def _both_sides(most: int) -> list[int]:
    """Return round numbers on both sides of zero, two on each where there is room.

    Examples
    --------
    >>> _both_sides(1234), _both_sides(1)
    ([-1000, -500, 0, 500, 1000], [-1, 0, 1])
    """
    size = 10 ** (len(str(most)) - 1)
    far = max(step for step in (1, 2, 5, 10) if step * size <= most or step == 1) * size
    near = [far // 2] if far % 2 == 0 and not str(far).startswith("5") else []
    return [*(-tick for tick in (far, *near)), 0, *near, far]

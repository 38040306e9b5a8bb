"""Figures of cells and their lines on maps, linked: what is chosen in one stands out in all."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from analysis_lib.figures import theme
from analysis_lib.figures.text import label, plain, visible

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go

_FIELDS = {"line": "Line", "kind": "Kind", "spines": "Spines"}
_SPINES = {
    "spiny": theme.Style("Spiny", theme.VERMILION, "diamond"),
    "sparsely spiny": theme.Style("Sparsely spiny", theme.GREEN, "triangle-up"),
    "aspiny": theme.Style("Aspiny", theme.BLUE, "square"),
    "": theme.Style("Not known", theme.GREY, "cross"),
}
_ORDER = {"exc": 0, "inh": 1}
_ENTRY = 20  # pixels of a row of the legend
_ABREAST = 4  # entries of a legend in a row, and two on a narrow screen


def views(
    points: pd.DataFrame,
    *,
    by: Literal["line", "kind", "spines"] = "line",
    looks: Mapping[str, theme.Style] | None = None,
    limit: int = theme.LIMIT,
    seed: int = 0,
) -> go.Figure:
    """Return cells in two dimensions, a panel per method, linked with all figures of this kind.

    Parameters
    ----------
    points : DataFrame
        Columns method, x, y, sample, line, kind ("exc", "inh" or ""), spines; "" is not known.
    by : "line", "kind" or "spines"
        What the colours and symbols say.
    looks : mapping of line to Style, optional
        `theme.lines` of the whole study, so that a line looks the same in all of its figures.
    limit, seed : int
        Beyond so many points a sample of the cells is drawn, the same in all panels.
    """
    if points.empty:
        return theme.nothing(points, "There are no cells.")
    methods = list(dict.fromkeys(points["method"]))
    total = len(points)
    points, left_out = theme.some(points, "sample", limit // len(methods), seed)
    styles = _styles(points, by, looks)
    rows = {count: _ENTRY * -(-len(styles) // count) for count in (_ABREAST, 2)}
    figure = theme.panels(
        [label(method, theme.NAME_LENGTH) for method in methods],
        height=390 + rows[_ABREAST],
        narrow_height=60 + 290 * len(methods) + rows[2],
        between=0.06,
        legend={"tracegroupgap": 0},
    )
    theme.keep(figure, points)
    counts = points.drop_duplicates(["sample", by])[by].value_counts()
    listed: set[str] = set()
    for column, method in enumerate(methods, start=1):
        of_method = points[points["method"] == method]
        for value, rows_of in _groups(of_method, by, styles):
            trace = _cells(rows_of, styles[value], len(points) > theme.GL_FROM)
            trace |= {
                "name": f"{styles[value].title} ({counts[value]:,})",
                "legendgroup": label(value) or "none",
                "showlegend": value not in listed,
            }
            listed.add(value)
            figure.add_trace(trace, 1, column)
    # The coordinates of t-SNE and UMAP have no meaning of their own.
    figure.update_xaxes(showticklabels=False, zeroline=False)
    figure.update_yaxes(showticklabels=False, zeroline=False)
    theme.count(figure, total=total, drawn=len(points), note=left_out)
    theme.remember(figure, linked="lines", choices=_choices(points, by, looks))
    return figure


def _styles(
    points: pd.DataFrame, by: str, looks: Mapping[str, theme.Style] | None
) -> dict[str, theme.Style]:
    """Give every value of a column its look, lines of one kind side by side."""
    found = list(dict.fromkeys(points[by]))
    if by == "kind":
        return theme.kinds(found)
    if by == "spines":
        known = {value: style for value, style in _SPINES.items() if value in found}
        return known | theme.classes(value for value in found if value not in known)  # type: ignore[return-value]
    kinds = dict(zip(points["line"], points["kind"], strict=True))
    looks = theme.lines(found, kinds) if looks is None else {**theme.lines([""]), **looks}
    if unknown := set(found) - set(looks):
        raise ValueError(f"lines without a look: {sorted(unknown)}")
    ordered = sorted(found, key=lambda line: (line == "", _ORDER.get(kinds[line], 2), line))
    return {line: looks[line] for line in ordered}


def _groups(
    points: pd.DataFrame, by: str, styles: Mapping[str, theme.Style]
) -> Iterator[tuple[str, pd.DataFrame]]:
    """Give the cells of each line apart, whatever the colours say: they are chosen by line."""
    for value in styles:
        of_value = points[points[by] == value]
        for _, rows in of_value.groupby("line", sort=True):
            yield value, rows


def _cells(rows: pd.DataFrame, style: theme.Style, many: bool) -> dict[str, Any]:
    same = {field: rows[field].iloc[0] for field in _FIELDS if rows[field].nunique() == 1}
    return {
        "type": "scattergl" if many else "scatter",
        "x": rows["x"].to_numpy(np.float64),
        "y": rows["y"].to_numpy(np.float64),
        "mode": "markers",
        # What the page's script knows the cells of a trace by.
        "meta": {field: visible(value) for field, value in same.items()},
        "text": [label(sample) for sample in rows["sample"]],
        "customdata": [
            ", ".join(label(value) for value in told if value) or "line not known"
            for told in rows[list(_FIELDS)].itertuples(index=False)
        ],
        "marker": {
            "color": style.colour,
            "symbol": style.symbol,
            "size": 6 if many else 8,
            "opacity": 0.8,
            "line": {"width": 1.6 if style.symbol.endswith("-open") else 0},
        },
        "hovertemplate": "<b>%{text}</b><br>%{customdata}<extra></extra>",
    }


def _choices(
    points: pd.DataFrame, by: str, looks: Mapping[str, theme.Style] | None
) -> list[dict[str, Any]]:
    """Return what can be chosen without a mouse: every line, and what the colours say."""
    fields = ["line"] if by == "line" else ["line", by]
    return [
        {
            "field": field,
            "title": _FIELDS[field],
            "values": [
                [visible(value), plain(style.title)]
                for value, style in _styles(points, field, looks).items()
            ],
        }
        for field in fields
    ]

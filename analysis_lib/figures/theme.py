"""One look for every figure: its layout, axes and panels, and the empty figure.

Colours and symbols are those of `palette`, found here too. Backgrounds are transparent and no
font colour is set: the page's script takes both from the page, in light and in dark.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from analysis_lib.figures.palette import (
    BLUE,
    BROWN,
    CALLS,
    DOWN,
    GREEN,
    GREY,
    INK,
    LINE,
    NAME_LENGTH,
    OLIVE,
    ORANGE,
    PALE,
    PURPLE,
    SKY,
    UP,
    VERMILION,
    VIOLET,
    YELLOW,
    Style,
    classes,
    kinds,
    lines,
    models,
)

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go

__all__ = [
    "BLUE",
    "BROWN",
    "CALLS",
    "DOWN",
    "GL_FROM",
    "GREEN",
    "GREY",
    "HEIGHT",
    "INK",
    "LIMIT",
    "LINE",
    "NAME_LENGTH",
    "OLIVE",
    "ORANGE",
    "PALE",
    "PURPLE",
    "SKY",
    "UP",
    "VERMILION",
    "VIOLET",
    "YELLOW",
    "Style",
    "apart",
    "axes",
    "classes",
    "count",
    "keep",
    "kept",
    "kinds",
    "line_at",
    "lines",
    "models",
    "names_axis",
    "narrow",
    "new",
    "nothing",
    "panel_title",
    "panels",
    "places_axis",
    "remember",
    "room_for_legend",
    "say_empty",
    "some",
    "style",
    "whole_steps",
    "wrapped",
]

HEIGHT = 440
LIMIT = 20_000
"""Beyond so many points a figure draws a sample, and says so."""
GL_FROM = 2_000
"""Beyond so many points a scatter plot is drawn by WebGL."""
_GUTTER = 0.08
_LISTED = 6  # entries of a legend that every figure has room for


def new(x: str = "", y: str = "", **layout: Any) -> go.Figure:
    """Return an empty figure in the house's look with axis titles `x` and `y`."""
    import plotly.graph_objects as go

    return style(go.Figure(), xaxis_title_text=x, yaxis_title_text=y, **layout)


def style(figure: go.Figure, **layout: Any) -> go.Figure:
    """Put the house's look on a figure, and further layout on top of it."""
    figure.update_layout(template=_template(), **{"height": HEIGHT, **layout})
    return figure


def panels(
    titles: Sequence[str],
    *,
    height: int = HEIGHT,
    narrow_height: int | None = None,
    between: float = 0.16,
    **layout: Any,
) -> go.Figure:
    """Return an empty figure of panels side by side; titles are escaped already.

    With a `narrow_height` they lie below one another on a narrow screen: see `narrow`.
    """
    from plotly.subplots import make_subplots

    figure = make_subplots(cols=len(titles), horizontal_spacing=0.24 / len(titles))
    style(figure, height=height, margin={"t": 36}, **layout)
    for axis, title in zip(axes(len(titles)), titles, strict=True):
        panel_title(figure, title, axis)
    if narrow_height:
        narrow(figure, len(titles), height=narrow_height, between=between)
    return figure


def narrow(
    figure: go.Figure,
    n: int,
    *,
    height: int,
    columns: int = 1,
    between: float = 0.16,
    gutter: float = _GUTTER,
) -> None:
    """Keep in `layout.meta` how the first `n` panels lie on a narrow screen.

    The page's script puts `columns` of them side by side there, with the share `between` of the
    height left between rows for titles and numbers, and the share `gutter` of the width between
    columns; `height` is the figure's then.
    """
    rows = -(-n // columns)
    wide = (1 - gutter * (columns - 1)) / columns
    high = (1 - between * (rows - 1)) / rows
    places: dict[str, dict[str, Any]] = {}
    for i, axis in enumerate(axes(n)):
        row, column = divmod(i, columns)
        left, bottom = column * (wide + gutter), (rows - 1 - row) * (high + between)
        places[f"xaxis{axis}"] = {"domain": [left, min(1, left + wide)]}
        places[f"yaxis{axis}"] = {"domain": [bottom, min(1, bottom + high)]}
    remember(figure, narrow={"height": height, "axes": places})


def room_for_legend(figure: go.Figure) -> go.Figure:
    """Make a figure with a long legend higher: two entries stand in a row, one when narrow."""
    listed = sum(trace.showlegend is not False for trace in figure.data)
    if listed > _LISTED:
        higher = figure.layout.height + 18 * (-(-(listed - _LISTED) // 2))
        figure.update_layout(height=higher)
        remember(figure, narrow={"height": higher + 9 * (listed - _LISTED)})
    return figure


def axes(n: int) -> list[str]:
    """Return what the names of the axes of `n` panels end in."""
    return ["", *(str(i + 1) for i in range(1, n))]


def places_axis(names: Sequence[str], **more: Any) -> dict[str, Any]:
    """Return a vertical axis with a row per name, at 0, 1, 2 and so on from the top."""
    return {
        "tickmode": "array",
        "tickvals": list(range(len(names))),
        "ticktext": list(names),
        "range": [len(names) - 0.5, -0.5],
        "zeroline": False,
        **more,
    }


def names_axis(names: Sequence[str], **more: Any) -> dict[str, Any]:
    """Return an axis whose ticks are names, none of them ever read as a number or a date."""
    return {"type": "category", "categoryorder": "array", "categoryarray": list(names), **more}


def line_at(figure: go.Figure, *, x: float | None = None, y: float | None = None) -> None:
    """Draw a dashed reference line through a figure of one panel."""
    line = {"color": LINE, "width": 1.2, "dash": "dash"}
    if x is not None:
        figure.add_shape(type="line", x0=x, x1=x, y0=0, y1=1, xref="x", yref="y domain", line=line)
    if y is not None:
        figure.add_shape(type="line", x0=0, x1=1, y0=y, y1=y, xref="x domain", yref="y", line=line)


def say_empty(figure: go.Figure, message: str) -> go.Figure:
    """Write into a figure that has nothing to draw why it is empty."""
    figure.add_annotation(
        text=message, x=0.5, y=0.5, xref="x domain", yref="y domain", showarrow=False
    )
    figure.update_xaxes(visible=False)
    figure.update_yaxes(visible=False)
    return figure


def whole_steps(most: float) -> int:
    """Return how far apart numbers stand on an axis of counts up to `most`: never halves.

    Examples
    --------
    >>> whole_steps(14), whole_steps(3)
    (2, 1)
    """
    return next((step for step in (1, 2, 5, 10, 20, 50, 100) if most / step <= 10), 200)


def nothing(table: pd.DataFrame, message: str) -> go.Figure:
    """Return the figure of a table that has no rows."""
    return say_empty(keep(new(), table), message)


def apart(titles: Iterable[str]) -> list[str]:
    """Tell titles apart that became equal by shortening: each needs a place of its own.

    Examples
    --------
    >>> apart(["a", "b", "a", "a (2)"])
    ['a', 'b', 'a (2)', 'a (2) (2)']
    """
    seen: dict[str, int] = {}
    unique: dict[str, None] = {}
    for title in titles:
        place = title
        while place in unique:
            seen[title] = seen.get(title, 1) + 1
            place = f"{title} ({seen[title]})"
        unique[place] = None
    return list(unique)


def wrapped(title: str, width: int = 20) -> str:
    """Break an escaped title into lines of about `width` letters.

    Examples
    --------
    >>> wrapped("Nearest shrunken centroids", 16)
    'Nearest shrunken<br>centroids'
    """
    lines = textwrap.wrap(title, width, break_long_words=False, break_on_hyphens=False)
    return "<br>".join(lines)


def keep(figure: go.Figure, table: pd.DataFrame) -> go.Figure:
    """Let a figure carry the table that it shows, for those who download its data."""
    figure._analysis_table = table
    return figure


def kept(figure: go.Figure) -> pd.DataFrame | None:
    """Return the table that a figure carries; nothing for a figure made elsewhere."""
    return getattr(figure, "_analysis_table", None)


def some(rows: pd.DataFrame, column: str, limit: int, seed: int) -> tuple[pd.DataFrame, str]:
    """Return all rows, or those of a random choice of `limit` values of a column, and say so."""
    import numpy as np

    values = rows[column].drop_duplicates().to_numpy()
    if len(values) <= limit:
        return rows, ""
    chosen = np.random.default_rng(seed).choice(values, limit, replace=False)
    words = f"{limit:,} of {len(values):,} {column}s are drawn, a random sample (seed {seed})."
    return rows[rows[column].isin(set(chosen))], words


def count(figure: go.Figure, *, total: int, drawn: int, missing: int = 0, note: str = "") -> None:
    """Keep in `layout.meta` how many points there are and are drawn, and `note` for the caption."""
    counts = {"points_total": total, "points_drawn": drawn, "points_missing": missing}
    remember(figure, **counts, note=note)


def remember(figure: go.Figure, **facts: Any) -> None:
    """Keep facts about a figure in `layout.meta`, beside those that stand there."""
    figure.update_layout(meta={**(figure.layout.meta or {}), **facts})


def _template() -> go.layout.Template:
    import plotly.graph_objects as go

    axis = {
        "automargin": True,
        "gridcolor": "rgba(128,128,128,0.22)",
        "zerolinecolor": "rgba(128,128,128,0.45)",
        "linecolor": "rgba(128,128,128,0.6)",
        "title": {"standoff": 10},
    }
    return go.layout.Template(
        layout={
            "paper_bgcolor": "rgba(0,0,0,0)",
            "plot_bgcolor": "rgba(0,0,0,0)",
            "font": {"family": "system-ui, sans-serif", "size": 13},
            "margin": {"l": 56, "r": 16, "t": 24, "b": 48},
            "hovermode": "closest",
            "hoverlabel": {"align": "left", "namelength": -1},
            "legend": {
                "orientation": "h",
                "xref": "container",
                "yref": "container",
                "x": 0.5,
                "xanchor": "center",
                "y": 0,
                "yanchor": "bottom",
            },
            "xaxis": axis,
            "yaxis": axis,
        }
    )


def panel_title(figure: go.Figure, title: str, axis: str) -> None:
    """Write a title above the panel whose axes end in `axis`; it is escaped already."""
    figure.add_annotation(
        text=f"<b>{title}</b>",
        x=0.5,
        y=1,
        xref=f"x{axis} domain",
        yref=f"y{axis} domain",
        xanchor="center",
        yanchor="bottom",
        showarrow=False,
    )

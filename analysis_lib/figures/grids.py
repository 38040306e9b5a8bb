"""Small panels in rows and columns, with what they share said at the edges only."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from analysis_lib.figures import theme

if TYPE_CHECKING:
    import plotly.graph_objects as go

_GUTTER = 0.14  # of the width, on a narrow screen
_EDGE = 86  # pixels above and below all rows


def grid(
    titles: Sequence[str],
    *,
    columns: int,
    row: int,
    x: str = "",
    y: str = "",
    narrow_columns: int = 1,
    shared: bool = False,
    legend: int = 0,
    between: int = 56,
    **layout: Any,
) -> go.Figure:
    """Return an empty figure of panels, `columns` in a row; titles are escaped already.

    Parameters
    ----------
    titles : names
        A panel each, row by row.
    columns, narrow_columns : int
        Panels in a row, and on a narrow screen.
    row, legend, between : int
        Height in pixels of a row of panels, of the legend, and of what parts two rows: numbers
        and the title of the panel below.
    x, y : str
        Titles of the axes, at the bottom and at the left only.
    shared : bool
        Whether all panels have the same vertical axis: its numbers stand at the left only.
    """
    from plotly.subplots import make_subplots

    n, columns = len(titles), min(columns, len(titles))
    rows = -(-n // columns)
    places: list[list[dict[str, Any] | None]] = [
        [{} if r * columns + c < n else None for c in range(columns)] for r in range(rows)
    ]
    figure = make_subplots(
        rows=rows,
        cols=columns,
        specs=places,
        horizontal_spacing=(0.08 if shared else 0.2) / columns,
        vertical_spacing=_share(between, row, rows),
    )
    height = _EDGE + legend + (row + between) * rows - between
    theme.style(figure, **{"height": height, "margin": {"t": 36}, **layout})
    for axis, title in zip(theme.axes(n), titles, strict=True):
        theme.panel_title(figure, title, axis)
    for name, words in _words(n, columns, x, y, shared).items():
        figure.layout[name].update(words)
    rows = -(-n // narrow_columns)
    theme.narrow(
        figure,
        n,
        height=_EDGE + legend + (row + between) * rows - between,
        columns=narrow_columns,
        between=_share(between, row, rows),
        gutter=0.05 if shared else _GUTTER,
    )
    for name, words in _words(n, narrow_columns, x, y, shared).items():
        figure.layout.meta["narrow"]["axes"][name] |= words
    return figure


def _share(between: int, row: int, rows: int) -> float:
    return between / ((row + between) * rows - between)


def place(i: int) -> dict[str, str]:
    """Return the axes of panel `i` for a trace."""
    axis = theme.axes(i + 1)[-1]
    return {"xaxis": f"x{axis}", "yaxis": f"y{axis}"}


def _words(n: int, columns: int, x: str, y: str, shared: bool) -> dict[str, dict[str, Any]]:
    words: dict[str, dict[str, Any]] = {}
    for i, axis in enumerate(theme.axes(n)):
        left, below = i % columns == 0, i + columns >= n
        words[f"xaxis{axis}"] = {"title": {"text": x if below else ""}}
        words[f"yaxis{axis}"] = {"title": {"text": y if left else ""}}
        if shared:
            words[f"yaxis{axis}"]["showticklabels"] = left
    return words

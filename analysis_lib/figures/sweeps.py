"""Figures of a sweep: how a number moves with each parameter, and all points as parallel lines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from analysis_lib.figures import grids, theme
from analysis_lib.figures.scales import TICKS, Scale
from analysis_lib.figures.text import label, plain

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go

LINKED_UP_TO = 100
"""With more points there is no list to choose one of them from."""

LINES = 200
"""Beyond so many points the parallel lines are those of a sample, and the figure says so."""

THIRDS_FROM = 3
"""With fewer different values there are no thirds to tell lines apart by."""

_ABREAST = 3  # panels in a row
_SIDE = 0.018  # of an axis between points of equal values
_NAME, _LONG = 24, 46  # letters of a parameter, of a number
_DEFAULT = theme.Style("All parameters at their defaults", theme.VERMILION, "diamond")
_THIRDS = (
    theme.Style("lowest third", theme.ORANGE, "circle", "dot"),
    theme.Style("middle", theme.GREY, "triangle-up", "dash"),
    theme.Style("highest third", theme.BLUE, "square"),
)
_ROW = 78  # pixels from one parallel axis to the next
_LEFT_OUT = "Points without this number are not drawn."


def effect(
    points: pd.DataFrame,
    parameters: pd.DataFrame,
    *,
    title: str,
    defaults: Mapping[str, Any],
) -> go.Figure:
    """Return how one number moves with each parameter: a panel for each, every point in all.

    Parameters
    ----------
    points : DataFrame
        Columns point (its name), value, told (the point in words), default (bool: all parameters
        are at their defaults); a value that is missing is not drawn.
    parameters : DataFrame
        A column per parameter, in the rows of `points`.
    title : str
        What the number is.
    defaults : mapping of parameter to value
        Those that are marked; a parameter that is left out has no mark.
    """
    drawn = points["value"].notna().to_numpy()
    table = _beside_each_other(points, parameters)
    if not drawn.any():
        return theme.nothing(table, "No point has this number.")
    rows = points[drawn]
    values = rows["value"].to_numpy(np.float64)
    low, high = _widened(values.min(), values.max())
    names = [str(name) for name in parameters]
    figure = grids.grid(
        [label(name, _NAME) for name in names],
        columns=_ABREAST,
        row=230,
        y=theme.wrapped(label(title, 80), 30),
        shared=True,
        legend=48,
    )
    theme.keep(figure, table)
    listed: set[str] = set()
    for i, name in enumerate(names):
        scale = Scale.of(parameters[name][drawn])
        for trace in _panel(rows, values, scale, scale.place(defaults.get(name)), (low, high)):
            trace["showlegend"] = trace["name"] not in listed
            listed.add(trace["name"])
            figure.add_trace({**trace, **grids.place(i)})
        _number_axis(figure, theme.axes(len(names))[i], scale, scale.place(defaults.get(name)))
    figure.update_yaxes(range=[low, high], zeroline=False)
    missing = int((~drawn).sum())
    theme.count(
        figure,
        total=len(points),
        drawn=len(rows),
        missing=missing,
        note=_LEFT_OUT if missing else "",
    )
    return _link(figure, points)


def parallel(points: pd.DataFrame, axes: pd.DataFrame) -> go.Figure:
    """Return all points as lines that cross an axis per parameter and per number.

    The axes lie one below the other, so that their names can be read on a narrow screen too.

    Parameters
    ----------
    points : DataFrame
        Columns point, told, default as `effect` takes them, and group: the number by whose
        thirds the lines are told apart.
    axes : DataFrame
        A column per axis from the top to the bottom, in the rows of `points`.
    """
    table = _beside_each_other(points, axes)
    if points.empty:
        return theme.nothing(table, "No point has results yet.")
    total = len(points)
    scales = {str(name): Scale.of(axes[name]) for name in axes}
    group = points["group"].to_numpy(np.float64)
    across = np.column_stack([_fanned(_shares(scale), group) for scale in scales.values()])
    some, left_out = theme.some(points.assign(row=range(total)), "point", LINES, seed=0)
    figure = theme.new(
        height=_ROW * len(scales) + 96,
        margin={"t": 12, "l": 16, "r": 16, "b": 84},
        xaxis={"range": [-0.03, 1.03], "visible": False},
        yaxis={
            "range": [len(scales) - 0.55, -0.5],
            "tickmode": "array",
            "tickvals": list(range(len(scales))),
            "ticktext": [""] * len(scales),
            "showticklabels": False,
            "zeroline": False,
            "showline": False,
        },
    )
    theme.keep(figure, table)
    drawn = some["group"].to_numpy(np.float64)
    looks, names = _thirds(drawn), _group_names(drawn)
    entries = [(look, name, 1.6) for look, name in names.items()]
    if some["default"].any():
        entries.append((_DEFAULT, _DEFAULT.title, 3.5))
    for look, name, width in entries:  # without a point: a line of the legend stands for many
        nowhere = np.array([np.nan])
        figure.add_trace({**_line(nowhere, nowhere, look, width), "name": name, "showlegend": True})
    ordered = np.argsort(some["default"].to_numpy(), kind="stable")  # the default on top
    heights = list(range(len(scales)))
    for at in ordered:
        point = some.iloc[at]
        style, width = (_DEFAULT, 3.5) if point["default"] else (looks[at], 1.6)
        trace = _line(across[point["row"]], heights, style, width)
        trace |= {"meta": {"point": point["point"]}, "showlegend": False}
        trace |= {
            "hovertext": _told(point),
            "hovertemplate": "%{hovertext}<extra></extra>",
            "name": label(point["told"]),
        }
        figure.add_trace(trace)
    for at, (name, scale) in enumerate(scales.items()):
        _name_axis(figure, at, name, scale, len(scales))
    theme.count(figure, total=total, drawn=len(some), note=left_out)
    return _link(figure, points)


def _beside_each_other(points: pd.DataFrame, more: pd.DataFrame) -> pd.DataFrame:
    import pandas as pd

    table = pd.concat([points.reset_index(drop=True), more.reset_index(drop=True)], axis=1)
    table.columns = pd.Index(theme.apart(map(str, table.columns)))
    return table


def _widened(low: float, high: float) -> tuple[float, float]:
    room = 0.08 * (high - low) or 0.08 * abs(high) or 1.0
    return float(low - room), float(high + room)


def _panel(
    rows: pd.DataFrame,
    values: NDArray[np.float64],
    scale: Scale,
    default: float | None,
    ends: tuple[float, float],
) -> list[dict[str, Any]]:
    """Return what one panel shows, from the back to the front."""
    traces = []
    if default is not None:
        mark = {"color": theme.LINE, "width": 1.2, "dash": "dash"}
        traces.append(
            {
                "type": "scatter",
                "x": [default, default],
                "y": list(ends),
                "mode": "lines",
                "line": mark,
                "name": "Default",
                "hoverinfo": "skip",
            }
        )
    traces += _medians(values, scale)
    x = scale.places + _beside(scale, values) * (scale.high - scale.low)
    is_default = rows["default"].to_numpy(bool)
    looks = {
        False: ({"color": theme.BLUE, "size": 8, "opacity": 0.7}, "A point of the sweep"),
        True: (
            {"color": _DEFAULT.colour, "symbol": _DEFAULT.symbol, "size": 12, "opacity": 1},
            _DEFAULT.title,
        ),
    }
    for which, (marker, name) in looks.items():
        chosen = is_default == which
        if chosen.any():
            traces.append(
                {
                    "type": "scatter",
                    "x": x[chosen],
                    "y": values[chosen],
                    "mode": "markers",
                    "marker": marker,
                    "name": name,
                    "meta": {"point": list(rows.loc[chosen, "point"])},
                    "hovertext": [_told(row) for _, row in rows[chosen].iterrows()],
                    "hovertemplate": "%{hovertext}<br><b>%{y}</b><extra></extra>",
                }
            )
    return traces


def _medians(values: NDArray[np.float64], scale: Scale) -> list[dict[str, Any]]:
    """Return the line of medians; none where hardly a value of the parameter comes twice."""
    places = np.unique(scale.places)
    if len(places) < 2 or 2 * len(places) > len(values):
        return []
    medians = [float(np.median(values[scale.places == place])) for place in places]
    return [
        {
            "type": "scatter",
            "x": places,
            "y": medians,
            "mode": "lines",
            "line": {"color": theme.INK, "width": 2},
            "name": "Median",
            "hovertemplate": "Median %{y}<extra></extra>",
        }
    ]


def _beside(scale: Scale, values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return by how much of the axis each point is moved, so that none hides another one."""
    seen: dict[tuple[float, float], list[int]] = {}
    for at, pair in enumerate(zip(scale.places.tolist(), values.tolist(), strict=True)):
        seen.setdefault(pair, []).append(at)
    moved = np.zeros(len(values))
    for same in seen.values():
        step = min(_SIDE, 0.06 / len(same))
        moved[same] = (np.arange(len(same)) - (len(same) - 1) / 2) * step
    return moved


def _number_axis(figure: go.Figure, axis: str, scale: Scale, default: float | None) -> None:
    reach = [scale.low, scale.high, *([] if default is None else [default])]
    low, high = _widened(min(reach), max(reach))
    if scale.named:  # each in the middle of a place as wide as the others'
        low, high = -0.5, len(scale.named) - 0.5
    figure.update_layout(
        {
            f"xaxis{axis}": {
                "range": [low, high],
                "tickmode": "array",
                "tickvals": scale.ticks,
                "ticktext": scale.texts,
                "zeroline": False,
            }
        }
    )


def _shares(scale: Scale) -> NDArray[np.float64]:
    span = scale.high - scale.low
    if not span:
        return np.where(np.isfinite(scale.places), 0.5, np.nan)
    shares: NDArray[np.float64] = (scale.places - scale.low) / span
    return shares


def _fanned(shares: NDArray[np.float64], group: NDArray[np.float64]) -> NDArray[np.float64]:
    """Move points of one value a little apart, in the order of their group."""
    fanned = shares.copy()
    for share in np.unique(shares[np.isfinite(shares)]):
        same = np.flatnonzero(shares == share)
        same = same[np.argsort(group[same], kind="stable")]
        step = min(0.008, 0.04 / len(same))
        fanned[same] += (np.arange(len(same)) - (len(same) - 1) / 2) * step
    return fanned


def _line(x: Any, y: Any, style: theme.Style, width: float = 1.6) -> dict[str, Any]:
    return {
        "type": "scatter",
        "x": x,
        "y": y,
        "mode": "lines+markers",
        "line": {"color": style.colour, "width": width, "dash": style.dash},
        "marker": {"color": style.colour, "symbol": style.symbol, "size": 5 + width},
        "opacity": 0.85,
    }


def _thirds(group: NDArray[np.float64]) -> list[theme.Style]:
    """Return how every line looks; alike where there are no thirds to tell apart."""
    known = group[np.isfinite(group)]
    if len(np.unique(known)) < THIRDS_FROM:
        return [_THIRDS[-1]] * len(group)
    low, high = np.quantile(known, [1 / 3, 2 / 3])
    return [
        _THIRDS[0] if value <= low else _THIRDS[2] if value > high else _THIRDS[1]
        for value in np.where(np.isfinite(group), group, (low + high) / 2)
    ]


def _group_names(group: NDArray[np.float64]) -> dict[theme.Style, str]:
    looks = _thirds(group)
    if len(set(looks)) < 2:
        return {_THIRDS[-1]: "A point of the sweep"}
    return {look: look.title.capitalize() for look in _THIRDS if look in looks}


def _name_axis(figure: go.Figure, at: int, name: str, scale: Scale, rows: int) -> None:
    """Write the name of a parallel axis above it, and its values below it."""

    def note(text: str, x: float, y: float, **more: Any) -> None:
        share = (rows - 0.55 - y) / (rows - 0.05)
        figure.add_annotation(
            text=text,
            x=(x + 0.03) / 1.06,
            y=share,
            xref="x domain",
            yref="y domain",
            showarrow=False,
            bgcolor=theme.PALE,
            borderpad=1,
            **more,
        )

    note(f"<b>{label(name, _LONG)}</b>", -0.03, at - 0.16, xanchor="left", yanchor="bottom")
    ticks = list(zip(scale.ticks, scale.texts, strict=True))
    span = (scale.high - scale.low) or 1.0
    few = ticks if len(ticks) <= TICKS else [ticks[0], ticks[-1]]
    for tick, text in few:
        share = (tick - scale.low) / span if scale.high > scale.low else 0.5
        anchor = "left" if share < 0.1 else "right" if share > 0.9 else "center"
        size = {"font": {"size": 11}}
        note(text, share, at + 0.16, xanchor=anchor, yanchor="top", **size)


def _told(point: Any) -> str:
    return f"Point {label(point['point'])}<br>{theme.wrapped(label(point['told'], 200), 60)}"


def _link(figure: go.Figure, points: pd.DataFrame) -> go.Figure:
    """Let a reader choose a point, which then stands out in all figures of the page."""
    if len(points) > LINKED_UP_TO:
        return figure
    values: list[Sequence[str]] = [
        [name, plain(label(f"{name}: {told}", 70))]
        for name, told in zip(points["point"], points["told"], strict=True)
    ]
    choices = [{"field": "point", "title": "Point", "values": values}]
    theme.remember(figure, linked="points", choices=choices)
    return figure

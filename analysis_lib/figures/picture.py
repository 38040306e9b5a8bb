"""A Plotly figure as a still picture: for print, for cards, and where no script runs.

Only what the figures of this package use is translated; anything else is an error, so that a
picture never shows less than its figure without a word.
"""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from analysis_lib.figures import theme
from analysis_lib.figures.text import plain

if TYPE_CHECKING:
    import plotly.graph_objects as go
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDTH = 720
_PX = 0.72  # points in a pixel, at 100 pixels to the inch
_DASHES: dict[str, Any] = {
    "solid": "-",
    "dot": (0, (1, 1.6)),
    "dash": (0, (4, 2)),
    "longdash": (0, (8, 2)),
    "dashdot": (0, (5, 1.8, 1, 1.8)),
}
_MARKERS = {
    "circle": "o",
    "square": "s",
    "diamond": "D",
    "cross": "P",
    "x": "X",
    "triangle-up": "^",
    "triangle-left": "<",
}
_LOOK: Any = {
    "font.size": 12 * _PX,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": "#999999",
    "axes.linewidth": 0.8,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#e6e6e6",
    "grid.linewidth": 0.7,
    "xtick.color": "#333333",
    "ytick.color": "#333333",
    "xtick.major.size": 0,
    "ytick.major.size": 0,
    "legend.frameon": False,
    "text.parse_math": False,
}
_MOST_LEVEL_TEXTS = 12  # more bars than that are too narrow for a number
_FONT = "DejaVu Sans"  # comes with matplotlib: the same letters on every machine


def png(figure: go.Figure, *, width: int = WIDTH) -> bytes:
    """Return a figure as a PNG of twice `width` pixels; the same figure gives the same bytes.

    Parameters
    ----------
    figure : plotly.graph_objects.Figure
        One that this package made.
    width : int
        Width in CSS pixels; the height is the figure's own.
    """
    import matplotlib as mpl
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    height = figure.layout.height or theme.HEIGHT
    with mpl.rc_context(), warnings.catch_warnings():
        # A name may have letters the font has not: they become boxes, which is all right here.
        warnings.filterwarnings("ignore", message=r"(?s)Glyph .* missing from font")
        mpl.rcdefaults()
        mpl.rcParams.update({**_LOOK, "font.family": [_FONT]})
        still = Figure((width / 100, height / 100), dpi=200, layout="constrained")
        FigureCanvasAgg(still)
        _draw(figure, still)
        content = io.BytesIO()
        still.savefig(content, format="png", metadata={"Software": None})
    return content.getvalue()


@dataclass
class _Panel:
    """One pair of axes, with the places of its names and what its legend lists."""

    axes: Axes
    categories: dict[str, dict[str, float]] = field(default_factory=lambda: {"x": {}, "y": {}})

    def places(self, axis: str, values: Any) -> Any:
        """Return where values stand along an axis; names stand at 0, 1, 2 and so on."""
        array = np.asarray(values)
        if array.dtype.kind in "iuf":
            return array.astype(np.float64)
        known = self.categories[axis]
        return np.array([known.setdefault(str(v), float(len(known))) for v in array.tolist()])


def _draw(figure: go.Figure, still: Figure) -> None:
    if unknown := {trace.type for trace in figure.data} - set(_DRAWERS):
        raise ValueError(f"no picture of traces of the types {sorted(unknown)}")
    if any(trace.type == "scatter3d" for trace in figure.data):
        panels = {("x", "y"): _space(figure, still)}
    else:
        panels = _panels(figure, still)
    for traces, panel in _by_panel(figure, panels):
        bars = [trace for trace in traces if trace.type == "bar"]
        for trace in traces:
            if trace.type == "bar":
                _bar(panel, trace, bars.index(trace), len(bars) if _grouped(figure) else 1)
            else:
                _DRAWERS[trace.type](panel, trace)
    for (x, y), panel in panels.items():
        if not hasattr(panel.axes, "get_zlim"):
            _axis(panel, "x", _layout_axis(figure, x))
            _axis(panel, "y", _layout_axis(figure, y))
    for shape in figure.layout.shapes:
        _line(panels[_pair(shape)].axes, shape)
    for note in figure.layout.annotations:
        _note(panels[_pair(note)].axes, note)
    if figure.layout.showlegend is not False:
        _legend(figure, still, [panel.axes for panel in panels.values()])


def _panels(figure: go.Figure, still: Figure) -> dict[tuple[str, str], _Panel]:
    pairs = list(dict.fromkeys((t.xaxis or "x", t.yaxis or "y") for t in figure.data))
    pairs = pairs or [("x", "y")]
    starts = {
        name: (_layout_axis(figure, name).domain or (0, 1))[0] for pair in pairs for name in pair
    }
    columns = sorted({starts[x] for x, _ in pairs})
    rows = sorted({starts[y] for _, y in pairs}, reverse=True)
    grid = still.add_gridspec(len(rows), len(columns))
    return {
        (x, y): _Panel(still.add_subplot(grid[rows.index(starts[y]), columns.index(starts[x])]))
        for x, y in pairs
    }


def _by_panel(
    figure: go.Figure, panels: dict[tuple[str, str], _Panel]
) -> Iterable[tuple[list[Any], _Panel]]:
    for pair, panel in panels.items():
        yield [t for t in figure.data if _trace_pair(t) == pair], panel


def _trace_pair(trace: Any) -> tuple[str, str]:
    if trace.type == "scatter3d":
        return ("x", "y")
    return (trace.xaxis or "x", trace.yaxis or "y")


def _pair(thing: Any) -> tuple[str, str]:
    return ((thing.xref or "x").split()[0], (thing.yref or "y").split()[0])


def _layout_axis(figure: go.Figure, name: str) -> Any:
    return figure.layout[f"{name[0]}axis{name[1:]}"]


def _grouped(figure: go.Figure) -> bool:
    return bool(figure.layout.barmode == "group")


def _scatter(panel: _Panel, trace: Any) -> None:
    x, y = panel.places("x", trace.x), panel.places("y", trace.y)
    mode = trace.mode or "lines+markers"
    if "lines" in mode:
        panel.axes.plot(x, y, label=plain(trace.name or ""), zorder=3, **_pen(trace.line))
    if "markers" in mode:
        named = None if "lines" in mode else plain(trace.name or "")
        panel.axes.scatter(x, y, label=named, zorder=3, **_points(trace.marker))


def _scatter_3d(panel: _Panel, trace: Any) -> None:
    panel.axes.scatter(
        *(np.asarray(values, dtype=np.float64) for values in (trace.x, trace.y, trace.z)),
        label=plain(trace.name or ""),
        depthshade=False,
        **_points(trace.marker, scale=1.6),
    )


def _bar(panel: _Panel, trace: Any, index: int, together: int) -> None:
    across = trace.orientation == "h"
    lengths = np.asarray(trace.x if across else trace.y, dtype=np.float64)
    centres = panel.places("y" if across else "x", trace.y if across else trace.x)
    widths = 0.8 / together if trace.width is None else np.asarray(trace.width)
    if together > 1:
        centres = centres + (index - (together - 1) / 2) * widths
    marker = trace.marker
    look: dict[str, Any] = {"color": _colours(marker.color)}
    if marker.line.width:
        look |= {"edgecolor": _colours(marker.line.color), "linewidth": marker.line.width * _PX}
    if trace.error_y.array is not None:
        reach = np.array([trace.error_y.arrayminus, trace.error_y.array], dtype=np.float64)
        pen = {"ecolor": trace.error_y.color, "capsize": 2, "elinewidth": 1}
        look |= {"yerr": np.maximum(reach, 0), "error_kw": pen}
    draw = panel.axes.barh if across else panel.axes.bar
    drawn = draw(
        centres,
        lengths,
        widths,
        label=plain(trace.name or ""),
        zorder=2,
        **look,
    )
    if trace.text is not None:
        _bar_texts(panel.axes, trace, drawn, together)


def _bar_texts(axes: Axes, trace: Any, drawn: Any, together: int) -> None:
    upright = len(drawn) * together > _MOST_LEVEL_TEXTS
    for bar, text in zip(drawn, trace.text, strict=True):
        axes.annotate(
            plain(text),
            (bar.get_x() + bar.get_width() / 2, 0),
            xytext=(0, 4),
            textcoords="offset points",
            rotation=90 if upright else 0,
            ha="center",
            va="bottom",
            fontsize=11 * _PX,
            color=trace.textfont.color or "black",
        )


def _box(panel: _Panel, trace: Any) -> None:
    place = panel.places("x", trace.x)
    if trace.median is None:
        return
    outliers = np.asarray([] if trace.y is None else trace.y[0], dtype=np.float64)
    five = {
        "q1": trace.q1[0],
        "med": trace.median[0],
        "q3": trace.q3[0],
        "whislo": trace.lowerfence[0],
        "whishi": trace.upperfence[0],
        "fliers": outliers,
    }
    colour = trace.line.color
    pen = {"color": colour, "linewidth": 1.4}
    panel.axes.bxp(
        [five],
        positions=place,
        widths=0.5,
        patch_artist=True,
        boxprops={"facecolor": (*_rgb(colour), 0.35), "edgecolor": colour, "linewidth": 1.4},
        medianprops=pen,
        whiskerprops=pen,
        capprops=pen,
        flierprops={
            "marker": "o",
            "markersize": 3,
            "markerfacecolor": colour,
            "markeredgecolor": "none",
        },
        manage_ticks=False,
    )


def _heatmap(panel: _Panel, trace: Any) -> None:
    from matplotlib.colors import LinearSegmentedColormap

    values = np.asarray(trace.z, dtype=np.float64)
    x, y = panel.places("x", trace.x), panel.places("y", trace.y)
    colours = LinearSegmentedColormap.from_list("scale", [tuple(stop) for stop in trace.colorscale])
    panel.axes.pcolormesh(
        x, y, values, cmap=colours, vmin=trace.zmin, vmax=trace.zmax, edgecolors="white", lw=2
    )
    panel.axes.grid(visible=False)
    panel.axes.spines[:].set_visible(False)
    for (row, column), value in np.ndenumerate(values):
        panel.axes.text(
            x[column],
            y[row],
            plain(trace.text[row][column]),
            ha="center",
            va="center",
            color="white" if value > 0.55 * trace.zmax else "black",
        )


_DRAWERS: dict[str, Callable[..., None]] = {
    "scatter": _scatter,
    "scattergl": _scatter,
    "scatter3d": _scatter_3d,
    "bar": _bar,
    "box": _box,
    "heatmap": _heatmap,
}


def _space(figure: go.Figure, still: Figure) -> _Panel:
    scene = figure.layout.scene
    axes: Any = still.add_subplot(projection="3d")
    eye = scene.camera.eye
    axes.view_init(
        elev=np.degrees(np.arctan2(eye.z, np.hypot(eye.x, eye.y))),
        azim=np.degrees(np.arctan2(eye.y, eye.x)),
    )
    axes.set_xlabel(plain(scene.xaxis.title.text or ""))
    axes.set_ylabel(plain(scene.yaxis.title.text or ""))
    axes.set_zlabel(plain(scene.zaxis.title.text or ""))
    axes.set_box_aspect(None, zoom=0.92)
    return _Panel(axes)


def _axis(panel: _Panel, name: str, axis: Any) -> None:
    axes = panel.axes
    along = axes.xaxis if name == "x" else axes.yaxis
    if axis.type == "log":
        raise ValueError("no picture of a logarithmic axis")
    along.set_label_text(plain(axis.title.text or ""))
    names = panel.categories[name]
    if names:
        along.set_ticks(list(names.values()), [plain(each) for each in names])
        _limits(axes, name, (-0.5, len(names) - 0.5))
    elif axis.range is not None:
        _limits(axes, name, axis.range)
    if axis.autorange == "reversed":
        along.set_inverted(True)
    if axis.showgrid is False:
        along.grid(visible=False)
    if axis.visible is False:
        along.set_visible(False)
    if axis.showticklabels is False:
        along.set_ticklabels([])
    if axis.tickformat and axis.tickformat.endswith("%"):
        along.set_major_formatter(lambda value, _: f"{value:.0%}")


def _limits(axes: Axes, name: str, limits: Any) -> None:
    (axes.set_xlim if name == "x" else axes.set_ylim)(*limits)


def _line(axes: Axes, shape: Any) -> None:
    if shape.type != "line":
        raise ValueError(f"no picture of a shape of the type {shape.type!r}")
    pen = {**_pen(shape.line), "zorder": 4}
    if shape.yref.endswith("domain"):
        axes.axvline(shape.x0, **pen)
    else:
        axes.axhline(shape.y0, **pen)


def _note(axes: Axes, note: Any) -> None:
    if not (note.xref.endswith("domain") and note.yref.endswith("domain")):
        raise ValueError("no picture of a note that stands at data")
    axes.text(
        note.x,
        note.y,
        plain(note.text),
        transform=axes.transAxes,
        ha="center",
        va="bottom" if note.yanchor == "bottom" else "center",
        fontweight="bold" if note.text.startswith("<b>") else "normal",
    )


def _legend(figure: go.Figure, still: Figure, panels: list[Axes]) -> None:
    from matplotlib.collections import PathCollection

    handles, titles = panels[0].get_legend_handles_labels()
    if len(titles) > 1:
        columns = 2 if max(len(title) for title in titles) > 24 else min(len(titles), 4)
        legend = still.legend(handles, titles, loc="outside lower center", ncols=columns)
        for handle in legend.legend_handles:
            if isinstance(handle, PathCollection):
                handle.set_sizes([36])  # small points are hard to tell apart in a legend


def _points(marker: Any, scale: float = 1.0) -> dict[str, Any]:
    return {
        "s": ((marker.size or 6) * _PX * scale) ** 2,
        "c": _colours(marker.color),
        "marker": _MARKERS[marker.symbol or "circle"],
        "alpha": marker.opacity,
        "linewidths": 0,
    }


def _pen(line: Any) -> dict[str, Any]:
    return {
        "color": _colours(line.color),
        "linewidth": (line.width or 2) * _PX,
        "linestyle": _DASHES[line.dash or "solid"],
    }


def _colours(given: Any) -> Any:
    if given is None:
        return theme.BLUE
    return given if isinstance(given, str) else list(given)


def _rgb(colour: str) -> tuple[float, ...]:
    if not re.fullmatch(r"#[0-9A-Fa-f]{6}", colour):
        raise ValueError(f"no picture with the colour {colour!r}")
    return tuple(int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))

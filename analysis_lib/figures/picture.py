"""A Plotly figure as a still picture: for print, for cards, and where no script runs.

Only what the figures of this package use is translated; anything else is an error, so that a
picture never shows less than its figure without a word.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from analysis_lib.figures import theme
from analysis_lib.figures.marks import DRAWERS, PX, Panel, pen, scale_bar
from analysis_lib.figures.text import plain

if TYPE_CHECKING:
    import plotly.graph_objects as go
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDTH = 720
_LOOK: Any = {
    "font.size": 12 * PX,
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
_LETTERS_ABREAST = 100
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


def _draw(figure: go.Figure, still: Figure) -> None:
    if unknown := {trace.type for trace in figure.data} - set(DRAWERS):
        raise ValueError(f"no picture of traces of the types {sorted(unknown)}")
    if any(trace.type == "scatter3d" for trace in figure.data):
        panels = {("x", "y"): _space(figure, still)}
    else:
        panels = _panels(figure, still)
    for traces, panel in _by_panel(figure, panels):
        bars = [trace for trace in traces if trace.type == "bar"]
        for trace in traces:
            if trace.type == "bar":
                beside = len(bars) if _grouped(figure) else 1
                DRAWERS["bar"](panel, trace, bars.index(trace), beside)
            else:
                DRAWERS[trace.type](panel, trace)
    for (x, y), panel in panels.items():
        if not hasattr(panel.axes, "get_zlim"):
            _axes(panel, _layout_axis(figure, x), _layout_axis(figure, y))
    _scales(figure, still, [panel.axes for panel in panels.values()])
    for shape in figure.layout.shapes:
        _line(panels[_pair(shape)].axes, shape)
    for note in figure.layout.annotations:
        _note(panels[_pair(note)].axes, note)
    if figure.layout.showlegend is not False:
        _legend(figure, still, [panel.axes for panel in panels.values()])


def _scales(figure: go.Figure, still: Figure, panels: list[Axes]) -> None:
    for trace in figure.data:
        if trace.type == "heatmap" and trace.showscale is not False:
            scale_bar(still, panels, trace)


def _panels(figure: go.Figure, still: Figure) -> dict[tuple[str, str], Panel]:
    pairs = list(dict.fromkeys((t.xaxis or "x", t.yaxis or "y") for t in figure.data))
    pairs = pairs or [("x", "y")]
    starts = {
        name: (_layout_axis(figure, name).domain or (0, 1))[0] for pair in pairs for name in pair
    }
    columns = sorted({starts[x] for x, _ in pairs})
    rows = sorted({starts[y] for _, y in pairs}, reverse=True)
    grid = still.add_gridspec(len(rows), len(columns))
    panels = {
        (x, y): Panel(still.add_subplot(grid[rows.index(starts[y]), columns.index(starts[x])]))
        for x, y in pairs
    }
    for pair, panel in panels.items():
        for name in pair:
            if (order := _layout_axis(figure, name).categoryarray) is not None:
                panel.places(name[0], order)  # whichever of them is drawn first
    return panels


def _by_panel(
    figure: go.Figure, panels: dict[tuple[str, str], Panel]
) -> Iterable[tuple[list[Any], Panel]]:
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


def _space(figure: go.Figure, still: Figure) -> Panel:
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
    return Panel(axes)


def _axes(panel: Panel, x: Any, y: Any) -> None:
    _axis(panel, "x", x)
    _axis(panel, "y", y)
    if y.scaleanchor:
        panel.axes.set_aspect("equal")


def _axis(panel: Panel, name: str, axis: Any) -> None:
    from matplotlib.ticker import MultipleLocator

    axes = panel.axes
    along = axes.xaxis if name == "x" else axes.yaxis
    if axis.type == "log":
        raise ValueError("no picture of a logarithmic axis")
    along.set_label_text(plain(axis.title.text or ""))
    names = panel.categories[name]
    if names:
        if axis.showticklabels is not False:  # of thousands of names none is shown
            _names(axes, name, axis, names)
        _limits(axes, name, axis.range or (-0.5, len(names) - 0.5))
    elif axis.range is not None:
        _limits(axes, name, axis.range)
    if axis.tickvals is not None:
        along.set_ticks(list(axis.tickvals), [plain(each) for each in axis.ticktext])
    elif axis.dtick and not names:
        along.set_major_locator(MultipleLocator(axis.dtick))
    if axis.autorange == "reversed":
        along.set_inverted(True)
    if axis.showgrid is False:
        along.grid(visible=False)
    if axis.visible is False:
        along.set_visible(False)
    if axis.showticklabels is False:
        along.set_ticklabels([])
    if axis.tickformat and axis.tickformat.endswith("%"):
        form = axis.tickformat  # ".1%" means the same to both
        along.set_major_formatter(lambda value, _: f"{value:{form}}")


def _names(axes: Axes, name: str, axis: Any, names: dict[str, float]) -> None:
    along = axes.xaxis if name == "x" else axes.yaxis
    titles = [plain(each) for each in names]
    along.set_ticks(list(names.values()), titles)
    if name == "x" and axis.tickvals is None and _crowded(axes, titles):
        along.set_tick_params(rotation=35)
        for tick in along.get_majorticklabels():
            tick.update({"ha": "right", "rotation_mode": "anchor"})


def _crowded(axes: Axes, titles: list[str]) -> bool:
    place: Any = axes.get_subplotspec()
    letters = sum(max(map(len, title.split("\n"))) + 2 for title in titles)
    return bool(letters > _LETTERS_ABREAST / place.get_gridspec().ncols)


def _limits(axes: Axes, name: str, limits: Any) -> None:
    (axes.set_xlim if name == "x" else axes.set_ylim)(*limits)


def _line(axes: Axes, shape: Any) -> None:
    if shape.type != "line":
        raise ValueError(f"no picture of a shape of the type {shape.type!r}")
    look = {**pen(shape.line), "zorder": 4}
    if shape.yref.endswith("domain"):
        axes.axvline(shape.x0, **look)
    else:
        axes.axhline(shape.y0, **look)


def _note(axes: Axes, note: Any) -> None:
    if not (note.xref.endswith("domain") and note.yref.endswith("domain")):
        raise ValueError("no picture of a note that stands at data")
    axes.text(
        note.x,
        note.y,
        plain(note.text),
        transform=axes.transAxes,
        ha=note.xanchor if note.xanchor in ("left", "right") else "center",
        va=note.yanchor if note.yanchor in ("top", "bottom") else "center",
        fontweight="bold" if note.text.startswith("<b>") else "normal",
        fontsize=(note.font.size or 12) * PX,
        bbox={"facecolor": "white", "edgecolor": "none", "pad": 1} if note.bgcolor else None,
        zorder=5,
    )


def _legend(figure: go.Figure, still: Figure, panels: list[Axes]) -> None:
    from matplotlib.collections import PathCollection

    listed = [panel.get_legend_handles_labels() for panel in panels]
    handles = [handle for of_panel, _ in listed for handle in of_panel]
    titles = [title for _, of_panel in listed for title in of_panel]
    if len(titles) > 1 or (titles and figure.layout.showlegend):
        columns = 2 if max(len(title) for title in titles) > 24 else min(len(titles), 4)
        legend = still.legend(handles, titles, loc="outside lower center", ncols=columns)
        for handle in legend.legend_handles:
            if isinstance(handle, PathCollection):
                handle.set_sizes([36])  # small points are hard to tell apart in a legend

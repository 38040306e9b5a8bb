"""The marks of a still picture: every type of Plotly trace in use, drawn by matplotlib."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from analysis_lib.figures import theme
from analysis_lib.figures.text import plain

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PX = 0.72
"""Points in a pixel, at 100 pixels to the inch."""

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
    "triangle-down": "v",
    "triangle-left": "<",
    "triangle-right": ">",
    "pentagon": "p",
    "hexagon": "h",
    "star": "*",
}
_STEPS = {"linear": "default", "hv": "steps-post", "vh": "steps-pre"}
_BRIGHT = 0.45  # letters on a brighter colour are black
_MOST_LEVEL_TEXTS = 12  # more bars than that are too narrow for a number


@dataclass
class Panel:
    """One pair of axes, with the places of its names."""

    axes: Axes
    categories: dict[str, dict[str, float]] = field(default_factory=lambda: {"x": {}, "y": {}})

    def places(self, axis: str, values: Any) -> Any:
        """Return where values stand along an axis; names stand at 0, 1, 2 and so on."""
        array = np.asarray(values)
        if array.dtype.kind in "iuf":
            return array.astype(np.float64)
        known = self.categories[axis]
        return np.array([known.setdefault(str(v), float(len(known))) for v in array.tolist()])


def _points(trace: Any, scale: float = 1.0) -> dict[str, Any]:
    marker = trace.marker
    symbol = marker.symbol or "circle"
    shape = symbol.removesuffix("-open")
    if shape not in _MARKERS:
        raise ValueError(f"no picture of points with the symbol {symbol!r}")
    colours = _colours(marker.color)
    look: dict[str, Any] = {"c": colours, "linewidths": 0}
    if shape != symbol:
        look = {"edgecolors": colours, "facecolors": "none", "linewidths": 2 * PX}
    return look | {
        "s": ((marker.size or 6) * PX * scale) ** 2,
        "marker": _MARKERS[shape],
        "alpha": marker.opacity if trace.opacity is None else trace.opacity,
    }


def _name(trace: Any) -> str:
    name = "" if trace.showlegend is False else plain(trace.name or "")
    return f" {name}" if name.startswith("_") else name  # matplotlib would leave it out


def pen(line: Any) -> dict[str, Any]:
    """Return how matplotlib draws a line of Plotly's."""
    return {
        "color": _colours(line.color),
        "linewidth": (line.width or 2) * PX,
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


def _scatter(panel: Panel, trace: Any) -> None:
    x, y = panel.places("x", trace.x), panel.places("y", trace.y)
    mode = trace.mode or "lines+markers"
    _whiskers(panel, trace, x, y)
    if "lines" in mode:
        shape = trace.line.shape or "linear"
        if shape not in _STEPS:
            raise ValueError(f"no picture of a line of the shape {shape!r}")
        look = {**pen(trace.line), "drawstyle": _STEPS[shape], "alpha": trace.opacity}
        panel.axes.plot(x, y, label=_name(trace), zorder=3, **look)
    if "markers" in mode:
        named = None if "lines" in mode else _name(trace)
        panel.axes.scatter(x, y, label=named, zorder=3, **_points(trace))


def _whiskers(panel: Panel, trace: Any, x: Any, y: Any) -> None:
    for error, which in ((trace.error_x, "xerr"), (trace.error_y, "yerr")):
        if error.array is not None:
            reach = np.maximum(np.array([error.arrayminus, error.array], dtype=np.float64), 0)
            look: dict[str, Any] = {which: reach, "ecolor": error.color}
            width = (error.thickness or 2) * PX
            panel.axes.errorbar(x, y, fmt="none", elinewidth=width, zorder=2.5, **look)


def _scatter_3d(panel: Panel, trace: Any) -> None:
    panel.axes.scatter(
        *(np.asarray(values, dtype=np.float64) for values in (trace.x, trace.y, trace.z)),
        label=_name(trace),
        depthshade=False,
        **_points(trace, scale=1.6),
    )


def _bar(panel: Panel, trace: Any, index: int, together: int) -> None:
    across = trace.orientation == "h"
    lengths = np.asarray(trace.x if across else trace.y, dtype=np.float64)
    centres = panel.places("y" if across else "x", trace.y if across else trace.x)
    widths = 0.8 / together if trace.width is None else np.asarray(trace.width)
    if together > 1:
        centres = centres + (index - (together - 1) / 2) * widths
    marker = trace.marker
    look: dict[str, Any] = {"color": _colours(marker.color), "alpha": trace.opacity}
    if marker.line.width:
        look |= {"edgecolor": _colours(marker.line.color), "linewidth": marker.line.width * PX}
    if trace.error_y.array is not None:
        reach = np.array([trace.error_y.arrayminus, trace.error_y.array], dtype=np.float64)
        pen = {"ecolor": trace.error_y.color, "capsize": 2, "elinewidth": 1}
        look |= {"yerr": np.maximum(reach, 0), "error_kw": pen}
    draw = panel.axes.barh if across else panel.axes.bar
    drawn = draw(
        centres,
        lengths,
        widths,
        label=_name(trace),
        zorder=2,
        **look,
    )
    if trace.text is not None:
        _bar_texts(panel.axes, trace, drawn, together)


def _bar_texts(axes: Axes, trace: Any, drawn: Any, together: int) -> None:
    if trace.orientation == "h":
        return _bar_ends(axes, trace, drawn)
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
            fontsize=11 * PX,
            color=trace.textfont.color or "black",
        )


def _bar_ends(axes: Axes, trace: Any, drawn: Any) -> None:
    for bar, text, length in zip(drawn, trace.text, trace.x, strict=True):
        left = length < 0
        axes.annotate(
            plain(text),
            (length, bar.get_y() + bar.get_height() / 2),
            xytext=(-4 if left else 4, 0),
            textcoords="offset points",
            ha="right" if left else "left",
            va="center",
            fontsize=11 * PX,
        )


def _box(panel: Panel, trace: Any) -> None:
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


def _scale(trace: Any) -> Any:
    from matplotlib.colors import LinearSegmentedColormap

    stops = [tuple(stop) for stop in trace.colorscale]
    return LinearSegmentedColormap.from_list("scale", stops, N=1024)


def scale_bar(still: Any, panels: list[Axes], trace: Any) -> None:
    """Draw the scale of a heat map below all panels."""
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import Normalize

    shown = ScalarMappable(Normalize(trace.zmin, trace.zmax), _scale(trace))
    bar = still.colorbar(shown, ax=panels, location="bottom", shrink=0.6, aspect=50)
    bar.outline.set_visible(False)
    bar.ax.grid(visible=False)
    bar.set_label(plain(trace.colorbar.title.text or ""))


def _heatmap(panel: Panel, trace: Any) -> None:
    values = np.asarray(trace.z, dtype=np.float64)
    x, y = panel.places("x", trace.x), panel.places("y", trace.y)
    scale = _scale(trace)
    cells: Any = (np.append(x - 0.5, x[-1] + 0.5), np.append(y - 0.5, y[-1] + 0.5))
    gaps: dict[str, Any] = {"edgecolors": "white", "lw": trace.xgap} if trace.xgap else {}
    panel.axes.pcolormesh(*cells, values, cmap=scale, vmin=trace.zmin, vmax=trace.zmax, **gaps)
    panel.axes.grid(visible=False)
    panel.axes.spines[:].set_visible(False)
    if trace.text is None:
        return
    for (row, column), value in np.ndenumerate(values):
        ground = scale((value - trace.zmin) / (trace.zmax - trace.zmin))
        panel.axes.text(
            x[column],
            y[row],
            plain(trace.text[row][column]),
            ha="center",
            va="center",
            color="black" if np.dot(ground[:3], (0.3, 0.59, 0.11)) > _BRIGHT else "white",
        )


DRAWERS: dict[str, Callable[..., None]] = {
    "scatter": _scatter,
    "scattergl": _scatter,
    "scatter3d": _scatter_3d,
    "bar": _bar,
    "box": _box,
    "heatmap": _heatmap,
}
"""How each type of trace is drawn: `bar` also takes its place among the bars beside it."""

"""Figures with one point per gene: volcano and MA plot, and the histogram of p-values."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from analysis_lib.figures import theme
from analysis_lib.figures.text import label

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go
    from numpy.typing import NDArray

_BINS = 20
_P_TITLES = {"pvalue": "p-value", "padj": "adjusted p-value"}
_COLUMNS = ("name", "logFC", "pvalue", "padj", "baseMean", "call")
_EDGE_ROOM = 0.06


def volcano(
    genes: pd.DataFrame,
    *,
    p_threshold: float,
    lfc_threshold: float,
    p: str = "pvalue",
    mean_is_log: bool = False,
    limit: int = theme.LIMIT,
    seed: int = 0,
) -> go.Figure:
    """Return fold change against significance, one point per gene.

    A gene whose p-value is zero stands above all others, as a triangle. Of more than `limit`
    genes, all called up or down are drawn and a sample of the others; `layout.meta` says how
    many points there are (`points_total`), are drawn (`points_drawn`), how many genes have no
    value to draw (`points_missing`), and all that in words (`note`).

    Parameters
    ----------
    genes : DataFrame
        Columns name, logFC, call ("up", "down", "not significant" or "not tested"), the column
        `p`, and when known pvalue, padj, baseMean.
    p_threshold, lfc_threshold : float
        Where the dashed lines stand.
    p : "pvalue" or "padj"
        The column on the vertical axis.
    mean_is_log : bool
        Whether `baseMean` is a log2 value already; for the hover text only.
    limit, seed : int
        How many points to draw, and the seed of the sample.
    """
    significance = genes[p].to_numpy(np.float64)
    with np.errstate(divide="ignore"):
        height = -np.log10(significance)
    zero = significance == 0
    rest = height[np.isfinite(height)]
    top = max([-np.log10(p_threshold), 1.0, *([rest.max()] if rest.size else [])])
    points = _Points(
        x=genes["logFC"].to_numpy(np.float64),
        y=np.where(zero, top * (1 + _EDGE_ROOM), height),
        edge=zero,
        edge_title="p = 0, drawn at the top",
        edge_symbol="triangle-up",
        hover=_hover(genes, mean_is_log),
    )
    title = f"−log<sub>10</sub> {_P_TITLES[p]}"
    figure = theme.new("log<sub>2</sub> fold change", title)
    _draw(figure, genes, points, limit, seed)
    for side in (-lfc_threshold, lfc_threshold):
        theme.line_at(figure, x=side)
    theme.line_at(figure, y=float(-np.log10(p_threshold)))
    return figure


def ma(
    genes: pd.DataFrame,
    *,
    lfc_threshold: float,
    mean_is_log: bool = False,
    limit: int = theme.LIMIT,
    seed: int = 0,
) -> go.Figure:
    """Return fold change against mean expression, one point per gene.

    A gene whose mean is zero stands at the left edge, as a triangle. For `limit`, `seed` and
    `layout.meta` see `volcano`.

    Parameters
    ----------
    genes : DataFrame
        Columns name, logFC, baseMean, call, and when known pvalue, padj.
    lfc_threshold : float
        Where the dashed lines stand.
    mean_is_log : bool
        Whether `baseMean` is a log2 value already, as limma's and edgeR's are.
    """
    mean = genes["baseMean"].to_numpy(np.float64)
    if mean_is_log:
        x, zero = mean, np.zeros(len(mean), dtype=bool)
    else:
        with np.errstate(divide="ignore", invalid="ignore"):
            x = np.log10(mean)
        zero = mean == 0
        rest = x[np.isfinite(x)]
        low, high = (rest.min(), rest.max()) if rest.size else (0.0, 1.0)
        x = np.where(zero, low - _EDGE_ROOM * max(high - low, 1.0), x)
    points = _Points(
        x=x,
        y=genes["logFC"].to_numpy(np.float64),
        edge=zero,
        edge_title="Mean 0, drawn at the left",
        edge_symbol="triangle-left",
        hover=_hover(genes, mean_is_log),
    )
    title = (
        "mean expression (log<sub>2</sub>)" if mean_is_log else "log<sub>10</sub> mean expression"
    )
    figure = theme.new(title, "log<sub>2</sub> fold change")
    _draw(figure, genes, points, limit, seed)
    for side in (-lfc_threshold, lfc_threshold):
        theme.line_at(figure, y=side)
    return figure


def p_histogram(genes: pd.DataFrame, *, p: str = "pvalue") -> go.Figure:
    """Return how the p-values are spread, with what pure chance would give.

    Parameters
    ----------
    genes : DataFrame
        With the column `p`; missing values are counted in `layout.meta` as `points_missing`.
    """
    import pandas as pd

    values = genes[p].to_numpy(np.float64)
    known = values[np.isfinite(values)]
    counts, edges = np.histogram(known, bins=_BINS, range=(0, 1))
    table = pd.DataFrame({"from": edges[:-1], "to": edges[1:], "genes": counts})
    figure = theme.keep(theme.new(_P_TITLES[p], "genes", bargap=0), table)
    figure.add_bar(
        x=(edges[:-1] + edges[1:]) / 2,
        y=counts,
        width=np.full(_BINS, 1 / _BINS),
        name="Genes",
        marker={"color": theme.SKY, "line": {"color": theme.BLUE, "width": 1}},
        customdata=[f"{low:.2f} to {high:.2f}" for low, high in pairwise(edges)],
        hovertemplate="p %{customdata}<br>%{y} genes<extra></extra>",
    )
    figure.add_scatter(
        x=[0, 1],
        y=[len(known) / _BINS] * 2,
        mode="lines",
        name="Expected by chance alone",
        line={"color": theme.VERMILION, "width": 2, "dash": "dash"},
        hovertemplate="%{y:.1f} genes in each bar by chance alone<extra></extra>",
    )
    figure.update_xaxes(range=[-0.01, 1.01])
    missing = len(values) - len(known)
    note = f"{missing:,} genes have no {_P_TITLES[p]} and are not counted." if missing else ""
    theme.count(figure, total=len(known), drawn=len(known), missing=missing, note=note)
    return figure


@dataclass(frozen=True)
class _Points:
    """Where the genes stand, which of them at an edge, and what hovering shows."""

    x: NDArray[np.float64]
    y: NDArray[np.float64]
    edge: NDArray[np.bool_]
    edge_title: str
    edge_symbol: str
    hover: tuple[list[str], NDArray[np.float64]]


def _draw(figure: go.Figure, genes: pd.DataFrame, points: _Points, limit: int, seed: int) -> None:
    call = genes["call"].to_numpy(dtype=object)
    if unknown := set(call) - set(theme.CALLS):
        raise ValueError(f"calls that no point is drawn for: {sorted(unknown)}")
    there = np.isfinite(points.x) & np.isfinite(points.y)
    drawn = _sampled(there, np.isin(call, ("up", "down")), limit, seed)
    kind = "scattergl" if drawn.sum() > theme.GL_FROM else "scatter"
    names = genes["name"].to_numpy(dtype=object)
    for name, style in theme.CALLS.items():
        of_call = there & (call == name)
        if name == "not tested" and not of_call.any():
            continue
        title = f"{style.title} ({int(of_call.sum()):,})"
        quiet = name.startswith("not")
        marker = {
            "color": style.colour,
            "symbol": style.symbol,
            "size": 5 if quiet else 7,
            "opacity": 0.5 if quiet else 0.85,
        }
        trace = _trace(kind, points, names, drawn & of_call & ~points.edge)
        figure.add_trace(trace | {"name": title, "marker": marker})
    at_edge = drawn & points.edge
    if at_edge.any():
        colours = [theme.CALLS[each].colour for each in call[at_edge]]
        edge_marker = {"color": colours, "symbol": points.edge_symbol, "size": 10}
        title = f"{points.edge_title} ({int(at_edge.sum()):,})"
        trace = _trace(kind, points, names, at_edge)
        figure.add_trace(trace | {"name": title, "marker": edge_marker})
    theme.keep(figure, genes.loc[drawn, [c for c in _COLUMNS if c in genes.columns]])
    total, shown = int(there.sum()), int(drawn.sum())
    missing = len(genes) - total
    notes = []
    if shown < total:
        notes.append(
            f"{shown:,} of {total:,} genes are drawn: all that are significant and a random "
            f"sample of the others (seed {seed})."
        )
    if missing:
        notes.append(f"{missing:,} genes without the values for this figure are not drawn.")
    theme.count(figure, total=total, drawn=shown, missing=missing, note=" ".join(notes))
    if not total:
        theme.say_empty(figure, "No gene has the values to be drawn.")


def _trace(
    kind: str, points: _Points, names: NDArray[np.object_], chosen: NDArray[np.bool_]
) -> dict[str, object]:
    lines, numbers = points.hover
    return {
        "type": kind,
        "mode": "markers",
        "x": points.x[chosen],
        "y": points.y[chosen],
        "text": [label(name) for name in names[chosen]],
        "customdata": numbers[chosen],
        "hovertemplate": "<br>".join(["<b>%{text}</b>", *lines]) + "<extra></extra>",
    }


def _hover(genes: pd.DataFrame, mean_is_log: bool) -> tuple[list[str], NDArray[np.float64]]:
    # The true values, not the coordinates: those of p = 0 are not where it is drawn.
    columns = {
        "logFC": "log<sub>2</sub> fold change %{customdata[@]:.3f}",
        "pvalue": "p %{customdata[@]:.3g}",
        "padj": "adjusted p %{customdata[@]:.3g}",
        "baseMean": "mean expression %{customdata[@]:.4g}" + (" (log)" if mean_is_log else ""),
    }
    known = [column for column in columns if column in genes.columns]
    lines = [columns[column].replace("@", str(i)) for i, column in enumerate(known)]
    return lines, genes[known].to_numpy(np.float64)


def _sampled(
    there: NDArray[np.bool_], significant: NDArray[np.bool_], limit: int, seed: int
) -> NDArray[np.bool_]:
    """Return which points to draw: all significant ones, and a sample of the others."""
    if there.sum() <= limit:
        return there
    chosen = there & significant
    others = np.flatnonzero(there & ~significant)
    # Even when the significant ones fill the limit, some of the others show where they lie.
    room = min(len(others), max(limit - int(chosen.sum()), limit // 10))
    chosen[np.random.default_rng(seed).choice(others, size=room, replace=False)] = True
    return chosen

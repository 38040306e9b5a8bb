"""Figures of features: their values, principal components, coefficients, spread by class."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from analysis_lib.figures import theme
from analysis_lib.figures.text import label, number

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go

_MOST_BARS = 30
_PANELS_PER_ROW = 3
_MOST_OUTLIERS = 300
_MOST_TEXTS = 12  # bars of more components are too narrow for a number
_EVERY = 5
_SCALES = {"original": "Original values", "scaled": "Scaled values"}


def values(table: pd.DataFrame) -> go.Figure:
    """Return histograms of the values before and after scaling, side by side.

    Parameters
    ----------
    table : DataFrame
        A row per bar: columns panel ("original" or "scaled"), low, high, count.
    """
    if table.empty:
        return theme.nothing(table, "There are no values.")
    found = list(dict.fromkeys(table["panel"]))
    titles = [_SCALES.get(panel) or label(panel, theme.NAME_LENGTH) for panel in found]
    figure = theme.panels(titles, height=360, narrow_height=620, showlegend=False, bargap=0)
    theme.keep(figure, table)
    for i, (panel, title) in enumerate(zip(found, titles, strict=True)):
        bars = table[table["panel"] == panel]
        low, high = (bars[limit].to_numpy(np.float64) for limit in ("low", "high"))
        trace = {
            "type": "bar",
            "x": (low + high) / 2,
            "y": bars["count"],
            "width": high - low,
            "name": title,
            "marker": {"color": theme.SKY, "line": {"color": theme.BLUE, "width": 1}},
            "customdata": [
                f"{number(a)} to {number(b)}"
                for a, b in zip(low.tolist(), high.tolist(), strict=True)
            ],
            "hovertemplate": "%{customdata}<br>%{y:,} values<extra></extra>",
        }
        figure.add_trace(trace, 1, i + 1)
    figure.update_xaxes(title_text="value", nticks=6)
    figure.update_yaxes(title_text="number of values")
    return figure


def pca_2d(
    points: pd.DataFrame,
    explained: pd.DataFrame,
    *,
    names: dict[Any, str] | None = None,
    limit: int = theme.LIMIT,
    seed: int = 0,
) -> go.Figure:
    """Return the first two principal components, coloured by label.

    Parameters
    ----------
    points : DataFrame
        Columns PC1, PC2, label, and name when known.
    explained : DataFrame
        Columns component and ratio, for the axis titles.
    names : mapping of label to text, optional
        What to call the classes.
    limit, seed : int
        Beyond so many points a sample is drawn; `layout.meta` says how many of how many.
    """
    if "PC2" not in points.columns:
        return theme.say_empty(theme.new(), "There is only one component.")
    titles = _component_titles(explained)
    figure = theme.new(titles["PC1"], titles["PC2"], height=480)
    chosen = _sampled(points, limit, seed)
    kind = "scattergl" if len(chosen) > theme.GL_FROM else "scatter"
    for trace in _class_traces(chosen, names, ["PC1", "PC2"], size=8):
        figure.add_trace(trace | {"type": kind})
    _count(figure, points, chosen, seed)
    return figure


def pca_3d(
    points: pd.DataFrame,
    explained: pd.DataFrame,
    *,
    names: dict[Any, str] | None = None,
    limit: int = theme.LIMIT,
    seed: int = 0,
) -> go.Figure:
    """Return the first three principal components, to be turned; parameters as in `pca_2d`."""
    if "PC3" not in points.columns:
        return theme.say_empty(theme.new(), "There are fewer than three components.")
    titles = _component_titles(explained)
    chosen = _sampled(points, limit, seed)
    figure = theme.new(height=520, margin={"l": 0, "r": 0, "t": 8, "b": 8})
    for trace in _class_traces(chosen, names, ["PC1", "PC2", "PC3"], size=4):
        figure.add_trace(trace | {"type": "scatter3d"})
    axes = {
        f"{axis}axis": {
            "title": {"text": titles[component].replace(" of the variance", "")},
            "showbackground": False,
        }
        for axis, component in zip("xyz", ("PC1", "PC2", "PC3"), strict=True)
    }
    camera = {"eye": {"x": 1.6, "y": 1.6, "z": 1.0}}
    figure.update_layout(scene={**axes, "camera": camera, "aspectmode": "cube"})
    _count(figure, points, chosen, seed)
    return figure


def explained(ratios: pd.DataFrame, *, keep: float | None = None) -> go.Figure:
    """Return the share of the variance in each component, and the running total.

    Parameters
    ----------
    ratios : DataFrame
        Columns component, ratio, cumulative.
    keep : float, optional
        The share of the variance to keep: a dashed line.
    """
    if ratios.empty:
        return theme.nothing(ratios, "There is no component.")
    components = [label(component, theme.NAME_LENGTH) for component in ratios["component"]]
    many = len(components) > _MOST_TEXTS
    figure = theme.keep(theme.new("component", "share of the variance"), ratios)
    numbers = {
        "text": [f"{ratio:.1%}" for ratio in ratios["ratio"]],
        "textposition": "inside",
        "insidetextanchor": "middle",
        "textfont": {"color": "#111111"},
    }
    figure.add_bar(
        x=components,
        y=ratios["ratio"],
        name="Each component",
        marker={"color": theme.SKY},
        hovertemplate="%{x}: %{y:.2%}<extra></extra>",
        **({} if many else numbers),
    )
    figure.add_scatter(
        x=components,
        y=ratios["cumulative"],
        mode="lines+markers",
        name="Running total",
        line={"color": theme.VERMILION, "width": 2},
        marker={"color": theme.VERMILION, "symbol": "diamond", "size": 5 if many else 8},
        hovertemplate="up to %{x}: %{y:.2%}<extra></extra>",
    )
    if keep is not None:
        figure.add_scatter(
            x=[components[0], components[-1]],
            y=[keep, keep],
            mode="lines",
            name=f"{keep:.0%} of the variance",
            line={"color": theme.LINE, "width": 1.5, "dash": "dash"},
            hoverinfo="skip",
        )
    figure.update_xaxes(theme.names_axis(components, showgrid=False))
    if many:  # every fifth has its name
        ticks = list(range(_EVERY - 1, len(components), _EVERY))
        figure.update_xaxes(
            tickmode="array", tickvals=ticks, ticktext=[components[i] for i in ticks]
        )
    figure.update_yaxes(range=[0, 1.05], tickformat=".0%")
    return figure


def coefficients(table: pd.DataFrame) -> go.Figure:
    """Return the coefficients that are not zero as bars, the largest at the top.

    Parameters
    ----------
    table : DataFrame
        Columns feature and coefficient.
    """
    values = table["coefficient"].to_numpy(np.float64)
    chosen = np.flatnonzero(values)
    chosen = chosen[np.argsort(-np.abs(values[chosen]), kind="stable")][:_MOST_BARS]
    shown = values[chosen]
    figure = theme.new("coefficient", "", height=max(220, 110 + 32 * len(chosen)))
    theme.keep(figure, table)
    total = int(np.count_nonzero(values))
    note = f"The {len(chosen)} largest of {total:,} coefficients that are not zero are shown."
    theme.count(figure, total=total, drawn=len(chosen), note=note if len(chosen) < total else "")
    figure.update_layout(showlegend=False)
    if not len(chosen):
        return theme.say_empty(figure, "Every coefficient is zero.")
    # The number stands beside the name, where no bar can run into it.
    features = theme.apart(
        [
            f"{label(table['feature'].iloc[i], theme.NAME_LENGTH)}  {number(values[i].item())}"
            for i in chosen
        ]
    )
    figure.add_bar(
        x=shown,
        y=features,
        orientation="h",
        marker={"color": [theme.UP if value > 0 else theme.DOWN for value in shown]},
        customdata=[label(table["feature"].iloc[i]) for i in chosen],
        hovertemplate="<b>%{customdata}</b> %{x:.4g}<extra></extra>",
    )
    figure.update_yaxes(theme.names_axis(features, autorange="reversed", showgrid=False))
    return figure


def boxes(values: pd.DataFrame, *, names: dict[Any, str] | None = None) -> go.Figure:
    """Return one panel per feature with a box per class.

    Parameters
    ----------
    values : DataFrame
        One row per feature and sample: columns feature, label, value. At most six features.
    names : mapping of label to text, optional
        What to call the classes.
    """
    from plotly.subplots import make_subplots

    features = list(dict.fromkeys(values["feature"]))[:6]
    columns = max(1, min(_PANELS_PER_ROW, len(features)))
    rows = max(1, -(-len(features) // columns))
    figure = make_subplots(
        rows=rows, cols=columns, horizontal_spacing=0.1, vertical_spacing=0.3 / rows
    )
    theme.style(figure, height=90 + 300 * rows, showlegend=False, margin={"t": 36})
    theme.keep(figure, values)
    for i, feature in enumerate(features):
        of_feature = values[values["feature"] == feature]
        row, column = i // columns + 1, i % columns + 1
        styles = theme.classes(of_feature["label"])
        for cls, style in styles.items():
            sample = of_feature.loc[of_feature["label"] == cls, "value"].to_numpy(np.float64)
            title = label(names[cls], theme.NAME_LENGTH) if names and cls in names else style.title
            figure.add_trace(_box(sample[np.isfinite(sample)], title, style), row, column)
        axis = "" if i == 0 else str(i + 1)
        figure.layout[f"xaxis{axis}"].update(type="category", showgrid=False)
        theme.panel_title(figure, label(feature, theme.NAME_LENGTH), axis)
    return figure


def _box(sample: Any, title: str, style: theme.Style) -> dict[str, Any]:
    # The five numbers go to the page, not every value: a box of 60,000 genes stays small.
    if not len(sample):
        return {"type": "box", "x": [title], "y": [None]}
    q1, median, q3 = np.percentile(sample, [25, 50, 75])
    inside = sample[(sample >= q1 - 1.5 * (q3 - q1)) & (sample <= q3 + 1.5 * (q3 - q1))]
    outside = np.setdiff1d(sample, inside)
    # The outermost ones on both sides are the ones that matter.
    kept = (
        outside
        if len(outside) <= _MOST_OUTLIERS
        else np.concatenate([outside[: _MOST_OUTLIERS // 2], outside[-_MOST_OUTLIERS // 2 :]])
    )
    return {
        "type": "box",
        "name": title,
        "x": [title],
        "q1": [q1],
        "median": [median],
        "q3": [q3],
        "lowerfence": [inside.min()],
        "upperfence": [inside.max()],
        **({"y": [kept], "boxpoints": "outliers"} if len(kept) else {}),
        "marker": {"color": style.colour, "size": 4, "opacity": 0.7},
        "line": {"color": style.colour, "width": 2},
        "width": 0.5,
    }


def _class_traces(
    points: pd.DataFrame, names: dict[Any, str] | None, components: list[str], size: int
) -> list[dict[str, Any]]:
    traces = []
    for cls, style in theme.classes(points["label"]).items():
        of_class = points[points["label"] == cls]
        title = label(names[cls], theme.NAME_LENGTH) if names and cls in names else style.title
        shown = of_class["name"] if "name" in of_class.columns else of_class.index
        places = "<br>".join(
            f"{component} %{{{axis}:.3f}}"
            for axis, component in zip("xyz", components, strict=False)
        )
        traces.append(
            {
                **{
                    axis: of_class[component].to_numpy(np.float64)
                    for axis, component in zip("xyz", components, strict=False)
                },
                "mode": "markers",
                "name": f"{title} ({len(of_class):,})",
                "text": [label(name) for name in shown],
                "marker": {
                    "color": style.colour,
                    "symbol": style.symbol,
                    "size": size,
                    "opacity": 0.75,
                },
                "hovertemplate": f"<b>%{{text}}</b> ({title})<br>{places}<extra></extra>",
            }
        )
    return traces


def _component_titles(ratios: pd.DataFrame) -> dict[str, str]:
    return {
        str(component): f"{label(component, theme.NAME_LENGTH)} ({ratio:.1%} of the variance)"
        for component, ratio in zip(ratios["component"], ratios["ratio"], strict=True)
    }


def _sampled(points: pd.DataFrame, limit: int, seed: int) -> pd.DataFrame:
    return points if len(points) <= limit else points.sample(limit, random_state=seed).sort_index()


def _count(figure: go.Figure, points: pd.DataFrame, chosen: pd.DataFrame, seed: int) -> None:
    total, drawn = len(points), len(chosen)
    theme.keep(figure, chosen)
    note = f"{drawn:,} of {total:,} points are drawn, a random sample (seed {seed})."
    theme.count(figure, total=total, drawn=drawn, note=note if drawn < total else "")

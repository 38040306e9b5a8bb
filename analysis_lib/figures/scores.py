"""Figures of how well models do."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from analysis_lib.figures import theme
from analysis_lib.figures.text import label

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    import plotly.graph_objects as go

METRICS = {
    "accuracy": "Accuracy",
    "balanced_accuracy": "Balanced<br>accuracy",
    "auc": "AUC",
    "cv_accuracy": "Cross-validated<br>accuracy",
}
_FEATURES = {"all": "All features", "without leaking": "Without leaking features"}
_FEATURE_COLOURS = {"all": theme.SKY, "without leaking": theme.VERMILION}
_PER_ROW = 3
_SCALE = [[0, "#EEF4FA"], [1, theme.BLUE]]


def roc(curves: pd.DataFrame, scores: pd.DataFrame, *, features: str = "all") -> go.Figure:
    """Return one ROC curve per model; the legend has the AUC with its interval.

    Parameters
    ----------
    curves : DataFrame
        Columns model, fpr, tpr, threshold, and features when there is more than one set.
    scores : DataFrame
        Columns model, features, metric, value, low, high; of it the rows of metric "auc".
    features : str
        Which set of features to show.
    """
    figure = theme.new("false positive rate", "true positive rate", height=480)
    shown = _of(curves, features)
    theme.keep(figure, shown.replace(np.inf, np.nan))  # the threshold above every score
    areas = _of(scores[scores["metric"] == "auc"], features)
    for model, style in theme.models(shown["model"]).items():
        curve = shown[shown["model"] == model]
        figure.add_scatter(
            x=curve["fpr"],
            y=curve["tpr"],
            mode="lines",
            name=f"{style.title}: AUC {_interval(areas, model)}",
            line={"color": style.colour, "dash": style.dash, "width": 2.5},
            customdata=[_threshold(value) for value in curve["threshold"]],
            hovertemplate=(
                f"<b>{style.title}</b><br>true positives %{{y:.1%}}<br>false positives %{{x:.1%}}"
                "<br>score threshold %{customdata}<extra></extra>"
            ),
        )
    figure.add_scatter(
        x=[0, 1],
        y=[0, 1],
        mode="lines",
        name="Guessing: AUC 0.5",
        line={"color": theme.LINE, "width": 1.2, "dash": "dot"},
        hoverinfo="skip",
    )
    # A little room, so that a curve along the frame can be seen.
    figure.update_xaxes(range=[-0.02, 1.02])
    figure.update_yaxes(range=[-0.02, 1.03])
    return figure


def comparison(
    scores: pd.DataFrame,
    *,
    metrics: Sequence[str] = tuple(METRICS),
    features: str = "all",
) -> go.Figure:
    """Return grouped bars, one group per metric and one colour per model, with intervals.

    Parameters
    ----------
    scores : DataFrame
        Columns model, features, metric, value, low, high.
    metrics : names
        Which, in order; those without any row are left out.
    """
    rows = _of(scores, features)
    known = [metric for metric in metrics if (rows["metric"] == metric).any()]
    titles = [METRICS.get(metric) or label(metric, theme.NAME_LENGTH) for metric in known]
    figure = theme.new("", "score", barmode="group", bargap=0.18, bargroupgap=0.06)
    theme.keep(figure, rows[rows["metric"].isin(known)])
    for model, style in theme.models(rows["model"]).items():
        of_model = rows[rows["model"] == model].set_index("metric").reindex(known)
        figure.add_bar(**_bars(of_model, titles, style.title, style.colour))
    figure.update_xaxes(theme.names_axis(titles, showgrid=False))
    _unit_axis(figure)
    return figure


def leakage(scores: pd.DataFrame, *, metric: str = "accuracy") -> go.Figure:
    """Return every model with all features beside the same without the leaking ones.

    Parameters
    ----------
    scores : DataFrame
        Columns model, features ("all" or "without leaking"), metric, value, low, high. The
        row of the model "baseline" becomes the dashed line.
    metric : str
        The one to show.
    """
    shown = rows = scores[scores["metric"] == metric]
    baseline = rows[(rows["model"] == "baseline") & np.isfinite(rows["value"].astype(float))]
    rows = rows[rows["model"] != "baseline"]
    styles = theme.models(rows["model"])
    titles = [style.title for style in styles.values()]
    name = (METRICS.get(metric) or label(metric)).replace("<br>", " ")
    figure = theme.new("", name.lower() if name != "AUC" else name, barmode="group", bargap=0.3)
    theme.keep(figure, shown)
    for features in dict.fromkeys(rows["features"]):
        of_set = rows[rows["features"] == features].set_index("model").reindex(list(styles))
        title = _FEATURES.get(features) or label(features, theme.NAME_LENGTH)
        colour = _FEATURE_COLOURS.get(features, theme.GREY)
        figure.add_bar(**_bars(of_set, titles, title, colour))
    if len(baseline):
        value = float(baseline["value"].iloc[0])
        figure.add_scatter(
            x=titles,
            y=[value] * len(titles),
            mode="lines",
            name=f"Majority class: {value:.3f}",
            line={"color": theme.LINE, "width": 2, "dash": "dash"},
            hovertemplate=f"Always guessing the larger class: {value:.3f}<extra></extra>",
        )
    figure.update_xaxes(theme.names_axis(titles, showgrid=False))
    _unit_axis(figure)
    return figure


def confusion(
    counts: pd.DataFrame, *, features: str = "all", names: dict[Any, str] | None = None
) -> go.Figure:
    """Return a confusion matrix per model, side by side, with counts and shares of each truth.

    Parameters
    ----------
    counts : DataFrame
        Columns model, truth, predicted, count, and features when there is more than one set.
    names : mapping of class to text, optional
        What to call the classes.
    """
    from plotly.subplots import make_subplots

    shown = _of(counts, features)
    styles = theme.models(shown["model"])
    columns = max(1, min(_PER_ROW, len(styles)))
    rows = max(1, -(-len(styles) // columns))
    figure = make_subplots(
        rows=rows, cols=columns, horizontal_spacing=0.05, vertical_spacing=0.36 / rows
    )
    theme.style(figure, height=110 + 200 * rows, margin={"t": 36})
    theme.keep(figure, shown)
    found = list(theme.classes([*shown["truth"], *shown["predicted"]]))
    called = [label((names or {}).get(each, each), theme.NAME_LENGTH) for each in found]
    for i, (model, style) in enumerate(styles.items()):
        of_model = shown[shown["model"] == model]
        matrix = of_model.pivot_table(
            index="truth", columns="predicted", values="count", aggfunc="sum", fill_value=0
        ).reindex(index=found, columns=found, fill_value=0)
        row, column = i // columns + 1, i % columns + 1
        figure.add_trace(_matrix(matrix.to_numpy(np.float64), called, style.title), row, column)
        below = i + columns >= len(styles)
        _panel(figure, i, style.title, called, left=column == 1, below=below)
    return figure


def permutation(null: pd.DataFrame, *, observed: float, p_value: float) -> go.Figure:
    """Return the scores with shuffled labels, and a line where the true labels score.

    Parameters
    ----------
    null : DataFrame
        Columns permutation and score.
    observed, p_value : float
        The score with the true labels, and how seldom chance reaches it.
    """
    values = null["score"].to_numpy(np.float64)
    figure = theme.keep(theme.new("cross-validated accuracy", "permutations", bargap=0), null)
    counts, edges = _histogram(values)
    figure.add_bar(
        x=(edges[:-1] + edges[1:]) / 2,
        y=counts,
        width=np.diff(edges),
        name=f"Shuffled labels ({len(values):,} permutations)",
        marker={"color": theme.GREY, "line": {"color": theme.LINE, "width": 1}},
        customdata=[f"{low:.3f} to {high:.3f}" for low, high in pairwise(edges)],
        hovertemplate="accuracy %{customdata}<br>%{y} permutations<extra></extra>",
    )
    figure.add_scatter(
        x=[observed, observed],
        y=[0, int(counts.max()) * 1.08],
        mode="lines",
        name=f"True labels: {observed:.3f} (p = {p_value:.3g})",
        line={"color": theme.VERMILION, "width": 3},
        hovertemplate="true labels %{x:.3f}<extra></extra>",
    )
    low, high = min(observed, edges[0]), max(observed, edges[-1])
    room = 0.04 * (high - low)
    figure.update_xaxes(range=[low - room, high + room])
    return figure


def _unit_axis(figure: go.Figure) -> None:
    figure.update_yaxes(range=[0, 1.04], tickformat=".1f")
    # On a phone a bar can be too narrow for its number: then it stands under the finger only.
    figure.update_layout(uniformtext={"minsize": 9, "mode": "hide"})


def _of(rows: pd.DataFrame, features: str) -> pd.DataFrame:
    return rows[rows["features"] == features] if "features" in rows.columns else rows


def _bars(rows: pd.DataFrame, titles: list[str], name: str, colour: str) -> dict[str, Any]:
    values, low, high = (rows[c].to_numpy(np.float64) for c in ("value", "low", "high"))
    return {
        "x": titles,
        "y": values,
        "name": name,
        "marker": {"color": colour},
        "error_y": {
            "type": "data",
            "symmetric": False,
            "array": high - values,
            "arrayminus": values - low,
            "color": "#333333",
            "thickness": 1.5,
            "width": 3,
        },
        "text": [f"{value:.3f}" if np.isfinite(value) else "" for value in values],
        "textposition": "inside",
        "insidetextanchor": "start",
        "textfont": {"size": 12, "color": "#111111" if colour != theme.BLUE else "#FFFFFF"},
        "customdata": [_range(*each) for each in zip(low, high, strict=True)],
        "hovertext": [title.replace("<br>", " ") for title in titles],
        "hovertemplate": (
            f"<b>{name}</b><br>%{{hovertext}} %{{y:.4f}}<br>%{{customdata}}<extra></extra>"
        ),
    }


def _range(low: float, high: float) -> str:
    if np.isfinite([low, high]).all():
        return f"95 % interval {low:.3f} to {high:.3f}"
    return "no interval"


def _interval(areas: pd.DataFrame, model: str) -> str:
    of_model = areas.loc[areas["model"] == model, ["value", "low", "high"]].to_numpy(np.float64)
    if not len(of_model) or not np.isfinite(of_model[0, 0]):
        return "not defined"
    value, low, high = of_model[0]
    interval = f" ({low:.2f}–{high:.2f})" if np.isfinite([low, high]).all() else ""
    return f"{value:.3f}{interval}"


def _threshold(value: float) -> str:
    return f"{value:.3f}" if np.isfinite(value) else "above every score"


def _matrix(matrix: Any, names: list[str], title: str) -> dict[str, Any]:
    totals = matrix.sum(axis=1, keepdims=True)
    share = np.divide(matrix, totals, out=np.zeros_like(matrix), where=totals > 0)
    text = [
        [f"{int(count):,}<br>{part:.1%}" for count, part in zip(*both, strict=True)]
        for both in zip(matrix, share, strict=True)
    ]
    return {
        "type": "heatmap",
        "name": title,
        "z": share,
        "x": names,
        "y": names,
        "text": text,
        "texttemplate": "%{text}",
        "zmin": 0,
        "zmax": 1,
        "colorscale": _SCALE,
        "showscale": False,
        "xgap": 2,
        "ygap": 2,
        "hovertemplate": "true %{y}, predicted %{x}<br>%{text} of the true %{y}<extra></extra>",
    }


def _panel(
    figure: go.Figure, i: int, title: str, names: list[str], *, left: bool, below: bool
) -> None:
    axis = "" if i == 0 else str(i + 1)
    figure.layout[f"xaxis{axis}"].update(
        theme.names_axis(
            names, showgrid=False, ticks="", title={"text": "predicted" if below else ""}
        )
    )
    figure.layout[f"yaxis{axis}"].update(
        theme.names_axis(
            names,
            showgrid=False,
            autorange="reversed",
            title={"text": "true" if left else ""},
            showticklabels=left,
            ticks="",
        )
    )
    theme.panel_title(figure, title, axis)


def _histogram(values: Any) -> tuple[Any, Any]:
    # Accuracies fall on few distinct values: never more bars than there are.
    bins = int(np.clip(len(np.unique(values)), 1, 20))
    return np.histogram(values, bins=bins)

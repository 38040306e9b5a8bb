"""Figures of how well models do."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from analysis_lib.figures import intervals, theme
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
    "nested_accuracy": "Nested CV<br>accuracy",
    "average_precision": "Average<br>precision",
}
_FEATURES = {"all": "All features", "without leaking": "Without leaking features"}
_FEATURE_COLOURS = {"all": theme.SKY, "without leaking": theme.VERMILION}
_ROW = 36  # pixels, for a name of two lines
_LONGEST = 44


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
            name=f"{style.title}: AUC {intervals.in_short(areas, model)}",
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
    return theme.room_for_legend(figure)


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
        figure.add_trace(intervals.bars(of_model, titles, style.title, style.colour))
    figure.update_xaxes(theme.names_axis(titles, showgrid=False))
    intervals.unit_axis(figure)
    return theme.room_for_legend(figure)


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
        figure.add_trace(intervals.bars(of_set, titles, title, colour))
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
    intervals.unit_axis(figure)
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


def errors(table: pd.DataFrame) -> go.Figure:
    """Return errors of our own methods, with intervals, and published ones in the same rows.

    Parameters
    ----------
    table : DataFrame
        A row per number: columns what (a row of the figure, in order), source ("here" or a
        citation), errors, low, high (bounds of the errors), n, genes, status.
    """
    if table.empty:
        return theme.nothing(table, "There is nothing to compare.")
    of = list(dict.fromkeys(table["n"].dropna()))
    title = f"errors of {of[0]:.0f}" if len(of) == 1 else "errors"
    rows_of = {what: place for place, what in enumerate(dict.fromkeys(table["what"]))}
    height = 110 + _ROW * len(rows_of)
    figure = theme.new(title, "", height=height, margin={"l": 8}, showlegend=True)
    theme.keep(figure, table)
    here = (table["source"] == "here").to_numpy()
    values = table["errors"].to_numpy(np.float64)
    for chosen, name, colour, symbol, size in (
        # Ours lies upon the other: where both agree, both are seen.
        (~here, "Published", theme.GREY, "diamond-open", 17),
        (here, "Here, with 95 % interval", theme.VERMILION, "circle", 11),
    ):
        rows = table[chosen]
        trace = {
            "type": "scatter",
            "x": values[chosen],
            "y": [rows_of[what] for what in rows["what"]],
            "mode": "markers",
            "name": name,
            "marker": {"color": colour, "symbol": symbol, "size": size},
            "customdata": [_told(row) for row in rows.to_dict("records")],
            "hovertemplate": "%{customdata}<extra></extra>",
        }
        if name != "Published":
            trace["error_x"] = intervals.whiskers(rows, colour, "errors")
        if len(rows):
            figure.add_trace(trace)
    titles = [theme.wrapped(label(what, _LONGEST), _LONGEST // 2) for what in rows_of]
    figure.update_yaxes(theme.places_axis(titles))
    most = np.nanmax([0.0, *values, *table.loc[here, "high"].to_numpy(np.float64)])
    figure.update_xaxes(range=[-0.5, most + 0.7], zeroline=False, dtick=theme.whole_steps(most))
    unknown = int(np.isnan(values).sum())
    words = f"{unknown} of {len(table)} rows have no number of errors." if unknown else ""
    theme.count(figure, total=len(table), drawn=len(table) - unknown, missing=unknown, note=words)
    return figure


def _told(row: dict[Any, Any]) -> str:
    ours = row["source"] == "here"
    bounds = np.array([row["low"], row["high"]], dtype=np.float64)
    parts = [
        f"<b>{label(row['what'])}</b>",
        f"{row['errors']:g} errors of {row['n']:g}" if row["errors"] >= 0 else "",
        f"95 % interval {bounds[0]:.1f} to {bounds[1]:.1f}" if np.isfinite(bounds).all() else "",
        f"{row['genes']:,.0f} genes" if row["genes"] == row["genes"] else "",
        "" if ours else theme.wrapped(label(row["source"], 120), 44),
        label(row["status"]) if isinstance(row["status"], str) else "",
    ]
    return "<br>".join(part for part in parts if part)


def _of(rows: pd.DataFrame, features: str) -> pd.DataFrame:
    return rows[rows["features"] == features] if "features" in rows.columns else rows


def _threshold(value: float) -> str:
    return f"{value:.3f}" if np.isfinite(value) else "above every score"


def _histogram(values: Any) -> tuple[Any, Any]:
    # Accuracies fall on few distinct values: never more bars than there are.
    bins = int(np.clip(len(np.unique(values)), 1, 20))
    return np.histogram(values, bins=bins)

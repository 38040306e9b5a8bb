"""Figures of probabilities: how sure models are, of whom, and how far to trust it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from analysis_lib.figures import intervals, theme
from analysis_lib.figures.text import label

if TYPE_CHECKING:
    from collections.abc import Hashable

    import pandas as pd
    import plotly.graph_objects as go

_MOST_SAMPLES = 80
_ROW = 17  # pixels


def precision_recall(
    curves: pd.DataFrame,
    scores: pd.DataFrame,
    *,
    share: float | None = None,
    features: str = "all",
) -> go.Figure:
    """Return precision over recall per model; the legend has the average precision.

    Parameters
    ----------
    curves : DataFrame
        Columns model, recall, precision, threshold, and features when there is more than one set.
    scores : DataFrame
        Columns model, features, metric, value, low, high; of it the rows of "average_precision".
    share : float, optional
        The share of the positive class: the precision of calling everything positive.
    features : str
        Which set of features to show.
    """
    shown = curves[curves["features"] == features] if "features" in curves else curves
    if shown.empty:
        return theme.nothing(shown, "There is no curve.")
    figure = theme.new("recall", "precision", height=480)
    theme.keep(figure, shown.replace(np.inf, np.nan))
    averages = scores[scores["metric"] == "average_precision"]
    if "features" in averages:
        averages = averages[averages["features"] == features]
    for model, style in theme.models(shown["model"]).items():
        # Above every score nothing is called positive: that point stands first.
        curve = shown[shown["model"] == model].fillna({"threshold": np.inf})
        curve = curve.sort_values(["recall", "threshold"], ascending=[True, False], kind="stable")
        figure.add_scatter(
            x=curve["recall"],
            y=curve["precision"],
            mode="lines",
            name=f"{style.title}: {intervals.in_short(averages, model)}",
            line={"color": style.colour, "dash": style.dash, "width": 2.5, "shape": "vh"},
            customdata=[f"{t:.3f}" if np.isfinite(t) else "none" for t in curve["threshold"]],
            hovertemplate=(
                f"<b>{style.title}</b><br>precision %{{y:.1%}}<br>recall %{{x:.1%}}"
                "<br>score threshold %{customdata}<extra></extra>"
            ),
        )
    if share is not None:
        figure.add_scatter(
            x=[0, 1],
            y=[share, share],
            mode="lines",
            name=f"Calling all positive: {share:.3f}",
            line={"color": theme.LINE, "width": 1.2, "dash": "dot"},
            hoverinfo="skip",
        )
    figure.update_xaxes(range=[-0.02, 1.02])
    figure.update_yaxes(range=[-0.02, 1.03])
    return theme.room_for_legend(figure)


def calibration(table: pd.DataFrame) -> go.Figure:
    """Return how often the positive class comes where a model says so with some probability.

    Parameters
    ----------
    table : DataFrame
        A row per model and bin: columns model, probability (mean of those predicted), share
        (observed), low, high, n.
    """
    if table.empty:
        return theme.nothing(table, "There are no probabilities.")
    figure = theme.new("mean predicted probability", "observed share", height=480)
    theme.keep(figure, table)
    for model, style in theme.models(table["model"]).items():
        rows = table[table["model"] == model].sort_values("probability")
        figure.add_scatter(
            x=rows["probability"],
            y=rows["share"],
            mode="lines+markers",
            name=style.title,
            line={"color": style.colour, "dash": style.dash, "width": 1.5},
            marker={"color": style.colour, "symbol": style.symbol, "size": 10},
            error_y=intervals.whiskers(rows, style.colour, "share"),
            customdata=[
                f"{words}<br>{n} samples"
                for words, n in zip(intervals.words(rows, ".2f"), rows["n"], strict=True)
            ],
            hovertemplate=(
                f"<b>{style.title}</b><br>predicted %{{x:.3f}}, observed %{{y:.3f}}"
                "<br>%{customdata}<extra></extra>"
            ),
        )
    figure.add_scatter(
        x=[0, 1],
        y=[0, 1],
        mode="lines",
        name="As often as predicted",
        line={"color": theme.LINE, "width": 1.2, "dash": "dot"},
        hoverinfo="skip",
    )
    figure.update_xaxes(range=[-0.03, 1.03])
    figure.update_yaxes(range=[-0.03, 1.03])
    return theme.room_for_legend(figure)


def patients(probabilities: pd.DataFrame, *, positive: str | None = None) -> go.Figure:
    """Return every sample's probabilities, a row per sample and a dot per model and seed.

    Parameters
    ----------
    probabilities : DataFrame
        Columns sample, truth (a class name), model, seed, probability.
    positive : str, optional
        The class that the probabilities are of; the last in sorted order when left out.
    """
    if probabilities.empty:
        return theme.nothing(probabilities, "There are no probabilities.")
    styles = theme.classes(probabilities["truth"])
    positive = list(styles)[-1] if positive is None else positive  # type: ignore[assignment]
    means = probabilities.groupby("sample", sort=False).agg(
        truth=("truth", "first"), place=("probability", "mean")
    )
    far = np.abs((means["truth"] == positive) - means["place"])
    figure, places = _rows(means, far, f"probability of {label(positive, theme.NAME_LENGTH)}")
    shown = probabilities[probabilities["sample"].isin(list(places))]
    theme.keep(figure, shown)
    titles = {model: style.title for model, style in theme.models(shown["model"]).items()}
    for truth, style in styles.items():
        rows = shown[shown["truth"] == truth]
        if rows.empty:
            continue
        trace = _dots(rows, "probability", places, style)
        trace["marker"] |= {"size": 8, "opacity": 0.6}  # a darker spot is many seeds
        trace |= {
            "type": "scattergl" if len(shown) > theme.GL_FROM else "scatter",
            "customdata": [
                f"{titles[model]}, seed {label(seed)}"
                for model, seed in zip(rows["model"], rows["seed"], strict=True)
            ],
            "hovertemplate": (
                f"<b>%{{text}}</b> ({style.title})<br>%{{customdata}}<br>probability %{{x:.3f}}"
                "<extra></extra>"
            ),
        }
        figure.add_trace(trace)
    theme.line_at(figure, x=0.5)
    return figure


def strength(table: pd.DataFrame, *, threshold: float = 0.3) -> go.Figure:
    """Return every sample's prediction strength; wrong predictions have a ring.

    Parameters
    ----------
    table : DataFrame
        Columns sample, truth, predicted (class names), strength (0 to 1), sure.
    threshold : float
        Below it a prediction counts as uncertain: a dashed line.
    """
    if table.empty:
        return theme.nothing(table, "There are no predictions.")
    places_of = table.set_index("sample")[["truth", "strength"]].rename(
        columns={"strength": "place"}
    )
    wrong = (table["truth"] != table["predicted"]).to_numpy()
    worst = (wrong + 1 - table["strength"]).set_axis(places_of.index)
    figure, places = _rows(places_of, worst, "prediction strength")
    drawn = table["sample"].isin(list(places)).to_numpy()
    theme.keep(figure, table[drawn])
    for truth, style in theme.classes(table["truth"]).items():
        rows = table[drawn & (table["truth"] == truth).to_numpy()]
        trace = _dots(rows, "strength", places, style)
        trace |= {
            "customdata": [
                f"predicted {label(predicted)}{'' if sure else ', uncertain'}"
                for predicted, sure in zip(rows["predicted"], rows["sure"], strict=True)
            ],
            "hovertemplate": (
                f"<b>%{{text}}</b> ({style.title})<br>%{{customdata}}<br>strength %{{x:.3f}}"
                "<extra></extra>"
            ),
        }
        figure.add_trace(trace)
    missed = table[drawn & wrong]
    if len(missed):
        figure.add_scatter(
            x=missed["strength"],
            y=[places[sample] for sample in missed["sample"]],
            mode="markers",
            name=f"Wrong ({len(missed)})",
            marker={"color": theme.INK, "symbol": "circle-open", "size": 17},
            hoverinfo="skip",
        )
    theme.line_at(figure, x=threshold)
    return figure


def _rows(samples: pd.DataFrame, worst: Any, title: str) -> tuple[go.Figure, dict[Hashable, int]]:
    """Return a figure with a row per sample, by class and place, and the row of each."""
    total = len(samples)
    if total > _MOST_SAMPLES:
        samples = samples[worst.rank(method="first", ascending=False) <= _MOST_SAMPLES]
    ordered = samples.sort_values(["truth", "place"], kind="stable")
    height = 130 + _ROW * len(ordered)
    figure = theme.new(title, "", height=height, margin={"l": 8}, showlegend=True)
    names = theme.apart(label(sample, theme.NAME_LENGTH) for sample in ordered.index)
    figure.update_yaxes(theme.places_axis(names, tickfont={"size": 11}))
    figure.update_xaxes(range=[-0.03, 1.03], zeroline=False)
    words = f"The {len(ordered)} of {total:,} samples that go worst are shown."
    theme.count(figure, total=total, drawn=len(ordered), note=words if len(ordered) < total else "")
    return figure, {sample: i for i, sample in enumerate(ordered.index)}


def _dots(
    rows: pd.DataFrame, column: str, places: dict[Hashable, int], style: theme.Style
) -> dict[str, Any]:
    return {
        "type": "scatter",
        "x": rows[column].to_numpy(np.float64),
        "y": [places[sample] for sample in rows["sample"]],
        "mode": "markers",
        "name": f"{style.title} ({rows['sample'].nunique()})",
        "text": [label(sample) for sample in rows["sample"]],
        "marker": {"color": style.colour, "symbol": style.symbol, "size": 10},
    }

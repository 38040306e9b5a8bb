"""Figures of the genes that models choose: how much each counts, and how often it is chosen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from analysis_lib.figures import theme
from analysis_lib.figures.text import label

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go

_ROW = 30  # pixels
_MOST_BARS = 30
_LONGEST = 26
_HOVER = {
    "coefficient": "coefficient %{x:.4g}",
    "share": "chosen in %{x:.0%} of the resamples",
}


def gene_weights(table: pd.DataFrame, *, classes: tuple[str, str]) -> go.Figure:
    """Return the most influential genes as bars, the largest on top in each of two groups.

    Parameters
    ----------
    table : DataFrame
        Columns gene, description, row, coefficient, and shown (the label of the bar).
    classes : two names
        What a negative and a positive coefficient speak for.
    """
    rows = table[table["coefficient"] != 0]
    if rows.empty:
        return theme.nothing(table, "Every coefficient is zero.")
    rows = rows.assign(size=rows["coefficient"].abs(), positive=rows["coefficient"] > 0)
    rows = _titled(rows.sort_values(["positive", "size"], ascending=False, kind="stable"))
    figure = _bars_axis(rows, "coefficient, per standard deviation")
    theme.keep(figure, table)
    styles = theme.classes(classes)
    for sign, cls in (("positive", classes[1]), ("negative", classes[0])):
        name = f"{styles[cls].title} ({sign})"
        chosen = rows[rows["positive"] == (sign == "positive")]
        if len(chosen):
            figure.add_trace(_bars(chosen, "coefficient", name, styles[cls].colour))
    return figure


def stability(
    table: pd.DataFrame,
    *,
    classes: tuple[str, str] | None = None,
    source: str = "the published list",
) -> go.Figure:
    """Return how often each gene is chosen over resamples; genes of a known list stand out.

    Parameters
    ----------
    table : DataFrame
        Columns gene, description, share, sign, listed, and shown when there is a label.
    classes : two names, optional
        In which class genes with the sign −1 and +1 are higher.
    source : str
        Whose list it is, for the legend.
    """
    if table.empty:
        return theme.nothing(table, "No gene was chosen.")
    ordered = table.sort_values("share", ascending=False, kind="stable")
    rows = _titled(ordered.head(_MOST_BARS))
    figure = _bars_axis(rows, "share of the resamples")
    theme.keep(figure, ordered)
    note = f"The {len(rows)} genes of {len(table):,} that are chosen most often are shown."
    words = note if len(rows) < len(table) else ""
    theme.count(figure, total=len(table), drawn=len(rows), note=words)
    listed = rows["listed"].astype(bool)
    for chosen, name, colour in (
        (rows[listed], f"In {label(source, 40)}", theme.ORANGE),
        (rows[~listed], "Not in it", theme.SKY),
    ):
        if len(chosen):
            figure.add_trace(_bars(chosen, "share", name, colour, classes))
    figure.update_xaxes(range=[0, 1.02], tickformat=".0%")
    return figure


def _titled(rows: pd.DataFrame) -> pd.DataFrame:
    names = (
        rows["shown"]
        if "shown" in rows
        else [_short(*g) for g in zip(rows["gene"], rows["description"], strict=True)]
    )
    return rows.assign(title=theme.apart(label(name, _LONGEST) for name in names))


def _short(gene: str, description: str) -> str:
    return " ".join([gene, *description.split()[:1]])


def _bars_axis(rows: pd.DataFrame, title: str) -> go.Figure:
    height = max(240, 120 + _ROW * len(rows))
    figure = theme.new(title, "", height=height, barmode="overlay", bargap=0.25, margin={"l": 8})
    figure.update_layout(showlegend=True)
    names = theme.names_axis(list(rows["title"]), autorange="reversed", showgrid=False)
    return figure.update_yaxes(names)


def _bars(
    rows: pd.DataFrame,
    column: str,
    name: str,
    colour: str,
    classes: tuple[str, str] | None = None,
) -> dict[str, Any]:
    return {
        "type": "bar",
        "orientation": "h",
        "x": rows[column].to_numpy(np.float64),
        "y": rows["title"],
        "name": name,
        "marker": {"color": colour},
        "customdata": [_told(row, classes) for row in rows.to_dict("records")],
        "hovertemplate": f"%{{customdata}}<br>{_HOVER[column]}<extra></extra>",
    }


def _told(row: dict[Any, Any], classes: tuple[str, str] | None) -> str:
    parts = [f"<b>{label(row['gene'])}</b>", theme.wrapped(label(row["description"], 160), 44)]
    if "row" in row:
        parts.append(f"row {row['row']}")
    if classes:
        parts.append(f"higher in {label(classes[1 if row['sign'] > 0 else 0])}")
    return "<br>".join(parts)

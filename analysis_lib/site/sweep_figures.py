"""The figures of a sweep's page: what is drawn of its points, and how it is told in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from analysis_lib.figures import embed, sweeps
from analysis_lib.figures.text import number
from analysis_lib.site import sweep_parts as parts
from analysis_lib.site.facts import ParameterRow
from analysis_lib.site.sweep_points import PointResult

if TYPE_CHECKING:
    import pandas as pd

NUMBERS = 4
"""Headline numbers with a figure of their own; the table has all."""


def figures_of(
    good: Sequence[PointResult], values: parts.Values, rows: Mapping[str, ParameterRow]
) -> list[embed.FigureParts]:
    """Return a figure per headline number, and one of all points; none without good points.

    Parameters
    ----------
    good : sequence of PointResult
        The points that have results.
    values : Values
        How the values of the sweep are written.
    rows : mapping of name to ParameterRow
        The parameters of the study, for their defaults.
    """
    import pandas as pd

    varied = parts.parameters(values, good)
    if not good or varied.empty:
        return []
    base = pd.DataFrame(
        {
            "point": [str(point.number) for point in good],
            "told": [values.point(point.point.values) for point in good],
            "default": [point.at_defaults for point in good],
        }
    )
    metrics = parts.metrics(good)
    shown = {
        title: frame["value"].astype("float64") for title, frame in list(metrics.items())[:NUMBERS]
    }
    names = dict(zip(map(str, varied), values.names, strict=True))
    known = {title: values.default(name, rows) for title, name in names.items()}
    defaults = {title: value for title, value in known.items() if value is not None}
    made = [
        _effect(at, title, base.assign(value=column), varied, defaults)
        for at, (title, column) in enumerate(shown.items(), start=1)
    ]
    return [*made, _parallel(base, varied, shown)]


def _effect(
    at: int, title: str, points: pd.DataFrame, varied: pd.DataFrame, defaults: Mapping[str, Any]
) -> embed.FigureParts:
    figure = sweeps.effect(points, varied, title=title, defaults=defaults)
    caption = (
        f"{_first_upper(title)} at every point, against each parameter. The line joins the medians "
        "of points that share a value. Points of equal values stand side by side."
    )
    alt = " ".join(_in_words(title, points["value"], varied))
    return embed.figure_parts(figure, name=f"effect_{at}", caption=caption, alt=alt)


def _parallel(
    base: pd.DataFrame, varied: pd.DataFrame, shown: Mapping[str, pd.Series]
) -> embed.FigureParts:
    import pandas as pd

    numbers = {title: column for title, column in shown.items() if title not in varied}
    axes = pd.concat([varied, pd.DataFrame(numbers, index=varied.index)], axis=1)
    first = next(iter(shown), None)
    group = float("nan") if first is None else shown[first]
    figure = sweeps.parallel(base.assign(group=group), axes)
    caption = "Every line is a point: it crosses each parameter and each number at its value."
    if first is not None and shown[first].nunique() >= sweeps.THIRDS_FROM:
        caption += f" The lines are told apart by the thirds of the first number, {first}."
    names = ", ".join(map(str, axes))
    alt = (
        f"Parallel lines of {len(base)} points across {names}; their values stand in the table of "
        "all points."
    )
    return embed.figure_parts(figure, name="parallel", caption=caption, alt=alt)


def _in_words(title: str, values: pd.Series, varied: pd.DataFrame) -> Iterator[str]:
    """Yield sentences that say what a figure of one number shows."""
    known = values.dropna()
    if known.empty:
        yield f"No point has the number {title}."
        return
    low, high = number(float(known.min()), 3), number(float(known.max()), 3)
    yield f"{_first_upper(title)} lies between {low} and {high} over {len(known)} points."
    for name in varied:
        medians = known.groupby(varied[name][known.index], sort=False).median()
        if 1 < len(medians) <= len(known) / 2:
            ends = list(medians.items())
            ends = sorted(ends) if medians.index.dtype.kind in "iuf" else ends
            (first, one), *_, (last, other) = ends
            yield (
                f"By {name} its median goes from {number(float(one), 3)} at {first} to "
                f"{number(float(other), 3)} at {last}."
            )


def _first_upper(words: str) -> str:
    return words[:1].upper() + words[1:]

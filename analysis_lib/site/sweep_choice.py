"""Which points of a sweep get a full page: the default one, and those at the ends of a number."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from analysis_lib.runs.sweep_file import Sweep
from analysis_lib.site.sweep_points import PointResult, numbers, read_points

MOST = 5
"""Full pages of the runs of a sweep when nobody asks for more."""

DEFAULT = "all parameters of the sweep at their defaults"


def published(sweep: Sweep, root: Path, most: int = MOST) -> list[str]:
    """Return the runs of a sweep that get full pages, `most` of them at most.

    The point whose parameters all have their defaults comes first, then the lowest and the
    highest of each headline number in turn.

    Parameters
    ----------
    sweep : Sweep
        What was varied, and the runs of its points.
    root : Path
        The folder of all runs, `build/runs`.
    most : int
        How many runs at most.
    """
    return list(reasons(read_points(sweep, root)))[:most]


def reasons(points: Sequence[PointResult]) -> dict[str, list[str]]:
    """Return why which run stands out, in words, those first that say most."""
    good = [point for point in points if point.status == "good"]
    found: dict[str, list[str]] = {}
    for point in good:
        if point.at_defaults:
            found.setdefault(point.run.id, []).append(DEFAULT)
            break
    for name, label in numbers(good).items():
        values = [
            (metric.value, point)
            for point in good
            if (metric := point.metric(name)) and metric.value is not None
        ]
        if len({value for value, _ in values}) < 2:
            continue  # all alike: none is at an end
        for word, end in (("lowest", min), ("highest", max)):
            _, point = end(values, key=lambda pair: pair[0])
            found.setdefault(point.run.id, []).append(f"{word} {label}")
    return found

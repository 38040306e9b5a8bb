"""Numbers of others, held against a run's: reproduced, drifted, or not comparable."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Published:
    """A number that was published for one of a run's metrics.

    Parameters
    ----------
    metric : str
        Which of the run's numbers it is to be held against.
    value, tolerance : float
        The number, and how far from it another counts as the same.
    source : str
        Who published it.
    depends : names of parameters
        It can be compared while these have their defaults.
    note : str
        What a reader of the number must know.
    """

    metric: str
    value: float
    tolerance: float
    source: str
    depends: tuple[str, ...] = ()
    note: str = ""


def held_against(
    published: Iterable[Published],
    found: Mapping[str, Mapping[str, Any]],
    changed: Collection[str],
    *,
    comparable: bool = True,
) -> list[dict[str, Any]]:
    """Return one row per published number, with the run's own beside it.

    Parameters
    ----------
    found : mapping of name to metric
        The run's numbers, as `results.save_metrics` takes them.
    changed : names of parameters
        Those that differ from their defaults.
    comparable : bool
        Whether the run read the data that the numbers were published for.
    """
    return [_row(item, found.get(item.metric), changed, comparable) for item in published]


def _row(
    item: Published, here: Mapping[str, Any] | None, changed: Collection[str], comparable: bool
) -> dict[str, Any]:
    if here is None or not comparable or set(changed) & set(item.depends):
        status = "not comparable"
    else:
        near = abs(here["value"] - item.value) <= item.tolerance * (1 + 1e-9)
        status = "reproduced" if near else "drifted"
    return {
        "what": here["label"] if here else item.metric.replace("_", " "),
        "source": f"{item.source}{item.note}",
        "published": item.value,
        "here": here["value"] if here else float("nan"),
        "tolerance": item.tolerance,
        "status": status,
    }

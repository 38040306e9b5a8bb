"""The genes that the runs of a sweep single out, and at how many of its points."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import TYPE_CHECKING

from analysis_lib.figures.text import visible
from analysis_lib.results import GeneFacts
from analysis_lib.site.sweep_points import PointResult

if TYPE_CHECKING:
    import pandas as pd

ABOVE, BELOW, BOTH = "above 0 in all", "below 0 in all", "differs"

_SIGNED = re.compile(r"fold change|above 0 for")  # how the studies label what has a direction


@dataclass
class _Gene:
    known: int = 0
    found: int = 0
    values: list[float] = field(default_factory=list)


@dataclass(frozen=True)
class Robust:
    """Every gene that any point singles out, the most often found first, then the strongest.

    `telling` is the number of points that say which genes they single out, `words` how the first
    of them says it, `signed` the number whose sign is held against itself, if there is one.
    """

    table: pd.DataFrame
    telling: int
    words: str
    signed: str | None


def robust(points: Sequence[PointResult]) -> Robust | None:
    """Count the points at which each gene is found; None when no point tells of genes."""
    import pandas as pd

    genes: dict[str, _Gene] = {}
    telling, words, signed = 0, "", None
    for point in points:
        facts = point.genes()
        if facts is None:
            continue
        telling += 1
        words = words or facts.words
        label = next((label for label in facts.labels if _SIGNED.search(label)), None)
        signed = signed or label
        _count(facts, label, genes)
    if not telling:
        return None
    rows = [
        (visible(name).strip(), gene.found, gene.known, _direction(gene.values), _middle(gene))
        for name, gene in genes.items()
        if gene.found
    ]
    rows.sort(key=lambda row: (-row[1], -abs(row[4] or 0.0), row[0]))
    columns = ["gene", "found", "of points", "direction", f"median {signed or ''}"]
    table = pd.DataFrame(rows, columns=columns)
    return Robust(table if signed else table.iloc[:, :3], telling, words, signed)


def _count(facts: GeneFacts, label: str | None, genes: dict[str, _Gene]) -> None:
    for name in facts.gene:
        genes.setdefault(name, _Gene()).known += 1
    values = facts.numbers[facts.labels.index(label)] if label else None
    for at in facts.chosen:
        gene = genes[facts.gene[at]]
        gene.found += 1
        value = values[at] if values else None
        if value is not None:
            gene.values.append(value)


def _direction(values: Sequence[float]) -> str:
    signs = {value > 0 for value in values if value}
    if not signs:
        return "–"
    return BOTH if len(signs) > 1 else ABOVE if signs == {True} else BELOW


def _middle(gene: _Gene) -> float | None:
    return median(gene.values) if gene.values else None

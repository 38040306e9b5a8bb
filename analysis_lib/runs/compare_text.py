"""Runs of one study side by side, in the lines of a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import zip_longest
from textwrap import wrap

from analysis_lib.errors import visible
from analysis_lib.runs.compare import (
    EXPLANATION,
    NO_INTERVAL,
    NONE,
    SPAN,
    Comparison,
    GenePair,
    MetricRow,
    Number,
    RunFacts,
)

_KINDS = {"real": "real", "yours": "your", "simulated": "simulated"}
_FACTS = {"Parameters": "", "Data": " in kind, rows or checksums", "Versions": " of code either"}


def comparison_text(comparison: Comparison, width: int = 100) -> list[str]:
    """Return a comparison in lines of at most `width` characters: each run beside the first."""
    width = max(width, 40)
    first, *others = comparison.names
    lines = wrap(f"{comparison.study}: {first} is the reference", width)
    lines += _aligned([_run_words(run) for run in comparison.runs], width)
    for at, name in enumerate(others, 1):
        title = wrap(f"{name} against {first}", width)
        lines += ["", *title, "-" * max(map(len, title)), *_held(comparison, at, width)]
    figures = ", ".join(comparison.figures) or "none"
    for words in (f"Figures of all: {figures}", EXPLANATION, NO_INTERVAL):
        lines += ["", *wrap(words, width)]
    return lines


def _run_words(run: RunFacts) -> tuple[str, ...]:
    kinds = " and ".join(dict.fromkeys(_KINDS[entry["kind"]] for entry in run.record.data))
    started = f"{run.record.started[:10]} {run.record.started[11:16]} UTC"
    return (run.record.run, f"{kinds or 'no'} data", started)


def _held(comparison: Comparison, at: int, width: int) -> Iterator[str]:
    names = ("", comparison.names[0], comparison.names[at])
    kinds = (comparison.parameters, comparison.data, comparison.versions)
    for (title, what), rows in zip(_FACTS.items(), kinds, strict=True):
        differing = [row for row in rows if row.groups[at] != row.groups[0]]
        facts = [(row.name, *(row.told(row.values[i]) for i in (0, at))) for row in differing]
        yield from wrap(f"{title}: {'these differ' if facts else f'no difference{what}'}", width)
        yield from _aligned([names, *facts] if facts else [], width)
    told = [_metric_words(row, at) for row in comparison.metrics if row.verdict(0, at) != "equal"]
    yield f"Metrics: {len(told)} of {len(comparison.metrics)} differ"
    yield from _aligned([(*names, "difference", "verdict"), *told] if told else [], width)
    for pair in comparison.genes:
        if pair.runs == (0, at):
            yield from _gene_words(pair, names[1:], width)


def _metric_words(row: MetricRow, at: int) -> tuple[str, ...]:
    reference, other = row.values[0], row.values[at]
    change = row.difference(0, at)
    told = f"{_short(change)}" if change is None or change < 0 else f"+{_short(change)}"
    return (row.label, _number(reference), _number(other), told, row.verdict(0, at))


def _number(number: Number | None) -> str:
    if number is None:
        return NONE
    words = f"{_short(number.value)} {number.unit}".strip()
    if not number.interval:
        return words
    low, high = (_short(end, 3) for end in number.interval)
    return f"{words} [{low}, {high}]{'' if number.span == SPAN else f' {number.span}'}"


def _short(value: float | None, digits: int = 4) -> str:
    if value is None:
        return NONE
    return f"{value:,}" if isinstance(value, int) else f"{value:.{digits}g}"


def _gene_words(pair: GenePair, names: Sequence[str], width: int) -> Iterator[str]:
    share = "" if pair.jaccard is None else f", Jaccard index {pair.jaccard:.2f}"
    sizes = " and ".join(
        f"{size:,} in {name}" for size, name in zip(pair.sizes, names, strict=True)
    )
    yield from wrap(f"Chosen genes: {sizes}; {pair.common:,} in both{share}", width)
    for side, name in enumerate(names):
        told, more = pair.told(side)
        rest = f" and {more:,} more" if more else ""
        words = f"only in {name}: {', '.join(map(visible, told)) or 'none'}{rest}"
        yield from wrap(words, width, initial_indent="  ", subsequent_indent="    ")


def _aligned(rows: Sequence[Sequence[str]], width: int) -> Iterator[str]:
    """Yield rows in columns; what is too long for its column goes on below."""
    shown = [[visible(cell) for cell in row] for row in rows]
    sizes = [max(map(len, column)) for column in zip(*shown, strict=True)]
    while sum(sizes) + 2 * len(sizes) > width:
        sizes[sizes.index(max(sizes))] -= 1
    for row in shown:
        cells = [wrap(cell, size) or [""] for cell, size in zip(row, sizes, strict=True)]
        for parts in zip_longest(*cells, fillvalue=""):
            padded = (f"{part:<{size}}" for part, size in zip(parts, sizes, strict=True))
            yield f"  {'  '.join(padded)}".rstrip()

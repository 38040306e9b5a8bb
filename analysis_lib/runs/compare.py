"""Runs of one study side by side: what they were made from, and what came out of each."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from analysis_lib import files, results
from analysis_lib.errors import ParameterError, RunError
from analysis_lib.results import GeneFacts
from analysis_lib.runs.key import PARTS
from analysis_lib.runs.record import Record, read_record

if TYPE_CHECKING:
    from analysis_lib.runs.engine import Runs

Verdict = Literal["beyond", "within", "unclear", "equal", "no interval", "not available"]
VERDICTS: tuple[Verdict, ...] = (
    *("beyond", "unclear", "within"),
    *("equal", "no interval", "not available"),
)
EXPLANATION = (
    "Beyond means that neither run's value lies in the interval of the other, within that each "
    "does, unclear that one does and one does not; this is no test, since runs on the same data "
    "are not independent."
)
NO_INTERVAL = (
    "No interval: a run gives none, or the intervals are of different kinds. "
    "Not available: a run lacks the number, or has it in another unit."
)
SPAN = "95 % interval"
"""What `low` and `high` bound where `metrics.json` does not say."""

SHOWN_GENES = 12
"""Names of genes in only one of two runs that are told."""

ABSENT: Any = ...
"""The value of what a run does not have, which is not the same as null."""

_FIGURE = ".info.json"
_MADE_WITH = {part: PARTS[part] for part in ("notebook", "code", "packages")}
_DIGEST = 10  # characters of a checksum that are told
NONE = "–"
"""What stands in the place of a value that is not there."""


@dataclass(frozen=True)
class Number:
    """A metric of one run; None where it is not finite."""

    value: float | None
    low: float | None = None
    high: float | None = None
    unit: str = ""
    span: str = SPAN

    @classmethod
    def of(cls, stored: Mapping[str, Any]) -> Number:
        """Return a metric as it is stored."""
        value, low, high = (_finite(stored.get(name)) for name in ("value", "low", "high"))
        return cls(value, low, high, str(stored.get("unit") or ""), str(stored.get("span") or SPAN))

    @property
    def interval(self) -> tuple[float, float] | None:
        """The interval, when there is one."""
        if self.low is None or self.high is None or self.low > self.high:
            return None
        return self.low, self.high

    def covers(self, value: float) -> bool:
        """Return whether a value lies in the interval, the ends included."""
        return bool(self.interval and self.interval[0] <= value <= self.interval[1])


def verdict(one: Number | None, other: Number | None) -> Verdict:
    """Hold two values against each other's intervals; which is which does not matter.

    Examples
    --------
    >>> verdict(Number(0.5, 0.4, 0.6), Number(0.7, 0.65, 0.75))
    'beyond'
    >>> verdict(Number(4, 2, 6, span="over the seeds"), Number(5, 3, 7))
    'no interval'
    """
    if one is None or other is None or one.value is None or other.value is None:
        return "not available"
    if one.unit != other.unit:
        return "not available"
    if one.value == other.value:
        return "equal"
    if not (one.interval and other.interval) or one.span != other.span:
        return "no interval"
    covered = one.covers(other.value) + other.covers(one.value)
    verdicts: tuple[Verdict, ...] = ("beyond", "unclear", "within")
    return verdicts[covered]


def difference(reference: Number | None, other: Number | None) -> float | None:
    """Return by how much another value exceeds the reference; None when that has no meaning."""
    if reference is None or other is None or reference.unit != other.unit:
        return None
    if reference.value is None or other.value is None:
        return None
    return _finite(other.value - reference.value)


@dataclass(frozen=True)
class Row:
    """A fact that differs between runs: its value in each, `ABSENT` where a run has none.

    `changed` tells, of a parameter, in which runs it is not at its default.
    """

    name: str
    values: tuple[Any, ...]
    changed: tuple[bool, ...] = ()

    @property
    def groups(self) -> tuple[int, ...]:
        """For every run, the first one that has the same value."""
        # As JSON, since Python takes 1 and true for the same.
        keys = [NONE if value is ABSENT else files.to_json(value) for value in self.values]
        return tuple(keys.index(key) for key in keys)

    def told(self, value: Any) -> str:
        """Return a value in words: of a parameter as JSON, in which text is quoted."""
        if value is ABSENT:
            return NONE
        return files.to_json(value) if self.changed else str(value)


@dataclass(frozen=True)
class MetricRow:
    """One metric over all runs; `headline` when it stands for one of them."""

    name: str
    label: str
    headline: bool
    values: tuple[Number | None, ...]

    def verdict(self, one: int, other: int) -> Verdict:
        """Hold two runs against each other."""
        return verdict(self.values[one], self.values[other])

    def difference(self, reference: int, other: int) -> float | None:
        """Return by how much a run exceeds the reference."""
        return difference(self.values[reference], self.values[other])


@dataclass(frozen=True)
class GenePair:
    """The chosen genes of two runs: how many in each and in both, and which in only one.

    `unknown` counts the genes of `only` that the other run does not know at all.
    """

    runs: tuple[int, int]
    sizes: tuple[int, int]
    common: int
    only: tuple[tuple[str, ...], tuple[str, ...]]
    unknown: tuple[int, int]

    @property
    def jaccard(self) -> float | None:
        """The share that is in both, of the genes in either; None when there are none."""
        either = sum(self.sizes) - self.common
        return self.common / either if either else None

    def told(self, side: int) -> tuple[tuple[str, ...], int]:
        """Return the first names in only one of the runs, and how many more there are."""
        names = self.only[side]
        return names[:SHOWN_GENES], max(len(names) - SHOWN_GENES, 0)


@dataclass(frozen=True)
class RunFacts:
    """What of a run is compared, read from its folder."""

    record: Record
    labels: Mapping[str, str]
    numbers: Mapping[str, Number]
    headline: tuple[str, ...]
    picture: str | None
    genes: GeneFacts | None
    figures: frozenset[str]

    @classmethod
    def read(cls, folder: Path, record: Record) -> RunFacts:
        """Read a run; one whose results are damaged is a `RunError`."""
        try:
            document = results.load_json(folder, "metrics")
            metrics = document["metrics"]
            figures = (folder / "figures").glob(f"*{_FIGURE}")
            return cls(
                record=record,
                labels={name: str(metric["label"]) for name, metric in metrics.items()},
                numbers={name: Number.of(metric) for name, metric in metrics.items()},
                headline=tuple(document.get("headline", ())),
                picture=document.get("picture"),
                genes=results.load_genes(folder),
                figures=frozenset(path.name.removesuffix(_FIGURE) for path in figures),
            )
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            reason = getattr(error, "strerror", None) or error
            raise RunError(
                f"The results of the run {record.id} cannot be compared.",
                where=f"{record.id}: metrics.json or genes.json",
                got=f"{type(error).__name__}: {reason}",
                remedy=f"Make them again: make run STUDY={record.study} NAME={record.run}",
            ) from error


@dataclass(frozen=True)
class Comparison:
    """Runs side by side, the first being the reference.

    `parameters`, `data` and `versions` hold what differs between any two runs, `metrics`
    everything, those that stand for a run first; `genes` every pair of runs that tell of genes,
    `figures` the names that all runs have.
    """

    runs: tuple[RunFacts, ...]
    parameters: tuple[Row, ...]
    data: tuple[Row, ...]
    versions: tuple[Row, ...]
    metrics: tuple[MetricRow, ...]
    genes: tuple[GenePair, ...]
    figures: tuple[str, ...]

    @property
    def study(self) -> str:
        """The study that all runs are of."""
        return self.runs[0].record.study

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the runs."""
        return tuple(run.record.run for run in self.runs)


def compare(runs: Sequence[RunFacts]) -> Comparison:
    """Set runs side by side; the first is the reference.

    Fewer than two runs, a run twice and runs of several studies are a `ParameterError`.
    """
    _check([run.record.id for run in runs])
    records = [run.record for run in runs]
    return Comparison(
        runs=tuple(runs),
        parameters=tuple(_parameters(records)),
        data=tuple(_differing(list(map(_data, records)))),
        versions=tuple(_differing(list(map(_made_with, records)))),
        metrics=tuple(_metrics(runs)),
        genes=tuple(_gene_pairs(runs)),
        figures=tuple(sorted(frozenset.intersection(*(run.figures for run in runs)))),
    )


def compare_named(names: Sequence[str], runs: Runs) -> Comparison:
    """Set runs, called `study/name`, side by side; what is unknown or damaged is an error."""
    folders = [runs.good(name) for name in names]
    return compare([RunFacts.read(folder, read_record(folder)) for folder in folders])


def _check(names: Sequence[str]) -> None:
    example = "python -m analysis_lib compare dge/default dge/strict"
    if len(names) < 2:
        raise ParameterError(
            "It takes two runs or more to compare.", got=" ".join(names) or "none", remedy=example
        )
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise ParameterError(
            f"The run {twice} is named twice.", remedy="Name every run once, the reference first."
        )
    if len(found := dict.fromkeys(name.partition("/")[0] for name in names)) > 1:
        raise ParameterError(
            "Runs of different studies have nothing to compare.",
            got=", ".join(found),
            expected="runs of one study",
            remedy=example,
        )


def _parameters(records: Sequence[Record]) -> Iterator[Row]:
    for row in _differing([record.parameters for record in records]):
        yield Row(row.name, row.values, tuple(row.name in record.changed for record in records))


def _differing(facts: Sequence[Mapping[str, Any]]) -> Iterator[Row]:
    for name in dict.fromkeys(name for each in facts for name in each):
        row = Row(name, tuple(each.get(name, ABSENT) for each in facts))
        if any(row.groups):
            yield row


def _data(record: Record) -> dict[str, Any]:
    facts: dict[str, Any] = {}
    for entry in record.data:
        title = entry["title"]
        facts |= {f"{title}: kind": entry["kind"], f"{title}: rows": entry["rows"]}
        facts |= {f"{title}: {file['name']}": file["sha256"][:_DIGEST] for file in entry["files"]}
    return facts


def _made_with(record: Record) -> dict[str, Any]:
    digests = {words: record.parts.get(part) for part, words in _MADE_WITH.items()}
    commit = f"{record.git['commit']:.{_DIGEST}}" if record.git else None
    changed = " + changes" if record.git and record.git.get("dirty") else ""
    return {
        **record.versions,
        **{words: digest[:_DIGEST] for words, digest in digests.items() if digest},
        **({"commit": f"{commit}{changed}"} if commit else {}),
    }


def _metrics(runs: Sequence[RunFacts]) -> Iterator[MetricRow]:
    headline = {name for run in runs for name in run.headline}
    known = dict.fromkeys(name for run in runs for name in (*run.headline, *run.labels))
    labels = {name: label for run in reversed(runs) for name, label in run.labels.items()}
    for name in sorted(known, key=lambda name: name not in headline):  # a stable sort
        if name in labels:
            values = tuple(run.numbers.get(name) for run in runs)
            yield MetricRow(name, labels[name], name in headline, values)


def _gene_pairs(runs: Sequence[RunFacts]) -> Iterator[GenePair]:
    known = [(at, run.genes, run.genes.chosen_genes) for at, run in enumerate(runs) if run.genes]
    for (i, one, ours), (j, other, theirs) in combinations(known, 2):
        only = (ours - theirs, theirs - ours)
        yield GenePair(
            runs=(i, j),
            sizes=(len(ours), len(theirs)),
            common=len(ours & theirs),
            only=(_sorted(only[0]), _sorted(only[1])),
            unknown=(len(only[0].difference(other.gene)), len(only[1].difference(one.gene))),
        )


def _sorted(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(names, key=lambda name: (name.casefold(), name)))


def _finite(value: Any) -> float | int | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ValueError(f"{value!r:.40} is no number")
    return value if abs(value) <= sys.float_info.max else None

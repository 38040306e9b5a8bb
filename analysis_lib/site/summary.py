"""A run in brief: its states in words, its headline numbers, what it is held against."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from decimal import Decimal
from functools import cached_property
from math import isfinite
from typing import Any

from analysis_lib import results
from analysis_lib.errors import SiteError
from analysis_lib.figures.text import number
from analysis_lib.runs.record import Record
from analysis_lib.site.facts import SiteRun
from analysis_lib.site.markup import Html, join, link, table, tag, text

KINDS = {"simulated": "simulated data", "yours": "your data", "real": "real data"}
STATES = {"ok": "up to date", "stale": "out of date", "failed": "failed"}
_DIGITS = 3  # of a headline number
_ON_A_CARD = 2  # headline numbers
VERDICTS = ("reproduced", "drifted", "not comparable")
PUBLISHED_HEAD = ("What", "Published", "Here", "Difference", "Tolerance", "Verdict", "Source")


@dataclass(frozen=True)
class Summary:
    """What `metrics.json` of a run says, ready for a page."""

    run: SiteRun
    document: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, run: SiteRun) -> Summary:
        """Read the summary of a run; an empty one when it has no results."""
        if not run.folder:
            return cls(run)
        try:
            document = results.load_json(run.folder, "metrics")
            summary = cls(run, document)
            _ = summary.headline, summary.published
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise SiteError(
                f"The metrics of the run {run.id} cannot be shown.",
                where=f"{run.id}/metrics.json",
                got=f"{type(error).__name__}: {error}",
                remedy="Run it again; notebooks write this file with `results.save_metrics`.",
            ) from error
        return summary

    @property
    def glance(self) -> list[str]:
        """The sentences a reader should see first."""
        return list(self.document.get("glance", []))

    @property
    def picture(self) -> str | None:
        """The name of the headline figure."""
        return self.document.get("picture")

    @cached_property
    def headline(self) -> list[Metric]:
        """The two or so numbers that stand for the run."""
        metrics = self.document.get("metrics", {})
        return [Metric.of(metrics[name]) for name in self.document.get("headline", [])]

    @property
    def leading(self) -> list[Metric]:
        """The two headline numbers that say most: those with an interval go before the others."""
        certain = sorted(self.headline, key=lambda metric: not metric.interval)[:_ON_A_CARD]
        return [metric for metric in self.headline if metric in certain][:_ON_A_CARD]

    @property
    def published(self) -> list[Mapping[str, Any]]:
        """The rows that hold the run's numbers against the literature."""
        rows = self.document.get("published", [])
        unknown = {row["status"] for row in rows} - set(VERDICTS)
        if unknown:
            raise ValueError(f"unknown verdicts {sorted(unknown)}")
        return list(rows)

    @property
    def verdicts(self) -> Counter[str]:
        """How many published numbers came out how."""
        return Counter(row["status"] for row in self.published)


@dataclass(frozen=True)
class Metric:
    """One number with its interval, or what else it spans; None where it is not finite."""

    label: str
    value: float | None
    low: float | None = None
    high: float | None = None
    unit: str = ""
    span: str = "95 % interval"

    @classmethod
    def of(cls, stored: Mapping[str, Any]) -> Metric:
        """Return a metric as it is stored, whatever else a study notes of it."""
        known = {each.name for each in fields(cls)}
        return cls(**{name: value for name, value in stored.items() if name in known})

    def __str__(self) -> str:
        """Return the number and its unit, and never a number for what is none."""
        if self.value is None:
            return "not available"
        return f"{number(self.value, _DIGITS)} {self.unit or ''}".strip()

    @property
    def interval(self) -> str:
        """The interval in words; empty when there is none."""
        if self.low is None or self.high is None:
            return ""
        return f"{self.span} {number(self.low, _DIGITS)} to {number(self.high, _DIGITS)}"


def badges(run: SiteRun) -> Html:
    """Return the marks of data kind, when there is data, and of state."""
    kind = badge(KINDS[run.kind], run.kind) if run.kind else Html("")
    return tag("span", kind, badge(STATES[run.status], run.status), class_="stamps")


def badge(words: str, kind: str) -> Html:
    """Return one mark."""
    return tag("span", text(words), class_=f"stamp stamp-{kind.replace(' ', '-')}")


def numbers(summary: Summary) -> Html:
    """Return the headline numbers as tiles, each with its interval."""
    return tiles(summary.headline)


def tiles(metrics: Iterable[Metric]) -> Html:
    """Return numbers as tiles, each with its interval; nothing for no numbers."""
    made = [
        tag(
            "div",
            tag("dt", text(metric.label)),
            tag("dd", tag("b", text(metric)), tag("small", text(metric.interval))),
        )
        for metric in metrics
    ]
    return tag("dl", *made, class_="numbers") if made else Html("")


def numbers_in_line(summary: Summary) -> Html:
    """Return the headline numbers for one cell of a table."""
    each = (
        tag("div", text(f"{metric.label}: "), tag("b", text(metric)), title=metric.interval or None)
        for metric in summary.headline
    )
    return join(each)


def published_table(summary: Summary) -> Html:
    """Return the run's numbers beside published ones: reproduced, drifted or not comparable."""
    rows = published_rows(summary)
    return table(PUBLISHED_HEAD, rows, label="This run held against published numbers")


def published_rows(summary: Summary) -> Iterator[tuple[Html, ...]]:
    """Yield the cells below `PUBLISHED_HEAD`, one row per published number."""
    for row in summary.published:
        verdict = [badge(row["status"], row["status"])]
        if reason := why_not_comparable(row, summary):
            verdict.append(tag("small", text(reason), class_="why"))
        yield (
            text(row["what"]),
            text(_value(row["published"])),
            text(_value(row["here"])),
            text(difference(row["published"], row["here"])),
            text(_tolerance(row.get("tolerance"))),
            join(verdict, " "),
            text(row["source"]),
        )


def difference(published: Any, here: Any) -> str:
    """Return how far a number lies above or below a published one; a dash where one is none.

    Examples
    --------
    >>> [difference(0.9938, 0.99375), difference(4, 7), difference(1.0, 1), difference(0.6, None)]
    ['-0.00005', '+3', '0', '–']
    """
    if not (_finite(published) and _finite(here)):
        return number(None)
    exact = Decimal(str(here)) - Decimal(str(published))  # without the noise of binary fractions
    return f"{Decimal(f'{exact:.2e}').normalize():+f}" if exact else "0"


def why_not_comparable(row: Mapping[str, Any], summary: Summary) -> str:
    """Return why a published number cannot be compared with; empty where that is not known."""
    run = summary.run
    if row["status"] != "not comparable":
        return ""
    if row["here"] is None:
        return "not computed here"
    # Numbers that were published for simulated data are compared with those of simulated data.
    if run.kind and run.kind != "real" and set(summary.verdicts) == {"not comparable"}:
        return KINDS[run.kind]
    changed = run.record.changed if run.record else []
    return f"changed: {', '.join(changed)}" if changed else ""


def published_in_words(summary: Summary) -> str:
    """Return how many published numbers came out; empty when there are none to compare with."""
    counts = summary.verdicts
    said = ", ".join(f"{counts[verdict]} {verdict}" for verdict in VERDICTS if counts[verdict])
    return f"Published numbers: {said}." if said else ""


def moment(stamp: str) -> str:
    """Return a time of a record as people write it.

    Examples
    --------
    >>> moment("2026-11-21T08:14:09Z")
    '2026-11-21 08:14 UTC'
    """
    return f"{stamp[:10]} {stamp[11:16]} UTC"


def age(stamp: str, shown: str | None = None) -> Html:
    """Return a time of a record, which a script on the page tells as "2 hours ago".

    Without the script `shown` stands there, or the date.

    Examples
    --------
    >>> age("2026-11-21T08:14:09Z")[-22:]
    'age">2026-11-21</time>'
    """
    full = f"{stamp[:10]} {stamp[11:19]} UTC"
    return tag("time", text(shown or stamp[:10]), datetime=stamp, title=full, class_="age")


def duration(seconds: float) -> str:
    """Return a time span in words.

    Examples
    --------
    >>> [duration(s) for s in (3.21, 75, 7300)]
    ['3.2 s', '1 min 15 s', '2 h 1 min']
    """
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60} h {minutes % 60} min"


def commit(record: Record) -> str:
    """Return the commit a run was made at, and whether files differed from it."""
    if not record.git:
        return "none"
    changed = " + changes" if record.git.get("dirty") else ""
    return f"{str(record.git['commit'])[:10]}{changed}"


def doi_link(doi: str | None) -> Html:
    """Return a link to a publication."""
    return link(f"https://doi.org/{doi}", f"doi:{doi}") if doi else Html("")


def _value(value: Any) -> str:
    return number(value) if isinstance(value, (int, float)) or value is None else str(value)


def _finite(value: Any) -> bool:
    return isinstance(value, (int, float)) and isfinite(value)


def _tolerance(value: Any) -> str:
    if not value:
        return "none"
    # In full: nobody reads 5e-05 at a glance.
    return f"± {Decimal(str(value)):f}" if isinstance(value, (int, float)) else str(value)

"""The page of a sweep: what was varied, how the numbers move with it, which genes stay."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from analysis_lib import files
from analysis_lib.errors import without_colours
from analysis_lib.figures import embed
from analysis_lib.figures.text import visible
from analysis_lib.runs.sweep_file import Sweep
from analysis_lib.runs.values import check_name
from analysis_lib.site import sweep_parts as parts
from analysis_lib.site.facts import Book, SiteRun
from analysis_lib.site.markup import (
    Html,
    admonition,
    block,
    code,
    inline,
    join,
    lines,
    link,
    table,
    tag,
    text,
)
from analysis_lib.site.privacy import Privacy
from analysis_lib.site.summary import KINDS, STATES, badge, moment, numbers_in_line
from analysis_lib.site.sweep_choice import reasons
from analysis_lib.site.sweep_figures import figures_of
from analysis_lib.site.sweep_genes import Robust, robust
from analysis_lib.site.sweep_points import PointResult, read_points

if TYPE_CHECKING:
    import pandas as pd

READ = "data.json"
"""What the points of a sweep read, among its files."""

_VALUES = 30  # of a parameter, told in words
_FAILURES = 10  # messages, told in full
_GENES_SHOWN, _POINTS_SHOWN = 25, 10
_MARKS = {"good": "ok", "failed": "failed", "waiting": "stale"}
_MEANT = (
    "A gene that is found at many points does not hang on one choice of these parameters. All "
    "points read the same data unless the data themselves vary, so a count is no count of "
    "independent findings, and a gene can be found at every point and be wrong at every one."
)
_WAITING = (
    "A point that waits has no results yet, or none that are as they were recorded. The command "
    "below makes those, and tries again what failed."
)

_CHANGED = (
    "Points are out of date: they were made before something changed ({}). The command below makes "
    "them anew."
)


def page_name(sweep: Sweep) -> str:
    """Return the page of a sweep, as a path within the site without its ending."""
    return f"sweeps/{sweep.id}"


def folder(sweep: Sweep) -> str:
    """Return the folder of a sweep's files within the site."""
    return f"files/sweeps/{sweep.id}"


def title(sweep: Sweep, book: Book) -> str:
    """Return what a sweep is called among others."""
    return f"{book.study(sweep.study).title}: {sweep.name}"


@dataclass(frozen=True)
class SweepPage:
    """A sweep with the results of its points, read once for its page and its files."""

    sweep: Sweep
    points: Sequence[PointResult]
    book: Book
    privacy: Privacy

    @classmethod
    def of(cls, sweep: Sweep, book: Book, project: Path) -> SweepPage:
        """Read the results of a sweep's points, as far as they are there and whole."""
        for name in (sweep.study, sweep.name):
            check_name(name)  # they become folders
        points = read_points(sweep, project / "build" / "runs")
        return cls(sweep, points, book, Privacy(project))

    @property
    def counts(self) -> Counter[str]:
        """How many points are good, failed or waiting."""
        return Counter(point.status for point in self.points)

    @property
    def shown(self) -> tuple[str, ...]:
        """The figures and tables that the page must show."""
        figures = [f"figures/{each.info['name']}" for each in self._figures]
        return (*figures, *(f"tables/{name}" for name in self._tables))

    @cached_property
    def _values(self) -> parts.Values:
        return parts.Values(self.sweep, self.privacy)

    @cached_property
    def _good(self) -> list[PointResult]:
        return [point for point in self.points if point.status == "good"]

    @cached_property
    def _robust(self) -> Robust | None:
        return robust(sorted(self._good, key=lambda point: not point.at_defaults))

    # ---- the page

    def page(self) -> str:
        """Return the page in Markdown."""
        heading = f"# Sweep&#58; {inline(title(self.sweep, self.book))}\n"
        lead = "One study at many points: how far its results depend on its parameters."
        sections = [
            block(join([tag("p", text(lead), class_="question"), self.marks()])),
            self._simulated(),
            self._varied(),
            self._moves(),
            self._genes(),
            self._pages(),
            self._all_points(),
            self._failures(),
        ]
        return heading + "".join(sections)

    def publish(self, html: Path) -> None:
        """Put the figures, the tables and what asks for the sweep again into the built site."""
        from analysis_lib import tables

        target, id_ = html / folder(self.sweep), f"sweeps/{self.sweep.id}"
        for figure in self._figures:
            path = target / "figures" / f"{figure.info['name']}.js"
            script = embed.figure_script(id_, path.stem, files.to_json(figure.document))
            files.write_text(path, script)
            files.write_bytes(path.with_suffix(".png"), figure.still)
            tables.write_table(figure.table, path.with_suffix(".csv"), for_people=True)
        for name, (_, document, frame) in self._tables.items():
            path = target / "tables" / f"{name}.js"
            files.write_text(path, embed.table_script(id_, name, files.to_json(document)))
            tables.write_table(frame, path.with_suffix(".csv"), for_people=True)
        files.write_json(target / parts.FILE, parts.again(self.sweep, self.privacy)[1])
        files.write_json(target / READ, {"data": self._data()})

    def _data(self) -> list[Any]:
        """Return what any point read, each once, without a folder of this machine."""
        records = [point.run.record for point in self._good if point.run.record]
        every = (files.to_json(self.privacy.value(e)) for record in records for e in record.data)
        return [json.loads(entry) for entry in dict.fromkeys(every)]

    def marks(self) -> Html:
        """Return the marks of what data the points read, and of how many are good."""
        kinds = {point.run.kind for point in self._good if point.run.kind}
        marks = [badge(KINDS[kind], kind) for kind in KINDS if kind in kinds]
        marks += [
            badge(f"{self.counts[status]} {status}", look)
            for status, look in _MARKS.items()
            if self.counts[status]
        ]
        marks += [badge(STATES["stale"], "stale")] if self._changed else []
        return tag("span", *marks, class_="stamps")

    @cached_property
    def _changed(self) -> tuple[str, ...]:
        """What changed since the points were made, as far as pages of theirs know it."""
        ours = {point.run.id for point in self._good}
        return next((run.stale for run in self.book.runs if run.id in ours and run.stale), ())

    def _simulated(self) -> str:
        simulated = [point for point in self._good if point.run.kind == "simulated"]
        if not simulated:
            return ""
        which = "these points" if len(simulated) == len(self._good) else "some of these points"
        words = (
            f"No experiment stands behind {which}: the data come from a simulator. What moves "
            "shows how the analysis works and says nothing about biology."
        )
        return admonition("Simulated data", tag("p", text(words)), kind="warning simulated")

    def _varied(self) -> str:
        rows = {row.name: row for row in self.book.study(self.sweep.study).parameters}
        each = (
            (
                join([tag("code", text(name)), tag("div", text(_meaning(name, rows)))]),
                text(_some(self._values.shown(name))),
                tag("code", text(rows[name].default)) if name in rows else Html(""),
            )
            for name in self._values.names
        )
        fixed = self.privacy.value(dict(self.sweep.fixed))
        told = ", ".join(f"{name} {parts.written(value)}" for name, value in fixed.items())
        command, _ = parts.again(self.sweep, self.privacy)
        base = f"../../{folder(self.sweep)}"
        content = [
            tag("p", text(self._in_words())),
            table(("Parameter", "Values", "Default"), each, label="What was varied"),
            *([tag("p", text(f"The same at every point: {told}."))] if told else []),
            *([tag("p", text(_WAITING))] if self.counts["waiting"] else []),
            *([tag("p", text(_CHANGED.format(", ".join(self._changed))))] if self._changed else []),
            tag("p", text("The same sweep; points that are there already are not made again:")),
            code(command),
            tag(
                "p",
                _download(f"{base}/tables/points.csv", "points.csv"),
                text(": every point with its parameters and headline numbers. "),
                _download(f"{base}/{parts.FILE}", parts.FILE),
                text(f": what was asked for, for F={parts.FILE}."),
            ),
        ]
        return f"\n\n## What was varied\n{block(join(content))}"

    def _in_words(self) -> str:
        counts = self.counts
        said = ", ".join(f"{counts[status]} {status}" for status in _MARKS if counts[status])
        many = f"{len(self.points)} points" if len(self.points) != 1 else "1 point"
        return f"{many}: {said or 'none'}. Started {moment(self.sweep.started)}."

    def _moves(self) -> str:
        if not self._figures:
            words = "No point has results yet: there is nothing to draw."
            return f"\n\n## How the numbers move\n{block(tag('p', text(words)))}"
        *effects, last = self._figures
        base = f"../../{folder(self.sweep)}"
        shown = [
            block(Html(embed.figure_html(figure.info, at, base)))
            for at, figure in enumerate(effects, start=1)
        ]
        more = len(parts.metrics(self._good)) - len(effects)
        note = f"{more} more headline numbers stand in the table of all points." if more > 0 else ""
        shown += [block(tag("p", text(note)))] if note else []
        whole = block(Html(embed.figure_html(last.info, len(self._figures), base)))
        moves = f"\n\n## How the numbers move\n{''.join(shown)}" if effects else ""
        return f"{moves}\n\n## All points at once\n{whole}"

    def _genes(self) -> str:
        heading = "\n\n## The most robust genes\n"
        if not self._robust:
            words = "No point says which genes it singles out."
            return f"{heading}{block(tag('p', text(words)))}"
        telling, words = self._robust.telling, self.privacy.clean(self._robust.words)
        said = (
            f"{telling} points say which genes they single out. One of them says: “{words}” "
            "Thresholds in these words are those of that point."
        )
        both = [tag("p", text(words)) for words in (_MEANT, said)]
        return f"{heading}{block(join(both))}{self._table('genes', 1)}"

    def _pages(self) -> str:
        pages = {run.id: run for run in self.book.runs if run.folder}
        why = reasons(self.points)
        own = [point for point in self._good if point.run.id in pages]
        if not own:
            return ""
        ordered = sorted(own, key=lambda p: [*why, p.run.id].index(p.run.id))

        def row(point: PointResult) -> tuple[Html, ...]:
            run: SiteRun = pages[point.run.id]
            return (
                link(f"../../{run.page}.html", run.name),
                text(f"Point {point.number}: {self._values.point(point.point.values)}"),
                text("; ".join(why.get(run.id, ()))),
                numbers_in_line(point.summary),
            )

        head = ("Run", "Point", "Why", "Headline numbers")
        rows = table(head, map(row, ordered), label="Points with pages of their own")
        words = "These points have every figure and table on pages of their own."
        content = join([tag("p", text(words)), rows])
        return f"\n\n## Points with pages of their own\n{block(content)}"

    def _all_points(self) -> str:
        return f"\n\n## All points\n{self._table('points', 2 if self._robust else 1)}"

    def _failures(self) -> str:
        failed = [point for point in self.points if point.status == "failed"]
        if not failed:
            return ""
        messages: dict[str, list[PointResult]] = {}
        for point in failed:
            message = self.privacy.clean(without_colours(point.point.error or "No reason is kept."))
            messages.setdefault(message, []).append(point)
        content = [
            part
            for message, of_message in list(messages.items())[:_FAILURES]
            for part in (
                tag("p", text(self._which(of_message))),
                tag("pre", lines(message), class_="error-message"),
            )
        ]
        if len(messages) > _FAILURES:
            content.append(tag("p", text(f"And {len(messages) - _FAILURES} other messages.")))
        return f"\n\n## What failed\n{block(join(content))}"

    def _which(self, points: Sequence[PointResult]) -> str:
        told = [f"point {p.number} ({self._values.point(p.point.values)})" for p in points]
        many = f"{len(points)} points" if len(points) > 1 else "1 point"
        return f"{many}: {_some(told, 5)}"

    # ---- figures and tables

    def _table(self, name: str, number: int) -> str:
        info, _, _ = self._tables[name]
        return block(Html(embed.table_html(info, number, f"../../{folder(self.sweep)}")))

    @cached_property
    def _tables(self) -> Mapping[str, tuple[dict[str, Any], Any, pd.DataFrame]]:
        """Each table by name: what is said of it, its rows on the page, its rows to download."""
        found = {}
        if self._robust:
            caption = "Genes by the number of points at which they are found."
            if signed := self._robust.signed:
                caption += f" The direction is the sign of {visible(signed)} where it is found."
            made = embed.table_parts(
                self._robust.table,
                name="genes",
                caption=caption,
                rows_shown=_GENES_SHOWN,
                digits=3,
            )
            found["genes"] = (*made, self._robust.table)
        made = embed.table_parts(
            parts.all_points(self.points, self._values),
            name="points",
            caption="Every point with its parameters, its headline numbers and where its results "
            "lie. The intervals are in the CSV.",
            rows_shown=_POINTS_SHOWN,
            digits=3,
        )
        return found | {"points": (*made, parts.all_points(self.points, self._values, full=True))}

    @cached_property
    def _figures(self) -> list[embed.FigureParts]:
        """A figure per headline number, and the last of all points; none without results."""
        rows = self.book.study(self.sweep.study).parameters
        return figures_of(self._good, self._values, {row.name: row for row in rows})


def _meaning(name: str, rows: Mapping[str, Any]) -> str:
    return str(rows[name].description) if name in rows else ""


def _some(items: Sequence[str], most: int = _VALUES) -> str:
    more = f" and {len(items) - most} more" if len(items) > most else ""
    return ", ".join(items[:most]) + more


def _download(address: str, name: str) -> Html:
    return tag("a", text(name), href=address, download=name.rpartition("/")[2])

"""The page of the benchmarks: what the last `make bench` left in `benchmarks/results.json`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from analysis_lib import files
from analysis_lib.errors import SiteError
from analysis_lib.figures import benchmarks, embed
from analysis_lib.figures.benchmarks import verdict
from analysis_lib.figures.text import number, visible
from analysis_lib.site.key import RESULTS
from analysis_lib.site.markup import Html, admonition, block, join, sheet, table, tag, text
from analysis_lib.site.summary import badge, moment

PAGE = "benchmarks"
"""The page, as a path within the site without its ending; and the name of its part."""

FORMAT = 1
_FIGURE = "ratios"
_FOLDER = f"files/{PAGE}"
_DIGITS = 3


@dataclass(frozen=True)
class BenchmarksPage:
    """The results of the last benchmarks, read once for their page and its files."""

    results: Mapping[str, Any] | None

    @classmethod
    def of(cls, project: Path) -> BenchmarksPage:
        """Read the results of a project; none is no fault, a damaged file is."""
        path = project / RESULTS
        if not path.is_file():
            return cls(None)
        try:
            results = files.read_json(path)
            if results["format"] != FORMAT:
                raise ValueError(f"format {results['format']!r} instead of {FORMAT}")
            page = cls(results)
            _ = page.part()
        except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
            raise SiteError(
                "The results of the benchmarks cannot be shown.",
                where=RESULTS,
                got=f"{type(error).__name__}: {error}",
                remedy=f"Measure again: make bench; or restore it: git checkout -- {RESULTS}",
            ) from error
        return page

    @property
    def shown(self) -> tuple[str, ...]:
        """The figures that the page must show."""
        return (f"figures/{_FIGURE}",) if self._figure else ()

    def part(self) -> str:
        """Return what the hand-written page has in it, in Markdown."""
        if not self.results:
            words = "Nothing was measured yet: there is no benchmarks/results.json. "
            return block(tag("p", text(words), tag("code", text("make bench")), text(" makes it.")))
        parts = [block(tag("p", text(self._in_words()))), self._failures()]
        if self._figure:
            parts.append(block(Html(embed.figure_html(self._figure.info, 1, _FOLDER))))
        return "".join([*parts, self._table(), self._absent(), self._notes(), self._machine()])

    def publish(self, html: Path) -> None:
        """Put the figure and the results themselves into the built site."""
        from analysis_lib import tables

        if not self.results:
            return
        files.write_json(html / _FOLDER / "results.json", self.results)
        if self._figure:
            path = html / _FOLDER / "figures" / f"{_FIGURE}.js"
            script = embed.figure_script(PAGE, _FIGURE, files.to_json(self._figure.document))
            files.write_text(path, script)
            files.write_bytes(path.with_suffix(".png"), self._figure.still)
            tables.write_table(self._figure.table, path.with_suffix(".csv"), for_people=True)

    # ---- what was measured

    @property
    def _claims(self) -> Sequence[Mapping[str, Any]]:
        return list(self.results["claims"]) if self.results else []

    @cached_property
    def _beside(self) -> list[tuple[Mapping[str, Any], Mapping[str, Any]]]:
        """Every claim with every peer, what costs most beside its peer first."""
        pairs = [(claim, peer) for claim in self._claims for peer in claim["peers"]]
        return sorted(pairs, key=lambda pair: -pair[1]["ratio"]["median"])

    @cached_property
    def _figure(self) -> embed.FigureParts | None:
        if not self._beside:
            return None
        import pandas as pd

        rows = pd.DataFrame(
            [
                {
                    "title": visible(claim["title"]),
                    "peer": visible(peer["name"]),
                    "unit": claim["unit"],
                    **{each: float(peer["ratio"][each]) for each in ("median", "low", "high")},
                    "ours": float(claim["ours"]["median"]),
                    "theirs": float(peer["median"]),
                    "rounds": len(peer["values"]),
                }
                for claim, peer in self._beside
            ]
        )
        caption = (
            "What ours costs, divided by what the peer costs: the median over the rounds, with the "
            "interval of the sign test. Less is better: left of 1 ours costs less than the peer."
        )
        return embed.figure_parts(
            benchmarks.ratios(rows), name=_FIGURE, caption=caption, alt=self._in_short()
        )

    def _in_short(self) -> str:
        more = [pair for pair in self._beside if pair[1]["ratio"]["median"] > 1]
        told = "; ".join(
            f"{claim['title']} beside {peer['name']}, {number(peer['ratio']['median'], 2)} times"
            f"{'' if peer['ratio']['low'] > 1 else ' (within the spread)'}"
            for claim, peer in more
        )
        words = f"Ours costs more than {len(more)} of {len(self._beside)} peers"
        return f"{words}: {told}." if told else f"{words}."

    def _in_words(self) -> str:
        results = self.results or {}
        commit = results["commit"]
        of = f" of commit {str(commit['id'])[:10]}" if commit else ""
        of += " with uncommitted changes" if commit and commit["dirty"] else ""
        machine = results["machine"]
        return (
            f"Measured {moment(results['date'])} on {machine['cores']} cores of "
            f"{machine['processor']}{of}. {self._in_short()}"
        )

    # ---- parts of the page

    def _table(self) -> str:
        def row(claim: Mapping[str, Any], peer: Mapping[str, Any]) -> tuple[Html, ...]:
            ratio, unit = peer["ratio"], claim["unit"]
            return (
                join(
                    [
                        tag("b", text(claim["title"])),
                        tag("div", text(claim["what"])),
                        tag("div", tag("small", text(moment(claim["date"])))),
                    ]
                ),
                _cost(claim["ours"], unit),
                _cost(peer, unit),
                join(
                    [
                        tag("b", text(number(ratio["median"], _DIGITS))),
                        tag("div", tag("small", text(_interval(ratio)))),
                    ]
                ),
                _badge(unit, ratio),
            )

        if not self._beside:
            return ""
        head = ("What", "Ours", "Peer", "Ours / peer", "Verdict")
        rows = [row(*pair) for pair in self._beside]
        label = "What ours and its peers cost"
        return f"\n\n## All numbers\n{block(table(head, rows, label=label))}"

    def _failures(self) -> str:
        failed = self.results["failed"] if self.results else []
        if not failed:
            return ""
        rows = [tag("li", text(f"{each['name']}: {each['reason']}")) for each in failed]
        return admonition("Some could not be measured", tag("ul", *rows), kind="danger")

    def _absent(self) -> str:
        rows = [
            tag("li", text(f"{claim['title']}, {peer['name']}: not measured, {peer['reason']}"))
            for claim in self._claims
            for peer in claim["absent"]
        ]
        return f"\n\n## Peers that are missing\n{block(tag('ul', *rows))}" if rows else ""

    def _notes(self) -> str:
        rows = [
            tag("li", tag("b", text(claim["title"])), text(f": {' '.join(claim['notes'])}"))
            for claim in self._claims
            if claim["notes"]
        ]
        return f"\n\n## What else to know\n{block(tag('ul', *rows))}" if rows else ""

    def _machine(self) -> str:
        facts = [(name, text(value)) for name, value in self._facts()]
        link = tag(
            "a", text("results.json"), href=f"{_FOLDER}/results.json", download="results.json"
        )
        facts.append(("Every value of every round", link))
        what = sheet(facts, label="The machine and the versions")
        return f"\n\n## The machine\n{block(what)}"

    def _facts(self) -> Iterator[tuple[str, str]]:
        results = self.results or {}
        machine = results["machine"]
        yield "Processor", f"{machine['processor']}, {machine['cores']} cores"
        yield "Memory", f"{machine['memory_gb']:g} GB"
        yield "System", str(machine["system"])
        yield "Python", str(machine["python"])
        yield "Load when it began", f"{machine['load']:g} (0 when nothing else runs)"
        yield "Seconds for all of it", f"{results['seconds']:,.0f}"
        yield "Versions", ", ".join(f"{name} {v}" for name, v in results["versions"].items())


def _cost(way: Mapping[str, Any], unit: str) -> Html:
    low, high = (_written(way[end]) for end in ("low", "high"))
    spread = f"{low} to {high}, n = {len(way['values'])}"
    return join(
        [
            tag("b", text(f"{_written(way['median'])} {unit}")),
            tag("div", text(way["name"])),
            tag("div", tag("small", text(spread))),
        ]
    )


def _written(cost: float) -> str:
    return f"{cost:,.0f}" if cost >= 1000 else number(cost, _DIGITS)


def _interval(ratio: Mapping[str, Any]) -> str:
    low, high = (number(ratio[end], _DIGITS) for end in ("low", "high"))
    return f"{low} to {high} ({ratio['coverage']:.0%})"


def _badge(unit: str, ratio: Mapping[str, Any]) -> Html:
    words = verdict(unit, *(ratio[each] for each in ("median", "low", "high")))
    word, _, unsure = words.partition(", ")
    worse = ratio["median"] > 1
    mark = badge(f"{'▲' if worse else '▼'} {word}", "failed" if worse else "ok")
    return join([mark, tag("div", tag("small", text(unsure)))] if unsure else [mark])

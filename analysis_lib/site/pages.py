"""The pages that are not a run's: hand-written text with generated parts in it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from pathlib import Path

from analysis_lib import files
from analysis_lib.errors import SiteError
from analysis_lib.site import landing
from analysis_lib.site.facts import Book, DataFile, DataRow, ParameterRow, StudyPage
from analysis_lib.site.markup import Html, block, code, inline, join, link, sheet, table, tag, text
from analysis_lib.site.provenance import command_to_try
from analysis_lib.site.summary import KINDS, badge, doi_link
from analysis_lib.site.sweep_page import SweepPage

Part = Callable[[], str]
"""What makes a generated part of a page, in Markdown."""


def write_pages(
    book: Book,
    summaries: landing.Summaries,
    written: Path,
    target: Path,
    *,
    more: Mapping[str, Part] | None = None,
    others: Collection[str] = (),
    sweeps: Sequence[SweepPage] = (),
) -> list[str]:
    """Write every page that is not a run's into `target`; return their names.

    A hand-written page in `written` says with a line like `[[runs]]` where a generated part
    goes; the page is not built when one of its parts is unknown, or a part has no place.

    Parameters
    ----------
    more : mapping of name to part, optional
        Parts that other modules generate.
    others : names of pages
        Those of other modules, to which the landing page links where it knows what they are.
    sweeps : pages of sweeps
        What the landing page tells of below the runs.
    """
    pages = sorted(written.glob("*.md"))
    there = {*others, *(page.stem for page in pages)}
    parts: dict[str, Part] = {
        **(more or {}),
        "find": lambda: landing.find(there),
        "studies": lambda: block(landing.cards(book, summaries)),
        "published": lambda: block(landing.published(book, summaries)),
        "runs": lambda: block(landing.runs(book, summaries, there)) + landing.sweeps(sweeps),
        "catalogue": lambda: _catalogue(book.data),
        "used": lambda: block(_used(book)),
        "parameters": lambda: _parameters(book.studies),
    }
    names = []
    for page in pages:
        files.write_text(target / page.name, _filled(page, parts))
        names.append(page.stem)
    if parts:
        raise SiteError(
            "A generated part of the book has no place in it.",
            where=", ".join(f"[[{name}]]" for name in parts),
            remedy=f"Put that line into a page of {written.name}/, once.",
        )
    return names


def _filled(page: Path, parts: dict[str, Part]) -> str:
    """Return a page with its generated parts, and take those out of `parts`."""
    lines = []
    for line in page.read_text(encoding="utf-8").splitlines():
        name = line.strip()
        if not (name.startswith("[[") and name.endswith("]]")):
            lines.append(line)
            continue
        if name[2:-2] not in parts:
            raise SiteError(
                f"The page asks for a part that does not exist or is used twice: {name}",
                where=f"{page.parent.name}/{page.name}",
                expected=", ".join(f"[[{known}]]" for known in parts),
                remedy="Correct the line.",
            )
        lines.append(parts.pop(name[2:-2])())
    return "\n".join(lines) + "\n"


def _catalogue(rows: Iterable[DataRow]) -> str:
    return "".join(f"\n\n## {inline(row.title)}\n{block(_data_set(row))}" for row in rows)


def _data_set(row: DataRow) -> Html:
    facts = [
        ("Citation", join([text(row.citation), doi_link(row.doi)], " ")),
        ("Terms", text(row.terms)),
        ("Files", join(_data_file(each) for each in row.files)),
        ("Columns", join(_column(*each) for each in row.columns)),
        ("State", text(row.state)),
        ("Used by", text(", ".join(row.used_by))),
        ("Name", tag("code", text(row.dataset))),
    ]
    return sheet(facts, label=f"The data set {row.title}")


def _data_file(file: DataFile) -> Html:
    size = f", {file.size / 1e6:,.1f} MB" if file.size else ""
    checksum = file.checksum or "no published checksum: pinned at the first download"
    return tag(
        "div",
        link(file.address, file.name),
        text(size),
        tag("div", tag("code", text(checksum), class_="digest")),
    )


def _column(name: str, meaning: str) -> Html:
    return tag("div", tag("code", text(name)), text(f" {meaning}"))


def _used(book: Book) -> Html:
    rows = [
        (
            link(f"{run.page}.html", run.id),
            text(entry["title"]),
            badge(KINDS[entry["kind"]], entry["kind"]),
            text(f"{entry['rows']:,}"),
            text(", ".join(file["name"] for file in entry["files"]) or "none: simulated"),
        )
        for run in book.runs
        if run.record
        for entry in run.record.data
    ]
    return table(("Run", "Data set", "Kind", "Rows", "Files"), rows, label="What each run read")


def _parameters(studies: Iterable[StudyPage]) -> str:
    return "".join(
        f"\n\n### {inline(study.title)}\n{block(_study_parameters(study))}" for study in studies
    )


def _study_parameters(study: StudyPage) -> Html:
    def row(parameter: ParameterRow) -> tuple[Html, ...]:
        allowed = f"{parameter.type}: {parameter.range}" if parameter.range else parameter.type
        return (
            tag("code", text(parameter.name)),
            tag("code", text(parameter.default)),
            text(allowed),
            text(parameter.description),
        )

    line = command_to_try(study.name, study.parameters)
    head = ("Parameter", "Default", "Takes", "Meaning")
    return join(
        [table(head, map(row, study.parameters), label=f"Parameters of {study.title}"), code(line)]
    )

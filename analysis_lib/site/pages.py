"""The pages that are not a run's: hand-written text with generated parts in it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from analysis_lib import files
from analysis_lib.errors import SiteError
from analysis_lib.site.facts import Book, DataFile, DataRow, ParameterRow, SiteRun, StudyPage
from analysis_lib.site.markup import Html, block, code, inline, join, link, sheet, table, tag, text
from analysis_lib.site.provenance import command_to_try
from analysis_lib.site.publish import read_info
from analysis_lib.site.summary import (
    KINDS,
    Summary,
    badge,
    badges,
    commit,
    doi_link,
    duration,
    moment,
    numbers,
    numbers_in_line,
    published_in_words,
)

Summaries = Mapping[str, Summary]


def write_pages(book: Book, summaries: Summaries, written: Path, target: Path) -> list[str]:
    """Write every page that is not a run's into `target`; return their names.

    A hand-written page in `written` says with a line like `[[runs]]` where a generated part
    goes; the page is not built when one of its parts is unknown, or a part has no place.
    """
    parts: dict[str, Callable[[], str]] = {
        "studies": lambda: _cards(book, summaries),
        "runs": lambda: block(_run_table(book, summaries)),
        "catalogue": lambda: _catalogue(book.data),
        "used": lambda: block(_used(book)),
        "parameters": lambda: _parameters(book.studies),
    }
    names = []
    for page in sorted(written.glob("*.md")):
        files.write_text(target / page.name, _filled(page, parts))
        names.append(page.stem)
    if parts:
        raise SiteError(
            "A generated part of the book has no place in it.",
            where=", ".join(f"[[{name}]]" for name in parts),
            remedy=f"Put that line into a page of {written.name}/, once.",
        )
    return names


def _filled(page: Path, parts: dict[str, Callable[[], str]]) -> str:
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


def _cards(book: Book, summaries: Summaries) -> str:
    first = [runs[0] for study in book.studies if (runs := book.of_study(study.name))]
    cards = "".join(_card(run, book, summaries[run.id]) for run in first)
    columns = "1 1 1 1" if len(first) == 1 else "1 1 2 2"
    return f"\n\n::::{{grid}} {columns}\n:gutter: 4\n:class-container: studies\n\n{cards}\n::::\n\n"


def _card(run: SiteRun, book: Book, summary: Summary) -> str:
    study = book.study(run.study)
    words = [
        tag("p", text(study.question), class_="question"),
        numbers(summary),
        tag("p", text(published_in_words(summary)), class_="held")
        if summary.published
        else Html(""),
        badges(run),
    ]
    body = tag("div", _picture(run, summary), tag("div", *words), class_="study")
    head = f":::{{grid-item-card}} {inline(study.title)}\n:link: {run.page}\n:link-type: doc\n"
    return f"{head}{block(body)}\n:::\n\n"


def _picture(run: SiteRun, summary: Summary) -> Html:
    if not (run.folder and summary.picture):
        return tag("p", text("There are no results yet."), class_="no-picture")
    alt = read_info(run, "figures", summary.picture)["alt"]
    address = f"{run.files}/figures/{summary.picture}.png"
    return tag("img", src=address, alt=alt, loading="lazy", class_="headline-figure")


def _run_table(book: Book, summaries: Summaries) -> Html:
    def row(run: SiteRun) -> tuple[Html, ...]:
        record = run.failure or run.record
        return (
            join([text(book.study(run.study).title), link(f"{run.page}.html", run.name)], " "),
            badges(run),
            numbers_in_line(summaries[run.id]),
            text(moment(record.started) if record else "never"),
            tag("span", text(duration(record.seconds)), class_="unbroken") if record else Html(""),
            text(commit(record) if record else ""),
        )

    head = ("Study and run", "Data and state", "Headline numbers", "Started", "Took", "Commit")
    runs = (run for study in book.studies for run in book.of_study(study.name))
    return table(head, map(row, runs), label="Every run in this report")


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

"""The landing page: a card per study, every published number, every run. All of it from records."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence

from analysis_lib.runs.record import Record
from analysis_lib.site import compare, genes, sweep_page
from analysis_lib.site.facts import Book, SiteRun
from analysis_lib.site.markup import Html, block, join, link, table, tag, text
from analysis_lib.site.publish import read_info
from analysis_lib.site.summary import (
    PUBLISHED_HEAD,
    VERDICTS,
    Summary,
    age,
    badge,
    badges,
    commit,
    duration,
    moment,
    numbers_in_line,
    published_rows,
    tiles,
    why_not_comparable,
)
from analysis_lib.site.sweep_page import SweepPage

Summaries = Mapping[str, Summary]

_PLACE = "published-numbers"  # of the table, for links within the page
_ALL = "all"


def find(others: Collection[str]) -> str:
    """Return the way to the search for a gene, when there is that page among the `others`."""
    if genes.PAGE not in others:
        return ""
    words = text("Find a gene in all studies")
    way = tag("a", words, href=f"{genes.PAGE}.html", class_="find-gene")
    return block(tag("p", way, class_="find"))


def first_runs(book: Book) -> list[SiteRun]:
    """Return the run that stands for each study: its default one, when the report has it."""
    return [runs[0] for study in book.studies if (runs := book.of_study(study.name))]


def cards(book: Book, summaries: Summaries) -> Html:
    """Return a card per study, and one that counts what came of published numbers."""
    shown = first_runs(book)
    made = [_card(run, book, summaries[run.id]) for run in shown]
    tally = _tally([summaries[run.id] for run in shown])
    return tag("ul", *made, tally, class_="studies")


def published(book: Book, summaries: Summaries) -> Html:
    """Return one table of all published numbers, by study, and what chooses among its rows."""
    shown = [(run, summaries[run.id]) for run in first_runs(book)]
    counts = _verdicts(summary for _, summary in shown)
    head = tag("tr", *(tag("th", text(title), scope="col") for title in PUBLISHED_HEAD))
    groups = (_group(run, book, summary) for run, summary in shown)
    label = "Published numbers of all studies"
    inner = tag("table", tag("thead", head), *groups, aria_label=label)
    region = tag("div", inner, class_="facts", role="region", tabindex="0", aria_label=label)
    return tag("div", _choices(counts), region, class_="published", id=_PLACE)


def runs(book: Book, summaries: Summaries, others: Collection[str]) -> Html:
    """Return the table of all runs, with ways to compare those of a study."""

    def row(run: SiteRun) -> tuple[Html, ...]:
        record = run.failure or run.record
        way = compare.page_name(run.study)
        comparable = [Html(" "), link(f"{way}.html", "compare")] if way in others else []
        return (
            tag("span", text(book.study(run.study).title), class_="of-study"),
            join([link(f"{run.page}.html", run.name), *(comparable if run.folder else [])]),
            badges(run),
            numbers_in_line(summaries[run.id]),
            age(record.started, moment(record.started)) if record else text("never"),
            tag("span", text(duration(record.seconds)), class_="unbroken") if record else Html(""),
            text(commit(record) if record else ""),
        )

    head = ("Study", "Run", "Data and state", "Headline numbers", "Started", "Took", "Commit")
    every = (run for study in book.studies for run in book.of_study(study.name))
    return tag("div", table(head, map(row, every), label="Every run in this report"), class_="runs")


def sweeps(pages: Sequence[SweepPage]) -> str:
    """Return the section of all sweeps in Markdown; nothing without any."""
    if not pages:
        return ""

    def row(page: SweepPage) -> tuple[Html, ...]:
        sweep = page.sweep
        return (
            tag("span", text(page.book.study(sweep.study).title), class_="of-study"),
            link(f"{sweep_page.page_name(sweep)}.html", sweep.name),
            text(", ".join(sweep.dimensions)),
            page.marks(),
            age(sweep.started, moment(sweep.started)),
        )

    head = ("Study", "Sweep", "Varied", "Data and points", "Started")
    every = table(head, map(row, pages), label="Every sweep in this report")
    words = "A sweep is a study at many points: what moves with its parameters, and what stays."
    content = join([tag("p", text(words)), tag("div", every, class_="runs")])
    return f"\n\n## All sweeps\n{block(content)}"


def _card(run: SiteRun, book: Book, summary: Summary) -> Html:
    study = book.study(run.study)
    title = tag("h2", link(f"{run.page}.html", study.title))
    question = tag("p", text(study.question), class_="question")
    words = [title, question] if study.question else [title]
    notice = [tag("p", text(wrong), class_="notice")] if (wrong := _what_is_wrong(run)) else []
    content = [
        tag("div", _picture(run, summary), _made(run), class_="pictured"),
        tag("div", *words, tag("p", badges(run), class_="state"), class_="asked"),
        *notice,
        tiles(summary.leading),
    ]
    return tag("li", *content, class_=f"study study-{run.status}")


def _picture(run: SiteRun, summary: Summary) -> Html:
    if not run.folder:
        return tag("p", text("No results"), class_="no-picture")
    if not summary.picture:
        return tag("p", text("No picture"), class_="no-picture")
    alt = read_info(run, "figures", summary.picture)["alt"]
    address = f"{run.files}/figures/{summary.picture}.png"
    return tag("img", src=address, alt=alt, class_="headline-figure")


def _made(run: SiteRun) -> Html:
    return (
        tag("p", text("made "), age(run.record.started), class_="made") if run.record else Html("")
    )


def _what_is_wrong(run: SiteRun) -> str:
    """Return in words why the results are not of today; empty when they are."""
    if run.failure:
        left = "The numbers are older." if run.folder else "There are no results."
        return f"The last attempt failed{_where(run.failure)}. {left}"
    if not run.folder:
        return "This run was not made yet."
    return f"Out of date. What differs: {', '.join(run.stale)}." if run.stale else ""


def _where(failure: Record) -> str:
    cell = failure.error.cell if failure.error else None
    return f" in code cell {cell}" if cell else ""


def _tally(summaries: Collection[Summary]) -> Html:
    """Return the card that counts reproduced, drifted and not comparable numbers."""
    counts = _verdicts(summaries)
    title = tag("h2", text("Reproduced against published"))
    if not counts.total():
        words = tag("p", text("No run has a published number to be held against."))
        return tag("li", title, words, class_="tally")
    present = [verdict for verdict in VERDICTS if counts[verdict]]
    bar = (
        tag("span", class_=f"part part-{_word(verdict)}", style=f"flex-grow:{counts[verdict]}")
        for verdict in present
    )
    told = (
        tag(
            "div",
            tag("dt", badge(verdict, verdict)),
            tag("dd", text(counts[verdict])),
            class_=None if counts[verdict] else "none",
        )
        for verdict in VERDICTS
    )
    reasons = _reasons(summaries)
    return tag(
        "li",
        title,
        tag("dl", *told, class_="counts"),
        tag("div", *bar, class_="shares", aria_hidden="true"),
        *([tag("p", text(reasons), class_="question")] if reasons else []),
        tag("p", link(f"#{_PLACE}", f"All {counts.total()} side by side")),
        class_="tally",
    )


def _reasons(summaries: Collection[Summary]) -> str:
    """Return why numbers are not comparable, and how many for each reason."""
    reasons = Counter(
        reason
        for summary in summaries
        for row in summary.published
        if (reason := why_not_comparable(row, summary))
    )
    said = ", ".join(f"{reason} ({count})" for reason, count in reasons.most_common())
    return f"Not comparable: {said}." if said else ""


def _verdicts(summaries: Iterator[Summary] | Collection[Summary]) -> Counter[str]:
    return sum((summary.verdicts for summary in summaries), Counter())


def _choices(counts: Counter[str]) -> Html:
    """Return what chooses among the rows, with how many there are; the style sheet does it."""

    def choice(verdict: str, count: int) -> Html:
        button = tag(
            "input",
            type="radio",
            name_="verdict",
            value=_word(verdict),
            checked="checked" if verdict == _ALL else None,
            disabled=None if count else "disabled",
        )
        shown = text(_ALL) if verdict == _ALL else badge(verdict, verdict)
        return tag("label", button, shown, tag("b", text(count)))

    each = [choice(_ALL, counts.total()), *(choice(each, counts[each]) for each in VERDICTS)]
    return tag("fieldset", tag("legend", text("Show")), *each, class_="verdicts")


def _group(run: SiteRun, book: Book, summary: Summary) -> Html:
    """Return the rows of one study, below a row with its name and its state."""
    name = link(f"{run.page}.html", book.study(run.study).title)
    width = str(len(PUBLISHED_HEAD))
    title = tag("th", tag("div", name, badges(run)), scope="rowgroup", colspan=width)
    rows = [
        tag("tr", *map(_cell, PUBLISHED_HEAD, cells), class_=f"is-{_word(row['status'])}")
        for row, cells in zip(summary.published, published_rows(summary), strict=True)
    ]
    if not rows:
        why = "There is no published number for this study." if run.folder else "No results."
        rows = [tag("tr", tag("td", tag("div", text(why)), colspan=width), class_="is-none")]
    return tag("tbody", tag("tr", title, class_="group"), *rows)


def _cell(title: str, content: Html) -> Html:
    return tag("td", tag("div", content), data_label=title)


def _word(verdict: str) -> str:
    return verdict.replace(" ", "-")

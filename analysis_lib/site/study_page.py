"""An executed notebook becomes the page of a run."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from analysis_lib.errors import SiteError, without_colours
from analysis_lib.runs.record import NOTEBOOK, Record
from analysis_lib.site.facts import Book, SiteRun
from analysis_lib.site.markup import admonition, block, dropdown, inline, join, lines, tag, text
from analysis_lib.site.methods import Methods, section
from analysis_lib.site.outputs import Outputs
from analysis_lib.site.privacy import Privacy
from analysis_lib.site.provenance import attempted, provenance
from analysis_lib.site.summary import (
    Summary,
    badges,
    moment,
    numbers,
    published_in_words,
    published_table,
)

_TITLE = re.compile(r"\A\s*# [^\n]*\n?")
_KERNEL = {"name": "python3", "display_name": "Python 3", "language": "python"}
_LANGUAGE = {"name": "python", "pygments_lexer": "ipython3"}
_OUR_TAGS = {"parameters", "injected-parameters"}
_LONGEST_TRACEBACK = 120
_NO_RESULTS = admonition(
    "No results", tag("p", text("This run was not made yet: make book makes it.")), kind="warning"
)
_BANNERS = {
    "simulated": (
        "Simulated data",
        "No experiment stands behind this page. Its data come from a simulator ({}): the figures "
        "and numbers show how the analysis works and say nothing about biology.",
        "warning simulated",
    ),
    "yours": ("Your data", "This page was made from your own file ({}).", "note"),
    "real": ("Real data", "This page was made from published measurements: {}.", "tip"),
}


def page_notebook(
    run: SiteRun, book: Book, summary: Summary, privacy: Privacy, methods: Methods | None
) -> str:
    """Return the notebook that Jupyter Book makes the page of a run from.

    The results of a run whose last attempt failed stand below its failure, under a warning.
    A run has methods when it has results.
    """
    opening = _opening(run, book, privacy)
    if run.folder and run.record and methods:
        introduction, cells = _split(_read(run).cells)
        parts = [opening, banner(run), introduction, _at_a_glance(summary), _set_up(cells)]
        shown = [
            new_markdown_cell("".join(parts)),
            *_study_cells(cells, run, privacy),
            new_markdown_cell(
                section(run, methods, privacy) + provenance(run, run.record, book, privacy, methods)
            ),
        ]
    else:
        rest = attempted(run.failure, book, privacy) if run.failure else _NO_RESULTS
        shown = [new_markdown_cell(opening + rest)]
    for number, cell in enumerate(shown):
        cell["id"] = f"cell-{number}"
    page = new_notebook(cells=shown, metadata={"kernelspec": _KERNEL, "language_info": _LANGUAGE})
    return str(nbformat.writes(page))


def _opening(run: SiteRun, book: Book, privacy: Privacy) -> str:
    study = book.study(run.study)
    lead = [tag("p", text(study.question), class_="question")] if study.question else []
    parts = [f"# {inline(book.title(run))}\n", block(join([*lead, badges(run)]))]
    if run.failure:
        parts.append(_failure(run.failure, privacy))
    if run.failure and run.record:
        parts.append(_older_results(run.record))
    elif run.stale:
        parts.append(_stale(run))
    return "".join(parts)


def _failure(failure: Record, privacy: Privacy) -> str:
    error = failure.error
    message = privacy.clean(without_colours(error.message)) if error else "No reason was recorded."
    where = f" in code cell {error.cell}" if error and error.cell else ""
    content = [
        tag("p", text(f"The attempt of {moment(failure.started)} ended{where}:")),
        tag("pre", lines(message), class_="error-message"),
    ]
    if error and error.traceback:
        trace = lines(_shortened(privacy.clean(without_colours(error.traceback))))
        summary = tag("summary", text("Traceback"))
        content.append(tag("details", summary, tag("pre", trace, class_="traceback"), open="open"))
    return admonition("This run failed", join(content), kind="danger")


def _older_results(record: Record) -> str:
    words = (
        f"Everything below is from the last good run of {moment(record.started)}. "
        "It does not show what the code, the data and the parameters of today give."
    )
    return admonition("Older results", tag("p", text(words)), kind="warning")


def _stale(run: SiteRun) -> str:
    changed = tag("ul", *(tag("li", text(what)) for what in run.stale))
    how = "make book makes" if run.listed else "The command under “Run it again” makes"
    return admonition(
        "Out of date",
        tag("p", text("These results do not belong to what is here now. What differs:")),
        changed,
        tag("p", text(f"{how} them anew.")),
        kind="warning",
    )


def banner(run: SiteRun) -> str:
    """Return what kind of data the page stands on; for simulated data, unmistakably."""
    if not (run.record and run.kind):
        return ""
    entries = run.record.data
    names = [entry["title"] for entry in entries]
    if run.kind == "yours":
        names = [file["name"] for entry in entries for file in entry["files"]]
    title, words, look = _BANNERS[run.kind]
    notes = [tag("p", text(entry["note"])) for entry in entries if entry.get("note")]
    return admonition(
        title, tag("p", text(words.format("; ".join(dict.fromkeys(names))))), *notes, kind=look
    )


def _at_a_glance(summary: Summary) -> str:
    sentences = tag("ul", *(tag("li", text(sentence)) for sentence in summary.glance))
    parts = ["\n\n## At a glance\n", block(join([numbers(summary), sentences]))]
    return "".join([*parts, _published(summary)])


def _published(summary: Summary) -> str:
    if not summary.published:
        return ""
    words = block(tag("p", text(published_in_words(summary))))
    drifted = any(row["status"] == "drifted" for row in summary.published)
    many = len(summary.published)
    title = f"All {many}, side by side" if many > 1 else "Side by side"
    return (
        "\n\n### Held against published numbers\n"
        + words
        + dropdown(title, published_table(summary), opened=drifted)
    )


def _split(cells: Sequence[Any]) -> tuple[str, list[Any]]:
    """Return a notebook's introduction, without its title, and its other cells.

    Of papermill's two cells, the defaults and below them the values given, the second is kept.
    """
    given = any("injected-parameters" in _tags(cell) for cell in cells)
    rest = [cell for cell in cells if not (given and "parameters" in _tags(cell))]
    if rest and rest[0].cell_type == "markdown":
        return "\n\n" + _TITLE.sub("", rest[0].source), rest[1:]
    return "", rest


def _set_up(cells: Sequence[Any]) -> str:
    """Return a heading for the code that comes before the first heading of a notebook."""
    begins = bool(cells) and cells[0].cell_type == "markdown" and cells[0].source.startswith("#")
    return "" if begins else "\n\n## Set-up\n"


def _study_cells(cells: Sequence[Any], run: SiteRun, privacy: Privacy) -> Iterator[Any]:
    """Yield the cells of the study's notebook: text as it is, code hidden, outputs published."""
    outputs = Outputs(run, privacy)
    for cell in cells:
        if cell.cell_type == "markdown":
            yield new_markdown_cell(cell.source)
        elif cell.cell_type == "code":
            yield new_code_cell(
                privacy.clean(cell.source),
                execution_count=cell.execution_count,
                metadata={"tags": sorted({*_tags(cell), "hide-input"} - _OUR_TAGS)},
                outputs=[outputs.shown(output, cell.execution_count) for output in cell.outputs],
            )


def _read(run: SiteRun) -> Any:
    if not run.folder:
        raise ValueError(f"{run.id} has no results")
    try:
        return nbformat.read(run.folder / NOTEBOOK, as_version=4)
    except (OSError, ValueError) as error:
        raise SiteError(
            f"The notebook of the run {run.id} cannot be read.",
            where=f"{run.id}/{NOTEBOOK}",
            got=f"{type(error).__name__}: {error}",
            remedy="Run it again.",
        ) from error


def _tags(cell: Mapping[str, Any]) -> list[str]:
    return list(cell["metadata"].get("tags", []))


def _shortened(trace: str) -> str:
    lines_of = trace.splitlines()
    left_out = len(lines_of) - _LONGEST_TRACEBACK
    if left_out <= 0:
        return trace
    return "\n".join([f"({left_out} lines before these are left out)", *lines_of[left_out:]])

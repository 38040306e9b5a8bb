"""The end of a run's page: what it was made from, how to make it again, how to cite it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from analysis_lib import files
from analysis_lib.runs.record import Record
from analysis_lib.site import bundle
from analysis_lib.site.bibliography import BIBTEX
from analysis_lib.site.facts import Book, ParameterRow, SiteRun
from analysis_lib.site.markup import (
    Html,
    block,
    code,
    dropdown,
    join,
    link,
    sheet,
    table,
    tag,
    text,
)
from analysis_lib.site.methods import Methods
from analysis_lib.site.privacy import Privacy
from analysis_lib.site.summary import KINDS, badge, duration, moment

_WORD = re.compile(r"[A-Za-z0-9_.,+/-]+")  # what no shell reads as anything but itself
_FILE = "params.json"
DOWNLOADS = {
    "notebook.ipynb": "the executed notebook",
    "params.json": "its parameters",
    "metrics.json": "its numbers",
    "record.json": "its record",
    bundle.NAME: "what it takes to run it elsewhere",
    BIBTEX: "everything it cites, as BibTeX",
}


def provenance(run: SiteRun, record: Record, book: Book, privacy: Privacy, methods: Methods) -> str:
    """Return the last sections of a run's page, as Markdown."""
    parameters = privacy.value(record.parameters)
    rows = {row.name: row for row in book.study(run.study).parameters}
    many, changed = len(parameters), len(record.changed)
    how = f"{changed} of {many} changed" if changed else f"all {many} at their defaults"
    again = privacy.value({name: record.parameters[name] for name in record.changed})
    return "".join(
        [
            "\n\n## Provenance\n",
            dropdown("This run", _run_table(record)),
            dropdown(f"Parameters ({how})", _parameter_table(parameters, record, rows)),
            dropdown("Data, with checksums", _data_table(record)),
            dropdown("Versions", _version_table(record)),
            "\n\n## Run it again\n",
            block(_commands(run, again, rows)),
            block(_elsewhere(run)),
            "\n\n## How to cite\n",
            block(_citations(run, book, methods)),
            "\n\n## Downloads\n",
            block(_downloads(run)),
        ]
    )


def attempted(failure: Record, book: Book, privacy: Privacy) -> str:
    """Return what a run without results was asked for, as Markdown."""
    parameters = privacy.value(failure.parameters)
    rows = {row.name: row for row in book.study(failure.study).parameters}
    return dropdown("Parameters of this attempt", _parameter_table(parameters, failure, rows))


def command(study: str, name: str, values: Mapping[str, Any]) -> str | None:
    """Return the `make run` line for some parameters; None when one cannot be a word of it.

    Examples
    --------
    >>> command("dge", "strict", {"p_threshold": 0.01, "models": ["svm", "forest"]})
    'make run STUDY=dge NAME=strict P="p_threshold=0.01 models=svm,forest"'
    """
    words = {name: _word(value) for name, value in values.items()}
    if not all(_WORD.fullmatch(word) for word in words.values()):
        return None
    line = f"make run STUDY={study} NAME={name}"
    given = " ".join(f"{name}={word}" for name, word in words.items())
    return f'{line} P="{given}"' if given else line


def command_to_try(study: str, parameters: Iterable[ParameterRow]) -> str:
    """Return the `make run` line for a run of one's own, with a parameter worth changing."""
    values = {row.name: row.example for row in parameters if row.example is not None}
    first = dict(list(values.items())[:1])
    return command(study, "my-run", first) or f"make run STUDY={study} NAME=my-run"


def _word(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return ",".join(_word(item) for item in value)
    return files.to_json(value)


def _commands(run: SiteRun, again: Mapping[str, Any], rows: Mapping[str, ParameterRow]) -> Html:
    same = command(run.study, run.name, again) or (
        f"make run STUDY={run.study} NAME={run.name} F={_FILE}"
    )
    same_words = [text("The same run:")]
    if same.endswith(_FILE):
        same_words = [text("The same run, with "), tag("code", text(_FILE)), text(" from below:")]
    other = command_to_try(run.study, rows.values())
    return join(
        [
            tag("p", *same_words),
            code(same),
            tag("p", text("Under a name of its own, with a parameter of your choice:")),
            code(other),
            tag("p", text("Then "), tag("code", text("make book")), text(" puts it on this site.")),
        ]
    )


def _run_table(record: Record) -> Html:
    facts = [
        ("Study and run", text(record.id)),
        ("Started", text(moment(record.started))),
        ("Took", text(duration(record.seconds))),
        ("Peak memory", text(f"{record.peak_memory_mb:,.0f} MB")),
        ("Commit", _commit(record)),
        ("Key", tag("code", text(record.key), class_="digest")),
    ]
    return sheet(facts, label="Facts of this run")


def _commit(record: Record) -> Html:
    if not record.git:
        return text("none")
    changes = text("with uncommitted changes" if record.git.get("dirty") else "")
    return join([tag("code", text(record.git["commit"]), class_="digest"), changes], " ")


def _parameter_table(
    parameters: Mapping[str, Any], record: Record, rows: Mapping[str, ParameterRow]
) -> Html:
    """Return the parameters, those that were changed first and with the default they replace."""

    def row(name: str) -> tuple[Html, ...]:
        known, value = rows.get(name), tag("code", text(files.to_json(parameters[name])))
        cells = [
            tag("code", text(name)),
            join([value, badge("changed", "changed")], " ") if name in record.changed else value,
            tag("code", text(known.default)) if known and name in record.changed else Html(""),
            text(known.description) if known else Html(""),
        ]
        return tuple(cells if record.changed else cells[:2] + cells[3:])

    head = ["Parameter", "Value", *(["Default"] if record.changed else []), "Meaning"]
    ordered = [*(n for n in rows if n in parameters), *(n for n in parameters if n not in rows)]
    ordered.sort(key=lambda name: name not in record.changed)
    return table(head, map(row, ordered), label="Parameters of this run")


def _data_table(record: Record) -> Html:
    rows = [
        (
            join([text(entry["title"]), badge(KINDS[entry["kind"]], entry["kind"])], " "),
            text(f"{entry['rows']:,}"),
            _origin(file),
            tag("code", text(file["sha256"]), class_="digest"),
        )
        for entry in record.data
        for file in entry["files"] or [{"name": "", "address": None, "sha256": ""}]
    ]
    notes = (tag("p", text(entry["note"])) for entry in record.data if entry.get("note"))
    head = ("Data set", "Rows", "File", "SHA-256")
    return join([table(head, rows, label="Data of this run"), *notes])


def _origin(file: Mapping[str, Any]) -> Html:
    if not file["name"]:
        return text("none: made by the simulator")
    return link(file["address"], file["name"]) if file["address"] else text(file["name"])


def _version_table(record: Record) -> Html:
    facts = ((name, text(version)) for name, version in record.versions.items())
    return sheet(facts, label="Versions of what this run used")


def _citations(run: SiteRun, book: Book, methods: Methods) -> Html:
    report = [tag("li", text("The report: "), text(book.citation))] if book.citation else []
    modelled = "data modelled on " if run.kind == "simulated" else ""
    data = [
        tag("li", text(f"{modelled}{title}: "), reference.html) for title, reference in methods.data
    ]
    return tag("ul", *report, *data)


def _elsewhere(run: SiteRun) -> Html:
    words = " has the code, the lock file, the parameters and small inputs, to run it elsewhere."
    return tag("p", _download(run, bundle.NAME), text(words))


def _downloads(run: SiteRun) -> Html:
    offered = DOWNLOADS.items()
    items = (tag("li", _download(run, name), text(f": {words}")) for name, words in offered)
    return tag("ul", *items)


def _download(run: SiteRun, name: str) -> Html:
    return tag("a", text(name), href=f"../../{run.files}/{name}", download=name)

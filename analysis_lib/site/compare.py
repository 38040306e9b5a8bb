"""The page that sets the runs of a study side by side, and the script that lets a reader choose.

Everything is worked out and written as text here, in one document: the page shows the first
runs from it, whole without any script, and `analysis-compare.js` any others in the same way.
"""

from __future__ import annotations

from pathlib import Path

from analysis_lib import files
from analysis_lib.figures import embed
from analysis_lib.figures.text import number, visible
from analysis_lib.runs import compare as comparing
from analysis_lib.runs.compare import VERDICTS
from analysis_lib.site import compare_parts as parts
from analysis_lib.site.compare_parts import NONE, WORDS, Document
from analysis_lib.site.facts import Book, SiteRun
from analysis_lib.site.markup import admonition, block, inline, tag, text
from analysis_lib.site.privacy import Privacy
from analysis_lib.site.publish import read_info
from analysis_lib.site.summary import KINDS, STATES, moment

TITLE = "Compare runs"
FOLDER = "files/compare"
SHOWN = 4
"""Runs that stand on the page without a script; it lets a reader choose among all."""

_VALUE, _REST = 4, 3  # digits of a value, and of what stands beside it
_WIDE = "---\nhtml_theme.sidebar_secondary.remove: true\n---\n"  # room for what is side by side


def compared(book: Book) -> list[str]:
    """Return the names of the studies that have two runs with results, or more."""
    return [study.name for study in book.studies if len(_with_results(study.name, book)) > 1]


def page_name(study: str) -> str:
    """Return the comparing page of a study, as a path within the site without its ending."""
    return f"compare/{study}"


def publish(book: Book, html: Path, privacy: Privacy) -> None:
    """Put the script with everything about the runs of each compared study into the site."""
    for study in compared(book):
        document = files.to_json(_document(study, book, privacy))
        target = html / FOLDER / f"{study}.js"
        files.write_text(target, embed.script("compare", study, "runs", document))


def page(study: str, book: Book, privacy: Privacy) -> str:
    """Return the comparing page of a study in Markdown, with its first runs side by side."""
    document = _document(study, book, privacy)
    picks = range(min(len(document["runs"]), SHOWN))
    shown = {
        "Runs": ("runs", parts.runs(document, picks)),
        "Parameters": ("parameters", parts.parameters(document, picks)),
        "Data and versions": ("made", parts.made(document, picks)),
        "Metrics": ("metrics", parts.metrics(document, picks)),
        "Chosen genes": ("genes", parts.genes(document, picks)),
        "Figures side by side": ("figures", parts.all_figures(document, picks)),
    }
    sections = "".join(
        f"\n\n## {title}\n{block(tag('div', content, data_part=name, class_=embed.NO_MATH))}"
        for title, (name, content) in shown.items()
    )
    lead = "Runs of one study, held against one of them: what each was made from, what came of it."
    place = tag(
        "div",
        tag("p", text(lead), class_="question"),
        class_=f"ar-compare {embed.NO_MATH}",
        data_compare=f"../{FOLDER}/{study}.js",
        data_genes="../genes.html",
    )
    title = f"# {TITLE}&#58; {inline(book.study(study).title)}\n"
    return f"{_WIDE}{title}{block(place)}{_simulated(study, book)}{sections}"


def _with_results(study: str, book: Book) -> list[SiteRun]:
    return [run for run in book.of_study(study) if run.folder and run.record]


def _simulated(study: str, book: Book) -> str:
    runs = _with_results(study, book)
    names = [run.name for run in runs if run.kind == "simulated"]
    if not names:
        return ""
    which = "all of these runs" if len(names) == len(runs) else ", ".join(names)
    words = (
        f"No experiment stands behind {which}: the data come from a simulator. What differs shows "
        "how the analysis works and says nothing about biology."
    )
    return admonition("Simulated data", tag("p", text(words)), kind="warning simulated")


# ---- the document: all that is said of every run and every two of them


def _document(study: str, book: Book, privacy: Privacy) -> Document:
    runs = _with_results(study, book)
    read = comparing.RunFacts.read
    facts = [read(run.folder, run.record) for run in runs if run.folder and run.record]
    found = comparing.compare(facts)
    about = {row.name: row.description for row in book.study(study).parameters}
    order = {name: at for at, name in enumerate(about)}
    parameters = sorted(found.parameters, key=lambda row: order.get(row.name, len(order)))
    made = [("data", row) for row in found.data] + [("versions", row) for row in found.versions]
    return {
        "runs": [_run(*each, privacy) for each in zip(runs, facts, strict=True)],
        "shown": SHOWN,
        "parameters": [
            {
                **_row(row, privacy),
                "about": visible(about.get(row.name, "")),
                "changed": list(row.changed),
            }
            for row in parameters
        ],
        "total": len({name for run in facts for name in run.record.parameters}),
        "made": [{**_row(row, privacy), "kind": kind} for kind, row in made],
        "metrics": [_metric(row) for row in found.metrics],
        "verdicts": list(VERDICTS),
        "genes": [_pair(pair) for pair in found.genes],
        "figures": _figure_names(found),
        "words": WORDS,
    }


def _run(run: SiteRun, facts: comparing.RunFacts, privacy: Privacy) -> Document:
    stamps = [[KINDS[run.kind], run.kind]] if run.kind else []
    return {
        "name": run.name,
        "page": f"../{run.page}.html",
        "stamps": [*stamps, [STATES[run.status], run.status]],
        "since": ", ".join(visible(privacy.clean(what)) for what in run.stale),
        "started": moment(facts.record.started),
        "genes": visible(privacy.clean(facts.genes.words)) if facts.genes else None,
        "figures": {name: _figure(run, name, privacy) for name in sorted(facts.figures)},
    }


def _figure(run: SiteRun, name: str, privacy: Privacy) -> Document:
    info = read_info(run, "figures", name)
    there = run.folder and (run.folder / "figures" / f"{name}.png").is_file()
    return {
        "still": f"../{run.files}/figures/{name}.png" if there else None,
        "alt": visible(privacy.clean(info["alt"])),
        "caption": visible(privacy.clean(info["caption"])),
        "title": parts.title(name),
        "height": int(info["height"]),
    }


def _figure_names(found: comparing.Comparison) -> list[str]:
    """Return the figures of any run: what stands for the study first."""
    names = {name for run in found.runs for name in run.figures}
    pictures = [run.picture for run in found.runs]
    return sorted(names, key=lambda name: (name not in pictures, name))


def _row(row: comparing.Row, privacy: Privacy) -> Document:
    groups = row.groups
    values = [row.told(privacy.value(value)) for value in row.values]
    seen: dict[str, list[int]] = {}
    for at, value in enumerate(values):
        others = seen.setdefault(value, [])
        if groups[at] not in others:
            others.append(groups[at])
        if place := others.index(groups[at]):  # two files of one name, in different folders
            values[at] = f"{value} ({place + 1})"
    name = visible(privacy.clean(row.name))
    return {"name": name, "values": [visible(value) for value in values], "groups": list(groups)}


def _metric(row: comparing.MetricRow) -> Document:
    runs = range(len(row.values))
    return {
        "label": visible(row.label),
        "headline": row.headline,
        "values": [_number(number) for number in row.values],
        "against": [
            [[_change(row, i, j), VERDICTS.index(row.verdict(i, j))] for j in runs[i + 1 :]]
            for i in runs
        ],
    }


def _number(value: comparing.Number | None) -> list[str] | None:
    """Return a value, its interval, and the value in full."""
    if value is None or value.value is None:
        return None
    words = visible(f"{_written(value.value, _VALUE)} {value.unit}".strip())
    full = repr(value.value)
    if not value.interval:
        return [words, "", full]
    low, high = (_written(end, _REST) for end in value.interval)
    kind = "" if value.span == comparing.SPAN else f"{value.span} "
    return [words, visible(f"[{kind}{low}, {high}]"), full]


def _change(row: comparing.MetricRow, reference: int, other: int) -> str:
    change = row.difference(reference, other)
    if not change:
        return ""
    return f"{'' if change < 0 else '+'}{_written(change, _REST)}"


def _written(value: float, digits: int) -> str:
    return number(value, digits).replace("-", "−")


def _pair(pair: comparing.GenePair) -> Document:
    told = [pair.told(side) for side in (0, 1)]
    return {
        "runs": list(pair.runs),
        "sizes": list(pair.sizes),
        "common": pair.common,
        "jaccard": NONE if pair.jaccard is None else f"{pair.jaccard:.2f}",
        "only": [[visible(name).strip() for name in names] for names, _ in told],
        "more": [more for _, more in told],
        "unknown": list(pair.unknown),
    }

"""The parts of the page that compares runs; `analysis-compare.js` writes the same."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from analysis_lib.figures.picture import WIDTH
from analysis_lib.runs import compare as comparing
from analysis_lib.runs.compare import VERDICTS
from analysis_lib.site.markup import Html, join, link, table, tag, text
from analysis_lib.site.summary import badge

WORDS = {  # told in the same way by the script
    "data": "Kind, rows and checksums of the data are the same.",
    "versions": "Versions and code are the same.",
    "note": (
        f"Brackets hold the {comparing.SPAN} of a value unless they say otherwise. "
        f"{comparing.EXPLANATION} {comparing.NO_INTERVAL}"
    ),
    "no genes": "No two runs of this study say which genes they single out.",
    "no words": "does not say which genes it singles out",
    "no figures": "These runs have no figure in common.",
    "no still": "There is no still picture of it.",
    "axes": "Each figure has axes of its own.",
    "interactive": "Interactive, with its data",
}

_UNEQUAL = [verdict for verdict in VERDICTS if verdict != "equal"]

NONE = "–"


Document = dict[str, Any]
"""All that is said of the runs, ready for the page and its script."""


def title(figure: str) -> str:
    """Return the name of a figure in words."""
    return figure.replace("_", " ")


def runs(document: Document, picks: Sequence[int]) -> Html:
    """Return what each run is: its page, data, state and moment."""
    rows = (
        (
            join([link(run["page"], run["name"]), text(", the reference" if not at else "")]),
            tag("span", *(badge(words, kind) for words, kind in run["stamps"]), class_="stamps"),
            text(run["started"]),
            text(f"Changed since: {run['since']}" if run["since"] else ""),
        )
        for at, run in enumerate(document["runs"])
    )
    runs = table(("Run", "Data and state", "Started", ""), rows, label="The runs of this study")
    more = len(document["runs"]) - len(picks)
    words = f"Without JavaScript the first {len(picks)} of them are compared here."
    return join([runs, tag("p", text(words))]) if more else runs


def parameters(document: Document, picks: Sequence[int]) -> Html:
    """Return the parameters that differ."""

    def value(row: Document, at: int) -> Html:
        marks = [badge("changed", "changed")] if row["changed"][at] else []
        return join([tag("code", text(row["values"][at])), *marks], " ")

    rows = _differing(document["parameters"], picks)
    cells = (
        (
            join([tag("code", text(row["name"])), tag("small", text(row["about"]))]),
            *(value(row, at) for at in picks),
        )
        for row in rows
    )
    told = _table("Parameter", cells, document, picks) if rows else Html("")
    same = document["total"] - len(rows)
    words = f"{same} of {document['total']} parameters are the same."
    return join([told, tag("p", text(words))])


def made(document: Document, picks: Sequence[int]) -> Html:
    """Return what differs in data, versions and code."""
    rows = _differing(document["made"], picks)
    cells = (
        (text(row["name"]), *(tag("code", text(row["values"][at])) for at in picks)) for row in rows
    )
    kinds = {row["kind"] for row in rows}
    same = " ".join(WORDS[kind] for kind in ("data", "versions") if kind not in kinds)
    said = tag("p", text(same)) if same else Html("")
    return join([_table("What", cells, document, picks) if rows else Html(""), said])


def metrics(document: Document, picks: Sequence[int]) -> Html:
    """Return the numbers with their differences from the first run."""

    def differs(metric: Document) -> bool:
        return any(_against(metric, picks[0], at)[1] != "equal" for at in picks[1:])

    metrics = document["metrics"]
    unequal = [metric for metric in metrics if differs(metric)]
    same = [metric for metric in metrics if not differs(metric)]
    parts = [tag("ul", *(tag("li", text(line)) for line in _counts(document, picks)))]
    if unequal:
        parts.append(_metric_table(unequal, document, picks))
    if same:
        title = tag("summary", text(f"{len(same)} metrics that are the same"))
        parts.append(tag("details", title, _metric_table(same, document, picks)))
    return join([*parts, tag("p", text(WORDS["note"]), class_="ar-compare-note")])


def _counts(document: Document, picks: Sequence[int]) -> Iterator[str]:
    """Yield how many metrics of every run differ from the reference, by verdict."""
    metrics, runs = document["metrics"], document["runs"]
    for at in picks[1:]:
        found = [_against(metric, picks[0], at)[1] for metric in metrics]
        counts = [(found.count(verdict), verdict) for verdict in _UNEQUAL]
        told = ", ".join(f"{count} {verdict}" for count, verdict in counts if count)
        differing = len(metrics) - found.count("equal")
        yield (
            f"{runs[at]['name']} against {runs[picks[0]]['name']}: {differing} of {len(metrics)} "
            f"metrics differ{f' ({told})' if told else ''}."
        )


def _metric_table(metrics: Sequence[Document], document: Document, picks: Sequence[int]) -> Html:
    cells = (
        (
            tag("b" if metric["headline"] else "span", text(metric["label"])),
            *(_metric_cell(metric, picks[0], at) for at in picks),
        )
        for metric in metrics
    )
    return _table("Metric", cells, document, picks)


def _metric_cell(metric: Document, reference: int, at: int) -> Html:
    value, interval, full = metric["values"][at] or [NONE, "", None]
    parts = [tag("span", text(value), class_="ar-compare-value", title=full)]
    if interval:
        parts.append(tag("small", text(interval)))
    if at != reference:
        change, verdict = _against(metric, reference, at)
        kind = f"ar-verdict ar-{verdict.replace(' ', '-')}"
        words = tag("span", text(verdict), class_=kind)
        parts.append(tag("span", text(f"{change} "), words, class_="ar-compare-change"))
    return join(parts, " ")


def _against(metric: Document, reference: int, at: int) -> tuple[str, str]:
    """Return by how much a run differs from the reference, which comes before it, and a verdict."""
    change, verdict = metric["against"][reference][at - reference - 1]
    return change, VERDICTS[verdict]


def genes(document: Document, picks: Sequence[int]) -> Html:
    """Return what the runs single out in common, for every two of them."""
    runs = document["runs"]
    if not document["genes"]:
        return tag("p", text(WORDS["no genes"]))
    meant = (
        tag(
            "li",
            tag("b", text(runs[at]["name"])),
            text(f": {runs[at]['genes'] or WORDS['no words']}"),
        )
        for at in picks
    )
    pairs = (pair for pair in document["genes"] if set(pair["runs"]) <= set(picks))
    return join([tag("ul", *meant), *(_gene_pair(pair, runs) for pair in pairs)])


def _gene_pair(pair: Document, runs: Sequence[Document]) -> Html:
    one, other = (runs[at]["name"] for at in pair["runs"])
    only = [size - pair["common"] for size in pair["sizes"]]
    title = (
        f"{one} chose {pair['sizes'][0]:,} genes and {other} {pair['sizes'][1]:,}: "
        f"{pair['common']:,} in common, Jaccard index {pair['jaccard']}."
    )
    widths = (only[0], pair["common"], only[1])
    bar = (tag("i", style=f"flex-grow:{width}") for width in widths)
    return tag(
        "div",
        tag("p", text(title)),
        tag("div", *bar, class_="ar-overlap", aria_hidden="true"),
        *(_only(pair, side, one, other) for side in (0, 1)),
        class_="ar-compare-pair",
    )


def _only(pair: Document, side: int, one: str, other: str) -> Html:
    here, there = (one, other) if side == 0 else (other, one)
    count = pair["sizes"][side] - pair["common"]
    names = [tag("span", text(name), class_="ar-gene") for name in pair["only"][side]]
    more = f" and {pair['more'][side]:,} more" if pair["more"][side] else ""
    unknown = pair["unknown"][side]
    strange = f" ({unknown:,} of them {there} does not know)" if unknown else ""
    shown = join(names, ", ") if names else text("none")
    return tag("p", text(f"Only in {here}, {count:,}: "), shown, text(f"{more}{strange}."))


def all_figures(document: Document, picks: Sequence[int]) -> Html:
    """Return the same figure of each run, one figure after the other."""
    names = [name for name in document["figures"] if _have(document, picks, name)]
    if not names:
        return tag("p", text(WORDS["no figures"]))
    first, *rest = ((name, _figures(document, picks, name)) for name in names)
    others = (tag("details", tag("summary", text(title(n))), shown) for n, shown in rest)
    return join([tag("p", text(WORDS["axes"])), first[1], *others])


def _have(document: Document, picks: Sequence[int], name: str) -> bool:
    return all(name in document["runs"][at]["figures"] for at in picks)


def _figures(document: Document, picks: Sequence[int], name: str) -> Html:
    return tag(
        "div",
        *(_side(document["runs"][at], name) for at in picks),
        class_="ar-sides",
    )


def _side(run: Document, name: str) -> Html:
    figure = run["figures"][name]
    still = tag("p", text(WORDS["no still"]))
    if figure["still"]:
        size = {"width": str(WIDTH), "height": str(figure["height"])}
        still = tag("img", src=figure["still"], alt=figure["alt"], loading="lazy", **size)
    address = f"{run['page']}#figure-{name}"
    words = tag("a", text(WORDS["interactive"]), href=address)
    caption = tag("figcaption", tag("b", text(run["name"])), text(f" {figure['caption']} "), words)
    return tag("figure", caption, still)


def _differing(rows: Sequence[Document], picks: Sequence[int]) -> list[Document]:
    return [row for row in rows if len({row["groups"][at] for at in picks}) > 1]


def _table(
    first: str, rows: Iterable[Sequence[Html]], document: Document, picks: Sequence[int]
) -> Html:
    names = [document["runs"][at]["name"] for at in picks]
    head = (first, f"{names[0]} (reference)", *names[1:])
    return table(head, rows, label=f"{first}: {' beside '.join(names)}")

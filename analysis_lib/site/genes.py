"""The gene index: one page that finds a gene by name and says what every run knows of it.

The names of all genes stand in one script, what the runs know of them in shards beside it, each
small enough to be loaded when somebody asks for one of its genes. The same gene of several runs
is joined by its name, whatever the case of its letters.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

from analysis_lib import files, results
from analysis_lib.errors import SiteError
from analysis_lib.figures import embed
from analysis_lib.figures.lookup import FOLDER as LOOKUP
from analysis_lib.figures.lookup import INDEX, Index, lookup_script, script_content
from analysis_lib.figures.text import visible
from analysis_lib.results import GeneFacts
from analysis_lib.site import lookup
from analysis_lib.site.facts import Book, SiteRun
from analysis_lib.site.markup import Html, block, join, link, table, tag, text
from analysis_lib.site.summary import KINDS, STATES, badges

PAGE = "genes"
"""The page of the index, as a path within the site without its ending."""

FOLDER = f"files/{PAGE}"
"""The folder of its scripts within the site."""

SHOWN = "indexes/genes"
"""What the page shows, for the site's check."""

SHARD_BYTES = 48_000
"""A shard is closed when the next gene would make it larger."""

CHOSEN, LOOKED_UP = 1, 2
"""What the marks of a fact say: the run singles the gene out, its lookup page has it."""

_APART = "\n"  # of the names: `visible` leaves no line end in them
_EXAMPLES = 6
_LONGEST_EXAMPLE = 24


@dataclass(frozen=True)
class _Source:
    """A run that tells of its genes: what it says, and which of them its lookup page has."""

    run: SiteRun
    facts: GeneFacts
    looked_up: frozenset[str] = frozenset()
    examples: tuple[str, ...] = ()


@dataclass
class _Gene:
    """A gene of the index: its name, how else it is written, and what the runs know of it.

    A fact is a list: the number of the run, marks, the role, a number for each of the run's
    labels, and the name that the run has for the gene where that is another one.
    """

    name: str
    spellings: dict[str, None] = field(default_factory=dict)
    also: dict[str, None] = field(default_factory=dict)
    facts: list[list[Any]] = field(default_factory=list)


def kept(run: SiteRun) -> bool:
    """Return whether a run left what it knows of every gene."""
    return run.folder is not None and (run.folder / f"{results.GENES}.json").is_file()


def shown(book: Book) -> tuple[str, ...]:
    """Return what the page of the index must show."""
    return (SHOWN,) if any(kept(run) for run in _runs(book)) else ()


def address(gene: str, base: str = "") -> str:
    """Return the address of a gene in the index, from a page that reaches the site by `base`.

    Examples
    --------
    >>> address("HLA-DRB1 <b>", "../../")
    '../../genes.html#gene=HLA-DRB1%20%3Cb%3E'
    """
    return f"{base}{PAGE}.html#{lookup.PLACE}{quote(_shown(gene), safe='')}"


def index_part(book: Book) -> str:
    """Return what the hand-written page has in it: the search, and which runs know which genes."""
    sources = _sources(book)
    if not sources:
        return block(tag("p", text("No run of this report has told of its genes yet.")))
    genes = _merged(sources)
    waiting = "The search comes here; it needs JavaScript. The pages of the runs do without."
    place = tag(
        "div",
        tag("p", text(f"{_counted(genes, sources)} {waiting}"), class_="ar-gene-status"),
        tag("p", text("For example: "), *_example_links(genes, sources), class_="ar-tools"),
        class_=f"ar-genes ar-gene-index {embed.NO_MATH}",
        data_gene_index=FOLDER,
    )
    return f"{block(place)}\n\n## Which runs know which genes\n{block(_known(book, sources))}"


def publish(book: Book, html: Path) -> None:
    """Put the index and its shards, as scripts, into the built site."""
    sources = _sources(book)
    if not sources:
        return
    genes = _merged(sources)
    starts = [0]
    for number, shard in enumerate(_shards(genes)):
        content = {"genes": [gene.name for gene in shard], "facts": [gene.facts for gene in shard]}
        _write(html, _shard_name(number), content)
        starts.append(starts[-1] + len(shard))
    index = {
        "runs": [_run_facts(source, book) for source in sources],
        "genes": _APART.join(gene.name for gene in genes),
        "also": _APART.join("; ".join(gene.also) for gene in genes),
        "spellings": {str(at): list(g.spellings) for at, g in enumerate(genes) if g.spellings},
        "starts": starts,
        "examples": _examples(genes, sources),
    }
    _write(html, INDEX, index)


def published(html: Path, folder: str) -> tuple[list[str], list[str]]:
    """Return the names by which a built index finds its genes in `folder`, and its faults."""
    try:
        index = _content(html / folder, INDEX)
        names = index["genes"].split(_APART)
        others = [name for group in index["spellings"].values() for name in group]
        known = dict.fromkeys([*names, *others, *filter(None, index["also"].split(_APART))])
        faults = [*_index_faults(index, html), *_shard_faults(index, names, html / folder)]
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        return [], [f"has no index of genes: {lookup.told(error)}"]
    return list(known), faults


# ---- what the runs say, put together


def _runs(book: Book) -> Iterator[SiteRun]:
    for study in book.studies:
        yield from book.of_study(study.name)


def _sources(book: Book) -> list[_Source]:
    return [_read(run, run.folder) for run in _runs(book) if run.folder and kept(run)]


def _read(run: SiteRun, folder: Path) -> _Source:
    try:
        facts = results.load_genes(folder)
        if not facts:
            raise FileNotFoundError("it is not there")
        if not lookup.kept(run):
            return _Source(run, facts)
        index = Index.of(results.load_json(folder / LOOKUP, INDEX))
    except (OSError, ValueError) as error:
        raise SiteError(
            f"What the run {run.id} knows of its genes cannot be shown.",
            where=f"{run.id}/{results.GENES}.json",
            got=lookup.told(error),
            remedy=f"Run it again: make run STUDY={run.study} NAME={run.name}",
        ) from error
    return _Source(run, facts, frozenset(index.genes), tuple(index.examples))


def _merged(sources: Sequence[_Source]) -> list[_Gene]:
    """Return every gene of every run once, in the order of the names."""
    genes: dict[str, _Gene] = {}
    for number, source in enumerate(sources):
        for name, also, fact in _run_genes(number, source):
            folded = name.casefold()
            gene = genes.get(folded) or genes.setdefault(folded, _Gene(name))
            if also and also.casefold() != folded:
                gene.also[also] = None
            if name != gene.name:
                gene.spellings[name] = None
                fact.append(name)
            gene.facts.append(fact)
    return [genes[folded] for folded in sorted(genes)]


def _run_genes(number: int, source: _Source) -> Iterator[tuple[str, str, list[Any]]]:
    """Yield the name, the other names and the fact of every gene of a run."""
    facts = source.facts
    chosen = set(facts.chosen)
    rows: Iterable[Sequence[Any]] = zip(*facts.numbers, strict=True)
    if not facts.labels:
        rows = [()] * len(facts.gene)
    columns = zip(facts.gene, facts.also, facts.role, rows, strict=True)
    for at, (gene, also, role, numbers) in enumerate(columns):
        name = _shown(gene)
        marks = CHOSEN * (at in chosen) + LOOKED_UP * (name in source.looked_up)
        yield name, _shown(also), [number, marks, visible(role), *numbers]


def _shards(genes: Iterable[_Gene]) -> Iterator[list[_Gene]]:
    shard: list[_Gene] = []
    size = 0
    for gene in genes:
        written = files.to_json([gene.name, gene.facts])
        bytes_of_it = len(written.encode()) + 5 * written.count("<")  # which a script writes \u003c
        if shard and size + bytes_of_it > SHARD_BYTES:
            yield shard
            shard, size = [], 0
        shard.append(gene)
        size += bytes_of_it
    yield shard


def _run_facts(source: _Source, book: Book) -> Mapping[str, Any]:
    run, facts = source.run, source.facts
    kind = [(KINDS[run.kind], run.kind)] if run.kind else []
    return {
        "study": visible(book.study(run.study).title),
        "name": visible(run.name),
        "page": f"{run.page}.html",
        "lookup": f"{lookup.page_name(run)}.html" if source.looked_up else "",
        "stamps": [*kind, (STATES[run.status], run.status)],
        "words": visible(facts.words),
        "labels": [visible(label) for label in facts.labels],
        "kinds": ["number" if _fractional(column) else "integer" for column in facts.numbers],
    }


def _examples(genes: Sequence[_Gene], sources: Sequence[_Source]) -> list[str]:
    """Return what the lookups begin with; then what many runs single out, one for each run."""
    known = {name for gene in genes for name in (gene.name, *gene.spellings)}
    given = (gene for source in sources for gene in source.examples if gene in known)
    found = dict.fromkeys(itertools.islice(given, _EXAMPLES // 2))
    short = [gene for gene in genes if len(gene.name) <= _LONGEST_EXAMPLE]
    by = [{fact[0] for fact in gene.facts if fact[1] & CHOSEN} for gene in short]
    for number in range(len(sources)):
        ours = (i for i, runs in enumerate(by) if number in runs and short[i].name not in found)
        best = max(ours, key=lambda i: (len(by[i]), len(short[i].facts)), default=None)
        if best is not None and len(found) < _EXAMPLES:
            found[short[best].name] = None
    return list(found)


# ---- on the page


def _counted(genes: Sequence[_Gene], sources: Sequence[_Source]) -> str:
    runs = "1 run" if len(sources) == 1 else f"{len(sources)} runs"
    return f"{len(genes):,} genes and probes of {runs} can be found here."


def _example_links(genes: Sequence[_Gene], sources: Sequence[_Source]) -> list[Html]:
    return [link(address(gene), gene) for gene in _examples(genes, sources)]


def _known(book: Book, sources: Sequence[_Source]) -> Html:
    def row(source: _Source) -> tuple[Html, ...]:
        run, facts = source.run, source.facts
        its_lookup = link(f"{lookup.page_name(run)}.html", "lookup")
        return (
            join([text(book.study(run.study).title), link(f"{run.page}.html", run.name)], " "),
            badges(run),
            join([text(f"{len(facts.gene):,}"), *([its_lookup] if source.looked_up else [])], " "),
            text(f"{len(facts.chosen):,}"),
            text(facts.words),
        )

    head = ("Study and run", "Data and state", "Genes", "Singled out", "Which means")
    return table(head, map(row, sources), label="Which runs know which genes")


# ---- scripts


def _write(html: Path, name: str, content: Mapping[str, Any]) -> None:
    script = lookup_script(PAGE, name, files.to_json(content))
    files.write_text(html / FOLDER / f"{name}.js", script)


def _content(folder: Path, name: str) -> Any:
    return script_content((folder / f"{name}.js").read_text(encoding="utf-8"))


def _index_faults(index: Mapping[str, Any], html: Path) -> Iterator[str]:
    for run in index["runs"]:
        for page in filter(None, (run["page"], run["lookup"])):
            if not (html / page).is_file():
                yield f"has genes of a run whose page is not there: {page}"
    if len(index["also"].split(_APART)) != len(index["genes"].split(_APART)):
        yield "has not as many other names as genes"


def _shard_faults(index: Mapping[str, Any], names: Sequence[str], folder: Path) -> Iterator[str]:
    widths = [len(run["labels"]) + 3 for run in index["runs"]]
    starts = index["starts"]
    if starts[-1] != len(names):
        yield "has not as many genes in its shards as it names"
    for number, (start, end) in enumerate(itertools.pairwise(starts)):
        name = _shard_name(number)
        try:
            shard = _content(folder, name)
            if shard["genes"] != names[start:end] or len(shard["facts"]) != end - start:
                raise ValueError("it is about other genes than the index says")
            facts = [fact for gene in shard["facts"] for fact in gene]
            if any(len(fact) - widths[fact[0]] not in (0, 1) for fact in facts):
                raise ValueError("a fact is not complete")
        except (OSError, ValueError, LookupError, TypeError) as error:
            yield f"has no facts of {end - start} genes, {name}.js: {lookup.told(error)}"
    there = {path.stem for path in folder.iterdir()}
    for strange in sorted(there - {INDEX, *map(_shard_name, range(len(starts) - 1))}):
        yield f"has a file that its index does not know: {strange}"


def _shard_name(number: int) -> str:
    return f"shard_{number:03}"


def _shown(name: str) -> str:
    # As the lookup of a run has it: without blanks at the ends, which the page leaves out too.
    return visible(name).strip()


def _fractional(column: Iterable[float | int | None]) -> bool:
    return any(isinstance(value, float) for value in column)

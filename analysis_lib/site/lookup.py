"""The gene lookup of a run: a page of its own, its scripts, and the card that leads to it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

from analysis_lib import files
from analysis_lib.errors import SiteError
from analysis_lib.figures import embed, lookup
from analysis_lib.figures.lookup import FOLDER, INDEX, Index
from analysis_lib.site.facts import Book, SiteRun
from analysis_lib.site.markup import block, inline, join, link, tag, text
from analysis_lib.site.summary import badges

TITLE = "Gene lookup"
PLACE = "gene="
"""How the part of an address begins that names a gene on the lookup page."""


def kept(run: SiteRun) -> bool:
    """Return whether a run kept its genes for a lookup."""
    return run.folder is not None and (run.folder / FOLDER / f"{INDEX}.json").is_file()


def page_name(run: SiteRun) -> str:
    """Return the lookup page of a run, as a path within the site without its ending."""
    return f"genes/{run.id}"


def card(run: SiteRun) -> str:
    """Return what stands on the run's page: a field to type a gene into, and examples to follow."""
    index = _read_index(run)
    page = f"../../{page_name(run)}.html"
    field = tag(
        "input",
        type="search",
        aria_label="Gene symbol or id",
        placeholder="Gene symbol or id",
        autocomplete="off",
        spellcheck="false",
    )
    form = tag("form", field, tag("button", text("Look up"), type="submit"), class_="ar-tools")
    examples = [link(f"{page}#{PLACE}{quote(gene, safe='')}", gene) for gene in index.examples]
    title = tag("a", text(f"{TITLE}."), class_="ar-title", href=page)
    words = tag("span", title, text(f" {index.caption}"), class_="ar-caption")
    genes = join([link(page, f"All {len(index.genes):,} genes"), *examples])
    return tag(
        "figure",
        tag("figcaption", words),
        form,
        tag("p", genes, class_="ar-tools"),
        class_=f"ar-lookup {embed.NO_MATH}",
        id="lookup-card",
        data_page=page,
    )


def page(run: SiteRun, book: Book, banner: str) -> str:
    """Return the lookup page of a run in Markdown; `banner` says what data it stands on."""
    index = _read_index(run)
    back = link(f"../../{run.page}.html", "All figures and tables of this run")
    lead = join([tag("p", text(index.caption)), tag("p", back), badges(run)])
    waiting = f"A list of {len(index.genes):,} genes comes here; it needs JavaScript."
    place = tag(
        "div",
        tag("p", text(waiting), class_="ar-gene-status"),
        class_=f"ar-genes {embed.NO_MATH}",
        data_lookup=f"../../{run.files}/{FOLDER}",
    )
    title = f"# {TITLE}&#58; {inline(book.title(run))}\n"
    return f"{title}{block(lead)}{banner}{block(place)}"


def publish_lookup(run: SiteRun, target: Path) -> None:
    """Put the index and the shards of a run, as scripts, among its published files in `target`."""
    index = _read_index(run)
    _publish(run, target, INDEX, _read(run, INDEX))
    for name, genes in index.shards():
        shard = _read(run, name)
        try:
            index.check(json.loads(shard), genes)
            _publish(run, target, name, shard)
        except ValueError as error:
            raise _damaged(run, name, error) from error


def published(html: Path, folder: str) -> tuple[list[str], list[str]]:
    """Return the genes that a built lookup page finds in `folder` of the site, and its faults."""
    try:
        index = Index.of(_content(html / folder / f"{INDEX}.js"))
    except (OSError, ValueError) as error:
        return [], [f"has no index of genes: {told(error)}"]
    return index.genes, [*_shard_faults(index, html / folder)]


def _shard_faults(index: Index, folder: Path) -> Iterator[str]:
    shards = index.shards()
    for name, genes in shards:
        try:
            index.check(_content(folder / f"{name}.js"), genes)
        except (OSError, ValueError) as error:
            yield f"has no numbers of {len(genes)} genes, {name}.js: {told(error)}"
    there = {path.stem for path in folder.iterdir()}
    for strange in sorted(there - {INDEX, *(name for name, _ in shards)}):
        yield f"has a file that its index does not know: {strange}"


def _content(path: Path) -> Any:
    return lookup.script_content(path.read_text(encoding="utf-8"))


def _publish(run: SiteRun, target: Path, name: str, content: str) -> None:
    files.write_text(target / FOLDER / f"{name}.js", lookup.lookup_script(run.id, name, content))


def _read_index(run: SiteRun) -> Index:
    content = _read(run, INDEX)
    try:
        return Index.of(json.loads(content))
    except ValueError as error:
        raise _damaged(run, INDEX, error) from error


def _read(run: SiteRun, name: str) -> str:
    try:
        if not run.folder:
            raise FileNotFoundError("no results")
        return (run.folder / FOLDER / f"{name}.json").read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise _damaged(run, name, error) from error


def _damaged(run: SiteRun, name: str, error: Exception) -> SiteError:
    return SiteError(
        f"The gene lookup of the run {run.id} cannot be shown.",
        where=f"{run.id}/{FOLDER}/{name}.json",
        got=told(error),
        remedy=f"Run it again: make run STUDY={run.study} NAME={run.name}",
    )


def told(error: Exception) -> str:
    """Return an error in a line for the user."""
    # An OSError names the whole path, which is this machine's own business.
    reason = error.strerror if isinstance(error, OSError) else None
    return f"{type(error).__name__}: {reason or error}"

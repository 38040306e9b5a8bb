"""The built site, checked before it is published: what a reader would trip over is an error."""

from __future__ import annotations

import posixpath
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

from analysis_lib.errors import SiteError
from analysis_lib.site import crate, genes, lookup
from analysis_lib.site.privacy import Privacy
from analysis_lib.site.publish import PLOTLY

HEAVIEST = 400_000
"""Bytes a page's own HTML may have."""

_SHOWN = 4
_LOADED = {
    "script": ("src",),
    "img": ("src", "srcset"),
    "iframe": ("src",),
    "source": ("src", "srcset"),
    "video": ("src", "poster"),
    "audio": ("src",),
    "embed": ("src",),
    "object": ("data",),
    "input": ("src",),
    "form": ("action",),
    "base": ("href",),
    "link": ("href",),
    "use": ("href", "xlink:href"),
    "image": ("href", "xlink:href"),
}
_REFERENCES = ("for", "aria-labelledby", "aria-describedby", "aria-controls")
_STYLE_ADDRESS = re.compile(r"""(?:@import\s*|url\(\s*)["']?\s*((?:https?:)?//[^"')\s]+)""")
_RESULT = re.compile(r"(figure|table|lookup)-(\w+)")
_NOT_PAGES = ("_static", "files")
_SPHINX_PAGES = ("search", "genindex")
_PUBLISHED_TEXT = {".html", ".js", ".json", ".csv", ".ipynb", ".css", ".svg", ".txt"}


@dataclass
class Page:
    """What one page contains, as far as the checks care."""

    name: str
    headings: int = 0
    ids: Counter[str] = field(default_factory=Counter)
    links: list[str] = field(default_factory=list)
    loads: list[str] = field(default_factory=list)
    references: list[str] = field(default_factory=list)
    results: Counter[str] = field(default_factory=Counter)
    acting: list[str] = field(default_factory=list)
    lookups: list[str] = field(default_factory=list)
    indexes: list[str] = field(default_factory=list)


def check_site(html: Path, expected: Mapping[str, Sequence[str]], project: Path) -> None:
    """Raise a `SiteError` that names the first faults of a built site.

    Parameters
    ----------
    html : Path
        The folder of the built site.
    expected : mapping of page to names
        Every page there must be, and the figures, tables and lookups it must show.
    project : Path
        The project, whose folder must not be named in what is published.
    """
    faults = list(find_faults(html, expected, Privacy(project)))
    if faults:
        more = f" (and {len(faults) - _SHOWN} more)" if len(faults) > _SHOWN else ""
        raise SiteError(
            "The new site did not pass its checks; the one that was there is untouched.",
            got="; ".join(faults[:_SHOWN]) + more,
            remedy="This is a fault of the report, not of your data, unless a name above is yours.",
        )


def find_faults(
    html: Path, expected: Mapping[str, Sequence[str]], privacy: Privacy
) -> Iterator[str]:
    """Yield every fault of a built site in words."""
    missing = [name for name in expected if not (html / f"{name}.html").is_file()]
    yield from (f"the page {name} is missing" for name in missing)
    pages = {name: read_page(html, name) for name in _pages(html)}
    yield from _unlisted(pages, expected)
    for page in pages.values():
        yield from _lookup_faults(page, html)
    for name, page in pages.items():
        own = expected.get(name)
        if own is not None:
            yield from _shows(page, own)
        yield from _page_faults(page, html)
        yield from _broken_links(page, pages, html)
    yield from crate.faults(html)
    yield from _leaks(html, privacy)
    yield from _styles(html)


def read_page(html: Path, name: str) -> Page:
    """Read one page of a site."""
    reader = _Reader(Page(name))
    reader.feed((html / f"{name}.html").read_text(encoding="utf-8"))
    reader.close()
    return reader.page


class _Reader(HTMLParser):
    def __init__(self, page: Page) -> None:
        super().__init__(convert_charrefs=True)
        self.page = page
        self.in_article = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        page = self.page
        self.in_article |= tag == "article"
        page.headings += tag == "h1" and self.in_article
        page.loads += [given[name] for name in _LOADED.get(tag, ()) if name in given]
        page.references += [r for name in _REFERENCES for r in given.get(name, "").split()]
        if "id" in given:
            page.ids[given["id"]] += 1
        if tag == "a" and "href" in given:
            page.links.append(given["href"])
        if tag == "figure" and (result := _RESULT.fullmatch(given.get("id", ""))):
            page.results[f"{result[1]}s/{result[2]}"] += 1
        if "data-lookup" in given:
            page.results["lookups/genes"] += 1
            page.lookups.append(given["data-lookup"])
        if "data-gene-index" in given:
            page.results[genes.SHOWN] += 1
            page.indexes.append(given["data-gene-index"])
        if "style" in given:
            page.loads += _STYLE_ADDRESS.findall(given["style"])
        page.acting += [f"{tag} {name}" for name in given if name.startswith("on")]
        if _scheme(given.get("href", "")) == "javascript" or (tag == "script" and self.in_article):
            page.acting.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag == "article":
            self.in_article = False


def _pages(html: Path) -> list[str]:
    found = (path.relative_to(html) for path in html.rglob("*.html"))
    return sorted(p.with_suffix("").as_posix() for p in found if p.parts[0] not in _NOT_PAGES)


def _unlisted(pages: Mapping[str, Page], expected: Iterable[str]) -> Iterator[str]:
    if "index" not in pages:
        return
    listed = {_target("index", link)[0] for link in pages["index"].links} | {"index.html"}
    yield from (
        f"the page {name} is not in the table of contents"
        for name in expected
        if f"{name}.html" not in listed and name in pages
    )


def _shows(page: Page, expected: Sequence[str]) -> Iterator[str]:
    wanted = Counter(expected)
    for name in sorted(wanted | page.results):
        there, due = page.results[name], wanted[name]
        if there != due:
            yield f"{page.name} shows {name} {there} times instead of {due}"


def _lookup_faults(page: Page, html: Path) -> Iterator[str]:
    found = [lookup.published(html, _target(page.name, address)[0]) for address in page.lookups]
    found += [genes.published(html, _target(page.name, address)[0]) for address in page.indexes]
    for names, faults in found:
        page.ids.update(f"{lookup.PLACE}{gene}" for gene in names)  # each is a place to link to
        yield from (f"{page.name} {fault}" for fault in faults)


def _page_faults(page: Page, html: Path) -> Iterator[str]:
    size = (html / f"{page.name}.html").stat().st_size
    if size > HEAVIEST:
        yield f"{page.name}.html has {size:,} bytes, more than {HEAVIEST:,}"
    if page.headings != 1 and page.name not in _SPHINX_PAGES:
        yield f"{page.name} has {page.headings} titles instead of one"
    yield from (f"{page.name} holds something that acts: {what}" for what in page.acting)
    twice = [name for name, count in page.ids.items() if count > 1]
    yield from (f"{page.name} uses the id {name!r} twice" for name in twice)
    unknown = sorted(set(page.references) - set(page.ids))
    yield from (f"{page.name} refers to the id {name!r}, which is not there" for name in unknown)
    for address in page.loads:
        if _elsewhere(address):
            yield f"{page.name} loads from another host: {address}"
        elif not _exists(html, page.name, address):
            yield f"{page.name} loads a file that is not there: {address}"


def _broken_links(page: Page, pages: Mapping[str, Page], html: Path) -> Iterator[str]:
    for link in dict.fromkeys(page.links):
        if _scheme(link) or _elsewhere(link):
            continue
        path, anchor = _target(page.name, link)
        other = pages.get(path.removesuffix(".html"))
        if not (html / path).is_file():
            yield f"{page.name} links to a page or file that is not there: {link}"
        elif anchor and other and anchor not in other.ids:
            yield f"{page.name} links to a place that is not there: {link}"


def _leaks(html: Path, privacy: Privacy) -> Iterator[str]:
    for path in sorted(html.rglob("*")):
        name = path.relative_to(html)
        if not path.is_file() or path.suffix not in _PUBLISHED_TEXT or _foreign(name):
            continue
        if folder := privacy.leak(path.read_text(encoding="utf-8")):
            yield f"{name.as_posix()} names a folder of this machine: {folder}"


def _styles(html: Path) -> Iterator[str]:
    for path in sorted(html.rglob("*.css")):
        for address in _STYLE_ADDRESS.findall(path.read_text(encoding="utf-8")):
            yield f"{path.relative_to(html).as_posix()} loads from another host: {address}"


def _foreign(name: Path) -> bool:
    """Return whether a file came with a package: none of those knows this machine."""
    return name.parts[0] == "_static" or name.as_posix() == PLOTLY


def _scheme(address: str) -> str:
    return urlsplit(address.strip()).scheme.lower()


def _elsewhere(address: str) -> bool:
    return _scheme(address) not in ("", "data") or address.strip().startswith("//")


def _exists(html: Path, page: str, address: str) -> bool:
    return _scheme(address) == "data" or not address or (html / _target(page, address)[0]).is_file()


def _target(page: str, link: str) -> tuple[str, str]:
    """Return the file within the site, and the anchor, that a link on a page leads to."""
    parts = urlsplit(link)
    path = posixpath.normpath(posixpath.join(posixpath.dirname(page), unquote(parts.path)))
    return (path if parts.path else f"{page}.html"), unquote(parts.fragment)

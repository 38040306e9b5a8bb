"""Text from data into pages: nothing in it acts, neither as HTML nor as Markdown.

A page is Markdown. What comes from data or from a run goes in as HTML blocks of one line, in
which Markdown sees nothing; `Html` is a type of its own, so that a type checker finds text
that was not escaped. Only titles are Markdown proper, and go through `inline`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import NewType
from urllib.parse import urlsplit

from analysis_lib.figures import text as _text

Html = NewType("Html", str)

_PUNCTUATION = re.compile(r"[!-/:-@\[-`{-~]")
_VOID = {"br", "img", "hr"}


def text(value: object) -> Html:
    """Return text for HTML, escaped.

    Examples
    --------
    >>> text("<b>")
    '&lt;b&gt;'
    """
    return Html(_text.html(value))


def lines(value: str) -> Html:
    r"""Return text of several lines for a `<pre>`, as one line of HTML.

    Examples
    --------
    >>> lines("a <b>\nc")
    'a &lt;b&gt;&#10;c'
    """
    return Html("&#10;".join(_text.html(line) for line in value.splitlines()))


def inline(value: object) -> str:
    """Return text for a line of Markdown, in which no character has a meaning.

    Examples
    --------
    >>> inline("*a* {raw}`<b>`")
    '&#42;a&#42; &#123;raw&#125;&#96;&#60;b&#62;&#96;'
    """
    return _PUNCTUATION.sub(lambda match: f"&#{ord(match[0])};", _text.visible(value))


def tag(name: str, *content: Html, **attributes: str | None) -> Html:
    """Return an element; attributes are escaped, `class_` is written `class`, None left out.

    Examples
    --------
    >>> tag("p", text("1 < 2"), class_="note", id=None)
    '<p class="note">1 &lt; 2</p>'
    """
    written = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{text(value)}"'
        for key, value in attributes.items()
        if value is not None
    )
    if name in _VOID:
        return Html(f"<{name}{written}>")
    return Html(f"<{name}{written}>{join(content)}</{name}>")


def join(parts: Iterable[Html], between: str = "") -> Html:
    """Return parts one after the other."""
    return Html(between.join(parts))


def link(address: str, shown: object) -> Html:
    """Return a link, or the text alone when the address is not one to follow.

    Examples
    --------
    >>> link("javascript:alert(1)", "genes")
    'genes'
    """
    scheme = urlsplit(address).scheme
    if scheme not in ("", "http", "https") or address.startswith("//"):
        return text(shown)
    return tag("a", text(shown), href=address)


def table(head: Sequence[str], rows: Iterable[Sequence[Html]], *, label: str) -> Html:
    """Return a table whose rows become cards on a narrow screen."""
    header = join(tag("th", text(title), scope="col") for title in head)
    body = join(
        tag("tr", *(_cell(title, cell) for title, cell in zip(head, row, strict=True)))
        for row in rows
    )
    inner = tag("table", tag("thead", tag("tr", header)), tag("tbody", body), aria_label=label)
    return tag("div", inner, class_="facts")


def sheet(facts: Iterable[tuple[str, Html]], *, label: str) -> Html:
    """Return facts one below the other, each with its name; those without content are left out."""
    rows = (
        tag("tr", tag("th", text(name), scope="row"), tag("td", fact))
        for name, fact in facts
        if fact.strip()
    )
    inner = tag("table", tag("tbody", *rows), aria_label=label)
    return tag("div", inner, class_="facts sheet")


def _cell(title: str, content: Html) -> Html:
    # The title stands beside the content where there is no room for a header row.
    return tag("td", *([tag("div", content)] if content else []), data_label=title)


def code(command: str) -> Html:
    """Return a block of code with the theme's look and its copy button."""
    inner = tag("div", tag("pre", lines(command)), class_="highlight")
    return tag("div", inner, class_="highlight-text notranslate")


def block(html: Html) -> str:
    """Return HTML as a block of Markdown: a line of its own that Markdown leaves alone."""
    return f"\n\n{tag('div', html)}\n\n"


def admonition(title: str, *content: Html, kind: str) -> str:
    """Return one of the theme's admonitions (note, tip, warning, danger)."""
    body = "".join(block(part) for part in content)
    return f"\n\n:::{{admonition}} {inline(title)}\n:class: {kind}\n{body}\n:::\n\n"


def dropdown(title: str, *content: Html, opened: bool = False) -> str:
    """Return a box that opens on a click."""
    body = "".join(block(part) for part in content)
    state = ":open:\n" if opened else ""
    return f"\n\n:::{{dropdown}} {inline(title)}\n{state}{body}\n:::\n\n"

"""Docstrings as parts of a page: their light markup, their lists of parameters, their examples."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from analysis_lib.site.markup import Html, block, join, lines, tag, text

Find = Callable[[str], str | None]
"""Tells the address of what a name in a docstring means, if it has one."""

_MARKED = re.compile(r"`(?P<code>[^`]+)`|(?<![\w*])\*(?P<stress>\w(?:[^*]*\w)?)\*(?![\w*])")
_PARAGRAPHS = re.compile(r"\n[ \t]*\n")
_ITEM = "- "


@dataclass(frozen=True)
class Part:
    """One line of a list of parameters, fields, results or errors."""

    names: tuple[str, ...]
    type: Html
    words: str


def markdown(parsed: Iterable[Any], find: Find, typed: Callable[[Any], Html]) -> str:
    """Return the sections of a docstring, as griffe parses it, in Markdown.

    Parameters
    ----------
    parsed : sections
        In their order.
    find : callable
        Tells the address of what a name means; None for one that means nothing here.
    typed : callable
        Writes a type that stands in a section.
    """
    return "".join(_section(each, find, typed) for each in parsed)


def parts(title: str, items: Iterable[Part], find: Find) -> Html:
    """Return a titled list of names with their types and meanings."""
    rows = (tag("div", _term(each), tag("dd", prose(each.words, find))) for each in items)
    return join([_title(title), tag("dl", *rows, class_="ar-parts")])


def prose(content: str, find: Find) -> Html:
    """Return running text: paragraphs, lists, terms with what they mean, formulas set apart.

    Examples
    --------
    >>> prose("A `name`, *once*.", lambda name: None)
    '<p>A <code>name</code>, <em>once</em>.</p>'
    """
    paragraphs = _PARAGRAPHS.split(content.strip("\n"))
    return join(_paragraph(each.splitlines(), find) for each in paragraphs if each.strip())


def marked(content: str, find: Find) -> Html:
    """Return one paragraph's text with what stands in backticks as code, linked if it is known."""

    def pieces() -> Iterator[Html]:
        end = 0
        for found in _MARKED.finditer(content):
            yield text(content[end : found.start()])
            yield _code(found["code"], find) if found["code"] else tag("em", text(found["stress"]))
            end = found.end()
        yield text(content[end:])

    return join(pieces())


def nothing(_name: str) -> None:
    """Find no name at all."""


def summary(content: str) -> str:
    """Return the first paragraph of a docstring, on one line."""
    return " ".join(_PARAGRAPHS.split(content.strip())[0].split())


def directive(name: str, argument: str, body: str = "", **options: str) -> str:
    r"""Return a directive, its fence longer than any in its body.

    Examples
    --------
    >>> print(directive("py:class", "A", "::::\n"))
    :::::{py:class} A
    <BLANKLINE>
    ::::
    <BLANKLINE>
    :::::
    <BLANKLINE>
    """
    fence = _fence(":", body)
    given = "".join(f":{key}: {value}".rstrip() + "\n" for key, value in options.items())
    return f"{fence}{{{name}}} {argument}\n{given}\n{body}\n{fence}\n"


def _section(section: Any, find: Find, typed: Callable[[Any], Html]) -> str:
    value, kind = section.value, section.kind.value
    if isinstance(value, str):
        return block(prose(value, find))
    title = section.title or kind.capitalize()
    if kind == "admonition":
        return block(join([_title(title), prose(value.contents, find)]))
    if kind == "examples":
        shown = (
            _console(it) if what.value == kind else block(prose(it, find)) for what, it in value
        )
        return block(_title(title)) + "".join(shown)
    return block(parts(title, _items(value, typed), find))


def _items(items: Iterable[Any], typed: Callable[[Any], Html]) -> Iterator[Part]:
    # "low, high : float" comes as two items that say the same.
    every = [(getattr(i, "name", "") or "", typed(i.annotation), i.description) for i in items]
    for (kind, words), same in groupby(every, key=lambda each: each[1:]):
        yield Part(tuple(name for name, *_ in same if name), kind, words)


def _term(part: Part) -> Html:
    names = join((tag("code", text(name)) for name in part.names), ", ")
    kind = tag("span", part.type, class_="ar-type") if part.type else Html("")
    return tag("dt", join(filter(None, [names, kind]), " "))


def _title(words: str) -> Html:
    return tag("p", text(words), class_="rubric")


def _console(code: str) -> str:
    fence = _fence("`", code)
    return f"\n\n{fence}{{code-block}} pycon\n:force:\n\n{code}\n{fence}\n\n"


def _fence(character: str, body: str) -> str:
    runs = re.findall(f"{re.escape(character)}+", body)
    return character * max(3, 1 + max(map(len, runs), default=0))


def _code(name: str, find: Find) -> Html:
    address = find(name)
    shown = tag("code", text(name))
    return tag("a", shown, href=address) if address else shown


def _paragraph(written: Sequence[str], find: Find) -> Html:
    indented = [line.startswith(" ") for line in written]
    if all(indented):
        return tag("pre", lines("\n".join(line.strip() for line in written)))
    if written[0].startswith(_ITEM):
        items = "\n".join(written).removeprefix(_ITEM).split(f"\n{_ITEM}")
        return tag("ul", *(tag("li", marked(_joined(item), find)) for item in items))
    if any(indented):
        return _terms(written, find)
    return tag("p", marked(_joined("\n".join(written)), find))


def _terms(written: Sequence[str], find: Find) -> Html:
    rows = []
    for below, group in groupby(written, key=lambda line: line.startswith(" ")):
        words = marked(_joined("\n".join(group)), find)
        rows.append(tag("dd", tag("p", words)) if below else tag("dt", words))
    return tag("dl", *rows, class_="ar-terms")


def _joined(content: str) -> str:
    return " ".join(content.split())

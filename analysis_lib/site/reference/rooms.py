"""The reference of the library: a page per room, made from its docstrings.

Sphinx's own domain for Python gets the name of every object: it becomes its anchor, an entry
beside the page and a result of the search. Signatures are ours, since Sphinx makes so many
pieces of one that all of them together took nine seconds and 360 kB of a page.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Sequence
from html import unescape
from pathlib import Path
from typing import Any

from analysis_lib.errors import visible
from analysis_lib.site.markup import Html, block, inline, join, link, table, tag, text
from analysis_lib.site.reference.docstrings import (
    Find,
    Part,
    directive,
    markdown,
    marked,
    nothing,
    parts,
    prose,
    summary,
)
from analysis_lib.site.reference.library import (
    Library,
    Room,
    default,
    fields,
    meaning,
    members,
    parameters,
)

PACKAGE = Path(__file__).resolve().parents[2]
FOLDER = "reference"
"""The folder of the pages within the site."""

ROOMS = (
    Room("tables", "Tables", ("tables",)),
    Room("datasets", "Data sets", ("datasets",)),
    Room("datasets-counts", "Counts of sequenced cells", ("datasets.counts",)),
    Room("datasets-neurons", "Neurons", ("datasets.neurons",)),
    Room("models", "Models", ("models",)),
    Room("evaluation", "Evaluation", ("evaluation",)),
    Room("embedding", "Embedding", ("embedding",)),
    Room("figures", "Figures", ("figures",)),
    Room("studies", "Studies", ("studies",)),
    Room("studies-dge", "Study dge", ("studies.dge",)),
    Room("studies-leukemia_network", "Study leukemia_network", ("studies.leukemia_network",)),
    Room("studies-leukemia_classical", "Study leukemia_classical", ("studies.leukemia_classical",)),
    Room("studies-ephys_lasso", "Study ephys_lasso", ("studies.ephys_lasso",)),
    Room("studies-geo_validation", "Study geo_validation", ("studies.geo_validation",)),
    Room("runs", "Runs", ("runs", "cluster")),
    Room("site", "Site", ("site",), front=True),
    Room("results", "Results and errors", ("results", "errors")),
)

_FRONT_DOOR = "The front door"
_ONE_LINE = 76  # characters of a signature
_LONGEST_VALUE = 60
_PLAIN_BASES = {"Protocol", "NamedTuple", "object"}
_STARS = {"var_positional": "*", "var_keyword": "**"}
_TAG = re.compile("<[^>]*>")


def pages(package: Path = PACKAGE, rooms: Sequence[Room] = ROOMS) -> dict[str, str]:
    """Return the pages of the reference in Markdown, by name, in the order of the contents.

    Parameters
    ----------
    package : Path
        The folder of the library. It is read and not imported.
    rooms : sequence of Room
        What goes on which page; the front door has one of its own before them.
    """
    library = Library(package, rooms)
    front = {f"{FOLDER}/{package.name}": _front_door(library)}
    return front | {f"{FOLDER}/{room.page}": _room_page(room, library) for room in rooms}


def part(package: Path = PACKAGE, rooms: Sequence[Room] = ROOMS) -> str:
    """Return the list of the rooms, for the page above theirs, in Markdown."""
    own = [(package.name, _FRONT_DOOR, ("__init__",))]
    every = [*own, *((room.page, room.title, room.packages) for room in rooms)]
    rows = (
        (
            link(f"{FOLDER}/{page}.html", title),
            join(tag("div", tag("code", text(_dotted(package, name)))) for name in names),
            join(prose(_summary(package, name), nothing) for name in names),
        )
        for page, title, names in every
    )
    return block(table(("Room", "Name", "What it holds"), rows, label="Rooms of the library"))


def _dotted(package: Path, name: str) -> str:
    return f"{package.name}.{name}".removesuffix(".__init__")


def _summary(package: Path, name: str) -> str:
    path = package.joinpath(*name.split("."))
    source = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    tree = ast.parse(source.read_text(encoding="utf-8"))
    return summary(ast.get_docstring(tree) or "")


def _front_door(library: Library) -> str:
    root = library.root
    rows = []
    for name in map(str, root.exports):
        thing = root.members[name].final_target
        address = library.address(thing)
        shown = tag("a", tag("code", text(name)), href=address, id=f"{root.path}.{name}")
        brief = marked(summary(thing.docstring.value), _finder(thing, library))
        rows.append((shown, brief, tag("code", text(library.name(thing)))))
    names = table(("Name", "What it is", "Lives at"), rows, label=f"Names of {root.path}")
    return f"# {_FRONT_DOOR}\n{_said(root, library)}{block(names)}"


def _room_page(room: Room, library: Library) -> str:
    opening = "".join(_said(library.root[name], library) for name in room.packages)
    overview = block(_overview(room, library))
    modules = (_module(m, things, library, room) for m, things in library.shown(room))
    return f"# {inline(room.title)}\n{opening}{overview}{''.join(modules)}"


def _overview(room: Room, library: Library) -> Html:
    """Return the modules of a room with the names in each, and the rooms that lie in this one."""
    shown = library.shown(room)
    here = (
        _row(module, f"#module-{module.path}", join(_listed(things, library), ", "))
        for module, things in shown
    )
    below = (
        _row(library.root[other.packages[0]], f"{other.page}.html", text("a page of its own"))
        for other in library.rooms
        if room.holds(other)
    )
    rows = [*here, *below]
    names = table(("Module", "What it holds", "Names"), rows, label="Modules of this room")
    exported = (t for _, things in shown for t in things if library.is_exported(t))
    first = next(exported, None)
    if first is None:
        return names
    package, _, name = library.name(first).rpartition(".")
    example = tag("code", text(f"from {package} import {name}"))
    words = text("A name in bold is imported from its package: ")
    return join([tag("p", words, example, text(".")), names])


def _row(module: Any, address: str, names: Html) -> tuple[Html, Html, Html]:
    shown = tag("a", tag("code", text(_short(module))), href=address)
    return shown, marked(summary(module.docstring.value), nothing), names


def _listed(things: Iterable[Any], library: Library) -> Iterator[Html]:
    for thing in things:
        name = link(f"#{library.name(thing)}", thing.name)
        yield tag("strong", name) if library.is_exported(thing) else name


def _module(module: Any, things: Iterable[Any], library: Library, room: Room) -> str:
    heading = f"\n\n## {inline(_short(module))}\n\n{directive('py:module', module.path)}"
    # The docstring of the room itself opens the page.
    said = "" if _short(module) in room.packages else _said(module, library)
    return heading + said + "".join(_thing(thing, library) for thing in things)


def _thing(thing: Any, library: Library) -> str:
    """Return a function, a class with its members, or a constant of a module."""
    name = library.name(thing)
    # Who knows a thing by the module it is defined in finds it, too.
    anchor = [tag("span", id=thing.path)] if name != thing.path else []
    kind, above = _kind(thing), join([*anchor, _signature(thing, library)])
    body = f"{block(above) if above else ''}{_said(thing, library)}"
    if thing.is_class:
        body += _fields(thing, library)
        body += "".join(_member(member, library) for member in members(thing))
    return directive(kind, thing.name, body, module=name.rpartition(".")[0])


def _member(member: Any, library: Library) -> str:
    marks = [label for label in ("classmethod", "staticmethod") if label in member.labels]
    options = dict.fromkeys((*marks, "no-contents-entry"), "")
    body = f"{block(_signature(member, library))}{_said(member, library)}"
    return directive(_kind(member), member.name, body, **options)


def _kind(thing: Any) -> str:
    if thing.is_class:
        return "py:exception" if thing.name.endswith("Error") else "py:class"
    if thing.is_function:
        return "py:method" if thing.parent.is_class else "py:function"
    if "property" in thing.labels:
        return "py:property"
    return "py:attribute" if thing.parent.is_class else "py:data"


def _said(thing: Any, library: Library) -> str:
    return markdown(thing.docstring.parsed, _finder(thing, library), library.type)


def _finder(thing: Any, library: Library) -> Find:
    return lambda name: library.find(name, thing)


def _fields(thing: Any, library: Library) -> str:
    """Return the fields of a class, when more is said of them than its docstring does."""
    listed = any(s.kind.value in ("parameters", "attributes") for s in thing.docstring.parsed)
    told = [(field, meaning(field)) for field in fields(thing)]
    if listed or not any(words for _, words in told):
        return ""
    rows = (
        Part((field.name,), _with_default(library.type(field.annotation), default(field)), words)
        for field, words in told
    )
    return block(parts("Fields", rows, _finder(thing, library)))


def _signature(thing: Any, library: Library) -> Html:
    """Return how a thing is called, or what its type and its value are; empty when nothing is."""
    name = tag("b", text(thing.name))
    if thing.is_attribute:
        kind = library.type(thing.annotation)
        value = str(thing.value or "") if "property" not in thing.labels else ""
        written = _with_default(kind, value if len(value) <= _LONGEST_VALUE else "")
        between = text(": ") if kind else Html("")
        return _call(join([name, between, written])) if written else Html("")
    bases = [library.type(base) for base in getattr(thing, "bases", []) if _is_told(base)]
    kinds = [tag("p", text("A kind of "), join(bases, ", "), class_="ar-bases")] if bases else []
    arguments = list(_arguments(thing, library))
    if thing.is_class and not arguments:
        return join(kinds)
    returns = getattr(thing, "returns", None)
    arrow = [text(" → "), _typed(library.type(returns))] if returns is not None else []
    listed = (tag("span", each, text(",")) for each in arguments[:-1])
    last = (tag("span", each) for each in arguments[-1:])
    call = join([name, text("("), join([*listed, *last], " "), text(")"), *arrow])
    return join([_call(call), *kinds])


def _call(written: Html) -> Html:
    is_long = len(unescape(_TAG.sub("", written))) > _ONE_LINE
    return tag("p", written, class_="ar-call ar-long" if is_long else "ar-call")


def _arguments(thing: Any, library: Library) -> Iterator[Html]:
    """Yield the arguments of a function or a class, and the marks / and * among them."""
    last = ""
    for each in parameters(thing):
        kind = each.kind.name
        if last == "positional_only" != kind:
            yield text("/")
        if kind == "keyword_only" and last not in (kind, "var_positional"):
            yield text("*")
        last = kind
        star = _STARS.get(kind, "")
        value = "" if star or each.default is None else str(each.default)
        written = library.type(each.annotation)
        between = text(": ") if written else Html("")
        yield join([text(star + each.name), between, _with_default(written, value)])
    if last == "positional_only":
        yield text("/")


def _with_default(kind: Html, value: str) -> Html:
    return join([_typed(kind), text(f" = {visible(value)}" if value else "")])


def _typed(kind: Html) -> Html:
    return tag("i", kind) if kind else kind


def _is_told(base: Any) -> bool:
    name = str(base).partition("[")[0]
    return name not in _PLAIN_BASES and not name.startswith("_")


def _short(module: Any) -> str:
    return str(module.path.partition(".")[2])

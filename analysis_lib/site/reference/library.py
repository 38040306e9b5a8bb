"""The library as its source tells it: what is public, by which name, on which page.

Nothing is imported: griffe reads the files, so that a reference costs no TensorFlow.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from analysis_lib.site.markup import Html, join, link, text

# What griffe reads is told apart by its `kind` and not by a class of Python: hence `Any`.


@dataclass(frozen=True)
class Room:
    """A page of the reference, and the packages and modules on it.

    What has a room of its own is not on the page of the package it lies in; `front` leaves out
    what the packages do not export.
    """

    page: str
    title: str
    packages: tuple[str, ...]
    front: bool = False

    def holds(self, other: Room) -> bool:
        """Return whether another room lies in this one."""
        return any(other.packages[0].startswith(f"{package}.") for package in self.packages)


class Library:
    """A package, read from its folder and not imported.

    Parameters
    ----------
    package : Path
        Its folder.
    rooms : rooms
        What is shown of it, and where.
    """

    def __init__(self, package: Path, rooms: Iterable[Room]) -> None:
        import griffe

        self.root: Any = griffe.load(
            package.name,
            search_paths=[package.parent],
            try_relative_path=False,
            allow_inspection=False,
            store_source=False,
            docstring_parser="numpy",
            docstring_options={"warnings": False},
        )
        self.rooms = tuple(rooms)
        self._names: dict[str, str] = {}
        self._addresses: dict[str, str] = {}
        for room in self.rooms:
            for _, things in self.shown(room):
                for thing in things:
                    self._learn(thing, f"{room.page}.html")

    def shown(self, room: Room) -> list[tuple[Any, list[Any]]]:
        """Return the modules of a room and what is shown of each.

        What a package exports comes first, constants come last.
        """
        modules = [m for name in room.packages for m in self._modules(self.root[name])]
        every = [(module, self._things(module, room)) for module in modules]
        shown = [(module, things) for module, things in every if things]
        return sorted(shown, key=lambda each: not any(map(self.is_exported, each[1])))

    def is_exported(self, thing: Any) -> bool:
        """Return whether a thing is imported from a package above its module."""
        return self._exporter(thing) is not None

    def name(self, thing: Any) -> str:
        """Return the dotted name to import a thing by."""
        return self._names[thing.path]

    def address(self, thing: Any) -> str:
        """Return where a thing is shown, as seen from any page of the reference."""
        return self._addresses[thing.path]

    def find(self, name: str, scope: Any) -> str | None:
        """Return the address of what a name in a docstring of `scope` means, if it has one."""
        import griffe

        first, _, rest = name.removesuffix("()").partition(".")
        if any(first == parameter.name for parameter in getattr(scope, "parameters", ())):
            return None
        try:
            path = scope.resolve(first)
        except griffe.NameResolutionError:
            return self._addresses.get(name)
        return self._addresses.get(f"{path}.{rest}" if rest else path)

    def type(self, expression: Any) -> Html:
        """Return a type as it is written, linked to what the reference shows.

        A name for a type that is not shown itself gives way to what it is short for.
        """
        import griffe

        if isinstance(expression, (griffe.ExprName, griffe.ExprAttribute)):
            path = expression.canonical_path
            if path in self._addresses:
                return link(self._addresses[path], expression)
            short_for = self._short_for(path)
            return text(expression) if short_for is None else self.type(short_for)
        if isinstance(expression, griffe.ExprTuple) and not expression.implicit:
            return join(map(self.type, expression.elements), ", ")  # "int, float" in a docstring
        if isinstance(expression, griffe.Expr):
            return join(map(self.type, expression.iterate(flat=False)))
        return text(expression or "")

    def _modules(self, module: Any) -> Iterator[Any]:
        yield module
        apart = {self.root[name].path for room in self.rooms for name in room.packages}
        for _, below in sorted(module.modules.items()):
            if below.path not in apart and not below.is_alias and not below.name.startswith("_"):
                yield from self._modules(below)

    def _things(self, module: Any, room: Room) -> list[Any]:
        public = [m for m in module.members.values() if _is_public(m) and not m.is_module]
        things = [m for m in public if self.is_exported(m) or not room.front]
        return sorted(things, key=lambda each: (not self.is_exported(each), each.is_attribute))

    def _short_for(self, path: str) -> Any:
        import griffe

        package, _, below = path.partition(".")
        try:
            found = self.root[below] if package == self.root.path and below else None
        except KeyError:
            return None
        of_types = (griffe.ExprSubscript, griffe.ExprBinOp)
        value = found.value if found is not None and found.is_attribute else None
        return value if isinstance(value, of_types) else None

    def _learn(self, thing: Any, page: str) -> None:
        above = self._exporter(thing) or thing.module
        name = f"{above.path}.{thing.name}"
        for path, known in [
            (thing.path, name),
            *((m.path, f"{name}.{m.name}") for m in members(thing)),
        ]:
            self._names[path] = known
            self._addresses |= dict.fromkeys((path, known), f"{page}#{known}")

    def _exporter(self, thing: Any) -> Any:
        """Return the package to import a thing from: the highest one below the root."""
        above, found = thing.module, None
        while above.parent is not None and above.parent is not self.root:
            above = above.parent
            if thing.name in (above.exports or ()):
                found = above if above.members[thing.name].final_target is thing else found
        return found


def members(thing: Any) -> list[Any]:
    """Return the methods, properties and other parts of a class that have a docstring."""
    if not thing.is_class:
        return []
    own = {field.name for field in fields(thing)}
    return [m for m in thing.members.values() if _is_public(m) and m.name not in own]


def fields(thing: Any) -> list[Any]:
    """Return the fields of a class: what is annotated in it and no property."""
    public = [m for m in thing.members.values() if m.is_attribute and not m.name.startswith("_")]
    return [m for m in public if m.annotation is not None and "property" not in m.labels]


def meaning(field: Any) -> str:
    """Return what is said of a field: below it, or as the description that pydantic keeps."""
    if field.docstring:
        return str(field.docstring.value)
    told = (a for a in _arguments(field) if getattr(a, "name", "") == "description")
    return next((str(ast.literal_eval(str(a.value))) for a in told), "")


def default(field: Any) -> str:
    """Return the default of a field as it is written; empty when there is none to show."""
    if str(getattr(field.value, "function", "")) not in ("Field", "field"):
        return str(field.value or "")
    given = [a for a in _arguments(field) if not hasattr(a, "function")]
    return str(given[0]) if given else ""


def parameters(thing: Any) -> list[Any]:
    """Return what a function or a class takes, without `self`."""
    import griffe

    if thing.is_class and any(str(base) == "NamedTuple" for base in thing.bases):
        kind = griffe.ParameterKind.positional_or_keyword
        every = fields(thing)
        return [
            griffe.Parameter(f.name, annotation=f.annotation, kind=kind, default=f.value)
            for f in every
        ]
    bound = thing.is_class or (thing.parent.is_class and "staticmethod" not in thing.labels)
    return list(thing.parameters)[1:] if bound else list(thing.parameters)


def _arguments(field: Any) -> Sequence[Any]:
    return list(getattr(field.value, "arguments", ()))


def _is_public(member: Any) -> bool:
    return not (member.is_alias or member.name.startswith("_")) and bool(member.docstring)

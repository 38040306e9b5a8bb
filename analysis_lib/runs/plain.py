"""YAML and JSON as plain data: texts, numbers, lists and mappings, and nothing that acts."""

from __future__ import annotations

import io
import itertools
import json
import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

from analysis_lib.errors import ParameterError, quoted

LONGEST = 100_000
"""Bytes of a text that is read: the parser needs seconds for so many."""

DEEPEST = 20
"""Lists and mappings within each other."""

QUOTE = 'Quote texts with special characters: name: "value".'
TOO_DEEP = f"lists or mappings nested more than {DEEPEST} deep"

_WORDS: dict[str, bool | None] = {"": None, "~": None, "null": None, "Null": None, "NULL": None}
_WORDS |= {word: word[0] in "tT" for w in ("true", "false") for word in (w, w.title(), w.upper())}
_WHOLE = re.compile(r"[-+]?(0|[1-9][0-9]*)")
_NUMBER = re.compile(r"[-+]?((0|[1-9][0-9]*)(\.[0-9]*)?|\.[0-9]+)([eE][-+]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")


def parse_yaml(text: str, where: str) -> Any:
    """Read YAML of plain values: what looks like a number in JSON is one, `NO` and `007` are text.

    Tags, anchors, merged mappings and directives are refused, as is a name that is given twice.

    Examples
    --------
    >>> parse_yaml("{a: 1e-3, b: NO, c: 007, d: null}", "example")
    {'a': 0.001, 'b': 'NO', 'c': '007', 'd': None}
    """
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    _check_length(len(text), where)
    try:
        return _Plain(YAML(typ="safe", pure=True).parse(io.StringIO(text)), where).document()
    except (YAMLError, ValueError) as error:
        problem = getattr(error, "problem", None) or str(error).partition("\n")[0]
        _refuse(where, str(problem), getattr(error, "problem_mark", None))


def parse_json(text: str, where: str) -> Any:
    """Read JSON to the letter of its standard: no comments, no NaN, every name once."""
    _check_length(len(text), where)

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name, value in pairs:
            if name in found:
                raise ValueError(f"the name {quoted(name)} is given twice")
            found[name] = value
        return found

    def unknown(word: str) -> NoReturn:
        raise ValueError(f"{word} is no number")

    try:
        value = json.loads(text, object_pairs_hook=once, parse_constant=unknown)
    except json.JSONDecodeError as error:
        _refuse(f"{where}, line {error.lineno}, column {error.colno}", error.msg)
    except ValueError as error:
        _refuse(where, str(error))
    except RecursionError:
        _refuse(where, TOO_DEEP)
    if deeper_than(DEEPEST, value):
        _refuse(where, TOO_DEEP)
    return value


def read_plain(path: Path) -> Any:
    """Read a file of plain values: JSON when its name ends in .json, YAML otherwise."""
    text = _read(path)
    return (parse_json if path.suffix.lower() == ".json" else parse_yaml)(text, str(path))


def deeper_than(levels: int, value: object) -> bool:
    """Say whether lists and mappings are nested deeper than some levels.

    Examples
    --------
    >>> deeper_than(1, [1, 2]), deeper_than(1, [1, {"a": 2}])
    (False, True)
    """
    inside = value.values() if isinstance(value, dict) else value
    if not isinstance(inside, (list, type({}.values()))):
        return False
    return levels == 0 or any(deeper_than(levels - 1, item) for item in inside)


class _Plain:
    """Makes values of what a YAML parser sees; by now nothing in the text can ask for more."""

    def __init__(self, events: Iterator[Any], where: str) -> None:
        self.events = events
        self.where = where

    def document(self) -> Any:
        """Return the value of the only document; None when there is none."""
        value = None
        for number, start in enumerate(self._starts()):
            if number or start.version or start.tags:
                self._refuse("a second document" if number else "a directive (%)", start)
            value = self._value(next(self.events))
        return value

    def _starts(self) -> Iterator[Any]:
        return (e for e in self.events if type(e).__name__ == "DocumentStartEvent")

    def _value(self, event: Any, depth: int = 0) -> Any:
        kind = type(event).__name__
        if event.anchor:  # an alias has one too
            self._refuse("an anchor or alias (& or *)", event)
        if event.tag:
            self._refuse("a tag (!)", event)
        if depth > DEEPEST:
            self._refuse(TOO_DEEP, event)
        if kind == "ScalarEvent":
            return _scalar(event)
        if kind == "SequenceStartEvent":
            return [self._value(item, depth + 1) for item in self._until("SequenceEndEvent")]
        return self._mapping(depth + 1)

    def _mapping(self, depth: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for event in self._until("MappingEndEvent"):
            name = self._value(event, depth)
            if not isinstance(name, str):
                self._refuse(f"the name {quoted(name)}, which is no text: quote it", event)
            if name == "<<" and event.style is None:
                self._refuse("a merged mapping (<<)", event)
            if name in found:
                self._refuse(f"the name {quoted(name)} twice", event)
            found[name] = self._value(next(self.events), depth)
        return found

    def _until(self, end: str) -> Iterator[Any]:
        return itertools.takewhile(lambda event: type(event).__name__ != end, self.events)

    def _refuse(self, got: str, event: Any) -> NoReturn:
        _refuse(self.where, got, event.start_mark, "Write every value out, once.")


def _scalar(event: Any) -> Any:
    text: str = event.value
    if event.style is not None:
        # JSON writes some characters as two halves, which YAML leaves apart.
        return text.encode("utf-16", "surrogatepass").decode("utf-16")
    if text in _WORDS:
        return _WORDS[text]
    if _WHOLE.fullmatch(text):
        return int(text)
    if _NUMBER.fullmatch(text):
        return float(text)
    return float(text.replace(".", "", 1)) if _NOT_FINITE.fullmatch(text) else text


def _refuse(where: str, got: str, mark: Any = None, remedy: str = QUOTE) -> NoReturn:
    place = f"{where}, line {mark.line + 1}, column {mark.column + 1}" if mark else where
    raise ParameterError(
        "This is not YAML or JSON of plain values.",
        where=place,
        got=" ".join(got[:200].split()),
        remedy=remedy,
    ) from None


def _check_length(length: int, where: str) -> None:
    if length > LONGEST:
        raise ParameterError(
            "So much is no list of parameters.",
            where=where,
            expected=f"at most {LONGEST:,} bytes",
            got=f"{length:,}",
            remedy="Give tables as files, by their path.",
        )


def _read(path: Path) -> str:
    """Read a text file; a pipe or a device could go on for ever."""
    try:
        with open(path, "rb", opener=_at_once) as file:
            about = os.fstat(file.fileno())
            if not stat.S_ISREG(about.st_mode):
                raise OSError(None, "it is no file, but a pipe or a device")
            _check_length(about.st_size, str(path))
            return file.read(LONGEST).decode("utf-8-sig")
    except (OSError, ValueError) as error:
        raise ParameterError(
            "The file of parameters cannot be read.",
            where=str(path),
            got=getattr(error, "strerror", None) or str(error),
            remedy="Give the path of a UTF-8 text file with YAML or JSON in it.",
        ) from None


def _at_once(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NONBLOCK)  # or opening a pipe waits for who writes to it

"""Parameters as people write them: `name=value` words, YAML and JSON files, `report.yml`."""

from __future__ import annotations

import shlex
import types
import typing
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from analysis_lib.errors import ParameterError, quoted
from analysis_lib.runs.plain import parse_yaml, read_plain

if TYPE_CHECKING:
    from analysis_lib.studies.params import StudyParams

NAME_RULE = "^[a-z0-9][a-z0-9_-]{0,63}$"


@dataclass(frozen=True)
class RunSpec:
    """One run that is asked for: a study, a name, the parameters that are given."""

    study: str
    name: str
    values: Mapping[str, Any]

    @property
    def id(self) -> str:
        """The run's name within the report, `study/name`."""
        return f"{self.study}/{self.name}"


def read_values(path: Path) -> dict[str, Any]:
    """Read parameters from a JSON or YAML file: one mapping of names to values."""
    return _mapping(read_plain(path), str(path))


def split_words(text: str) -> list[str]:
    """Split a text into words as a shell would, which does nothing else that a shell does.

    Examples
    --------
    >>> split_words("data='my genes.csv' p_threshold=0.01")
    ['data=my genes.csv', 'p_threshold=0.01']
    """
    try:
        return shlex.split(text)
    except ValueError as error:
        raise ParameterError(
            "These parameters cannot be split into words.",
            got=f"{quoted(text)} ({error})",
            remedy="Close every quote; put values with spaces in quotes: data='my genes.csv'.",
        ) from None


def parse_words(params: type[StudyParams], words: Iterable[str]) -> dict[str, Any]:
    """Read `name=value` words; what a value means follows from the parameter's type.

    Text stays as it is written, nothing at all means nothing where that is legal, a list may be
    written `a,b`, everything else is YAML.
    """
    values: dict[str, Any] = {}
    for word in words:
        name, equals, text = word.partition("=")
        if not equals:
            raise ParameterError(
                f"{quoted(word)} is no parameter.",
                expected="name=value",
                remedy="Write name=value.",
            )
        if name in values:
            raise ParameterError(
                f"The parameter {quoted(name)} is given twice.", remedy="Give it once."
            )
        values[name] = _value(params, name, text)
    return values


def read_report(path: Path) -> list[RunSpec]:
    """Read which runs the book contains: study → run name → parameters."""
    where = str(path)
    specs = []
    for study, runs in _mapping(read_plain(path), where).items():
        for name, values in _mapping(runs, f"{where}, {study}").items():
            check_name(name)
            specs.append(RunSpec(study, name, _mapping(values, f"{where}, {study}/{name}")))
    if not specs:
        raise ParameterError(
            "The report has no runs.", where=where, remedy="Add one: `dge: {default: {}}`."
        )
    return specs


def check_name(name: str) -> None:
    """Raise a `ParameterError` unless a run may be called so: it becomes a folder and a page."""
    import re

    if not isinstance(name, str) or not re.match(NAME_RULE, name) or name.endswith("\n"):
        raise ParameterError(
            f"A run cannot be called {quoted(name)}.",
            expected="lower-case letters, digits, - and _; a letter or digit first; at most 64",
            remedy="Choose another name.",
        )


def _value(params: type[StudyParams], name: str, text: str) -> Any:
    field = params.model_fields.get(name)
    options = _options(field.annotation) if field else []
    if str in options:
        return None if text in ("", "null") and type(None) in options else text
    where = f"parameter {quoted(name)}"
    items = next((typing.get_args(o)[0] for o in options if typing.get_origin(o) is list), None)
    if items is None or text.lstrip().startswith("["):
        return parse_yaml(text, where)
    parts = [part.strip() for part in text.split(",")] if text.strip() else []
    return parts if _is_text(items) else [parse_yaml(part, where) for part in parts]


def _is_text(annotation: Any) -> bool:
    choices = typing.get_args(annotation)
    return annotation is str or (bool(choices) and all(isinstance(c, str) for c in choices))


def _options(annotation: Any) -> list[Any]:
    union = typing.get_origin(annotation) in (types.UnionType, typing.Union)
    return list(typing.get_args(annotation)) if union else [annotation]


def _mapping(value: Any, where: str) -> dict[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise ParameterError(
            "A mapping of names to values is wanted here.",
            where=where,
            got=f"{type(value).__name__}: {quoted(value)}",
            remedy="Write `name: value`, one a line.",
        )
    return value

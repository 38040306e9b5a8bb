"""Parameters as people write them: `name=value` words, YAML and JSON files, `report.yml`."""

from __future__ import annotations

import types
import typing
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from analysis_lib.errors import ParameterError

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


def parse_yaml(text: str, where: str) -> Any:
    """Read YAML by the rules of version 1.2: `1e-3` is a number, `NO` and `007x` are text.

    Examples
    --------
    >>> parse_yaml("{a: 1e-3, b: NO, c: null}", "example")
    {'a': 0.001, 'b': 'NO', 'c': None}
    """
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    try:
        return _joined(YAML(typ="safe", pure=True).load(text))
    except (YAMLError, ValueError) as error:
        problem = " ".join(str(getattr(error, "problem", None) or error).split())
        mark = getattr(error, "problem_mark", None)
        place = f"{where}, line {mark.line + 1}, column {mark.column + 1}" if mark else where
        raise ParameterError(
            "This is not YAML or JSON.",
            where=place,
            got=problem,
            remedy='Quote texts with special characters: name: "value".',
        ) from None


def read_values(path: Path) -> dict[str, Any]:
    """Read parameters from a JSON or YAML file: one mapping of names to values."""
    return _mapping(parse_yaml(_read(path), str(path)), str(path))


def parse_words(params: type[StudyParams], words: Iterable[str]) -> dict[str, Any]:
    """Read `name=value` words; what a value means follows from the parameter's type.

    Text stays as it is written, a list may be written `a,b`, everything else is YAML.
    """
    values: dict[str, Any] = {}
    for word in words:
        name, equals, text = word.partition("=")
        if not equals:
            raise ParameterError(
                f"{word!r} is no parameter.", expected="name=value", remedy="Write name=value."
            )
        if name in values:
            raise ParameterError(f"The parameter {name!r} is given twice.", remedy="Give it once.")
        values[name] = _value(params, name, text)
    return values


def read_report(path: Path) -> list[RunSpec]:
    """Read which runs the book contains: study → run name → parameters."""
    where = str(path)
    specs = []
    for study, runs in _mapping(parse_yaml(_read(path), where), where).items():
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
            f"A run cannot be called {name!r}.",
            expected="lower-case letters, digits, - and _; a letter or digit first; at most 64",
            remedy="Choose another name.",
        )


def _value(params: type[StudyParams], name: str, text: str) -> Any:
    field = params.model_fields.get(name)
    options = _options(field.annotation) if field else []
    if str in options:
        return None if text in ("", "null") and type(None) in options else text
    value = parse_yaml(text, f"parameter {name}")
    if isinstance(value, str) and any(typing.get_origin(o) in (list, tuple) for o in options):
        return [part.strip() for part in value.split(",")]
    return value


def _joined(value: Any) -> Any:
    """Join the halves of characters that JSON escapes in two, which YAML leaves apart."""
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16")
    if isinstance(value, dict):
        return {_joined(key): _joined(item) for key, item in value.items()}
    return [_joined(item) for item in value] if isinstance(value, list) else value


def _options(annotation: Any) -> list[Any]:
    union = typing.get_origin(annotation) in (types.UnionType, typing.Union)
    return list(typing.get_args(annotation)) if union else [annotation]


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ParameterError(
            "The file of parameters cannot be read.",
            where=str(path),
            got=getattr(error, "strerror", None) or str(error),
            remedy="Give the path of a UTF-8 text file with YAML or JSON in it.",
        ) from None


def _mapping(value: Any, where: str) -> dict[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise ParameterError(
            "A mapping of names to values is wanted here.",
            where=where,
            got=f"{type(value).__name__}: {value!r:.60}",
            remedy="Write `name: value`, one a line.",
        )
    return value

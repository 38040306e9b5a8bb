"""The parameters of a study: one frozen model, from which everything else about them comes."""

from __future__ import annotations

import ast
import difflib
import errno
import math
import types
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import ErrorDetails, to_json

from analysis_lib import results
from analysis_lib.errors import ParameterError, quoted

_NOT_OURS = {"In", "Out", "exit", "quit", "open", "get_ipython"}
_LONGEST = 80
_DEEPEST = 20
_LARGEST = 2**63 - 1


@dataclass(frozen=True)
class ParameterRow:
    """One parameter as a table of them shows it; `example` is another value worth trying."""

    name: str
    type: str
    default: str
    range: str
    description: str
    example: Any = None


class StudyParams(BaseModel):
    """Base of every study's `Params`: frozen, strict about types, closed to unknown names.

    A text that may be left out (`str | None`) is the path of a file.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Self:
        """Return validated parameters, or raise a `ParameterError` that names the first fault.

        Values travel as JSON, so that a notebook, a file and the command line mean the same.
        """
        for name, value in values.items():
            if name not in cls.model_fields:
                raise _unknown(cls, name, len(values.keys() - cls.model_fields.keys()) - 1)
            is_path = cls.model_fields[name].annotation == str | None and isinstance(value, str)
            if fault := _not_plain(value) or (_no_path(value) if is_path else None):
                raise _refused(cls, name, fault)
        try:
            return cls.model_validate_json(to_json(dict(values)))
        except ValidationError as error:
            raise _explain(cls, error.errors(include_url=False)) from None

    @classmethod
    def from_notebook(cls, names: Mapping[str, Any]) -> Self:
        """Validate the variables of a notebook's `parameters` cell, given its `globals()`.

        Call it in the second cell, after imports alone: whatever else is defined by then was
        meant as a parameter, and an unknown one is an error. When it is called again, after the
        whole notebook, only what the cells right before it assign was meant.
        """
        meant = _assigned(names)
        again = any(isinstance(value, StudyParams) for value in names.values())
        meant |= set(cls.model_fields if again else _defined(names)) & set(names)
        try:
            params = cls.of({name: names.get(name) for name in sorted(meant)})
        except ParameterError as error:
            raise NotebookParameterError.of(error) from None
        results.save_json("params", params.as_json())
        return params

    def as_json(self) -> dict[str, Any]:
        """Return every parameter as a JSON value."""
        return self.model_dump(mode="json")

    def changed(self) -> list[str]:
        """Return the names of the parameters that differ from their defaults."""
        default = type(self)().as_json()
        return [name for name, value in self.as_json().items() if value != default[name]]

    @classmethod
    def table(cls) -> list[ParameterRow]:
        """Return the documentation of every parameter, in order."""
        schema = cls.model_json_schema()
        return [_row(name, field, schema) for name, field in schema["properties"].items()]


def _row(name: str, field: Mapping[str, Any], schema: Mapping[str, Any]) -> ParameterRow:
    options = field.get("anyOf", [field])
    return ParameterRow(
        name=name,
        type=" or ".join(_type(option) for option in options),
        default=to_json(field["default"]).decode(),
        range="; ".join(filter(None, map(_range, options))),
        description=field["description"],
        example=next(iter(field.get("examples", [])), None),
    )


def _type(option: Mapping[str, Any]) -> str:
    if "enum" in option or "const" in option:
        return "choice"
    if option.get("type") == "array":
        return f"list of {_type(option['items'])}"
    if option.get("type") == "object":
        return "mapping"
    names = {"null": "nothing", "string": "text", "number": "number", "integer": "whole number"}
    return names.get(option["type"], str(option["type"]))


def _range(option: Mapping[str, Any]) -> str:
    signs = {
        "minimum": "≥",
        "exclusiveMinimum": ">",
        "maximum": "≤",
        "exclusiveMaximum": "<",
        "minItems": "at least",
    }
    limits = [f"{sign} {_short(option[key])}" for key, sign in signs.items() if key in option]
    limits += [option["form"]] if "form" in option else []
    choices = option.get("enum") or option.get("items", {}).get("enum") or []
    return ", ".join([*limits, " | ".join(map(str, choices))] if choices else limits)


def _short(limit: float) -> str:
    return f"{limit:,.0f}" if limit == int(limit) else f"{limit:g}"


class NotebookParameterError(ParameterError):
    """A `ParameterError` that a notebook shows as its message, not as twenty lines of our code."""

    @classmethod
    def of(cls, error: ParameterError) -> Self:
        """Return the same error, to be shown in a notebook."""
        parts = {name: getattr(error, name) for name in ("where", "expected", "got", "remedy")}
        return cls(error.what, **parts)

    def _render_traceback_(self) -> list[str]:
        return [f"ParameterError: {self}"]


def _defined(names: Mapping[str, Any]) -> Iterator[str]:
    """Yield the names of a notebook that neither Python nor IPython put there."""
    for name, value in names.items():
        theirs = name in _NOT_OURS and (callable(value) or name in ("In", "Out"))
        imported = isinstance(value, (types.ModuleType, types.FunctionType, type))
        if not (name.startswith("_") or theirs or imported):
            yield name


def _assigned(names: Mapping[str, Any]) -> set[str]:
    """Return what the cells of plain assignments before this one assign, as IPython has them.

    An import may have overwritten one since: `figures=1` would otherwise go unseen.
    """
    cells = names.get("_ih") or []
    found: set[str] = set()
    for source in reversed(cells[:-1] if isinstance(cells, list) else []):
        if (assigned := _assignments(source)) is None:
            break
        found |= assigned
    return found


def _assignments(source: object) -> set[str] | None:
    """Return the names that a cell assigns literals to; None when it does anything else."""
    found: set[str] = set()
    try:
        for statement in ast.parse(str(source)).body:
            match statement:
                case ast.Assign(targets=[ast.Name(id=name)], value=value):
                    found.add(name)
                case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
                    found.add(name)
                case _:
                    return None
            ast.literal_eval(value)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    return found


@dataclass(frozen=True)
class _Fault:
    """What JSON could not carry unchanged, and what may stand in its place."""

    got: str
    expected: str


def _not_plain(value: object, depth: int = 0) -> _Fault | None:
    """Return what of a value JSON could not carry unchanged, or None."""
    match value:
        case dict() | list() | tuple() if depth == _DEEPEST:
            return _Fault("deeper ones", f"lists and mappings nested {_DEEPEST} deep at most")
        case dict():
            strange = [name for name in value if not isinstance(name, str)]
            if strange:
                return _Fault(quoted(strange[0]), "a text for a name: quote it")
            inside = [*value, *value.values()]
        case list() | tuple():
            inside = list(value)
        case _:
            return _no_scalar(value)
    return next(filter(None, (_not_plain(item, depth + 1) for item in inside)), None)


def _no_scalar(value: object) -> _Fault | None:
    match value:
        case str() if "\0" in value or _halves(value):
            return _Fault(quoted(value), "text of whole characters, without NUL")
        case int() if not -_LARGEST <= value <= _LARGEST:
            return _Fault("one of more digits", f"a number up to {_LARGEST:,}")
        case float() if not math.isfinite(value):
            return _Fault(str(value), "a finite number")
        case None | str() | int() | float():
            return None
    return _Fault(f"a {type(value).__name__}", "numbers, texts, lists and mappings of them")


def _no_path(text: str) -> _Fault | None:
    """Return why nothing can ever be read there: an empty path would pass for no path at all."""
    if not text:
        return _Fault("an empty text", "a path, or null for none")
    try:
        Path(text).expanduser().stat()
    except RuntimeError:
        return _Fault(quoted(text), "the home folder of somebody on this machine")
    except OSError as error:
        if error.errno not in (errno.ENOENT, errno.ENOTDIR):
            return _Fault(f"{quoted(text)} ({error.strerror})", "a path that can be looked up")
    return None


def _halves(text: str) -> bool:
    return any("\ud800" <= character <= "\udfff" for character in text)


def _refused(cls: type[StudyParams], name: str, fault: _Fault) -> ParameterError:
    row = next(row for row in cls.table() if row.name == name)
    return ParameterError(
        f"The parameter {name!r} has no legal value.",
        where=name,
        expected=fault.expected,
        got=fault.got,
        remedy=f"Give another one; the default is {row.default}.",
    )


def _unknown(cls: type[StudyParams], name: object, more: int) -> ParameterError:
    near = difflib.get_close_matches(str(name)[:_LONGEST], cls.model_fields, n=1)
    return ParameterError(
        f"There is no parameter {quoted(name)}.{_more(more)}",
        expected=", ".join(cls.model_fields),
        remedy=f"Did you mean {near[0]!r}?" if near else "Remove it.",
    )


def _more(faults: int) -> str:
    return f" ({faults} more after this one)" if faults else ""


def _explain(cls: type[StudyParams], faults: Sequence[ErrorDetails]) -> ParameterError:
    fault = faults[0]
    name = str(fault["loc"][0]) if fault["loc"] else "parameters"
    row = next((row for row in cls.table() if row.name == name), None)
    return ParameterError(
        f"The parameter {name!r} has no legal value.{_more(len(faults) - 1)}",
        where=name + "".join(f"[{quoted(part)}]" for part in fault["loc"][1:]),
        expected=": ".join(filter(None, [row.type, row.range])) if row else None,
        got=f"{quoted(fault['input'])} ({fault['msg']})",
        remedy=f"Give another one; the default is {row.default}." if row else None,
    )

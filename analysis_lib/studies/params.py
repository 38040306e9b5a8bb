"""The parameters of a study: one frozen model, from which everything else about them comes."""

from __future__ import annotations

import difflib
import types
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import ErrorDetails, PydanticSerializationError, to_json

from analysis_lib import results
from analysis_lib.errors import ParameterError

_NOT_OURS = {"In", "Out", "exit", "quit", "open", "get_ipython"}


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
    """Base of every study's `Params`: frozen, strict about types, closed to unknown names."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Self:
        """Return validated parameters, or raise a `ParameterError` that names the first fault.

        Values travel as JSON, so that a notebook, a file and the command line mean the same.
        """
        try:
            return cls.model_validate_json(to_json(dict(values), inf_nan_mode="strings"))
        except PydanticSerializationError as error:
            raise ParameterError(
                "A parameter holds something that JSON cannot.",
                got=str(error).splitlines()[0],
                expected="numbers, texts, lists and mappings of them",
            ) from None
        except ValidationError as error:
            raise _explain(cls, error.errors(include_url=False)) from None

    @classmethod
    def from_notebook(cls, names: Mapping[str, Any]) -> Self:
        """Validate the variables of a notebook's `parameters` cell, given its `globals()`.

        Call it in the second cell, after imports alone: whatever else is defined by then was
        meant as a parameter, and an unknown one is an error.
        """
        values = {
            name: value
            for name, value in names.items()
            if not name.startswith("_")
            and name not in _NOT_OURS
            and not isinstance(value, (types.ModuleType, types.FunctionType, type))
        }
        params = cls.of(values)
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


def _explain(cls: type[StudyParams], faults: Sequence[ErrorDetails]) -> ParameterError:
    fault = faults[0]
    name = str(fault["loc"][0]) if fault["loc"] else "parameters"
    more = f" ({len(faults) - 1} more after this one)" if len(faults) > 1 else ""
    if fault["type"] == "extra_forbidden":
        near = difflib.get_close_matches(name, cls.model_fields, n=1)
        return ParameterError(
            f"There is no parameter {name!r}.{more}",
            expected=", ".join(cls.model_fields),
            remedy=f"Did you mean {near[0]!r}?" if near else "Remove it.",
        )
    row = next((row for row in cls.table() if row.name == name), None)
    inside = "".join(f"[{part!r}]" for part in fault["loc"][1:])
    return ParameterError(
        f"The parameter {name!r} has no legal value.{more}",
        where=name + inside,
        expected=": ".join(filter(None, [row.type, row.range])) if row else None,
        got=f"{fault['input']!r:.80} ({fault['msg']})",
        remedy=f"Give another one; the default is {row.default}." if row else None,
    )

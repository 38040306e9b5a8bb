"""What plain papermill pastes into a notebook must be a name and a plain value.

Papermill writes parameters as lines of Python. A name it takes as it is, so that one with a line
end in it is code, and so may be a value that is no text, number, list or mapping: `!!binary` in a
file of parameters. Nothing in the notebook could say so in time, therefore papermill is taught to.
It finds `engine` among the entry points of this package at its own start.
"""

from __future__ import annotations

import keyword
from collections.abc import Mapping
from typing import Any

from analysis_lib.errors import ParameterError, quoted
from analysis_lib.runs.plain import DEEPEST


def check_pasted(parameters: Mapping[Any, Any]) -> None:
    """Raise a `ParameterError` unless every name is one of Python, and every value plain."""
    for name, value in parameters.items():
        if not (isinstance(name, str) and name.isidentifier() and not keyword.iskeyword(name)):
            raise ParameterError(
                f"There can be no parameter {quoted(name)}.",
                expected="a name: letters, digits and _",
                remedy="Correct the name.",
            )
        if strange := _strange(value, 0):
            raise ParameterError(
                f"The parameter {quoted(name)} has no plain value.",
                expected="numbers, texts, lists and mappings of them",
                got=strange,
                remedy="Write it as a text, a number, a list or a mapping.",
            )


def _strange(value: object, depth: int) -> str:
    """Return the kind of what is not plain in a value; nothing when all of it is."""
    if type(value) in (type(None), bool, int, float, str):
        return ""
    if type(value) not in (list, dict) or depth > DEEPEST:
        return type(value).__name__
    inside = list(value) if isinstance(value, list) else []
    if isinstance(value, dict):
        inside = [*value.values()]
        if names := [name for name in value if type(name) is not str]:
            return f"a name of type {type(names[0]).__name__}"
    return next(filter(None, (_strange(item, depth + 1) for item in inside)), "")


def __getattr__(name: str) -> Any:
    """Return papermill's own engine as `engine`, after making its translator a careful one."""
    if name != "engine":
        raise AttributeError(name)
    from papermill.engines import NBClientEngine
    from papermill.translators import PythonTranslator, papermill_translators

    class Careful(PythonTranslator):  # type: ignore[misc]  # papermill has no types
        @classmethod
        def codify(cls, parameters: Mapping[Any, Any], comment: str = "Parameters") -> Any:
            check_pasted(parameters)
            return super().codify(parameters, comment)

    papermill_translators.register("python", Careful)
    return NBClientEngine

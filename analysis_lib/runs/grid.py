"""What a sweep is asked to vary: words of the command line or a file, read into points."""

from __future__ import annotations

import difflib
import itertools
import math
import random
import re
import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from analysis_lib import studies
from analysis_lib.errors import ParameterError, quoted
from analysis_lib.runs.plain import read_plain
from analysis_lib.runs.values import parse_words

if TYPE_CHECKING:
    from analysis_lib.studies.params import StudyParams

MOST = 500
"""Points of a sweep when nobody asks for more: a slip of the pen asks for millions."""

EXAMPLE = "'p_threshold=0.01,0.05 lfc_threshold=1,2'"

_FORMS = ("grid", "points", "random")
_NAMES = ("study", "name", *_FORMS, "fixed")
_PIECE = re.compile(r"""\\.|'[^']*'|"(?:\\.|[^"\\])*"|.""", re.DOTALL)
_UNCLOSED = ("'", '"', "\\")


@dataclass(frozen=True)
class Asked:
    """The points that somebody asks for, as they were written: nothing is checked yet.

    `points` give values to parameters that vary, `fixed` to those that are the same everywhere.
    """

    points: Sequence[Mapping[str, Any]]
    fixed: Mapping[str, Any]
    name: str | None = None


def asked(
    study: str,
    grid: str | None,
    path: Path | None,
    fixed: Mapping[str, Any],
    *,
    name: str | None = None,
    most: int = MOST,
) -> Asked:
    """Return what is asked for on the command line: a grid in words, or a file.

    Parameters
    ----------
    study : str
    grid : str, optional
        Words, see `of_words`.
    path : Path, optional
        A file, see `of_file`.
    fixed : mapping
        What is the same at every point.
    name : str, optional
        What the sweep is called; it wins over the file's.
    most : int
        So many points are asked for in earnest.
    """
    if grid and path:
        raise ParameterError(
            "Both a grid and a file say what varies.", remedy="Give GRID or F, not both."
        )
    params = studies.load(study).Params
    if path:
        found = of_file(params, study, path, fixed, most)
    else:
        found = of_words(params, grid or "", fixed, most)
    return replace(found, name=name or found.name)


def of_words(
    params: type[StudyParams], text: str, fixed: Mapping[str, Any], most: int = MOST
) -> Asked:
    """Read `name=value,value` words: every value of each with every value of the others.

    Commas and blanks within quotes or brackets belong to the value. What a value means is what it
    means to `run`; several values of a list are written `[a,b],[c]`.
    """
    grid: dict[str, list[Any]] = {}
    for word in _split(text, " \t\r\n"):
        name, equals, values = word.partition("=")
        if not equals:
            raise ParameterError(
                f"{quoted(word)} says nothing of what to vary.",
                expected="name=value,value",
                remedy=f"As in GRID={EXAMPLE}.",
            )
        if name in grid:
            raise ParameterError(
                f"The parameter {quoted(name)} is given twice.", remedy="Give all its values once."
            )
        grid[name] = [
            parse_words(params, [f"{name}={_unquoted(value)}"])[name]
            for value in _split(values, ",")
        ]
    if not grid:
        raise ParameterError(
            "Nothing varies in this sweep.",
            expected="a grid of values, or a file that says what varies",
            remedy=f"Give some: GRID={EXAMPLE}, or F=sweep.yml.",
        )
    return Asked(_product(grid, "the grid", most), fixed)


def of_file(
    params: type[StudyParams],
    study: str,
    path: Path,
    fixed: Mapping[str, Any],
    most: int = MOST,
) -> Asked:
    """Read a file that says what varies: a grid, a list of points, or random draws.

    `fixed` are words given beside the file, which win over its own.
    """
    content = _read(path)
    if content.get("study", study) != study:
        raise ParameterError(
            "The file asks for a sweep of another study.",
            where=f"{path}, study",
            expected=study,
            got=quoted(content["study"]),
            remedy="Leave out one of the two.",
        )
    given = [form for form in _FORMS if form in content]
    if len(given) != 1:
        raise ParameterError(
            "A sweep has points of one kind.",
            where=str(path),
            expected=f"exactly one of {', '.join(_FORMS)}",
            got=" and ".join(given) or "none of them",
            remedy="Write one; make a sweep of another name for each of the others.",
        )
    where = f"{path}, {given[0]}"
    wanted = content[given[0]]
    if given[0] == "points":
        points = [_mapping(p, where, empty=True) for p in _list(wanted, where)]
        _few(len(points), where, most)
    elif given[0] == "grid":
        grid = _mapping(wanted, where)
        points = _product({n: _list(v, f"{where}, {n}") for n, v in grid.items()}, where, most)
    else:
        points = _drawn(params, _mapping(wanted, where), where, most)
    own = _mapping(content.get("fixed", {}), f"{path}, fixed", empty=True)
    return Asked(points, {**own, **fixed}, content.get("name"))


def study_of(path: Path) -> str:
    """Return which study a file asks for a sweep of."""
    study = _read(path).get("study")
    if not isinstance(study, str):
        _refuse(f"{path}, study", "the name of a study", study)
    return study


def _read(path: Path) -> dict[str, Any]:
    content = _mapping(read_plain(path), str(path))
    for name in content:
        if name not in _NAMES:
            near = difflib.get_close_matches(name, _NAMES, n=1)
            raise ParameterError(
                f"A sweep has no {quoted(name)}.",
                where=str(path),
                expected=", ".join(_NAMES),
                remedy=f"Did you mean {near[0]!r}?" if near else "Remove it.",
            )
    return content


def _product(grid: Mapping[str, Sequence[Any]], where: str, most: int) -> list[dict[str, Any]]:
    _few(math.prod(len(values) for values in grid.values()), where, most)
    return [dict(zip(grid, values, strict=True)) for values in itertools.product(*grid.values())]


def _few(count: int, where: str, most: int) -> None:
    if count > most:
        raise ParameterError(
            "So many points are hardly meant.",
            where=where,
            expected=f"at most {most:,}",
            got=f"{count:,}",
            remedy=f"Vary less at once, draw some at random, or ask for them: MOST={count}.",
        )


def _drawn(
    params: type[StudyParams], wanted: Mapping[str, Any], where: str, most: int
) -> list[dict[str, Any]]:
    """Draw points; those of more draws begin with those of fewer."""
    for name in wanted:
        if name not in ("draws", "seed", "parameters"):
            _refuse(where, "draws, seed and parameters", name)
    draws = _whole(wanted.get("draws"), f"{where}, draws", least=1)
    rng = random.Random(_whole(wanted.get("seed", 1), f"{where}, seed"))  # noqa: S311  (no secret)
    ranges = _mapping(wanted.get("parameters"), f"{where}, parameters")
    _few(draws, where, most)
    kinds = {row.name: row.type.split(" or ") for row in params.table()}
    drawing = {
        name: _drawing(each, f"{where}, {name}", kinds.get(name, ["number"]))
        for name, each in ranges.items()
    }
    return [{name: draw(rng.random()) for name, draw in drawing.items()} for _ in range(draws)]


def _drawing(wanted: Any, where: str, kinds: Sequence[str]) -> Callable[[float], Any]:
    """Return what makes a value of a share between 0 and 1: of a list, or of a range."""
    if isinstance(wanted, list):
        values = _list(wanted, where)
        return lambda share: values[int(share * len(values))]
    limits = {"scale": "linear", **_mapping(wanted, where)}
    whole = "number" not in kinds
    if whole and "whole number" not in kinds:
        _refuse(where, "a list of values, for the parameter is no number", wanted)
    low, high = limits.get("from"), limits.get("to")
    log = limits["scale"] == "log"
    if (
        limits.keys() != {"from", "to", "scale"}
        or limits["scale"] not in ("linear", "log")
        or not isinstance(low, int if whole else int | float)
        or not isinstance(high, int if whole else int | float)
        or not (0 if log else -math.inf) < low < high < math.inf
    ):
        kind = "whole numbers" if whole else "numbers"
        form = "{from: low, to: high, scale: linear or log}"
        _refuse(where, f"{form} of {kind}, above 0 on a log scale", wanted)
    end = high + 1 if whole else high  # whole numbers are the floors of an open range

    def draw(share: float) -> float:
        value = low * (end / low) ** share if log else low + share * (end - low)
        return min(max(int(value // 1) if whole else float(f"{value:.4g}"), low), high)

    return draw


def _split(text: str, at: str) -> Iterator[str]:
    """Yield the parts of a text between blanks or commas that no quote or bracket holds.

    A bracket counts where a value begins with one: file names may have them anywhere else.
    """
    part, depth = "", 0.0
    for piece in _PIECE.findall(text):
        if piece in _UNCLOSED:
            depth = math.inf
        elif depth == 0 and piece in at:
            if part or at == ",":
                yield part
            part = ""
            continue
        elif piece in "[{" and (depth or not part or part[-1] in "=,"):
            depth += 1
        elif piece in "]}" and depth:
            depth -= 1
        part += piece
    if depth:
        raise ParameterError(
            "These values cannot be told apart.",
            got=quoted(text),
            remedy="Close every quote and bracket; put values with spaces in quotes.",
        )
    if part or at == ",":
        yield part


def _unquoted(text: str) -> str:
    """Take quotes and backslashes away as a shell does."""
    words = shlex.shlex(text, posix=True, punctuation_chars=False)
    words.whitespace, words.commenters, words.whitespace_split = "", "", True
    return "".join(words)


def _mapping(value: Any, where: str, *, empty: bool = False) -> dict[str, Any]:
    if not isinstance(value, dict) or not (value or empty):
        _refuse(where, "a mapping: `name: value`, one a line", value)
    return value


def _list(value: Any, where: str) -> list[Any]:
    if not isinstance(value, list) or not value:
        _refuse(where, "a list of values: [a, b, c]", value)
    return value


def _whole(value: Any, where: str, least: int = 0) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        _refuse(where, f"a whole number from {least} on", value)
    return value


def _refuse(where: str, expected: str, got: Any) -> NoReturn:
    raise ParameterError(
        "The file does not say what varies.", where=where, expected=expected, got=quoted(got)
    )

"""A sweep in tables: its parameters, its points with their numbers, how to ask for it again."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from analysis_lib import files
from analysis_lib.figures import theme
from analysis_lib.figures.text import visible
from analysis_lib.runs.sweep_file import Sweep
from analysis_lib.site.facts import ParameterRow
from analysis_lib.site.privacy import Privacy
from analysis_lib.site.sweep_points import PointResult, numbers

if TYPE_CHECKING:
    import pandas as pd

FILE = "sweep.json"
"""What asks for the sweep again, wherever it is put."""

_LEFT = "default"  # of a parameter to which a point gives no value

_WORD = re.compile(r"[A-Za-z0-9_.+/-]+")  # neither a shell nor the grid sees more than itself in it


class Values:
    """The values of the parameters of a sweep, as a page shows them.

    A path becomes its name; of two files of one name the second is told apart.
    """

    def __init__(self, sweep: Sweep, privacy: Privacy) -> None:
        self.names = list(sweep.dimensions)
        self._shown: dict[str, dict[str, str]] = {}
        for name, given in sweep.dimensions.items():
            every = [*given, *(p.values[name] for p in sweep.points if name in p.values)]
            keys = list(dict.fromkeys(files.to_json(value) for value in every))
            texts = (written(privacy.value(json.loads(key))) for key in keys)
            self._shown[name] = dict(zip(keys, theme.apart(texts), strict=True))

    def told(self, name: str, value: Any) -> str:
        """Return a value in words."""
        key = files.to_json(value)
        return self._shown[name].get(key, key)

    def point(self, values: Mapping[str, Any]) -> str:
        """Return a point in words."""
        given = ((name, values[name]) for name in self.names if name in values)
        return ", ".join(f"{visible(name)} {self.told(name, value)}" for name, value in given)

    def shown(self, name: str) -> list[str]:
        """Return every value of a parameter in words."""
        return list(self._shown[name].values())

    def column(self, name: str, points: Iterable[Mapping[str, Any]]) -> pd.Series:
        """Return the values of points: numbers where all are numbers, else words."""
        import pandas as pd

        given = list(points)
        if all(_is_number(point.get(name)) for point in given):
            return pd.Series([point[name] for point in given])
        texts = [self.told(name, point[name]) if name in point else _LEFT for point in given]
        return pd.Series(texts, dtype=object)

    def default(self, name: str, rows: Mapping[str, ParameterRow]) -> Any:
        """Return the default of a parameter as its column has it; None when it is not known."""
        if name not in rows:
            return None
        value = json.loads(rows[name].default)
        return value if _is_number(value) else self._shown[name].get(files.to_json(value))


def written(value: Any) -> str:
    """Return a value as people write it: text as it is, everything else as JSON."""
    return visible(value if isinstance(value, str) else files.to_json(value))


def parameters(values: Values, points: Sequence[PointResult]) -> pd.DataFrame:
    """Return a column per parameter that varies, in the rows of some points."""
    import pandas as pd

    given = [point.point.values for point in points]
    names = theme.apart(visible(name) for name in values.names)
    columns = [values.column(name, given) for name in values.names]
    return pd.DataFrame(dict(zip(names, columns, strict=True)))


def metrics(points: Sequence[PointResult]) -> dict[str, pd.DataFrame]:
    """Return the headline numbers of some points by label: value, low, high."""
    import pandas as pd

    labels = numbers(points)
    found = {}
    for name, title in zip(labels, theme.apart(map(visible, labels.values())), strict=True):
        each = [point.metric(name) for point in points]
        rows = [(m.value, m.low, m.high) if m else (None, None, None) for m in each]
        frame = pd.DataFrame(rows, columns=["value", "low", "high"])
        found[title] = frame.apply(_number_column)
    return found


def all_points(
    points: Sequence[PointResult], values: Values, *, full: bool = False
) -> pd.DataFrame:
    """Return every point with values, state, numbers and where its results lie.

    `full` adds the ends of the intervals, for those who download it.
    """
    import pandas as pd

    table = parameters(values, points)
    columns: dict[str, Any] = {"point": [point.number for point in points]}
    columns |= {str(name): table[name] for name in table}
    columns["state"] = [point.status for point in points]
    for title, frame in metrics(points).items():
        columns[title] = frame["value"]
        if full:
            columns |= {f"{title}, {end}": frame[end] for end in ("low", "high")}
    columns["results"] = [
        f"build/runs/{point.point.run}/" if point.status == "good" else "none" for point in points
    ]
    return pd.DataFrame(columns)


def again(sweep: Sweep, privacy: Privacy) -> tuple[str, Mapping[str, Any]]:
    """Return the command that asks for the sweep again, and the file that does so too."""
    dimensions = privacy.value(dict(sweep.dimensions))
    fixed = privacy.value(dict(sweep.fixed))
    document: dict[str, Any] = {"study": sweep.study, "name": sweep.name}
    line = f"make sweep STUDY={sweep.study} NAME={sweep.name}"
    whole = math.prod(len(given) for given in dimensions.values()) == len(sweep.points)
    if whole:
        document["grid"] = dimensions
    else:
        document["points"] = [privacy.value(dict(point.values)) for point in sweep.points]
    if fixed:
        document["fixed"] = fixed
    words = {name: [_word(value) for value in given] for name, given in dimensions.items()}
    others = {name: _word(value) for name, value in fixed.items()}
    if not whole or None in (*others.values(), *(w for given in words.values() for w in given)):
        return f"{line} F={FILE}", document
    grid = " ".join(f"{name}={','.join(map(str, given))}" for name, given in words.items())
    more = " ".join(f"{name}={word}" for name, word in others.items())
    return f"{line} GRID='{grid}'" + (f" P='{more}'" if more else ""), document


def _word(value: Any) -> str | None:
    """Return a value as a word of a grid; None where it could be read as something else."""
    if isinstance(value, list):
        words = [_word(item) for item in value]
        return None if None in words else f"[{','.join(map(str, words))}]"
    word = value if isinstance(value, str) else files.to_json(value)
    if not _WORD.fullmatch(word) or (isinstance(value, str) and word == "null"):
        return None
    return word


def _number_column(column: pd.Series) -> pd.Series:
    """Return numbers as whole ones where all of them are."""
    import pandas as pd

    numbers = pd.to_numeric(column)
    known = numbers.dropna()
    whole = len(known) > 0 and bool((known == known.round()).all()) and known.abs().max() < 1e15
    return numbers.astype("Int64") if whole else numbers.astype("float64")


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)

"""The reader of parameters: what is read is what is written, whichever way it travels."""

from __future__ import annotations

import atexit
import json
import math
import shutil
import tempfile
from pathlib import Path
from typing import Any

from analysis_lib import studies
from analysis_lib.errors import ParameterError
from analysis_lib.runs.values import parse_words, parse_yaml, read_report, read_values
from analysis_lib.studies.params import StudyParams

_FOLDER = Path(tempfile.mkdtemp(prefix="fuzz-"))
atexit.register(shutil.rmtree, _FOLDER, ignore_errors=True)
_STUDIES: tuple[type[StudyParams], ...] = tuple(
    studies.load(name).Params for name in ("dge", "leukemia_classical", "ephys_lasso")
)

WORDS = [
    *(b"=", b": ", b"- ", b"{", b"}", b"[", b"]", b", ", b'"', b"'", b"#", b"\n", b"&a ", b"*a"),
    *(b"!!python/object:os.system ", b"!!binary ", b"!!set ", b"!!omap ", b"<<: ", b"? ", b"| "),
    *(b"1e-3", b"NO", b"007", b"null", b"~", b".inf", b".nan", b"0x1F", b"0o7", b"1_000", b"true"),
    *(b"2026-01-01", b"1:20", b"\\ud83d\\ude00", b"---", b"...", b"%YAML 1.1\n", b"\xef\xbb\xbf"),
    *(name.encode() + b"=" for name in _STUDIES[0].model_fields),
]
"""What parameters are made of, for those who put bytes together."""


def seeds() -> list[bytes]:
    """Return parameters of every kind to begin with; the first byte says how they are read."""
    words = [
        "p_threshold=1e-3",
        "models=lasso,forest",
        "data=my genes.csv\nseed=7",
        "columns={a: b}",
    ]
    files = [
        "p_threshold: 1e-3\nmodels: [lasso]\ndata: null\n",
        '{"p_threshold": 0.01, "columns": {"gene": "\\ud83d\\ude00"}}',
        "dge: {default: {}, strict: {p_threshold: 0.001}}\nleukemia_classical: {a-1: }\n",
        "a: &x [1, 2]\nb: *x\n",
        "a: |\n  text\n  more\nb: 2026-01-01\nc: !!binary aGk=\n",
        "? [a]\n: b\n",
    ]
    found = [bytes([4 * kind]) + word.encode() for kind in range(3) for word in words]
    found += [bytes([way]) + file.encode() for file in files for way in (1, 2, 3)]
    for kind, params in enumerate(_STUDIES):
        found.append(bytes([4 * kind + 2]) + json.dumps(params().as_json()).encode())
    return found


def check(data: bytes) -> int:
    """Read the bytes in the way their first one says, and return how many values they are.

    Raises
    ------
    AssertionError
        What was read does not come back as the same.
    """
    way, body = (data[0] if data else 0), data[1:]
    params = _STUDIES[way // 4 % len(_STUDIES)]
    text = body.decode("utf-8", "surrogateescape" if way & 64 else "replace")
    path = _FOLDER / "values.yml"
    path.write_bytes(body)
    try:
        if way % 4 == 0:
            return _checked(params, parse_words(params, text.split("\n")))
        if way % 4 == 1:
            return _plain(parse_yaml(text, "somewhere"))
        if way % 4 == 2:
            return _checked(params, read_values(path))
        return sum(_plain(dict(spec.values)) for spec in read_report(path))
    except ParameterError as error:
        _check_error(error)
        return 0


def _check_error(error: ParameterError) -> None:
    told = str(error).splitlines()
    assert 1 <= len(told) <= 5, told
    assert all(line.isprintable() for line in told), told
    assert len(str(error)) < 4_000, len(str(error))


def _checked(params: type[StudyParams], values: dict[str, Any]) -> int:
    """Take the values in, and send them on every way on which parameters travel."""
    first = params.of(values)
    told = first.as_json()
    assert set(values) <= set(told)
    assert params.of(told).as_json() == told
    assert params.of(json.loads(json.dumps(told))).as_json() == told
    written = json.dumps(told)
    assert params.of(parse_yaml(written, "somewhere")).as_json() == told
    words = [f"{name}={_word(value)}" for name, value in told.items()]
    assert params.of(parse_words(params, words)).as_json() == told
    return len(values)


def _word(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _plain(value: Any) -> int:
    """What JSON can hold comes back the same through JSON; count what there is."""
    try:
        written = json.dumps(value, allow_nan=False)
    except (ValueError, TypeError, RecursionError):
        return 1  # dates, keys of other types, infinite numbers: `of` judges them
    again = json.loads(written)
    assert _same(parse_yaml(written, "somewhere"), again), written
    return len(written)


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, float) and isinstance(other, float):
        return one == other and math.copysign(1, one) == math.copysign(1, other)
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_same(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_same, one, other))
    return type(one) is type(other) and one == other

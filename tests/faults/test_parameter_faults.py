"""Fault 6: a parameter means the same through every door, or is refused, and is never executed."""

from __future__ import annotations

import base64
import json
import math
import os
import shlex
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Any, Literal

import nbformat
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pydantic import Field

from analysis_lib import studies
from analysis_lib.errors import ParameterError
from analysis_lib.files import PROJECT
from analysis_lib.runs.injection import check_pasted
from analysis_lib.runs.plain import DEEPEST, LONGEST
from analysis_lib.runs.values import parse_words, read_report, read_values, split_words
from analysis_lib.studies.params import StudyParams
from tests.faults.guards import Guard

GUARDS = [
    Guard(
        "analysis_lib/runs/plain.py",
        "        if event.anchor:  # an alias has one too",
        "        if False:",
        "test_a_file_that_asks_for_more_than_values_is_refused[billion laughs]",
    ),
    Guard(
        "analysis_lib/runs/plain.py",
        "flags | os.O_NONBLOCK",
        "flags",
        "test_a_file_that_cannot_be_one_of_parameters_is_refused[pipe]",
    ),
    Guard(
        "analysis_lib/studies/params.py",
        "    if not text:\n        return _Fault",
        "    if False:\n        return _Fault",
        "test_what_json_would_change_is_refused[empty path]",
    ),
    Guard(
        "analysis_lib/studies/params.py",
        "        meant = _assigned(names)\n",
        "        meant: set[str] = set()\n",
        "test_a_wrong_parameter_stops_a_notebook_in_its_second_cell",
    ),
    Guard(
        "analysis_lib/runs/injection.py",
        "            check_pasted(parameters)\n",
        "",
        "test_plain_papermill_runs_no_code_of_a_file[value]",
    ),
    Guard(
        "Makefile",
        "$(foreach name,$(GIVEN),$(eval override $(name) := $$(value $(name))))\n",
        "",
        "test_make_hands_everything_over_as_it_was_typed[run-command line]",
    ),
]

HOSTILE = (
    "$(touch canary) `touch canary` $(shell touch canary) ${HOME} $$ $x; touch canary #"
    " & | > canary \\ \"q\" 'p' {0} {x.__class__} %s !!python ../é🧬\u202e~ *"
)
ANYTHING = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.sampled_from([0, 1, 7, 8, 2**31, 2**63, 10**400, -1]),
    st.floats(),
    st.sampled_from([0.0, 1.0, -0.0, 5e-324, 1e308, math.nextafter(1, 2)]),
    st.text(),
    st.sampled_from(["007", "NO", "off", "~", "null", "1e-3", "a\0b", "\ud800", HOSTILE]),
    st.lists(st.one_of(st.text(), st.integers(), st.none()), max_size=3),
    st.dictionaries(st.text(max_size=5), st.one_of(st.text(), st.integers()), max_size=3),
)


class Every(StudyParams):
    """A parameter of every type that the studies have."""

    whole: int = Field(1, ge=0, le=7, description="A number.")
    large: int | None = Field(None, ge=1, description="Nothing, or a number.")
    real: float = Field(0.5, gt=0, lt=1, description="A number.")
    share: float | None = Field(None, gt=1, le=100, description="Nothing, or a number.")
    flag: bool = Field(False, description="A choice.")
    text: str = Field("a", description="A text.")
    path: str | None = Field(None, description="A path.")
    choice: Literal["raw", "log10"] = Field("raw", description="A choice.")
    names: list[str] = Field(["x"], max_length=3, description="Names.")
    layers: list[int] = Field([1], max_length=3, description="Numbers.")
    models: list[Literal["svm", "forest"]] = Field(["svm"], min_length=1, description="Choices.")
    columns: dict[Literal["p", "q"], str] = Field({}, description="A mapping.")


LEGAL: dict[str, st.SearchStrategy[Any]] = {
    "whole": st.integers(0, 7),
    "large": st.none() | st.integers(1, 2**63 - 1),
    "real": st.floats(0, 1, exclude_min=True, exclude_max=True),
    "share": st.none() | st.floats(1, 100, exclude_min=True) | st.just(2),
    "flag": st.booleans(),
    "text": st.text(st.characters(codec="utf-8", exclude_characters="\0")),
    "path": st.none() | st.sampled_from(["my genes.csv", HOSTILE, "007", "NO", "1e-3"]),
    "choice": st.sampled_from(["raw", "log10"]),
    "names": st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\0")), max_size=3),
    "layers": st.lists(st.integers(0, 9), max_size=3),
    "models": st.lists(st.sampled_from(["svm", "forest"]), min_size=1),
    "columns": st.dictionaries(st.sampled_from("pq"), st.text(st.characters(codec="utf-8"))),
}


@st.composite
def given_values(draw) -> dict[str, Any]:
    """Draw a few parameters, most of them legal, and at most one of any kind."""
    chosen = draw(st.lists(st.sampled_from(list(LEGAL)), max_size=4, unique=True))
    values = {name: draw(LEGAL[name]) for name in chosen}
    if draw(st.booleans()):
        names = st.sampled_from([*LEGAL, "lagre", "params", "figures", "__builtins__", "class"])
        values[draw(names)] = draw(ANYTHING)
    return values


def outcome(read) -> Any:
    """Return the parameters that a door lets in, or "refused"; the message must be bearable."""
    try:
        return read().as_json()
    except ParameterError as error:
        return told(str(error)) and "refused"


def told(message: str) -> str:
    """Return a message, after seeing that it can be read aloud."""
    lines = message.splitlines()
    assert 1 <= len(lines) <= 5, message
    assert all(line.isprintable() and len(line) <= 400 for line in lines), lines
    return message


def written(value: object) -> str:
    """Write a value as JSON, which is YAML too; both have a word for what is not finite."""
    if isinstance(value, float) and not math.isfinite(value):
        return {"inf": ".inf", "-inf": "-.inf"}.get(str(value), ".nan")
    return json.dumps(value)


def word(name: str, value: object) -> str:
    """Write a parameter as a word: texts stand as they are."""
    return f"{name}={value if isinstance(value, str) else written(value)}"


def has_words(values: dict[str, Any]) -> bool:
    """Say whether words can mean these values: what a word means follows from its parameter."""
    kinds = {"text": str, "path": str, "names": list, "layers": list, "models": list}
    fits = [isinstance(values[name], kind) for name, kind in kinds.items() if name in values]
    return all(fits) and values.get("path") not in ("", "null")


def in_notebook(values: dict[str, Any]) -> StudyParams:
    """Give parameters as papermill does: a cell of its translator after the defaults."""
    from papermill.translators import PythonTranslator

    check_pasted(values)
    names: dict[str, Any] = {}
    cell = PythonTranslator.codify(values)
    exec(cell, {"__builtins__": {"float": float}}, names)  # noqa: S102  (papermill's own text)
    return Every.from_notebook({**names, "_ih": ["", cell, "from_notebook"]})


@pytest.mark.fault(
    "One value, different meanings",
    by="values of every type, legal and not, through every door",
    survives="the same parameters through all, or refused by all",
)
@settings(max_examples=100, deadline=None)
@example({"text": float("nan")})
@example({"path": ""})
@example({"layers": [8], "models": ["svm"]})
@given(given_values())
def test_every_door_lets_the_same_in(tmp_path_factory, values):
    """Before: NaN became the text "NaN", `layers=8,4` and a gene `1E5` were refused as words."""
    expected = outcome(lambda: Every.of(values))
    folder = tmp_path_factory.getbasetemp()
    block = "".join(f"{json.dumps(name)}: {written(value)}\n" for name, value in values.items())
    texts = {"p.yml": block, "p.json": json.dumps(values)}
    for name, text in texts.items():
        (folder / name).write_text(text)
        assert outcome(lambda name=name: Every.of(read_values(folder / name))) == expected, text
    (folder / "report.yml").write_text(json.dumps({"every": {"default": values}}))
    if expected != "refused":  # a report is refused as a whole
        assert Every.of(read_report(folder / "report.yml")[0].values).as_json() == expected
    assert outcome(lambda: in_notebook(values)) == expected
    if has_words(values):
        words = [word(name, value) for name, value in values.items()]
        assert outcome(lambda: Every.of(parse_words(Every, words))) == expected, words
        assert split_words(shlex.join(words)) == words


TYPED = {
    # what is typed: what a text, a whole number, a number and a choice make of it in a word
    "007": ("007", None, None),
    "1e-3": ("1e-3", None, 1e-3),
    "1E3": ("1E3", None, 1e3),
    "NO": ("NO", None, None),
    "off": ("off", None, None),
    "~": ("~", None, None),
    "true": ("true", None, None),
    "1": ("1", 1, 1.0),
    "1.0": ("1.0", None, 1.0),
    "+1": ("+1", 1, 1.0),
    "-0": ("-0", 0, 0.0),
    "1_000": ("1_000", None, None),
    "0x10": ("0x10", None, None),
    "0o17": ("0o17", None, None),
    "1:30": ("1:30", None, None),
    "2024-1-1": ("2024-1-1", None, None),
    "1e400": ("1e400", None, None),
    ".inf": (".inf", None, None),
    "nan": ("nan", None, None),
    "9" * 30: ("9" * 30, None, None),
    "9" * 5000: ("9" * 5000, None, None),
    "٣": ("٣", None, None),
    "": ("", None, None),
    "!!int 1": ("!!int 1", None, None),
    "*x": ("*x", None, None),
}


class Typed(StudyParams):
    text: str = Field("a", description="A text.")
    whole: int = Field(5, description="A number.")
    real: float = Field(0.5, description="A number.")


@pytest.mark.fault(
    "Text guessed at: numbers, NO, dates",
    by="words that look like something else, as words, in YAML, in JSON",
    survives="a text to the letter, the number that it is, or refused",
)
@pytest.mark.parametrize("typed", TYPED, ids=lambda typed: ascii(typed[:9]) or "nothing")
def test_what_is_typed_is_not_guessed_at(tmp_path, typed):
    """Before: 007 was 7 in one door and 7 octal in another, a date lost its form."""
    for name, value in zip(Typed.model_fields, TYPED[typed], strict=True):
        by_word = outcome(lambda name=name: Typed.of(parse_words(Typed, [f"{name}={typed}"])))
        assert by_word == "refused" if value is None else by_word[name] == value
        if name == "text":
            continue
        (tmp_path / "p.yml").write_text(f"{name}: {typed}")
        assert outcome(lambda: Typed.of(read_values(tmp_path / "p.yml"))) == by_word
    (tmp_path / "p.yml").write_text(f"text: {typed}")
    in_yaml = outcome(lambda: Typed.of(read_values(tmp_path / "p.yml")))
    assert in_yaml == "refused" or in_yaml["text"] == typed


def edges(field: dict[str, Any]) -> tuple[list[Any], list[Any]]:
    """Return values at the limits of a parameter, and their illegal neighbours."""
    legal: list[Any] = []
    illegal: list[Any] = []
    for option in field.get("anyOf", [field]):
        kind = option.get("type")
        step = {"integer": lambda x, to: x + (1 if to > x else -1), "number": math.nextafter}
        for key, way in {"minimum": -1, "maximum": 1}.items():
            if key in option:
                limit, to = option[key], way * math.inf
                legal.append(limit)
                illegal.append(step[kind](limit, to))
        for key, way in {"exclusiveMinimum": 1, "exclusiveMaximum": -1}.items():
            if key in option:
                legal.append(step[kind](option[key], way * math.inf))
                illegal.append(option[key])
        item = (option.get("items", {}).get("enum") or ["x"])[0]
        if option.get("items", {}).get("type") == "integer":
            item = 1
        for key, by in {"minItems": -1, "maxItems": 1}.items():
            if key in option:
                legal.append([item] * option[key])
                illegal.append([item] * (option[key] + by))
        legal += option.get("enum", [])
        legal += {"null": [None], "boolean": [True, False], "string": []}.get(kind, [])
        illegal += {"integer": [1.0, 1.5, True, "1"], "number": [True, "1"]}.get(kind, [])
        illegal += {"boolean": [0, 1, 1.0, "true"], "array": ["x", {}, None]}.get(kind, [])
        illegal += {"object": [[], "x", {"x": "y"}, None], "string": [1, True, []]}.get(kind, [])
    illegal += [10**400, {"a": [1]}]
    return legal, illegal


@pytest.mark.fault(
    "A limit that lets its neighbour in",
    by="each parameter at its limits and just beyond, and of a wrong type",
    survives="the limits are legal, their neighbours refused by name",
)
@pytest.mark.parametrize("study", studies.STUDIES)
def test_limits_hold_for_every_parameter_of_every_study(tmp_path, study):
    """Before: 10**5000 said that a parameter called 'parameters' was wrong."""
    params = studies.load(study).Params
    for name, field in params.model_json_schema()["properties"].items():
        legal, illegal = edges(field)
        for value in legal:
            assert params.of({name: value}).as_json()[name] == value
            given_word = word(name, value) if value is not None else f"{name}="
            assert params.of(parse_words(params, [given_word])) == params.of({name: value})
        for value in illegal:
            with pytest.raises(ParameterError) as caught:
                params.of({name: value})
            assert repr(name) in told(str(caught.value)), value
            with pytest.raises(ParameterError):
                params.of(json.loads(json.dumps({name: value})))


CHANGED = {
    "nan for a text": {"text": math.nan},
    "infinity": {"real": math.inf},
    "minus infinity in a list": {"layers": [-math.inf]},
    "set for a list": {"names": {"b", "a"}},
    "bytes for a text": {"text": b"x"},
    "path for a text": {"text": Path("x")},
    "number for a name": {"columns": {1: "a"}},
    "NUL": {"text": "a\0b"},
    "half a character": {"names": ["\ud83d"]},
    "half a character in a name": {"columns": {"\udcff": "a"}},
    "5,000 digits": {"whole": 10**5000},
    "65 bits": {"large": 2**64},
    "lists in lists": {"names": [[[["x"]]]]},
    "empty path": {"path": ""},
    "path too long": {"path": "x" * 5000},
    "home of nobody": {"path": "~nobody-of-that-name/x.csv"},
}


@pytest.mark.fault(
    "A value that JSON would change",
    by="NaN, sets, bytes, NUL, half characters, endless digits, no path",
    survives="refused, by the parameter's name",
)
@pytest.mark.parametrize("values", CHANGED.values(), ids=CHANGED)
def test_what_json_would_change_is_refused(values):
    """Before: NaN became a text, a set a list in any order, an empty path simulated data."""
    with pytest.raises(ParameterError) as caught:
        Every.of(values)
    assert repr(next(iter(values))) in told(str(caught.value))


@pytest.mark.fault(
    "A list that holds itself",
    by="the `parameters` cell of a notebook",
    survives="refused by its depth",
)
def test_a_list_that_holds_itself_is_refused():
    """Before: said that JSON could not hold it, without the parameter's name."""
    endless: list[Any] = []
    endless.append(endless)
    with pytest.raises(ParameterError, match="nested"):
        Every.of({"names": endless})


LAUGHS = "a: &a [x, x]\n" + "".join(
    f"{new}: &{new} [*{old}, *{old}, *{old}, *{old}, *{old}, *{old}, *{old}, *{old}, *{old}]\n"
    for old, new in zip("abcdefgh", "bcdefghi", strict=True)
)
ASKING = {
    "billion laughs": LAUGHS,
    "alias of itself": "names: &a [*a]",
    "anchor": "text: &a x",
    "tag": "whole: !!int 1",
    "tag of Python": "text: !!python/object/apply:os.system [touch canary]",
    "local tag": "text: !x y",
    "binary": "text: !!binary eA==",
    "merge": "<<: {whole: 1}",
    "directive": "%YAML 1.1\n---\nwhole: 010",
    "own tags": "%TAG ! tag:x,2000:\n---\nwhole: 1",
    "two documents": "whole: 1\n---\nwhole: 2",
    "name given twice": "whole: 1\nwhole: 2",
    "name that is no text": "1: 2",
    "name that is a list": "[a]: 2",
    "name that is nothing": "? \n: 2",
    "nested": "names: " + "[" * (DEEPEST + 1) + "]" * (DEEPEST + 1),
    "deeply nested": "[" * 5000,
    "nested mappings": "{a: " * 5000,
    "10 MB": "text: " + "x" * 10**7,
    "list": "- whole",
    "text": "whole",
    "NUL": "text: a\0",
    "escape": "text: \x1b[31m",
    "no JSON": "{",
}
IN_JSON = {
    "name given twice": '{"whole": 1, "whole": 2}',
    "twice in a mapping": '{"columns": {"p": "a", "\\u0070": "b"}}',
    "comment": '{"whole": 1} // one',
    "comma": '{"whole": 1,}',
    "NaN": '{"real": NaN}',
    "Infinity": '{"real": -Infinity}',
    "leading zero": '{"whole": 007}',
    "1e400": '{"real": 1e400}',
    "5,000 digits": '{"whole": ' + "9" * 5000 + "}",
    "deeply nested": "[" * 50_000,
    "nested": '{"names": ' + "[" * (DEEPEST + 1) + "]" * (DEEPEST + 1) + "}",
    "half a character": '{"text": "\\ud800"}',
    "NUL": '{"text": "\\u0000"}',
    "nothing": "",
    "list": "[]",
    "YAML": "whole: 1",
}


@pytest.mark.fault(
    "YAML that does more than name values",
    by="aliases, tags, merges, directives, repeated names, depth, 10 MB",
    survives="refused with its place, at once",
)
@pytest.mark.parametrize("text", ASKING.values(), ids=ASKING)
def test_a_file_that_asks_for_more_than_values_is_refused(tmp_path, text):
    """Before: nine lines of aliases filled the memory, deep nesting was a traceback."""
    (tmp_path / "p.yml").write_text(text)
    with pytest.raises(ParameterError) as caught:
        read_values(tmp_path / "p.yml")
    assert "p.yml" in told(str(caught.value))


@pytest.mark.fault(
    "JSON that is not JSON",
    by="names twice, comments, NaN, 1e400, depth, half characters",
    survives="refused; Params refuse what JSON can say and they cannot",
)
@pytest.mark.parametrize("text", IN_JSON.values(), ids=IN_JSON)
def test_json_is_read_to_the_letter(tmp_path, text):
    """Before: JSON was read as YAML: comments, commas and half-true numbers passed."""
    (tmp_path / "p.json").write_text(text)
    with pytest.raises(ParameterError) as caught:
        Every.of(read_values(tmp_path / "p.json"))
    told(str(caught.value))


@pytest.mark.fault(
    "A file that is none, or no UTF-8",
    by="a folder, a pipe, a device, a link to itself, UTF-16, Latin-1, NUL",
    survives="refused by name without waiting; a BOM is read over",
)
@pytest.mark.parametrize(
    "kind", ["folder", "pipe", "device", "link to itself", "missing", "utf-16", "latin-1", "NUL"]
)
def test_a_file_that_cannot_be_one_of_parameters_is_refused(tmp_path, kind):
    """Before: a pipe was waited for without end, /dev/zero was read until memory was full."""
    path = tmp_path / "p.yml"
    match kind:
        case "folder":
            path.mkdir()
        case "pipe":
            os.mkfifo(path)
        case "device":
            path.symlink_to("/dev/zero")
        case "link to itself":
            path.symlink_to(path)
        case "utf-16" | "latin-1":
            path.write_bytes("text: é".encode(kind))
        case "NUL":
            path = Path(f"{path}\0")
    done = subprocess.run(  # in a process of its own, for a reader that waits can be ended
        [sys.executable, "-c", READING, json.dumps(str(path))],
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "cannot be read" in told(done.stdout.strip())
    assert "p.yml" in done.stdout


READING = """
import json, sys
from pathlib import Path
from analysis_lib.errors import ParameterError
from analysis_lib.runs.values import read_values
try:
    read_values(Path(json.loads(sys.argv[1])))
except ParameterError as error:
    print(error)
"""


@pytest.mark.fault(
    "A byte-order mark, tabs, DOS line ends",
    by="files as editors of Windows write them",
    survives="read like any other",
)
@pytest.mark.parametrize("name", ["p.yml", "p.json"])
def test_files_of_other_editors_are_read(tmp_path, name):
    """Held from the start."""
    (tmp_path / name).write_bytes(b'\xef\xbb\xbf{\r\n\t"whole":\t2\r\n}\r\n')
    assert read_values(tmp_path / name) == {"whole": 2}


@pytest.mark.fault(
    "A parameter file as long as allowed",
    by=f"{LONGEST:,} bytes of YAML",
    survives="read; a byte more is refused",
)
def test_the_longest_file_is_read(tmp_path):
    """Before: 10 MB were parsed for minutes before anything was said."""
    path = tmp_path / "p.yml"
    path.write_text("text: " + "x" * (LONGEST - 6))
    assert len(read_values(path)["text"]) == LONGEST - 6
    path.write_text(path.read_text() + "x")
    with pytest.raises(ParameterError, match="So much"):
        read_values(path)


STAND_IN = """#!/bin/sh
for word in "$@"; do printf '%s\\0' "$word"; done > said
"""
GIVEN = {
    # what is given to make, and the words that its program must get
    "run": (
        ["STUDY", "NAME", "F", "P"],
        ["run", "--", "{}", "--name={}", "--file={}", "--words={}"],
    ),
    "check": (["STUDY", "F", "P"], ["check", "--", "{}", "--file={}", "--words={}"]),
    "sweep": (
        ["STUDY", "NAME", "F", "P", "GRID", "JOBS", "MOST", "SCHEDULER"],
        [
            *("sweep", "--", "{}", "--file={}", "--words={}", "--grid={}", "--name={}"),
            *("--jobs={}", "--scheduler={}", "--most={}"),
        ],
    ),
    "book": (["JOBS"], ["book", "--jobs={}"]),
    "serve": (["PORT"], ["serve", "--port={}"]),
    "publish": (["TO"], ["publish", "--", "{}"]),
    "data": (["STUDY"], ["data", "--download", "--", "{}"]),
}


@pytest.fixture
def made(tmp_path):
    """A folder with the project's Makefile, and a program that writes down what it is given."""
    program = tmp_path / ".venv" / "bin" / "python"
    program.parent.mkdir(parents=True)
    program.write_text(STAND_IN)
    program.chmod(0o755)
    for name in ("Makefile", "requirements.lock", "pyproject.toml"):
        (tmp_path / name).write_text((PROJECT / name).read_text())
    return tmp_path


def make(folder: Path, *words: str, **given: str) -> subprocess.CompletedProcess[str]:
    """Call make as a person does, but for the set-up: its stamp is taken for an old one."""
    outside = {name: text for name, text in os.environ.items() if not name.startswith("MAKE")}
    return subprocess.run(
        ["make", "--no-print-directory", "-o", ".venv/.installed", *words],
        cwd=folder,
        env=outside | given,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def said(folder: Path) -> list[str]:
    """Return the words that the program was given."""
    return (folder / "said").read_text().split("\0")[:-1]


@pytest.mark.fault(
    "make and the shell look into what is given",
    by="$(…), backquotes, ;, >, #, $, quotes, a line end in every variable",
    survives="the program gets each to the letter; no canary",
)
@pytest.mark.parametrize("way", ["command line", "environment"])
@pytest.mark.parametrize("verb", GIVEN)
def test_make_hands_everything_over_as_it_was_typed(made, verb, way):
    """Before: make run P='x=`touch canary`' touched it, and P='x=$HOME' lost its $H."""
    names, words = GIVEN[verb]
    text = f"{HOSTILE}\ntouch canary\n\tz"
    before = sorted(path.name for path in made.iterdir())
    given = dict.fromkeys(names, text)
    typed = [f"{name}={text}" for name in given] if way == "command line" else []
    done = make(made, verb, *typed, **({} if typed else given))
    assert done.returncode == 0, done.stderr
    assert said(made) == ["-m", "analysis_lib", *(w.replace("{}", text) for w in words)]
    assert sorted(path.name for path in made.iterdir()) == [*before, "said"]


@pytest.mark.fault(
    "A list of runs that the shell expands",
    by='make compare RUNS="* $(touch canary) dge/a"',
    survives="words and nothing else; no canary, no file names",
)
def test_make_compare_splits_and_does_nothing_else(made):
    """Before: the shell ran what was in it."""
    assert make(made, "compare", "RUNS=dge/a  * $(touch canary)\n`touch canary`").returncode == 0
    words = ["dge/a", "*", "$(touch", "canary)", "`touch", "canary`"]
    assert said(made) == ["-m", "analysis_lib", "compare", "--", *words]
    assert not (made / "canary").exists()


@pytest.mark.fault(
    "Variables that nobody gave",
    by="make run, check, sweep, book, serve, publish, data, compare, test without any",
    survives="the defaults, and an environment as it was",
)
def test_make_without_variables_gives_the_defaults(made):
    """Held from the start: exporting them must not tell other verbs of a STUDY."""
    for verb, words in {
        "run": ["run", "--", "dge", "--name=mine", "--words="],
        "check": ["check", "--", "dge", "--words="],
        "sweep": ["sweep", "--", "dge", "--words="],
        "book": ["book"],
        "serve": ["serve"],
        "publish": ["publish", "--"],
        "data": ["data", "--download", "--"],
        "compare": ["compare", "--"],
    }.items():
        assert make(made, verb).returncode == 0
        assert said(made) == ["-m", "analysis_lib", *words]
    (made / ".venv" / "bin" / "python").write_text("#!/bin/sh\nenv")
    told = make(made, "test").stdout.splitlines()
    assert not any(line.startswith(("STUDY=", "NAME=", "P=", "F=", "ASKED=")) for line in told)
    assert make(made, "-n", "run", "P=x").stdout.count("\n") == 1


@pytest.mark.fault(
    "a default of make's beside a file that says otherwise",
    by="make sweep with a file, with and without STUDY",
    survives="the program is told of a study by who names one",
)
def test_make_sweep_leaves_the_study_to_a_file_and_to_nobody_else(made):
    """Held from the start: STUDY has a default, which would speak against the file's study."""
    assert make(made, "sweep", "F=sweep.yml").returncode == 0
    assert said(made) == ["-m", "analysis_lib", "sweep", "--file=sweep.yml", "--words="]
    assert make(made, "sweep", "F=sweep.yml", "STUDY=dge").returncode == 0
    assert said(made)[3:] == ["--", "dge", "--file=sweep.yml", "--words="]


@pytest.mark.fault(
    "a hostile address of a scheduler",
    by="on make's command line and in its environment",
    survives="the address to the letter, under Dask's own name; no canary",
)
def test_make_tells_kernels_of_the_scheduler_by_dasks_own_name(made):
    """Held from the start: what make exports of itself has passed through a shell."""
    (made / ".venv" / "bin" / "python").write_text("#!/bin/sh\nenv")
    for verb in ("run", "book", "sweep"):
        told = make(made, verb, "SCHEDULER=tcp://a:$(touch canary)").stdout.splitlines()
        assert "DASK_SCHEDULER_ADDRESS=tcp://a:$(touch canary)" in told
        told = make(made, verb, DASK_SCHEDULER_ADDRESS="tcp://b:1").stdout.splitlines()
        assert "DASK_SCHEDULER_ADDRESS=tcp://b:1" in told
    assert not (made / "canary").exists()


@pytest.mark.fault(
    "A hostile value through make, the shell and the program",
    by="the real command line, from the command line and the environment",
    survives="our message with the value to the letter; no canary",
)
def test_a_hostile_value_reaches_our_message_to_the_letter(made):
    """Before: the shell ran the value, and what was left of it was a parameter."""
    (made / ".venv" / "bin" / "python").unlink()
    (made / ".venv" / "bin" / "python").symlink_to(sys.executable)
    (made / "Makefile").write_text(
        (made / "Makefile").read_text().replace(".venv/bin/python", shlex.quote(sys.executable), 1)
    )
    value = HOSTILE.replace("\u202e", "")
    words = shlex.join(["p_threshold=0.01", f"data={value}"])
    for done in (make(made, "check", f"P={words}"), make(made, "check", P=words)):
        assert done.returncode == 2, done.stderr
        message = done.stderr.partition("make:")[0].strip()
        assert f"where:    {value}\n" in told(message) + "\n"
    assert not (made / "canary").exists()


def first_cells(study: str) -> list[str]:
    """Return the two code cells with which a study's notebook begins."""
    notebook = nbformat.read(PROJECT / "notebooks" / f"{study}.ipynb", as_version=4)
    return [cell.source for cell in notebook.cells if cell.cell_type == "code"][:2]


WRONG = {
    # what papermill's injected cell assigns, and what our message says of it
    "seed = -1": "'seed'",
    "seed = 1.0": "'seed'",
    "seed = float('nan')": "'seed'",
    "seed = {1, 2}": "'seed'",
    "seed = [[]]": "'seed'",
    "seed = 10 ** 5000": "'seed'",
    "data = b'x'": "'data'",
    "data = ''": "'data'",
    "data = '\\ud800'": "'data'",
    "sede = 1": "Did you mean 'seed'?",
    "figures = 1": "'figures'",
    "params = 1": "'params'",
    "say = 'x'": "'say'",
    "_seed = 1": "'_seed'",
    "__seed__ = 1": "'__seed__'",
    "open = 1": "'open'",
    "exit = 'x'": "'exit'",
    "In = [1]": "'In'",
    "x: int = 1": "'x'",
    "SEED = 1": "'SEED'",
}
OTHER_CELLS = "values = {'a': [1, 2]}\nnumber = 5\nfor letter in 'ab':\n    pass"


def in_shell(cases: list[list[str]], folder: Path) -> list[dict[str, str] | None]:
    """Run cells of each case in an IPython session of its own, all in one process."""
    environment = {**os.environ, "IPYTHONDIR": str(folder), "PYTHONPATH": str(PROJECT)}
    environment.pop("ANALYSIS_RUN_FOLDER", None)
    done = subprocess.run(
        [sys.executable, "-m", "tests.faults.notebook_doors"],
        input=json.dumps(cases),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        cwd=folder,
        env=environment,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.fault(
    "A notebook with a wrong parameter",
    by="cells as papermill injects them, in all five notebooks",
    survives="stopped in the second cell by our message, without a traceback",
    trials=len(WRONG) + 3 * (len(studies.STUDIES) - 1),
)
def test_a_wrong_parameter_stops_a_notebook_in_its_second_cell(tmp_path):
    """Before: names that IPython or an import has (`figures`, `open`, `_x`) were ignored."""
    cells = {study: first_cells(study) for study in studies.STUDIES}
    few = ("seed = -1", "figures = 1", "sede = 1")
    wrong = [(study, text) for study in cells for text in (WRONG if study == "dge" else few)]
    cases = [[cells[study][0], f"# Parameters\n{text}\n", cells[study][1]] for study, text in wrong]
    answers = in_shell(cases, tmp_path)
    assert len(answers) == len(WRONG) + 3 * (len(studies.STUDIES) - 1)
    for (study, text), answer in zip(wrong, answers, strict=True):
        assert answer is not None, (study, text)
        assert answer["kind"] == "NotebookParameterError", answer
        assert WRONG[text] in told(answer["message"]), (study, text)
        assert answer["shown"].strip() == f"ParameterError: {answer['message']}"


@pytest.mark.fault(
    "A notebook run by hand, and again",
    by="the defaults, a scratch variable, all cells twice, an edited cell",
    survives="runs; a wrong name in the edited cell is still found",
)
def test_a_notebook_is_run_by_hand_twice(tmp_path):
    """Before: running all cells again in the same session called every variable a parameter."""
    cases, good = [], []
    for study in ("dge", "geo_validation"):
        one, two = first_cells(study)
        again = [one, two, OTHER_CELLS, one]
        cases += [[one, two], ["import math", one, two], [*again, two], [*again, "seed = 5", two]]
        cases += [[*again, text, two] for text in ("sede = 5", "figures = 5", "seed = -1")]
        good += [True] * 4 + [False] * 3
    answers = in_shell(cases, tmp_path)
    for answer, fine in zip(answers, good, strict=True):
        assert (answer is None) == fine, answer
        assert fine or answer["kind"] == "NotebookParameterError"


@pytest.mark.fault(
    "Hostile values through plain papermill",
    by="papermill -r, -p, -y and -f on a notebook, in a real kernel",
    survives="the values to the letter in the notebook's Params; no canary",
)
def test_plain_papermill_hands_values_over_to_the_letter(toy, tmp_path):
    """Held from the start: papermill writes texts as literals; names are another matter."""
    run = tmp_path / "run"
    run.mkdir()
    names = ["007", "NO", "1e-3", HOSTILE, "\N{DNA DOUBLE HELIX}", "a\nb"]
    (toy.root / "p.yml").write_text(json.dumps({"number": 0.5}))
    before = {path.name for path in toy.root.rglob("*")}
    given = ["-r", "text", HOSTILE, "-y", json.dumps({"names": names}, ensure_ascii=False)]
    done = papermill(toy.root, *given, "-p", "data", "None", "-f", "p.yml", run=run)
    assert done.returncode == 0, done.stderr
    got = json.loads((run / "params.json").read_text())
    assert got == {"number": 0.5, "text": HOSTILE, "names": names, "data": None}
    written = {p.name for p in toy.root.rglob("*") if "__pycache__" not in p.parts}
    assert written - before == {"out.ipynb"}


PASTED = {
    "line end in a name": {"x = 1\nopen('canary', 'w')\ny": 1},
    "semicolon in a name": {"number; open('canary', 'w'); y": 1},
    "place for a name": {"In[0]": 1},
    "keyword": {"class": 1},
    "blank": {" number": 1},
    "nothing": {"": 1},
    "no text": {1: 1},
    "bytes": {"text": b"\" + open('canary', 'w').name + \""},
    "bytes in a list": {"names": [b"x"]},
    "bytes for a name": {"text": {b"x": 1}},
    "set": {"names": {"\" + open('canary', 'w').name + \""}},
    "tuple": {"names": [("x",)]},
    "date": {"text": date(2024, 1, 1)},
}


@pytest.mark.fault(
    "A name or a value that papermill pastes as code",
    by="line ends, ;, keywords, bytes, sets and dates given to its translator",
    survives="refused before anything is pasted",
)
@pytest.mark.parametrize("parameters", PASTED.values(), ids=PASTED)
def test_nothing_but_names_and_values_is_pasted(parameters):
    """Before: papermill wrote a name as it was, and the repr of bytes without escapes."""
    with pytest.raises(ParameterError) as caught:
        check_pasted(parameters)
    told(str(caught.value))
    check_pasted({"number": 1.5, "names": ["a", {"b": [None, True, math.nan]}], "größe": HOSTILE})


@pytest.mark.fault(
    "Code in a stranger's file of parameters, run by plain papermill",
    by="papermill -f with a name of two lines, and with !!binary",
    survives="our message before a kernel starts; no canary, no notebook",
)
@pytest.mark.parametrize("kind", ["name", "value"])
def test_plain_papermill_runs_no_code_of_a_file(toy, tmp_path, kind):
    """Before: both touched the canary."""
    code = base64.b64encode(b'" + open(chr(99) * 6, "w").name + "').decode()
    name = json.dumps("number = 1.0\nopen('cccccc', 'w')\nnumber")
    text = f"{name}: 1.0" if kind == "name" else f"text: !!binary {code}"
    (toy.root / "p.yml").write_text(text)
    entry = tmp_path / "lib" / "careful-0.dist-info" / "entry_points.txt"
    entry.parent.mkdir(parents=True)
    entry.write_text("[papermill.engine]\nchecked = analysis_lib.runs.injection:engine\n")
    done = papermill(toy.root, "-f", "p.yml", run=tmp_path, path=entry.parents[1])
    assert done.returncode == 1, done.stderr
    assert "analysis_lib.errors.ParameterError" in done.stderr
    assert not (toy.root / "cccccc").exists()
    assert not (toy.root / "out.ipynb").exists()


def papermill(
    folder: Path, *words: str, run: Path, path: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """Run plain papermill on the notebook of the toy study, from a shell's point of view."""
    program = [sys.executable, "-m", "papermill", "notebooks/toy.ipynb", "out.ipynb"]
    places = [str(place) for place in (path, PROJECT) if place]
    return subprocess.run(
        [*program, "-k", "python3", "-l", "python", "--no-progress-bar", *words],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        cwd=folder,
        env={
            **os.environ,
            "ANALYSIS_RUN_FOLDER": str(run),
            "IPYTHONDIR": str(run),
            "PYTHONPATH": os.pathsep.join(places),
        },
    )

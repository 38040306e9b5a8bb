"""What a sweep is asked to vary: as words, as a grid, as a list of points, as random draws."""

from __future__ import annotations

import json
import math
import shlex
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field

from analysis_lib import studies
from analysis_lib.errors import ParameterError
from analysis_lib.runs.grid import Asked, asked, of_file, of_words, study_of
from analysis_lib.studies.params import StudyParams


class Params(StudyParams):
    number: float = Field(1.0, description="A number.", gt=0)
    count: int = Field(1, description="A whole number.", ge=0)
    text: str = Field("a", description="A text.")
    names: list[str] = Field(["x"], description="Some names.")
    data: str | None = Field(None, description="A path.")


def points(text: str) -> list[dict[str, object]]:
    return [dict(point) for point in of_words(Params, text, {}).points]


def file(folder: Path, content: object) -> Path:
    path = folder / "sweep.json"
    path.write_text(json.dumps(content))
    return path


def test_every_value_of_each_meets_every_value_of_the_others():
    assert points("number=0.1,1e-2 count=1,2,3") == [
        {"number": number, "count": count} for number in (0.1, 0.01) for count in (1, 2, 3)
    ]


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("names=[a,b],[c]", [["a", "b"], ["c"]]),
        ("names=a,b", [["a"], ["b"]]),
        ("names='[a, b]',[c, d]", [["a", "b"], ["c", "d"]]),
        ("text=7,NO,null", ["7", "NO", "null"]),
        ("data=null,a.csv", [None, "a.csv"]),
        ("data='my, own.csv',\"b's.csv\"", ["my, own.csv", "b's.csv"]),
        (r"data=a\,b.csv,c\ d.csv", ["a,b.csv", "c d.csv"]),
        ("data=a[1.csv,b].csv", ["a[1.csv", "b].csv"]),
        ("number=1", [1]),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_value_means_what_it_means_to_a_run(text, values):
    """But commas and blanks within quotes and brackets belong to it."""
    (name,) = points(text)[0]
    assert [point[name] for point in points(text)] == values


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), min_size=1), min_size=1))
def test_any_texts_come_through_quotes_as_they_are(texts):
    quoted = ",".join(shlex.quote(text) for text in texts)
    assert points(f"text={quoted} count=1,2") == [
        {"text": text, "count": count} for text in texts for count in (1, 2)
    ]


@given(st.text(st.sampled_from("ab=,[]{}'\"\\ \t")))
def test_any_words_are_read_or_refused(text):
    try:
        found, told = points(text), ""
    except ParameterError as error:
        found, told = [], str(error)
    assert bool(found) != bool(told)
    assert len(told.splitlines()) <= 5


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "Nothing varies"),
        ("number", "name=value,value"),
        ("number=1 number=2", "given twice"),
        ("data='a.csv", "Close every quote"),
        ("names=[a,b", "Close every quote"),
        ("data=a\\", "Close every quote"),
    ],
)
def test_what_cannot_be_read_is_told(text, words):
    with pytest.raises(ParameterError, match=words):
        points(text)


def test_a_slip_that_asks_for_very_many_points_is_told():
    many = " ".join(f"{name}={','.join(map(str, range(1, 31)))}" for name in ("number", "count"))
    with pytest.raises(ParameterError, match=r"(?s)at most 500.*got:.*900.*MOST=900"):
        of_words(Params, many, {})
    assert len(of_words(Params, "count=1,2,3", {}, most=3).points) == 3


def test_a_file_holds_a_grid(tmp_path):
    path = tmp_path / "sweep.yml"
    path.write_text(
        "name: mine\ngrid:\n  number: [1, 2]\n  names: [[a], [a, b]]\nfixed: {count: 3}"
    )
    assert of_file(Params, "toy", path, {}) == Asked(
        [
            {"number": 1, "names": ["a"]},
            {"number": 1, "names": ["a", "b"]},
            {"number": 2, "names": ["a"]},
            {"number": 2, "names": ["a", "b"]},
        ],
        {"count": 3},
        "mine",
    )


def test_a_file_holds_a_list_of_points_and_words_win_over_what_it_fixes(tmp_path):
    wanted = [{"number": 1}, {"number": 2, "count": 2}, {}]
    path = file(tmp_path, {"points": wanted, "fixed": {"text": "b"}})
    found = of_file(Params, "toy", path, {"text": "c"})
    assert found == Asked(wanted, {"text": "c"}, None)


def random(folder: Path, draws: int, seed: int = 1, **parameters: object) -> list[dict]:
    content = {"random": {"draws": draws, "seed": seed, "parameters": parameters}}
    return [dict(p) for p in of_file(Params, "toy", file(folder, content), {}).points]


def test_draws_are_the_same_for_a_seed_and_more_draws_begin_with_fewer(tmp_path):
    ranges = {"number": {"from": 0.001, "to": 1, "scale": "log"}, "text": ["a", "b"]}
    first = random(tmp_path, 20, **ranges)
    assert random(tmp_path, 20, **ranges) == first
    assert random(tmp_path, 30, **ranges)[:20] == first
    assert random(tmp_path, 20, seed=2, **ranges) != first


@given(
    st.floats(1e-6, 1e6), st.floats(1.001, 1e6), st.sampled_from(["linear", "log"]), st.integers(0)
)
def test_draws_stay_within_their_range(tmp_path_factory, low, factor, scale, seed):
    folder, high = tmp_path_factory.getbasetemp(), low * factor
    wanted = {"from": low, "to": high, "scale": scale}
    assert all(low <= p["number"] <= high for p in random(folder, 20, seed, number=wanted))


@pytest.mark.parametrize("scale", ["linear", "log"])
def test_whole_numbers_stay_whole_and_reach_both_ends(tmp_path, scale):
    wanted = {"from": 2, "to": 5, "scale": scale}
    drawn = [point["count"] for point in random(tmp_path, 200, count=wanted)]
    assert {type(value) for value in drawn} == {int}
    assert set(drawn) == {2, 3, 4, 5}


def test_a_logarithmic_scale_has_as_many_draws_in_every_decade(tmp_path):
    wanted = {"from": 0.001, "to": 1, "scale": "log"}
    drawn = [math.log10(p["number"]) for p in random(tmp_path, 300, number=wanted)]
    for decade in (-3, -2, -1):
        assert 70 < sum(decade <= value < decade + 1 for value in drawn) < 130


def of_random(**more: object) -> dict[str, object]:
    return {"random": {"draws": 3, "parameters": {"number": [1, 2]}} | more}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ([], "mapping"),
        ({}, "mapping"),
        ({"gird": {}}, "Did you mean 'grid'"),
        ({"study": "toy"}, "exactly one of grid, points, random"),
        ({"grid": {"number": [1]}, "points": [{}]}, "grid and points"),
        ({"study": "dge", "grid": {"number": [1]}}, "another study"),
        ({"grid": {"number": 1}}, "a list of values"),
        ({"grid": {"number": []}}, "a list of values"),
        ({"points": {"number": [1]}}, "a list of values"),
        ({"points": [1]}, "a mapping"),
        ({"points": [{"number": 1}], "fixed": [1]}, "a mapping"),
        (of_random(draws=0), "from 1 on"),
        (of_random(draws=True), "from 1 on"),
        (of_random(seed="x"), "from 0 on"),
        (of_random(sead=1), "draws, seed and parameters"),
        (of_random(draws=501), "at most 500"),
        (of_random(parameters={}), "a mapping"),
        (of_random(parameters={"number": 1}), "a mapping"),
        (of_random(parameters={"number": {"from": 1}}), "from: low"),
        (of_random(parameters={"number": {"from": 2, "to": 1}}), "from: low"),
        (of_random(parameters={"number": {"from": 0, "to": 1, "scale": "log"}}), "log scale"),
        (of_random(parameters={"number": {"from": 0, "to": 1, "scale": "x"}}), "from: low"),
        (of_random(parameters={"count": {"from": 0.5, "to": 1}}), "whole numbers"),
        (of_random(parameters={"text": {"from": 1, "to": 2}}), "no number"),
    ],
)
def test_a_file_that_does_not_say_what_varies_is_refused(tmp_path, content, words):
    path = file(tmp_path, content)
    with pytest.raises(ParameterError, match=words) as caught:
        of_file(Params, "toy", path, {})
    assert str(path) in str(caught.value)


def test_the_file_may_say_the_study(tmp_path):
    assert study_of(file(tmp_path, {"study": "dge"})) == "dge"
    with pytest.raises(ParameterError, match="the name of a study"):
        study_of(file(tmp_path, {"grid": {}}))


def test_one_of_grid_and_file_is_asked_for(tmp_path, monkeypatch):
    monkeypatch.setattr(studies, "load", lambda _name: type("Toy", (), {"Params": Params}))
    path = file(tmp_path, {"name": "of file", "grid": {"number": [1]}})
    assert asked("toy", None, path, {}).name == "of file"
    assert asked("toy", None, path, {}, name="given").name == "given"
    with pytest.raises(ParameterError, match="GRID or F, not both"):
        asked("toy", "number=1", path, {})

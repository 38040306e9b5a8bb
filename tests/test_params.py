"""Parameters: one definition, from which tables, help and checks come."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis_lib import studies
from analysis_lib.errors import ParameterError
from analysis_lib.runs.values import parse_words, parse_yaml, read_report, read_values, split_words
from analysis_lib.studies.dge import Params
from tests import toy_study

TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0"))


@pytest.mark.parametrize("study", studies.STUDIES)
def test_every_parameter_is_described_typed_and_bounded(study):
    for row in studies.load(study).Params.table():
        assert row.description.endswith((".", "?")), row
        assert row.type
        json.loads(row.default)
        if row.type in ("number", "whole number", "choice"):
            assert row.range, row


@pytest.mark.parametrize("study", studies.STUDIES)
def test_every_study_has_an_example_worth_trying_that_is_legal(study):
    params = studies.load(study).Params
    examples = {row.name: row.example for row in params.table() if row.example is not None}
    assert examples
    assert params.of(examples).changed() == list(examples)


def test_the_table_says_types_and_ranges_in_words():
    rows = {row.name: row for row in Params.table()}
    assert rows["p_threshold"].type == "number"
    assert rows["p_threshold"].range == "> 0, ≤ 1"
    assert rows["data"].type == "text or nothing"
    assert rows["p_value"].range == "raw | adjusted"
    assert rows["models"].type == "list of choice"


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "number": st.floats(0.001, 1000),
            "text": TEXTS,
            "names": st.lists(TEXTS, min_size=1),
        },
    )
)
def test_values_survive_every_way_they_travel(values):
    params = toy_study.Params.of(values)
    assert toy_study.Params.of(json.loads(json.dumps(params.as_json()))) == params
    assert toy_study.Params.of(parse_yaml(json.dumps(values), "test")) == params
    words = [f"{k}={v if isinstance(v, str) else json.dumps(v)}" for k, v in values.items()]
    assert toy_study.Params.of(parse_words(toy_study.Params, words)) == params


@pytest.mark.parametrize(
    ("word", "value"),
    [
        ("layers=8,4", [8, 4]),
        ("layers=8", [8]),
        ("layers=", []),
        ("layers=[8, 4]", [8, 4]),
        ("patience=", None),
        ("patience=null", None),
        ("class_weights=true", True),
        ("data=null", None),
        ("data=./null", "./null"),
    ],
)
def test_what_a_word_means_follows_from_its_parameter(word, value):
    from analysis_lib.studies.leukemia_network import Params as Network

    (read,) = parse_words(Network, [word]).values()
    assert read == value
    assert type(read) is type(value)


@pytest.mark.parametrize("word", ["names=1E5", "names=007", "names=NO", "names=null", "names=~"])
def test_a_gene_that_looks_like_something_else_is_a_gene(word):
    assert parse_words(toy_study.Params, [word]) == {"names": [word.partition("=")[2]]}


@given(st.text())
def test_any_text_is_words_or_one_of_our_errors(text):
    try:
        split_words(text)
    except ParameterError as error:
        assert len(str(error).splitlines()) <= 5  # noqa: PT017


@given(st.text())
def test_any_word_is_a_value_or_one_of_our_errors(word):
    try:
        toy_study.Params.of(parse_words(toy_study.Params, [word]))
    except ParameterError as error:
        assert len(str(error).splitlines()) <= 5  # noqa: PT017


@given(st.text(alphabet=st.characters(codec="utf-8")))
def test_any_text_is_yaml_or_one_of_our_errors(text):
    try:
        parse_yaml(text, "test")
    except ParameterError as error:
        assert len(str(error).splitlines()) <= 5  # noqa: PT017


@pytest.mark.parametrize("value", ["\ud800", {1, 2}, object()], ids=["surrogate", "set", "object"])
def test_what_json_cannot_hold_is_one_of_our_errors(value):
    with pytest.raises(ParameterError):
        toy_study.Params.of({"text": value})


def test_a_file_of_parameters_may_be_yaml_or_json(tmp_path):
    for name, text in {
        "p.yml": "p_threshold: 1e-3\nmodels: [svm]\n",
        "p.json": '{"p_threshold": 0.001, "models": ["svm"]}',
    }.items():
        (tmp_path / name).write_text(text)
        assert Params.of(read_values(tmp_path / name)).p_threshold == 0.001


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"- 1\n- 2\n", "mapping"), (b"\xff\xfe", "cannot be read"), (b"a: [1", "not YAML")],
)
def test_a_bad_file_of_parameters_is_named(tmp_path, content, message):
    path = tmp_path / "p.yml"
    path.write_bytes(content)
    with pytest.raises(ParameterError, match=message) as caught:
        read_values(path)
    assert "p.yml" in str(caught.value)


def test_the_report_lists_runs(tmp_path):
    path = tmp_path / "report.yml"
    path.write_text("toy:\n  default: {}\n  strict:\n    number: 2\n")
    assert [(s.study, s.name, s.values) for s in read_report(path)] == [
        ("toy", "default", {}),
        ("toy", "strict", {"number": 2}),
    ]


@pytest.mark.parametrize(
    "text", ["", "toy: 3", "toy:\n  A: {}", "toy:\n  a: []", "toy:\n  a: {}\n  a: {}"]
)
def test_a_bad_report_is_an_error(tmp_path, text):
    path = tmp_path / "report.yml"
    path.write_text(text)
    with pytest.raises(ParameterError):
        read_report(path)

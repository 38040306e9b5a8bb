"""Runs of one study side by side: verdicts, differences, genes, and what the terminal is told."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis_lib import files
from analysis_lib.errors import ParameterError, RunError, visible
from analysis_lib.results import GeneFacts
from analysis_lib.runs.compare import (
    ABSENT,
    SHOWN_GENES,
    Number,
    Row,
    RunFacts,
    compare,
    compare_named,
    difference,
    verdict,
)
from analysis_lib.runs.compare_text import comparison_text
from analysis_lib.runs.engine import Runs
from analysis_lib.runs.record import REQUIRED, Record, inventory

HOSTILE = "</script><img src=x onerror=alert(1)>\n\u202e\x1b[31m{{ 7*7 }}"
TWO = ("dge/default", "dge/strict")


def metric(value: Any, low: Any = None, high: Any = None, **more: Any) -> dict[str, Any]:
    return {"label": "Accuracy", "value": value, "low": low, "high": high, **more}


def chosen(*names: str, known: tuple[str, ...] = ()) -> GeneFacts:
    genes = [*dict.fromkeys((*names, *known))]
    blank = [""] * len(genes)
    places = [genes.index(name) for name in names]
    return GeneFacts("p < 0.05", [], genes, blank, blank, places, [])


def record(name: str = "default", **facts: Any) -> Record:
    given: dict[str, Any] = {
        "study": "dge",
        "run": name,
        "key": "",
        "parts": {"code": "c" * 64, "data": "d" * 64},
        "status": "ok",
        "started": "2026-11-21T08:14:09Z",
        "seconds": 1.0,
        "peak_memory_mb": 1.0,
        "parameters": {"p_threshold": 0.05},
        "changed": [],
        "versions": {"python": "3.11.2"},
        "git": None,
        **facts,
    }
    return Record(**given)


def run(name: str = "default", metrics: Any = None, genes: Any = None, **facts: Any) -> RunFacts:
    metrics = metrics or {}
    return RunFacts(
        record=record(name, **facts),
        labels={key: each["label"] for key, each in metrics.items()},
        numbers={key: Number.of(each) for key, each in metrics.items()},
        headline=(),
        picture=None,
        genes=genes,
        figures=frozenset({"volcano"}),
    )


def folder(project: Path, name: str = "default", **facts: Any) -> Path:
    """Write the folder of a run into a project, as the engine leaves it."""
    made = project / "build" / "runs" / facts.get("study", "dge") / name
    made.mkdir(parents=True)
    for needed in REQUIRED:
        (made / needed).write_text("{}")
    document = {"metrics": facts.pop("metrics", {}), "headline": []}
    files.write_json(made / "metrics.json", document)
    if genes := facts.pop("genes", None):
        (made / "genes.json").write_text(json.dumps(vars(genes)))
    seal(made, **facts)
    return made


def seal(made: Path, **facts: Any) -> None:
    record(made.name, files=inventory(made), **facts).write(made)


# Verdicts


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (Number(0.5, 0.4, 0.6), Number(0.7, 0.65, 0.75), "beyond"),
        (Number(0.5, 0.4, 0.6), Number(0.55, 0.45, 0.65), "within"),
        (Number(0.5, 0.2, 0.8), Number(0.7, 0.65, 0.75), "unclear"),
        (Number(0.5, 0.4, 0.6), Number(0.6, 0.5, 0.7), "within"),  # the ends belong to it
        (Number(0.5, 0.4, 0.6), Number(0.5, 0.1, 0.9), "equal"),
        (Number(0.5), Number(0.5), "equal"),
        (Number(0.5), Number(0.6, 0.5, 0.7), "no interval"),
        (Number(0.5, 0.6, 0.4), Number(0.6, 0.5, 0.7), "no interval"),  # the wrong way round
        (Number(0.5, 0.4, None), Number(0.6, 0.5, 0.7), "no interval"),
        (Number(5, 4, 6, span="over the seeds"), Number(9, 8, 10), "no interval"),
        (Number(5, 4, 6, span="of seeds"), Number(9, 8, 10, span="of seeds"), "beyond"),
        (Number(None, 0.4, 0.6), Number(0.5, 0.4, 0.6), "not available"),
        (Number(5, unit="genes"), Number(5, unit="%"), "not available"),
        (None, Number(0.5), "not available"),
    ],
)
def test_a_verdict_is_about_values_in_intervals(one, other, expected):
    assert verdict(one, other) == expected
    assert verdict(other, one) == expected


reals = st.one_of(
    st.none(), st.floats(), st.integers(-5, 5), st.sampled_from([10**400, 0.5, 0.4, 0.6])
)
numbers = st.builds(
    lambda value, low, high, unit, span: Number.of(
        {"value": value, "low": low, "high": high, "unit": unit, "span": span}
    ),
    *(reals, reals, reals),
    st.sampled_from(["", "%"]),
    st.sampled_from([None, "over the seeds"]),
)
some = st.one_of(st.none(), numbers)


@given(some, some)
def test_a_verdict_is_the_same_from_both_sides_and_a_difference_the_opposite(one, other):
    assert verdict(one, other) == verdict(other, one)
    forth, back = difference(one, other), difference(other, one)
    if forth is None:
        assert back is None
    else:
        assert math.isfinite(forth)
        assert forth == -back
    if verdict(one, other) == "equal":
        assert forth == 0
    if verdict(one, other) == "not available":
        assert forth is None


@given(numbers)
def test_a_number_is_never_anything_else(number):
    given = (number.value, number.low, number.high)
    assert all(each is None or math.isfinite(each) for each in given)
    assert verdict(number, number) in ("equal", "not available")


@pytest.mark.parametrize("value", ["0.5", True, [1], {}])
def test_what_is_no_number_is_an_error(value):
    with pytest.raises(ValueError, match="is no number"):
        Number.of(metric(value))


# What differs


def test_the_same_run_twice_over_differs_in_nothing():
    one = run(metrics={"a": metric(0.5, 0.4, 0.6)}, genes=chosen("TP53", "A2M"))
    other = replace(one, record=replace(one.record, run="again"))
    found = compare([one, other])
    assert (found.parameters, found.data, found.versions) == ((), (), ())
    assert [row.verdict(0, 1) for row in found.metrics] == ["equal"]
    assert (found.genes[0].jaccard, found.genes[0].only) == (1.0, ((), ()))


def test_parameters_that_differ_say_where_they_are_not_the_default():
    found = compare(
        [
            run(parameters={"p": 0.05, "seed": 1, "flag": True, "data": None}),
            run("b", parameters={"p": 0.01, "seed": 1, "flag": 1, "data": None}, changed=["p"]),
            run("c", parameters={"p": 0.05, "seed": 1, "flag": True}),
        ]
    )
    rows = {row.name: row for row in found.parameters}
    assert list(rows) == ["p", "flag", "data"]
    assert rows["p"].values == (0.05, 0.01, 0.05)
    assert rows["p"].changed == (False, True, False)
    assert rows["p"].groups == (0, 1, 0)
    assert rows["flag"].groups == (0, 1, 0), "1 and true are not the same in JSON"
    assert rows["data"].values == (None, None, ABSENT)
    assert rows["data"].groups == (0, 0, 2), "null is not the same as absent"


def test_data_and_versions_differ_by_kind_rows_checksums_code_and_commit():
    file = {"name": "train.csv", "address": None, "sha256": "a" * 64}
    data = {"dataset": "golub", "title": "Leukemia", "kind": "real", "rows": 72, "files": [file]}
    found = compare(
        [
            run(data=[data], git={"commit": "1" * 40, "dirty": False}),
            run(
                "b",
                data=[{**data, "rows": 38, "files": [{**file, "sha256": "b" * 64}]}],
                git={"commit": "1" * 40, "dirty": True},
                parts={"code": "e" * 64, "data": "f" * 64},
                versions={"python": "3.13.0", "numpy": "2"},
            ),
        ]
    )
    assert [(row.name, row.values) for row in found.data] == [
        ("Leukemia: rows", (72, 38)),
        ("Leukemia: train.csv", ("a" * 10, "b" * 10)),
    ]
    versions = {row.name: row.values for row in found.versions}
    assert versions["python"] == ("3.11.2", "3.13.0")
    assert versions["numpy"] == (ABSENT, "2")
    assert versions["commit"] == ("1" * 10, f"{'1' * 10} + changes")
    assert versions["the library's code"] == ("c" * 10, "e" * 10)
    assert "the data" not in versions, "told by their files"


def test_metrics_keep_their_order_behind_those_that_stand_for_a_run():
    one = run(metrics={name: metric(1) for name in ("b", "a", "z")})
    other = run("other", metrics={"new": metric(2), "a": metric(1)})
    found = compare([replace(one, headline=("z",)), other])
    assert [row.name for row in found.metrics] == ["z", "b", "a", "new"]
    assert [row.headline for row in found.metrics] == [True, False, False, False]
    assert found.metrics[3].values == (None, Number(2))
    assert found.metrics[3].verdict(0, 1) == "not available"


def test_figures_in_common_are_those_of_all_runs():
    runs = [run("a"), run("b"), run("c")]
    runs[0] = replace(runs[0], figures=frozenset({"volcano", "ma", "roc"}))
    runs[1] = replace(runs[1], figures=frozenset({"volcano", "ma"}))
    assert compare(runs[:2]).figures == ("ma", "volcano")
    assert compare(runs).figures == ("volcano",)


# Genes


names = st.lists(st.text("ab<é\n", min_size=1, max_size=3).filter(str.strip), unique=True)


@given(names, names)
def test_chosen_genes_of_two_runs_are_counted_as_sets(ours, theirs):
    pair = compare(
        [
            run(genes=chosen(*ours, known=("known",))),
            run("b", genes=chosen(*theirs, known=("known",))),
        ]
    ).genes[0]
    assert pair.sizes == (len(ours), len(theirs))
    assert set(pair.only[0]) == set(ours) - set(theirs)
    assert set(pair.only[1]) == set(theirs) - set(ours)
    assert pair.common + len(pair.only[0]) == len(ours)
    assert pair.unknown == (len(pair.only[0]), len(pair.only[1]))
    if ours or theirs:
        assert pair.jaccard == pytest.approx(pair.common / len({*ours, *theirs}))
    else:
        assert pair.jaccard is None


def test_a_gene_that_is_there_and_not_chosen_is_not_unknown():
    one = run(genes=chosen("A", "B", "C"))
    other = run("b", genes=chosen("A", known=("B",)))
    pair = compare([one, other]).genes[0]
    assert pair.only == (("B", "C"), ())
    assert pair.unknown == (1, 0)


def test_of_many_genes_the_first_are_told_and_the_rest_counted():
    many = [f"g{i:02d}" for i in range(SHOWN_GENES + 3)]
    pair = compare([run(genes=chosen(*reversed(many))), run("b", genes=chosen("x"))]).genes[0]
    assert pair.told(0) == (tuple(many[:SHOWN_GENES]), 3)
    assert pair.told(1) == (("x",), 0)


def test_a_run_that_tells_of_no_genes_is_compared_without():
    runs = [run("a", genes=chosen("A")), run("b"), run("c", genes=chosen("A", "B"))]
    assert [pair.runs for pair in compare(runs).genes] == [(0, 2)]


# From folders, and what users do wrong


@pytest.fixture
def project(tmp_path) -> Path:
    folder(tmp_path, metrics={"a": metric(0.5, 0.4, 0.6)}, genes=chosen("A", "B"))
    folder(tmp_path, "strict", metrics={"a": metric(0.9, 0.8, 1.0)}, genes=chosen("A"))
    return tmp_path


def test_runs_are_read_from_their_folders(project):
    found = compare_named(TWO, Runs(project))
    assert found.study == "dge"
    assert found.names == ("default", "strict")
    assert found.metrics[0].verdict(0, 1) == "beyond"
    assert found.genes[0].only == (("B",), ())


def test_the_first_run_is_the_reference(project):
    there, back = (compare_named(names, Runs(project)) for names in (TWO, TWO[::-1]))
    assert there.metrics[0].difference(0, 1) == pytest.approx(0.4)
    assert back.metrics[0].difference(0, 1) == pytest.approx(-0.4)


@pytest.mark.parametrize(
    ("asked", "kind", "words"),
    [
        ([], ParameterError, "two runs or more"),
        (["dge/default"], ParameterError, "two runs or more"),
        (["dge/default", "dge/default"], ParameterError, "dge/default is named twice"),
        (
            ["dge/default", "geo_validation/default"],
            ParameterError,
            "got:      dge, geo_validation",
        ),
        (["dge/default", "dge/no-such"], RunError, "of dge: default, strict"),
        (["dge/default", "dge/../../x"], ParameterError, "study and its name"),
        (["no_such/a", "no_such/b"], ParameterError, "no_such"),
        (["default", "strict"], ParameterError, "default"),
        (["dge", "dge/default"], ParameterError, "study and its name"),
    ],
)
def test_what_cannot_be_compared_is_an_error_that_says_why(project, asked, kind, words):
    folder(project, study="geo_validation")
    with pytest.raises(kind) as error:
        compare_named(asked, Runs(project))
    assert words in str(error.value)
    assert len(str(error.value).splitlines()) <= 5


def test_a_run_that_was_changed_after_it_was_made_is_not_compared(project):
    (project / "build/runs/dge/strict/metrics.json").write_text("{}")
    with pytest.raises(RunError, match="results of dge/strict are damaged"):
        compare_named(TWO, Runs(project))


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("metrics.json", "{"),
        ("metrics.json", "[]"),
        ("metrics.json", '{"metrics": {"a": {"value": 1}}}'),
        ("metrics.json", '{"metrics": {"a": {"label": "A", "value": "much"}}}'),
        ("metrics.json", '{"metrics": [1]}'),
        ("genes.json", '{"gene": ["A"]}'),
        ("genes.json", "\ufeff"),
    ],
)
def test_results_that_are_no_results_are_an_error_that_names_the_run(project, name, content):
    made = project / "build/runs/dge/strict"
    (made / name).write_text(content)
    seal(made)
    with pytest.raises(RunError) as error:
        compare_named(TWO, Runs(project))
    assert "dge/strict cannot be compared" in error.value.what
    assert str(project) not in str(error.value)


# For a terminal


def test_the_terminal_is_told_what_differs_and_by_how_much():
    one = run(
        metrics={"n": metric(46), "a": metric(0.5, 0.4, 0.6), "same": metric(1)},
        genes=chosen("TP53", "A2M"),
    )
    other = run(
        "strict",
        metrics={"n": metric(35), "a": metric(0.9, 0.8, 1.0), "same": metric(1)},
        genes=chosen("TP53"),
        parameters={"p_threshold": 0.01},
        changed=["p_threshold"],
    )
    lines = comparison_text(compare([one, other]))
    said = [line.split() for line in lines]
    assert ["p_threshold", "0.05", "0.01"] in said
    assert ["Accuracy", "46", "35", "-11", "no", "interval"] in said
    assert ["Accuracy", "0.5", "[0.4,", "0.6]", "0.9", "[0.8,", "1]", "+0.4", "beyond"] in said
    assert "Metrics: 2 of 3 differ" in lines
    assert "Data: no difference in kind, rows or checksums" in lines
    assert "Chosen genes: 2 in default and 1 in strict; 1 in both, Jaccard index 0.50" in lines
    assert "  only in default: A2M" in lines
    assert "no test" in " ".join(lines)


def test_a_span_that_is_no_interval_of_95_percent_is_named():
    seeds = {"span": "over the seeds"}
    one, other = ({"a": metric(v, v - 1, v + 1, **seeds)} for v in (5, 9))
    said = "\n".join(comparison_text(compare([run(metrics=one), run("b", metrics=other)])))
    assert "5 [4, 6] over the seeds" in said
    assert "95 %" not in said


def test_every_run_is_held_against_the_first():
    values = {"a": 1, "b": 2, "c": 4}
    runs = [run(name, metrics={"a": metric(value)}) for name, value in values.items()]
    lines = comparison_text(compare(runs))
    assert "b against a" in lines
    assert "c against a" in lines
    assert [line.split()[3] for line in lines if "Accuracy" in line] == ["+1", "+3"]


words = st.text(max_size=40)


@given(words, words, words.filter(str.strip), st.integers(30, 120))
def test_lines_are_no_longer_than_asked_and_nothing_in_them_acts(label, value, gene, width):
    gene = gene.encode(errors="replace").decode()
    one = run(metrics={"a": {"label": HOSTILE + label, "value": 1}}, genes=chosen(gene + HOSTILE))
    other = run(
        "b" * 64,
        metrics={"a": {"label": label, "value": 2.5}},
        genes=chosen("x"),
        parameters={"p_threshold": HOSTILE + value},
        versions={HOSTILE: value},
    )
    lines = comparison_text(compare([one, other]), width)
    assert max(map(len, lines)) <= max(width, 40)
    assert all(visible(line) == line for line in lines)


def test_a_row_groups_runs_with_the_same_value():
    assert Row("p", (1, 2, 1, 2, 3)).groups == (0, 1, 0, 1, 4)

"""Sweeps: which points are made, what is kept of them, and how far it is told."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

import filelock
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis_lib import files, results
from analysis_lib.errors import DataError, ParameterError, RunError
from analysis_lib.runs import sweep_file
from analysis_lib.runs.grid import Asked
from analysis_lib.runs.made import Made
from analysis_lib.runs.report import as_they_are
from analysis_lib.runs.side_by_side import OneByOne
from analysis_lib.runs.sweep import root_of, sweep
from analysis_lib.runs.sweep_file import Sweep, made_for, path_of, read_sweep, read_sweeps, run_name
from analysis_lib.runs.values import NAME_RULE, RunSpec
from tests.conftest import ToyProject


class Pretended:
    """Hands that make nothing: points of some numbers fail, and after some the hands stop."""

    def __init__(
        self, failing: Sequence[float] = (), stop: int | None = None, seconds: float | None = 10.0
    ) -> None:
        self.failing = failing
        self.stop = stop
        self.seconds = seconds
        self.asked: list[RunSpec] = []

    def make(self, specs: Sequence[RunSpec]) -> Iterator[Made]:
        self.asked = list(specs)
        for number, spec in enumerate(specs):
            if number == self.stop:
                raise KeyboardInterrupt
            if spec.values.get("number") in self.failing:
                yield Made(spec, "failed", DataError("It did not work.", got="\x1b[31mred"))
            else:
                yield Made(spec, "executed", seconds=self.seconds)


class Untimed(OneByOne):
    """Hands that do not know how long a run took."""

    def make(self, specs: Sequence[RunSpec]) -> Iterator[Made]:
        for made in super().make(specs):
            yield replace(made, seconds=None)


def numbers(*values: float, name: str | None = None, **fixed: object) -> Asked:
    return Asked([{"number": value} for value in values], fixed, name)


def document(toy: ToyProject, name: str = "sweep") -> Sweep:
    return read_sweep(path_of(root_of(toy.root), "toy", name))


def standing(toy: ToyProject, name: str = "sweep") -> dict[float, str]:
    return {p.values["number"]: p.status for p in document(toy, name).points}


def test_a_point_is_a_run_and_one_that_is_there_under_another_name_is_not_made_again(toy):
    """Then more values, of which only the new one is executed; its run is like any other."""
    toy.ensure("default")
    made = sweep(toy.runs, "toy", numbers(1, 2), OneByOne(toy.runs))
    params = {"number": 2.0, "text": "a", "names": ["x"], "data": None}
    own = f"toy/{run_name('sweep', params)}"
    assert [(p.values, p.run, p.status) for p in made.points] == [
        ({"number": 1.0}, "toy/default", "good"),
        ({"number": 2.0}, own, "good"),
    ]
    assert made.dimensions == {"number": [1.0, 2.0]}
    assert results.load_json(toy.runs.good(own), "params") == params
    assert sum("executing" in line for line in toy.said) == 2
    assert toy.runs.ensure(RunSpec("toy", own.partition("/")[2], {"number": 2})).did == "nothing"
    again = sweep(toy.runs, "toy", numbers(3, 2, 1), Untimed(toy.runs))
    assert re.search(r"3/3  number=3\.0  \d+\.\d s$", toy.said[-2])  # as its record has it
    assert again == document(toy)
    assert again.dimensions == {"number": [1.0, 2.0, 3.0]}
    assert again.started == made.started
    assert sum("executing" in line for line in toy.said) == 3
    assert toy.said[-1].startswith("toy/sweep: 1 executed, 2 there already, 0 failed.")


def test_a_run_that_is_damaged_or_stale_is_made_again(toy):
    toy.ensure("default")
    (toy.good() / "metrics.json").write_text("{}")
    hands = Pretended()
    sweep(toy.runs, "toy", numbers(1), hands)
    assert [spec.values for spec in hands.asked] == [{"number": 1}]


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (numbers(1, 2000), r"point 2 of 2 \(number=2000\): number"),
        (Asked([{"nmber": 1}], {}), r"(?s)no parameter 'nmber'.*point 1 of 1.*Did you mean"),
        (Asked([{"data": "none.csv"}], {}), r"(?s)not exist.*point 1 of 1 \(data=none.csv\)"),
        (numbers(1, 2, number=3), "'number' is fixed, and varies too"),
        (Asked([{}], {}), "Nothing varies"),
        (numbers(1, name="x" * 56), "at most 55 letters"),
        (numbers(1, name="../x"), "cannot be called"),
    ],
)
def test_a_wrong_point_is_told_before_anything_is_executed(toy, asked, words):
    with pytest.raises((ParameterError, DataError), match=words):
        sweep(toy.runs, "toy", asked, Pretended())
    assert not toy.root.joinpath("build").exists()


def test_points_that_are_the_same_count_once(toy):
    hands = Pretended()
    asked = Asked([{"number": 1}, {"number": 1.0}, {}, {"number": 2}], {"text": "b"})
    made = sweep(toy.runs, "toy", asked, hands)
    assert [spec.values for spec in hands.asked] == [
        {"text": "b", "number": 1},
        {"text": "b", "number": 2},
    ]
    assert made.fixed == {"text": "b"}
    assert len(made.points) == 2
    assert toy.said[0] == "toy/sweep: 2 of 4 points are asked for twice"


def test_parameters_come_in_the_order_in_which_they_were_asked_for(toy):
    asked = Asked([{"text": "b", "number": 1}, {"text": "a", "number": 1}], {})
    sweep(toy.runs, "toy", asked, Pretended())
    assert list(document(toy).dimensions.items()) == [("text", ["b", "a"]), ("number", [1.0])]


def test_two_points_with_one_name_are_told_apart_or_refused(toy, monkeypatch):
    """Before: the second was taken for the first, and left out."""
    monkeypatch.setattr("analysis_lib.runs.sweep.run_name", lambda sweep, parameters: "sweep-0")
    with pytest.raises(ParameterError, match=r"rare chance(.|\n)*point 2 of 2"):
        sweep(toy.runs, "toy", numbers(1, 2), Pretended())


def test_a_point_that_fails_does_not_stop_the_rest_and_is_tried_again(toy):
    made = sweep(toy.runs, "toy", numbers(1, 2, 3), Pretended(failing=[2]), jobs=1)
    assert [p.status for p in made.points] == ["good", "failed", "good"]
    assert "It did not work." in (made.points[1].error or "")
    assert (
        toy.said[-3]
        == r"toy/sweep 2/3  number=2.0  failed: It did not work. \x1b[31mred  (about 10 s to go)"
    )
    hands = Pretended()
    made = sweep(toy.runs, "toy", numbers(2), hands)
    assert [spec.values["number"] for spec in hands.asked] == [2]
    assert standing(toy) == {1.0: "good", 3.0: "good", 2.0: "good"}
    assert {p.error for p in made.points} == {None}


def test_what_failed_and_is_not_asked_for_again_is_left_out(toy):
    sweep(toy.runs, "toy", numbers(1, 2), Pretended(failing=[2]))
    sweep(toy.runs, "toy", numbers(3), Pretended())
    assert standing(toy) == {1.0: "good", 3.0: "good"}


def test_what_is_done_is_kept_when_it_is_interrupted(toy):
    with pytest.raises(KeyboardInterrupt):
        sweep(toy.runs, "toy", numbers(1, 2, 3), Pretended(stop=1))
    assert standing(toy) == {1.0: "good", 2.0: "waiting", 3.0: "waiting"}
    assert toy.said[-1].startswith("toy/sweep: 1 of 3 points are there; the same command goes on")


@pytest.mark.parametrize(
    "other",
    [Asked([{"text": "b"}], {}), numbers(1, text="b"), Asked([{"number": 1, "text": "b"}], {})],
)
def test_a_sweep_of_the_same_name_over_other_parameters_is_not_written_over(toy, other):
    before = sweep(toy.runs, "toy", numbers(1, 2), Pretended())
    with pytest.raises(ParameterError, match=r"(?s)another one.*varied: number.*NAME="):
        sweep(toy.runs, "toy", other, Pretended())
    assert document(toy) == before
    sweep(toy.runs, "toy", Asked(other.points, other.fixed, "other"), Pretended())
    assert document(toy) == before
    assert len(read_sweeps(root_of(toy.root), toy.said.append)) == 2


def test_a_sweep_has_one_writer_at_a_time(toy):
    class Looking(Pretended):
        def make(self, specs: Sequence[RunSpec]) -> Iterator[Made]:
            lock = filelock.FileLock(root_of(toy.root) / "toy" / ".sweep.lock")
            with pytest.raises(filelock.Timeout):
                lock.acquire(timeout=0)
            return super().make(specs)

    sweep(toy.runs, "toy", numbers(1), Looking())


@pytest.mark.parametrize(("jobs", "rest"), [(1, "40 s"), (2, "20 s")])
def test_the_rest_is_estimated_from_the_points_that_were_executed(toy, jobs, rest):
    sweep(toy.runs, "toy", numbers(1, 2, 3, 4, 5), Pretended(), jobs=jobs)
    lines = [line for line in toy.said if re.search(r"\d/5", line)]
    assert lines[0] == f"toy/sweep 1/5  number=1.0  10.0 s  (about {rest} to go)"
    assert lines[-1] == "toy/sweep 5/5  number=5.0  10.0 s"


def test_hands_that_know_no_time_get_no_estimate(toy):
    sweep(toy.runs, "toy", numbers(1, 2), Pretended(seconds=None))
    assert "toy/sweep 1/2  number=1.0  done" in toy.said


NAMES = st.from_regex(NAME_RULE.removesuffix("$") + r"\Z").filter(lambda name: len(name) <= 55)


@given(NAMES, st.dictionaries(st.text(), st.floats(allow_nan=False, allow_infinity=False)))
def test_the_run_of_a_point_has_a_legal_name(name, parameters):
    run = run_name(name, parameters)
    assert re.match(NAME_RULE, run)
    assert made_for([a_sweep([f"toy/{run}", "toy/default"])]) == {f"toy/{run}"}


def a_sweep(runs: Sequence[str]) -> Sweep:
    points = [sweep_file.Point({"number": n}, run, "good") for n, run in enumerate(runs)]
    return Sweep("toy", "sweep", "2026-01-01T00:00:00Z", {"number": [1]}, {}, points)


def test_the_book_leaves_out_the_runs_it_is_told_of(toy):
    toy.ensure("mine")
    own = run_name("sweep", {})
    toy.ensure(own)
    (toy.runs.failed_folder("toy", own)).mkdir()
    assert [s.name for s in as_they_are(toy.runs, [])] == ["mine", own]
    assert [s.name for s in as_they_are(toy.runs, [], hidden={f"toy/{own}"})] == ["mine"]
    asked = [RunSpec("toy", own, {})]
    assert [s.name for s in as_they_are(toy.runs, asked, hidden={f"toy/{own}"})] == [own, "mine"]


@pytest.mark.parametrize(
    "damage", ["", "{}", '{"format": 2}', "nothing", '{"points": [1], "format": 1}']
)
def test_a_damaged_sweep_is_told_and_left_out_of_the_book(toy, damage):
    sweep(toy.runs, "toy", numbers(1), Pretended())
    root = root_of(toy.root)
    path_of(root, "toy", "bad").write_text(damage)
    (root / "toy" / f"{files.TEMPORARY}x.json").write_text("half")
    toy.said.clear()
    assert [s.name for s in read_sweeps(root, toy.said.append)] == ["sweep"]
    assert len(toy.said) == 1
    assert "bad.json" in toy.said[0]
    with pytest.raises(RunError, match="Delete it"):
        sweep(toy.runs, "toy", numbers(1, name="bad"), Pretended())


@given(st.permutations(range(4)), st.integers(0, 4))
def test_a_document_comes_back_as_it_was_written(tmp_path_factory, order, count):
    points = [
        sweep_file.Point({"number": n, "text": "ä\n"}, f"toy/{n}", status, "x" if n else None)
        for n, status in zip(order, itertools.cycle(["good", "failed", "waiting"]), strict=False)
    ]
    wanted = Sweep("toy", "s", "2026", {"number": list(order)}, {"names": ["x"]}, points[:count])
    root = tmp_path_factory.getbasetemp() / "sweeps"
    sweep_file.write_sweep(root, wanted)
    assert read_sweep(path_of(root, "toy", "s")) == wanted
    assert json.loads(path_of(root, "toy", "s").read_text())["format"] == 1

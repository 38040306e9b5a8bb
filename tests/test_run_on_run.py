"""A study that works on the run of another: found, checked, told when it is out of date."""

import shutil

import nbformat
import pytest

from analysis_lib import results, studies
from analysis_lib.errors import ParameterError, RunError
from analysis_lib.runs import parcel
from analysis_lib.runs.record import read_record
from analysis_lib.runs.report import make_all
from analysis_lib.runs.values import RunSpec
from tests import toy_reader, toy_study

READER = RunSpec("reader", "default", {})


@pytest.fixture
def pair(toy, monkeypatch):
    """Return the toy project with a second study, `reader`, which works on the first one's runs."""
    info = studies.StudyInfo("reader", "Reader", "What was found?", (), reads="models")
    monkeypatch.setitem(studies.STUDIES, "reader", info)
    modules = {"toy": toy_study, "reader": toy_reader}
    monkeypatch.setattr(studies, "load", lambda name: modules[name].study())
    notebook = nbformat.read(toy.notebook(), as_version=4)
    for cell in notebook.cells:
        parameters = "parameters" in cell.metadata.get("tags", [])
        cell.source = cell.source.replace("toy_study", "toy_reader")
        cell.source = 'models = "toy/default"' if parameters else cell.source
    nbformat.write(notebook, toy.root / "notebooks" / "reader.ipynb")
    shutil.copy(toy_reader.__file__, toy.root / "toy_reader.py")
    return toy


def test_a_run_that_is_not_there_is_told_with_the_command_that_makes_it(pair):
    with pytest.raises(RunError, match=r"(?s)no run toy/default.*make run STUDY=toy NAME=default"):
        pair.runs.ensure(READER)


def test_the_results_it_reads_are_part_of_its_key(pair):
    pair.ensure()
    assert pair.runs.ensure(READER).did == "executed"
    assert pair.runs.ensure(READER).did == "nothing"
    pair.ensure(number=2.0)
    outcome = pair.runs.ensure(READER)
    assert outcome.did == "executed"
    read = outcome.record.data[0]["files"][0]["sha256"]
    assert read == read_record(pair.good()).files["metrics.json"]["sha256"]


def test_a_run_that_is_out_of_date_is_told_and_its_results_are_stale(pair):
    pair.ensure()
    record = pair.runs.ensure(READER).record
    (pair.root / "requirements.lock").write_text("numpy==3\n")
    pair.said.clear()
    plan = pair.runs.plan(READER)
    assert any("toy/default, which it works on" in words for words in pair.runs.stale(plan, record))
    pair.runs.ensure(READER)
    assert any("Renew it: make run STUDY=toy NAME=default." in line for line in pair.said)


def test_a_run_whose_data_are_gone_can_still_be_read(pair):
    data = pair.root / "mine.csv"
    data.write_text("x\n1\n")
    pair.ensure(data=str(data))
    data.unlink()
    plan = pair.runs.plan(READER)
    assert "cannot be made again" in plan.before[0]
    assert pair.runs.ensure(READER).did == "executed"


def test_damaged_results_are_not_read(pair):
    pair.ensure()
    (pair.good() / "metrics.json").write_text("{}")
    with pytest.raises(RunError, match=r"(?s)toy/default are damaged.*metrics.json"):
        pair.runs.ensure(READER)


def test_what_it_reads_travels_to_a_cluster_with_the_notebook_that_made_it(pair):
    pair.ensure()
    errand, _ = parcel.pack(pair.runs, pair.runs.plan(READER))
    packed = {place.split("/", 2)[2] for place in errand.places}
    assert {"notebooks/reader.ipynb", "notebooks/toy.ipynb"} <= packed
    assert "build/runs/toy/default/metrics.json" in packed


def test_a_report_makes_the_run_that_is_read_first(pair):
    states = make_all(pair.runs, [READER, RunSpec("toy", "default", {})])
    assert [state.id for state in states] == ["reader/default", "toy/default"]
    assert all(state.record and not state.failure for state in states)


@pytest.mark.parametrize(
    "name", ["toy", "toy/", "../toy/default", "toy/../other", "toy/default/../other", "Toy/x", ""]
)
def test_a_name_that_is_none_never_becomes_a_path(name, tmp_path):
    with pytest.raises(ParameterError, match="study and its name"):
        results.of_run(name, tmp_path)

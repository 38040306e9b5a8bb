"""The run engine: what is executed, what is not, what is left behind."""

import json

import nbformat
import pytest

from analysis_lib import files
from analysis_lib.errors import ParameterError
from analysis_lib.runs.record import damaged, read_record


def test_a_run_leaves_a_complete_record(toy):
    outcome = toy.ensure(number=2.5)
    record = read_record(toy.good())
    assert outcome.did == "executed"
    assert record == outcome.record
    assert record.status == "ok"
    assert record.changed == ["number"]
    assert record.parameters == {"number": 2.5, "text": "a", "names": ["x"], "data": None}
    assert record.versions["papermill"]
    assert record.peak_memory_mb > 10
    assert damaged(toy.good(), record) == []
    metrics = json.loads((toy.good() / "metrics.json").read_text())
    assert metrics["metrics"]["number"]["value"] == 2.5


def test_the_same_run_is_not_executed_twice(toy):
    first = toy.ensure()
    again = toy.ensure()
    assert again.did == "nothing"
    assert again.record == first.record


@pytest.mark.fault(
    "a result that is out of date (row 7)",
    by="another notebook, code, lock file, table, parameter",
    survives="the run is stale, says why, and is executed again",
)
@pytest.mark.parametrize(
    ("what", "words"),
    [
        ("notebook", "the notebook"),
        ("code", "the library's code"),
        ("packages", "the locked packages"),
        ("data", "the data"),
        ("parameters", "the parameters"),
    ],
)
def test_whatever_a_result_depends_on_makes_it_stale(toy, what, words):
    """Before: jupyter-cache's keys knew nothing of data, library code and versions."""
    table = toy.root / "table.csv"
    table.write_text("a,b\n1,2\n")
    values = {"data": str(table)}
    first = toy.ensure(**values)
    if what == "notebook":
        toy.notebook(["1 + 1"])
    elif what == "code":
        (toy.root / "analysis_lib" / "code.py").write_text("x = 2\n")
        files.code_digest.cache_clear()
    elif what == "data":
        table.write_text("a,b\n1,3\n")
    elif what == "packages":
        (toy.root / "requirements.lock").write_text("numpy==3\n")
    else:
        values["number"] = 3.0
    from analysis_lib.runs.values import RunSpec

    plan = toy.runs.plan(RunSpec("toy", "default", values))
    assert toy.runs.fresh(plan) is None
    assert toy.runs.stale(plan, first.record) == (words,)
    assert toy.ensure(**values).did == "executed"


def test_the_site_and_the_command_line_do_not_make_runs_stale(toy):
    before = files.code_digest(toy.root / "analysis_lib")
    (toy.root / "analysis_lib" / "site").mkdir()
    (toy.root / "analysis_lib" / "site" / "pages.py").write_text("x = 1\n")
    for name in ("__main__.py", "commands.py"):
        (toy.root / "analysis_lib" / name).write_text("x = 1\n")
    files.code_digest.cache_clear()
    assert files.code_digest(toy.root / "analysis_lib") == before


def test_runs_of_other_names_do_not_touch_each_other(toy):
    toy.ensure("one", number=1.0)
    toy.ensure("two", number=2.0)
    assert toy.ensure("one", number=1.0).did == "nothing"


def test_the_template_is_never_written(toy):
    path = toy.root / "notebooks" / "toy.ipynb"
    before = path.read_bytes()
    toy.ensure()
    assert path.read_bytes() == before


def test_every_cell_gets_a_line_with_its_heading_and_time(toy):
    toy.ensure()
    lines = [line for line in toy.said if "/4" in line]
    assert len(lines) == 4
    assert "Toy" in lines[-1]
    assert lines[-1].rstrip().endswith("s)")


def test_hostile_text_reaches_the_notebook_as_text(toy):
    hostile = 'a"\'\\\n\t{x} </script> __import__("os") %s \u202e 🧬'
    toy.ensure(text=hostile, names=[hostile])
    params = json.loads((toy.good() / "params.json").read_text())
    assert params["text"] == hostile
    assert params["names"] == [hostile]


def test_a_wrong_parameter_is_an_error_before_a_kernel_starts(toy):
    with pytest.raises(ParameterError, match="Did you mean 'number'"):
        toy.ensure(numbr=3)
    assert not toy.root.joinpath("build").exists()


def test_the_executed_notebook_is_valid_and_holds_every_cell(toy):
    toy.ensure()
    notebook = nbformat.read(toy.good() / "notebook.ipynb", as_version=4)
    nbformat.validate(notebook)
    assert all(c.execution_count for c in notebook.cells if c.cell_type == "code")

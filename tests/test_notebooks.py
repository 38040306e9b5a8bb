"""The notebooks: thin, without outputs, and with exactly the parameters of their study."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from analysis_lib import studies
from analysis_lib.files import PROJECT
from analysis_lib.runs.execute import read_template

LINES = 15


def path(study: str) -> Path:
    return PROJECT / "notebooks" / f"{study}.ipynb"


def code_cells(study: str) -> list[nbformat.NotebookNode]:
    return [c for c in nbformat.read(path(study), as_version=4).cells if c.cell_type == "code"]


def test_there_is_one_notebook_per_study():
    found = {p.stem for p in (PROJECT / "notebooks").glob("*.ipynb")}
    assert found == set(studies.STUDIES)


@pytest.mark.parametrize("study", studies.STUDIES)
def test_the_parameters_cell_is_the_params_model(study):
    read_template(path(study))
    cell = next(c for c in code_cells(study) if "parameters" in c.metadata.get("tags", []))
    names: dict[str, object] = {}
    exec(cell.source, {}, names)  # noqa: S102  (our own notebook)
    params = studies.load(study).Params
    assert list(names) == list(params.model_fields)
    assert params.of(names) == params()


@pytest.mark.parametrize("study", studies.STUDIES)
def test_notebooks_are_thin_and_without_outputs(study):
    for cell in code_cells(study):
        lines = [line for line in cell.source.splitlines() if line.strip()]
        is_parameters = "parameters" in cell.metadata.get("tags", [])
        assert is_parameters or len(lines) <= LINES, cell.source
        assert not any(line.lstrip().startswith(("def ", "for ", "while ")) for line in lines)
        assert cell.outputs == []
        assert cell.execution_count is None
        assert "hide-input" in cell.metadata.tags


def test_a_notebook_runs_by_hand(monkeypatch):
    """As in JupyterLab: from its own folder, without the engine, figures as Plotly's own type."""
    monkeypatch.delenv("ANALYSIS_RUN_FOLDER", raising=False)
    notebook = nbformat.read(path("dge"), as_version=4)
    cell = next(c for c in notebook.cells if "parameters" in c.metadata.get("tags", []))
    cell.source += '\nmodels = ["logistic"]\npermutations = 20\ncv_repeats = 1'
    NotebookClient(
        notebook,
        kernel_name="python3",
        resources={"metadata": {"path": str(PROJECT / "notebooks")}},
    ).execute()
    shown = [
        output.data
        for cell in notebook.cells
        if cell.cell_type == "code"
        for output in cell.outputs
        if output.output_type == "display_data"
    ]
    assert sum("application/vnd.plotly.v1+json" in data for data in shown) >= 12
    assert sum("text/html" in data for data in shown) >= 8


@pytest.mark.parametrize(
    ("words", "status", "message"),
    [
        (["-p", "p_threshold", "0.01", "-p", "permutations", "20"], 0, ""),
        (["-p", "p_treshold", "0.01"], 1, "Did you mean 'p_threshold'?"),
        (["-p", "p_threshold", "7"], 1, "no legal value"),
    ],
    ids=["good", "unknown name", "out of range"],
)
def test_a_notebook_runs_under_plain_papermill(tmp_path, words, status, message):
    """The same validation as everywhere, in the second cell."""
    out = tmp_path / "out.ipynb"
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "papermill",
            str(path("dge")),
            str(out),
            "--no-progress-bar",
            *words,
        ],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
        env={**os.environ, "JUPYTER_PREFER_ENV_PATH": "1"},
    )
    assert done.returncode == status, done.stderr
    assert message in done.stderr
    if status == 0:
        assert "p_threshold = 0.01" in json.dumps(json.loads(out.read_text()))

"""A small report to build sites from: one notebook really executed, and its runs in every state."""

from __future__ import annotations

import atexit
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from analysis_lib import files
from analysis_lib.datasets import CATALOGUE
from analysis_lib.results import FOLDER_VARIABLE
from analysis_lib.runs.record import Failure, Record, inventory, read_record
from analysis_lib.site import Book, DataRow, SiteReport, SiteRun, StudyPage, build_site, bundle

HOSTILE = (
    "</script><img src=x onerror=alert(1)>{{ 7*7 }} $x$ ```{raw} html\n"
    "<b>*bold* [a](javascript:alert(2))"
)
"""Text that acts in HTML, in Markdown or in MyST unless it is kept from it."""

EXECUTE = """
import sys, nbformat, nbclient
notebook = nbformat.read(sys.argv[1], as_version=4)
nbclient.NotebookClient(notebook, kernel_name="python3").execute()
nbformat.write(notebook, sys.argv[1])
"""
CELLS = (
    "# Differential expression\n\nEvery gene has a fold change and a p-value.",
    (["parameters"], "p_threshold = 0.05\nlfc_threshold = 1.0"),
    (["injected-parameters"], "# Parameters\np_threshold = 0.05\nlfc_threshold = 1.0"),
    (
        [],
        "import numpy as np\nimport pandas as pd\nfrom analysis_lib import results\n"
        "from analysis_lib.figures import p_histogram, say, show, show_table, volcano\n"
        "from analysis_lib.datasets.dge import simulate\ngenes = simulate().genes\n"
        "called = (genes['pvalue'] < p_threshold) & (genes['logFC'].abs() > lfc_threshold)\n"
        "genes['call'] = np.where(~called, 'not significant',\n"
        "                         np.where(genes['logFC'] > 0, 'up', 'down'))\n"
        f"genes.loc[0, 'name'] = {HOSTILE!r}",
    ),
    "## Which genes change\n\nUp and down are coloured; the lines are the thresholds.",
    (
        [],
        "figure = volcano(genes, p_threshold=p_threshold, lfc_threshold=lfc_threshold)\n"
        "show(figure, name='volcano', caption='Fold change against significance.',\n"
        f"     alt='46 genes are up and 57 are down. ' + {HOSTILE!r})",
    ),
    (
        [],
        "show(p_histogram(genes), name='p_histogram', caption='P-values.', alt='A flat part.',\n"
        "     data=genes[['name', 'pvalue']])",
    ),
    "## The strongest genes",
    (
        [],
        "table = genes.sort_values('pvalue').head(50)\n"
        "show_table(table, name='top_genes', caption='The genes with the smallest p-values.')",
    ),
    (["remove-cell"], "x = 1"),
    (
        [],
        "say('The first gene is called ' + genes['name'][0], kind='note')\n"
        "import os\nprint('working in', os.getcwd())\ngenes[['logFC']].describe()",
    ),
)
METRICS = {
    "metrics": {
        "accuracy": {
            "label": "Accuracy, SVM",
            "value": 0.975,
            "low": 0.869,
            "high": 0.999,
            "unit": "",
        },
        "auc": {"label": "AUC, SVM", "value": None, "low": None, "high": None, "unit": ""},
    },
    "headline": ["accuracy", "auc"],
    "glance": [
        "46 genes are up, 57 are down, 97 are not significant.",
        f"A gene is called {HOSTILE}",
    ],
    "picture": "volcano",
    "published": [
        {
            "what": "Accuracy, SVM",
            "source": "the seed's notebook",
            "published": 0.975,
            "here": 0.975,
            "tolerance": 0.005,
            "status": "reproduced",
        },
        {
            "what": "Accuracy, forest",
            "source": "the seed's notebook",
            "published": 1.0,
            "here": 0.9,
            "tolerance": 0.005,
            "status": "drifted",
        },
    ],
}
DATA = {
    "dataset": "dge_table",
    "kind": "simulated",
    "title": "Differential expression",
    "note": "",
    "rows": 200,
    "files": [],
}


@dataclass(frozen=True)
class Parameter:
    name: str
    type: str
    default: str
    range: str
    description: str
    example: object = None


STUDY = StudyPage(
    "dge",
    "Differential expression",
    "Which genes go up or down, and what do classifiers of that label learn?",
    (
        Parameter("p_threshold", "number", "0.05", "> 0, ≤ 1", "Largest p-value of a call.", 0.01),
        Parameter("lfc_threshold", "number", "1.0", "≥ 0", "Smallest fold change of a call."),
        Parameter("data", "text or nothing", "null", "", "Your own table."),
    ),
)
CATALOGUE = (
    DataRow(
        "dge_table",
        "Differential expression: one row per gene",
        "Simulated here",
        "",
        "Free to use.",
        (),
        (("logFC", "log2 fold change"),),
        "simulated",
        ("dge",),
    ),
    DataRow(
        "golub",
        "Leukemia, ALL against AML",
        "Golub et al., Science 1999",
        "10.1126/science.286.5439.531",
        "See the source.",
        CATALOGUE["golub"].files[:1],
        (),
        "missing",
        ("leukemia",),
    ),
)


@dataclass(frozen=True)
class Project:
    """A project of its own, with the real hand-written pages."""

    root: Path

    @property
    def target(self) -> Path:
        return self.root / "book" / "_build" / "html"

    def build(self, book: Book, say: Callable[[str], None] = lambda line: None) -> SiteReport:
        return build_site(book, project=self.root, target=self.target, say=say)


def new_project(root: Path) -> Project:
    """Make a project with a copy of the book's sources."""
    for name, path in bundle.sources(files.PROJECT):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, root / name)
    (root / "requirements.lock").write_text("numpy==2\n")
    (root / "book" / "reference.md").unlink()  # many pages, with tests of their own
    return Project(root)


def new_run(project: Project, name: str = "default", **facts: Any) -> SiteRun:
    """Write the folder of a run into a project, as the run engine leaves it."""
    folder = project.root / "build" / "runs" / "dge" / name
    shutil.copytree(_executed(), folder)
    parameters = facts.pop("parameters", {"p_threshold": 0.05, "lfc_threshold": 1.0, "data": None})
    data = facts.pop("data", [DATA])
    files.write_json(folder / "params.json", parameters)
    files.write_json(folder / "metrics.json", facts.pop("metrics", METRICS))
    files.write_json(folder / "data.json", data)
    record = new_record(name, parameters=parameters, data=data, **facts)
    return finished(SiteRun("dge", name, folder, record))


def finished(run: SiteRun) -> SiteRun:
    """Write the record of a run anew, after something in its folder was changed."""
    record = replace(run.record, files=inventory(run.folder))
    record.write(run.folder)
    return replace(run, record=record)


def new_record(name: str, **facts: Any) -> Record:
    """Return a record with plausible facts."""
    given: dict[str, Any] = {
        "study": "dge",
        "run": name,
        "key": "0" * 64,
        "parts": {},
        "status": "ok",
        "started": "2026-11-21T08:14:09Z",
        "seconds": 12.3,
        "peak_memory_mb": 412.0,
        "parameters": {},
        "changed": [],
        "versions": {"python": "3.11.2", "numpy": "2.4.6", "scikit-learn": "1.9.1"},
        "git": {"commit": "0123456789abcdef", "dirty": True},
        **facts,
    }
    return Record(**given)


def new_failure(project: Project, name: str, message: str = f"KeyError: {HOSTILE}") -> Record:
    """Return the record of a failed attempt, with a traceback that names this machine."""
    trace = (
        "\x1b[0;31m---------------------------\x1b[0m\n"
        f'File "{project.root}/analysis_lib/studies/dge.py", line 7, in calls\n'
        f"    return genes['{HOSTILE}']\n{message}"
    )
    return new_record(name, status="failed", error=Failure(message, 4, trace), data=[])


def gallery(project: Project) -> Book:
    """Write a run in every state, and return the report of them."""
    own = {
        **DATA,
        "kind": "yours",
        "title": "Differential expression",
        "files": [{"name": HOSTILE, "address": None, "sha256": "ab" * 32}],
        "note": HOSTILE,
    }
    real = {
        **DATA,
        "kind": "real",
        "rows": 7129,
        "title": "Leukemia",
        "dataset": "golub",
        "files": [
            {"name": "train.csv", "address": "https://example.org/train.csv", "sha256": "cd" * 32}
        ],
    }
    strict = {"p_threshold": 0.01, "lfc_threshold": 2.0, "data": None}
    mine = {"p_threshold": 0.05, "lfc_threshold": 1.0, "data": str(project.root / "data/genes.csv")}
    new_run(project)
    new_run(project, "strict", parameters=strict, changed=["p_threshold", "lfc_threshold"])
    new_run(project, "older", data=[real])
    new_run(project, "my-run", parameters=mine, changed=["data"], data=[own])
    return gallery_of(project)


def gallery_of(project: Project) -> Book:
    """Return the report of the runs that `gallery` wrote."""

    def good(name: str, **facts: Any) -> SiteRun:
        folder = project.root / "build" / "runs" / "dge" / name
        return SiteRun("dge", name, folder, read_record(folder), **facts)

    runs = (
        good("default"),
        good("strict", stale=("the notebook", "the library's code")),
        SiteRun("dge", "broken", None, None, new_failure(project, "broken")),
        good("older", failure=new_failure(project, "older")),
        good("my-run", listed=False),
    )
    return Book(runs, (STUDY,), CATALOGUE, "The authors: Gene expression report, 2026.")


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return new_project(tmp_path / "a project")


@pytest.fixture(scope="session")
def site() -> Path:
    """The built site of the gallery, made once for all tests; not to be written to."""
    return built_gallery().target


@cache
def built_gallery() -> Project:
    """Build the gallery once in a session."""
    project = new_project(_session_folder() / "a project")
    project.build(gallery(project))
    return project


@cache
def _session_folder() -> Path:
    folder = Path(mkdtemp(prefix="site-tests-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


@cache
def _executed() -> Path:
    """Return the results of the notebook above, executed once in a session."""
    folder = _session_folder() / "executed"
    folder.mkdir()
    cells = [
        new_markdown_cell(cell)
        if isinstance(cell, str)
        else new_code_cell(cell[1], metadata={"tags": cell[0]})
        for cell in CELLS
    ]
    notebook = new_notebook(
        cells=cells, metadata={"papermill": {"input_path": str(folder), "start_time": "now"}}
    )
    path = folder / "notebook.ipynb"
    path.write_text(nbformat.writes(notebook), encoding="utf-8")
    # In a process of its own: nbclient leaves an event loop behind.
    subprocess.run(
        [sys.executable, "-c", EXECUTE, str(path)],
        cwd=folder,
        env={**os.environ, FOLDER_VARIABLE: str(folder), "PYTHONHASHSEED": "0"},
        stderr=subprocess.DEVNULL,
        check=True,
    )
    return folder

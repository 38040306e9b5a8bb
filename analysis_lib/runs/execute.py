"""One notebook, executed by papermill in a kernel of its own and believed only when checked."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat

from analysis_lib import files
from analysis_lib.errors import RunError, visible, without_colours
from analysis_lib.results import FOLDER_VARIABLE
from analysis_lib.runs import processes, surroundings
from analysis_lib.runs.client import EndedError, Job, joined, why_it_died
from analysis_lib.runs.limits import Limits
from analysis_lib.runs.progress import Cells
from analysis_lib.runs.record import Failure
from analysis_lib.runs.watch import Watch

KERNEL_ENVIRONMENT = {
    # The same bytes twice: one thread that adds up, on a processor and not on a graphics card.
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "VECLIB_MAXIMUM_THREADS": "1",
    "NUMEXPR_NUM_THREADS": "1",
    "TF_NUM_INTRAOP_THREADS": "1",
    "TF_NUM_INTEROP_THREADS": "1",
    "TF_CPP_MIN_LOG_LEVEL": "2",
    "TF_ENABLE_ONEDNN_OPTS": "0",  # speaks at every start, and rounds by the processor's kind
    "CUDA_VISIBLE_DEVICES": "-1",
    "KERAS_BACKEND": "tensorflow",
    "MPLBACKEND": "agg",
    # The kernel of this environment.
    "JUPYTER_PREFER_ENV_PATH": "1",
    "PYDEVD_DISABLE_FILE_VALIDATION": "1",
}
"""What a kernel finds in its environment, beside what everything finds that we start."""

_OWN_FILES = ("IPYTHONDIR", "JUPYTER_RUNTIME_DIR", "KERAS_HOME")
"""Folders for which a kernel gets an empty one, instead of the user's own settings."""

LONGEST_MESSAGE, LONGEST_TRACEBACK = 2_000, 100_000
"""Characters of a failure that are told."""


@dataclass(frozen=True)
class Execution:
    """What came of it: the notebook as far as it ran, seconds, peak memory, a failure if any."""

    notebook: nbformat.NotebookNode
    seconds: float
    peak_memory_mb: float
    failure: Failure | None


def execute(
    template: Path,
    parameters: Mapping[str, Any],
    folder: Path,
    *,
    limits: Limits,
    cells: Cells,
) -> Execution:
    """Execute a notebook; its results go to `folder`, its text is returned and not written.

    The kernel works in the current folder, so that a path in a parameter means the same in it.
    """
    started = time.monotonic()
    short = "/tmp" if Path("/tmp").is_dir() else None  # noqa: S108  (sockets need short paths)
    with (
        tempfile.TemporaryDirectory(dir=short) as scratch,
        processes.guarded(),
        Watch(limits) as watch,
        _environment(folder, scratch),
    ):
        job = Job(read_template(template), parameters, scratch, limits, cells)
        failure = _attempt(job, watch)
        if failure and not job.cells_started and not watch.ended:
            # A kernel may fail to start on a busy machine; nothing has run yet, so once more.
            failure = _attempt(job, watch)
    displaced = _removed(folder) or _linked(folder)  # in this order: a folder may be a link
    return Execution(
        notebook=_settled(job.notebook),
        seconds=round(time.monotonic() - started, 2),
        peak_memory_mb=round(watch.peak_memory / 2**20, 1),
        failure=failure or verdict(job.notebook) or displaced,
    )


def _removed(folder: Path) -> Failure | None:
    """Return why there are no results where they belong; afterwards there is a folder again."""
    if folder.is_dir() and not folder.is_symlink():
        return None
    files.remove(folder)
    folder.mkdir()
    return Failure("The notebook removed the folder of its results.")


def _linked(folder: Path) -> Failure | None:
    """Return which results are elsewhere, and remove the links to them."""
    links = [path for path in folder.rglob("*") if path.is_symlink()]
    for path in links:
        path.unlink()
    names = ", ".join(visible(path.name) for path in links[:3])
    return Failure(f"The notebook left links among its results: {names}") if links else None


def _settled(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """Remove what papermill notes of times and paths, so that equal runs are equal bytes."""
    notebook.metadata.pop("papermill", None)
    for number, cell in enumerate(notebook.cells):
        cell.id = f"cell-{number:02d}"
        cell.metadata.pop("papermill", None)
        if cell.cell_type == "code":
            cell.outputs = joined(cell.outputs)
    return notebook


def read_template(path: Path) -> nbformat.NotebookNode:
    """Read a notebook and check that its parameters can reach it."""
    try:
        notebook: nbformat.NotebookNode = nbformat.read(path, as_version=4)
    except (OSError, ValueError) as error:
        raise RunError(
            "The notebook cannot be read.", where=str(path), got=f"{type(error).__name__}: {error}"
        ) from error
    tagged = [c for c in notebook.cells if "parameters" in c.metadata.get("tags", [])]
    if len(tagged) != 1 or tagged[0].cell_type != "code":
        raise RunError(
            "The notebook's parameters would be ignored.",
            where=str(path),
            expected="exactly one code cell tagged `parameters`",
            got=f"{len(tagged)} cells with that tag",
            remedy="Add the tag to the cell that holds the defaults.",
        )
    return notebook


def verdict(notebook: nbformat.NotebookNode) -> Failure | None:
    """Return why an executed notebook is not to be believed; None when it is.

    Papermill stamps cells "completed" that never ran, so only what cannot be faked counts:
    every code cell has an execution count and no output is an error.
    """
    code = [c for c in notebook.cells if c.cell_type == "code" and c.source.strip()]
    for number, cell in enumerate(code, start=1):
        for output in cell.outputs:
            if output.output_type == "error":
                return Failure(
                    message=_cut(f"{output.ename}: {output.evalue}"),
                    cell=number,
                    traceback=_cut("\n".join(output.traceback), LONGEST_TRACEBACK),
                )
        if cell.execution_count is None:
            return Failure(
                message=f"The notebook ended before its cell {number} of {len(code)} ran.",
                cell=number,
            )
    return None


def _attempt(job: Job, watch: Watch) -> Failure | None:
    failure = _failure(job)
    if watch.ended:  # whatever went wrong then, went wrong for that reason
        return Failure(watch.ended, job.cells_started or None)
    return failure


def _failure(job: Job) -> Failure | None:
    from nbclient.exceptions import DeadKernelError
    from papermill import PapermillExecutionError

    try:
        with processes.undisguised():
            job.run()
    except PapermillExecutionError as error:
        return verdict(job.notebook) or Failure(_cut(f"{error.ename}: {error.evalue}"))
    except EndedError as error:
        text = str(error)
    except DeadKernelError:
        text = job.ended or why_it_died(job.kernel_status)
    except (RuntimeError, OSError) as error:  # it did not start, say
        text = _cut(f"The kernel failed: {error}")
    else:
        return None
    return Failure(text, job.cells_started or None)


def _cut(text: str, longest: int = LONGEST_MESSAGE) -> str:
    """Return text without colours, and without its middle when it is too long for a page."""
    if len(text) > longest:
        half = longest // 2
        text = f"{text[:half]}\n[… {len(text) - 2 * half:,} characters …]\n{text[-half:]}"
    return without_colours(text)


@contextmanager
def _environment(folder: Path, scratch: str) -> Iterator[None]:
    """Set what the kernel inherits, and put everything back afterwards."""
    before = dict(os.environ)
    now = surroundings.inherited(before) | KERNEL_ENVIRONMENT | dict.fromkeys(_OWN_FILES, scratch)
    now[FOLDER_VARIABLE] = str(folder)
    now[processes.DRIVER_VARIABLE] = processes.driver_mark()
    os.environ.clear()
    os.environ.update(now)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)

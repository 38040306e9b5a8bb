"""One notebook, executed by papermill in a kernel of its own and believed only when checked."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nbformat

from analysis_lib.errors import RunError, without_colours
from analysis_lib.results import FOLDER_VARIABLE
from analysis_lib.runs import processes
from analysis_lib.runs.progress import Cells
from analysis_lib.runs.record import Failure
from analysis_lib.runs.watch import Watch

ENGINE = "analysis"

KERNEL_ENVIRONMENT = {
    # The same bytes twice: one hash order, one BLAS thread, one date.
    "PYTHONHASHSEED": "0",
    "SOURCE_DATE_EPOCH": "315532800",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "VECLIB_MAXIMUM_THREADS": "1",
    "NUMEXPR_NUM_THREADS": "1",
    "TF_NUM_INTRAOP_THREADS": "1",
    "TF_NUM_INTEROP_THREADS": "1",
    "TF_CPP_MIN_LOG_LEVEL": "2",
    "TF_ENABLE_ONEDNN_OPTS": "0",  # speaks at every start, and rounds by the processor's kind
    "MPLBACKEND": "agg",
    # The kernel of this environment, without the user's own start-up files.
    "JUPYTER_PREFER_ENV_PATH": "1",
    "PYDEVD_DISABLE_FILE_VALIDATION": "1",
}


@dataclass(frozen=True)
class Limits:
    """Seconds a run may take in all, and one of its cells."""

    total: float = 3600
    cell: float = 1800


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
        Watch(limits.total) as watch,
        _environment(folder, scratch),
    ):
        job = _Job(read_template(template), parameters, scratch, limits, cells)
        failure = _attempt(job, watch)
        if failure and not job.cells_started and not watch.expired:
            # A kernel may fail to start on a busy machine; nothing has run yet, so once more.
            failure = _attempt(job, watch)
    return Execution(
        notebook=_without_times(job.notebook),
        seconds=round(time.monotonic() - started, 2),
        peak_memory_mb=round(watch.peak_memory / 2**20, 1),
        failure=failure or verdict(job.notebook),
    )


def _without_times(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """Remove what papermill notes of times and paths, so that equal runs are equal bytes."""
    notebook.metadata.pop("papermill", None)
    for number, cell in enumerate(notebook.cells):
        cell.id = f"cell-{number:02d}"
        cell.metadata.pop("papermill", None)
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
                    message=without_colours(f"{output.ename}: {output.evalue}"),
                    cell=number,
                    traceback=without_colours("\n".join(output.traceback)),
                )
        if cell.execution_count is None:
            return Failure(
                message=f"The notebook ended before its cell {number} of {len(code)} ran.",
                cell=number,
            )
    return None


@dataclass
class _Job:
    """What papermill is asked for, and how far the notebook came."""

    template: nbformat.NotebookNode
    parameters: Mapping[str, Any]
    scratch: str
    limits: Limits
    cells: Cells
    notebook: nbformat.NotebookNode = field(init=False)
    cells_started: int = 0

    def __post_init__(self) -> None:
        self.notebook = self.template


def _attempt(job: _Job, watch: Watch) -> Failure | None:
    import papermill
    from nbclient.exceptions import CellTimeoutError, DeadKernelError

    _register()
    try:
        papermill.execute_notebook(
            job.template,
            None,  # papermill would write in place, cell by cell; we write once, at the end
            parameters=dict(job.parameters),
            engine_name=ENGINE,
            kernel_name="python3",
            language="python",
            progress_bar=False,
            job=job,
        )
    except papermill.PapermillExecutionError as error:
        return verdict(job.notebook) or Failure(without_colours(f"{error.ename}: {error.evalue}"))
    except CellTimeoutError:
        return Failure(f"A cell took longer than {job.limits.cell:g} seconds.", job.cells_started)
    except (DeadKernelError, RuntimeError, OSError) as error:
        # Not the notebook's own error: its kernel died, was ended by us, or did not start.
        reached = job.cells_started or None
        if watch.expired:
            return Failure(f"The run took longer than {job.limits.total:g} seconds.", reached)
        died = "The kernel died (killed, out of memory, or crashed in compiled code)."
        text = died if isinstance(error, DeadKernelError) else f"The kernel failed: {error}"
        return Failure(without_colours(text), reached)
    return None


@contextmanager
def _environment(folder: Path, scratch: str) -> Iterator[None]:
    """Set what the kernel inherits, and put everything back afterwards."""
    before = dict(os.environ)
    os.environ.update(KERNEL_ENVIRONMENT)
    os.environ[FOLDER_VARIABLE] = str(folder)
    os.environ[processes.DRIVER_VARIABLE] = processes.driver_mark()
    os.environ["IPYTHONDIR"] = scratch
    os.environ["JUPYTER_RUNTIME_DIR"] = scratch
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def _register() -> None:
    """Teach papermill an engine that reports every cell and never waits for a graceful end."""
    from papermill.clientwrap import PapermillNotebookClient
    from papermill.engines import NBClientEngine, papermill_engines

    class Reporting(NBClientEngine):  # type: ignore[misc]  # papermill has no types
        @classmethod
        def execute_managed_notebook(
            cls,
            nb_man: Any,
            kernel_name: str,
            *,
            job: _Job,
            start_timeout: float,
            **_unused: Any,
        ) -> None:
            job.notebook = nb_man.nb
            _report_cells(nb_man, job)
            PapermillNotebookClient(
                nb_man,
                kernel_name=kernel_name,
                timeout=job.limits.cell,
                startup_timeout=start_timeout,
                shutdown_kernel="immediate",
                record_timing=False,
                config=_sockets(job.scratch),
            ).execute()

    papermill_engines.register(ENGINE, Reporting)


def _sockets(scratch: str) -> Any:
    """Talk to the kernel through files of this user's, where no port can clash or be overheard."""
    from traitlets.config import Config

    return Config({"KernelManager": {"transport": "ipc", "ip": f"{scratch}/kernel"}})


def _report_cells(nb_man: Any, job: _Job) -> None:
    cells = nb_man.nb.cells
    code = [i for i, cell in enumerate(cells) if cell.cell_type == "code" and cell.source.strip()]
    start, complete = nb_man.cell_start, nb_man.cell_complete

    def facts(index: int) -> tuple[int, int, str]:
        return code.index(index) + 1, len(code), _title(cells, index)

    def cell_start(cell: Any, cell_index: int, **more: Any) -> None:
        if cell_index in code:
            job.cells_started = code.index(cell_index) + 1
            job.cells.started(*facts(cell_index))
        start(cell, cell_index, **more)

    def cell_complete(cell: Any, cell_index: int, **more: Any) -> None:
        complete(cell, cell_index, **more)
        if cell_index in code:
            job.cells.done(*facts(cell_index))

    nb_man.cell_start, nb_man.cell_complete = cell_start, cell_complete


def _title(cells: list[Any], index: int) -> str:
    """Return the heading a cell stands under, as a name for it."""
    for cell in reversed(cells[: index + 1]):
        if cell.cell_type == "markdown":
            for line in reversed(cell.source.splitlines()):
                if line.startswith("#"):
                    return str(line.lstrip("# "))
    return "set-up"

"""Papermill, made to tell of every cell, and to trust no kernel with its memory or patience."""

from __future__ import annotations

import itertools
import math
import signal
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import nbformat
from nbformat.v4 import new_output

from analysis_lib.runs.limits import Limits
from analysis_lib.runs.progress import Cells

ENGINE = "analysis"
_PRINTED = "--IPKernelApp.outstream_class=analysis_lib.runs.printed.Printed"
_OUTPUT = {"stream", "display_data", "execute_result", "error"}


class EndedError(Exception):
    """The run was ended by us; the text says why."""


@dataclass
class Job:
    """What papermill is asked for, and how far the notebook came."""

    template: nbformat.NotebookNode
    parameters: Mapping[str, Any]
    scratch: str
    limits: Limits
    cells: Cells
    notebook: nbformat.NotebookNode = field(init=False)
    cells_started: int = 0
    shown: int = 0
    ended: str | None = None
    kernel_status: int | None = None

    def __post_init__(self) -> None:
        self.notebook = self.template

    def run(self) -> None:
        """Execute the notebook as far as it goes; what ends it early is raised."""
        import papermill

        _register()
        papermill.execute_notebook(
            self.template,
            None,  # papermill would write in place, cell by cell; we write once, at the end
            parameters=dict(self.parameters),
            engine_name=ENGINE,
            kernel_name="python3",
            language="python",
            progress_bar=False,
            job=self,
        )


@cache
def _register() -> None:
    """Teach papermill an engine that reports every cell and never waits for a graceful end."""
    from papermill.engines import NBClientEngine, papermill_engines

    class Reporting(NBClientEngine):  # type: ignore[misc]  # papermill has no types
        @classmethod
        def execute_managed_notebook(
            cls, nb_man: Any, kernel_name: str, *, job: Job, start_timeout: float, **_unused: Any
        ) -> None:
            job.notebook = nb_man.nb
            _report_cells(nb_man, job)
            _client(nb_man, job, kernel_name, start_timeout).execute(
                # Nobody sits at the kernel: what reads finds an end, and what it prints on its
                # own descriptors has come through its streams already.
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )

    papermill_engines.register(ENGINE, Reporting)


def _client(nb_man: Any, job: Job, kernel_name: str, start_timeout: float) -> Any:
    import zmq
    from jupyter_client.session import Session
    from papermill.clientwrap import PapermillNotebookClient

    class Weighing(Session):
        """Weighs every message, and unpacks none that is too heavy."""

        def deserialize(self, msg_list: Any, content: bool = True, copy: bool = True) -> Any:
            weight = sum(len(part) for part in msg_list)
            if weight > job.limits.shown:
                raise EndedError(job.limits.too_much_shown())
            return {**super().deserialize(msg_list, content, copy), "weight": weight}

    class Client(PapermillNotebookClient):  # type: ignore[misc]  # papermill has no types
        """Ends a run that shows too much, takes too long, or asks to be ended, and says so."""

        def create_kernel_manager(self) -> Any:
            manager = super().create_kernel_manager()
            manager.session = Weighing(parent=manager)
            return manager

        async def _async_poll_output_msg(self, *which: Any) -> None:
            # Or messages are dropped, unseen, when the kernel is faster than we are.
            self.kc.iopub_channel.socket.setsockopt(zmq.RCVHWM, 0)
            try:
                await super()._async_poll_output_msg(*which)
            except EndedError as error:
                job.ended = str(error)
                self.task_poll_for_reply.cancel()

        def process_message(self, msg: Any, cell: Any, cell_index: int) -> Any:
            if msg["msg_type"] in _OUTPUT:
                job.shown += msg["weight"]
            if job.shown > job.limits.shown:
                raise EndedError(job.limits.too_much_shown())
            return super().process_message(msg, cell, cell_index)

        async def _async_handle_timeout(self, timeout: float, cell: Any = None) -> Any:
            raise EndedError(job.limits.cell_too_long())

        async def _async_check_alive(self) -> None:
            job.kernel_status = await self.km.provisioner.poll()
            await super()._async_check_alive()

    def cell_executed(execute_reply: Any, **_more: Any) -> None:
        if job.ended:  # too late to be cancelled
            raise EndedError(job.ended)
        payload = execute_reply["content"].get("payload", ())
        if any(entry.get("source") == "ask_exit" for entry in payload):
            raise EndedError("The notebook left with exit() or quit() before its end.")

    return Client(
        nb_man,
        kernel_name=kernel_name,
        timeout=math.ceil(job.limits.of_cell),
        startup_timeout=start_timeout,
        iopub_timeout=math.ceil(job.limits.of_cell),
        shutdown_kernel="immediate",
        record_timing=False,
        extra_arguments=[_PRINTED],
        on_cell_executed=cell_executed,
        config=_sockets(job.scratch),
    )


def why_it_died(status: int | None) -> str:
    """Say how a kernel ended, by the exit status of its process."""
    if status is None or status == -signal.SIGKILL:
        return "The kernel died: it was killed, perhaps because the machine had no memory left."
    if status < 0:
        return f"The kernel died of a signal: {signal.strsignal(-status)}."
    return f"The kernel died: the notebook ended it, with exit status {status}."


def _sockets(scratch: str) -> Any:
    """Talk to the kernel through files of this user's, where no port can clash or be overheard."""
    from traitlets.config import Config

    return Config({"KernelManager": {"transport": "ipc", "ip": f"{scratch}/kernel"}})


def _report_cells(nb_man: Any, job: Job) -> None:
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


def joined(outputs: list[Any]) -> list[Any]:
    """Join what was printed between two shown things: output first, then errors.

    Where a text was cut into messages, and which stream's came first, is a matter of time.
    """
    result: list[Any] = []
    for printed, group in itertools.groupby(outputs, lambda o: o.output_type == "stream"):
        together = list(group)
        if not printed:
            result += together
            continue
        for name in ("stdout", "stderr"):
            text = "".join(output.text for output in together if output.name == name)
            if text:
                result.append(new_output("stream", name=name, text=overwritten(text)))
    return result


def overwritten(text: str) -> str:
    r"""Return what is left of every line on which one wrote again from its beginning.

    Examples
    --------
    >>> overwritten("10 %\r20 %\r30 %\ndone\r\n")
    '30 %\ndone\n'
    """
    if "\r" not in text:
        return text
    return "\n".join(line.rstrip("\r").rpartition("\r")[2] for line in text.split("\n"))


def _title(cells: list[Any], index: int) -> str:
    """Return the heading a cell stands under, as a name for it."""
    for cell in reversed(cells[: index + 1]):
        if cell.cell_type == "markdown":
            for line in reversed(cell.source.splitlines()):
                if line.startswith("#"):
                    return str(line.lstrip("# "))
    return "set-up"

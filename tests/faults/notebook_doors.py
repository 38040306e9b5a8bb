"""Runs the first cells of notebooks in an IPython shell: reads cases as JSON, writes what came.

A program of its own, because a shell takes over the hooks of its process. A case is a list of
cells; what came is null when all ran, or the kind, the message and the traceback of the error.
"""

from __future__ import annotations

import gc
import json
import sys
from typing import Any

from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.io import capture_output


def run(shell: InteractiveShell, cells: list[str]) -> dict[str, str] | None:
    """Run cells one after the other, as a kernel does, until one fails."""
    for cell in cells:
        with capture_output() as shown:
            result = shell.run_cell(cell, store_history=True)
        error = result.error_before_exec or result.error_in_exec
        if error is not None:
            return {
                "kind": type(error).__name__,
                "message": str(error),
                "shown": shown.stdout + shown.stderr,
            }
    return None


def main() -> None:
    """Answer every case, each in a fresh session."""
    cases: list[list[str]] = json.load(sys.stdin)
    answers: list[Any] = []
    shell = InteractiveShell.instance(colors="nocolor")
    for cells in cases:
        shell.reset(new_session=True)
        answers.append(run(shell, cells))
        gc.freeze()  # a reset collects garbage, and the libraries imported by now are none
    json.dump(answers, sys.stdout)


if __name__ == "__main__":
    main()

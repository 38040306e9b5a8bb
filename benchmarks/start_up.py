"""Importing the library and asking for help, as whole processes, beside other command lines."""

from __future__ import annotations

import sys
from collections.abc import Iterator

from benchmarks.harness import Claim, Way, printed, whole

JUPYTER_BOOK = "from jupyter_book.cli.main import main; main(prog_name='jupyter-book')"


def claims(*, quick: bool) -> Iterator[Claim]:
    """Yield the claims about starting."""
    python = sys.executable
    for name, title, what, commands in (
        (
            "import",
            "Import",
            "Importing the package, Python's start included",
            {
                "import analysis_lib": [python, "-c", "import analysis_lib"],
                "import papermill": [python, "-c", "import papermill"],
                "import jupyter_book": [python, "-c", "import jupyter_book.cli.main"],
            },
        ),
        (
            "help",
            "--help",
            "The help of the command line, Python's start included",
            {
                "analysis_lib --help": [python, "-m", "analysis_lib", "--help"],
                "papermill --help": [python, "-m", "papermill", "--help"],
                "jupyter-book --help": [python, "-c", JUPYTER_BOOK, "--help"],
            },
        ),
    ):
        ours, *peers = (Way(each, whole(command)) for each, command in commands.items())

        def check(commands: dict[str, list[str]] = commands) -> None:
            for command in commands.values():
                printed(command)

        yield Claim(
            name,
            title,
            what,
            "s",
            ours,
            peers,
            check,
            rounds=1 if quick else 7,
            notes=lambda: ["Ours imports its rooms when they are asked for."],
        )

"""A rebuild with nothing to do: ours beside Jupyter Book's own cache, on the same notebooks."""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from analysis_lib.files import PROJECT

CONFIG = "title: peer\nonly_build_toc_files: true\nexecute:\n  execute_notebooks: cache\n"
JUPYTER_BOOK = "from jupyter_book.cli.main import main; main(prog_name='jupyter-book')"


def measure(rounds: int = 5) -> dict[str, Any]:
    """Time both in turn, as whole processes; return seconds of every round and the ratio."""
    with tempfile.TemporaryDirectory() as folder:
        peer = _peer(Path(folder))
        ours = [sys.executable, "-m", "analysis_lib", "book"]
        for command in (peer, ours):  # once to build what is then there
            _timed(command)
        seconds: dict[str, list[float]] = {"peer": [], "ours": []}
        for _ in range(rounds):
            seconds["peer"].append(_timed(peer)[0])
            spent, printed = _timed(ours)
            if "nothing changed" not in printed:
                raise RuntimeError(f"there was something to do:\n{printed}")
            seconds["ours"].append(spent)
    medians = {name: statistics.median(values) for name, values in seconds.items()}
    return {
        "what": "no-change rebuild of the book",
        "peer": "jupyter-book build, execute_notebooks: cache",
        "seconds": seconds,
        "medians": medians,
        "ratio": medians["ours"] / medians["peer"],
    }


def _peer(folder: Path) -> list[str]:
    """Write a plain book of the same notebooks; return the command that builds it."""
    notebooks = sorted((PROJECT / "notebooks").glob("*.ipynb"))
    for path in notebooks:
        shutil.copy(path, folder / path.name)
    (folder / "index.md").write_text("# Peer\n")
    (folder / "_config.yml").write_text(CONFIG)
    chapters = "".join(f"  - file: {path.stem}\n" for path in notebooks)
    (folder / "_toc.yml").write_text(f"format: jb-book\nroot: index\nchapters:\n{chapters}")
    return [sys.executable, "-c", JUPYTER_BOOK, "build", str(folder)]


def _timed(command: list[str]) -> tuple[float, str]:
    started = time.perf_counter()
    done = subprocess.run(
        command,
        cwd=PROJECT,
        env={**os.environ, "JUPYTER_PREFER_ENV_PATH": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(done.stdout + done.stderr)
    return time.perf_counter() - started, done.stdout


def main() -> None:
    """Measure from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    print(measure(parser.parse_args().rounds))


if __name__ == "__main__":
    main()

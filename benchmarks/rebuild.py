"""Building a book: from nothing, with nothing to do, after one parameter changed.

Ours beside plain Jupyter Book with its own cache, on the same notebooks with the same parameters: a
project of one study, in a folder of its own. The peer's pages have no interactive figures (what
Plotly leaves behind in a notebook is dropped on the way), no records and no checks.
"""

from __future__ import annotations

import itertools
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import nbformat

from analysis_lib import files
from analysis_lib.files import PROJECT
from analysis_lib.site import bundle
from benchmarks.harness import Claim, Way, printed

LEAN = {"models": ["logistic"], "cv_repeats": 1, "permutations": 20, "bootstrap": 100}
"""Parameters of all runs: what is measured is building, not modelling."""

NAMES = ("default", "strict")
CONFIG = """\
title: peer
only_build_toc_files: true
execute:
  execute_notebooks: cache
  timeout: -1
"""
JUPYTER_BOOK = "from jupyter_book.cli.main import main; main(prog_name='jupyter-book')"


def claims(*, quick: bool) -> Iterator[Claim]:
    """Yield the claims about building."""
    with tempfile.TemporaryDirectory() as folder:
        one = _pair(Path(folder) / "one", NAMES[:1])
        # Of two runs, one is as it was when a parameter of the other changed.
        two = one if quick else _pair(Path(folder) / "two", NAMES)
        for name, title, work, pair, before in (
            ("clean_build", "A clean build", "from nothing", one, _Book.forget),
            ("no_change", "No-change build", "with nothing to do", two, _Book.keep),
            ("one_parameter", "One parameter", "after a parameter changed", two, _Book.change),
        ):
            runs = f"{len(pair[0].names)} run{'s'[: len(pair[0].names) > 1]}"
            ours, peer = (
                Way(book.title, lambda book=book, before=before: book.timed(before))
                for book in pair
            )
            yield Claim(
                name,
                title,
                f"Building a book of {runs} of one study {work}",
                "s",
                ours,
                [peer],
                check=lambda pair=pair, before=before: _be_there(pair, before),
                rounds=1 if quick else 5,
                notes=lambda: [
                    "The peer's pages have no interactive figures, no records and no checks."
                ],
            )


def _be_there(pair: Sequence[_Book], before: Any) -> None:
    # Every build looks for its own pages; one more from nothing would only take its time.
    if before is not _Book.forget:
        for book in pair:
            book.be_there()


def _pair(root: Path, names: Sequence[str]) -> tuple[_Book, _Book]:
    return Ours(root / "ours", names), Plain(root / "peer", names)


class _Book:
    """A book in a folder of its own, and the command that builds it."""

    title: str
    command: Sequence[str]
    built: Sequence[str]

    def __init__(self, root: Path, names: Sequence[str]) -> None:
        self.root, self.names = root, names
        self._thresholds = (round(0.01 + at / 1e4, 4) for at in itertools.count())
        self.values = {name: {**LEAN, "p_threshold": next(self._thresholds)} for name in names}

    def forget(self) -> None:
        """Remove everything that was built."""
        for name in self.built:
            files.remove(self.root / name)

    def keep(self) -> None:
        """Change nothing."""

    def change(self) -> None:
        """Give the last run a parameter that it never had."""
        self.values[self.names[-1]] |= {"p_threshold": next(self._thresholds)}
        self.ask()

    def ask(self) -> None:
        """Write what is asked for."""
        raise NotImplementedError

    def pages(self) -> list[Path]:
        """Return the pages of the runs."""
        raise NotImplementedError

    def be_there(self) -> None:
        """Build the book unless it is built."""
        if not all(path.is_file() for path in self.pages()):
            self.timed(_Book.forget)

    def timed(self, before: Any) -> float:
        """Do what comes before, then build, and return the seconds of the whole command."""
        before(self)
        started = time.perf_counter()
        said = printed(self.command, self.root, JUPYTER_PREFER_ENV_PATH="1")
        seconds = time.perf_counter() - started
        self.verify(said, nothing=before is _Book.keep)
        return seconds

    def verify(self, said: str, *, nothing: bool) -> None:
        """Raise unless all pages are there."""
        missing = [path.name for path in self.pages() if not path.is_file()]
        if missing:
            raise RuntimeError(f"{self.title} left no {', '.join(missing)}: {said[-300:]}")


class Ours(_Book):
    """A project with one notebook and our pages."""

    title = "make book's command"
    command = (sys.executable, "-m", "analysis_lib", "book")
    built = ("build", "book/_build")

    def __init__(self, root: Path, names: Sequence[str]) -> None:
        super().__init__(root, names)
        for name, path in bundle.sources(PROJECT):
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path, root / name)
        (root / "book" / "reference.md").unlink()  # pages of the library, not of runs
        self.ask()

    def ask(self) -> None:
        """Write `report.yml`."""
        files.write_json(self.root / "report.yml", {"dge": self.values})  # YAML includes JSON

    def pages(self) -> list[Path]:
        """Return the pages of the runs."""
        folder = self.root / "book" / "_build" / "html" / "studies" / "dge"
        return [folder / f"{name}.html" for name in self.names]

    def verify(self, said: str, *, nothing: bool) -> None:
        """Raise unless all pages are there, and nothing was done when there was nothing to do."""
        super().verify(said, nothing=nothing)
        if nothing != ("nothing changed" in said):
            raise RuntimeError(f"ours did what it should not have: {said[-300:]}")


class Plain(_Book):
    """A plain book of the same notebooks and parameters, with Jupyter Book's own cache."""

    title = "jupyter-book build, execute: cache"
    built = ("_build",)

    def __init__(self, root: Path, names: Sequence[str]) -> None:
        super().__init__(root, names)
        self.command = (sys.executable, "-c", JUPYTER_BOOK, "build", str(root))
        toc = {"format": "jb-book", "root": "index", "chapters": [{"file": n} for n in names]}
        files.write_text(root / "index.md", "# Peer\n")
        files.write_text(root / "_config.yml", CONFIG)
        files.write_json(root / "_toc.yml", toc)
        self.ask()

    def ask(self) -> None:
        """Write every notebook with its parameters; one that has them already stays as it is."""
        for name, values in self.values.items():
            notebook = nbformat.read(PROJECT / "notebooks" / "dge.ipynb", as_version=4)
            cell = next(c for c in notebook.cells if "parameters" in c.metadata.get("tags", ()))
            cell.source += "".join(f"\n{key} = {value!r}" for key, value in values.items())
            path, text = self.root / f"{name}.ipynb", nbformat.writes(notebook)
            if not path.exists() or path.read_text(encoding="utf-8") != text:
                files.write_text(path, text)

    def pages(self) -> list[Path]:
        """Return the pages of the runs."""
        return [self.root / "_build" / "html" / f"{name}.html" for name in self.names]

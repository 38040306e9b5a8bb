"""A small project that is used as people use one: through its Makefile, with a real book.

It has one study of two quick runs and a book of a few pages, so that `make book` from nothing takes
some seconds. What a trial needs beside it is here too: starting `make` in a process group of its
own, finding every process that descends from it, and pictures of runs and site to compare.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import shutil
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import nbformat
import psutil

from analysis_lib import files
from analysis_lib.files import PROJECT
from analysis_lib.runs.record import RECORD, read_record
from analysis_lib.site import bundle
from analysis_lib.site.summary import duration

MARK = "ANALYSIS_SMALL_PROJECT"
"""In the environment of everything that a small project starts: the folder of the project."""

NAMES = ("default", "strict")
"""The runs of its report; `SmallProject.ask` changes a parameter of the second."""

LOOSE, STRICT = 0.05, 0.01
"""Two thresholds to go back and forth between."""

LAST_CELL = """\
results.save_metrics(
    {f"genes_{call.replace(' ', '_')}": {"label": f"genes {call}", "value": count}
     for call, count in study.calls.items()},
    headline=["genes_up", "genes_down"],
    glance=[calls],
    picture="volcano",
)
facts.save(study)
results.save_json("data", [study.source.record(len(study.genes))])"""

HUNG = 900
"""Seconds after which what a test waits for will never happen, however busy the machine is."""

PLOTLY = "plotly.min.js"
"""So long that it holds any short text, a number of seconds too."""

_FROM_OUTSIDE = ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "ANALYSIS_DATA_DIR", "PYTHONDONTWRITEBYTECODE")
_TIMES = ("started", "seconds", "peak_memory_mb", "seal")
_DIGEST = re.compile(r"\b[0-9a-f]{64}\b")
_NUMBER = re.compile(r'("(?:contentSize|bytes|seconds|peak_memory_mb)": )"?[\d.]+"?')
_TEXT = (".html", ".json", ".js", ".ipynb", ".md", ".yml", ".sha256", ".txt", ".bib")


@dataclass
class Making:
    """A `make …` under way: its process, which leads a group of its own, and what it printed."""

    process: subprocess.Popen[bytes]
    log: Path

    @property
    def output(self) -> str:
        """Everything that was printed so far."""
        return self.log.read_text(encoding="utf-8", errors="replace")

    def wait(self, seconds: float = HUNG) -> int:
        """Wait for the end, and return the exit status."""
        return self.process.wait(timeout=seconds)

    def signal_group(self, number: int) -> None:
        """Send a signal to the whole group, as a terminal does on Ctrl-C."""
        os.killpg(self.process.pid, number)


@dataclass
class SmallProject:
    """A project in a folder of its own, made by `new_small_project`.

    Attributes
    ----------
    root : Path
        Its folder.
    environment : dict
        What its commands have in their environment beside what the tests have.
    """

    root: Path
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def site(self) -> Path:
        """The folder of the published site."""
        return self.root / "book" / "_build" / "html"

    @property
    def runs(self) -> Path:
        """The folder of all runs."""
        return self.root / "build" / "runs"

    def ask(self, threshold: float = STRICT) -> None:
        """Ask for two runs; only the parameter of the second differs between two calls."""
        text = f"dge:\n  default: {{}}\n  strict:\n    p_threshold: {threshold}\n"
        (self.root / "report.yml").write_text(text, encoding="utf-8")

    def start(self, *words: str) -> Making:
        """Start `make …`, in a session and process group of its own, as a terminal would."""
        return self.start_command("make", *words)

    def start_command(self, *command: str) -> Making:
        """Start any command in the project's folder, in a session and group of its own."""
        inherited = {n: v for n, v in os.environ.items() if n not in _FROM_OUTSIDE}
        ours = {MARK: str(self.root), "PYTHONPATH": str(self.root), **self.environment}
        logs = self.root / "logs"
        logs.mkdir(exist_ok=True)
        log = logs / f"{len(list(logs.iterdir())):03d}.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                command,
                cwd=self.root,
                env={**inherited, **ours},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        return Making(process, log)

    def make(self, *words: str, status: int = 0) -> str:
        """Do `make …` to its end, expect an exit status, and return what was printed."""
        making = self.start(*words)
        done = making.wait()
        assert done == status, making.output
        return making.output

    def processes(self) -> list[psutil.Process]:
        """Return every living process that descends from a command of this project."""
        return [process for process, _ in self._marked()]

    def kernels(self) -> list[psutil.Process]:
        """Return the kernels of its runs."""
        return [p for p, words in self._marked() if "ipykernel_launcher" in words]

    def drivers(self) -> list[psutil.Process]:
        """Return the processes of its command line."""
        return [p for p, words in self._marked() if "-m analysis_lib " in words]

    def builders(self) -> list[psutil.Process]:
        """Return the processes of Jupyter Book."""
        return [p for p, words in self._marked() if "jupyter_book.cli.main" in words]

    def _marked(self) -> Iterator[tuple[psutil.Process, str]]:
        for process in psutil.process_iter():
            try:
                if process.environ().get(MARK) != str(self.root):
                    continue
                if process.status() != psutil.STATUS_ZOMBIE:
                    yield process, " ".join(process.cmdline())
            except (psutil.Error, OSError):
                continue  # it ended meanwhile, or belongs to somebody else

    def end_all(self) -> None:
        """Kill every process that is left, for the end of a test."""
        for process in self.processes():
            process.kill()

    def temporary(self) -> list[str]:
        """Return what is half written: everything with a temporary name, anywhere in the project.

        Files of zero bytes that locks need are no results and do not count.
        """
        return sorted(
            path.relative_to(self.root).as_posix()
            for path in self.root.rglob(f"{files.TEMPORARY}*")
            if ".venv" not in path.parts
        )

    def bytes_of(self, *folders: Path) -> dict[str, str]:
        """Return the digest of every published file, or of those below `folders`, as it is.

        Locks, the names of their holders and temporary folders are not among them.
        """
        return {
            path.relative_to(self.root).as_posix(): files.sha256(path)
            for path in self._published(folders or self._good())
        }

    def picture(self) -> dict[str, str]:
        """Return the digest of every file of the good runs and the site, without their times.

        Two pictures are equal when runs and site are: only when a run started, how long it took,
        its memory, and the sizes and digests that follow from those, are left out.
        """
        times = Times.of(self)
        return {
            path.relative_to(self.root).as_posix(): hashlib.sha256(
                times.without(path.name, path.read_bytes())
            ).hexdigest()
            for path in self._published(self._good())
        }

    def _good(self) -> tuple[Path, ...]:
        return (*(self.runs / "dge" / name for name in NAMES), self.site)

    def _published(self, folders: tuple[Path, ...]) -> list[Path]:
        return sorted(p for folder in folders for p in folder.rglob("*") if p.is_file())


@dataclass(frozen=True)
class Times:
    """What stands in the files of a project because of when a run was made, and how fast."""

    spelled: tuple[str, ...]

    @classmethod
    def of(cls, project: SmallProject) -> Times:
        """Take them from the records of its runs."""
        found: set[str] = set()
        for path in project.runs.glob(f"dge/*/{RECORD}"):
            record = read_record(path.parent)
            day, seconds = record.started[:10], record.seconds
            found |= {day, duration(seconds), f"{seconds:.1f} s"}
            found.add(f"{record.peak_memory_mb:,.0f} MB")
        return cls(tuple(sorted(found, key=len, reverse=True)))

    def without(self, name: str, content: bytes) -> bytes:
        """Return the content of a file without them."""
        if name == RECORD:
            return self._record(content)
        if name.endswith(".zip"):
            return self._zip(content)
        if name == PLOTLY:
            return content
        if name == ".site.json":
            return files.to_json(sorted(json.loads(content)["files"])).encode()
        if name == "searchindex.js":
            return self._search(content)
        return self._text(content) if name.endswith(_TEXT) else content

    def _record(self, content: bytes) -> bytes:
        facts = json.loads(content)
        kept = {key: value for key, value in facts.items() if key not in _TIMES}
        return files.to_json(kept).encode()

    def _search(self, content: bytes) -> bytes:
        text = content.decode("utf-8").removeprefix("Search.setIndex(").removesuffix(")")
        index = json.loads(text)
        # The words of the pages, cut apart so that a time is in no one piece.
        words = index["terms"]
        index["terms"] = {word: words[word] for word in words if not re.search(r"\d", word)}
        return files.to_json(index).encode()

    def _zip(self, content: bytes) -> bytes:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            parts = {
                each: hashlib.sha256(self.without(Path(each).name, archive.read(each))).hexdigest()
                for each in sorted(archive.namelist())
            }
        return files.to_json(parts).encode()

    def _text(self, content: bytes) -> bytes:
        text = content.decode("utf-8")
        for words in self.spelled:  # whole ones: 5.7 s is not in 45.7 s
            text = re.sub(rf"(?<![\d.,]){re.escape(words)}(?![a-z\d])", "…", text)
        text = re.sub(r"…[T ]\d\d:\d\d(:\d\d)?( UTC|Z)?", "…", text)
        return _NUMBER.sub(r"\1…", _DIGEST.sub("…", text)).encode()


def new_small_project(root: Path, *, figure: bool = True) -> SmallProject:
    """Make a project: real library, Makefile and settings, one quick study, a book of few pages.

    Without its one figure a run takes half the time. The `.venv` is the environment in which
    the tests run, seen through links, with a stamp of its own: `make` finds nothing to install.
    """
    for name, path in bundle.sources(PROJECT):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(path, root / name)  # with its time, by which make and Python judge
    for path in (root / "notebooks").glob("*.ipynb"):
        path.unlink()
    (root / "book" / "reference.md").unlink()  # many pages, with tests of their own
    _write_notebook(root / "notebooks" / "dge.ipynb", figure)
    _link_environment(root / ".venv")
    project = SmallProject(root)
    project.ask()
    return project


def wait_for(condition: Callable[[], object], seconds: float = HUNG) -> None:
    """Wait until something is true; it is an error when it never is."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.02)


def _write_notebook(target: Path, figure: bool) -> None:
    """Write the real notebook down to its first figure, and a last cell that leaves results."""
    notebook = nbformat.read(PROJECT / "notebooks" / "dge.ipynb", as_version=4)
    cells = notebook.cells
    last = next(at for at, cell in enumerate(cells) if 'name="volcano"' in cell.source)
    notebook.cells = [*cells[: last + 1], cells[-1]]
    if not figure:
        cells[last].source = "calls = words.calls_sentence(study)"
    set_up = next(cell for cell in cells if "from_notebook" in cell.source)
    set_up.source = set_up.source.replace(
        "import learning, steps, words", "import facts, steps, words"
    ).replace("import figures\n", "import figures, results\n")
    saves = LAST_CELL if figure else LAST_CELL.replace('picture="volcano"', 'picture=""')
    notebook.cells[-1].source = saves
    target.write_text(nbformat.writes(notebook), encoding="utf-8")


def _link_environment(target: Path) -> None:
    target.mkdir()
    for path in Path(sys.prefix).iterdir():
        if path.name != ".installed":
            (target / path.name).symlink_to(path)
    # As make writes it: what was set up.
    known = ["cksum", "requirements.lock", "pyproject.toml"]
    (target / ".installed").write_bytes(subprocess.check_output(known, cwd=target.parent))

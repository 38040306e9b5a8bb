"""The same twice: where, when and by whom a site is built does not show in it."""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis_lib.files import PROJECT
from analysis_lib.runs.record import NOTEBOOK, RECORD, read_record
from analysis_lib.site import Book, bundle
from tests.faults import elsewhere, locales
from tests.faults.guards import Guard
from tests.site.fixtures import STUDY, new_project, new_run

TIMES = ("started", "seconds", "peak_memory_mb")
"""Of a record, what may differ between two builds. Nothing else may, in no file."""

REPORT = """
dge:
  mine:
    data: own tables/ışık.csv
    models: [logistic, svm, forest, xgboost]
    permutations: 20
    cv_repeats: 1
    bootstrap: 100
leukemia_network:
  default: {repeats: 2, epochs: 5, bootstrap: 100, cv_folds: 2}
leukemia_classical:
  default:
    models: [logistic_l2]
    cv_folds: 3
    cv_repeats: 1
    permutations: 20
    draws: 5
    resamples: 20
    embedding_seeds: 2
    bootstrap: 100
ephys_lasso:
  default: {permutations: 20, cv_repeats: 1, resamples: 10, cv_folds: 2, permuted_genes: 20}
geo_validation:
  default: {permutations: 199}
"""
ANOTHER_ORDER = (
    *("leukemia_network/default", "ephys_lasso/default", "geo_validation/default"),
    *("dge/mine", "leukemia_classical/default"),
)
PARTS = ("analysis_lib", "notebooks", "book", *bundle.FILES)


def contents(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.name.endswith(".lock")
    }


def tell_same_times(one: Path, other: Path) -> None:
    """Let the runs below `other` have the times of those below `one`, and nothing else of them."""
    for path in sorted(other.glob(f"*/*/{RECORD}")):
        record, before = read_record(path.parent), read_record(one / path.parent.relative_to(other))
        replace(record, **{name: getattr(before, name) for name in TIMES}).write(path.parent)


def differences(one: Mapping[str, bytes], other: Mapping[str, bytes]) -> list[str]:
    """Name every file that differs, and the first place at which it does."""
    alone = [f"{name} is in one of them only" for name in sorted(one.keys() ^ other.keys())]
    both = sorted(one.keys() & other.keys())
    return alone + [
        f"{name}{place}"
        for name in both
        if one[name] != other[name]
        for place in _places(one[name], other[name])
    ]


def assert_same(one: Path, other: Path) -> None:
    found = differences(contents(one), contents(other))
    assert not found, "\n".join(found[:20])


def _places(one: bytes, other: bytes) -> Iterator[str]:
    if zipfile.is_zipfile(io.BytesIO(one)) and zipfile.is_zipfile(io.BytesIO(other)):
        found = differences(*(dict(_members(each)) for each in (one, other)))
        yield from (f" → {place}" for place in found or ["times, order or rights of the members"])
        return
    at = next(
        (i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b),
        min(len(one), len(other)),
    )
    line = one[:at].count(b"\n") + 1
    yield f", line {line}: {one[at - 40 : at + 60]!r} against {other[at - 40 : at + 60]!r}"


def _members(content: bytes) -> Iterator[tuple[str, bytes]]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        yield from ((name, archive.read(name)) for name in archive.namelist())


@pytest.fixture(scope="module")
def localised(tmp_path_factory) -> Path:
    return locales.made(tmp_path_factory.mktemp("locales"))


# What compares


@pytest.fixture
def two_runs(tmp_path) -> tuple[Path, Path]:
    """The same run twice, with the times of two."""
    for name, facts in (
        ("one", {}),
        ("other", {"seconds": 99.9, "started": "2031-01-01T00:00:00Z"}),
    ):
        new_run(new_project(tmp_path / name), **facts)
    return tuple(tmp_path / name / "build" / "runs" for name in ("one", "other"))


@pytest.mark.fault(
    "a comparison that overlooks what it should see",
    by="one number, package version, byte of a figure, or file that differs",
    survives="the difference is named, and nothing beside it; times alone are none",
)
@pytest.mark.parametrize("changed", ["nothing", "metric", "version", "figure", "file"])
def test_nothing_but_the_times_is_overlooked(two_runs, changed):
    """Held from the start: a comparison with exceptions soon overlooks what it is there for."""
    one, other = two_runs
    folder = other / "dge" / "default"
    if changed == "metric":
        path = folder / "metrics.json"
        path.write_text(path.read_text().replace("0.975", "0.974", 1))
    elif changed == "version":
        record = read_record(folder)
        replace(record, versions={**record.versions, "numpy": "2.4.7"}).write(folder)
    elif changed == "figure":
        path = folder / "figures" / "volcano.png"
        path.write_bytes(path.read_bytes()[:-1] + b"?")
    elif changed == "file":
        (folder / "figures" / "more.csv").write_text("a\n1\n")
    tell_same_times(one, other)
    found = differences(contents(one), contents(other))
    expected = {
        "nothing": [],
        "metric": ["dge/default/metrics.json, line "],
        "version": ["dge/default/record.json, line "],
        "figure": ["dge/default/figures/volcano.png, line "],
        "file": ["dge/default/figures/more.csv is in one of them only"],
    }[changed]
    assert len(found) == len(expected)
    assert all(line.startswith(start) for line, start in zip(found, expected, strict=True))


# A kernel, and the program that starts it


LOOK = """
import json, locale, os, sys, time
locale.setlocale(locale.LC_ALL, "")
print(json.dumps({
    "environment": dict(os.environ),
    "optimised": sys.flags.optimize,
    "warnings": sys.warnoptions,
    "comma": locale.localeconv()["decimal_point"],
    "zone": time.tzname[0],
    "started up": "greeting" in globals(),
    "cache": get_ipython().cache_size,
    "letters": [sys.stdout.encoding, locale.getpreferredencoding(False)],
    "keras": os.path.exists(os.environ["KERAS_HOME"] + "/keras.json"),
}))
"""


@pytest.mark.fault(
    "settings that a user has made for other programs",
    by="some 30 variables of the environment and files of the home folder at once",
    survives="the kernel is ours, and finds none of them",
)
def test_a_kernel_finds_no_setting_of_the_user(toy, tmp_path, monkeypatch, localised):
    """Before: a kernel in JUPYTER_PATH took the place of ours, and PYTHONSTARTUP ran in ours."""
    settings = elsewhere.hostile(tmp_path / "home") | {"TZ": "Asia/Kolkata"}
    monkeypatch.setenv("LOCPATH", str(localised))
    monkeypatch.setenv("LC_ALL", locales.TURKISH)
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    toy.notebook([LOOK])
    toy.ensure()
    assert os.environ["LC_ALL"] == locales.TURKISH  # put back
    notebook = json.loads((toy.good() / NOTEBOOK).read_text())
    texts = [o["text"] for cell in notebook["cells"] for o in cell.get("outputs", ())]
    found = json.loads("".join(line for text in texts for line in text))
    own = {"HOME", "LOGNAME", "USER", "DISPLAY", "FORCE_COLOR", "TERM", "MAKEFLAGS"}
    own |= {"NUMBA_NUM_THREADS"}
    same = {n for n, value in settings.items() if found["environment"].get(n) == value}
    assert same - own == set()
    assert {name: found[name] for name in found if name != "environment"} == {
        "optimised": 0,
        "warnings": [],
        "comma": ".",
        "zone": "UTC",
        "started up": False,
        "cache": 1000,
        "letters": ["UTF-8", "utf-8"],
        "keras": False,
    }


@pytest.mark.fault(
    "a terminal that lacks letters, and settings that keep libraries from being imported",
    by="ISO-8859-9 and ASCII; PYTHONWARNINGS=error, PLOTLY_RENDERER, NPY_…",
    survives="the command does its work; a letter that cannot be shown is a question mark",
)
def test_a_command_does_not_stop_at_the_users_settings(tmp_path, localised):
    """Before: a run ended half-way with UnicodeEncodeError, as its progress line had an “…”."""
    settings = elsewhere.plain(tmp_path / "a home") | elsewhere.hostile(tmp_path / "home")
    settings |= {"LOCPATH": str(localised), "LC_ALL": locales.WITHOUT_ALL_LETTERS}
    done = subprocess.run(
        [sys.executable, "-m", "analysis_lib", "run", "dge", "--help"],
        cwd=PROJECT,
        env={**settings, "PYTHONIOENCODING": ""},
        capture_output=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, b"")
    shown = done.stdout.decode("iso-8859-9")
    assert "(number; > 0, ? 1)" in " ".join(shown.split())  # ≤


# The site


BUILD = """
import sys
from pathlib import Path
from analysis_lib.runs import surroundings
surroundings.settle()
from analysis_lib.runs.record import read_record
from analysis_lib.site import Book, SiteRun
from tests.site.fixtures import STUDY, Project
project = Project(Path(sys.argv[1]))
folders = sorted((project.root / "build/runs/dge").iterdir())
runs = [SiteRun("dge", folder.name, folder, read_record(folder)) for folder in folders]
project.build(Book(runs, [STUDY]))
"""


@pytest.mark.fault(
    "a site that depends on where, when, by whom and in which language it is built",
    by="a Turkish locale, other settings, folder, zone, umask, hash seed; folders listed backwards",
    survives="two clean builds of the same runs are the same bytes",
)
def test_two_clean_builds_give_the_same_bytes(tmp_path, localised):
    """Before: dates, ids, the order of sets and a `~/.docutils` made every build another."""
    here = new_project(tmp_path / "here")
    made = [new_run(here), new_run(here, "strict")]
    runs = [replace(run, record=read_record(run.folder)) for run in made]
    there = new_project(tmp_path / "a folder" / "much farther" / "»dışarıda İ«")
    shutil.copytree(here.root / "build" / "runs", there.root / "build" / "runs")
    here.build(Book(runs, [STUDY]))
    root = tmp_path / "start"
    witnesses = began_with(root)
    settings = elsewhere.plain(tmp_path / "a home") | elsewhere.hostile(tmp_path / "another home")
    settings |= {"LOCPATH": str(localised), "LC_ALL": locales.TURKISH, "TZ": "Asia/Kolkata"}
    settings |= {"PYTHONPATH": f"{root}:{PROJECT}", elsewhere.REVERSED: "yes"}
    done = subprocess.run(
        [sys.executable, "-c", BUILD, str(there.root)],
        cwd=tmp_path,
        env={**settings, elsewhere.WITNESSES: str(witnesses)},
        umask=0o077,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    assert done.returncode == 0, done.stdout.decode("latin-1")
    assert json.loads(next(witnesses.iterdir()).read_text())[1:] == [",", "IST", 1, 2]
    assert_same(here.target, there.target)


def began_with(folder: Path) -> Path:
    """Let every Python that finds `folder` in its path begin with the user's locale.

    Returns the folder in which each of them notes what it found.
    """
    witnesses = folder / "witnesses"
    witnesses.mkdir(parents=True)
    (folder / "sitecustomize.py").write_text(elsewhere.AT_START)
    return witnesses


# The whole report


@dataclass(frozen=True)
class Place:
    """A clone of the project in a folder of its own, and the surroundings it is used in."""

    root: Path
    environment: Mapping[str, str]
    umask: int = 0o022

    @property
    def runs(self) -> Path:
        return self.root / "build" / "runs"

    @property
    def site(self) -> Path:
        return self.root / "book" / "_build" / "html"

    @property
    def witnesses(self) -> Path:
        return self.root / "witnesses"

    def call(self, *words: str) -> str:
        """Run the command line, and return what it printed."""
        done = subprocess.run(
            [sys.executable, "-m", "analysis_lib", *words],
            cwd=self.root,
            env={
                **self.environment,
                elsewhere.WITNESSES: str(self.witnesses),
                "PYTHONPATH": f"{self.root}:{self.environment.get('PYTHONPATH', self.root)}",
            },
            umask=self.umask,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
            check=False,
        )
        assert done.returncode == 0, done.stdout
        return done.stdout

    def found(self) -> dict[str, set[tuple[object, ...]]]:
        """Return comma, zone, hash seed and optimisation that each kind of program found."""
        kinds = {"analysis_lib": "driver", "ipykernel_launcher": "kernel", "build": "book"}
        told: dict[str, set[tuple[object, ...]]] = {}
        for path in self.witnesses.iterdir():
            words, *rest = json.loads(path.read_text())
            kind = next((kind for word, kind in kinds.items() if word in words), "helper")
            told.setdefault(kind, set()).add(tuple(rest))
        return told


def cloned(root: Path, environment: Mapping[str, str], umask: int = 0o022) -> Place:
    """Clone the project as it is now, one commit like any other, with a report of quick runs."""
    ignore = shutil.ignore_patterns("_build", "__pycache__")
    for name in PARTS:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        if (PROJECT / name).is_dir():
            shutil.copytree(PROJECT / name, root / name, ignore=ignore)
        else:
            shutil.copy(PROJECT / name, root / name)
    (root / "book" / "reference.md").unlink()  # many pages, with tests of their own
    (root / "report.yml").write_text(REPORT)
    (root / "own tables").mkdir()
    own_table().to_csv(root / "own tables" / "ışık.csv", index=False)
    who = {f"GIT_{who}_{fact}": "ann@example.org" for who in ("AUTHOR", "COMMITTER")
           for fact in ("NAME", "EMAIL")}  # fmt: skip
    when = dict.fromkeys(("GIT_AUTHOR_DATE", "GIT_COMMITTER_DATE"), "2026-01-01T00:00:00Z")
    for words in ("init --quiet", "add --all", "commit --quiet --message=All"):
        command = ["git", "-c", "core.excludesFile=", *words.split()]
        subprocess.run(command, cwd=root, env={**os.environ, **who, **when}, check=True)
    began_with(root)
    return Place(root, environment, umask)


def own_table() -> pd.DataFrame:
    """A table of somebody's own, with letters that some languages fold in their own way."""
    random = np.random.default_rng(0)
    change, p = random.normal(0, 1.5, 120), random.uniform(size=120)
    p[np.abs(change) > 1.5] *= 1e-5
    genes = [f"{('ıİ', 'Iß', 'iŞ')[i % 3]}{i}" for i in range(120)]
    return pd.DataFrame({"gene": genes, "log2FoldChange": change, "pvalue": p})


@pytest.mark.long
@pytest.mark.fault(
    "results and a report that depend on where, when, by whom and in which language they are made",
    by="all studies, twice: other settings, language, zone, folder, umask, hash seed, order",
    survives="the same bytes in every file of runs and site, but for the times in the records",
)
def test_two_clean_builds_of_the_whole_report_are_the_same(tmp_path, localised):
    """Before: settings of the user's reached the kernels: keras.json or JUPYTER_PATH broke runs."""
    with_locales = {"LOCPATH": str(localised)}
    here = cloned(tmp_path / "here", elsewhere.plain(tmp_path / "home"))
    settings = elsewhere.plain(tmp_path / "a home") | elsewhere.hostile(tmp_path / "other home")
    settings |= with_locales | {"LC_ALL": locales.TURKISH, "TZ": "Asia/Kolkata"}
    place = tmp_path / "much" / "farther" / "ein »Ordner« dışarıda"
    there = cloned(place, settings | {elsewhere.REVERSED: "yes"}, umask=0o077)
    german = with_locales | {"LC_ALL": locales.GERMAN, "TZ": "America/St_Johns"}
    german |= {"PYTHONHASHSEED": "random", "HOME": str(tmp_path / "home")}
    third = cloned(tmp_path / "third", elsewhere.plain(tmp_path / "third home") | german, 0o002)

    assert "executing" in here.call("book")
    asked = tmp_path / "asked.yml"
    for run in ANOTHER_ORDER:
        study, _, name = run.partition("/")
        asked.write_text(json.dumps(parameters(run)))
        there.call("run", study, "--name", name, "--file", str(asked))
    tell_same_times(here.runs, there.runs)
    assert_same(here.runs, there.runs)
    assert "executing" not in there.call("book")
    assert_same(here.site, there.site)
    assert here.found() == {kind: {(".", "UTC", 0, 0)} for kind in ("driver", "kernel", "book")}
    ours = {(".", "UTC", 0, 0)}
    assert there.found() == {"driver": {(",", "IST", 1, 2)}, "kernel": ours, "book": ours}

    shutil.copytree(here.runs, third.runs)
    assert "executing" not in third.call("book")
    assert_same(here.site, third.site)
    assert {found[0] for found in third.found()["driver"]} == {","}


def parameters(run: str) -> dict[str, object]:
    """Return what the report asks of a run."""
    from ruamel.yaml import YAML

    study, _, name = run.partition("/")
    return dict(YAML(typ="safe", pure=True).load(REPORT)[study][name])


GUARDS = [
    Guard(
        "analysis_lib/runs/execute.py",
        "surroundings.inherited(before) |",
        "before | dict(surroundings.FIXED) |",
        "test_a_kernel_finds_no_setting_of_the_user",
    ),
    Guard(
        "analysis_lib/__main__.py",
        "        surroundings.settle()\n",
        "        pass\n",
        "test_a_command_does_not_stop_at_the_users_settings",
    ),
    Guard(
        "analysis_lib/runs/surroundings.py",
        '    "DOCUTILSCONFIG": "",',
        "   ",
        "test_two_clean_builds_give_the_same_bytes",
    ),
]

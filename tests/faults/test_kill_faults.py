"""Killed at random moments: the kernel, the command line, Jupyter Book and make.

The seed is printed, and set by ANALYSIS_KILL_SEED.
"""

from __future__ import annotations

import contextlib
import os
import random
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from analysis_lib.errors import SiteError
from analysis_lib.runs import processes
from analysis_lib.runs.lock import hold
from analysis_lib.site import Book, build_site
from analysis_lib.site.key import MARK, site_key, write_mark
from tests.conftest import MEASURED
from tests.faults.guards import Guard
from tests.faults.small_project import (
    LOOSE,
    NAMES,
    STRICT,
    Making,
    SmallProject,
    new_small_project,
    wait_for,
)
from tests.site.fixtures import new_project

SEED = int(os.environ.get("ANALYSIS_KILL_SEED") or random.SystemRandom().randrange(10**6))
VICTIMS = (
    *(("kernel", "KILL"), ("builder", "KILL"), ("make", "KILL"), ("driver", "KILL")),
    *(("driver", "TERM"), ("driver", "INT"), ("make", "TERM"), ("make", "INT")),
)
TRIALS = 50
HALF = ".partial-html"
FINISHED = "\nThe book ("
"""What the last words of a build begin with."""

STAGES = {"": 0.1, "executing": 0.12, "done in": 0.05, "site: Jupyter Book": 0.2, HALF: 0.1}
"""What is seen of a build when a stage of it begins, and the share of its time it takes, about."""

TRIES = 8
"""How often a moment may lie behind the end of what is to be killed, before that is an error."""

# Not here: `following`, and the marks of a served rebuild. Without them the tests fail as well, but
# after half a minute of waiting.
GUARDS = [
    Guard(
        "analysis_lib/__main__.py",
        "    except processes.Terminated as ended:",
        "    except ZeroDivisionError as ended:",
        "test_who_waits_leaves_in_good_order[driver-TERM]",
    ),
    Guard(
        "analysis_lib/runs/processes.py",
        "        if self.raised is not None and now - self.first < HANGING:\n            return\n",
        "",
        "test_more_signals_do_not_break_the_cleaning_up",
    ),
    Guard(
        "analysis_lib/runs/processes.py",
        " or self.raised in _behind(sys.exception())",
        "",
        "test_more_signals_do_not_break_the_cleaning_up",
    ),
    Guard(
        "analysis_lib/runs/processes.py",
        "        self.hook, sys.unraisablehook = sys.unraisablehook, self.lost\n",
        "        self.hook = sys.unraisablehook\n",
        "test_a_signal_that_python_drops_is_raised_again[TERM]",
    ),
    Guard(
        "analysis_lib/runs/processes.py",
        "        signal.setitimer(signal.ITIMER_REAL, _AGAIN, _AGAIN)\n",
        "",
        "test_a_signal_that_is_taken_for_another_error_is_raised_again[TERM]",
    ),
    Guard(
        "analysis_lib/__main__.py",
        "            processes.undisguised(),\n",
        "",
        "test_a_signal_is_not_hidden_by_what_it_breaks[INT]",
    ),
    Guard(
        "analysis_lib/site/build.py",
        "        _end_left(work, target, say)\n",
        "",
        "test_jupyter_book_left_by_a_killed_driver_is_ended",
    ),
    Guard(
        "analysis_lib/site/build.py",
        " and not _litter(work, target):",
        ":",
        "test_a_half_made_site_beside_a_finished_one_is_cleared_away",
    ),
]


@dataclass(frozen=True)
class Aim:
    """Whom to send which signal, and when: so many seconds after a stage of the build begins."""

    victim: str
    number: int
    stage: str = ""
    moment: float = 0.0


@dataclass
class Bench:
    """A project, what it looks like undisturbed for either parameter, and how long things take."""

    project: SmallProject
    undisturbed: dict[float, dict[str, str]]
    asked: float
    seconds: float

    def build(self, threshold: float) -> None:
        """Build without disturbance, and note how long it takes."""
        self.project.ask(threshold)
        begun = time.monotonic()
        self.project.make("book")
        self.asked, self.seconds = threshold, time.monotonic() - begun

    def aim(self, victim: str, number: int, rng: random.Random) -> Aim:
        """Draw a stage of the build that a victim lives to see, and how long to wait in it."""
        stages = {"kernel": ["executing"], "builder": ["site: Jupyter Book"]}
        stage = rng.choice(stages.get(victim, list(STAGES)))
        return Aim(victim, number, stage, rng.uniform(0, STAGES[stage] * self.seconds))


@pytest.fixture(scope="module")
def bench(tmp_path_factory) -> Iterator[Bench]:
    project = new_small_project(tmp_path_factory.mktemp("kill") / "a project", figure=False)
    made = Bench(project, {}, STRICT, 0.0)
    try:
        for threshold in (STRICT, LOOSE):
            made.build(threshold)
            made.undisturbed[threshold] = project.picture()
        yield made
    finally:
        project.end_all()


@pytest.mark.long
@pytest.mark.fault(
    "Killed at a random moment of `make book`",
    by="KILL, TERM, INT to kernel, command line, Jupyter Book, make; KILLed ones' children stopped",
    survives="last good runs and site to the byte; no process; the next build is as undisturbed",
    trials=TRIALS,
)
@pytest.mark.parametrize(("victim", "name"), VICTIMS, ids=[f"{v}-{n}" for v, n in VICTIMS])
def test_killed_at_random_moments(bench, victim, name, record_property):
    """Before: after SIGKILL of make or of the command line the rest went on, and stayed."""
    at = VICTIMS.index((victim, name))
    rng = random.Random(f"{SEED} {victim} {name}")
    record_property(MEASURED, f"test_kill_faults.py: ANALYSIS_KILL_SEED={SEED}")
    for number in range(at, TRIALS, len(VICTIMS)):
        trial(bench, victim, getattr(signal, f"SIG{name}"), rng, from_nothing=number == at)


def trial(bench: Bench, victim: str, number: int, rng: random.Random, from_nothing: bool) -> None:
    """Kill once, look at what is there, and let the next build finish what was begun."""
    project = bench.project
    for _ in range(TRIES):
        if from_nothing:
            project.make("clean")
        before, asked = project.bytes_of(), STRICT if bench.asked == LOOSE else LOOSE
        project.ask(asked)
        making = project.start("book")
        aim = bench.aim(victim, number, rng)
        left = strike(project, making, aim)
        status = making.wait()
        if left is not None and (status != 0 or victim == "kernel"):
            break  # a kernel that did nothing yet is started once more
        bench.asked = asked  # it was over before it was killed: another moment
        assert status == 0, making.output
        assert project.picture() == bench.undisturbed[asked]
    else:
        pytest.fail(f"seed {SEED}: {victim} was never met in {TRIES} builds")
    told = f"seed {SEED}: {aim}\n{making.output}"
    wait_for(lambda: {*project.processes()} <= {*left})
    assert_intact(bench, before, asked, victim, told)
    again = project.make("book")
    assert [process for process in left if alive(process)] == [], told + again
    for process in left:
        assert str(process.pid) in again, told + again
    assert project.processes() == [], told
    assert project.temporary() == [], told
    picture, wanted = project.picture(), bench.undisturbed[asked]
    assert [n for n in picture | wanted if picture.get(n) != wanted.get(n)] == [], told + again
    bench.asked = asked


def strike(project: SmallProject, making: Making, aim: Aim) -> list[psutil.Process] | None:
    """Send the signal at a moment of the victim's life; return whom it left, stopped.

    None when the victim was gone before its moment came.
    """
    found = met(project, making, aim)
    if found is None:
        return None
    end = time.monotonic() + aim.moment
    while time.monotonic() < end:
        if not alive(found):
            return None
        time.sleep(0.01)
    listening = hears(found)
    try:
        if (aim.victim, aim.number) == ("make", signal.SIGINT):
            making.signal_group(aim.number)  # as a terminal does, and its kernel hears of it too
            for process in project.kernels():
                process.send_signal(aim.number)
        else:
            found.send_signal(aim.number)
    except (psutil.NoSuchProcess, ProcessLookupError):
        return None
    left, heard = [], making.output
    if (aim.victim, aim.number) == ("driver", signal.SIGKILL):
        for process in [*project.kernels(), *project.builders()]:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.suspend()  # or it would end by itself, in a while
                left.append(process)
    elif aim.victim == "driver" and listening:
        status = making.wait()
        told = f"seed {SEED}: {aim}, sent after:\n{heard}\n{making.output}"
        assert "Traceback" not in making.output, told
        left_well = ("Ended by" in making.output) or ("Interrupted" in making.output)
        # After its last word it does nothing more that a signal could break off.
        assert left_well or (status == 0 and FINISHED in heard), told
    return left


def met(project: SmallProject, making: Making, aim: Aim) -> psutil.Process | None:
    """Wait for the stage and the process that is meant; None when the build is over before."""
    find = {"kernel": project.kernels, "builder": project.builders, "driver": project.drivers}
    half = project.site.with_name(HALF)
    while making.process.poll() is None:
        if half.exists() if aim.stage == HALF else aim.stage in making.output:
            if aim.victim == "make":
                return psutil.Process(making.process.pid)
            if found := find[aim.victim]():
                return found[0]
        time.sleep(0.01)
    return None


def hears(process: psutil.Process) -> bool:
    """Return whether a process has a handler for SIGTERM by now."""
    with contextlib.suppress(OSError, IndexError):
        status = Path(f"/proc/{process.pid}/status").read_text()
        return bool(int(status.split("SigCgt:")[1].split()[0], 16) >> (signal.SIGTERM - 1) & 1)
    return False


def assert_intact(
    bench: Bench, before: dict[str, str], asked: float, victim: str, told: str
) -> None:
    """Every run and the site are to the byte what they were, or whole and what was asked for."""
    project, wanted = bench.project, bench.undisturbed[asked]
    now = project.bytes_of()
    picture = project.picture()
    for folder in (*(project.runs / "dge" / name for name in NAMES), project.site):
        inside = folder.relative_to(project.root).as_posix() + "/"
        old, new, seen, due = (part(of, inside) for of in (before, now, picture, wanted))
        if new == old:
            continue
        failed = victim == "kernel" and "failed" in told and folder == project.site
        other = [name for name in seen | due if seen.get(name) != due.get(name)]
        assert not other or (failed and names_failure(folder)), f"{other}\n{told}"


def alive(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def part(of: dict[str, str], inside: str) -> dict[str, str]:
    return {name: digest for name, digest in of.items() if name.startswith(inside)}


def names_failure(site: Path) -> bool:
    """Return whether a site is whole and says of a run that its kernel died."""
    pages = (site / "studies" / "dge").glob("*.html")
    return (site / MARK).is_file() and any("The kernel died" in p.read_text() for p in pages)


# Leaving, one case at a time


@pytest.fixture(scope="module")
def idle(tmp_path_factory) -> Iterator[SmallProject]:
    """A project in which nothing was built."""
    project = new_small_project(tmp_path_factory.mktemp("idle") / "a project", figure=False)
    yield project
    project.end_all()


@pytest.mark.fault(
    "Ended while it waits for another build",
    by="KILL, TERM, Ctrl-C to make or the command line, which wait for a lock",
    survives="one line is said, the status is the shell's, no process and no folder stays",
)
@pytest.mark.parametrize(
    ("victim", "name", "words"),
    [
        ("make", "KILL", "Ended by SIGTERM"),
        ("make", "TERM", "Ended by SIGTERM"),
        ("make", "INT", "Interrupted"),
        ("driver", "TERM", "Ended by SIGTERM"),
        ("driver", "INT", "Interrupted"),
    ],
    ids=["make-KILL", "make-TERM", "make-INT", "driver-TERM", "driver-INT"],
)
def test_who_waits_leaves_in_good_order(idle, victim, name, words):
    """Before: SIGTERM ended it without a word; when make was killed it waited on."""
    number = getattr(signal, f"SIG{name}")
    with hold(idle.runs / "dge" / ".default.lock", "The run dge/default", print, wait=0):
        making = idle.start("book")
        wait_for(lambda: f"is being written by process {os.getpid()}" in making.output)
        assert strike(idle, making, Aim(victim, number)) == []
        assert making.wait() != 0
        wait_for(lambda: not idle.processes(), seconds=30)
    assert f"{words}. Earlier results stand as they were.\n" in making.output
    assert "Traceback" not in making.output
    if victim == "driver":
        assert f"Error {128 + number}" in making.output
    assert idle.temporary() == []


REBUILD = """
import sys
from pathlib import Path
from analysis_lib.site.serving import in_new_process
in_new_process([sys.executable, "-m", "analysis_lib", "book", "--as-is"], Path.cwd())()
"""


@pytest.mark.fault(
    "`make serve` killed while it builds the book anew",
    by="SIGKILL of what serves, while its rebuild waits for another build",
    survives="the rebuild ends by itself in good order",
)
def test_a_rebuild_ends_with_what_serves(idle):
    """Before: it went on, held the lock of the site, and built what nobody had asked for."""
    with hold(idle.root / "build" / "site.lock", "The site", print, wait=0):
        serving = idle.start_command(sys.executable, "-c", REBUILD)
        wait_for(lambda: f"is being written by process {os.getpid()}" in serving.output)
        serving.process.kill()
        serving.wait()
        wait_for(lambda: not idle.processes(), seconds=30)
    assert "Ended by SIGTERM. Earlier results stand as they were.\n" in serving.output


SCRIPT = """
import os, signal, subprocess, sys, time
from pathlib import Path
signal.signal(signal.SIGHUP, signal.SIG_DFL)
from analysis_lib.runs import processes
{body}
"""
ENDED = {"TERM": 143, "HUP": 129, "INT": 130}
"""The exit status that shells expect of a program that such a signal ended."""

STUBBORN = """
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("here", flush=True)
time.sleep(600)
"""


@contextlib.contextmanager
def running(body: str) -> Iterator[subprocess.Popen[str]]:
    """Run a script with the library, and whatever becomes of it leave no process."""
    script = subprocess.Popen(
        [sys.executable, "-c", SCRIPT.format(body=body)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        yield script
    finally:
        script.kill()
        script.communicate()


@pytest.mark.fault(
    "Ctrl-C and SIGTERM again and again",
    by="a signal every 20 ms while a process that ignores SIGTERM is being ended",
    survives="the clean-up comes to its end, and the status is that of the first signal",
)
def test_more_signals_do_not_break_the_cleaning_up():
    """Before: the second signal broke the clean-up that the first one began; the kernel stayed."""
    body = f"""
with processes.terminable(ending=True), processes.guarded():
    child = subprocess.Popen([sys.executable, "-c", {STUBBORN!r}], stdout=subprocess.PIPE)
    child.stdout.readline()
    print(child.pid, flush=True)
    time.sleep(60)
"""
    with running(body) as script:
        child = psutil.Process(int(script.stdout.readline()))
        try:
            script.terminate()
            while script.poll() is None:
                time.sleep(0.02)
                os.kill(script.pid, signal.SIGINT)
                os.kill(script.pid, signal.SIGTERM)
            assert script.returncode == 143
            assert not alive(child)
        finally:
            with contextlib.suppress(psutil.NoSuchProcess):
                child.kill()


def is_left_tidily(block: str, ended: int) -> None:
    """Run what a signal has to end; it is tidied once, in peace, and has the signal's status."""
    body = f"""
with processes.terminable():
    try:
{textwrap.indent(block, " " * 8)}
        time.sleep(5)
        print("nobody ended it")
    except KeyboardInterrupt:
        sys.exit(130)
    finally:
        time.sleep(0.5)
        print("tidied")
"""
    with running(body) as script:
        said = script.communicate(timeout=60)[0]
    assert said == "tidied\n"
    assert script.returncode == ended


@pytest.mark.fault(
    "A signal where Python can raise nothing",
    by="TERM, HUP and INT while a finaliser runs",
    survives="the signal is raised again, and the block is left in good order",
)
@pytest.mark.parametrize(("name", "ended"), ENDED.items(), ids=ENDED)
def test_a_signal_that_python_drops_is_raised_again(name, ended):
    """Before: "Exception ignored in …" was printed, and the run went on."""
    block = f"""
class Late:
    def __del__(self):
        os.kill(os.getpid(), signal.SIG{name})
        time.sleep(0.2)
late = Late()
del late
"""
    is_left_tidily(block, ended)


@pytest.mark.fault(
    "A signal that is taken for another error",
    by="TERM, HUP and INT in a block with a bare `except:`, as libraries have when imported",
    survives="the signal is raised again, and what it broke off is tidied once, in peace",
)
@pytest.mark.parametrize(("name", "ended"), ENDED.items(), ids=ENDED)
def test_a_signal_that_is_taken_for_another_error_is_raised_again(name, ended):
    """Before: the run went on; so it did after 3 of 600 SIGTERM that came while it was imported."""
    block = f"""
try:
    os.kill(os.getpid(), signal.SIG{name})
    time.sleep(5)
except:
    time.sleep(0.5)
"""
    is_left_tidily(block, ended)


@pytest.mark.fault(
    "A signal that another error would hide",
    by="TERM and INT while an archive is being written, which cannot be closed then",
    survives="the command line says the signal, exits with its status and prints no traceback",
)
@pytest.mark.parametrize(
    ("name", "words", "ended"),
    [("TERM", "Ended by SIGTERM", 143), ("INT", "Interrupted", 130)],
    ids=["TERM", "INT"],
)
def test_a_signal_is_not_hidden_by_what_it_breaks(name, words, ended):
    """Before: "ValueError: Can't close the ZIP file", as a traceback, and exit status 1."""
    body = f"""
import click, zipfile
from analysis_lib import __main__, zips

def while_a_signal_comes(*_):
    os.kill(os.getpid(), signal.SIG{name})
    time.sleep(5)

zipfile._get_compressor = while_a_signal_comes
__main__.cli = click.command()(lambda: zips.zipped([("genes.csv", b"")]))
__main__.main([])
"""
    with running(body) as script:
        said = script.communicate(timeout=60)[0]
    assert said == f"{words}. Earlier results stand as they were.\n"
    assert script.returncode == ended


DRIVER = """
from analysis_lib.site.build import jupyter_book
jupyter_book(Path({source!r}), Path({output!r}))
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads other processes' /proc")
@pytest.mark.fault(
    "Jupyter Book without its command line",
    by="SIGKILL of the command line while Jupyter Book works; nobody asks for its status",
    survives="the next build of the site names it and ends it first",
)
def test_jupyter_book_left_by_a_killed_driver_is_ended(tmp_path):
    """Before: it wrote on in the folder in which the next build was at work."""
    source, output = tmp_path / "build" / "book-src", tmp_path / "build" / "book-html"
    source.mkdir(parents=True)
    (source / "index.md").write_text("# A book\n")
    (source / "_config.yml").write_text("title: A book\n")
    (source / "_toc.yml").write_text("format: jb-book\nroot: index\n")
    said: list[str] = []
    with running(DRIVER.format(source=str(source), output=str(output))) as script:
        wait_for(lambda: psutil.Process(script.pid).children())
        (left,) = psutil.Process(script.pid).children()
        wait_for(lambda: "jupyter_book" in " ".join(left.cmdline()))
        left.suspend()
        script.kill()  # and not waited for: it is a zombie now
        wait_for(lambda: psutil.Process(script.pid).status() == psutil.STATUS_ZOMBIE)
        try:
            with pytest.raises(SiteError):  # of a project without pages
                build_site(
                    Book((), (), ()), project=tmp_path, target=tmp_path / "html", say=said.append
                )
            assert not alive(left)
        finally:
            with contextlib.suppress(psutil.NoSuchProcess):
                left.kill()
    assert said[0] == f"site: ending what a killed build left behind (processes {left.pid})"


@pytest.mark.fault(
    "Killed between a new site and the removal of the old",
    by="a half-removed site beside one that is finished and up to date",
    survives="the next build has nothing to build, and clears it away",
)
def test_a_half_made_site_beside_a_finished_one_is_cleared_away(tmp_path):
    """Before: nothing was to be built, so it stayed for ever."""
    project, book = new_project(tmp_path), Book((), (), ())
    project.target.mkdir(parents=True)
    (project.target / "index.html").write_text("a page")
    write_mark(project.target, site_key(book, project.root))
    half = project.target.with_name(".partial-html") / "studies"
    half.mkdir(parents=True)
    assert not project.build(book).built
    assert [path.name for path in project.target.parent.iterdir()] == ["html"]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads other processes' /proc")
@pytest.mark.fault(
    "A clock that is set while a run is under way",
    by="start times of processes that move by an hour",
    survives="the processes of a living command line are not taken for left ones",
)
def test_a_clock_that_is_set_kills_nobody(tmp_path, monkeypatch):
    """Before: start times were told by the clock, so a second build ended a living kernel."""
    environment = {**os.environ, **processes.marks(tmp_path / "run")}
    sleep = [sys.executable, "-c", "import time; time.sleep(600)"]
    with subprocess.Popen(sleep, env=environment) as child:
        try:
            wait_for(lambda: psutil.Process(child.pid).environ().get(processes.WORK_VARIABLE))
            told = psutil.Process.create_time
            monkeypatch.setattr(psutil.Process, "create_time", lambda self: told(self) + 3600)
            assert processes.left_behind(tmp_path) == []
        finally:
            child.kill()

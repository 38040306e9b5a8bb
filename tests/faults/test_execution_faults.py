"""A run that went wrong is never taken for one that went well."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import psutil
import pytest

from analysis_lib import files
from analysis_lib.errors import ParameterError, RunError
from analysis_lib.runs import execute, processes
from analysis_lib.runs.limits import Limits
from analysis_lib.runs.lock import hold
from analysis_lib.runs.record import read_record
from analysis_lib.runs.values import RunSpec, check_name, parse_words, parse_yaml
from tests import toy_study
from tests.faults.guards import Guard

REPOSITORY = Path(__file__).resolve().parents[2]
KILL_THE_KERNEL = "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"
START_A_CHILD = (
    "import subprocess, sys; "
    "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'], "
    "start_new_session=True); open('child.pid', 'w').write(str(child.pid))"
)


# 1 — papermill's word is not believed


@pytest.mark.fault(
    "papermill calls a notebook completed that is not",
    by="sys.exit(0), an exception, a killed kernel, and no fault beside them",
    survives="no good run but the one that is; the failed one is kept with its reason",
)
@pytest.mark.parametrize(
    ("cell", "message"),
    [
        ("import sys; sys.exit(0)", "SystemExit: 0"),
        ("raise ValueError('wrong')", "ValueError: wrong"),
        (KILL_THE_KERNEL, "kernel died"),
        ("%%javascript\nalert(1)\n1/", None),
    ],
    ids=["sys.exit", "exception", "killed kernel", "no fault"],
)
def test_a_run_succeeds_only_if_every_cell_ran(toy, cell, message):
    """Before: `sys.exit(0)` and a killed kernel left notebooks stamped "completed"."""
    toy.notebook([cell])
    if message is None:
        assert toy.ensure().record.status == "ok"
        return
    with pytest.raises(RunError, match=message):
        toy.ensure()
    assert not toy.good().exists()
    assert read_record(toy.failed()).status == "failed"


@pytest.mark.fault(
    "Metadata call cells completed that never ran",
    by="papermill's stamp on every cell of a notebook that was not executed",
    survives="the verdict: it failed at its first cell",
)
def test_the_verdict_needs_execution_counts(toy):
    """Before: metadata said "completed" for cells that had never run."""
    notebook = execute.read_template(toy.notebook())
    for cell in notebook.cells:
        cell.metadata["papermill"] = {"status": "completed", "exception": False}
    assert execute.verdict(notebook).cell == 1


@pytest.mark.fault(
    "A notebook saves nothing",
    by="its function that saves does nothing",
    survives="no good run; the message names the missing files",
)
def test_results_must_be_complete(toy):
    """Before: a notebook that saved nothing counted as a good run."""
    toy.notebook(["import analysis_lib.results as r; r.save_json = lambda *_: None"])
    with pytest.raises(RunError, match=r"left no metrics\.json, data\.json behind"):
        toy.ensure()


@pytest.mark.fault(
    "A run or a cell takes too long",
    by="a cell that sleeps ten minutes, under either limit",
    survives="no process; the message says which limit it was",
)
@pytest.mark.parametrize(
    ("limits", "message"),
    [
        (Limits(total=3, cell=60), "The run took longer than 3"),
        (Limits(cell=2), "A cell took longer"),
    ],
    ids=["total", "cell"],
)
def test_time_limits_end_a_run(toy, started_here, limits, message):
    """Before: a cell's time-out left a notebook that looked whole, and there was no total."""
    toy.notebook(["import time; time.sleep(600)"])
    with pytest.raises(RunError, match=message):
        toy.ensure(limits=limits)
    assert started_here() == []


# 2 — nothing half written, nothing lost


@pytest.mark.fault(
    "A run fails after a good one",
    by="1/0 in a cell, twice, then mended",
    survives="the good run, to the byte; the traceback; the next attempt",
)
def test_a_failure_keeps_the_last_good_run_and_is_tried_again(toy):
    """Before: papermill wrote in place, and `make` said "up to date" after a failure."""
    toy.ensure()
    before = {p: p.read_bytes() for p in toy.good().rglob("*") if p.is_file()}
    toy.notebook(["1/0"])
    for _ in range(2):
        with pytest.raises(RunError, match="ZeroDivisionError"):
            toy.ensure()
    assert {p: p.read_bytes() for p in toy.good().rglob("*") if p.is_file()} == before
    failure = read_record(toy.failed()).error
    assert failure.cell == 4  # counting the cell of injected parameters
    assert "1/0" in failure.traceback
    assert "\x1b" not in failure.traceback
    toy.notebook()
    toy.ensure()
    assert not toy.failed().exists()
    assert toy.leftovers() == []


@pytest.mark.fault(
    "A run is read while the next one is made",
    by="reading its record every 5 ms until the driver ends",
    survives="the old record, then the new one, nothing between",
)
def test_nothing_is_written_at_the_target_while_a_run_is_under_way(toy):
    """Before: empty and half-written notebooks were read while papermill was at work."""
    toy.ensure()
    record = (toy.good() / "record.json").read_bytes()
    toy.notebook(["import time; time.sleep(1.5)"])
    seen = set()
    driver, log = start_driver(toy)
    while driver.poll() is None:
        seen.add((toy.good() / "record.json").read_bytes())
        time.sleep(0.005)
    assert driver.returncode == 0, log.read_text()
    assert seen <= {record, (toy.good() / "record.json").read_bytes()}


# 3 — no process is left


DRIVER = """
import sys, shutil
from pathlib import Path
sys.path.insert(0, {repository!r})
from types import SimpleNamespace
from analysis_lib import studies
from tests import toy_study
studies.STUDIES["toy"] = studies.StudyInfo("toy", "Toy", "?", ())
studies.load = lambda name: toy_study.study()
import analysis_lib.__main__ as front
from analysis_lib.runs import engine
engine.Runs.__init__.__defaults__ = (Path({root!r}), print)
front.main(["run", "toy", "--name", "default"])
"""


STARTED: list[subprocess.Popen] = []


@pytest.fixture(autouse=True)
def no_driver_outlives_its_test():
    yield
    for driver in STARTED:
        driver.kill()
        driver.wait()
    STARTED.clear()


def start_driver(toy) -> tuple[subprocess.Popen, Path]:
    """Start a run in a process of its own, as a user's shell would."""
    text = DRIVER.format(repository=str(REPOSITORY), root=str(toy.root))
    log = toy.root.parent / f"driver-{len(list(toy.root.parent.glob('driver-*')))}.log"
    with log.open("w") as output:
        driver = subprocess.Popen(
            [sys.executable, "-u", "-c", textwrap.dedent(text)],
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=toy.root,
            start_new_session=True,
        )
    STARTED.append(driver)
    return driver, log


def wait_for(condition, seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.05)


def alive(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@pytest.mark.fault(
    "The driver is interrupted or terminated",
    by="SIGINT and SIGTERM, with a sub-process in its own session",
    survives="the good run; no process, no folder; the shell's exit status",
)
@pytest.mark.parametrize(
    ("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["INT", "TERM"]
)
def test_an_interrupted_driver_leaves_no_process(toy, number, status):
    """Before: busy kernels and detached sub-processes went on after SIGTERM and Ctrl-C."""
    toy.ensure()
    before = (toy.good() / "record.json").read_bytes()
    toy.notebook([START_A_CHILD, "import time; time.sleep(600)"])
    driver, log = start_driver(toy)
    wait_for((toy.root / "child.pid").exists)
    tree = psutil.Process(driver.pid).children(recursive=True)
    begun = time.monotonic()
    driver.send_signal(number)
    driver.wait(timeout=60)
    assert time.monotonic() - begun < 30  # a bound on hanging, not a measurement
    assert driver.returncode == status
    assert "Traceback" not in log.read_text()
    child = int((toy.root / "child.pid").read_text())
    assert [p.pid for p in tree if alive(p.pid)] == []
    assert not alive(child)
    assert toy.leftovers() == []
    assert (toy.good() / "record.json").read_bytes() == before


@pytest.mark.fault(
    "The driver is killed",
    by="SIGKILL, with a sub-process in its own session",
    survives="the next run, which finds, names and ends what was left",
)
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads other processes' /proc")
def test_what_a_killed_driver_left_is_found_and_ended_at_the_next_start(toy):
    """Before: after SIGKILL of the driver its sub-processes and folders stayed for ever."""
    toy.notebook([START_A_CHILD, "import time; time.sleep(600)"])
    driver, _ = start_driver(toy)
    wait_for((toy.root / "child.pid").exists)
    driver.kill()
    driver.wait(timeout=60)
    child = int((toy.root / "child.pid").read_text())
    assert alive(child)
    assert toy.leftovers()
    toy.notebook()
    toy.ensure()
    assert not alive(child)
    assert toy.leftovers() == []
    assert any("killed run left behind" in line and str(child) in line for line in toy.said)


@pytest.mark.fault(
    "A second driver takes a first one's kernel for a left one",
    by="a process that bears the mark of a living driver",
    survives="that process",
)
def test_the_processes_of_a_living_driver_are_not_touched(toy, tmp_path):
    """Before the mark of the driver, a second build could have ended the first one's kernel."""
    environment = {
        **os.environ,
        "ANALYSIS_RUN_FOLDER": str(tmp_path / "x"),
        processes.DRIVER_VARIABLE: processes.driver_mark(),
    }
    with subprocess.Popen(
        [sys.executable, "-c", "import time; time.sleep(600)"], env=environment
    ) as child:
        try:
            wait_for(lambda: psutil.Process(child.pid).environ().get("ANALYSIS_RUN_FOLDER"))
            assert processes.left_behind(tmp_path) == []
        finally:
            child.kill()


# 4 — one writer at a time


@pytest.mark.fault(
    "Two write at once",
    by="a lock held by one process and wanted by another",
    survives="the first; the second is told its number, waits and leaves",
)
def test_a_second_writer_is_told_who_holds_the_lock(tmp_path):
    """Before: two builds in one folder both exited 0 and the last writer won."""
    said: list[str] = []
    lock = tmp_path / ".default.lock"
    with hold(lock, "The run dge/default", said.append):
        code = (
            "import sys; from pathlib import Path; from analysis_lib.runs.lock import hold\n"
            "with hold(Path(sys.argv[1]), 'The run dge/default', print, wait=0.2): pass"
        )
        second = subprocess.run(
            [sys.executable, "-c", code, str(lock)], capture_output=True, text=True, check=False
        )
    assert second.returncode != 0
    assert f"process {os.getpid()}" in second.stdout
    assert f"still being written by process {os.getpid()}" in second.stderr
    with hold(lock, "The run dge/default", said.append, wait=0):
        assert said == []


@pytest.mark.fault(
    "Two drivers make the same run",
    by="both started at once",
    survives="one execution; the second waits and has nothing to do",
)
def test_two_drivers_of_one_run_execute_it_once(toy):
    """Before: both executed, and their results were mixed in one folder."""
    toy.notebook(["import time; time.sleep(1)"])
    drivers = [start_driver(toy) for _ in range(2)]
    statuses = [driver.wait(timeout=120) for driver, _ in drivers]
    outputs = [log.read_text() for _, log in drivers]
    assert statuses == [0, 0], outputs
    assert sum("toy/default: executing" in text for text in outputs) == 1
    assert sum("nothing changed" in text for text in outputs) == 1
    assert sum("waiting for it to finish" in text for text in outputs) == 1


# 5 — what was recorded is what is there


@pytest.mark.fault(
    "A result is damaged on disk",
    by="cut in half, one bit flipped, removed: numbers, notebook, record",
    survives="nothing damaged: it is found and executed again",
)
@pytest.mark.parametrize("name", ["metrics.json", "notebook.ipynb", "record.json"])
@pytest.mark.parametrize("damage", ["cut", "flip", "gone"])
def test_a_damaged_result_is_found_and_made_again(toy, name, damage):
    """Before: a file cut short by a full disk was read back as if it were whole."""
    toy.ensure()
    path = toy.good() / name
    content = path.read_bytes()
    if damage == "gone":
        path.unlink()
    else:
        middle = len(content) // 2
        flipped = bytes([content[middle] ^ 1])
        tail = flipped + content[middle + 1 :] if damage == "flip" else b""
        path.write_bytes(content[:middle] + tail)
    assert toy.ensure().did == "executed"


@pytest.mark.fault(
    "A record is edited by hand",
    by="one digit more in its seconds",
    survives="nothing edited: the seal is broken, and it is executed again",
)
def test_a_record_that_was_edited_is_not_believed(toy):
    """Before its seal, a changed byte in a record was shown on the page as a fact."""
    toy.ensure()
    path = toy.good() / "record.json"
    text = path.read_text()
    assert '"seconds": ' in text
    path.write_text(text.replace('"seconds": ', '"seconds": 9'))
    assert toy.ensure().did == "executed"


@pytest.mark.fault(
    "The disk is full while a file is written",
    by="a limit on the size of files, below what is written",
    survives="the old file, and no other beside it",
)
def test_a_full_disk_leaves_the_old_file(tmp_path):
    """Before: a good file became unparsable when the disk was full."""
    target = tmp_path / "record.json"
    files.write_text(target, "good")
    code = (
        "import resource, signal, sys; from pathlib import Path; from analysis_lib import files\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n"
        "files.write_text(Path(sys.argv[1]), 'x' * 5000)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(target)], capture_output=True, text=True, check=False
    )
    assert "File too large" in done.stderr
    assert target.read_text() == "good"
    assert [path.name for path in tmp_path.iterdir()] == ["record.json"]


@pytest.mark.fault(
    "A table changes while a notebook reads it",
    by="a cell that appends to it",
    survives="no good run; the message says what changed",
)
def test_a_table_that_changes_while_it_is_read_is_noticed(toy):
    """Before: a result could belong to other bytes than the ones it was filed under."""
    table = toy.root / "table.csv"
    table.write_text("a,b\n1,2\n")
    toy.notebook([f"open({str(table)!r}, 'a').write('3,4')"])
    with pytest.raises(RunError, match="changed while the notebook was reading it"):
        toy.ensure(data=str(table))


# 6 — parameters


@pytest.mark.fault(
    "A parameter is misspelt or of a wrong type",
    by="names and values nobody can mean, one with a line of code",
    survives="nothing runs; the error says name, type, range and default",
)
@pytest.mark.parametrize(
    ("values", "parts"),
    [
        ({"numbr": 1}, ["no parameter 'numbr'", "Did you mean 'number'?"]),
        ({"number": "1"}, ["'number'", "number", "> 0", "default is 1.0"]),
        ({"number": 0}, ["'number'", "got:", "0"]),
        ({"number": True}, ["'number'"]),
        ({"number": float("nan")}, ["'number'"]),
        ({"text": 7}, ["'text'", "text", "7"]),
        ({"names": "x"}, ["'names'", "list of text"]),
        ({"x\nimport os": 1}, ["no parameter"]),
    ],
)
def test_wrong_parameters_are_named_with_what_is_right(values, parts):
    """Before: unknown names only warned, and `007` or `NO` changed their meaning."""
    with pytest.raises(ParameterError) as caught:
        toy_study.Params.of(values)
    message = str(caught.value)
    assert all(part in message for part in parts), message
    assert len(message.splitlines()) <= 5


@pytest.mark.fault(
    "The shell's text is guessed at",
    by="007, NO, 1e-3, lists, nothing, an equals sign",
    survives="what was written, by the type of the parameter",
)
@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["text=007"], {"text": "007"}),
        (["text=NO"], {"text": "NO"}),
        (["text=1e-3"], {"text": "1e-3"}),
        (["number=1e-3"], {"number": 0.001}),
        (["names=a,b"], {"names": ["a", "b"]}),
        (["names=[a, 'b, c']"], {"names": ["a", "b, c"]}),
        (["data="], {"data": None}),
        (["text=a=b"], {"text": "a=b"}),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else "",
)
def test_words_mean_what_their_parameter_is(words, expected):
    """Before: the shell's text was guessed at: `007` became 7 and `NO` became False."""
    assert parse_words(toy_study.Params, words) == expected


@pytest.mark.fault(
    "YAML reads numbers as text and words as false",
    by="1e-3, NO, off, true, 0.05, ~",
    survives="their plain meaning",
)
@pytest.mark.parametrize(
    ("text", "value"),
    [("1e-3", 0.001), ("NO", "NO"), ("off", "off"), ("true", True), ("0.05", 0.05), ("~", None)],
)
def test_yaml_is_read_by_the_rules_of_version_1_2(text, value):
    """Before: PyYAML read `1e-3` as text and `NO` as False."""
    assert parse_yaml(text, "test") == value


@pytest.mark.fault(
    "YAML that runs code, repeats a key or is broken",
    by="a tag that calls os.system, two equal keys, an open bracket",
    survives="nothing of it: an error",
)
@pytest.mark.parametrize("text", ["!!python/object/apply:os.system ['true']", "{a: 1, a: 2}", "["])
def test_yaml_that_runs_code_repeats_a_key_or_is_broken_is_refused(text):
    """Before: the last of two equal keys won in silence."""
    with pytest.raises(ParameterError, match="not YAML"):
        parse_yaml(text, "test")


@pytest.mark.fault(
    "The name of a run leads out of its folder",
    by="dots, slashes, capitals, spaces, braces, line ends, 65 letters",
    survives="nothing is written; the error says what a name is",
)
@pytest.mark.parametrize(
    "name", ["", "../up", "a/b", "A", "-x", "a b", "a\n", "x" * 65, "{a}", ".hidden", "a.failed"]
)
def test_a_run_name_cannot_leave_its_folder(name):
    """Before: an output path was `str.format`ed and could leave its folder."""
    with pytest.raises(ParameterError, match="cannot be called"):
        check_name(name)


@pytest.mark.fault(
    "Parameters do not reach a notebook",
    by="no tag `parameters`, and a misspelt one",
    survives="nothing runs",
)
@pytest.mark.parametrize("tags", [(), ("parameter",)])
def test_a_notebook_without_the_parameters_tag_is_refused(toy, tags):
    """Before: without the tag the defaults won in silence."""
    toy.notebook(tags=tags)
    with pytest.raises(RunError, match="parameters would be ignored"):
        toy.ensure(number=3.0)


@pytest.mark.fault(
    "A cell overwrites a parameter",
    by="parameters read a second time, with another number",
    survives="no good run; the message says so",
)
def test_a_notebook_that_worked_with_other_parameters_is_not_believed(toy):
    """Before: a cell that overwrote a parameter gave results under a wrong name."""
    toy.notebook(["toy_study.Params.from_notebook({'number': 9.0})"])
    with pytest.raises(RunError, match="other parameters"):
        toy.ensure(number=3.0)


@pytest.mark.fault(
    "Plain papermill is given a misspelt parameter",
    by="a name in the notebook that is almost a parameter's",
    survives="nothing runs; the error names it",
)
def test_an_unknown_name_in_a_notebook_is_an_error():
    """Before: plain `papermill -p typo 1` ran with the default."""
    names = {"number": 2.0, "toy_study": toy_study, "In": [], "_x": 1, "p": toy_study.Params}
    assert toy_study.Params.from_notebook(names).number == 2.0
    with pytest.raises(ParameterError, match="numbr"):
        toy_study.Params.from_notebook({**names, "numbr": 1})


# 8 — kernel start


@pytest.mark.fault(
    "A kernel does not start",
    by="its first start fails as if its address were in use",
    survives="the run, at the second start",
)
def test_a_kernel_that_does_not_start_is_tried_once_more(toy, monkeypatch):
    """Before: parallel runs failed when two kernels were given the same port."""
    from jupyter_client import AsyncKernelManager

    start, tries = AsyncKernelManager.start_kernel, []

    async def fail_once(self, **more):
        tries.append(1)
        if len(tries) == 1:
            raise RuntimeError("Address already in use")
        await start(self, **more)

    monkeypatch.setattr(AsyncKernelManager, "start_kernel", fail_once)
    assert toy.ensure().record.status == "ok"
    assert len(tries) == 2


@pytest.mark.fault(
    "A kernel dies after a cell has run",
    by="SIGKILL in the cell after one that counts",
    survives="one count: nothing is run twice",
)
def test_a_cell_that_ran_is_never_run_again_in_silence(toy):
    """Before a rule for it, a retry would have counted and written things twice."""
    toy.notebook(["open('count', 'a').write('x')", KILL_THE_KERNEL])
    with pytest.raises(RunError, match="kernel died"):
        toy.ensure()
    assert (toy.root / "count").read_text() == "x"


@pytest.mark.fault(
    "A record is of another version of the library",
    by="its number of the format is changed",
    survives="nothing of it; the message says that it cannot be read",
)
def test_a_record_of_another_format_is_not_a_hit(toy):
    """Before a format number, a record of an older version could be half understood."""
    toy.ensure()
    path = toy.good() / "record.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "format": 0}))
    plan = toy.runs.plan(RunSpec("toy", "default", {}))
    assert toy.runs.fresh(plan) is None
    assert "cannot be read" in toy.said[-1]


# 22 — the same twice


@pytest.mark.fault(
    "The same run leaves other bytes",
    by="two executions of a notebook that shows a set and a hash",
    survives="every file, to the byte",
)
def test_two_runs_leave_the_same_bytes(toy):
    """Before: cell ids, papermill's times and paths, and set order differed from run to run."""
    toy.notebook(["print({'b', 'a', 'c'}); display({'x': hash('text')})"])
    first = toy.runs.ensure(RunSpec("toy", "default", {"number": 2.0})).record
    again = toy.runs.ensure(RunSpec("toy", "default", {"number": 2.0}), force=True).record
    assert first.files == again.files
    assert (toy.good() / "notebook.ipynb").read_text().count("papermill") == 0


GUARDS = [
    Guard(
        "analysis_lib/runs/key.py",
        '        "packages": files.sha256(project / "requirements.lock"),\n',
        '        "packages": "",\n',
        "tests/test_engine.py::test_whatever_a_result_depends_on_makes_it_stale"
        "[packages-the locked packages]",
    ),
    Guard(
        "analysis_lib/runs/execute.py",
        "if cell.execution_count is None:",
        "if False:",
        "test_the_verdict_needs_execution_counts",
    ),
    Guard(
        "analysis_lib/runs/record.py",
        'if fields.pop("seal") != _seal(fields):',
        'if not fields.pop("seal"):',
        "test_a_record_that_was_edited_is_not_believed",
    ),
    Guard(
        "analysis_lib/runs/engine.py",
        "    if missing:\n",
        "    if False:\n",
        "test_results_must_be_complete",
    ),
    Guard(
        "analysis_lib/runs/lock.py",
        "        lock.acquire(timeout=0)\n",
        "        pass\n",
        "test_a_second_writer_is_told_who_holds_the_lock",
    ),
    Guard(
        "analysis_lib/runs/execute.py",
        '        cell.id = f"cell-{number:02d}"\n',
        "",
        "test_two_runs_leave_the_same_bytes",
    ),
]

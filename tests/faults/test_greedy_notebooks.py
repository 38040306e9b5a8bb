"""A notebook that hangs, eats memory, prints without end, or leaves before its end."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import nbformat
import psutil
import pytest

from analysis_lib.errors import ParameterError, RunError
from analysis_lib.runs.client import overwritten
from analysis_lib.runs.limits import MEMORY_VARIABLE, SHARE, TIME_VARIABLE, Limits, share_of_machine
from analysis_lib.runs.printed import HEAD, TAIL
from analysis_lib.runs.record import damaged, read_record
from tests.faults.guards import Guard
from tests.faults.test_execution_faults import start_driver, wait_for

MB = 2**20
LINUX = pytest.mark.skipif(not Path("/proc/self/smaps_rollup").exists(), reason="reads /proc")

EAT = "kept = []\nwhile True: kept.append(bytearray(20_000_000)); __import__('time').sleep(0.01)"
EAT_BESIDE = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {EAT!r}])"
EAT_APART = (
    f"import subprocess, sys, time; subprocess.Popen([sys.executable, '-c', {EAT!r}], "
    "start_new_session=True); time.sleep(600)"
)


def printed(toy, name: str = "stdout") -> str:
    """Return what the executed notebook keeps of one stream."""
    notebook = nbformat.read(toy.good() / "notebook.ipynb", as_version=4)
    outputs = [o for c in notebook.cells for o in c.get("outputs", ()) if o.get("name") == name]
    assert len(outputs) == 1
    return outputs[0].text


KEPT: dict[Path, bytes] = {}
"""The files of a good run, which is made once."""


@pytest.fixture
def good(toy, started_here):
    """A project with a good run, which must stand whatever the next one does."""
    if not KEPT:
        toy.ensure()
        found = (p for p in toy.good().rglob("*") if p.is_file())
        KEPT.update({p.relative_to(toy.good()): p.read_bytes() for p in found})
    for name, content in KEPT.items():
        (toy.good() / name).parent.mkdir(parents=True, exist_ok=True)
        (toy.good() / name).write_bytes(content)
    yield toy
    found = (p for p in toy.good().rglob("*") if p.is_file())
    assert {p.relative_to(toy.good()): p.read_bytes() for p in found} == KEPT
    assert damaged(toy.good(), read_record(toy.good())) == []
    assert started_here() == []
    assert toy.leftovers() == []


# Memory


@pytest.mark.fault(
    "A notebook eats memory",
    by="20 MB every 10 ms: in its kernel, in a sub-process, in a session of its own",
    survives="the machine and the last good run; the message names limit, cell and remedy",
)
@pytest.mark.parametrize("cell", [EAT, EAT_BESIDE, EAT_APART], ids=["kernel", "child", "apart"])
def test_a_run_that_takes_too_much_memory_is_ended(good, cell):
    """Before: it went on until the system ended it, or the driver, or something else."""
    good.notebook([cell])
    with pytest.raises(RunError) as caught:
        good.ensure(limits=Limits(memory=300 * MB, total=120))
    message = str(caught.value)
    assert "more than its limit of 300 MB" in message
    assert "code cell 4" in message
    assert f"{MEMORY_VARIABLE}=600M before make, or --memory-limit" in message
    record = read_record(good.failed())
    assert record.error.cell == 4
    assert record.peak_memory_mb > 150


@pytest.mark.fault(
    "Memory that processes share is counted for each of them",
    by="200 MB in a kernel that forks four times, under a limit of 600 MB",
    survives="the run",
)
@LINUX
def test_shared_memory_is_counted_once(toy):
    """Before: the sum of resident sizes, which counts every shared page five times here."""
    toy.notebook(
        [
            "import multiprocessing, time; block = bytes(1) * 200_000_000\n"
            "fork = multiprocessing.get_context('fork').Process\n"
            "children = [fork(target=time.sleep, args=(1,)) for _ in range(4)]\n"
            "for child in children: child.start()\n"
            "for child in children: child.join()"
        ]
    )
    record = toy.ensure(limits=Limits(memory=600 * MB)).record
    assert record.peak_memory_mb > 600  # or nothing was tried


@pytest.mark.fault(
    "The whole machine runs out of memory",
    by="reading whom Linux would end first: a kernel, and what a kernel starts",
    survives="the driver, which says what happened",
)
@LINUX
def test_the_system_takes_the_kernel_before_its_driver(toy):
    """Before: the driver could be taken, and its kernel went on."""
    toy.notebook(
        [
            "import subprocess, time; time.sleep(0.5)\n"
            "subprocess.run('cat /proc/self/oom_score_adj > score', shell=True)"
        ]
    )
    toy.ensure()
    assert int((toy.root / "score").read_text()) == 1000
    assert int(Path("/proc/self/oom_score_adj").read_text()) < 1000


@pytest.mark.fault(
    "A container has less memory than its machine",
    by="control groups of both versions: own, above, none, without a limit",
    survives="a limit that fits the smallest of them",
)
@pytest.mark.parametrize(
    ("group", "limits", "expected"),
    [
        ("0::/a/b", {"a/b/memory.max": 2 * MB, "a/memory.max": 9 * MB}, 2 * MB),
        ("0::/a/b", {"a/b/memory.max": "max", "a/memory.max": 3 * MB}, 3 * MB),
        ("0::/", {"memory.max": 4 * MB}, 4 * MB),
        ("4:cpu,memory:/a", {"memory/a/memory.limit_in_bytes": 5 * MB}, 5 * MB),
        ("4:memory:/not/seen", {"memory/memory.limit_in_bytes": 6 * MB}, 6 * MB),
        ("4:memory:/", {"memory/memory.limit_in_bytes": 2**63 - 4096}, None),
        ("3:cpu:/a", {"memory/a/memory.limit_in_bytes": 7 * MB}, None),
        ("", {}, None),
    ],
)
def test_the_limit_by_itself_is_a_share_of_what_there_is(tmp_path, group, limits, expected):
    """Before: there was none; a share of the machine alone would be too much in a container."""
    files = {"proc/self/cgroup": group} | {f"sys/fs/cgroup/{k}": v for k, v in limits.items()}
    for name, content in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{content}\n" if content else "")
    there = expected or psutil.virtual_memory().total
    assert share_of_machine(tmp_path) == int(SHARE * there)


@pytest.mark.fault(
    "A limit that nobody can mean",
    by="none, a sign, infinity, words and bytes as limits of memory and time",
    survives="nothing runs; the error says what a limit looks like",
)
@pytest.mark.parametrize("text", ["", "0", "-1", "nan", "inf", "lots", "4X", "4 4", "1e3G"])
@pytest.mark.parametrize("limit", ["time", "memory"])
def test_a_limit_that_is_none_is_refused(text, limit):
    """Before: a time limit of nan never ended a run."""
    with pytest.raises(ParameterError, match=f"This is no {limit} limit") as caught:
        Limits.asked(**{limit: text})
    assert f"--{limit}-limit" in str(caught.value)


@pytest.mark.fault(
    "A run of `make book` needs more than the limits",
    by="limits in the environment, where make puts what it is told",
    survives="the limits that were asked for",
)
def test_the_environment_sets_the_limits_of_every_run(toy, monkeypatch):
    """Before: nobody could give a run of `make book` more than an hour."""
    monkeypatch.setenv(TIME_VARIABLE, "7200")
    assert (Limits().total, Limits().of_cell) == (7200, 3600)
    monkeypatch.setenv(MEMORY_VARIABLE, "10M")
    with pytest.raises(RunError, match="more than its limit of 10 MB"):
        toy.ensure()
    monkeypatch.setenv(MEMORY_VARIABLE, "2G")
    assert toy.ensure().did == "executed"


# Output


@pytest.mark.fault(
    "A cell prints 100 MB",
    by="one print, 100 lines, descriptor 1, a sub-process, standard error",
    survives="beginning and end, and how much is missing; the driver's memory",
)
@pytest.mark.parametrize(
    ("cell", "stream"),
    [
        ("print('x' * 99_999_988 + 'the end', flush=True)", "stdout"),
        ("for i in range(100): print('x' * 999_999)\nprint('the end')", "stdout"),
        (
            "import os\nfor i in range(100): os.write(1, b'x' * 1_000_000)\n"
            "_ = os.write(1, b'the end'); __import__('time').sleep(1)",
            "stdout",
        ),
        (
            "import subprocess\n_ = subprocess.run('yes | head -c 100000000; echo the end', "
            "shell=True); __import__('time').sleep(1)",
            "stdout",
        ),
        ("import sys; _ = sys.stderr.write('x' * 100_000_000 + 'the end')", "stderr"),
    ],
    ids=["one print", "lines", "descriptor", "sub-process", "stderr"],
)
def test_a_flood_of_output_is_cut(toy, monkeypatch, cell, stream):
    """Before: a notebook of 100 to 325 MB, up to 4 GB in the driver, a false time-out."""
    monkeypatch.delenv("PYTEST_CURRENT_TEST")  # within pytest, kernels leave descriptors alone
    toy.notebook([cell])
    forget_the_peak()
    before = psutil.Process().memory_info().rss
    toy.ensure()
    assert peak() - before < 100 * MB
    text = printed(toy, stream)
    assert HEAD < len(text) < HEAD + TAIL + 300
    assert text.rstrip().endswith("the end")
    middle = text[HEAD - 1 :].split("[… ")
    assert middle[1].startswith("of what this cell prints from here on, the end is kept")
    missing = int(middle[2].split()[0].replace(",", ""))
    assert missing + HEAD + TAIL == pytest.approx(100e6, abs=30)
    assert (toy.good() / "notebook.ipynb").stat().st_size < 10 * MB


def forget_the_peak() -> None:
    if os.access("/proc/self/clear_refs", os.W_OK):
        Path("/proc/self/clear_refs").write_text("5")


def peak() -> int:
    """Return the most memory this process had since `forget_the_peak`; now, where none is told."""
    if not os.access("/proc/self/clear_refs", os.W_OK):
        return psutil.Process().memory_info().rss
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) * 1024


@pytest.mark.fault(
    "A cell prints without pause",
    by="20,000 short prints, every one flushed: a message each",
    survives="the run, with beginning and end of what was printed",
)
def test_a_storm_of_small_messages_is_cut(toy):
    """Before: 200,000 took the driver over two minutes, and ended as a time-out."""
    toy.notebook(["for i in range(20_000): print(i, flush=True)"])
    toy.ensure(limits=Limits(total=240))
    text = printed(toy)
    assert text.startswith("0\n1\n2\n")
    assert text.endswith("\n19998\n19999\n")
    assert "[… of what this cell prints from here on" in text


@pytest.mark.fault(
    "A driver is slower than its kernel",
    by="3,000 displays while the driver is stopped; then it goes on",
    survives="every one of them",
)
def test_no_output_is_dropped_when_the_driver_is_slow(toy):
    """Before: of 20,000 displays 12,461 were kept, and the run counted as good."""
    toy.notebook(
        [
            "import pathlib, time; open('ready', 'w')\n"
            "while not pathlib.Path('stopped').exists(): time.sleep(0.01)\n"
            "for i in range(3000): display(i)\n"
            "open('sent', 'w')\n"
            "time.sleep(0.5)"
        ]
    )
    driver, log = start_driver(toy)
    try:
        wait_for((toy.root / "ready").exists)
        driver.send_signal(signal.SIGSTOP)
        (toy.root / "stopped").touch()
        wait_for((toy.root / "sent").exists)
        driver.send_signal(signal.SIGCONT)
        assert driver.wait(timeout=120) == 0, log.read_text()
    finally:
        driver.kill()
        driver.wait()
    notebook = nbformat.read(toy.good() / "notebook.ipynb", as_version=4)
    assert [len(c.outputs) for c in notebook.cells if "display" in c.source] == [3000]


@pytest.mark.fault(
    "A bar that shows progress",
    by="20,000 times a new number on the same line, and colours",
    survives="the last state of the line",
)
def test_only_the_last_state_of_a_line_is_kept(toy):
    """Before: every state stayed in the notebook, 5 MB of them."""
    toy.notebook(["for i in range(20_000): print(f'\\r\\x1b[32m{i}\\x1b[0m', end='')"])
    toy.ensure()
    assert printed(toy) == "\x1b[32m19999\x1b[0m"
    assert overwritten("a\r\nb\r") == "a\nb"
    assert overwritten("x" * 10**6) == "x" * 10**6  # a pattern would take a day for it


@pytest.mark.fault(
    "A notebook shows more than a page can hold",
    by="100 MB of HTML at once, 30 displays of 3 MB, an error of 70 MB",
    survives="the driver's memory and the last good run; the message says what to do",
)
@pytest.mark.parametrize(
    "cell",
    [
        "from IPython.display import HTML; HTML('z' * 100_000_000)",
        "for i in range(30): display({'text/html': 'z' * 3_000_000}, raw=True)",
        "raise ValueError('v' * 35_000_000)",
    ],
    ids=["html", "displays", "error"],
)
def test_a_notebook_that_shows_too_much_fails(good, cell):
    """Before: a notebook of 100 MB that counted as good, and three times that in the driver."""
    good.notebook([cell, "open('later', 'w')"])
    forget_the_peak()
    before = psutil.Process().memory_info().rss
    with pytest.raises(RunError, match="shows more than 64 MB in all"):
        good.ensure()
    assert peak() - before < 350 * MB
    assert not (good.root / "later").exists()
    assert (good.failed() / "notebook.ipynb").stat().st_size < 70 * MB
    assert (good.failed() / "record.json").stat().st_size < 1 * MB


@pytest.mark.fault(
    "Two streams and their pauses differ from run to run",
    by="output and errors by turns, with and without pauses between them",
    survives="the same bytes",
)
def test_what_is_printed_does_not_depend_on_time(toy):
    """Before: a pause of 0.2 seconds made two outputs of one, in whatever order."""
    lines = "for i in range(4):\n    print(i); print(-i, file=__import__('sys').stderr)\n"
    toy.notebook([lines + "    __import__('time').sleep(0.25)"])
    toy.ensure()
    slow = printed(toy), printed(toy, "stderr")
    toy.notebook([lines])
    toy.ensure()
    assert (printed(toy), printed(toy, "stderr")) == slow == ("0\n1\n2\n3\n", "0\n-1\n-2\n-3\n")


# Hanging

IGNORE = "import signal, time\nfor n in (2, 15, 1): signal.signal(n, signal.SIG_IGN)\n"
HANGS = {
    "sleep": "import time; time.sleep(600)",
    "busy": "while True: pass",
    "ignores signals": f"{IGNORE}time.sleep(600)",
    "swallows": "while True:\n    try: __import__('time').sleep(600)\n    except BaseException: 1",
    "compiled, holds the lock": "import ctypes; ctypes.PyDLL(None).sleep(600)",
    "stopped": "import os, signal; os.kill(os.getpid(), signal.SIGSTOP)",
}


@pytest.mark.fault(
    "A notebook hangs",
    by="sleeping, busy, in compiled code, stopped, deaf to signals and exceptions",
    survives="the last good run; the message says which limit, and how to raise it",
)
@pytest.mark.parametrize("hang", HANGS)
def test_a_cell_that_hangs_is_ended(good, hang):
    """Before: without a limit on a cell it went on for ever; one that was stopped, too."""
    good.notebook([HANGS[hang]])
    with pytest.raises(RunError) as caught:
        good.ensure(limits=Limits(total=120, cell=3))
    message = str(caught.value)
    assert "A cell took longer than 3 seconds" in message
    assert "code cell 4" in message
    assert f"{TIME_VARIABLE}=12 before make, or --time-limit" in message


DAEMON = """\
import os, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        time.sleep(600)
    os._exit(0)
time.sleep(0.2)"""
DEAF = (
    "import subprocess, sys, time\n"
    f"subprocess.Popen([sys.executable, '-c', {IGNORE + 'time.sleep(600)'!r}]); time.sleep(1)"
)
SESSION = "import subprocess; subprocess.Popen(['sleep', '600'], start_new_session=True)"


@pytest.mark.fault(
    "A notebook starts processes and forgets them",
    by="in a session of their own, as daemon, deaf to SIGTERM; with and without a failure",
    survives="no process",
)
@pytest.mark.parametrize("cell", [DAEMON, DEAF, SESSION], ids=["daemon", "deaf", "session"])
@pytest.mark.parametrize("after", ["", "1/0"], ids=["good", "failed"])
def test_what_a_notebook_started_ends_with_it(toy, started_here, cell, after):
    """Before: they outlived the run, and a busy one was never found."""
    toy.notebook([cell, after or "1"])
    if after:
        with pytest.raises(RunError, match="ZeroDivisionError"):
            toy.ensure()
    else:
        assert toy.ensure().record.status == "ok"
    assert started_here() == []


# Leaving


@pytest.mark.fault(
    "A notebook leaves before its end",
    by="sys.exit, exit, quit, SystemExit, os._exit, abort, a crash, an interrupt",
    survives="the last good run; the message says how it left, and no later cell runs",
)
@pytest.mark.parametrize(
    ("cell", "message"),
    [
        ("import sys; sys.exit()", "SystemExit"),
        ("import sys; sys.exit(0)", "SystemExit: 0"),
        ("raise SystemExit(0)", "SystemExit: 0"),
        ("exit()", r"exit\(\) or quit\(\)"),
        ("quit()", r"exit\(\) or quit\(\)"),
        ("get_ipython().ask_exit()", r"exit\(\) or quit\(\)"),
        ("import os; os._exit(0)", "the notebook ended it, with exit status 0"),
        ("import os; os._exit(3)", "the notebook ended it, with exit status 3"),
        ("import os; os.abort()", "of a signal: Aborted"),
        ("import ctypes; ctypes.string_at(0)", "of a signal: Segmentation fault"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "it was killed"),
        ("raise KeyboardInterrupt", "KeyboardInterrupt"),
    ],
    ids=lambda value: value.split("; ")[-1] if "(" in value or "raise" in value else "",
)
def test_a_notebook_that_leaves_early_fails(good, cell, message):
    """Before: exit status 0 for `sys.exit(0)`, and `exit()` was a good run when it was quick."""
    good.notebook([cell, "open('later', 'w')"])
    with pytest.raises(RunError, match=message) as caught:
        good.ensure(limits=Limits(total=120))
    assert "code cell 4" in str(caught.value)
    assert not (good.root / "later").exists()


@pytest.mark.fault(
    "A notebook reads what nobody types",
    by="input(), standard input, a sub-process that reads",
    survives="the first is an error, the others find an end",
)
@pytest.mark.parametrize(
    ("cell", "message"),
    [
        ("input('Name? ')", "StdinNotImplementedError"),
        ("import os; assert os.read(0, 1) == b''", None),
        ("import subprocess; subprocess.run('cat', check=True)", None),
    ],
    ids=["input", "descriptor", "sub-process"],
)
def test_nobody_answers_a_notebook(toy, cell, message):
    """Before: a sub-process that read waited for ever."""
    toy.notebook([cell])
    if message is None:
        assert toy.ensure(limits=Limits(total=120)).record.status == "ok"
        return
    with pytest.raises(RunError, match=message):
        toy.ensure(limits=Limits(total=120))


REMOVE = "import os, shutil; folder = os.environ['ANALYSIS_RUN_FOLDER']; shutil.rmtree(folder)\n"


@pytest.mark.fault(
    "A notebook removes or replaces its folder of results",
    by="removed, a file, a link to another folder, a result that is a link",
    survives="the last good run, and what the links lead to",
)
@pytest.mark.parametrize(
    ("cell", "last", "message"),
    [
        (REMOVE, "", r"left no params\.json behind"),
        ("", REMOVE, "removed the folder of its results"),
        ("", REMOVE + "open(folder, 'w')", "removed the folder of its results"),
        ("", REMOVE + "os.symlink(os.getcwd(), folder)", "removed the folder of its results"),
        (
            "import os; os.symlink(os.path.abspath('toy_study.py'), "
            "os.path.join(os.environ['ANALYSIS_RUN_FOLDER'], 'x.py'))",
            "",
            "left links among its results: x.py",
        ),
    ],
    ids=["early", "late", "file", "link", "linked result"],
)
def test_results_stay_where_they_belong(good, cell, last, message):
    """Before: a traceback of ours, or results of a run that changed with another folder."""
    (good.root / "elsewhere").symlink_to("toy_study.py")
    path = good.notebook([cell or "1"])
    if last:
        notebook = nbformat.read(path, as_version=4)
        notebook.cells.append(nbformat.v4.new_code_cell(last, id="last"))
        nbformat.write(notebook, path)
    with pytest.raises(RunError, match=message):
        good.ensure()
    assert (good.root / "toy_study.py").is_file()
    assert (good.root / "elsewhere").is_symlink()
    assert read_record(good.failed()).status == "failed"


@pytest.mark.fault(
    "A notebook meddles with its own process",
    by="its folder, handlers, standard streams and descriptors, another thread",
    survives="the run, which is as good as any",
)
@pytest.mark.parametrize(
    "cell",
    [
        "import os; os.chdir('/')",
        "import signal\nfor n in (2, 15): signal.signal(n, lambda *_: None)",
        "import sys, io; sys.stdout = sys.stderr = io.StringIO()",
        "import os; os.close(0); os.close(1)",
        "import threading, time; threading.Thread(target=time.sleep, args=(600,)).start()",
    ],
    ids=["folder", "handlers", "streams", "descriptors", "thread"],
)
def test_what_a_notebook_does_to_itself_is_its_own(toy, started_here, cell):
    """Held from the start; feared was a run that never ends, or a driver that is cut off."""
    toy.notebook([cell])
    begun = time.monotonic()
    assert toy.ensure(limits=Limits(total=120)).record.status == "ok"
    assert time.monotonic() - begun < 100  # a bound on hanging, not a measurement
    assert started_here() == []


GUARDS = [
    Guard(
        "analysis_lib/runs/printed.py",
        "setsockopt(zmq.SNDHWM, 0)",
        "setsockopt(zmq.SNDHWM, 1000)",
        "test_no_output_is_dropped_when_the_driver_is_slow",
    ),
    Guard(
        "analysis_lib/runs/watch.py",
        "self._too_much(tree) or self._too_long()",
        "self._too_long()",
        "test_the_environment_sets_the_limits_of_every_run",
    ),
    Guard(
        "analysis_lib/runs/client.py",
        "extra_arguments=[_PRINTED],",
        "",
        "test_a_flood_of_output_is_cut[lines]",
    ),
    Guard(
        "analysis_lib/runs/execute.py",
        "_removed(folder) or _linked(folder)",
        "_linked(folder)",
        "test_results_stay_where_they_belong[late]",
    ),
]

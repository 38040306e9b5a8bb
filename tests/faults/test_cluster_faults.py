"""A Dask cluster that dies in part or as a whole, is of another version, or brings back damage."""

from __future__ import annotations

import io
import shutil
import signal
import sys
import zipfile
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import psutil
import pytest
from distributed import Client

from analysis_lib import cluster, files
from analysis_lib.cluster import ClusterError, DifferenceError, LostError
from analysis_lib.files import PROJECT
from analysis_lib.models import blocks
from analysis_lib.models.lasso import BatchLassoCV
from analysis_lib.runs import parcel
from analysis_lib.runs.cluster import Cluster, _environment
from analysis_lib.runs.engine import Runs
from analysis_lib.runs.limits import size
from analysis_lib.runs.made import Made
from analysis_lib.runs.parcel import Errand
from analysis_lib.runs.values import RunSpec
from tests.dask_cluster import DaskCluster, dask_cluster, take_memory
from tests.faults.guards import Guard
from tests.faults.small_project import SmallProject, new_small_project, wait_for

GUARDS = [
    Guard(
        "analysis_lib/runs/parcel.py",
        "            if bad or len(set(names))",
        "            if len(set(names))",
        "test_results_that_would_lie_elsewhere_are_refused[../../evil.txt]",
    ),
    Guard(
        "analysis_lib/runs/parcel.py",
        "entry.compress_type != zipfile.ZIP_DEFLATED",
        "False",
        "tests/test_cluster.py::test_a_result_with_any_bit_changed_is_refused_or_the_same",
    ),
    Guard(
        "analysis_lib/runs/parcel.py",
        "if hashlib.sha256(contents[digest]).hexdigest() != digest:",
        "if False:",
        "tests/test_cluster.py::test_a_content_that_is_not_what_its_name_says_is_refused",
    ),
    Guard(
        "analysis_lib/runs/cluster.py",
        "(cluster.ADDRESS_VARIABLE, DATA_VARIABLE, TIME_VARIABLE, MEMORY_VARIABLE)",
        "(TIME_VARIABLE, MEMORY_VARIABLE)",
        "test_a_run_on_a_worker_asks_no_cluster_and_reads_no_files_of_the_worker",
    ),
    Guard(
        "analysis_lib/models/blocks.py",
        "    cluster.agree(here, cluster.facts(), get_worker().address)\n",
        "    get_worker()\n",
        "test_a_worker_that_comes_later_is_looked_at_too",
    ),
    Guard(
        "analysis_lib/cluster.py",
        "            check(client)\n",
        "            pass\n",
        "test_a_worker_with_other_code_is_refused",
    ),
]

WORKER = SimpleNamespace(
    memory_manager=SimpleNamespace(memory_limit=8 * 2**30), state=SimpleNamespace(nthreads=4)
)
"""What a run on a worker is told of it: how much memory it has, and for how many."""

SWEEP = [RunSpec("dge", f"point-{n}", {"p_threshold": n / 100}) for n in (1, 2)]


@pytest.fixture(scope="module")
def project(tmp_path_factory) -> Iterator[SmallProject]:
    made = new_small_project(tmp_path_factory.mktemp("far") / "a project", figure=False)
    yield made
    made.end_all()


@pytest.fixture
def runs(project, monkeypatch) -> Runs:
    monkeypatch.chdir(project.root)
    files.remove(project.root / "build")
    return Runs(project.root, say=str)


@pytest.fixture
def start(tmp_path) -> Iterator[Callable[..., DaskCluster]]:
    with ExitStack() as opened:
        opened.callback(blocks.leave)
        yield lambda *names, **given: opened.enter_context(
            dask_cluster(tmp_path / "cluster", *names, **given)
        )


@contextmanager
def under_way(runs: Runs, address: str) -> Iterator[Future[list[Made]]]:
    with ThreadPoolExecutor(1) as pool:
        yield pool.submit(lambda: list(Cluster(runs, address).make(SWEEP)))


@pytest.fixture(scope="module")
def other_code(tmp_path_factory) -> Path:
    """Return a folder with this library, and one line more in it."""
    folder = tmp_path_factory.mktemp("other")
    ignore = shutil.ignore_patterns("__pycache__")
    shutil.copytree(PROJECT / "analysis_lib", folder / "analysis_lib", ignore=ignore)
    with (folder / "analysis_lib" / "embedding" / "maps.py").open("a") as file:
        file.write("# another version\n")
    return folder


@pytest.mark.long
@pytest.mark.fault(
    "A worker of a cluster is killed in the middle of a run",
    by="SIGKILL to a worker with a run under way",
    survives="the run is made elsewhere, and nothing of the killed one runs on",
)
def test_a_run_outlives_its_worker(runs, start):
    """Before: there was no cluster; a kernel whose worker is killed knows nothing of it."""
    workers = start("one", "two")
    with under_way(runs, workers.address) as made:
        wait_for(lambda: len(workers.runs()) >= 2)
        killed = workers.worker("one")
        below = killed.children(recursive=True)
        killed.kill()
        assert [each.did for each in made.result()] == ["executed"] * 2
    wait_for(lambda: not any(each.is_running() for each in below))
    assert all(runs.fresh(runs.plan(spec)) for spec in SWEEP)
    assert not list(runs.root.rglob(f"{files.TEMPORARY}*"))


@pytest.mark.long
@pytest.mark.fault(
    "The scheduler of a cluster goes away",
    by="SIGKILL to the scheduler with runs under way",
    survives="an error that names it at once; the runs on the workers are ended",
)
def test_a_scheduler_that_is_gone_is_said(runs, start):
    """Before: Dask tries for half a minute, then a future says it was cancelled."""
    workers = start("one", "two")
    with under_way(runs, workers.address) as made:
        wait_for(lambda: len(workers.runs()) >= 2)
        address = workers.address
        workers.scheduler.kill()
        with pytest.raises(ClusterError, match="scheduler is gone") as caught:
            made.result()
    assert caught.value.where == address
    wait_for(lambda: not workers.runs())
    assert not list(runs.root.rglob(f"{files.TEMPORARY}*"))


@pytest.mark.long
@pytest.mark.fault(
    "Ctrl-C while a cluster makes runs",
    by="SIGINT to the client with a run under way on a worker",
    survives="the client leaves; the run and its kernel on the worker are ended",
)
def test_what_nobody_wants_any_longer_is_ended_on_the_workers(project, runs, start):
    """Before: Dask forgets a cancelled task, and its function runs on to the end."""
    workers = start("one")
    script = (
        "from analysis_lib.runs.cluster import Cluster\n"
        "from analysis_lib.runs.engine import Runs\n"
        "from analysis_lib.runs.values import RunSpec\n"
        f"runs = Runs(); assert str(runs.project) == {str(project.root)!r}\n"
        f"list(Cluster(runs, {workers.address!r}).make([RunSpec('dge', 'p', {{}})]))\n"
    )
    making = project.start_command(sys.executable, "-c", script)
    wait_for(lambda: workers.runs() or making.process.poll() is not None)
    making.signal_group(signal.SIGINT)
    assert making.wait() != 0
    assert "KeyboardInterrupt" in making.output
    wait_for(lambda: not workers.runs())
    assert psutil.pid_exists(workers.workers["one"].pid)


@pytest.mark.long
@pytest.mark.fault(
    "A worker of a cluster runs out of memory",
    by="blocks that take all a worker may have, on two workers one after the other",
    survives="given up after the tries that Dask allows, as an error that says memory",
)
def test_memory_is_named_when_workers_die_of_it(start, monkeypatch):
    """Before: Dask says that workers died, and to look into their logs."""
    workers = start("one", failures=1, memory="400MB")
    monkeypatch.setenv(cluster.ADDRESS_VARIABLE, workers.address)
    with pytest.raises(ClusterError) as caught:
        blocks.spread(take_memory, {}, np.ones((3, 1)), np.ones((3, 5)), chunk=8)
    assert "given to 2 workers, and each of them died" in caught.value.what
    assert "out of memory" in caught.value.got


@pytest.mark.long
@pytest.mark.fault(
    "A worker of a cluster has another version of the library",
    by="a worker from a copy with one line changed, there from the start",
    survives="refused before anything is sent: worker, and both versions",
)
def test_a_worker_with_other_code_is_refused(start, other_code):
    """Before: it would have computed, and its results would have looked like ours."""
    workers = start("odd", PYTHONPATH=str(other_code))
    with pytest.raises(DifferenceError) as caught:
        cluster.connect(workers.address).close()
    assert "the code of analysis_lib" in caught.value.what
    assert caught.value.where.startswith("tcp://127.0.0.1:")
    assert cluster.facts()["the code of analysis_lib"] in caught.value.expected
    assert len(caught.value.got) == 12


@pytest.mark.long
@pytest.mark.fault(
    "A worker with another version of the library joins a cluster later",
    by="a second worker, from a copy with one line changed, after the first fit",
    survives="refused by its first block",
)
def test_a_worker_that_comes_later_is_looked_at_too(start, other_code, monkeypatch):
    """Before: only who was there at the beginning was asked."""
    workers = start("one")
    monkeypatch.setenv(cluster.ADDRESS_VARIABLE, workers.address)
    draws = np.random.default_rng(0)
    X, Y = draws.normal(size=(20, 3)), draws.normal(size=(20, 3000))
    BatchLassoCV(n_alphas=5).fit(X, Y)
    workers.add("odd", PYTHONPATH=str(other_code))
    blocks._client(workers.address).wait_for_workers(2)
    with pytest.raises(DifferenceError, match="the code of analysis_lib"):
        BatchLassoCV(n_alphas=5).fit(X, Y)


@pytest.mark.long
@pytest.mark.fault(
    "A worker with another version joins while runs are made; results are damaged on their way",
    by="a worker from a changed copy that the first look misses, then a good one; a zip cut short",
    survives="that worker is given nothing more; the damaged run is made again",
)
def test_runs_are_made_by_others_and_made_again(runs, start, other_code, monkeypatch):
    """Before: half a run, or one of another version, would have been kept."""
    workers = start("odd", PYTHONPATH=str(other_code))
    said: list[str] = []

    def say(line: str) -> None:
        said.append(line)
        if "It is given nothing" in line:
            workers.add("one")
            with Client(workers.address, set_as_default=False) as client:
                client.wait_for_workers(2)

    runs.say = say
    monkeypatch.setattr(cluster, "check", lambda _client: None)
    whole, seen = parcel.unpack_results, []

    def damaged_first(packed: bytes, folder: Path) -> None:
        seen.append(len(packed))
        whole(packed[: len(packed) // 2] if len(seen) == 1 else packed, folder)

    monkeypatch.setattr(parcel, "unpack_results", damaged_first)
    made = list(Cluster(runs, workers.address).make(SWEEP[:1]))
    assert [each.did for each in made] == ["executed"], (made, said)
    assert len(seen) == 2
    assert sum("It is given nothing" in line for line in said) == 1
    assert runs.fresh(runs.plan(SWEEP[0]))


@pytest.mark.fault(
    "Results from a worker with a name that leads out of the run's folder",
    by="zips with names upwards, from the root, of a drive, and twice the same",
    survives="refused; nothing is written outside",
)
@pytest.mark.parametrize(
    "name", ["../../evil.txt", "/evil.txt", "a/../b.txt", "C:evil.txt", "a//b"]
)
def test_results_that_would_lie_elsewhere_are_refused(tmp_path, name):
    """Before: `zipfile` mends some of these names by itself, when it writes the files."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, "evil")
    folder = tmp_path / "a" / "b"
    folder.mkdir(parents=True)
    with pytest.raises(LostError, match="damaged"):
        parcel.unpack_results(stream.getvalue(), folder)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


@pytest.mark.fault(
    "A worker that has real data, and the address of its scheduler, in its own environment",
    by="a run's environment made from that of such a worker",
    survives="neither reaches the run; it has its share of the memory, and one thread",
)
def test_a_run_on_a_worker_asks_no_cluster_and_reads_no_files_of_the_worker(tmp_path, monkeypatch):
    """Before: all threads would wait for blocks that no thread is left to fit."""
    monkeypatch.setenv("DASK_SCHEDULER_ADDRESS", "tcp://127.0.0.1:1")
    monkeypatch.setenv("ANALYSIS_DATA_DIR", "/of/the/worker")
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    errand = Errand("dge", "p", {}, {}, "projects/0", "", {}, {})
    found = _environment(errand, tmp_path, WORKER, {"ANALYSIS_TIME_LIMIT": "60"})
    assert not {"DASK_SCHEDULER_ADDRESS", "ANALYSIS_DATA_DIR", "OMP_NUM_THREADS"} & set(found)
    assert found["NUMBA_NUM_THREADS"] == "1"
    assert found["ANALYSIS_TIME_LIMIT"] == "60"
    assert size(found["ANALYSIS_MEMORY_LIMIT"]) <= 0.8 * 2 * 2**30
    assert found["PYTHONPATH"] == str(tmp_path / "projects" / "0")

"""Work spread over a Dask cluster of this machine: one worker, two, and none.

`measure` takes blocks of genes, `measure_runs` whole runs. A worker has one thread, so that two of
them can be at most twice as fast as one; the share of that which is reached is their efficiency.
"""

from __future__ import annotations

import logging
import os
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from distributed import LocalCluster

from analysis_lib import cluster
from analysis_lib.models import blocks
from analysis_lib.models.lasso import BatchLassoCV
from analysis_lib.runs.cluster import Cluster
from analysis_lib.runs.engine import Runs
from analysis_lib.runs.values import RunSpec

SAMPLES, FEATURES, GENES, QUICK_GENES = 60, 12, 50_000, 2_000
TASKS, QUICK_TASKS = 500, 20
RUNS = 4

Seconds = dict[str, list[float]]


def measure(rounds: int, quick: bool = False) -> dict[str, Any]:
    """Measure the batch Lasso in blocks: two workers, one worker, and one thread of this process.

    The results must be the same to the bit before anything is measured.
    """
    genes = QUICK_GENES if quick else GENES
    draws = np.random.default_rng(0)
    X = draws.normal(size=(SAMPLES, FEATURES))
    Y = X @ draws.normal(size=(FEATURES, genes)) + draws.normal(size=(SAMPLES, genes))
    model = BatchLassoCV(keep_path=False)
    seconds: Seconds = {"ours": [], "one worker": [], "this process, one thread": []}
    expected = model._solve(X, Y, threads=1).coef
    each: list[float] = []
    here: list[float] = []  # seconds of this process, where client and scheduler are

    def fit() -> None:
        np.testing.assert_array_equal(BatchLassoCV(keep_path=False).fit(X, Y).coef_, expected)

    for _ in range(rounds):
        begin = time.perf_counter()
        model._solve(X, Y, threads=1)
        seconds["this process, one thread"].append(time.perf_counter() - begin)
        for name, workers in (("one worker", 1), ("ours", 2)):
            with local_cluster(workers) as address:
                fit()  # a worker compiles at its first fit
                begin = time.process_time()
                seconds[name].append(_timed(fit))
                here.append(time.process_time() - begin)
                each.append(_overhead(address, QUICK_TASKS if quick else TASKS))
    return {
        "what": f"the batch Lasso of {genes:,} genes on two workers",
        "peer": "one worker",
        "seconds": seconds,
        "notes": [
            _efficiency(seconds),
            f"overhead of a task that does nothing: {1000 * statistics.median(each):.1f} ms",
            f"client and scheduler work {statistics.median(here):.2f} s for all genes",
        ],
    }


def measure_runs(rounds: int, quick: bool = False) -> dict[str, Any]:
    """Measure a sweep of a study: two workers, one worker, and the engine of this process."""
    count = 1 if quick else RUNS
    seconds: Seconds = {"ours": [], "one worker": [], "this process": []}
    work: list[float] = []  # seconds of this process, where client and scheduler are
    specs = [RunSpec("dge", f"point-{n}", {"p_threshold": (n + 1) / 100}) for n in range(count)]

    def here(runs: Runs) -> None:
        for spec in specs:
            runs.ensure(spec)

    for _ in range(rounds):
        seconds["this process"].append(_of_runs(here))
        for name, workers in (("one worker", 1), ("ours", 2)):
            with local_cluster(workers) as address:

                def there(runs: Runs, at: str = address) -> None:
                    bad = [m for m in Cluster(runs, at).make(specs) if m.did != "executed"]
                    if bad:
                        raise RuntimeError(f"runs were not made: {bad}")

                begin = time.process_time()
                seconds[name].append(_of_runs(there))
                work.append((time.process_time() - begin) / count)
    median = {name: statistics.median(values) for name, values in seconds.items()}
    more = (median["one worker"] - median["this process"]) / count
    return {
        "what": f"{count} runs of the study dge on two workers",
        "peer": "one worker",
        "seconds": seconds,
        "notes": [
            _efficiency(seconds),
            f"a run on a worker takes {more:+.1f} s more than here: a process, and the way",
            f"client and scheduler work {statistics.median(work):.2f} s for a run",
        ],
    }


@contextmanager
def local_cluster(workers: int) -> Iterator[str]:
    """Give the address of a cluster of processes with one thread each, as the one to use."""
    before = os.environ.get(cluster.ADDRESS_VARIABLE)
    with (
        TemporaryDirectory() as folder,
        LocalCluster(
            n_workers=workers,
            threads_per_worker=1,
            processes=True,
            host="127.0.0.1",
            dashboard_address=None,
            silence_logs=logging.CRITICAL,  # workers complain when they are ended
            local_directory=folder,
        ) as started,
    ):
        os.environ[cluster.ADDRESS_VARIABLE] = started.scheduler_address
        try:
            yield started.scheduler_address
        finally:
            blocks.leave()
            del os.environ[cluster.ADDRESS_VARIABLE]
            if before is not None:
                os.environ[cluster.ADDRESS_VARIABLE] = before


def _of_runs(make: Callable[[Runs], None]) -> float:
    """Return how long it takes to make runs that are nowhere yet."""
    with TemporaryDirectory() as folder:
        runs = Runs(say=str)
        runs.root = Path(folder) / "runs"
        address = os.environ.pop(cluster.ADDRESS_VARIABLE, "")
        try:
            return _timed(lambda: make(runs))
        finally:
            if address:
                os.environ[cluster.ADDRESS_VARIABLE] = address


def _overhead(address: str, tasks: int) -> float:
    with cluster.connect(address) as client:
        return _timed(lambda: client.gather(client.map(abs, range(tasks), pure=False))) / tasks


def _timed(work: Callable[[], object]) -> float:
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def _efficiency(seconds: Seconds) -> str:
    pairs = zip(seconds["one worker"], seconds["ours"], strict=True)
    share = statistics.median(one / (2 * two) for one, two in pairs)
    return f"efficiency of two workers: {share:.0%} of twice as fast as one"

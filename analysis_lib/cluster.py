"""An existing Dask cluster: connecting to it, and refusing workers that would compute otherwise."""

from __future__ import annotations

import asyncio
import logging
import os
import platform
import re
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from functools import cache
from importlib import metadata
from typing import TYPE_CHECKING, Any, TypeVar

from analysis_lib import files
from analysis_lib.errors import AnalysisError, quoted

if TYPE_CHECKING:
    from distributed import Client, Future

ADDRESS_VARIABLE = "DASK_SCHEDULER_ADDRESS"
"""Where Dask, too, looks for the scheduler when nobody names one."""

WAIT = 10.0
"""Seconds in which a scheduler must answer, and a worker must be there."""

PACKAGES = (
    *("numpy", "pandas", "pyarrow", "scipy", "scikit-learn", "numba", "umap-learn", "plotly"),
    *("xgboost", "xgboost-cpu", "tensorflow", "tensorflow-cpu", "keras", "h5py", "statsmodels"),
    *("papermill", "nbclient", "nbformat", "ipykernel", "pydantic", "dask", "distributed"),
)
"""The packages of which a worker must have the very version that is here."""

_ADDRESS = re.compile(r"((tcp|tls|ws|wss|ucx)://)?(\[[0-9a-fA-F:.]+\]|[\w.-]+):\d{1,5}")
_LOCK = "requirements.lock"
_OUT_OF_MEMORY = "memory budget"  # in what a nanny writes when it ends its worker for that
_LOUD = ("distributed.client", "distributed.batched", "distributed.comm", "distributed.core")

T = TypeVar("T")


class ClusterError(AnalysisError):
    """A cluster that cannot be used, or is gone."""

    exit_status = 1


class LostError(ClusterError):
    """Work that came to nothing through no fault of its own, and may be tried again."""


class DifferenceError(ClusterError):
    """A worker that is not like this process."""


def asked() -> str:
    """Return the address of the scheduler that the environment names, or an empty text."""
    return os.environ.get(ADDRESS_VARIABLE, "").strip()


def connect(address: str, *, wait: float = WAIT) -> Client:
    """Connect to a scheduler whose workers are all like this process.

    Parameters
    ----------
    address : str
        As Dask writes it: `tcp://host:8786`, `tls://host:8786`, or `host:8786`.
    wait : float
        Seconds for the scheduler to answer, and as many for a first worker.

    Returns
    -------
    distributed.Client
        To be closed, or used in a `with`.
    """
    if not _ADDRESS.fullmatch(address):
        raise ClusterError(
            "This is no address of a Dask scheduler.",
            expected="tcp://host:8786",
            got=quoted(address),
        )
    from distributed import Client

    for name in _LOUD:  # what they write when a cluster goes, we say as an error
        logging.getLogger(name).setLevel(logging.CRITICAL)
    try:
        with ThreadPoolExecutor(1) as apart:  # a notebook has a loop of its own in this thread
            apart.submit(lambda: asyncio.run(_greet(address, wait))).result()
        client = Client(address, timeout=wait, set_as_default=False)
    except (OSError, TimeoutError, ValueError, ImportError) as error:
        raise ClusterError(
            "No Dask scheduler answers.",
            where=address,
            got=f"{type(error).__name__}: {str(error) or 'nothing'}"[:300],
            remedy="Start one with `dask scheduler`, or correct the address.",
        ) from None
    try:
        with telling(address):
            _wait_for_a_worker(client, address, wait)
            check(client)
    except BaseException:
        client.close()
        raise
    return client


async def _greet(address: str, wait: float) -> None:
    """See that something at the address speaks as Dask does: a client waits for that for ever."""
    from distributed import Security
    from distributed.comm.core import connect as to

    given = Security().get_connection_args("client")
    comm = await asyncio.wait_for(to(address, timeout=wait, **given), wait)
    await comm.close()


@contextmanager
def telling(address: str) -> Iterator[None]:
    """Tell of a scheduler that is gone in the block as a `ClusterError`."""
    try:
        yield
    except (OSError, TimeoutError) as error:
        raise gone(address) from error


def gone(address: str) -> ClusterError:
    """Return the error of a scheduler that does not answer any more."""
    return ClusterError(
        "The Dask scheduler is gone.",
        where=address,
        remedy="Start it again, and do the same again: what was finished is not done twice.",
    )


def _wait_for_a_worker(client: Client, address: str, wait: float) -> None:
    try:
        client.wait_for_workers(1, timeout=wait)
    except TimeoutError:
        raise ClusterError(
            "The Dask cluster has no workers.",
            where=address,
            remedy=f"Start some: dask worker {address}",
        ) from None


@cache
def facts() -> dict[str, str]:
    """Return what a worker must have in common with this process, in words and versions."""
    found = {
        "Python": platform.python_version(),
        "analysis_lib": _version("analysis-lib"),
        "the code of analysis_lib": files.code_digest(files.PROJECT / "analysis_lib")[:12],
    }
    lock = files.PROJECT / _LOCK
    if lock.is_file():
        found[_LOCK] = files.sha256(lock)[:12]
    return found | {name: _version(name) for name in PACKAGES}


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "none"


def check(client: Client) -> None:
    """Refuse a cluster with a worker that is not like this process."""
    for address, theirs in sorted(client.run(facts, on_error="return").items()):
        if isinstance(theirs, OSError):
            continue  # it has gone meanwhile
        if not isinstance(theirs, dict):
            raise DifferenceError(
                "A worker of the Dask cluster does not have this analysis_lib.",
                where=address,
                got=f"{type(theirs).__name__}: {theirs}"[:300],
                remedy="Give it the environment of this project: the page `clusters` says how.",
            )
        agree(facts(), theirs, address)


def agree(here: Mapping[str, str], there: Mapping[str, str], address: str) -> None:
    """Raise a `DifferenceError` that names worker and both versions, unless all are the same.

    A lock file counts when both have one: what is installed may lack it.

    Examples
    --------
    >>> agree({"numpy": "2.1"}, {"numpy": "2.1"}, "tcp://10.0.0.2:4000")
    """
    for name, ours in here.items():
        theirs = there.get(name, "none")
        if theirs != ours and not (name == _LOCK and name not in there):
            raise DifferenceError(
                f"A worker of the Dask cluster has another version: {name}.",
                where=address,
                expected=f"{ours}, as here",
                got=theirs,
                remedy="Give it the environment of this project: the page `clusters` says how.",
            )


def side_by_side(
    client: Client,
    address: str,
    waiting: deque[T],
    submit: Callable[[T], Future[Any]],
    ahead: int = 1,
) -> Iterator[tuple[T, Future[Any]]]:
    """Give the workers what waits, so much at once as they have threads; yield what is done.

    Whoever iterates may put something back into `waiting`. What is under way is cancelled when
    the iterator is closed, or left by a signal.

    Parameters
    ----------
    ahead : int
        Tasks for each thread at once; more than one, so that a short one does not wait for news.
    """
    from distributed import as_completed

    done = as_completed(loop=client.loop)
    flying: dict[Future[Any], T] = {}
    try:
        while waiting or flying:
            with telling(address):
                threads = sum(client.nthreads().values())
                while waiting and len(flying) < max(ahead * threads, 1):
                    each = waiting.popleft()
                    future = submit(each)
                    flying[future] = each
                    done.add(future)
            future = next(done)
            if future.status == "cancelled" and client.status != "running":
                raise gone(address)
            yield flying.pop(future), future
    finally:
        if flying and client.status == "running":
            client.cancel(list(flying))


def outcome(client: Client, address: str, what: str, future: Future[Any]) -> Any:
    """Return what came of a task; what Dask says of a lost one is told as ours.

    Parameters
    ----------
    what : str
        What the task was, as the subject of a sentence.
    """
    from distributed import CancelledError, KilledWorker

    try:
        return future.result()
    except KilledWorker as error:
        times = error.allowed_failures + 1
        raise ClusterError(
            f"{what} was given to {times} workers, and each of them died.",
            where=f"the last one: {error.last_worker.address}",
            got=_why_they_died(client, address),
            remedy="See the logs of the workers; give them more memory, or fewer threads.",
        ) from None
    except CancelledError:
        if client.status != "running":
            raise gone(address) from None
        raise LostError(f"{what} was lost with a worker of the cluster.", where=address) from None


def _why_they_died(client: Client, address: str) -> str | None:
    """Return what the nannies say, who restart workers that take too much memory."""
    with telling(address):
        with suppress(TimeoutError):  # the last one is being started again
            client.wait_for_workers(1, timeout=WAIT)
        logs = client.get_worker_logs(nanny=True)
    told = [text for lines in logs.values() for _, text in lines if _OUT_OF_MEMORY in text]
    return "out of memory: a worker took 95 % of what it may take" if told else None

"""Blocks of targets that the workers of a Dask cluster fit side by side.

A block is of whole chunks, and a chunk is fitted as it is here: the results are the same.
"""

from __future__ import annotations

import atexit
import math
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Lock
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from analysis_lib import cluster
from analysis_lib.models.batch import Floats, Progress

if TYPE_CHECKING:
    from distributed import Client, Future

Solved = tuple[NDArray[Any], ...]
"""Arrays with a row for each target."""

Solve = Callable[[dict[str, Any], Floats, Floats], Solved]
"""Takes settings, features and some targets; a function of a module, which workers have too."""

_PER_THREAD = 4
"""Blocks for each thread of the cluster: a slow worker then holds up a quarter of its share."""

_LARGEST = 2**24
"""Bytes of targets in a block, unless one chunk has more."""

_RETRIES = 3
_FITS_AT_ONCE = 16

T = TypeVar("T")
R = TypeVar("R")
_clients: dict[str, Client] = {}
_connecting = Lock()


def spread(
    solve: Solve,
    settings: dict[str, Any],
    X: Floats,
    Y: Floats,
    *,
    chunk: int,
    progress: Progress | None = None,
) -> Solved:
    """Solve all targets in blocks on the cluster that the environment names.

    The features travel with every block, of which they are the small part: nothing that a worker
    holds is missed when it dies.

    Parameters
    ----------
    solve : callable
        What is done with a block, on one thread.
    X, Y : arrays of shape (samples, features) and (samples, targets)
    chunk : int
        Targets that are solved together; a block has some chunks.
    progress : callable, optional
        Told how many targets are done, and of how many.
    """
    address = cluster.asked()
    client = _client(address)
    with cluster.telling(address):
        threads = sum(client.nthreads().values())
    here = cluster.facts()
    parts = blocks(Y.shape[1], len(Y), chunk, threads)
    solved: dict[int, Solved] = {}
    tried = dict.fromkeys(range(len(parts)), 0)
    done = 0

    def submit(number: int) -> Future[Any]:
        own = np.ascontiguousarray(Y[:, parts[number]])
        return client.submit(solve_block, solve, settings, X, own, here, pure=False)

    waiting = deque(range(len(parts)))
    flights = cluster.side_by_side(client, address, waiting, submit, ahead=2)
    for number, future in flights:
        part = parts[number]
        what = f"A block of {part.stop - part.start:,} targets"
        try:
            solved[number] = cluster.outcome(client, address, what, future)
        except cluster.LostError:
            tried[number] += 1
            if tried[number] > _RETRIES:
                raise
            waiting.append(number)
            continue
        done += part.stop - part.start
        if progress:
            progress(done, Y.shape[1])
    rows = zip(*(solved[number] for number in range(len(parts))), strict=True)
    return tuple(np.concatenate(each) for each in rows)


def solve_block(
    solve: Solve, settings: dict[str, Any], X: Floats, Y: Floats, here: dict[str, str]
) -> Solved:
    """Solve a block on a worker, if that is like who asks; one thread does it."""
    from distributed import get_worker
    from threadpoolctl import threadpool_limits

    cluster.agree(here, cluster.facts(), get_worker().address)
    with threadpool_limits(1):
        return solve(settings, X, Y)


def blocks(targets: int, samples: int, chunk: int, threads: int) -> list[slice]:
    """Divide targets into blocks of whole chunks.

    Examples
    --------
    >>> [part.stop for part in blocks(1000, 50, 100, 1)]
    [300, 600, 900, 1000]
    """
    chunks = math.ceil(targets / chunk)
    most = max(_LARGEST // (8 * samples * chunk), 1)
    size = chunk * min(math.ceil(chunks / (_PER_THREAD * max(threads, 1))), most)
    return [slice(at, min(at + size, targets)) for at in range(0, targets, size or 1)]


def mapping() -> Callable[[Callable[[T], R], Iterable[T]], Iterator[R]]:
    """Return a `map`: with a cluster, one that has several fits under way, to keep it busy."""
    return _several if cluster.asked() else map


def _several(do: Callable[[T], R], items: Iterable[T]) -> Iterator[R]:
    pool = ThreadPoolExecutor(_FITS_AT_ONCE)
    try:
        yield from pool.map(do, items)
    finally:
        pool.shutdown(cancel_futures=True)


def _client(address: str) -> Client:
    """Return the connection of this process to a cluster; it is made once."""
    with _connecting:
        client = _clients.get(address)
        if client is None or client.status != "running":
            client = _clients[address] = cluster.connect(address)
        return client


@atexit.register
def leave() -> None:
    """Close the connections of this process."""
    for client in list(_clients.values()):
        client.close()
    _clients.clear()

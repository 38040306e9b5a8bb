"""Which changes on disk call for a new site, and noticing them."""

from __future__ import annotations

import contextlib
import re
import stat
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

_QUIET = 100
"""Milliseconds without a change after which a burst of them is told."""

_LOOK = 1000  # milliseconds between two looks at whether the places themselves are still there
_PASSING = re.compile(
    r"\..*|.*~|#.*#|4913|.*\.(?:py[cod]|sw.|tmp|lock|holder)|__pycache__|_build", re.DOTALL
)


def matters(path: Path, watched: Sequence[Path]) -> bool:
    """Return whether a changed file calls for a rebuild.

    Editors' and our own temporary files do not, nor does what a rebuild writes.

    Examples
    --------
    >>> book = Path("/srv/report/book")
    >>> matters(book / "index.md", [book]), matters(book / ".index.md.swp", [book])
    (True, False)
    """
    return any(
        not any(map(_PASSING.fullmatch, path.relative_to(place).parts))
        for place in watched
        if path.is_relative_to(place)
    )


@contextlib.contextmanager
def watching(
    watched: Sequence[Path], changed: threading.Event, say: Callable[[str], None]
) -> Iterator[None]:
    """Set `changed` whenever something that matters changed, while the block runs.

    Parameters
    ----------
    watched : sequence of Path
        Files and folders; they need not exist yet, and may be replaced.
    changed : threading.Event
        Set once for a burst of changes, and cleared by whoever acts on it.
    say : callable
        Called when this machine cannot tell of changes.
    """
    places, stop = [path.resolve() for path in watched], threading.Event()
    threads = [
        threading.Thread(target=_watch, args=(places, folders, changed, stop, say))
        for folders in (True, False)
    ]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def _watch(
    watched: Sequence[Path],
    folders: bool,
    changed: threading.Event,
    stop: threading.Event,
    say: Callable[[str], None],
) -> None:
    from watchfiles import watch

    while not stop.is_set():
        try:
            places = _places(watched, folders)
            for found in watch(
                *places,
                watch_filter=lambda _change, path: matters(Path(path), watched),
                debounce=_LOOK,
                step=_QUIET,
                stop_event=stop,
                rust_timeout=_LOOK,
                yield_on_timeout=True,
                raise_interrupt=False,
                recursive=folders,
                ignore_permission_denied=True,
            ):
                moved = _places(watched, folders) != places
                if found or moved:
                    changed.set()
                if moved:
                    break
        except FileNotFoundError:
            stop.wait(_LOOK / 1000)  # it went away between two looks
        except (OSError, RuntimeError) as error:
            say(f"Changes are not noticed here: {error}. After one, type: make book")
            return


def _places(watched: Sequence[Path], folders: bool) -> dict[Path, int]:
    """Return the folders, or the files, that are there; each with what tells it from a later one.

    Editors replace a file, and the watch on it ends with the old one; then it is watched anew.
    """
    found = {}
    for path in watched:
        with contextlib.suppress(FileNotFoundError):
            facts = path.stat()
            if stat.S_ISDIR(facts.st_mode) == folders:
                found[path] = facts.st_ino if folders else facts.st_ctime_ns
    return found

"""Fetch data sets: resumed where broken off, verified before they get their name.

Deciding (`plan`) is apart from doing (`fetch`). A file that stands under its own name is
whole and checked; what is still growing is called `<name>.part`.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal

from analysis_lib import files
from analysis_lib.datasets import checking
from analysis_lib.datasets.catalogue import CATALOGUE, DataSet, RemoteFile, find
from analysis_lib.datasets.checking import Pins
from analysis_lib.datasets.progress import Progress, default
from analysis_lib.datasets.transfer import Patience, forget, transfer
from analysis_lib.errors import DataError

Action = Literal["have", "download", "resume", "redownload"]

_ACTIONS: Mapping[checking.State, Action] = {
    "verified": "have",
    "unpinned": "have",
    "damaged": "redownload",
    "partial": "resume",
    "missing": "download",
}


@dataclass(frozen=True)
class FileStatus:
    """One row of the table of what is there.

    Parameters
    ----------
    state : str
        A state of `checking.State`, or "simulated" for a data set without files.
    size : int, optional
        Bytes on disk, or else as published.
    """

    dataset: str
    file: str
    state: Literal["verified", "unpinned", "damaged", "partial", "missing", "simulated"]
    size: int | None
    path: Path | None


def plan(file: RemoteFile, folder: Path, pins: Pins) -> Action:
    """Decide what to do about a file; nothing is changed.

    Parameters
    ----------
    folder : Path
        Where the file itself lies.
    pins : mapping
        Checksum by address, for files without a published one.

    Examples
    --------
    >>> plan(RemoteFile("a.csv", "https://example.org/a.csv"), Path("nowhere"), {})
    'download'
    """
    return _ACTIONS[checking.judge(file, folder, pins).state]


def locate(dataset: DataSet, folder: Path) -> Path:
    """Return where below a data folder the files of a data set lie, or are to be put.

    They may lie in the data set's own folder, in one named like it, or in the data folder itself.
    """
    places = [folder / dataset.folder, folder / dataset.name, folder]
    found = [sum((place / file.name).is_file() for file in dataset.files) for place in places]
    return places[found.index(max(found))]


def status(folder: Path, catalogue: Mapping[str, DataSet] = CATALOGUE) -> list[FileStatus]:
    """Say for every file of every data set whether it is here and right."""
    pins = checking.read_pins(folder)
    rows: list[FileStatus] = []
    for dataset in catalogue.values():
        if not dataset.downloadable:
            rows.append(FileStatus(dataset.name, "", "simulated", None, None))
        place = locate(dataset, folder)
        for file in dataset.files:
            verdict = checking.judge(file, place, pins)
            size = verdict.size or file.size
            rows.append(FileStatus(dataset.name, file.name, verdict.state, size, verdict.path))
    return rows


def fetch(
    dataset_names: Sequence[str],
    folder: Path,
    progress: Progress | None = None,
    *,
    patience: Patience | None = None,
    catalogue: Mapping[str, DataSet] = CATALOGUE,
) -> list[Path]:
    """Bring the files of data sets into a folder and return their paths.

    A file that fails does not stop the others; the failure is raised at the end.
    """
    datasets = [find(name, catalogue) for name in dataset_names]
    progress = progress or default()
    patience = patience or Patience()
    paths: list[Path] = []
    failures: list[DataError] = []
    with _alone(folder):
        for dataset in datasets:
            if not dataset.downloadable:
                progress.say(f"{dataset.name}: simulated, nothing to download")
            place = locate(dataset, folder)
            for file in dataset.files:
                try:
                    paths.append(_fetch_file(file, place, folder, progress, patience))
                except DataError as error:
                    failures.append(error)
    if len(failures) == 1:
        raise failures[0]
    if failures:
        for failure in failures:
            progress.say(str(failure))
        raise DataError(
            f"{len(failures)} files could not be fetched; each is named above.",
            remedy="Mend what is said there and run the same command again.",
        )
    return paths


def _fetch_file(
    file: RemoteFile, place: Path, folder: Path, progress: Progress, patience: Patience
) -> Path:
    pins = checking.read_pins(folder)
    action = plan(file, place, pins)
    path = place / file.name
    if action == "have":
        known = checking.expected_checksum(file, pins)
        _pin(file, path, folder, pins)
        progress.say(f"{file.name}: here, " + ("verified" if known else "pinned as it is"))
        return path
    place.mkdir(parents=True, exist_ok=True)
    if action != "redownload":
        _download(file, path, folder, progress, patience)
        return path
    verdict = checking.judge(file, place, pins)
    wrong = f"expected {verdict.expected}, got {verdict.got}" if verdict.expected else verdict.got
    progress.say(f"{file.name}: the file here is damaged ({wrong}); downloading it again")
    try:
        _download(file, path, folder, progress, patience)
    except DataError as error:
        reason = f"It could not be downloaded again: {error.got or error.what}"
        raise damaged(verdict, reason) from error
    return path


def damaged(verdict: checking.Verdict, remedy: str) -> DataError:
    """Return the error for a file that is here and wrong."""
    return DataError(
        "A data file is damaged or was changed.",
        where=str(verdict.path),
        expected=verdict.expected,
        got=verdict.got,
        remedy=remedy,
    )


def _download(
    file: RemoteFile, path: Path, folder: Path, progress: Progress, patience: Patience
) -> None:
    part = checking.part_of(path)
    pins = checking.read_pins(folder)
    expected = checking.expected_checksum(file, pins)
    resumed = part.is_file()
    bring = partial(
        transfer, file.address, part, progress, patience, checked=bool(expected), size=file.size
    )
    if not (resumed and expected and _matches(part, expected)):  # whole but not yet renamed
        bring()
    wrong = _wrong(file, part, expected)
    if wrong and resumed:
        # Beginning and rest may be of two versions: once more in one piece.
        progress.say(f"{file.name}: the pieces do not fit together; starting from the beginning")
        forget(part)
        bring()
        wrong = _wrong(file, part, expected)
    if wrong:
        forget(part)
        raise wrong
    _pin(file, part, folder, pins)
    files.sync(part)
    part.replace(path)
    files.sync(path.parent)
    forget(part)
    progress.say(f"{file.name}: verified")


def _matches(path: Path, expected: str) -> bool:
    return checking.checksum(path, expected.partition(":")[0]) == expected


def _wrong(file: RemoteFile, part: Path, expected: str) -> DataError | None:
    """Return what is wrong with a file that has come in, or None."""
    if expected and _matches(part, expected):
        return None  # a right file is not unpacked to see whether it is one
    if nonsense := checking.trouble(part):
        return DataError(
            "The server sent something else than the file.",
            where=file.address,
            got=nonsense,
            remedy="Open the address in a browser; a network that wants a login does this.",
        )
    if not expected:
        return None
    if file.checksum:
        what = "The downloaded file is not the published one."
        remedy = "Try again later or from another network; nothing was kept."
    else:
        what = "The file has changed at its source since it was first downloaded."
        remedy = "To accept the new one, delete this address from pins.json and try again."
    got = checking.checksum(part, expected.partition(":")[0])
    return DataError(what, where=file.address, expected=expected, got=got, remedy=remedy)


def _pin(file: RemoteFile, path: Path, folder: Path, pins: Pins) -> None:
    """Remember what this address gave, before the file gets its name."""
    if not checking.expected_checksum(file, pins):
        checking.write_pins(folder, {**pins, file.address: checking.checksum(path, "sha256")})


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Let one download at a time write to a data folder."""
    from filelock import FileLock, Timeout

    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder / ".download.lock", blocking=False)
        lock.acquire()
    except Timeout as error:
        raise DataError(
            "Another download is writing to this folder.",
            where=str(folder),
            remedy="Wait until it is done, then try again.",
        ) from error
    except OSError as error:
        raise _not_writable(folder, error) from error
    try:
        yield
    except OSError as error:
        raise _not_writable(folder, error) from error
    finally:
        lock.release()


def _not_writable(folder: Path, error: OSError) -> DataError:
    return DataError(
        "The data folder cannot be written.",
        where=str(error.filename or folder),
        got=error.strerror or str(error),
        remedy="Choose a folder that is yours and has room.",
    )

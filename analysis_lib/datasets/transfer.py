"""Bring one address into a partial file, and judge every answer before its body is taken in.

What has come in stays when a transfer breaks off, and the next one asks for the rest only.
"""

from __future__ import annotations

import json
import re
import shutil
import ssl
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import TYPE_CHECKING

from analysis_lib import files
from analysis_lib.datasets.progress import Progress, megabytes
from analysis_lib.errors import DataError, visible

if TYPE_CHECKING:
    from requests import Response

    from analysis_lib.datasets.connection import Watch

_CHUNK = 1 << 16
_SENDABLE = re.compile(r"[ -~\xa0-\xff]*")
_PASSING = frozenset({408, 425, 429, 500, 502, 503, 504})

LARGEST = 8 * 1024**3
"""A file whose size nobody published may have this many bytes and no more."""


@dataclass(frozen=True)
class Patience:
    """How often a transfer is tried, how it waits in between, and what is too slow.

    Parameters
    ----------
    attempts : int
        Between them lie 1, 2, 4 … seconds, or what the server asks for.
    longest : float
        Seconds that a server may ask to be left alone; for more, the transfer is given up.
    window : float
        A connection through which less than `slowest` bytes a second come for so many seconds
        is broken off.
    """

    attempts: int = 4
    sleep: Callable[[float], None] = time.sleep
    longest: float = 120
    window: float = 60
    slowest: float = 1_000


def transfer(
    address: str,
    part: Path,
    progress: Progress,
    patience: Patience,
    *,
    checked: bool,
    size: int | None = None,
) -> None:
    """Bring `address` into `part`, going on from what `part` holds.

    Parameters
    ----------
    checked : bool
        Whether the whole file will be held against a known checksum. Without one, a rest is
        only joined to a beginning of which the server confirms that it is the same file's.
    size : int, optional
        Bytes of the whole file, where they are published. Another size is refused at once.
    """
    for attempt in range(1, patience.attempts + 1):
        try:
            _request(_Answer(address, part, progress, size), patience, checked)
        except _Passing as trouble:
            wait = max(2.0 ** (attempt - 1), trouble.wait)
            if attempt == patience.attempts or wait > patience.longest:
                raise _gave_up(address, part, trouble, attempt) from trouble
            progress.say(f"{part.stem}: {visible(trouble)}; trying again in {wait:.0f} s")
            patience.sleep(wait)
        else:
            return


def forget(part: Path) -> None:
    """Remove a partial file and the note on where it came from."""
    part.unlink(missing_ok=True)
    _note_of(part).unlink(missing_ok=True)


class _Passing(Exception):  # noqa: N818 - not an error yet: the next attempt may do better
    """Something that may be over at the next attempt, which should wait so many seconds."""

    def __init__(self, what: str, wait: float = 0) -> None:
        super().__init__(what)
        self.wait = wait


def _request(answer: _Answer, patience: Patience, checked: bool) -> None:
    from requests import exceptions
    from urllib3.exceptions import HTTPError

    from analysis_lib.datasets.connection import Connection, Watch

    question = _question(answer.address, answer.part, checked)
    with Watch(patience.window, patience.slowest * patience.window) as watch:
        try:
            with answer, Connection(watch) as connection:
                answer.look(connection.ask(answer.address, question))
                answer.take(watch)
        except (HTTPError, exceptions.RequestException, OSError) as error:
            if watch.broke_off:
                raise _too_slow(patience) from error
            raise _failure(error, answer) from error
        if watch.broke_off:  # of an unknown length, the cut looked like the end
            raise _too_slow(patience)


def _too_slow(patience: Patience) -> _Passing:
    least = megabytes(int(patience.slowest * patience.window))
    return _Passing(f"less than {least} came in {patience.window:.0f} s")


def _failure(error: Exception, answer: _Answer) -> Exception:
    """Return what a library's error means: that it may pass, or what to do about it."""
    from requests import exceptions
    from urllib3.exceptions import HTTPError

    if isinstance(error, exceptions.SSLError) and not _broken_off(error):
        return DataError(
            "The server could not prove who it is (TLS).",
            where=answer.address,
            got=_reason(error),
            remedy="Check this machine's clock, certificates and proxy.",
        )
    if isinstance(error, exceptions.ConnectionError | exceptions.Timeout):
        return _Passing(_reason(error))
    if isinstance(error, exceptions.RequestException):
        return DataError("The address cannot be fetched.", where=answer.address, got=_reason(error))
    if isinstance(error, HTTPError):
        if answer.response is not None:
            return _Passing("the connection broke off")
        return DataError("The address cannot be fetched.", where=answer.address, got=_reason(error))
    return DataError(
        "The download could not be written to disk.",
        where=str(answer.part),
        got=getattr(error, "strerror", None) or str(error),
        remedy="Free some space or choose another folder; what has come in is kept.",
    )


def _broken_off(error: BaseException) -> bool:
    """Tell whether TLS failed because the connection ended, rather than over who is there."""
    ended = ssl.SSLEOFError | ssl.SSLZeroReturnError | ConnectionError
    return any(isinstance(layer, ended) for layer in _layers(error))


def _question(address: str, part: Path, checked: bool) -> dict[str, str]:
    """Ask for the rest of what is here, or for everything."""
    # Stored bytes must be the published ones: no compression on the way.
    headers = {"Accept-Encoding": "identity", "User-Agent": "analysis-lib"}
    note = _read_note(part)
    known = note.get("address") == address and (checked or note.get("validator"))
    if not known:
        forget(part)
    elif held := _size(part):
        headers["Range"] = f"bytes={held}-"
        if note.get("validator"):
            headers["If-Range"] = note["validator"]
    return headers


class _Answer:
    """Looks at a server's answer before its body is read, then takes the body in."""

    def __init__(self, address: str, part: Path, progress: Progress, size: int | None) -> None:
        self.address, self.part, self.progress, self.size = address, part, progress, size
        self.response: Response | None = None

    def __enter__(self) -> _Answer:
        self.stream = self.part.open("ab")
        return self

    def __exit__(self, failure: type[BaseException] | None, *_: object) -> None:
        self.progress.end()
        if self.response is not None:
            self.response.close()
        self.stream.close()
        if failure and not _size(self.part):
            forget(self.part)

    def look(self, response: Response) -> None:
        """Refuse an answer that is not the file, or make ready for its body."""
        self.response = response
        if response.status_code in _PASSING:
            what = f"the server answered {response.status_code} {response.reason}"
            raise _Passing(what, _asked_to_wait(response))
        if response.status_code == 416:
            self._start_over()
            raise _Passing("the server has no such rest")
        if response.status_code not in (200, 206):
            got = f"status {response.status_code} {response.reason}"
            raise self._refusal("The server does not hand out the file.", got)
        if "html" in response.headers.get("Content-Type", "").lower():
            raise self._refusal("The server sent a page instead of the file.", "an HTML page")
        self._prepare(response)

    def take(self, watch: Watch) -> None:
        """Write the body, piece by piece as it comes, to the partial file."""
        held = _size(self.part)
        most = LARGEST if self.size is None else self.size
        while chunk := self._next_piece():
            held += len(chunk)
            if held > most:
                self._start_over()
                raise self._other_size(f"more than {megabytes(most)}")
            self.stream.write(chunk)
            self.stream.flush()
            watch.came(len(chunk))
            self.progress.advance(len(chunk))

    def _next_piece(self) -> bytes:
        # As stored: a .gz file labelled as compressed must not be unpacked on the way in.
        return self.response.raw.read1(_CHUNK, decode_content=False) if self.response else b""

    def _prepare(self, response: Response) -> None:
        held = _size(self.part) if response.status_code == 206 else 0
        length = response.headers.get("Content-Length", "")
        rest = int(length) if re.fullmatch("[0-9]{1,18}", length) else None
        total = None if rest is None else held + rest
        other = total is not None and total != self.size and (self.size or total > LARGEST)
        if response.status_code == 206:
            come = re.match(r"bytes (\d+)-", response.headers.get("Content-Range", ""))
            if come is None or int(come[1]) != held or other:
                self._start_over()
                raise _Passing("the server sent another piece than asked for")
        elif other:
            raise self._other_size(f"{total:,} bytes")
        elif _size(self.part):
            self.progress.say(f"{self.part.stem}: starts from the beginning")
            self._start_over()
        self._check_space(rest or 0)
        if held == 0:
            note = {"address": self.address, "validator": _validator(response)}
            files.write_json(_note_of(self.part), note)
        self.progress.begin(self.part.stem, held, total)

    def _start_over(self) -> None:
        self.stream.truncate(0)

    def _check_space(self, needed: int) -> None:
        free = shutil.disk_usage(self.part.parent).free
        if needed > free:
            raise DataError(
                "There is not enough room on the disk.",
                where=str(self.part),
                expected=f"{megabytes(needed)} free",
                got=f"{megabytes(free)} free",
                remedy="Free some space or choose another folder.",
            )

    def _other_size(self, got: str) -> DataError:
        published = self.size is not None
        return DataError(
            "The server sends another file than the published one."
            if published
            else "The server sends more than a data file holds.",
            where=self.address,
            expected=f"{self.size:,} bytes" if published else f"at most {megabytes(LARGEST)}",
            got=got,
            remedy="Try again later or from another network; nothing of it was kept.",
        )

    def _refusal(self, what: str, got: str) -> DataError:
        return DataError(
            what,
            where=self.address,
            got=got,
            remedy="Open the address in a browser; a network that wants a login does this.",
        )


def _validator(response: Response) -> str:
    """Return what tells this version of the file from another: a strong tag, or a date."""
    tag = response.headers.get("ETag", "")
    if tag and not tag.startswith("W/"):
        return str(tag)
    return str(response.headers.get("Last-Modified", ""))


def _gave_up(address: str, part: Path, trouble: _Passing, attempts: int) -> DataError:
    held = _size(part)
    kept = f"{megabytes(held)} are kept; the next try goes on from there. " if held else ""
    often = f"{attempts} attempts" if attempts > 1 else "one attempt"
    alone = f"; it asks to be left alone for {trouble.wait:,.0f} s" if trouble.wait else ""
    return DataError(
        f"The download did not succeed in {often}.",
        where=address,
        got=f"{trouble}{alone}",
        remedy=kept + "Check the network and try again.",
    )


def _asked_to_wait(response: Response) -> float:
    """Return how many seconds the server wants to be left alone, 0 where it does not say."""
    said = response.headers.get("Retry-After", "").strip()
    if re.fullmatch("[0-9]{1,9}", said):
        return float(said)
    try:
        return max(0.0, parsedate_to_datetime(said).timestamp() - time.time())
    except (ValueError, OverflowError):
        return 0.0


def _reason(error: BaseException) -> str:
    """Return the first cause in words, without the libraries' layers around it."""
    *_, first = _layers(error)
    return str(first)[:200]


def _layers(error: BaseException) -> Iterator[BaseException]:
    layer: BaseException | None = error
    while layer is not None:
        yield layer
        layer = layer.__context__


def _size(part: Path) -> int:
    return part.stat().st_size if part.is_file() else 0


def _note_of(part: Path) -> Path:
    return part.with_name(part.name + ".json")


def _read_note(part: Path) -> dict[str, str]:
    try:
        note = json.loads(_note_of(part).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}  # without its note a partial file is fetched anew
    # It goes into the next question: what no server can have sent would be refused there.
    sound = isinstance(note, dict) and all(isinstance(text, str) for text in note.values())
    return note if sound and _SENDABLE.fullmatch(note.get("validator", "")) else {}

"""Bring one address into a partial file: pooch moves the bytes, this module judges the answers.

What has come in stays when a transfer breaks off, and the next one asks for the rest only.
"""

from __future__ import annotations

import json
import re
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from analysis_lib import files
from analysis_lib.datasets.progress import Progress, megabytes
from analysis_lib.errors import DataError

if TYPE_CHECKING:
    from requests import Response

_TIMEOUT = (10, 60)  # seconds to connect, seconds of silence
_CHUNK = 1 << 14  # at most so much is lost when a connection breaks off
_PASSING = frozenset({408, 425, 429, 500, 502, 503, 504})


@dataclass(frozen=True)
class Patience:
    """How often a transfer is tried, and how it waits in between (1, 2, 4 … seconds)."""

    attempts: int = 4
    sleep: Callable[[float], None] = time.sleep


def transfer(
    address: str, part: Path, progress: Progress, patience: Patience, *, checked: bool
) -> None:
    """Bring `address` into `part`, going on from what `part` holds.

    Parameters
    ----------
    checked : bool
        Whether the whole file will be held against a known checksum. Without one, a rest is
        only joined to a beginning of which the server confirms that it is the same file's.
    """
    for attempt in range(1, patience.attempts + 1):
        try:
            _request(address, part, progress, checked)
        except _Passing as trouble:
            if attempt == patience.attempts:
                raise _gave_up(address, part, trouble, attempt) from trouble
            wait = 2 ** (attempt - 1)
            progress.say(f"{part.stem}: {trouble}; trying again in {wait} s")
            patience.sleep(wait)
        else:
            return


def forget(part: Path) -> None:
    """Remove a partial file and the note on where it came from."""
    part.unlink(missing_ok=True)
    _note_of(part).unlink(missing_ok=True)


class _Passing(Exception):  # noqa: N818 - not an error yet: the next attempt may do better
    """Something that may be over at the next attempt."""


def _request(address: str, part: Path, progress: Progress, checked: bool) -> None:
    import pooch
    from requests import exceptions

    try:
        question = _question(address, part, checked)
        with _Answer(address, part, progress) as answer:
            download = pooch.HTTPDownloader(
                chunk_size=_CHUNK,
                timeout=_TIMEOUT,
                headers=question,
                hooks={"response": answer.look},
            )
            download(address, answer, None)
    except exceptions.SSLError as error:
        raise DataError(
            "The server could not prove who it is (TLS).",
            where=address,
            got=_reason(error),
            remedy="Check this machine's clock, certificates and proxy.",
        ) from error
    except exceptions.TooManyRedirects as error:
        raise DataError(
            "The address leads in a circle.",
            where=address,
            got="too many redirects",
            remedy="Try it in a browser; a network that wants a login does this.",
        ) from error
    except exceptions.ChunkedEncodingError as error:
        raise _Passing("the connection broke off") from error
    except (exceptions.ConnectionError, exceptions.Timeout) as error:
        raise _Passing(_reason(error)) from error
    except exceptions.RequestException as error:
        raise DataError(
            "The address cannot be fetched.", where=address, got=_reason(error)
        ) from error
    except OSError as error:
        raise DataError(
            "The download could not be written to disk.",
            where=str(part),
            got=error.strerror or str(error),
            remedy="Free some space or choose another folder; what has come in is kept.",
        ) from error


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

    def __init__(self, address: str, part: Path, progress: Progress) -> None:
        self.address, self.part, self.progress = address, part, progress
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

    def write(self, chunk: bytes) -> None:
        self.stream.write(chunk)
        self.progress.advance(len(chunk))

    def flush(self) -> None:
        self.stream.flush()

    def look(self, response: Response, **_: Any) -> None:
        """Refuse an answer that is not the file, or make ready for its body."""
        self.response = response
        if self.address.startswith("https:") and not response.url.startswith("https:"):
            raise self._refusal("The server leads away from a safe connection.", response.url)
        if response.is_redirect:
            return
        if response.status_code in _PASSING:
            raise _Passing(f"the server answered {response.status_code} {response.reason}")
        if response.status_code == 416:
            self._start_over()
            raise _Passing("the server has no such rest")
        if response.status_code not in (200, 206):
            got = f"status {response.status_code} {response.reason}"
            raise self._refusal("The server does not hand out the file.", got)
        if "html" in response.headers.get("Content-Type", "").lower():
            raise self._refusal("The server sent a page instead of the file.", "an HTML page")
        self._prepare(response)

    def _prepare(self, response: Response) -> None:
        held = _size(self.part)
        if response.status_code == 206:
            come = re.match(r"bytes (\d+)-", response.headers.get("Content-Range", ""))
            if come is None or int(come[1]) != held:
                self._start_over()
                raise _Passing("the server sent another piece than asked for")
        elif held:
            self.progress.say(f"{self.part.stem}: starts from the beginning")
            self._start_over()
            held = 0
        length = response.headers.get("Content-Length", "")
        rest = int(length) if length.isdigit() else None
        self._check_space(rest or 0)
        validator = _validator(response)
        if held == 0:
            note = {"address": self.address, "validator": validator}
            files.write_json(_note_of(self.part), note)
        # A .gz file labelled as compressed must not be unpacked on the way in.
        response.raw.headers.pop("Content-Encoding", None)
        self.progress.begin(self.part.stem, held, None if rest is None else held + rest)

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
    return DataError(
        f"The download did not succeed in {attempts} attempts.",
        where=address,
        got=str(trouble),
        remedy=kept + "Check the network and try again.",
    )


def _reason(error: BaseException) -> str:
    """Return the first cause in words, without the libraries' layers around it."""
    while error.__context__ is not None:
        error = error.__context__
    return str(error)[:200]


def _size(part: Path) -> int:
    return part.stat().st_size if part.is_file() else 0


def _note_of(part: Path) -> Path:
    return part.with_name(part.name + ".json")


def _read_note(part: Path) -> dict[str, str]:
    try:
        note = json.loads(_note_of(part).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}  # without its note a partial file is fetched anew
    return note if isinstance(note, dict) else {}

"""The one family of errors: what went wrong, where, what was expected, what to do."""

from __future__ import annotations

import re
import unicodedata

PRINTED = "Error: "
"""What the command line begins an error with."""

_DETAIL = re.compile(r"  (where|expected|got|remedy): +(.*)")
_ANSI = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]")


class AnalysisError(Exception):
    """A mistake the user can mend, told in one to five lines.

    Parameters
    ----------
    what : str
        What is wrong, as a sentence.
    where : str, optional
        File, row, column or parameter.
    expected, got : str, optional
        What should have stood there, and what does.
    remedy : str, optional
        What to do about it.

    Examples
    --------
    >>> print(AnalysisError("The table has no rows.", where="genes.csv", remedy="Export it again."))
    The table has no rows.
      where:    genes.csv
      remedy:   Export it again.
    """

    exit_status = 2

    def __init__(
        self,
        what: str,
        *,
        where: str | None = None,
        expected: str | None = None,
        got: str | None = None,
        remedy: str | None = None,
    ) -> None:
        self.what = what
        self.where = where
        self.expected = expected
        self.got = got
        self.remedy = remedy
        details = {"where": where, "expected": expected, "got": got, "remedy": remedy}
        lines = [what] + [f"  {name + ':':<9} {text}" for name, text in details.items() if text]
        super().__init__("\n".join(visible(line) for line in lines))

    def __reduce__(self) -> tuple[object, ...]:
        """Travel between processes with every part, not only the joined message."""
        return (_rebuild, (type(self), self.__dict__))


class TableError(AnalysisError):
    """A table that cannot be read as what it claims to be."""


class DataError(AnalysisError):
    """A data set that is missing, damaged or cannot be fetched."""


class ParameterError(AnalysisError):
    """A parameter that does not exist or has no legal value."""


class RunError(AnalysisError):
    """A notebook that did not finish."""

    exit_status = 1


class SiteError(AnalysisError):
    """A site that could not be built or did not pass its checks."""

    exit_status = 1


def printed(text: str) -> dict[str, str]:
    r"""Return the parts of the last error that a command line has printed; nothing without one.

    Examples
    --------
    >>> printed("reading\nError: No rows.\n  got:      0\n")
    {'what': 'No rows.', 'got': '0'}
    """
    _, begun, message = f"\n{text}".rpartition(f"\n{PRINTED}")
    if not begun:
        return {}
    what, *details = message.rstrip().splitlines() or [""]
    found = {m[1]: m[2] for line in details if (m := _DETAIL.fullmatch(line))}
    return {"what": what, **found}


def visible(text: object) -> str:
    r"""Return text without anything that acts unseen: controls, line ends, writing direction.

    Every kind of blank becomes a space; other characters without a shape become their code.

    Examples
    --------
    >>> visible("BRCA1\n\u202eTP53")
    'BRCA1\\n\\u202eTP53'
    """
    plain_text = str(text)
    if plain_text.isprintable():
        return plain_text
    return "".join(c if c.isprintable() else _shown(c) for c in plain_text)


def quoted(value: object, length: int = 80) -> str:
    """Return how a value is written in a program, cut where it gets long.

    Examples
    --------
    >>> quoted("ACGT" * 9, 12)
    "'ACGTACGTACG…"
    """
    text = repr(value)
    return text if len(text) <= length else f"{text[:length]}…"


def without_colours(text: str) -> str:
    r"""Return text without the codes by which a terminal colours it.

    Examples
    --------
    >>> without_colours("\x1b[0;31mKeyError\x1b[0m")
    'KeyError'
    """
    return _ANSI.sub("", text)


def _rebuild(kind: type[AnalysisError], parts: dict[str, str | None]) -> AnalysisError:
    what = parts["what"] or ""
    return kind(what, **{k: parts[k] for k in ("where", "expected", "got", "remedy")})


def _shown(character: str) -> str:
    if unicodedata.category(character) == "Zs":
        return " "
    return character.encode("unicode_escape").decode("ascii")

"""Names of samples and genes: none missing, none twice, the same ones in two places."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence

from analysis_lib.errors import TableError
from analysis_lib.tables.records import show

_EXAMPLES = 3
_LONGEST = 40


def examples(names: Collection[str]) -> str:
    """Return up to three names, and how many more there are.

    Examples
    --------
    >>> examples(["a", "b", "c", "d", "e"])
    "'a', 'b', 'c' and 2 more"
    """
    shown = ", ".join(show(name) for name in list(names)[:_EXAMPLES])
    more = len(names) - _EXAMPLES
    return f"{shown} and {more:,} more" if more > 0 else shown


def cut(name: str) -> str:
    """Return a name as a sentence holds it: of a long one only the beginning.

    Examples
    --------
    >>> cut("BRCA1"), len(cut("A" * 10_000))
    ('BRCA1', 41)
    """
    return name if len(name) <= _LONGEST else name[:_LONGEST] + "…"


def counted(number: int, one: str, verb: str = "") -> str:
    """Return a number with its noun, and a verb that agrees.

    Examples
    --------
    >>> counted(1, "sample", "stands"), counted(1200, "gene", "has")
    ('1 sample stands', '1,200 genes have')
    """
    alone = number == 1
    if verb and not alone:
        verb = {"has": "have", "is": "are"}.get(verb, verb.removesuffix("s"))
    return " ".join(filter(None, [f"{number:,}", one if alone else one + "s", verb]))


def refuse_nameless(names: Sequence[str], kind: str, where: str) -> None:
    """Raise when a name is empty."""
    empty = [row for row, name in enumerate(names, 1) if not name]
    if empty:
        raise TableError(
            f"{counted(len(empty), kind, 'has')} no name.",
            where=where,
            got="empty in row " + ", ".join(f"{row:,}" for row in empty[:_EXAMPLES]),
            remedy="Name them, or remove those rows.",
        )


def refuse_repeats(names: Sequence[str], kind: str, where: str) -> None:
    """Raise when a name stands more than once."""
    times = {name: count for name, count in Counter(names).items() if count > 1}
    if times:
        shown = ", ".join(f"{show(n)} ({times[n]} times)" for n in list(times)[:_EXAMPLES])
        more = len(times) - _EXAMPLES
        raise TableError(
            f"{counted(len(times), kind, 'stands')} more than once.",
            where=where,
            expected=f"every {kind} once",
            got=shown + (f" and {more:,} more" if more > 0 else ""),
            remedy="Keep one of each, or give them names that differ.",
        )


def refuse_difference(
    what: str,
    one: tuple[str, Collection[str]],
    other: tuple[str, Collection[str]],
    *,
    where: str,
    remedy: str,
) -> None:
    """Raise when two sets of names differ.

    Parameters
    ----------
    one, other : pair of text and names
        What to call the names that only this side has, and all its names.

    Examples
    --------
    >>> refuse_difference("They differ.", ("only here", "ab"), ("only there", "ac"),
    ...                   where="t.csv", remedy="Look.")
    Traceback (most recent call last):
    analysis_lib.errors.TableError: They differ.
      where:    t.csv
      got:      1 only here ('b'); 1 only there ('c')
      remedy:   Look.
    """
    surplus = []
    for (words, names), (_, others) in ((one, other), (other, one)):
        known = set(others)
        only = [name for name in names if name not in known]
        if only:
            surplus.append(f"{len(only):,} {words} ({examples(only)})")
    if surplus:
        raise TableError(what, where=where, got="; ".join(surplus), remedy=remedy)

"""Words that the methods of several studies share: numbers, lists, intervals, seeds.

Methods are sentences in the past tense about what a run did, for a paper's methods section. In
them `[@key]` cites an entry of the book's references and `[pkg:name]` a package in the version
used. No text from data goes into them, so that nothing but the studies cites.
"""

from __future__ import annotations

from collections.abc import Iterable

WIDER = "the wider one, on each side,"


def listed(parts: Iterable[object], last: str = "and") -> str:
    """Return a list as people write it.

    Examples
    --------
    >>> listed(["ALL", "AML"]), listed([50, 500, "all"], "or"), listed(["one"])
    ('ALL and AML', '50, 500 or all', 'one')
    """
    words = [str(part) for part in parts]
    return f" {last} ".join(filter(None, [", ".join(words[:-1]), *words[-1:]]))


def number(value: float) -> str:
    """Return a number with all its digits, up to eight.

    Examples
    --------
    >>> [number(value) for value in (12205, 0.05, 1.0, 1e6, 1e-07)]
    ['12,205', '0.05', '1', '1,000,000', '1e-07']
    """
    whole = float(value).is_integer() and abs(value) < 1e15
    return f"{int(value):,}" if whole else f"{value:,.8g}"


def numbers(values: Iterable[float], last: str = "and") -> str:
    """Return some numbers as a list.

    Examples
    --------
    >>> numbers([0.1, 1.0, 10.0], "or")
    '0.1, 1 or 10'
    """
    return listed(map(number, values), last)


def percent(share: float) -> str:
    """Return a share in percent.

    Examples
    --------
    >>> percent(0.2), percent(0.07), percent(0.125)
    ('20 %', '7 %', '12.5 %')
    """
    return f"{number(round(100 * share, 8))} %"


def times(count: int) -> str:
    """Return how often.

    Examples
    --------
    >>> times(1), times(2), times(1500)
    ('once', 'twice', '1,500 times')
    """
    return {1: "once", 2: "twice"}.get(count, f"{count:,} times")


def bootstrapped(resamples: int, intervals: Iterable[str]) -> str:
    """Say what the intervals of scores on held-out rows were."""
    return (
        f"95 % intervals were {WIDER} of a percentile bootstrap ({resamples:,} resamples within "
        f"the classes) and of a score interval ({listed(intervals)})"
    )


ACCURACY_INTERVAL = "Wilson's for accuracy [@wilson1927]"
SHARE_INTERVALS = (
    ACCURACY_INTERVAL,
    "Newcombe's of a mean of two shares for balanced accuracy [@newcombe1998]",
    "Newcombe's for AUC [@newcombe2006]",
)
"""The score intervals behind accuracy, balanced accuracy and AUC."""


def permuted(shuffles: int) -> str:
    """Say how a p-value came from shuffles."""
    return (
        f"p was (1 + the number of shuffles that scored at least as high) / (1 + {shuffles:,}) "
        "[@phipson2010]"
    )

"""Measure ours beside its peers: in turn, in an order that rotates, nobody left out.

A script of this folder yields claims, each of which measures itself and becomes what `results.json`
holds: every value, medians and quartiles, and the ratio ours / peer, which is taken round by round,
because what slows a machine down slows both. Before anything is measured, the check of a claim
makes sure that all of them come to the same result; that is their warm-up too.
"""

from __future__ import annotations

import gc
import math
import os
import statistics
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from analysis_lib.files import PROJECT

ROUNDS = 5
COVERAGE = 0.9
"""How sure the interval of a ratio is at least, where there are rounds enough for it."""

Result = dict[str, Any]
Unit = Literal["s", "MB"]


@dataclass(frozen=True)
class Way:
    """One way to do the work: its name, and what does it once and returns what that cost."""

    name: str
    cost: Callable[[], float]


@dataclass(frozen=True)
class Absent:
    """A peer that could not be measured, and why."""

    name: str
    reason: str


@dataclass(frozen=True)
class Claim:
    """What is claimed of ours, and whom it is measured against.

    Parameters
    ----------
    name : str
        Lower-case words, unique among all claims.
    title, what : str
        The work in a few words, and as a reader should know it.
    unit : "s" or "MB"
        Of what it costs; less is better.
    check : callable
        Does the work in every way, and raises unless the results agree.
    notes : callable
        Returns what else a reader must know; called after the rounds.
    """

    name: str
    title: str
    what: str
    unit: Unit
    ours: Way
    peers: Sequence[Way]
    check: Callable[[], None]
    rounds: int = ROUNDS
    absent: Sequence[Absent] = ()
    notes: Callable[[], Sequence[str]] = tuple

    def measure(self) -> Result:
        """Return what it costs in every way, round by round, and the ratios."""
        self.check()
        ways = (self.ours, *self.peers)
        values: list[list[float]] = [[] for _ in ways]
        for number in range(self.rounds):
            for at in rotated(len(ways), number):
                values[at].append(_cost(ways[at]))
        rounds = {way.name: costs for way, costs in zip(ways, values, strict=True)}
        if len(rounds) < len(ways):
            raise ValueError(f"two ways of {self.name} have one name")
        return result(
            self.name,
            self.title,
            self.what,
            self.unit,
            rounds,
            absent=self.absent,
            notes=self.notes(),
        )


@dataclass(frozen=True)
class Measured:
    """A claim whose script takes the rounds itself: it returns the `seconds` of every way.

    One of the ways is called "ours"; that called "peer" is named by `peer`.
    """

    name: str
    title: str
    script: Callable[..., Mapping[str, Any]]
    quick: bool

    def measure(self) -> Result:
        """Have it measured, and return the result."""
        told = self.script(rounds=1 if self.quick else ROUNDS, quick=self.quick)
        ways = {told["peer"] if who == "peer" else who: s for who, s in told["seconds"].items()}
        rounds = {"ours": ways.pop("ours"), **ways}
        notes = [_sentence(note) for note in told.get("notes", ())]
        return result(self.name, self.title, _sentence(told["what"], ""), "s", rounds, notes=notes)


def measured(
    name: str, title: str, script: Callable[..., Mapping[str, Any]], *, quick: bool
) -> Iterator[Measured]:
    """Yield the one claim of a script that takes the rounds itself."""
    yield Measured(name, title, script, quick)


def result(
    name: str,
    title: str,
    what: str,
    unit: Unit,
    rounds: Mapping[str, Sequence[float]],
    *,
    absent: Sequence[Absent] = (),
    notes: Sequence[str] = (),
) -> Result:
    """Return what `results.json` holds of one claim; the first way in `rounds` is ours."""
    (ours, costs), *peers = rounds.items()
    return {
        "name": name,
        "title": title,
        "what": what,
        "unit": unit,
        "ours": _summary(ours, costs),
        "peers": [
            {**_summary(peer, theirs), "ratio": ratio(costs, theirs)} for peer, theirs in peers
        ],
        "absent": [{"name": each.name, "reason": each.reason} for each in absent],
        "notes": list(notes),
    }


def rotated(ways: int, number: int) -> list[int]:
    """Return in which order so many ways are measured in a round.

    Examples
    --------
    >>> [rotated(3, number) for number in range(4)]
    [[0, 1, 2], [1, 2, 0], [2, 0, 1], [0, 1, 2]]
    """
    return [(number + at) % ways for at in range(ways)]


def ratio(ours: Sequence[float], theirs: Sequence[float]) -> dict[str, float]:
    """Return the median of the rounds' ratios ours / theirs, its interval, and how sure that is."""
    ratios = [one / other for one, other in zip(ours, theirs, strict=True)]
    low, high, coverage = interval(ratios)
    return {"median": statistics.median(ratios), "low": low, "high": high, "coverage": coverage}


def interval(values: Sequence[float]) -> tuple[float, float, float]:
    """Return the sign test's interval of a median, and how surely it holds the true one.

    It asks for nothing but values that do not depend on one another. Of few it is the lowest and
    the highest.

    Examples
    --------
    >>> interval([3.0, 1.0, 2.0, 5.0, 4.0])
    (1.0, 5.0, 0.9375)
    """
    n, ordered = len(values), sorted(values)
    outside = [
        2 * sum(math.comb(n, i) for i in range(cut + 1)) / 2**n for cut in range((n + 1) // 2)
    ]
    cut = max((at for at, share in enumerate(outside) if 1 - share >= COVERAGE), default=0)
    return ordered[cut], ordered[n - 1 - cut], max(0.0, 1 - outside[cut])


def timed(work: Callable[[], Any], scale: float = 1.0) -> Callable[[], float]:
    """Return what does the work in this process and returns its seconds, times `scale`."""

    def cost() -> float:
        gc.collect()
        started = time.perf_counter()
        work()
        return (time.perf_counter() - started) * scale

    return cost


def whole(command: Sequence[str], folder: Path = PROJECT) -> Callable[[], float]:
    """Return what runs a command as a process and returns the seconds from its start to its end."""

    def cost() -> float:
        started = time.perf_counter()
        printed(command, folder)
        return time.perf_counter() - started

    return cost


def printed(command: Sequence[str], folder: Path = PROJECT, **environment: str) -> str:
    """Return what a command prints; an error with its last words when it fails.

    The library is that of the project in `folder`.
    """
    done = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder), "TF_CPP_MIN_LOG_LEVEL": "3", **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"exit status {done.returncode}: {(done.stdout + done.stderr)[-600:]}")
    return done.stdout


def _sentence(words: str, end: str = ".") -> str:
    return f"{words[:1].upper()}{words[1:].rstrip('.')}{end}"


def _cost(way: Way) -> float:
    cost = way.cost()
    if not (math.isfinite(cost) and cost > 0):
        raise ValueError(f"{way.name} cost {cost}")
    return cost


def _summary(name: str, values: Sequence[float]) -> dict[str, Any]:
    quartiles = statistics.quantiles(values, n=4, method="inclusive") if len(values) > 1 else values
    return {
        "name": name,
        "values": list(values),
        "median": statistics.median(values),
        "low": quartiles[0],
        "high": quartiles[-1],
    }

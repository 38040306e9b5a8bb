"""What became of each of many runs, wherever it was made."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from analysis_lib.errors import AnalysisError
from analysis_lib.runs.values import RunSpec


@dataclass(frozen=True)
class Made:
    """A run that was asked for: executed, there already, or failed and why.

    `seconds` is how long it took to whoever waited for it, where that is known.
    """

    spec: RunSpec
    did: Literal["executed", "nothing", "failed"]
    error: AnalysisError | None = None
    seconds: float | None = None


class Hands(Protocol):
    """What makes runs: processes of this machine, or a cluster.

    Each is told as soon as it is done, in whatever order; one that fails does not stop the rest.
    When the iterator is closed or left by a signal, what is being made is ended, and nothing is
    left behind; what was told is on the disk whole.
    """

    def make(self, specs: Sequence[RunSpec]) -> Iterator[Made]:
        """Make every run that is not there already."""

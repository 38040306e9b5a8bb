"""The studies, by name. Each module holds a study's `Params` and its steps."""

from __future__ import annotations

import difflib
import importlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from analysis_lib.errors import ParameterError

if TYPE_CHECKING:
    from analysis_lib.datasets.sources import Source
    from analysis_lib.studies.params import StudyParams


@dataclass(frozen=True)
class StudyInfo:
    """What is known of a study before it is loaded; its notebook is `notebooks/<name>.ipynb`."""

    name: str
    title: str
    question: str
    datasets: tuple[str, ...]


STUDIES = {
    study.name: study
    for study in [
        StudyInfo(
            name="dge",
            title="Differential expression",
            question="Which genes go up or down, and what do classifiers of that label learn?",
            datasets=("dge_table",),
        ),
    ]
}
"""Every study, in the order of the book."""


class Study(Protocol):
    """What the module of a study offers to the run engine."""

    Params: type[StudyParams]

    @staticmethod
    def sources(params: StudyParams) -> list[Source]:
        """Return the data a run with these parameters reads."""

    @staticmethod
    def check(params: StudyParams) -> Sequence[tuple[str, str]]:
        """Read the data and say, as (topic, text), what a run would work on."""


def info(name: str) -> StudyInfo:
    """Return what is known of a study, or raise a `ParameterError` that names those there are."""
    if name in STUDIES:
        return STUDIES[name]
    near = difflib.get_close_matches(name, STUDIES, n=1)
    raise ParameterError(
        f"There is no study {name!r}.",
        expected=", ".join(STUDIES),
        remedy=f"Did you mean {near[0]!r}?" if near else "Choose one of those.",
    )


def load(name: str) -> Study:
    """Import the module of a study."""
    module: Study = importlib.import_module(f"analysis_lib.studies.{info(name).name}")  # type: ignore[assignment]
    return module

"""The studies, by name. Each module holds a study's `Params` and its steps."""

from __future__ import annotations

import difflib
import importlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from analysis_lib.errors import ParameterError

if TYPE_CHECKING:
    import pandas as pd

    from analysis_lib.datasets.sources import Source
    from analysis_lib.studies.params import StudyParams


@dataclass(frozen=True)
class StudyInfo:
    """What is known of a study before it is loaded; its notebook is `notebooks/<name>.ipynb`.

    `reads` is the name of the parameter that names a run of another study, whose results this
    one works on.
    """

    name: str
    title: str
    question: str
    datasets: tuple[str, ...]
    reads: str | None = None


STUDIES = {
    study.name: study
    for study in [
        StudyInfo(
            name="dge",
            title="Differential expression",
            question="Which genes go up or down, and what do classifiers of that label learn?",
            datasets=("dge_table",),
        ),
        StudyInfo(
            name="leukemia_network",
            title="Leukemia: a neural network",
            question="Can a small network tell two leukemias apart, and how much of it is luck?",
            datasets=("golub",),
        ),
        StudyInfo(
            name="leukemia_classical",
            title="Leukemia: classical models",
            question="Which model would the training patients choose, and which genes count?",
            datasets=("golub",),
        ),
        StudyInfo(
            name="ephys_lasso",
            title="Neurons: expression from electrophysiology",
            question="Which genes can be read off a neuron's electrophysiology, and which cannot?",
            datasets=("celltypes", "entrez", "cells"),
        ),
        StudyInfo(
            name="geo_validation",
            title="Neurons: validation by sequencing",
            question="Do sequenced cells confirm what electrophysiology predicts?",
            datasets=("tasic",),
            reads="models",
        ),
    ]
}
"""Every study, in the order of the book."""


@dataclass(frozen=True)
class Prediction:
    """What the model of a run says of new samples: a row for each, and what to know of it."""

    table: pd.DataFrame
    notes: tuple[str, ...]


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


def predictor(name: str) -> Callable[[Path, Path], Prediction]:
    """Return what predicts from a run's folder and a table of samples, of a study that can."""
    module = load(name)
    if not hasattr(module, "predict"):
        raise ParameterError(
            f"The study {name} keeps no model to predict with.",
            expected="a run of " + " or ".join(s for s in STUDIES if hasattr(load(s), "predict")),
        )
    predict: Callable[[Path, Path], Prediction] = module.predict
    return predict


def load(name: str) -> Study:
    """Import the module of a study."""
    module: Study = importlib.import_module(f"analysis_lib.studies.{info(name).name}")  # type: ignore[assignment]
    return module

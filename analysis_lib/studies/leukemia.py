"""What both leukemia studies share: patients, their two classes, and who is held out."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd
from pydantic import Field

from analysis_lib.datasets import expression, golub, golub_simulator
from analysis_lib.datasets.catalogue import CATALOGUE
from analysis_lib.datasets.sources import Source, choose
from analysis_lib.errors import ParameterError, TableError
from analysis_lib.studies.params import StudyParams
from analysis_lib.tables.records import show

if TYPE_CHECKING:
    from numpy.typing import NDArray

DATASET = CATALOGUE["golub"]
_LEAST_VARYING = 2


class LeukemiaParams(StudyParams):
    """What both studies can be asked for: the data, and who is held out."""

    data: str | None = Field(
        None,
        description=(
            "Your expression table, or a folder with the three files as published; nothing: the "
            "published data."
        ),
    )
    labels: str | None = Field(
        None, description="Your table of labels, beside an expression table of your own."
    )
    test: Literal["auto", "independent", "split"] = Field(
        "auto",
        description=(
            "Who is held out: the data's own independent part, or a stratified split of all; "
            "auto takes the part when there is one."
        ),
    )
    test_size: float = Field(
        0.25, ge=0.05, le=0.5, description="Share of the patients that a split holds out."
    )
    transform: Literal["raw", "log10"] = Field(
        "raw", description="The values as they are, or log10 of the values clipped to 100–16,000."
    )
    min_present: int = Field(
        0,
        ge=0,
        le=10_000,
        description="Keep probes called present (P) in at least so many training patients.",
    )
    drop_controls: bool = Field(False, description="Leave the control probes (AFFX-) out.")
    missing: Literal["error", "drop", "impute"] = Field(
        "error",
        description=(
            "Missing values: refuse them, drop their genes, or fill in the gene's median, learned "
            "inside the folds."
        ),
    )
    seed: int = Field(42, ge=0, le=2**31 - 1, description="Seed of everything drawn at random.")


@dataclass(frozen=True)
class Patients:
    """The patients, ready for models.

    `train` and `test` are positions of the patients that models learn from and of those held
    out; `how` says whether these are the data's own independent part or a split. `raw` has the
    values before the transform, `everything` the table before any gene was left out.
    """

    params: LeukemiaParams
    source: Source
    data: expression.Expression
    raw: pd.DataFrame
    train: NDArray[np.intp]
    test: NDArray[np.intp]
    how: Literal["independent", "split"]
    everything: expression.Expression

    @property
    def X(self) -> pd.DataFrame:  # noqa: N802  (a matrix)
        """Patients by genes, transformed."""
        return self.data.X

    @property
    def y(self) -> NDArray[np.intp]:
        """Label of each patient: 1 for the second class."""
        return self.data.y

    @property
    def classes(self) -> tuple[str, str]:
        """Names of label 0 and of label 1."""
        return self.data.classes

    @property
    def names(self) -> list[str]:
        """The patients."""
        return [str(name) for name in self.X.index]

    @property
    def impute(self) -> bool:
        """Whether models must fill in missing values."""
        return bool(self.X.isna().to_numpy().any())

    def part(self, positions: NDArray[np.intp]) -> tuple[pd.DataFrame, NDArray[np.intp]]:
        """Return values and labels of some patients."""
        return self.X.iloc[positions], self.y[positions]

    def counts(self, positions: NDArray[np.intp] | None = None) -> str:
        """Say how many patients of each class there are."""
        y = self.y if positions is None else self.y[positions]
        return " and ".join(f"{int((y == i).sum())} {name}" for i, name in enumerate(self.classes))

    @property
    def as_published(self) -> bool:
        """Whether these are the published patients in their published parts."""
        return self.source.kind == "real" and self.how == "independent"


def sources(params: LeukemiaParams) -> list[Source]:
    """Return the data a run with these parameters reads."""
    if params.labels is not None and params.data is None:
        raise ParameterError(
            "There is a table of labels and no table of expression.",
            where="labels",
            got=params.labels,
            remedy="Name your expression table too: data=….",
        )
    if params.data is None or Path(params.data).expanduser().is_dir():
        return [choose(DATASET, params.data)]
    if params.labels is None:
        raise ParameterError(
            "An expression table of your own needs a table of labels.",
            where="labels",
            expected="a table with the columns sample and label, and part (train or test) if any",
            remedy="Give it: labels=my_labels.csv.",
        )
    return [choose(DATASET, [params.data, params.labels])]


def load(params: LeukemiaParams, folds: int | None = None) -> Patients:
    """Read or simulate the tables, join labels to patients, and hold a part out.

    Parameters
    ----------
    folds : int, optional
        Folds of the cross-validation of the training part: a class smaller than these is an
        error before anything is fitted.
    """
    from analysis_lib.evaluation.splits import check_classes

    (source,) = sources(params)
    data = _read(source, params.seed)
    train, test, how = _held_out(data, params)
    where = " and ".join(str(file.path) for file in source.files) or source.title
    _refuse_one_class(data, train, where)
    check_classes(data.labels.to_numpy()[train], folds=folds)
    ready = expression.prepared(
        data,
        transform=params.transform,
        min_present=params.min_present,
        drop_controls=params.drop_controls,
        missing=params.missing,
        judged_on=train,
        where=where,
    )
    _refuse_too_flat(ready.X.iloc[train], where)
    raw = data.X[list(ready.X.columns)]
    return Patients(params, source, ready, raw, train, test, how, data)


def split(patients: Patients) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return a stratified split of all patients, whatever part they belong to."""
    from analysis_lib.evaluation.splits import stratified_split

    return stratified_split(patients.y, patients.params.test_size, patients.params.seed)


def described(patients: Patients) -> list[tuple[str, str]]:
    """Say, as (topic, text), what the models would work on."""
    shape = f"{len(patients.X):,} patients × {patients.X.shape[1]:,} genes"
    values = {"raw": "as measured", "log10": "log10 of the values clipped to 100–16,000"}
    how = {"independent": "the independent part", "split": "a stratified split"}[patients.how]
    source = patients.source
    read = source.title if source.kind != "yours" else ", ".join(f.name for f in source.files)
    return [
        ("data", f"{source.kind}: {read}"),
        ("table", shape),
        *(("note", note) for note in patients.data.notes),
        ("values", values[patients.params.transform]),
        ("classes", patients.counts()),
        ("learn from", patients.counts(patients.train)),
        ("held out", f"{patients.counts(patients.test)} ({how})"),
    ]


def notes(patients: Patients) -> Sequence[str]:
    """Say what was read, and who is held out."""
    told = dict(described(patients))
    first = f"{told['table']}: {told['classes']}. Values: {told['values']}."
    second = f"Models learn from {told['learn from']}; held out are {told['held out']}."
    return [first, second, *patients.data.notes]


def _read(source: Source, seed: int) -> expression.Expression:
    if source.kind == "simulated":
        with tempfile.TemporaryDirectory() as folder:
            return golub.load(*golub_simulator.simulate(Path(folder), seed))
    paths = [file.path for file in source.files]
    if len(paths) == len(DATASET.files):
        return golub.load(*paths)
    return expression.own(*paths)


def _refuse_one_class(data: expression.Expression, train: NDArray[np.intp], where: str) -> None:
    labels = data.labels.iloc[train]
    if labels.nunique() < 2:
        raise TableError(
            "The patients to learn from are of one class.",
            where=where,
            expected="both classes in the part train",
            got=f"{len(labels):,} of class {show(labels.iloc[0])}",
            remedy="Mark patients of both classes as train, or set test=split.",
        )


def _refuse_too_flat(X: pd.DataFrame, where: str) -> None:
    """Raise when fewer than two genes vary: there is nothing to learn then, and no map to draw."""
    varying = int((X.max() > X.min()).sum())
    if varying < _LEAST_VARYING:
        raise TableError(
            "Too few genes differ between the patients to learn from.",
            where=where,
            expected=f"at least {_LEAST_VARYING}",
            got=f"{varying:,} of {X.shape[1]:,}",
            remedy="Give more genes; where log10 clips them all, set transform to raw.",
        )


def _held_out(
    data: expression.Expression, params: LeukemiaParams
) -> tuple[NDArray[np.intp], NDArray[np.intp], Literal["independent", "split"]]:
    from analysis_lib.evaluation.splits import stratified_split

    train, test = (np.flatnonzero(data.part.to_numpy() == part) for part in ("train", "test"))
    if len(test) and params.test != "split":
        return train, test, "independent"
    if params.test == "independent":
        raise ParameterError(
            "The data have no independent part.",
            where="test",
            expected="a column part in the table of labels, with train and test",
            remedy="Add that column, or set test=split.",
        )
    parts = stratified_split(data.labels.to_numpy(), params.test_size, params.seed)
    return *parts, "split"

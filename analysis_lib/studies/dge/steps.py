"""Differential expression: which genes go up or down, and which of them the models see."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd
from pydantic import Field

from analysis_lib.datasets import dge as data
from analysis_lib.datasets.catalogue import CATALOGUE
from analysis_lib.datasets.sources import Source, choose
from analysis_lib.errors import TableError
from analysis_lib.studies.params import StudyParams
from analysis_lib.tables.records import show

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from analysis_lib.evaluation.pvalues import Diagnosis

CALLS = ("up", "down", "not significant", "not tested")
CLASSES = ("down", "up")
FEATURES = ("logFC", "pvalue", "baseMean")
Model = Literal["logistic", "svm", "forest", "xgboost"]


class Params(StudyParams):
    """What a run of this study can be asked for."""

    data: str | None = Field(
        None, description="Your table of differential expression; nothing: a simulated one."
    )
    columns: dict[Literal["name", "logFC", "pvalue", "padj", "baseMean"], str] = Field(
        {}, description="Which of your columns is which, where their names do not tell."
    )
    seed: int = Field(42, ge=0, le=2**32 - 1, description="Seed of everything drawn at random.")
    n_genes: int = Field(
        200, ge=20, le=1_000_000, description="Genes of the simulated table; yours has its own."
    )
    p_threshold: float = Field(
        0.05,
        gt=0,
        le=1,
        description="A gene is called up or down below this p-value.",
        examples=[0.01],
    )
    lfc_threshold: float = Field(
        1.0, ge=0, le=50, description="And beyond this log2 fold change, in either direction."
    )
    p_value: Literal["raw", "adjusted"] = Field(
        "raw", description="Which p-value the threshold is for."
    )
    classify: Literal["all", "significant"] = Field(
        "all", description="Which genes the models see: all, or those called up or down."
    )
    models: list[Model] = Field(
        ["logistic", "svm", "forest", "xgboost"],
        min_length=1,
        description="Classifiers to compare; the majority class is always beside them.",
    )
    test_size: float = Field(0.2, ge=0.05, le=0.5, description="Share of genes held out.")
    cv_folds: int = Field(5, ge=2, le=20, description="Folds of the cross-validation.")
    cv_repeats: int = Field(5, ge=1, le=50, description="How often it is repeated, reshuffled.")
    lasso_C: float = Field(  # noqa: N815  (scikit-learn's name for it)
        0.5, gt=0, le=1e6, description="Inverse strength of the L1 penalty."
    )
    bootstrap: int = Field(2000, ge=100, le=100_000, description="Resamples behind intervals.")
    permutations: int = Field(
        200, ge=20, le=10_000, description="Label shufflings of the permutation test."
    )
    max_genes: int = Field(
        3000,
        ge=100,
        le=100_000,
        description="Most genes the models see; of more, a stratified sample is drawn.",
    )
    top_genes: int = Field(500, ge=10, le=5000, description="Rows of the table of top genes.")


@dataclass(frozen=True)
class Study:
    """A table, read and called.

    `genes` has every row, with the column `call`; `p` names the column of p-values that the
    threshold is for.
    """

    params: Params
    source: Source
    table: data.DgeTable
    genes: pd.DataFrame
    p: str

    @cached_property
    def calls(self) -> dict[str, int]:
        """Genes up, down, not significant, and those without the numbers to tell."""
        counts = self.genes["call"].value_counts()
        return {call: int(counts.get(call, 0)) for call in CALLS}


@dataclass(frozen=True)
class Rows:
    """What the models see: features, labels (1 = up), names, and what was left out and why.

    `left_out` counts genes by reason; `constant` names features with one value in every gene. Which
    genes are held out is drawn when it is first asked for: what only counts them need not wait.
    """

    X: pd.DataFrame
    y: NDArray[np.intp]
    names: pd.Series[str]
    left_out: tuple[tuple[str, int], ...]
    constant: tuple[str, ...]
    test_size: float
    seed: int

    @property
    def train(self) -> NDArray[np.intp]:
        """The rows that models learn from."""
        return self._parts[0]

    @property
    def test(self) -> NDArray[np.intp]:
        """The rows that are held out."""
        return self._parts[1]

    @cached_property
    def _parts(self) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        from analysis_lib.evaluation.splits import stratified_split

        return stratified_split(self.y, self.test_size, self.seed)

    @property
    def held_out(self) -> int:
        """How many rows are held out."""
        return math.ceil(self.test_size * len(self.y))

    @property
    def features(self) -> list[str]:
        """The columns of `X`."""
        return [str(name) for name in self.X.columns]

    @property
    def classes(self) -> dict[str, int]:
        """How many genes each class has."""
        return {name: int((self.y == label).sum()) for label, name in enumerate(CLASSES)}


def sources(params: Params) -> list[Source]:
    """Return the data a run with these parameters reads."""
    return [choose(CATALOGUE["dge_table"], params.data)]


def load(params: Params) -> Study:
    """Read or simulate the table and call every gene up, down or neither."""
    (source,) = sources(params)
    if source.kind == "yours":
        columns = {str(role): column for role, column in params.columns.items()}
        table = data.load(source.files[0].path, columns)
    else:
        table = data.simulate(params.n_genes, params.seed)
    genes = table.genes.copy()
    if params.p_value == "adjusted" and "padj" not in genes:
        genes["padj"] = data.benjamini_hochberg(genes["pvalue"])
    p = "padj" if params.p_value == "adjusted" else "pvalue"
    genes["call"] = _call(genes["logFC"], genes[p], params)
    return Study(params, source, table, genes, p)


def rows(study: Study) -> Rows:
    """Choose the genes the models see, and hold a part of them out."""
    from analysis_lib.evaluation.splits import check_classes, constant_columns, sample

    params, genes = study.params, study.genes
    features = [name for name in FEATURES if name in genes]
    usable, left_out = _usable(study, features)
    y = (usable["logFC"] > 0).to_numpy().astype(np.intp)
    _refuse_one_class(study, y, left_out)
    if len(usable) > params.max_genes:
        drawn = sample(y, params.max_genes, params.seed)
        left_out = [*left_out, ("more than max_genes, not drawn", len(usable) - len(drawn))]
        usable, y = usable.iloc[drawn], y[drawn]
    check_classes(np.array(CLASSES)[y], params.test_size, params.cv_folds)
    X = usable[features].reset_index(drop=True)
    constant = constant_columns(X)
    X = X.drop(columns=constant)
    names = usable["name"].reset_index(drop=True)
    return Rows(X, y, names, tuple(left_out), tuple(constant), params.test_size, params.seed)


def top_genes(study: Study) -> pd.DataFrame:
    """Return the genes with the smallest p-values, the larger fold change first among equals."""
    columns = ["name", "call", "logFC", "pvalue", "padj", "baseMean"]
    tested = study.genes[study.genes["call"] != "not tested"]
    order = tested.assign(size=-tested["logFC"].abs()).sort_values([study.p, "size"], kind="stable")
    shown = order.head(study.params.top_genes)[[c for c in columns if c in order]]
    return shown.reset_index(drop=True)


def diagnosis(study: Study) -> Diagnosis:
    """Judge the shape of the histogram of raw p-values."""
    from analysis_lib.evaluation.pvalues import diagnose

    return diagnose(study.genes["pvalue"])


def check(params: Params) -> Sequence[tuple[str, str]]:
    """Read the data and say, as (topic, text), what a run would work on."""
    study = load(params)
    chosen = rows(study)
    columns = study.table.columns
    told = (
        [(role, f"{column} ({how})") for role, column, how in columns.describe()] if columns else []
    )
    dropped = [("left out", f"{count:,} ({why})") for why, count in chosen.left_out]
    dropped += [("left out", f"{name} (the same for all genes)") for name in chosen.constant]
    return [
        ("data", f"{study.source.kind}: {study.source.title}"),
        ("rows", f"{len(study.genes):,} genes"),
        *told,
        *(("note", note) for note in study.table.notes),
        ("calls", ", ".join(f"{n:,} {call}" for call, n in study.calls.items())),
        *dropped,
        ("models see", f"{len(chosen.y):,} genes × {chosen.X.shape[1]} features"),
        ("classes", ", ".join(f"{n:,} {name}" for name, n in chosen.classes.items())),
        ("held out", f"{chosen.held_out:,} genes"),
        ("time", f"about {_seconds(params, chosen):.0f} s for the run"),
    ]


def _call(fold: pd.Series[float], p: pd.Series[float], params: Params) -> NDArray[np.str_]:
    significant = p < params.p_threshold
    return np.select(
        [
            fold.isna() | p.isna(),
            significant & (fold > params.lfc_threshold),
            significant & (fold < -params.lfc_threshold),
        ],
        ["not tested", "up", "down"],
        default="not significant",
    )


def _usable(study: Study, features: list[str]) -> tuple[pd.DataFrame, list[tuple[str, int]]]:
    """Return the genes with every feature, and how many were left out for which reason."""
    genes, left_out = study.genes, []
    for feature in features:
        missing = int(genes[feature].isna().sum())
        if missing:
            left_out.append((f"no {feature}", missing))
            genes = genes[genes[feature].notna()]
    if study.params.classify == "significant":
        called = genes["call"].isin(CLASSES)
        left_out.append(("not significant", int((~called).sum())))
        genes = genes[called]
    if genes.empty:
        raise TableError(
            "No gene is left for the models.",
            where=_read_from(study),
            got="; ".join(f"{count:,} {why}" for why, count in left_out),
            remedy="Loosen p_threshold or lfc_threshold, or set classify=all.",
        )
    return genes, left_out


def _refuse_one_class(
    study: Study, y: NDArray[np.intp], left_out: Sequence[tuple[str, int]]
) -> None:
    if 0 < y.sum() < len(y):
        return
    column = study.table.columns.logFC if study.table.columns else "logFC"
    gone = [f"{count:,} left out ({why})" for why, count in left_out]
    raise TableError(
        "The models tell two classes apart, genes that go up and genes that go down.",
        where=f"{_read_from(study)}, column {show(column)}",
        expected="fold changes above zero and below",
        got="; ".join([f"{CLASSES[int(y[0])]} {len(y):,}", *gone]),
        remedy="Give the logarithm of the fold change, or more genes, for example classify=all.",
    )


def _read_from(study: Study) -> str:
    return ", ".join(str(file.path) for file in study.source.files) or study.source.title


def _seconds(params: Params, rows: Rows) -> float:
    """Estimate a run's time from runs that were timed with 160 to 6,400 training genes."""
    n, fits = len(rows.y) - rows.held_out, 2 * params.cv_folds * params.cv_repeats
    return 3.5 + fits * (0.115 + 6.6e-5 * n + 6.4e-9 * n**2) + params.permutations * 0.0165

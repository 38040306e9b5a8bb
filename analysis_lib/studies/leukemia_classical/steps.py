"""Classical models on the leukemia microarrays: chosen honestly, looked at once, interpreted."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np
import pandas as pd
from pydantic import Field

from analysis_lib.datasets import expression
from analysis_lib.errors import ParameterError
from analysis_lib.studies import leukemia
from analysis_lib.studies.leukemia import LeukemiaParams, Patients

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from sklearn.pipeline import Pipeline

    from analysis_lib.evaluation.clusters import Clusters


Model = Literal[
    "logistic_l2",
    "logistic_l1",
    "logistic_elastic",
    "svm_linear",
    "svm_rbf",
    "centroids",
    "voting",
    "forest",
    "xgboost",
]
SIMPLE = ("logistic_all", "svm_all")
_INNER, _LEAST_INSIDE = 5, 3


class Params(LeukemiaParams):
    """What a run of this study can be asked for."""

    transform: Literal["raw", "log10"] = Field(
        "log10", description="The values as they are, or log10 of the values clipped to 100–16,000."
    )
    models: list[Model] = Field(
        list(get_args(Model)),
        min_length=1,
        description="The line-up; the majority class is always beside it.",
    )
    cv_folds: int = Field(5, ge=3, le=20, description="Folds of the nested cross-validation.")
    cv_repeats: int = Field(3, ge=1, le=50, description="How often it is repeated, reshuffled.")
    shown_genes: int = Field(
        5, ge=1, le=15, description="Genes shown for each class.", examples=[10]
    )
    resamples: int = Field(
        200, ge=20, le=10_000, description="Draws of patients behind the stability of genes."
    )
    permutations: int = Field(
        200, ge=20, le=10_000, description="Label shufflings of the permutation test."
    )
    draws: int = Field(
        30, ge=5, le=1000, description="Draws behind the learning curve and the selection bias."
    )
    clusters: int = Field(2, ge=2, le=10, description="Groups that k-means looks for.")
    perplexity: float | None = Field(
        None, gt=1, le=100, description="Of t-SNE; nothing: 10, or what so few patients allow."
    )
    neighbours: int | None = Field(
        None,
        ge=2,
        le=100,
        description="Of UMAP and the quality measures; nothing: 10, or what the patients allow.",
    )
    embedding_seeds: int = Field(5, ge=2, le=50, description="Runs of each embedding.")
    bootstrap: int = Field(2000, ge=100, le=100_000, description="Resamples behind intervals.")


@dataclass(frozen=True)
class Scored:
    """Fitted models on patients that they have not seen, as tidy tables."""

    scores: pd.DataFrame
    confusion: pd.DataFrame
    report: pd.DataFrame


def load(params: Params) -> Patients:
    """Read or simulate the patients and hold a part of them out."""
    patients = leukemia.load(params, folds=params.cv_folds)
    inner_folds(patients, params)  # or say now that they are too few
    return patients


def values(patients: Patients, transform: expression.Transform) -> pd.DataFrame:
    """Return the values of all patients under another transform than the run's."""
    if transform == patients.params.transform:
        return patients.X
    return expression.transformed(patients.raw, transform)


def transforms(patients: Patients) -> tuple[expression.Transform, ...]:
    """Return the transforms that make sense: both are defined for microarrays of that time."""
    if patients.source.kind == "yours":
        return (patients.params.transform,)
    return ("raw", "log10")


def embeddings(patients: Patients, params: Params) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return all patients in the plane by three methods, and how far each can be trusted."""
    from analysis_lib.embedding import embeddings as embedded

    points, quality = embedded(
        filled(patients.X),
        patients.data.labels,
        seeds=range(params.seed, params.seed + params.embedding_seeds),
        perplexity=perplexity(patients, params),
        neighbours=neighbours(patients, params),
    )
    part = np.full(len(patients.names), "train", dtype=object)
    part[patients.test] = "test"
    parts = dict(zip(patients.names, part, strict=True))
    return points.assign(part=points["sample"].map(parts)), quality


def perplexity(patients: Patients, params: Params) -> float:
    """Return the perplexity of t-SNE: ten, or what so few patients allow, unless asked for."""
    return params.perplexity or min(10.0, (len(patients.names) - 1) / 3)


def neighbours(patients: Patients, params: Params) -> int:
    """Return the neighbours of UMAP and of the measures, as for the perplexity."""
    return params.neighbours or min(10, (len(patients.names) - 1) // 2)


def simple(patients: Patients, params: Params) -> Scored:
    """Fit logistic regression and a linear SVM to all genes, as public notebooks do.

    Twice, told apart by the column `held_out`: on a stratified split of all patients, and on the
    independent part, if there is one; under each transform, in the column `transform`.
    """
    parts = {"split": leukemia.split(patients)}
    if patients.how == "independent":
        parts["independent"] = patients.train, patients.test
    tables = []
    for held_out, (train, test) in parts.items():
        for transform in transforms(patients):
            X = values(patients, transform)
            fitted = {
                name: plain(name, patients).fit(X.to_numpy()[train], patients.y[train])
                for name in SIMPLE
            }
            scored = _scored(fitted, X.iloc[test], patients.y[test], patients, params)
            tables.append([t.assign(held_out=held_out, transform=transform) for t in scored])
    return Scored(*(pd.concat(part, ignore_index=True) for part in zip(*tables, strict=True)))


def influential(patients: Patients, params: Params) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the genes with the largest coefficients for each class, and the model's confusion."""
    fitted = all_genes(patients)
    table = coefficients(patients, fitted).merge(patients.data.genes, on="gene")
    shown = [table[table["coefficient"] * sign > 0].head(params.shown_genes) for sign in (1, -1)]
    genes = pd.concat(shown, ignore_index=True)
    genes["shown"] = [
        f"{row['row']} {_first_word(row['description'] or row['gene'])}"
        for row in genes.to_dict("records")
    ]
    X_test, y_test = patients.part(patients.test)
    scored = _scored({"logistic_all": fitted}, X_test, y_test, patients, params)
    return genes, scored[1]


def all_genes(patients: Patients) -> Pipeline:
    """Fit logistic regression to all genes of the training patients."""
    X, y = patients.part(patients.train)
    return plain("logistic_all", patients).fit(X.to_numpy(), y)


def coefficients(patients: Patients, fitted: Pipeline) -> pd.DataFrame:
    """Return gene and coefficient of that model, the largest first; zeros are left out."""
    from analysis_lib.models.microarray import weights

    return weights(fitted, list(patients.X.columns))


def clusters(patients: Patients, params: Params) -> dict[str, Clusters]:
    """Look for groups of the training patients without their labels, under each transform."""
    from analysis_lib.evaluation.clusters import k_means

    labels = patients.data.labels.to_numpy()[patients.train]
    return {
        transform: k_means(
            filled(values(patients, transform).iloc[patients.train]),
            labels,
            k=params.clusters,
            seed=params.seed,
        )
        for transform in transforms(patients)
    }


def placed(patients: Patients, found: Clusters) -> pd.DataFrame:
    """Return the clusters of the training patients with their places on two components."""
    from analysis_lib.embedding import pca

    points, _ = pca(filled(patients.X.iloc[patients.train]), n=2)
    return found.table.assign(
        cluster=found.table["cluster"] + 1, x=points["PC1"].to_numpy(), y=points["PC2"].to_numpy()
    )


def inner_folds(patients: Patients, params: Params) -> int:
    """Return the folds of the choice within a fold: five, or what the smaller class allows.

    A class must have two patients left when one fold within another is set aside: of a single
    one nobody knows how far its class spreads.
    """
    counts = np.bincount(patients.y[patients.train])
    smaller = int(counts.min())
    left = smaller - math.ceil(smaller / params.cv_folds)
    if left < _LEAST_INSIDE:
        raise ParameterError(
            f"Class {patients.classes[counts.argmin()]} is too small to choose settings by.",
            where="cv_folds",
            expected=f"at least {_LEAST_INSIDE} of its patients when one fold is set aside",
            got=f"{left} of {smaller}, with {params.cv_folds} folds",
            remedy="Give more patients of that class, or hold fewer out (test_size).",
        )
    return min(_INNER, left)


def check(params: Params) -> Sequence[tuple[str, str]]:
    """Read the data and say, as (topic, text), what a run would work on."""
    patients = load(params)
    inner = inner_folds(patients, params)
    return [
        *leukemia.described(patients),
        ("line-up", ", ".join(params.models)),
        ("chosen by", f"{params.cv_repeats} × {params.cv_folds} folds, {inner} inside each"),
        ("time", f"about {_seconds(params):.0f} s for the run"),
    ]


def _seconds(params: Params) -> float:
    """Estimate a run's time from runs on the published patients."""
    nested = 0.15 * len(params.models) * params.cv_folds * params.cv_repeats
    return 30 + nested + 0.04 * params.permutations + 0.2 * params.draws


def plain(name: str, patients: Patients) -> Pipeline:
    """Return one of the models of public notebooks, unfitted: all genes, nothing chosen."""
    from analysis_lib.models import microarray

    return microarray.plain(name, patients.params.seed, impute=patients.impute)


def filled(X: pd.DataFrame, by: pd.DataFrame | None = None) -> pd.DataFrame:
    """Fill missing values with the median of the gene: for what looks at no label."""
    return X.fillna((X if by is None else by).median()) if X.isna().to_numpy().any() else X


def _scored(
    fitted: Mapping[str, Pipeline],
    X: pd.DataFrame,
    y: NDArray[np.intp],
    patients: Patients,
    params: Params,
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Return scores, confusion and report of models on patients they have not seen."""
    from analysis_lib.evaluation import metrics, probabilities
    from analysis_lib.models.lineup import decision_values

    given = {"seed": params.seed, "n_bootstrap": params.bootstrap}
    scores, confusion, report = [], [], []
    for name, model in fitted.items():
        called = model.predict(X.to_numpy())
        decision = decision_values(model, X.to_numpy())
        scores.append(metrics.score_rows(name, "all", y, called, decision, **given))
        confusion.append(metrics.confusion_table(name, y, called, patients.classes))
        report.append(probabilities.class_report(name, y, called, patients.classes, **given))
    joined = (pd.concat(part, ignore_index=True) for part in (scores, confusion, report))
    return tuple(joined)  # type: ignore[return-value]


def _first_word(description: str) -> str:
    return description.split(maxsplit=1)[0].strip(",;:()") if description.split() else ""

"""A small Keras network on the leukemia microarrays: what it learns, and how much is luck."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd
from pydantic import Field

from analysis_lib import results
from analysis_lib.datasets import expression
from analysis_lib.studies import Prediction, leukemia
from analysis_lib.studies.leukemia import LeukemiaParams, Patients

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from sklearn.pipeline import Pipeline

    from analysis_lib.evaluation.choice import Choice
    from analysis_lib.evaluation.curves import Diagnosis
    from analysis_lib.models.kept import Description
    from analysis_lib.models.network import Network


THRESHOLD = 0.5
SEARCH_SEEDS = 3
"""Networks whose mean is scored where settings are chosen."""

PENALTIES = [0.1, 0.01]
"""On the squares of the weights of the regularised network, the strongest first."""

_BINS, _TAILS = 60, (0.005, 0.995)


class Params(LeukemiaParams):
    """What a run of this study can be asked for."""

    validation_size: float = Field(
        0.2,
        ge=0.05,
        le=0.5,
        description="Share of the training patients watched during training and not learned from.",
    )
    variance: float = Field(
        0.95, gt=0, lt=1, description="Share of the variance the principal components keep."
    )
    layers: list[int] = Field(
        [32, 16], max_length=8, description="Units of each hidden layer.", examples=[[8]]
    )
    activation: Literal["relu", "tanh", "elu", "selu", "gelu"] = Field(
        "relu", description="Of the hidden layers."
    )
    dropout: float = Field(0.0, ge=0, lt=1, description="Share of hidden units left out at random.")
    l2: float = Field(0.0, ge=0, le=100, description="Penalty on the squares of the weights.")
    learning_rate: float = Field(0.001, gt=0, le=1, description="Of the optimiser, Adam.")
    batch_size: int = Field(8, ge=1, le=10_000, description="Patients per step.")
    epochs: int = Field(200, ge=1, le=10_000, description="Passes over the training patients.")
    patience: int | None = Field(
        None,
        ge=1,
        description=(
            "Early stopping: epochs without a better validation loss before a network goes back "
            "to its best epoch; nothing: off."
        ),
    )
    class_weights: bool = Field(False, description="Let both classes weigh the same in the loss.")
    repeats: int = Field(10, ge=2, le=100, description="Networks, each with a seed of its own.")
    cv_folds: int = Field(
        5, ge=2, le=20, description="Folds in which the regularised network is chosen."
    )
    bootstrap: int = Field(2000, ge=100, le=100_000, description="Resamples behind intervals.")


@dataclass(frozen=True)
class Trained:
    """The networks: one pipeline of scaler, components and a network per seed.

    `fitted_on` and `watched` are positions of the training patients that it learned from, and
    of those whose loss was only looked at.
    """

    pipeline: Pipeline
    fitted_on: NDArray[np.intp]
    watched: NDArray[np.intp]

    @property
    def network(self) -> Network:
        """The last step."""
        network: Network = self.pipeline["network"]
        return network

    def inputs(self, X: pd.DataFrame) -> NDArray[np.float64]:
        """Return the principal components of patients."""
        return np.asarray(self.pipeline[:-1].transform(X))


def load(params: Params) -> Patients:
    """Read or simulate the patients and hold a part of them out."""
    return leukemia.load(params, folds=params.cv_folds)


def seeds(params: Params) -> list[int]:
    """Return the seed of every network."""
    return list(range(params.seed, params.seed + params.repeats))


def train(
    patients: Patients, params: Params, *, split_by: int | None = None, of: Sequence[int] = ()
) -> Trained:
    """Set some training patients aside, and train the networks on the others.

    Parameters
    ----------
    split_by : int, optional
        Seed of who is set aside; the run's own when not given.
    of : sequence of int
        Seeds of the networks; all of the run's when not given.
    """
    from analysis_lib.models.network import fit_watched, pipeline

    fitted_on, watched = _set_aside(patients, params, params.seed if split_by is None else split_by)
    network = _network(params, of or seeds(params))
    steps = pipeline(network, variance=params.variance, impute=patients.impute)
    fit_watched(steps, patients.part(fitted_on), patients.part(watched))
    return Trained(steps, fitted_on, watched)


def regularise(patients: Patients, params: Params) -> Choice:
    """Choose the number of genes and the penalty by cross-validation of the training patients.

    The chosen network is then trained on all of them, once per seed: nothing is watched.
    """
    from analysis_lib.evaluation.choice import choose
    from analysis_lib.models.microarray import Candidate
    from analysis_lib.models.network import pipeline

    search = _network(params, seeds(params)[:SEARCH_SEEDS])
    candidate = Candidate(
        pipeline(search, variance=params.variance, impute=patients.impute, genes=True),
        {"genes__k": numbers_of_genes(patients), "network__l2": PENALTIES},
        "neg_log_loss",
    )
    rows = patients.part(patients.train)
    choice = choose(candidate, *rows, folds=params.cv_folds, repeats=1, seed=params.seed)
    choice.pipeline.set_params(network__seeds=seeds(params)).fit(*rows)
    return choice


def numbers_of_genes(patients: Patients) -> list[int]:
    """Return the numbers of genes that are tried: fifty, five hundred and all."""
    genes = patients.X.shape[1]
    return sorted({min(number, genes) for number in (50, 500, genes)})


def histograms(patients: Patients, trained: Trained) -> pd.DataFrame:
    """Count the values of the patients learned from, as measured and as the components see them.

    The outermost bins of each panel hold everything beyond.
    """
    before = patients.raw.iloc[trained.fitted_on].to_numpy().ravel()
    steps = [name for name in ("impute", "scale") if name in trained.pipeline.named_steps]
    after = trained.pipeline[: len(steps)].transform(patients.X.iloc[trained.fitted_on]).ravel()
    parts = []
    for panel, values in (("original", before), ("scaled", after)):
        known = values[np.isfinite(values)]
        low, high = np.quantile(known, _TAILS)
        room = 0.5 if low == high else 0.0  # values may be all the same
        edges = np.linspace(low - room, high + room, _BINS + 1)
        counts, _ = np.histogram(np.clip(known, edges[0], edges[-1]), bins=edges)
        table = {"panel": panel, "low": edges[:-1], "high": edges[1:], "count": counts}
        parts.append(pd.DataFrame(table))
    return pd.concat(parts, ignore_index=True)


def components(patients: Patients, trained: Trained) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return all patients in the space of the components, and the variance of each of these."""
    names = np.full(len(patients.names), "learned from", dtype=object)
    names[trained.watched], names[patients.test] = "watched", "held out"
    inputs = trained.inputs(patients.X)
    points = pd.DataFrame(inputs[:, :3], columns=[f"PC{i + 1}" for i in range(inputs.shape[1])][:3])
    points["name"] = [
        f"patient {name} ({part})" for name, part in zip(patients.names, names, strict=True)
    ]
    points["label"] = patients.data.labels.to_numpy()
    ratio = trained.pipeline["pca"].explained_variance_ratio_
    table = {
        "component": [f"PC{i + 1}" for i in range(len(ratio))],
        "ratio": ratio,
        "cumulative": np.cumsum(ratio),
    }
    return points, pd.DataFrame(table)


def diagnosis(trained: Trained) -> Diagnosis:
    """Judge the learning curves of all networks."""
    from analysis_lib.evaluation.curves import diagnose

    return diagnose(trained.network.history_)


def keep(patients: Patients, trained: Trained) -> None:
    """Keep the trained networks in the run's folder; without a run nothing is kept."""
    from analysis_lib.models import kept

    place = results.path("model", kept.DESCRIPTION)
    if place is None:
        return
    description = {
        "genes": list(patients.X.columns),
        "classes": list(patients.classes),
        "threshold": THRESHOLD,
        "transform": patients.params.transform,
        "impute": patients.impute,
        "data": patients.source.record(len(patients.names)),
    }
    kept.save(place.parent, trained.pipeline, description)


def predict(run: Path, table: Path) -> Prediction:
    """Say what the networks of a run make of new samples.

    The table has the columns sample, call (a class), the probability of the second class (the
    mean of the networks), lowest and highest of the networks, and agree: the share of networks
    that call the same.
    """
    from analysis_lib.models import kept

    model = kept.load(run / "model")
    about = model.description
    X, notes = expression.read_samples(table, model.genes, allow_missing=about.impute)
    found = model.probabilities(expression.transformed(X, about.transform))
    mean, classes = found.mean(axis=1), about.classes
    second = mean > about.threshold
    called = pd.DataFrame(
        {
            "sample": X.index.astype(str),
            "call": np.array(classes)[second.astype(np.intp)],
            f"probability of {classes[1]}": mean,
            "lowest": found.min(axis=1),
            "highest": found.max(axis=1),
            "agree": ((found > about.threshold) == second[:, None]).mean(axis=1),
        }
    )
    return Prediction(called, (*_about(about), *notes))


def check(params: Params) -> Sequence[tuple[str, str]]:
    """Read the data and say, as (topic, text), what a run would work on."""
    patients = load(params)
    fitted_on, watched = _set_aside(patients, params, params.seed)
    return [
        *leukemia.described(patients),
        ("networks", f"{params.repeats}, {params.epochs} epochs each"),
        ("fitted on", f"{len(fitted_on)} patients; {len(watched)} more are watched"),
        ("time", f"about {12 + 0.003 * params.repeats * params.epochs:.0f} s for the run"),
    ]


def _about(model: Description) -> list[str]:
    kind, title = model.data.kind, model.data.title
    count, genes = len(model.seeds), len(model.genes)
    first = f"{count} networks on {genes:,} genes, made from {kind} data: {title}."
    if kind == "simulated":
        return [first, "They learned from simulated patients: what they say of real ones is void."]
    return [first]


def _network(params: Params, chosen: Sequence[int]) -> Network:
    from analysis_lib.models.network import Network

    names = ["activation", "dropout", "l2", "learning_rate", "batch_size", "epochs", "patience"]
    return Network(
        tuple(params.layers),
        balanced=params.class_weights,
        seeds=tuple(chosen),
        **{name: getattr(params, name) for name in names},
    )


def _set_aside(
    patients: Patients, params: Params, seed: int
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    from analysis_lib.evaluation.splits import stratified_split

    rest, watched = stratified_split(patients.y[patients.train], params.validation_size, seed)
    return patients.train[rest], patients.train[watched]

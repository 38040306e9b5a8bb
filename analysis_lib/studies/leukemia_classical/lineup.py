"""The line-up of the leukemia study: chosen by nested cross-validation, and put to the test."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from analysis_lib.datasets.golub_genes import LISTED
from analysis_lib.studies.leukemia import Patients
from analysis_lib.studies.leukemia_classical.steps import Params, filled, inner_folds, plain

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from analysis_lib.evaluation.choice import Choice
    from analysis_lib.evaluation.genes import Chooser
    from analysis_lib.evaluation.resampling import PermutationTest

STRONG = 0.3
"""Golub's threshold: a weaker vote is called uncertain."""

GENES = 50
"""Golub's number of genes."""

OFTEN = 0.9
"""A gene chosen in so many of the draws is no matter of who was measured."""

CHOICE_REPEATS = 5
"""How often the folds are drawn in which settings are chosen on all training patients."""

_SMALLEST = 10


@dataclass(frozen=True)
class Lineup:
    """The line-up: chosen by nested cross-validation, fitted, and looked at once.

    `nested` has the nested scores, `choices` what was fitted on all training patients, `errors`
    one row per model: model, errors, low, high, n, genes, setting.
    """

    nested: pd.DataFrame
    best: str
    choices: Mapping[str, Choice]
    errors: pd.DataFrame
    chance: tuple[float, float]
    unavailable: Mapping[str, str]


def lineup(patients: Patients, params: Params) -> Lineup:
    """Choose every model's settings and compare the models, by the training patients alone.

    Only then is each model, fitted on all of them, looked at on the patients held out.
    """
    from analysis_lib.evaluation import nested
    from analysis_lib.evaluation.choice import choose
    from analysis_lib.models import lineup as models
    from analysis_lib.models.microarray import candidates

    X, y = patients.part(patients.train)
    offered = candidates(
        [*params.models, "baseline"], params.seed, X.shape[1], impute=patients.impute
    )
    folds = {"folds": params.cv_folds, "seed": params.seed}
    found = nested.nested_cv(
        offered,
        X,
        y,
        repeats=params.cv_repeats,
        inner_folds=inner_folds(patients, params),
        **folds,
    )
    scores = nested.summary(found.folds)
    choices = {
        name: choose(candidate, X.to_numpy(), y, repeats=CHOICE_REPEATS, **folds)
        for name, candidate in offered.items()
    }
    absent = {str(m): why for m, why in models.unavailable().items() if m in params.models}
    return Lineup(
        nested=scores,
        best=nested.best(scores),
        choices=choices,
        errors=_errors(choices, patients),
        chance=nested.chance_interval(y, params.cv_folds),
        unavailable=absent,
    )


def votes(patients: Patients) -> pd.DataFrame:
    """Return the strength of Golub's vote for each patient held out, on values as measured.

    Columns sample, truth, predicted, strength, sure.
    """
    from analysis_lib.models.voting import WeightedVoting

    raw = (
        filled(patients.raw.iloc[patients.train]),
        filled(patients.raw.iloc[patients.test], by=patients.raw.iloc[patients.train]),
    )
    voting = WeightedVoting(genes=GENES).fit(raw[0].to_numpy(), patients.y[patients.train])
    strength = voting.prediction_strength(raw[1].to_numpy())
    names = np.array(patients.classes)
    return pd.DataFrame(
        {
            "sample": np.array(patients.names)[patients.test],
            "truth": names[patients.y[patients.test]],
            "predicted": names[voting.predict(raw[1].to_numpy())],
            "strength": strength,
            "sure": strength > STRONG,
        }
    )


def stability(patients: Patients, params: Params) -> pd.DataFrame:
    """Return how often each gene is among those that weighted voting chooses.

    The column `listed` says which are on Golub's list.
    """
    from analysis_lib.evaluation import genes
    from analysis_lib.models.voting import WeightedVoting

    def chosen(X: NDArray[np.float64], y: NDArray[np.intp]) -> genes.Chosen:
        voting = WeightedVoting(genes=GENES).fit(X, y)
        return voting.chosen_, voting.weights_

    X, y = patients.part(patients.train)
    table = genes.stability(_filling(chosen), X, y, resamples=params.resamples, seed=params.seed)
    described = table.merge(patients.data.genes[["gene", "description"]], on="gene")
    return described.assign(listed=described["gene"].isin(LISTED))


def selection_bias(patients: Patients, params: Params) -> pd.DataFrame:
    """Cross-validate with the genes chosen before the folds and inside them."""
    from analysis_lib.evaluation import genes
    from analysis_lib.models.microarray import f_scores

    return genes.selection_bias(
        plain("logistic_all", patients),
        *patients.part(patients.train),
        chooser=_filling(genes.strongest(f_scores, GENES)),
        draws=params.draws,
        folds=params.cv_folds,
        seed=params.seed,
    )


def permute(patients: Patients, params: Params, found: Lineup) -> PermutationTest:
    """Shuffle the labels and see what the best model scores, with the settings it was given."""
    from sklearn.base import clone

    from analysis_lib.evaluation.resampling import permutation_test

    X, y = patients.part(patients.train)
    return permutation_test(
        clone(found.choices[found.best].pipeline),
        X,
        y,
        folds=params.cv_folds,
        permutations=params.permutations,
        seed=params.seed,
    )


def learning(patients: Patients, params: Params, found: Lineup) -> pd.DataFrame:
    """Return the accuracy on the patients held out after learning from more and more others."""
    from sklearn.base import clone

    from analysis_lib.evaluation.learning import curve

    models = {
        found.best: clone(found.choices[found.best].pipeline),
        "logistic_all": plain("logistic_all", patients),
        "baseline": clone(found.choices["baseline"].pipeline),
    }
    return curve(
        models,
        *patients.part(patients.train),
        *patients.part(patients.test),
        sizes=sizes(patients),
        draws=params.draws,
        seed=params.seed,
    )


def sizes(patients: Patients) -> list[int]:
    """Return the numbers of patients that the learning curve has, up to all training patients."""
    most = len(patients.train)
    return sorted({int(n) for n in np.linspace(min(_SMALLEST, most), most, 6).round()})


def _errors(choices: Mapping[str, Choice], patients: Patients) -> pd.DataFrame:
    from analysis_lib.evaluation.choice import in_words
    from analysis_lib.evaluation.intervals import of_errors
    from analysis_lib.models.microarray import genes_used

    X, y = patients.part(patients.test)
    rows = []
    for name, choice in choices.items():
        wrong = int((choice.pipeline.predict(X.to_numpy()) != y).sum())
        used, setting = genes_used(choice.pipeline), in_words(choice.params)
        rows.append((name, wrong, *of_errors(wrong, len(y)), len(y), used, setting))
    columns = ["model", "errors", "low", "high", "n", "genes", "setting"]
    return pd.DataFrame(rows, columns=columns)


def _filling(chooser: Chooser) -> Chooser:
    """Return a chooser that fills what is missing by the rows it chooses on."""
    return lambda X, y: chooser(filled(pd.DataFrame(X)).to_numpy(), y)

"""What the study of classical models did, in sentences for a methods section."""

from __future__ import annotations

from typing import TYPE_CHECKING

from analysis_lib.studies.leukemia import Patients
from analysis_lib.studies.leukemia_classical.lineup import CHOICE_REPEATS, GENES, STRONG, Lineup
from analysis_lib.studies.leukemia_classical.lineup import sizes as learned_from
from analysis_lib.studies.leukemia_classical.steps import (
    Params,
    inner_folds,
    neighbours,
    perplexity,
    transforms,
)
from analysis_lib.studies.leukemia_report import patients_sentences
from analysis_lib.studies.sentences import (
    SHARE_INTERVALS,
    WIDER,
    bootstrapped,
    listed,
    number,
    numbers,
    percent,
    permuted,
    times,
)

if TYPE_CHECKING:
    from analysis_lib.models.microarray import Candidate

MODELS = {
    "logistic_l2": ("logistic regression with an L2 penalty", ""),
    "logistic_l1": ("logistic regression with an L1 penalty", " [@tibshirani1996]"),
    "logistic_elastic": ("logistic regression with an elastic net, half of it L1", " [@zou2005]"),
    "svm_linear": ("a linear support vector machine", " [@cortes1995]"),
    "svm_rbf": ("a support vector machine with a radial kernel", " [@cortes1995]"),
    "centroids": ("nearest shrunken centroids", " [@tibshirani2002]"),
    "voting": (f"weighted voting of {GENES} genes", " [@golub1999]"),
    "forest": ("a random forest of 200 trees", " [@breiman2001]"),
    "xgboost": ("50 gradient-boosted trees", " by [pkg:xgboost]"),
}
"""What each model is called, and what stands behind its settings."""

MACHINES = ("svm_linear", "svm_rbf")
_SETTINGS = {"model__C": "C", "model__shrink": "shrinkage"}
_VALUES = {"raw": "as measured", "log10": "as log10"}
_INTERVALS = (*SHARE_INTERVALS, "that which follows from Wilson's for F1")


def methods(patients: Patients, params: Params, found: Lineup) -> list[str]:
    """Say what was done, with the values of every parameter that had a part in it."""
    return [
        *patients_sentences(patients),
        _pictures(patients, params),
        _groups(patients, params),
        _plain(patients, params),
        _lineup(patients, params, found),
        _nested(patients, params, found),
        _looked(params, found),
        _votes(params),
        _bias(params),
        _last(patients, params),
    ]


def _pictures(patients: Patients, params: Params) -> str:
    near = neighbours(patients, params)
    again = params.embedding_seeds - 1
    return (
        "All patients were plotted by their standardised genes: on two principal components, by "
        f"t-SNE (perplexity {number(perplexity(patients, params))}, early exaggeration 2, a "
        "learning rate of a sixteenth of the patients) [@maaten2008] and by UMAP "
        f"({near:,} neighbours, [pkg:umap-learn]) [@mcinnes2018], both from the first two "
        f"components at first and {times(again)} more from random starts; trustworthiness "
        "[@venna2001], the classes of neighbours and, between the starts, the Jaccard overlap of "
        f"neighbours were measured with {near:,} neighbours."
    )


def _groups(patients: Patients, params: Params) -> str:
    return (
        f"k-means [@lloyd1982] looked for {params.clusters} groups of the training patients on "
        f"standardised genes, with values {_both(patients)}, the best of 5,000 k-means++ "
        "starts counting, beside 100 runs of one start each; they were held against the classes "
        "by purity and the adjusted Rand index [@hubert1985], and judged without them by the "
        "silhouette [@rousseeuw1987]."
    )


def _plain(patients: Patients, params: Params) -> str:
    parts = [f"on a stratified split of all patients ({percent(params.test_size)} held out)"]
    if patients.how == "independent":
        parts.append("on the data's own two parts")
    return (
        "As in public notebooks, logistic regression with an L2 penalty and a linear support "
        f"vector machine (C = 1, [pkg:scikit-learn]) were fitted to all standardised genes, "
        f"{_both(patients)}, {listed(parts)}; the {bootstrapped(params.bootstrap, _INTERVALS)}, "
        "for precision and recall Wilson's alone. The influence of a gene was its coefficient in "
        "that regression of the training patients."
    )


def _both(patients: Patients) -> str:
    return listed(_VALUES[transform] for transform in transforms(patients))


def _lineup(patients: Patients, params: Params, found: Lineup) -> str:
    from analysis_lib.models.microarray import candidates

    run = [name for name in found.choices if name != "baseline"]
    offered = candidates(run, params.seed, patients.X.shape[1], impute=patients.impute)
    told = [f"{_settings(offered[name])}".join(MODELS[name]) for name in run]
    return f"The line-up, beside the larger class, was: {'; '.join(told)}."


def _settings(candidate: Candidate) -> str:
    """Return in brackets among which settings the choice was."""
    told, grid = [], dict(candidate.grid)
    if "genes" in candidate.pipeline.named_steps:
        offered = grid.pop("genes__k", [candidate.pipeline["genes"].k])
        told.append(f"{numbers(offered, 'or')} genes")
    told += [f"{_SETTINGS[name]} {numbers(values, 'or')}" for name, values in grid.items()]
    return f" ({', '.join(told)})" if told else ""


def _nested(patients: Patients, params: Params, found: Lineup) -> str:
    return (
        f"Models were compared by stratified {params.cv_folds}-fold cross-validation of the "
        f"training patients, run {times(params.cv_repeats)}, and the one of lowest log loss "
        f"counted as best{_sigmoid(found)}; {_chosen(patients, params, found)}. 95 % intervals "
        f"were corrected resampled t intervals [@nadeau2003], of accuracy {WIDER} of these and of "
        "Wilson's [@wilson1927]."
    )


def _chosen(patients: Patients, params: Params, found: Lineup) -> str:
    """Say how settings were chosen, if there were any to choose."""
    anew = "within each training part genes and scaling were chosen anew"
    if not any(choice.params for choice in found.choices.values()):
        return anew
    by = "log loss" + (", of support vector machines by accuracy" if _machines(found) else "")
    return (
        f"{anew}, and so were settings [@varma2006], by {inner_folds(patients, params)}-fold "
        f"cross-validation and {by}: of those within one standard error of the best "
        "[@breiman1984] the simplest, of fewest genes, then of the strongest penalty"
    )


def _sigmoid(found: Lineup) -> str:
    """Say where probabilities came from, of models that give none."""
    silent = [*(["support vector machines"] if _machines(found) else [])]
    silent += ["weighted voting"] if "voting" in found.choices else []
    if not silent:
        return ""
    return (
        f" ({listed(silent)} got probabilities by Platt's sigmoid [@platt1999] of decision values "
        "cross-validated in the training part)"
    )


def _machines(found: Lineup) -> bool:
    return any(name in found.choices for name in MACHINES)


def _looked(params: Params, found: Lineup) -> str:
    chosen = (
        f"with settings chosen in the same way by {params.cv_folds}-fold cross-validation of "
        f"these, run {times(CHOICE_REPEATS)}, "
        if any(choice.params for choice in found.choices.values())
        else ""
    )
    return (
        f"In the end each model was fitted to all training patients, {chosen}and was looked at "
        "once on those held out, its errors with Wilson's interval."
    )


def _votes(params: Params) -> str:
    return (
        f"Weighted voting of {GENES} genes, values as measured, was also put to the patients held "
        f"out as published [@golub1999], calls of a strength above {number(STRONG)} counting as "
        f"strong; how often a gene is among the {GENES} was counted over {params.resamples:,} "
        "draws of four fifths of the training patients, without replacement and within the classes "
        "[@meinshausen2010]."
    )


def _bias(params: Params) -> str:
    return (
        f"Selection bias [@ambroise2002] was shown by choosing the {GENES} genes of the largest F "
        "statistic before or inside the folds of a stratified "
        f"{params.cv_folds}-fold cross-validation of logistic regression, on true and on shuffled "
        f"labels, {times(params.draws)}."
    )


def _last(patients: Patients, params: Params) -> str:
    steps = learned_from(patients)
    return (
        "The best model, with the settings it was given, was put to a permutation test: its "
        f"accuracy in {params.cv_folds}-fold cross-validation of the training patients was held "
        f"against {params.permutations:,} shuffles of the labels, and "
        f"{permuted(params.permutations)}. Learning curves are means over {params.draws:,} draws "
        f"of {numbers(steps, 'or')} training patients, judged by those held out. Everything drawn "
        f"at random was drawn from the seed {params.seed}."
    )

"""What the study of differential expression did, in sentences for a methods section."""

from __future__ import annotations

from analysis_lib.datasets.identifiers import counted
from analysis_lib.studies.dge.learning import Comparison
from analysis_lib.studies.dge.steps import CLASSES, Params, Rows, Study, diagnosis
from analysis_lib.studies.sentences import (
    SHARE_INTERVALS,
    WIDER,
    bootstrapped,
    listed,
    number,
    percent,
    permuted,
    times,
)

FEATURES = {
    "logFC": "the log2 fold change",
    "pvalue": "the p-value",
    "baseMean": "the mean expression",
}
MODELS = {
    "logistic": "logistic regression with an L2 penalty (C = 1)",
    "svm": "a support vector machine with a radial kernel (C = 1) [@cortes1995]",
    "forest": "a random forest of 100 trees [@breiman2001]",
    "xgboost": "gradient-boosted trees with the default settings of [pkg:xgboost]",
}


def methods(study: Study, rows: Rows, comparison: Comparison) -> list[str]:
    """Say what was done, with the values of every parameter that had a part in it."""
    params = study.params
    return [
        _calls(study),
        *_histogram(study),
        _seen(study, rows),
        _models(comparison),
        _folds(params),
        "Each model was then fitted to all training genes and judged by the held-out ones; the "
        f"{bootstrapped(params.bootstrap, SHARE_INTERVALS)}.",
        _audit(rows, comparison),
        "Principal components were those of the standardised features of all genes that the "
        "models saw; an L1-penalised logistic regression "
        f"(liblinear, C = {number(params.lasso_C)}) [@tibshirani1996] of the standardised "
        "features was fitted to the training genes.",
        _permutation(params, rows, comparison),
        f"Everything drawn at random was drawn from the seed {params.seed}.",
    ]


def _calls(study: Study) -> str:
    params, p = study.params, "a p-value"
    if params.p_value == "adjusted":
        given = "padj" in study.table.genes
        how = "as the table gives it" if given else "by Benjamini and Hochberg [@benjamini1995]"
        p = f"an adjusted p-value ({how})"
    beyond = f"beyond ±{number(params.lfc_threshold)}" if params.lfc_threshold else "other than 0"
    missing = study.calls["not tested"]
    untold = f"; {counted(missing, 'gene')} without these numbers got no call" if missing else ""
    return (
        f"Of {counted(len(study.genes), 'gene')}, those with {p} below "
        f"{number(params.p_threshold)} and a log2 fold change {beyond} were called up or down by "
        f"its sign{untold}."
    )


def _histogram(study: Study) -> list[str]:
    if diagnosis(study).shape == "too few":
        return []
    return [
        "The share of unchanged genes was estimated from the raw p-values above 0.5 [@storey2003], "
        "and the shape of their histogram judged by binomial tests of its ends against its middle "
        "(20 bins, level 0.001)."
    ]


def _seen(study: Study, rows: Rows) -> str:
    total, seen, params = len(study.genes), len(rows.y), study.params
    conditions = [
        "had every feature" if any(why.startswith("no ") for why, _ in rows.left_out) else "",
        f"were called {listed(CLASSES[::-1], 'or')}" if params.classify == "significant" else "",
    ]
    which = f"{seen:,} of {counted(total, 'gene')}" if seen < total else f"all {total:,} genes"
    if told := listed(filter(None, conditions)):
        which += f", of those that {told}"
    if any(why.startswith("more than max_genes") for why, _ in rows.left_out):
        which += ", drawn at random within the classes"
    alike = [FEATURES[name] for name in rows.constant]
    without = f" ({listed(alike)}, the same for all genes, was left out)" if alike else ""
    return (
        "Classifiers learned whether a gene's fold change was positive from "
        f"{listed(FEATURES[name] for name in rows.features)}{without}; they saw {which}, and a "
        f"stratified {percent(params.test_size)} of these ({counted(len(rows.test), 'gene')}) was "
        "held out."
    )


def _models(comparison: Comparison) -> str:
    run = [str(name) for name in dict.fromkeys(comparison.scores["model"]) if name != "baseline"]
    were = "The models were" if len(run) > 1 else "The model was"
    return (
        f"{were} {listed(MODELS[name] for name in run)}, beside always naming the larger class; "
        "features were standardised by the genes that a model learned from, and all other settings "
        "were the defaults of [pkg:scikit-learn]."
    )


def _folds(params: Params) -> str:
    again, all_folds = params.cv_repeats - 1, params.cv_folds * params.cv_repeats
    reshuffled = f" the folds were reshuffled {times(again)} more, and" if again else ""
    return (
        f"Models were compared by their mean accuracy in stratified {params.cv_folds}-fold "
        f"cross-validation of the training genes, in the order of the split;{reshuffled} the 95 % "
        f"interval was {WIDER} of the corrected resampled t interval [@nadeau2003] over "
        f"{all_folds:,} folds and of Wilson's [@wilson1927]."
    )


def _audit(rows: Rows, comparison: Comparison) -> str:
    told = listed(FEATURES[name] for name in comparison.leaking)
    found = "none did"
    if comparison.leaking:
        left = len(comparison.leaking) < len(rows.features)
        then = "all models were fitted and judged without it as well" if left else "none was left"
        found = f"{told} did, and {then}"
    return (
        "A feature counted as giving the label away when the best single cut of it, among all "
        "genes that the models saw, made at most a tenth of the errors of guessing the larger "
        f"class: {found}."
    )


def _permutation(params: Params, rows: Rows, comparison: Comparison) -> str:
    left = len(comparison.leaking) < len(rows.features)
    without = " without the leaking features" if comparison.leaking and left else ""
    return (
        f"Logistic regression{without} was put to a permutation test: its accuracy in "
        f"{params.cv_folds}-fold cross-validation of the training genes was held against "
        f"{params.permutations:,} shuffles of the labels, and {permuted(params.permutations)}."
    )

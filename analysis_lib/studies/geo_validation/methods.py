"""What the validation by sequencing did, in sentences for a methods section."""

from __future__ import annotations

import math

from analysis_lib.datasets.identifiers import counted
from analysis_lib.evaluation.lines import CERTAIN, LIKELY
from analysis_lib.studies.geo_validation.cells import Validation
from analysis_lib.studies.geo_validation.profiles import Answers, Profiles
from analysis_lib.studies.sentences import listed, number

_CONDITIONS = (
    "were tdTomato positive",
    "had passed the quality checks",
    "were GABA-ergic or glutamatergic neurons",
)


def methods(validation: Validation, pair: Profiles, found: Answers) -> list[str]:
    """Say what was done, with the values of every parameter that had a part in it."""
    return [
        f"The linear models of the run {validation.params.models} predicted the expression of "
        f"{counted(len(validation.models.genes), 'gene')} in "
        f"{counted(len(validation.features), 'cell')} from their electrophysiology, and were held "
        f"against {counted(len(validation.counts.cells), 'sequenced cell')}.",
        *_filter(validation),
        _profiles(validation, pair),
        *_labels(found),
        _identified(found),
        _genes(validation, found),
        _maps(validation),
        f"Everything drawn at random was drawn from the seed {validation.params.seed}.",
    ]


def _filter(validation: Validation) -> list[str]:
    told = []
    if any("alone and left out" in note for note in validation.counts.notes):
        told.append(
            "Cells that only one of counts and table of cells holds were left out before that."
        )
    if validation.params.quality:
        steps = validation.funnel["step"].tolist()[1:]
        conditions = [
            condition
            for condition, step in zip(_CONDITIONS, steps, strict=True)
            if not step.endswith("(not recorded)")
        ]
        if conditions:
            told.append(
                f"Of these those were kept that {listed(conditions)}: "
                f"{counted(int(validation.passed.sum()), 'cell')}."
            )
    return [" ".join(told)] if told else []


def _profiles(validation: Validation, pair: Profiles) -> str:
    params = validation.params
    genes = f"{pair.predicted.shape[1]:,} genes"
    which = (
        f"the {genes} that the models predict beyond chance and that were counted"
        if params.genes == "predictable"
        else f"all {genes} that have a model and were counted"
    )
    return (
        "Counts were taken as log2(CPM + 1), and predicted as well as measured expression was "
        f"averaged over the cells of each line with at least {counted(params.least_cells, 'cell')} "
        f"on either side ({counted(len(pair.predicted), 'line')}), on {which}."
    )


def _labels(found: Answers) -> list[str]:
    told = (
        "With every gene's mean over the lines taken off, each predicted line was correlated "
        "(Pearson) with the measured one of its name; the mean of these was held against "
        f"{_orders(found.test.exact, len(found.test.null))} of the names, p being the share of "
        "orders, the true one included, that give as much [@phipson2010]."
    )
    within = found.within
    if within is None or math.isnan(within.observed):
        return [told]
    return [
        told,
        "The same was asked among lines of one kind, excitatory or inhibitory, with means taken "
        f"off and names shuffled within the kind ({_orders(within.exact, len(within.null))}).",
    ]


def _orders(exact: bool, count: int) -> str:
    return f"all {count:,} orders" if exact else f"{count:,} random orders"


def _identified(found: Answers) -> str:
    certain, likely = number(CERTAIN), number(LIKELY)
    rules = f"no when p was not below {likely}, and partly otherwise, as kinds were not known"
    if found.within is not None:
        rules = (
            f"yes when p was below {certain}, that interval above chance and p within kinds below "
            f"{likely}, no when p was not below {likely}, and partly otherwise"
        )
    return (
        "A line counted as recognised when its own measured profile was the most similar one, with "
        "Wilson's 95 % interval of the share [@wilson1927]. By rules fixed beforehand the answer "
        f"was {rules}."
    )


def _genes(validation: Validation, found: Answers) -> str:
    return (
        "A gene followed the lines when Spearman's correlation over them of its predicted with its "
        f"measured mean was above what {_orders(found.genes.exact, len(found.genes.null))} of the "
        "lines gave (one-sided), at a false-discovery rate of "
        f"{number(validation.params.fdr)} by Benjamini and Hochberg [@benjamini1995]."
    )


def _maps(validation: Validation) -> str:
    params = validation.params
    few = min(int(validation.passed.sum()), len(validation.features))
    fewer = ", fewer where there were too few cells"
    perplexity = number(params.perplexity) + (fewer if params.perplexity > (few - 1) / 3 else "")
    near = f"{params.neighbours:,}" + (fewer if params.neighbours > (few - 1) // 2 else "")
    return (
        "Cells were plotted by PCA, t-SNE [@maaten2008] and UMAP ([pkg:umap-learn]) [@mcinnes2018] "
        f"on at most the {params.top_genes:,} most variable genes, as measured and as predicted, "
        "and on their standardised features; t-SNE and UMAP saw at most "
        f"{params.components:,} principal components and began with the first two (perplexity "
        f"{perplexity}, early exaggeration 2; {near} neighbours). Trustworthiness [@venna2001], "
        "the share of neighbours of the same line and the silhouette [@rousseeuw1987] were held "
        "against what chance gives."
    )

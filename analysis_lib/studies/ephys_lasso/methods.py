"""What the study of electrophysiology did, in sentences for a methods section."""

from __future__ import annotations

from analysis_lib.datasets.identifiers import counted
from analysis_lib.studies.ephys_lasso.learning import PUBLISHED_ALPHA, of_two_kinds
from analysis_lib.studies.ephys_lasso.neurons import Neurons, Params
from analysis_lib.studies.sentences import listed, number, percent, times

_PENALTIES = {
    "lasso": "100 that are evenly spaced in the logarithm, from the smallest that leaves no "
    "coefficient down to a thousandth of it,",
    "ridge": "36 that are evenly spaced in the logarithm, from 100,000 down to 0.01,",
}


def methods(neurons: Neurons) -> list[str]:
    """Say what was done, with the values of every parameter that had a part in it."""
    params = neurons.params
    return [
        _genes(neurons),
        _model(params),
        _scores(neurons),
        _null(neurons),
        _called(params),
        _final(params),
        *_cells(neurons),
        f"The order of samples, the folds, shuffles and draws came from the seed {params.seed}.",
    ]


def _genes(neurons: Neurons) -> str:
    kinds = neurons.types.about["kind"].value_counts()
    told = listed(
        f"{kinds[kind]:,} {word}"
        for kind, word in (("exc", "excitatory"), ("inh", "inhibitory"))
        if kind in kinds
    )
    left = neurons.funnel["genes"].tolist()
    most = ""
    if neurons.params.top_genes is not None and left[-1] < left[-2]:
        most = f", and of these the {left[-1]:,} that vary most"
    features = counted(len(neurons.features), "feature")
    return (
        f"The expression of each of {counted(len(neurons.genes), 'gene')} in "
        f"{counted(len(neurons.X), 'sample')}{f' ({told})' if told else ''} was modelled by "
        f"{features} of electrophysiology; of the {left[0]:,} genes in the table those were taken "
        "that vary between the samples and have a symbol, of several with one symbol the one of "
        f"the highest mean{most}."
    )


def _model(params: Params) -> str:
    scaled = (
        "standardised by the samples that it was fitted to"
        if params.standardise
        else "in their own units"
    )
    return f"The model of a gene was {_named(params)} of the features, {scaled}. {_penalty(params)}"


def _named(params: Params) -> str:
    if params.method == "elastic_net":
        share = number(params.l1_ratio)
        return f"an elastic net [@zou2005] (a share of {share} of the penalty that of the Lasso)"
    return {"lasso": "a Lasso [@tibshirani1996]", "ridge": "a ridge regression [@hoerl1970]"}[
        params.method
    ]


def _penalty(params: Params) -> str:
    ridge = params.method == "ridge"
    if params.penalty == "fixed":
        scale = "sum" if ridge else "mean"
        chosen = (
            f"Its penalty was alpha = {number(params.alpha)} for every gene, beside the {scale} of "
            "squared errors."
        )
    else:
        tried = _PENALTIES["ridge" if ridge else "lasso"]
        chosen = (
            f"Its penalty was, of {tried} the one with the smallest mean squared error in "
            f"{params.cv_folds}-fold cross-validation, chosen for each gene by itself."
        )
    if ridge:
        return chosen
    return (
        f"{chosen} The paths of all genes were followed from knot to knot [@efron2004], or by "
        "coordinate descent [@friedman2010] where that failed, in code compiled by Numba "
        "[@lam2015]."
    )


def _scores(neurons: Neurons) -> str:
    params = neurons.params
    inside = [
        "standardisation" if params.standardise else "",
        "the choice of the penalty" if params.penalty == "chosen" else "",
    ]
    made = listed(filter(None, inside))
    verb = "were" if all(inside) else "was"
    anew = f", in which {made} {verb} made anew" if made else ""
    others = [
        "linear regression ([pkg:scikit-learn])",
        f"the Lasso of a public notebook (alpha = {number(PUBLISHED_ALPHA)}, features not scaled)",
    ]
    if of_two_kinds(neurons):
        others.append("the mean of the excitatory or inhibitory samples")
    return (
        f"Models were scored by {params.cv_folds}-fold cross-validation of shuffled samples, run "
        f"{times(params.cv_repeats)}{anew}, beside {listed(others)} in the same folds; R² was "
        "1 − SSE/SST of the held-out samples of all folds, SST about the mean of the samples "
        "learned from, and R² and RMSE were averaged over the runs."
    )


def _null(neurons: Neurons) -> str:
    params, genes = neurons.params, len(neurons.genes)
    value = f"its R² in {params.cv_folds}-fold cross-validation"
    if params.penalty == "chosen":
        value = f"its best R² over the penalties in {params.cv_folds}-fold cross-validation"
    looked = f"all {genes:,} genes"
    if genes > params.permuted_genes:
        looked = f"{params.permuted_genes:,} genes drawn at random"
    return (
        f"Whether a gene is predicted better than chance was asked of {value}, held against the "
        f"same of {looked} after the features had been shuffled against the expression of the "
        f"samples, {times(params.permutations)} and alike for all genes."
    )


def _called(params: Params) -> str:
    fdr = number(params.fdr)
    return (
        "The p-value of a gene was (1 + the number of shuffled values at least as high) / (1 + the "
        "number of shuffled values), over all genes looked at [@phipson2010], and q came of it by "
        "Benjamini and Hochberg's procedure [@benjamini1995]. A gene was called predictable if its "
        f"q was at most {fdr} and the number of such genes was itself beyond chance (p at most "
        f"{fdr}, every shuffle counting once)."
    )


def _final(params: Params) -> str:
    penalty = "with the penalties of all samples"
    if params.method == "ridge" and params.penalty == "chosen":
        penalty = "with penalties chosen anew"
    return (
        "The models kept were fitted to all samples; their coefficients were looked at again in "
        f"{params.resamples:,} draws of {percent(0.5)} of the samples without replacement "
        f"[@meinshausen2010], {penalty}."
    )


def _cells(neurons: Neurons) -> list[str]:
    cells = neurons.cells
    if cells is None:
        return []
    used, lacking = len(cells.features), bool((cells.missing["missing"] > 0).any())
    which = counted(used, "cell")
    if lacking and neurons.params.missing == "impute":
        which += ", a missing feature given the median of the other cells"
    elif lacking:
        which = f"the {used:,} of {cells.total:,} cells that have every feature"
    return [
        f"The models predicted the expression of {which}; a prediction was called extrapolated "
        "when the cell lay beyond all samples in some feature."
    ]

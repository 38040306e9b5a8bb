"""The study of electrophysiology in words: what was read, what predicts, and what does not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from analysis_lib.datasets.identifiers import counted
from analysis_lib.models.gene_models import GeneModels
from analysis_lib.studies.ephys_lasso.learning import KIND, LINEAR, OURS, PUBLISHED, Found, of_model
from analysis_lib.studies.ephys_lasso.neurons import Neurons, Params, notes

if TYPE_CHECKING:
    from analysis_lib.evaluation.coefficients import Stability

METHODS = {"lasso": "Lasso", "elastic_net": "Elastic net", "ridge": "Ridge"}
_STEADY = 0.8
_NAMED = 3


def titles(params: Params) -> dict[str, str]:
    """Return the names of the models that are compared."""
    how = "penalty chosen per gene" if params.penalty == "chosen" else f"alpha = {params.alpha:g}"
    return {
        OURS: f"{METHODS[params.method]}, {how}",
        PUBLISHED: "Lasso, alpha = 0.01, unscaled",
        LINEAR: "Linear regression",
        KIND: "Mean of the kind",
    }


def data_sentences(neurons: Neurons) -> list[str]:
    """Say what the models learn from."""
    X, Y = neurons.X, neurons.Y
    first = int(neurons.funnel["genes"].iloc[0])
    kinds = neurons.types.about["kind"].value_counts()
    told = " and ".join(
        f"{kinds[kind]} {words}"
        for kind, words in (("exc", "excitatory"), ("inh", "inhibitory"))
        if kind in kinds
    )
    return [
        f"Models learn from {counted(len(X), 'sample')}{f' ({told})' if told else ''} with "
        f"{counted(X.shape[1], 'feature')} each. Of {first:,} genes in the table, "
        f"{Y.shape[1]:,} are modelled.",
        *notes(neurons),
    ]


def cells_sentence(neurons: Neurons) -> str:
    """Say how many cells are there to predict, and why others are not."""
    cells = neurons.cells
    if cells is None:
        return "There is no table of cells, so none are predicted."
    used, missing = len(cells.features), cells.missing[cells.missing["missing"] > 0]
    worst = missing.sort_values("missing", ascending=False, kind="stable")
    named = ", ".join(f"{row['feature']} in {row['missing']:,}" for row in worst.to_dict("records"))
    if missing.empty:
        return f"All {counted(used, 'cell', 'has')} every feature."
    if neurons.params.missing == "impute":
        return f"Missing ({named}) were given the median of the other cells; all {used:,} stay."
    return (
        f"{used:,} of {cells.total:,} cells have every feature; {cells.total - used:,} are left "
        f"out. Missing are: {named}."
    )


def scores_sentences(compared: pd.DataFrame, params: Params) -> list[str]:
    """Say how the models do on samples they have not seen, and what training scores hide."""
    said = titles(params)
    ours, linear = of_model(compared, OURS), of_model(compared, LINEAR)
    published = of_model(compared, PUBLISHED)
    sentences = [
        f"Median R² on samples held out: {_r2(ours['r2_test'])} for {_lower(said[OURS])}, "
        f"{_r2(linear['r2_test'])} for linear regression, "
        f"{_r2(published['r2_test'])} for the published notebook's Lasso.",
        "On the samples they were fitted to, the same models reach "
        f"{_r2(ours['r2_train'])}, "
        f"{_r2(linear['r2_train'])} and {_r2(published['r2_train'])}: a score on "
        "training samples says how much a model can bend, not what it knows.",
        f"Of {len(ours):,} genes, {int((ours['r2_test'] > linear['r2_test']).sum()):,} are "
        "predicted better with the penalty than without.",
    ]
    if KIND in set(compared["model"]):
        sentences.append(_beyond_kind(ours, of_model(compared, KIND)))
    return sentences


def discovery_sentences(found: Found, params: Params) -> list[str]:
    """Say which genes are predicted better than chance, and how far the list can be trusted."""
    told = found.discoveries
    n, passing = len(found.table), told.passing
    chosen = int(found.table["discovered"].sum())
    if not passing:
        return [
            f"No gene of {n:,} is predicted better than after shuffling the features, at a "
            f"false-discovery rate of {params.fdr:g}."
        ]
    if not chosen:
        return [
            f"{passing:,} of {n:,} genes pass one by one, and shuffled features give as many "
            f"(p = {told.p_value:.2g}): none of them is called predictable."
        ]
    return [
        f"{chosen:,} of {n:,} genes ({chosen / n:.0%}) are predicted from electrophysiology better "
        f"than chance, at a false-discovery rate of {params.fdr:g}. Shuffled features give so many "
        f"with p = {told.p_value:.2g}.",
        f"About {told.expected_false:,.0f} of them are expected to be false; since genes rise and "
        f"fall together, it may be as many as {told.high_false:,.0f}. They were chosen by the "
        "samples that also score them, so that their scores are a little flattered.",
    ]


def drivers_sentence(drivers: pd.DataFrame, genes: int) -> str:
    """Name the features that drive most genes."""
    if drivers.empty or not genes:
        return "No gene is called predictable, so no feature drives any."
    named = ", ".join(
        f"{row['feature']} ({row['up']:,} up, {row['down']:,} down)"
        for row in drivers.head(_NAMED).to_dict("records")
    )
    return f"Of {genes:,} genes, most depend on {named}."


def stability_sentence(found: Stability, chosen: pd.Series[bool]) -> str:
    """Say how many coefficients come back when half of the samples are left out."""
    rows = chosen.to_numpy(bool)
    there = (found.coef != 0) & rows[:, None]
    if not there.any():
        return "There is no coefficient whose stability could be looked at."
    steady = there & (found.chosen >= _STEADY) & (found.same_sign >= _STEADY)
    return (
        f"Of {int(there.sum()):,} coefficients that are not zero, {int(steady.sum()):,} "
        f"({steady.sum() / there.sum():.0%}) come back with the same sign in at least "
        f"{_STEADY:.0%} of the draws of half of the samples: a single coefficient is a hint, not "
        "a mechanism."
    )


def penalties_sentence(models: GeneModels, params: Params) -> str:
    """Say how large the models are that the penalties leave."""
    features = models.genes["features"]
    if params.method == "ridge":
        return "Ridge regression keeps every feature in every gene's model."
    return (
        f"The models keep {features.median():g} of {len(models.names)} features in the median; "
        f"{int((features == 0).sum()):,} genes keep none, and are predicted by their mean."
    )


def chosen_genes(models: GeneModels, wanted: list[str]) -> tuple[list[str], list[str]]:
    """Return which of the genes asked for have a model, and sentences on those that have none."""
    import difflib

    there = set(models.genes["gene"])
    lower = {gene.lower(): gene for gene in there}
    absent = [gene for gene in wanted if gene not in there]
    sentences = []
    for gene in absent:
        near = [lower[gene.lower()]] if gene.lower() in lower else []
        near = near or difflib.get_close_matches(gene, sorted(there), n=1)
        sentences.append(
            f"{gene} has no model here" + (f"; did you mean {near[0]}?" if near else ".")
        )
    return [gene for gene in wanted if gene in there], sentences


def extremes(models: GeneModels, number: int = 4) -> tuple[list[str], list[str]]:
    """Return the genes that are predicted best, and worst, on samples held out."""
    ranked = models.genes.dropna(subset=["r2_test"]).sort_values(
        "r2_test", ascending=False, kind="stable"
    )["gene"]
    best = ranked.head(number).tolist()
    return best, [gene for gene in ranked.tail(number) if gene not in best]


def genes_sentence(models: GeneModels, genes: list[str]) -> str:
    """Say of some genes how well they are predicted."""
    table = models.genes.set_index("gene").loc[genes]
    if table.empty:
        return "None of them has a model."
    told = ", ".join(
        f"{gene} {row['r2_test']:.2f}" + ("" if row["discovered"] else " (not beyond chance)")
        for gene, row in zip(genes, table.to_dict("records"), strict=True)
    )
    return f"R² on samples held out: {told}."


def _beyond_kind(ours: pd.DataFrame, kind: pd.DataFrame) -> str:
    well = ours["r2_test"] > 0.5
    alone = well & (kind["r2_test"] > 0.5)
    return (
        f"{int(well.sum()):,} genes reach an R² above 0.5; for {int(alone.sum()):,} of these so "
        "does the mean of the excitatory or of the inhibitory samples, without any "
        "electrophysiology: much of what can be predicted is that difference."
    )


def _lower(title: str) -> str:
    return title if title.startswith("Lasso") else title[:1].lower() + title[1:]


def _r2(values: pd.Series[float]) -> str:
    """Return the median with two decimals, and no sign before zero."""
    return f"{round(float(values.median()), 2) + 0.0:.2f}"

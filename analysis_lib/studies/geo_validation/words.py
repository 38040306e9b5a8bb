"""The validation in words: what was compared, what agrees, and what does not."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis_lib.datasets.identifiers import counted
from analysis_lib.studies.geo_validation.cells import Validation
from analysis_lib.studies.geo_validation.profiles import Answers, Profiles

_LEVELS = {
    "yes": "Yes: sequenced cells confirm the predictions.",
    "partly": "Partly: sequenced cells confirm some of what was predicted.",
    "no": "No: sequenced cells do not confirm the predictions.",
}
_LABELS = {"": "–", "line": "line", "kind": "kind", "spines": "dendrites"}


def data_sentences(validation: Validation) -> list[str]:
    """Say what is compared with what."""
    read, models = validation.counts, validation.models
    predictable = int(models.genes["discovered"].sum())
    return [
        f"The models of {validation.params.models} ({counted(len(models.genes), 'gene')}, "
        f"{predictable:,} of them predictable beyond chance) predict "
        f"{counted(len(validation.features), 'cell')} from their electrophysiology.",
        f"{counted(len(read.cells), 'sequenced cell', 'has')} counts of "
        f"{counted(len(read.genes), 'gene')}; {int(validation.passed.sum()):,} pass the filter."
        if validation.params.quality
        else f"{counted(len(read.cells), 'sequenced cell', 'has')} counts of "
        f"{counted(len(read.genes), 'gene')}; no filter was asked for.",
        *read.notes,
    ]


def verdict_sentences(found: Answers) -> list[str]:
    """Answer the question of the study in plain words, with what the answer rests on."""
    v, test = found.verdict, found.test
    sentences = [_LEVELS[v.level]]
    better = "more like their own measured lines than like others"
    sentences.append(
        f"Over {test.lines} lines, predicted profiles correlate with those of their own line by "
        f"{test.observed:.2f} on average, every gene's own level taken off; with the names of "
        f"the lines shuffled, {_spread(test.null)} (p = {_p(test.p_value)}). They are "
        + (f"{better}." if v.p_value < 0.05 else f"not {better}.")
    )
    if found.within is not None and not math.isnan(v.within_p_value):
        sentences.append(
            "Among lines of the same kind, where telling excitatory from inhibitory is no help, "
            f"it is {found.within.observed:.2f} (p = {_p(v.within_p_value)})"
            + (
                "."
                if v.within_kinds
                else ": beyond that difference, nothing is shown to be predicted."
            )
        )
    else:
        sentences.append(
            "Which lines are excitatory and which inhibitory is not known, so it cannot be told "
            "how much of it is that difference alone."
        )
    return sentences


def identification_sentence(found: Answers) -> str:
    """Say how many lines can be told by their predicted profile."""
    table = found.recognised
    rows = {(row["among"], row["top"]): row for row in table.to_dict("records")}
    first, third = rows["all lines", 1], rows["all lines", 3]
    told = (
        f"For {first['correct']} of {first['n']} lines ({first['share']:.0%}, 95 % interval "
        f"{first['low']:.0%} to {first['high']:.0%}) the most similar measured line is their own, "
        f"where guessing finds {first['chance']:.0%}; for {third['correct']} it is among the three "
        f"most similar (guessing: {third['chance']:.0%})."
    )
    if ("same kind", 1) in rows:
        same = rows["same kind", 1]
        told += (
            f" Among lines of the same kind it is {same['correct']} of {same['n']} (guessing: "
            f"{same['chance']:.0%})."
        )
    return told


def confused_sentence(found: Answers) -> str:
    """Name the lines that are taken for another one."""
    wrong = found.identified[found.identified["line"] != found.identified["best"]]
    if wrong.empty:
        return "No line is taken for another."
    told = ", ".join(f"{row['line']} for {row['best']}" for row in wrong.to_dict("records"))
    return f"Taken for another: {told}."


def genes_sentence(found: Answers, fdr: float) -> str:
    """Say how many genes rank the lines as they were predicted to."""
    ranks = found.genes
    if not ranks.tested:
        return "No gene differs between the lines, so none can follow them."
    follow = int((ranks.table["q"] <= fdr).sum())
    return (
        f"Of {ranks.tested:,} genes, {follow:,} ({follow / ranks.tested:.0%}) rank the lines as "
        f"predicted, at a false-discovery rate of {fdr:g}; {ranks.positive:.0%} have a rank "
        f"correlation above zero (p = {_p(ranks.p_value)} with the lines shuffled)."
    )


def levels_sentence(found: Answers) -> str:
    """Say why profiles are centred before they are compared."""
    table = found.correlations
    return (
        f"Without taking off every gene's own level, a line's predicted profile correlates with "
        f"its measured one by {table['raw'].median():.2f} (median), and with those of other lines "
        f"by {table['raw_others'].median():.2f}: such a number says that genes differ in level, "
        "not that lines were told apart."
    )


def markers_sentence(table: pd.DataFrame, wanted: list[str]) -> str:
    """Say which of the marker genes can be shown."""
    there = list(dict.fromkeys(table["gene"]))
    absent = [gene for gene in wanted if gene not in there]
    if not there:
        return "None of the marker genes has a model and is in the counts."
    return f"{counted(len(there), 'marker gene')}, predicted and measured, within their range." + (
        f" Not in both: {', '.join(absent)}." if absent else ""
    )


def lines_table(pair: Profiles, found: Answers) -> pd.DataFrame:
    """Return every line that is compared, its cells, and what its profile is most like."""
    told = found.identified.merge(pair.cells, on="line").merge(
        found.correlations[["line", "raw"]], on="line"
    )
    return pd.DataFrame(
        {
            "line": told["line"],
            "kind": told["kind"].map({"exc": "excitatory", "inh": "inhibitory"}).fillna("–"),
            "cells predicted": told["predicted"],
            "cells measured": told["measured"],
            "correlation": told["own"],
            "most similar": told["best"],
            "rank of its own": told["rank"],
            "uncentred": told["raw"],
        }
    )


def genes_table(found: Answers, validation: Validation) -> pd.DataFrame:
    """Return the genes by how well they rank the lines, with the score of their model."""
    scored = validation.models.genes.set_index("gene")["r2_test"]
    table = found.genes.table.sort_values("rho", ascending=False, kind="stable")
    return pd.DataFrame(
        {
            "gene": table["gene"],
            "rank correlation": table["rho"],
            "q": table["q"],
            "R² of its model, held out": table["gene"].map(scored),
        }
    )


def quality_table(quality: pd.DataFrame) -> pd.DataFrame:
    """Return what the maps are worth, under headings people read."""
    measured = quality.dropna(subset=["value"])
    return measured.assign(labels=measured["labels"].map(lambda name: _LABELS.get(name, name)))


def quality_sentence(quality: pd.DataFrame) -> str:
    """Say how far cells of one line lie together in each map."""
    purity = quality[(quality["measure"] == "neighbour purity") & (quality["labels"] == "line")]
    best = purity.sort_values("value", ascending=False, kind="stable").drop_duplicates("view")
    told = "; ".join(
        f"{row['view']}: {row['value']:.0%} ({row['method']}, chance {row['chance']:.0%})"
        for row in best.to_dict("records")
    )
    return f"Of a cell's nearest neighbours in the plane, so many are of its own line: {told}."


def _spread(null: NDArray[np.float64]) -> str:
    low, high = np.quantile(null, [0.025, 0.975])
    return f"{low:.2f} to {high:.2f}"


def _p(value: float) -> str:
    return f"{value:.2g}"

"""The classical leukemia study in words: what each figure says, under headings people read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from analysis_lib.models.microarray import METHODS
from analysis_lib.studies.leukemia import Patients
from analysis_lib.studies.leukemia_classical.lineup import GENES, OFTEN, STRONG, Lineup
from analysis_lib.studies.leukemia_classical.steps import Scored

if TYPE_CHECKING:
    from analysis_lib.evaluation.clusters import Clusters
    from analysis_lib.evaluation.resampling import PermutationTest

TITLES = {
    **METHODS,
    "logistic_all": "Logistic, all genes",
    "svm_all": "SVM, all genes",
}
_SHORT = {"logistic_all": "Logistic regression", "svm_all": "SVM (linear)"}
HELD_OUT = {"split": "stratified split", "independent": "independent part"}
VALUES = {"raw": "as measured", "log10": "log10"}


def embeddings_sentence(quality: pd.DataFrame, patients: Patients) -> str:
    """Say how far the three pictures can be trusted."""
    by = quality.set_index(["method", "measure"])["value"]
    methods = list(dict.fromkeys(quality["method"]))
    trust = ", ".join(f"{m} {by[m, 'trustworthiness']:.2f}" for m in methods)
    pure = ", ".join(f"{m} {by[m, 'neighbour purity']:.2f}" for m in methods)
    stable = ", ".join(f"{m} {by[m, 'stability']:.2f}" for m in methods if m != "PCA")
    shares = np.bincount(patients.y) / len(patients.y)
    return (
        f"Trustworthiness: {trust}. Share of a patient's neighbours with the same class: {pure} "
        f"(by chance about {(shares**2).sum():.2f}). Agreement of pictures from different seeds "
        f"on who is whose neighbour: {stable}. Distances between groups in t-SNE and UMAP mean "
        "nothing."
    )


def simple_sentences(scored: Scored) -> list[str]:
    """Say how the models of public notebooks do on either part held out."""
    wrong = scored.confusion[scored.confusion["truth"] != scored.confusion["predicted"]]
    keys = ["held_out", "transform", "model"]
    errors = wrong.groupby(keys, sort=False)["count"].sum()
    total = scored.confusion.groupby(keys, sort=False)["count"].sum()
    sentences = []
    for held_out in dict.fromkeys(scored.confusion["held_out"]):
        told = ", ".join(
            f"{_SHORT[m]} {errors[held_out, t, m]} of {total[held_out, t, m]} ({VALUES[t]})"
            for h, t, m in errors.index
            if h == held_out
        )
        sentences.append(f"Errors on the {HELD_OUT[held_out]}: {told}.")
    if len(sentences) > 1:
        sentences.append(
            "The two are different questions. The split draws patients of the same series; the "
            "independent patients were measured apart, and are harder."
        )
    return sentences


def report_table(scored: Scored) -> pd.DataFrame:
    """Return precision, recall and F1 of each class, for both parts held out."""
    table = scored.report.assign(
        model=scored.report["model"].map(_SHORT),
        measure=scored.report["measure"].replace("f1", "F1"),
        held_out=scored.report["held_out"].map(HELD_OUT),
        transform=scored.report["transform"].map(VALUES),
    )
    columns = ["held_out", "transform", "model", "class", "measure", "value", "low", "high", "n"]
    names = {"held_out": "held out", "transform": "values", "low": "from", "high": "to"}
    return table[columns].rename(columns=names)


def of_run(table: pd.DataFrame, held_out: str, transform: str) -> pd.DataFrame:
    """Return the rows of one part held out under one transform."""
    return table[(table["held_out"] == held_out) & (table["transform"] == transform)]


def genes_sentence(genes: pd.DataFrame, patients: Patients) -> str:
    """Say which genes speak for which class, and how far that may be read."""
    told = []
    for sign, name in ((1, patients.classes[1]), (-1, patients.classes[0])):
        chosen = genes[genes["coefficient"] * sign > 0]
        told.append(f"for {name} " + (", ".join(chosen["shown"]) or "no gene"))
    return (
        f"Loudest speak {'; '.join(told)}. Each of {patients.X.shape[1]:,} genes has a small say: "
        "of genes that rise and fall together the model divides the weight among all, so a small "
        "coefficient is no sign that a gene does not matter."
    )


def confusion_sentence(confusion: pd.DataFrame) -> str:
    """Say how many of the patients held out a model gets wrong."""
    wrong = confusion.loc[confusion["truth"] != confusion["predicted"], "count"].sum()
    return f"{_errors(int(wrong))} of {int(confusion['count'].sum())}."


def cluster_sentences(found: Mapping[str, Clusters], patients: Patients) -> list[str]:
    """Say how far groups found without labels agree with the classes, and what that means."""
    sentences = []
    for transform, each in found.items():
        low, high = each.single_starts
        sentences.append(
            f"Values {VALUES[transform]}: purity {each.purity:.2f}, adjusted Rand index "
            f"{each.adjusted_rand:.2f}, silhouette {each.silhouette:.2f}; single random starts "
            f"give a purity of {low:.2f} to {high:.2f}."
        )
    floor = next(iter(found.values())).floor
    return [
        *sentences,
        f"Purity cannot fall below {floor:.2f}, the share of the larger class, so it flatters; "
        "the adjusted Rand index is 0 for groups that have nothing to do with the classes. A "
        "silhouette near 0 says that there are no two separate clouds. k-means finds the "
        "directions in which patients differ most, whatever these are: the sort of cells, the "
        "laboratory, the day. That they are not the classes does not mean the classes cannot be "
        "told apart, as the models below show; and had they been, it would not have been a test.",
    ]


def cluster_counts(found: Clusters) -> pd.DataFrame:
    """Return how many patients of each class each cluster holds."""
    named = found.table.assign(cluster=[f"cluster {c + 1}" for c in found.table["cluster"]])
    counts = named.groupby(["label", "cluster"]).size().unstack(fill_value=0)
    return counts.reset_index(names="class").rename_axis(columns=None)


def nested_table(found: Lineup) -> pd.DataFrame:
    """Return what nested cross-validation of the training patients says of every model."""
    scores = found.nested.pivot(index="model", columns="metric", values=["value", "low", "high"])
    errors = found.errors.set_index("model")
    rows = [
        {
            "model": TITLES[model],
            "accuracy": scores.loc[model, ("value", "nested_accuracy")],
            "from": scores.loc[model, ("low", "nested_accuracy")],
            "to": scores.loc[model, ("high", "nested_accuracy")],
            "log loss": scores.loc[model, ("value", "nested_log_loss")],
            "setting": errors.loc[model, "setting"] or "nothing to choose",
            "genes": errors.loc[model, "genes"],
        }
        for model in dict.fromkeys(found.nested["model"])
    ]
    return pd.DataFrame(rows).sort_values("log loss", kind="stable")


def lineup_sentences(found: Lineup, patients: Patients) -> list[str]:
    """Say which model the training patients prefer, and how it does on those held out."""
    errors = found.errors.set_index("model")
    best, n = errors.to_dict("index")[found.best], len(patients.test)
    setting = f" ({best['setting']})" if best["setting"] else ""
    fewest = errors["errors"].drop("baseline").min()
    first = (
        f"By nested cross-validation of the {len(patients.train)} training patients "
        f"{TITLES[found.best]}{setting} has the lowest log loss. On the {n} held out, looked at "
        f"once, it makes {_errors(int(best['errors']))} (95 % interval {best['low']:.1f} to "
        f"{best['high']:.1f})."
    )
    if best["errors"] == fewest:
        second = "No model of the line-up makes fewer."
    else:
        second = (
            f"Others make as few as {fewest}; choosing one of those now would be choosing by the "
            "test."
        )
    return [
        first,
        second + f" With {n} patients the intervals of nearly all models overlap: the order among "
        "them is not settled by these data.",
        "On labels that mean nothing, the accuracy of nested cross-validation would lie between "
        f"{found.chance[0]:.2f} and {found.chance[1]:.2f}.",
    ]


def votes_sentence(votes: pd.DataFrame) -> str:
    """Say how many calls are strong, and how many of these are wrong."""
    strong = votes[votes["sure"]]
    wrong = int((strong["truth"] != strong["predicted"]).sum())
    uncertain = votes[~votes["sure"]]
    return (
        f"{len(strong)} of {len(votes)} calls are strong (above {STRONG:g}), {wrong} of them "
        f"wrong; of the {len(uncertain)} uncertain ones "
        f"{int((uncertain['truth'] != uncertain['predicted']).sum())} would have been wrong."
    )


def stability_sentence(stability: pd.DataFrame) -> str:
    """Say how many genes are chosen again and again, and how many of them are known."""
    often = stability[stability["share"] >= OFTEN]
    known = stability[stability["listed"]]
    listed = (
        f" {int(often['listed'].sum())} of these are on Golub's list of {GENES}."
        if len(known)
        else ""
    )
    zyxin = stability[stability["gene"] == "X95735_at"]
    last = f" Zyxin (X95735_at) is chosen in {zyxin['share'].iloc[0]:.0%}." if len(zyxin) else ""
    return (
        f"Of {len(stability):,} genes that are ever among the {GENES}, {len(often)} are in at "
        f"least nine of ten draws.{listed}{last} The rest of a list of {GENES} is a matter of "
        "who was measured."
    )


def bias_sentence(bias: pd.DataFrame) -> str:
    """Say what choosing genes before cross-validating does."""
    mean = bias.groupby(["labels", "choice"])["accuracy"].mean()
    early, late = mean["shuffled", "outside the folds"], mean["shuffled", "inside the folds"]
    return (
        f"On labels that mean nothing, choosing {GENES} genes first and cross-validating after "
        f"gives an accuracy of {early:.2f}; with the choice inside the folds it is {late:.2f}. The "
        f"same shortcut on the true labels gives {mean['true', 'outside the folds']:.3f}, where "
        f"{mean['true', 'inside the folds']:.3f} is honest: the first way says nothing, whatever "
        "it says."
    )


def permutation_sentence(null: PermutationTest, found: Lineup) -> str:
    """Say what the permutation test of the best model found."""
    verdict = "there is something to learn" if null.p_value < 0.05 else "no more than chance gives"
    return (
        f"{TITLES[found.best]} scores {null.observed:.3f} in cross-validation; a share of "
        f"{null.p_value:.3g} of shuffled labels score that much (p): {verdict}. Its settings are "
        "those chosen for the true labels."
    )


def learning_sentence(learning: pd.DataFrame, found: Lineup) -> str:
    """Say whether more patients would help."""
    rows = learning[learning["model"] == found.best].sort_values("size")
    first, last = rows.iloc[0], rows.iloc[-1]
    return (
        f"{TITLES[found.best]} is right for {first['value']:.0%} of the patients held out after "
        f"learning from {int(first['size'])}, and for {last['value']:.0%} after all "
        f"{int(last['size'])}. Nothing was chosen by this curve."
    )


def majority(patients: Patients) -> float:
    """Return the share of the larger class among the patients learned from."""
    share = float(patients.y[patients.train].mean())
    return max(share, 1 - share)


def _errors(count: int) -> str:
    return "1 error" if count == 1 else f"{count} errors"

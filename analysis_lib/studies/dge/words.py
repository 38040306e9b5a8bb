"""Differential expression in words and numbers: conclusions, and what is held against others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from analysis_lib import results
from analysis_lib.models.lineup import LABELS
from analysis_lib.studies.dge import facts
from analysis_lib.studies.dge.learning import ALL, HONEST, Comparison
from analysis_lib.studies.dge.methods import methods
from analysis_lib.studies.dge.steps import Rows, Study
from analysis_lib.studies.published import Published, held_against

if TYPE_CHECKING:
    from analysis_lib.evaluation.pvalues import Diagnosis
    from analysis_lib.evaluation.resampling import PermutationTest

METRICS = {
    "accuracy": "test accuracy",
    "balanced_accuracy": "balanced test accuracy",
    "auc": "test AUC",
    "cv_accuracy": "cross-validated accuracy",
}
_SETS = {ALL: "all", HONEST: "honest"}

_CALLS_DEPEND = ("data", "seed", "n_genes", "p_threshold", "lfc_threshold", "p_value")
_SCORES_DEPEND = ("data", "seed", "n_genes", "classify", "test_size", "cv_folds", "max_genes")
_LASSO_DEPENDS = (*_SCORES_DEPEND, "lasso_C")


def _published(
    metric: str, value: float, tolerance: float, depends: tuple[str, ...], note: str = ""
) -> Published:
    """Return a number of the original notebook; `tolerance` is half of its last printed digit."""
    return Published(metric, value, tolerance, "the original notebook", depends, note)


PUBLISHED = [
    *(
        _published(f"genes_{call.replace(' ', '_')}", count, 0, _CALLS_DEPEND)
        for call, count in [("up", 46), ("down", 57), ("not significant", 97)]
    ),
    *(
        _published(
            f"{metric}_{model}_all",
            value,
            tolerance,
            _SCORES_DEPEND,
            note=", which prints 0.99+" if value == 0.995 else "",
        )
        for model, accuracy, cv, auc in [
            ("logistic", 0.9750, 1.0000, 1.0),
            ("svm", 0.9750, 0.9750, 0.995),
            ("forest", 1.0000, 1.0000, 1.0),
            ("xgboost", 1.0000, 0.9938, 1.0),
        ]
        for metric, value, tolerance in [
            ("accuracy", accuracy, 5e-5),
            ("cv_accuracy", cv, 5e-5),
            ("auc", auc, 5e-3),
        ]
    ),
    _published("lasso_logFC", 7.117, 5e-4, _LASSO_DEPENDS),
    _published("lasso_baseMean", -0.0127, 5e-5, _LASSO_DEPENDS),
    _published("lasso_pvalue", 0.0, 0, _LASSO_DEPENDS),
]
"""What the notebook this study goes back to reports for its default run."""


def table_notes(study: Study) -> list[str]:
    """Say what the table is, what was taken for what, and what is missing in it."""
    count = f"{len(study.genes):,} genes"
    if study.table.columns is None:
        parameters = f"seed {study.params.seed}"
        notes = [
            f"{count}, simulated ({parameters}): no sample and no organism stands behind them."
        ]
    else:
        notes = [f"{count} from your table, with columns named as in {study.table.columns.source}."]
    if study.params.p_value == "adjusted" and "padj" not in study.table.genes:
        notes.append("Adjusted p-values are Benjamini and Hochberg's, computed here.")
    return [*notes, *study.table.notes]


def columns_table(study: Study) -> pd.DataFrame:
    """Return what was taken for what: role, column and how it was recognised."""
    columns = study.table.columns
    roles = columns.describe() if columns else [("all columns", "–", "simulated")]
    return pd.DataFrame(roles, columns=["role", "column", "recognised"])


def calls_sentence(study: Study) -> str:
    """Say how many genes go up and down, by which rule."""
    counts = ", ".join(f"{count:,} {call}" for call, count in study.calls.items() if count)
    p = "adjusted p" if study.p == "padj" else "p"
    params = study.params
    return (
        f"{counts} ({p} < {params.p_threshold:g}, |log2 fold change| > {params.lfc_threshold:g})."
    )


def rows_notes(study: Study, rows: Rows) -> list[str]:
    """Say which genes the models see, and which they do not."""
    total = len(study.genes)
    notes = [f"The models see {len(rows.y):,} of {total:,} genes; {len(rows.test):,} are held out."]
    notes += [f"Left out: {count:,} ({why})." for why, count in rows.left_out if count]
    notes += [
        f"{name} is the same for all genes, tells nothing, and is left out of the models."
        for name in rows.constant
    ]
    return notes


def variance_sentence(explained: pd.DataFrame) -> str:
    """Say how much of the variance the first components hold."""
    if explained.empty:
        return "No feature varies between the genes."
    two = explained["ratio"].head(2).sum()
    return f"The first two components hold {two:.0%} of the variance."


def best_sentence(comparison: Comparison) -> str:
    """Say which model cross-validation prefers, and how it does on the held-out genes."""
    model = comparison.best() or "baseline"
    area, share = (comparison.score(model, metric) for metric in ("auc", "accuracy"))
    return (
        f"{LABELS[model]} does best in cross-validation; on the held-out genes its accuracy is "
        f"{_interval(share)} and its AUC {_interval(area)}."
    )


def errors_sentence(comparison: Comparison) -> str:
    """Say how many held-out genes each model gets wrong."""
    table = comparison.confusion[comparison.confusion["features"] == ALL]
    wrong = table[table["truth"] != table["predicted"]].groupby("model", sort=False)["count"].sum()
    told = ", ".join(f"{LABELS[str(model)]} {count}" for model, count in wrong.items())
    return f"Wrong among the held-out genes: {told}."


def scores_table(comparison: Comparison) -> pd.DataFrame:
    """Return every score in words people read; with notes where a score does not exist."""
    table = comparison.scores
    shown = table.assign(
        model=table["model"].map(LABELS),
        metric=table["metric"].map(METRICS),
    ).rename(columns={"low": "from", "high": "to", "n": "genes"})
    return shown if shown["note"].any() else shown.drop(columns="note")


def audit_table(comparison: Comparison) -> pd.DataFrame:
    """Return the leakage audit under headings people read."""
    titles = {"auc": "AUC alone", "threshold_accuracy": "best cut right"}
    return comparison.audit.rename(columns=titles)


def audit_conclusion(comparison: Comparison) -> list[str]:
    """Say, in plain words, what the leakage audit means for the scores."""
    if not comparison.leaking:
        return ["No single feature gives the label away; the scores can be taken at face value."]
    named = " and ".join(comparison.leaking)
    first = (
        f"{named} gives the label away: a gene is labelled up because its fold change is "
        "positive, so a model that sees it has only to copy it. Near-perfect scores with it say "
        "nothing about biology."
    )
    model = comparison.best(HONEST)
    if model is None:
        return [first, "No feature is left without it, so there is nothing else to learn from."]
    score = comparison.score(model, "accuracy", HONEST)
    guess = comparison.score("baseline", "accuracy", HONEST)["value"]
    better = score["low"] > guess
    verdict = (
        "more than guessing: the other features carry some of the direction"
        if better
        else "no better than guessing: what is left does not tell up from down"
    )
    return [
        first,
        f"Without it, {LABELS[model]} (best in cross-validation) is right for "
        f"{_interval(score)} of the held-out genes, against {guess:.2f} by always naming the "
        f"larger class: {verdict}.",
    ]


def permutation_sentence(null: PermutationTest, comparison: Comparison) -> str:
    """Say what the permutation test found."""
    without = " without the leaking features" if comparison.best(HONEST) else ""
    found = "there is something to learn" if null.p_value < 0.05 else "no more than chance gives"
    below = (
        " A score below one half is no hidden signal: on noise, each fold's training part leans "
        "away from what the fold holds."
        if null.observed < 0.5 and null.p_value >= 0.05
        else ""
    )
    return (
        f"Logistic regression{without} scores {null.observed:.3f} in cross-validation; a share of "
        f"{null.p_value:.3g} of shuffled labels score that much (p): {found}.{below}"
    )


def lasso_sentence(coefficients: pd.DataFrame) -> str:
    """Say what the L1 penalty kept."""
    kept = coefficients.loc[coefficients["coefficient"] != 0, "feature"]
    gone = coefficients.loc[coefficients["coefficient"] == 0, "feature"]
    dropped = f" and sets {', '.join(gone)} to exactly zero" if len(gone) else ""
    return f"The L1 penalty keeps {', '.join(kept) or 'nothing'}{dropped}."


def metrics(
    study: Study, comparison: Comparison, coefficients: pd.DataFrame, null: PermutationTest
) -> dict[str, dict[str, Any]]:
    """Return every number of the run, by name, with its label and its interval."""
    found: dict[str, dict[str, Any]] = {
        "genes_total": {"label": "genes", "value": len(study.genes)},
        **{
            f"genes_{call.replace(' ', '_')}": {"label": f"genes {call}", "value": count}
            for call, count in study.calls.items()
        },
    }
    for row in comparison.scores.to_dict("records"):
        suffix = "" if row["features"] == ALL else ", without leaking features"
        found[f"{row['metric']}_{row['model']}_{_SETS[row['features']]}"] = {
            "label": f"{LABELS[row['model']]}, {METRICS[row['metric']]}{suffix}",
            **{part: row[part] for part in ("value", "low", "high")},
        }
    for row in coefficients.to_dict("records"):
        label = f"L1 coefficient of {row['feature']}"
        found[f"lasso_{row['feature']}"] = {"label": label, "value": row["coefficient"]}
    found["permutation_p"] = {"label": "permutation p-value", "value": null.p_value}
    return found


def published(study: Study, found: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    """Hold the run's numbers against the original notebook's: reproduced, drifted or neither."""
    return held_against(PUBLISHED, found, study.params.changed())


def save(
    study: Study,
    comparison: Comparison,
    rows: Rows,
    found: dict[str, dict[str, Any]],
) -> None:
    """Leave the run's numbers behind, what was done, what it knows of genes, and what it read."""
    best = comparison.best(HONEST) or comparison.best(ALL)
    features = "honest" if comparison.best(HONEST) else "all"
    results.save_metrics(
        found,
        headline=["genes_up", "genes_down", f"accuracy_{best}_{features}"],
        glance=[calls_sentence(study), *rows_notes(study, rows), *audit_conclusion(comparison)],
        picture="volcano",
        published=published(study, found),
        methods=methods(study, rows, comparison),
    )
    facts.save(study)
    results.save_json("data", [study.source.record(len(study.genes))])


def histogram_sentences(diagnosis: Diagnosis) -> list[str]:
    """Say what the histogram of p-values tells."""
    if diagnosis.shape == "too few":
        return [diagnosis.words]
    share = (
        f"About {diagnosis.null_share:.0%} of the tested genes look unchanged (Storey, λ = 0.5)."
    )
    return [diagnosis.words, share]


def _interval(score: pd.Series[float]) -> str:
    return f"{score['value']:.2f} [{score['low']:.2f}, {score['high']:.2f}]"

"""The network study in words and numbers: conclusions, and what is held against others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from analysis_lib import results
from analysis_lib.evaluation.intervals import wilson
from analysis_lib.studies.leukemia import Patients
from analysis_lib.studies.leukemia_network import facts
from analysis_lib.studies.leukemia_network.methods import methods
from analysis_lib.studies.leukemia_network.scores import Comparison
from analysis_lib.studies.leukemia_network.steps import Params, Trained
from analysis_lib.studies.published import Published, held_against

if TYPE_CHECKING:
    from analysis_lib.evaluation.choice import Choice
    from analysis_lib.evaluation.curves import Diagnosis

TITLES = {
    "network": "Network (the first seed)",
    "redrawn": "Network, other patients watched",
    "ensemble": "Mean of the networks",
    "regularised": "Regularised network",
    "logistic": "Logistic regression on the same components",
    "baseline": "Majority class",
}
METRICS = {
    "accuracy": "accuracy",
    "balanced_accuracy": "balanced accuracy",
    "auc": "AUC",
    "average_precision": "average precision",
    "brier": "Brier score",
}

_DESIGN = (
    *("data", "labels", "test", "min_present", "drop_controls", "variance", "layers"),
    *("activation", "dropout", "l2", "learning_rate", "epochs", "patience", "class_weights"),
)
PUBLISHED = [
    Published(
        "errors_redrawn_median",
        5.5,
        3.5,
        "three runs each on raw and log10 values",
        _DESIGN,
        ": 2 to 9 errors, 5 to 6 typical; batch size and validation are not told",
    )
]
"""What networks of this design were seen to do on the same patients."""


def split_sentence(patients: Patients, trained: Trained) -> str:
    """Say who the networks learn from, and who is only watched."""
    return (
        f"Scaler, components and networks learn from {patients.counts(trained.fitted_on)}; "
        f"{patients.counts(trained.watched)} more are watched for validation, and "
        f"{patients.counts(patients.test)} are held out for the end."
    )


def components_sentence(params: Params, explained: pd.DataFrame, genes: int) -> str:
    """Say how many components hold the variance that was asked for."""
    return (
        f"{len(explained)} principal components hold {explained['cumulative'].iloc[-1]:.1%} of "
        f"the variance of {genes:,} genes (asked for: {params.variance:.0%}); the first three "
        f"{explained['ratio'].head(3).sum():.0%}."
    )


def curves_sentences(found: Diagnosis, comparison: Comparison, patients: Patients) -> list[str]:
    """Say what the curves tell, and what they cannot."""
    n = len(patients.test)
    median = float(comparison.errors["network"].median())
    guess = float(comparison.errors["baseline"].iloc[0])
    warning = (
        f"On the {n} patients held out the same networks make {median:g} errors (median), where "
        f"always guessing the larger class makes {guess:g}. "
    )
    if found.shape == "fitted" and median / n > 0.1:
        warning += (
            "The curves gave no warning of it: the patients watched come from the same series as "
            "those learned from, and those held out do not."
            if patients.how == "independent"
            else "The few patients watched did not warn of it."
        )
    return [found.words, warning.strip()]


def spread_sentences(comparison: Comparison, patients: Patients) -> list[str]:
    """Say how much is luck, and whether depth helps."""
    errors, n = comparison.errors, len(patients.test)
    redrawn = _spread("When the seed also decides who is watched, they", errors["redrawn"], n)
    return [
        _spread(f"{len(errors['network'])} networks of the same design", errors["network"], n),
        f"{redrawn} One run tells little.",
        depth_sentence(comparison, patients),
    ]


def depth_sentence(comparison: Comparison, patients: Patients) -> str:
    """Say whether the hidden layers help, beside a linear model of the same components."""
    errors = comparison.errors
    linear = int(errors["logistic"].iloc[0])
    better = int((errors["network"] < linear).sum())
    worse = int((errors["network"] > linear).sum())
    n, median = len(patients.test), float(errors["network"].median())
    verdict = "depth does not help here"
    if better > worse:
        clear = wilson(median / n, n)[1] < wilson(linear / n, n)[0]
        few = f"though {n} patients are too few to tell that from chance"
        verdict = "depth helps here" + ("" if clear else f", {few}")
    return (
        f"Logistic regression on the same components makes {linear} errors of {n}: {better} of "
        f"{len(errors['network'])} networks make fewer, {worse} more. So {verdict}."
    )


def choice_sentence(choice: Choice, comparison: Comparison, patients: Patients) -> str:
    """Say what cross-validation chose, and what became of it."""
    row = choice.table[choice.table["chosen"]].iloc[0]
    return (
        f"Cross-validation of the {len(patients.train)} training patients chose "
        f"{row['setting']}. "
        + _spread(
            "Looked at once, these networks", comparison.errors["regularised"], len(patients.test)
        )
    )


def hardest_sentence(hardest: pd.DataFrame) -> str:
    """Name the patients that most networks get wrong."""
    most = hardest[hardest["wrong in all"] > 0.5]
    if most.empty:
        return "No patient is called wrongly by more than half of all networks."
    named = ", ".join(
        f"{row['patient']} ({row['true class']}, {row['wrong in all']:.0%})"
        for row in most.to_dict("records")
    )
    return f"More than half of all networks are wrong about: {named}."


def calibration_sentence(comparison: Comparison) -> str:
    """Say which of the models' probabilities is closest to the truth."""
    brier = comparison.scores[comparison.scores["metric"] == "brier"].set_index("model")["value"]
    told = ", ".join(f"{TITLES[m].lower()} {brier[m]:.3f}" for m in brier.sort_values().index)
    return f"Brier score, 0 being perfect: {told}."


def area_sentence(comparison: Comparison, metric: str) -> str:
    """Return the area under a curve of every model."""
    of = comparison.scores[comparison.scores["metric"] == metric]
    told = ", ".join(
        f"{TITLES[row['model']].lower()} {row['value']:.2f}" for row in of.to_dict("records")
    )
    return f"{METRICS[metric]}: {told}."


def errors_sentence(comparison: Comparison) -> str:
    """Say how many of the patients held out each model gets wrong."""
    table = comparison.confusion
    wrong = table[table["truth"] != table["predicted"]].groupby("model", sort=False)["count"].sum()
    told = ", ".join(f"{TITLES[str(m)].lower()} {count}" for m, count in wrong.items())
    return f"Wrong among the patients held out: {told}."


def scores_table(comparison: Comparison) -> pd.DataFrame:
    """Return every score under headings people read."""
    table = comparison.scores.drop(columns="features")
    shown = table.assign(
        model=table["model"].map(TITLES), metric=table["metric"].map(METRICS)
    ).rename(columns={"low": "from", "high": "to", "n": "patients"})
    return shown if shown["note"].any() else shown.drop(columns="note")


def grid_table(choice: Choice) -> pd.DataFrame:
    """Return the settings that were tried, with what cross-validation says of each."""
    return choice.table.assign(
        score=-choice.table["score"], chosen=np.where(choice.table["chosen"], "chosen", "")
    )[["setting", "score", "error", "chosen"]].rename(
        columns={"score": "log loss", "error": "standard error"}
    )


def probabilities_table(comparison: Comparison, patients: Patients) -> pd.DataFrame:
    """Return the probability of the second class from every network, for every patient."""
    of = comparison.predictions[comparison.predictions["model"] == "network"]
    return of.assign(truth=np.array(patients.classes)[of["truth"]])[
        ["sample", "truth", "model", "seed", "probability"]
    ]


def metrics(
    patients: Patients, trained: Trained, comparison: Comparison
) -> dict[str, dict[str, Any]]:
    """Return every number of the run, by name, with its label and its interval."""
    n = len(patients.test)
    found: dict[str, dict[str, Any]] = {
        "patients_learned_from": {
            "label": "patients learned from",
            "value": len(trained.fitted_on),
        },
        "patients_held_out": {"label": "patients held out", "value": n},
        "components": {
            "label": "principal components",
            "value": trained.network.n_features_in_,
        },
    }
    for model, errors in comparison.errors.items():
        several = len(errors) > 1
        found[f"errors_{model}" + ("_median" if several else "")] = {
            "label": f"{TITLES[model].removesuffix(' (the first seed)')}, errors of {n}"
            + (" (median of the seeds)" if several else ""),
            "value": _whole(float(errors.median())),
            **(_range(errors) if several else {}),
        }
    for row in comparison.scores.to_dict("records"):
        found[f"{row['metric']}_{row['model']}"] = {
            "label": f"{TITLES[row['model']]}, {METRICS[row['metric']]}",
            **{part: row[part] for part in ("value", "low", "high")},
        }
    return found


def save(
    patients: Patients,
    trained: Trained,
    comparison: Comparison,
    found: dict[str, dict[str, Any]],
    sentences: list[str],
    *,
    params: Params,
    choice: Choice,
) -> None:
    """Leave the run's numbers behind, what was done, what it knows of genes, and what it read."""
    results.save_metrics(
        found,
        headline=["errors_network_median", "errors_logistic", "errors_regularised_median"],
        glance=[*spread_sentences(comparison, patients), *sentences],
        picture="spread",
        published=held_against(
            PUBLISHED, found, params.changed(), comparable=patients.as_published
        ),
        methods=methods(patients, params, trained),
    )
    facts.save(patients, choice)
    results.save_json("data", [patients.source.record(len(patients.names))])


def _spread(who: str, errors: pd.Series[int], n: int) -> str:
    low, high = int(errors.min()), int(errors.max())
    if low == high:
        return f"{who} make {low} errors of {n}, whatever the seed."
    return (
        f"{who} make {low} to {high} errors of {n}, depending on the seed alone (median "
        f"{errors.median():g})."
    )


def _range(errors: pd.Series[int]) -> dict[str, Any]:
    low, high = int(errors.min()), int(errors.max())
    return {"low": low, "high": high, "span": "over the seeds"} if low < high else {}


def _whole(value: float) -> float | int:
    return int(value) if value.is_integer() else value

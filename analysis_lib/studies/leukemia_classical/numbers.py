"""Every number of the classical leukemia study, and what is held against those of others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

from analysis_lib import results
from analysis_lib.studies.leukemia import Patients
from analysis_lib.studies.leukemia_classical import facts
from analysis_lib.studies.leukemia_classical.lineup import OFTEN, Lineup
from analysis_lib.studies.leukemia_classical.methods import methods
from analysis_lib.studies.leukemia_classical.steps import Params, Scored
from analysis_lib.studies.leukemia_classical.words import HELD_OUT, TITLES, VALUES
from analysis_lib.studies.published import Published, held_against

if TYPE_CHECKING:
    from analysis_lib.evaluation.clusters import Clusters
    from analysis_lib.evaluation.resampling import PermutationTest

_GOLUB = "Golub et al. 1999"
_TIBSHIRANI = "Tibshirani et al. 2002"
_BEFORE = "computed before on the same files"
_NOTEBOOK = "a public notebook"
_DATA = ("data", "labels", "test", "min_present", "drop_controls", "missing")
_LINEUP = (*_DATA, "transform")
_CLEAN = ", on 36 “clean” patients that it does not name"

PUBLISHED = [
    Published("strong_calls", 29, 2, _GOLUB, _DATA, ", prediction strength above 0.3"),
    Published("strong_wrong", 0, 1, _GOLUB, _DATA),
    Published("errors_voting_raw", 4, 1, _TIBSHIRANI, _DATA, ", without rejection"),
    Published("errors_centroids", 2, 1, _TIBSHIRANI, _LINEUP, ", 21 genes"),
    Published("errors_centroids", 2, 1, _BEFORE, _LINEUP),
    Published("errors_logistic_l2", 1, 1, _BEFORE, _LINEUP, ": 50 genes, C = 10"),
    Published("errors_svm_linear", 2, 1, _BEFORE, _LINEUP, ": 100 genes, C = 0.1"),
    Published("errors_logistic_all_raw", 6, 0, _BEFORE, _DATA),
    Published("errors_logistic_all_log10", 5, 0, _BEFORE, _DATA),
    Published("errors_svm_all_raw", 3, 0, _BEFORE, _DATA),
    Published("purity_raw", 0.76, 0.005, _BEFORE, _DATA, ", ten random starts"),
    Published("purity_log10", 0.79, 0.005, _BEFORE, _DATA, ", ten random starts"),
    Published("accuracy_of_logistic_regression_and_SVM", 0.62, 0.005, _NOTEBOOK, (), _CLEAN),
    Published("F1_of_ALL", 0.73, 0.005, _NOTEBOOK, (), _CLEAN),
    Published("F1_of_AML", 0.40, 0.005, _NOTEBOOK, (), _CLEAN),
]
"""What others found on the same patients; held against this while the data are the same."""


def metrics(
    patients: Patients,
    scored: Scored,
    found: Lineup,
    votes: pd.DataFrame,
    clusters: Mapping[str, Clusters],
) -> dict[str, dict[str, Any]]:
    """Return the run's numbers by name, each with its label and, where it has one, interval."""
    n = len(patients.test)
    wrong = votes["truth"] != votes["predicted"]
    numbers: dict[str, dict[str, Any]] = {
        "patients_learned_from": _plain("patients learned from", len(patients.train)),
        "patients_held_out": _plain("patients held out", n),
        "strong_calls": _plain(f"strong calls by weighted voting, of {n}", votes["sure"].sum()),
        "strong_wrong": _plain("wrong ones among the strong calls", (wrong & votes["sure"]).sum()),
        "errors_voting_raw": {
            "label": f"Weighted voting, {VALUES['raw']}, errors of {n}",
            **_of(int(wrong.sum()), n),
        },
    }
    for row in found.errors.to_dict("records"):
        numbers[f"errors_{row['model']}"] = {
            "label": f"{TITLES[row['model']]}, errors of {n}",
            **{"value": row["errors"], "low": row["low"], "high": row["high"]},
        }
    for row in found.nested.to_dict("records"):
        what = row["metric"].replace("nested_", "nested ").replace("_", " ")
        numbers[f"{row['metric']}_{row['model']}"] = _scored(f"{TITLES[row['model']]}, {what}", row)
    for row in scored.scores.to_dict("records"):
        where = f"{VALUES[row['transform']]}, {HELD_OUT[row['held_out']]}"
        name = f"{row['metric']}_{row['model']}_{row['transform']}_{row['held_out']}"
        what = f"{TITLES[row['model']]}, {row['metric'].replace('_', ' ')} ({where})"
        numbers[name] = _scored(what, row)
    numbers |= _independent_errors(scored)
    for transform, each in clusters.items():
        label = f"k-means, values {VALUES[transform]}"
        numbers |= {
            f"purity_{transform}": _plain(f"{label}, purity", each.purity),
            f"rand_{transform}": _plain(f"{label}, adjusted Rand index", each.adjusted_rand),
            f"silhouette_{transform}": _plain(f"{label}, silhouette", each.silhouette),
        }
    return numbers


def further(
    quality: pd.DataFrame, stability: pd.DataFrame, bias: pd.DataFrame, null: PermutationTest
) -> dict[str, dict[str, Any]]:
    """Return the numbers of the checks: pictures, genes, selection bias, permutation."""
    numbers: dict[str, dict[str, Any]] = {
        "permutation_p": _plain("permutation p-value of the best model", null.p_value),
        "stable_genes": _plain("genes in nine of ten draws", (stability["share"] >= OFTEN).sum()),
    }
    for (labels, choice), accuracy in bias.groupby(["labels", "choice"])["accuracy"]:
        name = f"bias_{labels}_{str(choice).split()[0]}"
        numbers[name] = {
            "label": f"accuracy with genes chosen {choice}, {labels} labels",
            **{"value": accuracy.mean(), "low": accuracy.min(), "high": accuracy.max()},
        }
    for row in quality.to_dict("records"):
        method = row["method"].lower().replace("-", "")
        name = f"{method}_{row['measure'].replace(' ', '_')}"
        numbers[name] = _scored(f"{row['method']}, {row['measure']}", row)
    return numbers


def errors_table(
    numbers: Mapping[str, Mapping[str, Any]], found: Lineup, rows: Sequence[Mapping[str, Any]]
) -> pd.DataFrame:
    """Return our errors on the patients held out and, below each, those published.

    `rows` are those of `held`; columns what, source ("here" or a citation), errors, low, high, n,
    genes, status.
    """
    genes, n = found.errors.set_index("model")["genes"], int(found.errors["n"].iloc[0])
    table: list[dict[str, Any]] = []
    for name in [*(f"errors_{model}" for model in found.errors["model"]), *_EXTRA]:
        if name not in numbers:
            continue
        here = numbers[name]
        row = {"what": str(here["label"]).split(", errors of")[0], "n": n, "status": ""}
        ours = {part: here[part] for part in ("low", "high")} | {"errors": here["value"]}
        table.append({**row, **ours, "source": "here", "genes": genes.get(name[len("errors_") :])})
        table += [
            {**row, **{"errors": o["published"], "source": o["source"], "status": o["status"]}}
            for o in rows
            if o["what"] == here["label"]
        ]
    columns = ["what", "source", "errors", "low", "high", "n", "genes", "status"]
    numeric = dict.fromkeys(["errors", "low", "high", "n", "genes"], "float64")
    return pd.DataFrame(table, columns=columns).astype(numeric)


def beside(errors: pd.DataFrame) -> pd.DataFrame:
    """Return the table of errors as people read it: what was published beside what is here."""
    ours = errors[errors["source"] == "here"]
    others = errors[errors["source"] != "here"][["what", "errors", "status", "source"]]
    joined = ours.drop(columns=["source", "status", "n"]).merge(
        others.rename(columns={"errors": "published", "status": "verdict"}), on="what", how="left"
    )
    counts = dict.fromkeys(["errors", "genes", "published"], "Int64")
    names = {"what": "model", "low": "from", "high": "to"}
    return joined.astype(counts).fillna({"verdict": "", "source": ""}).rename(columns=names)


def held(
    patients: Patients, params: Params, numbers: Mapping[str, Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """Hold the run's numbers against those of others."""
    return held_against(PUBLISHED, numbers, params.changed(), comparable=patients.as_published)


def save(
    patients: Patients,
    found: Lineup,
    numbers: dict[str, dict[str, Any]],
    rows: Sequence[Mapping[str, Any]],
    sentences: Sequence[str],
    *,
    params: Params,
    stability: pd.DataFrame,
) -> None:
    """Leave the run's numbers behind, what was done, what it knows of genes, and what it read."""
    results.save_metrics(
        numbers,
        headline=[f"errors_{found.best}", f"nested_accuracy_{found.best}", "strong_calls"],
        glance=sentences,
        picture="embeddings",
        published=rows,
        methods=methods(patients, params, found),
    )
    facts.save(patients, params, stability)
    results.save_json("data", [patients.source.record(len(patients.names))])


_EXTRA = (
    "errors_voting_raw",
    "errors_logistic_all_raw",
    "errors_logistic_all_log10",
    "errors_svm_all_raw",
    "errors_svm_all_log10",
)


def _plain(label: str, value: Any) -> dict[str, Any]:
    return {"label": label, "value": value}


def _of(errors: int, n: int) -> dict[str, Any]:
    """Return a number of errors with its interval, as those of the line-up have."""
    from analysis_lib.evaluation.intervals import of_errors

    low, high = of_errors(errors, n)
    return {"value": errors, "low": low, "high": high}


def _scored(label: str, row: Mapping[Any, Any]) -> dict[str, Any]:
    return {"label": label, **{part: row[part] for part in ("value", "low", "high")}}


def _independent_errors(scored: Scored) -> dict[str, dict[str, Any]]:
    """Return the errors of the models on all genes, on the independent part alone."""
    of = scored.scores[
        (scored.scores["held_out"] == "independent") & (scored.scores["metric"] == "accuracy")
    ]
    return {
        f"errors_{row['model']}_{row['transform']}": {
            "label": f"{TITLES[row['model']]}, {VALUES[row['transform']]}, errors of {row['n']}",
            **_of(round((1 - row["value"]) * row["n"]), row["n"]),
        }
        for row in of.to_dict("records")
    }

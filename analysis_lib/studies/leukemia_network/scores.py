"""The networks of the leukemia study beside simpler models, on the patients held out."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from analysis_lib.studies.leukemia import Patients
from analysis_lib.studies.leukemia_network.steps import THRESHOLD, Params, Trained, seeds, train

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from analysis_lib.evaluation.choice import Choice


SIMPLE = ("logistic", "baseline")
"""Models without a seed."""


@dataclass(frozen=True)
class Comparison:
    """Networks, and simpler models on the same components, on the patients held out.

    `predictions` has columns model, seed, sample, truth, probability (of the second class) and
    predicted (1 = the second class); models of one kind with several seeds have several rows.
    """

    scores: pd.DataFrame
    roc: pd.DataFrame
    precision_recall: pd.DataFrame
    calibration: pd.DataFrame
    confusion: pd.DataFrame
    predictions: pd.DataFrame
    spread: pd.DataFrame

    @cached_property
    def errors(self) -> dict[str, pd.Series[int]]:
        """Return the errors of every model, one number per seed."""
        return {str(m): part["errors"] for m, part in self.spread.groupby("model", sort=False)}


def compare(patients: Patients, params: Params, trained: Trained, choice: Choice) -> Comparison:
    """Look at the patients held out once, with every model."""
    from analysis_lib.evaluation import metrics, probabilities

    X, y = patients.part(patients.test)
    predictions = pd.concat(
        [
            _predictions(patients, "network", trained.network.probabilities(trained.inputs(X))),
            _redrawn(patients, params),
            _predictions(
                patients,
                "regularised",
                choice.pipeline[-1].probabilities(choice.pipeline[:-1].transform(X)),
            ),
            *_simple(patients, trained),
        ],
        ignore_index=True,
    )
    mean = _means(predictions)
    tables: dict[str, list[pd.DataFrame]] = {name: [] for name in _TABLES}
    for model, rows in mean.groupby("model", sort=False):
        name, p = str(model), rows["probability"].to_numpy()
        called = rows["predicted"].to_numpy()
        given = {"seed": params.seed, "n_bootstrap": params.bootstrap}
        tables["scores"] += [
            metrics.score_rows(name, "all", y, called, p, **given),
            probabilities.brier_row(name, "all", y, p, **given),
        ]
        tables["roc"].append(metrics.roc_table(name, y, p))
        tables["confusion"].append(metrics.confusion_table(name, y, called, patients.classes))
        if name == "baseline":
            continue
        tables["scores"].append(probabilities.average_precision_row(name, "all", y, p, **given))
        tables["precision_recall"].append(probabilities.precision_recall(name, y, p))
        tables["calibration"].append(probabilities.calibration(name, y, p))
    joined = {name: pd.concat(parts, ignore_index=True) for name, parts in tables.items()}
    return Comparison(**joined, predictions=predictions, spread=_spread(predictions))


def several(comparison: Comparison) -> pd.DataFrame:
    """Return the errors of the models that have a seed, one row per seed."""
    return comparison.spread[~comparison.spread["model"].isin(SIMPLE)]


def alone(comparison: Comparison) -> dict[str, float]:
    """Return the errors of the models without seeds."""
    of = comparison.spread[comparison.spread["model"].isin(SIMPLE)]
    return {str(row["model"]): float(row["errors"]) for row in of.to_dict("records")}


def positives(patients: Patients) -> float:
    """Return the share of the second class among the patients held out."""
    return float(patients.y[patients.test].mean())


def hardest(comparison: Comparison, patients: Patients) -> pd.DataFrame:
    """Return the patients held out that most networks get wrong, the worst first."""
    of = comparison.predictions.assign(wrong=lambda t: t["predicted"] != t["truth"])
    networks = of[of["model"].isin(["network", "redrawn", "regularised"])]
    share = networks.groupby(["sample", "model"], sort=False)["wrong"].mean().unstack()
    table = share.assign(all=networks.groupby("sample")["wrong"].mean())
    table["mean probability"] = networks.groupby("sample")["probability"].mean()
    table["true class"] = patients.data.labels.loc[table.index]
    worst = table[table["all"] > 0].sort_values("all", ascending=False, kind="stable")
    return worst.reset_index(names="patient")[list(_WRONG_BY)].rename(columns=_WRONG_BY)


_TABLES = ("scores", "roc", "precision_recall", "calibration", "confusion")
_WRONG_BY = {
    "patient": "patient",
    "true class": "true class",
    "all": "wrong in all",
    "network": "one design",
    "redrawn": "others watched",
    "regularised": "regularised",
    "mean probability": "mean probability",
}


def _redrawn(patients: Patients, params: Params) -> pd.DataFrame:
    """Train every network on other patients as well: a rerun of everything with its seed."""
    X, _ = patients.part(patients.test)
    found = []
    for seed in seeds(params):
        trained = train(patients, params, split_by=seed, of=[seed])
        found.append(trained.network.probabilities(trained.inputs(X)))
    return _predictions(patients, "redrawn", np.hstack(found))


def _simple(patients: Patients, trained: Trained) -> list[pd.DataFrame]:
    """Fit what is simpler than a network to the same components of the same patients."""
    from sklearn.dummy import DummyClassifier
    from sklearn.linear_model import LogisticRegression

    inputs = trained.inputs(patients.X)
    of = trained.fitted_on
    models = {"logistic": LogisticRegression(max_iter=5000), "baseline": DummyClassifier()}
    return [
        _predictions(
            patients,
            name,
            model.fit(inputs[of], patients.y[of]).predict_proba(inputs[patients.test])[:, 1:],
        )
        for name, model in models.items()
    ]


def _predictions(patients: Patients, model: str, found: NDArray[np.float64]) -> pd.DataFrame:
    """Return one row per patient held out and network."""
    rows, networks = found.shape
    first = patients.params.seed
    return pd.DataFrame(
        {
            "model": model,
            "seed": np.repeat(np.arange(first, first + networks), rows),
            "sample": np.tile(np.array(patients.names)[patients.test], networks),
            "truth": np.tile(patients.y[patients.test], networks),
            "probability": found.T.ravel(),
            "predicted": (found.T.ravel() > THRESHOLD).astype(np.intp),
        }
    )


def _means(predictions: pd.DataFrame) -> pd.DataFrame:
    """Return one row per model and patient: the first network alone, and means of several."""
    first = predictions[predictions["model"] == "network"]
    alone = first[first["seed"] == first["seed"].min()]
    of = predictions[predictions["model"] != "redrawn"].replace({"model": {"network": "ensemble"}})
    mean = of.groupby(["model", "sample"], sort=False, as_index=False)[
        ["truth", "probability"]
    ].mean()
    mean["predicted"] = (mean["probability"] > THRESHOLD).astype(np.intp)
    columns = ["model", "sample", "truth", "probability", "predicted"]
    joined: pd.DataFrame = pd.concat([alone[columns], mean[columns]], ignore_index=True)
    return joined


def _spread(predictions: pd.DataFrame) -> pd.DataFrame:
    wrong = predictions.assign(errors=predictions["predicted"] != predictions["truth"])
    grouped = wrong.groupby(["model", "seed"], sort=False)["errors"]
    table: pd.DataFrame = grouped.agg(errors="sum", n="size").reset_index()
    return table

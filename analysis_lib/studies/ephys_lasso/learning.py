"""One model per gene: how well each predicts, which do better than chance, and what drives them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis_lib.datasets.neurons.features import FEATURES
from analysis_lib.models.gene_models import GeneModels
from analysis_lib.studies.ephys_lasso.neurons import Neurons, Params

if TYPE_CHECKING:
    from analysis_lib.evaluation.coefficients import Stability
    from analysis_lib.evaluation.discovery import Discoveries, Null

PUBLISHED_ALPHA = 0.01
"""The one penalty, of unscaled features, of the published notebook."""

OURS, PUBLISHED, LINEAR, KIND = "ours", "published", "linear", "kind"


@dataclass(frozen=True)
class Found:
    """Which genes are predicted better than chance, and what chance gives."""

    null: Null
    discoveries: Discoveries

    @property
    def table(self) -> pd.DataFrame:
        """A row per gene: p, q, discovered."""
        return self.discoveries.table

    @property
    def cut(self) -> float | None:
        """The smallest statistic of a discovered gene; None when there is none."""
        chosen = self.table["discovered"].to_numpy()
        return float(self.null.observed[chosen].min()) if chosen.any() else None


def model(params: Params) -> Any:
    """Return an unfitted model of all genes; a penalty that is fixed is the only one it tries."""
    from analysis_lib.models.lasso import BatchLassoCV
    from analysis_lib.models.ridge import BatchRidgeCV

    given: dict[str, Any] = {"folds": params.cv_folds, "standardize": params.standardise}
    if params.penalty == "fixed":
        given["alphas"] = [params.alpha]
    if params.method == "ridge":
        return BatchRidgeCV(keep_path=False, **given)
    return BatchLassoCV(l1_ratio=_l1_ratio(params), keep_path=False, **given)


def compare(neurons: Neurons) -> pd.DataFrame:
    """Score every gene's models by repeated cross-validation.

    They are the run's own; the published notebook's Lasso, with one penalty and unscaled
    features; linear regression; and, where the samples are excitatory and inhibitory, the mean
    of their kind: what is predicted without any electrophysiology.

    Returns
    -------
    DataFrame
        Columns gene, model, r2_train, r2_test, rmse_train, rmse_test, outside.
    """
    from sklearn.linear_model import LinearRegression

    from analysis_lib.evaluation.genewise import scores
    from analysis_lib.models.lasso import BatchLasso

    params = neurons.params
    makers: dict[str, tuple[Callable[[], Any], NDArray[np.float64]]] = {
        OURS: (lambda: model(params), neurons.X),
        PUBLISHED: (lambda: BatchLasso(PUBLISHED_ALPHA, standardize=False), neurons.X),
        LINEAR: (LinearRegression, neurons.X),
    }
    if of_two_kinds(neurons):
        excitatory = np.asarray(neurons.types.about["kind"] == "exc", dtype=np.float64)
        makers[KIND] = (LinearRegression, excitatory[:, None])
    given = {"folds": params.cv_folds, "repeats": params.cv_repeats, "seed": params.seed}
    tables = [
        scores(make, X, neurons.Y, **given).assign(gene=neurons.genes, model=name)
        for name, (make, X) in makers.items()
    ]
    return pd.concat(tables, ignore_index=True)


def of_two_kinds(neurons: Neurons) -> bool:
    """Return whether every sample is known to be excitatory or inhibitory, and some are each."""
    return set(neurons.types.about["kind"]) == {"exc", "inh"}


def of_model(compared: pd.DataFrame, model: str) -> pd.DataFrame:
    """Return the scores of one model, by gene."""
    return compared[compared["model"] == model].set_index("gene").drop(columns="model")


def discover(neurons: Neurons) -> Found:
    """Say which genes electrophysiology predicts better than shuffled electrophysiology does.

    A gene's statistic is the best R² of cross-validation over the penalties tried: the choice
    flatters it, and flatters it the same after every shuffle.
    """
    from analysis_lib.evaluation.discovery import discoveries, permuted
    from analysis_lib.models import blocks

    params = neurons.params
    null = permuted(
        statistic(params),
        neurons.X,
        neurons.Y,
        permutations=params.permutations,
        seed=params.seed,
        sample=params.permuted_genes,
        mapping=blocks.mapping(),
    )
    return Found(null, discoveries(null, params.fdr))


def statistic(params: Params) -> Callable[[Any, Any], NDArray[np.float64]]:
    """Return the statistic of the permutation test: R² at the best penalty, a number per gene."""

    def best(X: NDArray[np.float64], Y: NDArray[np.float64]) -> NDArray[np.float64]:
        fitted = model(params).fit(X, Y)
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.asarray(1 - fitted.best_mse_ / _of_the_mean(Y, params.cv_folds))

    return best


def learn(neurons: Neurons, compared: pd.DataFrame, found: Found) -> GeneModels:
    """Fit every gene's model to all samples, and put it beside what is known of it."""
    params = neurons.params
    X, Y = neurons.X, neurons.Y
    fitted = model(params).fit(X, Y)
    scored = of_model(compared, OURS)
    tested: dict[str, Any] = {name: found.table[name] for name in ("p", "q", "discovered")}
    genes = pd.DataFrame(
        {
            "gene": neurons.genes,
            "id": list(neurons.types.expression.columns),
            "intercept": fitted.intercept_,
            "penalty": fitted.alpha_,
            "features": (fitted.coef_ != 0).sum(axis=1),
            **{str(name): scored[name].to_numpy() for name in scored},
            "linear_r2_test": of_model(compared, LINEAR)["r2_test"].to_numpy(),
            "mean": Y.mean(axis=0),
            "sd": Y.std(axis=0),
            **tested,
        }
    )
    features = pd.DataFrame(
        {
            "feature": neurons.features,
            "unit": [FEATURES[f].unit if f in FEATURES else "" for f in neurons.features],
            "mean": X.mean(axis=0),
            "sd": X.std(axis=0),
            "low": X.min(axis=0),
            "high": X.max(axis=0),
        }
    )
    return GeneModels(genes, np.asarray(fitted.coef_), features, _about(neurons))


def steadiness(neurons: Neurons, models: GeneModels) -> Stability:
    """See which coefficients come back when half of the samples are left out.

    The penalties stay those of all samples: what is asked is whether the features would be.
    """
    from analysis_lib.evaluation.coefficients import stability
    from analysis_lib.models.lasso import BatchLasso

    params = neurons.params
    penalties = np.maximum(models.genes["penalty"].to_numpy(np.float64), np.finfo(float).tiny)

    def fit(X: NDArray[np.float64], Y: NDArray[np.float64]) -> NDArray[np.float64]:
        if params.method == "ridge":
            return np.asarray(model(params).fit(X, Y).coef_)
        ratio, scaled = _l1_ratio(params), params.standardise
        return BatchLasso(penalties, l1_ratio=ratio, standardize=scaled).fit(X, Y).coef_

    return stability(fit, neurons.X, neurons.Y, resamples=params.resamples, seed=params.seed)


def held_out(neurons: Neurons) -> pd.DataFrame:
    """Predict every sample by models that never saw it: samples by genes."""
    from analysis_lib.evaluation.genewise import held_out as predicted

    params = neurons.params
    values = predicted(
        lambda: model(params), neurons.X, neurons.Y, folds=params.cv_folds, seed=params.seed
    )
    return pd.DataFrame(values, index=neurons.types.features.index, columns=neurons.genes)


def _l1_ratio(params: Params) -> float:
    return 1.0 if params.method == "lasso" else params.l1_ratio


def _of_the_mean(Y: NDArray[np.float64], folds: int) -> NDArray[np.float64]:
    """Return the mean squared error of predicting the training mean, in the same folds."""
    from sklearn.model_selection import KFold

    errors = [
        ((Y[test] - Y[train].mean(axis=0)) ** 2).mean(axis=0)
        for train, test in KFold(folds).split(Y)
    ]
    return np.asarray(np.mean(errors, axis=0))


def _about(neurons: Neurons) -> dict[str, Any]:
    """Return what a reader of the models must know, and what makes their simulated world again."""
    params = neurons.params
    simulated = {"seed": params.seed, "shape": params.simulate}
    return {
        "kind": neurons.kind,
        "title": neurons.sources[0].title,
        "samples": len(neurons.X),
        "method": params.method,
        "simulated": simulated if neurons.kind == "simulated" else None,
    }

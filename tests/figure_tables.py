"""Small tidy tables, such as the evaluation gives, for the tests of figures and their page."""

from __future__ import annotations

import numpy as np
import pandas as pd

from analysis_lib import figures

MODELS = ("logistic", "svm", "forest", "xgboost", "baseline")


def genes(n: int = 200) -> pd.DataFrame:
    """Genes with three p-values of exactly zero."""
    random = np.random.default_rng(1)
    table = pd.DataFrame(
        {
            "name": [f"Gene_{i}" for i in range(n)],
            "logFC": random.normal(0, 2.5, n),
            "pvalue": random.uniform(0, 1, n) ** 3,
            "baseMean": random.exponential(1000, n),
        }
    )
    table.loc[:2, "pvalue"] = 0.0
    return called(table)


def called(table: pd.DataFrame) -> pd.DataFrame:
    """Call genes at p < 0.05 and a fold change beyond 1."""
    strong = (table["pvalue"] < 0.05) & (table["logFC"].abs() > 1)
    call = np.where(strong, np.where(table["logFC"] > 0, "up", "down"), "not significant")
    return table.assign(call=np.where(table["pvalue"].isna(), "not tested", call))


def scores() -> pd.DataFrame:
    """Every metric of every model on both sets of features."""
    rows = [
        (model, features, metric, 0.5 + 0.1 * i, 0.4 + 0.1 * i, min(1.0, 0.6 + 0.1 * i), 40, "")
        for i, model in enumerate(reversed(MODELS))
        for features in ("all", "without leaking")
        for metric in ("accuracy", "balanced_accuracy", "auc", "cv_accuracy")
    ]
    columns = ["model", "features", "metric", "value", "low", "high", "n", "note"]
    return pd.DataFrame(rows, columns=columns)


def roc() -> pd.DataFrame:
    """A curve of three points per model."""
    return pd.DataFrame(
        {
            "model": np.repeat(MODELS, 3),
            "features": "all",
            "fpr": [0, 0.1, 1] * len(MODELS),
            "tpr": [0, 0.8, 1] * len(MODELS),
            "threshold": [np.inf, 0.5, 0] * len(MODELS),
        }
    )


def confusion() -> pd.DataFrame:
    """Twenty of each class; the baseline calls all of them 0."""
    rows = [
        (model, truth, predicted, 20 * (predicted == 0) if model == "baseline" else count)
        for model in MODELS
        for truth, predicted, count in ((0, 0, 18), (0, 1, 2), (1, 0, 1), (1, 1, 19))
    ]
    return pd.DataFrame(rows, columns=["model", "truth", "predicted", "count"])


def components(n: int = 60) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Points of two classes, and the shares of three components."""
    points = np.random.default_rng(2).normal(size=(n, 3))
    table = pd.DataFrame(points, columns=["PC1", "PC2", "PC3"])
    table["name"] = [f"Gene_{i}" for i in range(n)]
    table["label"] = np.arange(n) % 2
    ratios = pd.DataFrame({"component": ["PC1", "PC2", "PC3"], "ratio": [0.5, 0.3, 0.2]})
    return table, ratios.assign(cumulative=ratios["ratio"].cumsum())


def null() -> pd.DataFrame:
    """Scores with shuffled labels."""
    draws = np.random.default_rng(3).binomial(160, 0.5, 100) / 160
    return pd.DataFrame({"permutation": range(100), "score": draws})


def coefficients() -> pd.DataFrame:
    """Three features, one with the coefficient zero."""
    return pd.DataFrame(
        {"feature": ["pvalue", "baseMean", "logFC"], "coefficient": [0.0, -0.0127, 7.117]}
    )


def values() -> pd.DataFrame:
    """Values of three features by class."""
    table = genes()
    table["label"] = (table["logFC"] > 0).astype(int)
    return table.melt("label", ["logFC", "pvalue", "baseMean"], "feature")


def volcano(table: pd.DataFrame | None = None, **more):
    """A volcano plot at the thresholds of `called`."""
    table = genes() if table is None else table
    return figures.volcano(table, p_threshold=0.05, lfc_threshold=1, **more)


def every_figure() -> dict[str, object]:
    """Make one figure of every kind."""
    points, ratios = components()
    return {
        "volcano": volcano(),
        "volcano_many": volcano(genes(5000)),
        "ma": figures.ma(genes(), lfc_threshold=1),
        "p_histogram": figures.p_histogram(genes()),
        "roc": figures.roc(roc(), scores()),
        "comparison": figures.comparison(scores()),
        "confusion": figures.confusion(confusion()),
        "leakage": figures.leakage(scores()),
        "permutation": figures.permutation(null(), observed=0.975, p_value=0.01),
        "pca_2d": figures.pca_2d(points, ratios),
        "pca_3d": figures.pca_3d(points, ratios),
        "explained": figures.explained(ratios),
        "coefficients": figures.coefficients(coefficients()),
        "boxes": figures.boxes(values()),
    }

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


# ---- leukemia: two classes, 72 samples, networks with seeds

LINEUP = (
    "logistic_l2", "logistic_l1", "logistic_elastic", "svm_linear", "svm_rbf",
    "centroids", "voting", "forest", "xgboost", "baseline",
)  # fmt: skip
CLASSES = ("ALL", "AML")


def samples(n: int = 72) -> pd.DataFrame:
    """Samples with their class and part."""
    return pd.DataFrame(
        {
            "sample": [str(i + 1) for i in range(n)],
            "label": [CLASSES[i % 3 == 2] for i in range(n)],
            "part": ["train" if i < 38 else "test" for i in range(n)],
        }
    )


def binned() -> pd.DataFrame:
    """Counts of values before and after scaling."""
    random = np.random.default_rng(4)
    parts = []
    for panel, sample in (
        ("original", random.gamma(1, 900, 5000)),
        ("scaled", random.normal(size=5000)),
    ):
        counts, edges = np.histogram(sample, bins=30)
        parts.append(
            pd.DataFrame({"panel": panel, "low": edges[:-1], "high": edges[1:], "count": counts})
        )
    return pd.concat(parts, ignore_index=True)


def many_components(n: int = 37) -> pd.DataFrame:
    """The shares of many components."""
    ratio = 0.85 ** np.arange(n)
    ratio /= ratio.sum()
    names = [f"PC{i + 1}" for i in range(n)]
    return pd.DataFrame({"component": names, "ratio": ratio, "cumulative": ratio.cumsum()})


def history(seeds: int = 4, epochs: int = 60) -> pd.DataFrame:
    """Trainings that fit ever better and predict ever worse."""
    epoch = np.arange(1, epochs + 1)
    parts = []
    for seed in range(42, 42 + seeds):
        noise = np.random.default_rng(seed).normal(0, 0.02, epochs)
        for part, end in (("training", 0.02), ("validation", 0.4)):
            loss = (
                end
                + 0.6 * np.exp(-epoch / 9)
                + np.abs(noise)
                + (part == "validation") * epoch / 400
            )
            accuracy = np.clip(1 - 0.5 * loss - noise, 0, 1)
            parts.append(
                pd.DataFrame(
                    {"seed": seed, "epoch": epoch, "part": part, "loss": loss, "accuracy": accuracy}
                )
            )
    return pd.concat(parts, ignore_index=True)


def seed_errors() -> pd.DataFrame:
    """Errors of ten seeds of two networks."""
    rows = [
        ("network", seed, errors, 34) for seed, errors in enumerate((5, 6, 5, 4, 7, 5, 9, 6, 2, 5))
    ]
    rows += [
        ("regularised", seed, errors, 34)
        for seed, errors in enumerate((3, 4, 3, 3, 2, 3, 3, 4, 3, 3))
    ]
    return pd.DataFrame(rows, columns=["model", "seed", "errors", "n"])


def precision_recall() -> pd.DataFrame:
    """A curve of four points per model, as scikit-learn orders them."""
    return pd.DataFrame(
        {
            "model": np.repeat(MODELS, 4),
            "recall": [1, 0.9, 0.6, 0] * len(MODELS),
            "precision": [
                p for i in range(len(MODELS)) for p in (0.4, 0.7 - i / 20, 0.9 - i / 10, 1)
            ],
            "threshold": [0.1, 0.4, 0.8, np.nan] * len(MODELS),
        }
    )


def average_precision() -> pd.DataFrame:
    """A score per model."""
    kept = scores().query("metric == 'auc' and features == 'all'")
    return kept.assign(metric="average_precision")


def calibration(models: tuple[str, ...] = ("network", "ensemble", "logistic_all")) -> pd.DataFrame:
    """Five bins per model."""
    rows = []
    for i, model in enumerate(models):
        for p in (0.05, 0.2, 0.45, 0.7, 0.95):
            share = min(1.0, max(0.0, p + 0.07 * (i - 1)))
            rows.append((model, p + 0.01 * i, share, max(0, share - 0.2), min(1, share + 0.2), 7))
    return pd.DataFrame(rows, columns=["model", "probability", "share", "low", "high", "n"])


def probabilities(n: int = 34, seeds: int = 10) -> pd.DataFrame:
    """Probabilities of two models for samples, some of them wrong."""
    random = np.random.default_rng(6)
    rows = []
    for i in range(n):
        truth = CLASSES[i % 5 > 2]
        middle = random.normal(2.2 if truth == "AML" else -2.2, 1.8)
        for model in ("network", "regularised"):
            for seed in range(seeds):
                p = 1 / (1 + np.exp(-middle - random.normal(0, 0.7)))
                rows.append((str(39 + i), truth, model, seed, p))
    return pd.DataFrame(rows, columns=["sample", "truth", "model", "seed", "probability"])


def strengths(n: int = 34) -> pd.DataFrame:
    """Prediction strengths, two of them of wrong predictions."""
    random = np.random.default_rng(7)
    truth = np.array([CLASSES[i % 5 > 2] for i in range(n)])
    wrong = np.isin(np.arange(n), (1, 3))
    strength = np.where(wrong, 0.2, random.uniform(0.05, 0.98, n))
    return pd.DataFrame(
        {
            "sample": [str(39 + i) for i in range(n)],
            "truth": truth,
            "predicted": np.where(wrong, np.where(truth == "ALL", "AML", "ALL"), truth),
            "strength": strength,
            "sure": strength > 0.3,
        }
    )


def embedded() -> pd.DataFrame:
    """Points of three methods."""
    parts = []
    for i, method in enumerate(("PCA", "t-SNE", "UMAP")):
        points = samples()
        shift = (points["label"] == "AML") * 2.5
        noise = np.random.default_rng(i).normal(size=(2, len(points)))
        parts.append(points.assign(method=method, x=shift + noise[0], y=noise[1]))
    return pd.concat(parts, ignore_index=True)


def embedding_quality() -> pd.DataFrame:
    """Three measures of three methods; one is not known."""
    rows = [
        (method, measure, v, v - 0.05, min(1, v + 0.05))
        for method, level in (("PCA", 0.8), ("t-SNE", 0.9), ("UMAP", 0.85))
        for measure, v in (
            ("trustworthiness", level),
            ("neighbour purity", level - 0.1),
            ("stability", level - 0.3),
        )
    ]
    return pd.DataFrame(rows, columns=["method", "measure", "value", "low", "high"])


def clustered() -> pd.DataFrame:
    """Two clusters that are not the two classes."""
    table = embedded().query("method == 'PCA' and part == 'train'")
    return table.assign(cluster=(table["x"] > 1.5).astype(int) + 1)[
        ["sample", "label", "cluster", "x", "y"]
    ]


def method_errors() -> pd.DataFrame:
    """Errors here and elsewhere."""
    here = [
        ("Weighted voting, 50 genes", 4, 50), ("Nearest shrunken centroids", 2, 21),
        ("Logistic regression (L2)", 1, 50), ("Logistic regression (elastic net)", 3, 57),
        ("SVM (RBF)", 3, 200), ("Random forest", 2, 7129), ("XGBoost", 5, 31),
        ("Majority class", 14, 0),
    ]  # fmt: skip
    rows = [
        (what, "here", e, max(0.2, e - 2.1), min(34, e + 4.3), 34, genes, "reproduced")
        for what, e, genes in here
    ]
    golub, pam = "Golub et al., Science 1999", "Tibshirani et al., PNAS 2002"
    none = np.nan
    rows[1:1] = [("Weighted voting, without rejection", pam, 4, none, none, 34, 50, "reproduced")]
    rows[3:3] = [("Nearest shrunken centroids", pam, 2, none, none, 34, 21, "reproduced")]
    rows += [("Weighted voting, strong calls", golub, 0, none, none, 29, 50, "not comparable")]
    columns = ["what", "source", "errors", "low", "high", "n", "genes", "status"]
    return pd.DataFrame(rows, columns=columns)


DESCRIPTIONS = (
    "Zyxin", "Leukotriene C4 synthase (LTC4S) gene", "CD33 CD33 antigen (differentiation antigen)",
    "FAH Fumarylacetoacetate", "C-myb gene extracted from Human (c-myb) gene, complete primary "
    "cds, and five complete alternatively spliced cds", "Proteasome iota chain", "MB-1 gene",
    "Cyclin D3 (CCND3) gene", "Macmarcks", "RB1 Retinoblastoma 1 (including osteosarcoma)",
)  # fmt: skip


def gene_weights() -> pd.DataFrame:
    """Five genes for either class."""
    sign = np.repeat([1, -1], 5)
    return pd.DataFrame(
        {
            "gene": [f"X{95735 + i}_at" for i in range(10)],
            "description": DESCRIPTIONS,
            "row": range(4847, 4857),
            "coefficient": sign * np.tile([0.05, 0.09, 0.061, 0.12, 0.043], 2),
            "shown": [f"{4847 + i} {text.split()[0]}" for i, text in enumerate(DESCRIPTIONS)],
        }
    )


def gene_stability() -> pd.DataFrame:
    """How often ten genes are chosen."""
    return gene_weights()[["gene", "description"]].assign(
        share=np.linspace(0.3, 1, 10),
        sign=np.repeat([1, -1], 5),
        listed=np.arange(10) % 3 == 0,
    )


def choices() -> pd.DataFrame:
    """Accuracies with genes chosen outside and inside the folds."""
    random = np.random.default_rng(8)
    middle = {
        ("outside the folds", "true"): 0.98,
        ("inside the folds", "true"): 0.94,
        ("outside the folds", "shuffled"): 0.95,
        ("inside the folds", "shuffled"): 0.58,
    }
    rows = [
        (choice, labels, draw, round(38 * min(1, random.normal(mean, 0.03))) / 38)
        for (choice, labels), mean in middle.items()
        for draw in range(20)
    ]
    return pd.DataFrame(rows, columns=["choice", "labels", "draw", "accuracy"])


def learning() -> pd.DataFrame:
    """Accuracy of three models from more and more samples."""
    rows = [
        (model, size, value, max(0, value - 0.15), min(1, value + 0.08), 20 if size < 38 else 1)
        for model, level in (("logistic_l2", 0.95), ("centroids", 0.92), ("svm_linear", 0.9))
        for size in (10, 15, 20, 25, 30, 38)
        for value in [level - 0.9 / size]
    ]
    return pd.DataFrame(rows, columns=["model", "size", "value", "low", "high", "draws"])


def leukemia_figures() -> dict[str, object]:
    """Make one figure of every kind that the leukemia studies show."""
    return {
        "values": figures.values(binned()),
        "explained_many": figures.explained(many_components(), keep=0.95),
        "curves": figures.curves(history(), stop=25),
        "spread": figures.spread(seed_errors(), reference={"logistic_all": 5, "baseline": 14}),
        "precision_recall": figures.precision_recall(
            precision_recall(), average_precision(), share=0.41
        ),
        "calibration": figures.calibration(calibration()),
        "patients": figures.patients(probabilities()),
        "strength": figures.strength(strengths()),
        "embeddings": figures.embeddings(embedded()),
        "quality": figures.quality(embedding_quality()),
        "gene_weights": figures.gene_weights(gene_weights(), classes=CLASSES),
        "confusion_colourful": figures.confusion(
            confusion(), names=dict(enumerate(CLASSES)), colourful=True
        ),
        "clusters": figures.clusters(clustered()),
        "errors": figures.errors(method_errors()),
        "stability": figures.stability(gene_stability(), classes=CLASSES),
        "selection_bias": figures.selection_bias(choices(), majority=0.711),
        "learning": figures.learning(learning()),
    }


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
        **leukemia_figures(),
    }

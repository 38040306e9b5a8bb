"""Small tidy tables, such as the neuron studies give, for the tests of their figures."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pandas as pd

from analysis_lib import figures
from analysis_lib.figures import theme

FEATURES = (
    "rmp", "tau", "apthr", "apamp", "ahpamp", "aphw", "rheo", "cap", "maxfreq", "adratio", "ri",
    "sag", "f_i_curve_slope", "avg_isi", "latency",
)  # fmt: skip
KINDS = {
    "Chat": "inh", "Chrna2-OE25": "inh", "Ctgf": "exc", "Cux2": "exc", "Gad2": "inh",
    "Htr3a-NO152": "inh", "Ndnf": "inh", "Nkx2-1": "inh", "Nr5a1": "exc", "Ntsr1-GN220": "exc",
    "Pvalb": "inh", "Rbp4-KL100": "exc", "Rorb": "exc", "Scnn1a-Tg2": "exc",
    "Scnn1a-Tg3": "exc", "Slc17a6": "exc", "Sst": "inh", "Vip": "inh",
}  # fmt: skip
LINES = tuple(KINDS)
GENES = (
    "Pvalb", "Sst", "Vip", "Gad1", "Slc17a7", "Htr3a", "Kcnc1", "Scn1b", "Cck", "Npy", "Rorb",
    "Hcn1",
)  # fmt: skip


def score_bins(models: tuple[str, ...] = ("linear", "lasso")) -> pd.DataFrame:
    """R² and RMSE of 3,000 genes in bins, the outermost ones of R² open."""
    parts = []
    for i, model in enumerate(models):
        for j, part in enumerate(("training", "held out")):
            random = np.random.default_rng((i, j))
            r2 = random.normal(0.75 - 0.5 * j - 0.2 * i, 0.2 + 0.3 * j, 3000)
            inner = np.linspace(-1, 1, 21)
            edges = np.array([-np.inf, *inner, np.inf])
            parts.append(_bins(r2, edges, model=model, part=part, measure="R²"))
            rmse = random.gamma(4, 0.2 + 0.1 * j, 3000)
            parts.append(_bins(rmse, np.linspace(0, 4, 21), model=model, part=part, measure="RMSE"))
    return pd.concat(parts, ignore_index=True)


def _bins(values: np.ndarray, edges: np.ndarray, **names: str) -> pd.DataFrame:
    counts = [((values >= a) & (values < b)).sum() for a, b in pairwise(edges)]
    return pd.DataFrame({**names, "low": edges[:-1], "high": edges[1:], "count": counts})


def pairs(n: int = 300) -> pd.DataFrame:
    """Scores of two models per gene; linear regression can be far below zero."""
    parts = []
    for j, part in enumerate(("training", "held out")):
        random = np.random.default_rng(j)
        lasso = np.clip(random.normal(0.4 - 0.2 * j, 0.25, n), -0.6, 0.95)
        linear = np.minimum(lasso + random.normal(0.1 - 0.6 * j, 0.15 + 0.4 * j, n), 0.99)
        if part == "held out":
            linear[:3] = -1000.0, -2.5, -np.inf
        parts.append(
            pd.DataFrame(
                {"gene": [f"Gene_{i}" for i in range(n)], "part": part, "x": linear, "y": lasso}
            )
        )
    return pd.concat(parts, ignore_index=True)


def predictions(genes: int = 8, samples: int = 48) -> pd.DataFrame:
    """Observed and predicted expression of a few genes in 48 cell types."""
    parts = []
    for i in range(genes):
        random = np.random.default_rng(i)
        exc = np.arange(samples) % 2 == 0
        observed = np.clip(random.normal(4 + 3 * (exc == (i % 2 == 0)), 1.2, samples), 0, None)
        predicted = 0.7 * observed + random.normal(1.5, 0.7, samples)
        parts.append(
            pd.DataFrame(
                {
                    "gene": GENES[i % len(GENES)],
                    "sample": [f"{LINES[j % len(LINES)]} L{j % 5 + 2}" for j in range(samples)],
                    "group": np.where(exc, "exc", "inh"),
                    "observed": observed,
                    "predicted": predicted,
                    "r2": np.corrcoef(observed, predicted)[0, 1] ** 2,
                }
            )
        )
    return pd.concat(parts, ignore_index=True)


def coefficient_table(genes: int = 400) -> pd.DataFrame:
    """Coefficients of genes in clusters, two thirds of them zero."""
    random = np.random.default_rng(3)
    clusters = random.normal(0, 0.4, (6, len(FEATURES))) * (random.random((6, 15)) < 0.4)
    values = clusters[np.sort(random.integers(0, 6, genes))]
    values = values * random.gamma(2, 0.5, values.shape) * (random.random(values.shape) < 0.8)
    values[0, 0] = 4.0
    names = [f"Gene_{i}" for i in range(genes)]
    return pd.DataFrame(values, index=names, columns=FEATURES)


def driver_counts() -> pd.DataFrame:
    """How many genes every feature drives."""
    random = np.random.default_rng(4)
    table = pd.DataFrame(
        {
            "feature": FEATURES,
            "up": random.integers(0, 1300, 15),
            "down": random.integers(0, 900, 15),
        }
    )
    table.loc[14, ["up", "down"]] = 0, 31
    return table.sort_values("up", ascending=False, ignore_index=True)


def shares(kinds: tuple[str, ...] = ("observed", "permuted")) -> pd.DataFrame:
    """A statistic of 3,000 genes, with the true rows and with shuffled ones, in bins."""
    parts = []
    for kind, middle in (("observed", 0.25), ("permuted", -0.05)):
        if kind in kinds:
            values = np.random.default_rng(5).normal(middle, 0.2, 3000)
            edges = np.array([-np.inf, *np.linspace(-0.5, 0.8, 27), np.inf])
            bins = _bins(values, edges, kind=kind)
            parts.append(bins.assign(share=bins["count"] / 3000).drop(columns="count"))
    return pd.concat(parts, ignore_index=True)


def steps() -> pd.DataFrame:
    """What is left of the genes after each step."""
    left = [45768, 38396, 14022, 12010, 3000]
    return pd.DataFrame(
        {
            "step": [
                "in the table", "not the same in all cell types", "log2(CPM + 1) above 1 in one",
                "with a symbol", "the 3,000 that vary most",
            ],
            "n": left,
            "removed": [0, *(a - b for a, b in pairwise(left))],
        }
    )  # fmt: skip


def selection(genes: int = 8) -> pd.DataFrame:
    """How often each feature is chosen for a few genes."""
    random = np.random.default_rng(6)
    rows = [
        (GENES[i % len(GENES)], feature, share, 0 if share == 0 else random.choice([-1, 1]))
        for i in range(genes)
        for feature in FEATURES
        for share in [round(max(0.0, random.normal(0.4, 0.35)), 2)]
    ]
    table = pd.DataFrame(rows, columns=["gene", "feature", "share", "sign"])
    return table.assign(share=table["share"].clip(upper=1))


def cells(n: int = 180, methods: tuple[str, ...] = ("PCA", "t-SNE", "UMAP")) -> pd.DataFrame:
    """Cells of all lines on three maps; the spines of some are not known."""
    random = np.random.default_rng(7)
    line = np.array(LINES)[np.arange(n) % len(LINES)]
    about = pd.DataFrame(
        {
            "sample": [f"cell_{i}" for i in range(n)],
            "line": line,
            "kind": [KINDS[each] for each in line],
            "spines": np.where([KINDS[each] == "exc" for each in line], "spiny", "aspiny"),
        }
    )
    about.loc[:4, "spines"] = "sparsely spiny"
    about.loc[5:9, "spines"] = ""
    parts = []
    for method in methods:
        centre = {each: random.normal(0, 4, 2) for each in LINES}
        place = np.array([centre[each] for each in line]) + random.normal(0, 0.8, (n, 2))
        parts.append(about.assign(method=method, x=place[:, 0], y=place[:, 1]))
    return pd.concat(parts, ignore_index=True)


def matrix(n: int = 18) -> pd.DataFrame:
    """Correlations of predicted with measured lines, two of which were not predicted."""
    random = np.random.default_rng(8)
    kinds = np.array([KINDS[line] == "exc" for line in LINES[:n]])
    values = np.where(kinds[:, None] == kinds, 0.35, -0.35) + random.normal(0, 0.15, (n, n))
    values[np.diag_indices(n)] += 0.35
    table = pd.DataFrame(np.clip(values, -1, 1), index=LINES[:n], columns=LINES[:n])
    return table.drop(index=list(LINES[:2]))


def marker_genes() -> pd.DataFrame:
    """Marker genes of lines, predicted and measured."""
    random = np.random.default_rng(9)
    rows = [
        (gene, line, KINDS[line], *np.clip(random.normal(0.5, 0.3, 2), 0, 1))
        for gene in GENES
        for line in LINES
    ]
    table = pd.DataFrame(rows, columns=["gene", "line", "kind", "predicted", "measured"])
    return table.assign(predicted_raw=8 * table["predicted"], measured_raw=10 * table["measured"])


def own() -> pd.DataFrame:
    """Correlations of lines with their own measured line and with the others."""
    random = np.random.default_rng(10)
    middle = random.normal(0, 0.15, len(LINES))
    return pd.DataFrame(
        {
            "line": LINES,
            "own": np.clip(middle + random.normal(0.4, 0.2, len(LINES)), -1, 1),
            "low": middle - 0.4,
            "median": middle,
            "high": middle + 0.4,
        }
    )


def looks() -> dict[str, theme.Style]:
    """What the lines look like in all figures."""
    return theme.lines(LINES, KINDS)


def neuron_figures() -> dict[str, object]:
    """Make one figure of every kind that the neuron studies show."""
    return {
        "score_histograms": figures.score_histograms(score_bins()),
        "against": figures.against(pairs()),
        "against_many": figures.against(pairs(1500)),
        "predicted_observed": figures.predicted_observed(predictions(), unit="log₂(CPM + 1)"),
        "coefficient_map": figures.coefficient_map(coefficient_table()),
        "coefficient_map_few": figures.coefficient_map(coefficient_table(12)),
        "drivers": figures.drivers(driver_counts()),
        "null": figures.null(shares(), 0.28),
        "funnel": figures.funnel(steps()),
        "gene_stability": figures.gene_stability(selection()),
        "views": figures.views(cells(), looks=looks()),
        "views_kind": figures.views(cells(methods=("UMAP",)), by="kind", looks=looks()),
        "views_many": figures.views(cells(1058), by="spines", looks=looks()),
        "line_matrix": figures.line_matrix(matrix()),
        "rank_histogram": figures.rank_histogram(shares(), 0.3),
        "markers": figures.markers(marker_genes()),
        "own_and_others": figures.own_and_others(own()),
    }

"""Tidy table in, figure out; `show` puts it on the page."""

from analysis_lib.figures.draws import selection_bias, spread
from analysis_lib.figures.embed import say, show, show_table
from analysis_lib.figures.features import boxes, coefficients, explained, pca_2d, pca_3d, values
from analysis_lib.figures.gene_choice import gene_weights, stability
from analysis_lib.figures.genes import ma, p_histogram, volcano
from analysis_lib.figures.maps import clusters, embeddings, quality
from analysis_lib.figures.matrices import confusion
from analysis_lib.figures.probabilities import calibration, patients, precision_recall, strength
from analysis_lib.figures.scores import comparison, errors, leakage, permutation, roc
from analysis_lib.figures.training import curves, learning

__all__ = [
    "boxes",
    "calibration",
    "clusters",
    "coefficients",
    "comparison",
    "confusion",
    "curves",
    "embeddings",
    "errors",
    "explained",
    "gene_weights",
    "leakage",
    "learning",
    "ma",
    "p_histogram",
    "patients",
    "pca_2d",
    "pca_3d",
    "permutation",
    "precision_recall",
    "quality",
    "roc",
    "say",
    "selection_bias",
    "show",
    "show_table",
    "spread",
    "stability",
    "strength",
    "values",
    "volcano",
]

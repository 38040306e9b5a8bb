"""Tidy table in, figure out; `show` puts it on the page."""

from analysis_lib.figures.draws import selection_bias, spread
from analysis_lib.figures.embed import say, show, show_table
from analysis_lib.figures.features import boxes, coefficients, explained, pca_2d, pca_3d, values
from analysis_lib.figures.gene_choice import gene_weights, stability
from analysis_lib.figures.gene_drivers import coefficient_map, drivers, gene_stability
from analysis_lib.figures.genes import ma, p_histogram, volcano
from analysis_lib.figures.genewise import against, funnel, predicted_observed
from analysis_lib.figures.histograms import null, rank_histogram, score_histograms
from analysis_lib.figures.line_matches import line_matrix, markers, own_and_others
from analysis_lib.figures.lines import views
from analysis_lib.figures.lookup import show_lookup
from analysis_lib.figures.maps import clusters, embeddings, quality
from analysis_lib.figures.matrices import confusion
from analysis_lib.figures.probabilities import calibration, patients, precision_recall, strength
from analysis_lib.figures.scores import comparison, errors, leakage, permutation, roc
from analysis_lib.figures.training import curves, learning

__all__ = [
    "against",
    "boxes",
    "calibration",
    "clusters",
    "coefficient_map",
    "coefficients",
    "comparison",
    "confusion",
    "curves",
    "drivers",
    "embeddings",
    "errors",
    "explained",
    "funnel",
    "gene_stability",
    "gene_weights",
    "leakage",
    "learning",
    "line_matrix",
    "ma",
    "markers",
    "null",
    "own_and_others",
    "p_histogram",
    "patients",
    "pca_2d",
    "pca_3d",
    "permutation",
    "precision_recall",
    "predicted_observed",
    "quality",
    "rank_histogram",
    "roc",
    "say",
    "score_histograms",
    "selection_bias",
    "show",
    "show_lookup",
    "show_table",
    "spread",
    "stability",
    "strength",
    "values",
    "views",
    "volcano",
]

"""Tidy table in, figure out; `show` puts it on the page."""

from analysis_lib.figures.embed import say, show, show_table
from analysis_lib.figures.features import boxes, coefficients, explained, pca_2d, pca_3d
from analysis_lib.figures.genes import ma, p_histogram, volcano
from analysis_lib.figures.scores import comparison, confusion, leakage, permutation, roc

__all__ = [
    "boxes",
    "coefficients",
    "comparison",
    "confusion",
    "explained",
    "leakage",
    "ma",
    "p_histogram",
    "pca_2d",
    "pca_3d",
    "permutation",
    "roc",
    "say",
    "show",
    "show_table",
    "volcano",
]

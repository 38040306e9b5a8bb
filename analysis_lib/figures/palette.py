"""Who looks how in every figure: colours for all eyes (Okabe & Ito), symbols, dashes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from analysis_lib.figures.text import label

ORANGE, SKY, GREEN, YELLOW = "#E69F00", "#56B4E9", "#009E73", "#F0E442"
BLUE, VERMILION, PURPLE = "#0072B2", "#D55E00", "#CC79A7"
GREY = "#8C8C8C"
VIOLET, BROWN, OLIVE = "#8F6FC0", "#9C6B30", "#8F8600"
INK = "#333333"
"""Whiskers and rings; the page puts its own text colour in its place."""

PALE = "#EEF4FA"
"""Nothing, on a scale of colours; the page puts its own ground in its place."""

UP, DOWN = VERMILION, BLUE
LINE = "#767676"
"""Thresholds and references: a grey that stands out from white and from black alike."""

NAME_LENGTH = 20
"""Longer names of models, classes and features lose their middle where space is scarce."""


@dataclass(frozen=True)
class Style:
    """How one thing looks in every figure."""

    title: str
    colour: str
    symbol: str = "circle"
    dash: str = "solid"


CALLS = {
    "not tested": Style("Not tested", "#B8B8B8", "x"),
    "not significant": Style("Not significant", "#9A9A9A", "circle"),
    "down": Style("Down", DOWN, "square"),
    "up": Style("Up", UP, "diamond"),
}
_MODELS = {
    "logistic": Style("Logistic regression", BLUE, "circle", "solid"),
    "svm": Style("SVM (RBF)", ORANGE, "square", "dash"),
    "forest": Style("Random forest", GREEN, "diamond", "dashdot"),
    "xgboost": Style("XGBoost", PURPLE, "cross", "longdash"),
    "logistic_all": Style("Logistic, all genes", SKY, "square", "dash"),
    "logistic_l2": Style("Logistic regression (L2)", BLUE, "circle", "solid"),
    "logistic_l1": Style("Logistic regression (L1)", SKY, "triangle-up", "dash"),
    "logistic_elastic": Style(
        "Logistic regression (elastic net)", VIOLET, "triangle-down", "dashdot"
    ),
    "svm_all": Style("SVM, all genes", ORANGE, "diamond", "dashdot"),
    "svm_linear": Style("SVM (linear)", BROWN, "pentagon", "longdash"),
    "svm_rbf": Style("SVM (RBF)", ORANGE, "square", "dash"),
    "centroids": Style("Nearest shrunken centroids", VERMILION, "hexagon", "solid"),
    "voting": Style("Weighted voting", OLIVE, "star", "dot"),
    "network": Style("Network", VERMILION, "diamond", "solid"),
    "redrawn": Style("Network, other patients watched", SKY, "circle", "dot"),
    "ensemble": Style("Mean of the networks", ORANGE, "square", "dash"),
    "regularised": Style("Regularised network", GREEN, "triangle-up", "dashdot"),
    "linear": Style("Linear regression", ORANGE, "square", "dash"),
    "lasso": Style("Lasso", BLUE, "circle", "solid"),
    "ridge": Style("Ridge regression", GREEN, "diamond", "dashdot"),
    "elastic_net": Style("Elastic net", PURPLE, "triangle-up", "longdash"),
    "baseline": Style("Majority class", "#B0B0B0", "x", "dot"),
}
_OTHER_MODELS = (SKY, VERMILION, YELLOW, VIOLET, BROWN)
_CLASSES = (
    (BLUE, "square"),
    (VERMILION, "diamond"),
    (GREEN, "circle"),
    (PURPLE, "cross"),
    (ORANGE, "x"),
    (SKY, "circle"),
    (YELLOW, "square"),
    (GREY, "diamond"),
)
_KINDS = {
    "exc": Style("Excitatory", VERMILION, "diamond"),
    "inh": Style("Inhibitory", BLUE, "square"),
}
# The page brightens its own blue in the dark, where it would come close to the sky's.
COLD, WARM = ("#1A6DAE", SKY, GREEN), (VERMILION, ORANGE, PURPLE)
_DIM = ("#666666",)
_FAMILIES = {"inh": COLD, "exc": WARM}
_SYMBOLS = ("circle", "square", "diamond", "triangle-up", "cross", "triangle-down", "star", "x")
_PAIRS = 24


def models(names: Iterable[str]) -> dict[str, Style]:
    """Give every model its look, in the order of first appearance.

    Examples
    --------
    >>> [style.title for style in models(["svm", "mine", "svm"]).values()]
    ['SVM (RBF)', 'mine']
    """
    unique = list(dict.fromkeys(names))
    others = sorted(name for name in unique if name not in _MODELS)
    free = {
        name: Style(label(name, NAME_LENGTH), _OTHER_MODELS[i % len(_OTHER_MODELS)])
        for i, name in enumerate(others)
    }
    return {name: _MODELS.get(name) or free[name] for name in unique}


def classes(labels: Iterable[object]) -> dict[object, Style]:
    """Give every class its look, in sorted order; of two, the second is the positive one.

    Examples
    --------
    >>> {name: style.colour for name, style in classes([1, 0, 1]).items()}
    {0: '#0072B2', 1: '#D55E00'}
    """
    ordered = sorted(dict.fromkeys(labels), key=lambda value: (str(type(value)), value))
    looks = (_CLASSES[i % len(_CLASSES)] for i in range(len(ordered)))
    return {
        name: Style(label(name, NAME_LENGTH), *look)
        for name, look in zip(ordered, looks, strict=True)
    }


def kinds(names: Iterable[str]) -> dict[str, Style]:
    """Give every kind of neuron its look: warm for excitatory ones, cold for inhibitory ones.

    Examples
    --------
    >>> [style.title for style in kinds(["inh", "exc", ""]).values()]
    ['Excitatory', 'Inhibitory', 'Not known']
    """
    found = set(names)
    others = sorted(found - set(_KINDS) - {""})
    looks = {
        **_KINDS,
        **{name: Style(label(name, NAME_LENGTH), GREEN, "circle") for name in others},
        "": Style("Not known", GREY, "cross"),
    }
    return {name: look for name, look in looks.items() if name in found}


def lines(
    all_lines: Iterable[str], kinds: Mapping[str, str] | Iterable[str] | None = None
) -> dict[str, Style]:
    """Give every line of a whole study its look: the same in all of its figures.

    Parameters
    ----------
    all_lines : names
        Of the study, not of a figure: what a line looks like depends on all of them.
    kinds : mapping of line to kind, or the kind of each of `all_lines`, optional
        Lines of one kind have colours of one family: "exc" warm, "inh" cold, others grey.

    Examples
    --------
    >>> looks = lines(["Pvalb", "Rbp4"], {"Pvalb": "inh", "Rbp4": "exc"})
    >>> looks["Pvalb"].colour in COLD, looks["Rbp4"].colour in WARM
    (True, True)
    """
    named = list(all_lines)
    if kinds is not None and not isinstance(kinds, Mapping):
        kinds = dict(zip(named, kinds, strict=True))
    families: dict[tuple[str, ...], list[str]] = {}
    for line in sorted(set(named) - {""}):
        family = (*WARM, *COLD) if kinds is None else _FAMILIES.get(kinds.get(line, ""), _DIM)
        families.setdefault(family, []).append(line)
    looks = {
        line: _look(line, i, family)
        for family, of_family in families.items()
        for i, line in enumerate(of_family)
    }
    if "" in named:
        looks[""] = Style("No line", LINE, "circle-open")
    return {line: looks[line] for line in sorted(looks)}


def _look(line: str, i: int, colours: tuple[str, ...]) -> Style:
    # Neighbours differ in both; 24 pairs go by before one comes again, then as an open symbol.
    symbol = _SYMBOLS[i % len(_SYMBOLS)] + "-open" * (i // _PAIRS % 2)
    return Style(label(line, NAME_LENGTH), colours[i % len(colours)], symbol)

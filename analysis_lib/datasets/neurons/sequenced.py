"""Simulated sequenced cells: what they are, what they express, and what is counted of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis_lib.datasets.neurons.latent import (
    HIGHEST,
    NAMED_CONSTANT,
    Floats,
    Shape,
    World,
    invented,
    marked,
)
from analysis_lib.datasets.neurons.lines import line_key
from analysis_lib.datasets.neurons.patched import apportioned, types_of
from analysis_lib.datasets.neurons.simulated_lines import (
    CHANNELS,
    LINE_MARKERS,
    LINES,
    SEQUENCED_MARKERS,
)

_BROAD = {"exc": "Glutamatergic Neuron", "inh": "GABA-ergic Neuron"}
_GLIA = {
    "Astro": "Astrocyte",
    "Oligo": "Oligodendrocyte",
    "OPC": "Oligodendrocyte Precursor Cell",
    "Micro": "Microglia",
    "Endo": "Endothelial Cell",
}
_DISSECTED = {"L1": "L1", "L2/3": "upper", "L4": "L4", "L5": "L5", "L6": "L6"}
# Of a thousand cells: failed the checks, no neurons, no label, a weak label, no clear type.
_FATES = {"failed": 70, "glia": 60, "negative": 50, "partial": 15, "unclear": 20, "good": 785}
_INTERMEDIATE = 0.15  # share of the neurons: between two types
_SECOND_DRIVER = "Pvalb-2A-Flpo"

_MILLION = 1e6
_READS = 1.5e6  # of a usual cell
_READS_SPREAD = 0.4  # natural logarithm
_FAILED_READS = 0.02  # of a usual cell's
_CELL_SPREAD = 0.45  # of a gene between cells of a type, natural logarithm
_DISPERSION = 0.5  # of the negative binomial
_LOST_AT = 3.0  # log2(CPM + 1) at which a gene is not seen in half of the cells
_ESTIMATED = 0.04  # share of the genes whose reads fit others too, and are shared out
_BLOCK = 1024  # genes at a time


@dataclass(frozen=True)
class Cells:
    """The sequenced cells, in the order of the counts.

    Attributes
    ----------
    about : DataFrame
        The columns of the published clustering.
    profile : array
        Which column of the expression each cell has.
    reads : array
        How many reads each cell has, more or less.
    """

    about: pd.DataFrame
    profile: NDArray[np.intp]
    reads: Floats


def sequenced(random: np.random.Generator, made: World, shape: Shape) -> Cells:
    """Return the cells: most are labelled neurons of their line, and pass the checks."""
    n = shape.sequenced
    lines = [line for line in LINES if line.sequenced]
    of_line = pd.Series(
        np.repeat([line.name for line in lines], apportioned([x.sequenced for x in lines], n))
    )
    fates = np.repeat(list(_FATES), apportioned(list(_FATES.values()), n))
    fate = pd.Series(random.permutation(fates))
    profile = types_of(random, made.types, of_line)
    strange = np.flatnonzero(fate == "negative")
    profile[strange] = random.integers(0, len(made.types), len(strange))
    glia = np.flatnonzero(fate == "glia")
    profile[glia] = len(made.types) + random.integers(0, len(_GLIA), len(glia))
    reads = _READS * random.lognormal(0, _READS_SPREAD, n)
    reads[fate == "failed"] *= _FAILED_READS
    return Cells(_clustering(random, made, of_line, fate, profile), profile, reads)


def counted(random: np.random.Generator, made: World, shape: Shape) -> tuple[list[str], Floats]:
    """Return which genes are counted, in order, and their expression: in every type, in glia."""
    named = np.flatnonzero(~made.genes["symbol"].isin(["", *LINE_MARKERS, *CHANNELS]))
    named = named[made.expression[named].any(axis=1)]
    markers = np.flatnonzero(made.genes["marker"])
    chosen = random.choice(named, shape.shared - len(markers), replace=False)
    rows = np.r_[markers, chosen]
    known = made.expression[rows]
    further = [marked(random, where, made.types) for where in SEQUENCED_MARKERS.values()]
    known = np.vstack([known, *further])
    known = np.hstack([known, _in_glia(random, known, made.genes["symbol"].to_numpy()[rows])])
    unknown = shape.counted - len(known)
    size = random.gamma(2.0, 0.3, unknown)[:, None]
    cpm = 2 ** (size * random.normal(size=(unknown, known.shape[1])))
    cpm *= 2 ** random.normal(0, 3.5, unknown)[:, None]
    # These genes take what the others leave of a million, so that both tables mean the same CPM.
    left = np.maximum(_MILLION - (2**known - 1).sum(axis=0), _MILLION / 10)
    cpm *= left / cpm.sum(axis=0)
    used = shape.genes - len(markers) + NAMED_CONSTANT
    symbols = [*made.genes["symbol"].iloc[rows], *SEQUENCED_MARKERS]
    symbols += invented(shape)[used : used + unknown]
    order = np.argsort(np.array(symbols), kind="stable")
    return [symbols[row] for row in order], np.vstack([known, np.log2(cpm + 1)])[order]


def counts(random: np.random.Generator, expression: Floats, cells: Cells) -> Iterator[Floats]:
    """Give the counts of some genes after the others, genes by cells."""
    for start in range(0, len(expression), _BLOCK):
        level = expression[start : start + _BLOCK, cells.profile]
        expected = (2**level - 1) * cells.reads / _MILLION
        expected *= np.exp(random.normal(-(_CELL_SPREAD**2) / 2, _CELL_SPREAD, level.shape))
        shape = 1 / _DISPERSION
        expected *= random.standard_gamma(shape, level.shape) / shape
        values: Floats = random.poisson(expected).astype(np.float64)
        values[random.random(level.shape) < _lost(level)] = 0
        shared = np.flatnonzero(random.random(len(level)) < _ESTIMATED)
        values[shared] -= (values[shared] > 0) * random.random((len(shared), level.shape[1]))
        yield np.asarray(np.round(values, 2))


def _lost(level: Floats) -> Floats:
    """Return how likely nothing of a gene is seen in a cell."""
    return np.asarray(1 / (1 + np.exp(1.3 * (level - _LOST_AT))))


def _in_glia(random: np.random.Generator, known: Floats, symbols: NDArray[np.object_]) -> Floats:
    """Return what cells that are no neurons express: other than neurons, and no marker."""
    glia = known.mean(axis=1, keepdims=True) + random.normal(0, 1.5, (len(known), len(_GLIA)))
    marker = np.r_[np.isin(symbols, list(LINE_MARKERS)), np.ones(len(SEQUENCED_MARKERS), bool)]
    glia[marker] = random.exponential(0.3, (int(marker.sum()), len(_GLIA)))
    return np.asarray(np.clip(glia, 0, HIGHEST))


def _clustering(
    random: np.random.Generator,
    made: World,
    of_line: pd.Series[str],
    fate: pd.Series[str],
    profile: NDArray[np.intp],
) -> pd.DataFrame:
    """Return what is published of each cell."""
    n = len(fate)
    broad = np.array([*made.types["kind"].map(_BROAD), *_GLIA.values()])[profile]
    primary = np.array(_primary(made.types))
    neuron = profile < len(made.types)
    clear = ~fate.isin(["failed", "unclear"]).to_numpy()
    between = neuron & clear & (random.random(n) < _INTERMEDIATE)
    layer = np.array([*made.types["layer"], *[""] * len(_GLIA)])[profile]
    spelled = {line.name: line.sequenced_as or line.name for line in LINES}
    negative = fate.isin(["negative", "glia"])
    second = (of_line == "Gad2-IRES-Cre") & (random.random(n) < 0.4)
    about = pd.DataFrame({"mouse_line": of_line.map(line_key).mask(second, "PvalbF-Gad2")})
    about["cre_driver_1"] = of_line.map(spelled)
    about["cre_driver_2"] = np.where(second, _SECOND_DRIVER, "")
    about["cre_reporter"] = "RCL-tdT (Ai14)"
    about["dissection"] = [_DISSECTED.get(name, "All") for name in layer]
    about["tdTomato"] = np.select(
        [negative, fate == "partial"], ["negative", "partial"], "positive"
    )
    about["pass_qc_checks"] = np.where(fate == "failed", "N", "Y")
    about["broad_type"] = np.where(clear, broad, "Unclassified")
    about["core_intermediate"] = np.select(
        [~clear, between], ["unclassified", "intermediate"], "core"
    )
    about["primary_type"] = np.where(clear, primary[profile], "unclassified")
    other = primary[random.integers(0, len(made.types), n)]
    about["secondary_type"] = np.where(between, other, "")
    about["aibs_vignette_id"] = [f"Sim{number}_V" for number in range(1, n + 1)]
    stem = about["mouse_line"] + np.where(negative, "_tdTnegative_cell_", "_tdTpositive_cell_")
    number = stem.groupby(stem).cumcount() + 1
    about.insert(0, "sample_title", stem + number.astype("str"))
    return about


def _primary(types: pd.DataFrame) -> list[str]:
    """Return the name of each type's cluster, as published: a place or gene, and a gene."""
    first = np.where(types["kind"] == "exc", types["layer"], types["key"])
    neurons = [f"{name} Sim{number:04d}" for number, name in enumerate(first, start=1)]
    return [*neurons, *(f"{name} Sim0099" for name in _GLIA)]

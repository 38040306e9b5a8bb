"""The world behind the simulated neurons: cell types, what they do, and what they express.

Three data sets are drawn from it. Whatever a gene owes to the features of its cell type is the
same in all of them, and `World.genes` tells how much that is.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis_lib.datasets.neurons.features import FEATURES
from analysis_lib.datasets.neurons.lines import line_key
from analysis_lib.datasets.neurons.simulated_lines import (
    CHANNELS,
    DRAWN,
    FAMILIES,
    LINE_MARKERS,
    LINES,
)
from analysis_lib.errors import ParameterError

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

HIGHEST = 12.0
"""Expression lies between 0 and this, as log2(CPM + 1)."""

FIRST_ID = 900_000_000
"""Invented ids begin here, far above every id that Entrez has given away."""

NAMED_CONSTANT = 5
"""So many of the constant genes have a symbol."""

_NAMES = tuple(FEATURES)
_POSITIVE = np.array([name not in ("rmp", "apthr") for name in DRAWN])  # vary by a factor

# Set by trial, so that a Lasso per gene finds about nine in ten of the predictable genes of 48
# cell types at a false discovery rate of 0.05, and cells vary about as much as cell types do.
# Millivolts for rmp and apthr, else natural logarithms; in the order of DRAWN.
_SPREAD = np.array(
    [2.0, 0.22, 2.0, 0.09, 0.22, 0.16, 0.28, 0.35, 0.20, 0.20, 0.35, 0.35, 0.32, 0.35]
)
_OF_LINE, _OF_LAYER, _OF_TYPE, _OF_CELL = 0.8, 0.35, 0.45, 1.2  # in spreads
# Features that go together: small cells have a high resistance, fast cells are fast throughout.
_TOGETHER = (
    {"tau": 0.5, "rheo": -0.7, "ri": 0.7},
    {"aphw": -0.5, "maxfreq": 0.7, "f_i_curve_slope": 0.7, "avg_isi": -0.6, "latency": -0.5},
)
_PREDICTABLE = 0.30  # share of the genes
_OF_KIND = 0.3  # share of the predictable genes that follow exc or inh
_WEAKEST, _STRONGEST = 0.20, 0.95  # of the variance between cell types
_BETA = 1.3, 1.3
_OTHERS = {"factors": 0.45, "alone": 0.33, "flat": 0.12, "silent": 0.10}  # the other genes
_FACTORS = 12


@dataclass(frozen=True)
class Shape:
    """How much is simulated.

    Parameters
    ----------
    types : int
        Cell types in the first table, 24 to 48.
    genes : int
        Genes of that table to be modelled: they vary and have a symbol.
    unnamed : int
        Further genes that vary, without a symbol.
    constant : int
        Further genes that are 0 everywhere; five of them have a symbol.
    cells, complete : int
        Patch-clamped cells, and how many of them have all fifteen features.
    sequenced, counted : int
        Sequenced cells and their genes.
    shared : int
        How many of those genes have a symbol of the first table.
    """

    types: int = 48
    genes: int = 2000
    unnamed: int = 300
    constant: int = 200
    cells: int = 1058
    complete: int = 888
    sequenced: int = 900
    counted: int = 2200
    shared: int = 1800

    def __post_init__(self) -> None:
        markers = len(LINE_MARKERS) + len(CHANNELS)
        for name, low, high in (
            ("types", 24, 48),
            ("genes", 2 * markers, None),
            ("unnamed", 0, None),
            ("constant", NAMED_CONSTANT, None),
            ("cells", 100, None),
            ("complete", 0, self.cells),
            ("sequenced", 100, None),
            ("shared", markers, self.genes),
            ("counted", self.shared + 50, None),
        ):
            value = getattr(self, name)
            if value < low or (high is not None and value > high):
                raise ParameterError(
                    "Neurons of this shape cannot be simulated.",
                    where=f"shape, {name}",
                    expected=f"at least {low}" if high is None else f"{low} to {high}",
                    got=str(value),
                )


@dataclass(frozen=True)
class World:
    """Cell types with their features and the expression of every gene of the first table.

    Attributes
    ----------
    types : DataFrame
        By name: `line` and its `key`, `layer`, `kind`, and `tabled`: is it in the first table?
    natural : array
        Types by `DRAWN`, as logarithms where a feature is positive.
    features : DataFrame
        Types by the fifteen features; `cap` in pF.
    genes : DataFrame
        In the order of the ids: `gene`, `symbol`, `predictable`, `marker`, `strength`.
    expression : array
        Genes by types, log2(CPM + 1).
    """

    types: pd.DataFrame
    natural: Floats
    features: pd.DataFrame
    genes: pd.DataFrame
    expression: Floats


def stream(seed: int, part: int) -> np.random.Generator:
    """Return the random numbers of one part of the simulation, independent of the others."""
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(part,)))


def world(seed: int, shape: Shape) -> World:
    """Return the world of a seed."""
    random = stream(seed, 0)
    types = _types(random, shape)
    natural = _natural(random, types)
    features = in_units(natural).set_index(types.index)
    genes = _genes(random, shape)
    tabled = types["tabled"].to_numpy()
    standard = _standard(features.to_numpy().T, tabled).T
    expression = np.zeros((len(genes), len(types)))
    for role, rows in genes.groupby("role", sort=True).indices.items():
        strength = genes["strength"].to_numpy()[rows]
        if role == "marker":
            symbols = genes["symbol"].iloc[rows]
            made = np.array([marked(random, LINE_MARKERS[name][1], types) for name in symbols])
        elif role in ("kind", "features", "channel"):
            weights = _weights(random, str(role), genes["symbol"].iloc[rows], types, standard)
            made = _predictable(random, weights, strength, standard, tabled)
        else:
            made = _unpredictable(random, str(role), len(rows), tabled)
        expression[rows] = made
    genes = genes.drop(columns="role")
    return World(types, natural, features, genes, np.round(expression, 4))


def noisy(random: np.random.Generator, natural: Floats) -> Floats:
    """Return cells of the types `natural`; in units, the mean of many is their type."""
    noise = _OF_CELL * _SPREAD
    return natural + noise * _deviations(random, len(natural)) - _POSITIVE * noise**2 / 2


def in_units(natural: Floats) -> pd.DataFrame:
    """Return the fifteen features in their units; `cap` in pF."""
    values = np.where(_POSITIVE, np.exp(np.where(_POSITIVE, natural, 0)), natural)
    table = pd.DataFrame(values, columns=list(DRAWN))
    table["cap"] = 1000 * table["tau"] / table["ri"]
    return table[list(_NAMES)]


def marked(random: np.random.Generator, where: str, types: pd.DataFrame) -> Floats:
    """Return the expression of a marker that is on in a kind, or in some lines."""
    keys = {where} if where in ("exc", "inh") else set(where.split())
    on = [bool(keys & {kind, *key.split("|")}) for kind, key in types[["kind", "key"]].to_numpy()]
    high = random.uniform(7.5, 10.5) + random.normal(0, 0.7, len(types))
    return np.clip(np.where(on, high, random.exponential(0.4, len(types))), 0, HIGHEST)


def invented(shape: Shape) -> list[str]:
    """Return invented symbols, more than enough, that no gene will ever bear."""
    enough = shape.genes + NAMED_CONSTANT + shape.counted
    return [f"Sim{number:0{max(4, len(str(enough)))}d}" for number in range(1, enough + 1)]


# Cell types


def _types(random: np.random.Generator, shape: Shape) -> pd.DataFrame:
    """Return all types; those of the table are the first of each line, then the second, …."""
    found = [(place, line, layer) for line in LINES for place, layer in enumerate(line.layers)]
    table = pd.DataFrame(
        {
            "line": [line.name for _, line, _ in found],
            "key": [line_key(line.name) for _, line, _ in found],
            "layer": [layer for _, _, layer in found],
            "kind": [line.kind for _, line, _ in found],
            "family": [line.family for _, line, _ in found],
        }
    )
    table.index = pd.Index(table[["line", "layer", "kind"]].agg("__".join, axis=1), name="type")
    absent = [not line.tabled for _, line, _ in found]
    order = np.lexsort(([place for place, _, _ in found], absent))
    table["tabled"] = np.isin(np.arange(len(found)), order[: shape.types])
    return table.iloc[random.permutation(len(table))]


def _natural(random: np.random.Generator, types: pd.DataFrame) -> Floats:
    values = np.array([FAMILIES[family] for family in types["family"]], dtype=np.float64)
    natural = np.where(_POSITIVE, np.log(np.where(_POSITIVE, values, 1)), values)
    groups = ((_OF_LINE, types["line"]), (_OF_LAYER, types["layer"]), (_OF_TYPE, types.index))
    for size, names in groups:
        codes, different = pd.factorize(pd.Index(names), sort=True)
        natural = natural + size * _SPREAD * _deviations(random, len(different))[codes]
    return natural


def _deviations(random: np.random.Generator, n: int) -> Floats:
    """Return `n` deviations in the features of DRAWN, each of variance 1."""
    deviations = random.normal(size=(n, len(DRAWN)))
    for together in _TOGETHER:
        shared = random.normal(size=n)
        for name, load in together.items():
            column = DRAWN.index(name)
            deviations[:, column] *= np.sqrt(1 - load**2)
            deviations[:, column] += load * shared
    return deviations


# Genes


def _genes(random: np.random.Generator, shape: Shape) -> pd.DataFrame:
    """Return every gene of the first table with its role, in the order of the ids."""
    named = shape.genes - len(LINE_MARKERS) - len(CHANNELS)
    roles = [*_roles(random, named), *_roles(random, shape.unnamed)]
    roles += ["constant"] * shape.constant
    names = invented(shape)[: named + NAMED_CONSTANT]
    symbols = [*names[:named], *[""] * shape.unnamed, *names[named:]]
    symbols += [""] * (shape.constant - NAMED_CONSTANT)
    ids = FIRST_ID + random.choice(8 * len(roles), len(roles), replace=False)
    invented_genes = pd.DataFrame({"id": ids, "symbol": symbols, "role": roles})
    real = [(number, name, "marker") for name, (number, _) in LINE_MARKERS.items()]
    real += [(number, name, "channel") for name, (number, _) in CHANNELS.items()]
    real_genes = pd.DataFrame(real, columns=["id", "symbol", "role"])
    genes = pd.concat([real_genes, invented_genes]).sort_values("id", ignore_index=True)
    genes["gene"] = genes["id"].astype("str")
    genes["marker"] = genes["role"].isin(["marker", "channel"])
    follows = genes["role"].isin(["kind", "features", "channel"])
    genes["predictable"] = follows.astype("boolean").mask(genes["role"] == "marker")
    strength = _WEAKEST + (_STRONGEST - _WEAKEST) * random.beta(*_BETA, len(genes))
    strength = np.where(genes["role"] == "channel", random.uniform(0.6, 0.9, len(genes)), strength)
    genes["strength"] = np.where(follows, strength, 0.0)
    genes.loc[genes["role"] == "marker", "strength"] = np.nan
    return genes[["gene", "symbol", "predictable", "marker", "strength", "role"]]


def _roles(random: np.random.Generator, n: int) -> list[str]:
    predictable = round(_PREDICTABLE * n)
    of_kind = round(_OF_KIND * predictable)
    others = random.choice(list(_OTHERS), n - predictable, p=list(_OTHERS.values()))
    return [*["kind"] * of_kind, *["features"] * (predictable - of_kind), *map(str, others)]


def _weights(
    random: np.random.Generator,
    role: str,
    symbols: pd.Series[str],
    types: pd.DataFrame,
    standard: Floats,
) -> Floats:
    """Return what each gene owes to each standardised feature: one to three, the others 0."""
    genes = len(symbols)
    weights = np.zeros((genes, len(_NAMES)))
    if role == "channel":
        for row, name in enumerate(symbols):
            for feature, weight in CHANNELS[name][1].items():
                weights[row, _NAMES.index(feature)] = weight
        return weights
    candidates = np.arange(len(_NAMES))
    signs = random.choice([-1.0, 1.0], weights.shape)
    if role == "kind":  # what tells the kinds apart most, all in one direction
        exc = (types["kind"] == "exc").to_numpy()
        difference = standard[exc].mean(axis=0) - standard[~exc].mean(axis=0)
        candidates = np.argsort(-np.abs(difference), kind="stable")[:6]
        signs = np.sign(difference) * signs[:, :1]
    chosen = candidates[random.random((genes, len(candidates))).argsort(axis=1)[:, :3]]
    sizes = random.uniform(0.5, 1.0, (genes, 3))
    sizes *= np.arange(3) < random.integers(1, 4, (genes, 1))
    np.put_along_axis(weights, chosen, sizes, axis=1)
    weights *= signs
    return weights


def _predictable(
    random: np.random.Generator,
    weights: Floats,
    strength: Floats,
    standard: Floats,
    tabled: Flags,
) -> Floats:
    """Return genes of whose variance in the table exactly `strength` is due to the features."""
    signal = np.zeros((len(weights), len(standard)))
    for feature in range(standard.shape[1]):  # a product of matrices would depend on threads
        signal += weights[:, [feature]] * standard[:, feature]
    signal = _standard(signal, tabled)
    noise = _standard(random.normal(size=signal.shape), tabled)
    shared = (noise * signal)[:, tabled].mean(axis=1, keepdims=True)
    noise = _standard(noise - shared * signal, tabled)
    share = strength[:, None]
    return _levelled(random, np.sqrt(share) * signal + np.sqrt(1 - share) * noise)


def _unpredictable(random: np.random.Generator, role: str, genes: int, tabled: Flags) -> Floats:
    shape = genes, len(tabled)
    if role == "constant":
        return np.zeros(shape)
    if role == "silent":
        values = np.clip(random.normal(-1.1, 0.8, shape), 0, None)
        somewhere = np.flatnonzero(tabled)[random.integers(0, tabled.sum(), genes)]
        values[np.arange(genes), somewhere] += 0.3
        return values
    form = random.normal(size=shape)
    if role == "factors":
        factors = random.normal(size=(_FACTORS, shape[1]))
        for _ in range(2):
            weights = random.normal(0, 0.8, (genes, 1))
            form += weights * factors[random.integers(0, _FACTORS, genes)]
    return _levelled(random, _standard(form, tabled), flat=role == "flat")


def _standard(values: Floats, tabled: Flags) -> Floats:
    inside = values[:, tabled]
    mean, deviation = inside.mean(axis=1, keepdims=True), inside.std(axis=1, keepdims=True)
    return np.asarray((values - mean) / deviation)


def _levelled(random: np.random.Generator, form: Floats, *, flat: bool = False) -> Floats:
    """Give each gene a size and a level at which no type leaves the range of expression."""
    genes = len(form)
    size = random.uniform(0.03, 0.08, genes) if flat else 0.3 + random.gamma(2.0, 0.3, genes)
    form = form * np.minimum(size, 0.99 * HIGHEST / np.ptp(form, axis=1))[:, None]
    level = random.normal(3.8, 2.0, genes)
    return form + np.clip(level, -form.min(axis=1), HIGHEST - form.max(axis=1))[:, None]

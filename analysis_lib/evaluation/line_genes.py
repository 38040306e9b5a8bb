"""Which genes rank the lines as measured ones do."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import false_discovery_control, rankdata

from analysis_lib.evaluation.line_profiles import common, settled
from analysis_lib.evaluation.orders import Orders, orders

_ORDERS = _GENES = 2048  # looked at in one go: what is in memory stays below some 100 MB
_EXACT = 2**24  # whole numbers up to here are exact in single precision


@dataclass(frozen=True)
class GeneRanks:
    """How far genes rank the lines as measured ones do, one by one and all together.

    Attributes
    ----------
    table : pandas.DataFrame
        Columns gene, rho (Spearman's, over the lines), p (one-sided, for a positive one), q
        (Benjamini and Hochberg's). NaN for a gene that is the same in all lines, predicted or
        measured: it has no ranks, and does not count in q.
    tested : int
        Genes that have ranks.
    positive : float
        The share of those whose rho is above 0.
    null : array of shape (orders,)
        That share with the lines in orders that mean nothing. Genes go together, so that it
        varies far more than if each were a coin of its own.
    p_value : float
        Of that share.
    exact : bool
        Whether all orders of the lines were looked at.
    """

    table: pd.DataFrame
    tested: int
    positive: float
    null: NDArray[np.float64]
    p_value: float
    exact: bool


def gene_ranks(
    predicted: pd.DataFrame, measured: pd.DataFrame, *, permutations: int = 9999, seed: int
) -> GeneRanks:
    """Return for every gene whether it ranks the lines as the measured one does.

    The lines are put in the same wrong orders for all genes. No p is below
    1 / (1 + `permutations`), so that with 12,000 genes a q below 0.05 needs that many
    permutations or several genes that reach the smallest p.

    Parameters
    ----------
    predicted, measured : DataFrame of shape (lines, genes)
        Those in both are taken.
    permutations : int
        Orders drawn; all, when there are no more.
    seed : int
        The same seed draws the same.
    """
    predicted, measured = common(predicted, measured)
    ranks, others = _ranks(predicted), _ranks(measured)
    varied = np.flatnonzero(ranks.any(axis=0) & others.any(axis=0))
    ranks, others = ranks[:, varied], others[:, varied]
    lines = len(predicted)
    drawn = orders([np.arange(lines)], lines, most=permutations, seed=seed)
    sums = (ranks * others).sum(axis=0)
    at_least, positive = _compared(ranks, others, sums, drawn)
    table = pd.DataFrame({"gene": predicted.columns})
    table[["rho", "p", "q"]] = np.nan
    if not varied.size:
        nothing = np.full(len(drawn.positions), np.nan)
        return GeneRanks(table, 0, float("nan"), nothing, float("nan"), drawn.exact)
    size = np.sqrt((ranks**2).sum(axis=0) * (others**2).sum(axis=0))
    p = drawn.p_values(at_least)
    table.loc[varied, ["rho", "p", "q"]] = np.c_[sums / size, p, false_discovery_control(p)]
    share, null = float((sums > 0).mean()), positive / varied.size
    return GeneRanks(table, varied.size, share, null, drawn.p_value(share, null), exact=drawn.exact)


def chance_ranks(
    predicted: pd.DataFrame, measured: pd.DataFrame, *, draws: int = 50, seed: int
) -> NDArray[np.float64]:
    """Return the rank correlations of all genes with the predicted lines in wrong orders.

    What `gene_ranks` holds its numbers against, for a picture of it.

    Returns
    -------
    array of shape (draws × genes that differ between lines,)
    """
    predicted, measured = common(predicted, measured)
    ranks, others = _ranks(predicted), _ranks(measured)
    varied = ranks.any(axis=0) & others.any(axis=0)
    ranks, others = ranks[:, varied], others[:, varied]
    length = np.sqrt((ranks**2).sum(axis=0) * (others**2).sum(axis=0))
    random = np.random.default_rng(seed)
    orders_drawn = (random.permutation(len(ranks)) for _ in range(draws))
    return np.concatenate([(ranks[order] * others).sum(axis=0) / length for order in orders_drawn])


def _ranks(profiles: pd.DataFrame) -> NDArray[np.float64]:
    """Return centred ranks, times two: whole numbers even where ties share a rank."""
    ranks = rankdata(settled(profiles.to_numpy())[0], axis=0)
    return np.asarray(2 * ranks - (len(profiles) + 1))


def _compared(
    ranks: NDArray[np.float64],
    others: NDArray[np.float64],
    sums: NDArray[np.float64],
    drawn: Orders,
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return per gene how many orders reach its sum of products, and per order how many are > 0.

    The sum of a gene in one order is a sum over some of its products of any two ranks; of
    many genes in many orders that is one matrix product. As all numbers are whole and small
    it is exact, and equal sums are equal.
    """
    lines, genes = ranks.shape
    exact = lines * (lines**2 - 1) / 3 < _EXACT
    kind = np.float32 if exact else np.float64
    at_least = np.zeros(genes, dtype=np.intp)
    positive = np.zeros(len(drawn.positions), dtype=np.intp)
    for first in range(0, len(positive), _ORDERS):
        some = slice(first, first + _ORDERS)
        picks = _picks(drawn.positions[some]).astype(kind)
        for gene in range(0, genes, _GENES):
            chunk = slice(gene, gene + _GENES)
            products = ranks[:, None, chunk] * others[None, :, chunk]
            found = picks @ products.reshape(lines**2, -1).astype(kind)
            at_least[chunk] += (found >= sums[chunk].astype(kind)).sum(axis=0)
            positive[some] += (found > 0).sum(axis=1)
    return at_least, positive


def _picks(positions: NDArray[np.intp]) -> NDArray[np.bool_]:
    """Return which products of two lines each order adds up."""
    lines = positions.shape[1]
    picks = np.zeros((len(positions), lines**2), dtype=bool)
    np.put_along_axis(picks, positions * lines + np.arange(lines), True, axis=1)
    return picks

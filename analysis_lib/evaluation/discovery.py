"""Which genes are predicted better than chance: shuffled rows, and the false-discovery rate.

A null value is the statistic of a gene after the rows of the features were shuffled against those
of the genes. All genes are shuffled together, so that whatever ties them to each other stays.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.stats import false_discovery_control

from analysis_lib.errors import ParameterError, TableError
from analysis_lib.evaluation.genewise import check_matrices

_ROUNDING = 1e-12  # the same squares summed in another order
_HIGH = 0.95

_Matrix: TypeAlias = NDArray[np.float64]
Statistic: TypeAlias = Callable[[_Matrix, _Matrix], _Matrix]
"""A number per gene that grows with what the features tell of it, NaN for a constant gene.

No gene's number may depend on the other genes: shuffles are looked at for some genes only.
"""


@dataclass(frozen=True)
class Null:
    """A statistic of every gene, and the same after shuffling.

    Attributes
    ----------
    observed : array of shape (genes,)
        Of the rows as they are; NaN where a gene has no value.
    null : array of shape (permutations, looked at)
        Of shuffled rows.
    genes : array of shape (looked at,)
        Positions in `observed` of the genes that `null` has a column for.
    """

    observed: _Matrix
    null: _Matrix
    genes: NDArray[np.intp]


@dataclass(frozen=True)
class Discoveries:
    """The genes predicted better than chance, and how far the list as a whole is to be trusted.

    Attributes
    ----------
    table : pandas.DataFrame
        One row per gene, in their order: p, q, discovered. A gene without a statistic has NaN and
        is not discovered.
    fdr : float
        The false-discovery rate asked for.
    passing : int
        Genes with q at most `fdr`; they are discovered if `p_value`, too, is at most `fdr`.
    p_value : float
        Share of the data sets, the real one and all its shuffles, that give at least as many
        genes when each is held against the others in the same way; of equal numbers the one with
        smaller p-values counts as more. If the features tell nothing it is at most α with a
        probability of at most α, however the genes are correlated.
    expected_false, high_false : float
        Genes that reach the statistic of the last passing one after shuffling: the mean of the
        shuffles, and what 19 in 20 of them do not exceed. A rate is a mean over many studies:
        where genes are correlated most lists hold few false genes and some hold very many, and
        the second number says how many this one may hold.
    """

    table: pd.DataFrame
    fdr: float
    passing: int
    p_value: float
    expected_false: float
    high_false: float


def permuted(
    statistic: Statistic,
    X: ArrayLike,
    Y: ArrayLike,
    *,
    permutations: int = 100,
    seed: int,
    sample: int | None = 2000,
    mapping: Callable[..., Iterator[_Matrix]] = map,
) -> Null:
    """Return the statistic of every gene, and of a sample of the genes for shuffled rows.

    Rows that belong together (layers of one cell line) are shuffled as if they did not: the null
    is that features and genes have nothing to do with each other at all.

    Parameters
    ----------
    statistic : callable
        Takes X and Y, returns a number per column of Y; a score of held-out rows, say. It is
        computed for shuffled rows exactly as for the real ones, whatever is chosen in it included.
    X : array of shape (rows, features)
        Its rows are shuffled.
    Y : array of shape (rows, genes)
        Its rows stay.
    permutations : int
        Shuffles; no list can be more certain than 1 / (permutations + 1).
    seed : int
        The same seed shuffles and samples the same; the shuffles do not depend on `sample`.
    sample : int, optional
        Genes looked at after shuffling, drawn at random when there are more; all when None.
    mapping : callable
        As `map`, which does one shuffle after the other; another one may have several under way.

    Examples
    --------
    >>> def r2(X, Y):
    ...     return np.corrcoef(X.T, Y.T)[0, 1:] ** 2
    >>> draws = np.random.default_rng(0)
    >>> X = draws.normal(size=(30, 1))
    >>> Y = np.c_[X + draws.normal(size=(30, 10)), draws.normal(size=(30, 40))]
    >>> found = discoveries(permuted(r2, X, Y, seed=42))
    >>> found.table["discovered"][:10].sum(), found.passing, round(found.p_value, 3)
    (np.int64(10), 11, 0.01)
    """
    X, Y = check_matrices(X, Y)
    _check_counts(permutations, sample)
    observed = _values(statistic, X, Y)
    genes = np.flatnonzero(np.isfinite(observed))
    if not genes.size:
        raise TableError(
            "No gene has a statistic.",
            expected="at least one gene whose values vary",
            got=f"{Y.shape[1]:,} genes and {len(Y):,} rows",
            remedy="Look whether the table holds expression values, or loosen the filters.",
        )
    # Two streams, so that looking at more genes does not change the shuffles.
    shuffles, draws = np.random.default_rng([seed, 0]), np.random.default_rng([seed, 1])
    if sample is not None and len(genes) > sample:
        genes = np.sort(draws.choice(genes, sample, replace=False))
    looked_at = Y[:, genes]
    null = np.empty((permutations, len(genes)))
    shuffled = (X[shuffles.permutation(len(X))] for _ in range(permutations))
    for row, values in zip(
        null, mapping(lambda rows: _values(statistic, rows, looked_at), shuffled), strict=True
    ):
        row[:] = values
    _check_null(null)
    return Null(observed, null, genes)


def discoveries(null: Null, fdr: float = 0.05) -> Discoveries:
    """Call the genes that are predicted better than chance, at a false-discovery rate.

    p is pooled, (1 + null values at least as large) / (1 + null values), over genes as well as
    shuffles: a hundred shuffles alone could not tell one gene in thousands apart. It is a gene's
    own p-value where shuffling does the same to every gene, as to an R² of genes of similar
    distribution. Where some genes (those found in one sample only) reach high values more easily
    than others, p is right for the set but not for each of its genes. The false-discovery rate
    is a statement about the set and holds either way, for it rests on how many genes of that
    very set pass after shuffling.

    q is Benjamini and Hochberg's. Among correlated genes one shuffle in many lifts hundreds at
    once, and the pool takes every one of them for evidence of its own. The rate then still holds
    for the usual kinds of correlation, though not for every kind, and p and q may be far smaller
    than so few shuffles can tell. So a gene is discovered only if its q is at most `fdr` and the
    *number* of such genes is beyond what shuffles give, with every shuffle counting once.

    Parameters
    ----------
    null : Null
        From `permuted`. When it looked at a sample of the genes, `p_value` compares the numbers of
        discoveries within the sample; if hardly one gene in a hundred is predictable, look at all.
    fdr : float
        Above 0 and below 1; needs at least 1 / fdr − 1 shuffles.
    """
    _check_fdr(fdr, len(null.null))
    rows = np.vstack([null.observed[null.genes], null.null])
    known = np.isfinite(null.observed)
    p, q = np.full(known.shape, np.nan), np.full(known.shape, np.nan)
    p[known] = (1 + _at_least(null.null, null.observed[known])) / (1 + null.null.size)
    q[known] = false_discovery_control(p[known])
    sizes = _sizes(_pooled(rows), fdr)
    p_value = float((sizes >= sizes[0] - _ROUNDING).mean())
    passing = known & (np.nan_to_num(q, nan=1.0) <= fdr)
    mean, high = _false(null, passing)
    table = pd.DataFrame({"p": p, "q": q, "discovered": passing & (p_value <= fdr)})
    return Discoveries(table, fdr, int(passing.sum()), p_value, mean, high)


def _pooled(rows: _Matrix) -> _Matrix:
    """Return p-values of every row against the values of all other rows."""
    own = np.stack([_at_least(row, row) for row in rows])
    return np.asarray((1 + _at_least(rows, rows) - own) / (1 + rows.size - rows.shape[1]))


def _at_least(values: _Matrix, limits: _Matrix) -> NDArray[np.intp]:
    """Return how many values reach each limit; equal ones do."""
    rising = np.sort(values, axis=None)
    return np.asarray(rising.size - np.searchsorted(rising, limits - _ROUNDING))


def _sizes(p: _Matrix, fdr: float) -> _Matrix:
    """Return how many of each row's p-values pass by Benjamini and Hochberg, less their mean.

    The mean only parts equal numbers, so that a set is not held back by weaker ones when all
    genes pass in both; no discoveries stay 0.
    """
    ranks = np.arange(1, p.shape[1] + 1)
    passing = np.sort(p, axis=1) * p.shape[1] <= fdr * ranks
    counts = (passing * ranks).max(axis=1)
    return np.where(counts > 0, counts - p.mean(axis=1), 0.0)


def _false(null: Null, passing: NDArray[np.bool_]) -> tuple[float, float]:
    """Return how many of all genes would pass after shuffling: on average, and at worst."""
    if not passing.any():
        return 0.0, 0.0
    reached = (null.null >= null.observed[passing].min() - _ROUNDING).sum(axis=1)
    scale = np.isfinite(null.observed).sum() / len(null.genes)
    high = np.quantile(reached, _HIGH, method="higher")
    return float(reached.mean() * scale), float(high * scale)


def _values(statistic: Statistic, X: _Matrix, Y: _Matrix) -> _Matrix:
    values = np.asarray(statistic(X, Y), dtype=np.float64)
    if values.shape != (Y.shape[1],):
        raise ParameterError(
            "The statistic does not give one number per gene.",
            where="statistic",
            expected=f"shape {(Y.shape[1],)}",
            got=f"shape {values.shape}",
        )
    return values


def _check_null(null: _Matrix) -> None:
    missing = ~np.isfinite(null)
    if missing.any():
        raise ParameterError(
            "The statistic has no value for genes that had one before shuffling.",
            where="statistic",
            expected="a finite number, whatever the order of the rows",
            got=f"{missing.sum():,} of {null.size:,} missing or infinite",
            remedy="Take a statistic that every gene has, such as R² of held-out rows.",
        )


def _check_counts(permutations: int, sample: int | None) -> None:
    for name, value in (("permutations", permutations), ("sample", sample)):
        if value is not None and value < 1:
            raise ParameterError(
                "Nothing can be held against no shuffled values.",
                where=name,
                expected="at least 1",
                got=f"{value:,}",
            )


def _check_fdr(fdr: float, permutations: int) -> None:
    if not 0 < fdr < 1:
        raise ParameterError(
            "That is no false-discovery rate.",
            where="fdr",
            expected="above 0 and below 1",
            got=f"{fdr:g}",
        )
    least = int(np.ceil(1 / fdr - 1 - _ROUNDING))
    if permutations < least:
        raise ParameterError(
            "There are too few shuffles to call any list better than chance.",
            where="permutations",
            expected=f"at least {least:,} at a false-discovery rate of {fdr:g}",
            got=f"{permutations:,}",
        )

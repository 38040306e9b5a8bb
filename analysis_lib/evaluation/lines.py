"""Whether predicted profiles belong to the lines they were predicted for.

Genes have levels of their own, so that any two profiles correlate; what is compared here is what
is left after each gene's mean over the lines. And excitatory lines differ from inhibitory ones in
so many genes that telling those apart is enough for a small p-value: everything can be asked
again among the lines of the same kind, where the mean over that kind is taken off.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis_lib.evaluation.intervals import wilson
from analysis_lib.evaluation.line_profiles import common, correlated
from analysis_lib.evaluation.orders import Orders, orders

Kinds: TypeAlias = "Mapping[str, str] | pd.Series"
"""The kind of each line ("exc", "inh"); "" or nothing where it is not known."""

Level: TypeAlias = Literal["yes", "partly", "no"]

# One in a hundred, as it is the one test on which the answer rests.
CERTAIN = 0.01
# One in twenty: among few lines of one kind no test is sharp, and this one only has to show that
# the answer is not all about kinds.
LIKELY = 0.05

_TOPS = (1, 3)
_ROUNDING = 1e-10  # the same correlations summed in another order


@dataclass(frozen=True)
class LabelTest:
    """Predicted profiles held against the lines of their names, and of wrong names.

    Attributes
    ----------
    observed : float
        The mean centred correlation of predicted lines with their own measured lines.
    null : array of shape (orders,)
        The same when the names of the predicted profiles are shuffled.
    p_value : float
        The share of the orders, the true one included, that give at least `observed`.
    exact : bool
        Whether `null` holds all orders.
    lines : int
        Lines that take part; when there are none, `observed` and `p_value` are NaN.
    """

    observed: float
    null: NDArray[np.float64]
    p_value: float
    exact: bool
    lines: int


@dataclass(frozen=True)
class Verdict:
    """Whether the predictions tell the lines apart, and the facts it rests on.

    "yes" when all three facts hold, "no" when the p-value is not below `LIKELY`, else "partly".

    Attributes
    ----------
    level : "yes", "partly" or "no"
        The answer.
    p_value : float
        Of the label test among all lines.
    certain : bool
        Whether it is below `CERTAIN`.
    share, low, chance : float
        Lines whose most similar measured line is their own, the lower end of the interval of
        that share, and what guessing gives.
    above_chance : bool
        Whether `low` is above `chance`.
    within_p_value : float
        Of the label test among lines of the same kind; NaN where no kinds are known.
    within_kinds : bool
        Whether it is below `LIKELY`; not where it is not known.
    """

    level: Level
    p_value: float
    certain: bool
    share: float
    low: float
    chance: float
    above_chance: bool
    within_p_value: float
    within_kinds: bool


@dataclass(frozen=True)
class _Block:
    """Lines that are compared with one another: positions, and their correlations."""

    lines: NDArray[np.intp]
    r: NDArray[np.float64]


def label_test(
    predicted: pd.DataFrame,
    measured: pd.DataFrame,
    *,
    permutations: int = 9999,
    seed: int,
    kinds: Kinds | None = None,
) -> LabelTest:
    """Test whether predicted profiles are more like their own lines than like any others.

    Parameters
    ----------
    predicted, measured : DataFrame of shape (lines, genes)
        Those in both are taken.
    permutations : int
        Orders drawn; all, when there are no more.
    seed : int
        The same seed draws the same.
    kinds : mapping of line to kind, optional
        When given, names are shuffled within kinds, and genes centred within them. Lines without
        a kind, or alone in it, do not take part.
    """
    predicted, measured = common(predicted, measured)
    blocks = _blocks(predicted, measured, kinds)
    drawn = _orders(blocks, len(predicted), permutations, seed)
    lines = sum(len(block.lines) for block in blocks)
    if not lines:
        return LabelTest(float("nan"), np.zeros(0), float("nan"), exact=True, lines=0)
    observed = sum(float(np.trace(block.r)) for block in blocks) / lines
    null = _sums(blocks, [block.r for block in blocks], drawn) / lines
    return LabelTest(observed, null, drawn.p_value(observed, null), drawn.exact, lines)


def identified(
    predicted: pd.DataFrame, measured: pd.DataFrame, *, kinds: Kinds | None = None
) -> pd.DataFrame:
    """Return for every predicted line which measured one is most like it.

    Parameters
    ----------
    predicted, measured : DataFrame of shape (lines, genes)
        Those in both are taken.
    kinds : mapping of line to kind, optional
        When given, only lines of the same kind are looked at; see `label_test`.

    Returns
    -------
    pandas.DataFrame
        Columns line; best (the measured line with the highest centred correlation); own (the
        correlation with its own); rank (of its own: 1 + the others that are as high or higher);
        of (measured lines looked at); margin (own less the best other).
    """
    predicted, measured = common(predicted, measured)
    parts = [
        pd.DataFrame(
            {
                "position": block.lines,
                "line": predicted.index[block.lines],
                "best": predicted.index[block.lines[block.r.argmax(axis=1)]],
                "own": np.diag(block.r),
                "rank": np.diag(_ranks(block.r)),
                "of": len(block.lines),
                "margin": np.diag(block.r) - _best_other(block.r),
            }
        )
        for block in _blocks(predicted, measured, kinds)
    ]
    columns = ["position", "line", "best", "own", "rank", "of", "margin"]
    table = pd.concat(parts) if parts else pd.DataFrame(columns=columns)
    return table.sort_values("position").drop(columns="position").reset_index(drop=True)


def identification(
    predicted: pd.DataFrame,
    measured: pd.DataFrame,
    *,
    permutations: int = 9999,
    seed: int,
    kinds: Kinds | None = None,
) -> pd.DataFrame:
    """Return how many predicted lines are recognised among the measured ones, and by chance.

    Parameters
    ----------
    predicted, measured : DataFrame of shape (lines, genes)
        Those in both are taken.
    permutations : int
        Orders drawn; all, when there are no more.
    seed : int
        The same seed draws the same.
    kinds : mapping of line to kind, optional
        When given, the same is asked among the lines of the same kind as well.

    Returns
    -------
    pandas.DataFrame
        Columns among ("all lines", "same kind"), top (1, 3: how many of the most similar lines
        may be the own one), correct, n, share, low, high (Wilson's interval), chance (what
        guessing gives), p_value (of as many with shuffled names).
    """
    predicted, measured = common(predicted, measured)
    rows = []
    asked: dict[str, Kinds | None] = {"all lines": None}
    if kinds is not None:
        asked["same kind"] = kinds
    for among, of in asked.items():
        blocks = _blocks(predicted, measured, of)
        if not blocks:
            continue
        drawn = _orders(blocks, len(predicted), permutations, seed)
        sizes = np.concatenate([np.full(len(b.lines), len(b.lines)) for b in blocks])
        for top in _TOPS:
            hits = [(_ranks(block.r) <= top).astype(np.float64) for block in blocks]
            correct, n = int(sum(np.trace(each) for each in hits)), len(sizes)
            p_value = drawn.p_value(correct, _sums(blocks, hits, drawn))
            chance = float(np.minimum(top / sizes, 1).mean())
            low, high = wilson(correct / n, n)
            rows.append((among, top, correct, n, correct / n, low, high, chance, p_value))
    return pd.DataFrame(
        rows,
        columns=["among", "top", "correct", "n", "share", "low", "high", "chance", "p_value"],
    )


def verdict(test: LabelTest, recognised: pd.DataFrame, within: LabelTest | None) -> Verdict:
    """Say whether the predictions tell the lines apart, by rules that were fixed beforehand.

    Parameters
    ----------
    test : LabelTest
        Among all lines.
    recognised : DataFrame
        From `identification`.
    within : LabelTest, optional
        Among lines of the same kind. Where no kinds are known the answer is "partly" at best.
    """
    first = recognised[(recognised["among"] == "all lines") & (recognised["top"] == 1)].iloc[0]
    share, low, chance = (float(first[name]) for name in ("share", "low", "chance"))
    within_p_value = within.p_value if within else float("nan")
    certain, above = test.p_value < CERTAIN, low > chance
    within_kinds = within_p_value < LIKELY
    level: Level = "partly"
    if not test.p_value < LIKELY:
        level = "no"
    elif certain and above and within_kinds:
        level = "yes"
    return Verdict(
        level, test.p_value, certain, share, low, chance, above, within_p_value, within_kinds
    )


def _blocks(predicted: pd.DataFrame, measured: pd.DataFrame, kinds: Kinds | None) -> list[_Block]:
    """Return all lines, or for every kind with two lines or more those, centred on their own."""
    if kinds is None:
        groups = [np.arange(len(predicted))]
    else:
        known = {line: kind for line, kind in dict(kinds).items() if pd.notna(kind)}
        named = np.array([str(known.get(line, "")) for line in predicted.index])
        groups = [np.flatnonzero(named == kind) for kind in sorted(set(named) - {""})]
    one, other = predicted.to_numpy(), measured.to_numpy()
    return [
        _Block(lines, correlated(one[lines], other[lines], centred=True))
        for lines in groups
        if len(lines) > 1
    ]


def _orders(blocks: list[_Block], n: int, permutations: int, seed: int) -> Orders:
    return orders([block.lines for block in blocks], n, most=permutations, seed=seed)


def _sums(
    blocks: list[_Block], values: list[NDArray[np.float64]], drawn: Orders
) -> NDArray[np.float64]:
    """Return for every order the sum of values[predicted line, measured line of its name]."""
    total = np.zeros(len(drawn.positions))
    for block, each in zip(blocks, values, strict=True):
        names = np.searchsorted(block.lines, drawn.positions[:, block.lines])
        total += each[np.arange(len(block.lines)), names].sum(axis=1)
    return total


def _ranks(r: NDArray[np.float64]) -> NDArray[np.intp]:
    """Return the rank of every measured line for every predicted one; ties count against it."""
    return np.asarray((r[:, None, :] >= r[:, :, None] - _ROUNDING).sum(axis=2))


def _best_other(r: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(np.where(np.eye(len(r), dtype=bool), -np.inf, r).max(axis=1))

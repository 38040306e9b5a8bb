"""What the models of many targets share: checked tables, folds, unit columns, work in chunks."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Self, TextIO

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analysis_lib.errors import DataError, ParameterError

Floats = NDArray[np.float64]
Rows = NDArray[np.intp]
Folds = int | Sequence[tuple[ArrayLike, ArrayLike]]
Progress = Callable[[int, int], None]


class BatchModel:
    """A linear model of every target.

    Attributes
    ----------
    coef_ : array of shape (targets, features)
        In raw units: of the target per unit of the feature.
    intercept_ : array of shape (targets,)
    mean_, scale_ : arrays of shape (features,)
        What the features were centred on and divided by; the scale of a constant feature, and of
        features that were not standardised, is 1.
    """

    coef_: Floats
    intercept_: Floats
    mean_: Floats
    scale_: Floats

    def predict(self, X: ArrayLike) -> Floats:
        """Return what the models expect: samples × targets."""
        features = finite_table(X, "X")
        if features.shape[1] != self.coef_.shape[1]:
            raise DataError(
                "These are not the features that the models were fitted on.",
                expected=f"{self.coef_.shape[1]} columns",
                got=f"{features.shape[1]}",
            )
        predicted: Floats = features @ self.coef_.T
        predicted += self.intercept_
        return predicted


@dataclass(frozen=True)
class UnitColumns:
    """All rows of the features, in means and standard deviations of some of them.

    A feature that is constant among those rows is zero in all, and its deviation counts as 1.
    """

    values: Floats
    mean: Floats
    deviation: Floats

    @classmethod
    def of(cls, X: Floats, rows: Rows) -> Self:
        """Standardise by the population's standard deviation of the given rows."""
        part = X[rows]
        with np.errstate(over="ignore", invalid="ignore"):
            mean = part.mean(axis=0)
            deviation = np.sqrt(((part - mean) ** 2).mean(axis=0))
        if not np.isfinite(deviation).all():
            raise _too_large()
        # Sums of equal values leave a remainder; scikit-learn draws the same line.
        rounding = len(rows) * np.finfo(np.float64).eps * np.abs(mean)
        constant = (part.max(axis=0) == part.min(axis=0)) | (deviation <= rounding)
        deviation = np.where(constant, 1.0, deviation)
        return cls(np.where(constant, 0.0, (X - mean) / deviation), mean, deviation)


def checked(X: ArrayLike, Y: ArrayLike) -> tuple[Floats, Floats]:
    """Return features and targets as tables of the same samples, all of them finite."""
    features, targets = finite_table(X, "X"), finite_table(Y, "Y")
    if len(features) != len(targets):
        raise DataError(
            "The features and the targets are not of the same samples.",
            expected="as many rows of Y as of X",
            got=f"{len(targets)} and {len(features)}",
        )
    if len(features) < 2 or not features.shape[1]:
        raise DataError(
            "There is nothing to learn from.",
            where="X",
            expected="two samples and one feature at least",
            got=f"{len(features)} × {features.shape[1]}",
        )
    return features, targets


def finite_table(values: ArrayLike, name: str) -> Floats:
    """Return the values as a table of finite numbers, or say which one is not."""
    try:
        table = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise DataError("The values are not numbers.", where=name, got=str(error)) from None
    if table.ndim != 2:
        raise DataError(
            "The values are not a table.",
            where=name,
            expected="rows and columns",
            got=f"{table.ndim} dimensions",
        )
    finite = np.isfinite(table)
    if not finite.all():
        row, column = np.unravel_index(int(finite.argmin()), table.shape)
        raise DataError(
            "A value is missing or infinite.",
            where=f"{name}, row {row}, column {column}",
            expected="finite numbers",
            got=f"{table[row, column]}",
            remedy="Fill or leave out what is missing first.",
        )
    return table


def splits(folds: Folds, samples: int) -> list[tuple[Rows, Rows]]:
    """Return rows to learn from and rows held out: consecutive folds, or those that are given.

    Examples
    --------
    >>> [held_out.tolist() for _, held_out in splits(2, 5)]
    [[0, 1, 2], [3, 4]]
    """
    everything = np.arange(samples)
    if isinstance(folds, int | np.integer):
        if not 2 <= folds <= samples:
            raise ParameterError(
                "The samples cannot be split into so many folds.",
                where="folds",
                expected=f"2 to {samples}",
                got=str(folds),
            )
        parts = np.array_split(everything, folds)
        return [(np.setdiff1d(everything, part), part) for part in parts]
    pairs = [(np.asarray(train), np.asarray(test)) for train, test in folds]
    if not pairs:
        raise ParameterError("There are no folds.", where="folds", expected="one pair at least")
    for rows in (rows for pair in pairs for rows in pair):
        if rows.ndim != 1 or not rows.size or rows.dtype.kind not in "iu":
            raise ParameterError(
                "A fold is a pair of lists of rows, neither of them empty.", where="folds"
            )
        if rows.min() < 0 or rows.max() >= samples:
            raise ParameterError(
                "A fold has rows that do not exist.",
                where="folds",
                expected=f"0 to {samples - 1}",
                got=f"{rows.min()} to {rows.max()}",
            )
    return [(train.astype(np.intp), test.astype(np.intp)) for train, test in pairs]


def penalties(values: Any) -> Floats:
    """Return a grid of penalties from the largest to the smallest."""
    grid = np.sort(np.asarray(values, dtype=np.float64).ravel())[::-1]
    if not grid.size or not np.isfinite(grid).all() or grid[-1] < 0:
        raise ParameterError(
            "These are no penalties.", where="alphas", expected="finite numbers of at least 0"
        )
    return np.ascontiguousarray(grid)


def in_chunks(
    work: Callable[[slice], None],
    targets: int,
    size: int,
    workers: int = 1,
    progress: Progress | None = None,
) -> None:
    """Do the work for every chunk of targets on some threads; tell how many are done.

    Chunks do not depend on the number of threads. When one fails, or on Ctrl-C, those that have
    not begun are dropped.
    """
    chunks = [slice(at, min(at + size, targets)) for at in range(0, targets, size)]
    done = 0
    pool = ThreadPoolExecutor(max(min(workers, len(chunks)), 1))
    try:
        futures = {pool.submit(work, chunk): chunk for chunk in chunks}
        for future in as_completed(futures):
            future.result()
            done += futures[future].stop - futures[future].start
            if progress:
                progress(done, targets)
    finally:
        pool.shutdown(cancel_futures=True)


@contextmanager
def bar(what: str = "genes", stream: TextIO | None = None) -> Iterator[Progress]:
    """Give a `progress` that draws a bar on a terminal; elsewhere nothing is seen of it.

    Examples
    --------
    >>> with bar("models") as progress:
    ...     in_chunks(lambda part: None, 1000, 100, progress=progress)
    """
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    console = Console(file=stream or sys.stderr)
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn()
    with Bar(
        *columns, TimeRemainingColumn(), console=console, disable=not console.is_terminal
    ) as drawn:
        task = drawn.add_task(what, total=None)
        yield lambda done, total: drawn.update(task, completed=done, total=total)


def constants(targets: Floats) -> NDArray[np.bool_]:
    """Tell which targets (rows) have one value only; compared exactly."""
    same: NDArray[np.bool_] = targets.max(axis=1) == targets.min(axis=1)
    return same


def centres(targets: Floats) -> Floats:
    """Return the mean of every target (row): of a constant one, exactly its value."""
    return np.where(constants(targets), targets[:, 0], targets.mean(axis=1))


def check_errors(best: Floats) -> None:
    """Refuse errors that are no numbers any more."""
    if not np.isfinite(best).all():
        raise _too_large()


def _too_large() -> DataError:
    return DataError(
        "The values are too large: their squares cannot be summed.",
        remedy="Use a larger unit.",
    )

"""Splitting rows into parts, and refusing to when a part would be too small to judge by."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from analysis_lib.errors import ParameterError, TableError

LEAST_IN_TEST = 2
"""With a single test row of a class, a score of that class is one coin toss."""


def check_classes(
    y: ArrayLike, test_size: float | None = None, folds: int | None = None
) -> dict[str, int]:
    """Return the rows of each class; an error when they cannot be split as asked.

    Parameters
    ----------
    y : array of shape (rows,)
        One label per row, of two classes.
    test_size : float, optional
        Share of the rows that a stratified test part will get.
    folds : int, optional
        Folds of the cross-validation on what remains.

    Examples
    --------
    >>> check_classes(["up"] * 12 + ["down"] * 18, test_size=0.2, folds=5)
    {'down': 18, 'up': 12}
    >>> check_classes(["up"] * 3 + ["down"] * 9, folds=5)
    Traceback (most recent call last):
    analysis_lib.errors.ParameterError: Class up has fewer training rows than there are folds.
      where:  cv_folds
      got:    5 folds, 3 training rows of class up (classes: down 9, up 3)
      remedy: Set cv_folds to at most 3, or give more rows of class up.
    """
    names, counts = np.unique(np.asarray(y), return_counts=True)
    classes = {str(name): int(count) for name, count in zip(names, counts, strict=True)}
    if len(classes) != 2:
        raise TableError(
            f"The models tell two classes apart, and the labels have {len(classes)}.",
            expected="two classes",
            got=_told(classes) or "no rows",
            remedy="Choose rows of two classes, for example all genes or other thresholds.",
        )
    train, test = (classes, None) if test_size is None else _least_in_parts(classes, test_size)
    if test:
        _check_test_part(classes, test, f"{test_size:g}")
    if folds is not None:
        _check_folds(classes, train, folds)
    return classes


def stratified_split(
    y: ArrayLike, test_size: float, seed: int
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the positions of the training rows and of the test rows.

    Both parts have the classes in the proportion of the whole. The same labels and the same
    seed give the same parts as scikit-learn's `train_test_split(stratify=y)`.

    Examples
    --------
    >>> train, test = stratified_split([0, 1] * 10, test_size=0.2, seed=42)
    >>> len(train), len(test)
    (16, 4)
    """
    from sklearn.model_selection import train_test_split

    check_classes(y, test_size)
    labels = np.asarray(y)
    train, test = train_test_split(
        np.arange(len(labels)), test_size=test_size, random_state=seed, stratify=labels
    )
    return train, test


def sample(y: ArrayLike, size: int, seed: int) -> NDArray[np.intp]:
    """Return the positions, in order, of `size` rows with the classes in their proportion.

    Every class keeps at least one row.

    Examples
    --------
    >>> labels = np.array([0] * 90 + [1] * 10)
    >>> labels[sample(labels, 20, seed=42)].sum()
    np.int64(2)
    """
    labels = np.asarray(y)
    draws = np.random.default_rng(seed)
    classes, counts = np.unique(labels, return_counts=True)
    exact = counts * size / len(labels)
    # The largest remainders get the rows that rounding down leaves over.
    wanted = np.maximum(np.floor(exact).astype(np.intp), 1)
    for i in np.argsort(-(exact - wanted), kind="stable")[: max(0, size - int(wanted.sum()))]:
        wanted[i] += 1
    chosen = [
        draws.choice(np.flatnonzero(labels == name), number, replace=False)
        for name, number in zip(classes, wanted, strict=True)
    ]
    return np.sort(np.concatenate(chosen))


def constant_columns(X: pd.DataFrame) -> list[str]:
    """Return the columns that have the same value in every row, and so tell nothing.

    Examples
    --------
    >>> constant_columns(pd.DataFrame({"a": [1.0, 1.0], "b": [1.0, 2.0]}))
    ['a']
    """
    return [str(column) for column in X.columns if X[column].nunique(dropna=False) <= 1]


def check_features(X: pd.DataFrame) -> None:
    """Raise an error when a feature has a missing or infinite value.

    Some models would refuse such a row and others silently take it: neither is comparable.
    """
    for column in X.columns:
        bad = ~np.isfinite(X[column].to_numpy(dtype=np.float64))
        if bad.any():
            raise TableError(
                f"Column {column} has values no model can use.",
                where=f"column {column}, first in row {X.index[bad.argmax()]}",
                expected="a finite number in every row",
                got=f"{bad.sum():,} of {len(X):,} missing or infinite",
                remedy="Leave these rows out, or leave the column out of the features.",
            )


def _least_in_parts(
    classes: dict[str, int], test_size: float
) -> tuple[dict[str, int], dict[str, int]]:
    """Return the rows of each class that training and test part get for certain."""
    total = sum(classes.values())
    tested = math.ceil(test_size * total)

    def least(rows: int) -> dict[str, int]:
        # The nearest whole number; at one half the draw decides who gets the odd row.
        return {name: math.ceil(count * rows / total - 0.5) for name, count in classes.items()}

    return least(total - tested), least(tested)


def _check_test_part(classes: dict[str, int], test: dict[str, int], test_size: str) -> None:
    name = min(test, key=lambda each: test[each])
    if test[name] < LEAST_IN_TEST:
        raise ParameterError(
            f"The test part gets too few rows of class {name}.",
            where="test_size",
            expected=f"at least {LEAST_IN_TEST} rows of each class",
            got=f"{test[name]} of {classes[name]:,} with test_size {test_size} "
            f"(classes: {_told(classes)})",
            remedy=f"Raise test_size, or give more rows of class {name}.",
        )


def _check_folds(classes: dict[str, int], train: dict[str, int], folds: int) -> None:
    name = min(train, key=lambda each: train[each])
    if train[name] < folds:
        lower = f"Set cv_folds to at most {train[name]}, or give" if train[name] > 1 else "Give"
        raise ParameterError(
            f"Class {name} has fewer training rows than there are folds.",
            where="cv_folds",
            got=f"{folds} folds, {train[name]} training rows of class {name} "
            f"(classes: {_told(classes)})",
            remedy=f"{lower} more rows of class {name}.",
        )


def _told(classes: dict[str, int]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in classes.items())

"""Splits are scikit-learn's, and are refused exactly when a part would be too small."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.model_selection import train_test_split

from analysis_lib.errors import AnalysisError, TableError
from analysis_lib.evaluation import splits


@settings(max_examples=150, deadline=None)
@given(
    zeros=st.integers(1, 60),
    ones=st.integers(1, 60),
    test_size=st.floats(0.05, 0.6),
    folds=st.integers(2, 6),
    seed=st.integers(0, 5),
)
def test_what_is_let_through_can_be_split_and_what_is_refused_could_not(
    zeros, ones, test_size, folds, seed
):
    y = np.repeat([0, 1], [zeros, ones])
    tested = math.ceil(test_size * len(y))
    splittable = 2 <= tested <= len(y) - 2
    try:
        splits.check_classes(y, test_size, folds)
    except AnalysisError:
        if not splittable or min(zeros, ones) < 2:
            return
        share = ones * tested / len(y) % 1
        train, test = train_test_split(y, test_size=test_size, random_state=seed, stratify=y)
        too_small = min(np.bincount(test, minlength=2)) < 2
        too_few = min(np.bincount(train, minlength=2)) < folds
        odd_row_is_drawn = math.isclose(share, 0.5)
        assert too_small or too_few or odd_row_is_drawn
    else:
        train, test = splits.stratified_split(y, test_size, seed)
        assert min(np.bincount(y[test])) >= splits.LEAST_IN_TEST
        assert min(np.bincount(y[train])) >= folds
        assert sorted([*train, *test]) == list(range(len(y)))


def test_split_is_that_of_scikit_learn():
    y = np.random.default_rng(0).integers(0, 2, 101)
    expected = train_test_split(np.arange(101), test_size=0.2, random_state=42, stratify=y)
    for ours, theirs in zip(splits.stratified_split(y, 0.2, 42), expected, strict=True):
        assert (ours == theirs).all()


def test_split_knows_nothing_but_the_labels():
    y = pd.Series([0, 1] * 20, index=range(100, 140))
    train, test = splits.stratified_split(y, 0.2, 1)
    same_train, same_test = splits.stratified_split(np.array(["a", "b"] * 20), 0.2, 1)
    assert (train == same_train).all()
    assert (test == same_test).all()


def test_split_refuses_what_it_cannot_judge():
    with pytest.raises(AnalysisError, match="too few rows of class 1"):
        splits.stratified_split([0] * 36 + [1] * 4, 0.2, 42)


def test_classes_are_counted():
    assert splits.check_classes([1, 0, 1]) == {"0": 1, "1": 2}


def test_constant_columns():
    X = pd.DataFrame({"a": [1, 1], "b": [1, 2], "c": [np.nan, np.nan], "d": ["x", "x"]})
    assert splits.constant_columns(X) == ["a", "c", "d"]


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf], ids=str)
def test_unusable_values_are_named_by_column_and_row(bad):
    X = pd.DataFrame({"a": [1.0, 2, 3], "b": [1.0, bad, bad]}, index=["g1", "g2", "g3"])
    with pytest.raises(TableError) as told:
        splits.check_features(X)
    assert "column b, first in row g2" in str(told.value)
    assert "2 of 3" in str(told.value)
    splits.check_features(X[["a"]])


@given(
    counts=st.tuples(st.integers(1, 200), st.integers(1, 200)),
    share=st.floats(0.05, 1),
    seed=st.integers(0, 100),
)
def test_a_sample_keeps_the_classes_in_proportion(counts, share, seed):
    y = np.repeat([0, 1], counts)
    size = max(2, int(share * len(y)))
    drawn = splits.sample(y, size, seed)
    assert len(np.unique(drawn)) == len(drawn) == size
    for label, count in enumerate(counts):
        assert abs((y[drawn] == label).sum() - count * size / len(y)) <= 1

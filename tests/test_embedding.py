"""Principal components are scikit-learn's with fixed signs, whatever the columns."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.decomposition import PCA
from sklearn.preprocessing import StandardScaler

from analysis_lib.embedding import pca


def _table(rows=30, columns=4, seed=0):
    values = np.random.default_rng(seed).normal(size=(rows, columns)) @ np.diag(
        10.0 ** np.arange(columns)
    )
    return pd.DataFrame(
        values, columns=list("abcdefgh")[:columns], index=[f"g{i}" for i in range(rows)]
    )


def test_components_are_those_of_the_standardised_data():
    X = _table()
    scores, explained = pca(X)
    reference = PCA().fit(StandardScaler().fit_transform(X))
    assert explained["component"].tolist() == ["PC1", "PC2", "PC3"]
    assert explained["ratio"].to_numpy() == pytest.approx(reference.explained_variance_ratio_[:3])
    assert explained["cumulative"].to_numpy() == pytest.approx(np.cumsum(explained["ratio"]))
    expected = reference.transform(StandardScaler().fit_transform(X))[:, :3]
    assert np.abs(scores.to_numpy()) == pytest.approx(np.abs(expected))
    assert scores.index.equals(X.index)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.integers(3, 30), st.integers(1, 6))
def test_scores_are_centred_uncorrelated_and_ordered(seed, rows, columns):
    scores, explained = pca(_table(rows, columns, seed))
    assert scores.shape[1] == min(3, columns, rows - 1)
    covariance = scores.to_numpy().T @ scores.to_numpy()
    assert covariance - np.diag(np.diag(covariance)) == pytest.approx(0, abs=1e-8)
    assert explained["ratio"].is_monotonic_decreasing
    assert explained["ratio"].sum() <= 1 + 1e-12


def test_units_and_shifts_do_not_matter():
    X = _table()
    scores, _ = pca(X * [1, 20, 0.3, 5] + [5, 0, -3, 100])
    assert scores.to_numpy() == pytest.approx(pca(X)[0].to_numpy())


def test_signs_do_not_depend_on_the_order_of_the_rows():
    X = _table(columns=2)  # two features load equally: a tie that rounding would decide
    scores, _ = pca(X)
    for seed in range(20):
        order = np.random.default_rng(seed).permutation(len(X))
        again, _ = pca(X.iloc[order])
        assert again.loc[X.index].to_numpy() == pytest.approx(scores.to_numpy())


def test_constant_columns_change_nothing():
    X = _table(columns=2)
    with_constant, explained = pca(X.assign(c=7.0))
    assert with_constant.equals(pca(X)[0])
    assert explained["component"].tolist() == ["PC1", "PC2"]


def test_nothing_but_constants_gives_no_components():
    scores, explained = pca(pd.DataFrame({"a": [1.0, 1.0, 1.0]}))
    assert scores.shape == (3, 0)
    assert explained.columns.tolist() == ["component", "ratio", "cumulative"]
    assert explained.empty


def test_more_features_than_rows():
    scores, explained = pca(pd.DataFrame(np.random.default_rng(0).normal(size=(5, 400))))
    assert scores.shape == (5, 3)
    assert explained["ratio"].gt(0).all()

"""Nearest shrunken centroids are the paper's, and no gene without spread disturbs them."""

import math
from itertools import pairwise
from statistics import fmean, median

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.neighbors import NearestCentroid
from sklearn.utils.estimator_checks import check_estimator

from analysis_lib.errors import ParameterError
from analysis_lib.models.centroids import NearestShrunkenCentroids


def patients(seed=0, first=12, second=8, genes=30, told_apart=5):
    """Two classes that differ in the mean of the first genes."""
    y = np.repeat([0, 1], [first, second])
    X = np.random.default_rng(seed).normal(0, 1, (len(y), genes))
    X[:, :told_apart] += 1.5 * y[:, None]
    return X, y


def paper(X, y, shrink, sample):
    """The log odds of label 1, in the words of the paper: gene by gene, number by number."""
    n, rows = len(y), {k: X[y == k] for k in (0, 1)}
    genes = range(X.shape[1])
    means = {k: [fmean(rows[k][:, g]) for g in genes] for k in (0, 1)}
    overall = [fmean(X[:, g]) for g in genes]
    squares = [sum((x - means[k][g]) ** 2 for k in (0, 1) for x in rows[k][:, g]) for g in genes]
    s = [math.sqrt(total / (n - 2)) for total in squares]
    unit = {k: math.sqrt(1 / len(rows[k]) - 1 / n) for k in (0, 1)}
    scale = [deviation + median(s) for deviation in s]
    d = {k: [(means[k][g] - overall[g]) / (unit[k] * scale[g]) for g in genes] for k in (0, 1)}
    threshold = shrink * max(abs(value) for k in (0, 1) for value in d[k])
    score = {}
    for k in (0, 1):
        shrunken = [math.copysign(max(abs(v) - threshold, 0), v) for v in d[k]]
        centroid = [overall[g] + unit[k] * scale[g] * shrunken[g] for g in genes]
        distance = sum(((sample[g] - centroid[g]) / scale[g]) ** 2 for g in genes)
        score[k] = distance - 2 * math.log(len(rows[k]) / n)
    return (score[0] - score[1]) / 2


def test_it_works_wherever_scikit_learns_estimators_do():
    check_estimator(NearestShrunkenCentroids(), on_skip=None)


@pytest.mark.parametrize("shrink", [0.0, 0.3, 0.9])
def test_log_odds_are_the_papers(shrink):
    X, y = patients()
    new = np.random.default_rng(1).normal(0.5, 1, (6, X.shape[1]))
    fitted = NearestShrunkenCentroids(shrink).fit(X, y)
    expected = [paper(X, y, shrink, sample) for sample in new]
    assert fitted.decision_function(new) == pytest.approx(expected, abs=1e-10)


def test_centroids_are_scikit_learns_at_the_same_threshold():
    X, y = patients()
    plain = NearestShrunkenCentroids(0.0).fit(X, y)
    unit = np.sqrt(1 / np.bincount(y) - 1 / len(y))[:, None] * plain.scale_
    largest = np.abs((plain.centroids_ - X.mean(axis=0)) / unit).max()
    ours = NearestShrunkenCentroids(0.4).fit(X, y)
    theirs = NearestCentroid(shrink_threshold=0.4 * largest).fit(X, y)
    assert ours.centroids_ == pytest.approx(theirs.centroids_, abs=1e-12)


def test_nothing_shrunk_leaves_the_class_means_and_every_gene():
    X, y = patients()
    fitted = NearestShrunkenCentroids(0.0).fit(X, y)
    assert fitted.centroids_ == pytest.approx(np.stack([X[y == k].mean(axis=0) for k in (0, 1)]))
    assert fitted.genes_used_ == X.shape[1]


def test_all_shrunk_predicts_the_larger_class_with_its_share():
    X, y = patients(first=5, second=15)
    fitted = NearestShrunkenCentroids(1.0).fit(X, y)
    assert fitted.genes_used_ == 0
    assert fitted.predict(X).tolist() == [1] * 20
    assert fitted.predict_proba(X)[:, 1] == pytest.approx(np.full(20, 0.75))


@given(st.integers(0, 1000), st.lists(st.floats(0, 1), min_size=2, max_size=5))
def test_more_shrinkage_never_brings_a_gene_back(seed, shrinks):
    X, y = patients(seed)
    masks = [NearestShrunkenCentroids(s).fit(X, y).used_ for s in sorted(shrinks)]
    assert all((more <= less).all() for less, more in pairwise(masks))


def test_the_genes_that_differ_are_the_last_to_go():
    X, y = patients(first=60, second=60)
    assert np.flatnonzero(NearestShrunkenCentroids(0.6).fit(X, y).used_).tolist() == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("value", [0.0, 0.1, 1e9])
def test_constant_genes_change_nothing_even_when_most_are(value):
    X, y = patients()
    padded = np.hstack([X, np.full((len(y), 100), value)])
    new = padded + np.random.default_rng(2).normal(0, 1, padded.shape)
    alone = NearestShrunkenCentroids(0.0).fit(X, y)
    fitted = NearestShrunkenCentroids(0.0).fit(padded, y)
    assert fitted.used_.sum() == X.shape[1]
    assert fitted.decision_function(new) == pytest.approx(
        alone.decision_function(new[:, : X.shape[1]]), abs=1e-10
    )


def test_genes_without_spread_within_the_classes_decide_rather_than_divide_by_zero():
    y = np.repeat([0, 1], [3, 4])
    X = np.column_stack([y * 2.0, 5.0 - y])
    fitted = NearestShrunkenCentroids(0.2).fit(X, y)
    assert fitted.predict(X).tolist() == y.tolist()
    assert np.isfinite(fitted.decision_function(X)).all()


def test_two_samples_are_enough_to_fit():
    fitted = NearestShrunkenCentroids(0.0).fit([[0.0, 1.0], [4.0, 1.0]], [0, 1])
    assert fitted.predict([[0.5, 1.0], [3.5, 1.0]]).tolist() == [0, 1]


def test_without_any_varying_gene_the_larger_class_is_predicted():
    fitted = NearestShrunkenCentroids(0.0).fit(np.ones((5, 3)), [0, 0, 1, 1, 1])
    assert fitted.predict(np.zeros((2, 3))).tolist() == [1, 1]


def test_neither_the_unit_nor_the_origin_of_the_values_matters():
    X, y = patients()
    one = NearestShrunkenCentroids(0.2).fit(X, y).decision_function(X)
    offsets = np.arange(X.shape[1])
    moved = 250.0 * (X + offsets)
    other = NearestShrunkenCentroids(0.2).fit(moved, y).decision_function(moved)
    assert other == pytest.approx(one, abs=1e-9)


def test_exchanged_classes_exchange_the_probabilities():
    X, y = patients()
    one = NearestShrunkenCentroids().fit(X, y).predict_proba(X)
    other = NearestShrunkenCentroids().fit(X, 1 - y).predict_proba(X)
    assert other == pytest.approx(one[:, ::-1], abs=1e-12)


def test_probabilities_of_a_sure_model_sum_to_one_and_agree_with_its_calls():
    X, y = patients()
    far = np.vstack([X - 1e4, X + 1e4, X])
    fitted = NearestShrunkenCentroids(0.1).fit(X, y)
    probabilities = fitted.predict_proba(far)
    assert probabilities.sum(axis=1) == pytest.approx(np.ones(len(far)))
    assert (fitted.predict(far) == (probabilities[:, 1] > 0.5)).all()


def test_classes_keep_their_names():
    X, y = patients()
    names = np.array(["ALL", "AML"], dtype=object)[y]
    assert set(NearestShrunkenCentroids().fit(X, names).predict(X)) == {"ALL", "AML"}


@pytest.mark.parametrize("shrink", [-0.1, 1.01, math.nan])
def test_shrinkage_is_a_share(shrink):
    with pytest.raises(ParameterError, match="from 0 to 1"):
        NearestShrunkenCentroids(shrink).fit(*patients())


@pytest.mark.parametrize("labels", [[0] * 6, [0, 1, 2] * 2])
def test_two_classes_are_needed(labels):
    with pytest.raises(ValueError, match=r"[Oo]ne class|binary"):
        NearestShrunkenCentroids().fit(np.arange(12.0).reshape(6, 2), labels)

"""Weighted voting is Golub's, and only genes with a signal-to-noise vote."""

from statistics import fmean, stdev

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.utils.estimator_checks import check_estimator

from analysis_lib.errors import ParameterError, TableError
from analysis_lib.models.voting import WeightedVoting


def patients(seed=0, first=12, second=8, genes=40):
    """Two classes: a third of the genes is higher in the second, a third in the first."""
    y = np.repeat([0, 1], [first, second])
    X = np.random.default_rng(seed).normal(0, 1, (len(y), genes))
    X[:, : genes // 3] += 1.5 * y[:, None]
    X[:, -(genes // 3) :] -= 1.5 * y[:, None]
    return X, y


def paper(X, y, half, sample):
    """The votes for label 0 and for label 1, in the words of the paper."""
    weights, middles = [], []
    for values in X.T:
        low, high = values[y == 0], values[y == 1]
        weights.append((fmean(high) - fmean(low)) / (stdev(high) + stdev(low)))
        middles.append((fmean(high) + fmean(low)) / 2)
    ranked = sorted(range(X.shape[1]), key=lambda g: weights[g])
    votes = [weights[g] * (sample[g] - middles[g]) for g in ranked[:half] + ranked[-half:]]
    return sum(-v for v in votes if v < 0), sum(v for v in votes if v > 0)


def test_it_works_wherever_scikit_learns_estimators_do():
    check_estimator(WeightedVoting(), on_skip=None)


def test_votes_calls_and_prediction_strength_are_the_papers():
    X, y = patients()
    new = np.random.default_rng(1).normal(0, 1, (8, X.shape[1]))
    fitted = WeightedVoting(genes=10).fit(X, y)
    votes = np.array([paper(X, y, 5, sample) for sample in new])
    ahead = votes[:, 1] - votes[:, 0]
    assert fitted.decision_function(new) == pytest.approx(ahead / votes.sum(axis=1))
    assert fitted.prediction_strength(new) == pytest.approx(np.abs(ahead) / votes.sum(axis=1))
    assert fitted.predict(new).tolist() == (ahead > 0).astype(int).tolist()


def test_half_of_the_genes_stands_for_each_class():
    X, y = patients(first=60, second=60)
    fitted = WeightedVoting(genes=26).fit(X, y)
    assert sorted(fitted.chosen_[:13]) == list(range(27, 40))
    assert sorted(fitted.chosen_[13:]) == list(range(13))
    assert (fitted.weights_[:13] < 0).all()
    assert (fitted.weights_[13:] > 0).all()
    assert np.flatnonzero(fitted.used_).tolist() == sorted(fitted.chosen_)


def test_all_vote_when_there_are_fewer_genes_than_asked_for():
    X, y = patients(genes=7)
    assert sorted(WeightedVoting(genes=50).fit(X, y).chosen_) == list(range(7))


@pytest.mark.parametrize("value", [0.0, 0.1, 1e9])
def test_constant_genes_never_vote(value):
    X, y = patients(genes=6)
    padded = np.hstack([np.full((len(y), 3), value), X])
    fitted = WeightedVoting(genes=50).fit(padded, y)
    assert sorted(fitted.chosen_) == list(range(3, 9))
    assert fitted.decision_function(padded) == pytest.approx(
        WeightedVoting(genes=50).fit(X, y).decision_function(X)
    )


def test_a_gene_without_spread_within_both_classes_has_no_signal_to_noise():
    X, y = patients(genes=6)
    padded = np.hstack([X, 0.1 + 0.2 * y[:, None]])
    assert 6 not in WeightedVoting(genes=50).fit(padded, y).chosen_


def test_spread_within_one_class_is_enough():
    X, y = patients(genes=6)
    X[y == 0, 0] = 0.1
    assert 0 in WeightedVoting(genes=50).fit(X, y).chosen_


def test_a_class_of_one_sample_has_no_spread():
    fitted = WeightedVoting(genes=2).fit([[0.0], [2.0], [7.0]], [0, 0, 1])
    assert fitted.weights_.tolist() == pytest.approx([6 / np.sqrt(2)])


def test_genes_that_cannot_vote_are_told_with_counts():
    with pytest.raises(TableError, match="3 genes, 2 and 3 samples"):
        WeightedVoting().fit(np.ones((5, 3)), [0, 0, 1, 1, 1])


def test_a_sample_in_the_middle_of_every_gene_is_called_with_no_strength():
    X, y = patients()
    fitted = WeightedVoting(genes=10).fit(X, y)
    sample = np.zeros((1, X.shape[1]))
    sample[0, fitted.chosen_] = fitted.middles_
    assert fitted.prediction_strength(sample).tolist() == [0.0]
    assert fitted.predict(sample).tolist() == [0]


@given(st.integers(0, 1000), st.integers(1, 20))
def test_strength_is_a_share_and_signs_the_call(seed, half):
    X, y = patients(seed)
    fitted = WeightedVoting(genes=2 * half).fit(X, y)
    new = np.random.default_rng(seed).normal(0, 30, (10, X.shape[1]))
    strength = fitted.prediction_strength(new)
    assert ((strength >= 0) & (strength <= 1)).all()
    assert ((fitted.decision_function(new) > 0) == fitted.predict(new)).all()


def test_a_genes_own_unit_and_origin_do_not_decide_who_votes():
    X, y = patients()
    units = np.random.default_rng(3).uniform(0.01, 100, X.shape[1])
    one = WeightedVoting(genes=10).fit(X, y)
    other = WeightedVoting(genes=10).fit(X * units + 7, y)
    assert other.chosen_.tolist() == one.chosen_.tolist()
    assert other.weights_ == pytest.approx(one.weights_)


def test_exchanged_classes_exchange_the_sign():
    X, y = patients()
    one = WeightedVoting(genes=10).fit(X, y).decision_function(X)
    other = WeightedVoting(genes=10).fit(X, 1 - y).decision_function(X)
    assert other == pytest.approx(-one)


def test_there_are_no_probabilities():
    assert not hasattr(WeightedVoting(), "predict_proba")


@pytest.mark.parametrize("genes", [0, 1, 7, -2])
def test_both_classes_get_as_many_genes(genes):
    with pytest.raises(ParameterError, match="even number"):
        WeightedVoting(genes).fit(*patients())

"""Discoveries: they find what is there, rarely what is not, whatever ties the genes together."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom, false_discovery_control
from sklearn.linear_model import LinearRegression

from analysis_lib.errors import ParameterError, TableError
from analysis_lib.evaluation import genewise
from analysis_lib.evaluation.discovery import Null, discoveries, permuted

N, FEATURES = 40, 3


def r2(X, Y):
    """R² of an ordinary regression of every gene."""
    basis, _ = np.linalg.qr(X - X.mean(axis=0))
    Y = Y - Y.mean(axis=0)
    return ((basis.T @ Y) ** 2).sum(axis=0) / (Y**2).sum(axis=0)


def undefined_where_constant(X, Y):
    with np.errstate(invalid="ignore"):
        return r2(X, Y)


def _noise(draws, kind, genes):
    noise = draws.normal(size=(N, genes))
    if kind == "independent":
        return noise
    if kind == "one block":
        return 0.3 * noise + draws.normal(size=(N, 1))
    if kind == "four blocks":
        return 0.5 * noise + np.repeat(draws.normal(size=(N, 4)), genes // 4, axis=1)
    # Half of the genes are found in two samples only: their R² has another null.
    rare = draws.permuted(np.repeat(np.eye(N, 1) + np.eye(N, 1, -1), genes // 2, axis=1), axis=0)
    return np.c_[noise[:, genes // 2 :], rare * (2 + noise[:, : genes // 2])]


KINDS = ["independent", "one block", "four blocks", "half rare"]


@pytest.mark.parametrize("kind", KINDS)
def test_when_nothing_is_there_few_runs_find_anything(kind):
    runs, found = 300, 0
    for seed in range(runs):
        draws = np.random.default_rng(seed)
        X, Y = draws.normal(size=(N, FEATURES)), _noise(draws, kind, 120)
        got = discoveries(permuted(r2, X, Y, permutations=39, seed=seed))
        assert got.p_value >= 1 / 40
        found += got.table["discovered"].any()
    assert found <= binom.ppf(0.99, runs, 0.05)


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_there_is_found_and_little_else(kind):
    recall, false = [], []
    for seed in range(10):
        draws = np.random.default_rng(seed)
        X, Y = draws.normal(size=(N, FEATURES)), _noise(draws, kind, 400)
        Y /= Y.std(axis=0)
        true = np.arange(400) % 4 == 0
        Y[:, true] += 0.8 * X @ draws.choice([-1, 1], size=(FEATURES, 100))
        called = discoveries(permuted(r2, X, Y, seed=seed)).table["discovered"].to_numpy()
        recall.append(called[true].mean())
        false.append((called & ~true).sum() / max(1, called.sum()))
    assert np.mean(recall) > 0.8
    assert np.mean(false) < 0.1


def test_with_scores_of_held_out_rows_noise_gives_nothing_and_signal_is_found():
    def held_out_r2(X, Y):
        return genewise.scores(LinearRegression, X, Y, repeats=1, seed=1)["r2_test"].to_numpy()

    draws = np.random.default_rng(1)
    X, Y = draws.normal(size=(N, FEATURES)), draws.normal(size=(N, 60))
    Y[:, :20] += X[:, :1]
    Y[:, 59] = 2.5
    found = discoveries(permuted(held_out_r2, X, Y, permutations=40, seed=2))
    called = found.table["discovered"].to_numpy()
    assert called[:20].mean() > 0.8
    assert called[20:].sum() <= 3
    assert found.table.iloc[59, :2].isna().all()
    shuffled = draws.permutation(X)
    assert not discoveries(permuted(held_out_r2, shuffled, Y, permutations=40, seed=2)).passing


@pytest.mark.parametrize("permutations", [19, 60, 61, 99])
def test_copies_of_one_gene_are_no_more_certain_than_shuffles_are_many(permutations):
    draws = np.random.default_rng(0)
    null = np.repeat(draws.uniform(size=(permutations, 1)), 500, axis=1)
    got = discoveries(Null(np.ones(500), null, np.arange(500)))
    assert got.table["q"].max() < 2e-4  # as if there were 500 genes to tell
    assert got.p_value == 1 / (permutations + 1)
    assert got.table["discovered"].all()


def test_false_discoveries_are_counted_shuffle_by_shuffle():
    draws = np.random.default_rng(0)
    null = np.repeat(draws.uniform(size=(99, 1)), 500, axis=1)
    got = discoveries(Null(np.full(500, np.sort(null[:, 0])[-3]), null, np.arange(500)))
    assert got.table["p"].to_numpy() == pytest.approx(3 / 99, abs=1e-3)
    assert got.passing == 500
    assert got.p_value == 4 / 100  # the real data and three shuffles, one of them its equal
    assert got.expected_false == pytest.approx(500 * 3 / 99)
    assert got.high_false == 0  # 96 in 100 shuffles lift none
    lower = discoveries(Null(np.full(500, np.sort(null[:, 0])[-7]), null, np.arange(500)), fdr=0.1)
    assert lower.high_false == 500


def test_where_pooled_rates_fail_the_check_of_the_number_holds():
    """Three data sets lift one gene very far, three ten genes less far, three all a little.

    Any of a hundred equal data sets may be the real one; in nine the pooled rate finds something.
    """
    rows = np.random.default_rng(0).uniform(size=(100, 100))
    for i in range(9):
        rows[i, : 10 ** (i % 3)] += 9 - i % 3
    pooled = checked = 0
    for i in range(100):
        got = discoveries(Null(rows[i], np.delete(rows, i, axis=0), np.arange(100)))
        pooled += got.passing > 0
        checked += got.table["discovered"].any()
    assert pooled == 9
    assert 0 < checked <= 5


def test_p_of_the_number_is_uniform_or_larger_when_nothing_is_there():
    p = []
    for seed in range(400):
        draws = np.random.default_rng(seed)
        rows = 0.3 * draws.normal(size=(20, 60)) + draws.normal(size=(20, 1))
        p.append(discoveries(Null(rows[0], rows[1:], np.arange(60)), fdr=0.3).p_value)
    for level in (0.05, 0.1, 0.3):
        assert (np.array(p) <= level).sum() <= binom.ppf(0.99, 400, level)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 9999), st.integers(1, 30), st.integers(19, 30), st.booleans())
def test_pooled_p_and_q_are_those_of_the_definition(seed, genes, permutations, ties):
    draws = np.random.default_rng(seed)
    observed, null = draws.normal(size=genes), draws.normal(size=(permutations, genes))
    if ties:
        observed, null = observed.round(), null.round()
    got = discoveries(Null(observed, null, np.arange(genes)))
    p = [(1 + (null >= value).sum()) / (1 + null.size) for value in observed]
    assert got.table["p"].tolist() == pytest.approx(p)
    assert got.table["q"].tolist() == pytest.approx(false_discovery_control(p).tolist())
    sizes = []
    rows = np.vstack([observed, null])
    for i, row in enumerate(rows):
        others = np.delete(rows, i, axis=0)
        p = [(1 + (others >= value).sum()) / (1 + others.size) for value in row]
        count = (false_discovery_control(p) <= 0.05).sum()
        sizes.append((count, -round(np.mean(p), 9)) if count else (0, 0))
    assert got.passing == sizes[0][0]
    assert got.p_value == np.mean([size >= sizes[0] for size in sizes])


def test_a_sample_has_the_same_shuffles_as_all_genes():
    draws = np.random.default_rng(0)
    X, Y = draws.normal(size=(N, 2)), draws.normal(size=(N, 50))
    every = permuted(r2, X, Y, permutations=20, seed=3, sample=None)
    some = permuted(r2, X, Y, permutations=20, seed=3, sample=10)
    assert every.genes.tolist() == list(range(50))
    assert some.null.shape == (20, 10)
    np.testing.assert_allclose(some.null, every.null[:, some.genes])
    np.testing.assert_allclose(some.observed, every.observed)


def test_a_sample_finds_about_what_all_genes_find():
    draws = np.random.default_rng(0)
    X, Y = draws.normal(size=(N, 2)), draws.normal(size=(N, 2000))
    Y[:, :400] += X[:, :1]
    every, some = (
        discoveries(permuted(r2, X, Y, permutations=50, seed=3, sample=sample))
        for sample in (None, 200)
    )
    assert some.p_value == every.p_value == 1 / 51
    assert some.passing == pytest.approx(every.passing, rel=0.1)
    assert some.expected_false == pytest.approx(every.expected_false, rel=0.5)


def test_genes_stay_together_when_rows_are_shuffled():
    draws = np.random.default_rng(0)
    X, gene = draws.normal(size=(N, 1)), draws.normal(size=(N, 1))
    null = permuted(r2, X, np.c_[gene, gene], permutations=10, seed=1).null
    np.testing.assert_array_equal(null[:, 0], null[:, 1])
    assert len(set(null[:, 0])) == 10


def test_constant_genes_are_left_out_and_do_not_count():
    draws = np.random.default_rng(0)
    X, Y = draws.normal(size=(N, 1)), draws.normal(size=(N, 30))
    Y[:, :10] += 2 * X
    wide = np.insert(Y, [0, 12, 30], 0.0, axis=1)
    got = discoveries(permuted(undefined_where_constant, X, wide, seed=1)).table
    kept = np.setdiff1d(np.arange(33), [0, 13, 32])
    assert got.loc[[0, 13, 32], ["p", "q"]].isna().all(axis=None)
    assert not got.loc[[0, 13, 32], "discovered"].any()
    alone = discoveries(permuted(r2, X, Y, seed=1)).table
    np.testing.assert_allclose(got.iloc[kept][["p", "q"]], alone[["p", "q"]])


def test_the_seed_repeats_everything():
    draws = np.random.default_rng(0)
    X, Y = draws.normal(size=(N, 1)), draws.normal(size=(N, 30))
    one, same, other = (
        permuted(r2, X, Y, permutations=5, seed=seed, sample=9) for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(one.null, same.null)
    np.testing.assert_array_equal(one.genes, same.genes)
    assert (one.null != other.null).any()


def test_no_gene_with_a_value_is_an_error():
    X = np.random.default_rng(0).normal(size=(N, 1))
    with pytest.raises(TableError, match="No gene has a statistic"):
        permuted(undefined_where_constant, X, np.ones((N, 3)), seed=1)


def test_a_statistic_of_another_shape_is_refused():
    X = np.random.default_rng(0).normal(size=(N, 3))
    with pytest.raises(ParameterError, match=r"shape \(3,\)"):
        permuted(lambda X, Y: np.float64(1), X, X, seed=1)


def test_a_statistic_that_fails_after_shuffling_is_refused():
    X = np.random.default_rng(0).normal(size=(N, 3))

    def only_in_order(given, Y):
        return r2(given, Y) if given is X else np.full(3, np.nan)

    with pytest.raises(ParameterError, match="no value"):
        permuted(only_in_order, X, X, seed=1)


@pytest.mark.parametrize("wrong", [{"permutations": 0}, {"sample": 0}])
def test_nothing_to_compare_with_is_refused(wrong):
    X = np.random.default_rng(0).normal(size=(N, 3))
    with pytest.raises(ParameterError, match=next(iter(wrong))):
        permuted(r2, X, X, seed=1, **wrong)


@pytest.mark.parametrize("fdr", [0.0, 1.0, -0.1])
def test_impossible_rates_are_refused(fdr):
    with pytest.raises(ParameterError, match="fdr"):
        discoveries(Null(np.ones(2), np.zeros((50, 2)), np.arange(2)), fdr)


@pytest.mark.parametrize(("fdr", "least"), [(0.05, 19), (0.01, 99), (0.1, 9)])
def test_too_few_shuffles_for_the_rate_are_told_with_the_number(fdr, least):
    few, enough = (
        Null(np.ones(2), np.zeros((permutations, 2)), np.arange(2))
        for permutations in (least - 1, least)
    )
    with pytest.raises(ParameterError, match=f"at least {least}"):
        discoveries(few, fdr)
    assert discoveries(enough, fdr).table["discovered"].all()


def test_pooling_is_by_ranks():
    """Genes × null values in one array would take 80 GB here."""
    draws = np.random.default_rng(0)
    null = Null(draws.normal(size=20_000), draws.normal(size=(25, 20_000)), np.arange(20_000))
    assert discoveries(null).table["p"].between(0, 1).all()

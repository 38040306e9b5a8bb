"""Blocks of targets on a real Dask cluster: the same results, to the bit."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis_lib import cluster
from analysis_lib.errors import ParameterError
from analysis_lib.evaluation.discovery import permuted
from analysis_lib.models import blocks
from analysis_lib.models.lasso import BatchLassoCV
from tests.dask_cluster import dask_cluster


@given(
    targets=st.integers(1, 10**6),
    samples=st.integers(2, 3000),
    chunk=st.integers(1, 512),
    threads=st.integers(0, 200),
)
def test_blocks_are_whole_chunks_that_cover_every_target_once(targets, samples, chunk, threads):
    found = blocks.blocks(targets, samples, chunk, threads)
    assert [part.start for part in found] == [0, *(part.stop for part in found[:-1])]
    assert found[-1].stop == targets
    assert all(part.start % chunk == 0 for part in found)
    assert all(
        part.stop - part.start <= chunk or 8 * samples * (part.stop - part.start) <= 2**24
        for part in found
    )


def table(targets: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    draws = np.random.default_rng(seed)
    X = draws.normal(size=(40, 6))
    Y = X @ draws.normal(size=(6, targets)) + draws.normal(size=(40, targets))
    Y[:, ::50] = 3.0  # constant ones too
    return X, Y


@pytest.fixture(scope="module")
def workers(tmp_path_factory):
    with dask_cluster(tmp_path_factory.mktemp("cluster"), "one", "two") as started:
        yield started


@pytest.fixture
def address(workers, monkeypatch):
    yield lambda: monkeypatch.setenv(cluster.ADDRESS_VARIABLE, workers.address)
    blocks.leave()


@pytest.mark.long
@pytest.mark.parametrize(
    "given_as",
    [
        {},
        {"l1_ratio": 0.5, "standardize": False, "keep_path": False},
        {"alphas": [0.1, 0.5], "folds": [(list(range(20)), list(range(20, 40)))]},
        {"solver": "descent", "n_alphas": 20},
    ],
    ids=["lasso", "elastic net", "own penalties and folds", "descent"],
)
def test_blocks_give_what_one_process_gives_to_the_bit(address, given_as):
    X, Y = table(1300)
    here = BatchLassoCV(**given_as).fit(X, Y)
    address()
    told = []
    there = BatchLassoCV(**given_as, progress=lambda *counts: told.append(counts)).fit(X, Y)
    fitted = {name: value for name, value in vars(here).items() if name.endswith("_")}
    assert len(fitted) >= 9
    for name, value in fitted.items():
        np.testing.assert_array_equal(getattr(there, name), value, err_msg=name)
    assert told[-1] == (1300, 1300)
    assert len(told) > 1


@pytest.mark.long
def test_permutations_are_the_same_with_several_under_way(address):
    X, Y = table(300)

    def r2(X, Y):
        return 1 - BatchLassoCV(n_alphas=10).fit(X, Y).best_mse_ / np.maximum(Y.var(axis=0), 1e-9)

    here = permuted(r2, X, Y, permutations=6, seed=1, sample=270)
    address()
    there = permuted(r2, X, Y, permutations=6, seed=1, sample=270, mapping=blocks.mapping())
    np.testing.assert_array_equal(there.null, here.null)
    np.testing.assert_array_equal(there.observed, here.observed)


@pytest.mark.long
def test_a_mistake_is_the_same_mistake_on_a_cluster(address):
    address()
    with pytest.raises(ParameterError, match="grid of penalties"):
        BatchLassoCV(n_alphas=0).fit(*table(10))

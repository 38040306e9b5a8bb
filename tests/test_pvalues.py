"""The diagnosis of p-value histograms, on histograms whose cause is known."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis_lib.evaluation.pvalues import diagnose

RNG = np.random.default_rng(7)
FLAT = RNG.uniform(size=5000)


@pytest.mark.parametrize(
    ("p", "shape"),
    [
        (FLAT, "uniform"),
        (np.r_[FLAT, RNG.uniform(0, 0.01, 500)], "signal"),
        (1 - RNG.uniform(size=5000) ** 3, "conservative"),
        (np.r_[FLAT, np.ones(600), np.zeros(600)], "two peaks"),
        (RNG.uniform(0.2, 0.8, 5000), "uneven"),
        (FLAT[:50], "too few"),
        (np.full(500, np.nan), "too few"),
    ],
)
def test_shapes_are_told(p, shape):
    found = diagnose(p)
    assert found.shape == shape
    assert found.words


def test_the_share_of_unchanged_genes_is_estimated():
    p = np.r_[RNG.uniform(size=8000), RNG.beta(0.1, 10, 2000)]
    assert diagnose(p).null_share == pytest.approx(0.8, abs=0.05)


def test_flat_histograms_are_rarely_taken_for_anything_else():
    rng = np.random.default_rng(3)
    wrong = sum(diagnose(rng.uniform(size=1000)).shape != "uniform" for _ in range(200))
    assert wrong <= 5


@given(st.lists(st.one_of(st.floats(0, 1), st.just(float("nan"))), max_size=300))
def test_any_p_values_get_some_diagnosis(p):
    found = diagnose(p)
    assert found.shape == "too few" or 0 <= found.null_share <= 1

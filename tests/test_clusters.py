"""Groups are found without the labels, and noise is no purer than guessing."""

import numpy as np
import pandas as pd
import pytest
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score, silhouette_score
from sklearn.preprocessing import StandardScaler

from analysis_lib.datasets import golub
from analysis_lib.errors import ParameterError
from analysis_lib.evaluation.clusters import k_means
from tests.real_data import golub_folder


def data(shift, first=20, second=12, features=6, seed=0):
    draws = np.random.default_rng(seed)
    labels = draws.permutation(np.repeat(["ALL", "AML"], [first, second]))
    X = draws.normal(size=(len(labels), features)) + shift * (labels == "AML")[:, None]
    return pd.DataFrame(X, index=[f"p{i}" for i in range(len(labels))]), labels


def test_groups_that_lie_apart_are_found():
    X, labels = data(shift=20)
    found = k_means(X, labels, seed=1)
    assert (found.purity, found.adjusted_rand) == (1, 1)
    assert found.silhouette > 0.8
    assert list(found.table) == ["sample", "label", "cluster"]
    assert found.table["sample"].tolist() == list(X.index)
    assert found.table["label"].tolist() == labels.tolist()
    assert ((found.table["cluster"] == 0) == (labels == "ALL")).all()  # the larger one is 0


@pytest.mark.parametrize("k", [2, 3])
def test_measures_are_scikit_learns(k):
    X, labels = data(shift=0.5)
    found = k_means(X, labels, k=k, seed=1)
    values = StandardScaler().fit_transform(X)
    cluster = found.table["cluster"].to_numpy()
    squares = sum(
        ((values[cluster == c] - values[cluster == c].mean(axis=0)) ** 2).sum() for c in range(k)
    )
    assert squares <= KMeans(k, n_init=200, random_state=0).fit(values).inertia_ + 1e-9
    assert found.adjusted_rand == pytest.approx(adjusted_rand_score(labels, cluster))
    assert found.silhouette == pytest.approx(silhouette_score(values, cluster))
    counts = pd.crosstab(cluster, labels).to_numpy()
    assert found.purity == counts.max(axis=1).sum() / len(X)
    assert np.bincount(cluster).tolist() == sorted(np.bincount(cluster), reverse=True)


def test_labels_have_no_part_in_the_groups():
    X, labels = data(shift=0.5)
    one = k_means(X, labels, seed=1, starts=20)
    other = k_means(X, np.random.default_rng(1).permutation(labels), seed=1, starts=20)
    assert (one.table["cluster"] == other.table["cluster"]).all()
    assert one.silhouette == other.silhouette


def test_units_and_constant_columns_do_not_matter():
    X, labels = data(shift=0.5)
    same = (X * [1, 20, 0.3, 5, 1, 1000] + 7).assign(constant=3.0)
    one, other = (k_means(each, labels, seed=1, starts=100) for each in (X, same))
    assert one.table.equals(other.table)


def test_purity_never_falls_below_its_floor_and_on_noise_is_what_shuffling_gives():
    inside = []
    for seed in range(10):
        X, labels = data(shift=0, seed=seed)
        found = k_means(X, labels, seed=1, starts=20, shuffles=300)
        assert found.floor == 20 / 32
        assert found.purity >= found.floor
        assert found.floor <= found.chance[0] <= found.chance[1]
        assert found.floor <= found.single_starts[0] <= found.single_starts[1]
        inside.append(found.chance[0] <= found.purity <= found.chance[1])
        assert abs(found.adjusted_rand) < 0.4
    assert np.mean(inside) >= 0.8


def test_single_starts_disagree_where_there_is_no_structure():
    X, labels = data(shift=0.3, features=300)
    low, high = k_means(X, labels, seed=1, starts=20).single_starts
    assert high > low
    X, labels = data(shift=20)
    assert k_means(X, labels, seed=1, starts=20).single_starts == (1, 1)


def test_another_seed_finds_the_same_groups_in_wide_noise():
    X, labels = data(shift=0.3, features=300)
    one, same, other = (k_means(X, labels, seed=seed, starts=1000) for seed in (1, 1, 2))
    assert one.table.equals(same.table)
    assert one.chance == same.chance
    assert one.table["cluster"].equals(other.table["cluster"])


@pytest.mark.parametrize("k", [1, 5])
def test_more_groups_than_different_rows_or_only_one(k):
    X = pd.DataFrame({"a": [1.0, 1, 2, 3, 4, 4]})
    assert k_means(X, list("xxyyzz"), k=4, seed=1, starts=50).table["cluster"].nunique() == 4
    with pytest.raises(ParameterError, match="2 to 4 clusters") as error:
        k_means(X, list("xxyyzz"), k=k, seed=1, starts=50)
    assert f"{k} clusters, 6 rows, 4 of them different" in str(error.value)


def test_too_few_rows_for_any_groups():
    with pytest.raises(ParameterError, match="at least three rows that differ"):
        k_means(pd.DataFrame({"a": [1.0, 1.0, 1.0]}), list("xyz"), seed=1)


@pytest.mark.realdata
def test_patients_divide_as_published():
    folder = golub_folder()
    names = ("data_set_ALL_AML_train.csv", "data_set_ALL_AML_independent.csv", "actual.csv")
    patients = golub.load(*(folder / name for name in names))
    training = (patients.part == "train").to_numpy()
    found = k_means(patients.X[training], patients.labels[training], seed=42)
    assert found.purity == pytest.approx(0.76, abs=0.005)
    assert found.floor == pytest.approx(27 / 38)

"""Components are scikit-learn's with fixed signs; pictures are repeatable and honestly judged."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.decomposition import PCA
from sklearn.manifold import TSNE, trustworthiness
from sklearn.preprocessing import StandardScaler

from analysis_lib import embedding
from analysis_lib.embedding import pca
from analysis_lib.errors import ParameterError, TableError


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


def _groups(shift=8.0, rows=36, features=40, seed=0):
    draws = np.random.default_rng(seed)
    labels = np.repeat(["ALL", "AML"], [rows - rows // 3, rows // 3])
    values = draws.normal(size=(rows, features)) + shift * (labels == "AML")[:, None]
    return pd.DataFrame(values, index=[f"p{i}" for i in range(rows)]), labels


METHODS = {
    "t-SNE": lambda X, **named: embedding.tsne(X, perplexity=8, **named),
    "UMAP": lambda X, **named: embedding.umap(X, neighbours=8, **named),
}


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("start", ["pca", "random"])
def test_groups_far_apart_stay_apart_and_a_seed_repeats_the_picture(method, start):
    X, labels = _groups()
    one, same = (METHODS[method](X, seed=1, start=start) for _ in range(2))
    assert one.shape == (36, 2)
    assert one == pytest.approx(same, abs=1e-12)
    assert embedding.neighbour_purity(one, labels, 8) == 1
    if start == "random":
        assert not np.allclose(one, METHODS[method](X, seed=2, start=start))


@pytest.mark.parametrize("method", METHODS)
def test_units_and_constant_features_do_not_change_the_picture(method):
    X, _ = _groups()
    again = (X * np.arange(1, 41) + 7).assign(constant=1.0)
    one, other = (METHODS[method](each, seed=1) for each in (X, again))
    assert embedding.stability([one, other], 8)[0] > 0.95


def _nudged(values):
    return values * (1 + 1e-13 * np.random.default_rng(1).normal(size=values.shape))


def test_the_order_of_the_rows_does_not_decide_the_picture():
    """Was: with scikit-learn's own steps points jumped, and rounding chose where they landed."""
    agreement = {"ours": [], "theirs": []}
    for seed in range(3):
        X, _ = _groups(shift=0, rows=72, features=400, seed=seed)
        order = np.random.default_rng(seed).permutation(72)
        components = embedding._components(X)
        for whose, drawn in (
            ("ours", lambda c: embedding._tsne(c, 1, 10, "pca")),
            (
                "theirs",
                lambda c: TSNE(perplexity=10, init=c[:, :2] * 1e-5, method="exact").fit_transform(
                    c
                ),
            ),
        ):
            pictures = [drawn(components), drawn(components[order])[np.argsort(order)]]
            agreement[whose].append(embedding.stability(pictures, 8)[0])
    assert min(agreement["ours"]) > 0.95
    assert np.mean(agreement["theirs"]) < 0.8


def test_the_last_digits_of_the_values_do_not_reach_the_picture():
    X, _ = _groups()
    for method in METHODS.values():
        assert method(_nudged(X), seed=1) == pytest.approx(method(X, seed=1), abs=1e-12)


def test_the_start_from_components_needs_no_seed():
    X, _ = _groups(shift=0)
    assert embedding.tsne(X, seed=1) == pytest.approx(embedding.tsne(X, seed=2), abs=1e-12)


def test_trustworthiness_is_scikit_learns_on_standardised_features():
    X, _ = _groups(shift=1)
    points = pca(X, 2)[0].to_numpy()
    expected = trustworthiness(StandardScaler().fit_transform(X), points, n_neighbors=5)
    assert embedding.trustworthiness(X * 3 + 1, points, 5) == pytest.approx(expected)
    shuffled = np.random.default_rng(0).permutation(points)
    assert embedding.trustworthiness(X, shuffled, 5) < expected


def test_points_that_lie_on_one_another_are_not_their_own_neighbours():
    points = np.zeros((4, 2))
    points[2:] = 9
    assert embedding.neighbour_purity(points, ["a", "b", "a", "b"], 1) == 0


def test_purity_of_permuted_labels_is_what_chance_gives():
    X, labels = _groups()
    draws = np.random.default_rng(0)
    points = pca(X, 2)[0].to_numpy()
    found = [embedding.neighbour_purity(points, draws.permutation(labels), 8) for _ in range(300)]
    assert np.mean(found) == pytest.approx(embedding.chance_purity(labels), abs=0.01)
    assert embedding.neighbour_purity(points, labels, 8) > max(found)


def test_stability_ignores_how_a_picture_is_turned_and_sees_other_neighbours():
    points = np.random.default_rng(0).normal(size=(60, 2))
    turned = 3 * points @ np.array([[0.6, -0.8], [-0.8, -0.6]]) + 5
    assert embedding.stability([points, turned], 6) == (1, 1, 1)
    noise = [np.random.default_rng(seed).normal(size=(60, 2)) for seed in range(5)]
    mean, low, high = embedding.stability(noise, 6)
    assert low <= mean <= high
    # Two random sets of 6 of 59 share 0.6 on average.
    assert mean == pytest.approx(0.055, abs=0.03)


@pytest.fixture(scope="module")
def drawn():
    X, labels = _groups(shift=0.8)
    return X, labels, *embedding.embeddings(X, labels, seeds=[4, 5, 6], perplexity=8, neighbours=7)


def test_points_of_all_methods_are_those_of_the_first_seed(drawn):
    X, labels, points, _ = drawn
    assert list(points) == ["method", "x", "y", "sample", "label"]
    assert points["method"].unique().tolist() == ["PCA", "t-SNE", "UMAP"]
    expected = {
        "PCA": pca(X, 2)[0].to_numpy(),
        "t-SNE": embedding.tsne(X, seed=4, perplexity=8),
        "UMAP": embedding.umap(X, seed=4, neighbours=7),
    }
    for method, part in points.groupby("method"):
        assert part["sample"].tolist() == list(X.index)
        assert part["label"].tolist() == labels.tolist()
        assert part[["x", "y"]].to_numpy() == pytest.approx(expected[method], abs=1e-5)


def test_quality_is_that_of_the_picture_within_the_range_of_the_seeds(drawn):
    X, labels, points, quality = drawn
    assert list(quality) == ["method", "measure", "value", "low", "high"]
    measures = ["trustworthiness", "neighbour purity", "stability"]
    assert quality["measure"].tolist() == measures * 3
    assert (quality["low"] <= quality["value"]).all()
    assert (quality["value"] <= quality["high"]).all()
    assert quality[["low", "high"]].to_numpy().min() >= 0
    assert quality[["low", "high"]].to_numpy().max() <= 1
    values = quality.set_index(["method", "measure"])
    for method, part in points.groupby("method"):
        picture = part[["x", "y"]].to_numpy()
        purity = embedding.neighbour_purity(picture, labels, 7)
        assert values.loc[(method, "neighbour purity"), "value"] == pytest.approx(purity)
        trust = embedding.trustworthiness(X, picture, 7)
        assert values.loc[(method, "trustworthiness"), "value"] == pytest.approx(trust)
    assert values.loc[("PCA", "stability")].tolist() == [1, 1, 1]
    assert values.loc[("t-SNE", "stability"), "low"] < 1  # the other seeds start elsewhere
    assert values.loc[("UMAP", "stability"), "low"] < 1


def test_two_runs_give_the_same(drawn):
    X, labels, points, quality = drawn
    again = embedding.embeddings(X, labels, seeds=[4, 5, 6], perplexity=8, neighbours=7)
    pd.testing.assert_frame_equal(again[0], points, rtol=1e-12)
    pd.testing.assert_frame_equal(again[1], quality, rtol=1e-12)


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"perplexity": 12.0}, "perplexity\n  expected: above 1, at most 11.7"),
        ({"perplexity": 1.0}, "perplexity"),
        ({"neighbours": 18}, "neighbours\n  expected: from 2 to 17"),
        ({"neighbours": 1}, "neighbours"),
        ({"seeds": [1]}, "at least two"),
    ],
)
def test_more_neighbours_than_there_are_rows_for(changed, told):
    X, labels = _groups()
    with pytest.raises(ParameterError) as error:
        embedding.embeddings(X, labels, **{"seeds": [1, 2], **changed})
    assert told in str(error.value)


def test_single_embeddings_look_at_their_parameters_as_well():
    X, _ = _groups(rows=12)
    with pytest.raises(ParameterError, match="perplexity"):
        embedding.tsne(X, seed=1, perplexity=4)
    with pytest.raises(ParameterError, match="neighbours"):
        embedding.umap(X, seed=1, neighbours=6)
    with pytest.raises(ParameterError, match="neighbours"):
        embedding.trustworthiness(X, pca(X, 2)[0].to_numpy(), 6)


def test_one_feature_makes_no_picture():
    X = pd.DataFrame({"a": np.arange(20.0), "b": 1.0})
    with pytest.raises(TableError, match="20 rows, 1 features that vary"):
        embedding.tsne(X, seed=1, perplexity=3)

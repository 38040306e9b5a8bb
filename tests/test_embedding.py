"""Components are scikit-learn's with fixed signs; pictures are repeatable and honestly judged."""

import os
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from sklearn.decomposition import PCA
from sklearn.manifold import TSNE, trustworthiness
from sklearn.metrics import silhouette_score
from sklearn.preprocessing import StandardScaler

from analysis_lib import embedding
from analysis_lib.embedding import components, maps, pca
from analysis_lib.embedding.components import components as components_of
from analysis_lib.embedding.maps import nearest, tsne_of
from analysis_lib.errors import ParameterError, TableError
from analysis_lib.files import PROJECT


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
        components = components_of(X)
        for whose, drawn in (
            ("ours", lambda c: tsne_of(c, 1, 10, "pca")),
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


def _cells(rows=520, features=30, types=4, seed=0):
    """Many rows: above the number that is computed exactly."""
    draws = np.random.default_rng(seed)
    kind = draws.integers(0, types, rows)
    values = 4 * draws.normal(size=(types, features))[kind] + draws.normal(size=(rows, features))
    names = [f"c{i}" for i in range(rows)]
    about = pd.DataFrame({"type": [f"t{k}" for k in kind]}, index=names)
    return pd.DataFrame(values, index=names).add_prefix("g"), about


@pytest.mark.parametrize("standardise", [True, False])
@pytest.mark.parametrize(("rows", "features"), [(520, 30), (520, 700), (501, 501)])
def test_components_of_many_rows_are_those_of_a_full_decomposition(rows, features, standardise):
    X, _ = _cells(rows, features)
    X = X * np.linspace(1, 3, features) + 7
    scores, explained = pca(X, 10, standardise=standardise)
    values = StandardScaler(with_std=standardise).fit_transform(X)
    reference = PCA(10, svd_solver="full").fit(values)
    expected = reference.transform(values)
    sides = np.sign((expected * scores.to_numpy()).sum(axis=0))
    assert scores.to_numpy() == pytest.approx(expected * sides, abs=1e-7)
    assert explained["ratio"].to_numpy() == pytest.approx(reference.explained_variance_ratio_)


def test_few_and_many_rows_agree_on_the_signs(monkeypatch):
    X, _ = _cells(60, 90)
    few = pca(X, 8)[0]
    monkeypatch.setattr("analysis_lib.embedding.components.FEW_ROWS", 10)
    assert pca(X, 8)[0].to_numpy() == pytest.approx(few.to_numpy(), abs=1e-8)
    monkeypatch.undo()
    narrow = X.iloc[:, :6]
    few = pca(narrow, 6)[0]
    monkeypatch.setattr("analysis_lib.embedding.components.FEW_ROWS", 10)
    assert pca(narrow, 6)[0].to_numpy() == pytest.approx(few.to_numpy(), abs=1e-8)


@pytest.mark.parametrize("features", [400, 700])
def test_components_beyond_the_rank_are_zero_and_not_noise(features):
    draws = np.random.default_rng(0)
    X = pd.DataFrame(draws.normal(size=(520, 3)) @ draws.normal(size=(3, features)))
    scores, explained = pca(X, 6)
    assert scores.iloc[:, :3].std().gt(1).all()
    assert scores.iloc[:, 3:].eq(0).all(axis=None)
    assert explained["ratio"].iloc[3:].eq(0).all()


def test_centred_features_keep_their_weight_and_their_common_unit_does_not_matter():
    X, _ = _cells(80, 12)
    wide = X * np.r_[[100.0], np.ones(11)]
    first = pca(wide, 2, standardise=False)[0]["PC1"]
    assert abs(np.corrcoef(first, wide["g0"])[0, 1]) > 0.999
    assert abs(np.corrcoef(pca(wide, 2)[0]["PC1"], wide["g0"])[0, 1]) < 0.99
    assert first.to_numpy() == pytest.approx(pca(wide / 50, 2, standardise=False)[0]["PC1"] * 50)
    one, other = (components.components(t, standardise=False) for t in (wide, wide * 1e-6))
    assert one == pytest.approx(other, abs=2e-5)


def test_many_rows_give_a_good_picture_that_their_order_does_not_decide():
    X, about = _cells(types=6)
    X = X + np.random.default_rng(1).normal(size=X.shape) * 2
    order = np.random.default_rng(0).permutation(len(X))
    one, other = (embedding.tsne(t, seed=1, perplexity=30) for t in (X, X.iloc[order]))
    assert embedding.stability([one, other[np.argsort(order)]], 15)[0] > 0.75
    assert embedding.neighbour_purity(one, about["type"], 15) > 0.95
    assert embedding.trustworthiness(X, one, 15) > embedding.trustworthiness(
        X, pca(X, 2)[0].to_numpy(), 15
    )


SCRIPT = """
import hashlib, sys
from analysis_lib import embedding
from tests.test_embedding import _cells
X, about = _cells(features=600)
points, quality = embedding.pictures(X, about, seed=1, methods=["PCA", "t-SNE"])
print(hashlib.sha256(points[["x", "y"]].to_numpy().tobytes()).hexdigest())
"""


@pytest.mark.fault(
    "a picture that depends on the number of threads (row 23)",
    by="one thread and three, each in a process of its own",
    survives="the same picture, to the byte",
)
def test_the_number_of_threads_does_not_change_a_picture():
    """Before: randomised components changed with the number of threads, and the picture with them.

    Now they are rounded components of a full decomposition, and steps added up in one thread.
    """
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
    running = [
        subprocess.Popen(
            [sys.executable, "-c", SCRIPT],
            env=os.environ | dict.fromkeys(names, threads),
            cwd=PROJECT,
            stdout=subprocess.PIPE,
            text=True,
        )
        for threads in ("1", "3")
    ]
    one, other = (process.communicate()[0] for process in running)
    assert len(one) == 65
    assert one == other


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.integers(8, 60), st.integers(1, 4), st.integers(0, 3))
def test_the_nearest_rows_are_exact_and_begin_with_the_row_itself(seed, rows, columns, decimals):
    values = np.random.default_rng(seed).normal(size=(rows, columns)).round(decimals) + 1e6
    found, distances = nearest(values, 4)
    apart = np.linalg.norm(values[:, np.newaxis] - values, axis=2)
    assert found[:, 0].tolist() == list(range(rows))
    assert all(len({*each}) == 4 for each in found.tolist())
    assert distances == pytest.approx(np.take_along_axis(apart, found, axis=1))
    # A row that lies as far away as the last one may be there in its place.
    if decimals == 3:
        assert distances == pytest.approx(np.sort(apart, axis=1)[:, :4])


def test_the_nearest_of_few_rows_are_all_of_them():
    found, _ = nearest(np.array([[0.0], [1.0], [3.0]]), 3)
    assert found.tolist() == [[0, 1, 2], [1, 0, 2], [2, 1, 0]]


_DRAWN_ELSEWHERE = """
import sys
import numpy as np
from analysis_lib.embedding.maps import umap_of
umap_of(np.random.default_rng(0).normal(size=(40, 5)), 1, 8, "pca")
from umap import layouts, umap_
assert "tensorflow" not in sys.modules
assert "umap.parametric_umap" not in sys.modules
step = layouts._nb_optimize_layout_euclidean_single_epoch
used = (umap_.smooth_knn_dist, umap_.compute_membership_strengths, step)
print(*(sum(each.stats.cache_misses.values()) for each in used))
"""


def test_a_picture_needs_no_tensorflow_and_is_compiled_for_all_processes():
    command = [sys.executable, "-W", "error", "-c", _DRAWN_ELSEWHERE]
    for _ in range(2):  # the first may have to compile
        drawn = subprocess.run(command, check=False, capture_output=True, text=True)
        assert drawn.stderr == ""
    assert drawn.stdout.split() == ["0", "0", "0"]


def test_a_version_of_umap_with_other_names_is_compiled_as_it_comes(monkeypatch):
    X, _ = _groups()
    expected = embedding.umap(X, seed=1, neighbours=8)
    maps._umap_class.cache_clear()
    monkeypatch.setattr(maps, "_OF_THE_GRAPH", ("gone",))
    assert np.array_equal(embedding.umap(X, seed=1, neighbours=8), expected)
    maps._umap_class.cache_clear()


@pytest.fixture(scope="module")
def pictured():
    X, about = _cells()
    about["line"] = "l" + (np.arange(len(X)) % 7).astype(str).astype(object)
    about.loc[about.index[::3], "line"] = ""
    return X, about, *embedding.pictures(X, about, seed=3, standardise=False)


def test_every_method_has_one_picture_with_all_labels(pictured):
    X, about, points, _ = pictured
    assert list(points) == ["method", "x", "y", "sample", "type", "line"]
    assert points["method"].unique().tolist() == ["PCA", "t-SNE", "UMAP"]
    for _, part in points.groupby("method"):
        assert part["sample"].tolist() == list(X.index)
        assert part["type"].tolist() == about["type"].tolist()
        assert part["line"].tolist() == about["line"].tolist()
    assert np.isfinite(points[["x", "y"]]).all(axis=None)


def test_measures_of_pictures_stand_beside_chance(pictured):
    X, about, points, found = pictured
    assert list(found) == ["method", "measure", "labels", "value", "chance"]
    assert found["labels"].tolist() == ["", "type", "type", "line", "line"] * 3
    table = found.set_index(["method", "measure", "labels"])
    known = (about["line"] != "").to_numpy()
    for method, part in points.groupby("method"):
        picture = part[["x", "y"]].to_numpy()
        expected = trustworthiness(X - X.mean(), picture, n_neighbors=15)
        assert table.loc[(method, "trustworthiness", ""), "value"] == pytest.approx(expected)
        expected = embedding.neighbour_purity(picture[known], about["line"][known], 15)
        assert table.loc[(method, "neighbour purity", "line"), "value"] == expected
        expected = silhouette_score(picture, about["type"])
        assert table.loc[(method, "silhouette", "type"), "value"] == pytest.approx(expected)
    # Types lie apart; lines were dealt out in turn and mean nothing.
    types = found[(found["labels"] == "type") & (found["method"] != "PCA")]
    assert (types["value"] - types["chance"]).min() > 0.5
    lines = found[found["labels"] == "line"]
    assert (lines["value"] - lines["chance"]).abs().max() < 0.05


def test_methods_can_be_chosen_and_what_cannot_be_measured_is_left_open():
    X, _ = _cells(80)
    about = pd.DataFrame({"same": "a", "none": ["", None] * 40}, index=X.index)
    points, found = embedding.pictures(X, about, seed=1, methods=["t-SNE"], perplexity=9)
    assert points["method"].unique().tolist() == ["t-SNE"]
    values = found.set_index(["measure", "labels"])["value"]
    assert values[("neighbour purity", "same")] == 1
    assert values[[("silhouette", "same"), ("silhouette", "none")]].isna().all()
    assert np.isnan(values[("neighbour purity", "none")])


def test_of_very_many_rows_some_are_measured(monkeypatch):
    monkeypatch.setattr("analysis_lib.embedding.drawing._MEASURED", 150)
    X, about = _cells(400)
    points, found = embedding.pictures(X, about, seed=1, methods=["PCA"])
    assert len(points) == 400
    values = found.set_index("measure")
    whole = embedding.trustworthiness(X, points[["x", "y"]].to_numpy(), 15)
    assert values.loc["trustworthiness", "value"] == pytest.approx(whole, abs=0.1)
    assert values.loc["trustworthiness", "chance"] == embedding.chance_trustworthiness(150, 15)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.integers(5, 30), st.integers(2, 5))
def test_silhouettes_are_scikit_learns(seed, rows, kinds):
    draws = np.random.default_rng(seed)
    points = draws.normal(size=(rows, 2)).round(draws.integers(0, 3))
    labels = np.r_[np.arange(kinds - 1), draws.integers(0, kinds, rows - kinds + 1)]
    assume(1 < len(np.unique(labels)) < rows)
    expected = silhouette_score(points, labels)
    assert embedding.silhouette(points, labels) == pytest.approx(expected, abs=1e-12)


def test_a_label_with_one_row_counts_as_zero_and_nothing_to_compare_as_nan():
    points = np.array([[0.0, 0], [0, 1], [9, 0]])
    # Of the first two each is 1 from its own and about 9 from the third, which is alone.
    expected = (1 - 1 / 9 + 1 - 1 / np.hypot(9, 1)) / 3
    assert embedding.silhouette(points, ["a", "a", "b"]) == pytest.approx(expected)
    assert np.isnan(embedding.silhouette(points, ["a", "a", "a"]))
    assert np.isnan(embedding.silhouette(points, ["a", "b", "c"]))
    assert embedding.silhouette(np.zeros((4, 2)), ["a", "a", "b", "b"]) == 0


def test_silhouettes_of_shuffled_labels_are_what_chance_gives():
    X, about = _cells(200)
    points = pca(X, 2)[0].to_numpy()
    draws = np.random.default_rng(0)
    found = [embedding.silhouette(points, draws.permutation(about["type"])) for _ in range(50)]
    chance = embedding.chance_silhouette(points, about["type"], seed=1)
    assert chance == pytest.approx(np.mean(found), abs=0.01)
    assert chance < 0
    assert embedding.silhouette(points, about["type"]) > max(found)


def test_points_strewn_at_random_are_as_trustworthy_as_chance():
    draws = np.random.default_rng(0)
    X = pd.DataFrame(draws.normal(size=(60, 5)))
    found = [embedding.trustworthiness(X, draws.normal(size=(60, 2)), 8) for _ in range(60)]
    assert np.mean(found) == pytest.approx(embedding.chance_trustworthiness(60, 8), abs=0.01)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
@pytest.mark.parametrize("drawn_by", [pca, lambda X: embedding.tsne(X, seed=1)])
def test_missing_values_are_counted_and_named(drawn_by, bad):
    X = _table(40)
    X.iloc[3, 1] = X.iloc[5, 0] = bad
    with pytest.raises(TableError) as error:
        drawn_by(X)
    assert "row g3, column b, the first of them" in str(error.value)
    assert "2 of 160 values" in str(error.value)


def test_text_is_no_number():
    with pytest.raises(TableError, match="1 of 5 columns"):
        pca(_table().assign(type="a"))


def test_labels_must_be_those_of_the_rows():
    X, about = _cells(80)
    with pytest.raises(TableError, match="80 rows, of which 80 are in the table"):
        embedding.pictures(X, about.iloc[::-1], seed=1, perplexity=9)
    with pytest.raises(TableError, match="A labelling has the name of something else"):
        embedding.pictures(X, about.assign(x=1), seed=1, perplexity=9)
    with pytest.raises(ParameterError, match="components_kept"):
        embedding.pictures(X, about, seed=1, perplexity=9, components_kept=1)
    with pytest.raises(ParameterError, match="perplexity"):
        embedding.pictures(X, about, seed=1)

"""The study of electrophysiology: what it finds where the truth is known, and what it refuses."""

import json

import numpy as np
import pandas as pd
import pytest

from analysis_lib.datasets.neurons import cell_types
from analysis_lib.datasets.neurons import simulator as neurons_simulator
from analysis_lib.errors import AnalysisError, DataError, ParameterError, RunError
from analysis_lib.evaluation.discovery import discoveries, permuted
from analysis_lib.evaluation.genewise import scores
from analysis_lib.models.lasso import BatchLasso
from analysis_lib.studies.ephys_lasso import (
    check,
    learning,
    numbers,
    predict,
    predictions,
    tables,
    words,
)
from analysis_lib.studies.ephys_lasso import neurons as study
from tests import real_data

FEW = neurons_simulator.Shape(genes=500, unnamed=20, constant=20, counted=520, shared=450)
QUICK = {"permutations": 20, "cv_repeats": 1, "resamples": 10, "top_genes": 300}


@pytest.fixture(scope="module")
def run():
    params = study.Params(**QUICK)
    neurons = study.load(params)
    compared = learning.compare(neurons)
    found = learning.discover(neurons)
    models = learning.learn(neurons, compared, found)
    return neurons, compared, found, models


@pytest.fixture
def own(tmp_path):
    """Write tables of one's own: 24 samples, three features, genes of which one follows `a`."""
    random = np.random.default_rng(0)
    samples = [f"S{i:02d}" for i in range(24)]
    features = pd.DataFrame(random.normal(size=(24, 3)), index=samples, columns=["a", "b", "c"])
    genes = pd.DataFrame(random.normal(size=(24, 12)), index=samples)
    genes.columns = [f"gene{i}" for i in range(12)]
    genes["gene0"] = 3 * features["a"] + 0.1 * genes["gene0"]
    cells = pd.DataFrame(random.normal(size=(40, 3)), columns=["a", "b", "c"])
    cells["b"] += 100  # other units
    paths = {}
    for name, table in (("features", features), ("expression", genes.T), ("cells", cells)):
        paths[name] = str(tmp_path / f"{name}.csv")
        table.to_csv(paths[name], index_label="name")
    return paths


def test_genes_that_follow_the_features_are_found_over_ten_seeds(tmp_path):
    """Recall above 0.8, and fewer than one false gene in ten, at a false-discovery rate of 0.05."""
    recall, false = [], []
    for seed in range(10):
        paths = neurons_simulator.simulate_ephys(tmp_path, seed, FEW)
        types, _ = cell_types.modelled(cell_types.load(*paths[:2]))
        truth = neurons_simulator.truth(seed, FEW).set_index("symbol").loc[types.symbols]
        judged = truth["predictable"].notna().to_numpy()
        follows = truth["predictable"].fillna(False).to_numpy(bool)
        null = permuted(
            learning.statistic(study.Params()),
            types.features.to_numpy(),
            types.expression.to_numpy(),
            permutations=30,
            seed=seed,
        )
        found = discoveries(null).table["discovered"].to_numpy() & judged
        recall.append((found & follows).sum() / (follows & judged).sum())
        false.append((found & ~follows).sum() / max(1, found.sum()))
    assert np.mean(recall) > 0.8
    assert np.mean(false) < 0.1


def test_scores_on_training_samples_flatter_and_the_penalty_helps(run):
    _, compared, _, _ = run
    ours, linear = (learning.of_model(compared, m) for m in (learning.OURS, learning.LINEAR))
    assert (ours["r2_train"] >= ours["r2_test"]).mean() > 0.95
    assert ours["r2_test"].median() > linear["r2_test"].median()
    assert linear["r2_train"].median() > ours["r2_train"].median()


def test_shuffled_features_find_nothing():
    """False-discovery control: with no relation at all, at most one in twenty runs finds any."""
    found = 0
    for seed in range(10):
        neurons = study.load(study.Params(**{**QUICK, "seed": seed, "top_genes": 150}))
        order = np.random.default_rng(seed).permutation(len(neurons.X))
        shuffled = neurons.types.features.iloc[order].set_axis(neurons.types.features.index)
        types = type(neurons.types)(**{**vars(neurons.types), "features": shuffled})
        result = learning.discover(type(neurons)(**{**vars(neurons), "types": types}))
        found += bool(result.table["discovered"].any())
    assert found <= 1


def test_kept_models_are_the_models_that_were_scored(run):
    neurons, compared, _, models = run
    fitted = learning.model(neurons.params).fit(neurons.X, neurons.Y)
    np.testing.assert_allclose(
        models.predict(neurons.types.features), fitted.predict(neurons.X), atol=1e-9
    )
    assert list(models.genes["r2_test"]) == list(learning.of_model(compared, "ours")["r2_test"])
    assert models.genes["gene"].is_unique
    linear = learning.of_model(compared, learning.LINEAR)["r2_test"]
    assert list(models.genes["linear_r2_test"]) == list(linear)
    X = neurons.types.features
    assert not models.outside(X).any(axis=None)
    assert models.outside(X - 1e-9).any(axis=None)
    assert models.outside(X + 1e-9).any(axis=None)


def test_the_order_of_the_samples_in_the_file_has_no_kin_side_by_side(run):
    neurons = run[0]
    assert neurons.types.about.index.tolist() == neurons.types.features.index.tolist()
    again = study.load(neurons.params)
    assert again.types.features.index.tolist() == neurons.types.features.index.tolist()


@pytest.mark.parametrize("method", ["elastic_net", "ridge"])
@pytest.mark.parametrize("penalty", ["chosen", "fixed"])
def test_every_method_learns_scores_and_discovers(own, method, penalty):
    params = study.Params(
        features=own["features"], expression=own["expression"], method=method, penalty=penalty,
        permutations=20, cv_repeats=1, resamples=10,
    )  # fmt: skip
    neurons = study.load(params)
    compared, found = learning.compare(neurons), learning.discover(neurons)
    models = learning.learn(neurons, compared, found)
    assert models.genes.set_index("gene").loc["gene0", "r2_test"] > 0.9
    steady = learning.steadiness(neurons, models)
    place = neurons.genes.index("gene0")
    assert steady.same_sign[place, neurons.features.index("a")] == 1


def test_the_published_setting_is_one_penalty_on_unscaled_features(run):
    from sklearn.linear_model import Lasso

    neurons, compared, _, _ = run
    params = study.Params(**QUICK, penalty="fixed", alpha=0.01, standardise=False)
    fitted = learning.model(params).fit(neurons.X, neurons.Y[:, :5])
    for i in range(5):
        peer = Lasso(alpha=0.01, tol=1e-10, max_iter=1_000_000).fit(neurons.X, neurons.Y[:, i])
        np.testing.assert_allclose(fitted.coef_[i], peer.coef_, atol=1e-5)
    again = scores(
        lambda: BatchLasso(0.01, standardize=False), neurons.X, neurons.Y[:, :5],
        folds=4, repeats=1, seed=neurons.params.seed,
    )  # fmt: skip
    published = learning.of_model(compared, learning.PUBLISHED).head(5)
    np.testing.assert_allclose(published["r2_test"], again["r2_test"])


def test_own_tables_are_read_either_way_round_and_their_cells_predicted(own, tmp_path):
    params = study.Params(**own, permutations=20, cv_repeats=1)
    neurons = study.load(params)
    assert neurons.kind == "yours"
    assert neurons.X.shape == (24, 3)
    assert neurons.Y.shape == (24, 12)
    compared, found = learning.compare(neurons), learning.discover(neurons)
    models = learning.learn(neurons, compared, found)
    predicted = predictions.predicted(models, neurons.cells)
    assert predicted.expression.shape == (40, 12)
    assert predicted.outside["b"].all()
    assert "same unit" in predictions.foreign(predicted)[0]


def test_without_cells_nothing_is_predicted_and_that_is_said(own):
    del own["cells"]
    neurons = study.load(study.Params(**own))
    assert neurons.cells is None
    assert "none are predicted" in words.cells_sentence(neurons)


def test_what_a_run_keeps_predicts_new_cells(own, tmp_path, monkeypatch):
    monkeypatch.setenv("ANALYSIS_RUN_FOLDER", str(tmp_path / "run"))
    pd.read_csv(own["cells"]).assign(gene0="seen", day="1").to_csv(own["cells"], index=False)
    neurons = study.load(study.Params(**own, permutations=20, cv_repeats=1))
    models = learning.learn(neurons, learning.compare(neurons), learning.discover(neurons))
    predicted = predictions.predicted(models, neurons.cells)
    predictions.keep(neurons, models, predicted)
    told = predict(tmp_path / "run", own["cells"])
    assert list(told.table.columns[:2]) == ["cell", "beyond"]
    np.testing.assert_allclose(
        told.table[neurons.genes].to_numpy(), predicted.expression.to_numpy(), atol=1e-9
    )
    assert "b" in told.table["beyond"].iloc[0]
    assert any("lie beyond all samples" in note for note in told.notes)
    table = pd.read_parquet(tmp_path / "run" / "tables" / predictions.PREDICTIONS)
    assert {"cell", *neurons.genes, "gene0 (cell)", "day"} <= set(table.columns)
    assert list(table["beyond"]) == list(told.table["beyond"])
    features, _ = predictions.read_cells(tmp_path / "run", models)
    pd.testing.assert_frame_equal(
        features, neurons.cells.features, check_names=False, check_index_type=False
    )


def test_cells_that_were_not_predicted_are_told(tmp_path, run):
    with pytest.raises(RunError, match="predicted no cells"):
        predictions.read_cells(tmp_path, run[3])


def test_own_columns_never_hide_a_gene():
    about = pd.DataFrame({"Sst": ["x"], "line": ["y"]})
    assert list(predictions._apart(about, ["cell", "Sst"])) == ["Sst (cell)", "line"]


@pytest.mark.parametrize(
    ("given", "what"),
    [
        ({"features": "a.csv"}, "none of expression"),
        ({"expression": "a.csv"}, "none of features"),
        ({"symbols": "a.csv"}, "none of expression"),
        ({"features": "a.csv", "expression": "b.csv", "data": "c"}, "published files and a table"),
        ({"data": "nowhere"}, "no folder"),
    ],
)
def test_halves_of_what_is_needed_are_refused(given, what):
    with pytest.raises(ParameterError, match=what):
        study.sources(study.Params(**given))


def test_simulated_models_are_never_used_on_cells_of_ones_own(own, monkeypatch, tmp_path):
    monkeypatch.setattr("analysis_lib.datasets.sources.data_folders", lambda: [tmp_path])
    with pytest.raises(DataError, match="say nothing about your cells"):
        study.sources(study.Params(cells=own["cells"]))


def test_too_few_samples_for_folds_in_folds_are_refused(own):
    features = pd.read_csv(own["features"]).head(9)
    expression = pd.read_csv(own["expression"])[["name", *features["name"]]]
    features.to_csv(own["features"], index=False)
    expression.to_csv(own["expression"], index=False)
    with pytest.raises(AnalysisError, match="folds"):
        check(study.Params(features=own["features"], expression=own["expression"]))


def test_check_says_what_a_run_would_work_on():
    told = dict(check(study.Params(**QUICK)))
    assert told["learn from"] == "48 samples × 15 features"
    assert told["cells"] == "888 of 1,058 with all features"
    assert told["genes"].startswith("300 of")


def test_every_number_is_one_and_the_published_are_not_compared_with_simulated_ones(
    run, tmp_path, monkeypatch
):
    neurons, compared, found, models = run
    predicted = predictions.predicted(models, neurons.cells)
    measured = numbers.metrics(neurons, compared, found, models, predicted)
    assert all(np.isfinite(each["value"]) for each in measured.values())
    monkeypatch.setenv("ANALYSIS_RUN_FOLDER", str(tmp_path))
    numbers.save(neurons, models, measured, ["A sentence."])
    document = json.loads((tmp_path / "metrics.json").read_text())
    assert {row["status"] for row in document["published"]} == {"not comparable"}
    assert document["metrics"]["cells_complete"]["value"] == 888


def test_sentences_follow_the_numbers(run):
    neurons, compared, found, models = run
    n = int(found.table["discovered"].sum())
    assert f"{n:,} of 300 genes" in words.discovery_sentences(found, neurons.params)[0]
    ours = learning.of_model(compared, "ours")
    assert (
        f"{ours['r2_test'].median():.2f} for Lasso"
        in (words.scores_sentences(compared, neurons.params)[0])
    )
    _, absent = words.chosen_genes(models, ["pvalbb"])
    assert "has no model here" in absent[0]


def test_tables_count_every_gene(run):
    neurons, compared, found, models = run
    bins = tables.histograms(compared, neurons.params.method)
    counted = bins.groupby(["model", "part", "measure"])["count"].sum()
    assert (counted == 300).all()
    shares = tables.chance(found).groupby("kind")["share"].sum()
    np.testing.assert_allclose(shares, 1)
    held_out = learning.held_out(neurons)
    pairs = tables.pairs(neurons, held_out, models, models.genes["gene"].head(2).tolist())
    assert len(pairs) == 2 * 48
    first = pairs[pairs["gene"] == models.genes["gene"].iloc[0]]
    assert first["predicted"].tolist() == held_out.iloc[:, 0].tolist()
    assert first["observed"].tolist() == neurons.Y[:, 0].tolist()
    lookup = tables.lookup(neurons, models, held_out)
    assert set(lookup["columns"]) <= set(lookup["genes"].columns)


@pytest.mark.realdata
def test_the_real_cells_that_are_complete_are_888():
    from analysis_lib.datasets.neurons import cells as ephys_cells

    cells = ephys_cells.load(real_data.ephys_folder() / "aibs_aggregated_ephys_v6.csv")
    assert (cells.total, len(cells.features)) == (1058, 888)

"""The validation: what it says of right predictions, of noise, and of bad input."""

import functools
import json
import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from analysis_lib import embedding, results
from analysis_lib.datasets import sources as data_sources
from analysis_lib.datasets.neurons import simulator
from analysis_lib.errors import AnalysisError, DataError, ParameterError, RunError
from analysis_lib.studies.ephys_lasso import learning, neurons, numbers, predictions
from analysis_lib.studies.geo_validation import cells as study
from analysis_lib.studies.geo_validation import maps, profiles, words
from analysis_lib.studies.geo_validation import numbers as geo_numbers

FEW = simulator.Shape(genes=500, unnamed=20, constant=20, counted=560, shared=450, sequenced=600)
PARAMS = study.Params(permutations=199, top_genes=200)


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Keep the models of a small simulated world as a run of `ephys_lasso` would."""
    root = tmp_path_factory.mktemp("runs")
    with pytest.MonkeyPatch.context() as patch:
        for module in (neurons, study):
            patch.setitem(module.SHAPES, "small", FEW)
        keep(root / "ephys_lasso" / "default", neurons.Params(permutations=20, cv_repeats=1))
        yield root


def keep(folder, params):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(results.FOLDER_VARIABLE, str(folder))
        read = neurons.load(params)
        compared, found = learning.compare(read), learning.discover(read)
        models = learning.learn(read, compared, found)
        predicted = predictions.predicted(models, read.cells) if read.cells else None
        predictions.keep(read, models, predicted)
        told = numbers.metrics(read, compared, found, models, predicted)
        numbers.save(read, models, told, ["A sentence."])
        data = results.load_json(folder, "data")
        results.save_json("record", {"data": data})


@pytest.fixture(scope="module")
def world(runs):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(results.of_run, "__defaults__", (runs,))
        validation = study.load(PARAMS)
        pair = profiles.profiles(validation)
        yield validation, pair, profiles.answers(pair, validation)


@pytest.fixture
def of(runs, monkeypatch):
    """Let runs be looked for among those of the test."""
    monkeypatch.setattr(results.of_run, "__defaults__", (runs,))
    return runs


def own(tmp_path, world, **changed):
    """Write counts and lines of ones own, and return what names them."""
    counts = world[0].counts
    table = pd.DataFrame(counts.values.toarray().T, counts.genes, counts.cells).iloc[:, :60]
    about = pd.DataFrame({"cell": counts.cells[:60], "line": counts.about["line"].iloc[:60]})
    paths = {"data": tmp_path / "counts.csv", "cells": tmp_path / "cells.csv"}
    table.to_csv(paths["data"], index_label="gene")
    about.assign(**changed).to_csv(paths["cells"], index=False)
    return {name: str(path) for name, path in paths.items()}


def test_lines_are_recognised_by_what_was_predicted_for_them(world):
    _, pair, found = world
    first = found.recognised.iloc[0]
    assert first["share"] > 0.8
    assert first["low"] > first["chance"]
    assert found.test.p_value < 0.01
    assert found.verdict.level == "yes"
    assert words.verdict_sentences(found)[0].startswith("Yes")
    assert len(pair.predicted) >= 10


def test_shuffled_lines_are_recognised_no_better_than_by_guessing(world):
    validation, pair, _ = world
    right, p_values = [], []
    for seed in range(20):
        order = np.random.default_rng(seed).permutation(len(pair.predicted))
        shuffled = replace(
            pair, predicted=pair.predicted.iloc[order].set_axis(pair.predicted.index)
        )
        found = profiles.answers(shuffled, validation)
        right.append(found.recognised.iloc[0]["share"])
        p_values.append(found.test.p_value)
    assert abs(np.mean(right) - 1 / len(pair.predicted)) < 0.06
    assert np.mean(np.array(p_values) < 0.05) <= 0.2


def test_it_says_no_when_it_is_no(world):
    validation, pair, _ = world
    random = np.random.default_rng(0)
    noise = pd.DataFrame(
        pair.predicted.mean().to_numpy() + random.normal(size=pair.predicted.shape),
        pair.predicted.index,
        pair.predicted.columns,
    )
    found = profiles.answers(replace(pair, predicted=noise), validation)
    said = words.verdict_sentences(found)
    assert found.verdict.level == "no"
    assert said[0].startswith("No")
    assert "not more like their own" in said[1]


def test_a_filter_leaves_neurons_that_passed(world):
    validation = world[0]
    about = validation.counts.about[validation.passed]
    assert set(about["tdTomato"]) == {"positive"}
    assert set(about["pass_qc_checks"]) == {"Y"}
    assert validation.funnel["cells"].iloc[-1] == validation.passed.sum()


def test_profiles_are_means_of_the_cells_of_a_line(world):
    validation, pair, _ = world
    line = pair.predicted.index[0]
    own_cells = (validation.about["line"] == line).to_numpy()
    np.testing.assert_allclose(
        pair.predicted.loc[line],
        validation.expression[own_cells].mean()[pair.predicted.columns],
    )
    measured = validation.passed & (validation.counts.about["line"] == line).to_numpy()
    genes = validation.counts.genes.get_indexer(pair.measured.columns)
    np.testing.assert_allclose(
        pair.measured.loc[line], validation.measured(measured).of(genes).mean(axis=0)
    )


def test_lines_stand_by_kind_and_few_cells_are_no_line(world):
    _, pair, _ = world
    kinds = [pair.kinds[line] for line in pair.predicted.index]
    assert kinds == sorted(kinds)
    sizes = pair.cells.set_index("line").loc[pair.predicted.index]
    assert (sizes[["predicted", "measured"]] >= PARAMS.least_cells).all(axis=None)


@pytest.mark.parametrize("side", ["predicted", "measured"])
def test_a_line_with_few_cells_on_one_side_is_left_out(world, side):
    validation, pair, _ = world
    sizes = pair.cells.set_index("line").loc[pair.predicted.index, side]
    least = int(sizes.min()) + 1
    params = PARAMS.model_copy(update={"least_cells": least})
    left = profiles.profiles(replace(validation, params=params)).predicted.index
    assert sizes.idxmin() not in left
    assert len(left) < len(pair.predicted)


def test_markers_are_scaled_within_a_gene_and_absent_ones_named(world):
    table = profiles.markers(world[1], ["Pvalb", "Sst", "Nowhere1"])
    for _, rows in table.groupby("gene"):
        assert rows["measured"].min() == 0
        assert rows["measured"].max() == 1
    said = words.markers_sentence(table, ["Pvalb", "Sst", "Nowhere1"])
    assert "2 marker genes" in said
    assert "Nowhere1" in said


def test_every_map_has_every_cell_and_its_worth(world, monkeypatch):
    validation = world[0]
    fast = functools.partial(embedding.pictures, methods=["PCA"])  # the others: test_embedding
    monkeypatch.setattr(embedding, "pictures", fast)
    points, quality = maps.views(validation)
    sizes = {name: len(table) for name, table in points.items()}
    assert sizes == {
        "before": len(validation.counts.cells),
        "measured": validation.passed.sum(),
        "predicted": len(validation.features),
        "features": len(validation.features),
    }
    assert {"method", "x", "y", "sample", "line", "kind", "spines"} <= set(points["features"])
    purity = quality[(quality["measure"] == "neighbour purity") & (quality["labels"] == "line")]
    assert (purity["value"] > purity["chance"]).all()
    assert not words.quality_table(quality)["value"].isna().any()
    lines = profiles.kinds_of_lines(validation)
    assert set(points["predicted"]["line"]) | set(points["before"]["line"]) <= {*lines, ""}


def test_no_budget_makes_another_result(of, world, monkeypatch):
    validation, pair, _ = world
    fast = functools.partial(embedding.pictures, methods=["PCA"])
    monkeypatch.setattr(embedding, "pictures", fast)
    points, quality = maps.views(validation)
    params = PARAMS.model_copy(update={"memory_budget": "1M"})
    with pytest.raises(ParameterError, match=r"(?s)budget is too small.*at least \d+M") as caught:
        study.load(params)
    least = re.search(r"\d+M", caught.value.expected)[0]
    some = study.load(params.model_copy(update={"memory_budget": least}))
    assert some.at_once < validation.at_once
    for less in (some, replace(some, at_once=1)):
        exactly(profiles.profiles(less).measured, pair.measured)
        drawn, worth = maps.views(less)
        exactly(worth, quality)
        for name, table in drawn.items():
            exactly(table, points[name])


exactly = functools.partial(pd.testing.assert_frame_equal, check_exact=True)


def test_numbers_are_finite_and_published_ones_are_not_compared_with_simulated_cells(
    world, tmp_path, monkeypatch
):
    validation, pair, found = world
    monkeypatch.setenv(results.FOLDER_VARIABLE, str(tmp_path))
    told = geo_numbers.metrics(validation, pair, found)
    assert all(np.isfinite(each["value"]) for each in told.values())
    geo_numbers.save(validation, pair, found, told, ["A sentence."])
    document = json.loads((tmp_path / "metrics.json").read_text())
    assert {row["status"] for row in document["published"]} == {"not comparable"}
    data = json.loads((tmp_path / "data.json").read_text())
    assert [entry["dataset"] for entry in data] == ["models", "tasic"]
    assert [file["name"] for file in data[0]["files"]] == ["genes.parquet", "cells.parquet"]


def test_a_run_that_is_not_there_is_told_with_its_command(of):
    with pytest.raises(RunError, match=r"(?s)no run ephys_lasso/mine.*make run STUDY=ephys_lasso"):
        study.sources(study.Params(models="ephys_lasso/mine"))


def test_only_runs_of_the_models_study_are_taken():
    with pytest.raises(ParameterError, match=r"(?s)models.*expected: text: ephys_lasso/<name>"):
        study.Params.of({"models": "dge/default"})


def test_counts_of_ones_own_are_never_held_against_simulated_models(of, tmp_path, world):
    with pytest.raises(DataError, match="no match for counts of your own"):
        study.sources(study.Params(**own(tmp_path, world)))


def test_real_counts_are_not_mixed_with_simulated_models(of, monkeypatch):
    real = data_sources.Source("tasic", "real", "GSE71585", ())
    monkeypatch.setattr(study, "choose", lambda *_: real)
    models, counts = study.sources(PARAMS)
    assert (models.kind, counts.kind) == ("simulated", "simulated")
    assert "here and not used" in counts.note


@pytest.mark.parametrize("kind", ["real", "yours"])
def test_models_of_measured_samples_need_measured_counts(of, tmp_path, monkeypatch, kind):
    claim(of, kind, monkeypatch)
    monkeypatch.setattr(data_sources, "data_folders", lambda: [tmp_path])
    with pytest.raises(DataError, match=r"(?s)GSE71585 are not here.*make data"):
        study.sources(PARAMS)


def claim(root, kind, monkeypatch):
    """Let the record of the kept run say that its data were of another kind."""
    load = json.loads

    def changed(text, **how):
        document = load(text, **how)
        if isinstance(document, dict) and "data" in document:
            document["data"] = [{**entry, "kind": kind} for entry in document["data"]]
        return document

    monkeypatch.setattr(study.json, "loads", changed)


def test_own_counts_are_held_against_models_of_ones_own(of, tmp_path, world, monkeypatch):
    claim(of, "yours", monkeypatch)
    validation = study.load(study.Params(**own(tmp_path, world), least_cells=1, permutations=199))
    assert validation.kind == "yours"
    assert len(validation.counts.cells) == 60
    assert "not recorded" in " ".join(validation.funnel["step"])


def test_fewer_lines_than_can_be_compared_are_refused(of, tmp_path, world, monkeypatch):
    claim(of, "yours", monkeypatch)
    paths = own(tmp_path, world, line=["Pvalb"] * 30 + ["Elsewhere"] * 30)
    with pytest.raises(
        AnalysisError, match=r"(?s)too few lines in common.*only measured: Elsewhere"
    ):
        study.check(study.Params(**paths, permutations=199))


def test_too_few_predictable_genes_are_told(world):
    validation = world[0]
    genes = validation.models.genes.assign(discovered=False)
    few = replace(validation, models=replace(validation.models, genes=genes))
    with pytest.raises(DataError, match=r"(?s)Too few genes.*genes=all"):
        profiles.profiles(few)
    every = replace(few, params=PARAMS.model_copy(update={"genes": "all"}))
    assert profiles.profiles(every).predicted.shape[1] > 10


def test_cells_without_counts_of_them_are_refused(of):
    with pytest.raises(ParameterError, match="table of cells and none of counts"):
        study.sources(study.Params(cells="cells.csv"))


def test_check_says_what_would_be_compared(of):
    told = dict(study.check(PARAMS))
    assert told["measured"] == "simulated cells, small shape"
    assert "500 genes" in told["models"]

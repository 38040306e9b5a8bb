"""The study of the network: nothing leaks, every table adds up, what is kept can be used."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest

from analysis_lib import results
from analysis_lib.errors import AnalysisError, TableError
from analysis_lib.studies.leukemia_network import scores, words
from analysis_lib.studies.leukemia_network import steps as study
from tests.leukemia_tables import write_own

QUICK = {"repeats": 4, "epochs": 15, "layers": [6], "bootstrap": 100, "cv_folds": 3}


def params(folder, *, own=None, **values) -> study.Params:
    return study.Params.of({**write_own(folder, **(own or {"part": True})), **QUICK, **values})


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    asked = params(tmp_path_factory.mktemp("own"))
    patients = study.load(asked)
    trained = study.train(patients, asked)
    choice = study.regularise(patients, asked)
    return patients, asked, trained, choice, scores.compare(patients, asked, trained, choice)


def test_nobody_held_out_has_a_say(tmp_path):
    """Before: scaler and components fitted on all 72 patients, and only then split."""
    own = write_own(tmp_path, part=True)
    found = []
    for factor in (1, 50):
        table = pd.read_csv(own["data"], index_col=0)
        table.iloc[28:] *= factor
        table.to_csv(own["data"])
        asked = study.Params.of({**own, **QUICK})
        patients = study.load(asked)
        trained, choice = study.train(patients, asked), study.regularise(patients, asked)
        found.append([*trained.network.weights_, trained.pipeline["scale"].mean_, choice.table])
    for before, after in zip(*(f[:-1] for f in found), strict=True):
        np.testing.assert_array_equal(before, after)
    pd.testing.assert_frame_equal(found[0][-1], found[1][-1])


def test_those_watched_are_not_learned_from(run):
    patients, _, trained, *_ = run
    parts = [trained.fitted_on, trained.watched, patients.test]
    assert sorted(np.concatenate(parts)) == list(range(40))
    np.testing.assert_allclose(
        trained.pipeline["scale"].mean_, patients.X.iloc[trained.fitted_on].mean()
    )


def test_histograms_hold_every_value_once(run):
    patients, _, trained, *_ = run
    counts = study.histograms(patients, trained).groupby("panel")["count"].sum()
    assert set(counts) == {len(trained.fitted_on) * patients.X.shape[1]}


def test_values_that_are_all_the_same_have_a_histogram(run):
    patients, _, trained, *_ = run
    same = dataclasses.replace(patients, raw=patients.raw * 0 + 7)
    counts = study.histograms(same, trained).query("panel == 'original'")["count"]
    assert counts.sum() == counts.max() == len(trained.fitted_on) * patients.X.shape[1]


def test_components_name_every_patient_and_keep_the_variance(run):
    patients, asked, trained, *_ = run
    points, variance = study.components(patients, trained)
    assert list(points["label"]) == list(patients.data.labels)
    assert points["name"].str.contains("held out").sum() == len(patients.test)
    assert variance["cumulative"].iloc[-1] >= asked.variance
    assert variance["cumulative"].iloc[-2] < asked.variance


def test_every_network_has_a_seed_and_errors_of_its_own(run):
    *_, compared = run
    seeds = scores.several(compared).groupby("model")["seed"].apply(list)
    assert set(seeds.index) == {"network", "redrawn", "regularised"}
    assert all(of_model == [42, 43, 44, 45] for of_model in seeds)
    assert set(scores.alone(compared)) == {"logistic", "baseline"}
    assert scores.alone(compared)["baseline"] == 6


def test_the_seed_decides_who_is_watched_in_the_second_design_alone(run):
    patients, asked, _, _, compared = run
    by = compared.predictions.set_index(["model", "seed"])["probability"]
    np.testing.assert_allclose(by["network", 42], by["redrawn", 42])  # the run's own seed
    assert not np.allclose(by["network", 43], by["redrawn", 43])
    again = study.train(patients, asked, split_by=43, of=[43])
    X, _ = patients.part(patients.test)
    np.testing.assert_allclose(
        again.network.probabilities(again.inputs(X))[:, 0], by["redrawn", 43]
    )


def test_the_simpler_models_learn_from_the_same_patients(run):
    from sklearn.linear_model import LogisticRegression

    patients, _, trained, _, compared = run
    inputs, of = trained.inputs(patients.X), trained.fitted_on
    model = LogisticRegression(max_iter=5000).fit(inputs[of], patients.y[of])
    found = compared.predictions.query("model == 'logistic'")["probability"]
    np.testing.assert_allclose(found, model.predict_proba(inputs[patients.test])[:, 1])


def test_scores_are_those_of_the_predictions(run):
    patients, _, _, _, compared = run
    value = compared.scores.set_index(["model", "metric"])["value"]
    first = compared.spread.query("model == 'network' and seed == 42").iloc[0]
    assert value["network", "accuracy"] == pytest.approx(1 - first["errors"] / first["n"])
    networks = compared.predictions.query("model == 'network'")
    mean = networks.groupby("sample")["probability"].mean().loc[patients.data.X.index[28:]]
    right = (mean.to_numpy() > 0.5) == patients.y[28:]
    assert value["ensemble", "accuracy"] == pytest.approx(right.mean())
    assert set(compared.calibration["model"]) == set(compared.roc["model"]) - {"baseline"}


def test_the_hardest_patients_come_first(run):
    patients, _, _, _, compared = run
    hardest = scores.hardest(compared, patients)
    assert hardest["wrong in all"].is_monotonic_decreasing
    assert (hardest["wrong in all"] > 0).all()
    wrong = compared.predictions.query("model in ['network', 'redrawn', 'regularised']")
    wrong = wrong[wrong["predicted"] != wrong["truth"]]
    assert set(hardest["patient"]) == set(wrong["sample"])


def test_two_runs_give_the_same_numbers(tmp_path, run):
    patients, asked, _, _, compared = run
    trained, choice = study.train(patients, asked), study.regularise(patients, asked)
    again = scores.compare(patients, asked, trained, choice)
    pd.testing.assert_frame_equal(again.scores, compared.scores, atol=1e-9)


def test_another_seed_gives_other_networks(run):
    patients, asked, trained, *_ = run
    other = study.train(patients, asked, of=[99])
    assert not np.allclose(other.network.weights_[0][0], trained.network.weights_[0][0])


def test_metrics_and_sentences_say_what_the_tables_say(run):
    patients, _, trained, choice, compared = run
    numbers = words.metrics(patients, trained, compared)
    errors = compared.errors["network"]
    median = numbers["errors_network_median"]
    assert median["value"] == errors.median()
    assert median.get("low", median["value"]) == errors.min()
    assert median.get("high", median["value"]) == errors.max()
    assert median.get("span", "over the seeds") == "over the seeds"
    assert (
        f"{errors.min()} to {errors.max()} errors of 12"
        in words.spread_sentences(compared, patients)[0]
    )
    assert words.grid_table(choice)["chosen"].tolist().count("chosen") == 1
    assert all(np.isfinite(each["value"]) for each in numbers.values())


@pytest.mark.parametrize(
    ("networks", "linear", "verdict"),
    [
        ([1, 2], 3, "depth helps here, though 12 patients are too few"),
        ([0, 0], 12, "depth helps here."),
        ([4, 5], 3, "depth does not help"),
        ([3, 3], 3, "depth does not help"),
    ],
)
def test_whether_depth_helps_is_said_by_the_errors(run, networks, linear, verdict):
    patients, _, _, _, compared = run
    table = pd.DataFrame(
        [("network", i, e, 12) for i, e in enumerate(networks)] + [("logistic", 0, linear, 12)],
        columns=["model", "seed", "errors", "n"],
    )
    changed = dataclasses.replace(compared, spread=table)
    assert verdict in words.depth_sentence(changed, patients)


@pytest.fixture
def kept(run, tmp_path, monkeypatch):
    patients, _, trained, *_ = run
    monkeypatch.setenv(results.FOLDER_VARIABLE, str(tmp_path / "run"))
    study.keep(patients, trained)
    return tmp_path / "run"


def test_a_kept_model_calls_new_samples_as_the_study_did(run, kept, tmp_path):
    patients, _, trained, *_ = run
    new = patients.raw.iloc[patients.test]
    each = trained.network.probabilities(trained.inputs(patients.X.iloc[patients.test]))
    mean = each.mean(axis=1)
    agree = ((each > 0.5) == (mean > 0.5)[:, None]).mean(axis=1)
    for table, name in ((new, "rows.csv"), (new.T, "columns.csv")):
        shuffled = table.sample(frac=1, axis=0, random_state=1).sample(
            frac=1, axis=1, random_state=1
        )
        shuffled.to_csv(tmp_path / name, index_label="name")
        found = study.predict(kept, tmp_path / name).table.set_index("sample").loc[new.index]
        np.testing.assert_allclose(found["probability of treated"], mean, atol=1e-9)
        assert (found["call"] == np.where(mean > 0.5, "treated", "control")).all()
        assert (found["lowest"] <= mean + 1e-12).all()
        assert (found["highest"] >= mean - 1e-12).all()
        np.testing.assert_allclose(found["agree"], agree)


def test_a_table_with_other_genes_is_refused_by_name(run, kept, tmp_path):
    patients, *_ = run
    patients.raw.drop(columns=["G3", "G77"]).to_csv(tmp_path / "few.csv", index_label="name")
    with pytest.raises(TableError, match=r"2 genes are missing[\s\S]*'G3', 'G77'"):
        study.predict(kept, tmp_path / "few.csv")


def test_a_gap_in_new_samples_is_refused_where_the_model_fills_none(run, kept, tmp_path):
    patients, *_ = run
    gap = patients.raw.copy()
    gap.iloc[3, 5] = np.nan
    gap.to_csv(tmp_path / "gap.csv", index_label="name", na_rep="NA")
    with pytest.raises(TableError, match=r"missing[\s\S]*S03"):
        study.predict(kept, tmp_path / "gap.csv")


def test_new_samples_are_transformed_as_the_training_values_were(tmp_path, monkeypatch):
    asked = params(tmp_path, transform="log10")
    patients = study.load(asked)
    trained = study.train(patients, asked)
    monkeypatch.setenv(results.FOLDER_VARIABLE, str(tmp_path / "run"))
    study.keep(patients, trained)
    found = study.predict(tmp_path / "run", tmp_path / "mine.csv").table.set_index("sample")
    direct = trained.network.predict_proba(trained.inputs(patients.X))[:, 1]
    np.testing.assert_allclose(found["probability of treated"].loc[patients.names], direct)


def test_a_model_that_fills_gaps_fills_them(tmp_path, monkeypatch):
    asked = params(tmp_path, own={"gaps": 5, "part": True}, missing="impute")
    patients = study.load(asked)
    trained = study.train(patients, asked)
    monkeypatch.setenv(results.FOLDER_VARIABLE, str(tmp_path / "run"))
    study.keep(patients, trained)
    found = study.predict(tmp_path / "run", tmp_path / "mine.csv").table.set_index("sample")
    direct = trained.network.predict_proba(trained.inputs(patients.X))[:, 1]
    np.testing.assert_allclose(found["probability of treated"].loc[patients.names], direct)


def test_a_model_of_simulated_patients_says_so(tmp_path, monkeypatch, run):
    patients, _, trained, *_ = run
    source = dataclasses.replace(patients.source, kind="simulated")
    monkeypatch.setenv(results.FOLDER_VARIABLE, str(tmp_path / "run"))
    study.keep(dataclasses.replace(patients, source=source), trained)
    notes = study.predict(tmp_path / "run", patients.source.files[0].path).notes
    assert "void" in notes[-1]


def test_check_says_what_a_run_would_do(tmp_path):
    told = dict(study.check(params(tmp_path)))
    assert told["networks"] == "4, 15 epochs each"
    assert told["fitted on"] == "22 patients; 6 more are watched"


def test_too_few_to_watch_is_told_before_anything_is_trained(tmp_path):
    with pytest.raises(AnalysisError, match="too few rows"):
        study.check(params(tmp_path, own={"samples": 12}, validation_size=0.1))

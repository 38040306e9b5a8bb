"""The study of classical models: both ways to hold out, genes by name, groups without labels."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from analysis_lib.errors import ParameterError
from analysis_lib.models.voting import WeightedVoting
from analysis_lib.studies.leukemia_classical import lineup, numbers, words
from analysis_lib.studies.leukemia_classical import steps as study
from tests.leukemia_tables import write_own

QUICK = {
    **{"models": ["logistic_l2", "centroids"], "cv_folds": 3, "cv_repeats": 1, "resamples": 20},
    **{"permutations": 20, "draws": 5, "bootstrap": 100, "embedding_seeds": 2},
}


def params(folder, *, own=None, **values) -> study.Params:
    asked = {**write_own(folder, **(own or {"part": True})), "transform": "raw", **QUICK, **values}
    return study.Params.of(asked)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    asked = params(tmp_path_factory.mktemp("own"))
    patients = study.load(asked)
    return patients, asked, lineup.lineup(patients, asked)


@pytest.fixture(scope="module")
def simulated():
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("ANALYSIS_DATA_DIR", raising=False)
        patch.setattr("analysis_lib.datasets.sources.data_folders", list)
        asked = study.Params.of(QUICK)
        return study.load(asked), asked


def test_nobody_held_out_has_a_say_in_the_line_up(tmp_path):
    found = []
    own = write_own(tmp_path, part=True)
    for factor in (1, 30):
        table = pd.read_csv(own["data"], index_col=0)
        table.iloc[28:] *= factor
        table.to_csv(own["data"])
        asked = study.Params.of({**own, "transform": "raw", **QUICK})
        patients = study.load(asked)
        lined_up = lineup.lineup(patients, asked)
        stable = lineup.stability(patients, asked)
        found.append((lined_up.nested, lined_up.errors["setting"], stable, lined_up.best))
    for before, after in zip(found[0][:2], found[1][:2], strict=True):
        assert before.equals(after)
    assert found[0][2].equals(found[1][2])
    assert found[0][3] == found[1][3]


def test_errors_are_those_of_the_fitted_models_on_the_patients_held_out(run):
    patients, _, found = run
    X, y = patients.part(patients.test)
    for row in found.errors.to_dict("records"):
        wrong = (found.choices[row["model"]].pipeline.predict(X.to_numpy()) != y).sum()
        assert row["errors"] == wrong
        assert row["low"] <= wrong <= row["high"]
        assert row["n"] == len(y)
    assert found.errors.set_index("model").loc["baseline", "genes"] == 0


def test_both_ways_to_hold_out_are_told_apart(simulated):
    patients, asked = simulated
    scored = study.simple(patients, asked)
    totals = scored.confusion.groupby(["held_out", "transform", "model"])["count"].sum()
    assert totals.loc["independent"].eq(34).all()
    assert totals.loc["split"].eq(18).all()
    assert len(totals) == 2 * 2 * 2
    sentences = words.simple_sentences(scored)
    assert "of 18 (as measured)" in sentences[0]
    assert "of 34 (log10)" in sentences[1]


def test_own_patients_without_a_part_are_held_out_once(tmp_path):
    asked = params(tmp_path, own={"part": False})
    scored = study.simple(study.load(asked), asked)
    assert set(scored.scores["held_out"]) == {"split"}
    assert set(scored.scores["transform"]) == {"raw"}
    assert len(words.simple_sentences(scored)) == 1


def test_influential_genes_are_named_by_row_and_first_word(simulated):
    patients, asked = simulated
    genes, confusion = study.influential(patients, asked)
    assert (np.sign(genes["coefficient"]).value_counts() == 5).all()
    for row in genes.to_dict("records"):
        source = patients.data.genes.iloc[list(patients.X).index(row["gene"])]
        assert row["row"] == source["row"]
        number, word = row["shown"].split(" ", 1)
        assert int(number) == row["row"]
        assert source["description"].startswith(word) or word in source["description"]
    assert confusion["count"].sum() == 34


def test_a_gene_without_description_is_shown_by_its_name(run):
    patients, asked, _ = run
    genes, _ = study.influential(patients, asked)
    assert genes["shown"].str.contains("G").all()


def test_the_same_model_from_both_sides(run):
    """The sign of a coefficient is the class it speaks for."""
    patients, asked, _ = run
    genes, _ = study.influential(patients, asked)
    X, y = patients.part(patients.train)
    difference = X[y == 1].mean() - X[y == 0].mean()
    told = set(genes.nlargest(5, "coefficient")["gene"])
    assert len(told & {f"G{i}" for i in range(10)}) >= 3
    for row in genes.to_dict("records"):
        assert np.sign(row["coefficient"]) == np.sign(difference[row["gene"]])


def test_clusters_count_every_training_patient(run):
    patients, asked, _ = run
    found = study.clusters(patients, asked)["raw"]
    counts = words.cluster_counts(found)
    assert counts.drop(columns="class").to_numpy().sum() == len(patients.train)
    assert list(counts) == ["class", "cluster 1", "cluster 2"]
    placed = study.placed(patients, found)
    assert list(placed["sample"]) == [patients.names[i] for i in patients.train]
    assert placed[["x", "y"]].notna().all(axis=None)


def test_embeddings_say_who_is_held_out(run):
    patients, asked, _ = run
    points, quality = study.embeddings(patients, asked)
    test = points.groupby("sample")["part"].first() == "test"
    assert set(test[test].index) == {patients.names[i] for i in patients.test}
    assert "by chance about 0.50" in words.embeddings_sentence(quality, patients)


def test_few_patients_get_fewer_neighbours_unless_these_are_asked_for(tmp_path):
    asked = params(tmp_path, own={"samples": 16, "part": False})
    points, _ = study.embeddings(study.load(asked), asked)
    assert len(points) == 3 * 16


def test_a_class_as_small_as_the_folds_is_enough(tmp_path):
    """Before: the folds of the choice, five, found fewer patients than that, in the kernel."""
    asked = params(tmp_path, own={"samples": 12, "part": False}, cv_folds=4, test_size=0.3)
    patients = study.load(asked)
    assert study.inner_folds(patients, asked) == 3
    assert len(lineup.lineup(patients, asked).errors) == 3


def test_a_class_too_small_to_choose_by_is_told_before_any_fit(tmp_path):
    asked = params(tmp_path, own={"samples": 10, "part": False}, cv_folds=3, test_size=0.4)
    with pytest.raises(ParameterError, match=r"too small to choose[\s\S]*2 of 3, with 3 folds"):
        study.load(asked)


def test_a_vote_is_sure_above_the_threshold(simulated):
    patients, _ = simulated
    votes = lineup.votes(patients)
    assert list(votes["sample"]) == [patients.names[i] for i in patients.test]
    assert (votes["sure"] == (votes["strength"] > 0.3)).all()
    raw, y = patients.raw.to_numpy(), patients.y
    voting = WeightedVoting(50).fit(raw[patients.train], y[patients.train])
    np.testing.assert_allclose(votes["strength"], voting.prediction_strength(raw[patients.test]))
    sure = int(votes["sure"].sum())
    assert f"{sure} of 34 calls are strong" in words.votes_sentence(votes)


def test_choosing_before_the_folds_promises_too_much(run):
    patients, asked, _ = run
    bias = lineup.selection_bias(patients, asked)
    mean = bias.groupby(["labels", "choice"])["accuracy"].mean()
    assert mean["shuffled", "outside the folds"] > mean["shuffled", "inside the folds"] + 0.1
    assert "says nothing" in words.bias_sentence(bias)


def test_the_learning_curve_ends_with_the_one_look(run):
    patients, asked, found = run
    curve = lineup.learning(patients, asked, found)
    last = curve[curve["size"] == len(patients.train)].set_index("model")["value"]
    errors = found.errors.set_index("model").loc[found.best]
    assert last[found.best] == pytest.approx(1 - errors["errors"] / errors["n"])


def test_missing_values_are_filled_inside_and_change_nothing_elsewhere(tmp_path):
    asked = params(tmp_path, own={"gaps": 12, "part": True}, missing="impute")
    patients = study.load(asked)
    assert patients.impute
    found = lineup.lineup(patients, asked)
    assert "impute" in found.choices["logistic_l2"].pipeline.named_steps
    for each in (lineup.votes(patients), lineup.stability(patients, asked)):
        assert len(each)
    lineup.selection_bias(patients, asked)
    study.simple(patients, asked)
    study.clusters(patients, asked)
    study.embeddings(patients, asked)


@pytest.fixture(scope="module")
def measured(run):
    patients, asked, found = run
    scored, clusters = study.simple(patients, asked), study.clusters(patients, asked)
    return numbers.metrics(patients, scored, found, lineup.votes(patients), clusters)


def test_every_number_is_one(measured):
    values = [each["value"] for each in measured.values()]
    assert all(np.isfinite(value) for value in values)
    bounded = [each for each in measured.values() if "low" in each]
    assert all(each["low"] <= each["value"] <= each["high"] for each in bounded)


def test_equal_numbers_of_errors_have_equal_intervals(measured):
    """Before: models on all genes had another kind of interval than those of the line-up."""
    errors = [each for name, each in measured.items() if name.startswith("errors_")]
    intervals = {each["value"]: set() for each in errors}
    for each in errors:
        intervals[each["value"]].add((round(each["low"], 9), round(each["high"], 9)))
    assert all(len(found) == 1 for found in intervals.values())
    assert len(intervals) < len(errors)


def test_numbers_of_other_data_are_not_compared(run, measured):
    patients, asked, _ = run
    rows = numbers.held(patients, asked, measured)
    assert {row["status"] for row in rows} == {"not comparable"}


def test_numbers_of_simulated_patients_are_not_compared(simulated):
    patients, asked = simulated
    found = {"strong_calls": {"label": "strong calls", "value": 29}}
    rows = numbers.held(patients, asked, found)
    assert {row["status"] for row in rows} == {"not comparable"}


def test_what_was_published_stands_beside_ours(run, measured):
    patients, asked, found = run
    rows = numbers.held(patients, asked, measured)
    errors = numbers.errors_table(measured, found, rows)
    beside = numbers.beside(errors)
    ours = errors[errors["source"] == "here"]
    assert set(beside["model"]) == set(ours["what"])
    assert len(beside.dropna(subset="published")) == (errors["source"] != "here").sum()
    line = beside[beside["model"] == "Logistic regression (L2)"].iloc[0]
    assert line["published"] == 1
    assert line["errors"] == measured["errors_logistic_l2"]["value"]


def test_the_best_is_named_with_its_errors_and_no_better_one_is_chosen_after(run):
    patients, _, found = run
    first, second, chance = words.lineup_sentences(found, patients)
    assert f"between {found.chance[0]:.2f} and" in chance
    assert words.TITLES[found.best] in first
    worse = found.errors.assign(
        errors=np.where(found.errors["model"] == found.best, 9, found.errors["errors"])
    )
    import dataclasses

    changed = dataclasses.replace(found, errors=worse)
    assert "choosing by the test" in words.lineup_sentences(changed, patients)[1]
    assert "choosing by the test" not in second or "fewer" in second


def test_two_runs_give_the_same(run):
    patients, asked, found = run
    again = lineup.lineup(patients, asked)
    pd.testing.assert_frame_equal(again.nested, found.nested, atol=1e-12)
    assert again.errors.equals(found.errors)

"""What both leukemia studies share: which data are read, and who is held out."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from analysis_lib.datasets import golub_simulator
from analysis_lib.errors import AnalysisError, ParameterError, TableError
from analysis_lib.studies import leukemia
from analysis_lib.studies.leukemia import LeukemiaParams
from tests.leukemia_tables import write_own
from tests.real_data import golub_folder


@pytest.fixture(autouse=True)
def _no_real_data(monkeypatch, request):
    if "realdata" not in request.keywords:
        monkeypatch.delenv("ANALYSIS_DATA_DIR", raising=False)
        monkeypatch.setattr("analysis_lib.datasets.sources.data_folders", list)


def load(folds=5, **values) -> leukemia.Patients:
    return leukemia.load(LeukemiaParams.of(values), folds)


def test_without_any_file_the_patients_are_simulated_in_the_published_layout():
    patients = load()
    assert patients.source.kind == "simulated"
    assert patients.X.shape == (72, 7129)
    assert patients.counts(patients.train) == "27 ALL and 11 AML"
    assert patients.counts(patients.test) == "20 ALL and 14 AML"
    assert not patients.as_published


@pytest.mark.realdata
def test_the_published_files_are_taken_when_they_are_there():
    golub_folder()
    patients = load()
    assert patients.source.kind == "real"
    assert patients.as_published
    assert patients.names[:3] == ["1", "2", "3"]
    assert [patients.names[i] for i in patients.test[[0, -1]]] == ["39", "72"]
    assert load(test="split").as_published is False


def test_a_folder_with_the_published_names_is_read_as_such(tmp_path):
    golub_simulator.simulate(tmp_path, 3, n_genes=200)
    patients = load(data=str(tmp_path))
    assert patients.source.kind == "yours"
    assert patients.X.shape == (72, 200)


def test_own_tables_are_split_and_the_split_is_said(tmp_path):
    patients = load(**write_own(tmp_path))
    assert patients.how == "split"
    assert patients.classes == ("control", "treated")
    assert not set(patients.train) & set(patients.test)
    assert len(patients.train) + len(patients.test) == 40
    assert "a stratified split" in leukemia.notes(patients)[1]


def test_own_tables_with_a_part_keep_it(tmp_path):
    own = write_own(tmp_path, part=True)
    patients = load(**own)
    assert patients.how == "independent"
    assert [patients.names[i] for i in patients.test] == [f"S{i:02d}" for i in range(28, 40)]
    assert load(**own, test="split").how == "split"


def test_an_independent_part_that_is_not_there_is_told(tmp_path):
    with pytest.raises(ParameterError, match=r"no independent part[\s\S]*test=split"):
        load(**write_own(tmp_path), test="independent")


def test_one_table_without_the_other_is_told(tmp_path):
    own = write_own(tmp_path)
    with pytest.raises(ParameterError, match=r"needs a table of labels[\s\S]*labels=my_labels"):
        load(data=own["data"])
    with pytest.raises(ParameterError, match="no table of expression"):
        load(labels=own["labels"])


def test_a_class_smaller_than_the_folds_is_told_before_any_fit(tmp_path):
    own = write_own(tmp_path, samples=16)
    with pytest.raises(AnalysisError, match="fewer training rows than there are folds"):
        load(folds=8, **own)


@pytest.mark.parametrize("missing", ["drop", "impute"])
def test_missing_values_are_seen_to_as_asked(tmp_path, missing):
    patients = load(**write_own(tmp_path, gaps=7), missing=missing)
    assert patients.impute == (missing == "impute")
    assert (patients.X.shape[1] < 120) == (missing == "drop")
    assert any("missing" in note for note in patients.data.notes)


def test_missing_values_are_refused_unless_asked(tmp_path):
    with pytest.raises(TableError, match=r"missing[\s\S]*S\d\d[\s\S]*impute"):
        load(**write_own(tmp_path, gaps=3))


def test_probes_are_judged_by_the_training_patients_alone(tmp_path):
    paths = golub_simulator.simulate(tmp_path, 3, n_genes=200)
    before = load(data=str(tmp_path), min_present=5)
    assert 0 < before.X.shape[1] < 200
    text = paths[1].read_text()
    paths[1].write_text(text.replace(",P", ",A"))  # nobody held out has any gene present
    assert list(load(data=str(tmp_path), min_present=5).X) == list(before.X)


def test_raw_values_are_kept_beside_the_transformed_ones():
    patients = load(transform="log10", drop_controls=True)
    assert list(patients.raw) == list(patients.X)
    np.testing.assert_allclose(
        patients.X.to_numpy(), np.log10(np.clip(patients.raw.to_numpy(), 100, 16000))
    )
    assert not any(gene.startswith("AFFX-") for gene in patients.X)


def test_the_seed_decides_the_split_and_nothing_else_does(tmp_path):
    own = write_own(tmp_path)
    same = [load(**own, seed=1).test.tolist() for _ in range(2)]
    assert same[0] == same[1] != load(**own, seed=2).test.tolist()


def test_labels_belong_to_their_patients_whatever_the_order(tmp_path):
    own = write_own(tmp_path)
    before = load(**own)
    labels = pd.read_csv(own["labels"]).sample(frac=1, random_state=0)
    labels.to_csv(own["labels"], index=False)
    after = load(**own)
    pd.testing.assert_series_equal(after.data.labels.loc[before.names], before.data.labels)

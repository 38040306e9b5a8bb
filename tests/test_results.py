"""What a notebook leaves behind: where, under which names, in which form."""

import json

import numpy as np
import pytest

from analysis_lib import results


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.setenv(results.FOLDER_VARIABLE, str(tmp_path))
    return tmp_path


def test_without_a_run_nothing_is_stored(monkeypatch, tmp_path):
    monkeypatch.delenv(results.FOLDER_VARIABLE, raising=False)
    monkeypatch.chdir(tmp_path)
    results.save_json("data", [1])
    assert results.path("figures", "volcano.json") is None
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["", "..", "a/b", "A", "a b", "x.", "a./../x", "a.json/../b", "é"])
def test_a_result_cannot_leave_its_folder(run, name):
    with pytest.raises(ValueError, match="no name for a result"):
        results.path("figures", name)


def test_names_with_endings_are_fine(run):
    assert results.path("tables", "top_genes.info.json") == run / "tables" / "top_genes.info.json"


def test_what_is_not_finite_is_stored_as_nothing(run):
    metrics = {"auc": {"label": "AUC", "value": np.float64("nan"), "low": np.inf, "high": 1}}
    results.save_metrics(metrics, headline=["auc"], glance=["…"], picture="roc")
    stored = json.loads((run / "metrics.json").read_text())
    assert stored["metrics"]["auc"] == {"label": "AUC", "value": None, "low": None, "high": 1}


def test_a_headline_must_be_a_metric(run):
    with pytest.raises(ValueError, match="nothing"):
        results.save_metrics({}, headline=["nothing"], glance=[], picture="roc")

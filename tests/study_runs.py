"""Small runs of all five studies, each made once: what their methods and facts are written from."""

from __future__ import annotations

import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from analysis_lib import results
from analysis_lib.datasets.neurons import simulator
from analysis_lib.studies.dge import learning as dge_learning
from analysis_lib.studies.dge import steps as dge_steps
from analysis_lib.studies.ephys_lasso import learning, neurons, predictions
from analysis_lib.studies.geo_validation import cells, profiles
from analysis_lib.studies.leukemia_classical import lineup
from analysis_lib.studies.leukemia_classical import steps as classical_steps
from analysis_lib.studies.leukemia_network import steps as network_steps
from tests.leukemia_tables import write_own

FEW = simulator.Shape(genes=500, unnamed=20, constant=20, counted=560, shared=450, sequenced=600)
NETWORK = {"repeats": 4, "epochs": 5, "layers": [6], "bootstrap": 100, "cv_folds": 3}
CLASSICAL = {
    **{"models": ["logistic_l2", "centroids", "voting"], "cv_folds": 3, "cv_repeats": 1},
    **{"resamples": 20, "permutations": 20, "draws": 5, "bootstrap": 100, "transform": "raw"},
}


@cache
def dge() -> tuple[dge_steps.Study, dge_steps.Rows, dge_learning.Comparison]:
    quick = dge_steps.Params(cv_folds=2, cv_repeats=1, bootstrap=100)
    study = dge_steps.load(quick)
    rows = dge_steps.rows(study)
    return study, rows, dge_learning.compare(study, rows)


@cache
def network() -> tuple[Any, ...]:
    """Patients, networks, and the regularised network's choice."""
    patients = own_patients(network_steps, NETWORK)
    params = patients.params
    trained = network_steps.train(patients, params)
    return patients, trained, network_steps.regularise(patients, params)


@cache
def classical() -> tuple[Any, ...]:
    """Patients, line-up, and the stability of genes."""
    patients = own_patients(classical_steps, CLASSICAL)
    params = patients.params
    return patients, lineup.lineup(patients, params), lineup.stability(patients, params)


def own_patients(steps: Any, values: dict[str, Any], **table: Any) -> Any:
    """Load a small table of patients that is gone again when it has been read."""
    with tempfile.TemporaryDirectory() as folder:
        own = write_own(Path(folder), **{"part": True, **table})
        return steps.load(steps.Params.of({**own, **values}))


@cache
def ephys() -> tuple[Any, ...]:
    """Samples and cells, and every gene's model."""
    with pytest.MonkeyPatch.context() as patch:
        alone(patch)
        read = neurons.load(neurons.Params(permutations=20, cv_repeats=1))
        compared, found = learning.compare(read), learning.discover(read)
        return read, learning.learn(read, compared, found)


@cache
def geo() -> tuple[Any, ...]:
    """The validation of those models, the lines in both, and what they say."""
    read, models = ephys()
    with tempfile.TemporaryDirectory() as root, pytest.MonkeyPatch.context() as patch:
        alone(patch)
        patch.setattr(results.of_run, "__defaults__", (Path(root),))
        patch.setenv(results.FOLDER_VARIABLE, str(Path(root) / "ephys_lasso" / "default"))
        predictions.keep(read, models, predictions.predicted(models, read.cells))
        results.save_json("record", {"data": neurons.records(read)})
        validation = cells.load(cells.Params(permutations=199, top_genes=200))
        pair = profiles.profiles(validation)
        return validation, pair, profiles.answers(pair, validation)


def alone(patch: pytest.MonkeyPatch) -> None:
    """Let small simulated neurons be read, whatever data lie on this machine."""
    patch.setattr("analysis_lib.datasets.sources.data_folders", list)
    for module in (neurons, cells):
        patch.setitem(module.SHAPES, "small", FEW)

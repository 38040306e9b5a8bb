"""The same seed gives the same numbers: in another process, and on two threads instead of one."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from analysis_lib.files import PROJECT
from tests.leukemia_tables import write_own

NETWORK = """
from analysis_lib.studies.leukemia_network import steps as study
from analysis_lib.studies.leukemia_network import scores, words
params = study.Params.of({**own, "repeats": 3, "epochs": 60, "bootstrap": 100, "cv_folds": 3})
patients = study.load(params)
trained, choice = study.train(patients, params), study.regularise(patients, params)
compared = scores.compare(patients, params, trained, choice)
found = words.metrics(patients, trained, compared)
"""
CLASSICAL = """
import pandas as pd
from analysis_lib.studies.leukemia_classical import lineup, steps as study
from analysis_lib.studies.leukemia_classical import numbers
params = study.Params.of({**own, "transform": "raw", "cv_folds": 3, "cv_repeats": 1,
    "models": ["logistic_l2", "logistic_elastic", "svm_rbf", "voting"],
    "permutations": 20, "draws": 5, "resamples": 20, "bootstrap": 100})
patients = study.load(params)
scored, clusters = study.simple(patients, params), study.clusters(patients, params)
lined_up, votes = lineup.lineup(patients, params), lineup.votes(patients)
found = numbers.metrics(patients, scored, lined_up, votes, clusters)
pictures = pd.DataFrame()  # tests/test_embedding.py has them on two threads
found |= numbers.further(
    pictures, lineup.stability(patients, params),
    lineup.selection_bias(patients, params), lineup.permute(patients, params, lined_up))
"""
IDLE = {"OPENBLAS_THREAD_TIMEOUT": "4", "OMP_WAIT_POLICY": "passive"}
"""Threads that wait asleep: on a machine with other work they would take its time for nothing."""

PRINT = "\nprint(json.dumps({k: float(v['value']) for k, v in found.items()}))"


def metrics(steps: str, own: dict[str, str], threads: int) -> dict[str, float]:
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "TF_NUM_INTRAOP_THREADS")
    asked = IDLE | dict.fromkeys(names, str(threads))
    done = subprocess.run(
        [sys.executable, "-c", f"import json\nown = {own!r}\n{steps}{PRINT}"],
        env={**os.environ, **asked, "PYTHONPATH": str(PROJECT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.long
@pytest.mark.fault(
    "numbers that depend on the number of threads (row 23)",
    by="one thread and two, each in a process of its own",
    survives="the same metrics, to a millionth",
)
@pytest.mark.parametrize("steps", [NETWORK, CLASSICAL], ids=["network", "classical"])
def test_two_threads_in_another_process_give_the_same_numbers(tmp_path, steps):
    """Before: last digits differed with the number of threads; they must not grow."""
    own = write_own(tmp_path, samples=48, genes=1500, part=True, apart=1.2)
    one, two = (metrics(steps, own, threads) for threads in (1, 2))
    assert len(one) > 20
    assert one == pytest.approx(two, abs=1e-6)

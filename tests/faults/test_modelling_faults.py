"""P-values, classes too small to judge by, features that say nothing (rows 18 and 20)."""

import numpy as np
import pandas as pd
import pytest
from sklearn.exceptions import UndefinedMetricWarning
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import train_test_split

from analysis_lib.datasets import dge
from analysis_lib.errors import AnalysisError, ParameterError, TableError
from analysis_lib.evaluation import leakage, metrics, resampling, splits
from analysis_lib.figures import genes as figures
from analysis_lib.models.lineup import LABELS, decision_values, lineup
from tests.faults.guards import Guard
from tests.table_files import write


def _message(error: type[AnalysisError], call, *arguments, **named) -> str:
    with pytest.raises(error) as told:
        call(*arguments, **named)
    message = str(told.value)
    assert 1 <= message.count("\n") + 1 <= 5
    return message


def _features(rows):
    return pd.DataFrame(np.random.default_rng(0).normal(size=(rows, 2)), columns=["a", "b"])


@pytest.mark.fault(
    "p-values outside 0 to 1",
    by="1.5, -1e-9 and 1e50 in the column of p-values",
    survives="an error with line and column",
)
@pytest.mark.parametrize("p", ["1.5", "-1e-9", "1e50"])
def test_p_values_outside_0_to_1(tmp_path, p):
    """Before: they were called and drawn, below zero or beyond the right edge."""
    table = write(tmp_path, f"gene,logFC,pvalue\nA,1,0.5\nB,2,{p}\n")
    message = _message(TableError, dge.load, table)
    assert "P-values are outside 0 to 1 in 1 of 2 rows" in message
    assert "line 3, column 'pvalue'" in message


@pytest.mark.fault(
    "p = 0, and p so small that it is no normal number",
    by="0, -0.0 and 5e-324 among the p-values, and one missing",
    survives="every gene is drawn, zero with its own marker; the missing one is counted",
)
def test_a_p_value_of_zero_is_drawn(tmp_path):
    """Before: its logarithm was infinite, Plotly left it out, and the top gene was not there."""
    cells = ["0.5", "0", "-0.0", "5e-324", "NA"]
    rows = "".join(f"G{i},{i},{p}\n" for i, p in enumerate(cells))
    read = dge.load(write(tmp_path, "gene,logFC,pvalue\n" + rows))
    called = read.genes.assign(call=["not significant", *["up"] * 3, "not tested"])
    figure = figures.volcano(called, p_threshold=0.05, lfc_threshold=1)
    points = {
        name: (y, trace.marker.symbol)
        for trace in figure.data
        for name, y in zip(trace.text, trace.y, strict=True)
    }
    assert sorted(points) == ["G0", "G1", "G2", "G3"]
    assert np.isfinite([y for y, _ in points.values()]).all()
    assert points["G1"] == points["G2"]
    assert points["G1"][1] == "triangle-up"
    assert points["G1"][0] > points["G3"][0] > points["G0"][0]
    assert figure.layout.meta["points_missing"] == read.missing_p == 1


@pytest.mark.fault(
    "other than two classes to learn from",
    by="labels of one class, of none, of three",
    survives="an error that counts each",
)
@pytest.mark.parametrize(
    ("y", "told"),
    [(["up"] * 30, "up 30"), ([], "no rows"), (["up", "down", " up"] * 9, "3")],
    ids=["one class", "no rows", "three classes"],
)
def test_not_two_classes(y, told):
    """Before: the logistic model raised, the forest was right every time and the AUC was NaN."""
    message = _message(TableError, splits.check_classes, y, 0.2, 5)
    assert "two classes" in message
    assert told in message


@pytest.mark.fault(
    "a score that does not exist",
    by="the AUC of rows of one class",
    survives="no number, and the reason beside it",
)
def test_one_class_without_the_guard():
    """Before: a warning nobody reads, and NaN printed as the AUC."""
    with pytest.warns(UndefinedMetricWarning):
        assert np.isnan(roc_auc_score([1, 1], [0.1, 0.2]))
    row = metrics.score_rows("svm", "all", [1, 1], [1, 1], [0.1, 0.2], seed=0).iloc[2]
    assert np.isnan(row["value"])
    assert "one class only" in row["note"]


@pytest.mark.fault(
    "a class smaller than the folds",
    by="3 rows of a class, 5 folds",
    survives="an error with both numbers, and how many folds do",
)
def test_minority_smaller_than_the_folds():
    """Before: a warning, and folds without the minority that every model gets right."""
    X, y = _features(40), np.repeat([0, 1], [37, 3])
    pipeline = lineup(["logistic"], 1)["logistic"]
    permuting = {"folds": 5, "permutations": 3, "seed": 1}
    message = _message(ParameterError, resampling.permutation_test, pipeline, X, y, **permuting)
    assert "5 folds, 3 training rows of class 1" in message
    assert "at most 3" in message
    with pytest.raises(ParameterError, match="5 folds, 3 training rows of class 1"):
        resampling.repeated_cv({"m": pipeline}, X, y, folds=5, repeats=2, seed=1)


@pytest.mark.fault(
    "a class smaller than the folds without the test part",
    by="6 rows of a class, 5 folds, two held out",
    survives="an error before anything is fitted",
)
def test_minority_smaller_than_the_folds_once_the_test_part_is_taken():
    """Before: six rows pass for five folds until two of them go to the test part."""
    y = ["down"] * 14 + ["up"] * 6
    message = _message(ParameterError, splits.check_classes, y, test_size=0.3, folds=5)
    assert "5 folds, 4 training rows of class up (classes: down 14, up 6)" in message
    assert splits.check_classes(y, test_size=0.3, folds=4)


@pytest.mark.fault(
    "a class with a single row held out",
    by="5 rows of a class, a fifth held out",
    survives="an error, and what would do",
)
def test_one_test_row_of_a_class():
    """Before: a split without complaint, and an AUC resting on the rank of a single row."""
    y = np.repeat(["down", "up"], [25, 5])
    _, test = train_test_split(y, test_size=0.2, random_state=42, stratify=y)
    assert (test == "up").sum() == 1
    message = _message(ParameterError, splits.stratified_split, y, 0.2, 42)
    assert "1 of 5 with test_size 0.2 (classes: down 25, up 5)" in message
    assert "Raise test_size" in message


@pytest.mark.fault(
    "a feature with one value in every row",
    by="a column of threes",
    survives="named as saying nothing; every model is finite",
)
def test_constant_column():
    """Before: a feature without any information, scaled and modelled without a word."""
    X = _features(40).assign(same=3.0)
    y = np.arange(40) % 2
    assert splits.constant_columns(X) == ["same"]
    assert leakage.audit(X, y)["verdict"].tolist()[2] == "uninformative"
    for pipeline in lineup(LABELS, 1).values():
        assert np.isfinite(decision_values(pipeline.fit(X, y), X)).all()


@pytest.mark.fault(
    "a missing value in a feature",
    by="NaN in one row",
    survives="an error with column and row",
)
def test_missing_feature_values():
    """Before: the forest and XGBoost modelled the row, the others stopped with a traceback."""
    X = _features(40)
    X.loc[7, "b"] = np.nan
    lineup(["forest"], 1)["forest"].fit(X, np.arange(40) % 2)
    assert "column b, first in row 7" in _message(TableError, splits.check_features, X)


GUARDS = [
    Guard(
        "analysis_lib/figures/genes.py",
        "y=np.where(zero, top * (1 + _EDGE_ROOM), height),",
        "y=height,",
        "test_a_p_value_of_zero_is_drawn",
    ),
    Guard(
        "analysis_lib/evaluation/splits.py",
        "        _check_folds(classes, train, folds)\n",
        "        pass\n",
        "test_minority_smaller_than_the_folds",
    ),
]

"""Fault 20: classes too small to judge by, features that say nothing, scores that do not exist."""

import numpy as np
import pandas as pd
import pytest
from sklearn.exceptions import UndefinedMetricWarning
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import train_test_split

from analysis_lib.errors import AnalysisError, ParameterError, TableError
from analysis_lib.evaluation import leakage, metrics, resampling, splits
from analysis_lib.models.lineup import LABELS, decision_values, lineup


def _message(error: type[AnalysisError], call, *arguments, **named) -> str:
    with pytest.raises(error) as told:
        call(*arguments, **named)
    message = str(told.value)
    assert 1 <= message.count("\n") + 1 <= 5
    return message


def _features(rows):
    return pd.DataFrame(np.random.default_rng(0).normal(size=(rows, 2)), columns=["a", "b"])


@pytest.mark.parametrize(
    ("y", "told"),
    [(["up"] * 30, "up 30"), ([], "no rows"), (["up", "down", " up"] * 9, "3")],
    ids=["one class", "no rows", "three classes"],
)
def test_not_two_classes(y, told):
    """Was: the logistic model raised, the forest was right every time and the AUC was NaN."""
    message = _message(TableError, splits.check_classes, y, 0.2, 5)
    assert "two classes" in message
    assert told in message


def test_one_class_without_the_guard():
    """Was: a warning nobody reads, and NaN printed as the AUC."""
    with pytest.warns(UndefinedMetricWarning):
        assert np.isnan(roc_auc_score([1, 1], [0.1, 0.2]))
    row = metrics.score_rows("svm", "all", [1, 1], [1, 1], [0.1, 0.2], seed=0).iloc[2]
    assert np.isnan(row["value"])
    assert "one class only" in row["note"]


def test_minority_smaller_than_the_folds():
    """Was: a warning, and folds without the minority that every model gets right."""
    X, y = _features(40), np.repeat([0, 1], [37, 3])
    pipeline = lineup(["logistic"], 1)["logistic"]
    permuting = {"folds": 5, "permutations": 3, "seed": 1}
    message = _message(ParameterError, resampling.permutation_test, pipeline, X, y, **permuting)
    assert "5 folds, 3 training rows of class 1" in message
    assert "at most 3" in message
    with pytest.raises(ParameterError, match="5 folds, 3 training rows of class 1"):
        resampling.repeated_cv({"m": pipeline}, X, y, folds=5, repeats=2, seed=1)


def test_minority_smaller_than_the_folds_once_the_test_part_is_taken():
    """Was: six rows pass for five folds until two of them go to the test part."""
    y = ["down"] * 14 + ["up"] * 6
    message = _message(ParameterError, splits.check_classes, y, test_size=0.3, folds=5)
    assert "5 folds, 4 training rows of class up (classes: down 14, up 6)" in message
    assert splits.check_classes(y, test_size=0.3, folds=4)


def test_one_test_row_of_a_class():
    """Was: a split without complaint, and an AUC resting on the rank of a single row."""
    y = np.repeat(["down", "up"], [25, 5])
    _, test = train_test_split(y, test_size=0.2, random_state=42, stratify=y)
    assert (test == "up").sum() == 1
    message = _message(ParameterError, splits.stratified_split, y, 0.2, 42)
    assert "1 of 5 with test_size 0.2 (classes: down 25, up 5)" in message
    assert "Raise test_size" in message


def test_constant_column():
    """Was: a feature without any information, scaled and modelled without a word."""
    X = _features(40).assign(same=3.0)
    y = np.arange(40) % 2
    assert splits.constant_columns(X) == ["same"]
    assert leakage.audit(X, y)["verdict"].tolist()[2] == "uninformative"
    for pipeline in lineup(LABELS, 1).values():
        assert np.isfinite(decision_values(pipeline.fit(X, y), X)).all()


def test_missing_feature_values():
    """Was: the forest and XGBoost modelled the row, the others stopped with a traceback."""
    X = _features(40)
    X.loc[7, "b"] = np.nan
    lineup(["forest"], 1)["forest"].fit(X, np.arange(40) % 2)
    assert "column b, first in row 7" in _message(TableError, splits.check_features, X)

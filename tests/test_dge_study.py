"""The study of differential expression: its published numbers, its rules, its honesty."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from analysis_lib.errors import AnalysisError
from analysis_lib.studies.dge import learning, steps, words
from analysis_lib.tables import write_table


@pytest.fixture(scope="module")
def default():
    """Everything the default run computes, but for the permutation test's full length."""
    study = steps.load(steps.Params())
    rows = steps.rows(study)
    return study, rows, learning.compare(study, rows), learning.lasso(study, rows)


@pytest.fixture(scope="module")
def numbers(default):
    study, rows, comparison, kept = default
    quick = steps.load(steps.Params(permutations=20))
    return words.metrics(study, comparison, kept, learning.permute(quick, rows, comparison))


def test_the_default_run_gives_the_published_calls(default):
    assert default[0].calls == {"up": 46, "down": 57, "not significant": 97, "not tested": 0}


@pytest.mark.parametrize(
    ("model", "accuracy", "cv", "auc"),
    [
        ("logistic", 0.9750, 1.0000, 1.0),
        ("svm", 0.9750, 0.9750, 0.995),
        ("forest", 1.0000, 1.0000, 1.0),
        ("xgboost", 1.0000, 0.9938, 1.0),
    ],
)
def test_the_default_run_gives_the_published_scores(default, model, accuracy, cv, auc):
    comparison = default[2]
    assert comparison.score(model, "accuracy")["value"] == pytest.approx(accuracy, abs=5e-5)
    assert comparison.score(model, "cv_accuracy")["value"] == pytest.approx(cv, abs=5.1e-5)
    assert comparison.score(model, "auc")["value"] == pytest.approx(auc, abs=5e-3)


def test_the_default_run_gives_the_published_coefficients(default):
    kept = default[3].set_index("feature")["coefficient"]
    assert kept["logFC"] == pytest.approx(7.117, abs=5e-4)
    assert kept["baseMean"] == pytest.approx(-0.0127, abs=5e-5)
    assert kept["pvalue"] == 0


def test_the_default_run_is_reproduced_and_says_so(default, numbers):
    rows = words.published(default[0], numbers)
    assert len(rows) == 18
    assert {row["status"] for row in rows} == {"reproduced"}


def test_a_drift_is_seen(default, numbers):
    drifted = {**numbers, "accuracy_svm_all": {**numbers["accuracy_svm_all"], "value": 0.95}}
    rows = {row["what"]: row["status"] for row in words.published(default[0], drifted)}
    assert rows["SVM (RBF), test accuracy"] == "drifted"
    assert rows["SVM (RBF), test AUC"] == "reproduced"


def test_other_parameters_are_not_compared_where_they_matter(numbers):
    study = steps.load(steps.Params(p_threshold=0.01))
    status = {row["what"]: row["status"] for row in words.published(study, numbers)}
    assert status["genes up"] == "not comparable"
    assert status["SVM (RBF), test accuracy"] == "reproduced"


def test_the_audit_names_the_fold_change_and_nothing_is_left_without_it(default):
    comparison = default[2]
    assert comparison.leaking == ["logFC"]
    honest = comparison.scores[comparison.scores["features"] == learning.HONEST]
    accuracy = honest[honest["metric"] == "cv_accuracy"]
    assert (accuracy["low"] < 0.55).all()
    said = " ".join(words.audit_conclusion(comparison))
    assert "logFC gives the label away" in said
    assert "no better than guessing" in said


def test_every_score_has_an_interval_around_it(default):
    scores = default[2].scores
    assert ((scores["low"] <= scores["value"]) & (scores["value"] <= scores["high"])).all()
    perfect = scores[(scores["value"] == 1) & (scores["metric"] == "accuracy")]
    assert (perfect["low"] < 1).all()


def test_the_held_out_genes_are_never_trained_on(default):
    rows = default[1]
    assert len(np.intersect1d(rows.train, rows.test)) == 0
    assert len(rows.train) + len(rows.test) == len(rows.y)
    assert len(rows.test) == rows.held_out


def table(tmp_path, n=300, seed=0, **columns):
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "gene": [f"g{i}" for i in range(n)],
            "log2FoldChange": rng.normal(0, 2, n),
            "pvalue": rng.uniform(size=n),
            "baseMean": rng.exponential(100, n),
            **columns,
        }
    )
    write_table(frame, tmp_path / "mine.csv")
    return steps.Params(data=str(tmp_path / "mine.csv"), permutations=20, cv_repeats=1)


def test_no_gene_is_lost_without_being_counted(tmp_path):
    rng = np.random.default_rng(1)
    p = rng.uniform(size=300)
    p[:120] = np.nan
    mean = rng.exponential(100, 300)
    mean[100:130] = np.nan
    study = steps.load(table(tmp_path, pvalue=p, baseMean=mean))
    rows = steps.rows(study)
    assert sum(study.calls.values()) == 300
    assert study.calls["not tested"] == 120
    assert dict(rows.left_out) == {"no pvalue": 120, "no baseMean": 10}
    assert len(rows.y) + sum(count for _, count in rows.left_out) == 300


def test_more_genes_than_the_models_take_are_sampled_by_class(tmp_path):
    params = table(tmp_path, n=1000, log2FoldChange=np.r_[-np.ones(800), np.ones(200)])
    rows = steps.rows(steps.load(params.model_copy(update={"max_genes": 100})))
    assert rows.classes == {"down": 80, "up": 20}
    assert sum(count for _, count in rows.left_out) == 900


def test_a_table_without_means_has_two_features(tmp_path):
    params = table(tmp_path)
    frame = pd.read_csv(params.data).drop(columns="baseMean")
    write_table(frame, tmp_path / "mine.csv")
    rows = steps.rows(steps.load(params))
    assert rows.features == ["logFC", "pvalue"]


def test_adjusted_p_values_are_computed_when_the_table_has_none(tmp_path):
    params = table(tmp_path).model_copy(update={"p_value": "adjusted"})
    study = steps.load(params)
    assert study.p == "padj"
    assert (study.genes["padj"] >= study.genes["pvalue"] * (1 - 1e-12)).all()
    assert any("Benjamini" in note for note in words.table_notes(study))


@pytest.mark.parametrize(
    ("columns", "values", "parts"),
    [
        ({"log2FoldChange": np.ones(300)}, {}, ["two classes", "up 300"]),
        (
            {"log2FoldChange": np.r_[-np.ones(297), np.ones(3)]},
            {},
            ["up", "3", "test_size"],
        ),
        (
            {"pvalue": np.full(300, 0.9)},
            {"classify": "significant"},
            ["No gene is left", "300 not significant", "classify=all"],
        ),
    ],
    ids=["one class", "small class", "nothing significant"],
)
def test_what_cannot_be_modelled_is_refused_with_the_numbers(tmp_path, columns, values, parts):
    params = table(tmp_path, **columns).model_copy(update=values)
    with pytest.raises(AnalysisError) as caught:
        steps.rows(steps.load(params))
    message = str(caught.value)
    assert all(part in message for part in parts), message
    assert len(message.splitlines()) <= 5


def test_xgboost_that_is_not_installed_is_left_out_and_said(monkeypatch):
    from analysis_lib.models import lineup

    monkeypatch.setattr(lineup, "unavailable", lambda: {"xgboost": "XGBoost is not installed."})
    study = steps.load(steps.Params(cv_repeats=1, models=["logistic", "xgboost"]))
    comparison = learning.compare(study, steps.rows(study))
    assert comparison.unavailable == {"xgboost": "XGBoost is not installed."}
    assert set(comparison.scores["model"]) == {"logistic", "baseline"}


def test_check_says_what_a_run_would_work_on():
    told = dict(steps.check(steps.Params()))
    assert told["rows"] == "200 genes"
    assert told["classes"] == "100 down, 100 up"
    assert "46 up" in told["calls"]
    assert "s for the run" in told["time"]


def test_top_genes_come_by_p_value_then_fold_change():
    top = steps.top_genes(steps.load(steps.Params(top_genes=10)))
    assert len(top) == 10
    assert top["pvalue"].is_monotonic_increasing


def test_when_every_feature_gives_the_label_away_there_is_nothing_else_to_learn_from(tmp_path):
    fold = np.random.default_rng(2).normal(0, 2, 300)
    params = table(tmp_path, log2FoldChange=fold, pvalue=np.where(fold > 0, 0.01, 0.6))
    frame = pd.read_csv(params.data).drop(columns="baseMean")
    write_table(frame, tmp_path / "mine.csv")
    study = steps.load(params)
    rows = steps.rows(study)
    comparison = learning.compare(study, rows)
    assert comparison.leaking == ["logFC", "pvalue"]
    assert comparison.best(learning.HONEST) is None
    assert "nothing else to learn from" in " ".join(words.audit_conclusion(comparison))
    null = learning.permute(study, rows, comparison)
    assert "without" not in words.permutation_sentence(null, comparison)
    assert words.metrics(study, comparison, learning.lasso(study, rows), null)


def test_a_feature_that_is_the_same_for_all_genes_is_left_out_and_named(tmp_path):
    params = table(tmp_path, baseMean=np.full(300, 7.0))
    rows = steps.rows(steps.load(params))
    assert rows.features == ["logFC", "pvalue"]
    assert rows.constant == ("baseMean",)
    told = words.rows_notes(steps.load(params), rows)
    assert (
        "baseMean is the same for all genes, tells nothing, and is left out of the models." in told
    )
    assert ("left out", "baseMean (the same for all genes)") in steps.check(params)

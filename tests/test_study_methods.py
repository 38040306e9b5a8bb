"""What the studies say they did: every parameter that had a part in it, and nothing else."""

from __future__ import annotations

import inspect
import re
from dataclasses import replace
from functools import cache
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis_lib import studies
from analysis_lib.datasets.neurons.cells import Cells
from analysis_lib.evaluation import clusters, coefficients, genes, leakage, lines, pvalues
from analysis_lib.files import PROJECT
from analysis_lib.models import lasso, lineup, microarray, ridge
from analysis_lib.studies import leukemia
from analysis_lib.studies.dge import learning as dge_learning
from analysis_lib.studies.dge import methods as dge
from analysis_lib.studies.dge import steps as dge_steps
from analysis_lib.studies.ephys_lasso import methods as ephys
from analysis_lib.studies.geo_validation import methods as geo
from analysis_lib.studies.leukemia_classical import methods as classical
from analysis_lib.studies.leukemia_classical import steps as classical_steps
from analysis_lib.studies.leukemia_network import methods as network
from analysis_lib.studies.leukemia_network import steps as network_steps
from tests import study_runs

CITED = re.compile(r" \[@[a-z]+[0-9]{4}\]")
PACKAGE = re.compile(r"\[pkg:(scikit-learn|tensorflow|umap-learn|xgboost)\]")

BASE: dict[str, dict[str, Any]] = {
    "dge": {},
    "leukemia_network": {"transform": "raw"},
    "leukemia_classical": {"transform": "raw", "models": study_runs.CLASSICAL["models"]},
    "ephys_lasso": {},
    "geo_validation": {},
}
TOLD: dict[str, dict[str, tuple[dict[str, Any], Any]]] = {
    "dge": {
        "seed": ({}, 7),
        "n_genes": ({}, 300),
        "p_threshold": ({}, 0.01),
        "lfc_threshold": ({}, 1.5),
        "p_value": ({}, "adjusted"),
        "classify": ({}, "significant"),
        "models": ({}, ["svm"]),
        "test_size": ({}, 0.25),
        "cv_folds": ({}, 4),
        "cv_repeats": ({}, 1),
        "lasso_C": ({}, 0.25),
        "bootstrap": ({}, 500),
        "permutations": ({}, 100),
        "max_genes": ({"n_genes": 300}, 100),
    },
    "leukemia_network": {
        "test": ({}, "split"),
        "test_size": ({"test": "split"}, 0.3),
        "transform": ({}, "log10"),
        "min_present": ({}, 3),
        "drop_controls": ({}, True),
        "seed": ({}, 7),
        "validation_size": ({}, 0.25),
        "variance": ({}, 0.9),
        "layers": ({}, [8]),
        "activation": ({}, "tanh"),
        "dropout": ({}, 0.2),
        "l2": ({}, 0.01),
        "learning_rate": ({}, 0.01),
        "batch_size": ({}, 4),
        "epochs": ({}, 100),
        "patience": ({}, 10),
        "class_weights": ({}, True),
        "repeats": ({}, 5),
        "cv_folds": ({}, 4),
        "bootstrap": ({}, 500),
    },
    "leukemia_classical": {
        "test": ({}, "split"),
        "test_size": ({}, 0.3),
        "transform": ({}, "log10"),
        "min_present": ({}, 3),
        "drop_controls": ({}, True),
        "seed": ({}, 7),
        "models": ({}, ["forest"]),
        "cv_folds": ({}, 4),
        "cv_repeats": ({}, 2),
        "resamples": ({}, 50),
        "permutations": ({}, 100),
        "draws": ({}, 10),
        "clusters": ({}, 3),
        "perplexity": ({}, 5.0),
        "neighbours": ({}, 5),
        "embedding_seeds": ({}, 3),
        "bootstrap": ({}, 500),
    },
    "ephys_lasso": {
        "top_genes": ({}, 100),
        "missing": ({}, "impute"),
        "method": ({}, "ridge"),
        "l1_ratio": ({"method": "elastic_net"}, 0.7),
        "penalty": ({}, "fixed"),
        "alpha": ({"penalty": "fixed"}, 0.1),
        "standardise": ({}, False),
        "cv_folds": ({}, 5),
        "cv_repeats": ({}, 2),
        "permutations": ({}, 50),
        "permuted_genes": ({}, 50),
        "fdr": ({}, 0.1),
        "resamples": ({}, 50),
        "seed": ({}, 7),
    },
    "geo_validation": {
        "models": ({}, "ephys_lasso/mine"),
        "quality": ({}, False),
        "least_cells": ({}, 10),
        "genes": ({}, "all"),
        "fdr": ({}, 0.1),
        "top_genes": ({}, 500),
        "components": ({}, 20),
        "perplexity": ({}, 20.0),
        "neighbours": ({}, 10),
        "seed": ({}, 7),
    },
}
"""What each parameter is changed to, and what is asked for beside it, for it to have a part."""

PATH = "names a file: the page says what was read in a sentence of its own"
SHOWN = "how much of what was found stands on the page"
NOT_TOLD = {
    "dge": {
        "data": PATH,
        "columns": "as a file: names in a table, which could be anything",
        "top_genes": SHOWN,
    },
    "leukemia_network": {
        "data": PATH,
        "labels": PATH,
        "missing": "nothing is missing here: see below",
    },
    "leukemia_classical": {
        "data": PATH,
        "labels": PATH,
        "missing": "nothing is missing here: see below",
        "shown_genes": SHOWN,
    },
    "ephys_lasso": {
        **dict.fromkeys(("data", "features", "expression", "symbols", "cells"), PATH),
        "simulate": "of the simulated data, in the sentence on data",
        "genes": SHOWN,
    },
    "geo_validation": {
        "data": PATH,
        "cells": PATH,
        "unmatched": "no cell is unmatched here: see below",
        "permutations": "the orders that were looked at are told: see below",
        "markers": SHOWN,
        "memory_budget": "how much is computed at a time: no result depends on it",
    },
}
IDLE = [
    ("dge", {}, {"max_genes": 250}),
    ("dge", {}, {"top_genes": 50}),
    ("leukemia_network", {}, {"test": "independent"}),
    ("leukemia_network", {}, {"test_size": 0.4}),
    ("leukemia_network", {"layers": []}, {"activation": "tanh"}),
    ("leukemia_network", {"layers": []}, {"dropout": 0.5}),
    *((study, {}, {"missing": how}) for study in BASE if "leuk" in study for how in ("drop",)),
    ("leukemia_classical", {}, {"shown_genes": 9}),
    ("ephys_lasso", {}, {"l1_ratio": 0.1}),
    ("ephys_lasso", {}, {"alpha": 5.0}),
    ("ephys_lasso", {"method": "ridge"}, {"l1_ratio": 0.1}),
    ("ephys_lasso", {}, {"permuted_genes": 5000}),
    ("ephys_lasso", {}, {"top_genes": 90_000}),
    ("ephys_lasso", {}, {"genes": []}),
    ("geo_validation", {}, {"unmatched": "drop"}),
    ("geo_validation", {}, {"markers": []}),
    ("geo_validation", {}, {"memory_budget": "2G"}),
]
"""Parameters that have no part in what was done, as things are: nothing is to be said of them."""


def params_of(study: str, values: dict[str, Any]) -> Any:
    return studies.load(study).Params.of({**BASE[study], **values})


def told(study: str, values: dict[str, Any]) -> list[str]:
    """Return the methods of a small run with these parameters."""
    return list(_TELLERS[study](params_of(study, values)))


def of_dge(params: Any) -> list[str]:
    study = dge_steps.load(params)
    return dge.methods(study, dge_steps.rows(study), compared(params.models))


def compared(models: list[str]) -> dge_learning.Comparison:
    found = study_runs.dge()[2]
    return replace(found, scores=found.scores[found.scores["model"].isin([*models, "baseline"])])


@cache
def split(steps: Any) -> Any:
    return study_runs.own_patients(steps, {"test": "split", "cv_folds": 3, "transform": "raw"})


def of_network(params: Any) -> list[str]:
    patients, trained, _ = study_runs.network()
    patients = split(network_steps) if params.test == "split" else patients
    return network.methods(replace(patients, params=params), params, trained)


def of_classical(params: Any) -> list[str]:
    patients, found, _ = study_runs.classical()
    patients = split(classical_steps) if params.test == "split" else patients
    return classical.methods(replace(patients, params=params), params, of_models(found, params))


def of_models(found: Any, params: Any) -> Any:
    """Return the line-up as if other models had run: which of them had settings is known."""
    choices = {
        name: SimpleNamespace(
            params={"C": 1} if name not in ("voting", "forest", "xgboost") else {}
        )
        for name in params.models
    }
    return replace(found, choices={**choices, "baseline": SimpleNamespace(params={})})


def of_ephys(params: Any) -> list[str]:
    from analysis_lib.datasets.neurons import cell_types

    read, _ = study_runs.ephys()
    types, funnel = cell_types.modelled(read.types, params.top_genes)
    return ephys.methods(replace(read, params=params, types=types, funnel=funnel))


def of_geo(params: Any) -> list[str]:
    validation, pair, found = study_runs.geo()
    return geo.methods(replace(validation, params=params), pair, found)


_TELLERS = {
    "dge": of_dge,
    "leukemia_network": of_network,
    "leukemia_classical": of_classical,
    "ephys_lasso": of_ephys,
    "geo_validation": of_geo,
}
_CHANGES = [(study, name) for study, table in TOLD.items() for name in table]


def check_form(sentences: list[str]) -> None:
    assert 5 <= len(sentences) <= 12
    for sentence in sentences:
        assert sentence.endswith(".")
        bare = PACKAGE.sub("package", CITED.sub("", sentence))
        assert not re.search(r"[\[\]@{}'\"<>\n]|pkg:|\.\.|,,|;;|\( | \)", bare.replace("'s", "")), (
            bare
        )
        assert "  " not in sentence
        assert " ." not in sentence
        assert " ," not in sentence
        assert not re.search(r"\b(None|nan|inf|True|False)\b", bare)
        no_seeds = re.sub(r"seeds? \d+( to \d+)?", "", bare)
        assert not re.search(r"(?<![\d.])\d{5}", no_seeds), f"not in groups of three: {bare}"


@pytest.mark.parametrize("study", studies.STUDIES)
def test_every_parameter_is_told_or_has_a_reason_not_to_be(study):
    fields = set(studies.load(study).Params.model_fields)
    assert set(TOLD[study]) | set(NOT_TOLD[study]) == fields
    assert not set(TOLD[study]) & set(NOT_TOLD[study])


@pytest.mark.parametrize(("study", "name"), _CHANGES)
def test_what_changes_the_procedure_changes_the_text(study, name):
    beside, value = TOLD[study][name]
    before, after = told(study, beside), told(study, {**beside, name: value})
    assert before != after
    check_form(before)
    check_form(after)


@pytest.mark.parametrize("study", studies.STUDIES)
def test_every_citation_is_in_the_references_of_the_book(study):
    entries = (PROJECT / "book" / "references.bib").read_text(encoding="utf-8")
    known = set(re.findall(r"^@\w+\{(\w+),", entries, re.MULTILINE))
    asked = [{**beside, name: value} for name, (beside, value) in TOLD[study].items()]
    if study == "leukemia_classical":
        asked.append({"models": list(classical.MODELS)})
    said = " ".join(sentence for each in [{}, *asked] for sentence in told(study, each))
    cited = set(re.findall(r"\[@(\w+)\]", said))
    assert len(cited) >= 5
    assert cited <= known


@pytest.mark.parametrize(("study", "beside", "change"), IDLE)
def test_what_has_no_part_is_not_told(study, beside, change):
    assert told(study, beside) == told(study, {**beside, **change})


@pytest.mark.parametrize("study", studies.STUDIES)
def test_defaults_are_told_with_their_values(study):
    check_form(told(study, {}))


def values_of(study: str) -> st.SearchStrategy[dict[str, Any]]:
    """Draw any values of the parameters that change words and not the data."""
    own = {"dge": {"seed", "n_genes", "p_value", "classify", "test_size", "cv_folds", "max_genes"}}
    schema = studies.load(study).Params.model_json_schema()["properties"]
    names = set(TOLD[study]) - own.get(study, set()) - {"test", "models"}
    drawn = {name: one_of(schema[name]) for name in sorted(names)}
    if "models" in TOLD[study] and "items" in schema["models"]:
        every = schema["models"]["items"]["enum"]
        drawn["models"] = st.lists(st.sampled_from(every), min_size=1, unique=True)
    return st.fixed_dictionaries({}, optional=drawn)


def one_of(field: dict[str, Any]) -> st.SearchStrategy[Any]:
    if "anyOf" in field:
        return st.one_of(*map(one_of, field["anyOf"]))
    if "enum" in field:
        return st.sampled_from(field["enum"])
    low, high = field.get("minimum", field.get("exclusiveMinimum")), field.get("maximum")
    high = field.get("exclusiveMaximum") if high is None else high
    draw = {
        "null": st.none,
        "boolean": st.booleans,
        "array": lambda: st.lists(st.integers(1, 10**6), max_size=8),
        "integer": lambda: st.integers(low, 2**63 - 1 if high is None else high),
        "number": lambda: st.floats(
            low,
            high,
            exclude_min="exclusiveMinimum" in field,
            exclude_max="exclusiveMaximum" in field,
        ),
    }
    return draw[field["type"]]()


@pytest.mark.parametrize("study", studies.STUDIES)
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_any_values_make_sentences(study, data):
    check_form(told(study, data.draw(values_of(study))))


def test_dge_names_models_that_ran_only():
    said = " ".join(told("dge", {"models": ["logistic"]}))
    assert "support vector" not in said
    assert "xgboost" not in said
    assert "logistic regression with an L2 penalty" in said


def test_dge_says_which_genes_the_models_saw():
    study, rows, found = study_runs.dge()
    left = (("no pvalue", 12), ("not significant", 80), ("more than max_genes, not drawn", 8))
    sampled = replace(rows, y=rows.y[:100], left_out=left, constant=("baseMean",))
    asked = replace(study, params=study.params.model_copy(update={"classify": "significant"}))
    said = " ".join(dge.methods(asked, sampled, found))
    assert "(the mean expression, the same for all genes, was left out)" in said
    assert (
        "100 of 200 genes, of those that had every feature and were called up or down, drawn at "
        "random within the classes"
    ) in said


@pytest.mark.parametrize(
    ("leaking", "words"),
    [
        ([], "larger class: none did."),
        (["logFC"], "the log2 fold change did, and all models were fitted and judged without it"),
        (["logFC", "pvalue", "baseMean"], "did, and none was left"),
    ],
)
def test_dge_says_what_became_of_features_that_leak(leaking, words):
    study, rows, found = study_runs.dge()
    said = dge.methods(study, rows, replace(found, leaking=leaking))
    assert any(words in sentence for sentence in said)
    tested = next(sentence for sentence in said if "permutation test" in sentence)
    assert ("without the leaking features" in tested) == (len(leaking) == 1)


def test_dge_tells_adjusted_values_of_the_table_from_those_computed_here():
    study, rows, found = study_runs.dge()
    asked = study.params.model_copy(update={"p_value": "adjusted"})
    genes_with = study.table.genes.assign(padj=0.5)
    given_there = replace(study, params=asked, table=replace(study.table, genes=genes_with))
    assert "as the table gives it" in dge.methods(given_there, rows, found)[0]
    assert "[@benjamini1995]" in dge.methods(replace(study, params=asked), rows, found)[0]


def test_dge_counts_genes_without_a_call():
    study, rows, found = study_runs.dge()
    call = study.genes["call"].where(np.arange(200) >= 3, "not tested")
    some = replace(study, genes=study.genes.assign(call=call))
    assert "; 3 genes without these numbers got no call." in dge.methods(some, rows, found)[0]
    few = replace(study, genes=study.genes.head(60))
    assert not any("histogram" in sentence for sentence in dge.methods(few, rows, found))


@pytest.mark.parametrize("steps", [network_steps, classical_steps], ids=["network", "classical"])
@pytest.mark.parametrize("how", ["drop", "impute"])
def test_missing_values_are_told_where_there_were_any(steps, how):
    from analysis_lib.studies.leukemia_report import patients_sentences

    values = {"cv_folds": 3, "transform": "raw", "missing": how}
    patients = study_runs.own_patients(steps, values, gaps=12)
    said = patients_sentences(patients)[1]
    used = patients.X.shape[1]
    if how == "drop":
        assert said.startswith(f"They were given {used} of 120 genes: left out were genes that")
        assert "median" not in said
    else:
        assert said.startswith("They were given all 120 genes")
        assert "filled in with the gene's median" in said


@pytest.mark.parametrize("name", ["[@golub1999]", "[pkg:evil]", "</script>", "x" * 200, "a\nb"])
def test_names_of_classes_cite_nothing(name):
    """A class called `[@key]` would otherwise add itself to the list of references."""
    patients, trained, _ = study_runs.network()
    labels = patients.data.labels.where(patients.data.labels != "treated", name)
    hostile = replace(patients, data=replace(patients.data, labels=labels))
    said = network.methods(hostile, patients.params, trained)
    assert not any(name in sentence for sentence in said)
    check_form(said)


def test_the_network_without_hidden_layers_has_no_activation():
    said = " ".join(told("leukemia_network", {"layers": [], "dropout": 0.5}))
    assert "without hidden layers" in said
    assert "ReLU" not in said
    assert "dropped" not in said


def test_options_of_the_network_that_are_off_are_not_mentioned():
    said = " ".join(told("leukemia_network", {}))
    for word in ("dropped", "weighed", "times the sum", "stopped", "control probes"):
        assert word not in said
    on = {"dropout": 0.1, "class_weights": True, "l2": 0.5, "patience": 3}
    said = " ".join(told("leukemia_network", on))
    for word in (
        "10 % were dropped",
        "weighed the same",
        "0.5 times the sum of the squared",
        "after 3 epochs",
    ):
        assert word in said


def test_the_line_up_is_told_with_the_grid_that_was_searched():
    patients, found, _ = study_runs.classical()
    said = " ".join(classical.methods(patients, patients.params, found))
    assert "penalty (10, 50, 100 or 120 genes, C 0.1, 1 or 10)" in said
    assert "svm" not in said.lower()
    for name in found.choices:
        assert (name == "baseline") or classical.MODELS[name][0] in said


def test_models_without_probabilities_or_settings_are_told_as_such():
    machines = " ".join(told("leukemia_classical", {"models": ["svm_rbf"]}))
    assert "(support vector machines got probabilities by Platt's" in machines
    assert "of support vector machines by accuracy" in machines
    trees = " ".join(told("leukemia_classical", {"models": ["forest"]}))
    for word in ("Platt", "standard error", "settings chosen", "varma2006"):
        assert word not in trees


def test_every_model_of_a_study_has_words():
    assert set(dge.MODELS) == set(lineup.LABELS) - {"baseline"}
    assert set(classical.MODELS) == set(microarray.METHODS) - {"baseline"}


def test_ephys_tells_the_penalty_that_was_used():
    for method, cited in (("lasso", "tibshirani1996"), ("elastic_net", "zou2005")):
        said = told("ephys_lasso", {"method": method})[1]
        assert f"[@{cited}]" in said
        assert "knot to knot" in said
    said = told("ephys_lasso", {"method": "ridge", "penalty": "fixed", "alpha": 3.0})[1]
    assert "alpha = 3 for every gene, beside the sum of squared errors" in said
    assert "knot" not in said
    assert "tibshirani1996" not in said


def test_ephys_without_cells_or_kinds_says_nothing_of_them():
    read, _ = study_runs.ephys()
    about = read.types.about.assign(kind="")
    plain = replace(read, cells=None, types=replace(read.types, about=about))
    said = " ".join(ephys.methods(plain))
    for word in ("excitatory", "extrapolated", "cell "):
        assert word not in said
    check_form(ephys.methods(plain))


@pytest.mark.parametrize(
    ("how", "words"),
    [("drop", "the 3 of 5 cells that have every"), ("impute", "3 cells, a missing feature given")],
)
def test_ephys_says_what_became_of_cells_that_lack_a_feature(how, words):
    read, _ = study_runs.ephys()
    lacking = pd.DataFrame({"feature": ["rmp"], "missing": [2]})
    cells = Cells(read.cells.features.head(3), read.cells.about.head(3), lacking, total=5)
    params = read.params.model_copy(update={"missing": how})
    assert words in " ".join(ephys.methods(replace(read, params=params, cells=cells)))
    whole = replace(cells, missing=lacking.assign(missing=0), total=3)
    said = " ".join(ephys.methods(replace(read, params=params, cells=whole)))
    assert "the expression of 3 cells; a prediction" in said


def test_geo_tells_the_orders_that_were_looked_at():
    validation, pair, found = study_runs.geo()
    assert any("199 random orders of the names" in s for s in geo.methods(validation, pair, found))
    exact = replace(found, test=replace(found.test, exact=True, null=np.zeros(24)))
    assert any("all 24 orders of the names" in s for s in geo.methods(validation, pair, exact))


def test_geo_tells_of_kinds_only_where_they_are_known():
    validation, pair, found = study_runs.geo()
    said = " ".join(geo.methods(validation, pair, replace(found, within=None)))
    assert "excitatory" not in said
    assert "within kinds" not in said


def test_geo_tells_of_filters_that_were_applied_only():
    validation, pair, found = study_runs.geo()
    note = "2 cells are in the counts alone and left out ('a', 'b')."
    some = replace(validation, counts=replace(validation.counts, notes=(note,)))
    assert "Cells that only one of counts" in " ".join(geo.methods(some, pair, found))
    steps = validation.funnel["step"].tolist()
    funnel = validation.funnel.assign(step=[*steps[:2], f"{steps[2]} (not recorded)", steps[3]])
    said = " ".join(geo.methods(replace(validation, funnel=funnel), pair, found))
    assert "were tdTomato positive and were GABA-ergic" in said
    assert "quality" not in said


def test_geo_knows_the_note_on_cells_that_were_left_out():
    from analysis_lib.datasets.counts.cells import match

    (note,) = match(["a", "b"], ["a"], unmatched="drop", where="here").notes
    assert "alone and left out" in note


def test_numbers_that_the_code_fixes_are_those_told():
    """They are arguments and constants elsewhere: whoever changes one changes a sentence."""
    given_by = {
        name: inspect.signature(function).parameters
        for name, function in {
            "k_means": clusters.k_means,
            "genes": genes.stability,
            "coefficients": coefficients.stability,
            "lasso": lasso.BatchLassoCV,
        }.items()
    }
    assert given_by["k_means"]["starts"].default == 5000
    assert clusters._SINGLE_STARTS == 100
    assert given_by["genes"]["share"].default == 0.8
    assert given_by["coefficients"]["share"].default == 0.5
    assert (given_by["lasso"]["n_alphas"].default, given_by["lasso"]["eps"].default) == (100, 1e-3)
    assert (len(ridge.ALPHAS), ridge.ALPHAS[0], ridge.ALPHAS[-1]) == (36, 1e-2, 1e5)
    assert leakage.NEARLY == 0.1
    assert (pvalues._BINS, pvalues._ALPHA) == (20, 0.001)
    assert (lines.CERTAIN, lines.LIKELY) == (0.01, 0.05)
    built = microarray.candidates(["forest", "xgboost", "voting"], 0, 9)
    assert built["forest"].pipeline["model"].n_estimators == 200
    assert built["xgboost"].pipeline["model"].n_estimators == 50
    assert built["voting"].pipeline["model"].genes == 50
    assert lineup.lineup(["forest"], 0)["forest"][-1].n_estimators == 100
    assert leukemia.expression.FLOOR == 100


def test_the_pictures_are_made_as_told():
    from analysis_lib.embedding import maps

    assert (maps._EXAGGERATION, maps._STEPS) == (2, 16)

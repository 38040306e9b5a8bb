"""What a run knows of every gene: one row each, and a choice that agrees with the run's numbers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from analysis_lib import results
from analysis_lib.models.voting import WeightedVoting
from analysis_lib.studies.dge import facts as dge
from analysis_lib.studies.dge import words as dge_words
from analysis_lib.studies.ephys_lasso import facts as ephys
from analysis_lib.studies.ephys_lasso import numbers as ephys_numbers
from analysis_lib.studies.geo_validation import facts as geo
from analysis_lib.studies.geo_validation import numbers as geo_numbers
from analysis_lib.studies.geo_validation import profiles
from analysis_lib.studies.leukemia_classical import facts as classical
from analysis_lib.studies.leukemia_classical import lineup
from analysis_lib.studies.leukemia_classical import steps as classical_steps
from analysis_lib.studies.leukemia_network import facts as network
from analysis_lib.studies.leukemia_network import steps as network_steps
from analysis_lib.studies.leukemia_report import ASIDE
from tests import study_runs
from tests.lookup_tables import HOSTILE


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.setenv(results.FOLDER_VARIABLE, str(tmp_path))
    return tmp_path


def hostile(names):
    """Return names of which the first act, or are mistaken for something else."""
    return [*HOSTILE, *list(names)[len(HOSTILE) :]]


def column(facts, label):
    """Return one of the numbers of all genes, NaN where there is none."""
    return np.array(facts.numbers[facts.labels.index(label)], dtype=float)


# Differential expression


def test_dge_has_every_gene_of_the_table_with_its_call(run):
    study = study_runs.dge()[0]
    dge.save(study)
    facts = results.load_genes(run)
    assert facts.gene == study.genes["name"].tolist()
    assert facts.role == study.genes["call"].tolist()
    assert len(facts.chosen) == study.calls["up"] + study.calls["down"] == 103
    assert facts.words == "Called up or down: p < 0.05 and |log2 fold change| > 1."
    assert facts.labels == ["log2 fold change", "p", "mean expression"]
    np.testing.assert_allclose(column(facts, "p"), study.genes["pvalue"], rtol=5e-4)


def test_dge_gives_adjusted_values_and_what_was_not_tested(run):
    study = study_runs.dge()[0]
    genes = study.genes.assign(padj=study.genes["pvalue"])
    genes.loc[:2, ["call", "logFC"]] = "not tested", np.nan
    params = study.params.model_copy(update={"p_value": "adjusted", "p_threshold": 0.01})
    log = replace(study.table, log_mean=True)
    dge.save(replace(study, genes=genes, p="padj", params=params, table=log))
    facts = results.load_genes(run)
    assert facts.role[:3] == ["not tested"] * 3
    assert facts.numbers[0][:3] == [None] * 3
    assert facts.labels[2:] == ["adjusted p", "mean expression (log2)"]
    assert facts.words.startswith("Called up or down: adjusted p < 0.01")


def test_dge_leaves_hostile_names_as_they_are(run):
    study = study_runs.dge()[0]
    names = hostile(study.genes["name"])
    dge.save(replace(study, genes=study.genes.assign(name=pd.Series(names, dtype=object))))
    assert results.load_genes(run).gene == names


def test_a_run_of_dge_leaves_facts_and_methods(run):
    study, rows, found = study_runs.dge()
    best = found.best("without leaking")
    names = ("genes_up", "genes_down", f"accuracy_{best}_honest")
    dge_words.save(study, found, rows, {name: {"label": name, "value": 1} for name in names})
    assert (run / "genes.json").exists()
    assert len(results.load_json(run, "metrics")["methods"]) >= 5


# Leukemia


def test_the_network_knows_its_inputs_by_their_f_statistic(run):
    patients, _, choice = study_runs.network()
    network.save(patients, choice)
    facts = results.load_genes(run)
    assert facts.gene == list(patients.X)
    k = choice.pipeline["genes"].k
    assert len(facts.chosen) == k
    f = column(facts, "F statistic among the training patients")
    rest = np.setdiff1d(np.arange(len(f)), facts.chosen)
    assert f[facts.chosen].min() >= f[rest].max() if len(rest) else True
    assert {facts.role[i] for i in facts.chosen} == {"input of every network"}
    assert {facts.role[i] for i in rest} <= {"input, but not of the regularised network"}
    assert f"the {k:,} genes" in facts.words


def test_genes_that_a_filter_set_aside_are_there_all_the_same(run):
    patients = study_runs.own_patients(
        network_steps, {**study_runs.NETWORK, "missing": "drop"}, gaps=12
    )
    choice = network_steps.regularise(patients, patients.params)
    network.save(patients, choice)
    facts = results.load_genes(run)
    assert len(facts.gene) == 120
    aside = {gene for gene, role in zip(facts.gene, facts.role, strict=True) if role == ASIDE}
    assert aside == set(facts.gene) - set(patients.X)
    assert len(aside) >= 5
    assert not aside & facts.chosen_genes
    nothing = np.isnan(column(facts, facts.labels[0]))
    assert {gene for gene, none in zip(facts.gene, nothing, strict=True) if none} == aside


def test_the_classical_study_says_how_often_a_gene_was_chosen(run):
    patients, _, stability = study_runs.classical()
    classical.save(patients, patients.params, stability)
    facts = results.load_genes(run)
    assert facts.gene == list(patients.X)
    share = stability.set_index("gene")["share"]
    assert len(facts.chosen) == (share >= 0.9).sum() > 0
    draws = patients.params.resamples
    for gene, role in zip(facts.gene, facts.role, strict=True):
        times = round(share.get(gene, 0.0) * draws)
        said = f"chosen in {times} of {draws} draws" if times else "chosen in no draw"
        assert role == said
    assert "in at least nine of ten of 20 draws" in facts.words


def test_the_count_of_stable_genes_is_the_metric(run):
    from analysis_lib.studies.leukemia_classical import numbers

    patients, _, stability = study_runs.classical()
    classical.save(patients, patients.params, stability)
    nothing = pd.DataFrame({"labels": [], "choice": [], "accuracy": []})
    quality = pd.DataFrame(columns=["method", "measure", "value", "low", "high"])
    null = type("Null", (), {"p_value": 0.5})()
    found = numbers.further(quality, stability, nothing, null)["stable_genes"]["value"]
    assert found == len(results.load_genes(run).chosen)


def test_signal_to_noise_is_that_of_the_vote_with_its_side():
    patients, _, stability = study_runs.classical()
    X, y = patients.part(patients.train)
    fifty = WeightedVoting(genes=50).fit(X.to_numpy(), y)
    every = classical.signal_to_noise(patients)
    np.testing.assert_allclose(every[X.columns[fifty.chosen_]], fifty.weights_)
    assert len(every) == X.shape[1]
    table = classical.genes(patients, patients.params, stability).set_index("gene")
    up = X[y == 1].mean() > X[y == 0].mean()
    assert ((table["weight"] > 0) == up).all()
    assert classical.labels(patients)["weight"].endswith("above 0 for treated")


def test_coefficients_are_those_of_the_page():
    patients, _, stability = study_runs.classical()
    table = classical.genes(patients, patients.params, stability).set_index("gene")
    shown, _ = classical_steps.influential(patients, patients.params)
    np.testing.assert_array_equal(table["coefficient"][shown["gene"]], shown["coefficient"])


def test_a_gene_that_never_varies_has_no_weight(run):
    patients, _, _ = study_runs.classical()
    X = patients.X.assign(G119=7.0)
    same = replace(patients, data=replace(patients.data, X=X), raw=X)
    stability = lineup.stability(same, patients.params)
    classical.save(same, patients.params, stability)
    facts = results.load_genes(run)
    at = facts.gene.index("G119")
    assert facts.role[at] == "chosen in no draw"
    assert [numbers[at] for numbers in facts.numbers] == [0, None, 0]


@pytest.mark.parametrize("study", ["network", "classical"])
def test_leukemia_leaves_hostile_names_as_they_are(run, study):
    patients, _, third = getattr(study_runs, study)()
    names = hostile(patients.X.columns)
    renamed = dict(zip(patients.X.columns, names, strict=True))
    genes = patients.data.genes.assign(gene=names, description=names)
    data = replace(patients.data, X=patients.X.rename(columns=renamed), genes=genes)
    other = replace(patients, data=data, everything=data)
    if study == "network":
        network.save(other, third)
    else:
        stability = third.assign(gene=third["gene"].map(renamed))
        classical.save(other, patients.params, stability)
    facts = results.load_genes(run)
    assert facts.gene == names
    assert facts.also == names


# Neurons


def test_ephys_has_every_model_with_its_scores(run):
    read, models = study_runs.ephys()
    ephys.save(read, models)
    facts = results.load_genes(run)
    assert facts.gene == models.genes["gene"].tolist()
    assert facts.also == models.genes["id"].tolist()
    assert facts.labels == ["R², held out", "RMSE, held out, log2(CPM + 1)", "q", "features kept"]
    np.testing.assert_allclose(column(facts, "q"), models.genes["q"], rtol=5e-4)
    assert 0 < len(facts.chosen) == models.genes["discovered"].sum() < len(facts.gene)
    roles = [ephys.ROLES[i in set(facts.chosen)] for i in range(len(facts.gene))]
    assert facts.role == roles
    assert "false-discovery rate of 0.05" in facts.words


def test_ephys_chooses_as_many_as_its_metrics_say(run):
    from analysis_lib.studies.ephys_lasso import learning

    read, models = study_runs.ephys()
    compared, found = learning.compare(read), learning.discover(read)
    told = ephys_numbers.metrics(read, compared, found, models, None)
    ephys_numbers.save(read, models, told, ["A sentence."])
    facts = results.load_genes(run)
    assert len(facts.chosen) == told["genes_predictable"]["value"]
    assert results.load_json(run, "metrics")["methods"]


def test_ephys_without_other_names_repeats_none(run):
    read, models = study_runs.ephys()
    names = hostile(models.genes["gene"])
    same = replace(models, genes=models.genes.assign(gene=names, id=names))
    ephys.save(read, same)
    facts = results.load_genes(run)
    assert facts.gene == names
    assert set(facts.also) == {""}


def test_geo_says_of_every_model_whether_its_gene_follows_the_lines(run):
    validation, pair, found = study_runs.geo()
    told = geo_numbers.metrics(validation, pair, found)
    geo_numbers.save(validation, pair, found, told, ["A sentence."])
    facts = results.load_genes(run)
    assert facts.gene == validation.models.genes["gene"].tolist()
    count = pd.Series(facts.role).value_counts()
    assert count[geo.FOLLOWS] == len(facts.chosen) == told["genes_following"]["value"]
    alike = count.get(geo.ALIKE, 0)
    assert count[[geo.FOLLOWS, geo.NOT]].sum() + alike == told["genes"]["value"]
    assert count[geo.NOT_COUNTED] == len(facts.gene) - pair.all_genes[0].shape[1]
    assert count.sum() == len(facts.gene)
    compared = ~np.isnan(column(facts, "q"))
    assert compared.sum() + alike == told["genes"]["value"]


def test_geo_of_all_genes_leaves_none_out_that_was_counted():
    validation, _, _ = study_runs.geo()
    params = validation.params.model_copy(update={"genes": "all"})
    every = replace(validation, params=params)
    pair = profiles.profiles(every)
    table = geo.genes(every, pair, profiles.answers(pair, every))
    assert geo.NOT_COMPARED not in set(table["role"])


def test_geo_names_a_gene_that_is_alike_in_all_lines():
    validation, pair, found = study_runs.geo()
    ranked = found.genes.table.copy()
    ranked.loc[0, ["rho", "p", "q"]] = np.nan
    some = replace(found, genes=replace(found.genes, table=ranked))
    table = geo.genes(validation, pair, some).set_index("gene")
    assert table["role"][ranked["gene"][0]] == geo.ALIKE
    assert not table["chosen"][ranked["gene"][0]]


def test_geo_knows_drivers_and_leaves_hostile_names_as_they_are(run):
    validation, pair, found = study_runs.geo()
    lines = list(pair.predicted.index)
    names = hostile(validation.models.genes["gene"])
    names[-1] = next(line for line in lines if "|" not in line and "-" not in line)
    models = replace(validation.models, genes=validation.models.genes.assign(gene=names))
    geo.save(replace(validation, models=models), pair, found)
    facts = results.load_genes(run)
    assert facts.gene == names
    assert names[-1] in facts.also[-1]
    assert facts.also[-1].startswith("drives ")

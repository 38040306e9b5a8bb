"""What a notebook leaves behind: where, under which names, in which form."""

import json
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis_lib import results
from analysis_lib.results import GeneFacts, load_genes, save_genes
from tests.lookup_tables import HOSTILE

LABELS = {"lfc": "log2 fold change", "p": "adjusted p"}
NUMBERS = st.floats(-1e300, 1e300) | st.sampled_from([math.nan, math.inf, -math.inf])
WORDS = "p < 0.05 and |log2 fold change| > 1"


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


def test_what_was_done_is_stored_as_it_was_said(run):
    said = ["Genes were tested [@benjamini1995] with [pkg:scipy]."]
    results.save_metrics({}, headline=[], glance=[], picture="roc", methods=said)
    assert results.load_json(run, "metrics")["methods"] == said


# What a run knows of every gene


def gene_table(genes=("Pvalb", "Sst"), **columns):
    count = len(genes)
    given = {
        "gene": pd.Series(list(genes), dtype=object),
        "also": [""] * count,
        "role": ["up"] * count,
        "chosen": np.arange(count) % 2 == 0,
        "lfc": np.linspace(-1, 1, count),
        "p": np.linspace(0, 1, count),
        **columns,
    }
    return pd.DataFrame(given)


def document(**parts):
    return {
        "words": WORDS,
        "labels": ["p"],
        "gene": ["Pvalb", "Sst"],
        "also": ["", ""],
        "role": ["up", "down"],
        "chosen": [1],
        "numbers": [[0.01, None]],
        **parts,
    }


def test_a_run_without_genes_has_none(tmp_path):
    assert load_genes(tmp_path) is None


def test_without_a_run_genes_are_checked_and_not_stored(monkeypatch, tmp_path):
    monkeypatch.delenv(results.FOLDER_VARIABLE, raising=False)
    monkeypatch.chdir(tmp_path)
    save_genes(gene_table(), words=WORDS, labels=LABELS)
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(ValueError, match="more than once: Pvalb"):
        save_genes(gene_table(["Pvalb", "Pvalb"]), words=WORDS, labels=LABELS)


@given(
    st.lists(st.text(min_size=1).filter(str.strip), unique=True, min_size=1, max_size=20),
    st.data(),
)
def test_genes_come_back_as_they_were(tmp_path_factory, names, data):
    count = len(names)
    many = {"min_size": count, "max_size": count}
    also = data.draw(st.lists(st.text(), **many))
    role = data.draw(st.lists(st.text(max_size=results.LONGEST_ROLE), **many))
    chosen = np.array(data.draw(st.lists(st.booleans(), **many)), dtype=bool)
    numbers = np.array(data.draw(st.lists(NUMBERS, **many)), dtype=float)
    table = pd.DataFrame({"gene": names, "also": also, "role": role}, dtype=object)
    table = table.assign(chosen=chosen, lfc=numbers, rank=np.arange(count))
    folder = tmp_path_factory.mktemp("run")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(results.FOLDER_VARIABLE, str(folder))
        save_genes(table, words=WORDS, labels={"rank": "rank", "lfc": "log2 fold change"})
    facts = load_genes(folder)
    assert (facts.gene, facts.also, facts.role, facts.words) == (names, also, role, WORDS)
    assert facts.labels == ["rank", "log2 fold change"]
    assert facts.chosen_genes == {name for name, yes in zip(names, chosen, strict=True) if yes}
    assert facts.numbers[0] == list(range(count))
    for stored, value in zip(facts.numbers[1], numbers, strict=True):
        assert stored == pytest.approx(value, rel=5e-4) if math.isfinite(value) else stored is None


@pytest.mark.parametrize("name", HOSTILE, ids=range(len(HOSTILE)))
def test_a_hostile_gene_is_stored_unchanged(run, name):
    save_genes(gene_table([name, "Sst"], also=[name, ""]), words=name, labels={"p": name})
    facts = load_genes(run)
    assert (facts.gene[0], facts.also[0], facts.words, facts.labels) == (name, name, name, [name])


def test_counts_stay_exact_and_missing_numbers_are_null(run):
    counts = pd.array([123456, None], dtype="Int64")
    save_genes(gene_table(n=[123456, 1], m=counts), words="", labels={"n": "n", "m": "m"})
    assert load_genes(run).numbers == [[123456, 1], [123500, None]]


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"gene": ["Sst", "Sst"]}, "more than once: Sst"),
        ({"gene": ["Sst", " "]}, "has no name"),
        ({"gene": ["Sst", None]}, "gene does not hold texts"),
        ({"gene": [1, 2]}, "gene does not hold texts"),
        ({"gene": pd.Series(["Sst", "\ud800"], dtype=object)}, "half a character"),
        ({"also": ["", float("nan")]}, "also does not hold texts"),
        ({"role": ["up", "x" * 61]}, "longer than 60 characters: x"),
        ({"chosen": [0, 1]}, "chosen is not true or false"),
        ({"chosen": pd.array([True, None], dtype="boolean")}, "chosen is not true or false"),
        ({"p": ["0.1", "0.2"]}, "p holds no numbers"),
        ({"p": [True, False]}, "p holds no numbers"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_genes_that_do_not_fit_are_refused(run, columns, message):
    with pytest.raises(ValueError, match=message):
        save_genes(gene_table(**columns), words=WORDS, labels=LABELS)
    assert list(run.iterdir()) == []


def test_no_gene_at_all_is_refused(run):
    with pytest.raises(ValueError, match="there is no gene"):
        save_genes(gene_table().head(0), words=WORDS, labels=LABELS)


@pytest.mark.parametrize("column", ["gene", "also", "role", "chosen", "p"])
def test_a_missing_column_is_named(run, column):
    with pytest.raises(ValueError, match=f"no column {column}"):
        save_genes(gene_table().drop(columns=column), words=WORDS, labels=LABELS)


@pytest.mark.parametrize(
    "part",
    [
        {"words": None},
        {"labels": "p"},
        {"labels": []},
        {"labels": [1]},
        {"gene": ["Sst", "Sst"]},
        {"gene": ["Sst"]},
        {"gene": {"Sst": 1, "Pvalb": 2}},
        {"also": [""]},
        {"also": None},
        {"role": ["up", 1]},
        {"chosen": [2]},
        {"chosen": [-1]},
        {"chosen": [True]},
        {"chosen": {"0": 1}},
        {"chosen": ["Sst"]},
        {"chosen": [1, 1]},
        {"numbers": [[0.01]]},
        {"numbers": [["0.01", None]]},
        {"numbers": [[True, None]]},
        {"numbers": [[float("inf"), None]]},
        {"numbers": [[float("nan"), None]]},
        {"numbers": {"p": [1, 2]}},
        {"strange": 1},
    ],
    ids=str,
)
def test_a_damaged_file_of_genes_is_told(tmp_path, part):
    (tmp_path / "genes.json").write_text(json.dumps(document()))
    assert load_genes(tmp_path) == GeneFacts(**document())
    (tmp_path / "genes.json").write_text(json.dumps(document(**part)))
    with pytest.raises(ValueError, match=r"\w"):
        load_genes(tmp_path)


@pytest.mark.parametrize("content", ["", "{", "[]", "null", "1", "{}", "\x00"])
def test_a_file_that_is_no_document_of_genes_is_told(tmp_path, content):
    (tmp_path / "genes.json").write_text(content)
    with pytest.raises(ValueError, match=r"\w"):
        load_genes(tmp_path)

"""Your own tables, either way round; which genes stay; and new samples for a kept model."""

import gzip

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analysis_lib.datasets import expression, golub, golub_simulator
from analysis_lib.datasets.expression import own, prepared, read_samples, transformed
from analysis_lib.datasets.identifiers import counted, examples
from analysis_lib.errors import ParameterError, TableError
from analysis_lib.tables import write_table
from tests.table_files import write

SAMPLES = ["P1", "P2", "P3", "P4", "P5"]
GENES = ["TP53", "NA", "1E5", "SEPT2"]
VALUES = np.array(
    [
        [120.5, -3.0, 900.0, 1e5],
        [80.0, 4.0, 850.0, 7.0],
        [99.0, 5.0, 16_001.0, 8.0],
        [1e3, 6.0, 100.0, 9.0],
        [2e3, 7.0, 101.0, 0.0],
    ]
)
WORDS = ["one, two", "two", "three", ""]
LABELS = "sample,label\nP1,relapse\nP2,cured\nP3,relapse\nP4,cured\nP5,cured\n"


def by_sample(values=VALUES, samples=SAMPLES, genes=GENES):
    """Samples in rows."""
    frame = pd.DataFrame(values, columns=genes)
    frame.insert(0, "id", samples)
    return frame


def by_gene(values=VALUES, samples=SAMPLES, genes=GENES, **leading):
    """Genes in rows, after columns that describe them."""
    frame = pd.DataFrame(np.transpose(values), columns=samples)
    for place, (name, cells) in enumerate({"gene": genes, **leading}.items()):
        frame.insert(place, name, cells)
    return frame


def described(frame, first, words=WORDS):
    """Put a column headed as in the published tables before the genes or behind them."""
    place = 0 if first else 1
    names = [*frame.columns[:place], "Gene Description", *frame.columns[place:]]
    return frame.assign(**{"Gene Description": words})[names]


@pytest.fixture
def tables(tmp_path):
    """Write an expression table and a label table."""

    def written(frame, labels=LABELS):
        if isinstance(frame, pd.DataFrame):
            write_table(frame, tmp_path / "values.csv")
        else:
            write(tmp_path, frame, "values.csv")
        return tmp_path / "values.csv", write(tmp_path, labels, "labels.csv")

    return written


def data(X=VALUES, calls=None, genes=GENES):
    """Return samples of two classes as `prepared` takes them."""
    X = pd.DataFrame(np.asarray(X, float), [f"S{i}" for i in range(len(X))], genes)
    flags = None if calls is None else pd.DataFrame([list(c) for c in calls], X.index, X.columns)
    labels = pd.Series(["a", "b"] * len(X), dtype="str")[: len(X)].set_axis(X.index)
    part = pd.Series("", X.index)
    about = pd.DataFrame({"gene": genes, "description": "", "row": range(1, len(genes) + 1)})
    return expression.Expression(X, labels, part, about, flags, ("first",))


# Your own tables


@pytest.mark.parametrize(
    ("frame", "samples", "genes"),
    [
        (by_sample(), "rows", "columns"),
        (by_gene(), "columns", "rows"),
        (by_gene(words=["a, b", 'say "c"', "", "d"]), "columns", "rows"),
    ],
    ids=["samples in rows", "genes in rows", "with words"],
)
def test_either_way_round_is_the_same_table_and_said(tables, frame, samples, genes):
    found = own(*tables(frame))
    assert found.X.index.tolist() == SAMPLES
    assert found.X.columns.tolist() == GENES
    np.testing.assert_array_equal(found.X.to_numpy(), VALUES)
    assert found.genes["gene"].tolist() == GENES
    assert found.genes["row"].tolist() == [1, 2, 3, 4]
    assert found.labels.tolist() == ["relapse", "cured", "relapse", "cured", "cured"]
    assert found.part.tolist() == [""] * 5
    assert found.calls is None
    assert found.classes == ("cured", "relapse")
    assert found.y.tolist() == [1, 0, 1, 0, 0]
    assert f"samples in the {samples} and its genes in the {genes}" in found.notes[0]


@pytest.mark.parametrize(
    "frame",
    [
        by_gene(about=WORDS),
        by_gene().rename(columns={"gene": "probe"}).pipe(described, first=True),
        by_gene().pipe(described, first=False),
        by_gene().pipe(described, first=False, words=["1", "2", "3", "4"]),
    ],
    ids=["words after the gene", "description first", "after", "in numbers"],
)
def test_descriptions_are_kept(tables, frame):
    found = own(*tables(frame))
    assert found.genes["gene"].tolist() == GENES
    assert found.genes["description"].tolist() in (WORDS, ["1", "2", "3", "4"])
    np.testing.assert_array_equal(found.X.to_numpy(), VALUES)


def test_labels_are_joined_by_name_and_never_by_position(tables):
    moved = by_sample().iloc[[4, 2, 0, 1, 3]]
    found = own(*tables(moved))
    assert found.X.index.tolist() == ["P5", "P3", "P1", "P2", "P4"]
    assert found.labels.tolist() == ["cured", "relapse", "relapse", "cured", "cured"]
    assert found.labels.index.equals(found.X.index)
    assert found.part.index.equals(found.X.index)


@pytest.mark.parametrize(
    "labels",
    [
        LABELS,
        LABELS.replace("sample,label", "who,what"),
        LABELS.replace("sample,label", " Sample , LABEL "),
        LABELS.replace(",", "\t"),
        "label,age,sample\nrelapse,4,P1\ncured,5,P2\nrelapse,6,P3\ncured,7,P4\ncured,8,P5\n",
        "label,who\nrelapse,P1\ncured,P2\nrelapse,P3\ncured,P4\ncured,P5\n",
        "sample,label\nP5,cured\n P3 , relapse\nP1,relapse \nP2,cured\n P4,cured\n",
    ],
    ids=["named", "other names", "loosely named", "tab", "by name", "one named", "moved, blanks"],
)
def test_label_tables_as_people_have_them(tables, labels):
    found = own(*tables(by_sample(), labels))
    assert found.labels.tolist() == ["relapse", "cured", "relapse", "cured", "cured"]


def test_a_part_may_be_given(tables):
    labels = "sample,part,label\nP1,train,a\nP2, Train,b\nP3,test,a\nP4,train,b\nP5,TEST,b\n"
    found = own(*tables(by_gene(), labels))
    assert found.part.tolist() == ["train", "train", "test", "train", "test"]
    assert found.labels.tolist() == ["a", "b", "a", "b", "b"]


def test_calls_beside_the_samples_are_kept(tables):
    text = "gene,P1,call,P2,call,P3,call,P4,call,P5,call\nA,1,P,2,A,3,M,4, P ,5,A\n"
    found = own(*tables(text))
    assert found.calls["A"].tolist() == ["P", "A", "M", "P", "A"]
    assert found.calls.index.equals(found.X.index)
    assert found.X["A"].tolist() == [1, 2, 3, 4, 5]


def test_blanks_around_names_do_not_count(tables):
    found = own(*tables("gene, P1,P2 ,P3,P4,P5\n A ,1,2,3,4,5\n"))
    assert found.X.loc["P2", "A"] == 2


def test_packed_and_parquet_tables(tables, tmp_path):
    values, labels = tables(by_gene(words=list("wxyz")))
    packed = tmp_path / "values.tsv.gz"
    packed.write_bytes(gzip.compress(values.read_bytes().replace(b",", b"\t")))
    parquet = tmp_path / "values.parquet"
    by_gene(words=list("wxyz")).to_parquet(parquet)
    for path in (packed, parquet):
        pd.testing.assert_frame_equal(own(path, labels).X, own(values, labels).X)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.data())
def test_turning_and_moving_a_table_changes_nothing(tables, draw):
    samples = draw.draw(st.permutations(range(5)))
    genes = draw.draw(st.permutations(range(4)))
    values = VALUES[np.ix_(samples, genes)]
    names = [SAMPLES[i] for i in samples], [GENES[i] for i in genes]
    for frame in (by_sample(values, *names), by_gene(values, *names)):
        found = own(*tables(frame))
        pd.testing.assert_frame_equal(
            found.X.loc[SAMPLES, GENES], own(*tables(by_sample())).X, check_names=False
        )
        assert found.labels[SAMPLES].tolist() == ["relapse", "cured", "relapse", "cured", "cured"]


# What is made of them


def test_the_published_transform():
    X = pd.DataFrame({"a": [-50.0, 100.0, 1e3], "b": [16_000.0, 1e9, np.nan]})
    logs = transformed(X, "log10")
    assert logs["a"].tolist() == [2.0, 2.0, 3.0]
    assert logs["b"].tolist()[:2] == [np.log10(16_000)] * 2
    assert np.isnan(logs["b"][2])
    assert logs.index.equals(X.index)
    pd.testing.assert_frame_equal(transformed(X, "raw"), X)


def test_nothing_asked_is_nothing_changed():
    before = data()
    after = prepared(before, transform="raw")
    pd.testing.assert_frame_equal(after.X, before.X)
    assert after.notes == before.notes


def test_controls_are_left_out_by_name():
    genes = ["AFFX-BioB-5_at", "TP53", "AFFX-", "XAFFX-1"]
    found = prepared(data(genes=genes), transform="raw", drop_controls=True)
    assert found.X.columns.tolist() == ["TP53", "XAFFX-1"]
    assert found.genes["gene"].tolist() == ["TP53", "XAFFX-1"]
    assert found.genes["row"].tolist() == [2, 4]
    assert found.genes.index.tolist() == [0, 1]
    assert found.notes == ("first", "2 genes are left out: controls of the array (AFFX-…).")


CALLS = ["PPAM", "PAAM", "PPAP", "APPA", "AAPA"]


@pytest.mark.parametrize(
    ("least", "judged", "kept"),
    [
        (1, None, GENES),
        (2, None, ["TP53", "NA", "1E5"]),
        (3, None, ["TP53", "NA"]),
        (2, [0, 1, 2], ["TP53", "NA"]),
        (3, [0, 1, 2], ["TP53"]),
        (1, [3, 4], ["NA", "1E5"]),
    ],
)
def test_genes_are_kept_that_are_present_in_the_samples_judged_on(least, judged, kept):
    found = prepared(
        data(calls=CALLS),
        transform="raw",
        min_present=least,
        judged_on=None if judged is None else np.array(judged),
    )
    assert found.X.columns.tolist() == kept
    assert found.calls.columns.tolist() == kept
    assert found.genes["gene"].tolist() == kept
    if len(kept) < 4:
        rest = f"fewer than {least} of {len(judged or SAMPLES)} samples."
        assert found.notes[-1].endswith(rest)


def with_gaps():
    X = VALUES.copy()
    X[0, 1] = X[1, 1] = X[4, 3] = np.nan
    return X


def test_missing_values_are_refused_and_named():
    with pytest.raises(TableError, match="3 values are missing, in 2 genes of 4") as error:
        prepared(data(with_gaps()), transform="raw")
    assert error.value.got == "sample S0, gene NA; sample S1, gene NA; sample S4, gene SEPT2"
    assert "drop" in error.value.remedy
    assert "impute" in error.value.remedy
    X = np.full((5, 4), np.nan)
    with pytest.raises(TableError, match="20 values") as error:
        prepared(data(X), transform="raw")
    assert error.value.got.endswith("; and 17 more")


def test_genes_with_missing_values_are_dropped_and_counted():
    found = prepared(data(with_gaps()), transform="log10", missing="drop")
    assert found.X.columns.tolist() == ["TP53", "1E5"]
    assert found.notes[1:] == ("2 genes are left out: a value is missing.",)


def test_missing_values_are_left_to_the_folds_and_said():
    found = prepared(data(with_gaps()), transform="log10", missing="impute")
    assert np.isnan(found.X.to_numpy()).sum() == 3
    (note,) = found.notes[1:]
    assert note.startswith("3 values are missing, in 2 genes: filled with the median")


def test_a_gene_no_training_sample_has_cannot_be_filled():
    found = prepared(
        data(with_gaps()), transform="raw", missing="impute", judged_on=np.array([0, 1])
    )
    assert found.X.columns.tolist() == ["TP53", "1E5", "SEPT2"]
    assert found.notes[1] == "1 gene is left out: no sample to train on has a value."
    assert found.notes[2].startswith("1 value is missing, in 1 gene:")


def test_a_missing_value_in_a_gene_that_is_left_out_is_no_matter():
    genes = ["TP53", "AFFX-1", "1E5", "AFFX-2"]
    found = prepared(data(with_gaps(), genes=genes), transform="raw", drop_controls=True)
    assert not found.X.isna().any(axis=None)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"min_present": 2}, ["by their calls", "the table has none", "min_present"]),
        ({"min_present": 6, "calls": CALLS}, ["in so many samples", "0 to 5", "6"]),
        ({"min_present": -1, "calls": CALLS}, ["in so many samples", "-1"]),
        ({"min_present": 5, "calls": CALLS}, ["No gene is left", "fewer than 5", "min_present"]),
        ({"drop_controls": True, "genes": [f"AFFX-{i}" for i in range(4)]}, ["drop_controls"]),
        ({"missing": "drop", "X": np.full((5, 4), np.nan)}, ["No gene is left", "missing"]),
        ({"transform": "log10", "X": VALUES / 1e4}, ["No value is above 100", "log scale"]),
    ],
    ids=["no calls", "too many", "negative", "none", "controls only", "gaps only", "logs"],
)
def test_what_cannot_be_asked(options, words):
    made = {key: options.pop(key) for key in ("X", "calls", "genes") if key in options}
    with pytest.raises(ParameterError) as error:
        prepared(data(**made), **({"transform": "raw"} | options))
    for word in words:
        assert word in str(error.value)
    assert error.value.remedy


def test_what_was_prepared_is_a_copy():
    before = data(calls=CALLS)
    prepared(before, transform="log10", min_present=2, drop_controls=True)
    np.testing.assert_array_equal(before.X.to_numpy(), VALUES)
    assert before.genes["gene"].tolist() == GENES


# New samples


@pytest.mark.parametrize(
    "frame",
    [
        by_sample(),
        by_gene(),
        by_gene(words=list("wxyz")),
        by_sample().assign(sex="f"),
        by_gene(np.c_[VALUES, VALUES[:, :1]], genes=[*GENES, "OTHER"]),
    ],
    ids=["samples in rows", "genes in rows", "with words", "a column of words", "more genes"],
)
def test_new_samples_have_exactly_the_genes_of_the_model(tables, frame):
    path, _ = tables(frame)
    wanted = ["SEPT2", "TP53", "NA"]
    found, _ = read_samples(path, wanted)
    assert found.index.tolist() == SAMPLES
    assert found.columns.tolist() == wanted
    np.testing.assert_array_equal(found.to_numpy(), VALUES[:, [3, 0, 1]])


def test_one_new_sample_is_enough(tables):
    path, _ = tables(by_gene(VALUES[:1], SAMPLES[:1]))
    assert read_samples(path, GENES)[0].shape == (1, 4)
    path, _ = tables(by_sample(VALUES[:1], SAMPLES[:1]))
    assert read_samples(path, GENES)[0].shape == (1, 4)


def test_a_simulated_file_serves_as_new_samples(tmp_path):
    files = golub_simulator.simulate(tmp_path, n_genes=60)
    known = golub.load(*files).X
    found, _ = read_samples(files[1], known.columns.tolist())
    pd.testing.assert_frame_equal(found, known.loc[found.index])


@pytest.mark.parametrize(
    ("frame", "genes", "words"),
    [
        (by_sample(), [*GENES, "B1", "B2", "B3", "B4"], ["4 genes are missing, of the 8", "'B1'"]),
        (by_gene(), [*GENES, "B1"], ["1 gene is missing, of the 5", "'B1'", "4 of them"]),
        (by_gene(), ["X", "Y", "Z", "W"], ["4 genes are missing", "'X', 'Y', 'Z' and 1 more"]),
        (by_gene(), ["X"], ["rows called 'TP53', 'NA', '1E5' and 1 more; columns called 'gene'"]),
        (by_sample()[GENES], GENES, ["should name the samples, and is a gene", "'TP53'"]),
        (by_gene()[["gene"]], GENES, ["genes and no sample", "'gene'"]),
        (by_gene(with_gaps()), GENES, ["3 values are missing", "sample P1, gene NA"]),
        (by_sample(samples=["a", "b", "a", "b", "c"]), GENES, ["2 samples stand more", "'a' (2"]),
        (
            by_sample(samples=["a", "", " ", "b", "c"]),
            GENES,
            ["2 samples have no name", "row 2, 3"],
        ),
        (by_sample(genes=["TP53", "B", "C", "D"]), ["TP53", "B", "E"], ["1 gene is", "'E'"]),
    ],
    ids=[
        "rows",
        "columns",
        "none",
        "what is seen",
        "no names",
        "no sample",
        "gaps",
        "twice",
        "unnamed",
        "some",
    ],
)
def test_new_samples_that_do_not_fit_the_model(tables, frame, genes, words):
    path, _ = tables(frame)
    with pytest.raises(TableError) as error:
        read_samples(path, genes)
    for word in words:
        assert word in str(error.value), str(error.value)
    assert str(path) in error.value.where


def test_a_model_that_fills_gaps_may_get_them(tables):
    path, _ = tables(by_gene(with_gaps()))
    assert read_samples(path, GENES, allow_missing=True)[0].isna().sum().sum() == 3


def test_a_first_sample_without_any_value_is_not_taken_for_words(tables):
    path, _ = tables("gene,P1,P2\nA,,1\nB,NA,2\n")
    with pytest.raises(TableError, match="2 values are missing"):
        read_samples(path, ["A", "B"])


# Words


def test_numbers_and_examples_in_words():
    assert counted(0, "gene", "is") == "0 genes are"
    assert counted(1, "name") == "1 name"
    assert examples([]) == ""
    assert examples(["a"]) == "'a'"

"""Rows 17, 19, 20: labels paired by position, classes by spelling, tables the wrong way round."""

from functools import partial

import pytest

from analysis_lib.datasets.expression import own
from analysis_lib.errors import TableError
from tests.table_files import write

SAMPLES = [f"P{i}" for i in range(1, 9)]


@pytest.fixture
def table(tmp_path):
    return partial(write, tmp_path)


def values(samples=SAMPLES, genes=("A", "B"), value="1"):
    """Genes in rows."""
    head = ",".join(["gene", *samples])
    return "\n".join([head, *(",".join([gene, *[value] * len(samples)]) for gene in genes)]) + "\n"


def turned(text):
    """Samples in rows."""
    columns = zip(*(line.split(",") for line in text.splitlines()), strict=True)
    return "\n".join(",".join(column) for column in columns) + "\n"


def labels(pairs=None):
    pairs = pairs or [(name, "ab"[i % 2]) for i, name in enumerate(SAMPLES)]
    return "sample,label\n" + "".join(f"{name},{label}\n" for name, label in pairs)


def refused(expression, told, *parts):
    """Read both tables, expect an error of at most five lines with all the parts."""
    with pytest.raises(TableError) as caught:
        own(expression, told)
    message = str(caught.value)
    for part in parts:
        assert part in message, message
    assert 1 < len(message.splitlines()) <= 5
    assert caught.value.where
    assert caught.value.remedy
    return caught.value


EITHER_WAY = pytest.mark.parametrize("way", [str, turned], ids=["genes in rows", "turned"])


@EITHER_WAY
def test_samples_without_a_label(table, way):
    """Before: labels joined by position paired each sample with its neighbour's."""
    error = refused(
        table(way(values())),
        table(labels([(name, "ab"[i % 2]) for i, name in enumerate(SAMPLES[:4])]), "labels.csv"),
        "do not match one to one",
    )
    assert error.got == "4 without a label ('P5', 'P6', 'P7' and 1 more)"


@EITHER_WAY
def test_labels_without_a_sample(table, way):
    """Before: an inner join dropped them and said nothing."""
    error = refused(table(way(values(SAMPLES[:4]))), table(labels(), "labels.csv"))
    assert error.got == "4 labelled but not in the expression table ('P5', 'P6', 'P7' and 1 more)"


@EITHER_WAY
def test_both_are_told_at_once(table, way):
    error = refused(table(way(values([*SAMPLES[:7], "X"]))), table(labels(), "labels.csv"))
    assert error.got == "1 without a label ('X'); 1 labelled but not in the expression table ('P8')"


def test_numbers_do_not_join_to_texts(table):
    """Before: sample 1 of the labels and sample `1` of the header joined to nothing."""
    samples = [str(i) for i in range(1, 9)]
    told = labels([(name, "ab"[i % 2]) for i, name in enumerate(samples)])
    found = own(table(values(samples)), table(told, "labels.csv"))
    assert found.labels.tolist() == list("abababab")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            values([*SAMPLES, "P1", "P2", "P2"]),
            ["2 columns stand more than once", "'P2' (3 times)"],
        ),
        (
            turned(values([*SAMPLES, "P1", "P2", "P3", "P4"])),
            ["4 samples stand more than once", "'P3' (2 times) and 1 more"],
        ),
        (values(genes=["A", "B", "A"]), ["1 gene stands more than once", "'A' (2 times)"]),
        (turned(values(genes=["A", "B", "A"])), ["1 column stands more than once", "'A'"]),
        (values(genes=["A", ""]), ["1 gene has no name", "row 2"]),
    ],
    ids=["samples", "samples, turned", "genes", "genes, turned", "no name"],
)
def test_repeated_and_empty_names(table, text, words):
    """Before: a patient who stood twice was in the training and in the test part."""
    refused(table(text), table(labels(), "labels.csv"), *words)


def test_who_is_who_is_settled_before_a_value_is_read(table):
    text = turned(values([*SAMPLES, "P1"])).replace("P2,1", "P2,high")
    refused(table(text), table(labels(), "labels.csv"), "1 sample stands more than once")
    text = turned(values(SAMPLES[:7])).replace("P2,1", "P2,high")
    refused(table(text), table(labels(), "labels.csv"), "do not match one to one")


def test_a_sample_labelled_twice(table):
    """Before: the join multiplied its rows."""
    pairs = [*((name, "ab"[i % 2]) for i, name in enumerate(SAMPLES)), ("P1", "a"), ("P1 ", "b")]
    error = refused(table(values()), table(labels(pairs), "labels.csv"))
    assert (error.what, error.got) == ("1 sample stands more than once.", "'P1' (3 times)")


@pytest.mark.parametrize("empty", ["", " ", "NA", "nan"])
def test_samples_whose_label_is_empty(table, empty):
    """Before: the missing label became a class called nan."""
    pairs = [(name, empty if i > 3 else "ab"[i % 2]) for i, name in enumerate(SAMPLES)]
    error = refused(table(values()), table(labels(pairs), "labels.csv"), "4 samples have no label")
    assert error.got == "'P5', 'P6', 'P7' and 1 more"


@pytest.mark.parametrize("other", ["aml", "AML  x", " Aml "])
def test_two_spellings_of_a_class(table, other):
    """Before: ` AML`, `AML` and `aml` made three classes."""
    names = ["AML x" if "x" in other else "AML", other, "ALL", "ALL"]
    pairs = [(name, names[i % 4]) for i, name in enumerate(SAMPLES)]
    error = refused(table(values()), table(labels(pairs), "labels.csv"), "more than one way")
    assert "(2 samples)" in error.got


def test_blanks_around_a_label_make_no_class(table):
    pairs = [(name, ["a ", " b", "a", "b"][i % 4]) for i, name in enumerate(SAMPLES)]
    assert own(table(values()), table(labels(pairs), "labels.csv")).classes == ("a", "b")


@pytest.mark.parametrize(
    ("classes", "got"),
    [("a", "'a' 8"), ("aab", None), ("abc", "'a' 3, 'b' 3, 'c' 2"), ("abcd", "and 1 more")],
    ids=["one", "two", "three", "four"],
)
def test_other_than_two_classes(table, classes, got):
    """Before: models were fitted on one class, or on three of which one was a spelling."""
    pairs = [(name, classes[i % len(classes)]) for i, name in enumerate(SAMPLES)]
    paths = table(values()), table(labels(pairs), "labels.csv")
    if got is None:
        assert own(*paths).classes == ("a", "b")
    else:
        assert got in refused(*paths, f"the labels have {len(classes)}").got


@EITHER_WAY
def test_a_word_among_the_values(table, way):
    """Before: one word made a column of text, and a scaler failed pages later."""
    text = values().replace("B,1,1", "B,1,high")
    column = "line 3, column 'P2'" if way is str else "line 3, column 'B'"
    refused(table(way(text)), table(labels(), "labels.csv"), column, "'high'")


def test_a_column_of_words_among_genes(table):
    text = turned(values()).replace("gene,A,B", "gene,A,sex").replace(",1\n", ",f\n")
    refused(table(text), table(labels(), "labels.csv"), "line 2, column 'sex'", "'f'")


def test_tables_that_have_no_name_in_common(table):
    """Before: transposed by a parameter that was wrong, samples became genes."""
    error = refused(table(values(["x1", "x2", "x3", "x4"])), table(labels(), "labels.csv"))
    assert error.what.startswith("None of the 8 samples")
    assert error.expected == "samples called 'P1', 'P2', 'P3' and 5 more"
    assert error.got == "rows called 'A', 'B'; columns called 'x1', 'x2', 'x3' and 1 more"


def test_names_found_both_ways(table):
    error = refused(table(values(genes=["P1", "P2"])), table(labels(), "labels.csv"), "both tables")
    assert error.got == "rows called 'P1', 'P2'; columns called 'P1', 'P2', 'P3' and 5 more"


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        (["train", "test", "", "valid", "?", "x", "train", "test"], ["4 samples are", "'P3: '"]),
        (["train"] * 8, ["No sample is in the part 'test'", "8 samples, all train"]),
    ],
)
def test_parts_that_do_not_tell_who_is_held_out(table, parts, words):
    rows = [f"{n},{'ab'[i % 2]},{parts[i]}" for i, n in enumerate(SAMPLES)]
    told = "\n".join(["sample,label,part", *rows]) + "\n"
    refused(table(values()), table(told, "labels.csv"), *words)


@pytest.mark.parametrize(
    "text", ["sample\nP1\nP2\n", "sample,part\nP1,train\n", "label,part\na,train\n"]
)
def test_a_label_table_without_labels_or_samples(table, text):
    refused(table(values()), table(text, "labels.csv"), "needs two columns", "its class")


def test_a_label_for_a_sample_without_a_name(table):
    refused(
        table(values()), table(labels() + ",a\n", "labels.csv"), "1 sample has no name", "row 9"
    )


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("gene,P1,call,P2\nA,1,P,2\n", ["1 sample has no column of calls", "'P2'"]),
        ("gene,P1,call,P2,call\nA,1,P,2,B\nB,1,C,2,D\n", ["3 calls are not A, M or P", "'B', 'C'"]),
    ],
)
def test_calls_in_part(table, text, words):
    refused(table(text), table(labels([("P1", "a"), ("P2", "b")]), "labels.csv"), *words)

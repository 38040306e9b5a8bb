"""Labels paired by position, classes by spelling, tables the wrong way round (17, 19, 20)."""

from functools import partial

import pytest

from analysis_lib.datasets.expression import own
from analysis_lib.errors import TableError
from tests.faults.guards import Guard
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


@pytest.mark.fault(
    "samples that have no label",
    by="labels of the first half only",
    survives="an error with both files and examples of the names",
)
@EITHER_WAY
def test_samples_without_a_label(table, way):
    """Before: labels joined by position paired each sample with its neighbour's."""
    error = refused(
        table(way(values())),
        table(labels([(name, "ab"[i % 2]) for i, name in enumerate(SAMPLES[:4])]), "labels.csv"),
        "do not match one to one",
    )
    assert error.got == "4 without a label ('P5', 'P6', 'P7' and 1 more)"


@pytest.mark.fault(
    "labels that have no sample",
    by="a table of the first half only",
    survives="an error with both files and examples of the names",
)
@EITHER_WAY
def test_labels_without_a_sample(table, way):
    """Before: an inner join dropped them and said nothing."""
    error = refused(table(way(values(SAMPLES[:4]))), table(labels(), "labels.csv"))
    assert error.got == "4 labelled but not in the expression table ('P5', 'P6', 'P7' and 1 more)"


@pytest.mark.fault(
    "a sample and a label that lack each other",
    by="one sample called otherwise",
    survives="an error that names both",
)
@EITHER_WAY
def test_both_are_told_at_once(table, way):
    """Held from the start. One of the two told alone would be asked for twice."""
    error = refused(table(way(values([*SAMPLES[:7], "X"]))), table(labels(), "labels.csv"))
    assert error.got == "1 without a label ('X'); 1 labelled but not in the expression table ('P8')"


@pytest.mark.fault(
    "samples whose names are numbers",
    by="samples 1 to 8 in both tables",
    survives="joined as text",
)
def test_numbers_do_not_join_to_texts(table):
    """Before: sample 1 of the labels and sample `1` of the header joined to nothing."""
    samples = [str(i) for i in range(1, 9)]
    told = labels([(name, "ab"[i % 2]) for i, name in enumerate(samples)])
    found = own(table(values(samples)), table(told, "labels.csv"))
    assert found.labels.tolist() == list("abababab")


@pytest.mark.fault(
    "names of samples or genes that repeat or are empty",
    by="two rows or columns of one name",
    survives="an error that counts and names them",
)
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


@pytest.mark.fault(
    "two things wrong at once",
    by="a repeated sample, and a word among the values",
    survives="the error on who is who comes first",
)
def test_who_is_who_is_settled_before_a_value_is_read(table):
    """Before: the word was mended first, of a patient who was not to be there at all."""
    text = turned(values([*SAMPLES, "P1"])).replace("P2,1", "P2,high")
    refused(table(text), table(labels(), "labels.csv"), "1 sample stands more than once")
    text = turned(values(SAMPLES[:7])).replace("P2,1", "P2,high")
    refused(table(text), table(labels(), "labels.csv"), "do not match one to one")


@pytest.mark.fault(
    "a sample labelled twice",
    by="a second label, with a blank behind the name",
    survives="an error that names it",
)
def test_a_sample_labelled_twice(table):
    """Before: the join multiplied its rows."""
    pairs = [*((name, "ab"[i % 2]) for i, name in enumerate(SAMPLES)), ("P1", "a"), ("P1 ", "b")]
    error = refused(table(values()), table(labels(pairs), "labels.csv"))
    assert (error.what, error.got) == ("1 sample stands more than once.", "'P1' (3 times)")


@pytest.mark.fault(
    "samples without a label in the label table",
    by="an empty cell, a blank, NA, nan",
    survives="an error that names them",
)
@pytest.mark.parametrize("empty", ["", " ", "NA", "nan"])
def test_samples_whose_label_is_empty(table, empty):
    """Before: the missing label became a class called nan."""
    pairs = [(name, empty if i > 3 else "ab"[i % 2]) for i, name in enumerate(SAMPLES)]
    error = refused(table(values()), table(labels(pairs), "labels.csv"), "4 samples have no label")
    assert error.got == "'P5', 'P6', 'P7' and 1 more"


@pytest.mark.fault(
    "a class spelled in two ways",
    by="capitals and blanks",
    survives="an error that counts both",
)
@pytest.mark.parametrize("other", ["aml", "AML  x", " Aml "])
def test_two_spellings_of_a_class(table, other):
    """Before: ` AML`, `AML` and `aml` made three classes."""
    names = ["AML x" if "x" in other else "AML", other, "ALL", "ALL"]
    pairs = [(name, names[i % 4]) for i, name in enumerate(SAMPLES)]
    error = refused(table(values()), table(labels(pairs), "labels.csv"), "more than one way")
    assert "(2 samples)" in error.got


@pytest.mark.fault(
    "blanks around labels",
    by="a blank before, a blank behind",
    survives="two classes",
)
def test_blanks_around_a_label_make_no_class(table):
    """Before: `a` and ` a` were two classes."""
    pairs = [(name, ["a ", " b", "a", "b"][i % 4]) for i, name in enumerate(SAMPLES)]
    assert own(table(values()), table(labels(pairs), "labels.csv")).classes == ("a", "b")


@pytest.mark.fault(
    "other than two classes",
    by="labels of one, three and four classes",
    survives="an error that counts each",
)
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


@pytest.mark.fault(
    "a word among the values",
    by="`high` for a number",
    survives="an error with line and column",
)
@EITHER_WAY
def test_a_word_among_the_values(table, way):
    """Before: one word made a column of text, and a scaler failed pages later."""
    text = values().replace("B,1,1", "B,1,high")
    column = "line 3, column 'P2'" if way is str else "line 3, column 'B'"
    refused(table(way(text)), table(labels(), "labels.csv"), column, "'high'")


@pytest.mark.fault(
    "a column of words among the genes",
    by="a column `sex` between genes",
    survives="an error with line and column",
)
def test_a_column_of_words_among_genes(table):
    """Before: it was encoded as numbers, and was a gene."""
    text = turned(values()).replace("gene,A,B", "gene,A,sex").replace(",1\n", ",f\n")
    refused(table(text), table(labels(), "labels.csv"), "line 2, column 'sex'", "'f'")


@pytest.mark.fault(
    "two tables without a name in common",
    by="other names in the header",
    survives="an error with names of each",
)
def test_tables_that_have_no_name_in_common(table):
    """Before: transposed by a parameter that was wrong, samples became genes."""
    error = refused(table(values(["x1", "x2", "x3", "x4"])), table(labels(), "labels.csv"))
    assert error.what.startswith("None of the 8 samples")
    assert error.expected == "samples called 'P1', 'P2', 'P3' and 5 more"
    assert error.got == "rows called 'A', 'B'; columns called 'x1', 'x2', 'x3' and 1 more"


@pytest.mark.fault(
    "samples found in the rows and in the columns",
    by="genes called as samples are",
    survives="an error with both",
)
def test_names_found_both_ways(table):
    """Before: whichever way round was tried first was taken."""
    error = refused(table(values(genes=["P1", "P2"])), table(labels(), "labels.csv"), "both tables")
    assert error.got == "rows called 'P1', 'P2'; columns called 'P1', 'P2', 'P3' and 5 more"


@pytest.mark.fault(
    "a column of parts that does not tell who is held out",
    by="empty and other words, one part only",
    survives="an error that counts and names them",
)
@pytest.mark.parametrize(
    ("parts", "words"),
    [
        (["train", "test", "", "valid", "?", "x", "train", "test"], ["4 samples are", "'P3: '"]),
        (["train"] * 8, ["No sample is in the part 'test'", "8 samples, all train"]),
    ],
)
def test_parts_that_do_not_tell_who_is_held_out(table, parts, words):
    """Before: a sample of no part was in neither, and missing from every count."""
    rows = [f"{n},{'ab'[i % 2]},{parts[i]}" for i, n in enumerate(SAMPLES)]
    told = "\n".join(["sample,label,part", *rows]) + "\n"
    refused(table(values()), table(told, "labels.csv"), *words)


@pytest.mark.fault(
    "a label table of too few columns",
    by="no labels, or no samples",
    survives="an error that says what it needs",
)
@pytest.mark.parametrize(
    "text", ["sample\nP1\nP2\n", "sample,part\nP1,train\n", "label,part\na,train\n"]
)
def test_a_label_table_without_labels_or_samples(table, text):
    """Before: an IndexError."""
    refused(table(values()), table(text, "labels.csv"), "needs two columns", "its class")


@pytest.mark.fault(
    "a label for a sample without a name",
    by="an empty cell",
    survives="an error with its row",
)
def test_a_label_for_a_sample_without_a_name(table):
    """Before: it was joined to nothing and dropped."""
    refused(
        table(values()), table(labels() + ",a\n", "labels.csv"), "1 sample has no name", "row 9"
    )


@pytest.mark.fault(
    "calls (A, M, P) of some samples, or others than those",
    by="a column of calls left out, `C` for a call",
    survives="an error that names them",
)
@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("gene,P1,call,P2\nA,1,P,2\n", ["1 sample has no column of calls", "'P2'"]),
        ("gene,P1,call,P2,call\nA,1,P,2,B\nB,1,C,2,D\n", ["3 calls are not A, M or P", "'B', 'C'"]),
    ],
)
def test_calls_in_part(table, text, words):
    """Before: a sample without calls had no gene present, and changed which genes were kept."""
    refused(table(text), table(labels([("P1", "a"), ("P2", "b")]), "labels.csv"), *words)


GUARDS = [
    Guard(
        "analysis_lib/datasets/expression_labels.py",
        '    _refuse_spellings(found["label"], path)\n',
        "",
        "test_two_spellings_of_a_class[aml]",
    ),
    Guard(
        "analysis_lib/datasets/expression_matrix.py",
        '    refuse_repeats(ids.tolist(), "gene", f"{path}, column {show(gene)}")\n',
        "",
        "test_repeated_and_empty_names[genes]",
    ),
]

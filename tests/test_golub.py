"""The leukemia files: however a copy is written, the same table; patients by number."""

import csv
import gzip
import random

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analysis_lib.datasets import expression, golub, golub_simulator
from analysis_lib.errors import TableError
from tests.real_data import golub_folder

N_GENES = 60


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    return golub_simulator.simulate(tmp_path_factory.mktemp("golub"), n_genes=N_GENES)


@pytest.fixture(scope="module")
def published(files):
    return golub.load(*files)


def cells(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


def save(path, rows, **options):
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, **({"lineterminator": "\n"} | options)).writerows(rows)
    return path


@pytest.fixture
def copy(files, tmp_path):
    """Write a copy of the three files, each changed by a function of its cells."""

    def written(train=None, independent=None, actual=None, **options):
        changes = (train, independent, actual)
        return tuple(
            save(tmp_path / path.name, change(cells(path)) if change else cells(path), **options)
            for path, change in zip(files, changes, strict=True)
        )

    return written


def same(one, other):
    for name in ("X", "calls", "genes"):
        pd.testing.assert_frame_equal(getattr(one, name), getattr(other, name))
    for name in ("labels", "part"):
        pd.testing.assert_series_equal(getattr(one, name), getattr(other, name))


def shuffled_patients(rows, seed=1):
    """Move each patient, with its calls, to another place."""
    order = list(range(2, len(rows[0]), 2))
    random.Random(seed).shuffle(order)
    return [row[:2] + [cell for at in order for cell in row[at : at + 2]] for row in rows]


def shuffled_rows(rows, seed=1):
    return [rows[0], *random.Random(seed).sample(rows[1:], len(rows) - 1)]


# What is loaded


def test_every_value_stands_where_the_files_have_it(files, published):
    train, independent, actual = map(cells, files)
    truth = dict(actual[1:])
    for rows, part in ((train, "train"), (independent, "test")):
        for at in range(2, len(rows[0]), 2):
            patient = rows[0][at]
            assert published.X.loc[patient].tolist() == [float(row[at]) for row in rows[1:]]
            assert published.calls.loc[patient].tolist() == [row[at + 1] for row in rows[1:]]
            assert published.part[patient] == part
            assert published.labels[patient] == truth[patient]
    assert published.genes["description"].tolist() == [row[0] for row in train[1:]]
    assert published.genes["gene"].tolist() == [row[1] for row in train[1:]]
    assert published.genes["row"].tolist() == list(range(1, N_GENES + 1))


def test_the_shape_of_what_is_loaded(published):
    numbers = [str(number) for number in range(1, 73)]
    assert published.X.shape == published.calls.shape == (72, N_GENES)
    for table in (published.X, published.calls, published.labels, published.part):
        assert table.index.tolist() == numbers
    assert (published.X.index.name, published.X.columns.name) == ("sample", None)
    assert (published.X.dtypes == np.float64).all()
    assert published.X.columns.tolist() == published.genes["gene"].tolist()
    assert published.classes == ("ALL", "AML")
    assert published.y.dtype == np.intp
    counts = pd.crosstab(published.part, published.labels)
    assert counts.loc["train"].to_dict() == {"ALL": 27, "AML": 11}
    assert counts.loc["test"].to_dict() == {"ALL": 20, "AML": 14}
    assert published.notes == ()


# Copies


def numbered_calls(rows):
    """Name columns as pandas does when it reads names that repeat."""
    header = [n if n != "call" else f"call.{i // 2 - 1}" for i, n in enumerate(rows[0])]
    return [["call" if name == "call.0" else name for name in header], *rows[1:]]


@pytest.mark.parametrize(
    "options",
    [
        {"lineterminator": "\r\n"},
        {"quoting": csv.QUOTE_ALL},
        {"quoting": csv.QUOTE_NONNUMERIC, "lineterminator": "\r\n"},
        {"delimiter": "\t"},
        {"delimiter": ";"},
    ],
    ids=["CRLF", "all quoted", "CRLF and text quoted", "tab", "semicolon"],
)
def test_a_copy_written_otherwise_is_the_same_table(copy, published, options):
    same(golub.load(*copy(**options)), published)


@pytest.mark.parametrize(
    "changes",
    [
        {"train": shuffled_patients, "independent": shuffled_patients},
        {"independent": shuffled_rows, "actual": shuffled_rows},
        {"train": numbered_calls, "independent": numbered_calls},
        {"train": lambda rows: [row[1::-1] + row[2:] for row in rows]},
        {"train": lambda rows: [[f" {name} " for name in rows[0]], *rows[1:]]},
        {"actual": lambda rows: [row[::-1] for row in rows]},
        {"actual": lambda rows: [[f" {cell} " for cell in row] for row in rows]},
        {"actual": lambda rows: [["id", "class"], *rows[1:]]},
    ],
    ids=[
        "patients moved",
        "rows moved",
        "call.1 of pandas",
        "accession first",
        "blanks in the header",
        "cancer first",
        "blanks in the labels",
        "other label header",
    ],
)
def test_a_copy_ordered_otherwise_is_the_same_table(copy, published, changes):
    same(golub.load(*copy(**changes)), published)


def test_a_packed_copy_is_the_same_table(files, published, tmp_path):
    packed = []
    for path in files:
        packed.append(tmp_path / f"{path.name}.gz")
        packed[-1].write_bytes(gzip.compress(b"\xef\xbb\xbf" + path.read_bytes()))
    same(golub.load(*packed), published)


def test_moved_rows_of_the_training_file_move_the_columns_and_nothing_else(copy, published):
    moved = golub.load(*copy(train=shuffled_rows))
    pd.testing.assert_frame_equal(moved.X[published.X.columns], published.X)
    pd.testing.assert_frame_equal(moved.calls[published.X.columns], published.calls)
    back = moved.genes.set_index("gene").loc[published.genes["gene"]]
    assert back["description"].tolist() == published.genes["description"].tolist()
    assert moved.genes["row"].tolist() == list(range(1, N_GENES + 1))


@settings(
    max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(seed=st.integers(0, 10**6), quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]))
def test_whatever_the_order_patients_keep_their_values(copy, published, seed, quoting):
    def moved(rows):
        return shuffled_patients(rows, seed)

    same(golub.load(*copy(moved, moved, shuffled_rows, quoting=quoting)), published)


# What is refused


def refused(paths, *parts):
    with pytest.raises(TableError) as caught:
        golub.load(*paths)
    message = str(caught.value)
    for part in parts:
        assert part in message, message
    assert 1 < len(message.splitlines()) <= 5
    assert caught.value.where
    assert caught.value.remedy
    return caught.value


def without_patients(*numbers):
    def change(rows):
        gone = {i for i, name in enumerate(rows[0]) if name in numbers}
        gone |= {i + 1 for i in gone}
        return [[cell for i, cell in enumerate(row) if i not in gone] for row in rows]

    return change


def headed(**names):
    """Rename columns of a header."""
    return lambda rows: [[names.get(f"_{name}", name) for name in rows[0]], *rows[1:]]


def relabelled(**labels):
    return lambda rows: [rows[0], *([n, labels.get(f"_{n}", label)] for n, label in rows[1:])]


def turned(rows):
    return [list(column) for column in zip(*rows, strict=True)]


def in_cell(row, column, text):
    def change(rows):
        rows[row][column] = text
        return rows

    return change


FAULTS = {
    "patients without a label": (
        {"actual": lambda rows: rows[:3] + rows[8:]},
        ["5 without a label ('3', '4', '5' and 2 more)"],
    ),
    "labels that are empty": (
        {"actual": relabelled(_1="", _2=" ", _40="NA", _41="")},
        ["4 samples have no label", "'1', '2', '40' and 1 more"],
    ),
    "labels without a patient": (
        {"train": without_patients("1", "9"), "independent": without_patients("39", "72")},
        ["4 labelled but in no expression file ('1', '9', '39' and 1 more)"],
    ),
    "both": (
        {"actual": lambda rows: [rows[0], *([str(int(n) + 4), c] for n, c in rows[1:])]},
        ["4 without a label ('1', '2', '3' and 1 more)", "4 labelled but", "('73', '74', '75'"],
    ),
    "one class": (
        {"actual": lambda rows: [rows[0], *([n, "ALL"] for n, _ in rows[1:])]},
        ["the labels have 1", "'ALL' 72"],
    ),
    "three classes": (
        {"actual": relabelled(_1="CML", _2="CML")},
        ["the labels have 3", "'ALL' 45, 'AML' 25, 'CML' 2"],
    ),
    "four classes": (
        {"actual": relabelled(_1="CML", _2="CML", _3="CLL")},
        ["the labels have 4", "'ALL' 44, 'AML' 25, 'CML' 2 and 1 more"],
    ),
    "a class in two spellings": (
        {"actual": relabelled(_28=" aml")},
        ["1 label is written in more than one way", "'AML' (24 samples), 'aml' (1 sample)"],
    ),
    "a patient labelled twice": (
        {"actual": lambda rows: [*rows, ["5", "ALL"], ["5", "AML"], ["6", "ALL"]]},
        ["2 samples stand more than once", "'5' (3 times), '6' (2 times)"],
    ),
    "a patient twice in a file": (
        {"train": headed(_2="1", _4="3", _5="3")},
        ["2 columns stand more than once", "'1' (2 times), '3' (3 times)"],
    ),
    "a patient in both files": (
        {"independent": headed(_39="1", _40="2", _41="3", _42="4")},
        ["4 patients stand in both expression files", "'1', '2', '3' and 1 more"],
    ),
    "a word among the values": (
        {"train": in_cell(5, 4, "high")},
        ["line 6, column '2'", "'high'"],
    ),
    "the table turned round": (
        {"train": turned},
        ["no column 'Gene Accession Number'", "is the table turned round?", "61 columns"],
    ),
    "another table": (
        {"independent": lambda rows: [["gene", *row[2:]] for row in rows]},
        ["no column 'Gene Description'", "not laid out as published", "'gene', '39', 'call'"],
    ),
    "columns of something else": (
        {"train": headed(_1="age", _2="sex", _3="3.5", _4="04")},
        ["8 columns are neither a patient's number nor its call", "'age', 'call of age', 'sex'"],
    ),
    "no patient": (
        {"train": lambda rows: [row[:2] for row in rows]},
        ["There is no patient in the file", "no other column"],
    ),
    "calls in another place": (
        {"train": lambda rows: [[*row[:3], *row[4:], row[3]] for row in rows]},
        ["neither a patient's number nor its call", "'call'"],
    ),
    "patients without calls": (
        {"train": lambda rows: [row[:3] + row[4:5] + row[6:] for row in rows]},
        ["2 patients are not followed by a column of calls", "patients '1', '2'"],
    ),
    "calls of another kind": (
        {"train": in_cell(7, 3, "present")},
        ["1 call is not A, M or P", "line 8, call of 1", "'present'"],
    ),
    "a probe twice": (
        {"train": lambda rows: [*rows, rows[1], rows[2]]},
        ["2 genes stand more than once", "'AFFX-BioB-5_at' (2 times)"],
    ),
    "a probe without a name": (
        {"train": in_cell(4, 1, " ")},
        ["1 gene has no name", "row 4"],
    ),
    "other probes": (
        {"train": in_cell(1, 1, "X_at"), "independent": lambda rows: rows[:-5]},
        ["different probes", "6 only in data_set_ALL_AML_train.csv ('X_at'", "and 3 more"],
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_refused(copy, fault):
    changes, parts = FAULTS[fault]
    refused(copy(**changes), *parts)


def test_a_missing_value_is_read_as_one_and_seen_to_later(copy):
    data = golub.load(*copy(train=in_cell(5, 4, "NA")))
    assert data.X.isna().sum().sum() == 1
    with pytest.raises(TableError, match="1 value is missing, in 1 gene of 60"):
        expression.prepared(data, transform="raw")


# The real files


@pytest.fixture(scope="module")
def real():
    folder = golub_folder()
    names = ("data_set_ALL_AML_train.csv", "data_set_ALL_AML_independent.csv", "actual.csv")
    return golub.load(*(folder / name for name in names))


@pytest.mark.realdata
def test_the_real_data(real):
    assert real.X.shape == real.calls.shape == (72, 7129)
    counts = pd.crosstab(real.part, real.labels)
    assert counts.loc["train"].to_dict() == {"ALL": 27, "AML": 11}
    assert counts.loc["test"].to_dict() == {"ALL": 20, "AML": 14}
    assert real.X.loc["1"].iloc[0] == -214
    assert real.X.loc["39"].iloc[0] == -342
    assert not real.X.isna().any(axis=None)
    zyxin = real.genes.set_index("gene").loc["X95735_at"]
    assert (zyxin["row"], zyxin["description"]) == (4847, "Zyxin")
    assert real.X.loc["28", "X95735_at"] == 2224  # the columns are not in numeric order
    assert real.calls["X95735_at"].loc["28"] == "P"


@pytest.mark.realdata
def test_options_on_the_real_data(real):
    train = np.flatnonzero(real.part == "train")
    less = expression.prepared(
        real, transform="log10", min_present=5, drop_controls=True, judged_on=train
    )
    assert less.X.shape == (72, 3433)
    assert less.X.min(axis=None) == 2.0
    assert less.X.max(axis=None) == np.log10(16_000)
    assert less.notes[0].startswith("58 genes are left out: controls")


@pytest.mark.realdata
def test_the_published_file_serves_as_new_samples(real):
    genes = real.X.columns[::-7].tolist()
    new, _ = expression.read_samples(golub_folder() / "data_set_ALL_AML_independent.csv", genes)
    pd.testing.assert_frame_equal(new, real.X.loc[new.index, genes])
    assert len(new) == 34

"""Cell types: the published table as it stands, your own either way round, and which genes stay."""

import gzip
import itertools
import random

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analysis_lib.datasets.neurons import cell_types
from analysis_lib.datasets.neurons.cell_types import CellTypes, modelled
from analysis_lib.datasets.neurons.features import FEATURES
from analysis_lib.errors import ParameterError, TableError
from tests.neuron_files import (
    SURPLUS,
    TYPES,
    called,
    gene_ids,
    online_table,
    put,
    read,
    save,
    symbols_file,
    turned,
    without,
    without_columns,
)
from tests.real_data import ephys_folder

SAMPLES = [f"S{i}" for i in range(9)]
GENES = ["Sst", "NA", "1E5"]


# The published table


@pytest.fixture
def files(tmp_path):
    """Write the two published files, the table changed by a function of its rows."""

    def written(change=None, symbols=None):
        return online_table(tmp_path, change=change), symbols_file(tmp_path, symbols)

    return written


def test_every_value_stands_where_the_file_has_it(files):
    table, symbols = files()
    found = cell_types.load(table, symbols)
    header, *rows = read(table)
    values = {row[0]: [float(cell) for cell in row[1:]] for row in rows}
    assert found.features.index.tolist() == found.expression.index.tolist() == header[1:]
    assert list(found.features) == list(FEATURES)
    assert list(found.expression) == gene_ids() == found.symbols.index.tolist()
    for name in FEATURES:
        scale = 1000 if name == "cap" else 1
        np.testing.assert_allclose(found.features[name], np.array(values[name]) * scale)
    for name in gene_ids():
        assert found.expression[name].tolist() == values[name]
        assert found.symbols[name] == f"Gene{name}"
    assert (found.features.dtypes == np.float64).all()
    assert (found.expression.dtypes == np.float64).all()


def test_the_name_of_a_type_tells_line_layer_and_kind(files):
    about = cell_types.load(*files()).about
    assert about.index.tolist() == list(TYPES)
    assert about.loc["Gad2-IRES-Cre__L5__inh"].to_dict() == {
        "line": "Gad2",
        "layer": "L5",
        "kind": "inh",
    }
    assert about["line"].tolist()[1:5] == ["Nos1|Sst", "Rbp4", "Chat", "Pvalb"]
    assert about["layer"].tolist()[1:4] == ["L5-L6", "L4", "L2/3"]
    assert set(about["kind"]) == {"inh", "exc"}


def test_the_unit_and_the_rows_left_out_are_told(files):
    notes = cell_types.load(*files()).notes
    assert "nF" in notes[0]
    assert "pF" in notes[0]
    assert f"{len(SURPLUS)} rows are left out" in notes[1]
    assert "'isi_cv'" in notes[1]
    assert len(notes) == 2


def test_the_order_of_rows_and_columns_does_not_matter(files):
    def shuffled(rows):
        rows = [rows[0], *random.Random(1).sample(rows[1:], len(rows) - 1)]
        first, *columns = turned(rows)
        return turned([first, *random.Random(2).sample(columns, len(columns))])

    here = cell_types.load(*files())
    there = cell_types.load(*files(shuffled))
    pd.testing.assert_frame_equal(here.features, there.features.loc[here.features.index])
    expression = there.expression.loc[here.expression.index, here.expression.columns]
    pd.testing.assert_frame_equal(here.expression, expression)
    assert there.symbols.index.equals(there.expression.columns)
    assert there.about.index.equals(there.features.index)


def test_logarithms_may_be_called_so_first_or_last_and_may_have_gaps(files):
    change = called("ri_log10", "log10ri")
    found = cell_types.load(*files(lambda rows: put("log10ri", TYPES[0], "")(change(rows))))
    assert list(found.features) == list(FEATURES)


def test_a_compressed_copy_is_the_same(files, tmp_path):
    table, symbols = files()
    packed = tmp_path / "table.csv.gz"
    packed.write_bytes(gzip.compress(table.read_bytes()))
    pd.testing.assert_frame_equal(
        cell_types.load(packed, symbols).expression, cell_types.load(table, symbols).expression
    )


def test_genes_without_a_symbol_have_none_and_symbols_without_a_gene_are_told(files):
    some = dict.fromkeys(gene_ids()[:4], "Sst")
    found = cell_types.load(*files(symbols={**some, "1": "Nogene", "2": "Neither"}))
    assert found.symbols.tolist() == ["Sst"] * 4 + [""] * 8
    assert "2 symbols belong to no gene of the table: 'Nogene', 'Neither'" in found.notes[-1]


FAULTS = {
    "type": (called(TYPES[2], "Rbp4 L4"), ["1 column is not called", "line 1", "'Rbp4 L4'"]),
    "kind": (called(TYPES[2], "Rbp4-Cre__L4__glia"), ["1 column is not called", "glia"]),
    "no type": (lambda rows: [[row[0]] for row in rows], ["There is no cell type", "line 1"]),
    "feature twice": (lambda rows: [*rows, rows[1]], ["rmp", "more than once"]),
    "gene twice": (lambda rows: [*rows, rows[-1]], [gene_ids()[-1], "lines"]),
    "type twice": (called(TYPES[2], TYPES[1]), ["Two columns have the same name"]),
    "no rmp": (without("rmp", "tau"), ["2 features are missing", "'rmp', 'tau'"]),
    "no gene": (without(*gene_ids()), ["There is no gene"]),
    "strange row": (
        called(gene_ids()[1], "1.5e4"),
        ["1 row is neither a feature nor a gene", f"line {len(FEATURES) + len(SURPLUS) + 3}"],
    ),
    "misspelt": (called("sag", "Sag"), ["neither a feature nor a gene", "'Sag'", "line 13"]),
    "gap in a gene": (
        put(gene_ids()[0], TYPES[3], ""),
        ["1 value is missing, in 1 gene", TYPES[3]],
    ),
    "gap in a feature": (put("sag", TYPES[3], "NA"), ["1 value is missing, in 1 feature", "'sag'"]),
    "no number": (put("sag", TYPES[3], "x"), ["line 13", TYPES[3], "'x'"]),
    "infinite": (put("sag", TYPES[3], "inf"), ["line 13", "infinite"]),
    "in pF": (put("cap", TYPES[3], "57.9"), ["not in nF", "57.9"]),
    "few types": (without_columns(*TYPES[:3]), ["7 samples are too few", "at least 8"]),
}


@pytest.mark.parametrize(("change", "parts"), FAULTS.values(), ids=FAULTS)
def test_what_is_laid_out_otherwise_is_refused(files, change, parts):
    table, symbols = files(change)
    with pytest.raises(TableError) as caught:
        cell_types.load(table, symbols)
    for part in (str(table), *parts):
        assert part in str(caught.value)
    assert caught.value.remedy


def test_symbols_of_other_ids_are_refused(files):
    table, symbols = files(symbols={"ENSMUSG1": "Sst", "ENSMUSG2": "Vip"})
    with pytest.raises(TableError, match=r"No gene of the table has a symbol") as caught:
        cell_types.load(table, symbols)
    assert "'ENSMUSG1'" in str(caught.value)
    assert repr(gene_ids()[0]) in str(caught.value)


# Your own tables


def table(corner, names, rows):
    """Return rows of text: a corner, the names, and named rows of numbers."""
    return [[corner, *names], *([name, *map(repr, values)] for name, values in rows.items())]


def features(samples=SAMPLES, names=("rmp", "width")):
    draws = np.random.default_rng(1)
    return table("sample", names, {s: draws.normal(size=len(names)).tolist() for s in samples})


def expression(samples=SAMPLES, genes=GENES):
    draws = np.random.default_rng(2)
    return table("sample", genes, {s: draws.gamma(2, size=len(genes)).tolist() for s in samples})


@pytest.fixture
def own(tmp_path):
    """Read two tables of one's own, and perhaps symbols."""

    def read_back(X, Y, symbols=None):
        paths = save(tmp_path / "features.csv", X), save(tmp_path / "expression.csv", Y)
        told = symbols and symbols_file(tmp_path, symbols)
        return cell_types.own(*paths, told)

    return read_back


WAYS = list(itertools.product(("rows", "columns"), repeat=2))


@pytest.mark.parametrize(("here", "there"), WAYS)
def test_either_way_round_is_the_same_and_said(own, here, there):
    X, Y = features(), expression()
    found = own(X if here == "rows" else turned(X), Y if there == "rows" else turned(Y))
    assert found.features.index.tolist() == found.expression.index.tolist() == SAMPLES
    assert found.features.to_numpy().tolist() == [[float(v) for v in row[1:]] for row in X[1:]]
    assert found.expression.to_numpy().tolist() == [[float(v) for v in row[1:]] for row in Y[1:]]
    assert list(found.features) == ["rmp", "width"]
    assert list(found.expression) == found.symbols.tolist() == GENES
    assert (
        f"features has its samples in the {here}, that of expression in the {there}"
        in (found.notes[0])
    )


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.tuples(st.permutations(SAMPLES), st.permutations(SAMPLES)),
    st.sampled_from(WAYS),
    st.lists(st.integers(0, 99).map("f{}".format), min_size=1, max_size=3, unique=True),
    st.lists(st.integers(0, 99).map("g{}".format), min_size=1, max_size=4, unique=True),
)
def test_samples_are_joined_by_name_however_the_tables_lie(own, orders, way, names, genes):
    X, Y = features(orders[0], names), expression(orders[1], genes)
    found = own(*(t if side == "rows" else turned(t) for t, side in zip((X, Y), way, strict=True)))
    assert found.features.index.tolist() == found.expression.index.tolist() == list(orders[0])
    for rows, frame in ((X, found.features), (Y, found.expression)):
        for name, *values in rows[1:]:
            assert frame.loc[name].tolist() == [float(value) for value in values]


def test_a_feature_may_be_called_as_a_gene_is(own):
    found = own(features(names=["Sst", "Vip"]), expression(genes=["Vip", "Sst", "Npy"]))
    assert found.features.index.tolist() == SAMPLES
    assert "in the rows, that of expression in the rows" in found.notes[0]


def test_any_number_of_features_under_any_name_and_their_unit_as_given(own):
    found = own(features(names=["cap"]), expression())
    assert list(found.features) == ["cap"]
    assert found.features["cap"].tolist() == [float(row[1]) for row in features(names=["cap"])[1:]]


def test_blanks_around_names_do_not_count(own):
    X = [[f" {cell} " for cell in row] for row in features()]
    assert own(X, expression()).features.columns.tolist() == ["rmp", "width"]


def test_samples_called_as_published_are_told_apart_and_others_are_not(own):
    names = [*TYPES[:2], "Sst-IRES-Cre", "a__b", "a__b__glia", "__L4__exc", *SAMPLES[:3]]
    about = own(features(names), expression(names)).about
    assert about["line"].tolist() == ["Gad2", "Nos1|Sst", *[""] * 7]
    assert about["kind"].tolist() == ["inh", "inh", *[""] * 7]
    assert about["layer"].tolist() == ["L5", "L5-L6", *[""] * 7]


def test_symbols_are_taken_where_they_are_given(own):
    found = own(features(), expression(), {"Sst": "Somatostatin", "1E5": "E", "x": "y"})
    assert found.symbols.to_dict() == {"Sst": "Somatostatin", "NA": "", "1E5": "E"}
    assert "1 symbol belongs to no gene" in found.notes[-1]


def constant(name):
    return lambda rows: [[*row[:-1], name if row is rows[0] else "1.0"] for row in rows]


def emptied(rows):
    return [[*row[:-1], row[-1] if row is rows[0] else ""] for row in rows]


OWN_FAULTS = {
    "none shared": (features(["a", "b"]), expression(), ["no sample in common", "'a', 'b'", "S0"]),
    "one lacks": (
        features(SAMPLES[:-1]),
        expression(),
        ["do not match one to one", "1 only in the table of expression ('S8')"],
    ),
    "both lack": (features(SAMPLES[1:]), expression(SAMPLES[:-1]), ["1 only in the table of fea"]),
    "two ways": (
        features(names=SAMPLES),
        expression(),
        ["cannot be told", "the rows of features.csv and the rows of expression.csv"],
    ),
    "some two ways": (
        features([*SAMPLES, "extra"], names=["Sst"]),
        expression(),
        ["cannot be told", "columns"],
    ),
    "few": (features(SAMPLES[:7]), expression(SAMPLES[:7]), ["7 samples are too few", "four fold"]),
    "constant": (
        constant("width")(features()),
        expression(),
        ["1 feature is the same in every sample", "'width', of 2", "Leave them out"],
    ),
    "nothing": (emptied(features()), expression(), ["1 feature has no value", "'width'"]),
    "gap": (
        put("S3", "rmp", "NA")(features()),
        expression(),
        ["1 value is missing, in 1 feature of 2", "'rmp' of 'S3'"],
    ),
    "gap in a gene": (features(), put("S3", "1E5", "")(expression()), ["1 gene of 3", "'1E5'"]),
    "sample twice": (
        [*features(), features()[1]],
        expression(),
        ["1 sample stands more than once", "'S0'", "features.csv"],
    ),
    "gene twice": (
        features(),
        [*turned(expression()), turned(expression())[1]],
        ["1 gene stands more than once", "'Sst'", "expression.csv"],
    ),
    "nameless": (features(), [*turned(expression()), ["", *["1"] * 9]], ["1 gene has no name"]),
    "words": (put("S3", "rmp", "high")(features()), expression(), ["line 5", "'high'", "rmp"]),
    "names alone": ([[row[0]] for row in features()], expression(), ["names and no numbers"]),
}


@pytest.mark.parametrize(("X", "Y", "parts"), OWN_FAULTS.values(), ids=OWN_FAULTS)
def test_tables_that_do_not_fit_are_refused(own, X, Y, parts):
    with pytest.raises(TableError) as caught:
        own(X, Y)
    for part in parts:
        assert part in str(caught.value)
    assert caught.value.where
    assert caught.value.remedy


# Which genes are modelled


def data(values, symbols):
    """Return cell types that express genes g0, g1, … of these symbols."""
    Y = pd.DataFrame(np.asarray(values, float))
    Y.columns = pd.Index([f"g{i}" for i in range(Y.shape[1])], dtype="str")
    told = pd.Series(list(symbols), Y.columns, dtype="str")
    nothing = pd.DataFrame(index=Y.index)
    return CellTypes(nothing, Y, told, nothing, ("first",))


def test_each_step_is_counted_and_named():
    values = [[0, 1, 2, 3, 4, 0], [0, 2, 9, 4, 4, 1], [0, 3, 2, 9, 9, 2]]
    kept, funnel = modelled(data(values, ["a", "b", "c", "b", "", "d"]), top=2)
    assert funnel["step"].tolist() == [
        "in the table",
        "vary among the samples",
        "have a symbol",
        "one per symbol",
        "most variable",
    ]
    assert funnel["genes"].tolist() == [6, 5, 4, 3, 2]
    assert kept.expression.columns.tolist() == kept.symbols.index.tolist() == ["g2", "g3"]
    assert kept.symbols.tolist() == ["c", "b"]
    assert kept.notes[0] == "first"
    for note, parts in zip(
        kept.notes[1:],
        (["1 gene", "same value", "g0 (a)"], ["no symbol", "'g4'"], ["g1 (b)"], ["3 genes", "2"]),
        strict=True,
    ):
        assert all(part in note for part in parts)


def test_without_a_number_all_that_can_be_modelled_are():
    kept, funnel = modelled(data([[1, 2], [2, 4]], ["a", "b"]))
    assert kept.expression.columns.tolist() == ["g0", "g1"]
    assert funnel["genes"].tolist() == [2, 2, 2, 2]
    assert kept.notes == ("first",)


def test_of_equals_the_first_stays():
    kept, _ = modelled(data([[1, 3, 1], [3, 1, 3]], "aab"))
    assert kept.expression.columns.tolist() == ["g0", "g2"]
    kept, _ = modelled(data([[1, 3, 1], [3, 1, 3]], "abc"), top=2)
    assert kept.expression.columns.tolist() == ["g0", "g1"]


def test_more_than_there_are_is_all():
    kept, funnel = modelled(data([[1, 3], [3, 1]], "ab"), top=9)
    assert kept.expression.shape == (2, 2)
    assert funnel["genes"].tolist() == [2, 2, 2, 2, 2]
    assert kept.notes == ("first",)


def in_plain_python(columns, symbols, top):
    """Return the genes to model, by the rule as it is written."""
    best = {}
    for place, (column, symbol) in enumerate(zip(columns, symbols, strict=True)):
        if symbol and len(set(column)) > 1:
            held = best.get(symbol)
            if held is None or sum(column) > sum(columns[held]):
                best[symbol] = place
    left = sorted(best.values())
    if top is None:
        return left

    def spread(place):
        column, rows = columns[place], len(columns[place])
        return rows * sum(v * v for v in column) - sum(column) ** 2  # whole numbers: exact

    return sorted(sorted(left, key=lambda place: -spread(place))[:top])


@given(
    st.integers(2, 5).flatmap(
        lambda rows: st.lists(
            st.tuples(
                st.lists(st.integers(0, 3), min_size=rows, max_size=rows),
                st.sampled_from(["", "a", "b", "c", "d"]),
            ),
            min_size=1,
            max_size=9,
        )
    ),
    st.none() | st.integers(1, 6),
)
def test_the_rule_as_it_is_written(genes, top):
    columns, symbols = zip(*genes, strict=True)
    given_data = data(np.array(columns).T, symbols)
    expected = in_plain_python(columns, symbols, top)
    if not expected:
        with pytest.raises(TableError, match="No gene is left"):
            modelled(given_data, top)
        return
    kept, funnel = modelled(given_data, top)
    spreads = sorted(np.var(columns[place]) for place in expected)
    found = [int(name[1:]) for name in kept.expression]
    assert found == sorted(found)
    assert sorted(np.var(columns[place]) for place in found) == pytest.approx(spreads)
    assert funnel["genes"].iloc[-1] == len(found)
    assert funnel["genes"].is_monotonic_decreasing
    assert set(found) <= set(in_plain_python(columns, symbols, None))
    if top is None:
        assert found == expected


def test_asking_for_no_gene_is_refused():
    with pytest.raises(ParameterError, match="At least one gene"):
        modelled(data([[1], [2]], "a"), top=0)


# The real files


@pytest.mark.realdata
def test_the_real_table_where_it_was_downloaded():
    """Values as a notebook shows them that read the published file."""
    folder = ephys_folder()
    if not (folder / "online_table3.csv").is_file():
        pytest.skip("online_table3.csv is not here: it is too large to keep beside the others")
    found = cell_types.load(folder / "online_table3.csv", folder / "entrenz_symbol_s.csv")
    assert found.features.shape == (48, 15)
    assert found.expression.shape == (48, 45_736)
    first = found.features.loc["Gad2-IRES-Cre__L5__inh"]
    assert first["rmp"] == pytest.approx(-70.8615, abs=1e-3)
    assert first["cap"] == pytest.approx(57.8878, abs=1e-3)
    _, funnel = modelled(found)
    assert funnel["genes"].tolist()[:2] == [45_736, 38_364]

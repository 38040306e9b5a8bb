"""Counts of sequenced cells: both ways round, joined by name, checked, normalised, filtered."""

import gzip

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import sparse

from analysis_lib.datasets import counts
from analysis_lib.datasets.counts import line_means, load, log_cpm, most_variable, own, passed
from analysis_lib.datasets.counts.cells import match
from analysis_lib.errors import ParameterError, TableError
from tests.table_files import write

CELLS = ["A1", "B-2", "C3", "D4"]
GENES = ["Actb", "NA", "1E5", "Sst"]
VALUES = np.array([[10.0, 0, 30, 0], [0, 5, 0, 7], [1, 2, 3, 4], [0, 0, 0, 900]])
HEADER = "sample_title,mouse_line,cre_driver_1,tdTomato,pass_qc_checks,broad_type,primary_type\n"
GABA, GLUT = "GABA-ergic Neuron", "Glutamatergic Neuron"
ROWS = {
    "A1": f"Pvalb-IRES-Cre;x,Pvalb-IRES-Cre,positive,Y,{GABA},Pvalb Tacr3",
    "B-2": f"y,Ntsr1-Cre_GN220,positive,Y,{GLUT},L6a Sla",
    "C3": "z,Nkx2.1-CreERT2,negative,Y,Astrocyte,Astro Gja1",
    "D4": "z,NA,positive,N,Unclassified,",
}


def clustering(rows=ROWS):
    return HEADER + "".join(f"{cell},{told}\n" for cell, told in rows.items())


def by_gene(values=VALUES, cells=CELLS, genes=GENES, first="gene"):
    """Genes in rows."""
    return _table([first, *cells], genes, np.transpose(values))


def by_cell(values=VALUES, cells=CELLS, genes=GENES):
    """Cells in rows."""
    return _table(["cell", *genes], cells, values)


def with_words(table):
    """Put a column of words behind the first."""
    head, *rows = [line.split(",", 1) for line in table.splitlines()]
    told = [",".join([head[0], "symbol", head[1]])]
    return "\n".join(told + [",".join([name, "word", row]) for name, row in rows]) + "\n"


def _table(header, names, rows):
    told = [",".join([name, *map(_number, row)]) for name, row in zip(names, rows, strict=True)]
    return "\n".join([",".join(header), *told]) + "\n"


def _number(value):
    return value if isinstance(value, str) else repr(float(value)).removesuffix(".0")


def lines(cells=CELLS, **columns):
    """Return a table of cells of one's own."""
    told = {"cell": cells, "line": ["Pvalb-IRES-Cre"] * len(cells)} | columns
    return pd.DataFrame(told).to_csv(index=False)


@pytest.fixture
def published(tmp_path):
    def written(table, told=None):
        return write(tmp_path, table, "counts.csv"), write(
            tmp_path, clustering() if told is None else told, "clustering.csv"
        )

    return written


def made(values, **about):
    """Return counts as a loader does."""
    values = np.asarray(values, float)
    cells = pd.Index([f"c{i}" for i in range(len(values))], dtype="str", name="cell")
    genes = pd.Index([f"g{i}" for i in range(values.shape[1])], dtype="str")
    columns = {"line": "L", "broad_type": "", "type": ""} | about
    told = pd.DataFrame(columns, index=cells, dtype="str")
    return counts.Counts(sparse.csr_array(values), cells, genes, told, ())


def refused(call, *parts):
    """Expect an error of at most five lines with all the parts, and return it."""
    with pytest.raises(TableError) as caught:
        call()
    message = str(caught.value)
    for part in parts:
        assert part in message, message
    assert 1 < len(message.splitlines()) <= 5
    assert caught.value.where
    assert caught.value.remedy
    return caught.value


# As published


def test_the_published_tables(published):
    found = load(*published(by_gene()))
    assert isinstance(found.values, sparse.csr_array)
    assert found.values.dtype == np.float64
    assert found.values.indices.dtype == np.int32
    assert found.values.nnz == np.count_nonzero(VALUES)
    np.testing.assert_array_equal(found.values.toarray(), VALUES)
    assert found.cells.tolist() == CELLS
    assert found.genes.tolist() == GENES
    assert found.about.index.equals(found.cells)
    assert found.about["line"].tolist() == ["Pvalb", "Ntsr1", "Nkx2-1", ""]
    assert found.about["cre_driver_1"].tolist()[2:] == ["Nkx2.1-CreERT2", "NA"]
    assert found.about["broad_type"].tolist() == [GABA, GLUT, "Astrocyte", "Unclassified"]
    assert found.about["type"].tolist() == ["Pvalb Tacr3", "L6a Sla", "Astro Gja1", ""]
    assert found.notes == ()


def test_packed_tables_are_the_same(published, tmp_path):
    plain, told = published(by_gene())
    packed = tmp_path / "counts.csv.gz"
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    quoted = write(tmp_path, by_gene().replace("gene,A1", '"gene","A1"'), "quoted.csv")
    for path in (packed, quoted):
        np.testing.assert_array_equal(load(path, told).values.toarray(), VALUES)


def test_cells_are_joined_by_name_and_never_by_position(published):
    moved = dict(reversed(ROWS.items()))
    found = load(*published(by_gene(), clustering(moved)))
    assert found.cells.tolist() == CELLS
    assert found.about["line"].tolist() == ["Pvalb", "Ntsr1", "Nkx2-1", ""]


def test_names_that_differ_in_hyphen_and_point_are_one_cell_and_said(published):
    found = load(*published(by_gene(cells=["A1", "B.2", "C3", "D4"])))
    assert found.cells.tolist() == CELLS
    np.testing.assert_array_equal(found.values.toarray(), VALUES)
    assert (
        "1 cell is spelled with “.” in one file and “-” in the other (B.2 and B-2)"
        in (found.notes[0])
    )


def test_equal_names_are_joined_before_similar_ones():
    told = match(["a-1", "a.1"], ["a.1", "a-1"], unmatched="error", where="here")
    assert told.there.tolist() == [1, 0]
    assert told.notes == ()


@pytest.mark.parametrize(
    ("here", "there"),
    [
        (["a-1.x", "a.1-x"], ["a-1-x"]),
        (["a.1.x"], ["a-1.x", "a.1-x"]),
        (["b", "a-1.x", "a.1-x"], ["b", "a.1.x", "a-1-x"]),
    ],
)
def test_names_that_could_be_two_cells_are_refused(here, there):
    error = refused(
        lambda: match(here, there, unmatched="drop", where="both"), "cannot be told apart"
    )
    assert "a-1" in error.got


NAMES = st.lists(st.text("ab.-", min_size=1, max_size=4), min_size=1, max_size=6, unique=True)


@given(NAMES, NAMES)
def test_a_match_pairs_each_cell_once_with_one_spelled_alike(here, there):
    try:
        told = match(here, there, unmatched="drop", where="both")
    except TableError:
        return
    assert len(set(told.here)) == len(set(told.there)) == len(told.here)
    assert told.here.tolist() == sorted(told.here)
    pairs = [(here[i], there[j]) for i, j in zip(told.here, told.there, strict=True)]
    assert all(a.replace("-", ".") == b.replace("-", ".") for a, b in pairs)
    assert {name for name in here if name in there} <= {a for a, b in pairs if a == b}


@given(NAMES)
def test_a_table_matches_itself(names):
    told = match(names, names[::-1], unmatched="error", where="both")
    assert told.there.tolist() == list(range(len(names)))[::-1]


def test_cells_in_one_table_alone(published):
    table = by_gene(cells=["A1", "B-2", "C3", "X9"])
    error = refused(lambda: load(*published(table)), "do not hold the same cells", "unmatched")
    assert error.got == "1 in the counts alone ('X9'); 1 in the table of cells alone ('D4')"
    found = load(*published(table), unmatched="drop")
    np.testing.assert_array_equal(found.values.toarray(), VALUES[:3])
    assert found.cells.tolist() == CELLS[:3]
    assert found.notes == (
        "1 cell is in the counts alone and left out ('X9').",
        "1 cell is in the table of cells alone and left out ('D4').",
    )


def test_what_is_dropped_need_not_be_a_number(published):
    table = by_gene(cells=["A1", "B-2", "C3", "why"], values=VALUES)
    table = "\n".join(
        line if i == 0 else line.rsplit(",", 1)[0] + ",text"
        for i, line in enumerate(table.splitlines())
    )
    assert load(*published(table), unmatched="drop").cells.tolist() == CELLS[:3]


def test_no_cell_in_both_is_an_error_even_when_they_may_be_dropped(published):
    table = by_gene(cells=["W", "X", "Y", "Z"])
    refused(lambda: load(*published(table), unmatched="drop"), "No cell of the counts", "'W'")


@pytest.mark.parametrize(
    ("table", "told", "parts"),
    [
        (by_cell(), None, ["first column is not 'gene'", "'cell'", "exchanged"]),
        (clustering(), by_gene(), ["no column 'sample_title'", "exchanged"]),
        (by_gene(), clustering().replace("tdTomato", "tomato"), ["no column 'tdTomato'"]),
        (by_gene(cells=["A1", "A1", "C3", "D4"]), None, ["1 cell stands more than once", "'A1'"]),
        (by_gene(), clustering() + "A1,,,,,,\n", ["1 cell stands more than once", "'A1'"]),
        (by_gene(), clustering() + " ,,,,,,\n", ["1 cell has no name"]),
        (by_gene(genes=["a", "", "c", "d"]), None, ["1 gene has no name", "row 2"]),
    ],
    ids=["turned", "exchanged", "column", "cell twice", "row twice", "no name", "no gene"],
)
def test_other_layouts_are_refused(published, table, told, parts):
    refused(lambda: load(*published(table, told)), *parts)


# Your own


TABLES = pytest.mark.parametrize(
    ("write_table", "way"),
    [(by_gene, "cells in the columns"), (by_cell, "cells in the rows")],
    ids=["genes in rows", "cells in rows"],
)


@TABLES
def test_either_way_round_is_the_same_and_said(published, write_table, way):
    found = own(*published(write_table(), lines()))
    np.testing.assert_array_equal(found.values.toarray(), VALUES)
    assert found.values.indices.dtype == np.int32
    assert found.cells.tolist() == CELLS
    assert found.genes.tolist() == GENES
    assert way in found.notes[0]


@TABLES
def test_parquet_and_tab(published, tmp_path, write_table, way):
    text, told = published(write_table(), lines())
    frame = pd.read_csv(text, keep_default_na=False)
    frame.astype(dict.fromkeys(frame.columns[1:], "float64")).to_parquet(tmp_path / "c.parquet")
    tab = write(tmp_path, write_table().replace(",", "\t"), "counts.tsv")
    for path in (tmp_path / "c.parquet", tab):
        np.testing.assert_array_equal(own(path, told).values.toarray(), VALUES)


@TABLES
def test_rows_and_cells_may_be_moved(published, write_table, way):
    told = lines(CELLS[::-1], type=["d", "c", "b", "a"])
    found = own(*published(write_table(VALUES[[2, 0, 3, 1]], ["C3", "A1", "D4", "B.2"]), told))
    assert found.cells.tolist() == ["C3", "A1", "D4", "B-2"]
    assert found.about["type"].tolist() == ["c", "a", "d", "b"]
    np.testing.assert_array_equal(found.values.toarray(), VALUES[[2, 0, 3, 1]])


@TABLES
def test_own_cells_in_one_table_alone(published, write_table, way):
    told = lines([*CELLS[:3], "E5"])
    refused(lambda: own(*published(write_table(), told)), "'D4'", "'E5'", "unmatched to drop")
    found = own(*published(write_table(), told), unmatched="drop")
    np.testing.assert_array_equal(found.values.toarray(), VALUES[:3])
    assert len(found.notes) == 3


def test_columns_that_are_no_cells_may_be_dropped(published):
    table = with_words(by_gene())
    refused(lambda: own(*published(table, lines())), "1 in the counts alone ('symbol')")
    found = own(*published(table, lines()), unmatched="drop")
    np.testing.assert_array_equal(found.values.toarray(), VALUES)


def test_the_same_faults_stand_in_the_same_words_either_way(published):
    none = lines(["w", "x", "y", "z"])
    for table in (by_gene(), by_cell(), with_words(by_gene())):
        error = refused(lambda t=table: own(*published(t, none)), "None of the 4 cells", "'w'")
        assert "Actb" in error.got
        assert "'A1'" in error.got
    both = by_gene(cells=["A1", "w", "x", "y"], genes=["B-2", "u", "v", "t"])
    error = refused(lambda: own(*published(both, lines())), "in the rows and in the columns")
    assert error.got == "rows called 'B-2'; columns called 'A1'"


def test_a_gene_may_be_called_as_a_cell_where_nothing_is_in_doubt(published):
    found = own(*published(by_gene(genes=["A1", "x", "y", "z"]), lines()))
    assert found.genes.tolist() == ["A1", "x", "y", "z"]


def test_a_fault_in_cells_in_rows_is_told_as_it_is(published):
    table = by_cell().replace("C3,1", "C3,one")
    refused(lambda: own(*published(table, lines())), "line 4, column 'Actb'", "'one'")


@pytest.mark.parametrize(
    "header",
    [
        "cell,line,Broad Type,TYPE,tdtomato,Pass_QC_checks",
        "x,mouse_line,broad_type,primary_type,tdTomato,pass_qc_checks",
    ],
)
def test_columns_of_cells_are_found_however_they_are_capitalised(published, header):
    told = header + "\n" + "".join(f"{c}, Sst-IRES-Cre ,{GABA},t,positive,Y\n" for c in CELLS)
    found = own(*published(by_gene(), told))
    assert found.about["line"].tolist() == ["Sst"] * 4
    assert found.about["type"].tolist() == ["t"] * 4
    assert found.about["broad_type"].tolist() == [GABA] * 4
    assert passed(found)[1]["cells"].tolist() == [4, 4, 4, 4]


def test_what_a_table_of_cells_does_not_say_is_empty(published):
    found = own(*published(by_gene(), lines()))
    assert set(found.about) == {"cell", "line", "broad_type", "type"}
    assert set(found.about["type"]) == set(found.about["broad_type"]) == {""}


def test_a_table_of_cells_must_say_the_line(published):
    told = lines().replace("line", "mouse")
    error = refused(lambda: own(*published(by_gene(), told)), "which Cre line", "'cre_driver_1'")
    assert "clustering.csv" in error.where


def test_a_table_alone_is_not_enough(published):
    refused(lambda: own(published(by_gene())[0]), "a table of cells", "'line'")


# What counts are


BAD = pytest.mark.parametrize(
    ("cell", "parts"),
    [
        ("-3", ["1 value is negative", "-3.0"]),
        ("NA", ["1 value is missing", "a missing value"]),
        ("", ["1 value is missing"]),
        ("1e300", ["1 value is no count", "1e+300"]),
    ],
    ids=["negative", "NA", "empty", "too high"],
)


@BAD
@TABLES
def test_what_is_no_count_is_named(published, write_table, way, cell, parts):
    values = VALUES.astype(object)
    values[2, 1] = cell
    error = refused(lambda: own(*published(write_table(values), lines())), *parts)
    line = 3 if "columns" in way else 4
    for part in ("counts.csv", f"line {line}", "gene 'NA'", "cell 'C3'"):
        assert part in error.where


@TABLES
def test_infinite_values_are_refused(published, write_table, way):
    values = VALUES.astype(object)
    values[2, 1] = "inf"
    error = refused(lambda: own(*published(write_table(values), lines())), "infinite")
    assert f"line {3 if 'columns' in way else 4}, column " in error.where


def test_several_bad_values_are_counted(published):
    values = VALUES - 1
    refused(lambda: load(*published(by_gene(values))), "7 values are negative", "line 2")


def test_a_bad_cell_that_is_left_out_does_no_harm(published):
    values = VALUES.copy()
    values[3] = -1
    told = lines(CELLS[:3])
    assert len(own(*published(by_cell(values), told), unmatched="drop").cells) == 3
    values[2] = -1
    error = refused(lambda: own(*published(by_cell(values), told), unmatched="drop"))
    assert "line 4, cell 'C3', gene 'Actb'" in error.where


def test_estimated_counts_are_said(published):
    values = VALUES.copy()
    values[0, 0] = 10.25
    found = load(*published(by_gene(values)))
    assert found.values[0, 0] == 10.25
    assert found.notes[0].startswith("1 of 9 counts above zero are no whole numbers")


def test_logarithms_are_refused(published):
    refused(lambda: load(*published(by_gene(np.log2(VALUES + 1.5)))), "logarithms", "9.82")


def test_genes_that_repeat_are_added_together_and_said(published):
    for table in (by_gene, by_cell):
        genes = ["Sst", "Actb", "Sst", "Vip"]
        found = own(*published(table(genes=genes), lines()))
        assert found.genes.tolist() == ["Sst", "Actb", "Vip"]
        expected = np.column_stack([VALUES[:, 0] + VALUES[:, 2], VALUES[:, 1], VALUES[:, 3]])
        np.testing.assert_array_equal(found.values.toarray(), expected)
        assert found.values.has_canonical_format
        assert "1 gene stands in the table more than once ('Sst')" in found.notes[1]


def test_a_cell_without_counts_is_left_out_and_named(published):
    values = VALUES.copy()
    values[1] = 0
    found = load(*published(by_gene(values)))
    assert found.cells.tolist() == ["A1", "C3", "D4"]
    assert found.about.index.equals(found.cells)
    assert found.about["line"].tolist() == ["Pvalb", "Nkx2-1", ""]
    assert found.notes == ("1 cell has no count in any gene and is left out ('B-2').",)
    values[2] = 0
    refused(lambda: load(*published(by_gene(values))), "2 cells have no count", "'B-2', 'C3'")


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.data())
def test_any_counts_come_back_either_way(published, draw):
    shape = draw.draw(st.tuples(st.integers(1, 5), st.integers(1, 5)))
    numbers = st.integers(0, 10**9).map(float) | st.floats(0, 1e9).filter(lambda x: x >= 26)
    values = draw.draw(arrays(np.float64, shape, elements=numbers, fill=st.just(0.0)))
    values[:, 0] += 26
    cells, genes = [f"cell {i}" for i in range(shape[0])], [f"g{i}" for i in range(shape[1])]
    for table in (by_gene, by_cell):
        found = own(*published(table(values, cells, genes), lines(cells)))
        np.testing.assert_array_equal(found.values.toarray(), values)
        assert found.values.has_canonical_format


# Normalisation


COUNTS = arrays(
    np.float64,
    st.tuples(st.integers(1, 6), st.integers(1, 8)),
    elements=st.integers(0, 10**6).map(float) | st.floats(0, 1e6),
    fill=st.just(0.0),
).map(lambda values: values + np.eye(*values.shape, k=0) + (values.sum(1) == 0)[:, None])


@given(COUNTS)
def test_log_cpm_is_the_dense_formula(values):
    found = log_cpm(sparse.csr_array(values))
    dense = np.log2(values / values.sum(axis=1, keepdims=True) * 1e6 + 1)
    np.testing.assert_allclose(found.toarray(), dense, rtol=1e-12, atol=1e-12)
    assert isinstance(found, sparse.csr_array)
    assert found.nnz == np.count_nonzero(values)


@given(COUNTS)
def test_counts_per_million_of_a_cell_add_up_to_a_million(values):
    cpm = np.exp2(log_cpm(sparse.csr_array(values)).toarray()) - 1
    np.testing.assert_allclose(cpm.sum(axis=1), 1e6, rtol=1e-9)


@given(COUNTS, st.floats(1e-3, 1e3))
def test_the_depth_of_a_cell_does_not_count(values, scale):
    scales = scale ** np.arange(len(values))[:, None]
    one, other = (log_cpm(sparse.csr_array(v)).toarray() for v in (values, values * scales))
    np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-9)


def test_counts_are_not_changed_by_their_normalisation():
    values = sparse.csr_array(VALUES)
    log_cpm(values)
    np.testing.assert_array_equal(values.toarray(), VALUES)


def test_whole_numbers_and_repeated_entries_are_normalised_too():
    parts = np.array([1, 2, 3]), np.array([0, 0, 1]), np.array([0, 3])
    found = log_cpm(sparse.csr_array(parts, shape=(1, 2)))
    np.testing.assert_allclose(found.toarray(), [[np.log2(5e5 + 1)] * 2])


def test_a_cell_without_counts_cannot_be_normalised():
    with pytest.raises(ParameterError, match="1 cell has no counts"):
        log_cpm(sparse.csr_array([[1.0], [0.0]]))


# Lines, and genes that vary


def test_means_of_lines():
    values = np.random.default_rng(0).poisson(3, (7, 5)) + 1.0
    line = ["b", "a", "b", "a", "b", "", "c"]
    data = made(values, line=line)
    logged = pd.DataFrame(log_cpm(data.values).toarray(), columns=data.genes)
    expected = logged.groupby(np.array(line)).mean().drop(index="")
    pd.testing.assert_frame_equal(line_means(data), expected, check_names=False)
    assert line_means(data, least=2).index.tolist() == ["a", "b"]
    chosen = np.array([True, True, False, True, True, True, False])
    expected = logged[chosen].groupby(np.array(line)[chosen]).mean().drop(index="")
    pd.testing.assert_frame_equal(line_means(data, chosen), expected, check_names=False)


def test_lines_of_too_few_cells_are_refused():
    data = made(np.ones((3, 2)), line=["a", "a", "b"])
    with pytest.raises(ParameterError, match="3 cells or more") as caught:
        line_means(data, least=3)
    assert caught.value.got == "3; of 2 lines, a has 2"
    with pytest.raises(ParameterError, match="no cell at all"):
        line_means(data, np.zeros(3, bool))


@given(COUNTS, st.integers(1, 10))
def test_the_genes_that_vary_most(values, top):
    positions = most_variable(sparse.csr_array(values), top)
    variances = values.var(axis=0)
    assert len(positions) == len(set(positions)) == min(top, values.shape[1])
    rest = np.delete(variances, positions)
    tolerance = 1e-9 * (1 + variances.max())
    assert (np.diff(variances[positions]) <= tolerance).all()
    assert not len(rest) or rest.max() <= variances[positions].min() + tolerance


def test_variance_does_not_drown_in_a_large_mean():
    values = np.full((4, 3), 1e9)
    values[0, 1] += 0.5
    assert most_variable(sparse.csr_array(values), 1).tolist() == [1]


def test_of_genes_that_vary_alike_the_first_comes_first():
    assert most_variable(sparse.csr_array(np.ones((2, 4))), 3).tolist() == [0, 1, 2]
    with pytest.raises(ParameterError, match="At least one gene"):
        most_variable(sparse.csr_array(VALUES), 0)


# Which cells count


def test_cells_pass_in_published_order(published):
    mask, steps = passed(load(*published(by_gene())))
    assert mask.tolist() == [True, True, False, False]
    assert steps.to_dict("list") == {
        "step": [
            "sequenced",
            "tdTomato positive",
            "passes the quality checks",
            "GABA-ergic or glutamatergic neuron",
        ],
        "cells": [4, 3, 2, 2],
        "removed": [0, 1, 1, 0],
    }


def test_capitals_blanks_and_hyphens_do_not_count():
    data = made(
        np.ones((4, 1)),
        tdTomato=["Positive ", " positive", "POSITIVE", "weakly positive"],
        pass_qc_checks=["y", " Y", "Yes", "Y"],
        broad_type=["GABAergic neuron", "gaba-ergic  Neuron ", "glutamatergic_neuron", GLUT],
    )
    assert passed(data)[0].tolist() == [True, True, True, False]


def test_what_is_not_recorded_is_not_asked_for_and_said():
    mask, steps = passed(made(np.ones((3, 1)), pass_qc_checks=["Y", "N", ""], tdTomato=" "))
    assert mask.tolist() == [True, False, False]
    assert steps["step"].tolist()[1:] == [
        "tdTomato positive (not recorded)",
        "passes the quality checks",
        "GABA-ergic or glutamatergic neuron (not recorded)",
    ]
    assert steps["cells"].tolist() == [3, 3, 1, 1]
    assert steps["removed"].tolist() == [0, 0, 2, 0]


def test_when_no_cell_is_left_the_step_and_the_values_are_named():
    data = made(np.ones((4, 1)), tdTomato=["positive"] * 3 + ["no"], pass_qc_checks=list("NN?Y"))
    error = refused(lambda: passed(data), "after the step “passes the quality checks”")
    assert error.got == "'N' in 2 cells, '?' in 1 cell"


@given(
    st.lists(
        st.tuples(*[st.sampled_from(v) for v in (["positive", "x"], "YN", [GABA, GLUT, "Astro"])]),
        min_size=1,
        max_size=12,
    )
)
def test_the_steps_add_up(told):
    tomato, checks, kinds = zip(*told, strict=True)
    data = made(np.ones((len(told), 1)), tdTomato=tomato, pass_qc_checks=checks, broad_type=kinds)
    expected = [t == "positive" and q == "Y" and k != "Astro" for t, q, k in told]
    if not any(expected):
        refused(lambda: passed(data), "No cell is left")
        return
    mask, steps = passed(data)
    assert mask.tolist() == expected
    cells = steps["cells"].to_numpy()
    assert cells[0] == len(told)
    assert cells[-1] == sum(expected)
    assert (-np.diff(cells) == steps["removed"].to_numpy()[1:]).all()


def test_paths_may_be_texts(published):
    assert load(*map(str, published(by_gene()))).cells.tolist() == CELLS

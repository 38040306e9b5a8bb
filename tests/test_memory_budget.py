"""Counts in little memory: some cells or genes at a time, and never another result for it."""

import json
import subprocess
import sys
from itertools import pairwise

import h5py
import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import sparse

from analysis_lib import tables
from analysis_lib.datasets import counts
from analysis_lib.datasets.counts import LogCpm, blocks, h5ad, log_cpm, rows
from analysis_lib.datasets.counts.profiles import BYTES_PER_VALUE
from analysis_lib.errors import ParameterError, TableError
from analysis_lib.files import PROJECT
from analysis_lib.studies.geo_validation import Params, budget
from tests.conftest import MEASURED
from tests.strategies.annotated import Annotated
from tests.table_files import write

FOLDERS = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
NUMBERS = st.integers(0, 10**6).map(float) | st.floats(0, 1e6)
COUNTS = arrays(
    np.float64,
    st.tuples(st.integers(1, 9), st.integers(1, 7)),
    elements=NUMBERS,
    fill=st.just(0.0),
).map(lambda values: values + (values.sum(axis=1) == 0)[:, None])


def cuts(length):
    """Return places at which a length is cut, some of them the same."""
    return st.lists(st.integers(0, length), max_size=4).map(lambda at: [0, *sorted(at), length])


def same(found, expected):
    """Expect the same counts to the bit, stored in the same order."""
    for part in ("data", "indices", "indptr"):
        np.testing.assert_array_equal(getattr(found, part), getattr(expected, part))
    assert found.shape == expected.shape
    assert found.data.dtype == np.float64
    assert found.indices.dtype == found.indptr.dtype == np.int32


# Pieces and the whole


@given(COUNTS, st.data())
def test_pieces_are_the_whole(values, draw):
    whole = sparse.csr_array(values)
    cells = draw.draw(cuts(len(values)))
    pieces = [whole[a:b] for a, b in pairwise(cells)]
    same(blocks.below(pieces, values.shape[1]), whole)
    assert not pieces
    genes = draw.draw(cuts(values.shape[1]))
    pieces = [whole[:, a:b] for a, b in pairwise(genes)]
    same(blocks.beside(pieces, len(values)), whole)
    assert not pieces


def test_no_pieces_are_no_cells_and_no_genes():
    assert blocks.below([], 3).shape == (0, 3)
    assert blocks.beside([], 3).shape == (3, 0)


@given(COUNTS, st.data())
def test_cells_are_chosen_within_the_same_arrays(values, draw):
    whole = sparse.csr_array(values)
    chosen = draw.draw(st.lists(st.integers(0, len(values) - 1), unique=True).map(sorted))
    expected, data = whole[chosen], whole.data
    found = blocks.only(whole, chosen)
    same(found, expected)
    if 2 * found.nnz > len(data):  # fewer are copied, so that the rest can go
        assert np.shares_memory(found.data, data)


@given(COUNTS, st.data())
def test_genes_of_one_name_are_added_up(values, draw):
    genes = draw.draw(
        st.lists(st.integers(0, 3), min_size=values.shape[1], max_size=values.shape[1])
    )
    codes, names = pd.factorize(np.array(genes))
    expected = np.zeros((len(values), len(names)))
    np.add.at(expected.T, codes, values.T)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(blocks, "VALUES", 2)
        found = blocks.renamed(sparse.csr_array(values), codes, len(names))
    np.testing.assert_allclose(found.toarray(), expected, rtol=1e-14)
    assert found.has_canonical_format


# However many at a time


@given(COUNTS, st.integers(1, 40), st.data())
def test_results_do_not_depend_on_how_many_values_are_worked_on(values, at_once, draw):
    cells = len(values)
    chosen = np.array(draw.draw(st.lists(st.booleans(), min_size=cells, max_size=cells)))
    chosen[0] = True
    lines = draw.draw(st.lists(st.sampled_from(["a", "b"]), min_size=cells, max_size=cells))
    data = made(values, lines)
    whole = log_cpm(data.values[chosen])
    some = LogCpm(data.values, np.flatnonzero(chosen), at_once)
    assert some.shape == whole.shape
    same(sparse.vstack(list(some), format="csr"), whole)
    genes = counts.most_variable(some, 3)
    np.testing.assert_array_equal(genes, by_the_whole(whole, 3))
    np.testing.assert_array_equal(some.of(genes), whole[:, genes].toarray())
    found = counts.line_means(data, chosen, at_once=at_once)
    np.testing.assert_array_equal(found, means_of_the_whole(whole, np.array(lines)[chosen]))


def made(values, lines):
    """Return counts as a loader does."""
    index = pd.Index([f"c{i}" for i in range(len(values))], dtype="str", name="cell")
    genes = pd.Index([f"g{i}" for i in range(values.shape[1])], dtype="str")
    about = pd.DataFrame({"line": lines, "broad_type": "", "type": ""}, index, dtype="str")
    return counts.Counts(sparse.csr_array(values), index, genes, about, ())


def by_the_whole(values, top):
    """Return the genes that vary most as they were found before there were blocks."""
    cells, genes = values.shape
    means = np.bincount(values.indices, values.data, genes) / cells
    spread = np.bincount(values.indices, (values.data - means[values.indices]) ** 2, genes)
    zeros = cells - np.bincount(values.indices, minlength=genes)
    return np.argsort(-((spread + zeros * means**2) / cells), kind="stable")[:top]


def means_of_the_whole(values, lines):
    """Return the means of lines as they were found before there were blocks."""
    names, codes, sizes = np.unique(lines, return_inverse=True, return_counts=True)
    places = np.ones(len(codes)), (codes, np.arange(len(codes)))
    members = sparse.csr_array(places, (len(names), len(codes)))
    return (members @ values).toarray() / sizes[:, None]


# Files


@settings(FOLDERS, max_examples=40)
@given(COUNTS.map(np.round), st.integers(1, 12), st.sampled_from(["f4", "i4", "u4", "f8"]))
def test_counts_are_the_same_however_they_are_stored(tmp_path, values, at_once, kind):
    values[:, 0] += 30
    cells = [f"c{i}" for i in range(len(values))]
    genes = [f"g{i}" for i in range(values.shape[1])]
    lines = ["Pvalb-IRES-Cre"] * len(cells)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(h5ad, "_VALUES_AT_ONCE", at_once)
        patch.setattr(counts, "read_apart", h5ad.read_h5ad)
        patch.setattr(rows, "BYTES", at_once)
        for how in ("dense", "csr", "csc"):
            path = Annotated(values.astype(kind), cells, genes, lines, how, ()).write(tmp_path)
            same(counts.own(path).values, sparse.csr_array(values))
        told = write(tmp_path, "cell,line\n" + "".join(f"{c},a\n" for c in cells), "cells.csv")
        table = pd.DataFrame(values, cells, genes)
        for text in (table.to_csv(), table.T.to_csv()):
            found = counts.own(write(tmp_path, text, "counts.csv"), told)
            same(found.values, sparse.csr_array(values))


LINE_ENDS = st.sampled_from(["\n"] * 6 + ["\r\n", "\r", "\n\n", "\n\r\n", "\r\r\n", "\n \n"])
NAMES = st.sampled_from(["a", "b", '"c"', '"d,e"', '"f\ng"', '"h""i"', "", " j ", 'k"', "\ufeffl"])
CELLS = st.sampled_from(["0", "0", "3", "1e2", "NA", "", "inf", "x", '"7"'])
TEXTS = st.lists(st.tuples(NAMES, CELLS, CELLS, LINE_ENDS), min_size=1, max_size=9).map(
    lambda told: "gene,A,B\n" + "".join(f"{name},{a},{b}{end}" for name, a, b, end in told)
)


@settings(FOLDERS, max_examples=150)
@example("gene,A,B\na,1,2\n\nb,3,4\n", 1)
@example('gene,A,B\n"a\nb",1,2\nc,3,4\n', 1)
@example("gene,A,B\na,1,2\r\r\nb,3,4\n", 1)
@example("gene,A,B\na,1,2\n\r\nb,3,4\n", 7)
@example("gene,A,B\na,1,2", 1)
@given(TEXTS, st.integers(1, 30))
def test_a_text_read_in_pieces_is_the_text_read_as_a_whole(tmp_path, text, at_once):
    path = write(tmp_path, text.encode(), "counts.csv")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rows, "BYTES", at_once)
        found = outcome(lambda: in_pieces(path))
    assert found == outcome(lambda: as_a_whole(path))


def in_pieces(path):
    names, pieces = rows.read_rows(path, ["A", "B"], None)
    return names, np.vstack([piece.toarray() for piece in pieces]).tolist()


def as_a_whole(path):
    frame = tables.read_table(path, numbers=["A", "B"])
    names = frame.iloc[:, 0].astype("str").str.strip().tolist()
    return names, frame[["A", "B"]].to_numpy().tolist()


def outcome(read):
    """Return what is read, or what is said instead, as text: NaN is NaN."""
    try:
        return repr(read())
    except TableError as error:
        return str(error)


def test_a_sound_text_is_read_in_pieces(tmp_path, monkeypatch):
    lines = "".join(f'"g{i}",{i},0\n' for i in range(50))
    path = write(tmp_path, "gene,A,B\n" + lines, "counts.csv")
    monkeypatch.setattr(rows, "BYTES", 100)
    monkeypatch.setattr(tables, "read_table", None)  # never asked
    names, pieces = rows.read_rows(path, ["A", "B"], None)
    assert names == [f"g{i}" for i in range(50)]
    assert len(pieces) > 3


# Which matrix of a file


def test_a_matrix_that_is_looked_at_in_vain_is_not_kept(tmp_path, monkeypatch):
    path = Annotated(np.array([[0.5, 30.0]]), ["c"], ["g", "h"], ["Sst"], "csr", ()).write(tmp_path)
    with h5py.File(path, "r+") as file:
        file.create_group("layers")["counts"] = np.array([[-1.0, 2.0]])
    read = []
    matrix = h5ad._matrix
    monkeypatch.setattr(h5ad, "_matrix", lambda *of: read.append(of[1]) or matrix(*of))
    found = h5ad.read_h5ad(path)
    assert read == ["X", "counts", "X"]
    assert found.name == "X"
    np.testing.assert_array_equal(found.values.toarray(), [[0.5, 30.0]])


# The budget


@pytest.mark.parametrize(
    ("words", "size"), [("4G", 4 * 2**30), ("900M", 900 * 2**20), ("99999G", 99_999 * 2**30)]
)
def test_a_budget_is_a_size(words, size):
    assert budget.size(words) == size
    assert Params(memory_budget=words).memory_budget == words


@pytest.mark.parametrize("words", ["4", "0G", "4g", "4.5G", "", "-1G", "4GB", "1e3M", "100000G"])
def test_anything_else_is_no_budget(words):
    with pytest.raises(
        ParameterError, match=r"(?s)'memory_budget' has no legal.*such as 4G"
    ) as bad:
        Params.of({"memory_budget": words})
    assert "4G" in bad.value.remedy


def test_a_budget_that_is_too_small_names_the_least():
    values = sparse.csr_array(np.ones((1000, 600)))
    with pytest.raises(ParameterError) as caught:
        budget.values_at_once(values, "7M", 50)
    least = caught.value.expected.split()[2].rstrip(":")
    assert caught.value.where == "memory_budget"
    assert len(str(caught.value).splitlines()) <= 5
    assert budget.values_at_once(values, least, 50) >= 600
    with pytest.raises(ParameterError):
        budget.values_at_once(values, f"{int(least[:-1]) - 1}M", 50)


def test_what_a_budget_leaves_is_the_size_of_the_blocks():
    values = sparse.csr_array(np.ones((1000, 600)))
    few, more, all_there_is = (budget.values_at_once(values, w, 50) for w in ("9M", "20M", "9G"))
    assert few < more < all_there_is == blocks.VALUES
    kept = values.data.nbytes + values.indices.nbytes + values.indptr.nbytes
    assert kept + 8 * 1000 * 50 + more * BYTES_PER_VALUE <= budget.size("20M")


# Memory itself, by the peak of processes of their own

CHILD = """
import json, re, resource, sys
from pathlib import Path
import numpy as np
from analysis_lib.datasets import counts
from analysis_lib.datasets.counts import rows
from analysis_lib.studies.geo_validation import budget
import h5py, pyarrow.csv, pandas, scipy.sparse

def peak():  # not ru_maxrss: that is also the parent's
    found = re.search(r"VmHWM:\\s*(\\d+) kB", Path("/proc/self/status").read_text())
    return int(found[1]) * 1024

rows.BYTES = 1 << 22
before = peak()
path, words, top = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
read = counts.own(path, *map(Path, sys.argv[4:]))
loaded = peak() - before
at_once = budget.values_at_once(read.values, words, top)
passed, _ = counts.passed(read)
counts.line_means(read, passed, at_once=at_once)
logged = counts.LogCpm(read.values, np.flatnonzero(passed), at_once)
logged.of(counts.most_variable(logged, top))
apart = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024
print(json.dumps({"nnz": read.values.nnz, "loaded": loaded, "all": peak() - before,
                  "apart": apart and apart - before}))
"""


@pytest.fixture(scope="module")
def many():
    """Return counts of which two fifths are not zero, and their names."""
    random = np.random.default_rng(42)
    values = np.where(random.random((3000, 6000)) < 0.4, random.integers(1, 99, (3000, 6000)), 0)
    cells, genes = [f"c{i}" for i in range(3000)], [f"g{i}" for i in range(6000)]
    return values.astype("f4"), cells, genes, [f"L{i % 7}" for i in range(3000)]


@pytest.fixture
def measured(record_property, request):
    """Read counts in a process of its own; return what memory it took, in bytes."""

    def read(words, top, *paths):
        done = subprocess.run(
            [sys.executable, "-c", CHILD, str(paths[0]), words, str(top), *map(str, paths[1:])],
            cwd=PROJECT,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr[-2000:]
        paths[0].unlink()  # some are large, and folders of tests are kept
        told = json.loads(done.stdout)
        parts = ", ".join(f"{name} {told[name] / 2**20:.0f} MB" for name in ("all", "apart"))
        record_property(MEASURED, f"{request.node.name}: {parts} for {told['nnz']:,} values")
        return told

    return read


FEW = 1000
OTHERWISE = 40 * 2**20
"""What Python itself takes meanwhile: names, tables of cells, code that is loaded late."""


@pytest.mark.parametrize(
    "how", ["csr", *(pytest.param(how, marks=pytest.mark.long) for how in ("csc", "dense"))]
)
def test_the_budget_is_kept(many, tmp_path, measured, how):
    told = measured("160M", 200, Annotated(*many, how, ()).write(tmp_path))
    counts_alone = 12 * told["nnz"]
    assert counts_alone > 80e6
    assert told["all"] < 160 * 2**20 + OTHERWISE
    # Stored by gene, they are turned round: twice for a moment.
    assert told["apart"] < counts_alone * (2 if how == "csc" else 1) + 3 * OTHERWISE


@pytest.mark.long
def test_a_table_is_never_dense(many, tmp_path, measured):
    values, cells, genes, lines = many
    told = pd.DataFrame({"cell": cells, "line": lines})[:FEW]
    told.to_csv(tmp_path / "cells.csv", index=False)
    table = pd.DataFrame(values[:FEW].T.astype(int), genes, cells[:FEW])
    path = tmp_path / "counts.csv"
    table.to_csv(path)
    text, dense = path.stat().st_size, table.size * 8
    found = measured("160M", 200, path, tmp_path / "cells.csv")
    assert found["loaded"] < text + 2 * 12 * found["nnz"] + dense / 2 + OTHERWISE

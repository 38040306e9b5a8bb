"""Counts that are too large: told before memory is short, and never cut differently for it."""

import h5py
import numpy as np
import pytest
from scipy import sparse

from analysis_lib import tables
from analysis_lib.datasets.counts import h5ad, hdf5, rows
from analysis_lib.errors import ParameterError, TableError
from analysis_lib.studies.geo_validation import budget
from tests.faults.guards import Guard
from tests.strategies.annotated import Annotated
from tests.table_files import write

GUARDS = [
    Guard(
        "analysis_lib/studies/geo_validation/budget.py",
        "if size(words) < least:",
        "if False:",
        "test_a_budget_that_is_too_small_is_told_before_anything_is_drawn",
    ),
    Guard(
        "analysis_lib/datasets/counts/h5ad.py",
        "        kept += pieces[-1].nnz\n",
        "",
        "test_what_is_kept_of_a_dense_matrix_has_a_limit",
    ),
    Guard(
        "analysis_lib/datasets/counts/hdf5.py",
        "            memory = self.rows_at_once(1) * self.shape[1] * width\n",
        "            memory = 0\n",
        "test_rows_that_can_only_be_read_together_have_a_limit[one chunk]",
    ),
    Guard(
        "analysis_lib/datasets/counts/rows.py",
        "return None if blank else stop",
        "return stop",
        "test_a_blank_line_is_seen_wherever_a_piece_ends[line feeds]",
    ),
]


@pytest.mark.fault(
    "a memory budget that the counts do not fit in",
    by="counts of 1,000 cells × 600 genes under 1M and under 7M",
    survives="refused right after reading, with the least that is enough and what takes it",
)
@pytest.mark.parametrize("words", ["1M", "7M"])
def test_a_budget_that_is_too_small_is_told_before_anything_is_drawn(words):
    """Before: nobody asked; the run was ended from outside when the maps took too much."""
    with pytest.raises(ParameterError, match="too small for these counts") as caught:
        budget.values_at_once(sparse.csr_array(np.ones((1000, 600))), words, 50)
    assert caught.value.where == "memory_budget"
    assert "at least 9M" in caught.value.expected
    assert "memory_budget=9M" in caught.value.remedy


def dense(folder, values, **storage):
    """Write an AnnData file with a dense matrix."""
    cells, genes = (
        [f"{kind}{i}" for i in range(size)] for kind, size in zip("cg", values.shape, strict=True)
    )
    path = Annotated(values, cells, genes, ["Sst"] * len(cells), "dense", ()).write(folder)
    if storage:
        with h5py.File(path, "r+") as file:
            del file["X"]
            file.create_dataset("X", data=values, **storage)
    return path


@pytest.mark.fault(
    "a dense matrix of more than 2 GiB, nearly all of it zeros",
    by="40 × 100 values under a limit of 20,000 bytes, a row in a hundred not zero",
    survives="read some rows at a time; what is not zero is kept",
)
def test_a_dense_matrix_is_as_large_as_what_is_not_zero_in_it(tmp_path, monkeypatch):
    """Before: refused for its size, though it was never in memory as a whole."""
    values = np.zeros((40, 100))
    values[:, ::100] = 3
    path = dense(tmp_path, values)
    monkeypatch.setattr(hdf5, "MAX_BYTES", 20_000)
    np.testing.assert_array_equal(h5ad.read_h5ad(path).values.toarray(), values)


@pytest.mark.fault(
    "a dense matrix that is not sparse at all, larger than a table may be",
    by="40 × 100 values under a limit of 20,000 bytes, none zero",
    survives="refused as soon as more is kept than a table may hold",
)
def test_what_is_kept_of_a_dense_matrix_has_a_limit(tmp_path, monkeypatch):
    """Before: its size alone was looked at."""
    path = dense(tmp_path, np.ones((40, 100)))
    monkeypatch.setattr(hdf5, "MAX_BYTES", 20_000)
    monkeypatch.setattr(h5ad, "_VALUES_AT_ONCE", 500)
    with pytest.raises(TableError, match=r"(?s)larger than a table may be.*that are not 0"):
        h5ad.read_h5ad(path)


@pytest.mark.fault(
    "a dense matrix in one chunk, which is unpacked as a whole or not at all",
    by="40 × 100 values in a chunk, and more values than any matrix may have",
    survives="refused before anything is read",
)
@pytest.mark.parametrize("most", [hdf5.MAX_DENSE, 3_999], ids=["one chunk", "too many values"])
def test_rows_that_can_only_be_read_together_have_a_limit(tmp_path, monkeypatch, most):
    """Before: refused likewise; it had to stay so when larger matrices came to be read."""
    chunks = (40, 100) if most == hdf5.MAX_DENSE else (1, 100)
    path = dense(tmp_path, np.zeros((40, 100)), chunks=chunks, compression="gzip")
    monkeypatch.setattr(hdf5, "MAX_BYTES", 20_000)
    monkeypatch.setattr(hdf5, "MAX_DENSE", most)
    with pytest.raises(TableError, match=r"(?s)larger than a table may be.*40 × 100 values"):
        h5ad.read_h5ad(path)


@pytest.mark.fault(
    "a blank line just where one piece of a large table ends and the next begins",
    by="blank lines of every kind between two rows, read in pieces of any size",
    survives="refused with its line, as in a table that is read at once",
)
@pytest.mark.parametrize(
    "blank", ["\n", "\r\n", "\r\r\n"], ids=["line feeds", "amid both", "returns"]
)
def test_a_blank_line_is_seen_wherever_a_piece_ends(tmp_path, monkeypatch, blank):
    """Before: a piece was read without the blank lines at its end, and they went unseen."""
    path = write(tmp_path, f"gene,A\na,1\n{blank}b,2\n")
    for size in range(1, 12):
        monkeypatch.setattr(rows, "BYTES", size)
        with pytest.raises(TableError, match="blank line") as caught:
            rows.read_rows(path, ["A"], None)
        with pytest.raises(TableError) as whole:
            tables.read_table(path, numbers=["A"])
        assert str(caught.value) == str(whole.value)


@pytest.mark.fault(
    "a line break inside quotes, just where one piece of a large table ends",
    by="a gene's name of two lines, the second of which reads like a row",
    survives="the table is read as a whole; the name stays one",
)
def test_a_row_is_not_cut_where_it_breaks_in_quotes(tmp_path, monkeypatch):
    """Before: nothing was read in pieces; one that ends inside a name must not be believed."""
    path = write(tmp_path, 'gene,A\n"a,1\nb",2\nc,3\n')
    for size in range(1, 12):
        monkeypatch.setattr(rows, "BYTES", size)
        names, pieces = rows.read_rows(path, ["A"], None)
        assert names == ["a,1\nb", "c"]
        assert np.vstack([piece.toarray() for piece in pieces]).tolist() == [[2.0], [3.0]]

"""AnnData files, written here after their published on-disk format, and what must not be read."""

import os

import h5py
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import sparse

from analysis_lib.datasets import counts
from analysis_lib.datasets.counts import apart, h5ad, hdf5, own, passed
from analysis_lib.errors import TableError
from tests.table_files import write

CELLS, GENES = ["A1", "B-2", "C3"], ["Actb", "NA", "1E5", "Sst"]
VALUES = np.array([[10.0, 0, 30, 0], [0, 5, 0, 7], [1, 2, 3, 400]])
LINES = ["Pvalb-IRES-Cre", "Ntsr1-Cre_GN220", "Sst-IRES-Cre"]
TEXT = h5py.string_dtype()


# The published format


def mark(element, kind, version="0.2.0", **more):
    element.attrs.update({"encoding-type": kind, "encoding-version": version, **more})


def put_texts(group, name, texts):
    mark(group.create_dataset(name, data=np.array(texts, object), dtype=TEXT), "string-array")


def put_array(group, name, values, **storage):
    mark(group.create_dataset(name, data=values, **storage), "array")


def put_sparse(group, name, values):
    element = group.create_group(name)
    mark(element, f"{values.format}_matrix", "0.1.0", shape=values.shape)
    for part in ("data", "indices", "indptr"):
        element.create_dataset(part, data=getattr(values, part))


def put_categories(group, name, categories, codes):
    element = group.create_group(name)
    mark(element, "categorical", ordered=False)
    put_texts(element, "categories", categories)
    put_array(element, "codes", np.array(codes, np.int8))


def put_nullable(group, name, values, mask, kind="nullable-integer"):
    element = group.create_group(name)
    mark(element, kind, "0.1.0")
    if isinstance(values[0], str):
        put_texts(element, "values", values)
    else:
        put_array(element, "values", values)
    put_array(element, "mask", np.array(mask, bool))


def put_frame(group, name, index, **columns):
    element = group.create_group(name)
    mark(element, "dataframe", _index="the names", **{"column-order": np.array([*columns], TEXT)})
    put_texts(element, "the names", index)
    for column, texts in columns.items():
        put_texts(element, column, texts)
    return element


def put_matrix(group, name, values, how="csr"):
    if how == "dense":
        put_array(group, name, values)
    else:
        put_sparse(group, name, getattr(sparse, f"{how}_array")(values))


@pytest.fixture(autouse=True)
def in_this_process(monkeypatch, request):
    """Read without a process apart, which takes a second, but where that is what is tested."""
    if "apart" not in request.node.name:
        monkeypatch.setattr(counts, "read_apart", h5ad.read_h5ad)


@pytest.fixture
def annotated(tmp_path):
    """Return a function that writes an AnnData file, to be opened and altered."""
    path = tmp_path / "cells.h5ad"

    def written(values=VALUES, how="csr", cells=CELLS, genes=GENES, **obs):
        path.unlink(missing_ok=True)
        with h5py.File(path, "w") as file:
            mark(file, "anndata", "0.1.0")
            if values is not None:
                put_matrix(file, "X", values, how)
            put_frame(file, "obs", cells, **({"line": (LINES * len(cells))[: len(cells)]} | obs))
            put_frame(file, "var", genes)
            for name in ("layers", "obsm", "uns"):
                mark(file.create_group(name), "dict", "0.1.0")
        return path

    return written


def altered(path, change):
    with h5py.File(path, "r+") as file:
        change(file)
    return path


def refused(path, *parts, cells=None):
    """Read, expect an error of at most five lines with all the parts, and return it."""
    with pytest.raises(TableError) as caught:
        own(path, cells)
    message = str(caught.value)
    for part in (str(path), *parts):
        assert part in message, message
    assert 1 < len(message.splitlines()) <= 5
    assert caught.value.remedy
    return caught.value


# What is read


@pytest.mark.parametrize("how", ["dense", "csr", "csc"])
def test_a_file_brings_its_own_cells(annotated, how):
    found = own(annotated(how=how, broad_type=["x", " y", "NA"], age=["56 d"] * 3))
    assert isinstance(found.values, sparse.csr_array)
    assert found.values.dtype == np.float64
    assert found.values.indices.dtype == np.int32
    np.testing.assert_array_equal(found.values.toarray(), VALUES)
    assert found.cells.tolist() == CELLS
    assert found.genes.tolist() == GENES
    assert found.about["line"].tolist() == ["Pvalb", "Ntsr1", "Sst"]
    assert found.about["broad_type"].tolist() == ["x", "y", ""]
    assert found.about["age"].tolist() == ["56 d"] * 3
    assert found.notes == ()


SHAPES = st.tuples(st.integers(1, 6), st.integers(1, 6))
KINDS = st.sampled_from(["float32", "float64", "int32", "int64", "uint16", ">i4", ">f8"])


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(SHAPES, KINDS, st.sampled_from(["dense", "csr", "csc"]), st.data())
def test_any_matrix_comes_back(annotated, shape, kind, how, draw):
    numbers = st.integers(0, 60_000)
    values = draw.draw(arrays(np.int64, shape, elements=numbers, fill=st.just(0)))
    values[:, 0] += 1
    cells, genes = [f"c{i}" for i in range(shape[0])], [f"g{i}" for i in range(shape[1])]
    dense = values.astype(kind)
    path = annotated(dense if how == "dense" else dense.astype(dense.dtype.newbyteorder("=")), how,
                     cells, genes)  # fmt: skip
    found = own(path)
    np.testing.assert_array_equal(found.values.toarray(), values)
    assert found.values.has_canonical_format
    assert found.cells.tolist() == cells


WORDS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=6)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(WORDS, min_size=1, max_size=4, unique=True), st.data())
def test_any_column_comes_back_as_text(annotated, words, draw):
    codes = draw.draw(st.lists(st.integers(-1, len(words) - 1), min_size=3, max_size=3))
    plain = draw.draw(st.lists(WORDS, min_size=3, max_size=3))

    def change(file):
        put_categories(file["obs"], "category", words, codes)
        put_texts(file["obs"], "words", plain)

    about = own(altered(annotated(), change)).about
    assert about["category"].tolist() == ["" if code < 0 else words[code] for code in codes]
    assert about["words"].tolist() == plain


def test_columns_of_every_kind(annotated):
    def change(file):
        obs = file["obs"]
        put_array(obs, "whole", np.array([1, -2, 3], np.int16))
        put_array(obs, "decimal", np.array([0.5, np.nan, 1e300]))
        put_array(obs, "yes", np.array([True, False, True]))
        put_nullable(obs, "maybe whole", np.array([1, 2, 3]), [0, 1, 0])
        put_nullable(obs, "maybe yes", np.array([True] * 3), [0, 1, 0], "nullable-boolean")
        put_nullable(obs, "maybe text", ["a", "b", "c"], [1, 0, 0], "nullable-string-array")
        mark(obs.create_group("ragged"), "awkward-array", "0.1.0")
        obs.create_dataset("fixed", data=np.array([b"a", b"bc", b""]))
        put_categories(obs, "yes or no", ["Y"], [0, 0, -1])

    found = own(altered(annotated(), change))
    told = {name: found.about[name].tolist() for name in found.about}
    assert told["whole"] == ["1", "-2", "3"]
    assert told["decimal"] == ["0.5", "", "1e+300"]
    assert told["yes"] == ["true", "false", "true"]
    assert told["maybe whole"] == ["1", "", "3"]
    assert told["maybe yes"] == ["true", "", "true"]
    assert told["maybe text"] == ["", "b", "c"]
    assert told["fixed"] == ["a", "bc", ""]
    assert told["yes or no"] == ["Y", "Y", ""]
    assert "ragged" not in told
    assert found.notes == ("1 column is in obs of a kind that is not read ('ragged').",)


def test_categories_as_version_0_7_wrote_them(annotated):
    def change(file):
        obs = file["obs"]
        del obs["line"]
        obs.create_dataset("line", data=np.array([1, 0, -1], np.int8))
        put_texts(obs.create_group("__categories"), "line", LINES[:2])
        obs["line"].attrs["categories"] = obs["__categories/line"].ref

    found = own(altered(annotated(), change))
    assert found.about["line"].tolist() == ["Ntsr1", "Pvalb", ""]
    assert set(found.about) == {"line", "broad_type", "type"}


def test_what_obs_tells_of_quality_is_used(annotated):
    def change(file):
        put_array(file["obs"], "pass_qc_checks", np.array([True, False, True]))
        put_categories(file["obs"], "tdTomato", ["negative", "positive"], [1, 1, 0])

    mask, steps = passed(own(altered(annotated(), change)))
    assert mask.tolist() == [True, False, False]
    assert steps["cells"].tolist() == [3, 2, 1, 1]


def test_a_table_of_cells_goes_before_obs(annotated, tmp_path):
    table = write(tmp_path, "cell,line\nC3,Vip-IRES-Cre\nB.2,Sst-IRES-Cre\n", "cells.csv")
    refused(annotated(), "1 in the counts alone ('A1')", cells=table)
    found = own(annotated(), table, unmatched="drop")
    assert found.cells.tolist() == ["B.2", "C3"]
    assert found.about["line"].tolist() == ["Sst", "Vip"]
    np.testing.assert_array_equal(found.values.toarray(), VALUES[1:])


def test_obs_must_say_the_line(annotated, tmp_path):
    def change(file):
        del file["obs/line"]

    path = altered(annotated(), change)
    refused(path, "which Cre line", "obs", "table of cells")
    table = write(tmp_path, "cell,line\nA1,a\nB-2,b\nC3,c\n", "cells.csv")
    assert own(path, table).about["line"].tolist() == ["a", "b", "c"]


def test_symbols_stand_in_for_ensembl_ids(annotated):
    ids = [f"ENSMUSG0000000000{i}" for i in range(4)]

    def change(file):
        put_texts(file["var"], "gene_symbols", ["Actb", "", "Sst", "Actb"])

    found = own(altered(annotated(genes=ids), change))
    assert found.genes.tolist() == ["Actb", ids[1], "Sst"]
    np.testing.assert_array_equal(found.values[:, [0]].toarray()[:, 0], VALUES[:, 0] + VALUES[:, 3])
    assert "called by their symbols, in the column 'gene_symbols'" in found.notes[0]
    assert own(annotated(genes=ids)).genes.tolist() == ids


# Which matrix holds the counts


SCALED = VALUES - 50
LOGGED = np.log1p(VALUES)


@pytest.mark.parametrize("x", [SCALED, LOGGED, VALUES / 3], ids=["scaled", "logged", "estimated"])
@pytest.mark.parametrize("how", ["dense", "csr", "csc"])
def test_whole_counts_elsewhere_are_preferred_and_said(annotated, x, how):
    def layer(file):
        put_matrix(file["layers"], "counts", VALUES, how)

    def raw(file):
        put_matrix(file.create_group("raw"), "X", VALUES, how)
        put_frame(file["raw"], "var", [f"raw {gene}" for gene in GENES])

    for change, name, genes in (
        (layer, "layers/counts", GENES),
        (raw, "raw/X", [f"raw {gene}" for gene in GENES]),
    ):
        found = own(altered(annotated(x), change))
        np.testing.assert_array_equal(found.values.toarray(), VALUES)
        assert found.genes.tolist() == genes
        fault = "no counts" if x is SCALED else "no whole numbers"
        assert found.notes == (
            f"The counts are those in {name} of the file: X holds values that are {fault}.",
        )


def test_counts_in_x_are_taken_whatever_else_there_is(annotated):
    def change(file):
        put_matrix(file["layers"], "counts", VALUES + 1)

    found = own(altered(annotated(), change))
    np.testing.assert_array_equal(found.values.toarray(), VALUES)
    assert found.notes == ()


def test_estimated_counts_in_x_are_taken_where_there_are_no_others(annotated):
    found = own(annotated(VALUES / 4))
    np.testing.assert_array_equal(found.values.toarray(), VALUES / 4)
    assert "no whole numbers: they are estimates" in found.notes[0]


def test_a_file_may_be_without_x(annotated):
    def change(file):
        put_matrix(file["layers"], "counts", VALUES)

    assert "there is no X" in own(altered(annotated(None), change)).notes[0]
    refused(annotated(None), "holds no matrix", "layers/counts or raw/X")


def test_raw_logarithms_behind_scaled_values_are_no_counts(annotated):
    def change(file):
        put_matrix(file.create_group("raw"), "X", LOGGED)
        put_frame(file["raw"], "var", GENES)

    refused(altered(annotated(SCALED), change), "look like logarithms")


def test_what_is_no_count_is_named(annotated):
    refused(annotated(SCALED), "11 values are negative", "X, cell 'A1', gene 'Actb'", "-40.0")
    values = VALUES.copy()
    values[1, 3] = np.nan
    for how in ("dense", "csr", "csc"):
        refused(annotated(values, how), "1 value is missing", "X, cell 'B-2', gene 'Sst'")


# Damaged and foreign files


@pytest.mark.parametrize(
    ("content", "part"),
    [
        (b"gene,A\nx,1\n", "called .h5ad and is a table"),
        (b"", "empty"),
        (b"version https://git-lfs.github.com/spec/v1\n", "Git LFS"),
        (b"<!doctype html><p>Sign in", "HTML"),
        (b"\0\1\2\3\4", "binary"),
        (hdf5.SIGNATURE, "damaged or cut off"),
        (hdf5.SIGNATURE + bytes(2000), "damaged or cut off"),
    ],
    ids=["table", "empty", "pointer", "page", "binary", "signature alone", "signature and zeros"],
)
def test_what_is_no_hdf5(tmp_path, content, part):
    refused(write(tmp_path, content, "cells.h5ad"), part)


def test_no_file_a_folder_and_a_pipe(tmp_path):
    refused(tmp_path / "cells.h5ad", "no such file")
    (tmp_path / "folder.h5ad").mkdir()
    refused(tmp_path / "folder.h5ad", "a folder")
    os.mkfifo(tmp_path / "pipe.h5ad")
    refused(tmp_path / "pipe.h5ad", "no regular file")


def test_it_is_the_content_that_tells(annotated, tmp_path):
    renamed = annotated().rename(tmp_path / "cells.dat")
    assert own(renamed).cells.tolist() == CELLS


@pytest.mark.parametrize("kept", [0.1, 0.5, 0.9, 0.999])
def test_files_cut_off_anywhere(annotated, kept):
    data = annotated().read_bytes()
    path = annotated()
    path.write_bytes(data[: int(len(data) * kept)])
    refused(path, "damaged or cut off")


def replaced(name, **arrays_or_attributes):
    def change(file):
        for part, value in arrays_or_attributes.items():
            if part == "shape":
                file[name].attrs[part] = value
            else:
                del file[name][part]
                file[name][part] = value

    return change


def deleted(name):
    def change(file):
        del file[name]

    return change


def set_attribute(element, name, value):
    def change(file):
        file[element].attrs[name] = value

    return change


@pytest.mark.parametrize(
    ("change", "parts"),
    [
        (deleted("obs"), ["not an AnnData file", "'X'"]),
        (deleted("var"), ["not an AnnData file"]),
        (deleted("X/indptr"), ["X", "an array 'indptr'"]),
        (deleted("obs/the names"), ["obs", "names in 'the names'"]),
        (replaced("X", shape=(3, 5)), ["3 × 4 values", "(3, 5)"]),
        (replaced("X", shape=(3, 4, 1)), ["shape None"]),
        (replaced("X", indices=np.array([0, 2, 1, 3, 0, 1, 2, 4])), ["positions from 0 to 3"]),
        (replaced("X", indices=np.array([0, 2, 1, 3, 0, 1, 2, -1])), ["positions from 0 to 3"]),
        (replaced("X", indices=np.arange(7)), ["X/indices", "8 values", "got:      7"]),
        (replaced("X", indices=np.ones(8)), ["X/indices", "numbers", "float64"]),
        (replaced("X", indptr=np.array([0, 2, 4])), ["X/indptr", "4 values"]),
        (replaced("X", indptr=np.array([0, 2, 1, 8])), ["rising from 0 to 8"]),
        (replaced("X", indptr=np.array([1, 2, 4, 8])), ["rising from 0 to 8"]),
        (replaced("X", indptr=np.array([0, 2, 4, 9])), ["rising from 0 to 8"]),
        (replaced("X", data=np.array(["a"] * 8, object)), ["X/data", "text"]),
        (replaced("X", data=np.ones(8, complex)), ["X/data", "complex"]),
        (replaced("X", data=np.ones((8, 1))), ["one row of values", "8 × 1"]),
        (replaced("X", data=h5py.Empty("f8")), ["empty data space"]),
        (set_attribute("X", "encoding-type", "coo_matrix"), ["csr_matrix or csc", "'coo_matrix'"]),
        (set_attribute("X", "encoding-type", [1, 2]), ["'encoding-type'", "several values"]),
        (set_attribute("obs", "_index", 3), ["'_index'"]),
        (set_attribute("obs", "_index", "../X/data"), ["names in '../X/data'"]),
        (set_attribute("obs", "_index", "/X/data"), ["names in '/X/data'"]),
        (replaced("obs", line=np.array(["a", "b"], TEXT)), ["obs/line", "3 values"]),
        (replaced("obs", line=np.ones((3, 2))), ["obs/line", "3 × 2"]),
    ],
)  # fmt: skip
def test_what_is_not_laid_out_as_published(annotated, change, parts):
    refused(altered(annotated(), change), *parts)


def test_tables_and_matrices_of_other_kinds(annotated):
    def old(file):
        del file["obs"]
        file["obs"] = np.array([(b"A1", 1)], [("index", "S4"), ("line", "i4")])

    refused(altered(annotated(), old), "since 0.7", "one table")

    def codes(file):
        del file["obs/line"]
        put_categories(file["obs"], "line", LINES, [0, 1, 3])

    refused(altered(annotated(), codes), "obs/line/codes", "codes from -1 to 2")

    def shape(file):
        del file["X"]
        put_array(file, "X", VALUES.T)

    refused(altered(annotated(), shape), "3 × 4 values", "4 × 3")

    def texts(file):
        del file["obs/line"]
        file["obs/line"] = np.array([b"\xff", b"b", b"c"], h5py.string_dtype())

    refused(altered(annotated(), texts), "damaged", "UnicodeDecodeError")


def test_names_are_held_to_the_rules_of_tables(annotated):
    refused(annotated(cells=["A", "B", "A"]), "1 cell stands more than once", "obs")
    refused(annotated(cells=["A", "", "C"]), "1 cell has no name")
    refused(annotated(genes=["a", "b", " ", "c"]), "1 gene has no name", "var")


# What must not be read


@pytest.mark.parametrize(
    "link",
    [
        h5py.ExternalLink("other.h5", "/X"),
        h5py.ExternalLink("/dev/stdin", "/X"),
        h5py.SoftLink("/layers/counts"),
        h5py.SoftLink("/nowhere"),
    ],
    ids=["other file", "device", "same file", "nowhere"],
)
@pytest.mark.parametrize("name", ["X", "obs", "X/data", "obs/line", "raw", "obs/the names"])
def test_links_are_not_followed(annotated, tmp_path, name, link):
    with h5py.File(tmp_path / "other.h5", "w") as other:
        other["X"] = VALUES

    def change(file):
        if name in file:
            del file[name]
        file[name] = link

    whole = VALUES if name != "raw" else LOGGED * 20  # raw is looked at where X is no counts
    refused(altered(annotated(whole), change), name, "link")


def test_values_in_other_files_are_not_read(annotated, tmp_path):
    (tmp_path / "secret").write_bytes(VALUES.tobytes())

    def external(file):
        del file["X"]
        where = [(str(tmp_path / "secret"), 0, VALUES.nbytes)]
        file.create_dataset("X", VALUES.shape, "f8", external=where)

    refused(altered(annotated(), external), "values in another file", "X")

    def virtual(file):
        del file["X"]
        layout = h5py.VirtualLayout(VALUES.shape, "f8")
        layout[:] = h5py.VirtualSource(str(tmp_path / "other.h5"), "X", VALUES.shape)
        file.create_virtual_dataset("X", layout)

    refused(altered(annotated(), virtual), "values in another file", "X")


def test_sizes_are_checked_before_anything_is_read(annotated):
    huge = 10**12

    def texts(file):
        del file["obs/the names"]
        file["obs"].create_dataset("the names", (huge,), TEXT, chunks=(10,))

    refused(altered(annotated(), texts), "larger than a table", "1,000,000,000,000 values")

    def dense(file):
        del file["X"]
        file.create_dataset("X", (huge, 4), "u1", chunks=(10, 4), compression="gzip")

    refused(altered(annotated(), dense), "larger than a table", "1,000,000,000,000 × 4 values")

    def parts(file):
        for part in ("data", "indices"):
            del file["X"][part]
            file["X"].create_dataset(part, (huge,), "i8", chunks=(10,))

    refused(altered(annotated(), parts), "larger than a table")


def test_texts_that_are_one_long_text_in_the_file_are_not_unfolded(annotated, monkeypatch):
    def change(file):
        put_categories(file["obs"], "long", ["x" * 5000], [0, 0, 0])

    path = altered(annotated(), change)
    assert own(path).about["long"].str.len().tolist() == [5000] * 3
    monkeypatch.setattr(hdf5, "MAX_BYTES", 12_000)
    refused(path, "larger than a table may be", "texts that long")
    monkeypatch.setattr(hdf5, "MAX_BYTES", 300)
    refused(path, "larger than a table may be", "3 rows of 2 columns")


def test_texts_are_read_a_few_at_a_time_from_a_large_file(annotated, monkeypatch):
    path = annotated()
    monkeypatch.setattr(hdf5, "MAX_BYTES", path.stat().st_size * 2)
    assert own(path).cells.tolist() == CELLS


def test_dense_matrices_are_read_some_rows_at_a_time(annotated, monkeypatch):
    monkeypatch.setattr(h5ad, "_VALUES_AT_ONCE", 8)
    np.testing.assert_array_equal(own(annotated(how="dense")).values.toarray(), VALUES)

    def chunked(file):
        del file["X"]
        file.create_dataset("X", data=VALUES, chunks=(2, 3), compression="gzip")

    np.testing.assert_array_equal(own(altered(annotated(), chunked)).values.toarray(), VALUES)


# A process apart


def test_what_is_read_apart_is_the_same(annotated):
    def change(file):
        put_matrix(file["layers"], "counts", VALUES)
        put_texts(file["obs"], "odd", ["é\n", "", '"'])

    path = altered(annotated(LOGGED), change)
    found, here = apart.read_apart(path), h5ad.read_h5ad(path)
    assert (found.values != here.values).nnz == 0
    assert found.values.indices.dtype == np.int32
    assert found.about.equals(here.about)
    for part in ("path", "name", "cells", "genes", "notes"):
        assert getattr(found, part) == getattr(here, part)
    assert own(path).about["odd"].tolist() == ["é\n", "", '"']


def test_what_is_refused_apart_is_refused_in_the_same_words(annotated, monkeypatch):
    path = altered(annotated(), deleted("X/indptr"))
    monkeypatch.chdir(path.parent)
    error = refused(path.relative_to(path.parent), "an array 'indptr'", "anndata")
    assert error.where == "cells.h5ad, X"


@pytest.mark.parametrize(
    ("code", "what", "got"),
    [
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", "crashed", "SIGSEGV"),
        ("import time; time.sleep(60)", "came to no end", "none after 1 s"),
        ("import signal; signal.alarm(1); signal.pause()", "came to no end", "none after 30 s"),
    ],
    ids=["crash", "no end", "its own limit"],
)
def test_what_hdf5_does_to_a_process_apart(annotated, monkeypatch, code, what, got):
    monkeypatch.setattr(apart, "_READ", code)
    monkeypatch.setattr(apart, "SECONDS", 1.0 if "sleep" in code else 30.0)
    assert refused(annotated(), f"HDF5 {what}", "damaged").got == got


def test_a_fault_of_the_reader_apart_is_no_fault_of_the_file(annotated, monkeypatch):
    monkeypatch.setattr(apart, "_READ", "1 / 0")
    with pytest.raises(RuntimeError, match="ZeroDivisionError"):
        own(annotated())


@pytest.mark.parametrize("place", [0.15, 0.4])
def test_damage_is_told_or_does_no_harm_apart(annotated, monkeypatch, place):
    monkeypatch.setattr(apart, "SECONDS", 4.0)
    path = annotated()
    data = bytearray(path.read_bytes())
    at = int(len(data) * place)
    data[at : at + 64] = bytes(64)
    path.write_bytes(data)
    try:
        found = own(path)
    except TableError as error:
        assert str(path) in str(error)  # noqa: PT017  (either is right)
        return
    assert found.values.shape == (len(found.cells), len(found.genes))

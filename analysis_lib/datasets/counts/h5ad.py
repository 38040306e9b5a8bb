"""AnnData files (.h5ad), by their published on-disk format of version 0.7 and later.

`X`, `layers` and `raw` are dense or compressed by row or column; `obs` and `var` are tables
stored by column. Only what is needed of that is read, and as data: nothing in a file is run.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from analysis_lib.datasets.counts.blocks import VALUES, below, beside
from analysis_lib.datasets.counts.hdf5 import (
    TEXT_BYTES,
    Array,
    Group,
    members,
    opened,
    refuse_larger,
)
from analysis_lib.datasets.counts.tables import Matrix
from analysis_lib.datasets.counts.values import estimated, is_count
from analysis_lib.datasets.identifiers import (
    counted,
    examples,
    refuse_nameless,
    refuse_repeats,
)
from analysis_lib.errors import TableError
from analysis_lib.tables.records import show

_VALUES_AT_ONCE = VALUES
_KEPT = 8
"""Bytes of a value of the counts, without its place."""

_WHOLE, _NUMBER = "iu", "iufb"
_OLD_CATEGORIES = "__categories"
_SYMBOLS = ("gene_symbols", "gene_symbol", "symbol", "gene_name", "gene_names", "feature_name")
_ENSEMBL = "ENS"
_WORTH = ("values that are no counts", "values that are no whole numbers", "counts")


@dataclass(frozen=True)
class Annotated:
    """What is read of an AnnData file.

    Parameters
    ----------
    path : Path
        The file.
    name : str
        Where in it the counts are.
    values : csr_array
        Cells × genes, unchecked.
    cells, genes : list of str
        Their names; genes may repeat.
    about : DataFrame
        The columns of `obs` as text, by cell; missing values are "".
    notes : tuple of sentences
        What a reader of the results must know.
    """

    path: Path
    name: str
    values: sparse.csr_array
    cells: list[str]
    genes: list[str]
    about: pd.DataFrame
    notes: tuple[str, ...]

    @property
    def matrix(self) -> Matrix:
        """The counts, as those of other files are given."""

        def place(cell: int, gene: int) -> str:
            names = f"cell {show(self.cells[cell])}, gene {show(self.genes[gene])}"
            return f"{self.path}, {self.name}, {names}"

        return Matrix(self.values, self.cells, self.genes, place)


def read_h5ad(path: Path) -> Annotated:
    """Read the counts of an AnnData file and what it tells of its cells.

    The counts are `X`, or `layers/counts` or `raw/X` where those hold whole numbers and `X`
    does not.

    Raises
    ------
    TableError
        When the file is damaged or not AnnData, when a part of it is in another file, or when
        it is larger than a table may be.
    """
    with opened(path) as top:
        obs, var = _frame_group(top, "obs"), _frame_group(top, "var")
        cells = _index(obs)
        refuse_nameless(cells, "cell", obs.place)
        refuse_repeats(cells, "cell", obs.place)
        about, notes = _columns(obs, len(cells))
        about.index = pd.Index(cells, dtype="str")
        found, values, why = _counts(top, var, len(cells))
        if found.name != "X":
            notes.append(f"The counts are those in {found.name} of the file: {why}.")
        genes, told = _gene_names(found.var, found.genes)
    refuse_nameless(genes, "gene", f"{path}, {found.var.name}")
    return Annotated(path, found.name, values, cells, genes, about, (*notes, *told))


@dataclass(frozen=True)
class _Found:
    """A matrix that may be the counts: where it is, its genes, and how much it is like counts."""

    name: str
    holder: Group
    member: str
    var: Group
    genes: list[str]
    worth: int = 0

    def read(self, cells: int) -> sparse.csr_array | None:
        return _matrix(self.holder, self.member, (cells, len(self.genes)))


def _counts(top: Group, var: Group, cells: int) -> tuple[_Found, sparse.csr_array, str]:
    """Return the matrix most like counts, the first of equals, its values, and why it was taken."""
    best, kept, why = None, None, "there is no X"
    for name, holder, member, table in _places(top, var):
        kept = None  # one at a time: the best is read again where none after it is better
        found = _Found(name, holder, member, table, _index(table))
        values = found.read(cells)
        if values is None:
            continue
        found = replace(found, worth=_worth(values))
        if name == "X":
            why = f"X holds {_WORTH[found.worth]}"
        if best is None or found.worth > best.worth:
            best, kept = found, values
        del values
        if best.worth == 2:
            break
    if best is None:
        raise TableError(
            "The AnnData file holds no matrix.",
            where=str(top.path),
            expected="X, layers/counts or raw/X",
            got=members(top),
            remedy="Write it again with its counts.",
        )
    return best, best.read(cells) if kept is None else kept, why


def _worth(values: sparse.csr_array) -> int:
    """Return 0 for values that are no counts, 1 for estimated ones, 2 for whole numbers."""
    if not is_count(values.data):
        return 0
    return 1 if estimated(values.data) else 2


def _places(top: Group, var: Group) -> list[tuple[str, Group, str, Group]]:
    places = [("X", top, "X", var)]
    if layers := top.group("layers"):
        places.append(("layers/counts", layers, "counts", var))
    if raw := top.group("raw"):
        places.append(("raw/X", raw, "X", raw.group("var") or var))
    return places


def _matrix(holder: Group, name: str, shape: tuple[int, int]) -> sparse.csr_array | None:
    if dense := holder.array(name):
        return _dense(dense, shape)
    if group := holder.group(name):
        return _sparse(group, shape)
    return None


def _dense(array: Array, shape: tuple[int, int]) -> sparse.csr_array:
    """Return what is not zero in a dense matrix, read some rows at a time."""
    if array.shape != shape:
        raise array.unfit(_sized(shape), " × ".join(f"{size:,}" for size in array.shape))
    if array.kind not in _NUMBER:
        raise array.unfit("numbers", array.kind)
    step = array.rows_at_once(_VALUES_AT_ONCE)
    pieces, kept = [], 0
    for start in range(0, shape[0], step):
        pieces.append(sparse.csr_array(array.numbers(start, start + step).astype(np.float64)))
        kept += pieces[-1].nnz
        refuse_larger(kept * _KEPT, array.place, f"{kept:,} values and more that are not 0")
    return below(pieces, shape[1])


def _sparse(group: Group, shape: tuple[int, int]) -> sparse.csr_array:
    encoding = group.text("encoding-type")
    if encoding not in ("csr_matrix", "csc_matrix"):
        raise _unfit(group, "an encoding-type csr_matrix or csc_matrix", show(encoding))
    if group.shape() != shape:
        raise _unfit(group, _sized(shape) + ", as obs and var have", f"shape {group.shape()}")
    by_row = encoding == "csr_matrix"
    major, minor = shape if by_row else shape[::-1]
    data, indices, bounds = (_part(group, name) for name in ("data", "indices", "indptr"))
    bounds.require(_WHOLE, major + 1)
    data.require(_NUMBER)
    indices.require(_WHOLE, data.shape[0])
    pointers = bounds.numbers().astype(np.int64)
    if pointers[0] != 0 or pointers[-1] != data.shape[0] or (np.diff(pointers) < 0).any():
        raise bounds.unfit(f"bounds rising from 0 to {data.shape[0]:,}", "others")
    read = _by_cell if by_row else _by_gene
    return read(data, indices, pointers, (major, minor))


def _by_cell(
    data: Array, indices: Array, bounds: NDArray[np.int64], shape: tuple[int, int]
) -> sparse.csr_array:
    """Return what is stored by cell, read into the arrays where it stays."""
    values, places = np.empty(bounds[-1], np.float64), np.empty(bounds[-1], np.int32)
    for start in range(0, len(values), _VALUES_AT_ONCE):
        stop = min(start + _VALUES_AT_ONCE, len(values))
        values[start:stop] = data.numbers(start, stop)
        places[start:stop] = _places_of(indices, start, stop, shape[1])
    found = sparse.csr_array((values, places, bounds.astype(np.int32)), shape)
    found.sum_duplicates()
    return found


def _by_gene(
    data: Array, indices: Array, bounds: NDArray[np.int64], shape: tuple[int, int]
) -> sparse.csr_array:
    """Return by cell what is stored by gene, turned round some genes at a time."""
    genes, cells = shape
    pieces, gene = [], 0
    while gene < genes:
        # As many genes as have so many values, and one at least.
        after = int(np.searchsorted(bounds, bounds[gene] + _VALUES_AT_ONCE, side="right")) - 1
        after = min(max(after, gene + 1), genes)
        start, stop = int(bounds[gene]), int(bounds[after])
        values = data.numbers(start, stop).astype(np.float64)
        places = _places_of(indices, start, stop, cells)
        ends = (bounds[gene : after + 1] - start).astype(np.int32)
        piece = sparse.csc_array((values, places, ends), (cells, after - gene)).tocsr()
        piece.sum_duplicates()
        pieces.append(piece)
        gene = after
    return beside(pieces, cells)


def _places_of(indices: Array, start: int, stop: int, minor: int) -> NDArray[np.int32]:
    """Return some positions, once it is sure that they are within the matrix."""
    places = indices.numbers(start, stop)
    if len(places) and not 0 <= int(places.min()) <= int(places.max()) < minor:
        raise indices.unfit(f"positions from 0 to {minor - 1:,}", "others")
    return np.asarray(places.astype(np.int32))  # an array of more values is refused


def _part(group: Group, name: str) -> Array:
    array = group.array(name)
    if array is None:
        raise _unfit(group, f"an array {name!r}", members(group))
    return array


def _frame_group(top: Group, name: str) -> Group:
    group = top.group(name)
    if group is not None:
        return group
    if top.array(name) is not None:
        raise _unfit(top, f"{name} stored by column, as anndata does since 0.7", "one table")
    raise TableError(
        "The HDF5 file is not an AnnData file.",
        where=str(top.path),
        expected="obs, var and X in it",
        got=members(top),
        remedy="Give an .h5ad file, or export the counts as CSV.",
    )


def _index(frame: Group) -> list[str]:
    """Return the names of the rows of a table."""
    name = frame.text("_index") or "_index"
    cells = _text_column(frame, name, None)
    if cells is None:
        raise _unfit(frame, f"names in {show(name)}", members(frame))
    return [text.strip() for text in cells]


def _columns(frame: Group, rows: int) -> tuple[pd.DataFrame, list[str]]:
    """Return the columns of a table as text; what is none is left out, and said."""
    index = frame.text("_index") or "_index"
    names = [name for name in frame.names() if name not in (index, _OLD_CATEGORIES)]
    memory = rows * len(names) * TEXT_BYTES
    refuse_larger(memory, frame.place, f"{rows:,} rows of {len(names):,} columns")
    columns, left_out = {}, frame.unreadable_names()
    for name in names:
        texts = _text_column(frame, name, rows)
        if texts is None:
            left_out.append(name)
            continue
        memory += sum(map(len, texts))  # one long category may stand in every row
        refuse_larger(memory, frame.place, "texts that long")
        columns[name] = pd.array(texts, "str")
    note = f"{counted(len(left_out), 'column', 'is')} in {frame.name} of a kind that is not read "
    notes = [note + f"({examples(left_out)})."] if left_out else []
    return pd.DataFrame(columns, index=range(rows)), notes


def _text_column(frame: Group, name: str, rows: int | None) -> list[str] | None:
    """Return a column as text, whatever it is stored as; None where that is not known."""
    if array := frame.array(name):
        old = frame.group(_OLD_CATEGORIES)
        categories = old.array(name) if old else None
        if categories:  # as versions before 0.8 wrote categories
            return _of_categories(array, _plain(categories, None), rows)
        return _plain(array, rows)
    group = frame.group(name)
    if group is None:
        return None
    if group.text("encoding-type") == "categorical":
        return _of_categories(_part(group, "codes"), _plain(_part(group, "categories"), None), rows)
    if group.text("encoding-type").startswith("nullable"):
        values, mask = _plain(_part(group, "values"), rows), _part(group, "mask")
        mask.require("b", len(values))
        return ["" if gone else text for text, gone in zip(values, mask.numbers(), strict=True)]
    return None


def _of_categories(codes: Array, categories: list[str], rows: int | None) -> list[str]:
    codes.require(_WHOLE, rows)
    numbers = codes.numbers().astype(np.int64)
    if len(numbers) and not -1 <= numbers.min() <= numbers.max() < len(categories):
        raise codes.unfit(f"codes from -1 to {len(categories) - 1}", "others")
    words = [*categories, ""]  # the code -1 is a missing value
    return [words[number] for number in numbers]


def _plain(array: Array, rows: int | None) -> list[str]:
    if array.is_text:
        texts = array.texts()
        if rows is not None and len(texts) != rows:
            raise array.unfit(f"{rows:,} values", f"{len(texts):,}")
        return texts
    array.require(_NUMBER, rows)
    spell: Callable[[Any], str] = {"b": _word, "f": _decimal}.get(array.kind, str)
    return [spell(value) for value in array.numbers().tolist()]


def _word(value: bool) -> str:
    return "true" if value else "false"


def _decimal(value: float) -> str:
    return "" if np.isnan(value) else repr(value)


def _gene_names(var: Group, names: list[str]) -> tuple[list[str], list[str]]:
    """Return symbols instead of Ensembl ids where the file tells them: studies know symbols."""
    if sum(name.startswith(_ENSEMBL) for name in names) * 2 <= len(names):
        return names, []
    for column in _SYMBOLS:
        symbols = _text_column(var, column, len(names))
        if symbols is not None and any(symbols):
            genes = [symbol.strip() or name for symbol, name in zip(symbols, names, strict=True)]
            return genes, [f"Genes are called by their symbols, in the column {column!r}."]
    return names, []


def _sized(shape: tuple[int, int]) -> str:
    return f"{shape[0]:,} × {shape[1]:,} values"


def _unfit(group: Group, expected: str, got: str) -> TableError:
    return TableError(
        "The AnnData file is not laid out as it should be.",
        where=group.place,
        expected=expected,
        got=got,
        remedy="Write it again with anndata 0.7 or later.",
    )

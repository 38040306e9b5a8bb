"""Counts of sequenced cells: as published (GSE71585), your own, and what is made of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from scipy import sparse

from analysis_lib import tables
from analysis_lib.datasets.counts.apart import read_apart
from analysis_lib.datasets.counts.blocks import only
from analysis_lib.datasets.counts.cells import (
    PUBLISHED,
    Match,
    Unmatched,
    described,
    match,
    read_cells,
)
from analysis_lib.datasets.counts.hdf5 import is_hdf5
from analysis_lib.datasets.counts.profiles import LogCpm, line_means, log_cpm, most_variable
from analysis_lib.datasets.counts.quality import passed
from analysis_lib.datasets.counts.tables import (
    Header,
    Matrix,
    cells_are_in_rows,
    genes_in_rows,
    read_header,
)
from analysis_lib.datasets.counts.values import checked, with_counts
from analysis_lib.datasets.identifiers import counted, examples, refuse_repeats
from analysis_lib.errors import TableError

__all__ = [
    "Counts",
    "LogCpm",
    "Unmatched",
    "line_means",
    "load",
    "log_cpm",
    "most_variable",
    "own",
    "passed",
]

GENE = "gene"
"""What the first column of the published counts is called."""


@dataclass(frozen=True)
class Counts:
    """Counts of cells by genes, and what is known of the cells.

    Parameters
    ----------
    values : csr_array
        Cells × genes, float64, none negative or missing; every cell has some.
    cells, genes : Index
        Their names, each once. Cells are called as in the table of cells.
    about : DataFrame
        By cell, all text, "" where unknown: the columns of the table of cells, and of those
        `line` (its key, see `line_key`), `broad_type` and `type` in any case.
    notes : tuple of sentences
        What a reader of the results must know.
    """

    values: sparse.csr_array
    cells: pd.Index[str]
    genes: pd.Index[str]
    about: pd.DataFrame
    notes: tuple[str, ...]


def load(counts: Path, clustering: Path, unmatched: Unmatched = "error") -> Counts:
    """Read the counts and the clustering of their cells, as GSE71585 publishes them.

    Cells are joined by name; names that differ only in "-" and "." are taken for the same.
    Counts of genes that repeat are added together. Cells without any count are left out.

    Parameters
    ----------
    counts : path
        First column `gene`, then a column per cell.
    clustering : path
        A row per cell, among others `sample_title` and `cre_driver_1`.
    unmatched : "error" or "drop"
        What to do with cells that are in one of the files alone.

    Raises
    ------
    TableError
        When a file is laid out otherwise, when a value is no count, or when the cells do not
        match.
    """
    counts, clustering = Path(counts), Path(clustering)
    table = _Table(read_cells(clustering, PUBLISHED), clustering, unmatched)
    header = read_header(counts)
    if header.plain[0].casefold() != GENE:
        raise TableError(
            f"The first column is not {GENE!r}: the file is not laid out as published.",
            where=f"{counts}, line 1",
            expected=f"{GENE!r}, then a column per cell",
            got=f"{counted(len(header.plain), 'column')}: {examples(header.plain)}",
            remedy="Give genes in rows and cells in columns; are the two files exchanged?",
        )
    return _from_columns(counts, header, table)


def own(counts: Path, cells: Path | None = None, unmatched: Unmatched = "error") -> Counts:
    """Read your own counts: a table, either way round, or an AnnData file (.h5ad).

    Parameters
    ----------
    counts : path
        CSV or TSV, plain or gzip, Parquet, or .h5ad. Which way round a table is tells where
        the names of the cells are found.
    cells : path, optional
        A table with a row per cell: first its name, then a column `line` (or `cre_driver_1`,
        or `mouse_line`), and `broad_type`, `type`, `tdTomato` and `pass_qc_checks` if they are
        known. An .h5ad file may do without: `obs` tells the same.
    unmatched : "error" or "drop"
        What to do with cells that are in one of the files alone.

    Raises
    ------
    TableError
        As for `load`, and for a table of counts without a table of cells.
    """
    counts = Path(counts)
    table = None if cells is None else _Table(read_cells(Path(cells)), Path(cells), unmatched)
    if is_hdf5(counts):
        found = read_apart(counts)
        if table is not None:
            return _joined(found.matrix, table, counts, found.notes)
        about = described(found.about, f"{counts}, obs")
        return _checked(found.matrix, about, counts, found.notes)
    if counts.suffix == ".h5ad":
        raise _no_h5ad(counts)
    if table is None:
        raise TableError(
            "A table of counts does not say which line its cells are of.",
            where=str(counts),
            expected="a second table, or an .h5ad file with a column 'line' in obs",
            remedy="Give a table of cells: their names, and a column 'line'.",
        )
    header = read_header(counts)
    matrix = cells_are_in_rows(counts, header, table.names, table.path)
    if matrix is not None:
        note = "The table of counts has its cells in the rows and its genes in the columns."
        return _joined(matrix, table, counts, (note,))
    note = "The table of counts has its cells in the columns and its genes in the rows."
    return _from_columns(counts, header, table, (note,))


def _no_h5ad(path: Path) -> TableError:
    tables.read_header(path)  # which says what the file is, where it is no table
    return TableError(
        "The file is called .h5ad and is a table.",
        where=str(path),
        remedy="Download it again; a table of counts is to be called .csv, .tsv or .parquet.",
    )


@dataclass(frozen=True)
class _Table:
    """A table of cells, and what is to be done where it and the counts differ."""

    about: pd.DataFrame
    path: Path
    unmatched: Unmatched

    @property
    def names(self) -> list[str]:
        return self.about.index.tolist()

    def match(self, cells: Sequence[str], counts: Path) -> Match:
        where = f"{counts} and {self.path}"
        return match(cells, self.names, unmatched=self.unmatched, where=where)


def _from_columns(
    counts: Path, header: Header, table: _Table, notes: tuple[str, ...] = ()
) -> Counts:
    """Read a table with a column per cell, once it is known which columns are cells."""
    names = header.plain[1:]
    refuse_repeats(names, "cell", f"{counts}, line 1")
    told = table.match(names, counts)
    matrix = genes_in_rows(counts, header, told.here.tolist())
    return _checked(matrix, table.about.iloc[told.there], counts, (*notes, *told.notes))


def _joined(matrix: Matrix, table: _Table, counts: Path, notes: tuple[str, ...]) -> Counts:
    """Join the cells of a matrix to what a table tells of them."""
    told = table.match(matrix.cells, counts)
    matrix = matrix.of(told.here.tolist())
    return _checked(matrix, table.about.iloc[told.there], counts, (*notes, *told.notes))


def _checked(matrix: Matrix, about: pd.DataFrame, counts: Path, notes: tuple[str, ...]) -> Counts:
    """Return counts, once it is sure that they are, of the cells that have any."""
    values, genes, on_values = checked(matrix, str(counts))
    full, on_empty = with_counts(values, about.index.tolist(), str(counts))
    if len(full) < len(about):
        values, about = only(values, full), about.iloc[full]
    return Counts(values, about.index, genes, about, (*notes, *on_values, *on_empty))

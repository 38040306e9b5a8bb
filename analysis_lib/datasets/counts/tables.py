"""Text and Parquet tables of counts: genes or cells in rows, read strictly into a sparse matrix."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from scipy import sparse

from analysis_lib import tables
from analysis_lib.datasets.counts.blocks import below, beside, only
from analysis_lib.datasets.counts.cells import spelled_alike
from analysis_lib.datasets.counts.rows import read_rows
from analysis_lib.datasets.identifiers import examples, refuse_nameless, refuse_repeats
from analysis_lib.errors import TableError
from analysis_lib.tables.records import show


@dataclass(frozen=True)
class Matrix:
    """What a file of counts holds, before anything is asked of its values.

    Parameters
    ----------
    values : csr_array
        Cells × genes, float64, as the file has them: NaN and negative values too.
    cells, genes : list of str
        Genes may repeat, cells do not.
    place : function
        From the positions of a cell and of a gene to where that value stands.
    """

    values: sparse.csr_array
    cells: list[str]
    genes: list[str]
    place: Callable[[int, int], str]

    def of(self, cells: Sequence[int]) -> Matrix:
        """Return the matrix of some of the cells, by rising position; its values are used up."""
        if len(cells) == len(self.cells):
            return self
        names = [self.cells[cell] for cell in cells]
        return Matrix(
            only(self.values, cells),
            names,
            self.genes,
            lambda cell, gene: self.place(cells[cell], gene),
        )


@dataclass(frozen=True)
class Header:
    """The columns of a table, of which those of genes may repeat.

    Parameters
    ----------
    plain, unique : list of str
        As they are written, without blanks around them; and told apart.
    """

    plain: list[str]
    unique: list[str]


def read_header(path: Path) -> Header:
    """Read the header of a table of counts, whichever way round it is."""
    plain: list[str] = []

    def names(header: list[str]) -> list[str]:
        plain[:] = [name.strip() for name in header]
        return _told_apart(header)

    unique = tables.read_header(path, names=names)
    return Header(plain, unique)


def genes_in_rows(path: Path, header: Header, chosen: Sequence[int]) -> Matrix:
    """Read a table with a row per gene, named in the first column.

    Parameters
    ----------
    header : Header
        Of that table.
    chosen : sequence of int
        The positions of the cells to read, counted from 0 without the first column. Others may
        hold whatever they like.
    """
    cells = [header.plain[1:][place] for place in chosen]
    names = [header.unique[1:][place] for place in chosen]
    genes, columns = read_rows(path, names, _told_apart)
    refuse_nameless(genes, "gene", str(path))

    def place(cell: int, gene: int) -> str:
        line = tables.place(path, gene, names=_told_apart)
        return f"{line}, gene {show(genes[gene])}, cell {show(cells[cell])}"

    # What is compressed by column is, turned round, compressed by row: nothing moves.
    pieces = [columns.pop(0).T for _ in range(len(columns))]
    return Matrix(beside(pieces, len(cells)), cells, genes, place)


def cells_in_rows(path: Path) -> Matrix:
    """Read a table with a row per cell, named in the first column, and a column per gene."""
    header = read_header(path)
    cells, columns = read_rows(path, header.unique[1:], _told_apart)
    genes = header.plain[1:]
    refuse_nameless(cells, "cell", str(path))
    refuse_repeats(cells, "cell", str(path))
    pieces = [columns.pop(0).tocsr() for _ in range(len(columns))]

    def place(cell: int, gene: int) -> str:
        line = tables.place(path, cell, names=_told_apart)
        return f"{line}, cell {show(cells[cell])}, gene {show(header.unique[gene + 1])}"

    return Matrix(below(pieces, len(genes)), cells, genes, place)


def cells_are_in_rows(
    path: Path, header: Header, known: Sequence[str], table: Path
) -> Matrix | None:
    """Return the table where its cells are in rows, None where they are in columns.

    Parameters
    ----------
    known : sequence of str
        How the cells are called in the table of cells, which is `table`.

    Raises
    ------
    TableError
        When cells are found both ways, or neither way.
    """
    keys = {spelled_alike(name) for name in known}
    here = _known(header.plain[1:], keys)
    if len(here) * 2 > len(known):
        return None
    matrix, fault = None, None
    try:
        matrix = cells_in_rows(path)
        rows = matrix.cells
    except TableError as error:  # no wonder, if genes are in the rows
        fault, rows = error, read_rows(path, (), _told_apart)[0]
    there = _known(rows, keys)
    if bool(here) == bool(there):
        raise TableError(
            "Cells of the table of cells are found in the rows and in the columns."
            if here
            else f"None of the {len(known):,} cells of the table of cells is in the counts.",
            where=f"{path} and {table}",
            expected=f"cells called {examples(known)}, in the rows or in the columns",
            got=f"rows called {examples(there or rows)}; "
            f"columns called {examples(here or header.plain[1:])}",
            remedy="Call the cells alike in both tables, and as no gene is called.",
        ) from fault
    if there and fault is not None:
        raise fault
    return None if here else matrix


def _known(names: Sequence[str], keys: Collection[str]) -> list[str]:
    return [name for name in names if spelled_alike(name) in keys]


def _told_apart(header: list[str]) -> list[str]:
    """Return names that differ: a name that stood before is given the number of its column."""
    first: dict[str, int] = {}
    return [
        name if first.setdefault(name, place) == place else f"{name} (column {place})"
        for place, name in enumerate((name.strip() for name in header), 1)
    ]

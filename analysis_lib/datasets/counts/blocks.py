"""Counts some cells or genes at a time: put together, cut down and looked through in little memory.

Arrays are handed over: what a function here is given is used up, so that counts are in memory
once, and twice only while they are turned round.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

VALUES = 1 << 22
"""How many values are worked on at a time: more are no faster."""


def below(pieces: list[sparse.csr_array], genes: int) -> sparse.csr_array:
    """Return the cells of all pieces, one piece below the other; the list is emptied.

    Examples
    --------
    >>> below([sparse.csr_array([[0.0, 1.0]]), sparse.csr_array([[2.0, 0.0]])], 2).toarray()
    array([[0., 1.],
           [2., 0.]])
    """
    sizes = np.concatenate([np.diff(piece.indptr) for piece in pieces] or [np.zeros(0, int)])
    values = _empty(sizes, genes)
    at = 0
    pieces.reverse()
    while pieces:
        piece = pieces.pop()
        values.data[at : at + piece.nnz] = piece.data
        values.indices[at : at + piece.nnz] = piece.indices
        at += piece.nnz
    return values


def beside(pieces: list[sparse.csr_array], cells: int) -> sparse.csr_array:
    """Return the genes of all pieces, one piece beside the other; the list is emptied.

    Examples
    --------
    >>> beside([sparse.csr_array([[0.0], [1.0]]), sparse.csr_array([[2.0], [3.0]])], 2).toarray()
    array([[0., 2.],
           [1., 3.]])
    """
    if len(pieces) == 1:
        return pieces.pop()
    sizes = sum((np.diff(piece.indptr).astype(np.int64) for piece in pieces), np.zeros(cells, int))
    values = _empty(sizes, sum(piece.shape[1] for piece in pieces))
    free = values.indptr[:-1].astype(np.int64)  # where the next value of each cell goes
    genes = 0
    pieces.reverse()
    while pieces:
        piece = pieces.pop()
        sizes = np.diff(piece.indptr)
        places = np.repeat(free - piece.indptr[:-1], sizes) + np.arange(piece.nnz)
        values.data[places] = piece.data
        values.indices[places] = piece.indices + genes
        free += sizes
        genes += piece.shape[1]
    return values


def only(values: sparse.csr_array, cells: Sequence[int] | NDArray[np.intp]) -> sparse.csr_array:
    """Return the counts of some cells, rising positions, moved to the front of the same arrays.

    Examples
    --------
    >>> only(sparse.csr_array([[1.0, 2.0], [3.0, 0.0], [0.0, 4.0]]), [0, 2]).toarray()
    array([[1., 2.],
           [0., 4.]])
    """
    bounds, at = values.indptr, 0
    for cell in cells:
        start, end = int(bounds[cell]), int(bounds[cell + 1])
        for part in (values.data, values.indices):
            part[at : at + end - start] = part[start:end]
        at += end - start
    chosen = np.asarray(cells, np.intp)
    kept = np.zeros(len(chosen) + 1, bounds.dtype)
    np.cumsum(bounds[chosen + 1] - bounds[chosen], out=kept[1:])
    return sparse.csr_array(
        (values.data[:at], values.indices[:at], kept), (len(chosen), values.shape[1])
    )


def renamed(values: sparse.csr_array, columns: NDArray[np.intp], genes: int) -> sparse.csr_array:
    """Return the counts with their genes in other columns; those that share one are added up."""
    for start in range(0, values.nnz, VALUES):
        part = values.indices[start : start + VALUES]
        part[:] = columns[part]
    moved = sparse.csr_array((values.data, values.indices, values.indptr), (values.shape[0], genes))
    moved.sum_duplicates()
    return moved


def in_blocks(
    values: sparse.csr_array, cells: NDArray[np.intp], at_once: int
) -> Iterator[NDArray[np.intp]]:
    """Yield positions of cells that have about so many values together, at least one cell."""
    ends = np.cumsum(np.diff(values.indptr)[cells], dtype=np.int64)
    yield from np.split(cells, np.flatnonzero(np.diff(ends // at_once)) + 1)


def pieces_of(data: NDArray[np.float64]) -> Iterator[NDArray[np.float64]]:
    """Yield a long array piece by piece."""
    return (data[start : start + VALUES] for start in range(0, len(data), VALUES))


def _empty(sizes: NDArray[np.int64], genes: int) -> sparse.csr_array:
    """Return counts that are yet to be filled in, so many of each cell."""
    ends = np.cumsum(sizes, dtype=np.int64)
    whole = np.int32 if ends[-1:].sum() <= np.iinfo(np.int32).max else np.int64
    bounds = np.concatenate([[0], ends]).astype(whole)
    parts = np.empty(bounds[-1], np.float64), np.empty(bounds[-1], np.int32), bounds
    return sparse.csr_array(parts, (len(sizes), genes))

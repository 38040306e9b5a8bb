"""Neurons that nobody recorded: three data sets of one world, in files as they are published.

What is learned from the table of cell types predicts the patch-clamped cells, and the sequenced
cells, drawn from the same types, confirm it or not. Symbols `Sim…` and ids from 900,000,000 are
invented; the markers keep their real names and ids, but nothing was measured. `truth` tells which
genes follow the features.
"""

from __future__ import annotations

import contextlib
import csv
import gzip
import io
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, cast

import numpy as np
import pandas as pd

from analysis_lib import files
from analysis_lib.datasets.neurons.latent import Floats, Shape, stream, world
from analysis_lib.datasets.neurons.patched import patched
from analysis_lib.datasets.neurons.sequenced import counted, counts, sequenced

__all__ = ["FULL", "SMALL", "Shape", "simulate_counts", "simulate_ephys", "truth"]

SMALL = Shape()
"""All cell types and cells with some two thousand genes: a matter of seconds."""

FULL = Shape(
    genes=12_205,
    unnamed=26_159,
    constant=7_372,
    sequenced=1_809,
    counted=24_057,
    shared=11_000,
)
"""As many rows and columns as the published files have."""

_EPHYS = ("online_table3.csv", "entrenz_symbol_s.csv", "aibs_aggregated_ephys_v6.csv")
_COUNTS = ("GSE71585_RefSeq_counts.csv.gz", "GSE71585_Clustering_Results.csv.gz")
_COMPRESSION = 1  # several times as fast as the default, for files somewhat larger
_DIGITS = 6


def simulate_ephys(folder: Path, seed: int = 42, shape: Shape = SMALL) -> tuple[Path, Path, Path]:
    """Write cell types, symbols and patch-clamped cells, simulated, and return their paths.

    Parameters
    ----------
    folder : path
        Where to; files of the same names are replaced.
    seed : int
        Chooses the world, which `simulate_counts` shares at the same seed and shape.

    Returns
    -------
    table, symbols, cells : Path
        As `cell_types.load` and `ephys_cells.load` take them.
    """
    made = world(seed, shape)
    table, symbols, cells = (Path(folder) / name for name in _EPHYS)
    tabled = made.types["tabled"].to_numpy()
    features = _feature_rows(made.features[tabled])
    with _plain(table) as file:
        file.write(",".join(["", *made.types.index[tabled]]).encode() + b"\n")
        _write_numbers(file, list(features.index), features.to_numpy())
        _write_numbers(file, made.genes["gene"].tolist(), made.expression[:, tabled])
    named = made.genes[made.genes["symbol"] != ""].sort_values("symbol")
    with _plain(symbols) as file:
        _write_rows(file, named[["gene", "symbol"]].to_numpy(), line_end="\r\n")
    recorded = patched(stream(seed, 1), made, shape)
    with _plain(cells) as file:
        _write_rows(file, [list(recorded), *recorded.to_numpy()])
    return table, symbols, cells


def simulate_counts(folder: Path, seed: int = 42, shape: Shape = SMALL) -> tuple[Path, Path]:
    """Write counts of sequenced cells and their clustering, simulated, and return their paths.

    Parameters
    ----------
    folder : path
        Where to; files of the same names are replaced.
    seed : int
        Chooses the world, which `simulate_ephys` shares at the same seed and shape.

    Returns
    -------
    counts, clustering : Path
        As `counts.load` takes them.
    """
    made, random = world(seed, shape), stream(seed, 2)
    cells = sequenced(random, made, shape)
    symbols, expression = counted(random, made, shape)
    values, clustering = (Path(folder) / name for name in _COUNTS)
    with _compressed(values) as file:
        # R, which wrote the published counts, has no "-" in the name of a column.
        titles = cells.about["sample_title"].str.replace("-", ".")
        file.write(",".join(["gene", *titles]).encode() + b"\n")
        start = 0
        for block in counts(random, expression, cells):
            _write_numbers(file, symbols[start : start + len(block)], block)
            start += len(block)
    about = cells.about.sort_values("sample_title")
    with _compressed(clustering) as file:
        _write_rows(file, [list(about), *about.to_numpy()])
    return values, clustering


def truth(seed: int = 42, shape: Shape = SMALL) -> pd.DataFrame:
    """Return what is true of every gene of the table of cell types.

    Returns
    -------
    DataFrame
        `gene`, its id, and `symbol` ("" for none); `predictable`: does it follow the features?
        Missing for genes that mark lines, which differ in features, though no feature makes the
        gene; `marker`: is it a real gene? `strength`: what share of its variance between cell
        types is due to the features, 0 where none is.

    Examples
    --------
    >>> known = truth(1, Shape(genes=100, shared=50, counted=100)).set_index("symbol")
    >>> known.loc[["Kcnc1", "Pvalb"], ["predictable", "marker"]]
            predictable  marker
    symbol
    Kcnc1          True    True
    Pvalb          <NA>    True
    """
    return world(seed, shape).genes


def _feature_rows(features: pd.DataFrame) -> pd.DataFrame:
    """Return the features as the table has them: capacitance in nF, and 17 rows made of them."""
    rows = features.assign(cap=features["cap"] / 1000).T
    positive = rows[(rows > 0).all(axis=1)].drop(index="apamp")
    logs = pd.DataFrame(
        np.log10(positive.to_numpy()), [f"{name}_log10" for name in positive.index], rows.columns
    )
    spacing = pd.DataFrame(0.2 + 0.3 * rows.loc[["adratio"]].to_numpy(), ["isi_cv"], rows.columns)
    scores, _, _ = np.linalg.svd((features - features.mean()) / features.std())
    names = [f"E_PC{number}" for number in (1, 2, 3, 4)]
    components = pd.DataFrame(scores[:, :4].T, names, rows.columns)
    return pd.concat([rows, spacing, logs, components])


def _write_numbers(file: BinaryIO, names: Sequence[str], values: Floats) -> None:
    """Write rows of numbers, each after its name; fast, since there are forty million."""
    import pyarrow
    from pyarrow import csv as arrow_csv

    columns = [pyarrow.array(list(names)), *map(pyarrow.array, np.round(values, _DIGITS).T.copy())]
    table = pyarrow.table(columns, names=[str(number) for number in range(len(columns))])
    text = io.BytesIO()
    options = arrow_csv.WriteOptions(include_header=False, quoting_style="none")
    arrow_csv.write_csv(table, text, options)
    file.write(text.getbuffer())


def _write_rows(file: BinaryIO, rows: Iterable[Iterable[object]], line_end: str = "\n") -> None:
    text = io.StringIO()
    csv.writer(text, lineterminator=line_end).writerows(rows)
    file.write(text.getvalue().encode())


@contextlib.contextmanager
def _plain(path: Path) -> Iterator[BinaryIO]:
    with files.atomic_path(path) as temporary, temporary.open("wb") as file:
        yield file


@contextlib.contextmanager
def _compressed(path: Path) -> Iterator[BinaryIO]:
    """Give a file to compress into; the same content makes the same bytes at any time."""
    with (
        _plain(path) as plain,
        gzip.GzipFile("", "wb", _COMPRESSION, fileobj=plain, mtime=0) as file,
    ):
        yield cast(BinaryIO, file)

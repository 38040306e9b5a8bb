"""AnnData files, read in a process of their own.

The HDF5 library ends in a crash or not at all on some damaged files, and takes with it, or
holds up, whoever asked. Here that is another process, with a time limit.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import sparse

from analysis_lib.datasets.counts.h5ad import Annotated, read_h5ad
from analysis_lib.errors import AnalysisError, TableError
from analysis_lib.files import PROJECT

SECONDS = 60.0
BYTES_PER_SECOND = 10e6
"""A file may take so long, and longer by its size: about ten times what a sound one takes."""

_READ = "from analysis_lib.datasets.counts import apart; apart.main()"
_REFUSED = 3
_MATRIX, _TEXTS, _ERROR = "matrix.npz", "texts.json", "error.json"
_PARTS = ("what", "where", "expected", "got", "remedy")


def read_apart(path: Path) -> Annotated:
    """Read an AnnData file as `read_h5ad` does, whatever that does to the process that reads.

    Raises
    ------
    TableError
        As `read_h5ad`, and when HDF5 crashes or comes to no end.
    """
    path = Path(path)
    limit = SECONDS + path.stat().st_size / BYTES_PER_SECOND
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        ended, said = _run([str(path.absolute()), str(folder), str(limit)], limit)
        if ended == 0:
            return _taken(path, folder)
        if ended == _REFUSED:
            parts = json.loads((folder / _ERROR).read_text(encoding="utf-8"))
            where = (parts["where"] or "").replace(str(path.absolute()), str(path))
            raise TableError(**parts | {"where": where})
    if ended is None or ended == -signal.SIGALRM:
        fault, got = "came to no end", f"none after {limit:,.0f} s"
    elif ended < 0:
        fault, got = "crashed", signal.Signals(-ended).name
    else:
        raise RuntimeError(f"The reader of .h5ad files failed:\n{said}")
    raise TableError(
        f"HDF5 {fault} while it read the file, which is damaged.",
        where=str(path),
        got=got,
        remedy="Download or write it again.",
    )


def main() -> None:
    """Read a file and leave what it holds, or the error, in a folder."""
    path, folder, limit = Path(sys.argv[1]), Path(sys.argv[2]), float(sys.argv[3])
    signal.alarm(int(limit) + 1)  # ends this process even inside HDF5, and when nobody waits
    try:
        _left(read_h5ad(path), folder)
    except AnalysisError as error:
        parts = {part: getattr(error, part) for part in _PARTS}
        (folder / _ERROR).write_text(json.dumps(parts), encoding="utf-8")
        sys.exit(_REFUSED)


def _run(arguments: list[str], limit: float) -> tuple[int | None, str]:
    """Return how the reading process ended, None where it did not, and what it printed."""
    folders = [str(PROJECT), os.environ.get("PYTHONPATH", "")]
    try:
        done = subprocess.run(
            [sys.executable, "-c", _READ, *arguments],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, folders))},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=limit,
            encoding="utf-8",
            errors="replace",
            check=False,
        )
    except subprocess.TimeoutExpired:
        return None, ""
    return done.returncode, done.stdout


def _left(found: Annotated, folder: Path) -> None:
    values = found.values
    np.savez(folder / _MATRIX, data=values.data, indices=values.indices, indptr=values.indptr)
    texts = {
        "name": found.name,
        "cells": found.cells,
        "genes": found.genes,
        "about": {name: column.tolist() for name, column in found.about.items()},
        "notes": found.notes,
    }
    (folder / _TEXTS).write_text(json.dumps(texts), encoding="utf-8")


def _taken(path: Path, folder: Path) -> Annotated:
    texts = json.loads((folder / _TEXTS).read_text(encoding="utf-8"))
    cells, genes = texts["cells"], texts["genes"]
    with np.load(folder / _MATRIX, allow_pickle=False) as parts:
        matrix = tuple(parts[part] for part in ("data", "indices", "indptr"))
    index = pd.Index(cells, dtype="str")
    return Annotated(
        path,
        texts["name"],
        sparse.csr_array(matrix, (len(cells), len(genes))),
        cells,
        genes,
        pd.DataFrame(texts["about"], index, dtype="str"),
        tuple(texts["notes"]),
    )

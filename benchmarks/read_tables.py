"""Read and check a table beside readers that only read it.

The file holds a name and five numbers in every row. Ours also checks that the names are unique,
that every row has the header's width and that every number is one.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd
from pyarrow import csv

from analysis_lib.tables import read_table, write_table
from benchmarks.harness import Claim, Way, timed

NUMBERS = ("logFC", "pvalue", "baseMean", "lfcSE", "stat")
ROWS, QUICK_ROWS = 1_000_000, 2_000


def claims(*, quick: bool) -> Iterator[Claim]:
    """Yield the claim about tables."""
    rows = QUICK_ROWS if quick else ROWS
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "genes.csv"
        write_table(_genes(rows), path)
        peers: dict[str, Callable[[], pd.DataFrame]] = {
            'pandas.read_csv(engine="pyarrow")': lambda: pd.read_csv(path, engine="pyarrow"),
            "pandas.read_csv": lambda: pd.read_csv(path),
            "pyarrow.csv.read_csv, to pandas": lambda: csv.read_csv(path).to_pandas(),
        }

        def ours() -> pd.DataFrame:
            return read_table(path, numbers=NUMBERS, unique="name")

        def check() -> None:
            table = ours()
            for read in peers.values():
                # The last digit of pandas' own parser is not always right.
                pd.testing.assert_frame_equal(table, read(), rtol=1e-14, check_dtype=False)

        size = path.stat().st_size / 1e6
        yield Claim(
            "read_tables",
            "Reading a table",
            f"Reading and checking {rows:,} rows × {1 + len(NUMBERS)} columns ({size:.3g} MB)",
            "s",
            Way("read_table, with its checks", timed(ours)),
            [Way(name, timed(read)) for name, read in peers.items()],
            check,
            rounds=1 if quick else 7,
            notes=lambda: ["The peers check neither widths nor numbers nor names."],
        )


def _genes(rows: int) -> pd.DataFrame:
    random = np.random.default_rng(42)
    names = pd.Series([f"ENSG{number:011d}" for number in random.permutation(rows)], dtype="str")
    return pd.DataFrame({"name": names} | {name: random.normal(size=rows) for name in NUMBERS})

"""Time `read_table` beside a plain `pandas.read_csv(engine="pyarrow")` of the same file.

The file holds a name and five numbers in every row. Ours also checks that the names are unique,
that every row has the header's width and that every number is one. Both read in turns, in one
process; the first round of each is not counted.

    python benchmarks/read_tables.py --rows 1000000 --rounds 7
"""

from __future__ import annotations

import argparse
import gc
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from analysis_lib.tables import read_table, write_table

NUMBERS = ("logFC", "pvalue", "baseMean", "lfcSE", "stat")
ROWS = 1_000_000
ROUNDS = 7


def measure(rounds: int = ROUNDS, rows: int = ROWS) -> dict[str, Any]:
    """Return the seconds of both readers, their medians and the ratio ours / peer."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "genes.csv"
        write_table(_genes(rows), path)
        readers: dict[str, Callable[[], pd.DataFrame]] = {
            "peer": lambda: pd.read_csv(path, engine="pyarrow"),
            "ours": lambda: read_table(path, numbers=NUMBERS, unique="name"),
        }
        # What is compared must be the same table.
        pd.testing.assert_frame_equal(readers["ours"](), readers["peer"](), check_exact=True)
        seconds: dict[str, list[float]] = {name: [] for name in readers}
        for _ in range(rounds):
            for name, read in readers.items():
                seconds[name].append(_timed(read))
        megabytes = path.stat().st_size / 1e6
    medians = {name: statistics.median(times) for name, times in seconds.items()}
    return {
        "what": f"reading and checking {rows:,} rows × {1 + len(NUMBERS)} columns",
        "peer": 'pandas.read_csv(engine="pyarrow")',
        "megabytes": megabytes,
        "rounds": rounds,
        "seconds": seconds,
        "medians": medians,
        "ratio": medians["ours"] / medians["peer"],
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    options = parser.parse_args()
    result = measure(options.rounds, options.rows)
    print(f"{result['what']} ({result['megabytes']:.0f} MB), {result['rounds']} rounds in turns")
    for name, times in result["seconds"].items():
        print(
            f"  {name}: median {result['medians'][name]:.3f} s"
            f" (from {min(times):.3f} to {max(times):.3f})"
        )
    print(f"  ours / peer: {result['ratio']:.2f}")


def _genes(rows: int) -> pd.DataFrame:
    random = np.random.default_rng(42)
    names = pd.Series([f"ENSG{number:011d}" for number in random.permutation(rows)], dtype="str")
    return pd.DataFrame({"name": names} | {name: random.normal(size=rows) for name in NUMBERS})


def _timed(read: Callable[[], pd.DataFrame]) -> float:
    gc.collect()
    start = time.perf_counter()
    read()
    return time.perf_counter() - start


if __name__ == "__main__":
    main()

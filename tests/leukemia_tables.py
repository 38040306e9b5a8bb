"""Small expression tables of two classes, as users have them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd


def write_own(
    folder: Path,
    *,
    samples: int = 40,
    genes: int = 120,
    part: bool = False,
    gaps: int = 0,
    apart: float = 2.0,
    seed: int = 0,
) -> dict[str, str]:
    """Write an expression table and its labels; return the parameters that name them."""
    draws = np.random.default_rng(seed)
    y = np.arange(samples) % 2
    values = draws.normal(1000, 200, (samples, genes))
    values[:, :10] += apart * 200 * y[:, None]
    names = [f"S{i:02d}" for i in range(samples)]
    table = pd.DataFrame(values, index=names, columns=[f"G{i}" for i in range(genes)])
    for _ in range(gaps):
        table.iloc[draws.integers(samples), draws.integers(genes)] = np.nan
    labels = pd.DataFrame({"sample": names, "label": np.array(["control", "treated"])[y]})
    if part:
        labels["part"] = np.where(np.arange(samples) < 0.7 * samples, "train", "test")
    folder.mkdir(parents=True, exist_ok=True)
    table.to_csv(folder / "mine.csv", index_label="sample", na_rep="NA")
    labels.to_csv(folder / "labels.csv", index=False)
    return {"data": str(folder / "mine.csv"), "labels": str(folder / "labels.csv")}

"""Tables for a gene lookup, as a study would hand them over."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

COLUMNS = {"r2": "R² (held out)", "q": "FDR q", "kept": "Features kept"}
HOSTILE = (
    "<img src=x onerror=alert(1)>",
    "</script><script>alert(2)</script>",
    "__proto__",
    "constructor",
    "toString",
    "\"quoted' `ticks` ${alert(3)}",
    "50% & a=b#c?d+e",
    "%41%",
    "β-actin 日本 🧬",
    "line\nend \u202eRTL \u2028",
    "L" * 300,
)
"""Symbols that act, or are mistaken for something else, unless they are kept from it."""


def lookup_tables(symbols: Sequence[str], *, types: int = 6, seed: int = 0) -> dict[str, Any]:
    """Return what `show_lookup` takes, for these genes and so many cell types."""
    rng = np.random.default_rng(seed)
    count = len(symbols)
    samples = [f"Line{i}-IRES-Cre__L{i % 5 + 1}__{'exc' if i % 3 else 'inh'}" for i in range(types)]
    features = ["rmp", "tau", "f_i_curve_slope"]
    kept = rng.random((count, len(features))) < 0.6
    observed = rng.gamma(2.0, 2.0, (types, count))
    index = pd.Index(samples, name="cell type")
    return {
        "genes": pd.DataFrame(
            {
                "gene": pd.Series(list(symbols), dtype=object),
                "id": [str(10_000 + i) for i in range(count)],
                "r2": rng.uniform(-0.5, 0.9, count),
                "q": rng.uniform(0, 1, count) ** 8,
                "kept": kept.sum(axis=1),
            }
        ),
        "coefficients": pd.DataFrame(
            rng.normal(size=kept.shape) * kept, index=list(symbols), columns=features
        ),
        "observed": pd.DataFrame(observed, index=index, columns=list(symbols)),
        "predicted": pd.DataFrame(
            observed * 0.7 + rng.normal(size=observed.shape), index=index, columns=list(symbols)
        ),
        "groups": pd.Series([name.rpartition("__")[2] for name in samples], index=samples),
        "columns": COLUMNS,
        "units": "log2(CPM + 1)",
        "examples": [*symbols[:2], "not measured"],
        "caption": "How well electrophysiology predicts each gene.",
    }

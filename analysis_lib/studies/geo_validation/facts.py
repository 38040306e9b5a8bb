"""What the validation by sequencing knows of every gene that has a model."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd

from analysis_lib import results
from analysis_lib.studies.geo_validation.cells import Params, Validation
from analysis_lib.studies.geo_validation.profiles import Answers, Profiles

FOLLOWS, NOT = "follows the lines", "does not follow the lines"
ALIKE = "the same in all lines"
NOT_COMPARED = "not compared: not predictable"
NOT_COUNTED = "not in the counts"
LABELS = {
    "rho": "rank correlation over the lines",
    "q": "q",
    "r2_test": "R² of its model, held out",
}

_TRANSGENE = re.compile("-Tg[0-9]+$")


def genes(validation: Validation, pair: Profiles, found: Answers) -> pd.DataFrame:
    """Return one row per gene with a model, as `results.save_genes` takes it."""
    models = validation.models.genes
    names = models["gene"].tolist()
    ranked = found.genes.table.set_index("gene").reindex(names)
    follows = (ranked["q"] <= validation.params.fdr).to_numpy(bool)
    compared = np.isin(names, pair.predicted.columns)
    both = np.isin(names, pair.all_genes[0].columns)
    known = ranked["rho"].notna().to_numpy(bool)
    role = np.select(
        [~both, ~compared, ~known, follows],
        [NOT_COUNTED, NOT_COMPARED, ALIKE, FOLLOWS],
        default=NOT,
    )
    drives = driven(list(pair.predicted.index))
    return pd.DataFrame(
        {
            "gene": pd.Series(names, dtype=object),
            "also": pd.Series([drives.get(name, "") for name in names], dtype=object),
            "role": role.astype(object),
            "chosen": follows,
            "rho": ranked["rho"].to_numpy(np.float64),
            "q": ranked["q"].to_numpy(np.float64),
            "r2_test": models["r2_test"].to_numpy(np.float64),
        }
    )


def driven(lines: list[str]) -> dict[str, str]:
    """Return which lines, of those compared, each gene drives: they are called by their drivers.

    Examples
    --------
    >>> driven(["Nos1|Sst", "Scnn1a-Tg3", "Sst"])
    {'Nos1': 'drives Nos1|Sst', 'Sst': 'drives Nos1|Sst and Sst', 'Scnn1a': 'drives Scnn1a-Tg3'}
    """
    of: dict[str, list[str]] = {}
    for line in lines:
        for driver in line.split("|"):
            of.setdefault(_TRANSGENE.sub("", driver), []).append(line)
    return {gene: f"drives {' and '.join(lines)}" for gene, lines in of.items()}


def words(params: Params) -> str:
    """Say what makes a gene a chosen one."""
    return (
        "Ranks the lines as measured cells do beyond what shuffled lines give, at a "
        f"false-discovery rate of {params.fdr:g}."
    )


def save(validation: Validation, pair: Profiles, found: Answers) -> None:
    """Leave behind what the run knows of every gene."""
    table = genes(validation, pair, found)
    results.save_genes(table, words=words(validation.params), labels=LABELS)

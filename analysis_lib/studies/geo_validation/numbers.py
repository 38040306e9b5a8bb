"""The numbers of the validation, and those they are held against."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from analysis_lib import results
from analysis_lib.studies.geo_validation import facts
from analysis_lib.studies.geo_validation.cells import Validation, records
from analysis_lib.studies.geo_validation.methods import methods
from analysis_lib.studies.geo_validation.profiles import Answers, Profiles
from analysis_lib.studies.published import Published, held_against

PUBLISHED_NUMBERS = [
    Published("cells_sequenced", 1_809, 0, "the matrix of GSE71585", ("data", "cells")),
    Published("genes_sequenced", 24_057, 0, "the matrix of GSE71585", ("data", "cells")),
]
"""What was reported for these files; the published notebook judged its maps by eye."""


def metrics(validation: Validation, pair: Profiles, found: Answers) -> dict[str, dict[str, Any]]:
    """Return every number of the run, by name, with its label and its interval."""
    rows = {(row["among"], row["top"]): row for row in found.recognised.to_dict("records")}
    first, third = rows["all lines", 1], rows["all lines", 3]
    fdr = validation.params.fdr
    numbers: dict[str, dict[str, Any]] = {
        "cells_sequenced": {"label": "sequenced cells", "value": len(validation.counts.cells)},
        "genes_sequenced": {"label": "genes counted", "value": len(validation.counts.genes)},
        "cells_passed": {"label": "cells that pass", "value": int(validation.passed.sum())},
        "cells_predicted": {"label": "cells predicted", "value": len(validation.features)},
        "lines": {"label": "lines on either side", "value": len(pair.predicted)},
        "genes": {"label": "genes compared", "value": pair.predicted.shape[1]},
        "own_line": {
            "label": "correlation with the own line (mean, centred)",
            "value": found.test.observed,
        },
        "own_line_p": {"label": "the same by chance", "value": found.test.p_value},
        "top1": {
            "label": f"lines recognised, of {first['n']}",
            **{"value": first["share"], "low": first["low"], "high": first["high"]},
        },
        "top3": {
            "label": f"lines among the three most similar, of {third['n']}",
            **{"value": third["share"], "low": third["low"], "high": third["high"]},
        },
        "genes_following": {
            "label": f"genes that rank the lines as predicted, FDR {fdr:g}",
            "value": int((found.genes.table["q"] <= fdr).sum()),
        },
    }
    if found.within is not None and not math.isnan(found.within.observed):
        numbers["own_line_within"] = {
            "label": "correlation with the own line, same kind",
            "value": found.within.observed,
        }
        numbers["own_line_within_p"] = {
            "label": "the same by chance, same kind",
            "value": found.within.p_value,
        }
    return numbers


def save(
    validation: Validation,
    pair: Profiles,
    found: Answers,
    numbers: dict[str, dict[str, Any]],
    sentences: Sequence[str],
) -> None:
    """Leave the run's numbers behind, what was done, what it knows of genes, and what it read."""
    results.save_metrics(
        numbers,
        headline=["top1", "own_line", "genes_following"],
        glance=sentences,
        picture="line_matrix",
        published=held_against(
            PUBLISHED_NUMBERS,
            numbers,
            validation.params.changed(),
            comparable=validation.kind == "real",
        ),
        methods=methods(validation, pair, found),
    )
    facts.save(validation, pair, found)
    results.save_json("data", records(validation))

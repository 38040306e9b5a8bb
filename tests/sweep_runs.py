"""A sweep and the runs of its points, written as the engine leaves them, without a kernel."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from analysis_lib import files
from analysis_lib.runs.record import Record, inventory
from analysis_lib.runs.sweep_file import Point, Sweep
from tests.site.fixtures import DATA, new_record

GRID = {"p_threshold": [0.001, 0.01, 0.05, 0.2], "lfc_threshold": [0.5, 1.0, 2.0]}
DEFAULTS = {"p_threshold": 0.05, "lfc_threshold": 1.0, "data": None, "adjust": "none"}
GENES = ("TP53", "A2M", "HLA-A", "MYC", "EGFR", "KRAS")
CHANGES = (2.5, -2.2, 1.5, -1.2, 0.8, 0.2)  # log2 fold changes of GENES
P_VALUES = (1e-6, 1e-4, 0.004, 0.03, 0.04, 0.5)


def metrics_of(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return numbers that follow from the parameters: fewer genes where more is asked for."""
    up = round(300 * values["p_threshold"] ** 0.3 / values["lfc_threshold"] ** 0.5)
    accuracy = 0.4 + 0.1 * values["lfc_threshold"] + 0.3 * values["p_threshold"]
    metrics = {
        "genes_up": {"label": "genes up", "value": up},
        "accuracy": {
            "label": "Random forest, test accuracy, without leaking features",
            "value": accuracy,
            "low": accuracy - 0.1,
            "high": accuracy + 0.1,
        },
    }
    return {
        "metrics": metrics,
        "headline": ["genes_up", "accuracy"],
        "glance": [f"{up} genes are up."],
        "picture": "volcano",
    }


def genes_of(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return which of six genes the thresholds let through."""
    chosen = [
        at
        for at, (change, p) in enumerate(zip(CHANGES, P_VALUES, strict=True))
        if abs(change) > values["lfc_threshold"] and p < values["p_threshold"]
    ]
    return {
        "words": f"Called: p < {values['p_threshold']}.",
        "labels": ["log2 fold change", "p"],
        "gene": list(GENES),
        "also": [""] * len(GENES),
        "role": [("up" if change > 0 else "down") for change in CHANGES],
        "chosen": chosen,
        "numbers": [list(CHANGES), list(P_VALUES)],
    }


def leave_run(
    root: Path,
    run: str,
    values: Mapping[str, Any],
    *,
    metrics: Mapping[str, Any] | None = None,
    genes: Mapping[str, Any] | None = None,
    data: Mapping[str, Any] = DATA,
) -> Record:
    """Leave the results of one run in `root`, a folder of runs."""
    folder = root / run
    parameters = {**DEFAULTS, **values}
    folder.mkdir(parents=True, exist_ok=True)
    for name, document in (
        ("params", parameters),
        ("metrics", metrics or metrics_of(parameters)),
        ("genes", genes or genes_of(parameters)),
    ):  # not through `files`, whose writing waits for the disk
        (folder / f"{name}.json").write_text(files.to_json(document), encoding="utf-8")
    changed = [name for name, value in parameters.items() if DEFAULTS.get(name) != value]
    record = new_record(
        run.partition("/")[2],
        parameters=parameters,
        changed=changed,
        data=[data],
        files=inventory(folder),
    )
    record.write(folder)
    return record


def new_sweep(
    root: Path,
    name: str = "thresholds",
    grid: Mapping[str, list[Any]] = GRID,
    *,
    fixed: Mapping[str, Any] | None = None,
    leave: Callable[..., Record] = leave_run,
) -> Sweep:
    """Leave a run for every point of a grid in `root`, and return the sweep of them."""
    points = []
    for at, chosen in enumerate(itertools.product(*grid.values())):
        values = dict(zip(grid, chosen, strict=True))
        run = f"dge/{name}-{at:08x}"
        leave(root, run, {**(fixed or {}), **values})
        points.append(Point(values, run, "good"))
    return Sweep("dge", name, "2026-11-21T09:30:00Z", grid, fixed or {}, points)

"""Every claim of speed, measured beside its peers: `make bench`, or `python -m benchmarks NAME…`.

All of them leave `benchmarks/results.json`, from which the book makes a page. Some of them, or the
quick form (tiny sizes, one round, which says nothing about speed), only print; `--keep` puts some
of them beside those that stand in that file.
"""

from __future__ import annotations

import argparse
import functools
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from rich.console import Console

from analysis_lib import files
from analysis_lib.errors import visible
from analysis_lib.site.benchmarks import FORMAT
from analysis_lib.site.key import RESULTS
from benchmarks import (
    embed_cells,
    first_figure,
    fit_lassos,
    harness,
    large_counts,
    machine,
    normalise_counts,
    printing,
    read_tables,
    rebuild,
    spread,
    start_up,
    train_networks,
)

UNDER_WAY = files.PROJECT / "build" / "benchmarks.json"
"""What was measured last, or so far, whichever scripts were asked for."""

Script = Callable[..., Iterator[harness.Claim | harness.Measured]]
SCRIPTS: dict[str, Script] = {
    "read_tables": read_tables.claims,
    "start_up": start_up.claims,
    "normalise_counts": normalise_counts.claims,
    "embed_cells": embed_cells.claims,
    "fit_lassos": fit_lassos.claims,
    "train_networks": train_networks.claims,
    "rebuild": rebuild.claims,
    "first_figure": first_figure.claims,
    "spread_genes": functools.partial(
        harness.measured, "spread_genes", "Genes on two workers", spread.measure
    ),
    "spread_runs": functools.partial(
        harness.measured, "spread_runs", "Runs on two workers", spread.measure_runs
    ),
    "large_counts": functools.partial(
        harness.measured, "large_counts", "Large counts", large_counts.measure
    ),
}
SLOW = ("spread_genes", "spread_runs", "large_counts")
"""They take minutes each, and are measured when they are named."""


def document(names: list[str], *, quick: bool, console: Console) -> harness.Result:
    """Measure what scripts claim, and return what `results.json` holds; a script may fail alone."""
    started = time.monotonic()
    found: harness.Result = {
        "format": FORMAT,
        "quick": quick,
        **machine.described(),
        "claims": [],
        "failed": [],
    }
    for name in names:
        try:
            with closing(SCRIPTS[name](quick=quick)) as claims:
                for claim in claims:
                    result = {**claim.measure(), "date": machine.now()}
                    found["claims"].append(result)
                    printing.show(result, console)
        except Exception as error:  # whatever it was, the others are measured
            reason = visible(f"{type(error).__name__}: {error}")[:600]
            found["failed"].append({"name": name, "reason": reason})
            words = f"\n{name} could not be measured: {reason}"
            console.print(words, style="bold red", markup=False)
        found["seconds"] = round(time.monotonic() - started, 1)
        files.write_json(UNDER_WAY, found)
    return found


def together(before: harness.Result, found: harness.Result) -> harness.Result:
    """Return results with those that were measured now in the place of earlier ones."""
    if different := [
        name
        for name in ("format", "machine", "versions")
        if _settled(before[name]) != _settled(found[name])
    ]:
        raise ValueError(f"they were measured with another {', '.join(different)}: make bench")
    # A later claim of the same name takes the place of the earlier one.
    claims = {claim["name"]: claim for claim in [*before["claims"], *found["claims"]]}
    return {
        **found,
        "claims": [*claims.values()],
        "seconds": round(before["seconds"] + found["seconds"], 1),
    }


def _settled(facts: Any) -> Any:
    return {**facts, "load": None} if isinstance(facts, dict) else facts


def main() -> None:
    """Measure, print and write; exit status 1 when something could not be measured."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(SCRIPTS))
    parser.add_argument("--quick", action="store_true", help="tiny sizes, one round")
    parser.add_argument("--keep", action="store_true", help="put them into results.json")
    parser.add_argument("-o", "--output", type=Path, help="where to leave the results")
    asked = parser.parse_args()
    if unknown := sorted(set(asked.names) - set(SCRIPTS)):
        parser.error(f"unknown: {', '.join(unknown)}; there are {', '.join(SCRIPTS)}")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # TensorFlow greets whoever imports UMAP
    if asked.keep and (asked.quick or not asked.names):
        parser.error("--keep is for some of them, in full")
    console = Console(highlight=False, soft_wrap=True)
    names = asked.names or [name for name in SCRIPTS if name not in SLOW]
    found = document(names, quick=asked.quick, console=console)
    everything = not (asked.names or asked.quick or found["failed"])
    kept = files.PROJECT / RESULTS
    if asked.keep and not found["failed"]:
        found = together(files.read_json(kept), found)
        everything = True
    target = asked.output or (kept if everything else None)
    if target:
        files.write_json(target, found)
        console.print(f"\nResults: {target}", markup=False)
    console.print(f"{found['seconds']:.0f} s", markup=False)
    if not asked.names:
        console.print(f"Measured by name, since they take minutes: {', '.join(SLOW)}")
    sys.exit(bool(found["failed"]))


if __name__ == "__main__":
    main()

"""Memory and time of large counts: ours, sparse and some cells at a time, beside dense tables.

Counts of the shape of GSE71585 and with as many zeros, from an .h5ad file to the means of the
lines and the dense table that a map sees. The peer is what public notebooks do: a dense table of
all cells and genes. Each is a process of its own, whose peak is its own; so is the reader of .h5ad
files that ours starts. Then ours with ten times as many cells, and the whole validation, maps
included, which is not timed again and again: t-SNE and UMAP take its time. That of ten times as
many cells takes minutes, and is left out unless it is asked for.

    python benchmarks/large_counts.py --rounds 5 --maps
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse

from analysis_lib.datasets import counts
from analysis_lib.datasets.sources import Source
from analysis_lib.files import PROJECT
from analysis_lib.models.gene_models import GeneModels
from analysis_lib.studies.geo_validation import budget, profiles
from analysis_lib.studies.geo_validation import cells as validated
from analysis_lib.studies.geo_validation import maps as drawing

CELLS, GENES, MORE, FILLED = 1_809, 24_057, 10, 0.43
QUICK_CELLS, QUICK_GENES = 240, 3_000
TOP = 2_000
ROUNDS = 5
ALLOWED = {1: 2.0, MORE: 6.0}
"""Gigabytes that a process may take at most, by how many times as many cells there are."""

_LINES = ("Pvalb-IRES-Cre", "Sst-IRES-Cre", "Vip-IRES-Cre", "Ntsr1-Cre_GN220", "Rbp4-Cre_KL100")
_BROAD = {"N": "Glutamatergic Neuron", "R": "Glutamatergic Neuron"}
_PREDICTED, _FEATURES = 888, 15
_AT_ONCE = 256
_UNIT = 1 if sys.platform == "darwin" else 1024  # of what getrusage tells


def measure(rounds: int = ROUNDS, quick: bool = False, maps: bool = False) -> dict[str, Any]:
    """Return the seconds of both, and the peaks of both and of the whole validation in notes.

    Parameters
    ----------
    rounds : int
        How often both are timed.
    quick : bool
        A seventh of the cells and an eighth of the genes, and no maps: whether all of it works.
    maps : bool
        The whole validation of ten times as many cells too.
    """
    cells, genes = (QUICK_CELLS, QUICK_GENES) if quick else (CELLS, GENES)
    names = [f"Gene{number}" for number in range(genes)]
    with tempfile.TemporaryDirectory() as folder:
        files = {times: Path(folder) / f"{times}.h5ad" for times in (1, MORE)}
        for times, path in files.items():
            write(path, times * cells, names)
        told: dict[str, list[dict[str, float]]] = {"peer": [], "ours": []}
        for _ in range(rounds):
            for way, found in told.items():
                found.append(_alone(way, files[1]))
        _check_equal(told["peer"][0], told["ours"][0])
        more = _alone("ours", files[MORE])
        drawn = [times for times in files if not quick and (times == 1 or maps)]
        whole = {times: _alone("study", files[times]) for times in drawn}
    seconds = {way: [each["seconds"] for each in found] for way, found in told.items()}
    medians = {way: statistics.median(times) for way, times in seconds.items()}
    peaks = {way: max(each["peak"] for each in found) for way, found in told.items()}
    return {
        "what": f"counts of {cells:,} cells × {genes:,} genes, {1 - FILLED:.0%} zeros, from .h5ad "
        f"to means of lines and the {TOP:,} most variable genes",
        "peer": "the same on a dense table",
        "rounds": rounds,
        "seconds": seconds,
        "medians": medians,
        "ratio": medians["ours"] / medians["peer"],
        "memory": {
            "peer": peaks["peer"],
            "ours": peaks["ours"],
            f"ours, {MORE} times the cells": more["peak"],
            **{_name(times): each["peak"] for times, each in whole.items()},
        },
        "notes": [
            f"at most {peaks['ours']:.2f} GB of memory; dense {peaks['peer']:.2f} GB",
            f"{MORE} times the cells: {_told(more)}, where {ALLOWED[MORE]:g} GB are allowed",
            *(
                f"{_name(times)}: {_told(each)}, where {ALLOWED[times]:g} GB are allowed"
                for times, each in whole.items()
            ),
        ],
    }


def write(path: Path, cells: int, genes: Sequence[str]) -> None:
    """Write an AnnData file of cells of five lines, which differ in what they express."""
    import h5py  # noqa: PLC0415  (processes that only measure need none)

    random = np.random.default_rng(42)
    of_line = np.arange(cells) % len(_LINES)
    level = np.clip(random.beta(0.6, 0.8, len(genes)), 0.01, 0.99)
    levels = np.clip(level + random.normal(0, 0.08, (len(_LINES), len(genes))), 0, 1)
    names = [f"cell {number}" for number in range(cells)]
    lines = [_LINES[line] for line in of_line]
    broad = [_BROAD.get(line[0], "GABA-ergic Neuron") for line in lines]
    with h5py.File(path, "w") as file:
        matrix = file.create_group("X")
        matrix.attrs.update({"encoding-type": "csr_matrix", "shape": (cells, len(genes))})
        data, indices = (
            matrix.create_dataset(name, (0,), kind, maxshape=(None,), chunks=(1 << 18,))
            for name, kind in (("data", "f4"), ("indices", "i4"))
        )
        bounds = [np.zeros(1, np.int64)]
        for start in range(0, cells, _AT_ONCE):
            some = levels[of_line[start : start + _AT_ONCE]]
            values = np.ceil(random.lognormal(3, 1.5, some.shape))
            values[random.random(some.shape) > some] = 0
            block = sparse.csr_array(values)
            bounds.append(block.indptr[1:] + bounds[-1][-1])
            for part, added in ((data, block.data), (indices, block.indices)):
                part.resize((bounds[-1][-1],))
                part[-block.nnz :] = added
        matrix.create_dataset("indptr", data=np.concatenate(bounds))
        _frame(file, "obs", names, line=lines, broad_type=broad)
        _frame(file, "var", genes)


def ours(path: Path) -> float:
    """Do what the study does before it draws; return the sum of the means of the lines."""
    read = counts.own(path)
    passed, _ = counts.passed(read)
    means = counts.line_means(read, passed)
    logged = counts.LogCpm(read.values, np.flatnonzero(passed))
    logged.of(counts.most_variable(logged, TOP))
    return float(means.to_numpy().sum())


def peer(path: Path) -> float:
    """Do the same with a dense table."""
    import h5py  # noqa: PLC0415  (the other ways need none)

    with h5py.File(path) as file:
        parts = tuple(file["X"][part][:] for part in ("data", "indices", "indptr"))
        shape = tuple(file["X"].attrs["shape"])
        lines = file["obs/line"].asstr()[:]
    table = pd.DataFrame(sparse.csr_array(parts, shape).toarray().astype(np.float64))
    logged = np.log2(table.div(table.sum(axis=1), axis=0) * 1e6 + 1)
    means = logged.groupby(lines).mean()
    top = logged.var().sort_values(ascending=False).index[:TOP]
    logged[top].to_numpy()
    return float(means.to_numpy().sum())


def study(path: Path) -> float:
    """Do all that the notebook asks of the study, with made-up models of half of the genes."""
    read = counts.own(path)
    passed, funnel = counts.passed(read)
    models, features = _models(read.genes[::2])
    lines = [read.about["line"].iloc[place % len(_LINES)] for place in range(_PREDICTED)]
    params = validated.Params(genes="all")
    validation = validated.Validation(
        params=params,
        sources=(Source("models", "yours", "", ()), Source("tasic", "yours", "", ())),
        models=models,
        features=features,
        about=pd.DataFrame({"line": lines, "spines": ""}, features.index),
        expression=models.predict(features),
        counts=read,
        at_once=budget.values_at_once(read.values, params.memory_budget, params.top_genes),
        passed=passed,
        funnel=funnel,
    )
    pair = profiles.profiles(validation)
    profiles.answers(pair, validation)
    drawing.views(validation)
    return float(pair.measured.to_numpy().sum())


def _models(genes: Sequence[str]) -> tuple[GeneModels, pd.DataFrame]:
    """Return models that nothing was learned for, and the features of cells to predict."""
    random = np.random.default_rng(7)
    names = [f"feature {number}" for number in range(_FEATURES)]
    values = pd.DataFrame(random.normal(size=(_PREDICTED, _FEATURES)), columns=names)
    values.index = pd.Index([f"patched {number}" for number in range(_PREDICTED)])
    table = pd.DataFrame({"gene": genes, "intercept": 5.0, "discovered": True, "r2_test": 0.0})
    told = pd.DataFrame(
        {"feature": names, "unit": "", "mean": 0.0, "sd": 1.0, "low": -9, "high": 9}
    )
    return GeneModels(table, random.normal(size=(len(genes), _FEATURES)), told, {}), values


def _frame(file: Any, name: str, index: Sequence[str], **columns: Sequence[str]) -> None:
    import h5py  # noqa: PLC0415  (processes that only measure need none)

    group = file.create_group(name)
    group.attrs.update({"encoding-type": "dataframe", "_index": "_index"})
    for column, texts in {"_index": index, **columns}.items():
        group.create_dataset(column, data=np.array(texts, object), dtype=h5py.string_dtype())


def _alone(way: str, path: Path) -> dict[str, float]:
    done = subprocess.run(
        [sys.executable, __file__, "--only", way, "--file", str(path)],
        env={**os.environ, "PYTHONPATH": str(PROJECT)},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    told: dict[str, float] = json.loads(done.stdout)
    return told


def _here(way: str, path: Path) -> dict[str, float]:
    """Do one thing in this process; tell its result, its seconds and what memory was held."""
    started = time.perf_counter()
    result = {"ours": ours, "peer": peer, "study": study}[way](path)
    seconds = time.perf_counter() - started
    apart = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * _UNIT / 1e9
    return {"result": result, "seconds": seconds, "peak": max(_peak(), apart)}


def _peak() -> float:
    """Return the most memory this process has held, in gigabytes."""
    status = Path("/proc/self/status")
    if not status.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _UNIT / 1e9
    # Not getrusage: on Linux that counts what the process held that started this one.
    (line,) = [each for each in status.read_text().splitlines() if each.startswith("VmHWM")]
    return int(line.split()[1]) * 1024 / 1e9


def _check_equal(peer: dict[str, float], ours: dict[str, float]) -> None:
    np.testing.assert_allclose(ours["result"], peer["result"], rtol=1e-9)


def _name(times: int) -> str:
    return "whole validation" if times == 1 else f"whole validation, {times} times the cells"


def _told(found: dict[str, float]) -> str:
    return f"{found['seconds']:.1f} s, at most {found['peak']:.2f} GB"


def main() -> None:
    """Measure and print, or do one part alone."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--quick", action="store_true", help="fewer cells and genes, and no maps")
    parser.add_argument("--maps", action="store_true", help="maps of ten times the cells too")
    parser.add_argument("--only", choices=["ours", "peer", "study"], help="here, as JSON")
    parser.add_argument("--file", type=Path, help="the .h5ad file of --only")
    asked = parser.parse_args()
    if asked.only:
        print(json.dumps(_here(asked.only, asked.file)))
        return
    result = measure(asked.rounds, asked.quick, asked.maps)
    print(f"{result['what']}, {result['rounds']} rounds in turns")
    for name, times in result["seconds"].items():
        low, high = min(times), max(times)
        print(f"  {name}: median {result['medians'][name]:.3f} s (from {low:.3f} to {high:.3f})")
    for note in result["notes"]:
        print(f"  {note}")


if __name__ == "__main__":
    main()

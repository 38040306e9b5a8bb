"""What the study of electrophysiology reads: cell types to learn from, and cells to predict."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import Field

from analysis_lib.datasets.catalogue import CATALOGUE
from analysis_lib.datasets.identifiers import counted
from analysis_lib.datasets.neurons import cell_types
from analysis_lib.datasets.neurons import cells as ephys_cells
from analysis_lib.datasets.neurons import simulator as neurons_simulator
from analysis_lib.datasets.neurons.cell_types import CellTypes
from analysis_lib.datasets.neurons.cells import Cells
from analysis_lib.datasets.sources import Source, choose, choose_together
from analysis_lib.errors import DataError, ParameterError
from analysis_lib.studies.params import StudyParams

TYPES, SYMBOLS, CELLS = (CATALOGUE[name] for name in ("celltypes", "entrez", "cells"))
_CAPACITANCE = (
    "The capacitance (cap) of a cell is taken as tau / ri; that of the published cell types was "
    "taken as tau / input_resistance_mohm, which is smaller by 13 % in the median cell."
)
SHAPES = {"small": neurons_simulator.SMALL, "full": neurons_simulator.FULL}


class Params(StudyParams):
    """What a run of this study can be asked for."""

    data: str | None = Field(
        None,
        description="A folder with the three files as published; nothing: the published data.",
    )
    features: str | None = Field(
        None, description="Your table of features of cell types or samples, either way round."
    )
    expression: str | None = Field(
        None, description="Your table of expression of the same samples, either way round."
    )
    symbols: str | None = Field(
        None, description="Your table of gene ids and symbols, beside your expression."
    )
    cells: str | None = Field(
        None, description="Your table of cells to predict, with the same features."
    )
    simulate: Literal["small", "full"] = Field(
        "small",
        description="Simulated data, where nothing else is here: 2,000 genes, or the real shapes.",
    )
    missing: Literal["drop", "impute"] = Field(
        "drop",
        description="Cells that lack a feature: left out, or given the median of the others.",
    )
    top_genes: int | None = Field(
        None,
        ge=1,
        description="Model the most variable genes only; nothing: all.",
        examples=[1000],
    )
    method: Literal["lasso", "elastic_net", "ridge"] = Field(
        "lasso", description="The penalty on the coefficients of a gene's model."
    )
    l1_ratio: float = Field(
        0.5, gt=0, lt=1, description="Of the elastic net: the share of the penalty of the Lasso."
    )
    penalty: Literal["chosen", "fixed"] = Field(
        "chosen", description="Chosen for each gene by cross-validation, or alpha for all."
    )
    alpha: float = Field(0.01, gt=0, le=1e6, description="The penalty, where it is fixed.")
    standardise: bool = Field(
        True, description="Whether features are standardised, inside the folds, before the fit."
    )
    cv_folds: int = Field(4, ge=2, le=20, description="Folds, to score as well as to choose in.")
    cv_repeats: int = Field(3, ge=1, le=50, description="How often scores are repeated.")
    permutations: int = Field(
        100, ge=20, le=10_000, description="Shuffles of the features against the genes."
    )
    permuted_genes: int = Field(
        2000, ge=20, le=100_000, description="Genes at most that the shuffles are looked at for."
    )
    fdr: float = Field(
        0.05, gt=0, lt=0.5, description="False-discovery rate of genes called predictable."
    )
    resamples: int = Field(
        100, ge=10, le=10_000, description="Draws of samples behind the stability of coefficients."
    )
    genes: list[str] = Field(
        ["Pvalb", "Sst", "Vip", "Gad1", "Slc17a7", "Rorb"],
        max_length=8,
        description="Genes shown one by one.",
    )
    seed: int = Field(42, ge=0, le=2**31 - 1, description="Seed of everything drawn at random.")


@dataclass(frozen=True)
class Neurons:
    """Cell types, ready for models, and the cells to predict, if there are any.

    `funnel` counts the genes that are left after each step of their choice. The cell types are
    in an order drawn by the seed, so that neighbours in it are no kin.
    """

    params: Params
    sources: tuple[Source, ...]
    types: CellTypes
    funnel: pd.DataFrame
    cells: Cells | None

    @property
    def X(self) -> NDArray[np.float64]:  # noqa: N802  (a matrix)
        """Features: cell types by features."""
        return self.types.features.to_numpy(np.float64)

    @property
    def Y(self) -> NDArray[np.float64]:  # noqa: N802  (a matrix)
        """Expression: cell types by genes."""
        return self.types.expression.to_numpy(np.float64)

    @property
    def genes(self) -> list[str]:
        """The symbols of the genes, each once."""
        return [str(symbol) for symbol in self.types.symbols]

    @property
    def features(self) -> list[str]:
        """The names of the features."""
        return [str(name) for name in self.types.features.columns]

    @property
    def kind(self) -> Literal["yours", "real", "simulated"]:
        """Where the cell types come from."""
        return self.sources[0].kind


def sources(params: Params) -> list[Source]:
    """Return the data a run with these parameters reads, the cell types first."""
    _refuse_halves(params)
    if params.data is not None:
        return [
            choose(TYPES, _inside(params.data, TYPES.files[0].name)),
            choose(SYMBOLS, _inside(params.data, SYMBOLS.files[0].name)),
            choose(CELLS, params.cells or _inside(params.data, CELLS.files[0].name)),
        ]
    if params.features is not None:
        paths = [path for path in (params.features, params.expression, params.symbols) if path]
        yours = [choose(TYPES, paths)]
        return [*yours, choose(CELLS, params.cells)] if params.cells else yours
    if params.cells is None:
        return choose_together([TYPES, SYMBOLS, CELLS])
    published = choose_together([TYPES, SYMBOLS])
    if published[0].kind == "simulated":
        raise DataError(
            "Models of simulated cell types say nothing about your cells.",
            where="cells",
            got=params.cells,
            remedy="Fetch the published ones (make data STUDY=ephys_lasso), or give your own: "
            "features=… expression=…",
        )
    return [*published, choose(CELLS, params.cells)]


def load(params: Params) -> Neurons:
    """Read or simulate the tables, choose the genes, and see to cells that lack a feature."""
    found = sources(params)
    types, cells = _read(found, params)
    chosen, funnel = cell_types.modelled(types, params.top_genes)
    order = np.random.default_rng(params.seed).permutation(len(chosen.features))
    shuffled = replace(
        chosen,
        features=chosen.features.iloc[order],
        expression=chosen.expression.iloc[order],
        about=chosen.about.iloc[order],
    )
    return Neurons(params, tuple(found), shuffled, funnel, cells)


def described(neurons: Neurons) -> list[tuple[str, str]]:
    """Say, as (topic, text), what the models would work on."""
    X, Y = neurons.X, neurons.Y
    source = neurons.sources[0]
    read = source.title if source.kind != "yours" else ", ".join(f.name for f in source.files)
    cells = "none to predict"
    if neurons.cells is not None:
        there = neurons.cells
        cells = f"{len(there.features):,} of {there.total:,} with all features"
    return [
        ("data", f"{source.kind}: {read}"),
        ("learn from", f"{counted(len(X), 'sample')} × {counted(X.shape[1], 'feature')}"),
        ("genes", f"{Y.shape[1]:,} of {int(neurons.funnel['genes'].iloc[0]):,}"),
        ("cells", cells),
        *(("note", note) for note in notes(neurons)),
    ]


def notes(neurons: Neurons) -> list[str]:
    """Return what the loaders found worth saying."""
    told = [source.note for source in neurons.sources if source.note]
    told += [*neurons.types.notes, *(neurons.cells.notes if neurons.cells else ())]
    published = {source.dataset for source in neurons.sources if source.kind == "real"}
    return [*told, _CAPACITANCE] if published >= {TYPES.name, CELLS.name} else told


def check(params: Params) -> Sequence[tuple[str, str]]:
    """Read the data and say, as (topic, text), what a run would work on."""
    neurons = load(params)
    _check_folds(neurons)
    return [*described(neurons), ("time", f"about {_seconds(neurons):.0f} s for the run")]


def records(neurons: Neurons) -> list[dict[str, object]]:
    """Return what a run keeps about the data it read."""
    rows = {
        TYPES.name: len(neurons.types.features),
        SYMBOLS.name: int((neurons.types.symbols != "").sum()),
        CELLS.name: neurons.cells.total if neurons.cells else 0,
    }
    return [source.record(rows[source.dataset]) for source in neurons.sources]


def _read(found: Sequence[Source], params: Params) -> tuple[CellTypes, Cells | None]:
    of = {source.dataset: source for source in found}
    if of[TYPES.name].kind == "simulated":
        with tempfile.TemporaryDirectory() as folder:
            shape = SHAPES[params.simulate]
            paths = neurons_simulator.simulate_ephys(Path(folder), params.seed, shape)
            return cell_types.load(*paths[:2]), ephys_cells.load(paths[2], params.missing)
    first = [file.path for file in of[TYPES.name].files]
    if SYMBOLS.name in of:
        types = cell_types.load(first[0], of[SYMBOLS.name].files[0].path)
    else:
        types = cell_types.own(*first)
    if CELLS.name not in of:
        return types, None
    (file,) = of[CELLS.name].files
    if params.cells is None:
        return types, ephys_cells.load(file.path, params.missing)
    return types, ephys_cells.own(file.path, list(types.features.columns), params.missing)


def _inside(folder: str, name: str) -> str:
    path = Path(folder).expanduser()
    if not path.is_dir():
        raise ParameterError(
            "This is no folder.",
            where="data",
            expected="a folder with "
            + ", ".join(dataset.files[0].name for dataset in (TYPES, SYMBOLS, CELLS)),
            got=folder,
            remedy="Tables of your own are given one by one: features=… expression=… cells=…",
        )
    return str(path / name)


def _refuse_halves(params: Params) -> None:
    for one, other in (("features", "expression"), ("expression", "features")):
        if getattr(params, one) is not None and getattr(params, other) is None:
            raise ParameterError(
                f"There is a table of {one} and none of {other}.",
                where=other,
                remedy=f"Give both, of the same samples: {other}=….",
            )
    if params.symbols is not None and params.expression is None:
        raise ParameterError(
            "There is a table of symbols and none of expression.",
            where="expression",
            remedy="Name your tables: features=… expression=….",
        )
    if params.data is not None and params.features is not None:
        raise ParameterError(
            "There is a folder of published files and a table of your own.",
            where="data, features",
            remedy="Give one of them.",
        )


def _check_folds(neurons: Neurons) -> None:
    """Say now that the samples are too few to choose in folds within folds."""
    folds, n = neurons.params.cv_folds, len(neurons.X)
    inside = n - -(-n // folds)
    if inside < 2 * folds:
        raise ParameterError(
            "There are too few samples to choose a penalty in folds within folds.",
            where="cv_folds",
            expected=f"two samples in each of {folds} folds when one fold is set aside",
            got=f"{inside} of {n} samples then",
            remedy="Choose fewer folds, or give more samples.",
        )


def _seconds(neurons: Neurons) -> float:
    """Estimate a run's time from runs of both shapes."""
    params, genes = neurons.params, neurons.Y.shape[1]
    fits = params.cv_folds * params.cv_repeats * genes
    fits += params.permutations * min(genes, params.permuted_genes)
    return float(10 + 5e-5 * fits + 0.002 * genes)

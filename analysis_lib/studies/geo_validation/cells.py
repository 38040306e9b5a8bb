"""What the validation reads: the models of a run, the cells it predicted, and sequenced cells."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import Field

from analysis_lib import files, results
from analysis_lib.datasets.catalogue import CATALOGUE
from analysis_lib.datasets.identifiers import counted
from analysis_lib.datasets.neurons import simulator as neurons_simulator
from analysis_lib.datasets.sources import Source, SourceFile, choose
from analysis_lib.errors import DataError, ParameterError
from analysis_lib.models.gene_models import GeneModels
from analysis_lib.studies.ephys_lasso import predictions
from analysis_lib.studies.ephys_lasso.neurons import SHAPES
from analysis_lib.studies.geo_validation import budget
from analysis_lib.studies.params import StudyParams

if TYPE_CHECKING:
    from analysis_lib.datasets.counts import Counts, LogCpm

COUNTS = CATALOGUE["tasic"]
_MODELS = "models"


class Params(StudyParams):
    """What a run of this study can be asked for."""

    models: str = Field(
        "ephys_lasso/default",
        pattern=r"^ephys_lasso/[a-z0-9][a-z0-9_-]{0,63}$",
        json_schema_extra={"form": "ephys_lasso/<name>"},
        description="The run whose models are validated, on the cells that it predicted.",
        examples=["ephys_lasso/mine"],
    )
    data: str | None = Field(
        None,
        description=(
            "Your counts (table or .h5ad), or a folder with the two files as published; nothing: "
            "the published counts."
        ),
    )
    cells: str | None = Field(
        None, description="Your table of the counted cells: their names and lines."
    )
    unmatched: Literal["error", "drop"] = Field(
        "error", description="Cells that are in the counts or in their table alone."
    )
    quality: bool = Field(
        True,
        description=(
            "Keep neurons that passed: tdTomato positive, pass_qc_checks Y, GABA-ergic or "
            "glutamatergic."
        ),
    )
    least_cells: int = Field(
        5, ge=1, le=1000, description="Lines with fewer cells on either side are left out."
    )
    genes: Literal["predictable", "all"] = Field(
        "predictable",
        description="Genes that are compared: those predicted beyond chance, or all with a model.",
    )
    fdr: float = Field(
        0.05, gt=0, lt=0.5, description="False-discovery rate of genes that follow the lines."
    )
    permutations: int = Field(
        9999, ge=199, le=1_000_000, description="Shuffles of the lines behind p-values."
    )
    markers: list[str] = Field(
        ["Gad1", "Slc17a7", "Pvalb", "Sst", "Vip", "Htr3a", "Rorb", "Rbp4", "Ntsr1", "Cux2"],
        max_length=24,
        description="Genes shown predicted beside measured.",
    )
    top_genes: int = Field(
        2000, ge=50, le=50_000, description="Most variable genes that the maps of cells see."
    )
    components: int = Field(
        50, ge=2, le=500, description="Principal components before t-SNE and UMAP."
    )
    perplexity: float = Field(30.0, gt=1, le=500, description="Of t-SNE.")
    neighbours: int = Field(15, ge=2, le=500, description="Of UMAP and the quality measures.")
    memory_budget: str = Field(
        "4G",
        pattern=r"^[1-9][0-9]{0,4}[MG]$",
        json_schema_extra={"form": "such as 4G or 900M"},
        description="Memory that the matrices of the counts may take; no result depends on it.",
        examples=["8G"],
    )
    seed: int = Field(42, ge=0, le=2**31 - 1, description="Seed of everything drawn at random.")


@dataclass(frozen=True)
class Validation:
    """Predicted cells and sequenced cells.

    Parameters
    ----------
    features : DataFrame
        The features of the cells that the models predicted.
    about : DataFrame
        What is known of those cells, `line` among others.
    expression : DataFrame
        Their predicted expression, cells by genes.
    counts : Counts
        The sequenced cells.
    at_once : int
        How many values of the counts are worked on at a time, as memory allows.
    passed : array of bool
        The sequenced cells that pass the filter, if one is asked for.
    funnel : DataFrame
        What is left after each step of the filter.
    """

    params: Params
    sources: tuple[Source, ...]
    models: GeneModels
    features: pd.DataFrame
    about: pd.DataFrame
    expression: pd.DataFrame
    counts: Counts
    at_once: int
    passed: NDArray[np.bool_]
    funnel: pd.DataFrame

    @property
    def kind(self) -> Literal["yours", "real", "simulated"]:
        """Where the counts come from."""
        return self.sources[1].kind

    def measured(self, cells: NDArray[np.bool_]) -> LogCpm:
        """Return log2(CPM + 1) of some of the sequenced cells."""
        from analysis_lib.datasets.counts import LogCpm

        return LogCpm(self.counts.values, np.flatnonzero(cells), self.at_once)


def sources(params: Params) -> list[Source]:
    """Return the data a run with these parameters reads: the models' run first, then the counts."""
    run = results.of_run(params.models)
    models = _models(run, params.models)
    yours = [path for path in (params.data, params.cells) if path]
    if params.cells is not None and params.data is None:
        raise ParameterError(
            "There is a table of cells and none of counts.",
            where="data",
            got=params.cells,
            remedy="Name your counts too: data=….",
        )
    if models.kind == "simulated":
        return [models, _simulated(params, yours)]
    found = choose(COUNTS, yours or None)
    if found.kind == "simulated":
        raise DataError(
            "The counts of GSE71585 are not here, and simulated ones prove nothing about models of "
            "measured samples.",
            where=params.models,
            got=f"models of {models.kind} data",
            remedy="Fetch the counts (make data STUDY=geo_validation), or give yours: data=….",
        )
    return [models, found]


def load(params: Params) -> Validation:
    """Read models and counts, predict the cells, and pass the sequenced ones through the filter."""
    from analysis_lib.datasets import counts

    found = sources(params)
    run = results.of_run(params.models)
    models = predictions.read_models(run)
    features, about = predictions.read_cells(run, models)
    read = _read(found[1], models, params)
    at_once = budget.values_at_once(read.values, params.memory_budget, params.top_genes)
    passed, funnel = counts.passed(read)
    return Validation(
        params=params,
        sources=tuple(found),
        models=models,
        features=features,
        about=about,
        expression=models.predict(features),
        counts=read,
        at_once=at_once,
        passed=passed if params.quality else np.ones(len(read.cells), dtype=bool),
        funnel=funnel,
    )


def check(params: Params) -> Sequence[tuple[str, str]]:
    """Read the data and say, as (topic, text), what a run would work on."""
    from analysis_lib.studies.geo_validation.profiles import profiles

    found = sources(params)
    if found[1].kind == "simulated":
        run = results.of_run(params.models)
        models = predictions.read_models(run)
        features, _ = predictions.read_cells(run, models)
        return [
            ("models", f"{params.models}: {counted(len(models.genes), 'gene')}, simulated"),
            ("predicted", f"{counted(len(features), 'cell')}"),
            ("measured", f"simulated cells, {models.about['simulated']['shape']} shape"),
            *(("note", source.note) for source in found if source.note),
        ]
    validation = load(params)
    pair = profiles(validation)
    return [*described(validation), ("lines in both", ", ".join(pair.predicted.index))]


def described(validation: Validation) -> list[tuple[str, str]]:
    """Say, as (topic, text), what is compared."""
    read = validation.counts
    return [
        ("models", f"{validation.params.models}: {counted(len(validation.models.genes), 'gene')}"),
        ("predicted", f"{counted(len(validation.features), 'cell')}"),
        (
            "measured",
            f"{validation.kind}: {counted(len(read.cells), 'cell')} × "
            f"{counted(len(read.genes), 'gene')}",
        ),
        ("passed", f"{counted(int(validation.passed.sum()), 'cell')}"),
        *(("note", note) for note in read.notes),
    ]


def records(validation: Validation) -> list[dict[str, object]]:
    """Return what a run keeps about the data it read."""
    rows = (len(validation.models.genes), len(validation.counts.cells))
    return [source.record(number) for source, number in zip(validation.sources, rows, strict=True)]


def _models(run: Path, name: str) -> Source:
    """Return the models of a run as what they are here: files that a result depends on."""
    kept = [run / "model" / file for file in (predictions.MODELS, predictions.CELLS)]
    record = json.loads((run / results.RECORD).read_text(encoding="utf-8"))
    kinds = {entry["kind"] for entry in record["data"]}
    kind: Literal["yours", "real", "simulated"] = "yours" if "yours" in kinds else "real"
    if "simulated" in kinds:
        kind = "simulated"
    made = tuple(
        SourceFile(path.name, path, files.sha256(path), None) for path in kept if path.exists()
    )
    return Source(_MODELS, kind, f"The models of {name}", made)


def _simulated(params: Params, yours: Sequence[str]) -> Source:
    """Return simulated counts of the very cell types that simulated models learned from."""
    if yours:
        raise DataError(
            "Models of simulated cell types are no match for counts of your own.",
            where=params.models,
            got=", ".join(yours),
            remedy="Name a run on real data or on yours: models=ephys_lasso/….",
        )
    here = choose(COUNTS)
    note = (
        f"The published counts are here and not used: {params.models} learned from simulated data."
        if here.kind == "real"
        else ""
    )
    return Source(COUNTS.name, "simulated", COUNTS.title, (), note)


def _read(source: Source, models: GeneModels, params: Params) -> Counts:
    from analysis_lib.datasets import counts

    if source.kind == "simulated":
        world = models.about["simulated"]
        with tempfile.TemporaryDirectory() as folder:
            shape = SHAPES[world["shape"]]
            pair = neurons_simulator.simulate_counts(Path(folder), world["seed"], shape)
            return counts.load(*pair)
    paths = [file.path for file in source.files]
    published = source.kind == "real" or [p.name for p in paths] == [f.name for f in COUNTS.files]
    if published:
        return counts.load(paths[0], paths[1], params.unmatched)
    return counts.own(paths[0], paths[1] if len(paths) > 1 else None, params.unmatched)

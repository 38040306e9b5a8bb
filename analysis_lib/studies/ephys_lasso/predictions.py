"""Cells whose expression nobody measured: what the models say of them, and how far to trust it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from analysis_lib import files, results
from analysis_lib.datasets.identifiers import counted
from analysis_lib.datasets.neurons import cells as ephys_cells
from analysis_lib.datasets.neurons.cells import Cells
from analysis_lib.errors import DataError, RunError
from analysis_lib.models import gene_models, parquet
from analysis_lib.models.gene_models import GeneModels
from analysis_lib.studies import Prediction
from analysis_lib.studies.ephys_lasso.neurons import Neurons

MODELS, CELLS, PREDICTIONS = "genes.parquet", "cells.parquet", "predictions.parquet"
FOREIGN = 0.5
"""Where more of the cells than this lie beyond all samples, the units may differ."""


@dataclass(frozen=True)
class Predicted:
    """Predicted expression, cells by genes, and which features lie beyond all samples."""

    expression: pd.DataFrame
    outside: pd.DataFrame

    @property
    def extrapolated(self) -> int:
        """The number of cells with any feature beyond all samples."""
        return int(self.outside.any(axis=1).sum())

    @property
    def beyond(self) -> pd.Series[str]:
        """The features in which each cell lies beyond all samples, by name."""
        names = self.outside.columns
        told = [", ".join(names[row]) for row in self.outside.to_numpy()]
        return pd.Series(told, index=self.outside.index, name="beyond", dtype="str")


def predicted(models: GeneModels, cells: Cells) -> Predicted:
    """Predict every gene of every cell."""
    return Predicted(models.predict(cells.features), models.outside(cells.features))


def ranges(models: GeneModels, cells: Cells, found: Predicted) -> pd.DataFrame:
    """Return, for every feature, where the samples lie, where the cells lie, and who is beyond."""
    X = cells.features[models.names]
    table = models.features[["feature", "unit", "low", "high"]].rename(
        columns={"low": "samples from", "high": "to"}
    )
    return table.assign(
        **{
            "cells from": X.min().to_numpy(),
            "up to": X.max().to_numpy(),
            "cells beyond": found.outside.sum().to_numpy(),
            "share": found.outside.mean().to_numpy(),
        }
    )


def shown(cells: Cells, found: Predicted, genes: list[str]) -> pd.DataFrame:
    """Return the predictions of some genes as a table to read, a row per cell."""
    about = cells.about
    known = [name for name in ("line", "spines") if about[name].any()]
    table = pd.concat(
        [
            about[known],
            found.outside.sum(axis=1).rename("features beyond"),
            found.expression[[gene for gene in genes if gene in found.expression]],
        ],
        axis=1,
    )
    return table.rename_axis("cell").reset_index()


def keep(neurons: Neurons, models: GeneModels, found: Predicted | None) -> None:
    """Keep models, cells and predictions in the run's folder; without a run nothing is kept."""
    place = results.path("model", MODELS)
    if place is None:
        return
    models.save(place)
    if neurons.cells is None or found is None:
        return
    cells = neurons.cells
    own = _apart(cells.about, ["cell", "beyond", *models.names, *found.expression.columns])
    _write(pd.concat([cells.features, own], axis=1), place.with_name(CELLS))
    table = pd.concat([own, found.beyond, found.expression.astype("float32")], axis=1)
    _write(table, place.parent.parent / "tables" / PREDICTIONS)


def read_models(run: Path) -> GeneModels:
    """Return the models that a run of this study has kept."""
    path = run / "model" / MODELS
    models = gene_models.load(path)
    if missing := [name for name in ("samples", "kind", "title") if name not in models.about]:
        raise DataError(
            "The kept models do not say what they learned from.",
            where=str(path),
            expected=", ".join(missing),
            remedy="Run the study again; the models are made anew.",
        )
    return models


def read_cells(run: Path, models: GeneModels) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return features and own columns of the cells that a run of this study has predicted."""
    path = run / "model" / CELLS
    if not path.exists():
        raise RunError(
            "The run has predicted no cells.",
            where=str(run),
            remedy="Run the study with a table of cells: cells=….",
        )
    try:
        table = parquet.read(path)[0].set_index("cell")
        return table[models.names], table.drop(columns=models.names)
    except parquet.failures() as error:
        raise DataError(
            "The kept cells cannot be read.",
            where=str(path),
            got=f"{type(error).__name__}: {error}".splitlines()[0][:200],
            remedy="Run the study again.",
        ) from error


def predict(run: Path, table: Path) -> Prediction:
    """Say what the models of a run make of new cells.

    The table has the columns cell and beyond (the features in which the cell lies outside of
    all samples learned from), then one per gene.
    """
    models = read_models(run)
    cells = ephys_cells.own(Path(table), models.names)
    found = predicted(models, cells)
    told = pd.concat([found.beyond, found.expression], axis=1).rename_axis("cell").reset_index()
    notes = [_about(models), *cells.notes, extrapolation_sentence(found), *foreign(found)]
    return Prediction(told, tuple(notes))


def extrapolation_sentence(found: Predicted) -> str:
    """Say how many cells the models have to extrapolate for."""
    n = len(found.outside)
    return (
        f"{found.extrapolated:,} of {counted(n, 'cell')} lie beyond all samples learned from in at "
        "least one feature: what is predicted for them is extrapolated."
    )


def foreign(found: Predicted) -> list[str]:
    """Warn of features in which most cells lie beyond all samples, as in other units."""
    share = found.outside.mean()
    return [
        f"{name}: {part:.0%} of the cells lie beyond all samples. Are both tables in the same unit?"
        for name, part in share[share > FOREIGN].items()
    ]


def _about(models: GeneModels) -> str:
    about: Mapping[str, Any] = models.about
    first = (
        f"Models of {len(models.genes):,} genes on {len(models.names)} features, learned from "
        f"{about['samples']} samples ({about['kind']}: {about['title']})."
    )
    if about["kind"] == "simulated":
        return f"{first} What simulated samples teach says nothing about real cells."
    return first


def _apart(about: pd.DataFrame, taken: Sequence[str]) -> pd.DataFrame:
    """Return the cells' own columns under names that no feature and no gene has."""
    return about.rename(columns={name: f"{name} (cell)" for name in set(taken) & set(about)})


def _write(table: pd.DataFrame, path: Path) -> None:
    """Write a table as Parquet, its index as the column `cell`."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    frame = table.rename_axis("cell").reset_index()
    with files.atomic_path(path) as temporary:
        pq.write_table(pa.Table.from_pandas(frame, preserve_index=False), temporary)

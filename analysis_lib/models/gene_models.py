"""Linear models of many genes as data: one table that is read, multiplied and nothing else."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from analysis_lib import files
from analysis_lib.errors import DataError
from analysis_lib.models import parquet

_KEY = b"analysis_lib.gene_models"
_COEFFICIENT = "coefficient of "
_STRICT = ConfigDict(strict=True, allow_inf_nan=False)


class _Feature(BaseModel):
    model_config = _STRICT

    feature: str
    unit: str
    mean: float
    sd: float = Field(ge=0)
    low: float
    high: float


class _Told(BaseModel):
    model_config = _STRICT

    features: list[_Feature] = Field(min_length=1, max_length=10_000)
    about: dict[str, Any]


@dataclass(frozen=True)
class GeneModels:
    """A linear model of each gene on the same features.

    Parameters
    ----------
    genes : DataFrame
        A row per gene: `gene` (unique), `intercept`, and whatever is known of its model.
    coefficients : array of shape (genes, features)
        Per unit of the feature.
    features : DataFrame
        A row per feature: feature, unit, and of the samples learned from mean, sd, low, high.
    about : mapping
        How they were made and from what; JSON.
    """

    genes: pd.DataFrame
    coefficients: NDArray[np.float64]
    features: pd.DataFrame
    about: Mapping[str, Any]

    @property
    def names(self) -> list[str]:
        """The features, in order."""
        return [str(name) for name in self.features["feature"]]

    @property
    def standardised(self) -> pd.DataFrame:
        """Coefficients per standard deviation of the feature: genes by features."""
        scaled = self.coefficients * self.features["sd"].to_numpy()
        return pd.DataFrame(scaled, index=self.genes["gene"], columns=self.names)

    def predict(self, X: pd.DataFrame) -> pd.DataFrame:
        """Return the expression of every gene for rows with these features, at least."""
        values = X[self.names].to_numpy(np.float64)
        with np.errstate(over="ignore", invalid="ignore"):  # seen below
            found = values @ self.coefficients.T + self.genes["intercept"].to_numpy()
        if not (np.isfinite(found) | np.isnan(values).any(axis=1)[:, None]).all():
            raise DataError(
                "The kept models make no number of some rows.",
                remedy="See whether the features are in the units that the models learned from.",
            )
        return pd.DataFrame(found, index=X.index, columns=self.genes["gene"])

    def outside(self, X: pd.DataFrame) -> pd.DataFrame:
        """Say of every row and feature whether it lies beyond all samples learned from."""
        values = X[self.names]
        low, high = (self.features[side].to_numpy() for side in ("low", "high"))
        return (values < low) | (values > high)

    def save(self, path: Path) -> None:
        """Write the models as one Parquet file; equal models are equal bytes."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        frame = self.genes.reset_index(drop=True)
        for number, name in enumerate(self.names):
            frame[_COEFFICIENT + name] = self.coefficients[:, number]
        told = {"features": self.features.to_dict("records"), "about": self.about}
        table = pa.Table.from_pandas(frame, preserve_index=False)
        table = table.replace_schema_metadata({_KEY: files.to_json(told)})
        with files.atomic_path(path) as temporary:
            pq.write_table(table, temporary)


def load(path: Path) -> GeneModels:
    """Read models that `GeneModels.save` wrote; anything else is an error."""
    try:
        frame, metadata = parquet.read(path)
        told = _Told(**json.loads(metadata[_KEY], parse_constant=parquet.no_number))
        features = pd.DataFrame([feature.model_dump() for feature in told.features])
        columns = [_COEFFICIENT + name for name in features["feature"]]
        coefficients = frame[columns].to_numpy(np.float64)
        genes = frame.drop(columns=columns)
        finite = np.isfinite(coefficients).all() and np.isfinite(genes["intercept"]).all()
        if not (finite and genes["gene"].is_unique and pd.api.types.is_string_dtype(genes["gene"])):
            raise ValueError("a coefficient that is no number, or a gene that stands twice")
        return GeneModels(genes, coefficients, features, told.about)
    except parquet.failures() as error:
        raise DataError(
            "The kept models cannot be read.",
            where=str(path),
            expected="the Parquet file that a run of a study of genes keeps",
            got=f"{type(error).__name__}: {error}".splitlines()[0][:200],
            remedy="Run that study again; the models are made anew.",
        ) from error

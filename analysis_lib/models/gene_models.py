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

from analysis_lib import files
from analysis_lib.errors import DataError

_KEY = b"analysis_lib.gene_models"
_COEFFICIENT = "coefficient of "
_FEATURE_COLUMNS = ("feature", "unit", "mean", "sd", "low", "high")


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
        values = X[self.names].to_numpy(np.float64) @ self.coefficients.T
        return pd.DataFrame(
            values + self.genes["intercept"].to_numpy(), index=X.index, columns=self.genes["gene"]
        )

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
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(path)
        told = json.loads((table.schema.metadata or {})[_KEY])
        features = pd.DataFrame(told["features"])[list(_FEATURE_COLUMNS)]
        columns = [_COEFFICIENT + name for name in features["feature"]]
        frame = table.to_pandas()
        coefficients = frame[columns].to_numpy(np.float64)
        genes = frame.drop(columns=columns)
        finite = np.isfinite(coefficients).all() and np.isfinite(genes["intercept"]).all()
        if not (finite and genes["gene"].is_unique):
            raise ValueError("a coefficient that is no number, or a gene that stands twice")
        return GeneModels(genes, coefficients, features, told["about"])
    except (OSError, ValueError, KeyError, TypeError, pa.ArrowException) as error:
        raise DataError(
            "The kept models cannot be read.",
            where=str(path),
            expected="the Parquet file that a run of a study of genes keeps",
            got=f"{type(error).__name__}: {error}".splitlines()[0][:200],
            remedy="Run that study again; the models are made anew.",
        ) from error

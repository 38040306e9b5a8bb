"""A trained model on disk: nothing in it can run, and everything that a prediction needs.

`network.keras` is loaded in Keras' safe mode alone. Beside it `preparation.npz` has the numbers
that turn expression into the network's inputs, and `model.json` everything else: the genes in
order, the classes, the threshold, what the model was made from, and the checksums of both files.
"""

from __future__ import annotations

import json
import warnings
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis_lib import files
from analysis_lib.errors import DataError
from analysis_lib.models.training import tensorflow

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline
    from tensorflow import keras

Floats = NDArray[np.float64]
NETWORK, PREPARATION, DESCRIPTION = "network.keras", "preparation.npz", "model.json"
_ARRAYS = ("fill", "mean", "scale", "centre", "components")


@dataclass(frozen=True)
class Kept:
    """A model as it was kept.

    Parameters
    ----------
    description : mapping
        genes, classes, threshold, transform and whatever `save` was given besides.
    arrays : mapping of name to array
        fill (what stands for a missing value), mean and scale of every gene; centre and
        components of the projection.
    """

    description: Mapping[str, Any]
    arrays: Mapping[str, Floats]
    network: keras.Model

    @property
    def genes(self) -> list[str]:
        """The genes a table must have, in the model's order."""
        return list(self.description["genes"])

    def probabilities(self, X: pd.DataFrame) -> Floats:
        """Return the probability of the second class from every network: (samples, networks).

        `X` has the columns `genes`, transformed as the training values were.
        """
        values = X[self.genes].to_numpy(np.float64)
        values = np.where(np.isnan(values), self.arrays["fill"], values)
        scaled = (values - self.arrays["mean"]) / self.arrays["scale"]
        inputs = (scaled - self.arrays["centre"]) @ self.arrays["components"].T
        return np.asarray(self.network(inputs, training=False), dtype=np.float64)


def save(folder: Path, pipeline: Pipeline, description: Mapping[str, Any]) -> None:
    """Keep a fitted pipeline whose steps are called scale, pca and network, perhaps after impute.

    `description` says at least genes, classes, threshold and transform.
    """
    with files.atomic_path(folder / NETWORK) as path, warnings.catch_warnings():
        # Keras asks TensorFlow's variables for an array in a way that NumPy 2 deprecates.
        warnings.filterwarnings("ignore", "__array__ implementation", DeprecationWarning)
        pipeline["network"].as_keras().save(path)
        _without_times(path)
    scale, pca = pipeline["scale"], pipeline["pca"]
    impute = pipeline.named_steps.get("impute")
    arrays = {
        "fill": impute.statistics_ if impute else np.full_like(scale.mean_, np.nan),
        "mean": scale.mean_,
        "scale": scale.scale_,
        "centre": pca.mean_,
        "components": pca.components_,
    }
    with files.atomic_path(folder / PREPARATION) as path:
        np.savez_compressed(path, **arrays)
    sums = {name: files.sha256(folder / name) for name in (NETWORK, PREPARATION)}
    files.write_json(folder / DESCRIPTION, {**description, "sha256": sums})


def load(folder: Path) -> Kept:
    """Load a kept model; a file that is not the one kept is an error."""
    try:
        description = json.loads((folder / DESCRIPTION).read_text(encoding="utf-8"))
        wrong = [n for n, s in description["sha256"].items() if files.sha256(folder / n) != s]
    except (OSError, ValueError, KeyError) as error:
        raise _damaged(folder / DESCRIPTION, f"{type(error).__name__}: {error}") from error
    if wrong:
        raise _damaged(folder / wrong[0], "another checksum than was recorded")
    with np.load(folder / PREPARATION, allow_pickle=False) as stored:
        arrays = {name: stored[name] for name in _ARRAYS}
    keras = tensorflow().keras
    try:
        network = keras.models.load_model(folder / NETWORK, compile=False, safe_mode=True)
    except (OSError, TypeError, ValueError) as error:  # safe mode raises the last
        raise DataError(
            "The kept network cannot be loaded.",
            where=str(folder / NETWORK),
            got=str(error).split(". ", maxsplit=1)[0],
            remedy="Run the study again; a network that brings code of its own is never loaded.",
        ) from error
    return Kept(description, arrays, network)


def _without_times(path: Path) -> None:
    """Write a `.keras` archive anew without the time it was made: equal models, equal bytes."""
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in sorted(archive.namelist())}
    about = json.loads(members["metadata.json"])
    members["metadata.json"] = files.to_json({**about, "date_saved": ""}).encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name), content)


def _damaged(path: Path, got: str) -> DataError:
    return DataError(
        "The kept model is not complete or was changed.",
        where=str(path),
        got=got,
        remedy="Run the study again; the model is made anew.",
    )

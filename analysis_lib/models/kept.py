"""A trained model on disk: numbers, and what is said of them. Nothing in it can run.

`model.json` says everything a prediction needs: the genes in order, the classes, the threshold, the
layers, what the model was made from, and the checksums of the other files. `numbers.npz` has the
arrays that turn expression into the networks' inputs, and their weights. A prediction is made from
these two alone, which are checked like any input: a run's folder may be somebody else's.

`network.keras` has the same networks for people who use Keras. It is written and never opened: in
a file of Keras are names of classes to import, code, and a file of HDF5 with links of its own.
"""

from __future__ import annotations

import json
import warnings
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from analysis_lib import files
from analysis_lib.errors import DataError
from analysis_lib.models import arrays
from analysis_lib.models.parquet import no_number

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

Floats = NDArray[np.float64]
NETWORK, NUMBERS, DESCRIPTION = "network.keras", "numbers.npz", "model.json"
LARGEST_DESCRIPTION = 8_000_000  # bytes
_SELU_SCALE, _SELU_ALPHA = 1.0507009873554805, 1.6732632423543772
_Count = Annotated[int, Field(ge=1, le=100_000)]


class Origin(BaseModel):
    """What a model was made from."""

    model_config = ConfigDict(strict=True, frozen=True, extra="allow")

    kind: Literal["real", "yours", "simulated"]
    title: str


class Description(BaseModel):
    """What `model.json` says; a value of another type or beyond a limit is none.

    Attributes
    ----------
    genes, classes
        The columns that a table must have, and the two classes.
    threshold : float
        The probability of the second class above which it is called.
    transform, impute
        What is done to values and to gaps before anything else.
    seeds : list of int
        One network each.
    components, layers, activation
        Inputs of the networks, and units and activation of their hidden layers.
    data : Origin
        What the model was made from.
    sha256 : mapping of name to checksum
        Of the other two files.
    """

    model_config = ConfigDict(strict=True, frozen=True, allow_inf_nan=False)

    genes: list[str] = Field(min_length=1, max_length=200_000)
    classes: list[str] = Field(min_length=2, max_length=2)
    threshold: float = Field(ge=0, le=1)
    transform: Literal["raw", "log10"]
    impute: bool
    seeds: list[int] = Field(min_length=1, max_length=1000)
    components: _Count
    layers: list[_Count] = Field(max_length=50)
    activation: Literal["relu", "tanh", "elu", "selu", "gelu"]
    data: Origin
    sha256: dict[str, str]

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """The shapes of all arrays of such a model."""
        genes, networks = len(self.genes), len(self.seeds)
        found: dict[str, tuple[int, ...]] = dict.fromkeys(("fill", "mean", "scale"), (genes,))
        found |= {"centre": (genes,), "components": (self.components, genes)}
        inputs = self.components
        for number, units in enumerate([*self.layers, 1], start=1):
            found[f"kernel_{number}"] = (networks, inputs, units)
            found[f"bias_{number}"] = (networks, 1, units)
            inputs = units
        return found


@dataclass(frozen=True)
class Kept:
    """A model as it was kept.

    Parameters
    ----------
    description : Description
        What is said of it.
    numbers : mapping of name to array
        fill (what stands for a missing value), mean and scale of every gene; centre and
        components of the projection; kernel and bias of every layer, a network in each row.
    """

    description: Description
    numbers: Mapping[str, Floats]

    @property
    def genes(self) -> list[str]:
        """The genes a table must have, in the model's order."""
        return list(self.description.genes)

    def probabilities(self, X: pd.DataFrame) -> Floats:
        """Return the probability of the second class from every network: (samples, networks).

        `X` has the columns `genes`, transformed as the training values were.
        """
        values = X[self.genes].to_numpy(np.float64)
        values = np.where(np.isnan(values), self.numbers["fill"], values)
        with np.errstate(over="ignore", invalid="ignore"):  # seen below
            scaled = (values - self.numbers["mean"]) / self.numbers["scale"]
            inputs = (scaled - self.numbers["centre"]) @ self.numbers["components"].T
            found = np.exp(-np.logaddexp(0, -self._odds(inputs)))
        if not np.isfinite(found).all():
            raise DataError(
                "The kept model makes no probability of some samples.",
                got=f"{(~np.isfinite(found)).any(axis=1).sum():,} of {len(found):,} samples",
                remedy="See whether the values are in the unit that the model learned from.",
            )
        return np.asarray(found)

    def _odds(self, inputs: Floats) -> Floats:
        act, hidden = _ACTIVATIONS[self.description.activation], inputs
        last = len(self.description.layers) + 1
        for number in range(1, last + 1):
            hidden = hidden @ self.numbers[f"kernel_{number}"] + self.numbers[f"bias_{number}"]
            hidden = act(hidden) if number < last else hidden
        return hidden[..., 0].T


def save(folder: Path, pipeline: Pipeline, description: Mapping[str, Any]) -> None:
    """Keep a fitted pipeline whose steps are called scale, pca and network, perhaps after impute.

    `description` says what a `Description` does and the pipeline does not: genes, classes,
    threshold, transform, impute and data.
    """
    scale, pca, network = pipeline["scale"], pipeline["pca"], pipeline["network"]
    with files.atomic_path(folder / NETWORK) as path, warnings.catch_warnings():
        # Keras asks TensorFlow's variables for an array in a way that NumPy 2 deprecates.
        warnings.filterwarnings("ignore", "__array__ implementation", DeprecationWarning)
        network.as_keras().save(path)
        _without_times(path)
    impute = pipeline.named_steps.get("impute")
    numbers = {
        "fill": impute.statistics_ if impute else np.full_like(scale.mean_, np.nan),
        "mean": scale.mean_,
        "scale": scale.scale_,
        "centre": pca.mean_,
        "components": pca.components_,
    }
    for number, place in enumerate(range(0, len(network.weights_), 2), start=1):
        numbers[f"kernel_{number}"], numbers[f"bias_{number}"] = network.weights_[place : place + 2]
    with files.atomic_path(folder / NUMBERS) as path:
        arrays.write(path, numbers)
    about = Description(
        **description,
        seeds=list(network.seeds),
        components=len(pca.components_),
        layers=list(network.layers),
        activation=network.activation,
        sha256={name: files.sha256(folder / name) for name in (NETWORK, NUMBERS)},
    )
    files.write_json(folder / DESCRIPTION, about.model_dump(mode="json"))


def load(folder: Path) -> Kept:
    """Load a kept model; a file that is not the one kept, or no model at all, is an error."""
    try:
        about = _described(folder / DESCRIPTION)
    except (OSError, ValueError, TypeError, RecursionError) as error:
        raise _damaged(folder / DESCRIPTION, _first_line(error)) from error
    for name, recorded in about.sha256.items():
        try:
            arrays.check_file(folder / name, arrays.LARGEST)
            same = files.sha256(folder / name) == recorded
        except (OSError, ValueError) as error:
            raise _damaged(folder / name, _first_line(error)) from error
        if not same:
            raise _damaged(folder / name, "another checksum than was recorded")
    try:
        numbers = arrays.read(folder / NUMBERS, about.shapes)
        _check_numbers(numbers)
    except (OSError, ValueError) as error:
        raise _damaged(folder / NUMBERS, _first_line(error)) from error
    return Kept(about, numbers)


def _described(path: Path) -> Description:
    arrays.check_file(path, LARGEST_DESCRIPTION)
    about = Description(**json.loads(path.read_text(encoding="utf-8"), parse_constant=no_number))
    if len(set(about.genes)) < len(about.genes):
        raise ValueError("a gene stands there twice")
    if set(about.sha256) != {NETWORK, NUMBERS}:
        raise ValueError(f"checksums of other files than {NETWORK} and {NUMBERS}")
    return about


def _check_numbers(numbers: Mapping[str, Floats]) -> None:
    for name, array in numbers.items():
        # Without imputation nothing stands for a missing value.
        bad = np.isinf(array) if name == "fill" else ~np.isfinite(array)
        if bad.any() or (name == "scale" and (array <= 0).any()):
            raise ValueError(f"{name} holds what it cannot, such as infinity")


def _without_times(path: Path) -> None:
    """Write a `.keras` archive anew without the time it was made: equal models, equal bytes."""
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in sorted(archive.namelist())}
    about = json.loads(members["metadata.json"])
    members["metadata.json"] = files.to_json({**about, "date_saved": ""}).encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name), content)


def _first_line(error: Exception) -> str:
    if isinstance(error, ValidationError):
        first = error.errors(include_url=False, include_input=False)[0]
        return f"{'.'.join(map(str, first['loc']))}: {first['msg']}"[:200]
    return f"{type(error).__name__}: {error}".splitlines()[0][:200]


def _damaged(path: Path, got: str) -> DataError:
    return DataError(
        "The kept model is not complete or was changed.",
        where=str(path),
        got=got,
        remedy="Run the study again; the model is made anew.",
    )


def _elu(values: Floats) -> Floats:
    return np.where(values > 0, values, np.expm1(np.minimum(values, 0)))


def _selu(values: Floats) -> Floats:
    return np.where(values > 0, values, _SELU_ALPHA * np.expm1(np.minimum(values, 0))) * _SELU_SCALE


def _gelu(values: Floats) -> Floats:
    from scipy.special import erf

    return np.asarray(values * 0.5 * (1 + erf(values / np.sqrt(2))))


def _relu(values: Floats) -> Floats:
    return np.maximum(values, 0)


_ACTIVATIONS: Mapping[str, Callable[[Floats], Floats]] = {
    # As Keras has them.
    "relu": _relu,
    "tanh": np.tanh,
    "elu": _elu,
    "selu": _selu,
    "gelu": _gelu,
}

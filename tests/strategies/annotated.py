"""AnnData files: right ones, and every damage that HDF5 allows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from hypothesis import strategies as st

from tests.neuron_files import LINES
from tests.strategies import cells
from tests.strategies.sheets import Draw

TEXT = h5py.string_dtype()
NO_UTF_8 = b"caf\xe9"
SECRET_PLACE = "secret.h5", "secret"


@dataclass(frozen=True)
class Given:
    """What a damage may need: a place, a value, a name."""

    part: str
    other: Any
    whole: int
    frame: str
    share: float
    number: float
    text: str
    column: str


@dataclass(frozen=True)
class Annotated:
    """An AnnData file on its way to the disk, and what is wrong with it."""

    values: np.ndarray
    cells: list[str]
    genes: list[str]
    lines: list[str]
    how: str
    did: tuple[tuple[str, Given], ...]

    def write(self, folder: Path) -> Path:
        """Write the file, damage it, and return its path."""
        path = folder / "cells.h5ad"
        path.unlink(missing_ok=True)
        with h5py.File(path, "w") as file:
            file.attrs.update({"encoding-type": "anndata", "encoding-version": "0.1.0"})
            _matrix(file, self.values, self.how)
            _frame(file, "obs", self.cells, line=self.lines)
            _frame(file, "var", self.genes)
            _categories(file["obs"], "broad_type", ["GABA-ergic Neuron"], [0] * len(self.cells))
            for name, given in self.did:
                DAMAGE[name](file, given)
        return path


def _texts(group: Any, name: str, texts: Sequence[str]) -> None:
    group.create_dataset(name, data=np.array(texts, object), dtype=TEXT)


def _frame(file: Any, name: str, index: Sequence[str], **columns: Sequence[str]) -> None:
    group = file.create_group(name)
    group.attrs.update({"encoding-type": "dataframe", "_index": "_index"})
    _texts(group, "_index", index)
    for column, texts in columns.items():
        _texts(group, column, texts)


def _categories(frame: Any, name: str, categories: Sequence[str], codes: Sequence[int]) -> None:
    group = frame.create_group(name)
    group.attrs.update({"encoding-type": "categorical", "encoding-version": "0.2.0"})
    _texts(group, "categories", categories)
    group.create_dataset("codes", data=np.array(codes, np.int8))


def _matrix(file: Any, values: np.ndarray, how: str) -> None:
    if how == "dense":
        file.create_dataset("X", data=values)
        return
    major = values if how == "csr" else values.T
    group = file.create_group("X")
    group.attrs.update({"encoding-type": f"{how}_matrix", "shape": values.shape})
    rows, columns = np.nonzero(major)
    group.create_dataset("data", data=major[rows, columns])
    group.create_dataset("indices", data=columns.astype(np.int32))
    bounds = np.concatenate([[0], np.cumsum((major != 0).sum(axis=1))])
    group.create_dataset("indptr", data=bounds.astype(np.int32))


def _put(file: Any, place: str, **storage: Any) -> None:
    parent, name = place.rsplit("/", 1) if "/" in place else ("/", place)
    holder = file.get(parent)
    if not isinstance(holder, h5py.Group):
        return
    if name in holder:
        del holder[name]
    if storage:
        holder.create_dataset(name, **storage)


def _number_at(file: Any, place: str, value: float, share: float) -> None:
    array = file.get(place)
    if isinstance(array, h5py.Dataset) and array.size and array.ndim == 1:
        values = array[()]
        if values.dtype.kind == "f" or (values.dtype.kind in "iu" and abs(value) < 2**31):
            values[int(share * (len(values) - 1))] = (
                max(0, value) if values.dtype.kind == "u" else value
            )
            _put(file, place, data=values)


PARTS = ("X/data", "X/indices", "X/indptr", "X", "obs/_index", "var/_index", "obs/line", "obs/more")
_CODES, _CATEGORIES = "obs/broad_type/codes", "obs/broad_type/categories"


def _link(file: Any, place: str, link: Any) -> None:
    _put(file, place)
    parent, name = place.rsplit("/", 1) if "/" in place else ("/", place)
    if isinstance(file.get(parent), h5py.Group):
        file[parent][name] = link


def _badly_named(file: Any, values: Any) -> None:
    if isinstance(file.get("obs"), h5py.Group) and NO_UTF_8 not in list(file["obs"]):
        file["obs"].create_dataset(NO_UTF_8, data=values)


def _attribute(file: Any, group: str, **attributes: Any) -> None:
    if isinstance(file.get(group), h5py.Group):
        file[group].attrs.update(attributes)


DAMAGE: dict[str, Callable[[Any, Given], None]] = {
    "missing": lambda file, of: _put(file, of.part),
    "no frame": lambda file, of: _put(file, of.frame),
    "other kind": lambda file, of: _put(file, of.part, data=of.other),
    "index": lambda file, of: _number_at(file, "X/indices", of.whole, of.share),
    "bound": lambda file, of: _number_at(file, "X/indptr", of.whole, of.share),
    "value": lambda file, of: _number_at(file, "X/data", of.number, of.share),
    "code": lambda file, of: _number_at(file, _CODES, of.whole % 128, of.share),
    "codes gone": lambda file, of: _put(file, _CODES),
    "categories are numbers": lambda file, of: _put(file, _CATEGORIES, data=np.arange(2)),
    "huge": lambda file, of: _put(file, of.part, shape=(1 << 40,), dtype="f8", chunks=(1024,)),
    "huge square": lambda file, of: _put(
        file, of.part, shape=(1 << 20, 1 << 20), dtype="f4", chunks=(64, 64)
    ),
    "soft link": lambda file, of: _link(file, of.part, h5py.SoftLink("/obs")),
    "external link": lambda file, of: _link(file, of.part, h5py.ExternalLink(*SECRET_PLACE)),
    "external values": lambda file, of: _put(
        file, of.part, shape=(4,), dtype="f8", external=[("secret.bin", 0, 32)]
    ),
    "attribute": lambda file, of: _attribute(file, "obs", _index=of.text),
    "encoding": lambda file, of: _attribute(file, "X", **{"encoding-type": of.text}),
    "shape": lambda file, of: _attribute(file, "X", shape=[of.whole, 2]),
    "another column": lambda file, of: _put(file, "obs/" + of.column, data=of.other),
    "a name that is no text": lambda file, of: _badly_named(file, of.other),
}

_OTHER = (
    np.arange(3.0),
    np.arange(6).reshape(2, 3),
    np.float64(3),
    np.array(["a", "b"], "S1"),
    np.zeros(0),
    np.array([True, False]),
    np.array([1 + 2j]),
    np.array([(1, 2.0)], "i4,f8"),
    np.array([np.nan, np.inf, -1.0]),
)


@st.composite
def annotated(draw: Draw) -> Annotated:
    """An AnnData file: any storage, any names, any damage."""
    random = np.random.default_rng(draw(st.integers(0, 99)))
    shape = draw(st.integers(0, 5)), draw(st.integers(1, 4))
    values = random.negative_binomial(1, 0.2, shape).astype(
        draw(st.sampled_from(["f8", "f4", "i4", "u2"]))
    )
    names = [f"c{i}" for i in range(shape[0])]
    genes = [f"G{i}" for i in range(shape[1])]
    for found in (names, genes):
        if found and draw(st.booleans()):
            text = draw(cells.names)
            found[0] = text.replace("\0", "").encode("utf-8", "ignore").decode()
    lines = [LINES[i % 3] for i in range(shape[0])]
    damage = st.builds(
        Given,
        st.sampled_from(PARTS),
        st.sampled_from(_OTHER),
        st.sampled_from([-1, 0, 1, 7, 2**31 - 1, -(2**31)]),
        st.sampled_from(["obs", "var", "X"]),
        st.floats(0, 1),
        st.sampled_from([-1.0, 0.5, np.nan, np.inf, 1e308, 5e-324, 2.0**53, 2.0**54, -0.0]),
        st.sampled_from(["", "_index", "nowhere", "../X", "csc_matrix", "csr_matrix", "\u202e"]),
        st.sampled_from(["type", "LINE ", "x" * 300, "é", "broad type", "\x1b[0m"]),
    )
    did = draw(st.lists(st.tuples(st.sampled_from(sorted(DAMAGE)), damage), max_size=2))
    how = draw(st.sampled_from(["dense", "csr", "csc"]))
    return Annotated(values, names, genes, lines, how, tuple(did))

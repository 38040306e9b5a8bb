"""Simulated patch-clamped cells, with the columns of the published table that matter."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis_lib.datasets.neurons.latent import FIRST_ID, Shape, World, in_units, noisy
from analysis_lib.datasets.neurons.lines import line_key
from analysis_lib.datasets.neurons.simulated_lines import LINES

_AREAS = ("VISp", "VISpm", "VISl", "VISal", "VISpor")
_OF_AREA = (0.90, 0.04, 0.03, 0.02, 0.01)
_UNLABELLED = 0.1  # share of the cells of excitatory lines: cells of any excitatory type
_TRUNCATED = 0.24  # share of the spiny cells
_SPARSELY_SPINY = 0.05  # share of the others

# Published beside what features are derived from: usual value, spread.
_BESIDE = {
    "adaptation": (0.03, 0.05),
    "electrode_0_pa": (-2.0, 30.0),
    "max_rate_first_last_adratio": (0.4, 0.1),
    "max_rate_second_last_adratio": (0.56, 0.1),
    "seal_gohm": (1.9, 0.3),
    "upstroke_downstroke_ratio_long_square": (2.8, 0.5),
    "vm_for_sag": (-92.5, 4.0),
}
_OF_RATE = (
    *("adaptation", "max_rate_first_last_adratio", "max_rate_first_mean_adratio"),
    *("max_rate_long_square", "max_rate_second_last_adratio"),
)
# Of 170 incomplete cells published, so many lack avg_isi alone, the width of the spike alone, or
# avg_isi together with everything at the highest rate; the others lack the latter alone.
_INCOMPLETE, _NO_ISI, _NO_WIDTH, _NEITHER = 170, 18, 3, 65


def patched(random: np.random.Generator, made: World, shape: Shape) -> pd.DataFrame:
    """Return the table of cells, all text, in the order of the published columns."""
    lines = [line for line in LINES if line.patched]
    numbers = apportioned([line.patched for line in lines], shape.cells)
    of_line = pd.Series(np.repeat([line.name for line in lines], numbers))
    types = types_of(random, made.types, of_line)
    labelled = _labelled(random, made.types, types)
    features = in_units(noisy(random, made.natural[types]))
    known = made.types.iloc[types].reset_index(drop=True)
    spiny = (known["kind"] == "exc").to_numpy()
    sparse = ~spiny & (random.random(shape.cells) < _SPARSELY_SPINY)
    truncated = random.random(shape.cells) < _TRUNCATED
    table = pd.DataFrame(
        {
            "": random.permutation(shape.cells),
            "transgene": of_line.map(line_key),
            "reporter": np.where(labelled, "positive", "negative"),
            "brain_region": _regions(random, known),
            "spines": np.select([spiny, sparse], ["spiny", "sparsely spiny"], "aspiny"),
            "apical_intact": np.select([~spiny, truncated], ["NA", "truncated"], "intact"),
            "specimen_id": _ids(random, shape.cells),
            "id": _ids(random, shape.cells),
            "mouse_line": of_line,
            **dict.fromkeys(("has_burst", "has_delay", "has_pause"), "False"),
        }
    ).astype("str")
    measured = _measured(random, features)
    for names, rows in _missing(random, shape):
        measured.loc[rows, list(names)] = np.nan
    texts = measured.map(lambda value: "" if np.isnan(value) else f"{value:.10g}")
    both = pd.concat([table, texts], axis=1)
    columns = [str(name) for name in both]
    first = columns.index("specimen_id") + 1
    return both[[*columns[:first], *sorted(columns[first:])]]


def apportioned(weights: Sequence[int], total: int) -> NDArray[np.int_]:
    """Return whole numbers in proportion to the weights that add up to the total.

    Examples
    --------
    >>> apportioned([1, 1, 2], 9).tolist()
    [2, 2, 5]
    """
    edges = np.rint(total * np.cumsum([0, *weights]) / sum(weights)).astype(int)
    return np.diff(edges)


def types_of(
    random: np.random.Generator, types: pd.DataFrame, lines: pd.Series[str]
) -> NDArray[np.intp]:
    """Return for each cell a type of its line, as a row of `types`."""
    chosen = np.zeros(len(lines), dtype=np.intp)
    for line, cells in lines.groupby(lines, sort=True).indices.items():
        chosen[cells] = random.choice(np.flatnonzero(types["line"] == line), len(cells))
    return chosen


def _labelled(
    random: np.random.Generator, types: pd.DataFrame, chosen: NDArray[np.intp]
) -> NDArray[np.bool_]:
    """Tell which cells carry the label of their line; give the others another type, in place."""
    exc = (types["kind"] == "exc").to_numpy()
    labelled = ~exc[chosen] | (random.random(len(chosen)) > _UNLABELLED)
    chosen[~labelled] = random.choice(np.flatnonzero(exc), int((~labelled).sum()))
    return labelled


def _regions(random: np.random.Generator, known: pd.DataFrame) -> list[str]:
    areas = random.choice(_AREAS, len(known), p=_OF_AREA)
    deepest = known["layer"] == "L6"
    sublayer = np.where(deepest, np.where(known["key"] == "Ctgf", "b", "a"), "")
    layers = known["layer"].str.removeprefix("L")
    return [f"{area}{layer}{sub}" for area, layer, sub in zip(areas, layers, sublayer, strict=True)]


def _ids(random: np.random.Generator, n: int) -> NDArray[np.int_]:
    """Return ids that no specimen has."""
    return FIRST_ID + random.choice(50_000_000, n, replace=False)


def _measured(random: np.random.Generator, features: pd.DataFrame) -> pd.DataFrame:
    """Return from which measurements the features follow, and others."""
    n = len(features)
    threshold = features["apthr"]
    steps = 10 * np.maximum(1, np.rint(features["rheo"] / 10))  # the current rises in steps
    measured = {
        "vrest": features["rmp"],
        "tau": features["tau"],
        "threshold_v_long_square": threshold,
        "peak_v_long_square": threshold + features["apamp"],
        "fast_trough_v_long_square": threshold - features["ahpamp"],
        "trough_v_long_square": threshold - features["ahpamp"] - random.exponential(3, n),
        "rheo_first_spike_hw": features["aphw"] / 1000,
        "threshold_i_long_square": steps,
        "rheobase_sweep_number": random.integers(25, 75, n),
        "max_rate_long_square": np.maximum(1, np.rint(features["maxfreq"])),
        "max_rate_first_mean_adratio": features["adratio"],
        "ri": features["ri"],
        "input_resistance_mohm": features["ri"] * random.normal(1.1, 0.05, n),
        "sag": features["sag"],
        "f_i_curve_slope": features["f_i_curve_slope"],
        "avg_isi": features["avg_isi"],
        "latency": features["latency"],
    }
    beside = {name: random.normal(*usual, n) for name, usual in _BESIDE.items()}
    return pd.DataFrame({**measured, **beside}).astype(np.float64)


def _missing(
    random: np.random.Generator, shape: Shape
) -> list[tuple[tuple[str, ...], NDArray[np.intp]]]:
    """Return which columns are empty in which cells, so that exactly `complete` cells remain."""
    incomplete = shape.cells - shape.complete
    rows = random.choice(shape.cells, incomplete, replace=False)
    no_isi, no_width, neither = (
        round(incomplete * share / _INCOMPLETE) for share in (_NO_ISI, _NO_WIDTH, _NEITHER)
    )
    isi = rows[: no_isi + neither]
    rate = rows[no_isi : incomplete - no_width]
    return [
        (("avg_isi",), isi),
        (_OF_RATE, rate),
        (("rheo_first_spike_hw",), rows[no_isi:]),
    ]

"""The fifteen electrophysiological features, and how they follow from what was measured."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import pandas as pd

from analysis_lib.datasets.identifiers import counted, examples
from analysis_lib.errors import TableError

_COLUMN = re.compile(r"[a-z]\w*")


@dataclass(frozen=True)
class Feature:
    """One number that describes how a neuron behaves electrically.

    Parameters
    ----------
    name, unit : str
        The unit is "" for a ratio.
    meaning : str
        In plain words.
    formula : str
        From the columns of the published table of cells.
    """

    name: str
    unit: str
    meaning: str
    formula: str


_ALL = (
    Feature("rmp", "mV", "Resting membrane potential: the voltage of the cell at rest", "vrest"),
    Feature("tau", "ms", "Membrane time constant: how slowly the voltage follows a current", "tau"),
    Feature(
        "apthr",
        "mV",
        "Threshold: the voltage at which an action potential begins",
        "threshold_v_long_square",
    ),
    Feature(
        "apamp",
        "mV",
        "Amplitude of the action potential, from its threshold to its peak",
        "peak_v_long_square − threshold_v_long_square",
    ),
    Feature(
        "ahpamp",
        "mV",
        "Depth of the dip after an action potential, below its threshold",
        "threshold_v_long_square − fast_trough_v_long_square",
    ),
    Feature(
        "aphw",
        "ms",
        "Width of the action potential at half its height",
        "1000 × rheo_first_spike_hw",
    ),
    Feature(
        "rheo",
        "pA",
        "Rheobase: the weakest long current that makes the cell fire",
        "threshold_i_long_square",
    ),
    Feature(
        "cap",
        "pF",
        "Capacitance: how much charge the membrane holds, larger in larger cells",
        "1000 × tau / ri",
    ),
    Feature("maxfreq", "Hz", "Highest rate of firing", "max_rate_long_square"),
    Feature(
        "adratio",
        "",
        "Adaptation: the first interval between action potentials over the mean one, at the "
        "highest rate",
        "max_rate_first_mean_adratio",
    ),
    Feature("ri", "MΩ", "Input resistance: how far a current moves the voltage", "ri"),
    Feature(
        "sag",
        "",
        "Sag: the share of a downward voltage step that the cell takes back by itself",
        "sag",
    ),
    Feature(
        "f_i_curve_slope",
        "Hz/pA",
        "Gain: how much faster the cell fires for more current",
        "f_i_curve_slope",
    ),
    Feature("avg_isi", "ms", "Mean interval between action potentials", "avg_isi"),
    Feature(
        "latency",
        "s",
        "Time from the start of the current to the first action potential",
        "latency",
    ),
)

FEATURES: Mapping[str, Feature] = MappingProxyType({feature.name: feature for feature in _ALL})
"""The fifteen features by name, in the order of the publication."""

SOURCES = tuple(dict.fromkeys(name for one in _ALL for name in _COLUMN.findall(one.formula)))
"""The columns of the published table of cells from which the features follow."""

_COMPUTED: Mapping[str, Callable[[pd.DataFrame], pd.Series[float]]] = {
    "apamp": lambda cells: cells["peak_v_long_square"] - cells["threshold_v_long_square"],
    "ahpamp": lambda cells: cells["threshold_v_long_square"] - cells["fast_trough_v_long_square"],
    "aphw": lambda cells: 1000 * cells["rheo_first_spike_hw"],
    "cap": lambda cells: 1000 * cells["tau"] / cells["ri"],
}


def derived(cells: pd.DataFrame, *, where: str = "the table of cells") -> pd.DataFrame:
    """Return the fifteen features of cells from what was measured.

    Parameters
    ----------
    cells : DataFrame
        A row per cell, with the columns `SOURCES` as float64; NaN where a value is missing.
    where : str
        What to call the table in an error.

    Returns
    -------
    DataFrame
        Cells by the features, in their order. NaN where a source is missing or no number comes
        out; a resistance of zero or less was not measured, nor was the capacitance from it.

    Raises
    ------
    TableError
        When columns are missing.
    """
    absent = [name for name in SOURCES if name not in cells]
    if absent:
        raise TableError(
            f"{counted(len(absent), 'column', 'is')} missing that features are derived from.",
            where=where,
            expected=f"among others {examples(absent)}",
            got=f"the columns {examples([str(name) for name in cells])}",
            remedy="Take the table as it is published, or give the features themselves.",
        )
    measured = cells.assign(ri=cells["ri"].where(cells["ri"] > 0))
    with np.errstate(all="ignore"):
        values = {
            name: _COMPUTED[name](measured) if name in _COMPUTED else measured[feature.formula]
            for name, feature in FEATURES.items()
        }
    frame = pd.DataFrame(values, index=cells.index).astype(np.float64)
    return frame.where(np.isfinite(frame))

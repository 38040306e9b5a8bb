"""The simulated neurons: mouse lines, families of neurons, and the real genes that mark them.

The names of the lines and markers are real, what is said of them is plausible and round.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from analysis_lib.datasets.neurons.features import FEATURES


@dataclass(frozen=True)
class Line:
    """A mouse line: its name, what kind of neuron it marks, and how often it was studied."""

    name: str
    family: str
    layers: tuple[str, ...]
    patched: int = 0  # share among the patch-clamped cells
    sequenced: int = 0  # share among the sequenced cells
    tabled: bool = True
    sequenced_as: str = ""  # where the sequenced cells spell it otherwise

    @property
    def kind(self) -> str:
        """`exc` or `inh`."""
        return "exc" if self.family in ("upper", "deep", "sixth") else "inh"


LINES = (
    Line("Cux2-CreERT2", "upper", ("L2/3", "L4", "L5"), 76, 55),
    Line("Rorb-IRES2-Cre", "upper", ("L4", "L5", "L2/3"), 160, 55),
    Line("Nr5a1-Cre", "upper", ("L4", "L2/3"), 77, 45),
    Line("Scnn1a-Tg3-Cre", "upper", ("L4", "L5"), 63, 55),
    Line("Scnn1a-Tg2-Cre", "upper", ("L4", "L5"), 48, 40),
    Line("Rbp4-Cre_KL100", "deep", ("L5", "L4"), 76, 60),
    Line("Tlx3-Cre_PL56", "deep", ("L5",)),
    Line("Sim1-Cre_KJ18", "deep", ("L5",)),
    Line("Ntsr1-Cre_GN220", "sixth", ("L6", "L5"), 59, 50),
    Line("Ctgf-T2A-dgCre", "sixth", ("L6",), 31, 35, sequenced_as="Ctgf-2A-dgCre"),
    Line("Slc17a6-IRES-Cre", "upper", ("L2/3",), 3, tabled=False),
    Line("Pvalb-IRES-Cre", "fast", ("L5", "L4", "L2/3", "L6"), 143, 70),
    Line("Nkx2-1-CreERT2", "fast", ("L6", "L2/3", "L5"), 23, 30, sequenced_as="Nkx2.1-CreERT2"),
    Line("Gad2-IRES-Cre", "fast", ("L5", "L4"), 11, 60),
    Line("Sst-IRES-Cre", "tonic", ("L5", "L4", "L2/3", "L6"), 112, 70),
    Line("Chrna2-Cre_OE25", "tonic", ("L5",), 31, 35),
    Line("Nos1-CreERT2", "tonic", ("L5-L6",), 0, 30),
    Line("Nos1-CreERT2|Sst-IRES-FlpO", "tonic", ("L5-L6",)),
    Line("Oxtr-T2A-Cre", "tonic", ("L1-L4", "L5-L6")),
    Line("Vip-IRES-Cre", "bipolar", ("L2/3", "L4", "L5"), 20, 60),
    Line("Chat-IRES-Cre-neo", "bipolar", ("L2/3", "L4"), 20, 35, sequenced_as="Chat-IRES-Cre"),
    Line("Htr3a-Cre_NO152", "bipolar", ("L2/3", "L5", "L4", "L1"), 90, 60),
    Line("Calb2-IRES-Cre", "bipolar", ("L2/3",), 0, 40, tabled=False),
    Line("Ndnf-IRES2-dgCre", "gliaform", ("L1", "L2/3"), 15, 45),
)

DRAWN = tuple(name for name in FEATURES if name != "cap")
"""The features that are drawn; `cap` follows as tau / ri, as it does in cells."""

FAMILIES = MappingProxyType(
    {
        "upper": (-75, 20, -37.5, 74, 11, 0.80, 100, 26, 0.45, 165, 0.045, 0.19, 72, 0.045),
        "deep": (-73, 19, -38.5, 72, 9.5, 0.78, 115, 23, 0.38, 145, 0.09, 0.16, 85, 0.045),
        "sixth": (-74, 17, -37, 72, 12, 0.88, 140, 26, 0.45, 165, 0.09, 0.18, 72, 0.04),
        "fast": (-73, 7.5, -37, 54, 21, 0.42, 230, 110, 0.75, 112, 0.042, 0.75, 16, 0.014),
        "tonic": (-70, 19, -41.5, 69, 16.5, 0.54, 85, 50, 0.55, 210, 0.07, 0.35, 42, 0.026),
        "bipolar": (-71, 12, -40.5, 67, 12, 0.66, 80, 31, 0.46, 205, 0.068, 0.2, 46, 0.016),
        "gliaform": (-71.5, 9.5, -37, 62, 15.5, 0.74, 135, 46, 0.6, 145, 0.06, 0.33, 37, 0.032),
    }
)
"""What each family of neurons does: plausible round numbers, in the order of `DRAWN`."""

LINE_MARKERS: Mapping[str, tuple[int, str]] = MappingProxyType(
    {
        "Gad1": (14415, "inh"),
        "Gad2": (14417, "inh"),
        "Slc32a1": (22348, "inh"),
        "Slc17a7": (72961, "exc"),
        "Pvalb": (19293, "Pvalb Nkx2-1"),
        "Sst": (20604, "Sst Chrna2 Nos1 Oxtr"),
        "Vip": (22353, "Vip Chat Calb2"),
        "Htr3a": (15561, "Htr3a Vip Chat Ndnf Calb2"),
        "Rorb": (225998, "Rorb Nr5a1 Scnn1a-Tg3"),
        "Rbp4": (19662, "Rbp4 Tlx3"),
        "Cux2": (13048, "Cux2 Vip"),
        "Ctgf": (14219, "Ctgf"),
        "Lamp5": (76161, "Ndnf Cux2"),
        "Reln": (19699, "Ndnf Sst"),
        "Calb1": (12307, "Chrna2 Cux2"),
        "Calb2": (12308, "Calb2 Vip Chat"),
        "Nos1": (18125, "Nos1"),
    }
)
"""Genes that mark a kind, or the lines named: their ids, and where they are on.

They follow no feature by construction, though lines differ in features: nobody can say whether
they are predictable.
"""

CHANNELS: Mapping[str, tuple[int, Mapping[str, float]]] = MappingProxyType(
    {
        "Kcnc1": (16502, {"maxfreq": 1.0, "aphw": -0.8}),
        "Kcnc2": (268345, {"aphw": -1.0, "avg_isi": -0.5}),
        "Kcna1": (16485, {"latency": -0.7, "tau": -1.0}),
        "Kcna2": (16490, {"ri": -1.0, "rheo": 0.6}),
        "Kcnab1": (16497, {"adratio": 1.0, "maxfreq": 0.5}),
        "Kcnd2": (16508, {"latency": 1.0}),
        "Kcnn2": (140492, {"ahpamp": 1.0, "adratio": -0.6}),
        "Hcn1": (15165, {"sag": 1.0, "rmp": 0.6}),
        "Hcn2": (15166, {"sag": 1.0}),
        "Scn1a": (20265, {"f_i_curve_slope": 1.0}),
        "Scn1b": (20266, {"maxfreq": 1.0, "apthr": 0.5}),
        "Scn2a1": (110876, {"apamp": 1.0, "apthr": -0.6}),
        "Cacna1g": (12291, {"avg_isi": 0.8, "apthr": -0.8}),
        "Cacna2d1": (12293, {"cap": 1.0, "aphw": 0.5}),
        "Kcnk2": (16526, {"rmp": -1.0, "ri": -0.6}),
        "Atp1a3": (232975, {"maxfreq": 0.8, "cap": -0.8}),
    }
)
"""Genes of channels and pumps: their ids, and the features that they follow."""

SEQUENCED_MARKERS: Mapping[str, str] = MappingProxyType(
    {
        "Chat": "Chat",
        "Ndnf": "Ndnf",
        "Ntsr1": "Ntsr1 Ctgf",
        "Nr5a1": "Nr5a1",
        "Scnn1a": "Scnn1a-Tg3 Scnn1a-Tg2 Nr5a1",
        "Slc17a6": "Slc17a6 Ctgf",
    }
)
"""Further genes that mark lines. The published list of symbols lacks them, so that they have no id
here, and only the sequenced cells have them."""

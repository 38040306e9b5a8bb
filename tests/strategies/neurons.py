"""Files of neurons: cell types, symbols, cells to predict, counts; right ones, then damaged."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from hypothesis import strategies as st

from analysis_lib.datasets.neurons.features import FEATURES, SOURCES
from tests.neuron_files import LINES, SPINES, TYPES, gene_ids
from tests.strategies import cells
from tests.strategies.sheets import Damage, Draw, Rows, Sheet, all_damaged

TYPES_FILE, SYMBOLS_FILE = "online_table3.csv", "entrenz_symbol_s.csv"
CELLS_FILE = "aibs_aggregated_ephys_v6.csv"
COUNTS_FILE, CLUSTERING_FILE = "counts.csv", "clustering.csv"
PUBLISHED = ("sample_title", "cre_driver_1", "tdTomato", "pass_qc_checks", "broad_type")


def _numbers(values: np.ndarray) -> list[str]:
    return [repr(value) for value in values.tolist()]


@st.composite
def cell_types(draw: Draw, damage: Damage = all_damaged) -> list[Sheet]:
    """The published tables of cell types and of symbols, of fewer of both."""
    random = np.random.default_rng(draw(st.integers(0, 99)))
    ids = gene_ids(draw(st.integers(1, 6)))
    rows = [["", *TYPES]]
    for name in (*FEATURES, "isi_cv", "tau_log10"):
        scale = 0.1 if name == "cap" else 10.0
        rows.append([name, *_numbers(scale * random.uniform(0.5, 1.5, len(TYPES)))])
    rows += [[name, *_numbers(random.gamma(1, 3, len(TYPES)))] for name in ids]
    symbols = [[name, f"Gene{name}"] for name in ids[: draw(st.integers(1, 6))]]
    return draw(damage([Sheet(TYPES_FILE, rows), Sheet(SYMBOLS_FILE, [*symbols, ["1", "Else"]])]))


@st.composite
def pairs(draw: Draw, damage: Damage = all_damaged) -> list[Sheet]:
    """One's own features and expression of the same samples, each either way round."""
    random = np.random.default_rng(draw(st.integers(0, 99)))
    samples = [f"S{i}" for i in range(draw(st.sampled_from([12, 12, 9, 3])))]
    sheets = []
    for name, columns in (("features.csv", ["rmp", "tau", "my ratio"]), ("expression.csv", "ABCD")):
        rows = [["id", *columns]]
        rows += [[one, *_numbers(random.normal(5, 2, len(columns)))] for one in samples]
        turned = draw(st.booleans())
        rows = [list(column) for column in zip(*rows, strict=True)] if turned else rows
        sheets.append(Sheet(name, rows))
    return draw(damage(sheets))


@st.composite
def patched(draw: Draw, damage: Damage = all_damaged) -> list[Sheet]:
    """The published table of cells."""
    random = np.random.default_rng(draw(st.integers(0, 99)))
    rows = [["", "spines", "specimen_id", *SOURCES, "mouse_line"]]
    for place in range(draw(st.integers(0, 6))):
        measured = _numbers(random.uniform(0.5, 200, len(SOURCES)))
        about = [str(place), SPINES[place % 3], str(5_000 + place)]
        rows.append([*about, *measured, LINES[place % len(LINES)]])
    return draw(damage([Sheet(CELLS_FILE, rows)]))


@st.composite
def own_cells(draw: Draw, features: Sequence[str]) -> list[Sheet]:
    """One's own table of cells to predict, either way round."""
    random = np.random.default_rng(draw(st.integers(0, 99)))
    rows = [["cell", *features, "line"]]
    for place in range(draw(st.integers(1, 5))):
        rows.append([f"c{place}", *_numbers(random.uniform(0, 9, len(features))), draw(line_names)])
    if draw(st.booleans()):
        rows = [list(column) for column in zip(*rows, strict=True)]
    return draw(all_damaged([Sheet("cells.csv", rows)]))


line_names = st.sampled_from(LINES) | cells.names


@st.composite
def sequenced(draw: Draw, published: bool = True) -> list[Sheet]:
    """Counts, and a row for each of their cells: as published, or one's own, either way round."""
    random = np.random.default_rng(draw(st.integers(0, 99)))
    names = [f"A-{i}" for i in range(draw(st.integers(1, 8)))]
    genes = [f"G{i}" for i in range(draw(st.integers(1, 5)))]
    counts = random.negative_binomial(1, 0.05, (len(genes), len(names)))
    rows = [["gene", *names]]
    rows += [[gene, *map(str, row)] for gene, row in zip(genes, counts.tolist(), strict=True)]
    if not published and draw(st.booleans()):
        rows = [list(column) for column in zip(*rows, strict=True)]
    told: Rows = [[*PUBLISHED, "primary_type"] if published else ["cell", "line"]]
    for place, name in enumerate(names):
        line = LINES[place % 2]
        more = ["positive", "Y", "GABA-ergic Neuron", "Pvalb x"] if published else []
        told.append([name, line, *more])
    return draw(all_damaged([Sheet(COUNTS_FILE, rows), Sheet(CLUSTERING_FILE, told)]))

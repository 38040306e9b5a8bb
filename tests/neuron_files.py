"""Small files of neurons, laid out as they are published; and what changes them."""

from __future__ import annotations

import csv
import operator
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np

from analysis_lib.datasets.neurons.features import FEATURES, SOURCES

Rows = list[list[str]]
Change = Callable[[Rows], Rows]

TYPES = (
    "Gad2-IRES-Cre__L5__inh",
    "Nos1-CreERT2|Sst-IRES-FlpO__L5-L6__inh",
    "Rbp4-Cre_KL100__L4__exc",
    "Chat-IRES-Cre-neo__L2/3__inh",
    "Pvalb-IRES-Cre__L4__inh",
    "Ntsr1-Cre_GN220__L6__exc",
    "Nkx2-1-CreERT2__L1-L4__inh",
    "Scnn1a-Tg3-Cre__L2/3-L4__exc",
    "Slc32a1-T2A-FlpO|Vipr2-IRES2-Cre__L1-L4__inh",
    "Ctgf-T2A-dgCre__L6__exc",
)
"""Cell types, as the publication spells them."""

LOGARITHMS = ("ri", "tau", "cap", "rheo", "maxfreq", "ahpamp", "adratio", "f_i_curve_slope")
SURPLUS = ("isi_cv", *(f"{name}_log10" for name in LOGARITHMS), "E_PC1", "E_PC2")
"""Rows that the published table has between its features and its genes."""

LINES = ("Rorb-IRES2-Cre", "Pvalb-IRES-Cre", "Scnn1a-Tg3-Cre", "Nkx2-1-CreERT2")
SPINES = ("spiny", "aspiny", "sparsely spiny")

_OPERATIONS = {"−": operator.sub, "×": operator.mul, "/": operator.truediv}


def online_table(
    folder: Path,
    *,
    types: Sequence[str] = TYPES,
    genes: int = 12,
    seed: int = 0,
    change: Change | None = None,
) -> Path:
    """Write the table of cell types: every third gene is constant, the ids are not in order."""
    draws = np.random.default_rng(seed)
    rows = [["", *types]]
    for name in (*FEATURES, *SURPLUS):
        scale = 0.1 if name == "cap" else 10.0
        rows.append([name, *_texts(scale * draws.uniform(0.5, 1.5, len(types)))])
    for place, name in enumerate(gene_ids(genes)):
        values = np.full(len(types), 1.5) if place % 3 == 2 else draws.gamma(1, 3, len(types))
        rows.append([name, *_texts(values)])
    return save(folder / "online_table3.csv", change(rows) if change else rows)


def gene_ids(genes: int = 12) -> list[str]:
    """Return the ids of the genes of `online_table`."""
    return [str(50_000 + (37 * place) % 1_009) for place in range(genes)]


def symbols_file(folder: Path, symbols: dict[str, str] | None = None) -> Path:
    """Write symbols by id, without a header; without any given, of the genes of `online_table`."""
    symbols = {name: f"Gene{name}" for name in gene_ids()} if symbols is None else symbols
    return save(folder / "entrenz_symbol_s.csv", [list(pair) for pair in symbols.items()])


def cells_table(
    folder: Path,
    *,
    cells: int = 12,
    seed: int = 0,
    gaps: Iterable[tuple[int, str]] = (),
    change: Change | None = None,
) -> Path:
    """Write the table of cells; `gaps` are cells, from 0, and the columns they lack."""
    draws = np.random.default_rng(seed)
    header = ["", "transgene", "spines", "specimen_id", *SOURCES, "mouse_line", "has_burst"]
    rows = [header]
    for place in range(cells):
        line = LINES[place % len(LINES)]
        measured = _texts(draws.uniform(0.5, 200, len(SOURCES)))
        about = [str(900 - place), line.split("-")[0], SPINES[place % 3], str(5_000_000 + place)]
        rows.append([*about, *measured, line, "False"])
    for place, name in gaps:
        rows[place + 1][header.index(name)] = ""
    return save(folder / "aibs_aggregated_ephys_v6.csv", change(rows) if change else rows)


def by_formula(formula: str, cell: dict[str, str]) -> float | None:
    """Return what a feature's formula says of a cell, in plain Python; None without a source."""
    if any(name in cell and cell[name] in ("", "NA") for name in formula.split()):
        return None
    first, *rest = formula.split()
    result = _number(first, cell)
    for operation, name in zip(rest[::2], rest[1::2], strict=True):
        result = _OPERATIONS[operation](result, _number(name, cell))
    return result


def save(path: Path, rows: Rows) -> Path:
    """Write rows as CSV."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(rows)
    return path


def read(path: Path) -> Rows:
    """Read rows of CSV."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


def turned(rows: Rows) -> Rows:
    """Return a table the other way round."""
    return [list(column) for column in zip(*rows, strict=True)]


def without(*names: str) -> Change:
    """Return what leaves out the rows that begin with these names."""
    return lambda rows: [row for row in rows if row[0] not in names]


def without_columns(*names: str) -> Change:
    """Return what leaves out the columns called so."""
    return lambda rows: turned(without(*names)(turned(rows)))


def called(old: str, new: str) -> Change:
    """Return what calls a row or a column otherwise."""
    return lambda rows: [
        [new if old == cell and 0 in (down, across) else cell for across, cell in enumerate(row)]
        for down, row in enumerate(rows)
    ]


def put(row: str, column: str, value: str) -> Change:
    """Return what puts a value where a row and a column meet."""

    def change(rows: Rows) -> Rows:
        at = rows[0].index(column)
        return [
            [*cells[:at], value, *cells[at + 1 :]] if cells[0] == row else cells for cells in rows
        ]

    return change


def _texts(values: np.ndarray) -> list[str]:
    return [repr(value) for value in values.tolist()]


def _number(name: str, cell: dict[str, str]) -> float:
    return float(cell.get(name, name))

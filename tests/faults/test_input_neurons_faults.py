"""Files that people give: neurons, their symbols, their counts as tables and as AnnData."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from analysis_lib import studies
from analysis_lib.datasets import counts
from analysis_lib.datasets.counts import h5ad
from analysis_lib.datasets.neurons import cell_types
from analysis_lib.datasets.neurons import cells as ephys_cells
from analysis_lib.datasets.neurons.features import FEATURES
from analysis_lib.errors import TableError
from analysis_lib.files import PROJECT
from analysis_lib.studies.ephys_lasso import learning, neurons
from analysis_lib.studies.geo_validation import profiles
from tests import neuron_files, study_runs
from tests.faults.guards import Guard
from tests.neuron_files import TYPES, cells_table, online_table, put, symbols_file
from tests.strategies import annotated as annotated_files
from tests.strategies import neurons as makes
from tests.strategies import told
from tests.strategies.held import MODELLED, READ, hold, right_or_refused, same
from tests.strategies.sheets import Sheet, edged

SECRET = 1234.5
FEW = ["rmp", "tau", "my ratio"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("neurons")
    with threadpool_limits(1):  # as in a run
        yield place


def published_types(sheets: list[Sheet], folder: Path) -> None:
    """Every row is a feature, a gene or named as left out; every gene is modelled or counted."""
    table, symbols = (sheet.write(folder) for sheet in sheets)
    read = right_or_refused(lambda: cell_types.load(table, symbols), [table, symbols])
    if read is None:
        return
    rows = told.rows(table, sheets[0].delimiter)
    assert read.features.index.tolist() == rows[0][1:]
    of = {row[0]: row[1:] for row in rows[1:]}
    for name in FEATURES:
        scale = 1000 if name == "cap" else 1
        np.testing.assert_array_equal(read.features[name], scale * np.array(told.numbers(of[name])))
    for gene in read.expression:
        assert same(read.expression[gene], of[gene])
    surplus = told.left_out(read.notes, "row")
    assert len(FEATURES) + read.expression.shape[1] + surplus == len(rows) - 1 == len(of)
    _all_genes_told(read, [table, symbols])


def own_pairs(sheets: list[Sheet], folder: Path) -> None:
    """Every number stands where its table has it, whichever way round."""
    paths = [sheet.write(folder) for sheet in sheets]
    read = right_or_refused(lambda: cell_types.own(*paths), paths)
    if read is not None:
        for path, sheet, found in zip(paths, sheets, (read.features, read.expression), strict=True):
            rows = told.rows(path, sheet.delimiter)
            if [cell.strip() for cell in rows[0][1:]] != found.columns.tolist():
                rows = [list(column) for column in zip(*rows, strict=True)]
            assert len(rows) - 1 == len(found)
            assert len(rows[0]) - 1 == found.shape[1]
            of = {row[0].strip(): row[1:] for row in rows[1:]}
            for sample, row in zip(found.index, found.to_numpy(), strict=True):
                assert same(row, of[sample])
        _all_genes_told(read, paths)
    params = neurons.Params(features=str(paths[0]), expression=str(paths[1]))
    right_or_refused(lambda: studies.load("ephys_lasso").check(params), paths)


def _all_genes_told(read: cell_types.CellTypes, paths: list[Path]) -> None:
    known = len(read.notes)
    total = read.expression.shape[1]
    chosen = right_or_refused(lambda: cell_types.modelled(read), [*paths, Path("table")])
    if chosen is not None:
        data, funnel = chosen
        assert funnel["genes"].iloc[0] == total
        assert data.expression.shape[1] + told.left_out(data.notes[known:], "gene") == total


def published_cells(sheets: list[Sheet], folder: Path) -> None:
    """Every cell of the table is there with all features, or counted as left out."""
    (path,) = (sheet.write(folder) for sheet in sheets)
    read = right_or_refused(lambda: ephys_cells.load(path), [path])
    if read is not None:
        rows = told.rows(path, sheets[0].delimiter)
        _all_cells_told(read, len(rows) - 1)
        names = told.column(rows, "specimen_id")
        measured = dict(zip(names, told.numbers(told.column(rows, "vrest")), strict=True))
        for cell, value in read.features["rmp"].items():
            assert measured[cell] == value


def own_cells(sheets: list[Sheet], folder: Path) -> None:
    """Every cell is there with all features, or counted as left out; or all, filled in."""
    (path,) = (sheet.write(folder) for sheet in sheets)
    read = right_or_refused(lambda: ephys_cells.own(path, FEW), [path])
    if read is not None:
        rows = told.rows(path, sheets[0].delimiter)
        down = set(FEW) <= {row[0] for row in rows}
        across = set(FEW) <= set(rows[0])
        assert down != across
        rows = [list(column) for column in zip(*rows, strict=True)] if down else rows
        _all_cells_told(read, len(rows) - 1)
        kept = [row for row in rows[1:] if _complete(rows[0], row)]
        for feature in FEW:
            at = rows[0].index(feature)
            assert same(read.features[feature], [row[at] for row in kept])
    filled = right_or_refused(lambda: ephys_cells.own(path, FEW, "impute"), [path])
    if filled is not None:
        assert len(filled.features) == filled.total
        assert filled.features.notna().all(axis=None)


def _complete(header: list[str], row: list[str]) -> bool:
    return not np.isnan(told.numbers([row[header.index(name)] for name in FEW])).any()


def _all_cells_told(read: ephys_cells.Cells, total: int) -> None:
    assert read.total == total
    gone = [note for note in read.notes if "left out" in note]
    lost = int(gone[0].split(" of ")[0].replace(",", "")) if gone else 0
    assert len(read.features) + lost == total
    assert np.isfinite(read.features.to_numpy()).all()


def tasic(sheets: list[Sheet], folder: Path) -> None:
    """Every count of every cell is there, or the cell is named as left out."""
    paths = [sheet.write(folder) for sheet in sheets]
    for unmatched in ("error", "drop"):
        read = right_or_refused(lambda: counts.load(*paths, unmatched), paths)  # noqa: B023
        if read is not None:
            _all_counts_told(read, told.rows(paths[0], sheets[0].delimiter))


def own_counts(sheets: list[Sheet], folder: Path) -> None:
    """The same of a table either way round."""
    paths = [sheet.write(folder) for sheet in sheets]
    read = right_or_refused(lambda: counts.own(*paths, "drop"), paths)
    if read is not None:
        rows = told.rows(paths[0], sheets[0].delimiter)
        if "cells in the rows" in read.notes[0]:
            rows = [list(column) for column in zip(*rows, strict=True)]
        _all_counts_told(read, rows)


def _all_counts_told(read: counts.Counts, rows: list[list[str]]) -> None:
    """Compare with a table whose cells are in columns."""
    assert read.genes.tolist() == list(dict.fromkeys(row[0].strip() for row in rows[1:]))
    of = {name.strip().replace("-", "."): at for at, name in enumerate(rows[0]) if at}
    sums = read.values.sum(axis=1)
    for cell, total in zip(read.cells, sums, strict=True):
        at = of[cell.replace("-", ".")]
        assert total == pytest.approx(sum(told.numbers([row[at] for row in rows[1:]])))
    alone = [note for note in read.notes if "in the table of cells alone" not in note]
    assert len(read.cells) + told.left_out(alone, "cell") == len(rows[0]) - 1


def annotated(file: annotated_files.Annotated, folder: Path) -> None:
    """A right AnnData file gives its counts; no other gives what another file holds."""
    path = file.write(folder)
    with h5py.File(folder / "secret.h5", "w") as other:
        other["secret"] = np.full(4, SECRET)
    (folder / "secret.bin").write_bytes(np.full(4, SECRET).tobytes())
    read = right_or_refused(lambda: counts.own(path), [path])
    if read is None:
        return
    assert SECRET not in read.values.data
    assert len(read.cells) + told.left_out(read.notes, "cell") >= 1
    if not file.did:
        assert len(read.cells) + told.left_out(read.notes, "cell") == len(file.cells)
        assert read.values.sum() == pytest.approx(file.values.sum())


def ephys_steps(sheets: list[Sheet], folder: Path) -> None:
    """Whatever `make check` lets pass can be modelled, and every number comes out as one."""
    paths = [sheet.write(folder) for sheet in sheets]
    params = neurons.Params(
        features=str(paths[0]), expression=str(paths[1]), cv_folds=2, cv_repeats=1, permutations=20
    )
    if right_or_refused(lambda: studies.load("ephys_lasso").check(params), paths) is None:
        return
    read = neurons.load(params)
    compared, found = learning.compare(read), learning.discover(read)
    models = learning.learn(read, compared, found)
    assert np.isfinite(models.predict(read.types.features)).all(axis=None)


DATASETS = {
    "celltypes and entrez": (makes.cell_types(), published_types),
    "own pairs": (makes.pairs(), own_pairs),
    "cells": (makes.patched(), published_cells),
    "own cells": (makes.own_cells(FEW), own_cells),
    "tasic": (makes.sequenced(), tasic),
    "own counts": (makes.sequenced(published=False), own_counts),
    "h5ad": (annotated_files.annotated(), annotated),
}
STEPS = {"own pairs": (makes.pairs(edged), ephys_steps)}


@pytest.fixture(autouse=True)
def in_this_process(monkeypatch):
    """Read .h5ad without a process apart, which takes a second; `test_counts_h5ad` reads so."""
    monkeypatch.setattr(counts, "read_apart", h5ad.read_h5ad)


@pytest.mark.fault(
    "tables of neurons, their symbols and their counts, damaged",
    by="hypothesis: names, numbers, shapes, bytes, HDF5 links, sizes and codes",
    survives="every value and count as in the file, or file and place of the fault",
)
@pytest.mark.parametrize("examples", READ)
@pytest.mark.parametrize("dataset", DATASETS)
def test_right_or_refused(folder, dataset, examples):
    """Before: the faults below, each of which is an example of this test that failed."""
    hold(*DATASETS[dataset], folder, examples)


@pytest.mark.fault(
    "numbers at the edges in tables of neurons that are otherwise right",
    by="hypothesis: 0, denormal, 1e308, negative zero, missing, constant rows",
    survives="what passes the check can be modelled, and predicts numbers",
)
@pytest.mark.parametrize("examples", MODELLED)
@pytest.mark.parametrize("dataset", STEPS)
def test_what_passes_the_check_can_be_modelled(folder, dataset, examples):
    """Before: 1e308 passed the check, and the run said neither which file nor which cell."""
    hold(*STEPS[dataset], folder, examples)


# What they found, and what was found beside them


@pytest.mark.fault(
    "a name on which a search takes hours",
    by="a Cre line of 200,000 letters, almost all of them `-IRES`",
    survives="its key in a moment",
)
def test_no_name_of_a_line_takes_long():
    """Before: the time grew with the square of the name; 40 kB took 13 s."""
    code = (
        "from analysis_lib.datasets.neurons.lines import line_key\n"
        "name = 'Sst' + '-IRES' * 40_000\n"
        "assert line_key(name + 'x-Cre') == name + 'x'\n"
        "assert line_key(name + '-Cre') == 'Sst'\n"
    )
    subprocess.run([sys.executable, "-c", code], cwd=PROJECT, check=True, timeout=60)


@pytest.fixture
def right(tmp_path) -> Path:
    """Write an AnnData file without a fault."""
    ones = np.ones((2, 2))
    return annotated_files.Annotated(ones, ["a", "b"], ["X", "Y"], ["Sst", "Sst"], "csr", ()).write(
        tmp_path
    )


@pytest.mark.fault(
    "a column of obs whose name is no UTF-8",
    by="an .h5ad file written with Latin-1 names",
    survives="it is named among those that are not read",
)
def test_columns_without_a_readable_name_are_named(right):
    """Before: the column was not there, and nobody was told."""
    with h5py.File(right, "r+") as file:
        file["obs"].create_dataset(annotated_files.NO_UTF_8, data=np.zeros(2))
    (note,) = counts.own(right).notes
    assert note.startswith("1 column is in obs of a kind that is not read ('caf")


@pytest.mark.fault(
    "an AnnData file whose counts are in another file",
    by="an external link, an array with external values, a soft link",
    survives="refused; the other file is not read",
)
@pytest.mark.parametrize("how", ["external", "values", "soft"])
def test_links_lead_nowhere(right, how):
    """Before: h5py follows links, and the numbers of any file of this machine were counts."""
    with h5py.File(right.with_name("secret.h5"), "w") as other:
        other["secret"] = np.full((2, 2), SECRET)
    right.with_name("secret.bin").write_bytes(np.full(4, SECRET).tobytes())
    with h5py.File(right, "r+") as file:
        del file["X"]
        if how == "external":
            file["X"] = h5py.ExternalLink(str(right.with_name("secret.h5")), "secret")
        elif how == "soft":
            file["elsewhere"] = np.full((2, 2), SECRET)
            file["X"] = h5py.SoftLink("/elsewhere")
        else:
            place = [(str(right.with_name("secret.bin")), 0, 32)]
            file.create_dataset("X", shape=(2, 2), dtype="f8", external=place)
    with pytest.raises(TableError, match=r"is a link|in another file") as caught:
        counts.own(right)
    assert caught.value.where == f"{right}, X"


def with_too_large(folder: Path, where: str) -> tuple[Callable[[], object], str]:
    """Write tables with one number too large; return what reads them, and its place."""
    if where == "cell types":
        table = online_table(folder, change=put("rmp", TYPES[0], "1e200"))
        symbols = symbols_file(folder)
        return lambda: cell_types.load(table, symbols), f"line 2, column {TYPES[0]!r}"
    if where == "cells":
        path = cells_table(folder)
        rows = neuron_files.read(path)
        rows[2][rows[0].index("vrest")] = "1e200"
        neuron_files.save(path, rows)
        return lambda: ephys_cells.load(path), "cell '5000001', 'rmp'"
    rows = [["id", "x", "y"], *([f"s{i}", str(i), str(i * i % 7)] for i in range(9))]
    expression = neuron_files.save(folder / "expression.csv", rows)
    rows[-1][2] = "1e200"
    features = neuron_files.save(folder / "features.csv", rows)
    return lambda: cell_types.own(features, expression), "row 's8', column 'y'"


@pytest.mark.fault(
    "a feature so large that its square has no number",
    by="1e200 in the cell types, in one's own features, in a cell to predict",
    survives="refused before a run, with its place",
)
@pytest.mark.parametrize("where", ["cell types", "own", "cells"])
def test_numbers_too_large_to_work_with(tmp_path, where):
    """Before: it passed the check, and the run named neither file nor cell."""
    load, place = with_too_large(tmp_path, where)
    with pytest.raises(TableError, match="too large to be worked with") as caught:
        load()
    assert caught.value.where.endswith(place)


@pytest.mark.long
@pytest.mark.fault(
    "cells whose line nobody knows, among predicted and sequenced ones",
    by="lines left empty in a validation that is otherwise right",
    survives="they are counted beside the profiles, in which they cannot stand",
)
def test_cells_of_no_known_line_are_counted():
    """Before: they were in no profile, and in no count of what was left out."""
    validation, pair, _ = study_runs.geo()
    assert not any("no known line" in note for note in pair.notes)
    about, sequenced = validation.about.copy(), validation.counts.about.copy()
    about.loc[about.index[:2], "line"] = ""
    sequenced.loc[sequenced.index[np.flatnonzero(validation.passed)[:1]], "line"] = ""
    lost = replace(validation, about=about, counts=replace(validation.counts, about=sequenced))
    notes = profiles.profiles(lost).notes
    assert notes[-1] == (
        "2 predicted cells are and 1 measured cell is of no known line, and in no profile."
    )


GUARDS = [
    Guard(
        "analysis_lib/datasets/counts/hdf5.py",
        "if links.get_info(name.encode()).type != h5py.h5l.TYPE_HARD:",
        "if False:",
        "test_links_lead_nowhere[external]",
    ),
    Guard(
        "analysis_lib/datasets/counts/h5ad.py",
        "columns, left_out = {}, frame.unreadable_names()",
        "columns, left_out = {}, []",
        "test_columns_without_a_readable_name_are_named",
    ),
]

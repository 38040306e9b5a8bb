"""Single cells: the published table, your own either way round, and cells that lack a feature."""

import collections
import csv
import gzip

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analysis_lib.datasets.neurons import cells as ephys_cells
from analysis_lib.datasets.neurons.features import FEATURES, SOURCES
from analysis_lib.datasets.neurons.lines import line_key
from analysis_lib.errors import TableError
from tests.neuron_files import (
    by_formula,
    called,
    cells_table,
    read,
    save,
    turned,
    without_columns,
)
from tests.real_data import ephys_folder

FIRST = "5000000"
GAPS = [(1, "rheo_first_spike_hw"), (1, "max_rate_long_square"), (4, "max_rate_long_square")]


def column(name, values):
    """Return what puts values into a column, from the first cell on."""

    def change(rows):
        at = rows[0].index(name)
        for row, value in zip(rows[1:], values, strict=False):
            row[at] = value
        return rows

    return change


# The published table


def test_every_feature_is_what_its_formula_says_of_that_cell(tmp_path):
    path = cells_table(tmp_path)
    found = ephys_cells.load(path)
    header, *rows = read(path)
    assert found.features.index.tolist() == [row[3] for row in rows]
    assert list(found.features) == list(FEATURES)
    for row in rows:
        cell = dict(zip(header, row, strict=True))
        for name, feature in FEATURES.items():
            expected = pytest.approx(by_formula(feature.formula, cell))
            assert found.features.loc[cell["specimen_id"], name] == expected


def test_what_else_is_told_of_a_cell_stays_text(tmp_path):
    about = ephys_cells.load(cells_table(tmp_path)).about
    assert list(about) == ["transgene", "spines", "mouse_line", "has_burst", "line"]
    assert about.loc[FIRST].to_dict() == {
        "transgene": "Rorb",
        "spines": "spiny",
        "mouse_line": "Rorb-IRES2-Cre",
        "has_burst": "False",
        "line": "Rorb",
    }
    assert about["line"].tolist()[:4] == ["Rorb", "Pvalb", "Scnn1a-Tg3", "Nkx2-1"]
    assert about["spines"].tolist()[:3] == ["spiny", "aspiny", "sparsely spiny"]


def test_where_line_and_spines_are_not_known_they_are_empty(tmp_path):
    change = column("mouse_line", ["NA", "", "Sst-IRES-Cre"])
    about = ephys_cells.load(cells_table(tmp_path, change=change)).about
    assert about["line"].tolist()[:4] == ["", "", "Sst", "Nkx2-1"]
    assert about["mouse_line"].tolist()[:2] == ["NA", ""]
    unknown = ephys_cells.load(cells_table(tmp_path, change=column("spines", ["NA"]))).about
    assert unknown["spines"].tolist()[:2] == ["", "aspiny"]
    without = ephys_cells.load(cells_table(tmp_path, change=without_columns("spines"))).about
    assert without["spines"].tolist() == [""] * 12


def test_incomplete_cells_are_left_out_counted_and_said(tmp_path):
    whole = ephys_cells.load(cells_table(tmp_path))
    found = ephys_cells.load(cells_table(tmp_path, gaps=GAPS))
    kept = [place for place in range(12) if place not in (1, 4)]
    pd.testing.assert_frame_equal(found.features, whole.features.iloc[kept])
    pd.testing.assert_frame_equal(found.about, whole.about.iloc[kept])
    assert found.total == whole.total == 12
    told = found.missing.set_index("feature")["missing"]
    assert told.index.tolist() == list(FEATURES)
    assert told[told > 0].to_dict() == {"aphw": 1, "maxfreq": 2}
    assert "2 of 12 cells are left out" in found.notes[-1]
    assert "(maxfreq in 2, aphw in 1;" in found.notes[-1]
    assert not whole.missing["missing"].any()
    assert "left out" not in " ".join(whole.notes)


def test_or_filled_with_the_median_of_the_others(tmp_path):
    whole = ephys_cells.load(cells_table(tmp_path))
    found = ephys_cells.load(cells_table(tmp_path, gaps=GAPS), "impute")
    others = whole.features["maxfreq"].drop(whole.features.index[[1, 4]])
    assert found.features["maxfreq"].iloc[[1, 4]].tolist() == [others.median()] * 2
    untouched = found.features.drop(columns=["maxfreq", "aphw"])
    pd.testing.assert_frame_equal(untouched, whole.features[untouched.columns])
    pd.testing.assert_frame_equal(found.about, whole.about)
    assert "3 values are missing and filled with the median" in found.notes[-1]
    assert found.missing["missing"].sum() == 3


def test_a_resistance_of_zero_or_less_is_missing_and_said(tmp_path):
    found = ephys_cells.load(cells_table(tmp_path, change=column("ri", ["0", "-5.0"])))
    assert len(found.features) == 10
    assert found.missing.set_index("feature")["missing"][["ri", "cap"]].tolist() == [2, 2]
    assert any("2 cells have an input resistance of zero or less" in note for note in found.notes)
    filled = ephys_cells.load(cells_table(tmp_path, change=column("ri", ["0", "-5.0"])), "impute")
    assert np.isfinite(filled.features).all(axis=None)
    assert (filled.features["ri"] > 0).all()


def test_compressed_and_from_r_it_is_the_same(tmp_path):
    path = cells_table(tmp_path, gaps=GAPS)
    rows = read(path)
    as_r = ",".join(f'"{name}"' for name in rows[0][1:]) + "\r\n"
    as_r += "".join(
        ",".join([f'"{row[0]}"', *(cell or "NA" for cell in row[1:])]) + "\r\n" for row in rows[1:]
    )
    packed = tmp_path / "cells.csv.gz"
    packed.write_bytes(gzip.compress(as_r.encode()))
    pd.testing.assert_frame_equal(
        ephys_cells.load(packed).features, ephys_cells.load(path).features
    )


FAULTS = {
    "no id": (without_columns("specimen_id"), ["1 column is missing", "'specimen_id'"]),
    "no line": (without_columns("mouse_line"), ["'mouse_line'", "as published"]),
    "no source": (without_columns("vrest", "sag"), ["2 columns are missing", "'vrest', 'sag'"]),
    "twice": (column("specimen_id", ["7", "7"]), ["more than once", "'7'", "lines 2, 3"]),
    "blank": (column("specimen_id", ["7", "7 "]), ["1 cell stands more than once", "'7'"]),
    "nameless": (column("specimen_id", [" "]), ["1 cell has no name"]),
    "no number": (column("tau", ["1", "fast"]), ["line 3", "tau", "'fast'"]),
    "decimal comma": (column("tau", ["1,5"]), ["line 2", "decimal comma"]),
    "infinite": (column("tau", ["inf"]), ["line 2", "infinite"]),
    "none whole": (
        lambda rows: column("sag", [""] * 6)(column("tau", [*["1"] * 6, *["NA"] * 6])(rows)),
        ["Every cell lacks a feature", "'tau' in 6", "impute"],
    ),
    "unknown": (column("sag", [""] * 12), ["1 feature is missing in every cell", "'sag'"]),
}


@pytest.mark.parametrize(("change", "parts"), FAULTS.values(), ids=FAULTS)
def test_what_is_wrong_in_the_table_is_said(tmp_path, change, parts):
    path = cells_table(tmp_path, change=change)
    with pytest.raises(TableError) as caught:
        ephys_cells.load(path)
    for part in (str(path), *parts):
        assert part in str(caught.value)
    assert caught.value.remedy


def test_nothing_can_be_filled_in_where_no_cell_has_a_value(tmp_path):
    path = cells_table(tmp_path, change=column("sag", [""] * 12))
    with pytest.raises(TableError, match="1 feature is missing in every cell"):
        ephys_cells.load(path, "impute")


# Your own table

OWN = [
    ["cell", "RMP", "line", "width", "note"],
    ["a", "-70.5", "Sst-IRES-Cre", "0.5", "x"],
    ["b", "-65", "Vip.Cre", "", "NA"],
    ["c", "1e1", "", "0.7", ""],
]


@pytest.mark.parametrize("way", [list, turned], ids=["in rows", "in columns"])
def test_your_own_cells_either_way_round(tmp_path, way):
    path = save(tmp_path / "mine.csv", way(OWN))
    found = ephys_cells.own(path, ["width", "RMP"])
    assert found.features.to_dict("list") == {"width": [0.5, 0.7], "RMP": [-70.5, 10.0]}
    assert found.features.index.tolist() == ["a", "c"]
    assert list(found.about) == ["line", "note", "spines"]
    assert found.about["line"].tolist() == ["Sst", ""]
    assert found.about["note"].tolist() == ["x", ""]
    assert found.missing["missing"].tolist() == [1, 0]
    assert found.total == 3
    assert ephys_cells.own(path, ["RMP"]).features.index.tolist() == ["a", "b", "c"]


_NAMES = st.lists(st.text("abcdefgh_", min_size=1, max_size=4), min_size=2, max_size=6, unique=True)
_VALUES = st.none() | st.floats(-1e6, 1e6).map(repr)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.data())
def test_a_table_and_its_transpose_read_the_same(tmp_path, data):
    cells = data.draw(_NAMES.map(lambda names: [f"cell {name}" for name in names]))
    features = data.draw(_NAMES.map(lambda names: [f"f {name}" for name in names]))
    words = data.draw(st.lists(st.text("NA1. x", max_size=3), min_size=6, max_size=6))
    rows = [["id", "group", *features]]
    for name, word in zip(cells, words, strict=False):
        values = data.draw(st.lists(_VALUES, min_size=len(features), max_size=len(features)))
        rows.append([name, word, *("NA" if value is None else value for value in values)])
    here = save(tmp_path / "here.csv", rows)
    there = save(tmp_path / "there.csv", turned(rows))
    wanted = data.draw(st.permutations(features))
    known = [any(row[place] != "NA" for row in rows[1:]) for place in range(2, len(rows[0]))]
    if not all(known):
        for path in (here, there):
            with pytest.raises(TableError, match="missing in every cell"):
                ephys_cells.own(path, wanted, "impute")
        return
    one, other = (ephys_cells.own(path, wanted, "impute") for path in (here, there))
    pd.testing.assert_frame_equal(one.features, other.features)
    pd.testing.assert_frame_equal(one.about, other.about)
    pd.testing.assert_frame_equal(one.missing, other.missing)
    assert (one.total, one.notes) == (other.total, other.notes)
    assert list(one.features) == list(wanted)
    for name, word, *values in rows[1:]:
        assert one.about.loc[name, "group"] == word
        for feature, value in zip(features, values, strict=True):
            if value != "NA":
                assert one.features.loc[name, feature] == float(value)


@pytest.mark.parametrize("way", [list, turned], ids=["in rows", "in columns"])
@pytest.mark.parametrize("name", ["cell", "specimen_id", "name"])
def test_a_column_that_names_the_cells_may_stand_anywhere(tmp_path, name, way):
    rows = [["", "f", name], ["1", "0.5", "A"], ["2", "0.7", "B"]]
    found = ephys_cells.own(save(tmp_path / "mine.csv", way(rows)), ["f"])
    assert found.features.index.tolist() == ["A", "B"]


def test_a_table_laid_out_as_published_has_its_features_derived(tmp_path):
    path = cells_table(tmp_path, gaps=GAPS)
    whole = ephys_cells.load(path)
    pd.testing.assert_frame_equal(ephys_cells.own(path, list(FEATURES)).features, whole.features)
    found = ephys_cells.own(path, ["cap", "rmp"])
    assert list(found.features) == found.missing["feature"].tolist() == ["cap", "rmp"]
    assert len(found.features) == 12  # what these cells lack is not asked for
    assert "derived" in found.notes[0]


def test_features_that_are_there_are_not_derived(tmp_path):
    path = cells_table(tmp_path)
    found = ephys_cells.own(path, ["tau"])
    assert found.notes == ()
    assert found.features["tau"].tolist() == [float(row[5]) for row in read(path)[1:]]


def test_a_cell_may_be_called_as_a_feature_is(tmp_path):
    rows = [["cell", "f", "g"], ["f", "1", "2"], ["x", "3", "4"]]
    found = ephys_cells.own(save(tmp_path / "mine.csv", rows), ["f", "g"])
    assert found.features.loc["f"].tolist() == [1, 2]


OWN_FAULTS = {
    "misspelt": (
        called("RMP", "rmp")(OWN),
        ["1 feature is missing, of the 2 wanted", "'rmp' to 'RMP'", "1 of them"],
    ),
    "misspelt in rows": (turned(called("width", "widht")(OWN)), ["'widht' to 'width'"]),
    "none": (called("RMP", "v")(called("width", "w")(OWN)), ["2 features are missing", "0 of"]),
    "none in rows": (
        turned(called("RMP", "rmp")(called("width", "Width")(OWN))),
        ["2 features are missing", "'rmp' to 'RMP'", "'Width' to 'width'"],
    ),
    "two ways": (
        [["cell", "RMP", "x"], ["width", "1", "2"], ["y", "3", "4"]],
        ["in the rows and in the columns"],
    ),
    "both sides": (
        [["cell", "RMP", "width"], ["RMP", "1", "2"], ["width", "3", "4"]],
        ["in the rows and in the columns", "rows called 'RMP', 'width'"],
    ),
    "twice": ([*OWN, OWN[1]], ["more than once", "'a'", "lines 2, 5"]),
    "twice in columns": (turned([*OWN, OWN[1]]), ["Two columns have the same name", "'a'"]),
    "a row twice": ([*turned(OWN), turned(OWN)[1]], ["1 row stands more than once", "'RMP'"]),
    "words": (called("x", "y")([*OWN, ["d", "high", "", "1", ""]]), ["line 5", "'high'"]),
    "words in rows": (
        turned([*OWN, ["d", "high", "", "1", ""]]),
        ["line 2", "column 'd'", "'high'", "A row of numbers"],
    ),
    "infinite in rows": (turned([*OWN, ["d", "inf", "", "1", ""]]), ["line 2", "infinite"]),
    "no name": (without_columns("cell", "line", "note")(OWN), ["first column should name"]),
}


@pytest.mark.parametrize(("rows", "parts"), OWN_FAULTS.values(), ids=OWN_FAULTS)
def test_what_is_wrong_in_your_own_is_said(tmp_path, rows, parts):
    path = save(tmp_path / "mine.csv", rows)
    with pytest.raises(TableError) as caught:
        ephys_cells.own(path, ["RMP", "width"])
    for part in (str(path), *parts):
        assert part in str(caught.value)
    assert caught.value.remedy


def test_a_known_feature_is_missed_where_it_cannot_be_derived(tmp_path):
    path = save(tmp_path / "mine.csv", [["cell", "rmp", "vrest"], ["a", "1", "2"]])
    with pytest.raises(TableError, match="1 feature is missing, of the 2 wanted"):
        ephys_cells.own(path, ["rmp", "sag"])


def test_a_feature_names_no_cells(tmp_path):
    path = save(tmp_path / "mine.csv", [["id", "cell"], ["a", "1"], ["b", "1"]])
    found = ephys_cells.own(path, ["cell"])
    assert found.features["cell"].to_dict() == {"a": 1, "b": 1}


# The real file


@pytest.fixture(scope="module")
def real():
    return ephys_folder() / "aibs_aggregated_ephys_v6.csv"


@pytest.mark.realdata
def test_the_real_cells(real):
    found = ephys_cells.load(real)
    assert found.total == 1_058
    assert found.features.shape == (888, 15)
    told = found.missing.set_index("feature")["missing"]
    assert told[told > 0].to_dict() == {"aphw": 152, "maxfreq": 149, "adratio": 149, "avg_isi": 83}
    assert "170 of 1,058 cells are left out" in found.notes[-1]
    filled = ephys_cells.load(real, "impute")
    assert filled.features.shape == (1_058, 15)
    assert "533 values are missing" in filled.notes[-1]
    assert filled.about["line"].nunique() == filled.about["mouse_line"].nunique() == 18
    assert filled.about["spines"].value_counts().to_dict() == {
        "spiny": 575,
        "aspiny": 460,
        "sparsely spiny": 23,
    }


@pytest.mark.realdata
def test_the_real_cells_in_plain_python(real):
    with real.open(encoding="utf-8", newline="") as file:
        rows = {row["specimen_id"]: row for row in csv.DictReader(file)}
    whole = [name for name, row in rows.items() if all(row[source] for source in SOURCES)]
    found = ephys_cells.load(real)
    assert found.features.index.tolist() == whole
    for name, feature in FEATURES.items():
        expected = [by_formula(feature.formula, rows[cell]) for cell in whole]
        np.testing.assert_allclose(found.features[name], expected, rtol=1e-9)
    lines = collections.Counter(line_key(rows[cell]["mouse_line"]) for cell in whole)
    assert found.about["line"].value_counts().to_dict() == lines

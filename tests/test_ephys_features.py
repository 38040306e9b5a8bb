"""The fifteen features: what they are called, and that each is what its formula says."""

import csv
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis_lib.datasets.neurons.features import FEATURES, SOURCES, derived
from analysis_lib.errors import TableError
from tests.neuron_files import by_formula
from tests.real_data import ephys_folder

ORDER = [
    *("rmp", "tau", "apthr", "apamp", "ahpamp", "aphw", "rheo", "cap", "maxfreq", "adratio"),
    *("ri", "sag", "f_i_curve_slope", "avg_isi", "latency"),
]
UNITS = ["mV", "ms", "mV", "mV", "mV", "ms", "pA", "pF", "Hz", "", "MΩ", "", "Hz/pA", "ms", "s"]


def cells(**values):
    """Return cells of ones, with the columns that are given."""
    rows = max((len(column) for column in values.values()), default=1)
    frame = pd.DataFrame(1.0, index=range(rows), columns=list(SOURCES))
    return frame.assign(**{name: np.array(column, float) for name, column in values.items()})


def test_they_stand_in_order_with_their_units():
    assert list(FEATURES) == ORDER
    assert [feature.name for feature in FEATURES.values()] == ORDER
    assert [feature.unit for feature in FEATURES.values()] == UNITS


def test_each_says_what_it_means_and_no_two_the_same():
    assert len({feature.meaning for feature in FEATURES.values()}) == len(ORDER)
    assert all(len(feature.meaning) > 15 for feature in FEATURES.values())
    with pytest.raises(TypeError):
        FEATURES["rmp"] = FEATURES["tau"]  # type: ignore[index]


def test_derived_by_hand():
    found = derived(
        cells(
            vrest=[-70],
            tau=[20],
            ri=[200],
            threshold_v_long_square=[-40],
            peak_v_long_square=[30],
            fast_trough_v_long_square=[-55],
            rheo_first_spike_hw=[0.0009],
        )
    ).iloc[0]
    assert found[["rmp", "tau", "ri", "apthr"]].tolist() == [-70, 20, 200, -40]
    assert found[["apamp", "ahpamp"]].tolist() == [70, 15]
    assert found["aphw"] == pytest.approx(0.9)
    assert found["cap"] == 100  # 20 ms / 200 MΩ = 0.1 nF


_MEASURED = st.floats(-1e3, 1e3) | st.just(math.nan)


@given(st.lists(st.fixed_dictionaries(dict.fromkeys(SOURCES, _MEASURED)), min_size=1, max_size=4))
def test_each_is_what_its_formula_says(rows):
    frame = pd.DataFrame(rows, index=[f"c{i}" for i in range(len(rows))])
    found = derived(frame)
    assert list(found.columns) == ORDER
    assert found.index.equals(frame.index)
    assert (found.dtypes == np.float64).all()
    for row, (_, cell) in zip(rows, found.iterrows(), strict=True):
        texts = {name: "" if math.isnan(value) else repr(value) for name, value in row.items()}
        if not row["ri"] > 0:
            texts["ri"] = ""
        for name, feature in FEATURES.items():
            expected = by_formula(feature.formula, texts)
            if expected is None or math.isinf(expected):
                assert math.isnan(cell[name])
            else:
                assert cell[name] == pytest.approx(expected, rel=1e-12)


def test_what_is_given_is_left_as_it_was():
    frame = cells(ri=[0, -1, 5])
    before = frame.copy()
    derived(frame)
    pd.testing.assert_frame_equal(frame, before)


@pytest.mark.parametrize("ri", [0.0, -0.0, -200.0, 5e-324, math.nan])
def test_no_capacitance_without_a_resistance_and_never_an_infinite_one(ri):
    found = derived(cells(ri=[ri], tau=[20]))
    assert math.isnan(found["cap"].iloc[0])
    assert not np.isinf(found.to_numpy()).any()
    assert found.drop(columns=["cap", "ri"]).notna().all(axis=None)


def test_a_resistance_of_zero_or_less_was_not_measured():
    assert derived(cells(ri=[0, -3, 7]))["ri"].isna().tolist() == [True, True, False]


def test_a_missing_source_is_missing_in_what_follows_from_it_alone():
    found = derived(cells(threshold_v_long_square=[math.nan]))
    assert found.columns[found.isna().iloc[0]].tolist() == ["apthr", "apamp", "ahpamp"]


def test_missing_columns_are_named():
    frame = cells().drop(columns=["vrest", "tau"])
    with pytest.raises(TableError) as caught:
        derived(frame, where="mine.csv")
    message = str(caught.value)
    for part in ("2 columns are missing", "mine.csv", "'vrest', 'tau'"):
        assert part in message


@pytest.mark.realdata
def test_on_the_real_file_each_is_what_its_formula_says():
    path = ephys_folder() / "aibs_aggregated_ephys_v6.csv"
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    frame = pd.DataFrame(
        [[float(row[name]) if row[name] else math.nan for name in SOURCES] for row in rows],
        columns=list(SOURCES),
    )
    found = derived(frame)
    for name, feature in FEATURES.items():
        expected = [by_formula(feature.formula, row) for row in rows]
        known = [value is not None for value in expected]
        assert found[name].notna().tolist() == known
        np.testing.assert_allclose(
            found[name][known], [value for value in expected if value is not None], rtol=1e-9
        )


@pytest.mark.realdata
def test_the_published_capacitance_was_taken_with_the_other_resistance():
    """Seven positive cells make the published type Gad2-IRES-Cre__L5__inh: cap 0.0578878 nF."""
    path = ephys_folder() / "aibs_aggregated_ephys_v6.csv"
    with path.open(encoding="utf-8", newline="") as file:
        rows = [
            row
            for row in csv.DictReader(file)
            if row["mouse_line"] == "Gad2-IRES-Cre"
            and row["reporter"] == "positive"
            and row["brain_region"].endswith("5")
        ]

    def mean(formula):
        return np.mean([by_formula(formula, row) for row in rows])

    assert len(rows) == 7
    assert mean("ri") == pytest.approx(200.861, abs=1e-3)
    assert mean("tau") == pytest.approx(16.2424, abs=1e-4)
    assert mean("tau / input_resistance_mohm") == pytest.approx(0.0578878, abs=1e-6)
    assert mean("tau / ri") == pytest.approx(0.0741, abs=1e-4)

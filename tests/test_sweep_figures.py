"""Figures of a sweep: every point stands where its values are, in every panel and on every line."""

from __future__ import annotations

import json
import struct

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis_lib.figures import picture, scales, sweeps, theme
from analysis_lib.figures.text import plain

HOSTILE = '<a href="javascript:alert(1)">x</a>'
GRID = [(p, lfc, a) for p in (0.001, 0.01, 0.05) for lfc in (0.5, 1.0) for a in ("none", HOSTILE)]
NUMBERS = st.floats(-1e6, 1e6, allow_nan=False)


def parameters(rows=GRID) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["p_threshold", "lfc_threshold", "adjust"])


def points(values, default: int | None = 5) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "point": [str(i + 1) for i in range(len(values))],
            "told": [f"the point {i + 1} {HOSTILE}" for i in range(len(values))],
            "default": [i == default for i in range(len(values))],
            "value": np.array(values, dtype=np.float64),
        }
    )


def effect(values=None, default: int | None = 5, **more):
    values = [10.0 * i % 7 for i in range(len(GRID))] if values is None else values
    given = {"p_threshold": 0.05, "lfc_threshold": 1.0, "adjust": "none"}
    return sweeps.effect(
        points(values, default), parameters(), title="genes up", defaults=given, **more
    )


def parallel(values=None, axes=None):
    values = [float(i) for i in range(len(GRID))] if values is None else values
    axes = parameters().assign(up=values) if axes is None else axes
    table = points(values).drop(columns="value").assign(group=np.array(values, dtype=np.float64))
    return sweeps.parallel(table, axes)


def marks(figure, panel: int) -> dict[str, tuple[float, float]]:
    """Return where the markers of a panel stand, by the name of their point."""
    axis = "x" if panel == 0 else f"x{panel + 1}"
    return {
        point: (x, y)
        for trace in figure.data
        if trace.mode == "markers" and (trace.xaxis or "x") == axis
        for point, x, y in zip(trace.meta["point"], trace.x, trace.y, strict=True)
    }


def lines(figure) -> dict[str, object]:
    return {trace.meta["point"]: trace for trace in figure.data if trace.meta}


def many():
    """Draw more points than can be chosen from a list."""
    count = sweeps.LINKED_UP_TO + 10
    wide = {"p_threshold": np.geomspace(1e-5, 1, count), "seed": range(count)}
    return parallel([float(i % 5) for i in range(count)], pd.DataFrame(wide))


EVERY = {
    "effect": effect,
    "parallel": parallel,
    "many": many,
    "alike": lambda: parallel([1.0] * len(GRID)),
    "nothing to draw": lambda: effect([np.nan] * len(GRID)),
    "no points": lambda: parallel([], parameters([]).assign(up=[])),
}


@pytest.mark.parametrize("name", EVERY)
def test_a_figure_is_strict_json_with_a_table_and_a_picture(name):
    figure = EVERY[name]()
    json.loads(figure.to_json(engine="json"), parse_constant=pytest.fail)
    still = picture.png(figure)
    assert struct.unpack(">II", still[16:24]) == (1440, 2 * figure.layout.height)
    assert picture.png(figure) == still
    assert theme.kept(figure) is not None


@pytest.mark.parametrize("name", EVERY)
def test_no_text_from_data_acts_in_a_figure(name):
    """Titles, ticks, notes, hover: all as it is written."""
    document = json.loads(EVERY[name]().to_json(engine="json"))
    document["layout"].pop(
        "meta", None
    )  # what can be chosen is a matter of HTML, and escaped there
    assert "<a href" not in json.dumps(document)


@settings(max_examples=12)
@given(st.lists(NUMBERS, min_size=len(GRID), max_size=len(GRID)))
def test_every_point_stands_in_every_panel_at_its_value(values):
    figure = effect(values)
    for panel, name in enumerate(parameters()):
        drawn, scale = marks(figure, panel), scales.Scale.of(parameters()[name])
        assert set(drawn) == {str(i + 1) for i in range(len(GRID))}
        for i, value in enumerate(values):
            x, y = drawn[str(i + 1)]
            assert y == value
            assert abs(x - scale.places[i]) <= 0.031 * (scale.high - scale.low)
        assert len(set(drawn.values())) == len(GRID)  # none hides another


def test_the_line_joins_the_medians_of_points_that_share_a_value():
    values = [float(i**2) for i in range(len(GRID))]
    found = [trace for trace in effect(values).data if trace.name == "Median"]
    assert len(found) == 3
    table = parameters().assign(value=values)
    for trace, name in zip(found[:2], ("p_threshold", "lfc_threshold"), strict=True):
        np.testing.assert_allclose(trace.y, table.groupby(name)["value"].median())


def test_random_draws_have_no_line_of_medians():
    draws = pd.DataFrame({"p": np.linspace(0.01, 0.1, 12)})
    figure = sweeps.effect(points(range(12)), draws, title="up", defaults={})
    assert not [trace for trace in figure.data if trace.name == "Median"]


def test_the_default_is_marked_in_shape_and_word_and_by_a_dashed_line():
    figure = effect()
    default = [trace for trace in figure.data if trace.name == sweeps._DEFAULT.title]
    assert {trace.marker.symbol for trace in default} == {"diamond"}
    assert [trace.meta["point"] for trace in default] == [["6"]] * 3
    dashes = [trace for trace in figure.data if trace.name == "Default"]
    assert [trace.line.dash for trace in dashes] == ["dash"] * 3
    assert dashes[1].x[0] == 1.0
    assert dashes[2].x[0] == 0.0  # the place of "none"
    assert not [t for t in effect(default=None).data if t.name == sweeps._DEFAULT.title]


def test_a_point_without_the_number_is_left_out_and_the_caption_says_so():
    values = [1.0, np.nan, *([2.0] * (len(GRID) - 2))]
    meta = effect(values).layout.meta
    assert "2" not in marks(effect(values), 0)
    assert (meta["points_total"], meta["points_drawn"]) == (len(GRID), len(GRID) - 1)
    assert meta["note"]
    assert not effect().layout.meta["note"]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([0.001, 0.01, 0.1, 1], True),
        ([0.001, 0.01, 0.05, 1], True),
        (list(np.geomspace(1e-4, 1, 20)), True),
        ([0.01, 0.1, 1], False),  # two decades and not more
        (list(range(1, 1000, 111)), False),  # evenly spaced
        ([0, 0.001, 0.01, 1], False),  # nothing has no logarithm
        ([-1, 0.001, 10], False),
        ([0.001, 1], False),  # two say nothing of their spacing
    ],
    ids=str,
)
def test_an_axis_is_logarithmic_where_the_values_are_spaced_so(values, expected):
    assert scales.spaced_by_factors(np.array(values, dtype=np.float64)) == expected
    scale = scales.Scale.of(pd.Series(values, dtype="float64"))
    assert scale.logarithmic == expected


@given(st.lists(NUMBERS, min_size=1, max_size=30))
def test_an_axis_keeps_the_order_of_its_values(values):
    scale = scales.Scale.of(pd.Series(values))
    order = np.argsort(values, kind="stable")
    assert (np.diff(scale.places[order]) >= 0).all()
    assert scale.ticks == sorted(scale.ticks)
    assert len(scale.texts) == len(scale.ticks) > 0


@settings(max_examples=12)
@given(st.lists(NUMBERS, min_size=3, max_size=15))
def test_parallel_lines_cross_every_axis_in_the_order_of_the_values(values):
    axes = pd.DataFrame({"seed": range(len(values)), "up": values})
    drawn = lines(parallel(values, axes))
    assert set(drawn) == {str(i + 1) for i in range(len(values))}
    for row, name in enumerate(axes):
        across = np.array([drawn[str(i + 1)].x[row] for i in range(len(values))])
        column = axes[name].to_numpy(np.float64)
        span = np.ptp(column)
        for i, j in np.ndindex(len(values), len(values)):
            if span and (column[i] - column[j]) / span > 0.05:  # more than equal ones are fanned
                assert across[i] > across[j]


def test_thirds_differ_in_dash_and_symbol_and_not_in_colour_alone():
    drawn = lines(parallel())
    looks = {(t.line.dash, t.marker.symbol) for name, t in drawn.items() if name != "6"}
    assert len(looks) == 3
    assert drawn["1"].line.dash == "dot"
    assert drawn[str(len(GRID))].line.dash == "solid"
    assert drawn["6"].line.width > 3
    named = {plain(t.name) for t in parallel().data if t.showlegend}
    assert named == {"Lowest third", "Middle", "Highest third", sweeps._DEFAULT.title}


def test_a_text_axis_has_every_name_also_where_they_become_equal_by_shortening():
    names = [f"/a/very/long/folder/of/tables/{i}/genes_of_mine.csv" for i in range(3)]
    scale = scales.Scale.of(pd.Series(names, dtype=object))
    assert len(set(scale.texts)) == 3
    assert scale.place(names[2]) == 2.0
    assert scale.place("another") is None


def test_beyond_the_limit_a_sample_of_lines_is_drawn_and_the_caption_says_so():
    count = sweeps.LINES + 50
    figure = parallel([float(i) for i in range(count)], pd.DataFrame({"seed": range(count)}))
    assert len(lines(figure)) == sweeps.LINES == figure.layout.meta["points_drawn"]
    assert f"{sweeps.LINES} of {count} points" in figure.layout.meta["note"]


def test_points_can_be_chosen_from_a_list_while_it_is_no_page_of_its_own():
    meta = effect().layout.meta
    assert meta["linked"] == "points"
    (choice,) = meta["choices"]
    assert [value for value, _ in choice["values"]] == [str(i + 1) for i in range(len(GRID))]
    count = sweeps.LINKED_UP_TO + 1
    many = parallel([float(i) for i in range(count)], pd.DataFrame({"seed": range(count)}))
    assert "linked" not in many.layout.meta


def test_columns_of_equal_names_do_not_lose_each_other():
    odd = pd.DataFrame({"value": [1.0, 2.0, 3.0], "point": [4.0, 5.0, 6.0]})
    table = theme.kept(sweeps.effect(points([7, 8, 9]), odd, title="up", defaults={}))
    assert len(set(table.columns)) == len(table.columns) == 6

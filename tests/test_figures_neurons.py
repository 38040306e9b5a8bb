"""Figures of the neuron studies: what is drawn is what stands in the table."""

import itertools
import json
import struct

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis_lib import figures, tables
from analysis_lib.figures import grids, heat, picture, theme
from analysis_lib.figures.text import plain
from tests import neuron_tables as made

EVIL = '<img src=x onerror="alert(1)">'
EMPTY = {
    "score_histograms": lambda: figures.score_histograms(made.score_bins().head(0)),
    "against": lambda: figures.against(made.pairs().head(0)),
    "predicted_observed": lambda: figures.predicted_observed(made.predictions().head(0)),
    "coefficient_map": lambda: figures.coefficient_map(made.coefficient_table().head(0)),
    "drivers": lambda: figures.drivers(made.driver_counts().head(0)),
    "null": lambda: figures.null(made.shares().head(0), 0.2),
    "funnel": lambda: figures.funnel(made.steps().head(0)),
    "gene_stability": lambda: figures.gene_stability(made.selection().head(0)),
    "views": lambda: figures.views(made.cells().head(0)),
    "line_matrix": lambda: figures.line_matrix(made.matrix().iloc[:0]),
    "rank_histogram": lambda: figures.rank_histogram(made.shares().head(0)),
    "markers": lambda: figures.markers(made.marker_genes().head(0)),
    "own_and_others": lambda: figures.own_and_others(made.own().head(0)),
}


def _evil(table):
    """Put markup in the place of all text."""
    numbers = table.select_dtypes("number").columns
    text = {c: table[c].map(lambda v: f"{v}{EVIL}") for c in table.columns.difference(numbers)}
    return table.assign(**text)


NAMES_FROM_DATA = {
    "score_histograms": lambda: figures.score_histograms(_evil(made.score_bins())),
    "against": lambda: figures.against(_evil(made.pairs()), EVIL, EVIL, measure=EVIL),
    "predicted_observed": lambda: figures.predicted_observed(_evil(made.predictions()), unit=EVIL),
    "coefficient_map": lambda: figures.coefficient_map(
        made.coefficient_table(9).rename(index=lambda g: EVIL, columns=lambda f: EVIL), words=EVIL
    ),
    "drivers": lambda: figures.drivers(_evil(made.driver_counts())),
    "null": lambda: figures.null(made.shares(), 0.2, statistic=EVIL),
    "funnel": lambda: figures.funnel(_evil(made.steps()), unit="n"),
    "gene_stability": lambda: figures.gene_stability(_evil(made.selection())),
    "views": lambda: figures.views(_evil(made.cells())),
    "views_kind": lambda: figures.views(_evil(made.cells()), by="kind"),
    "views_spines": lambda: figures.views(_evil(made.cells()), by="spines"),
    "line_matrix": lambda: figures.line_matrix(
        made.matrix().rename(index=lambda n: n + EVIL, columns=lambda n: n + EVIL), words=EVIL
    ),
    "markers": lambda: figures.markers(_evil(made.marker_genes())),
    "own_and_others": lambda: figures.own_and_others(_evil(made.own())),
}


EVERY = made.neuron_figures()
quick = settings(deadline=None, max_examples=30)


def still(figure):
    """The picture of a figure before it becomes bytes."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    drawn = Figure()
    FigureCanvasAgg(drawn)
    picture._draw(figure, drawn)
    return drawn


def named(figure, start):
    return [t for t in figure.data if t.name and plain(t.name).startswith(start)]


def texts(document):
    """Return every text that a browser may draw: what is kept in `meta` it does not."""
    if isinstance(document, dict):
        for key, value in document.items():
            if key != "meta":
                yield from texts(value)
    elif isinstance(document, list):
        for value in document:
            yield from texts(value)
    elif isinstance(document, str):
        yield document


# ---- all of them


@pytest.mark.parametrize("name", EVERY)
def test_a_figure_is_strict_json_without_a_background(name):
    document = json.loads(EVERY[name].to_json(engine="json"), parse_constant=pytest.fail)
    template = document["layout"]["template"]["layout"]
    assert template["paper_bgcolor"] == template["plot_bgcolor"] == "rgba(0,0,0,0)"
    assert document["layout"]["height"] > 200


@pytest.mark.parametrize("name", EVERY)
def test_a_figure_carries_a_table_that_can_be_written(name, tmp_path):
    table = theme.kept(EVERY[name])
    assert len(table)
    tables.write_table(table, tmp_path / "data.csv", for_people=True)


@pytest.mark.parametrize("name", ["coefficient_map_few", "views_kind", "drivers"])
def test_a_picture_is_the_same_again(name):
    assert picture.png(EVERY[name]) == picture.png(EVERY[name])


@pytest.mark.parametrize("name", EVERY)
def test_a_picture_has_twice_the_pixels_and_the_legend_of_its_figure(name, monkeypatch):
    figure, stills, draw = EVERY[name], [], picture._draw
    monkeypatch.setattr(picture, "_draw", lambda fig, made: (stills.append(made), draw(fig, made)))
    width, height = struct.unpack(">II", picture.png(figure)[16:24])
    assert (width, height) == (1440, 2 * figure.layout.height)
    listed = [
        plain(trace.name or "")
        for trace in figure.data
        if trace.showlegend is not False and trace.type != "heatmap"
    ]
    shown = figure.layout.showlegend
    wanted = len(listed) > 1 if shown is None else shown
    drawn = [text.get_text() for each in stills[0].legends for text in each.get_texts()]
    assert sorted(drawn) == (sorted(listed) if wanted else [])


@pytest.mark.parametrize("name", EMPTY)
def test_a_table_without_rows_is_a_figure_that_says_so(name):
    figure = EMPTY[name]()
    assert len(figure.data) == 0
    assert figure.layout.annotations[0].text.endswith(".")
    assert theme.kept(figure) is not None
    assert picture.png(figure)


@pytest.mark.parametrize("name", NAMES_FROM_DATA)
def test_names_from_data_are_never_markup(name):
    figure = NAMES_FROM_DATA[name]()
    document = json.loads(figure.to_json(engine="json"))
    everything = list(texts(document))
    assert not [text for text in everything if "<img" in text]
    assert [text for text in everything if "&lt;i" in text], "the names are nowhere"


@pytest.mark.parametrize("name", EVERY)
def test_panels_of_a_narrow_screen_stay_inside_and_apart(name):
    places = (EVERY[name].layout.meta or {}).get("narrow", {"axes": {}})["axes"]
    boxes = {}
    for axis, place in places.items():
        if "domain" in place:
            boxes.setdefault(axis[5:], {})[axis[0]] = place["domain"]
    for box in boxes.values():
        assert all(0 <= low < high <= 1 + 1e-9 for low, high in box.values())
    for a, b in itertools.combinations(boxes.values(), 2):
        assert any(a[s][1] < b[s][0] or b[s][1] < a[s][0] for s in "xy")


@pytest.mark.parametrize(("n", "columns", "left", "below"), [
    (5, 3, {"", "4"}, {"3", "4", "5"}),
    (2, 2, {""}, {"", "2"}),
    (3, 1, {"", "2", "3"}, {"3"}),
])  # fmt: skip
def test_words_stand_at_the_edges_of_a_grid_only(n, columns, left, below):
    names = [f"panel {i}" for i in range(n)]
    figure = grids.grid(names, columns=columns, row=100, x="across", y="up", shared=True)
    axes = theme.axes(n)
    assert {a for a in axes if figure.layout[f"yaxis{a}"].title.text == "up"} == left
    assert {a for a in axes if figure.layout[f"yaxis{a}"].showticklabels} == left
    assert {a for a in axes if figure.layout[f"xaxis{a}"].title.text == "across"} == below
    narrow = figure.layout.meta["narrow"]["axes"]
    assert all(narrow[f"yaxis{a}"]["title"]["text"] == "up" for a in axes)
    assert [a.text for a in figure.layout.annotations] == [f"<b>{name}</b>" for name in names]


@given(st.lists(st.sampled_from(["a", "b", "a (2)", "a (3)", "a (2) (2)"]), max_size=9))
def test_names_are_told_apart_whatever_they_are(names):
    apart = theme.apart(names)
    assert len(set(apart)) == len(names)
    assert all(one.startswith(name) for one, name in zip(apart, names, strict=True))


# ---- histograms


def heights(trace):
    """Return width times height below an outline of steps."""
    return float(np.sum(np.diff(trace.x) * np.asarray(trace.y)[:-1]))


def test_score_histograms_have_every_count_of_every_model_in_its_panel():
    table = made.score_bins(("linear", "lasso", "ridge"))
    figure = figures.score_histograms(table)
    assert [plain(a.text) for a in figure.layout.annotations] == ["Training", "Held out"] * 2
    assert [figure.layout[f"xaxis{a}"].title.text for a in theme.axes(4)] == [
        "R²", "R²", "RMSE", "RMSE",
    ]  # fmt: skip
    panels = list(itertools.product(("R²", "RMSE"), ("training", "held out")))
    for trace in figure.data:
        measure, part = panels[int(trace.xaxis[1:] or "1") - 1]
        model = {"Linear regression": "linear", "Lasso": "lasso"}.get(trace.name, "ridge")
        here = (table["measure"] == measure) & (table["part"] == part)
        rows = table[here & (table["model"] == model)]
        width = 0.1 if measure == "R²" else 0.2
        assert heights(trace) == pytest.approx(width * rows["count"].sum())
        assert max(trace.y) == rows["count"].max()
    listed = [t.name for t in figure.data if t.showlegend]
    assert listed == ["Linear regression", "Lasso", "Ridge regression"]


def test_bins_that_are_open_are_drawn_and_said():
    figure = figures.score_histograms(made.score_bins())
    held_out = named(figure, "Linear")[1]
    assert held_out.customdata[0].startswith("below -1.00: ")
    assert held_out.customdata[-1].startswith("1.00 and above: ")
    assert held_out.x[0] == pytest.approx(-1.1)
    assert held_out.x[-1] == pytest.approx(1.1)
    assert "everything beyond" in figure.layout.meta["note"]
    closed = made.score_bins().query("measure == 'RMSE'")
    assert figures.score_histograms(closed).layout.meta["note"] == ""


def test_bins_without_an_end_may_be_missing_or_infinite():
    table = made.shares()
    missing = table.replace([np.inf, -np.inf], np.nan)
    assert figures.null(missing, 0.2).to_json() == figures.null(table, 0.2).to_json()


@quick
@given(st.sets(st.integers(0, 9), min_size=1))
def test_a_bin_that_was_left_out_is_zero(kept):
    low = np.array(sorted(kept), dtype=float)
    table = pd.DataFrame({"kind": "observed", "low": low, "high": low + 1, "share": 0.5})
    (outline,) = figures.null(table).data
    assert heights(outline) == pytest.approx(0.5 * len(kept))
    assert outline.y[0] == outline.y[-1] == 0


def test_the_null_has_every_share_and_the_cut():
    table = made.shares()
    figure = figures.null(table, 0.28, statistic="R²")
    bars, outline, cut = figure.data
    np.testing.assert_allclose(bars.y.sum(), 1)
    assert heights(outline) == pytest.approx(0.05)
    assert (cut.name, list(cut.x)) == ("FDR cut: 0.280", [0.28, 0.28])
    assert figure.layout.xaxis.title.text == "R²"
    permuted = table[table["kind"] == "permuted"]
    np.testing.assert_allclose(bars.x[1:-1] - bars.width[1:-1] / 2, permuted["low"][1:-1])


@pytest.mark.parametrize("cut", [None, float("nan")])
def test_without_a_cut_there_is_no_line(cut):
    assert len(figures.null(made.shares(), cut).data) == 2


@pytest.mark.parametrize("kind", ["observed", "permuted"])
def test_one_of_both_may_be_missing(kind):
    figure = figures.rank_histogram(made.shares((kind,)), 0.3)
    assert figure.data[0].name.lower() == kind
    assert "rank correlation" in figure.layout.xaxis.title.text


def test_small_shares_have_a_decimal_in_the_picture_too():
    table = made.shares().assign(share=lambda t: t["share"] / 10)
    figure = figures.null(table)
    assert figure.layout.yaxis.tickformat == ".1%"
    labels = [t.get_text() for t in still(figure).axes[0].get_yticklabels()]
    assert len(set(labels)) == len(labels)


# ---- genes against genes


def test_against_draws_every_gene_in_its_panel():
    table = made.pairs()
    figure = figures.against(table)
    for part, axis in (("training", "x"), ("held out", "x2")):
        rows = table[table["part"] == part].set_index("gene")
        drawn = [t for t in figure.data if t.xaxis == axis and t.mode == "markers"]
        genes = np.concatenate([t.text for t in drawn])
        assert sorted(genes) == sorted(rows.index)
        inside = next(t for t in drawn if t.name == "Genes")
        np.testing.assert_array_equal(inside.x, rows.loc[list(inside.text), "x"])
        np.testing.assert_array_equal(inside.y, rows.loc[list(inside.text), "y"])
    assert figure.layout.meta["points_drawn"] == len(table)
    assert figure.layout.xaxis2.title.text == "R², linear regression"
    assert figure.layout.yaxis.title.text == "R², Lasso"


def test_points_beyond_the_axes_stand_at_the_border_with_their_true_values():
    table = made.pairs()
    figure = figures.against(table)
    (edge,) = named(figure, "Beyond")
    rows = table[table["x"] < -1]
    assert list(edge.text) == list(rows["gene"])
    assert set(edge.x) == {-1.0}
    np.testing.assert_array_equal(edge.y, rows["y"])
    told = dict(zip(edge.text, edge.customdata, strict=True))
    assert told["Gene_0"].startswith("-1000")
    assert told["Gene_2"].startswith("-∞")
    inside = named(figure, "Genes")
    assert all(t.marker.symbol != edge.marker.symbol for t in inside)
    assert f"{len(rows)} points lie beyond" in figure.layout.meta["note"]
    low, high = figure.layout.xaxis.range
    assert low < -1 < 1 < high


def test_axes_without_ends_hold_everything():
    table = made.pairs().replace(-np.inf, -1500.0)
    figure = figures.against(table, ends=None)
    assert not named(figure, "Beyond")
    assert figure.layout.xaxis.range[0] < -1500
    assert figure.layout.meta["note"] == ""


def test_of_too_many_genes_the_same_are_drawn_in_both_panels():
    figure = figures.against(made.pairs(400), limit=100, seed=3)
    genes = [
        {gene for t in figure.data if t.xaxis == axis and t.text is not None for gene in t.text}
        for axis in ("x", "x2")
    ]
    assert genes[0] == genes[1]
    assert len(genes[0]) == 50
    assert "50 of 400 genes are drawn" in figure.layout.meta["note"]
    assert {t.type for t in figures.against(made.pairs(1001)).data} == {"scatter", "scattergl"}


def test_genes_without_both_scores_are_told():
    table = made.pairs()
    table.loc[:9, "y"] = np.nan
    figure = figures.against(table)
    assert figure.layout.meta["points_missing"] == 10
    assert "10 points without both scores" in figure.layout.meta["note"]
    everything = figures.against(table.assign(x=np.nan))
    assert everything.layout.annotations[0].text == "No gene has both scores."


def test_predictions_have_a_panel_per_gene_and_a_symbol_per_kind():
    table = made.predictions(3)
    figure = figures.predicted_observed(table)
    titles = [plain(a.text) for a in figure.layout.annotations]
    assert titles == [f"{g}, R² {r['r2'].iloc[0]:.2f}" for g, r in table.groupby("gene")]
    for i, gene in enumerate(dict.fromkeys(table["gene"])):
        axis = theme.axes(3)[i]
        drawn = [t for t in figure.data if t.xaxis == f"x{axis}" and t.mode == "markers"]
        assert sum(len(t.x) for t in drawn) == (table["gene"] == gene).sum()
        assert figure.layout[f"xaxis{axis}"].range == figure.layout[f"yaxis{axis}"].range
        assert len({(t.marker.color, t.marker.symbol) for t in drawn}) == 2
    assert [t.name for t in figure.data if t.showlegend] == ["Equal", "Excitatory", "Inhibitory"]


def test_of_many_genes_eight_are_shown_and_it_is_said():
    figure = figures.predicted_observed(made.predictions(12))
    assert len(figure.layout.annotations) == 8
    assert figure.layout.meta["note"] == "The first 8 of 12 genes are shown."


def test_an_r2_that_is_not_defined_is_no_number():
    table = made.predictions(1).assign(r2=np.nan, observed=3.0)
    assert "not defined" in figures.predicted_observed(table).layout.annotations[0].text


# ---- what is left


def test_the_funnel_has_a_bar_per_step_with_what_is_left_and_what_went():
    figure = figures.funnel(made.steps())
    (bars,) = figure.data
    np.testing.assert_array_equal(bars.x, made.steps()["n"])
    assert plain(bars.y[0]) == "in the table\n45,768"
    assert plain(bars.y[1]).endswith("38,396 (−7,372)")
    assert figure.layout.yaxis.autorange == "reversed"


def test_the_funnel_takes_the_column_of_its_unit():
    table = made.steps().rename(columns={"n": "cells"}).drop(columns="removed")
    figure = figures.funnel(table, unit="cells")
    np.testing.assert_array_equal(figure.data[0].x, table["cells"])
    assert figure.layout.xaxis.title.text == "cells"
    assert "(" not in plain(figure.data[0].y[1]).split("\n")[-1]


# ---- what drives the genes


def test_the_map_has_every_coefficient_about_zero():
    table = made.coefficient_table()
    (trace,) = figures.coefficient_map(table).data
    np.testing.assert_allclose(trace.z, table, atol=1e-6)
    assert list(trace.y) == list(table.index)
    assert list(trace.x) == list(table.columns)
    assert trace.zmin == -trace.zmax
    assert [c for _, c in trace.colorscale] == [theme.BLUE, theme.PALE, theme.VERMILION]


def test_colours_of_many_end_early_and_say_so_and_of_few_at_the_largest():
    many, few = made.coefficient_table(), made.coefficient_table(12)
    figure = figures.coefficient_map(many)
    assert figure.data[0].zmax < 4
    beyond = int((many.abs() > figure.data[0].zmax).to_numpy().sum())
    assert f"{beyond} coefficients are beyond" in figure.layout.meta["note"]
    assert figures.coefficient_map(few).data[0].zmax == pytest.approx(4)
    assert figures.coefficient_map(few).layout.meta["note"] == ""
    assert figures.coefficient_map(many, ends=2.5).data[0].zmax == 2.5


def test_of_too_many_genes_an_even_choice_is_drawn_and_told():
    figure = figures.coefficient_map(made.coefficient_table(), limit=150)
    assert list(figure.data[0].y) == [f"Gene_{i}" for i in range(0, 400, 3)]
    assert "134 of 400 genes are drawn, one in 3." in figure.layout.meta["note"]


def test_genes_of_one_name_keep_their_rows():
    table = made.coefficient_table(3).set_axis(["Pvalb", "Pvalb", "Pvalb (2)"])
    (trace,) = figures.coefficient_map(table).data
    assert len(set(trace.y)) == 3


def test_coefficients_that_are_all_zero_or_missing():
    zero = figures.coefficient_map(made.coefficient_table(9) * 0)
    assert zero.layout.annotations[0].text == "Every coefficient is zero."
    table = made.coefficient_table(9)
    table.iloc[2, 3] = np.nan
    assert np.isnan(figures.coefficient_map(table).data[0].z[2, 3])
    assert picture.png(figures.coefficient_map(table))


def test_drivers_stand_on_both_sides_with_their_numbers():
    table = made.driver_counts()
    figure = figures.drivers(table)
    down, up = figure.data
    np.testing.assert_array_equal(down.x, -table["down"])
    np.testing.assert_array_equal(up.x, table["up"])
    np.testing.assert_array_equal(down.customdata, table["down"])
    assert up.text[-1] == ("" if table["up"].iloc[-1] == 0 else f"{table['up'].iloc[-1]:,}")
    assert all(not text.startswith("-") for text in figure.layout.xaxis.ticktext)
    most = table[["up", "down"]].to_numpy().max()
    assert max(figure.layout.xaxis.tickvals) <= most
    drawn = [t.get_text() for t in still(figure).axes[0].texts]
    assert sorted(filter(None, drawn)) == sorted(filter(None, [*down.text, *up.text]))


@quick
@given(st.integers(1, 10**6))
def test_ticks_of_both_sides_are_round_and_mirrored(most):
    table = pd.DataFrame({"feature": ["sag"], "up": [most], "down": [0]})
    ticks = figures.drivers(table).layout.xaxis.tickvals
    assert list(ticks) == sorted(-tick for tick in ticks)
    assert most / 2.5 <= max(ticks) <= most
    assert all(str(abs(tick)).rstrip("0") in ("", "1", "2", "5") for tick in ticks)


def test_stability_has_a_dot_per_gene_and_feature_at_its_share():
    table = made.selection(3)
    figure = figures.gene_stability(table)
    names = list(figure.layout.yaxis.ticktext)
    for i, gene in enumerate(dict.fromkeys(table["gene"])):
        axis = f"x{theme.axes(3)[i]}"
        drawn = {
            names[y]: (x, t.name)
            for t in figure.data
            if t.xaxis == axis
            for x, y in zip(t.x, t.y, strict=True)
        }
        words = {1: "Mostly positive", -1: "Mostly negative", 0: "Neither"}
        rows = table[table["gene"] == gene]
        assert drawn == {
            row.feature: (row.share, words[row.sign]) for row in rows.itertuples(index=False)
        }
    assert figures.gene_stability(made.selection(11)).layout.meta["note"].startswith("The first 8")


# ---- lines


def test_every_cell_is_in_every_view_and_every_line_in_the_legend_once():
    cells = made.cells()
    figure = figures.views(cells, looks=made.looks())
    for i, method in enumerate(("PCA", "t-SNE", "UMAP")):
        axis = f"x{theme.axes(3)[i]}"
        rows = cells[cells["method"] == method].set_index("sample")
        traces = [t for t in figure.data if t.xaxis == axis]
        assert {t.meta["line"] for t in traces} == set(made.LINES)
        for trace in traces:
            drawn = rows.loc[list(trace.text)]
            np.testing.assert_array_equal(trace.x, drawn["x"])
            np.testing.assert_array_equal(trace.y, drawn["y"])
            assert set(drawn["line"]) == {trace.meta["line"]} == {trace.legendgroup}
            look = made.looks()[trace.meta["line"]]
            assert (trace.marker.color, trace.marker.symbol) == (look.colour, look.symbol)
        assert sum(len(t.x) for t in traces) == len(rows)
    listed = [t.name for t in figure.data if t.showlegend]
    assert sorted(listed) == [f"{line} (10)" for line in sorted(made.LINES)]
    kinds = [made.KINDS[name.split(" ")[0]] for name in listed]
    assert kinds == sorted(kinds), "lines of one kind side by side"


@pytest.mark.parametrize("by", ["line", "kind", "spines"])
def test_views_are_linked_by_line_whatever_the_colours_say(by):
    cells = made.cells()
    figure = figures.views(cells, by=by)
    assert figure.layout.meta["linked"] == "lines"
    fields = [choice["field"] for choice in figure.layout.meta["choices"]]
    assert fields == ["line"] + [by] * (by != "line")
    offered = {value for value, _ in figure.layout.meta["choices"][0]["values"]}
    assert offered == {t.meta["line"] for t in figure.data} == set(made.LINES)
    assert {t.meta[by] for t in figure.data} == set(cells[by])
    assert sum(len(t.x) for t in figure.data) == len(cells)
    assert sum(bool(t.showlegend) for t in figure.data) == cells[by].nunique()


def test_cells_without_a_line_are_seen_and_can_be_chosen():
    cells = made.cells()
    cells.loc[cells["line"] == "Sst", ["line", "kind"]] = ""
    figure = figures.views(cells, looks=theme.lines(made.LINES))
    (first, *_) = named(figure, "No line")
    assert first.name == "No line (10)"
    assert ["", "No line"] in figure.layout.meta["choices"][0]["values"]


def test_a_line_without_a_look_is_refused_not_left_out():
    with pytest.raises(ValueError, match="Vip"):
        figures.views(made.cells(), looks=theme.lines(["Sst"]))


def test_many_cells_are_drawn_by_webgl_and_very_many_as_a_sample():
    assert {t.type for t in figures.views(made.cells(667)).data} == {"scattergl"}
    figure = figures.views(made.cells(200), limit=150)
    assert figure.layout.meta["points_drawn"] == 150
    assert figure.layout.meta["note"].startswith("50 of 200 samples are drawn")
    panels = [{s for t in figure.data if t.xaxis == x for s in t.text} for x in ("x", "x2", "x3")]
    assert panels[0] == panels[1] == panels[2]


# ---- what lines look like

_SEEN = {  # Machado et al. 2009, severity 1: linear RGB as seen without one kind of cone
    "all": np.eye(3),
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
}
_XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])


def lab(colour, eyes):
    """Return a colour as CIE L*a*b*, as some eyes see it."""
    rgb = np.array([int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    xyz = _XYZ @ np.clip(_SEEN[eyes] @ linear, 0, 1) / [0.9505, 1, 1.089]
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


NAMES = [f"Line{i:02d}" for i in range(48)]


@pytest.mark.parametrize("kinds", [None, ["inh"] * 24, ["exc"] * 24, ["exc", "inh"] * 12])
def test_twenty_four_lines_differ_in_colour_or_symbol(kinds):
    looks = theme.lines(NAMES[:24], kinds).values()
    assert len({(look.colour, look.symbol) for look in looks}) == 24


def test_forty_eight_lines_of_two_kinds_differ_and_their_kinds_are_families():
    kinds = dict(zip(NAMES, ["exc", "inh"] * 24, strict=True))
    looks = theme.lines(NAMES, kinds)
    assert len({(look.colour, look.symbol) for look in looks.values()}) == 48
    warm, cold = ({looks[n].colour for n in NAMES if kinds[n] == kind} for kind in ("exc", "inh"))
    assert not warm & cold
    assert min(lab(c, "all")[1] for c in warm) > max(lab(c, "all")[1] for c in cold)


@pytest.mark.parametrize("eyes", _SEEN)
@pytest.mark.parametrize("kinds", [None, ["exc", "inh"] * 12, ["exc", "inh", ""] * 8])
def test_lines_of_one_symbol_have_colours_that_all_eyes_tell_apart(eyes, kinds):
    looks = list(theme.lines(NAMES[:24], kinds).values())
    page = {theme.VERMILION: "#F0803C"}  # what the page puts in its place in the dark
    for a, b in itertools.combinations(looks, 2):
        if a.symbol == b.symbol:
            for swap in ({}, page):
                one, other = (lab(swap.get(x.colour, x.colour), eyes) for x in (a, b))
                assert np.linalg.norm(one - other) > 12, (a, b)


@given(st.permutations(NAMES[:20]), st.integers(0, 19))
def test_the_look_of_a_line_does_not_depend_on_the_order_or_how_often_it_is_named(order, i):
    looks = theme.lines(NAMES[:20])
    assert theme.lines([*order, order[i]]) == looks
    assert looks[order[i]].title == order[i]


def test_a_line_looks_the_same_in_every_figure_of_its_study():
    cells, looks = made.cells(), made.looks()
    all_of_them = figures.views(cells, looks=looks)
    some = figures.views(cells[cells["line"].isin(["Sst", "Rorb"])], looks=looks)
    for line in ("Sst", "Rorb"):
        marks = {
            (t.marker.color, t.marker.symbol)
            for figure in (all_of_them, some)
            for t in figure.data
            if t.meta["line"] == line
        }
        assert len(marks) == 1


def test_lines_that_are_next_to_each_other_differ_in_both():
    looks = list(theme.lines(NAMES[:24]).values())
    for a, b in itertools.pairwise(looks):
        assert a.colour != b.colour
        assert a.symbol != b.symbol


def test_kinds_are_the_families_of_lines():
    looks = theme.kinds(["exc", "inh", "", "mixed"])
    lines = theme.lines(["a", "b"], ["exc", "inh"])
    assert lines["a"].colour == looks["exc"].colour
    assert looks[""].title == "Not known"
    assert len({look.colour for look in looks.values()}) == 4


# ---- predicted and measured lines


def test_the_matrix_marks_every_line_of_its_own():
    matrix = made.matrix()
    cells, own = figures.line_matrix(matrix).data
    np.testing.assert_allclose(cells.z, matrix, atol=1e-6)
    assert list(own.x) == list(own.y) == list(matrix.index)
    assert set(matrix.columns) - set(own.x) == {"Chat", "Chrna2-OE25"}
    assert (cells.zmin, cells.zmax) == (-1, 1)


def test_the_matrix_is_square_on_every_screen_and_its_lines_are_short():
    long = [f"{'a' * 15}{i:02d}{'b' * 15}" for i in range(16)]
    matrix = (
        made.matrix().set_axis(long).rename(columns=dict(zip(made.LINES[2:], long, strict=True)))
    )
    figure = figures.line_matrix(matrix)
    assert figure.layout.yaxis.scaleanchor == "x"
    assert max(map(len, figure.data[0].y)) <= 17
    assert len(set(figure.data[0].y)) == 16
    assert len(figure.data[1].x) == 16
    assert figure.layout.xaxis.dtick == 1, "no line is left out"
    assert still(figure).axes[0].get_aspect() == 1


def test_markers_stand_side_by_side_by_kind():
    table = made.marker_genes()
    predicted, measured = figures.markers(table).data
    assert list(predicted.y) == list(measured.y)
    assert list(predicted.x) == list(measured.x) == list(made.GENES)
    kinds = [made.KINDS[line] for line in predicted.y]
    assert kinds == sorted(kinds)
    for trace, column in ((predicted, "predicted"), (measured, "measured")):
        wide = table.pivot_table(index="line", columns="gene", values=column)
        wide = wide.loc[list(trace.y), list(trace.x)]
        np.testing.assert_allclose(trace.z, wide, atol=1e-6)
        raw = {"predicted": 8, "measured": 10}[column]
        np.testing.assert_allclose(trace.customdata, raw * wide)
    assert (predicted.showscale, measured.showscale) == (True, False)


def test_a_line_parts_the_kinds_and_what_is_missing_has_no_colour():
    table = made.marker_genes().drop(columns=["predicted_raw", "measured_raw"])
    figure = figures.markers(table[1:])
    assert [shape.y0 for shape in figure.layout.shapes] == [8.5, 8.5]
    assert np.isnan(figure.data[0].z).sum() == 1
    assert figure.data[0].customdata is None
    one = figures.markers(table[table["kind"] == "exc"])
    assert not one.layout.shapes
    assert one.layout.meta["note"] == ""


def test_own_lines_stand_against_the_range_of_others():
    table = made.own()
    figure = figures.own_and_others(table)
    others, median, own = figure.data
    ends = np.asarray(others.x).reshape(-1, 3)
    np.testing.assert_array_equal(ends[:, :2], table[["low", "high"]])
    assert np.isnan(ends[:, 2]).all()
    np.testing.assert_array_equal(median.x, table["median"])
    np.testing.assert_array_equal(own.x, table["own"])
    assert list(figure.layout.yaxis.ticktext) == list(made.LINES)
    assert list(own.y) == list(range(len(table)))


# ---- heat maps in pictures


def test_a_scale_is_in_the_picture_of_a_map_that_has_one():
    drawn = still(figures.coefficient_map(made.coefficient_table(9)))
    assert len(drawn.axes) == 2
    assert drawn.axes[1].get_xlabel() == "coefficient, per standard deviation"
    assert len(still(figures.markers(made.marker_genes())).axes) == 3


def test_thousands_of_names_are_not_written():
    figure = figures.coefficient_map(made.coefficient_table(300))
    axes = still(figure).axes[0]
    assert not [t for t in axes.get_yticklabels() if t.get_text()]
    assert [t.get_text() for t in axes.get_xticklabels()] == list(made.FEATURES)
    assert sorted(axes.get_ylim()) == [-0.5, 299.5]


@pytest.mark.parametrize(("ends", "scale"), [((-1, 1), 3), ((0, 1), 2)])
def test_a_scale_diverges_about_zero_only(ends, scale):
    trace = heat.heat(np.zeros((1, 1)), ["a"], ["b"], ends=ends)
    assert len(trace["colorscale"]) == scale
    assert trace["showscale"] is False

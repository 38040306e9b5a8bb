"""Figures of the leukemia studies: what is drawn is what stands in the table."""

import json

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pytest

from analysis_lib import figures
from analysis_lib.figures import picture, theme
from analysis_lib.figures.text import plain
from tests import figure_tables as tables

CLASSES = tables.CLASSES
EMPTY = {
    "values": lambda: figures.values(tables.binned().head(0)),
    "explained": lambda: figures.explained(tables.many_components(0), keep=0.95),
    "curves": lambda: figures.curves(tables.history().head(0), stop=3),
    "spread": lambda: figures.spread(tables.seed_errors().head(0), reference={"svm": 2}),
    "precision_recall": lambda: figures.precision_recall(
        tables.precision_recall().head(0), tables.average_precision().head(0), share=0.4
    ),
    "calibration": lambda: figures.calibration(tables.calibration().head(0)),
    "patients": lambda: figures.patients(tables.probabilities().head(0)),
    "strength": lambda: figures.strength(tables.strengths().head(0)),
    "embeddings": lambda: figures.embeddings(tables.embedded().head(0)),
    "quality": lambda: figures.quality(tables.embedding_quality().head(0)),
    "gene_weights": lambda: figures.gene_weights(tables.gene_weights().head(0), classes=CLASSES),
    "confusion": lambda: figures.confusion(tables.confusion().head(0), colourful=True),
    "clusters": lambda: figures.clusters(tables.clustered().head(0)),
    "errors": lambda: figures.errors(tables.method_errors().head(0)),
    "stability": lambda: figures.stability(tables.gene_stability().head(0)),
    "selection_bias": lambda: figures.selection_bias(tables.choices().head(0), majority=0.7),
    "learning": lambda: figures.learning(tables.learning().head(0)),
}


def named(figure, start):
    return [t for t in figure.data if t.name and plain(t.name).startswith(start)]


def still(figure):
    """The picture of a figure before it becomes bytes."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    made = Figure()
    FigureCanvasAgg(made)
    picture._draw(figure, made)
    return made


# ---- all of them


@pytest.mark.parametrize("name", EMPTY)
def test_a_table_without_rows_is_a_figure_that_says_so(name):
    figure = EMPTY[name]()
    assert sum(len(trace.x) for trace in figure.data) == 0
    assert figure.layout.annotations[0].text.endswith(".")
    assert theme.kept(figure) is not None
    assert picture.png(figure)


@pytest.mark.parametrize("name", tables.every_figure())
def test_the_legend_of_a_picture_is_the_legend_of_its_figure(name):
    figure = tables.every_figure()[name]
    listed = [
        plain(trace.name or "")
        for trace in figure.data
        if trace.showlegend is not False and trace.type != "heatmap"
    ]
    shown = figure.layout.showlegend
    wanted = len(listed) > 1 if shown is None else shown
    legends = still(figure).legends
    drawn = [text.get_text() for legend in legends for text in legend.get_texts()]
    assert sorted(drawn) == (sorted(listed) if wanted else [])


def test_no_class_is_missing_from_the_legend_of_a_picture():
    """Matplotlib leaves out names that begin with an underscore."""
    (legend,) = still(figures.clusters(tables.clustered().replace("ALL", "_all"))).legends
    assert " _all, cluster 1 (26)" in [text.get_text() for text in legend.get_texts()]


def test_figures_of_panels_say_how_these_lie_on_a_narrow_screen():
    places = figures.embeddings(tables.embedded()).layout.meta["narrow"]
    assert places["height"] > figures.embeddings(tables.embedded()).layout.height
    across = [places["axes"][f"xaxis{axis}"]["domain"] for axis in theme.axes(3)]
    upright = [places["axes"][f"yaxis{axis}"]["domain"] for axis in theme.axes(3)]
    assert across == [[0, 1]] * 3
    assert upright[0][1] == 1
    assert upright[2][0] == 0
    assert upright[0][0] > upright[1][1] > upright[1][0] > upright[2][1]


def test_matrices_stand_two_by_two_on_a_narrow_screen_with_their_words_at_the_edge():
    figure = figures.confusion(tables.confusion())
    axes = figure.layout.meta["narrow"]["axes"]
    assert axes["xaxis3"]["domain"] == axes["xaxis"]["domain"]
    assert axes["xaxis4"]["domain"] == axes["xaxis2"]["domain"]
    assert axes["yaxis3"]["domain"] == axes["yaxis4"]["domain"] < axes["yaxis"]["domain"]
    left = {name for name, axis in axes.items() if axis.get("showticklabels")}
    assert left == {"yaxis", "yaxis3", "yaxis5"}
    below = {name for name, axis in axes.items() if axis["title"]["text"] == "predicted"}
    assert below == {"xaxis4", "xaxis5"}
    two = tables.confusion().query("model in ('svm', 'forest')")
    assert figures.confusion(two).layout.meta is None


def test_a_long_legend_makes_a_figure_higher():
    def height(models):
        curves = tables.precision_recall().drop_duplicates("model")
        curves = pd.concat([curves.head(1).assign(model=model) for model in models])
        layout = figures.precision_recall(curves, tables.average_precision()).layout
        return layout.height, (layout.meta or {}).get("narrow", {}).get("height")

    assert height(tables.LINEUP[:6]) == (480, None)
    wide, narrow = height(tables.LINEUP)
    assert narrow > wide > 480


def test_facts_about_a_figure_do_not_push_out_one_another():
    figure = theme.panels(["a", "b"], narrow_height=500)
    theme.count(figure, total=5, drawn=3, note="some")
    assert figure.layout.meta["narrow"]["height"] == 500
    assert figure.layout.meta["points_drawn"] == 3


# ---- features


def test_histograms_have_every_count_where_it_belongs():
    table = tables.binned()
    figure = figures.values(table)
    for bars, panel in zip(figure.data, ("original", "scaled"), strict=True):
        rows = table[table["panel"] == panel]
        np.testing.assert_array_equal(bars.y, rows["count"])
        np.testing.assert_allclose(bars.x - bars.width / 2, rows["low"])
        np.testing.assert_allclose(bars.x + bars.width / 2, rows["high"])
    assert [plain(a.text) for a in figure.layout.annotations] == [
        "Original values",
        "Scaled values",
    ]


def test_many_components_have_no_numbers_in_bars_and_every_fifth_a_name():
    figure = figures.explained(tables.many_components(), keep=0.95)
    bars, total, line = figure.data
    assert bars.text is None
    assert list(figure.layout.xaxis.ticktext) == [f"PC{i}" for i in range(5, 38, 5)]
    assert [bars.x[i] for i in figure.layout.xaxis.tickvals] == list(figure.layout.xaxis.ticktext)
    assert list(line.y) == [0.95, 0.95]
    assert line.name == "95% of the variance"
    assert len(total.x) == 37
    (axes,) = still(figure).axes
    assert [t.get_text() for t in axes.get_xticklabels()] == list(figure.layout.xaxis.ticktext)
    assert len(figures.explained(tables.many_components(12)).data[0].text) == 12


# ---- training


def test_the_first_seed_stands_out_from_the_others():
    history = tables.history(seeds=4)
    figure = figures.curves(history)
    bold, faint = named(figure, "Training, seed 42"), named(figure, "Training, 3 other seeds")
    assert [t.line.width for t in bold] == [2.5, 2.5]
    assert {t.opacity for t in faint} == {0.4}
    assert {t.line.color for t in bold + faint} == {theme.BLUE}
    assert {t.line.dash for t in named(figure, "Validation")} == {"dash"}
    first = history.query("seed == 42 and part == 'training'")
    np.testing.assert_allclose(bold[0].y, first["accuracy"])
    np.testing.assert_allclose(bold[1].y, first["loss"])
    others = history.query("seed != 42 and part == 'training'")
    assert np.isnan(faint[0].x).sum() == 3, "a gap after each seed"
    np.testing.assert_allclose(faint[0].y[~np.isnan(faint[0].y)], others["accuracy"])


def test_one_seed_has_no_others_and_training_may_stop():
    figure = figures.curves(tables.history(seeds=1), stop=25)
    assert named(figure, "Training, 0") == []
    lines = named(figure, "Early stopping: epoch 25")
    assert [list(line.x) for line in lines] == [[25, 25]] * 2
    assert [line.showlegend for line in lines] == [True, False]


def test_a_learning_curve_goes_through_its_values():
    table = tables.learning()
    figure = figures.learning(table)
    for line, model in zip(figure.data, dict.fromkeys(table["model"]), strict=True):
        rows = table[table["model"] == model]
        np.testing.assert_allclose(line.y, rows["value"])
        np.testing.assert_allclose(line.y - line.error_y.arrayminus, rows["low"])
        np.testing.assert_allclose(line.y + line.error_y.array, rows["high"])
        assert np.abs(line.x - rows["size"]).max() < 1, "beside its size, not at another"
        assert line.error_y.color == line.line.color
    assert len({tuple(line.x) for line in figure.data}) == 3, "whiskers beside each other"
    assert list(figure.layout.xaxis.ticktext) == ["10", "15", "20", "25", "30", "38"]


# ---- draws


def test_every_seed_is_a_dot_and_no_two_cover_each_other():
    table = tables.seed_errors()
    figure = figures.spread(table, reference={"logistic_all": 5})
    dots = [t for t in figure.data if t.mode == "markers"]
    assert sum(len(t.x) for t in dots) == len(table)
    for row, trace in enumerate(dots):
        places = list(zip(trace.x, trace.y, strict=True))
        assert len(set(places)) == len(places)
        assert np.abs(np.asarray(trace.y) - row).max() < 0.5
    np.testing.assert_array_equal(dots[0].x, table.query("model == 'network'")["errors"])
    assert list(figure.layout.yaxis.ticktext) == ["Network", "Regularised<br>network"]
    assert list(figure.data[0].x) == [5, 5]
    assert figure.data[0].name == "Logistic, all genes: 5"
    assert figure.layout.xaxis.title.text == "errors of 34"


def test_many_equal_seeds_stay_in_their_row():
    table = pd.DataFrame({"model": "network", "seed": range(200), "errors": 5, "n": 34})
    y = figures.spread(table).data[0].y
    assert len(set(y)) == 200
    assert np.abs(y).max() < 0.5


def test_selection_bias_has_every_draw_its_mean_and_the_majority():
    table = tables.choices()
    figure = figures.selection_bias(table, majority=0.711)
    dots = [t for t in figure.data if t.mode == "markers"]
    assert sum(len(t.x) for t in dots) == len(table)
    means = named(figure, "Mean")
    grouped = table.groupby(["labels", "choice"])["accuracy"].mean()
    assert sorted(t.y[0] for t in means) == pytest.approx(sorted(grouped))
    assert [list(t.y) for t in named(figure, "Guessing")] == [[0.711] * 2] * 2
    titles = [plain(a.text) for a in figure.layout.annotations]
    assert titles == ["True labels", "Shuffled labels"]
    outside, inside = (named(figure, f"Genes chosen {c}") for c in ("outside", "inside"))
    assert {t.marker.symbol for t in outside} & {t.marker.symbol for t in inside} == set()


def test_a_choice_that_was_not_made_has_no_dots():
    table = tables.choices().query("choice == 'inside the folds' or labels == 'true'")
    figure = figures.selection_bias(table, majority=0.711)
    assert sum(len(t.x) for t in figure.data if t.mode == "markers") == len(table)


# ---- probabilities


@pytest.mark.parametrize("order", [slice(None), slice(None, None, -1)])
def test_precision_holds_to_the_left_of_its_recall(order):
    """Steps: a straight line between the points would promise what no threshold gives."""
    table = tables.precision_recall().query("model == 'logistic'").iloc[order]
    line = figures.precision_recall(table, tables.average_precision()).data[0]
    assert line.line.shape == "vh"
    assert list(line.x) == [0, 0.6, 0.9, 1]
    assert list(line.y) == [1, 0.9, 0.7, 0.4]
    area = np.sum(np.diff(line.x) * line.y[1:])
    assert area == pytest.approx(0.6 * 0.9 + 0.3 * 0.7 + 0.1 * 0.4)
    assert line.customdata[0] == "none"


def test_precision_recall_names_its_average_and_the_share_of_the_class():
    figure = figures.precision_recall(
        tables.precision_recall(), tables.average_precision(), share=0.41
    )
    assert figure.data[0].name == "Logistic regression: 0.900 (0.80–1.00)"
    assert figure.data[-1].name == "Calling all positive: 0.410"
    assert set(figure.data[-1].y) == {0.41}


def test_calibration_has_a_point_with_its_interval_per_bin():
    table = tables.calibration()
    figure = figures.calibration(table)
    assert [t.name for t in figure.data] == [
        "Network", "Mean of the networks", "Logistic, all genes", "As often as predicted",
    ]  # fmt: skip
    rows, line = table[table["model"] == "network"], figure.data[0]
    np.testing.assert_allclose(line.y + line.error_y.array, rows["high"])
    np.testing.assert_allclose(line.y - line.error_y.arrayminus, rows["low"])
    assert line.customdata[0].endswith("7 samples")
    assert list(figure.data[-1].x) == list(figure.data[-1].y) == [0, 1]


def test_every_patient_has_a_row_and_every_seed_a_dot():
    table = tables.probabilities()
    figure = figures.patients(table)
    assert sum(len(t.x) for t in figure.data) == len(table)
    names = np.array(figure.layout.yaxis.ticktext)
    assert len(names) == table["sample"].nunique()
    for trace in figure.data:
        assert list(names[list(trace.y)]) == list(trace.text), "a dot in another's row"
    means = table.groupby("sample")["probability"].mean()[names].to_numpy()
    truths = table.groupby("sample")["truth"].first()[names].to_numpy()
    assert list(truths) == sorted(truths)
    for cls in CLASSES:
        assert (np.diff(means[truths == cls]) >= 0).all()
    assert figure.layout.shapes[0].x0 == 0.5
    assert figure.layout.xaxis.title.text == "probability of AML"
    assert figure.data[0].customdata[0] == "Network, seed 0"


def test_of_many_patients_those_farthest_from_their_class_are_shown():
    table = tables.probabilities(n=120, seeds=1)
    figure = figures.patients(table)
    names = set(figure.layout.yaxis.ticktext)
    assert len(names) == 80
    assert "80 of 120 samples" in figure.layout.meta["note"]
    means = table.groupby("sample")["probability"].mean()
    truths = table.groupby("sample")["truth"].first()
    far = (means - (truths == "AML")).abs()
    assert far[list(names)].min() >= far.drop(list(names)).max()
    assert set(theme.kept(figure)["sample"]) == names


def test_the_positive_class_may_be_told():
    figure = figures.patients(tables.probabilities(), positive="ALL")
    assert figure.layout.xaxis.title.text == "probability of ALL"


def test_wrong_predictions_have_a_ring():
    table = tables.strengths()
    figure = figures.strength(table, threshold=0.25)
    (ring,) = named(figure, "Wrong (2)")
    wrong = table[table["truth"] != table["predicted"]]
    assert sorted(figure.layout.yaxis.ticktext[y] for y in ring.y) == sorted(wrong["sample"])
    assert ring.marker.symbol == "circle-open"
    assert figure.layout.shapes[0].x0 == 0.25
    dots = [t for t in figure.data if t is not ring]
    assert sum(len(t.x) for t in dots) == len(table)
    names = np.array(figure.layout.yaxis.ticktext)
    for trace in dots:
        assert list(names[list(trace.y)]) == list(trace.text)
    right = table.assign(predicted=table["truth"])
    assert named(figures.strength(right), "Wrong") == []


def test_of_many_predictions_the_wrong_ones_are_never_left_out():
    table = tables.strengths(200)
    figure = figures.strength(table)
    assert len(figure.layout.yaxis.ticktext) == 80
    assert len(named(figure, "Wrong (2)")[0].x) == 2


# ---- maps


def test_embeddings_draw_every_sample_in_every_panel_and_list_it_once():
    points = tables.embedded()
    figure = figures.embeddings(points)
    assert sum(len(t.x) for t in figure.data) == len(points)
    listed = [t.name for t in figure.data if t.showlegend]
    assert listed == [
        "ALL, training (26)", "ALL, test (22)", "AML, training (12)", "AML, test (12)",
    ]  # fmt: skip
    for axis in ("x", "x2", "x3"):
        panel = [t for t in figure.data if (t.xaxis or "x") == axis]
        assert len({(t.marker.color, t.marker.symbol) for t in panel}) == 4
        assert sorted(np.concatenate([t.text for t in panel])) == sorted(tables.samples()["sample"])


def test_samples_without_a_part_are_told_by_their_label_alone():
    points = tables.embedded()
    for without in (points.assign(part=""), points.drop(columns="part")):
        names = {t.name for t in figures.embeddings(without).data}
        assert names == {"ALL (48)", "AML (24)"}


def test_quality_has_a_bar_per_method_and_measure_with_its_range():
    table = tables.embedding_quality()
    figure = figures.quality(table)
    assert [t.name for t in figure.data] == ["PCA", "t-SNE", "UMAP"]
    for bars in figure.data:
        rows = table[table["method"] == bars.name]
        np.testing.assert_allclose(bars.y, rows["value"])
        np.testing.assert_allclose(bars.y - bars.error_y.arrayminus, rows["low"])
    assert figure.data[0].customdata[0].startswith("over the seeds")


def test_a_cluster_is_a_symbol_and_a_class_a_colour():
    figure = figures.clusters(tables.clustered())
    looks = {t.name: (t.marker.color, t.marker.symbol) for t in figure.data}
    assert looks["ALL, cluster 1 (26)"][0] != looks["AML, cluster 1 (1)"][0]
    assert looks["ALL, cluster 1 (26)"][1] == looks["AML, cluster 1 (1)"][1]
    assert looks["AML, cluster 2 (11)"][1] != looks["AML, cluster 1 (1)"][1]
    assert sum(len(t.x) for t in figure.data) == len(tables.clustered())


# ---- genes


def test_the_largest_weight_is_on_top_in_each_group():
    figure = figures.gene_weights(tables.gene_weights().iloc[::-1], classes=CLASSES)
    up, down = figure.data
    assert (up.name, down.name) == ("AML (positive)", "ALL (negative)")
    assert list(up.x) == sorted(up.x, reverse=True)
    assert list(down.x) == sorted(down.x)
    assert (up.x > 0).all()
    assert (down.x < 0).all()
    assert list(figure.layout.yaxis.categoryarray) == [*up.y, *down.y]
    assert up.y[0] == "4850 FAH"
    assert "X95738_at" in up.customdata[0]
    assert "Fumarylacetoacetate" in up.customdata[0]
    colours = [style.colour for style in theme.classes(CLASSES).values()]
    assert [down.marker.color, up.marker.color] == colours


def test_weights_of_zero_are_not_drawn_and_one_group_still_tells_its_class():
    table = tables.gene_weights()
    table["coefficient"] = table["coefficient"].clip(lower=0)
    figure = figures.gene_weights(table, classes=CLASSES)
    assert len(figure.data) == 1
    assert len(figure.data[0].x) == 5
    (legend,) = still(figure).legends
    assert [t.get_text() for t in legend.get_texts()] == ["AML (positive)"]
    none = figures.gene_weights(table.assign(coefficient=0.0), classes=CLASSES)
    assert none.layout.annotations[0].text == "Every coefficient is zero."


def test_stability_is_in_order_whoever_is_listed():
    figure = figures.stability(tables.gene_stability(), classes=CLASSES, source="Golub")
    shares = {y: x for t in figure.data for x, y in zip(t.x, t.y, strict=True)}
    order = list(figure.layout.yaxis.categoryarray)
    assert len(shares) == 10
    assert [shares[name] for name in order] == sorted(shares.values(), reverse=True)
    assert [t.name for t in figure.data] == ["In Golub", "Not in it"]
    assert {t.marker.color for t in figure.data} == {theme.ORANGE, theme.SKY}
    assert "higher in ALL" in figure.data[0].customdata[0]
    (axes,) = still(figure).axes
    assert [t.get_text() for t in axes.get_yticklabels()] == order, "the picture in its order too"


def test_of_many_genes_the_most_stable_are_shown():
    table = pd.concat([tables.gene_stability()] * 4, ignore_index=True)
    figure = figures.stability(table)
    assert sum(len(t.x) for t in figure.data) == 30
    assert len(set(np.concatenate([t.y for t in figure.data]))) == 30
    assert figure.layout.meta["note"].startswith("The 30 genes of 40")


# ---- scores


def test_errors_stand_in_the_order_given_ours_with_and_published_without_whiskers():
    table = tables.method_errors()
    figure = figures.errors(table)
    published, here = figure.data  # ours lies above what it may cover
    ours = table[table["source"] == "here"]
    order = list(dict.fromkeys(table["what"]))
    assert [order[row] for row in here.y] == list(ours["what"])
    assert [order[row] for row in published.y] == list(table[table["source"] != "here"]["what"])
    assert published.marker.size > here.marker.size
    np.testing.assert_array_equal(here.x, ours["errors"])
    np.testing.assert_allclose(here.x + here.error_x.array, ours["high"])
    np.testing.assert_allclose(here.x - here.error_x.arrayminus, ours["low"])
    assert published.error_x.array is None
    assert published.marker.color == theme.GREY
    rows = [plain(text).replace("\n", " ") for text in figure.layout.yaxis.ticktext]
    assert rows == order
    assert "Tibshirani" in published.customdata[0]
    assert "50 genes" in published.customdata[0]
    assert figure.layout.xaxis.title.text == "errors"
    same = figures.errors(table.assign(n=34)).layout.xaxis.title.text
    assert same == "errors of 34"


def test_a_method_without_a_number_keeps_its_row_and_is_told():
    table = tables.method_errors()
    table.loc[2, ["errors", "low", "high", "genes"]] = np.nan
    figure = figures.errors(table)
    assert len(figure.layout.yaxis.ticktext) == table["what"].nunique() < len(table)
    assert figure.layout.meta["note"] == "1 of 11 rows have no number of errors."
    assert "nan" not in json.dumps([list(t.customdata) for t in figure.data])
    assert picture.png(figure)


def test_a_colourful_matrix_gives_every_truth_its_colour():
    counts = tables.confusion().query("model == 'svm'")
    figure = figures.confusion(counts, names=dict(enumerate(CLASSES)), colourful=True)
    (matrix,) = figure.data
    colours = [style.colour for style in theme.classes([0, 1]).values()]
    assert [colour for _, colour in matrix.colorscale][1::2] == colours
    ends = [at * matrix.zmax for at, _ in matrix.colorscale]
    np.testing.assert_allclose(ends, [0, 1, 2, 3])
    np.testing.assert_allclose(matrix.z - [[0], [2]], [[0.9, 0.1], [0.05, 0.95]])
    plain_one = figures.confusion(counts).data[0]
    np.testing.assert_array_equal(matrix.text, plain_one.text)


def test_the_matrix_of_three_classes_has_three_colours():
    counts = pd.DataFrame(
        [("svm", a, b, 5 if a == b else 1) for a in "xyz" for b in "xyz"],
        columns=["model", "truth", "predicted", "count"],
    )
    figure = figures.confusion(counts, colourful=True)
    (mesh,) = still(figure).axes[0].collections
    diagonal = mesh.to_rgba(mesh.get_array()).reshape(3, 3, 4)[range(3), range(3), :3]
    assert len({tuple(colour.round(1)) for colour in diagonal}) == 3


# ---- pictures


def test_rows_and_their_names_are_the_same_in_the_picture():
    figure = figures.errors(tables.method_errors())
    (axes,) = still(figure).axes
    assert [t.get_text() for t in axes.get_yticklabels()] == [
        plain(text) for text in figure.layout.yaxis.ticktext
    ]
    low, high = axes.get_ylim()
    assert low > high, "the first row is on top"


def test_whiskers_are_in_the_picture_too():
    from matplotlib.collections import LineCollection

    table = tables.calibration()
    (axes,) = still(figures.calibration(table)).axes
    drawn = [c for c in axes.collections if isinstance(c, LineCollection)]
    ends = np.concatenate([c.get_segments() for c in drawn])
    np.testing.assert_allclose(np.sort(ends[:, 1, 1]), np.sort(table["high"]))


def test_names_that_do_not_fit_beside_each_other_are_turned():
    (axes,) = still(figures.leakage(lineup_scores())).axes
    assert {tick.get_rotation() for tick in axes.get_xticklabels()} == {35}
    (few,) = still(figures.leakage(tables.scores())).axes
    assert {tick.get_rotation() for tick in few.get_xticklabels()} == {0}


def lineup_scores():
    one = tables.scores().query("model == 'svm'")
    return pd.concat([one.assign(model=model) for model in tables.LINEUP])


@pytest.mark.parametrize(
    ("trace", "message"),
    [
        (go.Scatter(x=[1], y=[1], line_shape="spline"), "spline"),
        (go.Scatter(x=[1], y=[1], mode="markers", marker_symbol="hourglass"), "hourglass"),
        (go.Scatter(x=[1], y=[1], mode="markers", marker_symbol="circle-open-dot"), "open-dot"),
    ],
)
def test_a_picture_refuses_lines_and_symbols_it_cannot_draw(trace, message):
    with pytest.raises(ValueError, match=message):
        picture.png(theme.new().add_trace(trace))

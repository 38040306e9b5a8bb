"""Figures: what is drawn is what stands in the table."""

import json
import struct

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pytest

from analysis_lib import figures
from analysis_lib.figures import picture, theme
from analysis_lib.figures.text import plain
from tests import figure_tables as tables

EVERY = list(tables.every_figure())


@pytest.fixture(scope="module")
def every():
    return tables.every_figure()


def trace(figure, name):
    (found,) = [t for t in figure.data if t.name and plain(t.name).startswith(name)]
    return found


def points(figure):
    return sum(len(t.x) for t in figure.data)


# ---- all of them


@pytest.mark.parametrize("name", EVERY)
def test_a_figure_is_strict_json_without_a_background(every, name):
    document = json.loads(every[name].to_json(engine="json"), parse_constant=pytest.fail)
    template = document["layout"]["template"]["layout"]
    assert template["paper_bgcolor"] == template["plot_bgcolor"] == "rgba(0,0,0,0)"
    assert document["layout"]["height"] > 200


@pytest.mark.parametrize("name", EVERY)
def test_a_figure_carries_its_table(every, name):
    assert len(theme.kept(every[name]))


@pytest.mark.parametrize("name", EVERY)
def test_a_picture_has_twice_the_pixels_and_the_same_bytes_again(every, name):
    first = picture.png(every[name])
    width, height = struct.unpack(">II", first[16:24])
    assert (width, height) == (1440, 2 * every[name].layout.height)
    assert picture.png(every[name]) == first


# ---- genes


def test_volcano_draws_every_gene_once_with_its_values():
    genes = tables.genes()
    figure = tables.volcano(genes)
    assert points(figure) == len(genes) == figure.layout.meta["points_drawn"]
    up = trace(figure, "Up")
    chosen = genes[(genes["call"] == "up") & (genes["pvalue"] > 0)]
    assert list(up.text) == list(chosen["name"])
    np.testing.assert_allclose(up.x, chosen["logFC"])
    np.testing.assert_allclose(up.y, -np.log10(chosen["pvalue"]))
    np.testing.assert_array_equal(up.customdata, chosen[["logFC", "pvalue", "baseMean"]])


def test_volcano_names_how_many_are_called():
    genes = tables.genes()
    titles = {t.name for t in tables.volcano(genes).data}
    for call, title in (("up", "Up"), ("down", "Down"), ("not significant", "Not significant")):
        assert f"{title} ({(genes['call'] == call).sum()})" in titles


def test_volcano_has_a_line_at_every_threshold():
    lines = tables.volcano().layout.shapes
    assert [line.x0 for line in lines if line.xref == "x"] == [-1, 1]
    assert [line.y0 for line in lines if line.yref == "y"] == [pytest.approx(-np.log10(0.05))]


def test_volcano_of_the_adjusted_p():
    genes = tables.genes().assign(padj=0.5)
    figure = tables.volcano(genes, p="padj")
    assert plain(figure.layout.yaxis.title.text) == "−log10 adjusted p-value"
    assert set(np.concatenate([t.y for t in figure.data])) == {-np.log10(0.5)}
    assert "adjusted p" in figure.data[0].hovertemplate


def test_calls_differ_in_colour_and_in_shape():
    markers = [style for name, style in theme.CALLS.items() if name != "not tested"]
    assert len({m.colour for m in markers}) == len({m.symbol for m in markers}) == 3


def test_an_unknown_call_is_refused_not_left_out():
    with pytest.raises(ValueError, match="UP"):
        tables.volcano(tables.genes().assign(call="UP"))


def test_genes_that_were_not_tested_stand_in_the_ma_plot_only():
    genes = tables.genes()
    genes.loc[5:14, "pvalue"] = np.nan
    genes = tables.called(genes)
    figure = figures.ma(genes, lfc_threshold=1)
    assert points(figure) == len(genes)
    assert len(trace(figure, "Not tested (10)").x) == 10
    volcano = tables.volcano(genes)
    assert points(volcano) == len(genes) - 10 == volcano.layout.meta["points_total"]
    assert volcano.layout.meta["points_missing"] == 10
    assert "10 genes without the values" in volcano.layout.meta["note"]


def test_ma_takes_the_logarithm_only_of_what_is_none():
    genes = tables.genes()
    logs = figures.ma(
        genes.assign(baseMean=np.log2(genes["baseMean"])), lfc_threshold=1, mean_is_log=True
    )
    counts = figures.ma(genes, lfc_threshold=1)
    np.testing.assert_allclose(logs.data[0].x / np.log2(10), counts.data[0].x)
    assert plain(logs.layout.xaxis.title.text) == "mean expression (log2)"


def test_a_mean_of_zero_is_drawn_at_the_left():
    genes = tables.genes()
    genes.loc[7, "baseMean"] = 0.0
    figure = figures.ma(genes, lfc_threshold=1)
    edge = trace(figure, "Mean 0")
    assert points(figure) == len(genes)
    assert list(edge.text) == ["Gene_7"]
    assert edge.x[0] < min(t.x.min() for t in figure.data if t is not edge)


def test_a_volcano_without_any_p_says_so():
    genes = tables.called(tables.genes().assign(pvalue=np.nan))
    figure = tables.volcano(genes)
    assert "No gene" in figure.layout.annotations[0].text
    assert picture.png(figure)


def test_many_points_are_drawn_by_webgl():
    assert {t.type for t in tables.volcano(tables.genes(2000)).data} == {"scatter"}
    assert {t.type for t in tables.volcano(tables.genes(2001)).data} == {"scattergl"}


def test_p_histogram_counts_every_p_and_names_what_is_missing():
    genes = tables.genes()
    genes.loc[:19, "pvalue"] = np.nan
    figure = figures.p_histogram(genes)
    bars, line = figure.data
    assert bars.y.sum() == 180
    assert len(bars.x) == 20
    assert list(line.y) == [9, 9]
    assert "20 genes have no p-value" in figure.layout.meta["note"]


# ---- scores


def test_roc_has_a_line_per_model_and_its_area():
    figure = figures.roc(tables.roc(), tables.scores())
    assert [t.name for t in figure.data] == [
        "Logistic regression: AUC 0.900 (0.80–1.00)",
        "SVM (RBF): AUC 0.800 (0.70–0.90)",
        "Random forest: AUC 0.700 (0.60–0.80)",
        "XGBoost: AUC 0.600 (0.50–0.70)",
        "Majority class: AUC 0.500 (0.40–0.60)",
        "Guessing: AUC 0.5",
    ]
    assert list(figure.data[0].customdata) == ["above every score", "0.500", "0.000"]


def test_a_score_that_does_not_exist_is_never_a_number():
    scores = tables.scores()
    scores.loc[scores["metric"] == "auc", ["value", "low", "high"]] = np.nan
    figure = figures.roc(tables.roc(), scores)
    assert {t.name.split("AUC ")[1] for t in figure.data[:-1]} == {"not defined"}
    bars = figures.comparison(scores).data[0]
    assert list(bars.text) == ["0.500", "0.500", "", "0.500"]
    assert bars.customdata[2] == "no interval"


def test_comparison_has_a_bar_per_model_and_metric_with_its_interval():
    figure = figures.comparison(tables.scores())
    assert [t.name for t in figure.data] == [
        "Majority class", "XGBoost", "Random forest", "SVM (RBF)", "Logistic regression",
    ]  # fmt: skip
    bars = trace(figure, "XGBoost")
    assert [plain(x) for x in bars.x] == [
        "Accuracy", "Balanced\naccuracy", "AUC", "Cross-validated\naccuracy",
    ]  # fmt: skip
    np.testing.assert_allclose(bars.y, 0.6)
    np.testing.assert_allclose(bars.error_y.array, 0.1)
    np.testing.assert_allclose(bars.error_y.arrayminus, 0.1)


def test_leakage_stands_side_by_side_over_the_baseline():
    figure = figures.leakage(tables.scores())
    assert [t.name for t in figure.data] == [
        "All features", "Without leaking features", "Majority class: 0.500",
    ]  # fmt: skip
    assert "Majority class" not in figure.data[0].x
    assert set(figure.data[2].y) == {0.5}


def test_confusion_shows_counts_and_shares_of_the_truth():
    figure = figures.confusion(tables.confusion(), names={0: "down", 1: "up"})
    first, baseline = figure.data[0], figure.data[-1]
    assert [[plain(cell) for cell in row] for row in first.text] == [
        ["18\n90.0%", "2\n10.0%"],
        ["1\n5.0%", "19\n95.0%"],
    ]
    assert [[plain(cell) for cell in row] for row in baseline.text][1] == ["20\n100.0%", "0\n0.0%"]
    assert list(first.y) == list(first.x) == ["down", "up"]
    titles = [plain(a.text) for a in figure.layout.annotations]
    assert titles[0] == "Logistic regression"
    assert titles[-1] == "Majority class"


def test_a_class_without_rows_has_shares_of_zero():
    counts = tables.confusion()
    counts.loc[counts["truth"] == 1, "count"] = 0
    assert figures.confusion(counts).data[0].z[1].tolist() == [0, 0]


def test_permutation_counts_every_shuffle_and_shows_the_true_labels():
    figure = figures.permutation(tables.null(), observed=0.975, p_value=0.00990099)
    bars, line = figure.data
    assert bars.y.sum() == 100
    assert line.name == "True labels: 0.975 (p = 0.0099)"
    low, high = figure.layout.xaxis.range
    assert low < min(bars.x)
    assert high > 0.975


def test_permutation_of_equal_scores():
    null = tables.null().assign(score=0.5)
    figure = figures.permutation(null, observed=0.5, p_value=1.0)
    assert figure.data[0].y.sum() == 100
    assert picture.png(figure)


# ---- features


def test_pca_titles_say_how_much_is_explained():
    points_table, ratios = tables.components()
    figure = figures.pca_2d(points_table, ratios)
    assert figure.layout.xaxis.title.text == "PC1 (50.0% of the variance)"
    assert figures.pca_3d(points_table, ratios).layout.scene.zaxis.title.text == "PC3 (20.0%)"
    assert [t.name for t in figure.data] == ["0 (30)", "1 (30)"]
    assert len({t.marker.symbol for t in figure.data}) == 2


def test_pca_of_few_components_says_so():
    points_table, ratios = tables.components()
    one = figures.pca_2d(points_table[["PC1", "name", "label"]], ratios)
    two = figures.pca_3d(points_table.drop(columns="PC3"), ratios)
    for figure in (one, two):
        assert figure.layout.annotations[0].text.startswith("There")
        assert picture.png(figure)


def test_pca_of_many_points_is_a_sample_and_says_so():
    points_table, ratios = tables.components(300)
    figure = figures.pca_2d(points_table, ratios, limit=100)
    assert points(figure) == 100
    assert figure.layout.meta["note"].startswith("100 of 300 points")
    assert set(figure.data[0].text) == set(
        figures.pca_2d(points_table, ratios, limit=100).data[0].text
    )


def test_explained_variance_adds_up():
    bars, total = figures.explained(tables.components()[1]).data
    np.testing.assert_allclose(np.cumsum(bars.y), total.y)


def test_coefficients_that_are_zero_are_not_drawn_and_the_largest_is_first():
    figure = figures.coefficients(tables.coefficients())
    assert [plain(y) for y in figure.data[0].y] == ["logFC  7.117", "baseMean  -0.01270"]
    assert figure.data[0].marker.color == (theme.UP, theme.DOWN)


def test_no_coefficient_at_all():
    figure = figures.coefficients(tables.coefficients().assign(coefficient=0.0))
    assert figure.layout.annotations[0].text == "Every coefficient is zero."


def test_many_coefficients_of_names_that_begin_alike():
    names = ["a" * 20 + f"{i:04d}" + "b" * 20 for i in range(40)]
    figure = figures.coefficients(pd.DataFrame({"feature": names, "coefficient": 1.0}))
    assert len(set(figure.data[0].y)) == 30
    assert "30 largest of 40" in figure.layout.meta["note"]


def test_boxes_are_the_quartiles_of_each_class():
    values = tables.values()
    figure = figures.boxes(values)
    sample = values.loc[(values["feature"] == "logFC") & (values["label"] == 1), "value"]
    box = figure.data[1]
    assert [box.q1[0], box.median[0], box.q3[0]] == pytest.approx(
        np.percentile(sample, [25, 50, 75]).tolist()
    )
    outside = 0 if box.y is None else len(box.y[0])
    inside = sample.between(box.lowerfence[0], box.upperfence[0]).sum()
    assert inside + outside == len(sample)


def test_a_box_of_nothing():
    values = tables.values()
    values.loc[values["label"] == 1, "value"] = np.nan
    assert picture.png(figures.boxes(values))


# ---- the look


def test_a_model_has_one_colour_whoever_stands_beside_it():
    alone = theme.models(["svm"])["svm"]
    assert theme.models(["network", "mine", "svm"])["svm"] == alone


@pytest.mark.parametrize("names", [
    (*tables.MODELS, "mine", "yours"),
    tables.LINEUP,
    ("network", "ensemble", "regularised", "logistic_all", "baseline"),
    ("svm_all", "logistic_all"),
])  # fmt: skip
def test_models_that_are_shown_together_have_looks_of_their_own(names):
    looks = theme.models(names).values()
    for each in ("title", "colour"):
        assert len({getattr(style, each) for style in looks}) == len(names)
    assert len({(style.symbol, style.dash) for style in looks}) > len(names) / 2


def test_every_class_has_a_colour_of_its_own():
    classes = theme.classes(["AML", "ALL", "c", "d"])
    assert len({style.colour for style in classes.values()}) == 4
    assert next(iter(classes)) == "ALL"


@pytest.mark.parametrize("names", [("1E5", "2E3"), ("007", "7"), ("2024-01-01", "2024-01-02")])
def test_names_are_never_read_as_numbers_or_dates(names):
    counts = tables.confusion().replace({"truth": dict(enumerate(names))})
    counts["predicted"] = counts["predicted"].map(dict(enumerate(names)))
    figure = figures.confusion(counts)
    assert figure.layout.xaxis.type == figure.layout.yaxis.type == "category"
    assert set(figure.data[0].x) == set(names)


# ---- pictures


def test_a_picture_never_leaves_out_what_it_cannot_draw():
    with pytest.raises(ValueError, match="pie"):
        picture.png(go.Figure(go.Pie(values=[1, 2])))
    log = theme.new().add_scatter(x=[1], y=[1], mode="lines").update_xaxes(type="log")
    with pytest.raises(ValueError, match="logarithmic"):
        picture.png(log)


def test_a_picture_does_not_depend_on_settings_and_leaves_none():
    import matplotlib as mpl

    figure = figures.explained(tables.components()[1])
    before = picture.png(figure)
    with mpl.rc_context({"font.size": 30, "axes.facecolor": "red"}):
        assert picture.png(figure) == before
        assert mpl.rcParams["font.size"] == 30


def test_a_picture_takes_names_of_any_alphabet():
    ratios = tables.components()[1].assign(component=["基因", "$x$", "<b>"])
    assert picture.png(figures.explained(ratios))

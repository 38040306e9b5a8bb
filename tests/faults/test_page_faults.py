"""Figures and tables: every point and every name is there as it is, and acts nowhere.

Faults 10, 12, 13, 18, 21 and 22, as far as figures and tables go.
"""

import json
import re
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from analysis_lib import figures, files, results
from analysis_lib.figures import embed
from analysis_lib.figures.text import plain
from tests import figure_tables as tables
from tests.faults.guards import Guard
from tests.site.browsing import Watched, chromium
from tests.site.figure_page import FigurePage

GUARDS = [
    Guard(
        "analysis_lib/figures/text.py",
        "shortened(visible(text), longest).translate(_PLOTLY)",
        "shortened(visible(text), longest)",
        "test_13_no_name_is_anywhere_in_a_figure_as_it_came[volcano]",
    ),
    Guard(
        "analysis_lib/figures/genes.py",
        "chosen = there & significant",
        "chosen = np.zeros_like(there)",
        "test_21_when_the_significant_ones_fill_the_limit_all_of_them_are_drawn",
    ),
    Guard(
        "analysis_lib/figures/genes.py",
        "y=np.where(zero, top * (1 + _EDGE_ROOM), height),",
        "y=-np.log10(significance),",
        "test_18_the_top_gene_is_drawn_and_its_true_p_is_told",
    ),
]

NAMES = [
    "<b>HLA-A</b>",
    '<a href="javascript:alert(1)">TP53</a>',
    "<img src=x onerror=alert(2)>",
    "</script><script>alert(3)</script>",
    "\"><svg onload='alert(4)'>",
    "$\\href{javascript:alert(5)}{x}$",
    "%{customdata[0]} &lt;i&gt;",
    "line\nbreak \u202etxet\u2066",
]


def hostile_genes():
    genes = tables.genes(40)
    genes.loc[: len(NAMES) - 1, "name"] = NAMES
    genes.loc[: len(NAMES) - 1, ["logFC", "pvalue"]] = [
        [4.0 + i, 10.0 ** -(i + 3)] for i in range(8)
    ]
    return tables.called(genes)


def hostile_figures():
    """Every figure whose text can come from data, with text that acts."""
    points, ratios = tables.components(8)
    points["name"] = NAMES
    points["label"] = [NAMES[i % 2] for i in range(8)]
    ratios["component"] = NAMES[:3]
    swap = dict(zip(tables.MODELS, NAMES, strict=False))
    scores = tables.scores().replace({"model": swap})
    confusion = tables.confusion().replace({"model": swap})
    values = tables.values()
    values["feature"] = values["feature"].map(
        dict(zip(("logFC", "pvalue", "baseMean"), NAMES, strict=False))
    )
    kept = pd.DataFrame({"feature": NAMES, "coefficient": range(1, 9)})
    titles = ratios.assign(component=["PC1", "PC2", "PC3"])
    return {
        "volcano": tables.volcano(hostile_genes()),
        "ma": figures.ma(hostile_genes(), lfc_threshold=1),
        "roc": figures.roc(tables.roc().replace({"model": swap}), scores),
        "comparison": figures.comparison(scores.replace({"metric": {"auc": NAMES[1]}}),
                                         metrics=["accuracy", NAMES[1]]),
        "leakage": figures.leakage(scores.replace({"features": {"all": NAMES[2]}})),
        "confusion": figures.confusion(confusion, names={0: NAMES[2], 1: NAMES[3]}),
        "pca_2d": figures.pca_2d(points, titles),
        "pca_3d": figures.pca_3d(points, titles),
        "explained": figures.explained(ratios),
        "coefficients": figures.coefficients(kept),
        "boxes": figures.boxes(values, names={0: NAMES[5], 1: NAMES[6]}),
        **hostile_leukemia_figures(),
    }  # fmt: skip


def hostile_leukemia_figures():
    classes = dict(zip(tables.CLASSES, NAMES[:2], strict=True))
    models = {"network": NAMES[2], "regularised": NAMES[3], "logistic_l2": NAMES[4]}
    words = {**classes, **models, "PCA": NAMES[5], "UMAP": NAMES[6], "stability": NAMES[1],
             "train": NAMES[3], "training": "training"}  # fmt: skip
    samples = {str(i): NAMES[i % 8] + str(i) for i in range(1, 73)}
    genes = dict(zip(tables.gene_weights()["gene"], NAMES, strict=False))
    shown = tables.gene_weights().assign(shown=[*NAMES, "a", "b"], description=[*NAMES, "c", "d"])
    errors = tables.method_errors().assign(status=NAMES[7])
    errors.loc[:7, "what"], errors.loc[1, "source"] = NAMES, NAMES[1]
    chosen = tables.choices().replace({"choice": {"inside the folds": NAMES[2]}})
    return {
        "values": figures.values(tables.binned().replace({"panel": {"scaled": NAMES[0]}})),
        "curves": figures.curves(
            tables.history(2).astype({"seed": str}).replace({"seed": {"42": NAMES[0]}})
        ),
        "spread": figures.spread(tables.seed_errors().replace(models), reference={NAMES[5]: 3}),
        "precision_recall": figures.precision_recall(
            tables.precision_recall().replace({"model": {"svm": NAMES[4]}}),
            tables.average_precision(),
        ),
        "calibration": figures.calibration(tables.calibration().replace(models)),
        "patients": figures.patients(tables.probabilities().replace({**words, **samples})),
        "strength": figures.strength(tables.strengths().replace({**words, **samples})),
        "embeddings": figures.embeddings(tables.embedded().replace({**words, **samples})),
        "quality": figures.quality(tables.embedding_quality().replace(words)),
        "clusters": figures.clusters(tables.clustered().replace({**words, **samples}), x=NAMES[0]),
        "gene_weights": figures.gene_weights(shown.replace({"gene": genes}), classes=NAMES[:2]),
        "stability": figures.stability(shown.assign(share=0.5, sign=1, listed=False),
                                       classes=NAMES[:2], source=NAMES[2]),
        "errors": figures.errors(errors),
        "selection_bias": figures.selection_bias(
            chosen.replace({"labels": {"true": NAMES[0]}}), majority=0.7
        ),
        "learning": figures.learning(tables.learning().replace(models)),
    }  # fmt: skip


@pytest.fixture(scope="module")
def hostile(tmp_path_factory):
    """A page of hostile figures and a table, in a browser."""
    page = FigurePage(tmp_path_factory.mktemp("hostile") / "site")
    for name, figure in hostile_figures().items():
        page.figure(figure, name, caption=" ".join(NAMES), alt=" ".join(NAMES))
    table = hostile_genes().rename(columns={"logFC": NAMES[2]})
    page.table(table, "genes", caption=" ".join(NAMES))
    with chromium() as browser:
        watched = Watched(browser.new_page())
        watched.page.goto(page.write())
        for name in hostile_figures():
            watched.drawn(name)
        yield watched


def inner(watched, selector):
    return watched.page.locator(selector).all_text_contents()


@pytest.mark.fault(
    "a figure in a form that the page would drop",
    by="a figure is shown as a notebook does",
    survives="a mark with its name and a picture, which the page turns into it",
)
def test_10_a_figure_is_embedded_by_name_not_as_plotlys_own_output(tmp_path, monkeypatch):
    """Before: the page had no figure and the build was green: myst-nb dropped Plotly's output."""
    shown = []
    monkeypatch.setattr(embed, "emit", shown.append)
    monkeypatch.setenv(results.FOLDER_VARIABLE, str(tmp_path))
    figures.show(tables.volcano(), name="volcano", caption="c", alt="a")
    assert set(shown[0]) == {embed.FIGURE_MIME, "image/png", "text/plain"}
    info = json.loads((tmp_path / "figures/volcano.info.json").read_text())
    assert re.findall('<figure [^>]*id="figure-volcano"', embed.figure_html(info, 1, "f"))


@pytest.mark.fault(
    "names that are scripts, links and images",
    by="in all figures, tables and captions of a page in a browser",
    survives="no script runs, no element is made, every name can be read",
)
def test_12_no_text_from_data_runs_or_becomes_an_element(hostile):
    """Before: a gene called `<img src=x onerror=…>` ran its script in captions, tables, titles."""
    assert hostile.faults == []
    strange = (
        "figure script, .ar-caption *:not(.ar-title), td *, th *:not(button), [onload], [onerror]"
    )
    assert hostile.page.locator(strange).count() == 0
    assert hostile.page.locator("img:not(.ar-still), figure a[href^=javascript]").count() == 0
    assert "<img src=x onerror=alert(2)>" in inner(hostile, ".ar-caption")[0]


@pytest.mark.fault(
    "the same names in rows that a script writes",
    by="a table of the page is sorted in a browser",
    survives="they are text there, too",
)
def test_12_the_rows_that_the_script_fills_in_are_text_too(hostile):
    """Before: rows written as HTML by the page's script would run what the first rows do not."""
    hostile.page.click("th >> text=name")
    hostile.page.wait_for_function(
        "document.querySelector('.ar-rows').textContent.startsWith('Rows')"
    )
    assert hostile.page.locator("td *").count() == 0
    assert "<b>HLA-A</b>" in inner(hostile, "td")
    assert hostile.faults == []


@pytest.mark.fault(
    "names that Plotly takes for links and bold letters",
    by="on the axes of a figure in a browser",
    survives="they stand there letter by letter",
)
def test_13_names_stand_in_a_figure_as_they_are_written(hostile):
    """Before: Plotly made a link of `<a href>` in a gene's name and bold letters of `<b>`."""
    assert hostile.page.locator(".ar-plot a[*|href]:not(.modebar-btn)").count() == 0
    ticks = " ".join(inner(hostile, "#figure-coefficients .ytick text"))
    assert "<b>HLA-A</b>" in ticks
    assert "<img src=x" in ticks
    assert "%{customda…" in ticks
    bold = inner(hostile, '#figure-coefficients tspan[style*="bold"]')
    assert bold == []


@pytest.mark.fault(
    "the same names in the labels of points",
    by="every such point is hovered over in a browser",
    survives="they stand there letter by letter; no link, no script",
)
def test_13_nor_does_hovering_interpret_them(hostile):
    """Before: the hover label of the gene `<b>HLA-A</b>` was bold, that of `<a …>` a link."""
    hostile.page.locator("#figure-volcano").scroll_into_view_if_needed()
    seen = ""
    for i in range(len(NAMES)):
        point = f"{{curveNumber: 2, pointNumber: {i}}}"  # the trace of the genes that are up
        hostile.page.evaluate(
            f"Plotly.Fx.hover(document.querySelector('#figure-volcano .ar-plot'), [{point}])"
        )
        hostile.page.wait_for_function(
            "[...document.querySelectorAll('#figure-volcano .hovertext')]"
            f".some(label => label.textContent.includes('change {4 + i}.000'))"
        )
        seen += " ".join(inner(hostile, "#figure-volcano .hovertext"))
        assert hostile.page.locator("#figure-volcano .hovertext a").count() == 0
    assert '<a href="javascript:alert(1)">TP53</a>' in seen
    assert "$\\href{javascript:alert(5)}{x}$" in seen
    assert "line\\nbreak \\u202etxet\\u2066" in seen
    assert hostile.faults == []


@pytest.mark.fault(
    "a place of a figure that a name reaches unescaped",
    by="every figure is made of such names, and searched",
    survives="no name is in any part of any figure as it came",
)
@pytest.mark.parametrize("name", hostile_figures())
def test_13_no_name_is_anywhere_in_a_figure_as_it_came(name):
    """Before: hover labels, titles and legends: each was once put together without the helper."""
    figure = hostile_figures()[name]
    written = json.dumps(json.loads(figure.to_json(engine="json")))
    assert "&lt;" in written
    for part in ("<img", "<script", "<a ", "<svg", "<b>HLA-A", "%{customdata[0]} ", "$"):
        assert part not in written


@pytest.mark.fault(
    "names with two dollar signs",
    by="every figure is drawn as a picture",
    survives="all are drawn",
)
def test_13_the_still_picture_takes_no_name_for_a_formula():
    """Before: two dollar signs in a name made matplotlib stop with a parse error."""
    for figure in hostile_figures().values():
        assert figures.picture.png(figure)


@pytest.mark.fault(
    "genes with p = 0",
    by="three of them in a volcano plot",
    survives="drawn at the top with a mark of their own, which tells p = 0",
)
def test_18_the_top_gene_is_drawn_and_its_true_p_is_told():
    """Before: p = 0 became infinite, and Plotly left out the most significant gene of all."""
    genes = tables.genes()
    figure = tables.volcano(genes)
    (edge,) = [t for t in figure.data if "p = 0" in t.name]
    assert list(edge.text) == ["Gene_0", "Gene_1", "Gene_2"]
    assert edge.marker.symbol == "triangle-up"
    assert edge.customdata[:, 1].tolist() == [0, 0, 0]
    others = np.concatenate([t.y for t in figure.data if t is not edge])
    assert np.isfinite(edge.y).all()
    assert edge.y.min() > max(others.max(), -np.log10(0.05))
    assert sum(len(t.x) for t in figure.data) == len(genes)


@pytest.mark.fault(
    "a table with no p above zero",
    by="all p 0, and all the smallest number",
    survives="every point is drawn, at a finite height",
    trials=2,
)
def test_18_even_when_every_p_is_zero_or_as_small_as_can_be():
    """Before: with nothing above zero there was no floor, and no point at all."""
    for p in (0.0, 5e-324):
        figure = tables.volcano(tables.called(tables.genes(20).assign(pvalue=p)))
        drawn = np.concatenate([t.y for t in figure.data])
        assert len(drawn) == 20
        assert np.isfinite(drawn).all()


@pytest.mark.fault(
    "genes without p",
    by="40 of them, in the plots that need p",
    survives="counted, and told below the figure",
)
def test_18_missing_p_are_counted_and_told():
    """Before: genes without a p-value vanished without a word."""
    genes = tables.genes()
    genes.loc[50:89, "pvalue"] = np.nan
    for figure in (tables.volcano(tables.called(genes)), figures.p_histogram(genes)):
        assert figure.layout.meta["points_missing"] == 40
        assert figure.layout.meta["note"].startswith("40 genes")


@pytest.mark.fault(
    "a table of a million genes",
    by="a volcano plot of it",
    survives="below 3 MB; all 3,000 called ones drawn; told: 20,000 of 1,000,000",
)
def test_21_of_a_million_genes_all_significant_and_a_sample_are_drawn_and_told(
    tmp_path, monkeypatch
):
    """Before: a million points made a page of 37 MB that took 1.2 GB of memory."""
    random = np.random.default_rng(0)
    n = 1_000_000
    genes = pd.DataFrame({"name": "g", "logFC": random.normal(size=n), "pvalue": 0.5})
    genes["name"] = genes.index.astype(str)
    genes.loc[:2999, ["logFC", "pvalue"]] = 3.0, 1e-9
    genes = tables.called(genes)
    monkeypatch.setenv(results.FOLDER_VARIABLE, str(tmp_path))
    monkeypatch.setattr(embed, "emit", lambda bundle: None)
    figure = tables.volcano(genes)
    figures.show(figure, name="volcano", caption="A volcano.", alt="a")
    (up,) = [t for t in figure.data if t.name.startswith("Up")]
    assert len(up.x) == 3000
    assert sum(len(t.x) for t in figure.data) == 20_000
    assert (tmp_path / "figures/volcano.json").stat().st_size < 3_000_000
    caption = json.loads((tmp_path / "figures/volcano.info.json").read_text())["caption"]
    assert "20,000 of 1,000,000 genes are drawn" in caption
    again = tables.volcano(genes)
    assert all(np.array_equal(a.x, b.x) for a, b in zip(figure.data, again.data, strict=True))


@pytest.mark.fault(
    "more significant genes than points may be drawn",
    by="500 called genes against a limit of 100",
    survives="every one of them is drawn",
)
def test_21_when_the_significant_ones_fill_the_limit_all_of_them_are_drawn():
    """Before: a plain sample of the points dropped significant genes."""
    genes = tables.called(tables.genes(500).assign(pvalue=0.001))
    figure = tables.volcano(genes, limit=100)
    for call in ("up", "down"):
        (trace,) = [t for t in figure.data if plain(t.name).startswith(call.title())]
        assert len(trace.x) == (genes["call"] == call).sum()
    assert figure.layout.meta["points_drawn"] == sum(len(t.x) for t in figure.data)


def left_behind(folder):
    """Show everything in a run; return the name and hash of every file."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(results.FOLDER_VARIABLE, str(folder))
        patch.setattr(embed, "emit", lambda bundle: None)
        for name, figure in tables.every_figure().items():
            figures.show(figure, name=name, caption="c", alt="a")
        figures.show_table(tables.genes(), name="genes", caption="c")
    return [f"{path.name} {files.sha256(path)}" for path in sorted(folder.rglob("*.*"))]


@pytest.mark.long
@pytest.mark.fault(
    "ids, dates and orders that change between processes",
    by="every figure and table twice, with another hash seed and home",
    survives="the same bytes in every file",
)
def test_22_two_processes_leave_the_same_bytes(tmp_path):
    """Before: div ids were random, pictures carried dates, sets came in any order."""
    here = left_behind(tmp_path / "here")
    code = (
        "import sys, pathlib; from tests.faults.test_page_faults import left_behind\n"
        "print('\\n'.join(left_behind(pathlib.Path(sys.argv[1]))))"
    )
    there = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "there")],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONHASHSEED": "7", "HOME": str(tmp_path)},
        cwd=files.PROJECT,
    )
    assert len(here) == 4 * len(tables.every_figure()) + 3
    assert there.stdout.splitlines() == here


@pytest.mark.fault(
    "Plotly's own HTML with random ids",
    by="the same figure embedded twice, from facts in another order",
    survives="the same HTML, without any random id",
)
def test_22_nothing_random_is_in_the_html():
    """Before: Plotly's own HTML has a new id in every build."""
    info = {"name": "volcano", "caption": "c", "alt": "a", "height": 440}
    html = embed.figure_html(info, 1, "files/dge/default")
    assert html == embed.figure_html(dict(reversed(info.items())), 1, "files/dge/default")
    assert not re.search(r"[0-9a-f]{8}-[0-9a-f]{4}", html)

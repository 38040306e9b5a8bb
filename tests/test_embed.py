"""From a figure or table to the notebook, the run's folder and the page."""

import base64
import json
import subprocess
import sys

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pytest

from analysis_lib import results
from analysis_lib.figures import embed, say, show, show_table
from analysis_lib.tables import read_table
from tests import figure_tables as tables

HOSTILE = "</script><img src=x onerror=alert(1)>\" onload='x' \u2028\u202e $x$"
WORDS = {"caption": "What is seen.", "alt": "In words."}


@pytest.fixture
def shown(monkeypatch):
    """What a notebook would show."""
    bundles = []
    monkeypatch.setattr(embed, "emit", bundles.append)
    return bundles


@pytest.fixture
def run(tmp_path, monkeypatch):
    """The folder of a run."""
    monkeypatch.setenv(results.FOLDER_VARIABLE, str(tmp_path))
    return tmp_path


def info(run, kind, name):
    return json.loads((run / kind / f"{name}.info.json").read_text())


# ---- figures


def test_in_a_run_a_figure_is_stored_and_the_notebook_has_its_name(run, shown):
    figure = tables.volcano()
    show(figure, name="volcano", **WORDS)
    assert {path.name for path in (run / "figures").iterdir()} == {
        "volcano.json",
        "volcano.png",
        "volcano.csv",
        "volcano.info.json",
    }
    (bundle,) = shown
    assert bundle[embed.FIGURE_MIME] == {"name": "volcano", **WORDS}
    assert bundle["text/plain"] == "In words."
    png = (run / "figures/volcano.png").read_bytes()
    assert base64.b64decode(bundle["image/png"]) == png
    assert "application/vnd.plotly.v1+json" not in bundle
    assert info(run, "figures", "volcano") == {
        "name": "volcano",
        **WORDS,
        "height": 440,
        "points_total": 200,
        "points_drawn": 200,
        "points_missing": 0,
    }


def test_what_the_page_must_know_of_panels_and_of_a_scene_is_told(run, shown):
    every = tables.every_figure()
    show(every["embeddings"], name="embeddings", **WORDS)
    show(every["pca_3d"], name="pca_3d", **WORDS)
    panels, scene = (info(run, "figures", name) for name in ("embeddings", "pca_3d"))
    height = every["embeddings"].layout.meta["narrow"]["height"]
    assert panels["narrow_height"] == height
    assert "turns" not in panels
    html = embed.figure_html(panels, 1, "files")
    assert f'style="--ar-height:420px;--ar-narrow-height:{height}px"' in html
    assert 'data-do="turn"' not in html
    assert "narrow_height" not in scene
    assert 'data-do="turn"' in embed.figure_html(scene, 1, "files")


def test_a_stored_figure_is_the_figure(run, shown):
    figure = tables.volcano()
    show(figure, name="volcano", **WORDS)
    stored = json.loads((run / "figures/volcano.json").read_text())
    assert stored == json.loads(figure.to_json(engine="json"))


def test_the_data_are_the_table_of_the_figure_or_the_one_given(run, shown):
    genes = tables.genes()
    show(tables.volcano(genes), name="own", **WORDS)
    stored = read_table(run / "figures/own.csv", numbers=["logFC", "pvalue", "baseMean"])
    pd.testing.assert_frame_equal(stored, genes, check_dtype=False)
    show(tables.volcano(genes), name="given", data=genes[["name"]].head(3), **WORDS)
    assert list(read_table(run / "figures/given.csv")["name"]) == ["Gene_0", "Gene_1", "Gene_2"]
    show(go.Figure(go.Scatter(x=[1, 2], y=[3, 4], mode="lines", name="a")), name="made", **WORDS)
    assert (run / "figures/made.csv").read_text() == "series,x,y\na,1,3\na,2,4\n"


def test_the_caption_says_what_is_not_drawn(run, shown):
    show(tables.volcano(limit=120), name="volcano", **WORDS)
    caption = info(run, "figures", "volcano")["caption"]
    assert caption.startswith("What is seen. ")
    assert "of 200 genes are drawn" in caption
    assert shown[0][embed.FIGURE_MIME]["caption"] == caption


def test_without_a_run_editors_draw_the_figure_and_nothing_is_stored(tmp_path, monkeypatch, shown):
    monkeypatch.delenv(results.FOLDER_VARIABLE, raising=False)
    monkeypatch.chdir(tmp_path)
    show(tables.volcano(), name="volcano", **WORDS)
    assert shown[0]["application/vnd.plotly.v1+json"]["data"]
    assert shown[0]["image/png"]
    assert embed.FIGURE_MIME not in shown[0]
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "name", ["", "Volcano", "a b", "../x", "a/b", "a.b", "1st", "x" * 65, "<b>", 'a"b', "ä", None]
)
def test_a_name_is_a_plain_name(run, shown, name):
    with pytest.raises(ValueError, match="is no name"):
        show(tables.volcano(), name=name, **WORDS)
    with pytest.raises(ValueError, match="is no name"):
        show_table(tables.scores(), name=name, caption="")
    with pytest.raises(ValueError, match="is no name"):
        embed.figure_html({"name": name, "height": 1, **WORDS}, 1, "files")
    assert not shown
    assert not list(run.iterdir())


def test_a_name_is_used_once_in_a_run(run, shown):
    show(tables.volcano(), name="volcano", **WORDS)
    with pytest.raises(ValueError, match="'volcano' was shown before"):
        show(tables.volcano(), name="volcano", **WORDS)
    show_table(tables.scores(), name="volcano", caption="A table may be called the same.")


def test_a_figure_on_a_page_is_one_line_and_nothing_in_it_acts():
    given = {"name": "volcano", "caption": HOSTILE, "alt": HOSTILE, "height": 440}
    html = embed.figure_html(given, 3, "../../files/dge/default")
    assert "\n" not in html
    for part in ("<script", "<img src=x", '" onload', "onload='", "\u202e", "\u2028"):
        assert part not in html
    assert 'id="figure-volcano"' in html
    assert 'data-src="../../files/dge/default/figures/volcano.js"' in html
    assert 'src="../../files/dge/default/figures/volcano.png"' in html
    assert 'href="../../files/dge/default/figures/volcano.csv" download' in html
    assert '<a class="ar-title" href="#figure-volcano">Figure 3.</a>' in html
    assert "--ar-height:440px" in html


def test_a_script_holds_json_and_nothing_else():
    content = json.dumps({"data": [{"text": [HOSTILE, "<!--", "]]>"]}], "layout": {}})
    script = embed.figure_script("dge/default", "volcano", content)
    start = 'analysisReport.figure("dge/default/volcano", '
    assert script.startswith(start)
    assert not set("<\u2028\u2029") & set(script)
    assert json.loads(script[len(start) :].removesuffix(");\n")) == json.loads(content)


def test_what_is_not_json_does_not_become_a_script():
    with pytest.raises(ValueError, match="Extra data"):
        embed.table_script("dge/default", "top", '{"rows": []}); alert(1); ({}')


# ---- tables


def frame():
    return pd.DataFrame(
        {
            "name": ["NA", HOSTILE, "=1+1"],
            "pvalue": [0.0, 1.23456e-7, np.nan],
            "n": [1, 20, 300],
            "kept": [True, False, True],
        }
    )


def test_in_a_run_a_table_is_stored_whole(run, shown):
    show_table(frame(), name="top", caption="The top.", rows_shown=2)
    document = json.loads((run / "tables/top.json").read_text())
    assert [c["kind"] for c in document["columns"]] == ["text", "number", "integer", "text"]
    assert document["rows"][0] == ["NA", 0.0, 1, "True"]
    assert document["rows"][2] == ["=1+1", None, 300, "True"]
    stored = info(run, "tables", "top")
    assert (stored["rows_total"], stored["rows_kept"], len(stored["first"])) == (3, 3, 2)
    assert "'=1+1" in (run / "tables/top.csv").read_text()
    assert shown[0][embed.TABLE_MIME] == {"name": "top", "caption": "The top."}


def test_without_a_run_a_table_is_shown_with_nothing_to_load(monkeypatch, shown):
    monkeypatch.delenv(results.FOLDER_VARIABLE, raising=False)
    show_table(frame(), name="top", caption="The top.")
    assert embed.TABLE_MIME not in shown[0]
    assert "data-src" not in shown[0]["text/html"]
    assert "href" not in shown[0]["text/html"]
    assert "The top." in shown[0]["text/plain"]


def test_a_table_on_a_page_is_complete_without_any_script(run, shown):
    show_table(frame(), name="top", caption=HOSTILE, rows_shown=2)
    html = embed.table_html(info(run, "tables", "top"), 1, "../files/dge/default")
    assert "\n" not in html
    for part in ("<script", "<img", "onload='", "\u202e", "\u2028"):
        assert part not in html
    assert '<th scope="col" class="ar-num">pvalue</th>' in html
    assert '<td class="ar-num" title="1.23456e-07">1.235e-7</td>' in html
    assert "First 2 of 3 rows" in html
    assert 'data-src="../files/dge/default/tables/top.js"' in html


def test_a_table_says_how_many_rows_can_be_searched(run, shown, monkeypatch):
    monkeypatch.setattr(embed, "ROWS_KEPT", 2)
    show_table(frame(), name="top", caption="", rows_shown=1)
    assert len(json.loads((run / "tables/top.json").read_text())["rows"]) == 2
    assert len(read_table(run / "tables/top.csv")) == 3
    html = embed.table_html(info(run, "tables", "top"), 1, "x")
    assert "First 1 of 3 rows (sorting and search: the first 2; the CSV has all)" in html


def test_missing_values_of_every_kind_are_dashes(run, shown):
    odd = pd.DataFrame(
        {
            "integer": pd.array([1, None], dtype="Int64"),
            "text": pd.array(["a", None], dtype="str"),
            "object": ["a", None],
        }
    )
    show_table(odd, name="odd", caption="")
    assert json.loads((run / "tables/odd.json").read_text())["rows"][1] == [None, None, None]
    assert shown[0]["text/html"].count(">–</td>") == 3


def test_an_empty_table(run, shown):
    show_table(frame().head(0), name="none", caption="Nothing.")
    assert "0 rows" in embed.table_html(info(run, "tables", "none"), 1, "x")


# ---- sentences


def test_sentences_are_paragraphs_in_which_nothing_acts(shown):
    say("One.", HOSTILE)
    assert shown[0]["text/html"].startswith('<div class="ar-say tex2jax_ignore mathjax_ignore"><p>')
    assert shown[0]["text/html"].count("<") == 6
    assert shown[0]["text/plain"].startswith("One.\n</script>")


@pytest.mark.parametrize("kind", ["note", "warning"])
def test_notes_and_warnings_are_admonitions(shown, kind):
    say("Mind the gap.", kind=kind)
    title = f'<p class="admonition-title">{kind.title()}</p>'
    assert shown[0]["text/html"] == (
        f'<div class="admonition {kind} tex2jax_ignore mathjax_ignore">{title}'
        "<p>Mind the gap.</p></div>"
    )
    assert shown[0]["text/plain"] == f"{kind.title()}: Mind the gap."


# ---- the notebook


def test_ipython_gets_every_form():
    code = (
        "from IPython.core.interactiveshell import InteractiveShell\n"
        "from IPython.utils.capture import capture_output\n"
        "InteractiveShell.instance()\n"
        "from analysis_lib.figures import say\n"
        "with capture_output() as seen: say('Hello.')\n"
        "print(sorted(seen.outputs[0].data))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "['text/html', 'text/plain']\n"


def test_plain_python_prints_the_words(capsys):
    say("Hello.")
    assert capsys.readouterr().out == "Hello.\n"


def test_the_front_door_loads_no_plotting_library():
    code = "import sys, analysis_lib.figures; print({'plotly', 'matplotlib'} & {*sys.modules})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"

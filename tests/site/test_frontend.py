"""The page's own scripts, in a real browser, from disk."""

import json

import numpy as np
import pandas as pd
import pytest

from analysis_lib.figures.text import number
from tests import figure_tables as tables
from tests.site.browsing import Watched
from tests.site.figure_page import BASE, FigurePage

FAR = '<div style="height:4000px"></div>'
EVERY = list(tables.every_figure())


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """All figures on one page, far apart."""
    page = FigurePage(tmp_path_factory.mktemp("site") / "a report")
    for name, figure in tables.every_figure().items():
        page.figure(figure, name)
    return page.write(between=FAR)


@pytest.fixture
def opened(browser):
    """Open an address in a page that is closed at the end."""
    contexts = []

    def opened(address, **settings):
        contexts.append(browser.new_context(viewport={"width": 1280, "height": 900}, **settings))
        watched = Watched(contexts[-1].new_page())
        watched.page.goto(address)
        return watched

    yield opened
    for context in contexts:
        context.close()


def one(tmp_path, *figures):
    page = FigurePage(tmp_path / "one")
    for name in figures or ("explained",):
        page.figure(tables.every_figure()[name], name)
    return page


# ---- figures


@pytest.mark.parametrize(("width", "theme"), [(1280, "light"), (390, "dark")])
def test_every_figure_is_drawn_and_nothing_goes_wrong(opened, site, width, theme):
    watched = opened(site)
    watched.page.set_viewport_size({"width": width, "height": 900})
    watched.page.evaluate(f"document.documentElement.dataset.theme = '{theme}'")
    last = "document.querySelector('#figure-boxes').offsetTop"
    before = watched.page.evaluate(last)
    for name in EVERY:
        watched.drawn(name)
        size = watched.page.eval_on_selector(
            f"#figure-{name} .ar-plot .main-svg", "e => [e.clientWidth, e.parentNode.scrollWidth]"
        )
        assert 300 < size[0] <= width
    assert watched.page.evaluate("document.documentElement.scrollWidth") <= width
    assert watched.faults == []
    assert watched.elsewhere() == []
    assert watched.requested("plotly.min.js") == 1
    assert watched.page.evaluate(last) == before, "something jumped"


def test_a_figure_is_fetched_when_it_comes_near_and_not_before(opened, site):
    watched = opened(site)
    watched.drawn(EVERY[0])
    assert watched.requested(f"{EVERY[0]}.js") == 1
    assert watched.requested(f"{EVERY[1]}.js") == 0


def test_a_figure_out_of_sight_gives_its_webgl_context_back(opened, site):
    watched = opened(site)
    watched.drawn("pca_3d")
    watched.drawn("volcano")
    watched.page.wait_for_selector('#figure-pca_3d[data-drawn="asleep"]')
    assert watched.page.locator("#figure-pca_3d canvas").count() == 0
    watched.drawn("pca_3d")
    assert watched.page.locator("#figure-pca_3d canvas").count() > 0
    assert watched.faults == []


def test_colours_follow_the_page(opened, tmp_path):
    watched = opened(one(tmp_path, "roc").write())
    watched.drawn("roc")
    ink = "getComputedStyle(document.querySelector('#figure-roc .xtick text')).fill"
    light = watched.page.evaluate(ink)
    watched.page.evaluate("document.documentElement.style.setProperty('--ar-ink', '#abcdef')")
    watched.page.evaluate("document.documentElement.dataset.theme = 'dark'")
    watched.page.wait_for_function(f"{ink} === 'rgb(171, 205, 239)'")
    assert light != "rgb(171, 205, 239)"


def test_a_figure_is_downloaded_as_an_image(opened, tmp_path):
    watched = opened(one(tmp_path).write())
    watched.drawn("explained")
    for kind, start in (("png", b"\x89PNG"), ("svg", b"<svg")):
        with watched.page.expect_download() as download:
            watched.page.click(f'#figure-explained [data-do="{kind}"]')
        assert download.value.suggested_filename == f"explained.{kind}"
        assert download.value.path().read_bytes().startswith(start)
    assert watched.faults == []


def test_the_data_of_a_figure_are_a_link(opened, tmp_path):
    page = one(tmp_path)
    watched = opened(page.write())
    link = watched.page.get_attribute("#figure-explained a[download]", "href")
    assert (page.folder / link).read_text().startswith("component,")


def test_full_screen_and_back(opened, tmp_path):
    watched = opened(one(tmp_path).write())
    watched.drawn("explained")
    height = "document.querySelector('#figure-explained .main-svg').clientHeight"
    before = watched.page.evaluate(height)
    watched.page.click('#figure-explained [data-do="full"]')
    watched.page.wait_for_function(f"{height} > {before} + 100")
    watched.page.click('#figure-explained [data-do="full"]')
    watched.page.wait_for_function(f"{height} === {before}")


@pytest.mark.parametrize("missing", ["files/plotly.min.js", f"{BASE}/figures/explained.js"])
def test_what_cannot_be_drawn_is_its_picture_and_says_so(opened, tmp_path, missing):
    page = one(tmp_path)
    (page.folder / missing).unlink()
    watched = opened(page.write())
    message = watched.page.wait_for_selector("#figure-explained .ar-message")
    assert f"{missing.split('/')[-1]} could not be loaded" in message.inner_text()
    assert watched.page.is_visible("#figure-explained .ar-still")
    assert not watched.page.is_visible('#figure-explained [data-do="png"]')
    assert watched.page.is_visible("#figure-explained a[download]")


def test_without_webgl_there_is_the_picture(opened, tmp_path):
    address = one(tmp_path, "pca_3d").write()
    watched = opened("about:blank")
    watched.page.add_init_script("HTMLCanvasElement.prototype.getContext = () => null")
    watched.page.goto(address)
    message = watched.page.wait_for_selector("#figure-pca_3d .ar-message")
    assert "no WebGL" in message.inner_text()
    assert watched.page.is_visible("#figure-pca_3d .ar-still")


def test_without_scripts_there_are_pictures_and_rows(opened, tmp_path):
    page = one(tmp_path)
    page.table(tables.genes(), "genes")
    watched = opened(page.write(), java_script_enabled=False)
    picture = watched.page.locator("#figure-explained .ar-still")
    assert picture.is_visible()
    assert picture.get_attribute("alt") == "In words."
    assert watched.page.locator("#table-genes tbody tr").count() == 10
    assert watched.page.locator("button:visible").count() == 0


def test_on_screen_there_are_words_for_a_reader_and_on_paper_pictures(opened, tmp_path):
    watched = opened(one(tmp_path).write())
    watched.drawn("explained")
    assert watched.page.get_by_role("group", name="In words.").count() == 1
    assert not watched.page.is_visible("#figure-explained .ar-still")
    watched.page.emulate_media(media="print")
    watched.page.wait_for_selector("#figure-explained .ar-still", state="visible")
    assert not watched.page.is_visible("#figure-explained .ar-plot")
    assert not watched.page.is_visible("#figure-explained .ar-tools")


@pytest.mark.parametrize("name", ["embeddings", "curves", "confusion"])
def test_panels_lie_below_each_other_on_a_narrow_screen_only(opened, site, name):
    watched = opened(site)
    inside = f"document.querySelector('#figure-{name} .main-svg')"
    narrow_height = tables.every_figure()[name].layout.meta["narrow"]["height"]

    def titles():
        watched.drawn(name)
        boxes = watched.page.locator(f"#figure-{name} .annotation").all()
        return np.array([[box.bounding_box()[side] for side in "xy"] for box in boxes])

    wide = titles()
    assert np.ptp(wide[:2, 1]) < 2
    assert np.ptp(wide[:2, 0]) > 100
    watched.page.set_viewport_size({"width": 390, "height": 900})
    watched.page.wait_for_function(f"{inside}.clientHeight === {narrow_height}")
    narrow = titles()
    assert np.ptp(narrow[:, 1]) > np.ptp(wide[:, 1]) + 100
    watched.page.set_viewport_size({"width": 1280, "height": 900})
    watched.page.wait_for_function(f"{inside}.clientWidth > 1000")
    np.testing.assert_allclose(titles()[:, 0], wide[:, 0], atol=2)
    assert watched.faults == []


def test_whiskers_are_in_the_colour_of_their_model_or_of_the_page(opened, site):
    watched = opened(site)
    watched.page.evaluate("document.documentElement.dataset.theme = 'dark'")
    for name in ("calibration", "quality"):
        watched.drawn(name)
    stroke = "getComputedStyle(document.querySelector('#figure-{} path.yerror')).stroke"
    assert watched.page.evaluate(stroke.format("calibration")) == "rgb(240, 128, 60)"
    ink = watched.page.evaluate(
        "getComputedStyle(document.querySelector('#figure-quality .xtick text')).fill"
    )
    assert watched.page.evaluate(stroke.format("quality")) == ink


def test_the_pale_end_of_every_colour_is_the_ground_of_the_page(opened, site):
    watched = opened(site)
    watched.drawn("confusion_colourful")
    scale = "document.querySelector('#figure-confusion_colourful .ar-plot').data[0].colorscale"
    ends = [colour for _, colour in watched.page.evaluate(scale)]
    assert ends[0] == ends[2] != "#EEF4FA"
    assert ends[1] != ends[3]


# ---- turning

EYE = "document.querySelector('#figure-pca_3d .ar-plot')._fullLayout.scene.camera.eye"
TURN = '#figure-pca_3d [data-do="turn"]'


@pytest.fixture
def scene(opened, tmp_path):
    """A page with a scene in sight, and something far below it."""
    page = FigurePage(tmp_path / "one")
    for name in ("pca_3d", "explained"):
        page.figure(tables.every_figure()[name], name)
    watched = opened(page.write(between=FAR))
    watched.drawn("pca_3d")
    return watched


def eye(watched):
    at = watched.page.evaluate(f"({{...{EYE}}})")
    return np.array([at[axis] for axis in "xyz"])


def moves(watched):
    """Wait until a scene has moved a little."""
    before = watched.page.evaluate(f"{EYE}.x")
    watched.page.wait_for_function(f"Math.abs({EYE}.x - {before}) > 0.01")


def rests(watched):
    """Say whether a scene stands still for some frames."""
    before = eye(watched)
    watched.page.evaluate(
        "new Promise((done) => { let n = 8; const f = () => (n-- ? requestAnimationFrame(f) : "
        "done()); f(); })"
    )
    return np.array_equal(before, eye(watched)) and watched.page.inner_text(TURN) == "Turn"


def test_a_scene_turns_on_request_about_the_upright_axis_and_stops(scene):
    assert scene.page.locator('[data-do="turn"]').count() == 1, "nothing else can be turned"
    before = eye(scene)
    assert rests(scene), "it began by itself"
    scene.page.click(TURN)
    assert scene.page.inner_text(TURN) == "Stop"
    moves(scene)
    after = eye(scene)
    assert np.hypot(*after[:2]) == pytest.approx(np.hypot(*before[:2]))
    assert after[2] == before[2]
    scene.page.click(TURN)
    assert rests(scene)
    scene.page.evaluate("document.documentElement.dataset.theme = 'dark'")
    assert rests(scene), "another colour brought the first view back"
    assert scene.faults == []


def test_a_scene_stops_turning_when_it_is_held(scene):
    scene.page.click(TURN)
    moves(scene)
    box = scene.page.locator("#figure-pca_3d .ar-plot").bounding_box()
    scene.page.mouse.move(box["x"] + 200, box["y"] + 200)
    scene.page.mouse.down()
    scene.page.mouse.up()
    assert rests(scene)
    assert scene.faults == []


@pytest.mark.parametrize("where", ["just out of sight", "far away"])
def test_a_scene_stops_turning_out_of_sight(scene, where):
    scene.page.click(TURN)
    moves(scene)
    if where == "far away":
        scene.drawn("explained")
        scene.page.wait_for_selector('#figure-pca_3d[data-drawn="asleep"]')
        assert scene.page.inner_text(TURN) == "Turn"
        scene.page.click(TURN)
        moves(scene)
    else:
        bottom = "document.querySelector('#figure-pca_3d .ar-plot').getBoundingClientRect().bottom"
        scene.page.evaluate(f"window.scrollBy(0, {bottom} + 20)")
        scene.page.wait_for_function(f"document.querySelector('{TURN}').textContent === 'Turn'")
        assert rests(scene)
    assert scene.faults == []


def test_who_wants_no_motion_is_offered_none(opened, tmp_path):
    watched = opened(one(tmp_path, "pca_3d").write(), reduced_motion="reduce")
    watched.drawn("pca_3d")
    assert not watched.page.is_visible(TURN)
    assert watched.page.is_visible('#figure-pca_3d [data-do="png"]')


def test_turning_ends_when_motion_is_no_longer_wanted(scene):
    scene.page.click(TURN)
    moves(scene)
    scene.page.emulate_media(reduced_motion="reduce")
    scene.page.wait_for_function(f"document.querySelector('{TURN}').textContent === 'Turn'")


# ---- tables


@pytest.fixture
def genes(opened, tmp_path):
    """A table of 200 rows, one p-value of which is missing."""
    frame = tables.genes().drop(columns="call")
    frame.loc[5, "pvalue"] = np.nan
    page = FigurePage(tmp_path / "one")
    page.table(frame, "genes")
    watched = opened(page.write())
    watched.frame = frame
    return watched


def rows(watched):
    return [row.split("\t") for row in watched.page.locator("tbody tr").all_inner_texts()]


def status(watched, words):
    watched.page.wait_for_function(
        f"document.querySelector('.ar-rows').textContent === {json.dumps(words)}"
    )


def test_a_table_is_fetched_when_it_is_first_used(genes):
    assert genes.requested("genes.js") == 0
    genes.page.click("text=Next")
    status(genes, "Rows 11–20 of 200")
    assert genes.requested("genes.js") == 1
    assert [row[0] for row in rows(genes)] == [f"Gene_{i}" for i in range(10, 20)]
    genes.page.click("text=Previous")
    status(genes, "Rows 1–10 of 200")
    assert genes.requested("genes.js") == 1
    assert genes.faults == []


def test_sorting_goes_up_down_and_back_with_missing_values_last(genes):
    head = genes.page.locator("th", has_text="pvalue")
    head.locator("button").click()
    status(genes, "Rows 1–10 of 200")
    assert head.get_attribute("aria-sort") == "ascending"
    ordered = genes.frame.sort_values("pvalue", kind="stable")
    assert [row[0] for row in rows(genes)] == list(ordered["name"].head(10))
    head.locator("button").click()
    assert head.get_attribute("aria-sort") == "descending"
    ordered = genes.frame.sort_values("pvalue", kind="stable", ascending=False)
    assert [row[0] for row in rows(genes)] == list(ordered["name"].head(10))
    for _ in range(19):
        genes.page.click("text=Next")
    assert rows(genes)[-1][2] == "–"
    assert genes.page.is_disabled("text=Next")
    head.locator("button").click()
    assert head.get_attribute("aria-sort") == "none"
    assert rows(genes)[0][0] == "Gene_0"


def test_names_are_sorted_as_people_count(genes):
    genes.page.click("th >> text=name")
    status(genes, "Rows 1–10 of 200")
    assert [row[0] for row in rows(genes)] == [f"Gene_{i}" for i in range(10)]


def test_search_finds_text_in_any_case(genes):
    genes.page.fill("input[type=search]", "gENE_19")
    status(genes, "Rows 1–10 of 11 (of 200)")
    genes.page.fill("input[type=search]", "<b>")
    status(genes, "No row has this text.")


def test_the_script_writes_numbers_as_python_does(opened, tmp_path):
    random = np.random.default_rng(5)
    numbers = random.normal(size=60) * 10.0 ** random.integers(-12, 12, 60)
    numbers[:4] = 0.0, 9999.96, 0.00009999999, 1e-300
    page = FigurePage(tmp_path / "one")
    page.table(pd.DataFrame({"x": numbers, "n": range(60)}), "numbers", rows_shown=30)
    watched = opened(page.write())
    before = rows(watched)
    watched.page.click("text=Next")
    status(watched, "Rows 31–60 of 60")
    assert [row[0] for row in rows(watched)] == [number(x) for x in numbers[30:]]
    watched.page.click("text=Previous")
    status(watched, "Rows 1–30 of 60")
    assert rows(watched) == before


def test_a_table_that_cannot_be_fetched_says_so_and_keeps_its_rows(opened, tmp_path):
    page = FigurePage(tmp_path / "one")
    page.table(tables.genes(), "genes")
    (page.folder / BASE / "tables/genes.js").unlink()
    watched = opened(page.write())
    watched.page.click("text=Next")
    status(watched, "Only these rows can be shown here: genes.js could not be loaded.")
    assert len(rows(watched)) == 10


def test_a_wide_table_scrolls_by_itself_on_a_phone(opened, tmp_path):
    page = FigurePage(tmp_path / "one")
    page.table(pd.DataFrame({f"a long column name {i}": [1.5] for i in range(12)}), "wide")
    watched = opened(page.write())
    watched.page.set_viewport_size({"width": 390, "height": 800})
    assert watched.page.evaluate("document.documentElement.scrollWidth") <= 390
    inside = "document.querySelector('.ar-scroll')"
    assert watched.page.evaluate(f"{inside}.scrollWidth > {inside}.clientWidth")

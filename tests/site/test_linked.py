"""Linked figures in a real browser: what is chosen in one stands out in all of them."""

import itertools

import pytest

from analysis_lib import figures
from analysis_lib.figures import theme
from tests import figure_tables, neuron_tables
from tests.site.browsing import Watched
from tests.site.figure_page import FigurePage

FAR = '<div style="height:4000px"></div>'
DIM = 0.08
PARTS = ("first", "second", "far")
EVIL = '<img src=x onerror="alert(1)">'
LINES = [*sorted(set(neuron_tables.LINES) - {"Slc17a6"}), EVIL]


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """Two linked figures, one that is not, and far below one that is and has fewer lines."""
    page = FigurePage(tmp_path_factory.mktemp("linked") / "a report")
    cells = neuron_tables.cells().replace({"Slc17a6": EVIL, "cell_0": EVIL})
    looks = theme.lines(LINES)
    page.figure(figures.views(cells[cells["method"] == "PCA"], looks=looks), "first")
    page.figure(figures.views(cells[cells["method"] == "UMAP"], by="kind", looks=looks), "second")
    page.figure(figure_tables.every_figure()["explained"], "alone")
    many = neuron_tables.cells(2200, methods=("UMAP",)).replace({"Slc17a6": EVIL})
    many = many[many["line"] != "Vip"]
    page.parts.append(FAR)
    page.figure(figures.views(many, looks=looks), "far")
    return page.write()


def opened(browser, site, **settings):
    """Open the page and draw the two figures at its top."""
    settings = {"viewport": {"width": 1280, "height": 900}, **settings}
    watched = Watched(browser.new_context(**settings).new_page())
    watched.page.goto(site)
    for name in ("second", "first"):
        watched.drawn(name)
    return watched


@pytest.fixture(scope="module")
def page(browser, site):
    """One page for all tests: to load it takes longer than any of them."""
    watched = opened(browser, site)
    yield watched
    watched.page.context.close()


@pytest.fixture
def watched(page):
    """The page with nothing chosen, scrolled to the two figures."""
    for name in ("second", "first"):
        page.drawn(name)
    choose(page, "first", "all")
    everything(page)
    yield page
    page.quiet()


def bright(watched, name):
    """Return which lines stand out in a figure; all of its traces have to be seen."""
    traces = watched.page.evaluate(
        f"document.querySelector('#figure-{name} .ar-plot').data.map((t) => "
        "[t.meta.line, t.marker.opacity, t.visible])"
    )
    assert {visible for _, _, visible in traces} <= {None, True}
    assert {opacity for _, opacity, _ in traces} <= {DIM, 0.8}
    return {line for line, opacity, _ in traces if opacity != DIM}


def stands_out(watched, *lines, names=("first", "second")):
    """Wait until nothing but some lines stands out, in each of some figures."""
    for name in names:
        watched.page.wait_for_function(
            """([name, lines, dim]) => {
              const { data } = document.querySelector(`#figure-${name} .ar-plot`);
              const bright = data.filter((t) => t.marker.opacity !== dim);
              const found = new Set(bright.map((t) => t.meta.line));
              return found.size === lines.length && lines.every((line) => found.has(line));
            }""",
            arg=[name, list(lines), DIM],
        )
        assert bright(watched, name) == set(lines)


def everything(watched, names=("first", "second")):
    stands_out(watched, *LINES, names=names)


def of_kind(kind):
    return [line for line in LINES if neuron_tables.KINDS.get(line, "exc") == kind]


def said(watched, name):
    return watched.page.locator(f"#figure-{name} .ar-chosen").text_content()


def click_legend(watched, name, start):
    watched.page.locator(f"#figure-{name} .legend .traces", has_text=start).locator(
        ".legendtoggle"
    ).click()


def click_point(watched, name, line):
    """Click upon a cell of a line that no other cell lies near to, once it has told its name.

    A figure asks itself every 50 ms where the pointer is; a hand takes longer to press.
    """
    x, y = watched.page.evaluate(
        """([name, line]) => {
          const plot = document.querySelector(`#figure-${name} .ar-plot`);
          const { xaxis, yaxis } = plot._fullLayout;
          const box = plot.querySelector(".nsewdrag").getBoundingClientRect();
          const all = plot._fullData.flatMap((t) => [...t.x].map((x, i) =>
            ({ line: t.meta.line, x: xaxis.l2p(x), y: yaxis.l2p(t.y[i]) })));
          const far = (p) => Math.min(...all.filter((q) => q.line !== line).map((q) =>
            Math.hypot(p.x - q.x, p.y - q.y)));
          const best = all.filter((p) => p.line === line).sort((p, q) => far(q) - far(p))[0];
          return [box.x + best.x, box.y + best.y];
        }""",
        [name, line],
    )
    watched.page.mouse.move(x + 3, y)
    watched.page.mouse.move(x, y)
    watched.page.wait_for_function(
        """([name, line]) => {
          const [told] = document.querySelector(`#figure-${name} .ar-plot`)._hoverdata || [];
          return told && told.data.meta.line === line;
        }""",
        arg=[name, line],
    )
    watched.page.mouse.click(x, y)


def click_empty(watched, name):
    """Click into a corner of a figure where no cell is."""
    box = watched.page.locator(f"#figure-{name} .nsewdrag").first.bounding_box()
    x, y = box["x"] + 4, box["y"] + 4
    watched.page.mouse.move(x + 3, y)
    watched.page.mouse.click(x, y)


def choose(watched, name, title):
    watched.page.locator(f"#figure-{name} select").select_option(label=title)


# ---- with a mouse


def test_a_line_of_the_legend_stands_out_in_every_linked_figure_and_goes_back(watched):
    click_legend(watched, "first", "Pvalb")
    stands_out(watched, "Pvalb")
    assert said(watched, "first") == "Pvalb stands out."
    click_legend(watched, "first", "Pvalb")
    everything(watched)
    assert said(watched, "first") == "All are shown."


def test_another_line_takes_the_place_of_the_first(watched):
    click_legend(watched, "first", "Pvalb")
    stands_out(watched, "Pvalb")
    click_legend(watched, "first", "Sst")
    stands_out(watched, "Sst")


def test_a_cell_chooses_its_line_and_empty_space_nothing(watched):
    click_point(watched, "first", "Ndnf")
    stands_out(watched, "Ndnf")
    click_empty(watched, "second")
    everything(watched)
    click_point(watched, "second", "Ndnf")
    stands_out(watched, "Ndnf")


def test_escape_brings_everything_back_and_says_so_where_it_was_chosen(watched):
    click_legend(watched, "first", "Sst")
    stands_out(watched, "Sst")
    watched.page.keyboard.press("Escape")
    everything(watched)
    assert said(watched, "first") == "All are shown."
    assert said(watched, "second") == ""


def test_the_legend_of_kinds_chooses_a_kind(watched):
    click_legend(watched, "second", "Inhibitory")
    stands_out(watched, *of_kind("inh"))
    assert said(watched, "second") == "Inhibitory stands out."


def test_nothing_is_hidden_by_two_clicks_upon_the_legend(watched):
    toggle = watched.page.locator("#figure-first .legend .traces", has_text="Pvalb")
    toggle.locator(".legendtoggle").dblclick()
    watched.page.wait_for_timeout(600)
    bright(watched, "first")


def test_a_drag_that_zooms_keeps_what_is_chosen(watched):
    click_legend(watched, "first", "Sst")
    stands_out(watched, "Sst")
    box = watched.page.locator("#figure-first .nsewdrag").bounding_box()
    watched.page.mouse.move(box["x"] + 40, box["y"] + 40)
    watched.page.mouse.down()
    watched.page.mouse.move(box["x"] + 300, box["y"] + 250, steps=4)
    watched.page.mouse.up()
    watched.page.wait_for_timeout(400)
    stands_out(watched, "Sst")
    zoomed = "document.querySelector('#figure-first .ar-plot')._fullLayout.xaxis.range"
    before = watched.page.evaluate(zoomed)
    choose(watched, "first", "Vip")
    stands_out(watched, "Vip")
    assert watched.page.evaluate(zoomed) == before, "the zoom was lost"


# ---- without one


def test_the_keyboard_is_enough(watched):
    select = watched.page.get_by_label("Line").first
    assert select.input_value() == ""
    select.focus()
    watched.page.keyboard.press("P")
    stands_out(watched, "Pvalb")
    assert select.input_value() == "line:Pvalb"
    second = watched.page.locator("#figure-second select")
    assert second.input_value() == "line:Pvalb", "both tell what is chosen"
    select.select_option("")
    everything(watched)


def test_the_choices_are_the_lines_and_what_the_colours_say(watched):
    options = watched.page.locator("#figure-second option").all_text_contents()
    assert options[0] == "all"
    assert len(options[1:-2]) == len(LINES)
    assert options[-2:] == ["Excitatory", "Inhibitory"]
    choose(watched, "second", "Excitatory")
    stands_out(watched, *of_kind("exc"))


def test_changes_are_told_politely_where_they_were_made_only(watched):
    choose(watched, "second", "Sst")
    stands_out(watched, "Sst")
    live = watched.page.locator(".ar-chosen[aria-live=polite]")
    assert live.all_text_contents() == ["", "Sst stands out.", ""]


# ---- other figures, other times


def test_of_many_cells_one_chooses_its_line_in_figures_out_of_sight_too(watched):
    watched.drawn("far")
    assert watched.page.locator("#figure-far canvas").count() > 0, "many points, by WebGL"
    click_point(watched, "far", "Rorb")
    stands_out(watched, "Rorb", names=PARTS)


def test_a_figure_that_was_asleep_is_as_the_others_and_hears_clicks_again(watched):
    watched.drawn("far")
    watched.drawn("first")
    watched.page.wait_for_selector('#figure-far[data-drawn="asleep"]')
    choose(watched, "first", "Sst")
    watched.drawn("far")
    stands_out(watched, "Sst", names=("far",))
    click_legend(watched, "far", "Sst")
    stands_out(watched, *(set(LINES) - {"Vip"}), names=("far",))


def test_a_figure_without_the_line_says_so(watched):
    watched.drawn("far")
    choose(watched, "first", "Vip")
    stands_out(watched, names=("far",))
    assert watched.page.locator("#figure-far select").input_value() == ""
    assert said(watched, "far") == "There is no Vip here."
    click_empty(watched, "far")
    assert said(watched, "far") == "All are shown."


def test_figures_that_are_not_linked_stay_as_they_are(watched):
    watched.drawn("alone")
    inside = "document.querySelector('#figure-alone .main-svg').innerHTML"
    before = watched.page.evaluate(inside)
    assert watched.page.locator("#figure-alone select").count() == 0
    choose(watched, "first", "Pvalb")
    stands_out(watched, "Pvalb")
    assert watched.page.evaluate(inside) == before


def test_other_colours_and_the_full_screen_keep_what_is_chosen(watched):
    choose(watched, "first", "Pvalb")
    stands_out(watched, "Pvalb")
    watched.page.evaluate("document.documentElement.dataset.theme = 'dark'")
    watched.page.wait_for_function(
        "document.querySelector('#figure-second .ar-plot').data.some((t) => "
        "t.marker.color === getComputedStyle(document.documentElement)"
        ".getPropertyValue('--ar-vermilion').trim())"
    )
    stands_out(watched, "Pvalb")
    watched.page.click('#figure-first [data-do="full"]')
    watched.page.wait_for_function("document.fullscreenElement !== null")
    stands_out(watched, "Pvalb")
    assert watched.page.is_visible("#figure-first select")
    choose(watched, "first", "Sst")
    stands_out(watched, "Sst")
    watched.page.click('#figure-first [data-do="full"]')
    watched.page.wait_for_function("document.fullscreenElement === null")
    watched.page.evaluate("document.documentElement.dataset.theme = 'light'")
    stands_out(watched, "Sst")


def test_a_downloaded_picture_shows_every_line(watched):
    choose(watched, "first", "Pvalb")
    with watched.page.expect_download() as download:
        watched.page.click('#figure-first [data-do="svg"]')
    assert f"opacity: {DIM}" not in download.value.path().read_text()


def test_on_a_phone_a_finger_is_enough_and_a_figure_drawn_later_takes_over(browser, site):
    phone = {"viewport": {"width": 390, "height": 800}, "has_touch": True, "is_mobile": True}
    watched = opened(browser, site, **phone)
    watched.page.evaluate("document.documentElement.dataset.theme = 'dark'")
    watched.page.locator("#figure-first .legend .traces", has_text="Ndnf").locator(
        ".legendtoggle"
    ).tap()
    stands_out(watched, "Ndnf")
    choose(watched, "first", "Pvalb")
    stands_out(watched, "Pvalb")
    assert watched.requested("far.js") == 0
    watched.drawn("far")
    stands_out(watched, "Pvalb", names=PARTS)
    choose(watched, "far", "all")
    everything(watched)
    assert watched.page.evaluate("document.documentElement.scrollWidth") <= 390
    watched.quiet()
    watched.page.context.close()


def test_names_from_data_are_never_markup(watched):
    watched.page.locator("#figure-first select").select_option(f"line:{EVIL}")
    stands_out(watched, EVIL)
    assert said(watched, "first").endswith(" stands out.")
    assert watched.page.locator("img[src=x]").count() == 0


# ---- all figures of the neuron studies


def test_every_figure_is_drawn_in_the_dark_on_a_narrow_screen(browser, tmp_path):
    page = FigurePage(tmp_path / "all")
    every = neuron_tables.neuron_figures()
    for name, figure in every.items():
        page.figure(figure, name)
    settings = {"viewport": {"width": 390, "height": 800}}
    watched = Watched(browser.new_context(**settings).new_page())
    watched.page.goto(page.write())
    watched.page.evaluate("document.documentElement.dataset.theme = 'dark'")
    last = "document.querySelector('#figure-own_and_others').offsetTop"
    before = watched.page.evaluate(last)
    for name in every:
        watched.drawn(name)
        size = watched.page.eval_on_selector(
            f"#figure-{name} .ar-plot .main-svg", "e => [e.clientWidth, e.parentNode.scrollWidth]"
        )
        assert 300 < size[0] <= 390
    assert watched.page.evaluate("document.documentElement.scrollWidth") <= 390
    assert watched.page.evaluate(last) == before, "something jumped"
    scale = "document.querySelector('#figure-line_matrix .ar-plot').data[0].colorscale"
    style = "getComputedStyle(document.documentElement).getPropertyValue('--ar-{}').trim()"
    wanted = [
        watched.page.evaluate(style.format(name)) for name in ("blue", "surface", "vermilion")
    ]
    assert [colour for _, colour in watched.page.evaluate(scale)] == wanted
    for name, rows in (("line_matrix", 16), ("markers", 36)):
        ticks = watched.page.locator(f"#figure-{name} :is(.ytick, .y2tick) text").all()
        boxes = [box for box in (tick.bounding_box() for tick in ticks) if box]
        assert len(boxes) == rows, "every line has its name"
        tops = sorted(box["y"] for box in boxes)
        assert min(b - a for a, b in itertools.pairwise(tops)) > 10, "names lie upon each other"
    watched.quiet()
    watched.page.context.close()

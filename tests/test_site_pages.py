"""What stands on the pages, before Jupyter Book sees them."""

from __future__ import annotations

import html
import json
from dataclasses import replace
from pathlib import Path

import nbformat
import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from analysis_lib.errors import SiteError
from analysis_lib.figures.text import visible
from analysis_lib.files import PROJECT
from analysis_lib.site import Book, SiteRun, markup
from analysis_lib.site.bibliography import BIBTEX, load_references
from analysis_lib.site.contents import contents
from analysis_lib.site.methods import methods_of
from analysis_lib.site.pages import write_pages
from analysis_lib.site.privacy import Privacy
from analysis_lib.site.provenance import command
from analysis_lib.site.study_page import page_notebook
from analysis_lib.site.summary import Metric, Summary
from tests.site.fixtures import (
    CATALOGUE,
    DATA,
    HOSTILE,
    METRICS,
    STUDY,
    new_failure,
    new_record,
    new_run,
    project,
)

__all__ = ["project"]  # a fixture


def page(run: SiteRun, **more: object) -> nbformat.NotebookNode:
    book = Book([run], [STUDY], CATALOGUE, "The authors, 2026.")
    summary, privacy = Summary.of(run), Privacy(Path("/srv/ann"))
    methods = methods_of(summary, book, load_references(PROJECT / "book" / BIBTEX))
    return nbformat.reads(page_notebook(run, book, summary, privacy, methods), as_version=4)


def whole(notebook: nbformat.NotebookNode) -> str:
    outputs = [
        o.get("text") or o.data.get("text/html", "")
        for c in notebook.cells
        for o in c.get("outputs", [])
    ]
    return "\n".join([*(cell.source for cell in notebook.cells), *outputs])


# Text that comes from data


@given(st.text(min_size=1).filter(lambda text: visible(text).strip() == visible(text)))
def test_text_in_a_line_of_markdown_is_shown_as_it_is_written(text):
    if not visible(text):
        return
    shown = MarkdownIt("commonmark").render(f"# x{markup.inline(text)}x")
    assert html.unescape(shown) == f"<h1>x{visible(text)}x</h1>\n"


@given(st.text())
def test_a_block_of_text_is_one_element_for_markdown(text):
    block = markup.block(markup.tag("p", markup.text(text), title=text))
    assert MarkdownIt("commonmark").render(f"before{block}after") == (
        f"<p>before</p>\n{block.strip()}\n<p>after</p>\n"
    )
    assert "\n" not in block.strip()


@given(st.text())
def test_text_of_several_lines_stays_in_one_line_of_html(text):
    written = markup.tag("pre", markup.lines(text))
    assert "\n" not in written
    assert written.count("<") == 2
    assert html.unescape(written[5:-6]) == "\n".join(visible(line) for line in text.splitlines())


@pytest.mark.parametrize("address", ["javascript:alert(1)", "//evil.org/x", "data:text/html,x"])
def test_an_address_that_leads_nowhere_good_is_no_link(address):
    assert "<a" not in markup.link(address, "genes")


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("{root}/analysis_lib/x.py", "analysis_lib/x.py"),
        ('File "{root}/notebooks"', 'File "notebooks"'),
        ("{root}-other/x", "{root}-other/x"),
        ("in {home}/data", "in ~/data"),
        ("file://{root}/a", "a"),
        ("a{home}/b", "a{home}/b"),
    ],
)
def test_folders_of_this_machine_are_taken_out(text, clean):
    places = {"root": "/srv/ann/report", "home": str(Path.home())}
    privacy = Privacy(Path("/srv/ann/report"))
    if places["home"] == "/":
        pytest.skip("this user's home is the root")
    assert privacy.clean(text.format(**places)) == clean.format(**places)
    assert not privacy.leak(privacy.clean(text.format(**places)))


def test_a_parameter_with_a_path_elsewhere_keeps_its_name_alone():
    values = {"data": "/mnt/patients/genes.csv", "models": ["svm"], "p": 0.05}
    assert Privacy(Path("/srv")).value(values) == {**values, "data": "genes.csv"}


# Numbers


@pytest.mark.parametrize(
    ("metric", "number", "interval"),
    [
        (Metric("Accuracy", 0.975, 0.8688, 0.9994), "0.975", "95 % interval 0.869 to 0.999"),
        (Metric("AUC", None, None, None), "not available", ""),
        (Metric("Genes up", 46, unit="genes"), "46 genes", ""),
    ],
)
def test_a_headline_number_is_told_with_its_interval(metric, number, interval):
    assert (str(metric), metric.interval) == (number, interval)


@pytest.mark.parametrize(
    ("text", "got"),
    [
        ("{", "JSONDecodeError"),
        (json.dumps({**METRICS, "headline": ["accuracy", "no such"]}), "KeyError: 'no such'"),
        (json.dumps({**METRICS, "published": [{"status": "maybe"}]}), "unknown verdicts"),
    ],
    ids=["no JSON", "unknown headline", "unknown verdict"],
)
def test_metrics_that_cannot_be_shown_are_an_error_that_names_the_run(project, text, got):
    run = new_run(project)
    (run.folder / "metrics.json").write_text(text)
    with pytest.raises(SiteError) as error:
        Summary.of(run)
    assert "dge/default" in error.value.what
    assert got in error.value.got


# The page of a run


def test_code_is_hidden_and_parameters_stand_there_once(project):
    notebook = page(new_run(project))
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert all("hide-input" in cell.metadata.tags for cell in code)
    assert [cell.source for cell in code].count(
        "# Parameters\np_threshold = 0.05\nlfc_threshold = 1.0"
    ) == 1
    assert not any(cell.source == "p_threshold = 0.05\nlfc_threshold = 1.0" for cell in code)


def test_a_page_has_one_title_and_its_introduction_before_the_numbers(project):
    text = whole(page(new_run(project)))
    titles = [line for line in text.splitlines() if line.startswith("# ") and "Param" not in line]
    assert titles == ["# Differential expression"]
    order = ["Simulated data", "Every gene has", "## At a glance", "## Set-up", "## Provenance"]
    assert sorted(order, key=text.index) == order


def test_figures_and_tables_are_numbered_in_order(project):
    text = whole(page(new_run(project)))
    assert text.index(">Figure 1.<") < text.index(">Figure 2.<")
    assert text.count('id="figure-volcano"') == text.count('id="table-top_genes"') == 1
    assert ">Table 1.<" in text
    assert 'data-src="../../files/dge/default/figures/volcano.js"' in text


@pytest.mark.parametrize(
    ("kind", "title", "words"),
    [
        ("simulated", "Simulated data", "No experiment stands behind this page"),
        ("yours", "Your data", "your own file (mine.csv)"),
        ("real", "Real data", "published measurements: Differential"),
    ],
)
def test_the_banner_says_what_kind_of_data(project, kind, title, words):
    entry = {**DATA, "kind": kind, "files": [{"name": "mine.csv", "address": None, "sha256": "0"}]}
    text = whole(page(new_run(project, data=[entry])))
    assert f"{{admonition}} {title}" in text
    assert words in text


def parameter_table(text: str) -> str:
    table = text[text.index('aria-label="Parameters of this run"') :]
    return table[: table.index("</table>")]


def test_changed_parameters_are_told_from_defaults_and_come_first(project):
    run = new_run(
        project, parameters={"p_threshold": 0.05, "lfc_threshold": 2.5}, changed=["lfc_threshold"]
    )
    text = whole(page(run))
    assert "Parameters &#40;1 of 2 changed&#41;" in text
    assert "make run STUDY=dge NAME=default P=&quot;lfc_threshold=2.5&quot;" in text
    changed, default = parameter_table(text).split("<tr>")[2:]
    for part in ("lfc_threshold", "<code>2.5</code>", "stamp-changed", "<code>1.0</code>"):
        assert part in changed
    assert "p_threshold" in default
    assert "stamp" not in default
    assert default.count("<code>0.05</code>") == 1  # not once more as what it stands instead of


def test_parameters_at_their_defaults_are_not_told_twice(project):
    text = whole(page(new_run(project)))
    assert "Parameters &#40;all 3 at their defaults&#41;" in text
    table = parameter_table(text)
    assert "Default" not in table
    assert table.count("<code>0.05</code>") == 1


def test_a_parameter_the_study_has_no_more_is_still_shown(project):
    run = new_run(project, parameters={"gone": 7, "p_threshold": 0.05}, changed=["gone"])
    changed = parameter_table(whole(page(run))).split("<tr>")[2]
    assert "<code>gone</code>" in changed
    assert "<code>7</code>" in changed


def test_provenance_names_everything_a_run_was_made_from(project):
    text = whole(page(new_run(project)))
    for fact in (
        "2026-11-21 08:14 UTC",
        "12.3 s",
        "412 MB",
        '<code class="digest">0123456789abcdef</code> with uncommitted changes',
        f'<code class="digest">{"0" * 64}</code>',
        "2.4.6",
        "The authors, 2026.",
        "record.json",
    ):
        assert fact in text


def test_a_run_without_a_commit_says_so(project):
    text = whole(page(new_run(project, git=None)))
    assert '<th scope="row">Commit</th><td>none</td>' in text


def test_data_are_listed_by_file_with_kind_rows_address_and_checksum(project):
    described = [
        {"name": "a.csv", "address": "https://example.org/a.csv", "sha256": "ab" * 32},
        {"name": "b.csv", "address": None, "sha256": "cd" * 32},
    ]
    text = whole(page(new_run(project, data=[{**DATA, "kind": "real", "files": described}])))
    table = text[text.index('aria-label="Data of this run"') :]
    first, second = table[: table.index("</table>")].split("<tr>")[2:]
    assert '<a href="https://example.org/a.csv">a.csv</a>' in first
    assert "b.csv" in second
    assert "<a " not in second
    for row, digest in ((first, "ab" * 32), (second, "cd" * 32)):
        assert digest in row
        assert "stamp-real" in row
        assert "200" in row


def test_what_is_out_of_date_says_since_what(project):
    run = replace(new_run(project), stale=("the notebook", "the data"))
    text = whole(page(run))
    assert "{admonition} Out of date" in text
    assert "<li>the notebook</li><li>the data</li>" in text


def test_a_failed_run_without_results_has_its_error_cell_and_traceback(project):
    failure = replace(new_failure(project, "broken"), parameters={"p_threshold": 0.5})
    text = whole(page(SiteRun("dge", "broken", None, None, failure)))
    assert "ended in code cell 4:" in text
    assert '<pre class="error-message">KeyError: &lt;/script&gt;' in text
    assert "return genes[" in text
    assert "\x1b" not in text
    assert "At a glance" not in text
    assert "<code>0.5</code>" in text


def test_older_results_below_a_failure_are_under_a_warning(project):
    run = replace(new_run(project), failure=new_failure(project, "default"))
    text = whole(page(run))
    order = ["This run failed", "Older results", "Simulated data", "## At a glance"]
    assert sorted(order, key=text.index) == order


def test_a_run_without_anything_says_so():
    text = whole(page(SiteRun("dge", "new", None, None)))
    assert "This run was not made yet" in text
    assert "stamp-failed" in text


def test_published_numbers_are_closed_unless_one_drifted(project):
    rows = [row for row in METRICS["published"] if row["status"] != "drifted"]
    closed = whole(page(new_run(project, metrics={**METRICS, "published": rows})))
    opened = whole(page(new_run(project, "other")))
    assert ":open:" not in closed
    assert "Published numbers: 1 reproduced." in closed
    assert "{dropdown} All 2&#44; side by side\n:open:" in opened
    assert "± 0.005" in opened


def test_a_long_traceback_keeps_its_end(project):
    failure = new_failure(project, "broken")
    trace = "\n".join(f"line {i}" for i in range(1000))
    failure = replace(failure, error=replace(failure.error, traceback=trace))
    text = whole(page(SiteRun("dge", "broken", None, None, failure)))
    assert "(880 lines before these are left out)" in text
    assert "line 999" in text
    assert "line 879&" not in text


@pytest.mark.parametrize(
    ("values", "line"),
    [
        ({}, "make run STUDY=dge NAME=a"),
        (
            {"p": 0.01, "models": ["svm", "forest"]},
            'make run STUDY=dge NAME=a P="p=0.01 models=svm,forest"',
        ),
        ({"data": None}, 'make run STUDY=dge NAME=a P="data=null"'),
        ({"data": "a b.csv"}, None),
        ({"data": "$(rm -rf ~)"}, None),
        ({"columns": {"pvalue": "p"}}, None),
    ],
)
def test_the_command_is_one_that_can_be_pasted(values, line):
    assert command("dge", "a", values) == line


# The other pages


def test_the_contents_list_the_reports_runs_by_study_and_yours_apart():
    record = new_record("x")
    runs = [
        SiteRun("dge", "strict", Path(), record),
        SiteRun("dge", "default", Path(), record),
        SiteRun("dge", "mine", Path(), record, listed=False),
    ]
    toc = json.loads(contents(Book(runs, [STUDY]), ["index", "how-it-works", "data", "extra"]))
    assert [part["caption"] for part in toc["parts"]] == ["Studies", "Your runs", "About"]
    (chapter,) = toc["parts"][0]["chapters"]
    assert chapter["file"] == "studies/dge/default"
    assert [s["title"] for s in chapter["sections"]] == ["strict", "Compare runs"]
    assert toc["parts"][1]["chapters"][0]["title"] == "Differential expression: mine"
    assert [c["file"] for c in toc["parts"][2]["chapters"]] == ["data", "how-it-works", "extra"]


def landing(project, *runs: SiteRun) -> str:
    target = project.root / "out"
    written = project.root / "book"
    for page in written.glob("*.md"):
        if page.stem not in ("index", "data", "your-data"):
            page.unlink()  # has parts of other modules
    book = Book(runs, [STUDY], CATALOGUE)
    write_pages(book, {run.id: Summary.of(run) for run in runs}, written, target)
    return (target / "index.md").read_text()


def test_a_part_of_another_module_has_its_place_too(project):
    written, target = project.root / "book", project.root / "out"
    for page in written.glob("*.md"):
        if page.stem not in ("index", "data", "your-data"):
            page.unlink()
    (written / "genes.md").write_text("# Genes\n\n[[index]]\n")
    names = write_pages(
        Book((), [STUDY]), {}, written, target, more={"index": lambda: "Here they are."}
    )
    assert names == ["data", "genes", "index", "your-data"]
    assert (target / "genes.md").read_text() == "# Genes\n\nHere they are.\n"
    assert 'href="genes.html"' in (target / "index.md").read_text()


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("[[runs]]", "", r"\[\[runs\]\]"),
        ("[[runs]]", "[[runs]]\n\n[[runs]]", "used twice"),
        ("[[runs]]", "[[runs]]\n\n[[everything]]", r"\[\[everything\]\]"),
    ],
    ids=["left out", "twice", "unknown"],
)
def test_every_generated_part_has_one_place(project, old, new, message):
    index = project.root / "book" / "index.md"
    index.write_text(index.read_text().replace(old, new))
    with pytest.raises(SiteError, match=message):
        landing(project, new_run(project))


def test_the_catalogue_and_the_parameters_are_on_their_pages(project):
    landing(project, new_run(project))
    data, own = ((project.root / "out" / name).read_text() for name in ("data.md", "your-data.md"))
    assert 'href="https://doi.org/10.1126/science.286.5439.531"' in data
    assert 'href="studies/dge/default.html"' in data
    assert "<code>lfc_threshold</code>" in own
    assert "number: &gt; 0, ≤ 1" in own


def test_hostile_text_is_never_written_as_it_is(project):
    run = new_run(project)
    for text in (
        landing(project, run),
        *(c.source for c in page(run).cells if c.cell_type == "markdown"),
    ):
        assert HOSTILE.splitlines()[0] not in text
        assert "<img src=x" not in text

"""From runs to a published site, and back to nothing to do."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from analysis_lib.errors import SiteError
from analysis_lib.files import PROJECT
from analysis_lib.site import Book
from analysis_lib.site.check import check_site, find_faults, read_page
from analysis_lib.site.key import MARK, is_current, site_key, write_mark
from analysis_lib.site.privacy import Privacy
from tests.site.fixtures import (
    CATALOGUE,
    STUDY,
    built_gallery,
    finished,
    gallery_of,
    new_run,
    project,
    site,
)

__all__ = ["project", "site"]  # fixtures

RESULTS = ("figures/volcano", "figures/p_histogram", "tables/top_genes")


def bytes_below(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


# What is published


def test_every_page_is_there_and_passes_its_checks(site):
    pages = {"index", "data", "your-data", "how-it-works"}
    runs = {f"studies/dge/{name}" for name in ("default", "strict", "older", "my-run")}
    expected = {**dict.fromkeys(pages | {"studies/dge/broken"}, ()), **dict.fromkeys(runs, RESULTS)}
    check_site(site, expected, built_gallery().root)


def test_every_run_offers_its_files(site):
    offered = {
        p.relative_to(site / "files/dge/default").as_posix()
        for p in (site / "files/dge/default").rglob("*")
        if p.is_file()
    }
    figures = {
        f"figures/{name}.{end}"
        for name in ("volcano", "p_histogram")
        for end in ("js", "csv", "png")
    }
    tables = {"tables/top_genes.js", "tables/top_genes.csv"}
    assert offered == figures | tables | {
        "notebook.ipynb",
        "params.json",
        "metrics.json",
        "record.json",
        "references.bib",
        "run-again.zip",
    }
    assert not (site / "files/dge/broken").exists()
    assert (site / "files/plotly.min.js").stat().st_size > 1e6


def test_the_report_counts_the_pages(site):
    found = [p for p in site.rglob("*.html") if "_static" not in p.parts]
    assert built_gallery().build(gallery_of(built_gallery())).pages == len(found) > 10


def test_pages_are_light(site):
    weights = {p: p.stat().st_size for p in site.rglob("*.html")}
    assert max(weights.values()) < 400_000
    assert max(weight for page, weight in weights.items() if "studies" in page.parts) < 100_000


def test_nothing_of_the_builders_own_is_published(site):
    names = {path.name for path in site.rglob("*")}
    assert not names & {"_sources", ".doctrees", "environment.pickle", "_toc.yml", "book-src"}
    assert not any(path.suffix in (".pickle", ".doctree") for path in site.rglob("*"))


# Nothing to do


def test_a_build_with_nothing_to_do_writes_nothing_and_loads_nothing_heavy(site):
    project = built_gallery()
    before = {path: path.stat().st_mtime_ns for path in project.root.rglob("*")}
    code = (
        "import sys\n"
        "from tests.site.fixtures import Project, gallery_of\n"
        f"from pathlib import Path; project = Project(Path({str(project.root)!r}))\n"
        "report = project.build(gallery_of(project))\n"
        "assert not report.built and report.failed == ('dge/broken', 'dge/older'), report\n"
        "heavy = {'sphinx', 'jupyter_book', 'plotly', 'rocrate', 'griffe', 'pybtex'}\n"
        "print(sorted(set(sys.modules) & heavy))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "[]"
    after = {path: path.stat().st_mtime_ns for path in project.root.rglob("*")}
    assert before == after


def test_the_front_door_of_the_site_is_light():
    heavy = {"pandas", "numpy", "sphinx", "jupyter_book", "plotly", "nbformat", "matplotlib"}
    code = f"import sys, analysis_lib.site; print(sorted(set(sys.modules) & {heavy!r}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_everything_the_pages_depend_on_is_in_the_key(project):
    run = new_run(project)
    book = Book([run], [STUDY], CATALOGUE, "cite")
    key = site_key(book, project.root)
    others = [
        replace(book, runs=[replace(run, stale=("the data",))]),
        replace(book, runs=[replace(run, listed=False)]),
        replace(book, runs=[replace(run, failure=run.record)]),
        replace(book, studies=[replace(STUDY, question="Why?")]),
        replace(book, data=CATALOGUE[:1]),
        replace(book, citation="others"),
    ]
    keys = {key, *(site_key(other, project.root) for other in others)}
    (run.folder / "metrics.json").write_text("{}")
    finished(run)
    keys.add(site_key(book, project.root))
    for name in ("book/index.md", "book/_static/site.css", "_config.yml", "requirements.lock"):
        with (project.root / name).open("a") as file:
            file.write("\n")
        keys.add(site_key(book, project.root))
    assert len(keys) == 1 + len(others) + 1 + 4


@pytest.mark.parametrize("harm", ["remove", "cut", "no mark", "mark of another"])
def test_a_site_that_lost_something_is_not_current(tmp_path, harm):
    (tmp_path / "index.html").write_text("page")
    write_mark(tmp_path, "k")
    assert is_current(tmp_path, "k")
    if harm == "remove":
        (tmp_path / "index.html").unlink()
    elif harm == "cut":
        (tmp_path / "index.html").write_text("pag")
    elif harm == "no mark":
        (tmp_path / MARK).write_text('{"key":')
    assert not is_current(tmp_path, "another" if harm == "mark of another" else "k")


# The checks, each with a fault planted


PAGE = (
    "<html><body><nav><a href='page.html'>p</a></nav><article class='x'><h1 id='t'>T</h1>"
    "<figure id='figure-volcano'></figure>{more}</article></body></html>"
)


@pytest.mark.parametrize(
    ("more", "fault"),
    [
        (
            "<script src='https://cdn.org/x.js'></script>",
            "loads from another host: https://cdn.org",
        ),
        ("<img src='//cdn.org/x.png'>", "loads from another host: //cdn.org"),
        ("<p style='background:url(https://x.org/a)'>", "loads from another host"),
        ("<img src='no.png'>", "loads a file that is not there: no.png"),
        ("<a href='gone.html'>", "links to a page or file that is not there: gone.html"),
        ("<a href='#nowhere'>", "links to a place that is not there: #nowhere"),
        ("<a href='page.html#nowhere'>", "links to a place that is not there"),
        ("<i id='t'></i>", "uses the id 't' twice"),
        ("<label for='x'></label>", "refers to the id 'x'"),
        ("<h1>T</h1>", "has 2 titles"),
        ("<b onclick='alert(1)'>", "something that acts: b onclick"),
        ("<script>alert(1)</script>", "something that acts: script"),
        ("<a href=' JavaScript:alert(1)'>", "something that acts: a"),
        ("<figure id='figure-volcano'></figure>", "shows figures/volcano 2 times instead of 1"),
        ("<figure id='table-genes'></figure>", "shows tables/genes 1 times instead of 0"),
        ("x" * 400_000, "more than 400,000"),
        ("in /srv/ann/report/x.py", "names a folder of this machine: /srv/ann/report"),
        ("at file:///x", "names a folder of this machine: file:///"),
        ("", None),
        ("<a href='https://doi.org/10.1/x'>", None),
        ("<img src='data:image/png;base64,x'>", None),
        ("<a href='page.html#t'>", None),
    ],
)
def test_the_check_finds(tmp_path, more, fault):
    for name in ("index", "page"):
        (tmp_path / f"{name}.html").write_text(PAGE.format(more=more if name == "page" else ""))
    expected = dict.fromkeys(("index", "page"), ("figures/volcano",))
    faults = list(find_faults(tmp_path, expected, Privacy(Path("/srv/ann/report"))))
    assert (not faults) if fault is None else any(fault in each for each in faults), faults


def test_the_check_finds_what_stylesheets_load_and_what_downloads_tell(tmp_path):
    (tmp_path / "index.html").write_text(PAGE.format(more="").replace("page.html", "#t"))
    (tmp_path / "a.css").write_text("@import 'https://fonts.org/x.css'; b{background:url(x.png)}")
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "a.json").write_text('{"text": "a\\n/srv/ann/report/x"}')
    faults = list(
        find_faults(tmp_path, {"index": ("figures/volcano",)}, Privacy(Path("/srv/ann/report")))
    )
    assert faults == [
        "files/a.json names a folder of this machine: /srv/ann/report/",
        "a.css loads from another host: https://fonts.org/x.css",
    ]


def test_many_faults_are_told_in_a_few_lines(tmp_path):
    with pytest.raises(SiteError) as error:
        check_site(tmp_path, {f"page-{i}": () for i in range(20)}, Path("/srv"))
    assert "the page page-0 is missing" in error.value.got
    assert "(and 16 more)" in error.value.got
    assert len(str(error.value).splitlines()) <= 5


def test_a_page_is_read_as_a_browser_reads_it(tmp_path):
    (tmp_path / "a.html").write_text(PAGE.format(more="<!-- <script src=x> --><a href='b&amp;c'>"))
    page = read_page(tmp_path, "a")
    assert page.links == ["page.html", "b&c"]
    assert page.loads == []


# A book with something wrong


def test_every_script_and_stylesheet_of_ours_is_on_the_pages(site):
    ours = sorted(
        p.name for p in (PROJECT / "book/_static").iterdir() if p.suffix in (".js", ".css")
    )
    loads = read_page(site, "index").loads
    named = [Path(address.split("?")[0]).name for address in loads]
    assert [ours, sorted(set(ours) & set(named))] == [ours, ours]


def test_a_book_without_its_parts_is_an_error_that_names_the_remedy(project):
    (project.root / "_config.yml").unlink()
    with pytest.raises(SiteError, match="git checkout") as error:
        project.build(Book([], [STUDY]))
    assert error.value.where == "_config.yml"
    assert not project.target.exists()

"""The page of a sweep: it says of every point what its run left, and nothing that it did not."""

from __future__ import annotations

import csv
import html as html_of
import json
import re
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analysis_lib import files
from analysis_lib.figures import picture
from analysis_lib.runs import grid as grids
from analysis_lib.runs.sweep_file import Point, Sweep
from analysis_lib.runs.values import split_words
from analysis_lib.site import Book, StudyPage, sweep_genes, sweep_page
from analysis_lib.site.assemble import Material, assemble
from analysis_lib.site.check import HEAVIEST, _Reader
from analysis_lib.site.check import Page as ReadPage
from analysis_lib.site.contents import contents
from analysis_lib.site.facts import SiteRun
from analysis_lib.site.hosting import _described
from analysis_lib.site.key import site_key
from analysis_lib.site.landing import sweeps as sweeps_part
from analysis_lib.site.privacy import Privacy
from analysis_lib.site.sweep_choice import DEFAULT, MOST, published, reasons
from analysis_lib.site.sweep_page import SweepPage
from analysis_lib.site.sweep_parts import FILE, again
from analysis_lib.site.sweep_points import numbers, read_points
from analysis_lib.studies import load
from tests.site.fixtures import CATALOGUE, DATA, HOSTILE, STUDY, Project, new_project
from tests.sweep_runs import (
    CHANGES,
    GENES,
    GRID,
    P_VALUES,
    genes_of,
    leave_run,
    metrics_of,
    new_sweep,
)

PLAIN = StudyPage("dge", "Differential expression", "Which?", STUDY.parameters)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A folder for runs and sites, without the sources of a book."""
    return Project(tmp_path / "a project")


@pytest.fixture
def whole(tmp_path: Path) -> Project:
    return new_project(tmp_path / "a whole project")


@pytest.fixture(autouse=True)
def _no_stills(monkeypatch):
    """Still pictures have tests of their own, and take most of the time."""
    monkeypatch.setattr(picture, "png", lambda figure: b"")


def runs_of(project: Project) -> Path:
    return project.root / "build" / "runs"


def page_of(sweep: Sweep, project: Project, *runs: SiteRun) -> SweepPage:
    return SweepPage.of(sweep, Book(runs, (PLAIN,), sweeps=[sweep]), project.root)


def changed(sweep: Sweep, at: int, **facts: Any) -> Sweep:
    """Return the sweep with other facts of one point."""
    points = list(sweep.points)
    points[at] = replace(points[at], **facts)
    return replace(sweep, points=points)


def csv_of(page: SweepPage, project: Project) -> list[dict[str, str]]:
    """Return the rows of the published table of all points."""
    html = project.root / "html"
    page.publish(html)
    path = html / sweep_page.folder(page.sweep) / "tables" / "points.csv"
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def read(markdown: str) -> ReadPage:
    """Read what stands on a page as the check of the site reads it."""
    reader = _Reader(ReadPage("sweeps/dge/thresholds"))
    reader.feed(f"<article>{markdown}</article>")
    return reader.page


# What a point says


def test_every_point_stands_in_the_table_with_its_run_s_numbers(project):
    sweep = new_sweep(runs_of(project))
    rows = csv_of(page_of(sweep, project), project)
    assert len(rows) == len(sweep.points) == 12
    for row, point in zip(rows, sweep.points, strict=True):
        expected = metrics_of(point.values)["metrics"]
        assert {name: float(row[name]) for name in GRID} == point.values
        assert row["state"] == "good"
        assert row["results"] == f"build/runs/{point.run}/"
        assert int(row["genes up"]) == expected["genes_up"]["value"]
        label = expected["accuracy"]["label"]
        ends = [row[label], row[f"{label}, low"], row[f"{label}, high"]]
        stored = [expected["accuracy"][each] for each in ("value", "low", "high")]
        assert [float(end) for end in ends] == stored


def test_points_that_failed_or_wait_are_counted_told_and_not_drawn(project):
    sweep = new_sweep(runs_of(project))
    error = f"The run failed.\n  where:    {project.root}/analysis_lib/x.py\n  got: {HOSTILE}"
    sweep = changed(sweep, 1, status="failed", error=error)
    sweep = changed(sweep, 2, status="failed", error=error)
    sweep = changed(sweep, 3, status="waiting")
    page = page_of(sweep, project)
    assert page.counts == {"good": 9, "failed": 2, "waiting": 1}
    text = page.page()
    assert "12 points: 9 good, 2 failed, 1 waiting." in text
    assert text.count("The run failed.") == 1  # one message of two points
    assert "2 points: point 2 (p_threshold 0.001, lfc_threshold 1.0)" in text
    assert "  where:    analysis_lib/x.py" in html_of.unescape(text)
    assert [row["state"] for row in csv_of(page, project)][:4] == [
        *("good", "failed", "failed", "waiting"),
    ]
    figure = next(iter(page._figures))
    assert set(figure.table["point"]) == {str(i) for i in range(1, 13)} - {"2", "3", "4"}


def test_headline_numbers_that_only_some_runs_put_forward_are_kept_and_come_later(project):
    def leave(root: Path, run: str, values: Any) -> Any:
        metrics = metrics_of(values)
        metrics["headline"] = ["genes_up"]
        if values["p_threshold"] == 0.2:
            metrics["headline"] = ["accuracy", "genes_up"]
        return leave_run(root, run, values, metrics=metrics)

    sweep = new_sweep(runs_of(project), leave=leave)
    points = read_points(sweep, runs_of(project))
    assert list(numbers(points)) == ["genes_up", "accuracy"]
    assert all(point.metric("accuracy") for point in points)  # a number of a run all the same


def test_a_number_that_is_none_is_a_dash_and_no_point_of_a_figure(project):
    def leave(root: Path, run: str, values: Any) -> Any:
        metrics = metrics_of(values)
        if values["p_threshold"] == 0.001:
            metrics["metrics"]["accuracy"]["value"] = None
        return leave_run(root, run, values, metrics=metrics)

    page = page_of(new_sweep(runs_of(project), leave=leave), project)
    assert [
        row["Random forest, test accuracy, without leaking features"]
        for row in csv_of(page, project)[:3]
    ] == ["", "", ""]
    second = page._figures[1]
    assert second.info["points_missing"] == 3
    assert "not drawn" in second.info["caption"]


def test_without_a_good_point_there_is_a_page_that_says_so(project):
    sweep = new_sweep(runs_of(project))
    sweep = replace(sweep, points=[replace(point, status="waiting") for point in sweep.points])
    page = page_of(sweep, project)
    assert page.shown == ("tables/points",)
    assert "nothing to draw" in page.page()
    page.publish(project.root / "html")


def test_a_sweep_without_genes_says_so(project):
    def leave(root: Path, run: str, values: Any) -> Any:
        leave_run(root, run, values)
        (root / run / "genes.json").unlink()
        record = leave_record(root, run, values)
        return record

    def leave_record(root: Path, run: str, values: Any) -> Any:
        from analysis_lib.runs.record import inventory, read_record

        record = replace(read_record(root / run), files=inventory(root / run))
        record.write(root / run)
        return record

    page = page_of(new_sweep(runs_of(project), leave=leave), project)
    assert page.counts == {"good": 12}
    assert "No point says which genes it singles out." in page.page()


# Asking for it again


def test_the_command_and_the_file_ask_for_the_same_points(project):
    sweep = new_sweep(runs_of(project), fixed={"alpha": 0.1})
    command, document = again(sweep, Privacy(project.root))
    words = dict(word.split("=", 1) for word in split_words(command)[2:])
    assert (words["STUDY"], words["NAME"]) == ("dge", "thresholds")
    params = load("dge").Params
    asked = grids.of_words(params, words["GRID"], {})
    assert list(asked.points) == [point.values for point in sweep.points]
    assert words["P"] == "alpha=0.1"
    path = project.root / FILE
    files.write_json(path, document)
    from_file = grids.of_file(params, "dge", path, {})
    in_order = sorted((point.values for point in sweep.points), key=files.to_json)
    assert sorted(from_file.points, key=files.to_json) == in_order
    assert (from_file.fixed, from_file.name) == ({"alpha": 0.1}, "thresholds")


WORDS = st.sampled_from(["a", "b.csv", "x/y-z", "null", "a,b", "a b", "$HOME", "'", "é", "[a", ""])
VALUES = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False), st.integers(), st.booleans(), WORDS, st.none()
)


@given(st.lists(VALUES, min_size=1, max_size=4), st.booleans())
def test_a_command_is_given_only_when_no_shell_reads_more_into_it(values, whole):
    points = [
        Point({"data": value}, f"dge/s-{at:08x}", "waiting") for at, value in enumerate(values)
    ]
    given = values if whole else [*values, "another"]
    sweep = Sweep("dge", "s", "2026-11-21T09:30:00Z", {"data": given}, {}, points)
    command, document = again(sweep, Privacy(Path("/nowhere")))
    assert ("grid" in document) == whole
    assert re.fullmatch(
        r"make sweep STUDY=dge NAME=s (F=sweep\.json|GRID='[\w.+,/= \[\]-]*')", command
    )
    if "GRID=" in command:
        texts = [value for value in values if isinstance(value, str)]
        assert not {"", "null", "a,b", "a b", "$HOME", "'", "[a", "é"} & set(texts)


# Which runs get pages


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.tuples(st.integers(0, 5), st.integers(0, 5), st.booleans()), min_size=1, max_size=8
    ),
    st.integers(0, 6),
)
def test_published_are_the_default_and_the_ends_of_every_number(tmp_path_factory, rows, most):
    root = tmp_path_factory.mktemp("runs")
    points = []
    for at, (one, two, good) in enumerate(rows):
        values = {"p_threshold": 0.05 if at == 1 else 0.1 + at}
        metrics = {
            "metrics": {"a": {"label": "a", "value": one}, "b": {"label": "b", "value": two}},
            "headline": ["a", "b"],
        }
        leave_run(root, f"dge/s-{at:08x}", values, metrics=metrics)
        points.append(Point(values, f"dge/s-{at:08x}", "good" if good else "failed"))
    sweep = Sweep("dge", "s", "2026-11-21T09:30:00Z", {"p_threshold": []}, {}, points)
    chosen = published(sweep, root, most)
    assert len(chosen) <= most
    assert len(set(chosen)) == len(chosen)
    good = {p.run: row for p, row in zip(points, rows, strict=True) if p.status == "good"}
    assert set(chosen) <= set(good)
    why = reasons(read_points(sweep, root))
    assert chosen == list(why)[:most]
    default = points[1].run if len(points) > 1 else None
    assert [run for run, words in why.items() if DEFAULT in words] == [
        run for run in (default,) if run in good
    ]
    for column, name in enumerate(("a", "b")):
        every = [row[column] for row in good.values()]
        if len(set(every)) > 1:
            for word, end in (("lowest", min), ("highest", max)):
                (run,) = [r for r, words in why.items() if f"{word} {name}" in words]
                assert good[run][column] == end(every)


def test_five_runs_at_most_get_pages_and_the_default_point_comes_first(project):
    sweep = new_sweep(runs_of(project))
    chosen = published(sweep, runs_of(project))
    assert len(chosen) <= MOST == 5
    values = {point.run: point.values for point in sweep.points}
    assert values[chosen[0]] == {"p_threshold": 0.05, "lfc_threshold": 1.0}


def test_points_with_pages_are_linked_and_the_others_are_rows(project):
    sweep = new_sweep(runs_of(project))
    chosen = published(sweep, runs_of(project))
    found = {point.run.id: point.run for point in read_points(sweep, runs_of(project))}
    text = page_of(sweep, project, *(found[run] for run in chosen)).page()
    assert re.findall(r'href="../../studies/([\w/-]+)\.html"', text) == chosen
    assert DEFAULT in text
    assert "Points with pages" not in page_of(sweep, project).page()


# Genes


def test_a_gene_is_counted_at_the_points_where_it_is_found(project):
    sweep = new_sweep(runs_of(project))
    found = sweep_genes.robust(read_points(sweep, runs_of(project)))
    assert found is not None
    assert found.telling == 12
    expected = {
        gene: sum(
            abs(change) > point.values["lfc_threshold"] and p < point.values["p_threshold"]
            for point in sweep.points
        )
        for gene, change, p in zip(GENES, CHANGES, P_VALUES, strict=True)
    }
    told = dict(zip(found.table["gene"], found.table["found"], strict=True))
    assert told == {gene: count for gene, count in expected.items() if count}
    assert list(found.table["found"]) == sorted(told.values(), reverse=True)
    assert set(found.table["of points"]) == {12}
    directions = dict(zip(found.table["gene"], found.table["direction"], strict=True))
    assert directions["TP53"] == sweep_genes.ABOVE
    assert directions["A2M"] == sweep_genes.BELOW


CHANGED = st.sampled_from([-2.0, -0.5, 0.0, 0.5, 2.0])


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.lists(st.tuples(CHANGED, st.booleans()), min_size=3, max_size=3), min_size=1, max_size=5
    )
)
def test_a_direction_is_told_where_the_sign_is_the_same_at_every_point(tmp_path_factory, of_points):
    root = tmp_path_factory.mktemp("runs")
    points = []
    for at, rows in enumerate(of_points):
        genes = {
            **genes_of({"p_threshold": 0.05, "lfc_threshold": 1.0}),
            "gene": list("abc"),
            "also": [""] * 3,
            "role": ["x"] * 3,
            "chosen": [i for i, (_, chosen) in enumerate(rows) if chosen],
            "numbers": [[change for change, _ in rows], [0.1] * 3],
        }
        leave_run(root, f"dge/s-{at:08x}", {}, genes=genes)
        points.append(Point({}, f"dge/s-{at:08x}", "good"))
    sweep = Sweep("dge", "s", "2026-11-21T09:30:00Z", {}, {}, points)
    found = sweep_genes.robust(read_points(sweep, root))
    assert found is not None
    expected = {}
    for at, gene in enumerate("abc"):
        values = [rows[at][0] for rows in of_points if rows[at][1]]
        signs = {value > 0 for value in values if value}
        words = {frozenset({True}): sweep_genes.ABOVE, frozenset({False}): sweep_genes.BELOW}
        if values:
            direction = words.get(frozenset(signs), sweep_genes.BOTH) if signs else "–"
            expected[gene] = (len(values), direction, median(values))
    rows = found.table.itertuples(index=False)
    assert {row[0]: (row[1], row[3], row[4]) for row in rows} == expected


def test_a_gene_that_only_some_points_know_says_of_how_many(project):
    def leave(root: Path, run: str, values: Any) -> Any:
        genes = genes_of({"p_threshold": 0.05, "lfc_threshold": 1.0, **values})
        if values["data"] == "b.csv":
            genes["gene"] = [*GENES[:5], "ONLY_HERE"]
            genes["chosen"] = [5]
        return leave_run(root, run, values, genes=genes)

    sweep = new_sweep(runs_of(project), grid={"data": ["a.csv", "b.csv"]}, leave=leave)
    found = sweep_genes.robust(read_points(sweep, runs_of(project)))
    assert found is not None
    rows = {row[0]: row[1:3] for row in found.table.itertuples(index=False)}
    assert rows["ONLY_HERE"] == (1, 1)
    assert rows["TP53"] == (1, 2)


def test_numbers_without_a_direction_have_no_such_column(project):
    def leave(root: Path, run: str, values: Any) -> Any:
        genes = {**genes_of(values), "labels": ["R², held out", "q"]}
        return leave_run(root, run, values, genes=genes)

    sweep = new_sweep(runs_of(project), leave=leave)
    found = sweep_genes.robust(read_points(sweep, runs_of(project)))
    assert found is not None
    assert list(found.table) == ["gene", "found", "of points"]


def test_the_page_says_what_robust_means_and_what_it_does_not(project):
    text = page_of(new_sweep(runs_of(project)), project).page()
    assert "a count is no count of independent findings" in text
    assert "p &lt; 0.05." in text  # the words of the default point


# Strangers' text and this machine


def hostile_sweep(project: Project) -> Sweep:
    """Leave a sweep in which everything that can be text is hostile, or a path of this machine."""

    def leave(root: Path, run: str, values: Any) -> Any:
        given = {"p_threshold": 0.05, "lfc_threshold": 1.0}
        metrics = metrics_of(given)
        metrics["metrics"]["genes_up"]["label"] = HOSTILE
        genes = {**genes_of(given), "words": HOSTILE}
        genes["gene"] = [HOSTILE, *GENES[1:]]
        kind = {**DATA, "title": HOSTILE}
        return leave_run(root, run, values, metrics=metrics, genes=genes, data=kind)

    data = [str(project.root / name) for name in ("a/genes.csv", "b/genes.csv")]
    elsewhere = "/srv/someone/private/genes.csv"
    grid = {"data": [*data, elsewhere], "adjust": [HOSTILE, "none"]}
    sweep = new_sweep(runs_of(project), grid=grid, leave=leave, fixed={"columns": HOSTILE})
    return changed(sweep, 0, status="failed", error=f"{HOSTILE} in {project.root}/data")


def test_text_from_strangers_stands_there_and_does_nothing(project):
    text = page_of(hostile_sweep(project), project).page()
    page = read(text)
    assert page.acting == []
    assert not [load for load in page.loads if not load.startswith("../../files/sweeps/")]
    assert "<img src=x" not in text
    assert "<script" not in text
    assert not re.search(r"^[^<]*\{\{", text, re.MULTILINE)  # Markdown sees lines of HTML only


def test_no_folder_of_this_machine_is_published(project):
    page = page_of(hostile_sweep(project), project)
    html = project.root / "html"
    page.publish(html)
    privacy = Privacy(project.root)
    texts = [path.read_text("utf-8") for path in html.rglob("*") if path.is_file()]
    assert len(texts) > 5
    for text in (page.page(), *texts):
        assert privacy.leak(text) is None
        assert "/srv/someone" not in text


def test_two_files_of_one_name_are_told_apart(project):
    sweep = hostile_sweep(project)
    shown = {row["data"] for row in csv_of(page_of(sweep, project), project)}
    assert shown == {"a/genes.csv", "b/genes.csv", "genes.csv"}
    paths = ["/srv/one/genes.csv", "/srv/two/genes.csv"]
    other = new_sweep(runs_of(project), "paths", {"data": paths})
    shown = {row["data"] for row in csv_of(page_of(other, project), project)}
    assert shown == {"genes.csv", "genes.csv (2)"}


def test_a_spreadsheet_runs_no_formula_of_a_parameter(project):
    sweep = new_sweep(runs_of(project), grid={"data": ["=cmd()", "b"]})
    assert [row["data"] for row in csv_of(page_of(sweep, project), project)] == ["'=cmd()", "b"]


# In the book


def sources(book: Book, project: Project, name: str) -> dict[str, str]:
    """Return every source of a book, as Jupyter Book gets it."""
    folder = project.root / "build" / name
    assemble(Material.of(book, project.root), folder)
    texts = [path for path in folder.rglob("*") if path.suffix in (".md", ".yml", ".ipynb")]
    return {path.relative_to(folder).as_posix(): path.read_text("utf-8") for path in texts}


def test_a_sweep_adds_its_page_to_the_book_and_changes_no_other(whole):
    sweep = new_sweep(runs_of(whole))
    book = Book((), (PLAIN,), CATALOGUE, "cite")
    without, with_it = (
        sources(book, whole, "0"),
        sources(replace(book, sweeps=[sweep]), whole, "1"),
    )
    differing = {name for name in with_it if with_it[name] != without.get(name)}
    assert differing == {"index.md", "_toc.yml", "sweeps/dge/thresholds.md"}
    assert "weep" not in without["index.md"] + without["_toc.yml"]
    assert 'href="sweeps/dge/thresholds.html"' in with_it["index.md"]
    assert with_it["index.md"].startswith(without["index.md"].rstrip())
    parts = json.loads(with_it["_toc.yml"])["parts"]
    (chapter,) = next(part["chapters"] for part in parts if part["caption"] == "Sweeps")
    expected = {"file": "sweeps/dge/thresholds", "title": "Differential expression: thresholds"}
    assert chapter == expected


def test_runs_that_a_sweep_made_stand_below_it_and_once(project):
    sweep = new_sweep(runs_of(project))
    other = replace(sweep, name="another")
    run = SiteRun("dge", sweep.points[0].run.partition("/")[2], None, None, listed=False)
    mine = SiteRun("dge", "mine", None, None, listed=False)
    book = Book([run, mine], (PLAIN,), sweeps=[sweep, other])
    parts = {part["caption"]: part["chapters"] for part in json.loads(contents(book, ()))["parts"]}
    assert [entry["file"] for entry in parts["Your runs"]] == [mine.page]
    first, second = parts["Sweeps"]
    assert [entry["file"] for entry in first["sections"]] == [run.page]
    assert "sections" not in second


def test_without_sweeps_the_landing_page_has_no_section_of_them(project):
    assert sweeps_part([]) == ""
    page = page_of(new_sweep(runs_of(project)), project)
    assert "12 good" in sweeps_part([page])


def test_the_site_is_of_another_key_when_a_point_changes_and_only_then(whole):
    sweep = new_sweep(runs_of(whole))
    book = Book((), (PLAIN,), sweeps=[sweep])

    def key() -> str:
        return site_key(book, whole.root)

    before = key()
    leave_run(runs_of(whole), "dge/not-of-it", {})
    assert key() == before
    leave_run(runs_of(whole), sweep.points[3].run, {"p_threshold": 0.3, "lfc_threshold": 1.0})
    after = key()
    assert after != before
    (runs_of(whole) / sweep.points[3].run / "genes.json").unlink()
    assert key() not in (before, after)
    other = replace(book, sweeps=[changed(sweep, 0, status="failed", error="no")])
    assert site_key(other, whole.root) != key()


def test_the_same_results_give_the_same_page_and_files_to_the_byte(project):
    sweep = new_sweep(runs_of(project))

    def made(name: str) -> dict[str, bytes]:
        page, html = page_of(sweep, project), project.root / name
        page.publish(html)
        found = {p.relative_to(html).as_posix(): p for p in html.rglob("*") if p.is_file()}
        return {"page": page.page().encode(), **{n: p.read_bytes() for n, p in found.items()}}

    assert made("one") == made("two")


def test_points_made_before_something_changed_are_told_to_be_out_of_date(project):
    sweep = new_sweep(runs_of(project))
    (first, *_) = read_points(sweep, runs_of(project))
    stale = replace(first.run, stale=("the library's code",))
    text = page_of(sweep, project, stale).page()
    assert "made before something changed (the library&#x27;s code)" in text
    assert "out of date" not in page_of(sweep, project, first.run).page()


def test_five_hundred_points_are_no_heavy_page(project):
    shares = [round(0.0001 * (at + 1), 4) for at in range(500)]
    sweep = new_sweep(runs_of(project), grid={"p_threshold": shares})
    page = page_of(sweep, project)
    assert len(page.page()) < HEAVIEST / 4
    parallel = page._figures[-1]
    assert (parallel.info["points_drawn"], parallel.info["points_total"]) == (200, 500)
    page.publish(project.root / "html")
    script = project.root / "html" / sweep_page.folder(sweep) / "tables" / "points.js"
    assert script.read_text("utf-8").count("build/runs/") == 500


def test_other_results_of_a_point_change_the_sweep_s_page_alone(whole):
    sweep = new_sweep(runs_of(whole))
    book = Book((), (PLAIN,), CATALOGUE, "cite", sweeps=[sweep])
    before = sources(book, whole, "0")
    run, values = sweep.points[4].run, sweep.points[4].values
    metrics = metrics_of(values)
    metrics["metrics"]["genes_up"]["value"] += 1
    leave_run(runs_of(whole), run, values, metrics=metrics)
    after = sources(book, whole, "1")
    assert {name for name in after if after[name] != before[name]} == {"sweeps/dge/thresholds.md"}


def test_a_point_without_a_value_has_the_default_one(project):
    few = new_sweep(runs_of(project))
    sweep = changed(few, 0, values={"p_threshold": 0.001})
    first, second, *_ = csv_of(page_of(sweep, project), project)
    assert (first["lfc_threshold"], second["lfc_threshold"]) == ("default", "1.0")


def test_publishing_says_which_sweeps_read_files_of_ones_own(project):
    """Before: of a sweep only the runs with pages of their own were looked at."""

    def leave(root: Path, run: str, values: Any) -> Any:
        entry = {"name": str(values["data"]), "address": None, "sha256": "ab" * 32}
        return leave_run(root, run, values, data={**DATA, "kind": "yours", "files": [entry]})

    data = ["/srv/one/mine.csv", "/srv/two/other.csv"]
    sweep = new_sweep(runs_of(project), grid={"data": data}, leave=leave)
    html = project.root / "html"
    page_of(sweep, project).publish(html)
    told = _described(html, project.root / "public", ())
    assert told.own == ("sweeps/dge/thresholds",)
    assert "mine.csv, other.csv" in told.warnings[0]


def test_everything_that_the_page_shows_is_published(project):
    page = page_of(new_sweep(runs_of(project)), project)
    assert read(page.page()).results == dict.fromkeys(page.shown, 1)
    html = project.root / "html"
    page.publish(html)
    for name in page.shown:
        for ending in (".js", ".csv", *([".png"] if name.startswith("figures/") else [])):
            assert (html / sweep_page.folder(page.sweep) / f"{name}{ending}").is_file()

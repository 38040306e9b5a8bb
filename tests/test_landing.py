"""The landing page: made from the runs' records alone, whatever state they are in."""

from __future__ import annotations

import re
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis_lib.errors import SiteError
from analysis_lib.site import Book, SiteRun, StudyPage, landing
from analysis_lib.site.summary import VERDICTS, Metric, Summary, difference, why_not_comparable
from tests.site.fixtures import (
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

NUMBERS = st.none() | st.integers(-(10**9), 10**9) | st.floats(allow_infinity=False)
ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "what": st.text(max_size=20),
            "source": st.text(max_size=20),
            "published": NUMBERS,
            "here": NUMBERS,
            "tolerance": st.floats(0, 10),
            "status": st.sampled_from(VERDICTS),
        }
    ),
    max_size=5,
)


def card_of(run: SiteRun, metrics: dict[str, Any] | None = None) -> str:
    """Return the landing page's cards for a report of one run."""
    summary = Summary(run, metrics) if metrics else Summary.of(run)
    return landing.cards(Book([run], [STUDY]), {run.id: summary})


def run_of(study: str, **facts: Any) -> SiteRun:
    """Return a run that has results of which nothing is read but its record."""
    record = new_record("default", data=facts.pop("data", [DATA]), **facts)
    return SiteRun(study, "default", Path("there"), record)


def report_of(rows: list[list[dict[str, Any]]]) -> tuple[Book, dict[str, Summary]]:
    """Return a report with a study for each list of published numbers."""
    runs = [run_of(f"s{i}") for i in range(len(rows))]
    summaries = {
        run.id: Summary(run, {"published": published})
        for run, published in zip(runs, rows, strict=True)
    }
    return Book(runs, [StudyPage(run.study, run.study, "Why?") for run in runs]), summaries


# Cards


def test_a_card_has_picture_question_numbers_data_kind_state_and_age(project):
    card = card_of(new_run(project))
    for part in (
        '<img src="files/dge/default/figures/volcano.png" alt="46 genes are up',
        '<h2><a href="studies/dge/default.html">Differential expression</a></h2>',
        "Which genes go up or down",
        "<dt>Accuracy, SVM</dt><dd><b>0.975</b><small>95 % interval 0.869 to 0.999</small></dd>",
        "simulated data",
        "up to date",
        'made <time datetime="2026-11-21T08:14:09Z" title="2026-11-21 08:14:09 UTC" class="age">'
        "2026-11-21</time>",
    ):
        assert part in card


@pytest.mark.parametrize(
    ("kind", "words"),
    [("simulated", "simulated data"), ("real", "real data"), ("yours", "your data")],
)
def test_a_card_says_what_kind_of_data(project, kind, words):
    card = card_of(new_run(project, data=[{**DATA, "kind": kind}]))
    assert f'<span class="stamp stamp-{kind}">{words}</span>' in card


@pytest.mark.parametrize(
    ("state", "stamp", "words", "has_picture"),
    [
        ("good", "ok", None, True),
        ("stale", "stale", "Out of date. What differs: the notebook, the data.", True),
        (
            "failed",
            "failed",
            "failed in code cell 4. There are no results.",
            False,
        ),
        ("failed since", "failed", "failed in code cell 4. The numbers are older.", True),
        ("never made", "failed", "This run was not made yet.", False),
    ],
)
def test_a_card_says_what_is_wrong(project, state, stamp, words, has_picture):
    failure = new_failure(project, "default")
    run = {
        "good": lambda: new_run(project),
        "stale": lambda: replace(new_run(project), stale=("the notebook", "the data")),
        "failed": lambda: SiteRun("dge", "default", None, None, failure),
        "failed since": lambda: replace(new_run(project), failure=failure),
        "never made": lambda: SiteRun("dge", "default", None, None),
    }[state]()
    card = card_of(run)
    assert f"stamp-{stamp}" in card
    assert (
        (f'<p class="notice">{words}' in card or words in card) if words else "notice" not in card
    )
    assert ("<img" in card) == has_picture
    assert ("No results" in card) != has_picture
    assert ("made <time" in card) == has_picture  # the age of the results, not of the attempt


def test_numbers_that_are_none_are_told_and_not_shown_as_numbers(project):
    metrics = {"a": {"label": "AUC", "value": None}, "b": {"label": "R²", "value": None}}
    card = card_of(
        new_run(project), {**METRICS, "metrics": metrics, "headline": ["a", "b"], "published": []}
    )
    assert card.count("<b>not available</b>") == 2


def test_a_run_without_headline_numbers_or_picture_has_a_card_all_the_same(project):
    card = card_of(new_run(project), {"glance": ["So it is."]})
    assert "No picture" in card
    assert "<dl" not in card


def test_the_two_numbers_with_an_interval_go_first_and_keep_their_order():
    stored = {
        "up": {"label": "up", "value": 46},
        "auc": {"label": "AUC", "value": 0.9, "low": 0.8, "high": 1.0},
        "down": {"label": "down", "value": 57},
    }
    labels = [m.label for m in Summary(run_of("s"), chosen(stored, "up", "auc", "down")).leading]
    assert labels == ["up", "AUC"]
    stored["down"] |= {"low": 50, "high": 60}
    labels = [m.label for m in Summary(run_of("s"), chosen(stored, "up", "auc", "down")).leading]
    assert labels == ["AUC", "down"]


def chosen(metrics: dict[str, Any], *headline: str) -> dict[str, Any]:
    return {"metrics": metrics, "headline": list(headline)}


@given(st.lists(st.booleans(), max_size=5))
def test_leading_numbers_are_at_most_two_and_never_an_uncertain_before_a_certain(certain):
    stored = {
        str(i): {"label": str(i), "value": i} | ({"low": 0, "high": 9} if has else {})
        for i, has in enumerate(certain)
    }
    leading = Summary(run_of("s"), chosen(stored, *stored)).leading
    assert len(leading) == min(2, len(certain))
    assert sum(bool(m.interval) for m in leading) == min(2, sum(certain))
    assert leading == [m for m in map(Metric.of, stored.values()) if m in leading]


def test_a_picture_that_is_not_there_is_an_error(project):
    run = new_run(project, metrics={**METRICS, "picture": "no_such"})
    with pytest.raises(SiteError) as error:
        card_of(run)
    assert error.value.where == "dge/default/figures/no_such.info.json"


@pytest.mark.parametrize("studies", [0, 1, 2, 5, 8])
def test_there_is_a_card_per_study_and_one_that_counts(studies):
    book, summaries = report_of([[]] * studies)
    cards = landing.cards(book, summaries)
    assert cards.count('<li class="study ') == studies
    assert cards.count('class="tally"') == 1


def test_the_default_run_stands_for_its_study(project):
    runs = [replace(run_of("dge"), name=name) for name in ("strict", "default", "mine")]
    book = Book(runs, [STUDY])
    assert [run.name for run in landing.first_runs(book)] == ["default"]


# Reproduced against published


@given(st.lists(ROWS, max_size=4))
def test_the_counts_are_the_sums_over_all_rows(rows):
    """Every row stands in the table once, under its study, and is counted once."""
    book, summaries = report_of(rows)
    table, cards = landing.published(book, summaries), landing.cards(book, summaries)
    flat = [row for study in rows for row in study]
    chips = dict(re.findall(r'value="([\w-]+)".*?<b>(\d+)</b>', table))
    assert int(chips["all"]) == len(flat)
    for verdict in VERDICTS:
        word = verdict.replace(" ", "-")
        count = sum(row["status"] == verdict for row in flat)
        assert int(chips[word]) == count == table.count(f'<tr class="is-{word}">')
        told = f'<span class="stamp stamp-{word}">{verdict}</span></dt><dd>{count}</dd>'
        assert (told in cards) == bool(flat)
    assert table.count("<tbody>") == len(rows)
    assert table.count("There is no published number") == rows.count([])


@given(st.lists(ROWS.filter(bool), min_size=1, max_size=3))
def test_every_cell_has_its_title_for_the_phone(rows):
    table = landing.published(*report_of(rows))
    assert table.count("data-label=") == 7 * sum(map(len, rows))


@given(published=NUMBERS, here=NUMBERS)
def test_a_difference_has_the_sign_and_the_size_of_what_it_is_between(published, here):
    told = difference(published, here)
    if any(value is None or value != value for value in (published, here)):  # noqa: PLR0124
        assert told == "–"
        return
    exact = Decimal(str(here)) - Decimal(str(published))
    assert told == "0" if not exact else told[0] == ("+" if exact > 0 else "-")
    assert abs(Decimal(told) - exact) <= abs(exact) * Decimal("0.005")
    assert "e" not in told.lower()


@pytest.mark.parametrize(
    ("row", "facts", "reason"),
    [
        ({"here": None}, {}, "not computed here"),
        ({}, {}, "simulated data"),
        ({}, {"data": [{**DATA, "kind": "yours"}]}, "your data"),
        ({}, {"data": [{**DATA, "kind": "real"}], "changed": ["alpha", "folds"]}, "alpha, folds"),
        ({}, {"data": [{**DATA, "kind": "real"}]}, ""),
        ({"status": "drifted"}, {}, ""),
    ],
)
def test_what_is_not_comparable_says_why_when_that_is_known(row, facts, reason):
    row = {"what": "x", "published": 1, "here": 2, "status": "not comparable", **row}
    run = run_of("s", **facts)
    why = why_not_comparable(row, Summary(run, {"published": [row]}))
    assert why == (f"changed: {reason}" if "changed" in facts else reason)


def test_simulated_data_are_no_reason_where_other_numbers_are_compared():
    """The published numbers of one study are of its simulated table."""
    row = {"what": "x", "published": 1, "here": 2, "status": "not comparable"}
    rows = [row, {**row, "status": "reproduced"}]
    run = run_of("s", changed=["p_threshold"])
    assert why_not_comparable(row, Summary(run, {"published": rows})) == "changed: p_threshold"


def test_a_report_without_published_numbers_says_so():
    book, summaries = report_of([[]])
    assert "No run has a published number to be held against." in landing.cards(book, summaries)


def test_a_failed_study_stands_in_the_table_without_numbers(project):
    run = SiteRun("dge", "default", None, None, new_failure(project, "default"))
    table = landing.published(Book([run], [STUDY]), {run.id: Summary.of(run)})
    assert "No results." in table
    assert "stamp-failed" in table


# All runs, and the ways to other pages


def test_runs_are_compared_where_there_is_a_page_for_it(project):
    runs = [new_run(project), new_run(project, "strict")]
    broken = SiteRun("dge", "broken", None, None, new_failure(project, "broken"))
    book = Book([*runs, broken], [STUDY])
    summaries = {run.id: Summary.of(run) for run in book.runs}
    assert "compare" not in landing.runs(book, summaries, ())
    table = landing.runs(book, summaries, {"compare/dge", "compare/other"})
    assert table.count('<a href="compare/dge.html">compare</a>') == 2  # not of the broken one
    assert "compare/other" not in table


def test_the_search_for_a_gene_is_linked_where_there_is_its_page():
    assert landing.find(()) == ""
    assert '<a href="genes.html" class="find-gene">Find a gene in all studies</a>' in landing.find(
        {"genes"}
    )


def test_hostile_text_does_nothing(project):
    row = {**METRICS["published"][0], "what": HOSTILE, "source": HOSTILE}
    run = new_run(project, metrics={**METRICS, "published": [row]})
    study = replace(STUDY, title=HOSTILE, question=HOSTILE)
    book, summaries = Book([run], [study]), {run.id: Summary.of(run)}
    for part in (
        landing.cards(book, summaries),
        landing.published(book, summaries),
        landing.runs(book, summaries, ()),
    ):
        assert "<img src=x" not in part
        assert "\n" not in part
        assert "&lt;/script&gt;" in part

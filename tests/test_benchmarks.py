"""The harness of the benchmarks and the page of its results; never how fast anything is."""

from __future__ import annotations

import html
import io
import itertools
import json
import math
import os
import statistics
import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

from analysis_lib import files
from analysis_lib.errors import SiteError
from analysis_lib.figures import benchmarks as figures
from analysis_lib.figures.text import plain
from analysis_lib.files import PROJECT
from analysis_lib.site import Book, key
from analysis_lib.site.benchmarks import FORMAT, BenchmarksPage
from analysis_lib.site.key import RESULTS
from benchmarks import __main__ as program
from benchmarks import harness, machine, peers, printing
from tests.site.fixtures import HOSTILE

QUICK = ("read_tables", "start_up", "normalise_counts", "fit_lassos")
"""What the quick form does of everything that needs no network and no minutes of building."""

THERE = {
    "date": "2026-11-22T01:02:03Z",
    "commit": {"id": "0123456789abcdef", "dirty": False},
    "machine": {
        "processor": "A processor",
        "cores": 2,
        "memory_gb": 24.5,
        "system": "Linux, x86_64",
        "python": "3.11.7",
        "load": 0.1,
    },
    "versions": {"numpy": "2.4.6"},
}
"""What `machine.described` says of some machine."""

costs = st.floats(1e-6, 1e6)
rounds = st.lists(costs, min_size=1, max_size=12)


def claim(ours, *theirs, check=lambda: None, **more) -> harness.Claim:
    """Return a claim whose ways cost what iterators say."""
    ways = [
        harness.Way(name, iter(values).__next__)
        for name, values in {"ours": ours, **{f"way {i}": v for i, v in enumerate(theirs)}}.items()
    ]
    given = {"rounds": len(ours), **more}
    return harness.Claim("a_claim", "A claim", "Work", "s", ways[0], ways[1:], check, **given)


def results(*claims: harness.Result, **more) -> harness.Result:
    """Return a document as the harness writes it."""
    return {
        "format": FORMAT,
        "quick": False,
        **THERE,
        "claims": [{**each, "date": THERE["date"]} for each in claims],
        "failed": [],
        "seconds": 1.0,
        **more,
    }


def page_of(folder: Path, document: harness.Result) -> BenchmarksPage:
    files.write_json(folder / RESULTS, document)
    return BenchmarksPage.of(folder)


# The rounds


@given(st.integers(1, 6), st.integers(1, 30))
def test_every_way_is_measured_in_every_round_and_goes_first_as_often_as_the_others(ways, n):
    orders = [harness.rotated(ways, number) for number in range(n)]
    assert all(sorted(order) == list(range(ways)) for order in orders)
    first = Counter(order[0] for order in orders)
    assert max(first.values()) - min(first.get(way, 0) for way in range(ways)) <= 1


def test_ways_take_turns_and_are_checked_before():
    told = []

    def way(name):
        return harness.Way(name, lambda: told.append(name) or 1.0)

    measured = harness.Claim(
        "a", "A", "Work", "s", way("ours"), [way("b"), way("c")], lambda: told.append("check"), 3
    ).measure()
    assert told == ["check", "ours", "b", "c", "b", "c", "ours", "c", "ours", "b"]
    assert [len(peer["values"]) for peer in measured["peers"]] == [3, 3]


def test_nothing_is_timed_when_the_results_differ():
    def check():
        np.testing.assert_allclose(1.0, 2.0)

    cost = pytest.fail
    ours = harness.Way("ours", lambda: cost("it was timed"))
    with pytest.raises(AssertionError, match="Not equal"):
        harness.Claim("a", "A", "Work", "s", ours, [ours], check).measure()


@pytest.mark.parametrize("cost", [0.0, -1.0, math.nan, math.inf])
def test_what_is_no_cost_is_no_result(cost):
    with pytest.raises(ValueError, match="way 0 cost"):
        claim([1.0], [cost]).measure()


def test_two_ways_of_one_name_are_not_told_as_one():
    same = harness.Way("same", lambda: 1.0)
    with pytest.raises(ValueError, match="one name"):
        harness.Claim("a", "A", "Work", "s", same, [same], lambda: None).measure()


def test_a_process_that_fails_is_not_a_fast_one():
    with pytest.raises(RuntimeError, match="exit status 3"):
        harness.whole([sys.executable, "-c", "raise SystemExit(3)"])()


# The numbers


@given(rounds)
def test_summaries_are_in_order_and_hold_every_value(values):
    way = claim(values, values).measure()["ours"]
    assert way["values"] == values
    assert min(values) <= way["low"] <= way["median"] <= way["high"] <= max(values)
    assert way["median"] == statistics.median(values)


@given(rounds)
def test_the_interval_of_a_median_holds_it_and_only_values(values):
    low, high, coverage = harness.interval(values)
    assert {low, high} <= set(values)
    assert low <= statistics.median(values) <= high
    assert 0 <= coverage < 1


@pytest.mark.parametrize("n", range(1, 10))
def test_the_coverage_of_an_interval_is_that_of_all_its_samples(n):
    # The true median is 0; every pattern of signs is as likely as every other.
    patterns = list(itertools.product((-1.0, 1.0), repeat=n))
    found = [harness.interval(list(signs)) for signs in patterns]
    held = sum(low < 0 < high for low, high, _ in found) / len(patterns)
    assert held == pytest.approx(found[0][2])
    assert n < 5 or held >= harness.COVERAGE


@given(st.data(), st.integers(1, 9), st.floats(0.01, 100))
def test_ratios_are_taken_round_by_round(data, n, factor):
    theirs = data.draw(st.lists(costs, min_size=n, max_size=n))
    told = harness.ratio([factor * value for value in theirs], theirs)
    # However much the rounds differ: what is always as much more is so without any spread.
    assert [told[each] for each in ("low", "median", "high")] == pytest.approx([factor] * 3)


@given(rounds, st.data())
def test_ours_beside_a_peer_is_the_inverse_of_the_peer_beside_ours(ours, data):
    theirs = data.draw(st.lists(costs, min_size=len(ours), max_size=len(ours)))
    one, other = harness.ratio(ours, theirs), harness.ratio(theirs, ours)
    assert one["low"] * other["high"] == pytest.approx(1)
    if len(ours) % 2:
        assert one["median"] * other["median"] == pytest.approx(1)


@given(rounds, rounds)
def test_results_come_back_from_their_file_as_they_were(tmp_path_factory, ours, theirs):
    n = min(len(ours), len(theirs))
    document = results(claim(ours[:n], theirs[:n]).measure())
    path = tmp_path_factory.mktemp("results") / "results.json"
    files.write_json(path, document)
    assert files.read_json(path) == json.loads(json.dumps(document))


def test_a_script_that_takes_its_own_rounds_is_told_like_the_others():
    def script(rounds, quick):
        seconds = {"peer": [2.0] * rounds, "ours": [1.0] * rounds}
        return {"what": "reading", "peer": "another", "seconds": seconds, "notes": ["1 GB"]}

    (one,) = harness.measured("mine", "Mine", script, quick=True)
    told = one.measure()
    assert (told["what"], told["ours"]["name"], told["notes"]) == ("Reading", "ours", ["1 GB."])
    assert [(peer["name"], peer["ratio"]["median"]) for peer in told["peers"]] == [("another", 0.5)]


# Peers of their own


def test_a_peer_that_cannot_be_installed_is_told_with_the_reason(tmp_path, monkeypatch):
    nowhere = f"file://{tmp_path}/no-index"
    for name in ("UV_INDEX_URL", "UV_DEFAULT_INDEX"):
        monkeypatch.setenv(name, nowhere)
    peer = peers.Peer("nobody", ("no-such-package-of-ours==1.0",), "peer_celer.py")
    with pytest.raises(peers.AbsentError, match="could not be installed: ") as caught:
        peers.environment(peer, tmp_path / "peers")
    assert str(tmp_path) not in str(caught.value)
    assert not (tmp_path / "peers" / "nobody" / "installed.txt").exists()


def test_the_quick_form_installs_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(peers, "FOLDER", tmp_path)
    monkeypatch.setattr(peers, "_do", lambda command: pytest.fail("it was installed"))
    monkeypatch.setattr(
        peers.environment, "__defaults__", (tmp_path, *peers.environment.__defaults__[1:])
    )
    with peers.at_work(peers.CELER, {"X": np.ones(1)}, "lasso", install=False) as worker:
        assert worker == harness.Absent("celer", "the quick form installs nothing")


@given(st.text("abc:/ .-`@", max_size=60))
def test_no_address_and_no_folder_is_in_a_reason(text):
    told = peers.why(
        f"{text} https://me:secret@registry.example/simple/ and /root/.cache/uv {text}"
    )
    assert "secret" not in told
    assert "/root" not in told


WORKER = """\
import json, sys
import numpy as np
with np.load(sys.argv[1], allow_pickle=False) as inputs:
    values = inputs["values"]
print(json.dumps({"name": "somebody", "version": "1.2"}), flush=True)
for line in sys.stdin:
    if line.strip():
        np.savez(line.strip(), found=values * 2)
    print(json.dumps({"seconds": 0.25}), flush=True)
"""


@pytest.fixture
def somebody(tmp_path, monkeypatch):
    script = tmp_path / "somebody.py"
    monkeypatch.setattr(peers, "environment", lambda peer, install: Path(sys.executable))
    return script, peers.Peer("somebody", (), str(script))


def test_a_worker_says_what_its_work_cost_and_what_came_of_it(somebody):
    script, peer = somebody
    script.write_text(WORKER)
    with peers.at_work(peer, {"values": np.arange(3)}, "doubling", install=True) as worker:
        ways, absent = peers.ways(worker)
        assert ([way.name for way in ways], absent) == (["somebody 1.2"], [])
        assert worker.result()["found"].tolist() == [0, 2, 4]
        assert ways[0].cost() == 0.25
    assert worker._process.poll() is not None  # it has ended


def test_a_worker_that_does_not_start_is_absent(somebody):
    script, peer = somebody
    script.write_text("raise SystemExit(4)")
    with peers.at_work(peer, {"values": np.arange(3)}, "doubling", install=True) as worker:
        _, (absent,) = peers.ways(worker)
    assert absent.reason == "could not be started: it ended with exit status 4"


# What is told


@given(st.floats(0.01, 100), st.floats(0.01, 100), st.floats(0.01, 100))
def test_what_costs_more_is_never_told_as_better(low, median, high):
    low, median, high = sorted((low, median, high))
    words = figures.verdict("s", median, low, high)
    assert words.startswith("slower") == (median > 1)
    assert words.endswith("within the spread") == (low <= 1 <= high and median != 1)


def printed(result, **settings) -> str:
    stream = io.StringIO()
    printing.show(result, Console(file=stream, highlight=False, soft_wrap=True, **settings))
    return stream.getvalue()


def test_what_is_slower_is_red_in_a_terminal_and_said_in_words_everywhere():
    slower, faster = claim([2.0], [1.0]).measure(), claim([1.0], [2.0]).measure()
    red = "\x1b[1;31m"
    assert red in printed(slower, force_terminal=True, color_system="standard")
    assert red not in printed(faster, force_terminal=True, color_system="standard")
    assert "\x1b" not in printed(slower)
    assert "2.00 (2.00 to 2.00): slower" in printed(slower)


def test_an_absent_peer_is_printed_with_its_reason():
    absent = [harness.Absent("celer [x]", "could not be installed: 404")]
    told = printed(claim([1.0], [1.0], absent=absent).measure())
    assert "celer [x]: not measured, could not be installed: 404" in told


def test_a_machine_is_described_without_its_name_and_folders():
    described = machine.described()
    assert described.keys() == THERE.keys()
    assert described["machine"].keys() == THERE["machine"].keys()
    told = files.to_json(described)
    assert os.uname().nodename not in told
    assert str(PROJECT) not in told
    assert str(Path.home()) not in told


# The page


def test_a_book_without_results_says_so(tmp_path):
    page = BenchmarksPage.of(tmp_path)
    assert "Nothing was measured yet" in page.part()
    assert page.shown == ()
    page.publish(tmp_path / "html")
    assert not (tmp_path / "html").exists()


def test_what_is_slower_stands_first_and_is_said_in_words_colour_and_sign(tmp_path):
    page = page_of(
        tmp_path, results(claim([1.0] * 5, [4.0] * 5).measure(), claim([3.0], [1.0]).measure())
    )
    part = page.part()
    assert part.index("▲ slower") < part.index("▼ faster")
    assert 'class="stamp stamp-failed">▲ slower' in part
    assert "Ours costs more than 1 of 2 peers: A claim beside way 0, 3.0 times." in part


def test_what_costs_more_only_within_the_spread_is_told_so(tmp_path):
    page = page_of(tmp_path, results(claim([0.9, 1.2, 1.3], [1.0] * 3).measure()))
    assert "A claim beside way 0, 1.2 times (within the spread)." in page.part()


def test_the_figure_is_published_with_its_data_and_every_value(tmp_path):
    page = page_of(tmp_path, results(claim([1.0, 2.0], [4.0, 4.0]).measure()))
    assert page.shown == ("figures/ratios",)
    page.publish(tmp_path / "html")
    folder = tmp_path / "html" / "files" / "benchmarks"
    assert {path.name for path in (folder / "figures").iterdir()} == {
        *("ratios.js", "ratios.png", "ratios.csv")
    }
    assert files.read_json(folder / "results.json")["claims"][0]["ours"]["values"] == [1.0, 2.0]


def test_a_missing_peer_a_failure_and_a_note_are_on_the_page(tmp_path):
    absent = [harness.Absent("celer", "could not be installed: 404")]
    told = claim([1.0], [1.0], absent=absent, notes=lambda: ["Scaled."]).measure()
    failed = [{"name": "rebuild", "reason": "RuntimeError: no page"}]
    part = page_of(tmp_path, results(told, failed=failed)).part()
    assert "A claim, celer: not measured, could not be installed: 404" in part
    assert "rebuild: RuntimeError: no page" in part
    assert "Scaled." in part


def test_nothing_in_the_results_acts_on_the_page(tmp_path):
    told = claim([1.0], [2.0], notes=lambda: [HOSTILE]).measure()
    told |= {"title": HOSTILE, "what": HOSTILE, "absent": [{"name": HOSTILE, "reason": HOSTILE}]}
    told["ours"]["name"] = told["peers"][0]["name"] = HOSTILE
    document = results(told, failed=[{"name": HOSTILE, "reason": HOSTILE}])
    document |= {"versions": {HOSTILE: HOSTILE}}
    document |= {"machine": {**THERE["machine"], "processor": HOSTILE}}
    page = page_of(tmp_path, document)
    part = page.part()
    assert "<img src=x" not in part
    assert "</script>" not in part
    assert "<img src=x" in html.unescape(part)
    page.publish(tmp_path / "html")
    script = (tmp_path / "html/files/benchmarks/figures/ratios.js").read_text()
    assert "<img" not in script


def test_new_results_are_a_reason_to_build_the_site_again(tmp_path, monkeypatch):
    monkeypatch.setattr(key.bundle, "sources", lambda project: iter(()))
    keys = [key.site_key(Book([], []), tmp_path)]
    for cost in (1.0, 2.0):
        page_of(tmp_path, results(claim([cost], [2.0]).measure()))
        keys.append(key.site_key(Book([], []), tmp_path))
    assert len(set(keys)) == 3


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: text[:-20],
        lambda text: text.replace('"format": 1', '"format": 9'),
        lambda text: text.replace('"median"', '"mean"'),
        lambda text: "[]\n",
    ],
    ids=["cut", "another format", "another field", "something else"],
)
def test_damaged_results_are_named_with_a_remedy(tmp_path, damage):
    page_of(tmp_path, results(claim([1.0], [2.0]).measure()))
    path = tmp_path / RESULTS
    path.write_text(damage(path.read_text()))
    with pytest.raises(SiteError, match=r"benchmarks/results\.json") as caught:
        BenchmarksPage.of(tmp_path)
    assert "make bench" in str(caught.value)


@settings(max_examples=15)
@given(st.lists(st.tuples(costs, costs, costs), max_size=6))
def test_every_peer_has_a_bar_and_the_costliest_the_first(triples):
    import pandas as pd

    ordered = [sorted(triple) for triple in triples]
    rows = [
        {"title": f"t{at}", "peer": "p", "unit": "s", "low": low, "median": mid, "high": high}
        for at, (low, mid, high) in enumerate(ordered)
    ]
    columns = ["title", "peer", "unit", "low", "median", "high"]
    figure = figures.ratios(pd.DataFrame(rows, columns=columns))
    bars = [(y, x) for t in figure.data if t.type == "bar" for y, x in zip(t.y, t.x, strict=True)]
    drawn = [x for _, x in sorted(bars)]
    logs = sorted((math.log10(mid) for _, mid, _ in ordered), reverse=True)
    assert drawn == pytest.approx(logs)
    if rows:
        low, high = figure.layout.xaxis.range
        assert low < min([0, *drawn])
        assert high > max([0, *drawn])
        assert all("<b>" in plain(f"&lt;b&gt;{name}") for name in figure.layout.yaxis.ticktext)


# The scripts


@pytest.mark.long
def test_the_quick_form_measures_everything_and_leaves_the_results_alone(tmp_path):
    before = (PROJECT / RESULTS).read_bytes() if (PROJECT / RESULTS).exists() else None
    target = tmp_path / "quick.json"
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks", "--quick", "-o", str(target), *QUICK],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    document = files.read_json(target)
    assert document["quick"] is True
    assert document["failed"] == []
    told = {each["name"]: each for each in document["claims"]}
    assert len(told) == len(document["claims"])
    assert {*QUICK} - {"start_up"} <= set(told)
    assert all(each["peers"] for each in told.values())
    after = (PROJECT / RESULTS).read_bytes() if (PROJECT / RESULTS).exists() else None
    assert after == before
    assert page_of(tmp_path, document).shown


def test_some_are_kept_beside_the_others():
    old, new = ({**claim([cost], [2.0]).measure(), "date": "x"} for cost in (1.0, 5.0))
    other = {**new, "name": "another"}
    before, found = results(old, other), results(new)
    told = program.together(before, found)
    assert [(each["name"], each["ours"]["values"]) for each in told["claims"]] == [
        ("a_claim", [5.0]),
        ("another", [5.0]),
    ]
    with pytest.raises(ValueError, match="another machine"):
        program.together(before, {**found, "machine": {**THERE["machine"], "cores": 64}})


def test_an_unknown_name_is_told_with_those_there_are(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["benchmarks", "read_table"])
    with pytest.raises(SystemExit) as caught:
        program.main()
    assert caught.value.code == 2
    assert "unknown: read_table; there are read_tables" in capsys.readouterr().err


def test_a_script_that_fails_does_not_stop_the_others(tmp_path, monkeypatch):
    def broken(*, quick):
        raise RuntimeError("no room")
        yield

    def good(*, quick):
        yield claim([1.0], [2.0])

    monkeypatch.setattr(program, "SCRIPTS", {"broken": broken, "good": good})
    monkeypatch.setattr(program, "UNDER_WAY", tmp_path / "last.json")
    console = Console(file=io.StringIO())
    document = program.document(["broken", "good"], quick=True, console=console)
    assert document["failed"] == [{"name": "broken", "reason": "RuntimeError: no room"}]
    assert [each["name"] for each in document["claims"]] == ["a_claim"]
    assert files.read_json(tmp_path / "last.json") == document

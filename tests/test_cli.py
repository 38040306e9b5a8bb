"""The command line: what a user types, and what a user's mistakes get."""

from __future__ import annotations

import subprocess
import sys

import pytest

from analysis_lib import __main__ as front
from analysis_lib import datasets, files


def call(capsys, *words: str) -> tuple[int, str, str]:
    """Run the command line in this process; return its status and what it printed."""
    status = 0
    try:
        front.main(words)
    except SystemExit as end:
        status = int(end.code or 0)
    printed = capsys.readouterr()
    return status, printed.out, printed.err


@pytest.fixture
def elsewhere(tmp_path, monkeypatch):
    """A folder of the user's own, in which nothing may appear."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def own_runs() -> dict[str, int]:
    """Return the runs of this checkout, which a mistake must leave as they are."""
    found = (files.PROJECT / "build" / "runs" / "dge").glob("[a-z]*")
    return {path.name: path.stat().st_mtime_ns for path in found}


MISTAKES = {
    "unknown study": (["run", "dgee"], ["no study 'dgee'", "'dge'"]),
    "unknown parameter": (["run", "dge", "p_treshold=0.1"], ["'p_treshold'", "'p_threshold'"]),
    "out of range": (["run", "dge", "p_threshold=7"], ["p_threshold", "≤ 1", "7"]),
    "wrong type": (["check", "dge", "seed=abc"], ["seed", "whole number", "abc"]),
    "no equals sign": (["run", "dge", "p_threshold"], ["name=value"]),
    "given twice": (["run", "dge", "seed=1", "seed=2"], ["'seed'", "twice"]),
    "given twice, as words and in a text": (
        ["run", "dge", "seed=1", "--words", "seed=2"],
        ["'seed'", "twice"],
    ),
    "open quote": (["run", "dge", "--words", "data='my genes.csv"], ["quote", "my genes.csv"]),
    "long word": (["run", "dge", "x" * 5000], ["name=value", "xxx…"]),
    "long name": (["run", "dge", "--name", "x" * 5000], ["cannot be called", "xxx…"]),
    "pipe for a parameter file": (["run", "dge", "-f", "/dev/null"], ["/dev/null", "device"]),
    "empty path": (["check", "dge", "-f", "empty.json"], ["'data'", "null"]),
    "path too long": (["check", "dge", "data=" + "x" * 5000], ["'data'", "too long"]),
    "home of nobody": (["check", "dge", "data=~nobody-of-that-name/x"], ["'data'", "home"]),
    "bad run name": (["run", "dge", "--name", "../x"], ["cannot be called", "lower-case"]),
    "missing table": (["run", "dge", "data=none.csv"], ["does not exist", "none.csv"]),
    "folder for a table": (["check", "dge", "data=."], ["folder"]),
    "missing parameter file": (["run", "dge", "-f", "none.yml"], ["cannot be read", "none.yml"]),
    "text for a table": (["check", "dge", "data=words.txt"], ["words.txt"]),
    "run on text for a table": (["run", "dge", "data=words.txt"], ["words.txt"]),
    "run on p above one": (["run", "dge", "data=p.csv"], ["p.csv", "pval", "1.5", "remedy"]),
    "run on too few genes": (["run", "dge", "data=few.csv"], ["few", "test_size", "remedy"]),
    "sweep over nothing": (["sweep", "dge"], ["Nothing varies", "GRID="]),
    "sweep of no study": (["sweep", "--grid", "seed=1"], ["Missing the study"]),
    "sweep of a wrong point": (
        ["sweep", "dge", "--grid", "p_threshold=0.1,7"],
        ["point 2 of 2 (p_threshold=7)", "≤ 1"],
    ),
    "sweep over a missing table": (
        ["sweep", "dge", "--grid", "data=few.csv,none.csv"],
        ["point 2 of 2 (data=none.csv)", "does not exist"],
    ),
    "sweep by a file of two kinds": (["sweep", "-f", "two.yml"], ["two.yml", "exactly one of"]),
    "sweep by a file and a grid": (
        ["sweep", "-f", "two.yml", "--grid", "seed=1"],
        ["GRID or F, not both"],
    ),
    "more jobs than anybody has": (["sweep", "dge", "--jobs", "65"], ["--jobs", "1<=x<=64"]),
    "no number of jobs": (["book", "--jobs", "two"], ["--jobs", "'two'"]),
    "no p-value column": (["check", "dge", "data=nop.csv"], ["nop.csv", "p-value", "columns"]),
    "p above one": (["check", "dge", "data=p.csv"], ["p.csv", "pval", "1.5"]),
}


@pytest.mark.parametrize(("words", "parts"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_gets_a_short_message_and_status_2(capsys, elsewhere, words, parts):
    (elsewhere / "words.txt").write_text("not a table at all\n")
    (elsewhere / "empty.json").write_text('{"data": ""}')
    (elsewhere / "nop.csv").write_text("gene,logFC,score\na,1,2\nb,-1,3\n")
    (elsewhere / "p.csv").write_text("gene,logFC,pval\na,1,0.5\nb,-1,1.5\n")
    (elsewhere / "two.yml").write_text("{study: dge, grid: {seed: [1]}, points: [{seed: 1}]}")
    (elsewhere / "few.csv").write_text("gene,logFC,p\na,1,0.5\nb,-1,0.5\nc,2,0.1\n")
    before, runs = sorted(elsewhere.rglob("*")), own_runs()
    status, out, err = call(capsys, *words)
    assert status == 2
    assert all(part in err for part in parts), err
    assert "Traceback" not in err
    assert 1 <= len(err.strip().splitlines()) <= 5
    assert out == ""
    assert sorted(elsewhere.rglob("*")) == before
    assert own_runs() == runs


def test_words_may_come_in_one_text(capsys, elsewhere):
    genes = "".join(f"g{i},{(-1) ** i * i},{i / 100}\n" for i in range(1, 91))
    (elsewhere / "my $genes #1.csv").write_text("gene,logFC,pval\n" + genes)
    words = ["check", "dge", "p_threshold=0.5", "--words", "data='my $genes #1.csv' seed=7"]
    status, out, err = call(capsys, *words)
    assert (status, err) == (0, "")
    assert "90 genes" in out


def test_debug_shows_the_traceback(capsys, elsewhere):
    status, _, err = call(capsys, "run", "dge", "data=none.csv", "--debug")
    assert status == 2
    assert "Traceback" in err
    assert "Your data file does not exist." in err


def test_options_that_do_not_exist_are_a_mistake_too(capsys):
    status, _, err = call(capsys, "run", "dge", "--nmae", "x")
    assert status == 2
    assert "--nmae" in err


@pytest.mark.parametrize("command", ["run", "check", "sweep"])
def test_help_lists_every_parameter_with_type_range_and_default(capsys, command):
    from analysis_lib.studies.dge import Params

    status, out, _ = call(capsys, command, "dge", "--help")
    assert status == 0
    for row in Params.table():
        assert f"{row.name}={row.default}" in out
    assert "> 0, ≤ 1" in out


def test_check_reads_and_counts_without_running(capsys, elsewhere):
    genes = "".join(f"g{i},{(-1) ** i * i},{i / 100}\n" for i in range(1, 91))
    (elsewhere / "mine.csv").write_text("gene,logFC,pval\n" + genes + "x,1,NA\n")
    status, out, _ = call(capsys, "check", "dge", "data=mine.csv")
    told = dict(line.split("  ", 1) for line in out.splitlines())
    assert status == 0
    assert told["rows"].strip() == "91 genes"
    assert "1 (no pvalue)" in told["left out"]
    assert told["classes"].strip() == "45 down, 45 up"
    assert list(elsewhere.iterdir()) == [elsewhere / "mine.csv"]


def test_data_lists_every_file_of_the_catalogue(capsys):
    status, out, _ = call(capsys, "data")
    assert status == 0
    for dataset in datasets.CATALOGUE.values():
        assert dataset.name in out
        assert all(file.name in out for file in dataset.files)


def test_a_study_without_downloads_says_so_quickly(capsys):
    status, out, _ = call(capsys, "data", "dge", "--download")
    assert status == 0
    assert "simulated" in out


def test_the_module_runs_as_a_program():
    done = subprocess.run(
        [sys.executable, "-m", "analysis_lib", "studies"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.startswith("dge ")


def test_the_front_door_opens():
    import analysis_lib

    for name in analysis_lib.__all__:
        assert getattr(analysis_lib, name) is not None
    with pytest.raises(AttributeError):
        _ = analysis_lib.no_such_name


def test_column_names_cannot_act_on_the_terminal(capsys, elsewhere):
    rows = "".join(f"g{i},{(-1) ** i},{i / 100}\n" for i in range(1, 91))
    (elsewhere / "t.csv").write_text("gene,\x1b[31mchange,p\n" + rows)
    words = ["check", "dge", "data=t.csv", 'columns={logFC: "\\e[31mchange", pvalue: p}']
    status, out, _ = call(capsys, *words)
    assert status == 0
    assert "\\x1b[31mchange" in out
    assert "\x1b" not in out

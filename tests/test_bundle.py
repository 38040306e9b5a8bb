"""What is packed to run a run again elsewhere: complete, checked, and nothing beside it."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import stat
import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path, PurePosixPath
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from analysis_lib import files
from analysis_lib.errors import SiteError
from analysis_lib.files import PROJECT
from analysis_lib.runs.record import Record, inventory, read_record
from analysis_lib.runs.values import read_report
from analysis_lib.site import SiteRun, bundle
from analysis_lib.site.privacy import Privacy

HOSTILE = (
    "</script><img src=x onerror=alert(1)> `a` {{ 7*7 }} $x$ [a](javascript:alert(2)) <b>*b*\n"
)
METRICS = {
    "metrics": {
        "accuracy": {"label": "Accuracy, SVM", "value": 0.975, "low": 0.869, "high": 0.999},
        "auc": {"label": f"AUC of {HOSTILE}", "value": None},
    },
    "headline": ["accuracy", "auc"],
    "glance": [],
    "picture": "volcano",
}
TABLE = "name,logFC,pvalue\nTP53,1.5,0.001\n"
FEW = (
    *("models=logistic", "permutations=20", "cv_repeats=1", "bootstrap=200"),
    "columns={logFC: 'log fold', pvalue: p}",
)


@pytest.fixture(scope="module")
def copied(tmp_path_factory) -> Path:
    """Return a copy of the project: of what is packed, and of nothing else."""
    root = tmp_path_factory.mktemp("bundle") / "my own “project”"
    for name, path in bundle.sources(PROJECT):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, root / name)
    (root / "book" / "reference.md").unlink()  # many pages, which are not at issue here
    return root


@pytest.fixture
def project(tmp_path) -> Path:
    """Return a project of a few files."""
    return small_project(tmp_path / "a project")


def small_project(root: Path) -> Path:
    names = [*bundle.FILES, "analysis_lib/code.py", "book/index.md", "book/_static/site.css"]
    names += [f"notebooks/{study}.ipynb" for study in ("dge", "ephys_lasso", "geo_validation")]
    for name in names:
        files.write_text(root / name, f"{name}\n")
    return root


def made(project: Path, study: str = "dge", name: str = "mine", **facts) -> SiteRun:
    """Write the folder of a run into a project."""
    folder = project / "build" / "runs" / study / name
    parameters = facts.pop("parameters", {"p_threshold": 0.05, "data": None})
    files.write_json(folder / "params.json", parameters)
    files.write_json(folder / "metrics.json", facts.pop("metrics", METRICS))
    for result, content in facts.pop("results", {}).items():
        files.write_text(folder / result, content)
    given = {
        "key": "0" * 64,
        "parts": {},
        "status": "ok",
        "started": "2026-11-21T08:14:09Z",
        "seconds": 12.3,
        "peak_memory_mb": 412.0,
        "parameters": parameters,
        "changed": [each for each, value in parameters.items() if value is not None],
        "versions": {"python": "3.11.2", "platform": "Linux x86_64"},
        "git": {"commit": "0123456789abcdef", "dirty": True},
        "files": inventory(folder),
        **facts,
    }
    record = Record(study=study, run=name, **given)
    record.write(folder)
    return SiteRun(study, name, folder, record)


def own(*paths: Path, kind: str = "yours", dataset: str = "dge_table") -> dict:
    """Return what a record says of files of the user's own."""
    read = [{"name": p.name, "address": None, "sha256": files.sha256(p)} for p in paths]
    return {
        "dataset": dataset,
        "kind": kind,
        "title": "A table",
        "rows": 1,
        "note": "",
        "files": read,
    }


def packed(run: SiteRun, project: Path) -> SimpleNamespace:
    """Write the bundle of a run and read it again: its names below the top folder, and bytes."""
    target = project / "site" / run.files
    bundle.write(run, project, target, Privacy(project))
    content = (target / bundle.NAME).read_bytes()
    with zipfile.ZipFile(target / bundle.NAME) as archive:
        assert archive.testzip() is None
        parts = {info.filename.partition("/")[2]: archive.read(info) for info in archive.infolist()}
        infos = archive.infolist()
    specs = parts.get("report.yml", b"").decode()
    return SimpleNamespace(
        content=content, parts=parts, infos=infos, readme=parts["README.md"].decode(), report=specs
    )


def asked(run: SiteRun, project: Path, tmp_path: Path) -> dict[str, dict]:
    """Return what the packed report asks for, as the engine reads it."""
    path = tmp_path / "report.yml"
    path.write_bytes(packed(run, project).parts["report.yml"])
    return {spec.id: dict(spec.values) for spec in read_report(path)}


# Run again


def own_table(path: Path) -> None:
    """Write a table with columns of its own names."""
    rng = np.random.default_rng(3)
    fold = rng.normal(0, 1.4, 160)
    p = np.where(np.abs(fold) > 1.4, rng.uniform(0, 1e-3, 160), rng.uniform(size=160))
    table = pd.DataFrame({"gene": [f"g{i}" for i in range(160)], "log fold": fold, "p": p})
    path.parent.mkdir(exist_ok=True)
    table.to_csv(path, index=False)


def call(root: Path, *words: str) -> str:
    done = subprocess.run(
        [sys.executable, *words],
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(root)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


@pytest.mark.long
def test_an_unpacked_bundle_gives_the_same_numbers_and_a_page(copied, tmp_path):
    table = copied / "data" / "ma 'tablé' “1”, $HOME & 基因.csv"
    own_table(table)
    call(copied, "-m", "analysis_lib", "run", "dge", "--name", "mine", f"data={table}", *FEW)
    folder = copied / "build/runs/dge/mine"
    run = SiteRun("dge", "mine", folder, read_record(folder))
    bundle.write(run, copied, tmp_path, Privacy(copied))
    with zipfile.ZipFile(tmp_path / bundle.NAME) as archive:
        archive.extractall(tmp_path)
    again = tmp_path / "dge-mine"
    printed = call(again, "-m", "analysis_lib", "book")
    assert "dge/mine: executing" in printed
    old, new = (again / p / "dge/mine/metrics.json" for p in ("expected", "build/runs"))
    assert old.read_bytes() == (folder / "metrics.json").read_bytes()
    assert new.read_bytes() == old.read_bytes()
    (read,) = read_record(again / "build/runs/dge/mine").data[0]["files"]
    assert read["sha256"] == files.sha256(table)
    assert (again / "book/_build/html/studies/dge/mine.html").is_file()


def test_the_key_of_a_simulated_run_comes_out_again(copied, tmp_path):
    code = (
        "from analysis_lib.runs.engine import Runs; from analysis_lib.runs.values import RunSpec\n"
        "print(Runs().plan(RunSpec('dge', 'few', {'n_genes': 60, 'models': ['svm']})).key)"
    )
    key = call(copied, "-c", code).strip()
    values = {"n_genes": 60, "models": ["svm"]}
    run = made(copied, name="few", parameters=values, key=key)
    bundle.write(run, copied, tmp_path, Privacy(copied))
    with zipfile.ZipFile(tmp_path / bundle.NAME) as archive:
        archive.extractall(tmp_path)
    code = (
        "from analysis_lib.runs.engine import Runs; from analysis_lib.runs.values import *\n"
        "from pathlib import Path; (spec,) = read_report(Path('report.yml'))\n"
        "print(spec.id, Runs().plan(spec).key)"
    )
    assert call(tmp_path / "dge-few", "-c", code).split() == ["dge/few", key]
    assert key in (tmp_path / "dge-few/README.md").read_text()


def test_make_knows_its_verbs_in_an_unpacked_bundle(copied, tmp_path):
    bundle.write(made(copied, name="verbs"), copied, tmp_path, Privacy(copied))
    with zipfile.ZipFile(tmp_path / bundle.NAME) as archive:
        archive.extractall(tmp_path)
    words = ["make", "-C", str(tmp_path / "dge-verbs"), "--no-print-directory"]
    done = subprocess.run([*words, "-n", "book"], capture_output=True, text=True, check=True)
    assert "-m analysis_lib book" in done.stdout
    assert "requirements.lock" in done.stdout


# What is in it


def test_everything_lies_in_one_folder_under_plain_names(project):
    bundled = packed(made(project), project)
    for info in bundled.infos:
        path = PurePosixPath(info.filename)
        assert path.parts[0] == "dge-mine"
        assert ".." not in path.parts
        assert not path.is_absolute()
        assert stat.S_ISREG(info.external_attr >> 16)
        assert info.date_time == (1980, 1, 1, 0, 0, 0)
        executable = info.filename.endswith(".ci/find-python")
        assert stat.S_IMODE(info.external_attr >> 16) == (0o755 if executable else 0o644)
    names = [info.filename for info in bundled.infos]
    assert names == sorted(set(names))


def test_it_holds_the_project_the_notebook_and_what_came_out(project):
    bundled = packed(made(project), project)
    expected = {f"expected/dge/mine/{n}.json" for n in ("params", "metrics", "record")}
    assert set(bundled.parts) == expected | {
        *bundle.FILES,
        *("README.md", "report.yml", "checksums.sha256", "notebooks/dge.ipynb"),
        *("analysis_lib/code.py", "book/index.md", "book/_static/site.css"),
    }
    assert json.loads(bundled.parts["expected/dge/mine/metrics.json"]) == METRICS


def test_every_file_is_held_by_a_checksum(project):
    parts = packed(made(project), project).parts
    lines = [line.split("  ", 1) for line in parts["checksums.sha256"].decode().splitlines()]
    sums = {name: digest for digest, name in lines}
    assert set(sums) == set(parts) - {"checksums.sha256"}
    for name, digest in sums.items():
        assert hashlib.sha256(parts[name]).hexdigest() == digest


@pytest.mark.skipif(not shutil.which("sha256sum"), reason="needs sha256sum")
def test_the_checksums_are_read_by_the_command_that_is_named(project, tmp_path):
    run = made(project)
    bundle.write(run, project, tmp_path, Privacy(project))
    with zipfile.ZipFile(tmp_path / bundle.NAME) as archive:
        archive.extractall(tmp_path)
    words = ["sha256sum", "-c", "--strict", "--quiet", "checksums.sha256"]
    subprocess.run(words, cwd=tmp_path / "dge-mine", check=True)


def test_two_machines_pack_the_same_bytes_and_name_no_folder_of_theirs(tmp_path):
    def one(root: Path) -> dict[str, object]:
        project = small_project(root)
        table = root / "data" / "mine.csv"
        files.write_text(table, TABLE)
        parameters = {"data": str(table), "other": f"{root}/x/y.csv"}
        metrics = {**METRICS, "glance": [f"read from {table}"]}
        run = made(project, parameters=parameters, data=[own(table)], metrics=metrics)
        run = replace(run, stale=(f"The file {root}/data/mine.csv is gone.",))
        bundled = packed(run, project)
        assert bundled.content == packed(run, project).content
        for content in bundled.parts.values():
            assert Privacy(project).leak(content.decode()) is None
            assert str(root) not in content.decode()
        seal = json.loads(bundled.parts["expected/dge/mine/record.json"])["seal"]
        return {**bundled.parts, "seal": seal}

    here, there = one(tmp_path / "here" / "p"), one(tmp_path / "elsewhere" / "p")
    changed = {name for name in here if here[name] != there[name]}
    # The record's own seal and its list of files hold the paths that were taken out.
    assert changed <= {"seal", "expected/dge/mine/record.json", "checksums.sha256"}


def test_what_lies_about_is_not_packed(project, tmp_path):
    before = set(packed(made(project), project).parts)
    secret = tmp_path / "secret.py"
    secret.write_text("password = 1\n")
    for name in (
        *("data/patients.csv", "build/x.py", "book/_build/html/index.md", ".env", "notes.md"),
        *("analysis_lib/__pycache__/code.py", "analysis_lib/.ipynb_checkpoints/code.py"),
        *("analysis_lib/.#code.py", "analysis_lib/keys.json", "book/draft.docx", "book/.a.md"),
        *("notebooks/other.ipynb", "notebooks/dge-copy.ipynb", "analysis_lib/a\nb.py"),
    ):
        files.write_text(project / name, "stray")
    (project / "analysis_lib" / "linked.py").symlink_to(secret)
    (project / "book" / "linked").symlink_to(tmp_path, target_is_directory=True)
    bundled = packed(made(project), project)
    assert set(bundled.parts) == before
    assert not any(b"stray" in part or b"password" in part for part in bundled.parts.values())


def test_a_part_that_is_missing_is_an_error_that_names_the_remedy(project):
    (project / "Makefile").unlink()
    with pytest.raises(SiteError, match="git checkout -- Makefile") as error:
        packed(made(project), project)
    assert error.value.where == "Makefile"


def test_a_run_without_results_has_no_bundle(project, tmp_path):
    failure = made(project).record
    bundle.write(SiteRun("dge", "x", None, None, failure), project, tmp_path, Privacy(project))
    assert not (tmp_path / bundle.NAME).exists()


def test_a_run_that_works_on_another_is_packed_with_it(project, tmp_path):
    table = tmp_path / "cells.csv"
    table.write_text(TABLE)
    results = {"model/genes.parquet": "genes", "tables/cells.csv": "what the run wrote"}
    first = made(
        project,
        "ephys_lasso",
        parameters={"features": str(table), "seed": 7},
        data=[own(table, dataset="celltypes")],
        results=results,
    )
    models = own(first.folder / "model/genes.parquet", dataset="models")
    gone = {**models["files"][0], "sha256": "ab" * 32}  # the models have been made anew since
    run = made(
        project,
        "geo_validation",
        parameters={"models": "ephys_lasso/mine", "cells": str(table)},
        data=[{**models, "files": [*models["files"], gone]}, own(table, dataset="tasic")],
    )
    bundled = packed(run, project)
    notebooks = {name for name in bundled.parts if name.startswith("notebooks/")}
    assert notebooks == {"notebooks/geo_validation.ipynb", "notebooks/ephys_lasso.ipynb"}
    assert "expected/ephys_lasso/mine/metrics.json" in bundled.parts
    assert asked(run, project, tmp_path) == {
        "geo_validation/mine": {"models": "ephys_lasso/mine", "cells": "inputs/cells.csv"},
        "ephys_lasso/mine": {"features": "inputs/cells_2.csv", "seed": 7},
    }
    assert {n for n in bundled.parts if n.startswith("inputs/")} == {
        "inputs/cells.csv",
        "inputs/cells_2.csv",
    }
    assert "genes.parquet" not in bundled.readme


@pytest.mark.parametrize("name", ["</script><b>", "UPPER and é", "a..b", "--", "x" * 200])
def test_a_folder_that_no_run_may_be_called_gets_a_name(project, tmp_path, name):
    run = made(project, name=name.replace("/", "|"))
    (asked_for,) = asked(run, project, tmp_path)
    bundled = packed(run, project)
    assert f"expected/{asked_for}/metrics.json" in bundled.parts
    assert len({PurePosixPath(info.filename).parts[0] for info in bundled.infos}) == 1


def test_a_run_that_seems_to_work_on_itself_is_packed_once(project, tmp_path):
    run = made(project, parameters={"data": "dge/mine"})
    assert asked(run, project, tmp_path) == {"dge/mine": {"data": "dge/mine"}}


# The user's own files


@pytest.mark.parametrize(
    ("name", "place"),
    [
        ("genes.csv", "inputs/genes.csv"),
        ("my 'own' “table” é.csv.gz", "inputs/my_own_table_e.csv.gz"),
        ("基因.tsv", "inputs/table.tsv"),
        ("$(touch x);`id`.csv", "inputs/touch_x_id.csv"),
        ("-rf", "inputs/rf"),
        (".hidden", "inputs/table.hidden"),
        ("a\nb.csv", "inputs/a_b.csv"),
        ("x" * 250, "inputs/" + "x" * 80),
    ],
)
def test_an_own_file_is_packed_and_the_report_points_to_it(project, tmp_path, name, place):
    table = tmp_path / name
    table.write_text(TABLE)
    columns = {"pvalue": HOSTILE}
    run = made(project, parameters={"data": str(table), "columns": columns}, data=[own(table)])
    assert packed(run, project).parts[place] == TABLE.encode()
    assert asked(run, project, tmp_path)["dge/mine"] == {"data": place, "columns": columns}


@settings(deadline=None)
@given(st.text(max_size=300))
def test_no_name_leads_out_of_the_folder(name):
    safe = bundle.safe(name)
    assert safe
    assert safe.isascii()
    assert set("-_.") | set(filter(str.isalnum, safe)) >= set(safe)
    assert not safe.startswith((".", "-"))
    assert bundle.safe(safe) == safe


def test_a_relative_path_is_that_of_the_project(project, tmp_path):
    files.write_text(project / "data/mine.csv", TABLE)
    run = made(project, parameters={"data": "data/mine.csv"}, data=[own(project / "data/mine.csv")])
    assert asked(run, project, tmp_path) == {"dge/mine": {"data": "inputs/mine.csv"}}
    assert packed(run, project).parts["inputs/mine.csv"] == TABLE.encode()


def harmed(table: Path, harm: str) -> None:
    if harm == "changed":
        table.write_text(TABLE + "BRCA1,1,1\n")
    elif harm == "gone":
        table.unlink()
    elif harm == "a folder":
        table.unlink()
        table.mkdir()
    else:
        os.truncate(table, bundle.LARGEST + 1)


@pytest.mark.parametrize(
    ("harm", "words"),
    [
        ("changed", "it was changed since the run"),
        ("gone", "it is no longer where it was"),
        ("a folder", "it is no longer where it was"),
        ("large", "it has 5.0 MB, more than 5 MB"),
    ],
)
def test_a_file_that_is_not_packed_is_named_with_its_checksum_and_place(
    project, tmp_path, harm, words
):
    table = tmp_path / "mine.csv"
    table.write_text(TABLE)
    entry = own(table)
    harmed(table, harm)
    run = made(project, parameters={"data": str(table)}, data=[entry])
    bundled = packed(run, project)
    assert not any(name.startswith("inputs/") for name in bundled.parts)
    assert words in bundled.readme
    assert entry["files"][0]["sha256"] in bundled.readme
    assert "at `inputs/mine.csv`" in bundled.readme
    assert asked(run, project, tmp_path) == {"dge/mine": {"data": "inputs/mine.csv"}}


def test_files_of_one_name_keep_their_parameters(project, tmp_path):
    """The record lists features before expression, the parameters stand in alphabetical order."""
    paths = {}
    for name in ("features", "expression"):
        paths[name] = tmp_path / name / "table.csv"
        files.write_text(paths[name], f"{name}\n")
    files.write_text(tmp_path / "labels" / "TABLE.csv", "labels\n")
    paths["labels"] = tmp_path / "labels" / "TABLE.csv"
    parameters = {name: str(paths[name]) for name in sorted(paths)}
    run = made(
        project,
        parameters=parameters,
        data=[own(*(paths[n] for n in ("features", "expression", "labels")))],
    )
    values, parts = asked(run, project, tmp_path)["dge/mine"], packed(run, project).parts
    assert {name: parts[place].decode() for name, place in values.items()} == {
        name: f"{name}\n" for name in paths
    }
    assert len({place.lower() for place in values.values()}) == 3


def test_a_folder_of_files_stays_one(project, tmp_path):
    folder = tmp_path / "as published"
    for name in ("train.csv", "test.csv", "unread.csv"):
        files.write_text(folder / name, f"{name}\n")
    entry = own(folder / "train.csv", folder / "test.csv")
    run = made(project, parameters={"data": str(folder)}, data=[entry])
    assert asked(run, project, tmp_path) == {"dge/mine": {"data": "inputs/data"}}
    parts = packed(run, project).parts
    inputs = {name: part.decode() for name, part in parts.items() if name.startswith("inputs/")}
    assert inputs == {"inputs/data/train.csv": "train.csv\n", "inputs/data/test.csv": "test.csv\n"}


@pytest.mark.parametrize("value", ["~nobody-here/x.csv", "x" * 5000, "a\0b", "", "raw"])
def test_a_parameter_that_is_no_path_stays_as_it_is(project, tmp_path, value):
    table = tmp_path / "mine.csv"
    table.write_text(TABLE)
    run = made(project, parameters={"data": str(table), "note": value}, data=[own(table)])
    assert asked(run, project, tmp_path)["dge/mine"] == {"data": "inputs/mine.csv", "note": value}


def test_public_and_simulated_data_are_named_and_not_packed(project, tmp_path):
    published = tmp_path / "train.csv"
    published.write_text(TABLE)
    entry = own(published, kind="real")
    entry["files"][0]["address"] = "https://example.org/train.csv"
    simulated = {**own(kind="simulated"), "title": f"Cells {HOSTILE}"}
    bundled = packed(made(project, data=[entry, simulated]), project)
    assert not any(name.startswith("inputs/") for name in bundled.parts)
    for words in ("make data STUDY=dge\n", "`https://example.org/train.csv`", "simulated by"):
        assert words in bundled.readme
    assert entry["files"][0]["sha256"] in bundled.readme
    assert "make data" not in packed(made(project, data=[simulated]), project).readme


# What it says


def test_the_readme_says_what_to_type_and_what_must_come_out(project):
    readme = packed(made(project), project).readme
    for words in (
        "    make book\n    diff expected/dge/mine/metrics.json build/runs/dge/mine/metrics.json\n",
        "- Accuracy, SVM: 0.975 (95 % interval 0.869 to 0.999)",
        "0" * 64,
        "at commit 0123456789 + changes",
        "2026-11-21 08:14 UTC in 12.3 s, with Python 3.11.2 on Linux",
    ):
        assert words in readme
    assert "Out of date" not in readme
    stale = replace(made(project), stale=("the library's code",))
    assert "What differs: the library's code." in packed(stale, project).readme


def test_nothing_in_the_readme_acts(project, tmp_path):
    table = tmp_path / HOSTILE.replace("/", "")
    table.write_text(TABLE)
    entries = [own(table), {**own(kind="simulated"), "title": HOSTILE}]
    run = made(project, parameters={"data": str(table)}, data=entries)
    readme = packed(replace(run, stale=(HOSTILE,)), project).readme
    tokens = MarkdownIt("commonmark").enable("table").parse(readme)
    inner = [child for token in tokens for child in token.children or ()]
    kinds = {token.type for token in [*tokens, *inner]}
    assert not kinds & {"html_block", "html_inline", "link_open", "image", "table_open"}
    assert "onerror" in readme
    shown = "".join(token.content for token in inner if token.type in ("text", "code_inline"))
    assert "<img src=x onerror=alert(1)>" in shown


NAMES = st.from_regex(r"[a-z0-9][a-z0-9_-]{0,12}", fullmatch=True)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**12), 10**12)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20)
    | st.sampled_from(["null", "NO", "1e3", "# a", "- b", "{{x}}", "\x85", "\u2028", "😀", "\x7f"]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=5,
)


@settings(deadline=None)
@given(
    st.dictionaries(
        NAMES,
        st.dictionaries(st.from_regex("p_[a-z]{1,8}", fullmatch=True), VALUES, max_size=4),
        min_size=1,
        max_size=3,
    )
)
def test_the_report_is_read_as_it_was_meant(tmp_path_factory, runs):
    records = [SimpleNamespace(study="dge", run=name, id=f"dge/{name}") for name in runs]
    path = tmp_path_factory.mktemp("report") / "report.yml"
    path.write_text(bundle.report(records, list(runs.values())), encoding="utf-8")
    assert {spec.name: dict(spec.values) for spec in read_report(path)} == runs

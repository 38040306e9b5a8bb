"""Runs on a Dask cluster: what travels, and a real scheduler with two workers."""

from __future__ import annotations

import io
import json
import os
import socket
import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis_lib import cluster, files, results
from analysis_lib.cluster import ClusterError, DifferenceError, LostError
from analysis_lib.datasets.sources import Source, SourceFile
from analysis_lib.errors import DataError
from analysis_lib.runs import parcel, surroundings
from analysis_lib.runs.cluster import Cluster, error_told
from analysis_lib.runs.engine import FailedRunError, Runs
from analysis_lib.runs.parcel import Errand
from analysis_lib.runs.record import NOTEBOOK, read_record
from analysis_lib.runs.values import RunSpec
from tests.dask_cluster import dask_cluster
from tests.faults.small_project import SmallProject, new_small_project

ALIAS = f"inputs/{'ab' * 32}/my table.csv"
ERRAND = Errand("dge", "mine", {}, {}, "projects/0", "", {}, {ALIAS: "/home/ann/my table.csv"})
NAMES = st.from_regex(r"[a-z0-9_]{1,8}(/[a-z0-9_]{1,8}){0,2}\.[a-z]{1,3}", fullmatch=True)


@pytest.mark.parametrize(
    "address", ["", "host", "http://host:8786", "tcp://host", "tcp://host:x", "tcp://a b:1"]
)
def test_what_is_no_address_is_said_before_anything_is_tried(address):
    with pytest.raises(ClusterError, match="no address of a Dask scheduler"):
        cluster.connect(address)


def test_a_scheduler_that_does_not_answer_is_named():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"tcp://127.0.0.1:{taken.getsockname()[1]}"
    with pytest.raises(ClusterError) as caught:
        cluster.connect(address, wait=0.3)
    assert caught.value.where == address
    assert "dask scheduler" in caught.value.remedy


def test_something_else_at_the_address_is_no_scheduler():
    with socket.create_server(("127.0.0.1", 0)) as mute:
        address = f"tcp://127.0.0.1:{mute.getsockname()[1]}"
        with pytest.raises(ClusterError, match="No Dask scheduler answers"):
            cluster.connect(address, wait=0.5)


def test_the_address_reaches_a_kernel_and_not_what_would_change_results():
    found = surroundings.inherited({"DASK_SCHEDULER_ADDRESS": "tcp://h:1", "OMP_NUM_THREADS": "9"})
    assert found["DASK_SCHEDULER_ADDRESS"] == "tcp://h:1"
    assert "OMP_NUM_THREADS" not in found


def test_without_an_address_dask_is_not_imported():
    code = (
        "import sys, numpy as np\n"
        "from analysis_lib.models.lasso import BatchLassoCV\n"
        "from analysis_lib.models import blocks\n"
        "import analysis_lib.runs.cluster\n"
        "X = np.arange(24.0).reshape(8, 3) ** 2 % 7\n"
        "BatchLassoCV().fit(X, X[:, :1]); assert blocks.mapping() is map\n"
        "print(sorted({'dask', 'distributed'} & set(sys.modules)))"
    )
    environment = {n: v for n, v in os.environ.items() if n != cluster.ADDRESS_VARIABLE}
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    assert done.stdout.strip() == "[]"


@given(data=st.data(), other=st.text(max_size=20))
def test_any_fact_that_differs_is_refused_by_name_with_both_versions(data, other):
    here = cluster.facts()
    name = data.draw(st.sampled_from(sorted(here)))
    there = {**here, name: other}
    if other == here[name]:
        cluster.agree(here, there, "tcp://w:1")
        return
    with pytest.raises(DifferenceError) as caught:
        cluster.agree(here, there, "tcp://w:1")
    assert name in caught.value.what
    assert (caught.value.where, caught.value.got) == ("tcp://w:1", other)
    assert here[name] in caught.value.expected


def test_a_worker_may_lack_the_lock_file_and_nothing_else():
    here = {"requirements.lock": "ab", "numpy": "2"}
    cluster.agree(here, {"numpy": "2"}, "w")
    with pytest.raises(DifferenceError, match="numpy"):
        cluster.agree(here, {"requirements.lock": "ab"}, "w")


@settings(max_examples=30)
@given(st.dictionaries(NAMES, st.binary(max_size=2000), min_size=1, max_size=6))
def test_what_is_packed_is_what_is_unpacked(tmp_path_factory, tree):
    one, other = tmp_path_factory.mktemp("one"), tmp_path_factory.mktemp("other")
    tree = {name: content for name, content in tree.items() if not _is_folder_of(name, tree)}
    for name, content in tree.items():
        (one / name).parent.mkdir(parents=True, exist_ok=True)
        (one / name).write_bytes(content)
    packed = parcel.pack_results(one)
    parcel.unpack_results(packed, other)
    found = {p.relative_to(other).as_posix(): p.read_bytes() for p in other.rglob("*.*")}
    assert {n: c for n, c in found.items() if (other / n).is_file()} == tree
    assert parcel.pack_results(other) == packed


def _is_folder_of(name: str, tree: dict[str, bytes]) -> bool:
    return any(other.startswith(f"{name}/") for other in tree)


def test_a_result_with_any_bit_changed_is_refused_or_the_same(tmp_path):
    folder, other = tmp_path / "one", tmp_path / "other"
    folder.mkdir()
    (folder / "a.txt").write_bytes(b"the results of a run, " * 9)
    packed = parcel.pack_results(folder)
    for at in range(8 * len(packed)):
        changed = bytearray(packed)
        changed[at // 8] ^= 1 << at % 8
        files.remove(other)
        other.mkdir()
        try:
            parcel.unpack_results(bytes(changed), other)
        except LostError:
            continue
        # A time or a right in the zip's own list, or a name: the record sees that.
        assert [p.read_bytes() for p in other.rglob("*") if p.is_file()] in (
            [b"the results of a run, " * 9],
            [],
        )


def test_a_content_that_is_not_what_its_name_says_is_refused(tmp_path):
    digest = "0" * 64
    errand = replace(ERRAND, places={f"projects/0/{NOTEBOOK}": digest})
    with pytest.raises(LostError, match="damaged on its way"):
        parcel.lay_out(errand, {digest: b"something else"}, tmp_path, lambda _new: None)
    assert not (tmp_path / "projects" / "0").exists()


def test_a_file_that_is_too_large_or_changed_does_not_travel(tmp_path, monkeypatch):
    path = tmp_path / "a.csv"
    path.write_text("abc")
    with pytest.raises(DataError, match="changed"):
        parcel.read_content(path, "0" * 64)
    monkeypatch.setattr(parcel, "LARGEST", 2)
    with pytest.raises(DataError, match="too large"):
        parcel.read_content(path, files.sha256(path))


@pytest.mark.parametrize("given_as", ["own.csv", "../elsewhere/own.csv", "absolute", "~/own.csv"])
def test_a_path_becomes_an_alias_that_its_content_determines(tmp_path, monkeypatch, given_as):
    home, here = tmp_path / "home", tmp_path / "a" / "project"
    for folder in (home, here, tmp_path / "a" / "elsewhere"):
        folder.mkdir(parents=True)
        (folder / "own.csv").write_text("gene,logFC,pvalue,padj\nA,1,0.01,0.02\n")
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.chdir(here)
    path = str(here / "own.csv") if given_as == "absolute" else given_as
    runs = Runs()
    plan = runs.plan(RunSpec("dge", "mine", {"data": path}))
    errand, content = parcel.pack(runs, plan)
    (alias,) = errand.aliases
    digest = files.sha256(here / "own.csv")
    assert errand.values["data"] == alias
    assert errand.places[alias] == digest
    assert alias.startswith("inputs/")
    assert alias.endswith("/own.csv")
    assert errand.aliases == {alias: path}
    assert Path(content[digest]).read_bytes() == (here / "own.csv").read_bytes()
    assert parcel.renamed([alias, {"a": f"in {alias}!"}], errand) == [path, {"a": f"in {path}!"}]
    # The same but for the name of the path: what is made there is what would be made here.
    assert {**errand.parts, "parameters": ""} == {**plan.parts, "parameters": ""}


def test_real_files_travel_as_a_data_folder_with_their_pins(tmp_path, monkeypatch):
    data = tmp_path / "data" / "golub"
    data.mkdir(parents=True)
    (data / "a.csv").write_text("x")
    pins = {"https://h/a.csv": "sha256:00", "https://h/other": "sha256:11"}
    files.write_json(data.parent / "pins.json", pins)
    monkeypatch.setenv("ANALYSIS_DATA_DIR", str(data.parent))
    file = SourceFile("a.csv", data / "a.csv", files.sha256(data / "a.csv"), "https://h/a.csv")
    runs = Runs()
    plan = runs.plan(RunSpec("dge", "mine", {}))
    plan = replace(plan, sources=[Source("golub", "real", "Golub", (file,))])
    errand, content = parcel.pack(runs, plan)
    places = {p.removeprefix(f"{errand.data}/"): d for p, d in errand.places.items()}
    assert places["golub/a.csv"] == file.sha256
    assert json.loads(content[places["pins.json"]]) == {"https://h/a.csv": "sha256:00"}


def test_an_error_comes_back_in_its_parts_and_with_the_users_path():
    text = f"dge/mine: executing\nError: No rows.\n  where:    {ALIAS}\n  remedy:   Export it.\n"
    error = error_told(text, ERRAND)
    assert (error.what, error.where, error.remedy) == (
        "No rows.",
        "/home/ann/my table.csv",
        "Export it.",
    )
    assert error_told("Killed\n", ERRAND).got == "Killed"


def test_results_of_another_run_are_not_taken(tmp_path):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("record.json", "{}")
    parcel.unpack_results(stream.getvalue(), tmp_path)
    with pytest.raises(LostError, match="damaged"):
        parcel.believed(tmp_path, ERRAND)


@pytest.fixture(scope="module")
def project(tmp_path_factory) -> SmallProject:
    return new_small_project(tmp_path_factory.mktemp("far") / "a project", figure=False)


@pytest.fixture(scope="module")
def workers(tmp_path_factory):
    with dask_cluster(tmp_path_factory.mktemp("cluster"), "one", "two") as started:
        yield started


@pytest.mark.long
def test_a_run_is_the_same_here_and_on_a_cluster(project, workers, tmp_path, monkeypatch):
    monkeypatch.chdir(project.root)
    own = tmp_path / "my 'own'.csv"
    rows = "".join(f"G{i},{i % 7 - 3},{(i + 1) / 500},{(i + 1) / 400}\n" for i in range(300))
    own.write_text(f"gene,logFC,pvalue,padj\n{rows}")
    here, there = Runs(project.root, say=str), Runs(project.root, say=str)
    there.root = project.root / "build" / "there"
    specs = [
        RunSpec("dge", "own", {"data": str(own)}),
        RunSpec("dge", "nobody", {"data": "not there.csv"}),
    ]
    made = list(Cluster(there, workers.address).make(specs))
    assert [each.spec.id for each in made if each.did == "failed"] == ["dge/nobody"], made
    for spec in specs[:1]:
        here.ensure(spec)
        far, near = there.folder(*spec.id.split("/")), here.folder(*spec.id.split("/"))
        one, other = read_record(far), read_record(near)
        assert one.files == other.files
        assert (one.key, one.parameters, one.git) == (other.key, other.parameters, other.git)
        assert results.load_json(far, "metrics") == results.load_json(near, "metrics")
        assert there.fresh(there.plan(spec))
    again = list(Cluster(there, "tcp://127.0.0.1:1").make(specs[:1]))  # nobody is asked
    assert [m.did for m in again] == ["nothing"]
    assert not list(there.root.rglob(f"{files.TEMPORARY}*"))


@pytest.mark.long
def test_a_run_that_fails_comes_back_with_its_notebook(project, workers, monkeypatch):
    monkeypatch.chdir(project.root)
    notebook = project.root / "notebooks" / "dge.ipynb"
    before = notebook.read_text()
    try:
        notebook.write_text(before.replace("steps.load(params)", "steps.load(params, 1 / 0)", 1))
        runs = Runs(project.root, say=str)
        (made,) = Cluster(runs, workers.address).make([RunSpec("dge", "broken", {})])
    finally:
        notebook.write_text(before)
    assert made.did == "failed"
    assert isinstance(made.error, FailedRunError)
    assert "ZeroDivisionError" in str(made.error)
    record = read_record(runs.failed_folder("dge", "broken"))
    assert record.status == "failed"
    assert "ZeroDivisionError" in record.error.message
    assert (runs.failed_folder("dge", "broken") / NOTEBOOK).is_file()

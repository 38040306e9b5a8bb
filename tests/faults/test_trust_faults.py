"""Rows 12, 15 and 16, and what strangers hand over: kept models, archives, requests."""

from __future__ import annotations

import io
import json
import os
import shutil
import socket
import subprocess
import sys
import time
import tracemalloc
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analysis_lib import files, zips
from analysis_lib.errors import AnalysisError, DataError, RunError, SiteError
from analysis_lib.models import arrays, gene_models, kept
from analysis_lib.runs.record import RECORD, read_record
from analysis_lib.site import bundle
from analysis_lib.site.key import MARK
from analysis_lib.site.serving import server, serving
from tests import lint
from tests.faults.guards import Guard

GENES = ["A", "B", "C"]
ABOUT = {
    "genes": GENES,
    "classes": ["ALL", "AML"],
    "threshold": 0.5,
    "transform": "raw",
    "impute": False,
    "seeds": [1, 2],
    "components": 2,
    "layers": [4],
    "activation": "relu",
    "data": {"kind": "real", "title": "Patients"},
}
MEMORY = 60_000_000
"""Bytes that refusing a file of a few kilobytes may take; each bomb here is larger than that."""
NESTED = "[" * 1_000_000 + "]" * 1_000_000


def numbers():
    """Return the arrays of a model with the facts above."""
    drawn = np.random.default_rng(1)
    return {
        "fill": np.full(3, np.nan),
        "mean": np.zeros(3),
        "scale": np.ones(3),
        "centre": np.zeros(3),
        "components": drawn.normal(size=(2, 3)),
        "kernel_1": drawn.normal(size=(2, 2, 4)),
        "bias_1": np.zeros((2, 1, 4)),
        "kernel_2": drawn.normal(size=(2, 4, 1)),
        "bias_2": np.zeros((2, 1, 1)),
    }


def model(folder: Path, **changed) -> Path:
    """Write a model; checksums are right, whatever the files are."""
    folder.mkdir(exist_ok=True)
    if not (folder / kept.NETWORK).exists():
        (folder / kept.NETWORK).write_bytes(b"a network for Keras")
    if not (folder / kept.NUMBERS).exists():
        arrays.write(folder / kept.NUMBERS, numbers())
    sums = {name: files.sha256(folder / name) for name in (kept.NETWORK, kept.NUMBERS)}
    about = {**ABOUT, "sha256": sums, **changed}
    (folder / kept.DESCRIPTION).write_text(json.dumps(about))
    return folder


def refused(act, error: type[AnalysisError] = DataError) -> str:
    """Return the message of an error of ours that took little memory to find."""
    tracemalloc.start()
    try:
        with pytest.raises(error) as caught:
            act()
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < MEMORY
    assert 2 <= len(str(caught.value).splitlines()) <= 5
    return str(caught.value)


class Canary:
    """What pickle makes of it writes a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return (Path.touch, (self.path,))


# What may stand in sources


@pytest.mark.fault(
    "Pickle, eval, a shell, unescaped HTML, unsafe YAML, or an archive let loose",
    by="reading every source and cell, names followed through aliases",
    survives="none but the exceptions listed in tests/lint.py, each with its reason",
    trials=len(lint.BANNED) + len(lint.CHECKS),
)
def test_nothing_that_runs_data_is_called_anywhere():
    """Before: `HTML(f"…{gene}")`, `joblib.load` and `to_html` ran what stood in the data."""
    assert lint.faults(lint.sources()) == []


# Kept models

HOOK = """
import sys
from pathlib import Path
from analysis_lib.models import kept
import numpy as np, pandas as pd
bad = {"marshal.loads", "pickle.find_class", "os.system", "subprocess.Popen", "ctypes.dlopen"}
seen = []
X = pd.DataFrame(np.ones((2, 3)), columns=["A", "B", "C"])
kept.load(Path(sys.argv[1])).probabilities(X)  # everything that this imports is imported
sys.addaudithook(lambda name, _: seen.append(name) if name in bad else None)
for folder in sys.argv[2:]:
    kept.load(Path(folder)).probabilities(X)
heavy = {"keras", "tensorflow", "h5py", "pickle5"} & set(sys.modules)
print(seen, heavy)
"""
LAYER = '{"module": "%s", "class_name": "%s", "config": {"code": "%s"}, "registered_name": null}'
HOSTILE_NETWORKS = {
    "a Lambda layer": {"config.json": LAYER % ("keras.layers", "Lambda", "4wAAAAA=")},
    "a name to import": {"config.json": LAYER % ("os", "system", "touch /tmp/x")},
    "a registered class": {"config.json": LAYER % ("builtins", "exec", "1")},
    "a member that escapes": {"../../escaped.txt": "x", "/etc/escaped": "x"},
    "a bomb": {"model.weights.h5": "0" * 20_000_000},
    "no archive": {},
}


@pytest.mark.fault(
    "A stranger's .keras file with code in it",
    by="layers that run code, names to import, escaping members, a bomb, no archive",
    survives="the prediction: from numbers alone, Keras and HDF5 are not even imported",
    trials=len(HOSTILE_NETWORKS),
)
def test_a_network_of_a_stranger_is_never_opened(tmp_path):
    """Before: Keras opened it in a safe mode that six published faults got round, and then HDF5."""
    folders = [model(tmp_path / "sound")]
    for number, members in enumerate(HOSTILE_NETWORKS.values()):
        folder = tmp_path / str(number)
        folder.mkdir()
        with zipfile.ZipFile(folder / kept.NETWORK, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in members.items():
                archive.writestr(name, content)
        if not members:
            (folder / kept.NETWORK).write_bytes(b"\x89HDF\r\n")
        folders.append(model(folder))
    before = sorted(tmp_path.parent.iterdir())
    done = subprocess.run(
        [sys.executable, "-c", HOOK, *map(str, folders)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == "[] set()\n", done.stderr
    assert sorted(tmp_path.parent.iterdir()) == before


def npy(array, **how) -> bytes:
    stream = io.BytesIO()
    np.lib.format.write_array(stream, array, **how)
    return stream.getvalue()


def header(shape: str, kind: str = "<f8") -> bytes:
    text = f"{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}, }}"
    text += " " * (-(len(text) + 11) % 64) + "\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text.encode()


def packed(path: Path, members, kind: int = zipfile.ZIP_STORED) -> None:
    with zipfile.ZipFile(path, "w", kind) as archive:
        for name, content in members:
            archive.writestr(name, content)


def members(**changed):
    """Return the members of a sound file, some of them with other bytes."""
    sound = {name: npy(np.ascontiguousarray(array)) for name, array in numbers().items()}
    return [(f"{name}.npy", content) for name, content in {**sound, **changed}.items()]


def bad_numbers(path: Path, how: str, canary: Path) -> None:
    """Write a file of arrays that is none."""
    pickled = npy(np.array([Canary(canary)] * 3, dtype=object))
    each = {
        "a pickle": lambda: packed(path, members(mean=pickled)),
        "a kind of objects": lambda: packed(path, members(mean=header("(3,)", "|O") + b"x" * 24)),
        "a huge shape": lambda: packed(path, members(mean=header("(10000000000000,)"))),
        "a negative shape": lambda: packed(path, members(mean=header("(-3,)") + b"x" * 24)),
        "another shape": lambda: packed(path, members(mean=npy(np.zeros((3, 1))))),
        "cut off": lambda: packed(path, members(mean=npy(np.zeros(3))[:-8])),
        "other numbers": lambda: packed(path, members(mean=npy(np.zeros(3, ">f8")))),
        "by columns": lambda: packed(path, members(components=npy(np.zeros((3, 2)).T))),
        "a header that counts": lambda: packed(path, members(mean=header("(3+0,)") + b"x" * 24)),
        "a header of code": lambda: packed(
            path, members(mean=header("__import__('os').getpid()") + b"x" * 24)
        ),
        "nan": lambda: packed(path, members(mean=npy(np.full(3, np.nan)))),
        "infinite": lambda: packed(path, members(fill=npy(np.full(3, np.inf)))),
        "a scale of zero": lambda: packed(path, members(scale=npy(np.zeros(3)))),
        "compressed": lambda: packed(path, members(), zipfile.ZIP_DEFLATED),
        "a bomb": lambda: packed(
            path, members(mean=header("(3,)") + bytes(200_000_000)), zipfile.ZIP_DEFLATED
        ),
        "one too many": lambda: packed(path, [*members(), ("more.npy", b"")]),
        "one that escapes": lambda: packed(path, [*members()[1:], ("../fill.npy", b"")]),
        "one missing": lambda: packed(path, members()[1:]),
        "no archive": lambda: path.write_bytes(b"\x80\x04."),
        "empty": lambda: path.write_bytes(b""),
    }
    each[how]()


HOSTILE_NUMBERS = (
    *("a pickle", "a kind of objects", "a huge shape", "a negative shape", "another shape"),
    *("cut off", "other numbers", "by columns", "a header that counts", "a header of code"),
    *("nan", "infinite", "a scale of zero", "compressed", "a bomb", "one too many"),
    *("one that escapes", "one missing", "no archive", "empty"),
)


@pytest.mark.fault(
    "Arrays of a model that hold objects, or are not what they say",
    by="pickles, huge and wrong shapes, bombs, wrong members, NaN, with right checksums",
    survives="an error of ours, within 60 MB; nothing is unpickled",
)
@pytest.mark.parametrize("how", HOSTILE_NUMBERS)
def test_arrays_of_a_stranger_are_refused(tmp_path, how):
    """Before: `KeyError`, `ValueError` or all of the memory, as a traceback."""
    folder, canary = tmp_path / "model", tmp_path / "canary"
    folder.mkdir()
    bad_numbers(folder / kept.NUMBERS, how, canary)
    model(folder)
    told = refused(lambda: kept.load(folder))
    assert kept.NUMBERS in told
    assert not canary.exists()
    if how == "a pickle":  # the canary sings where it is let
        with np.load(folder / kept.NUMBERS, allow_pickle=True) as opened:
            assert len(opened["mean"]) == 3
        assert canary.exists()


HOSTILE_DESCRIPTIONS = {
    "no JSON": "{",
    "a list": "[1]",
    "no text": b"\xff\xfe",
    "nested": NESTED,
    "nested inside": json.dumps(ABOUT)[:-1] + f', "more": {NESTED}}}',
    "infinite": {"threshold": float("inf")},
    "nan": {"threshold": float("nan")},
    "beyond": {"threshold": 1.5},
    "a huge number": json.dumps(ABOUT).replace("0.5", "9" * 100_000),
    "a count that is none": {"components": 0},
    "huge counts": {"components": 100_000, "layers": [100_000] * 50, "seeds": [1] * 1000},
    "more than may be": {"components": 10**18},
    "many layers": {"layers": [1] * 100_000},
    "genes of numbers": {"genes": [1, 2, 3]},
    "a gene twice": {"genes": ["A", "A", "C"]},
    "no genes": {"genes": []},
    "three classes": {"classes": ["a", "b", "c"]},
    "a strange activation": {"activation": "os.system"},
    "a strange transform": {"transform": "exec"},
    "data without a kind": {"data": {"title": "x"}},
    "no data": {"data": None},
    "other checksums": {"sha256": {"/dev/zero": "0" * 64}},
    "a checksum elsewhere": {"sha256": {"../../etc/passwd": "0", kept.NUMBERS: "0"}},
    "checksums of nothing": {"sha256": {}},
    "nine megabytes": {"data": {"kind": "real", "title": "x" * 9_000_000}},
}


@pytest.mark.fault(
    "A description of a model that is none",
    by="wrong types, NaN, a nesting of 10⁶, huge counts, checksums of /dev/zero",
    survives="an error of ours that names the part, within 60 MB",
)
@pytest.mark.parametrize("how", HOSTILE_DESCRIPTIONS)
def test_a_description_of_a_stranger_is_refused(tmp_path, how):
    """Before: a traceback, or for ever: whatever file it named was read to its end."""
    what = HOSTILE_DESCRIPTIONS[how]
    folder = model(tmp_path / "model", **(what if isinstance(what, dict) else {}))
    if not isinstance(what, dict):
        (folder / kept.DESCRIPTION).write_bytes(what if isinstance(what, bytes) else what.encode())
    refused(lambda: kept.load(folder))


@pytest.mark.fault(
    "A pipe or a device in the place of a model's file",
    by="each file of a model a named pipe, a link to /dev/zero, a folder",
    survives="an error of ours at once; none is read",
)
@pytest.mark.parametrize("name", [kept.NETWORK, kept.NUMBERS, kept.DESCRIPTION])
@pytest.mark.parametrize("kind", ["pipe", "device", "folder"])
def test_what_is_no_file_is_not_read(tmp_path, name, kind):
    """Before: a pipe was waited for, and /dev/zero read, for ever."""
    folder = model(tmp_path / "model")
    (folder / name).unlink()
    if kind == "pipe":
        os.mkfifo(folder / name)
    elif kind == "device":
        (folder / name).symlink_to("/dev/zero")
    else:
        (folder / name).mkdir()
    assert name in refused(lambda: kept.load(folder))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)


@pytest.mark.fault(
    "Any JSON at all in the place of a part of a model's description",
    by="hypothesis: one or two parts replaced",
    survives="the same model, or an error of ours",
)
@settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(changed=st.dictionaries(st.sampled_from([*ABOUT, "sha256"]), JSON, min_size=1, max_size=2))
def test_any_json_is_a_model_or_an_error(tmp_path, changed):
    """Before: `KeyError`, `TypeError` or `RecursionError`, as a traceback."""
    folder = model(tmp_path / "model", **changed)
    try:
        found = kept.load(folder)
    except DataError:
        return
    X = pd.DataFrame(np.ones((2, len(found.genes))), columns=found.genes)
    assert np.isfinite(found.probabilities(X)).all()


@pytest.mark.fault(
    "Weights so large that nothing comes of them",
    by="weights of 1e308 and −1e308",
    survives="an error that says so; no probability is made up",
)
def test_a_model_without_an_answer_says_so(tmp_path):
    """Before: NaN was below the threshold, so that every sample was called the first class."""
    folder = tmp_path / "model"
    folder.mkdir()
    kernel = np.full((2, 4, 1), 1e308) * np.array([1, 1, -1, -1])[:, None]
    packed(
        folder / kept.NUMBERS, members(kernel_2=npy(kernel), bias_1=npy(np.full((2, 1, 4), 9.0)))
    )
    found = kept.load(model(folder))
    X = pd.DataFrame(np.full((2, 3), 1e3), columns=GENES)
    refused(lambda: found.probabilities(X))


@pytest.mark.fault(
    "A record of a run nested without end",
    by="a record.json of a million brackets",
    survives="an error of ours that names the file",
)
def test_a_nested_record_is_refused(tmp_path):
    """Before: a RecursionError, as a traceback of a thousand lines."""
    (tmp_path / RECORD).write_text(NESTED)
    assert RECORD in refused(lambda: read_record(tmp_path), RunError)


# Models of genes: Parquet

FEATURES = [
    {"feature": f, "unit": "mV", "mean": 0.0, "sd": 1.0, "low": -1.0, "high": 1.0} for f in "xy"
]
FACTS = {"samples": 9, "kind": "real", "title": "Neurons"}


def genes_table(path: Path, told=None, compression: str = "snappy", **columns) -> None:
    """Write models of three genes, some of their columns or facts changed."""
    sound = {
        "gene": pa.array(GENES),
        "intercept": pa.array([0.0, 1.0, 2.0]),
        "coefficient of x": pa.array([1.0, 2.0, 3.0]),
        "coefficient of y": pa.array([1.0, 2.0, 3.0]),
    }
    table = pa.table({**sound, **columns})
    told = json.dumps({"features": FEATURES, "about": FACTS}) if told is None else told
    table = table.replace_schema_metadata({gene_models._KEY: told})
    # Without its own schema, by which the reader would see how the texts are packed.
    pq.write_table(table, path, compression=compression, store_schema=False)


def repeated(value, count: int, kind=None) -> pa.Array:
    return pa.DictionaryArray.from_arrays(
        pa.array(np.zeros(count, dtype=np.int32)), pa.array([value], kind)
    )


def many(count: int) -> dict[str, pa.Array]:
    """Return columns of so many rows that take nearly nothing on disk."""
    zeros = pa.array(np.zeros(count, dtype=np.float32))
    return {
        "gene": repeated("A", count),
        "intercept": zeros,
        "coefficient of x": zeros,
        "coefficient of y": zeros,
    }


def features(**changed) -> str:
    return json.dumps({"features": [{**FEATURES[0], **changed}, FEATURES[1]], "about": FACTS})


HOSTILE_GENES = {
    "no Parquet": None,
    "nested facts": {"told": NESTED},
    "no facts": {"told": "{}"},
    "infinite facts": {"told": features(low=float("inf"))},
    "features of numbers": {"told": features(feature=1)},
    "other features": {"told": features(feature="z")},
    "too many features": {"told": json.dumps({"features": FEATURES * 10_000, "about": {}})},
    "facts that are a text": {"told": json.dumps({"features": FEATURES, "about": "x"})},
    "no kind": {"told": json.dumps({"features": FEATURES, "about": {"samples": 1}})},
    "nan": {"intercept": pa.array([0.0, float("nan"), 1.0])},
    "a gap": {"intercept": pa.array([0.0, None, 1.0])},
    "texts for numbers": {"intercept": pa.array(["a", "b", "c"])},
    "genes of numbers": {"gene": pa.array([1, 2, 3])},
    "a gene twice": {"gene": pa.array(["A", "A", "C"])},
    "a list in a cell": {"more": pa.array([[1], [2], [3]])},
    "bytes": {"more": pa.array([b"\x80\x04.", b"", b""])},
    "another packing": {"compression": "zstd"},
    "many rows": many(7_000_000),
    "long texts": {**many(300), "more": repeated("x" * 1_000_000, 300)},
}


@pytest.mark.fault(
    "A stranger's models of genes",
    by="wrong, missing and nested facts, NaN, lists, bytes, 7 million rows, 300 MB of texts",
    survives="an error of ours before any of it is unfolded",
)
@pytest.mark.parametrize("how", HOSTILE_GENES)
def test_models_of_genes_of_a_stranger_are_refused(tmp_path, how):
    """Before: `RecursionError` or `KeyError` as a traceback, or all of the memory."""
    from analysis_lib.studies.ephys_lasso.predictions import MODELS, read_models

    (tmp_path / "model").mkdir()
    path = tmp_path / "model" / MODELS
    if HOSTILE_GENES[how] is None:
        path.write_bytes(b"PAR1" + b"\x80\x04." * 9 + b"PAR1")
    else:
        genes_table(path, **HOSTILE_GENES[how])
    why = {"many rows": "7,000,000 rows", "long texts": "its texts have 300,000,300 bytes"}
    assert why.get(how, "") in refused(lambda: read_models(tmp_path))


# Archives


NAMES = st.one_of(
    st.sampled_from(
        [
            "../x.csv",
            "/etc/x",
            "C:\\x.csv",
            "..\\x",
            "a/../../b",
            ".",
            "..",
            "",
            "~/.x",
            "CON",
            "a:b",
        ]
    ),
    st.text(min_size=1, max_size=12),
)


def unpacked(content: bytes, folder: Path) -> set[str]:
    """Unpack an archive by Python and, where there is one, by unzip; return what came of it."""
    (folder / "in").mkdir(parents=True)
    (folder / "x.zip").write_bytes(content)
    with zipfile.ZipFile(folder / "x.zip") as archive:
        archive.extractall(folder / "in")
    found = {p.relative_to(folder).as_posix() for p in folder.rglob("*") if not p.is_dir()}
    if shutil.which("unzip"):
        (folder / "by").mkdir()
        subprocess.run(["unzip", "-q", "../x.zip"], cwd=folder / "by", check=True)
        again = {p.relative_to(folder / "by") for p in (folder / "by").rglob("*") if p.is_file()}
        assert again == {Path(name).relative_to("in") for name in found if name != "x.zip"}
    return found - {"x.zip"}


@pytest.mark.fault(
    "A member of run-again.zip that leaves the folder it is unpacked to",
    by="hypothesis: names with .., /, \\, drives, controls; then Python and unzip unpack it",
    survives="plain files below one folder, or an error instead of the archive",
    trials=50,
)
@settings(
    max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(names=st.lists(NAMES, min_size=1, max_size=3, unique_by=str.lower))
def test_a_bundle_stays_in_its_folder(tmp_path_factory, names):
    """Before: nothing looked at the whole name; that of a study or a run was believed."""
    folder = tmp_path_factory.mktemp("zip")
    wanted = {f"inputs/{name}": b"x" for name in names}
    try:
        content = bundle._packed("dge-mine", wanted)
    except SiteError:
        content = b""
    assert bool(content) == all(zips.stays(f"dge-mine/{name}") for name in wanted)
    if not content:
        return
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        kinds = {entry.external_attr >> 28 for entry in archive.infolist()}
    assert kinds == {0o10}  # plain files: no links
    assert unpacked(content, folder) == {f"in/dge-mine/{name}" for name in wanted}


# The server


def page(root: Path) -> Path:
    root.mkdir()
    (root / "index.html").write_text("<p>one</p>")
    (root / MARK).write_text("{}")
    return root


def connected(address: str) -> socket.socket:
    port = int(address.rstrip("/").rpartition(":")[2])
    return socket.create_connection(("127.0.0.1", port), timeout=10)


def told(connection: socket.socket) -> bytes:
    try:
        return connection.recv(100)
    except ConnectionResetError:
        return b""


@pytest.mark.fault(
    "A client that sends its request a byte at a time, for ever",
    by="a byte every 50 ms, each well within the limit of silence",
    survives="it is let go when its time is over, and others are answered",
)
def test_a_slow_request_ends(tmp_path, monkeypatch):
    """Before: each byte began the time anew; 65,536 of them held a thread for a week."""
    monkeypatch.setattr(server._Handler, "timeout", 0.5)
    with serving(page(tmp_path / "html"), port=0, say=pytest.fail) as address:
        slow, began, gone = connected(address), time.monotonic(), False
        while not gone and time.monotonic() - began < 20:
            try:
                slow.sendall(b"G")
                time.sleep(0.05)
            except OSError:
                gone = True
        slow.close()
        assert gone


@pytest.mark.fault(
    "More connections than a browser opens",
    by="twice as many silent connections as the server has room for",
    survives="those beyond are closed at once, and there is room again when others end",
    trials=2 * server.CONNECTIONS,
)
def test_connections_are_bounded(tmp_path, monkeypatch):
    """Before: each had a thread of its own, until the machine had none left."""
    monkeypatch.setattr(server._Handler, "timeout", 60)  # no silence ends meanwhile
    with serving(page(tmp_path / "html"), port=0, say=pytest.fail) as address:
        inside = [connected(address) for _ in range(server.CONNECTIONS)]
        beyond = [connected(address) for _ in range(server.CONNECTIONS)]
        assert [told(connection) for connection in beyond] == [b""] * server.CONNECTIONS
        for connection in inside + beyond:
            connection.close()
        host = address.removeprefix("http://").rstrip("/")
        answer = b""
        while not answer.startswith(b"HTTP/1.0 200 "):
            with connected(address) as connection:
                connection.sendall(f"GET / HTTP/1.0\r\nHost: {host}\r\n\r\n".encode())
                answer = told(connection)


GUARDS = [
    Guard(
        "analysis_lib/models/arrays.py",
        "if (found, by_columns, kind) != (shape, False, _KIND):",
        "if False:",
        "test_arrays_of_a_stranger_are_refused[another shape]",
    ),
    Guard(
        "analysis_lib/models/kept.py",
        "    arrays.check_file(path, LARGEST_DESCRIPTION)\n",
        "",
        "test_a_description_of_a_stranger_is_refused[nine megabytes]",
    ),
    Guard(
        "analysis_lib/models/parquet.py",
        "    _check_texts(table)\n",
        "",
        "test_models_of_genes_of_a_stranger_are_refused[long texts]",
    ),
    Guard(
        "analysis_lib/zips.py",
        "return name.isprintable() and bool(_MEMBER.fullmatch(name))",
        "return True",
        "test_a_bundle_stays_in_its_folder",
    ),
    Guard(
        "analysis_lib/site/serving/server.py",
        "if len(self.connections) >= CONNECTIONS:",
        "if False:",
        "test_connections_are_bounded",
    ),
    Guard(
        "analysis_lib/figures/embed.py",
        "import json\n",
        "import json\nimport pickle\n",
        "test_nothing_that_runs_data_is_called_anywhere",
    ),
]

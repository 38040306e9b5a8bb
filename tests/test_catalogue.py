"""The catalogue says what it must about every data set, and it is true of the real files."""

import importlib
import os
import re
import subprocess
import sys
from dataclasses import FrozenInstanceError
from pathlib import Path

import pytest

from analysis_lib.datasets import checking, download
from analysis_lib.datasets.catalogue import CATALOGUE, find, of_study
from analysis_lib.errors import DataError

EVERY = pytest.mark.parametrize("entry", CATALOGUE.values(), ids=CATALOGUE)
FILES = [(entry, file) for entry in CATALOGUE.values() for file in entry.files]


def test_the_data_sets_in_the_order_of_the_report():
    assert list(CATALOGUE) == ["dge_table", "golub", "celltypes", "entrez", "cells", "tasic"]


@EVERY
def test_an_entry_is_complete(entry):
    assert entry.title
    assert entry.citation
    assert entry.terms
    assert entry.schema
    assert entry.studies
    assert entry.doi is None or re.fullmatch(r"10\.\d{4,}/\S+", entry.doi)
    assert entry.downloadable or entry.simulator, "there must be some way to get data"
    assert re.fullmatch(r"[a-z_]+", entry.folder)


@pytest.mark.parametrize("name", [e.simulator for e in CATALOGUE.values() if e.simulator])
def test_a_simulator_can_be_called(name):
    module, function = name.split(":")
    assert callable(getattr(importlib.import_module(module), function))


@pytest.mark.parametrize("file", [file for _, file in FILES], ids=lambda file: file.name)
def test_an_address_is_safe_and_names_one_version(file):
    assert file.address.startswith("https://")
    assert file.address.endswith("/" + file.name)
    if "githubusercontent" in file.address:
        assert re.search(r"/[0-9a-f]{40}/", file.address), "a commit, not a branch"
        assert file.checksum, "a file at a commit has a checksum that can be known"
    if file.checksum:
        assert re.fullmatch(r"sha256:[0-9a-f]{64}|git-blob:[0-9a-f]{40}", file.checksum)


def test_no_two_files_share_a_place():
    places = [(entry.folder, file.name) for entry, file in FILES]
    assert len(set(places)) == len(places)


@pytest.mark.parametrize(
    ("study", "names"),
    [
        ("dge", ["dge_table"]),
        ("leukemia_network", ["golub"]),
        ("leukemia_classical", ["golub"]),
        ("ephys_lasso", ["celltypes", "entrez", "cells"]),
        ("geo_validation", ["cells", "tasic"]),
    ],
)
def test_what_a_study_reads(study, names):
    assert [entry.name for entry in of_study(study)] == names


def test_an_unknown_study_names_the_known_ones():
    with pytest.raises(DataError, match=r"(?s)'dgee'.*dge, leukemia_network"):
        of_study("dgee")


def test_an_unknown_data_set_names_the_known_ones():
    with pytest.raises(DataError, match=r"(?s)'leukemia'.*dge_table, golub"):
        find("leukemia")


def test_the_catalogue_cannot_be_changed():
    with pytest.raises(TypeError):
        CATALOGUE["other"] = CATALOGUE["golub"]
    with pytest.raises(FrozenInstanceError):
        CATALOGUE["golub"].title = "other"


def test_the_catalogue_is_cheap_to_ask():
    """A table of what is there must not wait for pandas."""
    code = (
        "import sys, analysis_lib.datasets; "
        "print([n for n in ('numpy', 'pandas', 'urllib3', 'requests', 'rich') if n in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.realdata
@pytest.mark.parametrize(
    ("entry", "file"),
    [(entry, file) for entry, file in FILES if entry.name in ("golub", "entrez", "cells")],
    ids=lambda value: value.name,
)
def test_size_and_checksum_are_those_of_the_real_file(entry, file):
    folder = os.environ.get("ANALYSIS_DATA_DIR")
    if not folder:
        pytest.skip("ANALYSIS_DATA_DIR is not set")
    verdict = checking.judge(file, download.locate(entry, Path(folder)), {})
    if verdict.state == "missing":
        pytest.skip(f"{file.name} is not in {folder}")
    assert (verdict.state, verdict.size) == ("verified", file.size)

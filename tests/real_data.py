"""Where the real files lie, for the tests that need them."""

import os
from pathlib import Path

import pytest


def golub_folder() -> Path:
    """Return the folder of the three leukemia files, or skip the test and say why."""
    return _folder("golub")


def ephys_folder() -> Path:
    """Return the folder of the electrophysiology files, or skip the test and say why."""
    return _folder("ephys")


def _folder(name: str) -> Path:
    root = os.environ.get("ANALYSIS_DATA_DIR")
    if not root:
        pytest.skip("ANALYSIS_DATA_DIR is not set: the real files are not here")
    folder = Path(root) / name
    if not folder.is_dir():
        pytest.skip(f"ANALYSIS_DATA_DIR has no folder {name}: the real files are not here")
    return folder

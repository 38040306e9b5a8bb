"""Reproducible gene-expression analyses: strict tables, honest models, traceable runs.

The names below are the front door; each room has more. They are loaded when first used, so
that importing the package costs nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from analysis_lib.datasets import CATALOGUE, fetch
    from analysis_lib.errors import AnalysisError
    from analysis_lib.runs.engine import Runs
    from analysis_lib.runs.record import Record, read_record
    from analysis_lib.runs.values import RunSpec
    from analysis_lib.site import build_site
    from analysis_lib.studies import STUDIES
    from analysis_lib.tables import read_table, write_table

_ROOMS = {
    "AnalysisError": "errors",
    "CATALOGUE": "datasets",
    "Record": "runs.record",
    "RunSpec": "runs.values",
    "Runs": "runs.engine",
    "STUDIES": "studies",
    "build_site": "site",
    "fetch": "datasets",
    "read_record": "runs.record",
    "read_table": "tables",
    "write_table": "tables",
}

__all__ = [
    "CATALOGUE",
    "STUDIES",
    "AnalysisError",
    "Record",
    "RunSpec",
    "Runs",
    "build_site",
    "fetch",
    "read_record",
    "read_table",
    "write_table",
]


def __getattr__(name: str) -> Any:
    """Load a name of the front door from its room."""
    if name not in _ROOMS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"analysis_lib.{_ROOMS[name]}"), name)

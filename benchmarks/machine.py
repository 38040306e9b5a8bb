"""What was measured on: the machine, the versions, the commit; no name of a host or folder."""

from __future__ import annotations

import os
import platform
import subprocess
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

import psutil

from analysis_lib.files import PROJECT

VERSIONS = (
    *("analysis-lib", "numpy", "pandas", "pyarrow", "scipy", "scikit-learn", "numba", "umap-learn"),
    *("tensorflow-cpu", "tensorflow", "keras", "plotly", "papermill", "jupyter-book", "dask"),
)
"""The packages that are ours or are measured beside ours; other peers tell their own."""


def described() -> dict[str, Any]:
    """Return what the numbers of this minute depend on."""
    return {
        "date": now(),
        "commit": _commit(),
        "machine": {
            "processor": _processor(),
            "cores": os.cpu_count(),
            "memory_gb": round(psutil.virtual_memory().total / 1e9, 1),
            "system": _system(),
            "python": platform.python_version(),
            "load": round(os.getloadavg()[0], 2),
        },
        "versions": {name: version for name in VERSIONS if (version := _version(name))},
    }


def now() -> str:
    """Return the time as a stamp."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _processor() -> str:
    path = Path("/proc/cpuinfo")
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, platform.processor() or platform.machine())


def _system() -> str:
    try:
        name = platform.freedesktop_os_release()["PRETTY_NAME"]
    except (OSError, KeyError):
        name = f"{platform.system()} {platform.release()}"
    return f"{name}, {platform.machine()}"


def _commit() -> dict[str, Any] | None:
    try:
        commit, changed = (
            subprocess.run(
                ["git", *words],  # noqa: S607  (whichever git there is)
                cwd=PROJECT,
                capture_output=True,
                text=True,
                check=True,
            ).stdout.strip()
            for words in (("rev-parse", "HEAD"), ("status", "--porcelain"))
        )
    except (OSError, subprocess.CalledProcessError):
        return None  # a folder without its history
    return {"id": commit, "dirty": bool(changed)}


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None

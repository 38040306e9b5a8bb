"""What this machine offers to make models faster."""

from __future__ import annotations

import os
from importlib import metadata
from pathlib import Path


def available() -> list[str]:
    """Return, as sentences, which acceleration there is; nothing heavy is imported for it.

    No model of the report needs any: they are small, and run on one thread so that their
    results do not depend on the machine.
    """
    devices = sorted(Path("/dev").glob("nvidia[0-9]*"))
    return [
        f"{os.cpu_count()} processor cores; models use one thread each, for equal results.",
        f"NVIDIA GPUs: {len(devices) or 'none'}.",
        *_build("XGBoost", "xgboost", "xgboost-cpu"),
        *_build("TensorFlow", "tensorflow", "tensorflow-cpu"),
    ]


def _build(label: str, full: str, processor_only: str) -> list[str]:
    for package, words in ((processor_only, "CPU build"), (full, "build with GPU support")):
        try:
            return [f"{label} {metadata.version(package)}: {words}."]
        except metadata.PackageNotFoundError:
            continue  # the other build may be installed
    return [f"{label} is not installed."]

"""What a notebook leaves behind: metrics, tables, figures and the data it read.

The run engine names a folder in the environment before it starts a kernel. Without it, as in
a notebook opened by hand, nothing is stored and everything is still shown.
"""

from __future__ import annotations

import json
import math
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from analysis_lib import files
from analysis_lib.errors import ParameterError, RunError

RUNS = files.PROJECT / "build" / "runs"
"""Where the engine keeps the good results of every run, below their study's name."""

RECORD = "record.json"
FOLDER_VARIABLE = "ANALYSIS_RUN_FOLDER"
_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}(\.[a-z0-9]{1,8}){0,2}")
_RUN = re.compile(r"(?P<study>[a-z][a-z0-9_]*)/(?P<name>[a-z0-9][a-z0-9_-]{0,63})")


def folder() -> Path | None:
    """Return the folder of the run this process belongs to, or None when there is none."""
    name = os.environ.get(FOLDER_VARIABLE)
    return Path(name) if name else None


def path(*parts: str) -> Path | None:
    """Return the path of a result below the run's folder, or None when there is none.

    Every part but a file ending must be a plain name, so that no text from data ends in a path.
    """
    for part in parts:
        if not _NAME.fullmatch(part):
            raise ValueError(f"{part!r} is no name for a result: lower-case letters, digits, _")
    run = folder()
    return run.joinpath(*parts) if run else None


def of_run(run: str, root: Path = RUNS) -> Path:
    """Return the folder of the good results of another run, called `study/name`.

    An error when there are none. Whether they are still as they were made, the engine checks.
    """
    named = _RUN.fullmatch(run)
    if not named:
        raise ParameterError(
            "A run is called by its study and its name.",
            got=run,
            expected=f"{run.partition('/')[0] or 'study'}/<name>",
        )
    study, name = named["study"], named["name"]
    if not (root / study / name / RECORD).exists():
        there = sorted(r.parent.name for r in (root / study).glob(f"*/{RECORD}"))
        raise RunError(
            f"There is no run {run}.",
            got=f"of {study}: {', '.join(t for t in there if '.' not in t) or 'no run at all'}",
            remedy=f"Make it: make run STUDY={study} NAME={name}.",
        )
    return root / study / name


def save_metrics(
    metrics: Mapping[str, Mapping[str, Any]],
    *,
    headline: Sequence[str],
    glance: Sequence[str],
    picture: str,
    published: Sequence[Mapping[str, Any]] = (),
) -> None:
    """Store a run's numbers in `metrics.json`.

    Parameters
    ----------
    metrics : mapping of name to {"label", "value", "low", "high", "unit", "span"}
        `low` and `high` bound what `span` says, a "95 % interval" when it says nothing; a value
        that is not finite is stored as null.
    headline : names of metrics
        The two or so that stand on the study's card.
    glance : sentences
        What a reader should know first.
    picture : name of a figure
        The one that stands on the study's card.
    published : rows {"what", "source", "published", "here", "tolerance", "status"}
        Numbers held against the literature.
    """
    unknown = [name for name in headline if name not in metrics]
    if unknown:
        raise ValueError(f"headline names metrics that do not exist: {unknown}")
    document = {
        "metrics": metrics,
        "headline": list(headline),
        "glance": list(glance),
        "picture": picture,
        "published": list(published),
    }
    save_json("metrics", document)


def save_json(name: str, document: Any) -> None:
    """Store a document as `<name>.json` in the run's folder, NaN and infinity as null."""
    target = path(f"{name}.json")
    if target:
        files.write_json(target, _finite(document))


def load_json(run: Path, name: str) -> Any:
    """Read a document that `save_json` stored in the folder of a run."""
    return json.loads((run / f"{name}.json").read_text(encoding="utf-8"))


def _finite(value: Any) -> Any:
    # numpy scalars know `item`; containers are walked, everything else is JSON's business.
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, Mapping):
        return {str(key): _finite(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(item) for item in value]
    return value

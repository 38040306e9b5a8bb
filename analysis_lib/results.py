"""What a notebook leaves behind: metrics, tables, figures and the data it read.

The run engine names a folder in the environment before it starts a kernel. Without it, as in
a notebook opened by hand, nothing is stored and everything is still shown.
"""

from __future__ import annotations

import json
import math
import os
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from analysis_lib import files
from analysis_lib.errors import ParameterError, RunError, visible

if TYPE_CHECKING:
    import pandas as pd

RUNS = files.PROJECT / "build" / "runs"
"""Where the engine keeps the good results of every run, below their study's name."""

RECORD = "record.json"
GENES = "genes"
FOLDER_VARIABLE = "ANALYSIS_RUN_FOLDER"
DIGITS = 4
"""Significant digits kept of a gene's numbers: more than a reader compares, half of the bytes."""

LONGEST_ROLE = 60
"""Characters that a gene's role may have: it stands beside many others."""

_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}(\.[a-z0-9]{1,8}){0,2}")
_RUN = re.compile(r"(?P<study>[a-z][a-z0-9_]*)/(?P<name>[a-z0-9][a-z0-9_-]{0,63})")
_OF_A_GENE = ("also", "role", "chosen")
_EXACT = 1e15


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
    methods: Sequence[str] = (),
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
    methods : sentences
        What was done, in the past tense and with the values used; `[@key]` cites an entry of the
        book's references, `[pkg:name]` a package in the version that was used.
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
        "methods": list(methods),
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


@dataclass(frozen=True)
class GeneFacts:
    """What a run knows of every gene, column by column; what does not fit is a ValueError.

    `gene`, `also`, `role` and each list of `numbers` belong together, one for one. `numbers`
    holds a list for each of the `labels`, `chosen` the places of the genes that the run singles
    out, and `words` says what that means.
    """

    words: str
    labels: list[str]
    gene: list[str]
    also: list[str]
    role: list[str]
    chosen: list[int]
    numbers: list[list[float | int | None]]

    def __post_init__(self) -> None:
        if not isinstance(self.words, str):
            raise ValueError("words are no text")
        for name in ("labels", "gene", "also", "role"):
            _check_texts(getattr(self, name), name)
        columns: list[Any] = self.numbers if isinstance(self.numbers, list) else []
        if len(columns) != len(self.labels):
            raise ValueError("there are not as many columns of numbers as labels")
        for label, numbers in zip(self.labels, columns, strict=True):
            _check_numbers(numbers, label)
        if any(len(column) != len(self.gene) for column in (self.also, self.role, *columns)):
            raise ValueError(f"not every column is about all of the {len(self.gene):,} genes")
        _check_genes(self.gene)
        if long := [role for role in dict.fromkeys(self.role) if len(role) > LONGEST_ROLE]:
            raise ValueError(f"a role is longer than {LONGEST_ROLE} characters: {visible(long[0])}")
        places = self.chosen if isinstance(self.chosen, list) else [None]
        if any(type(at) is not int or not 0 <= at < len(self.gene) for at in places):
            raise ValueError("chosen names a gene that is not there")
        if len(set(places)) < len(places):
            raise ValueError("chosen names a gene more than once")

    @property
    def chosen_genes(self) -> frozenset[str]:
        """The genes that the run singles out."""
        return frozenset(self.gene[at] for at in self.chosen)


def save_genes(genes: pd.DataFrame, *, words: str, labels: Mapping[str, str]) -> None:
    """Store what a run knows of every gene in `genes.json`: for the gene index, for comparing.

    Parameters
    ----------
    genes : DataFrame, a row per gene
        Columns `gene` (unique), `also` (other names or a description, "" without), `role` (up to
        60 characters: "up", "not tested"), `chosen` (bool: the run singles it out), and numbers.
    words : str
        One sentence that says what `chosen` means.
    labels : mapping of column to label
        Which numbers to keep, as what (with the unit), and in which order.
    """
    if missing := [name for name in ("gene", *_OF_A_GENE, *labels) if name not in genes]:
        raise ValueError(f"the genes have no column {missing[0]}")
    if genes["chosen"].dtype.kind != "b" or genes["chosen"].hasnans:
        raise ValueError("chosen is not true or false")
    if texts := [name for name in labels if genes[name].dtype.kind not in "iuf"]:
        raise ValueError(f"{texts[0]} holds no numbers")
    facts = GeneFacts(
        words=words,
        labels=list(labels.values()),
        gene=list(genes["gene"]),
        also=list(genes["also"]),
        role=list(genes["role"]),
        chosen=[at for at, chosen in enumerate(genes["chosen"]) if chosen],
        numbers=[_short_numbers(genes[name]) for name in labels],
    )
    target = path(f"{GENES}.json")
    if target:  # in one line: a line per number takes ten times as long
        files.write_text(target, files.to_json(vars(facts)) + "\n")


def load_genes(run: Path) -> GeneFacts | None:
    """Return what `save_genes` stored in the folder of a run; None when that is nothing.

    A ValueError when the file is damaged.
    """
    if not (run / f"{GENES}.json").exists():
        return None
    document = load_json(run, GENES)
    try:
        return GeneFacts(**document)
    except TypeError as error:
        raise ValueError(f"it does not say what it should of genes: {error}") from error


def short(value: float) -> float | int | None:
    """Return a number in as few characters as its `DIGITS` significant digits need.

    Examples
    --------
    >>> [short(v) for v in (3.14159, 12.0, -0.0, 0.00012345, 123456.0, float("nan"))]
    [3.142, 12, 0, 0.0001234, 123500, None]
    """
    rounded = float(f"{value:.{DIGITS}g}")
    if not math.isfinite(rounded):
        return None
    return int(rounded) if rounded.is_integer() and abs(rounded) < _EXACT else rounded


def _short_numbers(column: pd.Series) -> list[float | int | None]:
    if column.dtype.kind in "iu" and not column.hasnans:
        return [int(value) for value in column]  # counts stay exact
    return [short(value) for value in column.to_numpy("float64", na_value=math.nan).tolist()]


def _check_texts(texts: object, what: str) -> None:
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        raise ValueError(f"{what} does not hold texts")
    try:
        "".join(texts).encode()
    except UnicodeEncodeError as error:
        raise ValueError(f"{what} holds half a character") from error


def _check_numbers(numbers: object, label: str) -> None:
    # Exact types: a bool is an int to `isinstance`.
    if not isinstance(numbers, list) or not {type(n) for n in numbers} <= {int, float, type(None)}:
        raise ValueError(f"{visible(label)} does not hold numbers")
    if not all(number is None or math.isfinite(number) for number in numbers):
        raise ValueError(f"{visible(label)} holds a number that is not finite")


def _check_genes(genes: Sequence[str]) -> None:
    if not genes:
        raise ValueError("there is no gene")
    if any(not gene.strip() for gene in genes):
        raise ValueError("a gene has no name")
    if len(set(genes)) < len(genes):
        twice = next(gene for gene, count in Counter(genes).items() if count > 1)
        raise ValueError(f"a gene is there more than once: {visible(twice)}")


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

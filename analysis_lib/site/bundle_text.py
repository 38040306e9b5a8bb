"""The README of a bundle: how a run is made again, what must come out, and from which data."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from analysis_lib.errors import visible
from analysis_lib.runs.record import Record
from analysis_lib.site.bundle import CHECKSUMS, Input
from analysis_lib.site.facts import SiteRun
from analysis_lib.site.privacy import Privacy
from analysis_lib.site.summary import Summary, commit, duration, moment

_MARKUP = re.compile(r"([\\`*_{}\[\]<>|#&~$])")


def readme(
    run: SiteRun, records: Sequence[Record], inputs: Sequence[Input], privacy: Privacy
) -> Iterator[str]:
    """Yield the paragraphs of the bundle's README."""
    # Before anything is escaped, which would hide a folder's name.
    records = [replace(record, data=privacy.value(record.data)) for record in records]
    record, *before = records
    yield f"# {_plain(record.id)}, to run again"
    yield (
        f"What the run {_code(record.id)} takes to be made again: the code, the notebook, the "
        "parameters, the lock file of all packages, and the checksums of its data. It was made on "
        f"{moment(record.started)} in {duration(record.seconds)}, with Python "
        f"{record.versions.get('python', '?')} on {record.versions.get('platform', '?')}, at "
        f"commit {commit(record)}."
    )
    for other in before:
        yield f"It works on the results of {_code(other.id)}, which is packed too and made first."
    if run.stale:
        yield (
            "**Out of date.** What is packed is not all that the results were made with, so that "
            "other numbers may come out. What differs: "
            f"{_plain(', '.join(map(privacy.clean, run.stale)))}."
        )
    yield from _steps(records)
    yield from _outcome(run, record, privacy, moved=bool(inputs))
    yield "## Data"
    yield "\n".join(_data(records, inputs))
    yield "## Whether all is here"
    yield (
        f"`sha256sum -c {CHECKSUMS}` (macOS: `shasum -a 256 -c {CHECKSUMS}`) compares every file "
        "with its checksum. Tests and benchmarks of the project are not packed."
    )


def _steps(records: Sequence[Record]) -> Iterator[str]:
    run = records[0].id
    public = [r.study for r in records if any(f["address"] for e in r.data for f in e["files"])]
    fetch = [f"make data STUDY={study}" for study in sorted(set(public))]
    compare = f"diff expected/{run}/metrics.json build/runs/{run}/metrics.json"
    yield "## Run it"
    yield "\n".join(f"    {line}" for line in (*fetch, "make book", compare))
    if fetch:
        yield "`make data` downloads the public data and verifies them."
    yield (
        "`make book` sets up an environment in `.venv`, for which it needs the network once, "
        f"executes the run into `build/runs/{run}/` and builds its page: "
        "`book/_build/html/index.html`. `diff` prints nothing when every number is the same. "
        "A machine needs Python 3.11, 3.12 or 3.13 and make: Linux or macOS."
    )


def _outcome(run: SiteRun, record: Record, privacy: Privacy, *, moved: bool) -> Iterator[str]:
    yield "## What must come out"
    yield "\n".join(
        f"- {_plain(privacy.clean(f'{metric.label}: {metric}'))}"
        + (f" ({_plain(metric.interval)})" if metric.interval else "")
        for metric in Summary.of(run).headline
    )
    yield (
        f"All numbers: `expected/{record.id}/metrics.json`. On a processor of another kind the "
        "last digits may differ."
    )
    again = " With the same version of Python, the same key stands in the new `record.json`."
    yield f"The key of the run: `{record.key}`." + ("" if run.stale or moved else again)


def _data(records: Sequence[Record], inputs: Sequence[Input]) -> Iterator[str]:
    entries = [entry for record in records for entry in record.data]
    for title in dict.fromkeys(e["title"] for e in entries if not e["files"]):
        yield f"- {_plain(title)}: simulated by the code; there is nothing to fetch."
    if any(not entry["files"] for entry in entries):
        yield (
            "- Real files are used instead of simulated ones wherever a study finds all it needs "
            "(`ANALYSIS_DATA_DIR`, `data/`, `build/downloads/`): leave them out."
        )
    public = [file for entry in entries for file in entry["files"] if file["address"]]
    for file in {file["sha256"]: file for file in public}.values():
        yield f"- {_code(file['name'])}, SHA-256 `{file['sha256']}`, from {_code(file['address'])}"
    for each in inputs:
        name, digest = _code(each.name), f"SHA-256 `{each.sha256}`"
        put = f"{name} is not packed: {each.absent}. Put the file with {digest} at `{each.place}`."
        yield f"- {put}" if each.absent else f"- `{each.place}` is {name}, {digest}"


def _plain(text: object) -> str:
    """Return text in which Markdown finds nothing."""
    return _MARKUP.sub(r"\\\1", visible(text))


def _code(text: str) -> str:
    """Return text as Markdown's code, between more backticks than it has itself."""
    shown = visible(text)
    fence = "`" * (max(map(len, re.findall("`+", shown)), default=0) + 1)
    return f"{fence} {shown} {fence}" if "`" in shown else f"`{shown}`"

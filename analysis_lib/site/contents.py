"""The table of contents: which pages there are, in what order, under which titles."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from analysis_lib.runs.sweep_file import Sweep, made_for
from analysis_lib.site import compare, lookup, sweep_page
from analysis_lib.site.facts import Book, SiteRun

Entry = dict[str, Any]

_ABOUT = ("data", "your-data", "how-it-works")


def contents(book: Book, pages: Iterable[str], library: Sequence[str] = ()) -> str:
    """Return the table of contents: the report's runs by study, yours, sweeps, the rest.

    `pages` are the hand-written ones, `library` those of the reference in their order.
    """
    written = set(pages)
    studies = [runs for study in book.studies if (runs := book.of_study(study.name))]
    listed = [group for runs in studies if (group := [run for run in runs if run.listed])]
    points = made_for(book.sweeps)
    yours = [run for runs in studies for run in runs if not run.listed and run.id not in points]
    rest = sorted(written - {"index", "genes", "reference", *_ABOUT})
    about = [_file(name) for name in (*(n for n in _ABOUT if n in written), *rest)]
    if "reference" in written:
        about.append({"file": "reference", **_below([_file(name) for name in library])})
    genes = [_file("genes")] if "genes" in written else []
    parts: list[Entry] = [
        {"caption": "Studies", "chapters": [*(_chapter(book, runs) for runs in listed), *genes]},
        {
            "caption": "Your runs",
            "chapters": [
                _entry(run, f"{book.study(run.study).title}: {run.name}") for run in yours
            ],
        },
        {
            "caption": "Sweeps",
            "chapters": [_sweep(sweep, book) for sweep in book.sweeps],
        },
        {"caption": "About", "chapters": about},
    ]
    toc = {"format": "jb-book", "root": "index", "parts": [p for p in parts if p["chapters"]]}
    return json.dumps(toc, indent=2)  # YAML includes JSON


def _chapter(book: Book, runs: list[SiteRun]) -> Entry:
    first, *others = runs
    below = [_entry(run, run.name) for run in others]
    if first.study in compare.compared(book):
        below.append({"file": compare.page_name(first.study), "title": compare.TITLE})
    return _entry(first, book.title(first), below)


def _sweep(sweep: Sweep, book: Book) -> Entry:
    """Return a sweep with the pages of its points that were made for it."""
    ours = made_for([sweep])
    before = book.sweeps[: book.sweeps.index(sweep)]
    elsewhere = made_for(before)  # a run may be a point of two sweeps
    runs = [r for r in book.runs if not r.listed and r.id in ours - elsewhere]
    entry = {"file": sweep_page.page_name(sweep), "title": sweep_page.title(sweep, book)}
    return {**entry, **_below([_entry(run, run.name) for run in runs])}


def _entry(run: SiteRun, title: str, below: Sequence[Entry] = ()) -> Entry:
    own = [{"file": lookup.page_name(run), "title": lookup.TITLE}] if lookup.kept(run) else []
    return {"file": run.page, "title": title, **_below([*own, *below])}


def _file(name: str) -> Entry:
    return {"file": name}


def _below(entries: Sequence[Entry]) -> Entry:
    return {"sections": entries} if entries else {}

"""The table of contents: which pages there are, in what order, under which titles."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

from analysis_lib.site import lookup
from analysis_lib.site.facts import Book, SiteRun

Entry = dict[str, object]


def contents(book: Book, pages: Iterable[str]) -> str:
    """Return the table of contents: the report's runs by study, then yours, then the rest."""
    studies = [runs for study in book.studies if (runs := book.of_study(study.name))]
    listed = [group for runs in studies if (group := [run for run in runs if run.listed])]
    yours = [run for runs in studies for run in runs if not run.listed]
    last = [name for name in ("data", "your-data", "how-it-works") if name in set(pages)]
    rest = sorted(set(pages) - {"index", *last})
    parts = [
        {"caption": "Studies", "chapters": [_chapter(book, runs) for runs in listed]},
        {
            "caption": "Your runs",
            "chapters": [
                _entry(run, f"{book.study(run.study).title}: {run.name}") for run in yours
            ],
        },
        {"caption": "About", "chapters": [{"file": name} for name in (*last, *rest)]},
    ]
    toc = {"format": "jb-book", "root": "index", "parts": [p for p in parts if p["chapters"]]}
    return json.dumps(toc, indent=2)  # YAML includes JSON


def _chapter(book: Book, runs: list[SiteRun]) -> Entry:
    first, *others = runs
    return _entry(first, book.title(first), [_entry(run, run.name) for run in others])


def _entry(run: SiteRun, title: str, below: Sequence[Entry] = ()) -> Entry:
    own = [{"file": lookup.page_name(run), "title": lookup.TITLE}] if lookup.kept(run) else []
    entry: Entry = {"file": run.page, "title": title}
    return {**entry, "sections": [*own, *below]} if own or below else entry

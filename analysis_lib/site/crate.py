"""The book as an RO-Crate: its runs, what they read and what came out, for machines to read.

The site is the crate; nothing is copied. What is written is the description, made with the
`rocrate` library after the profile for runs of programs (Process Run Crate).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote, urlsplit

from analysis_lib import files
from analysis_lib.errors import without_colours
from analysis_lib.runs.record import Record
from analysis_lib.runs.values import read_values
from analysis_lib.site.facts import Book, DataRow, SiteRun
from analysis_lib.site.privacy import Privacy
from analysis_lib.site.publish import PLOTLY, read_info, shown_results

NAME = "ro-crate-metadata.json"
SPECIFICATION = "1.3"
PROFILE = "https://w3id.org/ro/wfrun/process/0.6"

_FORMATS = {
    ".bib": "application/x-bibtex",
    ".csv": "text/csv",
    ".html": "text/html",
    ".ipynb": "application/x-ipynb+json",
    ".json": "application/json",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".zip": "application/zip",
}
"""The files that are described; scripts repeat for the pages what tables and figures hold."""

_DESCRIPTIONS = {
    "notebook.ipynb": "The executed notebook.",
    "params.json": "The parameters of the run.",
    "metrics.json": "The numbers of the run.",
    "record.json": "The record of the run: what was asked, what was read, what came out.",
    "run-again.zip": "All it takes to run it again elsewhere.",
    "references.bib": "What is cited.",
}
_MADE = ("figures", "tables", "lookup", "notebook.ipynb", "metrics.json")
"""What of a run's files came out of its notebook; the rest tells of the run."""

_MOMENT = "%Y-%m-%dT%H:%M:%SZ"


def write(book: Book, html: Path, project: Path) -> None:
    """Describe a built site, whose files are all in their places, in `ro-crate-metadata.json`.

    Parameters
    ----------
    book : Book
        The runs and data sets of the site.
    html : Path
        The folder of the built site.
    project : Path
        The folder with `CITATION.cff` and `_config.yml`, which is not named in the crate.
    """
    maker = _Maker(book, html, Privacy(project))
    maker.describe(read_values(project / "CITATION.cff"), read_values(project / "_config.yml"))
    files.write_json(html / NAME, maker.document())


def faults(html: Path) -> Iterator[str]:
    """Yield, in words, where the description of a site does not fit its files."""
    if not (html / NAME).is_file():
        if (html / PLOTLY).is_file():  # else nothing is published beside the pages
            yield f"the site has no {NAME}"
        return
    try:
        described = dict(_described(html))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        yield f"{NAME} cannot be read: {type(error).__name__}: {error}"
        return
    for name, facts in described.items():
        if not (html / name).is_file():
            yield f"{NAME} names a file that is not there: {name}"
        elif facts != _bytes(html / name):
            yield f"{NAME} describes {name} as it was before"
    for path in sorted((html / "files").rglob("*.csv")):
        if (name := path.relative_to(html).as_posix()) not in described:
            yield f"{NAME} does not name {name}"


def _described(html: Path) -> Iterator[tuple[str, dict[str, str]]]:
    for entity in json.loads((html / NAME).read_text(encoding="utf-8"))["@graph"]:
        name = entity["@id"]
        if "File" in entity["@type"] and not (urlsplit(name).scheme or name.startswith("#")):
            yield unquote(name), {each: entity.get(each) for each in ("contentSize", "sha256")}


def _bytes(path: Path) -> dict[str, str]:
    return {"contentSize": str(path.stat().st_size), "sha256": files.sha256(path)}


class _Maker:
    """Builds the entities of the crate; every id comes from a name, so that they stay the same."""

    def __init__(self, book: Book, html: Path, privacy: Privacy) -> None:
        from rocrate.model import ContextEntity  # type: ignore[import-untyped]
        from rocrate.rocrate import ROCrate  # type: ignore[import-untyped]

        self.new = ContextEntity
        self.crate = ROCrate(version=SPECIFICATION)
        self.root = self.crate.root_dataset
        self.book = book
        self.html = html
        self.privacy = privacy
        self.rows = {row.dataset: row for row in book.data}
        self.sizes = {file.address: file.size for row in book.data for file in row.files}
        records = [run.record for run in book.runs if run.record]
        self.read = {file["sha256"] for r in records for entry in r.data for file in entry["files"]}

    def document(self) -> dict[str, Any]:
        """Return the crate as JSON-LD, its entities in the order of their ids."""
        document: dict[str, Any] = self.crate.metadata.generate()
        first = {NAME: 0, "./": 1}
        document["@graph"].sort(key=lambda entity: (first.get(entity["@id"], 2), entity["@id"]))
        return document

    def describe(self, citation: Mapping[str, Any], config: Mapping[str, Any]) -> None:
        """Describe the whole book."""
        published = self._files()
        actions = [each for run in self.book.runs for each in self._actions(run, published)]
        studies = len({run.study for run in self.book.runs})
        facts = {
            "name": config["title"],
            "description": (
                f"Runs: {len(self.book.runs)}, of {studies} studies. Of each: what it was asked "
                "for, what it read, what came out. The licence is that of the report and its code; "
                "the data have terms of their own."
            ),
            "version": citation["version"],
            "license": self._license(citation["license"]),
            "author": [self._author(author) for author in citation["authors"]],
            "conformsTo": self._entity(
                PROFILE,
                "CreativeWork",
                name="Process Run Crate",
                version=PROFILE.rpartition("/")[2],
            ),
            "mentions": actions,
            "citation": self._citations(),
        }
        for name, value in facts.items():
            self.root[name] = value
        ends = [action["endTime"] for action in actions]
        if ends:
            self.root["datePublished"] = max(ends)  # the library would take the time of today
        else:
            del self.root["datePublished"]

    # What is published

    def _files(self) -> dict[str, Any]:
        pages = [f"{run.page}.html" for run in self.book.runs]
        found = [path.relative_to(self.html) for path in (self.html / "files").rglob("*")]
        names = sorted({*pages, *(path.as_posix() for path in found)})
        about = {
            f"{run.files}/{kind}/{name}": read_info(run, kind, name)
            for run in self.book.runs
            for kind, shown in shown_results(run).items()
            for name in shown
        }
        return {
            name: self._file(name, about.get(name.rpartition(".")[0], {}))
            for name in names
            if Path(name).suffix in _FORMATS and (self.html / name).is_file()
        }

    def _file(self, name: str, info: Mapping[str, Any]) -> Any:
        path = self.html / name
        words = (info.get("alt") if path.suffix == ".png" else None) or info.get("caption")
        words = words or _DESCRIPTIONS.get(path.name)
        facts = {"name": name, "encodingFormat": _FORMATS[path.suffix], **_bytes(path)}
        if words:
            facts["description"] = self.privacy.clean(words)
        return self.crate.add_file(dest_path=name, properties=facts)

    # Runs

    def _actions(self, run: SiteRun, published: Mapping[str, Any]) -> Iterator[Any]:
        page = [published[name] for name in (f"{run.page}.html",) if name in published]
        if run.record:
            own = {
                name.removeprefix(f"{run.files}/"): file
                for name, file in published.items()
                if name.startswith(f"{run.files}/")
            }
            made = {name: f for name, f in own.items() if name.partition("/")[0] in _MADE}
            action = self._action(run, run.record, run.id)
            action["result"] = [*made.values(), *self._handed_on(run.record)]
            action["subjectOf"] = [*page, *(file for name, file in own.items() if name not in made)]
            yield action
        if run.failure:
            action = self._action(run, run.failure, f"{run.id}.failed")
            action["subjectOf"] = page
            if error := run.failure.error:
                action["error"] = self.privacy.clean(without_colours(error.message))
            yield action

    def _action(self, run: SiteRun, record: Record, place: str) -> Any:
        place = quote(place)
        parameters = [
            self._parameter(run, name, value, place)
            for name, value in sorted(self.privacy.value(record.parameters).items())
        ]
        title = self.book.title(run)
        description = (
            f"{record.seconds:.1f} s, at most {record.peak_memory_mb:,.0f} MB of memory, key "
            f"{record.key or 'none'}."
        )
        if run.stale and record is run.record:
            stale = self.privacy.clean(", ".join(run.stale))
            description += f" Out of date since; what differs: {stale}."
        started = datetime.strptime(record.started, _MOMENT)
        ended = started + timedelta(seconds=record.seconds)
        good = record.status == "ok"
        status = "CompletedActionStatus" if good else "FailedActionStatus"
        return self.crate.add_action(
            self._notebook(record, place),
            identifier=f"#run/{place}",
            object=[*self._inputs(record, place), *parameters],
            properties={
                "name": title if good else f"{title} (failed)",
                "description": description,
                "startTime": record.started,
                "endTime": f"{ended:{_MOMENT}}",
                "actionStatus": f"http://schema.org/{status}",
            },
        )

    def _parameter(self, run: SiteRun, name: str, value: Any, place: str) -> Any:
        rows = {row.name: row for row in self.book.study(run.study).parameters}
        facts = {"name": name, "value": value}
        if not isinstance(value, (bool, int, float, str)):
            facts["value"] = files.to_json(value)
        if name in rows:
            facts["description"] = rows[name].description
        return self._entity(f"#parameter/{place}/{quote(name)}", "PropertyValue", **facts)

    def _notebook(self, record: Record, place: str) -> Any:
        tools = {n: v for n, v in record.versions.items() if n not in ("python", "platform")}
        facts: dict[str, Any] = {
            "name": f"notebooks/{record.study}.ipynb",
            "softwareRequirements": [self._software(*each) for each in sorted(tools.items())],
        }
        if version := record.versions.get("python"):
            language = {"name": "Python", "version": version}
            facts["programmingLanguage"] = self._entity(
                f"#python-{quote(version)}", "ComputerLanguage", **language
            )
        if version := record.versions.get("analysis-lib"):
            facts["version"] = version
        if record.git:
            facts["identifier"] = record.git["commit"]
        if digest := record.parts.get("notebook"):
            facts["sha256"] = digest
        return self._entity(f"#notebook/{place}", "SoftwareSourceCode", **facts)

    def _software(self, name: str, version: str) -> Any:
        identifier = f"#software/{quote(f'{name}-{version}')}"
        return self._entity(identifier, "SoftwareApplication", name=name, softwareVersion=version)

    def _handed_on(self, record: Record) -> list[Any]:
        """Return what another run has read of the results that are not published."""
        return [
            self._own_file(Path(name).name, facts["sha256"])
            for name, facts in sorted(record.files.items())
            if facts["sha256"] in self.read
        ]

    # Data

    def _inputs(self, record: Record, place: str) -> Iterator[Any]:
        for entry in record.data:
            row = self.rows.get(entry["dataset"])
            for file in entry["files"]:
                yield self._remote(file, row) or self._own_file(file["name"], file["sha256"])
            if not entry["files"]:
                yield self._entity(
                    f"#data/{place}/{quote(entry['dataset'])}",
                    "CreativeWork",
                    name=f"{self.privacy.clean(entry['title'])} (simulated)",
                    description=f"Made by the report's own simulator; rows: {entry['rows']:,}.",
                )

    def _remote(self, file: Mapping[str, Any], row: DataRow | None) -> Any:
        """Return a public file, described where it is published; None when it is not public."""
        if urlsplit(file["address"] or "").scheme not in ("http", "https"):
            return None
        address = quote(file["address"], safe="!#$%&'()*+,/:;=?@[]~")
        known = self.crate.get(address)
        if known is not None:
            # Another run may have read other bytes from the same address.
            return known if known["sha256"] == file["sha256"] else None
        facts = {"name": file["name"], "sha256": file["sha256"]}
        if size := self.sizes.get(file["address"]):
            facts["contentSize"] = str(size)
        if row:
            facts["description"] = row.title
            facts["conditionsOfAccess"] = row.terms
            if article := self._article(row):
                facts["citation"] = article
        return self.crate.add_file(address, properties=facts)

    def _own_file(self, name: str, sha256: str) -> Any:
        """Return a file that is not published, by its bytes."""
        return self._entity(f"#file/{sha256}", "MediaObject", name=name, sha256=sha256)

    def _citations(self) -> list[Any]:
        records = [run.record for run in self.book.runs if run.record]
        used = {entry["dataset"] for record in records for entry in record.data}
        articles = (self._article(row) for row in self.book.data if row.dataset in used)
        return [article for article in articles if article]

    def _article(self, row: DataRow) -> Any:
        if not row.doi:
            return None
        identifier = f"https://doi.org/{quote(row.doi)}"
        return self._entity(identifier, "ScholarlyArticle", name=row.citation, identifier=row.doi)

    # Who and on what terms

    def _license(self, name: str) -> Any:
        return self._entity(f"https://spdx.org/licenses/{quote(name)}", "CreativeWork", name=name)

    def _author(self, author: Mapping[str, Any]) -> Any:
        if "name" in author:
            name, kind = author["name"], "Organization"
        else:
            name, kind = f"{author['given-names']} {author['family-names']}", "Person"
        return self._entity(author.get("orcid") or f"#author/{quote(name)}", kind, name=name)

    def _entity(self, identifier: str, kind: str, /, **properties: Any) -> Any:
        known = self.crate.get(identifier)
        if known is not None:
            return known
        return self.crate.add(self.new(self.crate, identifier, {"@type": kind, **properties}))

"""The methods of a run in words, ready to paste: its data, its study's sentences, its software."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from analysis_lib import files
from analysis_lib.errors import SiteError, visible
from analysis_lib.runs.record import Record
from analysis_lib.site.bibliography import BIBTEX, PACKAGES, Reference, References, to_bibtex
from analysis_lib.site.facts import Book, DataRow, SiteRun
from analysis_lib.site.markup import Html, dropdown, join, lines, tag, text
from analysis_lib.site.privacy import Privacy
from analysis_lib.site.summary import Summary

OF_THE_BOOK = ("executablebooks2020", "kluyver2016", "papermill", "plotly", "soilandreyes2022")
"""What the book cites beside what its runs do: that which made it."""

_DIGITS = 12  # of a digest, in a sentence
_MARK = re.compile(r"\[(?:@(?P<key>[\w.:-]+)|pkg:(?P<package>[\w.-]+))\]")
_BEGUN = re.compile(r"\[(?:@|pkg:)[^\]]{0,40}\]?")
_ASIDE = re.compile(r"\w \([^()]*\)$")
_PINNED = re.compile(r"^[A-Za-z0-9._-]+==", re.MULTILINE)
_MADE_FROM = {
    "simulated": "simulated data",
    "yours": "our own data",
    "real": "published measurements",
}


@dataclass(frozen=True)
class Methods:
    """A run's methods, paragraph by paragraph, and what they cite.

    Parameters
    ----------
    references : references
        In the order in which the paragraphs cite them.
    data : pairs of a title and a reference
        The data sets among them that were published.
    """

    paragraphs: tuple[str, ...]
    references: tuple[Reference, ...]
    data: tuple[tuple[str, Reference], ...] = ()

    @property
    def text(self) -> str:
        """The whole as plain text, with an empty line between paragraphs."""
        return "\n\n".join(self.paragraphs)


def methods_of(
    summary: Summary, book: Book, references: References, lock: Path | None = None
) -> Methods | None:
    """Return the methods of a run; None when it has no results.

    Parameters
    ----------
    lock : Path, optional
        The lock file; its packages are counted when the run was made with these very versions.
    """
    run = summary.run
    if not (run.folder and run.record):
        return None
    prose = Prose(run, run.record.versions, references)
    paragraphs = (
        _data(prose, run.record, book),
        " ".join(prose.sentence(sentence) for sentence in _stored(summary)),
        _software(prose, run.record, lock),
    )
    return Methods(tuple(filter(None, paragraphs)), tuple(prose.cited), tuple(prose.data))


def section(run: SiteRun, methods: Methods, privacy: Privacy) -> str:
    """Return the part of a run's page with its methods, as Markdown."""
    address = f"../../{run.files}/{BIBTEX}"
    parts = [
        tag("p", text("Written from the data, parameters and versions of this run.")),
        _to_copy(privacy.clean(methods.text)),
        tag("p", tag("b", text("References"))),
        tag("ol", *(tag("li", reference.html) for reference in methods.references)),
        tag(
            "p",
            text("All of them as BibTeX: "),
            tag("a", text(BIBTEX), href=address, download=BIBTEX),
        ),
    ]
    many = len(methods.references)
    title = f"Methods to paste, with {_count(many, 'reference')}"
    return "\n\n## Methods\n" + dropdown(title, join(parts))


def publish(
    book: Book, html: Path, references: References, found: Mapping[str, Methods | None]
) -> None:
    """Write what every run cites, and what the whole book does, as BibTeX beside the pages."""
    cited = [references.entries[key] for key in OF_THE_BOOK]
    for run in book.runs:
        methods = found.get(run.id)
        if methods:
            files.write_text(html / run.files / BIBTEX, to_bibtex(methods.references))
            cited.extend(methods.references)
    files.write_text(html / "files" / BIBTEX, to_bibtex(cited))


@dataclass
class Prose:
    """Sentences of one run under way: their marks become citations, which are noted in order."""

    run: SiteRun
    versions: Mapping[str, str]
    references: References
    cited: list[Reference] = field(default_factory=list)
    data: list[tuple[str, Reference]] = field(default_factory=list)
    _named: set[str] = field(default_factory=set)

    def sentence(self, sentence: str) -> str:
        """Return a sentence in which every mark is resolved.

        `[@golub1999]` becomes "(Golub et al. 1999)", within parentheses "[Golub et al. 1999]";
        marks side by side, or behind parentheses, share one pair, and of authors named just
        before it the year is enough.
        `[pkg:numpy]` becomes name, version and citation where the package is met first, and its
        name where it is met again.
        """
        written, citing, end = "", list[Reference](), 0
        for mark in _MARK.finditer(sentence):
            between = sentence[end : mark.start()]
            if mark["package"] and citing:
                between = between or " "
            if between.strip() or mark["package"]:
                written, citing = _with_citations(written, citing) + self._free(between), []
            if mark["package"]:
                name, citing = self._package(mark["package"])
                written += name
            else:
                citing.append(self.cite(mark["key"]))
            end = mark.end()
        return _with_citations(written, citing) + self._free(sentence[end:])

    def cite(self, key: str) -> Reference:
        """Return the reference of a key, and note that it is cited."""
        entries = self.references.entries
        if key not in entries:
            raise self._unknown(f"[@{key}]", get_close_matches(key, entries))
        return self._noted(entries[key])

    def data_set(self, row: DataRow) -> str:
        """Return the citation of a data set; empty when it was not published."""
        if not row.doi:
            return ""
        reference = self._noted(self.references.of_doi(row.doi))
        self.data.append((row.title, reference))
        return reference.short

    def known(self, *packages: str) -> list[str]:
        """Return the marks of those packages of which the record holds a version."""
        return [f"[pkg:{name}]" for name in packages if self._version(name)]

    def _package(self, name: str) -> tuple[str, list[Reference]]:
        version = self._version(name)
        if name not in PACKAGES or not version:
            known = [each for each in PACKAGES if self._version(each)]
            raise self._unknown(f"[pkg:{name}]", get_close_matches(name, known))
        title, key = PACKAGES[name]
        if name in self._named:
            return title, []
        self._named.add(name)
        return f"{title} {version}", [self.cite(key)]

    def _version(self, name: str) -> str | None:
        # The builds without CUDA are packages of their own.
        return self.versions.get(name) or self.versions.get(f"{name}-cpu")

    def _noted(self, reference: Reference) -> Reference:
        if reference not in self.cited:
            self.cited.append(reference)
        return reference

    def _free(self, words: str) -> str:
        if begun := _BEGUN.search(words):
            raise self._unknown(begun[0], [])
        return words

    def _unknown(self, mark: str, near: Sequence[str]) -> SiteError:
        return SiteError(
            f"The methods of the run {self.run.id} cite what is not known.",
            where=f"{self.run.id}/metrics.json",
            expected=f"perhaps {', '.join(near)}" if near else "[@key] or [pkg:name]",
            got=mark,
            remedy=f"Add it to book/{BIBTEX} or the packages of a record, or correct the sentence.",
        )


def _with_citations(written: str, citing: Sequence[Reference]) -> str:
    if not citing:
        return written
    before = written.rstrip()
    first = citing[0]
    named = bool(first.year) and f" {before}".removesuffix("'s").endswith(f" {first.names}")
    shorts = dict.fromkeys(reference.short for reference in citing)
    told = "; ".join([first.year, *[s for s in shorts if s != first.short]] if named else shorts)
    if before.endswith("("):
        return f"{before}{told}"
    if before.count("(") > before.count(")"):
        return f"{before} [{told}]"
    if _ASIDE.search(before):
        return f"{before[:-1]}; {told})"
    return f"{before} ({told})".lstrip()


def _stored(summary: Summary) -> list[str]:
    stored = summary.document.get("methods", [])
    if isinstance(stored, list) and all(isinstance(sentence, str) for sentence in stored):
        return stored
    raise SiteError(
        f"The methods of the run {summary.run.id} cannot be shown.",
        where=f"{summary.run.id}/metrics.json",
        expected="a list of sentences",
        got=repr(stored)[:80],
        remedy="Run it again; notebooks write this file with `results.save_metrics`.",
    )


def _data(prose: Prose, record: Record, book: Book) -> str:
    rows = {row.dataset: row for row in book.data}
    known = [entry for entry in record.data if entry["dataset"] in rows]
    simulated = [entry for entry in known if entry["kind"] == "simulated"]
    sentences = [_real(prose, e, rows[e["dataset"]]) for e in known if e["kind"] == "real"]
    sentences += [_own(entry) for entry in known if entry["kind"] == "yours"]
    if simulated:
        sentences.append(_simulated(prose, simulated, rows))
    sentences += [_of_a_run(entry) for entry in record.data if entry not in known]
    return " ".join(sentences)


def _real(prose: Prose, entry: Mapping[str, Any], row: DataRow) -> str:
    checked = {file.name for file in row.files if file.checksum}
    names = [file["name"] for file in entry["files"]]
    one = len(names) == 1
    if checked.issuperset(names):
        how = "which was verified by its checksum" if one else "each verified by its checksum"
    else:
        how = f"whose SHA-256 {'digest is' if one else 'digests are'} in the record of the run"
    files_of = f"the published {'file' if one else 'files'} {_listed(names)}"
    return f"The data set {_layout(prose, entry, row)} was read from {files_of}, {how}."


def _own(entry: Mapping[str, Any]) -> str:
    names = _listed(f"{file['name']} ({_digest(file)})" for file in entry["files"])
    what = "the file" if len(entry["files"]) == 1 else "the files"
    return f"Our own data were read from {what} {names}: {_count(entry['rows'], 'row')}."


def _simulated(
    prose: Prose, entries: Iterable[Mapping[str, Any]], rows: Mapping[str, DataRow]
) -> str:
    layouts = _listed(_layout(prose, entry, rows[entry["dataset"]]) for entry in entries)
    return (
        "No measurement stands behind the results: "
        f"the data were simulated in the layout of {layouts}."
    )


def _of_a_run(entry: Mapping[str, Any]) -> str:
    facts = [
        _count(entry["rows"], "row"),
        *(f"{visible(file['name'])}, {_digest(file)}" for file in entry["files"]),
    ]
    made = _MADE_FROM[entry["kind"]]
    title = visible(entry["title"])
    return f"Another run of this report, made from {made}, supplied “{title}” ({'; '.join(facts)})."


def _layout(prose: Prose, entry: Mapping[str, Any], row: DataRow) -> str:
    facts = filter(None, [prose.data_set(row), _count(entry["rows"], "row")])
    return f"“{visible(row.title)}” ({'; '.join(facts)})"


def _software(prose: Prose, record: Record, lock: Path | None) -> str:
    versions = record.versions
    ran = ["The analysis was run as a parameterised notebook [@kluyver2016]"]
    ran += [f" with {mark}" for mark in prose.known("papermill")]
    ran.append(f" under Python {versions['python']}")
    ran += [f" ({versions['platform']})"] if "platform" in versions else []
    sentences = ["".join(ran) + "."]
    if numbers := prose.known("numpy", "pandas"):
        sentences.append(f"Tables and arrays were handled with {_listed(numbers)}.")
    if drawn := prose.known("plotly"):
        sentences.append(f"Figures were drawn with {drawn[0]}.")
    return " ".join([*map(prose.sentence, sentences), _identity(record, lock)])


def _identity(record: Record, lock: Path | None) -> str:
    ours = record.versions.get("analysis-lib", "")
    code = f"The code was analysis-lib {ours}".rstrip()
    if record.git:
        code += f" at commit {str(record.git['commit'])[:10]}"
        code += " with uncommitted changes" if record.git.get("dirty") else ""
    locked = locked_packages(record, lock)
    fixed = f"; a lock file fixed the versions of {locked} packages" if locked else ""
    return f"{code}{fixed}. The run is {record.id}; its key begins with {record.key[:_DIGITS]}."


def locked_packages(record: Record, lock: Path | None) -> int | None:
    """Return how many packages the lock file fixes; None when the run was made with another."""
    if not (lock and lock.is_file() and files.sha256(lock) == record.parts.get("packages")):
        return None
    return len(_PINNED.findall(lock.read_text(encoding="utf-8")))


def _digest(file: Mapping[str, Any]) -> str:
    return f"SHA-256 {file['sha256'][:_DIGITS]}…"


def _count(number: int, thing: str) -> str:
    return f"{number:,} {thing}" if number == 1 else f"{number:,} {thing}s"


def _listed(parts: Iterable[str]) -> str:
    """Return parts as a sentence lists them.

    Examples
    --------
    >>> _listed(["a", "b", "c"])
    'a, b and c'
    """
    *first, last = [visible(part) for part in parts]
    return f"{', '.join(first)} and {last}" if first else last


def _to_copy(words: str) -> Html:
    """Return running text that wraps, with the theme's copy button."""
    inner = tag("div", tag("pre", lines(words)), class_="highlight")
    return tag("div", inner, class_="highlight-text methods notranslate")

"""What the report cites: `book/references.bib`, read strictly and written again in parts."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any
from urllib.parse import quote, urlsplit

from analysis_lib.errors import SiteError
from analysis_lib.site.markup import Html, join, link, text

BIBTEX = "references.bib"
TYPES = {"article", "book", "incollection", "inproceedings", "misc"}
PACKAGES: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "joblib": ("joblib", "joblib"),
        "jupyter-book": ("Jupyter Book", "executablebooks2020"),
        "keras": ("Keras", "chollet2015"),
        "matplotlib": ("Matplotlib", "hunter2007"),
        "numba": ("Numba", "lam2015"),
        "numpy": ("NumPy", "harris2020"),
        "pandas": ("pandas", "mckinney2010"),
        "papermill": ("papermill", "papermill"),
        "plotly": ("Plotly", "plotly"),
        "pyarrow": ("PyArrow", "arrow"),
        "scikit-learn": ("scikit-learn", "pedregosa2011"),
        "scipy": ("SciPy", "virtanen2020"),
        "seaborn": ("seaborn", "waskom2021"),
        "tensorflow": ("TensorFlow", "abadi2016"),
        "umap-learn": ("umap-learn", "mcinnes2018software"),
        "xgboost": ("XGBoost", "chen2016"),
    }
)
"""What a sentence calls a package, and the entry that it cites."""

_SHOWN = 6  # authors of a full reference; of more, the first three
_YEAR = re.compile(r"\d{4}")
_DOI = re.compile(r"10\.\d{4,9}/\S+")
_DEBRIS = re.compile(r"[{}\\$]")


@dataclass(frozen=True)
class Reference:
    """One entry in plain text, and as it stands in a file of BibTeX.

    Parameters
    ----------
    names : str
        The authors as a sentence names them: `Golub et al.`
    authors : str
        The authors as a list of references names them.
    place : str
        Where it appeared: journal, volume and pages, or who keeps it.
    """

    key: str
    names: str
    authors: str
    year: str
    title: str
    place: str
    note: str
    doi: str
    url: str
    bibtex: str

    @property
    def short(self) -> str:
        """How a sentence names it: `Golub et al. 1999`."""
        return f"{self.names} {self.year}".strip()

    @property
    def address(self) -> str:
        """Where it leads: its doi before its address."""
        return f"https://doi.org/{quote(self.doi, safe='/:;().-_')}" if self.doi else self.url

    @property
    def text(self) -> str:
        """The full reference, in one line."""
        return f"{self._words} {f'doi:{self.doi}' if self.doi else self.url}"

    @property
    def html(self) -> Html:
        """The full reference, with a link."""
        shown = f"doi:{self.doi}" if self.doi else self.url
        return join([text(self._words), link(self.address, shown)], " ")

    @property
    def _words(self) -> str:
        dated = f"{self.authors} ({self.year})" if self.year else self.authors
        parts = filter(None, (dated, self.title, self.place, self.note))
        return " ".join(map(_closed, parts))


@dataclass(frozen=True)
class References:
    """Every entry of a file by its key."""

    entries: Mapping[str, Reference]

    def of_doi(self, doi: str) -> Reference:
        """Return the entry of a doi; an error when there is none."""
        found = [entry for entry in self.entries.values() if entry.doi.lower() == doi.lower()]
        if not found:
            raise SiteError(
                "A data set has a doi that the references do not hold.",
                where=BIBTEX,
                got=doi,
                remedy=f"Add an entry with this doi to book/{BIBTEX}.",
            )
        return found[0]


def load_references(path: Path) -> References:
    """Read a file of BibTeX; an entry that could not be shown or followed is a `SiteError`."""
    from pybtex.database import parse_string
    from pybtex.exceptions import PybtexError

    content = ""
    try:
        content = path.read_text(encoding="utf-8")
        found = parse_string(content, "bibtex").entries
    except (OSError, ValueError, PybtexError) as error:
        place = _first_unfit(content)
        raise _unfit(path, f"{place}{type(error).__name__}: {error}") from error
    read = [_reference(path, key, entry) for key, entry in sorted(found.items())]
    return References(MappingProxyType({each.key: each for each in _told_apart(read)}))


def to_bibtex(references: Iterable[Reference]) -> str:
    """Return entries as a file of BibTeX, each once, in the order of their keys."""
    written = {reference.key: reference.bibtex for reference in references}
    return "\n".join(written[key] for key in sorted(written))


def _reference(path: Path, key: str, entry: Any) -> Reference:
    fields = {name: _plain(value) for name, value in entry.fields.items()}
    people = entry.persons.get("author") or entry.persons.get("editor") or []
    doi, url, year = (fields.get(name, "") for name in ("doi", "url", "year"))
    wrong = {
        f"the type @{entry.type}": entry.type not in TYPES,
        "no authors": not people,
        "no title": not fields.get("title"),
        "neither doi nor url": not (doi or url),
        f"the doi {doi}": bool(doi) and not _DOI.fullmatch(doi),
        f"the url {url}": bool(url) and urlsplit(url).scheme not in ("http", "https"),
        f"the year {year}": bool(year) and not _YEAR.fullmatch(year),
    }
    reference = Reference(
        key=key,
        names=_in_a_sentence([_last(person) for person in people]),
        authors=_in_a_list([_with_initials(person) for person in people]),
        year=year,
        title=fields.get("title", ""),
        place=_place(fields),
        note=fields.get("note", ""),
        doi=doi,
        url=url,
        bibtex=_written(key, entry),
    )
    wrong["LaTeX that is not plain text"] = bool(_DEBRIS.search(reference.short + reference.text))
    if faults := [what for what, is_so in wrong.items() if is_so]:
        raise _unfit(path, f"{key}: {', '.join(faults)}")
    return reference


def _first_unfit(content: str) -> str:
    """Return the key of the first entry that cannot be read, since errors name a later line."""
    from pybtex.database import parse_string
    from pybtex.exceptions import PybtexError

    for entry in re.split(r"^(?=@)", content, flags=re.MULTILINE):
        try:
            parse_string(entry, "bibtex")
        except PybtexError:
            return f"{entry.partition(',')[0].partition('{')[2]}: "
    return ""


def _unfit(path: Path, got: str) -> SiteError:
    return SiteError(
        "The references cannot be read.",
        where=f"{path.parent.name}/{path.name}",
        expected="entries of BibTeX with title, authors, and a doi or an address",
        got=got,
        remedy="Correct the entry.",
    )


def _plain(value: str) -> str:
    from pybtex.richtext import Text

    return " ".join(str(Text.from_latex(value)).split())


def _last(person: Any) -> str:
    return _plain(" ".join([*person.prelast_names, *person.last_names, *person.lineage_names]))


def _with_initials(person: Any) -> str:
    first = [_plain(name) for name in (*person.first_names, *person.middle_names)]
    initials = "".join(part[0] for name in first for part in name.split("-") if part)
    return f"{_last(person)} {initials}".strip()


def _in_a_sentence(names: list[str]) -> str:
    if len(names) > 2 or names[1:] == ["others"]:
        return f"{names[0]} et al."
    return " and ".join(names)


def _in_a_list(names: list[str]) -> str:
    if len(names) <= _SHOWN and "others" not in names:
        return ", ".join(names)
    return ", ".join([*[name for name in names if name != "others"][:3], "et al."])


def _place(fields: Mapping[str, str]) -> str:
    """Return where something appeared.

    Examples
    --------
    >>> _place({"journal": "Science", "volume": "286", "number": "5439", "pages": "531–537"})
    'Science 286(5439):531–537'
    """
    volume, number, pages = (fields.get(name, "") for name in ("volume", "number", "pages"))
    book = f"In: {fields['booktitle']}" if "booktitle" in fields else ""
    where = [fields.get("journal", book), fields.get("series", "")]
    issue = f"{volume}({number})" if number else volume
    printed = f"{', '.join(filter(None, where))} {issue}".strip()
    if pages:
        printed += f":{pages}" if issue else f", {pages}"
    keepers = [fields.get("publisher", ""), fields.get("howpublished", "")]
    return ", ".join(filter(None, [printed, *keepers]))


def _closed(sentence: str) -> str:
    return sentence if sentence.endswith((".", "?", "!")) else f"{sentence}."


def _told_apart(references: list[Reference]) -> list[Reference]:
    """Return references of which no two are named alike: a letter follows their years."""
    alike = Counter(reference.short for reference in references)
    met: Counter[str] = Counter()
    named = []
    for reference in references:
        letter = chr(ord("a") + met[reference.short]) if alike[reference.short] > 1 else ""
        met[reference.short] += 1
        named.append(replace(reference, year=f"{reference.year}{letter}"))
    return named


def _written(key: str, entry: Any) -> str:
    # As it was read; the library's own writer would turn LaTeX into LaTeX once more.
    people = {role: " and ".join(map(str, who)) for role, who in entry.persons.items()}
    fields = [f"  {name} = {{{value}}}" for name, value in (people | dict(entry.fields)).items()]
    return f"@{entry.type}{{{key},\n" + ",\n".join(fields) + "\n}\n"

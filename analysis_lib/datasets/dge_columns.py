"""Whose columns are these? Recognise the layout of a table of differential expression."""

from __future__ import annotations

import difflib
import json
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from analysis_lib.errors import ParameterError, TableError
from analysis_lib.tables.records import show

Role = Literal["name", "logFC", "pvalue", "padj", "baseMean"]
Origin = Literal["DESeq2", "edgeR", "limma", "seed layout", "your mapping", "other names"]

ROLES: tuple[Role, ...] = ("name", "logFC", "pvalue", "padj", "baseMean")
REQUIRED: tuple[Role, ...] = ("logFC", "pvalue")
MEANING: Mapping[Role, str] = {
    "name": "gene names",
    "logFC": "log2 fold change",
    "pvalue": "raw p-value",
    "padj": "adjusted p-value",
    "baseMean": "mean expression",
}


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Spellings after `_plain`: lower case, letters and digits only. An unnamed column names rows.
_SPELLINGS: Mapping[Role, frozenset[str]] = {
    "name": _words(
        "gene genes name names symbol symbols geneid geneids genename genenames genesymbol "
        "genesymbols id ids identifier rowname rownames ensembl ensemblid ensemblgeneid ensgene "
        "entrez entrezid hgncsymbol mgisymbol externalgenename feature featureid featurename "
        "transcript transcriptid probe probeid unnamed0"
    )
    | {""},
    "logFC": _words("logfc log2fc log2foldchange logfoldchange lfc avglogfc avglog2fc log2ratio"),
    "pvalue": _words("pvalue pval p rawp rawpvalue pvalueraw nominalpvalue"),
    "padj": _words(
        "padj adjpval adjpvalue adjp adjustedpvalue adjustedpval adjustedp pvaladj pvalueadj "
        "pvaladjusted pvalueadjusted padjust padjusted fdr qvalue qval"
    ),
    "baseMean": _words(
        "basemean aveexpr avgexpr averageexpression meanexpression meanexpr logcpm avelogcpm "
        "avglogcpm"
    ),
}
_LOG_MEANS = _words("aveexpr logcpm avelogcpm avglogcpm")


@dataclass(frozen=True)
class Columns:
    """Which column of a table plays which role.

    Parameters
    ----------
    source : str
        Whose habits the column names follow.
    mapped : tuple of roles
        Those you named yourself.
    """

    name: str | None
    logFC: str  # noqa: N815 - the column's name everywhere
    pvalue: str
    padj: str | None
    baseMean: str | None  # noqa: N815
    source: Origin
    mapped: tuple[Role, ...] = ()

    def of(self, role: Role) -> str | None:
        """Return the column of a role."""
        column: str | None = getattr(self, role)
        return column

    @property
    def log_mean(self) -> bool | None:
        """Whether mean expression is on a log2 scale; None when there is none, or unknown."""
        if self.baseMean is None:
            return None
        if _plain(self.baseMean) in _LOG_MEANS:
            return True
        return (
            None if "baseMean" in self.mapped and not _means(self.baseMean, "baseMean") else False
        )

    def describe(self) -> list[tuple[str, str, str]]:
        """Return rows of role, column and how it was recognised.

        Examples
        --------
        >>> for row in recognise(["", "log2FoldChange", "pvalue"], {}).describe():
        ...     print(row)
        ('gene names', '(unnamed)', 'by its name')
        ('log2 fold change', 'log2FoldChange', 'by its name (DESeq2)')
        ('raw p-value', 'pvalue', 'by its name (DESeq2)')
        ('adjusted p-value', '–', 'not in the table')
        ('mean expression', '–', 'not in the table')
        """
        return [(MEANING[role], self._shown(role), self._how(role)) for role in ROLES]

    def _shown(self, role: Role) -> str:
        column = self.of(role)
        return "–" if column is None else column or "(unnamed)"

    def _how(self, role: Role) -> str:
        if self.of(role) is None:
            return "rows are numbered" if role == "name" else "not in the table"
        if role in self.mapped:
            return "your mapping"
        known = role != "name" and self.source not in ("other names", "your mapping")
        return f"by its name ({self.source})" if known else "by its name"


def recognise(
    header: Sequence[str], mapping: Mapping[str, str] | None = None, *, where: str | None = None
) -> Columns:
    """Find out which column plays which role, by name alone.

    Case and separators do not matter, nor does the order of the columns.

    Parameters
    ----------
    header : sequence of str
        Column names; an unnamed column is an empty text.
    mapping : mapping of role to column, optional
        What you say yourself, for roles `name`, `logFC`, `pvalue`, `padj`, `baseMean`.
    where : str, optional
        The file, for messages.

    Raises
    ------
    TableError
        When a required column is missing, or two columns could be meant.
    ParameterError
        When `mapping` names a role or a column that does not exist.

    Examples
    --------
    >>> recognise(["P.Value", "LogFC", "AveExpr"]).source
    'limma'
    >>> recognise(["effect", "my_p"], {"logFC": "effect", "pvalue": "my_p"}).pvalue
    'my_p'
    """
    given = _read_mapping(header, mapping or {})
    taken = set(given.values())
    chosen: dict[Role, str | None] = {}
    for role in ROLES:
        found = [c for c in header if c not in taken and _means(c, role)]
        if role not in given and len(found) > 1:
            raise _ambiguous(role, found, given, where)
        chosen[role] = given.get(role, found[0] if found else None)
    absent = [role for role in REQUIRED if chosen[role] is None]
    if absent:
        raise _not_found(absent, header, given, where)
    return Columns(
        name=chosen["name"],
        logFC=chosen["logFC"] or "",
        pvalue=chosen["pvalue"] or "",
        padj=chosen["padj"],
        baseMean=chosen["baseMean"],
        source=_origin(chosen, given),
        mapped=tuple(given),
    )


def _plain(text: str) -> str:
    """Strip a column name of case and separators; `log₂FC` and `Log2 FC` become `log2fc`."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return "".join(letter for letter in folded if letter.isalnum())


def _means(column: str, role: Role) -> bool:
    plain = _plain(column)
    if not plain and column:
        return False  # only separators: that is no empty name
    return plain in _SPELLINGS[role]


def _read_mapping(header: Sequence[str], mapping: Mapping[str, str]) -> dict[Role, str]:
    """Check the roles and columns of a mapping, and return it in the order of roles."""
    spelled: dict[str, Role] = {_plain(role): role for role in ROLES}
    spelled |= dict.fromkeys(("foldchange", "log2foldchange", "log2fc", "lfc"), "logFC")
    given: dict[Role, str] = {}
    for text, column in mapping.items():
        role = spelled.get(_plain(text))
        if role is None:
            raise ParameterError(
                f"There is no role called {text!r}.",
                where="columns",
                remedy="Choose from: " + ", ".join(ROLES),
            )
        if role in given or column in given.values():
            raise ParameterError(
                f"{role!r} and column {column!r}: a role takes one column, a column one role.",
                where="columns",
                got=repr(dict(mapping)),
            )
        if column not in header:
            near = difflib.get_close_matches(column, header, n=3)
            raise ParameterError(
                f"The table has no column {column!r}.",
                where="columns",
                expected="one of " + _listed(header),
                remedy=f"Did you mean {_listed(near)}?" if near else None,
            )
        given[role] = column
    return {role: given[role] for role in ROLES if role in given}


def _origin(chosen: Mapping[Role, str | None], given: Mapping[Role, str]) -> Origin:
    """Say whose habit the names follow."""
    if any(role in given for role in REQUIRED):
        return "your mapping"
    plain = {role: _plain(column or "") for role, column in chosen.items() if role not in given}
    mean, adjusted = plain.get("baseMean", ""), plain.get("padj", "")
    if plain["logFC"] == "log2foldchange" and adjusted in ("", "padj") and mean in ("", "basemean"):
        return "DESeq2"
    if mean == "aveexpr" or adjusted == "adjpval":
        return "limma"
    if mean == "logcpm" or adjusted == "fdr":
        return "edgeR"
    return "seed layout" if mean == "basemean" and not adjusted else "other names"


def _ambiguous(
    role: Role, found: Sequence[str], given: Mapping[Role, str], where: str | None
) -> TableError:
    choices = " or ".join(_as_mapping({**given, role: column}) for column in found[:3])
    shown = ", ".join(show(column) if column else "the unnamed one" for column in found)
    return TableError(
        f"{len(found)} columns could be the {MEANING[role]}: {shown}.",
        where=where,
        expected=f"one column for {role!r}",
        remedy=f"Say which is meant: {choices}",
    )


def _not_found(
    absent: Sequence[Role], header: Sequence[str], given: Mapping[Role, str], where: str | None
) -> TableError:
    wanted = " and no ".join(MEANING[role] for role in absent)
    return TableError(
        f"The table has no {wanted} that can be recognised.",
        where=where,
        got="columns " + _listed(header),
        remedy="Name them: " + _as_mapping({**given, **dict.fromkeys(absent, "…")}),
    )


def _as_mapping(pairs: Mapping[Role, str]) -> str:
    return "columns=" + json.dumps(pairs, ensure_ascii=False)


def _listed(header: Sequence[str], most: int = 12) -> str:
    shown = ", ".join(show(column) for column in header[:most])
    return shown + (f", … ({len(header)} in all)" if len(header) > most else "")

"""One gene at a time: what a notebook keeps of every gene, for a page that finds it by symbol.

The symbols stand in `lookup/index.json` of the run's folder, the numbers of the genes in shards
beside it: a page loads the symbols, and of the numbers only what somebody asks for.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from analysis_lib import files, results
from analysis_lib.errors import DataError
from analysis_lib.figures import embed
from analysis_lib.figures.text import visible

if TYPE_CHECKING:
    import pandas as pd

LOOKUP_MIME = "application/vnd.analysis.lookup+json"
FOLDER = "lookup"
INDEX = "index"
GENES_PER_SHARD = 120

_FIRST = 5  # rows shown in a notebook opened by hand
_KINDS = {"integer", "number"}
_TEXTS = {"caption", "units", "coefficient_units", "sample"}


@dataclass(frozen=True)
class Index:
    """What the page must know before any gene is asked for; genes in the order of their symbols.

    `ids`, `columns` and `kinds`, and `samples` and `groups` belong together, one for one; the
    numbers of `genes_per_shard` genes at a time stand in a shard. What does not fit together
    is a ValueError.
    """

    caption: str
    units: str
    coefficient_units: str
    sample: str
    genes: list[str]
    ids: list[str]
    examples: list[str]
    columns: list[str]
    kinds: list[str]
    features: list[str]
    samples: list[str]
    groups: list[str]
    genes_per_shard: int

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if name == "genes_per_shard":
                fits = isinstance(value, int) and value > 0
            elif name in _TEXTS:
                fits = isinstance(value, str)
            else:
                fits = isinstance(value, list) and all(isinstance(item, str) for item in value)
            if not fits:
                raise ValueError(f"{name} is not what it should be")
        for one, other in (("genes", "ids"), ("columns", "kinds"), ("samples", "groups")):
            if len(getattr(self, one)) != len(getattr(self, other)):
                raise ValueError(f"there are not as many {other} as {one}")
        if len(set(self.genes)) != len(self.genes):
            raise ValueError("its genes are not unique")
        if not set(self.examples) <= set(self.genes) or not set(self.kinds) <= _KINDS:
            raise ValueError("an example or a kind of column is unknown")

    @classmethod
    def of(cls, document: Any) -> Index:
        """Return the index that a JSON document is; a ValueError when it is none."""
        try:
            return cls(**document)
        except TypeError as error:
            raise ValueError(f"it is no index of genes: {error}") from error

    def shards(self) -> list[tuple[str, list[str]]]:
        """Return the name of every shard and its genes."""
        size = self.genes_per_shard
        starts = range(0, len(self.genes), size)
        return [(f"shard_{i:03}", self.genes[at : at + size]) for i, at in enumerate(starts)]

    def check(self, shard: Any, genes: Sequence[str]) -> None:
        """Raise a ValueError unless a shard holds the numbers of these genes, all of them."""
        widths = {
            "facts": len(self.columns),
            "coefficients": len(self.features),
            "observed": len(self.samples),
            "predicted": len(self.samples),
        }
        if not isinstance(shard, dict) or set(shard) != {"genes", *widths}:
            raise ValueError("it is no shard of genes")
        if shard["genes"] != list(genes):
            raise ValueError("it holds other genes than the index says")
        for part, width in widths.items():
            rows = shard[part] if isinstance(shard[part], list) else []
            if [_numbers(row) for row in rows] != [width] * len(genes):
                raise ValueError(f"{part} are not complete")


def show_lookup(
    genes: pd.DataFrame,
    *,
    coefficients: pd.DataFrame,
    observed: pd.DataFrame,
    predicted: pd.DataFrame,
    groups: pd.Series,
    columns: Mapping[str, str],
    units: str,
    examples: Sequence[str],
    caption: str,
    coefficient_units: str = "",
) -> None:
    """Keep every gene for the run's lookup page, and show where that is; once in a run.

    Without a run only the first genes are shown.

    Parameters
    ----------
    genes : DataFrame
        Columns gene (the symbol, unique), id, and numbers.
    coefficients : DataFrame, genes × features
        Labelled by the column gene, as `observed` and `predicted` are.
    observed, predicted : DataFrame, samples × genes
        Expression as measured and as predicted for samples that were held out. The name of
        the index says what a sample is.
    groups : Series
        What kind of sample each is, "" where that is not known; labelled by the samples.
    columns : mapping of name to label
        Which numbers of `genes` to show, and as what.
    units : str
        Of the expression.
    examples : symbols
        Genes to begin with; those that are not among the genes are left out.
    caption : str
        What is to be seen.
    coefficient_units : str
        Of the coefficients.
    """
    target = results.path(FOLDER, f"{INDEX}.json")
    if target is not None and target.exists():
        raise ValueError("a run has one gene lookup, and it was shown before")
    table = _sorted(genes, columns)
    symbols = list(table["gene"])
    known = set(symbols)
    samples = _labels(observed.index, "The samples")
    numbers = {
        "coefficients": _matrix(coefficients, symbols, "coefficients"),
        "observed": _matrix(observed.T, symbols, "observed"),
        "predicted": _matrix(_of(predicted, samples, "predicted").T, symbols, "predicted"),
    }
    words = f"{caption} {len(table):,} genes can be looked up."
    index = Index(
        caption=visible(caption),
        units=visible(units),
        coefficient_units=visible(coefficient_units),
        sample=visible(observed.index.name or "sample"),
        genes=_shown(symbols),
        ids=_shown(table["id"]),
        examples=_shown(gene for gene in dict.fromkeys(map(str, examples)) if gene in known),
        columns=_shown(columns.values()),
        kinds=["integer" if _counts(table[name]) else "number" for name in columns],
        features=_shown(_labels(coefficients.columns, "The features")),
        samples=_shown(samples),
        groups=_shown(_of(groups.to_frame(), samples, "groups").iloc[:, 0]),
        genes_per_shard=GENES_PER_SHARD,
    )
    if target is None:
        _show_first(table, columns, words)
        return
    facts = [_column(table[name]) for name in columns]
    for shard, document in _shards(index, facts, numbers):
        files.write_text(target.with_name(f"{shard}.json"), files.to_json(document) + "\n")
    # Last: where there is an index, every shard is there.
    files.write_text(target, files.to_json(asdict(index)) + "\n")
    embed.emit({LOOKUP_MIME: {"genes": len(table)}, "text/plain": visible(words)})


def lookup_script(run_id: str, name: str, json_text: str) -> str:
    """Return the script that brings the index or a shard to the lookup page."""
    return embed.script("lookup", run_id, name, json_text)


def script_content(script: str) -> Any:
    """Return what a script of `lookup_script` brings; a ValueError when it is none."""
    start, _, rest = script.partition(", ")
    if not start.startswith('analysisReport.lookup("') or not rest.endswith(");\n"):
        raise ValueError("it is no script of a gene lookup")
    return json.loads(rest.removesuffix(");\n"))


def _numbers(row: Any) -> int:
    """Return how many numbers a row holds; −1 when it holds anything else."""
    known = isinstance(row, list) and all(v is None or isinstance(v, int | float) for v in row)
    return len(row) if known else -1


def _sorted(genes: pd.DataFrame, columns: Mapping[str, str]) -> pd.DataFrame:
    """Return the checked table of genes, in the order of their symbols."""
    needed = list(dict.fromkeys(["gene", "id", *columns]))
    if missing := [name for name in needed if name not in genes]:
        raise _error("The table of genes lacks columns.", got=missing)
    table = genes[needed]
    if texts := [name for name in columns if table[name].dtype.kind not in "iuf"]:
        raise _error("Columns to show of genes are no numbers.", got=texts)
    symbols = _labels(table["gene"], "The symbols of the genes")
    shown = _shown(symbols)
    if unnamed := shown.count(""):
        raise _error("Every gene needs a symbol.", got=[f"{unnamed:,} without one"])
    _labels([name for name in table["id"] if name], "The ids of the genes")
    order = sorted(range(len(symbols)), key=lambda i: (shown[i].casefold(), shown[i]))
    table = table.iloc[order].reset_index(drop=True)
    return table.assign(gene=[symbols[i] for i in order], id=table["id"].map(str))


def _labels(labels: Any, what: str) -> list[str]:
    """Return labels as text; an error unless they are known and unique, also as they are shown."""
    import pandas as pd

    known = [str(label) for label in labels if not pd.isna(label)]
    if len(known) < len(labels):
        raise _error(f"{what} must all be known.", got=[f"{len(labels) - len(known):,} missing"])
    often = [label for label, count in Counter(_shown(known)).items() if count > 1]
    if often:
        raise _error(f"{what} must be unique.", got=[f"more than one {label}" for label in often])
    return known


def _of(frame: pd.DataFrame, wanted: Sequence[str], what: str) -> pd.DataFrame:
    """Return a frame with its rows in the order wanted; an error unless it has just these."""
    labels = {label: i for i, label in enumerate(_labels(frame.index, f"The rows of {what}"))}
    lacking = [label for label in wanted if label not in labels]
    strange = sorted(labels.keys() - set(wanted))
    if lacking or strange:
        got = [f"{len(lacking):,} missing", f"{len(strange):,} unknown", *lacking, *strange]
        raise _error(f"{what} is not about the same as the other tables.", got=got)
    return frame.iloc[[labels[label] for label in wanted]]


def _matrix(frame: pd.DataFrame, genes: Sequence[str], what: str) -> NDArray[np.float64]:
    return _of(frame, genes, what).to_numpy(np.float64, na_value=np.nan)


def _column(column: pd.Series) -> list[Any]:
    values = column.to_numpy(np.float64, na_value=np.nan)
    if _counts(column):  # stay exact
        return [int(value) if math.isfinite(value) else None for value in values]
    return [results.short(value) for value in values]


def _counts(column: pd.Series) -> bool:
    return column.dtype.kind in "iu"


def _shown(texts: Iterable[str]) -> list[str]:
    # Blanks at an end are not seen, and the page leaves them out of what it is asked.
    return [visible(text).strip() for text in texts]


def _shards(
    index: Index, facts: Sequence[Sequence[Any]], numbers: Mapping[str, NDArray[np.float64]]
) -> Iterator[tuple[str, dict[str, Any]]]:
    at = 0
    for name, genes in index.shards():
        rows = range(at, at + len(genes))
        document = {part: _rounded(values[at : rows.stop]) for part, values in numbers.items()}
        document["facts"] = [[column[row] for column in facts] for row in rows]
        yield name, {"genes": genes, **document}
        at = rows.stop


def _rounded(values: NDArray[np.float64]) -> list[list[Any]]:
    return [[results.short(value) for value in row] for row in values.tolist()]


def _show_first(table: pd.DataFrame, columns: Mapping[str, str], words: str) -> None:
    shown = table.rename(columns=dict(columns))
    words = f"{words} The page of a run has the lookup; these are the first."
    embed.show_table(shown.head(_FIRST), name="lookup", caption=words)


def _error(what: str, got: Sequence[str]) -> DataError:
    more = ", …" if len(got) > _FIRST else ""
    return DataError(what, where="show_lookup", got=", ".join(map(str, got[:_FIRST])) + more)

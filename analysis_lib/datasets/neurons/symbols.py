"""Which symbol a gene has: a table of ids and symbols."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd

from analysis_lib import tables
from analysis_lib.datasets.identifiers import refuse_nameless, refuse_repeats

_COLUMNS = ("id", "symbol")
_HEADING = re.compile(r".*symbols?|(gene[ _.]?)?names?")


def read(path: Path) -> pd.Series[str]:
    """Read the symbols of genes by their ids.

    Parameters
    ----------
    path : path
        Text of two columns, ids and symbols, as published without a header. Where the first line
        heads a column `symbol`, `gene_name` or the like, it is a header, and that column holds
        the symbols.

    Returns
    -------
    Series
        Symbols by id, blanks around both removed. Several ids may share a symbol; "" where a
        gene has none.

    Raises
    ------
    TableError
        When the table has not two columns, or an id is missing or stands twice.
    """
    path = Path(path)
    frame = tables.read_table(path, names=_COLUMNS)
    cells = [frame[name].astype("str").str.strip() for name in _COLUMNS]
    headed = [bool(_HEADING.fullmatch(column.iloc[0].lower())) for column in cells]
    ids, symbols = reversed(cells) if headed == [True, False] else cells
    first = 1 if any(headed) else 0
    names = ids.iloc[first:].tolist()
    refuse_nameless(names, "gene", str(path))
    refuse_repeats(names, "gene", str(path))
    index = pd.Index(names, dtype="str", name="gene")
    return pd.Series(symbols.iloc[first:].tolist(), index, dtype="str", name="symbol")

"""Names of driver lines: the one mouse line that several spellings mean."""

from __future__ import annotations

import re

_SEPARATOR = r"[-._\s]+"
_RECOMBINASE = r"(?:(?:i|dg)?Cre(?:ERT?2?)?|Flp[oe]?|Dreo?)"
_DRIVEN = re.compile(rf"(?<=[^-._\s]){_SEPARATOR}{_RECOMBINASE}(?![A-Za-z0-9])", re.IGNORECASE)
_PARTS = re.compile(rf"({_SEPARATOR})")
_LINKER = re.compile(r"IRES[0-9]*|[TPEF]?2A", re.IGNORECASE)


def line_key(name: str) -> str:
    """Return the driver line that a name means: the gene, and its number where there are several.

    What follows the gene tells how a recombinase (Cre, Flp or Dre) was put behind it, and differs
    between sources for one line. Of a line with several drivers the order does not count.

    Parameters
    ----------
    name : str
        As a source spells it; drivers apart by `|`. In a line's name a point stands for a
        hyphen. A name without a recombinase is kept as it is.

    Examples
    --------
    >>> line_key("Rbp4-Cre_KL100"), line_key("Scnn1a-Tg3-Cre"), line_key("Nkx2.1-CreERT2")
    ('Rbp4', 'Scnn1a-Tg3', 'Nkx2-1')
    >>> line_key("Sst-IRES-FlpO|Nos1-CreERT2"), line_key(" wild type ")
    ('Nos1|Sst', 'wild type')
    """
    return "|".join(sorted(filter(None, map(_driver, name.split("|")))))


def _driver(name: str) -> str:
    name = name.strip()
    driven = _DRIVEN.search(name)
    if driven is None:
        return name
    # Taken apart: a search for all linkers at the end tries every beginning, for hours.
    parts = _PARTS.split(name[: driven.start()])
    while len(parts) > 1 and _LINKER.fullmatch(parts[-1]):
        del parts[-2:]
    gene = "".join(parts)
    return gene.replace(".", "-") or name

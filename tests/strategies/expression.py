"""Tables of differential expression, of patients and of new samples: right ones, then damaged."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from tests.strategies import cells
from tests.strategies.sheets import Damage, Draw, Rows, Sheet, all_damaged

DGE_HEADERS = (
    ("gene", "log2FoldChange", "pvalue", "padj", "baseMean"),
    ("", "logFC", "P.Value", "adj.P.Val", "AveExpr"),
    ("logFC", "pvalue"),
    ("name", "logFC", "pvalue", "baseMean", "note"),
)
CLASSES = ("ALL", "AML")
GOLUB_FILES = (
    "data_set_ALL_AML_train.csv",
    "data_set_ALL_AML_independent.csv",
    "actual.csv",
)
DESCRIPTION, ACCESSION = "Gene Description", "Gene Accession Number"


@st.composite
def _names(draw: Draw, start: str, count: int) -> list[str]:
    """Return names that differ, most of them plain."""
    found = [f"{start}{place}" for place in range(1, count + 1)]
    for place in draw(st.lists(st.integers(0, max(0, count - 1)), max_size=2)) if count else ():
        name = draw(cells.names)
        if name.strip() and name.strip() not in {other.strip() for other in found}:
            found[place] = name
    return found


def _numbers(values: np.ndarray) -> list[str]:
    return [repr(value) for value in values.tolist()]


@st.composite
def dge(draw: Draw, damage: Damage = all_damaged) -> list[Sheet]:
    """A table of differential expression."""
    header = draw(st.sampled_from(DGE_HEADERS))
    random = np.random.default_rng(draw(st.integers(0, 99)))
    count = draw(st.sampled_from([40, 40, 24, 40, 24, 12, 40, 1, 0]))
    names = draw(_names("G", count))
    columns = {
        "note": ["a word"] * count,
        "pvalue": _numbers(random.uniform(0, 1, count)),
        "padj": _numbers(random.uniform(0, 1, count)),
        "baseMean": _numbers(random.gamma(2, 300, count)),
        "fold": _numbers(random.normal(0, 2, count)),
    }
    columns |= {"P.Value": columns["pvalue"], "adj.P.Val": columns["padj"]}
    columns |= {"AveExpr": columns["baseMean"], "logFC": columns["fold"]}
    columns |= {"log2FoldChange": columns["fold"]}
    cells_ = [columns.get(name, names) for name in header]
    rows = [list(header), *(list(row) for row in zip(*cells_, strict=True))]
    return draw(damage([Sheet("genes.csv", rows)]))


def _labels(samples: list[str], part: bool) -> Rows:
    rows = [["sample", "label", "part"][: 3 if part else 2]]
    for place, sample in enumerate(samples):
        told = [sample, CLASSES[place % 2], "test" if place % 4 > 1 else "train"]
        rows.append(told[: 3 if part else 2])
    return rows


@st.composite
def patients(draw: Draw, damage: Damage = all_damaged) -> list[Sheet]:
    """A table of expression of one's own, either way round, and its labels."""
    random = np.random.default_rng(draw(st.integers(0, 99)))
    samples, genes = (
        draw(_names("P", 16)),
        draw(_names("G", draw(st.sampled_from([4, 6, 3, 2, 1])))),
    )
    genes = [name for name in genes if name.strip() not in {other.strip() for other in samples}]
    rows = [["id", *genes]]
    for sample in samples:
        rows.append([sample, *_numbers(random.normal(900, 300, len(genes)))])
    if draw(st.booleans()):
        rows = [list(column) for column in zip(*rows, strict=True)]
        if draw(st.booleans()):
            rows = [
                [row[0], "words" if i else "description", *row[1:]] for i, row in enumerate(rows)
            ]
    told = _labels(samples, draw(st.booleans()))
    return draw(damage([Sheet("mine.csv", rows), Sheet("labels.csv", told)]))


@st.composite
def golub(draw: Draw, damage: Damage = all_damaged) -> list[Sheet]:
    """The three leukemia files as they are published, of fewer patients and probes."""
    random = np.random.default_rng(draw(st.integers(0, 99)))
    probes = draw(_names("M", draw(st.integers(1, 5))))
    sheets, told = [], [["patient", "cancer"]]
    for name, first, count in (*zip(GOLUB_FILES, (1, 13), (12, 6), strict=False),):
        patients_ = [str(first + place) for place in range(count)]
        head = [DESCRIPTION, ACCESSION, *(cell for one in patients_ for cell in (one, "call"))]
        rows = [head]
        for probe in probes:
            values = random.integers(-200, 20_000, count).tolist()
            calls = random.choice(list("AMP"), count).tolist()
            pairs = zip(map(str, values), calls, strict=True)
            rows.append(["what it is", probe, *(cell for pair in pairs for cell in pair)])
        sheets.append(Sheet(name, rows))
        told += [[one, CLASSES[place % 2]] for place, one in enumerate(patients_)]
    return draw(damage([*sheets, Sheet(GOLUB_FILES[2], told)]))


@st.composite
def new_samples(draw: Draw, genes: list[str]) -> list[Sheet]:
    """A table of new samples for a model of some genes, either way round, with genes too many."""
    random = np.random.default_rng(draw(st.integers(0, 99)))
    samples = draw(_names("N", draw(st.integers(1, 4))))
    header = [*genes, *(f"surplus {i}" for i in range(draw(st.integers(0, 2))))]
    rows = [["sample", *header]]
    rows += [[name, *_numbers(random.normal(900, 300, len(header)))] for name in samples]
    if draw(st.booleans()):
        rows = [list(column) for column in zip(*rows, strict=True)]
    return draw(all_damaged([Sheet("new.csv", rows)]))

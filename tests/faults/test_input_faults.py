"""Files that people give: tables of genes and of patients, right, odd and damaged."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from threadpoolctl import threadpool_limits

from analysis_lib import studies
from analysis_lib.datasets import dge, expression, golub
from analysis_lib.errors import TableError
from analysis_lib.studies.dge import learning as dge_learning
from analysis_lib.studies.dge import steps as dge_steps
from analysis_lib.studies.leukemia_classical import lineup
from analysis_lib.studies.leukemia_classical import steps as classical
from tests.faults.guards import Guard
from tests.strategies import expression as makes
from tests.strategies import told
from tests.strategies.held import LONGEST, MODELLED, READ, hold, right_or_refused, same
from tests.strategies.sheets import Sheet, edged
from tests.table_files import write


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("given")
    with threadpool_limits(1):  # as in a run
        yield place


def dge_table(sheets: list[Sheet], folder: Path) -> None:
    """Every row is a gene; every gene is called, or said not to be; every model sees the rest."""
    (path,) = (sheet.write(folder) for sheet in sheets)
    read = right_or_refused(lambda: dge.load(path), [path])
    if read is not None:
        rows = told.rows(path, sheets[0].delimiter)
        assert len(read.genes) == len(rows) - 1
        assert read.genes["name"].is_unique
        for role in ("logFC", "pvalue", "padj", "baseMean"):
            if column := read.columns.of(role):
                at = rows[0].index(column)
                assert same(read.genes[role], [row[at] for row in rows[1:]])
        for name, lacking in (("raw p-value", read.missing_p), ("log2 fold", read.missing_logFC)):
            assert not lacking or any(f"{lacking:,} of" in note for note in read.notes), name
    params = dge_steps.Params(data=str(path), cv_folds=2)
    checked = right_or_refused(lambda: studies.load("dge").check(params), [path])
    if checked is not None:
        study = dge_steps.load(params)
        chosen = dge_steps.rows(study)
        assert sum(study.calls.values()) == len(study.genes) == len(rows) - 1
        assert sum(n for _, n in chosen.left_out) + len(chosen.y) == len(study.genes)


def patients(sheets: list[Sheet], folder: Path) -> None:
    """Every value stands where the file has it; genes left out are counted; all are labelled."""
    paths = [sheet.write(folder) for sheet in sheets]
    read = right_or_refused(lambda: expression.own(*paths), paths)
    if read is not None:
        rows = told.rows(paths[0], sheets[0].delimiter)
        labels = told.rows(paths[1], sheets[1].delimiter)
        turned = "samples in the columns" in read.notes[0]
        if turned:
            rows = [list(column) for column in zip(*rows, strict=True)]
            if "description" in rows[0][0].lower():  # as published: the genes come second
                rows[:2] = reversed(rows[:2])
        numbers = {row[0].strip(): row[1:] for row in rows[1:]}
        genes = [cell.strip() for cell in rows[0][1:]]
        assert set(read.X.index) <= set(numbers)
        assert len(numbers) - len(read.X) <= (1 if turned else 0)  # a column of descriptions
        assert read.X.columns.tolist() == genes
        for sample, row in zip(read.X.index, read.X.to_numpy(), strict=True):
            assert same(row, numbers[sample])
        assert sorted(read.X.index) == sorted(row_[0].strip() for row_ in labels[1:]) or (
            "sample" in [cell.strip().lower() for cell in labels[0]]
        )
        assert len(labels) - 1 == len(read.labels)
    for study, values in (
        ("leukemia_classical", {"missing": "impute"}),
        ("leukemia_network", {"missing": "drop"}),
    ):
        module = studies.load(study)
        params = module.Params.of(
            {"data": str(paths[0]), "labels": str(paths[1]), "cv_folds": 3, **values}
        )
        checked = right_or_refused(lambda: module.check(params), paths)  # noqa: B023
        if checked is not None:
            every_gene_counted(checked, read.X.shape[1])


def published_patients(sheets: list[Sheet], folder: Path) -> None:
    """Every value and call of both files, by the patient's number; every probe in both."""
    paths = [sheet.write(folder) for sheet in sheets]
    read = right_or_refused(lambda: golub.load(*paths), paths)
    if read is not None:
        found = 0
        for path, sheet in zip(paths[:2], sheets, strict=False):
            rows = told.rows(path, sheet.delimiter)
            probes = told.column(rows, golub.ACCESSION)
            for name in (cell.strip() for cell in rows[0]):
                if name.isdigit():
                    found += 1
                    column = told.column(rows, name)
                    assert same(read.X.loc[name, probes], column)
            assert len(probes) == read.X.shape[1]
        assert found == len(read.X) == len(read.labels)
    module = studies.load("leukemia_classical")
    params = module.Params.of({"data": str(folder), "cv_folds": 3, "missing": "drop"})
    checked = right_or_refused(lambda: module.check(params), [*paths, folder])
    if checked is not None:
        every_gene_counted(checked, read.X.shape[1])


def every_gene_counted(checked: Sequence[tuple[str, str]], genes: int) -> None:
    """Hold what `make check` says to the file: genes in = genes shown + genes left out."""
    shown = int(re.search("× ([0-9,]+) gene", dict(checked)["table"])[1].replace(",", ""))
    notes = [text for topic, text in checked if topic == "note"]
    assert shown + told.left_out(notes, "gene") == genes


GENES = ["TP53", "NA", "1E5", "SEPT2"]


def new_samples(sheets: list[Sheet], folder: Path) -> None:
    """A row for every sample, with the model's genes and no others."""
    (path,) = (sheet.write(folder) for sheet in sheets)
    read = right_or_refused(
        lambda: expression.read_samples(path, GENES, allow_missing=True), [path]
    )
    if read is not None:
        rows = told.rows(path, sheets[0].delimiter)
        X, notes = read
        assert X.columns.tolist() == GENES
        across = sum(cell.strip() in GENES for cell in rows[0])
        if across < len(GENES):
            rows = [list(column) for column in zip(*rows, strict=True)]
        kinds = [re.match("([0-9,]+) (gene|column)s? ", note) for note in notes]
        unused = {kind[2]: int(kind[1].replace(",", "")) for kind in kinds}
        assert len(X) + unused.get("column", 0) == len(rows) - 1
        assert len(GENES) + unused.get("gene", 0) == len(rows[0]) - 1
        for gene in GENES:
            cells = dict(
                zip(told.column(rows, rows[0][0].strip()), told.column(rows, gene), strict=True)
            )
            assert same(X[gene], [cells[sample] for sample in X.index])


def dge_steps_of(sheets: list[Sheet], folder: Path) -> None:
    """Whatever `make check` lets pass can be modelled."""
    (path,) = (sheet.write(folder) for sheet in sheets)
    params = dge_steps.Params(
        data=str(path), cv_folds=2, cv_repeats=1, bootstrap=100, models=["logistic"]
    )
    if right_or_refused(lambda: studies.load("dge").check(params), [path]) is None:
        return
    study = dge_steps.load(params)
    rows = dge_steps.rows(study)
    compared = right_or_refused(lambda: dge_learning.compare(study, rows), [path])
    points, _ = dge_learning.components(rows)
    assert np.isfinite(points.iloc[:, :2].to_numpy()).all()
    kept = dge_learning.box_values(rows, dge_learning.lasso(study, rows))
    assert set(kept["feature"]) <= set(rows.features)
    assert len(dge_steps.top_genes(study)) == min(500, len(study.genes) - study.calls["not tested"])
    dge_steps.diagnosis(study)
    if compared is not None:
        assert np.isfinite(compared.roc.iloc[:, 1:3].select_dtypes("number")).all(axis=None)


def patients_steps(sheets: list[Sheet], folder: Path) -> None:
    """Whatever `make check` lets pass can be modelled."""
    paths = [sheet.write(folder) for sheet in sheets]
    params = classical.Params.of(
        {
            **{"data": str(paths[0]), "labels": str(paths[1]), "cv_folds": 3, "cv_repeats": 1},
            **{"models": ["centroids", "voting"], "missing": "impute", "transform": "raw"},
            **{"bootstrap": 100, "resamples": 20},
        }
    )
    if right_or_refused(lambda: studies.load("leukemia_classical").check(params), paths) is None:
        return
    patients = classical.load(params)
    classical.influential(patients, params)
    lineup.votes(patients)


DATASETS = {
    "dge_table": (makes.dge(), dge_table),
    "patients": (makes.patients(), patients),
    "golub": (makes.golub(), published_patients),
    "samples": (makes.new_samples(GENES), new_samples),
}
STEPS = {
    "dge_table": (makes.dge(edged), dge_steps_of),
    "patients": (makes.patients(edged), patients_steps),
}


@pytest.mark.fault(
    "a table of genes, patients or new samples, damaged",
    by="hypothesis: names, numbers, shapes, bytes; up to three things wrong at once",
    survives="every value and count as in the file, or file and place of the fault",
)
@pytest.mark.parametrize("examples", READ)
@pytest.mark.parametrize("dataset", DATASETS)
def test_right_or_refused(folder, dataset, examples):
    """Before: the faults below, each of which is an example of this test that failed."""
    hold(*DATASETS[dataset], folder, examples)


@pytest.mark.fault(
    "numbers at the edges in a table that is otherwise right",
    by="hypothesis: 0, denormal, 1e308, negative zero, missing, constant columns",
    survives="what passes the check can be modelled, without a warning",
)
@pytest.mark.parametrize("examples", MODELLED)
@pytest.mark.parametrize("dataset", STEPS)
def test_what_passes_the_check_can_be_modelled(folder, dataset, examples):
    """Before: 1e308 passed the check and overflowed in the run; one gene was a KeyError: 'PC2'."""
    hold(*STEPS[dataset], folder, examples)


# What they found

SAMPLES = [f"P{i}" for i in range(16)]
LABELS = "sample,label\n" + "".join(f"{name},{'ab'[i % 2]}\n" for i, name in enumerate(SAMPLES))
PARTS = "sample,label,part\n" + "".join(
    f"{name},{'ab'[i % 2]},{('train', 'test')[i % 2]}\n" for i, name in enumerate(SAMPLES)
)


def own(folder: Path, genes: dict[str, list[str]], labels: str = LABELS) -> dict[str, str]:
    """Write an expression table, its labels, and return the parameters that name them."""
    rows = [",".join(["gene", *SAMPLES]), *(",".join([name, *of]) for name, of in genes.items())]
    table = write(folder, "\n".join(rows) + "\n", "mine.csv")
    return {"data": str(table), "labels": str(write(folder, labels, "labels.csv"))}


def values(start: int) -> list[str]:
    return [str(200 + 37 * (start + place) % 900) for place in range(len(SAMPLES))]


def genes_table(folder: Path, **columns: object) -> Path:
    plain = {"gene": [f"G{i}" for i in range(40)], "logFC": np.arange(40) - 19.5, "pvalue": 0.5}
    frame = pd.DataFrame(plain | {"baseMean": np.arange(40.0)} | columns)
    frame.to_csv(folder / "genes.csv", index=False)
    return folder / "genes.csv"


@pytest.mark.fault(
    "a name of a million letters",
    by="a column, a gene or a class is called so in a table that is wrong",
    survives="an error that a terminal can show, with the beginning of the name",
)
@pytest.mark.parametrize("where", ["column", "gene", "class"])
def test_a_name_of_any_length_is_cut_in_errors(tmp_path, where):
    """Before: the error was as long as the name, a million letters."""
    name = "x" * 10**6
    if where == "column":
        paths = [write(tmp_path, f"{name},p\n1,2\n")]
    elif where == "gene":
        paths = list(own(tmp_path, {name: values(0), name + " ": values(1)}).values())
    else:
        labels = LABELS.replace(",b", f",{name}") + "P99,third\n"
        paths = list(own(tmp_path, {"A": values(0)}, labels).values())
    read = dge.load if where == "column" else expression.own
    with pytest.raises(TableError, match="xxx…") as caught:
        read(*map(Path, paths))
    assert len(str(caught.value)) < LONGEST


@pytest.mark.fault(
    "a number so large that its square has none",
    by="1e200 in a mean, in one's own expression, in a new sample",
    survives="refused before a run, with its place",
)
@pytest.mark.parametrize("where", ["dge", "patients", "samples"])
def test_numbers_too_large_to_work_with(tmp_path, where):
    """Before: it passed the check, and the run ended in an overflow within scikit-learn."""
    if where == "dge":
        part = "line 41, column 'baseMean'"
        paths = [genes_table(tmp_path, baseMean=[*range(39), 1e200])]
        read = dge.load
    elif where == "patients":
        part = "sample 'P0', gene 'B'"
        paths = own(tmp_path, {"A": values(0), "B": ["1e200", *values(1)[1:]]}).values()
        read = expression.own
    else:
        part = "sample 'N2', gene 'A'"
        paths = [write(tmp_path, "sample,A,B\nN1,1,2\nN2,1e200,4\n")]
        read = partial(expression.read_samples, genes=["A", "B"])
    with pytest.raises(TableError, match="too large to be worked with") as caught:
        read(*map(Path, paths))
    assert caught.value.where.endswith(part)
    assert caught.value.got == "1e+200"


@pytest.mark.fault(
    "genes that all go one way, or none that is left",
    by="a table of differential expression without a fall",
    survives="an error that names the file and the column",
)
@pytest.mark.parametrize(
    ("columns", "params", "part"),
    [
        ({"logFC": np.arange(1.0, 41)}, {}, "genes.csv, column 'logFC'"),
        ({}, {"classify": "significant"}, "genes.csv"),
    ],
    ids=["one way", "none left"],
)
def test_errors_on_classes_name_the_table(tmp_path, columns, params, part):
    """Before: "the labels have 1", of a table that has no labels, and not which table."""
    table = genes_table(tmp_path, **columns)
    study = dge_steps.load(dge_steps.Params(data=str(table), **params))
    with pytest.raises(TableError) as caught:
        dge_steps.rows(study)
    assert caught.value.where.endswith(part)


@pytest.mark.fault(
    "patients that nothing can be learned from",
    by="one gene, constant genes, a training part of one class, missing values",
    survives="an error of the check that names the file",
)
@pytest.mark.parametrize(
    ("genes", "labels", "what"),
    [
        ({"A": values(0)}, LABELS, "Too few genes differ"),
        ({"A": values(0), "B": ["700"] * 16}, LABELS, "Too few genes differ"),
        ({"A": values(0), "B": values(1)}, PARTS, "of one class"),
        ({"A": values(0), "B": ["NA", *values(1)[1:]]}, LABELS, "1 value is missing"),
    ],
    ids=["one gene", "constant", "one class", "missing"],
)
def test_errors_on_patients_name_the_table(tmp_path, genes, labels, what):
    """Before: KeyError: 'PC2' minutes into the run, or an error that named no file."""
    given_ = own(tmp_path, genes, labels)
    module = studies.load("leukemia_classical")
    with pytest.raises(TableError) as caught:
        module.check(module.Params.of({**given_, "cv_folds": 3}))
    assert what in caught.value.what
    assert given_["data"] in caught.value.where


@pytest.mark.fault(
    "genes and columns of a table that a kept model does not use",
    by="a surplus gene, and a sample whose numbers have decimal commas",
    survives="both are named beside the predictions",
)
@pytest.mark.parametrize("way", ["samples in rows", "genes in rows"])
def test_what_a_kept_model_does_not_use_is_named(tmp_path, way):
    """Before: `1,5` made a description of a sample, which was missing from the predictions."""
    text, notes = "id,A,B,C\nN2,2,3,4\n", ["1 gene is in the table alone"]
    if way == "genes in rows":
        text = 'gene,N1,N2\nA,"1,5",2\nB,"2,5",3\nC,"3,5",4\n'
        notes.append("1 column describes the genes and is not used: 'N1'")
    X, said = expression.read_samples(write(tmp_path, text), ["A", "B"])
    assert X.index.tolist() == ["N2"]
    assert len(said) == len(notes)
    assert all(part in note for part, note in zip(notes, said, strict=True))


@pytest.mark.fault(
    "a gene called `call`, as the columns of calls (A, M, P) are",
    by="samples in rows, one's own and new ones",
    survives="it is a gene like the others",
)
@pytest.mark.parametrize("which", ["own", "new"])
def test_a_gene_called_call_is_a_gene(tmp_path, which):
    """Before: its column was taken for the calls of the gene beside it, and dropped in silence."""
    rows = "".join(f"{name},{i},{2 * i}\n" for i, name in enumerate(SAMPLES))
    table = write(tmp_path, "id,A,call\n" + rows)
    if which == "own":
        X = expression.own(table, write(tmp_path, LABELS, "labels.csv")).X
    else:
        X, _ = expression.read_samples(table, ["A", "call"])
    assert X.columns.tolist() == ["A", "call"]
    assert X["call"].tolist() == [2.0 * i for i in range(len(SAMPLES))]


GUARDS = [
    Guard(
        "analysis_lib/datasets/expression_tables.py",
        "matrix = samples_in_rows(path, sheet.plain[0], sheet.plain[1:], plain_names(path))",
        "matrix = samples_in_rows(path, sheet.header[0], sheet.header[1:], unique_names(path))",
        "test_a_gene_called_call_is_a_gene[own]",
    ),
    Guard(
        "analysis_lib/datasets/dge.py",
        "    _refuse_too_large(genes, numeric, path)\n",
        "",
        "test_numbers_too_large_to_work_with[dge]",
    ),
    Guard(
        "analysis_lib/studies/leukemia.py",
        "    _refuse_too_flat(ready.X.iloc[train], where)\n",
        "",
        "test_errors_on_patients_name_the_table[one gene]",
    ),
    Guard(
        "analysis_lib/datasets/identifiers.py",
        'f"{show(n)} ({times[n]} times)"',
        'f"{n!r} ({times[n]} times)"',
        "test_a_name_of_any_length_is_cut_in_errors[gene]",
    ),
]

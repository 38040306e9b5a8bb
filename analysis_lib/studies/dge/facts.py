"""What a run of differential expression knows of every gene."""

from __future__ import annotations

from typing import TYPE_CHECKING

from analysis_lib import results
from analysis_lib.studies.dge.steps import CLASSES, Study

if TYPE_CHECKING:
    import pandas as pd


def genes(study: Study) -> pd.DataFrame:
    """Return one row per gene of the table, as `results.save_genes` takes it."""
    table = study.genes
    told = table[[name for name in ("logFC", "pvalue", "padj", "baseMean") if name in table]]
    return told.assign(
        gene=table["name"],
        also="",
        role=table["call"],
        chosen=table["call"].isin(CLASSES),
    )


def labels(study: Study) -> dict[str, str]:
    """Return the numbers of a gene, each with what it is."""
    mean = "mean expression (log2)" if study.table.log_mean else "mean expression"
    known = {"logFC": "log2 fold change", "pvalue": "p", "padj": "adjusted p", "baseMean": mean}
    return {name: label for name, label in known.items() if name in study.genes}


def words(study: Study) -> str:
    """Say what makes a gene a chosen one."""
    params, p = study.params, "adjusted p" if study.p == "padj" else "p"
    return (
        f"Called up or down: {p} < {params.p_threshold:g} and "
        f"|log2 fold change| > {params.lfc_threshold:g}."
    )


def save(study: Study) -> None:
    """Leave behind what the run knows of every gene."""
    results.save_genes(genes(study), words=words(study), labels=labels(study))

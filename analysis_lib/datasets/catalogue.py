"""Every data set of the report: where it comes from, on what terms, and how it is checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from analysis_lib.errors import DataError

NO_LICENCE = "See the source; no licence file is published with it."

_GOLUB = (
    "https://raw.githubusercontent.com/tkhan11/Gene-Expression-Classification/"
    "e6a1d8be4d763c9e4d9d71348abfaabd61a32131/"
)
_EPHYS = (
    "https://raw.githubusercontent.com/youngseok-seo/GeneExpression/"
    "628efe8e19c2d4a23be2415e9380ee555b2dee57/data/"
)
_CELLTYPES = (
    "https://raw.githubusercontent.com/PavlidisLab/transcriptomic_correlates/"
    "d012cd5f7f78855019f8a8bf83e545d096528671/Data/"
)
_TASIC = "https://ftp.ncbi.nlm.nih.gov/geo/series/GSE71nnn/GSE71585/suppl/"


@dataclass(frozen=True)
class RemoteFile:
    """A file with a public address.

    Parameters
    ----------
    checksum : str, optional
        `sha256:…` or `git-blob:…`. Without one, the first download pins the file: it is refused
        when it changes later.
    size : int, optional
        Bytes, where known.
    """

    name: str
    address: str
    size: int | None = None
    checksum: str | None = None


@dataclass(frozen=True)
class Column:
    """What stands in a column, or in a group of columns, of a data set."""

    name: str
    meaning: str


@dataclass(frozen=True)
class DataSet:
    """What a study can read.

    Parameters
    ----------
    folder : str
        Where its files lie below a data folder.
    studies : names
        Who reads it.
    simulator : str, optional
        `module:function` that makes data of the same layout.
    """

    name: str
    title: str
    citation: str
    doi: str | None
    terms: str
    files: tuple[RemoteFile, ...]
    schema: tuple[Column, ...]
    studies: tuple[str, ...]
    folder: str
    simulator: str | None = None

    @property
    def downloadable(self) -> bool:
        """Whether there is anything to download."""
        return bool(self.files)


_ENTRIES = (
    DataSet(
        name="dge_table",
        title="Differential expression: one row per gene",
        citation="Simulated here unless you give a table of your own",
        doi=None,
        terms="Simulated numbers: free to use. Your own table stays on your machine.",
        files=(),
        schema=(
            Column("name", "gene, optional; rows are numbered without it"),
            Column("logFC", "log2 fold change"),
            Column("pvalue", "raw p-value, 0 to 1, may be missing"),
            Column("padj", "adjusted p-value, optional"),
            Column("baseMean", "mean expression, optional"),
        ),
        studies=("dge",),
        folder="dge_table",
        simulator="analysis_lib.datasets.dge:simulate",
    ),
    DataSet(
        name="golub",
        title="Leukemia, ALL against AML: 72 patients on 7,129 probes",
        citation=(
            "Golub et al., Molecular classification of cancer: class discovery and class "
            "prediction by gene expression monitoring. Science 1999"
        ),
        doi="10.1126/science.286.5439.531",
        terms=NO_LICENCE,
        files=(
            RemoteFile(
                "data_set_ALL_AML_train.csv",
                _GOLUB + "data_set_ALL_AML_train.csv",
                2_039_600,
                "sha256:7c8b432b4af99e68f923c53e289c73f1834986b05d80c2c43502053d8fca9f2c",
            ),
            RemoteFile(
                "data_set_ALL_AML_independent.csv",
                _GOLUB + "data_set_ALL_AML_independent.csv",
                1_856_314,
                "sha256:38bd56674360e5765840c579622fc0be2650780c0d6ef46f8601074e96677bd3",
            ),
            RemoteFile(
                "actual.csv",
                _GOLUB + "actual.csv",
                511,
                "sha256:af291eced4116e257af0b73043e83b55d9b42f0d815440a4c5bc72424d2f44e1",
            ),
        ),
        schema=(
            Column("Gene Description", "what the probe measures, free text"),
            Column("Gene Accession Number", "the probe's name"),
            Column("1 … 72", "expression in the patient of that number, not in numeric order"),
            Column("call", "after each patient: A absent, M marginal, P present"),
            Column("patient", "in actual.csv: the patient's number"),
            Column("cancer", "in actual.csv: ALL (47) or AML (25)"),
        ),
        studies=("leukemia_network", "leukemia_classical"),
        folder="golub",
        simulator="analysis_lib.datasets.golub_simulator:simulate",
    ),
    DataSet(
        name="celltypes",
        title="Electrophysiology and expression of 48 mouse cell types",
        citation=(
            "Bomkamp et al., Transcriptomic correlates of electrophysiological and morphological "
            "diversity within and across excitatory and inhibitory neuron classes. "
            "PLOS Computational Biology 2019"
        ),
        doi="10.1371/journal.pcbi.1007113",
        terms=NO_LICENCE,
        files=(
            RemoteFile(
                "online_table3.csv",
                _CELLTYPES + "online_table3.csv",
                checksum="git-blob:470f738a254748bdabc24389bbac30c73e9e5a09",
            ),
        ),
        schema=(
            Column("first column", "feature, log10 of a feature, or the Entrez id of a gene"),
            Column("<cre line>__<layer>__<exc|inh>", "one column per cell type"),
        ),
        studies=("ephys_lasso",),
        folder="ephys",
        simulator="analysis_lib.datasets.neurons.simulator:simulate_ephys",
    ),
    DataSet(
        name="entrez",
        title="Mouse gene symbols by Entrez id",
        citation=(
            "Maglott et al., Entrez Gene: gene-centered information at NCBI. "
            "Nucleic Acids Research 2011"
        ),
        doi="10.1093/nar/gkq1237",
        terms=NO_LICENCE,
        files=(
            RemoteFile(
                "entrenz_symbol_s.csv",
                _EPHYS + "entrenz_symbol_s.csv",
                176_371,
                "sha256:f9eed0e8e8f44f0cdd9b76a4192af46bcf272fa52ce05a5d404a1674a8e53027",
            ),
        ),
        schema=(
            Column("first column", "Entrez id; the file has no header"),
            Column("second column", "gene symbol"),
        ),
        studies=("ephys_lasso",),
        folder="ephys",
        simulator="analysis_lib.datasets.neurons.simulator:simulate_ephys",
    ),
    DataSet(
        name="cells",
        title="Electrophysiology of 1,058 single mouse neurons",
        citation=(
            "Allen Institute for Brain Science, Allen Cell Types Database; see Gouwens et al., "
            "Classification of electrophysiological and morphological neuron types in the mouse "
            "visual cortex. Nature Neuroscience 2019"
        ),
        doi="10.1038/s41593-019-0417-0",
        terms=(
            "Allen Institute terms of use and citation policy (https://alleninstitute.org/legal/); "
            "no licence file is published with this copy."
        ),
        files=(
            RemoteFile(
                "aibs_aggregated_ephys_v6.csv",
                _EPHYS + "aibs_aggregated_ephys_v6.csv",
                804_997,
                "sha256:681b0f18a6146806c30f1521aaa04e73ca22bc087cb0a77f14c61c398e4ced81",
            ),
        ),
        schema=(
            Column("specimen_id", "the cell"),
            Column("mouse_line", "Cre line, 18 values"),
            Column("vrest, tau, ri, sag, …", "what was measured, in 71 columns"),
        ),
        studies=("ephys_lasso", "geo_validation"),
        folder="ephys",
        simulator="analysis_lib.datasets.neurons.simulator:simulate_ephys",
    ),
    DataSet(
        name="tasic",
        title="Single-cell RNA sequencing of mouse visual cortex: GSE71585",
        citation=(
            "Tasic et al., Adult mouse cortical cell taxonomy revealed by single cell "
            "transcriptomics. Nature Neuroscience 2016"
        ),
        doi="10.1038/nn.4216",
        terms=(
            "NCBI puts no restriction on GEO data; submitters may hold rights of their own "
            "(https://www.ncbi.nlm.nih.gov/geo/info/disclaimer.html)."
        ),
        files=(
            RemoteFile("GSE71585_RefSeq_counts.csv.gz", _TASIC + "GSE71585_RefSeq_counts.csv.gz"),
            RemoteFile(
                "GSE71585_Clustering_Results.csv.gz",
                _TASIC + "GSE71585_Clustering_Results.csv.gz",
            ),
        ),
        schema=(
            Column("gene", "in the counts: gene symbol; one column per cell follows (1,809)"),
            Column("sample_title", "in the clustering: the cell"),
            Column("cre_driver_1", "Cre line"),
            Column("tdTomato", "positive or not"),
            Column("pass_qc_checks", "Y or N"),
            Column("broad_type", "GABA-ergic Neuron, Glutamatergic Neuron, …"),
            Column("primary_type", "the cluster"),
        ),
        studies=("geo_validation",),
        folder="tasic",
        simulator="analysis_lib.datasets.neurons.simulator:simulate_counts",
    ),
)

CATALOGUE: Mapping[str, DataSet] = MappingProxyType({entry.name: entry for entry in _ENTRIES})
"""Every data set by its name, in the order of the report."""


def find(name: str, catalogue: Mapping[str, DataSet] = CATALOGUE) -> DataSet:
    """Return the data set of a name.

    Examples
    --------
    >>> find("golub").doi
    '10.1126/science.286.5439.531'
    """
    if name not in catalogue:
        raise DataError(
            f"There is no data set called {name!r}.",
            remedy="Choose from: " + ", ".join(catalogue),
        )
    return catalogue[name]


def of_study(study: str, catalogue: Mapping[str, DataSet] = CATALOGUE) -> tuple[DataSet, ...]:
    """Return the data sets a study reads.

    Examples
    --------
    >>> [entry.name for entry in of_study("ephys_lasso")]
    ['celltypes', 'entrez', 'cells']
    """
    found = tuple(entry for entry in catalogue.values() if study in entry.studies)
    if not found:
        known = dict.fromkeys(name for entry in catalogue.values() for name in entry.studies)
        raise DataError(
            f"No data set belongs to a study called {study!r}.",
            remedy="Choose from: " + ", ".join(known),
        )
    return found

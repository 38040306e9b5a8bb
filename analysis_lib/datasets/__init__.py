"""What a study reads: the catalogue, the downloads, and the choice among kinds of data.

A data set's own module (`dge`, …) knows its columns, its loader and its simulator.
"""

from analysis_lib.datasets.catalogue import CATALOGUE, DataSet, find, of_study
from analysis_lib.datasets.download import fetch
from analysis_lib.datasets.sources import (
    Source,
    choose,
    data_folders,
    download_folder,
    whereabouts,
)

__all__ = [
    "CATALOGUE",
    "DataSet",
    "Source",
    "choose",
    "data_folders",
    "download_folder",
    "fetch",
    "find",
    "of_study",
    "whereabouts",
]

"""Many features in a few dimensions, and how far the picture can be trusted.

t-SNE and UMAP are given principal components: of small tables all of them, so that distances
stay as they are while 72 rows need 71 numbers instead of 7,129; of large tables the first fifty,
which hold what the rows have in common and leave out noise. What is shown starts from the first
two components, so that a rebuilt picture is the same picture, with any number of threads.
"""

from analysis_lib.embedding.components import pca
from analysis_lib.embedding.drawing import embeddings, pictures
from analysis_lib.embedding.maps import tsne, umap
from analysis_lib.embedding.quality import (
    chance_purity,
    chance_silhouette,
    chance_trustworthiness,
    neighbour_purity,
    silhouette,
    stability,
    trustworthiness,
)

__all__ = [
    "chance_purity",
    "chance_silhouette",
    "chance_trustworthiness",
    "embeddings",
    "neighbour_purity",
    "pca",
    "pictures",
    "silhouette",
    "stability",
    "trustworthiness",
    "tsne",
    "umap",
]

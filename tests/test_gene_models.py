"""Models of many genes as one table: kept, read back equal, and nothing else accepted."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from analysis_lib.errors import DataError
from analysis_lib.models.gene_models import GeneModels, load

NUMBERS = st.floats(-1e6, 1e6, allow_nan=False)


def models(coefficients, names=None, genes=None) -> GeneModels:
    coefficients = np.asarray(coefficients, dtype=float)
    n_genes, n_features = coefficients.shape
    names = names or [f"f{i}" for i in range(n_features)]
    features = pd.DataFrame(
        {"feature": names, "unit": "mV", "mean": 1.0, "sd": 2.0, "low": -1.0, "high": 3.0}
    )
    table = pd.DataFrame(
        {
            "gene": genes or [f"g{i}" for i in range(n_genes)],
            "intercept": np.arange(n_genes, dtype=float),
            "r2": np.nan,
        }
    )
    return GeneModels(table, coefficients, features, {"method": "lasso", "seed": 42})


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    arrays(float, (3, 2), elements=NUMBERS),
    st.lists(st.text(), min_size=2, max_size=2, unique=True),
)
def test_what_is_kept_reads_back_equal(tmp_path, coefficients, names):
    try:
        "".join(names).encode()
    except UnicodeEncodeError:  # half a character is no name that a file can hold
        return
    made = models(coefficients, names)
    made.save(tmp_path / "models.parquet")
    read = load(tmp_path / "models.parquet")
    np.testing.assert_array_equal(read.coefficients, made.coefficients)
    pd.testing.assert_frame_equal(read.genes, made.genes, check_dtype=False)
    assert read.names == names
    assert read.about == made.about


def test_equal_models_are_equal_bytes(tmp_path):
    for name in ("one", "two"):
        models([[1.0, 2], [3, 4]]).save(tmp_path / name)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_a_prediction_is_the_sum_of_coefficient_times_feature():
    made = models([[1.0, 2], [3, 4]])
    X = pd.DataFrame({"other": [9.0], "f1": [10.0], "f0": [100.0]}, index=["cell"])
    predicted = made.predict(X)
    assert predicted.loc["cell"].to_dict() == {"g0": 120.0, "g1": 341.0}


def test_standardised_coefficients_are_per_standard_deviation():
    np.testing.assert_array_equal(models([[1.0, 2]]).standardised, [[2.0, 4.0]])


def test_what_lies_beyond_the_samples_learned_from_is_told():
    X = pd.DataFrame({"f0": [-1.0, 3.0, 3.1], "f1": [0.0, -1.1, 0.0]})
    assert models([[1.0, 2]]).outside(X).to_numpy().tolist() == [
        [False, False],
        [False, True],
        [True, False],
    ]


def no_parquet(path):
    path.write_text("gene,intercept\n")


def foreign(path):
    pq.write_table(pa.table({"gene": ["a"], "intercept": [0.0]}), path)


def cut_off(path):
    models([[1.0]]).save(path)
    path.write_bytes(path.read_bytes()[:-20])


def without_a_coefficient(path):
    models([[1.0, 2]]).save(path)
    pq.write_table(pq.read_table(path).drop_columns(["coefficient of f1"]), path)


def with_no_number(path):
    models([[np.nan]]).save(path)


def with_a_gene_twice(path):
    models([[1.0], [2.0]], genes=["a", "a"]).save(path)


@pytest.mark.parametrize(
    "fault",
    [no_parquet, foreign, cut_off, without_a_coefficient, with_no_number, with_a_gene_twice],
    ids=lambda fault: fault.__name__,
)
def test_anything_else_is_refused(tmp_path, fault):
    path = tmp_path / "models.parquet"
    fault(path)
    with pytest.raises(DataError, match=r"(?s)cannot be read.*models\.parquet.*Run that study"):
        load(path)


def test_a_file_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(DataError, match="cannot be read"):
        load(tmp_path / "models.parquet")

"""Simulated leukemia files: the published layout, nobody's genes, and classes that overlap."""

import csv
import re

import numpy as np
import pytest

from analysis_lib import files
from analysis_lib.datasets import golub
from analysis_lib.datasets.catalogue import CATALOGUE
from analysis_lib.datasets.golub_simulator import AML, simulate
from analysis_lib.errors import ParameterError
from tests.real_data import golub_folder


def rows(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


@pytest.fixture(scope="module")
def paths(tmp_path_factory):
    return simulate(tmp_path_factory.mktemp("golub"))


@pytest.fixture(scope="module")
def data(paths):
    return golub.load(*paths)


def test_the_files_have_the_published_names(paths):
    assert [path.name for path in paths] == [file.name for file in CATALOGUE["golub"].files]


def test_the_layout_is_the_published_one(paths):
    train, independent, actual = map(rows, paths)
    for table, patients in ((train, 38), (independent, 34)):
        header = table[0]
        assert header[:2] == ["Gene Description", "Gene Accession Number"]
        assert header[3::2] == ["call"] * patients
        numbers = [int(name) for name in header[2::2]]
        assert len(set(numbers)) == patients
        assert numbers != sorted(numbers)
        assert len(table) == 7130
        assert {len(row) for row in table} == {2 + 2 * patients}
        assert {cell for row in table[1:] for cell in row[3::2]} == set("AMP")
    assert [row[:2] for row in train] == [row[:2] for row in independent]
    assert actual == [
        ["patient", "cancer"],
        *([str(n), "AML" if n in AML else "ALL"] for n in range(1, 73)),
    ]
    assert b"\r" not in paths[0].read_bytes()


def test_the_probes_look_like_probes_and_are_nobodys(paths):
    names = [row[1] for row in rows(paths[0])[1:]]
    assert len(set(names)) == 7129
    assert sum(name.startswith("AFFX-") for name in names) == 58
    rest = [name for name in names if not name.startswith("AFFX-")]
    assert all(re.fullmatch(r"[A-Z][0-9]{5}(_[a-z0-9]+)?_at", name) for name in rest)
    assert not {name[0] for name in rest} & set("ADHJKLMSUVXYZ"), "letters of the real probes"
    words = [row[0] for row in rows(paths[0])[1:]]
    assert any("," in text for text in words)
    assert any('"' in text for text in words)


def test_the_values_are_those_of_an_array(paths, data):
    cells = [cell for row in rows(paths[0])[1:] for cell in row[2::2]]
    assert all(re.fullmatch("-?[0-9]+", cell) for cell in cells[:10_000])
    values, calls = data.X.to_numpy(), data.calls.to_numpy()
    assert 0.2 < (values < 0).mean() < 0.4
    assert values.min() >= -28_400
    assert values.max() <= 61_228
    shares = [(calls == flag).mean() for flag in "AMP"]
    assert shares == pytest.approx([0.7, 0.02, 0.28], abs=0.02)


def test_calls_are_consistent_with_values(data):
    values, calls = data.X.to_numpy(), data.calls.to_numpy()
    medians = [np.median(values[calls == flag]) for flag in "AMP"]
    assert medians == sorted(medians)
    assert values[calls == "P"].min() > 0
    assert values[calls == "A"].min() < 0


def test_the_patients_are_divided_as_published(data):
    train = data.part.to_numpy() == "train"
    assert [(data.y[train] == i).sum() for i in (0, 1)] == [27, 11]
    assert [(data.y[~train] == i).sum() for i in (0, 1)] == [20, 14]


def test_a_seed_makes_one_set_of_files(tmp_path):
    first, again, other = (
        [path.read_bytes() for path in simulate(tmp_path / name, seed=seed, n_genes=200)]
        for name, seed in (("a", 1), ("b", 1), ("c", 2))
    )
    assert first == again
    assert first[0] != other[0]
    assert first[2] == other[2], "the patients are the same ones"


@pytest.mark.parametrize("n_genes", [50, 300])
def test_smaller_arrays(tmp_path, n_genes):
    data = golub.load(*simulate(tmp_path, n_genes=n_genes))
    assert data.X.shape == (72, n_genes)
    assert data.genes["gene"].str.startswith("AFFX-").sum() == n_genes // 20
    with pytest.raises(ParameterError, match="at least 50"):
        simulate(tmp_path, n_genes=49)


def test_a_file_appears_whole(tmp_path, monkeypatch):
    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(files, "sync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        simulate(tmp_path, n_genes=50)
    assert list(tmp_path.iterdir()) == []


# How hard it is


def errors(data, model):
    """Train on the 38 and count the errors among the 34."""
    X = np.log10(data.X.clip(100, 16_000)).to_numpy()
    train = data.part.to_numpy() == "train"
    model.fit(X[train], data.y[train])
    return int((model.predict(X[~train]) != data.y[~train]).sum())


def models():
    from sklearn.feature_selection import SelectKBest, VarianceThreshold, f_classif
    from sklearn.linear_model import LogisticRegression
    from sklearn.neighbors import NearestCentroid
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    logistic = LogisticRegression(C=10, max_iter=1000)
    best = SelectKBest(f_classif, k=50)
    return [
        make_pipeline(VarianceThreshold(), best, StandardScaler(), logistic),
        make_pipeline(VarianceThreshold(), StandardScaler(), NearestCentroid()),
    ]


def test_linear_models_beat_the_majority_and_are_not_perfect(tmp_path):
    made = [golub.load(*simulate(tmp_path / str(seed), seed)) for seed in range(10)]
    for model in models():
        wrong = [errors(data, model) for data in made]
        assert max(wrong) < 14, "the majority is wrong in 14"
        assert 3 <= np.mean(wrong) <= 7
        assert sum(2 <= count <= 8 for count in wrong) >= 7, wrong


def test_no_model_is_right_in_all_34_by_default(data):
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from sklearn.svm import SVC

    more = [
        make_pipeline(StandardScaler(), LogisticRegression(max_iter=5000)),
        make_pipeline(StandardScaler(), SVC(kernel="linear")),
        RandomForestClassifier(100, random_state=0),
    ]
    assert all(1 <= errors(data, model) < 14 for model in [*models(), *more])


def test_the_informative_genes_differ_between_patients(data):
    """The best gene of the training patients is not clean in the others."""
    train = data.part.to_numpy() == "train"
    X, y = data.X.to_numpy(), data.y
    means = [X[train & (y == label)].mean(axis=0) for label in (0, 1)]
    spread = sum(X[train & (y == label)].std(axis=0) for label in (0, 1))
    best = np.argmax(np.abs(means[1] - means[0]) / spread)
    low, high = sorted((0, 1), key=lambda label: X[train & (y == label), best].mean())
    assert X[y == low, best].max() > X[y == high, best].min()


@pytest.mark.realdata
def test_nothing_but_the_controls_is_in_the_real_file(paths):
    real = {row[1] for row in rows(golub_folder() / "data_set_ALL_AML_train.csv")[1:]}
    made = {row[1] for row in rows(paths[0])[1:]}
    assert {name for name in real if name.startswith("AFFX-")} == real & made

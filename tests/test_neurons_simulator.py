"""Simulated neurons: the published layouts, nobody's genes, and one world behind three files."""

import csv
import gzip
import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from analysis_lib import files
from analysis_lib.datasets import counts
from analysis_lib.datasets.catalogue import CATALOGUE
from analysis_lib.datasets.neurons import cell_types
from analysis_lib.datasets.neurons import cells as ephys_cells
from analysis_lib.datasets.neurons.features import FEATURES, SOURCES
from analysis_lib.datasets.neurons.latent import FIRST_ID, HIGHEST, in_units, noisy, stream, world
from analysis_lib.datasets.neurons.lines import line_key
from analysis_lib.datasets.neurons.patched import apportioned
from analysis_lib.datasets.neurons.simulated_lines import (
    CHANNELS,
    DRAWN,
    FAMILIES,
    LINE_MARKERS,
    LINES,
    SEQUENCED_MARKERS,
)
from analysis_lib.datasets.neurons.simulator import (
    FULL,
    SMALL,
    Shape,
    simulate_counts,
    simulate_ephys,
    truth,
)
from analysis_lib.errors import ParameterError
from tests.real_data import ephys_folder

TINY = Shape(genes=150, unnamed=20, constant=10, sequenced=150, counted=160, shared=100)
MARKERS = {**LINE_MARKERS, **CHANNELS}


def rows(path):
    content = path.read_bytes()
    text = (gzip.decompress(content) if path.suffix == ".gz" else content).decode()
    return list(csv.reader(text.splitlines()))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("neurons")


@pytest.fixture(scope="module")
def ephys(folder):
    return simulate_ephys(folder)


@pytest.fixture(scope="module")
def tasic(folder):
    return simulate_counts(folder)


@pytest.fixture(scope="module")
def types(ephys):
    return cell_types.load(*ephys[:2])


@pytest.fixture(scope="module")
def cells(ephys):
    return ephys_cells.load(ephys[2])


@pytest.fixture(scope="module")
def table_of_cells(ephys):
    return pd.read_csv(ephys[2], dtype=str, keep_default_na=False)


@pytest.fixture(scope="module")
def sequenced(tasic):
    return counts.load(*tasic)


@pytest.fixture(scope="module")
def lines_of_counts(tasic):
    return gzip.decompress(tasic[0].read_bytes()).decode().splitlines()


@pytest.fixture(scope="module")
def known():
    return truth()


# The files


def test_the_files_have_the_published_names(ephys, tasic):
    published = [CATALOGUE[name].files for name in ("celltypes", "entrez", "cells", "tasic")]
    names = [file.name for entry in published for file in entry]
    assert [path.name for path in (*ephys, *tasic)] == names


def test_the_table_of_cell_types_is_laid_out_as_published(ephys):
    header, *body = rows(ephys[0])
    assert header[0] == ""
    assert len(header) == 49
    assert all(re.fullmatch(r"[^,]+__L[0-9/L-]+__(exc|inh)", name) for name in header[1:])
    assert header[1:] != sorted(header[1:]), "neighbours would be of one line, and folds be lines"
    names = [row[0] for row in body]
    assert names[:15] == list(FEATURES)
    assert names[15] == "isi_cv"
    assert all(re.fullmatch("[a-z_]+_log10", name) for name in names[16:28])
    assert names[28:32] == ["E_PC1", "E_PC2", "E_PC3", "E_PC4"]
    assert len(names[32:]) == 2500
    assert all(re.fullmatch("[0-9]+", name) for name in names[32:])
    assert {len(row) for row in body} == {49}
    values = {row[0]: np.array(row[1:], float) for row in body[:32]}
    positive = [name for name in FEATURES if (values[name] > 0).all()]
    assert set(FEATURES) - set(positive) == {"rmp", "apthr"}
    for name in set(positive) - {"apamp"}:
        assert values[f"{name}_log10"] == pytest.approx(np.log10(values[name]), abs=1e-4)
    assert values["cap"] == pytest.approx(values["tau"] / values["ri"], abs=1e-5)


def test_the_table_of_cell_types_loads(types, known):
    assert types.features.shape == (48, 15)
    assert types.expression.shape == (48, 2500)
    assert types.expression.columns.tolist() == known["gene"].tolist()
    assert types.symbols.tolist() == known["symbol"].tolist()
    assert 30 < types.features["cap"].median() < 180
    _, funnel = cell_types.modelled(types)
    assert funnel["genes"].tolist()[0] == 2500
    assert funnel["genes"].tolist()[-1] == 2000


def test_the_symbols_are_laid_out_as_published(ephys):
    text = ephys[1].read_bytes().decode()
    assert text.count("\r\n") == text.count("\n") == 2005
    ids, symbols = zip(*rows(ephys[1]), strict=True)
    assert len(set(ids)) == len(set(symbols)) == 2005
    assert list(symbols) == sorted(symbols)


def test_a_gene_is_nobodys_or_keeps_its_own_number(known, sequenced):
    named = known[known["symbol"] != ""].set_index("symbol")["gene"]
    real = named[~named.index.str.startswith("Sim")]
    assert real.astype(int).to_dict() == {name: number for name, (number, _) in MARKERS.items()}
    others = known[~known["gene"].isin(real)]
    assert others["gene"].astype(int).min() >= FIRST_ID
    assert others["symbol"].str.fullmatch(r"(Sim[0-9]{4})?").all()
    genes = set(sequenced.genes)
    assert {name for name in genes if not re.fullmatch(r"Sim[0-9]{4}", name)} == {
        *MARKERS,
        *SEQUENCED_MARKERS,
    }


def test_the_table_of_cells_is_laid_out_as_published(table_of_cells):
    table = table_of_cells
    assert list(table)[:7] == [
        *("Unnamed: 0", "transgene", "reporter", "brain_region", "spines", "apical_intact"),
        "specimen_id",
    ]
    assert set(SOURCES) <= set(table)
    assert sorted(table.iloc[:, 0].astype(int)) == list(range(1058))
    assert table["specimen_id"].is_unique
    assert table["specimen_id"].astype(int).min() >= FIRST_ID
    assert table["mouse_line"].nunique() == 18
    assert set(table["reporter"]) == {"positive", "negative"}
    assert set(table["spines"]) == {"spiny", "aspiny", "sparsely spiny"}
    assert set(table["apical_intact"]) == {"NA", "intact", "truncated"}
    assert ((table["apical_intact"] == "NA") == (table["spines"] != "spiny")).all()
    assert table["brain_region"].str.fullmatch(r"[A-Za-z]+([1245]|2/3|6[ab])").all()
    assert (table["brain_region"].str.startswith("VISp")).mean() > 0.8


def test_what_is_missing_is_missing_as_published(table_of_cells, cells):
    table = table_of_cells
    empty = table == ""
    rate = empty["max_rate_long_square"]
    assert (empty["max_rate_first_mean_adratio"] == rate).all()
    assert (rate & ~empty["rheo_first_spike_hw"]).sum() == 0
    several = ["max_rate_long_square", "rheo_first_spike_hw", "avg_isi"]
    assert empty[several].sum().tolist() == [149, 152, 83]
    assert (rate & empty["avg_isi"]).sum() == 65
    assert (
        not empty[[name for name in SOURCES if name not in [*several]]]
        .drop(columns="max_rate_first_mean_adratio")
        .any(axis=None)
    )
    assert len(cells.features) == 888
    assert cells.total == 1058


@pytest.mark.parametrize("complete", [0, 1, 99, 149, 150])
def test_so_many_cells_are_complete_as_are_asked_for(tmp_path, complete):
    *_, path = simulate_ephys(tmp_path, shape=replace(TINY, cells=150, complete=complete))
    table = pd.read_csv(path)
    assert len(table) == 150
    assert table[list(SOURCES)].notna().all(axis=1).sum() == complete


def test_the_counts_are_laid_out_as_published(tasic, lines_of_counts, sequenced):
    header, *body = lines_of_counts
    header = header.split(",")
    assert header[0] == "gene"
    assert len(header) == 901
    assert len(body) == 2200
    names = [line.split(",", 1)[0] for line in body]
    assert names == sorted(set(names))
    assert all(re.fullmatch(r"\w+(,[0-9]+(\.[0-9]{1,2})?){900}", line) for line in body[::20])
    assert 0 < sum("." in line for line in body) < 0.1 * len(body), "a few are estimates"
    about = pd.read_csv(tasic[1], dtype=str, keep_default_na=False)
    assert list(about) == [
        *("sample_title", "mouse_line", "cre_driver_1", "cre_driver_2", "cre_reporter"),
        *("dissection", "tdTomato", "pass_qc_checks", "broad_type", "core_intermediate"),
        *("primary_type", "secondary_type", "aibs_vignette_id"),
    ]
    assert about["sample_title"].tolist() != [name.replace(".", "-") for name in header[1:]]
    assert sequenced.values.shape == (900, 2200)


def test_r_has_renamed_cells_in_the_counts_alone(tasic, lines_of_counts, sequenced):
    header = lines_of_counts[0].split(",")[1:]
    titles = [row[0] for row in rows(tasic[1])[1:]]
    assert not any("-" in name for name in header)
    assert 20 < sum("-" in name for name in titles) < 300
    assert set(header) == {name.replace("-", ".") for name in titles}
    assert any("." in note and "-" in note for note in sequenced.notes)
    lines = {row[2] for row in rows(tasic[1])[1:]}
    assert {"Nkx2.1-CreERT2", "Ctgf-2A-dgCre", "Chat-IRES-Cre"} <= lines


def test_compressed_files_tell_neither_time_nor_name(tasic):
    for path in tasic:
        head = path.read_bytes()[:10]
        assert head[3] == 0, "no name"
        assert head[4:8] == bytes(4), "no time"


# One seed


def test_a_seed_makes_one_set_of_files(tmp_path):
    made = {}
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        first, second = (simulate_ephys, simulate_counts)
        if name == "b":  # neither changes the other
            first, second = second, first
        for simulate in (first, second):
            for path in simulate(tmp_path / name, seed, TINY):
                made[name, path.name] = path.read_bytes()
    names = sorted({name for _, name in made})
    assert all(made["a", name] == made["b", name] for name in names)
    assert all(made["a", name] != made["c", name] for name in names)


def test_the_parts_draw_from_streams_of_their_own():
    first = [stream(3, part).random(4).tolist() for part in range(3)]
    assert len({number for numbers in first for number in numbers}) == 12
    before = world(3, TINY)
    simulated = truth(3, TINY)
    pd.testing.assert_frame_equal(before.genes, simulated)


def test_a_file_appears_whole(tmp_path, monkeypatch):
    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(files, "sync", interrupt)
    for simulate in (simulate_ephys, simulate_counts):
        with pytest.raises(KeyboardInterrupt):
            simulate(tmp_path, shape=TINY)
    assert list(tmp_path.iterdir()) == []


# Shapes


@pytest.mark.parametrize(
    ("wrong", "expected"),
    [
        ({"types": 49}, "24 to 48"),
        ({"types": 23}, "24 to 48"),
        ({"genes": 10}, "at least 66"),
        ({"constant": 4}, "at least 5"),
        ({"complete": 1059}, "0 to 1058"),
        ({"shared": 2001}, "33 to 2000"),
        ({"counted": 1849}, "at least 1850"),
        ({"cells": 99, "complete": 0}, "at least 100"),
        ({"sequenced": 99}, "at least 100"),
        ({"unnamed": -1}, "at least 0"),
    ],
)
def test_impossible_shapes_are_refused(wrong, expected):
    with pytest.raises(ParameterError, match=expected) as caught:
        Shape(**wrong)
    assert f"shape, {next(iter(wrong))}" in str(caught.value)


def test_the_full_shape_is_the_published_one():
    made = world(1, FULL)
    tabled = made.types["tabled"].to_numpy()
    assert made.expression[:, tabled].shape == (45_736, 48)
    varies = np.ptp(made.expression[:, tabled], axis=1) > 0
    assert varies.sum() == 38_364
    named = made.genes["symbol"] != ""
    assert named.sum() == 12_210
    assert (named & varies).sum() == 12_205
    assert made.genes["gene"].is_unique
    assert made.genes.loc[named, "symbol"].is_unique
    assert (FULL.cells, FULL.complete) == (1058, 888)
    assert (FULL.sequenced, FULL.counted) == (1_809, 24_057)


def test_a_small_shape_is_small(tmp_path):
    data = cell_types.load(*simulate_ephys(tmp_path, shape=replace(TINY, types=24))[:2])
    assert data.expression.shape == (24, 180)
    assert set(data.about["line"]) == {line_key(line.name) for line in LINES if line.tabled}
    read = counts.load(*simulate_counts(tmp_path, shape=TINY))
    assert read.values.shape == (150, 160)
    assert len(set(read.genes) & set(truth(shape=TINY)["symbol"])) == 100


def test_numbers_are_apportioned():
    numbers = apportioned([line.patched for line in LINES], 1058)
    assert numbers.sum() == 1058
    exact = [line.patched for line in LINES]
    assert np.abs(numbers - exact).max() <= 1
    assert apportioned([0, 1], 3).tolist() == [0, 3]


# The lines


def test_most_lines_are_in_all_three_data_sets_and_some_in_one(types, cells, sequenced):
    found = [set(types.about["line"]), set(cells.about["line"]), set(sequenced.about["line"])]
    assert len(found[0] | found[1] | found[2]) == 24
    assert len(found[0] & found[1] & found[2]) == 17
    assert found[0] - found[1] - found[2]
    assert found[1] - found[0] - found[2] == {"Slc17a6"}
    assert found[2] - found[0] - found[1] == {"Calb2"}


def test_every_family_has_every_feature():
    assert {len(values) for values in FAMILIES.values()} == {len(DRAWN)}
    assert {line.family for line in LINES} == set(FAMILIES)
    keys = {part for line in LINES for part in line_key(line.name).split("|")}
    where = {how for _, how in LINE_MARKERS.values()} | set(SEQUENCED_MARKERS.values())
    assert {word for words in where for word in words.split()} <= keys | {"exc", "inh"}
    assert {name for _, weights in CHANNELS.values() for name in weights} <= set(FEATURES)


def test_neurons_behave_like_neurons(types, cells):
    low = [-80, 4, -50, 40, 4, 0.2, 30, 25, 8, 0.2, 60, 0.01, 0.04, 5, 0.004]
    high = [-60, 40, -28, 100, 40, 1.3, 500, 300, 300, 1.2, 400, 0.25, 2.5, 200, 0.15]
    assert (types.features >= low).all(axis=None)
    assert (types.features <= high).all(axis=None)
    for features, about in ((types.features, types.about), (cells.features, cells.about)):
        mean = features.groupby(about["line"].to_numpy()).mean()
        others = mean.drop(["Pvalb", "Nkx2-1", "Gad2"])
        fast = mean.loc["Pvalb"]
        assert fast["maxfreq"] > 1.3 * others["maxfreq"].max()
        for name in ("tau", "aphw"):
            assert fast[name] < others[name].quantile(0.3)


def test_cells_vary_about_as_much_as_their_types(types, cells):
    within = cells.features.groupby(cells.about["line"].to_numpy()).var().mean() ** 0.5
    ratio = within / types.features.std()
    assert ratio.between(0.4, 2).all(), ratio
    assert ratio.between(0.6, 1.6).mean() > 0.7, ratio


def test_cells_are_on_average_like_their_type():
    made = world(1, TINY)
    for kind in (0, 20):
        many = np.repeat(made.natural[[kind]], 20_000, axis=0)
        drawn = in_units(noisy(np.random.default_rng(0), many)).drop(columns="cap").mean()
        of_type = made.features.iloc[kind].drop("cap")
        assert drawn.to_numpy() == pytest.approx(of_type.to_numpy(), rel=0.02)


def test_spines_follow_the_kind(table_of_cells):
    kinds = {line.name: line.kind for line in LINES}
    spiny = (table_of_cells["spines"] == "spiny").to_numpy()
    assert (spiny == (table_of_cells["mouse_line"].map(kinds) == "exc")).all()
    assert (table_of_cells["spines"] == "sparsely spiny").mean() < 0.06


# The sequenced cells


def test_sequenced_cells_are_of_every_sort(sequenced):
    about = sequenced.about
    reads = pd.Series(sequenced.values.sum(axis=1), about.index)
    failed = about["pass_qc_checks"].eq("N")
    assert 0.05 < failed.mean() < 0.1
    assert reads[failed].median() < 0.1 * reads[~failed].median()
    assert (about.loc[failed, "broad_type"] == "Unclassified").all()
    assert (about.loc[~failed, "broad_type"] == "Unclassified").any()
    assert set(about["broad_type"]) == {
        *("GABA-ergic Neuron", "Glutamatergic Neuron", "Unclassified", "Astrocyte"),
        *("Oligodendrocyte", "Oligodendrocyte Precursor Cell", "Microglia", "Endothelial Cell"),
    }
    assert set(about["tdTomato"]) == {"positive", "negative", "partial"}
    assert set(about["core_intermediate"]) == {"core", "intermediate", "unclassified"}
    assert ((about["secondary_type"] != "") == (about["core_intermediate"] == "intermediate")).all()
    good, _ = counts.passed(sequenced)
    assert good.mean() > 0.7
    kinds = {line_key(line.name): line.kind for line in LINES}
    right = (
        about["line"].map(kinds).map({"exc": "Glutamatergic Neuron", "inh": "GABA-ergic Neuron"})
    )
    assert (about["broad_type"] == right)[good].all()
    assert about.loc[good, "line"].value_counts().min() >= 10


def test_counts_have_dropouts_and_scatter(sequenced):
    values = sequenced.values[counts.passed(sequenced)[0]].toarray()
    mean, variance = values.mean(axis=0), values.var(axis=0)
    assert 0.1 < (values == 0).mean() < 0.7
    assert (variance > mean)[mean > 1].mean() > 0.99, "more scatter than of counting alone"
    often = mean > np.median(mean)
    assert (values[:, ~often] == 0).mean() > 2 * (values[:, often] == 0).mean()


@pytest.fixture(scope="module")
def measured(sequenced):
    """Return the mean log2(CPM + 1) of each line."""
    good = counts.passed(sequenced)[0]
    logs = pd.DataFrame(counts.log_cpm(sequenced.values[good]).toarray(), columns=sequenced.genes)
    return logs.groupby(sequenced.about["line"].to_numpy()[good]).mean()


@pytest.fixture(scope="module")
def tabled(types):
    """Return the mean expression of each line in the first table, by symbol."""
    mean = types.expression.groupby(types.about["line"].to_numpy()).mean()
    mean.columns = types.symbols.to_numpy()
    return mean.loc[:, mean.columns != ""]


def centred(table):
    return (table - table.mean()).to_numpy()


def test_both_expressions_mean_the_same(tabled, measured):
    genes, lines = tabled.columns.intersection(measured.columns), tabled.index
    assert len(genes) == 1800
    lines = lines.intersection(measured.index)
    for line in lines:
        assert np.corrcoef(tabled.loc[line, genes], measured.loc[line, genes])[0, 1] > 0.95
    assert (tabled.loc[lines, genes] - measured.loc[lines, genes]).mean(axis=None) < 1.5
    both = [centred(table.loc[lines, genes]).ravel() for table in (tabled, measured)]
    assert np.corrcoef(*both)[0, 1] > 0.6


def test_markers_are_where_they_belong(tabled, measured):
    for table, names in ((tabled, LINE_MARKERS), (measured, {**LINE_MARKERS, "Ndnf": 0})):
        assert set(names) <= set(table)
    kinds = pd.Series({line_key(line.name): line.kind for line in LINES})
    for name, kind in (("Gad1", "inh"), ("Slc32a1", "inh"), ("Slc17a7", "exc")):
        on = kinds.reindex(tabled.index) == kind
        assert tabled.loc[on, name].min() > tabled.loc[~on, name].max() + 3
    for name in ("Pvalb", "Sst", "Vip"):
        assert tabled.loc[name, name] > 6
        assert tabled.loc["Rbp4", name] < 3
        assert measured.loc[name, name] > measured.loc["Rbp4", name] + 3
    assert measured["Ndnf"].idxmax() == "Ndnf"


# What is true


def test_expression_is_a_logarithm(types):
    values = types.expression.to_numpy()
    assert values.min() == 0
    assert 9 < values.max() <= HIGHEST
    assert 2 < np.median(values) < 6


def test_truth_tells_of_every_gene(known):
    assert list(known) == ["gene", "symbol", "predictable", "marker", "strength"]
    assert known["predictable"].dtype == "boolean"
    assert known["marker"].sum() == len(MARKERS)
    named = known[(known["symbol"] != "") & ~known["marker"]]
    assert named["predictable"].mean() == pytest.approx(0.3, abs=0.005)
    line_markers = known["symbol"].isin(LINE_MARKERS)
    assert (known["predictable"].isna() == line_markers).all()
    assert (known["strength"].isna() == line_markers).all()
    channels = known[known["symbol"].isin(CHANNELS)]
    assert channels["predictable"].all()
    assert known.loc[known["predictable"].eq(False), "strength"].eq(0).all()
    strength = known.loc[known["predictable"].fillna(False), "strength"]
    assert strength.min() < 0.25
    assert strength.max() > 0.9
    assert strength.between(0.2, 0.95).all()


def test_channels_are_as_strong_as_told(types, known):
    """The share of variance told is the one that the very features of a gene explain."""
    X = types.features
    X = (X - X.mean()) / X.std(ddof=0)
    of_symbol = known.set_index("symbol")
    for name, (number, weights) in CHANNELS.items():
        signal = sum(weight * X[feature] for feature, weight in weights.items())
        r = np.corrcoef(signal, types.expression[str(number)])[0, 1]
        assert r > 0
        assert r**2 == pytest.approx(of_symbol.loc[name, "strength"], abs=0.005)


def explained(types):
    """Return of each gene the variance that all features explain, fitted on the same types."""
    X, Y = centred(types.features / types.features.std()), centred(types.expression)
    fitted = X @ np.linalg.lstsq(X, Y, rcond=None)[0]
    total = (Y**2).sum(axis=0)
    return np.divide((fitted**2).sum(axis=0), total, where=total > 0, out=np.zeros(len(total)))


def test_no_more_can_be_explained_than_told_and_chance(types, known):
    r2 = explained(types)
    follows = known["predictable"].fillna(False).to_numpy(bool)
    strength = known["strength"].to_numpy()
    assert (r2[follows] >= strength[follows] - 0.005).all()
    left = (1 - r2[follows]) / (1 - strength[follows])
    assert left.mean() == pytest.approx(1 - 14 / 46, abs=0.03), "what chance fits of the noise"
    free = known["predictable"].eq(False).fillna(False).to_numpy(bool)
    varies = (types.expression.std() > 0).to_numpy()
    assert r2[free & varies].mean() == pytest.approx(15 / 47, abs=0.04), "as chance alone"


def test_genes_that_follow_nothing_still_go_together(types, known):
    """Hidden factors: they are correlated, as genes are, beyond chance."""
    free = known["predictable"].eq(False).fillna(False).to_numpy(bool)
    Y = types.expression.loc[:, free & (types.expression.std() > 0.1).to_numpy()]
    r = np.corrcoef(Y.to_numpy().T)
    high = (np.abs(r[np.triu_indices(len(r), 1)]) > 0.5).mean()
    assert high > 0.005, "chance makes 0.0003"


def found(X, Y, random):
    """Return which genes a ridge per gene finds, each type left out once, at an FDR of 0.05."""
    X = np.c_[np.ones(len(X)), (X - X.mean(axis=0)) / X.std(axis=0)]
    penalty = np.diag([0, *[4.0] * (X.shape[1] - 1)])
    H = X @ np.linalg.solve(X.T @ X + penalty, X.T)

    def score(Y):
        error = (Y - H @ Y) / (1 - np.diag(H))[:, None]
        return 1 - (error**2).sum(axis=0) / ((Y - Y.mean(axis=0)) ** 2).sum(axis=0)

    null = np.sort([score(Y[random.permutation(len(Y))]) for _ in range(20)], axis=None)
    p = 1 - np.searchsorted(null, score(Y)) / (len(null) + 1)
    order = np.argsort(p)
    passing = np.flatnonzero(p[order] * len(p) <= 0.05 * np.arange(1, len(p) + 1))
    return np.isin(np.arange(len(p)), order[: passing.max() + 1])


def test_a_model_per_gene_finds_most_that_can_be_found_and_not_all():
    recall, wrong = [], []
    for seed in range(4):
        made = world(seed, SMALL)
        tabled = made.types["tabled"].to_numpy()
        Y = made.expression[:, tabled]
        use = (np.ptp(Y, axis=1) > 0) & ~made.genes["marker"].to_numpy()
        follows = made.genes["predictable"].fillna(False).to_numpy(bool)[use]
        strength = made.genes["strength"].to_numpy()[use]
        hit = found(made.features[tabled].to_numpy(), Y[use].T, np.random.default_rng(seed))
        recall.append(hit[follows].mean())
        wrong.append((~follows[hit]).mean())
        assert hit[follows & (strength > 0.7)].mean() > 0.95
        assert hit[follows & (strength < 0.3)].mean() < 0.9
    assert min(recall) > 0.8
    assert max(recall) < 0.99
    assert np.mean(wrong) == pytest.approx(0.04, abs=0.03)


def identified(types, cells, measured, genes, shuffle=None):
    """Return the share of the lines that cells of a line are recognised as, and how many lines."""
    from sklearn.linear_model import Ridge

    mean, sd = types.features.mean(), types.features.std()
    model = Ridge(5.0).fit((types.features - mean) / sd, types.expression[genes])
    predicted = pd.DataFrame(model.predict((cells.features - mean) / sd))
    predicted.columns = types.symbols[genes].to_numpy()
    predicted = predicted.groupby(cells.about["line"].to_numpy()).mean()
    lines = predicted.index.intersection(measured.index)
    one = centred(predicted.loc[lines])
    other = centred(measured.loc[lines, predicted.columns])
    nearest = np.corrcoef(one, other)[: len(lines), len(lines) :].argmax(axis=1)
    truly = np.arange(len(lines))
    if shuffle is None:
        return (nearest == truly).mean(), len(lines)
    return np.mean([(nearest == shuffle.permutation(truly)).mean() for _ in range(200)]), len(lines)


def test_predictions_for_cells_tell_their_line(types, cells, measured, known):
    follows = known["predictable"].fillna(False) & known["symbol"].isin(measured.columns)
    genes = known.loc[follows, "gene"].tolist()
    share, lines = identified(types, cells, measured, genes)
    assert lines == 17
    assert share > 0.8
    by_chance, _ = identified(types, cells, measured, genes, np.random.default_rng(0))
    assert by_chance == pytest.approx(1 / 17, abs=0.02)


@pytest.mark.parametrize("seed", [1, 2])
def test_lines_are_told_apart_in_other_worlds(tmp_path, seed):
    shape = Shape(genes=400, unnamed=0, constant=5, counted=450, shared=400)
    table, symbols, cells = simulate_ephys(tmp_path, seed, shape)
    data = counts.load(*simulate_counts(tmp_path, seed, shape))
    good = counts.passed(data)[0]
    logs = pd.DataFrame(counts.log_cpm(data.values[good]).toarray(), columns=data.genes)
    of_lines = logs.groupby(data.about["line"].to_numpy()[good]).mean()
    known = truth(seed, shape)
    genes = known.loc[known["predictable"].fillna(False), "gene"].tolist()
    types = cell_types.load(table, symbols)
    assert identified(types, ephys_cells.load(cells), of_lines, genes)[0] > 0.8


# The real files


@pytest.mark.realdata
def test_what_is_real_is_as_published(known):
    real = dict(rows(ephys_folder() / "entrenz_symbol_s.csv"))
    symbols = set(real.values())
    for name, (number, _) in MARKERS.items():
        assert real[str(number)] == name
    assert not symbols & set(SEQUENCED_MARKERS)
    invented = known[~known["marker"]]
    assert not symbols & set(invented["symbol"])
    assert not set(real) & set(invented["gene"])
    assert b"\r\n" in (ephys_folder() / "entrenz_symbol_s.csv").read_bytes()


@pytest.mark.realdata
def test_the_cells_have_columns_and_lines_of_the_published(table_of_cells):
    path = ephys_folder() / "aibs_aggregated_ephys_v6.csv"
    real = pd.read_csv(path, dtype=str, keep_default_na=False)
    columns = list(table_of_cells)
    assert columns == [name for name in real if name in set(columns)]
    lines = real["mouse_line"].value_counts()
    made = table_of_cells["mouse_line"].value_counts()
    assert set(lines.index) == set(made.index)
    assert (made - lines).abs().max() <= 1
    assert not set(real["specimen_id"]) & set(table_of_cells["specimen_id"])
    for name in SOURCES:
        assert (table_of_cells[name] == "").sum() == (real[name] == "").sum()
    vocabulary = ("reporter", "spines", "apical_intact", "has_burst")
    for name in vocabulary:
        assert set(table_of_cells[name]) == set(real[name])
    assert set(table_of_cells["brain_region"]) - set(real["brain_region"]) <= {
        *("VISpm6a", "VISl5", "VISal6a", "VISal6b", "VISpor4", "VISpor2/3", "VISl1", "VISal1"),
        *("VISpm1", "VISpor1", "VISpm6b"),
    }

"""Lines are recognised where predictions know them, and noise is at chance, whatever is asked."""

import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from analysis_lib.errors import ParameterError, TableError
from analysis_lib.evaluation import line_genes, line_profiles, lines
from analysis_lib.evaluation.intervals import wilson
from analysis_lib.evaluation.orders import orders


def table(values):
    names = [f"line {i}" for i in range(len(values))]
    return pd.DataFrame(values, index=names).add_prefix("gene ")


def profiles(n=8, genes=60, noise=0.5, seed=0):
    """Measured profiles, and predictions that know a part of what tells the lines apart."""
    draws = np.random.default_rng(seed)
    levels, own = draws.gamma(2, 2, genes), draws.normal(size=(n, genes))
    measured = levels + own
    predicted = levels + 0.4 * own + noise * draws.normal(size=(n, genes))
    return table(predicted), table(measured)


def noise(n=6, genes=40, seed=0):
    """Profiles that share the genes' levels and nothing else."""
    draws = np.random.default_rng(seed)
    levels = draws.gamma(2, 2, genes)
    return tuple(table(levels + draws.normal(size=(n, genes))) for _ in range(2))


def two_kinds(n=10, genes=80, own=0.0, seed=0):
    """Predictions that know the kind of a line, and `own` of the rest."""
    draws = np.random.default_rng(seed)
    kind = np.repeat([0, 1], n // 2)
    apart, rest = draws.normal(size=(2, genes))[kind] * 2, draws.normal(size=(n, genes))
    predicted = apart + own * rest + 0.5 * draws.normal(size=(n, genes))
    measured = table(apart + rest)
    kinds = dict(zip(measured.index, np.array(["exc", "inh"])[kind], strict=True))
    return table(predicted), measured, kinds


# What is in both


def test_common_lines_and_genes_keep_the_order_of_the_predictions():
    predicted, measured = profiles()
    shuffled = measured.iloc[::-1, ::-1].iloc[1:].assign(other=0.0)
    one, other = line_profiles.common(predicted.drop(columns="gene 3"), shuffled)
    assert list(one.index) == [f"line {i}" for i in range(7)]
    assert list(one.columns) == [f"gene {i}" for i in range(60) if i != 3]
    assert one.equals(predicted.loc[one.index, one.columns])
    assert other.equals(measured.loc[one.index, one.columns])


def test_what_is_not_in_both_does_not_matter():
    predicted, measured = profiles()
    extra = measured.copy()
    extra.loc["only measured"] = 100.0
    extra["only measured"] = -100.0
    assert line_profiles.matrix(predicted, extra).equals(line_profiles.matrix(predicted, measured))


@pytest.mark.parametrize(("kept", "told"), [(0, "0 of 8"), (1, "1 of 8"), (3, "3 of 8")])
def test_too_few_lines_are_counted_and_named(kept, told):
    predicted, measured = profiles()
    renamed = [f"line {i}" if i < kept else f"Line-{i}" for i in range(8)]
    with pytest.raises(TableError) as error:
        line_profiles.common(predicted, measured.set_axis(renamed))
    message = str(error.value)
    assert "too few lines in common" in message
    assert f"{told} predicted and 8 measured lines" in message
    assert "at least 4" in message
    assert "only measured: Line-" in message
    assert "remedy" in message


def test_too_few_genes_are_counted_and_named():
    predicted, measured = profiles(genes=30)
    with pytest.raises(TableError, match="9 of 9 predicted and 30 measured genes") as error:
        line_profiles.common(predicted.iloc[:, :9], measured)
    assert "only predicted: none; only measured: gene 10, gene 11, gene 12 and 18 more" in str(
        error.value
    )


def test_four_lines_and_ten_genes_are_enough():
    predicted, measured = profiles(4, 10)
    assert lines.label_test(predicted, measured, seed=1).null.shape == (24,)


def test_faults_are_told_with_their_place():
    predicted, measured = profiles()
    gap = measured.copy()
    gap.iloc[2, 5] = np.nan
    with pytest.raises(TableError, match="line 2, gene gene 5"):
        line_profiles.common(predicted, gap)
    with pytest.raises(TableError, match="1 of 8 lines repeated"):
        line_profiles.common(predicted, pd.concat([measured, measured.iloc[:1]]))
    with pytest.raises(TableError, match="1 of 60 genes repeated"):
        line_profiles.common(pd.concat([predicted, predicted[["gene 1"]]], axis=1), measured)
    with pytest.raises(TableError, match="predicted profiles do not hold numbers"):
        line_profiles.common(predicted.astype({"gene 4": str}), measured)


def test_a_gap_outside_of_what_is_in_both_is_no_fault():
    predicted, measured = profiles()
    measured["only measured"] = np.nan
    assert line_profiles.common(predicted, measured)[1].shape == (8, 60)


# Correlations


def test_correlations_are_pearsons_raw_and_centred():
    predicted, measured = profiles()
    raw = line_profiles.matrix(predicted, measured, centred=False)
    expected = np.corrcoef(predicted, measured)[:8, 8:]
    assert raw.to_numpy() == pytest.approx(expected)
    assert list(raw.index) == list(raw.columns) == list(predicted.index)
    one, other = predicted - predicted.mean(), measured - measured.mean()
    centred = line_profiles.matrix(predicted, measured)
    assert centred.to_numpy() == pytest.approx(np.corrcoef(one, other)[:8, 8:])
    found = line_profiles.correlations(predicted, measured)
    assert list(found) == ["line", "raw", "raw_others", "centred", "centred_others"]
    assert found["raw"].to_numpy() == pytest.approx(np.diag(raw))
    others = [np.median(np.delete(row, i)) for i, row in enumerate(centred.to_numpy())]
    assert found["centred_others"].to_numpy() == pytest.approx(others)


def test_the_levels_of_the_genes_make_any_two_profiles_alike():
    found = line_profiles.correlations(*noise(genes=400))
    assert found[["raw", "raw_others"]].min(axis=None) > 0.7
    assert found[["centred", "centred_others"]].abs().max(axis=None) < 0.4


def test_own_lines_stand_beside_the_others():
    matrix = line_profiles.matrix(*profiles())
    found = line_profiles.against_others(matrix)
    assert list(found) == ["line", "own", "low", "median", "high"]
    assert found["own"].to_numpy() == pytest.approx(np.diag(matrix))
    off = matrix.mask(np.eye(8, dtype=bool))
    assert found["low"].to_numpy() == pytest.approx(off.min(axis=1))
    assert found["high"].to_numpy() == pytest.approx(off.max(axis=1))


def changed(measured, seed=0):
    """Every gene shifted, all of them stretched alike."""
    shift = np.random.default_rng(seed).normal(size=measured.shape[1]) * 5
    return 3.7 * measured + shift


def test_shifts_of_genes_and_a_common_unit_do_not_matter():
    predicted, measured = profiles()
    before, after = (
        (
            line_profiles.matrix(predicted, each),
            lines.identified(predicted, each),
            lines.label_test(predicted, each, seed=1).p_value,
            line_genes.gene_ranks(predicted, each, seed=1, permutations=99).table,
        )
        for each in (measured, changed(measured))
    )
    assert after[0].to_numpy() == pytest.approx(before[0].to_numpy())
    assert after[1][["best", "rank"]].equals(before[1][["best", "rank"]])
    assert after[2] == before[2]
    pd.testing.assert_frame_equal(after[3], before[3])


def test_a_profile_that_is_the_mean_of_all_is_like_none():
    predicted, measured = profiles()
    predicted.iloc[2] = predicted.drop(index="line 2").mean()
    matrix = line_profiles.matrix(predicted, measured)
    assert (matrix.iloc[2] == 0).all()
    assert matrix.drop(index="line 2").ne(0).all(axis=None)
    found = lines.identified(predicted, measured)
    assert found.loc[2, ["rank", "margin"]].tolist() == [8, 0]


def test_predictions_that_are_the_same_but_for_rounding_recognise_nothing():
    """Means of 17 and of 30 equal numbers differ in the last digit, and in nothing else."""
    predicted, measured = profiles()
    predicted[:] = predicted.iloc[0].to_numpy() * (
        1 + 1e-15 * np.random.default_rng(0).normal(size=predicted.shape)
    )
    test = lines.label_test(predicted, measured, seed=1)
    assert (test.observed, test.p_value) == (0, 1)
    assert lines.identification(predicted, measured, seed=1)["correct"].tolist() == [0, 0]
    ranks = line_genes.gene_ranks(predicted, measured, permutations=99, seed=1)
    assert ranks.tested == 0
    assert ranks.table[["rho", "p", "q"]].isna().all(axis=None)
    assert np.isnan(ranks.p_value)


# Orders


def test_few_orders_are_all_taken_and_many_are_drawn():
    few = orders([np.array([0, 1]), np.array([2, 4, 5])], 6, most=12, seed=0)
    assert few.exact
    assert len(set(map(tuple, few.positions))) == 12
    assert (few.positions[:, 3] == 3).all()
    assert (np.sort(few.positions[:, :2]) == [0, 1]).all()
    many = orders([np.array([0, 1]), np.array([2, 4, 5])], 6, most=11, seed=0)
    assert not many.exact
    assert many.positions.shape == (11, 6)
    assert (np.sort(many.positions[:, [2, 4, 5]]) == [2, 4, 5]).all()
    with pytest.raises(ParameterError, match="permutations"):
        orders([], 3, most=0, seed=0)


def test_p_values_count_the_true_order_once():
    null = np.array([0.5, 0.1, 0.5 - 1e-14, -1])
    exact = orders([np.arange(2)], 2, most=9, seed=0)
    assert exact.p_value(0.5, null[:2]) == 1 / 2
    drawn = orders([np.arange(4)], 4, most=4, seed=0)
    assert drawn.p_value(0.5, null) == (1 + 2) / (1 + 4)


# Names


def test_perfect_predictions_are_recognised():
    _, measured = profiles()
    predicted = changed(measured)
    test = lines.label_test(predicted, measured, permutations=999, seed=1)
    assert test.observed == pytest.approx(1)
    assert (test.p_value, test.exact, test.lines) == (1 / 1000, False, 8)
    assert (test.null < 1).all()
    found = lines.identified(predicted, measured)
    assert list(found) == ["line", "best", "own", "rank", "of", "margin"]
    assert (found["best"] == found["line"]).all()
    assert (found["rank"] == 1).all()
    assert (found["margin"] > 0).all()
    told = lines.identification(predicted, measured, permutations=999, seed=1)
    assert told["share"].tolist() == [1, 1]
    ranks = line_genes.gene_ranks(predicted, measured, permutations=999, seed=1)
    assert ranks.table["rho"].to_numpy() == pytest.approx(1)
    assert (ranks.table["p"] == 1 / 1000).all()
    assert (ranks.positive, ranks.p_value) == (1, 1 / 1000)


def test_few_lines_are_looked_at_in_all_orders():
    predicted, measured = profiles(5, noise=3)
    values = line_profiles.matrix(predicted, measured).to_numpy()
    ways = list(itertools.permutations(range(5)))
    expected = [np.mean([values[i, way[i]] for i in range(5)]) for way in ways]
    test = lines.label_test(predicted, measured, seed=1)
    assert test.exact
    assert np.sort(test.null) == pytest.approx(np.sort(expected))
    assert test.observed == pytest.approx(values.trace() / 5)
    reached = np.sum(np.array(expected) >= test.observed - 1e-9)
    assert test.p_value == reached / 120
    drawn = lines.label_test(predicted, measured, permutations=119, seed=1)
    assert not drawn.exact
    assert drawn.p_value == pytest.approx(test.p_value, abs=0.15)


def test_recognitions_are_those_counted_by_hand_in_all_orders():
    predicted, measured = profiles(5, noise=1.5, seed=4)
    values = line_profiles.matrix(predicted, measured).to_numpy()
    told = lines.identification(predicted, measured, seed=1).set_index("top")
    ways = list(itertools.permutations(range(5)))
    for top in (1, 3):
        best = np.argsort(-values, axis=1)[:, :top]
        hits = [sum(way[i] in best[i] for i in range(5)) for way in ways]
        row = told.loc[top]
        assert row["correct"] == hits[0]
        assert row["p_value"] == np.mean(np.array(hits) >= hits[0])
        assert row["chance"] == pytest.approx(np.mean(hits) / 5)
        assert (row["low"], row["high"]) == wilson(hits[0] / 5, 5)


def test_shuffled_names_are_recognised_as_often_as_chance_has_it():
    predicted, measured = profiles(9, noise=0.2)
    draws = np.random.default_rng(0)
    shares = []
    for _ in range(100):
        shuffled = predicted.set_axis(draws.permutation(predicted.index))
        found = lines.identified(shuffled, measured)
        shares.append([(found["rank"] <= top).mean() for top in (1, 3)])
    assert np.mean(shares, axis=0) == pytest.approx([1 / 9, 3 / 9], abs=0.05)


def test_the_order_of_the_lines_does_not_matter():
    predicted, measured = profiles(6)
    one, other = (
        lines.label_test(each, measured, seed=1) for each in (predicted, predicted.iloc[::-1])
    )
    assert one.p_value == other.p_value
    assert np.sort(one.null) == pytest.approx(np.sort(other.null))


def uniform(p):
    """No more small p-values than the p-values themselves say, at any level, but for luck."""
    return stats.kstest(p, "uniform").pvalue > 0.001


@pytest.mark.parametrize("permutations", [720, 199])
def test_p_values_of_noise_are_uniform(permutations):
    """At 720 all orders of six lines are taken, below they are drawn."""
    p = [
        lines.label_test(*noise(seed=seed), permutations=permutations, seed=seed).p_value
        for seed in range(200)
    ]
    assert uniform(p)


def test_p_values_of_genes_are_uniform_on_noise_and_of_their_number_as_well():
    one, all_together = [], []
    for seed in range(120):
        found = line_genes.gene_ranks(*noise(genes=12, seed=seed), permutations=199, seed=seed)
        one += [found.table["p"].iloc[0]]
        all_together += [found.p_value]
    # A rank correlation over six lines has few values, so that p is rather too large.
    for level in (0.05, 0.1, 0.2, 0.5):
        for p in (one, all_together):
            allowed = stats.binom.ppf(0.9999, len(p), level)
            assert (np.array(p) <= level).sum() <= allowed
    assert np.mean(one) == pytest.approx(0.53, abs=0.1)


# Kinds


def test_knowing_the_kind_alone_is_seen_through():
    predicted, measured, kinds = two_kinds()
    among_all = lines.label_test(predicted, measured, permutations=999, seed=1)
    within = lines.label_test(predicted, measured, permutations=999, seed=1, kinds=kinds)
    assert among_all.p_value < 0.05
    assert within.p_value > 0.05
    assert (within.lines, within.exact) == (10, False)


def test_p_values_within_kinds_are_uniform_when_the_kind_is_all_that_is_known():
    p = []
    for seed in range(150):
        predicted, measured, kinds = two_kinds(8, 40, seed=seed)
        p.append(lines.label_test(predicted, measured, seed=seed, kinds=kinds).p_value)
    assert uniform(p)


def test_lines_are_told_apart_within_their_kind_when_predictions_know_more():
    predicted, measured, kinds = two_kinds(own=0.7)
    assert lines.label_test(predicted, measured, seed=1, kinds=kinds).p_value < 0.01
    told = lines.identification(predicted, measured, seed=1, kinds=kinds)
    assert told["among"].tolist() == ["all lines"] * 2 + ["same kind"] * 2
    assert told["chance"].tolist() == pytest.approx([1 / 10, 3 / 10, 1 / 5, 3 / 5])
    assert told["share"].min() > 0.8


def test_within_kinds_only_lines_of_the_kind_are_looked_at():
    predicted, measured, kinds = two_kinds(own=0.7)
    found = lines.identified(predicted, measured, kinds=kinds)
    for kind in ("exc", "inh"):
        names = [line for line in predicted.index if kinds[line] == kind]
        alone = lines.identified(predicted.loc[names], measured.loc[names])
        part = found[found["line"].isin(names)].reset_index(drop=True)
        pd.testing.assert_frame_equal(part, alone)


def test_orders_within_kinds_are_those_counted_by_hand():
    predicted, measured, kinds = two_kinds(8, own=0.1, seed=2)
    kinds["line 7"] = ""
    values = {
        kind: lines.correlated(predicted.loc[names].to_numpy(), measured.loc[names].to_numpy(),
                               centred=True)
        for kind, names in (
            ("exc", [f"line {i}" for i in range(4)]),
            ("inh", [f"line {i}" for i in range(4, 7)]),
        )
    }  # fmt: skip
    expected = [
        (values["exc"][range(4), one].sum() + values["inh"][range(3), other].sum()) / 7
        for one in itertools.permutations(range(4))
        for other in itertools.permutations(range(3))
    ]
    test = lines.label_test(predicted, measured, seed=1, kinds=pd.Series(kinds))
    assert (test.exact, test.lines) == (True, 7)
    assert np.sort(test.null) == pytest.approx(np.sort(expected))


@pytest.mark.parametrize(
    "kinds", [{}, {"line 1": "exc"}, {f"line {i}": "" for i in range(8)}, {"line 1": None}]
)
def test_without_kinds_there_is_nothing_to_ask_within_them(kinds):
    predicted, measured = profiles()
    test = lines.label_test(predicted, measured, seed=1, kinds=kinds)
    assert (test.lines, len(test.null)) == (0, 0)
    assert np.isnan([test.observed, test.p_value]).all()
    told = lines.identification(predicted, measured, permutations=99, seed=1, kinds=kinds)
    assert told["among"].tolist() == ["all lines"] * 2
    assert lines.identified(predicted, measured, kinds=kinds).empty


# Genes


def test_rank_correlations_are_spearmans_with_ties():
    predicted, measured = profiles(7, noise=1)
    measured = measured.round(0)
    found = line_genes.gene_ranks(predicted, measured, permutations=19, seed=1).table
    assert list(found) == ["gene", "rho", "p", "q"]
    assert found["gene"].tolist() == list(predicted.columns)
    for gene, rho in zip(found["gene"], found["rho"], strict=True):
        expected = stats.spearmanr(predicted[gene], measured[gene]).statistic
        assert rho == pytest.approx(expected, nan_ok=True)


def test_p_of_genes_in_all_orders_is_that_counted_by_hand():
    predicted, measured = profiles(5, 15, noise=1)
    measured = measured.round(0)  # ties
    predicted["gene 0"], measured["gene 1"] = 1.5, 0.0  # constant
    found = line_genes.gene_ranks(predicted, measured, seed=1)
    ways = [list(way) for way in itertools.permutations(range(5))]
    p, positive = [], np.zeros(len(ways))
    for gene in found.table["gene"][2:]:
        ranks, others = (stats.rankdata(each[gene]) for each in (predicted, measured))
        rhos = np.array([np.corrcoef(ranks[way], others)[0, 1] for way in ways])
        p.append((rhos >= rhos[0] - 1e-9).mean())
        positive += rhos > 1e-9
    assert found.exact
    assert found.tested == 13
    assert found.table["p"][2:].to_numpy() == pytest.approx(p)
    assert found.table["q"][2:].to_numpy() == pytest.approx(stats.false_discovery_control(p))
    assert found.table.iloc[:2, 1:].isna().all(axis=None)
    assert np.sort(found.null) == pytest.approx(np.sort(positive / 13))
    assert found.positive == positive[0] / 13
    assert found.p_value == (positive >= positive[0]).mean()


def test_drawn_orders_are_the_same_for_all_genes_and_near_to_all_orders():
    predicted, measured = profiles(6, noise=1)
    exact = line_genes.gene_ranks(predicted, measured, permutations=720, seed=1)
    drawn = line_genes.gene_ranks(predicted, measured, permutations=700, seed=1)
    assert exact.exact
    assert not drawn.exact
    assert drawn.table["p"].to_numpy() == pytest.approx(exact.table["p"].to_numpy(), abs=0.08)
    twice = pd.concat([predicted, predicted.add_suffix(" again")], axis=1)
    both = pd.concat([measured, measured.add_suffix(" again")], axis=1)
    again = line_genes.gene_ranks(twice, both, permutations=700, seed=1)
    p = again.table["p"].to_numpy()
    assert (p[:60] == p[60:]).all()
    assert (again.null == drawn.null).all()


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.integers(4, 9), st.booleans())
def test_only_ranks_count(seed, n, ties):
    predicted, measured = profiles(n, 12, noise=1, seed=seed)
    if ties:
        predicted, measured = predicted.round(0), measured.round(0)
    found = line_genes.gene_ranks(predicted, measured, permutations=50, seed=seed)
    bent = line_genes.gene_ranks(np.exp(predicted / 4), measured**3, permutations=50, seed=seed)
    pd.testing.assert_frame_equal(found.table, bent.table)
    assert (found.null == bent.null).all()
    rho, p = found.table["rho"].dropna(), found.table["p"].dropna()
    assert rho.abs().max() <= 1 + 1e-12
    assert p.between(1 / 51, 1).all() or found.exact
    assert (found.table["q"].dropna() >= p - 1e-12).all()


def test_parts_give_what_the_whole_gives(monkeypatch):
    predicted, measured = profiles(7, 50)
    whole = line_genes.gene_ranks(predicted, measured, permutations=300, seed=1)
    monkeypatch.setattr(line_genes, "_ORDERS", 7)
    monkeypatch.setattr(line_genes, "_GENES", 11)
    parts = line_genes.gene_ranks(predicted, measured, permutations=300, seed=1)
    assert parts.table.equals(whole.table)
    assert (parts.null == whole.null).all()


def test_sums_beyond_single_precision_are_still_exact(monkeypatch):
    predicted, measured = profiles(8, 50)
    whole = line_genes.gene_ranks(predicted, measured, permutations=300, seed=1)
    monkeypatch.setattr(line_genes, "_EXACT", 0)
    assert line_genes.gene_ranks(predicted, measured, permutations=300, seed=1).table.equals(
        whole.table
    )


# The answer


def facts(p=0.0001, low=0.5, within=0.001):
    told = pd.DataFrame(
        {
            "among": ["all lines", "all lines", "same kind"],
            "top": [1, 3, 1],
            "share": [0.8, 1.0, 0.0],
            "low": [low, 0.9, 0.0],
            "chance": [0.1, 0.3, 0.2],
        }
    )
    test, inner = (
        lines.LabelTest(0.3, np.zeros(3), p_value, exact=False, lines=10) for p_value in (p, within)
    )
    return test, told, inner


@pytest.mark.parametrize(
    ("known", "level"),
    [
        ({}, "yes"),
        ({"p": 0.0099, "within": 0.0499, "low": 0.101}, "yes"),
        ({"p": 0.01}, "partly"),
        ({"low": 0.1}, "partly"),
        ({"within": 0.05}, "partly"),
        ({"within": float("nan")}, "partly"),
        ({"p": 0.0499, "low": 0.05, "within": 0.9}, "partly"),
        ({"p": 0.05}, "no"),
        ({"p": 0.8, "low": 0.0, "within": 0.9}, "no"),
    ],
)
def test_the_answer_follows_its_rules(known, level):
    found = lines.verdict(*facts(**known))
    assert found.level == level
    assert (found.share, found.chance) == (0.8, 0.1)
    held = found.certain and found.above_chance and found.within_kinds
    assert held == (level == "yes")


def test_without_kinds_the_answer_is_at_best_partly():
    test, told, _ = facts()
    found = lines.verdict(test, told, None)
    assert found.level == "partly"
    assert np.isnan(found.within_p_value)


@pytest.mark.parametrize(("own", "level"), [(0.7, "yes"), (0.0, "partly")])
def test_the_answer_about_profiles(own, level):
    predicted, measured, kinds = two_kinds(own=own)
    found = lines.verdict(
        lines.label_test(predicted, measured, seed=1),
        lines.identification(predicted, measured, seed=1, kinds=kinds),
        lines.label_test(predicted, measured, seed=1, kinds=kinds),
    )
    assert found.level == level


def test_noise_is_hardly_ever_called_a_match():
    levels = []
    for seed in range(60):
        pair = noise(7, seed=seed)
        levels.append(
            lines.verdict(
                lines.label_test(*pair, permutations=199, seed=seed),
                lines.identification(*pair, permutations=19, seed=seed),
                None,
            ).level
        )
    assert levels.count("no") >= 50


def test_rank_correlations_by_chance_lie_around_zero_and_vary_as_few_lines_do():
    random = np.random.default_rng(0)
    lines = [f"line {i}" for i in range(6)]
    genes = [f"gene {i}" for i in range(200)]
    one, other = (pd.DataFrame(random.normal(size=(6, 200)), lines, genes) for _ in range(2))
    found = line_genes.chance_ranks(one, other, draws=20, seed=1)
    assert len(found) == 20 * 200
    assert abs(found.mean()) < 0.05
    np.testing.assert_allclose(found.std(), 1 / np.sqrt(5), rtol=0.1)  # of six ranks
    order = np.random.default_rng(1).permutation(6)
    expected = stats.spearmanr(one["gene 0"].to_numpy()[order], other["gene 0"])
    assert found[0] == pytest.approx(expected.statistic)

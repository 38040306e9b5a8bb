"""Whose columns these are, tables as people have them, and the simulated one."""

import gzip
import math
import string
import time

import hypothesis.strategies as st
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from scipy.stats import false_discovery_control

from analysis_lib.datasets import dge
from analysis_lib.errors import AnalysisError, ParameterError, TableError

DESEQ2 = ["", "baseMean", "log2FoldChange", "lfcSE", "stat", "pvalue", "padj"]
EDGER = ["", "logFC", "logCPM", "F", "PValue", "FDR"]
LIMMA = ["", "logFC", "AveExpr", "t", "P.Value", "adj.P.Val", "B"]
SEED = ["name", "logFC", "pvalue", "baseMean"]
TOOLS = {
    "DESeq2": (DESEQ2, ("", "log2FoldChange", "pvalue", "padj", "baseMean")),
    "edgeR": (EDGER, ("", "logFC", "PValue", "FDR", "logCPM")),
    "limma": (LIMMA, ("", "logFC", "P.Value", "adj.P.Val", "AveExpr")),
    "seed layout": (SEED, ("name", "logFC", "pvalue", None, "baseMean")),
}
EVERY_TOOL = pytest.mark.parametrize("tool", TOOLS)


def chosen(columns):
    return tuple(columns.of(role) for role in dge_roles)


dge_roles = ("name", "logFC", "pvalue", "padj", "baseMean")


# --- whose columns


@EVERY_TOOL
def test_what_people_have_is_recognised(tool):
    header, expected = TOOLS[tool]
    columns = dge.recognise(header)
    assert (chosen(columns), columns.source) == (expected, tool)


@pytest.mark.parametrize(
    ("header", "source"),
    [
        (DESEQ2[1:], "DESeq2"),
        (["gene", *DESEQ2[1:3], *DESEQ2[4:]], "DESeq2"),
        (["", "logFC", "logCPM", "LR", "PValue", "FDR"], "edgeR"),
        (["ID", *LIMMA[1:]], "limma"),
        (["", "p_val", "avg_log2FC", "pct.1", "pct.2", "p_val_adj"], "other names"),
        (["Symbol", "log₂FC", "P value"], "other names"),
    ],
    ids=["no names", "apeglm", "likelihood ratio", "ID", "Seurat", "by hand"],
)
def test_variants_of_the_tools(header, source):
    assert dge.recognise(header).source == source


@settings(deadline=None)
@given(tool=st.sampled_from(list(TOOLS)), data=st.data())
def test_case_separators_and_order_do_not_matter(tool, data):
    header, expected = TOOLS[tool]

    def dress(name):
        letters = [data.draw(st.sampled_from((c.lower(), c.upper()))) for c in name]
        separator = data.draw(st.sampled_from(("", "_", ".", " ", "-")))
        return separator.join("".join(letters).split("."))

    dressed = {name: dress(name) for name in header}
    shuffled = data.draw(st.permutations([dressed[name] for name in header]))
    columns = dge.recognise(shuffled)
    assert chosen(columns) == tuple(None if c is None else dressed[c] for c in expected)
    assert columns.source == tool


@pytest.mark.parametrize("variant", ["log2_fold_change", "log2fc", "LogFC", "log2 Fold-Change"])
def test_one_fold_change_many_spellings(variant):
    assert dge.recognise([variant, "p"]).logFC == variant


@pytest.mark.parametrize(
    ("header", "role", "candidates"),
    [
        (["logFC", "PValue", "P.Value"], "pvalue", ["PValue", "P.Value"]),
        (["logFC", "log2FoldChange", "pvalue"], "logFC", ["logFC", "log2FoldChange"]),
        (["symbol", "gene_id", "logFC", "pvalue"], "name", ["symbol", "gene_id"]),
        (["", "symbol", "logFC", "pvalue"], "name", ["", "symbol"]),
        (["logFC", "pvalue", "padj", "FDR"], "padj", ["padj", "FDR"]),
        (["logFC", "pvalue", "baseMean", "AveExpr"], "baseMean", ["baseMean", "AveExpr"]),
    ],
)
def test_two_candidates_stop_and_ask_by_name(header, role, candidates):
    with pytest.raises(AnalysisError) as error:
        dge.recognise(header)
    for column in candidates:
        assert (repr(column) if column else "the unnamed one") in error.value.what
        assert f'columns={{"{role}": "{column}"}}' in error.value.remedy
    for column in candidates:
        assert dge.recognise(header, {role: column}).of(role) == column


def test_a_column_called_by_signs_alone_is_not_the_unnamed_one():
    assert dge.recognise(["%", "logFC", "pvalue"]).name is None


def test_the_exact_answer_keeps_what_was_said_before():
    with pytest.raises(TableError) as error:
        dge.recognise(["a", "b", "x", "logFC", "lfc", "p"], {"name": "a"})
    assert 'columns={"name": "a", "logFC": "lfc"}' in error.value.remedy


@pytest.mark.parametrize(
    ("header", "missing", "remedy"),
    [
        (["gene", "effect", "pvalue"], "log2 fold change", '{"logFC": "…"}'),
        (["gene", "logFC", "sig"], "raw p-value", '{"pvalue": "…"}'),
        (["a", "b"], "log2 fold change and no raw p-value", '{"logFC": "…", "pvalue": "…"}'),
        (["gene", "FoldChange", "pvalue"], "log2 fold change", '{"logFC": "…"}'),
    ],
    ids=["no fold change", "no p-value", "neither", "a ratio is no log"],
)
def test_a_missing_column_lists_those_there_are(header, missing, remedy):
    with pytest.raises(TableError, match=f"no {missing} that") as error:
        dge.recognise(header)
    assert all(repr(column) in error.value.got for column in header)
    assert error.value.remedy == f"Name them: columns={remedy}"


def test_many_columns_are_listed_in_part():
    with pytest.raises(TableError) as error:
        dge.recognise([f"sample{i}" for i in range(10_000)])
    assert error.value.got.endswith("… (10000 in all)")
    assert len(error.value.got) < 300


@pytest.mark.parametrize("role", ["logFC", "log2FoldChange", "fold_change", "LFC"])
def test_a_role_has_several_spellings(role):
    columns = dge.recognise(["effect", "my_p"], {role: "effect", "pvalue": "my_p"})
    assert (columns.logFC, columns.pvalue, columns.source) == ("effect", "my_p", "your mapping")


def test_a_mapping_goes_before_recognition():
    columns = dge.recognise(["logFC", "PValue", "FDR"], {"pvalue": "FDR"})
    assert (columns.pvalue, columns.padj) == ("FDR", None)


@pytest.mark.parametrize(
    ("mapping", "message"),
    [
        ({"p": "pvalue"}, "no role called 'p'"),
        ({"pvalue": "P_Value"}, "no column 'P_Value'"),
        ({"pvalue": "P.Value", "padj": "P.Value"}, "a role takes one column"),
        ({"logFC": "logFC", "fold_change": "P.Value"}, "a role takes one column"),
    ],
    ids=["role", "column", "one column twice", "one role twice"],
)
def test_a_wrong_mapping_is_refused(mapping, message):
    with pytest.raises(ParameterError, match=message) as error:
        dge.recognise(["logFC", "P.Value", "t"], mapping)
    assert error.value.where == "columns"


def test_a_mistyped_column_gets_a_suggestion():
    with pytest.raises(ParameterError) as error:
        dge.recognise(["logFC", "P.Value"], {"pvalue": "P.Valu"})
    assert error.value.remedy == "Did you mean 'P.Value'?"


def test_what_was_taken_for_what():
    rows = dge.recognise(LIMMA, {"pvalue": "P.Value"}).describe()
    assert rows == [
        ("gene names", "(unnamed)", "by its name"),
        ("log2 fold change", "logFC", "by its name"),
        ("raw p-value", "P.Value", "your mapping"),
        ("adjusted p-value", "adj.P.Val", "by its name"),
        ("mean expression", "AveExpr", "by its name"),
    ]
    assert dge.recognise(["lfc", "p"]).describe()[0] == ("gene names", "–", "rows are numbered")


# --- loading


@pytest.fixture
def table(tmp_path):
    """Write a text as a table."""

    def write(text, name="genes.csv"):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8", newline="")
        return path

    return write


def test_deseq2_as_r_writes_it(table):
    path = table(
        '"","baseMean","log2FoldChange","lfcSE","stat","pvalue","padj"\n'
        '"NA",10.5,1.25,0.1,3,0.001,0.01\n'
        '"1E5",0,NA,NA,NA,NA,NA\n'
        '"SEPT2",99,-2,0.2,-4,0,NA\n'
    )
    loaded = dge.load(path)
    assert list(loaded.genes) == ["name", "logFC", "pvalue", "padj", "baseMean"]
    assert loaded.genes["name"].tolist() == ["NA", "1E5", "SEPT2"]
    assert loaded.genes["logFC"].tolist()[0::2] == [1.25, -2.0]
    assert loaded.genes["pvalue"].tolist()[0::2] == [0.001, 0.0]
    assert (loaded.missing_p, loaded.missing_logFC) == (1, 1)
    assert loaded.notes == (
        "Log2 fold change is missing in 1 of 3 rows.",
        "Raw p-value is missing in 1 of 3 rows.",
        "Adjusted p-value is missing in 2 of 3 rows.",
    )
    assert loaded.log_mean is False


def test_edger_as_write_table_writes_it(table):
    """The header is one name shorter than the rows."""
    path = table("logFC\tlogCPM\tLR\tPValue\tFDR\nA\t1.5\t-0.3\t9\t0.01\t0.02\n", "edger.tsv")
    loaded = dge.load(path)
    assert loaded.genes.to_dict("records") == [
        {"name": "A", "logFC": 1.5, "pvalue": 0.01, "padj": 0.02, "baseMean": -0.3}
    ]
    assert (loaded.columns.source, loaded.log_mean) == ("edgeR", True)


def test_limma_in_gzip(tmp_path):
    path = tmp_path / "limma.csv.gz"
    path.write_bytes(gzip.compress(b",logFC,AveExpr,t,P.Value,adj.P.Val,B\nA,1,-2,3,0.5,0.5,-4\n"))
    loaded = dge.load(path)
    assert (loaded.columns.source, loaded.log_mean) == ("limma", True)


def test_the_simulated_table_survives_the_disk(tmp_path):
    genes = dge.simulate().genes
    genes.to_csv(tmp_path / "genes.csv", index=False)
    loaded = dge.load(tmp_path / "genes.csv")
    pd.testing.assert_frame_equal(loaded.genes, genes)
    assert (loaded.columns.source, loaded.notes) == ("seed layout", ())


def test_rows_without_names_are_numbered(table):
    loaded = dge.load(table("logFC,pvalue\n1,0.5\n-1,0.1\n"))
    assert loaded.genes["name"].tolist() == ["row 1", "row 2"]
    assert loaded.notes == ("The table names no genes: rows are numbered.",)


def test_repeated_and_empty_names_are_kept_and_told_apart(table):
    names = ["A", "A", "A (2)", "", "A", "B", "B"]
    rows = "".join(f"{name},{i},0.5\n" for i, name in enumerate(names))
    loaded = dge.load(table("symbol,logFC,pvalue\n" + rows))
    assert loaded.genes["name"].tolist() == [
        *("A", "A (3)", "A (2)", "row 4", "A (4)"),
        *("B", "B (2)"),
    ]
    assert loaded.genes["logFC"].tolist() == list(range(7)), "no row is moved or dropped"
    assert "missing in 1 of 7 rows" in loaded.notes[0]
    assert "several rows: 2 (A, B)" in loaded.notes[1]


@pytest.mark.parametrize("value", ["1.5", "-0.001", "1.0000001"])
@pytest.mark.parametrize("column", ["pvalue", "padj"])
def test_a_p_value_outside_its_range_is_found(table, column, value):
    cells = {"pvalue": "0.5", "padj": "0.5", column: value}
    path = table(f"gene,logFC,pvalue,padj\nA,1,0,1\nB,1,{cells['pvalue']},{cells['padj']}\n")
    with pytest.raises(TableError, match="P-values are outside 0 to 1 in 1 of 2 rows") as error:
        dge.load(path)
    assert error.value.where == f"{path}, line 3, column {column!r}"
    assert error.value.got == value


def test_negative_counts_are_refused_and_negative_logs_are_not(table):
    path = table("gene,logFC,pvalue,baseMean\nA,1,0.5,-3\n")
    with pytest.raises(TableError, match="Means of counts are negative in 1 of 1") as error:
        dge.load(path)
    assert (error.value.where, error.value.got) == (f"{path}, line 2, column 'baseMean'", "-3.0")
    assert dge.load(table("gene,logFC,pvalue,AveExpr\nA,1,0.5,-3\n")).log_mean is True


@pytest.mark.parametrize(("value", "log"), [("-3", True), ("3", False)])
def test_a_mean_of_your_own_is_a_log_when_it_is_negative(table, value, log):
    path = table(f"gene,logFC,pvalue,level\nA,1,0.5,{value}\n")
    assert dge.load(path, {"baseMean": "level"}).log_mean is log


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("gene,logFC,pvalue\nA,1,NA\nB,2,\n", "raw p-value holds no number"),
        ("gene,logFC,pvalue\nA,NA,0.1\nB,NA,0.2\n", "log2 fold change holds no number"),
    ],
)
def test_a_column_without_any_number_is_refused(table, text, message):
    with pytest.raises(TableError, match=message) as error:
        dge.load(table(text))
    assert error.value.got == "2 rows, all missing"


def test_a_question_about_columns_names_the_file(table):
    path = table("gene,symbol,logFC,pvalue\nA,B,1,0.5\n")
    with pytest.raises(TableError, match="2 columns could be the gene names") as error:
        dge.load(path)
    assert error.value.where == str(path)
    with pytest.raises(TableError, match="no log2 fold change") as error:
        dge.load(table("gene,effect,pvalue\nA,1,0.5\n"))
    assert error.value.where == str(path)


def test_words_in_a_column_of_numbers_are_named(table):
    with pytest.raises(TableError, match=r"(?s)genes\.csv.*line 3.*n\.s\."):
        dge.load(table("gene,logFC,pvalue\nA,1,0.5\nB,2,n.s.\n"))


names = st.text(st.characters(exclude_categories=("C", "Z"), exclude_characters='",;'), max_size=5)
numbers = st.one_of(st.none(), st.floats(-1e6, 1e6))
shares = st.one_of(st.none(), st.floats(0, 1))


@settings(max_examples=60, deadline=None)
@given(rows=st.lists(st.tuples(names, numbers, shares), min_size=1, max_size=20))
def test_counts_in_are_rows_out(rows, tmp_path_factory):
    path = tmp_path_factory.mktemp("load") / "genes.csv"
    cells = [[n, *("NA" if x is None else repr(x) for x in rest)] for n, *rest in rows]
    text = "\n".join(",".join(row) for row in [["gene", "logFC", "pvalue"], *cells]) + "\n"
    path.write_text(text, encoding="utf-8", newline="")
    fold, p = [row[1] for row in rows], [row[2] for row in rows]
    if all(x is None for x in fold) or all(x is None for x in p):
        with pytest.raises(TableError, match="holds no number"):
            dge.load(path)
        return
    loaded = dge.load(path)
    assert len(loaded.genes) == len(rows)
    assert loaded.genes["name"].is_unique
    assert (loaded.missing_logFC, loaded.missing_p) == (fold.count(None), p.count(None))
    np.testing.assert_array_equal(
        loaded.genes["logFC"], [math.nan if x is None else x for x in fold]
    )
    np.testing.assert_array_equal(loaded.genes["pvalue"], [math.nan if x is None else x for x in p])


def test_a_large_table_with_many_missing_values_and_repeats(tmp_path):
    random = np.random.RandomState(0)
    n = 60_000
    p = random.uniform(size=n)
    p[random.uniform(size=n) < 0.4] = np.nan
    frame = pd.DataFrame({"symbol": ["NA"] * 30_000 + [f"G{i}" for i in range(30_000)]})
    frame["baseMean"], frame["log2FoldChange"] = random.exponential(size=n), random.normal(size=n)
    frame["pvalue"], frame["padj"] = p, p
    frame.to_csv(tmp_path / "large.csv", index=False, na_rep="NA")
    start = time.perf_counter()
    loaded = dge.load(tmp_path / "large.csv")
    assert time.perf_counter() - start < 5, "no step may go over the rows again and again"
    assert len(loaded.genes) == n
    assert loaded.genes["name"].is_unique
    assert loaded.missing_p == int(np.isnan(p).sum())


# --- simulated


def test_the_published_table():
    genes = dge.simulate().genes
    significant = genes["pvalue"] < 0.05
    up = int((significant & (genes["logFC"] > 1)).sum())
    down = int((significant & (genes["logFC"] < -1)).sum())
    assert (up, down, len(genes) - up - down) == (46, 57, 97)


def test_the_draws_are_those_of_the_seed_study():
    random = np.random.RandomState(42)
    fold, p = random.normal(0, 2.5, 200), random.uniform(0, 1, 200)
    mean = random.exponential(1000, 200)
    p[fold > 1.5] = random.uniform(0, 0.01, (fold > 1.5).sum())
    p[fold < -1.5] = random.uniform(0, 0.01, (fold < -1.5).sum())
    genes = dge.simulate().genes
    assert list(genes) == ["name", "logFC", "pvalue", "baseMean"]
    np.testing.assert_array_equal(genes[["logFC", "pvalue", "baseMean"]], np.c_[fold, p, mean])
    assert genes["name"].tolist() == [f"Gene_{i}" for i in range(1, 201)]


def test_simulated_tables_depend_on_size_and_seed():
    assert len(dge.simulate(7).genes) == 7
    assert not dge.simulate(seed=1).genes.equals(dge.simulate(seed=2).genes)
    with pytest.raises(ParameterError, match="at least one gene"):
        dge.simulate(0)


# --- adjusted p-values


@settings(deadline=None)
@given(st.lists(st.one_of(st.floats(0, 1), st.just(math.nan)), max_size=40))
def test_benjamini_hochberg_agrees_with_scipy_and_skips_missing(p):
    p = np.array(p)
    adjusted = dge.benjamini_hochberg(p)
    present = ~np.isnan(p)
    np.testing.assert_array_equal(np.isnan(adjusted), ~present)
    if present.any():
        np.testing.assert_allclose(adjusted[present], false_discovery_control(p[present]))


def test_benjamini_hochberg_without_any_p_value():
    assert dge.benjamini_hochberg([]).tolist() == []
    assert np.isnan(dge.benjamini_hochberg([math.nan])).all()


@settings(deadline=None)
@given(st.text(string.printable, max_size=12), st.text(string.printable, max_size=12))
def test_recognition_answers_or_explains(one, other):
    """Whatever columns are called, there is a result or one of our errors of a few lines."""
    header = list(dict.fromkeys([one, other, "logFC", "pvalue"]))
    try:
        columns = dge.recognise(header)
    except AnalysisError as error:
        message = str(error)
    else:
        message = f"columns={{}}\n{columns.logFC}"
        assert {columns.logFC, columns.pvalue} <= set(header)
    assert "columns={" in message
    assert len(message.splitlines()) <= 5


def test_the_line_of_a_wrong_p_value_is_the_editors(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text('gene,logFC,pvalue\n"two\nlines",1,0.5\nb,-1,2\n')
    with pytest.raises(TableError, match=r"line 4, column 'pvalue'"):
        dge.load(path)


def test_a_parquet_file_has_rows_and_no_lines(tmp_path):
    path = tmp_path / "t.parquet"
    pd.DataFrame({"gene": ["a", "b"], "logFC": [1.0, -1], "pvalue": [0.5, 2]}).to_parquet(path)
    with pytest.raises(TableError, match=r"row 2, column 'pvalue'"):
        dge.load(path)

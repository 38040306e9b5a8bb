"""The whole way, from tables on disk to checked pages, by the commands of a user."""

from __future__ import annotations

import gzip
import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis_lib.datasets import golub_simulator
from analysis_lib.datasets.neurons import features, simulator
from analysis_lib.files import PROJECT, code_digest
from analysis_lib.runs.record import read_record
from analysis_lib.site import bundle
from tests.site.browsing import Watched, chromium

FIGURES = {
    "dge": (
        *("volcano", "ma", "p_histogram", "pca_2d", "pca_3d", "explained", "model_comparison"),
        *("roc", "confusion", "lasso_coefficients", "top_features", "leakage", "permutation"),
    ),
    "leukemia_network": (
        *("values", "explained", "pca_3d", "curves", "spread", "confusion", "roc"),
        *("precision_recall", "calibration", "patients"),
    ),
    "leukemia_classical": (
        *("embeddings", "embedding_quality", "clusters", "split_confusion"),
        *("independent_confusion", "genes", "confusion", "errors", "votes", "stability"),
        *("selection_bias", "permutation", "learning"),
    ),
    "ephys_lasso": (
        *("genes_kept", "scores", "against_r2", "against_rmse", "chance", "coefficient_map"),
        *("drivers", "stability", "chosen_genes", "extremes"),
    ),
    "geo_validation": (
        *("filter", "line_matrix", "own_and_others", "gene_ranks", "markers", "map_before"),
        *("map_measured", "map_predicted", "map_features", "map_measured_kind"),
        "map_predicted_spines",
    ),
}
TABLES = {
    "dge": ("columns", "top_genes", "scores", "audit"),
    "leukemia_network": ("scores", "hardest", "grid"),
    "leukemia_classical": ("cluster_counts", "report", "nested", "errors"),
    "ephys_lasso": ("genes", "ranges", "cells"),
    "geo_validation": ("lines", "genes", "quality"),
}
PARTS = (
    *("analysis_lib", "notebooks", "book", "_config.yml", "report.yml"),
    *bundle.FILES,  # what a run needs to be run again elsewhere
)
MOST_BYTES = 400_000
FASTER = """
leukemia_network:
  default: {repeats: 3, epochs: 40}
leukemia_classical:
  default:
    models: [logistic_l2, voting]
    cv_repeats: 1
    permutations: 20
    draws: 5
    resamples: 20
    embedding_seeds: 2
ephys_lasso:
  default: {permutations: 20, cv_repeats: 1, resamples: 10}
geo_validation:
  default: {permutations: 199}
"""
EVERY_MODEL = ("permutations=20", "cv_repeats=1")
QUICK = ("models=logistic", *EVERY_MODEL)


@dataclass
class Report:
    """A copy of the project in a folder of its own."""

    root: Path

    @property
    def html(self) -> Path:
        return self.root / "book" / "_build" / "html"

    def call(self, *words: str, status: int = 0) -> str:
        """Run the command line of the copy and return everything it printed."""
        done = subprocess.run(
            [sys.executable, "-m", "analysis_lib", *words],
            cwd=self.root,
            env={**os.environ, "PYTHONPATH": str(self.root)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert done.returncode == status, done.stdout
        return done.stdout

    def states(self) -> dict[Path, tuple[int, int]]:
        """Return time and size of every file of runs and site, to see what is written."""
        places = (self.root / "build" / "runs", self.html)
        return {
            path: (path.stat().st_mtime_ns, path.stat().st_size)
            for place in places
            for path in place.rglob("*")
            if path.is_file() and not path.name.startswith(".")
        }

    def page(self, run: str) -> str:
        return (self.html / "studies" / f"{run}.html").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def report(tmp_path_factory) -> Report:
    root = tmp_path_factory.mktemp("report") / "my own “report”"
    root.mkdir()
    for name in PARTS:
        source = PROJECT / name
        if source.is_dir():
            ignore = shutil.ignore_patterns("_build", "__pycache__", ".ipynb_checkpoints")
            shutil.copytree(source, root / name, ignore=ignore)
        else:
            (root / name).parent.mkdir(exist_ok=True)
            shutil.copy(source, root / name)
    (root / "book" / "reference.md").unlink()  # its pages have tests of their own
    made = Report(root)
    prepare(made)
    printed = made.call("book")
    assert str(made.html / "index.html") in printed
    return made


def prepare(made: Report) -> None:
    """Take over the runs of the book that is built here, or ask for the same in less time.

    Whether they can stand as they are is the engine's decision, as for any run that is there.
    """
    runs, code = PROJECT / "build" / "runs", code_digest(PROJECT / "analysis_lib")
    records = [runs / study / "default" for study in FIGURES]
    if all(p.is_dir() and read_record(p).parts["code"] == code for p in records):
        for path in sorted(runs.glob("*/default")) + sorted(runs.glob("dge/strict")):
            shutil.copytree(path, made.root / "build" / "runs" / path.relative_to(runs))
    else:
        own = (made.root / "report.yml").read_text().split("leukemia_network:")[0]
        (made.root / "report.yml").write_text(own + FASTER)


def test_the_default_run_reproduces_every_published_number(report):
    document = json.loads((report.root / "build/runs/dge/default/metrics.json").read_text())
    assert len(document["published"]) == 18
    assert {row["status"] for row in document["published"]} == {"reproduced"}
    assert "18 reproduced" in report.page("dge/default")
    every = [
        row["status"]
        for path in (report.root / "build/runs").glob("*/default/metrics.json")
        for row in json.loads(path.read_text())["published"]
    ]
    counted = f"reproduced</span></dt><dd>{every.count('reproduced')}</dd>"
    assert counted in (report.html / "index.html").read_text()


@pytest.mark.parametrize("study", FIGURES)
def test_the_page_of_a_study_has_every_figure_and_table_in_order(report, study):
    """That they are drawn is seen on every page of the built book (tests/site)."""
    shown = re.findall(
        r'<figure class="ar-\w+ [^>]*?id="((?:figure|table)-\w+)"', report.page(f"{study}/default")
    )
    figures = [name for name in shown if name.startswith("figure-")]
    assert figures == [f"figure-{name}" for name in FIGURES[study]]
    assert [n for n in shown if n not in figures] == [f"table-{name}" for name in TABLES[study]]


@pytest.mark.parametrize("study", FIGURES)
def test_pages_show_what_the_study_says_and_no_chatter_of_libraries(report, study):
    """Before: start-up messages of TensorFlow and of a progress bar stood between the figures."""
    assert len(report.page(f"{study}/default").encode()) < MOST_BYTES
    notebook = json.loads((report.root / f"build/runs/{study}/default/notebook.ipynb").read_text())
    outputs = [o for c in notebook["cells"] for o in c.get("outputs", [])]
    assert not [o for o in outputs if o["output_type"] == "stream"]


def test_both_leukemia_studies_read_one_kind_of_data(report):
    kinds = {
        read_record(report.root / "build" / "runs" / study / "default").data[0]["kind"]
        for study in ("leukemia_network", "leukemia_classical")
    }
    assert kinds == {"real" if os.environ.get("ANALYSIS_DATA_DIR") else "simulated"}


def test_the_kept_networks_call_new_samples(report):
    """Samples in columns, as the published file has them; then without a gene that is needed."""
    golub_simulator.simulate(report.root / "new", seed=7)
    genes = kept_genes(report)
    table = pd.read_csv(report.root / "new" / "data_set_ALL_AML_independent.csv", dtype=str)
    values = table.loc[:, [c for c in table if c.isdigit()]].set_axis(genes).T
    values.to_csv(report.root / "new" / "samples.csv", index_label="sample")
    printed = report.call("predict", "leukemia_network/default", "new/samples.csv")
    assert "probability of AML" in printed
    assert re.search(r"\d+ networks on 7,129 genes", printed)
    report.call("predict", "leukemia_network/default", "new/samples.csv", "-o", "new/called.csv")
    called = pd.read_csv(report.root / "new" / "called.csv", dtype={"sample": str})
    assert set(called["sample"]) == set(values.index)
    assert called["probability of AML"].between(0, 1).all()
    values.drop(columns=genes[100]).to_csv(report.root / "new" / "few.csv", index_label="sample")
    refused = report.call("predict", "leukemia_network/default", "new/few.csv", status=2)
    assert "1 gene is missing" in refused
    assert genes[100] in refused
    assert "Traceback" not in refused


def kept_genes(report) -> list[str]:
    model = report.root / "build/runs/leukemia_network/default/model/model.json"
    return json.loads(model.read_text())["genes"]


@pytest.mark.parametrize(
    ("run", "status", "message"),
    [
        ("dge/default", 2, "keeps no model"),
        ("leukemia_network/mine", 1, "There is no run leukemia_network/mine."),
        ("leukemia_netwrk/default", 2, "Did you mean 'leukemia_network'?"),
        ("leukemia_network", 2, "leukemia_network/<name>"),
    ],
)
def test_a_run_that_cannot_predict_is_told(report, run, status, message):
    printed = report.call("predict", run, "whatever.csv", status=status)
    assert message in printed
    assert "Traceback" not in printed


def test_a_model_that_was_changed_is_not_used(report):
    path = report.root / "build/runs/leukemia_network/default/model/numbers.npz"
    before = path.read_bytes()
    path.write_bytes(before[:-1] + b"x")
    printed = report.call("predict", "leukemia_network/default", "whatever.csv", status=1)
    path.write_bytes(before)
    assert "damaged" in printed
    assert "model/numbers.npz" in printed


def test_the_kept_models_predict_new_cells(report):
    """A table as published; then one of one's own, without a feature that is needed."""
    (report.root / "recorded").mkdir()
    _, _, path = simulator.simulate_ephys(report.root / "recorded", seed=9)
    run, cells = "ephys_lasso/default", str(path.relative_to(report.root))
    printed = report.call("predict", run, cells)
    assert "Models of 2,000 genes on 15 features" in printed
    assert "more columns are not shown" in printed
    report.call("predict", run, cells, "-o", "recorded/predicted.csv")
    predicted = pd.read_csv(report.root / "recorded" / "predicted.csv", dtype={"cell": str})
    assert predicted.shape == (888, 2002)
    few = features.derived(pd.read_csv(path)).drop(columns="sag")
    few.to_csv(report.root / "recorded" / "few.csv", index_label="cell")
    refused = report.call("predict", run, "recorded/few.csv", status=2)
    assert "sag" in refused
    assert "Traceback" not in refused


def test_the_validation_knows_which_models_it_judged(report):
    record = read_record(report.root / "build/runs/geo_validation/default")
    models = read_record(report.root / "build/runs/ephys_lasso/default")
    read = {file["name"]: file["sha256"] for file in record.data[0]["files"]}
    assert read == {
        name: models.files[f"model/{name}"]["sha256"] for name in ("genes.parquet", "cells.parquet")
    }
    assert "The models of ephys_lasso/default" in report.page("geo_validation/default")


def test_every_gene_of_a_run_can_be_looked_up(report):
    with chromium() as browser:
        watched = Watched(browser.new_context(offline=True).new_page())
        page = report.html / "genes/ephys_lasso/default.html"
        watched.page.goto(f"{page.as_uri()}#gene=Slc17a7")
        watched.page.get_by_text("R², held out", exact=True).first.wait_for()
        assert "Slc17a7" in watched.page.locator("main").inner_text()
        watched.quiet()


def test_nothing_is_done_when_nothing_changed(report):
    before = report.states()
    printed = report.call("book")
    assert "executing" not in printed
    assert "nothing changed" in printed
    assert report.states() == before


def test_one_changed_parameter_executes_one_notebook(report, tmp_path):
    path, run = report.root / "report.yml", report.root / "build/runs/dge/strict"
    before = path.read_text()
    shutil.copytree(run, tmp_path / "strict")
    path.write_text(before.replace("p_threshold: 0.01", "p_threshold: 0.02"))
    printed = report.call("book")
    assert "dge/strict: executing" in printed
    assert "dge/default: executing" not in printed
    path.write_text(before)
    shutil.rmtree(run)
    shutil.copytree(tmp_path / "strict", run)  # the other tests share this report


def deseq2(n: int, missing: float, seed: int = 0) -> pd.DataFrame:
    """A table as DESeq2 writes it: names in an unnamed column, NA where a test was not made."""
    rng = np.random.default_rng(seed)
    fold = rng.normal(0, 1.2, n)
    p = rng.uniform(size=n)
    changed = np.abs(fold) > 1.5
    p[changed] = rng.uniform(0, 1e-4, changed.sum()) ** 2
    p[:3] = 0.0
    p[rng.uniform(size=n) < missing] = np.nan
    return pd.DataFrame(
        {
            "": [f"ENSG{i:011d}" for i in range(n)],
            "baseMean": rng.exponential(300, n),
            "log2FoldChange": fold,
            "lfcSE": rng.uniform(0.1, 1, n),
            "stat": fold * 3,
            "pvalue": p,
            "padj": np.minimum(1, p * 1.5),
        }
    )


def edger(n: int) -> pd.DataFrame:
    """A table as edgeR's topTags is written by write.table: a header one name short."""
    source = deseq2(n, 0.0, seed=1)
    return pd.DataFrame(
        {
            "logFC": source["log2FoldChange"].to_numpy(),
            "logCPM": np.log2(source["baseMean"].to_numpy() + 1),
            "F": source["stat"].to_numpy() ** 2,
            "PValue": source["pvalue"].to_numpy(),
            "FDR": source["padj"].to_numpy(),
        },
        index=source[""],
    )


def limma(n: int) -> pd.DataFrame:
    """A table as limma's topTable is written by write.csv."""
    source = edger(n)
    return pd.DataFrame(
        {
            "logFC": source["logFC"],
            "AveExpr": source["logCPM"],
            "t": source["logFC"] * 3,
            "P.Value": source["PValue"],
            "adj.P.Val": source["FDR"],
            "B": source["logFC"],
        }
    )


@pytest.mark.long
def test_own_tables_get_a_right_page_each(report):
    """DESeq2, edgeR and limma; CSV, TSV and gzip; 60,000 genes with 40 % missing p-values."""
    own = report.root / "own tables"
    own.mkdir()
    large, small = deseq2(60_000, 0.4), deseq2(400, 0.1)
    large.to_csv(own / "deseq2.csv", index=False, na_rep="NA")
    with gzip.open(own / "deseq2.csv.gz", "wt") as file:
        small.to_csv(file, index=False, na_rep="NA")
    edger(400).to_csv(own / "edger.tsv", sep="\t", index_label=False)
    limma(400).to_csv(own / "limma.csv")
    runs = {
        "deseq2": ("deseq2.csv", EVERY_MODEL, "DESeq2", large["pvalue"].isna().sum(), 60_000),
        "gzipped": ("deseq2.csv.gz", QUICK, "DESeq2", small["pvalue"].isna().sum(), 400),
        "edger": ("edger.tsv", QUICK, "edgeR", 0, 400),
        "limma": ("limma.csv", QUICK, "limma", 0, 400),
    }
    for name, (file, words, *_) in runs.items():
        report.call("run", "dge", "--name", name, f"data=own tables/{file}", *words)
    report.call("book")
    for name, (file, _, tool, missing, genes) in runs.items():
        record = read_record(report.root / "build" / "runs" / "dge" / name)
        page = report.page(f"dge/{name}")
        assert record.data[0]["kind"] == "yours"
        assert record.data[0]["rows"] == genes
        assert f"by its name ({tool})" in page
        assert f"{genes:,} genes" in page
        assert file in page
        if missing:
            assert f"missing in {missing:,} of {genes:,} rows" in page
        assert "simulated data" not in page.split("At a glance")[0].split("<h1")[1]
        assert record.peak_memory_mb < 1000
    drawn = json.loads(
        (report.root / "build/runs/dge/deseq2/figures/volcano.info.json").read_text()
    )
    assert drawn["points_total"] + drawn["points_missing"] == 60_000
    assert drawn["points_drawn"] <= 20_000


def test_a_failed_run_gets_a_placeholder_and_the_rest_is_built(report):
    path = report.root / "report.yml"
    before = path.read_text()
    (report.root / "few.csv").write_text("gene,logFC,p\na,1,0.5\nb,-1,0.5\nc,2,0.1\n")
    more = "  gone:\n    data: not/there.csv\n  few:\n    data: few.csv\n"
    path.write_text(before.replace("dge:\n", f"dge:\n{more}"))
    printed = report.call("book", status=1)
    path.write_text(before)
    assert "These runs failed: dge/gone, dge/few." in printed
    assert "executing" not in printed
    assert "too few rows of class" in report.page("dge/few")
    assert "Traceback" not in printed
    assert "Your data file does not exist." in report.page("dge/gone")
    assert "ar-figure" in report.page("dge/default")


def test_a_mistake_in_the_report_changes_nothing(report):
    path = report.root / "report.yml"
    before, states = path.read_text(), report.states()
    path.write_text(before.replace("dge:\n", "dge:\n  typo:\n    p_treshold: 0.1\n"))
    printed = report.call("book", status=2)
    path.write_text(before)
    assert "Did you mean 'p_threshold'?" in printed
    assert report.states() == states

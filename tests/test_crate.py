"""The site described for machines: true to its files, the same twice, readable by the library."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import unquote, urlsplit

import pytest
from rocrate.model import root_dataset
from rocrate.rocrate import ROCrate
from rocrate.vocabs import RO_CRATE

from analysis_lib import files
from analysis_lib.files import PROJECT
from analysis_lib.runs.record import Failure
from analysis_lib.site import Book, SiteRun, crate
from analysis_lib.site.privacy import Privacy
from analysis_lib.site.publish import PLOTLY, publish_run
from tests.site.fixtures import (
    CATALOGUE,
    DATA,
    HOSTILE,
    STUDY,
    finished,
    gallery,
    new_failure,
    new_project,
    new_record,
    new_run,
)

SCHEMA = "http://schema.org/"
SUFFIXES = {".csv", ".png", ".json", ".ipynb", ".bib", ".zip"}


@pytest.fixture
def project(tmp_path):
    return described_project(tmp_path / "a project")


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> SimpleNamespace:
    """The files of the gallery, published and described; not to be written to."""
    made = described_project(tmp_path_factory.mktemp("crate") / "a project")
    book = gallery(made)
    html = published(made, book)
    return SimpleNamespace(project=made, book=book, html=html, entities=entities(html))


def described_project(root: Path):
    project = new_project(root)
    shutil.copy(PROJECT / "CITATION.cff", root)
    return project


def published(project, book: Book) -> Path:
    """Publish the files of a book, with pages that say nothing, and describe them."""
    html = project.root / "html"
    for run in book.runs:
        publish_run(run, html, Privacy(project.root))
        files.write_text(html / f"{run.page}.html", f"<h1>{run.name}</h1>")
    files.write_text(html / PLOTLY, "plotly")
    crate.write(book, html, project.root)
    return html


def entities(html: Path) -> dict[str, dict]:
    graph = json.loads((html / crate.NAME).read_text(encoding="utf-8"))["@graph"]
    found = {entity["@id"]: entity for entity in graph}
    assert len(found) == len(graph)
    return found


def refs(value) -> list[str]:
    return [each["@id"] for each in (value if isinstance(value, list) else [value])]


def of_type(found, kind: str) -> list[dict]:
    return [entity for entity in found.values() if entity["@type"] == kind]


# What it says


def test_the_library_reads_it_again(site):
    read = ROCrate(site.html)
    assert read.name == "Gene expression report"
    assert read.root_dataset["version"] == "0.1.0"
    assert read.license.id == "https://spdx.org/licenses/MIT"
    assert f"{read.datePublished:%Y-%m-%dT%H:%M:%SZ}" == "2026-11-21T08:14:21Z"
    assert read.root_dataset["conformsTo"].id == crate.PROFILE
    actions = {action.id for action in read.get_by_type("CreateAction")}
    assert actions == set(refs(entities(site.html)["./"]["mentions"]))
    assert len(read.data_entities) == len(of_type(site.entities, "File"))


def test_every_term_is_one_of_its_context(site):
    document = json.loads((site.html / crate.NAME).read_text())
    assert document["@context"] == f"https://w3id.org/ro/crate/{crate.SPECIFICATION}/context"
    described = site.entities["ro-crate-metadata.json"]
    assert described["conformsTo"] == {"@id": f"https://w3id.org/ro/crate/{crate.SPECIFICATION}"}
    terms = {key for entity in document["@graph"] for key in entity if not key.startswith("@")}
    terms |= {entity["@type"] for entity in document["@graph"]}
    assert terms <= set(RO_CRATE["@context"])


def test_every_reference_leads_to_an_entity(site):
    for entity in site.entities.values():
        for key, value in entity.items():
            items = value if isinstance(value, list) else [value]
            for item in items:
                if isinstance(item, dict) and key != "conformsTo":
                    assert item["@id"] in site.entities, (entity["@id"], key)


def test_every_file_is_there_with_its_size_and_checksum(site):
    named = set()
    for entity in of_type(site.entities, "File"):
        if urlsplit(entity["@id"]).scheme:
            continue
        path = site.html / unquote(entity["@id"])
        assert entity["contentSize"] == str(path.stat().st_size)
        assert entity["sha256"] == files.sha256(path)
        assert entity["encodingFormat"]
        named.add(path)
    there = {p for p in (site.html / "files").rglob("*") if p.suffix in SUFFIXES}
    pages = {site.html / f"{run.page}.html" for run in site.book.runs}
    assert named == there | pages
    assert not list(crate.faults(site.html))


def test_figures_say_what_they_show(site):
    figure = site.entities["files/dge/default/figures/volcano.png"]
    assert figure["description"].startswith("46 genes are up")
    data = site.entities["files/dge/default/figures/volcano.csv"]
    assert data["description"] == "Fold change against significance."


def test_every_run_is_an_action_with_its_state(site):
    actions = {e["@id"]: e for e in of_type(site.entities, "CreateAction")}
    states = {name: action["actionStatus"] for name, action in actions.items()}
    good, failed = f"{SCHEMA}CompletedActionStatus", f"{SCHEMA}FailedActionStatus"
    assert states == {
        **{f"#run/dge/{name}": good for name in ("default", "strict", "older", "my-run")},
        **{f"#run/dge/{name}.failed": failed for name in ("broken", "older")},
    }
    assert set(refs(site.entities["./"]["mentions"])) == set(actions)
    run = actions["#run/dge/default"]
    assert (run["startTime"], run["endTime"]) == ("2026-11-21T08:14:09Z", "2026-11-21T08:14:21Z")
    results = {name for name in refs(run["result"]) if name.startswith("files/dge/default/")}
    assert "files/dge/default/tables/top_genes.csv" in results
    assert "files/dge/default/notebook.ipynb" in results
    assert "studies/dge/default.html" in refs(run["subjectOf"])
    assert "the library's code" in actions["#run/dge/strict"]["description"]


def test_a_failure_tells_its_error_without_folders_and_colours(project):
    message = f"\x1b[0;31mOSError\x1b[0m: {project.root}/data/x.csv\n{HOSTILE}"
    run = SiteRun("dge", "broken", None, None, new_failure(project, "broken", message))
    found = entities(published(project, Book([run], [STUDY], CATALOGUE)))
    action = found["#run/dge/broken.failed"]
    assert action["error"] == f"OSError: data/x.csv\n{HOSTILE}"
    assert "result" not in action
    assert refs(action["subjectOf"]) == ["studies/dge/broken.html"]


def test_a_run_that_failed_before_it_began_is_described(project):
    failure = new_record(
        "early", status="failed", key="", versions={}, git=None, error=Failure("no data")
    )
    html = published(project, Book([SiteRun("dge", "early", None, None, failure)], [STUDY]))
    assert ROCrate(html).get("#run/dge/early.failed")["error"] == "no data"


def test_the_notebook_is_the_instrument_with_its_versions(site):
    (instrument,) = refs(site.entities["#run/dge/default"]["instrument"])
    notebook = site.entities[instrument]
    assert (notebook["@type"], notebook["name"]) == ("SoftwareSourceCode", "notebooks/dge.ipynb")
    assert notebook["identifier"] == "0123456789abcdef"
    needed = {
        site.entities[name]["name"]: site.entities[name]
        for name in refs(notebook["softwareRequirements"])
    }
    assert {name: each["softwareVersion"] for name, each in needed.items()} == {
        "numpy": "2.4.6",
        "scikit-learn": "1.9.1",
    }
    assert site.entities[notebook["programmingLanguage"]["@id"]]["version"] == "3.11.2"


def test_parameters_are_values_with_their_meaning(site):
    def value(run: str, name: str):
        return site.entities[f"#parameter/dge/{run}/{name}"]["value"]

    assert value("strict", "p_threshold") == 0.01
    assert value("strict", "data") == "null"
    assert value("my-run", "data") == "data/genes.csv"
    described = site.entities["#parameter/dge/default/p_threshold"]
    assert described["description"] == "Largest p-value of a call."
    assert described["@id"] in refs(site.entities["#run/dge/default"]["object"])


def test_data_are_named_by_address_checksum_or_as_simulated(site):
    def inputs(run: str) -> list[dict]:
        found = [site.entities[name] for name in refs(site.entities[f"#run/dge/{run}"]["object"])]
        return [entity for entity in found if entity["@type"] != "PropertyValue"]

    (simulated,) = inputs("default")
    assert simulated["name"] == "Differential expression (simulated)"
    assert "simulator; rows: 200." in simulated["description"]
    (own,) = inputs("my-run")
    assert (own["@type"], own["name"], own["sha256"]) == ("MediaObject", HOSTILE, "ab" * 32)
    (public,) = inputs("older")
    assert (public["@id"], public["@type"]) == ("https://example.org/train.csv", "File")
    assert public["sha256"] == "cd" * 32
    article = site.entities[public["citation"]["@id"]]
    assert article["@id"] == "https://doi.org/10.1126/science.286.5439.531"
    assert article["@type"] == "ScholarlyArticle"
    assert refs(site.entities["./"]["citation"]) == [article["@id"]]


def test_the_size_of_a_public_file_is_that_of_the_catalogue(project):
    file = CATALOGUE[1].files[0]
    entry = {
        **DATA,
        "kind": "real",
        "dataset": "golub",
        "files": [{"name": file.name, "address": file.address, "sha256": "cd" * 32}],
    }
    run = new_run(project, data=[entry])
    found = entities(published(project, Book([run], [STUDY], CATALOGUE)))
    assert found[file.address]["contentSize"] == str(file.size)
    assert found[file.address]["conditionsOfAccess"] == "See the source."


def read_from(address: str | None, sha256: str, name: str = "counts.csv") -> list[dict]:
    kind = "real" if address else "yours"
    read = [{"name": name, "address": address, "sha256": sha256}]
    return [{**DATA, "kind": kind, "dataset": "counts", "files": read}]


def test_what_one_run_made_and_another_read_is_one_thing(project):
    first = new_run(project)
    files.write_text(first.folder / "model" / "genes.parquet", "model")
    first = finished(first)
    digest = files.sha256(first.folder / "model" / "genes.parquet")
    second = new_run(project, "reader", data=read_from(None, digest, "genes.parquet"))
    found = entities(published(project, Book([first, second], [STUDY])))
    assert f"#file/{digest}" in refs(found["#run/dge/default"]["result"])
    assert f"#file/{digest}" in refs(found["#run/dge/reader"]["object"])


def test_other_bytes_from_the_same_address_are_another_file(project):
    address = "https://example.org/counts.csv"
    runs = [
        new_run(project, "one", data=read_from(address, "ab" * 32)),
        new_run(project, "two", data=read_from(address, "cd" * 32)),
    ]
    found = entities(published(project, Book(runs, [STUDY])))
    assert found[address]["sha256"] == "ab" * 32
    assert f"#file/{'cd' * 32}" in refs(found["#run/dge/two"]["object"])


# Hostile names


@pytest.mark.parametrize(
    "name",
    ["a b.csv", "50%25.csv", "é基.csv", "a#b?c.csv", "<img onerror=x>.csv", "'\"`$x$.csv", "..csv"],
)
def test_a_file_of_any_name_is_described_and_found_again(project, name):
    run = new_run(project)
    html = published(project, Book([run], [STUDY]))
    files.write_text(html / run.files / "tables" / name, "x\n1\n")
    assert list(crate.faults(html)) == [f"{crate.NAME} does not name {run.files}/tables/{name}"]
    crate.write(Book([run], [STUDY]), html, project.root)
    assert not list(crate.faults(html))
    assert len(ROCrate(html).get_by_type("File")) == len(of_type(entities(html), "File"))


@pytest.mark.parametrize("name", ["</script><b>", "a run", "100%", "#x", "../up", "é"])
def test_a_run_of_any_name_is_described(project, name):
    record = new_record(name, parameters={HOSTILE: HOSTILE}, versions={HOSTILE: HOSTILE})
    failed = replace(record, status="failed", error=Failure(HOSTILE))
    run = SiteRun("dge", name, None, None, failed)
    crate.write(Book([run], [STUDY]), project.root, project.root)
    assert not list(crate.faults(project.root))
    (action,) = ROCrate(project.root).get_by_type("CreateAction")
    (parameter,) = [e for e in action["object"] if e.type == "PropertyValue"]
    assert (parameter["name"], parameter["value"]) == (HOSTILE, HOSTILE)


@pytest.mark.parametrize("address", ["javascript:alert(1)", "file:///srv/x.csv", "//x/y", "x.csv"])
def test_an_address_that_is_none_is_not_followed(project, address):
    run = new_run(project, data=read_from(address, "ab" * 32))
    found = entities(published(project, Book([run], [STUDY])))
    assert f"#file/{'ab' * 32}" in refs(found["#run/dge/default"]["object"])
    assert address not in found


def test_every_id_is_an_address(site):
    for name in site.entities:
        assert re.fullmatch(r"[\w./:#%~()+,;=@!?&*-]+", name, flags=re.ASCII), name


def test_no_folder_of_this_machine_is_named(site):
    text = (site.html / crate.NAME).read_text()
    assert Privacy(site.project.root).leak(text) is None
    assert str(site.project.root) not in text


# The same twice


def test_it_is_the_same_twice_elsewhere_and_at_another_time(site, tmp_path, monkeypatch):
    monkeypatch.setattr(root_dataset, "iso_now", lambda: "1999-01-01T00:00:00+00:00")
    html = tmp_path / "elsewhere" / "html"
    shutil.copytree(site.html, html)
    (html / crate.NAME).unlink()
    crate.write(site.book, html, site.project.root)
    assert (html / crate.NAME).read_bytes() == (site.html / crate.NAME).read_bytes()


def test_entities_stand_in_order(site):
    names = list(site.entities)
    assert names[:2] == [crate.NAME, "./"]
    assert names[2:] == sorted(names[2:])


def test_a_book_without_a_run_has_no_date_and_not_that_of_today(project):
    crate.write(Book([], [STUDY]), project.root, project.root)
    assert "datePublished" not in entities(project.root)["./"]


def test_a_person_is_an_author(project):
    author = "  - given-names: Ada\n    family-names: Lovelace\n    orcid: https://orcid.org/0\n"
    text = (project.root / "CITATION.cff").read_text()
    (project.root / "CITATION.cff").write_text(text.replace("authors:\n", f"authors:\n{author}"))
    crate.write(Book([], [STUDY]), project.root, project.root)
    found = entities(project.root)
    assert found["https://orcid.org/0"]["name"] == "Ada Lovelace"
    assert found["https://orcid.org/0"]["@type"] == "Person"


def test_the_library_is_loaded_when_it_is_used():
    code = "import sys, analysis_lib.site.crate; print('rocrate' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


# Faults, each planted


@pytest.fixture
def copy(site, tmp_path) -> Path:
    shutil.copytree(site.html, tmp_path / "html")
    return tmp_path / "html"


TABLE = "files/dge/default/tables/top_genes.csv"


@pytest.mark.parametrize(
    ("harm", "fault"),
    [
        ("remove", f"names a file that is not there: {TABLE}"),
        ("cut", f"describes {TABLE} as it was before"),
        ("change", f"describes {TABLE} as it was before"),
        ("add", "does not name files/dge/default/tables/new.csv"),
        ("no crate", "the site has no ro-crate-metadata.json"),
        ("half a crate", "cannot be read: JSONDecodeError"),
        ("no crate in it", "cannot be read: TypeError"),
    ],
)
def test_a_fault_is_found(copy, harm, fault):
    table = copy / TABLE
    content = table.read_bytes()
    if harm == "remove":
        table.unlink()
    elif harm == "cut":
        table.write_bytes(content[:-1])
    elif harm == "change":
        table.write_bytes(content.swapcase())
    elif harm == "add":
        (table.parent / "new.csv").write_text("x\n")
    elif harm == "no crate":
        (copy / crate.NAME).unlink()
    else:
        (copy / crate.NAME).write_text("[]" if harm == "no crate in it" else '{"@graph": [')
    (found,) = crate.faults(copy)
    assert fault in found


def test_a_folder_without_published_files_needs_no_description(tmp_path):
    (tmp_path / "index.html").write_text("page")
    assert not list(crate.faults(tmp_path))

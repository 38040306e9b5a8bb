"""Yours, else real when complete and right, else simulated; never a mixture."""

import hashlib
import json
from dataclasses import replace

import pytest

from analysis_lib import files
from analysis_lib.datasets import CATALOGUE, choose, sources
from analysis_lib.datasets.catalogue import DataSet, RemoteFile
from analysis_lib.errors import DataError

CONTENTS = {"values.csv": b"gene,value\nA,1\n", "labels.csv": b"patient,cancer\n1,ALL\n"}


def checksum(content):
    return hashlib.sha256(content).hexdigest()


def data_set(simulator="somewhere:simulate", checked=True):
    files = tuple(
        RemoteFile(
            name,
            f"https://example.org/{name}",
            len(content),
            f"sha256:{checksum(content)}" if checked else None,
        )
        for name, content in CONTENTS.items()
    )
    return DataSet(
        "toy", "Toy patients", "nobody", None, "free", files, (), ("dge",), "toys", simulator
    )


@pytest.fixture
def lay(tmp_path):
    """Put files into a sub-folder of the data folder."""

    def put(*names, below="toys", **changed):
        folder = tmp_path / below
        folder.mkdir(exist_ok=True)
        for name in names:
            content = changed.get(name.removesuffix(".csv"), CONTENTS[name])
            (folder / name).write_bytes(content)
        return tmp_path

    return put


@pytest.mark.parametrize("below", ["toys", "toy", "."])
def test_real_files_are_used_when_all_are_there(lay, below):
    folder = lay(*CONTENTS, below=below)
    source = choose(data_set(), folders=[folder])
    assert (source.kind, source.title, source.note) == ("real", "Toy patients", "")
    assert [file.name for file in source.files] == list(CONTENTS)
    assert [file.sha256 for file in source.files] == [checksum(c) for c in CONTENTS.values()]
    assert source.files[0].address == "https://example.org/values.csv"
    assert source.files[0].path.read_bytes() == CONTENTS["values.csv"]


def test_nothing_there_is_simulated(tmp_path):
    source = choose(data_set(), folders=[tmp_path])
    assert (source.kind, source.files, source.note) == ("simulated", (), "")


def test_files_in_part_are_never_mixed(lay):
    source = choose(data_set(), folders=[lay("values.csv")])
    assert (source.kind, source.files) == ("simulated", ())
    assert "missing: labels.csv" in source.note


def test_two_halves_in_two_folders_are_no_whole(tmp_path):
    folders = [tmp_path / "a", tmp_path / "b"]
    for folder, (name, content) in zip(folders, CONTENTS.items(), strict=True):
        folder.mkdir()
        (folder / name).write_bytes(content)
    assert choose(data_set(), folders=folders).kind == "simulated"


def two_sets():
    values, labels = data_set().files
    first = replace(data_set(), name="values", title="Values", files=(values,))
    return first, replace(data_set(), name="labels", title="Labels", files=(labels,))


def test_sets_that_belong_together_are_real_when_all_are_there(lay):
    folder = lay(*CONTENTS)
    chosen = sources.choose_together(two_sets(), folders=[folder])
    assert [(s.dataset, s.kind, s.note) for s in chosen] == [
        ("values", "real", ""),
        ("labels", "real", ""),
    ]


@pytest.mark.parametrize(
    ("there", "absent"), [("values.csv", "labels.csv"), ("labels.csv", "values.csv")]
)
def test_sets_that_belong_together_are_never_mixed(lay, there, absent):
    folder = lay(there)
    chosen = sources.choose_together(two_sets(), folders=[folder])
    assert {s.kind for s in chosen} == {"simulated"}
    assert all(s.files == () for s in chosen)
    told = "Real files are here in part, so none is used; missing: " + absent + "."
    assert [s.note for s in chosen] == [told, ""]


def test_sets_that_are_not_here_at_all_need_no_note(tmp_path):
    chosen = sources.choose_together(two_sets(), folders=[tmp_path])
    assert [(s.kind, s.note) for s in chosen] == [("simulated", "")] * 2


def test_a_changed_file_of_one_set_is_an_error_for_all(lay):
    folder = lay("values.csv", values=b"gene,value\nA,2\n")
    folder = lay("labels.csv")
    with pytest.raises(DataError, match=r"values\.csv"):
        sources.choose_together(two_sets(), folders=[folder])


def test_a_growing_file_does_not_count(lay):
    folder = lay("values.csv")
    (folder / "toys" / "labels.csv.part").write_bytes(CONTENTS["labels.csv"])
    assert choose(data_set(), folders=[folder]).kind == "simulated"


def test_the_first_complete_folder_wins(lay, tmp_path):
    lay(*CONTENTS, below="one")
    lay(*CONTENTS, below="two")
    source = choose(data_set(), folders=[tmp_path, tmp_path / "two", tmp_path / "one"])
    assert source.files[0].path.parent.name == "two"


def test_a_changed_file_is_an_error_not_a_simulation(lay, tmp_path):
    changed = b"patient,cancer\n1,AML\n"
    folder = lay(*CONTENTS, labels=changed)
    with pytest.raises(DataError, match="damaged or was changed") as error:
        choose(data_set(), folders=[folder])
    assert error.value.where == str(tmp_path / "toys" / "labels.csv")
    assert error.value.expected == f"sha256:{checksum(CONTENTS['labels.csv'])}"
    assert error.value.got == f"sha256:{checksum(changed)}"


def test_a_right_set_elsewhere_outweighs_a_changed_file(lay, tmp_path):
    bad = lay(*CONTENTS, labels=b"wrong", below="toys")
    good = tmp_path / "good"
    good.mkdir()
    for name, content in CONTENTS.items():
        (good / name).write_bytes(content)
    assert choose(data_set(), folders=[bad, good]).files[0].path.parent == good


def test_files_without_a_checksum_are_used_and_said(lay):
    source = choose(data_set(checked=False), folders=[lay(*CONTENTS)])
    assert source.kind == "real"
    assert "No checksum is published for values.csv, labels.csv" in source.note


def test_a_pin_is_a_checksum(lay):
    folder = lay(*CONTENTS)
    pins = {f"https://example.org/{n}": f"sha256:{checksum(c)}" for n, c in CONTENTS.items()}
    (folder / "pins.json").write_text(json.dumps(pins))
    assert choose(data_set(checked=False), folders=[folder]).note == ""
    (folder / "toys" / "values.csv").write_bytes(b"gene,value\nB,1\n")
    with pytest.raises(DataError, match="damaged or was changed"):
        choose(data_set(checked=False), folders=[folder])


def test_nothing_there_and_no_simulator_says_how_to_fetch(tmp_path):
    with pytest.raises(DataError, match="nothing simulates them") as error:
        choose(data_set(simulator=None), folders=[tmp_path])
    assert error.value.remedy == "Fetch them: make data STUDY=dge"


def test_your_file_comes_first(lay, tmp_path):
    folder = lay(*CONTENTS)
    own = tmp_path / "mine.csv"
    own.write_bytes(b"mine")
    source = choose(CATALOGUE["dge_table"], own, folders=[folder])
    (file,) = source.files
    assert source.kind == "yours"
    assert (file.name, file.path, file.address) == ("mine.csv", own, None)
    assert file.sha256 == checksum(b"mine")


def test_your_folder_must_hold_every_file(lay):
    folder = lay("values.csv") / "toys"
    with pytest.raises(DataError, match=r"(?s)does not hold all files.*missing: labels.csv"):
        choose(data_set(), folder)
    lay("labels.csv")
    source = choose(data_set(), str(folder))
    assert (source.kind, len(source.files)) == ("yours", 2)


def test_your_own_tables_are_each_a_file(lay, tmp_path):
    folder = lay(*CONTENTS) / "toys"
    paths = [folder / "labels.csv", str(folder / "values.csv")]
    source = choose(data_set(), paths)
    assert (source.kind, [file.name for file in source.files]) == (
        "yours",
        ["labels.csv", "values.csv"],
    )
    assert source.files[1].sha256 == checksum(CONTENTS["values.csv"])
    for bad, message in ((folder / "no.csv", "does not exist"), (folder, "is a folder")):
        with pytest.raises(DataError, match=message) as error:
            choose(data_set(), [paths[0], bad])
        assert error.value.where == str(bad)
    assert choose(data_set(), [folder]).files == choose(data_set(), folder).files


@pytest.mark.parametrize("path", ["nowhere.csv", "."], ids=["absent", "a folder"])
def test_a_path_that_is_no_file_is_never_replaced_by_other_data(lay, path, monkeypatch):
    monkeypatch.chdir(lay(*CONTENTS))
    with pytest.raises(DataError, match=r"does not exist|is a folder") as error:
        choose(CATALOGUE["dge_table"], path)
    assert error.value.where == path


@pytest.mark.parametrize("nothing", [None, "", []])
def test_no_path_is_no_choice(nothing, tmp_path):
    assert choose(CATALOGUE["dge_table"], nothing, folders=[tmp_path]).kind == "simulated"


def test_a_record_tells_no_path(lay, tmp_path):
    record = choose(data_set(), folders=[lay(*CONTENTS)]).record(72)
    assert str(tmp_path) not in json.dumps(record)
    assert {k: record[k] for k in ("dataset", "kind", "title", "rows")} == {
        "dataset": "toy",
        "kind": "real",
        "title": "Toy patients",
        "rows": 72,
    }
    assert record["files"][1] == {
        "name": "labels.csv",
        "address": "https://example.org/labels.csv",
        "sha256": checksum(CONTENTS["labels.csv"]),
    }


class TestDataFolders:
    @pytest.fixture(autouse=True)
    def project(self, tmp_path, monkeypatch):
        monkeypatch.delenv(sources.FOLDER_VARIABLE, raising=False)
        self.root = tmp_path / "project"
        for folder in ("data", "build/downloads", "notebooks"):
            (self.root / folder).mkdir(parents=True)
        (tmp_path / "elsewhere").mkdir()
        monkeypatch.setattr(files, "PROJECT", self.root)

    def test_data_then_downloads_of_the_project(self):
        assert sources.data_folders() == [self.root / "data", self.root / "build" / "downloads"]
        assert sources.download_folder() == self.root / "build" / "downloads"

    def test_the_variable_comes_first_and_counts_from_the_project(self, monkeypatch):
        monkeypatch.setenv(sources.FOLDER_VARIABLE, "../elsewhere")
        first = sources.data_folders()[0]
        assert first.resolve() == self.root.parent / "elsewhere"

    def test_a_variable_that_leads_nowhere_is_an_error(self, monkeypatch):
        monkeypatch.setenv(sources.FOLDER_VARIABLE, "../elsewehre")
        with pytest.raises(DataError, match="ANALYSIS_DATA_DIR names a folder") as error:
            sources.data_folders()
        assert "elsewehre" in error.value.where

    def test_where_a_command_is_typed_does_not_move_the_downloads(self, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        assert sources.download_folder() == self.root / "build" / "downloads"


def test_whereabouts_finds_files_in_every_data_folder(tmp_path, monkeypatch):
    real = tmp_path / "real"
    (real / "golub").mkdir(parents=True)
    first = CATALOGUE["golub"].files[0]
    content = b"not the real one"
    (real / "golub" / first.name).write_bytes(content)
    monkeypatch.setattr(files, "PROJECT", tmp_path)
    monkeypatch.setenv("ANALYSIS_DATA_DIR", str(real))
    rows = {(row.dataset, row.file): row for row in sources.whereabouts()}
    assert rows["golub", first.name].state == "missing"  # damaged elsewhere is not what is here
    checksum = f"sha256:{hashlib.sha256(content).hexdigest()}"
    pinned = replace(CATALOGUE["golub"], files=(replace(first, checksum=checksum),))
    rows = {(r.dataset, r.file): r for r in sources.whereabouts({"golub": pinned})}
    assert rows["golub", first.name].state == "verified"
    assert rows["golub", first.name].path == real / "golub" / first.name

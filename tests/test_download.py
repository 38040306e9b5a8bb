"""Downloads against a real server: resumed, verified, atomic."""

import gzip
import hashlib
import json
import sys

import pytest

from analysis_lib.datasets import checking, download
from analysis_lib.datasets.catalogue import DataSet, RemoteFile
from analysis_lib.datasets.progress import Bars, Lines
from analysis_lib.datasets.transfer import Patience
from analysis_lib.errors import DataError
from tests import local_server

CONTENT = b"gene,value\n" + b"".join(b"G%d,%d\n" % (i, i * i) for i in range(40_000))


KEPT = 100_000  # every byte that came
RIGHT = "sha256:" + hashlib.sha256(CONTENT).hexdigest()


class Heard:
    """A progress that remembers what it was told."""

    def __init__(self):
        self.said, self.begun, self.bytes = [], [], 0

    def say(self, text):
        self.said.append(text)

    def begin(self, name, done, total):
        self.begun.append((name, done, total))

    def advance(self, count):
        self.bytes += count

    def end(self):
        pass


def sha256(content):
    return "sha256:" + hashlib.sha256(content).hexdigest()


def git_blob(content):
    head = b"blob %d\0" % len(content)
    return "git-blob:" + hashlib.sha1(head + content, usedforsecurity=False).hexdigest()


def catalogue_of(site, checksum, name="genes.csv", address=None):
    file = RemoteFile(name, address or site.address, None, checksum)
    entry = DataSet("toy", "Toy", "nobody", None, "free", (file,), (), ("dge",), "toy")
    return {"toy": entry}


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


@pytest.fixture
def site():
    with local_server.serving(CONTENT) as served:
        yield served


@pytest.fixture
def heard():
    return Heard()


@pytest.fixture
def get(site, tmp_path, heard):
    """Fetch the toy data set; the waits asked for are recorded, not waited."""

    def fetch(checksum=RIGHT, **where):
        entry = catalogue_of(site, checksum, **where)
        patience = Patience(sleep=get_waits.append)
        return download.fetch(["toy"], tmp_path, heard, patience=patience, catalogue=entry)

    get_waits: list[float] = []
    fetch.waits = get_waits
    return fetch


def names(folder):
    return sorted(p.name for p in folder.rglob("*") if p.is_file() and p.name != ".download.lock")


@pytest.mark.parametrize(
    ("checksum", "left"),
    [
        (RIGHT, ["genes.csv"]),
        (git_blob(CONTENT), ["genes.csv"]),
        (None, ["genes.csv", "pins.json"]),
    ],
    ids=["sha256", "git blob", "pinned at first download"],
)
def test_a_file_comes_whole_and_verified(get, tmp_path, heard, checksum, left):
    (path,) = get(checksum)
    assert path == tmp_path / "toy" / "genes.csv"
    assert path.read_bytes() == CONTENT
    assert names(tmp_path) == left
    assert heard.begun == [("genes.csv", 0, len(CONTENT))]
    assert heard.bytes == len(CONTENT)


def test_a_file_that_is_there_is_not_fetched_again(get, site, heard):
    get()
    get()
    assert len(site.asked) == 1
    assert heard.said[-1] == "genes.csv: here, verified"


def test_a_broken_off_download_is_resumed(get, site, tmp_path, heard):
    site.behaviours = [local_server.cut_after(100_000), local_server.good]
    (path,) = get()
    assert path.read_bytes() == CONTENT
    assert site.asked[1]["Range"] == f"bytes={KEPT}-"
    assert site.asked[1]["If-Range"] == site.etag
    assert heard.begun[1] == ("genes.csv", KEPT, len(CONTENT))
    assert heard.bytes == len(CONTENT), "nothing that was kept came twice"
    assert names(tmp_path) == ["genes.csv"]


def test_a_later_session_goes_on_where_the_first_stopped(get, site, tmp_path):
    site.behaviours = [local_server.cut_after(100_000), local_server.answers(503)]
    with pytest.raises(DataError, match=r"4 attempts.*\n.*\n.*503.*\n.*100 kB are kept"):
        get()
    assert names(tmp_path) == ["genes.csv.part", "genes.csv.part.json"]
    site.behaviours = [local_server.good]
    (path,) = get()
    assert path.read_bytes() == CONTENT
    assert site.asked[-1]["Range"] == f"bytes={KEPT}-"


def test_a_file_that_changed_between_the_pieces_is_not_glued_together(get, site):
    site.behaviours = [local_server.cut_after(100_000), local_server.answers(503)]
    with pytest.raises(DataError):
        get(None)
    site.content = CONTENT.replace(b"G", b"H")
    site.behaviours = [local_server.good]
    (path,) = get(None)
    assert path.read_bytes() == site.content


def test_pieces_of_two_versions_are_noticed_even_when_the_server_does_not(get, site, heard):
    """The server knows no If-Range: the checksum finds out, and it is fetched in one piece."""
    site.behaviours = [local_server.cut_after(100_000, tagged=False), local_server.answers(503)]
    with pytest.raises(DataError):
        get()
    site.content = CONTENT.replace(b"G", b"H")
    site.behaviours = [local_server.good]
    (path,) = get(sha256(site.content))
    assert path.read_bytes() == site.content
    assert any("pieces do not fit" in text for text in heard.said)


def test_without_checksum_and_validator_nothing_is_joined(get, site):
    site.behaviours = [local_server.cut_after(100_000, tagged=False), local_server.good]
    (path,) = get(None)
    assert path.read_bytes() == CONTENT
    assert "Range" not in site.asked[1]


def test_a_server_that_ignores_the_range_starts_cleanly(get, site, heard):
    site.behaviours = [local_server.cut_after(100_000), local_server.ignores_range]
    (path,) = get()
    assert path.read_bytes() == CONTENT
    assert "genes.csv: starts from the beginning" in heard.said


@pytest.mark.parametrize(
    "behaviour",
    [
        local_server.answers(206, b"xx", Content_Range="bytes 7-8/9"),
        local_server.answers(206, b"xx"),
        local_server.answers(416),
    ],
    ids=["another piece", "a piece without its place", "no such rest"],
)
def test_a_useless_rest_leads_to_a_fresh_start(get, site, behaviour):
    site.behaviours = [local_server.cut_after(100_000), behaviour, local_server.good]
    (path,) = get()
    assert path.read_bytes() == CONTENT
    assert "Range" not in site.asked[2]


def test_a_whole_part_is_taken_without_asking_again(get, site, tmp_path):
    part = tmp_path / "toy" / "genes.csv.part"
    part.parent.mkdir()
    part.write_bytes(CONTENT)
    (path,) = get()
    assert path.read_bytes() == CONTENT
    assert site.asked == []


def test_an_overloaded_server_is_asked_again_after_growing_waits(get, site, heard):
    busy = local_server.answers(503)
    site.behaviours = [busy, busy, local_server.good]
    (path,) = get()
    assert path.read_bytes() == CONTENT
    assert get.waits == [1, 2]
    assert "503 Service Unavailable; trying again in 2 s" in heard.said[1]


def test_a_refusal_is_not_asked_again(get, site, tmp_path):
    site.behaviours = [local_server.answers(404)]
    with pytest.raises(DataError, match="404 Not Found") as error:
        get()
    assert error.value.where == site.address
    assert len(site.asked) == 1
    assert names(tmp_path) == []


def test_a_redirect_is_followed(get, site):
    site.behaviours = [local_server.redirects_to(site.address + "?moved"), local_server.good]
    (path,) = get()
    assert path.read_bytes() == CONTENT


def test_bytes_are_stored_as_published_even_when_labelled_compressed(get, site):
    """Some servers label a .gz file as a compressed text; clients then unpack it on the way."""
    site.content = gzip.compress(CONTENT, mtime=0)
    site.behaviours = [local_server.answers(200, site.content, Content_Encoding="gzip")]
    (path,) = get(sha256(site.content), name="genes.csv.gz")
    assert path.read_bytes() == site.content


def test_a_pin_holds_the_source_to_what_it_gave_first(get, site, tmp_path):
    (path,) = get(None)
    pins = json.loads((tmp_path / "pins.json").read_text())
    assert pins == {site.address: RIGHT}
    path.unlink()
    site.content = b"gene,value\nother,1\n"
    with pytest.raises(DataError, match="changed at its source") as error:
        get(None)
    assert (error.value.expected, error.value.got) == (RIGHT, sha256(site.content))
    assert "pins.json" in error.value.remedy
    assert names(tmp_path) == ["pins.json"]


def test_a_file_put_there_by_hand_is_pinned(get, site, tmp_path):
    (tmp_path / "genes.csv").write_bytes(CONTENT)
    assert get(None) == [tmp_path / "genes.csv"]
    assert site.asked == []
    assert checking.read_pins(tmp_path) == {site.address: RIGHT}


def test_a_broken_list_of_pins_says_so(get, tmp_path):
    (tmp_path / "pins.json").write_text("{")
    with pytest.raises(DataError, match="pinned checksums cannot be read") as error:
        get(None)
    assert error.value.where == str(tmp_path / "pins.json")


def test_one_failure_does_not_stop_the_others(site, tmp_path, heard):
    site.behaviours = [local_server.answers(404), local_server.good]
    second = RemoteFile("genes.csv", site.address, None, RIGHT)
    others = (RemoteFile("first.csv", site.address, None, sha256(b"")), second)
    two = DataSet("toy", "Toy", "nobody", None, "free", others, (), ("dge",), "toy")
    with pytest.raises(DataError, match="404"):
        download.fetch(["toy"], tmp_path, heard, catalogue={"toy": two})
    assert names(tmp_path) == ["genes.csv"]


def test_several_failures_are_told_one_by_one(site, tmp_path, heard):
    site.behaviours = [local_server.answers(404)]
    others = tuple(RemoteFile(name, site.address) for name in ("a.csv", "b.csv"))
    two = DataSet("toy", "Toy", "nobody", None, "free", others, (), ("dge",), "toy")
    with pytest.raises(DataError, match="2 files could not be fetched"):
        download.fetch(["toy"], tmp_path, heard, catalogue={"toy": two})
    assert sum("404" in text for text in heard.said) == 2


def test_two_downloads_do_not_write_to_one_folder(get, tmp_path):
    with download._alone(tmp_path), pytest.raises(DataError, match="Another download"):
        get()
    assert len(get()) == 1


def test_a_simulated_data_set_needs_no_download(tmp_path, heard):
    assert download.fetch(["dge_table"], tmp_path, heard) == []
    assert heard.said == ["dge_table: simulated, nothing to download"]


def test_an_unknown_name_names_the_known_ones(tmp_path, heard):
    with pytest.raises(DataError, match=r"(?s)'golubb'.*golub, celltypes"):
        download.fetch(["golubb"], tmp_path, heard)


@pytest.mark.parametrize(
    ("held", "checksum", "action", "state"),
    [
        ({}, RIGHT, "download", "missing"),
        ({"genes.csv.part": b""}, RIGHT, "download", "missing"),
        ({"genes.csv.part": b"gene"}, RIGHT, "resume", "partial"),
        ({"genes.csv": CONTENT}, RIGHT, "have", "verified"),
        ({"genes.csv": CONTENT, "genes.csv.part": b"gene"}, git_blob(CONTENT), "have", "verified"),
        ({"genes.csv": b"wrong"}, RIGHT, "redownload", "damaged"),
        ({"genes.csv": b"wrong"}, git_blob(CONTENT), "redownload", "damaged"),
        ({"genes.csv": CONTENT}, None, "have", "unpinned"),
        ({"genes.csv": b"<!DOCTYPE html>"}, None, "redownload", "damaged"),
        ({"genes.csv": b""}, None, "redownload", "damaged"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_plan_and_status_agree(tmp_path, held, checksum, action, state):
    file = RemoteFile("genes.csv", "http://127.0.0.1:9/genes.csv", None, checksum)
    entry = DataSet("toy", "Toy", "nobody", None, "free", (file,), (), ("dge",), "toy")
    folder = tmp_path / "toy"
    folder.mkdir()
    for name, content in held.items():
        (folder / name).write_bytes(content)
    assert download.plan(file, folder, {}) == action
    (row,) = download.status(tmp_path, {"toy": entry})
    size = next((len(content) for content in held.values() if content), None)
    assert row == download.FileStatus("toy", "genes.csv", state, size, folder / "genes.csv")
    assert names(tmp_path) == sorted(held), "looking changes nothing"


def test_status_of_the_catalogue_has_a_row_for_everything(tmp_path):
    rows = download.status(tmp_path)
    assert [row.state for row in rows] == ["simulated"] + ["missing"] * 8
    assert rows[1].size == 2_039_600


def test_a_beginning_from_another_address_is_not_gone_on_with(get, site):
    site.behaviours = [local_server.cut_after(100_000), local_server.answers(503)]
    with pytest.raises(DataError):
        get()
    site.behaviours = [local_server.good]
    (path,) = get(address=site.address + "?moved")
    assert path.read_bytes() == CONTENT
    assert "Range" not in site.asked[-1]


def test_a_weak_tag_does_not_vouch_for_a_rest(get, site):
    """Only a strong tag, or a date, says that the bytes are the same."""
    date = "Thu, 01 Jan 2026 00:00:00 GMT"
    cut = CONTENT[:100_000]
    site.behaviours = [
        lambda handler: handler.answer(200, CONTENT, cut, ETag='W/"1"', Last_Modified=date),
        local_server.good,
    ]
    (path,) = get(None)
    assert path.read_bytes() == CONTENT
    assert site.asked[1]["If-Range"] == date


def test_gzip_files_of_several_members_are_whole(tmp_path):
    path = tmp_path / "two.gz"
    path.write_bytes(gzip.compress(b"a" * 3_000_000) + gzip.compress(b"b"))
    assert checking.trouble(path) == ""
    path.write_bytes(path.read_bytes()[:-4])
    assert checking.trouble(path) == "a gzip file that ends too early"
    path.write_bytes(b"gene,value")
    assert checking.trouble(path) == "a broken gzip file"


def test_lines_for_a_log(capsys):
    lines = Lines(sys.stdout)
    lines.begin("genes.csv", 0, 1_000_000)
    for _ in range(100):
        lines.advance(10_000)
    lines.end()
    said = capsys.readouterr().out.splitlines()
    assert said == ["genes.csv, 1.0 MB", *(f"genes.csv {n} %" for n in (25, 50, 75, 100))]


def test_bars_for_a_terminal(capsys):
    bars = Bars()
    bars.begin("genes[bold].csv", 10, 100)
    bars.advance(90)
    bars.say("[red]done")
    bars.end()
    said = capsys.readouterr().err
    assert "[red]done" in said
    assert "genes[bold].csv" in said


def test_default_progress_is_lines_in_a_log(get, site, tmp_path, capsys):
    download.fetch(["toy"], tmp_path, catalogue=catalogue_of(site, RIGHT))
    assert capsys.readouterr().err.splitlines()[-1] == "genes.csv: verified"

"""Row 9: a truncated file or a login page was kept for ever."""

import errno
import gzip
import hashlib
import json
import os
import socket
from pathlib import Path

import pytest

from analysis_lib.datasets import download, transfer
from analysis_lib.datasets.catalogue import DataSet, RemoteFile
from analysis_lib.datasets.sources import choose
from analysis_lib.datasets.transfer import Patience
from analysis_lib.errors import DataError
from tests import local_server

CONTENT = b"gene,value\n" + b"".join(b"G%d,%d\n" % (i, i) for i in range(20_000))
RIGHT = "sha256:" + hashlib.sha256(CONTENT).hexdigest()
PAGE = b"\n<!DOCTYPE html><html><body>Please log in</body></html>"


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


@pytest.fixture
def site():
    with local_server.serving(CONTENT) as served:
        yield served


@pytest.fixture
def get(site, tmp_path):
    """Fetch the toy file without waiting between attempts."""

    def fetch(checksum=RIGHT, name="genes.csv", address=None):
        entry = toy(address or site.address, checksum, name)
        patience = Patience(attempts=2, sleep=lambda _: None)
        return download.fetch(["toy"], tmp_path, patience=patience, catalogue={"toy": entry})

    return fetch


def toy(address, checksum=RIGHT, name="genes.csv"):
    file = RemoteFile(name, address, None, checksum)
    return DataSet("toy", "Toy", "nobody", None, "free", (file,), (), ("dge",), "toy")


def kept(folder):
    return sorted(path.name for path in folder.rglob("*") if not path.name.startswith("."))


@pytest.fixture
def dead_address():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    return f"http://127.0.0.1:{port}/genes.csv"


def test_a_login_page_with_status_200_is_refused(get, site, tmp_path):
    """Without a checksum the page became the data set."""
    site.behaviours = [local_server.answers(200, PAGE, Content_Type="text/html; charset=utf-8")]
    with pytest.raises(DataError, match="a page instead of the file") as error:
        get(None)
    assert error.value.where == site.address
    assert kept(tmp_path) == ["toy"]


def test_a_page_that_calls_itself_data_is_refused(get, site, tmp_path):
    """Portals label their page as the file that was asked for."""
    site.behaviours = [local_server.answers(200, PAGE, Content_Type="text/csv")]
    with pytest.raises(DataError, match="an HTML page"):
        get(None)
    assert kept(tmp_path) == ["toy"]


def test_a_login_page_does_not_cost_what_had_come_in(get, site, tmp_path):
    """A portal in the middle of a download threw its beginning away."""
    site.behaviours = [
        local_server.cut_after(50_000),
        local_server.answers(200, PAGE, Content_Type="text/html"),
    ]
    with pytest.raises(DataError, match="a page instead"):
        get()
    assert (tmp_path / "toy" / "genes.csv.part").stat().st_size == 49_152


def test_a_truncated_file_never_gets_its_name(get, site, tmp_path):
    """The short file was kept, and read back as fewer rows."""
    site.behaviours = [local_server.cut_after(70_000), local_server.answers(503)]
    with pytest.raises(DataError, match=r"(?s)2 attempts.*66 kB are kept"):
        get(None)
    assert not (tmp_path / "toy" / "genes.csv").exists()


def test_a_truncated_file_of_unknown_length_is_found_by_its_checksum(get, site, tmp_path):
    """A server that names no length cannot be caught by counting."""
    site.behaviours = [local_server.ends_early(70_000)]
    with pytest.raises(DataError, match="not the published one") as error:
        get()
    assert error.value.expected == RIGHT
    assert error.value.got == "sha256:" + hashlib.sha256(CONTENT[:70_000]).hexdigest()
    assert kept(tmp_path) == ["toy"]


def test_a_truncated_gzip_file_is_not_pinned(get, site, tmp_path):
    """The pin would have made the short file the right one for ever."""
    site.content = gzip.compress(CONTENT)
    site.behaviours = [local_server.ends_early(10_000)]
    with pytest.raises(DataError, match="ends too early"):
        get(None, name="genes.csv.gz")
    assert kept(tmp_path) == ["toy"]


def test_wrong_bytes_are_refused_with_both_checksums(get, site, tmp_path):
    """Another file of the same length passed."""
    site.content = CONTENT.replace(b"G", b"X")
    with pytest.raises(DataError, match="not the published one") as error:
        get()
    assert (error.value.expected, error.value.got) == (
        RIGHT,
        "sha256:" + hashlib.sha256(site.content).hexdigest(),
    )
    assert kept(tmp_path) == ["toy"]


def test_an_empty_file_is_refused(get, site, tmp_path):
    """Nothing at all was pinned as the data set."""
    site.content = b""
    with pytest.raises(DataError, match="an empty file"):
        get(None)
    assert kept(tmp_path) == ["toy"]


def test_a_redirect_loop_ends(get, site, tmp_path):
    """The error was a library's, twenty calls deep."""
    site.behaviours = [local_server.redirects_to_itself]
    with pytest.raises(DataError, match="leads in a circle"):
        get()
    assert kept(tmp_path) == ["toy"]


def test_a_server_without_tls_is_no_source(get, site, tmp_path):
    """A failed handshake was a traceback."""
    with pytest.raises(DataError, match=r"could not prove who it is \(TLS\)") as error:
        get(address=site.address.replace("http:", "https:"))
    assert "clock, certificates and proxy" in error.value.remedy
    assert kept(tmp_path) == ["toy"]


def test_no_way_from_a_safe_to_an_open_connection(site, tmp_path):
    """A redirect to plain HTTP would let anybody on the way choose what is pinned."""
    from requests import Response

    answer = transfer._Answer("https://example.org/genes.csv", tmp_path / "x.part", None)
    response = Response()
    response.url, response.status_code = "http://example.org/genes.csv", 200
    with pytest.raises(DataError, match="leads away from a safe connection"):
        answer.look(response)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_full_disk_is_an_error_with_a_remedy(get, site, tmp_path):
    """OSError: [Errno 28], and a half file under the right name."""
    part = tmp_path / "toy" / "genes.csv.part"
    part.parent.mkdir()
    part.symlink_to("/dev/full")
    note = {"address": site.address, "validator": site.etag}
    part.with_name("genes.csv.part.json").write_text(json.dumps(note))
    with pytest.raises(DataError, match="could not be written to disk") as error:
        get()
    assert error.value.got == os.strerror(errno.ENOSPC)
    assert "what has come in is kept" in error.value.remedy
    assert not (tmp_path / "toy" / "genes.csv").exists()


def test_a_disk_too_small_is_noticed_before_the_download(get, monkeypatch):
    """Gigabytes were fetched to fail at the last one."""
    room = transfer.shutil.disk_usage("/")._replace(free=1_000)
    monkeypatch.setattr(transfer.shutil, "disk_usage", lambda _: room)
    with pytest.raises(DataError, match="not enough room") as error:
        get()
    assert error.value.got == "1 kB free"


def test_a_folder_that_cannot_be_written_is_named(site, tmp_path):
    """An OSError, with a traceback."""
    folder = tmp_path / "a file, no folder"
    folder.write_bytes(b"")
    with pytest.raises(DataError, match="cannot be written") as error:
        download.fetch(["toy"], folder, catalogue={"toy": toy(site.address)})
    assert error.value.where == str(folder)


def test_a_damaged_file_is_replaced_when_the_source_can_be_reached(get, tmp_path, capsys):
    """The wrong file was believed because it was there."""
    (tmp_path / "toy").mkdir()
    (tmp_path / "toy" / "genes.csv").write_bytes(CONTENT[:-1])
    (path,) = get()
    assert path.read_bytes() == CONTENT
    assert "the file here is damaged" in capsys.readouterr().err


def test_a_damaged_file_offline_is_an_error_with_both_checksums(get, tmp_path, dead_address):
    """Offline, the wrong file was used without a word."""
    (tmp_path / "toy").mkdir()
    path = tmp_path / "toy" / "genes.csv"
    path.write_bytes(CONTENT[:-1])
    with pytest.raises(DataError, match="damaged or was changed") as error:
        get(address=dead_address)
    assert error.value.where == str(path)
    assert error.value.expected == RIGHT
    assert error.value.got == "sha256:" + hashlib.sha256(CONTENT[:-1]).hexdigest()
    assert "Connection refused" in error.value.remedy
    assert path.read_bytes() == CONTENT[:-1], "it stays until a right one is there"


def test_a_study_does_not_use_a_damaged_file(tmp_path, site):
    """One changed byte went into the results."""
    (tmp_path / "toy").mkdir()
    (tmp_path / "toy" / "genes.csv").write_bytes(CONTENT[:-1] + b"#")
    with pytest.raises(DataError, match="damaged or was changed") as error:
        choose(toy(site.address), folders=[tmp_path])
    assert error.value.expected == RIGHT
    assert "make data STUDY=dge" in error.value.remedy


def test_no_network_is_told_in_words(get, tmp_path, dead_address):
    """The message was 'HTTPConnectionPool(…): Max retries exceeded with url'."""
    with pytest.raises(DataError, match="2 attempts") as error:
        get(address=dead_address)
    assert "Connection refused" in error.value.got
    assert error.value.remedy == "Check the network and try again."
    assert kept(tmp_path) == ["toy"]

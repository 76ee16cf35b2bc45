"""Storage that cannot be read: one sentence that names what is missing, and never the code of findings."""

import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.conftest import say
from tests.helpers.ports import free_port
from validator.cli import main

GS = "Nothing that is installed reads gs://: Please install gcsfs to access Google Storage."


def ended(monkeypatch, capsys, *arguments):
    """The command in this process: its exit code and what it said on stderr."""
    monkeypatch.setattr(sys, "argv", ["mmvalidate", *map(str, arguments)])
    with pytest.raises(SystemExit) as end:
        main.main()
    return end.value.code, capsys.readouterr().err


@pytest.fixture
def server():
    """Answers a path that is a number with that status."""

    class Answer(BaseHTTPRequestHandler):
        def do_HEAD(self):
            self.send_response(int(self.path.split("/")[1]))
            self.send_header("Content-Length", "0")
            self.end_headers()

        do_GET = do_HEAD  # noqa: N815

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as serving:
        threading.Thread(target=serving.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{serving.server_port}"
        serving.shutdown()


@pytest.fixture
def without_gcsfs(monkeypatch):
    monkeypatch.setitem(sys.modules, "gcsfs", None)  # as where it is not installed


@pytest.mark.parametrize(
    ("path", "sentence"),
    [
        ("gs://bucket/dataset_info.json", GS),
        ("gs://bucket/rows.jsonl", GS),
        ("nonsense://bucket/dataset_info.json", "nonsense:// cannot be read: "),
        ("github://a/dataset_info.json", "github:// cannot be read: "),
    ],
)
def test_a_registry_in_storage_that_nothing_reads(monkeypatch, capsys, tmp_path, without_gcsfs, path, sentence):
    monkeypatch.chdir(tmp_path)
    code, said = ended(monkeypatch, capsys, path)
    assert code == 2 and said.startswith(f"mmvalidate: {sentence}") and len(said.splitlines()) == 1


def test_a_media_folder_in_storage_that_nothing_reads(monkeypatch, capsys, dataset, without_gcsfs):
    monkeypatch.chdir(dataset.folder)
    registry = dataset.write([say("<image>a", "b", images=["a.png"])])
    assert ended(monkeypatch, capsys, registry, "--media-dir", "gs://bucket/x") == (2, f"mmvalidate: {GS}\n")


@pytest.mark.parametrize(
    ("status", "words"),
    [("404", "does not exist."), ("410", "does not exist."), ("403", "cannot be reached: "), ("503", "cannot be")],
)
def test_only_the_storage_says_that_a_file_is_absent(monkeypatch, capsys, tmp_path, server, status, words):
    monkeypatch.chdir(tmp_path)
    path = f"{server}/{status}/dataset_info.json"
    code, said = ended(monkeypatch, capsys, path)
    assert code == 2 and said.startswith(f"mmvalidate: {path} {words}")


def test_a_refused_connection_is_not_a_missing_file(monkeypatch, capsys, dataset):
    monkeypatch.setattr("validator.storage.retry.PATIENCE", 1.0)
    monkeypatch.chdir(dataset.folder)
    address = f"http://127.0.0.1:{free_port()}"
    code, said = ended(monkeypatch, capsys, f"{address}/dataset_info.json")
    assert code == 2 and "cannot be reached" in said and "exist" not in said
    registry = dataset.write([say("<image>a", "b", images=["a.png"])])
    code, _ = ended(monkeypatch, capsys, registry, "--media-dir", address, "-q", "--workers", "0")
    (found,) = map(json.loads, next(dataset.folder.glob(".mmvalidate/*/findings.jsonl")).read_bytes().splitlines())
    assert (code, found["code"]) == (3, "XX001")
    assert f"{address}/a.png cannot be read: " in found["message"] and "Cannot connect" in found["message"]


@pytest.mark.parametrize("flags", [[], ["--verbose"]])
def test_an_error_that_nobody_has_foreseen_is_no_finding(monkeypatch, capsys, dataset, flags):
    def fails(*_):
        raise TypeError("of ours")

    monkeypatch.setattr("validator.api.prepare.load_registry", fails)
    code, said = ended(monkeypatch, capsys, dataset.write([say("a", "b")]), *flags)
    assert code == 3 and "TypeError: of ours" in said and ("Traceback" in said) == bool(flags)

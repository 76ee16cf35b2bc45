"""Registry, data and media in an object store, read over HTTP from a real server on this machine."""

import json
import os
import socket
import subprocess
import sys
import threading
import time

import fsspec
import pytest
from PIL import Image

from tests.conftest import check
from tests.engine.data import make_registry
from tests.helpers.ports import free_port
from validator.execution import Execution

KEYS = {"AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x", "AWS_DEFAULT_REGION": "us-east-1"}


class Meter:
    """Passes connections on to a port and counts what comes back."""

    def __init__(self, target):
        self.bytes = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._target = target
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client):
        with client, socket.create_connection(("127.0.0.1", self._target)) as server:
            back = threading.Thread(target=self._pass, args=(server, client, True), daemon=True)
            back.start()
            self._pass(client, server, False)
            back.join()

    def _pass(self, source, sink, counted):
        try:
            while data := source.recv(1 << 16):
                self.bytes += len(data) if counted else 0
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            return

    def close(self):
        self._listener.close()


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    folder = tmp_path_factory.mktemp("remote")
    make_registry(folder)
    check(folder / "dataset_info.json", folder / "run")
    return folder


@pytest.fixture(scope="module")
def store(home):
    """A bucket with the same data; its address is in the environment, as users give it."""
    port = free_port()
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    meter = Meter(port)
    environment = {**os.environ, **KEYS, "FSSPEC_S3_ENDPOINT_URL": f"http://127.0.0.1:{meter.port}"}
    try:
        until = time.monotonic() + 60
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                assert time.monotonic() < until
                time.sleep(0.1)
        os.environ.update(KEYS)
        system = fsspec.filesystem("s3", endpoint_url=f"http://127.0.0.1:{port}", skip_instance_cache=True)
        system.mkdir("bucket")
        for path in sorted(home.rglob("*")):
            if path.is_file() and "run" not in path.relative_to(home).parts:
                system.put(str(path), f"bucket/data/{path.relative_to(home)}")
        yield system, environment, meter
    finally:
        meter.close()
        server.terminate()
        server.wait(30)


def call(environment, folder, *arguments):
    command = [sys.executable, "-m", "validator.cli.main", *arguments, "--run-dir", str(folder)]
    return subprocess.run(command, capture_output=True, text=True, env=environment, cwd=folder.parent)


@pytest.mark.proof
@pytest.mark.parametrize("workers", ["0", "2"])
def test_the_same_facts_as_on_this_machine(home, store, tmp_path, workers):
    _, environment, _ = store
    done = call(environment, tmp_path / "run", "s3://bucket/data/dataset_info.json", "--workers", workers, "-q")
    assert done.returncode == 1 and "Traceback" not in done.stderr, done.stderr
    assert (tmp_path / "run" / "samples.parquet").read_bytes() == (home / "run" / "samples.parquet").read_bytes()

    def findings(folder):
        lines = (folder / "findings.jsonl").read_text().splitlines()
        return [{**json.loads(line), "help": None} for line in lines]

    assert findings(tmp_path / "run") == findings(home / "run")


@pytest.mark.proof
def test_a_header_costs_no_more_than_its_first_block(store, tmp_path):
    system, environment, meter = store
    Image.effect_noise((2000, 2000), 90).save(tmp_path / "large.png")
    size = (tmp_path / "large.png").stat().st_size
    assert size > 3_000_000
    system.put(str(tmp_path / "large.png"), "bucket/few/large.png")
    row = {
        "conversations": [{"from": "human", "value": "<image>"}, {"from": "gpt", "value": "b"}],
        "images": ["large.png"],
    }
    system.pipe("bucket/few/a.jsonl", json.dumps(row).encode())
    columns = {"messages": "conversations", "images": "images"}
    registry = {"a": {"file_name": "a.jsonl", "formatting": "sharegpt", "columns": columns}}
    system.pipe("bucket/few/dataset_info.json", json.dumps(registry).encode())
    read = {}
    for depth in ("header", "full"):
        before = meter.bytes
        done = call(environment, tmp_path / depth, "s3://bucket/few/dataset_info.json", "--integrity", depth, "-q")
        assert done.returncode == 0, done.stdout + done.stderr
        read[depth] = meter.bytes - before
    assert read["header"] < 300_000 and read["full"] > size


@pytest.mark.proof
@pytest.mark.parametrize(
    ("address", "code", "sentence"),
    [
        ("s3://bucket/data/nothing.json", 2, "s3://bucket/data/nothing.json does not exist."),
        ("s3://bucket/data", 2, "is a folder: pass s3://bucket/data/dataset_info.json"),
        ("nosuch://a/b.json", 2, "nosuch"),
    ],
)
def test_sentences(store, tmp_path, address, code, sentence):
    done = call(store[1], tmp_path / "run", address)
    assert done.returncode == code and sentence in done.stderr and "Traceback" not in done.stderr


@pytest.mark.proof
def test_a_registry_in_memory(home, tmp_path):
    """Any storage that fsspec knows."""
    system = fsspec.filesystem("memory")
    for path in sorted(home.rglob("*")):
        if path.is_file() and "run" not in path.relative_to(home).parts:
            system.pipe(f"/data/{path.relative_to(home)}", path.read_bytes())
    check("memory://data/dataset_info.json", tmp_path / "run", Execution(workers=0))
    assert (tmp_path / "run" / "samples.parquet").read_bytes() == (home / "run" / "samples.parquet").read_bytes()

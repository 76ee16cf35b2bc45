"""The same files, to the byte, whatever engine, number of workers and size of shards."""

import json
import os
import socket
import subprocess
import sys
from contextlib import contextmanager

import pytest

from tests.conftest import check
from tests.engine.data import make_registry
from validator.engine.options import Options

NAMES = ("samples.parquet", "findings.parquet", "findings.jsonl", "catalog.json")


def written(folder):
    """Everything that a run wrote, without its times."""
    summary = json.loads((folder / "summary.json").read_text())
    engine = summary.pop("timing")["engine"]
    return engine, [summary, *((folder / name).read_bytes() for name in NAMES)]


@contextmanager
def dask_cluster(folder, workers=2, others=()):
    """A scheduler and workers as anyone would start them; `others`: environments of more workers."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{free.getsockname()[1]}"
    port = address.rpartition(":")[2]
    processes = []

    def start(*arguments, **options):
        log = (folder / f"{arguments[0]}-{len(processes)}.log").open("w")
        command = [sys.executable, "-m", "dask", *arguments]
        processes.append(subprocess.Popen(command, stdout=log, stderr=log, cwd=folder, **options))

    start("scheduler", "--host", "127.0.0.1", "--port", port, "--no-dashboard")
    for _ in range(workers):
        start("worker", address, "--nthreads", "1", "--no-dashboard", "--local-directory", str(folder))
    for environment in others:
        join = ("worker", address, "--nthreads", "1", "--no-dashboard", "--local-directory", str(folder))
        start(*join, env={**os.environ, **environment})
    try:
        yield address
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            process.wait(30)


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    folder = tmp_path_factory.mktemp("same")
    make_registry(folder)
    check(folder / "dataset_info.json", folder / "reference", Options(workers=0))
    return folder


@pytest.mark.parametrize(
    ("options", "engine"),
    [
        (Options(workers=0, shard_rows=1000), "one process"),
        (Options(workers=0, shard_rows=7), "one process"),
        (Options(workers=1, shard_rows=16), "dask, 1 worker"),
        (Options(workers=2, shard_rows=10), "dask, 2 workers"),
    ],
    ids=str,
)
def test_engines_and_sizes(home, tmp_path, options, engine):
    check(home / "dataset_info.json", tmp_path / "run", options)
    used, files = written(tmp_path / "run")
    assert used == engine
    assert files == written(home / "reference")[1]


def test_a_running_cluster(home, tmp_path):
    with dask_cluster(tmp_path) as address:
        check(home / "dataset_info.json", tmp_path / "run", Options(scheduler=address, shard_rows=20))
    used, files = written(tmp_path / "run")
    assert used.startswith("dask, ")
    assert files == written(home / "reference")[1]


def test_the_reference_is_not_empty(home):
    summary, samples, *_ = written(home / "reference")[1]
    rows = {item["dataset"]: item["rows"]["total"] for item in summary["datasets"]}
    assert rows == {
        "array": 300,
        "broken": 92,
        "gone": 0,
        "lines": 300,
        "many": 300,
        "one_line": 300,
        "rows": 300,
        "split": 240,
        "table": 300,
        "values": 300,
    }
    assert summary["findings"]["error"] > 100 and len(samples) > 10_000

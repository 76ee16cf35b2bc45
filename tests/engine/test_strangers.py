"""A worker that is another program, or has other libraries, judges nothing."""

import os
import shutil
import socket
import subprocess
import sys
import time
from dataclasses import replace

import pytest

from tests.conftest import ROOT, check, say
from tests.engine.dask_processes import dask_cluster
from tests.engine.written import written
from validator.engine import program
from validator.engine.execution import shard
from validator.engine.execution.results import ShardResult
from validator.engine.program import differences, here, versions
from validator.execution import Execution

NAMED = "is another program than this and gets no rows: sources "


@pytest.fixture
def other(tmp_path):
    """The environment of a worker whose copy of the program says nothing of rows without answers."""
    copy = shutil.copytree(ROOT / "validator", tmp_path / "other" / "validator", ignore=shutil.ignore_patterns("__py*"))
    rule = copy / "rules" / "lb002_empty_answer.py"
    rule.write_text(rule.read_text() + "\nRULE = replace(RULE, row=lambda case: iter(()))\n")
    rule.write_text(
        rule.read_text().replace("import annotations", "import annotations\nfrom dataclasses import replace")
    )
    return {"PYTHONPATH": str(copy.parent)}


def run(dataset, address, *words):
    command = [sys.executable, "-m", "validator.cli.main", str(dataset.registry), "--scheduler", address]
    command += ["--run-dir", "run", "--shard-rows", "3", "--output-format", "concise", *words]
    return subprocess.run(command, cwd=dataset.folder, capture_output=True, text=True, timeout=300)


def all_there(address, number):
    import distributed

    with distributed.Client(address) as client:
        client.wait_for_workers(number, timeout=120)


@pytest.fixture
def rows(dataset):
    dataset.write([say(f"a {number}", "") for number in range(60)])
    check(dataset.registry, dataset.folder / "alone", Execution(workers=0))
    return dataset


@pytest.mark.proof
def test_a_stranger_among_the_workers(rows, tmp_path, other):
    with dask_cluster(tmp_path, 1, [other]) as address:
        all_there(address, 2)
        done = run(rows, address)
    assert done.returncode == 0, done.stderr
    assert NAMED in done.stderr and socket.gethostname() in done.stderr
    assert written(rows.folder / "run")[1] == written(rows.folder / "alone")[1]


@pytest.mark.proof
def test_strangers_alone(rows, tmp_path, other):
    with dask_cluster(tmp_path, 0, [other]) as address:
        done = run(rows, address)
    assert (done.returncode, done.stdout) == (3, "") and "Traceback" not in done.stderr
    assert "the run stopped: no worker is left that may judge: the worker tcp://127.0.0.1:" in done.stderr
    assert NAMED in done.stderr
    assert not list((rows.folder / "run" / "cache" / "shards").glob("*.zip"))


@pytest.mark.proof
def test_one_that_joins_later_refuses_by_itself(rows, tmp_path, other):
    """Given a job before anybody has asked it, it hands the job back."""
    from validator.engine.execution.dask_engine import DaskEngine
    from validator.engine.execution.progress import Silent

    jobs = []
    with pytest.MonkeyPatch.context() as patched:
        real = shard.check_shard
        patched.setattr(
            "validator.engine.execution.shard.check_shard", lambda job, marker: jobs.append(job) or real(job, marker)
        )
        patched.setattr("validator.engine.execution.engines.SerialEngine", InProcess)
        check(rows.registry, rows.folder / "mine", Execution(shard_rows=60, workers=0))
    with dask_cluster(tmp_path, 1) as address:
        cluster = DaskEngine(Execution(scheduler=address), 0, tmp_path, Silent())
        worker = subprocess.Popen(
            [sys.executable, "-m", "dask", "worker", address, "--nthreads", "1", "--no-dashboard"],
            env={**os.environ, **other}, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            all_there(address, 2)
            cluster._counted = time.monotonic() + 1000  # nobody asks it in time
            for number in range(8):
                cluster.submit(replace(jobs[0], ordinal=number, folder=tmp_path, target=tmp_path / f"{number}.zip"))
            ended = []
            while len(ended) < 8:
                ended += cluster.wait(5)
        finally:
            cluster.close()
            worker.terminate()
            worker.wait(30)
    assert {type(outcome).__name__ for _, outcome in ended} == {"ShardDone"}
    results = [ShardResult(tmp_path / f"{number}.zip") for number in range(8)]
    assert {result.program for result in results} == {program.program()}
    assert {sum(batch.num_rows for batch in result.findings()) for result in results} == {60}
    assert len(cluster._refused) == 1


class InProcess:
    """An engine that hands jobs to the function of the serial engine."""

    capacity, name = 1, "here"

    def __init__(self, folder, memory_limit):
        self.folder = folder

    def submit(self, job):
        from validator.engine.execution import serial
        from validator.engine.execution.marker import Marker

        self.ended = [(job, serial.attempt(job, Marker(self.folder, watched=False)))]

    def wait(self, seconds):
        return self.ended

    def close(self): ...


def test_what_differs_is_named_with_both_versions():
    assert differences(here()) == []
    theirs = {**here(), "pillow": "1.0", "host": "far"}
    del theirs["numpy"]
    ours = versions()
    assert differences(theirs) == [
        f"pillow {ours['pillow']} here and 1.0 there",
        f"numpy {ours['numpy']} here and none there",
    ]


def test_a_result_of_another_program_is_not_taken(dataset, monkeypatch):
    """Such as an earlier version kept of a worker that nobody had asked."""
    dataset.write([say("a", "b")])
    dataset.check(options=Execution(workers=0))
    (kept,) = (dataset.folder / "run" / "cache" / "shards").glob("*.zip")
    monkeypatch.setattr(shard, "program", lambda *, exact: "another")
    result, _ = dataset.check(options=Execution(workers=0))
    assert result.summary["timing"]["engine"].startswith("no changes")
    monkeypatch.undo()
    monkeypatch.setattr(ShardResult, "program", "another")
    result, _ = dataset.check(options=Execution(workers=0))
    assert result.summary["timing"]["engine"] == "one process" and kept.exists()


def test_rules_that_changed_under_a_run_end_it(dataset, tmp_path, monkeypatch):
    """What runs is what the command has read: another text under the same path is refused."""
    import validator.engine.execution.engines as engine

    text = "from validator.rules.base import Hit, row_rule\n@row_rule('MY001', 'mine', 'info')\ndef f(case): ...\n"
    (tmp_path / "mine.py").write_text(text)
    dataset.write([say("a", "b")])
    real = engine.carry_out

    def changed(*arguments):
        (tmp_path / "mine.py").write_text(text + "#\n")
        real(*arguments)

    monkeypatch.setattr(engine, "carry_out", changed)
    with pytest.raises(OSError, match="has other files of rules or another processor under the same paths"):
        dataset.check(rules=(tmp_path / "mine.py",), options=Execution(workers=0))

"""Whatever happens to a process, a file or the disk: the run ends, and every other row is judged."""

import json
import os
import resource
import signal
import struct
from pathlib import Path

import psutil
import pytest
from PIL import Image

from tests.conftest import say
from tests.engine.processes import lost_rows, nothing_left, results, run, slow_jpeg, start, wait_for


def huge_jpeg(path):
    """700 bytes that decode to 500 MB."""
    Image.new("RGB", (16, 16)).save(path)
    data = bytearray(path.read_bytes())
    frame = data.index(b"\xff\xc0")
    data[frame + 5 : frame + 9] = struct.pack(">HH", 13000, 13000)
    path.write_bytes(data)


WORKERS = pytest.mark.parametrize("workers", ["0", pytest.param("2", marks=pytest.mark.proof)])


@pytest.mark.proof
@pytest.mark.parametrize("workers", ["0", "2"])
def test_a_row_that_needs_too_much_memory(dataset, workers):
    dataset.image("ok.png")
    huge_jpeg(dataset.folder / "huge.jpg")
    rows = [say("<image>", "b", images=["ok.png"])] * 40
    rows[17] = say("<image>", "b", images=["huge.jpg"])
    registry = dataset.write(rows)
    limit = {"0": "400", "2": "600"}[workers]
    done = run(registry, "--workers", workers, "--integrity", "full", "--memory-limit", limit, "--shard-rows", "20")
    counts, lost = lost_rows(done)
    assert done.returncode == 3 and counts["total"] == 40 and counts["ok"] == 39 and counts["unchecked"] == 1
    assert [row for row, _ in lost] == [17] and "twice" in lost[0][1]
    nothing_left(dataset.folder)


@pytest.mark.proof
@pytest.mark.parametrize("workers", ["0", "2"])
def test_a_row_that_hangs(dataset, workers):
    dataset.image("ok.png")
    slow_jpeg(dataset.folder / "slow.jpg", 1500)
    rows = [say("<image>", "b", images=["ok.png"])] * 30
    rows[11] = say("<image>", "b", images=["slow.jpg"])
    registry = dataset.write(rows)
    done = run(registry, "--workers", workers, "--integrity", "full", "--row-timeout", "1", "--shard-rows", "30")
    counts, lost = lost_rows(done)
    assert done.returncode == 3 and counts["ok"] == 29 and counts["unchecked"] == 1
    assert [row for row, _ in lost] == [11] and "it took longer than 1 seconds, twice" in lost[0][1]
    nothing_left(dataset.folder)


def children(process):
    return [child for child in psutil.Process(process.pid).children(recursive=True) if child.is_running()]


def long_registry(dataset, rows=3000):
    dataset.image("ok.png", (900, 900))
    return dataset.write([say("a " * 1500, f"b{number}") for number in range(rows)])


@WORKERS
def test_a_worker_that_is_killed(dataset, workers):
    """Its shard is done again: nothing is lost."""
    registry = long_registry(dataset)
    process = start(registry, "--workers", workers, "--shard-rows", "400")
    wait_for(lambda: results(dataset), process)
    victim = max(children(process), key=lambda child: child.cpu_times().user)
    victim.send_signal(signal.SIGKILL)
    output, errors = process.communicate(timeout=120)
    assert process.returncode == 0, errors
    assert json.loads(output)["summary"]["rows"] == {
        "total": 3000,
        "ok": 3000,
        "flagged": 0,
        "dropped": 0,
        "not_loaded": 0,
        "unchecked": 0,
    }
    nothing_left(dataset.folder)


@pytest.mark.proof
def test_an_interruption_is_one_line_whatever_the_engine(dataset):
    """A terminal sends Ctrl-C to the workers, too."""
    registry = long_registry(dataset)
    process = start(registry, "--workers", "2", "--shard-rows", "400", apart=True)
    wait_for(lambda: results(dataset), process)
    os.killpg(process.pid, signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    said = [line for line in errors.splitlines() if not line.startswith("checking with")]
    kept = "what was checked is kept, and the same command continues from there"
    assert (process.returncode, said) == (3, [f"mmvalidate: interrupted; {kept}"])
    nothing_left(dataset.folder)


@pytest.mark.proof
@WORKERS
def test_an_interrupted_run_goes_on_where_it_was(dataset, workers):
    registry = long_registry(dataset, 4_000)
    process = start(registry, "--workers", workers, "--shard-rows", "100")
    wait_for(lambda: len(results(dataset)) >= 3, process)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 3 and "interrupted" in errors and "Traceback" not in errors
    assert not (dataset.folder / "run" / "summary.json").exists()
    nothing_left(dataset.folder)
    kept = {path.name: path.stat().st_ino for path in results(dataset)}
    assert len(kept) >= 3
    assert run(registry, "--workers", "0", "--shard-rows", "100").returncode == 0
    assert {path.name: path.stat().st_ino for path in results(dataset)}.items() >= kept.items()


@pytest.mark.proof
@WORKERS
def test_a_data_file_that_is_cut_while_it_is_read(dataset, workers):
    registry = long_registry(dataset)
    data = dataset.folder / "data.jsonl"
    process = start(registry, "--workers", workers, "--shard-rows", "200", "--select", "XX")
    wait_for(lambda: results(dataset), process)
    os.truncate(data, data.stat().st_size // 2)
    output, errors = process.communicate(timeout=120)
    assert process.returncode == 3, errors
    document = json.loads(output)
    counts = document["summary"]["rows"]
    assert counts["total"] == 3000 and 0 < counts["unchecked"] < 3000 and counts["ok"] == 3000 - counts["unchecked"]
    (message,) = {item["message"] for item in document["findings"]}
    assert "the file `data.jsonl` changed while it was read" in message


@pytest.mark.proof
@WORKERS
def test_media_that_vanish(dataset, workers):
    """What is gone when its row comes is missing, as it would be for the trainer."""
    dataset.image("one.png", (1200, 1200))
    names = [f"{number}.png" for number in range(160)]
    for name in names:
        os.link(dataset.folder / "one.png", dataset.folder / name)
    registry = dataset.write([say("<image>", "b", images=[name]) for name in names])
    process = start(registry, "--workers", workers, "--shard-rows", "20", "--integrity", "full")
    wait_for(lambda: results(dataset), process)
    for name in names[::2]:
        (dataset.folder / name).unlink()
    output, errors = process.communicate(timeout=120)
    counts = json.loads(output)["summary"]["rows"]
    assert process.returncode == 1, errors
    assert counts["total"] == 160 and counts["flagged"] > 0 and counts["ok"] + counts["flagged"] == 160


@WORKERS
def test_a_full_disk(dataset, workers):
    """Stood in for by a limit on the size of files: the write fails as it would there."""
    registry = long_registry(dataset, 400)

    def limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (4000, 4000))

    done = run(registry, "--workers", workers, "--shard-rows", "400", preexec_fn=limit)
    assert done.returncode == 3 and "File too large" in done.stderr and "Traceback" not in done.stderr
    assert not (dataset.folder / "run" / "summary.json").exists()
    nothing_left(dataset.folder)


@pytest.mark.proof
def test_two_runs_at_once(dataset):
    registry = long_registry(dataset)
    process = start(registry, "--workers", "0", "--shard-rows", "300")
    wait_for(lambda: results(dataset), process)
    done = run(registry)
    assert done.returncode == 3 and f"is in use by `mmvalidate check` (process {process.pid})" in done.stderr
    assert process.communicate(timeout=120) and process.returncode == 0


@pytest.mark.proof  # it waits for one
def test_a_cluster_that_is_not_there(dataset):
    done = run(dataset.write([say("a", "b")] * 5), "--scheduler", "tcp://127.0.0.1:9", "--shard-rows", "2")
    assert done.returncode == 2 and "tcp://127.0.0.1:9 cannot be used" in done.stderr
    assert "Traceback" not in done.stderr
    nothing_left(dataset.folder)
    assert run(dataset.registry, "--scheduler", "x", "--workers", "2").returncode == 2


def descriptors():
    return len(os.listdir(f"/proc/{os.getpid()}/fd"))


@pytest.mark.skipif(not Path("/proc").exists(), reason="descriptors are counted in /proc")
def test_no_descriptor_is_left(dataset):
    dataset.write([say("a", "b")] * 5)
    dataset.check()
    before = descriptors()
    for number in range(3):
        dataset.check(cutoff_len=100 + number)
    assert descriptors() == before

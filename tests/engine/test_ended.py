"""However a command is ended, nothing of it goes on; and two commands do not write into one folder at once."""

import json
import os
import signal
import subprocess
import sys
import time

import psutil
import pytest
from PIL import Image

from tests.conftest import say
from tests.engine.processes import COMMAND, command, nothing_left, results, run, start, wait_for
from tests.tiers import first
from validator.engine.run_files.amend import accept, amend, load_run
from validator.engine.run_files.finished import FinishedRun
from validator.errors import BusyError, ChangedRunError
from validator.run_folder.lock import hold


def slow_jpeg(path, scans):
    """A small file, and minutes of native code."""
    Image.new("RGB", (2000, 2000)).save(path, progressive=True)
    data = path.read_bytes()
    last = data.rindex(b"\xff\xda")
    path.write_bytes(data[:last] + data[last:-2] * scans + data[-2:])


@pytest.fixture
def slow(dataset):
    """Its second row takes minutes, in native code."""
    slow_jpeg(dataset.folder / "slow.jpg", 20_000)
    dataset.write([say("a", "b"), say("<image>", "b", images=["slow.jpg"]), *[say("a", f"{n}") for n in range(100)]])
    return dataset


@pytest.fixture
def busy(slow):
    """A check that is at the slow row; it is ended with the test."""
    started = []

    def begin(*arguments, **options):
        process = subprocess.Popen(
            command(slow.registry, ["--integrity", "full", *arguments]),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=slow.folder,
            **options,
        )
        started.append(process)
        wait_for(lambda: any(map(decoding, psutil.Process(process.pid).children(recursive=True))), process)
        return process

    yield begin
    for process in started:
        process.kill()
        process.communicate()


def decoding(child):
    """Whether a process has worked for a while."""
    try:
        return child.cpu_times().user > 1
    except psutil.Error:
        return False


def gone(processes, seconds=10):
    _, alive = psutil.wait_procs(processes, seconds)
    return [process for process in alive if process.status() != psutil.STATUS_ZOMBIE] == []


@pytest.mark.parametrize("workers", first(0, ["0", "2"]))
def test_a_killed_check_leaves_no_process_and_the_same_command_goes_on(slow, busy, workers):
    process = busy("--workers", workers)
    children = psutil.Process(process.pid).children(recursive=True)
    process.kill()
    process.wait()
    assert gone(children)
    slow.image("slow.jpg")
    done = run(slow.registry, "--integrity", "full", "--workers", workers)
    assert done.returncode == 0, done.stderr
    nothing_left(slow.folder)
    assert list((slow.folder / "run" / "cache").glob("run*")) == []


@pytest.mark.parametrize("number", first(1, [signal.SIGTERM, signal.SIGHUP]))
def test_a_request_to_end(slow, busy, number):
    process = busy("--workers", "0", start_new_session=True)
    children = psutil.Process(process.pid).children(recursive=True)
    os.killpg(process.pid, number)  # as a terminal or a service manager does: to all of them
    output, errors = process.communicate(timeout=30)
    assert process.returncode == 3 and output == ""
    sentence = "mmvalidate: interrupted; what was checked is kept, and the same command continues from there\n"
    assert errors.endswith(sentence) and "Traceback" not in errors
    assert gone(children)
    nothing_left(slow.folder)


def test_a_request_to_end_before_anything_is_done(tmp_path):
    """A training file that another process is still writing keeps the command in its first steps."""
    reading, writing = os.pipe()
    arguments = [*COMMAND, "check", "dataset_info.json", "--train-config", f"/dev/fd/{reading}"]
    process = subprocess.Popen(arguments, stderr=subprocess.PIPE, text=True, cwd=tmp_path, pass_fds=[reading])
    wait_for(lambda: psutil.Process(process.pid).status() == psutil.STATUS_SLEEPING, process)
    time.sleep(1)
    process.terminate()
    _, errors = process.communicate(timeout=10)
    os.close(reading)
    os.close(writing)
    assert (process.returncode, errors) == (3, "mmvalidate: interrupted\n")


@pytest.mark.proof
def test_what_nohup_has_ignored_stays_so(slow, busy):
    process = busy("--workers", "0", preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN))
    process.send_signal(signal.SIGHUP)
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(0.5)


@pytest.mark.proof
def test_all_who_write_hold_the_folder(dataset, mmvalidate_process):
    """Another process: this one, which holds the folder, may."""
    dataset.write([say("a", "b"), say("<image>", "b")])
    dataset.check()
    run_folder = dataset.folder / "run"
    before = {path: path.read_bytes() for path in run_folder.rglob("*") if path.is_file() and path.name[0] != "."}
    with hold(run_folder, "check"):
        for arguments in (
            ["dataset_info.json", "--run-dir", "run"],
            ["dataset_info.json", "--run-dir", "run", "--trainer", "all"],
            ["rejudge", "run", "--cutoff-len", "10"],
            ["rejudge", "run", "--write-baseline", "accepted.json"],
            ["clean", "run"],
            ["clean", "run", "--all"],
        ):
            done = mmvalidate_process(*arguments)
            assert done.returncode == 3, arguments
            assert f"run is in use by `mmvalidate check` (process {os.getpid()}): wait until" in done.stderr
            assert len(done.stderr.splitlines()) == 1
        with hold(run_folder, "inside"):  # whoever holds it may hold it again
            pass
    assert {path: path.read_bytes() for path in before} == before and not (dataset.folder / "accepted.json").exists()
    assert mmvalidate_process("clean", "run", "--all").returncode == 0 and not run_folder.exists()


def test_another_thread_is_another_writer(tmp_path):
    from concurrent.futures import ThreadPoolExecutor

    def other():
        with hold(tmp_path / "run", "replay"):
            raise AssertionError

    with hold(tmp_path / "run", "check"), ThreadPoolExecutor(1) as pool, pytest.raises(BusyError, match="replay"):
        pool.submit(other).result()


def test_a_child_does_not_keep_the_lock(tmp_path):
    code = "import os, time\nfrom pathlib import Path\nfrom validator.run_folder.lock import hold\n"
    code += "with hold(Path('run'), 'check'):\n if os.fork() == 0: print(os.getpid(), flush=True)\n"
    code += " time.sleep(60)\n"
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, cwd=tmp_path)
    process.stdout.readline()
    children = psutil.Process(process.pid).children()
    assert len(children) == 1
    with pytest.raises(BusyError), hold(tmp_path / "run", "check"):
        pass
    process.kill()
    process.wait()
    process.stdout.close()
    with hold(tmp_path / "run", "check"):
        assert children[0].is_running()
    children[0].kill()


def test_a_run_that_was_checked_again_is_not_amended(dataset):
    dataset.write([say("a", "b"), say("<image>", "b")])
    dataset.check()
    run_folder = dataset.folder / "run"
    seen = FinishedRun(run_folder)
    dataset.write([say("a", "b")] * 5)
    dataset.check()
    now = (run_folder / "summary.json").read_bytes()
    with pytest.raises(ChangedRunError, match="was checked again meanwhile"):
        amend(seen, "RP", [], [], {"replay": {}})
    assert (run_folder / "summary.json").read_bytes() == now
    amend(FinishedRun(run_folder), "RP", [], [], {"replay": {}})
    assert "replay" in json.loads((run_folder / "summary.json").read_text())


def test_accepting_findings_while_the_run_is_checked_again(dataset):
    dataset.write([say("a", "b"), say("<image>", "b")])
    dataset.check()
    with hold(dataset.folder / "run", "check"):
        code = "import sys\nfrom pathlib import Path\nfrom validator.engine.run_files.amend import accept, load_run\n"
        code += "accept(load_run(Path('run')), Path('accepted.json'), '')"
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=dataset.folder)
    assert "BusyError" in done.stderr and not (dataset.folder / "accepted.json").exists()
    assert accept(load_run(dataset.folder / "run"), dataset.folder / "accepted.json", "").summary["exit_code"] == 0


@pytest.mark.proof
def test_results_of_one_try_are_kept(dataset):
    """A killed check goes on with the shards that it had finished."""
    dataset.write([say("a " * 1000, f"b{number}") for number in range(3000)])
    process = start(dataset.registry, "--workers", "0", "--shard-rows", "300")
    wait_for(lambda: len(results(dataset)) >= 2, process)
    process.kill()
    process.communicate()
    kept = {path.name: path.stat().st_ino for path in results(dataset)}
    assert run(dataset.registry, "--workers", "0", "--shard-rows", "300").returncode == 0
    assert {path.name: path.stat().st_ino for path in results(dataset)}.items() >= kept.items()

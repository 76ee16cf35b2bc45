"""Runs as processes of their own, which tests stop, starve or kill."""

import json
import subprocess
import sys
import time

import psutil
from PIL import Image

COMMAND = [sys.executable, "-m", "validator.cli.main"]


def command(registry, arguments):
    return [*COMMAND, str(registry), "--output-format", "json", "--run-dir", str(registry.parent / "run"), *arguments]


def run(registry, *arguments, **options):
    folder = registry.parent
    return subprocess.run(command(registry, arguments), capture_output=True, text=True, cwd=folder, **options)


def start(registry, *arguments, apart=False):
    """`apart`: with a process group of its own, as a terminal makes one."""
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return subprocess.Popen(
        command(registry, arguments), **pipes, text=True, cwd=registry.parent, start_new_session=apart
    )


def nothing_left(folder):
    """No process, no temporary file."""
    assert [
        process for process in psutil.process_iter(["cmdline"]) if str(folder) in str(process.info["cmdline"])
    ] == []
    assert not list((folder / "run").glob("**/*.part")) and not (folder / "run" / "cache" / "running").exists()


def wait_for(condition, process, seconds=60):
    until = time.monotonic() + seconds
    while not condition():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < until
        time.sleep(0.02)


def results(dataset):
    return list((dataset.folder / "run" / "cache" / "shards").glob("*.zip"))


def lost_rows(done):
    document = json.loads(done.stdout)
    found = [(item["row"], item["message"]) for item in document["findings"] if item["code"] == "XX001"]
    return document["summary"]["rows"], found


def slow_jpeg(path, scans, side=2000):
    """A progressive JPEG with its last scan repeated: decoding takes time in proportion, and no Python code runs."""
    Image.effect_noise((side, side), 90).save(path, progressive=True, quality=95)
    data = path.read_bytes()
    last = data.rindex(b"\xff\xda")
    path.write_bytes(data[:last] + data[last:-2] * scans + data[-2:])

"""A Dask cluster of real processes."""

import os
import socket
import subprocess
import sys
from contextlib import contextmanager


@contextmanager
def dask_cluster(folder, workers=2, others=()):
    """A scheduler and workers as anyone would start them; `others`: environments of more workers."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{free.getsockname()[1]}"
    port = address.rpartition(":")[2]
    processes = []

    def start(*arguments, **options):
        command = [sys.executable, "-m", "dask", *arguments]
        with (folder / f"{arguments[0]}-{len(processes)}.log").open("w") as log:
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

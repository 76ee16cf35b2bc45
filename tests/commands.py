"""The command line, run in this process or as a process of its own."""

import io
import os
import signal
import subprocess
import sys
import tempfile
from contextlib import ExitStack, contextmanager

from validator.cli.main import main
from validator.rules.plugins import run_rules
from validator.tokens.processor import load_processor

COMMAND = [sys.executable, "-m", "validator.cli.main"]
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
MOST_SECONDS = 300
"""After which a command in this process is taken to hang."""


def run_process(*arguments, cwd, **options):
    """The real command, as a shell starts it."""
    command = [*COMMAND, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd, encoding="utf-8", **options)


def warm_up():
    """Have the vocabulary in memory: a check's process is forked from this one, and would read it anew each time."""
    load_processor("embedded").encoder.encode("warm")


def run_in_process(*arguments, cwd):
    """The same without a new interpreter, which takes a second: what it prints (child processes too), its exit code.
    What a command changes in its process is put back.
    """
    warm_up()
    run_rules.cache_clear()
    with ExitStack() as stack:
        stack.enter_context(_restored())
        out, err = stack.enter_context(_redirected(1, "stdout")), stack.enter_context(_redirected(2, "stderr"))
        os.chdir(cwd)
        sys.argv = ["mmvalidate", *map(str, arguments)]
        signal.alarm(MOST_SECONDS)
        try:
            main()
            code = 0
        except SystemExit as end:
            code = end.code or 0
        finally:
            signal.alarm(0)
        sys.stdout.flush()
        sys.stderr.flush()
        said = [_text(file) for file in (out, err)]
    return subprocess.CompletedProcess(sys.argv, code, *said)


@contextmanager
def _restored():
    folder, environment, arguments, path = os.getcwd(), dict(os.environ), sys.argv, list(sys.path)
    signal.signal(signal.SIGALRM, _hangs)
    handlers = {number: signal.getsignal(number) for number in SIGNALS}
    try:
        yield
    finally:
        os.chdir(folder)
        os.environ.clear()
        os.environ.update(environment)
        sys.argv, sys.path[:] = arguments, path
        for number, handler in handlers.items():
            signal.signal(number, handler)


@contextmanager
def _redirected(descriptor, name):
    """A standard stream of this process, and of those it starts, goes to a file."""
    before, kept = getattr(sys, name), os.dup(descriptor)
    before.flush()
    with tempfile.TemporaryFile() as file:
        os.dup2(file.fileno(), descriptor)
        stream = io.BufferedWriter(io.FileIO(descriptor, "wb", closefd=False))
        setattr(sys, name, io.TextIOWrapper(stream, "utf-8", write_through=True))
        try:
            yield file
        finally:
            setattr(sys, name, before)
            os.dup2(kept, descriptor)
            os.close(kept)


def _hangs(*_):
    raise TimeoutError(f"the command has not ended within {MOST_SECONDS} seconds")


def _text(file):
    file.seek(0)
    return file.read().decode("utf-8").replace("\r\n", "\n")

"""A child process that serves its parent over a pipe, one request at a time."""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Any

from validator.children import begin_child, command, without_main


class Child:
    """The process and our end of its pipe. `connection` and, of one that runs a function, `sentinel` can be waited for.
    Nothing is sent while an answer is awaited.
    """

    def __init__(self, process: subprocess.Popen[bytes] | BaseProcess, connection: Connection) -> None:
        self._process, self.connection = process, connection

    @classmethod
    def of_function(cls, serve: Callable[..., None], *arguments: Any) -> Child:
        """Run `serve(connection, *arguments)` in a fork of this process; where systems do not fork, in a new one."""
        method = "fork" if sys.platform == "linux" else "spawn"
        context: Any = multiprocessing.get_context(method)
        ours, theirs = context.Pipe()
        process = context.Process(target=_serve, args=(serve, theirs, os.getpid(), arguments), daemon=True)
        with nullcontext() if method == "fork" else without_main():
            process.start()
        theirs.close()
        return cls(process, ours)

    @classmethod
    def of_module(cls, module: str, environment: Mapping[str, str]) -> Child:
        """Run a module in a new interpreter; its argument is the descriptor of its end of the pipe. Not on Windows."""
        ours, theirs = multiprocessing.Pipe()
        process = subprocess.Popen(
            command(module, str(theirs.fileno())),
            pass_fds=[theirs.fileno()],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )
        theirs.close()
        return cls(process, ours)

    @property
    def pid(self) -> int:
        """The number of the process."""
        assert self._process.pid is not None
        return self._process.pid

    @property
    def sentinel(self) -> int:
        """Becomes ready when the process has ended."""
        assert isinstance(self._process, BaseProcess)
        return self._process.sentinel

    def ask(self, request: object, seconds: float) -> Any:
        """The answer to a request. Raises EOFError where the process ends over it, TimeoutError where it takes longer:
        then it is killed.
        """
        try:
            self.connection.send(request)
            if self.connection.poll(seconds):
                return self.connection.recv()
        except OSError as error:
            raise EOFError from error
        self.kill()
        raise TimeoutError

    def kill(self) -> None:
        """End the process, which `end` will say."""
        self._process.kill()

    def end(self, seconds: float | None = None) -> int:
        """Close the pipe and wait for the end, at most so many seconds, after which it is killed. The exit code; of a
        process that a signal ended, the signal's number below zero.
        """
        self.connection.close()
        if isinstance(self._process, BaseProcess):
            self._process.join(seconds)
            if self._process.exitcode is None:
                self._process.kill()
                self._process.join()
            code = self._process.exitcode
            self._process.close()
            assert code is not None
            return code
        try:
            return self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            self._process.kill()
            return self._process.wait()


def _serve(serve: Callable[..., None], connection: Connection, parent: int, arguments: tuple[Any, ...]) -> None:
    begin_child(parent)
    serve(connection, *arguments)

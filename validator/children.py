"""Child processes: none outlives the process that started it, however that ends, and none is ended by a signal that is
meant for that.

    python children.py PARENT MODULE [ARGUMENT]...

runs a module so; nothing is imported from the working folder, which may be somebody's data.
"""

from __future__ import annotations

import ctypes
import os
import runpy
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

_PR_SET_PDEATHSIG = 1
_LOOK = 0.5
"""Seconds between looks at the parent."""


def begin_child(parent: int) -> None:
    """To be called first in a child of the process `parent`: it ends when that does, and leaves it to that to answer to
    a terminal or to a request to end.

    On Linux the kernel sees to it (prctl(2), PR_SET_PDEATHSIG), so that it holds while a decoder runs; elsewhere a
    thread looks whose child this is.
    """
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)
    if sys.platform == "linux":
        with suppress(OSError, AttributeError):  # another C library
            ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    elif sys.platform != "win32":
        threading.Thread(target=_watch, args=(parent,), daemon=True).start()
    if sys.platform != "win32" and os.getppid() != parent:  # it ended before
        os._exit(1)


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(_LOOK)
    os._exit(1)


@contextmanager
def without_main() -> Iterator[None]:
    """Processes that multiprocessing spawns meanwhile do not run the caller's main module first: it may be a script
    without `if __name__ == "__main__"`, which would begin the same again in each of them, and ours need nothing of it.
    """
    main = vars(sys.modules["__main__"])
    held = {name: main[name] for name in ("__file__", "__spec__") if main.get(name) is not None}
    main.update(dict.fromkeys(held))
    try:
        yield
    finally:
        main.update(held)


def resident(process: int) -> int:
    """Bytes of memory that a process holds; 0 where it has ended or the system does not say."""
    if sys.platform == "linux":  # ten times as quick as psutil, and without loading it
        try:
            with open(f"/proc/{process}/statm", "rb") as file:
                return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
        except (OSError, IndexError):
            return 0
    import psutil

    try:
        return int(psutil.Process(process).memory_info().rss)
    except psutil.Error:
        return 0


def signal_name(number: int) -> str:
    """SIGSEGV and its kin; those without a name by their number."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def command(module: str, *arguments: str) -> tuple[str, ...]:
    """What this process runs to have a module in a child process."""
    return (sys.executable, os.path.abspath(__file__), str(os.getpid()), module, *arguments)


def _main(parent: str, module: str, *arguments: str) -> None:
    begin_child(int(parent))
    package = os.path.dirname(os.path.abspath(__file__))
    sys.path[:] = [path for path in sys.path if path and os.path.abspath(path) != package]
    if os.path.dirname(package) not in sys.path:
        sys.path.append(os.path.dirname(package))
    sys.argv[1:] = arguments
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    _main(*sys.argv[1:])

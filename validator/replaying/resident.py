"""The most memory of this machine that a step took, as far as the system tells it."""

from __future__ import annotations

import sys
from contextlib import suppress


def forget_peak() -> None:
    """Have the highest resident size begin anew. Linux alone can; elsewhere it stays that of the process so far."""
    with suppress(OSError), open("/proc/self/clear_refs", "w") as file:
        file.write("5")


def peak() -> int:
    """Highest resident size of this process in bytes: since `forget_peak` on Linux, since its start elsewhere, 0 where
    the system does not say (Windows).
    """
    with suppress(OSError, StopIteration), open("/proc/self/status") as file:
        return next(int(line.split()[1]) * 1024 for line in file if line.startswith("VmHWM"))
    try:
        import resource
    except ImportError:
        return 0
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024  # getrusage(2): bytes on macOS, KiB elsewhere

"""Asks a second decoder about JPEGs that load: libjpeg decodes damaged data to garbage and says nothing to Pillow.

FFmpeg's decoder runs in a process of its own, because it is C code on hostile files: where that process dies or takes
too long, there is no advice on that picture, and the next one gets a new process. It is never a verdict: FFmpeg sees
about half of such damage.
"""

from __future__ import annotations

import atexit
import os
import subprocess
from contextlib import suppress
from functools import cache, lru_cache
from threading import Timer

from validator.children import command
from validator.media.geometry import SLOW_VISITS
from validator.media.integrity import MAX_JPEG_BYTES
from validator.records.image_probe import ImageProbe

SECONDS = 60.0
"""After which the helper is ended. Nothing that is asked about takes as long, unless the helper hangs."""


def advice_on(source: str | bytes, probe: ImageProbe) -> str | None:
    """What FFmpeg complains of in a probed image that loads; None where it has no complaint or was not asked."""
    visits = (probe.scans or 0) * (probe.width or 0) * (probe.height or 0)
    if probe.fault is not None or not 0 < visits <= SLOW_VISITS:
        return None
    return _on_file(source) if isinstance(source, str) else _helper(os.getpid()).ask(source) or None


@lru_cache(maxsize=16384)
def _on_file(path: str) -> str | None:
    try:
        with open(path, "rb") as file:
            return _helper(os.getpid()).ask(file.read(MAX_JPEG_BYTES)) or None
    except OSError:  # it was there when it was probed
        return None


@cache
def _helper(process: int) -> Helper:
    """The helper of a process: one that was forked off has none yet."""
    helper = Helper(command("validator.media.adviser"))
    atexit.register(helper.close)
    return helper


class Helper:
    """The process that is asked; a new one is started where there is none or it has died."""

    def __init__(self, command: tuple[str, ...]) -> None:
        self._command = command
        self._process: subprocess.Popen[bytes] | None = None

    def ask(self, data: bytes) -> str:
        """The process's answer on a picture; "" where it dies over it."""
        process = self._process
        if process is None or process.poll() is not None:
            self.close()
            self._process = process = subprocess.Popen(
                self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
            )
        assert process.stdin is not None and process.stdout is not None
        watch = Timer(SECONDS, process.kill)
        watch.start()
        try:
            process.stdin.write(len(data).to_bytes(8, "big"))
            process.stdin.write(data)
            process.stdin.flush()
            line = process.stdout.readline()
        except OSError:
            line = b""
        finally:
            watch.cancel()
        if not line:
            self.close()
        return line.decode("utf-8", "replace").strip()

    def close(self) -> None:
        """End the process, if there is one."""
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            with suppress(OSError):  # what was not sent yet cannot be
                pipe.close()  # type: ignore[union-attr]

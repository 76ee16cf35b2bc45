"""The helper process of `advice`: decodes JPEGs with FFmpeg, which reports damage that libjpeg decodes to garbage.

Reads pictures from stdin, each behind its length in 8 bytes, and answers each with one line: what FFmpeg complains of,
or nothing. Complaints about anything but the picture's own data (EXIF, profiles, comments) do not count.
"""

from __future__ import annotations

import re
import sys
from typing import BinaryIO

import av
import av.logging

_ELSEWHERE = re.compile(r"EXIF|APP|app:|com:|ICC|SAR")
_PASSED_OVER = re.compile(r"EOI missing|overread")
"""Damage that FFmpeg mentions and does not stop at, even when told to stop at every error."""


def complaint(data: bytes) -> str:
    """FFmpeg's last complaint about a JPEG's compressed data, "" where it has none or does not read such a JPEG."""
    decoder = av.CodecContext.create("mjpeg", "r")
    decoder.options = {"err_detect": "explode"}
    decoder.thread_count = 1
    stopped = ""
    with av.logging.Capture() as said:
        try:
            decoder.decode(av.Packet(data))
        except av.InvalidDataError as error:
            stopped = str(error.strerror)
        except Exception:  # not implemented, or an image that FFmpeg has no name for
            return ""
    lines = [text.strip().split("\n")[0] for _, _, text in said if not _ELSEWHERE.search(text)]
    return next((line for line in reversed(lines) if stopped or _PASSED_OVER.search(line)), stopped)


def serve(requests: BinaryIO, answers: BinaryIO) -> None:
    """Answer requests until they end."""
    av.logging.set_level(av.logging.WARNING)
    while length := requests.read(8):
        answers.write(complaint(requests.read(int.from_bytes(length, "big"))).encode() + b"\n")
        answers.flush()


if __name__ == "__main__":
    serve(sys.stdin.buffer, sys.stdout.buffer)

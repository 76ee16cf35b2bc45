"""Imported by a judge first: FFmpeg's libraries are where torchcodec looks for them, in environments that have some."""

import os
import sys
from pathlib import Path

_libraries = Path(sys.prefix, "ffmpeg")
if _libraries.is_dir() and os.environ.get("LD_LIBRARY_PATH") != str(_libraries):
    os.execve(sys.executable, sys.orig_argv, {**os.environ, "LD_LIBRARY_PATH": str(_libraries)})  # the judge anew

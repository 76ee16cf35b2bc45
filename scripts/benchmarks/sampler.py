"""Runs the command in one process and notes, every two milliseconds of processor time, in which stage it is.

`python -m scripts.benchmarks.sampler NOTES ARGUMENTS...` appends one line a sample to the file NOTES: the stage, a tab,
and the innermost function of ours. A signal handler looks at the whole stack, so native code counts for the function
that called it, and the run is hardly slowed; a tracing profiler would double the cost of small functions. Forked
processes are sampled too.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from types import FrameType

SECONDS = 0.002
START_UP = "start-up"
PACKAGE = f"{Path(__file__).resolve().parents[2] / 'validator'}{os.sep}"
STAGES = {
    "engine/judge": "rules",
    "engine/store": "write",
    "engine/results": "write",
    "engine/assemble": "write",
    "facts/table": "write",
    "catalog": "parse",
    "conversation": "convert",
    "media": "media",
    "files": "media",
    "tokens": "encode",
    "facts": "facts",
    "rules": "rules",
    "engine": "engine",
}
"""Module or folder -> stage, the more special first; the innermost module of ours decides."""
WHOLE = {"engine/entries": "survey", "tokens/processor": START_UP}
"""Modules to which all that they call belongs."""


def stage_of(frame: FrameType | None) -> tuple[str, str]:
    """The stage of a stack, and its innermost function of ours."""
    stage, function = START_UP, ""
    while frame is not None:
        code = frame.f_code
        if code.co_filename == "<frozen importlib._bootstrap>":
            return START_UP, "import"
        if code.co_filename.startswith(PACKAGE):
            module = code.co_filename[len(PACKAGE) : -3]
            if not function:
                stage = next((name for start, name in STAGES.items() if module.startswith(start)), START_UP)
                function = f"{module}.{code.co_qualname}"
            stage = WHOLE.get(module, stage)
        frame = frame.f_back
    return stage, function


def main(notes: str, arguments: list[str]) -> None:
    file = os.open(notes, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def note(_: int, frame: FrameType | None) -> None:
        os.write(file, "\t".join(stage_of(frame)).encode() + b"\n")

    def begin() -> None:
        signal.setitimer(signal.ITIMER_PROF, SECONDS, SECONDS)

    signal.signal(signal.SIGPROF, note)
    os.register_at_fork(after_in_child=begin)
    begin()
    from validator.cli.main import main as command

    sys.argv = ["mmvalidate", *arguments]
    try:
        command()
    finally:  # the interpreter lets go of its handlers before the process ends
        signal.setitimer(signal.ITIMER_PROF, 0)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])

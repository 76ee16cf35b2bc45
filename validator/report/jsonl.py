"""One finding a line, as in the run folder; those that the baseline accepts say so."""

from __future__ import annotations

from typing import TextIO

import orjson

from validator.report.finished import Finished


def write(run: Finished, out: TextIO) -> None:
    """Write all findings."""
    for finding in run.findings():
        out.write(orjson.dumps(finding, option=orjson.OPT_APPEND_NEWLINE).decode())

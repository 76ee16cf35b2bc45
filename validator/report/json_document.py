"""One document: {"summary": ..., "findings": [...]}, streamed."""

from __future__ import annotations

from typing import TextIO

import orjson

from validator.report.finished import Finished


def write(run: Finished, out: TextIO) -> None:
    """Write the summary and all findings."""
    out.write('{"summary": ' + orjson.dumps(run.summary, option=orjson.OPT_INDENT_2).decode() + ',\n"findings": [')
    for index, finding in enumerate(run.findings()):
        out.write((",\n" if index else "\n") + orjson.dumps(finding).decode())
    out.write("\n]}\n")

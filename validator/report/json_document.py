"""Documents in JSON; that of a run is {"summary": ..., "findings": [...]}, streamed."""

from __future__ import annotations

from typing import Any, TextIO

import orjson

from validator.report.finished import Finished


def dump(document: Any, out: TextIO) -> None:
    """Write plain data as one document: indented, with a line end."""
    out.write(orjson.dumps(document, option=orjson.OPT_INDENT_2).decode() + "\n")


def write(run: Finished, out: TextIO) -> None:
    """Write the summary and all findings."""
    out.write('{"summary": ' + orjson.dumps(run.summary, option=orjson.OPT_INDENT_2).decode() + ',\n"findings": [')
    for index, finding in enumerate(run.findings()):
        out.write((",\n" if index else "\n") + orjson.dumps(finding).decode())
    out.write("\n]}\n")

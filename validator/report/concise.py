"""`file:line: CODE [severity] row N: message`, one line a finding, then the verdict. Accepted findings are left out.
The line counts from 1, as editors open it, and is left out where it is not known; rows count from 0.
"""

from __future__ import annotations

from typing import TextIO

from validator.findings import printable
from validator.report.finished import Finished
from validator.report.found import location
from validator.report.places import Places
from validator.report.verdict import describe
from validator.storage.remote import locate


def write(run: Finished, out: TextIO) -> None:
    """Write the findings that the baseline does not accept."""
    base = locate(run.summary["settings"]["dataset_info"]).parent
    places = Places(run.summary, run.lines())
    for finding in run.findings():
        if "accepted" not in finding:
            row = "" if finding["row"] is None else f"row {finding['row']}: "
            line = "" if finding["file"] is None or (number := places.line(finding)) is None else f":{number}"
            where = location(base, finding["dataset"], finding["file"], None) + line
            out.write(f"{where}: {finding['code']} [{finding['severity']}] {row}{printable(finding['message'])}\n")
    out.write(describe(run.summary) + "\n")

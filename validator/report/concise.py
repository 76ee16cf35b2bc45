"""`file:row: CODE [severity] message`, one line a finding, then the verdict. Accepted findings are left out."""

from __future__ import annotations

from typing import TextIO

from validator.findings import printable
from validator.report.console import location
from validator.report.finished import Finished, describe
from validator.storage.remote import locate


def write(run: Finished, out: TextIO) -> None:
    """Write the findings that the baseline does not accept."""
    base = locate(run.summary["settings"]["dataset_info"]).parent
    for finding in run.findings():
        if "accepted" not in finding:
            where = location(base, finding["dataset"], finding["file"], finding["row"])
            out.write(f"{where}: {finding['code']} [{finding['severity']}] {printable(finding['message'])}\n")
    out.write(printable(describe(run.summary)) + "\n")

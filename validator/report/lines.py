"""The machine formats on stdout: jsonl (one finding a line), json (summary and findings), concise (one line each)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, TextIO

import orjson

from validator.engine.run import RunResult
from validator.files import locate


def findings_of(folder: Path) -> Iterator[dict[str, Any]]:
    """The findings of a finished run, in order."""
    with (folder / "findings.jsonl").open("rb") as file:
        for line in file:
            yield orjson.loads(line)


def jsonl(result: RunResult, out: TextIO) -> None:
    """Copy findings.jsonl."""
    with (result.folder / "findings.jsonl").open(encoding="utf-8") as file:
        for line in file:
            out.write(line)


def json(result: RunResult, out: TextIO) -> None:
    """One document: {"summary": ..., "findings": [...]}, streamed."""
    out.write('{"summary": ' + orjson.dumps(result.summary, option=orjson.OPT_INDENT_2).decode() + ',\n"findings": [')
    for index, finding in enumerate(findings_of(result.folder)):
        out.write((",\n" if index else "\n") + orjson.dumps(finding).decode())
    out.write("\n]}\n")


def concise(result: RunResult, out: TextIO) -> None:
    """`file:row: CODE severity message`, all findings, then the verdict."""
    from validator.report.console import location, verdict

    base = locate(result.summary["settings"]["dataset_info"]).parent
    for finding in findings_of(result.folder):
        where = location(base, finding["dataset"], finding["file"], finding["row"])
        out.write(f"{where}: {finding['code']} [{finding['severity']}] {finding['message']}\n")
    out.write(verdict(result.summary) + "\n")

"""SARIF 2.1.0, for GitHub's code scanning and others: one result for each rule and entry, with its first findings.

GitHub refuses files above 10 MB (compressed) and runs of more than 25,000 results, and shows 5,000. Alerts are known
again by rule and entry, not by line. Source: GitHub's documentation of SARIF support, November 2025.
"""

from __future__ import annotations

from typing import Any, TextIO

import orjson

from validator import __version__
from validator.engine.run_files.finished import rules_told
from validator.findings import clip
from validator.report.finished import EXAMPLES, MESSAGE, Finished, Group
from validator.report.places import Places

RESULTS = 5000
BYTES = 9_500_000
_LEVELS = {"error": "error", "warning": "warning", "info": "note"}
_PROBLEMS = {"error": "error", "warning": "warning", "info": "recommendation"}


def write(run: Finished, out: TextIO) -> None:
    """Write the log."""
    for results, examples in ((RESULTS, EXAMPLES), (RESULTS, 1), (RESULTS // 10, 1)):
        data = orjson.dumps(_log(run, run.groups[:results], examples), option=orjson.OPT_INDENT_2)
        if len(data) < BYTES:
            break
    out.write(data.decode() + "\n")


def _log(run: Finished, groups: list[Group], examples: int) -> dict[str, Any]:
    places = Places(run.summary, [finding for group in groups for finding in group.examples[:examples]])
    rules = _rules(run, groups)
    index = {rule["id"]: number for number, rule in enumerate(rules)}
    return {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [
            {
                "tool": {"driver": {"name": "mmvalidate", "semanticVersion": __version__, "rules": rules}},
                "automationDetails": {"id": "mmvalidate/"},
                "columnKind": "unicodeCodePoints",
                "invocations": [_invocation(run.summary)],
                "results": [_result(group, places, index[group.code], examples) for group in groups],
            }
        ],
    }


def _rules(run: Finished, groups: list[Group]) -> list[dict[str, Any]]:
    known = {rule.code: rule for rule in rules_told(run.summary)}
    found = []
    for code, group in sorted({group.code: group for group in groups}.items()):
        described: dict[str, Any] = {
            "id": code,
            "name": group.name,
            "defaultConfiguration": {"level": _LEVELS[group.severity]},
            "properties": {"problem.severity": _PROBLEMS[group.severity], "tags": [code[:2]]},
        }
        if rule := known.get(code):
            described["shortDescription"] = {"text": rule.summary}
            described["fullDescription"] = {"text": rule.summary}
            described["help"] = {"text": rule.doc.strip()}
            if not rule.origin:  # of others it is text that somebody wrote
                described["help"]["markdown"] = rule.doc.strip()
        found.append(described)
    return found


def _result(group: Group, places: Places, rule: int, examples: int) -> dict[str, Any]:
    shown = group.examples[:examples]
    first, others = shown[0], shown[1:]
    text = f"{group.message}\nhelp: {clip(first['help'], MESSAGE)}"
    result: dict[str, Any] = {
        "ruleId": group.code,
        "ruleIndex": rule,
        "level": _LEVELS[group.severity],
        "message": {"text": text},
        "occurrenceCount": group.number,
        "locations": [_location(first, places)],
        "partialFingerprints": {"primaryLocationLineHash": f"{group.identity}:1", "ruleAndDataset/v1": group.identity},
        "properties": {"dataset": clip(group.dataset, 300), "findings": group.count, "accepted": group.accepted},
    }
    if others:
        result["relatedLocations"] = [
            _location(other, places) | {"id": number, "message": {"text": clip(other["message"], MESSAGE)}}
            for number, other in enumerate(others, 1)
        ]
    if not group.count:
        result["suppressions"] = [{"kind": "external", "justification": "accepted by the baseline"}]
    return result


def _location(finding: dict[str, Any], places: Places) -> dict[str, Any]:
    line = places.line(finding) or 1  # GitHub wants one; where there are no lines, the logical location tells the row
    physical = {"artifactLocation": {"uri": places.uri(finding)}, "region": {"startLine": line}}
    parts = [finding["dataset"], *([finding["file"]] if finding["file"] else [])]
    logical = "/".join(clip(part, 300) for part in parts)
    kind = {"kind": "object"}
    if finding["row"] is not None:
        logical, kind = f"{logical}/{finding['row']}", {"kind": "element"}
    return {"physicalLocation": physical, "logicalLocations": [{"fullyQualifiedName": logical} | kind]}


def _invocation(summary: dict[str, Any]) -> dict[str, Any]:
    unchecked = [
        {"level": "error", "message": {"text": f"{clip(item['dataset'])} was not checked: {clip(item['reason'], 300)}"}}
        for item in summary["unchecked_entries"][:100]
    ]
    if rows := summary["rows"]["unchecked"]:
        unchecked.append({"level": "error", "message": {"text": f"{rows:,} rows were not checked"}})
    return {
        "executionSuccessful": not unchecked,
        "exitCode": summary["exit_code"],
        "toolExecutionNotifications": unchecked,
    }

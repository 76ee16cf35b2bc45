"""Annotations for GitHub Actions: workflow commands on stdout, and a summary of the job in Markdown.

A step shows ten errors, ten warnings and ten notices: one for each rule and entry, those with most findings.
"""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path
from typing import TextIO

from validator.findings import SEVERITIES, clip, printable
from validator.report import markdown
from validator.report.finished import EXAMPLES, Finished, Group, gate_notes
from validator.report.places import Places
from validator.report.verdict import describe

EACH = 10
"""Annotations of one kind that a step shows."""
SUMMARY_BYTES = 900_000
"""Of the job summary; GitHub refuses one above 1 MiB."""
_COMMANDS = {"error": "error", "warning": "warning", "info": "notice"}


def write(run: Finished, out: TextIO) -> None:
    """Write annotations, then the verdict; append to $GITHUB_STEP_SUMMARY where that is set."""
    shown = _shown(run)
    places = Places(run.summary, [group.examples[0] for group in shown])
    for group in shown:
        out.write(_command(group, places) + "\n")
    left_out = sum(1 for group in run.groups if group.count) - len(shown)
    if left_out:
        out.write(f"{left_out} more rules and datasets have findings: see the summary of the job\n")
    for note in gate_notes(run.summary):
        out.write(plain(note) + "\n")
    out.write(plain(describe(run.summary)) + "\n")
    if summary := os.environ.get("GITHUB_STEP_SUMMARY"):
        with Path(summary).open("a", encoding="utf-8") as file:
            file.write(markdown.text(run, SUMMARY_BYTES))


def _shown(run: Finished) -> list[Group]:
    shown, left = [], Counter(dict.fromkeys(_COMMANDS, EACH))
    for group in sorted(run.groups, key=lambda one: -one.count):
        if group.count and left[group.severity] > 0:
            left[group.severity] -= 1
            shown.append(group)
    return sorted(shown, key=lambda one: (SEVERITIES.index(one.severity), -one.count, one.code, one.dataset))


def _command(group: Group, places: Places) -> str:
    first = group.examples[0]
    properties = {"file": places.path(first), "title": f"{group.code} {group.name}"}
    if line := places.line(first):
        properties["line"] = str(line)
    named = ",".join(f"{name}={_property(value)}" for name, value in sorted(properties.items()))
    rows = [str(example["row"]) for example in group.examples if example["row"] is not None]
    text = group.message + (
        "" if len(rows) < 2 else f"\nrows {', '.join(rows)}" + (" ..." if group.count > EXAMPLES else "")
    )
    return f"::{_COMMANDS[group.severity]} {named}::{_data(text + chr(10) + 'help: ' + clip(first['help'], 1000))}"


def plain(text: str) -> str:
    """A line that begins with our words and is no command: the runner takes `##[` for one anywhere."""
    return printable(text).replace("##[", "## [")


def _data(text: str) -> str:
    """Text of a command; source: @actions/core, command.ts. The runner writes it into its log with its line ends, where
    `##[group]` would open a group.
    """
    return text.replace("##[", "## [").replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")

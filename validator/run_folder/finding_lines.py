"""The findings of a finished run, line by line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import orjson

from validator.findings import SEVERITIES, Finding
from validator.run_folder.damage import opened, unusable

LONGEST = 64 << 20
"""Bytes of a line that are read: what is longer is none of ours."""
_TEXT: set[type] = {str}
_NULL: set[type] = {type(None)}
_NUMBER: set[type] = {int}
_TYPES: dict[str, set[type]] = {
    "code": _TEXT,
    "name": _TEXT,
    "severity": _TEXT,
    "dataset": _TEXT,
    "file": _TEXT | _NULL,
    "row": _NUMBER | _NULL,
    "sample_id": _TEXT | _NULL,
    "turn": _NUMBER | _NULL,
    "media_index": _NUMBER | _NULL,
    "message": _TEXT,
    "help": _TEXT,
    "evidence": {dict},
}
assert tuple(_TYPES) == Finding.__slots__
_KEYS = [*_TYPES]


def finding_lines(path: Path) -> Iterator[dict[str, Any]]:
    """The findings in a findings.jsonl, in order. Raises UnusableRunError where a line is none."""
    with opened(path) as lines:
        yield from parsed(iter(lambda: lines.readline(LONGEST), b""), path)


def parsed(lines: Iterable[bytes], path: Path, begin: int = 0) -> Iterator[dict[str, Any]]:
    """The findings in lines of a file, `begin` of which came before. Raises UnusableRunError where a line is none."""
    sound = set[tuple[type, ...]]()  # types that were looked at: there are few combinations
    for number, line in enumerate(lines, begin + 1):
        try:
            finding = orjson.loads(line) if line.endswith(b"\n") else None
        except ValueError:
            finding = None
        if type(finding) is not dict or [*finding] != _KEYS or finding["severity"] not in SEVERITIES:
            raise unusable(path, f"is damaged in line {number:,}")
        types = tuple(map(type, finding.values()))
        if types not in sound:
            if not all(kind in wanted for kind, wanted in zip(types, _TYPES.values(), strict=True)):
                raise unusable(path, f"is damaged in line {number:,}")
            sound.add(types)
        yield finding

"""Where a finding is, as hosts of code want it: a path from the root of the checkout, and a line where it is known."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

from validator.catalog.json_rows import find_layout, read_rows
from validator.findings import printable
from validator.storage.remote import is_remote, locate

MOST_BYTES = 64 << 20
"""Of a data file that is searched for lines; hosts show no larger ones."""
_KEY = re.compile(r'("[^"\\]*(?:\\.[^"\\]*)*"?)(\s*:)?')
"""A string in JSON, and whether it is a key."""
_ROOTS = ("GITHUB_WORKSPACE", "CI_PROJECT_DIR")


class Places:
    """The places of some findings of a run. Files are read once, up to the last row that is asked for."""

    def __init__(self, summary: Mapping[str, Any], findings: Iterable[Mapping[str, Any]]) -> None:
        self._registry = str(summary["settings"]["dataset_info"])
        rows: dict[str, set[int]] = {}
        entries = set()
        self._searched: dict[str, bool] = {}
        for finding in findings:
            if finding["file"] is None:
                entries.add(finding["dataset"])
            elif finding["row"] is not None and self._is_searched(finding["file"]):
                rows.setdefault(finding["file"], set()).add(finding["row"])
        self._lines: dict[tuple[str | None, Any], int] = {}
        for file, wanted in rows.items():
            self._lines |= {(file, row): line for row, line in _lines_of(Path(self._path(file)), wanted).items()}
        if entries and not is_remote(self._registry):
            self._lines |= {
                (None, name): line for name, line in _lines_of_entries(Path(self._registry), entries).items()
            }

    def _is_searched(self, file: str) -> bool:
        """Whether lines of a file are looked for: only where it is a JSON file of moderate size."""
        if file not in self._searched:
            try:
                path = Path(self._path(file))
                small = not is_remote(self._registry) and path.stat().st_size <= MOST_BYTES
                self._searched[file] = small and path.suffix.lower() in (".json", ".jsonl")
            except (OSError, ValueError):
                self._searched[file] = False
        return self._searched[file]

    def _path(self, file: str | None) -> str:
        if file is None:
            return self._registry
        return str(locate(self._registry).parent / file)

    def path(self, finding: Mapping[str, Any]) -> str:
        """The file, from the root of the checkout where it lies in one."""
        path = printable(self._path(finding["file"]))
        if is_remote(path):
            return path
        absolute = os.path.abspath(path)
        for root in (*(os.environ[name] for name in _ROOTS if os.environ.get(name)), os.getcwd()):
            below = os.path.relpath(absolute, root)
            if not below.startswith(".."):
                return below.replace(os.sep, "/")
        return absolute.replace(os.sep, "/")

    def uri(self, finding: Mapping[str, Any]) -> str:
        """The path as a URI reference."""
        path = self.path(finding)
        if is_remote(path):
            return quote(path, safe="/:@?=&%+")
        return ("file://" if path.startswith("/") else "") + quote(path, safe="/")

    def line(self, finding: Mapping[str, Any]) -> int | None:
        """The line, counted from 1; None where it is not known."""
        file = finding["file"]
        return self._lines.get((file, finding["dataset"] if file is None else finding["row"]))


def _lines_of(path: Path, rows: set[int]) -> dict[int, int]:
    """The lines on which rows of a JSON file begin."""
    found: dict[int, int] = {}
    last = max(rows)
    try:
        data = path.read_bytes()
        line = at = 0
        for raw in read_rows(path, find_layout(path)):
            if raw.index > last:
                break
            if raw.index in rows and not raw.between and raw.index not in found:
                line += data.count(b"\n", at, raw.offset)
                at = raw.offset
                found[raw.index] = line + 1
    except (OSError, ValueError):
        return {}
    return found


def _lines_of_entries(path: Path, names: set[str]) -> dict[str, int]:
    """The lines of dataset_info.json on which entries begin."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, ValueError):
        return {}
    found: dict[str, int] = {}
    line, counted = 1, 0
    for match in _KEY.finditer(text):
        if not match[2]:
            continue
        with suppress(ValueError):
            name = json.loads(match[1])
            if name in names and name not in found:
                line += text.count("\n", counted, match.start())
                counted = match.start()
                found[name] = line
    return found

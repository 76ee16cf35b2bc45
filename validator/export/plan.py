"""What of a run goes into an export: which entries and files, and where each is put."""

from __future__ import annotations

import os
import re
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any

from validator.engine.opened import Catalog
from validator.export.pictures import FOLDER
from validator.export.policy import FileKey, Policy, Reason, Verdicts
from validator.rules.base import EntryFacts, FileFacts

QUARANTINE = "quarantine"
RESERVED = frozenset((QUARANTINE, FOLDER, "dataset_info.json", "dropped.jsonl", "fixes.jsonl", "export.json"))
"""Names in an export that are no data."""
_FOLLOW_FROM_ROWS = frozenset(("DI006", "DI008", "DI009"))
"""Errors of entries that are gone with the rows that cause them."""
_BOM = "byte order mark"


@dataclass(frozen=True, slots=True)
class Part:
    """One data file: `target` is its path in the export; `written`: another entry has put the same rows there."""

    file: FileFacts
    target: str
    written: bool


@dataclass(frozen=True, slots=True)
class Going:
    """An entry that is exported; `location` is its new file_name."""

    facts: EntryFacts
    location: str
    parts: tuple[Part, ...]


@dataclass(slots=True)
class Plan:
    """Entries that go, those that stay with the reasons, and what becomes of single files, as (entry, file, words)."""

    going: list[Going]
    staying: dict[str, tuple[Reason, ...]]
    notes: list[tuple[str, str, str]]


def make_plan(catalog: Catalog, verdicts: Verdicts, policy: Policy, *, fix: bool) -> Plan:
    """Decide for every entry of a run."""
    plan = Plan([], {}, [])
    claims: dict[str, Hashable] = {}
    for facts in catalog.entries:
        against, files = _judge(facts, verdicts, policy, plan, fix)
        if against:
            plan.staying[facts.name] = against
            continue
        assert facts.entry is not None
        wanted = {file.name: _rows_of((facts.name, file.name), facts, verdicts, fix) for file in files}
        location = facts.entry.location.rstrip("/")
        if _is_taken(location, wanted, claims):
            location = f"{_slug(facts.name)}/{os.path.basename(location)}"
        parts = []
        for file in files:
            target = location + file.name.removeprefix(facts.entry.location.rstrip("/"))
            parts.append(Part(file, target, claims.get(target) == wanted[file.name] is not None))
            claims[target] = wanted[file.name]
        plan.going.append(Going(facts, location, tuple(parts)))
    return plan


def _judge(
    facts: EntryFacts, verdicts: Verdicts, policy: Policy, plan: Plan, fix: bool
) -> tuple[tuple[Reason, ...], list[FileFacts]]:
    """The reasons against an entry, and the files of it that go."""
    if facts.unchecked is not None:
        return (Reason("", "error", f"not checked: {facts.unchecked}"),), []
    if facts.entry is not None and facts.entry.source != "file":
        return (Reason("", "info", "its data is no local file"),), []
    against: list[Reason] = []
    damaged: dict[str, Reason] = {}
    for finding in verdicts.against:
        error = finding.severity == "error" or finding.code in policy.drop
        if finding.dataset != facts.name or not error or finding.code in policy.keep | _FOLLOW_FROM_ROWS:
            continue
        if fix and finding.code == "DI004" and _BOM in finding.message and finding.file is not None:
            plan.notes.append((facts.name, finding.file, "the byte order mark at its beginning was left out"))
            continue
        reason = Reason(finding.code, finding.severity, finding.message)
        if finding.code == "DI004" and finding.file is not None and len(facts.files) > 1:
            damaged.setdefault(finding.file, reason)
        else:
            against.append(reason)
    if facts.fault is not None and not against:
        against.append(Reason("", "error", facts.fault))
    files = [file for file in facts.files if file.survey is not None and file.name not in damaged]
    if not against and not files:
        return tuple(damaged.values()) or (Reason("", "error", "it has no data file that can be read"),), []
    if not against:
        plan.notes += [
            (facts.name, name, f"the file is left out: {reason.code} {reason.message}")
            for name, reason in sorted(damaged.items())
        ]
    return tuple(against), files


def _rows_of(key: FileKey, facts: EntryFacts, verdicts: Verdicts, fix: bool) -> Hashable:
    """What decides which rows of a file are written, for comparison; None where nothing else can be equal."""
    rows = verdicts.of(key)
    if fix and rows:
        return None
    ranges = facts.order.ranges
    dropped = frozenset(row.row for row in rows.values() if row.reasons)
    return dropped, None if ranges is None else tuple((part.start, part.stop) for part in ranges), key[1]


def _is_taken(location: str, wanted: dict[str, Hashable], claims: dict[str, Hashable]) -> bool:
    """Whether an entry's files cannot lie where they lay: outside, under a reserved name, or other rows are there."""
    first = os.path.normpath(location).split(os.sep)[0]
    if location.startswith("/") or first in RESERVED or first in (os.pardir, os.curdir):
        return True
    return any(name in claims and (rows is None or claims[name] != rows) for name, rows in wanted.items())


def _slug(name: str) -> str:
    slug = re.sub(r"[^\w.-]+", "_", name)[:80].strip(".") or "entry"
    return f"{slug}_" if slug in RESERVED else slug


def entry_of(raw: dict[str, Any], going: Going, absent: set[str]) -> dict[str, Any]:
    """The entry as it is written: the original's keys, its new place, no slice (only the rows of it are there), and no
    column that none of the rows has any more: the trainer would stop at it.
    """
    made = {**raw, "file_name": going.location}
    if going.facts.order.ranges is not None:
        made["split"] = "train"
    if absent and isinstance(raw.get("columns"), dict):
        made["columns"] = {key: name for key, name in raw["columns"].items() if name not in absent}
    return made

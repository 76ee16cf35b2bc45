"""What of a run goes into an export: which entries and files, and where each is put."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Hashable, Iterator
from dataclasses import dataclass, field
from itertools import count, groupby
from typing import Any

from validator.catalog.arrow_types import PARTS
from validator.catalog.entry import CONVERTED
from validator.conversation.parts import hold_parts
from validator.engine.run_files.catalog import Catalog
from validator.exporting.names import QUARANTINE, Names
from validator.exporting.policy import Policy, Reason
from validator.exporting.verdicts import FileKey, Verdicts
from validator.rules.base import EntryFacts, FileFacts

_UNFIT = re.compile(r"[^\w.-]+")
_FOLLOW_FROM_ROWS = frozenset(("DI006", "DI008", "DI009"))
"""Errors of entries that are gone with the rows that cause them."""
_BOM = "byte order mark"
_ROLES = "to speak first"
"""Of the role names in the rows that `tags` does not have: those in the rows can be mended as well."""


@dataclass(frozen=True, slots=True)
class ExportPart:
    """One data file: `target` is its path in the export; `written`: another entry has put the same rows there."""

    file: FileFacts
    target: str
    written: bool


@dataclass(frozen=True, slots=True)
class Going:
    """An entry that is exported; `location` is its new file_name."""

    facts: EntryFacts
    location: str
    parts: tuple[ExportPart, ...]


@dataclass(slots=True)
class ExportPlan:
    """Entries that go, those that stay with the reasons, what becomes of single files, as (entry, file, words), and the
    names that are taken.
    """

    going: list[Going] = field(default_factory=list)
    staying: dict[str, tuple[Reason, ...]] = field(default_factory=dict)
    notes: list[tuple[str, str, str]] = field(default_factory=list)
    names: Names = field(default_factory=Names)


def make_plan(catalog: Catalog, verdicts: Verdicts, policy: Policy, *, fix: bool) -> ExportPlan:
    """Decide for every entry of a run."""
    plan = ExportPlan()
    claims: dict[str, Hashable] = {}
    shared = Counter(file.name for facts in catalog.entries for file in facts.files)
    for facts in catalog.entries:
        against, files = _judge(facts, verdicts, policy, plan, fix)
        if against:
            plan.staying[facts.name] = against
            continue
        assert facts.entry is not None
        home = facts.entry.location.rstrip("/")
        wanted = {
            rest: _rows_of((facts.name, file.name), facts, verdicts, fix, alone=shared[file.name] == 1)
            for rest, file in zip(_rests(files, home), files, strict=True)
        }
        location = next(place for place in _places(facts.name, home) if _fits(place, wanted, claims, plan.names))
        parts = []
        for file, (rest, rows) in zip(files, wanted.items(), strict=True):
            target = location + rest
            parts.append(ExportPart(file, target, written=target in claims))
            claims[target] = rows
            plan.names.claim(target)
            plan.names.claim(f"{QUARANTINE}/{target}")
        plan.going.append(Going(facts, location, tuple(parts)))
    return plan


def _rests(files: list[FileFacts], home: str) -> Iterator[str]:
    """Where each file lies, behind what the entry names. Files out of one archive get numbers: in its place, or in a
    folder that is called after it.
    """
    members = Counter(file.source for file in files)
    for source, group in groupby(files, key=lambda file: file.source):
        rest, suffix = source.removeprefix(home), os.path.splitext(source)[1]
        for number, _ in enumerate(group):
            if members[source] == 1:
                yield rest
            else:
                yield f"{rest.removesuffix(suffix)}-{number:05d}{suffix}" if rest else f"/{number:05d}{suffix}"


def _places(entry: str, home: str) -> Iterator[str]:
    """Where an entry's files may lie: where they lay, or in a folder with the entry's name."""
    place = os.path.normpath(home)
    if not place.startswith("/") and place.split(os.sep)[0] not in (QUARANTINE, os.pardir, os.curdir):
        yield place
    slug = _UNFIT.sub("_", entry).encode()[:80].decode(errors="ignore").strip(".") or "entry"
    name = os.path.basename(place)
    for number in count(1):
        yield f"{slug}{f'_{number}' if number > 1 else ''}/{'data' if name in ('', os.curdir, os.pardir) else name}"


def _fits(place: str, wanted: dict[str, Hashable], claims: dict[str, Hashable], names: Names) -> bool:
    """Whether an entry's files can lie at a place: nothing is there, or the same rows."""
    for rest, rows in wanted.items():
        target = place + rest
        if target in claims:
            if rows is None or claims[target] != rows:
                return False
        elif not (names.is_free(target) and names.is_free(f"{QUARANTINE}/{target}")):
            return False
    return True


def _judge(
    facts: EntryFacts, verdicts: Verdicts, policy: Policy, plan: ExportPlan, fix: bool
) -> tuple[tuple[Reason, ...], list[FileFacts]]:
    """The reasons against an entry, and the files of it that go."""
    if facts.unchecked is not None:
        return (Reason("", "error", f"not checked: {facts.unchecked}"),), []
    if facts.entry is not None and facts.entry.source != "file":
        return (Reason("", "info", "its data is no local file"),), []
    against: list[Reason] = []
    damaged: dict[str, Reason] = {}
    for finding in verdicts.against.get(facts.name, ()):
        reason = finding.reason
        error = reason.severity == "error" or reason.code in policy.drop
        if not error or reason.code in policy.keep | _FOLLOW_FROM_ROWS:
            continue
        if fix and reason.code == "DI004" and _BOM in reason.message and finding.file is not None:
            plan.notes.append((facts.name, finding.file, "the byte order mark at its beginning was left out"))
            continue
        if fix and reason.code == "DI015" and _ROLES in reason.message:
            continue
        if _is_mended(reason, facts, finding.file, fix):
            continue
        if reason.code == "DI004" and finding.file is not None and len(facts.files) > 1:
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


def _is_mended(reason: Reason, facts: EntryFacts, name: str | None, fix: bool) -> bool:
    """Whether what is said of a file is gone with its rows: contents in parts become text or stay behind. Without
    `fix` all of them must be known.
    """
    file = next((file for file in facts.files if file.name == name), None)
    if facts.entry is None or file is None or file.survey is None or not hold_parts(facts.entry, file.survey):
        return False
    if reason.code == "DI005":
        return fix and any(f"(columns.{column})" in reason.message for column in ("images", "videos"))
    known = fix or file.survey.num_refusals == len(file.survey.refusals)
    return reason.code == "DI004" and known and PARTS in reason.message


def _rows_of(key: FileKey, facts: EntryFacts, verdicts: Verdicts, fix: bool, *, alone: bool) -> Hashable:
    """What decides which rows of a file are written, for comparison; None where nothing else can be equal. `alone`: no
    other entry reads the file.
    """
    if alone or (fix and verdicts.any_of(key)):
        return None
    ranges = facts.order.ranges
    bounds = None if ranges is None else tuple((part.start, part.stop) for part in ranges)
    return verdicts.digest_of_dropped(key), bounds, key[1]


def entry_of(
    raw: dict[str, Any], going: Going, absent: set[str], added: dict[str, str], converted: dict[str, Any] | None = None
) -> dict[str, Any]:
    """The entry as it is written: the original's keys, its new place, no slice (only the rows of it are there), no
    column that none of the rows has any more (the trainer would stop at it), those that its rows have gained, and a
    note of the system to which its coordinates were `converted`.
    """
    made = {**raw, "file_name": going.location}
    if converted is not None:
        made[CONVERTED] = converted
    if going.facts.order.ranges is not None:
        made["split"] = "train"
    if absent and isinstance(raw.get("columns"), dict):
        made["columns"] = {key: name for key, name in raw["columns"].items() if name not in absent}
    if added:
        assert going.facts.entry is not None
        made["columns"] = {**(made.get("columns") or {"messages": going.facts.entry.columns["messages"]}), **added}
    return made

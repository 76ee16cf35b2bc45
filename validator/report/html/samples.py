"""The chosen samples with everything that is known of them: facts, findings, and, read again, their turns."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import xxhash

from validator.catalog.json_rows import RawRow
from validator.conversation.sample import MediaReference, Sample
from validator.engine.cache import Cache
from validator.engine.reread import reread
from validator.engine.run_files.finished import FinishedRun
from validator.facts.budget import Limits
from validator.facts.measure import Measurer
from validator.facts.record import RowFacts
from validator.facts.settle import settle
from validator.facts.strip import Segment, segments
from validator.facts.table import from_record
from validator.replaying.population import records_at
from validator.report.html.choice import Choice, findings_about

GENERAL = 100
"""Findings about files and entries on a page."""
_RAW = 4000
"""Bytes that are kept of a row that is no sample."""
Key = tuple[str, str, int]


@dataclass(slots=True)
class Shown:
    """One sample on the page. `sample` is None where its row could not be read again; `note` says why, or what is odd.

    `raw` is the beginning of a row that yields no turns.
    """

    key: Key
    record: dict[str, Any]
    facts: RowFacts
    strip: list[Segment]
    findings: list[dict[str, Any]] = field(default_factory=list)
    replayed: dict[str, Any] | None = None
    sample: Sample | None = None
    raw: str = ""
    note: str = ""
    media: dict[tuple[str, int], MediaReference] = field(default_factory=dict)


def gather(
    run: FinishedRun, choice: Choice, limits: Limits | None, replayed: dict[Key, dict[str, Any]]
) -> tuple[list[Shown], list[dict[str, Any]]]:
    """The chosen samples, the most important first, and findings about files and entries."""
    records = records_at(run, set(choice.places))
    shown = {}
    for place in choice.places:
        record = records[place]
        facts = from_record(record)
        if limits is not None:
            settle(facts, limits)
        key = facts.dataset, facts.file, facts.row
        strip = segments(facts, limits) if limits is not None else []
        shown[key] = Shown(key, record, facts, strip, replayed=replayed.get(key))
    general = []
    for finding in findings_about(run, set(shown), GENERAL):
        if finding["row"] is None:
            general.append(finding)
        else:
            shown[finding["dataset"], finding["file"], finding["row"]].findings.append(finding)
    return list(shown.values()), general


def read_again(run: FinishedRun, samples: Sequence[Shown]) -> str | None:
    """Put the turns and media into samples whose rows are still what they were. Returns why nothing could be read."""
    wanted: dict[tuple[str, str], set[int]] = defaultdict(set)
    by_key = {item.key: item for item in samples}
    for dataset, file, row in by_key:
        wanted[dataset, file].add(row)
    for item in samples:
        item.note = "its data file is gone, or cannot be read"
    try:
        for dataset, file, measurer, raw in _rows(run, wanted):
            item = by_key[dataset, file, raw.index]
            if item.record["content_hash"] != xxhash.xxh3_128_hexdigest(raw.raw):
                item.note = "the row has changed since the run"
                continue
            item.note = ""
            _put(item, measurer, raw)
    except Exception as error:  # whatever stands in the way, the report is about a run that is finished
        return f"{type(error).__name__}: {error}"
    return None


def _rows(run: FinishedRun, wanted: dict[tuple[str, str], set[int]]) -> Iterator[tuple[str, str, Measurer, RawRow]]:
    frozen = {place: frozenset(rows) for place, rows in wanted.items()}
    return reread(run.settings, frozen, Cache.of(run))


def _put(item: Shown, measurer: Measurer, raw: RawRow) -> None:
    sample = None
    if raw.fault is None and not raw.unread:
        sample = measurer.convert(raw)
    if sample is not None and (sample.turns or sample.system):
        item.sample = sample
        for references in sample.media.values():
            item.media |= {(reference.kind, reference.index): reference for reference in references}
    else:
        item.raw = raw.raw[:_RAW].decode("utf-8", "replace") + ("…" if len(raw.raw) > _RAW else "")

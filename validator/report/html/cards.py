"""One sample as plain data for its template."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from validator.conversation.sample import PLACEHOLDERS
from validator.engine.run_files.training import outcome_of
from validator.facts.budget import Limits
from validator.facts.replayed import Drift
from validator.facts.strip import Segment
from validator.findings import SEVERITIES, clip
from validator.report.html.media import MEDIA, media
from validator.report.html.replayed import Replays
from validator.report.html.samples import Key, Shown
from validator.report.html.shapes import RowDrawn
from validator.report.html.text import pieces
from validator.report.html.thumbnails import Thumbnails
from validator.report.verdict import WORDS

NAME = 160
"""Characters of the name of a dataset or a file."""
TEXT, ROW_TEXT = 1000, 3000
"""Characters that are shown of a turn, and of all turns of a row."""
TURNS, FINDINGS = 24, 20
"""Shown of a row."""
_BLOCKS = 150
"""Of a budget bar: the smaller ones could not be seen."""


@dataclass(frozen=True, slots=True)
class Context:
    """What all cards share."""

    base: str
    limits: Limits | None
    cutoff: int
    replays: Replays | None
    thumbnails: Mapping[tuple[str, str, int, str, int], Thumbnails]
    shapes: Mapping[Key, RowDrawn]


def card(item: Shown, number: int, context: Context) -> dict[str, Any]:
    """The data of a card. `number` tells it from the others on the page."""
    record = item.record
    findings = [_finding(finding) for finding in item.findings]
    severities = [finding["severity"] for finding in findings]
    row_turns = turns(item)
    return {
        "id": f"sample-{number}",
        "key": item.key,
        "dataset": clip(item.facts.dataset, NAME),
        "file": clip(item.facts.file, NAME),
        "row": item.facts.row,
        "where": f"{clip(context.base, 300)}/{clip(item.facts.file, 300)} row {item.facts.row}",
        "sample_id": item.facts.sample_id,
        "status": record["status"],
        "outcome": WORDS[outcome_of(item.facts, record["status"], [finding["code"] for finding in item.findings])],
        "severity": next((word for word in SEVERITIES if word in severities), "info"),
        "codes": list(dict.fromkeys(finding["code"] for finding in findings)),
        "findings": findings[:FINDINGS],
        "more_findings": max(len(findings) - FINDINGS, 0),
        "risk": record["risk_score"],
        "tokens": record["num_tokens_full"],
        "trainer_error": record["trainer_error"] or record["unchecked"],
        "note": item.note,
        "budget": budget(item, context.cutoff),
        "available": {PLACEHOLDERS[kind]: len(item.facts.of_kind(kind)) for kind in PLACEHOLDERS},
        "turns": row_turns[:TURNS],
        "more_turns": max(len(row_turns) - TURNS, 0),
        "tools": pieces(str(item.sample.tools), TEXT) if item.sample and item.sample.tools else None,
        "raw": pieces(item.raw, TEXT) if item.raw else None,
        "media": media(item, context.limits, context.thumbnails, context.shapes.get(item.key)),
        "more_media": max(len(item.facts.media) - MEDIA, 0),
        "replay": _replay(item, context.replays),
    }


def _finding(finding: dict[str, Any]) -> dict[str, Any]:
    evidence = orjson.loads(finding["evidence"] or "{}")
    written = ((name, _written(value)) for name, value in evidence.items())
    shown = ", ".join(
        f"{name.replace('_', ' ')} {value}" for name, value in written if value and value not in finding["message"]
    )
    return {**finding, "evidence": shown[:300] + ("…" if len(shown) > 300 else "")}


def _written(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(_written, value))
    return "" if value is None else f"{value:,}" if isinstance(value, int) else str(value)


def turns(item: Shown) -> list[dict[str, Any]]:
    """The turns with their texts in pieces, the findings about each, and what the cutoff leaves of it."""
    if item.sample is None:
        return []
    lengths: dict[int | None, tuple[int, int]] = {}
    for segment in item.strip:
        turn = item.facts.turns[segment.span.turn]
        key = None if turn.role == "system" else turn.index
        tokens, kept = lengths.get(key, (0, 0))
        lengths[key] = tokens + segment.tokens, kept + segment.kept
    listed: list[tuple[int | None, str, Any]] = []
    if item.sample.system:
        listed.append((None, "system", item.sample.system))
    listed += [(turn.index, turn.role, turn.content) for turn in item.sample.turns]
    codes: dict[int | None, list[str]] = {index: [] for index, _, _ in listed}
    for finding in item.findings:
        if finding["turn"] in codes and finding["code"] not in codes[finding["turn"]]:
            codes[finding["turn"]].append(finding["code"])
    seen: Counter[str] = Counter()
    found, left = [], ROW_TEXT
    for index, role, content in listed:
        text = content if isinstance(content, str) else repr(content)
        most = min(TEXT, max(left, 120))
        left -= min(len(text), most)
        length = lengths.get(index)
        found.append(
            {
                "index": index, "codes": [] if index is None else codes[index], "role": role[:40],
                "tokens": length[0] if length else None, "kept": length[1] if length else None,
                "pieces": pieces(text, most, None if index is None else seen),
                "kind": None if isinstance(content, str) else type(content).__name__,
            }
        )  # fmt: skip
    return found


def budget(item: Shown, cutoff: int) -> dict[str, Any] | None:
    """The token budget: blocks in the order of the row, sums, and where the cutoff stands. None without counts."""
    total = sum(segment.tokens for segment in item.strip)
    if not total:
        return None
    sums: Counter[str] = Counter()
    blocks: list[dict[str, Any]] = []
    place = 0
    for kind, tokens, kept in _joined(item.strip):
        sums[kind] += kept
        width = round(1000 * tokens / total, 2)
        blocks.append(
            {
                "kind": kind, "left": round(1000 * place / total, 2), "width": width, "tokens": tokens, "kept": kept,
                "lost": round(1000 * (tokens - kept) / total, 2),
            }
        )  # fmt: skip
        place += tokens
    blocks = sorted(sorted(blocks, key=lambda block: -block["tokens"])[:_BLOCKS], key=lambda block: block["left"])
    kept = sum(sums.values())
    return {
        "blocks": blocks,
        "sums": {kind: sums[kind] for kind in ("text", "image", "video", "label") if sums[kind]},
        "total": total,
        "visual": sum(part.tokens for part in item.strip if part.span.kind != "text"),
        "kept": kept,
        "cut": total - kept,
        "cut_visual": sum(part.tokens - part.kept for part in item.strip if part.span.kind != "text"),
        "cutoff": round(1000 * cutoff / total, 2) if total > cutoff else None,
    }


def _joined(strip: list[Segment]) -> list[tuple[str, int, int]]:
    """Neighbours of one kind that are kept or cut alike, as (kind, tokens, kept); learned text is `label`."""
    found: list[tuple[str, int, int]] = []
    for segment in strip:
        kind = "label" if segment.span.is_label and segment.span.kind == "text" else segment.span.kind
        if found and segment.span.kind == "text" and found[-1][0] == kind and found[-1][1] == found[-1][2]:
            found[-1] = kind, found[-1][1] + segment.tokens, found[-1][2] + segment.kept
        elif segment.tokens:
            found.append((kind, segment.tokens, segment.kept))
    return found


def _replay(item: Shown, replays: Replays | None) -> dict[str, Any] | None:
    record = item.replayed
    if record is None or replays is None:
        return None
    names = (
        "verdict",
        "group",
        "why",
        "exception",
        "stage",
        "remedy",
        "first_nonfinite",
        "static",
        "disagreement",
        "difference",
        "loss",
        "grad_norm",
    )
    shown = {name: record.get(name) for name in names}
    tried = [remedy for remedy in record["remedies"] if remedy["verdict"] is not None]
    return {
        **shown,
        "remedies": tried,
        "drifts": [Drift(**drift) for drift in record["drifts"]],
        "ladder": dict(record.get("ladder") or ()),
        "beside": replays.beside(record),
    }

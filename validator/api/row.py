"""One row of a finished run: what was counted and found, and, read again, what the model will see."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from html import escape
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import xxhash

from validator.catalog.json_rows import RawRow
from validator.engine.cache import Cache
from validator.engine.finished import FinishedRun
from validator.engine.program import program
from validator.engine.reread import reread
from validator.errors import ChangedDataError
from validator.facts.measure import Measurer, limits_of
from validator.facts.settle import settle
from validator.facts.strip import Segment, segments
from validator.facts.table import from_record
from validator.facts.training_ids import training_ids
from validator.findings import Finding, clip
from validator.replaying.population import records_at
from validator.tokens.processor import load_processor

COLORS = {"text": "#9aa5b1", "label": "#3b82c4", "image": "#e0a030", "video": "#8f5fbf"}
"""Of the bar; `label` is text that is learned."""
SHOWN = 600
"""Characters of a turn that a notebook shows."""


@dataclass(frozen=True)
class Row:
    """One row. `sample`: its record of samples.parquet. `segments`: its tokens in the order in which the trainer lays
    them out, and how many of each the cutoff leaves; empty where the trainer yields none.
    """

    dataset: str
    file: str
    row: int
    sample: dict[str, Any]
    findings: tuple[Finding, ...]
    segments: tuple[Segment, ...]
    _run: FinishedRun = field(repr=False)

    @cached_property
    def turns(self) -> list[tuple[str, str]]:
        """(role, text) of each turn as the trainer converts the row, a system prompt first. Raises ChangedDataError
        where the data are no longer those of the run.
        """
        measurer, raw = self._again
        if raw.fault is not None or raw.unread:
            return []
        sample = measurer.convert(raw)
        system = [("system", str(sample.system))] if sample.system else []
        return system + [(turn.role, str(turn.content)) for turn in sample.turns]

    @property
    def input_ids(self) -> list[int]:
        """The ids that the trainer feeds, after truncation; empty where it yields none. Raises ChangedDataError where
        the data are no longer those of the run.
        """
        return self._ids[0]

    @property
    def labels(self) -> list[int]:
        """Of each id the label, -100 where it is not learned. Raises ChangedDataError as `input_ids` does."""
        return self._ids[1]

    @cached_property
    def _ids(self) -> tuple[list[int], list[int]]:
        return training_ids(*self._again) or ([], [])

    @cached_property
    def _again(self) -> tuple[Measurer, RawRow]:
        """The row as its file has it now."""
        settings = self._run.settings
        cache = Cache(self._run.folder / "cache", program(exact=settings.exact))
        wanted = {(self.dataset, self.file): frozenset((self.row,))}
        where = f"row {self.row} of {self.file} ({self.dataset})"
        for _, _, measurer, raw in reread(settings, wanted, cache):
            if xxhash.xxh3_128_hexdigest(raw.raw) != self.sample["content_hash"]:
                raise ChangedDataError(f"{where} has changed since the run: run mmvalidate again.")
            return measurer, raw
        raise ChangedDataError(
            f"{where} is no longer there: run mmvalidate again, or work in the folder in which the run was made."
        )

    def _repr_html_(self) -> str:
        parts = [f"<p><b>{escape(clip(self.dataset))}</b> {escape(clip(self.file, 200))}:{self.row}</p>", self._bar()]
        said = "".join(
            f"<li>{escape(f'{finding.code} {finding.severity}: {clip(finding.message, 400)}')}</li>"
            for finding in self.findings
        )
        parts.append(f"<ul>{said}</ul>")
        try:
            turns = self.turns
        except (ValueError, OSError, ChangedDataError) as error:
            return "".join([*parts, f"<p>{escape(str(error))}</p>"])
        lines = "".join(
            f"<tr><td>{escape(clip(role))}</td><td><pre>{escape(text[:SHOWN])}</pre></td></tr>" for role, text in turns
        )
        return "".join([*parts, f"<table>{lines}</table>"])

    def _bar(self) -> str:
        """The tokens as a bar; what the cutoff takes is pale."""
        total = sum(segment.tokens for segment in self.segments)
        if not total:
            return "<p>no tokens</p>"
        blocks = []
        for segment in self.segments:
            kind = "label" if segment.span.is_label and segment.span.kind == "text" else segment.span.kind
            for tokens, opacity in ((segment.kept, 1), (segment.tokens - segment.kept, 0.3)):
                width = f"{100 * tokens / total:.3f}%"
                blocks.append(
                    f'<div style="width:{width};background:{COLORS[kind]};opacity:{opacity}" '
                    f'title="{kind}: {tokens:,}"></div>'
                )
        kept = sum(segment.kept for segment in self.segments)
        cut = f", {total - kept:,} of them cut" if kept < total else ""
        return f'<div style="display:flex;height:14px">{"".join(blocks)}</div><p>{total:,} tokens{cut}</p>'


def read_row(run: FinishedRun, row: int, *, dataset: str | None = None, file: str | None = None) -> Row:
    """A row of a run. Raises ValueError where there is no such row, or several."""
    wanted = {"dataset": dataset, "file": file, "row": row}
    place = _place(run, {name: value for name, value in wanted.items() if value is not None})
    record = records_at(run, {place})[place]
    facts = from_record(record)
    limits = limits_of(run.settings, load_processor(run.settings.processor))
    settle(facts, limits)
    mine = record["dataset"], record["file"], record["row"]
    findings = tuple(one for one in run.all_findings() if (one.dataset, one.file, one.row) == mine)
    return Row(*mine, record, findings, tuple(segments(facts, limits)), run)


def _place(run: FinishedRun, wanted: dict[str, Any]) -> int:
    """The place in samples.parquet of the row with these values."""
    with run.samples_table() as table:
        records = table.read(["dataset", "file", "row"])
    chosen = pc.indices_nonzero(
        pc.fill_null(_all([pc.equal(records[name], value) for name, value in wanted.items()]), False)
    )
    if len(chosen) == 1:
        return int(chosen[0].as_py())
    said = ", ".join(f"{name} {clip(str(value))}" for name, value in wanted.items())
    if not len(chosen):
        raise ValueError(f"The run has no {said}.")
    some = records.take(chosen.slice(0, 3)).to_pylist()
    named = "; ".join(f"dataset={clip(item['dataset'])!r}, file={clip(item['file'])!r}" for item in some)
    raise ValueError(f"The run has {len(chosen):,} times {said}: name one of {named}.")


def _all(masks: list[pa.ChunkedArray]) -> pa.ChunkedArray:
    found = masks[0]
    for mask in masks[1:]:
        found = pc.and_(found, mask)
    return found

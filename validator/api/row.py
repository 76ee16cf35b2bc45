"""One row of a finished run: what was counted and found, and, read again, what the model will see."""

from __future__ import annotations

import operator
from dataclasses import dataclass, field
from functools import cached_property, reduce
from html import escape
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import xxhash

from validator.catalog.json_rows import RawRow
from validator.engine.cache import Cache
from validator.engine.reread import reread
from validator.engine.run_files.finished import FinishedRun
from validator.errors import ChangedDataError
from validator.facts.measure import Measurer
from validator.facts.recipe import limits_of
from validator.facts.settle import settle
from validator.facts.strip import Segment, segments
from validator.facts.table import from_record
from validator.facts.training_ids import training_ids
from validator.findings import Finding, clip, printable
from validator.replaying.population import records_at
from validator.tokens.processor import load_processor
from validator.tokens.template import SYSTEM

COLORS = {"text": "#9aa5b1", "label": "#3b82c4", "image": "#e0a030", "video": "#8f5fbf"}
"""Of the bar; `label` is text that is learned."""
SHOWN = 600
"""Characters of a turn that a notebook shows."""


@dataclass(frozen=True, eq=False)
class Row:
    """One row. `sample`: its record of samples.parquet. `segments`: its tokens in the order in which the trainer lays
    them out: of each `tokens`, those `kept` by the cutoff, and `span` (its `kind`, and whether it `is_label`); empty
    where the trainer yields none.
    """

    dataset: str
    file: str
    row: int
    sample: dict[str, Any] = field(repr=False)
    findings: tuple[Finding, ...] = field(repr=False)
    segments: tuple[Segment, ...] = field(repr=False)
    _run: FinishedRun = field(repr=False)

    @cached_property
    def turns(self) -> list[tuple[str, str]]:
        """(role, text) of each turn as the trainer converts the row; the system prompt that its template writes, with
        tools, comes first. Raises ChangedDataError where the data are no longer those of the run.
        """
        measurer, raw = self._again
        if raw.fault is not None or raw.unread:
            return []
        sample = measurer.convert(raw)
        try:
            system = measurer.template.system(sample, measurer.settings.default_system)
        except Exception:  # whatever the trainer raises, of tools that it cannot read say
            system = str(sample.system or "")
        system = system.removeprefix(SYSTEM[0]).removesuffix(SYSTEM[1])
        return [("system", system)] * bool(system) + [(turn.role, str(turn.content)) for turn in sample.turns]

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
        ids, labels = training_ids(*self._again) or ([], [])
        if len(ids) != (self.sample["num_tokens"] or 0):  # the row is the same: its media or its entry are not
            raise ChangedDataError(
                f"{self._where} has {len(ids):,} tokens now, and had {self.sample['num_tokens'] or 0:,}: its media, or "
                "its entry in the registry, have changed since the run. Run mmvalidate again."
            )
        return ids, labels

    @cached_property
    def _again(self) -> tuple[Measurer, RawRow]:
        """The row as its file has it now."""
        settings = self._run.settings
        self._run.check_same()
        wanted = {(self.dataset, self.file): frozenset((self.row,))}
        found = None
        try:
            found = next(reread(settings, wanted, Cache.of(self._run)), None)
        except ValueError as error:
            raise self._gone(str(error)) from None
        if found is None:
            raise self._gone("it is no longer there.")
        _, _, measurer, raw = found
        if xxhash.xxh3_128_hexdigest(raw.raw) != self.sample["content_hash"]:
            raise ChangedDataError(f"{self._where} has changed since the run: run mmvalidate again.")
        return measurer, raw

    def __getstate__(self) -> dict[str, Any]:
        """Without what was read again: it is read anew where it is asked for."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__}

    def _gone(self, why: str) -> ChangedDataError:
        return ChangedDataError(
            f"{self._where} cannot be read again: {why} Run mmvalidate again, or work in the folder in which the run "
            "was made."
        )

    @property
    def _where(self) -> str:
        return f"row {self.row} of {clip(self.file, 200)} ({clip(self.dataset)})"

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
            return "".join([*parts, f"<p>{escape(printable(str(error)))}</p>"])
        lines = "".join(
            f"<tr><td>{escape(clip(role))}</td><td><pre>{escape(_lines(text))}</pre></td></tr>" for role, text in turns
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
                if not tokens:
                    continue
                width = f"{100 * tokens / total:.3f}%"
                blocks.append(
                    f'<div style="width:{width};background:{COLORS[kind]};opacity:{opacity}" '
                    f'title="{kind}: {tokens:,}"></div>'
                )
        kept = sum(segment.kept for segment in self.segments)
        cut = f", {total - kept:,} of them cut" if kept < total else ""
        return f'<div style="display:flex;height:14px">{"".join(blocks)}</div><p>{total:,} tokens{cut}</p>'


def _lines(text: str) -> str:
    """Text of a turn, bounded and safe to show; its lines stay lines."""
    shown = "\n".join(map(printable, text[: SHOWN + 1].split("\n")))
    return shown if len(shown) <= SHOWN else shown[: SHOWN - 1] + "…"


def read_row(run: FinishedRun, row: int, *, dataset: str | None = None, file: str | None = None) -> Row:
    """A row of a run. Raises ValueError where there is no such row, or several, TypeError where `row` is no number."""
    wanted: dict[str, Any] = {"dataset": dataset and str(dataset), "file": file and str(file)}
    place = _place(run, {**{name: value for name, value in wanted.items() if value}, "row": operator.index(row)})
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
    chosen: list[int] = []
    if 0 <= wanted["row"] < 1 << 63:
        masks = (pc.equal(records[name], pa.scalar(value, records[name].type)) for name, value in wanted.items())
        chosen = pc.indices_nonzero(pc.fill_null(reduce(pc.and_, masks), False)).to_pylist()
    if len(chosen) == 1:
        return chosen[0]
    said = ", ".join(f"{name} {clip(str(value))}" for name, value in wanted.items())
    if not chosen:
        raise ValueError(f"The run has no {said}.")
    some = records.take(chosen[:3]).to_pylist()
    named = "; ".join(f"dataset={clip(item['dataset'])!r}, file={clip(item['file'])!r}" for item in some)
    raise ValueError(f"The run has {len(chosen):,} times {said}: name one of {named}.")

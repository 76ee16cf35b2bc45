"""The reference engine: one process, one row after the other."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from validator.catalog.formats import file_rows
from validator.catalog.registry import Registry
from validator.engine.entries import open_entries
from validator.engine.judge import Judge, status_of
from validator.engine.store import RunFolder, Spool
from validator.engine.summary import DatasetCounts, Tally, summarize
from validator.facts.measure import Measurer, limits_of
from validator.facts.settle import settle
from validator.facts.table import to_record
from validator.rules.base import EntryFacts, Rule
from validator.settings import Settings
from validator.tokens.processor import load_processor


class Progress(Protocol):
    """Is told how far a run is."""

    def surveying(self, file: str) -> None:
        """A file is about to be surveyed."""
        ...

    def checking(self, dataset: str, rows: int) -> None:
        """The rows of an entry are about to be checked; `rows` may be an estimate."""
        ...

    def row_done(self) -> None:
        """One more row is checked."""
        ...


@dataclass(frozen=True, slots=True)
class RunResult:
    """A finished run: what summary.json says, the tally behind it, and where the files are."""

    summary: dict[str, Any]
    tally: Tally
    folder: Path


def run(
    settings: Settings,
    registry: Registry,
    rules: Sequence[Rule],
    left_out: Sequence[tuple[Rule, str]],
    folder: Path,
    progress: Progress,
) -> RunResult:
    """Check every selected entry and write the run folder. Raises ValueError where the processor cannot be loaded."""
    began = time.monotonic()
    processor = load_processor(settings.processor)
    entries = open_entries(registry, settings, progress.surveying)
    tally = Tally()
    try:
        store = RunFolder(folder)
        for entry in entries:
            _check_entry(entry, settings, registry, rules, store, tally, progress)
        store.close_tables()
        summary = summarize(tally, settings, registry, entries, rules, left_out, processor.fingerprint)
        seconds = time.monotonic() - began
        store.finish({**summary, "timing": {"seconds": round(seconds, 3)}})
    except BaseException:
        RunFolder.discard(folder)
        raise
    return RunResult({**summary, "timing": {"seconds": round(seconds, 3)}}, tally, folder)


def _check_entry(
    entry: EntryFacts,
    settings: Settings,
    registry: Registry,
    rules: Sequence[Rule],
    store: RunFolder,
    tally: Tally,
    progress: Progress,
) -> None:
    judge = Judge(rules, entry, limits_of(settings, load_processor(settings.processor)))
    tally.datasets[entry.name] = DatasetCounts()
    with Spool() as spool:
        for file in entry.files:
            if file.survey is None or entry.entry is None:
                continue
            progress.checking(entry.name, file.survey.num_rows)
            measurer = Measurer(entry.entry, file.name, file.survey, settings)
            measure = measurer.measure if entry.unchecked is None else measurer.leave_unchecked
            floats = entry.entry.formatting == "openai"  # tools are written into the prompt as JSON
            for raw in file_rows(registry.folder / file.name, file.survey, loader_floats=floats):
                if raw.between:
                    continue  # it belongs to no row: the survey reported it
                if entry.order.place(file.name, raw.index) is None:
                    continue  # outside the entry's split
                try:
                    facts = measure(raw)
                except Exception as error:  # a fault of ours must not take the other rows with it
                    facts = measurer.leave_unchecked(raw, f"internal error: {type(error).__name__}: {error}"[:300])
                settle(facts, measurer.limits)
                findings = judge.row(facts)
                status = status_of(facts, findings)
                store.add_sample(to_record(facts, status))
                tally.add_row(facts, status)
                spool.add(findings)
                progress.row_done()
        for finding in spool.merged(judge.finish()):
            tally.add_finding(finding)
            store.add_findings((finding,))

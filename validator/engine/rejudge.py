"""Judges a finished run again under other limits and rules: no medium is opened, no text encoded."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from validator.catalog.marks import Span
from validator.engine.assemble import assemble
from validator.engine.execution.engines import carry_out_all
from validator.engine.execution.kept import Kept, kept, placed
from validator.engine.execution.progress import Progress, Silent
from validator.engine.execution.shard import Part, ShardJob
from validator.engine.execution.shard_plan import Shard, judging_key
from validator.engine.gate.baseline import load_baseline
from validator.engine.gate.gate import Tables
from validator.engine.keys import key_of
from validator.engine.program import judges, program
from validator.engine.run_files.catalog import Catalog
from validator.engine.run_files.finished import FinishedRun
from validator.engine.run_files.result import RunResult
from validator.engine.run_files.summary import Conclusion, Tally, summarize
from validator.engine.run_files.written import OutputStamp
from validator.engine.tables.by_file import by_file
from validator.execution import Execution
from validator.facts.columns import numbers_of
from validator.facts.recipe import judging_alone, limits_of
from validator.rules.base import Rule
from validator.rules.registry import choose_rules
from validator.run_folder.damage import unusable
from validator.run_folder.lock import hold
from validator.run_folder.sweep import working
from validator.settings import CHANGEABLE, JUDGING, Settings
from validator.tokens.processor import load_processor

ROWS = 1 << 15
"""Records of a shard."""


def settings_of(run: FinishedRun, changes: dict[str, Any]) -> Settings:
    """The settings of a finished run with some of them changed, to judge it again. Raises ValueError where that needs
    a new run, and where the run names files of rules and `changes` does not: a run
    folder is data, and what it names is not loaded unasked.
    """
    settings = limits_under(run, {**changes, "rules": run.rules_to_run(changes.get("rules"))})
    choose_rules(settings)
    if settings.baseline is not None:
        load_baseline(settings.baseline)
    return settings


def limits_under(run: FinishedRun, changes: dict[str, Any]) -> Settings:
    """The same for what needs no rules: the run's are left out."""
    if other := sorted(changes.keys() - CHANGEABLE):
        raise ValueError(f"{', '.join(other)} cannot be changed without reading the data again: run mmvalidate again.")
    before = run.settings
    if before.exact and changes.keys() & JUDGING:
        raise ValueError("the processor was asked under the limits of that run (--exact): run mmvalidate again.")
    judged = judging_alone(before, load_processor(before.processor))
    if changes.keys() & JUDGING - judged and changes["mask_history"] != before.mask_history:
        raise ValueError(
            "mask_history decides which thoughts this template leaves in answers: run mmvalidate again to change it."
        )
    named = before.model_dump(exclude=set(run.summary["assumed"]))
    return Settings(**{**named, **changes})


def rejudge(
    run: FinishedRun,
    settings: Settings,
    folder: Path,
    progress: Progress | None = None,
    execution: Execution | None = None,
) -> RunResult:
    """Write to `folder` what a run under these settings would have written. It may be the run's own folder.

    Raises UnusableRunError where files of the run are damaged, OSError where results cannot be written.
    """
    began = time.monotonic()
    progress, execution = progress or Silent(), execution or Execution()
    rules, left_out = choose_rules(settings)
    catalog = run.catalog(settings)
    processor = load_processor(settings.processor)
    limits = limits_of(settings, processor)
    made_by = program(exact=settings.exact), judges(rules, processor.fingerprint, settings.trainer)
    with hold(folder, "rejudge"), working(folder.absolute()) as running:
        judging = key_of(made_by[0], judging_key(settings, rules))
        stays = _kept(run, catalog, settings, rules, made_by[0])
        shards = list(_shards(run, catalog, settings, made_by, running, execution))
        if stays is not None:
            _give(shards, stays)
        engine = carry_out_all(shards, running, execution, progress)
        targets = [shard.job.target for shard in shards]

        def conclusion_of(tally: Tally, tables: Tables) -> Conclusion:
            concluded = summarize(tally, settings, catalog, rules, left_out, tables)
            timing = {"seconds": round(time.monotonic() - began, 3), "engine": engine}
            timing |= {"working_folder": run.summary["timing"].get("working_folder", os.getcwd())}
            return Conclusion({**concluded.summary, "timing": timing}, concluded.gate)

        if folder.resolve() != run.folder.resolve():  # which is not held
            run.check_same()
        written = OutputStamp(folder / "cache" / "written.json", folder)
        written.forget()
        tally, concluded = assemble(targets, catalog, folder.absolute(), rules, settings, limits, conclusion_of)
        written.remember("", tally, judging)
    return RunResult(concluded.summary, tally, folder)


def _kept(run: FinishedRun, catalog: Catalog, settings: Settings, rules: Sequence[Rule], key: str) -> Kept | None:
    """What can be kept of a run; None where it was judged by other rules, another program, has been amended, or where
    findings of rows may have been left out because of one about their entry.
    """
    before = run.settings
    if run.rules_named or load_processor(settings.processor).fingerprint != catalog.inputs.get("processor"):
        return None
    earlier, _ = choose_rules(before)
    causes = {rule.code for rule in earlier if rule.corpus is not None and rule.corpus.names_causes}
    if any(item["code"] in causes for item in run.summary["rules"]):
        return None
    if not OutputStamp(run.folder / "cache" / "written.json", run.folder).judged_by(
        key_of(key, judging_key(before, earlier))
    ):
        return None
    return kept(run.tables, [entry.name for entry in catalog.entries], (before, earlier), (settings, rules))


def _give(shards: Sequence[Shard], stays: Kept) -> None:
    """Tell each shard which findings it need not make."""
    parts = [shard.job.parts[0] for shard in shards]
    stretches = [(*part.key, part.span.first, part.stop - 1) for part in parts]
    for shard, mine in zip(shards, placed(stays, stretches), strict=True):
        shard.job = replace(shard.job, kept=mine)


def _shards(
    run: FinishedRun,
    catalog: Catalog,
    settings: Settings,
    made_by: tuple[str, str],
    running: Path,
    execution: Execution,
) -> Iterator[Shard]:
    """Ranges of records of one file each."""
    entries = {(entry.name, file.name): (entry, file) for entry in catalog.entries for file in entry.files}
    ordinal = 0
    samples = run.tables.samples.absolute()
    for key, begin, rows in ranges_of(run):
        if key not in entries:
            raise unusable(samples, f"holds rows of {key[1]!r} in {key[0]!r}, which catalog.json does not know")
        entry, file = entries[key]
        for start in range(0, len(rows), execution.shard_rows or ROWS):
            some = rows[start : start + (execution.shard_rows or ROWS)]
            ordinal += 1
            job = ShardJob(
                ordinal=ordinal,
                settings=settings,
                parts=(Part(replace(entry, files=()), file, "", Span(some[0], some[-1] + 1, (), "")),),
                target=running / f"{ordinal}.zip",
                folder=running,
                working=os.getcwd(),
                row_timeout=execution.row_timeout,
                made_by=made_by,
                probes=running / "none",
                facts=samples,
                facts_begin=begin + start,
            )
            yield Shard(job)


def ranges_of(run: FinishedRun) -> Iterator[tuple[tuple[str, str], int, Sequence[int]]]:
    """(dataset, file), the place of its first record, and the numbers of its rows."""
    begin = 0
    parts: list[tuple[tuple[str, str], list[int]]] = []
    with run.samples_table(["dataset", "file"]) as opened:
        for batch in opened.batches(["dataset", "file", "row"]):
            rows = numbers_of(batch["row"])
            for dataset, file, start, stop in by_file(batch):
                if not parts or parts[-1][0] != (dataset, file):
                    parts.append(((dataset, file or ""), []))
                parts[-1][1].extend(rows[start:stop].tolist())
    for key, numbers in parts:
        yield key, begin, numbers
        begin += len(numbers)

"""One run: open the entries, plan shards, have them checked by an engine, put their results together."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from validator.catalog.marks import digest_file
from validator.catalog.registry import Registry
from validator.engine.assemble import assemble
from validator.engine.cache import Cache
from validator.engine.entries import open_entries
from validator.engine.execution.engines import check
from validator.engine.execution.probes import merge_into
from validator.engine.execution.progress import Progress, Silent
from validator.engine.execution.results import ShardResult
from validator.engine.execution.run_plan import RunPlan
from validator.engine.execution.shard_plan import Planner
from validator.engine.gate.gate import Tables
from validator.engine.keys import key_of
from validator.engine.program import program
from validator.engine.run_files.catalog import Catalog, to_json
from validator.engine.run_files.result import RunResult
from validator.engine.run_files.store import publish
from validator.engine.run_files.summary import Conclusion, Tally, summarize
from validator.engine.run_files.written import OutputStamp
from validator.execution import Execution
from validator.facts.recipe import limits_of
from validator.rules.base import EntryFacts, Rule
from validator.run_folder.lock import hold
from validator.run_folder.names import REPLAY
from validator.run_folder.sweep import working
from validator.settings import Settings
from validator.storage.media_files import MediaFiles
from validator.tokens.processor import load_processor
from validator.writing import Parts


def run(
    settings: Settings,
    registry: Registry,
    rules: Sequence[Rule],
    left_out: Sequence[tuple[Rule, str]],
    folder: Path,
    progress: Progress | None = None,
    execution: Execution | None = None,
) -> RunResult:
    """Check every selected entry and write the run folder.

    Raises ValueError where the processor cannot be loaded, the cluster not be used, or the folder holds what is no run,
    OSError where results cannot be written or another command is writing there.
    """
    began = time.monotonic()
    progress, execution = progress or Silent(), execution or Execution()
    processor = load_processor(settings.processor)
    limits = limits_of(settings, processor)
    key = program(exact=settings.exact)
    given, folder = folder, folder.absolute()
    with hold(folder, "check"), working(folder) as running:
        cache = Cache(folder / "cache", key)
        entries = open_entries(registry, settings, progress.surveying, cache)
        planner = Planner(settings, rules, cache, (key, processor.fingerprint), running, execution)
        files = MediaFiles(settings.resolved_media_dir, by_content=execution.hash_media)
        plan = RunPlan(entries, planner, str(registry.folder), files)
        engine = check(plan, running, execution, progress)
        fresh = plan.fresh
        whole: frozenset[tuple[str, str]] = frozenset()
        while plan.damaged:
            whole |= plan.damaged
            entries = _surveyed_whole(entries, whole, registry, settings, progress, cache)
            planner.trust(fresh)
            plan = RunPlan(entries, planner, str(registry.folder), files)
            check(plan, running, execution, progress)
            fresh += plan.fresh
        catalog = _catalog(registry, entries, processor.fingerprint)
        _keep_probes(planner.probes, fresh)

        def conclusion_of(tally: Tally, tables: Tables) -> Conclusion:
            concluded = summarize(tally, settings, catalog, rules, left_out, tables)
            timing = {"seconds": round(time.monotonic() - began, 3), "engine": engine, "working_folder": os.getcwd()}
            return Conclusion({**concluded.summary, "timing": timing}, concluded.gate)

        digest = key_of(to_json(catalog), planner.judging, [digest_file(shard.job.target) for shard in plan.shards])
        written = OutputStamp(cache.folder / "written.json", folder)
        lost = [shard.job.target for shard in plan.shards if shard.job.lost]
        tally = written.tally(digest) if not lost else None
        if tally is not None:
            concluded = conclusion_of(tally, Tables.of(folder))
            publish(Parts(folder), folder, (), concluded.summary, concluded.gate)
            (folder / REPLAY).unlink(missing_ok=True)
            return RunResult(concluded.summary, tally, given)
        written.forget()
        tally, concluded = assemble(plan.targets, catalog, folder, rules, settings, limits, conclusion_of)
        for target in lost:
            target.unlink(missing_ok=True)  # the next run tries these rows again
        if not lost:
            written.remember(digest, tally, key_of(key, planner.judging))
        cache.prune()
    return RunResult(concluded.summary, tally, given)


def _surveyed_whole(
    entries: Sequence[EntryFacts],
    whole: frozenset[tuple[str, str]],
    registry: Registry,
    settings: Settings,
    progress: Progress,
    cache: Cache,
) -> list[EntryFacts]:
    """The entries, those with damaged files ((dataset, file)) opened anew: rows end within such a file, so the places
    of all rows behind are others.
    """
    names = {name for name, _ in whole}
    some = replace(registry, faults=(), entries=tuple(entry for entry in registry.entries if entry.name in names))
    anew = {entry.name: entry for entry in open_entries(some, settings, progress.surveying, cache, whole=whole)}
    return [anew.get(entry.name, entry) for entry in entries]


def _keep_probes(table: Path, results: Sequence[Path]) -> None:
    def lines() -> Iterator[bytes]:
        for path in results:
            result = ShardResult(path)
            yield from result.probes()
            result.close()

    merge_into(table, lines())


def _catalog(registry: Registry, entries: Sequence[EntryFacts], processor: str) -> Catalog:
    digests = {file.source: file.digest or None for entry in entries for file in entry.files if file.survey}
    inputs = {
        "dataset_info_sha256": hashlib.sha256(registry.content).hexdigest(),
        "files_xxh3_128": dict(sorted(digests.items())),
        "processor": processor,
    }
    left_out = tuple((entry.name, entry.source) for entry in registry.not_selected)
    return Catalog(tuple(entries), left_out, registry.ignored, inputs)

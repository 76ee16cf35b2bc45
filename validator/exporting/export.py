"""One export: what a run says of its rows is put into effect on a copy."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from io import BytesIO
from itertools import count
from pathlib import Path
from typing import Any, Protocol

from validator.engine.cache import Cache
from validator.engine.run_files.finished import FinishedRun
from validator.engine.run_files.store import as_json
from validator.exporting.changes import check_apart, check_unchanged, read_registry, untouched
from validator.exporting.conversion import Conversion, Converting, conversions, parse_named
from validator.exporting.entry_copy import Desk, WrittenEntry, copy_entry
from validator.exporting.folder import Folder
from validator.exporting.media import MediaMode, Placer
from validator.exporting.mend import Mender
from validator.exporting.names import QUARANTINE, YAML_REGISTRY, Names
from validator.exporting.pictures import PictureFiles
from validator.exporting.plan import ExportPlan, entry_of, make_plan
from validator.exporting.policy import Policy, plain
from validator.exporting.registry_file import as_written, name_of, yaml_entry_of
from validator.exporting.verdicts import Verdicts
from validator.rules.base import EntryFacts, FileFacts
from validator.rules.registry import choose_rules
from validator.settings import Settings
from validator.storage.remote import is_remote

SCHEMA_VERSION = 1
NOT_CHECKED = "it was not checked in this run"
"""Why an entry is left out that the run did not select."""


@dataclass(frozen=True, slots=True)
class Export:
    """A finished export: what export.json says, the settings to check the copy with, those of the run, and whether an
    unfinished export was removed from its folder.
    """

    record: dict[str, Any]
    settings: Settings
    replaced: bool


class ExportProgress(Protocol):
    """Is told how far an export is."""

    def copying(self, rows: int) -> None:
        """So many rows will be looked at."""
        ...

    def row_done(self) -> None:
        """One of them was."""
        ...


def export(
    run: FinishedRun,
    target: Path,
    policy: Policy,
    media: MediaMode,
    *,
    fix: bool,
    boxes_are: Sequence[str] = (),
    rules: tuple[Path, ...] = (),
    progress: ExportProgress | None = None,
) -> Export:
    """Write a filtered copy of a run's dataset to a new folder, whole or not at all. `rules`: the files
    of rules by which repaired rows, and the copy, are judged; `boxes_are`: the systems of coordinates that are to be
    converted to the model's own, for all entries or as DATASET=SYSTEM.

    Raises ValueError, in a sentence for the user, where its data has changed since
    or the target is taken; ChangedDataError where the data change meanwhile; OSError where something cannot be read or
    written.
    """
    if boxes_are and not fix:
        raise ValueError("--boxes-are says what --fix converts: give both.")
    named = parse_named(boxes_are)
    settings = run.settings.model_copy(update={"rules": rules})
    catalog = run.catalog(settings)
    if is_remote(settings.dataset_info):
        raise ValueError("Remote data cannot be exported: copy it to this machine and run mmvalidate there.")
    if fix and name_of(settings.dataset_info) == YAML_REGISTRY:
        raise ValueError("Rows of a registry in YAML are copied as they are: leave --fix out.")
    registry = read_registry(settings, catalog)
    wanted = conversions(run, settings, named) if fix else {}
    with closing(Verdicts(run, policy)) as verdicts:
        plan = make_plan(catalog, verdicts, policy, fix=fix)
        check_apart(plan, Path(settings.folder), target)
        folder = Folder(target)
        try:
            with untouched(plan, settings):
                check_unchanged(run, plan, settings)
                record = _write(
                    folder, ExportJob(run, settings, registry, plan, verdicts, policy, media, fix, wanted), progress
                )
        except BaseException:
            folder.remove()
            raise
        folder.finish()
    return Export(record, _settings_for(target, settings, record["media"]["media_dir"]), folder.replaced)


@dataclass(frozen=True, slots=True)
class ExportJob:
    """What is to be written."""

    run: FinishedRun
    settings: Settings
    registry: dict[str, Any]
    plan: ExportPlan
    verdicts: Verdicts
    policy: Policy
    media: MediaMode
    fix: bool
    conversions: dict[str, Conversion]


def _write(folder: Folder, job: ExportJob, progress: ExportProgress | None) -> dict[str, Any]:
    """Write everything; returns what export.json says."""
    settings, plan, media = job.settings, job.plan, job.media
    place = _place_of_pictures(settings.resolved_media_dir, plan.names)
    placer = Placer(settings.resolved_media_dir, folder, media, plan.names)
    if progress is not None:
        surveys = [part.file.survey for going in plan.going for part in going.parts]
        progress.copying(sum(survey.num_rows for survey in surveys if survey is not None))
    with ExitStack() as stack:
        dropped = stack.enter_context(folder.create("dropped.jsonl"))
        fixes = stack.enter_context(folder.create("fixes.jsonl")) if job.fix else BytesIO()
        told = progress.row_done if progress is not None else lambda: None
        source, unpacked = Path(settings.folder), Cache.of(job.run).unpacked
        desk = Desk(
            source,
            folder,
            settings,
            job.verdicts,
            placer,
            dropped,
            fixes,
            told,
            lambda file: unpacked.at_hand(file, source),
        )
        pictures = PictureFiles(folder, place, absolute=media == "reference")
        menders = _menders(job, pictures) if job.fix else None
        done = {going.facts.name: copy_entry(going, desk, menders) for going in plan.going}
    converting = Converting(plan, job.conversions, settings)
    absent = _write_registries(folder, name_of(settings.dataset_info), job.registry, plan, done, converting.notes)
    media_dir = os.path.abspath(settings.resolved_media_dir) if media == "reference" else None
    record = {
        "schema_version": SCHEMA_VERSION,
        "run": str(job.run.folder),
        "source": settings.dataset_info,
        "policy": _plain_policy(job.policy, job.fix),
        "media": {"mode": media, "media_dir": media_dir, **placer.done},
        "datasets": [_counts(name, written) for name, written in sorted(done.items())],
        "left_out": _left_out(job.registry, plan, done),
        "columns_left_out": [{"dataset": name, "columns": sorted(lost)} for name, lost in sorted(absent.items())],
        "notes": [
            {"dataset": name, "file": file, "note": words} for name, file, words in (*plan.notes, *converting.left)
        ],
    }
    if converting.done:
        record["coordinates"] = converting.records({name: written.converted for name, written in done.items()})
    _write_new(folder, "export.json", record)
    return record


def _place_of_pictures(media_dir: str, names: Names) -> str:
    """A sub-folder for new pictures alone: no medium of the data is called so, and none gets that name."""
    for number in count(1):
        name = f"fixed-{number}" if number > 1 else "fixed"
        if names.is_free(name) and not os.path.lexists(os.path.join(media_dir, name)):
            names.claim(name)
            return name
    raise AssertionError


def _settings_for(target: Path, settings: Settings, media_dir: str | None) -> Settings:
    """The settings of the run, for the copy. Limits on rates and numbers were for the original."""
    changes = {
        "dataset_info": target / name_of(settings.dataset_info),
        "datasets": (),
        "media_dir": media_dir,
        "exact": False,
    }
    no_limits: dict[str, Any] = {"max_rate": {}, "min_rows": 0}
    values = settings.model_dump()
    own = {name: {**values, **no_limits} for name, values in values["per_dataset"].items()}
    return Settings(**{**values, **changes, **no_limits, "baseline": None, "per_dataset": own})


def _menders(job: ExportJob, pictures: PictureFiles) -> Callable[[EntryFacts, FileFacts], Mender]:
    rules, _ = choose_rules(job.settings)
    return lambda entry, file: Mender(
        entry, file, job.settings, rules, job.policy, pictures, job.conversions.get(entry.name)
    )


def _write_registries(
    folder: Folder,
    name_of_file: str,
    registry: dict[str, Any],
    plan: ExportPlan,
    done: dict[str, WrittenEntry],
    converted: dict[str, dict[str, Any]],
) -> dict[str, set[str]]:
    """Write the registry of the export and that of its quarantine; returns columns that no row has any more."""
    kept, behind, lost = {}, {}, {}
    in_yaml = name_of_file == YAML_REGISTRY
    for going in plan.going:
        name, written = going.facts.name, done[going.facts.name]
        assert going.facts.entry is not None
        absent = set[str]()
        if written.columns is not None and written.kept and not in_yaml:
            surveyed = {column for part in going.parts if part.file.survey for column in part.file.survey.types}
            absent = (surveyed & set(going.facts.entry.columns.values())) - written.columns
        if absent:
            lost[name] = absent
        raw, home = registry[name], str(folder.path)
        if written.kept and in_yaml:
            kept[name] = yaml_entry_of(raw, going, home)
        elif written.kept:
            kept[name] = entry_of(raw, going, absent, written.added, converted.get(name))
        if written.quarantined and in_yaml:
            behind[name] = yaml_entry_of(raw, going, f"{home}/{QUARANTINE}")
        elif written.quarantined:
            behind[name] = entry_of(raw, going, set(), {})
    comments = {name: value for name, value in registry.items() if not isinstance(value, dict)}
    _write_registry(folder, name_of_file, {**comments, **kept})
    if behind:
        _write_registry(folder, f"{QUARANTINE}/{name_of_file}", behind)
    return lost


def _left_out(registry: dict[str, Any], plan: ExportPlan, done: dict[str, WrittenEntry]) -> list[dict[str, Any]]:
    """Every entry of the original that the export does not have, with the reasons."""
    reasons = {name: plain(against) for name, against in plan.staying.items()}
    for name, raw in registry.items():
        if name in done and not done[name].kept:
            reasons[name] = [{"code": "", "severity": "info", "message": "none of its rows is left"}]
        elif isinstance(raw, dict) and name not in done and name not in reasons:
            reasons[name] = [{"code": "", "severity": "info", "message": NOT_CHECKED}]
    return [{"dataset": name, "reasons": against} for name, against in sorted(reasons.items())]


def _counts(name: str, written: WrittenEntry) -> dict[str, Any]:
    return {
        "dataset": name,
        "kept": written.kept,
        "fixed": written.fixed,
        "quarantined": written.quarantined,
        "by_code": dict(sorted(written.by_code.items())),
    }


def _plain_policy(policy: Policy, fix: bool) -> dict[str, Any]:
    return {
        "severity": policy.severity,
        "drop": sorted(policy.drop),
        "keep": sorted(policy.keep),
        "keep_unchecked": policy.keep_unchecked,
        "fix": fix,
    }


def _write_registry(folder: Folder, name: str, entries: dict[str, Any]) -> None:
    with folder.create(name) as file:
        file.write(as_written(os.path.basename(name), entries))


def _write_new(folder: Folder, name: str, document: Any) -> None:
    with folder.create(name) as file:
        file.write(as_json(document))

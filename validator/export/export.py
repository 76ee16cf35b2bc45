"""One export: what a run says of its rows is put into effect on a copy."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from validator.engine.amend import load_summary, settings_of
from validator.engine.assemble import as_json
from validator.engine.opened import load_catalog
from validator.export.changes import check_apart, check_unchanged, read_registry
from validator.export.copies import create
from validator.export.entry_copy import Desk, Written, copy_entry
from validator.export.media import MediaMode, Placer
from validator.export.mend import Mender
from validator.export.pictures import Pictures
from validator.export.plan import QUARANTINE, Plan, entry_of, make_plan
from validator.export.policy import Policy, judge_rows, plain
from validator.files import is_remote
from validator.rules.base import EntryFacts, FileFacts
from validator.rules.registry import choose_rules
from validator.settings import Settings

SCHEMA_VERSION = 1
NOT_CHECKED = "it was not checked in this run"
"""Why an entry is left out that the run did not select."""


@dataclass(frozen=True, slots=True)
class Export:
    """A finished export: what export.json says, and the settings to check the copy with, those of the run."""

    record: dict[str, Any]
    settings: Settings


class Progress(Protocol):
    """Is told how far an export is."""

    def copying(self, rows: int) -> None:
        """So many rows will be looked at."""
        ...

    def row_done(self) -> None:
        """One of them was."""
        ...


def export(
    run: Path, target: Path, policy: Policy, media: MediaMode, *, fix: bool, progress: Progress | None = None
) -> Export:
    """Write a filtered copy of a run's dataset to a new folder, whole or not at all.

    Raises ValueError, in a sentence for the user, where `run` holds no run of this version, its data has changed since,
    or the target is taken; OSError where something cannot be read or written.
    """
    settings = settings_of(load_summary(run))
    catalog = load_catalog(run, settings)
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise ValueError(f"{target} is not empty: name a new folder with --to.")
    if is_remote(settings.dataset_info):
        raise ValueError("Remote data cannot be exported: copy it to this machine and run mmvalidate there.")
    registry = read_registry(settings, catalog)
    plan = make_plan(catalog, verdicts := judge_rows(run, policy), policy, fix=fix)
    check_unchanged(run, plan, settings)
    check_apart(plan, Path(settings.folder), target)
    target.mkdir(parents=True, exist_ok=True)
    placer = Placer(settings.resolved_media_dir, target, media)
    if progress is not None:
        surveys = [part.file.survey for going in plan.going for part in going.parts]
        progress.copying(sum(survey.num_rows for survey in surveys if survey is not None))
    try:
        with ExitStack() as stack:
            dropped, fixes = (stack.enter_context(create(target / f"{name}.jsonl")) for name in ("dropped", "fixes"))
            told = progress.row_done if progress is not None else lambda: None
            desk = Desk(Path(settings.folder), target, settings, verdicts, placer, dropped, fixes, told)
            menders = _menders(desk, policy, media) if fix else None
            done = {going.facts.name: copy_entry(going, desk, menders) for going in plan.going}
        if not fix:
            (target / "fixes.jsonl").unlink()
        absent = _write_registries(target, registry, plan, done)
        media_dir = os.path.abspath(settings.resolved_media_dir) if media == "reference" else None
        record = {
            "schema_version": SCHEMA_VERSION,
            "run": str(run),
            "source": settings.dataset_info,
            "policy": _plain_policy(policy, fix),
            "media": {"mode": media, "media_dir": media_dir, **placer.done},
            "datasets": [_counts(name, written) for name, written in sorted(done.items())],
            "left_out": _left_out(registry, plan, done),
            "columns_left_out": [{"dataset": name, "columns": sorted(lost)} for name, lost in sorted(absent.items())],
            "notes": [{"dataset": name, "file": file, "note": words} for name, file, words in plan.notes],
        }
        _write_new(target / "export.json", record)
    except BaseException:
        shutil.rmtree(target, ignore_errors=True)  # it was new or empty; links to media go, the media stay
        raise
    return Export(record, _settings_for(target, settings, media_dir))


def _settings_for(target: Path, settings: Settings, media_dir: str | None) -> Settings:
    """The settings of the run, for the copy. Limits on rates and numbers were for the original."""
    changes = {"dataset_info": target / "dataset_info.json", "datasets": (), "media_dir": media_dir, "exact": False}
    no_limits: dict[str, Any] = {"max_rate": {}, "min_rows": 0}
    values = settings.model_dump()
    own = {name: {**values, **no_limits} for name, values in values["per_dataset"].items()}
    return Settings(**{**values, **changes, **no_limits, "baseline": None, "per_dataset": own})


def _menders(desk: Desk, policy: Policy, media: MediaMode) -> Callable[[EntryFacts, FileFacts], Mender]:
    rules, _ = choose_rules(desk.settings)
    pictures = Pictures(desk.target, absolute=media == "reference")
    return lambda entry, file: Mender(entry, file, desk.settings, rules, policy, pictures, desk.target)


def _write_registries(
    target: Path, registry: dict[str, Any], plan: Plan, done: dict[str, Written]
) -> dict[str, set[str]]:
    """Write the registry of the export and that of its quarantine; returns columns that no row has any more."""
    kept, behind, lost = {}, {}, {}
    for going in plan.going:
        name, written = going.facts.name, done[going.facts.name]
        assert going.facts.entry is not None
        absent = set[str]()
        if written.columns is not None and written.kept:
            surveyed = {column for part in going.parts if part.file.survey for column in part.file.survey.types}
            absent = (surveyed & set(going.facts.entry.columns.values())) - written.columns
        if absent:
            lost[name] = absent
        if written.kept:
            kept[name] = entry_of(registry[name], going, absent)
        if written.quarantined:
            behind[name] = entry_of(registry[name], going, set())
    comments = {name: value for name, value in registry.items() if not isinstance(value, dict)}
    _write_new(target / "dataset_info.json", {**comments, **kept})
    if behind:
        _write_new(target / QUARANTINE / "dataset_info.json", behind)
    return lost


def _left_out(registry: dict[str, Any], plan: Plan, done: dict[str, Written]) -> list[dict[str, Any]]:
    """Every entry of the original that the export does not have, with the reasons."""
    reasons = {name: plain(against) for name, against in plan.staying.items()}
    for name, raw in registry.items():
        if name in done and not done[name].kept:
            reasons[name] = [{"code": "", "severity": "info", "message": "none of its rows is left"}]
        elif isinstance(raw, dict) and name not in done and name not in reasons:
            reasons[name] = [{"code": "", "severity": "info", "message": NOT_CHECKED}]
    return [{"dataset": name, "reasons": against} for name, against in sorted(reasons.items())]


def _counts(name: str, written: Written) -> dict[str, Any]:
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


def _write_new(path: Path, document: Any) -> None:
    with create(path) as file:
        file.write(as_json(document))

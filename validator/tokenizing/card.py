"""What a written folder says of itself: settings, versions, hashes of what was read, what was left out."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from typing import Any

from validator.engine.program import versions
from validator.engine.run_files.finished import FinishedRun
from validator.exporting.policy import Policy
from validator.option import TRAINER, in_panel
from validator.settings import Settings
from validator.tokenizing.plan import RowPlan
from validator.trainers.tokenized import TokenizedFormat
from validator.training.feeding import Feeding
from validator.training.preprocessed import FORMAT, entry_key

SCHEMA_VERSION = 1
_DECIDE = ("dataset_info", "media_dir", *in_panel(Settings, TRAINER))
"""Settings that decide what is written of a row: where it lies, and all that the trainer is told."""


def card_of(
    run: FinishedRun, settings: Settings, feeding: Feeding, policy: Policy, plan: RowPlan, form: TokenizedFormat
) -> dict[str, Any]:
    """The card: the same for the same data and settings, whenever and by however many processes it was made."""
    catalog = run.catalog()
    values = settings.model_dump(mode="json")
    names = {*feeding.train, *feeding.evaluation}
    files = {file.source for entry in catalog.entries if entry.name in names for file in entry.files}
    inputs = catalog.inputs
    return {
        "format": FORMAT,
        "schema_version": SCHEMA_VERSION,
        "trainer": settings.profile.describes,
        "key": form.key,
        "within": form.within,
        "settings": {name: values[name] for name in _DECIDE},
        "feeding": asdict(feeding),
        "policy": {
            "severity": policy.severity,
            "drop": sorted(policy.drop),
            "keep": sorted(policy.keep),
        },
        "versions": dict(versions(exact=settings.exact)),
        "inputs": {
            **{name: value for name, value in inputs.items() if name != "files_xxh3_128"},
            "entries": {entry.name: entry_key(entry.entry) for entry in catalog.entries if entry.name in names},
            "files_xxh3_128": {name: inputs["files_xxh3_128"][name] for name in sorted(files)},
        },
        "splits": {split.name: len(split.rows) for split in plan.splits},
        "left_out": len(plan.left_out),
        "left_out_by_code": dict(sorted(Counter(item["code"] for item in plan.left_out).items())),
    }

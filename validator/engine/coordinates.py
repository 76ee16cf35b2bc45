"""What a finished run says of the systems of coordinates of its entries."""

from __future__ import annotations

from typing import Any

import orjson

from validator.coordinates.systems import BITS, System
from validator.engine.run_files.finished import FinishedRun

ANOTHER_SYSTEM = "IM017"


def of_another_system(run: FinishedRun) -> dict[str, dict[str, Any]]:
    """The evidence of IM017, by the name of the entry."""
    if not any(item["code"] == ANOTHER_SYSTEM for item in run.summary["rules"]):
        return {}
    with run.findings_table(["dataset", "code"]) as table:
        return {
            record["dataset"]: orjson.loads(record["evidence"] or "{}")
            for record in table.records(["dataset", "code", "evidence"])
            if record["code"] == ANOTHER_SYSTEM
        }


def certain_systems(run: FinishedRun) -> dict[str, System]:
    """The entries that are certain to be in another system than the model's own, with that."""
    found = {name: evidence.get("certain") for name, evidence in of_another_system(run).items()}
    return {name: system for name, system in found.items() if system in BITS}

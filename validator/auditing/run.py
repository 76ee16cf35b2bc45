"""The audit of a finished check: configuration, checkpoints, cost, and the answer, kept in its summary."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from validator.auditing.cost import cost_of
from validator.auditing.judge import FAMILIES, checkpoint_findings, keep, later_findings
from validator.auditing.verdict import answer, reasons
from validator.checkpoint.names import part_of
from validator.checkpoint.record import CheckpointCase, CheckpointFacts
from validator.engine.run_files.finished import FinishedRun
from validator.training.config import TrainingConfig
from validator.training.family import assumption
from validator.training.record import TrainingCase
from validator.training.versions import Versions

PARTS = {
    "vision_tower": "freeze_vision_tower",
    "projector": "freeze_multi_modal_projector",
    "language_model": "freeze_language_model",
}
"""Parts of the model, and the keys of a training file that freeze them."""


def frozen_parts(config: TrainingConfig | None) -> tuple[str, ...]:
    """The parts that training leaves alone; the trainer's defaults where there is no training file."""
    if config is None:
        return ("vision_tower", "projector")
    return tuple(part for part, key in PARTS.items() if config[key])


def precision_of(config: TrainingConfig | None) -> str:
    """What a run casts FP32 weights to: bf16 (where there is no training file, too), fp16 or fp32. `pure_bf16` casts
    none of a checkpoint in FP32.
    """
    if config is None or config["bf16"]:
        return "bf16"
    return "fp16" if config["fp16"] else "fp32"


def finish(
    run: FinishedRun,
    case: TrainingCase,
    checkpoints: Sequence[CheckpointCase],
    not_audited: Sequence[str],
    *,
    incomplete: bool = False,
) -> dict[str, Any]:
    """Judge a finished check together with its configuration and checkpoints; the page as plain data.

    `not_audited`: sentences on checkpoints; `incomplete`: one of them was asked for by name.
    """
    summary = run.summary
    findings = [
        *(finding for finding in run.all_findings() if finding.code[:2] not in FAMILIES),
        *later_findings(run, case, checkpoints),
    ]
    found = reasons(findings)
    verdict, code = answer(found, incomplete=incomplete or summary["exit_code"] == 3)
    page = {
        "verdict": verdict,
        "exit_code": code,
        "train_config": str(case.config.path),
        **_about(case),
        "rows": summary["rows"],
        "training": summary["training"],
        "datasets": [item["dataset"] for item in summary["datasets"]],
        "unchecked_entries": summary["unchecked_entries"],
        "checkpoints": [_checkpoint(item.facts) for item in checkpoints],
        "not_audited": list(not_audited),
        "cost": cost_of(run, case),
        "replay": _replay(summary.get("replay")),
        "reasons": found,
    }
    keep(run, case, checkpoints, {"audit": page})
    return page


def checkpoints_alone(cases: Sequence[CheckpointCase], not_audited: Sequence[str]) -> dict[str, Any]:
    """The page of an audit without a training file."""
    found = reasons(finding for case in cases for finding in checkpoint_findings(case))
    verdict, code = answer(found, incomplete=bool(not_audited))
    return {
        "verdict": verdict,
        "exit_code": code,
        "not_audited": list(not_audited),
        "checkpoints": [_checkpoint(case.facts) for case in cases],
        "reasons": found,
    }


def _about(case: TrainingCase) -> dict[str, Any]:
    config = case.config
    return {
        "model": config["model_name_or_path"],
        "assumed": assumption(config),
        "finetuning_type": config["finetuning_type"],
        "frozen": list(frozen_parts(config)),
        "precision": "bf16" if case.bf16 else "fp16" if config["fp16"] else "fp32",
        "zero_stage": case.zero_stage,
        "deepspeed": case.deepspeed.name if case.deepspeed else None,
        "gpus": case.gpus,
        "per_device_train_batch_size": config["per_device_train_batch_size"],
        "gradient_accumulation_steps": config["gradient_accumulation_steps"],
        "cutoff_len": config["cutoff_len"],
        "image_max_pixels": config["image_max_pixels"],
        "versions": _versions(case.versions),
    }


def _versions(versions: Versions) -> dict[str, str]:
    return {name: text + ("" if name in versions.given else " (here)") for name, text in versions.known.items()}


def _checkpoint(facts: CheckpointFacts) -> dict[str, Any]:
    """What the page shows of a checkpoint: sizes, and by part how far it is from the base."""
    return {
        "folder": facts.folder,
        "base": facts.base,
        "tensors": len(facts.tensors),
        "bytes": facts.num_bytes,
        "seconds": round(facts.seconds, 2),
        "not_finite": sum(tensor.non_finite for tensor in facts.tensors),
        "largest": max((tensor.largest for tensor in facts.tensors), default=0.0),
        "drift": None if facts.base is None else {part: _drift(facts, part) for part in PARTS},
        "attention_growth": max((round(layer.growth, 3) for layer in facts.attention), default=None),
    }


def _drift(facts: CheckpointFacts, part: str) -> float:
    """The largest drift of a part's tensors."""
    return max((tensor.drift or 0.0 for tensor in facts.tensors if part_of(tensor.name) == part), default=0.0)


def _replay(replay: dict[str, Any] | None) -> dict[str, Any] | None:
    """What the page shows of a replay."""
    if replay is None:
        return None
    return {
        "model": replay["settings"]["model"],
        "device": replay["device"],
        "verdict": replay["verdict"],
        "verdicts": replay["verdicts"],
    }

"""What the goldens freeze, as the package says it. The only place here that reaches into the package."""

import dataclasses
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import orjson
import pyarrow.parquet as pq

from tests.conftest import check
from validator.catalog.formats import file_rows
from validator.catalog.registry import load_registry
from validator.engine.entries import open_entries
from validator.engine.run_files.finished import FinishedRun
from validator.facts.measure import Measurer
from validator.facts.settle import settle
from validator.facts.strip import Segment, segments
from validator.facts.training_ids import training_ids
from validator.planning.plan import plan
from validator.settings import Settings
from validator.trainers.registry import trainers

REGISTRY = Path("dataset_info.json")
"""In the working directory: messages name the same paths everywhere."""
COUNTS = (
    "outcome", "trainer_error", "num_tokens", "num_tokens_full", "num_text_tokens", "num_image_tokens",
    "num_video_tokens", "num_label_tokens", "image_tokens",
)  # fmt: skip
BUDGET = ("video_tokens", "num_image_tokens_full", "num_video_tokens_full")
PLANNED = (64, 200, 2048), (50_000, 1_048_576)
"""Cutoffs and pixel limits of the plans."""


def profiles() -> list[str]:
    return list(trainers())


def rows(first: int | None, **settings: Any) -> Iterator[dict[str, Any]]:
    """What becomes of the rows of the registry here, `first` of each file: a record with several parts of each."""
    given = Settings(dataset_info=REGISTRY, **settings)
    for facts in open_entries(load_registry(REGISTRY, ()), given):
        for file in facts.files:
            if facts.fault or file.survey is None or file.survey.refusals:
                continue
            measurer = Measurer(facts.entry, file.name, file.survey, given)
            floats = facts.entry.formatting == "openai"  # as in a run
            for raw in islice(file_rows(Path(file.name), file.survey, loader_floats=floats), first):
                yield {"row": f"{facts.name} {file.name}:{raw.index}", **_row(measurer, raw)}


def _row(measurer: Measurer, raw: Any) -> dict[str, Any]:
    (facts,) = measurer.measure([raw])
    settle(facts, measurer.limits)
    counts = {name: getattr(facts, name) for name in COUNTS}
    if facts.budget is None:
        return {"counts": counts, "ids": None, "pairs": None, "segments": None}
    return {
        "counts": counts | {name: getattr(facts.budget, name) for name in BUDGET},
        "ids": training_ids(measurer, raw) if facts.outcome == "ok" else None,
        "pairs": [dataclasses.asdict(pair) for pair in facts.budget.pairs],
        "segments": [_segment(segment) for segment in segments(facts, measurer.limits)],
    }


def _segment(segment: Segment) -> dict[str, Any]:
    span = segment.span
    return {
        "kind": span.kind, "tokens": segment.tokens, "kept": segment.kept, "turn": span.turn, "medium": span.medium,
        "learned": span.is_label,
    }  # fmt: skip


def finished(target: Path, **settings: Any) -> dict[str, Any]:
    """What a run over the registry here leaves, and a plan made of it."""
    result, findings = check(REGISTRY, target, **settings)
    summary = orjson.loads((result.folder / "summary.json").read_bytes())
    return {
        "findings": findings,
        "samples": pq.read_table(result.folder / "samples.parquet").to_pydict(),
        "summary": {key: summary[key] for key in ("verdict", "rows", "findings", "gate", "datasets", "rules")},
        "plans": [option.record() for option in plan(FinishedRun(result.folder), *PLANNED, 8).options],
    }

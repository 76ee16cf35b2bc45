"""The same rows under several trainer profiles: what becomes of each row, and where the profiles disagree."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from validator.catalog.registry import load_registry
from validator.catalog.yaml_registry import is_yaml
from validator.engine.run_files.finished import FinishedRun
from validator.errors import MmvalidateError
from validator.settings import Settings
from validator.storage.remote import locate
from validator.tokens.processor import load_processor
from validator.trainers.registry import TAKES_YAML, trainers
from validator.writing import whole_path

OUTCOMES = ("whole", "cut", "stops", "dropped", "unchecked")
"""Trained on as it is; trained on, but shortened by the cutoff; the trainer stops at it, in preprocessing or, with
image tokens cut, in training; left out by the trainer; not known.
"""
KEYS = ["dataset", "file", "row"]
MOST = 30
"""Patterns that are listed."""


class NoTrainerError(MmvalidateError, ValueError):
    """No profile takes the data with the settings."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """Rows that fare alike: their outcome under each profile, how many they are, and the first of them."""

    outcomes: tuple[str, ...]
    rows: int
    first: tuple[str, str, int]


@dataclass(frozen=True, slots=True)
class TrainerComparison:
    """`left_out`: profiles that the settings rule out, and why. `counts`: rows by outcome under each profile."""

    trainers: tuple[str, ...]
    left_out: Mapping[str, str]
    counts: Mapping[str, Mapping[str, int]]
    patterns: tuple[Pattern, ...]
    table: Path

    def record(self) -> dict[str, Any]:
        """As it is written to JSON."""
        return {
            "trainers": {name: trainers()[name].describes for name in self.trainers},
            "left_out": dict(self.left_out),
            "counts": {name: dict(counts) for name, counts in self.counts.items()},
            "patterns": [
                {
                    "outcomes": dict(zip(self.trainers, pattern.outcomes, strict=True)),
                    "rows": pattern.rows,
                    "first": dict(zip(KEYS, pattern.first, strict=True)),
                }
                for pattern in self.patterns
            ],
            "table": str(self.table),
        }


def possible(settings: Settings) -> tuple[dict[str, Settings], dict[str, str]]:
    """The settings under each profile, and why others cannot have them. Left out too are those that can read no entry.

    Raises ValueError where the registry cannot be read, NoTrainerError where no profile is left.
    """
    chosen, left_out = {}, {}
    registry = load_registry(locate(settings.dataset_info), settings.datasets)
    layouts = {entry.formatting for entry in registry.entries}
    given = settings.model_dump(exclude={"trainer", "image_min_pixels"} - settings.model_fields_set)
    processor = load_processor(settings.processor)
    for name in trainers():
        if is_yaml(registry.path) and trainers()[name].family != TAKES_YAML:
            left_out[name] = "it does not read a registry in YAML"
            continue
        if layouts and layouts.isdisjoint(trainers()[name].formattings):
            left_out[name] = f"it has no converter for the formatting {' or '.join(sorted(layouts))}"
            continue
        try:
            mine = Settings(**{**given, "trainer": name})
            mine.profile.template(processor, mine.template)
            chosen[name] = mine
        except ValueError as error:
            left_out[name] = str(error).split("Value error, ")[-1].split(" [type=")[0].strip()
    if not chosen:
        reasons = "; ".join(f"{name}: {reason}" for name, reason in left_out.items())
        raise NoTrainerError(f"no trainer takes this data with these settings ({reasons})")
    return chosen, left_out


def compare(runs: Mapping[str, Path], left_out: Mapping[str, str], target: Path) -> TrainerComparison:
    """Put finished runs beside each other, and write `target`: one record per row, one outcome per profile."""
    table: pa.Table | None = None
    for name, folder in runs.items():
        mine = _outcomes(FinishedRun(folder)).rename_columns([*KEYS, name])
        table = mine if table is None else table.join(mine, KEYS, join_type="full outer")
    assert table is not None
    names = list(runs)
    table = table.sort_by([(key, "ascending") for key in KEYS])
    filled = [pc.fill_null(table[name], "unchecked") for name in names]
    table = pa.table([*(table[key] for key in KEYS), *filled], names=[*KEYS, *names])
    with whole_path(target) as part:
        pq.write_table(table, part, compression="zstd")
    counts = {name: _counted(table[name]) for name in names}
    return TrainerComparison(tuple(names), dict(left_out), counts, _patterns(table, names), target)


def _outcomes(run: FinishedRun) -> pa.Table:
    columns = [*KEYS, "outcome", "refused", "num_tokens", "num_tokens_full"]
    with run.samples_table() as table:
        samples = table.read(columns)
    with run.findings_table() as table:
        found = table.read(["code", *KEYS])
    cut_images = found.filter(pc.equal(found["code"], "TK001")).select(KEYS)
    cut_images = cut_images.append_column("image_cut", pa.array(np.ones(len(cut_images), bool)))
    samples = samples.join(cut_images, KEYS, join_type="left outer")
    stops = pc.or_(pc.or_(pc.equal(samples["outcome"], "crash"), samples["refused"]), pc.is_valid(samples["image_cut"]))
    shorter = pc.fill_null(pc.less(samples["num_tokens"], samples["num_tokens_full"]), False)
    conditions = pc.make_struct(
        pc.equal(samples["outcome"], "dropped"), pc.equal(samples["outcome"], "unchecked"), stops, shorter
    )
    outcome = pc.case_when(conditions, "dropped", "unchecked", "stops", "cut", "whole")
    return samples.select(KEYS).append_column("outcome", outcome)


def _counted(outcomes: pa.ChunkedArray) -> dict[str, int]:
    found = {item["values"]: item["counts"] for item in pc.value_counts(outcomes).to_pylist()}
    return {name: found.get(name, 0) for name in OUTCOMES}


def _patterns(table: pa.Table, names: list[str]) -> tuple[Pattern, ...]:
    """Patterns in which the profiles disagree, the commonest first."""
    grouped = table.append_column("place", pa.array(np.arange(len(table))))
    grouped = grouped.group_by(names).aggregate([("place", "count"), ("place", "min")])
    patterns = []
    for item in grouped.to_pylist():
        outcomes = tuple(item[name] for name in names)
        if len(set(outcomes)) > 1:
            first = table.slice(item["place_min"], 1).to_pylist()[0]
            patterns.append(Pattern(outcomes, item["place_count"], tuple(first[key] for key in KEYS)))
    return tuple(sorted(patterns, key=lambda pattern: (-pattern.rows, pattern.first))[:MOST])

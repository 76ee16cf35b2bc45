"""Rows -> jobs without a run: for training the tiny model, for experiments and for tests that look at single steps."""

from __future__ import annotations

import json
from pathlib import Path

from validator.catalog.formats import file_rows
from validator.catalog.registry import load_registry
from validator.engine.entries import open_entries
from validator.facts.measure import Measurer
from validator.facts.settle import settle
from validator.media.geometry import ImageLimits
from validator.replaying.inputs import make_job
from validator.replaying.job import Job
from validator.settings import Settings

TAGS = {"role_tag": "role", "content_tag": "content", "user_tag": "user", "assistant_tag": "assistant"}


def write_dataset(folder: Path, rows: list[dict], name: str = "data") -> Path:
    """Write rows as one sharegpt entry; returns dataset_info.json."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    (folder / f"{name}.jsonl").write_text(lines, encoding="utf-8")
    columns = {"messages": "messages", "images": "images"}
    entry = {"file_name": f"{name}.jsonl", "formatting": "sharegpt", "columns": columns, "tags": TAGS}
    registry = folder / "dataset_info.json"
    registry.write_text(json.dumps({name: entry}), encoding="utf-8")
    return registry


def jobs_of(folder: Path, rows: list[dict], processor: str, **settings: int) -> tuple[list[Job], ImageLimits]:
    """The jobs of rows that the trainer accepts, in order, and the limits of their images."""
    return jobs_of_registry(write_dataset(folder, rows), processor, **settings)


def jobs_of_registry(registry: Path, processor: str, **settings: int) -> tuple[list[Job], ImageLimits]:
    """The same of the entry `data` of a registry."""
    chosen = Settings(dataset_info=registry, processor=processor, **settings)
    jobs = []
    entry = open_entries(load_registry(registry, ("data",)), chosen)[0]
    file = entry.files[0]
    measurer = Measurer(entry.entry, file.name, file.survey, chosen)
    for raw in file_rows(registry.parent / file.name, file.survey):
        (facts,) = measurer.measure([raw])
        settle(facts, measurer.limits)
        if facts.budget is not None:
            jobs.append(make_job(measurer, raw, facts))
    return jobs, measurer.limits.image

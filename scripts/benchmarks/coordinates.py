"""What reading the boxes and points of a row's texts costs, and telling their systems."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from statistics import median
from typing import Any

from scripts.benchmarks.data import ROOT
from scripts.benchmarks.scale import Scale
from scripts.benchmarks.table import Line
from validator.conversation.sample import MediaReference, Sample, Turn
from validator.facts.budget import Limits
from validator.facts.located import row_shapes
from validator.facts.recipe import limits_of
from validator.facts.record import MediaFacts, RowFacts, TurnFacts
from validator.facts.shapes import ShapeReader
from validator.records.image_probe import ImageProbe
from validator.settings import Settings
from validator.tokens.processor import load_processor

SCREENS = ROOT / "sample_data" / "stage2" / "phone_web_screens.jsonl"
PROSE = ROOT.parent / "shared" / "data" / "llamafactory_demo" / "alpaca_en_demo.json"
"""LLaMA-Factory's own demo rows, where they are: long answers without any."""
WITHOUT, WITH = 10.0, 60.0
"""Microseconds a row that are promised."""
_TIMES = 9


def coordinates(scale: Scale) -> Iterator[Line]:
    """Boxes and points of a row"""
    rows = [json.loads(line) for line in SCREENS.read_text(encoding="utf-8").splitlines()]
    rows += [_with_boxes(number) for number in range(len(rows))]
    samples = [_sample(row) for row in rows]
    if PROSE.exists():
        samples += [_of_prose(row) for row in json.loads(PROSE.read_text(encoding="utf-8"))]
    read = [(sample, _shapes(sample)) for sample in samples]
    without, having = ([sample for sample, shapes in read if bool(shapes) is there] for there in (False, True))
    for name, some, most in (("without any", without, WITHOUT), ("with some", having, WITH)):
        cost = _microseconds(some, _shapes)
        many = sum(len(_shapes(sample)) for sample in some) / len(some)
        what = f"boxes and points read, rows {name} ({len(some)} rows, {many:.1f} of them a row)"
        yield Line(what, f"{most:.0f} us a row", f"{cost:.1f} us", cost <= most)
    limits = limits_of(Settings(dataset_info="."), load_processor("embedded"))
    cost = _microseconds([_facts(sample) for sample in having], lambda facts: _told(facts, limits))
    yield Line("the systems that they can be in, told once a row", "reported", f"{cost:.1f} us")


def _sample(row: dict[str, Any]) -> Sample:
    turns = [Turn(place, message["role"], message["content"]) for place, message in enumerate(row["messages"])]
    images = [
        MediaReference("image", place, path, path, "path") for place, path in enumerate(row.get("images") or ["x"])
    ]
    return Sample(turns=turns, media={"image": images})


def _with_boxes(number: int) -> dict[str, Any]:
    """A row whose answer lists five boxes."""
    boxes = [{"bbox_2d": [x, number, x + 90, number + 40], "label": f"button {x}"} for x in range(100, 600, 100)]
    answer = {"role": "assistant", "content": json.dumps(boxes)}
    return {"messages": [{"role": "user", "content": "<image>Buttons?"}, answer]}


def _of_prose(row: dict[str, Any]) -> Sample:
    texts = ("user", row["instruction"] + row["input"]), ("assistant", row["output"])
    return _sample({"messages": [{"role": role, "content": text} for role, text in texts]})


def _shapes(sample: Sample) -> list[Any]:
    reader = ShapeReader.of(sample)
    assert reader is not None
    return [shape for turn in sample.turns for shape in reader.read(turn.content)]


def _facts(sample: Sample) -> RowFacts:
    facts = RowFacts(dataset="", file="", row=0, sample_id="", content_hash="")
    facts.turns = [TurnFacts(0, "assistant", shapes=tuple(_shapes(sample)))]
    facts.media = [
        MediaFacts(kind="image", index=one.index, written="", form="path", probe=ImageProbe(width=1080, height=2400))
        for one in sample.media["image"]
    ]
    return facts


def _told(facts: RowFacts, limits: Limits) -> None:
    row_shapes(facts, limits)


def _microseconds(rows: list[Any], work: Callable[[Any], object]) -> float:
    """The middle of some passes over all rows, per row."""
    passes = []
    for _ in range(_TIMES):
        began = time.process_time()
        for row in rows:
            work(row)
        passes.append((time.process_time() - began) / len(rows) * 1e6)
    return median(passes)

"""The rows of a finished run under several models, side by side: no medium is opened, text is read again where it must.

Rows that were unchecked in the run stay so. tests/planning holds the counts against checks with each processor.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from validator.engine.cache import Cache
from validator.engine.rejudge import limits_under
from validator.engine.reread import reread
from validator.engine.run_files.finished import FinishedRun
from validator.errors import ChangedDataError
from validator.facts.columns import Batch
from validator.facts.recipe import limits_of
from validator.facts.record import MediaFacts
from validator.facts.table import ROW, SAMPLES, media_of, to_row
from validator.models.families import EMBEDDED
from validator.planning.counts import Counts, Expanded, Sizes
from validator.planning.laid_out import Laid, lay
from validator.planning.plan import Option, option_of
from validator.planning.same_text import SameText, same_text
from validator.processor_name import processor_named
from validator.settings import Settings
from validator.tokens.processor import load_processor

ALL = "all"
"""All models that need no files, and the run's own."""
ROWS = 1 << 14
"""Rows that are held at a time."""


@dataclass(frozen=True, slots=True)
class ModelOption:
    """A model and what its trainer makes of the run's rows; `read_again`: rows whose text was encoded anew for it."""

    processor: str
    family: str
    template: str | None
    option: Option
    read_again: int

    def record(self) -> dict[str, Any]:
        """As it is written to JSON."""
        named = {"processor": self.processor, "family": self.family, "template": self.template}
        return named | self.option.record() | {"read_again": self.read_again}


@dataclass(frozen=True, slots=True)
class ModelPlan:
    """The models in the order asked for, the run's own first. `left_out`: models that cannot be counted, and why."""

    settings: Settings
    models: tuple[ModelOption, ...]
    left_out: dict[str, str]
    batch_size: int

    def record(self) -> dict[str, Any]:
        """As it is written to JSON."""
        return {
            "settings": self.settings.model_dump(mode="json"),
            "batch_size": self.batch_size,
            "models": [model.record() for model in self.models],
            "left_out": self.left_out,
        }


def plan_models(
    run: FinishedRun,
    processors: Sequence[str],
    changes: dict[str, int],
    batch_size: int,
    progress: Callable[[int], None] = lambda rows: None,
) -> ModelPlan:
    """Count a finished run under each of some processors (`all`: those that need no files), and its own. `changes`: its
    `cutoff_len` and `image_max_pixels`, where others than the run's are meant.

    Raises ValueError where a processor cannot be loaded or the trainer would refuse a limit, ChangedDataError where
    data that must be read again are no longer those of the run, OSError where they cannot be read.
    """
    own = limits_under(run, changes)
    wanted = [name for word in processors for name in (tuple(EMBEDDED) if word == ALL else (processor_named(word),))]
    models, left_out = [], {}
    for name in dict.fromkeys([own.processor, *wanted]):
        settings = _settings(own, name)
        try:
            alike = SameText(none=False) if name == own.processor else same_text(own, settings)
        except ValueError as error:
            left_out[name] = str(error)
            continue
        if (reason := load_processor(name).unknown) is not None:
            left_out[name] = reason
            continue
        models.append(_counted(run, settings, alike, batch_size, progress))
    return ModelPlan(own, tuple(models), left_out, batch_size)


def _settings(own: Settings, name: str) -> Settings:
    """Those of the run with another processor, and with the run's template where that is one of its family's."""
    template = own.template if own.template in load_processor(name).family.templates else None
    return own if name == own.processor else Settings(**own.model_dump() | {"processor": name, "template": template})


def _counted(
    run: FinishedRun, settings: Settings, alike: SameText, batch_size: int, progress: Callable[[int], None]
) -> ModelOption:
    processor = load_processor(settings.processor)
    limits = limits_of(settings, processor)
    counts, sizes = Counts(), Sizes()
    again = 0

    def add(laid: Laid) -> None:
        Expanded(laid, settings.profile.span_table(laid.spans, limits), limits, sizes).count(limits, counts)

    with run.samples_table() as table:
        for batch in table.batches(SAMPLES.names, ROWS):
            anew = (
                alike.read_again(batch) if settings.processor != run.settings.processor else np.zeros(len(batch), bool)
            )
            add(lay(alike.under_model(batch.filter(pa.array(~anew)))))
            if anew.any():
                again += int(anew.sum())
                for some in _read_again(run, settings, batch.filter(pa.array(anew))):
                    add(lay(some))
            progress(counts.rows)
    multiple = settings.profile.batch.pad_to_multiple_of
    option = option_of((settings.image_max_pixels, settings.cutoff_len), counts, batch_size, multiple)
    template = settings.template if "template" in settings.profile.options else None
    if template is None and "template" in settings.profile.options:
        template = processor.family.templates[0]
    return ModelOption(settings.processor, processor.family.name, template, option, again)


def _read_again(run: FinishedRun, settings: Settings, batch: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
    """Records of some rows of a run, with their text encoded for another model."""
    keys = zip(*(batch[name].to_pylist() for name in ("dataset", "file", "row", "content_hash")), strict=True)
    known: dict[tuple[str, str, int], tuple[str, list[MediaFacts]]] = {}
    places: dict[tuple[str, str], set[int]] = {}
    for (dataset, file, row, seen), media in zip(keys, media_of(batch), strict=True):
        known[dataset, file, row] = seen, media
        places.setdefault((dataset, file), set()).add(row)
    made = Batch(SAMPLES, ROW)
    frozen = {key: frozenset(rows) for key, rows in places.items()}
    for dataset, file, measurer, raw in reread(settings, frozen, Cache.of(run)):
        seen, media = known.pop((dataset, file, raw.index))
        if measurer.begin(raw).facts.content_hash != seen:
            raise _changed(file, raw.index)
        facts = measurer.measure_text(raw, media)
        made.append(to_row(facts, facts.outcome))
    if known:
        raise _changed(*next(iter(known))[1:])
    yield made.take()


def _changed(file: str, row: int) -> ChangedDataError:
    return ChangedDataError(f"row {row} of {file} is no longer that of the run: run mmvalidate again.")

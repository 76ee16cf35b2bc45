"""`--exact`: transformers' real processor on every row, pixel values and all, beside the facts of the static pass."""

from __future__ import annotations

import torch

from validator.catalog.json_rows import RawRow
from validator.facts.measure import Measurer
from validator.facts.record import RowFacts
from validator.facts.settle import settle
from validator.media.video import LATER
from validator.replaying.inputs import loads_videos, make_job
from validator.replaying.pictures import Pictures, counted
from validator.replaying.spelling import Spelling
from validator.replaying.step import described

_made: dict[tuple[str | None, object, str], tuple[Pictures, Spelling]] = {}


class Exact:
    """Asks the real processor about rows that the trainer accepts. Made once per process and processor."""

    def __init__(self, measurer: Measurer) -> None:
        self._measurer = measurer
        torch.set_num_threads(1)  # every worker has a core of its own
        folder = str(measurer.processor.folder) if measurer.processor.folder is not None else None
        key = folder, measurer.limits.image, measurer.trainer.name
        if key not in _made:
            pictures = Pictures(folder, measurer.limits.image, measurer.trainer)
            _made[key] = pictures, Spelling(folder)
        self._pictures, self._spelling = _made[key]

    def __call__(self, raw: RawRow, facts: RowFacts) -> str | None:
        """Where grids, counts or ids of a row differ, in words; None where they agree or the trainer stops earlier."""
        settle(facts, self._measurer.limits)
        if facts.of_kind("video") and not loads_videos(self._measurer.trainer):
            return None
        if facts.budget is None or any(media.probe.fault in LATER for media in facts.media):
            return None
        job = make_job(self._measurer, raw, facts)
        try:
            pixels = self._pictures(job.images, job.videos)
        except Exception as error:
            return f"the processor stops with {described(error)}"[:300]
        return self._spelling.compare(job, counted(pixels, job.tokens, self._pictures.merge_size))

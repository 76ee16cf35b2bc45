"""Samples -> one batch, equal to LLaMA-Factory's `SFTDataCollatorWith4DAttentionMask` (tested against it).

Source: LLaMA-Factory 0.9.5 `data/collator.py`, without packing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from PIL import Image

from validator.facts.training_ids import IGNORED
from validator.replay.job import Job
from validator.replay.model import base_of
from validator.replay.pictures import Pictures

MULTIPLE = 8
"""Batches are padded to a multiple of it."""
FAKE_SIDE, FAKE_PADS = 64, 4
"""A batch without media gets a white square, so that all ranks go through the vision tower: 4 pads and 2 markers."""


class Collator:
    """Makes batches for one model."""

    def __init__(self, model: Any, pictures: Pictures, pad_id: int) -> None:
        self._model, self._pictures, self._pad = base_of(model), pictures, pad_id

    def pixels(self, jobs: Sequence[Job]) -> dict[str, torch.Tensor]:
        """Pixels and grids of all media of a batch. Raises what the trainer's libraries raise."""
        images = [image for job in jobs for image in job.images]
        videos = [video for job in jobs for video in job.videos]
        return self._pictures(images, videos)

    def __call__(
        self, jobs: Sequence[Job], pixels: dict[str, torch.Tensor], *, fake: bool = True
    ) -> dict[str, torch.Tensor]:
        """input_ids, attention_mask, labels (B, L), position_ids (4, B, L), rope_deltas, pixels and grids.

        `fake`: with the fake picture that LLaMA-Factory adds to a batch without media. Raises what the trainer raises
        where ids and pictures do not fit each other.
        """
        extra: list[int] = []
        pixels = dict(pixels)
        if fake and not pixels:
            config = self._model.config
            self._pictures.add_images(pixels, [Image.new("RGB", (FAKE_SIDE, FAKE_SIDE), (255, 255, 255))])
            pads = [config.image_token_id] * FAKE_PADS
            extra = [config.vision_start_token_id, *pads, config.vision_end_token_id]
        rows = [(list(job.ids), list(job.labels), [1] * len(job.ids)) for job in jobs]
        for row, tail in zip(rows[0], (extra, [IGNORED] * len(extra), [0] * len(extra)), strict=True):
            row += tail
        length = -(-max(len(ids) for ids, _, _ in rows) // MULTIPLE) * MULTIPLE
        batch = {
            name: torch.tensor([row[place] + [fill] * (length - len(row[place])) for row in rows])
            for place, (name, fill) in enumerate((("input_ids", self._pad), ("labels", IGNORED), ("attention_mask", 0)))
        }
        batch |= self._positions(batch, pixels)
        return batch | pixels

    def _positions(self, batch: dict[str, torch.Tensor], pixels: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        """Text positions and mRoPE's three, by the model's own function."""
        ids, mask = batch["input_ids"], batch["attention_mask"]
        config = self._model.config
        kinds = torch.zeros_like(ids)
        kinds[ids == config.image_token_id] = 1
        kinds[ids == config.video_token_id] = 2
        positions, deltas = self._model.model.get_rope_index(
            input_ids=ids,
            attention_mask=(mask >= 1).float(),
            mm_token_type_ids=kinds,
            image_grid_thw=pixels.get("image_grid_thw"),
            video_grid_thw=pixels.get("video_grid_thw"),
        )
        return {"position_ids": torch.cat([positions[:1], positions]), "rope_deltas": deltas}

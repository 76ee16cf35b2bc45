"""Samples -> one batch, equal to that of the trainer's own collator (tested against it), without packing.

Sources: LLaMA-Factory 0.9.5 `data/collator.py` (`SFTDataCollatorWith4DAttentionMask`), TRL 1.16
`DataCollatorForVisionLanguageModeling`, Qwen's `qwen-vl-finetune` (`DataCollatorForSupervisedDataset`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from validator.facts.training_ids import IGNORED
from validator.replaying.job import Job
from validator.replaying.model import base_of
from validator.replaying.pictures import Pictures

FAKE_PADS = 4
"""LLaMA-Factory gives a batch without media a white square, so that all ranks go through the vision tower: 4 pads and
2 markers.
"""


class Collator:
    """Makes batches for one model. `recipe`: as a trainer does."""

    def __init__(self, model: Any, pictures: Pictures, pad_id: int) -> None:
        self._model, self._pictures, self._pad = base_of(model), pictures, pad_id
        self.recipe = pictures.trainer.batch

    def pixels(self, jobs: Sequence[Job]) -> dict[str, torch.Tensor]:
        """Pixels and grids of all media of a batch. Raises what the trainer's libraries raise."""
        images = [image for job in jobs for image in job.images]
        videos = [video for job in jobs for video in job.videos]
        return self._pictures(images, videos)

    def __call__(
        self, jobs: Sequence[Job], pixels: dict[str, torch.Tensor], *, bare: bool = False
    ) -> dict[str, torch.Tensor]:
        """input_ids, attention_mask, labels (B, L), position_ids (4, B, L), rope_deltas, pixels and grids.

        `bare`: without the fake picture, whatever the recipe says. Raises what the trainer raises where ids and
        pictures do not fit each other.
        """
        extra: list[int] = []
        pixels = dict(pixels)
        if self.recipe.adds_fake_image and not bare and not pixels:
            config = self._model.config
            self._pictures.add_fake(pixels)
            pads = [config.image_token_id] * FAKE_PADS
            extra = [config.vision_start_token_id, *pads, config.vision_end_token_id]
        rows = [(list(job.ids), list(job.labels), self._mask(job.ids)) for job in jobs]
        for row, tail in zip(rows[0], (extra, [IGNORED] * len(extra), [0] * len(extra)), strict=True):
            row += tail
        multiple = self.recipe.pad_to_multiple_of
        length = -(-max(len(ids) for ids, _, _ in rows) // multiple) * multiple
        batch = {
            name: torch.tensor([row[place] + [fill] * (length - len(row[place])) for row in rows])
            for place, (name, fill) in enumerate((("input_ids", self._pad), ("labels", IGNORED), ("attention_mask", 0)))
        }
        batch |= self._positions(batch, pixels)
        return batch | pixels

    def _mask(self, ids: Sequence[int]) -> list[int]:
        return [int(token != self._pad) for token in ids] if self.recipe.masks_pads else [1] * len(ids)

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

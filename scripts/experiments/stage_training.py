"""A small trainer for the experiments: one stage of training, step by step, with what it does to the weights."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass, field
from pathlib import Path

import torch

from scripts.tiny_checkpoint import tiny_config
from validator.replaying.collate import Collator
from validator.replaying.job import Job
from validator.replaying.model import freeze
from validator.replaying.pictures import Pictures
from validator.replaying.settings import ReplaySettings
from validator.tokens.processor import load_processor
from validator.trainers.registry import trainer_named

FIRST, BATCH, ACCUMULATION, RATE, CLIP = 250, 8, 4, 1e-3, 1.0
"""Steps and rows a step of the first stage; micro-batches of a step, learning rate and clipping of the second."""
SPOILED = 10
"""The step of the second stage in which one pixel is NaN, in the runs that have one."""


@dataclass
class Run:
    """One training of the second stage, step by step."""

    name: str
    loss: list[float] = field(default_factory=list)
    norm: list[float] = field(default_factory=list)
    moved: list[float] = field(default_factory=list)
    held_out: list[tuple[int, float]] = field(default_factory=list)
    nonfinite: int = 0
    skipped: int = 0
    ended: str = ""


class Trainer:
    """The model and what makes its batches. The vision tower and the projector are frozen, as in LLaMA-Factory."""

    def __init__(self, folder: Path, limits) -> None:
        from transformers import Qwen2VLForConditionalGeneration

        self.folder = folder
        self.processor = load_processor(str(folder))
        torch.manual_seed(0)
        self.model = Qwen2VLForConditionalGeneration(tiny_config(dict(self.processor.encoder.special_tokens)))
        freeze(self.model, ReplaySettings())
        self.collate = Collator(
            self.model,
            Pictures(str(folder), limits, trainer_named("llamafactory")),
            self.processor.token_id("<|endoftext|>"),
        )
        self.trained = [parameter for parameter in self.model.parameters() if parameter.requires_grad]

    def batch(self, jobs: list[Job]) -> dict:
        made = self.collate(jobs, self.collate.pixels(jobs))
        made.pop("rope_deltas")
        return made

    def first_stage(self, jobs: list[Job]) -> list[float]:
        """Text only, in batches of 8; the losses."""
        optimizer = torch.optim.AdamW(self.trained, lr=2 * RATE)
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 2 * RATE, total_steps=FIRST)
        rng, losses = random.Random(0), []
        for _ in range(FIRST):
            loss = self.model(**self.batch(rng.sample(jobs, BATCH))).loss
            loss.backward()
            torch.nn.utils.clip_grad_norm_(self.trained, CLIP)
            optimizer.step()
            schedule.step()
            optimizer.zero_grad()
            losses.append(loss.item())
        return losses

    def second_stage(
        self, name: str, jobs: list[Job], held_out: list[Job], steps: int, *, spoil=False, checks=True, skip=True
    ) -> Run:
        """Micro-batches of one, accumulation 4, each loss a mean: the origin's settings. The model is left as it was.

        `checks`: a step whose gradient is not finite is left out, as DeepSpeed 0.19.3 and later do; before, the norm of
        such a gradient is -1, nothing is clipped, and Adam takes it. `skip`: rows that raise are passed over.
        """
        found = Run(name)
        before = [parameter.detach().clone() for parameter in self.trained]
        length = math.sqrt(sum(float(tensor.square().sum()) for tensor in before))
        optimizer = torch.optim.AdamW(self.trained, lr=RATE)
        rng = random.Random(1)
        order = iter([job for _ in range(20) for job in rng.sample(jobs, len(jobs))])
        for number in range(steps):
            losses = []
            while len(losses) < ACCUMULATION:
                job = next(order)
                try:
                    batch = self.batch([job])
                    if spoil and number == SPOILED and not losses and "pixel_values" in batch:
                        batch["pixel_values"][0, 0] = math.nan
                    loss = self.loss(batch)
                    (loss / ACCUMULATION).backward()
                except Exception as error:
                    if not skip:
                        found.ended = f"step {number + 1}, row {job.key[2]}: {type(error).__name__}: {error}"
                        break
                    continue
                losses.append(loss.item())
            if found.ended:
                break
            grads = [parameter.grad for parameter in self.trained if parameter.grad is not None]
            norm = math.sqrt(sum(float(grad.double().square().sum()) for grad in grads))
            if math.isfinite(norm) or not checks:
                if norm > CLIP:  # false for NaN: DeepSpeed's -1 does not clip either
                    for grad in grads:
                        grad.mul_(CLIP / norm)
                optimizer.step()
            else:
                found.skipped += 1
            optimizer.zero_grad()
            found.loss.append(sum(losses) / len(losses))
            found.norm.append(norm)
            apart = sum(
                float((now.detach() - then).square().sum()) for now, then in zip(self.trained, before, strict=True)
            )
            found.moved.append(math.sqrt(apart) / length)
            if number % 20 == 19:
                found.held_out.append((number + 1, self.evaluate(held_out)))
        found.nonfinite = sum(not bool(torch.isfinite(parameter).all()) for parameter in self.trained)
        with torch.no_grad():
            for parameter, tensor in zip(self.trained, before, strict=True):
                parameter.copy_(tensor)
        return found

    def loss(self, batch: dict) -> torch.Tensor:
        """The mean over the labels; over none it is NaN, as it is in the trainer."""
        return self.model(**batch).loss

    @torch.no_grad()
    def evaluate(self, jobs: list[Job]) -> float:
        losses = [self.loss(self.batch(jobs[start : start + 8])).item() for start in range(0, len(jobs), 8)]
        return sum(losses) / len(losses)

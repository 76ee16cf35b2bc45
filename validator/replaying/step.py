"""One batch forward and backward, without an optimizer step, and what was seen on the way."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch.nn.functional import cross_entropy
from torch.utils.checkpoint import checkpoint

from validator.facts.replayed import Step
from validator.facts.training_ids import IGNORED
from validator.findings import printable
from validator.replaying.model import base_of, cast, set_attention
from validator.replaying.resident import forget_peak, peak
from validator.replaying.watch import Gradients, Watch

CHUNK = 512
"""Labelled rows whose logits exist at one time: 152,000 columns of 4 bytes each."""
OWN_BATCH = frozenset(("padded", "padded_fp32", "bare"))
"""Arms with a batch of their own: with a control in it, or without the fake picture."""
FP32 = frozenset(("fp32", "padded_fp32"))
_UNUSED = frozenset(("labels", "rope_deltas"))
"""Parts of a batch that the language model is not given: labels are used here, rope_deltas in generation only."""


class Stepper:
    """Runs steps on one model. `reference` gradients are those of the first arm of a sample."""

    def __init__(self, model: Any, watch: Watch, device: str, attention: str) -> None:
        self._model, self._watch, self._device, self._attention = model, watch, device, attention

    def __call__(self, batch: dict[str, torch.Tensor], arm: str) -> tuple[Step, Gradients | None]:
        """One step, with its gradients where they arrived; every exception becomes part of the answer."""
        began = time.perf_counter()
        self._reset_peak()
        stage = "forward"
        gradients = None
        found: dict[str, Any] = {}
        try:
            with self._as(arm):
                moved = self.moved(batch)
                found["num_label_tokens"] = int((moved["labels"][:, 1:] != IGNORED).sum())
                with self._watch.forward():
                    loss, logits_finite = self.loss(moved)
                found["loss"], found["logits_finite"] = float(loss.detach()), bool(logits_finite)
                stage = "backward"
                with self._watch.backward() as gradients:
                    loss.backward()
                stage = "done"
        except Exception as error:  # anything that a trainer would meet
            if is_memory(error):
                found["resource"] = True
            found["exception"] = described(error)
            gradients = None
        finally:
            base_of(self._model).model.rope_deltas = None
        peak, blocks, first = self._looked()
        norms, finite, first_gradient = gradients.norms() if gradients is not None else ({}, {}, None)
        total = math.sqrt(sum(norm**2 for norm in norms.values())) if gradients is not None else None
        step = Step(
            arm,
            stage,
            grad_norm=total,
            grad_norms=norms,
            grad_finite=finite,
            max_activation=peak,
            activations=blocks,
            first_nonfinite=first or (f"gradient of {first_gradient}" if first_gradient else None),
            seconds=time.perf_counter() - began,
            peak_bytes=self._peak(),
            **found,
        )
        return step, gradients

    def moved(self, batch: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        """A batch on the model's device."""
        return {name: tensor.to(self._device) for name, tensor in batch.items()}

    def _looked(self) -> tuple[float | None, dict[str, float], str | None]:
        try:
            return self._watch.activations()
        except Exception:  # a device that has died takes its numbers with it
            return None, {}, None

    def loss(self, batch: dict[str, torch.Tensor]) -> tuple[torch.Tensor, torch.Tensor]:
        """The mean over the labels, from logits of labelled rows only, and whether all of those are finite.

        Equal to the loss of the whole model (tested); rows without a label have no part in it.
        """
        base = base_of(self._model)
        inputs = {name: tensor for name, tensor in batch.items() if name not in _UNUSED}
        hidden = base.model(**inputs, use_cache=False).last_hidden_state
        targets = batch["labels"][:, 1:]
        wanted = targets != IGNORED
        rows, targets = hidden[:, :-1][wanted], targets[wanted]
        total = rows.new_zeros((), dtype=torch.float32)
        finite = torch.ones((), dtype=torch.bool, device=rows.device)
        for start in range(0, len(rows), CHUNK):
            part, seen = checkpoint(
                _chunk, base.lm_head, rows[start : start + CHUNK], targets[start : start + CHUNK], use_reentrant=False
            )
            total, finite = total + part, finite & seen
        if not len(rows):  # the mean over nothing: NaN, and a gradient of zero for every parameter
            return hidden.float().sum() * 0.0 + math.nan, finite
        return total / len(rows), finite

    @contextmanager
    def _as(self, arm: str) -> Iterator[None]:
        if arm in FP32:
            cast(self._model, torch.float32)
        elif arm in ("eager", "sdpa"):
            set_attention(self._model, arm)
        elif arm == "no_cudnn":
            torch.backends.cuda.enable_cudnn_sdp(False)
        try:
            yield
        finally:
            if arm in FP32:
                cast(self._model, torch.bfloat16)
            elif arm in ("eager", "sdpa"):
                set_attention(self._model, self._attention)
            elif arm == "no_cudnn":
                torch.backends.cuda.enable_cudnn_sdp(True)

    def _reset_peak(self) -> None:
        if self._device.startswith("cuda"):
            torch.cuda.reset_peak_memory_stats()
            return
        forget_peak()

    def _peak(self) -> int:
        if self._device.startswith("cuda"):
            try:
                return int(torch.cuda.max_memory_allocated())
            except RuntimeError:
                return 0
        return peak()


def _chunk(head: Any, rows: torch.Tensor, targets: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    logits = head(rows).float()
    return cross_entropy(logits, targets, reduction="sum"), torch.isfinite(logits.detach()).all()


def described(error: Exception) -> str:
    """An exception as one bounded, printable line: its text may come from the dataset."""
    return printable(f"{type(error).__name__}: {' '.join(str(error)[:500].split())}")


def is_memory(error: Exception) -> bool:
    """Whether an exception is about memory, the device's or the machine's."""
    text = str(error)
    return isinstance(error, MemoryError | torch.OutOfMemoryError) or (
        isinstance(error, RuntimeError) and ("out of memory" in text or "can't allocate memory" in text)
    )

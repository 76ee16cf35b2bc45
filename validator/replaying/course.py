"""A few optimizer steps from the checkpoint on, a sample in each of them, and the loss on other samples after that.

Weights are bf16 with an fp32 copy that AdamW updates, and gradients of a step are summed in fp32, as DeepSpeed and
accelerate train in bf16. The model is left as it was.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass

import torch
from torch import nn

from validator.facts.replayed import Weighting
from validator.facts.training_ids import IGNORED
from validator.replaying.paired import HELD_OUT, STEPS, WARM, WINDOW
from validator.replaying.remedies import AS_CONFIGURED, CLIP, PAIRS, SLOWER, TOKENS
from validator.replaying.step import Stepper
from validator.replaying.watch import Watch
from validator.replaying.window import shares

Batch = dict[str, torch.Tensor]


@dataclass(frozen=True, slots=True)
class Manner:
    """How steps are made: the weights of the four samples, the norm that gradients are cut to, the learning rate."""

    weighting: Weighting = "mean"
    clip: float | None = None
    rate: float = 1.0


MANNERS: Mapping[str, Manner] = {
    AS_CONFIGURED: Manner(),
    CLIP: Manner(clip=1.0),
    TOKENS: Manner("tokens"),
    PAIRS: Manner("pairs"),
    SLOWER: Manner(rate=0.1),
}


class Course:
    """Trains one model for a few steps. `rate`: the learning rate; AdamW without weight decay."""

    def __init__(self, model: nn.Module, watch: Watch, step: Stepper, rate: float) -> None:
        self._watch, self._step, self._rate = watch, step, rate
        self._trained = [parameter for parameter in model.parameters() if parameter.requires_grad]

    def __call__(self, sample: Batch, partners: Sequence[Batch]) -> dict[str, float]:
        """The mean loss on the last partners after steps with the sample, in each manner, from the same weights and
        the same state of the optimizer. Raises what the steps raise, for want of memory say.
        """
        warm, beside = partners[: WARM * WINDOW], partners[WARM * WINDOW : -HELD_OUT]
        windows = [warm[start : start + WINDOW] for start in range(0, len(warm), WINDOW)]
        others = [beside[start : start + WINDOW - 1] for start in range(0, len(beside), WINDOW - 1)]
        assert len(others) == STEPS
        with self._masters() as masters:
            optimizer = torch.optim.AdamW(list(masters.values()), lr=self._rate, weight_decay=0.0)
            for window in windows:
                self._update(masters, optimizer, window, MANNERS[AS_CONFIGURED])
            weights, state = [_aside(master) for master in masters.values()], optimizer.state_dict()
            state["state"] = {
                place: {key: _aside(part) for key, part in of.items()} for place, of in state["state"].items()
            }
            losses = {}
            for name, manner in MANNERS.items():
                self._restore(masters, optimizer, weights, state, manner)
                for three in others:
                    self._update(masters, optimizer, [sample, *three], manner)
                losses[name] = self._mean_loss(partners[-HELD_OUT:])
            return losses

    @contextmanager
    def _masters(self) -> Iterator[dict[nn.Parameter, torch.Tensor]]:
        """The fp32 copies of what is trained; after that the weights are those of before, to the bit."""
        kept = [_aside(parameter) for parameter in self._trained]
        try:
            yield {parameter: parameter.detach().float() for parameter in self._trained}
        finally:
            for parameter, before in zip(self._trained, kept, strict=True):
                parameter.data.copy_(before)

    def _restore(
        self,
        masters: dict[nn.Parameter, torch.Tensor],
        optimizer: torch.optim.Optimizer,
        weights: Sequence[torch.Tensor],
        state: dict[str, object],
        manner: Manner,
    ) -> None:
        for (parameter, master), before in zip(masters.items(), weights, strict=True):
            master.copy_(before)
            parameter.data.copy_(master)
        optimizer.load_state_dict(deepcopy(state))
        for group in optimizer.param_groups:
            group["lr"] = self._rate * manner.rate

    def _update(
        self,
        masters: dict[nn.Parameter, torch.Tensor],
        optimizer: torch.optim.Optimizer,
        batches: Sequence[Batch],
        manner: Manner,
    ) -> None:
        """One optimizer step on a window of samples."""

        def take(parameter: nn.Parameter, gradient: torch.Tensor) -> None:
            master = masters[parameter]
            master.grad = gradient.float() if master.grad is None else master.grad.add_(gradient)

        labels = [int((batch["labels"][:, 1:] != IGNORED).sum()) for batch in batches]
        with self._watch.gathering(take):
            for batch, weight in zip(batches, shares(manner.weighting, labels), strict=True):
                (self._step.loss(self._step.moved(batch))[0] * weight).backward()
        if manner.clip is not None:
            torch.nn.utils.clip_grad_norm_(list(masters.values()), manner.clip)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        for parameter, master in masters.items():
            parameter.data.copy_(master)

    def _mean_loss(self, batches: Sequence[Batch]) -> float:
        with torch.no_grad():
            losses = [float(self._step.loss(self._step.moved(batch))[0]) for batch in batches]
        return sum(losses) / len(losses)


def _aside(tensor: torch.Tensor) -> torch.Tensor:
    """A copy in main memory: the device holds the weights, their fp32 copies, gradients and the optimizer's state."""
    return tensor.detach().to("cpu", copy=True)

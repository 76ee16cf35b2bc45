"""Looks into a model while it runs: activations of every module, the gradient of every parameter, freed at once."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import nn

from validator.replaying.model import part_of

SKETCH = 16384
"""Elements kept of each gradient to compare two of them: an estimate that needs no second copy of all gradients."""
_BLOCK = re.compile(r"\.(layers|blocks)\.\d+$")


@dataclass(slots=True)
class Gradients:
    """The gradients of one backward pass: squared norms, largest elements, sketches; all on the device."""

    names: list[str] = field(default_factory=list)
    squares: list[torch.Tensor] = field(default_factory=list)
    largest: list[torch.Tensor] = field(default_factory=list)
    sketches: dict[str, tuple[torch.Tensor, float]] = field(default_factory=dict)

    def norms(self) -> tuple[dict[str, float], dict[str, bool], str | None]:
        """Norm and finiteness per part, and the first parameter of the backward pass that is not finite."""
        squares: dict[str, float] = {}
        finite: dict[str, bool] = {}
        first = None
        if self.names:
            values = torch.stack(self.squares).tolist()
            peaks = torch.stack(self.largest).tolist()
            for name, square, peak in zip(self.names, values, peaks, strict=True):
                part = part_of(name)
                squares[part] = squares.get(part, 0.0) + square
                finite[part] = finite.get(part, True) and math.isfinite(peak)
                if first is None and not math.isfinite(peak):
                    first = name
        return {part: math.sqrt(square) for part, square in squares.items()}, finite, first

    def compare(self, other: Gradients) -> tuple[float | None, float | None]:
        """Relative error against another pass, and the cosine between the two; None where either is empty or zero."""
        cross = mine = theirs = difference = 0.0
        for name, (sketch, weight) in self.sketches.items():
            if name not in other.sketches:
                continue
            partner = other.sketches[name][0].double()
            here = sketch.double()
            cross += weight * float((here * partner).sum())
            mine += weight * float((here * here).sum())
            theirs += weight * float((partner * partner).sum())
            difference += weight * float(((here - partner) ** 2).sum())
        if not (mine > 0 and theirs > 0 and math.isfinite(mine) and math.isfinite(theirs)):
            return None, None
        return math.sqrt(difference / theirs), cross / math.sqrt(mine * theirs)


def combined(parts: Sequence[tuple[float, Gradients]]) -> float:
    """The norm of a weighted sum of gradients, estimated from their sketches."""
    total = 0.0
    for name in {name: None for _, gradients in parts for name in gradients.sketches}:
        mine = [(factor, gradients.sketches[name]) for factor, gradients in parts if name in gradients.sketches]
        joined = sum(factor * sketch.double() for factor, (sketch, _) in mine)
        total += mine[0][1][1] * float((joined * joined).sum())
    return math.sqrt(total)


class Watch:
    """Hooks on one model, set once. Outside of its contexts they only free gradients."""

    def __init__(self, model: nn.Module) -> None:
        self._peaks: list[tuple[str, torch.Tensor]] = []
        self._forward = False
        self._gradients: Gradients | None = None
        self._take: Callable[[nn.Parameter, torch.Tensor], None] | None = None
        for name, module in model.named_modules():
            if name:
                module.register_forward_hook(self._seen(plain(name)))
        for name, parameter in model.named_parameters():
            if parameter.requires_grad:
                parameter.register_post_accumulate_grad_hook(self._arrived(plain(name)))

    @contextmanager
    def forward(self) -> Iterator[None]:
        """Note activations; recomputation in the backward pass lies outside."""
        self._peaks, self._forward = [], True
        try:
            yield
        finally:
            self._forward = False

    @contextmanager
    def backward(self) -> Iterator[Gradients]:
        """Collect gradients; they are freed as soon as they are seen."""
        self._gradients = Gradients()
        try:
            yield self._gradients
        finally:
            self._gradients = None

    @contextmanager
    def gathering(self, take: Callable[[nn.Parameter, torch.Tensor], None]) -> Iterator[None]:
        """Hand every gradient over as it arrives, with its parameter; it is freed after that."""
        self._take = take
        try:
            yield
        finally:
            self._take = None

    def activations(self) -> tuple[float | None, dict[str, float], str | None]:
        """The largest |activation| of all modules, that of each block, and the first module that is not finite."""
        if not self._peaks:
            return None, {}, None
        values = torch.stack([peak for _, peak in self._peaks]).tolist()
        blocks: dict[str, float] = {}
        first = None
        for (name, _), value in zip(self._peaks, values, strict=True):
            if _BLOCK.search(name):
                blocks[name] = value
            if first is None and not math.isfinite(value):
                first = name
        known = [value for value in values if not math.isnan(value)]
        return (max(known) if known else math.nan), blocks, first

    def _seen(self, name: str) -> Callable[..., None]:
        def hook(module: nn.Module, inputs: Any, output: Any) -> None:
            if not self._forward:
                return
            for tensor in _tensors(output):
                if tensor.is_floating_point() and tensor.numel():
                    self._peaks.append((name, torch.linalg.vector_norm(tensor.detach(), math.inf).float()))

        return hook

    def _arrived(self, name: str) -> Callable[[nn.Parameter], None]:
        def hook(parameter: nn.Parameter) -> None:
            gradient, parameter.grad = parameter.grad, None
            if self._take is not None and gradient is not None:
                self._take(parameter, gradient)
            into = self._gradients
            if into is None or gradient is None:
                return
            flat = gradient.detach().reshape(-1)
            into.names.append(name)
            into.squares.append(torch.linalg.vector_norm(flat, dtype=torch.float32).double() ** 2)
            into.largest.append(torch.linalg.vector_norm(flat, math.inf).float())
            stride = max(1, flat.numel() // SKETCH) | 1  # odd: it walks through all columns
            sketch = flat[::stride].clone()
            into.sketches[name] = sketch, flat.numel() / sketch.numel()

        return hook


def plain(name: str) -> str:
    """A name without what peft wraps around it."""
    return name.removeprefix("base_model.model.").replace(".base_layer", "")


def _tensors(output: Any) -> Iterator[torch.Tensor]:
    if isinstance(output, torch.Tensor):
        yield output
    elif isinstance(output, dict):
        for value in output.values():
            yield from _tensors(value)
    elif isinstance(output, list | tuple):
        for value in output:
            yield from _tensors(value)

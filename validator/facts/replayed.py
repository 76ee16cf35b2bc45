"""What a replay measures: one forward and backward pass (`Step`), and all that is known of one sample (`Replayed`)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Group = Literal["candidate", "control", "blind"]
Verdict = Literal[
    "CRASH",
    "NO_TARGET",
    "NON_FINITE",
    "PRECISION_SENSITIVE",
    "GRAD_SPIKE",
    "LOSS_OUTLIER",
    "STABLE",
    "INCONCLUSIVE",
    "RESOURCE",
    "STATIC_ONLY",
]
Modality = Literal["text", "image", "video"]
PARTS = ("vision_tower", "projector", "language_model")
"""The parameter groups that LLaMA-Factory freezes or trains as a whole."""
LEFT_OUT = "left out"
"""The stage at which a row ends that fails while it is prepared, where the trainer takes another one in its place."""


@dataclass(frozen=True, slots=True)
class Step:
    """One sample through the model once, under one arm (`bf16`, `fp32`, `eager` ...). Nothing is updated.

    `stage` says how far it came: processor (or `LEFT_OUT`), collator, forward, backward, done, or process where the
    whole process died. `resource`: it ended for want of memory. `loss` is the mean over the labels (NaN without them).
    `grad_norms` and `grad_norm` are of the gradient of that mean, per part and over all; frozen parts are absent.
    `relative_gradient_error` and `gradient_cosine` compare the gradient with that of the first arm, and those of an arm
    that is run after `fp32` with that one.
    """

    arm: str
    stage: str = "done"
    exception: str | None = None
    resource: bool = False
    loss: float | None = None
    num_label_tokens: int = 0
    logits_finite: bool | None = None
    grad_norm: float | None = None
    grad_norms: dict[str, float] = field(default_factory=dict)
    grad_finite: dict[str, bool] = field(default_factory=dict)
    max_activation: float | None = None
    activations: dict[str, float] = field(default_factory=dict)
    first_nonfinite: str | None = None
    relative_gradient_error: float | None = None
    gradient_cosine: float | None = None
    seconds: float = 0.0
    peak_bytes: int | None = None

    @property
    def timed_out(self) -> bool:
        """Whether the process gave no answer in time."""
        return self.stage == "process" and (self.exception or "").startswith("TimeoutError")

    @property
    def finite(self) -> bool:
        """Whether loss, logits and all gradients are finite numbers; false where the step did not end."""
        sound = self.stage == "done" and self.first_nonfinite is None and bool(self.logits_finite)
        return sound and all(self.grad_finite.values()) and math.isfinite(self.grad_norm or 0.0)


LOUDER = 1.05
"""A remedy makes a sample louder where the sample then adds this many times as much to its step."""
Weighting = Literal["mean", "pairs", "tokens"]


@dataclass(frozen=True, slots=True)
class Window:
    """A sample and three controls in one optimizer step, under one way of weighting them.

    `mean`: four micro-batches, each the mean over its labels; `pairs`: two micro-batches of two; `tokens`: the mean
    over the labels of all four. `weight` is that of the sample's mean loss in the loss of the step, `share` the norm of
    what it adds to the step's gradient, `total` that gradient's norm, `null` the same with a control in its place.
    """

    weighting: Weighting
    weight: float
    share: float
    total: float
    null: float


@dataclass(frozen=True, slots=True)
class Remedy:
    """One change to training, tried on one sample: the verdict under it (None: not tried), and whether it helps.

    `measured`: the step was run so, or its gradients were; otherwise the outcome follows without a step. `pull`: how
    many times as much as configured the sample adds to the gradient of its step, None where that is not the point.
    """

    name: str
    verdict: Verdict | None
    helps: bool
    effect: str
    measured: bool = True
    pull: float | None = None


@dataclass(frozen=True, slots=True)
class Drift:
    """What a few optimizer steps with a sample in each do to the loss on other samples, over some seeds.

    `name`: how the steps are made, as configured or under a remedy. `median`: of the loss after steps with the sample,
    less that after the same steps with a control in its place; None where the weights are no numbers then. `raised`:
    the seeds in which it is higher, of `seeds`. `band`: the interquartile range of the same difference for another
    control. `destabilises`: the sample raises the loss, seed after seed and beyond that band.
    """

    name: str
    median: float | None
    raised: int
    seeds: int
    band: float
    destabilises: bool

    def __str__(self) -> str:
        change = "NaN" if self.median is None else f"{self.median:+.3f}"
        return f"{change} (another control: within {self.band:.3f}), higher in {self.raised} of {self.seeds} seeds"


@dataclass(frozen=True, slots=True)
class Range:
    """The controls beside a sample: 5th, 50th and 95th percentile, and how many there are."""

    low: float
    middle: float
    high: float
    number: int

    def __str__(self) -> str:
        return f"{self.low:.3g} to {self.high:.3g}, median {self.middle:.3g}, in {self.number} controls"


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """One replayed sample. `loss_score` and `gradient_score` are robust z-values against the controls.

    `why` says in words what the verdict rests on; `static` lists the codes of the findings that a finite step does not
    answer; `disagreement` says where the real processor and the facts of the static pass differ. `remedies` are the
    changes that were tried, the cheapest first, and `remedy` is the first that helps. `drifts` are what a few steps
    with it do, as configured and under remedies. `alone` is a verdict that was withdrawn because healthy controls fail
    too. `reference_verdict` is that on the reference model; `difference` says what in the checkpoint differs from it
    where a sample breaks on the model alone.
    """

    dataset: str
    file: str
    row: int
    sample_id: str
    group: Group
    modality: Modality
    num_tokens: int
    verdict: Verdict
    why: str
    step: Step | None = None
    agree: bool | None = None
    relative_gradient_error: float | None = None
    gradient_cosine: float | None = None
    loss_score: float | None = None
    gradient_score: float | None = None
    grad_norm_token_normalised: float | None = None
    control_loss: Range | None = None
    control_grad_norm: Range | None = None
    remedy: str | None = None
    static: tuple[str, ...] = ()
    disagreement: str | None = None
    risk_score: float | None = None
    ladder: dict[str, str] = field(default_factory=dict)
    remedies: tuple[Remedy, ...] = ()
    drifts: tuple[Drift, ...] = ()
    alone: Verdict | None = None
    reference_verdict: Verdict | None = None
    difference: str | None = None

    @property
    def key(self) -> tuple[str, str, int]:
        """dataset, file, row."""
        return self.dataset, self.file, self.row

    @property
    def own_verdict(self) -> Verdict:
        """The verdict on the sample alone, whatever other samples did."""
        return self.alone or self.verdict


@dataclass(frozen=True, slots=True)
class Systemic:
    """Healthy controls of one modality that fail: how, how many of how many, where first, and what the ladder of other
    arms says. `datasets` are those that the failing controls come from, `probed` the controls that climbed.
    """

    modality: str
    failure: Verdict
    failed: int
    controls: int
    first: str | None
    ladder: Mapping[str, str]
    culprit: str
    datasets: tuple[str, ...]
    probed: tuple[tuple[str, str, int], ...] = ()

"""What healthy samples look like on this model: loss and gradient norm as functions of what a sample is.

Robust regression on label count, length and modality, residual spread among the nearest controls, thresholds from the
controls' own leave-one-out scores, by a percentile rather than the maximum. `docs/replay.md` says why.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from validator.facts.replayed import Modality, Range
from validator.replaying.settings import ENOUGH

NEIGHBOURS = 40
FLOOR = 0.12
"""Least spread of the logarithm of gradient norms: below it differences are no signs of anything."""
LEAST_RATIO, QUIET_RATIO, QUIET = 3.0, 10.0, 1.0
"""A gradient is a spike only where it is also 3 times what its length and labels let expect, and 10 times where the
loss is ordinary (score up to 1): a healthy kind that is rare among the controls has large gradients, ordinary losses.
"""
BEYOND_GRADIENT, BEYOND_LOSS = 1.25, 1.1
"""An outlier also lies this many times above all controls near it but one: what healthy rows do is no outlier, and one
bad row among the controls hides no other.
"""
LEAST_LIMIT, MARGIN, PERCENTILE = 4.0, 1.25, 98.0
"""A score is an outlier above max(4, 1.25 x the 98th percentile of the controls' own scores)."""
NEAR = math.log(4.0)
"""Controls within a factor of 4 in length and in label count are near."""
_TO_SIGMA = 1.4826
_HUBER = 1.345
_UPPER = 1.2816
"""The 90th percentile of a normal distribution, in deviations."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Point:
    """One sample with a finite step."""

    modality: Modality
    num_tokens: int
    num_labels: int
    loss: float
    grad_norm: float


@dataclass(frozen=True, slots=True)
class Scores:
    """A sample beside the controls: robust z-values, the gradient norm over its expected value, the ranges near it.

    `bound` is the gradient norm, `loss_bound` the loss, from which a sample of its kind is an outlier; `loss_ceiling`
    lies above the losses of all controls of its modality but one.
    """

    gradient: float
    ratio: float
    loss: float
    near: int
    near_loss: Range | None
    near_gradient: Range | None
    bound: float
    loss_bound: float
    loss_ceiling: float

    @property
    def judged(self) -> bool:
        """Whether enough controls lie near."""
        return self.near >= ENOUGH


class Baseline:
    """Fitted to controls whose steps are finite and have labels and gradients."""

    def __init__(self, controls: Sequence[Point]) -> None:
        self._points = [point for point in controls if point.num_labels > 0 and point.grad_norm > 0]
        self.number = len(self._points)
        self.typical_labels = float(np.median([point.num_labels for point in self._points])) if self._points else 0.0
        self.typical_gradient = float(np.median([point.grad_norm for point in self._points])) if self._points else 0.0
        self.gradient_limit = self.loss_limit = LEAST_LIMIT
        if self.number < 2:
            return
        self._kinds = sorted({point.modality for point in self._points})
        design = np.array([self._features(point) for point in self._points])
        self._spots = np.array([_spot(point) for point in self._points])
        logs = np.array([math.log(point.grad_norm) for point in self._points])
        self._weights = _huber(design, logs)
        self._residuals: Floats = logs - design @ self._weights
        self._losses = np.array([point.loss for point in self._points])
        self._labels = np.array([point.num_labels for point in self._points], dtype=float)
        self._fit_losses()
        own = [self._score(point, leave=index) for index, point in enumerate(self._points)]
        self.gradient_limit = _limit([score.gradient for score in own])
        self.loss_limit = _limit([score.loss for score in own])

    def token_normalised(self, grad_norm: float, num_labels: int) -> float | None:
        """The gradient norm that a sample has where the loss is normalised by the labels of the whole window.

        The gradient of a sum over tokens is the mean's times the number of labels; the window is taken to consist of
        samples with as many labels as the median control has. None without controls.
        """
        return grad_norm * num_labels / self.typical_labels if self.typical_labels else None

    def score(self, point: Point) -> Scores | None:
        """The scores of a sample that is no control; None where there are no controls to speak of."""
        if self.number < 2 or point.num_labels == 0 or point.grad_norm <= 0:
            return None
        return self._score(point)

    def _score(self, point: Point, leave: int | None = None) -> Scores:
        residual = math.log(point.grad_norm) - float(np.array(self._features(point)) @ self._weights)
        apart = np.abs(self._spots - np.array(_spot(point)))
        distance = apart.sum(axis=1)
        if leave is not None:
            distance[leave] = math.inf
        nearest = np.argsort(distance, kind="stable")[
            : min(NEIGHBOURS, self.number - 1 if leave is not None else self.number)
        ]
        spread = max(FLOOR, _spread(self._residuals[nearest]))
        near = (apart[:, 0] == 0) & (apart[:, 1] <= NEAR) & (apart[:, 2] <= NEAR)
        if leave is not None:
            near[leave] = False
        middle = self._middle.get(point.modality, self._overall)
        deviation = math.sqrt(self._between + self._within / point.num_labels)
        loss_score = (point.loss - middle) / deviation
        ratio = max(
            LEAST_RATIO if loss_score > QUIET else QUIET_RATIO,
            math.exp(self.gradient_limit * spread),
            BEYOND_GRADIENT * math.exp(_second(self._residuals[near])),
        )
        return Scores(
            residual / spread,
            math.exp(residual),
            loss_score,
            int(near.sum()),
            _range(self._losses[near]),
            _range(np.array([item.grad_norm for item in self._points])[near]),
            point.grad_norm / math.exp(residual) * ratio,
            max(middle + self.loss_limit * deviation, BEYOND_LOSS * _second(self._losses[near])),
            BEYOND_LOSS * _second(self._losses[apart[:, 0] < 1]),
        )

    def _features(self, point: Point) -> list[float]:
        labels, length = math.log(point.num_labels), math.log(max(point.num_tokens, 1))
        kinds = [float(point.modality == kind) for kind in self._kinds]
        if not any(kinds):
            kinds[0] = 1.0
        return [labels, labels * labels, length, *kinds]

    def _fit_losses(self) -> None:
        """Random effects: a sample's mean loss varies between samples, and within one by the number of its labels."""
        self._overall = float(np.median(self._losses))
        self._middle = {}
        for kind in self._kinds:
            mine = np.array([point.modality == kind for point in self._points])
            if mine.sum() >= NEIGHBOURS:
                self._middle[kind] = float(np.median(self._losses[mine]))
        centre = np.array([self._middle.get(point.modality, self._overall) for point in self._points])
        squares = (self._losses - centre) ** 2
        squares = np.minimum(squares, np.percentile(squares, PERCENTILE))
        design = np.stack([np.ones(self.number), 1 / self._labels], axis=1)
        between, within = np.linalg.lstsq(design, squares, rcond=None)[0]
        floor = 1e-4
        if between <= floor or within < 0:
            between, within = (
                (floor, float(np.mean(squares * self._labels))) if between <= floor else (float(np.mean(squares)), 0.0)
            )
        self._between, self._within = max(float(between), floor), max(float(within), 0.0)


def _spot(point: Point) -> tuple[float, float, float]:
    kind = {"text": 0.0, "image": 100.0, "video": 200.0}[point.modality]
    return kind, math.log(max(point.num_tokens, 1)), math.log(point.num_labels)


def _huber(design: Floats, target: Floats) -> Floats:
    """Regression that single outliers do not bend: iteratively reweighted least squares with Huber's weights."""
    weights = np.ones(len(target))
    solved = np.zeros(design.shape[1])
    for _ in range(30):
        root = np.sqrt(weights)[:, None]
        solved = np.asarray(np.linalg.lstsq(design * root, target * root[:, 0], rcond=None)[0], dtype=np.float64)
        residuals = target - design @ solved
        scale = max(_TO_SIGMA * float(np.median(np.abs(residuals))), 1e-9)
        weights = np.minimum(1.0, _HUBER * scale / np.maximum(np.abs(residuals), 1e-12))
    return solved


def _spread(residuals: Floats) -> float:
    """A robust deviation: of the middle, or of the upper tail where that is wider, as it is where kinds are mixed."""
    middle, upper = (float(value) for value in np.percentile(residuals, (50, 90)))
    return max(_TO_SIGMA * float(np.median(np.abs(residuals - middle))), (upper - middle) / _UPPER)


def _second(values: Floats) -> float:
    """The largest but one."""
    return float(np.partition(values, -2)[-2]) if len(values) > 1 else -math.inf


def _limit(scores: Sequence[float]) -> float:
    return max(LEAST_LIMIT, MARGIN * float(np.percentile(scores, PERCENTILE)))


def _range(values: Floats) -> Range | None:
    if not len(values):
        return None
    low, middle, high = (float(value) for value in np.percentile(values, (5, 50, 95)))
    return Range(low, middle, high, len(values))

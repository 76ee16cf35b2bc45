"""What goes to a worker process and comes back. Plain data: no torch, no open files."""

from __future__ import annotations

from dataclasses import dataclass, field

from validator.conversation.sample import MediaKind
from validator.facts.replayed import Step, Window
from validator.media.geometry import ImageLimits
from validator.tokens.template import MediaSlot

Key = tuple[str, str, int]
"""dataset, file, row."""


@dataclass(frozen=True, slots=True)
class Medium:
    """One image or video as the trainer opens it: by path, from bytes of the row, or as a list of frames' paths.

    `turned`: it is turned as its EXIF block says. `limits` take the place of the run's.
    """

    path: str | None = None
    data: bytes | None = None
    frames: tuple[str, ...] | None = None
    turned: bool = False
    limits: ImageLimits | None = None


@dataclass(frozen=True, slots=True)
class RenderedTurn:
    """A turn as the tokenizer is given it: texts around media slots, and the ids that the static pass made of it.
    `apart`: characters at its beginning and at its end that it is given apart.
    """

    texts: tuple[str, ...]
    slots: tuple[MediaSlot, ...]
    ids: list[int]
    apart: tuple[int, int] = (0, 0)


@dataclass(frozen=True, slots=True)
class Job:
    """One sample ready for the model. `ids` and `labels` are as after truncation, of equal length.

    `tokens` are what the static pass counted of each image and video, before truncation.
    """

    key: Key
    ids: list[int]
    labels: list[int]
    images: list[Medium] = field(default_factory=list)
    videos: list[Medium] = field(default_factory=list)
    turns: tuple[RenderedTurn, ...] = ()
    tokens: dict[MediaKind, tuple[int, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Task:
    """A job, the arms to run it under, and controls that share its batch or its optimizer step in some of them."""

    job: Job
    arms: tuple[str, ...]
    partners: tuple[Job, ...] = ()


PARTNERS = 4
"""Controls that a window needs: three that fill the step, and one that takes the sample's place for comparison."""
COURSE = "course"
"""The arm of a task whose partners make a few optimizer steps with its sample in each (`paired.py`)."""
WEIGHTS = "weights"
"""What a worker is sent instead of a task where the model itself is looked at."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a worker found: one step per arm, and where the real processor contradicts the static pass."""

    steps: tuple[Step, ...]
    disagreement: str | None = None
    poisoned: bool = False
    """The device can no longer be used: the worker ends after this answer."""
    windows: tuple[Window, ...] = ()
    """What the sample is in a step beside its partners, where that was asked for."""
    losses: dict[str, float] = field(default_factory=dict)
    """Of a course: the loss on other samples after it, by how its steps are made."""


@dataclass(frozen=True, slots=True)
class Ready:
    """A worker that can take jobs, and what it runs on."""

    device: str
    device_name: str
    num_devices: int
    processor: str
    attention: str
    model: str
    parameters: int
    trainable: int
    vocabulary: int
    weights: str
    versions: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Refused:
    """A worker that cannot take jobs, and the sentence for the user."""

    sentence: str

"""The boxes and points of a row's turns, each with the image that it lies in, where that is certain."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from validator.conversation.sample import PLACEHOLDERS, Sample
from validator.coordinates.read import Written, read
from validator.coordinates.shape import Shape

MOST = 200
"""Boxes and points that are kept of a turn."""
_FILLED = "<|box_start|>("
"""What the trainer's own boxes begin with."""


class ShapeReader:
    """Reads the turns of one row, in their order. `number`: its images; `filled`: the images of the boxes that the
    trainer has written into it, in order.
    """

    def __init__(self, number: int, filled: Iterator[int] | None = None) -> None:
        self._number, self._filled = number, filled
        self._seen = self._latest = 0

    @classmethod
    def of(cls, sample: Sample) -> ShapeReader | None:
        """For a row with images; None for one without, and for one with videos, whose frames may be meant."""
        images = sample.media.get("image")
        if not images or sample.media.get("video"):
            return None
        if not (boxes := sample.objects.get("bbox")):
            return cls(len(images))
        given = sample.objects.get("image_id")
        named = [*(given if isinstance(given, list) else []), *[0] * len(boxes)]
        before = sample.system.count(_FILLED) if isinstance(sample.system, str) else 0
        return cls(len(images), iter(named[before : len(boxes)]))

    def read(self, text: str) -> tuple[Shape, ...]:
        """The boxes and points of the next turn."""
        if self._number > 1 and (shown := text.count(PLACEHOLDERS["image"])):
            self._seen, self._latest = self._seen + shown, shown
        found = read(text, MOST)
        if self._filled is not None:
            return tuple([self._of_trainer(one, text) for one in found if one.sure])
        return tuple([one.shape(self.image_of(one)) for one in found if one.sure]) if found else ()

    def image_of(self, one: Written) -> int | None:
        """The place of the image that a shape of the turn just read lies in: the only one of the row or the only one
        shown so far; for an action the screen that was shown last, if it was shown alone. None where that is not
        certain.
        """
        if self._number == 1 or self._seen == 1:
            return 0
        if one.acts and self._latest == 1 and self._seen <= self._number:
            return self._seen - 1
        return None

    def _of_trainer(self, one: Written, text: str) -> Shape:
        assert self._filled is not None
        begins = one.spans[0][0] - len(_FILLED)
        image = next(self._filled, None) if begins >= 0 and text.startswith(_FILLED, begins) else None
        if image is None:
            return one.shape(self.image_of(one))
        return replace(one.shape(image if type(image) is int and image >= 0 else None), filled=True)

"""Counts of many rows under some limits: the arithmetic of `facts.budget` on the trainer's table of spans.

tests/planning holds it against full runs.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace

import numpy as np

from validator.facts.budget import Limits, tokens_of
from validator.planning.laid_out import AUDIO, Laid
from validator.trainers.span_table import TEXT, Ints, SpanTable, offsets_of, sums

Sizes = dict[tuple[int, ...], int]
"""Tokens of each (kind, width, height, frames) met so far; -1 where the trainer stops at it."""
_KINDS = ("image", "video")


@dataclass(slots=True)
class Counts:
    """What a trainer makes of some rows under one pair of limits.

    Of all rows, `dropped` are dropped, `unchecked` are not known, `stopped` stop preprocessing, `image_cut` stop
    training because image or video tokens are cut off, `stopped_later` for image tokens in their text or a video that
    cannot be decoded, and the others are trained on: `whole` ones lose nothing, `cut`
    ones text or turns, `label_free` ones (among the cut) all that could be learned. Tokens are those of the rows that
    are trained on, labels also what they would be without a cutoff. `longest` is the longest row before the cutoff, of
    those that pass preprocessing; `lengths` counts the rows that are trained on by their number of tokens.
    """

    rows: int = 0
    dropped: int = 0
    unchecked: int = 0
    stopped: int = 0
    image_cut: int = 0
    stopped_later: int = 0
    cut: int = 0
    label_free: int = 0
    num_tokens: int = 0
    num_visual_tokens: int = 0
    num_label_tokens: int = 0
    num_label_tokens_full: int = 0
    longest: int = 0
    lengths: Counter[int] = field(default_factory=Counter)

    @property
    def whole(self) -> int:
        """Rows that lose nothing."""
        return self.rows - self.dropped - self.unchecked - self.crashed - self.cut

    @property
    def crashed(self) -> int:
        """Rows at which the trainer stops, in preprocessing or in training."""
        return self.stopped + self.image_cut + self.stopped_later


class Expanded:
    """Rows with their media expanded under pixel limits; the cutoff is still open. `spans` are theirs, with labels."""

    def __init__(self, laid: Laid, spans: SpanTable, limits: Limits, sizes: Sizes) -> None:
        self.laid = laid
        media = medium_tokens(laid, limits, sizes)
        self.fails = sums(media < 0, spans.media_offsets) > 0
        pads, labels = np.flatnonzero(spans.kind != TEXT), np.flatnonzero(spans.is_label)
        self.parts = [(places, np.searchsorted(places, spans.row_offsets)) for places in (pads, labels)]
        num_tokens = spans.num_tokens.copy()
        num_tokens[pads] = np.append(media, 1)[spans.medium[pads]]  # one pad of no medium
        num_tokens[np.repeat(self.fails, np.diff(spans.row_offsets))] = 0
        self.spans = replace(spans, num_tokens=num_tokens)
        self.full = self._count(num_tokens, limits)

    def count(self, limits: Limits, counts: Counts) -> None:
        """Add what the cutoff makes of these rows."""
        laid, trainer = self.laid, limits.trainer
        num_tokens, visual, labels = total, visual_full, labels_full = self.full
        over = total > limits.cutoff_len
        if over.any():
            num_tokens, visual, labels = self._count(trainer.truncate_table(self.spans, limits), limits)
        image_cut = (visual < visual_full) & (not trainer.removes_cut_media)
        left_out = over & trainer.leaves_out_long_rows
        later = laid.stop_later & ~(self.fails | image_cut | left_out)
        unlearned = over & (labels == 0) & trainer.splits_at_answers & ~(self.fails | later)
        trained = ~(self.fails | image_cut | left_out | later | unlearned)
        failed = laid.failed + int((self.fails | left_out).sum())
        at_once = laid.unconverted if trainer.stops_at_conversion else laid.refused
        stopped = failed if trainer.stops_at_failures else at_once
        counts.rows += laid.rows
        counts.dropped += laid.dropped + failed - stopped + int(unlearned.sum())
        counts.unchecked += laid.unchecked
        counts.stopped += stopped
        counts.image_cut += int(image_cut.sum())
        counts.stopped_later += int(later.sum())
        counts.cut += int((trained & (num_tokens < total)).sum())
        counts.label_free += int((trained & (labels == 0)).sum())
        counts.num_tokens += int(num_tokens[trained].sum())
        counts.num_visual_tokens += int(visual[trained].sum())
        counts.num_label_tokens += int(labels[trained].sum())
        counts.num_label_tokens_full += int(labels_full[trained | left_out].sum())
        counts.longest = max(counts.longest, int(total.max(initial=0)))
        values, times = np.unique(num_tokens[trained], return_counts=True)
        counts.lengths.update(dict(zip(values.tolist(), times.tolist(), strict=True)))

    def _count(self, num_tokens: Ints, limits: Limits) -> tuple[Ints, Ints, Ints]:
        """Tokens, pads and labels of each row where so many tokens are left of each span, each of shape (rows,)."""
        rows, before = self.spans.row_offsets, offsets_of(num_tokens)
        total = np.diff(before[rows])
        counted = num_tokens
        if limits.trainer.removes_cut_media:
            counted = np.where((self.spans.kind != TEXT) & (num_tokens < self.spans.num_tokens), 0, num_tokens)
        pads, labels = (sums(counted[places], offsets) for places, offsets in self.parts)
        if not limits.trainer.first_is_label:
            first = np.searchsorted(before, before[rows[:-1]], side="right") - 1  # not empty
            labels -= (total > 0) & np.append(self.spans.is_label, False)[first]
        return total, pads, labels


def medium_tokens(laid: Laid, limits: Limits, sizes: Sizes) -> Ints:
    """Pads of each medium, -1 where the trainer stops at it. Each size is looked up once."""
    for size in laid.sizes:
        if size not in sizes:
            sizes[size] = _tokens(size, limits)
    return np.array([sizes[size] for size in laid.sizes], np.int64)[laid.medium_size]


def _tokens(size: tuple[int, ...], limits: Limits) -> int:
    kind, width, height, frames, listed = size
    if kind == AUDIO:
        return 0
    try:
        return tokens_of(_KINDS[kind], width, height, frames, limits, listed=bool(listed))
    except (ValueError, ZeroDivisionError):
        return -1

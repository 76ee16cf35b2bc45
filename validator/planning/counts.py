"""Counts of many rows under some limits, by the arithmetic of `facts.budget` and `tokens.truncation` on whole arrays.

tests/planning holds both against full runs.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import numpy as np

from validator.facts.budget import Limits, tokens_of
from validator.planning.laid_out import AUDIO, Flags, Ints, Laid

Sizes = dict[tuple[int, ...], int]
"""Tokens of each (kind, width, height, frames) met so far; -1 where the trainer stops at it."""
_MARKERS = 2
"""Tokens around the pads of a slot: vision start and vision end."""
_KINDS = ("image", "video")


@dataclass(slots=True)
class Counts:
    """What a trainer makes of some rows under one pair of limits.

    Of all rows, `dropped` are dropped, `unchecked` are not known, `stopped` stop preprocessing, `image_cut` stop
    training because image or video tokens are cut off, and the others are trained on: `whole` ones lose nothing, `cut`
    ones text or turns, `label_free` ones (among the cut) all that could be learned. Tokens are those of the rows that
    are trained on, labels also what they would be without a cutoff. `longest` is the longest row before the cutoff, of
    those that pass preprocessing; `lengths` counts the rows that are trained on by their number of tokens.
    """

    rows: int = 0
    dropped: int = 0
    unchecked: int = 0
    stopped: int = 0
    image_cut: int = 0
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
        return self.rows - self.dropped - self.unchecked - self.stopped - self.image_cut - self.cut

    @property
    def crashed(self) -> int:
        """Rows at which the trainer stops, in preprocessing or in training."""
        return self.stopped + self.image_cut


class Expanded:
    """Rows with their media expanded under pixel limits; the cutoff is still open.

    `alive`: passes preprocessing. A unit is what the cutoff is put to: a pair of question and answer, or, under
    trainers that cut rows at their end, a turn. Of each unit: its row, its number in the row, the tokens of the
    question (with the system prompt in the first) and of the answer. Of each run of pads: unit, whether it stands in
    the answer, place of the first pad in the question or answer, number of pads.
    """

    def __init__(self, laid: Laid, limits: Limits, sizes: Sizes) -> None:
        self.laid = laid
        tokens_of_media = medium_tokens(laid, limits, sizes)
        failing = laid.medium_row[(tokens_of_media < 0) | laid.medium_broken]
        self.alive = ~(laid.gone | laid.broken | (np.bincount(failing, minlength=laid.rows) > 0))
        turn_alive = self.alive[laid.turn_row]

        slot_alive = turn_alive[laid.slot_turn]
        number = np.where(slot_alive, tokens_of_media[laid.slot_medium] if len(tokens_of_media) else 0, 0)
        laid_before = np.concatenate(([0], np.cumsum(number + _MARKERS)))
        first = laid_before[laid.turn_first_slot]
        ends = np.append(laid.turn_first_slot[1:], len(number))
        self.length = laid.turn_text + laid_before[ends] - first
        slot_start = laid.slot_before + laid_before[:-1] - first[laid.slot_turn] + 1
        pad_alive = turn_alive[laid.pad_turn]
        pad_start = laid.pad_place + laid_before[(laid.turn_first_slot[laid.pad_turn] + laid.pad_slots)]
        pad_start -= first[laid.pad_turn]
        self.run_turn = np.concatenate((laid.slot_turn[slot_alive], laid.pad_turn[pad_alive]))
        self.run_start = np.concatenate((slot_start[slot_alive], pad_start[pad_alive]))
        self.run_pads = np.concatenate((number[slot_alive], np.ones(int(pad_alive.sum()), np.int64)))
        if limits.trainer.truncation == "pairs":
            self._pair_up(turn_alive)
        else:
            self._line_up(turn_alive)
        self.total = np.bincount(self.unit_row, self.source + self.target, laid.rows).astype(np.int64)

    def _pair_up(self, turn_alive: Flags) -> None:
        """Units are pairs; the system prompt belongs to the first question."""
        laid, length, system = self.laid, self.length, self.laid.turn_is_system
        has_system = np.bincount(laid.turn_row[system], minlength=laid.rows)
        head = np.bincount(laid.turn_row[system], length[system], laid.rows).astype(np.int64)
        place = np.where(system, 0, laid.turn_place - has_system[laid.turn_row])
        pairs = np.where(self.alive, (np.bincount(laid.turn_row, minlength=laid.rows) - has_system) // 2, 0)
        first_pair = np.concatenate(([0], np.cumsum(pairs)))
        self.unit_row = np.repeat(np.arange(laid.rows), pairs)
        self.unit_number = np.arange(len(self.unit_row)) - first_pair[self.unit_row]
        self.is_last = self.unit_number == pairs[self.unit_row] - 1
        turn_pair = first_pair[laid.turn_row] + place // 2
        answers = place % 2 == 1
        self.source, self.target = (
            np.bincount(turn_pair[turn_alive & side], length[turn_alive & side], len(self.unit_row)).astype(np.int64)
            for side in (~answers, answers)
        )
        behind_system = ~system[self.run_turn] & (place[self.run_turn] == 0)
        self.run_start = self.run_start + np.where(behind_system, head[laid.turn_row[self.run_turn]], 0)
        self.run_unit, self.run_in_answer = turn_pair[self.run_turn], answers[self.run_turn]

    def _line_up(self, turn_alive: Flags) -> None:
        """Units are turns, one behind the other."""
        laid = self.laid
        answers = laid.turn_is_answer[turn_alive]
        length = self.length[turn_alive]
        self.unit_row = laid.turn_row[turn_alive]
        before = np.cumsum(length) - length
        self.unit_place = before - before[np.searchsorted(self.unit_row, self.unit_row)] if len(before) else before
        self.source, self.target = np.where(answers, 0, length), np.where(answers, length, 0)
        self.run_unit = (np.cumsum(turn_alive) - 1)[self.run_turn]
        self.run_in_answer = answers[self.run_unit]

    def count(self, limits: Limits, counts: Counts) -> None:
        """Add what the cutoff makes of these rows."""
        laid = self.laid
        source, target = self._cut(limits)
        limit = np.where(self.run_in_answer, target[self.run_unit], source[self.run_unit])
        stays = np.clip(limit - self.run_start, 0, self.run_pads)
        lost, visual = (
            np.bincount(self.unit_row[self.run_unit], values, laid.rows) for values in (self.run_pads - stays, stays)
        )
        num_tokens = np.bincount(self.unit_row, source + target, laid.rows).astype(np.int64)
        labels, labels_full = self._labels(source, target, limits), self._labels(self.source, self.target, limits)
        image_cut = self.alive & (lost > 0)
        trained = self.alive & ~image_cut
        cut = trained & (num_tokens < self.total)
        counts.rows += laid.rows
        failing = ~self.alive & ~laid.gone
        stopped = failing if limits.trainer.stops_at_failures else failing & laid.refused
        counts.dropped += laid.dropped + int((failing & ~stopped).sum())
        counts.unchecked += laid.unchecked
        counts.stopped += int(stopped.sum())
        counts.image_cut += int(image_cut.sum())
        counts.cut += int(cut.sum())
        counts.label_free += int((trained & (labels == 0)).sum())
        counts.num_tokens += int(num_tokens[trained].sum())
        counts.num_visual_tokens += int(visual[trained].sum())
        counts.num_label_tokens += int(labels[trained].sum())
        counts.num_label_tokens_full += int(labels_full[trained].sum())
        counts.longest = max(counts.longest, int(self.total.max(initial=0)))
        values, times = np.unique(num_tokens[trained], return_counts=True)
        counts.lengths.update(dict(zip(values.tolist(), times.tolist(), strict=True)))

    def _labels(self, source: Ints, target: Ints, limits: Limits) -> Ints:
        trainer = limits.trainer
        learned = (
            np.where(self.is_last, target, 0)
            if limits.mask_history
            else np.maximum(target - trainer.unlearned_header, 0)
        )
        if trainer.learns_everything:
            learned = source + target
        elif limits.train_on_prompt:
            learned = learned + source
        return np.bincount(self.unit_row, learned, self.laid.rows).astype(np.int64)

    def _cut(self, limits: Limits) -> tuple[Ints, Ints]:
        """Tokens kept of the question and of the answer of each unit."""
        if limits.trainer.truncation == "end":
            left = limits.cutoff_len - self.unit_place
            return np.clip(left, 0, self.source), np.clip(left, 0, self.target)
        return self._cut_pairs(limits)

    def _cut_pairs(self, limits: Limits) -> tuple[Ints, Ints]:
        """Pair by pair; all rows at once."""
        source, target = self.source.copy(), self.target.copy()
        over = np.flatnonzero((self.total > limits.cutoff_len)[self.unit_row])
        budget = np.full(self.laid.rows, limits.cutoff_len)
        last = self.unit_number[over].max(initial=-1)
        steps = range(int(last) + 1)
        by_number = np.argsort(self.unit_number[over], kind="stable")
        ends = np.searchsorted(self.unit_number[over][by_number], np.arange(last + 2))
        for step in reversed(steps) if limits.mask_history else steps:
            pair = over[by_number[ends[step] : ends[step + 1]]]
            row = self.unit_row[pair]
            source[pair], target[pair] = infer_seqlens(self.source[pair], self.target[pair], budget[row])
            budget[row] -= source[pair] + target[pair]
        return source, target


def infer_seqlens(source: Ints, target: Ints, cutoff: Ints) -> tuple[Ints, Ints]:
    """`tokens.truncation.infer_seqlen` for many pairs; nothing is kept where the cutoff is used up."""
    with np.errstate(invalid="ignore"):
        share = cutoff * (target / (source + target))
    shared = np.nan_to_num(share).astype(np.int64)
    most = np.where(target * 2 < cutoff, cutoff, np.where(source * 2 < cutoff, cutoff - source, shared))
    kept_target = np.minimum(most, target)
    kept_source = np.minimum(np.maximum(cutoff - kept_target, 0), source)
    left: Flags = cutoff > 0
    return np.where(left, kept_source, 0), np.where(left, kept_target, 0)


def medium_tokens(laid: Laid, limits: Limits, sizes: Sizes) -> Ints:
    """Pads of each medium, -1 where the trainer stops at it. Each size is looked up once."""
    for size in laid.sizes:
        if size not in sizes:
            sizes[size] = _tokens(size, limits)
    return np.array([sizes[size] for size in laid.sizes], np.int64)[laid.medium_size]


def _tokens(size: tuple[int, ...], limits: Limits) -> int:
    kind, width, height, frames = size
    if kind == AUDIO:
        return 0
    try:
        return tokens_of(_KINDS[kind], width, height, frames, limits)
    except (ValueError, ZeroDivisionError):
        return -1

"""Counts of many rows under ms-swift, by the arithmetic of `facts.stretches` on whole arrays."""

from __future__ import annotations

import numpy as np

from validator.facts.budget import Limits
from validator.planning.counts import Counts, Sizes, medium_tokens
from validator.planning.laid_out import Flags, Ints, Laid
from validator.trainers.ms_swift.layout import END


class Stretched:
    """Rows with their media expanded under pixel limits; the cutoff is still open.

    A piece is text between pads; each is four units in a row: what ends an image before it, the text itself, the end
    of an answer, what begins an image after it. Behind each piece but the last of a turn stand pads.
    """

    def __init__(self, laid: Laid, limits: Limits, sizes: Sizes) -> None:
        self.laid = laid
        media = medium_tokens(laid, limits, sizes)
        failing = laid.medium_row[(media < 0) | laid.medium_broken]
        self.alive = ~(laid.gone | laid.broken | (np.bincount(failing, minlength=laid.rows) > 0))
        texts, text_turn = len(laid.text_tokens), laid.text_turn
        stops = np.cumsum(laid.text_tokens)
        loose = np.argsort(laid.pad_among_all, kind="stable")
        places = laid.pad_among_all[loose]
        within = np.searchsorted(places, stops) - np.searchsorted(places, stops - laid.text_tokens)
        piece_text = np.repeat(np.arange(texts), within + 1)
        begin = np.sort(np.concatenate((stops - laid.text_tokens, places + 1)))
        body = np.sort(np.concatenate((stops, places))) - begin
        turn = text_turn[piece_text]
        first_of_text, last_of_text = _edges(piece_text)
        first_of_turn, last_of_turn = _edges(turn)
        answer = laid.turn_is_answer[turn]
        learned = answer & ~laid.turn_unlearned[turn]
        end = np.where(last_of_turn & answer & ~laid.turn_open[turn], END, 0)
        body = body - end
        row = laid.turn_row[turn]
        _, last_turn = _edges(laid.turn_row)
        alone = first_of_text & last_of_text
        not_empty = (body > 0) | ~alone
        units = (
            (first_of_text & ~first_of_turn).astype(np.int64),
            body,
            end,
            (last_of_text & ~last_of_turn).astype(np.int64),
        )
        self.unit = np.stack(units, axis=1).ravel()
        no = np.zeros(len(turn), bool)
        self.learned = np.stack((no, learned, last_turn[turn] | (learned & not_empty), no), axis=1).ravel()
        self.unit_row = np.repeat(row, 4)
        self._lay_pads(media, piece_text, last_of_text, last_of_turn, learned, loose)
        self.text = np.bincount(self.unit_row, self.unit, laid.rows).astype(np.int64)
        self.total = np.where(self.alive, self.text + self.pads, 0)

    def _lay_pads(
        self, media: Ints, piece_text: Ints, last_of_text: Flags, last_of_turn: Flags, learned: Flags, loose: Ints
    ) -> None:
        """Pads stand behind pieces: those of a slot, or one that stands in the text. Images fill the first of them."""
        laid = self.laid
        behind = np.flatnonzero(~last_of_turn)
        row = laid.turn_row[laid.text_turn[piece_text[behind]]]
        of_text = ~last_of_text[behind]
        is_image = np.ones(len(behind), bool)
        is_image[of_text] = laid.pad_is_image[loose]
        before = np.cumsum(is_image) - is_image
        rank = before - before[np.searchsorted(row, row)] if len(row) else before
        images = np.bincount(laid.medium_row, minlength=laid.rows)
        first = np.concatenate(([0], np.cumsum(images)))[:-1]
        filled = is_image & (rank < images[row])
        tokens = np.ones(len(behind), np.int64)
        if len(media):
            tokens[filled] = np.maximum(media[(first[row] + rank)[filled]], 0)
        self.pads = np.bincount(row, tokens, laid.rows).astype(np.int64)
        self.pad_labels = np.bincount(row, of_text & ~filled & learned[behind], laid.rows).astype(np.int64)
        self.first_pad = np.full(laid.rows, np.iinfo(np.int64).max)
        np.minimum.at(self.first_pad, row, 4 * behind + 3)

    def count(self, limits: Limits, counts: Counts) -> None:
        """Add what the cutoff makes of these rows."""
        laid, truncation = self.laid, limits.trainer.truncation
        over = self.alive & (self.total > limits.cutoff_len)
        trained = self.alive & ~over if truncation == "delete" else self.alive
        left = np.where(over, np.maximum(limits.cutoff_len - self.pads, 0), self.text)
        before = np.cumsum(self.unit) - self.unit
        before = before - before[np.searchsorted(self.unit_row, self.unit_row)] if len(before) else before
        if truncation == "left":
            before = self.text[self.unit_row] - before - self.unit  # tokens behind
        kept = np.clip(left[self.unit_row] - before, 0, self.unit)
        labels_full = np.bincount(self.unit_row, self.unit * self.learned, laid.rows).astype(np.int64) + self.pad_labels
        labels = np.bincount(self.unit_row, kept * self.learned, laid.rows).astype(np.int64) + self.pad_labels
        labels -= over & self._begins_learned(kept)
        num_tokens = np.where(over, left + self.pads, self.total)
        cut = trained & (num_tokens < self.total)
        failing = ~self.alive & ~laid.gone
        lost = failing if truncation != "delete" else failing | over
        stopped = lost if limits.trainer.stops_at_failures else lost & laid.refused
        counts.rows += laid.rows
        counts.dropped += laid.dropped + int((lost & ~stopped).sum())
        counts.unchecked += laid.unchecked
        counts.stopped += int(stopped.sum())
        counts.cut += int(cut.sum())
        counts.label_free += int((trained & (labels == 0)).sum())
        counts.num_tokens += int(num_tokens[trained].sum())
        counts.num_visual_tokens += int(self.pads[trained].sum())
        counts.num_label_tokens += int(labels[trained].sum())
        counts.num_label_tokens_full += int(labels_full[self.alive].sum())
        counts.longest = max(counts.longest, int(self.total.max(initial=0)))
        values, times = np.unique(num_tokens[trained], return_counts=True)
        counts.lengths.update(dict(zip(values.tolist(), times.tolist(), strict=True)))

    def _begins_learned(self, kept: Ints) -> Flags:
        """Rows whose first token after a cut would be a label: the trainer takes it for none."""
        some = np.flatnonzero(kept)
        first = np.full(self.laid.rows, np.iinfo(np.int64).max)
        np.minimum.at(first, self.unit_row[some], some)
        found = (first < np.iinfo(np.int64).max) & (first <= self.first_pad)
        learned = np.zeros(self.laid.rows, bool)
        learned[found] = self.learned[first[found]]
        return learned


def _edges(owners: Ints) -> tuple[Flags, Flags]:
    """Which elements are the first, and which the last of their owner."""
    if not len(owners):
        return np.zeros(0, bool), np.zeros(0, bool)
    change = owners[1:] != owners[:-1]
    return np.concatenate(([True], change)), np.concatenate((change, [True]))

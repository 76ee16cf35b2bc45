"""Spans of many rows in columns, for plans: what `trainers.layout` has for one row.

Elements of a column that belong together stand together. `offsets`, of shape (owners + 1,), say where those of each
owner begin, and where the last end.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]
TEXT, IMAGE, VIDEO = -1, 0, 1


@dataclass(frozen=True, slots=True)
class TurnTable:
    """Turns in order, in columns of shape (turns,): the row of each, how many of its turns are before and `behind` it,
    its role, its traits UNLEARNED and OPEN, and the number that one of HEADS says. `offsets` of the rows. `learned`:
    what words of LEARNED say, in order, as columns of shape (words,): the turn, the first token, the one behind the
    last. `masked`: so what words of MASKED say, the turn and the token.
    """

    offsets: Ints
    row: Ints
    before: Ints
    behind: Ints
    is_system: Flags
    is_answer: Flags
    is_unlearned: Flags
    is_open: Flags
    head: Ints
    learned: tuple[Ints, Ints, Ints]
    masked: tuple[Ints, Ints]


@dataclass(frozen=True, slots=True)
class SpanTable:
    """Spans in order, in columns of shape (spans,).

    `kind` is TEXT, or what the pads stand for; `medium` the place of the medium whose pads they are among those of all
    rows, -1 for text and for pads that stand in it. `offsets` of the turns, `media_offsets` of each row's media.
    """

    turns: TurnTable
    offsets: Ints
    media_offsets: Ints
    kind: Ints
    medium: Ints
    num_tokens: Ints
    is_label: Flags

    @property
    def turn(self) -> Ints:
        """The turn of each span, a place in `turns`."""
        return owners(self.offsets)

    @property
    def row_offsets(self) -> Ints:
        """Offsets of the rows."""
        return self.offsets[self.turns.offsets]

    def split(self, head: Ints, tail: Ints, is_label: tuple[Flags, Flags, Flags]) -> SpanTable:
        """Each span as its first `head` tokens, those between, and its last `tail`; `is_label` of each of the three."""
        tokens = np.stack((head, self.num_tokens - head - tail, tail), axis=1)
        some = np.flatnonzero(tokens)
        return replace(
            self,
            offsets=offsets_of(np.count_nonzero(tokens, axis=1))[self.offsets],
            kind=self.kind[some // 3],
            medium=self.medium[some // 3],
            num_tokens=tokens.ravel()[some],
            is_label=np.stack(is_label, axis=1).ravel()[some],
        )

    def cut_at_end(self, cutoff: int) -> Ints:
        """`layout.cut_at_end` of each row: the number of tokens that is left of each span."""
        return keep_first(self.num_tokens, self.row_offsets, cutoff)


def keep_first(num_tokens: Ints, offsets: Ints, left: Ints | int) -> Ints:
    """What is left of spans, shape (spans,), where each owner keeps its first `left` tokens, shape (owners,)."""
    before = offsets_of(num_tokens)
    limit = before[offsets[:-1]] + left
    return np.clip(np.repeat(limit, np.diff(offsets)) - before[:-1], 0, num_tokens)


def sums(values: Ints | Flags, offsets: Ints) -> Ints:
    """The sum of each owner's values, shape (owners,)."""
    return np.diff(offsets_of(values)[offsets])


def offsets_of(lengths: Ints | Flags) -> Ints:
    """The offsets of owners of so many elements."""
    return np.concatenate(([0], np.cumsum(lengths)))


def owners(offsets: Ints) -> Ints:
    """The owner of each element."""
    return np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))


def is_first(owner: Ints) -> Flags:
    """Whether each element is the first of its owner."""
    first: Flags = np.diff(owner, prepend=-1) != 0
    return first


def is_last(owner: Ints) -> Flags:
    """Whether each element is the last of its owner."""
    return is_first(owner[::-1])[::-1]

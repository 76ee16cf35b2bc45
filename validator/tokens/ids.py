"""Ids that are counted at once and listed where they are read: most are never looked at."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Protocol, overload


class Encoding(Protocol):
    """What tokenizers and fastokens make of a text. Its list is made each time it is asked for."""

    @property
    def ids(self) -> list[int]:
        """The ids."""
        ...

    def __len__(self) -> int: ...


Encoded = list[int] | Encoding


def listed(encoded: Encoded) -> list[int]:
    """The ids of a text as a list."""
    return encoded if isinstance(encoded, list) else encoded.ids


class LazyIds(Sequence[int]):
    """A sequence that is made anew each time it is read."""

    __slots__ = ()

    @overload
    def __getitem__(self, place: int) -> int: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[int]: ...
    def __getitem__(self, place: int | slice) -> int | Sequence[int]:
        return list(self)[place]


def as_list(ids: Sequence[int]) -> list[int]:
    """Ids as a list: several at a time where they are kept so."""
    if isinstance(ids, Ids):
        return ids.joined()
    return ids if isinstance(ids, list) else list(ids)


class Ids(LazyIds):
    """The ids of texts that follow each other."""

    __slots__ = ("_encoded",)

    def __init__(self, *encoded: Encoded) -> None:
        self._encoded = encoded

    def joined(self) -> list[int]:
        """All of them."""
        found: list[int] = []
        for encoded in self._encoded:
            found += listed(encoded)
        return found

    def __len__(self) -> int:
        return sum(map(len, self._encoded))

    def __iter__(self) -> Iterator[int]:
        return chain.from_iterable(map(listed, self._encoded))

"""What a path was when it was looked at, by which a file is known again."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, NamedTuple

IdentityKind = Literal["file", "folder", "special", "absent"]


class Identity(NamedTuple):  # two are made of each medium
    """What a path was when it was first looked at: `size` in bytes, `stamp` of its last change (nanoseconds, or a hash
    of what the storage says of the version). `absent`: nothing can be opened there.
    """

    kind: IdentityKind
    size: int = 0
    stamp: int = 0


ABSENT = Identity("absent")


def version_of(marks: Iterable[object]) -> int:
    """A stamp of what a storage says of a version."""
    import xxhash

    return xxhash.xxh3_64_intdigest("|".join(map(str, marks)).encode()) >> 1


def content_stamp(data: bytes) -> int:
    """A stamp of the bytes themselves."""
    import xxhash

    return xxhash.xxh3_64_intdigest(data) >> 1

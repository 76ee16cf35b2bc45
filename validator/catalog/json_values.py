"""Splits a stream of JSON into its values without parsing them, in memory bounded by one value.

Works on one huge array (values at depth 1) and on concatenated values (depth 0), however they are laid out in lines,
and goes on after a malformed value as long as its quotes and brackets balance.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

CHUNK = 1 << 20
LARGEST_VALUE = 256 << 20
"""Bytes. A larger value is refused rather than held: no training row is that long."""

_TOKEN = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*("?)|[\[\]{}]', re.DOTALL)
"""A string, or one that is cut off: no part of the pattern can fail and be read again."""
_QUOTE, _OPENING, _CLOSING = ord('"'), frozenset(b"[{"), ord("]")
_SHOWN = 1 << 16
TOO_LARGE = f"a value of more than {LARGEST_VALUE >> 20} MiB begins here: it and what follows are not read"
_SPACE = b" \t\r\n"


@dataclass(frozen=True, slots=True)
class Value:
    """The bytes of one value and where they begin in the file."""

    offset: int
    raw: bytes


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that no JSON parser accepts. `value`: of a value that is cut off or too large; None between values."""

    offset: int
    reason: str
    value: bytes | None = None


def split_values(file: BinaryIO, *, array: bool) -> Iterator[Value | Fault]:
    """Yield the values of a top-level array, or of a stream of concatenated values, in order."""
    base = 1 if array else 0
    buffer, origin, position, depth = b"", 0, 0, 0
    element: int | None = None  # where the value being read begins in the buffer
    between = 0  # where the text after the last value begins
    seen = False  # a value of the array
    closed = False
    while True:
        chunk = file.read(max(CHUNK, len(buffer)))
        buffer += chunk
        waiting = False  # for the rest of a string that is cut off here
        for token in _TOKEN.finditer(buffer, position):
            first, begin, position = buffer[token.start()], token.start(), token.end()
            if first == _QUOTE:
                if not token[1]:
                    position, waiting = begin, True
                    break
                continue
            if first in _OPENING:
                if depth == base and element is None:
                    if not closed:
                        yield from _between(buffer[between:begin], origin + between, array, first=not seen)
                    element, seen = begin, True
                depth += 1
                if depth == base and not closed:
                    between = position
                continue
            depth -= 1
            if depth == base and element is not None:
                if not closed:
                    yield Value(origin + element, buffer[element:position])
                    between = position
                element = None
            elif depth < base:
                if array and not closed:
                    yield from _between(buffer[between:begin], origin + between, array, first=not seen, last=True)
                    if first != _CLOSING:
                        yield Fault(origin + begin, "the array is closed by a brace")
                    closed, between, base = True, position, 0
                depth = max(depth, 0)
        if not waiting:
            position = len(buffer)
        if not chunk:
            break
        if closed and buffer[between:].strip(_SPACE):
            break
        keep = element if element is not None else min(between, position)
        buffer, origin = buffer[keep:], origin + keep
        position, between = position - keep, max(between - keep, 0)
        element = None if element is None else 0
        if len(buffer) > LARGEST_VALUE:
            yield Fault(origin, TOO_LARGE, buffer[:_SHOWN])
            return
    if element is not None and not closed:
        reason = "the file ends inside this value: a bracket or quote is not closed"
        yield Fault(origin + element, reason, buffer[element:])
    elif closed:
        if buffer[between:].strip(_SPACE):
            yield Fault(origin + between, "there is text after the end of the array")
    else:
        yield from _between(buffer[between:], origin + between, array, first=not seen, last=True)
        if array:
            yield Fault(origin + len(buffer), "the array is not closed")


def _between(
    text: bytes, offset: int, array: bool, *, first: bool = False, last: bool = False
) -> Iterator[Value | Fault]:
    """Judge the text between two values: one comma in an array, white space elsewhere; scalars are values too."""
    stripped = text.strip(_SPACE)
    if not array:
        if stripped:
            yield Value(offset + text.index(stripped), stripped)
        return
    parts = text.split(b",")
    bare = [part.strip(_SPACE) for part in parts]
    scalars = sum(map(bool, bare))
    wanted = scalars + (not first) + (not last) - 1  # commas between neighbours
    place = 0
    for part, scalar in zip(parts, bare, strict=True):
        if scalar:
            yield Value(offset + place + part.index(scalar), scalar)
        place += len(part) + 1
    if len(parts) - 1 > max(wanted, 0):
        reason = "a comma after the last value of the array" if last and not first else "a comma too many"
        yield Fault(offset, reason)
    elif len(parts) - 1 < wanted:
        yield Fault(offset, "a comma is missing between two values")

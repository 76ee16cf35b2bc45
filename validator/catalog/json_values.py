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

_TOKEN = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"|"|[\[\]{}]', re.DOTALL)
_QUOTE, _OPENING = ord('"'), frozenset(b"[{")
_SPACE = b" \t\r\n"


@dataclass(frozen=True, slots=True)
class Value:
    """The bytes of one value and where they begin in the file."""

    offset: int
    raw: bytes


@dataclass(frozen=True, slots=True)
class Fault:
    """Something between values that no JSON parser accepts."""

    offset: int
    reason: str


def split_values(file: BinaryIO, *, array: bool) -> Iterator[Value | Fault]:
    """Yield the values of a top-level array, or of a stream of concatenated values, in order."""
    base = 1 if array else 0
    buffer, origin, position, depth = b"", 0, 0, 0
    element: int | None = None  # where the value being read begins in the buffer
    between = 0  # where the text after the last value begins
    closed = False
    while True:
        chunk = file.read(max(CHUNK, len(buffer)))
        buffer += chunk
        waiting = False  # for the rest of a string that is cut off here
        for token in _TOKEN.finditer(buffer, position):
            first, begin, position = buffer[token.start()], token.start(), token.end()
            if first == _QUOTE:
                if position - begin == 1:
                    position, waiting = begin, True
                    break
                continue
            if first in _OPENING:
                if depth == base and element is None:
                    if not closed:
                        yield from _between(buffer[between:begin], origin + between, array)
                    element = begin
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
                    yield from _between(buffer[between:begin], origin + between, array, last=True)
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
            yield Fault(origin, f"a value of more than {LARGEST_VALUE >> 20} MiB begins here: the rest is not read")
            return
    if element is not None and not closed:
        yield Fault(origin + element, "the file ends inside this value: a bracket or quote is not closed")
    elif closed:
        if buffer[between:].strip(_SPACE):
            yield Fault(origin + between, "there is text after the end of the array")
    else:
        yield from _between(buffer[between:], origin + between, array, last=True)
        if array:
            yield Fault(origin + len(buffer), "the array is not closed")


def _between(text: bytes, offset: int, array: bool, last: bool = False) -> Iterator[Value | Fault]:
    """Judge the text between two values: a comma in an array, white space elsewhere; scalars are values too."""
    stripped = text.strip(_SPACE)
    if not stripped:
        return
    if not array:
        yield Value(offset + text.index(stripped), stripped)
        return
    if stripped == b",":
        if last:
            yield Fault(offset, "a comma after the last value of the array")
        return
    parts = [part.strip(_SPACE) for part in stripped.split(b",")]
    for part in parts:
        if part:
            yield Value(offset + text.index(part), part)

"""Ways in which files break on disks and networks, and in which editors break their structure."""

import random
import struct
import zlib
from collections.abc import Callable

from tests.integrity.crafted import segments

Damage = Callable[[bytes, random.Random], bytes]


def _place(data: bytes, dice: random.Random) -> tuple[int, int]:
    return dice.randrange(len(data)), dice.choice((1, 2, 5, 30, 300))


def cut(data: bytes, dice: random.Random) -> bytes:
    return data[: dice.randrange(len(data))]


def cut_end(data: bytes, dice: random.Random) -> bytes:
    return data[: -dice.randrange(1, 30)]


def flip(data: bytes, dice: random.Random) -> bytes:
    place = dice.randrange(len(data))
    return data[:place] + bytes((data[place] ^ 1 << dice.randrange(8),)) + data[place + 1 :]


def header_byte(data: bytes, dice: random.Random) -> bytes:
    place = dice.randrange(min(len(data), dice.choice((32, 128, 700))))
    return data[:place] + bytes((dice.choice((0, 1, 127, 255, dice.randrange(256))),)) + data[place + 1 :]


def zero(data: bytes, dice: random.Random) -> bytes:
    place, length = _place(data, dice)
    return data[:place] + bytes(len(data[place : place + length])) + data[place + length :]


def ones(data: bytes, dice: random.Random) -> bytes:
    place, length = _place(data, dice)
    return data[:place] + b"\xff" * len(data[place : place + length]) + data[place + length :]


def noise(data: bytes, dice: random.Random) -> bytes:
    place, length = _place(data, dice)
    return data[:place] + dice.randbytes(len(data[place : place + length])) + data[place + length :]


def twice(data: bytes, dice: random.Random) -> bytes:
    place, length = _place(data, dice)
    return data[: place + length] + data[place:]


def gone(data: bytes, dice: random.Random) -> bytes:
    place, length = _place(data, dice)
    return data[:place] + data[place + length :]


def zero_tail(data: bytes, dice: random.Random) -> bytes:
    place = dice.randrange(len(data))
    return data[:place] + bytes(len(data) - place)


def zero_sector(data: bytes, dice: random.Random) -> bytes:
    place = dice.randrange(0, len(data), 512)
    return data[:place] + bytes(len(data[place : place + 512])) + data[place + 512 :]


def swap(data: bytes, dice: random.Random) -> bytes:
    a, b, c = sorted(dice.randrange(len(data) + 1) for _ in range(3))
    return data[:a] + data[b:c] + data[a:b] + data[c:]


def longer(data: bytes, dice: random.Random) -> bytes:
    return data + dice.randbytes(dice.randrange(1, 200))


GENERAL: tuple[Damage, ...] = (
    *(cut, cut_end, flip, flip, header_byte, header_byte, zero, ones, noise, twice, gone, zero_tail, zero_sector, swap),
    longer,
)


def chunks(data: bytes) -> list[bytes]:
    """The chunks of a PNG, the signature first."""
    parts, at = [data[:8]], 8
    while at < len(data):
        end = at + 12 + int.from_bytes(data[at : at + 4], "big")
        parts.append(data[at:end])
        at = end
    return parts


def _move(parts: list[bytes], dice: random.Random) -> list[bytes]:
    index, place = dice.randrange(1, len(parts)), dice.randrange(1, len(parts))
    part = parts[index]
    rest = parts[:index] + parts[index + 1 :]
    kept = dice.choice((parts, rest, rest))
    return [*kept[:place], part, *kept[place:]] if dice.random() < 0.8 else rest


def move_chunk(data: bytes, dice: random.Random) -> bytes:
    return b"".join(_move(chunks(data), dice))


def move_segment(data: bytes, dice: random.Random) -> bytes:
    return b"".join(_move(segments(data), dice))


def forge_chunk(data: bytes, dice: random.Random) -> bytes:
    """Damage inside a chunk, its checksum made good."""
    parts = chunks(data)
    index = dice.randrange(1, len(parts))
    body = dice.choice(GENERAL)(parts[index][4:-4], dice)
    parts[index] = struct.pack(">I", max(0, len(body) - 4)) + body + struct.pack(">I", zlib.crc32(body))
    return b"".join(parts)


def wrong_checksum(data: bytes, dice: random.Random) -> bytes:
    parts = chunks(data)
    index = dice.randrange(1, len(parts))
    parts[index] = parts[index][:-4] + dice.randbytes(4)
    return b"".join(parts)


def marker(data: bytes, dice: random.Random) -> bytes:
    """A marker into the data, or another one in place of one."""
    place = dice.randrange(2, len(data))
    if dice.random() < 0.5:
        place = data.find(b"\xff", place) if b"\xff" in data[place:] else place
        return data[: place + 1] + bytes((dice.randrange(256),)) + data[place + 2 :]
    kind = dice.choice((0xD9, 0xD8, 0xDA, 0xC4, 0xDB, 0xDD, 0xC0, 0xD0, 0xD7, 0x01, 0xFE, 0xCC, 0xDC))
    return data[:place] + b"\xff" + bytes((kind,)) + data[place:]


SPECIAL: dict[str, tuple[Damage, ...]] = {
    "PNG": (move_chunk, forge_chunk, wrong_checksum),
    "JPEG": (move_segment, marker, marker),
    "MPO": (marker, marker),
}


def damage(data: bytes, name: str, dice: random.Random) -> tuple[str, bytes]:
    """(what, bytes): one damage, seldom two."""
    ways = GENERAL + 2 * SPECIAL.get(name, ())
    done = []
    for _ in range(1 if dice.random() < 0.85 else 2):
        way = dice.choice(ways if not done else GENERAL)
        data = way(data, dice) or b"\0"
        done.append(way.__name__)
    return " + ".join(done), data

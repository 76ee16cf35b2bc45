"""Files made to tell a cheap check from Pillow: deflate streams, chunk and segment games, limits."""

import io
import struct
import zlib
from collections.abc import Iterator
from itertools import product

from PIL import Image

from tests.integrity.handmade import png, png_chunk, png_header, png_rows
from tests.integrity.written import picture, write

END = png_chunk(b"IEND")


class Bits:
    """A deflate stream, bit by bit."""

    def __init__(self) -> None:
        self.value = self.length = 0

    def put(self, value: int, width: int) -> "Bits":
        self.value |= value << self.length
        self.length += width
        return self

    def code(self, value: int, width: int) -> "Bits":
        return self.put(int(f"{value:0{width}b}"[::-1], 2), width)

    def bytes(self) -> bytes:
        return self.value.to_bytes((self.length + 7) // 8, "little")


def _dynamic(literals: dict[int, int], distances: list[int], data: bytes) -> bytes:
    """A dynamic block with these code lengths; `data` in canonical codes, then the end of block."""
    lengths = [literals.get(i, 0) for i in range(257)]
    out = Bits().put(1, 1).put(2, 2).put(0, 5).put(len(distances) - 1, 5).put(15, 4)
    for symbol in (16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15):
        out.put(4 if symbol < 16 else 0, 3)
    for length in (*lengths, *distances):
        out.code(length, 4)
    codes, code = {}, 0
    for width in range(1, 16):
        code <<= 1
        for symbol, length in enumerate(lengths):
            if length == width:
                codes[symbol] = (code, width)
                code += 1
    for symbol in (*data, 256):
        if symbol in codes:
            out.code(*codes[symbol])
    return out.bytes()


def _streams(rows: bytes) -> Iterator[tuple[str, bytes]]:
    """zlib streams of the rows, or nearly."""
    good = zlib.compress(rows)
    adler = struct.pack(">I", zlib.adler32(rows))
    yield "stored", zlib.compress(rows, 0)
    for window in range(16):
        head = window << 4 | 8
        yield f"window field {window}", bytes((head, 31 - (head << 8) % 31)) + good[2:]
    for bits in range(9, 16):
        maker = zlib.compressobj(9, zlib.DEFLATED, bits)
        yield f"window of {bits} bits", maker.compress(rows) + maker.flush()
    yield "header check wrong", b"\x78\x00" + good[2:]
    yield "preset dictionary", b"\x78\xbb" + bytes(4) + good[2:]
    yield "method 7", b"\x77\x85" + good[2:]
    yield "gzip", zlib.compressobj(9, 8, 31).compress(rows) + b""
    yield "bare deflate", good[2:-4]
    yield "no checksum", good[:-4]
    yield "checksum of 3 bytes", good[:-1]
    yield "wrong checksum", good[:-4] + b"abcd"
    yield "a row too many", zlib.compress(rows + bytes(20))
    yield "2 MB too many", zlib.compress(rows + bytes(2 << 20))
    yield "a byte too few", zlib.compress(rows[:-1])
    yield "a row too few", zlib.compress(rows[: len(rows) // 2])
    yield "no rows", zlib.compress(b"")
    yield "junk behind", good + b"junk"
    yield "two streams", good + good
    yield "empty", b""
    maker = zlib.compressobj()
    yield (
        "flushed often",
        b"".join(maker.compress(rows[i : i + 5]) + maker.flush(zlib.Z_FULL_FLUSH) for i in range(0, len(rows), 5))
        + maker.flush(),
    )
    yield "unfinished block", good[:2] + b"\x00\x03\x00\xfc\xff\x00\x00\x00" + good[-4:]
    yield "reserved block", good[:2] + b"\x07" + good[3:]
    yield "stored length wrong", good[:2] + b"\x01\x05\x00\x00\x00" + rows[:5] + adler
    zeros = bytes(len(rows))
    zero_sum = struct.pack(">I", zlib.adler32(zeros))
    for name, literals, distances in (
        ("complete code", {0: 1, 256: 1}, [0]),
        ("one distance of length 1", {0: 1, 256: 1}, [1]),
        ("one distance of length 2", {0: 1, 256: 1}, [2]),
        ("two distances of length 2", {0: 1, 256: 1}, [2, 2]),
        ("incomplete literal code", {0: 2, 256: 2}, [0]),
        ("one literal", {256: 1}, [0]),
        ("no end of block", {0: 1, 1: 1}, [0]),
        ("too many codes", {0: 1, 1: 1, 256: 1}, [0]),
        ("too many distances", {0: 1, 256: 1}, [1, 1, 1]),
    ):
        yield name, b"\x78\x9c" + _dynamic(literals, distances, zeros) + zero_sum


def _split(data: bytes, sizes: list[int]) -> bytes:
    out, at = b"", 0
    for size in sizes:
        out += png_chunk(b"IDAT", data[at : at + size])
        at += size
    return out + png_chunk(b"IDAT", data[at:])


def _pngs() -> Iterator[tuple[str, bytes]]:
    for interlaced in (0, 1):
        head, rows = png_header(9, 7, 8, 2, interlaced), png_rows(9, 7, 24, interlaced)
        for name, stream in _streams(rows):
            yield f"stream: {name}", head + png_chunk(b"IDAT", stream) + END
            yield f"stream in two: {name}", head + _split(stream, [max(0, len(stream) - 4)]) + END
        for value in range(256):
            broken = rows[:28] + bytes((value,)) + rows[29:]
            yield f"filter {value}", head + png_chunk(b"IDAT", zlib.compress(broken)) + END
    head, data = png_header(9, 7, 8, 2), zlib.compress(png_rows(9, 7, 24, 0))
    for sizes in (
        [0],
        [0, 0, 1],
        [1] * 30,
        [2, 0, 0, 5],
        [len(data)],
        [len(data), 0],
        [len(data) - 4],
        [len(data) - 1],
    ):
        yield f"IDAT in {sizes}", head + _split(data, sizes) + END
    idat = png_chunk(b"IDAT", data)
    text = png_chunk(b"tEXt", b"key\0value")
    bomb = zlib.compress(bytes(2 << 20))
    others = {
        "text": text,
        "no text": png_chunk(b"tEXt"),
        "time": png_chunk(b"tIME", bytes(7)),
        "unknown": png_chunk(b"abCd", b"x" * 99),
        "private": png_chunk(b"aBCd", b"x" * 99),
        "odd name": png_chunk(b"a-Cd", b"x"),
        "name not ASCII": png_chunk("aéd".encode(), b"x"),
        "palette": png_chunk(b"PLTE", bytes(9)),
        "transparency": png_chunk(b"tRNS", bytes(6)),
        "short transparency": png_chunk(b"tRNS", bytes(1)),
        "short gAMA": png_chunk(b"gAMA", bytes(3)),
        "gAMA": png_chunk(b"gAMA", bytes(4)),
        "short pHYs": png_chunk(b"pHYs", bytes(3)),
        "short cHRM": png_chunk(b"cHRM", bytes(3)),
        "no sRGB": png_chunk(b"sRGB"),
        "no iCCP": png_chunk(b"iCCP"),
        "iCCP bomb": png_chunk(b"iCCP", b"a\0\0" + bomb),
        "iCCP of method 1": png_chunk(b"iCCP", b"a\0\1" + bomb),
        "iCCP garbage": png_chunk(b"iCCP", b"a\0\0garbage"),
        "zTXt bomb": png_chunk(b"zTXt", b"a\0\0" + bomb),
        "zTXt of method 1": png_chunk(b"zTXt", b"a\0\1xx"),
        "iTXt bomb": png_chunk(b"iTXt", b"a\0\1\0\0\0" + bomb),
        "iTXt": png_chunk(b"iTXt", b"a\0\0\0\0\0text"),
        "EXIF": png_chunk(b"eXIf", b"II*\0\x08\0\0\0\1\0\x12\1\3\0\1\0\0\0\6\0\0\0\0\0\0\0"),
        "EXIF garbage": png_chunk(b"eXIf", b"garbage"),
        "second header": png_chunk(b"IHDR", struct.pack(">IIBBBBB", 5, 5, 8, 0, 0, 0, 0)),
        "short header": png_chunk(b"IHDR", b"abc"),
        "acTL": png_chunk(b"acTL", struct.pack(">II", 2, 0)),
        "acTL of no frames": png_chunk(b"acTL", struct.pack(">II", 0, 0)),
        "short acTL": png_chunk(b"acTL", b"abc"),
        "fcTL": png_chunk(b"fcTL", struct.pack(">5IHHBB", 0, 9, 7, 0, 0, 1, 1, 0, 0)),
        "fcTL of a part": png_chunk(b"fcTL", struct.pack(">5IHHBB", 0, 4, 4, 1, 1, 1, 1, 0, 0)),
        "fcTL out of order": png_chunk(b"fcTL", struct.pack(">5IHHBB", 5, 9, 7, 0, 0, 1, 1, 0, 0)),
        "fdAT": png_chunk(b"fdAT", bytes(4) + data),
        "fdAT out of order": png_chunk(b"fdAT", b"\0\0\0\7" + data),
        "DDAT": png_chunk(b"DDAT", data),
        "IEND": END,
        "IDAT": idat,
        "empty IDAT": png_chunk(b"IDAT"),
        "cut text": text[:-6],
        "wrong checksum": text[:-4] + b"abcd",
        "length too large": b"\x7f\xff\xff\xff" + text[4:],
        "length beyond 2**31": b"\xff\xff\xff\xff" + text[4:],
        "zeros": bytes(12),
        **{
            f"text named {key}": png_chunk(b"tEXt", key.encode() + b"\0value")
            for key in ("transparency", "interlace", "bbox", "exif", "icc_profile", "default_image")
        },
    }  # fmt: skip
    for name, chunk in others.items():
        for colour, depth in ((2, 8), (3, 8), (0, 8), (0, 16)):
            whole = png(9, 7, depth, colour)
            at = whole.index(b"IDAT") - 4
            yield f"{name} before, colour {colour}", whole[:at] + chunk + whole[at:]
            yield f"{name} behind, colour {colour}", whole[:-12] + chunk + END
            yield f"{name} behind the end, colour {colour}", whole + chunk
        yield f"{name} between", head + _split(data, [9])[:21] + chunk + _split(data, [9])[21:] + END
        yield f"acTL, fcTL and {name}", head + others["acTL"] + others["fcTL"] + idat + chunk + END
    for palette in (None, 0, 3, 7, 9, 768, 769, 771, 1024):
        for alpha in (None, b"", b"\0", b"\xff\0\xff", bytes(5), b"\xff" * 256, bytes(300), b"\xff" * 300 + b"\0"):
            for depth in (1, 8):
                body = png_header(9, 7, depth, 3)
                body += b"" if palette is None else png_chunk(b"PLTE", bytes(palette))
                body += b"" if alpha is None else png_chunk(b"tRNS", alpha)
                rows = zlib.compress(png_rows(9, 7, depth, 0))
                yield f"palette {palette}, alpha {alpha and len(alpha)}", body + png_chunk(b"IDAT", rows) + END
    whole = head + text + idat + text + END
    for cut in range(len(whole)):
        yield f"cut at {cut}", whole[:cut]
    for place in range(8, len(whole)):
        yield f"byte {place} turned", whole[:place] + bytes((whole[place] ^ 255,)) + whole[place + 1 :]
    for header in product((0, 1, 9), (0, 1, 8, 16, 3), (0, 1, 2, 3, 4, 6, 7), (0, 1), (0, 1), (0, 1, 2)):
        yield f"header {header}", header_png(*header)
    for size in ((178956970, 1), (1, 100000), (1_000_001, 1), (1_000_000, 1)):
        yield f"claims {size}", png_header(*size, 8, 2) + idat + END
        rows = png_rows(*size, 1, 0) if size[0] < 2_000_000 else b""
        yield f"is {size}", png_header(*size, 1, 0) + png_chunk(b"IDAT", zlib.compress(rows)) + END


def header_png(width: int, depth: int, colour: int, method: int, filtering: int, interlaced: int) -> bytes:
    head = png_chunk(b"IHDR", struct.pack(">IIBBBBB", width, 7, depth, colour, method, filtering, interlaced))
    channels = {2: 3, 4: 2, 6: 4}.get(colour, 1)
    rows = png_rows(width, 7, depth * channels, interlaced) if width else b""
    return b"\x89PNG\r\n\x1a\n" + head + png_chunk(b"IDAT", zlib.compress(rows)) + END


def segments(data: bytes) -> list[bytes]:
    """The segments of a JPEG, each scan with its entropy data."""
    parts, at = [data[:2]], 2
    while at < len(data) - 2:
        end = at + 2 + int.from_bytes(data[at + 2 : at + 4], "big")
        if data[at + 1] == 0xDA:
            while end < len(data) - 1 and not (data[end] == 0xFF and data[end + 1] not in (0, *range(0xD0, 0xD8))):
                end += 1
        parts.append(data[at:end])
        at = end
    return [*parts, data[at:]]


def _jpegs() -> Iterator[tuple[str, bytes]]:
    noise = picture("RGB", (40, 33))
    plain = write(noise, "JPEG", {"quality": 90, "subsampling": 0}) or b""
    frame = plain.index(b"\xff\xc0")
    for factors in product(range(1, 5), repeat=6):
        data = bytearray(plain)
        for component in range(3):
            data[frame + 11 + 3 * component] = factors[2 * component] << 4 | factors[2 * component + 1]
        yield f"sampling {factors}", bytes(data)
    for name, options in (("", {}), ("progressive", {"progressive": True}), ("restarts", {"restart_marker_blocks": 1})):
        for mode in ("RGB", "L", "CMYK"):
            whole = write(picture(mode, (40, 33)), "JPEG", options) or b""
            parts = segments(whole)
            assert b"".join(parts) == whole
            for i, part in enumerate(parts):
                label = f"{name} {mode} segment {i}"
                rest = parts[:i] + parts[i + 1 :]
                yield f"{label} gone", b"".join(rest)
                yield f"{label} twice", b"".join((*parts[:i], part, *parts[i:]))
                yield f"{label} last", b"".join((*rest[:-1], part, rest[-1]))
                yield f"{label} first", b"".join((rest[0], part, *rest[1:]))
                yield f"{label} behind fill bytes", b"".join((*parts[:i], b"\xff\xff", *parts[i:]))
                yield f"{label} behind junk", b"".join((*parts[:i], b"junk", *parts[i:]))
                for marker in (0x01, 0x02, *range(0xC0, 0xE1), 0xEE, 0xF0, 0xFE):
                    empty = b"\xff" + bytes((marker,))
                    yield f"{label} behind {marker:x}", b"".join((*parts[:i], empty, *parts[i:]))
                    if len(part) > 4:
                        yield f"{label} as {marker:x}", b"".join((*parts[:i], empty, part[2:], *parts[i + 1 :]))
                if len(part) > 4:
                    for length in (0, 1, 2, 3, 4, len(part), 65535):
                        broken = part[:2] + struct.pack(">H", length) + part[4:]
                        yield f"{label} of length {length}", b"".join((*parts[:i], broken, *parts[i + 1 :]))
                    for value in (0, 1, 0x11, 0x44, 0x7F, 0xFF):
                        for place in range(4, min(24, len(part))):
                            broken = part[:place] + bytes((value,)) + part[place + 1 :]
                            yield f"{label} byte {place}", b"".join((*parts[:i], broken, *parts[i + 1 :]))
    out = io.BytesIO()
    Image.new("L", (16, 16)).save(out, "JPEG")
    small = out.getvalue()
    frame = small.index(b"\xff\xc0")
    for sides in product((0, 1, 17, 65499, 65500, 65501, 65535), (1, 8, 17)):
        for wide, high in (sides, sides[::-1]):
            yield f"{wide} x {high}", small[: frame + 5] + struct.pack(">HH", high, wide) + small[frame + 9 :]
    for interval in (0, 1, 2, 65535):
        dri = b"\xff\xdd\0\4" + struct.pack(">H", interval)
        yield f"restart interval {interval}", plain[:frame] + dri + plain[frame:]


def crafted() -> Iterator[tuple[str, str, bytes]]:
    """(format, what, bytes) of all, about half of them broken."""
    for name, group in (("PNG", _pngs()), ("JPEG", _jpegs())):
        for what, data in group:
            yield name, what, data

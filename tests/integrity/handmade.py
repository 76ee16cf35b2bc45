"""Intact images of what Pillow reads and does not write: old formats, interlaced PNG, tiled TIFF, odd BMP."""

import io
import struct
import zlib
from collections.abc import Iterator

from tests.integrity.written import HEIGHT, WIDTH, picture, write

GREY = picture("L", (WIDTH, HEIGHT)).tobytes()
COLOUR = picture("RGB", (WIDTH, HEIGHT)).tobytes()
SIZE = (WIDTH, HEIGHT)


def png_chunk(kind: bytes, data: bytes = b"") -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png_header(width: int, height: int, depth: int, colour: int, interlaced: int = 0) -> bytes:
    return b"\x89PNG\r\n\x1a\n" + png_chunk(
        b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, interlaced)
    )


CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
DEPTHS = {0: (1, 2, 4, 8, 16), 2: (8, 16), 3: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}
ADAM7 = ((0, 8, 0, 8), (4, 8, 0, 8), (0, 4, 4, 8), (2, 4, 0, 4), (0, 2, 2, 4), (1, 2, 0, 2), (0, 1, 1, 2))


def png_rows(width: int, height: int, bits: int, interlaced: int, filter_byte: int = 0) -> bytes:
    """Rows of a pattern, each with its filter byte."""
    out = b""
    for x, dx, y, dy in ADAM7 if interlaced else ((0, 1, 0, 1),):
        wide, high = len(range(x, width, dx)), len(range(y, height, dy))
        row = bytes([filter_byte]) + bytes((i * 37) & 255 for i in range((wide * bits + 7) // 8))
        out += row * high if wide else b""
    return out


def png(width: int, height: int, depth: int, colour: int, interlaced: int = 0, filter_byte: int = 0) -> bytes:
    rows = png_rows(width, height, depth * CHANNELS[colour], interlaced, filter_byte)
    palette = png_chunk(b"PLTE", bytes(range(192)) * 4) if colour == 3 else b""
    head = png_header(width, height, depth, colour, interlaced)
    return head + palette + png_chunk(b"IDAT", zlib.compress(rows)) + png_chunk(b"IEND")


def _pngs() -> Iterator[tuple[str, bytes]]:
    for colour, depths in DEPTHS.items():
        for depth in depths:
            for interlaced in (0, 1):
                yield f"{colour} {depth} bit, interlaced {interlaced}", png(*SIZE, depth, colour, interlaced, 4)
    for width in range(1, 10):
        for height in (1, 2, 3, 4, 5, 8, 9):
            yield f"Adam7 {width}x{height}", png(width, height, 8, 2, 1)
            yield f"Adam7 {width}x{height}, 1 bit", png(width, height, 1, 0, 1)


def tiff(bits: tuple[int, ...], photometric: int, blocks: list[bytes], tags: dict[int, tuple[int, ...]]) -> bytes:
    """A little-endian TIFF of uncompressed blocks; 273 or 324 (offsets) and 279 or 325 (lengths) are filled in."""
    offsets, at = [], 8
    for block in blocks:
        offsets.append(at)
        at += len(block)
    tiled = 322 in tags
    values = {256: (WIDTH,), 257: (HEIGHT,), 258: bits, 259: (1,), 262: (photometric,), 277: (len(bits),)}
    values.update({324 if tiled else 273: tuple(offsets), 325 if tiled else 279: tuple(map(len, blocks))})
    values.update(tags)
    entries, extra = b"", b""
    extra_at = at + 2 + 12 * len(values) + 4
    for tag, numbers in sorted(values.items()):
        packed = struct.pack(f"<{len(numbers)}I", *numbers)
        if len(packed) > 4:
            packed, extra = struct.pack("<I", extra_at + len(extra)), extra + packed
        entries += struct.pack("<HHI", tag, 4, len(numbers)) + packed
    head = struct.pack("<2sHI", b"II", 42, at)
    return head + b"".join(blocks) + struct.pack("<H", len(values)) + entries + bytes(4) + extra


def _tiffs() -> Iterator[tuple[str, bytes]]:
    strips = [COLOUR[i : i + WIDTH * 3 * 8] for i in range(0, len(COLOUR), WIDTH * 3 * 8)]
    tiles = [bytes([number]) * (16 * 16 * 3) for number in range(3 * 2)]
    planes = [bytes([number]) * (WIDTH * HEIGHT) for number in range(3)]
    rgb = (8, 8, 8)
    yield "strips of 8 rows", tiff(rgb, 2, strips, {278: (8,)})
    yield "tiles", tiff(rgb, 2, tiles, {322: (16,), 323: (16,)})
    yield "grey tiles", tiff((8,), 1, [t[:256] for t in tiles], {322: (16,), 323: (16,)})
    yield "planes", tiff(rgb, 2, planes, {284: (2,), 278: (HEIGHT,)})
    for orientation in range(10):
        yield f"orientation {orientation}", tiff(rgb, 2, strips, {278: (8,), 274: (orientation,)})
    yield "EXIF directory", tiff(rgb, 2, strips, {278: (8,), 0x8769: (8,)})
    yield "EXIF directory beyond the end", tiff(rgb, 2, strips, {278: (8,), 0x8769: (2**31,)})
    for bits, photometric in (((1,), 0), ((1,), 1), ((2,), 1), ((4,), 1), ((16,), 1), ((32,), 1), ((12,), 1)):
        row = (WIDTH * bits[0] + 7) // 8
        yield f"{bits[0]} bit", tiff(bits, photometric, [GREY * 4][:1], {278: (HEIGHT,)})[: None if row else 0]
    yield "CMYK", tiff((8,) * 4, 5, [GREY * 4], {278: (HEIGHT,)})
    yield "LAB", tiff(rgb, 8, [COLOUR], {278: (HEIGHT,)})
    yield "YCbCr", tiff(rgb, 6, [COLOUR], {278: (HEIGHT,)})
    yield "extra sample", tiff((8,) * 4, 2, [GREY * 4], {278: (HEIGHT,), 338: (2,)})
    yield "palette", tiff((8,), 3, [GREY], {278: (HEIGHT,), 320: tuple(range(0, 65536, 86))[:768]})
    yield "palette missing", tiff((8,), 3, [GREY], {278: (HEIGHT,)})
    for length in (3, 300, 769, 900, 1200):
        yield f"palette of {length}", tiff((8,), 3, [GREY], {278: (HEIGHT,), 320: (999,) * length})


def bmp(bits: int, pixels: bytes, palette: bytes = b"", compression: int = 0, height: int = HEIGHT) -> bytes:
    head = struct.pack("<IiiHHIIiiII", 40, WIDTH, height, 1, bits, compression, len(pixels), 0, 0, 0, 0)
    at = 14 + len(head) + len(palette)
    return struct.pack("<2sIHHI", b"BM", at + len(pixels), 0, 0, at) + head + palette + pixels


def _bmps() -> Iterator[tuple[str, bytes]]:
    for bits in (1, 4, 8):
        stride = (WIDTH * bits + 31) // 32 * 4
        for name, shade in (("colour", (9, 90, 200)), ("grey", (1, 1, 1))):
            palette = b"".join(bytes((i * s & 255) for s in shade) + b"\0" for i in range(1 << bits))
            yield f"{bits} bit {name}", bmp(bits, GREY[:stride] * HEIGHT, palette)
    for bits in (16, 24, 32):
        stride = (WIDTH * bits + 31) // 32 * 4
        yield f"{bits} bit", bmp(bits, (COLOUR * 2)[: stride * HEIGHT])
        yield f"{bits} bit, top down", bmp(bits, (COLOUR * 2)[: stride * HEIGHT], height=-HEIGHT)
    for masks in ((0xFF0000, 0xFF00, 0xFF), (0xFF, 0xFF00, 0xFF0000), (0xF800, 0x7E0, 0x1F)):
        bits = 16 if masks[0] == 0xF800 else 32
        stride = (WIDTH * bits + 31) // 32 * 4
        yield f"{bits} bit fields", bmp(bits, (COLOUR * 2)[: stride * HEIGHT], struct.pack("<3I", *masks), 3)
    for colours in (1, 2, 255, 256, 257, 300, 65536, 65537):
        data = bmp(8, GREY + bytes(999), bytes(range(1, 250)) * 5)
        yield f"{colours} colours", data[:46] + struct.pack("<I", colours) + data[50:]
    run = bytes((WIDTH, 7, 0, 0)) * HEIGHT + b"\0\1"
    yield "run length", bmp(8, run, bytes(range(256)) * 4, 1)
    yield "run length 4", bmp(4, run, bytes(range(64)), 2)


def _targas() -> Iterator[tuple[str, bytes]]:
    for kind, depths in ((1, (8,)), (2, (16, 24, 32)), (3, (1, 8, 16))):
        for depth in depths:
            for width, height, flags in ((1, 1, 0), (1, 1, 0x20), (2, 1, 0x10), (3, 3, 0x30), (9, 9, 0)):
                for colours, map_depth in ((0, 0), (3, 16), (256, 24), (300, 24), (9, 32), (9, 8)):
                    head = struct.pack(
                        "<BBBHHBHHHHBB", 0, colours > 0, kind, 0, colours, map_depth, 0, 0, width, height, depth, flags
                    )
                    body = bytes(colours * map_depth // 8) + bytes((width * depth + 7) // 8 * height)
                    yield f"type {kind}, {depth} bit, {width}x{height}, {colours} colours", head + body


def _old() -> Iterator[tuple[str, bytes]]:
    w, h = SIZE
    yield "SUN", struct.pack(">8I", 0x59A66A95, w, h, 24, 0, 1, 0, 0) + (COLOUR + bytes(99))[: (w * 3 + 1) * h]
    yield "SUN", struct.pack(">8I", 0x59A66A95, w, h, 8, 0, 1, 1, 768) + bytes(768) + GREY + bytes(99)
    yield "SUN", struct.pack(">8I", 0x59A66A95, w, h, 8, 0, 2, 0, 0) + b"\x80\x20\x07" * 99
    yield "PIXAR", b"\x80\xe8\0\0" + bytes(412) + struct.pack("<HHIHH", h, w, 0, 14, 2) + bytes(596) + COLOUR
    words = [0, 4, *[0] * 62]
    words[8], words[9], words[10], words[13], words[33] = h, w, 1, 1, 256
    yield "MCIDAS", struct.pack(">64i", *words) + GREY
    yield "XVTHUMB", b"P7 332\n#IMGINFO\n#END_OF_COMMENTS\n%d %d 255\n" % SIZE + GREY
    cards = (b"SIMPLE  = T", b"BITPIX  = 8", b"NAXIS   = 2", b"NAXIS1  = %d" % w, b"NAXIS2  = %d" % h, b"END")
    yield "FITS", b"".join(card.ljust(80) for card in cards).ljust(2880) + GREY.ljust(2880, b"\0")
    yield "GBR", struct.pack(">5I", 28, 2, w, h, 1) + b"GIMP" + struct.pack(">I", 1) + GREY
    yield "GBR", struct.pack(">5I", 28, 2, w, h, 4) + b"GIMP" + struct.pack(">I", 1) + GREY * 4
    yield "FTEX", b"FTEX" + struct.pack("<8i", 1, w, h, 1, 1, 1, 36, len(COLOUR)) + COLOUR + bytes(8)
    yield "FTEX", b"FTEX" + struct.pack("<8i", 1, 16, 16, 1, 1, 0, 32, 128) + GREY[:128]
    yield "IMT", b"width %d\nheight %d\npixel n8\n*" % SIZE + b"x" * 70 + b"\n\x0c" + GREY
    yield "PSD", struct.pack(">4sH6xHIIHH4x4x4xH", b"8BPS", 1, 3, h, w, 8, 3, 0) + COLOUR
    yield "PSD", struct.pack(">4sH6xHIIHH4x4x4xH", b"8BPS", 1, 1, h, w, 8, 1, 0) + GREY
    packed = b"".join(bytes((w - 1,)) + GREY[i : i + w] for i in range(0, len(GREY), w))
    yield "PSD", struct.pack(">4sH6xHIIHH4x4x4xH", b"8BPS", 1, 1, h, w, 8, 1, 1) + struct.pack(">H", w + 1) * h + packed
    yield "XPM", b'/* XPM */\nstatic char *x[] = {\n"4 2 2 1",\n"a c #ff0000",\n"b c None",\n"abab",\n"baba"};\n'
    frame = struct.pack("<IHH8x", 16 + 6 + w * h, 0xF1FA, 1) + struct.pack("<IH", 6 + w * h, 16) + GREY
    head = struct.pack("<IHHHHHHI", 128 + len(frame), 0xAF12, 1, w, h, 8, 3, 70)
    yield "FLI", head.ljust(128, b"\0") + frame
    if pcx := write(picture("RGB", SIZE), "PCX", {}):
        yield "DCX", struct.pack("<3I", 987654321, 12, 0) + pcx
    if ico := write(picture("RGB", SIZE), "ICO", {"sizes": [(16, 16)], "bitmap_format": "bmp"}):
        yield "CUR", ico[:2] + b"\2" + ico[3:]
    yield (
        "PCD",
        bytes(2048) + b"PCD_".ljust(1539, b"\0") + bytes(96 * 2048 - 3587) + (COLOUR * 200)[: 768 * 512 * 3 // 2],
    )
    field = lambda a, b, data: bytes((0x1C, a, b)) + struct.pack(">H", len(data)) + data  # noqa: E731
    head = field(3, 60, b"\1\0") + field(3, 20, bytes((w,))) + field(3, 30, bytes((h,))) + field(3, 120, b"\1")
    yield "IPTC", head + field(8, 10, GREY) + bytes(5)
    yield "MPEG", b"\0\0\1\xb3" + bytes((4, 0, 48, 0)) + bytes(50)
    yield "WMF", b"\xd7\xcd\xc6\x9a" + struct.pack("<HhhhhHIH", 0, 0, 0, 99, 99, 72, 0, 0) + b"\1\0\t\0" + bytes(40)
    for name, magic in (("BUFR", b"BUFR"), ("GRIB", b"GRIB\0\0\0\1"), ("HDF5", b"\x89HDF\r\n\x1a\n")):
        yield name, magic + bytes(60)


def _portable() -> Iterator[tuple[str, bytes]]:
    w, h = SIZE
    for head, body in (
        (b"P1", b"0 1 " * (w * h)),
        (b"P2", b"7 9 " * (w * h)),
        (b"P3", b"7 9 8 " * (w * h)),
        (b"P5", GREY),
        (b"P6", COLOUR),
        (b"P0CMYK", GREY * 4),
        (b"PyRGBA", GREY * 4),
        (b"PyP", GREY),
    ):
        yield head.decode(), head + b"\n# comment\n%d %d\n" % SIZE + (b"" if head == b"P1" else b"255\n") + body
    for limit in (1, 100, 1000, 65535):
        yield f"P5 up to {limit}", b"P5\n%d %d\n%d\n" % (w, h, limit) + GREY * 2
    yield "PF", b"Pf\n%d %d\n-1.0\n" % SIZE + bytes(4 * w * h)
    yield "PF big", b"Pf\n%d %d\n1.0\n" % SIZE + bytes(4 * w * h)


def handmade() -> Iterator[tuple[str, str, bytes]]:
    """(format, what, bytes) of all; a few are broken as they stand."""
    for name, group in (
        ("PNG", _pngs()),
        ("TIFF", _tiffs()),
        ("BMP", _bmps()),
        ("PPM", _portable()),
        ("TGA", _targas()),
    ):
        for what, data in group:
            yield name, what, data
    for name, data in _old():
        yield name, "by hand", data
    large = io.BytesIO()
    picture("RGB", (700, 500)).save(large, "JPEG", quality=95)
    yield "JPEG", "larger than one read", large.getvalue()

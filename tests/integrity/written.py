"""Intact images of every format, mode and option that Pillow writes."""

import io
import random
import warnings
from collections.abc import Iterator

from PIL import Image, features

WIDTH, HEIGHT = 37, 29
MODES = ("1", "L", "LA", "P", "PA", "RGB", "RGBA", "CMYK", "YCbCr", "LAB", "I;16", "I;16B", "I", "F")
ICC = b"profile" * 20
XMP = b"<x:xmpmeta xmlns:x='adobe:ns:meta/'><rdf tiff:Orientation='6'/></x:xmpmeta>"


def _exif(size: int = 0, orientation: int = 6) -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif[0x010E] = "a description"
    if size:
        exif[0x9286] = b"c" * size
    exif.get_ifd(0x8769)[0x9003] = "2024:01:01 00:00:00"
    return exif


JPEG = (
    {},
    {"quality": 100, "subsampling": "4:4:4"},
    {"quality": 20, "subsampling": "4:2:2"},
    {"progressive": True},
    {"progressive": True, "quality": 95, "subsampling": 0, "restart_marker_rows": 1},
    {"restart_marker_blocks": 2},
    {"optimize": True, "comment": b"a comment"},
    {"exif": _exif()},
    {"exif": _exif(60_000), "icc_profile": b"x" * 70_000},
    {"exif": b"Exif\x00\x00MM\x00*\x00\x00\x00\x08\x00\xff garbage"},
    {"xmp": XMP, "dpi": (72, 72)},
)
PNG = (
    {},
    {"compress_level": 0},
    {"compress_level": 1, "dpi": (72, 72)},
    {"optimize": True},
    {"exif": _exif(), "icc_profile": ICC},
    {"transparency": 1},
    {"transparency": bytes(range(200))},
    {"transparency": (1, 2, 3)},
    {"bits": 4},
    {"save_all": True, "frames": 3},
)
TIFF = (
    {},
    *({"compression": name} for name in ("tiff_lzw", "tiff_adobe_deflate", "packbits", "jpeg", "group3", "group4")),
    *({"compression": name} for name in ("tiff_raw_16", "zstd", "lzma")),
    {"exif": _exif(), "icc_profile": ICC},
    {"exif": _exif(orientation=3)},
    {"tiffinfo": {274: 1, 270: "text", 282: 72.5}},
    {"tiffinfo": {700: XMP}},
    {"big_tiff": True},
    {"save_all": True, "frames": 3},
)
OPTIONS = {
    "JPEG": JPEG,
    "PNG": PNG,
    "TIFF": TIFF,
    "MPO": ({"save_all": True, "frames": 2}, {"save_all": True, "frames": 3, "exif": _exif(), "progressive": True}),
    "GIF": (
        {},
        {"interlace": 0},
        {"save_all": True, "frames": 3, "transparency": 0},
        {"comment": b"c", "optimize": True},
    ),
    "WEBP": (
        {},
        {"lossless": True},
        {"quality": 30, "exif": _exif(), "icc_profile": ICC, "xmp": XMP},
        {"save_all": True, "frames": 3},
    ),
    "AVIF": ({"speed": 10}, {"speed": 10, "save_all": True, "frames": 2}),
    "JPEG2000": ({}, {"irreversible": True}, {"no_jp2": True}, {"tile_size": (16, 16)}),
    "BMP": ({}, {"dpi": (72, 72)}),
    "TGA": ({}, {"compression": "tga_rle"}, {"orientation": 1, "id_section": b"an id"}),
    "ICO": ({"sizes": [(16, 16)]}, {"sizes": [(16, 16), (24, 24)], "bitmap_format": "bmp"}),
    "DDS": ({}, {"pixel_format": "DXT1"}, {"pixel_format": "DXT5"}),
    "BLP": ({"blp_version": "BLP1"}, {"blp_version": "BLP2"}),
    "SGI": ({}, {"bpc": 2}),
    "QOI": ({}, {"colorspace": "sRGB"}),
}
FORMATS = (
    *OPTIONS,
    *("DIB", "EPS", "ICNS", "IM", "MSP", "PCX", "PPM", "SPIDER", "XBM"),
)
SUFFIX = {"JPEG": "jpg", "JPEG2000": "jp2", "TIFF": "tif"}


def picture(mode: str, size: tuple[int, int], seed: int = 0) -> Image.Image:
    """Noise in one half, a ramp in the other."""
    dice = random.Random(seed)
    image = Image.linear_gradient("L").resize(size)
    image = Image.merge("RGB", (image, image.transpose(Image.Transpose.ROTATE_180), image))
    noise = Image.frombytes("RGB", (size[0], size[1] // 2), dice.randbytes(size[0] * (size[1] // 2) * 3))
    image.paste(noise)
    if mode == "LAB":
        return Image.frombytes("LAB", size, image.tobytes())
    if mode in ("I;16", "I;16B", "PA"):
        return image.convert("L" if mode != "PA" else "P").convert(mode)
    return image.convert(mode)


def write(image: Image.Image, name: str, options: dict) -> bytes | None:
    """The file's bytes, or None where Pillow does not write this."""
    options = dict(options)
    if frames := options.pop("frames", 0):
        options["append_images"] = [image.transpose(Image.Transpose.ROTATE_180)] * (frames - 1)
    out = io.BytesIO()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            image.save(out, name, **options)
    except Exception:
        return None
    return out.getvalue()


def written() -> Iterator[tuple[str, str, bytes]]:
    """(format, what, bytes) of all."""
    for name in FORMATS:
        if name == "AVIF" and not features.check("avif"):
            continue
        for options in OPTIONS.get(name, ({},)):
            label = ",".join(f"{key}={str(value)[:20]}" for key, value in options.items())
            for mode in MODES:
                if (data := write(picture(mode, (WIDTH, HEIGHT)), name, options)) is not None:
                    yield name, f"{mode} {label}", data
    for mode in ("RGB", "L", "RGBA"):  # beyond the 64 KiB that Pillow reads at once
        for name in ("PNG", "JPEG", "TIFF", "BMP", "TGA"):
            if (data := write(picture(mode, (211, 307)), name, {})) is not None:
                yield name, f"{mode} larger", data
    for size in ((1, 1), (1, 9), (9, 1), (2, 3), (3, 2), (5, 5)):
        for mode in ("1", "L", "RGB", "P"):
            for name in ("PNG", "BMP", "PPM", "TGA", "TIFF", "JPEG"):
                if (data := write(picture(mode, size), name, {})) is not None:
                    yield name, f"{mode} {size}", data

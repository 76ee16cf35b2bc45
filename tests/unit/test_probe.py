"""What a probe says of a file, and that `fast` and `full` give Pillow's own verdict."""

import io
import os
import random
import struct
import warnings
import zlib

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from scripts.sample_faults import many_scans
from tests.tiers import many
from validator.media import integrity, jpeg_skeleton
from validator.media.faults import fault_of, plain_words
from validator.media.probe import probe_image
from validator.media.sniff import sniff
from validator.storage.media_files import MediaFiles


def probe(path, depth="fast"):
    return probe_image(str(path), depth, MediaFiles(""))


def truth(path):
    """The trainer's own calls."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            with Image.open(path) as image:
                image.load()
                image.convert("RGB")
        except Exception as error:
            return type(error).__name__
    return None


@pytest.mark.parametrize(
    ("name", "mode", "options", "expected"),
    [
        ("a.png", "RGB", {}, ("PNG", 40, 30, "RGB", 8, 1, None)),
        ("a.jpg", "L", {}, ("JPEG", 40, 30, "L", 8, 1, None)),
        ("a.jpg", "CMYK", {}, ("JPEG", 40, 30, "CMYK", 8, 1, None)),
        ("a.png", "1", {}, ("PNG", 40, 30, "1", 1, 1, None)),
        ("a.png", "I;16", {}, ("PNG", 40, 30, "I;16", 16, 1, None)),
        (
            "a.gif",
            "L",
            {"save_all": True, "append_images": [Image.new("L", (40, 30), 255)]},
            ("GIF", 40, 30, "P", 8, 2, None),
        ),
        ("liar.png", "RGB", {"format": "WEBP"}, ("WEBP", 40, 30, "RGB", 8, 1, None)),
    ],
)
def test_what_a_file_is(tmp_path, name, mode, options, expected):
    path = tmp_path / name
    Image.new(mode, (40, 30)).save(path, **options)
    for depth in ("header", "fast", "full"):
        found = probe(path, depth)
        assert (found.format, found.width, found.height, found.mode, found.bits, found.frames, found.fault) == expected
        assert found.num_bytes == path.stat().st_size


def test_orientation_is_measured_not_applied(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (40, 30)).save(tmp_path / "a.jpg", exif=exif)
    found = probe(tmp_path / "a.jpg")
    assert (found.width, found.height, found.orientation) == (40, 30, 6)


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"", "an empty file"),
        (b"\x00" * 100, "zeros only"),
        (b"<!DOCTYPE html><html>", "an HTML page, not an image"),
        (b"version https://git-lfs.github.com/spec/v1\n", "a Git LFS pointer (run `git lfs pull`)"),
        (b"<?xml version='1.0'?><svg xmlns='x'></svg>", "an SVG drawing, which Pillow does not read"),
        (b"%PDF-1.7", "a PDF document"),
        (b"\x00\x00\x00\x18ftypheic", "an ISO media file (heic: HEIC, AVIF or MP4)"),
        (b"hello", "unknown data"),
    ],
)
def test_what_an_unreadable_file_is(tmp_path, content, found):
    assert sniff(content) == found
    (tmp_path / "a.jpg").write_bytes(content)
    result = probe(tmp_path / "a.jpg")
    assert (result.fault, result.exception, result.found) == ("unreadable", "UnidentifiedImageError", found)


def test_paths_that_cannot_be_opened(tmp_path):
    assert probe(tmp_path / "gone.png").fault == "missing"
    assert probe("").fault == "missing"
    assert probe(str(tmp_path / "a\x00b")).fault == "missing"
    assert probe("x" * 5000).fault == "missing"
    assert probe(tmp_path).fault == "folder"
    os.mkfifo(tmp_path / "pipe")
    assert probe(tmp_path / "pipe").fault == "special"


def png(width, height, body=b""):
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


@pytest.mark.parametrize("depth", ["header", "fast", "full"])
def test_bombs_are_known_by_their_header(tmp_path, depth):
    (tmp_path / "bomb.png").write_bytes(png(20000, 10000))
    found = probe(tmp_path / "bomb.png", depth)
    assert (found.fault, found.exception) == ("bomb", "DecompressionBombError")


def test_a_large_image_below_the_limit_prints_no_warning(tmp_path, recwarn):
    (tmp_path / "large.png").write_bytes(png(10000, 10000))
    assert probe(tmp_path / "large.png", "header").fault is None
    assert not recwarn.list


@pytest.mark.parametrize("depth", ["fast", "full"])
def test_a_jpeg_of_very_many_scans_is_not_loaded(tmp_path, depth):
    """It is judged without its pixels, and where its headers leave a doubt nothing is said of it."""
    image = many_scans(9000, 1300)
    (tmp_path / "sure.jpg").write_bytes(image)
    (tmp_path / "doubtful.jpg").write_bytes(image[:2] + b"\xff" + image[2:])
    found = probe(tmp_path / "sure.jpg", depth)
    assert (found.fault, found.width, found.scans) == (None, 9000, 1306)
    found = probe(tmp_path / "doubtful.jpg", depth)
    assert (found.fault, found.message) == ("endless", "its scans visit 106 billion pixels")
    assert probe(tmp_path / "doubtful.jpg", "header").fault is None


def test_scans_are_those_of_the_first_picture(tmp_path):
    image = Image.effect_noise((60, 60), 50)
    for progressive, scans in ((False, 1), (True, 6)):
        image.save(tmp_path / "a.jpg", progressive=progressive)
        data = (tmp_path / "a.jpg").read_bytes()
        preview = b"\xff\xe1\x00\x08\xff\xda\x00\x03\x00\x00"
        for whole in (data, data + data, data[:2] + preview + data[2:]):
            (tmp_path / "a.jpg").write_bytes(whole)
            assert probe(tmp_path / "a.jpg").scans == scans
    image.save(tmp_path / "a.png")
    assert probe(tmp_path / "a.png").scans is None


def test_a_file_that_pillow_knows_and_refuses_is_named_with_the_reason(tmp_path):
    info = PngInfo()
    for number in range(80):
        info.add_text(f"a{number}", "x" * (1 << 20), zip=True)
    Image.new("L", (9, 9)).save(tmp_path / "a.png", pnginfo=info)
    found = probe(tmp_path / "a.png")
    assert (found.fault, found.exception) == ("unreadable", "ValueError")
    assert found.found == "a damaged PNG: its text chunks inflate to more than 64 MiB"


def test_truncated_and_corrupt(tmp_path):
    noise = Image.effect_noise((200, 200), 90)
    for name in ("a.png", "a.jpg"):
        noise.save(tmp_path / name)
        data = (tmp_path / name).read_bytes()
        (tmp_path / name).write_bytes(data[: len(data) // 2])
        for depth in ("fast", "full"):
            found = probe(tmp_path / name, depth)
            assert (found.fault, found.exception) == ("truncated", "OSError")
        assert probe(tmp_path / name, "header").fault is None
    noise.save(tmp_path / "b.png")
    data = bytearray((tmp_path / "b.png").read_bytes())
    data[data.index(b"IDAT") + 8] ^= 0xFF
    (tmp_path / "b.png").write_bytes(data)
    assert probe(tmp_path / "b.png").fault == "corrupt"


@pytest.mark.parametrize(
    ("error", "fault", "words"),
    [
        (OSError("image file is truncated (3 bytes not processed)"), "truncated", "the file ends too early"),
        (OSError("broken data stream when reading image file"), "corrupt", "its compressed data is damaged"),
        (
            OSError("unrecognized data stream contents when reading image file"),
            "corrupt",
            "its compressed data is damaged",
        ),
        (SyntaxError("broken PNG file (chunk b'xxxx')"), "corrupt", "one of its chunks is damaged"),
        (ValueError("invalid palette size"), "corrupt", "its palette is damaged"),
        (AssertionError(), "corrupt", "its palette is missing"),
        (MemoryError(), "memory", "it needs more memory than there is, or than Pillow can address"),
        (Image.DecompressionBombError("Image size"), "bomb", "it claims more pixels than Pillow accepts"),
        (RuntimeError("Failed to decode frame"), "corrupt", "its contents contradict each other"),
    ],
)
def test_every_exception_has_a_fault_and_plain_words(error, fault, words):
    assert (fault_of(error, opened=True), plain_words(error)) == (fault, words)


def test_what_is_wrong_is_said_in_plain_words(tmp_path):
    header = struct.pack(">IIBBBBB", 4, 4, 8, 3, 0, 0, 0)
    (tmp_path / "a.png").write_bytes(png(4, 4).replace(png(4, 4)[16:29], header)[:29] + b"xxxx")
    assert probe(tmp_path / "a.png").fault == "unreadable"
    Image.new("P", (4, 4)).save(tmp_path / "b.gif")
    (tmp_path / "b.gif").write_bytes((tmp_path / "b.gif").read_bytes()[:-6])
    assert probe(tmp_path / "b.gif").found == "the file ends too early"


def test_pillows_warnings_are_facts_and_not_printed(tmp_path, recwarn, capfd):
    (tmp_path / "large.png").write_bytes(png(10000, 10000))
    image = Image.new("P", (9, 9))
    image.putpalette(bytes(range(30)))
    image.save(tmp_path / "alpha.png", transparency=bytes(10))
    Image.linear_gradient("L").save(tmp_path / "lzw.tif", compression="tiff_lzw")
    data = bytearray((tmp_path / "lzw.tif").read_bytes())
    data[20:220] = bytes(200)
    (tmp_path / "lzw.tif").write_bytes(data)
    said = {path.name: probe(path).warnings for path in sorted(tmp_path.iterdir())}
    assert "decompression bomb" in said["large.png"][0]
    assert said["alpha.png"] == probe(tmp_path / "alpha.png", "full").warnings
    assert "converted to RGBA" in said["alpha.png"][0]
    assert "LZWDecode" in said["lzw.tif"][0]
    assert not recwarn.list and capfd.readouterr().err == ""


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.bmp", "a.tif"])
def test_very_large_images_are_judged_without_their_pixels(tmp_path, name, monkeypatch):
    Image.new("L", (100, 80)).save(tmp_path / name)
    jpeg_skeleton._loads.cache_clear()  # what is left of this one may have been decoded already
    made = []
    for maker in ("new", "fill"):
        real = getattr(Image.core, maker)
        monkeypatch.setattr(Image.core, maker, lambda *args, real=real: made.append(args[1]) or real(*args))
    with Image.open(str(tmp_path / name)) as image:
        assert integrity.examine(image, str(tmp_path / name))[0]
    assert made and max(max(size) for size in made) <= 16


def test_a_very_large_image_is_not_copied_when_it_must_be_loaded(tmp_path, monkeypatch):
    monkeypatch.setattr("validator.media.probe.LARGE_PIXELS", 5000)
    Image.new("RGB", (100, 80)).save(tmp_path / "a.webp")
    sizes = []
    real = Image.Image.convert
    monkeypatch.setattr(Image.Image, "convert", lambda self, mode: sizes.append(self.size) or real(self, mode))
    assert probe(tmp_path / "a.webp").fault is None
    assert sizes == [(1, 1)]


def jpegs():
    """Intact JPEGs of every sort that Pillow writes."""
    noise = Image.merge("RGB", [Image.effect_noise((67, 45), 80 + band) for band in range(3)])
    for options in (
        {},
        {"progressive": True},
        {"subsampling": "4:4:4"},
        {"subsampling": "4:2:2"},
        {"quality": 100, "optimize": True},
        {"restart_marker_blocks": 2},
        {"exif": b"Exif\x00\x00II*\x00\x08\x00\x00\x00\x00\x00\x00\x00", "icc_profile": b"x" * 70000},
        {"comment": b"a comment"},
    ):
        for mode in ("RGB", "L", "CMYK"):
            out = io.BytesIO()
            noise.convert(mode).save(out, "JPEG", **options)
            yield out.getvalue()


def damages(data, dice):
    """Ways in which files break."""
    size = len(data)
    place, length = dice.randrange(2, size), dice.randrange(1, 40)
    markers = [i for i in range(size - 1) if data[i] == 0xFF and data[i + 1] not in (0, 0xFF)]
    marker = dice.choice(markers)
    yield data[: dice.randrange(size)]
    yield data[: size - dice.randrange(1, 16)]
    yield data[:place] + bytes([data[place] ^ (1 << dice.randrange(8))]) + data[place + 1 :]
    yield data[:place] + bytes(length) + data[place + length :]
    yield data[:place] + b"\xff" * length + data[place + length :]
    yield data[:place] + data[place : place + length] + data[place:]
    yield data[:place] + data[place + length :]
    yield data[:marker] + data[marker + 2 :]
    yield data[: marker + 1] + bytes([dice.randrange(256)]) + data[marker + 2 :]
    yield data[:place] + bytes([0xFF, dice.choice((0xD9, 0xD8, 0xDA, 0xC4, 0xDD, 0xD0))]) + data[place:]
    yield data + dice.randbytes(length)


def cheaply_fine(path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            with Image.open(str(path)) as image:
                return integrity.examine(image, str(path))[0]
        except OSError:
            return False


@pytest.mark.larger
def test_fast_never_calls_a_broken_jpeg_fine_nor_an_intact_one_broken(tmp_path):
    dice = random.Random(7)
    cheap = 0
    path = tmp_path / "a.jpg"
    for intact in jpegs():
        path.write_bytes(intact)
        assert cheaply_fine(path)
        for _ in range(many(3, 12)):
            for data in damages(intact, dice):
                path.write_bytes(data)
                wanted = truth(path)
                assert probe(path, "fast").exception == wanted, (wanted, data[:64])
                assert probe(path, "full").exception == wanted
                cheap += cheaply_fine(path)
    assert cheap > many(120, 500)  # the cheap path was taken, not only the doubtful one


@pytest.mark.parametrize("side", [65499, 65500, 65501, 65535])
def test_libjpegs_own_limit_of_sides(tmp_path, side):
    out = io.BytesIO()
    Image.new("L", (16, 16)).save(out, "JPEG")
    data = bytearray(out.getvalue())
    frame = data.index(b"\xff\xc0")
    data[frame + 5 : frame + 7] = side.to_bytes(2, "big")
    (tmp_path / "a.jpg").write_bytes(data)
    assert probe(tmp_path / "a.jpg").exception == truth(tmp_path / "a.jpg")

"""JPEGs whose header was met before: whatever follows it, what is measured is what is measured of a first one."""

from dataclasses import replace
from io import BytesIO

import pytest
from PIL import Image

from validator.media import probe as probing
from validator.media.jpeg_headers import MOST_SHAPES, Headers, shape_of
from validator.media.probe import probe_image
from validator.storage.media_files import MediaFiles


def jpeg(size=(90, 70), mode="RGB", tint=40, **options):
    image = Image.linear_gradient("L").resize(size).point(lambda value: (value * 3 + tint) % 256).convert(mode)
    stream = BytesIO()
    image.save(stream, "JPEG", **options)
    return stream.getvalue()


def turned(orientation, size=(90, 70)):
    exif = Image.Exif()
    exif[0x0112] = orientation
    return jpeg(size, exif=exif)


def with_size(data, wide, high):
    _, place = shape_of(data)
    return data[:place] + high.to_bytes(2, "big") + wide.to_bytes(2, "big") + data[place + 4 :]


def fresh():
    probing.HEADERS.update({depth: Headers() for depth in probing.HEADERS})


def probed(folder, data, depth):
    """The probe of a file of its own, so that no probe of an earlier one is remembered."""
    path = folder / f"{len(list(folder.iterdir()))}.jpg"
    path.write_bytes(data)
    probe = probe_image(str(path), depth, MediaFiles(""))
    return replace(probe, message=probe.message and probe.message.replace(str(path), "the file"))


FIRST = jpeg()
SECOND = {
    "another picture": jpeg(tint=90),
    "another size": jpeg((300, 20)),
    "another quality": jpeg(quality=30),
    "other tables": jpeg(optimize=True),
    "grey": jpeg(mode="L"),
    "CMYK": jpeg(mode="CMYK"),
    "progressive": jpeg(progressive=True),
    "turned": turned(6),
    "with a profile": jpeg(icc_profile=b"no profile"),
    "with a comment": jpeg(comment="a comment"),
    "smaller than the skeleton": jpeg((15, 70)),
    "as small as the skeleton": jpeg((16, 16)),
    "no height": with_size(FIRST, 90, 0),
    "no width": with_size(FIRST, 0, 70),
    "beyond libjpeg": with_size(FIRST, 65535, 70),
    "a decompression bomb": with_size(FIRST, 65000, 65000),
    "nearly a decompression bomb": with_size(FIRST, 10000, 9000),
    "sizes far from what is there": with_size(FIRST, 900, 700),
    "no end marker": FIRST[:-2],
    "cut in half": FIRST[: len(FIRST) // 2],
    "cut in the header": FIRST[:100],
    "cut in the scan's header": FIRST[: shape_of(FIRST)[0] - 3],
    "cut before the entropy data": FIRST[: shape_of(FIRST)[0]],
    "nothing but the end marker": FIRST[: shape_of(FIRST)[0]] + b"\xff\xd9",
    "another scan": FIRST[:-2] + FIRST[shape_of(FIRST)[0] - 14 :],
    "a table after the scan": FIRST[:-2] + b"\xff\xdb\x00\x03\x09\xff\xd9",
    "text after the end": FIRST + b"and more",
    "a thumbnail's end marker first": FIRST[:-2] + b"\xff\xd0\x00\xff\xd9",
    "another frame": FIRST[:2] + FIRST[2:].replace(b"\xff\xda", b"\xff\xc0\x00\x03\x00\xff\xda", 1),
    "no JPEG": b"GIF89a" + FIRST[6:],
}


@pytest.mark.parametrize("depth", ["header", "fast"])
@pytest.mark.parametrize("name", SECOND)
def test_a_second_is_measured_as_if_it_were_the_first(tmp_path, name, depth):
    fresh()
    alone = probed(tmp_path, SECOND[name], depth)
    fresh()
    probed(tmp_path, FIRST, depth)
    probed(tmp_path, SECOND[name], depth)
    assert probed(tmp_path, SECOND[name], depth) == alone


@pytest.mark.parametrize("depth", ["header", "fast"])
@pytest.mark.parametrize(
    ("first", "second"), [(FIRST, jpeg((300, 200), tint=7)), (turned(3), turned(3, (120, 200)))], ids=["plain", "exif"]
)
def test_what_one_encoder_made_is_opened_once(tmp_path, monkeypatch, depth, first, second):
    fresh()
    probed(tmp_path, first, depth)
    monkeypatch.setattr(Image, "open", None)
    assert probed(tmp_path, second, depth).fault is None


def test_what_has_nothing_in_common_is_bounded():
    headers = Headers()
    files = [jpeg((20, 20), comment=bytes(length)) for length in range(37)]
    for data in files * 3:
        headers.learn(data, (20, 20), ("RGB", 8, 1, None), loads=True)
    assert 0 < sum(headers.recall(data) is not None for data in files) <= MOST_SHAPES

"""Images as qwen-vl-utils has them: the package itself, the replay where it can be imported, and our own without it."""

import hashlib
import site

import pytest
from PIL import Image

from tests.environments import needs_trainer
from tests.trainers.compare import ask
from validator.trainers.qwen_vl_utils.resize import fetch

pytestmark = needs_trainer("hf")
MOST, LEAST = 60_000, 12_544
SIZES = ((637, 411), (20, 300), (30, 30), (28, 28), (112, 112), (1000, 6), (5700, 28), (28, 5700), (333, 901))
MODES = ("RGB", "RGBA", "LA", "L", "P", "CMYK", "1", "I;16")


def hashed(make):
    try:
        image = make()
    except ValueError as error:
        return f"ValueError: {error}"
    return [image.mode, *image.size, hashlib.sha256(image.tobytes()).hexdigest()]


def pictures(folder):
    exif = Image.Exif()
    exif[0x0112] = 6
    paths = []
    for number, size in enumerate(SIZES):
        noise = Image.effect_noise(size, 90)
        for mode in MODES if number < 2 else MODES[:2]:
            image = Image.merge("RGBA", (noise, noise.rotate(180), noise, noise.point(lambda value: 255 - value)))
            suffix = "tiff" if mode == "CMYK" else "png"
            paths.append(folder / f"{number}{mode.replace(';', '')}.{suffix}")
            (noise if mode == "I;16" else image).convert(mode).save(paths[-1])
        paths.append(folder / f"{number}.jpg")
        image.convert("RGB").save(paths[-1], exif=exif)
    return [str(path) for path in paths]


@pytest.mark.filterwarnings("ignore:Palette images with Transparency")
def test_the_same_pixels(tmp_path):
    paths = pictures(tmp_path)
    given = {"pictures": paths, "most": MOST, "least": LEAST, "ours": site.getsitepackages()}
    theirs = ask("hf", "judge_fetch", given, tmp_path)
    for path, (package, replay) in theirs["pictures"].items():
        assert package == replay == hashed(lambda: fetch(Image.open(path), MOST, LEAST)), path  # noqa: B023
    assert theirs["words"] == ", images by qwen-vl-utils 0.0.14"

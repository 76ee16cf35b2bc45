"""Videos of every common container, whole and damaged, made on the spot."""

import random
from fractions import Fraction
from pathlib import Path

import av
from PIL import Image

CODECS = {"mp4": "mpeg4", "mov": "libx264", "avi": "mpeg4", "mkv": "libx264", "webm": "libvpx", "ts": "mpeg2video"}
LENGTHS = ((1, 25), (7, 25), (30, 25), (300, 30))


def film(path: Path, frames: int, rate: int, size=(64, 48)) -> None:
    with av.open(str(path), "w") as container:
        stream = container.add_stream(CODECS[path.suffix[1:]], rate=Fraction(rate))
        stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
        for number in range(frames):
            container.mux(stream.encode(av.VideoFrame.from_image(Image.new("RGB", size, (number % 250,) * 3))))
        container.mux(stream.encode())


def make_videos(folder: Path, seed: int) -> list[str]:
    """The names of the videos made in a folder: whole ones of several lengths, cut ones, ones with changed bytes, and
    one of a codec that nobody knows.
    """
    dice = random.Random(seed)
    names = []
    for suffix in CODECS:
        for frames, rate in LENGTHS:
            names.append(f"{frames}.{suffix}")
            film(folder / names[-1], frames, rate)
        whole = (folder / f"30.{suffix}").read_bytes()
        for number in range(8):
            data = bytearray(whole[: dice.randrange(10, len(whole))] if number % 2 else whole)
            for _ in range(dice.choice((1, 5, 30)) if number % 2 == 0 else 0):
                data[dice.randrange(len(data))] = dice.randrange(256)
            names.append(f"damaged{number}.{suffix}")
            (folder / names[-1]).write_bytes(data)
    unknown = (folder / "30.avi").read_bytes().replace(b"FMP4", b"ZZZZ")
    (folder / "unknown.avi").write_bytes(unknown)
    return [*names, "unknown.avi"]

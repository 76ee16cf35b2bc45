"""Distinct images of about one megapixel: screens with readable text, and pictures that compress like photographs."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from scripts.benchmarks.text import sentence

SCREENS = ((720, 1440), (1280, 800), (1024, 1024), (1170, 900))
PHOTOGRAPHS = ((1152, 896), (896, 1152), (1216, 832))
OPTIONS = {
    "jpeg": {"format": "JPEG", "quality": 88},
    "png": {"format": "PNG"},
    "webp": {"format": "WEBP", "quality": 82, "method": 2},
}
"""How each format is written: what phones, browsers and cameras commonly do."""


def draw_screen(dice: random.Random) -> Image.Image:
    """A user interface: bars, cards, buttons, lines of text in several sizes."""
    width, height = dice.choice(SCREENS)
    dark = dice.random() < 0.3
    ground, ink = ((24, 26, 30), (230, 230, 235)) if dark else ((248, 249, 251), (28, 30, 34))
    image = Image.new("RGB", (width, height), ground)
    pen = ImageDraw.Draw(image)
    accent = tuple(dice.randrange(40, 220) for _ in range(3))
    pen.rectangle((0, 0, width, 64), fill=accent)
    pen.text((16, 18), sentence(dice, "english")[:40], fill=(255, 255, 255), font=ImageFont.load_default(26))
    top = 80
    while top < height - 90:
        tall = dice.choice((60, 90, 140))
        pen.rounded_rectangle((12, top, width - 12, top + tall - 10), 10, outline=accent, width=2)
        if dice.random() < 0.5:
            pen.ellipse((24, top + 10, 64, top + 50), fill=tuple(dice.randrange(256) for _ in range(3)))
        size = dice.choice((14, 16, 20))
        for line in range((tall - 20) // (size + 6)):
            where = (80, top + 8 + line * (size + 6))
            pen.text(where, sentence(dice, "english")[: width // 9], fill=ink, font=ImageFont.load_default(size))
        top += tall
    if dice.random() < 0.4:  # a picture within the page
        picture = draw_photograph(dice).resize((width // 2, height // 4))
        image.paste(picture, (width // 4, height // 2))
    return image


def draw_photograph(dice: random.Random) -> Image.Image:
    """Soft shapes of many sizes under sensor noise: its spectrum falls as a photograph's does."""
    width, height = dice.choice(PHOTOGRAPHS)
    grain = np.random.default_rng(dice.randrange(2**32))
    layers = np.zeros((height, width, 3), np.float32)
    for level in range(2, 8):  # octaves, each half as strong
        cells = grain.normal(0, 1, (2**level, 2**level, 3)).astype(np.float32)
        for channel in range(3):
            layer = Image.fromarray(cells[:, :, channel]).resize((width, height), Image.Resampling.BICUBIC)
            layers[:, :, channel] += np.asarray(layer) / 1.7**level
    pixels = 128 + 90 * layers + grain.normal(0, 2.5, layers.shape)
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8))


def write_pool(folder: Path, name: str, number: int) -> list[Path]:
    """`number` distinct images of a format, every second one a screen; what is there already is kept."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for index in range(number):
        path = folder / f"{index}.{name}"
        if not path.exists():
            dice = random.Random(f"{name} {index}")
            image = (draw_screen if index % 2 else draw_photograph)(dice)
            part = path.with_suffix(".part")
            image.save(part, **OPTIONS[name])
            part.replace(path)
        paths.append(path)
    return paths

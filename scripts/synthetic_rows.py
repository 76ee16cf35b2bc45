"""Synthetic question-and-answer rows, text and pictures, that a tiny model can learn; seeded, with some true chance."""

from __future__ import annotations

import random
from pathlib import Path

from PIL import Image, ImageDraw

COLOURS = {
    "red": (210, 40, 40),
    "green": (40, 170, 60),
    "blue": (50, 80, 210),
    "yellow": (235, 215, 50),
    "black": (20, 20, 20),
    "white": (245, 245, 245),
}
THINGS = {"sky": "blue", "grass": "green", "snow": "white", "coal": "black", "blood": "red", "lemon": "yellow"}
PLACES = ("top left", "top right", "bottom left", "bottom right")
WORDS = (
    "river", "stone", "house", "apple", "window", "garden", "music",
    "paper", "winter", "summer", "table", "bread", "horse", "cloud",
)  # fmt: skip
OPENINGS = ("", "Sure. ", "Of course. ", "Let me see. ", "Well, ")


def text_row(rng: random.Random) -> dict:
    """A row without media, with 2 to some 90 labels."""
    kind = rng.randrange(6)
    if kind == 0:
        thing = rng.choice(list(THINGS))
        return _row(f"What colour is the {thing}?", f"{rng.choice(OPENINGS)}The {thing} is {THINGS[thing]}.")
    if kind == 1:
        thing, colour = rng.choice(list(THINGS)), rng.choice(list(COLOURS))
        return _row(f"Is the {thing} {colour}?", "Yes." if THINGS[thing] == colour else "No.")
    if kind == 2:
        first = rng.randrange(1, 20)
        last = first + rng.randrange(2, 25)
        return _row(f"Count from {first} to {last}.", " ".join(map(str, range(first, last + 1))))
    if kind == 3:
        words = rng.choices(WORDS, k=rng.randrange(2, 9))
        return _row(f"Repeat: {' '.join(words)}", " ".join(words))
    if kind == 4:
        words = rng.choices(WORDS, k=rng.randrange(4, 16))
        return _row("Tell a story.", rng.choice(OPENINGS) + " ".join(f"The {word} was there." for word in words))
    words = rng.choices(WORDS, k=rng.randrange(2, 6))
    text = " and ".join(words)
    return _row(f"Here are {text}. How many are they?", f"They are {len(words)}.")


def image_row(rng: random.Random, folder: Path, name: str) -> dict:
    """A row with one picture of a coloured box, which is drawn into the folder."""
    ground, box = rng.sample(list(COLOURS), 2)
    place = rng.randrange(4)
    width, height = rng.randrange(84, 260), rng.randrange(84, 260)
    image = Image.new("RGB", (width, height), COLOURS[ground])
    left, top = (place % 2) * width // 2, (place // 2) * height // 2
    corner = (left + width // 2 - 10, top + height // 2 - 10)
    ImageDraw.Draw(image).rectangle((left + 10, top + 10, *corner), fill=COLOURS[box])
    folder.mkdir(parents=True, exist_ok=True)
    image.save(folder / name)
    kind = rng.randrange(3)
    if kind == 0:
        return _row("<image>Which colour is the box?", f"{rng.choice(OPENINGS)}The box is {box}.", name)
    if kind == 1:
        return _row("<image>Is the box red?", "Yes." if box == "red" else "No.", name)
    words = " ".join(f"Nothing of {word}." for word in rng.choices(WORDS, k=rng.randrange(0, 9)))
    return _row(
        "Describe the picture.\n<image>", f"A {box} box on a {ground} ground, {PLACES[place]}. {words}".strip(), name
    )


def rows(seed: int, number: int, folder: Path, prefix: str = "image") -> list[dict]:
    """A shuffled mixture, half of it with pictures."""
    rng = random.Random(seed)
    return [
        image_row(rng, folder, f"{prefix}_{seed}_{index}.png") if index % 2 else text_row(rng)
        for index in range(number)
    ]


def _row(question: str, answer: str, image: str | None = None) -> dict:
    messages = [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]
    return {"messages": messages, "images": [image] if image else []}

"""A corpus of boxes and points in all spellings and systems, with what is meant: made anew from a number."""

import random
from dataclasses import dataclass

SIZES = [(1920, 1080), (1080, 2400), (3840, 2160), (640, 480), (1280, 960), (2000, 300)]
BOX = [
    "<|object_ref_start|>the lamp<|object_ref_end|><|box_start|>({0},{1}),({2},{3})<|box_end|>",
    "<box>({0},{1}),({2},{3})</box>",
    '```json\n[\n\t{{"bbox_2d": [{0}, {1}, {2}, {3}], "label": "lamp"}}\n]\n```',
    '{{"bbox_2d": [\n    {0},\n    {1},\n    {2},\n    {3}\n  ]}}',
    "{{'bbox': [{0}, {1}, {2}, {3}]}}",
    '{{"arguments": "{{\\"bbox_2d\\": [{0}, {1}, {2}, {3}]}}"}}',
    'Here it is: <div class="image" data-bbox="{0} {1} {2} {3}"><img/></div>',
    "bbox_2d = ({0}, {1}, {2}, {3})",
]
POINT = [
    "click(x={0}, y={1})",
    "Action: click({0}, {1})",
    "pyautogui.click(x={0}, y={1}, clicks=2)",
    "pyautogui.moveTo({0}, {1}, 0.5)",
    "click(start_box='<|box_start|>({0},{1})<|box_end|>')",
    "click(start_box='({0},{1})')",
    "click(point='<point>{0} {1}</point>')",
    "long_press([{0}, {1}])",
    '<tool_call>\n{{"name": "computer_use", "arguments": {{"coordinate": [{0}, {1}]}}}}\n</tool_call>',
    '{{"point_2d": [{0}, {1}], "label": "lamp"}}',
    "doubleClick({0}, {1})",
    "tap({0}, {1})",
]
OUTLINE = [
    '{{"points": [[{0}, {1}], [{2}, {1}], [{2}, {3}], [{0}, {3}]]}}',
    "<|quad_start|>({0},{1}),({2},{1}),({2},{3}),({0},{3})<|quad_end|>",
    '<p data-polygon="{0} {1} {2} {1} {2} {3}">',
]
PROSE = [
    "",
    "It is here, see [3] and (2, 4): ",
    "The box, which one may click (or tap), is 30 by 40 wide. ",
    "图中的物体：",
    "Ünïcödé İstanbul: ",
]


@dataclass(frozen=True)
class Row:
    """A text, and what it means: `kind`, the four numbers of the box around it in its own system, that system, and the
    size of the image.
    """

    text: str
    kind: str
    numbers: tuple[float, float, float, float]
    system: str
    stored: tuple[int, int]


def rows(number: int, fed, seed: int = 0) -> list[Row]:
    """So many rows. `fed` gives the size as fed of a stored size. Every box lies at the far end of its image, where its
    system is certain if it can be.
    """
    draw = random.Random(seed)
    made = []
    for _ in range(number):
        stored = draw.choice(SIZES)
        system = draw.choice(["pixels", "0-1000", "0-1", "fed"])
        wide, high = {"pixels": stored, "fed": fed(stored), "0-1000": (1000, 1000), "0-1": (1, 1)}[system]
        shares = [draw.uniform(0, 0.5), draw.uniform(0, 0.5), draw.uniform(0.9, 1), draw.uniform(0.9, 1)]
        values = [share * side for share, side in zip(shares, (wide, high, wide, high), strict=True)]
        if system == "0-1":
            digits = draw.choice([2, 3, 4])
            written = [f"{min(value, 0.99):.{digits}f}" for value in values]
        elif draw.random() < 0.2:
            written = [f"{int(value * 10) / 10:.1f}" for value in values]
        else:
            written = [str(int(value)) for value in values]
        kind, spellings = draw.choice([("box", BOX), ("point", POINT), ("outline", OUTLINE)])
        spelling = draw.choice(spellings)
        if kind == "point":
            written = written[2:]
        text = draw.choice(PROSE) + spelling.format(*written) + draw.choice(["", "\n", " That is all (1, 2)."])
        if spelling.startswith("{{'bbox'"):
            kind = "bbox"
        numbers = [float(word) for word in written]
        made.append(Row(text, kind, tuple(numbers * 2 if kind == "point" else numbers), system, stored))
    return made

"""ms-swift's own scaling of `objects`, and ours: equal, for Qwen2-VL (0 to 1000) and Qwen2.5-VL (pixels as fed)."""

import random

import pytest

from tests.environments import needs_trainer, trainer_home
from tests.judges import ask
from validator.coordinates.convert import spelled
from validator.coordinates.systems import bounds, scaled
from validator.facts.located import fed_size
from validator.facts.recipe import limits_of
from validator.settings import Settings
from validator.tokens.processor import load_processor

pytestmark = needs_trainer("ms-swift")
ROWS = 2000


@pytest.mark.parametrize(
    ("processor", "norm", "own"), [("embedded", "norm1000", "0-1000"), ("qwen2.5-vl", "none", "fed")]
)
def test_boxes_are_scaled_alike(processor, norm, own):
    draw = random.Random(26)
    settings = Settings(dataset_info=".", trainer="ms-swift", processor=processor, image_max_pixels=602_112)
    limits = limits_of(settings, load_processor(processor))
    given = []
    for _ in range(ROWS):
        stored = draw.randrange(30, 4000), draw.randrange(30, 4000)
        unit = draw.random() < 0.3
        wide, high = (1, 1) if unit else stored
        sides = [wide, high] * draw.choice((1, 2))
        bbox = [draw.uniform(0, side) if unit or draw.random() < 0.3 else draw.randint(0, side) for side in sides]
        given.append(
            {"bbox": [bbox], "bbox_type": "norm1" if unit else "real", "width": stored[0], "height": stored[1],
             "fed": fed_size(stored, limits), "norm": norm}
        )  # fmt: skip
    ours = []
    for one in given:
        stored = one["width"], one["height"]
        source = bounds("0-1" if one["bbox_type"] == "norm1" else "pixels", stored, one["fed"])
        target = bounds(own, stored, one["fed"])
        numbers = [scaled(value, place % 2, source, target) for place, value in enumerate(one["bbox"][0])]
        ours.append([[int(spelled(number, "1", fraction=False)) for number in numbers]])
    assert ask(trainer_home("ms-swift"), "tests.trainers.judge_boxes", given=given) == ours

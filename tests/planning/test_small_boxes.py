"""Boxes below one token, counted on columns at several pixel limits, are those that the facts of each row say."""

from dataclasses import replace

import pytest
from PIL import Image

from tests.conftest import Dataset, say
from tests.coordinates.spellings import SIZES, rows
from validator.coordinates.systems import own_system
from validator.engine.run_files.finished import FinishedRun
from validator.facts.located import fed_sides, row_shapes
from validator.facts.recipe import limits_of
from validator.facts.table import from_record
from validator.planning.plan import plan
from validator.planning.small_boxes import small_boxes
from validator.tokens.processor import load_processor

LIMITS = (20_000, 100_000, 400_000, 1_600_000)
SEE = "<image>Where?"


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    data = Dataset(tmp_path_factory.mktemp("small"))
    for number, size in enumerate(SIZES):
        Image.new("RGB", size, "white").save(data.folder / f"{number}.png")
    told = []
    for number, row in enumerate(rows(300, lambda stored: stored, seed=2)):
        x, y = number * 7 % 900, number * 13 % 900
        text = row.text + f' "bbox_2d": [{x}, {y}, {x + 5 + number % 60}, {y + 5 + number % 40}]'
        told.append(say(SEE, text, images=[f"{SIZES.index(row.stored)}.png"]))
    told.append(say("<image>" + SEE, '"bbox_2d": [1, 2, 3, 4]', images=["0.png", "1.png"]))
    told.append(say("Hi", "Hello", images=None))
    data.write(told)
    data.check()
    return FinishedRun(data.folder / "run")


@pytest.mark.parametrize(("system", "certain"), [("0-1000", {}), ("fed", {}), ("0-1000", {"data": "pixels"})])
def test_columns_and_rows_count_alike(run, system, certain):
    settings = run.settings
    limits = {
        most: limits_of(settings.model_copy(update={"image_max_pixels": most}), load_processor("embedded"))
        for most in LIMITS
    }
    now = limits_of(settings, load_processor("embedded"))
    counted = small_boxes(run.samples_table(), limits, now, system, certain)
    with run.samples_table() as table:
        records = table.read().to_pylist()
    for most, those in limits.items():
        boxes = small = 0
        for record in records:
            row, then = row_shapes(from_record(record), now), row_shapes(from_record(record), those)
            for one, other in zip(row.shapes, then.shapes, strict=True) if row else ():
                if len(one.frames) == 1 and one.shape.kind != "point" and one.shape.fault is None:
                    sides = sides_at(one, certain.get("data", system))
                    at = [s / f * g for s, f, g in zip(sides, one.frames[0].fed, other.frames[0].fed, strict=True)]
                    boxes += 1
                    small += max(at) < those.image.factor
        assert (counted[most].boxes, counted[most].small) == (boxes, small)
        assert boxes > 200


def sides_at(one, system):
    return fed_sides(replace(one, bits=1), system)


def test_a_larger_limit_leaves_fewer_and_the_plan_says_it(run):
    result = plan(run, [], list(LIMITS), 8)
    small = [option.small_boxes.small for option in result.options]
    assert small == sorted(small, reverse=True) and small[0] > small[-1] > 0
    assert result.record()["options"][0]["small_boxes"] == small[0]
    assert own_system(load_processor("embedded").family.coordinates) == "0-1000"

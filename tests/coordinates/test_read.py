"""Boxes and points are read in every spelling that says what it is, and nothing else is."""

import math

import pytest

from tests.coordinates.spellings import rows
from validator.coordinates.read import MOST, read
from validator.coordinates.systems import BITS, possible

READ = {
    "Qwen2-VL's box": ("<|box_start|>(5,5),(120,9)<|box_end|>", [("box", 5, 5, 120, 9)]),
    "a point in box tokens": ("<|box_start|>(5,7)<|box_end|>", [("point", 5, 7)]),
    "a quad": (
        "<|quad_start|>(1,2),(3,2),(3,4),(1,4)<|quad_end|>",
        [("outline", 1, 2, 3, 2, 3, 4, 1, 4)],
    ),
    "Qwen-VL's box": ("<ref>dog</ref><box>(1,2),(3,4)</box>", [("box", 1, 2, 3, 4)]),
    "two boxes in one list": ('"bbox_2d": [[1, 2, 3, 4],\n [5, 6, 7, 8]]', [("box", 1, 2, 3, 4), ("box", 5, 6, 7, 8)]),
    "points in a list": ('"point_2d": [[1, 2], [3, 4]]', [("point", 1, 2), ("point", 3, 4)]),
    "decimals": ('"bbox_2d": [0.5, .25, 1.0, 1e0]', [("box", 0.5, 0.25, 1, 1)]),
    "a negative number": ('"bbox_2d": [-14, 2, 30, 40]', [("box", -14, 2, 30, 40)]),
    "the wrong way round": ('"bbox_2d": [30, 40, 10, 20]', [("box", 30, 40, 10, 20)]),
    "UI-TARS's point written as a box": ("click(start_box='[10, 20, 10, 20]')", [("point", 10, 20, 10, 20)]),
    "a drag": ("drag(start_box='(1,2)', end_box='(3,4)')", [("point", 1, 2), ("point", 3, 4)]),
    "a swipe": ("swipe(1, 2, 3, 4)", [("point", 1, 2), ("point", 3, 4)]),
    "capitals": ("CLICK(10, 20)", [("point", 10, 20)]),
    "letters that grow when they are made small": ('İ İ "bbox_2d": [1, 2, 3, 4]', [("box", 1, 2, 3, 4)]),
    "in the order of the text": (
        'click(1, 2) "bbox_2d": [3, 4, 5, 6] tap(7, 8)',
        [("point", 1, 2), ("box", 3, 4, 5, 6), ("point", 7, 8)],
    ),
    "four numbers alone": ("[10, 20, 30, 40] and (1, 2)", []),
    "a listener": ("onclick(5, 3); handleClick(4, 5); overlap(1, 2)", []),
    "names for numbers": ('"bbox_2d": [x1, y1, x2, y2], click(x, y)', []),
    "null": ('"bbox_2d": [1, null, 3, 4]', []),
    "three numbers": ('"bbox_2d": [1, 2, 3]', []),
    "points that are a score": ('"points": 10, "points": [1, 2]', []),
    "more digits than an image has": ("click(123456789, 5)", []),
    "no end": ("<|box_start|>(5,5),(120,9)", []),
}


@pytest.mark.parametrize("name", READ)
def test_spelling(name):
    text, expected = READ[name]
    assert [(one.kind, *one.numbers) for one in read(text)] == expected


def test_a_number_that_is_none_is_read_as_such():
    (one,) = read('{"bbox_2d": [NaN, 2, Infinity, 4]}')
    assert math.isnan(one.numbers[0]) and one.shape(0).fault == "nan"


def test_each_number_is_where_it_stands():
    text = 'Ä: {"bbox_2d": [ 1.50, -2,\n 3e0 , 4 ]}'
    (one,) = read(text)
    assert [text[slice(*span)] for span in one.spans] == ["1.50", "-2", "3e0", "4"]


def test_a_bbox_that_may_hold_a_width_is_not_sure():
    assert [one.sure for one in read('"bbox": [500, 400, 100, 90] "bbox": [1, 2, 3, 4]')] == [False, True]


def test_no_more_than_asked_for():
    assert len(read('"bbox_2d": [1, 2, 3, 4] ' * (MOST + 5))) == MOST
    assert len(read("click(1, 2) " * 9, most=3)) == 3
    assert len(read('"bbox_2d": [' + ", ".join(["[1, 2, 3, 4]"] * 3000) + "]")) == MOST


def test_a_long_outline_is_read_whole():
    (one,) = read('"points": [' + ", ".join(f"[{n}, {n + 1}]" for n in range(1500)) + "]")
    assert (one.kind, len(one.numbers), one.shape(0).reach) == ("outline", 3000, (0, 1, 1499, 1500))


def fed(stored):
    """Any other size will do."""
    return stored[0] * 2 // 3, stored[1] * 2 // 3


CORPUS = rows(2000, fed)


def test_two_thousand_rows_are_read_right():
    wrong = []
    for row in CORPUS:
        found = read(row.text)
        shape = found[0].shape(0) if len(found) == 1 else None
        if shape is None or (shape.kind, (shape.x1, shape.y1, shape.x2, shape.y2)) != (row.kind, row.numbers):
            wrong.append(row)
    assert wrong == []


def test_the_system_of_two_thousand_rows_is_never_excluded_and_often_certain():
    bits = [possible(read(row.text)[0].shape(0), row.stored, fed(row.stored)) for row in CORPUS]
    assert all(found & BITS[row.system] for found, row in zip(bits, CORPUS, strict=True))
    certain = {
        system: sum(found == BITS[system] for found, row in zip(bits, CORPUS, strict=True) if row.system == system)
        for system in BITS
    }
    total = {system: sum(row.system == system for row in CORPUS) for system in BITS}
    assert certain["0-1"] == total["0-1"]
    assert certain["pixels"] > total["pixels"] / 2 and certain["0-1000"] > total["0-1000"] / 8

"""Image arithmetic against vectors that were measured with the trainer."""

import pytest

from validator.media.geometry import ImageLimits, smart_resize
from validator.trainers.llamafactory.resize import image_grid, trainer_resize

DEFAULT = ImageLimits(max_pixels=589824, min_pixels=1024)
ORIGIN = ImageLimits(max_pixels=1048576, min_pixels=1024)


@pytest.mark.parametrize(
    ("limits", "size", "tokens"),
    [
        (DEFAULT, (640, 480), 391),
        (DEFAULT, (100, 100), 16),
        (DEFAULT, (64, 64), 4),
        (DEFAULT, (32, 32), 4),
        (DEFAULT, (1, 1), 4),
        (DEFAULT, (6000, 20), 180),
        (DEFAULT, (640, 320), 253),
        (ORIGIN, (1024, 1024), 1369),
        (ORIGIN, (1920, 1080), 1323),
        (ORIGIN, (1080, 2400), 1296),
        (ORIGIN, (690, 15420), 1384),
        (ORIGIN, (73, 14364), 1539),
    ],
)
def test_tokens(limits, size, tokens):
    rows, columns = image_grid(*size, limits)
    assert rows * columns == 4 * tokens


@pytest.mark.parametrize(
    ("size", "resized"),
    [
        ((2000, 9), (2000, 28)),
        ((6000, 20), (5040, 28)),
        ((20, 6000), (28, 5040)),
        ((5600, 28), (5600, 28)),  # exactly 200: untouched
        ((5601, 28), (5040, 28)),
        ((1, 1), (32, 32)),
        ((28, 28), (32, 32)),
        ((100, 50), (100, 50)),
    ],
)
def test_the_trainers_own_resize(size, resized):
    assert trainer_resize(*size, 1048576, 1024) == resized


@pytest.mark.parametrize("size", [(1_200_000, 1), (1, 1_048_577)])
def test_a_side_that_becomes_zero(size):
    with pytest.raises(ValueError, match="height and width must be > 0"):
        image_grid(*size, ORIGIN)


def test_smart_resize_refuses_a_ratio_above_200():
    with pytest.raises(ValueError, match=r"absolute aspect ratio must be smaller than 200, got 201\.0"):
        smart_resize(28, 5628, 28, 3136, 12845056)

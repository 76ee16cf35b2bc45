"""Videos under Qwen3-VL: frames stand apart behind their times; what LLaMA-Factory 0.9.5 makes of several videos."""

import pytest

from tests.conftest import say
from tests.oracle.videos import film
from validator.conversation.sample import Turn
from validator.media.geometry import smart_resize_frames
from validator.tokens.encode import TrainerError
from validator.trainers.llamafactory.times import times_of

TWO, FOUR = (4, (0.2, 0.7)), (8, (0.25, 0.75, 1.25, 1.75))


@pytest.mark.parametrize(
    ("texts", "videos", "rule", "made"),
    [
        (["<video>a", "b"], [TWO], "of-first-and-message", [("<0.2 seconds>", "<0.7 seconds>")]),
        (["a", "b<video>"], [TWO], "of-first-and-message", 1),
        (["a", "b<video>"], [TWO], "own", [("<0.2 seconds>", "<0.7 seconds>")]),
        (["<video><video>"], [TWO, FOUR], "of-first-and-message", [("<0.2 seconds>", "<0.7 seconds>")] * 2),
        (["<video>", "<video>"], [FOUR, TWO], "of-first-and-message", 1),
        (
            ["<video>", "<video>"],
            [TWO, FOUR],
            "of-first-and-message",
            [("<0.2 seconds>", "<0.7 seconds>"), ("<0.2 seconds>", "<0.8 seconds>")],
        ),
    ],
)
def test_times_that_are_written(texts, videos, rule, made):
    """A number is the message at which the trainer stops."""
    turns = [Turn(place, "user", text) for place, text in enumerate(texts)]
    if isinstance(made, int):
        with pytest.raises(TrainerError, match="list index out of range") as stopped:
            times_of(turns, videos, rule=rule)
        assert (stopped.value.turn, stopped.value.stage) == (made, "encode")
    else:
        assert times_of(turns, videos, rule=rule) == made


@pytest.mark.parametrize(
    ("frames", "height", "width", "size"),
    [
        (4, 48, 64, (64, 64)),
        (2, 32, 32, (64, 64)),
        (128, 256, 256, (256, 256)),
        (768, 1080, 1920, (128, 224)),
        (4, 28, 300, "height:28 or width:300 must be larger than factor:32"),
        (4, 33, 6700, "absolute aspect ratio must be smaller than 200, got 203.03"),
    ],
)
def test_size_of_frames(frames, height, width, size):
    """As Qwen3VLVideoProcessor of transformers 5.6.0 with the limits of the published model says."""
    if isinstance(size, str):
        with pytest.raises(ValueError, match=size):
            smart_resize_frames(frames, height, width, 32, (4096, 25165824))
    else:
        assert smart_resize_frames(frames, height, width, 32, (4096, 25165824)) == size


@pytest.fixture
def films(dataset):
    film(dataset.folder / "short.mp4", 25, 25)
    film(dataset.folder / "long.mp4", 100, 25)
    film(dataset.folder / "longer.mp4", 105, 25)
    return dataset


def test_frames_stand_apart(films):
    """Two frames of 64x64 pixels are four pads, between markers, behind `<0.2 seconds>` and the like."""
    films.write([say("See<video>", "Yes.", videos=["long.mp4"])])
    result, findings = films.check(processor="qwen3-vl")
    (sample,) = films.samples()
    (medium,) = sample["media"]
    assert findings == [] and result.summary["exit_code"] == 0
    assert [slot["index"] for turn in sample["turns"] for slot in turn["slots"]] == [0, 0, 0, 0]
    assert [round(seconds, 2) for seconds in medium["seconds"]] == [0.28, 1.4, 2.52, 3.66]
    assert (sample["num_video_tokens"], sample["num_tokens"]) == (4 * 4, 61)


@pytest.mark.parametrize(
    ("texts", "names", "codes"),
    [
        (["<video>a", "b"], ["long.mp4"], set()),
        (["a", "b", "<video>c", "d"], ["long.mp4"], {"VD008"}),
        (["<video><video>a", "b"], ["short.mp4", "long.mp4"], {"VD008"}),
        (["<video>a", "<video>b"], ["long.mp4", "short.mp4"], {"VD008"}),
        (["<video><video>a", "b"], ["long.mp4", "longer.mp4"], {"VD009"}),
        (["<video><video>a", "b"], ["long.mp4", "long.mp4"], set()),
    ],
)
def test_videos_that_get_what_is_anothers(films, texts, names, codes):
    films.write([say(*texts, videos=names)])
    _, findings = films.check(processor="qwen3-vl", ignore=("PH002", "VD005", "DU"))
    assert {finding["code"] for finding in findings} == codes
    for settings in ({}, {"processor": "qwen3-vl", "trainer": "llamafactory@main"}):
        films.write([say(*texts, videos=names)])
        _, findings = films.check(**settings)
        assert not {finding["code"] for finding in findings} & {"VD008", "VD009"}

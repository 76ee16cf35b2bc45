"""What findings say of a row and advise is true under the trainer of the run."""

import json

import pytest
from PIL import Image

from tests.conftest import check, say

META = {"rows": {"file_name": "rows.json", "formatting": "sharegpt", "columns": {"messages": "messages"}}}
SWIFT = {"trainer": "ms-swift"}
OFF = "cut.png` of 60 bytes is cut off: {} with OSError: image file is truncated"


@pytest.fixture
def found(tmp_path):
    """Messages and helps of one rule about one row."""
    Image.effect_noise((60, 60), 50).save(tmp_path / "ok.png")
    (tmp_path / "cut.png").write_bytes((tmp_path / "ok.png").read_bytes()[:60])

    def call(code, row, **settings):
        (tmp_path / "rows.json").write_text(json.dumps([row]))
        (tmp_path / "meta.json").write_text(json.dumps(META))
        data = "meta.json" if settings["trainer"] == "nemo-automodel" else "rows.json"
        findings = check(tmp_path / data, tmp_path / "run", select=(code,), **settings)[1]
        return [(finding["message"], finding["help"]) for finding in findings]

    return call


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (SWIFT, "the row is left out"),
        (SWIFT | {"strict": True}, "the trainer stops"),
        ({"trainer": "nemo-automodel"}, "the row is left out"),
        ({"trainer": "axolotl"}, "the trainer stops"),
    ],
)
def test_a_row_that_is_left_out_stops_nothing(found, settings, said):
    asked = [{"type": "image"}, {"type": "text", "text": "a"}] if settings["trainer"] == "axolotl" else "<image>a"
    ((message, _),) = found("MD003", say(asked, "b", images=["cut.png"]), **settings)
    assert message == f"the PNG `{OFF.format(said)}"


def test_a_pad_stops_training_or_has_its_row_left_out(found):
    row = say("hi<|image_pad|>", "yo", images=["ok.png"])
    row["messages"][0]["content"] = "<image>hi<|image_pad|>"
    for trainer, said in (("nemo-automodel", "the row is left out"), ("ms-swift", "training stops at this row")):
        ((message, _),) = found("PH004", row, trainer=trainer)
        assert message == f"turn 0 contains <|image_pad|>: {said}"


@pytest.mark.parametrize("trainer", ["trl", "unsloth", "axolotl"])
@pytest.mark.parametrize(
    ("word", "instead"),
    [
        ("<image>", ', and write {"type": "image"} as a part of the content where the picture stands'),
        ("<video>", ', and write {"type": "video", "video": PATH} as a part of the content where the video stands'),
    ],
)
def test_a_word_becomes_a_part_of_its_kind(found, trainer, word, instead):
    ((message, fix),) = found("CV018", say(f"{word}hi", "yo"), trainer=trainer)
    assert (message, fix) == (f"`{word}` stays text here: the model reads the word", f"Take it out{instead}.")


@pytest.mark.parametrize(
    ("row", "fix"),
    [
        (say("hi", "yo", videos=["a.mp4"]), 'Write {"type": "video", "video": PATH} into a message where each belongs'),
        (say("hi", "yo", pictures=["ok.png"]), "Put them into a column `images`"),
    ],
)
@pytest.mark.parametrize("trainer", ["trl", "axolotl"])
def test_data_alone_have_no_columns_to_name(found, trainer, row, fix):
    ((_, said),) = found("DI017", row, trainer=trainer)
    assert said == f"{fix}, or remove it if only the text is meant."


def test_a_role_that_is_missing_is_not_written(found):
    row = {"messages": [{"role": None, "content": "hi"}, {"role": "assistant", "content": "yo"}]}
    ((message, _),) = found("CV025", row, trainer="axolotl")
    assert message == "turn 0 has no role: nothing of the turn is learned"


def test_an_empty_path(found):
    ((message, _),) = found("MD001", say("<image>hi", "yo", images=[""]), **SWIFT)
    assert message == "the path of the image is empty"


@pytest.mark.parametrize(
    ("messages", "said", "more"),
    [
        ([], "no message is found", ", or remove the row if it has none"),
        ([{"role": "human", "content": "hi"}], "none of its 1 message is read", ""),
    ],
)
def test_a_row_that_is_emptied(found, messages, said, more):
    ((message, fix),) = found("DI029", {"messages": messages}, trainer="nemo-automodel")
    assert message == f"{said}: the row is fed as a white picture"
    assert fix == f"Name the column of messages in `columns`, and the words for roles in `tags`{more}."

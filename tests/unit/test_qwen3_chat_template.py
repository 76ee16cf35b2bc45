"""What Qwen3-VL's own chat template makes of messages: as transformers 5.24 renders it (tests/trainers asks it)."""

import pyarrow.parquet as pq
import pytest

from tests.conftest import ALL_TAGS, check, findings_of
from validator.conversation.sample import Sample, Turn
from validator.tokens.encode import encode_turns
from validator.tokens.processor import load_processor
from validator.trainers.registry import trainer_named

Q, A, T = "user", "assistant", "observation"
USER, TOOL = "<|im_start|>user\n", "\n<tool_response>\n"


def written(*turns, system=None, trainer="hf"):
    processor = load_processor("qwen3-vl")
    sample = Sample(turns=[Turn(place, role, text) for place, (role, text) in enumerate(turns)], system=system)
    encoded = encode_turns(sample, processor, None, trainer_named(trainer).template(processor, None))
    return "".join("[image]".join(turn.written) for turn in encoded)


@pytest.mark.parametrize(
    ("turns", "system", "text"),
    [
        ([(Q, "a"), (A, "b")], None, f"{USER}a<|im_end|>\n<|im_start|>assistant\nb<|im_end|>\n"),
        ([(Q, "a")], "s", f"<|im_start|>system\ns<|im_end|>\n{USER}a<|im_end|>\n"),
        ([(T, "a"), (T, "b")], None, f"{USER[:-1]}{TOOL}a\n</tool_response>{TOOL}b\n</tool_response><|im_end|>\n"),
        ([(Q, "a"), ("system", "s"), (A, "b")], None, f"{USER}a<|im_end|>\n<|im_start|>assistant\nb<|im_end|>\n"),
        ([("system", "s"), (Q, "a")], None, f"<|im_start|>system\ns<|im_end|>\n{USER}a<|im_end|>\n"),
        ([(Q, "<image>a"), (A, "<image>b")], None, f"{USER}[image]a<|im_end|>\n<|im_start|>assistant\nb<|im_end|>\n"),
    ],
)
def test_what_is_written(turns, system, text):
    assert written(*turns, system=system) == text


def test_an_image_in_an_answer_stops_training(dataset):
    dataset.image("a.png", (64, 64))
    row = {"messages": [{"role": Q, "content": "draw"}, {"role": A, "content": "<image>"}], "images": ["a.png"]}
    dataset.write([row], tags=ALL_TAGS)
    result, _ = check(dataset.registry, dataset.folder / "run", trainer="hf", processor="qwen3-vl")
    (found,) = [finding for finding in findings_of(result.folder) if finding["code"] == "PH002"]
    assert "writes no media in answers" in found["message"]
    assert "Found total 0 <|image_pad|> tokens and 1 images." in found["message"]


def test_ms_swift_writes_no_prompt_of_its_own():
    text = written((Q, "a"), (A, "b"), trainer="ms-swift")
    assert text == f"{USER}a<|im_end|>\n<|im_start|>assistant\nb<|im_end|>\n"


def test_qwen_vl_utils_is_not_reproduced_for_it():
    with pytest.raises(ValueError, match="qwen-vl-utils with Qwen3-VL is not reproduced"):
        trainer_named("qwen-vl-utils").template(load_processor("qwen3-vl"), None)


def test_a_row_without_messages_stops_it(dataset):
    dataset.write(
        [{"messages": [], "images": []}, {"messages": [{"role": Q, "content": "a"}], "images": []}], tags=ALL_TAGS
    )
    result, _ = check(dataset.registry, dataset.folder / "run", trainer="trl", processor="qwen3-vl")
    errors = pq.read_table(result.folder / "samples.parquet")["trainer_error"].to_pylist()
    assert errors == ["UndefinedError: list object has no element 0", None]

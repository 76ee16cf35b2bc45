"""What the published chat templates of Qwen3.5 and Qwen3.6 make of messages under TRL (tests/trainers asks it)."""

import json

import pytest

from tests.conftest import check, findings_of
from tests.oracle.model_folder import make_folder
from tests.trainers.trl_thoughts import folder_of
from validator.tokens.encode import TrainerError, encode_turns
from validator.tokens.processor import load_processor
from validator.trainers.registry import trainer_named
from validator.trainers.transformers.own import Loss, convert_own

USER, ANSWER, END = "<|im_start|>user\n", "<|im_start|>assistant\n", "<|im_end|>\n"
EMPTY = "<think>\n\n</think>\n\n"


def user(text):
    return {"role": "user", "content": text}


def answer(text, **more):
    return {"role": "assistant", "content": text, **more}


def tool(text):
    return {"role": "tool", "content": text}


@pytest.fixture(params=["qwen3_5_think", "qwen3_5_nothink", "qwen3_6"])
def processor(request, tmp_path, monkeypatch):
    return load_processor(folder_of(request.param, tmp_path, monkeypatch))


def written(processor, row, loss=None):
    trainer = trainer_named("trl")
    sample = convert_own(row, loss or Loss())
    assert sample.unchecked is None and not sample.crashed
    trainer.complete(sample, [], processor)
    encoded = encode_turns(sample, processor, None, trainer.template(processor, None))
    return "".join("[image]".join(turn.written) for turn in encoded)


@pytest.mark.parametrize(
    ("messages", "text"),
    [
        ([user(" a\n"), answer("b ")], f"{USER}a{END}{ANSWER}{EMPTY}b{END}"),
        ([user("a"), answer("<think>t</think>b")], f"{USER}a{END}{ANSWER}<think>\nt\n</think>\n\nb{END}"),
        ([user("a"), answer("so <think>t</think>b")], f"{USER}a{END}{ANSWER}<think>\nt\n</think>\n\nb{END}"),
        ([user("a"), answer("t</think> \nb")], f"{USER}a{END}{ANSWER}<think>\nt\n</think>\n\n \nb{END}"),
        ([user("a"), answer("<think>b")], f"{USER}a{END}{ANSWER}{EMPTY}<think>b{END}"),
        (
            [user("a"), answer("<think>t</think>b"), user("c"), answer("d")],
            f"{USER}a{END}{ANSWER}b{END}{USER}c{END}{ANSWER}{EMPTY}d{END}",
        ),
        (
            [user("a"), answer("b"), user("<tool_response>c</tool_response>"), answer("d")],
            f"{USER}a{END}{ANSWER}{EMPTY}b{END}{USER}<tool_response>c</tool_response>{END}{ANSWER}{EMPTY}d{END}",
        ),
        (
            [user("a"), answer("</think>b", reasoning_content=" t ")],
            f"{USER}a{END}{ANSWER}<think>\nt\n</think>\n\n</think>b{END}",
        ),
        ([{"role": "system", "content": " "}, user("a")], f"<|im_start|>system\n{END}{USER}a{END}"),
        (
            [tool("r"), user("a")],
            f"\n<tool_response>\nr\n</tool_response>{END}{USER}a{END}",
        ),
        (
            [user("a"), tool("r"), tool("s")],
            f"{USER}a{END}{USER}<tool_response>\nr\n</tool_response>\n<tool_response>\ns\n</tool_response>{END}",
        ),
    ],
)
def test_what_is_written(messages, text, processor):
    assert written(processor, {"messages": messages}) == text


def test_thoughts_of_all_answers_stay_where_answers_alone_are_learned(processor):
    row = {"messages": [user("a"), answer("<think>t</think>b"), user("c"), answer("d")]}
    text = f"{USER}a{END}{ANSWER}<think>\nt\n</think>\n\nb{END}{USER}c{END}{ANSWER}{EMPTY}d{END}"
    assert written(processor, row, Loss(assistant_only=True)) == text


@pytest.mark.parametrize(
    ("messages", "said"),
    [
        ([answer("b")], "No user query found in messages."),
        ([user("<tool_response>a</tool_response>"), answer("b")], "No user query found in messages."),
        ([user("a"), {"role": "system", "content": "s"}], "System message must be at the beginning."),
    ],
)
def test_what_stops_it(messages, said, processor):
    with pytest.raises(TrainerError, match=said):
        written(processor, {"messages": messages})


def test_a_row_without_a_question_is_found(tmp_path, monkeypatch):
    (tmp_path / "rows.jsonl").write_text(json.dumps({"messages": [answer("b")]}))
    files = folder_of("qwen3_6", tmp_path, monkeypatch)
    result, _ = check(tmp_path / "rows.jsonl", tmp_path / "run", trainer="trl", processor=files)
    (found,) = [finding for finding in findings_of(result.folder) if finding["code"] == "CV004"]
    assert "TemplateError: No user query found in messages." in found["message"]


def test_what_a_folder_without_a_published_template_is_refused_with(tmp_path):
    files = make_folder(tmp_path / "model")
    (files / "chat_template.jinja").write_text("{{ messages }}")
    with pytest.raises(ValueError, match="where the folder has their chat_template"):
        trainer_named("trl").template(load_processor(str(files)), None)

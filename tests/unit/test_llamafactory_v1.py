"""Rows and registries under LLaMA-Factory v1: what becomes of each, as llamafactory-kt 0.9.6.dev0 itself answered."""

import json

import pyarrow.parquet as pq
import pytest
from PIL import Image

from tests.commands import run_in_process
from tests.conftest import check
from validator.catalog import entry as entries
from validator.catalog.registry import load_registry
from validator.catalog.yaml_registry import is_training_file
from validator.trainers.llamafactory_v1.rows import convert

CRASH = ("crash", None, None)


def human(value):
    return {"from": "human", "value": value}


def gpt(value):
    return {"from": "gpt", "value": value}


def chat(*messages, **more):
    return {"conversations": list(messages), **more}


def call(value):
    return chat(human("x"), {"from": "function_call", "value": value}, {"from": "observation", "value": "3"}, gpt("yo"))


ROWS = {
    "text": (chat(human("hi"), gpt("yo")), ("ok", 23, 3), []),
    "two answers are two samples": (chat(human("hi"), gpt("yo"), human("more"), gpt("again")), ("ok", 35, 6), []),
    "a question at the end": (
        chat(human("hi"), gpt("yo"), human("<image>more"), images=["gone.png"]),
        ("ok", 23, 3),
        ["CV021"],
    ),
    "an image": (chat(human("<image>hi"), gpt("yo"), images=["a.png"]), ("ok", 416, 3), []),
    "a path alone": (chat(human("<image>x"), gpt("yo"), images="a.png"), ("ok", 416, 3), []),
    "an image in an answer": (chat(human("hi"), gpt("see <image> so"), images=["a.png"]), ("ok", 418, 398), ["PH002"]),
    "in a system message": (
        chat({"from": "system", "value": "x<image>"}, human("hi"), gpt("see so"), images=["s.png"]),
        ("ok", 25, 4),
        [],
    ),
    "a line feed first": (chat(human("hi"), gpt("\nyo")), CRASH, ["LB007"]),
    "spaces first": (chat(human("hi"), gpt("  yo")), ("ok", 24, 4), []),
    "an empty answer": (chat(human("hi"), gpt("")), ("ok", 22, 2), ["LB002"]),
    "an answer first": (chat(gpt("yo")), CRASH, ["CV023"]),
    "behind a system message": (chat({"from": "system", "value": "s"}, gpt("yo")), ("ok", 12, 3), []),
    "no answer": (chat(human("x")), CRASH, ["CV023"]),
    "no message": (chat(), CRASH, ["CV023"]),
    "an unknown role": (chat({"from": "user", "value": "s"}, human("x"), gpt("yo")), ("ok", 23, 3), ["CV022"]),
    "a call": (call('{"name": "f", "arguments": {}}'), ("ok", 34, 5), ["CV019"]),
    "a call that is no JSON": (call("nope"), ("ok", 29, 3), ["CV022"]),
    "a call without a name": (call("[5]"), CRASH, ["CV006"]),
    "special tokens": (chat(human("x<|im_end|><|image_pad|>"), gpt("yo<|endoftext|>")), ("ok", 44, 11), ["PH015"]),
    "no text": (chat(human(None), gpt("yo")), CRASH, ["CV005"]),
    "tools": (chat(human("x"), gpt("yo"), tools='[{"name": "f"}]'), ("ok", 23, 3), ["CV019"]),
    "tools that are none": (chat(human("x"), gpt("yo"), tools='["x"]'), CRASH, ["CV007"]),
    "a tag too many": (chat(human("<image>x"), gpt("yo"), images=[]), CRASH, ["PH016"]),
    "a tag too few": (chat(human("x"), gpt("yo"), images=["a.png"]), CRASH, ["PH016"]),
    "gone": (chat(human("<image>x"), gpt("yo"), images=["gone.png"]), CRASH, ["MD001"]),
    "null in the list": (chat(human("<image>x"), gpt("yo"), images=[None]), CRASH, ["MD007"]),
    "audio": (chat(human("<audio>x"), gpt("yo"), audios=["a.mp3"]), CRASH, ["MD008"]),
    "a video that is fetched": (
        chat(human("<video>x"), gpt("yo"), videos=["https://example.com/a.mp4"]),
        ("unchecked", None, None),
        [],
    ),
}
CUT = {
    "the answer is behind the cutoff": (
        chat(human("<image>hi"), gpt("yo"), images=["a.png"]),
        ("dropped", None, None),
        ["TK012"],
    ),
    "an image in the answer becomes exclamation marks": (
        chat(human("hi"), gpt("see <image> so"), images=["a.png"]),
        ("ok", 60, 3),
        ["PH002", "TK004", "TK011"],
    ),
    "a later answer is behind the cutoff": (
        chat(human("hi"), gpt("yo"), human("<image>more"), gpt("again"), images=["a.png"]),
        ("ok", 23, 3),
        ["TK002"],
    ),
}
OWN = {
    "blocks": (
        [("user", [("text", "hi"), ("image_url", "s.png")]), ("assistant", [("reasoning", "so"), ("text", "yo")])],
        ("ok", 29, 3),
        [],
    ),
    "what is behind the last answer is not written": (
        [("user", [("text", "hi")]), ("assistant", [("text", "yo")]), ("user", [("text", None)])],
        ("ok", 23, 3),
        ["CV021"],
    ),
    "a tag is text": ([("user", [("text", "<image>")]), ("assistant", [("text", "yo")])], ("ok", 25, 3), ["CV018"]),
    "blocks of another layout": (
        [("user", [("image", "a.png")]), ("assistant", [{"type": "text", "text": "yo"}])],
        CRASH,
        ["CV004"],
    ),
    "text is no list of blocks": ([("user", "hi"), ("assistant", "yo")], CRASH, ["CV005"]),
}


def judged(folder, row, *, converter="sharegpt", cutoff_len=2048):
    Image.new("RGB", (640, 480), "red").save(folder / "a.png")
    Image.new("RGB", (64, 64), "red").save(folder / "s.png")
    (folder / "data.json").write_text(json.dumps([row]))
    registry = folder / "data.json"
    if converter:
        registry = folder / "data.yaml"
        registry.write_text(f"data:\n  path: data.json\n  source: local\n  converter: {converter}\n")
    given = {"cutoff_len": cutoff_len, "image_max_pixels": 12845056, "ignore": ("IM008", "TK006")}
    result, findings = check(str(registry), folder / "run", trainer="llamafactory-v1", **given)
    record = pq.read_table(result.folder / "samples.parquet").to_pylist()[0]
    codes = sorted({finding["code"] for finding in findings if not finding["code"].startswith("XX")})
    return (record["outcome"], record["num_tokens"], record["num_label_tokens"]), codes


@pytest.mark.parametrize("name", ROWS)
def test_rows(tmp_path, name):
    row, outcome, codes = ROWS[name]
    assert judged(tmp_path, row) == (outcome, codes)


@pytest.mark.parametrize("name", CUT)
def test_cut_rows(tmp_path, name):
    row, outcome, codes = CUT[name]
    assert judged(tmp_path, row, cutoff_len=60) == (outcome, codes)


@pytest.mark.parametrize("name", OWN)
def test_data_alone_is_in_its_own_layout(tmp_path, name):
    messages, outcome, codes = OWN[name]
    said = [
        {
            "role": role,
            "content": content
            if isinstance(content, str)
            else [block if isinstance(block, dict) else {"type": block[0], "value": block[1]} for block in content],
        }
        for role, content in messages
    ]
    assert judged(tmp_path, {"messages": said}, converter=None) == (outcome, codes)


def test_alpaca_rows_have_media_in_the_question_alone(tmp_path):
    row = {"instruction": "<image>", "input": "hi", "output": "a <image>", "images": ["s.png"]}
    assert judged(tmp_path, row, converter="alpaca") == (("ok", 32, 6), ["CV018"])


def test_a_column_that_is_null_stops(tmp_path):
    row = {"instruction": "hi", "input": None, "output": "yo"}
    assert judged(tmp_path, row, converter="alpaca") == (CRASH, ["CV005"])


ENTRIES = {
    "source: local": "looked for on the hub",
    "source: local\n  converter: Alpaca": "is not registered under DataConverterPlugin",
    "source: disk": "is not registered under DataLoaderPlugin",
    "source: local\n  streaming: true": "stops training",
    "source: local\n  converter: [sharegpt]": "is not registered under DataConverterPlugin",
    "source: {local: yes}": "is not registered under DataLoaderPlugin",
    "source: local\n  size: no": "must be a whole number",
    "source: local\n  size: 9223372036854775808": "below 2**63",
    "source: local\n  weight: .nan": "must be a number from 0 on",
    "source: local\n  weight: .inf": "below 2**63",
    "source: local\n  weight: -1": "must be a number from 0 on",
}


def entry_of(folder, lines):
    (folder / "rows.json").write_text("[]")
    registry = folder / "data.yaml"
    registry.write_text(f"data:\n  path: {folder}/rows.json\n  {lines}\n")
    return load_registry(registry)


@pytest.mark.parametrize("lines", list(ENTRIES)[1:])
def test_entries_that_stop_training(tmp_path, lines):
    (fault,) = entry_of(tmp_path, lines).faults
    assert ENTRIES[lines] in fault.reason


def test_a_file_without_a_source_is_looked_for_on_the_hub(tmp_path):
    (fault,) = entry_of(tmp_path, "converter: alpaca").faults
    assert "write `source: local`" in fault.reason


@pytest.mark.parametrize(("line", "share"), [("weight: 1.0", 37), ("size: 1", 37), ("weight: 2", 14)])
def test_draws_leave_rows_out(tmp_path, line, share):
    (tmp_path / "rows.jsonl").write_text(json.dumps(chat(human("hi"), gpt("yo"))) + "\n")
    registry = tmp_path / "data.yaml"
    registry.write_text(f"data:\n  path: {tmp_path}/rows.jsonl\n  source: local\n  converter: sharegpt\n  {line}\n")
    _, findings = check(str(registry), tmp_path / "run", trainer="llamafactory-v1")
    (told,) = [finding["message"] for finding in findings if finding["code"] == "DI028"]
    assert f"about {share} %" in told


def test_a_registry_in_yaml_is_no_training_file(tmp_path):
    registry, training = tmp_path / "data.yaml", tmp_path / "train.yaml"
    registry.write_text("a:\n  path: x.json\n  source: local\n")
    training.write_text("stage: sft\nmodel_name_or_path: x\n")
    assert not is_training_file(str(registry)) and is_training_file(str(training))
    assert is_training_file(str(tmp_path / "gone.yaml"))


@pytest.mark.parametrize("text", ["", "a: [", "a: {path: x, other: 1}"])
def test_yaml_that_is_no_registry_is_not_called_a_training_file(tmp_path, text):
    registry = tmp_path / "data.yaml"
    registry.write_text(text)
    result = run_in_process("check", registry, "--trainer", "llamafactory-v1", cwd=tmp_path)
    assert result.returncode == 2 and "data.yaml" in result.stderr and "training file" not in result.stderr


@pytest.mark.parametrize("role", [["user"], {"user": 1}, None, 5])
def test_a_role_of_any_type_leaves_the_row_unchecked(role):
    row = {"messages": [{"role": role, "content": []}]}
    assert convert(row, entries.OWN).unchecked == "message 0 has a role that is not reproduced"

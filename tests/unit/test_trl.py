"""Rows as TRL's users have them: what becomes of each, as TRL 1.16.0 itself answered, and what is found."""

import json

import pyarrow.parquet as pq
import pytest
from PIL import Image

from tests.conftest import check
from tests.helpers.own_rows import IMAGE, INLINE, chat, prompt, text
from tests.unit.single_rows import judged_by_trl as judged

TOOLS = '[{"name": "f"}]'
LOOSE = "<|vision_start|><|image_pad|><|vision_end|>"

LONG = "hi " * 1200
ROWS = {
    "as text": (chat("hi", "yo", images=["a.png"]), ("ok", 37, 37), []),
    "two images before the first question": (chat("a", "b", "c", "d", images=["a.png", "b.png"]), ("ok", 128, 128), []),
    "no image": (chat("hi", "yo", images=[]), ("ok", 23, 23), []),
    "images null": (chat("hi", "yo", images=None), ("ok", 23, 23), []),
    "an empty text": (chat("hi", "yo", images=""), ("ok", 23, 23), []),
    "a path in place of a list": (chat("hi", "yo", images="a.png"), ("crash", None, None), ["MD007"]),
    "gone": (chat("hi", "yo", images=["gone.png"]), ("crash", None, None), ["MD001"]),
    "one image": (chat("hi", "yo", image="a.png"), ("ok", 37, 37), []),
    "one image, null": (chat("hi", "yo", image=None), ("crash", None, None), ["CV020"]),
    "a placeholder is a word": (chat("<image>hi", "yo", images=["a.png", "b.png"]), ("ok", 119, 119), ["CV018"]),
    "in parts": (chat([IMAGE, text("hi")], [text("yo")], images=["a.png"]), ("ok", 37, 37), []),
    "within parts": (chat([INLINE, text("hi")], [text("yo")], images=[]), ("ok", 37, 37), []),
    "a URL that is a path": (
        chat([{"type": "image_url", "image_url": {"url": "a.png"}}, text("hi")], [text("yo")], images=[]),
        ("ok", 37, 37),
        [],
    ),
    "no part for the image": (chat([text("hi")], [text("yo")], images=["a.png"]), ("crash", None, None), ["CV020"]),
    "the text is null": (chat([text(None)], [text("yo")], images=[]), ("ok", 23, 23), []),
    "no content": (chat("hi", None, images=[]), ("ok", 22, 22), ["LB002"]),
    "a pad in the text": (chat(f"hi{LOOSE}", "yo", images=[]), ("crash", None, None), ["PH004"]),
    "tools": (chat("hi", "yo", images=[], tools=TOOLS), ("ok", 23, 23), ["CV019"]),
    "a role that is none": (
        {"messages": [{"role": "human", "content": "x"}], "images": []},
        ("crash", None, None),
        ["CV004"],
    ),
    "from and value, with images": (
        {"conversations": [{"from": "user", "value": "x"}], "images": []},
        ("crash", None, None),
        ["CV004"],
    ),
    "from and value": (
        {"conversations": [{"from": "user", "value": "x"}, {"from": "assistant", "value": "y"}]},
        ("ok", 23, 23),
        [],
    ),
    "from human": ({"conversations": [{"from": "human", "value": "x"}]}, ("crash", None, None), ["CV004"]),
    "pictures without a column": (chat([INLINE, text("hi")], [text("yo")]), ("ok", 37, 37), ["DI022"]),
    "a part for no image": (chat([IMAGE, text("hi")], [text("yo")]), ("crash", None, None), ["CV020"]),
    "tools that are none": (chat("hi", "yo", tools="nope"), ("crash", None, None), ["CV004"]),
    "a prompt": (prompt("hi", "yo"), ("ok", 23, 3), []),
    "a line feed that is one token with the header's": (prompt("hi", "\nyo"), ("ok", 23, 4), []),
    "a space is not": (prompt("hi", " yo"), ("ok", 23, 3), []),
    "a prompt that is too long": (prompt(LONG, "yo"), ("dropped", None, None), ["TK010"]),
    "a prompt with an image": (prompt("hi", "yo", images=["a.png"]), ("ok", 37, 3), []),
    "images null beside a prompt": (prompt("hi", "yo", images=None), ("crash", None, None), ["MD007"]),
    "an image with a prompt that is too long": (
        prompt(LONG, "yo", images=["a.png"]),
        ("ok", 1024, 0),
        ["LB001", "TK003", "TK004"],
    ),
    "an image within a prompt": (
        prompt([INLINE, text("hi")], [text("yo")], images=[]),
        ("crash", None, None),
        ["CV020"],
    ),
    "a prompt of text": ({"prompt": "hi", "completion": "yo"}, ("unchecked", None, None), []),
    "rows of text": ({"text": "hi"}, ("unchecked", None, None), []),
    "base64": (chat("hi", "yo", images=["data:image/png;base64,AAAA"]), ("unchecked", None, None), []),
    "a URL": (chat("hi", "yo", images=["https://example.com/a.png"]), ("unchecked", None, None), []),
}  # fmt: skip
ANSWERS_ONLY = {
    "an answer": (chat("hi", "yo"), ("ok", 23, 3), []),
    "begins with a line feed": (chat("hi", "\nyo"), ("ok", 23, 4), []),
    "is empty": (chat("hi", ""), ("ok", 22, 2), ["LB002"]),
    "two of them": (chat("hi", " \n yo", "z", "w"), ("ok", 35, 7), []),
    "none": (chat("hi"), ("crash", None, None), ["CV009", "LB005"]),
    "conversations of from and value": (
        {"conversations": [{"from": "human", "value": "hi"}, {"from": "gpt", "value": "yo"}]},
        ("crash", None, None),
        ["CV004"],
    ),
    "none beside images": (chat("hi", images=[]), ("ok", 17, 0), ["LB001"]),
}


@pytest.mark.parametrize("name", ROWS)
def test_rows(tmp_path, name):
    row, outcome, codes = ROWS[name]
    assert judged(tmp_path, row) == (outcome, codes)


@pytest.mark.parametrize("name", ANSWERS_ONLY)
def test_answers_alone_are_learned(tmp_path, name):
    row, outcome, codes = ANSWERS_ONLY[name]
    assert judged(tmp_path, row, assistant_only_loss=True) == (outcome, codes)


def test_completions_may_be_learned_with_their_prompts(tmp_path):
    assert judged(tmp_path, prompt("hi", "yo"), completion_only_loss=False)[0] == ("ok", 23, 23)
    stops = judged(tmp_path, chat("hi", "yo", images=[]), completion_only_loss=True)
    assert stops == (("crash", None, None), ["CV004"])


def test_parquet_gives_each_part_the_keys_of_all(tmp_path):
    """What trains as JSON lines stops as Parquet."""
    row = chat([INLINE, text("hi")], [text("yo")], images=[])
    assert judged(tmp_path, row)[0] == ("ok", 37, 37)
    assert judged(tmp_path, row, "data.parquet") == (("crash", None, None), ["CV020"])


def test_hf_is_another_name_of_it(tmp_path, mmvalidate):
    (tmp_path / "data.jsonl").write_text(json.dumps(chat("hi", "yo")) + "\n")
    done = mmvalidate("data.jsonl", "--trainer", "hf", "--output-format", "json")
    assert done.returncode == 0 and json.loads(done.stdout)["summary"]["settings"]["trainer"] == "trl"


def test_folders_are_data_too(tmp_path, mmvalidate):
    """A folder of files, and a table that `save_to_disk` has written."""
    from datasets import Dataset, DatasetDict

    rows = [chat("hi", "yo"), chat("hu", "ya")]
    (tmp_path / "lines.v1").mkdir()
    for name, row in zip("ab", rows, strict=True):
        (tmp_path / "lines.v1" / f"{name}.jsonl").write_text(json.dumps(row) + "\n")
    table = Dataset.from_list(rows)
    table.save_to_disk(tmp_path / "saved", num_shards=2)
    DatasetDict({"train": table}).save_to_disk(tmp_path / "both")
    for folder, dataset in (("lines.v1", "lines.v1"), ("saved", "saved"), ("both/train", "train")):
        done = mmvalidate(folder, "--trainer", "trl", "--output-format", "json", "--run-dir", "run")
        assert done.returncode == 0, done.stderr
        summary = json.loads(done.stdout)["summary"]
        assert summary["rows"]["ok"] == 2 and [entry["dataset"] for entry in summary["datasets"]] == [dataset]
    done = mmvalidate("both", "--trainer", "trl")
    assert done.returncode == 2 and "holds several splits: name one of them, as" in done.stderr
    assert "both/train" in done.stderr


def test_images_of_a_saved_table_are_opened_by_the_loader(tmp_path):
    """They are turned as their EXIF block says, and of any format that Pillow opens."""
    from datasets import Dataset, Features, List, Value
    from datasets import Image as ImageColumn

    Image.new("RGB", (100, 80), "red").save(tmp_path / "a.bmp")
    message = {"role": Value("string"), "content": Value("string")}
    features = Features({"messages": List(message), "images": List(ImageColumn())})
    rows = [chat("hi", "yo", images=[str(tmp_path / "a.bmp")])]
    Dataset.from_list(rows, features=features).save_to_disk(tmp_path / "saved")
    _, findings = check(str(tmp_path / "saved"), tmp_path / "run", trainer="trl", ignore=("IM008", "LB006"))
    assert findings == []
    assert pq.read_table(tmp_path / "run" / "samples.parquet")["num_tokens"].to_pylist() == [37]


def test_a_copy_says_what_to_train_on(tmp_path, mmvalidate):
    """Data alone have no dataset_dir."""
    from datasets import Dataset

    rows = [chat("hi", "yo"), {"messages": [{"role": "human", "content": "x"}]}]
    (tmp_path / "data.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    Dataset.from_list(rows).save_to_disk(tmp_path / "saved")
    for name in ("data.jsonl", "saved"):
        mmvalidate(name, "--trainer", "trl", "--run-dir", f"run_{name}", "-q")
        done = mmvalidate("export", f"run_{name}", "--to", f"out_{name}")
        assert f"train on: out_{name}/{name}" in done.stdout and "dataset_dir" not in done.stdout
        assert ("not by load_from_disk" in done.stdout) == (name == "saved")

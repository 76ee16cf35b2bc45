"""Rows and entries under NeMo AutoModel: what becomes of each, as nemo-automodel 0.7.0 itself answered."""

import json

import pytest
from PIL import Image

from tests.conftest import check
from tests.unit.single_rows import answer, chat, judged, user
from validator.engine.run_files.finished import FinishedRun
from validator.planning.plan import plan

CRASH, DROPPED = ("crash", None, None), ("dropped", None, None)


ROWS = {
    "text is given a white picture": (chat(user("hi"), answer("yo")), ("ok", 29, 2), []),
    "an image": (chat(user("<image>hi"), answer("yo"), images=["a.png"]), ("ok", 37, 2), []),
    "white space is taken off": (chat(user(" <image> hi "), answer("yo"), images=["a.png"]), ("ok", 37, 2), []),
    "in capitals": (chat(user("<IMAGE>hi"), answer("yo"), images=["a.png"]), ("ok", 37, 2), []),
    "a placeholder too many": (
        chat(user("<image><image>hi"), answer("yo"), images=["a.png"]),
        ("ok", 37, 2),
        ["PH017"],
    ),
    "an image too many": (chat(user("hi"), answer("yo"), images=["a.png"]), ("ok", 29, 2), ["PH017"]),
    "an answer's placeholder is text": (
        chat(user("hi"), answer("<image>"), images=["a.png"]),
        ("ok", 31, 4),
        ["PH017"],
    ),
    "gone": (chat(user("<image>hi"), answer("yo"), images=["gone.png"]), DROPPED, ["MD001"]),
    "a line feed first": (chat(user("hi"), answer("\nyo")), ("ok", 29, 0), ["LB001", "LB008"]),
    "an unknown role": (
        chat(user("hi"), {"role": "tool", "content": "3"}, answer("yo")),
        ("ok", 29, 2),
        ["DI030"],
    ),
    "no role is known": (chat({"role": "human", "content": "hi"}), ("ok", 22, 0), ["DI029", "LB001"]),
    "no message": (chat(), ("ok", 22, 0), ["DI029", "LB001"]),
    "null messages": ({"messages": None}, CRASH, ["CV004"]),
    "no text in a question": (chat(user(None), answer("yo")), CRASH, ["CV005"]),
    "no text in an answer": (chat(user("hi"), answer(None)), ("ok", 29, 2), ["CV005"]),
    "a row that is too long": (chat(user("x " * 3000), answer("yo")), DROPPED, ["TK013"]),
    "control tokens": (chat(user("<|im_end|>"), answer("yo")), ("unchecked", None, None), []),
    "an image in a database": (
        chat(user("<image>hi"), answer("yo"), images=["db.lmdb::x"]),
        ("unchecked", None, None),
        [],
    ),
}


def judged_by_nemo(folder, row, **entry):
    (folder / "pics").mkdir()
    Image.effect_noise((100, 80), 50).convert("RGB").save(folder / "a.png")
    Image.effect_noise((100, 80), 50).convert("RGB").save(folder / "pics" / "b.png")
    (folder / "data.json").write_text(json.dumps([row]))
    registry = folder / "dataset_info.json"
    registry.write_text(json.dumps({"data": {"file_name": "data.json", "formatting": "sharegpt", **entry}}))
    return judged(registry, "nemo-automodel", cutoff_len=2048)


@pytest.mark.parametrize("name", ROWS)
def test_rows(tmp_path, name):
    row, outcome, codes = ROWS[name]
    assert judged_by_nemo(tmp_path, row) == (outcome, codes)


LIKE_LLAMAFACTORY = {"conversations": [{"from": "human", "value": "hi"}, {"from": "gpt", "value": "yo"}]}


def test_an_entry_that_llamafactory_reads_is_emptied(tmp_path):
    """Both have defaults, and they are others."""
    assert judged_by_nemo(tmp_path, LIKE_LLAMAFACTORY) == (("ok", 22, 0), ["DI029", "LB001"])


def test_an_entry_that_says_its_names_is_read(tmp_path):
    tags = {"role_tag": "from", "content_tag": "value", "user_tag": "human", "assistant_tag": "gpt"}
    found = judged_by_nemo(tmp_path, LIKE_LLAMAFACTORY, columns={"messages": "conversations"}, tags=tags)
    assert found == (("ok", 29, 2), [])


def test_names_that_an_incomplete_block_leaves_out_are_its_own(tmp_path):
    row = {"chat": [user("<image>hi"), answer("yo")], "images": ["a.png"]}
    assert judged_by_nemo(tmp_path, row, columns={"messages": "chat"}, tags={"system_tag": "boss"}) == (
        ("ok", 37, 2),
        [],
    )


def test_an_entry_has_a_folder_of_media(tmp_path):
    row = chat(user("<image>hi"), answer("yo"), images=["b.png"])
    assert judged_by_nemo(tmp_path, row, media_dir=str(tmp_path / "pics"))[0] == ("ok", 37, 2)


def test_a_plan_knows_what_stops_it_and_what_is_replaced(tmp_path):
    rows = [chat(user(None), answer("yo")), chat(user("<image>hi"), answer("yo"), images=["gone.png"])]
    rows += [chat(user("x " * 60), answer("yo")), chat(user("hi"), answer("yo"))]
    (tmp_path / "data.json").write_text(json.dumps(rows))
    registry = tmp_path / "dataset_info.json"
    registry.write_text(json.dumps({"data": {"file_name": "data.json", "formatting": "sharegpt"}}))
    result, _ = check(str(registry), tmp_path / "run", trainer="nemo-automodel", cutoff_len=50)
    counts = plan(FinishedRun(result.folder), [50], [], 8).current.counts
    assert (counts.stopped, counts.dropped, counts.whole) == (1, 2, 1)

"""Rows as ms-swift reads them: layouts, joined messages, completed tags, what is learned, and what the cutoff takes."""

import json

import pytest

from tests.conftest import check, say
from validator.catalog.json_survey import survey
from validator.catalog.kept_as_json import with_mixed
from validator.engine.run_files.finished import FinishedRun
from validator.trainers.whole_row import WholeRow

SYSTEM, QUESTION, ANSWER = 11, 9, 3
"""Tokens of the default system prompt, of a question of one token with the header of its answer, and of such an answer
with its end.
"""
PAIR = SYSTEM + QUESTION + ANSWER
IMAGE = 4 + 2
"""Tokens of an image of 56 x 56 pixels, with the markers around them."""
U, A = {"role": "user", "content": "hi"}, {"role": "assistant", "content": "yo"}


def result(folder, row, **settings):
    """Outcome, tokens and labels of a row, and the codes of its findings."""
    import pyarrow.parquet as pq
    from PIL import Image

    Image.new("RGB", (56, 56)).save(folder / "a.png")
    Image.new("RGB", (100, 50)).save(folder / "b.png")
    (folder / "rows.jsonl").write_text(json.dumps(row))
    _, findings = check(folder / "rows.jsonl", folder / "run", trainer="ms-swift", **settings)
    record = pq.read_table(folder / "run" / "samples.parquet").to_pylist()[0]
    codes = sorted({finding["code"] for finding in findings})
    return (record["outcome"], record["num_tokens"], record["num_label_tokens"]), codes


READ = {
    "messages": {"messages": [U, A]},
    "sharegpt": {"conversations": [{"from": "human", "value": "hi"}, {"from": "gpt", "value": "yo"}]},
    "pairs": {"conversation": [{"human": "hi", "assistant": "yo"}]},
    "query and response": {"query": "hi", "response": "yo"},
    "by other names": {"question": "hi", "answer": "yo"},
    "alpaca": {"instruction": "hi", "input": "", "output": "yo"},
    "messages as JSON": {"messages": json.dumps([U, A])},
    "contents in parts": {"messages": [{"role": "user", "content": [{"type": "text", "text": "hi"}]}, A]},
    "first of several responses": {"query": "hi", "response": ["yo", "no"]},
}


@pytest.mark.parametrize("layout", READ)
def test_layouts(tmp_path, layout):
    assert result(tmp_path, READ[layout]) == (("ok", PAIR, ANSWER), [])


@pytest.mark.parametrize(
    ("row", "expected", "codes"),
    [
        ({"query": "hi", "response": "yo", "history": [["hi", "yo"]]}, ("ok", 2 * PAIR - SYSTEM, 2 * ANSWER), []),
        ({"query": "hi", "response": "yo", "system": ""}, ("ok", PAIR - SYSTEM, ANSWER), []),
        ({"messages": [U, U, A]}, ("ok", PAIR + 1, ANSWER), []),  # joined
        ({"messages": [U, A, A]}, ("ok", PAIR + 1, ANSWER + 1), []),
        ({"messages": [A]}, ("ok", PAIR - 1, ANSWER), []),  # an empty question before it
        ({"messages": [U, A, U]}, ("ok", PAIR + QUESTION, ANSWER), []),  # the last question is not answered
        ({"messages": [U, {**A, "loss": False}, U, A]}, ("ok", 2 * PAIR - SYSTEM, ANSWER), []),
        (
            {"messages": [U, A, U, {**A, "loss": False}]},
            ("ok", 2 * PAIR - SYSTEM, ANSWER + 2),
            [],
        ),  # its end is learned
        ({"messages": [U, {**A, "content": ""}, U, A]}, ("ok", 2 * PAIR - SYSTEM - 1, ANSWER), ["LB002"]),
        ({"messages": [U, {**A, "content": "yo<|im_end|>"}]}, ("ok", PAIR - 1, ANSWER - 1), ["PH004"]),
        (say("<image>hi", "yo", images=["a.png"]), ("ok", PAIR + IMAGE, ANSWER), []),
        (say("hi", "yo", images=["a.png"]), ("ok", PAIR + IMAGE, ANSWER), ["PH007"]),
        (say("hi", "yo", image="a.png"), ("ok", PAIR + IMAGE, ANSWER), ["PH007"]),
        (say("<image>hi <image>", "yo", images=["a.png"]), ("ok", PAIR + IMAGE + 3, ANSWER), ["PH006"]),
        (say("hi", "yo<image>", images=["a.png"]), ("ok", PAIR + IMAGE, ANSWER), []),
        (
            say("hi", "<bbox>", images=["b.png"], objects={"bbox": [[50, 0, 100, 50]]}),
            ("ok", SYSTEM + QUESTION + 8 + 2 + 21, 21),
            ["PH007"],
        ),
        ({"messages": []}, ("dropped", None, None), ["CV003"]),
        ({"messages": [{"role": "robot", "content": "x"}]}, ("dropped", None, None), ["CV004"]),
        ({"messages": [U, {**A, "content": None}]}, ("dropped", None, None), ["CV005"]),
        ({"messages": [U, A], "tools": "f()"}, ("dropped", None, None), ["CV007"]),
        ({"messages": [U, {"role": "tool_call", "content": "f()"}]}, ("dropped", None, None), ["CV006"]),
        ({"messages": [U, A], "objects": {"ref": ["x"]}}, ("dropped", None, None), ["CV004"]),
        (say("<image>hi", "yo", images=["gone.png"]), ("dropped", None, None), ["MD001"]),
        (say("<image>hi", "yo", images=[None]), ("dropped", None, None), ["MD007"]),
        (say("<video>hi", "yo", videos=["gone.mp4"]), ("dropped", None, None), ["MD001"]),
        (say("<video>hi", "yo", videos=[None]), ("dropped", None, None), ["MD007"]),
        (say("<video>hi", "yo", videos=["https://a.b/c.mp4"]), ("unchecked", None, None), ["XX001"]),
        (say("hi", "yo", images=["https://a.b/c.png"]), ("unchecked", None, None), ["XX001"]),
        (say("hi", "yo", rejected_response="no"), ("unchecked", None, None), ["XX001"]),
    ],
)
def test_rows(tmp_path, row, expected, codes):
    assert result(tmp_path, row) == (expected, codes)


BOX = [50, 0, 100, 50]
PICTURE = {"images": ["b.png"]}


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({**say("<image>hi", "<bbox>"), "objects": {"bbox": [BOX]}}, []),
        ({**say("<image>hi", "<bbox><bbox>"), "objects": {"bbox": [BOX]}}, [("PH008", 1, "1 `<bbox>` more")]),
        ({**say("<image>hi", "no"), "objects": {"bbox": [BOX] * 2}}, [("PH009", None, "2 boxes in `objects.bbox`")]),
        ({**say("<image><bbox>", "<bbox>"), "objects": {"bbox": [BOX]}}, [("PH008", 1, "1 `<bbox>` more")]),
        ({**say("<image><bbox>", "no"), "system": "<bbox>", "objects": {"bbox": [BOX]}}, [("PH008", 0, "1 `<bbox>`")]),
        (
            {**say("<image><ref-object>", "<bbox>"), "objects": {"ref": [], "bbox": [BOX]}},
            [("PH008", 0, "1 `<ref-object>` more")],
        ),
        (
            {**say("<image>hi", "<bbox>"), "objects": {"ref": ["a cat"], "bbox": [BOX]}},
            [("PH009", None, "1 name in `objects.ref`")],
        ),
        ({"query": "<image>hi", "response": "<bbox><bbox>", "objects": {"bbox": [BOX]}}, [("PH008", 1, "1 `<bbox>`")]),
        ({"query": "<image>hi", "response": "no", "objects": {"bbox": [BOX]}}, [("PH009", None, "1 box in")]),
        (
            {"instruction": "<image>hi", "input": "", "output": "<bbox>", "objects": {"bbox": []}},
            [("PH008", 1, "1 `<b")],
        ),
        (
            {
                "conversations": [{"from": "human", "value": "<image>hi"}, {"from": "gpt", "value": "no"}],
                "objects": {"bbox": [BOX]},
            },
            [("PH009", None, "1 box in")],
        ),
        ({**say("<image>hi", "<bbox>1, 2, 3, 4</bbox>")}, []),  # nothing of this row is meant by it
    ],
)
def test_marks_and_objects(tmp_path, row, said):
    from PIL import Image

    Image.new("RGB", (100, 50)).save(tmp_path / "b.png")
    (tmp_path / "rows.jsonl").write_text(json.dumps({**row, **PICTURE}))
    _, findings = check(tmp_path / "rows.jsonl", tmp_path / "run", trainer="ms-swift", select=("PH", "XX"))
    assert [(found["code"], found["turn"]) for found in findings] == [(code, turn) for code, turn, _ in said]
    assert all(words in found["message"] for found, (_, _, words) in zip(findings, said, strict=True))


PARTS = {"messages": [{"role": "user", "content": [{"type": "text", "text": "hi"}]}, A], "images": "a.png"}


@pytest.mark.parametrize(
    ("answer", "read"),
    [
        ("yo", "yo"),
        ("42", 42),
        ("null", None),
        ("[]", []),
        ('"quoted"', "quoted"),
        ('{"a": [1.50]}', {"a": [1.5]}),
        ("{'a': 1}", "{'a': 1}"),
    ],
)
def test_text_in_a_column_of_mixed_types(tmp_path, answer, read):
    rows = [PARTS, {"messages": [U, {**A, "content": answer}], "images": ["b.png"], "n": 1}, {"messages": [], "n": 0.5}]
    (tmp_path / "rows.jsonl").write_text("\n".join(map(json.dumps, rows)))
    loaded = with_mixed(survey(tmp_path / "rows.jsonl"), tmp_path / "rows.jsonl")
    assert loaded.mixed == ("images", "messages[].content") and loaded.refusals == []
    view = WholeRow(loaded.types, loaded.mixed)
    seen = view(rows[1])
    assert seen["messages"][1]["content"] == read and (seen["n"], type(seen["n"])) == (1, float)
    assert view.misread(rows[1]) == ([] if answer == read else ["messages[].content"])


@pytest.mark.parametrize(
    ("rows", "mixed"),
    [
        ([{"a": "x"}, {"a": [1]}], ("a",)),
        ([{"a": [{"c": "x"}, {"c": [1]}]}], ("a[].c",)),
        ([{"a": [{"c": "x"}, {"c": [1]}, {"c": "y", "d": 1}]}], ()),  # objects with different keys are kept whole
        ([{"a": [{"c": "x"}, {"c": [1]}]}, {"a": [{"c": "y", "d": None}]}], ()),
        ([{"a": [{"c": "x"}, {"c": [1]}, None]}, {"a": None}], ("a[].c",)),
        ([{"a": [{"c": "x"}, {"c": [1]}, {}]}], ()),
        ([{"a": {"b": [{"c": "x"}, {"c": [1]}]}}, {"a": {"b": [], "e": 1}}], ()),
        ([{"a": [{"c": "x"}, {"c": [1]}], "e": 1}, {"a": []}], ("a[].c",)),  # rows may differ
        ([{"a": [{"c": "x"}, {"c": [1]}]}, {"b": [{"c": "x"}]}, {"b": 5}], ("a[].c", "b")),
    ],
)
@pytest.mark.parametrize("suffix", ["json", "jsonl"])
def test_what_is_kept_as_json(tmp_path, rows, mixed, suffix):
    path = tmp_path / f"rows.{suffix}"
    path.write_text(json.dumps(rows) if suffix == "json" else "\n".join(map(json.dumps, rows)))
    assert with_mixed(survey(path), path).mixed == mixed


@pytest.mark.parametrize(
    ("settings", "expected", "codes"),
    [
        ({}, ("dropped", None, None), ["TK009"]),
        ({"strict": True}, ("crash", None, None), ["TK009"]),
        ({"truncation_strategy": "right"}, ("ok", 40, 0), ["LB001", "TK003", "TK004"]),
        ({"truncation_strategy": "left"}, ("ok", 40, 32), ["TK003", "TK004"]),
        ({"truncation_strategy": "left", "cutoff_len": 5}, ("ok", 8, 0), ["LB001"]),
    ],
)
def test_above_the_cutoff(tmp_path, settings, expected, codes):
    """The pads of the two images stay in any case; of the rest, the first or the last tokens do."""
    row = say("<image><image>" + "one two " * 20, "three " * 100, images=["a.png", "a.png"])
    found, named = result(tmp_path, row, **{"cutoff_len": 40, **settings})
    assert found == expected and set(codes) <= set(named)


def test_judged_again(tmp_path):
    """A deleted row is there again under a larger cutoff, and cut under another strategy."""
    from validator.engine.rejudge import rejudge, settings_of

    assert result(tmp_path, say("hi", "yo " * 50), cutoff_len=40)[0] == ("dropped", None, None)
    run = tmp_path / "run"
    for change in ({"cutoff_len": 400}, {"truncation_strategy": "left"}):
        again = rejudge(FinishedRun(run), settings_of(FinishedRun(run), change), tmp_path / "again")
        assert again.summary["rows"]["ok"] == 1


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            '{"messages": []}',
            "rows.jsonl` writes the dataset_info.json that names it, or add --trainer trl, ms-swift",
        ),
        ('[{"messages": []}]', "is a data file"),
        ('[{"dataset_path": "a.jsonl"}]', "is a list: that is ms-swift's dataset_info.json"),
    ],
)
def test_data_files_are_no_registries(tmp_path, mmvalidate, text, sentence):
    path = tmp_path / ("rows.json" if text.startswith("[") else "rows.jsonl")
    path.write_text(text)
    done = mmvalidate(path)
    assert done.returncode == 2 and sentence in done.stderr


def test_entries_with_their_own_names(dataset):
    """`formatting: ms-swift` in a registry, with columns where the rows have other names; other trainers refuse it."""
    dataset.write([{"frage": "hi", "antwort": "yo"}], formatting="ms-swift",
                  columns={"query": "frage", "response": "antwort"})  # fmt: skip
    dataset.check(trainer="ms-swift")
    assert dataset.samples()[0]["num_tokens"] == PAIR
    assert [finding["code"] for finding in dataset.check()[1]] == ["DI001"]


def test_a_data_file_is_exported_with_a_registry(tmp_path, mmvalidate):
    rows = [{"query": "hi", "response": "yo"}, {"query": "hi", "response": None, "history": "no list"}]
    (tmp_path / "rows.jsonl").write_text("\n".join(map(json.dumps, rows)))
    mmvalidate("rows.jsonl", "--trainer", "ms-swift", "--run-dir", "run", "-q")
    done = mmvalidate("export", "run", "--to", "out", "-q")
    assert done.returncode == 0, done.stderr
    registry = json.loads((tmp_path / "out" / "dataset_info.json").read_text())
    assert registry == {"rows": {"file_name": "rows.jsonl", "formatting": "own"}}
    assert len((tmp_path / "out" / "rows.jsonl").read_text().splitlines()) == 1

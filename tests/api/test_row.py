"""A row of a finished run: its counts, its findings, and what the model will see of it."""

import json
from pathlib import Path

import pytest
from PIL import Image

import mmvalidate
from mmvalidate import ChangedDataError
from tests.api.conftest import ALONE, HOSTILE
from tests.conftest import say


@pytest.mark.parametrize(("number", "full", "kept"), [(0, 23, 23), (1, 426, 200), (2, 0, 0)])
def test_tokens_are_those_that_were_counted(run, number, full, kept):
    row = run.row(number)
    assert (row.dataset, row.file, row.row, row.sample["row"]) == ("data", "data.jsonl", number, number)
    assert (row.sample["num_tokens_full"] or 0, row.sample["num_tokens"] or 0) == (full, kept)
    assert sum(segment.tokens for segment in row.segments) == full
    assert sum(segment.kept for segment in row.segments) == len(row.input_ids) == len(row.labels) == kept
    assert sum(label != -100 for label in row.labels) == (row.sample["num_label_tokens"] or 0)
    assert all(label in (-100, token) for token, label in zip(row.input_ids, row.labels, strict=True))


def test_an_image_that_the_cutoff_takes(run):
    row = run.row(next(finding for finding in run.findings if finding.code == "TK001"))
    assert [finding.code for finding in row.findings if finding.severity == "error"] == ["TK001"]
    (image,) = (segment for segment in row.segments if segment.span.kind == "image" and segment.kept)
    assert row.input_ids.count(151655) == image.kept == row.sample["num_image_tokens"] < image.tokens == 400
    assert row.turns == [("system", "You are a helpful assistant."), ("user", "<image>what?"), ("assistant", "b")]
    assert "opacity:0.3" in row._repr_html_() and "426 tokens, 226 of them cut" in row._repr_html_()
    assert repr(row) == "Row(dataset='data', file='data.jsonl', row=1)" and hash(row)


def test_the_system_prompt_is_the_one_that_is_written(home):
    tools = [json.dumps([{"name": "look"}]), "[broken"]
    rows = [
        {"system": "", "tools": "", **say("a", "b")},
        *({"system": "Hi.", "tools": one, **say("a", "b")} for one in tools),
    ]
    Path("data.jsonl").write_text("\n".join(map(json.dumps, rows)))
    registry = json.loads(Path("dataset_info.json").read_text())
    registry["data"]["columns"] = {"messages": "messages", "system": "system", "tools": "tools"}
    Path("dataset_info.json").write_text(json.dumps(registry))
    run = mmvalidate.check("dataset_info.json", default_system="Be brief.", run_dir="system", execution=ALONE)
    assert run.row(0).turns == [("system", "Be brief."), ("user", "a"), ("assistant", "b")]
    (role, text), *_ = run.row(1).turns
    assert (role, text.startswith("Hi.\n"), '{"name": "look"}' in text) == ("system", True, True)
    assert run.row(2).turns[0] == ("system", "Hi.")  # the trainer stops at its tools


def test_hostile_text_is_escaped(run):
    row = run.row(3)
    assert row.turns[1] == ("user", HOSTILE)
    page = row._repr_html_()
    assert "&lt;script&gt;alert(1)&lt;/script&gt;\ufffd[2J\ufffd" in page
    assert "<script" not in page and "\x1b" not in page and "\u202e" not in page
    page.encode()


def test_long_text_and_halves_of_pairs_are_shown_in_part():
    from validator.api.row import SHOWN, _lines

    assert _lines("a\n\tb\ud800") == "a\n\ufffdb\ufffd"
    assert _lines("x" * SHOWN) == "x" * SHOWN and _lines("x" * (SHOWN + 1)) == "x" * (SHOWN - 1) + "…"


@pytest.mark.parametrize(
    ("named", "error", "sentence"),
    [
        ({"row": 4}, ValueError, "The run has no row 4."),
        ({"row": -1}, ValueError, "The run has no row -1."),
        ({"row": 1 << 70}, ValueError, "The run has no row 1180591620717411303424."),
        ({"row": 0, "dataset": "dat"}, ValueError, "The run has no dataset dat, row 0."),
        ({"row": 0, "file": Path("x")}, ValueError, "The run has no file x, row 0."),
        ({"row": "0"}, TypeError, "'str' object cannot be interpreted as an integer"),
    ],
)
def test_a_row_that_is_not_there(run, named, error, sentence):
    with pytest.raises(error) as raised:
        run.row(**named)
    assert str(raised.value) == sentence


def test_a_finding_about_a_file_and_a_row_of_several(home):
    registry = json.loads(Path("dataset_info.json").read_text())
    Path("more").mkdir()
    for name in ("x.jsonl", "y.jsonl"):
        Path("more", name).write_text(json.dumps({"images": [], **say("a", "b")}))
    registry["more"] = {**registry["data"], "file_name": "more"}
    registry["gone"] = {**registry["data"], "file_name": "gone.jsonl"}
    Path("dataset_info.json").write_text(json.dumps(registry))
    run = mmvalidate.check("dataset_info.json", run_dir="several", execution=ALONE)
    (about_a_file,) = (finding for finding in run.findings if finding.code == "DI002")
    with pytest.raises(ValueError, match=r"^DI002 is about gone(.jsonl)?, not about a row.$"):
        run.row(about_a_file)
    with pytest.raises(ValueError) as raised:
        run.row(0, dataset="more")
    assert str(raised.value) == (
        "The run has 2 times dataset more, row 0: name one of dataset='more', file='more/x.jsonl'; dataset='more', "
        "file='more/y.jsonl'."
    )
    assert run.row(0, dataset="more", file="more/y.jsonl").file == "more/y.jsonl"


CHANGES = {
    "another row in its place": (
        lambda: Path("data.jsonl").write_text(Path("data.jsonl").read_text().replace("what?", "why?")),
        "row 1 of data.jsonl (data) has changed since the run: run mmvalidate again.",
    ),
    "fewer rows": (
        lambda: Path("data.jsonl").write_text(Path("data.jsonl").read_text().splitlines()[0]),
        "row 1 of data.jsonl (data) cannot be read again: it is no longer there. Run mmvalidate again, or ",
    ),
    "no data file": (
        lambda: Path("data.jsonl").unlink(),
        "row 1 of data.jsonl (data) cannot be read again: it is no longer there. Run mmvalidate again, or ",
    ),
    "another image": (
        lambda: Image.new("RGB", (28, 28)).save("a.png"),
        "row 1 of data.jsonl (data) has 30 tokens now, and had 200: its media, or its entry in the registry, have ",
    ),
    "no image": (
        lambda: Path("a.png").unlink(),
        "row 1 of data.jsonl (data) has 0 tokens now, and had 200: its media, or its entry in the registry, have ",
    ),
}


@pytest.mark.parametrize("change", CHANGES)
def test_data_that_are_no_longer_those_of_the_run(run, change):
    make, sentence = CHANGES[change]
    make()
    row = run.row(1)
    for read in (lambda: row.input_ids, lambda: row.labels):
        with pytest.raises(ChangedDataError) as raised:
            read()
        assert str(raised.value).startswith(sentence)
    assert "426 tokens" in row._repr_html_()  # what was counted stands in the run


def test_without_the_registry(home):
    row = mmvalidate.check("dataset_info.json", run_dir="own", execution=ALONE).row(1)
    Path("dataset_info.json").unlink()
    with pytest.raises(ChangedDataError, match=r"cannot be read again: .*dataset_info.json does not exist. Run mm"):
        row.turns  # noqa: B018


def test_from_another_folder_data_are_found_where_the_run_was_made(home, run, monkeypatch, tmp_path):
    here = run.row(1).turns, run.row(1).input_ids
    monkeypatch.chdir(tmp_path)
    row = mmvalidate.open_run(home / "run").row(1)
    assert (row.turns, row.input_ids) == here

"""Rules about whole entries and runs: rows that they must speak of, and rows that they must not."""

import base64
import json
import random
from pathlib import Path

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image
from pydantic import TypeAdapter

from tests.conftest import ALL_TAGS, Dataset, findings_of, say
from tests.rules.corpus_cases import CORPUS, EITHER, JOINED, NORMALISED, PIXELS, SEE, write_parquet
from tests.rules.corruptions import noise, turns
from tests.tiers import many
from validator.catalog.registry import load_registry
from validator.engine.entries import open_entries
from validator.engine.execution.judge import Judge, finish_run
from validator.engine.execution.rulebook import Rulebook
from validator.engine.rejudge import rejudge, settings_of
from validator.engine.run_files.finished import FinishedRun
from validator.execution import Execution
from validator.facts.budget import Limits
from validator.facts.record import MediaFacts, RowFacts
from validator.media.geometry import ImageLimits
from validator.rules import alike
from validator.rules.base import EntryFacts
from validator.rules.registry import choose_rules, find_rule
from validator.rules.seen import is_evaluation
from validator.settings import Settings
from validator.training.memory import activation_bytes
from validator.training.shape import SHAPES

QUIET = {
    "IM011": [[PIXELS, EITHER], [NORMALISED, EITHER], [EITHER]],
    "IM017": [[PIXELS, NORMALISED], [NORMALISED, EITHER], [EITHER]],
    "LB003": [[turns("a", "b")], [EITHER]],
    "LB004": [[EITHER, turns("a", "b", images=None)]],
    "TK008": [[turns("a", "b")]],
    "DU001": [[say("a", "b"), say("a ", "b"), say("a", "b", system="s"), say("a", "b", "a", "b"), say("a"), say("a")]],
    "DU002": [[say("a", "b"), say("a", "b")], [say("a", "b", system="s"), say("a", "c", system="t")]],
    "DU003": [[say(f"{n}?", "Yes.") for n in range(49)], [say(f"{n}?", "Yes" * (n % 6 > 0) + ".") for n in range(60)]],
    "DU006": [[turns(SEE, "a", images=["tall.png"]), turns(SEE, "b", images=["wide.png"])],
              [turns(SEE, "a", images=["tall.png"]), turns(SEE, "b", images=["tall.png"])]],
}  # fmt: skip


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    made = Dataset(tmp_path_factory.mktemp("corpus"))
    noise((20, 30)).resize((1000, 1500)).save(made.folder / "tall.png")
    noise((20, 30)).resize((500, 750)).save(made.folder / "copy.jpg")
    noise((40, 2)).resize((2000, 100)).save(made.folder / "wide.png")
    return made


@pytest.mark.parametrize("code", [code for code, (rows, *_) in CORPUS.items() if rows])
def test_spoken_of_once(files, code):
    rows, settings, message = CORPUS[code]
    files.write(rows)
    findings = files.check(select=(code,), **settings)[1]
    assert [(finding["code"], finding["message"]) for finding in findings] == [(code, message)]


@pytest.mark.parametrize(
    ("code", "number"), [(code, place) for code, sets in QUIET.items() for place in range(len(sets))]
)
def test_quiet(files, code, number):
    files.write(QUIET[code][number])
    assert files.check(select=(code,), **({"preview": True} if code == "DU006" else {}))[1] == []


def test_memory_of_the_longest_row():
    """Measured on tiny models: tests/oracle/test_memory.py."""
    assert activation_bytes(8192, SHAPES["7B"]) / 2**30 == pytest.approx(17.5, abs=0.05)


# ---- several entries -------------------------------------------------------------------------------
def write(folder, **entries):
    registry = {}
    for name, rows in entries.items():
        (folder / f"{name}.jsonl").write_text("\n".join(json.dumps(row) for row in rows))
        registry[name] = {"file_name": f"{name}.jsonl", "formatting": "sharegpt", "tags": ALL_TAGS,
                          "columns": {"messages": "messages"}}  # fmt: skip
    (folder / "dataset_info.json").write_text(json.dumps(registry))


A, B, C, D = (say(text, "x") for text in "abcd")
RUNS = {
    "apart": ({"train": [A, B], "my_test": [C, D]}, []),
    "evaluation seen": ({"train": [A, B, C], "my_test": [C, A, D]}, [
        ("DU004", "my_test", "evaluation questions also in the training data of "
         "`train`: 2 rows (first: row 0 of my_test.jsonl, there row 2 of "
         "train.jsonl)")]),
    "evaluation seen with another answer": ({"train": [A], "val-1": [say("a", "other")]}, [
        ("DU004", "val-1", "evaluation questions also in the training data of "
         "`train`: 1 row (first: row 0 of val-1.jsonl, there row 0 of "
         "train.jsonl)")]),
    "the same in two": ({"one": [A, B], "two": [B, C], "three": [D]}, [
        ("DU005", "two", "also in `one`: 1 row (first: row 0 of two.jsonl, there row 1 of one.jsonl)")]),
    "two evaluations": ({"dev": [A], "test": [A], "latest": [A]}, [
        ("DU004", "test", "evaluation questions also in the training data of "
         "`latest` (and for evaluation in `dev`): 1 row (first: row 0 of "
         "test.jsonl, there row 0 of latest.jsonl)"),
        ("DU005", "test", "also in `dev`: 1 row (first: row 0 of test.jsonl, there row 0 of dev.jsonl)")]),
    "several in several": ({"a": [A, B], "b": [B, C], "c": [C, A], "d": [C, D]}, [
        ("DU005", "b", "also in `a`: 1 row (first: row 0 of b.jsonl, there row 1 of a.jsonl)"),
        ("DU005", "c", "also in `a`: 1 row (first: row 1 of c.jsonl, there row 0 of a.jsonl)"),
        ("DU005", "d", "also in `b` and `c`: 1 row (first: row 0 of d.jsonl, there row 1 of b.jsonl)")]),
    "one row in all": ({f"e{n:02}": [A] for n in range(30)}, [
        ("DU005", "e29", "also in `e00`, `e01`, `e02` and 26 more: 1 row (first: row 0 of e29.jsonl, there row 0 of "
         "e00.jsonl)")]),
    "questions for evaluation in several": ({"a": [A], "b": [A, B], "c": [B], "test": [B, A]}, [
        ("DU005", "b", "also in `a`: 1 row (first: row 0 of b.jsonl, there row 0 of a.jsonl)"),
        ("DU005", "c", "also in `b`: 1 row (first: row 0 of c.jsonl, there row 1 of b.jsonl)"),
        ("DU004", "test", "evaluation questions also in the training data of "
         "`a`, `b` and `c`: 2 rows (first: row 0 of test.jsonl, there row 1 "
         "of b.jsonl)")]),
}  # fmt: skip


@pytest.mark.parametrize("name", RUNS)
def test_several_entries(files, name):
    entries, expected = RUNS[name]
    write(files.folder, **entries)
    findings = files.check()[1]
    assert [(finding["code"], finding["dataset"], finding["message"]) for finding in findings] == expected


def test_every_entry_that_shares_a_row_is_listed(files):
    write(files.folder, **{f"e{n:02}": [A] for n in range(23)}, rows_test=[A])
    for finding in files.check()[1]:
        entries = finding["evidence"].pop("entries")
        assert entries == [f"e{n:02}" for n in range(20)]
        assert finding["evidence"] == {"rows": 1, "num_entries": 22 if finding["code"] == "DU005" else 23}


@pytest.mark.parametrize("name", JOINED)
def test_entries_that_cannot_be_joined(files, name):
    """tests/oracle/test_live.py asks the trainer about the same entries, named together."""
    entries, expected = JOINED[name]
    write_parquet(files.folder, entries)
    findings = files.check(select=("DI013",))[1]
    assert [(finding["code"], finding["dataset"]) for finding in findings] == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [("x_eval", True), ("Test", True), ("dev-set", True), ("latest", False), ("contest", False), ("train", False)],
)
def test_evaluation_by_name(name, expected):
    assert is_evaluation(EntryFacts(name, Settings(dataset_info="x.json"))) is expected


def test_entries_share_aggregates_that_no_rule_changes():
    """Whatever an entry is like: no rule keeps something of one entry in what the next is judged by."""
    registry = Path("sample_data/dataset_info.json")
    settings = Settings(dataset_info=registry)
    rules = choose_rules(settings)[0]
    rulebook = Rulebook(rules)
    limits = Limits(ImageLimits(1048576, 1024), 8192)
    judges = [Judge(rulebook, facts, limits) for facts in open_entries(load_registry(registry, ()), settings)]
    for judge in judges:
        judge.finish()
        judge.stopped_by()
    assert len(judges) > 3
    for name, corpus in rulebook.kinds.items():
        left, begun = map(corpus.adapter.dump_python, (rulebook.empty[name], corpus.start()))
        assert left == begun, name


def test_modalities_in_other_trainers():
    """No trainer but LLaMA-Factory can be asked for yet: the rule itself is."""
    rule, limits = find_rule("DI014"), Limits(ImageLimits(1048576, 1024), 8192)
    judges = []
    for name, media in (("text", []), ("shots", [MediaFacts(kind="image", index=0, written="a.png", form="path")])):
        judges.append(Judge(Rulebook([rule]), EntryFacts(name, Settings(dataset_info="x.json")), limits))
        judges[-1].row(RowFacts(dataset=name, file="f", row=0, sample_id="f:0", content_hash="", media=media))
    assert [finding.message for finding in finish_run([rule], judges)] == [
        "1 row with media are mixed with 1 row without: ZeRO-3 and FSDP may hang"
    ]
    assert finish_run([rule], judges[:1]) == finish_run([rule], judges[1:]) == []


# ---- media that nothing reads ----------------------------------------------------------------------
PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(64)).decode()
MEDIA = {
    "a list of paths": ("images", ["a.png"], "images"),
    "a path": ("image", "shots/a.JPG", "images"),
    "another name": ("imgs", ["a.webp"], "images"),
    "the name of a path": ("image_path", "/data/a.tiff", "images"),
    "camel case": ("imageFile", "a b.jpeg", "images"),
    "lists of lists": ("frames", [["a.png", "b.png"]], "images"),
    "a URL": ("image_url", "https://example.com/a.jpg?size=2", "images"),
    "an object": ("image", {"bytes": None, "path": "a.png"}, "images"),
    "objects with a URL": ("images", [{"url": "a.png"}], "images"),
    "a data URI": ("screenshot", "data:image/png;base64," + PNG, "images"),
    "base64": ("picture", PNG, "images"),
    "a list as text": ("images", "['a.png', 'b.png']", "images"),
    "a video": ("video", "a.mp4", "videos"),
    "videos": ("videos", ["a.webm"], "videos"),
    "sound": ("audio", "a.wav", "audio"),
}
NO_MEDIA = {
    "numbers": ("image", 17),
    "numbers in lists": ("images", [3, 4]),
    "identifiers": ("image", "000000139"),
    "empty texts": ("image", ""),
    "empty lists": ("images", []),
    "nothing": ("images", None),
    "prose": ("image_caption", "A red boat. It is at sea."),
    "lines that end in a name": ("picture_text", "The file is\nb.png"),
    "a path in a column of another name": ("source", "a.png"),
    "numbers of a picture": ("image_info", {"width": 3, "height": 4}),
    "a page": ("media_url", "https://example.com/"),
}


def unread(made, trainer="llamafactory"):
    findings = made.check(select=("DI017",), trainer=trainer)[1]
    assert {finding["code"] for finding in findings} <= {"DI017"}
    return [(finding["evidence"], finding["message"]) for finding in findings]


@pytest.mark.parametrize("suffix", ["json", "jsonl"])
@pytest.mark.parametrize("name", MEDIA)
def test_media_that_nothing_reads(dataset, name, suffix):
    column, value, holds = MEDIA[name]
    dataset.write([say("a", "b"), say("c", "d", **{column: value})], suffix, columns={"messages": "messages"})
    message = f"the column `{column}` holds {holds}, but nothing reads it: 1 row (first: row 1 of data.{suffix}) trains"
    assert unread(dataset) == [({"column": column, "rows": 1}, f"{message} on text alone")]


@pytest.mark.parametrize("name", NO_MEDIA)
def test_what_is_no_medium(dataset, name):
    column, value = NO_MEDIA[name]
    dataset.write([say("a", "b", **{column: value})], columns={"messages": "messages"})
    assert unread(dataset) == []


@pytest.mark.parametrize(
    ("column", "value", "found"),
    [
        ("shots", [b"\xff\xd8\xff\xe0"], True),
        ("x", {"bytes": b"RIFF\0\0\0\0WEBPVP8 ", "path": None}, True),
        ("x", b"\0\0\0 ftypisom", True),
        ("embedding", b"\1\2\3\4", False),
        ("image", {"bytes": None, "path": None}, False),
    ],
)
def test_bytes_are_media_by_how_they_begin(dataset, column, value, found):
    rows = [say("a", "b", **{column: value})] * 2
    kind = pa.struct([("bytes", pa.binary()), ("path", pa.string())]) if isinstance(value, dict) else None
    table = pa.Table.from_pylist([{"messages": row["messages"]} for row in rows])
    pq.write_table(table.append_column(column, pa.array([value] * 2, kind)), dataset.folder / "data.parquet")
    dataset.write([], columns={"messages": "messages"}, file_name="data.parquet")
    assert [evidence for evidence, _ in unread(dataset)] == [{"column": column, "rows": 2}] * found


@pytest.mark.parametrize(
    ("columns", "row", "rows"),
    [
        ({"images": "image"}, say("<image>a", "b", image=["a.png"], images=["a.png"]), 0),  # fed with others
        ({"images": "image"}, say("a", "b", image=[], images=["a.png"]), 1),
        ({}, say("<image>a", "b", images=["a.png"]), 0),  # stops the trainer: PH001
        ({}, say("a", "b", "c", images=["a.png"]), 0),  # dropped
    ],
)
def test_rows_that_train_on_text_alone(dataset, columns, row, rows):
    dataset.image("a.png")
    dataset.write([row], columns={"messages": "messages", **columns})
    assert [evidence["rows"] for evidence, _ in unread(dataset)] == [1] * rows


@pytest.mark.parametrize(
    ("trainer", "read"),
    [
        ("llamafactory", ()),
        ("llamafactory@0.9.1", ()),
        ("hf", ("image", "images")),
        ("qwen-vl-utils", ("image", "video")),
        ("ms-swift", ("image", "images", "video", "videos", "Images")),
    ],
)
def test_what_a_loader_reads_by_its_name_is_read(dataset, trainer, read):
    for column in ("image", "images", "Images", "imgs", "video", "videos"):
        dataset.write([say("a", "b", **{column: ["a.png"]})], columns={"messages": "messages"})
        assert bool(unread(dataset, trainer)) == (column not in read), column


@pytest.mark.parametrize(
    ("messages", "column", "found"),
    [("conversations", "images", True), ("conversations", "image", False), ("messages", "images", False)],
)
def test_qwens_own_loader_reads_two_columns(dataset, messages, column, found):
    dataset.image("a.png")
    words = ({"from": "human", "value": "<image>a"}, {"from": "gpt", "value": "b"})
    given = {messages: list(words), column: ["a.png"]}
    dataset.write([given, given], columns={"messages": messages, "images": column}, tags={})
    dataset.registry.write_text(dataset.registry.read_text().replace('"tags": {}', '"ranking": false'))
    expected = "Qwen's own loader reads only `conversations`, `image` and `video`: it finds none for 2 rows (first: "
    messages = [message for _, message in unread(dataset, "qwen-vl-utils")]
    assert messages == [f"the column `images` holds images, but {expected}row 0 of data.jsonl)"] * found


def test_rows_that_train_on_text_alone_are_counted_again(dataset):
    """However the rows are cut, and when the run is judged again under other limits."""
    rows = [say(f"question {number}", "b", images=["a.png"] * (number % 2)) for number in range(9)]
    dataset.write(rows, columns={"messages": "messages"})
    result, found = dataset.check(select=("DI017",), options=Execution(workers=0, shard_rows=2))
    assert [finding["evidence"]["rows"] for finding in found] == [4]
    changes = {"cutoff_len": 100}
    again = rejudge(
        FinishedRun(result.folder), settings_of(FinishedRun(result.folder), changes), dataset.folder / "again"
    )
    assert [item["evidence"] for item in findings_of(again.folder)] == [found[0]["evidence"]]


# ---- bounded memory --------------------------------------------------------------------------------
@pytest.mark.larger
def test_any_cut_gives_the_same_and_memory_is_bounded(files, monkeypatch):
    """Above the bound a sample is compared: the same one, however the rows are cut into shards."""
    monkeypatch.setattr(alike, "KEPT", 20)
    rows = [say(f"question {number % 90}", f"answer {number % 120}") for number in range(400)]
    seen = []
    for shard_rows in (400, 37, many(6, 1)):
        files.write(rows)
        findings = files.check(select=("DU",), options=Execution(workers=0, shard_rows=shard_rows, resume=False))[1]
        seen.append([(finding["code"], finding["message"], finding["evidence"]) for finding in findings])
    assert seen[0] == seen[1] == seen[2]
    assert [code for code, *_ in seen[0]] == ["DU001", "DU002"]
    assert seen[0][0][1].endswith("(in a sample of 20 kinds of rows)")
    monkeypatch.setattr(alike, "KEPT", 1 << 17)
    exact = files.check(select=("DU001",), options=Execution(workers=0))[1]
    assert exact[0]["evidence"]["rows"] == 40


def test_groups_kept_are_counted_exactly(monkeypatch):
    monkeypatch.setattr(alike, "KEPT", 8)
    keys = [(number * 7919) % 101 for number in range(1000)]
    groups = alike.Groups()
    for place, key in enumerate(keys):
        groups.add(key, RowFacts(dataset="d", file="f", row=place, sample_id="", content_hash=""))
    assert groups.keys.tolist() == [*range(8)]
    assert [(group.rows, group.row) for group in groups.of(range(8))] == [
        (keys.count(key), keys.index(key)) for key in range(8)
    ]
    assert groups.sampled


@pytest.mark.parametrize("turned", [False, True])
def test_pictures_that_grow_darker_throughout_are_alike_too(dataset, turned):
    """All bits of their hash are equal: the smallest key, or the greatest of all."""
    fades = Image.linear_gradient("L").rotate(270 if turned else 90)
    for number, name in enumerate(("one.png", "two.png")):
        fades.resize((200 + 100 * number, 200)).convert("RGB").save(dataset.folder / name)
    dataset.write([turns(SEE, name, images=[name]) for name in ("one.png", "two.png")])
    assert [finding["code"] for finding in dataset.check(select=("DU006",), preview=True)[1]] == ["DU006"]


@pytest.mark.parametrize("marked", [False, True])
@pytest.mark.parametrize("kept", [5, 1 << 17])
@pytest.mark.parametrize("seed", range(6))
def test_groups_are_what_their_rows_say_however_they_are_cut(monkeypatch, marked, kept, seed):
    """Parts go through JSON, as the results of shards do."""
    monkeypatch.setattr(alike, "KEPT", kept)
    chance = random.Random(seed)
    keys = [*range(9), alike.ALL - 1, alike.ALL]
    rows = [(file, row, chance.choice(keys), chance.choice((7, alike.ALL))) for file in "zab" for row in range(20)]
    adapter, groups = TypeAdapter(alike.Groups), alike.Groups(marked=marked)
    left = rows
    while left:
        part = [row for row in left[: chance.randint(1, 15)] if row[0] == left[0][0]]
        left = left[len(part) :]
        file, numbers, mine, marks = part[0][0], *zip(*(row[1:] for row in part), strict=True)
        later = alike.Groups(marked=marked)
        if chance.random() < 0.5:
            later.add_all(np.array(mine, np.uint64), file, np.array(numbers), np.array(marks, np.uint64))
        else:
            for _, row, key, mark in part:
                later.add(key, RowFacts(dataset="d", file=file, row=row, sample_id="", content_hash=""), mark)
        groups.merge(adapter.validate_python(orjson.loads(orjson.dumps(adapter.dump_python(later, mode="json")))))
    wanted = []
    for key in sorted({row[2] for row in rows})[:kept]:
        (file, row, _, mark), *others = [row for row in rows if row[2] == key]
        other = next((other[:2] for other in others if not marked or other[3] != mark), None)
        wanted.append(alike.HashGroup(1 + len(others), file, row, other))
    assert groups.of(groups.keys) == wanted
    assert groups.alike() == sorted((group for group in wanted if group.other), key=lambda one: (one.file, one.row))
    assert groups.most().rows == max(group.rows for group in wanted)
    assert groups.sampled == (kept == 5)

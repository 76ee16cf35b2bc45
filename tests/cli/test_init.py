"""`mmvalidate init`: each kind of file with the entry that is written for it, and every sentence that is said."""

import json
import os
import shutil

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from datasets import Dataset as HubDataset
from datasets import DatasetDict, disable_progress_bars

from tests.cli.init_rows import HUMAN, MESSAGES, ROWS, alpaca, sharegpt
from tests.conftest import say
from tests.healthy.family import FILE, picture, put
from validator.catalog.recognise import sampling

disable_progress_bars()


def table(rows, kind):
    return pa.Table.from_pylist(
        rows,
        pa.schema(
            [("messages", pa.list_(pa.struct([("role", pa.string()), ("content", pa.string())]))), ("image", kind)]
        ),
    )


def parquet(folder):
    pq.write_table(
        table([say("<image>a", "b", image={"bytes": picture(), "path": None})], FILE), folder / "data.parquet"
    )


def arrow(folder):
    made = table([say("<image>a", "b", image="0.png")], pa.string())
    with pa.OSFile(str(folder / "data.arrow"), "wb") as sink, pa.ipc.new_file(sink, made.schema) as writer:
        writer.write_table(made)


def broken(folder):
    (folder / "data.jsonl").write_text(json.dumps(say("a", "b")) + "\n" + json.dumps(say("a", "b"))[:-9])


def shards(folder):
    (folder / "data").mkdir()
    for number in range(2):
        (folder / "data" / f"part-{number}.jsonl").write_text(json.dumps(say("a", str(number))))


def saved(folder):
    HubDataset.from_list([say("a", "b")]).save_to_disk(folder / "data")


def hub(folder):
    (folder / "data" / "data").mkdir(parents=True)
    (folder / "data" / "README.md").write_text("# Data\n")
    pq.write_table(table([say("a", "b", image=None)], pa.string()), folder / "data/data/train-00000-of-00001.parquet")


FILES = {
    "an array": (lambda folder: (folder / "data.json").write_text(json.dumps([say("a", "b")] * 2, indent=2)),
                 "data.json", "data.json", sharegpt(MESSAGES), []),
    "CSV": (lambda folder: (folder / "data.csv").write_text("question,answer\na,b\n"),
            "data.csv", "data.csv", alpaca({"prompt": "question", "response": "answer"}), []),
    "lines of text": (lambda folder: (folder / "data.txt").write_text("One.\n\nTwo.\n"),
                      "data.txt", "data.txt", alpaca({"prompt": "text"}), ROWS["text"][2]),
    "Parquet with files": (parquet, "data.parquet", "data.parquet", sharegpt(MESSAGES | {"images": "image"}), []),
    "Arrow": (arrow, "data.arrow", "data.arrow", sharegpt(MESSAGES | {"images": "image"}), []),
    "a byte order mark": (lambda folder: (folder / "data.jsonl").write_text("\ufeff" + json.dumps(say("a", "b"))),
                          "data.jsonl", "data.jsonl", sharegpt(MESSAGES), []),
    "half a line": (broken, "data.jsonl", "data.jsonl", sharegpt(MESSAGES), [
        "rows of data.jsonl that cannot be read: 1 (row 1 is the first: unexpected end of data (character 79 of the "
        "row)); "
        "LLaMA-Factory stops there."]),
    "a folder of shards": (shards, "data", "data", sharegpt(MESSAGES), [
        "its 2 files are taken for parts of one data set, because their names differ by numbers."]),
    "a saved data set": (saved, "data", "data/data-00000-of-00001.arrow", sharegpt(MESSAGES), []),
    "a folder of the hub": (hub, "data", "data/data/train-00000-of-00001.parquet",
                            sharegpt(MESSAGES | {"images": "image"}), []),
}  # fmt: skip


@pytest.fixture
def place(tmp_path):
    """A folder with pictures."""
    put(tmp_path, "0.png", "1.png", "pictures/2.png")
    for name in ("a.mp4", "a.wav"):
        (tmp_path / name).touch()
    return tmp_path


@pytest.fixture
def init(place, mmvalidate):
    def call(*arguments):
        done = mmvalidate("init", *arguments, cwd=place)
        assert "Traceback" not in done.stderr and "internal error" not in done.stderr
        return done

    return call


def lines(*rows):
    return "".join(json.dumps(row) + "\n" for row in rows)


@pytest.mark.parametrize("kind", ROWS)
def test_kinds_of_rows(place, init, kind):
    rows, entry, doubts = ROWS[kind]
    (place / "data.jsonl").write_text(lines(*rows))
    told = json.loads(init("data.jsonl", "--output-format", "json").stdout)
    assert told["doubts"] == {"data": doubts}
    assert told["entries"] == {"data": {"file_name": "data.jsonl", **entry}}
    assert json.loads((place / "dataset_info.json").read_text()) == told["entries"]


@pytest.mark.parametrize("kind", FILES)
def test_kinds_of_files(place, init, kind):
    write, given, file_name, entry, doubts = FILES[kind]
    write(place)
    told = json.loads(init(given, "--output-format", "json").stdout)
    assert told["doubts"] == {"data": doubts}
    assert told["entries"] == {"data": {"file_name": file_name, **entry}}
    assert json.loads((place / "dataset_info.json").read_text()) == told["entries"]


def test_what_is_said(place, init):
    (place / "data.jsonl").write_text(lines(say("<image>a", "b", images=["2.png"])))
    done = init("data.jsonl")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        "data.jsonl: 1 row: conversations: messages in `messages`, images in `images`",
        "not sure: the media lie below pictures, not beside dataset_info.json: pass --media-dir pictures, and set "
        "media_dir "
        "in the training file.",
        "wrote dataset_info.json: entry `data`",
        "next: mmvalidate dataset_info.json --media-dir pictures",
    ]


def test_what_is_next_can_be_done(place, init, mmvalidate):
    (place / "data.jsonl").write_text(lines(say("<image>a", "b", images=["2.png"])))
    words = init("data.jsonl").stdout.splitlines()[-1].removeprefix("next: mmvalidate ").split()
    assert mmvalidate(*words, cwd=place).returncode == 0


def test_nothing_is_written_in_a_dry_run(place, init):
    (place / "data.jsonl").write_text(lines({"conversations": HUMAN}))
    done = init("data.jsonl", "--dry-run")
    assert json.loads(done.stdout.partition("\n")[2])["data"]["file_name"] == "data.jsonl"
    assert not (place / "dataset_info.json").exists()


def test_several_data_get_names_of_their_own(place, init):
    for folder in ("a", "b"):
        (place / folder).mkdir()
        (place / folder / "my data, v1 (ä).jsonl").write_text(lines(say("a", folder)))
    told = json.loads(
        init("a/my data, v1 (ä).jsonl", "b/my data, v1 (ä).jsonl", "--to", "b", "--output-format", "json").stdout
    )
    assert {name: entry["file_name"] for name, entry in told["entries"].items()} == {
        "my_data_v1_ä": "../a/my data, v1 (ä).jsonl",
        "my_data_v1_ä_2": "my data, v1 (ä).jsonl",
    }
    assert (place / "b" / "dataset_info.json").exists()


def test_a_folder_of_different_files_gets_an_entry_for_each(place, init):
    (place / "set").mkdir()
    for name in ("train", "test"):
        (place / "set" / f"{name}.jsonl").write_text(lines(say("a", name)))
    (place / "set" / "README.md").write_text("# Data")
    told = json.loads(init("set", "--output-format", "json").stdout)
    assert {name: entry["file_name"] for name, entry in told["entries"].items()} == {
        "test": "test.jsonl",
        "train": "train.jsonl",
    }
    assert (place / "set" / "dataset_info.json").exists()


def test_splits_that_were_saved_get_an_entry_each(place, init):
    parts = {name: HubDataset.from_list([say("a", name)]) for name in ("train", "test")}
    DatasetDict(parts).save_to_disk(place / "set")
    told = json.loads(init("set", "--output-format", "json").stdout)
    assert {name: entry["file_name"] for name, entry in told["entries"].items()} == {
        "set_test": "set/test/data-00000-of-00001.arrow",
        "set_train": "set/train/data-00000-of-00001.arrow",
    }


def test_pieces_of_a_large_file_are_looked_at(place, init, monkeypatch):
    """Pictures that come late are seen; the file is not read whole."""
    monkeypatch.setattr(sampling, "HEAD", 1 << 12)
    monkeypatch.setattr(sampling, "PIECE", 1 << 10)
    plain, shown = say("a" * 50, "b"), say("<image>a", "b", images=["0.png"])
    (place / "data.jsonl").write_text(lines(*[plain] * 500, *[shown] * 500))
    done = init("data.jsonl")
    assert "images in `images`" in done.stdout and " rows looked at: conversations" in done.stdout
    assert int(done.stdout.split()[1]) < 200


KEPT = '{\n    "_comment": "mine",\n    "old": {"file_name": "x.jsonl", "mine": [1.0, 1e5],   "z": 1, "a": 2}\n}\n\n'


@pytest.mark.parametrize(
    ("known", "written"),
    [
        ("{}", '{\n  "data": {\n    "file_name"'),
        (KEPT, KEPT.rstrip()[:-2] + ',\n    "data": {\n        "file_name"'),
        ('{"old": {"file_name": "x.jsonl"}}', '{"old": {"file_name": "x.jsonl"},\n  "data": {'),
        ('{\r\n  "a": {}\r\n}\r\n', '{\r\n  "a": {},\r\n  "data": {\r\n    "file_name"'),
        ('{"a": {"file_name": "1"}, "a": {"file_name": "2"}}', '{"a": {"file_name": "1"}, "a": {"file_name": "2"},\n'),
    ],
)
def test_what_stands_there_stays_as_it_is(place, init, known, written):
    (place / "data.jsonl").write_text(lines({"conversations": HUMAN}))
    path = place / "dataset_info.json"
    path.write_bytes(known.encode())
    assert init("data.jsonl").returncode == 0
    text = path.read_bytes().decode()
    assert text.startswith(written) and text.endswith(known[len(known.rstrip()) :])
    content = json.loads(text)
    assert content.pop("data")["file_name"] == "data.jsonl" and content == json.loads(known)


def library(place):
    (place / "dataset_info.json").write_text(json.dumps({"features": {}, "splits": {}}))


def link(place):
    (place / "real.json").write_text("{}")
    (place / "dataset_info.json").symlink_to("real.json")


@pytest.mark.parametrize(
    ("known", "sentence"),
    [
        (
            '{"data": {"file_name": "x.jsonl"}}',
            "dataset_info.json has an entry `data` already, of x.jsonl: choose another",
        ),
        ("", "dataset_info.json cannot be extended: it is not valid JSON"),
        ('{"a": ', "dataset_info.json cannot be extended: it is not valid JSON"),
        ('[{"dataset_path": "x"}]', "is ms-swift's dataset_info.json"),
        ("3", "dataset_info.json is not a dataset registry"),
        (library, "was written by the `datasets` library"),
        (link, "dataset_info.json is a link: name the file that it leads to with --to"),
        (lambda place: (place / "dataset_info.json").mkdir(), "dataset_info.json cannot be read: it is a folder"),
        (lambda place: os.mkfifo(place / "dataset_info.json"), "dataset_info.json cannot be read: it is a named pipe"),
    ],
)
def test_registries_that_are_not_extended(place, init, known, sentence):
    (place / "data.jsonl").write_text(lines({"conversations": HUMAN}))
    if callable(known):
        known(place)
    else:
        (place / "dataset_info.json").write_text(known)
    before = {path: path.read_bytes() for path in place.iterdir() if path.is_file()}
    done = init("data.jsonl")
    assert (done.returncode, done.stdout) == (2, "") and sentence in done.stderr and done.stderr.count("\n") == 1
    assert {path: path.read_bytes() for path in place.iterdir() if path.is_file()} == before


def test_another_name(place, init):
    (place / "data.jsonl").write_text(lines({"conversations": HUMAN}))
    assert init("data.jsonl").returncode == 0
    assert init("data.jsonl").returncode == 2
    assert init("data.jsonl", "--name", "more").returncode == 0
    assert list(json.loads((place / "dataset_info.json").read_text())) == ["data", "more"]
    assert init("data.jsonl", "data.jsonl", "--name", "x").returncode == 2


def test_a_place_that_cannot_be_written(place, init):
    (place / "data.jsonl").write_text(lines({"conversations": HUMAN}))
    done = init("data.jsonl", "--to", "nowhere/dataset_info.json")
    assert done.returncode == 3 and "nowhere/dataset_info.json cannot be written: No such" in done.stderr
    assert not list(place.glob("**/*.part"))


DEEP = "[" * 100_000
NOTHING = {
    "no file": (None, "data.jsonl cannot be read: No such file or directory."),
    "nothing in it": (b"", "data.jsonl is empty."),
    "no row": (b"[]", "data.jsonl holds no row."),
    "blank": (b"\n \n", "data.jsonl is empty."),
    "binary": (bytes(range(256)) * 100, "data.jsonl holds no row that can be read"),
    "UTF-16": (lines(say("a", "b")).encode("utf-16"), "it is UTF-16 text, and should be UTF-8."),
    "deep": (DEEP.encode(), "data.jsonl holds no row that can be read"),
    "a deep row": (('{"a": ' + DEEP).encode(), "data.jsonl holds no row that can be read"),
    "numbers": (b"1\n2\n", "data.jsonl holds no row that can be read: row 0, the row is not an object."),
    "no text": (lines({"id": 1, "box": [1, 2]}).encode(),
                "data.jsonl: its rows hold `id` (numbers), `box` (lists), of which mmvalidate recognises no "
                "conversation, "
                "no question with an answer and no text; name its columns in an entry by hand."),
    "empty objects": (b"{}\n{}", "data.jsonl: its rows hold nothing"),
    "a packed file": (b"\x1f\x8b\x08\x00aaaa", "data.jsonl cannot be unpacked: EOFError: Compressed file ended before"),
    "conversations to compare": (
        lines({"chosen": HUMAN, "rejected": HUMAN}).encode(), "there is no column of messages before them"),
    "a registry": (b'{"a": {"file_name": "a.json"}}', "data.jsonl is a dataset_info.json itself"),
    "a registry of ms-swift": (b'[{"dataset_path": "a"}]', "is ms-swift's dataset_info.json"),
    "rows below a key": (b'{"rows": [{"messages": []}]}', "holds rows under `rows`; write that list alone"),
    "a configuration": (b'{"architectures": ["X"], "model_type": "x"}', "is the configuration of a model"),
    "a long row": (b'{"messages": "' + b"a" * (9 << 20), "data.jsonl has a first row of more than 8 MiB"),
}  # fmt: skip


@pytest.mark.parametrize("kind", NOTHING)
def test_what_is_not_recognised(place, init, kind):
    content, sentence = NOTHING[kind]
    if content is not None:
        (place / "data.jsonl").write_bytes(content)
    done = init("data.jsonl")
    assert (done.returncode, done.stdout) == (2, "")
    assert sentence in done.stderr and done.stderr.count("\n") == 1
    assert not (place / "dataset_info.json").exists()


@pytest.mark.parametrize(
    ("make", "given", "sentence"),
    [
        (
            lambda place: os.mkfifo(place / "a.jsonl"),
            "a.jsonl",
            "a.jsonl cannot be read: it is a named pipe, not a file.",
        ),
        (lambda place: (place / "a.tsv").write_text("a\tb"), "a.tsv", "it must end in .jsonl, .json, .parquet"),
        (lambda place: (place / "a").mkdir(), "a", "a holds no data file: it is empty."),
        (lambda place: None, "pictures", "pictures holds no data file: `2.png`."),
        (lambda place: (place / "a.parquet").write_bytes(b"PAR1" * 9), "a.parquet", "a.parquet cannot be read: "),
        (lambda place: (place / "a.arrow").write_bytes(b"\0" * 99), "a.arrow", "a.arrow cannot be read: "),
        (lambda place: (place / "a.csv").write_bytes(b'"a'), "a.csv", "a.csv cannot be read as CSV: "),
        (lambda place: (place / "a.csv").write_bytes(b"a,b\n1,2\n1,2,3,4\n"), "a.csv", "a.csv cannot be read as CSV: "),
        (
            lambda place: (place / "a.txt").write_bytes(b"\xff\xfe\0"),
            "a.txt",
            "a.txt cannot be read: it is UTF-16 text",
        ),
        (lambda place: (place / "a.jsonl").symlink_to("a.jsonl"), "a.jsonl", "a.jsonl cannot be read: Too many levels"),
        (lambda place: None, "s3://b/a.jsonl", "is not on this machine: init looks at local files."),
        (lambda place: None, "a" * 300 + ".jsonl", "cannot be read: File name too long."),
    ],
)
def test_files_that_are_not_read(place, init, make, given, sentence):
    make(place)
    done = init(given)
    assert (done.returncode, done.stdout) == (2, "")
    assert sentence in done.stderr and done.stderr.count("\n") == 1


def test_one_bad_file_keeps_all_from_being_written(place, init):
    (place / "data.jsonl").write_text(lines({"conversations": HUMAN}))
    shutil.copyfile(place / "0.png", place / "bad.jsonl")
    assert init("data.jsonl", "bad.jsonl").returncode == 2
    assert not (place / "dataset_info.json").exists()


def test_duplicate_keys_of_a_row_are_the_last(place, init):
    (place / "data.jsonl").write_text('{"messages": 1, "messages": [{"role": "user", "content": "a"}]}')
    assert json.loads(init("data.jsonl", "--output-format", "json").stdout)["entries"]["data"]["columns"] == MESSAGES


def test_data_without_a_registry_are_led_here(place, init, mmvalidate):
    (place / "data.jsonl").write_text(lines({"conversations": HUMAN}))
    assert "  mmvalidate init data.jsonl\n" in mmvalidate(cwd=place).stdout
    assert "`mmvalidate init data.jsonl` writes the dataset_info.json" in mmvalidate("data.jsonl", cwd=place).stderr
    init("data.jsonl")
    assert "mmvalidate init" not in mmvalidate(cwd=place).stdout


def test_the_folder_where_one_stands(place, mmvalidate):
    """The registry of a folder of parts lies above it: within, it would be taken for a part."""
    shards(place)
    done = mmvalidate("init", ".", cwd=place / "data")
    assert done.stdout.splitlines()[-1] == "next: mmvalidate ../dataset_info.json"
    assert json.loads((place / "dataset_info.json").read_text())["data"]["file_name"] == "data"
    assert mmvalidate("dataset_info.json", cwd=place).returncode == 0

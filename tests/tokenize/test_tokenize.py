"""A finished run written as preprocessed rows: what is in the folder, what stays behind, what is refused."""

import itertools
import json
import os
from pathlib import Path

import datasets
import pytest
from PIL import Image

from tests.conftest import TAGS, check, say
from validator.api.run import Run
from validator.engine.run_files.finished import FinishedRun
from validator.errors import BusyError
from validator.execution import Execution
from validator.exporting.policy import Policy
from validator.tokenizing import plan
from validator.tokenizing.folder import UNFINISHED, begun
from validator.tokenizing.tokenize import tokenize
from validator.trainers.llamafactory.packing import together
from validator.training.config import make_config


def write(run: Path, target: Path, given=None, policy=None, **rest):
    config = None if given is None else make_config(given)
    return tokenize(FinishedRun(run), target, policy or Policy(), config=config, **rest)


def tree(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def records(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text().splitlines()]


@pytest.fixture
def rows(dataset):
    """Nine rows: every third with an image, one that is dropped, one that stops the trainer, one with an error."""
    dataset.image("a.png", (100, 60))
    shown = [n % 3 == 0 for n in range(9)]
    some = [say(f"{'<image>' * one}q{n}", f"a{n} " * (n + 1), images=["a.png"] * one) for n, one in enumerate(shown)]
    some[2]["messages"].pop()
    some[4]["images"] = ["gone.png"]
    some[4]["messages"][0]["content"] = "<image>x"
    some[5]["messages"][0]["content"] = "<|im_start|>"
    dataset.write(some)
    dataset.check(cutoff_len=2048, image_max_pixels=768 * 768)
    return dataset


def loaded(folder: Path):
    return datasets.load_from_disk(str(folder))


def test_the_folder_holds_ids_labels_and_paths_as_the_run_knows_them(rows):
    done = write(rows.folder / "run", rows.folder / "out")
    (name, split), *others = loaded(rows.folder / "out").items()
    assert (name, others, done.card["splits"]) == ("train", [], {"train": 6})
    run = Run(rows.folder / "run")
    for row, number in zip(split, (0, 1, 3, 6, 7, 8), strict=True):
        known = run.row(number)
        assert (row["input_ids"], row["labels"]) == (known.input_ids, known.labels)
        assert row["attention_mask"] == [1] * len(known.input_ids)
        assert row["images"] == ([str(rows.folder / "a.png")] if number % 3 == 0 else None)
        assert row["videos"] is row["audios"] is None


def test_columns_have_the_types_that_the_trainer_saves(rows):
    write(rows.folder / "run", rows.folder / "out")
    types = {name: str(kind) for name, kind in zip(*_fields(rows.folder / "out" / "train"), strict=True)}
    assert types == {
        "input_ids": "list<item: int32>",
        "attention_mask": "list<item: int8>",
        "labels": "list<item: int64>",
        "images": "list<item: string>",
        "videos": "null",
        "audios": "null",
    }


def _fields(split: Path):
    schema = datasets.load_from_disk(str(split)).data.schema
    return schema.names, schema.types


def test_rows_that_stay_behind_are_listed_with_their_reasons(rows):
    done = write(rows.folder / "run", rows.folder / "out")
    listed = records(rows.folder / "out" / "left_out.jsonl")
    assert [(item["row"], item["code"], item["dropped_by_trainer"]) for item in listed] == [
        (2, "CV002", True),
        (4, "MD001", False),
        (5, "PH004", False),
    ]
    assert done.card["left_out_by_code"] == {"CV002": 1, "MD001": 1, "PH004": 1}


def test_what_is_kept_in_spite_of_a_rule_is_written_where_the_trainer_feeds_it(rows):
    """Rows that it drops or stops at have no ids, whatever is kept."""
    policy = Policy(keep=frozenset(("PH004", "MD001", "CV002")))
    done = write(rows.folder / "run", rows.folder / "out", policy=policy)
    assert done.card["splits"] == {"train": 7}
    assert [item["row"] for item in records(rows.folder / "out" / "left_out.jsonl")] == [2, 4]


def test_a_row_that_the_trainer_drops_counts_when_rows_are_held_out_and_one_that_stops_it_does_not(rows):
    """As the trainer would with the data without those rows: 7 rows, of which 2 are held out, and then 1 dropped."""
    done = write(rows.folder / "run", rows.folder / "out", _given(rows, val_size=2))
    assert sum(done.card["splits"].values()) == 6
    assert done.card["splits"]["validation"] <= 2


def _given(rows, **more):
    return {"dataset": "data", "dataset_dir": str(rows.folder), "template": "qwen2_vl", **more}


@pytest.fixture
def small_jobs(monkeypatch):
    monkeypatch.setattr(plan, "JOB_ROWS", 2)


def test_the_same_bytes_whenever_and_by_however_many_processes(rows, small_jobs):
    for name, workers in (("one", 0), ("two", 2)):
        write(rows.folder / "run", rows.folder / name, execution=Execution(workers=workers))
    assert tree(rows.folder / "one") == tree(rows.folder / "two")
    assert len(list((rows.folder / "one" / "train").glob("*.arrow"))) == 4


def test_an_interrupted_command_goes_on(rows, small_jobs, monkeypatch):
    from validator.tokenizing import carry_out

    class Interrupted:
        """Ends after the first jobs."""

        def __init__(self, engine):
            self._engine, self._left = engine, 2
            self.capacity, self.name = 1, engine.name

        def submit(self, job):
            if not self._left:
                raise KeyboardInterrupt
            self._left -= 1
            self._engine.submit(job)

        def wait(self, seconds):
            return self._engine.wait(seconds)

    real = carry_out.engine_for
    monkeypatch.setattr(carry_out, "engine_for", lambda *arguments: Interrupted(real(*arguments)))
    with pytest.raises(KeyboardInterrupt):
        write(rows.folder / "run", rows.folder / "out")
    parts = sorted((rows.folder / "out" / UNFINISHED).glob("*.arrow"))
    assert len(parts) == 2
    with pytest.raises(FileNotFoundError):
        loaded(rows.folder / "out")
    monkeypatch.setattr(carry_out, "engine_for", real)
    before = [path.stat().st_mtime_ns for path in parts]
    done = write(rows.folder / "run", rows.folder / "out")
    after = sorted((rows.folder / "out" / "train").glob("*.arrow"))[:2]
    assert done.went_on and [path.stat().st_mtime_ns for path in after] == before
    write(rows.folder / "run", rows.folder / "whole")
    assert tree(rows.folder / "out") == tree(rows.folder / "whole")


def test_what_was_begun_for_something_else_is_replaced(rows):
    with begun(rows.folder / "out", "another"):
        pass
    assert write(rows.folder / "run", rows.folder / "out").replaced
    assert not (rows.folder / "out" / UNFINISHED).exists()


def test_one_command_at_a_time(rows):
    with begun(rows.folder / "out", "key"), pytest.raises(BusyError, match="another command is writing to"):
        write(rows.folder / "run", rows.folder / "out")


def _image(rows):
    Image.new("RGB", (300, 300)).save(rows.folder / "a.png")


def _row(rows):
    file = rows.folder / "data.jsonl"
    file.write_text(file.read_text().replace("q7", "Q7"))


def _registry(rows):
    rows.registry.write_text(rows.registry.read_text() + " ")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (_image, "the image `a.png` of row 0 of data.jsonl .data. has changed since the run"),
        (_row, "The data file `data.jsonl` has changed since the run"),
        (_registry, "dataset_info.json has changed since the run"),
    ],
    ids=["image", "row", "registry"],
)
def test_what_has_changed_since_the_run_is_not_written(rows, change, said):
    change(rows)
    with pytest.raises(ValueError, match=said):
        write(rows.folder / "run", rows.folder / "out")
    assert not (rows.folder / "out" / "train").exists()


def test_a_folder_with_other_things_is_left_alone(rows):
    (rows.folder / "out").mkdir()
    (rows.folder / "out" / "mine").write_text("x")
    with pytest.raises(ValueError, match="out is not empty: name a new folder"):
        write(rows.folder / "run", rows.folder / "out")
    assert tree(rows.folder / "out") == {"mine": b"x"}


def test_what_stands_beside_an_unfinished_command_is_left_alone(rows):
    """A folder of the user's, by the name of a split, and files by the names of records."""
    with begun(rows.folder / "out", "another"):
        pass
    (rows.folder / "out" / "train").mkdir()
    for name in ("train/mine", "left_out.jsonl"):
        (rows.folder / "out" / name).write_text("x")
    with pytest.raises(ValueError, match=r"out holds left_out\.jsonl, which is not of an unfinished command"):
        write(rows.folder / "run", rows.folder / "out")
    assert {"train/mine": b"x", "left_out.jsonl": b"x"}.items() <= tree(rows.folder / "out").items()


@pytest.mark.parametrize("after", [0, 1, 3])
def test_a_command_that_ends_while_it_moves_pieces_up_goes_on(rows, monkeypatch, after):
    from validator.tokenizing import folder

    moved, real = [], os.rename

    def interrupted(source, target):
        if len(moved) == after:
            raise KeyboardInterrupt
        moved.append(target)
        real(source, target)

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(folder.os, "rename", interrupted)
        write(rows.folder / "run", rows.folder / "out")
    assert len(moved) == after and write(rows.folder / "run", rows.folder / "out").went_on
    write(rows.folder / "run", rows.folder / "whole")
    assert tree(rows.folder / "out") == tree(rows.folder / "whole")


def test_what_has_taken_the_name_of_a_moved_piece_is_left_alone(rows, monkeypatch):
    from validator.tokenizing import folder

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(folder.shutil, "rmtree", _interrupt)
        write(rows.folder / "run", rows.folder / "out")
    (rows.folder / "out" / "train").rename(rows.folder / "moved away")
    (rows.folder / "out" / "train").mkdir()
    (rows.folder / "out" / "train" / "mine").write_text("x")
    with pytest.raises(ValueError, match="out holds train, which is not of an unfinished command"):
        write(rows.folder / "run", rows.folder / "out")
    assert (rows.folder / "out" / "train" / "mine").read_text() == "x"


def _interrupt(path, ignore_errors=False):
    if path.name == UNFINISHED:
        raise KeyboardInterrupt


@pytest.mark.parametrize("name", ["", "..", "a/../../b", "a\\b", "a\nb", "/a"])
def test_a_split_is_a_folder_of_its_own(tmp_path, name):
    """The name of a data set is part of it under eval_on_each_dataset."""
    with begun(tmp_path / "out", "key") as unfinished, pytest.raises(ValueError, match="cannot be a folder"):
        unfinished.split(name)
    assert sorted(tree(tmp_path)) == ["out/.unfinished/begun.json", "out/.unfinished/lock"]


REFUSED = {
    "another stage": ({"stage": "dpo"}, "`stage: dpo` is not written"),
    "streaming": ({"streaming": True}, "`streaming: true` are not written"),
    "generation": ({"predict_with_generate": True}, "`predict_with_generate: true` are not written"),
    "two ways to evaluate": ({"val_size": 0.1, "eval_dataset": "data"}, "not both"),
    "other limits": ({"cutoff_len": 100}, "means cutoff_len 100, and the run was made with 2048"),
    "another data set": ({"dataset": "data,more"}, "The run has not checked more"),
    "none left to train on": ({"val_size": 8}, "`val_size: 8` leaves none of 7 rows for training"),
    "a negative seed": ({"val_size": 0.5, "seed": -1}, "stops at `seed`"),
}


@pytest.mark.parametrize(("given", "said"), REFUSED.values(), ids=REFUSED)
def test_what_is_not_reproduced_is_one_sentence(rows, given, said):
    with pytest.raises(ValueError, match=said):
        write(rows.folder / "run", rows.folder / "out", _given(rows) | given)


ENTRIES = {
    "rows drawn at random": ({"num_samples": 3}, "`num_samples` has the trainer draw rows at random"),
    "pairs of answers": ({"ranking": True}, "its rows are pairs of answers"),
}


@pytest.mark.parametrize(("entry", "said"), ENTRIES.values(), ids=ENTRIES)
def test_an_entry_that_cannot_be_written_is_one_sentence(dataset, entry, said):
    dataset.write([say("a", "b")] * 3, **entry)
    dataset.check()
    with pytest.raises(ValueError, match=said):
        write(dataset.folder / "run", dataset.folder / "out", policy=Policy(keep=frozenset(("DI011", "DI012"))))


def test_images_that_stand_in_the_rows_are_not_written(tmp_path):
    import pyarrow as pa
    import pyarrow.parquet as pq

    Image.new("RGB", (60, 60)).save(tmp_path / "a.png")
    image = {"bytes": (tmp_path / "a.png").read_bytes(), "path": None}
    pq.write_table(pa.Table.from_pylist([say("<image>a", "b", images=[image])]), tmp_path / "data.parquet")
    columns = {"messages": "messages", "images": "images"}
    spec = {"file_name": "data.parquet", "formatting": "sharegpt", "tags": TAGS, "columns": columns}
    (tmp_path / "dataset_info.json").write_text(json.dumps({"data": spec}))
    check(tmp_path / "dataset_info.json", tmp_path / "run")
    with pytest.raises(ValueError, match="holds the image itself"):
        write(tmp_path / "run", tmp_path / "out")


def test_other_trainers_are_refused(dataset):
    dataset.write([say("a", "b")] * 3)
    dataset.check(trainer="qwen-vl-utils")
    with pytest.raises(ValueError, match="keeps of preprocessed rows is not written"):
        write(dataset.folder / "run", dataset.folder / "out")


def test_the_command_says_what_it_wrote(rows, mmvalidate):
    done = mmvalidate("tokenize", rows.folder / "run", "--to", rows.folder / "out")
    assert done.returncode == 0
    assert done.stdout.splitlines()[-2:] == [
        f"wrote {rows.registry} to {rows.folder / 'out'}: train 6 rows",
        f"train with tokenized_path: {rows.folder / 'out'}",
    ]
    again = mmvalidate("tokenize", rows.folder / "run", "--to", rows.folder / "out")
    assert (again.returncode, again.stderr.count("is not empty")) == (2, 1)


def test_boxes_in_another_system_are_told(dataset, mmvalidate):
    dataset.image("screen.png", (1920, 1080))
    rows = [say("<image>Where?", f"click({x}, 200)", images=["screen.png"]) for x in (100, 1700, 1800)]
    dataset.write(rows)
    dataset.check()
    done = mmvalidate("tokenize", dataset.folder / "run", "--to", dataset.folder / "out")
    assert "the boxes of data were written as they are, pixels of the stored image" in done.stderr


def test_packed_rows_are_as_long_as_the_cutoff_and_hold_what_the_others_do(rows):
    """Every token of the plain folder, in rows that are filled up."""
    rows.check(cutoff_len=2047, image_max_pixels=768 * 768)
    write(rows.folder / "run", rows.folder / "packed", _given(rows, neat_packing=True))
    rows.check(cutoff_len=2048, image_max_pixels=768 * 768)
    write(rows.folder / "run", rows.folder / "plain", _given(rows))
    (packed,), plain = loaded(rows.folder / "packed")["train"], loaded(rows.folder / "plain")["train"]
    bounds = packed["packing_params"]["sequence_boundaries"]
    parts = [packed["input_ids"][start:stop] for start, stop in itertools.pairwise(bounds)]
    assert len(packed["input_ids"]) == 2048 and set(parts.pop()) == {151643}
    assert sorted(parts) == sorted(row["input_ids"] for row in plain)
    assert packed["images"] == [str(rows.folder / "a.png")] * 3


PACKED_TOGETHER = {
    "the longest that fits first": ([3, 5, 2, 4], 7, [[1, 2], [3, 0]]),
    "of one length the last first": ([2, 2, 2], 4, [[2, 1], [0]]),
    "what is longer than the cutoff is left out": ([9, 1], 4, [[1]]),
    "nothing": ([], 4, []),
}


@pytest.mark.parametrize(("lengths", "capacity", "bins"), PACKED_TOGETHER.values(), ids=PACKED_TOGETHER)
def test_which_rows_are_packed_together(lengths, capacity, bins):
    assert together(lengths, capacity) == bins
